#include "dsp/hits.h"

#include "dsp/biquad.h"
#include "dsp/line.h"
#include "dsp/part_units.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Levels are RMS of two neighbouring steps: 10 ms. */
static const double STEP_S = 0.005;
static const double ISOLATION_S = 0.020, PEAK_WITHIN_S = 0.100, NEXT_GAP_S = 0.002;
/* onset_attack looks no further. */
static const double ATTACK_SEEN_S = 0.055;
static const double DECAYED_DB = -60, LEAST_DECAY_DB = -12, OVER_FLOOR_DB = 3,
                    SETTLED_S = 0.060, SETTLED_DROP_DB = 0.5, TAIL_DROP_DB = 0.75;
static const double NOWHERE_DB = -200;
/* A hit has to stand out of what sounds before it by this much to be one: over all, or
 * so much more in the treble that a high-pass would free it. */
static const double MIN_RISE_DB = 3, TREBLE_MORE_DB = 6;
static const float CLIP_LEVEL = 0.9995F;
/* What lies below hearing is a push at the microphone or a plug that is pulled, whatever
 * stands on it. Of 1,600 one-shots none holds more than 63 % there, and of deep kicks 15;
 * of an offset that steps behind a high-pass of 10 Hz or less it is 77 % and more. */
static const double HEARD_FROM_HZ = 25, MAX_RUMBLE = 0.7;
/* Behind a high-pass that lies higher the same push is heard, as a thump. But it does not
 * ring: nearly two thirds of it and more are below BOOM_HZ, a third below DEEP_HZ, and
 * two half waves hold 0.76 and more of that. Of kicks that deep the two hold 0.66 at
 * most. What is cut off after a few waves, or stands on others, does not show it. */
static const double DEEP_HZ = 60, STEP_DEEP = 0.33, BOOM_HZ = 120, STEP_BOOM = 0.6,
                    STEP_HALVES = 0.72, STEP_ALONE_DB = -24, STEP_LEAST_S = 0.1;

/* A crackle is as sudden, alone and soon gone as any hit, but next to nothing is in it:
 * all its energy is that of its peak held for so long. A sample is taken off: at any rate
 * one alone has none. */
static const double NO_BODY_S = 0.00006, WHOLE_BODY_S = 0.00014;
static const double BODY_BEFORE_S = 0.0025, BODY_AFTER_S = 0.005;
/* What is no drum, or no hit at all, is worth so much of what it would be. */
static const double LEAST_WORTH = 0.15;

/* One hit under the knife: all positions are frames of the read. */
struct cut {
    const struct audio *read;
    const struct hit_plan *plan;
    const struct hits_params *p;
    float *mono;
    double *energy; /* Σx² per step, and per step of the first difference */
    double *treble;
    size_t n, step, steps;
    size_t attack, limit, start, end, peak_at;
    int64_t next_attack; /* of struct hit */
    double peak, rise_db;
    bool next_ends; /* the slice ends where the next onset is */
};

static double to_db(double linear)
{
    return linear > 1e-10 ? 20 * log10(linear) : NOWHERE_DB;
}

static double rms(const float *x, size_t first, size_t last)
{
    return last > first
               ? sqrt(line_square_sum(x + first, last - first) / (double)(last - first))
               : 0;
}

static size_t frames(const struct cut *c, double seconds)
{
    return (size_t)fmax(0, seconds * c->read->rate_hz);
}

static size_t place(const struct cut *c, double time_s)
{
    double at = round(time_s * c->read->rate_hz) - (double)c->plan->read_start;
    return at > 0 ? at < (double)c->n ? (size_t)at : c->n : 0;
}

/* The attack of the next onset, which its own hit need not look for again where it would
 * see the same. */
static size_t find_next(struct cut *c, size_t next)
{
    size_t rises = onset_attack(c->mono, c->n, c->read->rate_hz, next);
    if (next + frames(c, ATTACK_SEEN_S) <= c->n)
        c->next_attack = c->plan->read_start + (int64_t)rises;
    return rises;
}

/* Where it was heard; what is read holds a frame at least. */
static size_t attack_place(const struct cut *c)
{
    size_t onset = place(c, c->plan->onset_s);
    return onset < c->n ? onset : c->n - 1;
}

