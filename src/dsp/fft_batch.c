#include "dsp/fft_batch.h"

#include "core/pi.h"
#include "dsp/vec.h"
#include "dsp/window.h"

#include <math.h>
#include <stdlib.h>

#include "dsp/fft_stages.h"

enum { SIZE_LIMIT = 1 << 20 };

static void run_stages(const struct fft_batch *f, struct complex8 **from,
                       struct complex8 **to);

static int factorise(int n, int *radix)
{
    static const int order[] = {4, 2, 3, 5};
    int stages = 0;
    for (int i = 0; i < 4; i++)
        while (n % order[i] == 0) {
            if (stages == STAGES_MAX)
                return 0;
            radix[stages++] = order[i];
            n /= order[i];
        }
    return n == 1 ? stages : 0;
}

static void *aligned(size_t bytes)
{
    return aligned_alloc(64, (bytes + 63) / 64 * 64);
}

struct fft_batch *fft_batch_new(int n, const float *window)
{
    struct fft_batch plan = {.n = n, .half = n / 2, .transform = run_stages};
    if (n < 8 || n > SIZE_LIMIT || n % 4 || !(plan.stages = factorise(n / 2, plan.radix)))
        return NULL;
    struct fft_batch *f = malloc(sizeof *f);
    if (!f)
        return NULL;
    *f = plan;
    size_t size = (size_t)n;
    f->window = malloc(size * sizeof *f->window);
    f->root = malloc(size * sizeof *f->root);
    /* one more than half of n: the bin at half the rate */
    f->a = aligned((size / 2 + 1) * sizeof *f->a);
    f->b = aligned((size / 2 + 1) * sizeof *f->b);
    f->c = aligned((size / 2 + 1) * sizeof *f->c);
    if (!f->window || !f->root || !f->a || !f->b || !f->c) {
        fft_batch_free(f);
        return NULL;
    }
    for (size_t i = 0; i < size; i++)
        f->window[i] = window ? 0.5f * window[i] : 0.5f;
    for (int k = 0; k < n / 4; k++) { /* and a quarter of a turn on, and so on */
        double angle = -2 * PI * k / n;
        struct twiddle w = {(float)cos(angle), (float)sin(angle)};
        f->root[k] = w;
        f->root[k + n / 4] = (struct twiddle){w.im, -w.re};
        f->root[k + n / 2] = (struct twiddle){-w.re, -w.im};
        f->root[k + n / 4 * 3] = (struct twiddle){-w.im, w.re};
    }
    return f;
}

struct fft_batch *fft_batch_hann(int n)
{
    float *window = n < 1 ? NULL : malloc((size_t)n * sizeof *window);
    if (!window)
        return NULL;
    window_hann(window, n);
    struct fft_batch *f = fft_batch_new(n, window);
    free(window);
    return f;
}

void fft_batch_free(struct fft_batch *f)
{
    if (!f)
        return;
    free(f->window);
    free(f->root);
    free(f->a);
    free(f->b);
    free(f->c);
    free(f);
}

/* ---- Kernels: v is always eight frames ------------------------------------------- */

/* Eight windowed values of each of eight frames, rows, to columns at `to`. */
VEC_INLINE void load_block(const float *const x[VEC], int i, const float *window,
                           float *to)
{
    v8f w = VEC_CONST_AT(window + i), row[VEC];
    for (int k = 0; k < VEC; k++)
        row[k] = VEC_CONST_AT(x[k] + i) * w;
    vec_store_columns(row, to, VEC);
}

/* Samples 2j and 2j + 1 of every frame, windowed, are complex value j of its lane. */
VEC_INLINE void load(const struct fft_batch *f, const float *const x[VEC])
{
    float *to = (float *)f->a;
    int i = 0;
    for (; i + VEC <= f->n; i += VEC)
        load_block(x, i, f->window, to + VEC * i);
    for (; i < f->n; i++)
        for (size_t lane = 0; lane < VEC; lane++)
            to[(size_t)(VEC * i) + lane] = x[lane][i] * f->window[i];
}

VEC_CLONES(run_stages, stages_of_eight,
           (const struct fft_batch *f, struct complex8 **from, struct complex8 **to),
           (f, from, to))

