#include "dsp/resample.h"

#include "dsp/line.h"

#include <limits.h>
#include <math.h>
#include <samplerate.h>
#include <stdbool.h>
#include <string.h>

/* libsamplerate takes 1/256 … 256; stay inside. */
static const double step_max = 250.0;
/* More than half of libsamplerate's longest kernel, frames at the lower of both rates. */
static const double margin = 256.0;

int common_rate(int a_hz, int b_hz)
{
    while (b_hz) {
        int rest = a_hz % b_hz;
        a_hz = b_hz;
        b_hz = rest;
    }
    return a_hz;
}

static int converter_of(enum resample_quality quality)
{
    switch (quality) {
    case RESAMPLE_BEST:
        return SRC_SINC_BEST_QUALITY;
    case RESAMPLE_MEDIUM:
        return SRC_SINC_MEDIUM_QUALITY;
    case RESAMPLE_FAST:
        break;
    }
    return SRC_SINC_FASTEST;
}

/* The sound, clean, followed by `extra` frames of itself (a loop) or of silence. */
static enum status extended(struct audio *to, const struct audio *from, size_t extra,
                            bool loop, struct err *e)
{
    enum status st =
        audio_room(to, from->frames + extra, from->channels, from->rate_hz, e);
    if (st != ST_OK)
        return st;
    size_t samples = from->frames * (size_t)from->channels;
    size_t all = to->frames * (size_t)to->channels;
    memcpy(to->data, from->data, samples * sizeof *to->data);
    for (size_t i = samples; i < all; i++)
        to->data[i] = loop ? from->data[i % samples] : 0.0f;
    line_scrub(to->data, all);
    return ST_OK;
}

/* src_simple keeps time: its output frame j is the input at j / ratio. */
static enum status convert(const struct audio *in, struct audio *out, double ratio,
                           enum resample_quality quality, struct err *e)
{
    if (in->frames > LONG_MAX / 2 || out->frames > LONG_MAX / 2)
        return err_set(e, ST_NO_MEMORY, "a sound of %zu frames is too large", in->frames);
    SRC_DATA d = {
        .data_in = in->data,
        .data_out = out->data,
        .input_frames = (long)in->frames,
        .output_frames = (long)out->frames,
        .src_ratio = ratio,
    };
    int failed = src_simple(&d, converter_of(quality), in->channels);
    if (failed)
        return err_set(e, ST_NO_MEMORY, "libsamplerate: %s", src_strerror(failed));
    return ST_OK;
}

/* One step within libsamplerate's ratios. A loop is converted a little past its end: the
 * frames there are those of its start, with the right past. */
static enum status step_to(struct audio *to, const struct audio *from, size_t frames,
                           double ratio, bool loop, enum resample_quality quality,
                           struct err *e)
{
    size_t again = loop ? (size_t)ceil(margin * fmax(1, ratio)) : 0;
    size_t extra = (size_t)ceil(2 * margin * fmax(1, 1 / ratio));
    struct audio in = {0}, out = {0};
    enum status st = extended(&in, from, extra, loop, e);
    if (st == ST_OK)
        st = audio_init(&out, frames + again, from->channels, from->rate_hz, e);
    if (st == ST_OK)
        st = convert(&in, &out, ratio, quality, e);
    if (st == ST_OK)
        st = audio_init(to, frames, from->channels, from->rate_hz, e);
    if (st == ST_OK) {
        size_t channels = (size_t)from->channels;
        memcpy(to->data, out.data, frames * channels * sizeof *to->data);
        /* A loop shorter than the margin comes round more than once; the last is best. */
        size_t keep = again < frames ? again : frames;
        size_t turn = (again - keep) / frames * frames;
        if (loop)
            memcpy(to->data, out.data + (frames + turn) * channels,
                   keep * channels * sizeof *to->data);
    }
    audio_done(&in);
    audio_done(&out);
    return st;
}

static enum status resample(struct audio *to, const struct audio *from, size_t frames,
                            bool loop, enum resample_quality quality, struct err *e)
{
    *to = (struct audio){0};
    if (!from->frames || !frames)
        return audio_init(to, frames, from->channels, from->rate_hz, e);
    if (frames == from->frames)
        return extended(to, from, 0, false, e);
    struct audio now = *from;
    enum status st = ST_OK;
    for (bool last = false; !last && st == ST_OK;) {
        double ratio = (double)frames / (double)now.frames;
        double limit = fmin(fmax(ratio, 1 / step_max), step_max);
        double next = rint(limit * (double)now.frames);
        last = limit == ratio || next < 1 || (size_t)next == now.frames;
        struct audio out = {0};
        size_t goal = last ? frames : (size_t)next;
        st = step_to(&out, &now, goal, (double)goal / (double)now.frames, loop, quality,
                     e);
        if (now.data != from->data)
            audio_done(&now);
        now = out;
    }
    if (st == ST_OK)
        *to = now;
    else if (now.data != from->data)
        audio_done(&now);
    return st;
}

static enum status at_rate(struct audio *to, const struct audio *from, int rate_hz,
                           bool loop, enum resample_quality quality, struct err *e)
{
    *to = (struct audio){0};
    if (rate_hz < 1 || from->rate_hz < 1)
        return err_set(e, ST_USAGE, "cannot convert from %d Hz to %d Hz", from->rate_hz,
                       rate_hz);
    double exact = (double)from->frames * rate_hz / from->rate_hz;
    size_t frames = exact < 1 && from->frames ? 1 : (size_t)llround(exact);
    double ratio = (double)rate_hz / from->rate_hz;
    bool one_step = ratio != 1 && ratio >= 1 / step_max && ratio <= step_max;
    /* Frames are whole, and a loop has to come out even; another sound keeps its time. */
    enum status st = !loop && one_step && frames
                         ? step_to(to, from, frames, ratio, false, quality, e)
                         : resample(to, from, frames, loop, quality, e);
    to->rate_hz = rate_hz;
    return st;
}

enum status resample_rate(struct audio *to, const struct audio *from, int rate_hz,
                          enum resample_quality quality, struct err *e)
{
    return at_rate(to, from, rate_hz, false, quality, e);
}

enum status resample_length(struct audio *to, const struct audio *from, size_t frames,
                            struct err *e)
{
    return resample(to, from, frames, false, RESAMPLE_MEDIUM, e);
}

enum status resample_loop(struct audio *to, const struct audio *from, size_t frames,
                          struct err *e)
{
    return resample(to, from, frames, true, RESAMPLE_MEDIUM, e);
}

enum status resample_loop_rate(struct audio *to, const struct audio *from, int rate_hz,
                               struct err *e)
{
    return at_rate(to, from, rate_hz, true, RESAMPLE_MEDIUM, e);
}
