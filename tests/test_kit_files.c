/* Kits on the disk: what lies there, what goes and stays when one is written again, and
 * what is left of one that was killed. */
#define _XOPEN_SOURCE 700
#include "checks.h"
#include "core/catalog.h"
#include "core/kit.h"
#include "core/kit_load.h"
#include "core/kit_origin.h"
#include "core/rng.h"
#include "dsp/level.h"
#include "dsp/synth.h"
#include "folder.h"
#include "io/csv.h"
#include "io/paths.h"
#include "io/soundfile.h"
#include "nap.h"
#include "program.h"
#include "tone.h"

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <sndfile.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void write_sample(const char *folder, const char *name, enum synth_drum d,
                         double silence_s, int rate, int channels)
{
    struct rng rng = rng_derive(3, (uint64_t)d, "kit test", 0);
    size_t quiet = (size_t)(silence_s * rate);
    size_t n = quiet + (size_t)(synth_drum_length_s(d) * rate);
    OWN(audio) a = tone_frames(n, 1, rate);
    synth_drum(d, 0.5, 1, &rng, a.data + quiet, n - quiet, rate);
    OWN(audio) out;
    assert_int_equal(audio_convert_channels(&out, &a, channels, NULL), ST_OK);
    folder_wav(folder, name, &out, 24);
}

static enum status run_kit(const char *in, const char *out, const char *name, bool force,
                           struct text *summary, struct err *e)
{
    struct config cfg;
    struct kit_result r;
    config_defaults(&cfg, NULL);
    cfg.reproducibility.random_seed = (struct config_seed){.set = true, .value = 5};
    struct kit_job job = {.input_dir = in,
                          .output_dir = out,
                          .kit_name = name,
                          .target = "tr8s",
                          .cfg = &cfg,
                          .force = force};
    return kit_run(&job, &r, summary, e);
}

static enum status dry_run(const char *in, const char *out, struct text *summary,
                           struct err *e)
{
    struct config cfg;
    struct kit_result r;
    config_defaults(&cfg, NULL);
    struct kit_job job = {.input_dir = in,
                          .output_dir = out,
                          .kit_name = "K",
                          .target = "tr8s",
                          .cfg = &cfg,
                          .dry_run = true};
    return kit_run(&job, &r, summary, e);
}

static unsigned le(const unsigned char *p, int bytes)
{
    unsigned v = 0;
    for (int i = bytes - 1; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

static void check_wav(const char *path)
{
    unsigned char head[44];
    struct stat s;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(head, 1, 44, f), 44);
    fclose(f);
    assert_int_equal(stat(path, &s), 0);
    assert_memory_equal(head, "RIFF", 4);
    assert_int_equal(le(head + 4, 4), s.st_size - 8);
    assert_memory_equal(head + 8, "WAVEfmt ", 8);
    assert_int_equal(le(head + 16, 4), 16);
    assert_int_equal(le(head + 20, 2), 1);
    assert_int_equal(le(head + 24, 4), 44100);
    assert_int_equal(le(head + 34, 2), 16);
    assert_memory_equal(head + 36, "data", 4);
    assert_int_equal(le(head + 40, 4), s.st_size - 44);
    OWN(audio) a = sound_read(path);
    double peak = level_peak(&a);
    /* between samples it peaks at -1 dBFS */
    assert_true(fabs(level_to_db(level_true_peak(&a, false)) + 1) < 0.05);
    size_t first = 0;
    while (first < a.frames &&
           fabs((double)a.data[first * (size_t)a.channels]) < 0.05 * peak)
        first++;
    assert_true(first <= 44); /* within 1 ms */
    assert_true(fabs((double)a.data[a.frames * (size_t)a.channels - 1]) < 0.001);
}

static int check_folder(const char *path)
{
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort), wavs = 0;
    assert_true(n >= 2);
    for (int i = 0; i < n; i++) {
        if (strstr(names[i]->d_name, ".WAV")) {
            FREED const char *full = text_of("%.500s/%.400s", path, names[i]->d_name);
            check_wav(full);
            wavs++;
        }
        free(names[i]);
    }
    free(names);
    return wavs;
}

static void put(const char *folder, const char *name, const char *text)
{
    folder_write(folder, name, text, strlen(text));
}

static void a_kit_from_bare_files(void **state)
{
    const char *top = *state;
    char in[300], out[300];
    struct err e = {0};
    OWN(text) summary = {0};
    snprintf(in, sizeof in, "%s/in", top);
    snprintf(out, sizeof out, "%s/out", top);
    FREED const char *card = text_of("%s/NIGHT BUS/ROLAND/TR-8S/SAMPLE/NIGHT_BUS", out);
    static const char *const words[SYNTH_DRUM_COUNT] = {
        "kick",    "snare", "clap", "hat_closed", "hat_open",
        "tom_mid", "crash", "rim",  "ride"};
    for (int d = 0; d < SYNTH_DRUM_COUNT; d++) {
        FREED const char *name = text_of("%s \xf0\x9f\xa5\x81 'x', %d.wav", words[d], d);
        write_sample(in, name, (enum synth_drum)d, 0.02 * d, d % 2 ? 48000 : 44100,
                     1 + d % 2);
    }
    write_sample(in, "copy.wav", SYNTH_KICK, 0, 44100, 1);
    if (run_kit(in, out, "NIGHT BUS", false, &summary, &e) != ST_OK)
        fail_msg("%s", e.msg);
    assert_true(text_has(summary.at, "9 of 400 files"));
    assert_int_equal(check_folder(card), SYNTH_DRUM_COUNT);

    char path[600], *text;
    size_t n;
    snprintf(path, sizeof path, "%s/NIGHT BUS/ASSIGN.txt", out);
    assert_int_equal(path_read_file(path, 1 << 20, &text, &n, NULL), ST_OK);
    assert_true(text_has(text, "SAMPLE:Import"));
    assert_true(text_has(text, "choose NIGHT_BUS"));
    assert_true(text_has(text, "Let CH mute OH in the kit's mute groups"));
    free(text);

    /* again: refused, then the same bytes with force, and a stranger's file stays */
    FREED char *before = tree_hash(out, NULL);
    assert_int_equal(run_kit(in, out, "NIGHT BUS", false, NULL, &e), ST_EXISTS);
    put(card, "mine.WAV", "precious");
    snprintf(path, sizeof path, "%s/mine.WAV", card);
    assert_int_equal(run_kit(in, out, "NIGHT BUS", true, NULL, &e), ST_OK);
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
    FREED char *after = tree_hash(out, NULL);
    assert_string_equal(before, after);
}

