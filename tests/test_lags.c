/* dsp/lags against plain sums: eight at a time, and one at a time where they are long. */
#include "checks.h"

#include "core/rng.h"
#include "dsp/lags.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static float *noise(size_t n, uint64_t item)
{
    float *x = malloc(n * sizeof *x);
    struct rng r = rng_derive(1, 0, "test-lags", item);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_gauss(&r);
    return x;
}

/* The probe with the block at a lag, by the loop. */
static double plain(const float *probe, size_t n, const float *block, size_t lag)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += (double)probe[k] * (double)block[k + lag];
    return sum;
}

static void lags_are_those_of_sums(void **state)
{
    static const struct {
        size_t probe, block, lag_step;
        int most;
    } at[] = {{480, 2500, 1, 12},
              {1, 9, 1, 15},
              {7, 7, 1, 1},
              {5760, 6730, 10, 7},
              {900, 70000, 997, 8}};
    for (size_t k = 0; k < sizeof at / sizeof *at; k++)
        for (int shared = 0; shared < 2; shared++) {
            size_t n = at[k].probe, span = at[k].block;
            struct lags l;
            if (!shared && at[k].most > 8)
                continue;
            assert_true(lags_init(&l, span, at[k].most));
            assert_int_equal(l.group, span < 65536 ? at[k].most : 1);
            for (int turn = 0; turn < 2; turn++) { /* what was set is used up */
                float *probe[15], *block[15];
                for (int i = 0; i < l.group; i++) {
                    probe[i] = noise(n, (uint64_t)(4 * i + turn));
                    block[i] = noise(span, (uint64_t)(4 * i + turn + 2));
                    lags_probe(&l, i, probe[i], n);
                    if (i == 0 || !shared)
                        lags_block(&l, i, block[i], span);
                }
                lags_run(&l, l.group, shared);
                for (int i = 0; i < l.group; i++)
                    for (size_t lag = 0; lag + n <= span; lag += at[k].lag_step) {
                        double want = plain(probe[i], n, block[shared ? 0 : i], lag);
                        double got = (double)lags_of(&l, i)[lag];
                        assert_true(fabs(got - want) < 1e-5 * sqrt((double)(n * span)));
                    }
                for (int i = 0; i < l.group; i++) {
                    free(probe[i]);
                    free(block[i]);
                }
            }
            lags_done(&l);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lags_are_those_of_sums),
    };
    return cmocka_run_group_tests_name("lags", tests, NULL, NULL);
}
