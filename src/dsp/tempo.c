#include "dsp/tempo.h"

#include "dsp/fft.h"
#include "dsp/line.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const double BPM_LOW = 40, BPM_HIGH = 240;
static const double CANDIDATE_STEP = 1.005; /* between neighbouring tempi */
static const double PRIOR_BPM = 125, PRIOR_OCTAVES = 1;
static const double WINDOW_S = 12, MIN_LENGTH_S = 4, DETREND_S = 0.25;
enum { CANDIDATES_MAX = 400, TEETH = 5, REFINED_MULTIPLES = 8 };

static const struct {
    double multiple, weight;
} TOOTH[TEETH] = {{0.5, 1}, {1, 1}, {2, 1}, {3, 0.5}, {4, 1}};

/* The comb is the share of the novelty's variance that repeats: below LEAST there is no
 * tempo (pads reach 0.2, drum tracks 0.43 and more), at FULL there is no doubt. */
static const double LEAST_PULSE = 0.22, FULL_PULSE = 0.8;

/* Novelty that rises above its surroundings by less is the flicker of a held sound: beats
 * between voices and looped waves of samplers repeat as evenly as a drummer. An onset
 * needs 1. */
static const double FLICKER = 0.3;

/* ---- Autocorrelation ------------------------------------------------------------- */

/* The novelty of one window above its local mean and flicker, square-rooted so that a few
 * loud hits do not drown the rest, with zero mean. */
static void take_window(const float *novelty, size_t n, size_t start, int window,
                        int reach, float *x)
{
    double sum = 0, mean = 0;
    int64_t low = 0, high = 0, count = (int64_t)n;
    for (int i = 0; i < window; i++) {
        int64_t at = (int64_t)start + i;
        int64_t from = at - reach > 0 ? at - reach : 0;
        int64_t to = at + reach + 1 < count ? at + reach + 1 : count;
        if (i == 0)
            low = high = from;
        for (; high < to; high++)
            sum += (double)finite_or_0(novelty[high]);
        for (; low < from && low < high; low++)
            sum -= (double)finite_or_0(novelty[low]);
        x[i] = 0;
        if (at < count && isfinite(novelty[at])) {
            double above = (double)novelty[at] - sum / (double)(to - from) - FLICKER;
            x[i] = above > 0 ? (float)sqrt(above) : 0.0f;
        }
        mean += (double)x[i] / window;
    }
    for (int i = 0; i < window; i++)
        x[i] -= (float)mean;
}

/* Sum over windows of their autocorrelations, unbiased, each with its own energy as the
 * weight; acf[0] is 1 at the end. Returns false without memory. */
static bool autocorrelate(const float *novelty, size_t n, int window, int lags, int reach,
                          double *acf)
{
    int size = fft_next_fast(2 * window);
    struct rfft *fft = rfft_new(size);
    float *x = calloc((size_t)size, sizeof *x);
    float *spectrum = malloc((size_t)(size + 2) * sizeof *spectrum);
    bool ok = fft && x && spectrum;
    memset(acf, 0, (size_t)lags * sizeof *acf);
    for (size_t start = 0; ok && (start == 0 || start + (size_t)window <= n);
         start += (size_t)window / 2) {
        take_window(novelty, n, start, window, reach, x);
        memset(x + window, 0, (size_t)(size - window) * sizeof *x);
        rfft_forward(fft, x, spectrum);
        for (int k = 0; k <= size / 2; k++) {
            float *z = spectrum + 2 * (size_t)k;
            z[0] = z[0] * z[0] + z[1] * z[1];
            z[1] = 0;
        }
        rfft_inverse(fft, spectrum, x);
        for (int i = 0; i < lags; i++)
            acf[i] += (double)x[i] * window / (window - i);
    }
    for (int i = lags - 1; i >= 0; i--)
        acf[i] = acf[0] > 0 ? acf[i] / acf[0] : 0;
    rfft_free(fft);
    free(x);
    free(spectrum);
    return ok;
}

/* ---- Choice ---------------------------------------------------------------------- */

struct candidate_tempo {
    double bpm, comb, score;
};

