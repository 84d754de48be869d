/* kit_slots: which hits play a machine's instruments. Pure.
 *
 * The free slot and hit that suit each other best come together, again and again: how
 * well the hit's class suits the slot (FIT in io/targets.def) times what the hit is
 * worth, less where it sounds like one that is on a slot already. */
#ifndef TROWEL_CORE_KIT_SLOTS_H
#define TROWEL_CORE_KIT_SLOTS_H

#include "io/candidate.h"
#include "io/targets.h"

#include <stddef.h>

struct kit_hit {
    const struct candidate *c;
    const float *vector; /* similarity, NULL or starting with NAN = unknown */
    double worth;        /* see kit_worth */
    int slot;            /* in: where the user put it, −1 = nowhere; out: where it is */
};

/* The parts of its score that a hit's worth depends on. */
enum { KIT_PARTS = 4 };
extern const char *const kit_parts[KIT_PARTS];

/* What a hit is worth on a slot that its class suits, 0 … about 1.15; 0: not to be used.
 * Whatever you moved to the drums is one, and what you moved away is none. */
double kit_worth(const struct candidate *c, enum category category);

/* One hit once, one hit a slot; of two that the user put on one slot the first stays. A
 * slot that nothing suits well enough stays empty. */
void kit_slots_fill(const struct target *t, struct kit_hit *hits, size_t count);

/* Would kit_slots_fill put the hit on the slot, beside those that are `on` the others
 * (NULL: free)? */
bool kit_slot_suits(const struct target *t, int slot, const struct kit_hit *h,
                    const struct kit_hit *const *on);

/* Does the hit stand in for a class that the slot is meant for? */
bool kit_stands_in(const struct target *t, int slot, const struct candidate *c);

#endif
