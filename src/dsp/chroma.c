#include "dsp/chroma.h"

#include "core/pi.h"
#include "dsp/line.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    AROUND = 8,      /* bins on each side that a peak is compared with */
    LOBE = 2,        /* half a Hann main lobe, in bins */
    CENTS_BINS = 100 /* of the tuning histogram */
};

/* A peak must exceed the mean power of its surroundings by this factor to count at all,
 * and by the second to count fully. Of Gaussian noise through a Hann window hardly a peak
 * exceeds the first. */
static const float STANDS_OUT = 6.0f, STANDS_CLEAR = 24.0f;
static const float FRESH_WEIGHT = 0.1f; /* of a peak that was not there a frame before */
/* Mains, and how far off one of their partials may be. Of the lowest, three of six in a
 * row must be there, or have been within MAINS_FRAMES (under noise each now and then
 * stands out too little): hardly a note in tune is within 1 Hz of any of them. The first
 * ones are missing behind a phone or a high-pass. */
static const double MAINS_HZ[] = {50, 60};
static const double MAINS_OFF_HZ = 1, MAINS_OFF = 0.004;
enum { MAINS = 2, MAINS_LOW = 12, MAINS_ROW = 6, MAINS_LEAST = 3, MAINS_FRAMES = 16 };

struct chroma {
    int bins, first, last; /* peaks are sought in [first, last) */
    double bin_hz;
    float *power; /* the frame, contiguous, with room for eight behind it */
    double *sum;  /* running sums of it, from sum[-AROUND] on, going on behind it */
    double *memory;
    int *peak;                   /* the bins that may be one */
    unsigned char *now, *before; /* per bin: a peak here or next to here */
    double tuning[CENTS_BINS];   /* peak weights by their deviation from a semitone */
    int hums[MAINS][MAINS_LOW];  /* frames for which a partial of the mains counts yet */
};

struct chroma *chroma_new(double rate_hz, int n)
{
    struct chroma *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->bins = n / 2 + 1;
    c->bin_hz = rate_hz / n;
    int low = (int)ceil(CHROMA_LOW_HZ / c->bin_hz);
    int high = (int)floor(CHROMA_HIGH_HZ / c->bin_hz);
    c->first = low > LOBE + 1 ? low : LOBE + 1;
    c->last = high < c->bins - LOBE - 1 ? high : c->bins - LOBE - 1;
    size_t bins = (size_t)c->bins;
    c->power = calloc(bins + VEC, sizeof *c->power);
    c->memory = calloc(bins + 2 * (AROUND + VEC), sizeof *c->memory);
    c->peak = malloc(bins * sizeof *c->peak);
    c->now = calloc(bins, 1);
    c->before = calloc(bins, 1);
    if (!c->power || !c->memory || !c->peak || !c->now || !c->before) {
        chroma_free(c);
        return NULL;
    }
    c->sum = c->memory + AROUND;
    return c;
}

void chroma_free(struct chroma *c)
{
    if (!c)
        return;
    free(c->power);
    free(c->memory);
    free(c->peak);
    free(c->now);
    free(c->before);
    free(c);
}

static void take_frame(struct chroma *c, const float *power)
{
    unsigned char *swap = c->before;
    c->before = c->now;
    c->now = swap;
    memset(c->now, 0, (size_t)c->bins);
    for (int k = 0; k < c->bins; k++)
        c->power[k] = finite_or_0(power[k]);
    int k = 0;
    for (; k < c->bins; k += 4) { /* four at a time: one addition waits, not four */
        const float *p = c->power + k;
        double *sum = c->sum + k;
        double two = (double)p[0] + (double)p[1], three = two + (double)p[2];
        sum[1] = sum[0] + (double)p[0];
        sum[2] = sum[0] + two;
        sum[3] = sum[0] + three;
        sum[4] = sum[0] + (three + (double)p[3]);
    }
    for (; k < c->bins + AROUND + VEC; k++)
        c->sum[k + 1] = c->sum[k];
}

static double sum_of(const struct chroma *c, int from, int to)
{
    return c->sum[to] - c->sum[from];
}

/* Of bins k … k + 3: the power of the surroundings. */
VEC_INLINE void around_four(const double *sum, v4d_any *out)
{
    const double *high = sum + AROUND + 1, *low = sum - AROUND;
    *out = *(const v4d_any *)high - *(const v4d_any *)low -
           (*(const v4d_any *)(sum + LOBE + 1) - *(const v4d_any *)(sum - LOBE));
}

/* The bins from `first` on that may be peaks: all that are, and a few that only just
 * stand out too little. */
VEC_INLINE void find_peaks(const struct chroma *c, int *at, int *count)
{
    *count = 0;
    for (int k = c->first; k < c->last; k += VEC) {
        const float *p = c->power + k;
        const float part = 0.999f * STANDS_OUT / (2 * (AROUND - LOBE));
        v4d_any low, high;
        around_four(c->sum + k, &low);
        around_four(c->sum + k + VEC / 2, &high);
        v8f power = VEC_CONST_AT(p),
            around =
                VEC_SHUFFLE(__builtin_convertvector(low, v4f),
                            __builtin_convertvector(high, v4f), 0, 1, 2, 3, 4, 5, 6, 7);
        v8i peak = (power > VEC_CONST_AT(p - 1)) & (power >= VEC_CONST_AT(p + 1)) &
                   (power >= 1e-6f) & (power > part * around);
        for (int i = 0; i < VEC && vec_any(&peak); i++)
            if (peak[i] && k + i < c->last)
                at[(*count)++] = k + i;
    }
}

