/* io/yaml, io/config: the table, files, and everything that can be wrong with them. */
#include "io/config.h"
#include "io/yaml.h"

#include "checks.h"
#include "folder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static enum status parse(struct config *cfg, const char *text,
                         struct config_report *report, struct err *e)
{
    return config_parse(cfg, text, strlen(text), "config.yaml", report, e);
}

/* --- the table --- */

static void defaults_are_the_contract(void **state)
{
    struct config c;
    config_defaults(&c, NULL);
    assert_int_equal(c.global.sample_rate, 44100);
    assert_int_equal(c.global.output_bit_depth, 24);
    assert_true(c.global.target_peak_dbfs == -1);
    assert_int_equal(c.pad_miner.target_durations_sec.count, 4);
    assert_true(c.pad_miner.target_durations_sec.v[3] == 4.5);
    assert_int_equal(c.drones.pad_variants.count, 3);
    assert_int_equal(c.drones.pad_variants.v[2], VARIANT_DARK);
    assert_int_equal(c.drones.pitch_shift_semitones.v[4], -5);
    assert_true(isnan(c.pre_analysis.centroid_low_hz));
    assert_true(c.clouds.pitch_shift_range.min == -5 &&
                c.clouds.pitch_shift_range.max == 5);
    assert_int_equal(c.drum_miner.slice_mode, SLICE_ONSET_TO_ONSET);
    assert_true(c.curation.thresholds.max_crest_factor == 25);
    assert_true(isnan(c.musicality.reference_bpm));
    assert_string_equal(c.musicality.target_key, "");
    assert_false(c.reproducibility.random_seed.set);
    assert_true(c.export.clouds_stereo && !c.export.pads_stereo);
    assert_string_equal(c.paths.pad_sources_dir, "pad_sources");
    assert_int_equal(config_check(&c, NULL), ST_OK);
}

static void every_default_is_valid_and_canonical(void **state)
{
    struct config c;
    config_defaults(&c, NULL);
    for (int i = 0; i < config_key_count(); i++) {
        const struct config_key *k = config_key(i);
        struct err e;
        char text[2000], small[4], expected[300];
        if (config_set_key(&c, k->name, k->default_text, &e))
            fail_msg("%s", e.msg);
        assert_true(config_get(&c, i, text, sizeof text));
        assert_string_equal(text, k->default_text);
        assert_true(config_is_default(&c, i));
        assert_int_equal(config_find(k->name), i);
        assert_true(strlen(k->name) < CONFIG_KEY_BYTES);
        assert_true(strlen(k->help) > 3 && !strchr(k->help, '\n'));
        config_expected(expected, sizeof expected, k);
        assert_true(strlen(expected) > 3);
        config_get(&c, i, small, sizeof small);
        assert_true(strlen(small) < sizeof small);
        /* Ranges hold at both ends and not beyond. */
        if ((k->type == CONFIG_INT || k->type == CONFIG_REAL)) {
            char value[64];
            snprintf(value, sizeof value, "%.9g", k->low);
            assert_int_equal(config_set_key(&c, k->name, value, NULL), ST_OK);
            snprintf(value, sizeof value, "%.9g", k->high);
            assert_int_equal(config_set_key(&c, k->name, value, NULL), ST_OK);
            snprintf(value, sizeof value, "%.9g", k->high + 1);
            assert_int_equal(config_set_key(&c, k->name, value, NULL), ST_CONFIG);
            snprintf(value, sizeof value, "%.9g", k->low - 1);
            assert_int_equal(config_set_key(&c, k->name, value, NULL), ST_CONFIG);
            assert_int_equal(config_set_key(&c, k->name, "word", NULL), ST_CONFIG);
            assert_int_equal(config_set_key(&c, k->name, ".nan", NULL), ST_CONFIG);
            config_set_key(&c, k->name, k->default_text, NULL);
        }
    }
}

