/* core/dig: what every sample goes through before it is a file. */
#include "checks.h"
#include "core/dig.h"
#include "core/pi.h"
#include "dsp/biquad.h"
#include "dsp/level.h"
#include "dsp/synth.h"
#include "folder.h"
#include "io/part_reader.h"
#include "io/soundfile.h"
#include "tone.h"

#include <math.h>
#include <sndfile.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 48000, OUT = 44100 };

/* A second and a half of a tone beside the zero line, loud at both ends. */
static struct audio beside_zero(int channels)
{
    struct audio a = tone_frames(RATE * 3 / 2, channels, RATE);
    tone_add(&a, -1, 200, 0.2, 1.5);
    for (size_t i = 0; i < a.frames * (size_t)channels; i++)
        a.data[i] += 0.05f;
    return a;
}

static double mean_of(const struct audio *a)
{
    double sum = 0;
    size_t n = a->frames * (size_t)a->channels;
    for (size_t i = 0; i < n; i++)
        sum += (double)a->data[i];
    return sum / (double)n;
}

static void finished_samples_are_clean(void **state)
{
    for (int loop = 0; loop < 2; loop++)
        for (int channels = 1; channels <= 2; channels++) {
            OWN(audio) a = beside_zero(2);
            struct keep k = {.peak_dbfs = -3, .loop = loop, .channels = channels};
            assert_int_equal(dig_finish(&a, &k, NULL, OUT, NULL), ST_OK);
            assert_int_equal(a.rate_hz, OUT);
            assert_int_equal(a.channels, channels);
            assert_int_equal(a.frames, OUT * 3 / 2);
            assert_true(fabs(level_to_db(level_true_peak(&a, loop)) + 3) < 0.05);
            assert_true(fabs(mean_of(&a)) < 2e-3);
            double first = fabs((double)a.data[0]);
            double last = fabs((double)a.data[(a.frames - 1) * (size_t)channels]);
            if (loop) /* nothing is faded: it goes on at the other end */
                assert_true(first > 0.5);
            else
                assert_true(first < 1e-3 && last < 1e-3);
            struct partial p = tone_partial(&a, 0, OUT / 4, OUT, 200);
            assert_true(fabs(level_to_db(p.amplitude) + 3) < 0.2); /* all of it is tone */
        }
}

/* Ends that are quiet enough before the gain, and not after it. */
static void the_gain_opens_no_end(void **state)
{
    struct keep k = {.peak_dbfs = -1, .channels = 1};
    OWN(audio) a = tone_frames(OUT, 1, OUT);
    tone_add(&a, -1, 200, 0.02, 1.5);
    for (size_t i = 0; i < 441; i++) {
        float rest = (float)i / 441 + 0.03f;
        a.data[i] *= rest < 1 ? rest : 1;
        a.data[a.frames - 1 - i] *= rest < 1 ? rest : 1;
    }
    assert_true(fabsf(a.data[0]) < 1e-3f && fabsf(a.data[a.frames - 1]) < 1e-3f);
    assert_int_equal(dig_finish(&a, &k, NULL, OUT, NULL), ST_OK);
    assert_true(fabsf(a.data[0]) < 1e-3f && fabsf(a.data[a.frames - 1]) < 1e-3f);
    assert_true(fabs(level_to_db(level_true_peak(&a, false)) + 1) < 0.05);
}

/* Two milliseconds at the beginning, ten at the end, and nothing in between. */
static void the_ends_are_closed_fast(void **state)
{
    OWN(audio) a = tone_blank(1, 1, OUT);
    struct keep k = {.peak_dbfs = -3, .channels = 1};
    tone_add(&a, -1, 1000, level_from_db(-3), PI / 2);
    OWN(audio) before = a;
    assert_int_equal(audio_slice(&a, &before, 0, before.frames, NULL), ST_OK);
    assert_int_equal(dig_finish(&a, &k, NULL, OUT, NULL), ST_OK);
    assert_int_equal(a.frames, before.frames);
    static const struct {
        double in_s, out_s, least, most;
    } at[] = {{0.001, 0.005, 0.4, 0.6}, {0.0021, 0.0105, 0.99, 1.01}};
    for (int i = 0; i < 2; i++) { /* over a wave and a half around there */
        size_t in = (size_t)(at[i].in_s * OUT), out = (size_t)(at[i].out_s * OUT);
        size_t places[] = {in, a.frames - out};
        for (int p = 0; p < 2; p++) {
            double now = 0, was = 0;
            for (size_t n = places[p] - 15; n < places[p] + 15; n++) {
                bool inside = i == 0 || (p == 0 ? n >= in : n < places[p]);
                now += inside ? fabs((double)a.data[n]) : 0;
                was += inside ? fabs((double)before.data[n]) : 0;
            }
            assert_true(now / was > at[i].least && now / was < at[i].most);
        }
    }
}

/* What sounds on has a key, what is struck, hisses or is silent has none; the grade keeps
 * to the settings. */
static void a_sample_is_described_as_its_kind(void **state)
{
    OWN(audio) a = tone_blank(2, 1, OUT);
    struct config cfg;
    struct candidate c;
    config_defaults(&cfg, NULL);
    static const double chord_hz[] = {130.81, 261.63, 311.13, 392.0};
    for (int i = 0; i < 4; i++)
        tone_add(&a, -1, chord_hz[i], 0.1, 0);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        bool sustained = kind == KIND_PAD || kind == KIND_DRONE || kind == KIND_DUST ||
                         kind == KIND_SWELL || kind == KIND_CLOUD;
        candidate_clear(&c);
        c.kind = (enum kind)kind;
        assert_int_equal(dig_measure(&c, &a, true, &cfg, NULL), ST_OK);
        assert_string_equal(c.key, sustained ? "Cm" : "");
        assert_int_equal(isnan(c.m.key_confidence), !sustained);
        assert_true(c.m.loop_start == 0 && c.m.loop_end == (double)a.frames);
        assert_string_equal(c.brightness, "dark");
        assert_true(c.grade != 'F');
    }
    struct config hard[3] = {cfg, cfg, cfg};
    hard[0].curation.thresholds.min_rms_db = c.m.rms_db + 1;
    hard[1].curation.thresholds.max_crest_factor = c.m.crest_factor - 0.1;
    hard[2].curation.thresholds.clipping_tolerance = 1 - level_from_db(c.m.peak_dbfs - 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(dig_measure(&c, &a, true, &hard[i], NULL), ST_OK);
        assert_int_equal(c.grade, 'F');
    }
    struct audio noise = tone_blank(2, 1, OUT); /* in no key, whatever it was before */
    struct rng r = rng_derive(3, 0, "test-key", 0);
    tone_noise(&noise, 0.1, &r);
    snprintf(c.key, sizeof c.key, "Am");
    c.kind = KIND_PAD;
    assert_int_equal(dig_measure(&c, &noise, true, &cfg, NULL), ST_OK);
    assert_true((c.key[0] == '\0') == (bool)isnan(c.m.key_confidence));
    assert_string_not_equal(c.key, "Am");
    audio_done(&noise);
}

