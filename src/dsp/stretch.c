#include "dsp/stretch.h"

#include "core/array.h"
#include "dsp/circle.h"
#include "dsp/colour.h"
#include "dsp/fft.h"
#include "dsp/fft_batch.h"
#include "dsp/focus.h"
#include "dsp/line.h"
#include "dsp/partials.h"
#include "dsp/resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OVERLAP = 4, PEAK_REACH = 2, EDGE = 8 };
static const double smear_from = 4.0, smear_window_s = 0.25;
static const double attack_s = 0.004; /* from its start to where it is found */
static const double part_s = 0.003;   /* in which frames that part there fade */

/* Of a step's frame, what lies on its own side of what is struck, and where its middle
 * goes. */
struct side {
    size_t first, end;
    ptrdiff_t to;
};

/* A peak and the bins that turn with it: first … the next region's first − 1. */
struct region {
    int first, peak;
    double turn; /* radians, kept within ±π */
};

struct vocoder {
    const struct audio *in;
    struct circle out;
    size_t steps; /* frames of the STFT, less one */
    int n, bins;
    int first, end; /* the bins that are its to render, and EDGE more on either side */
    size_t channels;
    struct fft_batch *fft;
    float *row;    /* of each channel FFT_BATCH steps: frames or spectra, n + 2 each */
    float *before; /* spectra of the step before these, a row of each channel */
    float *power;  /* bins + 2 × PEAK_REACH, zeros at both sides */
    float *share;  /* of each bin that is its to render */
    double *turn;  /* of the frame before, per bin */
    unsigned char *reset; /* per step: a transient lies there */
    struct side *side;    /* per step */
    /* Of all steps, for the second round. */
    struct region *region;
    size_t region_count, region_room;
    size_t *region_start; /* per step */
};

static size_t place(const struct vocoder *v, size_t step, size_t length)
{
    return (size_t)(((double)step * (double)length) / (double)v->steps + 0.5);
}

static enum status vocoder_init(struct vocoder *v, const struct audio *in, int window,
                                size_t frames, struct err *e)
{
    *v = (struct vocoder){.in = in, .n = window, .bins = window / 2 + 1};
    v->channels = (size_t)in->channels;
    size_t n = (size_t)v->n, longest = frames > in->frames ? frames : in->frames;
    v->steps = longest / (n / OVERLAP) + 1;
    if (v->steps > in->frames)
        v->steps = in->frames;
    bool ready = circle_init(&v->out, frames, in->channels, v->n);
    if (ready)
        v->fft = fft_batch_new(v->n, v->out.window);
    v->row = malloc(v->channels * FFT_BATCH * (n + 2) * sizeof *v->row);
    v->before = malloc(v->channels * (n + 2) * sizeof *v->before);
    v->power = calloc((size_t)v->bins + 2 * PEAK_REACH, sizeof *v->power);
    v->share = malloc((size_t)v->bins * sizeof *v->share);
    v->turn = calloc((size_t)v->bins, sizeof *v->turn);
    v->reset = calloc(v->steps + 1, sizeof *v->reset);
    v->side = malloc((v->steps + 1) * sizeof *v->side);
    v->region_start = calloc(v->steps + 2, sizeof *v->region_start);
    if (!v->fft || !v->row || !v->before || !v->power || !v->share || !v->turn ||
        !v->reset || !v->side || !v->region_start)
        return err_set(e, ST_NO_MEMORY, "no memory to stretch to %zu frames", frames);
    for (size_t step = 0; step <= v->steps; step++)
        v->side[step] = (struct side){0, n, (ptrdiff_t)place(v, step, frames)};
    return ST_OK;
}

static void vocoder_done(struct vocoder *v)
{
    fft_batch_free(v->fft);
    circle_done(&v->out);
    free(v->row);
    free(v->before);
    free(v->power);
    free(v->share);
    free(v->turn);
    free(v->reset);
    free(v->side);
    free(v->region_start);
    free(v->region);
}

