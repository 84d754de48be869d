#include "dsp/pads.h"
#include "dsp/pad_choice.h"
#include "dsp/part_units.h"
#include "dsp/track_sums.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Gates beyond the config's, where a stretch is no pad by any taste. */
#define MAX_LEVEL_SD_DB 5.0
#define MAX_CHANGE      0.30
#define MAX_RUMBLE      0.60 /* of the energy below hearing */
#define MIN_STABLE      0.85 /* share of the window on stable ground */
#define UNSTABLE_SCALE  0.5
#define LEVEL_SCALE_DB  6.0
/* track_window.pitched, from no pitch at all to certain pitch. Noise alone stays below
 * 0.01, behind a sharp resonance below 0.02. A voice, a chord or a detuned stack under
 * noise as loud as itself, and a choir with all its vibratos, lie above 0.03. */
#define NOISE_PITCHED 0.01
#define TONE_PITCHED  0.03
/* Below the recording's level by HUM_LOUD_DB at most, hum was played; from HUM_QUIET_DB
 * on it was left over. */
#define HUM_LOUD_DB  6.0
#define HUM_QUIET_DB 12.0
/* Of what holds: up to so much hum only lies under it; and from so much on it is all,
 * as noise holds by chance, too. */
#define HUM_UNDER 0.6
#define HUM_ALL   0.85
/* How far pitch classes lie from their mean: in chords that are held up to 0.05, in the
 * sway of detuned ones 0.08; where a melody goes on, above 0.12. What is less than half
 * held, noise or a vibrato, has pitch classes by chance, too. */
#define NOTES_STAY   0.05
#define NOTES_WEIGHT 1.5 /* of what is above, beside a change of colour */
/* How far those after a moment lie from those before it: in chords that are held up to
 * 0.1, where one follows another 0.15 to 0.8: less, the more notes they share. */
#define CHORD_STAYS     0.1
#define CHORD_LEAST     3 /* chromas on either side */
#define NOTES_HELD      0.5
#define NOTES_EDGE_S    0.19 /* what a chroma's window sees beyond its own */
#define SWINGING_WEIGHT 0.75 /* of what is anything but steady */
/* A window that misses by more than this (in units of each gate's scale) is no near-miss,
 * unless no window misses by less. A silent one never is. */
#define NEAR_MISS     1.5
#define SILENT_MISSES 100.0

/* ---- gates ---- */

struct verdict {
    double miss;  /* sum over the failed gates, in their scales; 0 = passes */
    double worst; /* largest miss of all gates */
    char why[MISSED_BY_BYTES]; /* of the worst */
};

__attribute__((format(printf, 4, 5))) static void
fail(struct verdict *v, double excess, double scale, const char *format, ...)
{
    double miss = isfinite(excess) ? excess / scale : SILENT_MISSES;
    v->miss += miss;
    if (miss <= v->worst)
        return;
    v->worst = miss;
    va_list args;
    va_start(args, format);
    vsnprintf(v->why, sizeof v->why, format, args);
    va_end(args);
}

/* What stable ground is asked for, too. */
static void judge_ground(const struct track_window *w, const struct pad_params *p,
                         struct verdict *v)
{
    double low = p->min_rms_db - w->rms_db;
    double high = w->rms_db - w->beyond_db - p->max_rms_db;
    if (low > 0.0)
        fail(v, low, LEVEL_SCALE_DB, "level %.1f dB below the gate",
             told_excess(low, 0.1));
    if (high > 0.0)
        fail(v, high, LEVEL_SCALE_DB, "level %.1f dB above the gate",
             told_excess(high, 0.1));
    double dc = w->dc - p->pre_analysis.max_dc_offset;
    if (dc > 0.0)
        fail(v, dc, 0.05, "DC offset %.3f above the gate", told_excess(dc, 0.001));
    double crest = w->crest - p->pre_analysis.max_crest_factor;
    if (crest > 0.0)
        fail(v, crest, 6.0, "crest %.1f above the gate", told_excess(crest, 0.1));
    if (w->clipped > 0 && p->pre_analysis.skip_clipped_regions)
        fail(v, log2(1.0 + w->clipped), 2.0, "clipped in %u place%s", w->clipped,
             w->clipped > 1 ? "s" : "");
}

