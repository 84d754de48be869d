#include "dsp/level.h"
#include "core/pi.h"
#include "dsp/biquad.h"
#include "dsp/line.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static const double dc_corner_hz = 5.0, dc_limit = 0.001;
static const double rumble_corner_hz = 18.0, rumble_share = 0.02;
static const double silence_peak = 1e-8;
static const float loudest = 1e9F;

double level_from_db(double db)
{
    return pow(10.0, db / 20.0);
}

double level_to_db(double linear)
{
    return linear > 0 ? 20.0 * log10(linear) : -HUGE_VAL;
}

static size_t sample_count(const struct audio *a)
{
    return a->frames * (size_t)a->channels;
}

size_t level_scrub(struct audio *a)
{
    return line_scrub(a->data, sample_count(a));
}

double level_peak(const struct audio *a)
{
    return (double)line_peak(a->data, sample_count(a));
}

double level_rms_range(const struct audio *a, size_t start, size_t end)
{
    size_t channels = (size_t)a->channels;
    if (end > a->frames)
        end = a->frames;
    if (start >= end)
        return 0;
    double sum = line_square_sum(a->data + start * channels, (end - start) * channels);
    if (!isfinite(sum)) {
        sum = 0;
        for (size_t i = start * channels; i < end * channels; i++)
            if (isfinite(a->data[i]))
                sum += (double)a->data[i] * (double)a->data[i];
    }
    return sqrt(sum / (double)((end - start) * channels));
}

double level_rms(const struct audio *a)
{
    return level_rms_range(a, 0, a->frames);
}

void level_gain(struct audio *a, double gain)
{
    float g = (float)gain;
    size_t n = sample_count(a);
    for (size_t i = 0; i < n; i++)
        a->data[i] *= g;
}

enum status level_normalise(struct audio *a, double target_dbfs, bool loop, struct err *e)
{
    level_scrub(a);
    double peak = level_true_peak(a, loop);
    if (!(peak >= silence_peak))
        return err_set(e, ST_EMPTY, "the sound is silent: nothing to normalise");
    level_gain(a, level_from_db(target_dbfs) / peak);
    return ST_OK;
}

double level_mean(const struct audio *a, size_t channel, size_t start, size_t end)
{
    double sum = 0;
    for (size_t i = start; i < end; i++)
        sum += (double)a->data[i * (size_t)a->channels + channel];
    return sum / (double)(end - start);
}

/* The drift of a channel: what it holds below the corner, at points `apart` frames from
 * each other. Means of a triangle two of those wide stand for the frames around a point:
 * a tone within 5 Hz of a multiple of their rate (700 Hz) leaves 1/20000 of itself. */
struct drift {
    struct audio at; /* one channel; empty below a second of sound: the mean is all */
    double apart, mean, largest;
};

enum { POINTS_A_SECOND = 700 };

/* The frames from point p on, before the next; all those left after the last. */
static void between_points(const struct drift *d, size_t p, size_t frames, size_t *from,
                           size_t *to)
{
    *from = (size_t)ceil((double)p * d->apart);
    *to = p + 1 < d->at.frames ? (size_t)ceil((double)(p + 1) * d->apart) : frames;
}

/* A weighted sum and its weights. */
struct weighed {
    double sum, weight;
};

/* What the frames from point p on add to it and, the nearer the more, to the next. */
static void share_frames(const struct drift *d, size_t p, const struct audio *a,
                         size_t channel, struct weighed *here, struct weighed *next)
{
    size_t from, to, channels = (size_t)a->channels;
    between_points(d, p, a->frames, &from, &to);
    double part = ((double)from - (double)p * d->apart) / d->apart;
    double step = 1 / d->apart, count = (double)(to - from);
    double all[4] = {0}, later[4] = {0}; /* side by side, so that none waits */
    for (size_t i = from; i < to; i += 4)
        for (size_t k = 0; k < 4 && i + k < to; k++) {
            double x = (double)a->data[(i + k) * channels + channel];
            all[k] += x;
            later[k] += x * (part + step * (double)(i + k - from));
        }
    double share = (later[0] + later[1]) + (later[2] + later[3]);
    double weight = count * (part + 0.5 * step * (count - 1));
    here->sum += (all[0] + all[1]) + (all[2] + all[3]) - share;
    here->weight += count - weight;
    *next = (struct weighed){share, weight};
}

