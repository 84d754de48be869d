#include "dsp/fft_batch.h"

#include "dsp/vec.h"
#include "dsp/window.h"

#include <stdlib.h>

enum { STAGES_MAX = 24, SIZE_LIMIT = 1 << 20 };

struct complex8 {
    v8f re, im;
};

struct twiddle {
    float re, im;
};

struct fft_batch {
    int n, half; /* real and complex size */
    int stages;
    int radix[STAGES_MAX];
    float *window;
    struct twiddle *root; /* e^(−2πi k/n), k < n; the complex transform takes every 2nd */
    struct complex8 *a, *b;
    void (*transform)(const struct fft_batch *f, struct complex8 **result);
};

static void run_stages(const struct fft_batch *f, struct complex8 **result);

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
    f->a =
        aligned((size / 2 + 1) * sizeof *f->a); /* one more: the bin at half the rate */
    f->b = aligned((size / 2 + 1) * sizeof *f->b);
    if (!f->window || !f->root || !f->a || !f->b) {
        fft_batch_free(f);
        return NULL;
    }
    for (size_t i = 0; i < size; i++)
        f->window[i] = window ? window[i] : 1.0f;
    for (int k = 0; k < n / 4; k++) { /* and a quarter of a turn on, and so on */
        double angle = -2 * 3.14159265358979323846 * k / n;
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
    struct fft_batch *f = fft_batch_new(n, NULL);
    if (f)
        window_hann(f->window, n);
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
    free(f);
}

/* ---- Kernels: v is always eight frames ------------------------------------------- */

VEC_INLINE void times(struct complex8 *z, const struct twiddle *w)
{
    v8f re = z->re * w->re - z->im * w->im;
    z->im = z->re * w->im + z->im * w->re;
    z->re = re;
}

/* One Stockham stage: groups p < n / radix, s interleaved transforms; w(p·k) has the
 * roots of order n, which are every `step`th of f->root. */
VEC_INLINE void stage2(const struct fft_batch *f, int n, int s, const struct complex8 *x,
                       struct complex8 *y)
{
    int m = n / 2, step = f->n / n;
    for (int p = 0; p < m; p++) {
        struct twiddle w = f->root[p * step];
        for (int q = 0; q < s; q++) {
            struct complex8 a = x[q + s * p], b = x[q + s * (p + m)];
            struct complex8 sum = {a.re + b.re, a.im + b.im};
            struct complex8 difference = {a.re - b.re, a.im - b.im};
            times(&difference, &w);
            y[q + s * 2 * p] = sum;
            y[q + s * (2 * p + 1)] = difference;
        }
    }
}

VEC_INLINE void stage3(const struct fft_batch *f, int n, int s, const struct complex8 *x,
                       struct complex8 *y)
{
    const float sine = 0.866025403784438647f; /* sin 2π/3 */
    int m = n / 3, step = f->n / n;
    for (int p = 0; p < m; p++) {
        struct twiddle w1 = f->root[p * step], w2 = f->root[2 * p * step];
        for (int q = 0; q < s; q++) {
            struct complex8 a = x[q + s * p], b = x[q + s * (p + m)];
            struct complex8 c = x[q + s * (p + 2 * m)];
            v8f sum_re = b.re + c.re, sum_im = b.im + c.im;
            v8f turn_re = (b.im - c.im) * sine, turn_im = (c.re - b.re) * sine;
            v8f mid_re = a.re - sum_re * 0.5f, mid_im = a.im - sum_im * 0.5f;
            struct complex8 y1 = {mid_re + turn_re, mid_im + turn_im};
            struct complex8 y2 = {mid_re - turn_re, mid_im - turn_im};
            times(&y1, &w1);
            times(&y2, &w2);
            struct complex8 *out = y + q + s * 3 * p;
            out[0] = (struct complex8){a.re + sum_re, a.im + sum_im};
            out[s] = y1;
            out[2 * s] = y2;
        }
    }
}

