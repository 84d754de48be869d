/* The fundamental of measure.h: YIN (de Cheveigné & Kawahara 2002), its difference
 * function by FFT, on the louder frames, which then vote. */
#include "dsp/fft.h"
#include "dsp/line.h"
#include "dsp/measure.h"
#include "dsp/pitch.h"
#include "dsp/resample.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const double lowest_hz = 30.0, highest_hz = 2000.0;
static const double window_s = 0.05;
static const double dip_threshold = 0.12, dip_limit = 0.35;
static const double same_pitch = 0.5 / 12; /* octaves */
enum { FRAMES_MAX = 24, LOWEST_RATE_HZ = 32000 };

struct vote {
    double octave; /* log2 of the frequency */
    double weight; /* RMS × clarity */
    double clarity;
};

struct yin {
    int rate_hz, window, lag_max, size;
    struct rfft *fft;
    float *block, *near, *far; /* size, size + 2, size + 2 */
    double *dip;               /* cumulative mean normalised difference, lag_max + 1 */
};

/* Raised, so that the dips of high notes do not fall between the lags. */
static int times_for(int rate_hz)
{
    return rate_hz >= LOWEST_RATE_HZ ? 1 : (LOWEST_RATE_HZ + rate_hz - 1) / rate_hz;
}

static bool yin_init(struct yin *y, int rate_hz)
{
    *y = (struct yin){.rate_hz = rate_hz};
    y->window = (int)(window_s * rate_hz);
    y->lag_max = (int)(rate_hz / lowest_hz) + 2;
    y->size = fft_next_fast(y->window + y->lag_max + 1);
    y->fft = rfft_new(y->size);
    size_t n = (size_t)y->size + 2;
    y->block = malloc(n * sizeof *y->block);
    y->near = malloc(n * sizeof *y->near);
    y->far = malloc(n * sizeof *y->far);
    y->dip = malloc(((size_t)y->lag_max + 1) * sizeof *y->dip);
    return y->fft && y->block && y->near && y->far && y->dip;
}

static void yin_done(struct yin *y)
{
    rfft_free(y->fft);
    free(y->block);
    free(y->near);
    free(y->far);
    free(y->dip);
}

/* The product of `bins` values of one spectrum and of the conjugate of another, re, im,
 * re, im …, in place of the other. */
VEC_INLINE void correlate(const float *a, float *b, int bins)
{
    int k = 0;
    for (; k + VEC <= 2 * bins; k += VEC) {
        v8f x = VEC_CONST_AT(a + k), y = VEC_CONST_AT(b + k);
        v8f re = VEC_SHUFFLE(x, x, 0, 0, 2, 2, 4, 4, 6, 6) * y;
        v8f im = VEC_SHUFFLE(x, x, 1, 1, 3, 3, 5, 5, 7, 7) *
                 VEC_SHUFFLE(y, y, 1, 0, 3, 2, 5, 4, 7, 6);
        v8f sum = re + im, difference = re - im;
        VEC_AT(b + k) = VEC_SHUFFLE(sum, difference, 0, 9, 2, 11, 4, 13, 6, 15);
    }
    for (; k < 2 * bins; k += 2) {
        float re = a[k] * b[k] + a[k + 1] * b[k + 1];
        b[k + 1] = a[k] * b[k + 1] - a[k + 1] * b[k];
        b[k] = re;
    }
}

VEC_CLONES(run_correlate, correlate, (const float *a, float *b, int bins), (a, b, bins))

/* d'(lag) of the frame at x, which has window + lag_max + 1 samples. */
static void yin_difference(struct yin *y, const float *x)
{
    size_t all = (size_t)(y->window + y->lag_max), size = (size_t)y->size;
    size_t window = (size_t)y->window;
    memcpy(y->block, x, window * sizeof *x);
    memset(y->block + window, 0, (size - window) * sizeof *y->block);
    rfft_forward(y->fft, y->block, y->near);
    memcpy(y->block + window, x + window, (all - window) * sizeof *x);
    rfft_forward(y->fft, y->block, y->far);
    run_correlate(y->near, y->far, y->size / 2 + 1);
    rfft_inverse(y->fft, y->far, y->block);
    double first = line_square_sum(x, window), sum = 0;
    double moved = first;
    y->dip[0] = 1;
    for (int lag = 1; lag <= y->lag_max; lag++) {
        double out = (double)x[lag - 1], in = (double)x[lag - 1 + y->window];
        moved += in * in - out * out;
        double d = first + moved - 2 * (double)y->block[lag];
        d = d > 0 ? d : 0;
        sum += d;
        y->dip[lag] = sum > 0 ? d * lag / sum : 1;
    }
}

static double parabola(const double *d, int at, double *depth)
{
    double a = d[at - 1], b = d[at], c = d[at + 1], bend = a - 2 * b + c;
    double shift = bend > 1e-12 ? 0.5 * (a - c) / bend : 0;
    *depth = b - 0.25 * (a - c) * shift;
    return at + shift;
}

/* The lag of the period, first dip under the threshold, else the deepest; 0 for none. */
static int find_period(const struct yin *y)
{
    int from = (int)(y->rate_hz / highest_hz), best = 0;
    from = from < 2 ? 2 : from;
    for (int lag = from; lag < y->lag_max; lag++) {
        bool dip = y->dip[lag] < y->dip[lag - 1] && y->dip[lag] <= y->dip[lag + 1];
        if (!dip)
            continue;
        if (y->dip[lag] < dip_threshold)
            return lag;
        if (y->dip[lag] < dip_limit && (!best || y->dip[lag] < y->dip[best]))
            best = lag;
    }
    return best;
}