static void the_committed_config_holds_the_defaults(void **state)
{
    struct config c, defaults;
    struct config_report report = {0};
    config_defaults(&c, NULL);
    config_defaults(&defaults, NULL);
    snprintf(c.paths.export_dir, sizeof c.paths.export_dir, "elsewhere");
    assert_int_equal(config_load(&c, SOURCE_DIR "/config.yaml", &report, NULL), ST_OK);
    assert_int_equal(report.count, 0);
    assert_memory_equal(&c, &defaults, sizeof c);
}

static void what_is_written_reads_back_equal(void **state)
{
    struct config a, b;
    struct config_report report = {0};
    FREED char *text;
    config_defaults(&a, NULL);
    static const char *const changes[] = {
        "reproducibility.random_seed=18446744073709551615",
        "musicality.target_key=F# min",
        "musicality.reference_bpm=123.456",
        "drones.pad_variants=[dark]",
        "drones.pitch_shift_semitones=[]",
        "pad_miner.min_rms_db=-45.00000000000001",
        "paths.export_dir=it's \"odd\": #1 \xc3\xa9",
        "paths.drums_dir=/disk/caf\xe9",
        "audio.device=null",
        "clouds.pitch_shift_range.max=0.1",
        "interface.audition_delay_ms=-1",
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct err e;
        if (config_set(&a, changes[i], &e))
            fail_msg("%s", e.msg);
    }
    struct err e;
    config_defaults(&b, NULL);
    assert_int_equal(config_yaml(&a, &text, NULL), ST_OK);
    if (parse(&b, text, &report, &e))
        fail_msg("%s", e.msg);
    assert_int_equal(report.count, 0);
    assert_memory_equal(&a, &b, sizeof a);
}

/* --- files --- */

static void earlier_configs_load_unchanged(void **state)
{
    static const char old[] = "global:\n"
                              "  sample_rate: 44100\n"
                              "  target_peak_dbfs: -1.0\n"
                              "pad_miner:\n"
                              "  target_duration_sec: 2   # one length then\n"
                              "  crossfade_ms: 100\n"
                              "  max_candidates_per_file: 6.0\n"
                              "clouds:\n"
                              "  max_pitch_shift_semitones: 7\n"
                              "  lowpass_hz: 0\n"
                              "pre_analysis: {enabled: yes, centroid_low_hz: ~}\n"
                              "drum_miner: {pre_max: 20, post_max: 20, wait: 30}\n"
                              "musicality: {reference_bpm: detect, target_key: null}\n"
                              "reproducibility: {random_seed: 42}\n"
                              "librosa: {n_fft: 2048}\n";
    struct config c;
    OWN(config_report) report = {0};
    struct err e;
    config_defaults(&c, NULL);
    if (parse(&c, old, &report, &e))
        fail_msg("%s", e.msg);
    assert_int_equal(c.pad_miner.target_durations_sec.count, 1);
    assert_true(c.pad_miner.target_durations_sec.v[0] == 2);
    assert_true(c.pad_miner.loop_crossfade_ms == 100);
    assert_true(c.clouds.pitch_shift_range.min == -7 &&
                c.clouds.pitch_shift_range.max == 7);
    assert_true(c.drum_miner.pre_max == 20 && isnan(c.drum_miner.pre_avg));
    assert_true(c.reproducibility.random_seed.set);
    assert_int_equal(c.reproducibility.random_seed.value, 42);
    assert_int_equal(report.count, 1);
    assert_false(report.notes[0].is_error);
    assert_string_equal(report.notes[0].text,
                        "config.yaml:15: unknown section librosa is ignored");
    config_report_done(&report);
    assert_int_equal(parse(&c, "clouds: {pitch_shift_range: [-3, 2]}", NULL, &e), ST_OK);
    assert_true(c.clouds.pitch_shift_range.min == -3 &&
                c.clouds.pitch_shift_range.max == 2);
    /* the new name wins over the old one */
    assert_int_equal(
        parse(&c, "pad_miner: {crossfade_ms: 1, loop_crossfade_ms: 2}", &report, &e),
        ST_OK);
    assert_true(c.pad_miner.loop_crossfade_ms == 2);
    assert_int_equal(report.count, 1);
}

