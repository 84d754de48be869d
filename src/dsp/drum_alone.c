#include "dsp/drum_alone.h"

#include "dsp/vec.h"

#include <math.h>
#include <stdlib.h>

_Static_assert((int)DRUM_BANDS == (int)VEC, "a time is one vector");

/* Strokes of one drum differ by so much (1.5 dB), which is not more. With a fifth more
 * than the others have, on average, a stroke is not alone at all. */
static const float EVEN = 1.11F;
static const double MORE = 5;

/* The share of `a` that is more than is in `b`, less the share of `b` that is more than
 * is in `a`, at the times that both have. */
VEC_INLINE double more(const struct drum_loudness *a, const struct drum_loudness *b)
{
    v8f over_a = {0}, over_b = {0}, all_a = {0}, all_b = {0}, none = {0};
    for (int t = 0; t < a->times && t < b->times; t++) {
        v8f x = VEC_CONST_AT(a->at[t]), y = VEC_CONST_AT(b->at[t]);
        v8f dx = x - EVEN * y, dy = y - EVEN * x;
        vec_max(&dx, &none);
        vec_max(&dy, &none);
        over_a += dx;
        over_b += dy;
        all_a += x;
        all_b += y;
    }
    return vec_sum(&over_a) / vec_sum(&all_a) - vec_sum(&over_b) / vec_sum(&all_b);
}

/* alone[like[i]] of the strokes at[like[i]]. */
VEC_INLINE void compare(const struct drum_verdict *at, const size_t *like, size_t count,
                        double *alone)
{
    for (size_t i = 0; i < count; i++) {
        size_t first = i > DRUM_ALONE_REACH ? i - DRUM_ALONE_REACH : 0;
        size_t end = count - i > DRUM_ALONE_REACH ? i + DRUM_ALONE_REACH + 1 : count;
        const struct drum_loudness *own = &at[like[i]].loudness;
        double sum = 0;
        for (size_t j = first; j < end; j++)
            sum += fmax(0, more(own, &at[like[j]].loudness));
        double mean = end - first > 1 ? sum / (double)(end - first - 1) : 0;
        alone[like[i]] = 1 - fmin(1, MORE * mean);
    }
}

VEC_CLONES(run_compare, compare,
           (const struct drum_verdict *at, const size_t *like, size_t count,
            double *alone),
           (at, like, count, alone))

enum status drum_alone(const struct drum_verdict *at, size_t count, double *alone,
                       struct err *e)
{
    size_t *like = malloc((count + 1) * sizeof *like);
    if (!like)
        return err_set(e, ST_NO_MEMORY, "no memory to compare %zu hits", count);
    for (int c = 0; c < DRUM_CLASS_COUNT; c++) {
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
            if ((int)at[i].best == c && at[i].loudness.times > 0)
                like[n++] = i;
        run_compare(at, like, n, alone);
    }
    for (size_t i = 0; i < count; i++)
        if (at[i].loudness.times == 0)
            alone[i] = 1;
    free(like);
    return ST_OK;
}