static enum status sample_points(const struct audio *a, size_t channel, bool loop,
                                 struct drift *d, struct err *e)
{
    *d = (struct drift){.mean = level_mean(a, channel, 0, a->frames)};
    d->largest = fabs(d->mean);
    if (a->frames < (size_t)a->rate_hz || a->rate_hz < 2 * POINTS_A_SECOND)
        return ST_OK;
    double seconds = (double)a->frames / a->rate_hz;
    size_t points = (size_t)(seconds * POINTS_A_SECOND);
    d->apart = (double)a->frames / (double)points;
    enum status st = audio_init(&d->at, points, 1, POINTS_A_SECOND, e);
    struct weighed here = {0}, next = {0};
    if (st == ST_OK && loop)
        share_frames(d, points - 1, a, channel, &next, &here);
    for (size_t p = 0; p < points && st == ST_OK; p++) {
        share_frames(d, p, a, channel, &here, &next);
        d->at.data[p] = (float)(here.sum / here.weight - d->mean);
        here = next;
    }
    return st;
}

static enum status keep_below(struct drift *d, double corner_hz, bool loop, struct err *e)
{
    size_t points = d->at.frames;
    struct audio above = {0};
    if (points == 0)
        return ST_OK;
    /* What does not loop is continued by its mirror image, which makes a loop of it. */
    enum status st = audio_slice(&above, &d->at, 0, loop ? points : 2 * points, e);
    if (st != ST_OK)
        return st;
    for (size_t p = points; p < above.frames; p++)
        above.data[p] = d->at.data[2 * points - 1 - p];
    struct biquad high = biquad_highpass(2, corner_hz, POINTS_A_SECOND);
    biquad_circular_zero_phase(&high, &above);
    /* Near the ends of anything but a loop the filter has to guess: do not judge there.
     */
    size_t edge = loop ? 0 : POINTS_A_SECOND / 5;
    for (size_t p = 0; p < points; p++) {
        d->at.data[p] -= above.data[p];
        if (p >= edge && p < points - edge)
            d->largest = fmax(d->largest, fabs(d->mean + (double)d->at.data[p]));
    }
    audio_done(&above);
    return ST_OK;
}

/* Straight between the points; round the loop after the last. */
static void take_drift(struct audio *a, size_t channel, bool loop, const struct drift *d)
{
    size_t channels = (size_t)a->channels, points = d->at.frames;
    float *x = a->data + channel;
    for (size_t i = 0; i < a->frames && points == 0; i++)
        x[i * channels] = (float)((double)x[i * channels] - d->mean);
    for (size_t p = 0; p < points; p++) {
        size_t from, to, next = p + 1 < points ? p + 1 : loop ? 0 : p;
        between_points(d, p, a->frames, &from, &to);
        double now = (double)d->at.data[p],
               step = ((double)d->at.data[next] - now) / d->apart;
        now += d->mean - (double)p * d->apart * step;
        for (size_t i = from; i < to; i++)
            x[i * channels] = (float)((double)x[i * channels] - (now + step * (double)i));
    }
}

enum status level_remove_dc(struct audio *a, bool loop, struct err *e)
{
    level_scrub(a);
    enum status st = ST_OK;
    size_t channels = (size_t)a->channels;
    double limit = dc_limit * fmin(1, level_peak(a));
    for (size_t c = 0; c < channels && st == ST_OK && a->frames; c++) {
        struct drift drift;
        st = sample_points(a, c, loop, &drift, e);
        if (st == ST_OK)
            st = keep_below(&drift, dc_corner_hz, loop, e);
        if (st == ST_OK && drift.largest > limit)
            take_drift(a, c, loop, &drift);
        audio_done(&drift.at);
    }
    return st;
}