VEC_INLINE void stage4(const struct fft_batch *f, int n, int s, const struct complex8 *x,
                       struct complex8 *y)
{
    int m = n / 4, step = f->n / n;
    for (int p = 0; p < m; p++) {
        struct twiddle w1 = f->root[p * step], w2 = f->root[2 * p * step];
        struct twiddle w3 = f->root[3 * p * step];
        for (int q = 0; q < s; q++) {
            const struct complex8 *in = x + q + s * p;
            struct complex8 a = in[0], b = in[s * m], c = in[2 * s * m],
                            d = in[3 * s * m];
            v8f ac_re = a.re + c.re, ac_im = a.im + c.im;
            v8f ca_re = a.re - c.re, ca_im = a.im - c.im;
            v8f bd_re = b.re + d.re, bd_im = b.im + d.im;
            v8f turn_re = b.im - d.im, turn_im = d.re - b.re; /* −i (b − d) */
            struct complex8 y1 = {ca_re + turn_re, ca_im + turn_im};
            struct complex8 y2 = {ac_re - bd_re, ac_im - bd_im};
            struct complex8 y3 = {ca_re - turn_re, ca_im - turn_im};
            times(&y1, &w1);
            times(&y2, &w2);
            times(&y3, &w3);
            struct complex8 *out = y + q + s * 4 * p;
            out[0] = (struct complex8){ac_re + bd_re, ac_im + bd_im};
            out[s] = y1;
            out[2 * s] = y2;
            out[3 * s] = y3;
        }
    }
}

VEC_INLINE void stage5(const struct fft_batch *f, int n, int s, const struct complex8 *x,
                       struct complex8 *y)
{
    const float c1 = 0.309016994374947424f, c2 = -0.809016994374947424f; /* cos 2π/5 … */
    const float s1 = 0.951056516295153572f, s2 = 0.587785252292473129f; /* sin 2π/5 … */
    int m = n / 5, step = f->n / n;
    for (int p = 0; p < m; p++) {
        struct twiddle w[4];
        for (int k = 0; k < 4; k++)
            w[k] = f->root[(k + 1) * p * step];
        for (int q = 0; q < s; q++) {
            const struct complex8 *in = x + q + s * p;
            struct complex8 a = in[0], b = in[s * m], c = in[2 * s * m];
            struct complex8 d = in[3 * s * m], e = in[4 * s * m];
            v8f be_re = b.re + e.re, be_im = b.im + e.im;
            v8f cd_re = c.re + d.re, cd_im = c.im + d.im;
            v8f eb_re = b.re - e.re, eb_im = b.im - e.im;
            v8f dc_re = c.re - d.re, dc_im = c.im - d.im;
            v8f m1_re = a.re + be_re * c1 + cd_re * c2;
            v8f m1_im = a.im + be_im * c1 + cd_im * c2;
            v8f m2_re = a.re + be_re * c2 + cd_re * c1;
            v8f m2_im = a.im + be_im * c2 + cd_im * c1;
            v8f t1_re = eb_im * s1 + dc_im * s2, t1_im = -(eb_re * s1 + dc_re * s2);
            v8f t2_re = eb_im * s2 - dc_im * s1, t2_im = -(eb_re * s2 - dc_re * s1);
            struct complex8 y1 = {m1_re + t1_re, m1_im + t1_im};
            struct complex8 y2 = {m2_re + t2_re, m2_im + t2_im};
            struct complex8 y3 = {m2_re - t2_re, m2_im - t2_im};
            struct complex8 y4 = {m1_re - t1_re, m1_im - t1_im};
            times(&y1, &w[0]);
            times(&y2, &w[1]);
            times(&y3, &w[2]);
            times(&y4, &w[3]);
            struct complex8 *out = y + q + s * 5 * p;
            out[0] = (struct complex8){a.re + be_re + cd_re, a.im + be_im + cd_im};
            out[s] = y1;
            out[2 * s] = y2;
            out[3 * s] = y3;
            out[4 * s] = y4;
        }
    }
}

