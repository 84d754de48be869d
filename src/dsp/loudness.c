#include "dsp/loudness.h"

#include "dsp/line.h"

#include <ebur128.h>
#include <math.h>
#include <stdbool.h>

enum { BLOCK_FRAMES = 4096, CHANNELS_MAX = 64 };

/* libebur128 carries a NaN through its filters to the end: where there is one, feed it a
 * clean copy. */
static int add_scrubbed(ebur128_state *state, const struct audio *a)
{
    float block[BLOCK_FRAMES];
    size_t channels = (size_t)a->channels, step = BLOCK_FRAMES / channels;
    for (size_t at = 0; at < a->frames; at += step) {
        size_t n = a->frames - at < step ? a->frames - at : step;
        const float *in = a->data + at * channels;
        bool clean = line_is_finite(in, n * channels);
        for (size_t i = 0; !clean && i < n * channels; i++)
            block[i] = finite_or_0(in[i]);
        int failed = ebur128_add_frames_float(state, clean ? in : block, n);
        if (failed)
            return failed;
    }
    return EBUR128_SUCCESS;
}

/* The loudest 400 ms, in steps of 100 ms as the standard asks. */
static double momentary_max(const struct audio *a, ebur128_state *state, int *failed)
{
    size_t step = ((size_t)a->rate_hz + 5) / 10;
    double best = -HUGE_VAL;
    for (size_t at = 0; at < a->frames && !*failed; at += step) {
        size_t n = a->frames - at < step ? a->frames - at : step;
        struct audio part = *a;
        part.data = a->data + at * (size_t)a->channels;
        part.frames = n;
        *failed = add_scrubbed(state, &part);
        double now = -HUGE_VAL;
        bool whole = n == step && at + n >= 4 * step;
        if (whole && ebur128_loudness_momentary(state, &now) == EBUR128_SUCCESS)
            best = fmax(best, now);
    }
    return best;
}

static enum status meter_new(ebur128_state **state, const struct audio *a, int mode,
                             struct err *e)
{
    if (a->channels < 1 || a->channels > CHANNELS_MAX || a->rate_hz < 16)
        return err_set(e, ST_USAGE, "loudness: %d channels at %d Hz cannot be measured",
                       a->channels, a->rate_hz);
    *state = ebur128_init((unsigned)a->channels, (unsigned long)a->rate_hz, mode);
    return *state ? ST_OK
                  : err_set(e, ST_NO_MEMORY,
                            "loudness: no memory, or %d Hz is out of range", a->rate_hz);
}

static bool is_defined(const struct audio *a)
{
    return a->frames * 10 >= (size_t)a->rate_hz * 4;
}

static enum status measure(const struct audio *a, bool momentary, struct loudness *out,
                           struct err *e)
{
    ebur128_state *state;
    int mode = EBUR128_MODE_I | (momentary ? EBUR128_MODE_M : 0), failed = 0;
    double integrated = -HUGE_VAL, loudest = -HUGE_VAL;
    *out = (struct loudness){(double)NAN, (double)NAN};
    enum status st = meter_new(&state, a, mode, e);
    if (st != ST_OK)
        return st;
    if (momentary)
        loudest = momentary_max(a, state, &failed);
    else
        failed = add_scrubbed(state, a);
    if (!failed)
        failed = ebur128_loudness_global(state, &integrated);
    ebur128_destroy(&state);
    if (failed)
        return err_set(e, ST_NO_MEMORY, "loudness: libebur128 failed (%d)", failed);
    bool defined = is_defined(a);
    if (defined && isfinite(integrated))
        out->integrated_lufs = integrated;
    if (defined && isfinite(loudest))
        out->momentary_max_lufs = loudest;
    return ST_OK;
}

enum status loudness_integrated(const struct audio *a, double *lufs, struct err *e)
{
    struct loudness l;
    enum status st = measure(a, false, &l, e);
    *lufs = l.integrated_lufs;
    return st;
}

enum status loudness_measure(const struct audio *a, struct loudness *out, struct err *e)
{
    return measure(a, true, out, e);
}