static void what_is_finished_stays_as_it_is(void **state)
{
    OWN(audio) a = beside_zero(2);
    float before = a.data[1000];
    struct keep k = {.peak_dbfs = -3, .channels = 1, .finished = true};
    assert_int_equal(dig_finish(&a, &k, NULL, OUT, NULL), ST_OK);
    assert_true(a.rate_hz == RATE && a.channels == 2 && a.data[1000] == before);
}

static void silence_is_no_sample(void **state)
{
    OWN(audio) a = tone_frames(OUT, 1, OUT);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = 0.25f; /* all of it is offset */
    struct keep k = {.peak_dbfs = -3, .loop = true, .channels = 1};
    assert_int_equal(dig_finish(&a, &k, NULL, OUT, NULL), ST_EMPTY);
}

/* As "drums.wav" in the folder; `a` is used up. */
static void record(char path[FOLDER_BYTES], const char *folder, struct audio *a)
{
    folder_path(path, folder, "drums.wav");
    assert_int_equal(
        folder_sound(path, SF_FORMAT_WAV | SF_FORMAT_PCM_24, OUT, 1, a->data, a->frames),
        1);
    audio_done(a);
}

static const struct recipe *recipe_of(enum stage stage)
{
    static struct recipe recipe;
    struct config cfg;
    config_defaults(&cfg, NULL);
    cfg.reproducibility.random_seed.value = 1;
    recipe = (struct recipe){.stages = 1u << stage};
    assert_int_equal(recipe_init(&recipe, &cfg, NULL), ST_OK);
    return &recipe;
}

/* For one stage; what is found goes to `made` below root, which NULL leaves out. */
static void open_for(enum stage stage, struct dig *d, const char *path,
                     const struct root *root)
{
    struct dig_site site = {.open_path = path,
                            .source_path = path,
                            .stem = "drums",
                            .root = root,
                            .folder = "made"};
    assert_int_equal(dig_open(d, recipe_of(stage), &site, NULL, NULL), ST_OK);
}

/* The hits that hiss would be made from. */
static void dig_hits(struct dig *d, const char *path)
{
    open_for(STAGE_HISS, d, path, NULL);
    assert_int_equal(stage_drums(d, NULL), ST_OK);
}

/* Where most of it is no number, that is what is said, and not that it is silent. */
static void what_holds_no_numbers_is_told(void **state)
{
    enum { FRAMES = 10000 };
    static const struct {
        int broken;
        const char *says;
    } told[] = {{FRAMES * 6 / 10, " holds no sound: its samples are no finite numbers"},
                {FRAMES * 4 / 10, " is silent from end to end"}};
    for (size_t k = 0; k < sizeof told / sizeof *told; k++) {
        static float x[FRAMES];
        char path[FOLDER_BYTES];
        struct dig d;
        struct err e;
        for (int i = 0; i < FRAMES; i++)
            x[i] = i < told[k].broken ? NAN : 0;
        folder_path(path, *state, "broken.wav");
        assert_int_equal(
            folder_sound(path, SF_FORMAT_WAV | SF_FORMAT_FLOAT, OUT, 1, x, FRAMES), 1);
        struct dig_site site = {.open_path = path, .source_path = path, .stem = "broken"};
        assert_int_equal(dig_open(&d, recipe_of(STAGE_DRUMS), &site, NULL, &e), ST_EMPTY);
        assert_non_null(strstr(e.msg, told[k].says));
    }
}

/* Samples that wait together and want one name get numbers; a near-miss has a name of its
 * own, no file, and lasts as long as its stretch. */
static void finds_that_wait_have_names_of_their_own(void **state)
{
    enum { SAME = 3 };
    static const char *const names[SAME] = {"same.wav", "same_2.wav", "same_3.wav"};
    char path[FOLDER_BYTES];
    struct audio a = tone_blank(1, 1, OUT);
    OWN(root) root;
    OWN(dig) d;
    tone_add(&a, -1, 220, 0.5, 0);
    record(path, *state, &a);
    assert_int_equal(root_open(&root, *state, false, NULL), ST_OK);
    open_for(STAGE_DRUMS, &d, path, &root);
    for (int i = 0; i < SAME; i++) {
        struct candidate c;
        struct keep k = {.name = "same", .peak_dbfs = -3, .channels = 1};
        struct audio part;
        assert_int_equal(dig_read(&d, 0, OUT / 2, 1, &part, NULL), ST_OK);
        dig_candidate(&d, &c, KIND_DRUM, 0, OUT / 2);
        assert_int_equal(dig_keep(&d, &c, &part, &k, NULL), ST_OK);
    }
    struct candidate miss;
    dig_candidate(&d, &miss, KIND_PAD, OUT / 4, OUT / 2);
    assert_int_equal(dig_miss(&d, &miss, "pad", 7, NULL), ST_OK);
    assert_int_equal(d.finds.count, SAME + 1);
    for (int i = 0; i < SAME; i++) {
        assert_string_equal(d.finds.at[i].filename, names[i]);
        assert_true(d.finds.at[i].saved);
        folder_path(path, *state, "made");
        assert_true(folder_has(path, names[i]));
    }
    assert_int_equal(folder_count(path), SAME);
    assert_string_equal(d.finds.at[SAME].filename, "drums_pad_miss07.wav");
    assert_close(d.finds.at[SAME].m.duration_sec, 0.25, 1e-9);
    assert_false(d.finds.at[SAME].saved);
}

