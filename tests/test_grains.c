/* dsp/grains: the gate, the circle, stereo, density, the stream. */
#include "checks.h"
#include "core/pi.h"
#include "dsp/grains.h"
#include "dsp/level.h"
#include "dsp/seam.h"
#include "dsp/weave.h"
#include "tone.h"
#include "usual.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A chord with a slow swell and some air: pad-like, stereo from detuned sides. */
static struct audio pad(double seconds, int channels)
{
    struct audio a = tone_frames((size_t)(seconds * 44100), channels, 44100);
    static const double notes[] = {110, 164.81, 220, 277.18, 329.63};
    for (size_t i = 0; i < 5; i++)
        for (int c = 0; c < channels; c++)
            for (int k = 1; k < 9; k++)
                tone_add(&a, c, notes[i] * k * (1 + 0.002 * c), 0.06 / k,
                         (double)i * k + c);
    struct rng r = rng_derive(9, 0, "test", 0);
    tone_noise(&a, 0.003, &r);
    return a;
}

static struct audio cloud_of(const struct audio *a, const struct grains_spec *s,
                             uint64_t seed, struct grains_report *report)
{
    struct audio cloud;
    struct rng r = rng_derive(seed, 0, "cloud", 0);
    assert_int_equal(
        grains_cloud(&cloud, &(struct grain_material){.sound = a}, s, &r, report, NULL),
        ST_OK);
    return cloud;
}

/* Largest distance of 50 ms levels from the mean, dB, wherever they begin (to 1 ms). */
static double density(const struct audio *a)
{
    size_t block = (size_t)a->rate_hz / 20;
    double mean = level_rms(a), worst = 0;
    for (size_t at = 0; at + block <= a->frames; at += block / 50)
        worst = fmax(worst, fabs(level_to_db(level_rms_range(a, at, at + block) / mean)));
    return worst;
}

/* A loop that swells by 20 dB comes within the tolerance, and goes on round the join. */
static void evening_evens(void **state)
{
    OWN(audio) a = tone_frames(4 * 44100, 2, 44100);
    struct rng r = rng_derive(11, 0, "test", 0);
    tone_noise(&a, 0.1, &r);
    for (size_t i = 0; i < a.frames; i++) {
        double swell = level_from_db(10 * sin(2 * PI * (double)i / (double)a.frames));
        a.data[2 * i] *= (float)swell;
        a.data[2 * i + 1] *= (float)swell;
    }
    double before = density(&a);
    assert_true(before > 12);
    assert_int_equal(weave_even(&a, 4, NULL), ST_OK);
    assert_true(density(&a) < 5);
    double first = level_rms_range(&a, 0, 2205),
           last = level_rms_range(&a, a.frames - 2205, a.frames);
    assert_true(fabs(level_to_db(first / last)) < 1);
    OWN(audio) silence = tone_frames(44100, 1, 44100);
    assert_int_equal(weave_even(&silence, 4, NULL), ST_OK);
    assert_true(level_peak(&silence) == 0);
}

/* Two strokes that are too loud only together, and nothing is in the middle of both. */
static void evening_tames_pairs(void **state)
{
    OWN(audio) a = tone_frames(4 * 44100, 1, 44100);
    struct rng r = rng_derive(12, 0, "test", 0);
    tone_noise(&a, 0.1, &r);
    for (size_t i = 0; i < a.frames; i++) {
        size_t ms = i * 1000 / 44100 % 250;
        a.data[i] *= ms < 8 || (ms >= 36 && ms < 44) ? 3.5f : ms < 50 ? 0.01f : 1.0f;
    }
    double before = density(&a);
    assert_int_equal(weave_even(&a, 2.5, NULL), ST_OK);
    double after = density(&a);
    print_message("pairs of strokes off by %.2f dB, evened %.2f dB\n", before, after);
    assert_true(before > 4);
    assert_true(after < 3.5);
}

/* What is hardly there is not made sound. */
static void evening_leaves_gaps(void **state)
{
    OWN(audio) a = tone_frames(4 * 44100, 1, 44100);
    struct rng r = rng_derive(13, 0, "test", 0);
    tone_noise(&a, 0.1, &r);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] *= i / 4410 % 4 == 0 ? 1e-5f : 1.0f;
    assert_int_equal(weave_even(&a, 2.5, NULL), ST_OK);
    double gap = level_rms_range(&a, 1000, 3400), mean = level_rms(&a);
    print_message("a gap of -100 dB lies at %.1f dB\n", level_to_db(gap / mean));
    assert_true(level_to_db(gap / mean) < -65);
}