/* Where the attack is and where the slice has to stop at the latest. */
static void find_bounds(struct cut *c)
{
    int64_t known = c->plan->attack_frame - c->plan->read_start;
    size_t next = place(c, c->plan->next_s);
    c->attack = attack_place(c);
    if (c->p->backtrack && known >= 0 && known < (int64_t)c->n)
        c->attack = (size_t)known;
    else if (c->p->backtrack)
        c->attack = onset_attack(c->mono, c->n, c->read->rate_hz, c->attack);
    if (c->p->fixed_length) {
        c->limit = c->attack + frames(c, c->p->fixed_length_s);
    } else {
        c->limit = c->attack + frames(c, c->p->max_length_s);
        if (next < c->n) {
            size_t rises = find_next(c, next);
            size_t stop =
                rises > c->attack + frames(c, 0.01) && rises < next ? rises : next;
            size_t gap = frames(c, NEXT_GAP_S);
            stop = stop > c->attack + gap ? stop - gap : c->attack;
            c->next_ends = stop < c->limit;
            c->limit = c->next_ends ? stop : c->limit;
        }
    }
    c->limit = c->limit < c->n ? c->limit : c->n;
    c->limit = c->limit > c->attack ? c->limit : c->attack;
}

static float highest(const float *x, size_t n, size_t *where)
{
    float top = line_peak(x, n);
    for (size_t i = 0; i < n && top > 0; i++)
        if (fabsf(x[i]) == top) {
            *where = i;
            break;
        }
    return top;
}

static void find_peak(struct cut *c)
{
    size_t early = frames(c, PEAK_WITHIN_S), span = c->limit - c->attack, at = 0;
    early = early < span ? early : span;
    float peak = highest(c->mono + c->attack, early, &at);
    float rest = line_peak(c->mono + c->attack + early, span - early);
    c->peak_at = c->attack + at;
    c->peak = (double)(peak > rest ? peak : rest);
}

/* Quiet enough to start there without a fade, or as far back as a fade may go. */
static void find_start(struct cut *c)
{
    size_t reach = frames(c, c->p->fade_in_ms * 1e-3);
    size_t first = c->attack > reach ? c->attack - reach : 0;
    c->start = c->attack > 0 ? c->attack - 1 : 0;
    while (c->start > first && (double)fabsf(c->mono[c->start]) > 1e-3 * c->peak)
        c->start--;
}

/* It is the hit that has a longest length, with what lies before the attack. */
static size_t longest(const struct cut *c)
{
    double length_s = c->p->fixed_length ? c->p->fixed_length_s : c->p->max_length_s;
    return (size_t)rint(length_s * c->read->rate_hz);
}

static void keep_length(struct cut *c)
{
    size_t last = c->start + longest(c);
    if (c->limit <= last || last <= c->attack)
        return;
    c->limit = last;
    c->next_ends = false;
}

/* Level of the 10 ms from step i on, dB. */
static double level_db(const struct cut *c, const double *energy, size_t i)
{
    if (c->steps == 0)
        return NOWHERE_DB;
    i = i < c->steps ? i : c->steps - 1;
    double sum = energy[i], count = 1;
    if (i + 1 < c->steps) {
        sum += energy[i + 1];
        count = 2;
    }
    return to_db(sqrt(sum / (count * (double)c->step)));
}

static size_t step_at(const struct cut *c, size_t frame)
{
    return frame / c->step;
}

/* The quietest 10 ms of the last 60 ms before step `last`, dB, if the level is settled
 * there; NOWHERE_DB while it still falls: a tail is no noise floor. */
static double settled_db(const struct cut *c, size_t last)
{
    size_t span = frames(c, SETTLED_S) / c->step;
    if (last < span || span < 5)
        return NOWHERE_DB;
    size_t count = span - 1, half = count / 2;
    double low = (double)INFINITY, high = -(double)INFINITY, drop = 0;
    for (size_t i = 0; i < count; i++) {
        double db = level_db(c, c->energy, last - span + i);
        low = fmin(low, db);
        high = fmax(high, db);
        drop += i < half ? db : i >= count - half ? -db : 0;
    }
    drop /= (double)half;
    bool flat = high - low <= OVER_FLOOR_DB && fabs(drop) <= SETTLED_DROP_DB;
    return flat ? low : NOWHERE_DB;
}