static void judge_content(const struct track_window *w, const struct pad_params *p,
                          struct verdict *v)
{
    double swing = w->level_sd_db - MAX_LEVEL_SD_DB;
    if (swing > 0.0)
        fail(v, swing, 2.0, "level swings %.1f dB too much", told_excess(swing, 0.1));
    double rumble = w->rumble - MAX_RUMBLE;
    if (rumble > 0.0)
        fail(v, rumble, 0.1, "rumble below hearing is %.0f %% of it", 100.0 * w->rumble);
    double rate = w->onset_rate_hz - p->max_onset_rate_per_second;
    if (rate > 0.0)
        fail(v, rate, 1.0, PAD_ONSETS_ABOVE, PAD_ONSETS_DIGITS(rate), rate);
    double flat = w->flatness - p->spectral_flatness_threshold;
    if (flat > 0.0)
        fail(v, flat, 0.15, "flatness %.2f above the gate", told_excess(flat, 0.01));
    double change = w->change - MAX_CHANGE;
    if (change > 0.0)
        fail(v, change, 0.1, "spectrum changes %.*f %% too much", change < 0.01 ? 1 : 0,
             told_excess(100.0 * change, 0.1));
}

/* The reason to tell is what makes the ground unstable, where the window has it all
 * along. What is too loud misses by how much, not by all of its ground. */
static void judge_stable(const struct track_window *w, const struct pad_params *p,
                         double stable, bool ground, struct verdict *v)
{
    double unstable = MIN_STABLE - stable;
    double low = p->pre_analysis.min_rms_db - w->rms_db;
    double high = w->rms_db - w->beyond_db - p->pre_analysis.max_rms_db;
    if (!(unstable > 0.0))
        return;
    if (!ground)
        v->miss += high > 0.0 ? 0.0 : unstable / UNSTABLE_SCALE;
    else if (low > 0.0)
        fail(v, unstable, UNSTABLE_SCALE, "level %.1f dB below stable ground's",
             told_excess(low, 0.1));
    else if (high > 0.0)
        fail(v, high, LEVEL_SCALE_DB, "level %.1f dB above stable ground's",
             told_excess(high, 0.1));
    else
        fail(v, unstable, UNSTABLE_SCALE, "%.0f %% more stable ground needed",
             told_excess(100.0 * unstable, 1));
}

/* ---- score ---- */

/* How many bands really sound: near 1 for a lone sine, 8 and more for a full chord. */
static double sounding_bands(const struct track *t, size_t from, size_t to)
{
    double mean[TRACK_BANDS] = {0}, sum = 0.0, squares = 0.0;
    size_t hop = (to - from) / 8 + 1;
    for (size_t i = from; i < to; i += hop) {
        float db[TRACK_BANDS];
        track_spectrum(t, i, db);
        for (int b = 0; b < TRACK_BANDS; b++)
            mean[b] += (double)band_magnitude(db[b]);
    }
    for (int b = 0; b < TRACK_BANDS; b++) {
        sum += mean[b];
        squares += mean[b] * mean[b];
    }
    return squares > 0.0 ? sum * sum / squares : 1.0;
}

/* How far all that holds is the hum of mains that is left when nobody plays, 0 … 1. It is
 * as steady as any tone, and noise over it is none. What is as loud as the recording is
 * was played, whatever it is tuned to. */
static double hum_alone(const struct track *t, const struct track_window *w)
{
    double below_db = track_info(t)->rms_db - w->rms_db;
    return part_between(w->mains / fmax(1e-6, w->tonality), HUM_UNDER, HUM_ALL) *
           part_between(below_db, HUM_LOUD_DB, HUM_QUIET_DB);
}

