/* The true peak of level.h. */
#include "dsp/level.h"

#include "dsp/line.h"
#include "dsp/vec.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

/* 4 × oversampling, 32 taps a phase, Kaiser β = 8: flat to 0.45 × rate within 0.01 dB. */
enum { PHASES = 4, TAPS = 32, HALF = TAPS / 2, BLOCK = 64, SUMS = 4 };

struct oversampler {
    float tap[PHASES - 1][TAPS]; /* phase 0 is the sample itself */
    double worst; /* largest sum of |tap|: what a block's peak may grow by */
};

static double bessel_i0(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; term > 1e-20 * sum; k++) {
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

/* Every phase behind eight samples, x[HALF − 1] the first of them, in four sums each. */
VEC_INLINE void look_behind(const struct oversampler *o, const float *x, v8f *most)
{
    v8f sum[PHASES - 1][SUMS] = {{{0}}};
    for (int k = 0; k < TAPS; k += SUMS)
        for (int l = 0; l < SUMS; l++) {
            v8f v = VEC_CONST_AT(x + k + l);
            for (int p = 0; p < PHASES - 1; p++)
                sum[p][l] += v * o->tap[p][k + l];
        }
    for (int p = 0; p < PHASES - 1; p++) {
        v8f y = (sum[p][0] + sum[p][2]) + (sum[p][1] + sum[p][3]);
        vec_abs(&y);
        vec_max(most, &y);
    }
}

VEC_INLINE void peak_of_block(const struct oversampler *o, const float *x, float *peak)
{
    v8f most = {0};
    for (int i = 0; i < BLOCK; i += VEC)
        look_behind(o, x + i, &most);
    for (int k = 0; k < VEC; k++)
        *peak = most[k] > *peak ? most[k] : *peak;
}

VEC_CLONES(peak_between, peak_of_block,
           (const struct oversampler *o, const float *x, float *peak), (o, x, peak))

/* Largest |sample| of frames [from, to) of a channel. */
static float peak_within(const struct audio *a, size_t channel, size_t from, size_t to)
{
    float peak = 0.0f;
    size_t step = (size_t)a->channels;
    if (step == 1)
        return line_peak(a->data + from, to - from);
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
    float line[BLOCK + TAPS], between = 0;
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
            for (size_t i = 0; i < BLOCK + TAPS; i++)
                line[i] = sample_at(a, c, first + (ptrdiff_t)i, loop);
            peak_between(&o, line, &between);
            peak = fmax(peak, (double)between);
        }
    return peak;
}
