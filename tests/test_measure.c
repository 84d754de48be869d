/* dsp/measure: levels, spectrum, pitch and grade of finished samples. */
#include "checks.h"
#include "dsp/brightness.h"
#include "dsp/level.h"
#include "dsp/measure.h"
#include "tone.h"

#include <math.h>

static struct measures measured(const struct audio *a)
{
    struct measures m;
    measures_clear(&m);
    assert_int_equal(measure_sample(a, &m, NULL), ST_OK);
    return m;
}

static void a_sine_is_what_it_is(void **state)
{
    OWN(audio) a = tone_frames(88200, 2, 44100);
    tone_add(&a, -1, 1000, 0.5, 0);
    struct measures m = measured(&a);
    assert_true(m.duration_sec == 2.0 && m.channels == 2);
    assert_true(fabs(m.rms_db + 9.03) < 0.01 && fabs(m.peak_dbfs + 6.02) < 0.01);
    assert_true(fabs(m.crest_factor - 1.41421) < 0.001);
    assert_true(fabs(m.centroid_hz - 1000) < 10 && m.flatness < 0.001);
    assert_true(fabs(tone_cents(m.est_freq_hz, 1000)) < 1);
    assert_true(fabs(m.lufs + 6.02) < 0.1);
    assert_true(isnan(m.score) && isnan(m.seam_error_db));
}

/* One measurer for many sounds says of each what one of its own says. */
static void a_measurer_remembers_nothing(void **state)
{
    struct measurer *by;
    assert_int_equal(measurer_new(&by, 44100, NULL), ST_OK);
    static const size_t frames[] = {30000, 100, 4410, 60000, 1};
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        struct rng r = rng_derive(6, i, "test", 0);
        struct measures m;
        OWN(audio) a = tone_frames(frames[i], 1 + (int)i % 2, 44100);
        tone_add(&a, -1, 300 + 100 * (double)i, 0.5, 0.2);
        tone_noise(&a, 0.01, &r);
        measures_clear(&m);
        assert_int_equal(measurer_add(by, &a, &m, NULL), ST_OK);
        measurer_finish(by);
        struct measures alone = measured(&a);
        assert_memory_equal(&m, &alone, sizeof m);
    }
    struct measures m;
    OWN(audio) other = tone_frames(1000, 1, 48000);
    tone_add(&other, -1, 300, 0.5, 0);
    assert_int_equal(measurer_add(by, &other, &m, NULL), ST_UNSUPPORTED);
    measurer_free(by);
}

/* A tone in two thirds of the sound under louder noise in the rest, or in one third. */
static void part_tone(struct audio *a, size_t number)
{
    struct rng r = rng_derive(7, number, "test", 0);
    audio_init(a, 9000 + 2500 * number, 1, 44100, NULL);
    tone_add(a, 0, 110 + 40 * (double)number, 0.3, 0);
    size_t third = a->frames / 3;
    for (size_t i = 0; i < (number % 2 ? third : 2 * third); i++)
        a->data[i] = (float)rng_range(&r, -0.3, 0.3);
}

/* Heard together, the loudest first and only as far as needed, sounds have the pitch they
 * have alone: that of most of their weight. */
static void sounds_heard_together_do_not_mix(void **state)
{
    enum { SOUNDS = 21 };
    struct audio a[SOUNDS];
    struct measures m[SOUNDS];
    struct measurer *by;
    assert_int_equal(measurer_new(&by, 44100, NULL), ST_OK);
    for (size_t i = 0; i < SOUNDS; i++) {
        part_tone(&a[i], i);
        measures_clear(&m[i]);
        assert_int_equal(measurer_add(by, &a[i], &m[i], NULL), ST_OK);
        assert_true(isnan(m[i].est_freq_hz));
    }
    measurer_finish(by);
    for (size_t i = 0; i < SOUNDS; i++) {
        struct measures alone = measured(&a[i]);
        assert_memory_equal(&m[i], &alone, sizeof alone);
        double cents = fabs(tone_cents(m[i].est_freq_hz, 110 + 40 * (double)i));
        assert_true(i % 2 ? cents < 5 : isnan(m[i].est_freq_hz));
        audio_done(&a[i]);
    }
    measurer_free(by);
}

static void noise_is_flat_and_has_no_pitch(void **state)
{
    struct rng r = rng_derive(5, 0, "test", 0);
    OWN(audio) a = tone_frames(44100, 1, 44100);
    tone_noise(&a, 0.1, &r);
    struct measures m = measured(&a);
    assert_true(isnan(m.est_freq_hz));
    assert_true(m.flatness > 0.5 && fabs(m.centroid_hz - 11025) < 300);
}

