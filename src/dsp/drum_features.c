#include "dsp/drum_features.h"

#include "dsp/drum_frames.h"
#include "dsp/drum_pitch.h"
#include "dsp/line.h"
#include "dsp/mfcc.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const double LONGEST_S = 1.0, SHORTEST_S = 0.002;
static const double LEAD_S = 0.0005, PEAK_WITHIN_S = 0.1;
static const float ATTACK_LEVEL = 0.05F;
static const double SPECTRUM_FLOOR_DB = -70, FALLS_FLOOR_DB = -60;

enum { LOWEST_RATE_HZ = 1000 };

struct drum_ear {
    int rate_hz, frame_size;
    struct mfcc *mfcc;
    struct drum_frames *frames;
    struct drum_pitch_meter *pitch;
    float *spectrum;
};

struct sheet {
    float *memory;
    float *x;         /* in `memory`: mono from the attack on, loudest 5 ms of RMS 1 */
    size_t n, before; /* frames of it, and of what sounded before x[0] */
    int rate_hz;
    struct drum_ear *ear;
    struct drum_view view;
    float *out;
};

static void put(struct sheet *s, double value)
{
    *s->out++ = isfinite(value) ? (float)value : 0;
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

enum status drum_ear_new(struct drum_ear **out, int rate_hz, struct err *e)
{
    *out = NULL;
    if (rate_hz < LOWEST_RATE_HZ)
        return err_set(e, ST_EMPTY, "a drum hit without a usable rate");
    struct drum_ear *ear = calloc(1, sizeof *ear);
    if (!ear)
        return err_set(e, ST_NO_MEMORY, "no memory to look at drum hits");
    ear->rate_hz = rate_hz;
    ear->frame_size = drum_frames_size(rate_hz);
    enum status st =
        mfcc_new(&ear->mfcc, rate_hz, ear->frame_size, DRUM_MEL, DRUM_CEPSTRA + 1, e);
    if (st == ST_OK) {
        ear->frames = drum_frames_new(rate_hz, ear->mfcc);
        ear->pitch = drum_pitch_meter_new(rate_hz);
        ear->spectrum = calloc((size_t)ear->frame_size / 2 + 1, sizeof *ear->spectrum);
        if (!ear->frames || !ear->pitch || !ear->spectrum)
            st = err_set(e, ST_NO_MEMORY, "no memory to look at drum hits");
    }
    if (st != ST_OK) {
        drum_ear_free(ear);
        return st;
    }
    *out = ear;
    return ST_OK;
}

void drum_ear_free(struct drum_ear *ear)
{
    if (!ear)
        return;
    mfcc_free(ear->mfcc);
    drum_frames_free(ear->frames);
    drum_pitch_meter_free(ear->pitch);
    free(ear->spectrum);
    free(ear);
}

static void put_cepstra(struct sheet *s, const double *shape)
{
    float mel[DRUM_MEL], cepstrum[DRUM_CEPSTRA + 1], most = 0;
    for (int k = 0; k < s->view.bins; k++) /* 0 above, for good */
        s->ear->spectrum[k] = (float)shape[k];
    mfcc_mel(s->ear->mfcc, s->ear->spectrum, mel);
    for (int b = 0; b < DRUM_MEL; b++)
        most = mel[b] > most ? mel[b] : most;
    float floor = most * (float)pow(10, SPECTRUM_FLOOR_DB / 10) + 1e-12F;
    mfcc_cepstrum(s->ear->mfcc, mel, floor, cepstrum);
    for (int c = 1; c <= DRUM_CEPSTRA; c++)
        put(s, (double)cepstrum[c] / 20);
}

/* Mean powers of `bands` bands at `times` times, where frames[t] says that there were
 * any, in 20 dB below the loudest. What a hit does not reach goes on falling as before.
 */
static void put_falls(struct sheet *s, const double *power, const int *frames, int times,
                      int bands, bool by_band)
{
    double db[DRUM_MOMENTS * DRUM_MEL], loudest = -200;
    for (int t = 0; t < times; t++)
        for (int b = 0; b < bands && frames[t]; b++) {
            db[t * bands + b] = power_db(power[t * bands + b]);
            loudest = fmax(loudest, db[t * bands + b]);
        }
    for (int t = 0; t < times; t++)
        for (int b = 0; b < bands; b++) {
            double *here = &db[t * bands + b];
            if (!frames[t]) {
                double before = t > 0 ? here[-bands] : loudest;
                double fall = t > 1 ? here[-2 * bands] - before : 6;
                *here = before - fmax(3, fmin(30, fall));
            }
            *here = fmax(*here, loudest + FALLS_FLOOR_DB);
        }
    for (int i = 0; i < times * bands; i++)
        put(s, (db[by_band ? i % times * bands + i / times : i] - loudest) / 20);
}

/* Flatness of the power between two frequencies, in units of 20 dB: 0 noise. */
static double flatness(const struct sheet *s, const double *shape, double low_hz,
                       double high_hz)
{
    enum { FACTORS = 32 }; /* from 1e−7 to 1: their product is no denormal */
    double bin_hz = s->view.bin_hz, logs = 0, sum = 0, most = 1e-23, product = 1;
    int count = 0;
    for (int k = 1; k < s->view.bins; k++)
        most = shape[k] > most ? shape[k] : most;
    double part = 1 / most;
    for (int k = 1; k < s->view.bins && k * bin_hz < high_hz; k++) {
        if (k * bin_hz < low_hz)
            continue;
        double p = shape[k] * part + 1e-7;
        product *= p;
        sum += p;
        if (++count % FACTORS == 0) {
            logs += log10(product);
            product = 1;
        }
    }
    logs += log10(product);
    return count ? (10 * logs / count - power_db(sum / count)) / 20 : 0;
}

static void put_shape(struct sheet *s, const double *shape, double from_s, double to_s)
{
    double bin_hz = s->view.bin_hz;
    double sum = 0, moment = 0, square = 0, power = 0, below = 0, rolloff = bin_hz;
    for (int k = 1; k < s->view.bins; k++) {
        double magnitude = sqrt(shape[k]), hz = k * bin_hz;
        sum += magnitude;
        moment += magnitude * hz;
        square += magnitude * hz * hz;
        power += shape[k];
    }
    double centroid = sum > 0 ? moment / sum : bin_hz;
    double spread = sum > 0 ? sqrt(fmax(0, square / sum - centroid * centroid)) : bin_hz;
    for (int k = 1; k < s->view.bins && below < 0.85 * power; k++) {
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
        level[count] = fmax(whole - s->view.background_level, DRUM_KEPT_SHARE * whole);
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
    b = a;
    if (late > 0)
        drum_pitch(s->ear->pitch, s->x + late, s->n - late < span ? s->n - late : span,
                   &b);
    put(s, log2(a.hz / 150));
    put(s, a.prominence_db / 20);
    put(s, a.share);
    put(s, log2(b.hz / 150));
    put(s, b.share);
    put(s, fmax(-2, fmin(2, log2(a.hz / b.hz))));
}

static void put_all(struct sheet *s)
{
    struct drum_view *v = &s->view;
    drum_frames_look(s->ear->frames, s->x, s->n, s->memory, s->before, v);
    for (int k = 0; k < DRUM_SEGMENTS; k++)
        put_cepstra(s, v->shape[k]);
    put_falls(s, v->band[0], v->frames_in, DRUM_TIMES, DRUM_BANDS, true);
    for (int k = 0; k < DRUM_SEGMENTS; k++)
        put_shape(s, v->shape[k], drum_segment_s[k], drum_segment_s[k + 1]);
    put(s, flatness(s, v->shape[1], 200, 2000));
    put(s, flatness(s, v->shape[1], 2000, 8000));
    put(s, flatness(s, v->shape[1], 8000, 20000));
    put_envelope(s);
    put_pitch(s);
    put_falls(s, v->picture[0], v->frames_at, DRUM_MOMENTS, DRUM_MEL, false);
}

enum status drum_ear_features(struct drum_ear *ear, const struct audio *hit,
                              size_t lead_frames, float out[DRUM_FEATURES], struct err *e)
{
    memset(out, 0, DRUM_FEATURES * sizeof *out);
    if (hit->rate_hz != ear->rate_hz || hit->channels < 1)
        return err_set(e, ST_EMPTY, "a drum hit without a usable rate");
    struct sheet s = {.ear = ear, .out = out};
    enum status st = ST_OK;
    if (!take(&s, hit, lead_frames)) {
        st = err_set(e, ST_NO_MEMORY, "no memory to look at a drum hit");
    } else {
        level_out(&s);
        if ((double)s.n < SHORTEST_S * hit->rate_hz)
            st = err_set(e, ST_EMPTY, "too little sound for a drum hit");
    }
    if (st == ST_OK)
        put_all(&s);
    free(s.memory);
    return st;
}
