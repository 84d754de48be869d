/* dsp/level, dsp/loudness: peaks, normalisation, DC, ends, dither. */
#include "checks.h"
#include "core/pi.h"
#include "dsp/fft.h"
#include "dsp/level.h"
#include "dsp/loudness.h"
#include "dsp/oversample.h"
#include "tone.h"

#include <ebur128.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static struct audio sound(size_t frames, int channels)
{
    struct audio a = tone_frames(frames, channels, 44100);
    return a;
}

/* A sine of 0.4 × rate lies between its samples where it should, within 0.01 dB. */
static void oversampled_is_what_lies_between(void **state)
{
    enum { N = 256, END = 32 };
    float x[N], dense[OVERSAMPLE * N];
    for (int i = 0; i < N; i++)
        x[i] = (float)sin(2 * PI * 0.4 * i);
    oversample(x, N, dense);
    for (int i = OVERSAMPLE * END; i < OVERSAMPLE * (N - END); i++)
        assert_true(fabs((double)dense[i] - sin(2 * PI * 0.4 * i / OVERSAMPLE)) <
                    0.00115);
}

/* As libebur128 has it, with silence behind, for its interpolator looks ahead. */
static double true_peak_dbfs(const struct audio *a)
{
    static const float silence[64];
    unsigned channels = (unsigned)a->channels;
    ebur128_state *s =
        ebur128_init(channels, (unsigned long)a->rate_hz, EBUR128_MODE_TRUE_PEAK);
    double most = 0, peak = 0;
    assert_non_null(s);
    ebur128_add_frames_float(s, a->data, a->frames);
    ebur128_add_frames_float(s, silence, 64 / channels);
    for (unsigned c = 0; c < channels; c++) {
        assert_int_equal(ebur128_true_peak(s, c, &peak), EBUR128_SUCCESS);
        most = fmax(most, peak);
    }
    ebur128_destroy(&s);
    return level_to_db(most);
}

static void true_peak_sees_between_the_samples(void **state)
{
    /* a quarter of the rate, sampled off its tops: sample peak −3.01 dB */
    OWN(audio) a = sound(44100, 2);
    tone_add(&a, 1, 11025, 0.5, PI / 4);
    assert_true(fabs(level_to_db(level_peak(&a) / 0.5) + 3.01) < 0.01);
    assert_true(fabs(level_to_db(level_true_peak(&a, true) / 0.5)) < 0.01);
    double ours = level_to_db(level_true_peak(&a, false));
    assert_true(fabs(true_peak_dbfs(&a) - ours) < 0.3);
}

/* Against a 64 × oversampled reference by zero-padded FFT, on noise: never more than
 * BS.1770's own error of 4 × oversampling under it. */
static void true_peak_of_noise(void **state)
{
    enum { N = 1024, UP = 32 };
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct rng r = rng_derive(seed, 0, "test", 0);
        OWN(audio) a = sound(N, 1);
        for (int k = 1; k < 400; k++) /* band-limited, periodic in N */
            tone_add(&a, 0, k * 44100.0 / N, 0.02, rng_range(&r, 0, 6.28));
        FREED float *spectrum = calloc((size_t)N * UP + 2, sizeof *spectrum);
        FREED float *fine = calloc((size_t)N * UP, sizeof *fine);
        struct rfft *small = rfft_new(N), *large = rfft_new(N * UP);
        rfft_forward(small, a.data, spectrum);
        for (int k = N; k < N * UP + 2; k++)
            spectrum[k] = 0.0f;
        rfft_inverse(large, spectrum, fine);
        double want = 0;
        for (int i = 0; i < N * UP; i++)
            want = fmax(want, fabs((double)fine[i]) * UP);
        double got = level_true_peak(&a, true);
        assert_true(got <= want * 1.001);
        assert_true(level_to_db(got / want) > -0.4);
        rfft_free(small);
        rfft_free(large);
    }
}

