#include "core/kit_sample.h"

#include "dsp/level.h"
#include "dsp/mixdown.h"
#include "dsp/resample.h"

#include <math.h>
#include <string.h>

/* Struck sounds are played by a key and must answer at once. */
static bool is_struck(const struct candidate *c)
{
    return c->kind == KIND_DRUM || c->kind == KIND_FLICKER;
}

static enum status convert(struct audio *a, int channels, int rate_hz, struct err *e)
{
    struct audio out;
    enum status st =
        channels == 1 ? mixdown_fold(a, e) : audio_to_channels(a, channels, e);
    if (st != ST_OK || a->rate_hz == rate_hz)
        return st;
    st = resample_rate(&out, a, rate_hz, RESAMPLE_BEST, e);
    if (st != ST_OK)
        return st;
    audio_done(a);
    *a = out;
    a->rate_hz = rate_hz;
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

enum status kit_sample_prepare(struct audio *sound, const struct kit_item *item,
                               const struct target *t, double peak_dbfs, uint64_t seed,
                               double *gain_db, struct err *e)
{
    double before = level_peak(sound);
    enum status st = convert(sound, item->channels, t->rate_hz, e);
    if (st != ST_OK)
        return st;
    level_scrub(sound);
    if (sound->frames > 0 && is_struck(&item->c))
        trim_to_attack(sound);
    if (sound->frames > 0) {
        close_start(sound);
        if (clicks(sound, sound->frames - 1))
            level_fade_out(
                sound, (size_t)fmin(sound->rate_hz * 0.010, (double)sound->frames / 4));
    }
    st = level_normalise(sound, fmin(0, peak_dbfs + item->trim_db), false, e);
    if (st != ST_OK)
        return st;
    double after = level_peak(sound);
    *gain_db = before > 0 && after > 0 ? level_to_db(after / before) : 0;
    const char *hash = item->c.sha256;
    struct rng r = rng_derive(seed, rng_hash(0, hash, strlen(hash)), "dither",
                              rng_hash(0, item->c.filename, strlen(item->c.filename)));
    level_dither(sound, t->bits, &r);
    return ST_OK;
}
