#include "dsp/hits.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double BLOCK_S = 0.010, STEP_S = 0.005; /* RMS blocks and their spacing */
static const double ISOLATION_S = 0.020, PEAK_WITHIN_S = 0.100, NEXT_GAP_S = 0.002;
static const double DECAYED_DB = -60, OVER_FLOOR_DB = 3, SETTLED_S = 0.060;
static const double DECAY_MEASURE_DB = -20, NOWHERE_DB = -200;
/* A hit has to stand out of what sounds before it by this much to be one. */
static const double MIN_RISE_DB = 3;
static const double CLIP_LEVEL = 0.9995;

/* One hit under the knife: all positions are frames of the read. */
struct cut {
    const struct audio *read;
    const struct hit_plan *plan;
    const struct hits_params *p;
    float *mono;
    size_t n, attack, limit, start, end, peak_at;
    size_t block, step;
    double peak, before_rms, rise_db;
};

static double to_db(double linear)
{
    return linear > 1e-10 ? 20 * log10(linear) : NOWHERE_DB;
}

static double clamp01(double x)
{
    return x > 0 ? x < 1 ? x : 1 : 0;
}

static double rms(const float *x, size_t first, size_t last)
{
    double sum = 0;
    for (size_t i = first; i < last; i++)
        sum += (double)x[i] * (double)x[i];
    return last > first ? sqrt(sum / (double)(last - first)) : 0;
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

/* Where the attack is and where the slice has to stop at the latest. */
static void find_bounds(struct cut *c)
{
    size_t onset = place(c, c->plan->onset_s);
    size_t next = place(c, c->plan->next_s);
    c->attack = onset < c->n ? onset : c->n - 1;
    if (c->p->backtrack)
        c->attack = onset_attack(c->mono, c->n, c->read->rate_hz, c->attack);
    if (c->p->fixed_length) {
        c->limit = c->attack + frames(c, c->p->fixed_length_s);
    } else {
        c->limit = c->attack + frames(c, c->p->max_length_s);
        if (next < c->n && isfinite(c->plan->next_s)) {
            size_t rises = onset_attack(c->mono, c->n, c->read->rate_hz, next);
            size_t stop =
                rises > c->attack + frames(c, 0.01) && rises < next ? rises : next;
            size_t gap = frames(c, NEXT_GAP_S);
            stop = stop > c->attack + gap ? stop - gap : c->attack;
            c->limit = c->limit < stop ? c->limit : stop;
        }
    }
    c->limit = c->limit < c->n ? c->limit : c->n;
}

static void find_peak(struct cut *c)
{
    size_t last = c->attack + frames(c, PEAK_WITHIN_S);
    last = last < c->limit ? last : c->limit;
    c->peak_at = c->attack;
    for (size_t i = c->attack; i < last; i++)
        if (fabsf(c->mono[i]) > fabsf(c->mono[c->peak_at]))
            c->peak_at = i;
    c->peak = c->attack < c->n ? (double)fabsf(c->mono[c->peak_at]) : 0;
    for (size_t i = last; i < c->limit; i++)
        c->peak = fmax(c->peak, (double)fabsf(c->mono[i]));
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

static double block_db(const struct cut *c, size_t at)
{
    size_t last = at + c->block < c->n ? at + c->block : c->n;
    return to_db(rms(c->mono, at, last));
}

/* The quietest 10 ms before the attack, dB. */
static double floor_before(const struct cut *c)
{
    double quietest = INFINITY;
    for (size_t at = 0; at + c->block <= c->attack; at += c->step)
        quietest = fmin(quietest, block_db(c, at));
    return quietest;
}

/* The level the tail stays at for 60 ms before the limit, dB; NOWHERE_DB while it still
 * falls. */
static double floor_settled(const struct cut *c)
{
    size_t settled = frames(c, SETTLED_S);
    if (c->limit < c->peak_at + 2 * settled)
        return NOWHERE_DB;
    double low = INFINITY, high = -INFINITY;
    for (size_t at = c->limit - settled; at + c->block <= c->limit; at += c->step) {
        double db = block_db(c, at);
        low = fmin(low, db);
        high = fmax(high, db);
    }
    return high - low <= OVER_FLOOR_DB ? low : NOWHERE_DB;
}

static void find_end(struct cut *c)
{
    c->end = c->limit;
    if (c->p->fixed_length)
        return;
    double peak_db = to_db(c->peak), before = floor_before(c);
    double quiet = fmax(peak_db + DECAYED_DB, floor_settled(c) + OVER_FLOOR_DB);
    if (isfinite(before))
        quiet = fmax(quiet, before + OVER_FLOOR_DB);
    quiet = fmin(quiet, peak_db - 12);
    int below = 0;
    for (size_t at = c->peak_at; at + c->block <= c->limit; at += c->step) {
        below = block_db(c, at) <= quiet ? below + 1 : 0;
        if (below == 3) { /* 20 ms: half a period of a deep kick is shorter */
            c->end = at;
            break;
        }
    }
}

static void measure(struct cut *c, struct hit *h)
{
    size_t before = frames(c, ISOLATION_S);
    size_t from = c->attack > before ? c->attack - before : 0;
    c->before_rms = rms(c->mono, from, c->attack);
    h->start_frame = c->plan->read_start + (int64_t)c->start;
    h->end_frame = c->plan->read_start + (int64_t)c->end;
    h->attack_frame = c->plan->read_start + (int64_t)c->attack;
    h->peak_db = to_db(c->peak);
    h->rms_db = to_db(rms(c->mono, c->start, c->end));
    h->isolation_db = fmax(-90, fmin(0, to_db(c->before_rms) - h->peak_db));
    double ms = 1e3 / c->read->rate_hz;
    h->attack_ms = (double)(c->peak_at - c->attack) * ms;
    double loudest = NOWHERE_DB;
    size_t after = c->attack + frames(c, 0.05);
    for (size_t at = c->attack; at < after && at < c->end; at += c->step)
        loudest = fmax(loudest, block_db(c, at));
    c->rise_db = loudest - to_db(c->before_rms);
    size_t at = c->peak_at;
    while (at + c->block <= c->end && block_db(c, at) > loudest + DECAY_MEASURE_DB)
        at += c->step;
    h->decay_ms =
        (double)(at + c->block <= c->end ? at - c->peak_at : c->end - c->peak_at) * ms;
}

/* Share of the slice's samples in runs of three or more at full scale. */
static double clipped_share(const struct cut *c)
{
    size_t clipped = 0, channels = (size_t)c->read->channels;
    for (size_t ch = 0; ch < channels; ch++) {
        size_t run = 0;
        for (size_t i = c->start; i < c->end; i++) {
            bool full = fabs((double)c->read->data[i * channels + ch]) >= CLIP_LEVEL;
            run = full ? run + 1 : 0;
            clipped += run == 3 ? 3 : run > 3;
        }
    }
    return (double)clipped / (double)((c->end - c->start) * channels);
}

/* The largest rise of the 10 ms level after the peak, dB: a second hit inside. */
static double later_rise_db(const struct cut *c)
{
    double lowest = INFINITY, rise = 0, floor_db = to_db(c->peak) - 40;
    for (size_t at = c->peak_at; at + c->block <= c->end; at += c->block) {
        double db = fmax(floor_db, block_db(c, at));
        lowest = fmin(lowest, db);
        rise = fmax(rise, db - lowest);
    }
    return rise;
}

static void score(const struct cut *c, struct hit *h)
{
    size_t tail = c->end > c->block ? c->end - c->block : 0;
    double left_db = h->peak_db - to_db(rms(c->mono, tail, c->end));
    double second = clamp01((later_rise_db(c) - 4) / 14);
    double swift = 1 / (1 + pow(h->attack_ms / 40, 2));
    double attack = swift * clamp01(c->rise_db / 24);
    double isolation = clamp01((-h->isolation_db - 6) / 36);
    double level = clamp01((h->peak_db - c->p->min_peak_db) / (-6 - c->p->min_peak_db));
    double decay = clamp01((left_db - 3) / 40);
    double clean = (1 - second) * clamp01(1 - 20 * clipped_share(c));
    parts_add(&h->parts, "isolation", isolation);
    parts_add(&h->parts, "attack", attack);
    parts_add(&h->parts, "decay", decay);
    parts_add(&h->parts, "clean", clean);
    parts_add(&h->parts, "level", level);
    h->score = 0.3 * isolation + 0.25 * attack + 0.2 * decay + 0.15 * clean + 0.1 * level;
}

__attribute__((format(printf, 2, 3))) static void miss(struct hit *h, const char *format,
                                                       ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(h->missed_by, sizeof h->missed_by, format, args);
    va_end(args);
}

static void gate(const struct cut *c, struct hit *h)
{
    double length_s = (double)(c->end - c->attack) / c->read->rate_hz;
    if (h->peak_db < c->p->min_peak_db)
        miss(h, "peak %.1f dB below the gate", c->p->min_peak_db - h->peak_db);
    else if (h->peak_db > c->p->max_peak_db)
        miss(h, "peak %.1f dB above the gate", h->peak_db - c->p->max_peak_db);
    else if (length_s < c->p->min_length_s)
        miss(h, "%.0f ms shorter than allowed", 1e3 * (c->p->min_length_s - length_s));
    else if (c->rise_db < MIN_RISE_DB)
        miss(h, "stands out by %.1f dB, not %.0f", fmax(0, c->rise_db), MIN_RISE_DB);
}

static float *mono_of(const struct audio *a)
{
    float *mono = malloc((a->frames + 1) * sizeof *mono);
    if (!mono)
        return NULL;
    audio_mono(a, mono);
    for (size_t i = 0; i < a->frames; i++)
        if (!isfinite(mono[i]))
            mono[i] = 0;
    return mono;
}

enum status hits_cut(const struct hit_plan *plan, const struct audio *read,
                     const struct hits_params *p, struct hit *out, struct err *e)
{
    *out = (struct hit){.start_frame = plan->onset_frame,
                        .end_frame = plan->onset_frame,
                        .attack_frame = plan->onset_frame,
                        .peak_db = NOWHERE_DB,
                        .rms_db = NOWHERE_DB};
    struct cut c = {.read = read, .plan = plan, .p = p, .n = read->frames};
    if (c.n == 0) {
        miss(out, "nothing there to read");
        return ST_OK;
    }
    c.mono = mono_of(read);
    if (!c.mono)
        return err_set(e, ST_NO_MEMORY, "no memory for a hit of %zu frames", c.n);
    c.block = frames(&c, BLOCK_S) + 1;
    c.step = frames(&c, STEP_S) + 1;
    find_bounds(&c);
    find_peak(&c);
    find_start(&c);
    find_end(&c);
    if (c.end <= c.start + 1 || !(c.peak > 0)) {
        miss(out, "%s", c.peak > 0 ? "no room before the next hit" : "silent");
    } else {
        measure(&c, out);
        score(&c, out);
        gate(&c, out);
    }
    free(c.mono);
    return ST_OK;
}
