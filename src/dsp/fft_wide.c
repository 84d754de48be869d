#include "dsp/fft_wide.h"

#include "dsp/fft_batch.h"
#include "dsp/fft_plan.h"

#include <stdlib.h>

enum { SIZE_MIN = 128, SIZE_MAX_FRAMES = 1 << 20 };

struct fft_wide {
    int n, half, lane; /* real values, complex values, complex values of a lane */
    struct fft_batch *lanes;
    struct complex8 *turn;    /* e^(−2πi r·k / half) for lane r of value k */
    float *root_re, *root_im; /* e^(−2πi k / n), k ≤ half / 2 */
    float *re, *im;           /* the complex signal or spectrum */
};

static void *aligned(size_t bytes)
{
    return aligned_alloc(64, (bytes + 63) / 64 * 64);
}

static void fill(struct fft_wide *f)
{
    const double tau = 2 * 3.14159265358979323846;
    for (int k = 0; k < f->lane; k++)
        for (int r = 0; r < VEC; r++) {
            double angle = -tau * r * k / f->half;
            f->turn[k].re[r] = (float)cos(angle);
            f->turn[k].im[r] = (float)sin(angle);
        }
    for (int k = 0; k <= f->half / 2; k++) {
        f->root_re[k] = (float)cos(-tau * k / f->n);
        f->root_im[k] = (float)sin(-tau * k / f->n);
    }
}

struct fft_wide *fft_wide_new(int n)
{
    if (n < SIZE_MIN || n > SIZE_MAX_FRAMES || n % 32)
        return NULL;
    struct fft_wide *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    *f = (struct fft_wide){.n = n, .half = n / 2, .lane = n / 16};
    size_t half = (size_t)f->half, lane = (size_t)f->lane;
    f->lanes = fft_batch_new(n / 8, NULL);
    f->turn = aligned(lane * sizeof *f->turn);
    f->root_re = aligned((half / 2 + 1) * sizeof *f->root_re);
    f->root_im = aligned((half / 2 + 1) * sizeof *f->root_im);
    f->re = aligned(half * sizeof *f->re);
    f->im = aligned(half * sizeof *f->im);
    if (f->lanes && f->turn && f->root_re && f->root_im && f->re && f->im) {
        fill(f);
        return f;
    }
    fft_wide_free(f);
    return NULL;
}

void fft_wide_free(struct fft_wide *f)
{
    if (!f)
        return;
    fft_batch_free(f->lanes);
    free(f->turn);
    free(f->root_re);
    free(f->root_im);
    free(f->re);
    free(f->im);
    free(f);
}

/* ---- Eight neighbouring values in a vector --------------------------------------- */

#define EVEN_OF(a, b) VEC_SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define ODD_OF(a, b)  VEC_SHUFFLE(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#define REVERSED(v)   VEC_SHUFFLE(v, v, 7, 6, 5, 4, 3, 2, 1, 0)

VEC_INLINE void load_pairs(const float *p, struct complex8 *z)
{
    v8f a = VEC_CONST_AT(p), b = VEC_CONST_AT(p + VEC);
    z->re = EVEN_OF(a, b);
    z->im = ODD_OF(a, b);
}

VEC_INLINE void store_pairs(const struct complex8 *z, float *p)
{
    VEC_AT(p) = VEC_SHUFFLE(z->re, z->im, 0, 8, 1, 9, 2, 10, 3, 11);
    VEC_AT(p + VEC) = VEC_SHUFFLE(z->re, z->im, 4, 12, 5, 13, 6, 14, 7, 15);
}

VEC_INLINE void reverse(struct complex8 *z)
{
    z->re = REVERSED(z->re);
    z->im = REVERSED(z->im);
}

VEC_INLINE void multiply(struct complex8 *z, const struct complex8 *w)
{
    v8f re = z->re * w->re - z->im * w->im;
    z->im = z->re * w->im + z->im * w->re;
    z->re = re;
}

VEC_INLINE void add_subtract(struct complex8 *a, struct complex8 *b)
{
    struct complex8 sum = {a->re + b->re, a->im + b->im};
    *b = (struct complex8){a->re - b->re, a->im - b->im};
    *a = sum;
}

/* × −i */
VEC_INLINE void quarter_turn(struct complex8 *z)
{
    *z = (struct complex8){z->im, -z->re};
}