static bool reported(const struct config_report *r, bool is_error, int line,
                     const char *text)
{
    FREED const char *place = text_of(":%d: ", line);
    for (int i = 0; i < r->count; i++)
        if (r->notes[i].is_error == is_error && strstr(r->notes[i].text, place) &&
            strstr(r->notes[i].text, text))
            return true;
    return false;
}

static void all_problems_are_told_with_their_lines(void **state)
{
    static const char text[] = "global:\n"
                               "  sample_rate: fast\n"
                               "  targte_peak_dbfs: -3\n"
                               "pad_miner:\n"
                               "  min_rms_db: 5\n"
                               "padminer: {a: 1}\n"
                               "drones:\n"
                               "  pad_variants:\n"
                               "    - warm\n"
                               "    - hot\n"
                               "  enable_reversal: maybe\n"
                               "clouds: 7\n"
                               "hiss: {use_bandpass: [1]}\n"
                               "curation: {thresholds: {min_rms: -3}}\n";
    struct config c, before;
    OWN(config_report) r = {0};
    struct err e;
    config_defaults(&c, NULL);
    before = c;
    assert_int_equal(parse(&c, text, &r, &e), ST_CONFIG);
    assert_memory_equal(&c, &before, sizeof c);
    assert_string_equal(e.msg, "config.yaml:2: global.sample_rate is fast; expected a "
                               "whole number from 8000 to 192000 Hz");
    assert_true(reported(&r, true, 2, "global.sample_rate"));
    assert_true(reported(&r, false, 3, "did you mean global.target_peak_dbfs?"));
    assert_true(reported(&r, true, 5, "expected a number from -120 to 0 dBFS"));
    assert_true(reported(&r, false, 6, "did you mean pad_miner?"));
    assert_true(reported(&r, true, 10, "hot; expected a list of warm, airy, dark"));
    assert_true(reported(&r, true, 11, "expected true or false"));
    assert_true(reported(&r, true, 12, "expected a section with keys"));
    assert_true(reported(&r, true, 13, "hiss.use_bandpass is a list"));
    assert_true(reported(&r, false, 14, "did you mean curation.thresholds.min_rms_db?"));
    assert_int_equal(r.errors, 6);
}

/* A number in quotation marks is a text, and the message shows why it is no number. A key
 * cut short is one of its own section. */
static void messages_show_what_is_meant(void **state)
{
    static const char text[] = "musicality:\n"
                               "  reference_bpm: \"120\"\n"
                               "curation:\n"
                               "  thresholds: {max_crest: 3}\n";
    struct config c;
    OWN(config_report) r = {0};
    struct err e;
    config_defaults(&c, NULL);
    assert_int_equal(parse(&c, text, &r, &e), ST_CONFIG);
    assert_true(reported(&r, true, 2, "reference_bpm is \"120\"; expected a number"));
    assert_true(reported(&r, false, 4, "mean curation.thresholds.max_crest_factor?"));
}

/* Which of libyaml's words for it nobody would guess. */
static void a_tab_is_called_a_tab(void **state)
{
    struct config c;
    struct err e;
    config_defaults(&c, NULL);
    assert_int_not_equal(parse(&c, "pad_miner:\n\tmin_rms_db: -40\n", NULL, &e), ST_OK);
    assert_non_null(strstr(e.msg, "config.yaml:2: not valid YAML: a tab, "));
    assert_non_null(strstr(e.msg, "indent with spaces"));
}

