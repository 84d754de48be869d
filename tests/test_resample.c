/* dsp/resample: lengths, alignment, purity, loops, grains' varispeed. */
#include "checks.h"
#include "core/pi.h"
#include "dsp/converter.h"
#include "dsp/level.h"
#include "dsp/resample.h"
#include "tone.h"

#include <math.h>

static struct audio sine(size_t frames, int channels, int rate_hz, double hz)
{
    struct audio a = tone_frames(frames, channels, rate_hz);
    tone_add(&a, -1, hz, 0.5, 0.3);
    return a;
}

static double worst_against_sine(const struct audio *a, double hz, size_t from, size_t to)
{
    double worst = 0;
    for (size_t i = from; i < to; i++)
        for (int c = 0; c < a->channels; c++) {
            double want = 0.5 * sin(2 * PI * hz * (double)i / a->rate_hz + 0.3);
            double got = (double)a->data[i * (size_t)a->channels + (size_t)c];
            worst = fmax(worst, fabs(got - want));
        }
    return worst;
}

static void rates_keep_time_and_length(void **state)
{
    static const struct {
        int from, to;
    } pair[] = {{48000, 44100}, {44100, 48000}, {8000, 44100},
                {96000, 44100}, {44100, 8000},  {11025, 192000}};
    for (size_t i = 0; i < 2 * sizeof pair / sizeof *pair; i++) {
        int from = pair[i / 2].from, to = pair[i / 2].to;
        size_t frames = (size_t)from + i % 2 * 7; /* no whole number at the other rate */
        OWN(audio) a = sine(frames, 2, from, 997), b;
        assert_int_equal(resample_rate(&b, &a, to, RESAMPLE_MEDIUM, NULL), ST_OK);
        assert_int_equal(b.frames, llround((double)frames * to / from));
        assert_int_equal(b.rate_hz, to);
        /* any shift of a hundredth of a frame at 997 Hz would be seen */
        assert_true(worst_against_sine(&b, 997, b.frames / 4, 3 * b.frames / 4) < 2e-5);
    }
}

/* The converter's own sum is libsamplerate's, at every rate it knows. */
static void converter_gives_what_libsamplerate_gives(void **state)
{
    static const int rates[][2] = {{48000, 44100},  {96000, 44100}, {22050, 44100},
                                   {32000, 44100},  {44100, 48000}, {8000, 44100},
                                   {192000, 44100}, {88200, 44100}, {44100, 96000}};
    double worst = 0;
    static const size_t lengths[] = {4801, 300, 1, 7, 0};
    for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) {
        struct converter *c;
        int from = rates[k][0], to = rates[k][1];
        assert_int_equal(converter_new(&c, from, to, NULL), ST_OK);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            struct rng r = rng_derive(3, i, "converter", 0);
            OWN(audio) whole, want, got;
            int channels = 1 + (int)(i % 2);
            OWN(audio) in = tone_frames(lengths[i], channels, from);
            tone_noise(&in, 0.2, &r);
            /* libsamplerate is asked for whole units: then its ratio is that of the rates
             */
            size_t unit = (size_t)from / 100, units = lengths[i] / unit + 2;
            assert_int_equal(audio_slice(&whole, &in, 0, units * unit, NULL), ST_OK);
            assert_int_equal(resample_rate(&want, &whole, to, RESAMPLE_MEDIUM, NULL),
                             ST_OK);
            assert_int_equal(converter_run(c, &got, &in, NULL), ST_OK);
            assert_int_equal(got.rate_hz, to);
            assert_int_equal(got.frames, llround((double)lengths[i] * to / from) +
                                             (lengths[i] == 1 && to * 2 < from));
            for (size_t s = 0; s < got.frames * (size_t)channels; s++)
                worst = fmax(worst, (double)fabsf(got.data[s] - want.data[s]));
            assert_true(worst < 1e-6);
        }
        converter_free(c);
    }
}

/* Loops, whose ratio is that of whole frames, as libsamplerate has them: tones up to
 * the corner, which lies where the rates put it, not the whole frames. */
