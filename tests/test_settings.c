/* Every setting is heeded: with another value the batch mode makes something else of the
 * same recording and seed. What it makes is measured in the tests of its parts. */
#include "checks.h"
#include "core/pi.h"
#include "dsp/audio.h"
#include "folder.h"
#include "io/config.h"
#include "program.h"
#include "tone.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 22050, SECONDS = 5 };

/* What is mined of which recording, small enough to be done a hundred times. */
static const struct bench {
    const char *source, *stages, *sets; /* the latter a list of section.key=value */
} benches[] = {
    {"chord", "pads", "pad_miner.max_candidates_per_file=3"},
    {"chord", "pads,drones",
     "pad_miner.max_candidates_per_file=1 drones.pad_variants=[warm,airy,dark] "
     "drones.pitch_shift_semitones=[0] drones.time_stretch_factors=[1] "
     "drones.swell_duration_sec=2 drones.fade_in_sec=0.2 drones.fade_out_sec=0.5"},
    {"pulsed", "pads",
     "pad_miner.max_onset_rate_per_second=100 pre_analysis.enabled=false "
     "pad_miner.max_candidates_per_file=2 pad_miner.max_rms_db=0 "
     "pre_analysis.max_crest_factor=100"},
    {"beat", "drums", ""},
    {"pulsed", "drums", ""},
    {"rolls", "drums", "drum_miner.min_peak_db=-60"},
    {"beat", "hiss",
     "hiss.loop_duration_sec=0.5 hiss.hiss_loops_per_source=1 hiss.flicker_count=2"},
    {"pulsed", "hiss",
     "hiss.loop_duration_sec=0.5 hiss.hiss_loops_per_source=1 hiss.flicker_count=2"},
    {"room", "silences", ""},
    {"mixed", "clouds",
     "clouds.clouds_per_source=1 clouds.cloud_duration_sec=1 clouds.grains_per_cloud=30 "
     "pre_analysis.max_rms_db=0 pre_analysis.analysis_window_sec=0.3 "
     "pre_analysis.analysis_hop_sec=0.15"},
    {"pulsed", "clouds",
     "clouds.clouds_per_source=1 clouds.cloud_duration_sec=1 clouds.grains_per_cloud=30 "
     "pre_analysis.enabled=false"},
};
enum bench_name {
    PADS,
    DRONES,
    PULSED_PADS,
    DRUMS,
    PULSED_DRUMS,
    ROLLED_DRUMS,
    HISS,
    MADE_HISS,
    SILENCES,
    CLOUDS,
    PULSED_CLOUDS,
    BENCHES
};

