/* The batch mode as a user runs it: trees, manifests, exit statuses, bad input, resume.
 */
#include "core/demo.h"
#include "core/rng.h"
#include "dsp/level.h"
#include "dsp/seam.h"
#include "dsp/synth.h"
#include "io/manifest.h"
#include "io/soundfile.h"
#include "program.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Does a file's name in the folder hold `part`? */
static bool tree_holds(const char *folder, const char *part)
{
    bool found = false;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; !found && (entry = readdir(dir));)
        found = strstr(entry->d_name, part) != NULL;
    closedir(dir);
    return found;
}

/* A folder with short cuts of the demo recordings in "in", shared by the tests. */
struct place {
    char path[256];
};

static void write_sound(const char *folder, const char *name, const struct audio *a,
                        int bits)
{
    struct root r;
    assert_int_equal(root_open(&r, folder, true, NULL), ST_OK);
    assert_int_equal(soundfile_write_wav(&r, name, a, bits, NULL, NULL), ST_OK);
    root_done(&r);
}

static void write_bytes(const char *folder, const char *name, const void *bytes, size_t n)
{
    struct root r;
    assert_int_equal(root_open(&r, folder, true, NULL), ST_OK);
    assert_int_equal(root_write_file(&r, name, bytes, n, NULL), ST_OK);
    root_done(&r);
}

/* Seconds [from, to) of a demo recording. */
static void cut(const char *tapes, const char *folder, const char *name, double from_s,
                double to_s)
{
    char path[512];
    struct audio whole, part;
    snprintf(path, sizeof path, "%s/%s", tapes, name);
    assert_int_equal(soundfile_load(path, 0, &whole, NULL), ST_OK);
    size_t start = (size_t)(from_s * whole.rate_hz), end = (size_t)(to_s * whole.rate_hz);
    assert_int_equal(audio_slice(&part, &whole, start, end - start, NULL), ST_OK);
    write_sound(folder, name, &part, 16);
    audio_done(&part);
    audio_done(&whole);
}

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    char tapes[300], in[300];
    struct root r;
    tree_make(p->path);
    snprintf(tapes, sizeof tapes, "%s/tapes", p->path);
    snprintf(in, sizeof in, "%s/in", p->path);
    assert_int_equal(root_open(&r, tapes, true, NULL), ST_OK);
    static const struct {
        const char *name;
        double from_s, to_s;
    } cuts[] = {
        {"jam-tape.wav", 30, 42}, {"night-pads.wav", 4, 14}, {"full-sketch.wav", 0, 9}};
    for (int i = 0; i < demo_count(); i++)
        for (size_t k = 0; k < sizeof cuts / sizeof *cuts; k++)
            if (strcmp(demo_name(i), cuts[k].name) == 0) {
                assert_int_equal(demo_write(&r, i, NULL), ST_OK);
                cut(tapes, in, cuts[k].name, cuts[k].from_s, cuts[k].to_s);
            }
    root_done(&r);
    /* Few and short made sounds: the stages are the same, the suite stays quick. */
    static const char config[] =
        "drones: {pitch_shift_semitones: [0, 7], pad_variants: [warm],"
        " time_stretch_factors: [1.5], swell_duration_sec: 4}\n"
        "clouds: {clouds_per_source: 1, cloud_duration_sec: 2}\n"
        "hiss: {hiss_loops_per_source: 1, flicker_count: 2}\n"
        "pad_miner: {max_candidates_per_file: 2}\n";
    write_bytes(p->path, "config.yaml", config, sizeof config - 1);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    tree_remove(p->path);
    free(p);
    return 0;
}

#define RUN(o, p, ...)                                                                   \
    program_run(&(o), (p)->path,                                                         \
                (char *[]){TROWEL_BIN, "--batch", __VA_ARGS__, (char *)NULL})

static void path_in(char out[1024], const struct place *p, const char *relative)
{
    snprintf(out, 1024, "%s/%s", p->path, relative);
}

static bool there(const struct place *p, const char *relative)
{
    char path[1024];
    path_in(path, p, relative);
    return access(path, F_OK) == 0;
}

static void process_writes_the_tree(void **state)
{
    struct place *p = *state;
    struct outcome o;
    RUN(o, p, "process", "--input-dir", "in", "--project-name", "TREE", "--seed", "7");
    if (o.exit_status != 0)
        print_message("%s", o.err);
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.out, "3 sources: 3 done"));
    assert_true(text_has(o.err, "next: trowel export/TREE "));
    outcome_done(&o);
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
    struct candidate *rows;
    size_t count;
    path_in(path, p, "export/TREE/manifest.csv");
    assert_int_equal(manifest_read(path, &rows, &count, NULL), ST_OK);
    path_in(path, p, "export/TREE");
    assert_int_equal(count, tree_count(path, ".wav"));
    assert_true(count > 30);
    for (size_t i = 0; i < count; i++) {
        const struct candidate *c = &rows[i];
        struct audio a;
        snprintf(path, sizeof path, "%s/export/TREE/%s/%s/%s", p->path, c->source,
                 category_folder(kind_category(c->kind)), c->filename);
        assert_int_equal(soundfile_load(path, 0, &a, NULL), ST_OK);
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
            assert_int_equal(seam_measure(&a, NULL, 0, &seam, NULL), ST_OK);
            assert_true(seam.seamless);
        }
        audio_done(&a);
    }
    free(rows);
}

