/* What the batch mode writes, as a user runs it: trees, manifests, shards, JSON; and what
 * is there after ^C. */
#include "batch_rig.h"
#include "checks.h"
#include "core/pi.h"
#include "core/project.h"
#include "dsp/level.h"
#include "dsp/seam.h"
#include "io/soundfile.h"
#include "nap.h"
#include "tone.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void process_writes_the_tree(void **state)
{
    struct place *p = *state;
    struct outcome o;
    RUN(o, p, "process", "--input-dir", "in", "--project-name", "TREE", "--seed", "7");
    assert_true(text_has(o.out, "3 sources: 3 done"));
    assert_true(text_has(o.err, "next: trowel export/TREE "));
    batch_rig_went_well(&o);
    assert_true(there(p, "export/TREE/manifest.csv"));
    assert_true(there(p, "export/TREE/catalog.db"));
    assert_true(there(p, "export/TREE/config.effective.yaml"));
    assert_true(there(p, "export/TREE/jam-tape/drums"));
    assert_true(there(p, "export/TREE/jam-tape/silences"));
    assert_true(there(p, "export/TREE/night-pads/pads"));
    assert_true(there(p, "export/TREE/night-pads/swells"));
    assert_true(there(p, "export/TREE/night-pads/clouds"));
    assert_true(there(p, "export/TREE/jam-tape/hiss"));

    char path[1024];
    FREED struct candidate *rows;
    size_t count;
    rows = manifest_rows(p, "export/TREE", &count);
    path_in(path, p, "export/TREE");
    assert_int_equal(count, tree_count(path, ".wav"));
    assert_true(count > 30);
    for (size_t i = 0; i < count; i++) {
        const struct candidate *c = &rows[i];
        snprintf(path, sizeof path, "%s/export/TREE/%s/%s/%s", p->path, c->source,
                 category_folder(kind_category(c->kind)), c->filename);
        OWN(audio) a = sound_read(path);
        assert_int_equal(a.rate_hz, 44100);
        assert_true(fabs((double)a.frames / a.rate_hz - c->m.duration_sec) < 1e-4);
        bool loop = !isnan(c->m.loop_end);
        size_t samples = a.frames * (size_t)a.channels;
        if (!loop) {
            assert_true(fabs((double)a.data[0]) < 0.001);
            assert_true(fabs((double)a.data[samples - 1]) < 0.001);
        }
        if (loop) {
            struct seam seam;
            assert_int_equal(seam_measure(&a, &seam, NULL), ST_OK);
            assert_true(seam.seamless);
        }
    }
}

/* Results are buffered in a pipe, messages are not: read together they stand in the order
 * in which they were said. */
static void results_come_before_what_follows(void **state)
{
    const struct place *p = *state;
    char command[2048], said[8192];
    snprintf(command, sizeof command,
             "cd '%s' && '%s' --batch process --input_dir in/jam-tape.wav --seed 7 "
             "--project_name PIPE --stages silences 2>&1",
             p->path, TROWEL_BIN);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    said[fread(said, 1, sizeof said - 1, f)] = '\0';
    assert_int_equal(pclose(f), 0);
    const char *result = strstr(said, "1 source: 1 done"), *next = strstr(said, "next: ");
    assert_non_null(result);
    assert_non_null(next);
    assert_true(result < next);
}

/* Where the manifest says a hit came from, the recording has that very sound. */
static void manifest_times_are_true(void **state)
{
    struct place *p = *state;
    char path[1024];
    struct candidate *rows;
    struct audio tape;
    size_t count, checked = 0;
    rows = manifest_rows(p, "export/TREE", &count);
    path_in(path, p, "in/jam-tape.wav");
    assert_int_equal(soundfile_load(path, 0, &tape, NULL), ST_OK);
    FREED float *mono = calloc(tape.frames, sizeof *mono);
    audio_mono(&tape, mono);
    for (size_t i = 0; i < count; i++) {
        const struct candidate *c = &rows[i];
        if (c->kind != KIND_DRUM || strcmp(c->source, "jam-tape") != 0)
            continue;
        snprintf(path, sizeof path, "%s/export/TREE/jam-tape/drums/%s", p->path,
                 c->filename);
        OWN(audio) hit = sound_read(path);
        size_t start = (size_t)llround(c->m.start_sec * tape.rate_hz);
        size_t n = hit.frames / 2; /* before the fade-out */
        double xy = 0, xx = 0, yy = 0;
        for (size_t k = 100; k < n; k++) {
            double x = (double)mono[start + k], y = (double)hit.data[k];
            xy += x * y;
            xx += x * x;
            yy += y * y;
        }
        assert_true(xy / sqrt(xx * yy) > 0.9999);
        checked++;
    }
    assert_true(checked > 10);
    audio_done(&tape);
    free(rows);
}

/* Stopped before its first recording was done, in a folder of folders. */
static void what_a_deep_run_left_is_told(void **state)
{
    struct place *p = *state;
    char path[1024];
    static const char *const done[] = {"catalog.db", "manifest.csv",
                                       ".trowel/a_tape.source"};
    char from[1024];
    path_in(path, p, "deep");
    folder_write(path, "a/notes.txt", "", 0);
    path_in(from, p, "in/jam-tape.wav");
    path_in(path, p, "deep/a/tape.wav");
    assert_int_equal(link(from, path), 0);
    RUN_WELL(p, "process", "--input-dir", "deep", "--project-name", "DEEP", "--recursive",
             "--stages", "silences,drums", "--seed", "7", "--quiet");
    for (size_t i = 0; i < sizeof done / sizeof *done; i++) {
        FREED const char *name = text_of("export/DEEP/%s", done[i]);
        path_in(path, p, name);
        assert_int_equal(unlink(path), 0);
    }
    RUN_SAYS(p, 0, err, "1 of 1 recordings in deep is not mined; the command that began",
             "curate", "--input_root", "export/DEEP", "--dry-run");
}