/* Largest value near a lag; the tolerance lets swing and drift pass. */
static double acf_near(const double *acf, int lags, double lag, double tolerance)
{
    int from = (int)floor(lag - tolerance + 0.5), to = (int)floor(lag + tolerance + 0.5);
    double best = -1;
    for (int i = from < 1 ? 1 : from; i <= to && i < lags; i++)
        best = fmax(best, acf[i]);
    return best;
}

/* Weighted mean of the autocorrelation at the half, the period and its multiples. The
 * half tells a beat from its dotted relatives (2/3, 4/3), which nothing subdivides. */
static double comb_at(const double *acf, int lags, double period)
{
    double sum = 0, weight = 0;
    for (int i = 0; i < TEETH; i++) {
        double lag = TOOTH[i].multiple * period;
        if (lag + 2 >= lags)
            break;
        double value = acf_near(acf, lags, lag, 1 + 0.004 * lag);
        /* A bare pulse has nothing at the half, which is no evidence against it. */
        sum += TOOTH[i].weight * (i == 0 ? fmax(value, 0) : value);
        weight += TOOTH[i].weight;
    }
    return weight > 0 ? sum / weight : 0;
}

static double prior(double bpm)
{
    double octaves = log2(bpm / PRIOR_BPM) / PRIOR_OCTAVES;
    return exp(-0.5 * octaves * octaves);
}

static int list_candidates(const double *acf, int lags, double hop_s,
                           struct candidate_tempo *list)
{
    int count = 0;
    for (double bpm = BPM_LOW; bpm <= BPM_HIGH && count < CANDIDATES_MAX;
         bpm *= CANDIDATE_STEP) {
        double comb = comb_at(acf, lags, 60 / bpm / hop_s);
        list[count++] = (struct candidate_tempo){bpm, comb, fmax(comb, 0) * prior(bpm)};
    }
    return count;
}

/* The period to a fraction of a hop: a parabola through the autocorrelation at the
 * highest multiple that still has a peak where it belongs. */
static double refine(const double *acf, int lags, double hop_s, double bpm)
{
    double period = 60 / bpm / hop_s;
    for (int m = 1; m <= REFINED_MULTIPLES; m++) {
        int reach = (int)fmax(2, 0.03 * period), centre = (int)floor(m * period + 0.5);
        int best = centre;
        if (centre + reach + 1 >= lags)
            break;
        for (int i = centre - reach; i <= centre + reach; i++)
            if (i > 1 && acf[i] > acf[best])
                best = i;
        double a = acf[best - 1], b = acf[best], c = acf[best + 1];
        if (!(b > a && b >= c) || b <= 0)
            continue;
        period = (best + parabola_top(a, b, c)) / m;
    }
    return 60 / (period * hop_s);
}

enum status tempo_of_novelty(const float *novelty, size_t n, double hop_s,
                             struct tempo *out, struct err *e)
{
    *out = (struct tempo){0};
    if (!(hop_s > 1e-4) || (double)n * hop_s < MIN_LENGTH_S)
        return ST_OK;
    double length = fmin(WINDOW_S, (double)n * hop_s);
    int window = (int)(length / hop_s), lags = window / 2;
    double *acf = malloc((size_t)lags * sizeof *acf);
    struct candidate_tempo *list = malloc(CANDIDATES_MAX * sizeof *list);
    int reach = (int)(DETREND_S / hop_s);
    if (!acf || !list || !autocorrelate(novelty, n, window, lags, reach, acf)) {
        free(acf);
        free(list);
        return err_set(e, ST_NO_MEMORY, "no memory to find a tempo");
    }
    int count = list_candidates(acf, lags, hop_s, list), best = 0;
    for (int i = 1; i < count; i++)
        if (list[i].score > list[best].score)
            best = i;
    if (list[best].comb >= LEAST_PULSE) {
        out->bpm = refine(acf, lags, hop_s, list[best].bpm);
        out->confidence = fmin(1, list[best].comb / FULL_PULSE);
    }
    free(acf);
    free(list);
    return ST_OK;
}
