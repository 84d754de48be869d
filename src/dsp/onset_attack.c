#include "core/pi.h"
#include "dsp/onset.h"

#include <math.h>
#include <stdbool.h>

/* Attacks are looked for this far around the given place. */
static const double BEFORE_S = 0.030, AFTER_S = 0.050;
/* Where the attack may start at the earliest; what lies before it is background. */
static const double EARLY_S = 0.006;
static const double HIGH_PASS_HZ = 150;
static const float SHARE_OF_PEAK = 0.05F;
/* How much the attack must stand out of what sounded before, and the longest walk back.
 */
static const float OVER_BACKGROUND = 1.4F, DROWNED = 0.7F;
static const double WALK_BACK_S = 0.002;

enum { KEPT = 8192 }; /* 80 ms up to 96 kHz; above it is filtered a second time */

struct scan {
    const float *mono;
    size_t first, early, last;
    float pole;
    float in, out;    /* of the high-pass */
    float kept[KEPT]; /* high-passed magnitudes from `first` on */
};

static void rewind_filter(struct scan *s)
{
    s->in = isfinite(s->mono[s->first]) ? s->mono[s->first] : 0;
    s->out = 0;
}

/* One step of a one-pole high-pass; NaN and infinities count as 0. */
static inline float high_passed(float x, float pole, float *in, float *out)
{
    if (!isfinite(x))
        x = 0;
    *out = pole * (*out + (x - *in));
    *in = x;
    return fabsf(*out);
}

/* High-passed magnitudes of [from, until), at most KEPT, to s->kept from `at` on; returns
 * the largest. */
static float filter(struct scan *s, size_t from, size_t until, size_t at)
{
    float in = s->in, out = s->out, most = 0;
    for (size_t i = from; i < until; i++) {
        float v = high_passed(s->mono[i], s->pole, &in, &out);
        s->kept[at + i - from] = v;
        most = v > most ? v : most;
    }
    s->in = in;
    s->out = out;
    return most;
}

/* The same for any number; only what fits is kept. */
static float filter_all(struct scan *s, size_t from, size_t until)
{
    float most = 0;
    for (size_t at = from; at < until;) {
        size_t offset = (at - s->first) % KEPT, room = KEPT - offset;
        size_t end = until - at < room ? until : at + room;
        float v = filter(s, at, end, offset);
        most = v > most ? v : most;
        at = end;
    }
    return most;
}

static size_t first_above(struct scan *s, float level)
{
    bool whole = s->last - s->first <= KEPT;
    if (!whole)
        rewind_filter(s);
    for (size_t from = s->first; from < s->last; from += KEPT) {
        size_t until = s->last - from < KEPT ? s->last : from + KEPT;
        if (!whole)
            filter(s, from, until, 0);
        for (size_t i = from > s->early ? from : s->early; i < until; i++)
            if (s->kept[i - from] >= level)
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
    struct scan s;
    s.mono = mono;
    s.first = near > before ? near - before : 0;
    s.early = near > early ? near - early : 0;
    s.last = n - near > after ? near + after : n;
    s.pole = (float)exp(-2 * PI * HIGH_PASS_HZ / rate_hz);
    rewind_filter(&s);
    float background = filter_all(&s, s.first, s.early);
    float peak = filter_all(&s, s.early, s.last);
    float level = SHARE_OF_PEAK * peak, over = OVER_BACKGROUND * background;
    level = level > over ? level : over;
    if (!(peak > 0) || level > DROWNED * peak)
        return near;
    size_t rise = first_above(&s, level);
    if (rise >= s.last)
        return near;
    size_t reach = (size_t)(WALK_BACK_S * rate_hz);
    return walk_back(mono, rise, rise > reach ? rise - reach : 0);
}
