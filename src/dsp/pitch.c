/* YIN (de Cheveigné & Kawahara 2002), its difference function by FFT, on the louder
 * frames, which then vote. */
#include "dsp/pitch.h"

#include "core/array.h"
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

/* One sound, its frames and what they say. */
struct ballot {
    struct audio line;
    int count;             /* frames, spread over the line */
    int order[FRAMES_MAX]; /* those that vote, the loudest first */
    int voters, queued;
    bool lost; /* whatever is still to be heard: it has no pitch */
    double energy[FRAMES_MAX], rms[FRAMES_MAX];
    double all, unheard; /* Σ RMS of the voters, and of those not yet heard */
    struct vote votes[FRAMES_MAX];
    double *hz; /* where the result goes */
};

/* A frame that waits for the transform of eight. */
struct waiting {
    struct ballot *ballot;
    int number;
    const float *x;
};

struct yin {
    int rate_hz, window, lag_max, size;
    struct fft_batch *fft; /* its window is that of the difference */
    /* Of eight frames side by side: the frames, silence behind them; their correlations;
     * their cumulative mean normalised differences; and such a one by itself. */
    float *frames, *correlation;
    double *dips, *dip;
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
    size_t n = (size_t)y->size, lags = (size_t)y->lag_max + 1;
    float *window = calloc(n, sizeof *window);
    for (int i = 0; window && i < y->window; i++)
        window[i] = 1;
    y->fft = window ? fft_batch_new(y->size, window) : NULL;
    free(window);
    y->frames = calloc(FFT_BATCH * n, sizeof *y->frames);
    y->correlation = malloc(FFT_BATCH * (n + 2) * sizeof *y->correlation);
    y->dips = malloc(FFT_BATCH * lags * sizeof *y->dips);
    y->dip = malloc(lags * sizeof *y->dip);
    return y->fft && y->frames && y->correlation && y->dips && y->dip;
}

static void yin_done(struct yin *y)
{
    fft_batch_free(y->fft);
    free(y->frames);
    free(y->correlation);
    free(y->dips);
    free(y->dip);
}

/* The waiting frames side by side; unused lanes hold the first one again. */
VEC_INLINE void gather(struct yin *y)
{
    int length = y->window + y->lag_max, i = 0;
    const float *x[VEC];
    for (int lane = 0; lane < VEC; lane++)
        x[lane] = y->waiting[lane < y->count ? lane : 0].x;
    for (; i + VEC <= length; i += VEC) {
        v8f row[VEC];
        for (int lane = 0; lane < VEC; lane++)
            row[lane] = VEC_CONST_AT(x[lane] + i);
        vec_store_columns(row, y->frames + VEC * i, VEC);
    }
    for (; i < length; i++)
        for (int lane = 0; lane < VEC; lane++)
            y->frames[VEC * i + lane] = x[lane][i];
}

VEC_CLONES(run_gather, gather, (struct yin * y), (y))

/* d'(lag) of the frames side by side; under[lane] tells whether any is below dip_limit.
 */
VEC_INLINE void differ(const struct yin *y, const double *energy, int64_t *under)
{
    enum { HALVES = 2, HALF = VEC / HALVES };
    for (int h = 0; h < HALVES; h++) {
        const float *out = y->frames + HALF * h, *in = out + VEC * y->window;
        const float *correlation = y->correlation + HALF * h;
        double *dips = y->dips + HALF * h;
        v4d first = *(const v4d_any *)(energy + HALF * h), moved = first, sum = {0};
        v4l any = {0};
        *(v4d_any *)dips = (v4d){1, 1, 1, 1};
        for (int lag = 1; lag <= y->lag_max; lag++) {
            v4d o = V4D_FROM(out + VEC * (lag - 1)), n = V4D_FROM(in + VEC * (lag - 1));
            moved += n * n - o * o;
            v4d d = first + moved - 2 * V4D_FROM(correlation + VEC * lag);
            d = (v4d)((v4l)d & (d > 0));
            sum += d;
            v4l some = sum > 0;
            d = d * lag / sum;
            d = (v4d)(((v4l)d & some) | ((v4l)(v4d){1, 1, 1, 1} & ~some));
            any |= d < dip_limit;
            *(v4d_any *)(dips + VEC * lag) = d;
        }
        memcpy(under + HALF * h, &any, sizeof any);
    }
}

VEC_CLONES(run_differ, differ,
           (const struct yin *y, const double *energy, int64_t *under),
           (y, energy, under))

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