static void relations_are_checked(void **state)
{
    struct config c;
    struct err e;
    config_defaults(&c, NULL);
    assert_int_equal(parse(&c, "pad_miner:\n  max_rms_db: -50\n", NULL, &e), ST_CONFIG);
    assert_string_equal(e.msg, "config.yaml:2: pad_miner.min_rms_db (-45) must not be "
                               "above pad_miner.max_rms_db (-50)");
    assert_int_equal(parse(&c, "pad_miner: {max_rms_db: -50, min_rms_db: -60}", NULL, &e),
                     ST_OK);
    assert_int_equal(parse(&c, "global: {output_bit_depth: 20}", NULL, &e), ST_CONFIG);
    assert_int_equal(parse(&c, "musicality: {target_key: H dur}", NULL, &e), ST_CONFIG);
    assert_int_equal(parse(&c, "musicality: {target_key: Bb min}", NULL, &e), ST_OK);
    assert_int_equal(parse(&c, "musicality: {target_key: f# MINOR}", NULL, &e), ST_OK);
    assert_int_equal(parse(&c, "drones: {swell_duration_sec: 3}", NULL, &e), ST_CONFIG);
    assert_int_equal(config_set(&c, "clouds.grain_length_min_ms=500", &e), ST_OK);
    assert_int_equal(config_check(&c, &e), ST_CONFIG);
}

static void settings_by_name(void **state)
{
    struct config c;
    struct err e;
    config_defaults(&c, NULL);
    assert_int_equal(config_set(&c, "clouds.grain_length_min_ms = 480", &e), ST_OK);
    assert_float_equal(c.clouds.grain_length_min_ms, 480, 1e-9);
    assert_int_equal(config_set(&c, "pad_miner.crossfade_ms=80", &e), ST_OK);
    assert_true(c.pad_miner.loop_crossfade_ms == 80);
    assert_int_equal(config_set(&c, "clouds.max_pitch_shift_semitones=3", &e), ST_OK);
    assert_true(c.clouds.pitch_shift_range.min == -3);
    /* a group, as in a file */
    assert_int_equal(config_set(&c, "clouds.pitch_shift_range={min: -2, max: 9}", &e),
                     ST_OK);
    assert_true(c.clouds.pitch_shift_range.min == -2 &&
                c.clouds.pitch_shift_range.max == 9);
    assert_int_equal(config_set(&c, "clouds.pitch_shift_range=[-4, 6]", &e), ST_OK);
    assert_int_equal(config_set(&c, "clouds.pitch_shift_range={max: 7}", &e), ST_OK);
    assert_true(c.clouds.pitch_shift_range.min == -4 &&
                c.clouds.pitch_shift_range.max == 7);
    assert_int_equal(config_set(&c, "curation.thresholds={min_rms_db: -50}", &e), ST_OK);
    assert_true(c.curation.thresholds.min_rms_db == -50 &&
                c.curation.thresholds.max_crest_factor == 25);
    assert_int_equal(config_set(&c, "pad_miner.target_durations_sec=2", &e), ST_OK);
    assert_int_equal(c.pad_miner.target_durations_sec.count, 1);
    assert_int_equal(config_set(&c, "musicality.target_key=", &e), ST_OK);
    assert_int_equal(config_set(&c, "paths.export_dir=", &e), ST_CONFIG);
    assert_int_equal(config_set(&c, "paths.export_dir=a: b", &e), ST_OK);
    assert_string_equal(c.paths.export_dir, "a: b");
    assert_int_equal(config_set(&c, "paths.export_dir=\"q\"", &e), ST_OK);
    assert_string_equal(c.paths.export_dir, "q");
    static const char *const bad[] = {"",
                                      "=",
                                      "noequals",
                                      "=3",
                                      "pad_miner.min_rms_db=",
                                      "pad_miner.min_rms_db=[",
                                      "pad_miner.min_rms_db={a: *b}",
                                      "pad_miner.min_rms_db=0x10",
                                      "reproducibility.random_seed=-1",
                                      "reproducibility.random_seed=18446744073709551616",
                                      "reproducibility.random_seed=1.5",
                                      "global.sample_rate=44100.5",
                                      "audio.match_levels=maybe",
                                      "drones.pad_variants=[dark, blue]",
                                      "drones.pitch_shift_semitones=[1, 99]",
                                      "clouds.pitch_shift_range=",
                                      "clouds.pitch_shift_range=3",
                                      "clouds.pitch_shift_range=[1, 2, 3]",
                                      "clouds.pitch_shift_range={min: 1, most: 2}",
                                      "clouds.pitch_shift_range={min: 1, max: 99}",
                                      "clouds.pitch_shift_range={min: 1, max: [2]}",
                                      "clouds.pitch_shift_range={min: 1",
                                      "clouds.max_pitch_shift_semitones=wide"};
    struct config before = c;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(config_set(&c, bad[i], &e), ST_CONFIG);
        assert_memory_equal(&c, &before, sizeof c);
    }
    assert_int_equal(config_set(&c, "pad_minr.min_rms_db=3", &e), ST_CONFIG);
    assert_non_null(strstr(e.msg, "did you mean pad_miner.min_rms_db?"));
    assert_int_equal(config_set(&c, "zzzzzzzzzz=3", &e), ST_CONFIG);
    assert_null(strstr(e.msg, "did you mean"));
    assert_int_equal(config_set(&c, "curation.thresholds={min_rms: -50}", &e), ST_CONFIG);
    assert_non_null(strstr(e.msg, "did you mean curation.thresholds.min_rms_db?"));
}