/* Where the manifest says a hit came from, the recording has that very sound. */
static void manifest_times_are_true(void **state)
{
    struct place *p = *state;
    char path[1024];
    struct candidate *rows;
    struct audio tape;
    size_t count, checked = 0;
    path_in(path, p, "export/TREE/manifest.csv");
    assert_int_equal(manifest_read(path, &rows, &count, NULL), ST_OK);
    path_in(path, p, "in/jam-tape.wav");
    assert_int_equal(soundfile_load(path, 0, &tape, NULL), ST_OK);
    float *mono = calloc(tape.frames, sizeof *mono);
    audio_mono(&tape, mono);
    for (size_t i = 0; i < count; i++) {
        const struct candidate *c = &rows[i];
        if (c->kind != KIND_DRUM || strcmp(c->source, "jam-tape") != 0)
            continue;
        struct audio hit;
        snprintf(path, sizeof path, "%s/export/TREE/jam-tape/drums/%s", p->path,
                 c->filename);
        assert_int_equal(soundfile_load(path, 0, &hit, NULL), ST_OK);
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
        audio_done(&hit);
        checked++;
    }
    assert_true(checked > 10);
    free(mono);
    audio_done(&tape);
    free(rows);
}

/* A pad is no copy of the drone that was made of it, though they sound alike. */
static void stacks_are_of_one_kind(void **state)
{
    struct place *p = *state;
    char path[1024];
    struct candidate *rows;
    size_t count, stacked = 0;
    path_in(path, p, "export/TREE/manifest.csv");
    assert_int_equal(manifest_read(path, &rows, &count, NULL), ST_OK);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i && rows[i].cluster > 0; k++)
            if (rows[k].cluster == rows[i].cluster) {
                assert_int_equal(rows[k].kind, rows[i].kind);
                stacked++;
            }
    assert_true(stacked > 10);
    free(rows);
}

/* Where the loops came out, not where they were asked for. */
static void pads_lie_apart(void **state)
{
    struct place *p = *state;
    struct outcome o;
    char path[1024];
    struct candidate *rows;
    size_t count;
    RUN(o, p, "process", "--input_dir", "tapes/night-pads.wav", "--project_name", "APART",
        "--stages", "pads", "--set", "pad_miner.max_candidates_per_file=40", "--set",
        "curation.thresholds.min_rms_db=-12", "--set",
        "curation.auto_delete_grade_f=true", "--set", "brightness_tags.enabled=false",
        "--seed", "1");
    assert_int_equal(o.exit_status, 0);
    outcome_done(&o);
    path_in(path, p, "export/APART/manifest.csv");
    assert_int_equal(manifest_read(path, &rows, &count, NULL), ST_OK);
    assert_true(count > 8);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++) {
            const struct measures *a = &rows[i].m, *b = &rows[k].m;
            double both = fmin(a->end_sec, b->end_sec) - fmax(a->start_sec, b->start_sec);
            double shorter = fmin(a->end_sec - a->start_sec, b->end_sec - b->start_sec);
            assert_true(both <= 0.25 * shorter + 1e-4);
        }
    /* and what was set: bad ones are not kept, names end with the number */
    size_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        char name[64], file[400];
        bad += rows[i].grade == 'F';
        assert_int_equal(rows[i].saved, rows[i].grade != 'F');
        snprintf(file, sizeof file, "export/APART/night-pads/pads/%s", rows[i].filename);
        assert_int_equal(there(p, file), rows[i].saved);
        snprintf(name, sizeof name, "night-pads_pad%02zu.wav", i + 1);
        bool numbered = false;
        for (size_t k = 0; k < count; k++)
            numbered = numbered || strcmp(rows[k].filename, name) == 0;
        assert_true(numbered);
    }
    assert_true(bad > 0 && bad < count);
    free(rows);
}

static void workers_and_order_change_no_byte(void **state)
{
    struct place *p = *state;
    char first[1024], second[1024];
    struct outcome o;
    RUN(o, p, "process", "--input-dir", "in", "--project-name", "TREE", "--export_root",
        "one", "--seed", "7", "--jobs", "1", "--quiet");
    assert_int_equal(o.exit_status, 0);
    outcome_done(&o);
    path_in(first, p, "one/TREE");
    path_in(second, p, "export/TREE");
    char *a = tree_hash(first, NULL), *b = tree_hash(second, NULL);
    assert_string_equal(a, b);
    free(a);
    free(b);
}

