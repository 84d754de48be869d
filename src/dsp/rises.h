/* rises: where a recording gets loud out of quiet, to the sample.
 *
 * A rise is a sample that lies eight times as far from the middle of what the hop before
 * it held (11.6 ms) as any of that did, and at least 1e-4 (-80 dB). Where a stroke begins
 * in silence or in a quiet gap that is its start; in the midst of music there are few.
 * Thread: belongs to one thread at a time. */
#ifndef TROWEL_DSP_RISES_H
#define TROWEL_DSP_RISES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RISES_BLOCKS = 16 };

/* Ascending; zero it first. */
struct rises {
    double *at_s;
    size_t count, room;
    float top[RISES_BLOCKS], bottom[RISES_BLOCKS]; /* of a hop's blocks; bottom negated */
    int64_t frames;
};

/* The next hop of finite samples; only the last may hold less than `hop`. False: no
 * memory. */
bool rises_push(struct rises *r, const float *mono, int frames, int hop, int rate_hz);
void rises_done(struct rises *r);

#endif
