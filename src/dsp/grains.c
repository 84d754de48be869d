#include "dsp/grains.h"

#include "core/array.h"
#include "core/pi.h"
#include "dsp/biquad.h"
#include "dsp/level.h"
#include "dsp/resample.h"
#include "dsp/weave.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const double least_grain_ms = 5, least_material_ms = 10;
static const double flank_ms = 75; /* grains longer than two flanks get a flat top */
static const double sparse_gain_max = 4; /* where hardly a grain lies */
static const double even_db = 2.5;       /* leaves room under the ±4 dB */
enum { DRAWS = 10, FRAMES_MAX_S = 3600 };

/* The material as single lines: the middle, and both sides if there are any. */
struct material {
    struct audio line[3];
    int lines;
    struct grain_region *region;
    size_t regions;
    double reach;     /* Σ region lengths */
    double per_frame; /* frames of the material to one of the cloud, at speed 1 */
};

struct grain {
    int line;
    double start, speed; /* in the material: its frames to a frame of the cloud */
    size_t count;        /* frames in the cloud */
    size_t at;           /* place in the cloud */
    double rms, quality, pan;
};

struct grain_list {
    struct grain *at;
    size_t count;
    double mean_quality;
};

struct figures {
    double rms, dc, peak, lopsided;
};

struct sums {
    double sum, square;
    float peak;
};

/* Four side by side, so that the processor need not wait for each. */
static struct sums sums_of(const float *x, size_t n)
{
    double sum[4] = {0}, square[4] = {0};
    float peak[4] = {0};
    for (size_t i = 0; i < n; i += 4)
        for (size_t k = 0; k < 4 && i + k < n; k++) {
            float v = x[i + k], size = fabsf(v);
            sum[k] += (double)v;
            square[k] += (double)v * (double)v;
            peak[k] = size > peak[k] ? size : peak[k];
        }
    return (struct sums){sum[0] + sum[1] + sum[2] + sum[3],
                         square[0] + square[1] + square[2] + square[3],
                         fmaxf(fmaxf(peak[0], peak[1]), fmaxf(peak[2], peak[3]))};
}

static struct figures figures_of(const float *x, size_t n)
{
    struct sums early = sums_of(x, n / 2), late = sums_of(x + n / 2, n - n / 2);
    double square = early.square + late.square;
    double share = square > 0 ? early.square / square : 0.5;
    return (struct figures){sqrt(square / (double)n),
                            fabs(early.sum + late.sum) / (double)n,
                            (double)fmaxf(early.peak, late.peak), fmax(share, 1 - share)};
}

/* 0 … 1: 1 less 0.25/0.5 for RMS below −40/−46 dBFS, 0.3 for DC above 0.08, 0.3 for a
 * peak above 0.95, 0.2/0.4 for a crest above 10/15, 0.25/0.5 for more than 0.7/0.85 of
 * the energy in one half; silence 0. */
static double quality_of(struct figures f)
{
    if (!(f.rms > 1e-5))
        return 0;
    double crest = f.peak / f.rms, level_db = level_to_db(f.rms), q = 1;
    q -= level_db < -46 ? 0.5 : level_db < -40 ? 0.25 : 0;
    q -= f.dc > 0.08 ? 0.3 : 0;
    q -= f.peak > 0.95 ? 0.3 : 0;
    q -= crest > 15 ? 0.4 : crest > 10 ? 0.2 : 0;
    q -= f.lopsided > 0.85 ? 0.5 : f.lopsided > 0.7 ? 0.25 : 0;
    return q > 0 ? q : 0;
}