/* Eight windowed values of each of eight frames, rows, to columns at `to`. */
VEC_INLINE void load_block(const float *x, size_t hop, const float *window, float *to)
{
    v8f w = VEC_CONST_AT(window), row[VEC];
    row[0] = VEC_CONST_AT(x) * w;
    row[1] = VEC_CONST_AT(x + hop) * w;
    row[2] = VEC_CONST_AT(x + 2 * hop) * w;
    row[3] = VEC_CONST_AT(x + 3 * hop) * w;
    row[4] = VEC_CONST_AT(x + 4 * hop) * w;
    row[5] = VEC_CONST_AT(x + 5 * hop) * w;
    row[6] = VEC_CONST_AT(x + 6 * hop) * w;
    row[7] = VEC_CONST_AT(x + 7 * hop) * w;
    vec_store_columns(row, to, VEC);
}

/* Samples 2j and 2j + 1 of every frame, windowed, are complex value j of its lane. */
VEC_INLINE void load(const struct fft_batch *f, const float *x, size_t hop)
{
    float *to = (float *)f->a;
    int i = 0;
    for (; i + VEC <= f->n; i += VEC)
        load_block(x + i, hop, f->window + i, to + VEC * i);
    for (; i < f->n; i++)
        for (size_t lane = 0; lane < VEC; lane++)
            to[(size_t)(VEC * i) + lane] = x[lane * hop + (size_t)i] * f->window[i];
}

/* |X[k]|² and |X[half − k]|² of the real signal from Z[k] and Z[half − k]. */
VEC_INLINE void split(const struct fft_batch *f, const struct complex8 *z, float *power)
{
    int half = f->half;
    v8f first = z[0].re + z[0].im, last = z[0].re - z[0].im;
    first *= first;
    last *= last;
    VEC_AT(power) = first;
    VEC_AT(power + VEC * half) = last;
    for (int k = 1; k <= half / 2; k++) {
        struct complex8 a = z[k], b = z[half - k];
        v8f even_re = (a.re + b.re) * 0.5f, even_im = (a.im - b.im) * 0.5f;
        struct complex8 odd = {(a.im + b.im) * 0.5f, (b.re - a.re) * 0.5f};
        times(&odd, &f->root[k]);
        v8f re = even_re + odd.re, im = even_im + odd.im;
        VEC_AT(power + VEC * k) = re * re + im * im;
        re = even_re - odd.re;
        im = even_im - odd.im;
        VEC_AT(power + VEC * (half - k)) = re * re + im * im;
    }
}

VEC_INLINE void stages_of_eight(const struct fft_batch *f, struct complex8 **result)
{
    struct complex8 *from = f->a, *to = f->b;
    int n = f->half, s = 1;
    for (int i = 0; i < f->stages; i++) {
        switch (f->radix[i]) {
        case 4:
            stage4(f, n, s, from, to);
            break;
        case 2:
            stage2(f, n, s, from, to);
            break;
        case 3:
            stage3(f, n, s, from, to);
            break;
        default:
            stage5(f, n, s, from, to);
            break;
        }
        n /= f->radix[i];
        s *= f->radix[i];
        struct complex8 *swap = from;
        from = to;
        to = swap;
    }
    *result = from;
}

VEC_CLONES(run_stages, stages_of_eight,
           (const struct fft_batch *f, struct complex8 **result), (f, result))

/* The stages over the f->half complex values at f->a; returns where the result lies. They
 * are called, not inlined into each of the six places: compilers take long over them. */
static struct complex8 *transform(const struct fft_batch *f)
{
    struct complex8 *result;
    f->transform(f, &result);
    return result;
}

VEC_INLINE void power_of_eight(const struct fft_batch *f, const float *x, int hop,
                               float *power)
{
    load(f, x, (size_t)hop);
    split(f, transform(f), power);
}

VEC_CLONES(run_power, power_of_eight,
           (const struct fft_batch *f, const float *x, int hop, float *power),
           (f, x, hop, power))

void fft_batch_power(struct fft_batch *f, const float *x, int hop, float *power)
{
    run_power(f, x, hop, power);
}

/* ---- Spectra as rows ------------------------------------------------------------- */