static const struct change {
    enum bench_name bench;
    const char *set; /* the setting, and others that it needs */
} changes[] = {
    {DRUMS, "global.sample_rate=32000"},
    {DRUMS, "global.output_bit_depth=16"},
    {DRUMS, "global.target_peak_dbfs=-7"},
    {PADS, "pad_miner.target_durations_sec=[1]"},
    {PADS, "pad_miner.min_rms_db=-9"},
    {PADS, "pad_miner.max_rms_db=-40"},
    {PULSED_PADS, "pad_miner.max_onset_rate_per_second=0"},
    {PADS, "pad_miner.spectral_flatness_threshold=0"},
    {PADS, "pad_miner.max_candidates_per_file=1"},
    {PADS, "pad_miner.loop_crossfade_ms=20"},
    {PADS, "pad_miner.window_hop_sec=0.9"},
    {PULSED_PADS, "separation.pads=true"},
    {PULSED_DRUMS, "separation.drums=true"},
    {DRONES, "drones.pad_loop_duration_sec=1.3"},
    {DRONES, "drones.pad_variants=[dark]"},
    {DRONES, "drones.warm_lowpass_hz=900"},
    {DRONES, "drones.airy_highpass_hz=2000"},
    {DRONES, "drones.dark_high_cut_hz=500"},
    {DRONES, "drones.swell_duration_sec=3"},
    {DRONES, "drones.fade_in_sec=0.5"},
    {DRONES, "drones.fade_out_sec=1"},
    {DRONES, "drones.pitch_shift_semitones=[3]"},
    {DRONES, "drones.time_stretch_factors=[1.3]"},
    {DRONES, "drones.enable_reversal=false"},
    {CLOUDS, "pre_analysis.enabled=false"},
    {CLOUDS, "pre_analysis.analysis_window_sec=0.6"},
    {CLOUDS, "pre_analysis.analysis_hop_sec=0.7"},
    {CLOUDS, "pre_analysis.max_onset_rate_hz=100"},
    {CLOUDS, "pre_analysis.min_rms_db=-14"},
    {CLOUDS, "pre_analysis.max_rms_db=-14"},
    {CLOUDS, "pre_analysis.max_dc_offset=0.5"},
    {CLOUDS, "pre_analysis.max_crest_factor=1.5"},
    {PULSED_CLOUDS, "pre_analysis.grain_quality_threshold=1"},
    {CLOUDS, "pre_analysis.min_stable_windows=6"},
    {CLOUDS, "pre_analysis.centroid_low_hz=1500"},
    {CLOUDS, "pre_analysis.centroid_high_hz=700"},
    {CLOUDS, "pre_analysis.skip_clipped_regions=false"},
    {CLOUDS, "pre_analysis.skip_transient_regions=false"},
    {CLOUDS, "clouds.grain_length_min_ms=100"},
    {CLOUDS, "clouds.grain_length_max_ms=60"},
    {CLOUDS, "clouds.grains_per_cloud=200"},
    {CLOUDS, "clouds.cloud_duration_sec=1.5"},
    {CLOUDS, "clouds.pitch_shift_range.min=0"},
    {CLOUDS, "clouds.pitch_shift_range.max=0"},
    {CLOUDS, "clouds.overlap_ratio=0.9"},
    {CLOUDS, "clouds.lowpass_hz=1000"},
    {CLOUDS, "clouds.clouds_per_source=2"},
    {CLOUDS, "clouds.target_peak_dbfs=-9"},
    {HISS, "hiss.loop_duration_sec=0.8"},
    {HISS, "hiss.highpass_hz=2000 hiss.use_bandpass=false"},
    {HISS, "hiss.bandpass_low_hz=2000"},
    {HISS, "hiss.bandpass_high_hz=6000"},
    {HISS, "hiss.use_bandpass=false"},
    {HISS, "hiss.tremolo_rate_hz=8"},
    {HISS, "hiss.tremolo_depth=1"},
    {HISS, "hiss.hiss_loops_per_source=2"},
    {HISS, "hiss.flicker_min_ms=300"},
    {HISS, "hiss.flicker_max_ms=40"},
    {HISS, "hiss.flicker_count=1"},
    {MADE_HISS, "hiss.use_synthetic_noise=false"},
    {MADE_HISS, "hiss.synthetic_noise_level_db=-30"},
    {DRUMS, "drum_miner.enabled=false"},
    {DRUMS, "drum_miner.onset_backtrack=false"},
    {DRUMS, "drum_miner.delta=3"},
    {DRUMS, "drum_miner.wait=900"},
    {DRUMS, "drum_miner.pre_max=90"},
    {DRUMS, "drum_miner.post_max=90"},
    {ROLLED_DRUMS, "drum_miner.pre_avg=60"},
    {ROLLED_DRUMS, "drum_miner.post_avg=60"},
    {DRUMS, "drum_miner.slice_mode=fixed_length"},
    {DRUMS, "drum_miner.fixed_length_sec=0.1 drum_miner.slice_mode=fixed_length"},
    {DRUMS, "drum_miner.max_length_sec=0.07"},
    {DRUMS, "drum_miner.min_length_sec=0.4"},
    {PULSED_DRUMS, "drum_miner.fade_in_ms=0"},
    {DRUMS, "drum_miner.fade_out_ms=100"},
    {DRUMS, "drum_miner.min_peak_db=-5"},
    {DRUMS, "drum_miner.max_peak_db=-6"},
    {DRUMS, "drum_miner.max_saved_per_file=3"},
    {SILENCES, "silence_miner.min_rms_db=-50"},
    {SILENCES, "silence_miner.max_rms_db=-70"},
    {SILENCES, "silence_miner.min_duration_sec=0.5"},
    {SILENCES, "silence_miner.max_duration_sec=0.3"},
    {SILENCES, "silence_miner.max_crest=2"},
    {SILENCES, "silence_miner.max_extracted=2"},
    {SILENCES, "silence_miner.target_peak_dbfs=-20"},
    {PADS, "export.pads_stereo=true"},
    {DRONES, "export.swells_stereo=true"},
    {CLOUDS, "export.clouds_stereo=false"},
    {HISS, "export.hiss_stereo=false"},
    {DRUMS, "export.drums_stereo=true"},
    {SILENCES, "export.silences_stereo=true"},
    {PADS, "brightness_tags.enabled=false"},
    {PADS, "brightness_tags.centroid_low_hz=20"},
    {PADS, "brightness_tags.centroid_high_hz=100 brightness_tags.centroid_low_hz=50"},
    {DRUMS, "curation.auto_delete_grade_f=true curation.thresholds.max_crest_factor=5"},
    {DRUMS, "curation.thresholds.min_rms_db=-20"},
    {DRUMS, "curation.thresholds.clipping_tolerance=0.2"},
    {DRUMS, "curation.thresholds.max_crest_factor=5"},
    {PADS, "musicality.reference_bpm=170 musicality.snap_to_grid=true"},
    {PADS, "musicality.snap_to_grid=true musicality.reference_bpm=150"},
    {PADS, "musicality.bar_lengths=[1] musicality.snap_to_grid=true "
           "musicality.reference_bpm=150"},
    {DRONES, "musicality.target_key=Eb"},
    {CLOUDS, "reproducibility.random_seed=8"},
};

