/* The running medians of dsp/separate against sorting, bit for bit. The .c file is
 * included for its processor-specific builds. */
#include "checks.h"

#include "dsp/separate.c" // NOLINT

#include "core/rng.h"

/* Values in rows, of which columns K … K + 7 are looked at. */
enum { COLUMNS = 21, K = 5 };

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static float sorted_median(float rows[MEDIAN_ROWS][COLUMNS], int first, int column)
{
    float x[MEDIAN_WIDTH];
    for (int i = 0; i < MEDIAN_WIDTH; i++)
        x[i] = rows[first + i][column];
    qsort(x, MEDIAN_WIDTH, sizeof *x, by_value);
    return x[MEDIAN_WIDTH / 2];
}

VEC_AVX2 static void medians_avx2(const float *const row[MEDIAN_ROWS], float *out)
{
    v8f m[VEC];
    medians(row, K, m, median_order_avx2);
    for (int i = 0; i < VEC; i++)
        VEC_AT(out + VEC * i) = m[i];
}

static void medians_base(const float *const row[MEDIAN_ROWS], float *out)
{
    v8f m[VEC];
    medians(row, K, m, median_order_base);
    for (int i = 0; i < VEC; i++)
        VEC_AT(out + VEC * i) = m[i];
}

/* By both builds, which agree. */
static void take(float rows[MEDIAN_ROWS][COLUMNS], float out[VEC * VEC])
{
    const float *row[MEDIAN_ROWS];
    float avx2[VEC * VEC];
    for (int i = 0; i < MEDIAN_ROWS; i++)
        row[i] = rows[i];
    medians_base(row, out);
    if (!VEC_HAS_AVX2())
        return;
    medians_avx2(row, avx2);
    assert_memory_equal(avx2, out, sizeof avx2);
}

static void check(float rows[MEDIAN_ROWS][COLUMNS])
{
    float out[VEC * VEC];
    take(rows, out);
    for (int i = 0; i < VEC; i++)
        for (int lane = 0; lane < VEC; lane++)
            assert_true(out[VEC * i + lane] == sorted_median(rows, i, K + lane));
}

/* Distinct values, few of them, rising and falling ones, and single ones that stand out.
 */
static void medians_are_those_of_sorting(void **state)
{
    struct rng r = rng_derive(1, 2, "test-medians", 0);
    float rows[MEDIAN_ROWS][COLUMNS];
    for (int round = 0; round < 3000; round++) {
        uint32_t kinds = round % 3 == 0 ? 2 : round % 3 == 1 ? 5 : 1u << 30;
        for (int i = 0; i < MEDIAN_ROWS; i++)
            for (int k = 0; k < COLUMNS; k++)
                rows[i][k] = (float)rng_below(&r, kinds);
        check(rows);
        for (int i = 0; i < MEDIAN_ROWS; i++)
            for (int k = 0; k < COLUMNS; k++)
                rows[i][k] = (float)(k % 2 ? i : -i);
        rows[round % MEDIAN_ROWS][round % COLUMNS] = round % 2 ? 1e30F : -1e30F;
        check(rows);
    }
}

/* Of zeros and ones, in every window all that there are: what only compares and picks and
 * is right for those is right for any values. */
static void every_pattern_of_less_and_more_is_told(void **state)
{
    struct rng r = rng_derive(3, 4, "test-medians", 0);
    float rows[MEDIAN_ROWS][COLUMNS], out[VEC * VEC];
    for (uint32_t n = 0; n < VEC << MEDIAN_WIDTH; n += VEC) {
        uint32_t window = n >> MEDIAN_WIDTH, around = (uint32_t)rng_u64(&r);
        for (uint32_t i = 0; i < MEDIAN_ROWS; i++)
            for (uint32_t lane = 0; lane < VEC; lane++) {
                bool inside = i >= window && i < window + MEDIAN_WIDTH;
                uint32_t bits = inside ? (n + lane) >> (i - window) : around >> i;
                rows[i][K + lane] = (float)(bits & 1);
            }
        take(rows, out);
        for (uint32_t lane = 0; lane < VEC; lane++) {
            uint32_t bits = (n + lane) & ((1u << MEDIAN_WIDTH) - 1);
            bool most = __builtin_popcount(bits) > MEDIAN_WIDTH / 2;
            assert_true(out[VEC * window + lane] == (float)most);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(medians_are_those_of_sorting),
        cmocka_unit_test(every_pattern_of_less_and_more_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
