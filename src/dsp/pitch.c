/* YIN (de Cheveigné & Kawahara 2002), its difference function by FFT, on the louder
 * frames, which then vote. */
#include "dsp/pitch.h"

#include "dsp/audio.h"
#include "dsp/fft.h"
#include "dsp/fft_batch.h"
#include "dsp/line.h"
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
    double weight; /* RMS × how periodic, 0 … 1 */
};

/* The frames of one sound and what they say. */
struct ballot {
    int count;
    double rms[FRAMES_MAX], all;
    struct vote votes[FRAMES_MAX];
    double *hz; /* where the result goes */
};

/* A frame that waits for the transform of eight. */
struct waiting {
    size_t ballot;
    int number;
};

struct yin {
    int rate_hz, window, lag_max, size;
    struct fft_batch *fft;
    float *frame;      /* eight rows of `size`: the frames, zeros behind */
    float *near, *far; /* eight rows of size + 2 */
    double *dip;       /* cumulative mean normalised difference, lag_max + 1 */
    struct waiting waiting[FFT_BATCH];
    int count;
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
    size_t n = (size_t)y->size, rows = FFT_BATCH * (n + 2);
    float *ones = malloc(n * sizeof *ones);
    for (size_t i = 0; ones && i < n; i++)
        ones[i] = 1;
    y->fft = ones ? fft_batch_new(y->size, ones) : NULL;
    free(ones);
    y->frame = calloc(rows, sizeof *y->frame);
    y->near = malloc(rows * sizeof *y->near);
    y->far = malloc(rows * sizeof *y->far);
    y->dip = malloc(((size_t)y->lag_max + 1) * sizeof *y->dip);
    return y->fft && y->frame && y->near && y->far && y->dip;
}

