/* The spectral smear of stretch.h: magnitudes of long windows, phases by chance. Those of
 * held partials go on: one whose bins had a phase each, and in each of four frames
 * another, would come and go. */
#include "core/pi.h"
#include "dsp/circle.h"
#include "dsp/fft.h"
#include "dsp/fft_batch.h"
#include "dsp/level.h"
#include "dsp/partials.h"
#include "dsp/stretch.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { OVERLAP = 4 };
/* Frames of random phase lose the window's shape, and add in power; those that agree in
 * amplitude. Σ w² of the frames is 1.5, the mean of w² 0.375: √(0.375 / 1.5). */
static const float in_step = 0.5f;
static const double closing = 0.25; /* of the loop, for its partials to close in */

struct smear {
    const struct audio *in, *beside;
    struct circle out;
    size_t steps;
    int n;
    struct fft_batch *fft;
    struct partials *partials; /* NULL: not heeded */
    float *row;      /* of each channel FFT_BATCH windows or spectra, n + 2 each */
    float *mate;     /* the same of what is beside; NULL: nothing is */
    float *before;   /* spectra of the step before these, a row of each channel */
    uint16_t *phase; /* of n/2 + 1 bins, of PARTIALS_CIRCLE */
    double *angle;   /* of the bins of partials */
    float *turn;     /* FFT_BATCH rows: what each bin is multiplied by, re and im */
    float *points;   /* PARTIALS_CIRCLE of the unit circle: re, im */
};

static enum status smear_init(struct smear *s, const struct audio *in, size_t frames,
                              const struct smear_spec *spec, struct err *e)
{
    *s = (struct smear){.in = in, .beside = spec->beside};
    s->n = fft_next_fast((int)(fmax(0.1, fmin(spec->window_s, 0.5)) * in->rate_hz));
    size_t n = (size_t)s->n, channels = (size_t)in->channels;
    s->steps = frames / (n / OVERLAP) + 1;
    if (!spec->no_partials)
        s->partials = partials_new(s->n);
    if (s->beside)
        s->mate = malloc(channels * FFT_BATCH * (n + 2) * sizeof *s->mate);
    if (circle_init(&s->out, frames, in->channels, s->n))
        s->fft = fft_batch_new(s->n, s->out.window);
    s->row = malloc(channels * FFT_BATCH * (n + 2) * sizeof *s->row);
    s->before = calloc(channels * (n + 2), sizeof *s->before);
    s->phase = malloc((n / 2 + 1) * sizeof *s->phase);
    s->angle = malloc((n / 2 + 1) * sizeof *s->angle);
    s->turn = malloc(FFT_BATCH * (n + 2) * sizeof *s->turn);
    s->points = malloc(2 * PARTIALS_CIRCLE * sizeof *s->points);
    bool ready = (s->partials || spec->no_partials) && (s->mate || !s->beside) &&
                 s->fft && s->row && s->before && s->phase && s->angle && s->turn &&
                 s->points;
    if (!ready)
        return err_set(e, ST_NO_MEMORY, "no memory to smear to %zu frames", frames);
    for (int i = 0; i < PARTIALS_CIRCLE; i++) {
        s->points[2 * i] = (float)cos(2 * PI * i / PARTIALS_CIRCLE);
        s->points[2 * i + 1] = (float)sin(2 * PI * i / PARTIALS_CIRCLE);
    }
    return ST_OK;
}

static void smear_done(struct smear *s)
{
    partials_free(s->partials);
    fft_batch_free(s->fft);
    circle_done(&s->out);
    free(s->row);
    free(s->mate);
    free(s->before);
    free(s->phase);
    free(s->angle);
    free(s->turn);
    free(s->points);
}

/* First input frame of a step's window, around the circle. */
static ptrdiff_t window_start(const struct smear *s, size_t step)
{
    double part = (double)step / (double)s->steps;
    return (ptrdiff_t)rint(part * (double)s->in->frames) - s->n / 2;
}

/* The output frame a step's window has its middle at. */
static ptrdiff_t place_out(const struct smear *s, size_t step)
{
    return (ptrdiff_t)rint((double)step / (double)s->steps * (double)s->out.frames);
}

static void read_window(const struct smear *s, size_t step, size_t channel, float *to)
{
    circle_read(s->in, channel, window_start(s, step), (size_t)s->n, to);
}

/* What is beside, around the same output frame. */
static void read_mate(const struct smear *s, size_t step, size_t channel, float *to)
{
    ptrdiff_t at = place_out(s, step) - s->n / 2, length = (ptrdiff_t)s->out.frames;
    ptrdiff_t from = at < 0 ? -at : 0, end = at + s->n > length ? length - at : s->n;
    size_t channels = (size_t)s->in->channels;
    memset(to, 0, (size_t)s->n * sizeof *to);
    const float *x = s->beside->data + channel;
    for (ptrdiff_t i = from; i < end; i++)
        to[i] = x[(size_t)(at + i) * channels];
}

static size_t row_of(const struct smear *s, size_t channel, size_t k)
{
    return (channel * FFT_BATCH + k) * ((size_t)s->n + 2);
}

static float *row_at(const struct smear *s, size_t channel, size_t k)
{
    return s->row + row_of(s, channel, k);
}

