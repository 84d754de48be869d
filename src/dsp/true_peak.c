/* The true peak of level.h. */
#include "dsp/level.h"

#include "dsp/line.h"
#include "dsp/oversample.h"
#include "dsp/vec.h"

enum {
    PHASES = OVERSAMPLE,
    TAPS = OVERSAMPLE_TAPS,
    HALF = TAPS / 2,
    BLOCK = 64,
    SUMS = 4
};

/* A phase is a straight line between its two middle samples, and taps on the second
 * differences around: their |sum| is at most so much (phase 2, rounded up, with what
 * rounding may add, and phases 1 and 3 are not quite straight). */
static const float bends = 0.439F, rounding = 1.001F;

/* Sample i of a channel with its surroundings: around the join, or silence. */
static float sample_at(const struct audio *a, size_t channel, ptrdiff_t i, bool loop)
{
    ptrdiff_t n = (ptrdiff_t)a->frames;
    if (i < 0 || i >= n) {
        if (!loop)
            return 0.0f;
        i = (i % n + n) % n;
    }
    return finite_or_0(a->data[(size_t)i * (size_t)a->channels + channel]);
}

/* Samples [first, first + BLOCK + TAPS) of a channel, where they lie if `plain`: one
 * channel of finite samples. */
static const float *fetch(const struct audio *a, size_t channel, ptrdiff_t first,
                          bool loop, bool plain, float *line)
{
    enum { N = BLOCK + TAPS };
    if (plain && first >= 0 && first + N <= (ptrdiff_t)a->frames)
        return a->data + first;
    for (int i = 0; i < N; i++)
        line[i] = sample_at(a, channel, first + i, loop);
    return line;
}

/* Every phase behind eight samples, x[HALF − 1] the first of them, in four sums each. */
VEC_INLINE void look_behind(const float *x, v8f *most)
{
    v8f sum[PHASES - 1][SUMS] = {{{0}}};
    for (int k = 0; k < TAPS; k += SUMS)
        for (int l = 0; l < SUMS; l++) {
            v8f v = VEC_CONST_AT(x + k + l);
            for (int p = 0; p < PHASES - 1; p++)
                sum[p][l] += v * oversample_tap[p][k + l];
        }
    for (int p = 0; p < PHASES - 1; p++) {
        v8f y = (sum[p][0] + sum[p][2]) + (sum[p][1] + sum[p][3]);
        vec_abs(&y);
        vec_max(most, &y);
    }
}

/* The largest |value| of a block, between its samples too, if it is above `peak`. */
VEC_INLINE void peak_of_block(const float *x, float *peak)
{
    v8f most = {0}, bent = {0};
    for (int i = 0; i < BLOCK + TAPS; i += VEC) {
        int k = i < BLOCK + TAPS - VEC ? i : BLOCK + TAPS - VEC - 2;
        v8f here = VEC_CONST_AT(x + i), middle = VEC_CONST_AT(x + k + 1),
            bend = (VEC_CONST_AT(x + k) + VEC_CONST_AT(x + k + 2)) - 2.0F * middle;
        vec_abs(&here);
        vec_abs(&bend);
        vec_max(&most, &here);
        vec_max(&bent, &bend);
    }
    if ((vec_top(&most) + bends * vec_top(&bent)) * rounding <= *peak)
        return;
    most = (v8f){0};
    for (int i = 0; i < BLOCK; i += VEC)
        look_behind(x + i, &most);
    float found = vec_top(&most);
    *peak = found > *peak ? found : *peak;
}

VEC_CLONES(peak_between, peak_of_block, (const float *x, float *peak), (x, peak))

double level_true_peak(const struct audio *a, bool loop)
{
    float line[BLOCK + TAPS], peak = (float)level_peak(a);
    /* Where silence surrounds it, its edges may ring to 1.2 of their samples beside
     * these; further out than one sample no phase reaches 0.6 of the largest. */
    ptrdiff_t from = loop ? 0 : -1, to = (ptrdiff_t)a->frames;
    bool plain = a->channels == 1 && line_is_finite(a->data, a->frames);
    if (!a->frames)
        return 0;
    for (size_t c = 0; c < (size_t)a->channels; c++)
        for (ptrdiff_t at = from; at < to; at += BLOCK)
            peak_between(fetch(a, c, at - (HALF - 1), loop, plain, line), &peak);
    return (double)peak;
}