/* Nothing below is offered where nothing is, and no hats are to mute each other. */
static void the_sheet_tells_of_what_is_there(void **state)
{
    const char *top = *state;
    char in[300], out[300], *text;
    size_t n;
    snprintf(in, sizeof in, "%s/in", top);
    snprintf(out, sizeof out, "%s/out", top);
    FREED const char *path = text_of("%s/K/ASSIGN.txt", out);
    write_sample(in, "kick.wav", SYNTH_KICK, 0, 44100, 1);
    assert_int_equal(run_kit(in, out, "K", false, NULL, NULL), ST_OK);
    assert_int_equal(path_read_file(path, 1 << 20, &text, &n, NULL), ST_OK);
    assert_true(text_has(text, "  SD     (empty)"));
    assert_false(text_has(text, "any sample below"));
    assert_false(text_has(text, "mute"));
    assert_true(text_has(text, "  4. [WRITE] the kit."));
    free(text);
    write_sample(in, "kick 2.wav", SYNTH_KICK, 0.01, 48000, 1);
    write_sample(in, "hat_open.wav", SYNTH_HAT_OPEN, 0, 44100, 1);
    assert_int_equal(run_kit(in, out, "K", true, NULL, NULL), ST_OK);
    assert_int_equal(path_read_file(path, 1 << 20, &text, &n, NULL), ST_OK);
    assert_true(text_has(text, "More samples"));
    assert_true(text_has(text, "any sample below"));
    assert_true(text_has(text, "  4. Let CH mute OH in the kit's mute groups, then"));
    free(text);
}

/* The field of the row whose column `key` is `value`; the caller frees. */
static char *field_of(const char *path, const char *key, const char *value,
                      const char *column)
{
    char *text, *found = NULL;
    size_t n;
    bool more;
    OWN(csv_reader) r;
    assert_int_equal(path_read_file(path, 1 << 20, &text, &n, NULL), ST_OK);
    csv_reader_init(&r, text, n);
    assert_int_equal(csv_read_names(&r, &more, NULL), ST_OK);
    assert_true(csv_column(&r, key) >= 0 && csv_column(&r, column) >= 0);
    while (!found && csv_read(&r, &more, NULL) == ST_OK && more)
        if (strcmp(csv_value(&r, key), value) == 0)
            found = strdup(csv_value(&r, column));
    free(text);
    return found;
}

/* What somebody cut is as long as they want it: a crash that would be a scrap if a miner
 * had cut it is the crash of its kit. */
static void a_short_one_shot_has_its_slot(void **state)
{
    const char *top = *state;
    char in[300];
    OWN(audio) a;
    struct rng rng = rng_derive(3, 0, "a short crash", 0);
    snprintf(in, sizeof in, "%s/in", top);
    assert_int_equal(audio_init(&a, 5292, 1, 44100, NULL), ST_OK); /* 0.12 s */
    synth_drum(SYNTH_CRASH, 0.5, 1, &rng, a.data, a.frames, a.rate_hz);
    folder_wav(in, "Crash.wav", &a, 16);
    assert_int_equal(run_kit(in, top, "K", false, NULL, NULL), ST_OK);
    FREED const char *path = text_of("%s/K/manifest.csv", top);
    FREED char *slot = field_of(path, "filename", "Crash.wav", "slot");
    assert_string_equal(slot, "CC");
}

/* A kit among the samples it is made of is no sample of the next one. */
static void a_kit_among_its_samples(void **state)
{
    const char *top = *state;
    char in[300];
    snprintf(in, sizeof in, "%s/in", top);
    write_sample(in, "kick.wav", SYNTH_KICK, 0, 44100, 1);
    write_sample(in, "more/snare.wav", SYNTH_SNARE, 0, 44100, 1);
    assert_int_equal(run_kit(in, in, "K", false, NULL, NULL), ST_OK);
    FREED char *before = tree_hash(in, NULL);
    assert_int_equal(run_kit(in, in, "K", true, NULL, NULL), ST_OK);
    FREED char *after = tree_hash(in, NULL);
    assert_string_equal(before, after);
}

static int times_in(const char *text, const char *what)
{
    int n = 0;
    for (; (text = strstr(text, what)) != NULL; text++)
        n++;
    return n;
}