/* A pad is no copy of the drone that was made of it, though they sound alike. */
static void stacks_are_of_one_kind(void **state)
{
    struct place *p = *state;
    FREED struct candidate *rows;
    size_t count, stacked = 0;
    rows = manifest_rows(p, "export/TREE", &count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i && rows[i].cluster > 0; k++)
            if (rows[k].cluster == rows[i].cluster) {
                assert_int_equal(rows[k].kind, rows[i].kind);
                stacked++;
            }
    assert_true(stacked > 10);
}

static void workers_and_order_change_no_byte(void **state)
{
    struct place *p = *state;
    RUN_WELL(p, "process", "--input-dir", "in", "--project-name", "TREE", "--export_root",
             "one", "--seed", "7", "--jobs", "1", "--quiet");
    assert_same_trees(p, "one/TREE", "export/TREE", NULL);
}

static void again_does_nothing_and_another_recipe_is_refused(void **state)
{
    struct place *p = *state;
    char path[1024];
    path_in(path, p, "export/TREE");
    FREED char *before = tree_hash(path, NULL);
    RUN_SAYS(p, 0, out, "0 done, 3 done before", "process", "--input-dir", "in",
             "--project-name", "TREE");
    RUN_SAYS(p, 4, err, "--force", "process", "--input-dir", "in", "--project-name",
             "TREE", "--seed", "8");
    FREED char *after = tree_hash(path, NULL);
    assert_string_equal(before, after);
}

static void shards_join(void **state)
{
    struct place *p = *state;
    static char *const shard[] = {"1/2", "2/2"};
    static char *const of_part[][5] = {
        {"curate", "--input_root", "shards/TREE", "--output_root", "part/best"},
        {"format", "--input_dir", "shards/TREE", "--output_dir", "part"},
        {"report", "--input_dir", "shards/TREE", "--output", "part/page.html"}};
    for (int i = 0; i < 2; i++) {
        RUN_WELL(p, "process", "--input-dir", "in", "--project-name", "TREE",
                 "--export_root", "shards", "--seed", "7", "--shard", shard[i],
                 "--quiet");
        /* whoever makes something of a part hears that it is one */
        for (size_t k = 0; k < sizeof of_part / sizeof *of_part; k++) {
            OWN(outcome) o;
            char *const *w = of_part[k];
            RUN(o, p, w[0], w[1], w[2], w[3], w[4], "--dry-run");
            assert_int_equal(o.exit_status, 0);
            assert_int_equal(text_has(o.err, "shards/TREE: 1 of 3 recordings in in is "
                                             "not mined; the command that mined"),
                             i == 0);
        }
        if (i == 0) { /* also of one that was killed before it joined anything */
            static char *const joined[] = {"shards/TREE/catalog.db",
                                           "shards/TREE/manifest.csv"};
            for (int k = 0; k < 2; k++) {
                char path[1024];
                path_in(path, p, joined[k]);
                assert_int_equal(unlink(path), 0);
            }
            RUN_SAYS(p, 0, err, "1 of 3 recordings in in is not mined", "curate",
                     "--input_root", "shards/TREE", "--dry-run");
        }
    }
    OWN(outcome) o;
    /* of an array of jobs that is larger than the folder, the last say so, too */
    RUN(o, p, "process", "--input-dir", "in", "--project-name", "TREE", "--export-root",
        "shards", "--seed", "7", "--shard", "9/9", "--json");
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.out, "\"event\":\"summary\"") &&
                text_has(o.out, "\"sources\":0,\"done\":0,\"skipped\":0,\"failed\":0,"));
    RUN_WELL(p, "index", "--project", "shards/TREE");
    assert_same_trees(p, "shards/TREE", "export/TREE", "catalog.db");
    /* a part that starts afresh by the same recipe leaves the others' */
    RUN_WELL(p, "process", "--input-dir", "in", "--project-name", "TREE", "--export_root",
             "shards", "--seed", "7", "--shard", "2/2", "--force", "--quiet");
    RUN_WELL(p, "index", "--project", "shards/TREE");
    assert_same_trees(p, "shards/TREE", "export/TREE", "catalog.db");
}

/* A disk that is not there takes no find out of the catalog; a sample that is gone is. */
static void a_missing_disk_is_waited_for(void **state)
{
    struct place *p = *state;
    struct outcome o;
    static const char *const stem[] = {"jam-tape", "night-pads", "full-sketch"};
    char from[1024], to[1024], before[1024], name[64];
    path_in(before, p, "shards/TREE");
    FREED char *whole = tree_hash(before, NULL);
    for (int away = 1; away >= 0; away--) {
        for (int i = 0; i < 3; i++) {
            snprintf(name, sizeof name, "shards/TREE/%s", stem[i]);
            path_in(away ? from : to, p, name);
            snprintf(name, sizeof name, "shards/away-%s", stem[i]);
            path_in(away ? to : from, p, name);
            assert_int_equal(rename(from, to), 0);
        }
        RUN(o, p, "index", "--project", "shards/TREE");
        assert_int_equal(o.exit_status, away);
        assert_int_equal(text_has(o.err, "is a disk missing?"), away);
        outcome_done(&o);
        RUN(o, p, "process", "--input-dir", "in", "--export-root", "shards",
            "--project-name", "TREE", "--seed", "7");
        assert_int_equal(o.exit_status, away);
        assert_int_equal(text_has(o.err, "is a disk missing?"), away);
        outcome_done(&o);
    }
    FREED char *again = tree_hash(before, NULL);
    assert_string_equal(whole, again);
}

