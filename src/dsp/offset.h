/* offset: the constant that a recording's samples lie on, for want of a DC blocker.
 *
 * The mean of a recording, or of a hit, is no such thing: a kick's first half-wave leaves
 * a mean of its own. So blocks of about 10 ms are taken together, quiet ones counting
 * most (weights 1/mean square), and what does not exceed the uncertainty of that mean is
 * no offset. Thread: no shared state. */
#ifndef TROWEL_DSP_OFFSET_H
#define TROWEL_DSP_OFFSET_H

#include "dsp/audio.h"

#include <stddef.h>

/* Running sums over blocks; starts zeroed. OFFSET_ROUNDS times all blocks, offset_again
 * in between: levels are taken about what the round before found. */
struct offset {
    double about, weight, weight2, mean, mean2;
};

enum { OFFSET_ROUNDS = 3 };

/* A block: the mean of its samples and of their squares. */
void offset_add(struct offset *o, double mean, double mean_square);

void offset_again(struct offset *o);

/* Linear; 0 unless above 0.001 and six times its standard error. */
double offset_value(const struct offset *o);

/* Of the mean of the channels of a sound. */
double offset_of(const struct audio *a);

/* Take `offset` off every sample. */
void offset_remove(float *samples, size_t count, double offset);

#endif