static void converter_turns_loops_as_libsamplerate_does(void **state)
{
    static const int rates[][2] = {{48000, 44100}, {96000, 44100}, {44100, 48000},
                                   {32000, 44100}, {88200, 44100}, {44100, 44100}};
    static const size_t lengths[] = {24011, 3001, 70, 1, 0};
    for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) {
        struct converter *c;
        int from = rates[k][0], to = rates[k][1];
        assert_int_equal(converter_new(&c, from, to, NULL), ST_OK);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            struct audio want, got;
            int channels = 1 + (int)(i % 2);
            struct audio in = tone_frames(lengths[i], channels, from);
            for (int tone = 1; tone <= 12; tone++) {
                double hz = tone * 0.033 * (from < to ? from : to);
                double cycles = floor(hz / from * (double)in.frames);
                for (size_t s = 0; s < in.frames * (size_t)channels; s++)
                    in.data[s] +=
                        (float)(sin(2 * PI * cycles * (double)(s / (size_t)channels) /
                                        (double)in.frames +
                                    tone) /
                                12);
            }
            assert_int_equal(converter_loop(c, &got, &in, NULL), ST_OK);
            assert_int_equal(got.rate_hz, to);
            assert_int_equal(got.frames, llround((double)lengths[i] * to / from) +
                                             (lengths[i] == 1 && to * 2 < from));
            assert_int_equal(resample_loop(&want, &in, got.frames, NULL), ST_OK);
            for (size_t s = 0; s < got.frames * (size_t)channels; s++)
                assert_true(fabsf(got.data[s] - want.data[s]) < 2e-6F);
            in.rate_hz++;
            audio_done(&got);
            assert_int_equal(converter_loop(c, &got, &in, NULL), ST_USAGE);
            audio_done(&in);
            audio_done(&want);
        }
        converter_free(c);
    }
}

/* Rates without a common measure, and none at all. */
static void converter_takes_any_rate(void **state)
{
    static const int rates[] = {44099, 44100, 1000, 768000};
    for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) {
        struct converter *c;
        struct audio in = sine((size_t)rates[k], 1, rates[k], 300), got;
        assert_int_equal(converter_new(&c, rates[k], 44100, NULL), ST_OK);
        assert_int_equal(converter_run(c, &got, &in, NULL), ST_OK);
        assert_int_equal(got.frames, 44100);
        assert_true(worst_against_sine(&got, 300, 11025, 33075) < 3e-5);
        audio_done(&got);
        in.rate_hz++;
        assert_int_equal(converter_run(c, &got, &in, NULL), ST_USAGE);
        audio_done(&in);
        converter_free(c);
    }
}

static void an_impulse_stays_where_it_was(void **state)
{
    OWN(audio) b;
    OWN(audio) a = tone_frames(4801, 1, 48000);
    a.data[480] = 1.0f; /* 10 ms */
    assert_int_equal(resample_rate(&b, &a, 44100, RESAMPLE_BEST, NULL), ST_OK);
    assert_int_equal(b.frames, 4411);
    size_t top = 0;
    double weight = 0, centre = 0;
    for (size_t i = 0; i < b.frames; i++) {
        if (b.data[i] > b.data[top])
            top = i;
        double x = (double)b.data[i];
        weight += x * x;
        centre += x * x * (double)i;
    }
    assert_int_equal(top, 441);
    assert_true(fabs(centre / weight - 441) < 0.01);
}

static void the_same_rate_is_a_copy(void **state)
{
    OWN(audio) a = sine(1000, 2, 44100, 440), b;
    assert_int_equal(resample_rate(&b, &a, 44100, RESAMPLE_BEST, NULL), ST_OK);
    assert_memory_equal(a.data, b.data, 2000 * sizeof *a.data);
    audio_done(&b);
    a.data[10] = NAN;
    a.data[11] = INFINITY;
    assert_int_equal(resample_rate(&b, &a, 48000, RESAMPLE_FAST, NULL), ST_OK);
    for (size_t i = 0; i < b.frames * 2; i++)
        assert_true(isfinite(b.data[i]));
}

static void nothing_folds_back(void **state)
{
    OWN(audio) a = sine(48000, 1, 48000, 15000), b;
    assert_int_equal(resample_rate(&b, &a, 22050, RESAMPLE_MEDIUM, NULL), ST_OK);
    assert_true(level_to_db(level_rms_range(&b, 2000, 20000)) < -95);
}

static void extreme_ratios_and_lengths(void **state)
{
    static const size_t lengths[][2] = {{1, 1000},  {1000, 1},     {3, 4000}, {100000, 7},
                                        {2, 3},     {600, 300000}, {0, 5},    {5, 0},
                                        {44100, 1}, {7, 7}};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (int loop = 0; loop < 2; loop++) {
            OWN(audio) b;
            OWN(audio) a = tone_frames(lengths[i][0], 2, 44100);
            for (size_t k = 0; k < 2 * a.frames; k++)
                a.data[k] = 0.5f;
            enum status st = loop ? resample_loop(&b, &a, lengths[i][1], NULL)
                                  : resample_length(&b, &a, lengths[i][1], NULL);
            assert_int_equal(st, ST_OK);
            assert_int_equal(b.frames, lengths[i][1]);
            for (size_t k = 0; k < 2 * b.frames; k++)
                assert_true(isfinite(b.data[k]) && fabsf(b.data[k]) < 1.0f);
            if (loop && a.frames) /* a constant loop is constant */
                for (size_t k = 0; k < 2 * b.frames; k++)
                    assert_true(fabsf(b.data[k] - 0.5f) < 1e-3f);
        }
    struct audio b;
    struct audio a = tone_frames(5, 1, 44100);
    assert_int_equal(resample_rate(&b, &a, 0, RESAMPLE_BEST, NULL), ST_USAGE);
    audio_done(&a);
}

