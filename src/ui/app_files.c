/* The user's files: keys, and what was typed on the line at the bottom. */
#include "ui/state.h"

#include "io/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NULL: there is none. */
static enum status read_user_file(const struct app *app, const char *name, char **text,
                                  struct err *e)
{
    enum { MOST = 1 << 18 };
    char path[PATH_BYTES];
    size_t n;
    *text = NULL;
    if (!app->setup.user_dir || !app->setup.user_dir[0])
        return ST_OK;
    enum status st = path_join(path, sizeof path, app->setup.user_dir, name, e);
    if (st == ST_OK)
        st = path_read_file(path, MOST, text, &n, e);
    return st == ST_NOT_FOUND ? ST_OK : st;
}

enum status app_load_keys(struct app *app, struct err *e)
{
    char *text;
    keymap_defaults(&app->map);
    enum status st = read_user_file(app, "keys.yaml", &text, e);
    if (st == ST_OK && text)
        st = keymap_load(&app->map, text, "keys.yaml", e);
    free(text);
    return st;
}

void app_load_history(struct app *app)
{
    char *text;
    read_user_file(app, "history", &text, NULL);
    for (char *line = text; line && *line;) {
        size_t length = strcspn(line, "\n");
        bool last = line[length] == '\0';
        line[length] = '\0';
        if (length > 1)
            history_add(line[0] == ':'   ? &app->commands
                        : line[0] == '/' ? &app->searches
                                         : &app->filters,
                        line + 1);
        line += length + !last;
    }
    free(text);
}

void app_save_history(const struct app *app)
{
    struct root root;
    struct text t = {0};
    const struct history *all[] = {&app->commands, &app->searches, &app->filters};
    for (int h = 0; h < 3; h++)
        for (int i = 0; i < all[h]->count; i++)
            text_addf(&t, "%c%s\n", ":/f"[h], all[h] -> line[i]);
    /* Nobody is told: a prompt that forgot its lines loses nothing of the work. */
    if (app->setup.user_dir && app->setup.user_dir[0] && !t.failed &&
        root_open(&root, app->setup.user_dir, false, NULL) == ST_OK) {
        root_write_file(&root, "history", t.at ? t.at : "", t.length, NULL);
        root_done(&root);
    }
    text_done(&t);
}