static double bessel_i0(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; term > 1e-18 * sum; k++) {
        term *= x * x / (4.0 * k * k);
        sum += term;
    }
    return sum;
}

/* Every value between the samples, by 32 taps of sinc under Kaiser's window, β = 8. */
static double peak_of_all(const struct audio *a, bool loop)
{
    double tap[4][32], peak = 0;
    long n = (long)a->frames;
    for (int p = 0; p < 4; p++) {
        double sum = 0;
        for (int k = 0; k < 32; k++) {
            double x = k - 15 - p / 4.0, u = x / 16;
            tap[p][k] =
                x == 0 ? 1 : sin(PI * x) / (PI * x) * bessel_i0(8 * sqrt(1 - u * u));
            sum += tap[p][k];
        }
        for (int k = 0; k < 32; k++)
            tap[p][k] = p ? tap[p][k] / sum : k == 15;
    }
    for (long i = loop ? 0 : -16; i < (loop ? n : n + 16); i++)
        for (int p = 0; p < 4; p++) {
            double sum = 0;
            for (int k = 0; k < 32; k++) {
                long at = i + k - 15;
                at = loop ? (at % n + n) % n : at;
                sum += tap[p][k] * (at < 0 || at >= n ? 0 : (double)a->data[at]);
            }
            peak = fmax(peak, fabs(sum));
        }
    return peak;
}

/* What is passed over holds no peak: tones that decay, hiss under them or over them. */
static void true_peak_passes_nothing_over(void **state)
{
    struct rng r = rng_derive(11, 0, "test", 0);
    for (int i = 0; i < 60; i++) {
        OWN(audio) a = sound(i ? (size_t)rng_range(&r, 1, 3000) : 600, 1);
        double hz = 40 * pow(500, i / 59.0), decay_s = pow(10, rng_range(&r, -2, 1));
        double noise = pow(10, rng_range(&r, -4, 0.3));
        for (size_t k = 0; k < a.frames; k++)
            a.data[k] = (float)(exp(-(double)k / (44100 * decay_s)) *
                                (sin(2 * PI * hz / 44100 * (double)k) +
                                 noise * rng_range(&r, -1, 1)));
        /* the worst there is: samples of 1 that make 2.39 between them, beside
         * one of 2.35 */
        if (i == 0)
            memset(a.data, 0, a.frames * sizeof *a.data);
        for (int k = 0; i == 0 && k < 32; k++)
            a.data[100 + k] = (k < 16) == (k % 2 == 0) ? -1.0F : 1.0F;
        if (i == 0)
            a.data[400] = 2.35F;
        /* an edge that is loudest, and rings beyond the first sample or the last */
        for (size_t k = 0; (i == 1 || i == 2) && k < a.frames; k++)
            a.data[i == 1 ? k : a.frames - 1 - k] =
                (k % 2 ? -1.0F : 1.0F) * (1 - (float)k / (float)a.frames);
        for (int loop = 0; loop < 2; loop++) {
            double want = peak_of_all(&a, loop);
            assert_true(fabs(level_true_peak(&a, loop) - want) < 2e-6 * want);
        }
    }
}

static void normalise_meets_its_target_or_says_silence(void **state)
{
    OWN(audio) a = sound(30000, 2);
    struct rng r = rng_derive(1, 0, "test", 0);
    tone_noise(&a, 0.01, &r);
    a.data[5] = NAN;
    a.data[6] = -INFINITY;
    assert_int_equal(level_normalise(&a, -1, false, NULL), ST_OK);
    assert_true(fabs(level_to_db(level_true_peak(&a, false)) + 1) < 0.001);
    assert_true(a.data[5] == 0.0f && a.data[6] == 0.0f);
    audio_done(&a);

    a = sound(1000, 1);
    struct err e;
    assert_int_equal(level_normalise(&a, -1, true, &e), ST_EMPTY);
    for (size_t i = 0; i < 1000; i++)
        a.data[i] = i & 1 ? 4e-9f : -4e-9f;
    float before = a.data[3];
    assert_int_equal(level_normalise(&a, -1, false, &e), ST_EMPTY);
    assert_true(a.data[3] == before);
    for (size_t i = 0; i < 1000; i++)
        a.data[i] *= 5; /* and above 1e-8 it is sound */
    assert_int_equal(level_normalise(&a, -1, false, NULL), ST_OK);
    assert_true(fabs(level_to_db(level_true_peak(&a, false)) + 1) < 0.001);
    audio_done(&a);
    a = sound(0, 1);
    assert_int_equal(level_normalise(&a, -1, true, NULL), ST_EMPTY);
}

