/* Stage: sustained, loopable stretches of the recording. */
#include "core/dig.h"

#include "core/survey.h"
#include "dsp/loop.h"
#include "dsp/pads.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Swells may be stereo where pads are not, and are made from them. */
static int channels_read(const struct config *cfg)
{
    return cfg->export.pads_stereo || cfg->export.swells_stereo ? 2 : 1;
}

static int channels_kept(const struct config *cfg, const struct audio *pad)
{
    return cfg->export.pads_stereo ? pad->channels : 1;
}

static bool on_grid(const struct dig *d)
{
    return d->recipe->cfg.musicality.snap_to_grid && d->bpm > 0;
}

static struct pad_params params(const struct dig *d)
{
    struct pad_params p = survey_pad_params(&d->recipe->cfg);
    survey_use_bars(&p, &d->recipe->cfg, d->bpm);
    return p;
}

/* A region, and the pad that is made of it if a loop of it joins well enough. */
struct pad_try {
    struct pad pad;
    const struct pad_region *region;
    bool ok; /* there is a pad, and it lies over none that stays */
};

struct pad_tries {
    struct pad_try *at; /* room for all regions of the list */
    size_t count;
    int misses; /* told so far: near-misses are numbered */
};

static enum status make(struct dig *d, const struct pad_params *p, struct pad_try *m,
                        char missed_by[MISSED_BY_BYTES], struct err *e)
{
    size_t end;
    struct pad_ground g = {.onsets = track_onsets(dig_pads_track(d))};
    struct err why = {0};
    pad_read_range(m->region, p, d->info.rate_hz, (size_t)track_info(d->track)->frames,
                   &g.start, &end);
    int channels = channels_read(&d->recipe->cfg);
    enum status st =
        dig_read_pads(d, (int64_t)g.start, (int64_t)end, channels, &g.audio, e);
    if (st != ST_OK)
        return st;
    st = on_grid(d) ? pad_finish_bars(&g, m->region, p, &m->pad, &why)
                    : pad_finish(&g, m->region, p, &m->pad, &why);
    audio_done(&g.audio);
    m->ok = st == ST_OK;
    if (m->ok)
        return pad_rate(&m->pad, p, dig_pads_track(d), e);
    if (st == ST_NOTHING || st == ST_EMPTY) {
        snprintf(missed_by, MISSED_BY_BYTES, "%.*s", MISSED_BY_BYTES - 1, why.msg);
        return ST_OK;
    }
    return err_set(e, st, "%s", why.msg);
}

static void describe(const struct dig *d, struct candidate *c, const struct pad_try *m)
{
    const struct loop_list *loops = &m->pad.loops;
    dig_candidate(d, c, KIND_PAD, (int64_t)loops->option[0].start,
                  (int64_t)loops->option[0].end);
    c->m.score = m->pad.score;
    c->parts = m->pad.parts;
    c->m.seam_error_db = m->pad.loop.seam.seam_error_db;
    for (int i = 0; i < loops->count && i < LOOP_CHOICES_MAX; i++)
        c->loop[c->loop_count++] = (struct loop_choice){
            .start_frame = (int64_t)loops->option[i].start,
            .end_frame = (int64_t)loops->option[i].end,
            .correlation = loops->option[i].correlation,
            .seam_error_db = i == 0 ? m->pad.loop.seam.seam_error_db : (double)NAN};
}

/* Of two that begin together the one that was found first. */
static int by_time(const void *a, const void *b)
{
    const struct pad_region *x = ((const struct pad_try *)a)->region,
                            *y = ((const struct pad_try *)b)->region;
    if (x->start_sec != y->start_sec)
        return x->start_sec < y->start_sec ? -1 : 1;
    return (x > y) - (x < y);
}

static int by_score(const void *a, const void *b)
{
    const struct pad_try *x = a, *y = b;
    if (x->ok != y->ok)
        return x->ok ? -1 : 1;
    if (x->ok && x->pad.score != y->pad.score)
        return x->pad.score > y->pad.score ? -1 : 1;
    return by_time(a, b);
}

