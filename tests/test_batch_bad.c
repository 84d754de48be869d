/* The batch mode on what it cannot use: files that are no recordings, folders it cannot
 * write, commands it does not know. */
#include "batch_rig.h"
#include "checks.h"
#include "tone.h"

#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static void bad_files_fail_alone(void **state)
{
    struct place *p = *state;
    char in[1024], path[1100];
    path_in(in, p, "bad");
    OWN(audio) a = tone_frames(44100, 1, 44100);
    folder_wav(in, "silent.wav", &a, 16);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = (float)(0.5 * sin(0.05 * (double)i));
    folder_wav(in, "short-header.wav", &a, 16);
    audio_done(&a);
    assert_int_equal(audio_init(&a, 44100, 2, 44100, NULL), ST_OK);
    for (size_t i = 0; i < a.frames; i++) {
        a.data[2 * i] = (float)(0.5 * sin(0.05 * (double)i));
        a.data[2 * i + 1] = -a.data[2 * i];
    }
    folder_wav(in, "upside-down.wav", &a, 24);
    snprintf(path, sizeof path, "%s/short-header.wav", in);
    assert_int_equal(truncate(path, 30), 0);
    folder_write(in, "empty.wav", "", 0);
    folder_write(in, "text.mp3", "this is no music at all, sorry", 30);
    folder_write(in, "notes.txt", "nor is this", 11);
    char noise[4096];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)(i * 2654435761u >> 13);
    folder_write(in, "noise.flac", noise, sizeof noise);
    snprintf(path, sizeof path, "%s/pipe.wav", in);
    assert_int_equal(mkfifo(path, 0666), 0);
    snprintf(path, sizeof path, "%s/dangling.wav", in);
    assert_int_equal(symlink("/nowhere/at/all.wav", path), 0);
    snprintf(
        path, sizeof path,
        "%s/good \xf0\x9f\x8e\xb9 \x1b[31m\xc2\x9b\n\xe2\x80\xa8\"quo\\ted\", name.wav",
        in);
    char good[1024];
    path_in(good, p, "in/jam-tape.wav");
    assert_int_equal(link(good, path), 0);

    OWN(outcome) o;
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
    assert_true(text_has(o.err, " ?[31m?\?\?\"quo\\ted\", name.wav: "));
    outcome_done(&o);
    RUN(o, p, "process", "--input-dir", "bad", "--project-name", "BAD3", "--seed", "1",
        "--stages", "drums", "--json");
    assert_true(
        text_has(o.out, " \\u001b[31m\\u009b\\u000a\\u2028\\\"quo\\\\ted\\\", name.wav"));
    outcome_done(&o);
    RUN(o, p, "process", "--input-dir", "bad", "--project-name", "BAD2", "--seed", "1",
        "--stages", "drums", "--strict", "--jobs", "1");
    assert_int_equal(o.exit_status, 1);
    /* it stopped at the first, and counts no other */
    assert_true(text_has(o.out, "8 sources: 0 done, 0 done before, 1 failed"));
}

/* What a failing source had written goes, and the folders it lay in. */
static void failing_sources_leave_no_folders(void **state)
{
    struct place *p = *state;
    char in[1024];
    path_in(in, p, "one");
    OWN(audio) a = tone_frames(1, 1, 44100);
    a.data[0] = 0.5f;
    folder_wav(in, "one.wav", &a, 16);
    RUN_SAYS(p, 1, err, "one.wav holds nothing usable", "process", "--input-dir", "one",
             "--project-name", "ONE", "--seed", "1");
    assert_true(there(p, "export/ONE/manifest.csv"));
    assert_false(there(p, "export/ONE/one"));
}

static void exit_statuses_are_the_contract(void **state)
{
    struct place *p = *state;
    OWN(outcome) o;
    RUN_SAYS(p, 2, err, "did you mean process?", "proces");
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
    RUN_SAYS(p, 0, out, "--input_dir DIR", "process", "--help");
}

static void unwritable_output_is_a_disk_failure(void **state)
{
    struct place *p = *state;
    folder_write(p->path, "blocked", "a file", 6);
    RUN_SAYS(p, 5, err, "blocked", "process", "--input-dir", "in", "--export_root",
             "blocked", "--seed", "1");
    char path[1024];
    path_in(path, p, "unplugged");
    assert_int_equal(symlink("/nowhere/at/all", path), 0);
    RUN_SAYS(p, 5, err, "unplugged is a broken link; is a disk ", "process",
             "--input-dir", "in", "--export_root", "unplugged/export");
}

