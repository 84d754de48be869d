/* fft_plan: what fft_batch.c and fft_wide.c share. Not for other files. */
#ifndef TROWEL_DSP_FFT_PLAN_H
#define TROWEL_DSP_FFT_PLAN_H

#include "dsp/vec.h"

enum { FFT_STAGES_MAX = 24 };

struct complex8 {
    v8f re, im;
};

struct twiddle {
    float re, im;
};

struct fft_batch {
    int n, half; /* real and complex size */
    int stages;
    int radix[FFT_STAGES_MAX];
    float *window;
    struct twiddle *root; /* e^(−2πi k/n), k < n; the complex transform takes every 2nd */
    struct complex8 *a, *b;
};

/* Transforms the f->half complex values of eight lanes at f->a; returns where the result
 * lies, f->a or f->b. */
struct complex8 *fft_batch_lanes(const struct fft_batch *f);

#endif