/* Thirty kicks, thirty open hats, thirty kicks: hiss is made of two dozen of the hats. */
static void the_airiest_hits_are_kept_for_hiss(void **state)
{
    enum { EACH = 30, STEP = OUT / 2 };
    char path[FOLDER_BYTES];
    struct audio a = tone_frames((3 * EACH + 2) * STEP, 1, OUT);
    for (size_t i = 0; i < 3 * EACH; i++) {
        struct rng r = rng_derive(3, 0, "test-hiss", i);
        enum synth_drum drum = i / EACH == 1 ? SYNTH_HAT_OPEN : SYNTH_KICK;
        synth_drum(drum, 0.8, 1, &r, a.data + (i + 1) * STEP, STEP * 9 / 10, OUT);
    }
    record(path, *state, &a);
    OWN(dig) d;
    dig_hits(&d, path);
    assert_int_equal(d.hits.count, 24);
    for (size_t i = 0; i < d.hits.count; i++) {
        const struct material *m = &d.hits.at[i];
        double step = (double)m->start_frame / STEP;
        assert_true(step > EACH + 0.9 && step < 2 * EACH + 1);
        assert_int_equal(m->sound.frames, m->end_frame - m->start_frame);
    }
}

static bool count_names(void *user, const char *const *names, size_t count)
{
    (void)names;
    *(size_t *)user += count;
    return true;
}

/* A find takes a name that another one has: it gets a number, and both files stay. */
static void check_rename(struct dig *d)
{
    FREED const char *base = text_of("%.*s", (int)strlen(d->finds.at[1].filename) - 4,
                                     d->finds.at[1].filename);
    FREED const char *name = text_of("%s_2.wav", base);
    FREED const char *was = text_of("drums/%.255s", d->finds.at[0].filename);
    FREED const char *now = text_of("drums/%.255s", name);
    assert_int_equal(dig_rename(d, 0, base, NULL), ST_OK);
    assert_string_equal(d->finds.at[0].filename, name);
    assert_false(root_exists(d->site.root, was));
    assert_true(root_exists(d->site.root, now));
}

/* Snares and hats, the later the deeper in a chord that drowns them: some are named
 * otherwise among the others than alone, and the file goes with the name. */
static void hits_are_named_among_the_others(void **state)
{
    enum { HITS = 96, STEP = OUT / 4 };
    char path[FOLDER_BYTES], made[FOLDER_BYTES];
    struct audio a = tone_frames((HITS + 2) * STEP, 1, OUT);
    for (size_t i = 0; i < 3; i++)
        tone_add(&a, 0, 220 * (1 + 0.25 * (double)i), 0.3, 1);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] *= (float)i / (float)a.frames;
    for (size_t i = 0; i < HITS; i++) {
        struct rng r = rng_derive(3, 0, "test-context", i);
        synth_drum(i % 2 ? SYNTH_HAT_CLOSED : SYNTH_SNARE, 0.5, 1, &r,
                   a.data + (i + 1) * STEP, STEP * 9 / 10, OUT);
    }
    record(path, *state, &a);
    folder_path(made, *state, "made");
    OWN(root) root;
    size_t names = 0, saved = 0;
    assert_int_equal(root_open(&root, made, true, NULL), ST_OK);
    struct dig_site site = {.open_path = path,
                            .source_path = path,
                            .stem = "drums",
                            .root = &root,
                            .folder = "drums",
                            .announce = count_names,
                            .user = &names};
    OWN(dig) d, told;
    assert_int_equal(dig_open(&d, recipe_of(STAGE_DRUMS), &site, NULL, NULL), ST_OK);
    assert_int_equal(dig_run(&d, NULL), ST_OK);
    site.root = NULL;
    assert_int_equal(dig_open(&told, d.recipe, &site, NULL, NULL), ST_OK);
    assert_int_equal(dig_run(&told, NULL), ST_OK);
    assert_int_equal(told.finds.count, d.finds.count);
    for (size_t i = 0; i < d.finds.count; i++) {
        const struct candidate *c = &d.finds.at[i], *t = &told.finds.at[i];
        assert_string_equal(c->filename, t->filename);
        assert_string_equal(c->hit_class, t->hit_class);
        assert_true(!c->saved || c->m.hit_confidence == t->m.hit_confidence);
        FREED const char *file = text_of("drums/%.255s", c->filename);
        assert_int_equal(root_exists(&root, file), c->saved);
        saved += c->saved;
    }
    folder_path(path, made, "drums");
    assert_int_equal(folder_count(path), saved);
    assert_true(saved > HITS / 2 && names > saved);
    check_rename(&d);
    assert_int_equal(folder_count(path), saved);
}

/* What the only hit, or the first of many, of a recording by that name is. */
static const char *class_by_name(char class[16], double *confidence, const char *path,
                                 const char *name)
{
    struct dig_site site = {
        .open_path = path, .source_path = name, .stem = "drums", .folder = ""};
    OWN(dig) d;
    assert_int_equal(dig_open(&d, recipe_of(STAGE_DRUMS), &site, NULL, NULL), ST_OK);
    assert_int_equal(dig_run(&d, NULL), ST_OK);
    assert_true(d.finds.count >= 1);
    *confidence = d.finds.at[0].m.hit_confidence;
    snprintf(class, 16, "%.15s", d.finds.at[0].hit_class);
    return class;
}

/* So many strokes of a drum half a second apart. */
static void record_strokes(char path[FOLDER_BYTES], const char *folder,
                           enum synth_drum drum, size_t count, double seconds)
{
    struct audio a = tone_frames((size_t)(seconds * OUT), 1, OUT);
    for (size_t i = 0; i < count; i++) {
        struct rng r = rng_derive(3, 0, "test-named", i);
        synth_drum(drum, 0.7, 1.7, &r, a.data + (i * 5 + 1) * OUT / 10, OUT / 2, OUT);
    }
    record(path, folder, &a);
}