double pad_tone(const struct track *t, const struct track_window *w)
{
    return part_between(w->pitched, NOISE_PITCHED, TONE_PITCHED) *
           (1.0 - hum_alone(t, w)) * (1.0 - w->glides);
}

static double squares(const double chroma[12])
{
    double sum = 0.0;
    for (int k = 0; k < 12; k++)
        sum += chroma[k] * chroma[k];
    return sum;
}

/* The most by which pitch classes after a moment differ from those before it, as a
 * distance. `all` is the sum of them. */
static double chord_moves(const struct track_sums *s, size_t first, size_t last,
                          const double all[12])
{
    double before[12] = {0}, after[12], most = 0.0;
    for (size_t i = first; i + CHORD_LEAST < last; i++) {
        const float *chroma = track_sums_chroma(s, i);
        double both = 0.0;
        for (int k = 0; k < 12; k++) {
            before[k] += (double)chroma[k];
            after[k] = all[k] - before[k];
            both += before[k] * after[k];
        }
        double norm = squares(before) * squares(after);
        if (i + 1 >= first + CHORD_LEAST && norm > 0.0)
            most = fmax(most, 1.0 - both / sqrt(norm));
    }
    return most;
}

/* How far it goes from note to note or from chord to chord, as a distance of spectra:
 * bands are three semitones wide, and a melody may stay within one. */
static double notes_move(const struct track_sums *s, size_t from, size_t to)
{
    const size_t each = TRACK_HOPS_PER_CHROMA / TRACK_HOPS_PER_SPECTRUM;
    size_t edge = (size_t)(NOTES_EDGE_S / s->cell_s);
    double sum[12] = {0}, lengths = 0.0, held = 0.0;
    if (to - from < 4 * edge)
        return 0.0;
    size_t first = (from + edge) / each, last = (to - edge) / each;
    size_t chromas = track_info(s->track)->chromas;
    last = last < chromas ? last : chromas;
    for (size_t i = first; i < last; i++) {
        const float *chroma = track_sums_chroma(s, i);
        held += track_tonality(s->track, i);
        double length = 0.0;
        for (int k = 0; k < 12; k++) {
            sum[k] += (double)chroma[k];
            length += (double)chroma[k] * (double)chroma[k];
        }
        lengths += sqrt(length);
    }
    if (lengths <= 0.0)
        return 0.0;
    /* the root: what all of them, each along their mean, come to */
    double sure = fmin(1.0, held / (double)(last - first) / NOTES_HELD);
    double notes = (1.0 - sqrt(squares(sum)) / lengths) * sure - NOTES_STAY;
    double chord = chord_moves(s, first, last, sum) * sure - CHORD_STAYS;
    return fmax(0.0, fmax(NOTES_WEIGHT * notes, chord));
}

/* What falls or rises all along it jumps back at the join: it moves by half of that,
 * though its deviation is less than a third. */
static double steady(const struct track_window *w)
{
    double moves_db = fmax(w->level_sd_db, 0.5 * fabs(w->drift_db));
    return part_falling(moves_db, PAD_STEADY_HALF_DB);
}

double pad_parts_score(const struct score_parts *parts, double tone)
{
    static const double weight[] = {0.25, 0.25, 0.2, 0.2, 0.1};
    double sum = 0.0, steady = parts->part[0].value;
    for (size_t i = 0; i < sizeof weight / sizeof *weight; i++)
        sum += weight[i] * parts->part[i].value;
    return part_toned(tone) * (SWINGING_WEIGHT + (1.0 - SWINGING_WEIGHT) * steady) * sum;
}

