/* Matching traces. */
#include "dsp/fft.h"
#include "dsp/trace.h"
#include "dsp/trace_internal.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    CENTS = 112,   /* faster or slower, at most */
    SPEEDS = 29,   /* that are tried first, at most */
    PROMISING = 5, /* of those have all shifts tried, by their bounds, … */
    TRIED = 3,     /* and of those the best are looked at closely */
    DENSER = 4,    /* samples between two of a trace, to read it at another speed */
    FINER = 2,     /* shifts are tried so many to a sample */
    LARGEST = 2 * LONGEST
};

/* Between the speeds tried first: the higher the band, the sooner it runs apart. */
static const double step_cents[BANDS] = {16.0, 16.0, 8.0};
/* A band counts when noise leaves so much of its power; and as much as is left. */
static const double least_share = 0.5;
/* Below this bound of the correlation it is no match worth having, whatever the shift. */
static const float least_bound = 0.86F, promising = 0.82F;
/* Below this (squared), found on the coarse, it will not be one closely looked at. */
static const double least_coarse = 0.45;
/* What two shifted traces have in common must hold so much of the power of each. */
static const float least_common = 0.4F;
/* The others need not look far around the speed and the shift of a band of so much
 * detail, but for the lowest, whose shift an equaliser moves. */
static const double knows_detail = 1.0;
static const double around_s[BANDS] = {0.0015, 0.0005, 0.0003};
/* Correlations (squared) above and below which no other speed is looked at. */
static const double enough = 0.88, hopeless = 0.6;

struct held {
    float dense[LARGEST * DENSER];
    float spectrum[SPEEDS][LARGEST + 2]; /* at each speed, of power 1 */
    float size[SPEEDS][LONGEST];         /* of its bins; Σ size² ≤ 1 */
    float power;                         /* of a whole trace, as dense has it */
    bool ready, known[SPEEDS];
};

struct trace_matcher {
    struct rfft *one[BANDS], *fine[BANDS], *many[BANDS];
    struct trace trace;
    struct held held[BANDS];
    float x[LARGEST * DENSER], wide[LARGEST * DENSER + 2];
    /* of the other */
    float plain[LONGEST], spectrum[LARGEST + 2], size[LONGEST];
    float power;
    int begins;
};

/* Where the held one fits the other best. */
struct fit {
    double cents, shift; /* in samples of the band */
    double alike;        /* the correlation, squared */
};

enum status trace_matcher_new(struct trace_matcher **out, struct err *e)
{
    struct trace_matcher *m = calloc(1, sizeof *m);
    bool done = m != NULL;
    for (int b = 0; b < BANDS && done; b++) {
        m->one[b] = rfft_new(2 * trace_bands[b].count);
        m->many[b] = rfft_new(2 * DENSER * trace_bands[b].count);
        m->fine[b] = rfft_new(2 * FINER * trace_bands[b].count);
        done = m->one[b] && m->fine[b] && m->many[b];
    }
    if (!done) {
        trace_matcher_free(m);
        m = NULL;
    }
    *out = m;
    return done ? ST_OK : err_set(e, ST_NO_MEMORY, "no memory to match traces");
}

void trace_matcher_free(struct trace_matcher *m)
{
    if (m == NULL)
        return;
    for (int b = 0; b < BANDS; b++) {
        rfft_free(m->one[b]);
        rfft_free(m->fine[b]);
        rfft_free(m->many[b]);
    }
    free(m);
}

/* Faded at both ends, zeros behind, and made power 1. */
static void finish(const struct trace_band *b, float *x)
{
    int in = 8, out = b->count / 6;
    double power = 1e-30;
    for (int i = 0; i < in; i++)
        x[i] *= (float)i / (float)in;
    for (int i = 0; i < out; i++)
        x[b->count - 1 - i] *= (float)i / (float)out;
    for (int i = 0; i < b->count; i++)
        power += (double)x[i] * (double)x[i];
    float gain = (float)(1.0 / sqrt(power));
    for (int i = 0; i < b->count; i++)
        x[i] *= gain;
    memset(x + b->count, 0, (size_t)b->count * sizeof *x);
}

/* Returns the power of what is not faded in. */
static float expand(const struct trace *t, int b, float *x)
{
    const int8_t *from = trace_samples(t, b);
    int begins = trace_begins(t, b);
    float power = 0.0F;
    for (int i = 0; i < trace_bands[b].count; i++) {
        float v = (float)from[i] / 127.0F;
        x[i] = v * fabsf(v);
        power += i < begins ? 0.0F : x[i] * x[i];
    }
    return power;
}