static enum status keep_one(struct dig *d, struct pad_try *m, int number, struct err *e)
{
    struct candidate c;
    describe(d, &c, m);
    /* Later stages work on the pad as it lies in the recording, before its level. */
    struct material copy = {
        .start_frame = c.start_frame, .end_frame = c.end_frame, .score = m->pad.score};
    enum status st =
        audio_slice(&copy.sound, &m->pad.loop.audio, 0, m->pad.loop.audio.frames, e);
    if (st == ST_OK)
        st = material_add(&d->pads, &copy, e);
    if (st != ST_OK || !dig_wants(d, STAGE_PADS))
        return st;
    char name[160];
    snprintf(name, sizeof name, "%s_pad%02d_%%B", d->site.stem, number);
    struct keep k = {.name = name,
                     .peak_dbfs = d->recipe->cfg.global.target_peak_dbfs,
                     .loop = true,
                     .channels = channels_kept(&d->recipe->cfg, &m->pad.loop.audio)};
    st = dig_keep(d, &c, &m->pad.loop.audio, &k, e);
    return st == ST_EMPTY ? ST_OK : st;
}

static enum status miss(struct dig *d, const struct pad_region *r, const char *missed_by,
                        int number, struct err *e)
{
    struct candidate c;
    dig_candidate(d, &c, KIND_PAD, llround(r->start_sec * d->info.rate_hz),
                  llround(r->end_sec * d->info.rate_hz));
    c.m.rms_db = r->rms_db;
    c.m.crest_factor = r->crest_factor;
    c.m.centroid_hz = r->centroid_hz;
    c.m.flatness = r->flatness;
    c.m.score = r->score;
    c.parts = r->parts;
    snprintf(c.missed_by, sizeof c.missed_by, "%s", missed_by);
    return dig_miss(d, &c, "pad", number, e);
}

/* Share of the shorter of two made loops that lies in both. */
static double overlap(const struct pad_try *a, const struct pad_try *b)
{
    const struct loop_option *x = &a->pad.loops.option[0], *y = &b->pad.loops.option[0];
    size_t from = x->start > y->start ? x->start : y->start;
    size_t to = x->end < y->end ? x->end : y->end;
    double shorter = fmin((double)(x->end - x->start), (double)(y->end - y->start));
    return to > from && shorter > 0 ? (double)(to - from) / shorter : 0;
}

/* The search for loops moves their ends: regions that lay apart may become loops that
 * overlap. From try `first` on, best score first, a pad that overlaps one that stays is a
 * near-miss. *stay = how many stay. */
static enum status drop_overlapping(struct dig *d, struct pad_tries *t, size_t first,
                                    size_t *stay, struct err *e)
{
    enum status st = ST_OK;
    *stay = 0;
    qsort(t->at + first, t->count - first, sizeof *t->at, by_score);
    for (size_t i = first; i < t->count && t->at[i].ok && st == ST_OK; i++) {
        double most = 0;
        for (size_t k = 0; k < i; k++)
            if (t->at[k].ok)
                most = fmax(most, overlap(&t->at[k], &t->at[i]));
        if (most <= PAD_OVERLAP_MAX) {
            ++*stay;
            continue;
        }
        t->at[i].ok = false;
        char missed_by[MISSED_BY_BYTES];
        snprintf(missed_by, sizeof missed_by, "its loop overlaps another by %.0f %%",
                 100 * most);
        if (dig_wants(d, STAGE_PADS))
            st = miss(d, t->at[i].region, missed_by, ++t->misses, e);
    }
    return st;
}

/* Make regions of `list` in batches until `wanted` have a loop that joins; each batch in
 * the order of time, for formats that can only be read forwards. */
