#include "dsp/loop_find.h"
#include "dsp/fft.h"
#include "dsp/lags.h"
#include "dsp/line.h"
#include "dsp/log_bands.h"
#include "dsp/loop_course.h"
#include "dsp/loop_view.h"

#include <math.h>
#include <stdlib.h>

enum {
    ANCHORS = 12,   /* starts tried; each against every end */
    PER_ANCHOR = 2, /* ends kept of each */
    PLACES = ANCHORS * PER_ANCHOR,
    FINALISTS = 7,
};

#define FINE_S        0.01 /* ends are refined within so much of the coarse one */
#define LEVEL_WEIGHT  0.03 /* merit per dB; beyond LEVEL_TOP_DB nothing more is lost */
#define LEVEL_TOP_DB  12.0
#define COLOUR_WEIGHT 0.03  /* merit per dB of spectral distance */
#define PLACE_WEIGHT  0.03  /* merit for a start at the far end of the reach */
#define LENGTH_WEIGHT 0.4   /* merit times the square of (length − target) / target */
#define ATTACK_WEIGHT 0.12  /* merit for each attack inside */
#define COURSE_WEIGHT 0.1   /* merit per dB by which it limps */
#define TAKEN         -1e9f /* merit of ends near one that was chosen */
#define QUIET         1e-12 /* mean square below which nothing can be matched */

/* A loop that may be chosen, in frames of the view. */
struct place {
    size_t start, end;
    double merit;
};

/* Attacks before a place, but for the half of the crossfade in which what lies there is
 * the softer one. Those of a loop are the difference between its end and its start. */
static double attacks_before(const struct loop_bounds *b, int rate_hz, size_t at)
{
    double time_s = b->clock_s + ((double)at - 0.5 * (double)b->fade) / (double)rate_hz;
    return b->attacks ? (double)onset_list_find(b->attacks, time_s) : 0.0;
}

static struct log_bands *bands_for(const struct loop_view *v, size_t fade)
{
    int frame = fft_size_at(4096, v->rate_hz);
    while ((size_t)frame > fade && frame > LOG_BANDS_FRAME_MIN)
        frame = fft_next_fast(frame / 2);
    return log_bands_new(frame < LOG_BANDS_FRAME_MIN ? LOG_BANDS_FRAME_MIN : frame,
                         v->rate_hz);
}

/* Distance of the spectra right before and right after each place. */
static void colour_steps_db(const struct loop_view *v, struct log_bands *bands,
                            const size_t *place, size_t places, double *step_db)
{
    size_t frame = (size_t)log_bands_frame(bands), count = 0, of[ANCHORS];
    const float *at[2 * ANCHORS];
    float db[2 * ANCHORS][LOG_BANDS];
    for (size_t i = 0; i < places; i++) {
        step_db[i] = 0.0;
        if (place[i] < frame || place[i] + frame > v->n)
            continue;
        at[2 * count] = v->mono + place[i] - frame;
        at[2 * count + 1] = v->mono + place[i];
        of[count++] = i;
    }
    log_bands_measure(bands, at, 2 * count, db);
    for (size_t i = 0; i < count; i++)
        step_db[of[i]] =
            log_bands_distance(db[2 * i], db[2 * i + 1], log_bands_top(db[2 * i]) - 60.0);
}

/* ---- anchors: steady places to start from ---- */

static double unsteadiness(const struct loop_view *v, size_t at)
{
    double sum = 0.0;
    static const double spans_s[] = {0.01, 0.05};
    for (size_t k = 0; k < 2; k++) {
        size_t span = (size_t)(spans_s[k] * v->rate_hz) + 1;
        if (at < span || at + span > v->n)
            return 1e3;
        double before = v->energy[at] - v->energy[at - span];
        double after = v->energy[at + span] - v->energy[at];
        sum += fabs(power_db(before / (double)span) - power_db(after / (double)span));
    }
    return sum;
}

