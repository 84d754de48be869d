/* log_bands: the spectrum of one frame in 40 bands on a logarithmic scale, in dB, and the
 * distance of two such spectra.
 *
 * Bands run from 40 Hz to 16 kHz (or 0.45 × rate); a band holds at least one bin of its
 * own, so at small frames the lowest are wider. Thread: a struct log_bands belongs to one
 * thread. */
#ifndef TROWEL_DSP_LOG_BANDS_H
#define TROWEL_DSP_LOG_BANDS_H

#include <stddef.h>

enum { LOG_BANDS = 40, LOG_BANDS_FRAME_MIN = 128 };

struct log_bands;

/* For Hann-windowed frames of `frame` samples (a size from fft_next_fast, at least that).
 * NULL when memory runs out or the size makes no sense. */
struct log_bands *log_bands_new(int frame, int rate_hz);
void log_bands_free(struct log_bands *b);
int log_bands_frame(const struct log_bands *b);

/* Mean power of each band of the `count` frames that begin at `at`, in dB, full scale
 * sine ≈ 0; at least −200. Eight are transformed at a time. */
void log_bands_measure(struct log_bands *b, const float *const *at, size_t count,
                       float (*db)[LOG_BANDS]);

double log_bands_top(const float db[LOG_BANDS]); /* the loudest band */

/* Root mean square of the differences in dB; what lies below floor_db counts as there. */
double log_bands_distance(const float a[LOG_BANDS], const float b[LOG_BANDS],
                          double floor_db);

#endif
