/* dsp/drum_features, dsp/drum_class: synthesised drums are told apart, nothing breaks it.
 */
#include "checks.h"

#include "core/pi.h"
#include "core/rng.h"
#include "dsp/drum_class.h"
#include "dsp/drum_features.h"
#include "dsp/drum_nets.h"
#include "dsp/drum_pitch.h"
#include "dsp/resample.h"
#include "dsp/synth.h"
#include "tone.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static void make(struct audio *a, double seconds, int channels, int rate_hz)
{
    size_t n = (size_t)(seconds * rate_hz);
    assert_int_equal(audio_init(a, n, channels, rate_hz, NULL), ST_OK);
}

static struct drum_verdict ask(const struct audio *a)
{
    struct drum_verdict v;
    assert_int_equal(drum_classify(a, &v, NULL), ST_OK);
    double sum = 0;
    for (int c = 0; c < DRUM_CLASS_COUNT; c++) {
        assert_true(v.probability[c] >= 0 && v.probability[c] <= 1);
        sum += v.probability[c];
    }
    assert_true(fabs(sum - 1) < 1e-9);
    assert_true(v.confidence >= 0 && v.confidence <= 1);
    return v;
}

/* One hit, played at 48 kHz and brought to the wanted rate. */
static void synth(struct audio *a, enum synth_drum d, int rate_hz, uint64_t item)
{
    struct rng r = rng_derive(4, 0, "drum-class-test", item);
    OWN(audio) played;
    make(&played, 0.6, 1, 48000);
    synth_drum(d, 0.7 + 0.05 * (double)(item % 5), 0.95 + 0.05 * (double)(item % 3), &r,
               played.data, played.frames, 48000);
    assert_int_equal(resample_rate(a, &played, rate_hz, RESAMPLE_MEDIUM, NULL), ST_OK);
}

static bool is_hat(enum drum_class c)
{
    return c == DRUM_HAT_CLOSED || c == DRUM_HAT_OPEN;
}

static void kick_snare_and_hat_are_told_apart(void **state)
{
    static const int rates[] = {44100, 48000, 22050, 96000};
    for (size_t i = 0; i < 4; i++) {
        for (uint64_t item = 0; item < 5; item++) {
            OWN(audio) kick, snare, hat;
            synth(&kick, SYNTH_KICK, rates[i], item);
            synth(&snare, SYNTH_SNARE, rates[i], item);
            synth(&hat, SYNTH_HAT_CLOSED, rates[i], item);
            assert_int_equal(ask(&kick).best, DRUM_KICK);
            assert_int_equal(ask(&snare).best, DRUM_SNARE);
            if (rates[i] >= 44100) /* below, most of a hat is gone */
                assert_true(is_hat(ask(&hat).best));
        }
    }
}

/* Also what the rim, toms of three tunings, the crash and the ride of the demo are. */
static void the_rest_of_the_kit_is_told_apart(void **state)
{
    static const struct {
        enum synth_drum drum;
        double tune;
        enum drum_class wanted;
    } kit[] = {{SYNTH_RIM, 1, DRUM_RIM},        {SYNTH_TOM, 1.7, DRUM_TOM_HIGH},
               {SYNTH_TOM, 1.15, DRUM_TOM_MID}, {SYNTH_TOM, 0.75, DRUM_TOM_LOW},
               {SYNTH_CRASH, 1, DRUM_CRASH},    {SYNTH_RIDE, 1, DRUM_RIDE}};
    int right = 0;
    for (uint64_t item = 0; item < 60; item++) {
        struct rng r = rng_derive(9, 0, "drum-class-test", item);
        OWN(audio) a;
        make(&a, 0.8, 1, 44100);
        synth_drum(kit[item % 6].drum, 0.5,
                   kit[item % 6].tune * rng_range(&r, 0.98, 1.02), &r, a.data, a.frames,
                   44100);
        right += ask(&a).best == kit[item % 6].wanted;
    }
    assert_true(right >= 48);
}