/* The drum machine's, the chooser's and the workstation's: no sample depends on them, and
 * their tests are test_kit, test_curate, test_ui_settings, test_ui_sound, test_device. */
static const char *const others[] = {
    "paths.", "curation.diversity", "similarity.", "kit.", "audio.", "interface."};

static const char *folder;

static void save(const char *name, struct audio *a)
{
    folder_wav(folder, name, a, 24);
    audio_done(a);
}

static void new_sound(struct audio *a)
{
    assert_int_equal(audio_init(a, (size_t)RATE * SECONDS, 2, RATE, NULL), ST_OK);
}

static void add_hits(struct audio *a, double level, struct rng *r)
{
    for (int hit = 0; hit < 4 * SECONDS; hit++) {
        double size = level * (1 - 0.15 * (hit % 5)), pan = 0.1 * (hit % 3);
        size_t at = (size_t)(RATE * (0.25 * hit + 0.02)) + (size_t)(hit * 31);
        for (size_t i = 0; i < RATE / 5 && at + i < a->frames; i++) {
            double t = (double)i / RATE, fall = exp(-t * (20 + 10 * (hit % 3)));
            double v = hit % 2 ? rng_range(r, -1, 1) : sin(2 * PI * (60 + 20 * fall) * t);
            a->data[2 * (at + i)] += (float)(size * (1 - pan) * fall * v);
            a->data[2 * (at + i) + 1] += (float)(size * (1 + pan) * fall * v);
        }
    }
}

/* Strokes 40 ms apart, each softer than the one before: what is around decides how many
 * of them are heard. */
static void add_rolls(struct audio *a, struct rng *r)
{
    tone_noise(a, 0.001, r);
    for (int roll = 0; roll < 2 * SECONDS; roll++)
        for (int stroke = 0; stroke < 10; stroke++) {
            double size = 0.5 * exp(-stroke * (0.2 + 0.05 * roll));
            size_t at = (size_t)(RATE * (0.5 * roll + 0.02 + 0.04 * stroke));
            for (size_t i = 0; i < RATE / 20 && at + i < a->frames; i++) {
                double v = size * exp(-120.0 * (double)i / RATE) * rng_range(r, -1, 1);
                a->data[2 * (at + i)] += (float)v;
                a->data[2 * (at + i) + 1] += (float)v;
            }
        }
}

static void add_chord(struct audio *a, struct rng *r)
{
    static const double notes[] = {130.8, 164.8, 196, 261.6, 1046.5, 3100};
    for (int i = 0; i < 6; i++)
        for (int c = 0; c < 2; c++) {
            tone_add(a, c, notes[i] * (1 + 0.0007 * c), 0.12 / (1 + i / 2.0), i + c);
            tone_add(a, c, notes[i] * 1.0021, 0.05 / (1 + i / 2.0), 2 * i + c);
        }
    tone_noise(a, 0.0003, r);
}

static int set_up(void **state)
{
    struct audio a;
    struct rng r = rng_derive(9, 0, "settings", 0);
    folder_setup(state);
    folder = *state;
    new_sound(&a);
    add_chord(&a, &r);
    save("chord.wav", &a);
    new_sound(&a);
    add_chord(&a, &r);
    add_hits(&a, 0.3, &r);
    save("pulsed.wav", &a);
    new_sound(&a);
    add_hits(&a, 0.8, &r);
    save("beat.wav", &a);
    new_sound(&a);
    add_rolls(&a, &r);
    save("rolls.wav", &a);
    new_sound(&a);
    tone_noise(&a, 0.001, &r);
    for (size_t i = 2 * a.frames / 2; i < 2 * a.frames; i++)
        a.data[i] *= 4;
    save("room.wav", &a);
    /* a second each: dark, clipped, bright and loud, struck, with an offset */
    new_sound(&a);
    for (size_t i = 0; i < a.frames; i++) {
        size_t part = i / RATE;
        double t = (double)i / RATE;
        double v = 0.2 * sin(2 * PI * 220 * t) + 0.1 * sin(2 * PI * 333 * t);
        if (part == 1)
            v = fmin(0.99999, fmax(-1, 6 * v));
        else if (part == 2)
            v = 0.3 * sin(2 * PI * 2500 * t) + 0.3 * sin(2 * PI * 2903 * t);
        else if (part == 3)
            v += 0.5 * exp(-40 * fmod(t, 0.125)) * rng_range(&r, -1, 1);
        else if (part == 4)
            v += 0.1;
        a.data[2 * i] = (float)v;
        a.data[2 * i + 1] = (float)(0.9 * v);
    }
    save("mixed.wav", &a);
    return 0;
}

