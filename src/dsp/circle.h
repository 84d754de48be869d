/* circle: loops in frames that overlap round their join: read, and put together again.
 * What the vocoder, the smear and the equaliser of loops share.
 * Thread: no shared state. */
#ifndef TROWEL_DSP_CIRCLE_H
#define TROWEL_DSP_CIRCLE_H

#include "dsp/audio.h"

#include <stdbool.h>
#include <stddef.h>

/* n frames of a channel of a loop that is not empty, from frame `at` (also before its
 * start or behind its end) on, round and round. What is not finite is 0. */
void circle_read(const struct audio *loop, size_t channel, ptrdiff_t at, size_t n,
                 float *to);

/* A loop that is being put together. */
struct circle {
    size_t frames, channels, n; /* n: of a window */
    float *window;              /* Hann */
    float *sum;                 /* of the windowed frames, channel after channel */
    float *weight;              /* Σ window² at each frame */
};

/* False without memory. Done with circle_done, also after a failure. */
bool circle_init(struct circle *c, size_t frames, int channels, int n);
void circle_done(struct circle *c);

/* Add n frames of a channel, windowed, from frame `at` (as above) on. The weights are
 * those of channel 0. */
void circle_add(struct circle *c, size_t channel, ptrdiff_t at, const float *frame);
/* The same of its values first … end − 1 alone; where that cuts into it, it fades in or
 * out over `fade` values. */
struct circle_part {
    size_t first, end, fade;
};
void circle_add_part(struct circle *c, size_t channel, ptrdiff_t at, const float *frame,
                     struct circle_part part);

#endif
