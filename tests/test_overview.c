/* dsp/overview against the samples themselves. */
#include "checks.h"

#include "core/rng.h"
#include "dsp/overview.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 200001, BIN = 256, COLUMNS = 97 };

static float *make_stereo(void)
{
    float *x = malloc(2 * FRAMES * sizeof *x);
    struct rng r = rng_derive(1, 0, "test-overview", 0);
    for (int i = 0; i < FRAMES; i++) {
        double envelope = pow(10, -3.5 * i / FRAMES); /* 0 … −70 dB */
        x[2 * i] = (float)(envelope * rng_range(&r, -1, 1));
        x[2 * i + 1] = (float)(envelope * (0.2 + 0.5 * sin(i * 0.001)));
    }
    return x;
}

static struct overview *push_all(const float *x, size_t step)
{
    struct overview *o = overview_new(BIN);
    assert_non_null(o);
    for (size_t i = 0; i < FRAMES; i += step) {
        size_t n = step < FRAMES - i ? step : FRAMES - i;
        assert_int_equal(overview_push(o, x + 2 * i, n, 2, NULL), ST_OK);
    }
    assert_int_equal(overview_finish(o, NULL), ST_OK);
    return o;
}

/* Within 4 % or below what is kept. */
static void assert_near(double found, double expected, double floor_level)
{
    assert_true(fabs(found - expected) <= 0.04 * fabs(expected) + floor_level);
}

static void check_range(const struct overview *o, const float *x, int64_t a, int64_t b)
{
    struct overview_column columns[COLUMNS];
    overview_columns(o, a, b, COLUMNS, columns);
    for (int c = 0; c < COLUMNS; c++) {
        int64_t from = (a + (b - a) * c / COLUMNS) / BIN * BIN;
        int64_t to = a + (b - a) * (c + 1) / COLUMNS;
        to = (to + BIN - 1) / BIN * BIN;
        to = to < FRAMES ? to : FRAMES;
        double low = HUGE_VAL, high = -HUGE_VAL, square = 0;
        for (int64_t i = 2 * from; i < 2 * to; i++) {
            low = fmin(low, (double)x[i]);
            high = fmax(high, (double)x[i]);
            square += (double)x[i] * (double)x[i];
        }
        assert_near((double)columns[c].min, low, 4e-5);
        assert_near((double)columns[c].max, high, 4e-5);
        /* Rounded once a level of the pyramid. */
        assert_near((double)columns[c].rms, sqrt(square / (double)(2 * (to - from))),
                    1e-5);
    }
}

static void columns_show_the_samples(void **state)
{
    FREED float *x = make_stereo();
    struct overview *o = push_all(x, FRAMES);
    check_range(o, x, 0, FRAMES);
    check_range(o, x, 1000, 180000);
    check_range(o, x, 77777, 77777 + COLUMNS * 300);
    assert_near((double)overview_peak(o), 1, 0);
    overview_free(o);
}

static void division_into_blocks_does_not_matter(void **state)
{
    FREED float *x = make_stereo();
    x[4000] = NAN;
    x[90001] = INFINITY;
    struct overview_column expected[500], found[500];
    struct overview *o = push_all(x, FRAMES);
    overview_columns(o, 0, FRAMES, 500, expected);
    overview_free(o);
    static const size_t steps[] = {1, 255, 256, 1000};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        o = push_all(x, steps[i]);
        overview_columns(o, 0, FRAMES, 500, found);
        assert_memory_equal(found, expected, sizeof found);
        overview_free(o);
    }
    for (int c = 0; c < 500; c++)
        assert_true(isfinite(expected[c].rms) && isfinite(expected[c].max));
}

static void outside_and_empty_are_nothing(void **state)
{
    struct overview_column columns[10];
    struct overview *o = overview_new(BIN);
    assert_int_equal(overview_finish(o, NULL), ST_OK);
    memset(columns, 1, sizeof columns);
    overview_columns(o, 0, 1000, 10, columns);
    for (int c = 0; c < 10; c++)
        assert_true(columns[c].min == 0 && columns[c].max == 0 && columns[c].rms == 0);
    assert_true(overview_peak(o) == 0);
    overview_free(o);

    o = overview_new(BIN);
    float one = -0.5f;
    assert_int_equal(overview_push(o, &one, 1, 1, NULL), ST_OK);
    assert_int_equal(overview_finish(o, NULL), ST_OK);
    overview_columns(o, -1, 4, 5, columns);
    assert_true(columns[0].rms == 0 && columns[2].rms == 0);
    assert_near((double)columns[1].min, -0.5, 0);
    assert_near((double)columns[1].max, -0.5, 0);
    assert_near((double)columns[1].rms, 0.5, 0);
    overview_free(o);
    assert_null(overview_new(0));
    overview_free(NULL);
}

static void it_stays_small(void **state)
{
    struct overview *o = overview_new(BIN);
    static float silence[BIN * 512];
    int64_t frames = 0;
    for (; frames < 44100 * 1200; frames += BIN * 512)
        assert_int_equal(overview_push(o, silence, BIN * 512, 1, NULL), ST_OK);
    double per_bin = (double)overview_bytes(o) * BIN / (double)frames;
    assert_true(per_bin < 3.7);
    overview_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_show_the_samples),
        cmocka_unit_test(division_into_blocks_does_not_matter),
        cmocka_unit_test(outside_and_empty_are_nothing),
        cmocka_unit_test(it_stays_small),
    };
    return cmocka_run_group_tests_name("overview", tests, NULL, NULL);
}
