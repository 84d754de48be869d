#include "core/project_list.h"

#include "core/array.h"
#include "core/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_record(const char *name, char stem[STEM_BYTES])
{
    const char *dot = strrchr(name, '.');
    if (!dot || dot == name || (size_t)(dot - name) >= STEM_BYTES)
        return false;
    if (strcmp(dot, ".source") != 0 && strcmp(dot, ".begun") != 0)
        return false;
    snprintf(stem, STEM_BYTES, "%.*s", (int)(dot - name), name);
    return true;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool add(struct stem_list *l, size_t *room, const char *stem)
{
    if (!array_grow(&l->at, room, l->count + 1, sizeof *l->at))
        return false;
    snprintf(l->at[l->count++], STEM_BYTES, "%s", stem);
    return true;
}

/* What of the records could be read would be joined as all there is. */
static enum status unreadable(const struct project *p, int problem, struct err *e)
{
    return err_errno(e, ST_DISK, problem, "%s/.trowel cannot be read", p->root.path);
}

enum status project_stems(const struct project *p, struct stem_list *out, struct err *e)
{
    *out = (struct stem_list){0};
    int fd =
        openat(p->root.fd, ".trowel", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
        return ST_OK;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        int problem = errno;
        if (fd >= 0)
            close(fd);
        return unreadable(p, problem, e);
    }
    size_t room = 0;
    enum status st = ST_OK;
    char stem[STEM_BYTES];
    for (struct dirent *entry; st == ST_OK && (errno = 0, entry = readdir(dir));)
        if (is_record(entry->d_name, stem) && !add(out, &room, stem))
            st =
                err_set(e, ST_NO_MEMORY, "no memory for the sources of %s", p->root.path);
    if (st == ST_OK && errno != 0)
        st = unreadable(p, errno, e);
    closedir(dir);
    if (out->count > 1)
        qsort(out->at, out->count, sizeof *out->at, by_bytes);
    size_t kept = 0;
    for (size_t i = 0; i < out->count; i++)
        if (i == 0 || strcmp(out->at[i], out->at[kept - 1]) != 0)
            memmove(out->at[kept++], out->at[i], STEM_BYTES);
    out->count = kept;
    return st;
}

void stem_list_done(struct stem_list *l)
{
    free(l->at);
    *l = (struct stem_list){0};
}

enum status project_source(const struct project *p, const char *stem,
                           struct catalog_source *out, bool *known, struct err *e)
{
    struct err why;
    enum status st = project_record(p, stem, out, NULL, &why);
    *known = st == ST_OK;
    return st == ST_OK || st == ST_NOT_FOUND || st == ST_CORRUPT
               ? ST_OK
               : err_set(e, st, "%s", why.msg);
}

static int by_path(const void *a, const void *b)
{
    const struct catalog_source *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : strcmp(x->stem, y->stem);
}

enum status project_sources(const struct project *p, struct catalog_source **out,
                            size_t *count, struct err *e)
{
    struct stem_list stems;
    *count = 0;
    *out = NULL;
    enum status st = project_stems(p, &stems, e);
    if (st == ST_OK && !(*out = calloc(stems.count + 1, sizeof **out)))
        st = err_set(e, ST_NO_MEMORY, "no memory for the sources of %s", p->root.path);
    for (size_t i = 0; st == ST_OK && i < stems.count; i++) {
        bool known;
        st = project_source(p, stems.at[i], &(*out)[*count], &known, e);
        *count += known;
    }
    stem_list_done(&stems);
    if (*count > 1)
        qsort(*out, *count, sizeof **out, by_path);
    return st;
}

/* --- names that stay --- */

/* The sources on record, by path, and whether a listed recording is it. */
struct on_record {
    struct catalog_source *at;
    bool *taken;
    size_t count;
};

/* The record of a recording, or NULL: of several with its path (`textures` looks into
 * several folders) the one with its stem, else the first that is nobody's. */
static struct catalog_source *record_of(const struct on_record *k,
                                        const struct source_file *f)
{
    struct catalog_source *found = NULL;
    size_t low = 0, high = k->count, most = sizeof k->at->path - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strncmp(k->at[middle].path, f->relative, most) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < k->count && strncmp(k->at[low].path, f->relative, most) == 0; low++) {
        if (strcmp(k->at[low].stem, f->stem) == 0)
            return &k->at[low];
        if (!found && !k->taken[low])
            found = &k->at[low];
    }
    return found;
}