/* The plan of a kit reads like what was done. */
static void a_kit_not_written_is_not_told(void **state)
{
    struct place *p = *state;
    OWN(outcome) o;
    for (int there = 0; there < 2; there++) { /* the second time a kit lies there */
        RUN(o, p, "format", "--input_dir", "in", "--output_dir", "kits");
        assert_int_equal(o.exit_status, there ? 4 : 0);
        assert_int_equal(text_has(o.out, "for the Roland TR-8S"), !there);
        outcome_done(&o);
    }
    RUN(o, p, "format", "--input_dir", "in", "--output_dir", "config.yaml");
    assert_int_equal(o.exit_status, 5);
    assert_string_equal(o.out, "");
}

/* A file that came over half goes into the kit as far as it goes, and one with values
 * that are none without those. */
static void a_broken_sample_is_told(void **state)
{
    struct place *p = *state;
    OWN(outcome) o;
    char in[1024], path[1100];
    path_in(in, p, "broken");
    OWN(audio) a = tone_frames(44100, 1, 44100);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = (float)(exp(-1e-3 * (double)i) * sin(0.05 * (double)i));
    folder_wav(in, "whole.wav", &a, 16);
    folder_wav(in, "half.wav", &a, 16);
    snprintf(path, sizeof path, "%s/half.wav", in);
    assert_int_equal(truncate(path, 44100), 0);
    a.data[100] = NAN;
    a.data[200] = INFINITY;
    snprintf(path, sizeof path, "%s/holes.wav", in);
    assert_true(
        folder_sound(path, SF_FORMAT_WAV | SF_FORMAT_FLOAT, 44100, 1, a.data, a.frames));
    RUN(o, p, "format", "--input_dir", "broken", "--output_dir", "kits", "--kit_name",
        "BROKEN");
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(
        o.err, "broken/half.wav: the data ends after 0.5 s of 1.0 s; using what is"));
    assert_true(text_has(
        o.err, "broken/holes.wav: 2 samples are no finite numbers and count as 0\n"));
    assert_false(text_has(o.err, "whole.wav"));
}

/* The kit is made of the rest; who waits for it in a script learns that one failed. */
static void an_unreadable_sample_fails_alone(void **state)
{
    struct place *p = *state;
    struct outcome o;
    char in[1024];
    path_in(in, p, "mixed");
    OWN(audio) a = tone_frames(44100, 1, 4410);
    folder_wav(in, "silent.wav", &a, 16);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = (float)(exp(-1e-3 * (double)i) * sin(0.05 * (double)i));
    folder_wav(in, "kick.wav", &a, 16);
    folder_write(in, "snare.wav", "no sound", 8);
    RUN_SAYS(p, 1, err, "trowel: mixed/snare.wav cannot be read as audio", "format",
             "--input_dir", "mixed", "--output_dir", "kits", "--kit_name", "MIXED",
             "--strict");
    assert_false(path_has(p->path, "kits/MIXED"));
    RUN(o, p, "format", "--input_dir", "mixed", "--output_dir", "kits", "--kit_name",
        "MIXED");
    assert_int_equal(o.exit_status, 1);
    assert_true(text_has(o.out, "MIXED for the Roland TR-8S: 1 of 400 files"));
    assert_true(text_has(o.err, "snare.wav cannot be read as audio"));
    assert_true(
        text_has(o.err, "trowel: 2 of the samples or their folders cannot be used\n"));
    assert_true(text_has(o.err, "kits/MIXED/ASSIGN.txt says"));
    outcome_done(&o);
    assert_true(path_has(p->path, "kits/MIXED/manifest.csv"));
    /* whoever makes something else of them hears the same */
    static char *const of_them[][5] = {
        {"report", "--input_dir", "mixed", "--output", "mixed.html"},
        {"curate", "--input_root", "mixed", "--output_root", "mixed_best"}};
    for (size_t i = 0; i < sizeof of_them / sizeof *of_them; i++) {
        char *const *w = of_them[i];
        RUN(o, p, w[0], w[1], w[2], w[3], w[4]);
        assert_int_equal(o.exit_status, 1);
        assert_true(text_has(o.err, "snare.wav cannot be read as audio: its format is "
                                    "not known; left out"));
        assert_true(text_has(
            o.err, "trowel: 1 of the samples or their folders cannot be used\n"));
        outcome_done(&o);
        assert_true(path_has(p->path, w[4]));
    }
}

