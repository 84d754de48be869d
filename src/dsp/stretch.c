#include "dsp/stretch.h"
#include "dsp/colour.h"
#include "dsp/fft.h"
#include "dsp/resample.h"
#include "dsp/window.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const double two_pi = 6.283185307179586477;
enum { FRAME_44K1 = 8192, FRAME_LEAST = 256, OVERLAP = 4, PEAK_REACH = 2 };
static const double smear_from = 4.0, smear_window_s = 0.25;

/* A peak and the bins that turn with it: first … the next region's first − 1. */
struct region {
    int first, peak;
    double turn; /* radians, kept within ±π */
};

struct vocoder {
    const struct audio *in;
    size_t frames_out, steps; /* steps: frames of the STFT, less one */
    bool loop;
    int n, bins;
    size_t channels;
    struct rfft *fft;
    float *window, *frame;
    float *now, *before;  /* spectra of all channels, n + 2 floats each */
    float *power;         /* bins + 2 × PEAK_REACH, zeros at both sides */
    double *turn;         /* of the frame before, per bin */
    float *sum;           /* output, planar */
    float *weight;        /* Σ window², per output frame */
    unsigned char *reset; /* per step: a transient lies there */
    /* Loops: every frame's regions, for the second round. */
    struct region *region;
    size_t region_count, region_room;
    size_t *region_start; /* per step */
};

static double wrap(double x)
{
    return x - two_pi * rint(x / two_pi);
}

static size_t place(const struct vocoder *v, size_t step, size_t length)
{
    return (size_t)(((double)step * (double)length) / (double)v->steps + 0.5);
}

static int frame_size(const struct audio *in, bool loop)
{
    int n = fft_size_at(FRAME_44K1, in->rate_hz);
    /* A short sound would be mostly window. A short loop is periodic, and is not. */
    while (!loop && n > FRAME_LEAST && (size_t)n * 2 > in->frames)
        n = fft_next_fast(n / 2);
    return n;
}

static enum status vocoder_init(struct vocoder *v, const struct audio *in, size_t frames,
                                bool loop, struct err *e)
{
    *v = (struct vocoder){.in = in, .frames_out = frames, .loop = loop};
    v->n = frame_size(in, loop);
    v->bins = v->n / 2 + 1;
    v->channels = (size_t)in->channels;
    size_t n = (size_t)v->n, longest = frames > in->frames ? frames : in->frames;
    v->steps = longest / (n / OVERLAP) + 1;
    if (v->steps > in->frames)
        v->steps = in->frames;
    v->fft = rfft_new(v->n);
    v->window = malloc(n * sizeof *v->window);
    v->frame = malloc(n * sizeof *v->frame);
    v->now = malloc(v->channels * (n + 2) * sizeof *v->now);
    v->before = malloc(v->channels * (n + 2) * sizeof *v->before);
    v->power = calloc((size_t)v->bins + 2 * PEAK_REACH, sizeof *v->power);
    v->turn = calloc((size_t)v->bins, sizeof *v->turn);
    v->sum = calloc(v->channels * frames, sizeof *v->sum);
    v->weight = calloc(frames, sizeof *v->weight);
    v->reset = calloc(v->steps + 1, sizeof *v->reset);
    v->region_start = calloc(v->steps + 2, sizeof *v->region_start);
    bool ready = v->fft && v->window && v->frame && v->now && v->before && v->power &&
                 v->turn && v->sum && v->weight && v->reset && v->region_start;
    if (!ready)
        return err_set(e, ST_NO_MEMORY, "no memory to stretch to %zu frames", frames);
    window_hann(v->window, v->n);
    return ST_OK;
}

static void vocoder_done(struct vocoder *v)
{
    rfft_free(v->fft);
    free(v->window);
    free(v->frame);
    free(v->now);
    free(v->before);
    free(v->power);
    free(v->turn);
    free(v->sum);
    free(v->weight);
    free(v->reset);
    free(v->region_start);
    free(v->region);
}