static void dc_goes_and_nothing_else(void **state)
{
    for (int loop = 0; loop < 2; loop++) {
        OWN(audio) a = sound(88200, 2), clean = sound(88200, 2);
        tone_add(&clean, -1, 50, 0.3, 0);
        memcpy(a.data, clean.data, 2 * 88200 * sizeof *a.data);
        for (size_t i = 0; i < a.frames; i++) {
            a.data[2 * i] += 0.05f;
            a.data[2 * i] += 0.02f * (float)sin(2 * PI * (double)i / 88200);
        }
        assert_int_equal(level_remove_dc(&a, loop, NULL), ST_OK);
        /* the clean channel bit for bit */
        for (size_t i = 0; i < a.frames; i++)
            assert_true(a.data[2 * i + 1] == clean.data[2 * i + 1]);
        double left = 0, mean = 0;
        for (size_t i = 4410; i < a.frames - 4410; i++)
            left = fmax(left, fabs((double)(a.data[2 * i] - clean.data[2 * i])));
        for (size_t i = 0; i < a.frames; i++)
            mean += (double)a.data[2 * i] / (double)a.frames;
        assert_true(left < 0.002);
        assert_true(fabs(mean) < 1e-4);
        if (loop)
            assert_true(tone_join_kink(&a) < 1.01);
    }
}

static void small_dc_stays(void **state)
{
    OWN(audio) a = sound(44100, 1);
    tone_add(&a, 0, 441, 0.7, 0);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] += 0.0005f;
    float first = a.data[0];
    assert_int_equal(level_remove_dc(&a, true, NULL), ST_OK);
    assert_true(a.data[0] == first);
}

/* What is small beside full scale is not beside a quiet sound, which is made loud later.
 */
static void a_quiet_sound_loses_the_dc_it_would_export(void **state)
{
    OWN(audio) a = sound(44100, 1);
    tone_add(&a, 0, 441, 0.05, 0);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] += 0.0005f;
    assert_int_equal(level_remove_dc(&a, true, NULL), ST_OK);
    assert_int_equal(level_normalise(&a, -1, true, NULL), ST_OK);
    double mean = 0;
    for (size_t i = 0; i < a.frames; i++)
        mean += (double)a.data[i] / (double)a.frames;
    assert_true(fabs(mean) < 1e-4); /* 0.009 if it had stayed */
}

static void ends_are_closed_only_if_open(void **state)
{
    struct audio a = sound(4410, 2);
    for (size_t i = 0; i < 2 * a.frames; i++)
        a.data[i] = 0.9f;
    level_close_ends(&a, 2, 20);
    assert_true(fabsf(a.data[0]) < 1e-3f && fabsf(a.data[8819]) < 1e-3f);
    assert_true(a.data[2 * 100] == 0.9f && a.data[2 * (4410 - 900)] == 0.9f);
    audio_done(&a);
    a = sound(4410, 1);
    tone_add(&a, 0, 100, 0.5, 0); /* starts at 0: untouched */
    float third = a.data[3];
    level_close_ends(&a, 2, 20);
    assert_true(a.data[3] == third);
    audio_done(&a);
    a = sound(100, 1);
    for (size_t i = 0; i < 100; i++)
        a.data[i] = 0.9f;
    level_close_ends(&a, 1000, 1); /* of a short sound a quarter at most */
    assert_true(a.data[25] < 0.9f && a.data[26] == 0.9f);
    audio_done(&a);
    for (size_t n = 0; n < 5; n++) {
        a = sound(n, 1);
        for (size_t i = 0; i < n; i++)
            a.data[i] = 1.0f;
        level_close_ends(&a, 2, 20);
        if (n)
            assert_true(a.data[0] == 0.0f && a.data[n - 1] == 0.0f);
        level_fade_in(&a, 100);
        level_fade_out(&a, 100);
        audio_done(&a);
    }
}

