#include "io/discover.h"

#include "core/array.h"
#include "io/manifest.h"
#include "io/soundfile.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    dev_t device;
    ino_t inode;
};

struct walk {
    struct source_list *list;
    size_t room;
    const char *folder;
    const struct discover_options *options;
    struct place skip[DISCOVER_SKIPS_MAX];
    int skip_count;
    /* Folders that were visited or hold the one asked for, so that no link leads back. */
    struct place *seen;
    size_t seen_count, seen_room;
    /* Folders to visit, relative; real ones before those that a link leads to, so that a
     * folder keeps its own name however many links there are. Once the first link is
     * followed, everything lies behind one. */
    struct queue {
        char **path;
        size_t at, count, room;
    } real, linked;
};

static bool push(struct queue *q, const char *relative)
{
    return array_grow(&q->path, &q->room, q->count + 1, sizeof *q->path) &&
           (q->path[q->count] = strdup(relative)) && ++q->count;
}

static void queue_done(struct queue *q)
{
    for (size_t i = 0; i < q->count; i++)
        free(q->path[i]);
    free(q->path);
}

static bool is_skipped(const struct walk *w, const struct stat *s)
{
    for (int i = 0; i < w->skip_count; i++)
        if (w->skip[i].device == s->st_dev && w->skip[i].inode == s->st_ino)
            return true;
    return false;
}

/* False when the folder was seen before or is to be skipped. */
static bool enter(struct walk *w, const struct stat *s)
{
    struct place here = {s->st_dev, s->st_ino};
    if (is_skipped(w, s))
        return false;
    for (size_t i = 0; i < w->seen_count; i++)
        if (w->seen[i].device == here.device && w->seen[i].inode == here.inode)
            return false;
    return array_add(&w->seen, &w->seen_count, &w->seen_room, &here, sizeof here);
}

static enum status add_file(struct walk *w, const char *path, const char *relative,
                            int64_t bytes)
{
    struct source_list *list = w->list;
    if (!array_grow(&list->items, &w->room, list->count + 1, sizeof *list->items))
        return ST_NO_MEMORY;
    struct source_file *f = &list->items[list->count++];
    *f = (struct source_file){.path = strdup(path), .relative = strdup(relative)};
    f->bytes = bytes;
    return f->path && f->relative ? ST_OK : ST_NO_MEMORY;
}

static enum status add_source(struct walk *w, const char *path, const char *relative,
                              int64_t bytes)
{
    bool audio = soundfile_has_audio_ending(path) || soundfile_is_audio(path);
    return audio ? add_file(w, path, relative, bytes) : ST_OK;
}

/* Does the folder lie under a manifest of ours? Those of projects, best-of sets and kits
 * all have these columns in a row. */
static bool has_manifest(const char *folder)
{
    char path[PATH_BYTES], head[256];
    int fd;
    if (path_join(path, sizeof path, folder, "manifest.csv", NULL) != ST_OK ||
        path_open_file(path, &fd, NULL) != ST_OK)
        return false;
    ssize_t got = read(fd, head, sizeof head - 1);
    close(fd);
    head[got > 0 ? got : 0] = '\0';
    head[strcspn(head, "\r\n")] = '\0';
    return strstr(head, "filename,source,source_path,") != NULL;
}

bool discover_is_kit(const char *folder)
{
    return path_has(folder, "ASSIGN.txt") && has_manifest(folder);
}

/* What trowel wrote is no recording. */
static bool is_ours(const char *folder)
{
    char hidden[PATH_BYTES];
    return (path_join(hidden, sizeof hidden, folder, ".trowel", NULL) == ST_OK &&
            path_is_folder(hidden)) ||
           has_manifest(folder);
}

static enum status visit_entry(struct walk *w, const char *path, const char *relative)
{
    struct stat s, link;
    if (lstat(path, &link))
        return ST_OK;   /* gone */
    if (stat(path, &s)) /* a link to nothing: a recording that is missed */
        return S_ISLNK(link.st_mode) && soundfile_has_audio_ending(path)
                   ? add_source(w, path, relative, 0)
                   : ST_OK;
    if (S_ISREG(s.st_mode))
        return add_source(w, path, relative, s.st_size);
    if (!S_ISDIR(s.st_mode))
        return ST_OK;
    if (!w->options->recursive) {
        w->list->folders_below +=
            !is_skipped(w, &s) && !(w->options->skip_projects && is_ours(path));
        return ST_OK;
    }
    if (S_ISLNK(link.st_mode) && w->linked.at > 0) {
        w->list->links_left++;
        return ST_OK;
    }
    return push(S_ISLNK(link.st_mode) ? &w->linked : &w->real, relative) ? ST_OK
                                                                         : ST_NO_MEMORY;
}

static void note_unreadable(struct source_list *list, const char *relative)
{
    list->unreadable_folders++;
    if (list->unreadable && strcmp(list->unreadable, relative) <= 0)
        return;
    free(list->unreadable);
    list->unreadable = strdup(relative);
}

