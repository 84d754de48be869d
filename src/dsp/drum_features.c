#include "dsp/drum_features.h"

#include "dsp/drum_pitch.h"
#include "dsp/fft.h"
#include "dsp/fft_batch.h"
#include "dsp/line.h"
#include "dsp/mfcc.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const double TWO_PI = 6.283185307179586;
static const double LONGEST_S = 1.0, SHORTEST_S = 0.002, HOP_S = 256.0 / 44100;
static const double HIGHEST_HZ = 20000; /* the same sound at any rate */
static const double LEAD_S = 0.0005, PEAK_WITHIN_S = 0.1;
static const float ATTACK_LEVEL = 0.05F;
/* What is left of a hit at least when the background is taken off. */
#define KEPT_SHARE 0.03F
static const double SPECTRUM_FLOOR_DB = -70, BAND_FLOOR_DB = -60;
static const double band_edge_hz[DRUM_BANDS + 1] = {30,   80,   160,  400,  1000,
                                                    2500, 5000, 9000, 20000};
static const double time_edge_s[DRUM_TIMES + 1] = {0, 0.02, 0.06, 0.15, 0.4};

enum { MEL_BANDS = 32, SEGMENTS = 2, LOWEST_RATE_HZ = 1000 };
/* Attack and body, for the shape of the spectrum. */
static const double segment_s[SEGMENTS + 1] = {0, 0.030, 0.120};

struct drum_ear {
    int rate_hz, fft_size, bins;
    struct fft_batch *fft;
    struct mfcc *mfcc;
    struct drum_pitch_meter *pitch;
    v8f *sum;      /* of own power, a row of bins for each segment, lanes apart */
    float *frames; /* eight, one after the other */
    float *power;  /* of the eight, as fft_batch leaves them */
    float *spectrum;
    signed char *band_of;    /* per bin, −1: none */
    double *shape[SEGMENTS]; /* a row of bins each, the background last */
};

struct sheet {
    float *memory;
    float *x;         /* in `memory`: mono from the attack on, loudest 5 ms of RMS 1 */
    size_t n, before; /* frames of it, and of what sounded before x[0] */
    int rate_hz, fft_size, bins;
    struct drum_ear *ear;
    double *shape[SEGMENTS]; /* mean power per bin */
    double *background;      /* power per bin of what sounded before, or 0 */
    double background_level; /* its mean square */
    double band[DRUM_TIMES][DRUM_BANDS];
    int frames_in[DRUM_TIMES], frames_of[SEGMENTS];
    float *out;
};

static void put(struct sheet *s, double value)
{
    *s->out++ = isfinite(value) ? (float)value : 0;
}

static double db_of(double power)
{
    return 10 * log10(power + 1e-20);
}

static size_t attack_after(const float *x, size_t frames, size_t from, size_t early)
{
    size_t span = frames - from;
    float peak = line_peak(x + from, span);
    float first = line_peak(x + from, early < span ? early : span);
    if (first < 0.1F * peak)
        first = peak;
    if (!(peak > 1e-7F))
        return frames;
    while (from < frames && fabsf(x[from]) < ATTACK_LEVEL * first)
        from++;
    return from;
}

/* Mono from just before the attack, scrubbed; false when memory is out. */
static bool take(struct sheet *s, const struct audio *hit, size_t lead_frames)
{
    s->rate_hz = hit->rate_hz;
    s->memory = malloc((hit->frames + 1) * sizeof *s->memory);
    if (!s->memory)
        return false;
    audio_mono(hit, s->memory);
    line_scrub(s->memory, hit->frames);
    if (line_peak(s->memory, hit->frames) > 1e6F)
        for (size_t i = 0; i < hit->frames; i++)
            s->memory[i] = fabsf(s->memory[i]) > 1e6F ? 0 : s->memory[i];
    size_t from = lead_frames < hit->frames ? lead_frames : hit->frames;
    size_t early = (size_t)(PEAK_WITHIN_S * hit->rate_hz);
    size_t lead = (size_t)(LEAD_S * hit->rate_hz);
    size_t at = attack_after(s->memory, hit->frames, from, early);
    if (at == hit->frames)
        return true;
    at = at > from + lead ? at - lead : from;
    size_t longest = (size_t)(LONGEST_S * hit->rate_hz);
    s->before = from;
    s->x = s->memory + at;
    s->n = hit->frames - at < longest ? hit->frames - at : longest;
    return true;
}

static double energy(const struct sheet *s, size_t first, size_t last)
{
    last = last < s->n ? last : s->n;
    return first < last ? line_square_sum(s->x + first, last - first) : 0;
}