static void the_verdict_does_not_depend_on_level_or_channels(void **state)
{
    OWN(audio) mono, stereo;
    synth(&mono, SYNTH_SNARE, 44100, 1);
    struct drum_verdict loud = ask(&mono);
    assert_int_equal(audio_convert_channels(&stereo, &mono, 2, NULL), ST_OK);
    struct drum_verdict wide = ask(&stereo);
    for (size_t i = 0; i < mono.frames; i++)
        mono.data[i] *= 0.01F;
    struct drum_verdict soft = ask(&mono);
    for (int c = 0; c < DRUM_CLASS_COUNT; c++) {
        assert_true(fabs(soft.probability[c] - loud.probability[c]) < 1e-3);
        assert_true(fabs(wide.probability[c] - loud.probability[c]) < 1e-3);
    }
}

/* By an ear of its own. */
static enum status features_of(const struct audio *hit, float out[DRUM_FEATURES])
{
    struct drum_ear *ear;
    memset(out, 0, DRUM_FEATURES * sizeof *out);
    enum status st = drum_ear_new(&ear, hit->rate_hz, NULL);
    if (st == ST_OK)
        st = drum_ear_features(ear, hit, 0, out, NULL);
    drum_ear_free(ear);
    return st;
}

static void silence_before_the_attack_changes_nothing(void **state)
{
    OWN(audio) hit, late;
    synth(&hit, SYNTH_KICK, 44100, 2);
    make(&late, 0.8, 1, 44100);
    memcpy(late.data + 3000, hit.data, hit.frames * sizeof *hit.data);
    float a[DRUM_FEATURES], b[DRUM_FEATURES];
    assert_int_equal(features_of(&hit, a), ST_OK);
    assert_int_equal(features_of(&late, b), ST_OK);
    for (int i = 0; i < 2 * DRUM_CEPSTRA; i++)
        assert_true(fabs((double)a[i] - (double)b[i]) < 0.15);
    assert_int_equal(ask(&late).best, DRUM_KICK);
}

/* A hat on the tail of a kick, with and without the 30 ms before it. */
static void what_sounded_before_is_taken_off(void **state)
{
    double alone = 0, with = 0;
    for (uint64_t item = 0; item < 8; item++) {
        OWN(audio) kick, hat, mix, cut;
        synth(&kick, SYNTH_KICK, 44100, item);
        synth(&hat, SYNTH_HAT_CLOSED, 44100, item);
        size_t at = 4400, lead = (size_t)(DRUM_LEAD_S * 44100);
        for (size_t i = at; i < kick.frames; i++)
            kick.data[i] += 0.35F * hat.data[i - at];
        assert_int_equal(audio_slice(&mix, &kick, at - lead, lead + 6000, NULL), ST_OK);
        assert_int_equal(audio_slice(&cut, &kick, at, 6000, NULL), ST_OK);
        struct drum_verdict a, b;
        assert_int_equal(drum_classify(&cut, &a, NULL), ST_OK);
        assert_int_equal(drum_classify_in(&mix, lead, &b, NULL), ST_OK);
        alone += (a.probability[DRUM_HAT_CLOSED] + a.probability[DRUM_HAT_OPEN]) / 8;
        with += (b.probability[DRUM_HAT_CLOSED] + b.probability[DRUM_HAT_OPEN]) / 8;
    }
    assert_true(with > 0.5);
    assert_true(with > alone + 0.1);
}

/* A chord of decaying harmonics from `at` on. */
static void strike_chord(struct audio *a, size_t at, double level)
{
    static const double hz[] = {110, 165, 220, 262};
    for (size_t i = at; i < a->frames; i++) {
        double t = (double)(i - at) / a->rate_hz, sum = 0;
        for (int k = 0; k < 4; k++)
            for (int h = 1; h <= 6; h++)
                sum += sin(2 * PI * hz[k] * h * t + k + h) / h;
        a->data[i] += (float)(level * exp(-t / 0.4) * sum / 8);
    }
}

