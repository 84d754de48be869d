/* From sound to finished sample: rate, channels, level, measures. */
#include "core/dig.h"

#include "dsp/brightness.h"
#include "dsp/converter.h"
#include "dsp/key.h"
#include "dsp/level.h"
#include "dsp/measure.h"
#include "dsp/resample.h"

#include <math.h>
#include <stdio.h>

static enum status convert(const struct audio *a, const struct converter *by, int rate_hz,
                           bool loop, struct audio *out, struct err *e)
{
    if (by)
        return loop ? converter_loop(by, out, a, e) : converter_run(by, out, a, e);
    return loop ? resample_loop_rate(out, a, rate_hz, e)
                : resample_rate(out, a, rate_hz, RESAMPLE_MEDIUM, e);
}

enum status dig_to_rate(struct audio *sound, const struct converter *by, int rate_hz,
                        bool loop, struct err *e)
{
    if (sound->rate_hz == rate_hz)
        return ST_OK;
    struct audio out;
    enum status st = convert(sound, by, rate_hz, loop, &out, e);
    if (st != ST_OK)
        return st;
    audio_done(sound);
    *sound = out;
    return ST_OK;
}

static void close_ends(struct audio *sound)
{
    level_close_ends(sound, 2, 10);
}

enum status dig_finish(struct audio *sound, const struct keep *k,
                       const struct converter *by, int rate_hz, struct err *e)
{
    if (k->finished)
        return ST_OK;
    enum status st = audio_to_channels(sound, k->channels, e);
    if (st == ST_OK)
        st = dig_to_rate(sound, by, rate_hz, k->loop, e);
    if (st != ST_OK)
        return st;
    level_scrub(sound);
    st = level_remove_dc(sound, k->loop, e);
    if (st == ST_OK && !k->loop)
        close_ends(sound);
    if (st == ST_OK)
        st = level_normalise(sound, k->peak_dbfs, k->loop, e);
    if (st == ST_OK && !k->loop)
        close_ends(sound); /* the gain may have brought them up */
    return st;
}

enum status dig_describe(struct candidate *c, const struct audio *sound, bool loop,
                         const struct config *cfg, struct err *e)
{
    if (loop) {
        c->m.loop_start = 0;
        c->m.loop_end = (double)sound->frames;
    }
    snprintf(c->brightness, sizeof c->brightness, "%s",
             brightness_tag(c->m.centroid_hz, cfg->brightness_tags.centroid_low_hz,
                            cfg->brightness_tags.centroid_high_hz));
    enum category category = kind_category(c->kind);
    if (category == CAT_PADS || category == CAT_SWELLS || category == CAT_CLOUDS) {
        struct key key;
        enum status st = key_of_sound(sound->data, sound->frames, sound->channels,
                                      sound->rate_hz, &key, e);
        if (st != ST_OK)
            return st;
        snprintf(c->key, sizeof c->key, "%s", key.name);
        c->m.key_confidence = key.name[0] ? (double)key.confidence : (double)NAN;
    }
    struct grade_limits limits = {
        .min_rms_db = cfg->curation.thresholds.min_rms_db,
        .clipping_tolerance = cfg->curation.thresholds.clipping_tolerance,
        .max_crest_factor = cfg->curation.thresholds.max_crest_factor};
    c->grade = measure_grade(&c->m, &limits);
    return ST_OK;
}

enum status dig_measure(struct candidate *c, const struct audio *sound, bool loop,
                        const struct config *cfg, struct err *e)
{
    enum status st = measure_sample(sound, &c->m, e);
    return st == ST_OK ? dig_describe(c, sound, loop, cfg, e) : st;
}
