/* dsp/seam: good joins pass, every kind of bad join is caught by its own criterion. */
#include "checks.h"

#include "core/pi.h"
#include "core/rng.h"
#include "dsp/seam.h"
#include "tone.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { RATE = 44100, FRAMES = 88200 };

/* Many partials at whole cycles per loop: joins perfectly, at any rotation. */
static struct audio round_pad(uint64_t item, int channels)
{
    struct audio a = tone_frames(FRAMES, channels, RATE);
    struct rng r = rng_derive(5, 6, "round", item);
    static const double ratio[] = {1.0, 1.25, 1.5, 2.0, 3.0, 4.0};
    double root = rng_range(&r, 100.0, 200.0);
    for (int v = 0; v < 18; v++) {
        double cycles = round(root * ratio[v % 6] * FRAMES / RATE + rng_range(&r, -2, 2));
        double phase = rng_range(&r, 0.0, 2.0 * PI), level = 0.05 / ratio[v % 6];
        for (size_t i = 0; i < FRAMES; i++) {
            float x =
                (float)(level * sin(2.0 * PI * cycles * (double)i / FRAMES + phase));
            for (int c = 0; c < channels; c++)
                a.data[i * (size_t)channels + (size_t)c] += x;
        }
    }
    return a;
}

static struct audio noise_bed(uint64_t item)
{
    struct audio a = tone_frames(FRAMES, 1, RATE);
    struct rng r = rng_derive(5, 6, "bed", item);
    double low = 0.0;
    for (size_t i = 0; i < FRAMES; i++) {
        low += 0.2 * (0.2 * rng_gauss(&r) - low);
        a.data[i] = (float)low;
    }
    return a;
}

static struct seam measure(const struct audio *a)
{
    struct seam s;
    assert_int_equal(seam_measure(a, &s, NULL), ST_OK);
    assert_true(s.judged);
    return s;
}

/* The limits are percentiles of the sound itself, so a few places of a perfect loop lie
 * beyond one of them by nature; none does by much. */
static void sounds_that_join_are_seamless(void **state)
{
    int seamless = 0;
    for (uint64_t item = 0; item < 40; item++) {
        struct audio a =
            item % 4 ? round_pad(item, 1 + (int)(item % 2)) : noise_bed(item);
        struct seam s = measure(&a);
        assert_true(isnan(s.seam_error_db));
        assert_int_equal(seam_quality(&s) >= 0.4999, s.seamless);
        assert_true(seam_quality(&s) > 0.3);
        assert_false(seam_audible(&s));
        seamless += s.seamless;
        audio_done(&a);
    }
    assert_true(seamless >= 30);
}

static void fade(struct audio *a, double seconds)
{
    size_t n = (size_t)(seconds * RATE), channels = (size_t)a->channels;
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < channels; c++) {
            float g = (float)i / (float)n;
            a->data[i * channels + c] *= g;
            a->data[(a->frames - 1 - i) * channels + c] *= g;
        }
}

/* The usual mistake: each end faded on its own, both kept. */
static void ends_faded_on_their_own_are_caught(void **state)
{
    static const double fades_s[] = {0.02, 0.05, 0.12, 0.25};
    for (uint64_t item = 0; item < 24; item++) {
        OWN(audio) a = item % 3 ? round_pad(item, 1) : noise_bed(item);
        fade(&a, fades_s[item % 4]);
        struct seam s = measure(&a);
        assert_false(s.seamless);
        assert_false(s.level_ok);
        assert_true(s.dip_db > s.dip_limit_db);
        assert_true(s.dip_db > 5.0);
        assert_true(seam_quality(&s) < 0.5);
    }
}

static void a_step_is_caught(void **state)
{
    for (uint64_t item = 0; item < 6; item++) {
        OWN(audio) a = round_pad(item, 2);
        struct seam before = measure(&a);
        /* A slow ramp on the right channel: everything but the join stays smooth. */
        for (size_t i = 0; i < FRAMES; i++)
            a.data[2 * i + 1] += 0.2f * (float)i / FRAMES;
        struct seam s = measure(&a);
        assert_true(before.step < 1.0 && !s.step_ok && !s.seamless);
        assert_true(s.step > 2.0);
        assert_true(seam_audible(&s));
    }
}

