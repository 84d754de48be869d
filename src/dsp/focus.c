#include "dsp/focus.h"

#include "dsp/circle.h"
#include "dsp/fft.h"
#include "dsp/fft_batch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OVERLAP = 2 };
static const int frame_44k1[FOCUS_WINDOWS] = {8192, 4096, 2048};
static const double first_hz = 250; /* where the second band begins */
static const double moved = 0.25;   /* octaves, so that no partial lies on an edge */
static const double around_hz = 80; /* an edge, where little is to sound */
/* A shorter window may be so much less sharp: steady tones are by half. */
static const double sharp_enough = 0.75;

/* Of a bin, all the loop long. */
struct content {
    double magnitude, power;
};

struct viewer {
    const struct audio *loop;
    int n, bins;
    size_t steps;
    struct fft_batch *fft;
    float *frames; /* FFT_BATCH of n values */
    float *one;    /* FFT_BATCH power spectra side by side, of a channel */
    float *all;    /* of all channels */
    struct content *bin;
};

static enum status viewer_init(struct viewer *v, const struct audio *loop, int n,
                               struct err *e)
{
    *v = (struct viewer){.loop = loop, .n = n, .bins = n / 2 + 1};
    size_t bins = (size_t)v->bins;
    v->steps = loop->frames / ((size_t)n / OVERLAP) + 1;
    v->fft = fft_batch_hann(n);
    v->frames = malloc(FFT_BATCH * (size_t)n * sizeof *v->frames);
    v->one = malloc(FFT_BATCH * bins * sizeof *v->one);
    v->all = malloc(FFT_BATCH * bins * sizeof *v->all);
    v->bin = calloc(bins, sizeof *v->bin);
    if (!v->fft || !v->frames || !v->one || !v->all || !v->bin)
        return err_set(e, ST_NO_MEMORY, "no memory to look at a loop");
    return ST_OK;
}

static void viewer_done(struct viewer *v)
{
    fft_batch_free(v->fft);
    free(v->frames);
    free(v->one);
    free(v->all);
    free(v->bin);
}

/* Power spectra of `count` steps, of all channels. */
static void view(struct viewer *v, size_t first, size_t count)
{
    const float *row[FFT_BATCH];
    size_t n = (size_t)v->n, values = FFT_BATCH * (size_t)v->bins;
    memset(v->all, 0, values * sizeof *v->all);
    for (size_t c = 0; c < (size_t)v->loop->channels; c++) {
        for (size_t k = 0; k < FFT_BATCH; k++)
            row[k] = v->frames + (k < count ? k : 0) * n;
        for (size_t k = 0; k < count; k++) {
            size_t at = (first + k) * v->loop->frames / v->steps;
            circle_read(v->loop, c, (ptrdiff_t)at, n, v->frames + k * n);
        }
        fft_batch_power_of(v->fft, row, v->one);
        for (size_t i = 0; i < values; i++)
            v->all[i] += v->one[i];
    }
}

/* All of the loop. Every window sees as many values of it, so that sharpness compares. */
static void look(struct viewer *v)
{
    for (size_t step = 0; step < v->steps; step += FFT_BATCH) {
        size_t count = v->steps - step < FFT_BATCH ? v->steps - step : FFT_BATCH;
        view(v, step, count);
        for (int k = 0; k < v->bins; k++)
            for (size_t i = 0; i < count; i++) {
                float power = v->all[FFT_BATCH * (size_t)k + i];
                v->bin[k].power += (double)power;
                v->bin[k].magnitude += (double)sqrtf(power);
            }
    }
}

static int bin_at(const struct viewer *v, double hz)
{
    return (int)fmin(v->bins, hz * v->n / v->loop->rate_hz);
}

static struct content content_of(const struct viewer *v, double from_hz, double to_hz)
{
    struct content sum = {0};
    for (int k = bin_at(v, from_hz); k < bin_at(v, to_hz); k++) {
        sum.magnitude += v->bin[k].magnitude;
        sum.power += v->bin[k].power;
    }
    return sum;
}

/* Phases differ from window to window: a partial that two share fades. */
static void lay_edges(struct focus *f, const struct viewer *v)
{
    for (int b = 0; b + 1 < FOCUS_BANDS; b++) {
        double middle = first_hz * exp2(b), step = (double)f->rate_hz / v->n;
        double least = (double)INFINITY;
        for (double hz = middle * exp2(-moved); hz < middle * exp2(moved); hz += step) {
            double here = content_of(v, hz - 0.5 * around_hz, hz + 0.5 * around_hz).power;
            if (here < least) {
                least = here;
                f->edge_hz[b] = hz;
            }
        }
    }
}

enum status focus_find(struct focus *f, const struct audio *loop, struct err *e)
{
    double best[FOCUS_BANDS] = {0};
    enum status st = ST_OK;
    *f = (struct focus){.rate_hz = loop->rate_hz};
    for (int w = 0; w < FOCUS_WINDOWS && st == ST_OK; w++) {
        struct viewer v;
        f->n[w] = fft_size_at(frame_44k1[w], loop->rate_hz);
        st = viewer_init(&v, loop, f->n[w], e);
        if (st == ST_OK)
            look(&v);
        if (st == ST_OK && w == 0)
            lay_edges(f, &v);
        for (int b = 1; b < FOCUS_BANDS && st == ST_OK; b++) {
            double end = b + 1 < FOCUS_BANDS ? f->edge_hz[b] : loop->rate_hz;
            struct content c = content_of(&v, f->edge_hz[b - 1], end);
            double sharp = c.power / (c.magnitude * c.magnitude + 1e-30);
            if (sharp > sharp_enough * best[b])
                f->window[b] = w;
            best[b] = fmax(best[b], sharp);
        }
        viewer_done(&v);
    }
    return st;
}

bool focus_share(const struct focus *f, int window, float *share)
{
    bool any = false;
    int band = 0;
    for (int k = 0; k <= f->n[window] / 2; k++) {
        double hz = (double)k * f->rate_hz / f->n[window];
        while (band + 1 < FOCUS_BANDS && hz >= f->edge_hz[band])
            band++;
        share[k] = f->window[band] == window ? 1.0f : 0.0f;
        any |= share[k] > 0;
    }
    return any;
}
