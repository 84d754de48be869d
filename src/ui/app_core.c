/* The workstation without a terminal: its state, keys in, canvas out. */
#include "ui/state.h"

#include "ui/themes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct screen_ops *const screens[SCREEN_COUNT] = {
    [SCREEN_LIBRARY] = &library_screen,   [SCREEN_KIT] = &kit_screen,
    [SCREEN_SOURCE] = &source_screen,     [SCREEN_JOBS] = &jobs_screen,
    [SCREEN_SETTINGS] = &settings_screen, [SCREEN_HELP] = &help_screen};

__attribute__((format(printf, 3, 0))) static void say(struct app *app, enum role role,
                                                      const char *format, va_list args)
{
    char said[ECHO_BYTES];
    vsnprintf(said, sizeof said, format, args);
    app_name_keys(app, said, app->echo, sizeof app->echo);
    app->echo_role = role;
    app->dirty = true;
}

void app_say(struct app *app, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(app, ROLE_TEXT, format, args);
    va_end(args);
}

void app_warn(struct app *app, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(app, ROLE_WARNING, format, args);
    va_end(args);
}

bool app_check(struct app *app, enum status st, const struct err *e)
{
    if (st != ST_OK)
        app_warn(app, "%s", e->msg);
    return st == ST_OK;
}

bool app_did(struct app *app, enum status st, const struct err *e)
{
    if (st == ST_OK)
        app_say(app, "%s", session_echo(app->session));
    return app_check(app, st, e);
}

/* --- starting ---------------------------------------------------------------------- */

bool app_recordings_gone(const struct app *app)
{
    return (!app->setup.input_dir || !app->setup.input_dir[0]) &&
           session_source_count(app->session) > 0 && app->setup.ops.find_recordings;
}

void app_say_hello(struct app *app)
{
    const struct session_tallies *t = session_tallies(app->session);
    if (app->greeted || session_count(app->session) == 0 || app->echo[0])
        return;
    app->greeted = true;
    if (t->all.accepted + t->all.rejected == 0)
        app_say(app,
                "{down} and {up} move and play, {accept} keeps, {reject} drops, {undo} "
                "takes back; {help} shows all keys");
}

/* Where somebody stopped: the next undecided find after the last that was judged. False:
 * nobody has begun, or it is not there any more. */
static bool go_on(struct app *app)
{
    uint64_t id = catalog_last_judged(session_catalog(app->session));
    long at = id != 0 ? session_index_of(app->session, id) : -1;
    const struct find *f = at >= 0 ? session_find(app->session, (size_t)at) : NULL;
    if (!f || f->gone)
        return false;
    view_set_scope(app->view, f->near_miss
                                  ? SCOPE_NEAR_MISSES
                                  : SCOPE_CATEGORY + (enum view_scope)f->category);
    view_move_to_id(app->view, id);
    if (f->decision != DECISION_NONE)
        view_next_undecided(app->view, 0);
    return true;
}

/* At first pads, where there are any: scores of different categories do not compare. */
static void greet(struct app *app)
{
    const struct session_tallies *t = session_tallies(app->session);
    view_float(app->view);
    if (!go_on(app) && t->category[CAT_PADS].undecided > 0)
        view_set_scope(app->view, SCOPE_CATEGORY + CAT_PADS);
    app_say_hello(app);
}

enum status app_init(struct app *app, const struct app_setup *setup, struct err *e)
{
    memset(app, 0, sizeof *app);
    app->setup = *setup;
    app->session = setup->session;
    app->jobs = setup->jobs;
    app->transport = setup->transport;
    app->config = setup->config;
    app->echo_role = ROLE_TEXT;
    app->library.detail_index = -1;
    app->source.source = app->source.track_source = app->source.places_source = -1;
    app->source.only = CATEGORY_ANY;
    app->source.found_before = app->source.found_now = -1;
    app->dirty = true;
    enum status st = view_new(&app->view, app->session, e);
    if (st == ST_OK)
        st = jobs_new(&app->quick, 2, NULL, e);
    if (st == ST_OK)
        st = jobs_new(&app->disk, 1, NULL, e);
    if (st != ST_OK) {
        jobs_free(app->quick);
        view_free(app->view);
        return st;
    }
    struct err keys;
    enum status keys_read = app_load_keys(app, &keys); /* what is said names keys */
    app_load_history(app);
    if (app->transport)
        app_sound_begin(app);
    greet(app);
    if (app_recordings_gone(app))
        app_warn(app,
                 "no recordings at %.200s: finds can be heard, but not in context; :set "
                 "paths.source_audio_dir=FOLDER",
                 app->config->paths.source_audio_dir);
    if (keys_read != ST_OK) /* said last: every key pressed depends on it */
        app_warn(app, "%s; the default keys are used", keys.msg);
    return ST_OK;
}