/* name(f, radix, …) with the last stage's radix as the constant it is. */
#define BY_LAST_RADIX(name, f, ...)                                                      \
    do {                                                                                 \
        int last_radix = (f)->radix[(f)->stages - 1];                                    \
        if (last_radix == 4)                                                             \
            name(f, 4, __VA_ARGS__);                                                     \
        else if (last_radix == 2)                                                        \
            name(f, 2, __VA_ARGS__);                                                     \
        else if (last_radix == 3)                                                        \
            name(f, 3, __VA_ARGS__);                                                     \
        else                                                                             \
            name(f, 5, __VA_ARGS__);                                                     \
    } while (0)

/* The last stage turns nothing: butterfly q of half / radix. */
VEC_INLINE void last_butterfly(const struct fft_batch *f, int radix,
                               const struct complex8 *x, int q, struct complex8 *y,
                               int out)
{
    butterfly(radix, x + q, f->half / radix, y, out, NULL);
}

/* 2 X[k] and 2 X[half − k] of the real signal, the latter conjugated, from Z[k] and
 * Z[half − k]. */
VEC_INLINE void split(const struct fft_batch *f, int k, struct complex8 *low,
                      struct complex8 *high)
{
    v8f even_re = low->re + high->re, even_im = low->im - high->im;
    struct complex8 odd = {low->im + high->im, high->re - low->re};
    times(&odd, &f->root[k]);
    *low = (struct complex8){even_re + odd.re, even_im + odd.im};
    *high = (struct complex8){even_re - odd.re, odd.im - even_im};
}

/* Twice the bins 0 and half, whose imaginary parts are 0. */
VEC_INLINE void split_ends(const struct complex8 *z, v8f *low, v8f *high)
{
    *low = 2 * (z->re + z->im);
    *high = 2 * (z->re - z->im);
}

/* Where the spectrum goes: powers, or if those are NULL the values. */
struct spectrum {
    float *power;
    struct complex8 *value;
};

VEC_INLINE void put_pair(const struct fft_batch *f, const struct complex8 *low,
                         const struct complex8 *high, int k, const struct spectrum *to)
{
    struct complex8 a = *low, b = *high;
    split(f, k, &a, &b);
    if (to->power) {
        VEC_AT(to->power + VEC * k) = a.re * a.re + a.im * a.im;
        VEC_AT(to->power + VEC * (f->half - k)) = b.re * b.re + b.im * b.im;
    } else {
        to->value[k] = a;
        to->value[f->half - k] = b;
    }
}

VEC_INLINE void put_ends(const struct fft_batch *f, const struct complex8 *z,
                         const struct spectrum *to)
{
    v8f low, high, zero = {0};
    split_ends(z, &low, &high);
    if (to->power) {
        VEC_AT(to->power) = low * low;
        VEC_AT(to->power + VEC * f->half) = high * high;
    } else {
        to->value[0] = (struct complex8){low, zero};
        to->value[f->half] = (struct complex8){high, zero};
    }
}

/* The last stage: what butterfly q gives is split with what butterfly s − q gives. */
VEC_INLINE void last_split(const struct fft_batch *f, int radix, const struct complex8 *x,
                           const struct spectrum *to)
{
    int s = f->half / radix, q = 1;
    struct complex8 a[RADIX_MAX], b[RADIX_MAX];
    last_butterfly(f, radix, x, 0, a, 1);
    put_ends(f, a, to);
    for (int k = 1; k <= radix / 2; k++)
        put_pair(f, a + k, a + radix - k, s * k, to);
    for (; q < s - q; q++) {
        last_butterfly(f, radix, x, q, a, 1);
        last_butterfly(f, radix, x, s - q, b, 1);
        for (int k = 0; k < (radix + 1) / 2; k++)
            put_pair(f, a + k, b + radix - 1 - k, q + s * k, to);
        for (int k = 0; k < radix / 2; k++)
            put_pair(f, b + k, a + radix - 1 - k, s - q + s * k, to);
    }
    if (q == s - q) {
        last_butterfly(f, radix, x, q, a, 1);
        for (int k = 0; k < (radix + 1) / 2; k++)
            put_pair(f, a + k, a + radix - 1 - k, q + s * k, to);
    }
}