VEC_CLONES(run_find, find_peaks, (const struct chroma *c, int *at, int *count),
           (c, at, count))

/* How far a local maximum stands out of its surroundings without its own lobe. */
static float prominence(const struct chroma *c, int k)
{
    double lobe = sum_of(c, k - LOBE, k + LOBE + 1);
    double around = sum_of(c, k - AROUND, k + AROUND + 1) - lobe;
    double mean = around / (2 * (AROUND - LOBE));
    double ratio = (double)c->power[k] / (fmax(mean, 0) + 1e-9);
    return (float)fmin(
        (ratio - (double)STANDS_OUT) / ((double)STANDS_CLEAR - (double)STANDS_OUT), 1);
}

/* Frequency of the peak at bin k: the parabola through three log powers. */
static double peak_hz(const struct chroma *c, int k)
{
    double a = log((double)c->power[k - 1] + 1e-12);
    double b = log((double)c->power[k] + 1e-12);
    double d = log((double)c->power[k + 1] + 1e-12);
    return (k + parabola_top(a, b, d)) * c->bin_hz;
}

static void add_pitch(struct chroma *c, double hz, double weight, float *fine)
{
    double semitones = 12 * log2(hz / 440.0) + 69;
    double cents = 100 * (semitones - floor(semitones + 0.5)); /* −50 … 50 */
    int bin = (int)floor(cents + 50);
    c->tuning[bin < CENTS_BINS ? bin : CENTS_BINS - 1] += weight;
    double place = fmod(semitones * 3, CHROMA_FINE);
    int low = (int)floor(place);
    double upper = place - low;
    fine[low % CHROMA_FINE] += (float)(weight * (1 - upper));
    fine[(low + 1) % CHROMA_FINE] += (float)(weight * upper);
}

/* What a held peak adds to the hum of mains `m`. */
static double hum_of(struct chroma *c, int m, double hz, double energy)
{
    int number = (int)lround(hz / MAINS_HZ[m]);
    if (fabs(hz - MAINS_HZ[m] * number) > fmax(MAINS_OFF_HZ, MAINS_OFF * hz))
        return 0;
    if (number <= MAINS_LOW)
        c->hums[m][number - 1] = MAINS_FRAMES;
    return energy;
}

/* Whether mains `m` hum now: their partials stand close by each other, those of a note
 * on one of them do not. */
static bool hums(struct chroma *c, int m)
{
    bool enough = false;
    for (int i = 0, row = 0; i < MAINS_LOW; i++) {
        row += c->hums[m][i] > 0;
        row -= i >= MAINS_ROW && c->hums[m][i - MAINS_ROW] > 0;
        enough = enough || row >= MAINS_LEAST;
    }
    for (int i = 0; i < MAINS_LOW; i++)
        c->hums[m][i] -= c->hums[m][i] > 0;
    return enough;
}

void chroma_next(struct chroma *c, const float *power, struct chroma_frame *out)
{
    memset(out, 0, sizeof *out);
    take_frame(c, power);
    double hum[MAINS] = {0};
    double held = 0, hummed = 0, total = sum_of(c, c->first, c->last);
    int count;
    run_find(c, c->peak, &count);
    for (int i = 0; i < count; i++) {
        int k = c->peak[i];
        float clear = prominence(c, k);
        if (clear <= 0)
            continue;
        memset(c->now + k - 1, 1, 3);
        float weight = clear * (c->before[k] ? 1.0f : FRESH_WEIGHT);
        double hz = peak_hz(c, k);
        add_pitch(c, hz, (double)weight * sqrt(sqrt((double)c->power[k])), out->fine);
        if (!c->before[k])
            continue;
        double energy = (double)clear * sum_of(c, k - LOBE, k + LOBE + 1);
        held += energy;
        for (int m = 0; m < MAINS; m++)
            hum[m] += hum_of(c, m, hz, energy);
    }
    for (int m = 0; m < MAINS; m++)
        if (hums(c, m))
            hummed = fmax(hummed, hum[m]);
    out->tonality = total > 1e-6 ? (float)fmin(held / total, 1) : 0;
    out->mains = total > 1e-6 ? (float)fmin(hummed / total, 1) : 0;
}

double chroma_tuning_cents(const struct chroma *c)
{
    double re = 0, im = 0, all = 0;
    for (int i = 0; i < CENTS_BINS; i++) {
        double angle = 2 * PI * (i + 0.5 - 50) / CENTS_BINS;
        re += c->tuning[i] * cos(angle);
        im += c->tuning[i] * sin(angle);
        all += c->tuning[i];
    }
    if (all <= 0 || hypot(re, im) < 0.05 * all)
        return 0;
    return atan2(im, re) * CENTS_BINS / (2 * PI);
}

void chroma_fold(const double fine[CHROMA_FINE], double tuning_cents, double out[12])
{
    /* Pitches are whole steps apart, so every one weighs its four cells alike. */
    const double step = 1200.0 / CHROMA_FINE, shift = tuning_cents / step;
    int low = (int)ceil(shift - 2);
    double weight[4];
    for (int i = 0; i < 4; i++) {
        double shape = cos(0.25 * PI * (low + i - shift));
        weight[i] = shape * shape;
    }
    for (int pitch = 0; pitch < 12; pitch++) {
        int first = pitch * (CHROMA_FINE / 12) + low + CHROMA_FINE;
        double sum = 0;
        for (int i = 0; i < 4; i++)
            sum += fine[(first + i) % CHROMA_FINE] * weight[i];
        out[pitch] = sum;
    }
}