/* A drum that could be two things is what its name says, one that is surely another is
 * not; nor is what a long recording or one of many hits is called a name for a hit. */
static void a_one_shot_is_what_its_name_says(void **state)
{
    char path[FOLDER_BYTES], class[16];
    double unnamed, named;
    record_strokes(path, *state, SYNTH_TOM, 1, 0.8);
    assert_string_equal(class_by_name(class, &unnamed, path, "tapes/take 3.wav"),
                        "tom_high");
    assert_string_equal(class_by_name(class, &named, path, "tapes/tom 3.wav"),
                        "tom_high");
    assert_true(named > unnamed);
    assert_string_equal(class_by_name(class, &named, path, "tapes/Snare 3.wav"), "snare");
    assert_string_equal(class_by_name(class, &named, path, "Snares/3.wav"), "snare");
    assert_string_equal(class_by_name(class, &named, path, "Snares/tom.wav"), "tom_high");
    assert_string_equal(class_by_name(class, &named, path, "tapes/hat 3.wav"),
                        "tom_high");
    assert_true(named < unnamed);
    record_strokes(path, *state, SYNTH_TOM, 1, 12);
    assert_string_equal(class_by_name(class, &named, path, "tapes/Snare 3.wav"),
                        "tom_high");
    record_strokes(path, *state, SYNTH_TOM, 4, 3);
    assert_string_equal(class_by_name(class, &named, path, "tapes/Snare 3.wav"),
                        "tom_high");
}

/* An open hat that rings on and swells by 3 dB half a second after its stroke, which is
 * an onset but no stroke. With a second stroke in its ring it is none. */
static void a_ring_that_swells_is_one_sound(void **state)
{
    for (int strokes = 1; strokes <= 2; strokes++) {
        char path[FOLDER_BYTES];
        struct audio a = tone_blank(1.8, 1, OUT);
        OWN(dig) d;
        tone_white(&a, 0.1, 1);
        for (size_t i = 0; i < a.frames; i++) {
            double s = (double)i / OUT;
            a.data[i] *= (float)(exp(-2.5 * s) * (s > 0.5 && s < 1 ? sqrt(2) : 1));
        }
        if (strokes == 2) {
            struct rng r = rng_derive(3, 0, "test-ring", 0);
            synth_drum(SYNTH_HAT_CLOSED, 0.7, 1, &r, a.data + OUT * 3 / 4, OUT / 2, OUT);
        }
        record(path, *state, &a);
        open_for(STAGE_DRUMS, &d, path, NULL);
        assert_true(track_onsets(d.track)->count >= 2);
        assert_int_equal(dig_run(&d, NULL), ST_OK);
        const struct candidate *c = &d.finds.at[0];
        assert_int_equal(d.finds.count > 1, strokes > 1);
        assert_true(fabs(c->m.end_sec - c->m.start_sec - 0.8) < 0.001 || strokes > 1);
    }
}

/* The finds that are no near-misses. */
static size_t kept_finds(const struct dig *d)
{
    size_t count = 0;
    for (size_t i = 0; i < d->finds.count; i++)
        count += d->finds.at[i].missed_by[0] == 0;
    return count;
}

/* A kit recorded stroke by stroke: each of these hats swells by 2 dB a quarter of a
 * second after its stroke. With a second stroke so soon after each there are twice as
 * many hits. */
static void each_stroke_alone_keeps_its_ring(void **state)
{
    enum { HATS = 4 };
    for (int strokes = 1; strokes <= 2; strokes++) {
        char path[FOLDER_BYTES];
        struct audio a = tone_blank(3 * HATS, 1, OUT);
        OWN(dig) d;
        tone_white(&a, 0.1, 1);
        for (size_t i = 0; i < a.frames; i++) {
            double s = fmod((double)i / OUT, 3) - 1;
            double swell = s > 0.25 && s < 0.6 ? 1.25 : 1;
            a.data[i] *= (float)(s < 0 ? 0 : exp(-4 * s) * swell);
        }
        for (size_t k = 0; k < HATS && strokes == 2; k++) {
            struct rng r = rng_derive(3, (uint64_t)k, "test-rings", 0);
            synth_drum(SYNTH_HAT_CLOSED, 0.7, 1, &r, a.data + OUT * (6 * k + 3) / 2,
                       OUT / 2, OUT);
        }
        record(path, *state, &a);
        open_for(STAGE_DRUMS, &d, path, NULL);
        assert_true(track_onsets(d.track)->count >= 2 * HATS);
        assert_int_equal(dig_run(&d, NULL), ST_OK);
        assert_int_equal(kept_finds(&d), strokes * HATS);
        for (size_t i = 0; i < HATS && strokes == 1; i++)
            assert_true(d.finds.at[i].m.end_sec - d.finds.at[i].m.start_sec > 0.79);
    }
}

/* Hiss that sounds from the first sample on is no hit, a stroke there is one. */
static void a_tape_begins_in_mid_sound(void **state)
{
    for (int strokes = 0; strokes <= 1; strokes++) {
        char path[FOLDER_BYTES];
        struct audio a = tone_blank(12, 1, OUT);
        OWN(dig) d;
        tone_white(&a, 0.1, 1);
        if (strokes) {
            struct rng r = rng_derive(3, 0, "test-begins", 0);
            synth_drum(SYNTH_KICK, 0.8, 1, &r, a.data, OUT / 2, OUT);
        }
        record(path, *state, &a);
        open_for(STAGE_DRUMS, &d, path, NULL);
        assert_true(track_onsets(d.track)->count > 0);
        assert_true(track_onsets(d.track)->at[0].time_s < 0.01);
        assert_int_equal(dig_run(&d, NULL), ST_OK);
        assert_int_equal(kept_finds(&d), strokes);
        assert_true(!strokes || d.finds.at[0].m.start_sec < 0.001);
    }
}

