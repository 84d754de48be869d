/* drum_kin: is what sounds like a hit told the same drum?
 *
 * A recording has a few drums, each struck often, and one stroke of a snare may be told a
 * hat. It still sounds like the other snares: of the hits most like it, each has a say as
 * far as it is like it, and sure of what it is. A drum that is struck once has none near.
 * Thread: pure. Cost: 5 µs a hit. */
#ifndef TROWEL_DSP_DRUM_KIN_H
#define TROWEL_DSP_DRUM_KIN_H

#include "dsp/drum_class.h"

#include <stddef.h>

/* The verdicts on hits of one recording in their order, and as many vectors
 * (similarity.h; NAN: none): the share of its like that is told what it is, 0 … 1, of the
 * hits shortly before and after it. 1 where nothing is like it. */
void drum_kin(const struct drum_verdict *at, const float *vectors, size_t count,
              double *kin);

#endif
