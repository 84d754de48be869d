#include "dsp/measure.h"

#include "core/array.h"
#include "dsp/fft.h"
#include "dsp/fft_batch.h"
#include "dsp/level.h"
#include "dsp/line.h"
#include "dsp/loudness.h"
#include "dsp/pitch.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const double lowest_db = -200.0;
static const double lowest_bin_hz = 20.0;
enum { FRAME_44K1 = 2048 };

/* One channel to look at: the mean of all, or the first where the mean cancels. */
static enum status one_channel(struct audio *mono, const struct audio *a, struct err *e)
{
    enum status st = audio_room(mono, a->frames, 1, a->rate_hz, e);
    if (st != ST_OK)
        return st;
    audio_mono(a, mono->data);
    level_scrub(mono);
    if (a->channels > 1 && level_rms(mono) < 0.1 * level_rms(a)) {
        for (size_t i = 0; i < a->frames; i++)
            mono->data[i] = a->data[i * (size_t)a->channels];
        level_scrub(mono);
    }
    return ST_OK;
}

/* Sums over the bins of eight frames. */
struct shapes {
    double magnitude[VEC], moment[VEC], power[VEC], log2_power[VEC];
};

VEC_INLINE void add_lanes(const v8f *v, double *to)
{
    for (int i = 0; i < VEC; i++)
        to[i] += (double)(*v)[i];
}

/* Bins [from, to), few enough for floats and for one logarithm. */
VEC_INLINE void sum_some(const float *power, int from, int to, struct shapes *s)
{
    v8f magnitude = {0}, moment = {0}, sum = {0}, product, steps = {0};
    v8i exponents = {0};
    vec_set(&product, 1.0f);
    for (int k = from; k < to; k++, steps += 1.0f) {
        v8f p = VEC_CONST_AT(power + VEC * k), m = p;
        vec_sqrt(&m);
        magnitude += m;
        moment += m * steps;
        sum += p;
        p += 1e-10f;
        vec_add_log(&p, &exponents, &product);
    }
    for (int i = 0; i < VEC; i++) {
        s->moment[i] += (double)moment[i] + from * (double)magnitude[i];
        s->log2_power[i] += exponents[i] + log2((double)product[i]);
    }
    add_lanes(&magnitude, s->magnitude);
    add_lanes(&sum, s->power);
}

VEC_INLINE void sum_all(const float *power, int first, int bins, struct shapes *s)
{
    for (int k = first; k < bins; k += VEC_LOGS)
        sum_some(power, k, k + VEC_LOGS < bins ? k + VEC_LOGS : bins, s);
}

VEC_CLONES(sum_shapes, sum_all,
           (const float *power, int first, int bins, struct shapes *s),
           (power, first, bins, s))

/* The spectrum's shape over the frames of one sound. */
struct shape {
    double centroid_hz, flatness, energy; /* of all frames, the first two × energy */
    struct measures *m;                   /* where the result goes */
    struct audio mono;                    /* if the sound is not that itself */
};

struct measurer {
    int rate_hz, size;
    struct fft_batch *fft;
    struct pitch_meter *pitch;     /* NULL below 1 kHz: nothing has one there */
    float *power;                  /* of eight frames, as fft_batch leaves it */
    const float *frame[FFT_BATCH]; /* that wait for others, and of which shapes */
    size_t of[FFT_BATCH];
    int waiting;
    float *rows;          /* those shorter than a whole one */
    struct shape *shapes; /* of the sounds since the last finish */
    size_t count, room;
};