/* Whatever its length, the gains of a loop go on from frame to frame. */
static void evening_makes_no_step(void **state)
{
    static const size_t frames[] = {22625, 23247, 22050, 44101};
    for (size_t k = 0; k < sizeof frames / sizeof *frames; k++) {
        double worst = 0, before = 0;
        OWN(audio) a = tone_frames(frames[k], 1, 44100);
        for (size_t i = 0; i < a.frames; i++)
            a.data[i] = i / 2205 % 2 ? 0.1f : 0.8f;
        assert_int_equal(weave_even(&a, 1, NULL), ST_OK);
        for (size_t i = 0; i <= a.frames; i++) {
            size_t at = i % a.frames;
            double db = level_to_db((double)a.data[at] / (at / 2205 % 2 ? 0.1 : 0.8));
            worst = i ? fmax(worst, fabs(db - before)) : 0;
            before = db;
        }
        assert_true(worst < 0.3);
    }
}

/* Levels that jump every 20 ms, as grains of rough material do: gaps between loud
 * neighbours are filled, too. Every other one over notes so low that their waves count.
 */
static void rough_levels_are_evened(void **state)
{
    double before = 0, after = 0;
    for (uint64_t seed = 1; seed <= 16; seed++) {
        struct rng r = rng_derive(seed, 0, "rough", 0);
        OWN(audio) a = tone_frames(4 * 44100, 2, 44100);
        tone_noise(&a, seed % 2 ? 0.1 : 0.02, &r);
        for (int c = 0; c < 2 && seed % 2 == 0; c++)
            tone_add(&a, c, rng_range(&r, 27, 60), 0.15, c);
        float gain = 1;
        for (size_t i = 0; i < a.frames; i++) {
            if (i % 882 == 0)
                gain = (float)pow(10, rng_range(&r, -26, 6) / 20);
            a.data[2 * i] *= gain;
            a.data[2 * i + 1] *= gain;
        }
        before = fmax(before, density(&a));
        assert_int_equal(weave_even(&a, 2.5, NULL), ST_OK);
        after = fmax(after, density(&a));
    }
    print_message("50 ms levels off by %.2f dB at most, evened %.2f dB\n", before, after);
    assert_true(before > 10);
    assert_true(after < 4);
}

/* And so are those of clouds of such material. */
static void rough_clouds_are_even(void **state)
{
    double worst = 0;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        OWN(audio) a = tone_frames(4 * 44100, 1, 44100);
        struct rng r = rng_derive(seed, 0, "rough", 0);
        tone_noise(&a, 0.02, &r);
        tone_add(&a, 0, rng_range(&r, 27, 60), 0.15, 0);
        for (size_t i = 0, n = 0; i < a.frames; i += n) {
            float gain = (float)pow(10, rng_range(&r, -20, 3) / 20);
            n = 2205 + rng_below(&r, 8820);
            for (size_t k = i; k < i + n && k < a.frames; k++)
                a.data[k] *= gain;
        }
        struct grains_spec s;
        s = usual_cloud();
        s.grain_count = 120;
        s.overlap_ratio = 0.3;
        s.length_min_ms = 60;
        s.length_max_ms = 120;
        OWN(audio) cloud = cloud_of(&a, &s, seed, NULL);
        worst = fmax(worst, density(&cloud));
    }
    print_message("50 ms levels of rough clouds off by %.2f dB at most\n", worst);
    assert_true(worst < 4);
}

/* dB between the first and the last 50 ms of a loop at 44.1 kHz. */
static double step_over_join(const struct audio *a)
{
    double first = level_rms_range(a, 0, 2205),
           last = level_rms_range(a, a->frames - 2205, a->frames);
    return fabs(level_to_db(first / last));
}

/* Of noise whose level wanders, every place is as calm as the next: it is cut where the
 * level does not step, nor that of one channel. */
