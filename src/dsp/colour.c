#include "dsp/colour.h"
#include "core/pi.h"
#include "dsp/circle.h"
#include "dsp/fft.h"
#include "dsp/fft_batch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_44K1 = 4096, BANDS_MAX = 32, BAND_BINS = 3, FIR_SHARE = 4, REACH = 3 };
static const double first_hz = 50, band_ratio = 1.2599;
static const double floor_ratio = 1e-8, leakage = 0.006;
static const double least_db = -3, most_db = 6, same_db = 0.02;

struct bands {
    int count;
    int edge[BANDS_MAX + 1]; /* bins */
    double db[BANDS_MAX];
};

struct workshop {
    int n;
    struct fft_batch *hann, *plain;
    float *row;    /* FFT_BATCH frames or spectra, n + 2 each */
    float *lanes;  /* FFT_BATCH power spectra side by side */
    float *filter; /* its spectrum */
    double *power; /* of the model, then of the sound, n/2 + 1 each */
};

static enum status workshop_init(struct workshop *w, int rate_hz, struct err *e)
{
    int n = fft_size_at(FRAME_44K1, rate_hz);
    size_t size = (size_t)n + 2;
    *w = (struct workshop){
        .n = n, .hann = fft_batch_hann(n), .plain = fft_batch_new(n, NULL)};
    w->row = malloc(FFT_BATCH * size * sizeof *w->row);
    w->lanes = malloc(FFT_BATCH * size * sizeof *w->lanes);
    w->filter = malloc(FFT_BATCH * size * sizeof *w->filter);
    w->power = calloc(size, sizeof *w->power);
    if (!w->hann || !w->plain || !w->row || !w->lanes || !w->filter || !w->power)
        return err_set(e, ST_NO_MEMORY, "no memory to compare two sounds");
    return ST_OK;
}

static void workshop_done(struct workshop *w)
{
    fft_batch_free(w->hann);
    fft_batch_free(w->plain);
    free(w->row);
    free(w->lanes);
    free(w->filter);
    free(w->power);
}

static float *row_at(const struct workshop *w, size_t k)
{
    return w->row + k * ((size_t)w->n + 2);
}

/* Mean power per bin over frames that go round, all channels. */
static void measure(struct workshop *w, const struct audio *a, double *power)
{
    size_t n = (size_t)w->n, channels = (size_t)a->channels;
    size_t count = 2 * a->frames / n + 1;
    const float *row[FFT_BATCH];
    for (size_t k = 0; k < FFT_BATCH; k++)
        row[k] = row_at(w, k);
    for (size_t c = 0; c < channels; c++)
        for (size_t f = 0; f < count; f += FFT_BATCH) {
            size_t at_once = count - f < FFT_BATCH ? count - f : FFT_BATCH;
            for (size_t k = 0; k < at_once; k++)
                circle_read(a, c, (ptrdiff_t)((f + k) * a->frames / count), n,
                            row_at(w, k));
            for (size_t k = at_once; k < FFT_BATCH; k++)
                row[k] = row[0]; /* not counted */
            fft_batch_power_of(w->hann, row, w->lanes);
            for (size_t i = 0; i <= n / 2; i++)
                for (size_t k = 0; k < at_once; k++)
                    power[i] += (double)w->lanes[FFT_BATCH * i + k] / (double)count;
        }
}

static void lay_bands(struct bands *b, int n, int rate_hz)
{
    double bin_hz = (double)rate_hz / n;
    *b = (struct bands){.edge = {(int)fmax(1, first_hz / bin_hz)}};
    while (b->count < BANDS_MAX) {
        int from = b->edge[b->count], to = (int)(from * band_ratio);
        to = to < from + BAND_BINS ? from + BAND_BINS : to;
        if (to > n / 2)
            break;
        b->edge[++b->count] = to;
    }
}

/* What each band lacks; returns the largest amount. A band that holds little beside its
 * neighbours holds their leakage, which says nothing: towards 0 with those. */
static double compare(struct bands *b, const double *model, const double *power, int n)
{
    double want[BANDS_MAX], have[BANDS_MAX], all = 0, worst = 0;
    for (int k = 1; k <= n / 2; k++)
        all += model[k];
    for (int i = 0; i < b->count; i++) {
        want[i] = have[i] = 0;
        for (int k = b->edge[i]; k < b->edge[i + 1]; k++) {
            want[i] += model[k];
            have[i] += power[k];
        }
    }
    for (int i = 0; i < b->count; i++) {
        double around = floor_ratio * all;
        for (int k = i - REACH; k <= i + REACH; k++)
            if (k >= 0 && k < b->count)
                around += leakage * want[k];
        double db = 10 * log10((want[i] + around) / (have[i] + around));
        b->db[i] = all > 0 ? fmin(most_db, fmax(least_db, db)) : 0;
        worst = fmax(worst, fabs(b->db[i]));
    }
    return worst;
}