/* The words of a list of settings, each behind a --set. */
static int add_sets(char **argv, int n, char *list)
{
    for (char *word = strtok(list, " "); word; word = strtok(NULL, " ")) {
        argv[n++] = "--set";
        argv[n++] = word;
    }
    return n;
}

/* What comes of a bench with further settings: names and bytes of the samples, and the
 * manifest. */
static char *made(const struct bench *b, const char *sets, int run)
{
    char source[64];
    snprintf(source, sizeof source, "%s.wav", b->source);
    FREED char *project = text_of("P%d", run);
    FREED char *first = text_of("%s", b->sets);
    FREED char *second = text_of("%s", sets);
    char *argv[64] = {TROWEL_BIN,       "--batch",  "process",         "--input_dir",
                      source,           "--stages", (char *)b->stages, "--quiet",
                      "--project_name", project,    "--jobs",          "1"};
    int n = add_sets(argv, 12,
                     (char[]){"global.sample_rate=22050 "
                              "reproducibility.random_seed=7"});
    n = add_sets(argv, n, first);
    add_sets(argv, n, second);
    OWN(outcome) o;
    program_run(&o, folder, argv);
    if (o.exit_status > 1)
        fail_msg("%s %s: %s", b->stages, sets, o.err);
    FREED const char *path = text_of("%s/export/%s", folder, project);
    FREED char *samples = tree_hash(path, ".trowel");
    char *kept = calloc(strlen(samples) + 1, 1);
    for (char *line = strtok(samples, "\n"); line; line = strtok(NULL, "\n"))
        if (!strstr(line, "config.effective") && !strstr(line, "catalog.db"))
            strcat(strcat(kept, line), "\n");
    folder_remove(path);
    return kept;
}

static void every_setting_changes_what_is_made(void **state)
{
    char *usual[BENCHES];
    int dead = 0;
    for (int b = 0; b < BENCHES; b++) {
        usual[b] = made(&benches[b], "", b);
        FREED char *again = made(&benches[b], "", b);
        assert_string_equal(usual[b], again);
        if (!strstr(usual[b], ".wav"))
            fail_msg("%s of %s: nothing", benches[b].stages, benches[b].source);
    }
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        FREED char *other = made(&benches[changes[i].bench], changes[i].set, (int)i);
        if (strcmp(other, usual[changes[i].bench]) == 0) {
            print_message("no effect: %s\n", changes[i].set);
            dead++;
        }
    }
    for (int b = 0; b < BENCHES; b++)
        free(usual[b]);
    assert_int_equal(dead, 0);
}

static void every_setting_is_looked_at(void **state)
{
    for (int k = 0; k < config_key_count(); k++) {
        const char *name = config_key(k)->name;
        size_t length = strlen(name);
        bool found = false;
        for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
            found = found || (strncmp(changes[i].set, name, length) == 0 &&
                              changes[i].set[length] == '=');
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
            found = found || strncmp(others[i], name, strlen(others[i])) == 0;
        if (!found)
            fail_msg("%s is in no row", name);
    }
}

/* A config file that says the same is the same. */
static void files_and_options_agree(void **state)
{
    FREED const char *path = text_of("%s/all.yaml", folder);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char set[200], *dot, *equals;
        snprintf(set, sizeof set, "%s", changes[i].set);
        set[strcspn(set, " ")] = '\0';
        struct config c, d;
        config_defaults(&c, NULL);
        assert_int_equal(config_set(&c, set, NULL), ST_OK);
        FILE *f = fopen(path, "w");
        dot = strchr(set, '.');
        equals = strchr(set, '=');
        char *group = memchr(dot + 1, '.', (size_t)(equals - dot - 1));
        fprintf(f, "%.*s:\n", (int)(dot - set), set);
        if (group)
            fprintf(f, "  %.*s:\n  ", (int)(group - dot - 1), dot + 1);
        dot = group ? group : dot;
        fprintf(f, "  %.*s: %s\n", (int)(equals - dot - 1), dot + 1, equals + 1);
        fclose(f);
        config_defaults(&d, NULL);
        enum status st = config_load(&d, path, NULL, NULL);
        enum status checked = config_check(&c, NULL);
        assert_int_equal(st, checked);
        if (st != ST_OK)
            continue; /* both refuse what does not go with the rest of the defaults */
        FREED char *x, *y;
        assert_int_equal(config_yaml(&c, &x, NULL), ST_OK);
        assert_int_equal(config_yaml(&d, &y, NULL), ST_OK);
        assert_string_equal(x, y);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting_is_looked_at),
        cmocka_unit_test(files_and_options_agree),
        cmocka_unit_test(every_setting_changes_what_is_made),
    };
    return cmocka_run_group_tests_name("settings", tests, set_up, folder_teardown);
}
