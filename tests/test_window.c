/* dsp/window: what overlap-adding relies on. */
#include "dsp/window.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void hann_windows_add_up(void **state)
{
    (void)state;
    enum { N = 2048 };
    static float w[N];
    window_hann(w, N);
    for (int i = 0; i < N / 4; i++) {
        double sum = 0, squares = 0;
        for (int k = 0; k < 4; k++) {
            double v = (double)w[i + k * N / 4];
            sum += v / 2;
            squares += v * v;
        }
        assert_true(fabs(sum - 1) < 1e-6);
        assert_true(fabs(squares - 1.5) < 1e-6);
    }
    assert_true(w[0] == 0 && w[N / 2] == 1);
}

static void tukey_is_flat_between_its_flanks(void **state)
{
    (void)state;
    static float w[1001];
    window_tukey(w, 1001, 0.5);
    for (int i = 0; i < 1001; i++) {
        assert_true(w[i] == w[1000 - i]);
        assert_true(w[i] > 0 && w[i] <= 1);
        if (i >= 250 && i <= 750)
            assert_true(w[i] == 1);
    }
    assert_true(w[0] < 1e-4f && w[125] > 0.45f && w[125] < 0.55f);
    window_tukey(w, 1001, 0);
    assert_true(w[0] == 1);
    window_tukey(w, 1, 1);
    assert_true(w[0] == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hann_windows_add_up),
        cmocka_unit_test(tukey_is_flat_between_its_flanks),
    };
    return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