/* Of what is left out the first are told, and how many more there are. */
static void a_long_list_is_told_in_short(void **state)
{
    const char *top = *state;
    char in[300];
    OWN(text) summary = {0};
    struct audio a;
    snprintf(in, sizeof in, "%s/in", top);
    for (int k = 0; k < 413; k++) { /* more than the machine takes */
        FREED const char *name = text_of("hit_%03d.wav", k);
        assert_int_equal(audio_init(&a, 500, 1, 44100, NULL), ST_OK);
        for (size_t i = 0; i < a.frames; i++)
            a.data[i] = 0.5f * sinf((float)i * (0.1f + 0.002f * (float)k));
        folder_wav(in, name, &a, 16);
        audio_done(&a);
    }
    /* a dry run writes no manifest that could tell the rest */
    assert_int_equal(dry_run(in, top, &summary, NULL), ST_OK);
    assert_int_equal(times_in(summary.at, "left out: "), 13);
    text_done(&summary);
    struct config cfg;
    struct kit_result r;
    struct err e;
    config_defaults(&cfg, NULL);
    struct kit_job whole = {
        .input_dir = in, .output_dir = top, .kit_name = "K", .cfg = &cfg, .no_fit = true};
    /* nor does a refusal: it is one sentence */
    assert_int_equal(kit_run(&whole, &r, &summary, &e), ST_OVER_BUDGET);
    assert_true(text_has(e.msg, ": 413 of 400 files"));
    assert_int_equal(summary.length, 0);
    assert_int_equal(run_kit(in, top, "K", false, &summary, NULL), ST_OK);
    assert_true(text_has(summary.at, "400 of 400 files"));
    assert_int_equal(times_in(summary.at, "left out: "), 10);
    assert_true(text_has(summary.at, "and 3 more left out; manifest.csv says why"));
}

static const struct kit_item *item_of(const struct kit_set *set, const char *filename)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->item[i].c.filename, filename) == 0)
            return &set->item[i];
    fail_msg("%s is not there", filename);
    return NULL;
}

static void write_tone(const char *folder, const char *name, double seconds)
{
    OWN(audio) a = tone_frames((size_t)(seconds * 8000), 1, 8000);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = 0.5F * sinf((float)i * 0.3F);
    folder_wav(folder, name, &a, 16);
}

/* What no manifest tells of: a folder that is called so says the category, the name the
 * class, and of the classes that it leaves open the ear one. What is named is no note up
 * to 20 s, what is not up to 2.5. */
static void bare_files_are_what_they_are_called(void **state)
{
    const char *top = *state;
    static const struct {
        const char *name;
        int drum; /* SYNTH_…; −1: a tone */
        double seconds;
        enum kind kind;
        const char *class;
        double least, most; /* how sure */
    } all[] = {{"Snare 1.wav", SYNTH_SNARE, 0, KIND_DRUM, "snare", 0.99, 1},
               {"Snare 2.wav", SYNTH_KICK, 0, KIND_DRUM, "snare", 0.5, 0.7},
               {"hat 1.wav", SYNTH_HAT_OPEN, 0, KIND_DRUM, "hat_open", 0.92, 1},
               {"hat 2.wav", SYNTH_HAT_CLOSED, 0, KIND_DRUM, "hat_closed", 0.92, 1},
               {"a.wav", SYNTH_KICK, 0, KIND_DRUM, "kick", 0.5, 1},
               {"deep/er/BD 3.wav", SYNTH_SNARE, 0, KIND_DRUM, "kick", 0.5, 0.7},
               {"pads/short.wav", -1, 1, KIND_PAD, "", 0, 0},
               {"b.wav", -1, 2.4, KIND_DRUM, NULL, 0, 0.9},
               {"c.wav", -1, 2.6, KIND_PAD, "", 0, 0},
               {"crash 1.wav", -1, 19, KIND_DRUM, "crash", 0.9, 1},
               {"crash 2.wav", -1, 21, KIND_PAD, "", 0, 0}};
    struct config cfg;
    OWN(kit_set) set;
    struct err e;
    config_defaults(&cfg, NULL);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].drum < 0)
            write_tone(top, all[i].name, all[i].seconds);
        else
            write_sample(top, all[i].name, (enum synth_drum)all[i].drum,
                         0.001 * (double)i, 44100, 1);
    if (kit_load(&set, top, target_find("tr8s"), &cfg, false, NULL, &e) != ST_OK)
        fail_msg("%s", e.msg);
    assert_int_equal(set.count, sizeof all / sizeof *all);
    for (size_t i = 0; i < set.count; i++) {
        const struct kit_item *item = item_of(&set, path_base(all[i].name));
        assert_int_equal(item->c.kind, all[i].kind);
        assert_true(isnan(item->c.m.score)); /* a miner has that */
        assert_int_equal(isfinite(item->vector[0]) != 0, all[i].kind == KIND_DRUM);
        if (all[i].class)
            assert_string_equal(item->c.hit_class, all[i].class);
        if (all[i].most > 0 && !(item->c.m.hit_confidence >= all[i].least &&
                                 item->c.m.hit_confidence <= all[i].most))
            fail_msg("%s: %g", all[i].name, item->c.m.hit_confidence);
    }
    /* of two with the same bytes one stays, and each its own sound */
    OWN(kit_set) twins;
    write_sample(top, "0.wav", SYNTH_SNARE, 0, 44100, 1);
    assert_int_equal(kit_load(&twins, top, target_find("tr8s"), &cfg, false, NULL, &e),
                     ST_OK);
    assert_int_equal(twins.count, set.count);
    for (size_t i = 1; i < set.count; i++)
        assert_memory_equal(item_of(&twins, path_base(all[i].name))->vector,
                            item_of(&set, path_base(all[i].name))->vector,
                            SIMILARITY_DIM * sizeof(float));
}

static void write_at(const char *folder, const char *name, enum synth_drum d, float gain)
{
    struct rng rng = rng_derive(3, (uint64_t)d, "kit test", 0);
    OWN(audio) a = tone_frames((size_t)(synth_drum_length_s(d) * 44100), 1, 44100);
    synth_drum(d, 0.5, 1, &rng, a.data, a.frames, 44100);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] *= gain;
    folder_wav(folder, name, &a, 24);
}