/* The level that `floor_db` makes the end of the hit, dB. */
static double over_at_db(const struct cut *c, double floor_db)
{
    double peak_db = to_db(c->peak);
    double quiet = fmax(peak_db + DECAYED_DB, floor_db + OVER_FLOOR_DB);
    return fmin(quiet, peak_db + LEAST_DECAY_DB);
}

/* The step from which on the level stays at `quiet` for 20 ms (half a period of a deep
 * kick is shorter); that of the limit, if it does not. */
static size_t quiet_from(const struct cut *c, double quiet)
{
    size_t last = step_at(c, c->limit);
    int below = 0;
    for (size_t i = step_at(c, c->peak_at); i + 2 <= last; i++) {
        below = level_db(c, c->energy, i) <= quiet ? below + 1 : 0;
        if (below == 3)
            return i;
    }
    return last;
}

/* Whether from step `first` to the limit the level goes on falling. A cymbal rings so
 * long that 60 ms of it look settled; what it has come down to is no floor. */
static bool rings_on(const struct cut *c, size_t first)
{
    size_t last = step_at(c, c->limit),
           half = last > first + 2 ? (last - first - 1) / 2 : 0;
    double drop = 0;
    for (size_t i = 0; i < half; i++)
        drop += level_db(c, c->energy, first + i) - level_db(c, c->energy, last - 2 - i);
    return half > 0 && drop > TAIL_DROP_DB * (double)half;
}

static void find_end(struct cut *c)
{
    c->end = c->limit;
    if (c->p->fixed_length)
        return;
    double before = settled_db(c, step_at(c, c->attack)), after = NOWHERE_DB;
    if (c->limit > c->peak_at + 2 * frames(c, SETTLED_S))
        after = settled_db(c, step_at(c, c->limit));
    size_t last = step_at(c, c->limit), quiet = last;
    if (after > before) {
        quiet = quiet_from(c, over_at_db(c, after));
        quiet = rings_on(c, quiet) ? last : quiet;
    }
    if (quiet == last)
        quiet = quiet_from(c, over_at_db(c, before));
    if (quiet < last) {
        size_t least = c->attack + frames(c, c->p->min_length_s) + 1;
        size_t end = quiet * c->step > least ? quiet * c->step : least;
        c->end = end < c->limit ? end : c->limit;
    }
}

/* How far the 10 ms levels of the attack rise over the 20 ms before it, dB. */
static double rise_db(const struct cut *c, const double *energy, double known_db)
{
    size_t at = step_at(c, c->attack), last = at + 10;
    size_t first = at > 4 ? at - 4 : 0;
    double before = 0, loudest = NOWHERE_DB;
    for (size_t i = first; i < at; i++)
        before += energy[i];
    for (size_t i = at; i < last && i * c->step < c->end; i++)
        loudest = fmax(loudest, level_db(c, energy, i));
    double before_db =
        at > first ? to_db(sqrt(before / (double)((at - first) * c->step))) : NOWHERE_DB;
    return loudest - fmax(before_db, known_db);
}

static void measure(struct cut *c, struct hit *h)
{
    size_t before = frames(c, ISOLATION_S);
    size_t from = c->attack > before ? c->attack - before : 0;
    h->start_frame = c->plan->read_start + (int64_t)c->start;
    h->end_frame = c->plan->read_start + (int64_t)c->end;
    h->attack_frame = c->plan->read_start + (int64_t)c->attack;
    h->peak_db = to_db(c->peak);
    h->rms_db = to_db(rms(c->mono, c->start, c->end));
    const struct hit_levels *known = &c->plan->before;
    double before_db = fmax(to_db(rms(c->mono, from, c->attack)), known->all_db);
    h->isolation_db = fmax(-90, fmin(0, before_db - h->peak_db));
    h->attack_ms = (double)(c->peak_at - c->attack) * (1e3 / c->read->rate_hz);
    double treble = rise_db(c, c->treble, known->treble_db) - TREBLE_MORE_DB;
    c->rise_db = fmax(rise_db(c, c->energy, known->all_db), treble);
}

