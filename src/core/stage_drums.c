/* Stage: single hits. */
#include "core/dig.h"

#include "dsp/drum_class.h"
#include "dsp/drum_features.h"
#include "dsp/hit_pool.h"
#include "dsp/resample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Hiss is made from the most noise-like hits; more than this adds nothing. */
enum { HITS_FOR_HISS = 24 };

static struct hits_params hits_wish(const struct config *cfg)
{
    return (struct hits_params){.fixed_length =
                                    cfg->drum_miner.slice_mode == SLICE_FIXED_LENGTH,
                                .backtrack = cfg->drum_miner.onset_backtrack,
                                .fixed_length_s = cfg->drum_miner.fixed_length_sec,
                                .max_length_s = cfg->drum_miner.max_length_sec,
                                .min_length_s = cfg->drum_miner.min_length_sec,
                                .fade_in_ms = cfg->drum_miner.fade_in_ms,
                                .fade_out_ms = cfg->drum_miner.fade_out_ms,
                                .min_peak_db = cfg->drum_miner.min_peak_db,
                                .max_peak_db = cfg->drum_miner.max_peak_db,
                                .max_saved = (size_t)cfg->drum_miner.max_saved_per_file};
}

static double or_default(double value)
{
    return isnan(value) ? -1 : value;
}

static bool default_sensitivity(const struct config *cfg)
{
    return cfg->drum_miner.delta == 0.05 && cfg->drum_miner.wait == 30 &&
           isnan(cfg->drum_miner.pre_max) && isnan(cfg->drum_miner.post_max) &&
           isnan(cfg->drum_miner.pre_avg) && isnan(cfg->drum_miner.post_avg);
}

static enum status plan(struct dig *d, const struct hits_params *p,
                        struct hit_plans *plans, struct err *e)
{
    const struct config *cfg = &d->recipe->cfg;
    const struct track_info *t = track_info(d->track);
    if (default_sensitivity(cfg))
        return hits_plan(track_onsets(d->track), t->rate_hz, t->frames, p, plans, e);
    struct onset_params wish = onset_params_user(
        cfg->drum_miner.delta, cfg->drum_miner.wait, or_default(cfg->drum_miner.pre_max),
        or_default(cfg->drum_miner.post_max), or_default(cfg->drum_miner.pre_avg),
        or_default(cfg->drum_miner.post_avg));
    struct onset_list onsets;
    double hop_s = (double)t->novelty_hop_frames / t->rate_hz;
    enum status st =
        onset_pick(track_novelty(d->track), t->novelties, hop_s, 0, &wish, &onsets, e);
    if (st != ST_OK)
        return st;
    st = hits_plan(&onsets, t->rate_hz, t->frames, p, plans, e);
    onset_list_done(&onsets);
    return st;
}

static enum status cut_all(struct dig *d, const struct hits_params *p,
                           const struct hit_plans *plans, struct hit_pool *pool,
                           struct err *e)
{
    enum status st = ST_OK;
    for (size_t i = 0; i < plans->count && st == ST_OK; i++) {
        struct audio read;
        struct hit hit;
        st = dig_read(d, plans->at[i].read_start, plans->at[i].read_end, 2, &read, e);
        if (st != ST_OK)
            break;
        st = hits_cut(&plans->at[i], &read, p, &hit, e);
        audio_done(&read);
        if (st == ST_OK)
            st = hit_pool_offer(pool, &hit, e);
        if (st == ST_OK && i % 64 == 0 && job_cancelled(d->ctx))
            st = err_set(e, ST_CANCELLED, "%s: interrupted", d->site.source_path);
    }
    return st;
}

static void describe(const struct dig *d, struct candidate *c, const struct hit *h)
{
    dig_candidate(d, c, KIND_DRUM, h->start_frame, h->end_frame);
    c->m.score = h->score;
    c->parts = h->parts;
    snprintf(c->missed_by, sizeof c->missed_by, "%s", h->missed_by);
}

