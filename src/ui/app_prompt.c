/* What is typed on the line at the bottom, and what is asked there. */
#include "ui/state.h"

#include "core/filter.h"
#include "io/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct history *history_of(struct app *app, enum prompt_mode mode)
{
    switch (mode) {
    case ASK_COMMAND:
        return &app->commands;
    case ASK_FILTER:
    case ASK_TAG:
        return &app->filters;
    case ASK_SEARCH:
        return &app->searches;
    default:
        return NULL;
    }
}

void app_ask(struct app *app, enum prompt_mode mode, const char *text)
{
    app->asking = mode;
    app->filter_error.msg[0] = '\0';
    app->settings.problem[0] = '\0';
    prompt_begin(&app->prompt, text, history_of(app, mode));
}

const char *app_prompt_label(const struct app *app)
{
    switch (app->asking) {
    case ASK_COMMAND:
        return ":";
    case ASK_FILTER:
        return "filter ";
    case ASK_SEARCH:
        return "/";
    case ASK_TAG:
        return "tag what matches ";
    case ASK_VALUE:
        return "value ";
    case ASK_CONFIRM:
        return app->question;
    default:
        return "";
    }
}

const char *app_prompt_problem(const struct app *app)
{
    bool filters = app->asking == ASK_FILTER || app->asking == ASK_TAG;
    return app->prompt.full           ? "too long: the rest was left out"
           : filters                  ? app->filter_error.msg
           : app->asking == ASK_VALUE ? app->settings.problem
                                      : "";
}

const char *app_prompt_in_sight(const struct app *app, int cols, int *before)
{
    const char *text = app->prompt.text;
    char typed[PROMPT_BYTES];
    int room = cols - utf8_cells(app_prompt_label(app)) - 3;
    int problem = utf8_cells(app_prompt_problem(app));
    if (problem > 0) /* which has half of the line at most */
        room -= problem + 4 < room / 2 ? problem + 4 : room / 2;
    snprintf(typed, sizeof typed, "%.*s", (int)app->prompt.at, text);
    *before = utf8_cells(typed);
    while (*before > 0 && *before > room) {
        text += utf8_after(text, 0);
        *before = utf8_cells(typed + (text - app->prompt.text));
    }
    return text;
}

void app_ask_filter(struct app *app, const char *text)
{
    snprintf(app->library.before_prompt, PROMPT_BYTES, "%s", view_filter(app->view));
    long at = library_current(app);
    app->library.before_at = at >= 0 ? session_find(app->session, (size_t)at)->id : 0;
    app_ask(app, ASK_FILTER, text);
}

static void filter_as_before(struct app *app)
{
    view_set_filter(app->view, app->library.before_prompt, NULL);
    view_move_to_id(app->view, app->library.before_at);
}

/* As if all of it was typed at once: half a word leads the cursor nowhere. */
static void filter_typed(struct app *app)
{
    struct filter *f;
    enum filter_result r = filter_parse(&f, app->prompt.text, &app->filter_error);
    filter_free(f);
    if (r == FILTER_WRONG)
        return;
    app->filter_error.msg[0] = '\0';
    filter_as_before(app);
    view_set_filter(app->view, app->prompt.text, NULL);
}

/* The list follows every letter of the filter, and a value is checked with each. */
static void follow(struct app *app)
{
    if (app->asking == ASK_FILTER) {
        filter_typed(app);
    } else if (app->asking == ASK_TAG) {
        app->filter_error.msg[0] = '\0'; /* until it is asked for again */
    } else if (app->asking == ASK_VALUE) {
        settings_typed(app);
    }
}

/* While it is typed a filter may end in half a term, which is left out; not for good. */
static bool filter_stands(struct app *app, const char *text)
{
    enum filter_result r = view_set_filter(app->view, text, &app->filter_error);
    if (r == FILTER_INCOMPLETE)
        err_set(&app->filter_error, ST_USAGE, "%s", filter_unfinished);
    return r == FILTER_OK;
}