/* Share of the slice's samples in runs of three or more at full scale. */
static double clipped_share(const struct cut *c)
{
    size_t clipped = 0, channels = (size_t)c->read->channels;
    if (line_peak(c->read->data + c->start * channels, (c->end - c->start) * channels) <
        CLIP_LEVEL)
        return 0;
    for (size_t ch = 0; ch < channels; ch++) {
        const float *x = c->read->data + c->start * channels + ch;
        size_t n = c->end - c->start, run = 0;
        for (size_t i = 0; i < n; i++, x += channels) {
            bool whole =
                c->p->headroom && fabsf(*x) > 1 && (i == 0 || *x != *(x - channels));
            if (whole || fabsf(*x) < CLIP_LEVEL) {
                run = 0;
            } else {
                run++;
                clipped += run == 3 ? 3 : run > 3;
            }
        }
    }
    return (double)clipped / (double)((c->end - c->start) * channels);
}

/* The largest rise of the 10 ms level after the peak, dB: a second hit inside. */
static double later_rise_db(const struct cut *c)
{
    double lowest = (double)INFINITY, rise = 0, floor_db = to_db(c->peak) - 40;
    for (size_t i = step_at(c, c->peak_at); i + 2 <= step_at(c, c->end); i++) {
        double db = fmax(floor_db, level_db(c, c->energy, i));
        lowest = fmin(lowest, db);
        rise = fmax(rise, db - lowest);
    }
    return rise;
}

static double weigh(double worth)
{
    return LEAST_WORTH + (1 - LEAST_WORTH) * part_between(worth, 0, 1);
}

/* 0 of what is a sample or few, 1 of what lasts: around the peak, or over all of it
 * without the noise that is there before and after. */
static double body(const struct cut *c, double noise_rms)
{
    size_t before = frames(c, BODY_BEFORE_S), end = c->peak_at + frames(c, BODY_AFTER_S);
    size_t from = c->peak_at > c->start + before ? c->peak_at - before : c->start;
    end = end < c->end ? end : c->end;
    double around = line_square_sum(c->mono + from, end - from);
    double all = line_square_sum(c->mono + c->start, c->end - c->start) -
                 (double)(c->end - c->start) * noise_rms * noise_rms;
    double lasts = (fmax(around, all) / (c->peak * c->peak) - 1) / c->read->rate_hz;
    return part_between(lasts, NO_BODY_S, WHOLE_BODY_S);
}

static void score(const struct cut *c, double clipped, struct hit *h)
{
    size_t tail = frames(c, 2 * STEP_S);
    tail = c->end > tail ? c->end - tail : 0;
    double tail_rms = rms(c->mono, tail, c->end), left_db = h->peak_db - to_db(tail_rms);
    double before_rms = c->peak * pow(10, h->isolation_db / 20);
    double lasting = body(c, fmin(before_rms, tail_rms));
    double second = part_between(later_rise_db(c), 4, 18);
    double swift = 1 / (1 + pow(h->attack_ms / 40, 2));
    double attack = swift * part_between(c->rise_db, 0, 24);
    double isolation = part_between(-h->isolation_db, DRUM_ISOLATION_NONE_DB,
                                    DRUM_ISOLATION_NONE_DB + DRUM_ISOLATION_SPAN_DB);
    double level = part_between(h->peak_db, c->p->min_peak_db, -6);
    double decay = part_between(left_db, DRUM_DECAY_NONE_DB,
                                DRUM_DECAY_NONE_DB + DRUM_DECAY_SPAN_DB);
    double clean = (1 - second) * (1 - part_between(20 * clipped, 0, 1));
    parts_add(&h->parts, "isolation", isolation);
    parts_add(&h->parts, "attack", attack);
    parts_add(&h->parts, "decay", decay);
    parts_add(&h->parts, "clean", clean);
    parts_add(&h->parts, "level", level);
    parts_add(&h->parts, "body", lasting);
    h->score = 0.3 * isolation + 0.25 * attack + 0.2 * decay + 0.15 * clean + 0.1 * level;
    h->score *= weigh(lasting);
}