/* Spectra of the frame around a step's place in the input, and their summed power. */
static void analyse(struct vocoder *v, size_t step)
{
    size_t n = (size_t)v->n, length = v->in->frames;
    ptrdiff_t first = (ptrdiff_t)place(v, step, length) - v->n / 2;
    float *power = v->power + PEAK_REACH;
    memset(power, 0, (size_t)v->bins * sizeof *power);
    for (size_t c = 0; c < v->channels; c++) {
        const float *in = v->in->data + c;
        memset(v->frame, 0, n * sizeof *v->frame);
        ptrdiff_t from = v->loop ? 0 : first < 0 ? -first : 0;
        ptrdiff_t to = v->n;
        if (!v->loop && first + to > (ptrdiff_t)length)
            to = (ptrdiff_t)length - first;
        size_t at = v->loop ? (size_t)(first % (ptrdiff_t)length + (ptrdiff_t)length)
                            : (size_t)(first + from);
        at = v->loop ? at % length : at;
        for (ptrdiff_t i = from; i < to; i++) {
            v->frame[i] = in[at * v->channels] * v->window[i];
            if (++at == length && v->loop)
                at = 0;
        }
        float *s = v->now + c * (n + 2);
        rfft_forward(v->fft, v->frame, s);
        for (int k = 0; k < v->bins; k++)
            power[k] += s[2 * k] * s[2 * k] + s[2 * k + 1] * s[2 * k + 1];
    }
}

static enum status add_region(struct vocoder *v, int first, int peak, struct err *e)
{
    if (v->region_count == v->region_room) {
        size_t room = v->region_room ? 2 * v->region_room : 2048;
        struct region *more = realloc(v->region, room * sizeof *more);
        if (!more)
            return err_set(e, ST_NO_MEMORY, "no memory to stretch a sound");
        v->region = more;
        v->region_room = room;
    }
    v->region[v->region_count++] = (struct region){.first = first, .peak = peak};
    return ST_OK;
}

