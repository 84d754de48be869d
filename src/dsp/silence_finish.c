#include "core/pi.h"
#include "dsp/biquad.h"
#include "dsp/level.h"
#include "dsp/silence.h"

#include <math.h>

#define FADE_S       0.005
#define RUMBLE_HZ    80.0
#define RUMBLE_ORDER 4
#define RUMBLE_DB    6.0 /* above all the rest */

/* Mean square about each channel's mean. */
static double energy_in(const struct audio *a, size_t from, size_t to)
{
    double sum = 0.0;
    for (size_t c = 0; c < (size_t)a->channels; c++) {
        double mean = level_mean(a, c, from, to);
        for (size_t i = from; i < to; i++) {
            double x = (double)a->data[i * (size_t)a->channels + c] - mean;
            sum += x * x;
        }
    }
    return sum / (double)((to - from) * (size_t)a->channels);
}

/* At the peak that rumble has, the room under it would not be heard. [from, to) tells. */
static enum status cut_rumble(struct audio *a, size_t from, size_t to,
                              const struct silence_params *p, struct err *e)
{
    if (!p->cut_rumble)
        return ST_OK;
    double energy = energy_in(a, from, to);
    struct biquad f = biquad_highpass(RUMBLE_ORDER, RUMBLE_HZ, a->rate_hz);
    struct audio cut;
    enum status st = audio_slice(&cut, a, 0, a->frames, e);
    if (st != ST_OK)
        return st;
    st = biquad_zero_phase(&f, &cut, e);
    if (st == ST_OK && energy_in(&cut, from, to) * pow(10.0, RUMBLE_DB / 10.0) < energy) {
        struct audio whole = *a;
        *a = cut;
        cut = whole;
    }
    audio_done(&cut);
    return st;
}

/* Raised cosine over `fade` frames at either end, 1 between; 0 on the very ends. */
static double fade_gain(size_t i, size_t frames, size_t fade)
{
    size_t edge = i < frames - 1 - i ? i : frames - 1 - i;
    if (edge >= fade)
        return 1.0;
    return 0.5 - 0.5 * cos(PI * (double)edge / (double)fade);
}

/* Take the mean out, then fade, then take out the mean that the fade brought in with the
 * fade's own shape, so that the ends stay at 0. */
static void centre_and_fade(struct audio *a, size_t fade)
{
    size_t channels = (size_t)a->channels;
    double area = 0.0;
    for (size_t i = 0; i < a->frames; i++)
        area += fade_gain(i, a->frames, fade);
    for (size_t c = 0; c < channels; c++) {
        double mean = level_mean(a, c, 0, a->frames);
        for (size_t i = 0; i < a->frames; i++) {
            float *x = &a->data[i * channels + c];
            *x = (float)(((double)*x - mean) * fade_gain(i, a->frames, fade));
        }
        double rest =
            area > 0.0 ? level_mean(a, c, 0, a->frames) * (double)a->frames / area : 0.0;
        for (size_t i = 0; i < a->frames; i++)
            a->data[i * channels + c] -= (float)(rest * fade_gain(i, a->frames, fade));
    }
}

enum status silence_finish(struct audio *piece, const struct silence_params *p,
                           struct err *e)
{
    if (piece->frames < 4)
        return err_set(e, ST_EMPTY, "the piece of silence is empty");
    level_scrub(piece);
    enum status st = cut_rumble(piece, 0, piece->frames, p, e);
    if (st != ST_OK)
        return st;
    size_t fade = (size_t)(FADE_S * piece->rate_hz) + 1;
    fade = fade < piece->frames / 10 + 1 ? fade : piece->frames / 10 + 1;
    centre_and_fade(piece, fade);
    return level_normalise(piece, p->target_peak_dbfs, false, e);
}

enum status silence_prepare_loop(struct audio *around, size_t from, size_t to,
                                 const struct silence_params *p, struct err *e)
{
    if (from >= to || to > around->frames)
        return err_set(e, ST_EMPTY, "the piece of silence is empty");
    level_scrub(around);
    return cut_rumble(around, from, to, p, e);
}

enum status silence_finish_loop(struct audio *loop, const struct silence_params *p,
                                struct err *e)
{
    for (size_t c = 0; c < (size_t)loop->channels; c++) {
        double mean = level_mean(loop, c, 0, loop->frames);
        for (size_t i = 0; i < loop->frames; i++)
            loop->data[i * (size_t)loop->channels + c] -= (float)mean;
    }
    return level_normalise(loop, p->target_peak_dbfs, true, e);
}
