/* core/stage_drones: which pads the swells of a recording are made from, and that drones
 * are as even as their pad; and how long the loops are that it and its like (core/makers)
 * make. */
#include "checks.h"
#include "core/dig.h"
#include "dsp/level.h"
#include "dsp/similarity.h"
#include "folder.h"
#include "io/soundfile.h"
#include "tone.h"

#include <math.h>
#include <sndfile.h>
#include <string.h>

enum { RATE = 44100, SECTION_S = 7, SECTIONS = 6 };

/* Held chords, one after the other, each of its own pitch and brightness. */
static void record(char path[FOLDER_BYTES], const char *folder, int sections)
{
    static const double hz[SECTIONS] = {110, 261.6, 164.8, 392, 196, 138.6};
    static const int partials[SECTIONS] = {24, 4, 12, 3, 30, 7};
    OWN(audio) a = tone_blank(SECTION_S * sections, 1, RATE);
    for (int s = 0; s < sections; s++) {
        OWN(audio) chord = tone_blank(SECTION_S, 1, RATE);
        for (int k = 1; k <= partials[s]; k++)
            for (int third = 0; third < 2; third++)
                tone_add(&chord, 0, hz[s] * (third ? 1.5 : 1) * k + 0.1 * third, 0.1 / k,
                         k * k + third);
        for (size_t i = 0; i < chord.frames; i++) {
            double end = fmin((double)i, (double)(chord.frames - i)) / (0.3 * RATE);
            a.data[(size_t)s * chord.frames + i] =
                chord.data[i] * (float)fmin(1, end * end);
        }
    }
    folder_path(path, folder, "chords.wav");
    assert_int_equal(
        folder_sound(path, SF_FORMAT_WAV | SF_FORMAT_PCM_24, RATE, 1, a.data, a.frames),
        1);
}

static void dig_stages(struct dig *d, const char *path, const struct root *root,
                       const struct config *cfg, unsigned stages)
{
    static struct recipe recipe;
    recipe = (struct recipe){.stages = stages};
    assert_int_equal(recipe_init(&recipe, cfg, NULL), ST_OK);
    struct dig_site site = {.open_path = path,
                            .source_path = path,
                            .stem = "chords",
                            .root = root,
                            .folder = "made"};
    assert_int_equal(dig_open(d, &recipe, &site, NULL, NULL), ST_OK);
    assert_int_equal(dig_run(d, NULL), ST_OK);
}

/* Pads and what is made of them, with short swells. */
static void dig(struct dig *d, const char *path, const struct root *root, int pads)
{
    struct config cfg;
    config_defaults(&cfg, NULL);
    cfg.reproducibility.random_seed.value = 1;
    cfg.pad_miner.max_candidates_per_file = pads;
    cfg.drones.swell_duration_sec = 4;
    cfg.drones.pitch_shift_semitones.count = 0;
    dig_stages(d, path, root, &cfg, 1u << STAGE_DRONES);
}

static bool is_there(const struct dig *d, const char *name)
{
    for (size_t i = 0; i < d->finds.count; i++)
        if (strcmp(d->finds.at[i].filename, name) == 0)
            return true;
    return false;
}

/* How many of the finds are no copy of one before, to a listener. */
static int unlike(const struct dig *d)
{
    int n = 0;
    for (size_t i = 0; i < d->finds.count; i++) {
        bool copy = false;
        for (size_t k = 0; k < i; k++)
            copy |= similarity_duplicate(d->finds.vectors + i * SIMILARITY_DIM,
                                         d->finds.vectors + k * SIMILARITY_DIM);
        n += !copy;
    }
    return n;
}

static int places(const struct dig *d)
{
    int n = 0;
    for (size_t i = 0; i < d->finds.count; i++) {
        bool known = false;
        for (size_t k = 0; k < i; k++)
            known |= d->finds.at[k].start_frame == d->finds.at[i].start_frame;
        n += !known;
    }
    return n;
}

/* Nine swells of a recording with six chords tell of six places; of the best two pads,
 * as it was before, they told of two. */
