/* mfcc: mel bands and mel-frequency cepstral coefficients of power spectra.
 *
 * Bands: triangles of equal width on the mel scale 2595·log10(1 + f/700) (HTK), from
 * 30 Hz to 16 kHz whatever the rate, each scaled to unit sum so that white noise gives a
 * flat result; bands (partly) above Nyquist get what there is. Coefficients: orthonormal
 * DCT-II of 10·log10(band + floor) (Davis & Mermelstein 1980); coefficient 0 is the
 * level, the rest do not change with gain while the floor is far below.
 * Ownership: mfcc_new/mfcc_free. Thread: read-only after mfcc_new, may be shared. */
#ifndef TROWEL_DSP_MFCC_H
#define TROWEL_DSP_MFCC_H

#include "core/status.h"

struct mfcc;

/* 4 ≤ bands ≤ 128, 1 ≤ coeffs ≤ bands; fft_size even. ST_NO_MEMORY, ST_UNSUPPORTED. */
enum status mfcc_new(struct mfcc **out, int rate_hz, int fft_size, int bands, int coeffs,
                     struct err *e);
void mfcc_free(struct mfcc *m);
double mfcc_band_hz(const struct mfcc *m, int band); /* its centre */

/* power: fft_size/2 + 1 values |X|²; band: `bands` means of them, linear. */
void mfcc_mel(const struct mfcc *m, const float *power, float *band);

/* The same for eight spectra as fft_batch leaves them: power[8·k + lane] to
 * band[8·b + lane], in single precision. */
void mfcc_mel_eight(const struct mfcc *m, const float *power, float *band);

/* band (linear, ≥ 0) to coefficients; `floor` is added before the logarithm. */
void mfcc_cepstrum(const struct mfcc *m, const float *band, float floor, float *coeff);

/* The same for eight frames as mfcc_mel_eight leaves them: coeff[8·c + lane], in single
 * precision, within 0.001; the least of band + floor that counts is 1e−30. */
void mfcc_cepstrum_eight(const struct mfcc *m, const float *band, float floor,
                         float *coeff);

#endif