static void missing_and_odd_files(void **state)
{
    char path[FOLDER_BYTES];
    const char *folder = *state;
    struct config c;
    struct err e;
    config_defaults(&c, NULL);
    assert_int_equal(config_load(&c, folder_path(path, folder, "no.yaml"), NULL, &e),
                     ST_NOT_FOUND);
    assert_int_equal(config_load(&c, folder, NULL, &e), ST_UNREADABLE);
    mkfifo(folder_path(path, folder, "fifo"), 0600);
    assert_int_equal(config_load(&c, path, NULL, &e), ST_UNREADABLE);
    folder_write(folder, "empty.yaml", "", 0);
    assert_int_equal(config_load(&c, folder_path(path, folder, "empty.yaml"), NULL, &e),
                     ST_OK);
    folder_write(folder, "bin.yaml",
                 "\x7f"
                 "ELF\0\0\1\2",
                 8);
    assert_int_equal(config_load(&c, folder_path(path, folder, "bin.yaml"), NULL, &e),
                     ST_CONFIG);
    assert_non_null(strstr(e.msg, "bin.yaml:1:"));
}

/* --- YAML --- */

static void hostile_yaml_is_refused(void **state)
{
    static const char *const bad[] = {
        "a: &x [1]\nb: *x\n", "a: 1\na: 2\n", "a: 1\n--- \nb: 2\n",
        "a: [1, 2\nb: 3",     "\tkey: x",     "a: \"\\0\"",
        "? [complex]\n: 1",   "a: \xff\xfe",  "%YAML 9.9\n---\na: 1",
    };
    struct err e;
    struct yaml *y;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (yaml_read(&y, bad[i], strlen(bad[i]), "x", &e) == ST_OK)
            fail_msg("accepted: %s", bad[i]);
        assert_true(strncmp(e.msg, "x:", 2) == 0);
    }
    enum { DEEP = 200000 };
    FREED char *deep = malloc(DEEP);
    memset(deep, '[', DEEP);
    assert_int_equal(yaml_read(&y, deep, DEEP, "x", &e), ST_CORRUPT);
    deep[0] = '[';
    for (size_t i = 1; i + 1 < DEEP; i += 2)
        memcpy(deep + i, "1,", 2);
    deep[DEEP - 1] = ']';
    assert_int_equal(yaml_read(&y, deep, DEEP, "x", &e), ST_OK);
    assert_int_equal(yaml_root(y)->count, DEEP / 2 - 1);
    yaml_tree_free(y);
    yaml_tree_free(NULL);
}

