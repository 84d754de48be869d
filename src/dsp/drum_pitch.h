/* drum_pitch: the strongest low partial of a short stretch: what a drum's skin sounds.
 *
 * Not a pitch detector for notes: kicks, toms and snares have inharmonic partials, and
 * the lowest strong one is what is heard. Thread: pure. Cost: about 40 µs. */
#ifndef TROWEL_DSP_DRUM_PITCH_H
#define TROWEL_DSP_DRUM_PITCH_H

#include "core/status.h"

#include <stddef.h>

struct drum_pitch {
    double hz;            /* 35 … 1200, between the bins */
    double prominence_db; /* over the mean power of 35–1200 Hz */
    double share; /* of all energy that lies within ±2 semitones of it, 0 … 1 */
};

/* `n` samples (any number, also 0) of one channel. ST_NO_MEMORY is the only failure. */
enum status drum_pitch(const float *mono, size_t n, int rate_hz, struct drum_pitch *out,
                       struct err *e);

#endif
