/* similarity_coarse: how far apart two scaled vectors are, as such or in bytes. For
 * stacks.c and similarity_stack.c, after vec.h. */
#ifndef TROWEL_DSP_SIMILARITY_COARSE_H
#define TROWEL_DSP_SIMILARITY_COARSE_H

#include "dsp/similarity_internal.h"

enum { COARSE_STEPS = 4, /* to a deviation */ COARSE_ZERO = 128, COARSE_MOST = 127 };

/* x² of each difference up to the knee b, then b·(2x − b), in the mean; or something
 * above `most`, where half of them come to that. NAN for a vector that is none. */
VEC_INLINE void similarity_far(const float *a, const float *b, float knee, float most,
                               float *distance)
{
    float sum = 0.0F;
    v8f bend;
    vec_set(&bend, knee);
    most *= SIMILARITY_DIM;
    for (int i = 0; i < SIMILARITY_DIM && sum <= most; i += SIMILARITY_DIM / 2) {
        v8f lane = {0.0F};
        for (int k = i; k < i + SIMILARITY_DIM / 2; k += VEC) {
            v8f x = VEC_CONST_AT(a + k) - VEC_CONST_AT(b + k);
            vec_abs(&x);
            v8f low = x;
            vec_min(&low, &bend);
            lane += low * (2.0F * x - low);
        }
        sum += ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
               ((lane[4] + lane[5]) + (lane[6] + lane[7]));
    }
    *distance = sum / SIMILARITY_DIM;
}

VEC_INLINE void similarity_steps_between(const struct similarity_coarse *a,
                                         const struct similarity_coarse *b, int *sum)
{
    int all = 0;
    for (int i = 0; i < SIMILARITY_DIM; i++)
        all += abs(a->at[i] - b->at[i]);
    *sum = all;
}

#endif