static void a_bend_without_a_step_is_caught(void **state)
{
    OWN(audio) a = tone_frames(FRAMES, 1, RATE);
    for (size_t i = 0; i < FRAMES; i++) /* half cycles: |sin| at the join */
        a.data[i] = (float)(0.5 * sin(PI * 101.0 * (double)i / FRAMES));
    struct seam s = measure(&a);
    assert_true(s.step <= 1.0001);
    assert_true(s.slope > 2.0);
    assert_false(s.step_ok);
}

static void a_jump_of_level_is_caught(void **state)
{
    OWN(audio) a = noise_bed(3);
    for (size_t i = 0; i < FRAMES; i++) /* 8 dB louder by the end */
        a.data[i] *= (float)pow(10.0, 8.0 * (double)i / FRAMES / 20.0);
    struct seam s = measure(&a);
    assert_false(s.level_ok);
    assert_true(fabs(s.level_db - 8.0) < 1.0);
}

/* The limit is what the loop does now and then, not the one thing it does once. */
static void one_jump_inside_does_not_excuse_the_join(void **state)
{
    OWN(audio) a = noise_bed(3);
    for (size_t i = FRAMES / 2; i < FRAMES; i++)
        a.data[i] *= 1.78F; /* 5 dB louder: in the middle, and back at the join */
    struct seam s = measure(&a);
    assert_true(fabs(s.level_db - 5.0) < 1.0);
    assert_true(s.level_limit_db < 2.5);
    assert_false(s.level_ok);
}

static void a_change_of_colour_is_caught(void **state)
{
    OWN(audio) a = noise_bed(4);
    double low = 0.0;
    for (size_t i = 0; i < FRAMES; i++) { /* from bright to dark at one level */
        double part = (double)i / FRAMES;
        low += 0.08 * ((double)a.data[i] - low);
        a.data[i] = (float)((1.0 - part) * (double)a.data[i] + 2.0 * part * low);
    }
    struct seam s = measure(&a);
    assert_false(s.spectrum_ok);
}

static void an_attack_at_the_join_is_caught(void **state)
{
    OWN(audio) a = round_pad(7, 1);
    assert_true(measure(&a).onset_ok);
    for (size_t i = 0; i < FRAMES / 2; i++) { /* a pluck that starts from zero */
        double t = (double)i / RATE;
        a.data[i] += (float)(0.4 * exp(-t * 8.0) * sin(2.0 * PI * 900.0 * t) *
                             fmin(1.0, t / 0.002));
    }
    struct seam s = measure(&a);
    assert_false(s.onset_ok);
    assert_false(s.seamless);
}

/* What is struck 100 ms later is heard as that, not as the join. */
static void an_attack_after_the_join_is_none_at_it(void **state)
{
    OWN(audio) a = round_pad(7, 1);
    for (size_t i = RATE / 10; i < FRAMES; i++) {
        double t = (double)(i - RATE / 10) / RATE;
        a.data[i] += (float)(0.4 * exp(-t * 8.0) * sin(2.0 * PI * 900.0 * t) *
                             fmin(1.0, t / 0.002));
    }
    assert_true(measure(&a).onset_ok);
}

static void the_error_is_against_what_preceded_the_start(void **state)
{
    OWN(audio) a = round_pad(8, 1);
    float before[441];
    memcpy(before, a.data + FRAMES - 441, sizeof before);
    struct seam s;
    assert_int_equal(seam_measure_against(&a, before, 441, NULL, &s, NULL), ST_OK);
    assert_true(s.seam_error_db <= -200.0);
    double rms = 0.0;
    for (size_t i = 0; i < FRAMES; i++)
        rms += (double)a.data[i] * (double)a.data[i] / FRAMES;
    for (size_t i = 0; i < 441; i++)
        before[i] += (float)(0.1 * sqrt(rms) * (i % 2 ? 1.0 : -1.0));
    assert_int_equal(seam_measure_against(&a, before, 441, NULL, &s, NULL), ST_OK);
    assert_true(fabs(s.seam_error_db + 20.0) < 0.01);
}

/* What is measured does not depend on the level. */
static void level_of_the_loop_does_not_matter(void **state)
{
    OWN(audio) a = round_pad(9, 2);
    struct seam loud = measure(&a);
    for (size_t i = 0; i < FRAMES * 2; i++)
        a.data[i] *= 1.0f / 1024.0f;
    struct seam quiet = measure(&a);
    assert_true(fabs(loud.step - quiet.step) < 1e-4);
    assert_true(fabs(loud.level_db - quiet.level_db) < 1e-3);
    assert_true(fabs(loud.spectrum_db - quiet.spectrum_db) < 0.05);
    assert_int_equal(loud.seamless, quiet.seamless);
}

