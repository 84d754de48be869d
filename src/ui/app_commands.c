/* The command line's commands. */
#include "ui/state.h"

#include "io/text.h"
#include "ui/themes.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum completes { NONE, FILTER, ORDER, THEME, KEYS, DEVICE, RECORDING };

enum command {
#define COMMAND(id, name, arguments, completion, does, help) CMD_##id,
#include "ui/commands.def"
#undef COMMAND
    CMD_COUNT
};

/* --- what they do ------------------------------------------------------------------ */

bool app_number(struct app *app, const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    if (*text && *end == '\0' && isfinite(*out))
        return true;
    app_warn(app, "'%s' is not a number", text);
    return false;
}

static void sort_by(struct app *app, const char *name)
{
    /* columns have other titles */
    name = strcmp(name, "kind") == 0 ? "class" : strcmp(name, "gr") == 0 ? "grade" : name;
    int order = view_order_find(name);
    if (order < 0) {
        app_warn(app, "there is no order '%s'; Tab lists them", name);
        return;
    }
    if (order == ORDER_SIMILAR) {
        app_warn(app, "{similar} puts finds like the one under the cursor first");
        return;
    }
    view_set_order(app->view, order, view_order_descends(order));
    app_say(app, "sorted by %s; {sort-reverse} reverses it", words_order(order));
}

static void filter_by(struct app *app, const char *text)
{
    app_ask_filter(app, text);
    app_prompt_key(app, K_ENTER);
}

static void untag(struct app *app, const char *nothing)
{
    (void)nothing;
    size_t *index = NULL, count = 0;
    struct err e;
    if (!app_check(app, session_tagged(app->session, &index, &count, &e), &e))
        return;
    if (count == 0)
        app_say(app, "nothing is tagged");
    else
        app_did(app, session_tag(app->session, index, count, false, &e), &e);
    app->library.on_tagged = false;
    free(index);
}

static void tag(struct app *app, const char *text)
{
    app_ask(app, ASK_TAG, text);
    app_prompt_key(app, K_ENTER);
}

static void set(struct app *app, const char *assignment)
{
    struct err e;
    struct config next = *app->config;
    enum status st = config_set(&next, assignment, &e);
    if (st == ST_OK)
        st = settings_check(app, &next, &e);
    if (!app_check(app, st, &e))
        return;
    app_say(app, "%s; :save keeps it", assignment);
    char name[96];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(assignment, " ="), assignment);
    settings_commit(app, &next, name);
}

static void theme(struct app *app, const char *name)
{
    struct err e;
    if (!*name)
        app_say(app, "theme %s", app->theme.name);
    else if (app_check(app, app_load_theme(app, name, &e), &e)) {
        struct config next = *app->config;
        snprintf(next.interface.theme, sizeof next.interface.theme, "%s", name);
        settings_commit(app, &next, "interface.theme");
        app_say(app, "theme %s; :save keeps it", app->theme.name);
    }
}

static void source(struct app *app, const char *name)
{
    long here = library_current(app), at = 0;
    if (*name)
        at = session_source_find(app->session, name);
    else if (here >= 0)
        at = (long)session_find(app->session, (size_t)here)->source;
    if (at < 0 || session_source_count(app->session) == 0) {
        app_warn(app, *name ? "there is no recording '%s'" : "there is no recording%s",
                 name);
        return;
    }
    source_open(app, at);
    app_show(app, SCREEN_SOURCE);
}

static void note(struct app *app, const char *text)
{
    struct err e;
    long at = library_wanted(app);
    library_refresh_detail(app, at);
    if (at < 0)
        return;
    if (!*text && !app->library.note[0])
        app_say(app, "%s has no note", session_find(app->session, (size_t)at)->name);
    else
        app_did(app, session_set_note(app->session, (size_t)at, text, &e), &e);
}

static void kit(struct app *app, const char *name)
{
    struct err e;
    if (*name)
        app_did(app, session_kit_name(app->session, name, &e), &e);
    else
        app_show(app, SCREEN_KIT);
}

static void go_to_row(struct app *app, const char *text)
{
    double v;
    if (!app_number(app, text, &v))
        return;
    if (v < 1)
        app_warn(app, "there is no row %s; the first is 1", text);
    else
        view_move_to(app->view, v < 1e9 ? (size_t)v - 1 : SIZE_MAX);
}

