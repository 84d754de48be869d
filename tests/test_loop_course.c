/* dsp/loop_course: how far a level beats on over a loop's join, of beats whose course is
 * known. */
#include "checks.h"
#include "core/pi.h"
#include "dsp/loop_course.h"
#include "tone.h"

#include <math.h>
#include <stdlib.h>

enum { RATE = 44100 };

/* A tone of `gain` whose level at a time is what `db` says. Returns the course of a loop
 * of `loop_s`. */
static double course(double seconds, double loop_s, double gain,
                     double (*db)(double t, double by), double by)
{
    struct loop_view v;
    OWN(audio) a = {.rate_hz = RATE, .channels = 1};
    a.frames = (size_t)(seconds * RATE);
    a.data = malloc(a.frames * sizeof *a.data);
    assert_non_null(a.data);
    for (size_t i = 0; i < a.frames; i++) {
        double t = (double)i / RATE;
        a.data[i] = (float)(gain * pow(10, db(t, by) / 20) * sin(2 * PI * 1000 * t));
    }
    assert_int_equal(loop_view_init(&v, &a, NULL), ST_OK);
    assert_int_equal(loop_view_add_coarse(&v, NULL), ST_OK);
    size_t at = (size_t)(loop_s * RATE / (double)v.step + 0.5);
    FREED float *c = loop_course(&v, at - 1, at + 1);
    assert_non_null(c);
    double value = (double)c[1];
    loop_view_done(&v);
    return value;
}

/* Half of every `by` seconds 12 dB lower, or silent. */
static double pulse_12(double t, double by)
{
    return fmod(t, by) < 0.5 * by ? 0 : -12;
}

static double pulse(double t, double by)
{
    return fmod(t, by) < 0.5 * by ? 0 : -200;
}

static double tremble(double t, double by)
{
    return 6 * sin(2 * PI * t / by);
}

static double decay(double t, double by)
{
    return -t * by;
}

/* Beats that go on cost nothing; off by half of one, what they differ by, less the dB by
 * which chords sway and what the 20 ms of a level see of both. */
static void what_beats_on_costs_nothing(void **state)
{
    assert_close(course(4, 1, 0.5, pulse_12, 0.5), 0, 0.01);
    assert_close(course(4, 1.25, 0.5, pulse_12, 0.5), 10.4, 0.3);
    /* as fast as 25 a second; nothing counts as lower than -40 dB */
    assert_true(course(4, 1.02, 0.5, pulse_12, 0.04) > 2);
    assert_close(course(4, 1.25, 0.5, pulse, 0.5), 36.3, 1);
}

/* A beat a second counts in full, half as many by a third, a decay not at all. */
static void what_is_slower_than_a_beat_does_not_count(void **state)
{
    assert_close(course(8, 1.5, 0.2, tremble, 1), 12 * 2 / PI - 1, 0.5);
    assert_close(course(8, 3, 0.2, tremble, 2), 12 * 2 / PI * (1 - 2 / PI) - 1, 0.9);
    assert_close(course(8, 1, 0.5, decay, 6), 0, 0.2);
}

/* Less than 0.4 s, or what nobody can hear, is nothing to compare. */
static void too_little_is_not_compared(void **state)
{
    assert_close(course(3, 2.25, 0.5, pulse_12, 0.5), 10.4, 0.3);
    assert_true(course(3, 2.75, 0.5, pulse_12, 0.5) == 0);
    assert_true(course(4, 1.25, 1e-8, pulse_12, 0.5) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_beats_on_costs_nothing),
        cmocka_unit_test(what_is_slower_than_a_beat_does_not_count),
        cmocka_unit_test(too_little_is_not_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
