/* decimate: a stream at a lower rate, for analysis.
 *
 * Keeps every factor-th value of the stream after a linear-phase Kaiser low-pass (Kaiser
 * & Schafer 1980): flat within 0.05 dB up to pass_hz, and what would fold back onto
 * 0 … pass_hz is 60 dB down. Output i is centred on input frame i·factor; before frame 0
 * there is silence. Not for sound to be heard: see resample.h.
 * Thread: belongs to one thread at a time. */
#ifndef TROWEL_DSP_DECIMATE_H
#define TROWEL_DSP_DECIMATE_H

struct decimator;

/* factor ≥ 1, pass_hz < rate_hz / factor / 2. NULL when memory runs out. */
struct decimator *decimator_new(int rate_hz, int factor, double pass_hz, int push_max);
void decimator_free(struct decimator *d);

/* As if new: silence before what is pushed next, the first output at its first frame. */
void decimator_restart(struct decimator *d);

/* Push `frames` (≤ push_max); returns how many values were written to `out` (room for
 * push_max / factor + 1). Outputs lag by half the filter. */
int decimator_push(struct decimator *d, const float *x, int frames, float *out);

/* Half the filter's length: this much silence pushes out the last values. */
int decimator_lag(const struct decimator *d);

#endif