/* To a loudest 5 ms of RMS 1. */
static void level_out(struct sheet *s)
{
    size_t block = (size_t)(0.005 * s->rate_hz) + 1;
    double most = 0;
    for (size_t i = 0; i < s->n; i += block)
        most = fmax(most, energy(s, i, i + block));
    if (!(most > 0)) {
        s->n = 0;
        return;
    }
    float gain = (float)(1 / sqrt(most / (double)block));
    for (float *x = s->memory; x < s->x + s->n; x++)
        *x *= gain;
}

static void sort_bins(struct drum_ear *ear)
{
    double bin_hz = (double)ear->rate_hz / ear->fft_size;
    int band = 0;
    for (int k = 0; k < ear->bins; k++) {
        double hz = k * bin_hz;
        while (band < DRUM_BANDS && hz >= band_edge_hz[band + 1])
            band++;
        bool inside = k > 0 && band < DRUM_BANDS && hz >= band_edge_hz[0];
        ear->band_of[k] = (signed char)(inside ? band : -1);
    }
}

enum status drum_ear_new(struct drum_ear **out, int rate_hz, struct err *e)
{
    *out = NULL;
    if (rate_hz < LOWEST_RATE_HZ)
        return err_set(e, ST_EMPTY, "a drum hit without a usable rate");
    struct drum_ear *ear = calloc(1, sizeof *ear);
    if (!ear)
        return err_set(e, ST_NO_MEMORY, "no memory to look at drum hits");
    ear->rate_hz = rate_hz;
    ear->fft_size = fft_size_at(1024, rate_hz);
    int heard = (int)(HIGHEST_HZ * ear->fft_size / rate_hz) + 1;
    ear->bins = ear->fft_size / 2 + 1 < heard ? ear->fft_size / 2 + 1 : heard;
    size_t size = (size_t)ear->fft_size, bins = size / 2 + 1;
    float *window = malloc(size * sizeof *window);
    for (size_t i = 0; window && i < size; i++)
        window[i] = (float)(0.5 - 0.5 * cos(TWO_PI * (double)i / (double)size));
    ear->fft = window ? fft_batch_new(ear->fft_size, window) : NULL;
    free(window);
    ear->pitch = drum_pitch_meter_new(rate_hz);
    ear->frames = malloc(FFT_BATCH * size * sizeof *ear->frames);
    ear->power = malloc(FFT_BATCH * bins * sizeof *ear->power);
    ear->spectrum = malloc(bins * sizeof *ear->spectrum);
    ear->sum = aligned_alloc(64, (SEGMENTS * bins + 1) / 2 * 2 * sizeof *ear->sum);
    ear->band_of = malloc(bins);
    ear->shape[0] = malloc((SEGMENTS + 1) * bins * sizeof *ear->shape[0]);
    enum status st =
        mfcc_new(&ear->mfcc, rate_hz, ear->fft_size, MEL_BANDS, DRUM_CEPSTRA + 1, e);
    if (st == ST_OK && !(ear->fft && ear->pitch && ear->frames && ear->power &&
                         ear->spectrum && ear->sum && ear->band_of && ear->shape[0]))
        st = err_set(e, ST_NO_MEMORY, "no memory to look at drum hits");
    if (st != ST_OK) {
        drum_ear_free(ear);
        return st;
    }
    for (int k = 1; k < SEGMENTS; k++)
        ear->shape[k] = ear->shape[0] + k * ear->bins;
    sort_bins(ear);
    *out = ear;
    return ST_OK;
}

void drum_ear_free(struct drum_ear *ear)
{
    if (!ear)
        return;
    fft_batch_free(ear->fft);
    mfcc_free(ear->mfcc);
    drum_pitch_meter_free(ear->pitch);
    free(ear->frames);
    free(ear->power);
    free(ear->spectrum);
    free(ear->sum);
    free(ear->band_of);
    free(ear->shape[0]);
    free(ear);
}

static void open_sheet(struct sheet *s, struct drum_ear *ear)
{
    s->ear = ear;
    s->fft_size = ear->fft_size;
    s->bins = ear->bins;
    for (int k = 0; k < SEGMENTS; k++)
        s->shape[k] = ear->shape[k];
    size_t bins = (size_t)ear->bins;
    s->background = ear->shape[0] + SEGMENTS * bins;
    memset(ear->shape[0], 0, (SEGMENTS + 1) * bins * sizeof *ear->shape[0]);
    memset(ear->sum, 0, SEGMENTS * bins * sizeof *ear->sum);
}