static void nap(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static void killed_and_resumed_is_the_same(void **state)
{
    struct place *p = *state;
    char killed[1024], whole[1024];
    path_in(killed, p, "killed/TREE");
    path_in(whole, p, "export/TREE");
    char *argv[] = {TROWEL_BIN, "--batch",       "process", "--input-dir",
                    "in",       "--seed",        "7",       "--project-name",
                    "TREE",     "--export_root", "killed",  NULL};
    int kills = 0;
    for (long ms = 40; ms < 2000; ms += ms / 2) {
        pid_t pid = program_start(p->path, argv);
        nap(ms);
        kill(pid, SIGKILL);
        kills += program_wait(pid) == 128 + SIGKILL;
    }
    assert_true(kills >= 2);
    struct outcome o;
    program_run(&o, p->path, argv);
    assert_int_equal(o.exit_status, 0);
    outcome_done(&o);
    char *a = tree_hash(killed, NULL), *b = tree_hash(whole, NULL);
    assert_string_equal(a, b);
    free(a);
    /* killed after the record but before the list of names went: the list goes, the files
     * it names stay */
    char hidden[1100];
    snprintf(hidden, sizeof hidden, "%s/.trowel", killed);
    write_bytes(hidden, "jam-tape.begun", "manifest.csv\n", 13);
    program_run(&o, p->path, argv);
    assert_int_equal(o.exit_status, 0);
    outcome_done(&o);
    a = tree_hash(killed, NULL);
    assert_string_equal(a, b);
    free(a);
    free(b);
}

static void again_does_nothing_and_another_recipe_is_refused(void **state)
{
    struct place *p = *state;
    struct outcome o;
    char path[1024];
    path_in(path, p, "export/TREE");
    char *before = tree_hash(path, NULL);
    RUN(o, p, "process", "--input-dir", "in", "--project-name", "TREE");
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.out, "0 done, 3 done before"));
    outcome_done(&o);
    RUN(o, p, "process", "--input-dir", "in", "--project-name", "TREE", "--seed", "8");
    assert_int_equal(o.exit_status, 4);
    assert_true(text_has(o.err, "--force"));
    outcome_done(&o);
    char *after = tree_hash(path, NULL);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void force_keeps_what_is_not_ours(void **state)
{
    struct place *p = *state;
    struct outcome o;
    char folder[1024];
    RUN(o, p, "process", "--input-dir", "in/jam-tape.wav", "--project-name", "FORCE",
        "--seed", "1", "--stages", "drums", "--quiet");
    assert_int_equal(o.exit_status, 0);
    outcome_done(&o);
    path_in(folder, p, "export/FORCE/jam-tape/drums");
    write_bytes(folder, "mine.txt", "precious", 8);
    char first[1024] = "";
    char *listing = tree_hash(folder, NULL);
    sscanf(listing, "/%1000s", first);
    free(listing);
    write_bytes(folder, first, "edited by hand", 14);
    RUN(o, p, "process", "--input-dir", "in/jam-tape.wav", "--project-name", "FORCE",
        "--seed", "2", "--stages", "drums", "--force");
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.err, "was changed since it was written and stays"));
    outcome_done(&o);
    char path[2200], content[64] = "";
    snprintf(path, sizeof path, "%s/%s", folder, first);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(content, sizeof content, f));
    fclose(f);
    assert_string_equal(content, "edited by hand");
    assert_true(there(p, "export/FORCE/jam-tape/drums/mine.txt"));
}