/* The held one played faster by so many cents, around its attack. */
static void at_speed(struct trace_matcher *m, int b, double cents, float *spectrum)
{
    const struct trace_band *band = &trace_bands[b];
    const float *dense = m->held[b].dense;
    double ratio = exp2(cents / 1200.0), attack = trace_lead_s * band->rate_hz;
    int last = band->count * DENSER - 1;
    for (int i = 0; i < band->count; i++) {
        double at = ((i - attack) * ratio + attack) * DENSER;
        int k = (int)floor(at);
        float t = (float)(at - k);
        m->x[i] = k >= 0 && k < last ? dense[k] + t * (dense[k + 1] - dense[k]) : 0.0F;
    }
    finish(band, m->x);
    rfft_forward(m->one[b], m->x, spectrum);
}

static int speeds_of(int b)
{
    return 1 + 2 * (int)(CENTS / step_cents[b]);
}

static double cents_of(int b, int speed)
{
    return (speed - speeds_of(b) / 2) * step_cents[b];
}

/* Of each bin, such that the squares of all sum to the power of the signal. */
static void sizes(const struct trace_band *b, const float *spectrum, float *size)
{
    float by = sqrtf(1.0F / (float)b->count);
    for (int k = 0; k < b->count; k++)
        size[k] = by * sqrtf(spectrum[2 * k] * spectrum[2 * k] +
                             spectrum[2 * k + 1] * spectrum[2 * k + 1]);
}