static void quoting_reads_back(void **state)
{
    static const char *const texts[] = {"plain",
                                        "",
                                        "null",
                                        "yes",
                                        "1.5",
                                        "a: b",
                                        "a #b",
                                        "#a",
                                        "- x",
                                        "line\nbreak",
                                        "\"",
                                        "back\\slash",
                                        "\xc3\xa9t\xc3\xa9",
                                        " led",
                                        "trailed ",
                                        "12:30:00",
                                        "[x]",
                                        "it's",
                                        "\x01\x7f",
                                        "2024-01-01",
                                        "=",
                                        "*a",
                                        "a,b",
                                        "caf\xe9", /* as folders of old disks are named */
                                        "\xff\x80",
                                        "half \xc3",
                                        "\xee\xbe\x80\xee\xbf\xbf", /* U+EF80, U+EFFF */
                                        "\xc2\x85\xc2\x9f", /* line break and control */
                                        "\xe2\x80\xa8\xef\xbb\xbf\xef\xbf\xbf",
                                        "\xf0\x9f\x8e\xb5"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char line[200] = "k: ";
        struct yaml *y;
        size_t n = yaml_quote(line + 3, sizeof line - 3, texts[i]);
        assert_int_equal(n, strlen(line + 3));
        assert_int_equal(yaml_read(&y, line, strlen(line), "x", NULL), ST_OK);
        const struct yaml_node *k = yaml_get(yaml_root(y), "k");
        assert_non_null(k);
        assert_string_equal(k->text, texts[i]);
        assert_false(yaml_is_null(k));
        assert_true(n <= 6 * strlen(texts[i]) + 2);
        yaml_tree_free(y);
    }
    char tiny[4];
    assert_int_equal(yaml_quote(tiny, sizeof tiny, "longer"), 6);
    assert_string_equal(tiny, "lon");
}

/* A level at which the grades would take every sample for clipped is allowed, and told.
 */
static void what_is_hardly_meant_is_told(void **state)
{
    struct config cfg;
    char out[320];
    config_defaults(&cfg, NULL);
    assert_false(config_doubt(&cfg, out, sizeof out));
    cfg.global.target_peak_dbfs = -0.09; /* 0.99 is -0.0873 */
    assert_false(config_doubt(&cfg, out, sizeof out));
    cfg.silence_miner.target_peak_dbfs = 0;
    assert_true(config_doubt(&cfg, out, sizeof out));
    assert_non_null(strstr(out, "silence_miner.target_peak_dbfs (0) lies above"));
    cfg.clouds.target_peak_dbfs = -0.08;
    assert_true(config_doubt(&cfg, out, sizeof out));
    assert_non_null(strstr(out, "clouds.target_peak_dbfs (-0.08) lies above -0.09"));
    cfg.global.target_peak_dbfs = 0;
    assert_true(config_doubt(&cfg, out, sizeof out));
    assert_non_null(strstr(out, "global.target_peak_dbfs (0)"));
    cfg.curation.thresholds.clipping_tolerance = 0;
    assert_false(config_doubt(&cfg, out, sizeof out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_contract),
        cmocka_unit_test(every_default_is_valid_and_canonical),
        cmocka_unit_test(the_committed_config_holds_the_defaults),
        cmocka_unit_test(what_is_written_reads_back_equal),
        cmocka_unit_test(earlier_configs_load_unchanged),
        cmocka_unit_test(all_problems_are_told_with_their_lines),
        cmocka_unit_test(messages_show_what_is_meant),
        cmocka_unit_test(a_tab_is_called_a_tab),
        cmocka_unit_test(relations_are_checked),
        cmocka_unit_test(settings_by_name),
        IN_FOLDER(missing_and_odd_files),
        cmocka_unit_test(hostile_yaml_is_refused),
        cmocka_unit_test(quoting_reads_back),
        cmocka_unit_test(what_is_hardly_meant_is_told),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
