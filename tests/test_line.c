/* dsp/line against plain loops, at every length and offset a vector may begin or end. */
#include "checks.h"

#include "core/rng.h"
#include "dsp/line.h"

#include <math.h>

enum { ROOM = 80, LONGEST = 40 };

static void fill(float *x)
{
    struct rng r = rng_derive(1, 0, "test-line", 0);
    for (int i = 0; i < ROOM; i++)
        x[i] = (float)rng_range(&r, -2, 2);
}

static void sums_and_peaks_are_those_of_a_loop(void **state)
{
    float x[ROOM];
    fill(x);
    for (size_t from = 0; from < 9; from++)
        for (size_t n = 0; n < LONGEST; n++) {
            double sum = 0;
            float peak = 0;
            for (size_t i = from; i < from + n; i++) {
                sum += (double)x[i] * (double)x[i];
                peak = fmaxf(peak, fabsf(x[i]));
            }
            assert_true(fabs(line_square_sum(x + from, n) - sum) <= 1e-14 * sum);
            assert_true(line_peak(x + from, n) == peak);
            assert_int_equal(line_scrub(x + from, n), 0);
        }
}

/* Rows side by side are as each alone, to the last bit. */
static void step_sums_are_those_of_a_loop(void **state)
{
    float x[ROOM];
    fill(x);
    for (size_t n = 1; n <= ROOM / 7; n++) {
        double sums[7];
        line_step_sums(x, n, 7, sums);
        for (size_t r = 0; r < 7; r++) {
            double alone, sum = 0;
            for (size_t i = 1; i < 1 + (n - 1) / 4 * 4; i++) {
                double step = (double)(x[r * n + i] - x[r * n + i - 1]);
                sum += step * step;
            }
            line_step_sums(x + r * n, n, 1, &alone);
            assert_true(sums[r] == alone);
            assert_true(fabs(sums[r] - sum) <= 1e-6 * sum);
        }
    }
}

static void running_energy_is_that_of_all_before(void **state)
{
    float x[ROOM];
    double sum[ROOM + 1];
    fill(x);
    for (size_t channels = 1; channels < 4; channels++) {
        size_t n = ROOM / channels;
        line_running_energy(x, n, channels, sum);
        for (size_t i = 0; i <= n; i++)
            assert_true(fabs(sum[i] - line_square_sum(x, i * channels)) < 1e-13);
    }
}

static void what_is_no_number_goes(void **state)
{
    static const float bad[] = {(float)NAN, -(float)NAN, (float)INFINITY,
                                -(float)INFINITY};
    for (size_t at = 0; at < LONGEST; at++)
        for (size_t k = 0; k < 4; k++) {
            float x[ROOM], was[ROOM];
            fill(x);
            fill(was);
            x[at] = bad[k];
            was[at] = 0;
            assert_true(line_peak(x, LONGEST) == line_peak(was, LONGEST));
            assert_int_equal(line_scrub(x, LONGEST), 1);
            for (size_t i = 0; i < LONGEST; i++)
                assert_true(x[i] == was[i]);
        }
    float largest[] = {3.40282347e38F, -1, 2};
    assert_int_equal(line_scrub(largest, 3), 0);
    assert_true(line_peak(largest, 3) == 3.40282347e38F);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_and_peaks_are_those_of_a_loop),
        cmocka_unit_test(step_sums_are_those_of_a_loop),
        cmocka_unit_test(running_energy_is_that_of_all_before),
        cmocka_unit_test(what_is_no_number_goes),
    };
    return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