/* Row `k` of a channel. */
static float *row_at(const struct vocoder *v, size_t channel, size_t k)
{
    return v->row + (channel * FFT_BATCH + k) * ((size_t)v->n + 2);
}

/* The frame around a step's place in the input, not yet windowed. */
static void read_frame(const struct vocoder *v, size_t step, size_t channel, float *to)
{
    ptrdiff_t middle = (ptrdiff_t)place(v, step, v->in->frames);
    size_t n = (size_t)v->n;
    const struct side *s = &v->side[step];
    circle_read(v->in, channel, middle - v->n / 2, n, to);
    memset(to, 0, s->first * sizeof *to);
    memset(to + s->end, 0, (n - s->end) * sizeof *to);
}

/* Spectra of `count` steps, of all channels. */
static void analyse(struct vocoder *v, size_t first, size_t count)
{
    size_t row = (size_t)v->n + 2;
    for (size_t c = 0; c < v->channels; c++) {
        for (size_t k = 0; k < FFT_BATCH; k++)
            if (k < count)
                read_frame(v, first + k, c, row_at(v, c, k));
            else
                memset(row_at(v, c, k), 0, row * sizeof *v->row);
        fft_batch_forward(v->fft, row_at(v, c, 0), row, row_at(v, c, 0), row);
    }
}

/* Power of row k, summed over the channels. */
static void sum_power(struct vocoder *v, size_t k)
{
    float *power = v->power + PEAK_REACH;
    memset(power + v->first, 0, (size_t)(v->end - v->first) * sizeof *power);
    for (size_t c = 0; c < v->channels; c++) {
        const float *s = row_at(v, c, k);
        for (int i = v->first; i < v->end; i++)
            power[i] += s[2 * i] * s[2 * i] + s[2 * i + 1] * s[2 * i + 1];
    }
}

static enum status add_region(struct vocoder *v, int first, int peak, struct err *e)
{
    if (!array_grow(&v->region, &v->region_room, v->region_count + 1, sizeof *v->region))
        return err_set(e, ST_NO_MEMORY, "no memory to stretch a sound");
    v->region[v->region_count++] = (struct region){.first = first, .peak = peak};
    return ST_OK;
}

/* Peaks: maxima over ± PEAK_REACH bins. Their regions meet at the weakest bin between. */
static enum status find_regions(struct vocoder *v, struct err *e)
{
    const float *p = v->power + PEAK_REACH;
    int last = -1;
    for (int k = v->first; k < v->end; k++) {
        bool peak =
            p[k] > p[k - 1] && p[k] >= p[k + 1] && p[k] > p[k - 2] && p[k] >= p[k + 2];
        if (!peak)
            continue;
        int border = v->first;
        if (last >= 0) {
            border = last + 1;
            for (int i = border; i < k; i++)
                if (p[i] < p[border])
                    border = i;
        }
        enum status st = add_region(v, border, k, e);
        if (st != ST_OK)
            return st;
        last = k;
    }
    return last < 0 ? add_region(v, v->first, v->first, e) : ST_OK;
}

/* Regions and turns of the step in row k. The output's phase advances by frequency ×
 * output hop, the input's did by frequency × input hop: the difference is what the peak
 * turns. */
static enum status follow(struct vocoder *v, size_t step, size_t k, struct err *e)
{
    sum_power(v, k);
    v->region_start[step] = v->region_count;
    enum status st = find_regions(v, e);
    if (st != ST_OK)
        return st;
    v->region_start[step + 1] = v->region_count;
    bool fresh = step == 0 || v->reset[step];
    size_t row = (size_t)v->n + 2;
    struct partials_step p = {.now = row_at(v, 0, k),
                              .before = k ? row_at(v, 0, k - 1) : v->before,
                              .now_apart = FFT_BATCH * row,
                              .before_apart = k ? FFT_BATCH * row : row,
                              .channels = v->channels,
                              .n = v->n};
    if (step) {
        size_t in = v->in->frames;
        p.hop_in = (double)(place(v, step, in) - place(v, step - 1, in));
        p.hop_out = (double)(v->side[step].to - v->side[step - 1].to);
    }
    double more = p.hop_out - p.hop_in;
    for (size_t i = v->region_start[step]; i < v->region_count; i++) {
        struct region *r = &v->region[i];
        if (!fresh) {
            double turn = v->turn[r->peak] + more * partials_frequency(&p, r->peak);
            r->turn = partials_wrap(turn);
        }
    }
    for (size_t i = v->region_start[step]; i < v->region_count; i++) {
        int end = i + 1 < v->region_count ? v->region[i + 1].first : v->end;
        for (int bin = v->region[i].first; bin < end; bin++)
            v->turn[bin] = v->region[i].turn;
    }
    return ST_OK;
}

