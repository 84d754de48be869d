/* line: sums and peaks of a row of floats, for the loops that see every sample of every
 * hit. Always in the same order of operations: the same bits on every machine.
 * Thread: pure functions. */
#ifndef TROWEL_DSP_LINE_H
#define TROWEL_DSP_LINE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

/* Σx², in double precision. */
double line_square_sum(const float *x, size_t n);

/* sum[i] = Σx² of the first i of n frames of so many channels, i = 0 … n. */
void line_running_energy(const float *x, size_t n, size_t channels, double *sum);

/* Of each of `rows` rows of n floats, one behind the other: Σ(x[i] − x[i − 1])² over
 * i = 1 … n − 1 as far as that makes fours, in single precision. */
void line_step_sums(const float *x, size_t n, size_t rows, double *out);

/* `count` values of the `length` that x comes round with, from x[at mod length] on. */
void line_copy_round(const float *x, size_t length, size_t at, size_t count, float *to);

/* `count` values from x[at] on, zeros before the first and behind the last of n. */
void line_part(const float *x, size_t n, ptrdiff_t at, size_t count, float *to);

/* The largest |x|; infinities and NaN do not count. */
float line_peak(const float *x, size_t n);

bool line_is_finite(const float *x, size_t n);
/* Sets what is not finite to 0; returns how many. */
size_t line_scrub(float *x, size_t n);

/* Where between −½ and ½ the top of the parabola lies through a, b, c at −1, 0, 1; 0
 * where it has none. */
static inline double parabola_top(double a, double b, double c)
{
    double curve = a - 2 * b + c;
    return curve < 0 ? fmax(-0.5, fmin(0.5, 0.5 * (a - c) / curve)) : 0;
}

/* In dB; −200 of nothing. */
static inline double power_db(double power)
{
    return 10 * log10(power + 1e-20);
}

static inline double db_power(double db)
{
    return pow(10, db / 10);
}

static inline float finite_or_0(float x)
{
    return isfinite(x) ? x : 0.0f;
}

#endif