static enum status make_enough(struct dig *d, const struct pad_params *p,
                               const struct pad_list *list, struct pad_tries *t,
                               struct err *e)
{
    size_t wanted = (size_t)p->max_candidates_per_file, good = 0;
    enum status st = ST_OK;
    while (st == ST_OK && good < wanted && t->count < list->found_count) {
        size_t first = t->count;
        for (; t->count < list->found_count && t->count - first < wanted - good;
             t->count++)
            t->at[t->count] = (struct pad_try){.region = &list->found[t->count]};
        qsort(t->at + first, t->count - first, sizeof *t->at, by_time);
        for (size_t i = first; i < t->count && st == ST_OK; i++) {
            char missed_by[MISSED_BY_BYTES] = "";
            st = make(d, p, &t->at[i], missed_by, e);
            if (st == ST_OK && !t->at[i].ok && dig_wants(d, STAGE_PADS))
                st = miss(d, t->at[i].region, missed_by, ++t->misses, e);
            if (st == ST_OK)
                st = dig_go_on(d, e);
        }
        size_t stay = 0;
        if (st == ST_OK)
            st = drop_overlapping(d, t, first, &stay, e);
        good += stay;
    }
    return st;
}

static enum status mine(struct dig *d, const struct pad_params *p, struct pad_list *list,
                        struct err *e)
{
    struct pad_tries t = {.at = calloc(list->found_count + 1, sizeof *t.at)};
    if (!t.at)
        return err_set(e, ST_NO_MEMORY, "no memory for the pads of %s",
                       d->site.source_path);
    enum status st = make_enough(d, p, list, &t, e);
    qsort(t.at, t.count, sizeof *t.at, by_score);
    for (size_t i = 0; i < t.count && st == ST_OK && t.at[i].ok; i++)
        st = keep_one(d, &t.at[i], (int)i + 1, e);
    for (size_t i = 0; i < t.count; i++)
        pad_done(&t.at[i].pad);
    free(t.at);
    for (size_t i = 0; i < list->missed_count && st == ST_OK && dig_wants(d, STAGE_PADS);
         i++)
        st = miss(d, &list->missed[i], list->missed[i].missed_by, ++t.misses, e);
    return st;
}

/* The source is a pad: all of it (a minute at most) is what drones are made from. */
static enum status take_whole(struct dig *d, struct err *e)
{
    enum { LONGEST_S = 60 };
    const struct track_info *t = track_info(d->track);
    int64_t end = t->frames < (int64_t)LONGEST_S * t->rate_hz
                      ? t->frames
                      : (int64_t)LONGEST_S * t->rate_hz;
    struct material m = {.end_frame = end, .score = 0.8};
    struct seam seam;
    struct err unclosed;
    int channels = channels_read(&d->recipe->cfg);
    enum status st = dig_read(d, 0, end, channels, &m.sound, e);
    if (st != ST_OK)
        return st;
    /* A loop made earlier joins as it is; anything else is closed where that can be. */
    st = seam_measure(&m.sound, &seam, &unclosed);
    if (st == ST_OK && !seam.seamless)
        st = loop_close(&m.sound, NULL, NULL, &unclosed);
    if (st == ST_NO_MEMORY) {
        audio_done(&m.sound);
        return err_set(e, st, "%s", unclosed.msg);
    }
    return material_add(&d->pads, &m, e);
}

enum status stage_pads(struct dig *d, struct err *e)
{
    if (!dig_wants(d, STAGE_PADS) && !dig_wants(d, STAGE_DRONES))
        return ST_OK;
    if (d->recipe->whole_pads)
        return take_whole(d, e);
    struct pad_params p = params(d);
    if (p.max_candidates_per_file < 1)
        return ST_OK;
    struct pad_list list;
    enum status st = pads_mine(dig_pads_track(d), &p, &list, e);
    if (st != ST_OK)
        return st;
    st = mine(d, &p, &list, e);
    pad_list_done(&list);
    return st;
}
