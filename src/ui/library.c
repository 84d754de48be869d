/* The library: moving about, finding, sorting, tagging. */
#include "ui/state.h"

#include "io/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int orders[] = {ORDER_MEASURE + ME_score,
                             ORDER_NAME,
                             ORDER_MEASURE + ME_duration_sec,
                             ORDER_MEASURE + ME_rms_db,
                             ORDER_KEY,
                             ORDER_CLASS,
                             ORDER_DRUM,
                             ORDER_RATING,
                             ORDER_FOUND};
enum { ORDERS = sizeof orders / sizeof *orders };

/* Side bar order, top to bottom. */
static const enum view_scope scopes[] = {
    SCOPE_ALL,          SCOPE_CATEGORY + 0, SCOPE_CATEGORY + 1,
    SCOPE_CATEGORY + 2, SCOPE_CATEGORY + 3, SCOPE_CATEGORY + 4,
    SCOPE_CATEGORY + 5, SCOPE_BEST_OF,      SCOPE_NEAR_MISSES};
enum { SCOPES = sizeof scopes / sizeof *scopes };

long library_current(struct app *app)
{
    if (app->screen == SCREEN_SOURCE)
        return source_current(app);
    return view_current(app->view);
}

/* In music most hits are played notes, not drums: tells once how to filter them out. */
static void tell_of_notes(struct app *app)
{
    size_t hits = 0, notes = 0, count = session_count(app->session);
    if (app->library.notes_told || view_filter(app->view)[0])
        return;
    for (size_t i = 0; i < count; i++) {
        const struct find *f = session_find(app->session, i);
        bool hit = f->category == CAT_DRUMS && !f->gone && !f->near_miss;
        hits += hit;
        notes += hit && f->drum < 0.5F;
    }
    if (notes < 20 || notes < hits / 4)
        return;
    char some[24], all[24];
    text_count(some, sizeof some, notes);
    text_count(all, sizeof all, hits);
    app->library.notes_told = true;
    app_say(app, "%s of %s hits are more likely notes; {filter} drum>.5 shows only drums",
            some, all);
}

static void change_scope(struct app *app, int step)
{
    int at = 0;
    while (at < SCOPES - 1 && scopes[at] != view_scope(app->view))
        at++;
    at = come_round(at, step, SCOPES);
    view_set_scope(app->view, scopes[at]);
    app->library.range = false;
    app->library.top = 0;
    if (scopes[at] == SCOPE_CATEGORY + CAT_DRUMS)
        tell_of_notes(app);
}

static void move_side(struct app *app, const struct key_action *a)
{
    int n = times_asked(a);
    if (a->action == ACT_TOP)
        view_set_scope(app->view, scopes[0]);
    else if (a->action == ACT_BOTTOM)
        view_set_scope(app->view, scopes[SCOPES - 1]);
    else
        change_scope(app, a->action == ACT_DOWN ? n : -n);
    app_audition_soon(app);
}

static void next_undecided(struct app *app, int direction, int n)
{
    for (int i = 0; i < n; i++)
        if (!view_next_undecided(app->view, direction)) {
            app_say(app, direction > 0 ? "nothing undecided below"
                                       : "nothing undecided above");
            return;
        }
}

static bool move(struct app *app, const struct key_action *a)
{
    struct view *v = app->view;
    long n = times_asked(a);
    int page = app->library.rows > 2 ? app->library.rows - 1 : 1;
    switch (a->action) {
    case ACT_DOWN:
        view_move_by(v, n);
        break;
    case ACT_UP:
        view_move_by(v, -n);
        break;
    case ACT_HALF_DOWN:
        view_move_by(v, n * (page / 2 + 1));
        break;
    case ACT_HALF_UP:
        view_move_by(v, -n * (page / 2 + 1));
        break;
    case ACT_PAGE_DOWN:
        view_move_by(v, n * page);
        break;
    case ACT_PAGE_UP:
        view_move_by(v, -n * page);
        break;
    case ACT_TOP:
        view_move_to(v, a->count > 0 ? (size_t)a->count - 1 : 0);
        break;
    case ACT_BOTTOM:
        view_move_to(v, a->count > 0 ? (size_t)a->count - 1 : SIZE_MAX);
        break;
    case ACT_NEXT_UNDECIDED:
        next_undecided(app, 1, (int)n);
        break;
    case ACT_PREV_UNDECIDED:
        next_undecided(app, -1, (int)n);
        break;
    case ACT_NEXT_CATEGORY:
        change_scope(app, (int)n);
        break;
    case ACT_PREV_CATEGORY:
        change_scope(app, (int)-n);
        break;
    default:
        return false;
    }
    app_audition_soon(app);
    return true;
}

