/* The library: what is said and done about finds. */
#include "ui/state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool tagged(struct app *app, size_t **index, size_t *count)
{
    struct err e;
    if (!app_check(app, session_tagged(app->session, index, count, &e), &e))
        return false;
    if (*count > 0)
        return true;
    free(*index);
    *index = NULL;
    app->library.on_tagged = false;
    app_say(app, "nothing is tagged");
    return false;
}

/* What a command is for: the tagged after `;`, the range after `v`, else the one under
 * the cursor of this screen. False: there is none, and that was said. Caller frees. */
static bool targets(struct app *app, size_t **index, size_t *count)
{
    struct err e;
    struct library_state *l = &app->library;
    bool list = app->screen == SCREEN_LIBRARY; /* neither is seen elsewhere */
    size_t first, last;
    *count = 0;
    if (list && l->on_tagged)
        return tagged(app, index, count);
    if (list && l->range && !library_range(app, &first, &last)) {
        l->range = false;
        app_warn(
            app,
            "the find the range began at has left this list; {range} begins another");
        return false;
    }
    if (list && l->range)
        return app_check(app, view_range(app->view, first, last, index, count, &e), &e);
    long at = library_wanted(app);
    if (at < 0)
        return false;
    *index = malloc(sizeof **index);
    if (!*index) {
        app_warn(app, "no memory");
        return false;
    }
    (*index)[0] = (size_t)at;
    *count = 1;
    return true;
}

/* A range and `;` hold for one command. */
static void done_with_targets(struct app *app)
{
    if (app->screen == SCREEN_LIBRARY)
        app->library.range = app->library.on_tagged = false;
}

/* After a decision: on to the next undecided in the direction of travel. A find that left
 * the view took the cursor along already. */
static void advance(struct app *app, uint64_t before)
{
    enum config_advance how = (enum config_advance)app->config->interface.advance;
    long at = library_current(app);
    if (at < 0 || how == ADVANCE_STAY)
        return;
    const struct find *f = session_find(app->session, (size_t)at);
    bool moved = f->id != before;
    if (moved && (how == ADVANCE_NEXT || f->decision == DECISION_NONE))
        return;
    if (how == ADVANCE_NEXT)
        view_move_by(app->view, 1);
    else
        view_next_undecided(app->view, 0);
}

typedef enum status change(struct app *app, const size_t *index, size_t count, int value,
                           struct err *e);

static enum status decide(struct app *app, const size_t *index, size_t count, int value,
                          struct err *e)
{
    return session_decide(app->session, index, count, (enum decision)value, e);
}

static enum status rate(struct app *app, const size_t *index, size_t count, int value,
                        struct err *e)
{
    return session_rate(app->session, index, count, value, e);
}

static enum status repeat(struct app *app, const size_t *index, size_t count, int value,
                          struct err *e)
{
    (void)value;
    return session_repeat(app->session, index, count, e);
}

static enum status keep_best(struct app *app, const size_t *index, size_t count,
                             int value, struct err *e)
{
    (void)value;
    return session_keep_best(app->session, index, count, e);
}

/* Apply to the targets; true when it is done and on disk. */
static bool apply(struct app *app, change *fn, int value)
{
    size_t *index = NULL, count = 0;
    struct err e;
    if (!targets(app, &index, &count))
        return false;
    bool ok = app_did(app, fn(app, index, count, value, &e), &e);
    free(index);
    done_with_targets(app);
    return ok;
}

static void say_if_empty(struct app *app)
{
    if (view_count(app->view) == 0)
        app_say(app, "%s - %s", session_echo(app->session), view_empty_reason(app->view));
}

/* A decision may take finds out of the list: says why it is empty, or plays the find that
 * is under the cursor now. */
static void changed(struct app *app)
{
    if (app->screen == SCREEN_LIBRARY)
        say_if_empty(app);
    app_audition_soon(app);
}

static void decide_and_advance(struct app *app, change *fn, int value)
{
    long at = library_current(app);
    uint64_t before = at >= 0 ? session_find(app->session, (size_t)at)->id : 0;
    bool here = app->screen != SCREEN_LIBRARY || !app->library.on_tagged;
    if (!apply(app, fn, value))
        return;
    if (app->screen == SCREEN_SOURCE) {
        source_decided(app);
        return;
    }
    if (here)
        advance(app, before);
    changed(app);
}