static size_t pick_anchors(const struct loop_view *v, const struct loop_bounds *b,
                           size_t anchor[ANCHORS])
{
    size_t range = b->start_high - b->start_low, slots = range / v->step + 1, count = 0;
    slots = slots < ANCHORS ? slots : ANCHORS;
    for (size_t k = 0; k < slots; k++) {
        size_t low = b->start_low + range * k / slots;
        size_t high = b->start_low + range * (k + 1) / slots;
        size_t hop = (high - low) / 8 + 1, best = low;
        double least = (double)INFINITY;
        for (size_t at = low; at <= high; at += hop) {
            double far = fabs((double)at - (double)b->start) / (double)(range + 1);
            double u = unsteadiness(v, at) + 0.1 * far;
            if (u < least) {
                least = u;
                best = at;
            }
        }
        /* On the coarse grid, and never before start_low: the fade needs its material. */
        best = (best + v->step - 1) / v->step * v->step;
        if (best <= b->start_high && (count == 0 || anchor[count - 1] != best))
            anchor[count++] = best;
    }
    return count;
}

/* ---- coarse: one anchor against every end ---- */

struct sweep {
    const struct loop_view *view;
    const struct loop_bounds *bounds;
    struct lags lags;
    size_t fade, first, count;  /* coarse: fade length, first end, number of ends */
    float *per_norm, *level_db; /* per end: 1/norm, level */
    float *attacks;             /* per end: what those before it cost */
    float *course;              /* per length, from `shortest` on */
    size_t shortest;
    float *merit;
};

static void sweep_done(struct sweep *s)
{
    lags_done(&s->lags);
    free(s->per_norm);
    free(s->level_db);
    free(s->attacks);
    free(s->course);
    free(s->merit);
}

static bool sweep_alloc(struct sweep *s)
{
    s->per_norm = malloc(s->count * sizeof(float));
    s->level_db = malloc(s->count * sizeof(float));
    s->attacks = malloc(s->count * sizeof(float));
    s->merit = malloc(s->count * sizeof(float));
    size_t step = s->view->step, latest = s->bounds->start_high / step + 2;
    s->shortest = s->first > latest ? s->first - latest : 0;
    s->course = loop_course(s->view, s->shortest, s->first + s->count);
    return lags_init(&s->lags, s->count + s->fade, ANCHORS) && s->per_norm &&
           s->level_db && s->attacks && s->course && s->merit;
}

static double window_energy(const double *energy, size_t end, size_t length)
{
    return fmax(0.0, energy[end] - energy[end - length]);
}

static enum status sweep_init(struct sweep *s, const struct loop_view *v,
                              const struct loop_bounds *b, struct err *e)
{
    *s = (struct sweep){.view = v, .bounds = b, .fade = b->fade / v->step};
    s->fade = s->fade < 1 ? 1 : s->fade;
    s->first = (b->end_low + v->step - 1) / v->step;
    size_t last = b->end_high / v->step;
    last = last < v->coarse_n ? last : v->coarse_n;
    if (s->first < s->fade)
        s->first = s->fade;
    if (last < s->first)
        return err_set(e, ST_EMPTY, "there is too little sound for a loop");
    s->count = last - s->first + 1;
    if (!sweep_alloc(s)) {
        sweep_done(s);
        return err_set(e, ST_NO_MEMORY, "no memory to search a loop");
    }
    double least = QUIET * (double)s->fade;
    for (size_t j = 0; j < s->count; j++) {
        double energy = window_energy(v->coarse_energy, s->first + j, s->fade);
        s->per_norm[j] = energy > least ? (float)(1.0 / sqrt(energy)) : 0.0f;
        s->level_db[j] = (float)power_db(energy / (double)s->fade);
        size_t end = (s->first + j) * v->step;
        s->attacks[j] = (float)(ATTACK_WEIGHT * attacks_before(b, v->rate_hz, end));
    }
    return ST_OK;
}

/* The best ends for the anchor at `start`: `both` are its correlations with all ends,
 * `loss` is taken off the merit. Returns how many were put at `place`. */