/* The bins below `bins` ≤ half / radix alone. */
VEC_INLINE void last_low_power(const struct fft_batch *f, int radix,
                               const struct complex8 *x, int bins, float *power)
{
    int s = f->half / radix;
    struct complex8 a[RADIX_MAX], b[RADIX_MAX];
    last_butterfly(f, radix, x, 0, a, 1);
    v8f first = 2 * (a[0].re + a[0].im);
    VEC_AT(power) = first * first;
    for (int q = 1; q < bins; q++) {
        last_butterfly(f, radix, x, q, a, 1);
        last_butterfly(f, radix, x, s - q, b, 1);
        split(f, q, a, b + radix - 1);
        VEC_AT(power + VEC * q) = a->re * a->re + a->im * a->im;
    }
}

VEC_INLINE void last_power(const struct fft_batch *f, int radix, const struct complex8 *x,
                           int bins, float *power)
{
    struct spectrum to = {power, NULL};
    if (bins <= f->half / radix)
        last_low_power(f, radix, x, bins, power);
    else
        last_split(f, radix, x, &to);
}

VEC_INLINE void power_of_eight(const struct fft_batch *f, const float *const x[VEC],
                               int bins, float *power)
{
    struct complex8 *z = f->a, *spare = f->b;
    load(f, x);
    f->transform(f, &z, &spare);
    BY_LAST_RADIX(last_power, f, z, bins, power);
}

VEC_CLONES(run_power, power_of_eight,
           (const struct fft_batch *f, const float *const x[VEC], int bins, float *power),
           (f, x, bins, power))

static void take_rows(const float *x, size_t stride, const float *row[VEC])
{
    for (size_t i = 0; i < VEC; i++)
        row[i] = x + i * stride;
}

void fft_batch_power(struct fft_batch *f, const float *x, int hop, float *power)
{
    fft_batch_low_power(f, x, hop, f->half + 1, power);
}

void fft_batch_low_power(struct fft_batch *f, const float *x, int hop, int bins,
                         float *power)
{
    const float *row[VEC];
    take_rows(x, (size_t)hop, row);
    run_power(f, row, bins, power);
}

void fft_batch_power_of(struct fft_batch *f, const float *const x[FFT_BATCH],
                        float *power)
{
    run_power(f, x, f->half + 1, power);
}

/* ---- Spectra as rows ------------------------------------------------------------- */

VEC_INLINE void last_spectrum(const struct fft_batch *f, int radix,
                              const struct complex8 *x, struct complex8 *value)
{
    struct spectrum to = {NULL, value};
    last_split(f, radix, x, &to);
}

VEC_INLINE void spectra_of_eight(const struct fft_batch *f, const float *const x[VEC],
                                 struct complex8 **result)
{
    struct complex8 *z = f->a, *to = f->b;
    load(f, x);
    f->transform(f, &z, &to);
    BY_LAST_RADIX(last_spectrum, f, z, to);
    *result = to;
}

VEC_INLINE void forward_eight(const struct fft_batch *f, const float *const x[VEC],
                              float *spectrum, size_t spectrum_stride)
{
    struct complex8 *result;
    spectra_of_eight(f, x, &result);
    vec_to_rows((const float *)result, f->n + 2, spectrum, spectrum_stride);
}

VEC_CLONES(run_forward, forward_eight,
           (const struct fft_batch *f, const float *const x[VEC], float *spectrum,
            size_t spectrum_stride),
           (f, x, spectrum, spectrum_stride))

void fft_batch_forward(struct fft_batch *f, const float *x, size_t stride,
                       float *spectrum, size_t spectrum_stride)
{
    const float *row[VEC];
    take_rows(x, stride, row);
    run_forward(f, row, spectrum, spectrum_stride);
}

/* The inverse transform is the forward one with real and imaginary parts exchanged before
 * and after: the first exchange is done here, with the split of the real signal. */
VEC_INLINE void join_ends(const v8f *low, const v8f *high, float scale,
                          struct complex8 *z)
{
    *z = (struct complex8){(*low - *high) * scale, (*low + *high) * scale};
}