void hits_heard(struct hit *h, double drum)
{
    parts_add(&h->parts, "drum", drum);
    h->score *= weigh(drum);
}

static float mean_of(const float *x, size_t n)
{
    float sum[4] = {0}; /* side by side, so that none waits for another */
    for (size_t i = 0; i < n; i += 4)
        for (size_t k = 0; k < 4 && i + k < n; k++)
            sum[k] += x[i + k];
    return (sum[0] + sum[1] + sum[2] + sum[3]) / (float)n;
}

/* A filter of the second order, one sample at a time. */
struct low {
    struct biquad by;
    double x1, x2, y1, y2;
};

static double low_next(struct low *l, double x)
{
    const struct biquad_section *f = &l->by.section[0];
    double y = f->b0 * x + f->b1 * l->x1 + f->b2 * l->x2 - f->a1 * l->y1 - f->a2 * l->y2;
    l->x2 = l->x1;
    l->x1 = x;
    l->y2 = l->y1;
    l->y1 = y;
    return y;
}

/* The two largest of the half waves, by their energy. */
struct halves {
    double going_on, first, second, all, last;
};

static void close_half(struct halves *h)
{
    h->second = fmax(h->second, fmin(h->first, h->going_on));
    h->first = fmax(h->first, h->going_on);
    h->all += h->going_on;
    h->going_on = 0;
}

static void halves_next(struct halves *h, double y)
{
    if (y * h->last < 0)
        close_half(h);
    h->going_on += y * y;
    h->last = y;
}

/* What lies deep: shares of the energy, and of that below BOOM_HZ what its two largest
 * half waves hold. */
struct depth {
    double below_hearing, deep, boom, two_halves;
};

/* Of means of a 700th of a second. */
static struct depth depth(const struct cut *c)
{
    enum { MEANS_A_SECOND = 700 };
    size_t block = (size_t)c->read->rate_hz / MEANS_A_SECOND;
    block = block > 0 ? block : 1;
    int rate_hz = c->read->rate_hz / (int)block;
    struct low heard = {.by = biquad_lowpass(2, HEARD_FROM_HZ, rate_hz)},
               deep = {.by = biquad_lowpass(2, DEEP_HZ, rate_hz)},
               boom = {.by = biquad_lowpass(2, BOOM_HZ, rate_hz)};
    struct halves halves = {0};
    double below_hearing = 0, below_deep = 0;
    for (size_t i = c->start; i + block <= c->end; i += block) {
        double x = (double)mean_of(c->mono + i, block);
        double y = low_next(&heard, x), z = low_next(&deep, x);
        below_hearing += y * y;
        below_deep += z * z;
        halves_next(&halves, low_next(&boom, x));
    }
    close_half(&halves);
    double all = line_square_sum(c->mono + c->start, c->end - c->start);
    double share = all > 0 ? (double)block / all : 0;
    return (struct depth){below_hearing * share, below_deep * share, halves.all * share,
                          halves.all > 0 ? (halves.first + halves.second) / halves.all
                                         : 0};
}

__attribute__((format(printf, 2, 3))) static void miss(struct hit *h, const char *format,
                                                       ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(h->missed_by, sizeof h->missed_by, format, args);
    va_end(args);
}

/* A recording without room for two hits of the least length is a sample itself. */
static bool whole_recording(const struct cut *c)
{
    return c->plan->read_start == 0 && c->limit == c->n &&
           c->n < 2 * frames(c, c->p->min_length_s);
}

