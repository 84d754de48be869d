/* drum_alone: how much of a stroke is its own drum, and not what was struck with it.
 *
 * A recording has a few drums, each struck often. What all strokes of one have in common
 * is the drum; where one holds more than the others do, that is a hat on it, a cymbal, a
 * note. Strokes that differ both ways (a soft one and a hard one, two drums of a class)
 * tell nothing of each other: only what one has more of than the other has in return.
 * Thread: pure. Cost: 2 µs a hit at most. */
#ifndef TROWEL_DSP_DRUM_ALONE_H
#define TROWEL_DSP_DRUM_ALONE_H

#include "core/status.h"
#include "dsp/drum_class.h"

#include <stddef.h>

/* A stroke is compared with this many of its class before it and as many behind it. */
enum { DRUM_ALONE_REACH = 64 };

/* The verdicts on hits of one recording, in the order they were struck: how far each is
 * `alone`, 1 … 0. 1 where there is nothing to compare. ST_NO_MEMORY. */
enum status drum_alone(const struct drum_verdict *at, size_t count, double *alone,
                       struct err *e);

#endif
