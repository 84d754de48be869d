#include "dsp/silence.h"

#include "core/array.h"
#include "dsp/line.h"
#include "dsp/part_units.h"
#include "dsp/silence_runs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define LOOP_MIN_S   2.0
#define LOOP_MAX_S   6.0
#define LOOP_EDGE_S  0.05
#define LONG_RUN_S   2.0
#define RUMBLE_HIDES 4.0
#define NOTES_NONE   0.05 /* held besides the hum of mains: more than noise has */
#define NOTES_FULL   0.3  /* that of music */
#define NOTES_COST   0.4  /* of the score */

struct pile {
    struct silence_span *at;
    size_t count, room;
};

static enum status pile_add(struct pile *p, const struct silence_span *s, struct err *e)
{
    if (!array_grow(&p->at, &p->room, p->count + 1, sizeof *p->at))
        return err_set(e, ST_NO_MEMORY, "no memory to mine a recording");
    p->at[p->count++] = *s;
    return ST_OK;
}

struct mine {
    const struct track *t;
    const struct silence_params *p;
    struct quiet_map map;
    double length_s;
    struct pile runs, pieces, loops, missed;
    bool rumbles;
};

static void mine_done(struct mine *m)
{
    free(m->runs.at);
    free(m->pieces.at);
    free(m->loops.at);
    free(m->missed.at);
}

/* ---- measuring ---- */

static double mean_level_db(const struct quiet_map *m, size_t from, size_t to)
{
    double sum = 0.0;
    for (size_t i = from; i < to; i++)
        sum += db_power((double)m->level_db[i]);
    return power_db(sum / (double)(to - from));
}

/* Loudest onset in the stretch, in units of what an onset needs. */
static double strongest_onset(const struct track *t, double start_s, double end_s)
{
    const struct onset_list *l = track_onsets(t);
    double most = 0.0;
    for (size_t i = onset_list_find(l, start_s); i < l->count; i++) {
        if (l->at[i].time_s >= end_s)
            break;
        most = fmax(most, (double)l->at[i].strength);
    }
    return most;
}

/* How far the tail of a chord hangs in it, 0 … 1; the hum of mains is none. */
static double notes_of(const struct track *t, size_t from, size_t to)
{
    double sum = 0.0;
    size_t count = 0, i = from / TRACK_HOPS_PER_CHROMA;
    for (; i * TRACK_HOPS_PER_CHROMA < to; i++, count++)
        sum += track_tonality(t, i) - track_mains(t, i);
    return part_between(sum / (double)count, NOTES_NONE, NOTES_FULL);
}

/* Of [from, to), which is or lies in the run [run_from, run_to). */
static void measure(const struct mine *m, size_t from, size_t to, size_t run_from,
                    size_t run_to, struct silence_span *s)
{
    int64_t start = track_hop_start(m->t, from), end = track_hop_start(m->t, to);
    struct track_range r;
    track_range(m->t, start, end, &r);
    *s = (struct silence_span){
        .start_sec = (double)from * m->map.hop_s,
        .end_sec = fmin(m->length_s, (double)to * m->map.hop_s),
        .rms_db = mean_level_db(&m->map, from, to),
        .centroid_hz = r.centroid_hz,
    };
    s->tonality = isfinite(r.tonality) ? r.tonality : 0.0;
    double onset = strongest_onset(m->t, s->start_sec, s->end_sec);
    double steady = part_falling(quiet_sd_db(&m->map, from, to), SILENCE_STEADY_HALF_DB);
    double spectrum = part_falling(r.unsteadiness, SILENCE_SPECTRUM_HALF),
           still = part_falling(onset, 1.0);
    double notes = notes_of(m->t, from, to), noise = 1.0 - fmax(s->tonality, notes);
    double length = fmin(1.0, (double)(run_to - run_from) * m->map.hop_s / LONG_RUN_S);
    parts_add(&s->parts, "steady", steady);
    parts_add(&s->parts, "spectrum", spectrum);
    parts_add(&s->parts, "still", still);
    parts_add(&s->parts, "noise", noise);
    parts_add(&s->parts, "length", length);
    if (m->rumbles)
        parts_add(&s->parts, "rumble", 1.0);
    s->score = 0.3 * steady + 0.2 * spectrum + 0.2 * still + 0.2 * noise + 0.1 * length;
    s->score *= 1.0 - NOTES_COST * notes;
}

/* ---- runs and what is cut from them ---- */

