/* The varispeed of resample.h. */
#include "dsp/resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

/* A table a semitone of speed, 32 … 64 taps (longer as the corner falls), Kaiser window,
 * coefficients of 128 phases with linear interpolation between them. */
enum { TABLES = 13, PHASES = 128, TAPS = 32, TAPS_MAX = 2 * TAPS, LANES = 4 };
static const double kaiser_beta = 9.0;
static const double corner =
    0.455; /* of the rate, at speed 1; the stop band from 0.545 */

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

struct bank {
    int taps;
    float tap[(PHASES + 1) * TAPS_MAX];
};

struct varispeed {
    struct bank bank[TABLES];
};

static double bessel_i0(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; term > 1e-12 * sum; k++) {
        term *= x * x / (4.0 * k * k);
        sum += term;
    }
    return sum;
}

static void bank_init(struct bank *b, double speed)
{
    int half = (int)ceil(TAPS / 2 * speed);
    half += half % 2; /* taps in whole vectors */
    b->taps = 2 * half;
    double cut = 2 * corner / speed, scale = 1 / bessel_i0(kaiser_beta);
    for (int p = 0; p <= PHASES; p++) {
        float *tap = b->tap + p * b->taps;
        double sum = 0, raw[TAPS_MAX];
        for (int k = 0; k < b->taps; k++) {
            double x = k - (half - 1) - (double)p / PHASES, u = x / half;
            double w = u * u < 1 ? bessel_i0(kaiser_beta * sqrt(1 - u * u)) * scale : 0;
            double y = pi * cut * x;
            raw[k] = (fabs(y) < 1e-9 ? 1 : sin(y) / y) * w;
            sum += raw[k];
        }
        for (int k = 0; k < b->taps; k++)
            tap[k] = (float)(raw[k] / sum);
    }
}

struct varispeed *varispeed_new(void)
{
    struct varispeed *v = malloc(sizeof *v);
    for (int i = 0; v && i < TABLES; i++)
        bank_init(&v->bank[i], exp2(i / 12.0));
    return v;
}

void varispeed_free(struct varispeed *v)
{
    free(v);
}

static float finite_or_0(float x)
{
    return isfinite(x) ? x : 0.0f;
}

/* Two dot products at once, so that coefficients may be interpolated. */
static float interpolate(const struct bank *b, const float *x, double fraction)
{
    double place = fraction * PHASES;
    int phase = (int)place;
    float mix = (float)(place - phase);
    const float *low = b->tap + phase * b->taps, *high = low + b->taps;
    lanes sum_low = {0}, sum_high = {0};
    for (int k = 0; k < b->taps; k += LANES) {
        lanes in, l, h;
        memcpy(&in, x + k, sizeof in);
        memcpy(&l, low + k, sizeof l);
        memcpy(&h, high + k, sizeof h);
        sum_low += in * l;
        sum_high += in * h;
    }
    lanes s = sum_low + mix * (sum_high - sum_low);
    return (s[0] + s[2]) + (s[1] + s[3]);
}

void varispeed_read(const struct varispeed *v, const float *in, size_t frames,
                    double start, double speed, float *out, size_t count)
{
    speed = speed > 2 ? 2 : speed >= 0.5 ? speed : 0.5;
    int table = speed > 1 ? (int)ceil(12 * log2(speed) - 1e-9) : 0;
    const struct bank *b = &v->bank[table < TABLES ? table : TABLES - 1];
    ptrdiff_t before = b->taps / 2 - 1, n = (ptrdiff_t)frames;
    for (size_t i = 0; i < count; i++) {
        double at = start + (double)i * speed;
        double whole = floor(at);
        ptrdiff_t first = (ptrdiff_t)whole - before;
        if (first >= 0 && first + b->taps <= n) {
            out[i] = finite_or_0(interpolate(b, in + first, at - whole));
            continue;
        }
        float line[TAPS_MAX] = {0};
        for (ptrdiff_t k = 0; k < b->taps; k++)
            if (first + k >= 0 && first + k < n)
                line[k] = finite_or_0(in[first + k]);
        out[i] = interpolate(b, line, at - whole);
    }
}