/* How much a hit gives to hiss: long, loud and without pitch. */
static float hiss_weight(const struct hit *h, const struct drum_verdict *v)
{
    static const double noisy[DRUM_CLASS_COUNT] = {
        [DRUM_SNARE] = 0.7,    [DRUM_CLAP] = 0.8,  [DRUM_HAT_CLOSED] = 0.9,
        [DRUM_HAT_OPEN] = 1.0, [DRUM_CRASH] = 1.0, [DRUM_RIDE] = 0.6,
        [DRUM_PERC] = 0.3};
    double share = 0;
    for (int i = 0; i < DRUM_CLASS_COUNT; i++)
        share += noisy[i] * v->probability[i];
    return (float)(share * (0.25 + h->score) * fmax(1, 90 + h->rms_db));
}

static enum status offer_for_hiss(struct dig *d, const struct audio *sound,
                                  const struct hit *h, const struct drum_verdict *v,
                                  struct err *e)
{
    struct material m = {.start_frame = h->start_frame,
                         .end_frame = h->end_frame,
                         .score = h->score,
                         .weight = hiss_weight(h, v)};
    struct material *weakest = NULL;
    if (d->hits.count == HITS_FOR_HISS) {
        weakest = &d->hits.at[0];
        for (size_t i = 1; i < d->hits.count; i++)
            if (d->hits.at[i].weight < weakest->weight)
                weakest = &d->hits.at[i];
        if (weakest->weight >= m.weight)
            return ST_OK;
    }
    enum status st = audio_slice(&m.sound, sound, 0, sound->frames, e);
    if (st != ST_OK || !weakest)
        return st == ST_OK ? material_add(&d->hits, &m, e) : st;
    audio_done(&weakest->sound);
    *weakest = m;
    return ST_OK;
}

/* Hits between reading and writing, in the order of time. */
struct kept {
    const struct hit *hit;
    struct audio sound;
    struct drum_verdict verdict;
    int number;
};
/* So many at a time go through the conversion of rate side by side, unless they are long.
 */
enum { TOGETHER = 16, TOGETHER_SAMPLES = 1 << 21 };

/* The hit's own frames, and its class, told with what sounded just before it. */
static enum status take_hit(struct dig *d, struct kept *k, struct err *e)
{
    const struct hit *h = k->hit;
    int64_t lead = (int64_t)(DRUM_LEAD_S * track_info(d->track)->rate_hz);
    int64_t from = h->attack_frame > lead ? h->attack_frame - lead : 0;
    from = from < h->start_frame ? from : h->start_frame;
    struct audio whole;
    int channels = d->recipe->cfg.export.drums_stereo ? 2 : 1;
    enum status st = dig_read(d, from, h->end_frame, channels, &whole, e);
    if (st != ST_OK)
        return st;
    size_t before = (size_t)(h->attack_frame - from);
    st = d->ear ? drum_classify_by(d->ear, &whole, before, &k->verdict, e)
                : drum_classify_in(&whole, before, &k->verdict, e);
    if (st == ST_OK)
        st = audio_slice(&k->sound, &whole, (size_t)(h->start_frame - from),
                         (size_t)(h->end_frame - h->start_frame), e);
    audio_done(&whole);
    if (st == ST_OK && d->recipe->stages & 1u << STAGE_HISS)
        st = offer_for_hiss(d, &k->sound, h, &k->verdict, e);
    return st;
}

static int longest_first(const void *a, const void *b)
{
    const struct kept *x = *(struct kept *const *)a, *y = *(struct kept *const *)b;
    if (x->sound.frames != y->sound.frames)
        return x->sound.frames > y->sound.frames ? -1 : 1;
    return x->number - y->number;
}

static enum status all_to_rate(struct kept *kept, size_t count, int rate_hz,
                               struct err *e)
{
    struct kept *order[TOGETHER];
    struct audio in[TOGETHER], out[TOGETHER];
    if (count == 0 || kept[0].sound.rate_hz == rate_hz)
        return ST_OK;
    for (size_t i = 0; i < count; i++)
        order[i] = &kept[i];
    qsort(order, count, sizeof *order, longest_first);
    for (size_t i = 0; i < count; i++)
        in[i] = order[i]->sound;
    enum status st = resample_together(out, in, count, rate_hz, RESAMPLE_MEDIUM, e);
    for (size_t i = 0; i < count; i++)
        order[i]->sound = out[i];
    return st;
}