/* Peaks: maxima over ± PEAK_REACH bins. Their regions meet at the weakest bin between. */
static enum status find_regions(struct vocoder *v, struct err *e)
{
    const float *p = v->power + PEAK_REACH;
    int last = -1;
    for (int k = 0; k < v->bins; k++) {
        bool peak =
            p[k] > p[k - 1] && p[k] >= p[k + 1] && p[k] > p[k - 2] && p[k] >= p[k + 2];
        if (!peak)
            continue;
        int border = 0;
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
    return last < 0 ? add_region(v, 0, 0, e) : ST_OK;
}

/* Radians a frame by which the peak advances, from the energy-weighted mean of the
 * channels' phase advances over `hop` frames. */
static double frequency(const struct vocoder *v, int peak, double hop)
{
    double re = 0, im = 0;
    for (size_t c = 0; c < v->channels; c++) {
        size_t at = c * ((size_t)v->n + 2) + 2 * (size_t)peak;
        double a = (double)v->now[at], b = (double)v->now[at + 1];
        double p = (double)v->before[at], q = (double)v->before[at + 1];
        re += a * p + b * q;
        im += b * p - a * q;
    }
    double centre = two_pi * peak / v->n;
    return centre + wrap(atan2(im, re) - centre * hop) / hop;
}

/* Regions and turns of one step. The output's phase advances by frequency × output hop,
 * the input's did by frequency × input hop: the difference is what the peak turns. */
static enum status follow(struct vocoder *v, size_t step, struct err *e)
{
    v->region_start[step] = v->region_count;
    enum status st = find_regions(v, e);
    if (st != ST_OK)
        return st;
    v->region_start[step + 1] = v->region_count;
    bool fresh = step == 0 || v->reset[step];
    double hop_in = 0, more = 0;
    if (step) {
        hop_in =
            (double)(place(v, step, v->in->frames) - place(v, step - 1, v->in->frames));
        more =
            (double)(place(v, step, v->frames_out) - place(v, step - 1, v->frames_out)) -
            hop_in;
    }
    for (size_t i = v->region_start[step]; i < v->region_count; i++) {
        struct region *r = &v->region[i];
        if (!fresh)
            r->turn = wrap(v->turn[r->peak] + more * frequency(v, r->peak, hop_in));
    }
    for (size_t i = v->region_start[step]; i < v->region_count; i++) {
        int end = i + 1 < v->region_count ? v->region[i + 1].first : v->bins;
        for (int k = v->region[i].first; k < end; k++)
            v->turn[k] = v->region[i].turn;
    }
    float *swap = v->before;
    v->before = v->now;
    v->now = swap;
    return ST_OK;
}

static void turn_bins(float *s, int first, int end, double turn)
{
    float c = (float)cos(turn), d = (float)sin(turn);
    for (int k = first; k < end; k++) {
        float re = s[2 * k], im = s[2 * k + 1];
        s[2 * k] = c * re - d * im;
        s[2 * k + 1] = c * im + d * re;
    }
}

/* Overlap-add one frame of one channel (the weights with channel 0). */
static void overlap_add(struct vocoder *v, size_t channel, ptrdiff_t first)
{
    ptrdiff_t length = (ptrdiff_t)v->frames_out, from = 0, to = v->n;
    float *sum = v->sum + channel * v->frames_out;
    if (!v->loop) {
        from = first < 0 ? -first : 0;
        to = first + to > length ? length - first : to;
    }
    ptrdiff_t at = first + from;
    if (v->loop)
        at = (at % length + length) % length;
    for (ptrdiff_t i = from; i < to;) {
        ptrdiff_t run = to - i < length - at ? to - i : length - at;
        for (ptrdiff_t j = 0; j < run; j++)
            sum[at + j] += v->frame[i + j] * v->window[i + j];
        if (channel == 0)
            for (ptrdiff_t j = 0; j < run; j++)
                v->weight[at + j] += v->window[i + j] * v->window[i + j];
        i += run;
        at = 0;
    }
}

/* Turn the regions of the spectra and add the frame at its new place. `excess` per bin
 * (NULL for none) × share is taken off each turn. */
static void render(struct vocoder *v, float *spectra, size_t step, const double *excess,
                   double share)
{
    size_t end = v->region_start[step + 1];
    for (size_t i = v->region_start[step]; i < end; i++) {
        const struct region *r = &v->region[i];
        int stop = i + 1 < end ? v->region[i + 1].first : v->bins;
        double turn = r->turn - (excess ? excess[r->peak] * share : 0);
        for (size_t c = 0; c < v->channels; c++)
            turn_bins(spectra + c * ((size_t)v->n + 2), r->first, stop, turn);
    }
    ptrdiff_t first = (ptrdiff_t)place(v, step, v->frames_out) - v->n / 2;
    for (size_t c = 0; c < v->channels; c++) {
        rfft_inverse(v->fft, spectra + c * ((size_t)v->n + 2), v->frame);
        overlap_add(v, c, first);
    }
}

static enum status run_line(struct vocoder *v, struct err *e)
{
    float *copy = malloc(v->channels * ((size_t)v->n + 2) * sizeof *copy);
    enum status st = copy ? ST_OK : err_set(e, ST_NO_MEMORY, "no memory to stretch");
    for (size_t step = 0; step <= v->steps && st == ST_OK; step++) {
        analyse(v, step);
        memcpy(copy, v->now, v->channels * ((size_t)v->n + 2) * sizeof *copy);
        v->region_count = 0;
        st = follow(v, step, e);
        if (st == ST_OK)
            render(v, copy, step, NULL, 0);
    }
    free(copy);
    return st;
}

/* A loop goes round once to see how far each peak's turn is off when the start comes
 * again, then once more with that excess taken back bit by bit: what closes the circle is
 * at most half a cycle a loop for each partial. After a reset only the rest is shared. */
static enum status run_circle(struct vocoder *v, struct err *e)
{
    enum status st = ST_OK;
    for (size_t step = 0; step <= v->steps && st == ST_OK; step++) {
        analyse(v, step);
        st = follow(v, step, e);
    }
    size_t last_reset = 0;
    for (size_t step = 1; step < v->steps; step++)
        if (v->reset[step])
            last_reset = step;
    double span = (double)(v->steps - last_reset);
    for (size_t step = 0; step < v->steps && st == ST_OK; step++) {
        double share = step > last_reset ? (double)(step - last_reset) / span : 0;
        analyse(v, step);
        render(v, v->now, step, v->turn, share);
    }
    return st;
}

/* Where a sound jumps by 9 dB: blocks of 6 ms of its slope against the 50 ms before. */
static enum status find_transients(struct vocoder *v, struct err *e)
{
    enum { PAST = 8 };
    size_t block = (size_t)v->in->rate_hz / 170 + 1, count = v->in->frames / block;
    double *energy = calloc(count + 1, sizeof *energy), loudest = 0;
    if (!energy)
        return err_set(e, ST_NO_MEMORY, "no memory to stretch a sound");
    for (size_t b = 0; b < count; b++) {
        const float *x = v->in->data + b * block * v->channels;
        for (size_t i = v->channels; i < block * v->channels; i++) {
            double slope = (double)(x[i] - x[i - v->channels]);
            energy[b] += slope * slope;
        }
        loudest = fmax(loudest, energy[b]);
    }
    for (size_t b = PAST; b + 1 < count; b++) {
        double past = 1e-12;
        for (size_t i = 1; i <= PAST; i++)
            past += energy[b - i] / PAST;
        double jump = fmax(energy[b], energy[b + 1]);
        if (jump < 8 * past || jump < 0.01 * loudest || energy[b] < 2 * past)
            continue;
        double at = ((double)b + 0.5) * (double)block / (double)v->in->frames;
        size_t step = (size_t)(at * (double)v->steps + 0.5);
        if (step > 0 && step < v->steps)
            v->reset[step] = 1;
        b += PAST;
    }
    free(energy);
    return ST_OK;
}

static enum status scrubbed(struct audio *to, const struct audio *from, struct err *e)
{
    enum status st = audio_slice(to, from, 0, from->frames, e);
    size_t samples = st == ST_OK ? to->frames * (size_t)to->channels : 0;
    for (size_t i = 0; i < samples; i++)
        if (!isfinite(to->data[i]))
            to->data[i] = 0.0f;
    return st;
}

static enum status vocode(struct audio *to, const struct audio *clean, size_t frames,
                          bool loop, struct err *e)
{
    struct vocoder v;
    enum status st = vocoder_init(&v, clean, frames, loop, e);
    if (st == ST_OK)
        st = find_transients(&v, e);
    if (st == ST_OK)
        st = loop ? run_circle(&v, e) : run_line(&v, e);
    if (st == ST_OK)
        st = audio_init(to, frames, clean->channels, clean->rate_hz, e);
    for (size_t c = 0; c < v.channels && st == ST_OK; c++)
        for (size_t i = 0; i < frames; i++)
            if (v.weight[i] > 1e-6f)
                to->data[i * v.channels + c] = v.sum[c * frames + i] / v.weight[i];
    vocoder_done(&v);
    return st;
}

enum status stretch_time(struct audio *to, const struct audio *from, size_t frames,
                         bool loop, struct err *e)
{
    *to = (struct audio){0};
    if (!frames)
        return err_set(e, ST_USAGE, "a sound cannot be stretched to nothing");
    if (from->frames < 16 || frames < 16)
        return loop ? resample_loop(to, from, frames, RESAMPLE_MEDIUM, e)
                    : resample_length(to, from, frames, RESAMPLE_MEDIUM, e);
    struct audio now = {0};
    enum status st = scrubbed(&now, from, e);
    while (st == ST_OK && now.frames != frames) {
        size_t next = now.frames / 4 > frames ? now.frames / 4 : frames;
        struct audio out = {0};
        st = vocode(&out, &now, next, loop, e);
        if (st == ST_OK)
            st = colour_match(&out, &now, loop, e);
        audio_done(&now);
        now = out;
    }
    *to = now;
    return st;
}

enum status stretch_any(struct audio *to, const struct audio *from, size_t frames,
                        bool loop, struct rng *r, struct err *e)
{
    bool far = (double)frames >= smear_from * (double)from->frames;
    return far && from->frames
               ? stretch_smear(to, from, frames, smear_window_s, loop, r, e)
               : stretch_time(to, from, frames, loop, e);
}

enum status stretch_pitch(struct audio *to, const struct audio *from, double semitones,
                          bool loop, struct err *e)
{
    double s = semitones < -24 ? -24 : semitones > 24 ? 24 : semitones;
    double longer = rint((double)from->frames * exp2((isfinite(s) ? s : 0) / 12));
    size_t frames = longer < 1 ? 1 : (size_t)longer;
    struct audio long_one = {0};
    *to = (struct audio){0};
    if (!from->frames)
        return audio_init(to, 0, from->channels, from->rate_hz, e);
    enum status st = stretch_time(&long_one, from, frames, loop, e);
    if (st == ST_OK)
        st = loop ? resample_loop(to, &long_one, from->frames, RESAMPLE_MEDIUM, e)
                  : resample_length(to, &long_one, from->frames, RESAMPLE_MEDIUM, e);
    audio_done(&long_one);
    return st;
}
