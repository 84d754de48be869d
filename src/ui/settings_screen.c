/* The settings: every key of the config table, checked as it is typed. */
#include "ui/state.h"

#include "core/array.h"
#include "core/filter.h"
#include "io/paths.h"
#include "io/text.h"
#include "ui/themes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A key's row has a heading above it when its section is new. */
static bool begins_section(int i)
{
    const char *name = config_key(i)->name;
    return i == 0 || strncmp(config_key(i - 1)->name, name, strcspn(name, ".") + 1) != 0;
}

static int rows_before(int key)
{
    int rows = 0;
    for (int i = 0; i < key; i++)
        rows += begins_section(i) ? 3 : 1;
    return rows + (begins_section(key) ? 2 : 0);
}

static void draw_key(struct app *app, const struct area *a, int row, int i)
{
    const struct config_key *k = config_key(i);
    char value[256];
    config_get(app->config, i, value, sizeof value);
    if (i == app->settings.cursor)
        area_cursor(a, row, 0, a->cols);
    bool changed = !config_is_default(app->config, i);
    area_fit(a, row, 3, 34, changed ? ROLE_STRONG : ROLE_TEXT, CUT_END,
             k->name + strcspn(k->name, ".") + 1);
    int room = a->cols >= 110 ? 30 : a->cols - 40;
    area_fit(a, row, 38, room, changed ? ROLE_STRONG : ROLE_TEXT, CUT_END, value);
    if (a->cols < 110)
        return;
    area_fit(a, row, 69, 6, ROLE_DIM, CUT_END, k->unit);
    area_fit(a, row, 76, a->cols - 77, ROLE_DIM, CUT_END, k->help);
}

static void draw_heading(const struct area *a, int row, int i)
{
    const char *name = config_key(i)->name;
    char section[64];
    snprintf(section, sizeof section, "%.*s", (int)strcspn(name, "."), name);
    const char *help = config_section_help(section);
    int col = area_printf(a, row, 1, ROLE_TITLE, "%s", section);
    if (help)
        area_fit(a, row, col + 2, a->cols - col - 3, ROLE_DIM, CUT_END, help);
}

static void draw_about(struct app *app, const struct area *a)
{
    const struct config_key *k = config_key(app->settings.cursor);
    char expected[200];
    config_expected(expected, sizeof expected, k);
    area_hline(a, 0);
    int col = area_printf(a, 1, 1, ROLE_STRONG, "%s   ", k->name);
    col = frame_hint(app, a, 1, col, "{detail} changes it  {cancel} default  ");
    if (a->cols >= 100) { /* the title says it, too */
        col = area_text(a, 1, col, ROLE_KEY, ":save");
        area_text(a, 1, col + 1, ROLE_HINT, "keeps them");
    }
    area_fit(a, 2, 1, a->cols - 2, ROLE_TEXT, CUT_END, k->help);
    col = area_printf(a, 3, 1, ROLE_DIM, "%s, normally ", expected);
    area_fit(a, 3, col, a->cols - col - 1, ROLE_DIM, CUT_END, k->default_text);
}

static void draw(struct app *app, const struct area *a)
{
    struct settings_state *s = &app->settings;
    struct area rest = frame_ruled(app, a,
                                   settings_changed(app)
                                       ? "settings   changed, not saved: :save keeps them"
                                       : "settings");
    struct area about = area_bottom(&rest, 4);
    draw_about(app, &about);
    int at = rows_before(s->cursor);
    if (at - 3 < s->top)
        s->top = at - 3 > 0 ? at - 3 : 0;
    if (at >= s->top + rest.rows - 1)
        s->top = at - rest.rows + 2;
    int row = -s->top;
    for (int i = 0; i < config_key_count(); i++) {
        if (begins_section(i)) {
            draw_heading(&rest, row + 1, i);
            row += 2;
        }
        draw_key(app, &rest, row++, i);
    }
}

/* --- values ------------------------------------------------------------------------ */

enum status settings_check(const struct app *app, const struct config *next,
                           struct err *e)
{
    struct theme unused;
    const char *theme = next->interface.theme;
    enum status st = config_check(next, e);
    if (st == ST_OK && strcmp(theme, app->config->interface.theme) != 0)
        st = themes_load(&unused, app->setup.theme_dirs, theme, e);
    return st;
}

static enum status try_value(struct app *app, int key, const char *value,
                             struct config *next, struct err *e)
{
    *next = *app->config;
    enum status st = config_set_key(next, config_key(key)->name, value, e);
    return st == ST_OK ? config_check(next, e) : st;
}

/* Beside the value, which needs no repeating: what would be right stands in sight. */
static void note_problem(struct app *app, const char *sentence)
{
    const char *expected = strstr(sentence, "; expected ");
    snprintf(app->settings.problem, sizeof app->settings.problem, "%.255s",
             expected ? expected + 2 : sentence);
}