static void joins_are_level(void **state)
{
    double worst = 0, of_one = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct rng r = rng_derive(seed, 0, "join", 0);
        OWN(audio) a = tone_frames(4 * 44100, 2, 44100);
        tone_noise(&a, 0.1, &r);
        double from = 0, to = 0, side = 0, next_side = 0, pan = 0, next_pan = 0;
        for (size_t i = 0; i < a.frames; i++) {
            if (i % 2205 == 0) {
                from = to;
                to = rng_range(&r, -3, 3);
                side = next_side;
                next_side = rng_range(&r, 0, 1);
                pan = next_pan;
                next_pan = rng_range(&r, 0.3, 1.2);
            }
            double part = (double)(i % 2205) / 2205;
            double gain = level_from_db(from + part * (to - from));
            /* as wide as it likes, too: the sides alone hide what their sum does */
            double wide = side + part * (next_side - side), x = (double)a.data[2 * i];
            double mixed = (1 - wide) * x + wide * (double)a.data[2 * i + 1];
            double angle = pan + part * (next_pan - pan);
            a.data[2 * i] *= (float)(gain * cos(angle));
            gain *= sin(angle) / sqrt(wide * wide + (1 - wide) * (1 - wide));
            a.data[2 * i + 1] = (float)(gain * mixed);
        }
        struct seam join;
        assert_int_equal(weave_calm_join(&a, &join, NULL), ST_OK);
        assert_true(join.judged);
        worst = fmax(worst, step_over_join(&a));
        OWN(audio) sum;
        assert_int_equal(audio_convert_channels(&sum, &a, 1, NULL), ST_OK);
        worst = fmax(worst, step_over_join(&sum));
        for (size_t c = 0; c < 2; c++) {
            for (size_t i = 0; i < a.frames; i++)
                sum.data[i] = a.data[2 * i + c];
            of_one = fmax(of_one, step_over_join(&sum));
        }
    }
    print_message("levels beside a join differ by %.2f dB at most, those of a channel by "
                  "%.2f\n",
                  worst, of_one);
    assert_true(worst < 1);
    assert_true(of_one < 1);
}

static void clouds_are_stereo_dense_and_seamless(void **state)
{
    for (int channels = 1; channels <= 2; channels++) {
        OWN(audio) a = pad(3, channels);
        struct grains_spec s;
        s = usual_cloud();
        struct grains_report report;
        OWN(audio) cloud = cloud_of(&a, &s, 1, &report);
        assert_int_equal(cloud.frames, 8 * 44100);
        assert_int_equal(cloud.channels, 2);
        assert_true(report.mean_quality > 0.9);
        assert_true(fabs(level_to_db(level_true_peak(&cloud, true)) + 3) < 0.01);
        assert_true(density(&cloud) < 4);
        double correlation = tone_correlation(&cloud);
        assert_true(correlation > 0.1 && correlation < 0.9);
        OWN(audio) sum;
        assert_int_equal(audio_convert_channels(&sum, &cloud, 1, NULL), ST_OK);
        assert_true(fabs(level_to_db(level_rms(&sum) / level_rms(&cloud))) < 3);
        assert_true(tone_join_kink(&cloud) <= 1);
        struct seam seam;
        assert_int_equal(seam_measure(&cloud, &seam, NULL), ST_OK);
        assert_true(seam.seamless);
    }
}

static void the_stream_decides_everything(void **state)
{
    OWN(audio) a = pad(2, 2);
    struct grains_spec s;
    s = usual_cloud();
    s.duration_s = 2;
    s.grain_count = 80;
    OWN(audio) one = cloud_of(&a, &s, 1, NULL), same = cloud_of(&a, &s, 1, NULL);
    OWN(audio) other = cloud_of(&a, &s, 2, NULL);
    size_t bytes = one.frames * 2 * sizeof *one.data;
    assert_memory_equal(one.data, same.data, bytes);
    assert_true(memcmp(one.data, other.data, bytes) != 0);
    double dot = 0;
    for (size_t i = 0; i < 2 * one.frames; i++)
        dot += (double)one.data[i] * (double)other.data[i];
    double scale = level_rms(&one) * level_rms(&other) * 2 * (double)one.frames;
    assert_true(fabs(dot / scale) < 0.5);
}

static void grains_keep_to_the_regions(void **state)
{
    /* 440 Hz in the region, 3 kHz outside of it: nothing of the latter may be heard */
    OWN(audio) cloud;
    OWN(audio) a = tone_frames(88200, 1, 44100);
    for (size_t i = 0; i < a.frames; i++) {
        bool inside = i >= 30000 && i < 50000;
        a.data[i] =
            (float)(0.3 * sin(2 * PI * (inside ? 440 : 3000) * (double)i / 44100));
    }
    struct grain_region regions[] = {{30000, 50000}, {400000, 500000}, {7, 7}};
    struct grains_spec s;
    s = usual_cloud();
    s.pitch_min_semitones = s.pitch_max_semitones = 0;
    s.transpose_semitones = 12;
    s.lowpass_hz = 0;
    s.channels = 1;
    struct rng r = rng_derive(1, 0, "cloud", 0);
    assert_int_equal(grains_cloud(&cloud, &(struct grain_material){&a, regions, 3}, &s,
                                  &r, NULL, NULL),
                     ST_OK);
    /* all of it lies around 880 Hz: one octave up, nothing at 3 or 6 kHz */
    OWN(audio) part;
    audio_slice(&part, &cloud, 0, 65536, NULL);
    double at = 0, off = 0;
    for (double hz = 840; hz <= 920; hz += 1)
        at = fmax(at, tone_partial(&part, 0, 0, 65536, hz).amplitude);
    for (double hz = 2900; hz <= 3100; hz += 25)
        off = fmax(off, tone_partial(&part, 0, 0, 65536, hz).amplitude);
    assert_true(level_to_db(off / at) < -50);
}