/* Rich tones, some without their fundamental's strength, at every rate: no octave slips.
 */
static void pitches_are_right_in_every_octave(void **state)
{
    static const int rates[] = {8000, 22050, 44100, 96000};
    for (size_t k = 0; k < 4; k++)
        for (double hz = 41.2; hz < 1900; hz *= 1.17) {
            OWN(audio) a = tone_frames((size_t)rates[k] / 2, 1, rates[k]);
            tone_harmonic(&a, hz, 0.3, fmin(6000, 0.45 * rates[k]));
            if (2 * hz < 0.45 * rates[k])
                tone_add(&a, 0, 2 * hz, 0.3, 1.1); /* a loud octave */
            struct rng r = rng_derive(k, 0, "test", 0);
            tone_noise(&a, 0.01, &r);
            assert_true(fabs(tone_cents(measured(&a).est_freq_hz, hz)) < 5);
        }
}

static void odd_sounds_have_honest_measures(void **state)
{
    OWN(audio) a = tone_frames(1000, 3, 44100);
    struct measures m = measured(&a);
    assert_true(m.rms_db == -200 && m.peak_dbfs == -200);
    assert_true(isnan(m.crest_factor) && isnan(m.centroid_hz) && isnan(m.lufs));
    for (size_t i = 0; i < 3000; i++)
        a.data[i] = NAN;
    m = measured(&a);
    assert_true(m.rms_db == -200 && isnan(m.flatness));
    audio_done(&a);
    audio_init(&a, 0, 1, 44100, NULL);
    m = measured(&a);
    assert_true(m.duration_sec == 0 && isnan(m.centroid_hz));
    audio_done(&a);
    audio_init(&a, 300, 1, 8000, NULL); /* shorter than any window */
    tone_add(&a, 0, 1000, 0.5, 0);
    m = measured(&a);
    assert_true(fabs(m.centroid_hz - 1000) < 150 && isnan(m.lufs));
    audio_done(&a);
    audio_init(&a, 44100, 2, 44100, NULL); /* channels in antiphase */
    tone_add(&a, 0, 500, 0.5, 0);
    tone_add(&a, 1, 500, -0.5, 0);
    m = measured(&a);
    assert_true(fabs(m.centroid_hz - 500) < 20);
    assert_true(fabs(tone_cents(m.est_freq_hz, 500)) < 1);
}

static void grades_follow_the_table(void **state)
{
    static const struct grade_limits limits = {-60, 0.01, 25};
    struct measures m;
    measures_clear(&m);
    assert_int_equal(measure_grade(&m, &limits), 'F');
    m.rms_db = -20;
    m.peak_dbfs = -1;
    m.crest_factor = 4;
    assert_int_equal(measure_grade(&m, &limits), 'A');
    m.seam_error_db = -31;
    assert_int_equal(measure_grade(&m, &limits), 'A');
    m.seam_error_db = -29;
    assert_int_equal(measure_grade(&m, &limits), 'B');
    m.seam_error_db = -40;
    m.crest_factor = 15.1;
    assert_int_equal(measure_grade(&m, &limits), 'B');
    m.crest_factor = 25.1;
    assert_int_equal(measure_grade(&m, &limits), 'F');
    m.crest_factor = 4;
    m.rms_db = -45;
    assert_int_equal(measure_grade(&m, &limits), 'B');
    m.rms_db = -60.1;
    assert_int_equal(measure_grade(&m, &limits), 'F');
    m.rms_db = -20;
    m.peak_dbfs = level_to_db(0.9901);
    assert_int_equal(measure_grade(&m, &limits), 'F');
}

static void brightness_has_three_words(void **state)
{
    assert_string_equal(brightness_tag(1199.0, 1200.0, 4000.0), "dark");
    assert_string_equal(brightness_tag(1200.0, 1200.0, 4000.0), "mid");
    assert_string_equal(brightness_tag(4000.1, 1200.0, 4000.0), "bright");
    assert_string_equal(brightness_tag((double)NAN, 1200.0, 4000.0), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sine_is_what_it_is),
        cmocka_unit_test(a_measurer_remembers_nothing),
        cmocka_unit_test(sounds_heard_together_do_not_mix),
        cmocka_unit_test(noise_is_flat_and_has_no_pitch),
        cmocka_unit_test(pitches_are_right_in_every_octave),
        cmocka_unit_test(odd_sounds_have_honest_measures),
        cmocka_unit_test(grades_follow_the_table),
        cmocka_unit_test(brightness_has_three_words),
    };
    return cmocka_run_group_tests_name("measure", tests, NULL, NULL);
}
