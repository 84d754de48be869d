/* dsp/blend: a mixture wavers no more than what it is made of. */
#include "checks.h"
#include "dsp/blend.h"
#include "dsp/level.h"
#include "tone.h"

#include <math.h>

static const double seconds = 10, quarter_turn = 1.57079632679489662;

static double whole(const struct audio *a, double from, double to)
{
    return level_to_db(
        level_rms_range(a, (size_t)(from * a->rate_hz), (size_t)(to * a->rate_hz)));
}

/* What equal power alone makes of frame i. */
static double plainly(const struct audio *x, const struct audio *y, size_t i, double end)
{
    double angle = end * quarter_turn * (double)i / (double)x->frames;
    return cos(angle) * (double)x->data[i] + sin(angle) * (double)y->data[i];
}

static struct audio tone_of(double hz, double phase)
{
    struct audio a = tone_blank(seconds, 1, 44100);
    tone_add(&a, 0, hz, 0.2, phase);
    return a;
}

/* Two tones 4 Hz apart are as strong half-way: there nothing is left of them four times a
 * second. */
static void beats_are_evened_out(void **state)
{
    OWN(audio) a = tone_of(440, 0), b = tone_of(444, 1);
    OWN(audio) plain = tone_blank(seconds, 1, 44100);
    for (size_t i = 0; i < a.frames; i++)
        plain.data[i] = (float)plainly(&a, &b, i, 1);
    double least, most;
    tone_wavering(&plain, 22050, &least, &most);
    assert_true(least < -9 && most > 2.3);
    assert_int_equal(blend(&a, &b, 1, NULL), ST_OK);
    tone_wavering(&a, 22050, &least, &most);
    assert_true(least > -3.3 && most < 1);
    /* and neither louder nor softer by it */
    for (int s = 0; s < (int)seconds; s++)
        assert_close(whole(&a, s, s + 1), whole(&plain, s, s + 1), 0.5);
}

/* What adds in power as it is stays as it is. */
static void what_does_not_beat_is_left_alone(void **state)
{
    static const double hz[] = {41.2, 55, 220, 3000};
    for (int k = 0; k < 4; k++) {
        OWN(audio) a = tone_of(hz[k], 0), b = tone_of(hz[k], quarter_turn), was;
        audio_slice(&was, &a, 0, a.frames, NULL);
        assert_int_equal(blend(&a, &b, 0.8, NULL), ST_OK);
        double worst = 0;
        for (size_t i = 0; i < a.frames; i++)
            worst = fmax(worst, fabs((double)a.data[i] - plainly(&was, &b, i, 0.8)));
        assert_true(worst < 1e-6);
    }
}

static double depth_db(const struct audio *a, double from)
{
    double least = 99, most = -99;
    for (int i = 0; i < 40; i++) {
        double now = whole(a, from + 0.025 * i, from + 0.025 * i + 0.05);
        least = fmin(least, now);
        most = fmax(most, now);
    }
    return most - least;
}

/* The tremolo of what is there first goes as that one goes. */
static void a_tremolo_of_its_own_goes_with_it(void **state)
{
    OWN(audio) a = tone_of(440, 0), b = tone_of(440, quarter_turn);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] *= (float)(1 + 0.4 * sin(8 * quarter_turn * (double)i / 22050));
    double own = depth_db(&a, 1);
    assert_true(own > 5.5);
    assert_int_equal(blend(&a, &b, 1, NULL), ST_OK);
    assert_true(depth_db(&a, 0.2) > own - 1);
    double half = depth_db(&a, 4.5);
    assert_true(half > 0.45 * own && half < 0.56 * own);
    assert_true(depth_db(&a, 8.8) < 0.5);
}

/* What breaks off in both breaks off in the mixture: what is left there, 60 dB below,
 * comes up by the most that a gain may be. */
static void gaps_are_not_filled(void **state)
{
    OWN(audio) a = tone_of(440, 0), b = tone_of(440, quarter_turn);
    for (size_t i = (size_t)(9.3 * 44100); i < (size_t)(9.5 * 44100); i++) {
        a.data[i] *= 0.001F;
        b.data[i] *= 0.001F;
    }
    double left = whole(&b, 9.36, 9.44);
    assert_int_equal(blend(&a, &b, 1, NULL), ST_OK);
    assert_true(whole(&a, 9.36, 9.44) < left + 12.1);
}

/* One gain for both: the place of a sound stays its place. */
static void the_image_is_kept(void **state)
{
    OWN(audio) a = tone_blank(seconds, 2, 44100), b = tone_blank(seconds, 2, 44100);
    tone_add(&a, 0, 440, 0.2, 0);
    tone_add(&b, 0, 443, 0.2, 0);
    for (size_t i = 0; i < a.frames; i++) {
        a.data[2 * i + 1] = -0.25f * a.data[2 * i];
        b.data[2 * i + 1] = -0.25f * b.data[2 * i];
    }
    assert_int_equal(blend(&a, &b, 1, NULL), ST_OK);
    for (size_t i = 0; i < a.frames; i++)
        assert_true(fabs((double)a.data[2 * i + 1] + 0.25 * (double)a.data[2 * i]) <
                    1e-6);
}

static void odd_sounds_are_survived(void **state)
{
    static const size_t frames[] = {0, 1, 17, 1024, 5000, 9216, 10240, 22050};
    static const int rates[] = {1000, 8000, 44100, 192000};
    for (size_t r = 0; r < 4; r++)
        for (size_t k = 0; k < 8; k++)
            for (int fill = 0; fill < 3; fill++) {
                OWN(audio) a = tone_frames(frames[k], 2, rates[r]);
                OWN(audio) b = tone_frames(frames[k], 2, rates[r]);
                for (size_t i = 0; fill && i < 2 * frames[k]; i++) {
                    a.data[i] = fill == 2 && i % 3 == 0 ? NAN : 0.25f;
                    b.data[i] = fill == 2 && i % 5 == 0 ? -INFINITY : -0.25f;
                }
                assert_int_equal(blend(&a, &b, 1, NULL), ST_OK);
                assert_int_equal(a.frames, frames[k]);
                for (size_t i = 0; i < 2 * frames[k]; i++)
                    assert_true(isfinite(a.data[i]) && (fill || a.data[i] == 0.0f));
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beats_are_evened_out),
        cmocka_unit_test(what_does_not_beat_is_left_alone),
        cmocka_unit_test(a_tremolo_of_its_own_goes_with_it),
        cmocka_unit_test(gaps_are_not_filled),
        cmocka_unit_test(the_image_is_kept),
        cmocka_unit_test(odd_sounds_are_survived),
    };
    return cmocka_run_group_tests_name("blend", tests, NULL, NULL);
}