struct score_parts pad_parts(const struct track_sums *s, const struct pad_params *p,
                             size_t from, size_t to, const struct track_window *w,
                             double tone)
{
    double threshold = fmax(1e-3, p->spectral_flatness_threshold);
    double pure = isfinite(w->flatness) ? fmax(0.0, 1.0 - w->flatness / threshold) : 0.0;
    double bands = sounding_bands(s->track, from, to);
    struct score_parts parts = {0};
    parts_add(&parts, "steady", steady(w));
    double change = fmax(w->change, notes_move(s, from, to));
    parts_add(&parts, "spectrum", part_falling(change, PAD_SPECTRUM_HALF));
    parts_add(&parts, "tonal", tone * (0.3 * pure + 0.7 * w->tonality));
    parts_add(
        &parts, "calm",
        part_falling(w->onset_rate_hz, fmax(0.1, 0.5 * p->max_onset_rate_per_second)));
    parts_add(&parts, "rich",
              part_between(bands, PAD_RICH_NONE, PAD_RICH_NONE + PAD_RICH_SPAN));
    return parts;
}

/* ---- windows ---- */

struct search {
    const struct pad_params *p;
    struct track_sums sums;
    struct stable_list stable;
    struct pad_pool pool;     /* windows that pass, or miss by NEAR_MISS at most */
    struct pad_place nearest; /* of the others: the near-miss when the pool is empty */
};

static double judge_window(struct search *m, size_t from, size_t to,
                           struct track_window *w, struct verdict *v)
{
    *v = (struct verdict){0};
    track_sums_window(&m->sums, from, to, w);
    double cell = m->sums.cell_s;
    double stable = stable_share(&m->stable, (double)from * cell, (double)to * cell);
    judge_ground(w, m->p, v);
    bool ground = !(v->miss > 0.0);
    judge_content(w, m->p, v);
    judge_stable(w, m->p, stable, ground, v);
    return v->miss;
}

static enum status look_at(struct search *m, size_t from, size_t to, int duration,
                           struct err *e)
{
    struct track_window w;
    struct verdict v;
    bool far = judge_window(m, from, to, &w, &v) > NEAR_MISS;
    if (far && (m->pool.count > 0 || v.miss >= m->nearest.miss))
        return ST_OK;
    double tone = pad_tone(m->sums.track, &w);
    struct score_parts parts = pad_parts(&m->sums, m->p, from, to, &w, tone);
    double score = pad_parts_score(&parts, tone);
    struct pad_place place = {(uint32_t)from, (uint32_t)to, duration, score, v.miss};
    if (!far)
        return pad_pool_add(&m->pool, &place, e);
    m->nearest = place;
    return ST_OK;
}

/* Longest wished for, of those that count. */
static double longest_s(const struct pad_params *p)
{
    double longest = 0.0;
    for (int d = 0; d < p->target_duration_count && d < PAD_DURATIONS_MAX; d++)
        longest = fmax(longest, p->target_durations_sec[d]);
    return longest;
}

/* Once along the recording, all durations from every place. */
static enum status look_everywhere(struct search *m, struct err *e)
{
    const struct track_info *info = track_info(m->sums.track);
    /* A recording that is all but as long as the target counts as long enough. */
    double limit_s = (double)info->frames / info->rate_hz + 2.0 * m->sums.cell_s;
    double hop = fmax(m->sums.cell_s, m->p->window_hop_sec);
    for (double at = 0.0; at < limit_s; at += hop)
        for (int d = 0; d < m->p->target_duration_count && d < PAD_DURATIONS_MAX; d++) {
            double duration = m->p->target_durations_sec[d];
            if (!(duration > 0.05) || at + duration > limit_s)
                continue;
            size_t from = track_sums_cell(&m->sums, at);
            size_t to = track_sums_cell(&m->sums, at + duration);
            enum status st = to > from ? look_at(m, from, to, d, e) : ST_OK;
            if (st != ST_OK)
                return st;
        }
    return ST_OK;
}

/* ---- results ---- */