static void index_rebuilds_from_audio_alone(void **state)
{
    struct place *p = *state;
    char path[1024];
    FREED struct candidate *before, *after;
    size_t n_before, n_after;
    before = manifest_rows(p, "shards/TREE", &n_before);
    path_in(path, p, "shards/TREE/.trowel");
    folder_remove(path);
    path_in(path, p, "shards/TREE/catalog.db");
    unlink(path);
    RUN_WELL(p, "index", "--project", "shards/TREE");
    after = manifest_rows(p, "shards/TREE", &n_after);
    assert_int_equal(n_before, n_after);
    free(after);
    /* A sample that somebody put there is measured, and judged by the settings. */
    OWN(audio) tone = tone_frames(44100, 1, 44100);
    for (size_t i = 0; i < tone.frames; i++)
        tone.data[i] = 0.25f * (float)sin(2 * PI * 440 * (double)i / 44100);
    path_in(path, p, "shards/TREE/jam-tape/pads");
    folder_wav(path, "a440.wav", &tone, 24);
    RUN_WELL(p, "index", "--project", "shards/TREE", "--set",
             "brightness_tags.centroid_high_hz=400", "--set",
             "brightness_tags.centroid_low_hz=300", "--set",
             "curation.thresholds.min_rms_db=-10");
    after = manifest_rows(p, "shards/TREE", &n_after);
    assert_int_equal(n_after, n_before + 1);
    size_t i = 0;
    while (i < n_after && strcmp(after[i].filename, "a440.wav") != 0)
        i++;
    assert_true(i < n_after);
    assert_true(fabs(after[i].m.rms_db - -15.05) < 0.02);
    assert_true(fabs(after[i].m.est_freq_hz - 440) < 0.5);
    assert_string_equal(after[i].brightness, "bright");
    assert_int_equal(after[i].grade, 'F');
}

/* What came without records stays listed when another recording is mined beside it, but
 * for a sample whose bytes are others by now. */
static void a_run_keeps_what_index_took_in(void **state)
{
    struct place *p = *state;
    char path[1024];
    FREED struct candidate *before, *after;
    size_t n_before, n_after, kept = 0;
    before = manifest_rows(p, "shards/TREE", &n_before);
    path_in(path, p, "beside");
    assert_int_equal(mkdir(path, 0755), 0);
    OWN(audio) tick = tone_frames(44100, 1, 44100);
    for (size_t i = 0; i < 4000; i++)
        tick.data[22050 + i] = 0.5f * expf(-(float)i / 800) * sinf(0.03f * (float)i);
    folder_wav(path, "tick.wav", &tick, 16);
    path_in(path, p, "shards/TREE/jam-tape/pads");
    OWN(audio) other = tone_frames(44100, 1, 4410);
    folder_wav(path, "a440.wav", &other, 24);
    RUN_WELL(p, "process", "--input-dir", "beside", "--project-name", "TREE",
             "--export_root", "shards", "--stages", "drums", "--quiet");
    after = manifest_rows(p, "shards/TREE", &n_after);
    for (size_t i = 0, k = 0; i < n_after; i++)
        if (strcmp(after[i].source, "tick") != 0) {
            while (k < n_before && strcmp(before[k].sha256, after[i].sha256) != 0)
                k++;
            assert_true(k < n_before);
            assert_true(strcmp(after[i].filename, "a440.wav") != 0);
            kept++;
        }
    assert_int_equal(kept, n_before - 1);
    assert_true(n_after > kept);
}