static enum status add_region(struct material *m, size_t start, size_t end, struct err *e)
{
    if (!array_resize(&m->region, m->regions + 1, sizeof *m->region))
        return err_set(e, ST_NO_MEMORY, "no memory for the regions of a cloud");
    m->region[m->regions++] = (struct grain_region){start, end};
    m->reach += (double)(end - start);
    return ST_OK;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* How much the level of a block moves: spread of its 10 ms levels in dB; HUGE_VAL for
 * silence. */
static double unrest(const float *x, size_t block)
{
    enum { PARTS = 20 };
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (size_t p = 0; p < PARTS; p++) {
        struct figures f = figures_of(x + p * block / PARTS, block / PARTS);
        double db = level_to_db(f.rms);
        low = fmin(low, db);
        high = fmax(high, db);
    }
    return high < -60 ? HUGE_VAL : high - fmax(low, -120);
}

/* The calmest fifth of the material that sounds, in blocks of 200 ms; all of it when it
 * is short. */
static enum status find_calm(struct material *m, struct err *e)
{
    const struct audio *line = &m->line[0];
    size_t block = (size_t)line->rate_hz / 5, blocks = line->frames / (block ? block : 1);
    if (blocks < 5 || block < 200)
        return add_region(m, 0, line->frames, e);
    double *rest = malloc(2 * blocks * sizeof *rest);
    if (!rest)
        return err_set(e, ST_NO_MEMORY, "no memory to look for calm places");
    size_t sounding = 0;
    for (size_t b = 0; b < blocks; b++) {
        rest[b] = unrest(line->data + b * block, block);
        if (rest[b] < HUGE_VAL)
            rest[blocks + sounding++] = rest[b];
    }
    qsort(rest + blocks, sounding, sizeof *rest, by_value);
    double limit = sounding ? rest[blocks + sounding / 5] : HUGE_VAL;
    enum status st = ST_OK;
    for (size_t b = 0; b < blocks && st == ST_OK; b++) {
        if (rest[b] > limit)
            continue;
        size_t from = b * block;
        while (b + 1 < blocks && rest[b + 1] <= limit)
            b++;
        st = add_region(m, from, (b + 1) * block, e);
    }
    free(rest);
    return st;
}

static void material_done(struct material *m)
{
    for (int i = 0; i < 3; i++)
        audio_done(&m->line[i]);
    free(m->region);
}

static enum status split_lines(struct material *m, const struct audio *from,
                               struct err *e)
{
    struct audio two = {0};
    enum status st = audio_convert_channels(&two, from, from->channels > 1 ? 2 : 1, e);
    if (st != ST_OK)
        return st;
    level_scrub(&two);
    m->lines = two.channels == 2 ? 3 : 1;
    for (int i = 0; i < m->lines && st == ST_OK; i++)
        st = audio_init(&m->line[i], two.frames, 1, two.rate_hz, e);
    if (st == ST_OK && m->lines == 1)
        memcpy(m->line[0].data, two.data, two.frames * sizeof *two.data);
    for (size_t i = 0; i < two.frames && st == ST_OK && m->lines == 3; i++) {
        m->line[1].data[i] = two.data[2 * i];
        m->line[2].data[i] = two.data[2 * i + 1];
        m->line[0].data[i] = 0.5f * (two.data[2 * i] + two.data[2 * i + 1]);
    }
    audio_done(&two);
    return st;
}

static enum status material_init(struct material *m, const struct grain_material *from,
                                 struct err *e)
{
    size_t frames = from->sound->frames;
    *m = (struct material){0};
    enum status st = split_lines(m, from->sound, e);
    size_t least = (size_t)(least_material_ms * 1e-3 * from->sound->rate_hz) + 1;
    for (size_t i = 0; i < from->count && st == ST_OK; i++) {
        const struct grain_region *r = &from->regions[i];
        size_t end = r->end < frames ? r->end : frames;
        if (r->start < end && end - r->start >= least)
            st = add_region(m, r->start, end, e);
    }
    if (st == ST_OK && !m->regions)
        st = find_calm(m, e);
    if (st == ST_OK && (frames < least || !m->regions))
        st = err_set(e, ST_EMPTY, "too little sound for a cloud (%zu frames)", frames);
    return st;
}

/* A place in the regions by their lengths, such that the grain stays inside. */
static void draw_place(const struct material *m, struct grain *g, struct rng *r)
{
    double at = rng_uniform(r) * m->reach;
    size_t i = 0;
    while (i + 1 < m->regions && at >= (double)(m->region[i].end - m->region[i].start))
        at -= (double)(m->region[i].end - m->region[i].start), i++;
    double length = (double)(m->region[i].end - m->region[i].start);
    double span = (double)g->count * g->speed;
    if (span > length) {
        g->count = (size_t)fmax(1, length / g->speed);
        span = length;
    }
    double room = length - span;
    g->start = (double)m->region[i].start + room * (at / length);
}

/* The middle line, or one of the sides where the middle cancels itself out. */
static int choose_line(const struct material *m, size_t start, size_t span, struct rng *r)
{
    uint32_t side = 1 + rng_below(r, 2);
    if (m->lines == 1)
        return 0;
    double mid = level_rms_range(&m->line[0], start, start + span);
    double left = level_rms_range(&m->line[1], start, start + span);
    double right = level_rms_range(&m->line[2], start, start + span);
    if (mid * mid >= 0.25 * 0.5 * (left * left + right * right))
        return 0;
    return left > 4 * right ? 1 : right > 4 * left ? 2 : (int)side;
}

static struct grain draw_grain(const struct material *m, const struct grains_spec *s,
                               struct rng *r)
{
    double rate = m->line[0].rate_hz / m->per_frame;
    double length_ms = rng_range(r, s->length_min_ms, s->length_max_ms);
    double pitch = rng_range(r, s->pitch_min_semitones, s->pitch_max_semitones);
    double speed = exp2((pitch + s->transpose_semitones) / 12);
    struct grain g = {.speed = m->per_frame * fmin(2, fmax(0.5, speed)),
                      .count = (size_t)fmax(1, length_ms * 1e-3 * rate)};
    draw_place(m, &g, r);
    size_t start = (size_t)g.start, span = (size_t)((double)g.count * g.speed);
    span = span < 1 ? 1 : span;
    if (start + span > m->line[0].frames)
        span = m->line[0].frames - start;
    g.line = choose_line(m, start, span, r);
    struct figures f = figures_of(m->line[g.line].data + start, span);
    g.rms = f.rms;
    g.quality = quality_of(f);
    return g;
}

/* Draw every grain: again while it is below the threshold, at most DRAWS times, then the
 * best of them. What is silent borrows the place of one that is not. */
static enum status draw_all(struct grain_list *l, const struct material *m,
                            const struct grains_spec *s, struct rng *r, struct err *e)
{
    struct grain *grain = l->at;
    size_t sounding = 0;
    for (size_t i = 0; i < l->count; i++) {
        for (int draw = 0; draw < DRAWS; draw++) {
            struct grain g = draw_grain(m, s, r);
            if (draw == 0 || g.quality > grain[i].quality)
                grain[i] = g;
            if (grain[i].quality >= s->quality_threshold && g.quality > 0)
                break;
        }
        sounding += grain[i].quality > 0;
    }
    if (!sounding)
        return err_set(e, ST_EMPTY, "the material of the cloud is silent");
    for (size_t i = 0; i < l->count; i++) {
        while (!(grain[i].quality > 0))
            grain[i] = grain[rng_below(r, (uint32_t)l->count)];
        l->mean_quality += grain[i].quality / (double)l->count;
        grain[i].pan = rng_uniform(r);
    }
    return ST_OK;
}

/* Places on the circle: an even grid, each moved by up to half a hop. */
static void place_grains(struct grain_list *l, size_t frames, struct rng *r)
{
    double hop = (double)frames / (double)l->count;
    for (size_t i = 0; i < l->count; i++) {
        struct grain *g = &l->at[i];
        double at = ((double)i + rng_uniform(r) - 0.5) * hop + (double)frames;
        g->at = (size_t)at % frames;
        g->count = g->count < frames ? g->count : frames;
    }
}

/* The grain, read into `line`, onto the circle: gain × window × grain, a gain a channel,
 * and the squared window onto weight[frames]. Hann, or Tukey with flanks of flank_ms. */
static void add_grain(struct audio *loop, float *weight, const struct grain *g,
                      const float *line, const double gain[2])
{
    size_t count = g->count, at = g->at, channels = (size_t)loop->channels;
    size_t most = (size_t)(flank_ms * 1e-3 * loop->rate_hz);
    size_t flank = count / 2 < most ? count / 2 : most;
    /* cos(π i / flank) by recurrence, from half a step in */
    double step = PI / (double)(flank ? flank : 1), twice = 2 * cos(step);
    double now = cos(0.5 * step), before = now; /* cos(−½ step) = cos(½ step) */
    float left = (float)gain[0], right = (float)gain[channels > 1 ? 1 : 0];
    for (size_t i = 0; i < count; i++) {
        float w = 1.0f;
        if (i < flank || i >= count - flank) {
            w = (float)(i < flank ? 0.5 - 0.5 * now : 0.5 + 0.5 * now);
            double next = twice * now - before;
            before = now;
            now = next;
        }
        if (i + 1 == count - flank) { /* the fall starts from the top */
            now = cos(0.5 * step);
            before = now;
        }
        float x = w * line[i];
        loop->data[at * channels] += left * x;
        if (channels > 1)
            loop->data[at * channels + 1] += right * x;
        weight[at] += w * w;
        if (++at == loop->frames)
            at = 0;
    }
}

/* Divide by the root of the summed squared windows, scaled to mean 1; where grains are
 * sparse the gain is limited. */
static void even_out(struct audio *loop, const float *weight)
{
    size_t channels = (size_t)loop->channels;
    double mean = 0;
    for (size_t i = 0; i < loop->frames; i++)
        mean += (double)weight[i] / (double)loop->frames;
    float least = (float)(mean / (sparse_gain_max * sparse_gain_max));
    for (size_t i = 0; i < loop->frames; i++) {
        float w = weight[i] > least ? weight[i] : least;
        float g = w > 0.0f ? sqrtf((float)mean / w) : 0.0f;
        for (size_t c = 0; c < channels; c++)
            loop->data[i * channels + c] *= g;
    }
}

static enum status render(struct audio *to, const struct grain_list *l,
                          const struct material *m, struct err *e)
{
    double slowest = HUGE_VAL, fastest = 0;
    for (size_t i = 0; i < l->count; i++) {
        slowest = fmin(slowest, l->at[i].speed);
        fastest = fmax(fastest, l->at[i].speed);
    }
    struct varispeed *v = varispeed_new(slowest, fastest);
    float *weight = calloc(to->frames, sizeof *weight);
    float *line = malloc(to->frames * sizeof *line);
    enum status st = ST_OK;
    if (!v || !weight || !line) {
        st = err_set(e, ST_NO_MEMORY, "no memory for a cloud of %zu frames", to->frames);
        goto done;
    }
    double loudness = 0; /* grains are brought to their geometric mean level */
    for (size_t i = 0; i < l->count; i++)
        loudness += log(l->at[i].rms) / (double)l->count;
    for (size_t i = 0; i < l->count; i++) {
        const struct grain *g = &l->at[i];
        const struct audio *from = &m->line[g->line];
        varispeed_read(v, from->data, from->frames, g->start, g->speed, line, g->count);
        double level = fmin(4, fmax(0.25, exp(loudness) / g->rms));
        double angle = PI / 2 * g->pan;
        double gain[2] = {level, level};
        if (to->channels == 2) {
            gain[0] *= cos(angle);
            gain[1] *= sin(angle);
        }
        add_grain(to, weight, g, line, gain);
    }
    even_out(to, weight);
done:
    varispeed_free(v);
    free(weight);
    free(line);
    return st;
}

static enum status finish(struct audio *cloud, const struct grains_spec *s,
                          struct grains_report *report, struct err *e)
{
    if (s->lowpass_hz > 0) {
        struct biquad low = biquad_lowpass(3, s->lowpass_hz, cloud->rate_hz);
        biquad_circular(&low, cloud);
    }
    /* Slow drift would count as level: it goes first. The gains make a little of it out
     * of low notes again: once more. */
    enum status st = ST_OK;
    for (int round = 0; round < 2 && st == ST_OK; round++) {
        st = level_remove_dc(cloud, true, e);
        if (st == ST_OK)
            st = weave_even(cloud, even_db, e);
    }
    if (st == ST_OK)
        st = weave_calm_join(cloud, &report->seam, e);
    return st == ST_OK ? level_normalise(cloud, s->peak_dbfs, true, e) : st;
}

static enum status check(const struct grains_spec *s, int from_hz, int rate_hz,
                         struct err *e)
{
    bool lengths = s->length_min_ms >= least_grain_ms &&
                   s->length_max_ms >= s->length_min_ms && s->length_max_ms <= 10000;
    bool pitches = s->pitch_max_semitones >= s->pitch_min_semitones &&
                   isfinite(s->pitch_min_semitones) && isfinite(s->pitch_max_semitones) &&
                   isfinite(s->transpose_semitones);
    bool rest = s->overlap_ratio > 0 && s->overlap_ratio < 1 && s->grain_count >= 1 &&
                (s->channels == 1 || s->channels == 2) && from_hz >= 1000 &&
                rate_hz >= 1000 && rate_hz <= 1000000 && s->duration_s >= 0.05 &&
                s->duration_s <= FRAMES_MAX_S;
    if (lengths && pitches && rest)
        return ST_OK;
    return err_set(e, ST_USAGE,
                   "a cloud of %.3g s with grains of %.3g to %.3g ms, overlap %.3g, is "
                   "out of range",
                   s->duration_s, s->length_min_ms, s->length_max_ms, s->overlap_ratio);
}

/* As many as asked for, or as the overlap needs to fill the circle. */
static size_t grain_total(const struct grains_spec *s)
{
    double hop_s =
        0.5e-3 * (s->length_min_ms + s->length_max_ms) * (1 - s->overlap_ratio);
    double needed = fmin(s->duration_s / fmax(hop_s, 0.5e-3), 100000);
    return (size_t)fmax(s->grain_count, rint(needed));
}

enum status grains_cloud(struct audio *to, const struct grain_material *from,
                         const struct grains_spec *s, struct rng *r,
                         struct grains_report *report, struct err *e)
{
    int from_hz = from->sound->rate_hz;
    *to = (struct audio){0};
    struct material m = {0};
    struct grains_report counted = {0};
    struct grain_list grains = {0};
    int rate_hz = s->rate_hz > 0 ? s->rate_hz : from_hz;
    enum status st = check(s, from_hz, rate_hz, e);
    if (st != ST_OK)
        return st;
    st = material_init(&m, from, e);
    m.per_frame = (double)from_hz / rate_hz;
    grains.count = grain_total(s);
    if (st == ST_OK && !(grains.at = calloc(grains.count, sizeof *grains.at)))
        st = err_set(e, ST_NO_MEMORY, "no memory for %zu grains", grains.count);
    if (st == ST_OK)
        st = draw_all(&grains, &m, s, r, e);
    counted.mean_quality = grains.mean_quality;
    size_t frames = (size_t)llround(s->duration_s * rate_hz);
    if (st == ST_OK)
        st = audio_init(to, frames, s->channels, rate_hz, e);
    if (st == ST_OK) {
        place_grains(&grains, frames, r);
        st = render(to, &grains, &m, e);
    }
    if (st == ST_OK)
        st = finish(to, s, &counted, e);
    if (st != ST_OK)
        audio_done(to);
    free(grains.at);
    material_done(&m);
    if (report)
        *report = counted;
    return st;
}