static int segment_at(const double *edge, int count, double t)
{
    for (int i = 0; i < count; i++)
        if (t >= edge[i] && t < edge[i + 1])
            return i;
    return -1;
}

/* A frame: where it begins in s->x and what of that it may see, and what its power is
 * counted for. */
struct frame {
    long first, least;
    int shape, time;
};

static void copy_frame(const struct sheet *s, const struct frame *f, float *to)
{
    long first = f->first, size = s->fft_size, n = (long)s->n;
    long from = first < f->least ? f->least - first : 0;
    long until = first + size > n ? n - first : size;
    memset(to, 0, (size_t)size * sizeof *to);
    if (until > from)
        memcpy(to + from, s->x + first + from, (size_t)(until - from) * sizeof *to);
}

/* Sums over the frames of a batch, a lane each: of a time's bands, and of a segment's
 * bins. */
struct tally {
    v8f mask[SEGMENTS];
    int shaped;
    v8f band[DRUM_BANDS + 1]; /* the first for bins of no band */
};

/* Counts what the frames have of each bin beyond what sounded before. */
VEC_INLINE void tally_power(const struct drum_ear *ear, const double *background,
                            struct tally *t)
{
    for (int k = 1; k < ear->bins; k++) {
        v8f whole = VEC_CONST_AT(ear->power + VEC * k);
        v8f own = whole - (float)background[k], kept = whole * KEPT_SHARE;
        vec_max(&own, &kept);
        t->band[ear->band_of[k] + 1] += own;
        if (t->shaped)
            for (int i = 0; i < SEGMENTS; i++)
                ear->sum[i * ear->bins + k] += own * t->mask[i];
    }
}

VEC_CLONES(run_tally, tally_power,
           (const struct drum_ear *ear, const double *background, struct tally *t),
           (ear, background, t))

static void count_frames(struct sheet *s, const struct frame *f, int count)
{
    struct tally t = {.shaped = 0};
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < SEGMENTS; k++)
            t.mask[k][i] = f[i].shape == k ? 1 : 0;
        if (f[i].shape >= 0) {
            s->frames_of[f[i].shape]++;
            t.shaped = 1;
        }
    }
    run_tally(s->ear, s->background, &t);
    for (int i = 0; i < count; i++) {
        if (f[i].time < 0)
            continue;
        for (int b = 0; b < DRUM_BANDS; b++)
            s->band[f[i].time][b] += (double)t.band[b + 1][i];
        s->frames_in[f[i].time]++;
    }
}

static void look_at(struct sheet *s, const struct frame *f, int count)
{
    size_t size = (size_t)s->fft_size;
    for (int i = 0; i < count; i++)
        copy_frame(s, &f[i], s->ear->frames + (size_t)i * size);
    memset(s->ear->frames + (size_t)count * size, 0,
           (size_t)(FFT_BATCH - count) * size * sizeof(float));
    fft_batch_power(s->ear->fft, s->ear->frames, s->fft_size, s->ear->power);
}

/* The frame that ends where the lead does, the first of the first batch. */
static struct frame frame_before(struct sheet *s)
{
    long size = s->fft_size;
    long first = (long)(s->memory - s->x) + (long)s->before - size;
    struct frame f = {first, first, -1, -1};
    s->background_level = line_square_sum(s->x + f.first, (size_t)size) / (double)size;
    return f;
}

static void add_batch(struct sheet *s, const struct frame *f, int count, bool before)
{
    look_at(s, f, count);
    for (int k = 0; before && k < s->bins; k++)
        s->background[k] = (double)s->ear->power[k * FFT_BATCH];
    count_frames(s, f, count);
}

static void add_frames(struct sheet *s)
{
    double hop = HOP_S * s->rate_hz;
    struct frame f[FFT_BATCH];
    int count = 0;
    bool before = s->before >= (size_t)s->fft_size;
    if (before)
        f[count++] = frame_before(s);
    for (int i = 0; (i + 0.5) * hop < (double)s->n || i == 0; i++) {
        long centre = lround((i + 0.5) * hop);
        double t = (double)centre / s->rate_hz;
        f[count] = (struct frame){centre - s->fft_size / 2, 0,
                                  segment_at(segment_s, SEGMENTS, t),
                                  segment_at(time_edge_s, DRUM_TIMES, t)};
        if (f[count].shape < 0 && f[count].time < 0)
            break; /* and all after it */
        if (++count == FFT_BATCH) {
            add_batch(s, f, count, before);
            before = false;
            count = 0;
        }
    }
    if (count)
        add_batch(s, f, count, before);
    for (int i = 0; i < SEGMENTS; i++) {
        if (i > 0 && s->frames_of[i] == 0) { /* too short to have a body */
            memcpy(s->shape[i], s->shape[i - 1], (size_t)s->bins * sizeof *s->shape[i]);
            continue;
        }
        for (int k = 0; k < s->bins; k++)
            s->shape[i][k] = vec_sum(&s->ear->sum[i * s->bins + k]) /
                             (s->frames_of[i] ? s->frames_of[i] : 1);
    }
}