enum status measurer_new(struct measurer **out, int rate_hz, struct err *e)
{
    *out = NULL;
    struct measurer *m = calloc(1, sizeof *m);
    if (!m)
        return err_set(e, ST_NO_MEMORY, "no memory to measure sounds");
    m->rate_hz = rate_hz < 1 ? 1 : rate_hz;
    m->size = fft_size_at(FRAME_44K1, m->rate_hz);
    size_t n = (size_t)m->size;
    m->fft = fft_batch_hann(m->size);
    m->power = malloc(FFT_BATCH * (n / 2 + 1) * sizeof *m->power);
    m->rows = calloc(FFT_BATCH * n, sizeof *m->rows);
    m->pitch = pitch_meter_new(m->rate_hz);
    bool pitched = m->pitch || m->rate_hz < 1000;
    if (!m->fft || !m->power || !m->rows || !pitched) {
        measurer_free(m);
        return err_set(e, ST_NO_MEMORY, "no memory to measure sounds");
    }
    *out = m;
    return ST_OK;
}

static void drop_sounds(struct measurer *by)
{
    for (size_t i = 0; i < by->count; i++)
        audio_done(&by->shapes[i].mono);
    by->count = 0;
}

void measurer_free(struct measurer *m)
{
    if (!m)
        return;
    fft_batch_free(m->fft);
    pitch_meter_free(m->pitch);
    free(m->power);
    free(m->rows);
    drop_sounds(m);
    free(m->shapes);
    free(m);
}

/* What by->power holds of `count` frames, to the shapes they are of. */
static void count_shapes(const struct measurer *by, int count, const size_t *of)
{
    double bin_hz = (double)by->rate_hz / by->size;
    int first = (int)floor(lowest_bin_hz / bin_hz) + 1, bins = by->size / 2 + 1;
    if (bins <= first)
        return;
    struct shapes s;
    memset(&s, 0, sizeof s);
    sum_shapes(by->power, first, bins, &s);
    for (int i = 0; i < count; i++) {
        if (!(s.magnitude[i] > 0))
            continue;
        struct shape *sum = &by->shapes[of[i]];
        double mean = s.power[i] / (bins - first);
        double flatness = exp2(s.log2_power[i] / (bins - first)) / (mean + 1e-10);
        sum->centroid_hz += s.power[i] * s.moment[i] / s.magnitude[i] * bin_hz;
        sum->flatness += s.power[i] * flatness;
        sum->energy += s.power[i];
    }
}

static void count_waiting(struct measurer *by)
{
    if (by->waiting > 0) {
        for (int i = by->waiting; i < FFT_BATCH; i++)
            by->frame[i] = by->frame[0];
        fft_batch_power_of(by->fft, by->frame, by->power);
        count_shapes(by, by->waiting, by->of);
    }
    by->waiting = 0;
}

static struct shape *open_shape(struct measurer *by, struct measures *m)
{
    if (!array_grow(&by->shapes, &by->room, by->count + 1, sizeof *by->shapes))
        return NULL;
    struct shape *now = &by->shapes[by->count++];
    *now = (struct shape){.m = m};
    return now;
}

/* Frames half a frame apart; a short sound lies in the middle of its only one. Those that
 * are no eight of their own wait for some of other sounds. */
static void measure_spectrum(struct measurer *by, const struct audio *mono)
{
    size_t size = (size_t)by->size, hop = size / 2, own = by->count - 1, i = 0;
    size_t frames = mono->frames > size ? (mono->frames - size) / hop + 1 : 1;
    for (; i + FFT_BATCH <= frames; i += FFT_BATCH) {
        const size_t of[FFT_BATCH] = {own, own, own, own, own, own, own, own};
        fft_batch_power(by->fft, mono->data + i * hop, (int)hop, by->power);
        count_shapes(by, FFT_BATCH, of);
    }
    for (; i < frames; i++) {
        float *row = by->rows + (size_t)by->waiting * size;
        if (mono->frames < size) {
            ptrdiff_t lead = (ptrdiff_t)(size - mono->frames) / 2;
            line_part(mono->data, mono->frames, -lead, size, row);
        }
        by->frame[by->waiting] = mono->frames < size ? row : mono->data + i * hop;
        by->of[by->waiting++] = own;
        if (by->waiting == FFT_BATCH)
            count_waiting(by);
    }
}