static void json_is_one_object_a_line(void **state)
{
    struct place *p = *state;
    OWN(outcome) o;
    RUN(o, p, "process", "--input-dir", "in", "--project-name", "TREE", "--json");
    assert_int_equal(o.exit_status, 0);
    int lines = 0;
    for (char *line = strtok(o.out, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        assert_true(strncmp(line, "{\"event\":\"", 10) == 0);
        assert_int_equal(line[strlen(line) - 1], '}');
    }
    assert_true(lines >= 5);
    outcome_done(&o);
    /* its sums name the pipeline and the place, as those of all others do */
    RUN_SAYS(p, 0, out,
             "{\"event\":\"summary\",\"pipeline\":\"process\","
             "\"output\":\"export/SUMS\",\"sources\":3,",
             "all", "--input-dir", "in", "--project-name", "SUMS", "--kit-name", "SUMS",
             "--json");
    RUN(o, p, "validate", "--json", "--set", "pad_miner.min_rms_db=-50", "--set",
        "musicality.target_key=C maj");
    assert_int_equal(o.exit_status, 0);
    assert_ptr_equal(strchr(o.out, '\n'), o.out + strlen(o.out) - 1);
    assert_true(text_has(o.out, "\"config\":\"config.yaml\",\"settings\":{"));
    assert_true(text_has(o.out, "\"pad_miner.min_rms_db\":-50,"));
    assert_true(text_has(o.out, "\"pad_miner.target_durations_sec\":[1.5, 2.5, "));
    assert_true(text_has(o.out, "\"drones.pad_variants\":[\"warm\"],"));
    assert_true(text_has(o.out, "\"drum_miner.enabled\":true,"));
    assert_true(text_has(o.out, "\"drum_miner.slice_mode\":\"onset_to_onset\","));
    assert_true(text_has(o.out, "\"musicality.reference_bpm\":\"detect\","));
    assert_true(text_has(o.out, "\"musicality.target_key\":\"C maj\","));
    assert_true(text_has(o.out, "\"reproducibility.random_seed\":null"));
}

/* Does a file's name below the folder hold `part`? */
static bool tree_holds(const char *folder, const char *part)
{
    FREED char *names = tree_hash(folder, NULL);
    return text_has(names, part);
}

/* What a file of decisions says of the kit is not lost without a word. */
static void curate_tells_what_it_leaves_to_index(void **state)
{
    struct place *p = *state;
    OWN(outcome) o;
    FREED struct candidate *rows;
    size_t count;
    char path[1024], file[512], line[256];
    RUN_WELL(p, "process", "--input-dir", "in/jam-tape.wav", "--project-name", "JAM",
             "--seed", "1", "--stages", "drums");
    path_in(path, p, "export/JAM/manifest.csv");
    assert_int_equal(manifest_read(path, &rows, &count, NULL), ST_OK);
    assert_true(count > 1);
    snprintf(line, sizeof line, "  RC  RC_%.8s_002   %.90s\n", "jam-tape",
             rows[1].filename);
    int n = snprintf(file, sizeof file,
                     "# trowel decisions 1\nslot RC jam-tape/drum/%.90s\ntempo 120\n",
                     rows[1].filename);
    folder_write(p->path, "kit.txt", file, (size_t)n);
    RUN_SAYS(p, 0, err, "warning: 2 lines of kit.txt are about the kit", "curate",
             "--input_root", "export/JAM", "--decisions", "kit.txt");
    RUN_WELL(p, "index", "--project", "export/JAM", "--decisions", "kit.txt");
    RUN(o, p, "format", "--input_dir", "export/JAM", "--kit_name", "JAM");
    assert_true(text_has(o.out, line));
    outcome_done(&o);
    RUN(o, p, "format", "--input_dir", "export/JAM", "--kit_name", "JAM2", "--quiet");
    static const char result[] = "JAM2 for the Roland TR-8S: 1 of 400 files, ";
    assert_int_equal(strncmp(o.out, result, sizeof result - 1), 0);
    assert_string_equal(strchr(o.out, '\n'), "\n"); /* one line */
    assert_string_equal(o.err, "");
    outcome_done(&o);
    /* the name alone will do on a slot too, where just one sound has it */
    n = snprintf(file, sizeof file, "slot RC \"\"\nslot LT %.90s\nslot MT nobody.wav\n",
                 strrchr(line, ' ') + 1);
    folder_write(p->path, "bare.txt", file, (size_t)n);
    RUN(o, p, "index", "--project", "export/JAM", "--decisions", "bare.txt");
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.err, "2 decisions from bare.txt added"));
    assert_true(
        text_has(o.err, "1 decision is about sounds that are not here: nobody.wav"));
    outcome_done(&o);
    RUN(o, p, "format", "--input_dir", "export/JAM", "--kit_name", "JAM3");
    memcpy(line, "  LT  LT", 8);
    assert_true(text_has(o.out, line));
}

static double kit_peak_db(struct place *p, const char *kit, const char *sample)
{
    char path[1024];
    FREED const char *relative =
        text_of("export/kits/%s/ROLAND/TR-8S/SAMPLE/%s/%s.WAV", kit, kit, sample);
    path_in(path, p, relative);
    OWN(audio) a = sound_read(path);
    return level_to_db(level_true_peak(&a, false));
}

/* A find on two slots is a sample for each of them, with the name and the trim of its
 * slot; nothing else comes to where it was put. */
static void a_find_plays_two_slots(void **state)
{
    struct place *p = *state;
    OWN(outcome) o;
    FREED struct candidate *rows;
    size_t count;
    char path[1024], file[600];
    RUN_WELL(p, "process", "--input-dir", "in/jam-tape.wav", "--project-name", "TWICE",
             "--seed", "1", "--stages", "drums");
    path_in(path, p, "export/TWICE/manifest.csv");
    assert_int_equal(manifest_read(path, &rows, &count, NULL), ST_OK);
    int n = snprintf(file, sizeof file,
                     "slot SD %.90s\nslot HC %.90s\ntrim HC -6\nslot LT %.90s\n",
                     rows[1].filename, rows[1].filename, rows[1].filename);
    folder_write(p->path, "twice.txt", file, (size_t)n);
    RUN_WELL(p, "index", "--project", "export/TWICE", "--decisions", "twice.txt");
    RUN(o, p, "format", "--input_dir", "export/TWICE", "--kit_name", "TWICE");
    assert_true(text_has(o.out, "TWICE for the Roland TR-8S: 3 of 400 files, "));
    assert_true(text_has(o.out, "  SD  SD_jam-tape_002 ") &&
                text_has(o.out, "  LT  LT_jam-tape_002 ") &&
                text_has(o.out, "  HC  HC_jam-tape_002 "));
    assert_true(fabs(kit_peak_db(p, "TWICE", "SD_jam-tape_002") + 1) < 0.05);
    assert_true(fabs(kit_peak_db(p, "TWICE", "LT_jam-tape_002") + 1) < 0.05);
    assert_true(fabs(kit_peak_db(p, "TWICE", "HC_jam-tape_002") + 7) < 0.05);
}

