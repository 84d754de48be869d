#include "dsp/trace.h"

#include "dsp/fft.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    SPEEDS = 15, /* tried first … */
    STEP = 16,   /* … so many cents apart */
    REFINED = 3, /* then halves of that around the best, so often */
    DENSER = 4   /* samples between two of a trace, to read it at another speed */
};

static const double lead_s = 0.004; /* before the attack */
static const double attack_level = 0.15;
static const int least_balance_db = -24;
static const double worth_refining = 0.45, sure = 0.93;
/* Below this bound it is no match worth having, whatever the shift. */
static const float least_bound = 0.88F;

/* The two bands: limits, the rate and the length they are kept at, the shift allowed. */
struct band {
    double from_hz, to_hz, rate_hz, shift_s;
    int count, size; /* samples, and the transform that holds twice as many */
    double tilt;     /* power of the frequency: what is fine counts, too */
};
enum { LOW, HIGH, BANDS };
static const struct band bands[BANDS] = {
    {20.0, 2000.0, 5512.5, 0.015, TRACE_LOW, 2 * TRACE_LOW, 0.5},
    {4000.0, 9000.0, 22050.0, 0.003, TRACE_HIGH, 2 * TRACE_HIGH, 0.0}};
enum { LONGEST = TRACE_LOW, LARGEST = 2 * LONGEST };

/* --- taking
 * ----------------------------------------------------------------------------------- */

struct trace_maker {
    int rate_hz, size;
    struct rfft *fft;
    float *window, *x, *spectrum, *part;
    float *gain[BANDS];
};

static double band_gain(const struct band *b, double hz)
{
    double low = pow(hz / b->from_hz, 6.0), high = pow(hz / b->to_hz, 12.0);
    return low / (1.0 + low) / (1.0 + high) * pow(hz / b->to_hz, b->tilt);
}

static void fill_window(float *window, int size)
{
    const double pi = 3.14159265358979323846;
    int fade = size / 4;
    for (int i = 0; i < size; i++)
        window[i] = i < size - fade
                        ? 1.0F
                        : (float)(0.5 + 0.5 * cos(pi * (i - size + fade) / fade));
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
    m->size = fft_size_at(4096, rate_hz);
    size_t n = (size_t)m->size;
    m->fft = rfft_new(m->size);
    m->window = malloc(n * sizeof(float));
    m->x = malloc(n * sizeof(float));
    m->spectrum = malloc((n + 2) * sizeof(float));
    m->part = malloc((n + 2) * sizeof(float));
    bool done = m->fft && m->window && m->x && m->spectrum && m->part;
    for (int b = 0; b < BANDS; b++) {
        m->gain[b] = malloc((n / 2 + 1) * sizeof(float));
        done = done && m->gain[b];
        for (size_t k = 0; done && k <= n / 2; k++)
            m->gain[b][k] = (float)band_gain(&bands[b], (double)k * rate_hz / (double)n);
    }
    if (!done) {
        trace_maker_free(m);
        return err_set(e, ST_NO_MEMORY, "no memory for traces");
    }
    fill_window(m->window, m->size);
    *out = m;
    return ST_OK;
}

void trace_maker_free(struct trace_maker *m)
{
    if (m == NULL)
        return;
    for (int b = 0; b < BANDS; b++)
        free(m->gain[b]);
    rfft_free(m->fft);
    free(m->window);
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
    float peak = 0.0F;
    size_t at = 0;
    for (size_t i = 0; i < a->frames; i++)
        peak = fmaxf(peak, fabsf(mono_at(a, i)));
    if (!(peak > 1e-7F))
        return -1;
    while (fabsf(mono_at(a, at)) < (float)attack_level * peak)
        at++;
    return (long)at;
}

/* Between samples, through the four around (Catmull and Rom 1974). */
static double read_cubic(const float *x, int n, double at)
{
    int i = (int)floor(at);
    double t = at - i, p[4];
    for (int k = 0; k < 4; k++)
        p[k] = i - 1 + k >= 0 && i - 1 + k < n ? (double)x[i - 1 + k] : 0.0;
    return p[1] + 0.5 * t *
                      (p[2] - p[0] +
                       t * (2.0 * p[0] - 5.0 * p[1] + 4.0 * p[2] - p[3] +
                            t * (3.0 * (p[1] - p[2]) + p[3] - p[0])));
}