static enum status measure_loudness(const struct audio *a, struct measures *m,
                                    struct err *e)
{
    if (a->frames * 10 < (size_t)a->rate_hz * 4)
        return ST_OK; /* below 400 ms it is not defined */
    enum status st = loudness_integrated(a, &m->lufs, e);
    /* A channel count or rate that R 128 does not know leaves it unknown. */
    return st == ST_USAGE ? ST_OK : st;
}

/* What of the sound needs one channel of it. */
static enum status measure_mono(struct measurer *by, const struct audio *a, bool clean,
                                struct measures *m, struct err *e)
{
    struct shape *now = open_shape(by, m);
    if (!now)
        return err_set(e, ST_NO_MEMORY, "no memory to measure sounds");
    struct audio mono = *a;
    if (a->channels > 1 || !clean) {
        enum status st = one_channel(&now->mono, a, e);
        if (st != ST_OK)
            return st;
        mono = now->mono;
    }
    measure_spectrum(by, &mono);
    if (by->pitch && pitch_meter_add(by->pitch, &mono, &m->est_freq_hz))
        return err_set(e, ST_NO_MEMORY, "no memory to measure sounds");
    return ST_OK;
}

/* And whether every sample is a number: then it is their sum's. */
static double rms_of(const struct audio *a, bool *clean)
{
    size_t n = a->frames * (size_t)a->channels;
    double sum = line_square_sum(a->data, n);
    *clean = isfinite(sum);
    return *clean && n > 0 ? sqrt(sum / (double)n) : level_rms(a);
}

enum status measurer_add(struct measurer *by, const struct audio *a, struct measures *m,
                         struct err *e)
{
    m->duration_sec = a->rate_hz > 0 ? (double)a->frames / a->rate_hz : 0;
    m->channels = a->channels;
    bool clean;
    double rms = rms_of(a, &clean), peak = level_peak(a);
    m->rms_db = fmax(lowest_db, level_to_db(rms));
    m->peak_dbfs = fmax(lowest_db, level_to_db(peak));
    m->crest_factor = m->centroid_hz = m->flatness = m->lufs = m->est_freq_hz =
        (double)NAN;
    if (!(rms > 0) || a->rate_hz < 1)
        return ST_OK;
    if (a->rate_hz != by->rate_hz)
        return err_set(e, ST_UNSUPPORTED, "a sound of %d Hz among those of %d Hz",
                       a->rate_hz, by->rate_hz);
    m->crest_factor = peak / rms;
    enum status st = measure_mono(by, a, clean, m, e);
    return st == ST_OK ? measure_loudness(a, m, e) : st;
}

void measurer_finish(struct measurer *by)
{
    count_waiting(by);
    for (size_t i = 0; i < by->count; i++) {
        const struct shape *s = &by->shapes[i];
        if (s->energy > 0) {
            s->m->centroid_hz = s->centroid_hz / s->energy;
            s->m->flatness = fmin(1.0, s->flatness / s->energy);
        }
    }
    if (by->pitch)
        pitch_meter_finish(by->pitch);
    drop_sounds(by);
}

enum status measure_sample(const struct audio *a, struct measures *m, struct err *e)
{
    struct measurer *by;
    enum status st = measurer_new(&by, a->rate_hz, e);
    if (st == ST_OK) {
        st = measurer_add(by, a, m, e);
        measurer_finish(by);
    }
    measurer_free(by);
    return st;
}

char measure_grade(const struct measures *m, const struct grade_limits *limits)
{
    double crest = m->crest_factor, ceiling = limits->max_crest_factor;
    bool silent = !(m->rms_db >= limits->min_rms_db);
    bool clipped = !(level_from_db(m->peak_dbfs) < 1 - limits->clipping_tolerance);
    if (silent || clipped || !(crest <= ceiling))
        return 'F';
    bool loud = m->rms_db > limits->min_rms_db + 15;
    bool seamless = isnan(m->seam_error_db) || m->seam_error_db < -30;
    return loud && seamless && crest < 0.6 * ceiling ? 'A' : 'B';
}
