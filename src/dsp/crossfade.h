/* crossfade: the end of a loop over into what precedes its start.
 *
 * Gains cos θ and sin θ, both divided by √(1 + ρ sin 2θ), ρ the correlation of the two
 * over all channels: equal power at ρ = 0, equal gain at ρ = 1 (after Fink, Holters,
 * Zölzer, "Signal-Matched Power-Complementary Cross-Fading", DAFx 2016). Each octave has
 * its own ρ: of two places of a chord the notes are alike, the breath over them is not.
 * Thread: pure. Cost: 0.5 ms for 0.12 s in mono at 44.1 kHz. */
#ifndef TROWEL_DSP_CROSSFADE_H
#define TROWEL_DSP_CROSSFADE_H

#include "core/status.h"
#include "dsp/audio.h"

#include <stddef.h>

/* 12 s at 44.1 kHz. */
enum { CROSSFADE_FRAMES_MAX = 1 << 19 };

/* The last `length` frames of `loop`, at most half of it, fade out into the `length`
 * frames at `lead`, which a quarter as many follow. What is not finite in `lead` counts
 * as 0; the loop is finite. ST_NO_MEMORY. */
enum status crossfade(struct audio *loop, const float *lead, size_t length,
                      struct err *e);

#endif
