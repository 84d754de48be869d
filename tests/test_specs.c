/* From the settings to what miners and makers are asked for: each one where it belongs.
 * Every value is another one and none is a default, so that no two can be mistaken. */
#include "checks.h"

#include "core/makers.h"
#include "core/survey.h"
#include "io/text.h"
#include "tone.h"

#include <math.h>

static void set_all(struct config *cfg, const char *const *assignments, size_t count)
{
    struct err e = {0};
    config_defaults(cfg, NULL);
    for (size_t i = 0; i < count; i++)
        if (config_set(cfg, assignments[i], &e) != ST_OK)
            fail_msg("%s", e.msg);
}
#define SET_ALL(cfg, list) set_all(cfg, list, sizeof list / sizeof *list)

static void pads(void **state)
{
    static const char *const settings[] = {"pad_miner.target_durations_sec=[1.25, 6.5]",
                                           "pad_miner.min_rms_db=-41",
                                           "pad_miner.max_rms_db=-9",
                                           "pad_miner.max_onset_rate_per_second=3.25",
                                           "pad_miner.spectral_flatness_threshold=0.35",
                                           "pad_miner.max_candidates_per_file=7",
                                           "pad_miner.loop_crossfade_ms=90",
                                           "pad_miner.window_hop_sec=0.4"};
    struct config cfg;
    SET_ALL(&cfg, settings);
    struct pad_params p = survey_pad_params(&cfg);
    assert_int_equal(p.target_duration_count, 2);
    assert_true(p.target_durations_sec[0] == 1.25 && p.target_durations_sec[1] == 6.5);
    assert_true(p.min_rms_db == -41 && p.max_rms_db == -9);
    assert_true(p.max_onset_rate_per_second == 3.25);
    assert_true(p.spectral_flatness_threshold == 0.35);
    assert_int_equal(p.max_candidates_per_file, 7);
    assert_true(p.loop_crossfade_ms == 90 && p.window_hop_sec == 0.4);
    /* as many lengths as a list holds, the last like the first */
    OWN(text) many = {0};
    struct err e;
    text_add(&many, "pad_miner.target_durations_sec=[");
    for (int i = 1; i <= CONFIG_LIST_MAX; i++)
        text_addf(&many, "%s%.2f", i > 1 ? ", " : "", i / 4.0);
    text_add(&many, "]");
    assert_int_equal(config_set(&cfg, many.at, &e), ST_OK);
    p = survey_pad_params(&cfg);
    assert_int_equal(p.target_duration_count, CONFIG_LIST_MAX);
    assert_true(p.target_durations_sec[CONFIG_LIST_MAX - 1] == CONFIG_LIST_MAX / 4.0);
}

static void stable_ground(void **state)
{
    static const char *const settings[] = {
        "pre_analysis.analysis_window_sec=0.8", "pre_analysis.analysis_hop_sec=0.3",
        "pre_analysis.max_onset_rate_hz=4",     "pre_analysis.min_rms_db=-52",
        "pre_analysis.max_rms_db=-11",          "pre_analysis.max_dc_offset=0.02",
        "pre_analysis.max_crest_factor=14",     "pre_analysis.min_stable_windows=3",
        "pre_analysis.centroid_low_hz=150",     "pre_analysis.centroid_high_hz=7500"};
    struct config cfg;
    SET_ALL(&cfg, settings);
    struct pre_analysis_params p = survey_pad_params(&cfg).pre_analysis;
    assert_true(p.analysis_window_sec == 0.8 && p.analysis_hop_sec == 0.3);
    assert_true(p.max_onset_rate_hz == 4);
    assert_true(p.min_rms_db == -52 && p.max_rms_db == -11);
    assert_true(p.max_dc_offset == 0.02 && p.max_crest_factor == 14);
    assert_int_equal(p.min_stable_windows, 3);
    assert_true(p.centroid_low_hz == 150 && p.centroid_high_hz == 7500);
    for (int which = 0; which < 3; which++) { /* one of the switches off */
        static const char *const off[] = {"pre_analysis.enabled=false",
                                          "pre_analysis.skip_clipped_regions=false",
                                          "pre_analysis.skip_transient_regions=false"};
        set_all(&cfg, &off[which], 1);
        p = survey_pad_params(&cfg).pre_analysis;
        assert_int_equal(p.enabled, which != 0);
        assert_int_equal(p.skip_clipped_regions, which != 1);
        assert_int_equal(p.skip_transient_regions, which != 2);
    }
}

static void clouds(void **state)
{
    static const char *const settings[] = {
        "clouds.grain_length_min_ms=35",   "clouds.grain_length_max_ms=150",
        "clouds.grains_per_cloud=250",     "clouds.cloud_duration_sec=9",
        "clouds.pitch_shift_range.min=-7", "clouds.pitch_shift_range.max=3",
        "clouds.overlap_ratio=0.6",        "clouds.lowpass_hz=6500",
        "clouds.target_peak_dbfs=-4",      "pre_analysis.grain_quality_threshold=0.5",
        "export.clouds_stereo=false",      "global.sample_rate=48000"};
    struct config cfg;
    SET_ALL(&cfg, settings);
    struct grains_spec s = maker_cloud_spec(&cfg, 2);
    assert_true(s.length_min_ms == 35 && s.length_max_ms == 150);
    assert_true(s.grain_count == 250 && s.duration_s == 9);
    assert_true(s.pitch_min_semitones == -7 && s.pitch_max_semitones == 3);
    assert_true(s.transpose_semitones == 2 && s.overlap_ratio == 0.6);
    assert_true(s.lowpass_hz == 6500 && s.peak_dbfs == -4 && s.quality_threshold == 0.5);
    assert_true(s.channels == 1 && s.rate_hz == 48000);
}