/* Does what lies below the corner make a good part of the sound's mean square? That is
 * without the constants: one of a single channel may be most of it. */
static bool rumbles(const struct drift *d, double square)
{
    double low = 0;
    for (size_t p = 0; p < d->at.frames; p++)
        low += (double)d->at.data[p] * (double)d->at.data[p] / (double)d->at.frames;
    return low > rumble_share * square;
}

enum status level_remove_rumble(struct audio *a, struct err *e)
{
    level_scrub(a);
    enum status st = ST_OK;
    size_t channels = (size_t)a->channels;
    double limit = dc_limit * fmin(1, level_peak(a)), square = pow(level_rms(a), 2);
    for (size_t c = 0; c < channels && a->frames; c++) {
        double mean = level_mean(a, c, 0, a->frames);
        square -= mean * mean / (double)channels;
    }
    for (size_t c = 0; c < channels && st == ST_OK && a->frames; c++) {
        struct drift dc, rumble;
        st = sample_points(a, c, false, &dc, e);
        rumble = dc;
        rumble.at = (struct audio){0};
        if (st == ST_OK && dc.at.frames)
            st = audio_slice(&rumble.at, &dc.at, 0, dc.at.frames, e);
        if (st == ST_OK)
            st = keep_below(&rumble, rumble_corner_hz, false, e);
        if (st == ST_OK)
            st = keep_below(&dc, dc_corner_hz, false, e);
        if (st == ST_OK && rumbles(&rumble, square))
            take_drift(a, c, false, &rumble);
        else if (st == ST_OK && dc.largest > limit)
            take_drift(a, c, false, &dc);
        audio_done(&rumble.at);
        audio_done(&dc.at);
    }
    return st;
}

/* A raised cosine over n frames, from `first` on, `next` values from one to the other. */
static void fade(struct audio *a, size_t n, float *first, ptrdiff_t next)
{
    double step = PI / (double)n, c = 1, s = 0, step_cos = cos(step),
           step_sin = sin(step);
    for (size_t i = 0; i < n; i++, first += next) {
        float gain = (float)(0.5 - 0.5 * c);
        for (int k = 0; k < a->channels; k++)
            first[k] *= gain;
        double turned = c * step_cos - s * step_sin;
        s = s * step_cos + c * step_sin;
        c = turned;
    }
}

void level_fade_in(struct audio *a, size_t in_frames)
{
    size_t n = in_frames < a->frames ? in_frames : a->frames;
    fade(a, n, a->data, a->channels);
}

void level_fade_out(struct audio *a, size_t out_frames)
{
    size_t n = out_frames < a->frames ? out_frames : a->frames;
    if (n > 0)
        fade(a, n, a->data + (a->frames - 1) * (size_t)a->channels, -a->channels);
}

bool level_frame_is_loud(const struct audio *a, size_t frame)
{
    for (int c = 0; c < a->channels; c++)
        if (!(fabsf(a->data[frame * (size_t)a->channels + (size_t)c]) < 0.001f))
            return true;
    return false;
}

static size_t frames_of_ms(const struct audio *a, double ms, size_t most)
{
    double n = ceil(ms * 1e-3 * a->rate_hz);
    n = n < 1 ? 1 : n;
    return n < (double)most ? (size_t)n : most;
}

void level_close_ends(struct audio *a, double in_ms, double out_ms)
{
    level_scrub(a);
    if (!a->frames)
        return;
    if (level_frame_is_loud(a, 0))
        level_fade_in(a, frames_of_ms(a, in_ms, a->frames / 4 + 1));
    if (level_frame_is_loud(a, a->frames - 1))
        level_fade_out(a, frames_of_ms(a, out_ms, a->frames / 2 + 1));
}

bool level_on_grid(const struct audio *a, int bits)
{
    double scale = ldexp(1, bits - 1);
    size_t n = sample_count(a);
    for (size_t i = 0; i < n; i++) {
        double k = (double)a->data[i] * scale;
        if (!(k >= -scale && k <= scale - 1 && k == rint(k)))
            return false;
    }
    return true;
}

enum { DITHER_BLOCK = 256, DRAWN = 4 /* samples that noise is drawn for together */ };

