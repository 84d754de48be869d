/* pitch: measure_pitch (measure.h) with what it needs made once for many sounds.
 * Thread: a meter belongs to one thread. */
#ifndef TROWEL_DSP_PITCH_H
#define TROWEL_DSP_PITCH_H

#include <stddef.h>

struct pitch_meter;

/* For sounds of one rate; NULL below 1 kHz and without memory. */
struct pitch_meter *pitch_meter_new(int rate_hz);
void pitch_meter_free(struct pitch_meter *m);

double pitch_meter_read(struct pitch_meter *m, const float *mono, size_t frames,
                        double *clarity);

#endif
