#include "audio/kernel.h"

#include "core/pi.h"
#include "dsp/resample.h"
#include "dsp/vec.h"
#include "dsp/window.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

static const double KAISER_BETA = 9.0;
static const double CUTOFF = 0.46; /* of the lower rate */
enum { CROSSINGS = 32 };

/* Windowed sinc, not normalised. */
static double tap(double distance, double half, double cutoff)
{
    double r = distance / half;
    if (fabs(r) >= 1)
        return 0;
    double x = 2 * PI * cutoff * distance;
    return (x == 0 ? 1 : sin(x) / x) * window_kaiser(KAISER_BETA, r);
}

/* Every phase passes a constant exactly: its taps sum to 1. */
static void fill_phase(struct kernel *k, int phase, double cutoff)
{
    float *row = k->table + (size_t)phase * (size_t)k->taps;
    double value[KERNEL_TAPS_MAX], sum = 0;
    double place = (double)phase / k->phases;
    for (int i = 0; i < k->taps; i++) {
        value[i] = tap(i - (k->taps / 2 - 1) - place, k->taps / 2, cutoff);
        sum += value[i];
    }
    for (int i = 0; i < k->taps; i++)
        row[i] = (float)(value[i] / sum);
}

struct kernel *kernel_new(int from_hz, int to_hz)
{
    struct kernel *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    double squeeze = from_hz > to_hz ? (double)from_hz / to_hz : 1;
    int unit = common_rate(from_hz, to_hz);
    bool each = to_hz / unit <= KERNEL_PHASES_MAX;
    k->from_hz = from_hz;
    k->to_hz = to_hz;
    k->unit = each ? unit : 0;
    k->phases = each ? to_hz / unit : KERNEL_PHASES;
    k->taps = 4 * (int)fmin(ceil(CROSSINGS * squeeze / 2), KERNEL_TAPS_MAX / 4);
    k->table = calloc((size_t)(k->phases + 1) * (size_t)k->taps, sizeof *k->table);
    if (!k->table) {
        free(k);
        return NULL;
    }
    for (int p = 0; p <= k->phases; p++)
        fill_phase(k, p, CUTOFF / squeeze);
    return k;
}

void kernel_free(struct kernel *k)
{
    if (k)
        free(k->table);
    free(k);
}

static v4f four(const float *x)
{
    return *(const v4f_any *)x;
}

static float sum(v4f x)
{
    return (x[0] + x[1]) + (x[2] + x[3]);
}

/* One row of the table, or two of them blended. */
static v4f weights(const float *row, const float *next, float blend, int i)
{
    v4f w = four(row + i);
    return blend == 0 ? w : w + blend * (four(next + i) - w);
}

void kernel_values(const struct kernel *k, int64_t place, const float *left,
                   const float *right, float out[2])
{
    double at =
        k->unit ? (double)(place / k->unit) : (double)place * KERNEL_PHASES / k->to_hz;
    int phase = (int)at;
    float blend = k->unit ? 0 : (float)(at - phase);
    const float *row = k->table + (size_t)phase * (size_t)k->taps, *next = row + k->taps;
    v4f l = {0}, r = {0};
    if (left == right) {
        for (int i = 0; i < k->taps; i += 4)
            l += weights(row, next, blend, i) * four(left + i);
        out[0] = out[1] = sum(l);
        return;
    }
    for (int i = 0; i < k->taps; i += 4) {
        v4f w = weights(row, next, blend, i);
        l += w * four(left + i);
        r += w * four(right + i);
    }
    out[0] = sum(l);
    out[1] = sum(r);
}