/* split, with the spectrum itself in place of z, which has room for one value more. */
VEC_INLINE void split_in_place(const struct fft_batch *f, struct complex8 *z)
{
    int half = f->half;
    v8f zero = {0};
    struct complex8 first = z[0];
    z[0] = (struct complex8){first.re + first.im, zero};
    z[half] = (struct complex8){first.re - first.im, zero};
    for (int k = 1; k <= half / 2; k++) {
        struct complex8 a = z[k], b = z[half - k];
        v8f even_re = (a.re + b.re) * 0.5f, even_im = (a.im - b.im) * 0.5f;
        struct complex8 odd = {(a.im + b.im) * 0.5f, (b.re - a.re) * 0.5f};
        times(&odd, &f->root[k]);
        z[k] = (struct complex8){even_re + odd.re, even_im + odd.im};
        z[half - k] = (struct complex8){even_re - odd.re, odd.im - even_im};
    }
}

/* Lanes to rows: `count` vectors at `from`, one value each to every row. */
VEC_INLINE void store_rows(const struct complex8 *from, int count, float *to,
                           size_t stride)
{
    const float *v = (const float *)from;
    int i = 0;
    for (; i + VEC <= count; i += VEC) {
        v8f r[VEC];
        for (int k = 0; k < VEC; k++)
            r[k] = VEC_CONST_AT(v + VEC * (i + k));
        vec_store_columns(r, to + i, stride);
    }
    for (; i < count; i++)
        for (size_t lane = 0; lane < VEC; lane++)
            to[lane * stride + (size_t)i] = v[(size_t)(VEC * i) + lane];
}

VEC_INLINE void forward_eight(const struct fft_batch *f, const float *x, size_t stride,
                              float *spectrum, size_t spectrum_stride)
{
    load(f, x, stride);
    struct complex8 *z = transform(f);
    split_in_place(f, z);
    store_rows(z, f->n + 2, spectrum, spectrum_stride);
}

VEC_CLONES(run_forward, forward_eight,
           (const struct fft_batch *f, const float *x, size_t stride, float *spectrum,
            size_t spectrum_stride),
           (f, x, stride, spectrum, spectrum_stride))

void fft_batch_forward(struct fft_batch *f, const float *x, size_t stride,
                       float *spectrum, size_t spectrum_stride)
{
    run_forward(f, x, stride, spectrum, spectrum_stride);
}

/* Rows to lanes, as they are. */
VEC_INLINE void load_rows(const float *x, size_t stride, int count, float *to)
{
    int i = 0;
    for (; i + VEC <= count; i += VEC) {
        v8f row[VEC];
        for (size_t k = 0; k < VEC; k++)
            row[k] = VEC_CONST_AT(x + k * stride + i);
        vec_store_columns(row, to + VEC * i, VEC);
    }
    for (; i < count; i++)
        for (size_t lane = 0; lane < VEC; lane++)
            to[(size_t)(VEC * i) + lane] = x[lane * stride + (size_t)i];
}

/* The inverse transform is the forward one with real and imaginary parts exchanged before
 * and after: the first exchange is done here, with the split of the real signal. */
VEC_INLINE void join_in_place(const struct fft_batch *f, struct complex8 *z)
{
    int half = f->half;
    float scale = 1.0f / (float)f->n;
    v8f low = z[0].re, high = z[half].re;
    z[0] = (struct complex8){(low - high) * scale, (low + high) * scale};
    for (int k = 1; k <= half / 2; k++) {
        struct complex8 a = z[k], b = z[half - k];
        v8f even_re = a.re + b.re, even_im = a.im - b.im;
        struct twiddle back = {f->root[k].re, -f->root[k].im};
        struct complex8 odd = {a.re - b.re, a.im + b.im};
        times(&odd, &back);
        z[k] = (struct complex8){(even_im + odd.re) * scale, (even_re - odd.im) * scale};
        z[half - k] =
            (struct complex8){(odd.re - even_im) * scale, (even_re + odd.im) * scale};
    }
}