static void next_order(struct app *app)
{
    int at = 0;
    while (at < ORDERS - 1 && orders[at] != view_order(app->view))
        at++;
    int order = orders[(at + 1) % ORDERS];
    view_set_order(app->view, order, view_order_descends(order));
    app_say(app, "sorted by %s; {sort-reverse} reverses it", words_order(order));
}

static bool search(struct app *app, int step)
{
    if (view_search(app->view, app->library.search, step)) {
        app_audition_soon(app);
        return true;
    }
    app_warn(app, "no name here contains '%s'", app->library.search);
    return false;
}

/* Looking at jobs, help and the like while mining runs does not hold a floating cursor:
 * it stays at the top, where the best find is. */
void library_touched(struct app *app, enum action a)
{
    switch (a) {
    case ACT_KIT:
    case ACT_JOBS:
    case ACT_SETTINGS:
    case ACT_HELP:
    case ACT_MINE:
    case ACT_REDRAW:
    case ACT_SUSPEND:
    case ACT_CLOSE:
    case ACT_LEAVE:
        return;
    default:
        if (app->screen == SCREEN_LIBRARY)
            view_hold(app->view);
    }
}

long library_wanted(struct app *app)
{
    long at = app->screen == SCREEN_KIT ? kit_current(app) : library_current(app);
    if (at < 0)
        app_warn(app, "there is nothing under the cursor");
    return at;
}

static void similar(struct app *app)
{
    struct err e;
    long at = library_wanted(app);
    if (at < 0)
        return;
    const struct find *f = session_find(app->session, (size_t)at);
    const struct similarity_weights weights = {
        {[ASPECT_SPECTRUM] = app->config->similarity.spectrum_weight,
         [ASPECT_TIMBRE] = app->config->similarity.timbre_weight,
         [ASPECT_PITCH] = app->config->similarity.pitch_weight,
         [ASPECT_ENVELOPE] = app->config->similarity.envelope_weight}};
    if (app_check(app, view_set_similar(app->view, at, &weights, &e), &e)) {
        view_move_to_id(app->view, f->id);
        app_say(app, "most like %s first; {similar-back} goes back", f->name);
    }
}

static void similar_back(struct app *app)
{
    long at = library_current(app);
    if (view_similar(app->view) < 0) {
        app_say(app,
                "this list is not in the order of likeness; {similar} puts it there");
        return;
    }
    view_set_similar(app->view, -1, NULL, NULL);
    long back = library_current(app);
    if (back < 0 || back == at)
        return;
    app_say(app, "back at %s", session_find(app->session, (size_t)back)->name);
    app_audition_soon(app);
}

static bool find(struct app *app, const struct key_action *a)
{
    switch (a->action) {
    case ACT_FILTER:
        app_ask_filter(app, view_filter(app->view));
        return true;
    case ACT_CLEAR_FILTER:
        view_set_filter(app->view, "", NULL);
        app_say(app, "no filter");
        return true;
    case ACT_SORT:
        next_order(app);
        return true;
    case ACT_SORT_REVERSE:
        view_set_order(app->view, view_order(app->view), !view_descending(app->view));
        return true;
    case ACT_SIMILAR:
        similar(app);
        return true;
    case ACT_SIMILAR_BACK:
        similar_back(app);
        return true;
    case ACT_TAG_MATCHING:
        app_ask(app, ASK_TAG, "");
        return true;
    default:
        return app_search_action(app, a, app->library.search, search);
    }
}

static void pin(struct app *app)
{
    long at = library_wanted(app);
    if (at < 0)
        return;
    const struct find *f = session_find(app->session, (size_t)at);
    bool off = app->library.pinned == f->id;
    app->library.pinned = off ? 0 : f->id;
    app->library.flipped = false;
    app_say(app,
            off ? "unpinned %s" : "pinned %s; {flip} flips between it and the cursor",
            f->name);
}

static void detail(struct app *app)
{
    if (app->library.side)
        app->library.side = false;
    else
        app->library.wide = !app->library.wide;
}

static void go_to_source(struct app *app)
{
    long at = library_current(app);
    if (at < 0 && session_source_count(app->session) == 0) {
        app_warn(app, "there is no recording to show");
        return;
    }
    const struct find *f = at >= 0 ? session_find(app->session, (size_t)at) : NULL;
    source_open(app, f ? (long)f->source : 0);
    app_show(app, SCREEN_SOURCE);
    if (f && !kind_cut(f->kind)) /* another one is under the cursor there */
        app_say(app, "%s was made, not cut: its sound is from here", f->name);
}