static void gate(const struct cut *c, double clipped, struct hit *h)
{
    double length_s = (double)(c->end - c->attack) / c->read->rate_hz;
    if (h->peak_db < c->p->min_peak_db)
        miss(h, "peak %.1f dB below the gate",
             told_excess(c->p->min_peak_db - h->peak_db, 0.1));
    else if (h->peak_db > c->p->max_peak_db && !(c->p->clipped_share > 0))
        miss(h, "peak %.1f dB above the gate",
             told_excess(h->peak_db - c->p->max_peak_db, 0.1));
    else if (h->peak_db > c->p->max_peak_db && clipped >= c->p->clipped_share)
        miss(h, "%.1f %% of it clipped, not under %.0f %%", 100 * clipped,
             100 * c->p->clipped_share);
    else if (length_s < c->p->min_length_s && c->end - c->start < longest(c) &&
             !whole_recording(c)) {
        miss(h, "%.0f ms shorter than allowed",
             told_excess(1e3 * (c->p->min_length_s - length_s), 1));
        h->cut_short = c->next_ends;
    } else if (c->rise_db < MIN_RISE_DB) {
        miss(h, "stands out by %.1f dB, not %.0f",
             fmax(0, MIN_RISE_DB - told_excess(MIN_RISE_DB - c->rise_db, 0.1)),
             MIN_RISE_DB);
        h->sunken = true;
    } else {
        struct depth d = depth(c);
        bool alone = c->attack >= frames(c, ISOLATION_S) &&
                     h->isolation_db <= STEP_ALONE_DB &&
                     (c->end < c->limit || length_s >= STEP_LEAST_S);
        if (d.below_hearing > MAX_RUMBLE)
            miss(h, "rumble below hearing is %.0f %% of it", 100 * d.below_hearing);
        else if (alone && d.deep > STEP_DEEP && d.boom > STEP_BOOM &&
                 d.two_halves > STEP_HALVES)
            miss(h, "a single push, not a hit: %.0f %% in two half waves",
                 100 * d.two_halves);
    }
}

/* Mono and its energies; c->mono holds them all. */
static bool prepare(struct cut *c)
{
    c->n = c->read->frames;
    c->step = frames(c, STEP_S) + 1;
    c->steps = c->n / c->step;
    c->mono = malloc((c->n + 1) * sizeof *c->mono);
    c->energy = malloc((2 * c->steps + 1) * sizeof *c->energy);
    if (!c->mono || !c->energy)
        return false;
    c->treble = c->energy + c->steps;
    audio_mono(c->read, c->mono);
    line_scrub(c->mono, c->n);
    for (size_t s = 0; s < c->steps; s++)
        c->energy[s] = line_square_sum(c->mono + s * c->step, c->step);
    line_step_sums(c->mono, c->step, c->steps, c->treble);
    return true;
}

enum status hits_attack(struct hit_plan *plan, const struct audio *read, struct err *e)
{
    float *mono = malloc((read->frames + 1) * sizeof *mono);
    if (!mono)
        return err_set(e, ST_NO_MEMORY, "no memory for a hit of %zu frames",
                       read->frames);
    struct cut c = {.read = read, .plan = plan, .n = read->frames};
    audio_mono(read, mono);
    line_scrub(mono, c.n);
    plan->attack_frame = -1;
    if (c.n > 0)
        plan->attack_frame =
            plan->read_start +
            (int64_t)onset_attack(mono, c.n, read->rate_hz, attack_place(&c));
    free(mono);
    return ST_OK;
}

enum status hits_cut(const struct hit_plan *plan, const struct audio *read,
                     const struct hits_params *p, struct hit *out, struct err *e)
{
    *out = (struct hit){.start_frame = plan->onset_frame,
                        .end_frame = plan->onset_frame,
                        .attack_frame = plan->onset_frame,
                        .next_attack = -1,
                        .peak_db = NOWHERE_DB,
                        .rms_db = NOWHERE_DB};
    if (read->frames == 0) {
        miss(out, "nothing there to read");
        return ST_OK;
    }
    struct cut c = {.read = read, .plan = plan, .p = p, .next_attack = -1};
    if (!prepare(&c)) {
        free(c.mono);
        free(c.energy);
        return err_set(e, ST_NO_MEMORY, "no memory for a hit of %zu frames", c.n);
    }
    find_bounds(&c);
    out->next_attack = c.next_attack;
    find_peak(&c);
    find_start(&c);
    keep_length(&c);
    find_end(&c);
    if (c.end <= c.start + 1 || !(c.peak > 0)) {
        miss(out, "%s", c.peak > 0 ? "no room before the next hit" : "silent");
        out->cut_short = c.peak > 0 && c.next_ends;
    } else {
        measure(&c, out);
        double clipped = clipped_share(&c);
        score(&c, clipped, out);
        gate(&c, clipped, out);
    }
    free(c.mono);
    free(c.energy);
    return ST_OK;
}