/* No shift can correlate better than when all phases agree. */
static float bound(const struct trace_band *b, const float *x, const float *y)
{
    float lane[8] = {0.0F};
    for (int k = 0; k < b->count; k += 8)
        for (int i = 0; i < 8; i++)
            lane[i] += x[k + i] * y[k + i];
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

static void prepare(struct trace_matcher *m, int b)
{
    struct held *h = &m->held[b];
    const struct trace_band *band = &trace_bands[b];
    float spectrum[LARGEST + 2];
    size_t size = 2 * (size_t)band->count;
    if (h->ready)
        return;
    h->power = expand(&m->trace, b, m->x);
    memset(m->x + band->count, 0, (size_t)band->count * sizeof *m->x);
    rfft_forward(m->one[b], m->x, spectrum);
    memset(m->wide, 0, (size * DENSER + 2) * sizeof *m->wide);
    memcpy(m->wide, spectrum, size * sizeof *spectrum);
    rfft_inverse(m->many[b], m->wide, h->dense);
    for (size_t i = 0; i < size * DENSER; i++)
        h->dense[i] *= (float)DENSER; /* which the longer transform took away */
    h->ready = true;
}

/* The bound at one of the speeds. */
static float bound_at(struct trace_matcher *m, int b, int speed)
{
    struct held *h = &m->held[b];
    if (!h->known[speed]) {
        at_speed(m, b, cents_of(b, speed), h->spectrum[speed]);
        sizes(&trace_bands[b], h->spectrum[speed], h->size[speed]);
        h->known[speed] = true;
    }
    return bound(&trace_bands[b], h->size[speed], m->size);
}

/* Of all speeds; of every second one only where its neighbours promise nothing. */
static void bounds(struct trace_matcher *m, int b, float at[SPEEDS])
{
    int count = speeds_of(b);
    for (int i = 0; i < count; i += 2)
        at[i] = bound_at(m, b, i);
    for (int i = 1; i < count; i += 2)
        at[i] = fmaxf(at[i - 1], at[i + 1]) >= promising ? bound_at(m, b, i) : 0.0F;
}

void trace_hold(struct trace_matcher *m, const struct trace *one)
{
    m->trace = *one;
    for (int b = 0; b < BANDS; b++) {
        m->held[b].ready = false;
        memset(m->held[b].known, 0, sizeof m->held[b].known);
    }
}

/* The best shift at one speed, half a sample at a time: between two samples the upper
 * band turns round. It takes its place in `fits`, best first. */
static void try_speed(struct trace_matcher *m, int b, double cents, const float *held,
                      struct fit fits[TRIED])
{
    const struct trace_band *band = &trace_bands[b];
    int size = 2 * FINER * band->count,
        most = (int)(band->shift_s * band->rate_hz) * FINER;
    for (int k = 0; k < band->count; k++) {
        float a = held[2 * k], c = held[2 * k + 1], d = m->spectrum[2 * k],
              f = m->spectrum[2 * k + 1];
        m->wide[2 * k] = a * d + c * f;
        m->wide[2 * k + 1] = c * d - a * f;
    }
    memset(m->wide + 2 * band->count, 0,
           ((size_t)size + 2 - 2 * (size_t)band->count) * sizeof *m->wide);
    rfft_inverse(m->fine[b], m->wide, m->x);
    float best = 0.0F;
    int best_at = 0, at = TRIED - 1;
    for (int i = -most; i <= most; i++) {
        float now = fabsf(m->x[i < 0 ? i + size : i]);
        best_at = now > best ? i : best_at;
        best = now > best ? now : best;
    }
    double alike = FINER * FINER * (double)best * (double)best;
    if (alike <= fits[at].alike)
        return;
    for (; at > 0 && alike > fits[at - 1].alike; at--)
        fits[at] = fits[at - 1];
    fits[at] = (struct fit){cents, (double)best_at / FINER, alike};
}

/* The correlation, squared, of what the two have in common at a speed and a shift; −1
 * when that is too little to tell. Of every stride-th sample. */
static double alike_at(const struct trace_matcher *m, int b, double cents, double shift,
                       int stride)
{
    const struct trace_band *band = &trace_bands[b];
    const struct held *h = &m->held[b];
    double attack = trace_lead_s * band->rate_hz, step = exp2(cents / 1200.0) * DENSER,
           first = (shift - attack) * step + attack * DENSER,
           skip = trace_begins(&m->trace, b) * DENSER;
    int last = band->count * DENSER - 1,
        from = (int)ceil(fmax(m->begins, (skip - first) / step)),
        until = (int)fmin(band->count, (last - first) / step);
    float xx = 0.0F, yy = 0.0F, xy = 0.0F;
    for (int i = from; i < until; i += stride) {
        float at = (float)(first + step * i), y = m->plain[i];
        int k = (int)at;
        float x = h->dense[k] + (at - (float)k) * (h->dense[k + 1] - h->dense[k]);
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    float least = least_common / (float)stride;
    if (xx < least * h->power || yy < least * m->power)
        return -1.0;
    return (double)(xy * xy / (xx * yy + 1e-30F));
}

/* Uphill from a fit found on the coarse. */
static struct fit climb(const struct trace_matcher *m, int b, struct fit fit)
{
    static const double ways[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
    double cents = step_cents[b] / 4.0, shift = 0.25;
    fit.alike = alike_at(m, b, fit.cents, fit.shift, 1);
    for (int halved = 0, tries = 0; halved < 4 && tries < 60;) {
        struct fit best = fit;
        for (int i = 0; i < 4; i++, tries++) {
            struct fit now = {fit.cents + ways[i][0] * cents,
                              fit.shift + ways[i][1] * shift, 0.0};
            now.alike = alike_at(m, b, now.cents, now.shift, 1);
            if (now.alike > best.alike)
                best = now;
        }
        if (best.alike <= fit.alike) {
            cents /= 2.0;
            shift /= 2.0;
            halved++;
        }
        fit = best;
    }
    return fit;
}

static struct fit best_of(const struct trace_matcher *m, int b,
                          const struct fit fits[TRIED])
{
    struct fit best = {0.0, 0.0, fits[0].alike > least_coarse ? -1.0 : 0.0};
    for (int i = 0; i < TRIED && fits[i].alike > least_coarse && best.alike < enough;
         i++) {
        struct fit now = climb(m, b, fits[i]);
        best = now.alike > best.alike ? now : best;
        if (now.alike >= 0.0 && now.alike < hopeless)
            break;
    }
    return best;
}

static void look_at(struct trace_matcher *m, int b, const struct trace *other)
{
    m->power = expand(other, b, m->plain);
    m->begins = trace_begins(other, b);
}

static void transform(struct trace_matcher *m, int b)
{
    memcpy(m->x, m->plain, (size_t)trace_bands[b].count * sizeof *m->x);
    finish(&trace_bands[b], m->x);
    rfft_forward(m->one[b], m->x, m->spectrum);
}

/* At any speed. */
static struct fit match_freely(struct trace_matcher *m, int b, const struct trace *other)
{
    struct fit fits[TRIED] = {0};
    float at[SPEEDS];
    prepare(m, b);
    look_at(m, b, other);
    transform(m, b);
    sizes(&trace_bands[b], m->spectrum, m->size);
    bounds(m, b, at);
    for (int k = 0; k < PROMISING; k++) {
        int best = 0;
        for (int i = 1; i < speeds_of(b); i++)
            best = at[i] > at[best] ? i : best;
        if (at[best] < least_bound)
            break;
        try_speed(m, b, cents_of(b, best), m->held[b].spectrum[best], fits);
        at[best] = 0.0F;
    }
    return best_of(m, b, fits);
}

/* At the speed and shift that another band knows. */
static struct fit match_near(struct trace_matcher *m, int b, const struct trace *other,
                             const struct fit *known, double known_hz)
{
    double rate_hz = trace_bands[b].rate_hz, middle = known->shift / known_hz * rate_hz;
    struct fit best = {0.0, 0.0, -1.0};
    int reach = (int)ceil(FINER * around_s[b] * rate_hz);
    prepare(m, b);
    look_at(m, b, other);
    for (int i = -reach; i <= reach; i++) {
        struct fit now = {known->cents, middle + (double)i / FINER, 0.0};
        now.alike = alike_at(m, b, now.cents, now.shift, 2);
        best = now.alike > best.alike ? now : best;
    }
    return best.alike > 0.0 ? climb(m, b, best) : best;
}

/* --- the bands together
 * ---------------------------------------------------------------------------------- */

/* What noise leaves of the power two copies have in common. */
static double share_of(const struct trace *a, const struct trace *b, int band)
{
    double x = pow(10.0, 0.1 * a->snr_db[band]), y = pow(10.0, 0.1 * b->snr_db[band]);
    return x / (1.0 + x) * (y / (1.0 + y));
}

static int8_t lesser_detail(const struct trace *a, const struct trace *b, int band)
{
    return a->detail[band] < b->detail[band] ? a->detail[band] : b->detail[band];
}

/* How much each band counts; the least noisy one always does. */
static void weigh(const struct trace *a, const struct trace *b, double share[BANDS],
                  double weight[BANDS])
{
    int best = 0;
    for (int i = 0; i < BANDS; i++) {
        share[i] = fmax(0.05, share_of(a, b, i));
        weight[i] = share[i] > least_share ? share[i] : 0.0;
        best = share[i] > share[best] ? i : best;
    }
    weight[best] = share[best];
}

static double unexplained(double alike, double share)
{
    return alike < share ? 1.0 - alike / share : 0.0;
}

/* By which the band to begin with is chosen: not the lowest, if another says enough, for
 * its shift is of no use to the others. */
static double known_to_say(const struct trace *a, const struct trace *b,
                           const double weight[BANDS], int band)
{
    double detail = 0.1 * lesser_detail(a, b, band);
    return weight[band] * (band == LOW && detail > knows_detail ? knows_detail : detail);
}

double trace_unlike(struct trace_matcher *m, const struct trace *other, double most)
{
    static const int order[BANDS][BANDS] = {
        {LOW, MID, HIGH}, {MID, HIGH, LOW}, {HIGH, MID, LOW}};
    double share[BANDS], weight[BANDS], all = 0.0, unlike = 0.0;
    int first = 0;
    if (!m->trace.known || !other->known)
        return 1.0;
    weigh(&m->trace, other, share, weight);
    for (int b = 0; b < BANDS; b++) {
        bool lower = known_to_say(&m->trace, other, weight, b) <=
                     known_to_say(&m->trace, other, weight, first);
        all += weight[b];
        first = lower ? first : b;
    }
    int knows = first;
    struct fit known = match_freely(m, first, other);
    unlike = weight[first] * unexplained(fmax(0.0, known.alike), share[first]);
    for (int i = 1; i < BANDS && unlike <= most * all; i++) {
        int b = order[first][i];
        if (weight[b] <= 0.0)
            continue;
        bool near =
            knows != LOW && lesser_detail(&m->trace, other, knows) >= 10.0 * knows_detail;
        struct fit now = near
                             ? match_near(m, b, other, &known, trace_bands[knows].rate_hz)
                             : match_freely(m, b, other);
        if (now.alike < 0.0)
            all -= weight[b];
        else
            unlike += weight[b] * unexplained(now.alike, share[b]);
        if (!near) {
            knows = b;
            known = now;
        }
    }
    return fmin(1.0, unlike / all);
}

double trace_detail(const struct trace *a, const struct trace *b)
{
    double share[BANDS], weight[BANDS], most = 0.0;
    weigh(a, b, share, weight);
    for (int i = 0; i < BANDS; i++)
        if (weight[i] > 0.0)
            most = fmax(most, 0.1 * lesser_detail(a, b, i));
    return most;
}