static void put_cepstra(struct sheet *s, const double *shape)
{
    float mel[MEL_BANDS], cepstrum[DRUM_CEPSTRA + 1], most = 0;
    for (int k = 0; k <= s->fft_size / 2; k++)
        s->ear->spectrum[k] = k < s->bins ? (float)shape[k] : 0;
    mfcc_mel(s->ear->mfcc, s->ear->spectrum, mel);
    for (int b = 0; b < MEL_BANDS; b++)
        most = mel[b] > most ? mel[b] : most;
    float floor = most * (float)pow(10, SPECTRUM_FLOOR_DB / 10) + 1e-12F;
    mfcc_cepstrum(s->ear->mfcc, mel, floor, cepstrum);
    for (int c = 1; c <= DRUM_CEPSTRA; c++)
        put(s, (double)cepstrum[c] / 20);
}

static void put_bands(struct sheet *s)
{
    double db[DRUM_TIMES][DRUM_BANDS], loudest = -200;
    for (int t = 0; t < DRUM_TIMES; t++)
        for (int b = 0; b < DRUM_BANDS; b++) {
            int n = s->frames_in[t];
            db[t][b] = n ? db_of(s->band[t][b] / n) : (double)NAN;
            if (n && db[t][b] > loudest)
                loudest = db[t][b];
        }
    for (int b = 0; b < DRUM_BANDS; b++)
        for (int t = 0; t < DRUM_TIMES; t++) {
            if (isnan(db[t][b])) {
                double before = t > 0 ? db[t - 1][b] : loudest;
                double fall = t > 1 ? db[t - 2][b] - before : 6;
                db[t][b] = before - fmax(3, fmin(30, fall));
            }
            db[t][b] = fmax(db[t][b], loudest + BAND_FLOOR_DB);
            put(s, (db[t][b] - loudest) / 20);
        }
}

/* Flatness of the power between two frequencies, in units of 20 dB: 0 noise. */
static double flatness(const struct sheet *s, const double *shape, double low_hz,
                       double high_hz)
{
    double bin_hz = (double)s->rate_hz / s->fft_size, logs = 0, sum = 0, most = 0;
    int count = 0;
    for (int k = 1; k < s->bins; k++)
        most = fmax(most, shape[k]);
    for (int k = 1; k < s->bins; k++) {
        double hz = k * bin_hz;
        if (hz < low_hz || hz >= high_hz)
            continue;
        double p = shape[k] + 1e-7 * most + 1e-30;
        logs += log10(p);
        sum += p;
        count++;
    }
    return count ? (10 * logs / count - db_of(sum / count)) / 20 : 0;
}

static void put_shape(struct sheet *s, const double *shape, double from_s, double to_s)
{
    double bin_hz = (double)s->rate_hz / s->fft_size;
    double sum = 0, moment = 0, square = 0, power = 0, below = 0, rolloff = bin_hz;
    for (int k = 1; k < s->bins; k++) {
        double magnitude = sqrt(shape[k]), hz = k * bin_hz;
        sum += magnitude;
        moment += magnitude * hz;
        square += magnitude * hz * hz;
        power += shape[k];
    }
    double centroid = sum > 0 ? moment / sum : bin_hz;
    double spread = sum > 0 ? sqrt(fmax(0, square / sum - centroid * centroid)) : bin_hz;
    for (int k = 1; k < s->bins && below < 0.85 * power; k++) {
        below += shape[k];
        rolloff = k * bin_hz;
    }
    put(s, log2(fmax(centroid, bin_hz) / 1000));
    put(s, log2(fmax(spread, bin_hz) / 1000));
    put(s, log2(rolloff / 1000));
    put(s, flatness(s, shape, 20, 20000));
    size_t first = (size_t)(from_s * s->rate_hz), last = (size_t)(to_s * s->rate_hz);
    if (first + 8 >= s->n)
        first = 0;
    last = last < s->n ? last : s->n;
    size_t crossings = 1;
    for (size_t i = first + 1; i < last; i++)
        crossings += (s->x[i] < 0) != (s->x[i - 1] < 0);
    double seconds = (double)(last - first + 1) / s->rate_hz;
    put(s, log2((double)crossings / seconds / 2000));
}

