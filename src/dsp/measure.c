#include "dsp/measure.h"
#include "dsp/fft.h"
#include "dsp/level.h"
#include "dsp/loudness.h"
#include "dsp/pitch.h"
#include "dsp/window.h"

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
    enum status st = audio_init(mono, a->frames, 1, a->rate_hz, e);
    if (st != ST_OK)
        return st;
    audio_mono(a, mono->data);
    level_scrub(mono);
    if (a->channels > 1 && level_rms(mono) < 0.1 * level_rms(a))
        for (size_t i = 0; i < a->frames; i++)
            mono->data[i] = a->data[i * (size_t)a->channels];
    level_scrub(mono);
    return ST_OK;
}

struct shape {
    double centroid_hz, flatness, energy;
};

static struct shape frame_shape(const float *spectrum, int n, int rate_hz)
{
    double bin_hz = (double)rate_hz / n;
    int first = (int)floor(lowest_bin_hz / bin_hz) + 1;
    double magnitude = 0, moment = 0, power = 0, log_power = 0, product = 1;
    for (int k = first; k <= n / 2; k++) {
        double re = (double)spectrum[2 * k], im = (double)spectrum[2 * k + 1];
        double p = re * re + im * im, m = sqrt(p);
        magnitude += m;
        moment += m * k;
        power += p;
        /* One logarithm for many bins: of their product, before it leaves the range. */
        product *= p + 1e-10;
        if (product < 1e-200 || product > 1e200) {
            log_power += log(product);
            product = 1;
        }
    }
    log_power += log(product);
    moment *= bin_hz;
    int bins = n / 2 + 1 - first;
    if (bins < 1 || !(magnitude > 0))
        return (struct shape){0};
    return (struct shape){moment / magnitude,
                          exp(log_power / bins) / (power / bins + 1e-10), power};
}

struct measurer {
    int rate_hz, size;
    struct rfft *fft;
    struct pitch_meter *pitch; /* NULL below 1 kHz: nothing has one there */
    float *window, *frame, *spectrum;
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
    m->fft = rfft_new(m->size);
    m->window = malloc(n * sizeof *m->window);
    m->frame = malloc(n * sizeof *m->frame);
    m->spectrum = malloc((n + 2) * sizeof *m->spectrum);
    m->pitch = pitch_meter_new(m->rate_hz);
    bool pitched = m->pitch || m->rate_hz < 1000;
    if (!m->fft || !m->window || !m->frame || !m->spectrum || !pitched) {
        measurer_free(m);
        return err_set(e, ST_NO_MEMORY, "no memory to measure sounds");
    }
    window_hann(m->window, m->size);
    *out = m;
    return ST_OK;
}

void measurer_free(struct measurer *m)
{
    if (!m)
        return;
    rfft_free(m->fft);
    pitch_meter_free(m->pitch);
    free(m->window);
    free(m->frame);
    free(m->spectrum);
    free(m);
}

static void measure_spectrum(struct measurer *by, const struct audio *mono,
                             struct measures *m)
{
    struct shape sum = {0};
    size_t length = (size_t)by->size;
    size_t last = mono->frames > length ? mono->frames - length : 0;
    for (size_t at = 0; at <= last; at += length / 2) {
        size_t have = mono->frames - at < length ? mono->frames - at : length;
        size_t lead = (length - have) / 2; /* a short sound in the middle of its frame */
        memset(by->frame, 0, length * sizeof *by->frame);
        for (size_t i = 0; i < have; i++)
            by->frame[lead + i] = mono->data[at + i] * by->window[lead + i];
        rfft_forward(by->fft, by->frame, by->spectrum);
        struct shape s = frame_shape(by->spectrum, by->size, by->rate_hz);
        sum.centroid_hz += s.energy * s.centroid_hz;
        sum.flatness += s.energy * s.flatness;
        sum.energy += s.energy;
    }
    if (sum.energy > 0) {
        m->centroid_hz = sum.centroid_hz / sum.energy;
        m->flatness = fmin(1.0, sum.flatness / sum.energy);
    }
}

static enum status measure_loudness(const struct audio *a, struct measures *m,
                                    struct err *e)
{
    struct loudness loud = {0};
    if (a->frames * 10 < (size_t)a->rate_hz * 4)
        return ST_OK; /* below 400 ms it is not defined */
    enum status st = loudness_measure(a, false, &loud, e);
    m->lufs = loud.integrated_lufs;
    /* A channel count or rate that R 128 does not know leaves it unknown. */
    return st == ST_USAGE ? ST_OK : st;
}

enum status measurer_sample(struct measurer *by, const struct audio *a,
                            struct measures *m, struct err *e)
{
    m->duration_sec = a->rate_hz > 0 ? (double)a->frames / a->rate_hz : 0;
    m->channels = a->channels;
    double rms = level_rms(a), peak = level_peak(a);
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
    struct audio mono = {0};
    enum status st = one_channel(&mono, a, e);
    if (st == ST_OK) {
        measure_spectrum(by, &mono, m);
        if (by->pitch)
            m->est_freq_hz = pitch_meter_read(by->pitch, mono.data, mono.frames, NULL);
        st = measure_loudness(a, m, e);
    }
    audio_done(&mono);
    return st;
}

enum status measure_sample(const struct audio *a, struct measures *m, struct err *e)
{
    struct measurer *by;
    enum status st = measurer_new(&by, a->rate_hz, e);
    if (st == ST_OK)
        st = measurer_sample(by, a, m, e);
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
