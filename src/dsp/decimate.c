#include "dsp/decimate.h"

#include "core/pi.h"
#include "dsp/vec.h"
#include "dsp/window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct decimator {
    int factor, taps, lag;
    int held; /* frames in `x`; the next output starts at x[0] */
    float *x, *filter;
};

static void design(struct decimator *d, double centre, double beta)
{
    double sum = 0;
    for (int i = 0; i <= 2 * d->lag; i++) {
        double t = i - d->lag, r = t / (d->lag + 1);
        double sinc = t == 0 ? 2 * centre : sin(2 * PI * centre * t) / (PI * t);
        d->filter[i] = (float)(sinc * window_kaiser(beta, r));
        sum += (double)d->filter[i];
    }
    for (int i = 0; i <= 2 * d->lag; i++)
        d->filter[i] = (float)((double)d->filter[i] / sum);
}

struct decimator *decimator_new(int rate_hz, int factor, double pass_hz, int push_max)
{
    struct decimator *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->factor = factor;
    d->taps = VEC;
    if (factor > 1) {
        /* Kaiser's formulas for 60 dB; the stop band starts where it would fold onto
         * pass_hz. */
        const double depth_db = 60;
        double low = pass_hz / rate_hz, high = 1.0 / factor - low;
        d->lag = (int)ceil((depth_db - 8) / (2.285 * 2 * PI * (high - low)) / 2);
        d->taps = (2 * d->lag + 1 + VEC - 1) / VEC * VEC;
    }
    d->filter = calloc((size_t)d->taps, sizeof *d->filter);
    d->x = calloc((size_t)(d->taps + d->factor + push_max), sizeof *d->x);
    if (!d->filter || !d->x) {
        decimator_free(d);
        return NULL;
    }
    if (factor > 1)
        design(d, 0.5 / factor, 5.653);
    d->held = d->lag;
    return d;
}

void decimator_free(struct decimator *d)
{
    if (!d)
        return;
    free(d->filter);
    free(d->x);
    free(d);
}

int decimator_lag(const struct decimator *d)
{
    return d->lag;
}

void decimator_restart(struct decimator *d)
{
    memset(d->x, 0, (size_t)d->taps * sizeof *d->x);
    d->held = d->lag;
}

VEC_INLINE void convolve(const struct decimator *d, float *out, int count)
{
    for (int i = 0; i < count; i++) {
        const float *x = d->x + i * d->factor;
        v8f sum = VEC_CONST_AT(x) * VEC_CONST_AT(d->filter);
        for (int k = VEC; k < d->taps; k += VEC)
            sum += VEC_CONST_AT(x + k) * VEC_CONST_AT(d->filter + k);
        out[i] = (float)vec_sum(&sum);
    }
}

VEC_CLONES(filter_block, convolve, (const struct decimator *d, float *out, int count),
           (d, out, count))

int decimator_push(struct decimator *d, const float *x, int frames, float *out)
{
    if (d->factor == 1) {
        memcpy(out, x, (size_t)frames * sizeof *x);
        return frames;
    }
    memcpy(d->x + d->held, x, (size_t)frames * sizeof *x);
    d->held += frames;
    if (d->held < d->taps)
        return 0;
    int count = (d->held - d->taps) / d->factor + 1;
    filter_block(d, out, count);
    d->held -= count * d->factor;
    if (d->held < 0)
        d->held = 0;
    memmove(d->x, d->x + count * d->factor, (size_t)d->held * sizeof *x);
    return count;
}