static size_t sweep_anchor(struct sweep *s, size_t start, const float *both, double loss,
                           struct place *place)
{
    const struct loop_view *v = s->view;
    const struct loop_bounds *b = s->bounds;
    size_t at = start / v->step;
    double energy = at < s->fade ? 0.0 : window_energy(v->coarse_energy, at, s->fade);
    if (energy <= QUIET * (double)s->fade)
        return 0;
    float scale = (float)(1.0 / sqrt(energy));
    float level = (float)power_db(energy / (double)s->fade);
    float before = (float)(ATTACK_WEIGHT * attacks_before(b, v->rate_hz, start));
    float per_target = (float)((double)v->step / (double)(b->end - b->start));
    const float *course = s->course + (s->first - at - s->shortest);
    for (size_t j = 0; j < s->count; j++) {
        float away = fabsf(s->level_db[j] - level);
        float off = (float)(s->first + j - at) * per_target - 1.0f;
        away = away < (float)LEVEL_TOP_DB ? away : (float)LEVEL_TOP_DB;
        s->merit[j] = both[j] * s->per_norm[j] * scale - (float)LEVEL_WEIGHT * away -
                      (float)LENGTH_WEIGHT * off * off - (s->attacks[j] - before) -
                      (float)COURSE_WEIGHT * course[j];
    }
    double off = ((double)start - (double)b->start) /
                 ((double)(b->start_high - b->start_low) + 1.0);
    size_t apart = b->apart / v->step, count = 0;
    for (; count < PER_ANCHOR; count++) {
        size_t best = 0;
        for (size_t j = 1; j < s->count; j++)
            if (s->merit[j] > s->merit[best])
                best = j;
        if (s->merit[best] <= TAKEN)
            break;
        place[count] = (struct place){start, (s->first + best) * v->step,
                                      (double)s->merit[best] - loss -
                                          4.0 * PLACE_WEIGHT * off * off};
        size_t from = best > apart ? best - apart : 0;
        size_t to = best + apart < s->count ? best + apart + 1 : s->count;
        for (size_t j = from; j < to; j++)
            s->merit[j] = TAKEN;
    }
    return count;
}

static size_t sweep_all(struct sweep *s, const size_t *anchor, size_t anchors,
                        const double *step_db, struct place *place)
{
    const struct loop_view *v = s->view;
    struct lags *l = &s->lags;
    size_t count = 0, group = (size_t)l->group;
    for (size_t first = 0; first < anchors; first += group) {
        size_t some = anchors - first < group ? anchors - first : group;
        lags_block(l, 0, v->coarse + s->first - s->fade, s->count - 1 + s->fade);
        for (size_t i = 0; i < some; i++) {
            size_t at = anchor[first + i] / v->step, n = at < s->fade ? 0 : s->fade;
            lags_probe(l, (int)i, v->coarse + at - n, n);
        }
        lags_run(l, (int)some, true);
        for (size_t i = 0; i < some; i++)
            count +=
                sweep_anchor(s, anchor[first + i], lags_of(l, (int)i),
                             COLOUR_WEIGHT * 0.5 * step_db[first + i], place + count);
    }
    return count;
}

/* ---- fine: ±10 ms at the full rate, then to the sample ---- */

static double exact_correlation(const struct loop_view *v, size_t start, size_t end,
                                size_t fade)
{
    const float *a = v->mono + start - fade, *b = v->mono + end - fade;
    double both = 0.0;
    for (size_t i = 0; i < fade; i++)
        both += (double)a[i] * (double)b[i];
    double norm =
        sqrt(window_energy(v->energy, start, fade) * window_energy(v->energy, end, fade));
    return norm > QUIET * (double)fade ? fmin(1.0, fmax(-1.0, both / norm)) : 0.0;
}

/* Where the end of a place may lie. */
struct reach {
    size_t low, high;
};

static struct reach reach_of(const struct loop_bounds *b, const struct place *p,
                             size_t around)
{
    size_t low = p->end > b->end_low + around ? p->end - around : b->end_low;
    size_t high = p->end + around < b->end_high ? p->end + around : b->end_high;
    return (struct reach){low < b->fade ? b->fade : low, high};
}