/* Right answers of eight: a drum under which something else is struck, or already sounds.
 */
static int right_of_eight(enum synth_drum under, float gain, double chord, bool before,
                          bool (*right)(enum drum_class))
{
    int count = 0;
    for (uint64_t item = 0; item < 8; item++) {
        OWN(audio) a, b;
        size_t lead = (size_t)(DRUM_LEAD_S * 44100), n = lead + 11000;
        synth(&b, under, 44100, item);
        make(&a, (double)n / 44100, 1, 44100);
        strike_chord(&a, before ? 0 : lead, chord);
        for (size_t i = lead; i < n; i++)
            a.data[i] += b.data[i - lead];
        audio_done(&b);
        synth(&b, SYNTH_HAT_CLOSED, 44100, item + 20);
        for (size_t i = lead; i < n; i++)
            a.data[i] += gain * b.data[i - lead];
        struct drum_verdict v;
        assert_int_equal(drum_classify_in(&a, lead, &v, NULL), ST_OK);
        count += right(v.best);
    }
    return count;
}

static bool is_kick(enum drum_class c)
{
    return c == DRUM_KICK;
}

static bool is_snare(enum drum_class c)
{
    return c == DRUM_SNARE;
}

static void the_drum_is_heard_through_what_sounds_with_it(void **state)
{
    assert_true(right_of_eight(SYNTH_KICK, 0.3F, 0.2, false, is_kick) >= 8);
    assert_true(right_of_eight(SYNTH_SNARE, 0.3F, 0.2, true, is_snare) >= 8);
    assert_true(right_of_eight(SYNTH_HAT_CLOSED, 0, 0.2, true, is_hat) >= 8);
    assert_true(right_of_eight(SYNTH_HAT_CLOSED, 0, 0.1, false, is_hat) >= 8);
}

/* Saws or sines on some keys, struck at once, held and let go after 0.4 s. */
static void note(struct audio *a, const double *hz, int count, bool saw, int rate_hz)
{
    make(a, 0.45, 1, rate_hz);
    for (size_t i = 0; i < a->frames; i++) {
        double t = (double)i / rate_hz, sum = 0;
        for (int k = 0; k < count; k++) {
            int partials = saw ? (int)fmin(60, 0.45 * rate_hz / hz[k]) : 1;
            for (int p = 1; p <= partials; p++)
                sum += sin(2 * PI * p * hz[k] * t) / p;
        }
        double level = fmin(1, t / 0.004) * exp(-t / 0.8) * fmin(1, (0.45 - t) / 0.05);
        a->data[i] = (float)(0.2 * level * sum);
    }
}

static void a_note_is_no_drum(void **state)
{
    static const struct {
        double hz[3];
        int count;
        bool saw;
    } notes[] = {
        {{49}, 1, true},       {{65.4}, 1, true},
        {{98}, 1, false},      {{220}, 1, true},
        {{440}, 1, false},     {{196, 246.9, 293.7}, 3, true},
        {{110, 165}, 2, true}, {{523.3, 659.3, 784}, 3, false},
    };
    static const enum synth_drum drums[] = {SYNTH_KICK, SYNTH_SNARE, SYNTH_HAT_CLOSED};
    static const int rates[] = {44100, 48000, 96000};
    for (size_t r = 0; r < 3; r++) {
        for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
            OWN(audio) a;
            note(&a, notes[i].hz, notes[i].count, notes[i].saw, rates[r]);
            struct drum_verdict v = ask(&a);
            assert_true(v.drum < 0.5);
            assert_true(v.confidence <= v.drum);
        }
        for (uint64_t item = 0; item < 15; item++) {
            OWN(audio) a;
            synth(&a, drums[item % 3], rates[r], item);
            assert_true(ask(&a).drum > 0.8);
        }
    }
}

