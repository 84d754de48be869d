/* dsp/offset: a recording's DC is told from sounds that have a mean of their own. */
#include "checks.h"

#include "core/pi.h"
#include "core/rng.h"
#include "dsp/offset.h"
#include "tone.h"

#include <math.h>
#include <stdbool.h>

enum { RATE = 44100 };

static struct audio quiet(double seconds, int channels, double noise)
{
    struct rng r = rng_derive(1, 0, "offset-test", 0);
    size_t frames = (size_t)(seconds * RATE);
    struct audio a = tone_frames(frames, channels, RATE);
    for (size_t i = 0; i < frames * (size_t)channels; i++)
        a.data[i] = (float)(noise * rng_range(&r, -1, 1));
    return a;
}

/* Half-waves of one sign first, as a membrane moves. */
static void add_kicks(struct audio *a, double every_s)
{
    size_t channels = (size_t)a->channels;
    for (size_t i = 0; i < a->frames; i++) {
        double t = fmod((double)i / RATE, every_s);
        double x = 0.8 * exp(-t * 20) * sin(2 * PI * (45 * t + 3 * (1 - exp(-t * 30))));
        for (size_t c = 0; c < channels; c++)
            a->data[i * channels + c] += (float)x;
    }
}

static void add(struct audio *a, double value)
{
    offset_remove(a->data, a->frames, a->channels, (struct offsets){.middle = -value});
}

static void offsets_are_found_under_anything(void **state)
{
    static const double values[] = {0.002, -0.01, 0.05, 0.3};
    for (size_t v = 0; v < sizeof values / sizeof *values; v++)
        for (int channels = 1; channels <= 2; channels++) {
            OWN(audio) a = quiet(4, channels, 0.003);
            add_kicks(&a, 0.5);
            add(&a, values[v]);
            struct offsets found = offset_of(&a, true);
            double error = found.middle - values[v];
            assert_true(fabs(error) < 0.0005 + 0.03 * fabs(values[v]));
            assert_true(found.side == 0);
        }
}

/* Two converters: opposite offsets have no mean, and one channel's is half of it. */
static void each_channel_has_its_own(void **state)
{
    static const double values[][2] = {{0.02, -0.02}, {0.03, 0}, {-0.01, 0.05}};
    for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
        OWN(audio) a = quiet(4, 2, 0.003);
        add_kicks(&a, 0.5);
        for (size_t i = 0; i < 2 * a.frames; i++)
            a.data[i] += (float)values[v][i % 2];
        struct offsets found = offset_of(&a, true);
        assert_true(fabs(found.middle + found.side - values[v][0]) < 0.001);
        assert_true(fabs(found.middle - found.side - values[v][1]) < 0.001);
        OWN(audio) clean = quiet(4, 2, 0.003);
        add_kicks(&clean, 0.5);
        offset_remove(a.data, a.frames, 2, found);
        for (size_t i = 0; i < 2 * a.frames; i++)
            assert_true(fabs((double)a.data[i] - (double)clean.data[i]) < 0.001);
    }
}

static bool has_none(const struct audio *a)
{
    struct offsets o = offset_of(a, true);
    return o.middle == 0 && o.side == 0;
}

static void sounds_have_none(void **state)
{
    static const double every_s[] = {0.18, 0.3, 1, 10}, seconds[] = {0.15, 0.4, 6};
    for (size_t k = 0; k < sizeof every_s / sizeof *every_s; k++)
        for (size_t s = 0; s < sizeof seconds / sizeof *seconds; s++) {
            OWN(audio) a = quiet(seconds[s], 1, 1e-4);
            add_kicks(&a, every_s[k]);
            assert_true(has_none(&a));
        }
    OWN(audio) a = quiet(3, 1, 0);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = (float)(0.5 * sin(2 * PI * 31 * (double)i / RATE));
    assert_true(has_none(&a));
}

/* A sample rests on its offset once it has died away. A stretch cut out of a recording
 * may end anywhere. */
static void short_sounds_have_one(void **state)
{
    static const double values[] = {0.004, -0.02, 0.1}, seconds[] = {0.4, 0.5, 0.8, 2};
    for (size_t v = 0; v < sizeof values / sizeof *values; v++)
        for (size_t s = 0; s < sizeof seconds / sizeof *seconds; s++) {
            OWN(audio) a = quiet(seconds[s], 1, 3e-4);
            add_kicks(&a, 10);
            add(&a, values[v]);
            double error = offset_of(&a, true).middle - values[v];
            assert_true(fabs(error) < 0.001 + 0.03 * fabs(values[v]));
            if (seconds[s] < 0.5)
                assert_true(offset_of(&a, false).middle == 0);
        }
}

static void nothing_is_made_of_nothing(void **state)
{
    OWN(audio) a = quiet(1, 1, 0);
    assert_true(has_none(&a));
    a.frames = 100; /* too short to tell */
    add(&a, 0.5);
    assert_true(has_none(&a));
    a.frames = RATE;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_found_under_anything),
        cmocka_unit_test(each_channel_has_its_own),
        cmocka_unit_test(sounds_have_none),
        cmocka_unit_test(short_sounds_have_one),
        cmocka_unit_test(nothing_is_made_of_nothing),
    };
    return cmocka_run_group_tests_name("offset", tests, NULL, NULL);
}