static void tempo(struct app *app, const char *text)
{
    double bpm;
    struct err e;
    if (!app_number(app, text, &bpm))
        return;
    if (bpm < KIT_BPM_MIN || bpm > KIT_BPM_MAX)
        app_warn(app, "a tempo is %d to %d bpm, not %s", KIT_BPM_MIN, KIT_BPM_MAX, text);
    else if (app_did(app, session_kit_tempo(app->session, bpm, &e), &e))
        kit_sync_sound(app);
}

static void device(struct app *app, const char *name)
{
    if (!app->transport)
        app_warn(app, "there is no sound in this session");
    else
        app_open_device(app, *name ? name : NULL);
}

static void volume(struct app *app, const char *text)
{
    double v;
    if (!app->transport) {
        app_warn(app, "there is no sound in this session");
    } else if (app_number(app, text, &v)) {
        transport_set_volume(app->transport, v);
        transport_get_status(app->transport, &app->sound);
        app_say(app, "volume %+.0f dB", app->sound.volume_db);
    }
}

static void mine(struct app *app, const char *what)
{
    if (strcmp(what, "all") == 0)
        app_ask_to_mine_all(app);
    else
        app_mine(app, *what ? what : NULL, *what != '\0');
}

static void help(struct app *app, const char *nothing)
{
    (void)nothing;
    app->help.about = app->screen;
    app_show(app, SCREEN_HELP);
}

static void jobs(struct app *app, const char *nothing)
{
    (void)nothing;
    app_show(app, SCREEN_JOBS);
}

static void settings(struct app *app, const char *nothing)
{
    (void)nothing;
    app_show(app, SCREEN_SETTINGS);
}

static void save(struct app *app, const char *nothing)
{
    (void)nothing;
    settings_save(app);
}

static void export_kit(struct app *app, const char *nothing)
{
    (void)nothing;
    app_export(app, true);
}

static void quit(struct app *app, const char *nothing)
{
    (void)nothing;
    app_quit(app);
}

