/* The finds of the recording on the source screen, by their time in it. */
#include "ui/state.h"

#include "core/array.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int by_time(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return x->start_s < y->start_s ? -1 : x->start_s > y->start_s;
}

static void add_place(struct source_state *s, long index, double start, double end,
                      const char *missed)
{
    if (!array_grow(&s->places, &s->place_room, (size_t)s->place_count + 1,
                    sizeof *s->places))
        return;
    struct place *p = &s->places[s->place_count++];
    *p = (struct place){.index = index, .start_s = start, .end_s = end};
    snprintf(p->missed_by, sizeof p->missed_by, "%s", missed);
}

/* Is there a pad that may be the loop of this region? */
static bool pad_of(const struct app *app, int known, const struct pad_region *r)
{
    const struct place *p = app->source.places;
    double reach = PAD_REACH_MAX * (r->end_sec - r->start_sec);
    for (int i = 0; i < known; i++) {
        const struct find *f = session_find(app->session, (size_t)p[i].index);
        bool may_be = f->kind == KIND_PAD && (find_counts(f) || r->missed_by[0]);
        if (may_be && fabs(p[i].start_s - r->start_sec) <= reach &&
            fabs(p[i].end_s - r->end_sec) <= reach)
            return true;
    }
    return false;
}

/* What the moved thresholds find, and what just fails them: pads, which are not shown
 * twice where a known one stands. What failed and would be found now is both. */
static void add_live(struct app *app)
{
    struct source_state *s = &app->source;
    int known = s->place_count, most = s->params.max_candidates_per_file;
    for (size_t i = 0; i < s->live.found_count + s->live.missed_count; i++) {
        bool found = i < s->live.found_count;
        const struct pad_region *r =
            found ? &s->live.found[i] : &s->live.missed[i - s->live.found_count];
        if ((!found || (int)i < most) && !pad_of(app, known, r))
            add_place(s, -1, r->start_sec, r->end_sec, r->missed_by);
    }
}

static void collect(struct app *app)
{
    struct source_state *s = &app->source;
    s->place_count = 0;
    size_t count = session_count(app->session);
    for (size_t i = 0; i < count; i++) {
        const struct find *f = session_find(app->session, i);
        double start = session_measure(app->session, f, ME_start_sec);
        bool from_here = (long)f->source == s->source && !f->gone && !isnan(start);
        bool wanted = s->only == CATEGORY_ANY || (int)f->category == s->only;
        if (from_here && kind_cut(f->kind) && wanted)
            add_place(s, (long)i, start, session_measure(app->session, f, ME_end_sec),
                      "");
    }
    if (s->moved && (s->only == CATEGORY_ANY || s->only == CAT_PADS))
        add_live(app);
    if (s->place_count > 0)
        qsort(s->places, (size_t)s->place_count, sizeof *s->places, by_time);
}

/* Where the cursor is after a change: on its find, wherever that begins now; without one
 * at the same time. */
static int place_again(const struct source_state *s, const struct place *was)
{
    int at = s->place_count > 0 ? 0 : -1;
    for (int i = 0; i < s->place_count; i++) {
        if (was->index >= 0 && s->places[i].index == was->index)
            return i;
        if (s->places[i].start_s <= was->start_s + 1e-9)
            at = i;
    }
    return at;
}

void source_refresh(struct app *app)
{
    struct source_state *s = &app->source;
    struct session_version v = session_version(app->session);
    if (s->places_source == s->source && s->places_finds == v.finds &&
        s->places_state == v.state)
        return;
    struct place at = {.index = -1, .start_s = -1};
    if (s->cursor >= 0 && s->cursor < s->place_count)
        at = s->places[s->cursor];
    collect(app);
    s->places_source = s->source;
    s->places_finds = v.finds;
    s->places_state = v.state;
    s->cursor = place_again(s, &at);
}

long source_current(const struct app *app)
{
    const struct source_state *s = &app->source;
    return s->cursor >= 0 && s->cursor < s->place_count ? s->places[s->cursor].index : -1;
}

void source_show_only(struct app *app, int category)
{
    struct source_state *s = &app->source;
    if (s->only != category)
        s->places_source = -1; /* collected anew */
    s->only = category;
}

void source_go_to(struct app *app, long index)
{
    struct source_state *s = &app->source;
    const struct find *f = session_find(app->session, (size_t)index);
    double start_s = session_measure(app->session, f, ME_start_sec),
           best = (double)INFINITY;
    if ((long)f->source != s->source)
        return;
    if (s->only != CATEGORY_ANY && (int)f->category != s->only)
        source_show_only(app, CATEGORY_ANY);
    source_refresh(app);
    for (int i = 0; i < s->place_count; i++) {
        const struct place *p = &s->places[i];
        double far = p->index == index ? -1 : fabs(p->start_s - start_s);
        if (far < best) {
            best = far;
            s->cursor = i;
        }
    }
}
