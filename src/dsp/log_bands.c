#include "dsp/log_bands.h"
#include "dsp/fft.h"
#include "dsp/window.h"

#include <math.h>
#include <stdlib.h>

#define LOW_HZ 40.0
#define TOP_HZ 16000.0

struct log_bands {
    int frame;
    double scale;
    int edge[LOG_BANDS + 1]; /* bins */
    struct rfft *fft;
    float *window, *in, *spectrum;
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
    if (frame < 128 || rate_hz < 1)
        return NULL;
    struct log_bands *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    size_t n = (size_t)frame;
    b->frame = frame;
    b->scale = 16.0 / ((double)frame * frame);
    b->fft = rfft_new(frame);
    b->window = malloc(n * sizeof(float));
    b->in = malloc(n * sizeof(float));
    b->spectrum = malloc((n + 2) * sizeof(float));
    if (!b->fft || !b->window || !b->in || !b->spectrum) {
        log_bands_free(b);
        return NULL;
    }
    window_hann(b->window, frame);
    set_edges(b, rate_hz);
    return b;
}

void log_bands_free(struct log_bands *b)
{
    if (!b)
        return;
    rfft_free(b->fft);
    free(b->window);
    free(b->in);
    free(b->spectrum);
    free(b);
}

int log_bands_frame(const struct log_bands *b)
{
    return b->frame;
}

void log_bands_measure(struct log_bands *b, const float *mono, float db[LOG_BANDS])
{
    for (int i = 0; i < b->frame; i++)
        b->in[i] = mono[i] * b->window[i];
    rfft_forward(b->fft, b->in, b->spectrum);
    for (int k = 0; k < LOG_BANDS; k++) {
        double power = 0.0;
        for (int i = b->edge[k]; i < b->edge[k + 1]; i++) {
            double re = (double)b->spectrum[2 * i], im = (double)b->spectrum[2 * i + 1];
            power += re * re + im * im;
        }
        power *= b->scale / (b->edge[k + 1] - b->edge[k]);
        db[k] = (float)(10.0 * log10(fmax(power, 1e-20)));
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