static void silence_bad_samples_and_short_loops_are_survived(void **state)
{
    struct seam s;
    struct err e;
    OWN(audio) a = tone_frames(FRAMES, 1, RATE);
    assert_int_equal(seam_measure(&a, &s, NULL), ST_OK);
    assert_true(isfinite(s.step) && isfinite(s.dip_db) && isfinite(seam_quality(&s)));
    for (size_t i = 0; i < FRAMES; i++)
        a.data[i] = i % 5 ? NAN : (i % 2 ? INFINITY : 1e30f);
    assert_int_equal(seam_measure(&a, &s, NULL), ST_OK);
    a.frames = 1000;
    assert_int_equal(seam_measure(&a, &s, &e), ST_EMPTY);
    assert_false(s.judged);
    a.frames = 0;
    assert_int_equal(seam_measure(&a, &s, &e), ST_EMPTY);
    audio_done(&a);
    assert_int_equal(audio_init(&a, 2000, 8, 8000, NULL), ST_OK);
    for (size_t i = 0; i < 16000; i++)
        a.data[i] = (float)sin(2.0 * PI * (double)(i / 8) / 20.0);
    assert_int_equal(seam_measure(&a, &s, NULL), ST_OK);
    assert_true(s.seamless);
}

/* Not worth keeping from twice any limit on. */
static void audible_is_twice_the_limit(void **state)
{
    for (int over = 0; over < 2; over++)
        for (int which = 0; which < 6; which++) {
            double w = over ? 2.01 : 1.99;
            struct seam s = {
                .level_limit_db = 1.5, .dip_limit_db = 3, .spectrum_limit_db = 4};
            double *value[] = {&s.step,     &s.slope,  &s.onset,
                               &s.level_db, &s.dip_db, &s.spectrum_db};
            static const double limit[] = {1, 1, 1, 1.5, 3, 4};
            *value[which] = w * limit[which];
            assert_int_equal(seam_audible(&s), over);
            assert_true(fabs(seam_quality(&s) - 1 / (1 + w * w)) < 1e-9);
        }
}

/* Against a rival nothing else comes out, but that nothing may come out. */
static void only_the_beaten_are_given_up(void **state)
{
    int given_up = 0;
    for (uint64_t item = 0; item < 36; item++) {
        OWN(audio) a = item % 2 ? round_pad(item, 1) : noise_bed(item);
        if (item % 3)
            fade(&a, 0.02);
        struct seam whole = measure(&a), s;
        for (int good = 0; good < 2; good++)
            for (double w = 0.5; w < 8; w *= 2) {
                struct seam rival = {.seamless = good,
                                     .step = w,
                                     .level_limit_db = 1,
                                     .dip_limit_db = 1,
                                     .spectrum_limit_db = 1};
                enum status st = seam_measure_against(&a, NULL, 0, &rival, &s, NULL);
                if (st == ST_NOTHING) {
                    assert_false(whole.seamless || seam_better(&whole, &rival));
                    given_up++;
                    continue;
                }
                assert_int_equal(st, ST_OK);
                assert_true(seam_quality(&s) == seam_quality(&whole));
                assert_int_equal(s.seamless, whole.seamless);
                assert_false(good && !(s.step_ok && s.level_ok && s.spectrum_ok));
            }
    }
    assert_true(given_up >= 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sounds_that_join_are_seamless),
        cmocka_unit_test(ends_faded_on_their_own_are_caught),
        cmocka_unit_test(a_step_is_caught),
        cmocka_unit_test(a_bend_without_a_step_is_caught),
        cmocka_unit_test(a_jump_of_level_is_caught),
        cmocka_unit_test(one_jump_inside_does_not_excuse_the_join),
        cmocka_unit_test(a_change_of_colour_is_caught),
        cmocka_unit_test(an_attack_at_the_join_is_caught),
        cmocka_unit_test(an_attack_after_the_join_is_none_at_it),
        cmocka_unit_test(the_error_is_against_what_preceded_the_start),
        cmocka_unit_test(level_of_the_loop_does_not_matter),
        cmocka_unit_test(silence_bad_samples_and_short_loops_are_survived),
        cmocka_unit_test(audible_is_twice_the_limit),
        cmocka_unit_test(only_the_beaten_are_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
