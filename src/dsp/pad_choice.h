/* pad_choice: which of the many windows that pass become pads: best first, none on top
 * of another, none that sounds like another. Use pads.h.
 * Thread: a pool belongs to one thread. */
#ifndef TROWEL_DSP_PAD_CHOICE_H
#define TROWEL_DSP_PAD_CHOICE_H

#include "core/status.h"
#include "dsp/track.h"

struct pad_place {
    uint32_t from, to; /* track spectra (46 ms) */
    int duration;      /* index of the target */
    double score;
    double miss; /* 0 = passes every gate */
};

struct pad_pool {
    struct pad_place *at;
    size_t count, room;
};

enum status pad_pool_add(struct pad_pool *pool, const struct pad_place *place,
                         struct err *e);
void pad_pool_done(struct pad_pool *pool);

/* At most `most` places that pass, ranked. Overlap with a chosen one: at most a quarter
 * of the shorter. Near-duplicates (bands within 3 dB RMS at any level, same pitch
 * classes) are dropped unless they are of a clearly different length (1.6 ×), so that one
 * held note gives a few lengths of itself at most, ranked behind other sounds that are
 * nearly as good. Durations already taken weigh less, and so does what lies within a
 * minute of one that is chosen: a long jam gives pads of more than its steadiest stretch.
 */
size_t pad_pool_choose(const struct pad_pool *pool, const struct track *t,
                       struct pad_place *chosen, size_t most);

/* At most `most` places that miss a gate, nearest first, not on top of a chosen one or of
 * each other. */
size_t pad_pool_near(const struct pad_pool *pool, const struct pad_place *chosen,
                     size_t chosen_count, struct pad_place *near, size_t most);

#endif
