/* dsp/drone: tones, reversal, swells. */
#include "checks.h"
#include "core/pi.h"
#include "core/rng.h"
#include "dsp/biquad.h"
#include "dsp/drone.h"
#include "dsp/level.h"
#include "dsp/seam.h"
#include "tone.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* Exactly periodic in its length: a seamless pad. */
static struct audio pad_loop(size_t frames, int channels)
{
    struct audio a = tone_frames(frames, channels, 44100);
    for (int k = 1; k < 60; k++)
        for (int c = 0; c < channels; c++) {
            double cycles = rint(110.0 * k * (double)frames / 44100) + c;
            tone_add(&a, c, cycles * 44100 / (double)frames, 0.15 / k, 0.3 * k * k);
        }
    return a;
}

static const struct drone_tones corners = {3500, 5500, 1200};

static void tones_tilt_keep_level_and_loop(void **state)
{
    OWN(audio) pad = pad_loop(88211, 2);
    double plain = tone_centroid(&pad), rms = level_rms(&pad), at[DRONE_TONES] = {plain};
    for (int tone = DRONE_WARM; tone < DRONE_TONES; tone++) {
        OWN(audio) a;
        audio_slice(&a, &pad, 0, pad.frames, NULL);
        assert_int_equal(drone_colour(&a, (enum drone_tone)tone, &corners, NULL), ST_OK);
        assert_int_equal(a.frames, pad.frames);
        at[tone] = tone_centroid(&a);
        assert_true(fabs(level_to_db(level_rms(&a) / rms)) < 0.01 ||
                    fabs(level_to_db(level_true_peak(&a, true)) + 1) < 0.01);
        assert_true(tone_join_kink(&a) <= 1.001);
        struct seam seam;
        assert_int_equal(seam_measure(&a, &seam, NULL), ST_OK);
        assert_true(seam.seamless);
    }
    assert_true(at[DRONE_DARK] < 0.8 * at[DRONE_WARM]);
    assert_true(at[DRONE_WARM] < 0.9 * plain);
    assert_true(at[DRONE_AIRY] > 1.5 * plain);
    /* where there is no room for its level the true peak is the ceiling's */
    level_gain(&pad, 0.99 / level_peak(&pad));
    assert_int_equal(drone_colour(&pad, DRONE_AIRY, &corners, NULL), ST_OK);
    assert_true(fabs(level_to_db(level_true_peak(&pad, true)) + 1) < 0.01);
}

static void corners_are_where_the_config_says(void **state)
{
    static const double corner[DRONE_TONES] = {0, 3500, 5500, 1200};
    for (int tone = DRONE_WARM; tone < DRONE_TONES; tone++) {
        OWN(audio) a = tone_frames(44100, 1, 44100);
        double pass = tone == DRONE_AIRY ? 18000 : 600, stop = corner[tone];
        tone_add(&a, 0, pass, 0.1, 0);
        tone_add(&a, 0, stop, 0.1, 0);
        assert_int_equal(drone_colour(&a, (enum drone_tone)tone, &corners, NULL), ST_OK);
        double high = tone_partial(&a, 0, 4000, 32768, pass).amplitude;
        double low = tone_partial(&a, 0, 4000, 32768, stop).amplitude;
        double drop = level_to_db(low / high);
        assert_true(drop < -2 && drop > -7.5);
    }
}

/* Warm has 2 dB more below 250 Hz; the others have not. */
static void warm_has_body(void **state)
{
    struct drone_tones t = {16000, 5500, 16000};
    for (int tone = DRONE_WARM; tone < DRONE_TONES; tone++) {
        OWN(audio) a = tone_frames(44100, 1, 44100);
        tone_add(&a, 0, 50, 0.1, 0);
        tone_add(&a, 0, 1500, 0.1, 0);
        assert_int_equal(drone_colour(&a, (enum drone_tone)tone, &t, NULL), ST_OK);
        double low = tone_partial(&a, 0, 4000, 32768, 50).amplitude;
        double high = tone_partial(&a, 0, 4000, 32768, 1500).amplitude;
        double more = level_to_db(low / high);
        if (tone == DRONE_WARM)
            assert_true(more > 1.5 && more < 2.2);
        else
            assert_true(more < 0.1);
    }
}

/* A hat far under a low tone, four times a loop: a tilt lifts it over the tone. */
static struct audio hats_over_a_tone(void)
{
    struct rng r = rng_derive(1, 0, "hats", 0);
    struct audio a = tone_frames(88200, 1, 44100);
    tone_add(&a, 0, 220, 0.5, 0);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] += (float)(0.15 * exp(-(double)(i % 22050) / 700) * rng_gauss(&r));
    return a;
}

/* The furthest 50 ms from the mean level, dB. */
static double furthest_db(const struct audio *a)
{
    size_t block = (size_t)a->rate_hz / 20;
    double furthest = 0, mean_db = level_to_db(level_rms(a));
    for (size_t i = 0; i + block <= a->frames; i += block)
        furthest =
            fmax(furthest, fabs(level_to_db(level_rms_range(a, i, i + block)) - mean_db));
    return furthest;
}

