/* Taking traces. */
#include "dsp/trace.h"

#include "dsp/fft.h"
#include "dsp/line.h"
#include "dsp/trace_internal.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    WINDOW_44K1 = 6144, /* frames; trace_bands has the sizes that go with it */
    FRAME_44K1 = 512,   /* in which noise is looked for */
    QUIETEST = 3        /* frames are looked at */
};

const struct trace_band trace_bands[BANDS] = {
    {25.0, 800.0, 0.5, 2756.25, 0.025, TRACE_LOW, 384},
    {600.0, 3000.0, 0.5, 8613.28125, 0.015, TRACE_MID, 1200},
    {3000.0, 9500.0, 0.0, 22050.0, 0.010, TRACE_HIGH, 3072}};

/* Above the bands, where only the noise is wanted. */
static const struct trace_band top = {10000.0, 16000.0, 0.0, 0.0, 0.0, 0, 0};

static const double attack_level = 0.15;
static const double fade_in_s = 0.002, ends_s = 0.005,
                    fades_s = 0.022; /* of a cut: no noise is heard there */
/* The noise under a sound that never pauses is at most so much over that of the quietest
 * band, and so far below all of the sound. */
static const double over_white = 4.0, below_all = 0.01;

struct trace_maker {
    int rate_hz, size, frame_size;
    struct rfft *fft, *frame_fft, *inverse[BANDS];
    float *window, *hann, *x, *spectrum, *part;
    float *gain[BANDS];
    float *weight[BANDS + 1]; /* gain², for a frame; the last is the top's */
    double share[BANDS + 1];  /* of white noise that is in the band */
};

static double band_gain(const struct trace_band *b, double hz)
{
    double low = pow(hz / b->from_hz, 6.0), high = pow(hz / b->to_hz, 12.0);
    return low / (1.0 + low) / (1.0 + high) * pow(hz / b->to_hz, b->tilt);
}

static void fill_windows(struct trace_maker *m)
{
    const double pi = 3.14159265358979323846;
    int fade = m->size / 4;
    for (int i = 0; i < m->size; i++)
        m->window[i] = i < m->size - fade
                           ? 1.0F
                           : (float)(0.5 + 0.5 * cos(pi * (i - m->size + fade) / fade));
    for (int i = 0; i < m->frame_size; i++)
        m->hann[i] = (float)(0.5 - 0.5 * cos(2.0 * pi * (i + 0.5) / m->frame_size));
}

static bool fill_gains(struct trace_maker *m)
{
    for (int b = 0; b <= BANDS; b++) {
        const struct trace_band *band = b < BANDS ? &trace_bands[b] : &top;
        int half = m->frame_size / 2;
        m->weight[b] = malloc(((size_t)half + 1) * sizeof(float));
        for (int k = 1; m->weight[b] && k <= half; k++) {
            double g = band_gain(band, (double)k * m->rate_hz / m->frame_size);
            m->weight[b][k] = (float)(g * g);
            m->share[b] += g * g / half;
        }
        if (!m->weight[b])
            return false;
    }
    for (int b = 0; b < BANDS; b++) {
        m->gain[b] = malloc(((size_t)m->size / 2 + 1) * sizeof(float));
        for (int k = 0; m->gain[b] && k <= m->size / 2; k++)
            m->gain[b][k] =
                (float)band_gain(&trace_bands[b], (double)k * m->rate_hz / m->size);
        m->inverse[b] = rfft_new(trace_bands[b].size);
        if (!m->gain[b] || !m->inverse[b])
            return false;
    }
    return true;
}

