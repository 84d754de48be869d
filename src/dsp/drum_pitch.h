/* drum_pitch: the strongest low partial of a short stretch: what a drum's skin sounds.
 *
 * Not a pitch detector for notes: kicks, toms and snares have inharmonic partials, and
 * the lowest strong one is what is heard. Thread: a meter belongs to one
 * thread. Cost: about 12 µs. */
#ifndef TROWEL_DSP_DRUM_PITCH_H
#define TROWEL_DSP_DRUM_PITCH_H

#include <stddef.h>

struct drum_pitch {
    double hz;            /* 35 … 1200, between the bins */
    double prominence_db; /* over the mean power of 35–1200 Hz */
    double share; /* of all energy that lies within ±2 semitones of it, 0 … 1 */
};

/* What is needed to measure at one rate, made once. NULL without memory. */
struct drum_pitch_meter;
struct drum_pitch_meter *drum_pitch_meter_new(int rate_hz);
void drum_pitch_meter_free(struct drum_pitch_meter *m);

/* `n` samples (any number, also 0) of one channel. */
void drum_pitch(struct drum_pitch_meter *m, const float *mono, size_t n,
                struct drum_pitch *out);

#endif
