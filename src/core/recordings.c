/* realpath is not in plain POSIX mode. */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700
#endif
#include "core/recordings.h"

#include "core/project_list.h"
#include "io/discover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Is this the project, or in it? Its samples lie there, below folders that may well have
 * the name of the recordings' folder: then only recordings right in it tell. */
static bool holds_samples(const char *folder, const char *project)
{
    char real[PATH_BYTES];
    size_t n = strlen(project);
    if (n == 0 || !realpath(folder, real) || strncmp(real, project, n) != 0 ||
        (real[n] != '\0' && real[n] != '/'))
        return false;
    struct source_list list;
    struct discover_options options = {.skip_projects = true};
    bool any = discover(&list, real, &options, NULL) == ST_OK && list.count > 0;
    source_list_done(&list);
    return !any;
}

enum { LOOKED_FOR_MAX = 200 }; /* so many of the recordings on record tell the folder */

/* Of a project; 0 where nothing is on record, or cannot be read. */
static size_t read_known(const char *project, struct catalog_source *out)
{
    struct project p;
    struct stem_list stems;
    size_t n = 0;
    if (project_open_folder(&p, project, NULL) != ST_OK)
        return 0;
    if (project_stems(&p, &stems, NULL) == ST_OK)
        for (size_t i = 0; i < stems.count && n < LOOKED_FOR_MAX; i++)
            n += project_record(&p, stems.at[i], &out[n], NULL, NULL) == ST_OK &&
                 out[n].path[0] != '/';
    stem_list_done(&stems);
    project_done(&p);
    return n;
}

static long known_in(const char *folder, const struct catalog_source *known, size_t count)
{
    char path[PATH_BYTES];
    long n = 0;
    for (size_t i = 0; i < count; i++)
        n += recordings_find(path, folder, known[i].path);
    return n;
}

/* The folder above; false when there is none. */
static bool go_up(char *folder)
{
    bool above = strchr(folder, '/') && folder[1] != '\0';
    if (above)
        path_up(folder);
    return above;
}

struct search {
    const char *own;                    /* the project's real path; "" without one */
    const struct catalog_source *known; /* recordings on record */
    size_t count;
    bool anywhere; /* every folder has such a one */
    long most;     /* so many of them lie in the best so far; −1: there is none */
    char *best;
};

static bool may_hold(const char *place)
{
    return path_is_folder(place) || path_is_file(place);
}

static void consider(struct search *s, const char *folder)
{
    if (!may_hold(folder) || holds_samples(folder, s->own))
        return;
    long here = known_in(folder, s->known, s->count);
    if (here <= s->most || (here == 0 && s->count > 0 && s->anywhere))
        return;
    s->most = here;
    snprintf(s->best, PATH_BYTES, "%s", folder);
}

static bool look_for(const char *written, struct search *s)
{
    char above[PATH_BYTES], joined[PATH_BYTES], folder[PATH_BYTES];
    consider(s, written);
    snprintf(above, sizeof above, "%s", s->own);
    for (bool more = above[0] != '\0'; more; more = go_up(above))
        if (path_join(joined, sizeof joined, above, written, NULL) == ST_OK &&
            realpath(joined, folder))
            consider(s, folder);
    return s->most >= 0;
}

bool recordings_folder(char out[PATH_BYTES], const char *written, const char *project)
{
    char own[PATH_BYTES];
    bool found = false;
    if (written[0] == '/') {
        int n = snprintf(out, PATH_BYTES, "%s", written);
        found = n < PATH_BYTES && may_hold(out);
    } else if (written[0]) {
        struct catalog_source *known = malloc(LOOKED_FOR_MAX * sizeof *known);
        if (!realpath(project, own))
            own[0] = '\0';
        struct search s = {.own = own,
                           .known = known,
                           .count = known ? read_known(own, known) : 0,
                           .anywhere = written[strspn(written, "./")] == '\0',
                           .most = -1,
                           .best = out};
        found = look_for(written, &s);
        free(known);
    }
    if (!found)
        out[0] = '\0';
    return found;
}

static int by_path(const void *path, const void *source)
{
    const struct catalog_source *s = source;
    return strncmp(path, s->path, sizeof s->path - 1);
}

/* Of the recordings in `folder` those that are none of the sources, which are ordered by
 * path. Who looked into folders below has some of there on record, or nothing yet, and
 * there is nothing above. */
static size_t count_left(const char *folder, const struct catalog_source *sources,
                         size_t count, size_t *all)
{
    struct discover_options options = {.skip_projects = true};
    struct source_list list = {0};
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        options.recursive |= strchr(sources[i].path, '/') != NULL;
    enum status st = discover(&list, folder, &options, NULL);
    if (st == ST_OK && count == 0 && list.count == 0) {
        options.recursive = true;
        source_list_done(&list);
        st = discover(&list, folder, &options, NULL);
    }
    if (st == ST_OK)
        for (size_t i = 0; i < list.count; i++)
            left += !bsearch(list.items[i].relative, sources, count, sizeof *sources,
                             by_path);
    *all = list.count;
    source_list_done(&list);
    return left;
}

void recordings_tell_left(const char *project, const struct log *log)
{
    struct project p;
    struct config cfg;
    struct catalog_source *sources = NULL;
    size_t count = 0, all = 0, left = 0;
    char folder[PATH_BYTES];
    if (project_open_folder(&p, project, NULL) != ST_OK)
        return;
    if (project_config(&p, &cfg, NULL) == ST_OK &&
        recordings_folder(folder, cfg.paths.source_audio_dir, project) &&
        project_sources(&p, &sources, &count, NULL) == ST_OK)
        left = count_left(folder, sources, count, &all);
    if (left > 0 && (left < all || count == 0))
        log_write(log, LOG_WARNING,
                  "%s: %zu of %zu recordings in %s %s not mined; the command that %s "
                  "continues",
                  project, left, all, folder, left == 1 ? "is" : "are",
                  count > 0 ? "mined the others" : "began");
    free(sources);
    project_done(&p);
}

bool recordings_path(char out[PATH_BYTES], const char *folder, const char *source_path)
{
    bool bare = source_path[0] == '/';
    const char *base = path_base(folder), *above = bare ? "" : folder,
               *name = source_path;
    if (!bare && strcmp(base, source_path) == 0 && path_is_file(folder)) {
        above = "";
        name = folder;
    }
    return source_path[0] && path_join(out, PATH_BYTES, above, name, NULL) == ST_OK;
}

bool recordings_find(char out[PATH_BYTES], const char *folder, const char *source_path)
{
    if (recordings_path(out, folder, source_path) && path_is_file(out) &&
        access(out, R_OK) == 0)
        return true;
    out[0] = '\0';
    return false;
}

static bool try_sample(char out[PATH_BYTES], const char *folder, const char *source,
                       const char *category, const char *name)
{
    int n = snprintf(out, PATH_BYTES, "%s%s%s%s%s/%s", folder, source[0] ? "/" : "",
                     source, category[0] ? "/" : "", category, name);
    return n < PATH_BYTES && path_is_file(out);
}

bool recordings_sample(char out[PATH_BYTES], const char *folder,
                       const struct candidate *c)
{
    const char *own = category_folder(kind_category(c->kind));
    bool there = try_sample(out, folder, c->source, own, c->filename) ||
                 try_sample(out, folder, "", own, c->filename);
    for (int k = 0; k < CAT_COUNT && !there; k++)
        there =
            try_sample(out, folder, "", category_folder((enum category)k), c->filename);
    return there || try_sample(out, folder, "", "", c->filename);
}