VEC_INLINE void join(const struct fft_batch *f, int k, const struct complex8 *low,
                     const struct complex8 *high, float scale, struct complex8 *z)
{
    struct complex8 a = *low, b = *high;
    v8f even_re = a.re + b.re, even_im = a.im - b.im;
    struct twiddle back = {f->root[k].re, -f->root[k].im};
    struct complex8 odd = {a.re - b.re, a.im + b.im};
    times(&odd, &back);
    z[k] = (struct complex8){(even_im + odd.re) * scale, (even_re - odd.im) * scale};
    z[f->half - k] =
        (struct complex8){(odd.re - even_im) * scale, (even_re + odd.im) * scale};
}

VEC_INLINE void join_in_place(const struct fft_batch *f, struct complex8 *z)
{
    int half = f->half;
    float scale = 1.0f / (float)f->n;
    join_ends(&z[0].re, &z[half].re, scale, z);
    for (int k = 1; k <= half / 2; k++)
        join(f, k, &z[k], &z[half - k], scale, z);
}

/* The last stage backwards: two values of the signal each, as far as they are wanted. */
VEC_INLINE void last_back(const struct fft_batch *f, int radix, const struct complex8 *x,
                          int count, float *out)
{
    int s = f->half / radix;
    for (int q = 0; q < s && 2 * q < count; q++) {
        struct complex8 z[RADIX_MAX];
        last_butterfly(f, radix, x, q, z, 1);
        for (int k = 0; k < radix && 2 * (q + s * k) < count; k++) {
            float *to = out + (ptrdiff_t)(2 * VEC) * (q + s * k);
            VEC_AT(to) = z[k].im;
            VEC_AT(to + VEC) = z[k].re;
        }
    }
}

/* Back from what lies in lanes at f->a. */
VEC_INLINE void back_to_rows(const struct fft_batch *f, int count, float *x,
                             size_t stride)
{
    struct complex8 *z = f->a, *to = f->b;
    join_in_place(f, z);
    f->transform(f, &z, &to);
    BY_LAST_RADIX(last_back, f, z, count, (float *)to);
    vec_to_rows((const float *)to, count, x, stride);
}

VEC_INLINE void inverse_eight(const struct fft_batch *f, const float *spectrum,
                              size_t spectrum_stride, float *x, size_t stride)
{
    const float *row[VEC];
    take_rows(spectrum, spectrum_stride, row);
    vec_to_lanes(row, f->n + 2, (float *)f->a);
    back_to_rows(f, f->n, x, stride);
}

VEC_CLONES_PUBLIC(fft_batch_inverse, inverse_eight,
                  (struct fft_batch * f, const float *spectrum, size_t spectrum_stride,
                   float *x, size_t stride),
                  (f, spectrum, spectrum_stride, x, stride))

/* ---- In lanes -------------------------------------------------------------------- */

float *fft_batch_lanes(struct fft_batch *f)
{
    return (float *)f->a;
}

/* The last stage alone, every value to its place. */
VEC_INLINE void last_turn(const struct fft_batch *f, int radix, const struct complex8 *x,
                          struct complex8 *y)
{
    int s = f->half / radix;
    for (int q = 0; q < s; q++)
        last_butterfly(f, radix, x, q, y + q, s);
}

VEC_INLINE void turn_eight(const struct fft_batch *f, struct complex8 **result)
{
    struct complex8 *z = f->a, *to = f->b;
    f->transform(f, &z, &to);
    BY_LAST_RADIX(last_turn, f, z, to);
    *result = to;
}

VEC_CLONES(run_turn, turn_eight, (const struct fft_batch *f, struct complex8 **result),
           (f, result))

const float *fft_batch_turn(struct fft_batch *f)
{
    struct complex8 *result;
    run_turn(f, &result);
    return (const float *)result;
}

VEC_CLONES(run_spectra, spectra_of_eight,
           (const struct fft_batch *f, const float *const x[VEC],
            struct complex8 **result),
           (f, x, result))

