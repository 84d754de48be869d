/* Stage: hiss loops and flickers from the recording's hits. */
#include "core/makers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* What hiss is made of, and where in the recording that was. */
struct sounds {
    struct hiss_material material;
    int64_t start, end;
    double score;
};

static enum status prepare(const struct dig *d, const struct hiss_spec *spec,
                           struct sounds *s, struct err *e)
{
    *s = (struct sounds){0};
    struct audio *at = calloc(d->hits.count + 1, sizeof *at);
    if (!at)
        return err_set(e, ST_NO_MEMORY, "no memory for the hits of %s",
                       d->site.source_path);
    for (size_t i = 0; i < d->hits.count; i++) {
        const struct material *m = &d->hits.at[i];
        at[i] = m->sound; /* borrowed */
        s->start = i == 0 || m->start_frame < s->start ? m->start_frame : s->start;
        s->end = m->end_frame > s->end ? m->end_frame : s->end;
        s->score += m->score / (double)d->hits.count;
    }
    struct rng r = rng_derive(d->recipe->seed, d->content_hash, "hiss material", 0);
    enum status st = hiss_material_init(&s->material, at, d->hits.count, spec, &r, e);
    free(at);
    return st;
}

/* One to be made: the how manieth of its kind. */
struct making {
    const struct sounds *from;
    enum kind kind;
    int number;
};

static enum status keep_one(struct dig *d, const struct making *m, struct audio *sound,
                            const struct hiss_report *report, struct err *e)
{
    struct candidate c;
    const struct sounds *s = m->from;
    bool synthetic = report->synthetic;
    dig_candidate(d, &c, m->kind, synthetic ? 0 : s->start, synthetic ? 0 : s->end);
    if (synthetic) {
        c.m.start_sec = c.m.end_sec = (double)NAN;
        c.m.bpm = c.m.bpm_confidence = (double)NAN;
    }
    bool loop = kind_loops(m->kind);
    maker_score(&c, sound, synthetic ? 0.3 : 0.4 + 0.6 * s->score, loop, &report->seam);
    char name[160];
    snprintf(name, sizeof name, "%s_%s_%02d", kind_type(m->kind), d->site.stem,
             m->number);
    struct keep k = {
        .name = name, .channels = sound->channels, .loop = loop, .finished = true};
    enum status st = dig_keep(d, &c, sound, &k, e);
    return st == ST_EMPTY ? ST_OK : st;
}

static enum status make(struct dig *d, const struct hiss_spec *spec, struct making m,
                        struct err *e)
{
    struct audio sound;
    struct hiss_report report;
    const struct hiss_material *from = &m.from->material;
    bool loop = m.kind == KIND_HISS_LOOP;
    struct rng r = rng_derive(d->recipe->seed, d->content_hash, loop ? "hiss" : "flicker",
                              (uint64_t)m.number);
    enum status st = loop ? hiss_loop(&sound, from, spec, &r, &report, e)
                          : hiss_flicker(&sound, from, spec, &r, &report, e);
    if (st != ST_OK)
        return st == ST_EMPTY ? ST_OK : st;
    return keep_one(d, &m, &sound, &report, e);
}

enum status stage_hiss(struct dig *d, struct err *e)
{
    if (!dig_wants(d, STAGE_HISS))
        return ST_OK;
    const struct config *cfg = &d->recipe->cfg;
    struct hiss_spec spec = maker_hiss_spec(cfg);
    spec.loop_duration_s = maker_loop_s(d, spec.loop_duration_s);
    struct sounds s;
    enum status st = prepare(d, &spec, &s, e);
    for (int i = 1; i <= cfg->hiss.hiss_loops_per_source && st == ST_OK; i++) {
        st = make(d, &spec, (struct making){&s, KIND_HISS_LOOP, i}, e);
        if (st == ST_OK)
            st = dig_go_on(d, e);
    }
    for (int i = 1; i <= cfg->hiss.flicker_count && st == ST_OK; i++)
        st = make(d, &spec, (struct making){&s, KIND_FLICKER, i}, e);
    hiss_material_done(&s.material);
    return st;
}
