#include "dsp/drum_frames.h"

#include "dsp/fft.h"
#include "dsp/fft_batch.h"
#include "dsp/line.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double HIGHEST_HZ = 20000; /* the same sound at any rate */
static const double HOP_S = 256.0 / 44100;
const double drum_segment_s[DRUM_SEGMENTS + 1] = {0, 0.030, 0.120};
static const double moment_s[DRUM_MOMENTS + 1] = {
    0, 0.006, 0.012, 0.024, 0.048, 0.090, 0.160, 0.260, 0.400, 0.620, 1.0};

const double drum_time_s[DRUM_TIMES + 1] = {0, 0.02, 0.06, 0.15, 0.4};
static const double band_hz[DRUM_BANDS + 1] = {30,   80,   160,  400,  1000,
                                               2500, 5000, 9000, 20000};

enum { FRAMES_MAX = 64 }; /* in a second there are some forty */

struct drum_frames {
    int rate_hz, size, bins;
    struct fft_batch *fft;
    const struct mfcc *mel;
    v8f *sum;      /* of own power, a row of bins for each segment, lanes apart */
    float *frames; /* eight, one after the other */
    float *power;  /* of the eight, as fft_batch leaves them */
    double *shape[DRUM_SEGMENTS], *background; /* a row of bins each */
    int frames_of[DRUM_SEGMENTS];
    signed char *band_of; /* per bin, −1: none */
};

/* Where a frame begins in the sound, and what its power is counted for, or −1. */
struct frame {
    long first;
    int segment, moment, time;
};

struct sound {
    const float *x;
    size_t n;
};

int drum_frames_size(int rate_hz)
{
    return fft_size_at(1024, rate_hz);
}

static int place_of(const double *edge, int count, double t)
{
    for (int i = 0; i < count; i++)
        if (t >= edge[i] && t < edge[i + 1])
            return i;
    return -1;
}

struct drum_frames *drum_frames_new(int rate_hz, const struct mfcc *mel)
{
    struct drum_frames *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->rate_hz = rate_hz;
    d->mel = mel;
    d->size = drum_frames_size(rate_hz);
    int heard = (int)(HIGHEST_HZ * d->size / rate_hz) + 1;
    d->bins = d->size / 2 + 1 < heard ? d->size / 2 + 1 : heard;
    size_t size = (size_t)d->size, bins = size / 2 + 1;
    d->fft = fft_batch_hann(d->size);
    d->frames = malloc(FFT_BATCH * size * sizeof *d->frames);
    d->power = malloc(FFT_BATCH * bins * sizeof *d->power);
    d->sum = aligned_alloc(64, (DRUM_SEGMENTS * bins + 1) / 2 * 2 * sizeof *d->sum);
    d->shape[0] = malloc((DRUM_SEGMENTS + 1) * bins * sizeof *d->shape[0]);
    d->band_of = malloc(bins);
    if (!(d->fft && d->frames && d->power && d->sum && d->shape[0] && d->band_of)) {
        drum_frames_free(d);
        return NULL;
    }
    for (int k = 1; k < DRUM_SEGMENTS; k++)
        d->shape[k] = d->shape[0] + k * d->bins;
    for (int k = 0; k < d->bins; k++)
        d->band_of[k] =
            (signed char)place_of(band_hz, DRUM_BANDS, (double)k * rate_hz / d->size);
    d->background = d->shape[0] + DRUM_SEGMENTS * d->bins;
    return d;
}

void drum_frames_free(struct drum_frames *d)
{
    if (!d)
        return;
    fft_batch_free(d->fft);
    free(d->frames);
    free(d->power);
    free(d->sum);
    free(d->shape[0]);
    free(d->band_of);
    free(d);
}

/* Which lanes count for which segment, and what they have in each band. */
struct lanes {
    v8f mask[DRUM_SEGMENTS];
    int any;
    v8f band[DRUM_BANDS + 1]; /* the first for bins of no band */
};

/* Leaves in `power` what the frames have of each bin beyond what sounded before. */
VEC_INLINE void keep_own(struct drum_frames *d, struct lanes *lanes)
{
    for (int k = 1; k < d->bins; k++) {
        v8f whole = VEC_CONST_AT(d->power + VEC * k);
        v8f own = whole - (float)d->background[k];
        v8f kept = whole * (float)DRUM_KEPT_SHARE;
        vec_max(&own, &kept);
        VEC_AT(d->power + VEC * k) = own;
        lanes->band[d->band_of[k] + 1] += own;
        if (lanes->any)
            for (int i = 0; i < DRUM_SEGMENTS; i++)
                d->sum[i * d->bins + k] += own * lanes->mask[i];
    }
}

VEC_CLONES(run_keep, keep_own, (struct drum_frames * d, struct lanes *lanes), (d, lanes))

/* Where it lies in the sound, or if it reaches beyond that, at `room` with silence. */
static const float *frame_at(const struct sound *s, long first, size_t size, float *room)
{
    if (first >= 0 && (size_t)first + size <= s->n)
        return s->x + first;
    line_part(s->x, s->n, first, size, room);
    return room;
}

/* Leaves the spectra of these frames in d->power, and in the lanes behind them that of
 * the frame at `last` or, without one, any. */
