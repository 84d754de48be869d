#include "dsp/hiss.h"
#include "core/pi.h"
#include "dsp/biquad.h"
#include "dsp/grains.h"
#include "dsp/level.h"
#include "dsp/stretch.h"
#include "dsp/weave.h"

#include <math.h>

static const double bed_db = -3, noise_most_db = -6;
static const double even_db = 1.5;
static const double flicker_in_ms = 10, flicker_out_ms = 50;
static const double bed_window_s = 0.1;

/* What loops and bursts are woven of. */
struct cloth {
    double seconds;
    double length_min_ms, length_max_ms, overlap_ratio, semitones;
    bool even; /* over a bed, and of one level all along */
};

static struct cloth of_loops(double seconds)
{
    return (struct cloth){seconds, 60, 180, 0.8, 1.5, true};
}

static struct cloth of_flickers(double seconds)
{
    return (struct cloth){seconds, 12, 60, 0.6, 4, false};
}

void hiss_noise(struct audio *a, double level_db, struct rng *r)
{
    for (size_t i = 0; i < a->frames * (size_t)a->channels; i++)
        a->data[i] = (float)rng_gauss(r);
    double rms = level_rms(a);
    if (rms > 0)
        level_gain(a, level_from_db(level_db) / rms);
}

/* As asked, but for what would leave next to nothing below `high_hz`. */
static double corner_below(double high_hz, double low_hz)
{
    return low_hz > high_hz ? 0.5 * high_hz : fmin(low_hz, 0.8 * high_hz);
}

/* The corners, kept in order and below Nyquist. */
static struct biquad band_filter(const struct hiss_spec *s, double *low_hz)
{
    double top = 0.45 * s->rate_hz;
    if (!s->use_bandpass) {
        *low_hz = corner_below(top, s->highpass_hz);
        return biquad_highpass(4, *low_hz, s->rate_hz);
    }
    double high = fmin(s->bandpass_high_hz, top);
    *low_hz = corner_below(high, s->bandpass_low_hz);
    return biquad_bandpass(4, *low_hz, high, s->rate_hz);
}

static enum status check(const struct hiss_spec *s, struct err *e)
{
    bool ok = s->rate_hz >= 1000 && (s->channels == 1 || s->channels == 2) &&
              s->loop_duration_s >= 0.05 && s->loop_duration_s <= 3600 &&
              s->flicker_min_ms >= 1 && s->flicker_max_ms >= s->flicker_min_ms &&
              s->flicker_max_ms <= 60000 && s->tremolo_depth >= 0 &&
              s->tremolo_depth <= 1 && s->tremolo_rate_hz >= 0;
    return ok ? ST_OK : err_set(e, ST_USAGE, "the hiss settings are out of range");
}

/* to += gain × add, scaled so that `add` lies `db` from the RMS of `to`. */
static void mix_under(struct audio *to, const struct audio *add, double db)
{
    double rms = level_rms(add), g = level_from_db(db) * level_rms(to);
    g = rms > 0 ? g / rms : 0;
    for (size_t i = 0; i < to->frames * (size_t)to->channels; i++)
        to->data[i] += (float)(g * (double)add->data[i]);
}

/* Random phases under each channel's own stream: a bed as wide as the grains. */
static enum status lay_bed(struct audio *loop, const struct audio *material,
                           struct rng *r, struct err *e)
{
    struct audio bed = {0}, side = {0};
    struct smear_spec smear = {.window_s = bed_window_s, .no_partials = true};
    size_t channels = (size_t)loop->channels;
    enum status st = audio_init(&bed, loop->frames, loop->channels, loop->rate_hz, e);
    for (size_t c = 0; c < channels && st == ST_OK; c++) {
        st = stretch_smear(&side, material, loop->frames, &smear, r, e);
        for (size_t i = 0; i < loop->frames && st == ST_OK; i++)
            bed.data[i * channels + c] = side.data[i * (size_t)side.channels];
        audio_done(&side);
    }
    if (st == ST_OK)
        mix_under(loop, &bed, bed_db);
    audio_done(&bed);
    return st;
}

/* Woven hiss from prepared material. */
static enum status weave(struct audio *to, const struct hiss_material *m,
                         const struct hiss_spec *s, const struct cloth *cloth,
                         struct rng *r, struct err *e)
{
    struct grains_spec g = {.length_min_ms = cloth->length_min_ms,
                            .length_max_ms = cloth->length_max_ms,
                            .grain_count = 1,
                            .duration_s = cloth->seconds,
                            .pitch_min_semitones = -cloth->semitones,
                            .pitch_max_semitones = cloth->semitones,
                            .overlap_ratio = cloth->overlap_ratio,
                            .peak_dbfs = -3,
                            .quality_threshold = 0.6,
                            .channels = s->channels};
    struct grain_material from = {&m->sound, m->region, m->regions};
    enum status st = grains_cloud(to, &from, &g, r, NULL, e);
    if (st == ST_OK && cloth->even)
        st = lay_bed(to, &m->sound, r, e);
    if (st == ST_OK && isfinite(s->noise_level_db)) {
        struct audio noise = {0};
        st = audio_init(&noise, to->frames, to->channels, to->rate_hz, e);
        if (st == ST_OK) {
            hiss_noise(&noise, -20, r);
            mix_under(to, &noise, fmin(s->noise_level_db, noise_most_db));
        }
        audio_done(&noise);
    }
    return st;
}

