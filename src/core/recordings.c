/* realpath is not in plain POSIX mode. */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700
#endif
#include "core/recordings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool recordings_folder(char out[PATH_BYTES], const char *written, const char *project)
{
    char above[PATH_BYTES];
    int n = snprintf(out, PATH_BYTES, "%s", written);
    if (written[0] && n < PATH_BYTES && path_is_folder(out))
        return true;
    bool relative = written[0] && written[0] != '/';
    for (bool more = relative && realpath(project, above); more;) {
        if (path_join(out, PATH_BYTES, above, written, NULL) == ST_OK &&
            path_is_folder(out))
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