static const struct {
    const char *name, *arguments, *help;
    enum completes completes;
    void (*does)(struct app *app, const char *rest);
} table[CMD_COUNT] = {
#define COMMAND(id, name, arguments, completion, does, help)                             \
    [CMD_##id] = {name, arguments, help, completion, does},
#include "ui/commands.def"
#undef COMMAND
};

/* --- which one is meant ------------------------------------------------------------ */

/* It cannot be done without, or nobody would heed it: how it is written. */
static bool miswritten(struct app *app, enum command c, const char *rest)
{
    const char *wants = table[c].arguments;
    bool lacks = !*rest && *wants && *wants != '[' && c != CMD_FILTER && c != CMD_NOTE;
    bool wrong = lacks || (*rest && !*wants);
    if (wrong)
        app_warn(app, "usage: :%s%s%s, %s", table[c].name, *wants ? " " : "", wants,
                 table[c].help);
    return wrong;
}

/* A whole name, or a beginning that only one has. */
static int command_named(const char *word, size_t length)
{
    int found = -1;
    for (int c = 0; c < CMD_COUNT && length > 0; c++) {
        if (strncmp(table[c].name, word, length) != 0)
            continue;
        if (table[c].name[length] == '\0')
            return c;
        found = found < 0 ? c : -2;
        if (found == -2)
            return -2;
    }
    return found;
}

void app_command(struct app *app, const char *line)
{
    line += strspn(line, " :");
    size_t length = strcspn(line, " ");
    if (length == 0)
        return;
    if (isdigit((unsigned char)*line)) {
        go_to_row(app, line);
        return;
    }
    bool q = length == 1 && (*line == 'q' || *line == 'w');
    int c = q ? (*line == 'q' ? CMD_QUIT : CMD_SAVE) : command_named(line, length);
    if (c < 0) {
        app_warn(app,
                 c == -2 ? "'%.*s' could be several commands; Tab lists them"
                         : "there is no command '%.*s'; Tab lists them",
                 (int)length, line);
        return;
    }
    const char *rest = line + length;
    rest += strspn(rest, " ");
    char argument[PROMPT_BYTES];
    snprintf(argument, sizeof argument, "%s", rest);
    for (size_t n = strlen(argument); n > 0 && argument[n - 1] == ' ';)
        argument[--n] = '\0';
    if (miswritten(app, (enum command)c, argument))
        return;
    table[c].does(app, argument);
}

/* --- completion -------------------------------------------------------------------- */

static int offer(struct app *app, int n, const char *word, const char *typed)
{
    if (n < COMPLETIONS_MAX && strncmp(word, typed, strlen(typed)) == 0)
        snprintf(app->prompt.completion[n++], COMPLETION_BYTES, "%.95s", word);
    return n;
}

/* *from goes on to the word of the filter that they are for. */
static int complete_filter(struct app *app, const char *typed, size_t *from)
{
    char words[COMPLETIONS_MAX][FILTER_WORD_BYTES];
    size_t begins = 0;
    int n = filter_complete(typed, words, COMPLETIONS_MAX, &begins);
    for (int i = 0; i < n; i++)
        offer(app, i, words[i], "");
    *from += begins;
    return n;
}

static int complete_argument(struct app *app, enum completes how, const char *typed)
{
    int n = 0;
    char names[COMPLETIONS_MAX][COMPLETION_BYTES];
    if (how == ORDER) {
        for (int o = 0; o < ORDER_MEASURE + ME_COUNT; o++)
            if (o != ORDER_SIMILAR)
                n = offer(app, n, words_order(o), typed);
    } else if (how == KEYS) {
        for (int i = 0; i < config_key_count(); i++) {
            snprintf(names[0], COMPLETION_BYTES, "%s=", config_key(i)->name);
            n = offer(app, n, names[0], typed);
        }
    } else if (how == THEME) {
        char theme_names[COMPLETIONS_MAX][THEMES_NAME_BYTES];
        int count = themes_names(app->setup.theme_dirs, theme_names, COMPLETIONS_MAX);
        for (int i = 0; i < count; i++)
            n = offer(app, n, theme_names[i], typed);
    } else if (how == RECORDING) {
        for (size_t i = 0; i < session_source_count(app->session); i++)
            n = offer(app, n, session_source(app->session, i)->stem, typed);
    } else if (how == DEVICE && app->transport) {
        int count = transport_devices(app->transport, names, COMPLETIONS_MAX);
        for (int i = 0; i < count; i++)
            n = offer(app, n, names[i], typed);
    }
    return n;
}

bool app_value_completes(const char *key)
{
    int i = config_find(key);
    bool named = strcmp(key, "interface.theme") == 0 || strcmp(key, "audio.device") == 0;
    return i >= 0 && (named || config_key(i)->type == CONFIG_CHOICE);
}

static int complete_value(struct app *app, const char *key, const char *typed)
{
    if (!app_value_completes(key))
        return 0;
    const char *words = config_key(config_find(key))->words;
    enum completes named = strcmp(key, "audio.device") == 0 ? DEVICE : THEME;
    int n = words ? 0 : complete_argument(app, named, typed);
    char word[COMPLETION_BYTES];
    for (int i = 0; text_part(word, sizeof word, words, '|', i); i++)
        n = offer(app, n, word, typed);
    /* one that stands there is not what is sought */
    bool whole = n == 1 && strcmp(app->prompt.completion[0], typed) == 0;
    return whole && *typed ? complete_value(app, key, "") : n;
}

static int complete_command(struct app *app, const char *typed, size_t *from)
{
    size_t length = strcspn(typed, " ");
    bool named = typed[length] == ' ';
    int c = named ? command_named(typed, length) : -1, n = 0;
    for (int i = 0; i < CMD_COUNT && !named; i++)
        n = offer(app, n, table[i].name, typed);
    if (c < 0)
        return n;
    const char *argument = typed + length + strspn(typed + length, " ");
    const char *value = strchr(argument, '=');
    *from = (size_t)(argument - typed);
    if (table[c].completes == FILTER)
        return complete_filter(app, argument, from);
    if (table[c].completes != KEYS || !value)
        return complete_argument(app, table[c].completes, argument);
    char key[COMPLETION_BYTES];
    snprintf(key, sizeof key, "%.*s", (int)(value++ - argument), argument);
    *from = (size_t)(value - typed);
    return complete_value(app, key, value);
}

int app_complete(struct app *app, const char *typed, size_t *from)
{
    *from = 0;
    if (app->asking == ASK_COMMAND)
        return complete_command(app, typed, from);
    if (app->asking == ASK_VALUE)
        return complete_value(app, config_key(app->settings.cursor)->name, typed);
    bool filters = app->asking == ASK_FILTER || app->asking == ASK_TAG;
    return filters ? complete_filter(app, typed, from) : 0;
}

const char *app_command_about(const char *line, const char **arguments)
{
    line += strspn(line, " :");
    int c = command_named(line, strcspn(line, " "));
    *arguments = c >= 0 ? table[c].arguments : "";
    return c >= 0 ? table[c].help : NULL;
}

const char *app_command_help(int i, const char **name, const char **arguments)
{
    if (i < 0 || i >= CMD_COUNT)
        return NULL;
    *name = table[i].name;
    *arguments = table[i].arguments;
    return table[i].help;
}
