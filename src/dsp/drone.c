#include "dsp/drone.h"
#include "core/pi.h"
#include "dsp/biquad.h"
#include "dsp/blend.h"
#include "dsp/level.h"
#include "dsp/stretch.h"
#include "dsp/weave.h"

#include <math.h>
#include <stddef.h>

static const double hearing_hz = 27; /* the lowest note of a piano */
static const double body_hz = 250, body_db = 2;
static const double ceiling_dbfs = -1;
static const double even_db = 6;
static const double smear_s = 0.3;
static const double least_fade_s = 0.01; /* no click at either end */
static const double haze_end = 0.8; /* share of a quarter turn the smear has at the end */
enum { GAIN_BLOCK = 64 };           /* frames over which a slow gain is a straight line */
static const double start_db = -6, end_db = -2; /* of the slow swelling, middle 0 dB */

static const char *const names[DRONE_TONES] = {"plain", "warm", "airy", "dark"};

const char *drone_tone_name(enum drone_tone t)
{
    return t < DRONE_TONES ? names[t] : "";
}

void drone_unrumble(struct audio *a)
{
    struct biquad high = biquad_highpass(4, hearing_hz, a->rate_hz);
    biquad_circular_zero_phase(&high, a);
}

static enum status warm(struct audio *a, double corner_hz, struct err *e)
{
    struct biquad low = biquad_lowpass(1, corner_hz, a->rate_hz);
    struct biquad body = biquad_lowpass(1, body_hz, a->rate_hz);
    struct audio more = {0};
    biquad_circular_zero_phase(&low, a);
    enum status st = audio_slice(&more, a, 0, a->frames, e);
    if (st != ST_OK)
        return st;
    biquad_circular_zero_phase(&body, &more);
    float gain = (float)(level_from_db(body_db) - 1);
    for (size_t i = 0; i < a->frames * (size_t)a->channels; i++)
        a->data[i] += gain * more.data[i];
    audio_done(&more);
    return ST_OK;
}

/* Back to the RMS it had, unless the peak would pass the ceiling. */
static void restore_level(struct audio *a, double rms)
{
    double now = level_rms(a), ceiling = level_from_db(ceiling_dbfs);
    if (!(now > 1e-9))
        return;
    double gain = rms / now, bound = 4 * level_peak(a); /* no true peak is higher */
    if (gain * bound > ceiling)
        gain = fmin(gain, ceiling / level_true_peak(a, true));
    level_gain(a, gain);
}

enum status drone_colour(struct audio *a, enum drone_tone tone,
                         const struct drone_tones *t, struct err *e)
{
    level_scrub(a);
    double rms = level_rms(a);
    enum status st = ST_OK;
    struct biquad f;
    switch (tone) {
    case DRONE_WARM:
        st = warm(a, t->warm_lowpass_hz, e);
        break;
    case DRONE_DARK:
        f = biquad_lowpass(2, t->dark_high_cut_hz, a->rate_hz);
        biquad_circular_zero_phase(&f, a);
        break;
    case DRONE_AIRY:
        f = biquad_highpass(1, t->airy_highpass_hz, a->rate_hz);
        biquad_circular(&f, a);
        break;
    case DRONE_PLAIN:
    case DRONE_TONES:
        return ST_OK;
    }
    if (st == ST_OK)
        st = weave_even(a, even_db, e);
    if (st == ST_OK && rms > 0)
        restore_level(a, rms);
    return st;
}

void drone_reverse(struct audio *a)
{
    size_t channels = (size_t)a->channels;
    for (size_t i = 0, j = a->frames; i + 1 < j; i++) {
        j--;
        for (size_t c = 0; c < channels; c++) {
            float x = a->data[i * channels + c];
            a->data[i * channels + c] = a->data[j * channels + c];
            a->data[j * channels + c] = x;
        }
    }
}

/* The loop round and round for the swell's length, dissolving. */
static enum status dissolve(struct audio *to, const struct audio *pad, size_t frames,
                            struct rng *r, struct err *e)
{
    struct audio haze = {0};
    struct smear_spec smear = {.window_s = smear_s, .beside = to};
    enum status st = audio_round(to, pad, 0, frames, e);
    if (st == ST_OK)
        st = stretch_smear(&haze, pad, frames, &smear, r, e);
    if (st == ST_OK)
        st = blend(to, &haze, haze_end, e);
    audio_done(&haze);
    return st;
}

/* The slow swelling, in dB, at 0 … 1 of the time. */
static double swelling_db(double part)
{
    double bow = part < 0.5 ? cos(PI * part) : cos(PI * (1 - part));
    double depth = part < 0.5 ? start_db : end_db;
    return depth * bow * bow;
}

static void shape(struct audio *a, const struct swell_spec *s)
{
    double total = (double)a->frames;
    double in = fmax(least_fade_s, s->fade_in_s) * a->rate_hz;
    double out = fmax(least_fade_s, s->fade_out_s) * a->rate_hz;
    double fit = fmin(1, total / fmax(1, in + out));
    size_t channels = (size_t)a->channels;
    for (size_t from = 0; from < a->frames; from += GAIN_BLOCK) {
        size_t end = from + GAIN_BLOCK < a->frames ? from + GAIN_BLOCK : a->frames;
        double now = level_from_db(swelling_db((double)from / total));
        double next = level_from_db(swelling_db((double)end / total));
        for (size_t i = from; i < end; i++) {
            double part = (double)(i - from) / (double)(end - from);
            float g = (float)(now + part * (next - now));
            for (size_t c = 0; c < channels; c++)
                a->data[i * channels + c] *= g;
        }
    }
    /* a raised cosine is sin² of half the angle; at least 1 frame, so both ends are 0 */
    level_fade_in(a, (size_t)fmax(1, in * fit));
    level_fade_out(a, (size_t)fmax(1, out * fit));
}

enum status drone_swell(struct audio *to, const struct audio *pad,
                        const struct swell_spec *s, struct rng *r, struct err *e)
{
    *to = (struct audio){0};
    if (!(level_rms(pad) > 1e-8))
        return err_set(e, ST_EMPTY, "the pad of a swell is silent");
    if (!(s->duration_s > 0) || s->duration_s > 3600)
        return err_set(e, ST_USAGE, "a swell of %.3g s is out of range", s->duration_s);
    size_t frames = (size_t)fmax(1, rint(s->duration_s * pad->rate_hz));
    enum status st = dissolve(to, pad, frames, r, e);
    if (st != ST_OK) {
        audio_done(to);
        return st;
    }
    level_scrub(to);
    if (s->reversed)
        drone_reverse(to);
    shape(to, s);
    return ST_OK;
}