static void toggle_stack(struct app *app)
{
    struct view *v = app->view;
    long at = view_current(v);
    const struct find *f = at >= 0 ? session_find(app->session, (size_t)at) : NULL;
    size_t before = view_count(v);
    if (!f || f->stack == 0 || session_stack_size(app->session, f->stack) < 2) {
        app_say(app, f ? "%s stands alone: nothing here is nearly the same" : "%s",
                f ? f->name : "there is nothing under the cursor");
        return;
    }
    view_toggle_stack(v, view_cursor(v));
    size_t after = view_count(v);
    if (after > before)
        app_say(app,
                "%zu more nearly the same; {stack} closes, {stack-best} keeps the best, "
                "rejects the rest",
                after - before);
    else if (before > after)
        app_say(app, "closed: one row for %zu nearly the same", before - after + 1);
    else
        app_say(app, "the others of this stack are not in this list");
}

static void begin_or_end_range(struct app *app)
{
    struct library_state *l = &app->library;
    long at = l->range ? -1 : library_wanted(app);
    l->range = at >= 0;
    if (l->range)
        l->anchor = session_find(app->session, (size_t)at)->id;
}

static void on_tagged(struct app *app)
{
    struct library_state *l = &app->library;
    size_t tagged = session_tallies(app->session)->tagged;
    char count[24];
    l->on_tagged = !l->on_tagged; /* without any, what follows is for none */
    if (tagged == 0)
        app_warn(app, "nothing is tagged; {tag} tags, {tag-matching} by expression");
    else
        app_say(app,
                l->on_tagged ? "the next command goes to the %s tagged" : "%s tagged",
                text_count(count, sizeof count, tagged));
}

bool library_range(struct app *app, size_t *first, size_t *last)
{
    const struct library_state *l = &app->library;
    long from = l->range ? view_position(app->view, l->anchor) : -1;
    size_t at = view_cursor(app->view);
    if (from < 0)
        return false;
    *first = (size_t)from < at ? (size_t)from : at;
    *last = (size_t)from < at ? at : (size_t)from;
    return true;
}

static bool panes(struct app *app, const struct key_action *a)
{
    struct library_state *l = &app->library;
    switch (a->action) {
    case ACT_PANE:
        l->side = !l->side;
        return true;
    case ACT_DETAIL:
        detail(app);
        return true;
    case ACT_WHY:
        l->why = !l->why && library_wanted(app) >= 0;
        return true;
    case ACT_PIN:
        pin(app);
        return true;
    case ACT_RANGE:
        begin_or_end_range(app);
        return true;
    case ACT_ON_TAGGED:
        on_tagged(app);
        return true;
    case ACT_STACK:
        toggle_stack(app);
        return true;
    case ACT_SOURCE:
        go_to_source(app);
        return true;
    default:
        return false;
    }
}

/* Leaving the innermost thing first: range, wide inspector, similarity, then quitting. */
static bool close_something(struct app *app)
{
    struct library_state *l = &app->library;
    struct err e;
    if (l->range || l->on_tagged)
        l->range = l->on_tagged = false;
    else if (l->wide || l->why)
        l->wide = l->why = false;
    else if (l->side)
        l->side = false;
    else if (view_similar(app->view) >= 0)
        app_check(app, view_set_similar(app->view, -1, NULL, &e), &e);
    else
        return false;
    return true;
}

static bool act(struct app *app, const struct key_action *a)
{
    if (app->library.side && (a->action == ACT_DOWN || a->action == ACT_UP ||
                              a->action == ACT_TOP || a->action == ACT_BOTTOM)) {
        move_side(app, a);
        return true;
    }
    if (a->action == ACT_CLOSE)
        return close_something(app);
    return move(app, a) || find(app, a) || panes(app, a) ||
           library_decide_action(app, a) || library_edit_action(app, a);
}

/* --- the layout -------------------------------------------------------------------- */

enum { PROJECT_LEAST = 8, PROJECT_GOOD = 30 }; /* cells of its name */

/* As much as fits: the recordings go first, then all finds, which the categories below
 * tell, too. */
