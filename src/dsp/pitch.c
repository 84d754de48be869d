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
enum { WIDE = 4, HALVES = VEC / WIDE, BLOCK = 32 /* lags, some WIDE of them */ };

struct vote {
    double octave; /* log2 of the frequency */
    double weight; /* RMS × how periodic, 0 … 1 */
};

/* One sound, its frames and what they say. */
struct ballot {
    const float *x; /* the line: the caller's, or what is `own` */
    size_t frames;
    struct audio own;
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
    /* Of eight frames side by side: the frames, silence behind them; their correlations.
     */
    float *frames, *correlation;
    double *dips;   /* their cumulative mean normalised differences, a row each … */
    size_t row;     /* … of so many */
    int64_t *under; /* by BLOCK lags and frame: whether any is below dip_limit */
    struct waiting waiting[FFT_BATCH];
    int count;
};

/* Raised, so that the dips of high notes do not fall between the lags. */
static int times_for(int rate_hz)
{
    return rate_hz >= LOWEST_RATE_HZ ? 1 : (LOWEST_RATE_HZ + rate_hz - 1) / rate_hz;
}

/* Of the lags from 1 on. */
static int blocks_of(const struct yin *y)
{
    return (y->lag_max + BLOCK - 1) / BLOCK;
}

static bool yin_init(struct yin *y, int rate_hz)
{
    *y = (struct yin){.rate_hz = rate_hz};
    y->window = (int)(window_s * rate_hz);
    y->lag_max = (int)(rate_hz / lowest_hz) + 2;
    y->size = fft_next_fast(y->window + y->lag_max + 1);
    size_t n = (size_t)y->size;
    float *window = calloc(n, sizeof *window);
    for (int i = 0; window && i < y->window; i++)
        window[i] = 1;
    y->fft = window ? fft_batch_new(y->size, window) : NULL;
    free(window);
    y->frames = calloc(FFT_BATCH * (n + BLOCK), sizeof *y->frames);
    y->correlation = calloc(FFT_BATCH * (n + BLOCK), sizeof *y->correlation);
    y->row = BLOCK * (size_t)blocks_of(y) + 1;
    y->dips = malloc(FFT_BATCH * y->row * sizeof *y->dips);
    y->under = malloc(FFT_BATCH * (size_t)blocks_of(y) * sizeof *y->under);
    return y->fft && y->frames && y->correlation && y->dips && y->under;
}

static void yin_done(struct yin *y)
{
    fft_batch_free(y->fft);
    free(y->frames);
    free(y->correlation);
    free(y->dips);
    free(y->under);
}

/* The waiting frames side by side; unused lanes hold the first one again. */
VEC_INLINE void gather(struct yin *y)
{
    const float *x[VEC];
    for (int lane = 0; lane < VEC; lane++)
        x[lane] = y->waiting[lane < y->count ? lane : 0].x;
    vec_to_lanes(x, y->window + y->lag_max, y->frames);
}

VEC_CLONES(run_gather, gather, (struct yin * y), (y))

/* Lane i of the four vectors goes, in their order, to to[i·stride …]. */
VEC_INLINE void store_columns(const v4d *v, double *to, size_t stride)
{
    v4d p = VEC_SHUFFLE(v[0], v[1], 0, 4, 2, 6), q = VEC_SHUFFLE(v[2], v[3], 0, 4, 2, 6);
    v4d r = VEC_SHUFFLE(v[0], v[1], 1, 5, 3, 7), t = VEC_SHUFFLE(v[2], v[3], 1, 5, 3, 7);
    *(v4d_any *)to = VEC_SHUFFLE(p, q, 0, 1, 4, 5);
    *(v4d_any *)(to + stride) = VEC_SHUFFLE(r, t, 0, 1, 4, 5);
    *(v4d_any *)(to + 2 * stride) = VEC_SHUFFLE(p, q, 2, 3, 6, 7);
    *(v4d_any *)(to + 3 * stride) = VEC_SHUFFLE(r, t, 2, 3, 6, 7);
}

/* Half of the frames side by side, and where a lag of theirs begins. */
struct half {
    const float *out, *in, *correlation;
    double *dips;
    v4d first, moved, sum;
};

/* d'(lag) for the WIDE lags from `lag` on; all bits of under[lane] are set if any is
 * below dip_limit. */
VEC_INLINE void differ_some(struct half *f, int lag, size_t row, v4l *under)
{
    const v4d one = {1, 1, 1, 1};
    v4d dip[WIDE];
    for (int i = 0; i < WIDE; i++, lag++) {
        v4d o = V4D_FROM(f->out + VEC * (lag - 1)), n = V4D_FROM(f->in + VEC * (lag - 1));
        f->moved += n * n - o * o;
        v4d d = f->first + f->moved - 2 * V4D_FROM(f->correlation + VEC * lag);
        d = (v4d)((v4l)d & (d > 0));
        f->sum += d;
        v4l some = f->sum > 0;
        d = d * lag / f->sum;
        dip[i] = (v4d)(((v4l)d & some) | ((v4l)one & ~some));
        *under |= dip[i] < dip_limit;
    }
    store_columns(dip, f->dips + lag - WIDE, row);
}

