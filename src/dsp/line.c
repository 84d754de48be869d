#include "dsp/line.h"

#include "dsp/vec.h"

enum { WIDE = 4 };

static const float LARGEST = 3.40282347e38F;

VEC_INLINE void square_sum(const float *x, size_t n, double *out)
{
    v4d sum = {0, 0, 0, 0}, other = sum;
    size_t i = 0;
    for (; i + 2 * WIDE <= n; i += 2 * WIDE) {
        v4d v = V4D_FROM(x + i), w = V4D_FROM(x + i + WIDE);
        sum += v * v;
        other += w * w;
    }
    sum += other;
    for (; i < n; i++)
        sum[0] += (double)x[i] * (double)x[i];
    *out = (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

VEC_CLONES(run_square_sum, square_sum, (const float *x, size_t n, double *out),
           (x, n, out))

double line_square_sum(const float *x, size_t n)
{
    double sum;
    run_square_sum(x, n, &sum);
    return sum;
}

static inline double frame_energy(const float *x, size_t channels)
{
    double sum = (double)x[0] * (double)x[0];
    for (size_t c = 1; c < channels; c++)
        sum += (double)x[c] * (double)x[c];
    return sum;
}

static inline void run_energy(const float *x, size_t n, size_t channels, double *sum)
{
    double all = sum[0] = 0;
    for (size_t i = 0; i < n; i++, x += channels)
        sum[i + 1] = all += frame_energy(x, channels);
}

void line_running_energy(const float *x, size_t n, size_t channels, double *sum)
{
    if (channels == 1)
        run_energy(x, n, 1, sum);
    else
        run_energy(x, n, channels, sum);
}

/* The square sums of the steps in `ROWS` rows of n floats, whose additions do not wait
 * for each other. */
enum { ROWS = 4 };

VEC_INLINE void step_sums(const float *x, size_t n, int rows, double *out)
{
    v4f_any sum[ROWS] = {{0}};
    for (size_t i = 1; i + WIDE <= n; i += WIDE)
        for (int r = 0; r < rows; r++) {
            const float *at = x + (size_t)r * n + i;
            v4f_any step = *(const v4f_any *)at - *(const v4f_any *)(at - 1);
            sum[r] += step * step;
        }
    for (int r = 0; r < rows; r++)
        out[r] = (double)((sum[r][0] + sum[r][1]) + (sum[r][2] + sum[r][3]));
}

void line_step_sums(const float *x, size_t n, size_t rows, double *out)
{
    size_t r = 0;
    for (; r + ROWS <= rows; r += ROWS)
        step_sums(x + r * n, n, ROWS, out + r);
    for (; r < rows; r++)
        step_sums(x + r * n, n, 1, out + r);
}

void line_copy_round(const float *x, size_t length, size_t at, size_t count, float *to)
{
    for (at %= length; count > 0; at = 0) {
        size_t some = length - at < count ? length - at : count;
        memcpy(to, x + at, some * sizeof *to);
        to += some;
        count -= some;
    }
}

void line_part(const float *x, size_t n, ptrdiff_t at, size_t count, float *to)
{
    size_t before = at < 0 ? (size_t)-at : 0, from = at < 0 ? 0 : (size_t)at;
    before = before < count ? before : count;
    from = from < n ? from : n;
    size_t some = count - before < n - from ? count - before : n - from;
    memset(to, 0, before * sizeof *to);
    memcpy(to + before, x + from, some * sizeof *to);
    memset(to + before + some, 0, (count - before - some) * sizeof *to);
}

/* Magnitudes of floats are in the order of their bits. */
VEC_INLINE void peak_of(const float *x, size_t n, float *out)
{
    v8i top[2] = {{0}};
    size_t i = 0;
    for (; i + 2 * VEC <= n; i += 2 * VEC)
        for (size_t k = 0; k < 2; k++) {
            v8i bits = (v8i)VEC_CONST_AT(x + i + k * VEC) & 0x7fffffff;
            bits &= bits < 0x7f800000;
            v8i greater = bits > top[k];
            top[k] = (bits & greater) | (top[k] & ~greater);
        }
    v8f most = (v8f)top[0], other = (v8f)top[1];
    vec_max(&most, &other);
    float peak = vec_top(&most);
    for (; i < n; i++)
        if (fabsf(x[i]) > peak && fabsf(x[i]) <= LARGEST)
            peak = fabsf(x[i]);
    *out = peak;
}

VEC_CLONES(run_peak, peak_of, (const float *x, size_t n, float *out), (x, n, out))

float line_peak(const float *x, size_t n)
{
    float peak;
    run_peak(x, n, &peak);
    return peak;
}

VEC_INLINE void look_for_bad(const float *x, size_t n, int *bad)
{
    v8i any = {0};
    v8f largest;
    vec_set(&largest, LARGEST);
    size_t i = 0;
    for (; i + VEC <= n; i += VEC) {
        v8f v = VEC_CONST_AT(x + i);
        vec_abs(&v);
        any |= ~(v <= largest);
    }
    *bad = vec_any(&any);
    for (; i < n; i++)
        *bad |= !(fabsf(x[i]) <= LARGEST);
}

VEC_CLONES(run_look, look_for_bad, (const float *x, size_t n, int *bad), (x, n, bad))

bool line_is_finite(const float *x, size_t n)
{
    int bad;
    run_look(x, n, &bad);
    return !bad;
}

size_t line_scrub(float *x, size_t n)
{
    size_t count = 0;
    bool bad = !line_is_finite(x, n);
    for (size_t i = 0; bad && i < n; i++)
        if (!isfinite(x[i])) {
            x[i] = 0;
            count++;
        }
    return count;
}
