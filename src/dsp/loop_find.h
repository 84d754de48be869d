/* loop_find: the search behind loop.h, over explicit bounds. Use loop.h.
 * Thread: pure. */
#ifndef TROWEL_DSP_LOOP_FIND_H
#define TROWEL_DSP_LOOP_FIND_H

#include "dsp/loop.h"

/* All in frames of the sound. start_low ≥ fade; the highs are inclusive. */
struct loop_bounds {
    size_t start_low, start_high, end_low, end_high;
    size_t start, end; /* the places asked for: nearer ones win ties */
    size_t fade;       /* length of the crossfade and of the regions compared */
    size_t apart;      /* options differ by this in start or end */
    const struct onset_list *attacks; /* as in loop_params */
    double clock_s;
};

enum status loop_find(const struct audio *sound, const struct loop_bounds *b,
                      struct loop_list *out, struct err *e);

/* Loops of exactly `frames`, any start: of the bounds only fade, apart and the attacks
 * are heeded. */
enum status loop_find_exact(const struct audio *sound, size_t frames,
                            const struct loop_bounds *wanted, struct loop_list *out,
                            struct err *e);

/* Fill correlation, level, spectrum and merit of an option with places and crossfade. */
enum status loop_judge(const struct audio *sound, struct loop_option *option,
                       struct err *e);

#endif