static void describe(struct search *m, const struct pad_place *place,
                     struct pad_region *r)
{
    const struct track_info *info = track_info(m->sums.track);
    struct track_window w;
    struct verdict v;
    judge_window(m, place->from, place->to, &w, &v);
    double length_s = (double)info->frames / info->rate_hz, cell = m->sums.cell_s;
    *r = (struct pad_region){
        .start_sec = (double)place->from * cell,
        .rms_db = w.rms_db,
        .crest_factor = w.crest,
        .centroid_hz = w.centroid_hz,
        .flatness = w.flatness,
        .score = place->score,
    };
    double duration = m->p->target_durations_sec[place->duration];
    r->end_sec = fmin(length_s, r->start_sec + duration);
    double tone = pad_tone(m->sums.track, &w);
    r->parts = pad_parts(&m->sums, m->p, place->from, place->to, &w, tone);
    memcpy(r->missed_by, v.why, sizeof r->missed_by);
}

static int by_start(const void *a, const void *b)
{
    const struct pad_place *x = *(const struct pad_place *const *)a;
    const struct pad_place *y = *(const struct pad_place *const *)b;
    return x->from < y->from ? -1 : x->from > y->from;
}

static enum status write_down(struct search *m, const struct pad_place *place,
                              size_t count, struct pad_region **regions,
                              size_t *region_count, struct err *e)
{
    const struct pad_place **order = calloc(count + 1, sizeof *order);
    *regions = calloc(count + 1, sizeof **regions);
    if (!order || !*regions) {
        free(order);
        return err_set(e, ST_NO_MEMORY, "no memory to mine a recording");
    }
    for (size_t i = 0; i < count; i++)
        order[i] = &place[i];
    qsort(order, count, sizeof *order, by_start);
    track_sums_rewind(&m->sums, 0);
    for (size_t i = 0; i < count; i++)
        describe(m, order[i], &(*regions)[order[i] - place]);
    free(order);
    *region_count = count;
    return ST_OK;
}

static enum status choose(struct search *m, struct pad_list *out, struct err *e)
{
    int most = m->p->max_candidates_per_file;
    size_t room = most > 0 ? 2 * (size_t)most : 0;
    struct pad_place *found = calloc(room + 1, sizeof *found);
    struct pad_place missed[PAD_MISSED_MAX];
    if (!found)
        return err_set(e, ST_NO_MEMORY, "no memory to mine a recording");
    size_t count = pad_pool_choose(&m->pool, m->sums.track, found, room);
    size_t misses = pad_pool_near(&m->pool, found, count, missed, PAD_MISSED_MAX);
    enum status st = write_down(m, found, count, &out->found, &out->found_count, e);
    if (st == ST_OK)
        st = write_down(m, missed, misses, &out->missed, &out->missed_count, e);
    free(found);
    return st;
}

enum status pads_mine(const struct track *t, const struct pad_params *p,
                      struct pad_list *out, struct err *e)
{
    *out = (struct pad_list){0};
    struct search m = {.p = p, .nearest.miss = SILENT_MISSES};
    enum status st = stable_find(t, &p->pre_analysis, &m.stable, e);
    if (st == ST_OK)
        st = track_sums_init(&m.sums, t, longest_s(p), e);
    if (st == ST_OK)
        st = look_everywhere(&m, e);
    if (st == ST_OK && m.pool.count == 0 && m.nearest.miss < SILENT_MISSES)
        st = pad_pool_add(&m.pool, &m.nearest, e);
    if (st == ST_OK)
        st = choose(&m, out, e);
    if (st != ST_OK)
        pad_list_done(out);
    pad_pool_done(&m.pool);
    track_sums_done(&m.sums);
    stable_list_done(&m.stable);
    return st;
}

void pad_list_done(struct pad_list *l)
{
    free(l->found);
    free(l->missed);
    *l = (struct pad_list){0};
}
