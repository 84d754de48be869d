#include "core/kit_sample.h"

#include "dsp/level.h"
#include "dsp/resample.h"

#include <math.h>
#include <string.h>

static void replace(struct audio *a, struct audio *with)
{
    audio_done(a);
    *a = *with;
}

static bool is_loop(const struct candidate *c)
{
    return kind_loops(c->kind) && !isnan(c->m.loop_end);
}

/* Struck sounds are played by a key and must answer at once. */
static bool is_struck(const struct candidate *c)
{
    return c->kind == KIND_DRUM || c->kind == KIND_FLICKER;
}

static enum status convert(struct audio *a, int channels, int rate_hz, bool loop,
                           struct err *e)
{
    struct audio out;
    enum status st = ST_OK;
    if (a->channels != channels) {
        st = audio_convert_channels(&out, a, channels, e);
        if (st != ST_OK)
            return st;
        replace(a, &out);
    }
    if (a->rate_hz == rate_hz)
        return ST_OK;
    size_t frames = (size_t)llround((double)a->frames * rate_hz / a->rate_hz);
    st = loop ? resample_loop(&out, a, frames > 0 ? frames : 1, RESAMPLE_BEST, e)
              : resample_rate(&out, a, rate_hz, RESAMPLE_BEST, e);
    if (st == ST_OK) {
        out.rate_hz = rate_hz;
        replace(a, &out);
    }
    return st;
}

static float frame_peak(const struct audio *a, size_t i)
{
    float peak = 0;
    for (int c = 0; c < a->channels; c++)
        peak = fmaxf(peak, fabsf(a->data[i * (size_t)a->channels + (size_t)c]));
    return peak;
}

/* Where to start so that the sound is at a tenth of its peak within 1 ms: before that
 * point, where it is quietest. */
static size_t attack_start(const struct audio *a)
{
    float limit = 0.1f * (float)level_peak(a);
    size_t first = 0, back = (size_t)(a->rate_hz * 7 / 10000);
    while (first < a->frames && frame_peak(a, first) < limit)
        first++;
    if (first == a->frames)
        return 0;
    size_t start = first > back ? first - back : 0;
    for (size_t i = start; i < first; i++)
        if (frame_peak(a, i) < frame_peak(a, start))
            start = i;
    return start;
}

/* Ends that are not silent beside the sound's own peak (one step of 16 bits) would click.
 */
static void close_ends(struct audio *a)
{
    double quiet = 3e-5 * level_peak(a);
    if ((double)frame_peak(a, 0) > quiet)
        level_fade_in(a, (size_t)(a->rate_hz / 2000));
    if ((double)frame_peak(a, a->frames - 1) > quiet)
        level_fade_out(a, (size_t)fmin(a->rate_hz * 0.010, (double)a->frames / 4));
}

static void cut_front(struct audio *a, size_t start)
{
    size_t channels = (size_t)a->channels;
    memmove(a->data, a->data + start * channels,
            (a->frames - start) * channels * sizeof *a->data);
    a->frames -= start;
}

enum status kit_sample_prepare(struct audio *sound, const struct kit_item *item,
                               const struct target *t, double peak_dbfs, uint64_t seed,
                               double *gain_db, struct err *e)
{
    bool loop = is_loop(&item->c);
    double before = level_peak(sound);
    enum status st = convert(sound, item->channels, t->rate_hz, loop, e);
    if (st != ST_OK)
        return st;
    level_scrub(sound);
    if (is_struck(&item->c))
        cut_front(sound, attack_start(sound));
    if (!loop && sound->frames > 0)
        close_ends(sound);
    st = level_normalise(sound, fmin(0, peak_dbfs + item->trim_db), loop, e);
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
