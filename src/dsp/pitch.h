/* pitch: measure_pitch (measure.h) with what it needs made once for many sounds.
 * Thread: a meter belongs to one thread. */
#ifndef TROWEL_DSP_PITCH_H
#define TROWEL_DSP_PITCH_H

#include "core/status.h"

#include <stddef.h>

struct pitch_meter;

/* For sounds of one rate; NULL below 1 kHz and without memory. */
struct pitch_meter *pitch_meter_new(int rate_hz);
void pitch_meter_free(struct pitch_meter *m);

/* The pitch of a sound of finite samples, as measure_pitch has it, to *hz and *clarity
 * (may be NULL): NAN and 0 at once, the result with pitch_meter_finish. Frames of several
 * sounds go through one transform of eight. ST_NO_MEMORY. */
enum status pitch_meter_add(struct pitch_meter *m, const float *mono, size_t frames,
                            double *hz, double *clarity);
void pitch_meter_finish(struct pitch_meter *m);

#endif