static void bad_files_fail_alone(void **state)
{
    struct place *p = *state;
    char in[1024], path[1100];
    path_in(in, p, "bad");
    mkdir(in, 0777);
    struct audio a;
    assert_int_equal(audio_init(&a, 44100, 1, 44100, NULL), ST_OK);
    write_sound(in, "silent.wav", &a, 16);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = (float)(0.5 * sin(0.05 * (double)i));
    write_sound(in, "short-header.wav", &a, 16);
    audio_done(&a);
    assert_int_equal(audio_init(&a, 44100, 2, 44100, NULL), ST_OK);
    for (size_t i = 0; i < a.frames; i++) {
        a.data[2 * i] = (float)(0.5 * sin(0.05 * (double)i));
        a.data[2 * i + 1] = -a.data[2 * i];
    }
    write_sound(in, "upside-down.wav", &a, 24);
    audio_done(&a);
    snprintf(path, sizeof path, "%s/short-header.wav", in);
    assert_int_equal(truncate(path, 30), 0);
    write_bytes(in, "empty.wav", "", 0);
    write_bytes(in, "text.mp3", "this is no music at all, sorry", 30);
    write_bytes(in, "notes.txt", "nor is this", 11);
    char noise[4096];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)(i * 2654435761u >> 13);
    write_bytes(in, "noise.flac", noise, sizeof noise);
    snprintf(path, sizeof path, "%s/pipe.wav", in);
    assert_int_equal(mkfifo(path, 0666), 0);
    snprintf(path, sizeof path, "%s/dangling.wav", in);
    assert_int_equal(symlink("/nowhere/at/all.wav", path), 0);
    snprintf(path, sizeof path, "%s/good \xf0\x9f\x8e\xb9 \x1b[31m\n'quoted', name.wav",
             in);
    char good[1024];
    path_in(good, p, "in/jam-tape.wav");
    assert_int_equal(link(good, path), 0);

    struct outcome o;
    RUN(o, p, "process", "--input-dir", "bad", "--project-name", "BAD", "--seed", "1",
        "--stages", "drums");
    assert_int_equal(o.exit_status, 1);
    assert_true(text_has(o.out, "8 sources: 1 done, 0 done before, 7 failed"));
    assert_true(text_has(o.err, "silent.wav is silent from end to end"));
    assert_true(text_has(o.err, "upside-down.wav cancels itself out"));
    assert_false(text_has(o.err, "upside-down.wav is silent"));
    static const char *const names[] = {"empty.wav", "text.mp3", "noise.flac",
                                        "short-header.wav", "dangling.wav"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_true(text_has(o.err, names[i]));
    assert_false(text_has(o.err, "notes.txt"));
    assert_false(text_has(o.err, "pipe.wav"));
    /* no name commands the terminal or makes two lines of one */
    assert_false(text_has(o.err, "\x1b"));
    assert_true(text_has(o.err, " ?[31m?'quoted', name.wav: "));
    outcome_done(&o);
    RUN(o, p, "process", "--input-dir", "bad", "--project-name", "BAD2", "--seed", "1",
        "--stages", "drums", "--strict", "--jobs", "1");
    assert_int_equal(o.exit_status, 1);
    assert_true(text_has(o.out, "8 sources: 0 done")); /* it stopped at the first */
    outcome_done(&o);
}

static void exit_statuses_are_the_contract(void **state)
{
    struct place *p = *state;
    struct outcome o;
    RUN(o, p, "proces");
    assert_int_equal(o.exit_status, 2);
    assert_true(text_has(o.err, "did you mean process?"));
    outcome_done(&o);
    RUN(o, p, "process", "--input-dir", "in", "--set", "pad_miner.min_rms_db=loud");
    assert_int_equal(o.exit_status, 2);
    outcome_done(&o);
    RUN(o, p, "process", "--input-dir", "in", "--project-name", "../up");
    assert_int_equal(o.exit_status, 2);
    assert_false(there(p, "up"));
    outcome_done(&o);
    RUN(o, p, "process", "--input-dir", "nowhere");
    assert_int_equal(o.exit_status, 1);
    outcome_done(&o);
    RUN(o, p, "validate", "--config", "missing.yaml");
    assert_int_equal(o.exit_status, 2);
    outcome_done(&o);
    RUN(o, p, "process", "--help");
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.out, "--input_dir DIR"));
    outcome_done(&o);
}

static void unwritable_output_is_a_disk_failure(void **state)
{
    struct place *p = *state;
    struct outcome o;
    char path[1024];
    path_in(path, p, "blocked");
    write_bytes(p->path, "blocked", "a file", 6);
    RUN(o, p, "process", "--input-dir", "in", "--export_root", "blocked", "--seed", "1");
    assert_int_equal(o.exit_status, 5);
    outcome_done(&o);
}

static void links_do_not_lead_out(void **state)
{
    struct place *p = *state;
    struct outcome o;
    char target[1024], path[1100], link_path[1100];
    path_in(target, p, "outside");
    mkdir(target, 0777);
    path_in(path, p, "linked");
    mkdir(path, 0777);
    strcat(path, "/L");
    mkdir(path, 0777);
    snprintf(link_path, sizeof link_path, "%.1000s/jam-tape", path);
    assert_int_equal(symlink(target, link_path), 0);
    RUN(o, p, "process", "--input-dir", "in/jam-tape.wav", "--export_root", "linked",
        "--project-name", "L", "--seed", "1", "--stages", "drums");
    assert_int_not_equal(o.exit_status, 0);
    outcome_done(&o);
    assert_int_equal(tree_count(target, ""), 0);
}

static void shards_join(void **state)
{
    struct place *p = *state;
    struct outcome o;
    char sharded[1024], whole[1024];
    static char *const shard[] = {"1/2", "2/2"};
    for (int i = 0; i < 2; i++) {
        RUN(o, p, "process", "--input-dir", "in", "--project-name", "TREE",
            "--export_root", "shards", "--seed", "7", "--shard", shard[i], "--quiet");
        assert_int_equal(o.exit_status, 0);
        outcome_done(&o);
    }
    RUN(o, p, "index", "--project", "shards/TREE");
    assert_int_equal(o.exit_status, 0);
    outcome_done(&o);
    path_in(sharded, p, "shards/TREE");
    path_in(whole, p, "export/TREE");
    char *a = tree_hash(sharded, "catalog.db"), *b = tree_hash(whole, "catalog.db");
    assert_string_equal(a, b);
    free(a);
    free(b);
}