/* How many of `n` powers there are, so to say: n for equal ones, 1 for one alone. */
static double spread(double sum, double squares)
{
    return sum * sum / (squares + 1e-60);
}

/* Duration times bandwidth of the band in m->part, whose samples are `kept`. */
static double detail_of(const struct trace_maker *m, const struct band *b,
                        const float *kept)
{
    double sum = 0.0, squares = 0.0, bins = 0.0, bin_squares = 0.0;
    for (int i = 0; i < b->count; i++) {
        double power = (double)kept[i] * (double)kept[i];
        sum += power;
        squares += power * power;
    }
    for (int k = 0; k <= m->size / 2; k++) {
        double re = (double)m->part[2 * k], im = (double)m->part[2 * k + 1];
        double power = re * re + im * im;
        bins += power;
        bin_squares += power * power;
    }
    double duration_s = spread(sum, squares) / b->rate_hz,
           width_hz = spread(bins, bin_squares) * m->rate_hz / m->size;
    return duration_s * width_hz;
}

static int8_t keep_band(struct trace_maker *m, const struct band *b, const float *gain,
                        int8_t *out)
{
    float kept[LONGEST], most = 1e-20F;
    for (int k = 0; k <= m->size / 2; k++) {
        m->part[2 * k] = m->spectrum[2 * k] * gain[k];
        m->part[2 * k + 1] = m->spectrum[2 * k + 1] * gain[k];
    }
    rfft_inverse(m->fft, m->part, m->x);
    for (int i = 0; i < b->count; i++) {
        kept[i] = (float)read_cubic(m->x, m->size, i / b->rate_hz * m->rate_hz);
        most = fmaxf(most, fabsf(kept[i]));
    }
    for (int i = 0; i < b->count; i++)
        out[i] =
            (int8_t)lrintf(copysignf(127.0F * sqrtf(fabsf(kept[i]) / most), kept[i]));
    return (int8_t)lrint(fmin(127.0, 10.0 * detail_of(m, b, kept)));
}

static int8_t balance(const struct trace_maker *m)
{
    double low = 1e-30, all = 1e-30, step = (double)m->rate_hz / m->size;
    for (int k = 1; k <= m->size / 2; k++) {
        double re = (double)m->spectrum[2 * k], im = (double)m->spectrum[2 * k + 1];
        double power = re * re + im * im;
        all += k * step > bands[LOW].from_hz ? power : 0.0;
        low += k * step > bands[LOW].from_hz && k * step < bands[LOW].to_hz ? power : 0.0;
    }
    return (int8_t)lrint(fmax(-120.0, 10.0 * log10(low / all)));
}

void trace_take(struct trace_maker *m, const struct audio *a, struct trace *out)
{
    memset(out, 0, sizeof *out);
    long attack = attack_of(a);
    if (attack < 0)
        return;
    long from = attack - lrint(lead_s * m->rate_hz);
    for (int i = 0; i < m->size; i++) {
        long at = from + i;
        m->x[i] = at >= 0 && (size_t)at < a->frames
                      ? m->window[i] * mono_at(a, (size_t)at)
                      : 0.0F;
    }
    rfft_forward(m->fft, m->x, m->spectrum);
    out->known = 1;
    out->balance_db = balance(m);
    out->detail[LOW] = keep_band(m, &bands[LOW], m->gain[LOW], out->low);
    out->detail[HIGH] = keep_band(m, &bands[HIGH], m->gain[HIGH], out->high);
}

/* --- matching
 * --------------------------------------------------------------------------------- */

struct held {
    float dense[LARGEST * DENSER];
    float spectrum[SPEEDS][LARGEST + 2]; /* at each speed, of power 1 */
    float size[SPEEDS][LARGEST / 2];     /* of its bins; Σ size² ≤ 1 */
    bool ready;
};

