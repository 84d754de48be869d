#include "dsp/line.h"
#include "dsp/onset.h"

#include <math.h>
#include <string.h>

/* An attack is where the sound is best taken for two, one after the other: what goes on
 * from before, and something louder. What goes on is learned as a linear prediction from
 * its last samples, so that a bass note, a ringing drum or hum leave nothing but their
 * noise; what is left over is taken for noise that changes its level once, and the place
 * is the likeliest (T. Takanami, G. Kitagawa, "A new efficient procedure for the
 * estimation of onset times of seismic waves", J. Phys. Earth 36, 1988). */

/* Around the given place: from where to where it is learned what goes on, and where the
 * attack may be. */
static const double KNOWN_S = 0.030, SETTLED_S = 0.006;
static const double BEFORE_S = 0.015, AFTER_S = 0.010;
/* Of nearly likely places the one nearest to the given counts: so much is lost, per
 * sample looked at, with the square of the seconds between. */
static const double PULL = 1200;
/* Levels that far below all of it are no different from silence: the dither in a gap, the
 * echo before a stroke that coders make. */
static const double FLOOR = 3e-3;
/* What is learned is as if this share of noise lay in it. */
static const double NOISE = 1e-4;
/* The slice begins at a zero or a dip, if one is this near. */
static const double WALK_BACK_S = 0.0005;
/* What is fainter comes before the stroke: the echo of a coder, mostly. */
static const double PEAK_WITHIN_S = 0.050;
static const float SHARE_OF_PEAK = 0.05F;
/* Looked at first this far apart. */
static const double STEP_S = 0.00018;

/* From RATE_HZ on in means of so many samples that it is below twice that. */
enum { ORDER = 4, RATE_HZ = 44100, KEPT = 4096 };

struct scene {
    size_t count, near, first; /* the attack may be from `first` on */
    size_t step;               /* of so many samples is one of `at` */
    double rate_hz;
    float at[KEPT];
    double sum[KEPT + 1]; /* Σ² of what is left over from `first` on */
};

/* Before a recording there is silence; NaN and infinities count as 0. */
static void look(struct scene *s, const float *mono, size_t n, int rate_hz, size_t near)
{
    s->step = rate_hz > RATE_HZ ? (size_t)(rate_hz / RATE_HZ) : 1;
    s->rate_hz = (double)rate_hz / (double)s->step;
    s->near = (size_t)(KNOWN_S * s->rate_hz);
    s->first = s->near - (size_t)(BEFORE_S * s->rate_hz);
    size_t after = (size_t)(AFTER_S * s->rate_hz), rest = (n - near) / s->step;
    s->count = s->near + (after < rest ? after : rest);
    size_t silent = near / s->step < s->near ? s->near - near / s->step : 0;
    memset(s->at, 0, silent * sizeof *s->at);
    const float *x = mono + near - (s->near - silent) * s->step;
    for (size_t i = silent; i < s->count; i++) {
        float sum = finite_or_0(*x++);
        for (size_t k = 1; k < s->step; k++)
            sum += finite_or_0(*x++);
        s->at[i] = sum;
    }
}

/* The filter that leaves the least of what lies before `end` (Levinson, Durbin). */
static void learn(const struct scene *s, size_t end, double filter[ORDER + 1])
{
    double r[ORDER + 1] = {0};
    for (size_t i = 0; i < ORDER && i < end; i++)
        for (size_t k = 0; k <= i; k++)
            r[k] += (double)s->at[i] * (double)s->at[i - k];
    for (size_t i = ORDER; i < end;
         i++) /* the sums side by side: none waits for itself */
        for (size_t k = 0; k <= ORDER; k++)
            r[k] += (double)s->at[i] * (double)s->at[i - k];
    double left = r[0] * (1 + NOISE);
    memset(filter, 0, (ORDER + 1) * sizeof *filter);
    filter[0] = 1;
    for (size_t k = 1; k <= ORDER && left > 0; k++) {
        double sum = 0, was[ORDER + 1];
        memcpy(was, filter, sizeof was);
        for (size_t i = 0; i < k; i++)
            sum += was[i] * r[k - i];
        for (size_t i = 1; i <= k; i++)
            filter[i] = was[i] - sum / left * was[k - i];
        left -= sum * sum / left;
    }
}

static void leave(struct scene *s, const double filter[ORDER + 1])
{
    s->sum[s->first] = 0;
    for (size_t i = s->first; i < s->count; i++) {
        double x = 0;
        for (size_t k = 0; k <= ORDER; k++)
            x += filter[k] * (double)s->at[i - k];
        s->sum[i + 1] = s->sum[i] + x * x;
    }
}

/* How unlikely it is that the attack is at i, against its being nowhere: below 0 where it
 * is likelier. Nowhere is where nothing gets louder. */
static double unlikely(const struct scene *s, size_t i)
{
    double before = (double)(i - s->first), after = (double)(s->count - i);
    double low = s->sum[i] / before, high = (s->sum[s->count] - s->sum[i]) / after;
    double all = before + after, mean = s->sum[s->count] / all, floor = FLOOR * mean;
    double off = ((double)i - (double)s->near) / s->rate_hz;
    if (!(high > low))
        return 0;
    return before * log((low + floor) / (mean + floor)) +
           after * log((high + floor) / (mean + floor)) + PULL * all * off * off;
}

/* The likeliest of every `by`th place; `end` where none is likely. */
static size_t likeliest(const struct scene *s, size_t from, size_t end, size_t by)
{
    double least = 0;
    size_t best = end;
    for (size_t i = from; i < end; i += by) {
        double here = unlikely(s, i);
        if (here < least) {
            least = here;
            best = i;
        }
    }
    return best;
}

/* The first from `from` on that is no echo of a coder but the stroke. */
static size_t first_loud(const float *mono, size_t n, size_t from, size_t seen)
{
    float peak = line_peak(mono + from, seen < n - from ? seen : n - from);
    while (from < n - 1 && fabsf(mono[from]) < SHARE_OF_PEAK * peak)
        from++;
    return from;
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
    struct scene s;
    double filter[ORDER + 1];
    look(&s, mono, n, rate_hz, near);
    size_t by = (size_t)(STEP_S * s.rate_hz) + 1;
    if (s.first < ORDER || s.count < s.first + 4 * by)
        return near;
    learn(&s, s.near - (size_t)(SETTLED_S * s.rate_hz), filter);
    leave(&s, filter);
    size_t end = s.count - by, found = likeliest(&s, s.first + by, end, by);
    if (found == end)
        return near;
    found = likeliest(&s, found - by + 1, found + by, 1);
    size_t behind = near + (found > s.near ? (found - s.near) * s.step : 0);
    size_t ahead = found < s.near ? (s.near - found) * s.step : 0;
    size_t start = behind > ahead ? behind - ahead : 0;
    start = first_loud(mono, n, start, (size_t)(PEAK_WITHIN_S * rate_hz));
    size_t reach = (size_t)(WALK_BACK_S * rate_hz);
    return walk_back(mono, start, start > reach ? start - reach : 0);
}