static void what_a_shade_brings_out_is_held(void **state)
{
    OWN(audio) pad = hats_over_a_tone(), once;
    audio_slice(&once, &pad, 0, pad.frames, NULL);
    assert_true(furthest_db(&pad) < 0.2);
    struct biquad airy = biquad_highpass(1, corners.airy_highpass_hz, once.rate_hz);
    biquad_circular(&airy, &once);
    assert_int_equal(drone_colour(&pad, DRONE_AIRY, &corners, NULL), ST_OK);
    assert_true(furthest_db(&once) > 8); /* as it came out of the filter */
    assert_true(furthest_db(&pad) < 6.3);
    struct seam seam;
    assert_int_equal(seam_measure(&pad, &seam, NULL), ST_OK);
    assert_true(seam.step <= 1 && seam.slope <= 1);
}

static void reversal_is_its_own_inverse(void **state)
{
    for (size_t n = 0; n < 6; n++) {
        OWN(audio) a = tone_frames(n, 2, 44100);
        for (size_t i = 0; i < 2 * n; i++)
            a.data[i] = (float)i;
        drone_reverse(&a);
        for (size_t i = 0; i < n; i++)
            assert_true(a.data[2 * i] == (float)(2 * (n - 1 - i)) &&
                        a.data[2 * i + 1] == (float)(2 * (n - 1 - i) + 1));
        drone_reverse(&a);
        for (size_t i = 0; i < 2 * n; i++)
            assert_true(a.data[i] == (float)i);
    }
}

static void swells_rise_and_fall_at_their_length(void **state)
{
    static const double durations[] = {0.5, 3.3, 10};
    for (size_t i = 0; i < 3; i++)
        for (int reversed = 0; reversed < 2; reversed++) {
            OWN(audio) pad = pad_loop(88211, 2), a;
            struct swell_spec s = {durations[i], 1, 2.5, reversed};
            struct rng r = rng_derive(1, 0, "swell", 0), same = r;
            assert_int_equal(drone_swell(&a, &pad, &s, &r, NULL), ST_OK);
            assert_int_equal(a.frames, llround(durations[i] * 44100));
            size_t n = a.frames, part = n / 20;
            for (size_t c = 0; c < 2; c++)
                assert_true(a.data[c] == 0.0f && a.data[2 * n - 2 + c] == 0.0f);
            double start = level_rms_range(&a, 0, part / 4);
            double middle =
                0; /* where it is loudest: the fades of short ones meet early */
            for (size_t at = 0; at + part <= n; at += part)
                middle = fmax(middle, level_rms_range(&a, at, at + part));
            double end = level_rms_range(&a, n - part / 4, n);
            assert_true(level_to_db(start / middle) < -20);
            assert_true(level_to_db(end / middle) < -15);
            assert_true(fabs(level_to_db(middle / level_rms(&pad))) < 3);
            /* no clicks and no holes: neighbouring 50 ms differ little in the middle */
            for (size_t at = n / 3; i == 2 && at + 4410 < 2 * n / 3; at += 2205) {
                double x = level_rms_range(&a, at, at + 2205);
                double y = level_rms_range(&a, at + 2205, at + 4410);
                assert_true(fabs(level_to_db(x / y)) < 6);
            }
            OWN(audio) again;
            assert_int_equal(drone_swell(&again, &pad, &s, &same, NULL), ST_OK);
            assert_memory_equal(a.data, again.data, 2 * n * sizeof *a.data);
        }
}

/* The largest step from one frame to the next, the silence around it included. */
static double step_of(const struct audio *a, size_t from, size_t end)
{
    double most = 0;
    for (size_t i = from; i <= end; i++)
        for (size_t c = 0; c < 2; c++) {
            double before = i > 0 ? (double)a->data[2 * (i - 1) + c] : 0;
            double now = i < a->frames ? (double)a->data[2 * i + c] : 0;
            most = fmax(most, fabs(now - before));
        }
    return most;
}

/* With fades of nothing they still begin and end without a click. */
static void swells_without_fades_do_not_click(void **state)
{
    for (int reversed = 0; reversed < 2; reversed++)
        for (uint64_t seed = 0; seed < 4; seed++) {
            OWN(audio) pad = pad_loop(88211, 2), a;
            struct swell_spec s = {2, 0, 0, reversed};
            struct rng r = rng_derive(seed, 0, "swell", 0);
            assert_int_equal(drone_swell(&a, &pad, &s, &r, NULL), ST_OK);
            double own = step_of(&a, a.frames / 3, 2 * a.frames / 3);
            assert_true(step_of(&a, 0, 441) < own);
            assert_true(step_of(&a, a.frames - 441, a.frames) < own);
            assert_true(step_of(&a, 0, 22) < 0.1 * own);
            assert_true(step_of(&a, a.frames - 22, a.frames) < 0.1 * own);
            assert_true(level_rms_range(&a, 441, 2205) > 0.3 * level_rms(&pad));
        }
}