static void loops_stay_periodic(void **state)
{
    /* 441 cycles in 44,100 frames, then in 33,037: exact up to the converter */
    OWN(audio) a = sine(44100, 2, 44100, 441), b;
    assert_int_equal(resample_loop(&b, &a, 33037, NULL), ST_OK);
    double hz = 441.0 * 44100 / 33037;
    assert_true(worst_against_sine(&b, hz, 0, b.frames) < 1e-5);
    assert_true(tone_join_kink(&b) < 1.001);
    audio_done(&b);
    assert_int_equal(resample_loop(&b, &a, 61234, NULL), ST_OK);
    assert_true(worst_against_sine(&b, 441.0 * 44100 / 61234, 0, b.frames) < 1e-5);
    audio_done(&b);
    audio_done(&a);
    /* shorter than the converter's kernel */
    a = sine(100, 1, 44100, 441);
    assert_int_equal(resample_loop(&b, &a, 130, NULL), ST_OK);
    assert_true(worst_against_sine(&b, 441.0 * 100 / 130, 0, 130) < 1e-5);
}

static void varispeed_is_pure(void **state)
{
    struct varispeed *v = varispeed_new(0.5, 2);
    assert_non_null(v);
    enum { N = 20000, OUT = 4000 };
    static const double speeds[] = {0.5, 0.77, 1, 1.0595, 1.3, 1.9, 2};
    static float out[OUT];
    for (size_t s = 0; s < sizeof speeds / sizeof *speeds; s++) {
        double hz = 0.36 * 44100 / fmax(1, speeds[s]), worst = 0, level = 0;
        OWN(audio) a = sine(N, 1, 44100, hz);
        varispeed_read(v, a.data, N, 1000.37, speeds[s], out, OUT);
        for (size_t i = 0; i < OUT; i++) {
            double at = (1000.37 + (double)i * speeds[s]) / 44100;
            double want = 0.5 * sin(2 * PI * hz * at + 0.3);
            worst = fmax(worst, fabs((double)out[i] - want));
            level += want * (double)out[i];
        }
        level = level / OUT / 0.125;
        assert_true(fabs(level_to_db(level)) < 0.1);
        assert_true(worst / 0.5 < 0.012); /* nearly all of it the 0.1 dB */
        audio_done(&a);
        /* a tone in the middle of the band is exact to −80 dB */
        a = sine(N, 1, 44100, hz / 3);
        varispeed_read(v, a.data, N, 1000.37, speeds[s], out, OUT);
        worst = 0;
        for (size_t i = 0; i < OUT; i++) {
            double at = (1000.37 + (double)i * speeds[s]) / 44100;
            double want = 0.5 * sin(2 * PI * hz / 3 * at + 0.3);
            worst = fmax(worst, fabs((double)out[i] - want));
        }
        assert_true(worst / 0.5 < 1e-4);
    }
    OWN(audio) high = sine(N, 1, 44100, 15000); /* 30 kHz at double speed: nothing */
    varispeed_read(v, high.data, N, 1000, 2, out, OUT);
    for (size_t i = 0; i < OUT; i++)
        assert_true(fabsf(out[i]) < 0.5e-4f);
    high.data[1100] = NAN;
    varispeed_read(v, high.data, N, -50.5, 9, out, OUT); /* clamped, silent outside */
    for (size_t i = 0; i < OUT; i++)
        assert_true(isfinite(out[i]));
    assert_true(out[0] == 0.0f);
    varispeed_free(v);
}

/* Such places come of sums of speeds: 0.58 × 50. */
static void a_place_a_hair_before_a_frame_is_that_frame(void **state)
{
    enum { N = 100 };
    struct varispeed *v = varispeed_new(1, 1);
    OWN(audio) a = sine(N, 1, 44100, 700);
    float at[2], before[2];
    assert_non_null(v);
    for (double frame = 0; frame < N; frame += N - 2) {
        varispeed_read(v, a.data, N, frame, 1, at, 2);
        varispeed_read(v, a.data, N, frame - 1e-11, 1, before, 2);
        for (int i = 0; i < 2; i++)
            assert_true(fabsf(at[i] - before[i]) < 1e-5f);
    }
    varispeed_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_keep_time_and_length),
        cmocka_unit_test(converter_gives_what_libsamplerate_gives),
        cmocka_unit_test(converter_turns_loops_as_libsamplerate_does),
        cmocka_unit_test(converter_takes_any_rate),
        cmocka_unit_test(an_impulse_stays_where_it_was),
        cmocka_unit_test(the_same_rate_is_a_copy),
        cmocka_unit_test(nothing_folds_back),
        cmocka_unit_test(extreme_ratios_and_lengths),
        cmocka_unit_test(loops_stay_periodic),
        cmocka_unit_test(varispeed_is_pure),
        cmocka_unit_test(a_place_a_hair_before_a_frame_is_that_frame),
    };
    return cmocka_run_group_tests_name("resample", tests, NULL, NULL);
}