/* Gain at a bin, straight in dB between the middles of the bands. */
static double gain_at(const struct bands *b, double bin)
{
    int i = 0;
    while (i < b->count && bin >= 0.5 * (b->edge[i] + b->edge[i + 1]))
        i++;
    if (i == 0 || i == b->count)
        return pow(10, b->db[i ? i - 1 : 0] / 20);
    double low = 0.5 * (b->edge[i - 1] + b->edge[i]);
    double high = 0.5 * (b->edge[i] + b->edge[i + 1]);
    double mix = (bin - low) / (high - low);
    return pow(10, (b->db[i - 1] + mix * (b->db[i] - b->db[i - 1])) / 20);
}

/* The transfer of a filter of n / FIR_SHARE taps, delayed by half of them. */
static void design(struct workshop *w, const struct bands *b)
{
    int n = w->n, half = n / FIR_SHARE / 2;
    size_t row = (size_t)n + 2;
    float *response = w->filter + row, *tap = w->filter;
    memset(w->filter, 0, FFT_BATCH * row * sizeof *w->filter);
    for (int k = 0; k <= n / 2; k++)
        response[2 * k] = (float)gain_at(b, k);
    fft_batch_inverse(w->plain, w->filter, row, w->filter, row);
    for (int i = -half + 1; i < half; i++) {
        double hann = 0.5 + 0.5 * cos(PI * i / half);
        tap[i + half] = (float)(hann * (double)response[(i + n) % n]);
    }
    fft_batch_forward(w->plain, w->filter, row, w->filter, row);
}

static void filter_row(const struct workshop *w, float *spectrum)
{
    for (int k = 0; k <= w->n / 2; k++) {
        float re = spectrum[2 * k], im = spectrum[2 * k + 1];
        float a = w->filter[2 * k], b = w->filter[2 * k + 1];
        spectrum[2 * k] = re * a - im * b;
        spectrum[2 * k + 1] = re * b + im * a;
    }
}

/* Overlap-save, one channel at a time; time stays where it was. */
static void run(struct workshop *w, struct audio *to, const struct audio *from)
{
    size_t channels = (size_t)from->channels, n = (size_t)w->n, row = n + 2;
    size_t taps = n / FIR_SHARE, half = taps / 2, block = n - taps;
    for (size_t c = 0; c < channels; c++)
        for (size_t first = 0; first < from->frames; first += FFT_BATCH * block) {
            for (size_t k = 0; k < FFT_BATCH; k++) {
                ptrdiff_t at = (ptrdiff_t)(first + k * block + half) - (ptrdiff_t)taps;
                circle_read(from, c, at, n, row_at(w, k));
            }
            fft_batch_forward(w->plain, w->row, row, w->row, row);
            for (size_t k = 0; k < FFT_BATCH; k++)
                filter_row(w, row_at(w, k));
            fft_batch_inverse(w->plain, w->row, row, w->row, row);
            for (size_t k = 0; k < FFT_BATCH; k++) {
                size_t start = first + k * block;
                for (size_t i = 0; i < block && start + i < from->frames; i++)
                    to->data[(start + i) * channels + c] = row_at(w, k)[taps + i];
            }
        }
}

enum status colour_match(struct audio *a, const struct audio *model, struct err *e)
{
    struct workshop w;
    struct bands bands;
    struct audio out = {0};
    enum status st = workshop_init(&w, a->rate_hz, e);
    size_t shorter = a->frames < model->frames ? a->frames : model->frames;
    if (st == ST_OK && shorter >= 2 * (size_t)w.n) {
        double *power = w.power + w.n / 2 + 1;
        measure(&w, model, w.power);
        measure(&w, a, power);
        lay_bands(&bands, w.n, a->rate_hz);
        if (bands.count > 0 && compare(&bands, w.power, power, w.n) > same_db) {
            st = audio_init(&out, a->frames, a->channels, a->rate_hz, e);
            if (st == ST_OK) {
                design(&w, &bands);
                run(&w, &out, a);
                audio_done(a);
                *a = out;
            }
        }
    }
    workshop_done(&w);
    return st;
}