static size_t refine_end(const struct loop_view *v, const struct loop_bounds *b,
                         const struct place *p, const float *both, size_t around)
{
    struct reach r = reach_of(b, p, around);
    size_t fade = b->fade, low = r.low, high = r.high;
    if (high <= low)
        return p->end;
    size_t best = low;
    double most = -2.0;
    double least = QUIET * (double)fade;
    for (size_t end = low; end <= high; end++) {
        double energy = window_energy(v->energy, end, fade);
        double like = energy > least ? (double)both[end - low] / sqrt(energy) : -1.0;
        if (like > most) {
            most = like;
            best = end;
        }
    }
    size_t centre = best;
    most = -2.0;
    for (size_t end = centre > low + 2 ? centre - 2 : low; end <= centre + 2; end++) {
        if (end > high)
            break;
        double like = exact_correlation(v, p->start, end, fade);
        if (like > most) {
            most = like;
            best = end;
        }
    }
    return best;
}

static enum status refine_ends(const struct loop_view *v, const struct loop_bounds *b,
                               struct place *place, size_t count, struct err *e)
{
    size_t around = (size_t)(FINE_S * v->rate_hz) + 1;
    struct lags l;
    if (!lags_init(&l, b->fade + 2 * around + 1, FINALISTS)) {
        lags_done(&l);
        return err_set(e, ST_NO_MEMORY, "no memory to search a loop");
    }
    size_t group = (size_t)l.group;
    for (size_t first = 0; first < count; first += group) {
        size_t some = count - first < group ? count - first : group;
        for (size_t i = 0; i < some; i++) {
            struct place *p = &place[first + i];
            struct reach r = reach_of(b, p, around);
            size_t span = r.high > r.low ? r.high - r.low : 0;
            lags_probe(&l, (int)i, v->mono + p->start - b->fade, b->fade);
            lags_block(&l, (int)i, v->mono + r.low - b->fade, span + b->fade);
        }
        lags_run(&l, (int)some, false);
        for (size_t i = 0; i < some; i++)
            place[first + i].end =
                refine_end(v, b, &place[first + i], lags_of(&l, (int)i), around);
    }
    lags_done(&l);
    return ST_OK;
}

/* ---- judging and ranking ---- */

/* Distances of the spectra before both ends, and before and after the start. */
static void judge_colour(const struct loop_view *v, struct log_bands *bands,
                         struct loop_option *option, size_t options)
{
    enum { LEAD, TAIL, AFTER, FRAMES };
    size_t frame = (size_t)log_bands_frame(bands), count = 0;
    struct loop_option *of[FINALISTS];
    const float *at[FINALISTS * FRAMES];
    float db[FINALISTS * FRAMES][LOG_BANDS];
    for (struct loop_option *o = option; o < option + options; o++) {
        o->spectrum_db = 0.0;
        if (o->start < frame || o->end < frame)
            continue;
        at[FRAMES * count + LEAD] = v->mono + o->start - frame;
        at[FRAMES * count + TAIL] = v->mono + o->end - frame;
        bool room = o->start + frame <= v->n;
        at[FRAMES * count + AFTER] = v->mono + (room ? o->start : o->start - frame);
        of[count++] = o;
    }
    log_bands_measure(bands, at, FRAMES * count, db);
    for (size_t i = 0; i < count; i++) {
        const float(*d)[LOG_BANDS] = (const float(*)[LOG_BANDS])db + FRAMES * i;
        double floor_db = log_bands_top(d[LEAD]) - 60.0;
        of[i]->spectrum_db = 0.5 * log_bands_distance(d[LEAD], d[TAIL], floor_db) +
                             0.5 * log_bands_distance(d[LEAD], d[AFTER], floor_db);
    }
}

/* At most FINALISTS of them. */
static void judge(const struct loop_view *v, struct log_bands *bands,
                  struct loop_option *option, size_t options)
{
    judge_colour(v, bands, option, options);
    for (struct loop_option *o = option; o < option + options; o++) {
        size_t fade = o->crossfade_frames;
        o->correlation = exact_correlation(v, o->start, o->end, fade);
        o->level_db = power_db(window_energy(v->energy, o->end, fade)) -
                      power_db(window_energy(v->energy, o->start, fade));
        o->merit = o->correlation - LEVEL_WEIGHT * fmin(fabs(o->level_db), LEVEL_TOP_DB) -
                   COLOUR_WEIGHT * o->spectrum_db;
    }
}