struct trace_matcher {
    struct rfft *one[BANDS], *twice[BANDS], *many[BANDS];
    struct trace trace;
    struct held held[BANDS];
    float x[LARGEST * DENSER], wide[LARGEST * DENSER + 2];
    float other[LARGEST + 2];
};

enum status trace_matcher_new(struct trace_matcher **out, struct err *e)
{
    struct trace_matcher *m = calloc(1, sizeof *m);
    bool done = m != NULL;
    for (int b = 0; b < BANDS && done; b++) {
        m->one[b] = rfft_new(bands[b].size);
        m->twice[b] = rfft_new(2 * bands[b].size);
        m->many[b] = rfft_new(DENSER * bands[b].size);
        done = m->one[b] && m->twice[b] && m->many[b];
    }
    if (!done) {
        trace_matcher_free(m);
        m = NULL;
    }
    *out = m;
    return done ? ST_OK : err_set(e, ST_NO_MEMORY, "no memory to match traces");
}

void trace_matcher_free(struct trace_matcher *m)
{
    if (m == NULL)
        return;
    for (int b = 0; b < BANDS; b++) {
        rfft_free(m->one[b]);
        rfft_free(m->twice[b]);
        rfft_free(m->many[b]);
    }
    free(m);
}

static const int8_t *samples_of(const struct trace *t, int b)
{
    return b == LOW ? t->low : t->high;
}

/* Faded at both ends, zeros behind, and made power 1. */
static void finish(const struct band *b, float *x)
{
    int in = 8, out = b->count / 6;
    double power = 1e-30;
    for (int i = 0; i < in; i++)
        x[i] *= (float)i / (float)in;
    for (int i = 0; i < out; i++)
        x[b->count - 1 - i] *= (float)i / (float)out;
    for (int i = 0; i < b->count; i++)
        power += (double)x[i] * (double)x[i];
    float gain = (float)(1.0 / sqrt(power));
    for (int i = 0; i < b->count; i++)
        x[i] *= gain;
    memset(x + b->count, 0, (size_t)(b->size - b->count) * sizeof *x);
}

static void expand(const struct trace *t, int b, float *x)
{
    const int8_t *from = samples_of(t, b);
    for (int i = 0; i < bands[b].count; i++) {
        float v = (float)from[i] / 127.0F;
        x[i] = v * fabsf(v);
    }
    memset(x + bands[b].count, 0, (size_t)(bands[b].size - bands[b].count) * sizeof *x);
}

/* The held one played faster by so many cents, around its attack. */
static void at_speed(struct trace_matcher *m, int b, double cents, float *spectrum)
{
    const struct band *band = &bands[b];
    const float *dense = m->held[b].dense;
    double ratio = exp2(cents / 1200.0), attack = lead_s * band->rate_hz;
    int last = band->count * DENSER - 1;
    for (int i = 0; i < band->count; i++) {
        double at = ((i - attack) * ratio + attack) * DENSER;
        int k = (int)floor(at);
        float t = (float)(at - k);
        m->x[i] = k >= 0 && k < last ? dense[k] + t * (dense[k + 1] - dense[k]) : 0.0F;
    }
    finish(band, m->x);
    rfft_forward(m->one[b], m->x, spectrum);
}

static double cents_of(int speed)
{
    return (double)(speed - SPEEDS / 2) * STEP;
}

/* Of each bin, such that the squares of all sum to the power of the signal. */
static void sizes(const struct band *b, const float *spectrum, float *size)
{
    float by = sqrtf(2.0F / (float)b->size);
    for (int k = 0; k < b->size / 2; k++)
        size[k] = by * sqrtf(spectrum[2 * k] * spectrum[2 * k] +
                             spectrum[2 * k + 1] * spectrum[2 * k + 1]);
}

