/* Help, made from the live key table: the keys of the screen it was asked on. */
#include "ui/state.h"

#include "core/filter.h"

#include <stdio.h>
#include <string.h>

enum { HELP_LINES = 600, LINE_BYTES = 160, KEYS_CELLS = 14 };

struct line {
    bool heading;
    char keys[64], text[LINE_BYTES];
};

static int add(struct line *out, int n, bool heading, const char *keys, const char *text)
{
    if (n >= HELP_LINES)
        return n;
    out[n].heading = heading;
    snprintf(out[n].keys, sizeof out[n].keys, "%s", keys);
    snprintf(out[n].text, sizeof out[n].text, "%s", text);
    return n + 1;
}

/* What does not fit into `cells` goes on below. */
static int add_wrapped(struct line *out, int n, int cells, const char *keys,
                       const char *text)
{
    do {
        char part[LINE_BYTES];
        size_t length = utf8_wrap(text, cells);
        snprintf(part, sizeof part, "%.*s", (int)length, text);
        n = add(out, n, false, keys, part);
        text += length + strspn(text + length, " ");
        keys = "";
    } while (*text);
    return n;
}

static int add_group(const struct app *app, struct line *out, int n, int cells,
                     enum action_group g)
{
    char keys[64];
    bool any = false;
    for (int a = 1; a < ACT_COUNT_OF; a++) {
        const struct action_info *i = action_info((enum action)a);
        keymap_keys(&app->map, app->help.about, (enum action)a, keys, sizeof keys);
        if (i->group != g || !keys[0])
            continue;
        if (!any) {
            if (n > 0)
                n = add(out, n, false, "", "");
            n = add(out, n, true, "", action_group_title(g));
        }
        any = true;
        n = add_wrapped(out, n, cells, keys,
                        action_help_on((enum action)a, app->help.about));
    }
    return n;
}

static int add_commands(struct line *out, int n, int cells)
{
    const char *name, *arguments, *help;
    n = add(out, n, false, "", "");
    n = add(out, n, true, "", "Command line");
    for (int i = 0; (help = app_command_help(i, &name, &arguments)); i++) {
        char text[LINE_BYTES], keys[64];
        snprintf(keys, sizeof keys, ":%s", name);
        snprintf(text, sizeof text, "%s%s%s", arguments, *arguments ? "  " : "", help);
        n = add_wrapped(out, n, cells, keys, text);
    }
    return n;
}

static int add_filters(struct line *out, int n, int cells)
{
    static const char *const examples[][2] = {
        {"tape*", "words match names"},
        {"cat:pads", "category; also class: src: key: bright: type:"},
        {"grade>=B", "any measure: len>2 level<-20 score>=.8 rating>=3"},
        {"bpm:118..124", "a range"},
        {"is:undecided", "accepted rejected tagged stacked near-miss saved"},
        {"!x  a | b", "not, or; words side by side must all hold"}};
    n = add(out, n, false, "", "");
    n = add(out, n, true, "", "Filters");
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        n = add_wrapped(out, n, cells, examples[i][0], examples[i][1]);
    return n;
}

static int columns(const struct app *app)
{
    int cols = app->canvas.cols;
    return cols >= 200 ? 3 : cols >= 130 ? 2 : 1;
}

/* On a terminal that is too narrow nothing of it is drawn, but it can be searched. */
static int build(const struct app *app, struct line *out)
{
    int cols = app->canvas.cols > MIN_COLS ? app->canvas.cols : MIN_COLS;
    int n = 0, cells = cols / columns(app) - KEYS_CELLS - 5;
    for (int g = 0; g < GROUP_COUNT_OF; g++)
        n = add_group(app, out, n, cells, (enum action_group)g);
    if (app->help.about == SCREEN_LIBRARY)
        n = add_filters(out, n, cells);
    return add_commands(out, n, cells);
}

/* A key as it is written, or words in any case. */
static bool holds(const struct line *l, const char *wanted)
{
    char text[2 * LINE_BYTES], words[2 * PROMPT_BYTES];
    size_t n = strlen(wanted);
    for (const char *key = l->keys; n > 0 && *key;) {
        size_t length = strcspn(key, " ");
        if (length == n && strncmp(key, wanted, n) == 0)
            return true;
        key += length + strspn(key + length, " ");
    }
    filter_fold(text, sizeof text, l->text);
    filter_fold(words, sizeof words, wanted);
    return words[0] && strstr(text, words);
}

static void draw(struct app *app, const struct area *a)
{
    struct line lines[HELP_LINES];
    char title[80];
    snprintf(title, sizeof title, "keys of the %s screen", screen_name(app->help.about));
    struct area rest = frame_ruled(app, a, title);
    int n = build(app, lines), across = columns(app);
    int wide = a->cols / across, shown = rest.rows * across;
    int most = n - shown > 0 ? n - shown : 0;
    app->help.top = app->help.top > most ? most : app->help.top;
    for (int i = 0; i < shown && app->help.top + i < n; i++) {
        const struct line *l = &lines[app->help.top + i];
        int row = i % rest.rows, col = i / rest.rows * wide + 2;
        bool match = holds(l, app->help.search);
        if (l->heading) {
            area_fit(&rest, row, col, wide - 4, ROLE_TITLE, CUT_END, l->text);
            continue;
        }
        area_fit(&rest, row, col, KEYS_CELLS, ROLE_KEY, CUT_END, l->keys);
        area_fit(&rest, row, col + KEYS_CELLS + 1, wide - KEYS_CELLS - 5,
                 match ? ROLE_MATCH : ROLE_TEXT, CUT_END, l->text);
    }
}

static bool search(struct app *app, int step)
{
    struct line lines[HELP_LINES];
    int n = build(app, lines);
    for (int i = 1; i <= n; i++) {
        int at = come_round(app->help.top, step * i, n);
        if (holds(&lines[at], app->help.search)) {
            app->help.top = at;
            return true;
        }
    }
    app_say(app, "nothing here contains '%s'", app->help.search);
    return false;
}

static bool act(struct app *app, const struct key_action *a)
{
    long to = moved_row(a, app->help.top, HELP_LINES, app->canvas.rows - 7);
    if (to >= 0) {
        app->help.top = (int)to;
        return true;
    }
    if (a->action == ACT_HELP) {
        app_back(app);
        return true;
    }
    return app_search_action(app, a, app->help.search, search);
}

static void enter(struct app *app)
{
    app->help.top = 0;
}

const struct screen_ops help_screen = {draw, act, enter};
