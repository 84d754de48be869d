#include "dsp/pad_choice.h"

#include "core/array.h"
#include "dsp/line.h"
#include "dsp/pads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAME_BANDS_DB   3.0
#define SAME_PITCHES    0.06 /* cosine distance of the chroma */
#define OTHER_LENGTH    1.6
#define AGAIN_WEIGHT    0.93 /* per pad of that duration already chosen */
#define ALIKE_WEIGHT    0.85 /* per pad before it that sounds the same */
#define NEAR_WEIGHT     0.95 /* per pad beside it, less for one within NEAR_S */
#define NEAR_S          60.0
#define SIGNATURE_DEPTH 45.0 /* dB below the loudest band that still count */

enum { DURATIONS = 64, SIGNATURE_POINTS = 12, WIDE = 2 };

enum status pad_pool_add(struct pad_pool *pool, const struct pad_place *place,
                         struct err *e)
{
    if (!array_grow(&pool->at, &pool->room, pool->count + 1, sizeof *pool->at))
        return err_set(e, ST_NO_MEMORY, "no memory to mine a recording");
    pool->at[pool->count++] = *place;
    return ST_OK;
}

void pad_pool_done(struct pad_pool *pool)
{
    free(pool->at);
    *pool = (struct pad_pool){0};
}

static bool overlap(const struct pad_place *a, const struct pad_place *b)
{
    size_t from = a->from > b->from ? a->from : b->from;
    size_t to = a->to < b->to ? a->to : b->to;
    if (to <= from)
        return false;
    size_t x = a->to - a->from, y = b->to - b->from, shorter = x < y ? x : y;
    return (double)(to - from) > PAD_OVERLAP_MAX * (double)shorter;
}

/* ---- what a place sounds like ---- */

struct signature {
    float band_db[TRACK_BANDS]; /* mean taken out, floored */
    float chroma[12];           /* unit length, or all 0 */
};

static void sign(const struct track *t, const struct pad_place *p, struct signature *s)
{
    const struct track_info *info = track_info(t);
    double power[TRACK_BANDS] = {0}, chroma[12] = {0}, sum = 0.0;
    for (size_t k = 0; k < SIGNATURE_POINTS; k++) {
        size_t at = p->from + (p->to - p->from) * k / SIGNATURE_POINTS;
        float db[TRACK_BANDS], c[12];
        track_spectrum(t, at, db);
        for (int b = 0; b < TRACK_BANDS; b++)
            power[b] += db_power((double)db[b]);
        size_t block = at * TRACK_HOPS_PER_SPECTRUM / TRACK_HOPS_PER_CHROMA;
        if (block >= info->chromas)
            continue;
        track_chroma(t, block, c);
        for (int i = 0; i < 12; i++)
            chroma[i] += (double)c[i];
    }
    double top = -200.0, mean = 0.0;
    for (int b = 0; b < TRACK_BANDS; b++) {
        power[b] = power_db(power[b]);
        top = fmax(top, power[b]);
    }
    for (int b = 0; b < TRACK_BANDS; b++)
        mean += (power[b] = fmax(power[b], top - SIGNATURE_DEPTH)) / TRACK_BANDS;
    for (int b = 0; b < TRACK_BANDS; b++)
        s->band_db[b] = (float)(power[b] - mean);
    for (int i = 0; i < 12; i++)
        sum += chroma[i] * chroma[i];
    for (int i = 0; i < 12; i++)
        s->chroma[i] = sum > 0.0 ? (float)(chroma[i] / sqrt(sum)) : 0.0f;
}

static bool alike(const struct signature *a, const struct signature *b)
{
    double bands = 0.0, pitches = 0.0;
    for (int i = 0; i < TRACK_BANDS; i++) {
        double d = (double)a->band_db[i] - (double)b->band_db[i];
        bands += d * d;
    }
    for (int i = 0; i < 12; i++)
        pitches += (double)a->chroma[i] * (double)b->chroma[i];
    return sqrt(bands / TRACK_BANDS) < SAME_BANDS_DB && 1.0 - pitches < SAME_PITCHES;
}

static bool other_length(const struct pad_place *a, const struct pad_place *b)
{
    double x = (double)(a->to - a->from), y = (double)(b->to - b->from);
    return fmax(x, y) > OTHER_LENGTH * fmin(x, y);
}

/* ---- choosing ---- */

/* How many spectra go into NEAR_S. */
static double near_spectra(const struct track *t)
{
    return NEAR_S * track_info(t)->rate_hz /
           (double)track_hop_start(t, TRACK_HOPS_PER_SPECTRUM);
}