static void yin_done(struct yin *y)
{
    fft_batch_free(y->fft);
    free(y->frame);
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

/* The correlations of the waiting frames' windows with all of them, to y->near. */
static void yin_correlate(struct yin *y)
{
    size_t size = (size_t)y->size, row = size + 2, window = (size_t)y->window;
    for (size_t i = 0; i < FFT_BATCH; i++) {
        memcpy(y->near + i * row, y->frame + i * size, window * sizeof *y->near);
        memset(y->near + i * row + window, 0, (row - window) * sizeof *y->near);
    }
    fft_batch_forward(y->fft, y->near, row, y->near, row);
    fft_batch_forward(y->fft, y->frame, size, y->far, row);
    for (size_t i = 0; i < (size_t)y->count; i++)
        run_correlate(y->near + i * row, y->far + i * row, y->size / 2 + 1);
    fft_batch_inverse(y->fft, y->far, row, y->near, row);
}

/* d'(lag) of the frame at x, which has window + lag_max samples. */
static void yin_difference(struct yin *y, const float *x, const float *correlation)
{
    double first = line_square_sum(x, (size_t)y->window), moved = first, sum = 0;
    y->dip[0] = 1;
    for (int lag = 1; lag <= y->lag_max; lag++) {
        double out = (double)x[lag - 1], in = (double)x[lag - 1 + y->window];
        moved += in * in - out * out;
        double d = first + moved - 2 * (double)correlation[lag];
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

static struct vote frame_vote(struct yin *y, const float *x, const float *correlation,
                              double rms)
{
    yin_difference(y, x, correlation);
    int lag = find_period(y);
    if (!lag)
        return (struct vote){0};
    double depth, period = parabola(y->dip, lag, &depth);
    double clarity = fmin(1, fmax(0, 1 - depth));
    double hz = y->rate_hz / refine(y, period);
    return (struct vote){log2(hz), rms * clarity};
}

/* The pitch most weight agrees on; NAN when less than half of it does. */
static double elect(const struct vote *v, int count, double all)
{
    double best = 0, octave = (double)NAN;
    for (int i = 0; i < count; i++) {
        double weight = 0, sum = 0;
        for (int j = 0; j < count; j++)
            if (v[j].weight > 0 && fabs(v[j].octave - v[i].octave) < same_pitch) {
                weight += v[j].weight;
                sum += v[j].weight * v[j].octave;
            }
        if (v[i].weight > 0 && weight > best) {
            best = weight;
            octave = sum / weight;
        }
    }
    return best >= 0.5 * all ? exp2(octave) : (double)NAN;
}

static double frame_rms(const float *x, int n)
{
    return sqrt(line_square_sum(x, (size_t)n) / n);
}

struct pitch_meter {
    int rate_hz;
    struct yin yin;
    struct ballot *ballots; /* of the sounds since the last finish */
    size_t count, room;
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
    if (!m)
        return;
    yin_done(&m->yin);
    free(m->ballots);
    free(m);
}

static void hear_waiting(struct pitch_meter *m)
{
    struct yin *y = &m->yin;
    if (y->count == 0)
        return;
    yin_correlate(y);
    for (int i = 0; i < y->count; i++) {
        struct ballot *b = &m->ballots[y->waiting[i].ballot];
        int number = y->waiting[i].number;
        b->votes[number] =
            frame_vote(y, y->frame + (size_t)i * (size_t)y->size,
                       y->near + (size_t)i * (size_t)(y->size + 2), b->rms[number]);
    }
    y->count = 0;
}

/* Queues up to FRAMES_MAX frames spread over the line, which holds at least one. */
static void queue_frames(struct pitch_meter *m, const float *line, size_t frames)
{
    struct yin *y = &m->yin;
    struct ballot *b = &m->ballots[m->count - 1];
    size_t need = (size_t)(y->window + y->lag_max + 1), room = frames - need;
    size_t count = room / (need / 2) + 1;
    count = count > FRAMES_MAX ? FRAMES_MAX : count;
    double loudest = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = count > 1 ? room * i / (count - 1) : 0;
        b->rms[i] = frame_rms(line + at, y->window);
        loudest = fmax(loudest, b->rms[i]);
    }
    b->count = (int)count;
    for (size_t i = 0; i < count; i++) {
        if (!(b->rms[i] > 0.1 * loudest && loudest > 1e-6))
            continue;
        size_t at = count > 1 ? room * i / (count - 1) : 0;
        memcpy(y->frame + (size_t)y->count * (size_t)y->size, line + at,
               (need - 1) * sizeof *line);
        y->waiting[y->count++] = (struct waiting){m->count - 1, (int)i};
        b->all += b->rms[i];
        if (y->count == FFT_BATCH)
            hear_waiting(m);
    }
}

/* What is too short for a frame is continued by silence. */
static enum status queue_line(struct pitch_meter *m, const struct audio *line)
{
    size_t need = (size_t)(m->yin.window + m->yin.lag_max + 1);
    if (line->frames >= need) {
        queue_frames(m, line->data, line->frames);
        return ST_OK;
    }
    struct audio whole;
    enum status st = audio_slice(&whole, line, 0, need, NULL);
    if (st == ST_OK)
        queue_frames(m, whole.data, whole.frames);
    audio_done(&whole);
    return st;
}

static bool open_ballot(struct pitch_meter *m, double *hz)
{
    if (m->count == m->room) {
        size_t room = m->room ? 2 * m->room : 8;
        struct ballot *more = realloc(m->ballots, room * sizeof *more);
        if (!more)
            return false;
        m->ballots = more;
        m->room = room;
    }
    m->ballots[m->count++] = (struct ballot){.hz = hz};
    return true;
}

enum status pitch_meter_add(struct pitch_meter *m, const float *mono, size_t frames,
                            double *hz)
{
    *hz = (double)NAN;
    if (!open_ballot(m, hz))
        return ST_NO_MEMORY;
    struct audio given = {(float *)mono, frames, 1, m->rate_hz}, line;
    int times = times_for(m->rate_hz);
    if (times == 1)
        return queue_line(m, &given);
    enum status st =
        resample_rate(&line, &given, m->rate_hz * times, RESAMPLE_FAST, NULL);
    if (st == ST_OK)
        st = queue_line(m, &line);
    audio_done(&line);
    return st;
}

void pitch_meter_finish(struct pitch_meter *m)
{
    hear_waiting(m);
    for (size_t i = 0; i < m->count; i++) {
        struct ballot *b = &m->ballots[i];
        if (b->all > 0)
            *b->hz = elect(b->votes, b->count, b->all);
    }
    m->count = 0;
}