/* Nor does a hum that goes on under the first stroke hide a hat, whose treble stands out.
 */
static void a_tape_of_hum_begins_with_a_hat(void **state)
{
    char path[FOLDER_BYTES];
    struct audio a = tone_blank(12, 1, OUT);
    OWN(dig) d;
    struct rng r = rng_derive(3, 0, "test-hum", 0);
    tone_add(&a, -1, 60, 0.2, 0);
    for (size_t at = 0; at <= 6; at += 6)
        synth_drum(SYNTH_HAT_CLOSED, 0.25, 1, &r, a.data + at * OUT, OUT / 2, OUT);
    record(path, *state, &a);
    open_for(STAGE_DRUMS, &d, path, NULL);
    assert_int_equal(dig_run(&d, NULL), ST_OK);
    assert_int_equal(kept_finds(&d), 2);
    assert_true(d.finds.at[0].m.start_sec < 0.001);
}

/* A machine that gates: a low tone ends, and after 70 ms of digital silence comes a hat
 * that is no louder. Nothing is in any band of that silence. */
static void a_hat_behind_a_gate_is_a_second_stroke(void **state)
{
    char path[FOLDER_BYTES];
    struct audio a = tone_blank(1, 1, OUT);
    OWN(dig) d;
    struct rng r = rng_derive(3, 0, "test-gate", 0);
    for (size_t i = 0; i < OUT / 4; i++)
        a.data[i] = (float)(0.8 * exp(-3.0 * (double)i / OUT) *
                            sin(2 * PI * 90 * (double)i / OUT));
    synth_drum(SYNTH_HAT_CLOSED, 0.3, 1, &r, a.data + OUT * 8 / 25, OUT / 2, OUT);
    record(path, *state, &a);
    open_for(STAGE_DRUMS, &d, path, NULL);
    assert_int_equal(track_onsets(d.track)->count, 2);
    assert_int_equal(dig_run(&d, NULL), ST_OK);
    assert_int_equal(d.finds.count, 2);
}

/* A dull hat in music is whatever else sounds there; alone it is a dull hat. */
static void a_one_shot_sounds_where_it_likes(void **state)
{
    char path[FOLDER_BYTES];
    OWN(dig) d;
    struct rng r = rng_derive(3, 0, "test-range", 0);
    struct audio a = tone_frames((size_t)(3 * OUT), 1, OUT);
    synth_drum(SYNTH_HAT_CLOSED, 0.7, 1, &r, a.data + OUT / 10, OUT / 2, OUT);
    struct biquad f = biquad_lowpass(2, 2500, OUT);
    biquad_run(&f, &a);
    record(path, *state, &a);
    struct dig_site site = {.open_path = path,
                            .source_path = "hats/closed hat.wav",
                            .stem = "drums",
                            .folder = ""};
    assert_int_equal(dig_open(&d, recipe_of(STAGE_DRUMS), &site, NULL, NULL), ST_OK);
    assert_int_equal(dig_run(&d, NULL), ST_OK);
    assert_int_equal(d.finds.count, 1);
    assert_string_equal(d.finds.at[0].hit_class, "hat_closed");
    assert_true(isnan(parts_value(&d.finds.at[0].parts, "range")));
}

/* The score of the first of a dozen snares, of which nothing is above so many Hz (0: all
 * is there), and how much of it is the band's. */
static double score_of_snares(const char *folder, double cut_hz, double *band)
{
    char path[FOLDER_BYTES];
    OWN(dig) d;
    struct audio a = tone_frames(7 * OUT, 1, OUT);
    for (size_t i = 0; i < 12; i++) {
        struct rng r = rng_derive(3, 0, "test-band", i);
        synth_drum(SYNTH_SNARE, 0.5, 1, &r, a.data + (i * 5 + 1) * OUT / 10, OUT / 2,
                   OUT);
    }
    struct biquad f = biquad_lowpass(8, cut_hz, OUT);
    for (int i = 0; i < 8 && cut_hz > 0; i++) /* 380 dB an octave */
        biquad_run(&f, &a);
    record(path, folder, &a);
    struct dig_site site = {
        .open_path = path, .source_path = "tapes/1.wav", .stem = "drums", .folder = ""};
    assert_int_equal(dig_open(&d, recipe_of(STAGE_DRUMS), &site, NULL, NULL), ST_OK);
    assert_int_equal(stage_drums(&d, NULL), ST_OK);
    assert_true(d.finds.count > 8);
    *band = parts_value(&d.finds.at[0].parts, "band");
    double score = d.finds.at[0].m.score;
    static const enum kind kinds[] = {KIND_DRUM, KIND_PAD, KIND_CLOUD};
    for (int k = 0; k < 3; k++) { /* of what is made its source has paid */
        struct candidate c = d.finds.at[0];
        c.kind = kinds[k];
        c.m.score = 0.8;
        c.parts.count = 0;
        assert_int_equal(dig_tell(&d, &c, "told", NULL), ST_OK);
        double worth = k == 2 || isnan(*band) ? 1 : 0.75 + 0.25 * *band;
        assert_close(d.finds.at[d.finds.count - 1].m.score, 0.8 * worth, 1e-9);
    }
    return score;
}

/* Hits from a recording that was converted up from 8 kHz score a quarter less. */
static void a_narrow_band_costs_some_of_the_score(void **state)
{
    double band, whole = score_of_snares(*state, 0, &band);
    assert_true(isnan(band));
    double narrow = score_of_snares(*state, 3800, &band);
    assert_true(band < 0.05);
    assert_true(narrow < 0.8 * whole);
}

struct told {
    double last, drums_first, drums_last;
    int fell, drums;
};

static void note_part(void *user, double fraction, const char *stage)
{
    struct told *t = user;
    t->fell += fraction < t->last - 1e-9 || fraction > 1;
    t->last = fraction;
    if (stage && strcmp(stage, "drums") == 0) {
        t->drums_first = t->drums++ == 0 ? fraction : t->drums_first;
        t->drums_last = fraction;
    }
}

