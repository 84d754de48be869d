#include "ui/themes.h"

#include "io/paths.h"
#include "io/text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum status themes_load(struct theme *out, const char *folders, const char *name,
                        struct err *e)
{
    char folder[PATH_BYTES], path[PATH_BYTES + 80];
    struct theme next;
    enum status st = ST_NOT_FOUND;
    if (strchr(name, '/')) {
        st = theme_load(&next, name, folders, e);
    } else {
        bool found = false;
        for (int i = 0; !found && text_part(folder, sizeof folder, folders, ':', i);
             i++) {
            snprintf(path, sizeof path, "%s/%.64s.yaml", folder, name);
            found = access(path, R_OK) == 0;
        }
        if (!found)
            return err_set(e, ST_NOT_FOUND,
                           "there is no theme '%s'; :theme and Tab list them", name);
        st = theme_load(&next, path, folders, e);
    }
    if (st == ST_OK)
        *out = next;
    return st;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

int themes_names(const char *folders, char (*out)[THEMES_NAME_BYTES], int max)
{
    char folder[PATH_BYTES];
    int n = 0, kept = 0;
    for (int i = 0; text_part(folder, sizeof folder, folders, ':', i); i++) {
        DIR *d = opendir(folder);
        for (struct dirent *entry; d && n < max && (entry = readdir(d));) {
            size_t length = strlen(entry->d_name);
            if (length < 6 || length > 64 ||
                strcmp(entry->d_name + length - 5, ".yaml") != 0)
                continue;
            snprintf(out[n++], THEMES_NAME_BYTES, "%.*s", (int)length - 5, entry->d_name);
        }
        if (d)
            closedir(d);
    }
    qsort(out, (size_t)n, THEMES_NAME_BYTES, by_name);
    for (int i = 0; i < n; i++) /* one folder may be there by two names */
        if (kept == 0 || strcmp(out[i], out[kept - 1]) != 0)
            memmove(out[kept++], out[i], THEMES_NAME_BYTES);
    return kept;
}
