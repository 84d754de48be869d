/* oversample: what lies between samples, at four times their rate, by 32 taps: a sinc
 * under Kaiser's window of β = 8, flat to 0.45 × rate within 0.01 dB. */
#ifndef TROWEL_DSP_OVERSAMPLE_H
#define TROWEL_DSP_OVERSAMPLE_H

enum { OVERSAMPLE = 4, OVERSAMPLE_TAPS = 32 };

/* Phase p + 1 of 4 behind sample 15 of 32 is Σ oversample_tap[p][k] · x[k]; phase 0 is
 * the sample itself. */
extern const float oversample_tap[OVERSAMPLE - 1][OVERSAMPLE_TAPS];

/* dense[4·i + p], i = 0 … count − 1, of x[i]; silence before and behind. `count` is a
 * multiple of 8. `dense` has room for 4·count. */
void oversample(const float *x, int count, float *dense);

#endif
