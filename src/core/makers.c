#include "core/makers.h"

#include "dsp/level.h"
#include "dsp/part_units.h"
#include "dsp/seam.h"

#include <math.h>

/* Blocks of 50 ms to either side of one; what is shorter than three seconds has no
 * course. */
enum { COURSE = 10, COURSE_LEAST = 6 * COURSE };

static double power_of(const struct audio *a, size_t block, size_t i)
{
    double rms = level_rms_range(a, i * block, (i + 1) * block);
    return rms * rms;
}

/* Standard deviation of 50 ms levels in dB, of the parts within 40 dB of the loudest:
 * from their mean, or, of what rises and falls by intention, within 20 dB, from the level
 * of the second around. */
static double unevenness_db(const struct audio *a, bool shaped)
{
    size_t block = (size_t)(a->rate_hz / 20), blocks = block ? a->frames / block : 0;
    size_t ends = shaped && blocks >= COURSE_LEAST ? COURSE : 0, n = 0;
    double loudest = 0, course = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < blocks; i++) {
        double power = power_of(a, block, i);
        loudest = fmax(loudest, power);
        course += i < 2 * ends ? power / (2 * COURSE + 1) : 0;
    }
    for (size_t i = ends; i + ends < blocks; i++) {
        double power = power_of(a, block, i);
        if (ends)
            course += power_of(a, block, i + COURSE) / (2 * COURSE + 1);
        if (power > loudest * (ends ? 0.01 : 0.0001)) {
            double db = 10 * log10(ends ? power / course : power);
            sum += db;
            squares += db * db;
            n++;
        }
        if (ends)
            course -= power_of(a, block, i - COURSE) / (2 * COURSE + 1);
    }
    return n < 2
               ? 0
               : sqrt(fmax(0, squares / (double)n - sum / (double)n * (sum / (double)n)));
}

void maker_score(struct candidate *c, const struct audio *sound, double source_score,
                 bool loop, const struct seam *seam)
{
    double even = 1 / (1 + unevenness_db(sound, !loop) / MADE_EVEN_HALF_DB);
    double join = seam->judged ? seam_quality(seam) : 0.5;
    parts_add(&c->parts, "source", source_score);
    parts_add(&c->parts, "even", even);
    if (loop)
        parts_add(&c->parts, "seam", join);
    c->m.score = loop ? 0.5 * source_score + 0.25 * even + 0.25 * join
                      : 0.65 * source_score + 0.35 * even;
}

double maker_loop_s(const struct dig *d, double wanted)
{
    const struct config *cfg = &d->recipe->cfg;
    if (!cfg->musicality.snap_to_grid || !(d->bpm > 0))
        return wanted;
    double best = wanted, least = (double)INFINITY;
    for (int i = 0; i < cfg->musicality.bar_lengths.count; i++) {
        double seconds = cfg->musicality.bar_lengths.v[i] * 4 * 60 / d->bpm;
        if (fabs(log(seconds / wanted)) < least) {
            least = fabs(log(seconds / wanted));
            best = seconds;
        }
    }
    return best;
}

struct grains_spec maker_cloud_spec(const struct config *cfg, double transpose_semitones)
{
    return (struct grains_spec){.length_min_ms = cfg->clouds.grain_length_min_ms,
                                .length_max_ms = cfg->clouds.grain_length_max_ms,
                                .grain_count = cfg->clouds.grains_per_cloud,
                                .duration_s = cfg->clouds.cloud_duration_sec,
                                .pitch_min_semitones = cfg->clouds.pitch_shift_range.min,
                                .pitch_max_semitones = cfg->clouds.pitch_shift_range.max,
                                .transpose_semitones = transpose_semitones,
                                .overlap_ratio = cfg->clouds.overlap_ratio,
                                .lowpass_hz = cfg->clouds.lowpass_hz,
                                .peak_dbfs = cfg->clouds.target_peak_dbfs,
                                .quality_threshold =
                                    cfg->pre_analysis.grain_quality_threshold,
                                .channels = cfg->export.clouds_stereo ? 2 : 1,
                                .rate_hz = cfg->global.sample_rate};
}

struct hiss_spec maker_hiss_spec(const struct config *cfg)
{
    return (struct hiss_spec){.loop_duration_s = cfg->hiss.loop_duration_sec,
                              .highpass_hz = cfg->hiss.highpass_hz,
                              .bandpass_low_hz = cfg->hiss.bandpass_low_hz,
                              .bandpass_high_hz = cfg->hiss.bandpass_high_hz,
                              .use_bandpass = cfg->hiss.use_bandpass,
                              .tremolo_rate_hz = cfg->hiss.tremolo_rate_hz,
                              .tremolo_depth = cfg->hiss.tremolo_depth,
                              .flicker_min_ms = cfg->hiss.flicker_min_ms,
                              .flicker_max_ms = cfg->hiss.flicker_max_ms,
                              .noise_level_db = cfg->hiss.use_synthetic_noise
                                                    ? cfg->hiss.synthetic_noise_level_db
                                                    : (double)NAN,
                              .loop_peak_dbfs = -6,
                              .flicker_peak_dbfs = -3,
                              .channels = cfg->export.hiss_stereo ? 2 : 1,
                              .rate_hz = cfg->global.sample_rate};
}
