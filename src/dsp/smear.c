/* The spectral smear of stretch.h: magnitudes of long windows, phases by chance. */
#include "dsp/fft.h"
#include "dsp/fft_batch.h"
#include "dsp/stretch.h"
#include "dsp/window.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const double two_pi = 6.283185307179586477;
enum { OVERLAP = 4, WINDOW_LEAST = 64, PHASES = 4096 };

struct smear {
    const struct audio *in;
    size_t frames_out, steps;
    bool loop;
    int n;
    struct fft_batch *fft;
    float *window;
    float *row;      /* FFT_BATCH windows or spectra, n + 2 each */
    uint16_t *phase; /* FFT_BATCH × (n/2 + 1), of PHASES */
    float *sum;      /* planar */
    float *weight;
    float *circle; /* PHASES points of the unit circle: re, im */
};

static int window_size(const struct audio *in, double window_s, bool loop)
{
    double s = window_s > 0.1 ? fmin(window_s, 0.5) : 0.1;
    int n = fft_next_fast((int)(s * in->rate_hz));
    while (!loop && (size_t)n > in->frames && n > WINDOW_LEAST)
        n = fft_next_fast(n / 2);
    return n < WINDOW_LEAST ? WINDOW_LEAST : n;
}

static enum status smear_init(struct smear *s, const struct audio *in, size_t frames,
                              double window_s, bool loop, struct err *e)
{
    *s = (struct smear){.in = in, .frames_out = frames, .loop = loop};
    s->n = window_size(in, window_s, loop);
    size_t n = (size_t)s->n, channels = (size_t)in->channels;
    s->steps = frames / (n / OVERLAP) + 1;
    s->window = malloc(n * sizeof *s->window);
    s->row = malloc(FFT_BATCH * (n + 2) * sizeof *s->row);
    s->phase = malloc(FFT_BATCH * (n / 2 + 1) * sizeof *s->phase);
    s->circle = malloc(2 * PHASES * sizeof *s->circle);
    s->sum = calloc(frames * channels, sizeof *s->sum);
    s->weight = calloc(frames, sizeof *s->weight);
    if (s->window) {
        window_hann(s->window, s->n);
        s->fft = fft_batch_new(s->n, s->window);
    }
    if (!s->fft || !s->row || !s->phase || !s->sum || !s->weight || !s->circle)
        return err_set(e, ST_NO_MEMORY, "no memory to smear to %zu frames", frames);
    for (int i = 0; i < PHASES; i++) {
        s->circle[2 * i] = (float)cos(two_pi * i / PHASES);
        s->circle[2 * i + 1] = (float)sin(two_pi * i / PHASES);
    }
    return ST_OK;
}

static void smear_done(struct smear *s)
{
    fft_batch_free(s->fft);
    free(s->window);
    free(s->row);
    free(s->phase);
    free(s->circle);
    free(s->sum);
    free(s->weight);
}

/* First input frame of a step's window: around the circle, or sliding from the first
 * whole window to the last. */
static ptrdiff_t window_start(const struct smear *s, size_t step)
{
    double part = (double)step / (double)s->steps, length = (double)s->in->frames;
    if (s->loop)
        return (ptrdiff_t)rint(part * length) - s->n / 2;
    return (ptrdiff_t)rint(part * fmax(0, length - s->n));
}

static void read_window(const struct smear *s, size_t step, size_t channel, float *to)
{
    size_t length = s->in->frames, channels = (size_t)s->in->channels;
    ptrdiff_t first = window_start(s, step), around = (ptrdiff_t)length;
    size_t at = (size_t)(s->loop ? (first % around + around) % around : first);
    for (size_t i = 0; i < (size_t)s->n; i++) {
        float x = at < length ? s->in->data[at * channels + channel] : 0.0f;
        to[i] = isfinite(x) ? x : 0.0f;
        if (++at == length && s->loop)
            at = 0;
    }
}