/* Is the sound in the kit that `input` gives? */
static bool in_kit(struct place *p, char *input, const char *name)
{
    char path[1024];
    size_t n;
    RUN_WELL(p, "format", "--input_dir", input, "--kit_name", "SINCE", "--force");
    path_in(path, p, "export/kits/SINCE/manifest.csv");
    FREED char *kit = file_read(path, &n);
    return text_has(kit, name);
}

/* all is its four steps, byte for byte: curate thinks of the kit as all does. */
static void all_is_its_steps(void **state)
{
    struct place *p = *state;
    static const char *const whole[] = {"export/WHOLE/best_of/manifest.csv",
                                        "export/kits/WHOLE/manifest.csv",
                                        "export/kits/WHOLE/report.html"},
                             *const steps[] = {"export/STEPS/best_of/manifest.csv",
                                               "steps/WHOLE/manifest.csv",
                                               "steps/WHOLE/report.html"};
    RUN_WELL(p, "all", "--input_dir", "in/jam-tape.wav", "--project_name", "WHOLE",
             "--kit_name", "WHOLE", "--seed", "1", "--stages", "drums");
    RUN_WELL(p, "process", "--input_dir", "in/jam-tape.wav", "--project_name", "STEPS",
             "--seed", "1", "--stages", "drums");
    RUN_WELL(p, "curate", "--input_root", "export/STEPS");
    RUN_WELL(p, "format", "--input_dir", "export/STEPS", "--output_dir", "steps",
             "--kit_name", "WHOLE");
    RUN_WELL(p, "report", "--input_dir", "steps/WHOLE");
    for (int i = 0; i < 3; i++) {
        char path[1024];
        size_t one, other;
        path_in(path, p, whole[i]);
        FREED char *a = file_read(path, &one);
        path_in(path, p, steps[i]);
        FREED char *b = file_read(path, &other);
        assert_true(one == other && memcmp(a, b, one) == 0);
    }
}

/* What :save kept in a project is the user's: a run that goes by other settings keeps it
 * beside its own and says so, also one that has nothing to mine. */
static void saved_settings_are_kept(void **state)
{
    struct place *p = *state;
    OWN(project) project;
    struct config cfg, kept;
    OWN(config_report) report = {0};
    char path[1024];
    static char *const saved = "export/SAVED/config.saved.yaml";
    RUN_WELL(p, "process", "--input_dir", "in/jam-tape.wav", "--project_name", "SAVED",
             "--seed", "1", "--stages", "drums");
    path_in(path, p, "export/SAVED");
    assert_int_equal(project_open_folder(&project, path, NULL), ST_OK);
    assert_int_equal(project_config(&project, &cfg, NULL), ST_OK);
    assert_int_equal(project_save_config(&project, &cfg, NULL), ST_OK);
    for (int i = 0; i < 4;
         i++) { /* the same; others; and those again; newly saved ones */
        struct outcome o;
        if (i == 3)
            cfg.drum_miner.max_length_sec = 0.5;
        if (i == 3)
            assert_int_equal(project_save_config(&project, &cfg, NULL), ST_OK);
        RUN(o, p, "process", "--input_dir", "in/jam-tape.wav", "--project_name", "SAVED",
            "--stages", "drums", "--set",
            i == 0 ? "interface.theme=day" : "curation.diversity=0.5");
        assert_int_equal(text_has(o.err, "export/SAVED had settings saved with :save "
                                         "(curation.diversity 0.3, not 0.5); this run's"),
                         i == 1);
        assert_int_equal(text_has(o.err, "drum_miner.max_length_sec 0.5, not 0.8"),
                         i == 3);
        assert_int_equal(there(p, saved), i > 0);
        batch_rig_went_well(&o);
    }
    path_in(path, p, saved);
    config_defaults(&kept, NULL);
    assert_int_equal(config_load(&kept, path, &report, NULL), ST_OK);
    assert_true(fabs(kept.drum_miner.max_length_sec - 0.5) < 1e-9);
}

/* The set is a folder of sounds: what the user puts there is in the kit, for what its
 * name and folder say it is. Of a project the set counts until something is accepted, and
 * then that is told. */
