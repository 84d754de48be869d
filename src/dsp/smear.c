/* The spectral smear of stretch.h: magnitudes of long windows, phases by chance. */
#include "dsp/fft.h"
#include "dsp/stretch.h"
#include "dsp/window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double two_pi = 6.283185307179586477;
enum { OVERLAP = 4, WINDOW_LEAST = 64, PHASES = 4096 };

struct smear {
    const struct audio *in;
    size_t frames_out, steps;
    bool loop;
    int n;
    struct rfft *fft;
    float *window, *frame, *spectrum, *phase, *sum, *weight;
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
    s->fft = rfft_new(s->n);
    s->window = malloc(n * sizeof *s->window);
    s->frame = malloc(n * sizeof *s->frame);
    s->spectrum = malloc((n + 2) * sizeof *s->spectrum);
    s->phase = malloc((n + 2) * sizeof *s->phase);
    s->circle = malloc(2 * PHASES * sizeof *s->circle);
    s->sum = calloc(frames * channels, sizeof *s->sum);
    s->weight = calloc(frames, sizeof *s->weight);
    if (!s->fft || !s->window || !s->frame || !s->spectrum || !s->phase || !s->sum ||
        !s->weight || !s->circle)
        return err_set(e, ST_NO_MEMORY, "no memory to smear to %zu frames", frames);
    window_hann(s->window, s->n);
    for (int i = 0; i < PHASES; i++) {
        s->circle[2 * i] = (float)cos(two_pi * i / PHASES);
        s->circle[2 * i + 1] = (float)sin(two_pi * i / PHASES);
    }
    return ST_OK;
}

static void smear_done(struct smear *s)
{
    rfft_free(s->fft);
    free(s->window);
    free(s->frame);
    free(s->spectrum);
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

static void read_window(struct smear *s, ptrdiff_t first, size_t channel)
{
    ptrdiff_t length = (ptrdiff_t)s->in->frames;
    for (int i = 0; i < s->n; i++) {
        ptrdiff_t at = first + i;
        if (s->loop)
            at = (at % length + length) % length;
        float x = at < length
                      ? s->in->data[(size_t)at * (size_t)s->in->channels + channel]
                      : 0.0f;
        s->frame[i] = isfinite(x) ? x * s->window[i] : 0.0f;
    }
}

static void draw_phases(struct smear *s, struct rng *r)
{
    for (int k = 0; k <= s->n / 2; k++) {
        size_t at = (size_t)(rng_u64(r) >> 52); /* of PHASES */
        s->phase[2 * k] = s->circle[2 * at];
        s->phase[2 * k + 1] = s->circle[2 * at + 1];
    }
}

static void write_window(struct smear *s, ptrdiff_t first, size_t channel)
{
    ptrdiff_t length = (ptrdiff_t)s->frames_out;
    size_t channels = (size_t)s->in->channels;
    for (int i = 0; i < s->n; i++) {
        ptrdiff_t at = first + i;
        if (s->loop)
            at = (at % length + length) % length;
        else if (at < 0 || at >= length)
            continue;
        s->sum[(size_t)at * channels + channel] += s->frame[i] * s->window[i];
        if (channel == 0)
            s->weight[at] += s->window[i] * s->window[i];
    }
}

/* The channels' spectra are turned alike, so the stereo image is kept. */
static void smear_step(struct smear *s, size_t step, struct rng *r)
{
    ptrdiff_t from = window_start(s, step);
    double part = (double)step / (double)s->steps;
    ptrdiff_t to = (ptrdiff_t)rint(part * (double)s->frames_out) - s->n / 2;
    draw_phases(s, r);
    for (size_t c = 0; c < (size_t)s->in->channels; c++) {
        read_window(s, from, c);
        rfft_forward(s->fft, s->frame, s->spectrum);
        for (int k = 0; k <= s->n / 2; k++) {
            float re = s->spectrum[2 * k], im = s->spectrum[2 * k + 1];
            float x = s->phase[2 * k], y = s->phase[2 * k + 1];
            s->spectrum[2 * k] = re * x - im * y;
            s->spectrum[2 * k + 1] = re * y + im * x;
        }
        rfft_inverse(s->fft, s->spectrum, s->frame);
        write_window(s, to, c);
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
        for (size_t step = 0; step < s.steps + (loop ? 0 : 1); step++)
            smear_step(&s, step, r);
        /* Frames of random phase add in power; the analysis window took 3/8 of it. */
        size_t channels = (size_t)from->channels;
        for (size_t i = 0; i < frames; i++)
            for (size_t c = 0; c < channels; c++)
                to->data[i * channels + c] =
                    s.sum[i * channels + c] / sqrtf(0.375f * s.weight[i] + 1e-9f);
    }
    smear_done(&s);
    return st;
}
