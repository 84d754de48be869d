/* spectral: features of eight power spectra at once (see track.h for their meaning).
 *
 * Input as stft gives it, from Hann windows of samples ±1. Thread: belongs to one thread
 * at a time (scratch memory). */
#ifndef TROWEL_DSP_SPECTRAL_H
#define TROWEL_DSP_SPECTRAL_H

#include "dsp/fft_batch.h"
#include "dsp/track.h"

struct spectral;

struct spectral_hop {
    float centroid_hz, spread_hz, rolloff_hz, flatness;
    float band_square[TRACK_BAND_COUNT]; /* mean squares */
    float fine_square[TRACK_BANDS];
    float square, k_square; /* of everything, plain and K-weighted */
};

/* Of windows of n frames; NULL when memory runs out. */
struct spectral *spectral_new(int rate_hz, int n);
void spectral_free(struct spectral *s);

void spectral_batch(struct spectral *s, const float *power,
                    struct spectral_hop out[FFT_BATCH]);

/* The eight spectra one after the other, bin k of spectrum i at [i·bins + k]. */
void spectral_powers(const float *power, int bins, float *frames);

/* Lower edge of fine band b; b = TRACK_BANDS gives the upper end. */
double spectral_fine_edge_hz(int b);

#endif
