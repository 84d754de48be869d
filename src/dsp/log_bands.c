#include "dsp/log_bands.h"
#include "dsp/fft_batch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LOW_HZ 40.0
#define TOP_HZ 16000.0

struct log_bands {
    int frame;
    double scale;
    int edge[LOG_BANDS + 1]; /* bins */
    struct fft_batch *fft;
    float *rows, *powers; /* eight frames, and lanes of their powers */
};

static void set_edges(struct log_bands *b, int rate_hz)
{
    double top = fmin(TOP_HZ, 0.45 * rate_hz), bin_hz = (double)rate_hz / b->frame;
    for (int i = 0; i <= LOG_BANDS; i++) {
        double hz = LOW_HZ * pow(top / LOW_HZ, (double)i / LOG_BANDS);
        int bin = (int)lround(hz / bin_hz);
        int least = i == 0 ? 1 : b->edge[i - 1] + 1;
        b->edge[i] = bin > least ? bin : least;
    }
}

struct log_bands *log_bands_new(int frame, int rate_hz)
{
    if (frame < LOG_BANDS_FRAME_MIN || rate_hz < 1)
        return NULL;
    struct log_bands *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    size_t n = (size_t)frame;
    b->frame = frame;
    b->scale = 16.0 / ((double)frame * frame);
    b->rows = calloc(FFT_BATCH * n, sizeof *b->rows);
    b->powers = malloc(FFT_BATCH * (n / 2 + 1) * sizeof *b->powers);
    b->fft = fft_batch_hann(frame);
    if (!b->fft || !b->rows || !b->powers) {
        log_bands_free(b);
        return NULL;
    }
    set_edges(b, rate_hz);
    return b;
}

void log_bands_free(struct log_bands *b)
{
    if (!b)
        return;
    fft_batch_free(b->fft);
    free(b->rows);
    free(b->powers);
    free(b);
}

int log_bands_frame(const struct log_bands *b)
{
    return b->frame;
}

/* The bands of eight spectra as fft_batch leaves them; `count` of them are wanted. */
static void bands_of_eight(const struct log_bands *b, size_t count,
                           float (*db)[LOG_BANDS])
{
    for (int k = 0; k < LOG_BANDS; k++) {
        double power[FFT_BATCH] = {0}, width = b->edge[k + 1] - b->edge[k];
        for (int i = b->edge[k]; i < b->edge[k + 1]; i++)
            for (int lane = 0; lane < FFT_BATCH; lane++)
                power[lane] += (double)b->powers[i * FFT_BATCH + lane];
        for (size_t lane = 0; lane < count; lane++)
            db[lane][k] =
                (float)(10.0 * log10(fmax(power[lane] * (b->scale / width), 1e-20)));
    }
}

void log_bands_measure(struct log_bands *b, const float *const *at, size_t count,
                       float (*db)[LOG_BANDS])
{
    size_t n = (size_t)b->frame;
    for (size_t i = 0; i < count; i += FFT_BATCH) {
        size_t some = count - i < FFT_BATCH ? count - i : FFT_BATCH;
        for (size_t k = 0; k < some; k++)
            memcpy(b->rows + k * n, at[i + k], n * sizeof *b->rows);
        fft_batch_power(b->fft, b->rows, b->frame, b->powers);
        bands_of_eight(b, some, db + i);
    }
}

double log_bands_top(const float db[LOG_BANDS])
{
    float top = db[0];
    for (int k = 1; k < LOG_BANDS; k++)
        top = db[k] > top ? db[k] : top;
    return (double)top;
}

double log_bands_distance(const float a[LOG_BANDS], const float b[LOG_BANDS],
                          double floor_db)
{
    double sum = 0.0;
    for (int k = 0; k < LOG_BANDS; k++) {
        double d = fmax((double)a[k], floor_db) - fmax((double)b[k], floor_db);
        sum += d * d;
    }
    return sqrt(sum / LOG_BANDS);
}
