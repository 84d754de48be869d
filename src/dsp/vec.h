/* vec: eight floats side by side (SIMD), for the loops that carry the analysis.
 *
 * Compiler vector types: the same source gives AVX2 where it may and pairs of SSE2 (or
 * any other machine's) registers elsewhere, with the same bits everywhere, because each
 * lane does the same IEEE operations and nothing is contracted. A loop is written once as
 * a VEC_INLINE function and wrapped by VEC_CLONES, which builds it twice and takes the
 * better one the processor has.
 * For .c files; no header includes it. */
#ifndef TROWEL_DSP_VEC_H
#define TROWEL_DSP_VEC_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

_Static_assert(FLT_EVAL_METHOD == 0,
               "floats stay floats: 32-bit x86 needs -msse2 -mfpmath=sse");

enum { VEC = 8 };

typedef float v8f __attribute__((vector_size(32)));
typedef float v8f_any __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t v8i __attribute__((vector_size(32)));
typedef int16_t v8s __attribute__((vector_size(16)));
typedef int32_t v4i __attribute__((vector_size(16)));

/* Four doubles, where floats do not do. */
typedef float v4f __attribute__((vector_size(16)));
typedef float v4f_any __attribute__((vector_size(16), aligned(4), may_alias));
typedef double v4d __attribute__((vector_size(32)));
typedef double v4d_any __attribute__((vector_size(32), aligned(8), may_alias));
typedef int64_t v4l __attribute__((vector_size(32)));
/* From four floats at any address. Said one by one: of these gcc makes one instruction,
 * of a vector that it is to convert six. */
#define V4D_FROM(p)                                                                      \
    ((v4d){(double)(p)[0], (double)(p)[1], (double)(p)[2], (double)(p)[3]})

#define VEC_INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define VEC_AVX2       __attribute__((target("avx2")))
#define VEC_HAS_AVX2() (__builtin_cpu_supports("avx2") != 0)
#else
#define VEC_AVX2
#define VEC_HAS_AVX2() 0
#endif

/* void name(params): calls body(args), compiled for the processor at hand. */
#define VEC_CLONES_AS(linkage, name, body, params, args)                                 \
    VEC_AVX2 static void name##_avx2 params                                              \
    {                                                                                    \
        body args;                                                                       \
    }                                                                                    \
    static void name##_base params                                                       \
    {                                                                                    \
        body args;                                                                       \
    }                                                                                    \
    linkage void name params                                                             \
    {                                                                                    \
        if (VEC_HAS_AVX2())                                                              \
            name##_avx2 args;                                                            \
        else                                                                             \
            name##_base args;                                                            \
    }
#define VEC_CLONES(name, body, params, args)                                             \
    VEC_CLONES_AS(static, name, body, params, args)
#define VEC_CLONES_PUBLIC(name, body, params, args)                                      \
    VEC_CLONES_AS(extern, name, body, params, args)

/* Eight floats at any address, as an lvalue. */
#define VEC_AT(p)       (*(v8f_any *)(p))
#define VEC_CONST_AT(p) (*(const v8f_any *)(p))

VEC_INLINE void vec_set(v8f *v, float x)
{
    *v = (v8f){x, x, x, x, x, x, x, x};
}

#define VEC_SHUFFLE __builtin_shufflevector