enum status loop_judge(const struct audio *sound, struct loop_option *option,
                       struct err *e)
{
    struct loop_view v;
    enum status st = loop_view_init(&v, sound, e);
    if (st != ST_OK)
        return st;
    struct log_bands *bands = bands_for(&v, option->crossfade_frames);
    if (bands)
        judge(&v, bands, option, 1);
    else
        st = err_set(e, ST_NO_MEMORY, "no memory to judge a loop");
    log_bands_free(bands);
    loop_view_done(&v);
    return st;
}

static int by_merit(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->merit != y->merit)
        return x->merit < y->merit ? 1 : -1;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static size_t distance(size_t a, size_t b)
{
    return a > b ? a - b : b - a;
}

/* Best first, without those too near a better one. Returns how many are left, at most
 * `most`. */
static size_t distinct(struct place *place, size_t count, size_t most, size_t apart)
{
    qsort(place, count, sizeof *place, by_merit);
    size_t kept = 0;
    for (size_t i = 0; i < count && kept < most; i++) {
        bool near = false;
        for (size_t k = 0; k < kept && !near; k++)
            near = distance(place[k].start, place[i].start) < apart &&
                   distance(place[k].end, place[i].end) < apart;
        if (!near)
            place[kept++] = place[i];
    }
    return kept;
}

/* What it costs to lie away from the place and length asked for, over attacks, and to
 * limp. */
static double place_loss(const struct sweep *search, size_t start, size_t end)
{
    const struct loop_bounds *b = search->bounds;
    int rate_hz = search->view->rate_hz;
    double limps = 0.0;
    if (search->course)
        limps =
            (double)search->course[(end - start) / search->view->step - search->shortest];
    double range = (double)(b->start_high - b->start_low) + 1.0;
    double s = ((double)start - (double)b->start) / range;
    double target = (double)(b->end - b->start), t = (double)(end - start) / target - 1.0;
    double attacks = attacks_before(b, rate_hz, end) - attacks_before(b, rate_hz, start);
    return 4.0 * PLACE_WEIGHT * s * s + LENGTH_WEIGHT * t * t + ATTACK_WEIGHT * attacks +
           COURSE_WEIGHT * limps;
}

static void rank(const struct sweep *s, struct log_bands *bands,
                 const struct place *place, size_t count, struct loop_list *out)
{
    const struct loop_bounds *b = s->bounds;
    struct loop_option option[FINALISTS];
    struct place order[FINALISTS];
    for (size_t i = 0; i < count; i++)
        option[i] = (struct loop_option){
            .start = place[i].start, .end = place[i].end, .crossfade_frames = b->fade};
    judge(s->view, bands, option, count);
    for (size_t i = 0; i < count; i++) {
        option[i].merit -= place_loss(s, place[i].start, place[i].end);
        order[i] = (struct place){place[i].start, place[i].end, option[i].merit};
    }
    count = distinct(order, count, LOOP_OPTIONS_MAX, b->apart);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < FINALISTS; k++)
            if (option[k].start == order[i].start && option[k].end == order[i].end) {
                out->option[i] = option[k];
                break;
            }
    out->count = (int)count;
}

static enum status search(const struct loop_view *v, const struct loop_bounds *b,
                          struct log_bands *bands, struct loop_list *out, struct err *e)
{
    struct sweep s;
    enum status st = sweep_init(&s, v, b, e);
    if (st != ST_OK)
        return st;
    size_t anchor[ANCHORS], anchors = pick_anchors(v, b, anchor), count;
    struct place place[PLACES];
    double step_db[ANCHORS];
    colour_steps_db(v, bands, anchor, anchors, step_db);
    count = sweep_all(&s, anchor, anchors, step_db, place);
    count = distinct(place, count, FINALISTS, b->apart);
    st = count ? refine_ends(v, b, place, count, e)
               : err_set(e, ST_EMPTY, "there is only silence to loop");
    if (st == ST_OK)
        rank(&s, bands, place, count, out);
    sweep_done(&s);
    return st;
}

