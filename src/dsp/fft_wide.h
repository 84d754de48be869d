/* fft_wide: one real transform, its eight interleaved parts side by side in the lanes of
 * a vector. fft.c takes it for the sizes it knows; use fft.h.
 *
 * Decimation in time by eight: lane r transforms the complex values r, r + 8, r + 16 …
 * (fft_batch.c), then a last stage of radix 8 joins the lanes, and the usual split gives
 * the spectrum of a real signal. The same bits on every machine.
 * Thread: a plan belongs to one thread at a time. */
#ifndef TROWEL_DSP_FFT_WIDE_H
#define TROWEL_DSP_FFT_WIDE_H

struct fft_wide;

/* For n real values, n a multiple of 32 with no primes but 2, 3 and 5, 128 ≤ n ≤ 2^20;
 * NULL for any other n and without memory. */
struct fft_wide *fft_wide_new(int n);
void fft_wide_free(struct fft_wide *f);

/* As rfft_forward and rfft_inverse. */
void fft_wide_forward(struct fft_wide *f, const float *in, float *spectrum);
void fft_wide_inverse(struct fft_wide *f, const float *spectrum, float *out);

#endif