/* Its catalog could not be opened, and the reason stood behind the path's end. */
static void a_path_too_long_is_refused_at_once(void **state)
{
    struct place *p = *state;
    OWN(outcome) o;
    char root[600] = "";
    while (strlen(root) < 480)
        strcat(root, "a-long-name-of-a-folder/");
    RUN(o, p, "process", "--input-dir", "in", "--export_root", root, "--seed", "7");
    assert_int_equal(o.exit_status, 2);
    assert_true(text_has(o.err, "its catalog can take 480; choose a shorter"));
    assert_string_equal(o.out, "");
}

/* Each worker keeps four dozen samples open until they are flushed together. */
static void few_open_files_are_made_more(void **state)
{
#define MINE(limit, name)                                                                \
    (char *[])                                                                           \
    {                                                                                    \
        "/bin/sh", "-c",                                                                 \
            "ulimit " limit "; exec \"" TROWEL_BIN "\""                                  \
            " --batch process --input_dir in --project_name " name                       \
            " --seed 7 --stages drums,silences --jobs 1",                                \
            NULL                                                                         \
    }
    struct place *p = *state;
    struct outcome o;
    program_run(&o, p->path, MINE("-S -n 20", "MANY"));
    assert_int_equal(o.exit_status, 0);
    outcome_done(&o);
    /* where they cannot be, fewer are open at once */
    program_run(&o, p->path, MINE("-n 40", "SOME"));
    assert_int_equal(o.exit_status, 0);
    outcome_done(&o);
    assert_same_trees(p, "export/MANY", "export/SOME", "catalog.db");
    /* where these are too many, what helps is said, and the next run goes on */
    program_run(&o, p->path, MINE("-n 14", "FEW"));
#undef MINE
    assert_int_equal(o.exit_status, SANITIZED ? o.exit_status : 5);
    assert_true(SANITIZED ||
                text_has(o.err, "Too many open files (raise ulimit -n, or "));
    outcome_done(&o);
    RUN_WELL(p, "process", "--input_dir", "in", "--project_name", "FEW", "--seed", "7",
             "--stages", "drums,silences");
    assert_same_trees(p, "export/MANY", "export/FEW", "catalog.db");
}

/* Of which recording, too. */
static void where_memory_ends_is_said(void **state)
{
    struct place *p = *state;
    int ended = 0;
    if (SANITIZED)
        skip(); /* they reserve far more than they use */
    for (int kb = 30000; kb <= 90000; kb += 10000) {
        OWN(outcome) o;
        char command[400];
        snprintf(command, sizeof command,
                 "ulimit -v %d; exec \"" TROWEL_BIN "\" --batch process --input_dir in"
                 " --project_name MEMORY --seed 7 --jobs 1 --quiet",
                 kb);
        program_run(&o, p->path, (char *[]){"/bin/sh", "-c", command, NULL});
        const char *at = strstr(o.err, "trowel: error: ");
        if (at && text_has(at, "no memory")) {
            assert_memory_equal(at + strlen("trowel: error: "), "in/", 3);
            assert_int_equal(o.exit_status, 1);
            ended++;
        }
    }
    assert_true(ended > 0);
}

/* Before anything is opened, also a device: what ALSA prints would stand around it. */
static void the_workstation_wants_a_terminal(void **state)
{
    struct place *p = *state;
    struct outcome o;
    for (int i = 0; i < 2; i++) {
        char *folder = i == 0 ? "in" : "nowhere";
        program_run(&o, p->path, (char *[]){TROWEL_BIN, folder, NULL});
        assert_int_equal(o.exit_status, 2);
        assert_string_equal(o.out, "");
        assert_string_equal(o.err, "trowel: the workstation needs a terminal on standard "
                                   "input and output; `trowel --batch` works without "
                                   "one\n");
        outcome_done(&o);
    }
}

/* A pipeline without --batch is answered with the line that was meant, and a folder of
 * its name is opened. */