/* All rows; the last of them stays as what comes before the next. */
static enum status follow_all(struct vocoder *v, size_t first, size_t count,
                              struct err *e)
{
    size_t row = (size_t)v->n + 2;
    for (size_t k = 0; k < count; k++) {
        enum status st = follow(v, first + k, k, e);
        if (st != ST_OK)
            return st;
    }
    for (size_t c = 0; c < v->channels; c++)
        memcpy(v->before + c * row, row_at(v, c, count - 1), row * sizeof *v->before);
    return ST_OK;
}

static void turn_bins(float *s, const float *share, int first, int end, double turn)
{
    float c = (float)cos(turn), d = (float)sin(turn);
    for (int k = first; k < end; k++) {
        float re = share[k] * s[2 * k], im = share[k] * s[2 * k + 1];
        s[2 * k] = c * re - d * im;
        s[2 * k + 1] = c * im + d * re;
    }
}

/* Turn the regions of row k, less that share of what they are off by after a round. */
static void turn_row(struct vocoder *v, size_t step, size_t k, double share)
{
    size_t end = v->region_start[step + 1];
    for (size_t i = v->region_start[step]; i < end; i++) {
        const struct region *r = &v->region[i];
        int stop = i + 1 < end ? v->region[i + 1].first : v->end;
        double turn = r->turn - v->turn[r->peak] * share;
        for (size_t c = 0; c < v->channels; c++)
            turn_bins(row_at(v, c, k), v->share, r->first, stop, turn);
    }
    size_t above = (size_t)(v->bins - v->end);
    for (size_t c = 0; c < v->channels; c++) {
        float *s = row_at(v, c, k);
        memset(s, 0, 2 * (size_t)v->first * sizeof *s);
        memset(s + 2 * v->end, 0, 2 * above * sizeof *s);
    }
}

/* Add the frames of turned rows at their new places. */
static void render(struct vocoder *v, size_t first, size_t count)
{
    size_t row = (size_t)v->n + 2, fade = (size_t)(part_s * v->in->rate_hz);
    for (size_t c = 0; c < v->channels; c++) {
        fft_batch_inverse(v->fft, row_at(v, c, 0), row, row_at(v, c, 0), row);
        for (size_t k = 0; k < count; k++) {
            const struct side *s = &v->side[first + k];
            struct circle_part part = {s->first, s->end, fade};
            circle_add_part(&v->out, c, s->to - v->n / 2, row_at(v, c, k), part);
        }
    }
}

static size_t at_once(size_t first, size_t end)
{
    return end - first < FFT_BATCH ? end - first : FFT_BATCH;
}

/* Once round to see how far each peak's turn is off when the start comes again, then once
 * more with that excess taken back bit by bit: what closes the circle is at most half a
 * cycle a loop for each partial. After a reset only the rest is shared. */
static enum status run_circle(struct vocoder *v, struct err *e)
{
    enum status st = ST_OK;
    for (size_t step = 0; step <= v->steps && st == ST_OK; step += FFT_BATCH) {
        size_t count = at_once(step, v->steps + 1);
        analyse(v, step, count);
        st = follow_all(v, step, count, e);
    }
    size_t last_reset = 0;
    for (size_t step = 1; step < v->steps; step++)
        if (v->reset[step])
            last_reset = step;
    double span = (double)(v->steps - last_reset);
    for (size_t step = 0; step < v->steps && st == ST_OK; step += FFT_BATCH) {
        size_t count = at_once(step, v->steps);
        analyse(v, step, count);
        for (size_t k = 0; k < count; k++) {
            size_t past = step + k > last_reset ? step + k - last_reset : 0;
            turn_row(v, step + k, k, (double)past / span);
        }
        render(v, step, count);
    }
    return st;
}

