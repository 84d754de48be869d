/* The dust of hiss.h: hiss tiled onto a pad. */
#include "core/pi.h"
#include "dsp/hiss.h"
#include "dsp/level.h"
#include "dsp/resample.h"
#include "dsp/seam.h"

#include <math.h>

enum { TURNS = 20 };

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
        st = resample_loop(to, &folded, (size_t)fmax(1, rint(frames)), e);
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
            st = resample_loop(to, &line, frames, e);
        audio_done(&line);
        return st;
    }
    size_t fade = (size_t)(crossfade_s * loop->rate_hz);
    fade = fade > frames / 2 ? frames / 2 : fade;
    size_t channels = (size_t)loop->channels;
    enum status st = audio_round(&line, loop, start, frames + fade, e);
    /* what follows the end fades out under the start fading in */
    for (size_t i = 0; i < fade && st == ST_OK; i++) {
        double turn = PI / 2 * ((double)i + 0.5) / (double)fade;
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

/* What lies over what. */
struct layers {
    struct audio pad, hiss;
    double gain;
};

/* The hiss over the pad, begun `turn` frames into its circle. */
static enum status lay(struct audio *to, const struct layers *l, size_t turn,
                       struct err *e)
{
    enum status st = audio_slice(to, &l->pad, 0, l->pad.frames, e);
    size_t channels = (size_t)l->pad.channels, width = (size_t)l->hiss.channels;
    for (size_t i = 0; i < l->pad.frames && st == ST_OK; i++) {
        const float *x = l->hiss.data + (i + turn) % l->hiss.frames * width;
        for (size_t c = 0; c < channels; c++)
            to->data[i * channels + c] += (float)(l->gain * (double)x[c % width]);
    }
    return st;
}

/* The pad stays where it is, so that the two run in step: it is the hiss that is turned
 * until nothing in it marks the join. */
static enum status lay_calmly(struct audio *to, const struct layers *l, struct rng *r,
                              struct err *e)
{
    struct seam seam, best;
    enum status st = lay(to, l, 0, e);
    if (st != ST_OK)
        return st;
    st = seam_measure(to, &best, e);
    if (st != ST_OK)
        return st == ST_NO_MEMORY ? st : ST_OK;
    for (int i = 1; i < TURNS && st == ST_OK && !seam_roomy(&best); i++) {
        struct audio turned;
        st = lay(&turned, l, rng_below(r, (uint32_t)l->hiss.frames), e);
        if (st == ST_OK)
            st = seam_measure(&turned, &seam, e);
        if (st == ST_OK && seam_better(&seam, &best)) {
            struct audio worse = *to;
            *to = turned;
            turned = worse;
            best = seam;
        }
        audio_done(&turned);
    }
    return st;
}

enum status hiss_dust(struct audio *to, const struct audio *pad, const struct audio *hiss,
                      const struct dust_spec *s, struct rng *r, struct err *e)
{
    struct audio loop = {0};
    struct layers l = {0};
    *to = (struct audio){0};
    if (!(level_rms(pad) > 1e-8) || !(level_rms(hiss) > 1e-8))
        return err_set(e, ST_EMPTY, "dust needs a pad and a hiss that sound");
    enum status st = match(&loop, hiss, pad, e);
    size_t start = st == ST_OK ? rng_below(r, (uint32_t)loop.frames) : 0;
    if (st == ST_OK)
        st = s->pad_loops ? tile_circle(&l.hiss, &loop, start, pad->frames, e)
                          : audio_round(&l.hiss, &loop, start, pad->frames, e);
    if (st == ST_OK)
        st = audio_slice(&l.pad, pad, 0, pad->frames, e);
    if (st == ST_OK) {
        level_scrub(&l.pad);
        l.gain = level_from_db(s->mix_db) * level_rms(&l.pad) /
                 fmax(level_rms(&l.hiss), 1e-12);
        st = s->pad_loops ? lay_calmly(to, &l, r, e) : lay(to, &l, 0, e);
    }
    if (st == ST_OK)
        st = level_normalise(to, s->peak_dbfs, s->pad_loops, e);
    audio_done(&loop);
    audio_done(&l.hiss);
    audio_done(&l.pad);
    if (st != ST_OK)
        audio_done(to);
    return st;
}