static void a_pipeline_alone_is_told_the_way(void **state)
{
    static const struct {
        char *words[6];
        const char *says;
    } lines[] = {
        {{"process", "--input_dir", "my tapes"},
         "trowel: process is not a folder; did you mean trowel --batch process "
         "--input_dir "
         "'my tapes'? (see trowel --batch --help)\n"},
        {{"batch", "all", "--jobs", "2"}, "did you mean trowel --batch all --jobs 2?"},
        {{"batch"}, "batch is not a folder; did you mean trowel --batch PIPELINE?"},
        {{"drums"}, "the workstation needs a terminal"},
    };
    struct place *p = *state;
    struct outcome o;
    char folder[1024];
    path_in(folder, p, "drums");
    assert_int_equal(mkdir(folder, 0777), 0);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char *argv[8] = {TROWEL_BIN};
        memcpy(argv + 1, lines[i].words, sizeof lines[i].words);
        program_run(&o, p->path, argv);
        assert_int_equal(o.exit_status, 2);
        assert_true(text_has(o.err, lines[i].says));
        outcome_done(&o);
    }
    assert_int_equal(rmdir(folder), 0);
}

/* Of what is called so, be it a recording, a folder or a word of the command line. */
static void no_name_steers_the_terminal(void **state)
{
#define EVIL "evil\x1b[31m\n.d"
    static char *const lines[][8] = {
        {"process", "--input_dir", EVIL, "--export_root", EVIL "/e", "--dry-run"},
        {"process", "--input_dir", EVIL, "--export_root", EVIL "/e"},
        {"curate", "--input_root", EVIL "/e", "--output_root", EVIL "/b"},
        {"format", "--input_dir", EVIL "/b", "--output_dir", EVIL "/k"},
        {"report", "--input_dir", EVIL "/b", "--output", EVIL "/page.html"},
        {"index", "--project", EVIL "/e/BATCH_01"},
        {"analyze", "--source", EVIL "/" EVIL ".wav"},
        {"validate", "--set", "paths.drums_dir=" EVIL},
    };
    struct place *p = *state;
    OWN(outcome) o;
    char in[1024];
    path_in(in, p, EVIL);
    OWN(audio) a = tone_frames(44100, 1, 44100);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] =
            (float)(0.9 * exp(-1e-3 * (double)(i % 11025)) * sin(0.05 * (double)i));
    folder_wav(in, EVIL ".wav", &a, 16);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char *argv[16] = {TROWEL_BIN, "--batch"};
        memcpy(argv + 2, lines[i], sizeof lines[i]);
        program_run(&o, p->path, argv);
        if (text_has(o.out, "\x1b") || text_has(o.err, "\x1b"))
            fail_msg("%s: %s%s", lines[i][0], o.out, o.err);
        outcome_done(&o);
    }
    program_run(&o, p->path, (char *[]){TROWEL_BIN, EVIL, EVIL, NULL});
    assert_false(text_has(o.err, "\x1b"));
    assert_true(text_has(o.err, "trowel: evil?[31m?.d and evil?[31m?.d: one project"));
}

static void links_do_not_lead_out(void **state)
{
    struct place *p = *state;
    char target[1024], link_path[1024];
    path_in(target, p, "outside");
    assert_int_equal(mkdir(target, 0777), 0);
    folder_write(p->path, "linked/L/notes.txt", "", 0); /* makes the folder */
    path_in(link_path, p, "linked/L/jam-tape");
    assert_int_equal(symlink(target, link_path), 0);
    RUN_SAYS(p, 1, err,
             "linked/L/jam-tape is a symbolic link; nothing is "
             "written through it",
             "process", "--input-dir", "in/jam-tape.wav", "--export_root", "linked",
             "--project-name", "L", "--seed", "1", "--stages", "drums");
    assert_int_equal(folder_count(target), 0);
}

/* One recording's folder that takes no file is its failure: the others are mined, and it
 * is when there is room. */