/* Only the frame nearest to a stroke holds it: copies in those around would lie apart, as
 * they are moved. It goes where the stroke is due, the same in all windows. Those before
 * end where its attack begins, in the input and the output, and those behind begin where
 * it is over. */
static void part_frames(struct vocoder *v, double found)
{
    double frames = (double)v->in->frames;
    size_t step = (size_t)(found / frames * (double)v->steps + 0.5);
    bool again = step >= v->steps; /* the next round begins with it */
    step = again ? 0 : step;
    double begin = found - (again ? frames : 0), attack = attack_s * v->in->rate_hz;
    double stroke = begin - attack;
    double later = begin * ((double)v->out.frames / frames - 1);
    v->reset[step] = 1;
    v->side[step].to = (ptrdiff_t)rint((double)place(v, step, v->in->frames) + later);
    for (int round = -1; round <= 1; round++)
        for (size_t i = 0; i < v->steps; i++) {
            struct side *s = &v->side[i];
            double then = (double)step + round * (double)v->steps;
            double in = stroke + round * frames - (double)place(v, i, v->in->frames);
            double out = stroke + later + round * (double)v->out.frames - (double)s->to;
            double end = 0.5 * v->n + fmin(in, out);
            double first = 0.5 * v->n + fmax(in, out) + 2 * attack;
            if ((double)i < then && in > -0.5 * v->n && end < (double)s->end)
                s->end = end > 0 ? (size_t)end : 0;
            if ((double)i > then && in < 0.5 * v->n && first > (double)s->first)
                s->first = first < v->n ? (size_t)first : (size_t)v->n;
        }
    v->side[v->steps] = v->side[0];
    v->side[v->steps].to += (ptrdiff_t)v->out.frames;
}

/* Where a sound jumps by 9 dB, in frames: the middles of blocks of 6 ms whose slope is
 * held against the 50 ms before. */
struct strokes {
    double *at;
    size_t count;
};

static enum status find_strokes(struct strokes *s, const struct audio *in, struct err *e)
{
    enum { PAST = 8 };
    size_t block = (size_t)in->rate_hz / 170 + 1, count = in->frames / block;
    size_t channels = (size_t)in->channels;
    double *energy = calloc(count + 1, sizeof *energy), loudest = 0;
    *s = (struct strokes){.at = malloc((count / (PAST + 1) + 1) * sizeof *s->at)};
    if (!energy || !s->at) {
        free(energy);
        return err_set(e, ST_NO_MEMORY, "no memory to stretch a sound");
    }
    for (size_t b = 0; b < count; b++) {
        const float *x = in->data + b * block * channels;
        for (size_t i = channels; i < block * channels; i++) {
            double slope = (double)(x[i] - x[i - channels]);
            energy[b] += slope * slope;
        }
        loudest = fmax(loudest, energy[b]);
    }
    for (size_t b = 0; b < count && count > PAST; b++) {
        double past = 1e-12;
        for (size_t i = 1; i <= PAST; i++)
            past += energy[(b + count - i) % count] / PAST;
        double jump = fmax(energy[b], energy[(b + 1) % count]);
        if (jump < 8 * past || jump < 0.01 * loudest || energy[b] < 2 * past)
            continue;
        s->at[s->count++] = ((double)b + 0.5) * (double)block;
        b += PAST;
    }
    free(energy);
    return ST_OK;
}

static enum status scrubbed(struct audio *to, const struct audio *from, struct err *e)
{
    enum status st = audio_slice(to, from, 0, from->frames, e);
    if (st == ST_OK)
        line_scrub(to->data, to->frames * (size_t)to->channels);
    return st;
}

