/* realpath is not in plain POSIX mode. */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700
#endif
#include "core/recordings.h"

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

bool recordings_folder(char out[PATH_BYTES], const char *written, const char *project)
{
    char own[PATH_BYTES], above[PATH_BYTES];
    bool relative = written[0] && written[0] != '/';
    if (!relative || !realpath(project, own))
        own[0] = '\0';
    int n = snprintf(out, PATH_BYTES, "%s", written);
    if (written[0] && n < PATH_BYTES && path_is_folder(out) && !holds_samples(out, own))
        return true;
    memcpy(above, own, sizeof above);
    for (bool more = own[0] != '\0'; more;) {
        if (path_join(out, PATH_BYTES, above, written, NULL) == ST_OK &&
            path_is_folder(out) && !holds_samples(out, own))
            return true;
        char *slash = strrchr(above, '/');
        more = slash && above[1] != '\0';
        if (more)
            slash[slash == above] = '\0';
    }
    out[0] = '\0';
    return false;
}

bool recordings_find(char out[PATH_BYTES], const char *folder, const char *source_path)
{
    bool bare = source_path[0] == '/' || !folder[0];
    if (source_path[0] &&
        path_join(out, PATH_BYTES, bare ? "" : folder, source_path, NULL) == ST_OK &&
        path_is_file(out) && access(out, R_OK) == 0)
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
