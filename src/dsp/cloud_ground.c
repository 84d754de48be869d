#include "dsp/cloud_ground.h"

#include "dsp/pads.h"
#include "dsp/part_units.h"
#include "dsp/track_sums.h"

#include <math.h>
#include <stdlib.h>

#define PART_S       1.5
#define NEAR_BEST    0.4  /* of the best part's tone */
#define TONELESS     0.1  /* the best part of noise, and of a talk over it */
#define HELD         0.3  /* tonality: choirs have that much, a lead note twice as much */
#define CALM_HALF_HZ 1.25 /* onsets a second */
#define JOIN_S       1e-9

struct part {
    struct stable_region at;
    double tone;
};

static double tone_of(struct track_sums *s, const struct stable_region *at)
{
    size_t from = track_sums_cell(s, at->start_sec), to = track_sums_cell(s, at->end_sec);
    struct track_window w;
    if (to <= from)
        return 0.0;
    track_sums_rewind(s, from);
    track_sums_window(s, from, to, &w);
    return pad_tone(s->track, &w) * fmin(1.0, w.tonality / HELD) *
           part_falling(w.onset_rate_hz, CALM_HALF_HZ);
}

static size_t parts_of(const struct stable_region *r)
{
    return (size_t)fmax(1.0, ceil((r->end_sec - r->start_sec) / PART_S - JOIN_S));
}

static void cut(const struct stable_list *ground, struct track_sums *s, struct part *out)
{
    for (size_t i = 0; i < ground->count; i++) {
        const struct stable_region *r = &ground->at[i];
        size_t parts = parts_of(r);
        double step = (r->end_sec - r->start_sec) / (double)parts;
        for (size_t k = 0; k < parts; k++, out++) {
            out->at.start_sec = r->start_sec + step * (double)k;
            out->at.end_sec =
                k + 1 == parts ? r->end_sec : r->start_sec + step * (double)(k + 1);
            out->tone = tone_of(s, &out->at);
        }
    }
}

static int by_tone(const void *a, const void *b)
{
    const struct part *x = a, *y = b;
    return (x->tone < y->tone) - (x->tone > y->tone);
}

/* The least tone that a part needs; `sorted` holds them all. */
static double tone_needed(struct part *sorted, size_t count, double least_s)
{
    double seconds = 0.0;
    qsort(sorted, count, sizeof *sorted, by_tone);
    if (sorted[0].tone < TONELESS)
        return 0.0;
    for (size_t i = 0; i < count; i++) {
        seconds += sorted[i].at.end_sec - sorted[i].at.start_sec;
        if (seconds >= least_s)
            return fmin(sorted[i].tone, NEAR_BEST * sorted[0].tone);
    }
    return 0.0;
}

static size_t keep(const struct part *part, size_t count, double least,
                   struct stable_region *kept)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (part[i].tone < least)
            continue;
        if (n > 0 && part[i].at.start_sec - kept[n - 1].end_sec < JOIN_S)
            kept[n - 1].end_sec = part[i].at.end_sec;
        else
            kept[n++] = part[i].at;
    }
    return n;
}

enum status cloud_ground_choose(struct stable_list *ground, const struct track *t,
                                double least_s, struct err *e)
{
    size_t count = 0;
    for (size_t i = 0; i < ground->count; i++)
        count += parts_of(&ground->at[i]);
    if (count == 0)
        return ST_OK;
    struct part *part = calloc(2 * count, sizeof *part);
    struct stable_region *kept = calloc(count, sizeof *kept);
    struct track_sums s = {0};
    enum status st = part && kept
                         ? track_sums_init(&s, t, PART_S, e)
                         : err_set(e, ST_NO_MEMORY, "no memory to mine a recording");
    if (st == ST_OK) {
        struct part *sorted = part + count;
        cut(ground, &s, part);
        for (size_t i = 0; i < count; i++)
            sorted[i] = part[i];
        size_t n = keep(part, count, tone_needed(sorted, count, least_s), kept);
        stable_list_done(ground);
        *ground = (struct stable_list){kept, n};
        kept = NULL;
    }
    track_sums_done(&s);
    free(part);
    free(kept);
    return st;
}

enum status cloud_ground_tone(const struct stable_region *at, size_t count,
                              double longest_s, const struct track *t, double *tone,
                              struct err *e)
{
    struct track_sums s;
    double sum = 0.0, seconds = 0.0;
    enum status st = track_sums_init(&s, t, longest_s, e);
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        double length = at[i].end_sec - at[i].start_sec;
        sum += length * tone_of(&s, &at[i]);
        seconds += length;
    }
    track_sums_done(&s);
    *tone = seconds > 0.0 ? sum / seconds : 0.0;
    return st;
}