/* The file that plays a slot, by the kit's manifest. */
static const char *plays(const char *manifest, const char *slot, const char *filename)
{
    static char row[200];
    snprintf(row, sizeof row, "/%s_", slot);
    const char *at = strstr(manifest, row);
    const char *end = at ? strchr(at, '\n') : NULL;
    const char *file = at ? strstr(at, filename) : NULL;
    return file && file < end ? filename : "another";
}

/* Of what is in a folder an instrument has what is called so, however well another sounds
 * like it; of two that are called so the one whose name leaves nothing open, and of two
 * strokes the hard one. Where nothing is called so, it has what sounds so. */
static void names_come_before_sounds(void **state)
{
    const char *top = *state;
    char in[300], path[600], *text;
    size_t n;
    OWN(text) summary = {0};
    snprintf(in, sizeof in, "%s/in", top);
    write_at(in, "boom.wav", SYNTH_KICK, 1);
    write_at(in, "Kick a soft.wav", SYNTH_KICK, 0.1F);
    write_at(in, "Kick b hard.wav", SYNTH_KICK, 0.4F);
    write_at(in, "hat 1.wav", SYNTH_HAT_OPEN, 1);
    write_at(in, "hat open.wav", SYNTH_HAT_OPEN, 0.6F);
    write_at(in, "tss.wav", SYNTH_HAT_CLOSED, 0.5F);
    if (run_kit(in, top, "K", false, &summary, NULL) != ST_OK)
        fail_msg("no kit");
    snprintf(path, sizeof path, "%s/K/manifest.csv", top);
    assert_int_equal(path_read_file(path, 1 << 20, &text, &n, NULL), ST_OK);
    assert_string_equal(plays(text, "BD", "Kick b hard.wav"), "Kick b hard.wav");
    assert_string_equal(plays(text, "OH", "hat open.wav"), "hat open.wav");
    assert_string_equal(plays(text, "CH", "tss.wav"), "tss.wav");
    free(text);
}

/* A folder with a manifest: what it says of the samples goes with them. */
static void a_kit_from_a_manifest(void **state)
{
    const char *top = *state;
    char in[300], path[600], *text;
    size_t n;
    OWN(text) summary = {0};
    snprintf(in, sizeof in, "%s/in", top);
    write_sample(in, "good.wav", SYNTH_KICK, 0, 44100, 1);
    write_sample(in, "later.wav", SYNTH_SNARE, 0, 44100, 1);
    write_sample(in, "bad.wav", SYNTH_HAT_CLOSED, 0, 44100, 1);
    put(in, "manifest.csv",
        "filename,source,source_path,type,hit_class,start_sec,decision\r\n"
        "good.wav,tape,tapes/tape.flac,drum,kick,65.25,\r\n"
        "later.wav,tape,tapes/tape.flac,drum,snare,3721.5,accepted\r\n"
        "lost.wav,tape,tapes/tape.flac,drum,rim,2,accepted\r\n"
        "bad.wav,tape,tapes/tape.flac,drum,hat_closed,1,rejected\r\n");
    assert_int_equal(run_kit(in, top, "K", false, &summary, NULL), ST_OK);
    assert_true(text_has(summary.at, "2 of 400 files"));
    assert_true(
        text_has(summary.at, "  1 missing (lost.wav): the sample or its recording"));
    snprintf(path, sizeof path, "%s/K/ASSIGN.txt", top);
    assert_int_equal(path_read_file(path, 1 << 20, &text, &n, NULL), ST_OK);
    assert_true(text_has(text, "tapes/tape.flac at 1:05.25"));
    assert_true(text_has(text, "tapes/tape.flac at 62:01.50"));
    assert_false(text_has(text, "bad"));
    free(text);
    /* how much louder the sample on the card is than the one it was made of */
    snprintf(path, sizeof path, "%s/good.wav", in);
    OWN(audio) before = sound_read(path);
    snprintf(path, sizeof path, "%s/K/manifest.csv", top);
    FREED char *file = field_of(path, "filename", "good.wav", "path");
    FREED char *gain = field_of(path, "filename", "good.wav", "gain_db");
    assert_true(file && gain);
    snprintf(path, sizeof path, "%s/K/%.200s", top, file);
    OWN(audio) after = sound_read(path);
    double rise_db = level_to_db(level_peak(&after) / level_peak(&before));
    assert_true(fabs(rise_db) > 0.1 && fabs(strtod(gain, NULL) - rise_db) < 0.02);
}

/* Asked for whole, a kit that lacks a sample is not written, and one in place stays. */
static void a_whole_kit_or_none(void **state)
{
    const char *top = *state;
    char in[300];
    struct config cfg;
    struct kit_result r;
    struct err e;
    snprintf(in, sizeof in, "%s/in", top);
    FREED const char *kit = text_of("%s/K", top);
    config_defaults(&cfg, NULL);
    write_sample(in, "good.wav", SYNTH_KICK, 0, 44100, 1);
    put(in, "manifest.csv",
        "filename,source,source_path,type,hit_class,start_sec,decision\r\n"
        "good.wav,tape,tapes/tape.flac,drum,kick,65.25,\r\n"
        "later.wav,tape,tapes/tape.flac,drum,snare,3721.5,accepted\r\n");
    struct kit_job job = {.input_dir = in,
                          .output_dir = top,
                          .kit_name = "K",
                          .target = "tr8s",
                          .cfg = &cfg,
                          .force = true,
                          .whole = true};
    assert_int_equal(kit_run(&job, &r, NULL, &e), ST_NOT_FOUND);
    assert_true(text_has(e.msg, "1 sample of the kit is missing"));
    assert_false(path_has(kit, "manifest.csv"));
    write_sample(in, "later.wav", SYNTH_SNARE, 0, 44100, 1);
    assert_int_equal(kit_run(&job, &r, NULL, &e), ST_OK);
    assert_int_equal(r.exported, 2);
}