VEC_INLINE void inverse_eight(const struct fft_batch *f, const float *spectrum,
                              size_t spectrum_stride, float *x, size_t stride)
{
    load_rows(spectrum, spectrum_stride, f->n + 2, (float *)f->a);
    join_in_place(f, f->a);
    struct complex8 *z = transform(f);
    for (int i = 0; i < f->half; i++)
        z[i] = (struct complex8){z[i].im, z[i].re};
    store_rows(z, f->n, x, stride);
}

VEC_CLONES(run_inverse, inverse_eight,
           (const struct fft_batch *f, const float *spectrum, size_t spectrum_stride,
            float *x, size_t stride),
           (f, spectrum, spectrum_stride, x, stride))

void fft_batch_inverse(struct fft_batch *f, const float *spectrum, size_t spectrum_stride,
                       float *x, size_t stride)
{
    run_inverse(f, spectrum, spectrum_stride, x, stride);
}

/* ---- In lanes -------------------------------------------------------------------- */

float *fft_batch_lanes(struct fft_batch *f)
{
    return (float *)f->a;
}

const float *fft_batch_turn(struct fft_batch *f)
{
    return (const float *)transform(f);
}

VEC_INLINE void spectra_of_eight(const struct fft_batch *f, const float *x, size_t stride,
                                 struct complex8 **result)
{
    load(f, x, stride);
    *result = transform(f);
    split_in_place(f, *result);
}

VEC_CLONES(run_spectra, spectra_of_eight,
           (const struct fft_batch *f, const float *x, size_t stride,
            struct complex8 **result),
           (f, x, stride, result))

const float *fft_batch_spectra(struct fft_batch *f, const float *x, size_t stride)
{
    struct complex8 *result;
    run_spectra(f, x, stride, &result);
    return (const float *)result;
}

VEC_INLINE void back_to_rows(const struct fft_batch *f, int count, float *x,
                             size_t stride)
{
    join_in_place(f, f->a);
    struct complex8 *z = transform(f);
    for (int i = 0; i < (count + 1) / 2; i++)
        z[i] = (struct complex8){z[i].im, z[i].re};
    store_rows(z, count, x, stride);
}

VEC_CLONES(run_back, back_to_rows,
           (const struct fft_batch *f, int count, float *x, size_t stride),
           (f, count, x, stride))

void fft_batch_back(struct fft_batch *f, int count, float *x, size_t stride)
{
    run_back(f, count, x, stride);
}

/* ---- Correlation ----------------------------------------------------------------- */

/* The spectra of the windowed columns go to `out`, those of the whole ones through the
 * plan; the product of one's conjugates with the other goes back. */
VEC_INLINE void correlate_eight(const struct fft_batch *f, const float *x, float *out)
{
    size_t bins = (size_t)f->half + 1;
    float *to = (float *)f->a;
    for (int i = 0; i < f->n; i++)
        VEC_AT(to + VEC * i) = VEC_CONST_AT(x + VEC * i) * f->window[i];
    struct complex8 *z = transform(f);
    split_in_place(f, z);
    memcpy(out, z, bins * sizeof *z);
    memcpy(f->a, x, (size_t)f->half * sizeof *z);
    z = transform(f);
    split_in_place(f, z);
    for (size_t k = 0; k < bins; k++) {
        v8f re = VEC_CONST_AT(out + 2 * VEC * k),
            im = VEC_CONST_AT(out + 2 * VEC * k + VEC);
        struct complex8 whole = z[k];
        f->a[k] = (struct complex8){re * whole.re + im * whole.im,
                                    re * whole.im - im * whole.re};
    }
    join_in_place(f, f->a);
    z = transform(f);
    for (int i = 0; i < f->half; i++) {
        VEC_AT(out + 2 * VEC * i) = z[i].im;
        VEC_AT(out + 2 * VEC * i + VEC) = z[i].re;
    }
}

VEC_CLONES(run_correlate, correlate_eight,
           (const struct fft_batch *f, const float *x, float *out), (f, x, out))

void fft_batch_correlate(struct fft_batch *f, const float *x, float *out)
{
    run_correlate(f, x, out);
}
