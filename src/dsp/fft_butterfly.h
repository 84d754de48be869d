/* fft_butterfly: the transforms of 2, 3, 4 and 5 complex values that fft_batch.c is made
 * of, for eight frames at once. For it alone, after vec.h. */
#ifndef TROWEL_DSP_FFT_BUTTERFLY_H
#define TROWEL_DSP_FFT_BUTTERFLY_H

enum { RADIX_MAX = 5 };

struct complex8 {
    v8f re, im;
};

struct twiddle {
    float re, im;
};

VEC_INLINE void times(struct complex8 *z, const struct twiddle *w)
{
    v8f re = z->re * w->re - z->im * w->im;
    z->im = z->re * w->im + z->im * w->re;
    z->re = re;
}

/* The butterflies take values at x, `in` apart, to y, `out` apart, and turn all but the
 * first by w; NULL for no turn. */
VEC_INLINE void butterfly2(const struct complex8 *x, int in, struct complex8 *y, int out,
                           const struct twiddle *w)
{
    struct complex8 a = x[0], b = x[in];
    struct complex8 difference = {a.re - b.re, a.im - b.im};
    if (w)
        times(&difference, &w[0]);
    y[0] = (struct complex8){a.re + b.re, a.im + b.im};
    y[out] = difference;
}

VEC_INLINE void butterfly3(const struct complex8 *x, int in, struct complex8 *y, int out,
                           const struct twiddle *w)
{
    const float sine = 0.866025403784438647f; /* sin 2π/3 */
    struct complex8 a = x[0], b = x[in], c = x[2 * in];
    v8f sum_re = b.re + c.re, sum_im = b.im + c.im;
    v8f turn_re = (b.im - c.im) * sine, turn_im = (c.re - b.re) * sine;
    v8f mid_re = a.re - sum_re * 0.5f, mid_im = a.im - sum_im * 0.5f;
    struct complex8 y1 = {mid_re + turn_re, mid_im + turn_im};
    struct complex8 y2 = {mid_re - turn_re, mid_im - turn_im};
    if (w) {
        times(&y1, &w[0]);
        times(&y2, &w[1]);
    }
    y[0] = (struct complex8){a.re + sum_re, a.im + sum_im};
    y[out] = y1;
    y[2 * out] = y2;
}

VEC_INLINE void butterfly4(const struct complex8 *x, int in, struct complex8 *y, int out,
                           const struct twiddle *w)
{
    struct complex8 a = x[0], b = x[in], c = x[2 * in], d = x[3 * in];
    v8f ac_re = a.re + c.re, ac_im = a.im + c.im;
    v8f ca_re = a.re - c.re, ca_im = a.im - c.im;
    v8f bd_re = b.re + d.re, bd_im = b.im + d.im;
    v8f turn_re = b.im - d.im, turn_im = d.re - b.re; /* −i (b − d) */
    struct complex8 y1 = {ca_re + turn_re, ca_im + turn_im};
    struct complex8 y2 = {ac_re - bd_re, ac_im - bd_im};
    struct complex8 y3 = {ca_re - turn_re, ca_im - turn_im};
    if (w) {
        times(&y1, &w[0]);
        times(&y2, &w[1]);
        times(&y3, &w[2]);
    }
    y[0] = (struct complex8){ac_re + bd_re, ac_im + bd_im};
    y[out] = y1;
    y[2 * out] = y2;
    y[3 * out] = y3;
}

VEC_INLINE void butterfly5(const struct complex8 *x, int in, struct complex8 *y, int out,
                           const struct twiddle *w)
{
    const float c1 = 0.309016994374947424f, c2 = -0.809016994374947424f; /* cos 2π/5 … */
    const float s1 = 0.951056516295153572f, s2 = 0.587785252292473129f; /* sin 2π/5 … */
    struct complex8 a = x[0], b = x[in], c = x[2 * in], d = x[3 * in], e = x[4 * in];
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
    if (w) {
        times(&y1, &w[0]);
        times(&y2, &w[1]);
        times(&y3, &w[2]);
        times(&y4, &w[3]);
    }
    y[0] = (struct complex8){a.re + be_re + cd_re, a.im + be_im + cd_im};
    y[out] = y1;
    y[2 * out] = y2;
    y[3 * out] = y3;
    y[4 * out] = y4;
}

VEC_INLINE void butterfly(int radix, const struct complex8 *x, int in, struct complex8 *y,
                          int out, const struct twiddle *w)
{
    if (radix == 4)
        butterfly4(x, in, y, out, w);
    else if (radix == 2)
        butterfly2(x, in, y, out, w);
    else if (radix == 3)
        butterfly3(x, in, y, out, w);
    else
        butterfly5(x, in, y, out, w);
}

#endif