/* A disk that is not there takes no find out of the catalog; a sample that is gone is. */
static void a_missing_disk_is_waited_for(void **state)
{
    struct place *p = *state;
    struct outcome o;
    static const char *const stem[] = {"jam-tape", "night-pads", "full-sketch"};
    char from[1024], to[1024], before[1024], name[64];
    path_in(before, p, "shards/TREE");
    char *whole = tree_hash(before, NULL);
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
    char *again = tree_hash(before, NULL);
    assert_string_equal(whole, again);
    free(whole);
    free(again);
}

static void index_rebuilds_from_audio_alone(void **state)
{
    struct place *p = *state;
    struct outcome o;
    char path[1024];
    struct candidate *before, *after;
    size_t n_before, n_after;
    path_in(path, p, "shards/TREE/manifest.csv");
    assert_int_equal(manifest_read(path, &before, &n_before, NULL), ST_OK);
    path_in(path, p, "shards/TREE/.trowel");
    tree_remove(path);
    path_in(path, p, "shards/TREE/catalog.db");
    unlink(path);
    RUN(o, p, "index", "--project", "shards/TREE");
    assert_int_equal(o.exit_status, 0);
    outcome_done(&o);
    path_in(path, p, "shards/TREE/manifest.csv");
    assert_int_equal(manifest_read(path, &after, &n_after, NULL), ST_OK);
    assert_int_equal(n_before, n_after);
    free(after);
    /* A sample that somebody put there is measured, and judged by the settings. */
    struct audio tone;
    assert_int_equal(audio_init(&tone, 44100, 1, 44100, NULL), ST_OK);
    for (size_t i = 0; i < tone.frames; i++)
        tone.data[i] = 0.25f * (float)sin(2 * 3.14159265358979 * 440 * (double)i / 44100);
    path_in(path, p, "shards/TREE/jam-tape/pads");
    write_sound(path, "a440.wav", &tone, 24);
    audio_done(&tone);
    RUN(o, p, "index", "--project", "shards/TREE", "--set",
        "brightness_tags.centroid_high_hz=400", "--set",
        "brightness_tags.centroid_low_hz=300", "--set",
        "curation.thresholds.min_rms_db=-10");
    assert_int_equal(o.exit_status, 0);
    outcome_done(&o);
    path_in(path, p, "shards/TREE/manifest.csv");
    assert_int_equal(manifest_read(path, &after, &n_after, NULL), ST_OK);
    assert_int_equal(n_after, n_before + 1);
    size_t i = 0;
    while (i < n_after && strcmp(after[i].filename, "a440.wav") != 0)
        i++;
    assert_true(i < n_after);
    assert_true(fabs(after[i].m.rms_db - -15.05) < 0.02);
    assert_true(fabs(after[i].m.est_freq_hz - 440) < 0.5);
    assert_string_equal(after[i].brightness, "bright");
    assert_int_equal(after[i].grade, 'F');
    free(before);
    free(after);
}

static void interrupt_leaves_whole_files(void **state)
{
    struct place *p = *state;
    char *argv[] = {TROWEL_BIN, "--batch",       "process", "--input-dir",
                    "tapes",    "--seed",        "7",       "--project-name",
                    "INT",      "--export_root", "int",     NULL};
    pid_t pid = program_start(p->path, argv);
    for (int i = 0; i < 3000 && !there(p, "int/INT/.trowel"); i++)
        nap(10); /* at work from then on, for seconds */
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

/* A set of signals of the process: SigCgt those it catches, ShdPnd those that wait. */
static bool has_interrupt(pid_t pid, const char *set)
{
    char path[64], line[256];
    unsigned long long signals = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) && strncmp(line, set, strlen(set)) != 0)
        continue;
    assert_int_equal(sscanf(line, "%*s %llx", &signals), 1);
    fclose(f);
    return signals >> (SIGINT - 1) & 1;
}

