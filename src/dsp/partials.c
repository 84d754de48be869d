#include "dsp/partials.h"

#include "core/pi.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 16, REACH = 2, SLOPE = 8 };
static const double stands_out = 50, still_out = 10; /* in power */
static const double faint = 0.01; /* what its mate's power has to be to be heeded */
static const double most = 0.4;   /* radians a step towards it: frames still agree */

struct partials {
    int bins;
    bool going;
    float *power;  /* of all channels, REACH zeros at both sides */
    float *ground; /* geometric mean power of each BLOCK bins */
    double *last;  /* angles of the step before */
    double *first; /* and of the first */
};

double partials_wrap(double angle)
{
    return angle - 2 * PI * rint(angle / (2 * PI));
}

double partials_frequency(const struct partials_step *s, int peak)
{
    double re = 0, im = 0;
    for (size_t c = 0; c < s->channels; c++) {
        const float *now = s->now + c * s->now_apart + 2 * peak;
        const float *before = s->before + c * s->before_apart + 2 * peak;
        double a = (double)now[0], b = (double)now[1];
        double p = (double)before[0], q = (double)before[1];
        re += a * p + b * q;
        im += b * p - a * q;
    }
    double centre = 2 * PI * peak / s->n;
    return centre + partials_wrap(atan2(im, re) - centre * s->hop_in) / s->hop_in;
}

struct partials *partials_new(int n)
{
    struct partials *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->bins = n / 2 + 1;
    size_t bins = (size_t)p->bins;
    p->power = calloc(bins + 2 * REACH, sizeof *p->power);
    p->ground = calloc(bins / BLOCK + 1, sizeof *p->ground);
    p->last = calloc(bins, sizeof *p->last);
    p->first = calloc(bins, sizeof *p->first);
    if (p->power && p->ground && p->last && p->first)
        return p;
    partials_free(p);
    return NULL;
}

void partials_free(struct partials *p)
{
    if (!p)
        return;
    free(p->power);
    free(p->ground);
    free(p->last);
    free(p->first);
    free(p);
}

static void sum_power(struct partials *p, const struct partials_step *s)
{
    float *power = p->power + REACH;
    memset(power, 0, (size_t)p->bins * sizeof *power);
    for (size_t c = 0; c < s->channels; c++) {
        const float *x = s->now + c * s->now_apart;
        for (int k = 0; k < p->bins; k++)
            power[k] += x[2 * k] * x[2 * k] + x[2 * k + 1] * x[2 * k + 1];
    }
}

/* A geometric mean, which a partial in the block hardly lifts. A few values short of a
 * block at the end belong to the one before. */
static void lay_ground(struct partials *p)
{
    for (int b = 0; (b + 1) * BLOCK <= p->bins; b++) {
        const float *x = p->power + REACH + b * BLOCK;
        double product = 1;
        for (int i = 0; i < BLOCK; i++)
            product *= (double)x[i] + 1e-14;
        p->ground[b] = (float)sqrt(sqrt(sqrt(sqrt(product))));
    }
}

/* Of the two blocks whose middles are to both sides of a bin. */
static double ground_at(const struct partials *p, int bin)
{
    int last = p->bins / BLOCK - 1, right = (bin + BLOCK / 2) / BLOCK;
    int left = right > 0 ? right - 1 : 0;
    right = right < last ? right : last;
    left = left < last ? left : last;
    return sqrt((double)p->ground[left] * (double)p->ground[right]);
}

/* Where a partial's slope ends to one side. */
static int slope_end(const struct partials *p, int peak, int way)
{
    const float *power = p->power + REACH;
    int k = peak;
    while (abs(k + way - peak) <= SLOPE && k + way >= 0 && k + way < p->bins &&
           power[k + way] < power[k])
        k += way;
    return k;
}

/* The turn, near to `angle`, that lays a partial a quarter turn from its mate. */
static double beside_mate(const struct partials_step *s, int peak, double angle)
{
    double re = 0, im = 0, own = 0, its = 0;
    for (size_t c = 0; c < s->channels; c++) {
        const float *x = s->now + c * s->now_apart + 2 * peak;
        const float *y = s->mate + c * s->now_apart + 2 * peak;
        double a = (double)y[0], b = (double)y[1], p = (double)x[0], q = (double)x[1];
        re += a * p + b * q;
        im += b * p - a * q;
        own += p * p + q * q;
        its += a * a + b * b;
    }
    if (!(its > faint * own))
        return angle; /* none is there that would be heard beside it */
    double off = partials_wrap(atan2(im, re) - angle);
    return angle + off + (off < 0 ? 0.25 : -0.25) * (2 * PI);
}

static double next_angle(const struct partials *p, const struct partials_step *s,
                         int peak)
{
    double hz = partials_frequency(s, peak);
    double angle = p->last[peak] + (s->hop_out - s->hop_in) * hz;
    if (s->mate)
        angle += fmax(-most, fmin(most, beside_mate(s, peak, angle) - angle));
    if (s->left && !isnan(p->first[peak])) {
        double there = angle + (s->left_out - s->left_in) * hz;
        angle += partials_wrap(p->first[peak] - there) / (double)s->left;
    }
    return partials_wrap(angle);
}

void partials_follow(struct partials *p, const struct partials_step *s,
                     const uint16_t *chance, double *angle)
{
    for (int k = 0; k < p->bins; k++)
        angle[k] = (double)NAN;
    bool near = !p->going || (s->hop_in >= 1 && s->hop_in <= 0.5 * s->n);
    if (near && p->bins >= BLOCK) {
        sum_power(p, s);
        lay_ground(p);
    }
    for (int k = 1; near && p->bins >= BLOCK && k < p->bins - 1; k++) {
        const float *x = p->power + REACH + k;
        if (!(x[0] > x[-1] && x[0] >= x[1] && x[0] > x[-2] && x[0] >= x[2]))
            continue;
        bool held = p->going && !isnan(p->last[k]);
        if (!((double)x[0] > (held ? still_out : stands_out) * ground_at(p, k)))
            continue;
        double by = 2 * PI * chance[k] / PARTIALS_CIRCLE;
        if (held)
            by = next_angle(p, s, k);
        else if (s->mate)
            by = beside_mate(s, k, by);
        int end = slope_end(p, k, 1);
        for (int i = slope_end(p, k, -1); i <= end; i++)
            angle[i] = by;
    }
    size_t size = (size_t)p->bins * sizeof *angle;
    if (!p->going)
        memcpy(p->first, angle, size);
    memcpy(p->last, angle, size);
    p->going = true;
}