static void what_the_user_puts_into_the_set_is_in_the_kit(void **state)
{
    struct place *p = *state;
    FREED struct candidate *rows;
    size_t count;
    char said[400], mine[] = "export/MINE/best_of/drums/BD mine.wav";
    RUN_WELL(p, "process", "--input-dir", "in/jam-tape.wav", "--project-name", "MINE",
             "--seed", "1", "--stages", "drums");
    RUN_WELL(p, "curate", "--input_root", "export/MINE", "--top", "2");
    rows = manifest_rows(p, "export/MINE", &count);
    FREED const char *from =
        text_of("export/MINE/jam-tape/drums/%.200s", rows[count - 1].filename);
    free(rows);
    char path[1024];
    size_t n;
    path_in(path, p, from);
    FREED char *sound = file_read(path, &n);
    sound[n - 1] ^= 1; /* another sound than the mined one, which may be in the set */
    folder_write(p->path, mine, sound, n);
    for (int whole = 0; whole < 2; whole++) {
        char *in = whole ? "export/MINE" : "export/MINE/best_of";
        assert_true(in_kit(p, in, ",drums,drum,kick,,BD mine.wav,"));
    }
    /* The set that is made anew leaves it, and half a set's own samples are none of the
     * user's. */
    RUN_WELL(p, "curate", "--input_root", "export/MINE", "--top", "1", "--force");
    assert_true(there(p, mine));
    rows = manifest_rows(p, "export/MINE/best_of", &count);
    assert_int_equal(count, 1);
    folder_write(p->path, "export/MINE/best_of/.trowel-curating.csv",
                 "filename,source,type\nBD mine.wav,jam-tape,drum\n",
                 strlen("filename,source,type\nBD mine.wav,jam-tape,drum\n"));
    assert_false(in_kit(p, "export/MINE/best_of", "BD mine.wav"));
    int length = snprintf(said, sizeof said, "# trowel decisions 1\naccepted %.200s\n",
                          rows[0].filename);
    folder_write(p->path, "mine.txt", said, (size_t)length);
    RUN_WELL(p, "curate", "--input_root", "export/MINE", "--top", "1", "--force");
    RUN_WELL(p, "index", "--project", "export/MINE", "--decisions", "mine.txt");
    for (int whole = 0; whole < 2; whole++) {
        struct outcome o;
        RUN(o, p, "format", "--input_dir", whole ? "export/MINE" : "export/MINE/best_of",
            "--kit_name", "SINCE", "--force");
        assert_true(text_has(o.out, whole ? "1 of 400 files" : "2 of 400 files"));
        assert_int_equal(text_has(o.err, "only what you accepted or put into the kit was "
                                         "taken; --input_dir export/MINE/best_of takes"),
                         whole);
        batch_rig_went_well(&o);
    }
}

/* Where strokes are compared, a file that cannot be read is like none: that is told. */
static void a_hit_that_cannot_be_compared_is_told(void **state)
{
    struct place *p = *state;
    struct candidate *rows;
    struct outcome o;
    size_t count;
    char of[400], set[1024];
    RUN_WELL(p, "process", "--input-dir", "in/jam-tape.wav", "--project-name", "DEAF",
             "--seed", "1", "--stages", "drums");
    RUN_WELL(p, "curate", "--input_root", "export/DEAF", "--top", "2");
    rows = manifest_rows(p, "export/DEAF/best_of", &count);
    snprintf(of, sizeof of, "export/DEAF/jam-tape/drums/%.200s", rows[0].filename);
    free(rows);
    folder_write(p->path, of, "no sound", 8);
    RUN(o, p, "curate", "--input_root", "export/DEAF", "--top", "2", "--force");
    assert_int_equal(o.exit_status, 1);
    assert_true(text_has(o.err, "; it was not compared with the other hits"));
    assert_true(
        text_has(o.err, "trowel: 1 of the samples or their folders cannot be used\n"));
    outcome_done(&o);
    /* nor is a kit made as if nothing were known of them, where it cannot be read */
    path_in(set, p, "export/DEAF/best_of/.trowel-best-of.csv");
    assert_int_equal(unlink(set) | mkdir(set, 0777), 0);
    RUN_SAYS(p, 1, err, "best_of/.trowel-best-of.csv is a folder, not a file", "format",
             "--input_dir", "export/DEAF/best_of", "--kit_name", "DEAF");
    assert_false(there(p, "export/kits/DEAF"));
}

/* A best-of set is older than what is said of its sounds once it can be heard. And one
 * that came out empty is none: the finds are still there. */
static void what_is_rejected_later_is_in_no_kit(void **state)
{
    struct place *p = *state;
    FREED struct candidate *rows;
    size_t count;
    char said[400];
    RUN_WELL(p, "process", "--input-dir", "in/jam-tape.wav", "--project-name", "SINCE",
             "--seed", "1", "--stages", "drums");
    RUN_WELL(p, "curate", "--input_root", "export/SINCE", "--top", "3");
    rows = manifest_rows(p, "export/SINCE/best_of", &count);
    assert_true(count >= 2);
    const char *name = rows[0].filename;
    assert_true(in_kit(p, "export/SINCE", name));
    int n = snprintf(said, sizeof said, "# trowel decisions 1\nrejected %.200s\n", name);
    folder_write(p->path, "no.txt", said, (size_t)n);
    RUN_WELL(p, "index", "--project", "export/SINCE", "--decisions", "no.txt");
    assert_false(in_kit(p, "export/SINCE", name));
    assert_false(in_kit(p, "export/SINCE/best_of", name));
    assert_true(in_kit(p, "export/SINCE/best_of", rows[1].filename));
    /* a set is made with what its own file says, whatever was said before */
    n = snprintf(said, sizeof said, "# trowel decisions 1\naccepted %.200s\n", name);
    folder_write(p->path, "yes.txt", said, (size_t)n);
    RUN_WELL(p, "curate", "--input_root", "export/SINCE", "--top", "3", "--force",
             "--decisions", "yes.txt");
    assert_true(in_kit(p, "export/SINCE/best_of", name));
    /* what is said after that counts, be it a moment later */
    n = snprintf(said, sizeof said,
                 "class tom_low %.60s\naccepted %.60s\ncategory pads %.60s\n"
                 "rejected %.60s\n",
                 rows[1].filename, rows[1].filename, rows[1].filename, name);
    folder_write(p->path, "then.txt", said, (size_t)n);
    RUN_WELL(p, "index", "--project", "export/SINCE", "--decisions", "then.txt");
    for (int since = 0; since < 2; since++) {
        char set[1024], catalog[1024];
        struct stat now;
        path_in(catalog, p, "export/SINCE/catalog.db");
        path_in(set, p, "export/SINCE/best_of/manifest.csv");
        assert_int_equal(stat(catalog, &now), 0);
        struct timespec then[2] = {now.st_mtim, now.st_mtim};
        if (since == 0)
            then[1].tv_sec--;
        else if (then[1].tv_nsec > 0)
            then[1].tv_nsec--;
        assert_int_equal(utimensat(AT_FDCWD, set, then, 0), 0);
        assert_false(in_kit(p, "export/SINCE/best_of", name));
        path_in(set, p, "export/kits/SINCE/manifest.csv");
        char *kit = file_read(set, &count), *row = strstr(kit, ",pads,drum,tom_low,");
        assert_non_null(row);
        assert_non_null(strstr(row, ",accepted,"));
        free(kit);
    }
    RUN_WELL(p, "curate", "--input_root", "export/SINCE", "--top", "0", "--force");
    assert_true(in_kit(p, "export/SINCE", rows[1].filename));
    assert_false(in_kit(p, "export/SINCE", name));
}

