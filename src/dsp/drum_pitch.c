#include "dsp/drum_pitch.h"

#include "core/pi.h"
#include "dsp/decimate.h"
#include "dsp/fft.h"
#include "dsp/line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double LOW_HZ = 35, HIGH_HZ = 1200, SEMITONES = 2;

static const double LONGEST_S = 4096.0 / 44100; /* what is longer is cut */
/* All the work is done at a rate that just carries HIGH_HZ. */
static const double LOW_RATE_HZ = 4000, PASS_HZ = 1300;

struct drum_pitch_meter {
    int rate_hz, factor, size; /* factor: to the low rate; size: of the transform there */
    struct decimator *decimator;
    struct rfft *fft;
    float *window, *x, *low, *spectrum;
    size_t longest, window_size; /* samples the window is made for */
};

/* Of the log power of three bins, in bins from the middle one. */
static double between(const float *power, int k)
{
    return parabola_top(log((double)power[k - 1] + 1e-30), log((double)power[k] + 1e-30),
                        log((double)power[k + 1] + 1e-30));
}

/* `energy`: of the stretch at the low rate, were there no low-pass. */
static void read_peak(const struct drum_pitch_meter *m, const float *power, double energy,
                      struct drum_pitch *out)
{
    double bin_hz = (double)m->rate_hz / m->factor / m->size;
    int bins = m->size / 2 + 1;
    int first = (int)ceil(LOW_HZ / bin_hz), last = (int)floor(HIGH_HZ / bin_hz), best;
    first = first < 1 ? 1 : first;
    last = last > bins - 2 ? bins - 2 : last;
    *out = (struct drum_pitch){.hz = LOW_HZ};
    if (last < first)
        return;
    best = first;
    double sum = 0, near = 0;
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
    for (int k = 1; k < bins && k * bin_hz <= high; k++)
        if (k * bin_hz >= low)
            near += (double)power[k];
    out->share = energy > 0 ? fmin(1, 2 * near / m->size / energy) : 0;
}

struct drum_pitch_meter *drum_pitch_meter_new(int rate_hz)
{
    struct drum_pitch_meter *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->rate_hz = rate_hz;
    m->factor = rate_hz > LOW_RATE_HZ ? (int)(rate_hz / LOW_RATE_HZ) : 1;
    m->longest = (size_t)(LONGEST_S * rate_hz) + 1;
    m->size = fft_next_fast((int)m->longest / m->factor + 2);
    size_t size = (size_t)m->size;
    m->decimator = decimator_new(rate_hz, m->factor, PASS_HZ, (int)m->longest);
    m->fft = rfft_new(m->size);
    m->window = malloc(m->longest * sizeof *m->window);
    m->x = malloc(m->longest * sizeof *m->x);
    m->low = malloc((size + m->longest / (size_t)m->factor + 1) * sizeof *m->low);
    m->spectrum = malloc((size + 2) * sizeof *m->spectrum);
    if (m->decimator && m->fft && m->window && m->x && m->low && m->spectrum)
        return m;
    drum_pitch_meter_free(m);
    return NULL;
}

void drum_pitch_meter_free(struct drum_pitch_meter *m)
{
    if (!m)
        return;
    decimator_free(m->decimator);
    rfft_free(m->fft);
    free(m->window);
    free(m->x);
    free(m->low);
    free(m->spectrum);
    free(m);
}

/* A Hann window by rotation. Most stretches are of one length: its window is kept. */
static void make_window(struct drum_pitch_meter *m, size_t n)
{
    if (m->window_size == n)
        return;
    double angle = 2 * PI / (double)n, turn_re = cos(angle), turn_im = sin(angle);
    double re = cos(0.5 * angle), im = sin(0.5 * angle);
    for (size_t i = 0; i < n; i++) {
        m->window[i] = (float)(0.5 - 0.5 * re);
        double next = re * turn_re - im * turn_im;
        im = re * turn_im + im * turn_re;
        re = next;
    }
    m->window_size = n;
}

/* The n frames of m->x at the low rate in m->low, with silence up to the size. */
static void lower(struct drum_pitch_meter *m, size_t n)
{
    int lag = decimator_lag(m->decimator);
    decimator_restart(m->decimator);
    int count = decimator_push(m->decimator, m->x, (int)n, m->low);
    int most = lag < (int)m->longest ? lag : (int)m->longest;
    memset(m->x, 0, (size_t)most * sizeof *m->x);
    while (lag > 0) {
        int part = lag < most ? lag : most;
        count += decimator_push(m->decimator, m->x, part, m->low + count);
        lag -= part;
    }
    count = count < m->size ? count : m->size;
    memset(m->low + count, 0, (size_t)(m->size - count) * sizeof *m->low);
}

void drum_pitch(struct drum_pitch_meter *m, const float *mono, size_t n,
                struct drum_pitch *out)
{
    n = n < m->longest ? n : m->longest;
    make_window(m, n);
    for (size_t i = 0; i < n; i++)
        m->x[i] = mono[i] * m->window[i];
    double energy = line_square_sum(m->x, n) / m->factor;
    lower(m, n);
    rfft_forward(m->fft, m->low, m->spectrum);
    float *power = m->spectrum;
    for (int k = 0; k <= m->size / 2; k++)
        power[k] = power[2 * k] * power[2 * k] + power[2 * k + 1] * power[2 * k + 1];
    read_peak(m, power, energy, out);
}