/* Whoever waits for hundreds of hits sees that it goes on, also where only the best of
 * them are kept, which takes a second pass. */
static void progress_goes_on_within_a_stage(void **state)
{
    char path[FOLDER_BYTES];
    enum { HITS = 200, STEP = OUT / 5 };
    struct audio a = tone_frames((size_t)(HITS + 1) * STEP, 1, OUT);
    for (size_t i = 0; i < HITS; i++) {
        struct rng r = rng_derive(3, 0, "test-progress", i);
        synth_drum(SYNTH_SNARE, 0.5, 1, &r, a.data + (i + 1) * STEP, STEP * 9 / 10, OUT);
    }
    record(path, *state, &a);
    struct dig_site site = {
        .open_path = path, .source_path = path, .stem = "drums", .folder = ""};
    for (int choice = 0; choice < 2; choice++) {
        struct told t = {0};
        struct job_context ctx = {.progress = note_part, .progress_user = &t};
        struct recipe recipe = *recipe_of(STAGE_DRUMS);
        struct dig d;
        if (choice)
            recipe.cfg.drum_miner.max_saved_per_file = HITS / 2;
        assert_int_equal(dig_open(&d, &recipe, &site, &ctx, NULL), ST_OK);
        assert_true(t.last > 0.5 && t.last < 0.7);
        assert_int_equal(dig_run(&d, NULL), ST_OK);
        assert_true(d.finds.count >= HITS / 2);
        dig_done(&d);
        assert_int_equal(t.fell, 0);
        assert_true(t.drums >= 4);
        assert_true(t.drums_last - t.drums_first > 0.15);
        assert_true(t.last > 0.95);
    }
}

/* Hats are softer and stand on the kick's tail: they would be the first to go. */
static void a_long_tape_keeps_its_hats(void **state)
{
    static const enum synth_drum bar[] = {SYNTH_KICK, SYNTH_HAT_CLOSED, SYNTH_SNARE,
                                          SYNTH_HAT_CLOSED};
    enum { HITS = 120, STEP = OUT / 5, MOST = 24 };
    char path[FOLDER_BYTES];
    struct audio a = tone_frames((size_t)(HITS + 2) * STEP, 1, OUT);
    for (size_t i = 0; i < HITS; i++) {
        struct rng r = rng_derive(3, 0, "test-hats", i);
        bool hat = bar[i % 4] == SYNTH_HAT_CLOSED;
        synth_drum(bar[i % 4], hat ? 0.1 : 0.8, 1, &r, a.data + (i + 1) * STEP,
                   hat ? STEP : 2 * STEP, OUT);
    }
    record(path, *state, &a);
    struct dig_site site = {
        .open_path = path, .source_path = path, .stem = "tape", .folder = ""};
    struct recipe recipe = *recipe_of(STAGE_DRUMS);
    OWN(dig) d;
    size_t hats = 0, kept = 0;
    recipe.cfg.drum_miner.max_saved_per_file = MOST;
    assert_int_equal(dig_open(&d, &recipe, &site, NULL, NULL), ST_OK);
    assert_int_equal(dig_run(&d, NULL), ST_OK);
    for (size_t i = 0; i < d.finds.count; i++) {
        const struct candidate *c = &d.finds.at[i];
        kept += !c->missed_by[0];
        hats += !c->missed_by[0] && strcmp(c->hit_class, "hat_closed") == 0;
    }
    assert_int_equal(kept, MOST);
    assert_true(hats >= MOST / 4);
}

/* Two strokes that break off with a step: one hit each, from its own attack to the step.
 */
static void a_click_between_hits_is_no_attack(void **state)
{
    char path[FOLDER_BYTES];
    struct rng r = rng_derive(3, 0, "test-click", 0);
    enum { HITS = 3, STEP = OUT * 3 / 20 };
    struct audio a = tone_frames((HITS + 4) * STEP, 1, OUT);
    for (size_t i = 0; i < a.frames; i++) {
        bool before = i / STEP < 2 || i / STEP >= HITS + 2;
        double t = before ? -1 : (double)(i % STEP) / OUT;
        double floor = 1e-4 * rng_range(&r, -1, 1);
        double noise = 0.5 * pow(10, -t * 38) * rng_range(&r, -1, 1);
        bool struck = t >= 0 && t < 0.075;
        a.data[i] = (float)(struck ? noise + 0.2 * exp(-t * 30) : floor);
    }
    record(path, *state, &a);
    OWN(dig) d;
    open_for(STAGE_DRUMS, &d, path, NULL);
    assert_true(track_onsets(d.track)->count > HITS); /* with the clicks */
    assert_int_equal(dig_run(&d, NULL), ST_OK);
    assert_int_equal(d.finds.count, HITS);
    for (size_t i = 0; i < d.finds.count; i++) {
        const struct measures *m = &d.finds.at[i].m;
        double onset_s = (double)(i + 2) * STEP / OUT;
        assert_string_equal(d.finds.at[i].missed_by, "");
        assert_true(m->start_sec > onset_s - 0.0025 && m->start_sec <= onset_s);
        assert_true(m->end_sec > onset_s + 0.06 && m->end_sec < onset_s + 0.1);
    }
}

/* What stages read of a recording lies on zero, even where the recording does not. */
static void a_constant_is_not_read(void **state)
{
    enum { SECONDS = 5 };
    char path[FOLDER_BYTES];
    struct audio part;
    struct rng r = rng_derive(3, 0, "test-constant", 0);
    struct audio a = tone_frames((size_t)SECONDS * OUT, 1, OUT);
    tone_harmonic(&a, 110, 0.2, 3000);
    for (size_t i = 0; i < OUT; i++)
        a.data[i] = 0; /* quiet moments tell where zero is */
    tone_noise(&a, 0.002, &r);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] += 0.04f;
    record(path, *state, &a);
    OWN(dig) d;
    open_for(STAGE_PADS, &d, path, NULL);
    assert_int_equal(dig_read(&d, 2 * OUT, 4 * OUT, 1, &part, NULL), ST_OK);
    assert_int_equal(part.frames, 2 * OUT);
    assert_true(fabs(mean_of(&part)) < 0.001);
    audio_done(&part);
}

