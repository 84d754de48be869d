/* dsp/fft against a direct sum in double precision. */
#include "checks.h"

#include "core/pi.h"
#include "core/rng.h"
#include "dsp/fft.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static void fill_noise(float *x, int n, uint64_t item)
{
    struct rng r = rng_derive(1, 0, "test-fft", item);
    for (int i = 0; i < n; i++)
        x[i] = (float)rng_range(&r, -1, 1);
}

/* Largest difference of a spectrum from the direct sum over its RMS magnitude. */
static double error_of(const float *x, const float *spectrum, int n)
{
    double worst = 0, power = 0;
    for (int k = 0; k <= n / 2; k++) {
        double re = 0, im = 0;
        for (int i = 0; i < n; i++) {
            double angle = 2 * PI * (double)((int64_t)i * k % n) / n;
            re += (double)x[i] * cos(angle);
            im -= (double)x[i] * sin(angle);
        }
        worst = fmax(
            worst, hypot(re - (double)spectrum[2 * k], im - (double)spectrum[2 * k + 1]));
        power += re * re + im * im;
    }
    return worst / sqrt(power / (n / 2 + 1));
}

static void forward_is_the_direct_sum(void **state)
{
    static const int sizes[] = {2, 4, 16, 30, 60, 360, 500, 1024, 2 * 67};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int n = sizes[i];
        FREED float *x = malloc((size_t)n * sizeof *x);
        FREED float *spectrum = malloc((size_t)(n + 2) * sizeof *spectrum);
        fill_noise(x, n, (uint64_t)n);
        struct rfft *f = rfft_new(n);
        assert_non_null(f);
        rfft_forward(f, x, spectrum);
        assert_true(error_of(x, spectrum, n) < 3e-6);
        assert_true(spectrum[1] == 0 && spectrum[n + 1] == 0);
        rfft_free(f);
    }
}

static void inverse_undoes_forward(void **state)
{
    static const int sizes[] = {2, 16, 2048, 2304, 8192, 65536, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int n = sizes[i];
        FREED float *x = malloc((size_t)n * sizeof *x);
        FREED float *y = malloc((size_t)n * sizeof *y);
        FREED float *spectrum = malloc((size_t)(n + 2) * sizeof *spectrum);
        fill_noise(x, n, (uint64_t)n);
        struct rfft *f = rfft_new(n);
        assert_non_null(f);
        rfft_forward(f, x, spectrum);
        rfft_inverse(f, spectrum, y);
        double worst = 0;
        for (int k = 0; k < n; k++)
            worst = fmax(worst, fabs((double)x[k] - (double)y[k]));
        assert_true(worst < 2e-6);
        rfft_free(f);
    }
}

static void sizes_it_cannot_do_are_refused(void **state)
{
    assert_null(rfft_new(0));
    assert_null(rfft_new(-4));
    assert_null(rfft_new(1));
    assert_null(rfft_new(1023));
    assert_null(rfft_new(1 << 27));
    rfft_free(NULL);
}

static void next_fast_is_fast_and_near(void **state)
{
    int last = 0;
    for (int n = 1; n < 20000; n++) {
        int fast = fft_next_fast(n), rest = fast;
        assert_true(fast >= n && fast >= last);
        assert_true(fast <= n + n / 5 + 4);
        last = fast;
        while (rest % 2 == 0)
            rest /= 2;
        while (rest % 3 == 0)
            rest /= 3;
        while (rest % 5 == 0)
            rest /= 5;
        assert_int_equal(rest, 1);
    }
    assert_int_equal(fft_next_fast(2048), 2048);
    assert_int_equal(fft_size_at(2048, 44100), 2048);
    assert_int_equal(fft_size_at(2048, 22050), 1024);
    assert_int_equal(fft_size_at(2048, 96000), fft_next_fast(4459));
    assert_int_equal(fft_size_at(1024, 1), 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_is_the_direct_sum),
        cmocka_unit_test(inverse_undoes_forward),
        cmocka_unit_test(sizes_it_cannot_do_are_refused),
        cmocka_unit_test(next_fast_is_fast_and_near),
    };
    return cmocka_run_group_tests_name("fft", tests, NULL, NULL);
}
