#include "dsp/drum_pitch.h"

#include "dsp/fft.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double TWO_PI = 6.283185307179586;
static const double LOW_HZ = 35, HIGH_HZ = 1200, SEMITONES = 2;

struct drum_pitch_meter {
    int rate_hz, size;
    struct rfft *fft;
    float *window, *x, *spectrum;
    size_t window_size; /* samples the window is made for */
};

/* Parabola through the log power of three bins, in bins −½ … ½. */
static double between(const float *power, int k)
{
    double a = log((double)power[k - 1] + 1e-30), b = log((double)power[k] + 1e-30),
           c = log((double)power[k + 1] + 1e-30);
    double curve = a - 2 * b + c;
    return curve < 0 ? fmax(-0.5, fmin(0.5, 0.5 * (a - c) / curve)) : 0;
}

static void read_peak(const float *power, int bins, double bin_hz, struct drum_pitch *out)
{
    int first = (int)ceil(LOW_HZ / bin_hz), last = (int)floor(HIGH_HZ / bin_hz), best;
    first = first < 1 ? 1 : first;
    last = last > bins - 2 ? bins - 2 : last;
    *out = (struct drum_pitch){.hz = LOW_HZ};
    if (last < first)
        return;
    best = first;
    double sum = 0, total = 0, near = 0;
    for (int k = first; k <= last; k++) {
        sum += (double)power[k];
        if (power[k] > power[best])
            best = k;
    }
    if (!(power[best] > 0))
        return;
    out->hz = fmax(LOW_HZ, (best + between(power, best)) * bin_hz);
    out->prominence_db = 10 * log10((double)power[best] * (last - first + 1) / sum);
    double ratio = exp2(SEMITONES / 12);
    double low = fmin(out->hz / ratio, out->hz - bin_hz), high = out->hz * ratio;
    high = fmax(high, out->hz + bin_hz);
    for (int k = 1; k < bins; k++) {
        double hz = k * bin_hz;
        total += (double)power[k];
        if (hz >= low && hz <= high)
            near += (double)power[k];
    }
    out->share = total > 0 ? near / total : 0;
}

struct drum_pitch_meter *drum_pitch_meter_new(int rate_hz)
{
    struct drum_pitch_meter *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->rate_hz = rate_hz;
    m->size = fft_size_at(4096, rate_hz); /* 93 ms: what is longer is cut */
    size_t size = (size_t)m->size;
    m->fft = rfft_new(m->size);
    m->window = malloc(size * sizeof *m->window);
    m->x = malloc(size * sizeof *m->x);
    m->spectrum = malloc((size + 2) * sizeof *m->spectrum);
    if (m->fft && m->window && m->x && m->spectrum)
        return m;
    drum_pitch_meter_free(m);
    return NULL;
}

void drum_pitch_meter_free(struct drum_pitch_meter *m)
{
    if (!m)
        return;
    rfft_free(m->fft);
    free(m->window);
    free(m->x);
    free(m->spectrum);
    free(m);
}

/* Most stretches are of one length: its window is kept. */
static void make_window(struct drum_pitch_meter *m, size_t n)
{
    if (m->window_size == n)
        return;
    for (size_t i = 0; i < n; i++)
        m->window[i] = (float)(0.5 - 0.5 * cos(TWO_PI * ((double)i + 0.5) / (double)n));
    m->window_size = n;
}

void drum_pitch(struct drum_pitch_meter *m, const float *mono, size_t n,
                struct drum_pitch *out)
{
    size_t size = (size_t)m->size;
    n = n < size ? n : size;
    make_window(m, n);
    for (size_t i = 0; i < n; i++)
        m->x[i] = mono[i] * m->window[i];
    memset(m->x + n, 0, (size - n) * sizeof *m->x);
    rfft_forward(m->fft, m->x, m->spectrum);
    int bins = m->size / 2 + 1;
    float *power = m->spectrum;
    for (int k = 0; k < bins; k++)
        power[k] = power[2 * k] * power[2 * k] + power[2 * k + 1] * power[2 * k + 1];
    read_peak(power, bins, (double)m->rate_hz / m->size, out);
}