static void they_come_from_places_that_differ(void **state)
{
    static const char *const names[] = {"chords_stretch_1x_swell01.wav",
                                        "chords_stretch_1x_swell02.wav",
                                        "chords_stretch_1.2x_swell01.wav",
                                        "chords_stretch_1.2x_swell02.wav",
                                        "chords_stretch_1.5x_swell01.wav",
                                        "chords_stretch_1.5x_swell02.wav",
                                        "chords_stretch_2x_swell01.wav",
                                        "chords_stretch_2x_swell02.wav",
                                        "chords_reversed.wav"};
    char path[FOLDER_BYTES];
    OWN(root) root;
    OWN(dig) d;
    record(path, *state, SECTIONS);
    assert_int_equal(root_open(&root, *state, false, NULL), ST_OK);
    dig(&d, path, &root, 6);
    assert_int_equal(d.pads.count, 6);
    assert_int_equal(d.finds.count, 9);
    for (size_t i = 0; i < 9; i++)
        assert_true(is_there(&d, names[i]));
    assert_int_equal(places(&d), 6);
    assert_true(unlike(&d) >= 5);
    for (size_t i = 0; i < 9; i++) /* the best pad is the first and the reversed one */
        if (strcmp(d.finds.at[i].filename, names[0]) == 0 ||
            strcmp(d.finds.at[i].filename, names[8]) == 0)
            assert_true(d.finds.at[i].start_frame == d.pads.at[0].start_frame);
}

/* One pad makes a swell of each stretch, two make two. */
static void few_pads_make_what_they_can(void **state)
{
    for (int pads = 1; pads <= 2; pads++) {
        char path[FOLDER_BYTES];
        OWN(root) root;
        OWN(dig) d;
        record(path, *state, 3);
        assert_int_equal(root_open(&root, *state, false, NULL), ST_OK);
        dig(&d, path, &root, pads);
        assert_int_equal(d.pads.count, pads);
        assert_int_equal(d.finds.count, 4 * pads + 1);
        assert_int_equal(places(&d), pads);
    }
}

/* Also where the recording has no room for one, and its pads are far longer or shorter:
 * then it was the pad's own length. */
static void loops_are_as_long_as_was_asked_for(void **state)
{
    static const double seconds[] = {0.2, 2, 8};
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        char path[FOLDER_BYTES];
        OWN(root) root;
        OWN(dig) d;
        struct config cfg;
        config_defaults(&cfg, NULL);
        cfg.reproducibility.random_seed.value = 1;
        cfg.pad_miner.max_candidates_per_file = 1;
        cfg.drones.pad_loop_duration_sec = seconds[i];
        cfg.musicality.reference_bpm = 125; /* not on the grid all the same */
        cfg.drones.pitch_shift_semitones.count = 1;
        cfg.pad_miner.target_durations_sec.count = 1; /* 1.5 s */
        cfg.drones.time_stretch_factors.count = 0;
        cfg.drones.enable_reversal = false;
        record(path, *state, 1);
        assert_int_equal(root_open(&root, *state, false, NULL), ST_OK);
        dig_stages(&d, path, &root, &cfg, 1u << STAGE_DRONES);
        assert_int_equal(d.finds.count, 3);
        for (size_t k = 0; k < d.finds.count; k++) {
            const struct candidate *c = &d.finds.at[k];
            assert_float_equal(c->m.duration_sec, seconds[i], 1e-9);
            assert_float_equal(c->m.loop_end, seconds[i] * RATE, 1e-9);
            assert_int_equal(c->grade, 'A');
        }
    }
}

/* On the grid clouds and hiss go round in bars as pads do, whose number is the nearest by
 * its ratio: of 5.6 and 2 s they stayed. */
static void loops_on_the_grid_are_whole_bars(void **state)
{
    static const double bar_s = 4 * 60 / 125.0;
    char path[FOLDER_BYTES];
    struct root root;
    struct dig d;
    struct config cfg;
    int clouds = 0, loops = 0;
    config_defaults(&cfg, NULL);
    cfg.reproducibility.random_seed.value = 1;
    cfg.musicality.snap_to_grid = true;
    cfg.musicality.reference_bpm = 125;
    cfg.clouds.cloud_duration_sec = 5.6;
    record(path, *state, 1);
    assert_int_equal(root_open(&root, *state, false, NULL), ST_OK);
    dig_stages(&d, path, &root, &cfg, 1u << STAGE_CLOUDS | 1u << STAGE_HISS);
    for (size_t i = 0; i < d.finds.count; i++) {
        const struct candidate *c = &d.finds.at[i];
        if (!kind_loops(c->kind))
            continue;
        double bars = c->kind == KIND_CLOUD ? 4 : 1;
        assert_int_equal(c->m.loop_end, llround(bars * bar_s * RATE));
        clouds += c->kind == KIND_CLOUD;
        loops += c->kind == KIND_HISS_LOOP;
    }
    assert_int_equal(clouds, cfg.clouds.clouds_per_source);
    assert_int_equal(loops, cfg.hiss.hiss_loops_per_source);
    dig_done(&d);
    root_done(&root);
}