/* A swell of a loop of 3 s: 50 ms of it lie within so many dB of the second around. */
static void check_wavering(const struct audio *pad, uint64_t seed, double bound_db)
{
    OWN(audio) a;
    struct swell_spec s = {14, 1, 2.5, false};
    struct rng r = rng_derive(seed, 0, "swell", 0);
    double least, most;
    assert_int_equal(drone_swell(&a, pad, &s, &r, NULL), ST_OK);
    tone_wavering(&a, 132300, &least, &most);
    assert_true(least > -bound_db && most < bound_db);
}

/* A swell of a steady tone is as steady, and one whose pitch sways by less than a hertz
 * nearly: what is smeared of it keeps a quarter turn from what is not, however far the
 * phase has come. With phases by chance 50 ms of them lay within −15 … +6 dB; with phases
 * that just go on, at −16 where it sways. */
static void swells_of_steady_tones_do_not_waver(void **state)
{
    static const double sway[] = {0, 1.5}, bound[] = {0.1, 1};
    for (int k = 0; k < 2; k++)
        for (uint64_t seed = 0; seed < 4; seed++) {
            OWN(audio) pad = tone_frames(132300, 1, 44100);
            for (size_t i = 0; i < pad.frames; i++) {
                double t = 2 * PI * (double)i / 132300;
                pad.data[i] = 0.2f * (float)sin(660 * t + sway[k] * sin(t));
            }
            check_wavering(&pad, seed, bound[k]);
        }
}

/* Three partials of a flute that trembles 5.5 times a second, over 66 cycles of which the
 * loop closes. The pad's own partials do not waver. */
static struct audio trembling_pad(double cents)
{
    struct audio a = tone_frames(132300, 1, 44100);
    double round = 2 * PI, tremble = 16; /* times in 3 s */
    for (size_t i = 0; i < a.frames; i++) {
        double t = round * (double)i / 132300;
        double sway = 1320 * (exp2(cents / 1200) - 1) / tremble * sin(tremble * t);
        for (int k = 1; k <= 3; k++)
            a.data[i] += (float)(0.2 / (k * k * k) * sin(k * (1320 * t + sway)));
    }
    return a;
}

/* A partial that trembles by more than the window of the smear can tell apart has the
 * phases of noise there, and meets the one it is mixed with in any: 50 ms of these swells
 * lay within −6.0 … +4.0 dB of the second around, now within −2.2 … +1.5. */
static void swells_of_trembling_tones_do_not_waver(void **state)
{
    static const double cents[] = {10, 40, 80}, bound[] = {0.8, 2.5, 2.5};
    for (int k = 0; k < 3; k++)
        for (uint64_t seed = 0; seed < 4; seed++) {
            OWN(audio) pad = trembling_pad(cents[k]);
            check_wavering(&pad, seed, bound[k]);
        }
}

static void odd_pads_are_refused_or_survived(void **state)
{
    struct swell_spec s = {0.3, 1, 2.5, false};
    struct rng r = rng_derive(1, 0, "swell", 0);
    static const size_t lengths[] = {0, 1, 2, 17, 1000};
    for (size_t i = 0; i < 5; i++) {
        OWN(audio) out;
        OWN(audio) a = tone_frames(lengths[i], 2, 44100);
        assert_int_equal(drone_swell(&out, &a, &s, &r, NULL), ST_EMPTY);
        for (int tone = 0; tone < DRONE_TONES; tone++)
            assert_int_equal(drone_colour(&a, (enum drone_tone)tone, &corners, NULL),
                             ST_OK);
        for (size_t k = 0; k < 2 * a.frames; k++)
            a.data[k] = k % 3 ? 0.25f : NAN;
        enum status st = drone_swell(&out, &a, &s, &r, NULL);
        assert_int_equal(st, lengths[i] ? ST_OK : ST_EMPTY);
        for (size_t k = 0; k < 2 * out.frames; k++)
            assert_true(isfinite(out.data[k]));
    }
    struct audio a = pad_loop(4410, 1), out;
    s.duration_s = -1;
    assert_int_equal(drone_swell(&out, &a, &s, &r, NULL), ST_USAGE);
    s.duration_s = (double)NAN;
    assert_int_equal(drone_swell(&out, &a, &s, &r, NULL), ST_USAGE);
    audio_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tones_tilt_keep_level_and_loop),
        cmocka_unit_test(corners_are_where_the_config_says),
        cmocka_unit_test(warm_has_body),
        cmocka_unit_test(what_a_shade_brings_out_is_held),
        cmocka_unit_test(reversal_is_its_own_inverse),
        cmocka_unit_test(swells_rise_and_fall_at_their_length),
        cmocka_unit_test(swells_without_fades_do_not_click),
        cmocka_unit_test(swells_of_steady_tones_do_not_waver),
        cmocka_unit_test(swells_of_trembling_tones_do_not_waver),
        cmocka_unit_test(odd_pads_are_refused_or_survived),
    };
    return cmocka_run_group_tests_name("drone", tests, NULL, NULL);
}
