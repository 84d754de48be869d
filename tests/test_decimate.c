/* dsp/decimate: what passes, what is gone, where it lies, and that blocks and what was
 * pushed before change nothing. */
#include "checks.h"
#include "core/rng.h"
#include "dsp/decimate.h"
#include "tone.h"

#include <math.h>

enum { RATE = 44100, FACTOR = 8, FRAMES = 16384, LOW = FRAMES / FACTOR, ROOM = LOW + 64 };

static const double pass_hz = 1250;

static struct decimator *fresh(void)
{
    struct decimator *d = decimator_new(RATE, FACTOR, pass_hz, FRAMES);
    assert_non_null(d);
    return d;
}

/* All of `a` at once, and the silence that pushes the last of it out. */
static int lower(struct decimator *d, const struct audio *a, float out[ROOM])
{
    static const float silence[FRAMES];
    int n = decimator_push(d, a->data, (int)a->frames, out);
    return n + decimator_push(d, silence, decimator_lag(d), out + n);
}

/* Level of what is left of a sine, dB beside it, in the middle of the stream. */
static double left_db(double hz)
{
    OWN(audio) a = tone_blank((double)FRAMES / RATE, 1, RATE);
    float out[ROOM];
    double sum = 0;
    tone_add(&a, -1, hz, 0.5, 0.3);
    struct decimator *d = fresh();
    int n = lower(d, &a, out);
    assert_in_range(n, LOW, ROOM);
    for (int i = LOW / 4; i < LOW * 3 / 4; i++)
        sum += (double)out[i] * (double)out[i];
    decimator_free(d);
    return 10 * log10(sum / (LOW / 2) / 0.125);
}

static void it_passes_what_is_low_and_folds_nothing_onto_it(void **state)
{
    for (double hz = 150; hz <= pass_hz; hz += 100) {
        assert_close(left_db(hz), 0, 0.05);
        for (int k = 1; k < FACTOR / 2; k++) { /* what would look like hz */
            assert_true(left_db((double)k * RATE / FACTOR - hz) < -60);
            assert_true(left_db((double)k * RATE / FACTOR + hz) < -60);
        }
    }
}

static void every_output_is_centred_on_its_frame(void **state)
{
    for (int at = 0; at < LOW; at += 97) {
        OWN(audio) a = tone_blank((double)FRAMES / RATE, 1, RATE);
        float out[ROOM];
        a.data[at * FACTOR] = 1;
        struct decimator *d = fresh();
        int n = lower(d, &a, out);
        for (int i = 0; i < n; i++)
            assert_true(i == at || out[i] < out[at]);
        for (int i = 1; i < 20 && at - i >= 0 && at + i < n; i++)
            assert_close((double)out[at - i], (double)out[at + i], 1e-7);
        decimator_free(d);
    }
}

static void blocks_and_what_was_before_change_nothing(void **state)
{
    struct rng r = rng_derive(1, 0, "decimate", 0);
    OWN(audio) a = tone_blank((double)FRAMES / RATE, 1, RATE);
    float whole[ROOM], pieces[ROOM];
    tone_noise(&a, 0.2, &r);
    struct decimator *d = fresh();
    int n = lower(d, &a, whole);
    for (int round = 0; round < 20; round++) {
        int got = 0;
        decimator_restart(d); /* what the last round left is no part of this one */
        for (int at = 0; at < FRAMES;) {
            int part = 1 + (int)rng_below(&r, 700);
            part = part < FRAMES - at ? part : FRAMES - at;
            got += decimator_push(d, a.data + at, part, pieces + got);
            at += part;
        }
        assert_in_range(got, LOW - decimator_lag(d), n);
        assert_memory_equal(pieces, whole, (size_t)got * sizeof *pieces);
    }
    decimator_free(d);
}

static void a_factor_of_one_is_the_stream(void **state)
{
    const float in[] = {0.5f, -0.25f, 1};
    float out[4];
    struct decimator *d = decimator_new(8000, 1, 1000, 3);
    assert_non_null(d);
    assert_int_equal(decimator_lag(d), 0);
    assert_int_equal(decimator_push(d, in, 3, out), 3);
    assert_memory_equal(out, in, sizeof in);
    decimator_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_passes_what_is_low_and_folds_nothing_onto_it),
        cmocka_unit_test(every_output_is_centred_on_its_frame),
        cmocka_unit_test(blocks_and_what_was_before_change_nothing),
        cmocka_unit_test(a_factor_of_one_is_the_stream),
    };
    return cmocka_run_group_tests_name("decimate", tests, NULL, NULL);
}