void settings_typed(struct app *app)
{
    struct config next;
    struct err e;
    enum status st = try_value(app, app->settings.cursor, app->prompt.text, &next, &e);
    note_problem(app, st == ST_OK ? "" : e.msg);
}

/* What takes effect while the workstation runs. */
static void take_effect(struct app *app, const char *name)
{
    struct err e;
    app->kit.counted = false; /* stereo samples may cost twice now */
    const struct app_ops *ops = &app->setup.ops;
    if (strcmp(name, "paths.source_audio_dir") == 0 && ops->find_recordings) {
        bool found = ops->find_recordings(ops->user, app->config);
        source_listen_again(app);
        if (found)
            app_say(app, "the recordings are in %s; :save keeps it",
                    app->setup.input_dir);
        else
            app_warn(app, "there is no folder %s", app->config->paths.source_audio_dir);
    }
    if (strncmp(name, "pad_miner.", 10) == 0 || strncmp(name, "pre_analysis.", 13) == 0)
        source_follow_settings(app);
    if (strcmp(name, "separation.pads") == 0)
        source_listen_again(app);
    if (strcmp(name, "interface.theme") == 0)
        app_check(app, app_load_theme(app, app->config->interface.theme, &e), &e);
    int key = config_find(name);
    if (key >= 0 && config_at_start(key))
        app_say(app, "%s takes effect at the next start; :save keeps it", name);
    if (!app->transport)
        return;
    if (strcmp(name, "audio.volume_db") == 0)
        transport_set_volume(app->transport, app->config->audio.volume_db);
    else if (strcmp(name, "audio.match_levels") == 0)
        transport_set_matched(app->transport, app->config->audio.match_levels);
    else if (strcmp(name, "interface.loop_audition") == 0)
        transport_set_loop(app->transport, app->config->interface.loop_audition);
    else if (strcmp(name, "audio.device") == 0)
        transport_reconnect(app->transport, app->config->audio.device);
}

/* --- back and forth ---------------------------------------------------------------- */

enum { VALUE_BYTES = CONFIG_TEXT_BYTES + 64 };

static void forget_from(struct settings_state *s, int at)
{
    while (s->steps > at) {
        s->steps--;
        free(s->step[s->steps].was);
        free(s->step[s->steps].is);
    }
}

/* Without memory it is not taken back, that is all. */
static void remember(struct settings_state *s, int key, const char *was, const char *is)
{
    forget_from(s, s->at);
    if (s->saved > s->at)
        s->saved = -1;
    struct settings_step step = {key, strdup(was), strdup(is)};
    if (!step.was || !step.is ||
        !array_grow(&s->step, &s->room, (size_t)s->steps + 1, sizeof *s->step)) {
        free(step.was);
        free(step.is);
        s->saved = -1;
        return;
    }
    s->step[s->steps++] = step;
    s->at = s->steps;
}

bool settings_changed(const struct app *app)
{
    return app->settings.at != app->settings.saved;
}

bool settings_save(struct app *app)
{
    struct err e;
    const struct app_ops *ops = &app->setup.ops;
    if (!ops->save_config)
        app_warn(app, "settings cannot be saved here");
    if (!ops->save_config ||
        !app_check(app, ops->save_config(ops->user, app->config, &e), &e))
        return false;
    app->settings.saved = app->settings.at;
    app_say(app, "settings saved");
    return true;
}

void settings_done(struct app *app)
{
    forget_from(&app->settings, 0);
    free(app->settings.step);
}

void settings_commit(struct app *app, const struct config *next, const char *name)
{
    char was[VALUE_BYTES], is[VALUE_BYTES], path[VALUE_BYTES];
    struct config taken = *next;
    int key = config_find(name);
    if (key >= 0 && strncmp(name, "paths.", 6) == 0 &&
        config_get(next, key, is, sizeof is) && is[0] == '~') {
        path_from_home(path, sizeof path, is); /* no shell has read it */
        config_set_key(&taken, name, path, NULL);
    }
    if (key >= 0 && config_get(app->config, key, was, sizeof was) &&
        config_get(&taken, key, is, sizeof is) && strcmp(was, is) != 0)
        remember(&app->settings, key, was, is);
    *app->config = taken;
    take_effect(app, name);
}

static bool goes_back(const struct settings_state *s, bool back)
{
    return back ? s->at > 0 : s->at < s->steps;
}

static void go_back(struct app *app, bool back)
{
    struct settings_state *s = &app->settings;
    struct err e;
    if (!goes_back(s, back)) {
        app_say(app, back ? "no setting was changed here" : "no setting was taken back");
        return;
    }
    const struct settings_step *step = &s->step[back ? s->at - 1 : s->at];
    const char *name = config_key(step->key)->name, *value = back ? step->was : step->is;
    struct config next;
    if (!app_check(app, try_value(app, step->key, value, &next, &e), &e))
        return;
    s->at += back ? -1 : 1;
    s->cursor = step->key;
    *app->config = next;
    app_say(app, back ? "%s is %s again; {redo} redoes" : "%s is %s; {undo} undoes", name,
            value);
    take_effect(app, name);
}