static int by_stem(const void *a, const void *b)
{
    return stem_compare(*(const char *const *)a, *(const char *const *)b);
}

/* A number for a stem that somebody else holds. */
static void renumber(struct source_list *list, size_t i, const char **held, size_t count)
{
    struct source_file *f = &list->items[i];
    char stem[STEM_BYTES], wanted[STEM_BYTES];
    bool free = false;
    memcpy(stem, f->stem, sizeof stem);
    for (int n = 2; !free; n++) {
        const char *key = wanted;
        stem_numbered(wanted, stem, n);
        free = !bsearch(&key, held, count, sizeof *held, by_stem);
        for (size_t j = 0; free && j < list->count; j++)
            free = j == i || !stem_same(list->items[j].stem, wanted);
    }
    memcpy(f->stem, wanted, sizeof wanted);
}

static void keep_stems(struct on_record *k, struct source_list *list, const char **held,
                       bool *kept, bool afresh)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct catalog_source *s = record_of(k, &list->items[i]);
        if (!s)
            continue;
        kept[i] = k->taken[s - k->at] = true;
        snprintf(list->items[i].stem, STEM_BYTES, "%.*s", STEM_BYTES - 1, s->stem);
    }
    /* A failure that is no longer there left nothing that needs its name. */
    for (size_t i = 0; i < k->count; i++)
        if (k->taken[i] || (!afresh && !k->at[i].failed))
            held[count++] = k->at[i].stem;
    if (count > 1)
        qsort(held, count, sizeof *held, by_stem);
    for (size_t i = 0; i < list->count; i++) {
        const char *key = list->items[i].stem;
        if (!kept[i] && count > 0 && bsearch(&key, held, count, sizeof *held, by_stem))
            renumber(list, i, held, count);
    }
}

enum status project_keep_stems(const struct project *p, struct source_list *sources,
                               bool afresh, struct err *e)
{
    struct on_record k;
    enum status st = project_sources(p, &k.at, &k.count, e);
    k.taken = calloc(k.count + 1, sizeof *k.taken);
    const char **held = calloc(k.count + 1, sizeof *held);
    bool *kept = calloc(sources->count + 1, sizeof *kept);
    if (st == ST_OK && (!held || !kept || !k.taken))
        st = err_set(e, ST_NO_MEMORY, "no memory for %zu recordings", sources->count);
    if (st == ST_OK && k.count > 0)
        keep_stems(&k, sources, held, kept, afresh);
    free(held);
    free(kept);
    free(k.at);
    free(k.taken);
    return st;
}

static bool stat_source(const struct project *p, const char *stem, struct stat *out)
{
    char path[PATH_BYTES];
    project_hidden(path, stem, ".source");
    return fstatat(p->root.fd, path, out, 0) == 0;
}

bool project_join_due(const struct project *p, bool blank)
{
    struct stem_list stems;
    struct stat manifest, source;
    bool there = fstatat(p->root.fd, "manifest.csv", &manifest, 0) == 0, due = false;
    if (project_stems(p, &stems, NULL) != ST_OK)
        return false;
    for (size_t i = 0; i < stems.count && !due; i++)
        due = stat_source(p, stems.at[i], &source) &&
              (!there || blank || time_after(source.st_mtim, manifest.st_mtim));
    stem_list_done(&stems);
    return due;
}

bool project_outdated(const struct project *p, const char *stem, const char *path)
{
    struct stat record, file; /* the change time: a copy keeps the other one */
    return stat_source(p, stem, &record) && stat(path, &file) == 0 &&
           time_after(file.st_ctim, record.st_mtim);
}