/* False: the expression is wrong, and what is wrong stands beside it. */
static bool tag_matching(struct app *app, const char *text)
{
    size_t *index = NULL, count = 0;
    struct err e;
    if (!*text) {
        app_say(app, "nothing was entered; * matches every name");
        return true;
    }
    if (view_matching(app->view, text, &index, &count, &app->filter_error) != ST_OK)
        return false;
    if (count == 0)
        app_say(app, "nothing here matches %s", text);
    else
        app_did(app, session_tag(app->session, index, count, true, &e), &e);
    free(index);
    return true;
}

bool app_search_action(struct app *app, const struct key_action *a, const char *wanted,
                       bool (*next)(struct app *app, int step))
{
    bool on = a->action == ACT_SEARCH_NEXT || a->action == ACT_SEARCH_PREV;
    if (a->action == ACT_SEARCH)
        app_ask(app, ASK_SEARCH, "");
    else if (on && !wanted[0])
        app_say(app, "nothing was searched for; {search} does");
    for (int i = 0; on && wanted[0] && i < turns(a); i++)
        if (!next(app, a->action == ACT_SEARCH_NEXT ? 1 : -1))
            break;
    return on || a->action == ACT_SEARCH;
}

static void search(struct app *app, const char *text)
{
    bool help = app->screen == SCREEN_HELP, settings = app->screen == SCREEN_SETTINGS;
    char *kept = help       ? app->help.search
                 : settings ? app->settings.search
                            : app->library.search;
    if (*text)
        snprintf(kept, PROMPT_BYTES, "%s", text);
    struct key_action next = {ACT_SEARCH_NEXT, 0, 0};
    const struct screen_ops *ops = help       ? &help_screen
                                   : settings ? &settings_screen
                                              : &library_screen;
    ops->act(app, &next);
}

/* `cat:drums`, typed among the pads, or `is:near-miss`: what is meant lies elsewhere. */
static bool widen(struct app *app)
{
    static const enum view_scope wider[] = {SCOPE_ALL, SCOPE_NEAR_MISSES};
    enum view_scope was = view_scope(app->view);
    if (was == SCOPE_BEST_OF || was == SCOPE_NEAR_MISSES || !view_filter(app->view)[0])
        return false;
    for (size_t i = 0; i < sizeof wider / sizeof *wider; i++) {
        view_set_scope(app->view, wider[i]);
        if (view_count(app->view) > 0)
            return true;
    }
    view_set_scope(app->view, was);
    return false;
}

/* How many rows are left, or why none is; where none of a category is, all are shown. */
static void say_filtered(struct app *app)
{
    char rows[24];
    const char *among = view_scope_name(view_scope(app->view));
    bool wide = view_count(app->view) == 0 && widen(app);
    size_t n = view_count(app->view);
    text_count(rows, sizeof rows, n);
    if (wide && view_scope(app->view) == SCOPE_NEAR_MISSES)
        app_say(app, "only %s near miss%s match%s; {clear-filter} clears the filter",
                rows, n == 1 ? "" : "es", n == 1 ? "es" : "");
    else if (wide)
        app_say(app,
                "none of the %s, but %s of all match%s; {clear-filter} clears the filter",
                among, rows, n == 1 ? "es" : "");
    else if (n == 0)
        app_say(app, "%s", view_empty_reason(app->view));
    else if (view_filter(app->view)[0])
        app_say(app, "%s match%s; {clear-filter} clears the filter", rows,
                n == 1 ? "es" : "");
}

static void done(struct app *app)
{
    enum prompt_mode mode = app->asking;
    char text[PROMPT_BYTES];
    snprintf(text, sizeof text, "%s", app->prompt.text);
    if (mode == ASK_VALUE) {
        settings_entered(app); /* stays open while the value is wrong */
        return;
    }
    if (mode == ASK_FILTER && !filter_stands(app, text))
        return; /* what is wrong stands beside it; Esc brings back the filter before */
    if (mode == ASK_TAG && !tag_matching(app, text))
        return;
    struct history *h = history_of(app, mode);
    if (h)
        history_add(h, text);
    app->asking = ASK_NOTHING;
    if (mode == ASK_COMMAND)
        app_command(app, text);
    else if (mode == ASK_SEARCH)
        search(app, text);
    else if (mode == ASK_FILTER)
        say_filtered(app);
    app_audition_soon(app);
}

