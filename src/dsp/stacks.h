/* stacks: which hits are the same hit recorded again.
 *
 * A hit is compared with the stacks that sound much like it (similarity vectors), the
 * nearest first, and joins the one whose trace it matches: likeness alone cannot tell a
 * copy from the next velocity layer, the waveform can (dsp/trace.h). Sounds without a
 * trace (pads, clouds …) are stacked by likeness alone, as similarity_stacks does.
 *
 * Cost: in proportion to the number of hits and of those that sound much like each, not
 * to its square: docs/similarity.md has times. Memory: 2 KB a hit.
 *
 * The result depends on the set, not on its order: ties go to the smaller id. Pure. */
#ifndef TROWEL_DSP_STACKS_H
#define TROWEL_DSP_STACKS_H

#include "dsp/similarity.h"
#include "dsp/trace.h"

#include <stdatomic.h>

/* stack[i] = 1 … for members of a stack of two or more, 0 = alone (or vector NAN);
 * `traces` beside the vectors. Stack numbers follow the smallest id in each. ST_CANCELLED
 * soon after *cancelled is set (NULL: never). */
enum status stacks_find(const struct similarity_set *of, const struct trace *traces,
                        int *stack, const atomic_bool *cancelled, struct err *e);

#endif