void app_done(struct app *app)
{
    app_save_history(app);
    app->quit = true; /* what ends now begins nothing */
    jobs_free(app->quick);
    jobs_free(app->disk);
    if (app->news)
        session_reread_drop(app->session, app->news);
    app_pictures_done(app);
    app_cuts_done(app);
    source_done(app);
    kit_contents_done(app);
    settings_done(app);
    view_free(app->view);
    canvas_done(&app->canvas);
}

/* --- going about ------------------------------------------------------------------- */

bool app_shows_finds(enum screen screen)
{
    return screen == SCREEN_LIBRARY || screen == SCREEN_SOURCE;
}

void app_show(struct app *app, enum screen screen)
{
    if (app->screen == screen)
        return;
    if (app->depth == SCREEN_DEPTH) {
        memmove(app->back, app->back + 1, sizeof app->back - sizeof app->back[0]);
        app->depth--;
    }
    app->back[app->depth++] = app->screen;
    app->screen = screen;
    if (!app_shows_finds(screen)) /* what was about to sound is not looked at any more */
        app->audition_at = 0;
    app->page.open = false;
    if (screens[screen]->enter)
        screens[screen]->enter(app);
}

void app_back(struct app *app)
{
    app->screen = app->depth > 0 ? app->back[--app->depth] : SCREEN_LIBRARY;
}

static void show_page(struct app *app, const char *title, const char *text)
{
    if (app->screen == SCREEN_HELP) /* whose keys are not those of a page */
        app_back(app);
    snprintf(app->page.title, sizeof app->page.title, "%s", title);
    snprintf(app->page.text, sizeof app->page.text, "%s", text);
    app->page.top = 0;
    app->page.open = true;
    app->page.confirms_export = false;
    app->dirty = true;
}

enum status app_load_theme(struct app *app, const char *name, struct err *e)
{
    enum status st = themes_load(&app->theme, app->setup.theme_dirs, name, e);
    app->theme_changed |= st == ST_OK;
    return st;
}

/* --- what takes long --------------------------------------------------------------- */

static void replied(void *to, enum status st, const char *sentence, const char *report)
{
    struct app *app = to;
    app->looking = false;
    if (report && *report)
        show_page(app, sentence ? sentence : "report", report);
    if (st == ST_OK)
        app_say(app, "%s", sentence ? sentence : "done");
    else
        app_warn(app, "%s", sentence ? sentence : status_text(st));
}

static void replied_dry_run(void *to, enum status st, const char *sentence,
                            const char *report)
{
    struct app *app = to;
    struct budget b;
    bool set = session_tallies(app->session)->in_set > 0;
    const char *who = NULL;
    replied(to, st, sentence, report);
    kit_budget(app, &b);
    if (b.files == 0)
        who = set ? "Nothing is accepted and no slot is filled: this takes what curate "
                    "picked."
                  : "Nothing is accepted and no slot is filled: this takes the best of "
                    "everything.";
    else if (set)
        who = "Only what you accepted or put into the kit; what curate picked is under "
              "best of.";
    if (who && st == ST_OK && app->page.open)
        snprintf(app->page.text, sizeof app->page.text, "%s\n\n%s", who, report);
    app->page.confirms_export = st == ST_OK && app->page.open;
    app->page.unseen = app->page.confirms_export;
}

struct app_reply app_reply_to(struct app *app)
{
    return (struct app_reply){replied, app};
}

static void ask_to_mine(struct app *app, const struct mine_request *r,
                        struct app_reply reply)
{
    struct err e;
    const struct app_ops *ops = &app->setup.ops;
    if (!ops->mine)
        app_warn(app, "mining is not available here");
    else
        app->looking = app_check(app, ops->mine(ops->user, r, reply, &e), &e);
}

void app_mine(struct app *app, const char *source, bool force)
{
    struct mine_request r = {.source = source, .force = force, .config = app->config};
    app_say(app, source ? "mining %s again" : "looking for recordings",
            source ? source : "");
    ask_to_mine(app, &r, app_reply_to(app));
}