/* To the nearest whole number, where |v| is 2^23 or less; the lanes above that hold one
 * anyhow. */
VEC_INLINE void nearest(const v8f *v, v8f *whole)
{
    v8f no_fraction = (v8f)(((v8i)*v & INT32_MIN) | 0x4b000000);
    *whole = *v + no_fraction - no_fraction;
}

/* 65,536ths, rounded down; what is next to nothing below 0 is 0. */
VEC_INLINE void round_down(const v8f *parts, v8i *down)
{
    v8f whole = *parts;
    vec_round(&whole);
    *down = __builtin_convertvector(whole, v8i) + (whole > *parts + 0x1p-38f);
}

/* Eight samples with the noise drawn for them, the difference of the upper and the lower
 * half of 32 bits: triangular within ±1 LSB. Whole numbers are added, which is exact. */
VEC_INLINE void dither_eight(float *x, const uint64_t *noise, float scale, bool loud)
{
    v8f v = VEC_CONST_AT(x) * scale, whole, most, least;
    v8i down, drawn;
    memcpy(&drawn, noise, sizeof drawn);
    vec_set(&least, -scale - 2);
    vec_set(&most, scale + 2);
    if (loud) {
        vec_max(&v, &least);
        vec_min(&v, &most);
    }
    nearest(&v, &whole);
    v8f parts = (v - whole) * 0x1p16f;
    round_down(&parts, &down);
    down += (drawn >> 16 & 0xffff) - (drawn & 0xffff) + 0x8000;
    v = whole + __builtin_convertvector(down >> 16, v8f);
    vec_set(&least, -scale);
    vec_set(&most, scale - 1);
    if (loud) {
        vec_max(&v, &least);
        vec_min(&v, &most);
    }
    VEC_AT(x) = v * (1 / scale);
}

VEC_INLINE void dither_block(float *x, const uint64_t *noise, size_t n, float scale,
                             bool loud)
{
    size_t i = 0;
    for (; i + VEC <= n; i += VEC)
        dither_eight(x + i, noise + i / 2, scale, loud);
    if (i == n)
        return;
    float rest[VEC] = {0};
    memcpy(rest, x + i, (n - i) * sizeof *x);
    dither_eight(rest, noise + i / 2, scale, loud);
    memcpy(x + i, rest, (n - i) * sizeof *x);
}

VEC_INLINE void dither_any(float *x, const uint64_t *noise, size_t n, float scale,
                           bool loud)
{
    if (loud)
        dither_block(x, noise, n, scale, true);
    else
        dither_block(x, noise, n, scale, false);
}

VEC_CLONES(run_dither, dither_any,
           (float *x, const uint64_t *noise, size_t n, float scale, bool loud),
           (x, noise, n, scale, loud))

/* What is no number becomes 0; what is far outside full scale stays outside. The peak. */
static double tame(struct audio *a)
{
    level_scrub(a);
    double peak = level_peak(a);
    if (peak < (double)loudest)
        return peak;
    size_t n = sample_count(a);
    for (size_t i = 0; i < n; i++)
        a->data[i] = a->data[i] > loudest    ? loudest
                     : a->data[i] < -loudest ? -loudest
                                             : a->data[i];
    return (double)loudest;
}

bool level_dither(struct audio *a, int bits, struct rng *r)
{
    if (level_on_grid(a, bits))
        return false;
    double scale = ldexp(1, bits - 1);
    size_t n = sample_count(a);
    uint64_t noise[DITHER_BLOCK / 2] = {0}; /* 32 bits a sample */
    /* Nothing is to be kept within the range where nothing comes near its ends. */
    bool loud = tame(a) * scale + 2 > scale - 1;
    for (size_t i = 0; i < n; i += DITHER_BLOCK) {
        size_t count = n - i < DITHER_BLOCK ? n - i : DITHER_BLOCK;
        rng_fill(r, noise, (count + DRAWN - 1) / DRAWN * 2);
        run_dither(a->data + i, noise, count, (float)scale, loud);
    }
    return true;
}