static void transform(struct drum_frames *d, const struct sound *s, const struct frame *f,
                      int count, const float *last)
{
    const float *row[FFT_BATCH];
    size_t size = (size_t)d->size;
    for (int i = 0; i < count; i++)
        row[i] = frame_at(s, f[i].first, size, d->frames + (size_t)i * size);
    for (int i = count; i < FFT_BATCH; i++)
        row[i] = last ? last : row[0];
    fft_batch_power_of(d->fft, row, d->power);
}

/* What d->power holds of these frames. */
static void count_frames(struct drum_frames *d, const struct frame *f, int count,
                         struct drum_view *view)
{
    struct lanes lanes = {.any = 0};
    for (int i = 0; i < count; i++) {
        if (f[i].segment < 0)
            continue;
        lanes.mask[f[i].segment][i] = 1;
        lanes.any = 1;
        d->frames_of[f[i].segment]++;
    }
    run_keep(d, &lanes);
    float mel[FFT_BATCH * DRUM_MEL];
    mfcc_mel_eight(d->mel, d->power, mel);
    for (int i = 0; i < count; i++) {
        for (int b = 0; b < DRUM_MEL; b++)
            view->picture[f[i].moment][b] += (double)mel[FFT_BATCH * b + i];
        view->frames_at[f[i].moment]++;
        if (f[i].time < 0)
            continue;
        for (int b = 0; b < DRUM_BANDS; b++)
            view->band[f[i].time][b] += (double)lanes.band[b + 1][i];
        view->frames_in[f[i].time]++;
    }
}

static double step_at(const struct drum_frames *d, double at)
{
    double t = at / d->rate_hz;
    return HOP_S * d->rate_hz * (t < 0.0465 ? 1 : t < 0.165 ? 2 : t < 0.4 ? 4 : 8);
}

/* Where the frames of the sound begin, in order; returns how many. */
static int list_frames(const struct drum_frames *d, const struct sound *s,
                       struct frame f[FRAMES_MAX])
{
    int count = 0;
    for (double at = 0, step; at == 0 || at + 0.5 * step_at(d, at) < (double)s->n;
         at += step) {
        step = step_at(d, at);
        long centre = lround(at + 0.5 * step);
        double t = (double)centre / d->rate_hz;
        f[count] = (struct frame){
            centre - d->size / 2, place_of(drum_segment_s, DRUM_SEGMENTS, t),
            place_of(moment_s, DRUM_MOMENTS, t), place_of(drum_time_s, DRUM_TIMES, t)};
        if (f[count].moment < 0 || ++count == FRAMES_MAX)
            break; /* and all after it */
    }
    return count;
}

/* `before`: the frame that ends where the sound begins, or NULL. What it has is needed
 * before any other is counted, so that the last frames, which leave it a lane, come
 * first. */
static void look_at_all(struct drum_frames *d, const struct sound *s, const float *before,
                        struct drum_view *view)
{
    struct frame f[FRAMES_MAX];
    int count = list_frames(d, s, f), rest = count % FFT_BATCH;
    if (before || rest)
        transform(d, s, f + count - rest, rest, before);
    for (int k = 0; before && k < d->bins; k++)
        d->background[k] = (double)d->power[k * FFT_BATCH + rest];
    if (rest)
        count_frames(d, f + count - rest, rest, view);
    for (int i = 0; i + FFT_BATCH <= count; i += FFT_BATCH) {
        transform(d, s, f + i, FFT_BATCH, NULL);
        count_frames(d, f + i, FFT_BATCH, view);
    }
}

void drum_frames_look(struct drum_frames *d, const float *x, size_t n, const float *lead,
                      size_t lead_frames, struct drum_view *view)
{
    size_t bins = (size_t)d->bins;
    *view = (struct drum_view){.bins = d->bins, .bin_hz = (double)d->rate_hz / d->size};
    memset(d->shape[0], 0, (DRUM_SEGMENTS + 1) * bins * sizeof *d->shape[0]);
    memset(d->sum, 0, DRUM_SEGMENTS * bins * sizeof *d->sum);
    memset(d->frames_of, 0, sizeof d->frames_of);
    size_t size = (size_t)d->size;
    const float *before = lead_frames < size ? NULL : lead + lead_frames - size;
    if (before)
        view->background_level = line_square_sum(before, size) / (double)size;
    look_at_all(d, &(struct sound){x, n}, before, view);
    for (int t = 0; t < DRUM_MOMENTS; t++)
        for (int b = 0; b < DRUM_MEL && view->frames_at[t]; b++)
            view->picture[t][b] /= view->frames_at[t];
    for (int t = 0; t < DRUM_TIMES; t++)
        for (int b = 0; b < DRUM_BANDS && view->frames_in[t]; b++)
            view->band[t][b] /= view->frames_in[t];
    for (int i = 0; i < DRUM_SEGMENTS; i++) {
        view->shape[i] = d->shape[i];
        if (i > 0 && d->frames_of[i] == 0) { /* too short to have a body */
            memcpy(d->shape[i], d->shape[i - 1], bins * sizeof *d->shape[i]);
            continue;
        }
        for (int k = 0; k < d->bins; k++)
            d->shape[i][k] = vec_sum(&d->sum[i * d->bins + k]) / d->frames_of[i];
    }
}