static bool can_weave(const struct hiss_material *m)
{
    return m && m->regions;
}

/* Woven hiss, or noise where there is nothing to weave from; then the band. */
static enum status texture(struct audio *to, const struct hiss_material *m,
                           const struct hiss_spec *s, const struct cloth *cloth,
                           struct rng *r, struct err *e)
{
    double low_hz;
    struct biquad band = band_filter(s, &low_hz);
    size_t frames = (size_t)llround(cloth->seconds * s->rate_hz);
    *to = (struct audio){0};
    enum status st = check(s, e);
    if (st != ST_OK)
        return st;
    if (can_weave(m))
        st = weave(to, m, s, cloth, r, e);
    else if (!isfinite(s->noise_level_db))
        st = err_set(e, ST_EMPTY, "no hiss in the material, and synthetic noise is off");
    else if ((st = audio_init(to, frames, s->channels, s->rate_hz, e)) == ST_OK)
        hiss_noise(to, s->noise_level_db, r);
    if (st == ST_OK)
        biquad_circular_zero_phase(&band, to);
    if (st == ST_OK && cloth->even)
        st = weave_even(to, even_db, e);
    return st;
}

/* 1 − d/2 + d/2 sin, a whole number of cycles a loop. */
static void tremolo(struct audio *a, double rate_hz, double depth)
{
    double cycles = rint(rate_hz * (double)a->frames / a->rate_hz);
    cycles = rate_hz > 0 ? fmax(1, cycles) : 0;
    size_t channels = (size_t)a->channels;
    for (size_t i = 0; i < a->frames && cycles > 0; i++) {
        double turn = 2 * PI * fmod(cycles * (double)i, (double)a->frames);
        double g = 1 - 0.5 * depth + 0.5 * depth * sin(turn / (double)a->frames);
        for (size_t c = 0; c < channels; c++)
            a->data[i * channels + c] *= (float)g;
    }
}

double hiss_low_hz(const struct hiss_spec *s)
{
    double low_hz;
    band_filter(s, &low_hz);
    return low_hz;
}

enum status hiss_loop(struct audio *to, const struct hiss_material *material,
                      const struct hiss_spec *s, struct rng *r,
                      struct hiss_report *report, struct err *e)
{
    struct hiss_report unasked;
    report = report ? report : &unasked;
    *report = (struct hiss_report){.synthetic = !can_weave(material)};
    struct cloth cloth = of_loops(s->loop_duration_s);
    enum status st = texture(to, material, s, &cloth, r, e);
    if (st == ST_OK) {
        tremolo(to, s->tremolo_rate_hz, s->tremolo_depth);
        st = weave_calm_join(to, &report->seam, e);
    }
    if (st == ST_OK)
        st = level_normalise(to, s->loop_peak_dbfs, true, e);
    if (st != ST_OK)
        audio_done(to);
    return st;
}

enum status hiss_flicker(struct audio *to, const struct hiss_material *material,
                         const struct hiss_spec *s, struct rng *r,
                         struct hiss_report *report, struct err *e)
{
    *to = (struct audio){0};
    if (report)
        *report = (struct hiss_report){.synthetic = !can_weave(material)};
    struct audio woven = {0};
    double length_ms = rng_range(r, s->flicker_min_ms, s->flicker_max_ms);
    struct cloth cloth = of_flickers(fmax(0.3, 1.5e-3 * length_ms));
    enum status st = texture(&woven, material, s, &cloth, r, e);
    if (st != ST_OK) {
        audio_done(&woven);
        return st;
    }
    size_t frames = (size_t)fmax(2, length_ms * 1e-3 * s->rate_hz);
    size_t start = rng_below(r, (uint32_t)(woven.frames - frames + 1));
    st = audio_slice(to, &woven, start, frames, e);
    audio_done(&woven);
    if (st == ST_OK) {
        double fit = fmin(1, length_ms / (1.5 * (flicker_in_ms + flicker_out_ms)));
        level_fade_in(to, (size_t)(fit * flicker_in_ms * 1e-3 * s->rate_hz) + 1);
        level_fade_out(to, (size_t)(fit * flicker_out_ms * 1e-3 * s->rate_hz) + 1);
        st = level_normalise(to, s->flicker_peak_dbfs, false, e);
    }
    if (st != ST_OK)
        audio_done(to);
    return st;
}
