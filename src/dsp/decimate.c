#include "dsp/decimate.h"

#include "core/pi.h"
#include "dsp/vec.h"
#include "dsp/window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Kaiser's formulas: so far down, and the window for it. */
static const double DEPTH_DB = 60, BETA = 5.653;
enum { BLOCK = 4 }; /* vectors of outputs at a time: as many sums as hide an addition */

/* Polyphase: frame n of what is held is x[n % factor][n / factor], and so is the filter,
 * so that outputs beside each other are made of frames beside each other. */
struct decimator {
    int factor, lag;
    int taps; /* of the filter in a phase */
    int room; /* of x in a phase */
    int held; /* frames; the next output starts at the first */
    float *x, *filter;
};

static void design(struct decimator *d)
{
    double centre = 0.5 / d->factor, sum = 0;
    for (int i = 0; i <= 2 * d->lag; i++) {
        double t = i - d->lag, r = t / (d->lag + 1);
        double sinc = t == 0 ? 2 * centre : sin(2 * PI * centre * t) / (PI * t);
        float tap = (float)(sinc * window_kaiser(BETA, r));
        d->filter[i % d->factor * d->taps + i / d->factor] = tap;
        sum += (double)tap;
    }
    for (int i = 0; i < d->factor * d->taps; i++)
        d->filter[i] = (float)((double)d->filter[i] / sum);
}

struct decimator *decimator_new(int rate_hz, int factor, double pass_hz, int push_max)
{
    struct decimator *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->factor = factor;
    if (factor > 1) {
        /* The stop band starts where it would fold onto pass_hz. */
        double low = pass_hz / rate_hz, high = 1.0 / factor - low;
        d->lag = (int)ceil((DEPTH_DB - 8) / (2.285 * 2 * PI * (high - low)) / 2);
    }
    d->taps = 2 * d->lag / factor + 1;
    d->room = d->taps + push_max / factor + 2 + BLOCK * VEC;
    d->filter = calloc((size_t)factor * (size_t)d->taps, sizeof *d->filter);
    d->x = calloc((size_t)factor * (size_t)d->room, sizeof *d->x);
    if (!d->filter || !d->x) {
        decimator_free(d);
        return NULL;
    }
    if (factor > 1)
        design(d);
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
    for (int p = 0; p < d->factor; p++)
        memset(d->x + p * d->room, 0, (size_t)d->taps * sizeof *d->x);
    d->held = d->lag;
}

/* Outputs from the first on, whole blocks of them: those past count mean nothing. */
VEC_INLINE void convolve(const struct decimator *d, float *out, int count)
{
    for (int i = 0; i < count; i += BLOCK * VEC) {
        v8f sum[BLOCK] = {{0}};
        for (int p = 0; p < d->factor; p++) {
            const float *x = d->x + p * d->room + i, *filter = d->filter + p * d->taps;
            for (int k = 0; k < d->taps; k++)
                for (int b = 0; b < BLOCK; b++)
                    sum[b] += VEC_CONST_AT(x + k + b * VEC) * filter[k];
        }
        int rest = count - i < BLOCK * VEC ? count - i : BLOCK * VEC;
        memcpy(out + i, sum, (size_t)rest * sizeof *out);
    }
}

VEC_CLONES(filter_blocks, convolve, (const struct decimator *d, float *out, int count),
           (d, out, count))

static void take(struct decimator *d, const float *x, int frames)
{
    for (int p = 0; p < d->factor; p++) {
        int first = ((p - d->held) % d->factor + d->factor) % d->factor;
        float *to = d->x + p * d->room + (d->held + first) / d->factor;
        for (int i = first; i < frames; i += d->factor)
            *to++ = x[i];
    }
    d->held += frames;
}

int decimator_push(struct decimator *d, const float *x, int frames, float *out)
{
    if (d->factor == 1) {
        memcpy(out, x, (size_t)frames * sizeof *x);
        return frames;
    }
    take(d, x, frames);
    int reach = 2 * d->lag + 1;
    if (d->held < reach)
        return 0;
    int count = (d->held - reach) / d->factor + 1;
    filter_blocks(d, out, count);
    d->held -= count * d->factor;
    size_t kept = (size_t)(d->held / d->factor + 1) * sizeof *d->x;
    for (int p = 0; p < d->factor; p++)
        memmove(d->x + p * d->room, d->x + p * d->room + count, kept);
    return count;
}