/* No shift can correlate better than when all phases agree. */
static float bound(const struct band *b, const float *x, const float *y)
{
    float lane[8] = {0.0F};
    for (int k = 0; k < b->size / 2; k += 8)
        for (int i = 0; i < 8; i++)
            lane[i] += x[k + i] * y[k + i];
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

static void prepare(struct trace_matcher *m, int b)
{
    struct held *h = &m->held[b];
    const struct band *band = &bands[b];
    float spectrum[LARGEST + 2];
    if (h->ready)
        return;
    expand(&m->trace, b, m->x);
    rfft_forward(m->one[b], m->x, spectrum);
    memset(m->wide, 0, (size_t)(band->size * DENSER + 2) * sizeof *m->wide);
    memcpy(m->wide, spectrum, (size_t)band->size * sizeof *spectrum);
    rfft_inverse(m->many[b], m->wide, h->dense);
    for (int i = 0; i < SPEEDS; i++) {
        at_speed(m, b, cents_of(i), h->spectrum[i]);
        sizes(band, h->spectrum[i], h->size[i]);
    }
    h->ready = true;
}

void trace_hold(struct trace_matcher *m, const struct trace *one)
{
    m->trace = *one;
    for (int b = 0; b < BANDS; b++)
        m->held[b].ready = false;
}

/* The highest correlation over shifts, `dense` times as fine as the samples. */
static double correlate(struct trace_matcher *m, int b, const float *held, int dense)
{
    const struct band *band = &bands[b];
    struct rfft *fft = dense == 2 ? m->twice[b] : m->one[b];
    int size = band->size * dense;
    int most = (int)(band->shift_s * band->rate_hz) * dense;
    memset(m->wide, 0, (size_t)(size + 2) * sizeof *m->wide);
    for (int k = 0; k < band->size / 2; k++) {
        float a = held[2 * k], c = held[2 * k + 1], d = m->other[2 * k],
              f = m->other[2 * k + 1];
        m->wide[2 * k] = a * d + c * f;
        m->wide[2 * k + 1] = c * d - a * f;
    }
    rfft_inverse(fft, m->wide, m->x);
    float best = 0.0F;
    for (int i = 0; i <= most; i++)
        best = fmaxf(best, fmaxf(fabsf(m->x[i]), fabsf(m->x[(size - i) % size])));
    return (double)best * dense;
}

static double match_band(struct trace_matcher *m, int b, const struct trace *other)
{
    double best = 0.0, cents = 0.0;
    float spectrum[LARGEST + 2], size[LARGEST / 2];
    prepare(m, b);
    expand(other, b, m->x);
    finish(&bands[b], m->x);
    rfft_forward(m->one[b], m->x, m->other);
    sizes(&bands[b], m->other, size);
    for (int i = 0; i < SPEEDS; i++) {
        if (bound(&bands[b], m->held[b].size[i], size) < least_bound)
            continue;
        double now = correlate(m, b, m->held[b].spectrum[i], 1);
        if (now > best) {
            best = now;
            cents = cents_of(i);
        }
    }
    if (best < worth_refining)
        return best;
    double step = STEP / 2.0, middle = cents;
    for (int pass = 0; pass < REFINED && best < sure; pass++, step /= 2.0)
        for (int way = -1; way <= 1; way++) {
            if (way == 0 && pass > 0)
                continue;
            double now_cents = middle + way * step;
            at_speed(m, b, now_cents, spectrum);
            double now = correlate(m, b, spectrum, 2);
            if (now > best) {
                best = now;
                cents = now_cents;
            }
            if (way == 1)
                middle = cents;
        }
    return fmin(best, 1.0);
}

static int common_band(const struct trace *a, const struct trace *b)
{
    return a->balance_db > least_balance_db && b->balance_db > least_balance_db ? LOW
                                                                                : HIGH;
}

double trace_match(struct trace_matcher *m, const struct trace *other)
{
    if (!m->trace.known || !other->known)
        return 0.0;
    return match_band(m, common_band(&m->trace, other), other);
}

double trace_detail(const struct trace *a, const struct trace *b)
{
    int band = common_band(a, b);
    return 0.1 * (a->detail[band] < b->detail[band] ? a->detail[band] : b->detail[band]);
}