/* What a frame in y->dip says. */
static struct vote frame_vote(const struct yin *y, double rms)
{
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

/* No pitch can still get half of all: those who agree lie within two times `same_pitch`,
 * and the unheard agree with them at best. */
static bool is_lost(const struct ballot *b)
{
    double best = 0;
    for (int i = 0; i < b->count; i++) {
        double weight = 0;
        for (int j = 0; j < b->count; j++)
            if (b->votes[j].octave >= b->votes[i].octave &&
                b->votes[j].octave <= b->votes[i].octave + 2 * same_pitch)
                weight += b->votes[j].weight;
        best = fmax(best, weight);
    }
    const double rounding = 1e-9;
    return best + b->unheard < (0.5 - rounding) * b->all;
}

struct pitch_meter {
    struct yin yin;
    struct ballot *ballots; /* of the sounds since the last finish */
    size_t count, room;
};

struct pitch_meter *pitch_meter_new(int rate_hz)
{
    struct pitch_meter *m = rate_hz < 1000 ? NULL : calloc(1, sizeof *m);
    if (!m)
        return NULL;
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
    for (size_t i = 0; i < m->count; i++)
        audio_done(&m->ballots[i].line);
    free(m->ballots);
    free(m);
}

static void hear_waiting(struct yin *y)
{
    double energy[FFT_BATCH] = {0};
    int64_t under[FFT_BATCH];
    for (int i = 0; i < y->count; i++)
        energy[i] = y->waiting[i].ballot->energy[y->waiting[i].number];
    run_gather(y);
    fft_batch_correlate(y->fft, y->frames, y->correlation);
    run_differ(y, energy, under);
    for (int i = 0; i < y->count; i++) {
        struct ballot *b = y->waiting[i].ballot;
        int number = y->waiting[i].number;
        for (int lag = 0; under[i] && lag <= y->lag_max; lag++)
            y->dip[lag] = y->dips[FFT_BATCH * lag + i];
        if (under[i])
            b->votes[number] = frame_vote(y, b->rms[number]);
        b->unheard -= b->rms[number];
    }
    for (int i = 0; i < y->count; i++)
        y->waiting[i].ballot->lost = is_lost(y->waiting[i].ballot);
    y->count = 0;
}

static size_t frame_length(const struct yin *y)
{
    return (size_t)(y->window + y->lag_max + 1);
}

static size_t frame_at(const struct yin *y, const struct ballot *b, int number)
{
    size_t room = b->line.frames - frame_length(y);
    return b->count > 1 ? room * (size_t)number / (size_t)(b->count - 1) : 0;
}

/* Up to FRAMES_MAX frames, spread over the line; the louder of them vote. */
static void choose_frames(const struct yin *y, struct ballot *b)
{
    size_t need = frame_length(y), count = (b->line.frames - need) / (need / 2) + 1;
    b->count = count > FRAMES_MAX ? FRAMES_MAX : (int)count;
    double loudest = 0;
    for (int i = 0; i < b->count; i++) {
        b->energy[i] =
            line_square_sum(b->line.data + frame_at(y, b, i), (size_t)y->window);
        b->rms[i] = sqrt(b->energy[i] / y->window);
        loudest = fmax(loudest, b->rms[i]);
    }
    for (int i = 0; i < b->count; i++) {
        if (!(b->rms[i] > 0.1 * loudest && loudest > 1e-6))
            continue;
        int place = b->voters++;
        for (; place > 0 && b->rms[i] > b->rms[b->order[place - 1]]; place--)
            b->order[place] = b->order[place - 1];
        b->order[place] = i;
        b->all += b->rms[i];
    }
    b->unheard = b->all;
}

/* Up to eight frames that may still tell something, of as many sounds as there are. */
static void queue_frames(struct pitch_meter *m)
{
    struct yin *y = &m->yin;
    for (int before = -1; before < y->count && y->count < FFT_BATCH;) {
        before = y->count;
        for (size_t i = 0; i < m->count && y->count < FFT_BATCH; i++) {
            struct ballot *b = &m->ballots[i];
            if (b->lost || b->queued == b->voters)
                continue;
            int number = b->order[b->queued++];
            y->waiting[y->count++] =
                (struct waiting){b, number, b->line.data + frame_at(y, b, number)};
        }
    }
}

static struct ballot *open_ballot(struct pitch_meter *m, double *hz)
{
    if (!array_grow(&m->ballots, &m->room, m->count + 1, sizeof *m->ballots))
        return NULL;
    struct ballot *b = &m->ballots[m->count++];
    *b = (struct ballot){.hz = hz};
    return b;
}

/* The sound as YIN wants it: what is too short for a frame is continued by silence. */
static enum status prepare(const struct yin *y, struct audio *line)
{
    struct audio other;
    enum status st = ST_OK;
    if (line->rate_hz != y->rate_hz) {
        st = resample_rate(&other, line, y->rate_hz, RESAMPLE_FAST, NULL);
        audio_done(line);
        *line = other;
    }
    if (st == ST_OK && line->frames < frame_length(y)) {
        st = audio_slice(&other, line, 0, frame_length(y), NULL);
        audio_done(line);
        *line = other;
    }
    return st;
}

enum status pitch_meter_add(struct pitch_meter *m, struct audio *mono, double *hz)
{
    *hz = (double)NAN;
    struct audio line = *mono;
    *mono = (struct audio){0};
    enum status st = prepare(&m->yin, &line);
    struct ballot *b = st == ST_OK ? open_ballot(m, hz) : NULL;
    if (!b) {
        audio_done(&line);
        return ST_NO_MEMORY;
    }
    b->line = line;
    choose_frames(&m->yin, b);
    return ST_OK;
}

void pitch_meter_finish(struct pitch_meter *m)
{
    for (queue_frames(m); m->yin.count > 0; queue_frames(m))
        hear_waiting(&m->yin);
    for (size_t i = 0; i < m->count; i++) {
        struct ballot *b = &m->ballots[i];
        if (b->all > 0 && !b->lost)
            *b->hz = elect(b->votes, b->count, b->all);
        audio_done(&b->line);
    }
    m->count = 0;
}