static void more_noise_means_less_confidence(void **state)
{
    double before = 1;
    for (int step = 0; step < 4; step++) { /* averaged over hits: no single accident */
        double mean = 0;
        for (uint64_t item = 0; item < 6; item++) {
            OWN(audio) hit;
            struct rng r = rng_derive(4, 0, "drum-class-noise", item);
            synth(&hit, SYNTH_KICK, 44100, item);
            double level = step == 0 ? 0 : 0.02 * pow(6, step);
            for (size_t i = 0; i < hit.frames; i++)
                hit.data[i] += (float)(level * rng_range(&r, -1, 1));
            mean += ask(&hit).probability[DRUM_KICK] / 6;
        }
        assert_true(mean <= before + 0.02);
        before = mean;
    }
    assert_true(before < 0.3);
}

static void anything_has_a_verdict(void **state)
{
    static const int rates[] = {8000, 44100, 192000};
    static const size_t sizes[] = {0, 1, 2, 10, 100, 1000, 20000};
    for (size_t r = 0; r < 3; r++) {
        for (size_t s = 0; s < 7; s++) {
            for (int kind = 0; kind < 5; kind++) {
                OWN(audio) a = tone_frames(sizes[s], 1, rates[r]);
                for (size_t i = 0; i < a.frames; i++)
                    a.data[i] = kind == 0   ? 0
                                : kind == 1 ? NAN
                                : kind == 2 ? (i % 2 ? INFINITY : 1e30F)
                                : kind == 3 ? 1e-20F
                                            : (i == 0 ? 1.0F : 0.0F);
                float f[DRUM_FEATURES];
                enum status st = features_of(&a, f);
                assert_true(st == ST_OK || st == ST_EMPTY);
                for (int i = 0; i < DRUM_FEATURES; i++)
                    assert_true(isfinite(f[i]));
                struct drum_verdict v = ask(&a);
                if (st == ST_EMPTY) {
                    assert_int_equal(v.best, DRUM_PERC);
                    assert_true(v.confidence == 0 && v.drum == 0);
                }
            }
        }
    }
}

static void pitch_is_measured(void **state)
{
    static const int rates[] = {8000, 44100, 96000};
    for (size_t k = 0; k < 3; k++)
        for (double hz = 50; hz < 900; hz *= 1.7) {
            OWN(audio) a;
            make(&a, 0.1, 1, rates[k]);
            for (size_t i = 0; i < a.frames; i++)
                a.data[i] = (float)sin(2 * PI * hz * (double)i / rates[k]);
            struct drum_pitch p;
            size_t n = (size_t)(0.06 * rates[k]);
            struct drum_pitch_meter *m = drum_pitch_meter_new(rates[k]);
            assert_non_null(m);
            drum_pitch(m, a.data, n, &p);
            drum_pitch_meter_free(m);
            assert_true(fabs(p.hz / hz - 1) < 0.03);
            assert_true(p.share > 0.5);
        }
}

/* An ear that has heard other hits hears the next as a fresh one does. */
static void an_ear_remembers_nothing(void **state)
{
    struct drum_ear *ear;
    assert_int_equal(drum_ear_new(&ear, 44100, NULL), ST_OK);
    for (uint64_t item = 0; item < 8; item++) {
        OWN(audio) hit;
        float a[DRUM_FEATURES], b[DRUM_FEATURES];
        synth(&hit, item % 2 ? SYNTH_KICK : SYNTH_HAT_CLOSED, 44100, item);
        hit.frames = item == 3 ? 700 : hit.frames;
        assert_int_equal(drum_ear_features(ear, &hit, 0, a, NULL), ST_OK);
        assert_int_equal(features_of(&hit, b), ST_OK);
        assert_memory_equal(a, b, sizeof a);
    }
    OWN(audio) other;
    float f[DRUM_FEATURES];
    make(&other, 0.1, 1, 48000);
    assert_int_equal(drum_ear_features(ear, &other, 0, f, NULL), ST_EMPTY);
    drum_ear_free(ear);
    assert_int_equal(drum_ear_new(&ear, 900, NULL), ST_EMPTY);
    assert_null(ear);
}

