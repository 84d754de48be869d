/* dsp/biquad: Butterworth magnitudes, zero phase, and the steady state of loops. */
#include "checks.h"
#include "core/pi.h"
#include "dsp/biquad.h"
#include "dsp/level.h"
#include "tone.h"

#include <complex.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Gain (linear) at a frequency, from the coefficients. */
static double gain_at(const struct biquad *f, double hz)
{
    double a = 2 * PI * hz / 44100;
    double complex w = cos(a) - sin(a) * (double complex)_Complex_I;
    double gain = 1;
    for (int i = 0; i < f->count; i++) {
        const struct biquad_section *s = &f->section[i];
        gain *= cabs((s->b0 + w * (s->b1 + w * s->b2)) / (1 + w * (s->a1 + w * s->a2)));
    }
    return gain;
}

static double db(const struct biquad *f, double hz)
{
    return level_to_db(gain_at(f, hz));
}

/* |H|² of the analogue prototype at the warped frequency. */
static double ideal_db(int order, double hz, double corner_hz, bool high)
{
    double ratio = tan(PI * hz / 44100) / tan(PI * corner_hz / 44100);
    return -10 * log10(1 + pow(high ? 1 / ratio : ratio, 2 * order));
}

static void magnitudes_are_butterworth(void **state)
{
    for (int order = 1; order <= BIQUAD_ORDER_MAX; order++) {
        struct biquad low = biquad_lowpass(order, 1200, 44100);
        struct biquad high = biquad_highpass(order, 5500, 44100);
        for (double hz = 50; hz < 20000; hz *= 1.3) {
            assert_true(fabs(db(&low, hz) - ideal_db(order, hz, 1200, false)) < 1e-6);
            assert_true(fabs(db(&high, hz) - ideal_db(order, hz, 5500, true)) < 1e-6);
        }
        struct biquad band = biquad_bandpass(order, 4000, 15000, 44100);
        assert_true(fabs(db(&band, 4000) + 3.0103) < 0.001);
        assert_true(fabs(db(&band, 15000) + 3.0103) < 0.001);
        assert_true(db(&band, 1000) < -11.0 * order);
        struct biquad narrow = biquad_bandpass(order, 1000, 1020, 44100);
        assert_true(fabs(db(&narrow, 1000) + 3.0103) < 0.001);
        assert_true(db(&narrow, 900) < -18.0 * order);
        struct biquad wide = biquad_bandpass(order, 20, 20000, 44100);
        assert_true(fabs(db(&wide, 1000)) < 0.02);
        assert_true(fabs(db(&wide, 20) + 3.0103) < 0.001);
    }
}

static void odd_corners_are_harmless(void **state)
{
    static const double corners[] = {-5, 0, (double)NAN, 1e9, 22050};
    for (size_t i = 0; i < 5; i++) {
        OWN(audio) a = tone_frames(5000, 2, 44100);
        tone_add(&a, -1, 1000, 0.5, 0);
        a.data[7] = NAN;
        a.data[8] = INFINITY;
        struct biquad f[] = {biquad_lowpass(4, corners[i], 44100),
                             biquad_highpass(4, corners[i], 44100),
                             biquad_bandpass(4, corners[i], 100, 44100)};
        for (int k = 0; k < 3; k++) {
            biquad_run(&f[k], &a);
            biquad_circular(&f[k], &a);
            biquad_circular_zero_phase(&f[k], &a);
            assert_int_equal(biquad_zero_phase(&f[k], &a, NULL), ST_OK);
            for (size_t n = 0; n < 10000; n++)
                assert_true(isfinite(a.data[n]) && fabsf(a.data[n]) < 10.0f);
        }
    }
}

static void zero_phase_does_not_move(void **state)
{
    OWN(audio) a = tone_frames(44100, 1, 44100);
    tone_add(&a, -1, 300, 0.5, 0.4);
    tone_add(&a, -1, 9000, 0.5, 0);
    struct biquad low = biquad_lowpass(4, 1200, 44100);
    assert_int_equal(biquad_zero_phase(&low, &a, NULL), ST_OK);
    struct partial p = tone_partial(&a, 0, 10000, 20000, 300);
    double gain = gain_at(&low, 300);
    assert_true(fabs(p.amplitude - 0.5 * gain * gain) < 1e-6);
    double want = 0.4 + 2 * PI * 300 * 10000 / 44100;
    assert_true(fabs(remainder(p.phase - want, 2 * PI)) < 1e-4);
    assert_true(tone_partial(&a, 0, 10000, 20000, 9000).amplitude < 1e-5);
}

/* A constant stays a constant up to both ends: the ends are continued, not cut. */
static void zero_phase_has_no_end_effects(void **state)
{
    struct audio a = tone_frames(3000, 1, 44100);
    for (size_t i = 0; i < 3000; i++)
        a.data[i] = 0.25f;
    struct biquad low = biquad_lowpass(3, 200, 44100);
    assert_int_equal(biquad_zero_phase(&low, &a, NULL), ST_OK);
    for (size_t i = 0; i < 3000; i++)
        assert_true(fabsf(a.data[i] - 0.25f) < 1e-5f);
    audio_done(&a);
    for (size_t n = 0; n < 4; n++) {
        audio_init(&a, n, 2, 44100, NULL);
        assert_int_equal(biquad_zero_phase(&low, &a, NULL), ST_OK);
        biquad_circular_zero_phase(&low, &a);
        audio_done(&a);
    }
}

/* The loop run many times over settles to what biquad_circular gives at once. */
static void circular_is_the_steady_state(void **state)
{
    static const double corners[] = {40, 1200, 9000};
    for (size_t k = 0; k < 3; k++) {
        enum { N = 3001, TURNS = 40 };
        struct rng r = rng_derive(1, 0, "test", k);
        OWN(audio) loop = tone_frames(N, 2, 44100);
        tone_noise(&loop, 0.2, &r);
        OWN(audio) many = tone_frames(N * TURNS, 2, 44100);
        for (size_t t = 0; t < TURNS; t++)
            memcpy(many.data + t * 2 * N, loop.data, 2 * N * sizeof *loop.data);
        struct biquad f = biquad_highpass(4, corners[k], 44100);
        biquad_run(&f, &many);
        biquad_circular(&f, &loop);
        for (size_t i = 0; i < 2 * N; i++)
            assert_true(fabsf(loop.data[i] - many.data[(TURNS - 1) * 2 * N + i]) < 2e-6f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(magnitudes_are_butterworth),
        cmocka_unit_test(odd_corners_are_harmless),
        cmocka_unit_test(zero_phase_does_not_move),
        cmocka_unit_test(zero_phase_has_no_end_effects),
        cmocka_unit_test(circular_is_the_steady_state),
    };
    return cmocka_run_group_tests_name("biquad", tests, NULL, NULL);
}
