/* fft: the real discrete Fourier transform of one block of floats.
 *
 * A plan holds the twiddles and scratch memory of one size. The spectrum of n real values
 * is n/2 + 1 complex numbers, stored re, im, re, im …: n + 2 floats; bin k is k·rate/n
 * Hz.
 *
 *   forward:  X[k] = Σ x[i] e^(−2πi·ik/n), not scaled
 *   inverse:  x = inverse(forward(x)), scaled by 1/n
 *
 * The imaginary parts of bins 0 and n/2 are 0 after forward and ignored by inverse.
 * Non-finite input gives non-finite output, nothing worse. Thread: a plan belongs to one
 * thread at a time (scratch memory); make one per thread. Cost: about 12 µs for n = 2048.
 * For many frames of one size see fft_batch.h. */
#ifndef TROWEL_DSP_FFT_H
#define TROWEL_DSP_FFT_H

struct rfft;

/* A plan for n real values: n even, 2 ≤ n ≤ 2^26; any even n works, sizes from
 * fft_next_fast are fast. NULL when n is odd or out of range, or memory ran out.
 * rfft_free(NULL) is safe. */
struct rfft *rfft_new(int n);
void rfft_free(struct rfft *f);

/* `in` holds n floats and is left untouched, `spectrum` n + 2; they must not overlap. */
void rfft_forward(struct rfft *f, const float *in, float *spectrum);

/* `spectrum` holds n + 2 floats and is left untouched, `out` n; they must not overlap. */
void rfft_inverse(struct rfft *f, const float *spectrum, float *out);

/* The smallest fast size ≥ n: a multiple of 4 whose only primes are 2, 3 and 5 (2 for
 * n ≤ 2). n ≤ 2^26. */
int fft_next_fast(int n);

/* The size, at rate_hz, of a window that has n_44k1 frames at 44.1 kHz: scaled with the
 * rate, then the next fast size; n_44k1 itself at 44.1 kHz when it is fast. At least 16.
 */
int fft_size_at(int n_44k1, int rate_hz);

#endif
