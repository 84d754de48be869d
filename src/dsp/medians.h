/* medians: of eight windows of 17 values, each a value further than the one before, in
 * every lane of a vector. For separate.c alone, after vec.h.
 *
 * What neighbours share is sorted once: ten values are in all eight windows, fourteen in
 * four, sixteen in two. Of what is sorted goes what cannot be in the middle of seventeen
 * any more, whatever comes. That is 23 comparisons of a lane a median, not 129. */
#ifndef TROWEL_DSP_MEDIANS_H
#define TROWEL_DSP_MEDIANS_H

enum { MEDIAN_WIDTH = 17, MEDIAN_ROWS = MEDIAN_WIDTH + VEC - 1 };

/* In each lane the lesser to *low, the greater to *high. Every processor has one
 * instruction for each, which compilers do not find by themselves: each clone of a body
 * hands its own in. */
typedef void median_order(v8f *low, v8f *high);

#if defined(__x86_64__)
VEC_AVX2 static inline void median_order_avx2(v8f *low, v8f *high)
{
    const __m256 a = (__m256)*low, b = (__m256)*high;
    *low = (v8f)_mm256_min_ps(b, a);
    *high = (v8f)_mm256_max_ps(b, a);
}

VEC_INLINE void median_order_base(v8f *low, v8f *high)
{
    const v8f a = *low, b = *high;
    const __m128 a0 = (__m128)VEC_SHUFFLE(a, a, 0, 1, 2, 3),
                 a1 = (__m128)VEC_SHUFFLE(a, a, 4, 5, 6, 7),
                 b0 = (__m128)VEC_SHUFFLE(b, b, 0, 1, 2, 3),
                 b1 = (__m128)VEC_SHUFFLE(b, b, 4, 5, 6, 7);
    v4f low0 = (v4f)_mm_min_ps(b0, a0), low1 = (v4f)_mm_min_ps(b1, a1);
    v4f high0 = (v4f)_mm_max_ps(b0, a0), high1 = (v4f)_mm_max_ps(b1, a1);
    *low = VEC_SHUFFLE(low0, low1, 0, 1, 2, 3, 4, 5, 6, 7);
    *high = VEC_SHUFFLE(high0, high1, 0, 1, 2, 3, 4, 5, 6, 7);
}
#else
VEC_INLINE void median_order_base(v8f *low, v8f *high)
{
    v8f was = *low;
    vec_min(low, high);
    vec_max(high, &was);
}
#define median_order_avx2 median_order_base
#endif

#define ORDER(i, k) order(&x[i], &x[k])

VEC_INLINE void median_sort4(v8f *x, median_order *order)
{
    ORDER(0, 2), ORDER(1, 3), ORDER(0, 1), ORDER(2, 3), ORDER(1, 2);
}

/* Of what rises and then falls, or the other way round. */
VEC_INLINE void median_sort_bitonic4(v8f *x, median_order *order)
{
    ORDER(0, 2), ORDER(1, 3), ORDER(0, 1), ORDER(2, 3);
}

VEC_INLINE void median_sort10(v8f *x, median_order *order)
{
    ORDER(0, 8), ORDER(1, 9), ORDER(2, 7), ORDER(3, 5), ORDER(4, 6);
    ORDER(0, 2), ORDER(1, 4), ORDER(5, 8), ORDER(7, 9);
    ORDER(0, 3), ORDER(2, 4), ORDER(5, 7), ORDER(6, 9);
    ORDER(0, 1), ORDER(3, 6), ORDER(8, 9);
    ORDER(1, 5), ORDER(2, 3), ORDER(4, 8), ORDER(6, 7);
    ORDER(1, 2), ORDER(3, 5), ORDER(4, 6), ORDER(7, 8);
    ORDER(2, 3), ORDER(4, 5), ORDER(6, 7);
    ORDER(3, 4), ORDER(5, 6);
}

#undef ORDER

/* x[i] the greater, or the lesser, of itself and other[count − 1 − i]. */
VEC_INLINE void median_raise(v8f *x, const v8f *other, int count, median_order *order)
{
    for (int i = 0; i < count; i++) {
        v8f low = other[count - 1 - i];
        order(&low, &x[i]);
    }
}

VEC_INLINE void median_lower(v8f *x, const v8f *other, int count, median_order *order)
{
    for (int i = 0; i < count; i++) {
        v8f high = other[count - 1 - i];
        order(&x[i], &high);
    }
}

/* Of eight and four, sorted, the four in the middle, sorted, to x, where the four are. */
VEC_INLINE void median_merge4(const v8f eight[8], v8f x[4], median_order *order)
{
    median_raise(x, eight, 4, order);
    median_sort_bitonic4(x, order);
    median_lower(x, eight + 4, 4, order);
    median_sort_bitonic4(x, order);
}

/* Of four and two the two. */
VEC_INLINE void median_merge2(const v8f four[4], v8f x[2], median_order *order)
{
    median_raise(x, four, 2, order);
    order(&x[0], &x[1]);
    median_lower(x, four + 2, 2, order);
    order(&x[0], &x[1]);
}

/* The two in the middle of sixteen, and the seventeenth. */
VEC_INLINE void median_last(const v8f two[2], const float *seventeenth, v8f *out,
                            median_order *order)
{
    v8f x = VEC_CONST_AT(seventeenth), low = two[0], high = two[1];
    order(&x, &high);
    order(&low, &x);
    *out = x;
}

/* Windows `first` and the next, which differ by rows `first` and that behind both; the
 * four in the middle of fourteen, and the rows they have beside those. */
VEC_INLINE void median_pair(const float *const row[MEDIAN_ROWS], int k, int first,
                            const v8f four[4], int beside, v8f *out, median_order *order)
{
    v8f two[2] = {VEC_CONST_AT(row[beside] + k), VEC_CONST_AT(row[beside + 1] + k)};
    order(&two[0], &two[1]);
    median_merge2(four, two, order);
    median_last(two, row[first] + k, out + first, order);
    median_last(two, row[first + MEDIAN_WIDTH] + k, out + first + 1, order);
}

/* Windows `first` … first + 3 likewise. */
VEC_INLINE void median_four(const float *const row[MEDIAN_ROWS], int k, int first,
                            const v8f eight[8], int beside, v8f *out, median_order *order)
{
    v8f four[4];
    for (int i = 0; i < 4; i++)
        four[i] = VEC_CONST_AT(row[beside + i] + k);
    median_sort4(four, order);
    median_merge4(eight, four, order);
    median_pair(row, k, first, four, first + 1, out, order);
    median_pair(row, k, first + 2, four, first + MEDIAN_WIDTH, out, order);
}

/* out[i] is the median of row[i][k] … row[i + 16][k], and so in the lanes behind. */
VEC_INLINE void medians(const float *const row[MEDIAN_ROWS], int k, v8f out[VEC],
                        median_order *order)
{
    v8f ten[10];
    for (int i = 0; i < 10; i++)
        ten[i] = VEC_CONST_AT(row[7 + i] + k);
    median_sort10(ten, order);
    median_four(row, k, 0, ten + 1, 3, out, order);
    median_four(row, k, 4, ten + 1, 17, out, order);
}
_Static_assert(MEDIAN_WIDTH == 17 && VEC == 8, "the rows and ranks above");

#endif
