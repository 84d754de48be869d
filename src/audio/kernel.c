#include "audio/kernel.h"

#include <math.h>
#include <stdlib.h>

static const double PI = 3.14159265358979323846;
static const double KAISER_BETA = 9.0;
static const double CUTOFF = 0.46; /* of the lower rate */
enum { CROSSINGS = 32 };

/* Modified Bessel function of the first kind, order 0, by its power series. */
static double bessel_i0(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; k < 60; k++) {
        term *= (x / (2 * k)) * (x / (2 * k));
        sum += term;
        if (term < sum * 1e-17)
            break;
    }
    return sum;
}

/* Windowed sinc, not normalised. */
static double tap(double distance, double half, double cutoff)
{
    double r = distance / half;
    if (fabs(r) >= 1)
        return 0;
    double x = 2 * PI * cutoff * distance;
    return (x == 0 ? 1 : sin(x) / x) * bessel_i0(KAISER_BETA * sqrt(1 - r * r));
}

/* Every phase passes a constant exactly: its taps sum to 1. */
static void fill_phase(struct kernel *k, int phase, double cutoff)
{
    float *row = k->table + (size_t)phase * (size_t)k->taps;
    double value[KERNEL_TAPS_MAX], sum = 0;
    double place = (double)phase / KERNEL_PHASES;
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
    k->from_hz = from_hz;
    k->to_hz = to_hz;
    k->taps = 2 * (int)fmin(ceil(CROSSINGS * squeeze), KERNEL_TAPS_MAX / 2);
    k->table = calloc((size_t)(KERNEL_PHASES + 1) * (size_t)k->taps, sizeof *k->table);
    if (!k->table) {
        free(k);
        return NULL;
    }
    for (int p = 0; p <= KERNEL_PHASES; p++)
        fill_phase(k, p, CUTOFF / squeeze);
    return k;
}

void kernel_free(struct kernel *k)
{
    if (k)
        free(k->table);
    free(k);
}

float kernel_value(const struct kernel *k, const float *in, double fraction)
{
    double place = fraction * KERNEL_PHASES;
    int phase = (int)place;
    if (phase >= KERNEL_PHASES)
        phase = KERNEL_PHASES - 1;
    float blend = (float)(place - phase);
    const float *a = k->table + (size_t)phase * (size_t)k->taps, *b = a + k->taps;
    float low[4] = {0}, high[4] = {0};
    for (int i = 0; i + 1 < k->taps; i += 2) {
        int lane = i & 2;
        low[lane] += a[i] * in[i];
        low[lane + 1] += a[i + 1] * in[i + 1];
        high[lane] += b[i] * in[i];
        high[lane + 1] += b[i + 1] * in[i + 1];
    }
    float l = (low[0] + low[1]) + (low[2] + low[3]);
    float h = (high[0] + high[1]) + (high[2] + high[3]);
    return l + blend * (h - l);
}