static void one_shut_folder_stops_no_other(void **state)
{
    struct place *p = *state;
    struct outcome o;
    char way[1024], made[1024];
    path_in(way, p, "in/jam-tape.wav");
    path_in(made, p, "two/second.wav");
    folder_write(p->path, "two/notes", "", 0);
    assert_int_equal(link(way, made), 0);
    path_in(made, p, "two/first.wav");
    assert_int_equal(link(way, made), 0);
    folder_write(p->path, "shut/S/first", "mine", 4);
    for (int round = 0; round < 2; round++) {
        RUN(o, p, "process", "--input-dir", "two", "--export_root", "shut",
            "--project-name", "S", "--seed", "1", "--stages", "drums", "--jobs", "1");
        assert_int_equal(o.exit_status, round == 0 ? 1 : 0);
        assert_int_equal(text_has(o.err, "S/first is in the way: it is not a folder"),
                         round == 0);
        assert_true(text_has(o.out, round == 0 ? "1 done, 0 done before, 1 failed"
                                               : "1 done, 1 done before, 0 failed"));
        outcome_done(&o);
        path_in(made, p, "shut/S/second/drums");
        assert_true(folder_count(made) > 3);
        path_in(way, p, "shut/S/first");
        assert_int_equal(unlink(way), round == 0 ? 0 : -1);
    }
}

static int set_up(void **state)
{
    return batch_rig_setup_few(state, 1);
}

/* A lead wired the wrong way round leaves scraps of the mean, and they are mined as if
 * they were the recording. A side that is silent leaves half. */
static void nearly_cancelling_channels_are_told(void **state)
{
    struct place *p = *state;
    OWN(outcome) o;
    struct audio a;
    char in[1024];
    path_in(in, p, "wired");
    for (int k = 0; k < 2; k++) {
        assert_int_equal(audio_init(&a, 88200, 2, 44100, NULL), ST_OK);
        for (size_t i = 0; i < a.frames; i++) { /* bright, as loud as its peak */
            float x = i / 5 % 2 ? 0.5f : -0.5f;
            a.data[2 * i] = x;
            a.data[2 * i + 1] = k ? 0.0f : 0.001f * (float)(i % 17) - x;
        }
        folder_wav(in, k ? "one-side.wav" : "turned.wav", &a, 24);
        audio_done(&a);
    }
    RUN(o, p, "process", "--input-dir", "wired", "--project-name", "WIRED", "--seed", "1",
        "--stages", "silences");
    assert_true(text_has(o.err, "turned.wav nearly cancels itself out"));
    assert_false(text_has(o.err, "one-side.wav nearly"));
    outcome_done(&o);
    /* and to programs, which of them */
    RUN(o, p, "process", "--input-dir", "wired", "--project-name", "TOLD", "--seed", "1",
        "--stages", "silences", "--json");
    assert_true(text_has(o.out, "{\"event\":\"warning\",\"source\":\"turned.wav\","
                                "\"message\":\"wired/turned.wav nearly"));
}

/* Hours of mining do not end with it. */
static void foreign_decisions_are_told_at_once(void **state)
{
    struct place *p = *state;
    OWN(outcome) o;
    folder_write(p->path, "shopping.txt", "milk\ntape\n", 10);
    RUN(o, p, "all", "--input_dir", "in", "--project_name", "SHOP", "--kit_name", "SHOP",
        "--stages", "drums", "--decisions", "shopping.txt");
    assert_int_equal(o.exit_status, 1);
    assert_true(text_has(o.err, "shopping.txt:1: \"milk\" is not a decision"));
    assert_true(text_has(o.err, "; no line of this file is a decision"));
    assert_false(folder_has(p->path, "export/SHOP"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_files_fail_alone),
        cmocka_unit_test(nearly_cancelling_channels_are_told),
        cmocka_unit_test(foreign_decisions_are_told_at_once),
        cmocka_unit_test(failing_sources_leave_no_folders),
        cmocka_unit_test(exit_statuses_are_the_contract),
        cmocka_unit_test(unwritable_output_is_a_disk_failure),
        cmocka_unit_test(a_kit_not_written_is_not_told),
        cmocka_unit_test(a_broken_sample_is_told),
        cmocka_unit_test(an_unreadable_sample_fails_alone),
        cmocka_unit_test(a_path_too_long_is_refused_at_once),
        cmocka_unit_test(few_open_files_are_made_more),
        cmocka_unit_test(where_memory_ends_is_said),
        cmocka_unit_test(the_workstation_wants_a_terminal),
        cmocka_unit_test(a_pipeline_alone_is_told_the_way),
        cmocka_unit_test(links_do_not_lead_out),
        cmocka_unit_test(no_name_steers_the_terminal),
        cmocka_unit_test(one_shut_folder_stops_no_other),
    };
    return cmocka_run_group_tests_name("batch bad", tests, set_up, batch_rig_teardown);
}
