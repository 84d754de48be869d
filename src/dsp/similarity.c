#include "dsp/similarity.h"

#include "core/array.h"
#include "dsp/fft.h"
#include "dsp/fft_batch.h"
#include "dsp/line.h"
#include "dsp/mfcc.h"
#include "dsp/similarity_internal.h"
#include "dsp/similarity_pitch.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/similarity_table.h"

enum {
    MEL_BANDS = 40,
    MEAN_COEFFS = 12, /* MFCC 1 … 12 */
    OTHER_COEFFS = 6, /* deviation and attack: MFCC 1 … 6 */
    FRAMES_MAX = 128,
    LONG_FRAMES_MAX = 6,
    GROUPS = 12, /* of mel bands */
    SHAPE_POINTS = 6,
    ENVELOPE_MAX = 20000,
    SILENCE_AROUND = 4 /* frames of it */
};

/* Everything below the loudest by this is taken for the noise it was recorded with. */
static const double floor_db = -36.0;
static const double trim_db = -28.0;

/* A sound whose long spectra may still wait for the transform of eight. */
struct waiting {
    struct similarity_pitch pitch;
    float raw[SIMILARITY_DIM];
    bool silent;
    float *vector; /* where the result goes */
};

struct similarity {
    int rate_hz, size, long_size;
    struct fft_batch *batch, *long_batch;
    struct mfcc *mel;
    float *line, *mono;          /* a frame into the line */
    float *eight, *eight_powers; /* frames one after the other, and lanes of powers */
    float *long_eight, *long_powers;
    size_t long_of[FFT_BATCH]; /* the sound of each long frame, an index of `sounds` */
    int long_count;
    struct waiting *sounds;
    size_t count, room;
    size_t line_room;
};

const struct similarity_weights similarity_even = {{1.0, 1.0, 1.0, 1.0}};

