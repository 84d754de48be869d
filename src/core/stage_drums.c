/* Stage: single hits. */
#include "core/dig.h"

#include "core/kit_names.h"
#include "dsp/converter.h"
#include "dsp/drum_alone.h"
#include "dsp/drum_context.h"
#include "dsp/drum_features.h"
#include "dsp/drum_range.h"
#include "dsp/hit_pool.h"
#include "dsp/one_sound.h"
#include "io/forward.h"
#include "io/paths.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Hiss is made from the most noise-like hits; more than this adds nothing. */
enum { HITS_FOR_HISS = 24 };

/* What max_peak_db is there to keep out where nobody set it: a master's limiter leaves a
 * few clipped samples on every kick, and a one-shot library peaks at full scale without
 * any. */
static const double CLIPPED_SHARE = 0.01;

/* A recording that may be one sound, and named for it. */
enum { ONE_SHOT_HITS = 3 };
static const double ONE_SHOT_S = 10;

/* To either side of a hit, where the constant under it is told. */
static const double OFFSET_NEAR_S = 0.6;

static struct hits_params hits_wish(const struct config *cfg)
{
    bool usual_peak = config_is_default(cfg, config_find("drum_miner.max_peak_db"));
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
                                .clipped_share = usual_peak ? CLIPPED_SHARE : 0,
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

enum status dig_onsets(const struct dig *d, struct onset_list *own,
                       const struct onset_list **out, struct err *e)
{
    const struct config *cfg = &d->recipe->cfg;
    struct novelty novelty = track_novelty(d->track);
    *own = (struct onset_list){0};
    *out = track_onsets(d->track);
    if (default_sensitivity(cfg))
        return ST_OK;
    struct onset_params wish = onset_params_user(
        cfg->drum_miner.delta, cfg->drum_miner.wait, or_default(cfg->drum_miner.pre_max),
        or_default(cfg->drum_miner.post_max), or_default(cfg->drum_miner.pre_avg),
        or_default(cfg->drum_miner.post_avg));
    *out = own;
    return onset_pick(&novelty, &wish, own, e);
}

static enum status plan(const struct dig *d, const struct hits_params *p,
                        struct hit_plans *plans, struct err *e)
{
    const struct track_info *t = track_info(d->track);
    const struct onset_list *onsets;
    struct onset_list own;
    enum status st = dig_onsets(d, &own, &onsets, e);
    if (st == ST_OK && onsets == track_onsets(d->track)) {
        st = one_sound_begins(d->track, &own, e);
        onsets = &own;
    }
    if (st == ST_OK)
        st = hits_plan(onsets, t->rate_hz, t->frames, p, plans, e);
    if (st == ST_OK)
        hits_begin(plans, d->track);
    onset_list_done(&own);
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

/* What goes along while all planned hits are read, judged and kept. */
struct pass {
    struct dig *d;
    const struct hits_params *p;
    struct forward forward;
    /* Where `forward` reads the separated percussive part: the full mix, in which attacks
     * are found. Opened a second time, because seeking back and forth in one file is
     * slow.
     */
    struct soundfile *whole;
    struct part_reader all;
    struct forward attacks;
    /* Of the finds from `first` on: the class each has by its own sound, later in the
     * context of the others, where it sounds, and its number in names. */
    struct drum_verdict *told;
    struct drum_range *range;
    struct drum_ranger *ranger;
    int *number;
    size_t first, count;
    size_t read, to_read; /* hits, for progress */
    bool one_shot;        /* it is one sound, with nothing beside it */
    unsigned named;       /* classes that its name allows then; 0: names none */
};

static bool is_one_shot(const struct dig *d, size_t hits)
{
    const struct track_info *t = track_info(d->track);
    return hits <= ONE_SHOT_HITS && (double)t->frames <= ONE_SHOT_S * t->rate_hz;
}

/* `hits`: how many are kept at most. */
static enum status pass_init(struct pass *s, struct dig *d, const struct hits_params *p,
                             size_t hits, struct err *e)
{
    *s = (struct pass){.d = d, .p = p, .first = d->finds.count};
    forward_init(&s->forward, &d->hits_from,
                 part_offset(&d->hits_from, track_info(d->track)->offset));
    if (d->hits_from.by) {
        enum status st = soundfile_open(&s->whole, d->site.open_path, e);
        if (st != ST_OK)
            return st;
        s->all = part_reader_all(s->whole);
        forward_init(&s->attacks, &s->all, track_info(d->track)->offset);
    }
    if (!dig_wants(d, STAGE_DRUMS))
        return ST_OK;
    s->told = calloc(hits + 1, sizeof *s->told);
    s->range = calloc(hits + 1, sizeof *s->range);
    s->number = calloc(hits + 1, sizeof *s->number);
    if (!s->told || !s->range || !s->number)
        return err_set(e, ST_NO_MEMORY, "no memory for the hits of %s",
                       d->site.source_path);
    return drum_ranger_new(&s->ranger, d->info.rate_hz, track_info(d->track)->band_hz, e);
}

static void pass_done(struct pass *s)
{
    forward_done(&s->forward);
    forward_done(&s->attacks);
    soundfile_close(s->whole);
    free(s->told);
    free(s->range);
    drum_ranger_free(s->ranger);
    free(s->number);
}

static void remember(struct pass *s, const struct drum_verdict *v,
                     const struct audio *own, int number)
{
    s->told[s->count] = *v;
    drum_range_measure(s->ranger, own, &s->range[s->count]);
    s->number[s->count++] = number;
}

static enum status find_attack(struct pass *s, struct hit_plan *plan, struct err *e)
{
    struct audio read;
    if (!s->whole || !s->p->backtrack)
        return ST_OK;
    enum status st = forward_read(&s->attacks, plan->read_start,
                                  (size_t)(plan->read_end - plan->read_start), &read, e);
    return st == ST_OK ? hits_attack(plan, &read, e) : st;
}

static enum status judge(struct pass *s, struct hit_plan *plan, const struct audio *read,
                         struct hit *h, struct err *e)
{
    struct audio stereo = {0};
    enum status st = find_attack(s, plan, e);
    if (st == ST_OK && read->channels > 2)
        st = audio_convert_channels(&stereo, read, 2, e);
    if (st == ST_OK)
        st = hits_cut(plan, stereo.data ? &stereo : read, s->p, h, e);
    if (st == ST_OK)
        h->reg = hits_register(s->d->track, h->attack_frame);
    audio_done(&stereo);
    return st;
}

/* Frames of the recording as they were read for a plan; the samples are the reader's. */
struct passage {
    struct audio audio;
    int64_t start;
};

/* The DC offset near these frames, less the recording's, which is removed already. */
static struct offsets rest_of_offset(const struct dig *d, int64_t from, int64_t end)
{
    int64_t near = (int64_t)(OFFSET_NEAR_S * d->info.rate_hz);
    struct offsets all = track_info(d->track)->offset;
    struct offsets here = track_offset(d->track, from - near, end + near);
    struct offsets rest = {here.middle - all.middle, here.side - all.side};
    return part_offset(&d->hits_from, rest);
}

/* Frames [from, end) of the recording, which lie in `read`, with the channels of the
 * files and without the constant under them. */
static enum status cut_out(const struct pass *s, const struct passage *read, int64_t from,
                           int64_t end, struct audio *out, struct err *e)
{
    size_t channels = (size_t)read->audio.channels;
    struct audio part = read->audio;
    int wanted = s->d->recipe->cfg.export.drums_stereo ? 2 : 1;
    part.data += (size_t)(from - read->start) * channels;
    part.frames = (size_t)(end - from);
    enum status st = audio_convert_channels(
        out, &part, wanted < part.channels ? wanted : part.channels, e);
    if (st == ST_OK)
        offset_remove(out->data, out->frames, out->channels,
                      rest_of_offset(s->d, from, end));
    return st;
}

/* ST_EMPTY when nothing is left to write. */
static enum status write_hit(const struct pass *s, const struct hit *h,
                             struct candidate *c, const char *name,
                             const struct audio *sound, struct err *e)
{
    const struct config *cfg = &s->d->recipe->cfg;
    struct audio out;
    enum status st = converter_run(s->d->converter, &out, sound, e);
    double attack = (double)(h->attack_frame - h->start_frame);
    if (out.rate_hz != s->d->info.rate_hz)
        attack = attack * out.rate_hz / s->d->info.rate_hz;
    if (st == ST_OK)
        st = hits_finish(&out, (size_t)attack, s->p, cfg->global.target_peak_dbfs, e);
    struct keep keep = {.name = name, .channels = out.channels, .finished = true};
    if (st == ST_OK)
        return dig_keep(s->d, c, &out, &keep, e);
    audio_done(&out);
    return st;
}

static void name_hit(const struct pass *s, char *out, size_t size, int number,
                     const char *class)
{
    snprintf(out, size, "%s_drum_%03d_%s", s->d->site.stem, number, class);
}

/* The file and find of a hit, under the class it has by its own sound. */
static enum status add_hit(struct pass *s, const struct hit *h, const struct audio *own,
                           const struct drum_verdict *v, int number, struct err *e)
{
    struct candidate c;
    struct hit heard = *h;
    char name[160];
    hits_heard(&heard, v->drum);
    describe(s->d, &c, &heard);
    snprintf(c.hit_class, sizeof c.hit_class, "%s", drum_class_name(v->best));
    c.m.hit_confidence = v->confidence;
    name_hit(s, name, sizeof name, number, c.hit_class);
    enum status st =
        s->d->converter ? write_hit(s, h, &c, name, own, e) : dig_tell(s->d, &c, name, e);
    if (st == ST_OK)
        remember(s, v, own, number);
    return st == ST_EMPTY ? ST_OK : st;
}

/* With the classes in context known: lowers the score of hits that sound where no such
 * drum does, and of those struck with others. Their company is for kits alone. */
static enum status weigh_in_context(struct pass *s, struct err *e)
{
    double *alone = malloc((s->count + 1) * sizeof *alone);
    if (!alone)
        return err_set(e, ST_NO_MEMORY, "no memory to weigh %zu hits", s->count);
    enum status st = drum_alone(s->told, s->count, alone, e);
    bool in_time = track_info(s->d->track)->tempo.bpm > 0;
    double company = drum_company(s->told, s->count, in_time);
    drum_range_settle(s->ranger);
    for (size_t i = 0; i < s->count && st == ST_OK; i++) {
        struct candidate *c = &s->d->finds.at[s->first + i];
        struct drum_range range = s->range[i];
        if (s->one_shot) /* the dark hat is one: all that sounds is its own */
            range = (struct drum_range){.low = range.low, .upper = 1, .treble = 1};
        c->m.score = hits_in_range(c->m.score, &c->parts, &range, s->told[i].best);
        c->m.score = hits_among(c->m.score, &c->parts, alone[i]);
        if (company < 1)
            parts_add(&c->parts, "company", company);
    }
    free(alone);
    return st;
}

/* When all hits are known: their classes and scores in the context of the others, and the
 * names that go with the classes. */
static enum status name_in_context(struct pass *s, struct err *e)
{
    struct dig *d = s->d;
    enum status st = dig_settle(d, e);
    if (st == ST_OK)
        st = drum_context(s->told, s->count, e);
    if (st == ST_OK)
        st = weigh_in_context(s, e);
    for (size_t i = 0; i < s->count && st == ST_OK; i++) {
        struct candidate *c = &d->finds.at[s->first + i];
        const char *class = drum_class_name(s->told[i].best);
        char name[160];
        c->m.hit_confidence = s->told[i].confidence;
        if (strcmp(c->hit_class, class) == 0)
            continue;
        snprintf(c->hit_class, sizeof c->hit_class, "%s", class);
        name_hit(s, name, sizeof name, s->number[i], class);
        st = dig_rename(d, s->first + i, name, e);
    }
    return st;
}

/* What was cut out for a hit: from some time before it to its end. */
struct cutting {
    struct audio sound;
    int64_t from; /* frame of the recording it begins at */
};

static enum status cut_from(const struct pass *s, const struct passage *read,
                            int64_t from, const struct hit *h, struct cutting *out,
                            struct err *e)
{
    out->from = from > read->start ? from : read->start;
    return cut_out(s, read, out->from, h->end_frame, &out->sound, e);
}

/* Separation counts short bass notes as struck, so a hat or cymbal may come with one
 * under it: it is filtered out, from a cutting that begins earlier, so that the filter
 * has settled where the hit starts. */
static enum status remove_bass(const struct pass *s, const struct passage *read,
                               struct hit *h, struct cutting *cut, struct err *e)
{
    bool under;
    enum status st =
        hits_bass_under(&cut->sound, (size_t)(h->attack_frame - cut->from), &under, e);
    if (st != ST_OK || !under)
        return st;
    int64_t lead = (int64_t)(HIT_BASS_LEAD_S * s->d->info.rate_hz);
    audio_done(&cut->sound);
    st = cut_from(s, read, h->start_frame - lead, h, cut, e);
    if (st == ST_OK)
        st = hits_cut_bass(&cut->sound, e);
    parts_add(&h->parts, "bass", 1);
    return st;
}

/* The hit's class is told with what sounded just before it; only its own frames are kept.
 */
static enum status take_hit(struct pass *s, const struct passage *read,
                            const struct hit *h, int number, struct err *e)
{
    struct dig *d = s->d;
    int64_t lead = (int64_t)(DRUM_LEAD_S * d->info.rate_hz);
    int64_t from = h->attack_frame > lead ? h->attack_frame - lead : 0;
    from = from < h->start_frame ? from : h->start_frame;
    struct cutting cut;
    struct drum_verdict verdict;
    enum status st = cut_from(s, read, from, h, &cut, e);
    if (st != ST_OK)
        return st;
    size_t attack = (size_t)(h->attack_frame - cut.from);
    st = d->ear ? drum_classify_by(d->ear, &cut.sound, attack, &verdict, e)
                : drum_classify_in(&cut.sound, attack, &verdict, e);
    if (st == ST_OK && s->named)
        drum_class_told(&verdict, s->named);
    struct hit heard = *h;
    if (st == ST_OK && s->whole && drum_class_treble(verdict.best))
        st = remove_bass(s, read, &heard, &cut, e);
    if (st != ST_OK) {
        audio_done(&cut.sound);
        return st;
    }
    size_t lead_frames = (size_t)(h->start_frame - cut.from);
    struct audio own = cut.sound;
    own.data += lead_frames * (size_t)own.channels;
    own.frames -= lead_frames;
    if (dig_wants(d, STAGE_HISS))
        st = offer_for_hiss(d, &own, h, &verdict, e);
    if (st == ST_OK && dig_wants(d, STAGE_DRUMS))
        st = add_hit(s, &heard, &own, &verdict, number, e);
    audio_done(&cut.sound);
    return st;
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

static enum status read_plan(struct pass *s, const struct hit_plan *plan,
                             struct passage *read, struct err *e)
{
    enum status st = ST_OK;
    if (s->read++ % 64 == 0) {
        dig_part(s->d, (double)s->read / (double)s->to_read);
        st = dig_go_on(s->d, e);
    }
    if (st != ST_OK)
        return st;
    read->start = plan->read_start;
    return forward_read(&s->forward, plan->read_start,
                        (size_t)(plan->read_end - plan->read_start), &read->audio, e);
}

/* Judges every planned hit. `take`: those that pass are kept at once, else pool->best are
 * to be read again. */
static enum status judge_all(struct pass *s, struct hit_plans *plans, bool take,
                             struct hit_pool *pool, struct err *e)
{
    enum status st = ST_OK;
    int taken = 0;
    struct hit hit = {0};
    for (size_t i = 0; i < plans->count && st == ST_OK; i++) {
        struct passage read;
        struct hit before = hit;
        struct hit_plan *plan = &plans->at[i];
        st = read_plan(s, plan, &read, e);
        if (st == ST_OK)
            st = judge(s, plan, &read.audio, &hit, e);
        if (st == ST_OK && i > 0 && hits_join(plan, &hit, plan - 1, &before)) {
            before.end_frame = before.start_frame; /* no near-miss: it is in this one */
            st = judge(s, plan, &read.audio, &hit, e);
        }
        /* with a click between, the next to come is not the next that is planned */
        if (i + 1 < plans->count && plan[1].onset_s <= plan->next_s)
            plan[1].attack_frame = hit.next_attack;
        if (st == ST_OK && i > 0)
            st = hit_pool_offer(pool, &before, e);
        if (st == ST_OK && take && !hit.missed_by[0])
            st = take_hit(s, &read, &hit, ++taken, e);
    }
    if (st == ST_OK && plans->count > 0)
        st = hit_pool_offer(pool, &hit, e);
    return st == ST_OK ? hit_pool_settle(pool, e) : st;
}

static enum status take_best(struct pass *s, const struct hit_plans *plans,
                             const struct hit_pool *pool, struct err *e)
{
    enum status st = ST_OK;
    for (size_t i = 0; i < pool->count && st == ST_OK; i++) {
        const struct hit_plan *plan = &plans->at[pool->best[i].number];
        struct passage read;
        st = read_plan(s, plan, &read, e);
        if (st == ST_OK)
            st = take_hit(s, &read, &pool->best[i].hit, (int)i + 1, e);
    }
    return st;
}

/* One pass, or a second one when there are more hits than may be kept. */
static enum status mine(struct dig *d, const struct hits_params *p,
                        struct hit_plans *plans, struct err *e)
{
    struct pass s;
    struct hit_pool pool;
    bool choice = plans->count > p->max_saved;
    hit_pool_init(&pool, p);
    enum status st = pass_init(&s, d, p, choice ? p->max_saved : plans->count, e);
    s.to_read = plans->count + (choice ? p->max_saved : 0);
    s.one_shot = is_one_shot(d, plans->count);
    s.named = s.one_shot ? kit_classes_in_path(d->site.source_path) : 0;
    if (st == ST_OK)
        st = judge_all(&s, plans, !choice, &pool, e);
    if (st == ST_OK && choice)
        st = take_best(&s, plans, &pool, e);
    if (st == ST_OK)
        st = name_in_context(&s, e);
    if (st == ST_OK && dig_wants(d, STAGE_DRUMS))
        st = keep_misses(d, &pool, e);
    pass_done(&s);
    hit_pool_done(&pool);
    return st;
}

enum status stage_drums(struct dig *d, struct err *e)
{
    bool wanted = dig_wants(d, STAGE_DRUMS) || dig_wants(d, STAGE_HISS);
    if (!wanted || !d->recipe->cfg.drum_miner.enabled)
        return ST_OK;
    struct hits_params p = hits_wish(&d->recipe->cfg);
    p.headroom = d->info.headroom;
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
