/* What must hold between keys. */
#include "dsp/key.h"
#include "io/config.h"

#include <math.h>
#include <stdio.h>

static enum status at_most(const char *low_name, double low, const char *high_name,
                           double high, struct err *e)
{
    if (isnan(low) || isnan(high) || low <= high)
        return ST_OK;
    return err_set(e, ST_CONFIG, "%s (%g) must not be above %s (%g)", low_name, low,
                   high_name, high);
}

#define AT_MOST(low, high)                                                               \
    do {                                                                                 \
        enum status st_ = at_most(#low, (double)c->low, #high, (double)c->high, e);      \
        if (st_)                                                                         \
            return st_;                                                                  \
    } while (0)

enum status config_check(const struct config *c, struct err *e)
{
    AT_MOST(pad_miner.min_rms_db, pad_miner.max_rms_db);
    AT_MOST(pre_analysis.min_rms_db, pre_analysis.max_rms_db);
    AT_MOST(pre_analysis.centroid_low_hz, pre_analysis.centroid_high_hz);
    AT_MOST(clouds.grain_length_min_ms, clouds.grain_length_max_ms);
    AT_MOST(clouds.pitch_shift_range.min, clouds.pitch_shift_range.max);
    AT_MOST(hiss.bandpass_low_hz, hiss.bandpass_high_hz);
    AT_MOST(hiss.flicker_min_ms, hiss.flicker_max_ms);
    AT_MOST(drum_miner.min_length_sec, drum_miner.max_length_sec);
    AT_MOST(drum_miner.min_peak_db, drum_miner.max_peak_db);
    AT_MOST(silence_miner.min_rms_db, silence_miner.max_rms_db);
    AT_MOST(silence_miner.min_duration_sec, silence_miner.max_duration_sec);
    AT_MOST(brightness_tags.centroid_low_hz, brightness_tags.centroid_high_hz);
    if (c->global.output_bit_depth != 16 && c->global.output_bit_depth != 24)
        return err_set(e, ST_CONFIG, "global.output_bit_depth is %d; expected 16 or 24",
                       c->global.output_bit_depth);
    if (c->drones.fade_in_sec + c->drones.fade_out_sec > c->drones.swell_duration_sec)
        return err_set(e, ST_CONFIG,
                       "drones.fade_in_sec and drones.fade_out_sec (%g s) must fit into "
                       "drones.swell_duration_sec (%g s)",
                       c->drones.fade_in_sec + c->drones.fade_out_sec,
                       c->drones.swell_duration_sec);
    if (c->pad_miner.target_durations_sec.count == 0)
        return err_set(e, ST_CONFIG,
                       "pad_miner.target_durations_sec is empty; expected at least one");
    struct key key;
    if (c->musicality.target_key[0] && !key_parse(c->musicality.target_key, &key))
        return err_set(e, ST_CONFIG,
                       "musicality.target_key is %s; expected a key such as \"C maj\" or "
                       "\"A min\", or null",
                       c->musicality.target_key);
    return ST_OK;
}

bool config_doubt(const struct config *c, char *out, size_t size)
{
    const struct {
        const char *section;
        double dbfs;
    } peaks[] = {{"global", c->global.target_peak_dbfs},
                 {"clouds", c->clouds.target_peak_dbfs},
                 {"silence_miner", c->silence_miner.target_peak_dbfs}};
    double clipped =
        20 * log10(fmax(1 - c->curation.thresholds.clipping_tolerance, 1e-9));
    for (size_t i = 0; i < sizeof peaks / sizeof *peaks; i++)
        if (peaks[i].dbfs > clipped) {
            snprintf(out, size,
                     "%s.target_peak_dbfs (%g) lies above %.2f dBFS, from where on "
                     "curation.thresholds.clipping_tolerance (%g) takes samples for "
                     "clipped: they are graded F and not picked",
                     peaks[i].section, peaks[i].dbfs, clipped,
                     c->curation.thresholds.clipping_tolerance);
            return true;
        }
    return false;
}
