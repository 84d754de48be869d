#include "dsp/pads.h"
#include "dsp/track_sums.h"

#include <math.h>

#define SEAM_WEIGHT 0.2

static size_t frame_of(double sec, int rate_hz)
{
    double frame = round(sec * rate_hz);
    return frame > 0.0 ? (size_t)frame : 0;
}

void pad_read_range(const struct pad_region *region, const struct pad_params *p,
                    int rate_hz, size_t frames, size_t *start, size_t *end)
{
    double around = PAD_REACH * (region->end_sec - region->start_sec);
    /* Twice the crossfade: a loop that is not seamless is tried with a longer one. */
    double fade = fmax(0.0, 2.0 * p->loop_crossfade_ms / 1000.0);
    *start = frame_of(region->start_sec - around - fade, rate_hz);
    *end = frame_of(region->end_sec + around, rate_hz) + 1;
    *end = *end < frames ? *end : frames;
    *start = *start < *end ? *start : *end;
}

/* What is wrong with a seam that is plainly audible, the worst first. */
static enum status refuse(const struct seam *s, struct err *e)
{
    double level = s->level_db / s->level_limit_db, dip = s->dip_db / s->dip_limit_db;
    double colour = s->spectrum_db / s->spectrum_limit_db;
    double step = fmax(s->step, s->slope);
    double worst = fmax(fmax(fmax(level, dip), fmax(colour, step)), s->onset);
    if (worst == level)
        return err_set(e, ST_NOTHING, "loop jumps by %.1f dB", s->level_db);
    if (worst == dip)
        return err_set(e, ST_NOTHING, "loop dips by %.1f dB at its join", s->dip_db);
    if (worst == colour)
        return err_set(e, ST_NOTHING, "loop changes colour by %.1f dB at its join",
                       s->spectrum_db);
    if (worst == step)
        return err_set(e, ST_NOTHING, "loop clicks: step %.1f times the usual", step);
    return err_set(e, ST_NOTHING, "loop has an attack at its join");
}

/* A pad whose loops lie in the recording, or none. */
static enum status settle(struct pad *pad, const struct pad_ground *g, enum status st)
{
    if (st != ST_OK)
        pad_done(pad);
    for (int i = 0; st == ST_OK && i < pad->loops.count; i++) {
        pad->loops.option[i].start += g->start;
        pad->loops.option[i].end += g->start;
    }
    return st;
}

static struct loop_params loop_params_of(const struct pad_ground *g,
                                         const struct pad_params *p)
{
    return (struct loop_params){.crossfade_ms = p->loop_crossfade_ms,
                                .reach = PAD_REACH,
                                .attacks = g->onsets,
                                .clock_s = (double)g->start / g->audio.rate_hz};
}

static enum status make(const struct audio *around, size_t start, size_t end,
                        const struct loop_params *p, struct pad *pad, struct err *e)
{
    enum status st = loop_search(around, start, end, p, &pad->loops, e);
    if (st == ST_OK)
        st = loop_make_best(around, &pad->loops, &pad->loop, e);
    return st;
}

/* A little earlier and a little later there are other anchors: rarely needed.
 * ST_NO_MEMORY. */
static enum status look_again(const struct audio *around, size_t start, size_t end,
                              const struct loop_params *p, struct pad *pad, struct err *e)
{
    size_t shift = (end - start) / 10;
    enum status st = ST_OK;
    for (int k = 0; k < 2 && st != ST_NO_MEMORY && !seam_roomy(&pad->loop.seam); k++) {
        struct pad other = {0};
        size_t from = k ? start + shift : start - (start < shift ? start : shift);
        st = make(around, from, from + (end - start), p, &other, e);
        if (st == ST_OK && seam_better(&other.loop.seam, &pad->loop.seam)) {
            pad_done(pad);
            *pad = other;
        } else {
            pad_done(&other);
        }
    }
    return st == ST_NO_MEMORY ? st : ST_OK;
}

/* The search for the loop may have moved it onto attacks that the region does not have.
 */
static double onset_rate(const struct loop_option *o, const struct loop_params *p,
                         const struct audio *around)
{
    if (!p->attacks || o->end <= o->start)
        return 0.0;
    double start_s = (double)o->start / around->rate_hz;
    double end_s = (double)o->end / around->rate_hz;
    size_t first = onset_list_find(p->attacks, p->clock_s + start_s);
    size_t next = onset_list_find(p->attacks, p->clock_s + end_s);
    return (double)(next - first) / (end_s - start_s);
}