static enum status cut_pieces(struct mine *m, size_t from, size_t to, size_t run,
                              struct err *e)
{
    double length = (double)(to - from) * m->map.hop_s;
    double longest = fmax(m->p->min_duration_sec, m->p->max_duration_sec);
    size_t count = (size_t)ceil(length / longest - 1e-9);
    for (size_t k = 0; k < count; k++) {
        size_t a = from + (to - from) * k / count;
        size_t b = from + (to - from) * (k + 1) / count;
        if (b <= a ||
            (double)(b - a) * m->map.hop_s < m->p->min_duration_sec - m->map.hop_s)
            continue;
        struct silence_span s;
        measure(m, a, b, from, to, &s);
        s.end_sec = fmin(s.end_sec, s.start_sec + longest);
        s.run = run;
        enum status st = pile_add(&m->pieces, &s, e);
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

static enum status cut_loop(struct mine *m, size_t from, size_t to, size_t run,
                            struct err *e)
{
    double length = (double)(to - from) * m->map.hop_s;
    if (length < LOOP_MIN_S)
        return ST_OK;
    size_t edge = quiet_hops(&m->map, LOOP_EDGE_S),
           most = quiet_hops(&m->map, LOOP_MAX_S);
    size_t a = from + edge, b = to - edge;
    if (b - a > most) { /* the middle */
        a += (b - a - most) / 2;
        b = a + most;
    }
    struct silence_span s;
    measure(m, a, b, from, to, &s);
    s.run = run;
    return pile_add(&m->loops, &s, e);
}

/* ---- near-misses ---- */

/* A gap between sounds, or, where more is asked for, less than that. */
static double too_short(const struct silence_params *p, double length, char *text)
{
    bool gap = length < QUIET_LEAST_S;
    double least = gap ? QUIET_LEAST_S : p->min_duration_sec, lacks = least - length;
    if (gap)
        snprintf(text, MISSED_BY_BYTES,
                 "a gap of %.2f s: room tone needs at least %.2f s", length,
                 QUIET_LEAST_S);
    else
        snprintf(text, MISSED_BY_BYTES, "%.0f ms shorter than allowed", 1000.0 * lacks);
    return lacks / least;
}

/* By how much, in units that compare (1 = clearly out), and in words. */
static double explain(const struct mine *m, enum quiet_reason why, size_t from, size_t to,
                      struct silence_span *s)
{
    char *text = s->missed_by;
    const struct silence_params *p = m->p;
    double over;
    switch (why) {
    case QUIET_LOUD:
        over = fmax(0.0, s->rms_db - p->max_rms_db);
        snprintf(text, MISSED_BY_BYTES, "level %.1f dB above the gate", over);
        return over / 6.0;
    case QUIET_FAINT:
        over = fmax(0.0, p->min_rms_db - s->rms_db);
        snprintf(text, MISSED_BY_BYTES, "level %.1f dB below the gate", over);
        return over / 6.0;
    case QUIET_DITHER:
        snprintf(text, MISSED_BY_BYTES, "no more than the file's own dither");
        return 1.5;
    case QUIET_CREST:
        snprintf(text, MISSED_BY_BYTES, "clicks: crest above %.1f", p->max_crest);
        return 0.8;
    case QUIET_ONSET:
        snprintf(text, MISSED_BY_BYTES, "something begins in it");
        return 0.9;
    case QUIET_UNSTEADY:
        over = quiet_sd_db(&m->map, from, to);
        snprintf(text, MISSED_BY_BYTES, "level swings by %.1f dB", over);
        return over / 4.0;
    case QUIET_FADE:
        over = (double)m->map.level_db[to - 1] - (double)m->map.level_db[from];
        snprintf(text, MISSED_BY_BYTES, "%s by %.1f dB", over < 0.0 ? "fades" : "rises",
                 fabs(over));
        return fabs(over) / 6.0;
    case QUIET_PITCHED:
        over = s->tonality;
        snprintf(text, MISSED_BY_BYTES, "pitched: tonality %.2f", over);
        return over;
    case QUIET_WAVERING:
        snprintf(text, MISSED_BY_BYTES, "a tone in it slides or trembles");
        return 1.0;
    case QUIET_MOVING:
        snprintf(text, MISSED_BY_BYTES, "no still room: its timbre moves");
        return 1.0;
    case QUIET_SHORT:
        return too_short(p, (double)(to - from) * m->map.hop_s, text);
    default:
        return (double)INFINITY;
    }
}

static enum status add_miss(struct mine *m, enum quiet_reason why, size_t from, size_t to,
                            struct err *e)
{
    double length = (double)(to - from) * m->map.hop_s;
    if (length < (why == QUIET_SHORT ? 0.1 : fmax(0.1, m->p->min_duration_sec)))
        return ST_OK;
    struct silence_span s;
    measure(m, from, to, from, to, &s);
    double miss = explain(m, why, from, to, &s);
    if (!(miss < 2.0))
        return ST_OK;
    s.score = 1.0 / (1.0 + miss); /* only to rank them by */
    if (m->missed.count < SILENCE_MISSED_MAX)
        return pile_add(&m->missed, &s, e);
    size_t worst = 0;
    for (size_t i = 1; i < m->missed.count; i++)
        if (m->missed.at[i].score < m->missed.at[worst].score)
            worst = i;
    if (s.score > m->missed.at[worst].score)
        m->missed.at[worst] = s;
    return ST_OK;
}

static enum status add_run(struct mine *m, size_t from, size_t to, struct err *e)
{
    double length = (double)(to - from) * m->map.hop_s;
    if (length < m->p->min_duration_sec)
        return add_miss(m, QUIET_SHORT, from, to, e);
    struct silence_span s;
    measure(m, from, to, from, to, &s);
    s.run = m->runs.count;
    enum status st = pile_add(&m->runs, &s, e);
    if (st == ST_OK)
        st = cut_pieces(m, from, to, s.run, e);
    if (st == ST_OK)
        st = cut_loop(m, from, to, s.run, e);
    return st;
}

static enum status collect(struct mine *m, struct err *e)
{
    size_t hops = m->map.hops;
    for (size_t i = 0; i < hops;) {
        size_t from = i;
        enum quiet_reason why = m->map.reason[i];
        while (i < hops && m->map.reason[i] == why)
            i++;
        enum status st = ST_OK;
        if (why == QUIET)
            st = add_run(m, from, i, e);
        else if (why != QUIET_DEAD && why != QUIET_FAR)
            st = add_miss(m, why, from, i, e);
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

/* ---- choosing ---- */

static int by_score(const void *a, const void *b)
{
    const struct silence_span *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->start_sec > y->start_sec) - (x->start_sec < y->start_sec);
}

static double octaves(double a, double b)
{
    return a > 0.0 && b > 0.0 ? fabs(log2(a / b)) : 0.0;
}

/* Best first, but each also for being far from those chosen, in time and in colour. */
static enum status spread_out(struct mine *m, struct err *e)
{
    struct pile *p = &m->pieces;
    size_t most = m->p->max_extracted > 0 ? (size_t)m->p->max_extracted : 0;
    if (p->count == 0)
        return ST_OK;
    double *far = malloc(p->count * sizeof *far);
    if (!far)
        return err_set(e, ST_NO_MEMORY, "no memory to mine a recording");
    for (size_t i = 0; i < p->count; i++)
        far[i] = 2.0;
    double reach = m->length_s / (double)(most + 1) + 0.5;
    size_t kept = 0;
    for (; kept < p->count && kept < most; kept++) {
        size_t best = kept;
        for (size_t i = kept + 1; i < p->count; i++)
            if (p->at[i].score + 0.2 * far[i] > p->at[best].score + 0.2 * far[best])
                best = i;
        struct silence_span s = p->at[best];
        p->at[best] = p->at[kept];
        p->at[kept] = s;
        far[best] = far[kept];
        for (size_t i = kept + 1; i < p->count; i++) {
            double time = fabs(p->at[i].start_sec - s.start_sec) / reach;
            double colour = octaves(p->at[i].centroid_hz, s.centroid_hz);
            far[i] = fmin(far[i], fmin(1.0, time) + fmin(1.0, colour));
        }
    }
    p->count = kept;
    free(far);
    qsort(p->at, p->count, sizeof *p->at, by_score);
    return ST_OK;
}

static enum status look(struct mine *m, struct err *e)
{
    enum status st = quiet_map_init(&m->map, m->t, m->p, m->rumbles, e);
    if (st == ST_OK)
        st = collect(m, e);
    quiet_map_done(&m->map);
    return st;
}

static double seconds_found(const struct mine *m)
{
    double sum = 0.0;
    for (size_t i = 0; i < m->runs.count; i++)
        sum += m->runs.at[i].end_sec - m->runs.at[i].start_sec;
    return sum;
}

/* Nothing is quiet, or next to nothing: rumble may lie over it all. If that hides several
 * times as much, what is under it is the recording's quiet. */
static enum status look_below(struct mine *m, struct err *e)
{
    double enough = RUMBLE_HIDES * seconds_found(m);
    if (enough >= m->length_s)
        return ST_OK;
    struct mine below = {.t = m->t, .p = m->p, .length_s = m->length_s, .rumbles = true};
    enum status st = look(&below, e);
    if (st == ST_OK && seconds_found(&below) > enough) {
        struct mine swap = *m;
        *m = below;
        below = swap;
    }
    mine_done(&below);
    return st;
}

enum status silence_mine(const struct track *t, const struct silence_params *p,
                         struct silence_list *out, struct err *e)
{
    *out = (struct silence_list){0};
    const struct track_info *info = track_info(t);
    struct mine m = {.t = t, .p = p, .length_s = (double)info->frames / info->rate_hz};
    enum status st = look(&m, e);
    if (st == ST_OK)
        st = look_below(&m, e);
    if (st == ST_OK)
        st = spread_out(&m, e);
    if (st != ST_OK) {
        mine_done(&m);
        return st;
    }
    *out = (struct silence_list){m.runs.at,     m.pieces.at,   m.loops.at,
                                 m.missed.at,   m.runs.count,  m.pieces.count,
                                 m.loops.count, m.missed.count};
    if (out->loop_count)
        qsort(out->loops, out->loop_count, sizeof *out->loops, by_score);
    if (out->missed_count)
        qsort(out->missed, out->missed_count, sizeof *out->missed, by_score);
    return ST_OK;
}

void silence_list_done(struct silence_list *l)
{
    free(l->runs);
    free(l->pieces);
    free(l->loops);
    free(l->missed);
    *l = (struct silence_list){0};
}