static bool bounds_hold(const struct audio *sound, const struct loop_bounds *b)
{
    return sound->channels >= 1 && b->fade >= 2 && b->start_low >= b->fade &&
           b->start_high >= b->start_low && b->end_high >= b->end_low &&
           b->end_high <= sound->frames && b->end_low > b->start_high + b->fade;
}

enum status loop_find(const struct audio *sound, const struct loop_bounds *b,
                      struct loop_list *out, struct err *e)
{
    if (!bounds_hold(sound, b))
        return err_set(e, ST_EMPTY, "there is too little sound for a loop");
    struct loop_view v;
    enum status st = loop_view_init(&v, sound, e);
    if (st != ST_OK)
        return st;
    struct log_bands *bands = bands_for(&v, b->fade);
    st = bands ? loop_view_add_coarse(&v, e)
               : err_set(e, ST_NO_MEMORY, "no memory to search a loop");
    if (st == ST_OK)
        st = search(&v, b, bands, out, e);
    log_bands_free(bands);
    loop_view_done(&v);
    return st;
}

/* ---- loops of a given length: one lag, every start ---- */

/* Every start with what it is worth; returns how many. Attacks are counted once every so
 * many starts (1 ms): it takes a search each time. */
static size_t weigh_all(const struct loop_view *v, const struct loop_bounds *b,
                        struct place *place)
{
    size_t fade = b->fade, frames = b->end - b->start, count = 0;
    size_t starts = b->start_high - b->start_low + 1;
    size_t attack_stride = (size_t)v->rate_hz / 1000 + 1;
    double both = 0.0, attacks = 0.0;
    for (size_t i = 0; i < fade; i++)
        both += (double)v->mono[i] * (double)v->mono[i + frames];
    for (size_t k = 0; k < starts; k++) {
        size_t start = fade + k, end = start + frames;
        double a = window_energy(v->energy, start, fade);
        double c = window_energy(v->energy, end, fade), norm = sqrt(a * c);
        if (b->attacks && k % attack_stride == 0)
            attacks =
                attacks_before(b, v->rate_hz, end) - attacks_before(b, v->rate_hz, start);
        if (norm > QUIET * (double)fade) {
            double level = fmin(LEVEL_TOP_DB, fabs(power_db(a) - power_db(c)));
            double off = ((double)start - (double)b->start) / (double)starts;
            double loss = LEVEL_WEIGHT * level + 4.0 * PLACE_WEIGHT * off * off +
                          ATTACK_WEIGHT * attacks;
            place[count++] = (struct place){start, end, both / norm - loss};
        }
        if (k + 1 < starts)
            both += (double)v->mono[start] * (double)v->mono[end] -
                    (double)v->mono[start - fade] * (double)v->mono[end - fade];
    }
    return count;
}

enum status loop_find_exact(const struct audio *sound, size_t frames,
                            const struct loop_bounds *wanted, struct loop_list *out,
                            struct err *e)
{
    struct loop_view v;
    enum status st = loop_view_init(&v, sound, e);
    if (st != ST_OK)
        return st;
    struct loop_bounds b = *wanted;
    size_t starts = v.n - frames - b.fade + 1; /* start = fade … n − frames */
    b.start_low = b.fade;
    b.start_high = v.n - frames;
    b.end_low = b.fade + frames;
    b.end_high = v.n;
    b.start = b.fade + starts / 2;
    b.end = b.start + frames;
    struct place *place = malloc(starts * sizeof *place);
    struct log_bands *bands = bands_for(&v, b.fade);
    const struct sweep s = {.view = &v, .bounds = &b};
    size_t count = 0;
    if (place && bands) {
        count = weigh_all(&v, &b, place);
        count = distinct(place, count, FINALISTS, b.apart);
        if (count)
            rank(&s, bands, place, count, out);
        else
            st = err_set(e, ST_EMPTY, "there is only silence to loop");
    } else {
        st = err_set(e, ST_NO_MEMORY, "no memory to search a loop");
    }
    free(place);
    log_bands_free(bands);
    loop_view_done(&v);
    return st;
}