static void say_project(struct app *app, int cols, char *to, size_t size)
{
    const struct session_tallies *t = session_tallies(app->session);
    enum tier tier = app->canvas.tier;
    char all[24], sources[24], accepted[24], rejected[24], undecided[24], of[2][48];
    text_count(all, sizeof all, t->all.accepted + t->all.rejected + t->all.undecided);
    text_count(accepted, sizeof accepted, t->all.accepted);
    text_count(rejected, sizeof rejected, t->all.rejected);
    text_count(undecided, sizeof undecided, t->all.undecided);
    text_count(sources, sizeof sources, session_source_count(app->session));
    snprintf(of[0], sizeof of[0], "%s source%s   ", sources,
             session_source_count(app->session) == 1 ? "" : "s");
    snprintf(of[1], sizeof of[1], "%s find%s   ", all, strcmp(all, "1") == 0 ? "" : "s");
    char about[240], name[400];
    const char *whole = session_name(app->session);
    int room = frame_top_room(app, cols), without = 0, cells = utf8_cells(whole);
    do
        snprintf(about, sizeof about, "%s%s%s%s %s  %s %s  %s %s",
                 cols >= 100 ? "     " : "  ", without > 0 ? "" : of[0],
                 without > 1 ? "" : of[1], glyph_text(GLYPH_ACCEPTED, tier), accepted,
                 glyph_text(GLYPH_REJECTED, tier), rejected,
                 glyph_text(GLYPH_UNDECIDED, tier), undecided);
    while (utf8_cells(about) + (cells < PROJECT_GOOD ? cells : PROJECT_GOOD) > room &&
           without++ < 2);
    room -= utf8_cells(about); /* the counts stay, however long the name is */
    utf8_fit(name, sizeof name, whole, room > PROJECT_LEAST ? room : PROJECT_LEAST,
             CUT_MIDDLE, glyph_text(GLYPH_ELLIPSIS, tier));
    snprintf(to, size, "%s%s", name, about);
}

/* Rules above and below the panes with tees where the upright ones meet them. */
static void draw_rules(const struct area *a, const int *uprights, int count)
{
    struct area top = area_sub(a, 0, 1, 1, a->cols - 2);
    struct area bottom = area_sub(a, a->rows - 1, 1, 1, a->cols - 2);
    area_hline(&top, 0);
    area_hline(&bottom, 0);
    for (int i = 0; i < count; i++) {
        struct area line = area_sub(a, 1, uprights[i], a->rows - 2, 1);
        area_vline(&line, 0);
        area_glyph(&top, 0, uprights[i] - 1, ROLE_BORDER, GLYPH_TOP_TEE);
        area_glyph(&bottom, 0, uprights[i] - 1, ROLE_BORDER, GLYPH_BOTTOM_TEE);
    }
}

/* Where in how many rows the cursor stands, in the rule below the list. */
static void draw_position(struct app *app, const struct area *a, int row, int end)
{
    size_t rows = view_count(app->view);
    char at[24], of[24], text[64];
    text_count(at, sizeof at, view_cursor(app->view) + 1);
    text_count(of, sizeof of, rows);
    snprintf(text, sizeof text, " %s of %s ", at, of);
    if (rows > 0)
        area_right_text(a, row, end, ROLE_DIM, text);
}

static void draw_below(struct app *app, struct area *list, const struct area *a,
                       int split)
{
    long at = library_current(app);
    int rows = list->rows >= 44 ? 18 : list->rows >= 28 ? 12 : 7;
    if (at < 0 || list->rows - rows < 8) {
        library_draw_list(app, list);
        draw_position(app, a, a->rows - 1, a->cols - 2);
        return;
    }
    struct area below = area_bottom(list, rows);
    struct area rule = area_sub(a, a->rows - 1 - rows - 1, split + 1, 1, a->cols);
    area_bottom(list, 1);
    library_draw_list(app, list);
    struct area line = area_sub(&rule, 0, 0, 1, list->cols - 1);
    area_hline(&line, 0);
    draw_position(app, &line, 0, line.cols - 1);
    inspector_draw(app, &below, at);
}

static void draw(struct app *app, const struct area *a)
{
    char said[680];
    say_project(app, a->cols, said, sizeof said);
    struct area rest = frame(app, a, said);
    int side = library_side_cells(app, a->cols), right = 0;
    if (a->cols >= 104)
        right = a->cols >= 150 ? a->cols * 3 / 10 : 34;
    struct area body = area_sub(&rest, 1, side + 1, rest.rows - 2, rest.cols - side - 1);
    struct area inside = area_sub(&body, 0, body.cols - right, body.rows, right);
    long at = library_current(app);
    bool page =
        at >= 0 &&
        (app->library.wide ||
         (app->library.why && (!right || !inspector_holds_why(app, &inside, at))));
    app->library.beside = right && !page;
    int uprights[2] = {side, a->cols - right - 1};
    draw_rules(&rest, uprights, right && !page ? 2 : 1);
    struct area left = area_sub(&rest, 1, 0, rest.rows - 2, side);
    library_draw_side(app, &left);
    if (page) {
        inspector_draw(app, &body, at);
        return;
    }
    if (!right) {
        draw_below(app, &body, &rest, side);
        return;
    }
    struct area inspector = area_right(&body, right);
    area_right(&body, 1);
    library_draw_list(app, &body);
    draw_position(app, &rest, rest.rows - 1, uprights[1] - 1);
    inspector_draw(app, &inspector, library_current(app));
}

const struct screen_ops library_screen = {draw, act, NULL};
