#include "dsp/measure.h"
#include "dsp/fft.h"
#include "dsp/level.h"
#include "dsp/loudness.h"
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
    double magnitude = 0, moment = 0, power = 0, log_power = 0;
    for (int k = first; k <= n / 2; k++) {
        double re = (double)spectrum[2 * k], im = (double)spectrum[2 * k + 1];
        double p = re * re + im * im, m = sqrt(p);
        magnitude += m;
        moment += m * k * bin_hz;
        power += p;
        log_power += log(p + 1e-10);
    }
    int bins = n / 2 + 1 - first;
    if (bins < 1 || !(magnitude > 0))
        return (struct shape){0};
    return (struct shape){moment / magnitude,
                          exp(log_power / bins) / (power / bins + 1e-10), power};
}

static enum status measure_spectrum(const struct audio *mono, struct measures *m,
                                    struct err *e)
{
    int n = fft_size_at(FRAME_44K1, mono->rate_hz);
    struct rfft *fft = rfft_new(n);
    float *window = malloc((size_t)n * sizeof *window);
    float *frame = calloc((size_t)n, sizeof *frame);
    float *spectrum = calloc((size_t)n + 2, sizeof *spectrum);
    enum status st = ST_OK;
    if (!fft || !window || !frame || !spectrum) {
        st = err_set(e, ST_NO_MEMORY, "no memory to measure a sound");
        goto done;
    }
    window_hann(window, n);
    struct shape sum = {0};
    size_t length = (size_t)n, last = mono->frames > length ? mono->frames - length : 0;
    for (size_t at = 0; at <= last; at += length / 2) {
        size_t have = mono->frames - at < length ? mono->frames - at : length;
        size_t lead = (length - have) / 2; /* a short sound in the middle of its frame */
        memset(frame, 0, length * sizeof *frame);
        for (size_t i = 0; i < have; i++)
            frame[lead + i] = mono->data[at + i] * window[lead + i];
        rfft_forward(fft, frame, spectrum);
        struct shape s = frame_shape(spectrum, n, mono->rate_hz);
        sum.centroid_hz += s.energy * s.centroid_hz;
        sum.flatness += s.energy * s.flatness;
        sum.energy += s.energy;
    }
    if (sum.energy > 0) {
        m->centroid_hz = sum.centroid_hz / sum.energy;
        m->flatness = fmin(1.0, sum.flatness / sum.energy);
    }
done:
    rfft_free(fft);
    free(window);
    free(frame);
    free(spectrum);
    return st;
}

enum status measure_sample(const struct audio *a, struct measures *m, struct err *e)
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
    m->crest_factor = peak / rms;
    struct audio mono = {0};
    struct loudness loud = {0};
    enum status st = one_channel(&mono, a, e);
    if (st == ST_OK)
        st = measure_spectrum(&mono, m, e);
    if (st == ST_OK) {
        m->est_freq_hz = measure_pitch(mono.data, mono.frames, a->rate_hz, NULL);
        /* A channel count or rate that R 128 does not know leaves the loudness unknown.
         */
        st = loudness_measure(a, false, &loud, e);
        m->lufs = loud.integrated_lufs;
        if (st == ST_USAGE)
            st = ST_OK;
    }
    audio_done(&mono);
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
