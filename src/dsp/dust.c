/* The dust of hiss.h: hiss tiled onto a pad. */
#include "dsp/hiss.h"
#include "dsp/level.h"
#include "dsp/resample.h"
#include "dsp/weave.h"

#include <math.h>

static const double quarter_turn = 1.57079632679489662;
static const double crossfade_s = 0.25, nearly = 0.03;

/* The hiss as the pad is: rate and channels. */
static enum status match(struct audio *to, const struct audio *hiss,
                         const struct audio *pad, struct err *e)
{
    struct audio folded = {0};
    int channels = pad->channels > 2 ? 2 : pad->channels;
    enum status st = audio_convert_channels(&folded, hiss, channels, e);
    if (st == ST_OK && folded.rate_hz == pad->rate_hz) {
        *to = folded;
        level_scrub(to);
        return ST_OK;
    }
    double frames = (double)hiss->frames * pad->rate_hz / fmax(1, hiss->rate_hz);
    if (st == ST_OK)
        st =
            resample_loop(to, &folded, (size_t)fmax(1, rint(frames)), RESAMPLE_MEDIUM, e);
    to->rate_hz = pad->rate_hz;
    audio_done(&folded);
    return st;
}

/* A circle of exactly `frames` from the loop. */
static enum status tile_circle(struct audio *to, const struct audio *loop, size_t start,
                               size_t frames, struct err *e)
{
    double repeats = fmax(1, rint((double)frames / (double)loop->frames));
    double ratio = (double)frames / (repeats * (double)loop->frames);
    struct audio line = {0};
    if (fabs(ratio - 1) < nearly) {
        enum status st =
            audio_round(&line, loop, start, (size_t)repeats * loop->frames, e);
        if (st == ST_OK)
            st = resample_loop(to, &line, frames, RESAMPLE_MEDIUM, e);
        audio_done(&line);
        return st;
    }
    size_t fade = (size_t)(crossfade_s * loop->rate_hz);
    fade = fade > frames / 2 ? frames / 2 : fade;
    size_t channels = (size_t)loop->channels;
    enum status st = audio_round(&line, loop, start, frames + fade, e);
    /* what follows the end fades out under the start fading in */
    for (size_t i = 0; i < fade && st == ST_OK; i++) {
        double turn = quarter_turn * ((double)i + 0.5) / (double)fade;
        for (size_t c = 0; c < channels; c++) {
            double in = (double)line.data[i * channels + c];
            double out = (double)line.data[(frames + i) * channels + c];
            line.data[i * channels + c] = (float)(in * sin(turn) + out * cos(turn));
        }
    }
    if (st == ST_OK)
        line.frames = frames;
    *to = line;
    return st;
}

enum status hiss_dust(struct audio *to, const struct audio *pad, bool pad_loops,
                      const struct audio *hiss, double mix_db, double peak_dbfs,
                      struct rng *r, struct err *e)
{
    struct audio loop = {0}, over = {0};
    *to = (struct audio){0};
    if (!(level_rms(pad) > 1e-8) || !(level_rms(hiss) > 1e-8))
        return err_set(e, ST_EMPTY, "dust needs a pad and a hiss that sound");
    enum status st = match(&loop, hiss, pad, e);
    size_t start = st == ST_OK ? rng_below(r, (uint32_t)loop.frames) : 0;
    if (st == ST_OK)
        st = pad_loops ? tile_circle(&over, &loop, start, pad->frames, e)
                       : audio_round(&over, &loop, start, pad->frames, e);
    if (st == ST_OK)
        st = audio_slice(to, pad, 0, pad->frames, e);
    if (st == ST_OK) {
        level_scrub(to);
        double quiet = fmax(level_rms(&over), 1e-12);
        double g = level_from_db(mix_db) * level_rms(to) / quiet;
        size_t channels = (size_t)to->channels, width = (size_t)over.channels;
        for (size_t i = 0; i < to->frames; i++)
            for (size_t c = 0; c < channels; c++)
                to->data[i * channels + c] +=
                    (float)(g *
                            (double)over.data[i * width + (c < width ? c : c % width)]);
        if (pad_loops)
            st = weave_calm_join(to, NULL, NULL, e);
        if (st == ST_OK)
            st = level_normalise(to, peak_dbfs, pad_loops, e);
    }
    audio_done(&loop);
    audio_done(&over);
    if (st != ST_OK)
        audio_done(to);
    return st;
}
