/* Stage: single hits. */
#include "core/dig.h"

#include "dsp/drum_class.h"
#include "dsp/hits.h"
#include "dsp/resample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Hiss is made from the most noise-like hits; more than this adds nothing. */
enum { HITS_FOR_HISS = 24, MISSES_KEPT = 20 };

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
                           const struct hit_plans *plans, struct hit *hits, struct err *e)
{
    enum status st = ST_OK;
    for (size_t i = 0; i < plans->count && st == ST_OK; i++) {
        struct audio read;
        st = dig_read(d, plans->at[i].read_start, plans->at[i].read_end, 2, &read, e);
        if (st != ST_OK)
            break;
        st = hits_cut(&plans->at[i], &read, p, &hits[i], e);
        audio_done(&read);
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

static enum status to_output(struct dig *d, struct audio *sound, size_t *attack,
                             const struct hits_params *p, struct err *e)
{
    const struct config *cfg = &d->recipe->cfg;
    int rate = cfg->global.sample_rate;
    if (sound->rate_hz != rate) {
        struct audio out;
        enum status st = resample_rate(&out, sound, rate, RESAMPLE_MEDIUM, e);
        if (st != ST_OK)
            return st;
        *attack = (size_t)((double)*attack * rate / sound->rate_hz);
        audio_done(sound);
        *sound = out;
    }
    return hits_finish(sound, *attack, p, cfg->global.target_peak_dbfs, e);
}

static enum status keep_hit(struct dig *d, const struct hit *h,
                            const struct hits_params *p, int number, struct err *e)
{
    struct audio sound;
    struct drum_verdict verdict;
    int channels = d->recipe->cfg.export.drums_stereo ? 2 : 1;
    enum status st = dig_read(d, h->start_frame, h->end_frame, channels, &sound, e);
    if (st != ST_OK)
        return st;
    st = drum_classify(&sound, &verdict, e);
    if (st == ST_OK && d->recipe->stages & 1u << STAGE_HISS)
        st = offer_for_hiss(d, &sound, h, &verdict, e);
    size_t attack = (size_t)(h->attack_frame - h->start_frame);
    if (st == ST_OK && d->recipe->stages & 1u << STAGE_DRUMS)
        st = to_output(d, &sound, &attack, p, e);
    if (st != ST_OK || !(d->recipe->stages & 1u << STAGE_DRUMS)) {
        audio_done(&sound);
        return st == ST_EMPTY ? ST_OK : st;
    }
    struct candidate c;
    describe(d, &c, h);
    snprintf(c.hit_class, sizeof c.hit_class, "%s", drum_class_name(verdict.best));
    c.m.hit_confidence = verdict.confidence;
    char name[160];
    snprintf(name, sizeof name, "%s_drum_%03d_%s", d->site.stem, number, c.hit_class);
    struct keep k = {.name = name, .channels = sound.channels, .finished = true};
    return dig_keep(d, &c, &sound, &k, e);
}

static int by_score_desc(const void *a, const void *b)
{
    const struct hit *x = *(const struct hit *const *)a,
                     *y = *(const struct hit *const *)b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->start_frame < y->start_frame ? -1 : x->start_frame > y->start_frame;
}

static enum status keep_misses(struct dig *d, const struct hit *hits, size_t count,
                               struct err *e)
{
    const struct hit **missed = malloc((count + 1) * sizeof *missed);
    if (!missed)
        return err_set(e, ST_NO_MEMORY, "no memory for the hits of %s",
                       d->site.source_path);
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (hits[i].missed_by[0] && hits[i].end_frame > hits[i].start_frame)
            missed[n++] = &hits[i];
    qsort(missed, n, sizeof *missed, by_score_desc);
    enum status st = ST_OK;
    for (size_t i = 0; i < n && i < MISSES_KEPT && st == ST_OK; i++) {
        struct candidate c;
        describe(d, &c, missed[i]);
        c.m.rms_db = missed[i]->rms_db;
        c.m.peak_dbfs = missed[i]->peak_db;
        st = dig_miss(d, &c, "drum", (int)i + 1, e);
    }
    free(missed);
    return st;
}

static enum status mine(struct dig *d, const struct hits_params *p,
                        const struct hit_plans *plans, struct err *e)
{
    struct hit *hits = calloc(plans->count + 1, sizeof *hits);
    size_t *keep = calloc(plans->count + 1, sizeof *keep);
    enum status st =
        hits && keep ? cut_all(d, p, plans, hits, e)
                     : err_set(e, ST_NO_MEMORY, "no memory for %zu hits", plans->count);
    if (st == ST_OK) {
        size_t n = hits_choose(hits, plans->count, p, keep);
        for (size_t i = 0; i < n && st == ST_OK; i++) {
            st = keep_hit(d, &hits[keep[i]], p, (int)i + 1, e);
            if (st == ST_OK && job_cancelled(d->ctx))
                st = err_set(e, ST_CANCELLED, "%s: interrupted", d->site.source_path);
        }
    }
    if (st == ST_OK && d->recipe->stages & 1u << STAGE_DRUMS)
        st = keep_misses(d, hits, plans->count, e);
    free(hits);
    free(keep);
    return st;
}

enum status stage_drums(struct dig *d, struct err *e)
{
    unsigned needs_hits = 1u << STAGE_DRUMS | 1u << STAGE_HISS;
    if (!(d->recipe->stages & needs_hits) || !d->recipe->cfg.drum_miner.enabled)
        return ST_OK;
    struct hits_params p = hits_wish(&d->recipe->cfg);
    struct hit_plans plans;
    enum status st = plan(d, &p, &plans, e);
    if (st != ST_OK)
        return st;
    st = mine(d, &p, &plans, e);
    hit_plans_done(&plans);
    return st;
}