static void cancelled(struct app *app)
{
    if (app->asking == ASK_FILTER)
        filter_as_before(app);
    if (app->asking == ASK_VALUE) { /* what was wrong with it is past */
        app->echo[0] = '\0';
        app->echo_role = ROLE_TEXT;
    }
    app->asking = ASK_NOTHING;
}

static void complete(struct app *app)
{
    struct prompt *p = &app->prompt;
    size_t from;
    char typed[PROMPT_BYTES];
    snprintf(typed, sizeof typed, "%.*s", (int)p->at, p->text);
    int n = app_complete(app, typed, &from);
    prompt_complete(p, n, from);
}

/* --- questions --------------------------------------------------------------------- */

void app_confirm(struct app *app, const char *question, void (*yes)(struct app *),
                 void (*no)(struct app *))
{
    snprintf(app->question, sizeof app->question, "%s", question);
    app->confirmed = yes;
    app->declined = no;
    app->asking = ASK_CONFIRM;
}

static void really_quit(struct app *app)
{
    app->quit = true;
}

static void save_and_quit(struct app *app)
{
    app->quit = settings_save(app);
}

static void ask_to_save(struct app *app)
{
    if (settings_changed(app) && app->setup.ops.save_config)
        app_confirm(app, "the settings have unsaved changes. Save them?", save_and_quit,
                    really_quit);
    else
        app->quit = true;
}

void app_quit(struct app *app)
{
    if (app->batch.active == 0) {
        ask_to_save(app);
        return;
    }
    char question[120];
    snprintf(question, sizeof question,
             "%d %s running; what was found so far is kept. Quit?", app->batch.active,
             app->batch.active == 1 ? "job is" : "jobs are");
    app_confirm(app, question, ask_to_save, NULL);
}

static void answer(struct app *app, uint32_t key)
{
    bool yes = key == 'y' || key == 'Y' || key == K_ENTER;
    bool no = key == 'n' || key == 'N';
    app->asking = ASK_NOTHING;
    if (yes)
        app->confirmed(app);
    else if (no && app->declined)
        app->declined(app);
    else if (!no && key != K_ESC && key != 'q' && key != KEY_CONTROL('C'))
        app_key(app, key); /* typed ahead: not even its Enter is an answer */
}

void app_prompt_key(struct app *app, uint32_t key)
{
    if (key == KEY_CONTROL('Z') || key == KEY_CONTROL('L')) { /* what is typed stays */
        app->suspend |= key == KEY_CONTROL('Z');
        app->redraw |= key == KEY_CONTROL('L');
        return;
    }
    if (app->asking == ASK_CONFIRM) {
        answer(app, key);
        return;
    }
    switch (prompt_key(&app->prompt, key)) {
    case PROMPT_DONE:
        done(app);
        break;
    case PROMPT_CANCELLED:
        cancelled(app);
        break;
    case PROMPT_TAB:
        complete(app);
        follow(app);
        break;
    case PROMPT_EDITED:
        if (app->prompt.text[0] == '\0' && key == K_BACKSPACE &&
            app->asking == ASK_COMMAND && app->prompt.at == 0 &&
            app->prompt.recalled == 0)
            cancelled(app);
        follow(app);
        break;
    case PROMPT_MOVED:
        break;
    }
}

void app_paste_key(struct app *app, uint32_t key)
{
    if (key == K_PASTE_BEGIN || key == K_PASTE_END) {
        app->pasting = key == K_PASTE_BEGIN;
        if (app->pasting && app->asking == ASK_NOTHING)
            app_warn(app,
                     "pasted text is ignored here; {command} opens a line that takes it");
        return;
    }
    if (app->asking == ASK_NOTHING || app->asking == ASK_CONFIRM)
        return;
    app_prompt_key(app, key < 0x20 ? ' ' : key);
}