/* The tracks of a mixing desk are folded piece by piece into what all of them at once
 * are folded to. */
static void many_channels_are_folded_as_they_are_read(void **state)
{
    enum { CHANNELS = 5, FRAMES = 150000, FROM = 1000, COUNT = 148500 };
    char path[FOLDER_BYTES];
    struct rng r = rng_derive(3, 0, "test-many", 0);
    OWN(audio) a = tone_frames(FRAMES, CHANNELS, OUT);
    tone_noise(&a, 0.1, &r);
    folder_path(path, *state, "desk.wav");
    assert_int_equal(folder_sound(path, SF_FORMAT_WAV | SF_FORMAT_PCM_24, OUT, CHANNELS,
                                  a.data, a.frames),
                     1);
    OWN(dig) d;
    open_for(STAGE_DRUMS, &d, path, NULL);
    for (int channels = 1; channels <= 2; channels++) {
        OWN(audio) expected, part;
        struct part_reader all = part_reader_all(d.sf);
        OWN(audio) whole = sound_read(path);
        assert_int_equal(audio_slice(&expected, &whole, FROM, COUNT, NULL), ST_OK);
        offset_remove(expected.data, expected.frames, CHANNELS,
                      part_offset(&all, track_info(d.track)->offset));
        assert_int_equal(audio_to_channels(&expected, channels, NULL), ST_OK);
        assert_int_equal(dig_read(&d, FROM, FROM + COUNT, channels, &part, NULL), ST_OK);
        assert_int_equal(part.channels, channels);
        assert_int_equal(part.frames, COUNT);
        assert_memory_equal(part.data, expected.data,
                            (size_t)COUNT * (size_t)channels * sizeof *part.data);
    }
}

/* The energy of what moves slower than 20 Hz, over all of it. */
static double slow_share(const struct audio *a)
{
    enum { BLOCK = OUT / 50 };
    double slow = 0, all = 0;
    size_t channels = (size_t)a->channels;
    for (size_t c = 0; c < channels; c++)
        for (size_t at = 0; at + BLOCK <= a->frames; at += BLOCK) {
            double sum = 0;
            for (size_t i = at; i < at + BLOCK; i++) {
                double x = (double)a->data[i * channels + c];
                sum += x;
                all += x * x;
            }
            slow += sum * sum / BLOCK;
        }
    return slow / all;
}

/* What the wind adds is read with a recording, but not with its pads. */
static void pads_are_read_without_the_wind(void **state)
{
    char path[FOLDER_BYTES];
    struct audio a = tone_blank(8, 1, OUT), part;
    OWN(dig) d;
    tone_harmonic(&a, 600, 0.2, 3000);
    tone_add(&a, 0, 6, 0.1, 0);
    record(path, *state, &a);
    open_for(STAGE_PADS, &d, path, NULL);
    assert_int_equal(dig_read(&d, 2 * OUT, 6 * OUT, 1, &part, NULL), ST_OK);
    assert_true(slow_share(&part) > 0.1);
    audio_done(&part);
    assert_int_equal(dig_read_pads(&d, 2 * OUT, 6 * OUT, 1, &part, NULL), ST_OK);
    assert_true(slow_share(&part) < 1e-3);
    audio_done(&part);
}

/* Sampled notes may lie far beside zero while they sound. Pads and grains of them do not:
 * each grain would be a thump. */
static void the_offset_of_a_note_is_no_thump(void **state)
{
    enum { SECONDS = 12 };
    char path[FOLDER_BYTES], made[FOLDER_BYTES], cloud[FOLDER_BYTES];
    struct audio part;
    struct audio a = tone_frames((size_t)SECONDS * OUT, 1, OUT);
    tone_harmonic(&a, 600, 0.2, 3000);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = i < OUT ? 0 : a.data[i] + (i < 7 * OUT ? 0.15f : 0.2f);
    record(path, *state, &a);
    OWN(root) root;
    OWN(dig) d;
    assert_int_equal(root_open(&root, *state, false, NULL), ST_OK);
    open_for(STAGE_CLOUDS, &d, path, &root);
    assert_int_equal(dig_read_pads(&d, 2 * OUT, 6 * OUT, 1, &part, NULL), ST_OK);
    assert_true(slow_share(&part) < 1e-4);
    audio_done(&part);
    assert_int_equal(stage_clouds(&d, NULL), ST_OK);
    assert_int_equal(dig_settle(&d, NULL), ST_OK);
    assert_true(d.finds.count > 0);
    folder_path(made, *state, "made");
    for (size_t i = 0; i < d.finds.count; i++) {
        folder_path(cloud, made, d.finds.at[i].filename);
        assert_int_equal(soundfile_load(cloud, 0, &part, NULL), ST_OK);
        if (!(slow_share(&part) < 2e-3))
            fail_msg("%s: %g of it is slower than 20 Hz", cloud, slow_share(&part));
        audio_done(&part);
    }
}

/* The four clouds of a recording, into a folder of their own. */
static void dig_clouds(const char *folder, const char *into, struct audio *a,
                       struct root *root, struct dig *d)
{
    static char path[FOLDER_BYTES];
    record(path, folder, a);
    assert_int_equal(root_open(root, folder, false, NULL), ST_OK);
    struct dig_site site = {.open_path = path,
                            .source_path = path,
                            .stem = "ground",
                            .root = root,
                            .folder = into};
    assert_int_equal(dig_open(d, recipe_of(STAGE_CLOUDS), &site, NULL, NULL), ST_OK);
    assert_int_equal(stage_clouds(d, NULL), ST_OK);
    assert_int_equal(dig_settle(d, NULL), ST_OK);
    assert_int_equal(d->finds.count, 4);
}