static void the_table_is_the_one_that_was_trained(void **state)
{
    assert_true(drum_nets_are_whole());
}

static void the_networks_say_what_training_computed(void **state)
{
    int trials = 0;
    for (const float *said; (said = drum_nets_trial(trials)) != NULL; trials++) {
        float x[DRUM_FEATURES];
        struct drum_opinion o;
        for (int i = 0; i < DRUM_FEATURES; i++)
            x[i] = (float)(2 * sin(i * (trials + 1.0)));
        drum_nets_ask(x, &o);
        for (int c = 0; c < DRUM_CLASS_COUNT; c++)
            assert_true(fabs(o.probability[c] - (double)said[c]) < 1e-4);
        assert_true(fabs(o.drum - (double)said[DRUM_CLASS_COUNT]) < 1e-4);
    }
    assert_int_equal(trials, 4);
}

static void names_go_both_ways(void **state)
{
    for (int c = 0; c < DRUM_CLASS_COUNT; c++)
        assert_int_equal(drum_class_find(drum_class_name((enum drum_class)c)), c);
    assert_int_equal(drum_class_find("gong"), -1);
    assert_int_equal(drum_class_find(""), -1);
}

/* Odds as they are counted: one of two is told with 0.475 each, ten others with 0.005. */
static void what_is_told_weighs_with_what_is_heard(void **state)
{
    struct drum_verdict v = {.best = DRUM_TOM_HIGH, .drum = 0.5};
    v.probability[DRUM_TOM_HIGH] = 0.90;
    v.probability[DRUM_SNARE] = 0.08;
    v.probability[DRUM_CLAP] = 0.02;
    drum_class_told(&v, 1u << DRUM_SNARE | 1u << DRUM_CLAP);
    double tom = 0.90 * 0.005, snare = 0.08 * 0.475, clap = 0.02 * 0.475;
    double all = tom + snare + clap;
    assert_int_equal(v.best, DRUM_SNARE);
    assert_true(fabs(v.probability[DRUM_SNARE] - snare / all) < 1e-12);
    assert_true(fabs(v.probability[DRUM_TOM_HIGH] - tom / all) < 1e-12);
    assert_true(fabs(v.drum - 0.95) < 1e-12);
    assert_true(fabs(v.confidence - 0.95 * snare / all) < 1e-12);
    struct drum_verdict sure = {.best = DRUM_KICK, .drum = 1};
    sure.probability[DRUM_KICK] = 0.999;
    sure.probability[DRUM_RIDE] = 0.001;
    drum_class_told(&sure, 1u << DRUM_RIDE);
    assert_int_equal(sure.best, DRUM_KICK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kick_snare_and_hat_are_told_apart),
        cmocka_unit_test(what_is_told_weighs_with_what_is_heard),
        cmocka_unit_test(the_rest_of_the_kit_is_told_apart),
        cmocka_unit_test(the_verdict_does_not_depend_on_level_or_channels),
        cmocka_unit_test(silence_before_the_attack_changes_nothing),
        cmocka_unit_test(what_sounded_before_is_taken_off),
        cmocka_unit_test(the_drum_is_heard_through_what_sounds_with_it),
        cmocka_unit_test(a_note_is_no_drum),
        cmocka_unit_test(more_noise_means_less_confidence),
        cmocka_unit_test(anything_has_a_verdict),
        cmocka_unit_test(pitch_is_measured),
        cmocka_unit_test(an_ear_remembers_nothing),
        cmocka_unit_test(the_table_is_the_one_that_was_trained),
        cmocka_unit_test(the_networks_say_what_training_computed),
        cmocka_unit_test(names_go_both_ways),
    };
    return cmocka_run_group_tests_name("drum_class", tests, NULL, NULL);
}