static void draw_phases(uint16_t *phase, size_t bins, struct rng *r)
{
    for (size_t k = 0; k < bins; k++)
        phase[k] = (uint16_t)(rng_u64(r) >> 52); /* of PHASES */
}

static void turn(const struct smear *s, float *spectrum, const uint16_t *phase)
{
    for (size_t k = 0; k <= (size_t)s->n / 2; k++) {
        const float *z = s->circle + 2 * (size_t)phase[k];
        float re = spectrum[2 * k], im = spectrum[2 * k + 1];
        spectrum[2 * k] = re * z[0] - im * z[1];
        spectrum[2 * k + 1] = re * z[1] + im * z[0];
    }
}

static void write_window(struct smear *s, size_t step, size_t channel, const float *row)
{
    double part = (double)step / (double)s->steps;
    ptrdiff_t length = (ptrdiff_t)s->frames_out, to = s->n, from = 0;
    ptrdiff_t at = (ptrdiff_t)rint(part * (double)s->frames_out) - s->n / 2;
    if (!s->loop) {
        from = at < 0 ? -at : 0;
        to = at + to > length ? length - at : to;
    }
    at = ((at + from) % length + length) % length;
    float *sum = s->sum + channel * s->frames_out;
    for (ptrdiff_t i = from; i < to; at = 0) {
        ptrdiff_t run = to - i < length - at ? to - i : length - at;
        for (ptrdiff_t k = 0; k < run; k++)
            sum[at + k] += row[i + k] * s->window[i + k];
        for (ptrdiff_t k = 0; channel == 0 && k < run; k++)
            s->weight[at + k] += s->window[i + k] * s->window[i + k];
        i += run;
    }
}

/* Up to FFT_BATCH steps. The channels' spectra are turned alike, so the stereo image is
 * kept. */
static void smear_steps(struct smear *s, size_t first, size_t count, struct rng *r)
{
    size_t row = (size_t)s->n + 2, bins = (size_t)s->n / 2 + 1;
    for (size_t k = 0; k < count; k++)
        draw_phases(s->phase + k * bins, bins, r);
    for (size_t c = 0; c < (size_t)s->in->channels; c++) {
        for (size_t k = 0; k < FFT_BATCH; k++)
            if (k < count)
                read_window(s, first + k, c, s->row + k * row);
            else
                memset(s->row + k * row, 0, row * sizeof *s->row);
        fft_batch_forward(s->fft, s->row, row, s->row, row);
        for (size_t k = 0; k < count; k++)
            turn(s, s->row + k * row, s->phase + k * bins);
        fft_batch_inverse(s->fft, s->row, row, s->row, row);
        for (size_t k = 0; k < count; k++)
            write_window(s, first + k, c, s->row + k * row);
    }
}

enum status stretch_smear(struct audio *to, const struct audio *from, size_t frames,
                          double window_s, bool loop, struct rng *r, struct err *e)
{
    *to = (struct audio){0};
    if (!frames)
        return err_set(e, ST_USAGE, "a sound cannot be smeared to nothing");
    if (!from->frames)
        return audio_init(to, frames, from->channels, from->rate_hz, e);
    struct smear s;
    enum status st = smear_init(&s, from, frames, window_s, loop, e);
    if (st == ST_OK)
        st = audio_init(to, frames, from->channels, from->rate_hz, e);
    if (st == ST_OK) {
        size_t steps = s.steps + (loop ? 0 : 1), channels = (size_t)from->channels;
        for (size_t step = 0; step < steps; step += FFT_BATCH)
            smear_steps(&s, step, steps - step < FFT_BATCH ? steps - step : FFT_BATCH, r);
        /* Frames of random phase add in power; the analysis window took 3/8 of it. */
        for (size_t i = 0; i < frames; i++)
            s.weight[i] = 1.0f / sqrtf(0.375f * s.weight[i] + 1e-9f);
        for (size_t c = 0; c < channels; c++)
            for (size_t i = 0; i < frames; i++)
                to->data[i * channels + c] = s.sum[c * frames + i] * s.weight[i];
    }
    smear_done(&s);
    return st;
}
