#include "core/project_list.h"

#include <dirent.h>
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

static bool add(struct stem_list *l, size_t *capacity, const char *stem)
{
    if (l->count == *capacity) {
        size_t wanted = *capacity ? 2 * *capacity : 64;
        char(*at)[STEM_BYTES] = realloc(l->at, wanted * sizeof *at);
        if (!at)
            return false;
        l->at = at;
        *capacity = wanted;
    }
    snprintf(l->at[l->count++], STEM_BYTES, "%s", stem);
    return true;
}

enum status project_stems(const struct project *p, struct stem_list *out, struct err *e)
{
    *out = (struct stem_list){0};
    int fd =
        openat(p->root.fd, ".trowel", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return ST_OK;
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return err_set(e, ST_DISK, "%s/.trowel cannot be read", p->root.path);
    }
    size_t capacity = 0;
    enum status st = ST_OK;
    char stem[STEM_BYTES];
    for (struct dirent *entry; st == ST_OK && (entry = readdir(dir));)
        if (is_record(entry->d_name, stem) && !add(out, &capacity, stem))
            st =
                err_set(e, ST_NO_MEMORY, "no memory for the sources of %s", p->root.path);
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

/* --- names that stay --- */

/* A source on record, and which of the listed recordings it is: its index, or -1. */
struct known {
    char stem[STEM_BYTES];
    const char *path;
    long taken_by;
};

struct known_list {
    struct known *at; /* by path */
    size_t count;
    struct catalog_source *sources;
};

static int by_path(const void *a, const void *b)
{
    const struct known *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : strcmp(x->stem, y->stem);
}

static void known_done(struct known_list *l)
{
    free(l->at);
    free(l->sources);
}

static enum status known_sources(const struct project *p, struct known_list *l,
                                 struct err *e)
{
    struct stem_list stems;
    *l = (struct known_list){0};
    enum status st = project_stems(p, &stems, e);
    if (st == ST_OK) {
        l->at = calloc(stems.count + 1, sizeof *l->at);
        l->sources = calloc(stems.count + 1, sizeof *l->sources);
    }
    if (st == ST_OK && (!l->at || !l->sources))
        st = err_set(e, ST_NO_MEMORY, "no memory for the sources of %s", p->root.path);
    for (size_t i = 0; st == ST_OK && i < stems.count; i++) {
        struct catalog_source *s = &l->sources[l->count];
        if (project_record(p, stems.at[i], s, NULL, NULL) != ST_OK)
            continue;
        struct known *k = &l->at[l->count++];
        *k = (struct known){.path = s->path, .taken_by = -1};
        snprintf(k->stem, sizeof k->stem, "%s", stems.at[i]);
    }
    stem_list_done(&stems);
    if (st != ST_OK)
        known_done(l);
    else if (l->count > 1)
        qsort(l->at, l->count, sizeof *l->at, by_path);
    return st;
}
static bool after(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

static bool stat_source(const struct project *p, const char *stem, struct stat *out)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, ".trowel/%s.source", stem);
    return fstatat(p->root.fd, path, out, 0) == 0;
}

bool project_join_due(const struct project *p)
{
    struct stem_list stems;
    struct stat manifest, source;
    bool there = fstatat(p->root.fd, "manifest.csv", &manifest, 0) == 0, due = false;
    if (project_stems(p, &stems, NULL) != ST_OK)
        return false;
    for (size_t i = 0; i < stems.count && !due; i++)
        due = stat_source(p, stems.at[i], &source) &&
              (!there || after(source.st_mtim, manifest.st_mtim));
    stem_list_done(&stems);
    return due;
}

bool project_outdated(const struct project *p, const char *stem, const char *path)
{
    struct stat record, file; /* the change time: a copy keeps the other one */
    return stat_source(p, stem, &record) && stat(path, &file) == 0 &&
           after(file.st_ctim, record.st_mtim);
}