static void fades_are_raised_cosines_of_their_length(void **state)
{
    enum { N = 1000, IN = 100, OUT = 300 };
    OWN(audio) a = sound(N, 2);
    for (size_t i = 0; i < 2 * N; i++)
        a.data[i] = i % 2 ? -1.0f : 1.0f;
    level_fade_in(&a, IN);
    level_fade_out(&a, OUT);
    for (size_t i = 0; i < N; i++) {
        double in = i < IN ? 0.5 - 0.5 * cos(PI * (double)i / IN) : 1;
        size_t left = N - 1 - i;
        double out = left < OUT ? 0.5 - 0.5 * cos(PI * (double)left / OUT) : 1;
        assert_true(fabs((double)a.data[2 * i] - in * out) < 1e-6);
        assert_true(fabs((double)a.data[2 * i + 1] + in * out) < 1e-6);
    }
}

/* Error of dithered 16-bit output: white, triangular, 1/2 LSB² of power in all: TPDF 1/6
 * + rounding 1/12 = 1/4; a −80 dBFS tone leaves no harmonics above the noise. */
static void dither_is_white_and_linear(void **state)
{
    enum { N = 65536 };
    double bin = 44100.0 / N;
    OWN(audio) a = sound(N, 1), clean = sound(N, 1);
    tone_add(&a, 0, 1000 * bin, level_from_db(-80), 0.2);
    memcpy(clean.data, a.data, N * sizeof *a.data);
    struct rng r = rng_derive(3, 0, "dither", 0);
    assert_true(level_dither(&a, 16, &r));
    assert_true(level_on_grid(&a, 16) && level_on_grid(&a, 24));
    static float error[N], spectrum[N + 2];
    double power = 0;
    for (size_t i = 0; i < N; i++) {
        error[i] = (a.data[i] - clean.data[i]) * 32768.0f;
        power += (double)error[i] * (double)error[i] / N;
        assert_true(fabsf(error[i]) <= 1.5f);
    }
    assert_true(fabs(power - 0.25) < 0.01);
    struct rfft *fft = rfft_new(N);
    rfft_forward(fft, error, spectrum);
    double octave[8] = {0}; /* eighths of the band */
    double mean = 0;
    for (int k = 1; k < N / 2; k++) {
        double re = (double)spectrum[2 * k], im = (double)spectrum[2 * k + 1];
        octave[k * 8 / (N / 2)] += re * re + im * im;
        mean += (re * re + im * im) / (N / 2 - 1);
    }
    for (int i = 0; i < 8; i++)
        assert_true(fabs(10 * log10(octave[i] / (mean * N / 16))) < 0.25);
    for (int h = 1; h <= 20; h++) { /* the tone and its harmonics: nothing in the error */
        double re = (double)spectrum[2000 * h], im = (double)spectrum[2000 * h + 1];
        assert_true(10 * log10((re * re + im * im) / mean) < 10);
    }
    rfft_free(fft);
}

