/* The plan of fft_batch.c, and all stages of its transform but the last. */
#ifndef TROWEL_DSP_FFT_STAGES_H
#define TROWEL_DSP_FFT_STAGES_H

#include "dsp/vec.h"

#include "dsp/fft_butterfly.h"

enum { STAGES_MAX = 24 };

struct fft_batch {
    int n, half; /* real and complex size */
    int stages;
    int radix[STAGES_MAX];
    float *window;        /* half of it: what a split would halve is halved beforehand */
    struct twiddle *root; /* e^(−2πi k/n), k < n; the complex transform takes every 2nd */
    struct complex8 *a, *b, *c; /* the last for correlation only */
    void (*transform)(const struct fft_batch *f, struct complex8 **from,
                      struct complex8 **to); /* all its stages but the last */
};

/* w(p·k), k = 1 … radix − 1, of the roots of order n: every `step`th of f->root. */
VEC_INLINE void take_roots(const struct fft_batch *f, int n, int radix, int p,
                           struct twiddle *w)
{
    int step = f->n / n;
    for (int k = 1; k < radix; k++)
        w[k - 1] = f->root[k * p * step];
}

/* A Stockham stage: groups p < n / radix, s interleaved transforms. */
VEC_INLINE void stage(const struct fft_batch *f, int radix, int n, int s,
                      const struct complex8 *x, struct complex8 *y)
{
    int m = n / radix;
    for (int p = 0; p < m; p++) {
        struct twiddle w[RADIX_MAX];
        take_roots(f, n, radix, p, w);
        for (int q = 0; q < s; q++)
            butterfly(radix, x + q + s * p, s * m, y + q + s * radix * p, s, w);
    }
}

/* A stage of radix 4 and the next one: what a group of the second takes from as many of
 * the first is on its way for a moment only, and every value is read and written once. */
VEC_INLINE void two_stages(const struct fft_batch *f, int radix, int n, int s,
                           const struct complex8 *x, struct complex8 *y)
{
    int m = n / 4 / radix;
    for (int p = 0; p < m; p++) {
        struct twiddle w[RADIX_MAX][RADIX_MAX], v[RADIX_MAX];
        for (int j = 0; j < radix; j++)
            take_roots(f, n, 4, p + m * j, w[j]);
        take_roots(f, n / 4, radix, p, v);
        for (int q = 0; q < s; q++) {
            struct complex8 t[4 * RADIX_MAX];
            for (int j = 0; j < radix; j++)
                butterfly4(x + q + s * (p + m * j), s * m * radix, t + j, radix, w[j]);
            for (int k = 0; k < 4; k++)
                butterfly(radix, t + radix * k, 1, y + q + s * (k + 4 * radix * p), 4 * s,
                          v);
        }
    }
}

/* All stages but the last, over the f->half complex values at *from; then they lie
 * there. Called, not inlined into each place: compilers take long over them. */
VEC_INLINE void stages_of_eight(const struct fft_batch *f, struct complex8 **from,
                                struct complex8 **to)
{
    int n = f->half, s = 1, last = f->stages - 1;
    for (int i = 0; i < last;) {
        int radix = f->radix[i], next = i + 1 < last && radix == 4 ? f->radix[i + 1] : 1;
        const struct complex8 *x = *from;
        struct complex8 *y = *to;
        if (next == 4)
            two_stages(f, 4, n, s, x, y);
        else if (next == 2)
            two_stages(f, 2, n, s, x, y);
        else if (next == 3)
            two_stages(f, 3, n, s, x, y);
        else if (next == 5)
            two_stages(f, 5, n, s, x, y);
        else if (radix == 4)
            stage(f, 4, n, s, x, y);
        else if (radix == 2)
            stage(f, 2, n, s, x, y);
        else if (radix == 3)
            stage(f, 3, n, s, x, y);
        else
            stage(f, 5, n, s, x, y);
        n /= radix * next;
        s *= radix * next;
        i += next > 1 ? 2 : 1;
        *to = *from;
        *from = y;
    }
}

#endif