/* d'(lag) of the frames side by side. What is behind lag_max has no meaning. */
VEC_INLINE void differ(const struct yin *y, const double *energy)
{
    struct half half[HALVES];
    for (int h = 0; h < HALVES; h++) {
        v4d first = *(const v4d_any *)(energy + WIDE * h);
        double *dips = y->dips + (size_t)(WIDE * h) * y->row;
        const float *out = y->frames + WIDE * h;
        half[h] = (struct half){
            out, out + VEC * y->window, y->correlation + WIDE * h, dips, first, first,
            {0}};
        for (size_t i = 0; i < WIDE; i++)
            dips[i * y->row] = 1;
    }
    for (int b = 0; b < blocks_of(y); b++) {
        v4l under[HALVES] = {{0}};
        for (int i = 0; i < BLOCK; i += WIDE)
            for (int h = 0; h < HALVES; h++)
                differ_some(&half[h], 1 + BLOCK * b + i, y->row, &under[h]);
        memcpy(y->under + FFT_BATCH * b, under, sizeof under);
    }
}

VEC_CLONES(run_differ, differ, (const struct yin *y, const double *energy), (y, energy))

static double parabola(const double *d, int at, double *depth)
{
    double a = d[at - 1], b = d[at], c = d[at + 1], bend = a - 2 * b + c;
    double shift = bend > 1e-12 ? 0.5 * (a - c) / bend : 0;
    *depth = b - 0.25 * (a - c) * shift;
    return at + shift;
}

/* The lag of the period of a frame, first dip under the threshold, else the deepest; 0
 * for none. */
static int find_period(const struct yin *y, const double *dip, int frame)
{
    int from = (int)(y->rate_hz / highest_hz), best = 0;
    from = from < 2 ? 2 : from;
    for (int b = (from - 1) / BLOCK; b < blocks_of(y); b++) {
        if (!y->under[FFT_BATCH * b + frame])
            continue;
        int lag = 1 + BLOCK * b,
            end = lag + BLOCK < y->lag_max ? lag + BLOCK : y->lag_max;
        for (lag = lag < from ? from : lag; lag < end; lag++) {
            if (!(dip[lag] < dip_limit) || !(dip[lag] < dip[lag - 1]) ||
                !(dip[lag] <= dip[lag + 1]))
                continue;
            if (dip[lag] < dip_threshold)
                return lag;
            if (!best || dip[lag] < dip[best])
                best = lag;
        }
    }
    return best;
}

/* Later dips lie at multiples of the period: each doubling halves the error. */
static double refine(const struct yin *y, const double *dip, double period)
{
    for (int times = 2; period * times + 2 < y->lag_max; times *= 2) {
        int at = (int)lrint(period * times), reach = (int)(0.2 * period) + 1;
        int best = at;
        for (int lag = at - reach; lag <= at + reach && lag < y->lag_max; lag++)
            if (lag > 1 && dip[lag] < dip[best])
                best = lag;
        double depth, place = parabola(dip, best, &depth);
        bool edge = abs(best - at) >= reach;
        if (edge || depth > 0.4)
            break;
        period = place / times;
    }
    return period;
}

/* What a frame of those side by side says. */
static struct vote frame_vote(const struct yin *y, int frame, double rms)
{
    const double *dip = y->dips + (size_t)frame * y->row;
    int lag = find_period(y, dip, frame);
    if (!lag)
        return (struct vote){0};
    double depth, period = parabola(dip, lag, &depth);
    double clarity = fmin(1, fmax(0, 1 - depth));
    double hz = y->rate_hz / refine(y, dip, period);
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
        audio_done(&m->ballots[i].own);
    free(m->ballots);
    free(m);
}

static void hear_waiting(struct yin *y)
{
    double energy[FFT_BATCH] = {0};
    for (int i = 0; i < y->count; i++)
        energy[i] = y->waiting[i].ballot->energy[y->waiting[i].number];
    run_gather(y);
    fft_batch_correlate(y->fft, y->frames, y->lag_max + 1, y->correlation);
    run_differ(y, energy);
    for (int i = 0; i < y->count; i++) {
        struct ballot *b = y->waiting[i].ballot;
        int number = y->waiting[i].number;
        b->votes[number] = frame_vote(y, i, b->rms[number]);
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
    size_t room = b->frames - frame_length(y);
    return b->count > 1 ? room * (size_t)number / (size_t)(b->count - 1) : 0;
}

/* Up to FRAMES_MAX frames, spread over the line; the louder of them vote. */
static void choose_frames(const struct yin *y, struct ballot *b)
{
    size_t count = b->frames / frame_length(y);
    b->count = count > FRAMES_MAX ? FRAMES_MAX : (int)count;
    double loudest = 0;
    for (int i = 0; i < b->count; i++) {
        b->energy[i] = line_square_sum(b->x + frame_at(y, b, i), (size_t)y->window);
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
                (struct waiting){b, number, b->x + frame_at(y, b, number)};
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

/* The sound as YIN wants it, `own` where it is not that itself: what is too short for a
 * frame is continued by silence. */
static enum status prepare(const struct yin *y, const struct audio *mono,
                           struct audio *own)
{
    enum status st = ST_OK;
    const struct audio *line = mono;
    if (mono->rate_hz != y->rate_hz) {
        st = resample_rate(own, mono, y->rate_hz, RESAMPLE_FAST, NULL);
        line = own;
    }
    if (st == ST_OK && line->frames < frame_length(y)) {
        struct audio longer;
        st = audio_slice(&longer, line, 0, frame_length(y), NULL);
        audio_done(own);
        *own = longer;
    }
    return st;
}

enum status pitch_meter_add(struct pitch_meter *m, const struct audio *mono, double *hz)
{
    *hz = (double)NAN;
    struct audio own = {0};
    enum status st = prepare(&m->yin, mono, &own);
    struct ballot *b = st == ST_OK ? open_ballot(m, hz) : NULL;
    if (!b) {
        audio_done(&own);
        return ST_NO_MEMORY;
    }
    b->own = own;
    b->x = own.data ? own.data : mono->data;
    b->frames = own.data ? own.frames : mono->frames;
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
        audio_done(&b->own);
    }
    m->count = 0;
}