/* Of the loops that were found those that keep to the gate, when the best one does not.
 */
static enum status keep_calm(const struct audio *around, const struct pad_params *p,
                             const struct loop_params *lp, struct pad *pad, struct err *e)
{
    struct loop_list *l = &pad->loops;
    int kept = 0;
    if (!(onset_rate(&l->option[0], lp, around) > p->max_onset_rate_per_second))
        return ST_OK;
    for (int i = 1; i < l->count; i++)
        if (!(onset_rate(&l->option[i], lp, around) > p->max_onset_rate_per_second))
            l->option[kept++] = l->option[i];
    if (kept == 0)
        return ST_OK;
    l->count = kept;
    audio_done(&pad->loop.audio);
    return loop_make_best(around, l, &pad->loop, e);
}

enum status pad_finish(const struct pad_ground *g, const struct pad_region *region,
                       const struct pad_params *p, struct pad *out, struct err *e)
{
    *out = (struct pad){0};
    const struct audio *around = &g->audio;
    size_t start = frame_of(region->start_sec, around->rate_hz);
    size_t end = frame_of(region->end_sec, around->rate_hz);
    start = start > g->start ? start - g->start : 0;
    end = end > g->start ? end - g->start : 0;
    struct loop_params params = loop_params_of(g, p);
    enum status st = make(around, start, end, &params, out, e);
    if (st == ST_OK)
        st = look_again(around, start, end, &params, out, e);
    if (st == ST_OK)
        st = keep_calm(around, p, &params, out, e);
    double rate = st == ST_OK ? onset_rate(&out->loops.option[0], &params, around) : 0.0;
    if (st == ST_OK && seam_audible(&out->loop.seam))
        st = refuse(&out->loop.seam, e);
    else if (st == ST_OK && rate > p->max_onset_rate_per_second)
        st = err_set(e, ST_NOTHING, "its loop has " PAD_ONSETS_ABOVE,
                     PAD_ONSETS_DIGITS(rate - p->max_onset_rate_per_second),
                     rate - p->max_onset_rate_per_second);
    return settle(out, g, st);
}

enum status pad_finish_bars(const struct pad_ground *g, const struct pad_region *region,
                            const struct pad_params *p, struct pad *out, struct err *e)
{
    *out = (struct pad){0};
    struct loop_params params = loop_params_of(g, p);
    size_t frames = frame_of(region->end_sec - region->start_sec, g->audio.rate_hz);
    enum status st = loop_search_exact(&g->audio, frames, &params, &out->loops, e);
    if (st == ST_OK)
        st = loop_make_best(&g->audio, &out->loops, &out->loop, e);
    if (st == ST_OK && seam_audible(&out->loop.seam))
        st = err_set(e, ST_NOTHING, "no loop of whole bars without an audible join");
    return settle(out, g, st);
}

/* The parts of what lies between two frames of the recording. */
static enum status measure(const struct track *t, const struct pad_params *p,
                           size_t start, size_t end, struct score_parts *parts,
                           double *score, struct err *e)
{
    double rate = track_info(t)->rate_hz;
    struct track_sums sums;
    enum status st = track_sums_init(&sums, t, (double)(end - start) / rate, e);
    if (st != ST_OK)
        return st;
    size_t from = track_sums_cell(&sums, (double)start / rate);
    size_t to = track_sums_cell(&sums, (double)end / rate);
    track_sums_rewind(&sums, from);
    struct track_window w = {0};
    if (to > from)
        track_sums_window(&sums, from, to, &w);
    double tone = pad_tone(t, &w);
    *parts = pad_parts(&sums, p, from, to, &w, tone);
    *score = pad_parts_score(parts, tone);
    track_sums_done(&sums);
    return ST_OK;
}

enum status pad_rate(struct pad *pad, const struct pad_params *p, const struct track *t,
                     struct err *e)
{
    const struct loop_option *loop = &pad->loops.option[0];
    double quality = seam_quality(&pad->loop.seam);
    enum status st = measure(t, p, loop->start, loop->end, &pad->parts, &pad->score, e);
    if (st != ST_OK)
        return st;
    pad->score = (1.0 - SEAM_WEIGHT) * pad->score + SEAM_WEIGHT * quality;
    parts_add(&pad->parts, "seam", quality);
    return ST_OK;
}

void pad_done(struct pad *pad)
{
    audio_done(&pad->loop.audio);
}