/* One sample that is longer than the machine takes, and nothing else: no empty kit is
 * made, and none replaces the one that lies there. */
static void what_fits_nowhere_is_no_kit(void **state)
{
    enum { LOW_RATE = 8000, TOO_LONG = 180 * LOW_RATE + 100 };
    const char *top = *state;
    char in[300], path[400];
    struct err e;
    OWN(text) summary = {0};
    snprintf(in, sizeof in, "%s/in", top);
    FREED const char *kit = text_of("%s/K", top);
    write_sample(in, "kick.wav", SYNTH_KICK, 0, 44100, 1);
    assert_int_equal(run_kit(in, top, "K", false, NULL, &e), ST_OK);
    FREED char *before = tree_hash(kit, NULL);
    snprintf(path, sizeof path, "%s/kick.wav", in);
    assert_int_equal(remove(path), 0);
    FREED float *x = calloc(TOO_LONG, sizeof *x);
    for (size_t i = 0; i < TOO_LONG; i++)
        x[i] = i % 20 < 10 ? 0.1f : -0.1f;
    snprintf(path, sizeof path, "%s/long.wav", in);
    assert_true(
        folder_sound(path, SF_FORMAT_WAV | SF_FORMAT_PCM_16, LOW_RATE, 1, x, TOO_LONG));
    assert_int_equal(run_kit(in, top, "K", true, &summary, &e), ST_NOTHING);
    assert_true(text_has(e.msg, "no sample of this kit fits the machine"));
    assert_true(text_has(summary.at, "180 s")); /* and why */
    text_done(&summary);
    /* the sound counts that is there, whatever was there when the list was made */
    put(in, "manifest.csv",
        "filename,source,source_path,type,duration_sec,channels\r\n"
        "long.wav,tape,tape.flac,pad,179.9,1\r\n");
    assert_int_equal(run_kit(in, top, "K", true, &summary, &e), ST_NOTHING);
    assert_true(text_has(summary.at, "one sample of 180.1 s, at most 180 s"));
    FREED char *after = tree_hash(kit, NULL);
    assert_string_equal(before, after);
}

/* A list of samples whose disk gives nothing back. */
static void what_cannot_be_read_is_no_kit(void **state)
{
    const char *top = *state;
    char in[300];
    struct err e;
    snprintf(in, sizeof in, "%s/in", top);
    put(in, "kick.wav", "RIFF");
    put(in, "manifest.csv",
        "filename,source,source_path,type,duration_sec,channels\r\n"
        "kick.wav,tape,tape.flac,drum,0.2,1\r\n");
    OWN(text) told = {0};
    assert_int_equal(run_kit(in, top, "K", false, &told, &e), ST_NOTHING);
    assert_string_equal(e.msg, "none of the samples can be used: there is no kit");
    assert_string_equal(told.at, ""); /* no plan of a kit that is not there */
    FREED const char *sheet = text_of("%s/K/ASSIGN.txt", top);
    assert_int_equal(access(sheet, F_OK), -1);
    write_sample(in, "kick.wav", SYNTH_KICK, 0, 44100, 1);
    assert_int_equal(run_kit(in, top, "K", false, NULL, &e), ST_OK);
    assert_int_equal(access(sheet, F_OK), 0);
}

/* What is told is what was written, not what was planned. */
static void a_sample_that_cannot_be_read_is_not_told_as_there(void **state)
{
    const char *top = *state;
    char in[300];
    struct err e;
    OWN(text) summary = {0};
    snprintf(in, sizeof in, "%s/in", top);
    write_sample(in, "kick.wav", SYNTH_KICK, 0, 44100, 1);
    put(in, "snare.wav", "RIFF");
    put(in, "manifest.csv",
        "filename,source,source_path,type,hit_class,duration_sec,channels\r\n"
        "kick.wav,tape,tape.flac,drum,kick,0.2,1\r\n"
        "snare.wav,tape,tape.flac,drum,snare,0.2,1\r\n");
    text_add(&summary, "before\n");
    assert_int_equal(run_kit(in, top, "K", false, &summary, &e), ST_OK);
    assert_true(text_has(summary.at, "before\nK for the Roland TR-8S: 1 of 400 files"));
    assert_int_equal(times_in(summary.at, " of 400 files"), 2); /* and was wanted */
    assert_true(text_has(summary.at, "; 1 left out\n"));
    assert_true(text_has(summary.at, "  SD  -                 (empty)\n"));
    assert_true(text_has(summary.at, "  left out: snare.wav ("));
}

/* Whatever the list says: of what the user put in a sample's place the length and the
 * channels count, also where one of them is as it was. */