/* Of a grain as long as its material, so that all grains are that one. */
static double quality(const struct audio *a)
{
    struct grains_spec s;
    struct grains_report report;
    s = usual_cloud();
    s.length_min_ms = s.length_max_ms = 1000.0 * (double)a->frames / a->rate_hz;
    s.pitch_min_semitones = s.pitch_max_semitones = 0;
    s.duration_s = 1;
    OWN(audio) cloud = cloud_of(a, &s, 1, &report);
    assert_true(cloud.frames > 0);
    return report.mean_quality;
}

static void quality_has_its_penalties(void **state)
{
    enum { N = 4410 };
    OWN(audio) a = tone_frames(N, 1, 44100);
    tone_add(&a, 0, 441, 0.3, 0);
    assert_true(fabs(quality(&a) - 1) < 1e-9);
    for (size_t i = 0; i < N; i++)
        a.data[i] *= 0.03f; /* RMS −43.5 dB */
    assert_true(fabs(quality(&a) - 0.75) < 1e-9);
    for (size_t i = 0; i < N; i++)
        a.data[i] *= 0.5f; /* −49.5 dB */
    assert_true(fabs(quality(&a) - 0.5) < 1e-9);
    memset(a.data, 0, N * sizeof *a.data);
    tone_add(&a, 0, 441, 0.3, 0);
    for (size_t i = 0; i < N; i++)
        a.data[i] += 0.09f; /* DC */
    assert_true(fabs(quality(&a) - 0.7) < 1e-9);
    for (size_t i = 0; i < N; i++)
        a.data[i] =
            (a.data[i] - 0.09f) * (i < N / 2 ? 3.3f : 1.0f); /* peak and lopsided */
    assert_true(fabs(quality(&a) - 0.2) < 1e-9);
    for (size_t i = 0; i < N; i++)
        a.data[i] = 0.01f * (i & 1 ? 1.0f : -1.0f);
    a.data[100] = 0.2f; /* crest above 10 */
    assert_true(quality(&a) < 0.85);
}

static void hits_and_silence_are_avoided(void **state)
{
    /* calm pad with a burst in it, next to nothing behind: the calmest fifth has neither
     */
    OWN(audio) a = pad(4, 1);
    for (size_t i = 40000; i < 42000; i++)
        a.data[i] += (i & 1 ? 0.5f : -0.5f) * expf(-(float)(i - 40000) / 300.0f);
    for (size_t i = 120000; i < a.frames; i++)
        a.data[i] = i & 1 ? 2e-4f : -2e-4f;
    struct grains_spec s;
    s = usual_cloud();
    s.lowpass_hz = 0;
    struct grains_report report;
    OWN(audio) cloud = cloud_of(&a, &s, 4, &report);
    assert_true(report.mean_quality > 0.999);
    assert_true(density(&cloud) < 4);
    double crest = level_peak(&cloud) / level_rms(&cloud);
    assert_true(crest < 8);
}

/* A tone that trembles twenty times a second keeps its level over 100 ms, not over 10. */
static void trembling_is_not_calm(void **state)
{
    OWN(audio) a = tone_frames(4 * 44100, 1, 44100);
    for (size_t i = 0; i < a.frames; i++) {
        double t = (double)i / 44100, trembles = 0.5 - 0.5 * cos(2 * PI * 20 * t);
        a.data[i] = (float)(t < 3 ? 0.3 * trembles * sin(2 * PI * 440 * t)
                                  : 0.2 * sin(2 * PI * 660 * t));
    }
    struct grains_spec s;
    s = usual_cloud();
    s.pitch_min_semitones = s.pitch_max_semitones = 0;
    OWN(audio) cloud = cloud_of(&a, &s, 2, NULL);
    double calm = tone_partial(&cloud, 0, 0, 65536, 660).amplitude;
    assert_true(tone_partial(&cloud, 0, 0, 65536, 440).amplitude < 0.01 * calm);
}