/* Which bins it is to render. False when there are none. */
static bool take_share(struct vocoder *v, const struct focus *f, int w)
{
    if (!focus_share(f, w, v->share))
        return false;
    int first = 0, end = v->bins;
    while (v->share[first] <= 0)
        first++;
    while (v->share[end - 1] <= 0)
        end--;
    v->first = first > EDGE ? first - EDGE : 0;
    v->end = end + EDGE < v->bins ? end + EDGE : v->bins;
    return true;
}

/* What the window `w` sees to, added to what is there. */
static enum status vocode_with(struct audio *to, const struct audio *clean,
                               const struct focus *f, int w, const struct strokes *s,
                               struct err *e)
{
    struct vocoder v;
    size_t frames = to->frames;
    enum status st = vocoder_init(&v, clean, f->n[w], frames, e);
    bool any = st == ST_OK && take_share(&v, f, w);
    for (size_t i = 0; any && i < s->count; i++)
        part_frames(&v, s->at[i]);
    if (any)
        st = run_circle(&v, e);
    for (size_t c = 0; c < v.channels && any && st == ST_OK; c++)
        for (size_t i = 0; i < frames; i++)
            if (v.out.weight[i] > 1e-6f)
                to->data[i * v.channels + c] +=
                    v.out.sum[c * frames + i] / v.out.weight[i];
    vocoder_done(&v);
    return st;
}

static enum status vocode(struct audio *to, const struct audio *clean, size_t frames,
                          struct err *e)
{
    struct focus f;
    struct strokes s = {0};
    enum status st = audio_init(to, frames, clean->channels, clean->rate_hz, e);
    if (st == ST_OK)
        st = focus_find(&f, clean, e);
    if (st == ST_OK)
        st = find_strokes(&s, clean, e);
    for (int w = 0; w < FOCUS_WINDOWS && st == ST_OK; w++)
        st = vocode_with(to, clean, &f, w, &s, e);
    free(s.at);
    return st;
}

enum status stretch_time(struct audio *to, const struct audio *from, size_t frames,
                         struct err *e)
{
    *to = (struct audio){0};
    if (!frames)
        return err_set(e, ST_USAGE, "a sound cannot be stretched to nothing");
    if (from->frames < 16 || frames < 16)
        return resample_loop(to, from, frames, e);
    struct audio now = {0};
    enum status st = scrubbed(&now, from, e);
    while (st == ST_OK && now.frames != frames) {
        size_t least = now.frames / 4, most = 4 * now.frames;
        size_t next = frames < least ? least : frames > most ? most : frames;
        struct audio out = {0};
        st = vocode(&out, &now, next, e);
        if (st == ST_OK)
            st = colour_match(&out, &now, e);
        audio_done(&now);
        now = out;
    }
    if (st != ST_OK)
        audio_done(&now);
    *to = now;
    return st;
}

enum status stretch_any(struct audio *to, const struct audio *from, size_t frames,
                        struct rng *r, struct err *e)
{
    struct smear_spec smear = {.window_s = smear_window_s};
    bool far = (double)frames >= smear_from * (double)from->frames;
    return far && from->frames ? stretch_smear(to, from, frames, &smear, r, e)
                               : stretch_time(to, from, frames, e);
}

enum status stretch_pitch(struct audio *to, const struct audio *from, double semitones,
                          struct err *e)
{
    double s = semitones < -60 ? -60 : semitones > 60 ? 60 : semitones;
    double longer = rint((double)from->frames * exp2((isfinite(s) ? s : 0) / 12));
    size_t frames = longer < 1 ? 1 : (size_t)longer;
    struct audio long_one = {0};
    *to = (struct audio){0};
    if (!from->frames)
        return audio_init(to, 0, from->channels, from->rate_hz, e);
    enum status st = stretch_time(&long_one, from, frames, e);
    if (st == ST_OK)
        st = resample_loop(to, &long_one, from->frames, e);
    audio_done(&long_one);
    return st;
}