/* Nobody reads what it has to say, so the first ^C cannot end it; the second does. */
static void second_interrupt_ends_at_once(void **state)
{
#ifdef __SANITIZE_THREAD__
    skip(); /* it holds signals back while a thread is in a call that waits */
#endif
    struct place *p = *state;
    char *argv[] = {TROWEL_BIN, "--batch",       "process", "--input-dir",
                    "tapes",    "--seed",        "7",       "--project-name",
                    "INT",      "--export_root", "int2",    NULL};
    int ends[2], status = 0;
    bool ended = false;
    assert_int_equal(pipe(ends), 0);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], "full", 1) > 0)
        continue;
    fcntl(ends[1], F_SETFL, 0);
    pid_t pid = program_start_into(p->path, argv, ends[1]);
    for (int i = 0; i < 3000 && !has_interrupt(pid, "SigCgt"); i++)
        nap(10);
    kill(pid, SIGINT);
    for (int i = 0; i < 3000 && has_interrupt(pid, "ShdPnd"); i++)
        nap(10);
    nap(500);
    assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
    kill(pid, SIGINT);
    for (int i = 0; i < 1000 && !ended; i++, nap(10))
        ended = waitpid(pid, &status, WNOHANG) == pid;
    if (!ended)
        kill(pid, SIGKILL);
    close(ends[0]);
    close(ends[1]);
    assert_true(ended && WIFEXITED(status) && WEXITSTATUS(status) == 130);
}

static void one_source_pipelines_write_flat(void **state)
{
    struct place *p = *state;
    struct outcome o;
    char path[1024];
    RUN(o, p, "drums", "--source", "in/jam-tape.wav", "--export", "hits", "--seed", "1");
    assert_int_equal(o.exit_status, 0);
    outcome_done(&o);
    path_in(path, p, "hits");
    assert_true(tree_count(path, ".wav") > 10);
    assert_true(there(p, "hits/manifest.csv"));
    RUN(o, p, "silences", "--source", "in/jam-tape.wav", "--export", "tones", "--norm_db",
        "-20", "--seed", "1");
    assert_int_equal(o.exit_status, 0);
    outcome_done(&o);
    struct candidate *rows;
    size_t count;
    path_in(path, p, "tones/manifest.csv");
    assert_int_equal(manifest_read(path, &rows, &count, NULL), ST_OK);
    assert_true(count > 2);
    for (size_t i = 0; i < count; i++)
        assert_true(fabs(rows[i].m.peak_dbfs + 20) < 1.0);
    free(rows);
    RUN(o, p, "drums", "--source", "in/jam-tape.wav", "--export", "hits", "--seed", "2");
    assert_int_equal(o.exit_status, 4);
    assert_false(text_has(o.err, "--project_name")); /* drums has none */
    outcome_done(&o);
    RUN(o, p, "drums", "--source", "in/jam-tape.wav", "--export", "loud", "--norm_db",
        "6");
    assert_int_equal(o.exit_status, 2);
    outcome_done(&o);
    assert_false(there(p, "loud"));
}

static void json_is_one_object_a_line(void **state)
{
    struct place *p = *state;
    struct outcome o;
    RUN(o, p, "process", "--input-dir", "in", "--project-name", "TREE", "--json");
    assert_int_equal(o.exit_status, 0);
    int lines = 0;
    for (char *line = strtok(o.out, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        assert_true(strncmp(line, "{\"event\":\"", 10) == 0);
        assert_int_equal(line[strlen(line) - 1], '}');
    }
    assert_true(lines >= 5);
    outcome_done(&o);
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
    outcome_done(&o);
}

static void hits_left_out_are_told(void **state)
{
    struct place *p = *state;
    struct outcome o;
    for (int few = 0; few < 2; few++) {
        RUN(o, p, "process", "--input-dir", "in", "--project-name", few ? "FEW" : "ALL",
            "--stages", "drums", "--seed", "1", "--set",
            few ? "drum_miner.max_saved_per_file=3"
                : "drum_miner.max_saved_per_file=300");
        assert_int_equal(text_has(o.err, "there are more hits, not among the best 3 "
                                         "(drum_miner.max_saved_per_file)"),
                         few);
        outcome_done(&o);
    }
}

/* Ten seconds of a chord and four of room tone: no pad where none may be so loud. */
static void without_pads_the_setting_is_named(void **state)
{
    enum { RATE_HZ = 44100, FRAMES = 14 * RATE_HZ, TONE = 10 * RATE_HZ };
    struct place *p = *state;
    struct outcome o;
    struct audio a;
    char folder[1024];
    struct rng r = rng_derive(3, 0, "room", 0);
    assert_int_equal(audio_init(&a, FRAMES, 1, RATE_HZ, NULL), ST_OK);
    for (size_t i = 0; i < FRAMES; i++) {
        double x = 2e-3 * (rng_uniform(&r) - 0.5), turn = 2 * 3.14159265358979 / RATE_HZ;
        for (int k = 4; i < TONE && k < 7; k++)
            x += 0.05 * sin(turn * 55 * k * (double)i);
        a.data[i] = (float)x;
    }
    path_in(folder, p, "chord");
    write_sound(folder, "chord.wav", &a, 24);
    audio_done(&a);
    static const char said[] = "dB above the gate (pad_miner.max_rms_db)";
    RUN(o, p, "process", "--input-dir", "chord", "--project-name", "QUIET", "--seed", "1",
        "--stages", "pads,silences", "--set", "pad_miner.max_rms_db=-26", "--verbose");
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.err, "  chord_silence_001.wav: score 0."));
    assert_true(text_has(o.err, " still 1.00 (no onset inside), "));
    assert_true(text_has(o.err, "  near-miss: pad at "));
    assert_true(text_has(o.err, "no pad; the nearest: level "));
    assert_true(text_has(o.err, said));
    outcome_done(&o);
    RUN(o, p, "process", "--input-dir", "chord", "--project-name", "NONE", "--seed", "1",
        "--stages", "pads", "--set", "pad_miner.max_rms_db=-26");
    assert_int_equal(o.exit_status, 1);
    assert_true(text_has(o.err, said));
    outcome_done(&o);
    RUN(o, p, "analyze", "--source", "chord/chord.wav", "--set",
        "pad_miner.max_rms_db=-26");
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.out, said));
    outcome_done(&o);
    RUN(o, p, "process", "--input-dir", "chord", "--project-name", "LOUD", "--seed", "1",
        "--stages", "pads", "--set", "pad_miner.max_rms_db=-20");
    assert_int_equal(o.exit_status, 0);
    assert_false(text_has(o.err, "no pad"));
    outcome_done(&o);
}