/* What a slot mostly goes by while none is certain. */
static double worth(const struct candidate *c)
{
    return c->m.score * c->m.hit_confidence;
}

static const char *as_kick(const struct candidate *c)
{
    static char row[200];
    snprintf(row, sizeof row, ",BD,drums,drum,kick,,%.100s,", c->filename);
    return row;
}

/* The kick that comes next to the chosen one is the surest once the user has named it. */
static void a_named_hit_takes_its_slot(void **state)
{
    struct place *p = *state;
    FREED struct candidate *rows;
    size_t count, best = 0, next = 0, bytes;
    char said[200], path[1024];
    RUN_WELL(p, "process", "--input-dir", "in/jam-tape.wav", "--project-name", "NAMED",
             "--seed", "1", "--stages", "drums");
    rows = manifest_rows(p, "export/NAMED", &count);
    assert_true(in_kit(p, "export/NAMED", ",BD,drums,drum,kick,,"));
    path_in(path, p, "export/kits/SINCE/manifest.csv");
    char *kit = file_read(path, &bytes);
    while (best < count && !text_has(kit, as_kick(&rows[best])))
        best++;
    free(kit);
    assert_true(best < count);
    while (next == best || strcmp(rows[next].hit_class, "kick") != 0)
        next++;
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].hit_class, "kick") == 0 && i != best &&
            worth(&rows[i]) > worth(&rows[next]))
            next = i;
    assert_true(rows[next].m.hit_confidence < 0.9);
    int n = snprintf(said, sizeof said, "class kick %.100s\n", rows[next].filename);
    folder_write(p->path, "named.txt", said, (size_t)n);
    RUN_WELL(p, "index", "--project", "export/NAMED", "--decisions", "named.txt");
    assert_true(in_kit(p, "export/NAMED", as_kick(&rows[next])));
    RUN_WELL(p, "curate", "--input_root", "export/NAMED", "--top", "60");
    assert_true(in_kit(p, "export/NAMED/best_of", as_kick(&rows[next])));
}

/* The manifest is the last that knows of decisions when the catalog is gone. */
static void decisions_outlive_the_catalog(void **state)
{
    struct place *p = *state;
    OWN(outcome) o;
    char path[1024], said[600];
    size_t count;
    RUN_WELL(p, "process", "--input-dir", "in/jam-tape.wav", "--project-name", "LAST",
             "--seed", "1", "--stages", "drums");
    FREED struct candidate *rows = manifest_rows(p, "export/LAST", &count);
    assert_true(count > 3);
    FREED const char *rejected = text_of("%.190s", rows[1].filename);
    FREED const char *rated = text_of("%.190s", rows[2].filename);
    free(rows);
    int n = snprintf(said, sizeof said, "rejected %s\nrating 4 %s\n", rejected, rated);
    folder_write(p->path, "last.txt", said, (size_t)n);
    RUN_WELL(p, "index", "--project", "export/LAST", "--decisions", "last.txt");
    path_in(path, p, "export/LAST/catalog.db");
    for (int damaged = 0; damaged < 3;
         damaged++) { /* gone, no catalog, gone at process */
        assert_int_equal(unlink(path), 0);
        if (damaged == 1)
            folder_write(p->path, "export/LAST/catalog.db", "no catalog at all", 17);
        if (damaged < 2)
            RUN(o, p, "index", "--project", "export/LAST");
        else
            RUN(o, p, "process", "--input-dir", "in/jam-tape.wav", "--project-name",
                "LAST", "--seed", "1", "--stages", "drums");
        assert_int_equal(o.exit_status, 0);
        assert_true(text_has(o.err, "has on 2 finds are kept"));
        outcome_done(&o);
        rows = manifest_rows(p, "export/LAST", &count);
        for (size_t i = 0; i < count; i++) {
            bool is_rejected = strcmp(rows[i].filename, rejected) == 0;
            assert_int_equal(rows[i].decision == DECISION_REJECTED, is_rejected);
            assert_int_equal(rows[i].rating,
                             strcmp(rows[i].filename, rated) == 0 ? 4 : 0);
        }
        free(rows);
    }
    /* of a name that is another sound's by now nothing is kept */
    char manifest[1024], *text;
    path_in(manifest, p, "export/LAST/manifest.csv");
    text = file_read(manifest, &count);
    rows = manifest_rows(p, "export/LAST", &count);
    size_t at = 0;
    while (strcmp(rows[at].filename, rejected) != 0)
        at++;
    char *hash = strstr(text, rows[at].sha256);
    char own = *hash;
    *hash = own == '0' ? '1' : '0';
    folder_write(p->path, "export/LAST/manifest.csv", text, strlen(text));
    assert_int_equal(unlink(path), 0);
    RUN(o, p, "index", "--project", "export/LAST");
    assert_true(text_has(o.err, "has on 1 find are kept"));
    free(rows);
    rows = manifest_rows(p, "export/LAST", &count);
    assert_int_equal(rows[at].decision, 0);
    free(rows);
    /* nor does a manifest count where there is a catalog */
    *hash = own;
    folder_write(p->path, "export/LAST/manifest.csv", text, strlen(text));
    RUN_WELL(p, "index", "--project", "export/LAST");
    rows = manifest_rows(p, "export/LAST", &count);
    assert_int_equal(rows[at].decision, 0);
    free(text);
}

