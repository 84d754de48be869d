#include "core/kit_slots.h"

#include "core/curate.h"
#include "dsp/drum_class.h"
#include "dsp/similarity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Two sounds on two slots that a listener takes for one are half a kit; the more alike
 * two of one class are, the nearer they come to that. */
static const double DOUBLE_WORTH = 0.25, UNLIKE = 2.8;
/* Fit times worth: with less the slot rather stays empty, and the machine's own sound on
 * it. Where all recordings are narrow ones, or in doubt, or all hits cut off, they are as
 * good as any. */
static const double LEAST_FIT = 0.16;

/* The three toms share what is a tom, and any of them plays any: half as much again. */
static const double OF_THREE = 1.5;
/* What you accepted is worth this at least, whatever the machine thinks of it. */
static const double ACCEPTED = 0.5;

/* What is left of the worth of a hit that is cut off at once and loud. */
static const double CUT_OFF = 0.75;

/* Of hits that are nearly as good an instrument has the one that rings out. That is a
 * matter of choice: where all are cut off, they are as good as any. */
static double whole_worth(const struct candidate *c)
{
    if (c->decision == DECISION_ACCEPTED)
        return 1;
    return CUT_OFF + (1 - CUT_OFF) * curate_rings_out(c);
}

/* What is less surely a drum of its class is rather a note or another drum; and to the
 * ear a hat without treble or a kick that is not deep is none, whatever was told apart in
 * it. The machine's own sound is better. */
static double certainty(const struct candidate *c)
{
    double p = c->m.hit_confidence, range = parts_value(&c->parts, "range");
    if (isnan(p))
        p = 1;
    else if (strncmp(c->hit_class, "tom_", 4) == 0)
        p = fmin(1, OF_THREE * p);
    return isnan(range) ? p : p * range;
}

/* What is left of the worth of a hit that hardly rises above what sounds before it: that
 * sounds on in it. */
static const double BURIED = 0.7;

static double clearness(const struct candidate *c)
{
    double isolation = parts_value(&c->parts, "isolation");
    return isnan(isolation) ? 1 : BURIED + (1 - BURIED) * isolation;
}

/* In doubtful company it plays where nothing better is. */
static double trust(const struct candidate *c)
{
    double company = parts_value(&c->parts, "company");
    bool said = c->decision == DECISION_ACCEPTED || c->rating > 0;
    return said || isnan(company) ? 1 : company;
}

const char *const kit_parts[KIT_PARTS] = {"isolation", "decay", "range", "company"};

double kit_worth(const struct candidate *c, enum category category)
{
    if (category != CAT_DRUMS || c->decision == DECISION_REJECTED)
        return 0;
    double worth = curate_sound(c);
    if (c->decision == DECISION_ACCEPTED)
        return fmax(worth, ACCEPTED) * 1.15;
    if (curate_is_scrap(c))
        return 0;
    return worth * certainty(c) * clearness(c) * whole_worth(c) * trust(c);
}

/* --- slots --- */

struct filling {
    const struct target *target;
    struct kit_hit *hit;
    size_t count;
    const struct kit_hit *on[TARGET_SLOTS_MAX]; /* NULL: free */
    double fit[TARGET_SLOTS_MAX][DRUM_CLASS_COUNT];
};

static bool known(const float *vector)
{
    return vector && !isnan(vector[0]);
}

/* 1 when the two have nothing in common. */
static double apart(const struct kit_hit *a, const struct kit_hit *b)
{
    if (a->c->cluster > 0 && a->c->cluster == b->c->cluster)
        return DOUBLE_WORTH;
    if (!known(a->vector) || !known(b->vector))
        return 1;
    if (similarity_duplicate(a->vector, b->vector))
        return DOUBLE_WORTH;
    if (strcmp(a->c->hit_class, b->c->hit_class) != 0)
        return 1;
    double distance = similarity_distance(a->vector, b->vector);
    return DOUBLE_WORTH + (1 - DOUBLE_WORTH) * fmin(1, distance / UNLIKE);
}

static void prepare(struct filling *f)
{
    int slots = target_slots(f->target);
    for (int s = 0; s < slots; s++)
        for (int k = 0; k < DRUM_CLASS_COUNT; k++)
            f->fit[s][k] = target_fit(f->target, s, drum_class_name((enum drum_class)k));
    for (size_t i = 0; i < f->count; i++) {
        struct kit_hit *h = &f->hit[i];
        if (h->slot >= 0 && h->slot < slots && f->on[h->slot] == NULL)
            f->on[h->slot] = h;
        else
            h->slot = -1;
    }
}

/* Fit times worth, less what sounds like a hit on another slot. 0: not
 * above `least`, or so little that the slot rather stays empty. */
static double value_beside(const struct kit_hit *h, double fit,
                           const struct kit_hit *const *on, int slots, double least)
{
    double here = fit * h->worth;
    for (int s = 0; here > least && s < slots; s++)
        if (on[s] != NULL)
            here *= apart(on[s], h);
    double fills = LEAST_FIT * curate_band_worth(h->c) * whole_worth(h->c) * trust(h->c);
    return here > least && here > fills ? here : 0;
}

bool kit_slot_suits(const struct target *t, int slot, const struct kit_hit *h,
                    const struct kit_hit *const *on)
{
    double fit = target_fit(t, slot, h->c->hit_class);
    return value_beside(h, fit, on, target_slots(t), 0) > 0;
}

/* The free hit whose value on the slot is above *value the most, or −1. */
static long best_for(const struct filling *f, int slot, double *value)
{
    long best = -1;
    for (size_t i = 0; i < f->count; i++) {
        const struct kit_hit *h = &f->hit[i];
        if (h->slot >= 0 || h->worth <= *value)
            continue;
        int class = drum_class_find(h->c->hit_class);
        double fit = class >= 0 ? f->fit[slot][class] : 0;
        double here = value_beside(h, fit, f->on, target_slots(f->target), *value);
        if (here > 0) {
            *value = here;
            best = (long)i;
        }
    }
    return best;
}

void kit_slots_fill(const struct target *t, struct kit_hit *hits, size_t count)
{
    struct filling f = {.target = t, .hit = hits, .count = count};
    prepare(&f);
    for (;;) {
        double best = 0;
        int slot = -1;
        long found = -1;
        for (int s = 0; s < target_slots(t); s++) {
            long here = f.on[s] == NULL ? best_for(&f, s, &best) : -1;
            if (here >= 0) {
                slot = s;
                found = here;
            }
        }
        if (slot < 0)
            return;
        f.on[slot] = &hits[found];
        hits[found].slot = slot;
    }
}

bool kit_stands_in(const struct target *t, int slot, const struct candidate *c)
{
    return target_fit(t, slot, c->hit_class) < 1;
}