/* --- searching --------------------------------------------------------------------- */

static bool search(struct app *app, int step)
{
    struct settings_state *s = &app->settings;
    char wanted[PROMPT_BYTES], text[PROMPT_BYTES], folded[PROMPT_BYTES];
    int count = config_key_count();
    filter_fold(wanted, sizeof wanted, s->search);
    for (int i = 1; i <= count; i++) {
        int at = come_round(s->cursor, step * i, count);
        snprintf(text, sizeof text, "%s %s", config_key(at)->name, config_key(at)->help);
        filter_fold(folded, sizeof folded, text);
        if (strstr(folded, wanted)) {
            s->cursor = at;
            return true;
        }
    }
    app_say(app, "no setting contains '%s'", s->search);
    return false;
}

/* --- acting ------------------------------------------------------------------------ */

static bool take(struct app *app, const char *value)
{
    struct config next;
    struct err e;
    enum status st = try_value(app, app->settings.cursor, value, &next, &e);
    if (st == ST_OK) /* reads files, and therefore not with every letter */
        st = settings_check(app, &next, &e);
    if (!app_check(app, st, &e)) {
        note_problem(app, e.msg);
        return false;
    }
    const char *name = config_key(app->settings.cursor)->name;
    app_say(app, "%s is %s; :save keeps it", name, value);
    settings_commit(app, &next, name);
    return true;
}

void settings_entered(struct app *app)
{
    char value[PROMPT_BYTES];
    snprintf(value, sizeof value, "%s", app->prompt.text);
    if (take(app, value))
        app->asking = ASK_NOTHING;
}

/* true and false, and the words of a choice, go round without typing. */
static bool next_word(const struct config_key *k, const char *value, int step, char *to,
                      size_t n)
{
    const char *words = k->type == CONFIG_BOOL ? "false|true" : k->words;
    if (!words || (k->type != CONFIG_BOOL && k->type != CONFIG_CHOICE))
        return false;
    int count = 0, at = 0;
    for (; text_part(to, n, words, '|', count); count++)
        if (strcmp(to, value) == 0)
            at = count;
    return text_part(to, n, words, '|', come_round(at, step, count));
}

/* Numbers change by steps, or are typed. */
static void change(struct app *app, int step, bool typed)
{
    const struct config_key *k = config_key(app->settings.cursor);
    char value[PROMPT_BYTES], next[64];
    config_get(app->config, app->settings.cursor, value, sizeof value);
    if (next_word(k, value, step, next, sizeof next)) {
        take(app, next);
    } else if (!typed && (k->type == CONFIG_INT || k->type == CONFIG_REAL)) {
        double normal = strtod(k->default_text, NULL);
        bool short_time = strcmp(k->unit, "s") == 0 && normal < 2;
        bool whole = k->type == CONFIG_INT || (k->high - k->low > 20 && !short_time);
        double by = whole ? 1 : 0.05;
        snprintf(next, sizeof next, "%.6g", strtod(value, NULL) + step * by);
        take(app, next);
    } else {
        app_ask(app, ASK_VALUE, value);
    }
}

static void next_section(struct app *app, int step)
{
    int *at = &app->settings.cursor, count = config_key_count();
    do
        *at = come_round(*at, step, count);
    while (!begins_section(*at));
}

static bool act(struct app *app, const struct key_action *a)
{
    struct settings_state *s = &app->settings;
    int n = times_asked(a);
    bool undo = a->action == ACT_UNDO;
    long to = moved_row(a, s->cursor, config_key_count(), app->canvas.rows - 12);
    if (to >= 0) {
        s->cursor = (int)to;
        return true;
    }
    switch (a->action) {
    case ACT_DETAIL:
        change(app, 1, true);
        return true;
    case ACT_THRESHOLD_UP:
        change(app, n, false);
        return true;
    case ACT_THRESHOLD_DOWN:
        change(app, -n, false);
        return true;
    case ACT_CANCEL:
        take(app, config_key(s->cursor)->default_text);
        return true;
    case ACT_NEXT_CATEGORY:
    case ACT_PANE:
        for (int i = 0; i < turns(a); i++)
            next_section(app, 1);
        return true;
    case ACT_PREV_CATEGORY:
        for (int i = 0; i < turns(a); i++)
            next_section(app, -1);
        return true;
    case ACT_UNDO:
    case ACT_REDO:
        for (int i = 0; i < turns(a) && (i == 0 || goes_back(s, undo)); i++)
            go_back(app, undo);
        return true;
    default:
        return app_search_action(app, a, s->search, search);
    }
}

const struct screen_ops settings_screen = {draw, act, NULL};
