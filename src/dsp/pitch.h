/* pitch: the fundamental of many sounds: YIN (de Cheveigné & Kawahara 2002) on frames of
 * the louder parts, octave-checked against each other; 30 Hz … 2 kHz.
 * Thread: a meter belongs to one thread. */
#ifndef TROWEL_DSP_PITCH_H
#define TROWEL_DSP_PITCH_H

#include "core/status.h"
#include "dsp/audio.h"

struct pitch_meter;

/* For sounds of one rate; NULL below 1 kHz and without memory. */
struct pitch_meter *pitch_meter_new(int rate_hz);
void pitch_meter_free(struct pitch_meter *m);

/* A sound of one channel and finite samples, of the meter's rate, that stays where it is
 * until pitch_meter_finish. Then its pitch in Hz, NAN if it has none, comes to *hz: the
 * sounds since the last are heard together, eight frames at a time, the loudest first,
 * and each only as far as it may still have one. NAN at once and ST_NO_MEMORY. */
enum status pitch_meter_add(struct pitch_meter *m, const struct audio *mono, double *hz);
void pitch_meter_finish(struct pitch_meter *m);

#endif
