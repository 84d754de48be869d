#include "dsp/onset.h"

#include <math.h>

static const double TWO_PI = 6.283185307179586;

/* Attacks are looked for this far around the given place. */
static const double BEFORE_S = 0.030, AFTER_S = 0.050;
/* Where the attack may start at the earliest; what lies before it is background. */
static const double EARLY_S = 0.012;
static const double HIGH_PASS_HZ = 150;
static const float SHARE_OF_PEAK = 0.05F;
/* How much the attack must stand out of what sounded before, and the longest walk back.
 */
static const float OVER_BACKGROUND = 1.4F, DROWNED = 0.7F;
static const double WALK_BACK_S = 0.002;

struct scan {
    size_t first, early, last;
    float pole;
};

/* One step of a one-pole high-pass; NaN and infinities count as 0. */
static inline float high_passed(float x, float pole, float *in, float *out)
{
    if (!isfinite(x))
        x = 0;
    *out = pole * (*out + x - *in);
    *in = x;
    return fabsf(*out);
}

/* Largest high-passed value before and after `early`. */
static void peaks(const float *mono, const struct scan *s, float *before, float *after)
{
    float in = isfinite(mono[s->first]) ? mono[s->first] : 0, out = 0;
    *before = *after = 0;
    for (size_t i = s->first; i < s->early; i++) {
        float v = high_passed(mono[i], s->pole, &in, &out);
        *before = v > *before ? v : *before;
    }
    for (size_t i = s->early; i < s->last; i++) {
        float v = high_passed(mono[i], s->pole, &in, &out);
        *after = v > *after ? v : *after;
    }
}

static size_t first_above(const float *mono, const struct scan *s, float level)
{
    float in = isfinite(mono[s->first]) ? mono[s->first] : 0, out = 0;
    for (size_t i = s->first; i < s->last; i++) {
        float v = high_passed(mono[i], s->pole, &in, &out);
        if (i >= s->early && v >= level)
            return i;
    }
    return s->last;
}

/* Back to the quietest moment before the attack rose: a zero crossing or a dip. */
static size_t walk_back(const float *mono, size_t from, size_t limit)
{
    size_t i = from;
    while (i > limit && fabsf(mono[i - 1]) < fabsf(mono[i]))
        i--;
    return i;
}

size_t onset_attack(const float *mono, size_t n, int rate_hz, size_t near)
{
    if (n == 0)
        return 0;
    if (near >= n)
        near = n - 1;
    size_t before = (size_t)(BEFORE_S * rate_hz), after = (size_t)(AFTER_S * rate_hz);
    size_t early = (size_t)(EARLY_S * rate_hz);
    struct scan s = {
        .first = near > before ? near - before : 0,
        .early = near > early ? near - early : 0,
        .last = n - near > after ? near + after : n,
        .pole = (float)exp(-TWO_PI * HIGH_PASS_HZ / rate_hz),
    };
    float background, peak;
    peaks(mono, &s, &background, &peak);
    float level = SHARE_OF_PEAK * peak, over = OVER_BACKGROUND * background;
    level = level > over ? level : over;
    if (!(peak > 0) || level > DROWNED * peak)
        return near;
    size_t rise = first_above(mono, &s, level);
    if (rise >= s.last)
        return near;
    size_t reach = (size_t)(WALK_BACK_S * rate_hz);
    return walk_back(mono, rise, rise > reach ? rise - reach : 0);
}