/* That there is nothing new is no news to a project with finds. */
static void replied_at_start(void *to, enum status st, const char *sentence,
                             const char *report)
{
    struct app *app = to;
    app->looking = false;
    if (st != ST_NOTHING || session_count(app->session) == 0)
        replied(app, st, sentence, report);
}

void app_mine_at_start(struct app *app)
{
    struct mine_request r = {.at_start = true, .config = app->config};
    ask_to_mine(app, &r, (struct app_reply){replied_at_start, app});
}

static void mine_all_again(struct app *app)
{
    app_mine(app, NULL, true);
}

void app_ask_to_mine_all(struct app *app)
{
    char question[120];
    size_t n = session_source_count(app->session);
    if (app->batch.active > 0) /* all are not known yet */
        snprintf(question, sizeof question, "mine all again? Decisions stay.");
    else
        snprintf(question, sizeof question,
                 "mine all %zu recording%s again? Decisions stay.", n, n == 1 ? "" : "s");
    app_confirm(app, question, mine_all_again, NULL);
}

void app_export(struct app *app, bool dry_run)
{
    struct err e;
    const struct app_ops *ops = &app->setup.ops;
    if (!ops->export_kit) {
        app_warn(app, "export is not available here");
        return;
    }
    const char *name = session_kit(app->session)->name;
    struct export_request r = {.kit_name = name, .dry_run = dry_run, .stereo = false};
    struct app_reply reply = {dry_run ? replied_dry_run : replied, app};
    app_say(app, dry_run ? "seeing what would be written" : "writing the kit");
    app->page.unseen = dry_run;
    app->page.unseen &= app_check(app, ops->export_kit(ops->user, &r, reply, &e), &e);
}

/* --- keys -------------------------------------------------------------------------- */

enum { PAGE_LINES = 1 << 20 }; /* more than any has: drawing knows its end */

/* Would the action change something that the page covers? */
static bool decides(enum action a)
{
    enum action_group g = action_info(a)->group;
    return g == GROUP_DECIDE || g == GROUP_MARK || g == GROUP_EDIT ||
           (g == GROUP_KIT && a != ACT_KIT && a != ACT_DRY_RUN);
}

static bool page_act(struct app *app, const struct key_action *a)
{
    struct page_state *p = &app->page;
    long to = moved_row(a, p->top, PAGE_LINES, app->canvas.rows - 6);
    if (to >= 0) {
        p->top = (int)to;
        return true;
    }
    switch (a->action) {
    case ACT_DETAIL:
        p->open = false;
        if (p->confirms_export)
            app_export(app, false);
        return true;
    case ACT_CLOSE:
        p->open = p->unseen = false;
        return true;
    default:
        if (decides(a->action))
            app_warn(app, "{back} leaves this page first");
        return decides(a->action);
    }
}

static void undo_redo(struct app *app, const struct key_action *a)
{
    struct err e;
    long index = -1, at = library_current(app);
    uint64_t heard = app_heard_as(app, at);
    char said[ECHO_BYTES], all[32] = "";
    for (int i = 0; i < times_asked(a); i++) {
        enum status st = a->action == ACT_UNDO ? session_undo(app->session, &index, &e)
                                               : session_redo(app->session, &index, &e);
        if (st != ST_OK && st != ST_NOTHING) {
            app_check(app, st, &e);
            return;
        }
        if (st == ST_NOTHING && i > 0)
            break; /* what was done before that stays said */
        snprintf(said, sizeof said, "%s", session_echo(app->session));
        if (st == ST_NOTHING)
            break;
        if (i > 0)
            snprintf(all, sizeof all, " (%d in all)", i + 1);
    }
    if (index >= 0) {
        view_move_to_id(app->view, session_find(app->session, (size_t)index)->id);
        if (app->screen == SCREEN_SOURCE)
            source_go_to(app, index);
        bool listed = app_shows_finds(app->screen);
        if (listed && library_current(app) == at && app_heard_as(app, at) != heard)
            app_play_edited(app, at);
        else if (listed)
            app_audition_soon(app);
    }
    kit_sync_sound(app);
    app_say(app, "%s%s", said, all);
}

