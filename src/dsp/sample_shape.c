#include "dsp/sample_shape.h"

#include "dsp/level.h"
#include "dsp/mixdown.h"
#include "dsp/offset.h"
#include "dsp/resample.h"

#include <math.h>
#include <string.h>

static enum status convert(struct audio *a, int channels, int rate_hz, struct err *e)
{
    struct audio out;
    level_scrub(a);
    offset_remove(a->data, a->frames, a->channels, offset_of(a, true));
    enum status st =
        channels == 1 ? mixdown_fold(a, e) : audio_to_channels(a, channels, e);
    if (st != ST_OK || a->rate_hz == rate_hz)
        return st;
    st = resample_rate(&out, a, rate_hz, RESAMPLE_BEST, e);
    if (st != ST_OK)
        return st;
    audio_done(a);
    *a = out;
    return ST_OK;
}

static float frame_peak(const struct audio *a, size_t i)
{
    float peak = 0;
    for (int c = 0; c < a->channels; c++)
        peak = fmaxf(peak, fabsf(a->data[i * (size_t)a->channels + (size_t)c]));
    return peak;
}

/* The first frame at a tenth of the peak. */
static size_t attack_of(const struct audio *a)
{
    float limit = 0.1f * (float)level_peak(a);
    size_t first = 0;
    while (first < a->frames && frame_peak(a, first) < limit)
        first++;
    return first < a->frames ? first : 0;
}

/* Start where it is quietest, at most 0.7 ms before the attack. */
static void cut_front(struct audio *a)
{
    size_t attack = attack_of(a), back = (size_t)(a->rate_hz * 7 / 10000);
    size_t start = attack > back ? attack - back : 0, channels = (size_t)a->channels;
    for (size_t i = start; i < attack; i++)
        if (frame_peak(a, i) < frame_peak(a, start))
            start = i;
    memmove(a->data, a->data + start * channels,
            (a->frames - start) * channels * sizeof *a->data);
    a->frames -= start;
}

/* The machine plays every sample once, loops too: it knows no loop points. An end that is
 * not silent beside the sound's own peak (one step of 16 bits) clicks. */
static bool clicks(const struct audio *a, size_t frame)
{
    return (double)frame_peak(a, frame) > 3e-5 * level_peak(a);
}

static void close_start(struct audio *a)
{
    if (clicks(a, 0))
        level_fade_in(a, (size_t)(a->rate_hz / 2000));
}

/* A fade may take what looked like the attack, such as the end of an earlier sound: then
 * the attack is later. */
static void trim_to_attack(struct audio *a)
{
    for (int i = 0; i < 8; i++) {
        cut_front(a);
        close_start(a);
        if (attack_of(a) <= (size_t)(a->rate_hz / 1000))
            return;
    }
}

enum status sample_shape_apply(struct audio *a, const struct sample_shape *shape,
                               struct err *e)
{
    enum status st = convert(a, shape->channels, shape->rate_hz, e);
    if (st != ST_OK)
        return st;
    if (a->frames == 0)
        return ST_OK;
    if (shape->struck)
        trim_to_attack(a);
    close_start(a);
    if (clicks(a, a->frames - 1))
        level_fade_out(a, (size_t)fmin(a->rate_hz * 0.010, (double)a->frames / 4));
    return ST_OK;
}