static void textures_dust_and_clouds_work_from_folders(void **state)
{
    struct place *p = *state;
    char path[1024];
    RUN_WELL(p, "textures", "--make-drones", "--set",
             "paths.pad_sources_dir=export/TREE/night-pads/pads", "--set",
             "drones.pitch_shift_semitones=[0]", "--set",
             "drones.time_stretch_factors=[1]", "--seed", "3", "--set",
             "drones.pad_variants=[warm]");
    path_in(path, p, "export/TEXTURES");
    assert_true(tree_count(path, "_loop_warm.wav") > 0);
    RUN_WELL(p, "dust", "--pads_dir", "export/TREE/night-pads/pads", "--hiss_dir",
             "export/TREE/jam-tape/hiss", "--output_dir", "dusty", "--seed", "3");
    path_in(path, p, "export/TREE/jam-tape/hiss");
    assert_true(tree_holds(path, "hiss_flicker_"));
    path_in(path, p, "dusty");
    assert_true(tree_count(path, ".wav") > 0);
    assert_false(tree_holds(path, "hiss_flicker_")); /* tiled, it would stutter */
    RUN_WELL(p, "clouds", "--input_dir", "export/TREE/jam-tape/silences", "--output_dir",
             "skies", "--seed", "3", "--set", "clouds.clouds_per_source=1", "--set",
             "clouds.cloud_duration_sec=2");
    path_in(path, p, "skies");
    assert_true(tree_count(path, ".wav") > 0);
}

static void interrupt_leaves_whole_files(void **state)
{
    struct place *p = *state;
    char *argv[] = {TROWEL_BIN, "--batch",       "process", "--input-dir",
                    "tapes",    "--seed",        "7",       "--project-name",
                    "INT",      "--export_root", "int",     NULL};
    pid_t pid = program_start(p->path, argv);
    for (int i = 0; i < 3000 && !there(p, "int/INT/.trowel"); i++)
        nap_ms(10); /* at work from then on, for seconds */
    assert_true(there(p, "int/INT/.trowel"));
    kill(pid, SIGINT);
    int status = program_wait(pid);
#ifdef __SANITIZE_THREAD__ /* it may hold the signal back until all is done */
    assert_true(status == 130 || status == 0);
#else
    assert_int_equal(status, 130);
#endif
    char path[1024];
    path_in(path, p, "int");
    assert_int_equal(tree_count(path, ".tmp"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(process_writes_the_tree),
        cmocka_unit_test(results_come_before_what_follows),
        cmocka_unit_test(manifest_times_are_true),
        cmocka_unit_test(stacks_are_of_one_kind),
        cmocka_unit_test(workers_and_order_change_no_byte),
        cmocka_unit_test(again_does_nothing_and_another_recipe_is_refused),
        cmocka_unit_test(what_a_deep_run_left_is_told),
        cmocka_unit_test(shards_join),
        cmocka_unit_test(a_missing_disk_is_waited_for),
        cmocka_unit_test(index_rebuilds_from_audio_alone),
        cmocka_unit_test(a_run_keeps_what_index_took_in),
        cmocka_unit_test(json_is_one_object_a_line),
        cmocka_unit_test(curate_tells_what_it_leaves_to_index),
        cmocka_unit_test(all_is_its_steps),
        cmocka_unit_test(a_find_plays_two_slots),
        cmocka_unit_test(saved_settings_are_kept),
        cmocka_unit_test(what_the_user_puts_into_the_set_is_in_the_kit),
        cmocka_unit_test(a_hit_that_cannot_be_compared_is_told),
        cmocka_unit_test(what_is_rejected_later_is_in_no_kit),
        cmocka_unit_test(a_named_hit_takes_its_slot),
        cmocka_unit_test(decisions_outlive_the_catalog),
        cmocka_unit_test(textures_dust_and_clouds_work_from_folders),
        cmocka_unit_test(interrupt_leaves_whole_files),
    };
    return cmocka_run_group_tests_name("batch", tests, batch_rig_setup,
                                       batch_rig_teardown);
}
