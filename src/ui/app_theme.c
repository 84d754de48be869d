#include "ui/state.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The i-th folder of the colon-separated list; false behind the end. */
static bool folder_at(const struct app *app, int i, char *to, size_t n)
{
    const char *s = app->setup.theme_dirs ? app->setup.theme_dirs : "";
    for (; *s; i--) {
        size_t length = strcspn(s, ":");
        if (i == 0) {
            snprintf(to, n, "%.*s", (int)length, s);
            return true;
        }
        s += length + (s[length] == ':');
    }
    return false;
}

enum status app_load_theme(struct app *app, const char *name, struct err *e)
{
    char folder[PATH_BYTES], path[PATH_BYTES + 80];
    struct theme next;
    enum status st = ST_NOT_FOUND;
    if (strchr(name, '/')) {
        st = theme_load(&next, name,
                        folder_at(app, 0, folder, sizeof folder) ? folder : NULL, e);
    } else {
        bool found = false;
        for (int i = 0; !found && folder_at(app, i, folder, sizeof folder); i++) {
            snprintf(path, sizeof path, "%s/%.64s.yaml", folder, name);
            found = access(path, R_OK) == 0;
        }
        if (!found)
            return err_set(e, ST_NOT_FOUND,
                           "there is no theme '%s'; :theme and Tab lists them", name);
        st = theme_load(&next, path, folder, e);
    }
    if (st != ST_OK)
        return st;
    app->theme = next;
    app->theme_changed = true;
    return ST_OK;
}

int app_theme_names(struct app *app, char (*out)[COMPLETION_BYTES], int max)
{
    char folder[PATH_BYTES];
    int n = 0;
    for (int i = 0; folder_at(app, i, folder, sizeof folder); i++) {
        DIR *d = opendir(folder);
        for (struct dirent *entry; d && n < max && (entry = readdir(d));) {
            size_t length = strlen(entry->d_name);
            if (length < 6 || length > 64 ||
                strcmp(entry->d_name + length - 5, ".yaml") != 0)
                continue;
            snprintf(out[n++], COMPLETION_BYTES, "%.*s", (int)length - 5, entry->d_name);
        }
        if (d)
            closedir(d);
    }
    qsort(out, (size_t)n, COMPLETION_BYTES, (int (*)(const void *, const void *))strcmp);
    return n;
}