/* The same chord with a drummer over it: nobody asked for pads there, so they are only
 * counted, but all of it is told to who wants to know. */
static void a_drummer_is_not_told_of_pads(void **state)
{
    enum { RATE_HZ = 44100, FRAMES = 12 * RATE_HZ, HITS = 6 };
    struct place *p = *state;
    struct outcome o;
    struct audio a;
    char folder[1024];
    struct rng r = rng_derive(3, 0, "drummer", 0);
    static const char line[] = "no pad; the nearest: ";
    static const char count[] = "no pads in 2 recordings full of hits; the near misses";
    assert_int_equal(audio_init(&a, FRAMES, 1, RATE_HZ, NULL), ST_OK);
    for (size_t i = 0; i < FRAMES; i++)
        for (int k = 4; i < FRAMES / 2 && k < 7; k++)
            a.data[i] +=
                (float)(0.05 * sin(2 * 3.14159265358979 / RATE_HZ * 55 * k * (double)i));
    for (int i = 0; i < HITS; i++)
        synth_drum(SYNTH_SNARE, 0.7, 1, &r, a.data + FRAMES / 2 + i * RATE_HZ,
                   RATE_HZ / 2, RATE_HZ);
    path_in(folder, p, "drummer");
    write_sound(folder, "one.wav", &a, 24);
    write_sound(folder, "two.wav", &a, 16);
    audio_done(&a);
#define DRUMMER(name, ...)                                                               \
    RUN(o, p, "process", "--input-dir", "drummer", "--project-name", name, "--seed",     \
        "1", "--stages", "pads,drums", "--set", "pad_miner.max_rms_db=-26", __VA_ARGS__)
    DRUMMER("PLAIN", "--jobs", "1");
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.err, "one.wav: 7 drums "));
    assert_false(text_has(o.err, line));
    assert_true(text_has(o.err, count));
    outcome_done(&o);
    DRUMMER("LONG", "--verbose");
    assert_true(text_has(o.err, line));
    assert_false(text_has(o.err, count));
    outcome_done(&o);
    DRUMMER("HALF", "--set", "drum_miner.max_saved_per_file=6"); /* .5 a second */
    assert_false(text_has(o.err, line));
    outcome_done(&o);
    DRUMMER("FEW", "--set", "drum_miner.max_saved_per_file=5"); /* less */
    assert_true(text_has(o.err, line));
    assert_false(text_has(o.err, "full of hits"));
    outcome_done(&o);
    DRUMMER("JSON", "--json");
    assert_true(text_has(o.out, "\"nearest_pad_missed_by\""));
    assert_false(text_has(o.err, "no pad"));
    outcome_done(&o);
#undef DRUMMER
}

/* How many onsets are printed, and the least time between two. */
static int printed_onsets(char *text, double *gap_s)
{
    double last = -1;
    int lines = 0;
    *gap_s = 1e9;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        char *end;
        double t = strtod(line, &end);
        assert_true(*end == '\0' && t > last);
        *gap_s = lines > 0 ? fmin(*gap_s, t - last) : *gap_s;
        last = t;
    }
    return lines;
}

static void analyze_prints_onsets_alone(void **state)
{
    struct place *p = *state;
    struct outcome o;
    double gap_s;
    RUN(o, p, "analyze", "--source", "in/jam-tape.wav", "--onsets");
    assert_int_equal(o.exit_status, 0);
    int usual = printed_onsets(o.out, &gap_s);
    assert_true(usual > 10);
    assert_true(gap_s < 0.4);
    outcome_done(&o);
    /* They are the ones that hits are cut at. */
    RUN(o, p, "analyze", "--source", "in/jam-tape.wav", "--onsets", "--set",
        "drum_miner.delta=0.5");
    int fewer = printed_onsets(o.out, &gap_s);
    assert_in_range(fewer, 1, usual - 1);
    outcome_done(&o);
    RUN(o, p, "analyze", "--source", "in/jam-tape.wav", "--set", "drum_miner.delta=0.5");
    char line[40];
    snprintf(line, sizeof line, "onsets         %d\n", fewer);
    assert_true(text_has(o.out, line));
    outcome_done(&o);
}