/* A minute of noise in which a tone of that level sounds from 20 to 40 s. */
static struct audio tone_in_noise(double level)
{
    struct rng noise = rng_derive(4, 0, "test-ground", 0);
    struct audio a = tone_frames((size_t)60 * OUT, 1, OUT);
    struct audio tone = tone_frames((size_t)20 * OUT, 1, OUT);
    tone_noise(&a, 0.02, &noise);
    tone_harmonic(&tone, 330, level, 3000);
    for (size_t i = 0; i < tone.frames; i++)
        a.data[(size_t)20 * OUT + i] += tone.data[i];
    audio_done(&tone);
    return a;
}

/* The hiss before and after a tone is as steady, and as long: no cloud is made of it.
 * Where there is nothing else they are made of hiss, and rank behind. */
static void a_cloud_is_made_of_what_holds_a_tone(void **state)
{
    OWN(root) root;
    OWN(dig) d;
    double worst = 1;
    struct audio tone = tone_in_noise(0.2), noise = tone_in_noise(0);
    dig_clouds(*state, "tone", &tone, &root, &d);
    for (size_t i = 0; i < d.finds.count; i++) {
        assert_true(d.finds.at[i].start_frame >= (int64_t)18 * OUT);
        assert_true(d.finds.at[i].end_frame <= (int64_t)42 * OUT);
        worst = fmin(worst, d.finds.at[i].m.score);
    }
    dig_done(&d);
    root_done(&root);
    dig_clouds(*state, "noise", &noise, &root, &d);
    for (size_t i = 0; i < d.finds.count; i++)
        assert_true(d.finds.at[i].m.score < worst - 0.15);
}

/* A chord held louder than stable ground may be, and its last two seconds softer: the
 * clouds are made of all of it, not four times of its end. */
static void a_loud_recording_is_ground_all_along(void **state)
{
    OWN(root) root;
    OWN(dig) d;
    struct audio a = tone_frames((size_t)40 * OUT, 1, OUT);
    for (int h = 3; h <= 5; h++)
        tone_add(&a, -1, 60.0 * h, 0.3, h);
    for (size_t i = (size_t)38 * OUT; i < a.frames; i++)
        a.data[i] *= 0.3F;
    dig_clouds(*state, "loud", &a, &root, &d);
    for (size_t i = 0; i < d.finds.count; i++) {
        assert_true(d.finds.at[i].start_frame <= (int64_t)30 * OUT);
        assert_true(i == 0 || d.finds.at[i].start_frame >
                                  d.finds.at[i - 1].start_frame + (int64_t)8 * OUT);
    }
}

/* Two tapes that were joined, each on its own constant: their hits lie on zero. */
static void the_constant_of_each_part_is_taken_off(void **state)
{
    enum { HITS = 20, STEP = OUT / 2 };
    char path[FOLDER_BYTES];
    struct audio tail;
    struct rng noise = rng_derive(3, 0, "test-parts", HITS);
    struct audio a = tone_frames((HITS + 2) * STEP, 1, OUT);
    tone_noise(&a, 0.001, &noise);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] += i < a.frames / 2 ? 0.03f : -0.02f;
    for (size_t i = 0; i < HITS; i++) {
        struct rng r = rng_derive(3, 0, "test-parts", i);
        OWN(audio) hit = tone_frames(STEP, 1, OUT);
        synth_drum(SYNTH_SNARE, 0.5, 1, &r, hit.data, STEP, OUT);
        for (size_t k = 0; k < STEP; k++)
            a.data[(i + 1) * STEP + k] += hit.data[k];
    }
    record(path, *state, &a);
    struct dig d;
    dig_hits(&d, path);
    assert_true(d.hits.count >= HITS - 1);
    for (size_t i = 0; i < d.hits.count; i++) {
        const struct audio *own = &d.hits.at[i].sound;
        if (llabs(d.hits.at[i].start_frame - (HITS + 2) * STEP / 2) < STEP)
            continue; /* over the join itself */
        assert_int_equal(
            audio_slice(&tail, own, own->frames * 3 / 4, own->frames / 4, NULL), ST_OK);
        if (!(fabs(mean_of(&tail)) < 0.002))
            fail_msg("the hit at frame %lld ends on %g",
                     (long long)d.hits.at[i].start_frame, mean_of(&tail));
        audio_done(&tail);
    }
    dig_done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finished_samples_are_clean),
        cmocka_unit_test(the_gain_opens_no_end),
        cmocka_unit_test(the_ends_are_closed_fast),
        cmocka_unit_test(a_sample_is_described_as_its_kind),
        cmocka_unit_test(what_is_finished_stays_as_it_is),
        cmocka_unit_test(silence_is_no_sample),
        IN_FOLDER(the_airiest_hits_are_kept_for_hiss),
        IN_FOLDER(what_holds_no_numbers_is_told),
        IN_FOLDER(finds_that_wait_have_names_of_their_own),
        IN_FOLDER(hits_are_named_among_the_others),
        IN_FOLDER(a_one_shot_is_what_its_name_says),
        IN_FOLDER(a_ring_that_swells_is_one_sound),
        IN_FOLDER(each_stroke_alone_keeps_its_ring),
        IN_FOLDER(a_tape_begins_in_mid_sound),
        IN_FOLDER(a_tape_of_hum_begins_with_a_hat),
        IN_FOLDER(a_hat_behind_a_gate_is_a_second_stroke),
        IN_FOLDER(a_one_shot_sounds_where_it_likes),
        IN_FOLDER(a_narrow_band_costs_some_of_the_score),
        IN_FOLDER(a_long_tape_keeps_its_hats),
        IN_FOLDER(a_click_between_hits_is_no_attack),
        IN_FOLDER(progress_goes_on_within_a_stage),
        IN_FOLDER(a_constant_is_not_read),
        IN_FOLDER(many_channels_are_folded_as_they_are_read),
        IN_FOLDER(the_constant_of_each_part_is_taken_off),
        IN_FOLDER(pads_are_read_without_the_wind),
        IN_FOLDER(the_offset_of_a_note_is_no_thump),
        IN_FOLDER(a_cloud_is_made_of_what_holds_a_tone),
        IN_FOLDER(a_loud_recording_is_ground_all_along),
    };
    return cmocka_run_group_tests_name("dig", tests, NULL, NULL);
}