/* The shortest grains that the settings take are grains that are made. */
static void shortest_grains(void **state)
{
    static const char *const settings[] = {"clouds.grain_length_min_ms=5",
                                           "clouds.grain_length_max_ms=5",
                                           "clouds.cloud_duration_sec=0.5"};
    struct config cfg;
    OWN(audio) noise, cloud;
    struct rng r = rng_derive(4, 0, "noise", 0);
    SET_ALL(&cfg, settings);
    assert_int_equal(config_set(&cfg, "clouds.grain_length_min_ms=4.9", NULL), ST_CONFIG);
    assert_int_equal(config_set(&cfg, "clouds.grain_length_max_ms=4.9", NULL), ST_CONFIG);
    assert_int_equal(audio_init(&noise, 44100, 1, 44100, NULL), ST_OK);
    for (size_t i = 0; i < noise.frames; i++)
        noise.data[i] = (float)(0.1 * rng_gauss(&r));
    struct grains_spec s = maker_cloud_spec(&cfg, 0);
    assert_int_equal(grains_cloud(&cloud, &(struct grain_material){.sound = &noise}, &s,
                                  &r, NULL, NULL),
                     ST_OK);
    assert_int_equal(cloud.frames, 22050);
}

static void hiss(void **state)
{
    static const char *const settings[] = {
        "hiss.loop_duration_sec=3",  "hiss.highpass_hz=5000",
        "hiss.bandpass_low_hz=3500", "hiss.bandpass_high_hz=14000",
        "hiss.use_bandpass=false",   "hiss.tremolo_rate_hz=3.5",
        "hiss.tremolo_depth=0.25",   "hiss.flicker_min_ms=40",
        "hiss.flicker_max_ms=600",   "hiss.synthetic_noise_level_db=-15",
        "export.hiss_stereo=false",  "global.sample_rate=48000"};
    struct config cfg;
    SET_ALL(&cfg, settings);
    struct hiss_spec s = maker_hiss_spec(&cfg);
    assert_true(s.loop_duration_s == 3 && s.highpass_hz == 5000);
    assert_true(s.bandpass_low_hz == 3500 && s.bandpass_high_hz == 14000);
    assert_false(s.use_bandpass);
    assert_true(s.tremolo_rate_hz == 3.5 && s.tremolo_depth == 0.25);
    assert_true(s.flicker_min_ms == 40 && s.flicker_max_ms == 600);
    assert_true(s.noise_level_db == -15);
    assert_true(s.channels == 1 && s.rate_hz == 48000);
    assert_int_equal(config_set(&cfg, "hiss.use_synthetic_noise=false", NULL), ST_OK);
    s = maker_hiss_spec(&cfg);
    assert_true(s.noise_level_db != s.noise_level_db); /* none is made */
}

/* What is made: half its source, a quarter how even it is, a quarter its join. */
static void scores(void **state)
{
    static const struct seam too_short; /* to judge */
    struct candidate c;
    OWN(audio) a = tone_frames(44100, 1, 44100);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = i % 2 ? 0.5f : -0.5f; /* as even as can be */
    candidate_clear(&c);
    maker_score(&c, &a, 0.8, true, &too_short);
    assert_true(fabs(c.m.score - (0.5 * 0.8 + 0.25 * 1 + 0.25 * 0.5)) < 1e-6);
    assert_int_equal(c.parts.count, 3);
    candidate_clear(&c);
    maker_score(&c, &a, 0.8, false, &too_short);
    assert_true(fabs(c.m.score - (0.65 * 0.8 + 0.35 * 1)) < 1e-6);
    assert_int_equal(c.parts.count, 2);
    double even = c.m.score;
    for (size_t i = 0; i < a.frames / 2; i++)
        a.data[i] *= 0.25f; /* half of it 12 dB below the rest */
    candidate_clear(&c);
    maker_score(&c, &a, 0.8, false, &too_short);
    assert_true(c.m.score < even - 0.1 && c.m.score > 0.65 * 0.8);
}

static double even_of(const struct audio *a)
{
    struct candidate c;
    candidate_clear(&c);
    maker_score(&c, a, 0, false, &(struct seam){0});
    return c.m.score / 0.35;
}

/* A swell rises and falls as it should: what is held against it is that it trembles. One
 * that does not had 0.46 as well. */
static void a_swell_is_as_even_as_its_course(void **state)
{
    for (int trembles = 0; trembles < 2; trembles++) {
        OWN(audio) a = tone_frames(441000, 1, 44100);
        for (size_t i = 0; i < a.frames; i++) {
            double s = (double)i / 44100, shape = sin(0.314159265 * s);
            double by = trembles ? 1 + 0.6 * sin(25 * s) : 1;
            a.data[i] = (float)((i % 2 ? 0.3 : -0.3) * shape * shape * by);
        }
        double even = even_of(&a);
        assert_true(trembles ? even > 0.55 && even < 0.7 : even > 0.9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pads),
        cmocka_unit_test(stable_ground),
        cmocka_unit_test(clouds),
        cmocka_unit_test(shortest_grains),
        cmocka_unit_test(hiss),
        cmocka_unit_test(scores),
        cmocka_unit_test(a_swell_is_as_even_as_its_course),
    };
    return cmocka_run_group_tests_name("specs", tests, NULL, NULL);
}