/* Rounded correctly, as sqrtf. */
VEC_INLINE void vec_sqrt(v8f *v)
{
#if defined(__x86_64__)
    v4f low = (v4f)_mm_sqrt_ps((__m128)VEC_SHUFFLE(*v, *v, 0, 1, 2, 3)),
        high = (v4f)_mm_sqrt_ps((__m128)VEC_SHUFFLE(*v, *v, 4, 5, 6, 7));
    *v = VEC_SHUFFLE(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
#else
    for (int i = 0; i < VEC; i++)
        (*v)[i] = sqrtf((*v)[i]);
#endif
}

/* The lowest byte of each lane. */
VEC_INLINE void vec_store_bytes(const v8i *v, void *to)
{
#if defined(__x86_64__)
    v8i byte = *v & 0xff;
    __m128i pair = _mm_packs_epi32((__m128i)VEC_SHUFFLE(byte, byte, 0, 1, 2, 3),
                                   (__m128i)VEC_SHUFFLE(byte, byte, 4, 5, 6, 7));
    _mm_storel_epi64(to, _mm_packus_epi16(pair, pair));
#else
    uint8_t byte[VEC];
    for (int i = 0; i < VEC; i++)
        byte[i] = (uint8_t)(*v)[i];
    memcpy(to, byte, sizeof byte);
#endif
}

/* log2 of normal numbers above 0, within 4e-6. */
VEC_INLINE void vec_log2(v8f *v)
{
    v8i bits = (v8i)*v;
    v8f exponent = __builtin_convertvector((bits >> 23) - 127, v8f);
    v8f z = (v8f)((bits & 0x007fffff) | 0x3f800000) - 1.0f;
    v8f q = z * 0.025543405f - 0.095680592f;
    q = q * z + 0.18203233f;
    q = q * z - 0.27571637f;
    q = q * z + 0.44256538f;
    *v = exponent + z * ((1.0f - z) * q + 1.0f);
}

/* Σ log₂ of normal numbers above 0 for one logarithm every VEC_LOGS of them: exponents
 * are added, mantissas multiplied, of which so many, below 2 each, still fit a float. */
enum { VEC_LOGS = 64 };
VEC_INLINE void vec_add_log(const v8f *v, v8i *exponents, v8f *mantissas)
{
    *exponents += ((v8i)*v >> 23) - 127;
    *mantissas *= (v8f)(((v8i)*v & 0x007fffff) | 0x3f800000);
}

#define VEC_PAIRS(a, b, lo, hi)                                                          \
    v8f lo = VEC_SHUFFLE(a, b, 0, 8, 1, 9, 4, 12, 5, 13);                                \
    v8f hi = VEC_SHUFFLE(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define VEC_QUADS(a, b, lo, hi)                                                          \
    v8f lo = VEC_SHUFFLE(a, b, 0, 1, 8, 9, 4, 5, 12, 13);                                \
    v8f hi = VEC_SHUFFLE(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#define VEC_HALVES(a, b, lo, hi)                                                         \
    VEC_AT(to + (lo)*stride) = VEC_SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11);              \
    VEC_AT(to + (hi)*stride) = VEC_SHUFFLE(a, b, 4, 5, 6, 7, 12, 13, 14, 15)

/* Transposes: lane i of the eight vectors goes, in their order, to to[i·stride …]. */
VEC_INLINE void vec_store_columns(const v8f r[VEC], float *to, size_t stride)
{
    VEC_PAIRS(r[0], r[1], p0, p1);
    VEC_PAIRS(r[2], r[3], p2, p3);
    VEC_PAIRS(r[4], r[5], p4, p5);
    VEC_PAIRS(r[6], r[7], p6, p7);
    VEC_QUADS(p0, p2, q0, q1);
    VEC_QUADS(p1, p3, q2, q3);
    VEC_QUADS(p4, p6, q4, q5);
    VEC_QUADS(p5, p7, q6, q7);
    VEC_HALVES(q0, q4, 0, 4);
    VEC_HALVES(q1, q5, 1, 5);
    VEC_HALVES(q2, q6, 2, 6);
    VEC_HALVES(q3, q7, 3, 7);
}

/* Lanes to rows: `count` vectors at v, one value each to every row, `stride` apart. */
VEC_INLINE void vec_to_rows(const float *v, int count, float *to, size_t stride)
{
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

/* And back: `count` values of each row, which begin anywhere. */
VEC_INLINE void vec_to_lanes(const float *const row[VEC], int count, float *v)
{
    int i = 0;
    for (; i + VEC <= count; i += VEC) {
        v8f r[VEC];
        for (int k = 0; k < VEC; k++)
            r[k] = VEC_CONST_AT(row[k] + i);
        vec_store_columns(r, v + VEC * i, VEC);
    }
    for (; i < count; i++)
        for (size_t lane = 0; lane < VEC; lane++)
            v[(size_t)(VEC * i) + lane] = row[lane][i];
}

/* The sum of the lanes, always in the same order. */
VEC_INLINE double vec_sum(const v8f *v)
{
    double sum = 0;
    for (int i = 0; i < VEC; i++)
        sum += (double)(*v)[i];
    return sum;
}

/* The largest lane. */
VEC_INLINE float vec_top(const v8f *v)
{
    float top = (*v)[0];
    for (int i = 1; i < VEC; i++)
        top = (*v)[i] > top ? (*v)[i] : top;
    return top;
}

VEC_INLINE void vec_pick(v8f *to, const v8i *mask, const v8f *where, const v8f *otherwise)
{
    *to = (v8f)(((v8i)*where & *mask) | ((v8i)*otherwise & ~*mask));
}

VEC_INLINE void vec_abs(v8f *v)
{
    *v = (v8f)((v8i)*v & 0x7fffffff);
}

/* To the nearest whole number, halves to the even one, as lrintf; |v| below 2^22. */
VEC_INLINE void vec_round(v8f *v)
{
    const float whole = 12582912.0F; /* 1.5 · 2^23: adding it leaves no room for parts */
    *v = *v + whole - whole;
}

/* Whether a > b, as a mask. Without registers of eight floats gcc compares one lane after
 * the other, unless it is told the halves. */
VEC_INLINE void vec_greater(v8i *mask, const v8f *a, const v8f *b)
{
#if defined(__x86_64__)
    *mask = *a > *b;
#else
    v4f x[2], y[2];
    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    v4i greater[2] = {x[0] > y[0], x[1] > y[1]};
    memcpy(mask, greater, sizeof greater);
#endif
}

VEC_INLINE void vec_max(v8f *a, const v8f *b)
{
    v8i greater;
    vec_greater(&greater, b, a);
    vec_pick(a, &greater, b, a);
}

VEC_INLINE void vec_min(v8f *a, const v8f *b)
{
    v8i less;
    vec_greater(&less, a, b);
    vec_pick(a, &less, b, a);
}

/* sum[i] += a[2i]·b[2i] + a[2i + 1]·b[2i + 1]. */
VEC_INLINE void vec_add_pairs(v4i *sum, const v8s *a, const v8s *b)
{
#if defined(__x86_64__)
    *sum += (v4i)_mm_madd_epi16((__m128i)*a, (__m128i)*b);
#else
    for (int i = 0; i < 4; i++)
        (*sum)[i] += (*a)[2 * i] * (*b)[2 * i] + (*a)[2 * i + 1] * (*b)[2 * i + 1];
#endif
}

/* Of a mask: whether it picks any lane. */
VEC_INLINE int vec_any(const v8i *mask)
{
    v4i any =
        VEC_SHUFFLE(*mask, *mask, 0, 1, 2, 3) | VEC_SHUFFLE(*mask, *mask, 4, 5, 6, 7);
#if defined(__x86_64__)
    return _mm_movemask_ps((__m128)any) != 0;
#else
    return (any[0] | any[1] | any[2] | any[3]) != 0;
#endif
}

#endif