static void dither_clamps_and_leaves_the_grid_alone(void **state)
{
    struct rng r = rng_derive(3, 0, "dither", 0), same = r;
    OWN(audio) a = sound(64, 1);
    assert_false(level_dither(&a, 24, &r)); /* digital silence stays it */
    for (size_t i = 0; i < 64; i++)
        a.data[i] = (float)((int)i - 32) / 32.0f;
    assert_false(level_dither(&a, 16, &r));
    assert_true(rng_u64(&r) == rng_u64(&same));
    for (size_t i = 0; i < 64; i++)
        a.data[i] = i & 1 ? 1.5f : -1.5f;
    a.data[7] = NAN;
    assert_true(level_dither(&a, 16, &r));
    assert_true(a.data[0] == -1.0f && a.data[1] == 32767.0f / 32768.0f);
    assert_true(fabsf(a.data[7]) < 1e-4f);
}

/* Of every size, to the last bit: a sample, the two halves of the 32 bits drawn for it
 * and a half are added and rounded down. */
static void dither_is_what_is_drawn(void **state)
{
    enum { N = 5001 };
    static const int depth[] = {8, 16, 24};
    static const double gain[] = {0.9, 1.0, 1.3, 1e6};
    for (size_t k = 0; k < sizeof depth / sizeof *depth; k++)
        for (size_t g = 0; g < sizeof gain / sizeof *gain; g++) {
            struct rng x = rng_derive(7, g, "sound", k),
                       r = rng_derive(7, g, "dither", k);
            struct rng same = r;
            OWN(audio) a = sound(N, 1), was = sound(N, 1);
            double scale = ldexp(1, depth[k] - 1);
            for (size_t i = 0; i < N; i++)
                a.data[i] = (float)(rng_range(&x, -1, 1) * gain[g] *
                                    pow(2, -(double)(i % 64 / 2)));
            memcpy(was.data, a.data, N * sizeof *a.data);
            assert_true(level_dither(&a, depth[k], &r));
            uint64_t drawn = 0;
            for (size_t i = 0; i < N; i++) {
                drawn = i % 2 ? drawn >> 32 : rng_u64(&same);
                double apart = (double)(drawn >> 16 & 0xffff) - (double)(drawn & 0xffff);
                double v = floor((double)was.data[i] * scale + apart / 65536 + 0.5);
                v = fmax(-scale, fmin(scale - 1, v));
                assert_true((double)a.data[i] == v / scale);
            }
        }
}

static void loudness_is_r128(void **state)
{
    /* EBU Tech 3341 case 1: stereo 1 kHz sine at −23 dBFS is −23 LUFS */
    OWN(audio) a = tone_frames(48000 * 5, 2, 48000);
    tone_add(&a, -1, 1000, level_from_db(-23), 0);
    struct loudness l;
    assert_int_equal(loudness_measure(&a, &l, NULL), ST_OK);
    assert_true(fabs(l.integrated_lufs + 23) < 0.1);
    assert_true(fabs(l.momentary_max_lufs + 23) < 0.1);
    assert_true(fabs(true_peak_dbfs(&a) + 23) < 0.1);
    a.frames = 48000 * 4 / 10;
    assert_int_equal(loudness_measure(&a, &l, NULL), ST_OK);
    assert_true(fabs(l.integrated_lufs + 23) < 0.1);
    a.frames -= 1;
    assert_int_equal(loudness_measure(&a, &l, NULL), ST_OK);
    assert_true(isnan(l.integrated_lufs) && isnan(l.momentary_max_lufs));
    a.frames = 48000 * 5;
    a.data[1000] = NAN; /* one bad sample costs nothing */
    assert_int_equal(loudness_measure(&a, &l, NULL), ST_OK);
    assert_true(fabs(l.integrated_lufs + 23) < 0.1);
    memset(a.data, 0, a.frames * 2 * sizeof *a.data);
    assert_int_equal(loudness_measure(&a, &l, NULL), ST_OK);
    assert_true(isnan(l.integrated_lufs));
    a.rate_hz = 0;
    assert_int_equal(loudness_measure(&a, &l, NULL), ST_USAGE);
}

