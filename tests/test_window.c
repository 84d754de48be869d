/* dsp/window: what overlap-adding relies on. */
#include "checks.h"

#include "dsp/window.h"

#include <math.h>

static void hann_windows_add_up(void **state)
{
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hann_windows_add_up),
    };
    return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
