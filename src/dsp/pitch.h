/* pitch: the fundamental of many sounds: YIN (de Cheveigné & Kawahara 2002) on frames of
 * the louder parts, octave-checked against each other; 30 Hz … 2 kHz.
 * Thread: a meter belongs to one thread. */
#ifndef TROWEL_DSP_PITCH_H
#define TROWEL_DSP_PITCH_H

#include "core/status.h"

#include <stddef.h>

struct pitch_meter;

/* For sounds of one rate; NULL below 1 kHz and without memory. */
struct pitch_meter *pitch_meter_new(int rate_hz);
void pitch_meter_free(struct pitch_meter *m);

/* The pitch of a sound of finite samples in Hz, NAN if it has none, to *hz: NAN at once,
 * the result with pitch_meter_finish. Frames of several sounds go through one transform
 * of eight. ST_NO_MEMORY. */
enum status pitch_meter_add(struct pitch_meter *m, const float *mono, size_t frames,
                            double *hz);
void pitch_meter_finish(struct pitch_meter *m);

#endif