/* Spectra of `count` steps, of all channels. */
static void analyse(struct smear *s, size_t first, size_t count, float *rows,
                    void read(const struct smear *, size_t, size_t, float *))
{
    size_t row = (size_t)s->n + 2;
    for (size_t c = 0; c < (size_t)s->in->channels; c++) {
        for (size_t k = 0; k < FFT_BATCH; k++)
            if (k < count)
                read(s, first + k, c, rows + row_of(s, c, k));
            else
                memset(rows + row_of(s, c, k), 0, row * sizeof *rows);
        float *own = rows + row_of(s, c, 0);
        fft_batch_forward(s->fft, own, row, own, row);
    }
}

/* Of row k: a phase for each bin, and one for all of a held partial. */
static void draw_turns(struct smear *s, size_t step, size_t k, struct rng *r)
{
    size_t row = (size_t)s->n + 2, bins = row / 2, left = s->steps - step;
    for (size_t i = 0; i < bins; i++)
        s->phase[i] = (uint16_t)(rng_u64(r) >> 52); /* of PARTIALS_CIRCLE */
    struct partials_step p = {.now = row_at(s, 0, k),
                              .before = k ? row_at(s, 0, k - 1) : s->before,
                              .now_apart = FFT_BATCH * row,
                              .before_apart = k ? FFT_BATCH * row : row,
                              .channels = (size_t)s->in->channels,
                              .n = s->n};
    if (step) {
        p.hop_in = (double)(window_start(s, step) - window_start(s, step - 1));
        p.hop_out = (double)(place_out(s, step) - place_out(s, step - 1));
    }
    if (s->mate) {
        p.mate = s->mate + row_of(s, 0, k);
    } else if ((double)left < closing * (double)s->steps) {
        p.left = left;
        p.left_in = (double)(window_start(s, s->steps) - window_start(s, step));
        p.left_out = (double)(place_out(s, s->steps) - place_out(s, step));
    }
    if (s->partials)
        partials_follow(s->partials, &p, s->phase, s->angle);
    float *turn = s->turn + k * row;
    for (size_t i = 0; i < bins; i++)
        if (s->partials && !isnan(s->angle[i])) {
            bool same = i > 0 && s->angle[i] == s->angle[i - 1];
            turn[2 * i] = same ? turn[2 * i - 2] : in_step * (float)cos(s->angle[i]);
            turn[2 * i + 1] = same ? turn[2 * i - 1] : in_step * (float)sin(s->angle[i]);
        } else
            memcpy(turn + 2 * i, s->points + 2 * (size_t)s->phase[i], 2 * sizeof *turn);
}

static void turn_bins(float *spectrum, const float *turn, size_t bins)
{
    for (size_t k = 0; k < bins; k++) {
        float re = spectrum[2 * k], im = spectrum[2 * k + 1];
        spectrum[2 * k] = re * turn[2 * k] - im * turn[2 * k + 1];
        spectrum[2 * k + 1] = re * turn[2 * k + 1] + im * turn[2 * k];
    }
}

/* Up to FFT_BATCH steps. The channels' spectra are turned alike, so the stereo image is
 * kept. */
static void smear_steps(struct smear *s, size_t first, size_t count, struct rng *r)
{
    size_t row = (size_t)s->n + 2, channels = (size_t)s->in->channels;
    analyse(s, first, count, s->row, read_window);
    if (s->mate)
        analyse(s, first, count, s->mate, read_mate);
    for (size_t k = 0; k < count; k++)
        draw_turns(s, first + k, k, r);
    for (size_t c = 0; c < channels; c++) {
        memcpy(s->before + c * row, row_at(s, c, count - 1), row * sizeof *s->before);
        for (size_t k = 0; k < count; k++)
            turn_bins(row_at(s, c, k), s->turn + k * row, row / 2);
        fft_batch_inverse(s->fft, row_at(s, c, 0), row, row_at(s, c, 0), row);
        for (size_t k = 0; k < count; k++)
            circle_add(&s->out, c, place_out(s, first + k) - s->n / 2, row_at(s, c, k));
    }
}

/* Partials that beat or tremble agree less than in_step expects, by up to 3 dB. All of
 * the loop was heeded alike, and so it has to be as loud as it was. */
static void restore_level(struct audio *to, const struct audio *from)
{
    double gain = level_rms(from) / level_rms(to);
    if (gain > 0.5 && gain < 2)
        level_gain(to, gain);
}

enum status stretch_smear(struct audio *to, const struct audio *from, size_t frames,
                          const struct smear_spec *spec, struct rng *r, struct err *e)
{
    *to = (struct audio){0};
    if (!frames)
        return err_set(e, ST_USAGE, "a sound cannot be smeared to nothing");
    if (!from->frames)
        return audio_init(to, frames, from->channels, from->rate_hz, e);
    struct smear s;
    enum status st = smear_init(&s, from, frames, spec, e);
    if (st == ST_OK)
        st = audio_init(to, frames, from->channels, from->rate_hz, e);
    if (st == ST_OK) {
        size_t channels = (size_t)from->channels;
        for (size_t step = 0; step < s.steps; step += FFT_BATCH) {
            size_t left = s.steps - step;
            smear_steps(&s, step, left < FFT_BATCH ? left : FFT_BATCH, r);
        }
        /* Frames of random phase add in power; the analysis window took 3/8 of it. */
        float *weight = s.out.weight;
        for (size_t i = 0; i < frames; i++)
            weight[i] = 1.0f / sqrtf(0.375f * weight[i] + 1e-9f);
        for (size_t c = 0; c < channels; c++)
            for (size_t i = 0; i < frames; i++)
                to->data[i * channels + c] = s.out.sum[c * frames + i] * weight[i];
        if (s.partials)
            restore_level(to, from);
    }
    smear_done(&s);
    return st;
}