/* A transform of four, in place: results 0, 1, 2, 3 lie in a, c, b, d. */
VEC_INLINE void four(struct complex8 *a, struct complex8 *b, struct complex8 *c,
                     struct complex8 *d)
{
    add_subtract(a, c);
    add_subtract(b, d);
    quarter_turn(d);
    add_subtract(a, b);
    add_subtract(c, d);
}

/* A transform of eight over t[0 … 7]; result j goes to re, im + j·stride. */
VEC_INLINE void eight(struct complex8 *t, float *re, float *im, size_t stride)
{
    static const size_t order[4] = {0, 2, 1, 3};
    const float half_root = 0.707106781186547524f;
    four(&t[0], &t[2], &t[4], &t[6]); /* 0, 1, 2, 3 at 0, 4, 2, 6 */
    four(&t[1], &t[3], &t[5], &t[7]);
    struct complex8 once = t[5], thrice = t[7];
    t[5] = (struct complex8){(once.re + once.im) * half_root,
                             (once.im - once.re) * half_root};
    quarter_turn(&t[3]);
    t[7] = (struct complex8){(thrice.im - thrice.re) * half_root,
                             -(thrice.re + thrice.im) * half_root};
    for (size_t j = 0; j < 4; j++) {
        struct complex8 *a = &t[2 * order[j]], *b = a + 1;
        add_subtract(a, b);
        VEC_AT(re + j * stride) = a->re;
        VEC_AT(im + j * stride) = a->im;
        VEC_AT(re + (j + 4) * stride) = b->re;
        VEC_AT(im + (j + 4) * stride) = b->im;
    }
}

/* The last stage: eight values of every lane at a time, turned, then lanes become rows.
 */
VEC_INLINE void join_block(const struct fft_wide *f, const struct complex8 *z, int k)
{
    v8f re[VEC], im[VEC];
    float rows_re[VEC * VEC], rows_im[VEC * VEC];
    struct complex8 t[VEC];
    for (int i = 0; i < VEC; i++) {
        struct complex8 c = z[k + i];
        multiply(&c, &f->turn[k + i]);
        re[i] = c.re;
        im[i] = c.im;
    }
    vec_store_columns(re, rows_re, VEC);
    vec_store_columns(im, rows_im, VEC);
    for (int r = 0; r < VEC; r++)
        t[r] = (struct complex8){VEC_CONST_AT(rows_re + VEC * r),
                                 VEC_CONST_AT(rows_im + VEC * r)};
    eight(t, f->re + k, f->im + k, (size_t)f->lane);
}

/* A block that would overrun begins earlier and gives some values twice. */
VEC_INLINE void join_lanes(const struct fft_wide *f, const struct complex8 *z)
{
    int k = 0;
    for (; k + VEC <= f->lane; k += VEC)
        join_block(f, z, k);
    if (k < f->lane)
        join_block(f, z, f->lane - VEC);
}

/* ---- Real signals ----------------------------------------------------------------- */

/* Spectrum values k and half − k from the complex ones, Z[k] and Z[half − k]. */
VEC_INLINE void split_eight(const struct fft_wide *f, int k, float *spectrum)
{
    int mirror = f->half - k - (VEC - 1);
    struct complex8 a = {VEC_CONST_AT(f->re + k), VEC_CONST_AT(f->im + k)};
    struct complex8 b = {VEC_CONST_AT(f->re + mirror), VEC_CONST_AT(f->im + mirror)};
    struct complex8 w = {VEC_CONST_AT(f->root_re + k), VEC_CONST_AT(f->root_im + k)};
    reverse(&b);
    struct complex8 even = {(a.re + b.re) * 0.5f, (a.im - b.im) * 0.5f};
    struct complex8 odd = {(a.im + b.im) * 0.5f, (b.re - a.re) * 0.5f};
    multiply(&odd, &w);
    struct complex8 low = {even.re + odd.re, even.im + odd.im};
    struct complex8 high = {even.re - odd.re, odd.im - even.im};
    reverse(&high);
    store_pairs(&low, spectrum + 2 * k);
    store_pairs(&high, spectrum + 2 * mirror);
}

VEC_INLINE void split_one(const struct fft_wide *f, int k, float *spectrum)
{
    int m = f->half - k;
    float even_re = (f->re[k] + f->re[m]) * 0.5f, even_im = (f->im[k] - f->im[m]) * 0.5f;
    float re = (f->im[k] + f->im[m]) * 0.5f, im = (f->re[m] - f->re[k]) * 0.5f;
    float odd_re = re * f->root_re[k] - im * f->root_im[k];
    float odd_im = re * f->root_im[k] + im * f->root_re[k];
    spectrum[2 * m] = even_re - odd_re;
    spectrum[2 * m + 1] = odd_im - even_im;
    spectrum[2 * k] = even_re + odd_re;
    spectrum[2 * k + 1] = even_im + odd_im;
}