/* The three drones of a recording's best pad, so many semitones higher. */
static void dig_shades(struct dig *d, struct root *root, const char *folder,
                       const struct audio *a, struct config *cfg, int semitones)
{
    char path[FOLDER_BYTES];
    folder_path(path, folder, "source.wav");
    assert_int_equal(
        folder_sound(path, SF_FORMAT_WAV | SF_FORMAT_PCM_24, RATE, 1, a->data, a->frames),
        1);
    config_defaults(cfg, NULL);
    cfg->reproducibility.random_seed.value = 1;
    cfg->drones.pitch_shift_semitones.count = 1;
    cfg->drones.pitch_shift_semitones.v[0] = semitones;
    cfg->drones.time_stretch_factors.count = 0;
    cfg->drones.enable_reversal = false;
    assert_int_equal(root_open(root, folder, false, NULL), ST_OK);
    dig_stages(d, path, root, cfg, 1u << STAGE_DRONES);
    assert_int_equal(d->finds.count, 3);
}

static struct audio sound_of(const char *folder, const struct candidate *c)
{
    char path[FOLDER_BYTES];
    FREED const char *name = text_of("made/%s", c->filename);
    folder_path(path, folder, name);
    return sound_read(path);
}

/* A note that dies away by 8 dB a second: what goes round is its even part, stretched
 * (the two seconds around it swell by 4 dB in every round). */
static void a_drone_does_not_pump(void **state)
{
    OWN(root) root;
    OWN(dig) d;
    struct config cfg;
    OWN(audio) a = tone_blank(3, 1, RATE);
    for (int k = 1; k <= 9; k++)
        tone_add(&a, 0, 220 * k, 0.2 / k, k);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] *= (float)pow(10, -8 * fmax(0, (double)i / RATE - 0.6) / 20);
    dig_shades(&d, &root, *state, &a, &cfg, 0);
    for (size_t i = 0; i < d.finds.count; i++) {
        double least, most;
        OWN(audio) loop = sound_of(*state, &d.finds.at[i]);
        tone_wavering(&loop, 2205, &least, &most);
        assert_true(most - least < 1.5);
    }
}

/* A sub bass five semitones down is below hearing: what is above it is left. */
static void a_drone_keeps_to_what_is_heard(void **state)
{
    OWN(root) root;
    OWN(dig) d;
    struct config cfg;
    OWN(audio) a = tone_blank(6, 1, RATE);
    tone_add(&a, 0, 32.7, 0.2, 0);
    tone_add(&a, 0, 130.8, 0.1, 1);
    tone_add(&a, 0, 196, 0.1, 2);
    dig_shades(&d, &root, *state, &a, &cfg, -5);
    for (size_t i = 0; i < d.finds.count; i++) {
        OWN(audio) loop = sound_of(*state, &d.finds.at[i]);
        double down = exp2(-5 / 12.0), sub, fourth;
        sub = tone_partial(&loop, 0, 0, loop.frames, 32.7 * down).amplitude;
        fourth = tone_partial(&loop, 0, 0, loop.frames, 130.8 * down).amplitude;
        if (!(sub < 0.75 * fourth && fabs(level_mean(&loop, 0, 0, loop.frames)) < 1e-5))
            fail_msg("%s: %g beside %g", d.finds.at[i].filename, sub, fourth);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(they_come_from_places_that_differ),
        IN_FOLDER(few_pads_make_what_they_can),
        IN_FOLDER(loops_are_as_long_as_was_asked_for),
        IN_FOLDER(loops_on_the_grid_are_whole_bars),
        IN_FOLDER(a_drone_does_not_pump),
        IN_FOLDER(a_drone_keeps_to_what_is_heard),
    };
    return cmocka_run_group_tests_name("swells", tests, NULL, NULL);
}