static void a_sample_is_as_its_file_is(void **state)
{
    const char *top = *state;
    char list[300];
    struct err e;
    struct config cfg;
    OWN(kit_set) set = {0};
    double length_s = synth_drum_length_s(SYNTH_KICK);
    write_sample(top, "longer.wav", SYNTH_KICK, 1, 44100, 2);
    write_sample(top, "wider.wav", SYNTH_KICK, 0, 44100, 2);
    snprintf(list, sizeof list,
             "filename,source,source_path,type,duration_sec,channels\r\n"
             "longer.wav,tape,tape.flac,drum,%.6f,1\r\n"
             "wider.wav,tape,tape.flac,drum,%.6f,1\r\n",
             length_s, length_s);
    put(top, "manifest.csv", list);
    config_defaults(&cfg, NULL);
    assert_int_equal(kit_load(&set, top, target_find("tr8s"), &cfg, true, NULL, &e),
                     ST_OK);
    assert_int_equal(set.count, 2);
    for (size_t i = 0; i < set.count; i++) {
        double seconds = length_s + (strcmp(set.item[i].c.filename, "longer.wav") == 0);
        assert_int_equal(set.item[i].channels, 2);
        assert_true(llabs(set.item[i].frames - llround(seconds * 44100)) <= 1);
    }
}

/* A recording and a place in it tell where a sample came from; one that was made has no
 * place, and tells nothing. */
static void a_kit_is_known_by_places(void **state)
{
    const char *top = *state;
    FREED const char *kit = text_of("%s/K", top);
    FREED const char *project = text_of("%s/P", top);
    static const struct {
        const char *row;
        bool same;
    } of[] = {{"BD.WAV,1,1.wav,drum,2.5,2.75", true},
              {"BD.WAV,1,1.wav,drum,2.5,2.76", false},
              {"BD.WAV,1,1.wav,drum,2.4,2.75", false},
              {"BD.WAV,2,2.wav,drum,2.5,2.75", false},
              {"E01.WAV,1,1.wav,cloud,,", false}};
    put(project, "manifest.csv",
        "filename,source,source_path,type,start_sec,end_sec\r\n"
        "1_drum_001.wav,1,1.wav,drum,2.5,2.75\r\n"
        "1_cloud_01.wav,1,1.wav,cloud,,\r\n");
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        char list[256];
        snprintf(list, sizeof list,
                 "filename,source,source_path,type,start_sec,end_sec\r\n%s\r\n",
                 of[i].row);
        put(kit, "manifest.csv", list);
        assert_int_equal(kit_is_from(kit, project), of[i].same);
    }
}

/* Mined from the folder that is given, or from the one recording that is. */
static void a_kit_of_the_same_recordings_is_known(void **state)
{
    const char *top = *state;
    char input[320];
    FREED const char *kit = text_of("%s/K", top);
    put(kit, "manifest.csv",
        "filename,source,source_path,type\r\nBD.WAV,b,sub/b.wav,drum\r\n"
        "SD.WAV,a,a.wav,drum\r\n");
    put(top, "in/a.wav", "");
    put(top, "in/c.wav", "");
    put(top, "other/c.wav", "");
    static const struct {
        const char *input;
        bool same;
    } of[] = {{"in", true},
              {"other", false},
              {"in/a.wav", true},
              {"in/c.wav", false},
              {"nowhere", false}};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        snprintf(input, sizeof input, "%s/%s", top, of[i].input);
        assert_int_equal(kit_is_of_recordings(kit, input), of[i].same);
    }
}

/* A kit whose only sample was cut anew: from the project where that find's edges were
 * moved, wherever they are by now, and from no other that has a find of that name. */
static void a_kit_that_was_cut_is_known(void **state)
{
    const char *top = *state;
    FREED const char *kit = text_of("%s/K", top);
    FREED const char *project = text_of("%s/P", top);
    FREED const char *path = text_of("%s/catalog.db", project);
    put(project, "manifest.csv",
        "filename,source,source_path,type,start_sec,end_sec\r\n"
        "1_drum_001.wav,1,1.wav,drum,2.5,2.75\r\n");
    static const struct {
        const char *row;
        bool same; /* once the edges were moved */
    } of[] = {{"1_drum_001.wav,1,1.wav,drum,2.45,2.7", true},
              {"1_drum_001_edit.wav,1,1.wav,drum,2.45,2.7", true}, /* of a best-of set */
              {"1_drum_001.wav,1,1.wav,drum,7.45,7.7", false},
              {"1_drum_002.wav,1,1.wav,drum,2.45,2.7", false},
              {"1_drum_001.wav,2,2.wav,drum,2.45,2.7", false}};
    struct candidate c;
    candidate_clear(&c);
    c.kind = KIND_DRUM;
    c.saved = true;
    c.source_rate_hz = 1000;
    strcpy(c.source, "1");
    strcpy(c.source_path, "1.wav");
    strcpy(c.filename, "1_drum_001.wav");
    candidate_place(&c, 2500, 2750);
    struct catalog *catalog;
    struct catalog_content content = {.candidates = &c, .candidate_count = 1};
    struct change move = {
        .field = FIELD_EDGES, .candidate = candidate_id(&c), .value = "2480 2710"};
    assert_int_equal(catalog_publish(path, &content, NULL), ST_OK);
    for (int edited = 0; edited < 2; edited++) {
        for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
            char list[256];
            snprintf(list, sizeof list,
                     "filename,source,source_path,type,start_sec,end_sec\r\n%s\r\n",
                     of[i].row);
            put(kit, "manifest.csv", list);
            assert_int_equal(kit_is_from(kit, project), edited && of[i].same);
        }
        assert_int_equal(catalog_open(&catalog, path, CATALOG_WRITE, NULL), ST_OK);
        assert_int_equal(catalog_record(catalog, &move, 1, "moved", NULL, NULL), ST_OK);
        catalog_close(catalog);
    }
}

/* kit_load of the folder by nobody, who may not read everything: what it says. */
static bool nobody_is_told(const char *folder, enum status code, const char *what)
{
    pid_t child = fork();
    if (child == 0) {
        struct kit_set set;
        struct config cfg;
        struct err e = {0};
        config_defaults(&cfg, NULL);
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(2);
        enum status st =
            kit_load(&set, folder, target_find("tr8s"), &cfg, false, NULL, &e);
        _exit(st == code && strstr(e.msg, what) ? 0 : 1);
    }
    int how;
    return waitpid(child, &how, 0) == child && how == 0;
}