const float *fft_batch_spectra(struct fft_batch *f, const float *x, size_t stride)
{
    const float *row[VEC];
    struct complex8 *result;
    take_rows(x, stride, row);
    run_spectra(f, row, &result);
    return (const float *)result;
}

VEC_CLONES_PUBLIC(fft_batch_back, back_to_rows,
                  (struct fft_batch * f, int count, float *x, size_t stride),
                  (f, count, x, stride))

/* ---- Correlation ----------------------------------------------------------------- */

/* Bins k and half − k of one signal, conjugated, times those of another: twice each from
 * low and high to what goes back. */
VEC_INLINE void multiply(const struct fft_batch *f, int k, const struct complex8 *low,
                         const struct complex8 *high, const struct complex8 *other_low,
                         const struct complex8 *other_high, struct complex8 *to)
{
    struct complex8 a = *low, b = *high, c = *other_low, d = *other_high;
    split(f, k, &a, &b);
    split(f, k, &c, &d);
    struct complex8 x = {a.re * c.re + a.im * c.im, a.re * c.im - a.im * c.re};
    struct complex8 y = {b.re * d.re + b.im * d.im, b.re * d.im - b.im * d.re};
    join(f, k, 2 * k == f->half ? &y : &x, &y, 0.5f / (float)f->n, to);
}

/* The last stage of both signals, and the product of their spectra, as last_power. */
VEC_INLINE void last_product(const struct fft_batch *f, int radix,
                             const struct complex8 *x, const struct complex8 *y,
                             struct complex8 *to)
{
    int s = f->half / radix, q = 1;
    struct complex8 a[RADIX_MAX], b[RADIX_MAX], c[RADIX_MAX], d[RADIX_MAX];
    v8f low, high, other_low, other_high;
    last_butterfly(f, radix, x, 0, a, 1);
    last_butterfly(f, radix, y, 0, c, 1);
    split_ends(a, &low, &high);
    split_ends(c, &other_low, &other_high);
    low *= other_low;
    high *= other_high;
    join_ends(&low, &high, 0.5f / (float)f->n, to);
    for (int k = 1; k <= radix / 2; k++)
        multiply(f, s * k, a + k, a + radix - k, c + k, c + radix - k, to);
    for (; q < s - q; q++) {
        last_butterfly(f, radix, x, q, a, 1);
        last_butterfly(f, radix, x, s - q, b, 1);
        last_butterfly(f, radix, y, q, c, 1);
        last_butterfly(f, radix, y, s - q, d, 1);
        for (int k = 0, far = radix - 1; k < (radix + 1) / 2; k++, far--)
            multiply(f, q + s * k, a + k, b + far, c + k, d + far, to);
        for (int k = 0, far = radix - 1; k < radix / 2; k++, far--)
            multiply(f, s - q + s * k, b + k, a + far, d + k, c + far, to);
    }
    if (q == s - q) {
        last_butterfly(f, radix, x, q, a, 1);
        last_butterfly(f, radix, y, q, c, 1);
        for (int k = 0, far = radix - 1; k < (radix + 1) / 2; k++, far--)
            multiply(f, q + s * k, a + k, a + far, c + k, c + far, to);
    }
}

/* The windowed columns are transformed, and the whole ones, whose spectrum is split to
 * twice of it; the product of one's conjugates with the other goes back. */
VEC_INLINE void correlate_eight(const struct fft_batch *f, const float *x, int lags,
                                float *out)
{
    float *windowed = (float *)f->a, *whole = (float *)f->c;
    struct complex8 *y = f->a, *z = f->c, *product = f->b;
    for (int i = 0; i < f->n; i++) {
        v8f v = VEC_CONST_AT(x + VEC * i);
        VEC_AT(windowed + VEC * i) = v * f->window[i];
        VEC_AT(whole + VEC * i) = v;
    }
    f->transform(f, &y, &product);
    f->transform(f, &z, &product);
    BY_LAST_RADIX(last_product, f, y, z, product);
    f->transform(f, &product, &y);
    BY_LAST_RADIX(last_back, f, product, lags, out);
}

VEC_CLONES_PUBLIC(fft_batch_correlate, correlate_eight,
                  (struct fft_batch * f, const float *x, int lags, float *out),
                  (f, x, lags, out))