/* Later dips lie at multiples of the period: each doubling halves the error. */
static double refine(const struct yin *y, double period)
{
    for (int times = 2; period * times + 2 < y->lag_max; times *= 2) {
        int at = (int)lrint(period * times), reach = (int)(0.2 * period) + 1;
        int best = at;
        for (int lag = at - reach; lag <= at + reach && lag < y->lag_max; lag++)
            if (lag > 1 && y->dip[lag] < y->dip[best])
                best = lag;
        double depth, place = parabola(y->dip, best, &depth);
        bool edge = abs(best - at) >= reach;
        if (edge || depth > 0.4)
            break;
        period = place / times;
    }
    return period;
}

static struct vote frame_vote(struct yin *y, const float *x, double rms)
{
    yin_difference(y, x);
    int lag = find_period(y);
    if (!lag)
        return (struct vote){0};
    double depth, period = parabola(y->dip, lag, &depth);
    double clarity = fmin(1, fmax(0, 1 - depth));
    double hz = y->rate_hz / refine(y, period);
    return (struct vote){log2(hz), rms * clarity, clarity};
}

/* The pitch most weight agrees on; NAN when less than half of it does. */
static double elect(const struct vote *v, int count, double all, double *clarity)
{
    double best = 0, octave = (double)NAN, clear = 0;
    for (int i = 0; i < count; i++) {
        double weight = 0, sum = 0, c = 0;
        for (int j = 0; j < count; j++)
            if (v[j].weight > 0 && fabs(v[j].octave - v[i].octave) < same_pitch) {
                weight += v[j].weight;
                sum += v[j].weight * v[j].octave;
                c += v[j].weight * v[j].clarity;
            }
        if (v[i].weight > 0 && weight > best) {
            best = weight;
            octave = sum / weight;
            clear = c / weight;
        }
    }
    bool sure = best >= 0.5 * all;
    if (clarity)
        *clarity = sure ? clear : 0;
    return sure ? exp2(octave) : (double)NAN;
}

static double frame_rms(const float *x, int n)
{
    return sqrt(line_square_sum(x, (size_t)n) / n);
}

/* Votes of up to FRAMES_MAX frames spread over the line, which holds at least one. */
static double poll(struct yin *y, const float *line, size_t frames, double *clarity)
{
    size_t need = (size_t)(y->window + y->lag_max + 1), room = frames - need;
    size_t count = room / (need / 2) + 1;
    count = count > FRAMES_MAX ? FRAMES_MAX : count;
    double rms[FRAMES_MAX], loudest = 0, all = 0;
    struct vote votes[FRAMES_MAX] = {{0}};
    for (size_t i = 0; i < count; i++) {
        size_t at = count > 1 ? room * i / (count - 1) : 0;
        rms[i] = frame_rms(line + at, y->window);
        loudest = fmax(loudest, rms[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (!(rms[i] > 0.1 * loudest && loudest > 1e-6))
            continue;
        size_t at = count > 1 ? room * i / (count - 1) : 0;
        votes[i] = frame_vote(y, line + at, rms[i]);
        all += rms[i];
    }
    return all > 0 ? elect(votes, (int)count, all, clarity) : (double)NAN;
}

struct pitch_meter {
    int rate_hz;
    struct yin yin;
};

struct pitch_meter *pitch_meter_new(int rate_hz)
{
    struct pitch_meter *m = rate_hz < 1000 ? NULL : calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->rate_hz = rate_hz;
    if (yin_init(&m->yin, rate_hz * times_for(rate_hz)))
        return m;
    pitch_meter_free(m);
    return NULL;
}

void pitch_meter_free(struct pitch_meter *m)
{
    if (m)
        yin_done(&m->yin);
    free(m);
}

static enum status prepare(struct audio *line, const float *mono, size_t frames,
                           int rate_hz)
{
    struct audio given = {0};
    enum status st = audio_init(&given, frames, 1, rate_hz, NULL);
    if (st != ST_OK)
        return st;
    if (frames > 0)
        memcpy(given.data, mono, frames * sizeof *mono);
    line_scrub(given.data, frames);
    int times = times_for(rate_hz);
    if (times == 1) {
        *line = given;
        return ST_OK;
    }
    st = resample_rate(line, &given, rate_hz * times, RESAMPLE_FAST, NULL);
    audio_done(&given);
    return st;
}

double pitch_meter_read(struct pitch_meter *m, const float *mono, size_t frames,
                        double *clarity)
{
    double pitch = (double)NAN;
    if (clarity)
        *clarity = 0;
    struct audio line = {0}, whole = {0};
    if (prepare(&line, mono, frames, m->rate_hz) != ST_OK)
        return pitch;
    size_t need = (size_t)(m->yin.window + m->yin.lag_max + 1);
    if (line.frames >= need)
        pitch = poll(&m->yin, line.data, line.frames, clarity);
    else if (audio_slice(&whole, &line, 0, need, NULL) == ST_OK)
        pitch = poll(&m->yin, whole.data, whole.frames, clarity);
    audio_done(&line);
    audio_done(&whole);
    return pitch;
}

double measure_pitch(const float *mono, size_t frames, int rate_hz, double *clarity)
{
    if (clarity)
        *clarity = 0;
    struct pitch_meter *m = pitch_meter_new(rate_hz);
    if (!m)
        return (double)NAN;
    double pitch = pitch_meter_read(m, mono, frames, clarity);
    pitch_meter_free(m);
    return pitch;
}