/* What was said of its samples lies in a catalog that is somebody else's, or what they
 * are in a manifest: no kit is made as if nothing had been said. */
static void a_catalog_that_cannot_be_read_is_told(void **state)
{
    const char *top = *state;
    char path[340];
    FREED const char *project = text_of("%s/P", top);
    snprintf(path, sizeof path, "%s/catalog.db", project);
    put(project, "manifest.csv",
        "filename,source,source_path,type\r\n1_drum_001.wav,1,1.wav,drum\r\n");
    write_sample(project, "1/drums/1_drum_001.wav", SYNTH_KICK, 0, 44100, 1);
    struct catalog_content nothing = {0};
    assert_int_equal(catalog_publish(path, &nothing, NULL), ST_OK);
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(chmod(top, 0755), 0);
    FREED const char *said = text_of("%s cannot be opened: Permission", path);
    assert_true(nobody_is_told(project, ST_DISK, said));
    FREED const char *best = text_of("%s/best_of", project);
    put(best, "manifest.csv",
        "filename,source,source_path,type\r\n1_drum_001.wav,1,1.wav,drum\r\n");
    write_sample(best, "drums/1_drum_001.wav", SYNTH_KICK, 0, 44100, 1);
    assert_true(nobody_is_told(best, ST_DISK, said));
    assert_int_equal(chmod(path, 0644), 0);
    snprintf(path, sizeof path, "%s/manifest.csv", best);
    assert_int_equal(chmod(path, 0), 0);
    assert_true(nobody_is_told(project, ST_UNREADABLE, "no permission"));
    assert_true(nobody_is_told(best, ST_UNREADABLE, "no permission"));
}

/* Notes on the assignment sheet outlast the kit they were made on. */
static void an_edited_sheet_is_kept(void **state)
{
    const char *top = *state;
    char in[300], path[400], *text;
    size_t n;
    snprintf(in, sizeof in, "%s/in", top);
    FREED const char *kit = text_of("%s/K", top);
    write_sample(in, "kick.wav", SYNTH_KICK, 0, 44100, 1);
    assert_int_equal(run_kit(in, top, "K", false, NULL, NULL), ST_OK);
    for (int i = 0; i < 2; i++) { /* as written: nothing to keep */
        assert_int_equal(run_kit(in, top, "K", true, NULL, NULL), ST_OK);
        assert_int_equal(tree_count(kit, ".txt"), 1);
    }
    static const char *const kept[] = {"ASSIGN.edited.txt", "ASSIGN.edited_2.txt"};
    for (int i = 0; i < 2; i++) {
        nap_ms(20); /* a file system's clock may be that coarse */
        put(kit, "ASSIGN.txt", "BD: tune -3");
        assert_int_equal(run_kit(in, top, "K", true, NULL, NULL), ST_OK);
        assert_int_equal(tree_count(kit, ".txt"), i + 2);
        snprintf(path, sizeof path, "%s/%s", kit, kept[i]);
        assert_int_equal(path_read_file(path, 1 << 20, &text, &n, NULL), ST_OK);
        assert_string_equal(text, "BD: tune -3");
        free(text);
    }
    snprintf(path, sizeof path, "%s/ASSIGN.txt", kit);
    assert_int_equal(path_read_file(path, 1 << 20, &text, &n, NULL), ST_OK);
    assert_true(text_has(text, "BD_kick"));
    free(text);
}

/* What the user changed or put there is noticed before anything goes. */
static void nothing_goes_before_all_can_come(void **state)
{
    const char *top = *state;
    char in[300];
    struct err e = {0};
    snprintf(in, sizeof in, "%s/in", top);
    FREED const char *kit = text_of("%s/K", top);
    FREED const char *card = text_of("%s/ROLAND/TR-8S/SAMPLE/K", kit);
    write_sample(in, "kick.wav", SYNTH_KICK, 0, 44100, 1);
    write_sample(in, "snare\n2.wav", SYNTH_SNARE, 0, 44100, 1);
    assert_int_equal(run_kit(in, top, "K", false, NULL, NULL), ST_OK);
    put(card, "BD_kick.WAV", "mine now");
    char *before = tree_hash(kit, NULL);
    assert_int_equal(run_kit(in, top, "K", true, NULL, &e), ST_EXISTS);
    assert_true(text_has(e.msg, "BD_kick.WAV is in the way: trowel did not write it"));
    struct config cfg;
    struct kit_result r;
    config_defaults(&cfg, NULL);
    struct kit_job dry = {.input_dir = in,
                          .output_dir = top,
                          .kit_name = "K",
                          .cfg = &cfg,
                          .force = true,
                          .dry_run = true};
    e.msg[0] = '\0';
    assert_int_equal(kit_run(&dry, &r, NULL, &e), ST_EXISTS); /* as the dry run says */
    assert_true(text_has(e.msg, "BD_kick.WAV is in the way: trowel did not write it"));
    char *after = tree_hash(kit, NULL);
    assert_string_equal(before, after);
    free(before);
    free(after);

    /* a folder of somebody's own, with files named like ours */
    static const char *const theirs[] = {"ASSIGN.txt", "manifest.csv"};
    for (size_t i = 0; i < 2; i++) {
        FREED const char *name = text_of("T%zu", i);
        FREED const char *folder = text_of("%s/%s", top, name);
        assert_int_equal(mkdir(folder, 0777), 0);
        put(folder, theirs[i], "a,b\r\n1,2\r\n");
        before = tree_hash(folder, NULL);
        assert_int_equal(run_kit(in, top, name, true, NULL, &e), ST_EXISTS);
        after = tree_hash(folder, NULL);
        assert_string_equal(before, after);
        free(before);
        free(after);
    }
}

