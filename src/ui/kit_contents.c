/* What the export would take: the slots, the extras, and every accepted find. Counted
 * when something changed, not on every frame. */
#include "ui/state.h"

#include "core/array.h"
#include "core/kit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool can_go(const struct find *f)
{
    return !f->gone && f->decision != DECISION_REJECTED &&
           ((f->saved && !f->near_miss) || kind_cut(f->kind));
}

int kit_channels(const struct app *app, const struct find *f)
{
    return session_measure(app->session, f, ME_channels) >= 2 &&
                   kit_keeps_stereo(app->config, f->category)
               ? 2
               : 1;
}

static void count_in(struct app *app, const struct target *t, const struct find *f)
{
    int64_t frames = budget_frames(t, session_measure(app->session, f, ME_duration_sec));
    budget_add(&app->kit.budget, t, frames, kit_channels(app, f));
}

static bool goes(const struct find *f)
{
    bool placed = f->slot >= 0 || f->extra > 0;
    return (f->decision == DECISION_ACCEPTED || placed) && can_go(f);
}

static bool make_room(struct kit_screen_state *k, size_t finds)
{
    if (finds <= k->chosen_room)
        return true;
    size_t room = finds + finds / 2;
    if (!array_resize(&k->chosen, room, sizeof *k->chosen) ||
        !array_resize(&k->is_chosen, room, sizeof *k->is_chosen))
        return false;
    memset(k->is_chosen + k->chosen_room, 0,
           (room - k->chosen_room) * sizeof *k->is_chosen);
    k->chosen_room = room;
    return true;
}

/* On the list for good only if it still goes: see `sweep`. */
static void consider(struct app *app, uint32_t index)
{
    struct kit_screen_state *k = &app->kit;
    if (k->is_chosen[index] || !goes(session_find(app->session, index)))
        return;
    k->is_chosen[index] = true;
    k->chosen[k->chosen_count++] = index;
}

/* On several slots it is as many samples. */
static int times_in(const struct app *app, uint32_t index)
{
    const struct kit_state *kit = session_kit(app->session);
    int n = 0;
    for (int s = 0; s < KIT_SLOTS; s++)
        n += kit->slot[s].index == (long)index;
    return n > 0 ? n : 1;
}

/* Leaves out what does not go any more, and counts the rest. */
static void sweep(struct app *app, const struct target *t)
{
    struct kit_screen_state *k = &app->kit;
    size_t kept = 0;
    k->budget = (struct budget){0};
    for (size_t i = 0; i < k->chosen_count; i++) {
        uint32_t index = k->chosen[i];
        const struct find *f = session_find(app->session, index);
        k->is_chosen[index] = goes(f);
        if (!k->is_chosen[index])
            continue;
        k->chosen[kept++] = index;
        for (int n = times_in(app, index); n > 0; n--)
            count_in(app, t, f);
    }
    k->chosen_count = kept;
    k->also_listed = false;
}

static bool add_also(struct app *app, uint32_t index, const struct find *f)
{
    struct kit_screen_state *k = &app->kit;
    double score = session_measure(app->session, f, ME_score);
    struct kit_also also = {index, f->category, isnan(score) ? 0 : score};
    return array_add(&k->also, &k->also_count, &k->also_room, &also, sizeof also);
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

static void list_also(struct app *app)
{
    struct kit_screen_state *k = &app->kit;
    k->also_count = 0;
    for (size_t i = 0; i < k->chosen_count; i++) {
        const struct find *f = session_find(app->session, k->chosen[i]);
        if (f->slot < 0 && f->extra == 0 && !add_also(app, k->chosen[i], f))
            break;
    }
    if (k->also_count > 0)
        qsort(k->also, k->also_count, sizeof *k->also, by_category);
    k->also_listed = true;
}

/* What changed, not all there is: this stands on every screen's last line. */
static void recount(struct app *app)
{
    struct kit_screen_state *k = &app->kit;
    const uint32_t *changed;
    size_t changes, finds = session_count(app->session);
    bool known =
        session_changed_since(app->session, &k->counted_to, &changed, &changes) &&
        k->counted;
    if ((known && changes == 0) || !make_room(k, finds))
        return;
    for (size_t i = 0; known && i < changes; i++)
        consider(app, changed[i]);
    for (size_t i = 0; !known && i < finds; i++)
        consider(app, (uint32_t)i);
    sweep(app, kit_target(app->config));
    k->counted = true;
}

void kit_contents_done(struct app *app)
{
    free(app->kit.chosen);
    free(app->kit.is_chosen);
    free(app->kit.also);
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
    if (!app->kit.also_listed)
        list_also(app);
    return session_kit(app->session)->extra_count + app->kit.also_count;
}

size_t kit_extra_at(struct app *app, size_t i)
{
    const struct kit_state *k = session_kit(app->session);
    return i < k->extra_count ? k->extra[i] : app->kit.also[i - k->extra_count].index;
}
