/* similarity_coarse: how far apart two vectors in bytes are. For stacks.c and
 * similarity_stack.c, after vec.h. */
#ifndef TROWEL_DSP_SIMILARITY_COARSE_H
#define TROWEL_DSP_SIMILARITY_COARSE_H

#include "dsp/similarity_internal.h"

enum { COARSE_STEPS = 4, /* to a deviation */ COARSE_ZERO = 128, COARSE_MOST = 127 };

VEC_INLINE void similarity_steps_between(const struct similarity_coarse *a,
                                         const struct similarity_coarse *b, int *sum)
{
    int all = 0;
    for (int i = 0; i < SIMILARITY_DIM; i++)
        all += abs(a->at[i] - b->at[i]);
    *sum = all;
}

#endif