/* Actions that mean the same on every screen. */
static bool common_act(struct app *app, const struct key_action *a)
{
    switch (a->action) {
    case ACT_UNDO:
    case ACT_REDO:
        undo_redo(app, a);
        return true;
    case ACT_KIT:
        app_show(app, SCREEN_KIT);
        return true;
    case ACT_JOBS:
        app_show(app, SCREEN_JOBS);
        return true;
    case ACT_SETTINGS:
        app_show(app, SCREEN_SETTINGS);
        return true;
    case ACT_HELP:
        if (app->screen != SCREEN_HELP)
            app->help.about = app->screen;
        app_show(app, SCREEN_HELP);
        return true;
    case ACT_COMMAND:
        app_ask(app, ASK_COMMAND, "");
        return true;
    case ACT_MINE:
        app_mine(app, NULL, false);
        return true;
    case ACT_EXPORT:
    case ACT_DRY_RUN:
        app_export(app, true);
        return true;
    case ACT_CLOSE:
        if (app->screen == SCREEN_LIBRARY)
            app_quit(app);
        else
            app_back(app);
        return true;
    case ACT_QUIT:
        app_quit(app);
        return true;
    case ACT_REDRAW:
        app->redraw = true;
        return true;
    case ACT_SUSPEND:
        app->suspend = true;
        return true;
    default:
        return false;
    }
}

static void act(struct app *app, const struct key_action *a)
{
    bool stays = a->action == ACT_REDRAW || a->action == ACT_SUSPEND;
    if (app->page.unseen && a->action == ACT_DETAIL) {
        app_warn(app, "the preview has not been shown yet");
        return;
    }
    if (app->page.open && page_act(app, a))
        return;
    if (app->page.open && !stays)
        app->page.open = app->page.unseen = false;
    if (screens[app->screen]->act(app, a) || common_act(app, a))
        return;
    if (app->transport && app_sound_action(app, a))
        return;
    app_warn(app,
             app->transport ? "%s means nothing here" : "%s: no sound in this session",
             action_info(a->action)->name);
}

/* Esc closes what is open, but never quits: it is easily pressed once too often. */
static void leave(struct app *app)
{
    const struct key_action close = {.action = ACT_CLOSE};
    if (app->page.open || app->screen != SCREEN_LIBRARY)
        act(app, &close);
    else if (!library_screen.act(app, &close))
        app_say(app, "nothing is open here; {back} quits");
}

void app_key(struct app *app, uint32_t key)
{
    app->dirty = true;
    if (app->pasting || key == K_PASTE_BEGIN || key == K_PASTE_END) {
        app_paste_key(app, key);
        return;
    }
    if (app->asking != ASK_NOTHING) {
        app_prompt_key(app, key);
        return;
    }
    struct key_action a;
    enum key_result r = keymap_feed(&app->map, app->screen, &app->keys, key, &a);
    library_touched(app, r == KEY_ACTION ? a.action : ACT_NONE);
    if (r == KEY_ACTION) {
        if (a.action != ACT_REDRAW) { /* what was said last stays in sight */
            app->echo[0] = '\0';
            app->echo_role = ROLE_TEXT;
        }
        if (a.action == ACT_LEAVE)
            leave(app);
        else
            act(app, &a);
    } else if (r == KEY_UNKNOWN && key != K_ESC) {
        char name[32];
        key_text(name, sizeof name, key);
        app_say(app, "%s does nothing here; {help} shows the keys that do", name);
    }
}

/* --- drawing ----------------------------------------------------------------------- */

static void place_cursor(const struct app *app, int row, int *cursor_row, int *cursor_col)
{
    *cursor_row = -1;
    *cursor_col = 0;
    if (app->asking == ASK_NOTHING)
        return;
    int before, cols = app->canvas.cols;
    app_prompt_in_sight(app, cols, &before);
    int col = 1 + utf8_cells(app_prompt_label(app)) + before;
    *cursor_row = row;
    *cursor_col = col < cols - 2 ? col : cols - 2;
}

void app_draw(struct app *app, int *cursor_row, int *cursor_col)
{
    canvas_clear(&app->canvas);
    struct area all = canvas_area(&app->canvas);
    if (all.rows < MIN_ROWS || all.cols < MIN_COLS) {
        frame_small(app, &all);
        place_cursor(app, all.rows - 1, cursor_row, cursor_col);
        return;
    }
    screens[app->screen]->draw(app, &all);
    place_cursor(app, all.rows - 3, cursor_row, cursor_col);
    struct area middle = area_sub(&all, 1, 0, all.rows - 5, all.cols);
    if (app->page.open) {
        struct area page = area_sub(&middle, 1, 4, middle.rows - 2, middle.cols - 8);
        frame_page(app, &page);
    }
    if (key_state_pending(&app->keys))
        frame_which_key(app, &middle);
}