/* What a failing source had written goes, and the folders it lay in. */
static void failing_sources_leave_no_folders(void **state)
{
    struct place *p = *state;
    char in[1024], path[1100];
    path_in(in, p, "one");
    mkdir(in, 0777);
    struct audio a;
    assert_int_equal(audio_init(&a, 1, 1, 44100, NULL), ST_OK);
    a.data[0] = 0.5f;
    write_sound(in, "one.wav", &a, 16);
    audio_done(&a);
    struct outcome o;
    RUN(o, p, "process", "--input-dir", "one", "--project-name", "ONE", "--seed", "1");
    assert_int_equal(o.exit_status, 1);
    assert_true(text_has(o.err, "one.wav holds nothing usable"));
    outcome_done(&o);
    path_in(path, p, "export/ONE/manifest.csv");
    assert_int_equal(access(path, F_OK), 0);
    path_in(path, p, "export/ONE/one");
    assert_int_not_equal(access(path, F_OK), 0);
}

static void textures_dust_and_clouds_work_from_folders(void **state)
{
    struct place *p = *state;
    struct outcome o;
    char path[1024];
    RUN(o, p, "textures", "--make-drones", "--set",
        "paths.pad_sources_dir=export/TREE/night-pads/pads", "--set",
        "drones.pitch_shift_semitones=[0]", "--set", "drones.time_stretch_factors=[1]",
        "--seed", "3", "--set", "drones.pad_variants=[warm]");
    assert_int_equal(o.exit_status, 0);
    outcome_done(&o);
    path_in(path, p, "export/TEXTURES");
    assert_true(tree_count(path, "_loop_warm.wav") > 0);
    RUN(o, p, "dust", "--pads_dir", "export/TREE/night-pads/pads", "--hiss_dir",
        "export/TREE/jam-tape/hiss", "--output_dir", "dusty", "--seed", "3");
    assert_int_equal(o.exit_status, 0);
    outcome_done(&o);
    path_in(path, p, "export/TREE/jam-tape/hiss");
    assert_true(tree_holds(path, "hiss_flicker_"));
    path_in(path, p, "dusty");
    assert_true(tree_count(path, ".wav") > 0);
    assert_false(tree_holds(path, "hiss_flicker_")); /* tiled, it would stutter */
    RUN(o, p, "clouds", "--input_dir", "export/TREE/jam-tape/silences", "--output_dir",
        "skies", "--seed", "3", "--set", "clouds.clouds_per_source=1", "--set",
        "clouds.cloud_duration_sec=2");
    assert_int_equal(o.exit_status, 0);
    outcome_done(&o);
    path_in(path, p, "skies");
    assert_true(tree_count(path, ".wav") > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(process_writes_the_tree),
        cmocka_unit_test(manifest_times_are_true),
        cmocka_unit_test(stacks_are_of_one_kind),
        cmocka_unit_test(pads_lie_apart),
        cmocka_unit_test(workers_and_order_change_no_byte),
        cmocka_unit_test(killed_and_resumed_is_the_same),
        cmocka_unit_test(again_does_nothing_and_another_recipe_is_refused),
        cmocka_unit_test(force_keeps_what_is_not_ours),
        cmocka_unit_test(bad_files_fail_alone),
        cmocka_unit_test(exit_statuses_are_the_contract),
        cmocka_unit_test(unwritable_output_is_a_disk_failure),
        cmocka_unit_test(links_do_not_lead_out),
        cmocka_unit_test(shards_join),
        cmocka_unit_test(a_missing_disk_is_waited_for),
        cmocka_unit_test(index_rebuilds_from_audio_alone),
        cmocka_unit_test(interrupt_leaves_whole_files),
        cmocka_unit_test(second_interrupt_ends_at_once),
        cmocka_unit_test(one_source_pipelines_write_flat),
        cmocka_unit_test(hits_left_out_are_told),
        cmocka_unit_test(without_pads_the_setting_is_named),
        cmocka_unit_test(a_drummer_is_not_told_of_pads),
        cmocka_unit_test(json_is_one_object_a_line),
        cmocka_unit_test(analyze_prints_onsets_alone),
        cmocka_unit_test(failing_sources_leave_no_folders),
        cmocka_unit_test(textures_dust_and_clouds_work_from_folders),
    };
    return cmocka_run_group_tests_name("batch", tests, set_up, tear_down);
}
