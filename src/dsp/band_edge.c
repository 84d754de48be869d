#include "dsp/band_edge.h"

#include "dsp/fft_batch.h"

#include <math.h>
#include <stdlib.h>

/* The quietest of the mean spectrum just below the edge lies so far above the loudest
 * that is left anywhere over it. Whatever was recorded, played or filtered falls less
 * steeply (88 recordings, pads and mixes: 13 dB at most), what was converted up from 8 to
 * 22 kHz by 26 to 72. Between the partials of a lone tone it is as quiet as over them. */
static const double EDGE_DB = 20;
static const double FROM = 0.85, TO = 0.97, OVER = 1.06;
static const double LOWEST_HZ = 2500, HIGHEST_HZ = 16000;
/* What lies so near to half the rate is its own anti-alias filter. */
static const double OF_RATE = 0.8;
static const double LEAST_S = 4, STEP_S = FFT_BATCH * 512.0 / 44100;

struct band_edge {
    int rate_hz, bins;
    long heard;
    double sum[];
};

struct band_edge *band_edge_new(int rate_hz, int fft_size)
{
    int bins = fft_size / 2 + 1;
    struct band_edge *b = calloc(1, sizeof *b + (size_t)bins * sizeof b->sum[0]);
    if (b) {
        b->rate_hz = rate_hz;
        b->bins = bins;
    }
    return b;
}

void band_edge_free(struct band_edge *b)
{
    free(b);
}

void band_edge_push(struct band_edge *b, const float *power)
{
    for (int k = 0; k < b->bins; k++)
        b->sum[k] += (double)power[FFT_BATCH * k];
    b->heard++;
}

double band_edge_hz(const struct band_edge *b)
{
    double bin_hz = (double)b->rate_hz / (2 * (b->bins - 1));
    double most_hz = fmin(HIGHEST_HZ, OF_RATE * b->rate_hz / 2);
    double highest = 0, edge_hz = 0, most = pow(10, EDGE_DB / 10);
    if ((double)b->heard * STEP_S < LEAST_S)
        return 0;
    int over = b->bins;
    for (int k = (int)(most_hz / bin_hz); k * bin_hz >= LOWEST_HZ; k--) {
        for (int first = (int)(OVER * k) + 2; over > first; over--)
            highest = fmax(highest, b->sum[over - 1]);
        double lowest = (double)INFINITY;
        for (int i = (int)(FROM * k); i <= (int)(TO * k); i++)
            lowest = fmin(lowest, b->sum[i]);
        /* digital silence over it is as far below as anything can be */
        double drop = lowest / fmax(highest, 1e-12 * lowest);
        if (lowest > 0 && drop > most) {
            most = drop;
            edge_hz = k * bin_hz;
        }
    }
    return edge_hz;
}

double band_edge_worth(double hz)
{
    return fmax(0, fmin(1, 1 + log2(fmax(hz, 1) / 16000) / 2));
}