/* What is left of the worth of a place beside one that is chosen. */
static double beside(const struct pad_place *p, const struct pad_place *was, double near)
{
    bool again =
        p->duration == was->duration && p->duration >= 0 && p->duration < DURATIONS;
    double apart = fabs((double)p->from - (double)was->from) / near;
    return pow(NEAR_WEIGHT, fmax(0, 1 - apart)) * (again ? AGAIN_WEIGHT : 1);
}

/* Of two that are worth the same: the one of the duration named first, then in time. */
static bool earlier(const struct pad_place *a, const struct pad_place *b)
{
    return a->duration != b->duration ? a->duration < b->duration : a->from < b->from;
}

/* `worth` of each place; −1: not to be chosen any more. */
static size_t best_left(const struct pad_pool *pool, const double *worth)
{
    size_t best = pool->count;
    double most = -1.0;
    for (size_t i = 0; i < pool->count; i++)
        if (worth[i] > most ||
            (worth[i] == most && most >= 0 && earlier(&pool->at[i], &pool->at[best]))) {
            most = worth[i];
            best = i;
        }
    return best;
}

static size_t choose(const struct pad_pool *pool, const struct track *t, double *worth,
                     struct signature *signs, struct pad_place *chosen, size_t most)
{
    double near = near_spectra(t);
    size_t count = 0;
    while (count < most) {
        size_t i = best_left(pool, worth);
        if (i == pool->count)
            break;
        const struct pad_place *p = &pool->at[i];
        worth[i] = -1;
        sign(t, p, &signs[count]);
        bool again = false;
        for (size_t k = 0; k < count && !again; k++)
            again = alike(&signs[k], &signs[count]) && !other_length(&chosen[k], p);
        if (again)
            continue;
        chosen[count++] = *p;
        for (size_t k = 0; k < pool->count; k++)
            if (worth[k] >= 0)
                worth[k] = overlap(&pool->at[k], p)
                               ? -1
                               : worth[k] * beside(&pool->at[k], p, near);
    }
    return count;
}

/* Of what was chosen the best `most`, in order: a second length of a sound is worth less
 * than the first of another. */
static size_t rank(const struct track *t, struct pad_place *chosen,
                   struct signature *signs, size_t count, size_t most)
{
    double near = near_spectra(t);
    size_t n = 0;
    for (; n < count && n < most; n++) {
        size_t best = n;
        double best_worth = -1.0;
        for (size_t i = n; i < count; i++) {
            double w = chosen[i].score;
            for (size_t k = 0; k < n; k++)
                w *= beside(&chosen[i], &chosen[k], near) *
                     (alike(&signs[k], &signs[i]) ? ALIKE_WEIGHT : 1.0);
            if (w > best_worth) { /* of equal ones the one that was chosen first */
                best_worth = w;
                best = i;
            }
        }
        struct pad_place place = chosen[best];
        struct signature sign = signs[best];
        memmove(chosen + n + 1, chosen + n, (best - n) * sizeof *chosen);
        memmove(signs + n + 1, signs + n, (best - n) * sizeof *signs);
        chosen[n] = place;
        signs[n] = sign;
    }
    return n;
}

size_t pad_pool_choose(const struct pad_pool *pool, const struct track *t,
                       struct pad_place *chosen, size_t most)
{
    size_t wide = WIDE * most, count = 0;
    double *worth = calloc(pool->count + 1, sizeof *worth);
    struct signature *signs = calloc(wide + 1, sizeof *signs);
    struct pad_place *all = calloc(wide + 1, sizeof *all);
    if (worth && signs && all) {
        for (size_t i = 0; i < pool->count; i++)
            worth[i] = pool->at[i].miss > 0.0 ? -1 : pool->at[i].score;
        count = rank(t, all, signs, choose(pool, t, worth, signs, all, wide), most);
        memcpy(chosen, all, count * sizeof *chosen);
    }
    free(worth);
    free(signs);
    free(all);
    return count;
}

size_t pad_pool_near(const struct pad_pool *pool, const struct pad_place *chosen,
                     size_t chosen_count, struct pad_place *near, size_t most)
{
    size_t count = 0;
    for (; count < most; count++) {
        const struct pad_place *best = NULL;
        for (size_t i = 0; i < pool->count; i++) {
            const struct pad_place *p = &pool->at[i];
            bool taken = p->miss <= 0.0;
            if (taken || (best && (p->miss > best->miss ||
                                   (p->miss == best->miss && earlier(best, p)))))
                continue;
            for (size_t k = 0; k < chosen_count && !taken; k++)
                taken = overlap(p, &chosen[k]);
            for (size_t k = 0; k < count && !taken; k++)
                taken = overlap(p, &near[k]);
            if (!taken)
                best = p;
        }
        if (!best)
            break;
        near[count] = *best;
    }
    return count;
}