static void tag(struct app *app, int n)
{
    struct err e;
    size_t *index = NULL, count = 0;
    bool tagged = app->library.on_tagged; /* all of them are: t takes that off */
    if (tagged || app->library.range) {
        if (targets(app, &index, &count))
            app_did(app, session_tag(app->session, index, count, !tagged, &e), &e);
        done_with_targets(app);
        free(index);
        return;
    }
    long at = library_wanted(app), last = -1;
    for (int i = 0; i < n && at >= 0 && at != last; i++) {
        size_t one = (size_t)at;
        bool on = !session_find(app->session, one)->tagged;
        if (!app_check(app, session_tag(app->session, &one, 1, on, &e), &e))
            return;
        last = at;
        if (library_current(app) == at) /* else it left the list, and the next is here */
            view_move_by(app->view, 1);
        at = library_current(app);
    }
    if (last >= 0)
        changed(app);
}

bool library_decide_action(struct app *app, const struct key_action *a)
{
    switch (a->action) {
    case ACT_ACCEPT:
        decide_and_advance(app, decide, DECISION_ACCEPTED);
        return true;
    case ACT_REJECT:
        decide_and_advance(app, decide, DECISION_REJECTED);
        return true;
    case ACT_UNDECIDE:
        if (apply(app, decide, DECISION_NONE))
            changed(app);
        return true;
    case ACT_RATE_0:
    case ACT_RATE_1:
    case ACT_RATE_2:
    case ACT_RATE_3:
    case ACT_RATE_4:
    case ACT_RATE_5:
        if (apply(app, rate,
                  a->action == ACT_RATE_0 ? 0 : (int)(a->action - ACT_RATE_1) + 1))
            changed(app);
        return true;
    case ACT_REPEAT:
        decide_and_advance(app, repeat, 0);
        return true;
    case ACT_TAG:
        tag(app, times_asked(a));
        return true;
    case ACT_STACK_BEST:
        decide_and_advance(app, keep_best, 0);
        return true;
    default:
        return false;
    }
}

/* --- edits ------------------------------------------------------------------------- */

/* No edge lies outside the recording. */
static int64_t within(const struct app *app, long index, int64_t frame)
{
    const struct find *f = session_find(app->session, (size_t)index);
    int64_t frames = session_source(app->session, f->source)->frames;
    if (frame < 0)
        return 0;
    return frames > 0 && frame > frames ? frames : frame;
}

/* Edges or loop; false: it was said why not. */
static bool set_span(struct app *app, long index, enum event_field field, int64_t start,
                     int64_t end)
{
    struct err e;
    bool loop = field == FIELD_LOOP;
    int64_t least = loop ? 32 : app->library.detail.c.source_rate_hz / 100;
    start = within(app, index, start);
    end = within(app, index, end);
    if (end - start < least) {
        app_warn(app,
                 loop ? "that is too short for a loop" : "it is as short as it can be");
        return false;
    }
    if (!app_did(app,
                 session_set_span(app->session, (size_t)index, field, start, end, &e),
                 &e))
        return false;
    app_play_edited(app, index);
    return true;
}

/* As the list shows it. */
static const char *name_at(const struct app *app, long index)
{
    return session_find(app->session, (size_t)index)->name;
}

/* An edit of milliseconds, in a number that shows it. */
static void say_length(struct app *app, long index, bool loop)
{
    const struct candidate *c = &app->library.detail.c;
    library_refresh_detail(app, index);
    int64_t frames = loop && c->loop_count > 0
                         ? c->loop[0].end_frame - c->loop[0].start_frame
                         : c->end_frame - c->start_frame;
    app_say(app, "the %s is %.3f s long %s {undo} undoes", loop ? "loop" : "find",
            (double)frames / c->source_rate_hz, glyph_text(GLYPH_DOT, app->canvas.tier));
}

static void nudge_loop(struct app *app, long index, int steps)
{
    const struct candidate *c = &app->library.detail.c;
    if (c->loop_count == 0) {
        app_warn(app, "%s has no loop to nudge", name_at(app, index));
        return;
    }
    int64_t by = (int64_t)steps * c->source_rate_hz / 1000;
    int64_t end = c->loop[0].end_frame + by;
    if (set_span(app, index, FIELD_LOOP, c->loop[0].start_frame, end))
        say_length(app, index, true);
}