static void bad_names_are_refused(void **state)
{
    const char *top = *state;
    struct err e;
    write_sample(top, "kick.wav", SYNTH_KICK, 0, 44100, 1);
    static const char *const bad[] = {"..", "a/b", "", ".hidden", "a\\b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(run_kit(top, top, bad[i], false, NULL, &e), ST_REFUSED);
}

/* A limit on file size stands for a full disk. */
static void a_full_disk_is_named(void **state)
{
    const char *top = *state;
    char in[300];
    struct err e = {0};
    snprintf(in, sizeof in, "%s/in", top);
    write_sample(in, "kick.wav", SYNTH_KICK, 0, 44100, 1);
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit limit = {0, 0};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        enum status st = run_kit(in, top, "K", false, NULL, &e);
        _exit(st == ST_DISK && text_has(e.msg, "kit.begun cannot be written: File too")
                  ? 0
                  : 1);
    }
    assert_int_equal(program_wait(pid), 0);
}

/* Half a kit that a full disk left is nobody else's: a dry run says so, too. */
static void half_a_kit_is_not_in_the_way(void **state)
{
    const char *top = *state;
    char in[300], list[400];
    struct err e = {0};
    snprintf(in, sizeof in, "%s/in", top);
    write_sample(in, "kick.wav", SYNTH_KICK, 0, 44100, 1);
    OWN(audio) a = tone_frames((size_t)44100 * 4, 1, 44100);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = 0.5f * sinf((float)i * 0.01f);
    folder_wav(in, "tone.wav", &a, 16);
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit limit = {100000, 100000};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        _exit(run_kit(in, top, "K", false, NULL, &e) != ST_DISK);
    }
    assert_int_equal(program_wait(pid), 0);
    snprintf(list, sizeof list, "%s/K/ROLAND/TR-8S/SAMPLE/K/BD_kick.WAV", top);
    assert_int_equal(access(list, F_OK), 0);
    assert_int_equal(dry_run(in, top, NULL, &e), ST_OK);
    /* what is on no list is not touched */
    snprintf(list, sizeof list, "%s/K/.trowel/kit.begun", top);
    assert_int_equal(unlink(list), 0);
    assert_int_equal(dry_run(in, top, NULL, &e), ST_EXISTS);
}

/* Killed at any moment and run again: the same kit as without. */
static void killed_exports_leave_whole_files(void **state)
{
    const char *top = *state;
    char in[300], once[300], killed[300];
    snprintf(in, sizeof in, "%s/in", top);
    snprintf(once, sizeof once, "%s/once", top);
    snprintf(killed, sizeof killed, "%s/killed", top);
    for (int i = 0; i < 40; i++) {
        FREED const char *name = text_of("hit%02d.wav", i);
        write_sample(in, name, (enum synth_drum)(i % SYNTH_DRUM_COUNT), i * 0.001, 44100,
                     1);
    }
    assert_int_equal(run_kit(in, once, "K", false, NULL, NULL), ST_OK);
    int kills = 0;
    for (double ms = 0.5; ms < 400; ms *= 1.5) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(run_kit(in, killed, "K", true, NULL, NULL) != ST_OK);
        nap_ms(ms);
        kill(pid, SIGKILL);
        kills += program_wait(pid) == 128 + SIGKILL;
        /* every sample under its final name is whole */
        FREED const char *card = text_of("%s/K/ROLAND/TR-8S/SAMPLE/K", killed);
        if (access(card, F_OK) == 0)
            check_folder(card);
    }
    assert_true(kills >= 3); /* of the 17, on the quickest machine */
    assert_int_equal(run_kit(in, killed, "K", true, NULL, NULL), ST_OK);
    FREED char *a = tree_hash(once, NULL), *b = tree_hash(killed, NULL);
    assert_string_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_kit_from_bare_files),
        IN_FOLDER(the_sheet_tells_of_what_is_there),
        IN_FOLDER(a_short_one_shot_has_its_slot),
        IN_FOLDER(a_kit_among_its_samples),
        IN_FOLDER(a_long_list_is_told_in_short),
        IN_FOLDER(bare_files_are_what_they_are_called),
        IN_FOLDER(names_come_before_sounds),
        IN_FOLDER(a_kit_from_a_manifest),
        IN_FOLDER(a_whole_kit_or_none),
        IN_FOLDER(what_fits_nowhere_is_no_kit),
        IN_FOLDER(what_cannot_be_read_is_no_kit),
        IN_FOLDER(a_sample_that_cannot_be_read_is_not_told_as_there),
        IN_FOLDER(a_sample_is_as_its_file_is),
        IN_FOLDER(a_kit_is_known_by_places),
        IN_FOLDER(a_kit_of_the_same_recordings_is_known),
        IN_FOLDER(a_kit_that_was_cut_is_known),
        IN_FOLDER(a_catalog_that_cannot_be_read_is_told),
        IN_FOLDER(an_edited_sheet_is_kept),
        IN_FOLDER(nothing_goes_before_all_can_come),
        IN_FOLDER(bad_names_are_refused),
        IN_FOLDER(a_full_disk_is_named),
        IN_FOLDER(half_a_kit_is_not_in_the_way),
        IN_FOLDER(killed_exports_leave_whole_files),
    };
    return cmocka_run_group_tests_name("kit files", tests, NULL, NULL);
}