static enum status write_hit(struct dig *d, struct kept *k, const struct hits_params *p,
                             struct err *e)
{
    const struct config *cfg = &d->recipe->cfg;
    double attack = (double)(k->hit->attack_frame - k->hit->start_frame);
    if (k->sound.rate_hz != d->info.rate_hz)
        attack = attack * k->sound.rate_hz / d->info.rate_hz;
    enum status st =
        hits_finish(&k->sound, (size_t)attack, p, cfg->global.target_peak_dbfs, e);
    if (st != ST_OK)
        return st == ST_EMPTY ? ST_OK : st;
    struct candidate c;
    describe(d, &c, k->hit);
    snprintf(c.hit_class, sizeof c.hit_class, "%s", drum_class_name(k->verdict.best));
    c.m.hit_confidence = k->verdict.confidence;
    char name[160];
    snprintf(name, sizeof name, "%s_drum_%03d_%s", d->site.stem, k->number, c.hit_class);
    struct keep keep = {.name = name, .channels = k->sound.channels, .finished = true};
    st = dig_keep(d, &c, &k->sound, &keep, e);
    k->sound = (struct audio){0};
    return st;
}

/* The next hits from `first` on, as many as go together; returns how many. */
static size_t keep_some(struct dig *d, const struct hit_pool *pool, size_t first,
                        const struct hits_params *p, enum status *st, struct err *e)
{
    struct kept kept[TOGETHER];
    size_t n = 0, samples = 0;
    while (*st == ST_OK && n < TOGETHER && first + n < pool->count &&
           samples < TOGETHER_SAMPLES) {
        kept[n] = (struct kept){.hit = &pool->best[first + n].hit,
                                .number = (int)(first + n) + 1};
        *st = take_hit(d, &kept[n], e);
        samples += kept[n].sound.frames * (size_t)kept[n].sound.channels;
        n++;
    }
    bool wanted = d->recipe->stages & 1u << STAGE_DRUMS;
    if (*st == ST_OK && wanted)
        *st = all_to_rate(kept, n, d->recipe->cfg.global.sample_rate, e);
    for (size_t i = 0; i < n; i++) {
        if (*st == ST_OK && wanted)
            *st = write_hit(d, &kept[i], p, e);
        audio_done(&kept[i].sound);
    }
    return n;
}

static enum status keep_misses(struct dig *d, const struct hit_pool *pool, struct err *e)
{
    enum status st = ST_OK;
    for (size_t i = 0; i < pool->missed_count && st == ST_OK; i++) {
        const struct hit *h = &pool->missed[i].hit;
        struct candidate c;
        describe(d, &c, h);
        c.m.rms_db = h->rms_db;
        c.m.peak_dbfs = h->peak_db;
        st = dig_miss(d, &c, "drum", (int)i + 1, e);
    }
    return st;
}

static enum status mine(struct dig *d, const struct hits_params *p,
                        const struct hit_plans *plans, struct err *e)
{
    struct hit_pool pool;
    hit_pool_init(&pool, p);
    enum status st = cut_all(d, p, plans, &pool, e);
    hit_pool_settle(&pool);
    for (size_t i = 0; i < pool.count && st == ST_OK;) {
        i += keep_some(d, &pool, i, p, &st, e);
        if (st == ST_OK && job_cancelled(d->ctx))
            st = err_set(e, ST_CANCELLED, "%s: interrupted", d->site.source_path);
    }
    if (st == ST_OK && d->recipe->stages & 1u << STAGE_DRUMS)
        st = keep_misses(d, &pool, e);
    hit_pool_done(&pool);
    return st;
}

enum status stage_drums(struct dig *d, struct err *e)
{
    unsigned needs_hits = 1u << STAGE_DRUMS | 1u << STAGE_HISS;
    if (!(d->recipe->stages & needs_hits) || !d->recipe->cfg.drum_miner.enabled)
        return ST_OK;
    struct hits_params p = hits_wish(&d->recipe->cfg);
    struct hit_plans plans;
    enum status st = drum_ear_new(&d->ear, d->info.rate_hz, e);
    if (st == ST_OK || st == ST_EMPTY)
        st = plan(d, &p, &plans, e);
    if (st != ST_OK)
        return st;
    st = mine(d, &p, &plans, e);
    hit_plans_done(&plans);
    return st;
}
