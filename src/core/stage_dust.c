/* Stage of the pipeline `dust`: one of the hiss loops, layered onto the pad. */
#include "core/makers.h"

#include "dsp/level.h"
#include "dsp/seam.h"

#include <stdio.h>

/* Longer files are no pads and no hiss loops; a bound keeps the memory. */
static const double LONGEST_S = 120;

/* Can it go round and round? A flicker fades at both ends: tiled it would stutter. */
static bool goes_round(const struct audio *hiss)
{
    static const double shortest_s = 0.5, end_s = 0.01, least_end = 0.2; /* -14 dB */
    size_t end = (size_t)(end_s * hiss->rate_hz);
    if (end == 0 || (double)hiss->frames < shortest_s * hiss->rate_hz)
        return false;
    double least = least_end * level_rms(hiss);
    return level_rms_range(hiss, 0, end) > least &&
           level_rms_range(hiss, hiss->frames - end, hiss->frames) > least;
}

static enum status draw_hiss(const struct dig *d, struct rng *r, struct audio *hiss,
                             char name[STEM_BYTES], bool loops_only, struct err *e)
{
    const struct source_list *files = d->recipe->hiss;
    enum status st = err_set(e, ST_EMPTY, "there is no usable hiss");
    for (size_t tries = 0; tries < 4 * files->count; tries++) {
        const struct source_file *f = &files->items[rng_below(r, (uint32_t)files->count)];
        st =
            soundfile_load(f->path, (size_t)(LONGEST_S * SOUNDFILE_MAX_RATE_HZ), hiss, e);
        if (st == ST_NO_MEMORY)
            return st;
        if (st == ST_OK && (!loops_only || goes_round(hiss))) {
            stem_of_file(name, f->relative);
            return ST_OK;
        }
        if (st == ST_OK) {
            audio_done(hiss);
            st = err_set(e, ST_EMPTY, "there is no hiss that loops");
        }
    }
    return st;
}

/* A file that cannot be used is passed over for another draw; what does not loop is
 * drawn only where nothing does. */
static enum status load_hiss(const struct dig *d, struct rng *r, struct audio *hiss,
                             char name[STEM_BYTES], struct err *e)
{
    enum status st = draw_hiss(d, r, hiss, name, true, e);
    return st == ST_OK || st == ST_NO_MEMORY ? st : draw_hiss(d, r, hiss, name, false, e);
}

/* Does the pad's end join its beginning as it is? */
static enum status joins(const struct audio *pad, struct seam *seam, bool *loop,
                         struct err *e)
{
    enum status st = seam_measure(pad, seam, e);
    *loop = st == ST_OK && seam->seamless;
    return st == ST_NO_MEMORY ? st : ST_OK;
}

enum status stage_dust(struct dig *d, struct err *e)
{
    if (!dig_wants(d, STAGE_DUST))
        return ST_OK;
    const struct config *cfg = &d->recipe->cfg;
    struct rng r = rng_derive(d->recipe->seed, d->content_hash, "dust", 0);
    struct audio pad, hiss = {0}, dusty;
    char hiss_stem[STEM_BYTES];
    int64_t end = (int64_t)(LONGEST_S * d->info.rate_hz);
    enum status st = dig_read(d, 0, end, cfg->export.pads_stereo ? 2 : 1, &pad, e);
    if (st != ST_OK)
        return st;
    st = load_hiss(d, &r, &hiss, hiss_stem, e);
    struct seam seam;
    bool loop = false;
    if (st == ST_OK)
        st = joins(&pad, &seam, &loop, e);
    struct dust_spec spec = {loop, d->recipe->mix_db, cfg->global.target_peak_dbfs};
    if (st == ST_OK)
        st = hiss_dust(&dusty, &pad, &hiss, &spec, &r, e);
    audio_done(&hiss);
    int64_t frames = (int64_t)pad.frames;
    audio_done(&pad);
    if (st != ST_OK)
        return st;
    struct candidate c;
    dig_candidate(d, &c, KIND_DUST, 0, frames);
    if (loop && seam_measure(&dusty, &seam, e) == ST_NO_MEMORY) {
        audio_done(&dusty);
        return ST_NO_MEMORY;
    }
    maker_score(&c, &dusty, 0.8, loop, &seam);
    char name[200];
    snprintf(name, sizeof name, "%s_dust_%s", d->site.stem, hiss_stem);
    struct keep k = {.name = name,
                     .peak_dbfs = cfg->global.target_peak_dbfs,
                     .loop = loop,
                     .channels = dusty.channels};
    return dig_keep(d, &c, &dusty, &k, e);
}