static enum status visit_folder(struct walk *w, const char *relative)
{
    char path[PATH_BYTES];
    struct stat s;
    if (path_join(path, sizeof path, w->folder, relative, NULL) || stat(path, &s) ||
        !enter(w, &s) || (*relative && w->options->skip_projects && is_ours(path)) ||
        (*relative && w->options->skip_kits && discover_is_kit(path)))
        return ST_OK;
    DIR *dir = opendir(path);
    if (!dir) {
        note_unreadable(w->list, relative);
        return ST_OK;
    }
    enum status st = ST_OK;
    struct dirent *entry;
    bool missed = false;
    const atomic_bool *cancelled = w->options->cancelled;
    while (!st && (errno = 0, entry = readdir(dir))) {
        char below[PATH_BYTES], whole[PATH_BYTES];
        if (entry->d_name[0] == '.')
            continue;
        if (path_join(below, sizeof below, relative, entry->d_name, NULL) == ST_OK &&
            path_join(whole, sizeof whole, path, entry->d_name, NULL) == ST_OK)
            st = visit_entry(w, whole, below);
        else
            missed = true; /* too deep */
        if (cancelled && atomic_load(cancelled))
            st = ST_CANCELLED;
    }
    missed = missed || (!st && errno != 0);
    closedir(dir);
    if (missed)
        note_unreadable(w->list, relative);
    return st;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The next folder: real ones first, then links by name, whatever the order in which the
 * file system lists them. */
static char *next_folder(struct walk *w)
{
    struct queue *q = w->real.at < w->real.count ? &w->real : &w->linked;
    if (q == &w->linked && q->at == 0 && q->count > 1)
        qsort(q->path, q->count, sizeof *q->path, by_name);
    return q->at < q->count ? q->path[q->at++] : NULL;
}

/* --- stems --- */

static int by_relative(const void *a, const void *b)
{
    const struct source_file *x = a, *y = b;
    return strcmp(x->relative, y->relative);
}

/* Names in use, without regard to case: open addressing, never more than half full. */
struct name_set {
    const char **slot;
    size_t size;
};

/* False when it is there already. */
static bool claim(struct name_set *set, const char *name)
{
    size_t i = (size_t)(stem_hash(name) % set->size);
    while (set->slot[i]) {
        if (stem_same(set->slot[i], name))
            return false;
        i = (i + 1) % set->size;
    }
    set->slot[i] = name;
    return true;
}

/* The folders a file lies in, then its own name; where that is too long, without the
 * outermost folders: what is nearest tells most. */
static void natural_stem(char out[STEM_BYTES], const char *relative)
{
    char flat[PATH_BYTES];
    size_t n = path_stem(relative);
    for (const char *slash; n >= STEM_BYTES && (slash = strchr(relative, '/'));) {
        n -= (size_t)(slash + 1 - relative);
        relative = slash + 1;
    }
    memcpy(flat, relative, n);
    flat[n] = '\0';
    for (char *p = flat; *p; p++)
        if (*p == '/')
            *p = '_';
    stem_safe(out, flat);
}

/* What else lies in a project's folder. */
static const char *const own_names[] = {
    "best_of",        "manifest.csv",   "config.effective.yaml", "catalog.db",
    "catalog.db-wal", "catalog.db-shm", "catalog.db-journal",    "report.html"};
enum { OWN_NAMES = sizeof own_names / sizeof *own_names };

/* Natural names come first to whoever is first in order; doubles are numbered with what
 * is then still free. */
static enum status give_stems(struct source_list *list)
{
    struct name_set set = {.size = 2 * (list->count + OWN_NAMES) + 1};
    set.slot = calloc(set.size, sizeof *set.slot);
    bool *doubled = calloc(list->count + 1, sizeof *doubled);
    if (!set.slot || !doubled) {
        free(set.slot);
        free(doubled);
        return ST_NO_MEMORY;
    }
    for (size_t i = 0; i < OWN_NAMES; i++)
        claim(&set, own_names[i]);
    for (size_t i = 0; i < list->count; i++) {
        natural_stem(list->items[i].stem, list->items[i].relative);
        doubled[i] = !claim(&set, list->items[i].stem);
    }
    for (size_t i = 0; i < list->count; i++) {
        char stem[STEM_BYTES];
        memcpy(stem, list->items[i].stem, sizeof stem);
        for (int n = 2; doubled[i]; n++) {
            stem_numbered(list->items[i].stem, stem, n);
            doubled[i] = !claim(&set, list->items[i].stem);
        }
    }
    free(set.slot);
    free(doubled);
    return ST_OK;
}

/* --- the whole --- */

/* The folders that hold this one: a link to one of them leads back here. */
static void enter_above(struct walk *w)
{
    char up[PATH_BYTES];
    struct stat s, below;
    int n = snprintf(up, sizeof up, "%s", w->folder);
    bool more = stat(w->folder, &below) == 0;
    for (; more && n + 3 < (int)sizeof up; n += 3) {
        strcpy(up + n, "/..");
        more = stat(up, &s) == 0 &&
               (s.st_dev != below.st_dev || s.st_ino != below.st_ino) && enter(w, &s);
        below = s;
    }
}

static enum status walk_all(struct walk *w)
{
    if (w->options->recursive)
        enter_above(w);
    enum status st = visit_folder(w, "");
    const char *next;
    while (!st && (next = next_folder(w)))
        st = visit_folder(w, next);
    queue_done(&w->real);
    queue_done(&w->linked);
    free(w->seen);
    return st;
}

static int by_filename(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return strcmp(x->filename, y->filename);
}

static bool is_listed(const struct candidate *rows, size_t count, const char *relative)
{
    struct candidate asked;
    if (strlen(relative) >= sizeof asked.filename)
        return false;
    strcpy(asked.filename, relative);
    return bsearch(&asked, rows, count, sizeof *rows, by_filename) != NULL;
}

/* Samples that were written among the recordings (drums --export): the manifest beside
 * them tells which they are. A folder of nothing else is what was asked for. */
static void drop_samples(struct source_list *list, const char *folder)
{
    struct candidate *rows;
    size_t count, kept = 0, samples = 0;
    if (!has_manifest(folder) ||
        manifest_read_in(folder, "manifest.csv", &rows, &count, NULL) != ST_OK)
        return;
    if (count > 1)
        qsort(rows, count, sizeof *rows, by_filename);
    for (size_t i = 0; i < list->count; i++)
        samples += is_listed(rows, count, list->items[i].relative);
    for (size_t i = 0; i < list->count && samples < list->count; i++) {
        struct source_file *f = &list->items[i];
        if (is_listed(rows, count, f->relative)) {
            free(f->path);
            free(f->relative);
        } else {
            list->items[kept++] = *f;
        }
    }
    if (samples < list->count) {
        list->count = kept;
        list->samples = samples;
    }
    free(rows);
}

enum status discover(struct source_list *out, const char *folder,
                     const struct discover_options *options, struct err *e)
{
    memset(out, 0, sizeof *out);
    struct stat s;
    if (stat(folder, &s) != 0)
        return path_failure(e, errno, folder);
    struct walk w = {.list = out, .folder = folder, .options = options};
    struct stat skip;
    for (int i = 0; i < DISCOVER_SKIPS_MAX && options->skip[i]; i++)
        if (stat(options->skip[i], &skip) == 0 &&
            (skip.st_dev != s.st_dev || skip.st_ino != s.st_ino))
            w.skip[w.skip_count++] = (struct place){skip.st_dev, skip.st_ino};
    enum status st = S_ISDIR(s.st_mode)
                         ? walk_all(&w)
                         : add_file(&w, folder, path_base(folder), s.st_size);
    if (!st && out->unreadable && *out->unreadable == '\0' && out->count == 0)
        st = err_set(e, ST_UNREADABLE,
                     "%s cannot be listed: no permission, or a failing disk", folder);
    if (!st && options->skip_projects && S_ISDIR(s.st_mode))
        drop_samples(out, folder);
    if (!st && out->count)
        qsort(out->items, out->count, sizeof *out->items, by_relative);
    if (!st)
        st = give_stems(out);
    if (st == ST_NO_MEMORY)
        err_set(e, st, "%s: no memory to list it", folder);
    if (st == ST_CANCELLED)
        err_set(e, st, "looking for recordings was cancelled");
    if (st)
        source_list_done(out);
    return st;
}

enum status source_list_join(struct source_list *all, struct source_list *more,
                             struct err *e)
{
    if (more->count == 0)
        return ST_OK;
    if (!array_resize(&all->items, all->count + more->count, sizeof *all->items))
        return err_set(e, ST_NO_MEMORY, "no memory for %zu sources", more->count);
    struct source_file *items = all->items;
    size_t before = all->count;
    for (size_t i = 0; i < more->count; i++) {
        struct source_file *f = &items[all->count++];
        *f = more->items[i];
        for (size_t k = 0, n = 2; k < before; k++)
            if (stem_same(items[k].stem, f->stem)) {
                stem_numbered(f->stem, more->items[i].stem, (int)n++);
                k = (size_t)-1;
            }
    }
    more->count = 0; /* the items are the list's now, not their texts to free */
    return ST_OK;
}

bool source_list_missed(const struct source_list *list, const char *folder, char *out,
                        size_t size)
{
    size_t folders = list->unreadable_folders, links = list->links_left;
    if (list->unreadable) /* its path comes last: it may be too long to be told whole */
        snprintf(out, size, "%zu folder%s cannot be read: %s/%s", folders,
                 folders == 1 ? "" : "s", folder, list->unreadable);
    else if (links > 0)
        snprintf(out, size,
                 links == 1
                     ? "%zu link to a folder, behind a link in %s, is not followed"
                     : "%zu links to folders, behind a link in %s, are not followed",
                 links, folder);
    return list->unreadable != NULL || links > 0;
}

void source_list_done(struct source_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].path);
        free(list->items[i].relative);
    }
    free(list->items);
    free(list->unreadable);
    memset(list, 0, sizeof *list);
}