enum status trace_maker_new(struct trace_maker **out, int rate_hz, struct err *e)
{
    *out = NULL;
    if (rate_hz < 1000 || rate_hz > 1000000)
        return err_set(e, ST_UNSUPPORTED, "no traces at %d Hz", rate_hz);
    struct trace_maker *m = calloc(1, sizeof *m);
    if (m == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for traces");
    m->rate_hz = rate_hz;
    m->size = fft_size_at(WINDOW_44K1, rate_hz);
    m->frame_size = fft_size_at(FRAME_44K1, rate_hz);
    size_t n = (size_t)m->size, kept = (size_t)trace_bands[HIGH].size;
    m->fft = rfft_new(m->size);
    m->frame_fft = rfft_new(m->frame_size);
    m->window = malloc(n * sizeof(float));
    m->hann = malloc((size_t)m->frame_size * sizeof(float));
    m->x = malloc((n > kept ? n : kept) * sizeof(float));
    m->spectrum = malloc((n + 2) * sizeof(float));
    m->part = malloc((kept + 2) * sizeof(float));
    if (!m->fft || !m->frame_fft || !m->window || !m->hann || !m->x || !m->spectrum ||
        !m->part || !fill_gains(m)) {
        trace_maker_free(m);
        return err_set(e, ST_NO_MEMORY, "no memory for traces");
    }
    fill_windows(m);
    *out = m;
    return ST_OK;
}

void trace_maker_free(struct trace_maker *m)
{
    if (m == NULL)
        return;
    for (int b = 0; b < BANDS; b++) {
        free(m->gain[b]);
        rfft_free(m->inverse[b]);
    }
    for (int b = 0; b <= BANDS; b++)
        free(m->weight[b]);
    rfft_free(m->fft);
    rfft_free(m->frame_fft);
    free(m->window);
    free(m->hann);
    free(m->x);
    free(m->spectrum);
    free(m->part);
    free(m);
}

static float mono_at(const struct audio *a, size_t frame)
{
    const float *x = a->data + frame * (size_t)a->channels;
    float sum = 0.0F;
    for (int c = 0; c < a->channels; c++)
        sum += isfinite(x[c]) ? x[c] : 0.0F;
    return sum / (float)a->channels;
}

/* The first frame that is not far below the loudest; -1 for silence. */
static long attack_of(const struct audio *a)
{
    float peak = a->channels == 1 ? line_peak(a->data, a->frames) : 0.0F;
    size_t at = 0;
    for (size_t i = 0; i < a->frames && a->channels > 1; i++)
        peak = fmaxf(peak, fabsf(mono_at(a, i)));
    if (!(peak > 1e-7F))
        return -1;
    while (fabsf(mono_at(a, at)) < (float)attack_level * peak)
        at++;
    return (long)at;
}

/* --- the noise
 * ----------------------------------------------------------------------------------- */

/* The mean power a sample of each band, windowed, of the frame that begins there. */
static void frame_powers(struct trace_maker *m, const struct audio *a, size_t from,
                         double power[BANDS + 1])
{
    int n = m->frame_size;
    double by = 2.0 / ((double)n * n * 0.375);
    for (int i = 0; i < n; i++)
        m->x[i] = m->hann[i] * mono_at(a, from + (size_t)i);
    rfft_forward(m->frame_fft, m->x, m->spectrum);
    for (int b = 0; b <= BANDS; b++) {
        double sum = 0.0;
        for (int k = 1; k <= n / 2; k++) {
            float re = m->spectrum[2 * k], im = m->spectrum[2 * k + 1];
            sum += (double)(m->weight[b][k] * (re * re + im * im));
        }
        power[b] += by * sum;
    }
}

/* Σx² of a stretch. */
static double power_of(const struct audio *a, size_t from, size_t n)
{
    double sum = a->channels == 1 ? line_square_sum(a->data + from, n) : (double)NAN;
    if (isfinite(sum))
        return sum;
    sum = 0.0;
    for (size_t i = from; i < from + n; i++) {
        double v = (double)mono_at(a, i);
        sum += v * v;
    }
    return sum;
}

/* Where the frames of least power begin, and the mean power of the whole. */
static int find_quiet(const struct trace_maker *m, const struct audio *a,
                      size_t quiet[QUIETEST], double *all)
{
    double least[QUIETEST];
    size_t size = (size_t)m->frame_size, from = (size_t)(ends_s * m->rate_hz),
           fades = (size_t)(fades_s * m->rate_hz);
    int found = 0;
    *all = power_of(a, 0, a->frames) / (double)a->frames;
    for (; from + size + fades < a->frames; from += size) {
        double power = power_of(a, from, size);
        if (found == QUIETEST && power >= least[found - 1])
            continue;
        int at = found < QUIETEST ? found++ : found - 1;
        for (; at > 0 && least[at - 1] > power; at--) {
            least[at] = least[at - 1];
            quiet[at] = quiet[at - 1];
        }
        least[at] = power;
        quiet[at] = from;
    }
    return found;
}

/* An upper bound of the noise in each band, as the mean power of a sample. */
static void hear_noise(struct trace_maker *m, const struct audio *a, double noise[BANDS])
{
    double power[BANDS + 1] = {0.0}, all, white = INFINITY;
    size_t quiet[QUIETEST];
    int count = find_quiet(m, a, quiet, &all);
    for (int i = 0; i < count; i++)
        frame_powers(m, a, quiet[i], power);
    for (int b = 0; b <= BANDS && count > 0; b++)
        if (m->share[b] > 1e-3)
            white = fmin(white, power[b] / count / m->share[b]);
    for (int b = 0; b < BANDS; b++) {
        noise[b] = m->share[b] * fmin(below_all * all, over_white * white);
        if (count > 0)
            noise[b] = fmin(noise[b], power[b] / count);
    }
}

/* --- the bands
 * ----------------------------------------------------------------------------------- */

/* How many of `n` powers there are, so to say: n for equal ones, 1 for one alone. */
static double spread(double sum, double squares)
{
    return sum * sum / (squares + 1e-60);
}

static int8_t to_byte(double v)
{
    return (int8_t)lrint(fmax(-127.0, fmin(127.0, v)));
}

static void keep_band(struct trace_maker *m, int b, double noise, struct trace *out,
                      int8_t *bytes)
{
    const struct trace_band *band = &trace_bands[b];
    double bins = 0.0, bin_squares = 0.0, sum = 0.0, squares = 0.0;
    int begins = trace_begins(out, b);
    float most = 1e-20F;
    memset(m->part, 0, ((size_t)band->size + 2) * sizeof *m->part);
    for (int k = 0; k <= m->size / 2 && k < band->size / 2; k++) {
        float re = m->spectrum[2 * k] * m->gain[b][k],
              im = m->spectrum[2 * k + 1] * m->gain[b][k];
        double power = (double)(re * re + im * im);
        m->part[2 * k] = re;
        m->part[2 * k + 1] = im;
        bins += power;
        bin_squares += power * power;
    }
    rfft_inverse(m->inverse[b], m->part, m->x);
    const float *x = m->x;
    for (int i = 0; i < band->count; i++) {
        double power = (double)x[i] * (double)x[i];
        most = fmaxf(most, fabsf(x[i]));
        sum += i < begins ? 0.0 : power;
        squares += i < begins ? 0.0 : power * power;
    }
    for (int i = 0; i < band->count; i++)
        bytes[i] = (int8_t)lrintf(copysignf(127.0F * sqrtf(fabsf(x[i]) / most), x[i]));
    double level = (double)band->size / m->size,
           mean = sum * level * level / (band->count - begins);
    double detail = spread(sum, squares) / band->rate_hz * spread(bins, bin_squares) *
                    m->rate_hz / m->size;
    out->snr_db[b] =
        to_byte(fmax(-20.0, 10.0 * log10(fmax(1e-3, mean / (noise + 1e-14) - 1.0))));
    out->detail[b] = to_byte(10.0 * detail);
}

void trace_take(struct trace_maker *m, const struct audio *a, struct trace *out)
{
    double noise[BANDS];
    memset(out, 0, sizeof *out);
    long attack = attack_of(a);
    if (attack < 0)
        return;
    double begins_s = trace_lead_s + fade_in_s - (double)attack / m->rate_hz;
    hear_noise(m, a, noise);
    long from = attack - lrint(trace_lead_s * m->rate_hz);
    for (int i = 0; i < m->size; i++) {
        long at = from + i;
        m->x[i] = at >= 0 && (size_t)at < a->frames
                      ? m->window[i] * mono_at(a, (size_t)at)
                      : 0.0F;
    }
    rfft_forward(m->fft, m->x, m->spectrum);
    out->known = 1;
    out->begins =
        (uint8_t)to_byte(fmin(trace_lead_s, fmax(0.0, begins_s)) / trace_tick_s);
    keep_band(m, LOW, noise[LOW], out, out->low);
    keep_band(m, MID, noise[MID], out, out->mid);
    keep_band(m, HIGH, noise[HIGH], out, out->high);
}
