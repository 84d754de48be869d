/* kit_plan: which samples make a kit, on which slots, under which names. Pure.
 *
 *   1. Slots: what the user assigned, then the best matches (kit_slots.h), a hit being
 *      worth its curate_score and a little more when it was accepted.
 *   2. Budget: accepted before undecided, slots before extras, higher score before lower;
 *      what does not fit is left out with the reason.
 *   3. Names: slot or role first, unique in the machine's name length without regard to
 *      case, `A-Z a-z 0-9 _ -` only. */
#ifndef TROWEL_CORE_KIT_PLAN_H
#define TROWEL_CORE_KIT_PLAN_H

#include "core/budget.h"
#include "core/status.h"
#include "dsp/similarity.h"
#include "io/candidate.h"
#include "io/paths.h"
#include "io/targets.h"

struct kit_item {
    struct candidate c;
    enum category category; /* with the user's override */
    uint64_t id;
    char path[1024]; /* of the sample's file; "" = it has none, only its recording */
    bool recut;      /* cut from its recording again: the user moved its edges */
    char cut[112];   /* why not, although the user did; "" = nothing to say */
    float vector[SIMILARITY_DIM]; /* starts with NAN: not known */
    int64_t frames;               /* at the target's rate */
    int channels;                 /* of the export: 1 or 2 */
    double trim_db;
    int wish; /* slot the user assigned, −1 = none */
    /* filled by kit_plan: */
    double score;      /* its own, or what curate_score makes of its measures */
    int slot;          /* −1 = an extra, or left out */
    bool stands_in;    /* on a slot that is another class's */
    bool in;           /* exported */
    char why_out[112]; /* "" when in */
    char name[20];     /* the machine's name, without ending */
    int folder;        /* 0, 1 … : <KIT>, <KIT>_2 … */
};

struct kit_plan {
    const struct target *target;
    struct kit_item *item; /* owned by the caller; sorted by kit_plan_make: slots in the
                              machine's order, extras by role, then what is left out */
    size_t count;
    long slot[TARGET_SLOTS_MAX]; /* item on each slot, −1 = empty */
    struct budget budget;        /* of what is in */
    struct budget wanted;        /* of everything */
    bool rings;                  /* CH is not to mute OH; the caller's word */
    size_t left_out;
};

/* Plan `item`; the array is put into the order described. At most `extras` samples beside
 * the slots. */
void kit_plan_make(struct kit_plan *p, const struct target *t, struct kit_item *item,
                   size_t count, int extras);

/* How many slots have a sample. */
int kit_plan_filled(const struct kit_plan *p);

/* A name for role `prefix` ("BD", "PAD01") and what tells it apart, without accents, at
 * most `max` safe characters; `out` holds 20. */
void kit_name(char out[20], int max, const char *prefix, const char *rest);

#endif