/* Turned round by whole points of the drift, a loop loses the same. */
static void a_loop_has_no_beginning(void **state)
{
    enum { N = 88200, POINT = 63 }; /* two seconds; 700 points in each */
    OWN(audio) a = sound(N, 1), turned = sound(N, 1);
    tone_add(&a, 0, 1000, 0.4, 1);
    tone_add(&a, 0, 2, 0.02, 0.5);
    for (size_t i = 0; i < N; i++)
        a.data[i] += 0.03f;
    for (size_t i = 0; i < N; i++)
        turned.data[i] = a.data[(i + 300 * POINT) % N];
    assert_int_equal(level_remove_dc(&a, true, NULL), ST_OK);
    assert_int_equal(level_remove_dc(&turned, true, NULL), ST_OK);
    for (size_t i = 0; i < N; i++)
        assert_close((double)turned.data[i], (double)a.data[(i + 300 * POINT) % N], 2e-6);
}

/* Wind goes, what is heard stays; and where there is next to none all stays as
 * level_remove_dc leaves it. */
static void rumble_goes_where_it_is_much(void **state)
{
    static const double wind[] = {0.1, 0.032, 0.018}; /* 33, 5 and 1.6 % */
    for (int k = 0; k < 3; k++) {
        OWN(audio) a = tone_blank(8, 2, 44100), dc;
        tone_add(&a, -1, 6, wind[k], 0);
        tone_add(&a, -1, 32.7, 0.1, 1);
        tone_add(&a, -1, 220, 0.1, 2);
        for (size_t i = 0; i < 2 * a.frames;
             i++) /* a constant is neither wind nor sound */
            a.data[i] += k == 1 || (k == 2 && i % 2) ? 0.3F : 0;
        a.data[12345] = NAN;
        audio_slice(&dc, &a, 0, a.frames, NULL);
        assert_int_equal(level_remove_dc(&dc, false, NULL), ST_OK);
        assert_int_equal(level_remove_rumble(&a, NULL), ST_OK);
        double low = tone_partial(&a, 1, 44100, 262144, 6).amplitude;
        double bass = tone_partial(&a, 1, 44100, 262144, 32.7).amplitude;
        double high = tone_partial(&a, 1, 44100, 262144, 220).amplitude;
        assert_true(fabs(level_to_db(high / 0.1)) < 0.01);
        if (k < 2) {
            assert_true(level_to_db(low / wind[k]) < -30);
            assert_true(fabs(level_to_db(bass / 0.1)) < 0.9);
        } else
            assert_memory_equal(a.data, dc.data, 2 * a.frames * sizeof *a.data);
    }
    static const size_t frames[] = {0, 1, 441, 44100};
    for (int k = 0; k < 4; k++) { /* too short to tell, or silent */
        OWN(audio) a = tone_frames(frames[k], 2, 44100);
        assert_int_equal(level_remove_rumble(&a, NULL), ST_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oversampled_is_what_lies_between),
        cmocka_unit_test(true_peak_sees_between_the_samples),
        cmocka_unit_test(true_peak_of_noise),
        cmocka_unit_test(true_peak_passes_nothing_over),
        cmocka_unit_test(normalise_meets_its_target_or_says_silence),
        cmocka_unit_test(dc_goes_and_nothing_else),
        cmocka_unit_test(a_loop_has_no_beginning),
        cmocka_unit_test(small_dc_stays),
        cmocka_unit_test(a_quiet_sound_loses_the_dc_it_would_export),
        cmocka_unit_test(ends_are_closed_only_if_open),
        cmocka_unit_test(fades_are_raised_cosines_of_their_length),
        cmocka_unit_test(dither_is_white_and_linear),
        cmocka_unit_test(dither_clamps_and_leaves_the_grid_alone),
        cmocka_unit_test(dither_is_what_is_drawn),
        cmocka_unit_test(loudness_is_r128),
        cmocka_unit_test(rumble_goes_where_it_is_much),
    };
    return cmocka_run_group_tests_name("level", tests, NULL, NULL);
}
