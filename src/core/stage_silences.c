/* Stage: room tone, dust and quiet texture. */
#include "core/dig.h"

#include "dsp/level.h"
#include "dsp/loop.h"
#include "dsp/silence.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct silence_params params(const struct dig *d)
{
    const struct config *cfg = &d->recipe->cfg;
    return (struct silence_params){
        .min_rms_db = cfg->silence_miner.min_rms_db,
        .max_rms_db = cfg->silence_miner.max_rms_db,
        .min_duration_sec = cfg->silence_miner.min_duration_sec,
        .max_duration_sec = cfg->silence_miner.max_duration_sec,
        .max_crest = cfg->silence_miner.max_crest,
        .max_extracted = cfg->silence_miner.max_extracted,
        .target_peak_dbfs = cfg->silence_miner.target_peak_dbfs,
        .source_bits = d->info.bit_depth};
}

static void describe(const struct dig *d, struct candidate *c,
                     const struct silence_span *s)
{
    dig_candidate(d, c, KIND_SILENCE, llround(s->start_sec * d->info.rate_hz),
                  llround(s->end_sec * d->info.rate_hz));
    c->m.score = s->score;
    c->parts = s->parts;
    snprintf(c->missed_by, sizeof c->missed_by, "%s", s->missed_by);
}

static enum status make_piece(struct dig *d, const struct candidate *c,
                              const struct silence_params *p, int channels,
                              struct audio *sound, struct err *e)
{
    enum status st = dig_read(d, c->start_frame, c->end_frame, channels, sound, e);
    if (st == ST_OK)
        st =
            dig_to_rate(sound, d->converter, d->recipe->cfg.global.sample_rate, false, e);
    return st == ST_OK ? silence_finish(sound, p, e) : st;
}

/* The candidate's place becomes that of the loop, which is found inside. */
static enum status close_loop(struct dig *d, struct candidate *c,
                              const struct silence_params *p, int channels,
                              struct audio *sound, struct err *e)
{
    int64_t margin = p->cut_rumble ? llround(SILENCE_MARGIN_S * d->info.rate_hz) : 0;
    int64_t from = c->start_frame > margin ? c->start_frame - margin : 0;
    struct audio around;
    struct loop_option made;
    struct seam seam;
    enum status st = dig_read(d, from, c->end_frame + margin, channels, &around, e);
    if (st != ST_OK)
        return st;
    size_t start = (size_t)(c->start_frame - from), end = (size_t)(c->end_frame - from);
    end = end < around.frames ? end : around.frames;
    st = silence_prepare_loop(&around, start, end, p, e);
    if (st == ST_OK)
        st = audio_slice(sound, &around, start, end - start, e);
    audio_done(&around);
    if (st == ST_OK)
        st = loop_close(sound, &made, &seam, e);
    if (st != ST_OK)
        return st;
    candidate_place(c, c->start_frame + (int64_t)made.start,
                    c->start_frame + (int64_t)made.end);
    c->m.seam_error_db = seam.seam_error_db;
    return silence_finish_loop(sound, p, e);
}

static enum status make_loop(struct dig *d, struct candidate *c,
                             const struct silence_params *p, int channels,
                             struct audio *sound, struct err *e)
{
    enum status st = close_loop(d, c, p, channels, sound, e);
    if (st == ST_OK)
        st = dig_to_rate(sound, d->converter, d->recipe->cfg.global.sample_rate, true, e);
    /* Between the samples of another rate its peak is another. */
    return st == ST_OK ? level_normalise(sound, p->target_peak_dbfs, true, e) : st;
}

static enum status keep_span(struct dig *d, const struct silence_span *s,
                             const struct silence_params *p, bool loop, int number,
                             struct err *e)
{
    struct candidate c;
    struct audio sound = {0};
    describe(d, &c, s);
    struct silence_params own = *p;
    own.cut_rumble = parts_value(&s->parts, "rumble") > 0;
    int channels = d->recipe->cfg.export.silences_stereo ? 2 : 1;
    enum status st = loop ? make_loop(d, &c, &own, channels, &sound, e)
                          : make_piece(d, &c, &own, channels, &sound, e);
    if (st != ST_OK) {
        audio_done(&sound);
        return st == ST_EMPTY ? ST_OK : st;
    }
    char name[160];
    snprintf(name, sizeof name, loop ? "%s_silence_loop_%02d" : "%s_silence_%03d",
             d->site.stem, number);
    struct keep k = {
        .name = name, .channels = sound.channels, .loop = loop, .finished = true};
    return dig_keep(d, &c, &sound, &k, e);
}

/* Pieces are numbered by time, which is also the order in which they can be read. */
static int by_time(const void *a, const void *b)
{
    const struct silence_span *x = a, *y = b;
    return x->start_sec < y->start_sec ? -1 : x->start_sec > y->start_sec;
}

static enum status keep_all(struct dig *d, struct silence_span *spans, size_t count,
                            const struct silence_params *p, bool loop, struct err *e)
{
    enum status st = ST_OK;
    if (count > 1)
        qsort(spans, count, sizeof *spans, by_time);
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        st = keep_span(d, &spans[i], p, loop, (int)i + 1, e);
        if (st == ST_OK)
            st = dig_go_on(d, e);
    }
    return st;
}

enum status stage_silences(struct dig *d, struct err *e)
{
    if (!dig_wants(d, STAGE_SILENCES))
        return ST_OK;
    enum { LOOPS_KEPT = 3 };
    struct silence_params p = params(d);
    if (p.max_extracted < 1)
        return ST_OK;
    struct silence_list list;
    enum status st = silence_mine(d->track, &p, &list, e);
    if (st != ST_OK)
        return st;
    size_t loops = list.loop_count < LOOPS_KEPT ? list.loop_count : LOOPS_KEPT;
    st = keep_all(d, list.pieces, list.piece_count, &p, false, e);
    if (st == ST_OK)
        st = keep_all(d, list.loops, loops, &p, true, e);
    for (size_t i = 0; i < list.missed_count && st == ST_OK; i++) {
        struct candidate c;
        describe(d, &c, &list.missed[i]);
        c.m.rms_db = list.missed[i].rms_db;
        st = dig_miss(d, &c, "silence", (int)i + 1, e);
    }
    silence_list_done(&list);
    return st;
}