static void odd_material_is_refused_or_survived(void **state)
{
    OWN(audio) cloud;
    struct grains_spec s;
    s = usual_cloud();
    s.duration_s = 1;
    struct rng r = rng_derive(1, 0, "cloud", 0);
    OWN(audio) a = tone_frames(44100, 2, 44100);
    assert_int_equal(
        grains_cloud(&cloud, &(struct grain_material){.sound = &a}, &s, &r, NULL, NULL),
        ST_EMPTY);
    assert_null(cloud.data);
    for (size_t i = 0; i < 88200; i++)
        a.data[i] = NAN;
    assert_int_equal(
        grains_cloud(&cloud, &(struct grain_material){.sound = &a}, &s, &r, NULL, NULL),
        ST_EMPTY);
    audio_done(&a);
    static const size_t lengths[] = {0, 1, 400, 500, 3000};
    static const int rates[] = {8000, 44100, 192000};
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < 3; k++) {
            audio_init(&a, lengths[i], 2, rates[k], NULL);
            for (size_t n = 0; n < 2 * a.frames; n++)
                a.data[n] = n % 3 ? 0.2f : -0.3f;
            enum status st = grains_cloud(&cloud, &(struct grain_material){.sound = &a},
                                          &s, &r, NULL, NULL);
            assert_true(st == ST_OK ||
                        (st == ST_EMPTY && lengths[i] * 100 <= (size_t)rates[k]));
            for (size_t n = 0; n < 2 * cloud.frames; n++)
                assert_true(isfinite(cloud.data[n]));
            audio_done(&cloud);
            audio_done(&a);
        }
    a = pad(1, 1);
    struct grains_spec bad = s;
    bad.overlap_ratio = 1;
    assert_int_equal(
        grains_cloud(&cloud, &(struct grain_material){.sound = &a}, &bad, &r, NULL, NULL),
        ST_USAGE);
    bad = s;
    bad.length_max_ms = 10;
    assert_int_equal(
        grains_cloud(&cloud, &(struct grain_material){.sound = &a}, &bad, &r, NULL, NULL),
        ST_USAGE);
    bad = s;
    bad.pitch_min_semitones = (double)NAN;
    assert_int_equal(
        grains_cloud(&cloud, &(struct grain_material){.sound = &a}, &bad, &r, NULL, NULL),
        ST_USAGE);
    /* grains longer than the cloud, hardly any overlap */
    bad = s;
    bad.duration_s = 0.3;
    bad.length_min_ms = bad.length_max_ms = 900;
    bad.overlap_ratio = 0.01;
    bad.grain_count = 2;
    assert_int_equal(
        grains_cloud(&cloud, &(struct grain_material){.sound = &a}, &bad, &r, NULL, NULL),
        ST_OK);
}

/* Sides in antiphase: the middle is silent, the cloud is not. */
static void antiphase_material_sounds(void **state)
{
    OWN(audio) a = pad(2, 2);
    for (size_t i = 0; i < a.frames; i++)
        a.data[2 * i + 1] = -a.data[2 * i];
    struct grains_spec s;
    s = usual_cloud();
    struct grains_report report;
    OWN(audio) cloud = cloud_of(&a, &s, 1, &report);
    assert_true(report.mean_quality > 0.999);
    double correlation = tone_correlation(&cloud);
    assert_true(correlation > 0.1 && correlation < 0.9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evening_evens),
        cmocka_unit_test(evening_tames_pairs),
        cmocka_unit_test(evening_leaves_gaps),
        cmocka_unit_test(evening_makes_no_step),
        cmocka_unit_test(rough_levels_are_evened),
        cmocka_unit_test(rough_clouds_are_even),
        cmocka_unit_test(joins_are_level),
        cmocka_unit_test(clouds_are_stereo_dense_and_seamless),
        cmocka_unit_test(the_stream_decides_everything),
        cmocka_unit_test(grains_keep_to_the_regions),
        cmocka_unit_test(quality_has_its_penalties),
        cmocka_unit_test(hits_and_silence_are_avoided),
        cmocka_unit_test(trembling_is_not_calm),
        cmocka_unit_test(odd_material_is_refused_or_survived),
        cmocka_unit_test(antiphase_material_sounds),
    };
    return cmocka_run_group_tests_name("grains", tests, NULL, NULL);
}