static double log_ms(double seconds)
{
    return log10(1e3 * seconds + 0.3);
}

static void put_envelope(struct sheet *s)
{
    enum { BLOCKS = 520 };
    double level[BLOCKS], block_s = 0.002, total = 0, moment = 0;
    size_t block = (size_t)(block_s * s->rate_hz) + 1, count = 0, top = 0;
    block_s = (double)block / s->rate_hz;
    level[0] = 0;
    float peak = line_peak(s->x, s->n);
    for (size_t i = 0; i < s->n && count < BLOCKS; i += block) {
        double whole = energy(s, i, i + block) / (double)block;
        level[count] = fmax(whole - s->background_level, (double)KEPT_SHARE * whole);
        total += level[count];
        moment += level[count] * (double)count * block_s;
        if (level[count] > level[top])
            top = count;
        count++;
    }
    put(s, log_ms((double)top * block_s));
    static const double falls_db[] = {-10, -20, -40};
    for (size_t k = 0; k < 3; k++) {
        double limit = level[top] * pow(10, falls_db[k] / 10);
        size_t last = count;
        while (last > top + 1 && level[last - 1] < limit)
            last--;
        put(s, log_ms((double)(last - top) * block_s));
    }
    put(s, log_ms((double)s->n / s->rate_hz));
    double rms = sqrt(total / (double)count);
    put(s, log10((double)peak / fmax(rms, 1e-9)));
    put(s, log_ms(moment / total));
    double rises = 0, early = 0;
    for (size_t i = 1; i < count && (double)i * block_s < 0.06; i++)
        rises += fmax(0, sqrt(level[i]) - sqrt(level[i - 1]));
    for (size_t i = 0; i < count && (double)i * block_s < 0.01; i++)
        early += level[i];
    put(s, rises / sqrt(level[top]));
    put(s, early / total);
}

static void put_pitch(struct sheet *s)
{
    struct drum_pitch a, b;
    size_t span = (size_t)(0.05 * s->rate_hz), later = (size_t)(0.04 * s->rate_hz);
    size_t late = later + span / 2 < s->n ? later : 0;
    drum_pitch(s->ear->pitch, s->x, s->n < span ? s->n : span, &a);
    size_t rest = s->n - late < span ? s->n - late : span;
    drum_pitch(s->ear->pitch, s->x + late, rest, &b);
    put(s, log2(a.hz / 150));
    put(s, a.prominence_db / 20);
    put(s, a.share);
    put(s, log2(b.hz / 150));
    put(s, b.share);
    put(s, fmax(-2, fmin(2, log2(a.hz / b.hz))));
}

static void put_all(struct sheet *s)
{
    add_frames(s);
    for (int k = 0; k < SEGMENTS; k++)
        put_cepstra(s, s->shape[k]);
    put_bands(s);
    for (int k = 0; k < SEGMENTS; k++)
        put_shape(s, s->shape[k], segment_s[k], segment_s[k + 1]);
    put(s, flatness(s, s->shape[1], 200, 2000));
    put(s, flatness(s, s->shape[1], 2000, 8000));
    put(s, flatness(s, s->shape[1], 8000, 20000));
    put_envelope(s);
    put_pitch(s);
}

enum status drum_ear_features(struct drum_ear *ear, const struct audio *hit,
                              size_t lead_frames, float out[DRUM_FEATURES], struct err *e)
{
    memset(out, 0, DRUM_FEATURES * sizeof *out);
    if (hit->rate_hz != ear->rate_hz || hit->channels < 1)
        return err_set(e, ST_EMPTY, "a drum hit without a usable rate");
    struct sheet s = {.out = out};
    enum status st = ST_OK;
    if (!take(&s, hit, lead_frames)) {
        st = err_set(e, ST_NO_MEMORY, "no memory to look at a drum hit");
    } else {
        level_out(&s);
        if ((double)s.n < SHORTEST_S * hit->rate_hz)
            st = err_set(e, ST_EMPTY, "too little sound for a drum hit");
    }
    if (st == ST_OK) {
        open_sheet(&s, ear);
        put_all(&s);
    }
    free(s.memory);
    return st;
}

enum status drum_features(const struct audio *hit, size_t lead_frames,
                          float out[DRUM_FEATURES], struct err *e)
{
    struct drum_ear *ear;
    memset(out, 0, DRUM_FEATURES * sizeof *out);
    enum status st = drum_ear_new(&ear, hit->rate_hz, e);
    if (st == ST_OK)
        st = drum_ear_features(ear, hit, lead_frames, out, e);
    drum_ear_free(ear);
    return st;
}
