/* What the export would take: the slots, the extras, and every accepted find. Counted
 * when something changed, not on every frame. */
#include "ui/state.h"

#include "core/kit.h"
#include "core/recut.h"

#include <math.h>
#include <stdlib.h>

static bool can_go(const struct find *f)
{
    return !f->gone && f->decision != DECISION_REJECTED &&
           ((f->saved && !f->near_miss) || recut_possible(f->kind));
}

static void count_in(struct app *app, const struct target *t, const struct find *f)
{
    double s = isnan(f->m.duration_sec) ? 0 : f->m.duration_sec;
    bool stereo = f->m.channels >= 2 && kit_keeps_stereo(app->config, f->category);
    budget_add(&app->kit.budget, t, (int64_t)ceil(s * t->rate_hz), stereo ? 2 : 1);
}

static bool add_also(struct kit_screen_state *k, size_t index)
{
    if (k->also_count == k->also_room) {
        size_t room = k->also_room ? 2 * k->also_room : 64;
        struct kit_also *more = realloc(k->also, room * sizeof *more);
        if (!more)
            return false;
        k->also = more;
        k->also_room = room;
    }
    k->also[k->also_count++].index = (uint32_t)index;
    return true;
}

static int by_category(const void *a, const void *b)
{
    const struct kit_also *x = a, *y = b;
    if (x->category != y->category)
        return (int)x->category - (int)y->category;
    if (x->score < y->score || x->score > y->score)
        return x->score > y->score ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static void count(struct app *app, const struct target *t)
{
    struct kit_screen_state *k = &app->kit;
    size_t finds = session_count(app->session);
    k->budget = (struct budget){0};
    k->also_count = 0;
    for (size_t i = 0; i < finds; i++) {
        const struct find *f = session_find(app->session, i);
        bool placed = f->slot >= 0 || f->extra > 0;
        if ((f->decision != DECISION_ACCEPTED && !placed) || !can_go(f))
            continue;
        count_in(app, t, f);
        if (!placed && add_also(k, i)) {
            struct kit_also *also = &k->also[k->also_count - 1];
            also->category = f->category;
            also->score = isnan(f->m.score) ? 0 : f->m.score;
        }
    }
    if (k->also_count > 0)
        qsort(k->also, k->also_count, sizeof *k->also, by_category);
}

static void recount(struct app *app)
{
    struct kit_screen_state *k = &app->kit;
    struct session_version v = session_version(app->session);
    if (k->counted && k->counted_at.finds == v.finds && k->counted_at.state == v.state)
        return;
    count(app, kit_target(app->config));
    k->counted_at = v;
    k->counted = true;
}

const struct target *kit_budget(struct app *app, struct budget *out)
{
    recount(app);
    *out = app->kit.budget;
    return kit_target(app->config);
}

size_t kit_extra_count(struct app *app)
{
    recount(app);
    return session_kit(app->session)->extra_count + app->kit.also_count;
}

size_t kit_extra_at(struct app *app, size_t i)
{
    const struct kit_state *k = session_kit(app->session);
    return i < k->extra_count ? k->extra[i] : app->kit.also[i - k->extra_count].index;
}