VEC_INLINE void forward(const struct fft_wide *f, const float *in, float *spectrum)
{
    for (int m = 0; m < f->lane; m++)
        load_pairs(in + 2 * VEC * m, &f->lanes->a[m]);
    join_lanes(f, fft_batch_lanes(f->lanes));
    int half = f->half, k = 1;
    spectrum[0] = f->re[0] + f->im[0];
    spectrum[2 * half] = f->re[0] - f->im[0];
    spectrum[1] = spectrum[2 * half + 1] = 0;
    for (; k + VEC <= half / 2; k += VEC)
        split_eight(f, k, spectrum);
    for (; k <= half / 2; k++)
        split_one(f, k, spectrum);
}

VEC_CLONES(run_forward, forward,
           (const struct fft_wide *f, const float *in, float *spectrum),
           (f, in, spectrum))

void fft_wide_forward(struct fft_wide *f, const float *in, float *spectrum)
{
    run_forward(f, in, spectrum);
}

/* The inverse is the forward transform with real and imaginary parts exchanged before and
 * after: Z[k] and Z[half − k], exchanged, from the spectrum. */
VEC_INLINE void merge_eight(const struct fft_wide *f, int k, const float *spectrum)
{
    int mirror = f->half - k - (VEC - 1);
    v8f scale;
    vec_set(&scale, 1.0f / (float)f->n);
    struct complex8 a, b;
    struct complex8 w = {VEC_CONST_AT(f->root_re + k), -VEC_CONST_AT(f->root_im + k)};
    load_pairs(spectrum + 2 * k, &a);
    load_pairs(spectrum + 2 * mirror, &b);
    reverse(&b);
    struct complex8 even = {a.re + b.re, a.im - b.im}, odd = {a.re - b.re, a.im + b.im};
    multiply(&odd, &w);
    struct complex8 low = {(even.re - odd.im) * scale, (even.im + odd.re) * scale};
    struct complex8 high = {(even.re + odd.im) * scale, (odd.re - even.im) * scale};
    reverse(&high);
    VEC_AT(f->re + k) = low.im;
    VEC_AT(f->im + k) = low.re;
    VEC_AT(f->re + mirror) = high.im;
    VEC_AT(f->im + mirror) = high.re;
}

VEC_INLINE void merge_one(const struct fft_wide *f, int k, const float *spectrum)
{
    int m = f->half - k;
    const float *a = spectrum + 2 * k, *b = spectrum + 2 * m;
    float scale = 1.0f / (float)f->n;
    float even_re = a[0] + b[0], even_im = a[1] - b[1];
    float re = a[0] - b[0], im = a[1] + b[1];
    float odd_re = re * f->root_re[k] + im * f->root_im[k];
    float odd_im = im * f->root_re[k] - re * f->root_im[k];
    f->re[m] = (odd_re - even_im) * scale;
    f->im[m] = (even_re + odd_im) * scale;
    f->re[k] = (even_im + odd_re) * scale;
    f->im[k] = (even_re - odd_im) * scale;
}

VEC_INLINE void inverse(const struct fft_wide *f, const float *spectrum, float *out)
{
    int half = f->half, k = 1;
    float first = spectrum[0], last = spectrum[2 * half], scale = 1.0f / (float)f->n;
    f->re[0] = (first - last) * scale;
    f->im[0] = (first + last) * scale;
    for (; k + VEC <= half / 2; k += VEC)
        merge_eight(f, k, spectrum);
    for (; k <= half / 2; k++)
        merge_one(f, k, spectrum);
    for (int m = 0; m < f->lane; m++)
        f->lanes->a[m] = (struct complex8){VEC_CONST_AT(f->re + VEC * m),
                                           VEC_CONST_AT(f->im + VEC * m)};
    join_lanes(f, fft_batch_lanes(f->lanes));
    for (int j = 0; j < half; j += VEC) {
        struct complex8 z = {VEC_CONST_AT(f->im + j), VEC_CONST_AT(f->re + j)};
        store_pairs(&z, out + 2 * j);
    }
}

VEC_CLONES(run_inverse, inverse,
           (const struct fft_wide *f, const float *spectrum, float *out),
           (f, spectrum, out))

void fft_wide_inverse(struct fft_wide *f, const float *spectrum, float *out)
{
    run_inverse(f, spectrum, out);
}
