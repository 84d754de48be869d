/* The true peak of level.h. */
#include "dsp/level.h"

#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

/* 4 × oversampling, 32 taps a phase, Kaiser β = 8: flat to 0.45 × rate within 0.01 dB. */
enum { PHASES = 4, TAPS = 32, HALF = TAPS / 2, BLOCK = 64, LANES = 4 };

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

struct oversampler {
    float tap[PHASES - 1][TAPS]; /* phase 0 is the sample itself */
    double worst; /* largest sum of |tap|: what a block's peak may grow by */
};

static double bessel_i0(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; k < 40; k++) {
        term *= x * x / (4.0 * k * k);
        sum += term;
    }
    return sum;
}

static void oversampler_init(struct oversampler *o)
{
    o->worst = 1;
    for (int p = 1; p < PHASES; p++) {
        double raw[TAPS], sum = 0, total = 0;
        for (int k = 0; k < TAPS; k++) {
            double x = k - (HALF - 1) - (double)p / PHASES, u = x / HALF;
            raw[k] = sin(pi * x) / (pi * x) * bessel_i0(8 * sqrt(fmax(0, 1 - u * u)));
            sum += raw[k];
        }
        for (int k = 0; k < TAPS; k++) {
            o->tap[p - 1][k] = (float)(raw[k] / sum);
            total += fabs(raw[k] / sum);
        }
        o->worst = fmax(o->worst, total);
    }
}

/* Sample i of a channel with its surroundings: around the join, or silence. */
static float sample_at(const struct audio *a, size_t channel, ptrdiff_t i, bool loop)
{
    ptrdiff_t n = (ptrdiff_t)a->frames;
    if (i < 0 || i >= n) {
        if (!loop)
            return 0.0f;
        i = (i % n + n) % n;
    }
    float x = a->data[(size_t)i * (size_t)a->channels + channel];
    return isfinite(x) ? x : 0.0f;
}

static float dot(const float *tap, const float *x)
{
    lanes sum = {0};
    for (int k = 0; k < TAPS; k += LANES) {
        lanes t, v;
        memcpy(&t, tap + k, sizeof t);
        memcpy(&v, x + k, sizeof v);
        sum += t * v;
    }
    return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

static float peak_between(const struct oversampler *o, const float *x, size_t count)
{
    float peak = 0.0f;
    for (size_t i = 0; i < count; i++)
        for (int p = 0; p < PHASES - 1; p++) {
            float y = fabsf(dot(o->tap[p], x + i));
            peak = y > peak ? y : peak;
        }
    return peak;
}

/* Largest |sample| of frames [from, to) of a channel. */
static float peak_within(const struct audio *a, size_t channel, size_t from, size_t to)
{
    float peak = 0.0f;
    size_t step = (size_t)a->channels;
    for (const float *x = a->data + from * step + channel; from < to; from++, x += step) {
        float v = fabsf(*x);
        if (v > peak && v <= 3.4e38f)
            peak = v;
    }
    return peak;
}

double level_true_peak(const struct audio *a, bool loop)
{
    struct oversampler o;
    oversampler_init(&o);
    double peak = level_peak(a);
    float line[BLOCK + TAPS];
    /* Without a loop the values before the first and after the last sample count too. */
    ptrdiff_t from = loop ? 0 : -HALF, to = (ptrdiff_t)a->frames + (loop ? 0 : HALF);
    if (!a->frames)
        return 0;
    for (size_t c = 0; c < (size_t)a->channels; c++)
        for (ptrdiff_t at = from; at < to; at += BLOCK) {
            size_t n = to - at < BLOCK ? (size_t)(to - at) : BLOCK;
            ptrdiff_t first = at - (HALF - 1), last = first + (ptrdiff_t)n + TAPS - 1;
            bool inside = first >= 0 && last <= (ptrdiff_t)a->frames;
            if (inside &&
                (double)peak_within(a, c, (size_t)first, (size_t)last) * o.worst <= peak)
                continue;
            for (size_t i = 0; i < n + TAPS - 1; i++)
                line[i] = sample_at(a, c, first + (ptrdiff_t)i, loop);
            peak = fmax(peak, (double)peak_between(&o, line, n));
        }
    return peak;
}