enum status similarity_new(struct similarity **out, int rate_hz, struct err *e)
{
    *out = NULL;
    if (rate_hz < 1000 || rate_hz > 1000000)
        return err_set(e, ST_UNSUPPORTED, "no similarity at %d Hz", rate_hz);
    struct similarity *s = calloc(1, sizeof *s);
    if (s == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for similarity");
    s->rate_hz = rate_hz;
    s->size = fft_size_at(1024, rate_hz);
    s->long_size = fft_size_at(8192, rate_hz);
    size_t n = (size_t)s->size, m = (size_t)s->long_size;
    s->batch = fft_batch_hann(s->size);
    s->long_batch = fft_batch_hann(s->long_size);
    s->eight = malloc(FFT_BATCH * n * sizeof(float));
    s->eight_powers = malloc(FFT_BATCH * (n / 2 + 1) * sizeof(float));
    s->long_eight = calloc(FFT_BATCH * m, sizeof(float));
    s->long_powers = malloc(FFT_BATCH * (m / 2 + 1) * sizeof(float));
    if (!s->batch || !s->long_batch || !s->eight || !s->eight_powers || !s->long_eight ||
        !s->long_powers) {
        similarity_free(s);
        return err_set(e, ST_NO_MEMORY, "no memory for similarity");
    }
    enum status st = mfcc_new(&s->mel, rate_hz, s->size, MEL_BANDS, MEAN_COEFFS + 1, e);
    if (st != ST_OK) {
        similarity_free(s);
        return st;
    }
    *out = s;
    return ST_OK;
}

void similarity_free(struct similarity *s)
{
    if (s == NULL)
        return;
    fft_batch_free(s->batch);
    fft_batch_free(s->long_batch);
    mfcc_free(s->mel);
    free(s->eight);
    free(s->eight_powers);
    free(s->long_eight);
    free(s->long_powers);
    free(s->sounds);
    free(s->line);
    free(s);
}

/* --- the sound, trimmed and at full level
 * ----------------------------------------------- */

struct sound {
    float *x; /* with a frame of silence before and three behind it */
    size_t frames;
    int rate_hz;
};

static enum status mix(struct similarity *s, const struct audio *a, struct err *e)
{
    size_t room = a->frames + SILENCE_AROUND * (size_t)s->size;
    if (!array_grow(&s->line, &s->line_room, room, sizeof *s->line))
        return err_set(e, ST_NO_MEMORY, "no memory for %zu frames", a->frames);
    s->mono = s->line + s->size;
    if (a->channels == 1 && a->frames > 0) {
        memcpy(s->mono, a->data, a->frames * sizeof *s->mono);
        line_scrub(s->mono, a->frames);
        return ST_OK;
    }
    for (size_t i = 0; i < a->frames; i++) {
        double sum = 0.0;
        for (int c = 0; c < a->channels; c++) {
            float v = a->data[i * (size_t)a->channels + (size_t)c];
            sum += isfinite(v) ? (double)v : 0.0;
        }
        s->mono[i] = (float)(sum / a->channels);
    }
    return ST_OK;
}

/* Level per block of about 2 ms (fewer, longer ones for long sounds), as power. */
struct envelope {
    double *power;
    size_t count, hop;
    double loudest;
};

static enum status envelope_of(struct envelope *v, const float *x, size_t frames,
                               int rate_hz, struct err *e)
{
    memset(v, 0, sizeof *v);
    v->hop = (size_t)fmax(1.0, 0.002 * rate_hz);
    if (frames / v->hop > ENVELOPE_MAX)
        v->hop = frames / ENVELOPE_MAX;
    v->power = malloc((frames / v->hop + 2) * sizeof *v->power);
    if (v->power == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for an envelope");
    for (size_t from = 0; from < frames; from += v->hop) {
        size_t n = frames - from < v->hop ? frames - from : v->hop;
        v->power[v->count] = line_square_sum(x + from, n) / (double)v->hop;
        v->loudest = fmax(v->loudest, v->power[v->count++]);
    }
    return ST_OK;
}

/* From the first block that is not far below the loudest to the last; and the envelope
 * of that part, which lies in `v`. */
static struct sound trim(const struct similarity *s, size_t frames,
                         const struct envelope *v, struct envelope *part)
{
    double gate = v->loudest * pow(10.0, trim_db / 10.0);
    size_t first = 0, last = v->count;
    while (first < v->count && v->power[first] < gate)
        first++;
    while (last > first && v->power[last - 1] < gate)
        last--;
    *part = *v;
    part->power += first;
    part->count = last - first;
    struct sound w = {s->mono + first * v->hop, (last - first) * v->hop, s->rate_hz};
    if (first * v->hop + w.frames > frames)
        w.frames = frames - first * v->hop;
    return w;
}

/* --- spectra over time
 * -------------------------------------------------------------------- */

struct frames {
    int count;
    double weight[FRAMES_MAX]; /* power; 0 behind the last */
    float eight[FRAMES_MAX / FFT_BATCH][MEL_BANDS * FFT_BATCH]; /* lanes of bands */
    double centre_s[FRAMES_MAX];
};

/* Where the frame that begins at `from` has sound, the rest zeros. */
static void copy_frame(const struct sound *w, long from, int size, float *to)
{
    long first = from < 0 ? -from : 0, frames = (long)w->frames;
    long until = from + size > frames ? frames - from : size;
    if (until <= first)
        first = until = size;
    memset(to, 0, (size_t)first * sizeof *to);
    memcpy(to + first, w->x + from + first, (size_t)(until - first) * sizeof *to);
    memset(to + until, 0, (size_t)(size - until) * sizeof *to);
}

/* The eight that begin at x and so far apart, of which `count` are wanted. */
static void count_frames(struct similarity *s, struct frames *f, const float *x,
                         int apart, int count)
{
    fft_batch_power(s->batch, x, apart, s->eight_powers);
    double sum[FFT_BATCH] = {0};
    mfcc_mel_eight(s->mel, s->eight_powers, f->eight[f->count / FFT_BATCH]);
    for (int k = 1; k <= s->size / 2; k++)
        for (int i = 0; i < FFT_BATCH; i++)
            sum[i] += (double)s->eight_powers[k * FFT_BATCH + i];
    memcpy(f->weight + f->count, sum, sizeof sum);
    f->count += count;
}

/* The first frames lie close, the later ones as far apart as it takes: the attack counts
 * as much as a long tail. */
static void spectra(struct similarity *s, const struct sound *w, struct frames *f)
{
    double hop = s->size / 4.0, total = (double)w->frames;
    double stretch = fmax(0.0, total / hop - FRAMES_MAX) /
                     ((double)FRAMES_MAX * (FRAMES_MAX - 1) / 2.0);
    double at = -s->size / 2.0 + hop;
    f->count = 0;
    for (int i = 0; i < FRAMES_MAX && at < total;) {
        const float *first = w->x + (long)at;
        int some = 0;
        for (; some < FFT_BATCH && at < total; some++, i++) {
            if (stretch > 0.0)
                copy_frame(w, (long)at, s->size, s->eight + some * s->size);
            f->centre_s[i] = (at + s->size / 2.0) / w->rate_hz;
            at += hop * (1.0 + stretch * i);
        }
        if (stretch > 0.0) {
            size_t missing = (size_t)(FFT_BATCH - some) * (size_t)s->size;
            memset(s->eight + some * s->size, 0, missing * sizeof *s->eight);
            count_frames(s, f, s->eight, s->size, some);
        } else {
            count_frames(s, f, first, s->size / 4, some); /* the others: silence */
        }
    }
}

static double to_db(double power)
{
    return 10.0 * log10(power + 1e-30);
}

static double clamp(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

/* --- aspects
 * ------------------------------------------------------------------------------- */

static int batches(const struct frames *f)
{
    return (f->count + FFT_BATCH - 1) / FFT_BATCH;
}

/* Mean bands of the first frame and those centred before `to` seconds, weighted as they
 * are. */
static void mean_bands(const struct frames *f, double to_s, float band[MEL_BANDS])
{
    float taken[FRAMES_MAX] = {0};
    double sum[MEL_BANDS] = {0}, total = 0.0;
    for (int i = 0; i < f->count; i++)
        taken[i] = i == 0 || f->centre_s[i] < to_s ? 1.0F : 0.0F;
    for (int n = 0; n < batches(f); n++)
        for (int b = 0; b < MEL_BANDS; b++)
            for (int i = 0; i < FFT_BATCH; i++)
                sum[b] +=
                    (double)(f->eight[n][b * FFT_BATCH + i] * taken[n * FFT_BATCH + i]);
    for (int b = 0; b < MEL_BANDS; b++)
        total += sum[b];
    for (int b = 0; b < MEL_BANDS; b++)
        band[b] = (float)(sum[b] / (total + 1e-30));
}

struct shape {
    double centroid, spread, flatness; /* octaves, octaves, 0 … 1 */
};

static struct shape shape_of(const struct similarity *s, const float *band)
{
    double sum = 1e-30, first = 0.0, second = 0.0, logs = 0.0;
    for (int b = 0; b < MEL_BANDS; b++) {
        double octave = log2(mfcc_band_hz(s->mel, b) / 440.0), p = (double)band[b];
        sum += p;
        first += p * octave;
        second += p * octave * octave;
        logs += log(p + 1e-4 / MEL_BANDS);
    }
    double mean = first / sum;
    return (struct shape){mean, sqrt(fmax(0.0, second / sum - mean * mean)),
                          exp(logs / MEL_BANDS) / (sum / MEL_BANDS + 1e-4 / MEL_BANDS)};
}

static void spectrum_aspect(const struct similarity *s, const struct frames *f,
                            const float *attack, float *out)
{
    float all[MEL_BANDS];
    mean_bands(f, (double)INFINITY, all);
    for (int g = 0; g < GROUPS; g++) {
        int from = g * MEL_BANDS / GROUPS, to = (g + 1) * MEL_BANDS / GROUPS;
        double sum = 0.0;
        for (int b = from; b < to; b++)
            sum += (double)all[b];
        out[g] = (float)to_db(sum + pow(10.0, floor_db / 10.0));
    }
    struct shape whole = shape_of(s, all), start = shape_of(s, attack);
    out[GROUPS] = (float)whole.centroid;
    out[GROUPS + 1] = (float)whole.spread;
    out[GROUPS + 2] = (float)sqrt(whole.flatness);
    out[GROUPS + 3] = (float)start.centroid;
}

/* The floor under a frame's bands: what lies far below the loudest frame is noise. */
static float noise_floor(const struct frames *f)
{
    float loudest[FFT_BATCH] = {0}, most = 0.0F;
    for (int n = 0; n < batches(f); n++)
        for (int b = 0; b < MEL_BANDS; b++)
            for (int i = 0; i < FFT_BATCH; i++) {
                float v = f->eight[n][b * FFT_BATCH + i];
                loudest[i] = v > loudest[i] ? v : loudest[i];
            }
    for (int i = 0; i < FFT_BATCH; i++)
        most = loudest[i] > most ? loudest[i] : most;
    return most * (float)pow(10.0, floor_db / 10.0) + 1e-30F;
}

static void timbre_aspect(const struct similarity *s, const struct frames *f,
                          const float *attack, float *out)
{
    float coeff[(MEAN_COEFFS + 1) * FFT_BATCH], floor = noise_floor(f);
    double mean[MEAN_COEFFS + 1] = {0}, square[MEAN_COEFFS + 1] = {0}, total = 1e-30;
    for (int n = 0; n < batches(f); n++) {
        double weight[FFT_BATCH]; /* loud frames count more, not alone */
        for (int i = 0; i < FFT_BATCH; i++) {
            weight[i] = sqrt(f->weight[n * FFT_BATCH + i]);
            total += weight[i];
        }
        mfcc_cepstrum_eight(s->mel, f->eight[n], floor, coeff);
        for (int c = 1; c <= MEAN_COEFFS; c++)
            for (int i = 0; i < FFT_BATCH; i++) {
                double v = (double)coeff[c * FFT_BATCH + i];
                mean[c] += weight[i] * v;
                square[c] += weight[i] * v * v;
            }
    }
    for (int c = 1; c <= MEAN_COEFFS; c++) {
        mean[c] /= total;
        out[c - 1] = (float)mean[c];
    }
    for (int c = 1; c <= OTHER_COEFFS; c++)
        out[MEAN_COEFFS + c - 1] =
            (float)sqrt(fmax(0.0, square[c] / total - mean[c] * mean[c]));
    mfcc_cepstrum(s->mel, attack, (float)pow(10.0, floor_db / 10.0) / MEL_BANDS, coeff);
    for (int c = 1; c <= OTHER_COEFFS; c++)
        out[MEAN_COEFFS + OTHER_COEFFS + c - 1] = coeff[c];
}

static void hear_waiting(struct similarity *s)
{
    if (s->long_count == 0)
        return;
    fft_batch_power(s->long_batch, s->long_eight, s->long_size, s->long_powers);
    struct similarity_pitch *of[FFT_BATCH];
    for (int i = 0; i < s->long_count; i++)
        of[i] = &s->sounds[s->long_of[i]].pitch;
    similarity_pitch_add(of, s->long_count, s->long_powers, s->long_size, s->rate_hz);
    s->long_count = 0;
}

/* Up to LONG_FRAMES_MAX long frames, spread over the sound; a short one lies in the
 * middle of its only one. */
static void queue_pitch(struct similarity *s, size_t sound, const struct sound *w)
{
    long span = (long)w->frames - s->long_size, step = s->long_size / 2;
    if (span / step >= LONG_FRAMES_MAX)
        step = span / (LONG_FRAMES_MAX - 1);
    for (int i = 0; i < LONG_FRAMES_MAX && (i == 0 || i * step <= span); i++) {
        copy_frame(w, span < 0 ? span / 2 : i * step, s->long_size,
                   s->long_eight + (size_t)s->long_count * (size_t)s->long_size);
        s->long_of[s->long_count++] = sound;
        if (s->long_count == FFT_BATCH)
            hear_waiting(s);
    }
}

/* Level in dB under the loudest, over the `span` blocks from `at`. */
static double level_db(const struct envelope *v, size_t at, size_t span)
{
    double sum = 0.0;
    size_t n = 0;
    for (size_t i = at; i < at + span && i < v->count; i++, n++)
        sum += v->power[i];
    return n == 0 ? floor_db
                  : clamp(to_db(sum / (double)span / v->loudest), floor_db, 0.0);
}

static void envelope_aspect(const struct sound *w, const struct envelope *v, float *out)
{
    static const double shape_ms[SHAPE_POINTS] = {15, 40, 90, 180, 360, 720};
    size_t top = 0, end;
    double block_ms = 1e3 * (double)v->hop / w->rate_hz, sum = 1e-30, moment = 0.0;
    for (size_t i = 0; i < v->count; i++) {
        if (v->power[i] > 0.5 * v->loudest && v->power[top] <= 0.5 * v->loudest)
            top = i;
        sum += v->power[i];
        moment += v->power[i] * (double)i;
    }
    for (end = v->count; end > top + 1 && v->power[end - 1] < 0.01 * v->loudest; end--)
        ;
    out[0] = (float)log2(1.0 + (double)top * block_ms / 4.0);
    out[1] = (float)log2(1.0 + (double)(end - top) * block_ms / 10.0);
    out[2] = (float)log2(1.0 + (double)v->count * block_ms / 20.0);
    out[3] = (float)log2(1.0 + moment / sum * block_ms / 4.0);
    for (int i = 0; i < SHAPE_POINTS; i++) {
        size_t at = (size_t)(shape_ms[i] / block_ms);
        size_t span = (size_t)fmax(1.0, 0.5 * shape_ms[i] / block_ms);
        out[4 + i] = (float)level_db(v, at, span);
    }
}

/* --- the whole
 * ----------------------------------------------------------------------------- */

/* All but the pitch, at full level, so that every floor is relative. */
static enum status look_at(struct similarity *s, size_t sound, const struct sound *w,
                           const struct envelope *v, struct err *e)
{
    float attack[MEL_BANDS], *raw = s->sounds[sound].raw;
    struct frames *f = malloc(sizeof *f);
    if (f == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for spectra");
    spectra(s, w, f);
    mean_bands(f, 0.03, attack);
    spectrum_aspect(s, f, attack, raw + SPECTRUM_AT);
    timbre_aspect(s, f, attack, raw + TIMBRE_AT);
    queue_pitch(s, sound, w);
    envelope_aspect(w, v, raw + ENVELOPE_AT);
    free(f);
    return ST_OK;
}

static struct waiting *open_sound(struct similarity *s)
{
    if (!array_grow(&s->sounds, &s->room, s->count + 1, sizeof *s->sounds))
        return NULL;
    struct waiting *now = &s->sounds[s->count++];
    memset(now, 0, sizeof *now);
    now->pitch = similarity_pitch_none();
    now->silent = true;
    return now;
}

/* The sound as the last of those that wait, its raw numbers complete after hear_waiting
 * and pitch_aspect. */
static enum status add_sound(struct similarity *s, const struct audio *a, float *vector,
                             struct err *e)
{
    struct envelope v, part;
    struct waiting *now = open_sound(s);
    if (!now)
        return err_set(e, ST_NO_MEMORY, "no memory for similarity");
    now->vector = vector;
    enum status st = mix(s, a, e);
    if (st == ST_OK)
        st = envelope_of(&v, s->mono, a->frames, s->rate_hz, e);
    if (st != ST_OK)
        return st;
    struct sound w = trim(s, a->frames, &v, &part);
    now->silent = !(v.loudest > 1e-14) || w.frames == 0;
    if (now->silent) {
        free(v.power);
        return ST_OK;
    }
    float gain = (float)(1.0 / sqrt(v.loudest));
    for (size_t i = 0; i < w.frames; i++)
        w.x[i] *= gain;
    size_t frame = (size_t)s->size;
    memset(w.x - frame, 0, frame * sizeof *w.x);
    memset(w.x + w.frames, 0, (SILENCE_AROUND - 1) * frame * sizeof *w.x);
    st = look_at(s, s->count - 1, &w, &part, e);
    free(v.power);
    return st;
}

static void finish_all(struct similarity *s)
{
    hear_waiting(s);
    for (size_t i = 0; i < s->count; i++)
        if (!s->sounds[i].silent)
            similarity_pitch_put(&s->sounds[i].pitch, s->sounds[i].raw + PITCH_AT);
}

enum status similarity_raw(struct similarity *s, const struct audio *a,
                           float raw[SIMILARITY_DIM], struct err *e)
{
    memset(raw, 0, SIMILARITY_DIM * sizeof *raw);
    enum status st = add_sound(s, a, NULL, e);
    finish_all(s);
    if (st == ST_OK)
        memcpy(raw, s->sounds[0].raw, SIMILARITY_DIM * sizeof *raw);
    s->count = 0;
    return st;
}

void similarity_standards(double mean[SIMILARITY_DIM], double deviation[SIMILARITY_DIM])
{
    for (int i = 0; i < SIMILARITY_DIM; i++) {
        mean[i] = (double)table_mean[i];
        deviation[i] = (double)table_deviation[i];
    }
}

static void standardise(const float raw[SIMILARITY_DIM], float vector[SIMILARITY_DIM])
{
    for (int i = 0; i < SIMILARITY_DIM; i++) {
        float v = (raw[i] - table_mean[i]) / table_deviation[i];
        vector[i] = isfinite(v) ? fmaxf(-8.0F, fminf(8.0F, v)) : 0.0F;
    }
}

enum status similarity_add(struct similarity *s, const struct audio *a,
                           float vector[SIMILARITY_DIM], struct err *e)
{
    return add_sound(s, a, vector, e);
}

void similarity_finish(struct similarity *s)
{
    finish_all(s);
    for (size_t i = 0; i < s->count; i++)
        standardise(s->sounds[i].raw, s->sounds[i].vector);
    s->count = 0;
}

enum status similarity_vector(struct similarity *s, const struct audio *a,
                              float vector[SIMILARITY_DIM], struct err *e)
{
    enum status st = similarity_add(s, a, vector, e);
    similarity_finish(s);
    return st;
}
