/* drum_context: what the hits of one recording tell of each other's class.
 *
 * A recording has a few drums, struck often: some strokes lie clean, others under music
 * or other drums. Hits of which drum_classify thinks nearly the same vote together: each
 * takes over what its neighbours are told to be, the nearer and surer the more, and keeps
 * its own mind as far as it is sure of that; one with no neighbour stays as it is.
 * Thread: pure. Cost: 3 µs a hit at most. */
#ifndef TROWEL_DSP_DRUM_CONTEXT_H
#define TROWEL_DSP_DRUM_CONTEXT_H

#include "dsp/drum_class.h"

/* A hit is told by these before it and these behind it, and no others. */
enum { DRUM_CONTEXT_REACH = 320 };

/* The verdicts on hits of one recording, in the order they were struck; `probability`,
 * `best` and `confidence` become those in context, `drum` stays. ST_NO_MEMORY, and then
 * they are as they were. */
enum status drum_context(struct drum_verdict *at, size_t count, struct err *e);

/* Speech, too, is full of hats, claps and crashes for an ear that hears them alone. But
 * drums are played in time, or are most of what is struck where they are (a soundcheck, a
 * break, a sample). What the hits of a recording are worth by that: 1, or where neither
 * is so, down to a half. */
double drum_company(const struct drum_verdict *at, size_t count, bool in_time);

#endif