/* The alternatives go round: the one after the one in force. */
static void next_loop(struct app *app, long index)
{
    const struct catalog_find *d = &app->library.detail;
    char seam[32] = "";
    if (d->c.loop_count < 2) {
        app_warn(app, "there is no other loop for %s", name_at(app, index));
        return;
    }
    const struct loop_choice next = d->c.loop[1];
    if (!isnan(next.seam_error_db))
        snprintf(seam, sizeof seam, ", seam %.0f dB", next.seam_error_db);
    if (!set_span(app, index, FIELD_LOOP, next.start_frame, next.end_frame))
        return;
    library_refresh_detail(app, index); /* an own loop may have hidden one of them */
    app_say(app, "loop %d of %d%s %s {undo} undoes", d->loop_at + 1, d->c.loop_count,
            seam, glyph_text(GLYPH_DOT, app->canvas.tier));
}

static void nudge_edges(struct app *app, long index, int steps)
{
    const struct candidate *c = &app->library.detail.c;
    int64_t by = (int64_t)steps * c->source_rate_hz / 100;
    bool loop = c->kind == KIND_PAD && c->loop_count > 0; /* a pad is its loop */
    int64_t start = loop ? c->loop[0].start_frame : c->start_frame;
    int64_t end = loop ? c->loop[0].end_frame : c->end_frame;
    if (set_span(app, index, loop ? FIELD_LOOP : FIELD_EDGES, start - by, end + by))
        say_length(app, index, loop);
}

static void classify(struct app *app, uint32_t key)
{
    struct action_choice choice;
    size_t *index = NULL, count = 0;
    struct err e;
    if (!action_choice(key, &choice)) {
        app_warn(app, "no category or class has that letter");
        return;
    }
    if (!targets(app, &index, &count))
        return;
    enum status st = choice.category < 0
                         ? session_set_class(app->session, index, count, choice.name, &e)
                         : session_set_category(app->session, index, count,
                                                (enum category)choice.category, &e);
    free(index);
    done_with_targets(app);
    if (app_did(app, st, &e))
        changed(app);
}

/* Drums go into slots; anything may. The extras take the tagged as they are. */
static void assign(struct app *app, uint32_t key)
{
    struct err e;
    int slot = kit_slot_of_key(app, key);
    size_t *index = NULL, count = 0;
    if (slot < 0 && key != EXTRAS_KEY) {
        app_warn(app, "no slot has that key; e is the extras");
        return;
    }
    if ((slot >= 0 && !kit_unlocked(app, slot)) || !targets(app, &index, &count))
        return;
    if (slot >= 0 && count > 1) {
        app_warn(app, "a slot takes one find, not %zu; {assign} e makes them extras",
                 count);
        free(index);
        done_with_targets(app);
        return;
    }
    enum status st = slot < 0
                         ? session_kit_extra(app->session, index, count, true, &e)
                         : session_kit_assign(app->session, slot, (long)index[0], &e);
    free(index);
    done_with_targets(app);
    app_did(app, st, &e);
}

bool library_edit_action(struct app *app, const struct key_action *a)
{
    int n = times_asked(a);
    long at = library_current(app);
    if (a->action == ACT_CLASSIFY || a->action == ACT_ASSIGN) {
        if (a->action == ACT_CLASSIFY)
            classify(app, a->key);
        else
            assign(app, a->key);
        return true;
    }
    bool edits = a->action == ACT_LOOP_END_LESS || a->action == ACT_LOOP_END_MORE ||
                 a->action == ACT_EDGE_OUT || a->action == ACT_EDGE_IN ||
                 a->action == ACT_NEXT_LOOP;
    if (!edits)
        return false;
    if (app->screen == SCREEN_LIBRARY && (app->library.range || app->library.on_tagged)) {
        app_warn(app, "loops and edges are moved one find at a time");
        done_with_targets(app);
        return true;
    }
    library_refresh_detail(app, at);
    if (app->library.detail_index < 0) {
        app_warn(app, "there is nothing under the cursor");
        return true;
    }
    const struct candidate *c = &app->library.detail.c;
    if (!kind_cut(c->kind))
        app_warn(app, "%s was made, not cut: its %s", name_at(app, at),
                 a->action == ACT_EDGE_OUT || a->action == ACT_EDGE_IN
                     ? "edges cannot be moved"
                     : "loop cannot be moved");
    else if (a->action == ACT_NEXT_LOOP)
        next_loop(app, at);
    else if (a->action == ACT_LOOP_END_LESS || a->action == ACT_LOOP_END_MORE)
        nudge_loop(app, at, a->action == ACT_LOOP_END_MORE ? n : -n);
    else
        nudge_edges(app, at, a->action == ACT_EDGE_OUT ? n : -n);
    return true;
}
