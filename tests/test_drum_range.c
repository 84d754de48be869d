/* dsp/drum_range: hats without treble, kicks that are not deep, bass in what has none. */
#include "dsp/drum_range.h"

#include "checks.h"
#include "core/pi.h"
#include "dsp/hits.h"
#include "tone.h"

#include <math.h>

enum { RATE = 44100 };

static struct drum_range range_of(const struct audio *a, double band_hz)
{
    struct drum_ranger *r;
    struct drum_range range;
    assert_int_equal(drum_ranger_new(&r, a->rate_hz, band_hz, NULL), ST_OK);
    drum_range_measure(r, a, &range);
    drum_range_settle(r);
    drum_ranger_free(r);
    return range;
}

/* A kick or a bass under a hat costs up to half of what it is worth, from a tenth of its
 * first 0.2 s on; what comes later is asked nothing. */
static void what_is_low_under_a_hat_costs(void **state)
{
    static const struct {
        double low, from_s, hz, value, worth;
    } all[] = {{0, 0, 60, 1, 1},          {0.3, 0, 60, 1, 1}, /* 0.08 of it */
               {0.65, 0, 60, 0.61, 0.80},                     /* 0.30 */
               {1, 0, 60, 0.2, 0.6},                          /* 0.50 */
               {2, 0, 60, 0, 0.5},                            /* 0.80 */
               {2, 0, 400, 1, 1},                             /* a snare's own */
               {2, 0.2, 60, 1, 1}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        OWN(audio) a = tone_blank(0.4, 1, RATE);
        struct score_parts parts = {0};
        tone_add(&a, 0, 7000, 0.2, 0);
        for (size_t k = (size_t)(all[i].from_s * RATE); k < a.frames; k++)
            a.data[k] +=
                (float)(0.2 * all[i].low * sin(2 * PI * all[i].hz * (double)k / RATE));
        struct drum_range range = range_of(&a, 0);
        double score = hits_in_range(0.8, &parts, &range, DRUM_SNARE);
        if (all[i].value < 1) {
            assert_int_equal(parts.count, 1);
            if (!(fabs(parts_value(&parts, "low") - all[i].value) < 0.06))
                fail_msg("%zu: %g", i, parts_value(&parts, "low"));
        } else {
            assert_int_equal(parts.count, 0);
        }
        assert_true(fabs(score / 0.8 - all[i].worth) < 0.03);
        assert_true(drum_range_clear(&range, DRUM_TOM_LOW) == 1);
    }
}

/* Two tones, of which the second has so much of the energy. */
static struct audio pair(double hz, double second_hz, double share, int rate_hz)
{
    struct audio a = tone_blank(0.3, 1, rate_hz);
    tone_add(&a, 0, hz, 0.3 * sqrt(1 - share), 0);
    tone_add(&a, 0, second_hz, 0.3 * sqrt(share), 0);
    return a;
}

static void each_class_has_its_range(void **state)
{
    static const struct {
        double hz, second_hz, share;
        enum drum_class class;
        double own;
        int rate_hz;
        double band_hz;
    } all[] = {
        {400, 8000, 0.25, DRUM_HAT_CLOSED, 1, RATE, 0},
        {400, 8000, 0.0794, DRUM_HAT_OPEN, 0.5, RATE, 0}, /* −11 dB */
        {400, 8000, 0.0794, DRUM_CRASH, 0.5, RATE, 0},
        {400, 8000, 0.02, DRUM_RIDE, 0, RATE, 0},
        {400, 3000, 0.9, DRUM_HAT_CLOSED, 0, RATE, 0},
        {400, 3000, 0.25, DRUM_HAT_CLOSED, 1, 8000, 0}, /* where nothing is higher */
        {400, 3000, 0.25, DRUM_HAT_CLOSED, 1, RATE, 6000},
        {60, 2000, 0.04, DRUM_KICK, 1, RATE, 0},
        {60, 2000, 0.158, DRUM_KICK, 0.5, RATE, 0}, /* −8 dB */
        {60, 2000, 0.55, DRUM_KICK, 0, RATE, 0},
        {200, 2000, 0.41, DRUM_CLAP, 1, RATE, 0},
        {200, 2000, 0.2, DRUM_CLAP, 0.5, RATE, 0}, /* −7 dB */
        {200, 2000, 0.09, DRUM_CLAP, 0, RATE, 0},
        {200, 2000, 0.01, DRUM_SNARE, 1, RATE, 0},
        {200, 2000, 0.99, DRUM_TOM_LOW, 1, RATE, 0},
        {200, 2000, 0.01, DRUM_PERC, 1, RATE, 0},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        OWN(audio) a = pair(all[i].hz, all[i].second_hz, all[i].share, all[i].rate_hz);
        struct score_parts parts = {0};
        struct drum_range range = range_of(&a, all[i].band_hz);
        double own = drum_range_own(&range, all[i].class);
        if (!(fabs(own - all[i].own) < 0.04))
            fail_msg("%zu: %g", i, own);
        double score = hits_in_range(0.8, &parts, &range, all[i].class);
        double part = parts_value(&parts, "range");
        assert_true(own < 1 ? part == own : isnan(part));
        assert_true(fabs(score - 0.8 * (0.5 + 0.5 * own)) < 1e-9);
    }
}

/* What is loud on one side only is heard as well, and a cut is no treble. */
static void channels_cuts_and_silence(void **state)
{
    OWN(audio) two = tone_blank(0.1, 2, RATE), none = tone_blank(0.1, 2, RATE);
    tone_add(&two, 0, 100, 0.2, 0);
    tone_add(&two, 1, 8000, 0.2, 0);
    struct drum_range range = range_of(&two, 0);
    assert_true(fabs(range.treble - 0.5) < 0.02 && fabs(range.over - 0.5) < 0.02);
    assert_true(range.upper >= range.treble && range.over >= range.upper);
    range = range_of(&none, 0);
    assert_true(range.low == 0 && range.over == 0 && range.treble == 1);
    none.data[7] = NAN;
    range = range_of(&none, 0);
    assert_true(drum_range_own(&range, DRUM_KICK) == 1);
    OWN(audio) cut = tone_blank(0.0523, 1, RATE);
    tone_add(&cut, 0, 60, 0.5, 0);
    range = range_of(&cut, 0);
    assert_true(range.treble < 1e-3);
    drum_range_settle(NULL);
    drum_ranger_free(NULL);
}

/* Eight are transformed at once: each has what it has alone, stereo among them too. */
static void many_are_told_apart(void **state)
{
    struct drum_ranger *r;
    struct drum_range range[21];
    struct audio a[21];
    assert_int_equal(drum_ranger_new(&r, RATE, 0, NULL), ST_OK);
    for (int i = 0; i < 21; i++) {
        a[i] = tone_blank(0.05 + 0.02 * i, 1 + i % 3 % 2, RATE);
        tone_add(&a[i], 0, 60 * pow(1.3, i), 0.3, 0);
        tone_add(&a[i], a[i].channels - 1, 7000 - 300 * i, 0.1 + 0.01 * i, 0);
        drum_range_measure(r, &a[i], &range[i]);
    }
    drum_range_settle(r);
    for (int i = 0; i < 21; i++) {
        struct drum_range alone = range_of(&a[i], 0);
        assert_memory_equal(&range[i], &alone, sizeof alone);
        audio_done(&a[i]);
    }
    drum_ranger_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_low_under_a_hat_costs),
        cmocka_unit_test(each_class_has_its_range),
        cmocka_unit_test(channels_cuts_and_silence),
        cmocka_unit_test(many_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
