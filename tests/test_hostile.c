/* Batch runs where the world is against them: closed streams, limits, libraries that
 * print, a second run of the same command, an output inside of the input. */
#include "checks.h"
#include "core/rng.h"
#include "dsp/audio.h"
#include "folder.h"
#include "io/soundfile.h"
#include "program.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sndfile.h>

enum { RATE = 22050, SECONDS = 4, FRAMES = RATE * SECONDS };

static void make_hits(float x[FRAMES], double hz)
{
    memset(x, 0, FRAMES * sizeof *x);
    for (int at = RATE / 5; at + RATE / 4 < FRAMES; at += RATE / 3)
        for (int i = 0; i < RATE / 4; i++)
            x[at + i] = (float)(0.6 * exp(-i / 900.0) * sin(hz * i / RATE));
}

static int set_up(void **state)
{
    static float x[FRAMES];
    char path[FOLDER_BYTES];
    if (folder_setup(state) != 0)
        return -1;
    folder_write(*state, "in/notes.txt", "", 0);
    for (int i = 0; i < 3; i++) {
        FREED const char *name = text_of("in/tape%d.wav", i);
        make_hits(x, 700 + 900 * i);
        if (!folder_sound(folder_path(path, *state, name),
                          SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 1, x, FRAMES))
            return -1;
    }
    return 0;
}

#define HOSTILE(test) cmocka_unit_test_setup_teardown(test, set_up, folder_teardown)

#define TROWEL  "\"" TROWEL_BIN "\"" /* a shell reads it */
#define PROCESS TROWEL " --batch process --input_dir in --stages drums --seed 1"

/* A shell line in the test's folder. */
static void run(struct outcome *o, const char *folder, const char *line)
{
    FREED char *own = text_of("%s", line);
    program_run(o, folder, (char *[]){(char *)"/bin/sh", (char *)"-c", own, NULL});
}

/* A line that ends with that status; one that also says these words to out or err. */
#define ENDS(status, line)                                                               \
    do {                                                                                 \
        struct outcome told;                                                             \
        run(&told, *state, line);                                                        \
        assert_int_equal(told.exit_status, status);                                      \
        outcome_done(&told);                                                             \
    } while (0)
#define SAYS(status, said, words, line)                                                  \
    do {                                                                                 \
        struct outcome told;                                                             \
        run(&told, *state, line);                                                        \
        assert_int_equal(told.exit_status, status);                                      \
        assert_true(text_has(told.said, words));                                         \
        outcome_done(&told);                                                             \
    } while (0)

static void expect_same(const char *folder, const char *a, const char *b)
{
    char path[FOLDER_BYTES];
    FREED char *x = tree_hash(folder_path(path, folder, a), NULL);
    FREED char *y = tree_hash(folder_path(path, folder, b), NULL);
    assert_true(strlen(x) > 0);
    assert_string_equal(x, y);
}

static void closed_streams_lose_nothing_but_the_words(void **state)
{
    struct outcome o;
    ENDS(0, PROCESS " --export_root open");
    static const char *const lines[] = {PROCESS " --export_root shut >&-",
                                        PROCESS " --export_root shut --json >/dev/full"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        SAYS(5, err, "standard output cannot be written", lines[i]);
        expect_same(*state, "open", "shut");
    }
    /* who reads the first lines only has read enough */
    static const char *const all[] = {"--batch validate",
                                      "--batch analyze --source in/tape0.wav --json"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char line[512];
        snprintf(line, sizeof line,
                 "{ sleep 0.3; " TROWEL " %s; echo \"status $?\" >&2; } | true", all[i]);
        run(&o, *state, line);
        assert_string_equal(o.err, "status 0\n");
        outcome_done(&o);
    }
    ENDS(5, PROCESS " --export_root mute >&- 2>&- <&-");
    expect_same(*state, "open", "mute");
}

static void a_limit_on_file_sizes_is_a_full_disk(void **state)
{
    OWN(outcome) o;
    run(&o, *state, "ulimit -f 4; exec " PROCESS " --export_root out");
    assert_int_equal(o.exit_status, 5);
    const char *said = strstr(o.err, "cannot be written: File too large");
    assert_non_null(said);
    assert_null(strstr(said + 1, "cannot be written")); /* once */
    outcome_done(&o);
    ENDS(0, PROCESS " --export_root out");
    run(&o, *state, PROCESS " --export_root fresh");
    expect_same(*state, "fresh", "out");
}

static void two_runs_at_once_make_one_project(void **state)
{
    OWN(outcome) o;
    ENDS(0, PROCESS " --export_root out & first=$!; " PROCESS
                    " --export_root out; second=$?; wait $first && exit $second");
    run(&o, *state, PROCESS " --export_root alone");
    expect_same(*state, "alone", "out");
}

static void what_was_written_is_no_recording(void **state)
{
    OWN(outcome) o;
    for (int i = 0; i < 2; i++) {
        SAYS(0, out,
             i == 0 ? "3 sources: 3 done, 0 done before"
                    : "3 sources: 0 done, 3 done before",
             PROCESS " --recursive --export_root in --project_name P");
    }
    /* nor a folder that is left out; another one that is left out is told */
    run(&o, *state, PROCESS " --export_root in --project_name P");
    assert_false(text_has(o.err, "not searched"));
    outcome_done(&o);
    run(&o, *state, "mkdir in/old; " PROCESS " --export_root in --project_name P");
    assert_true(text_has(
        o.err, "1 folder in in is not searched; --recursive searches subfolders"));
}

/* A recording that comes beside another of its name takes nothing away from it. */
static void newcomers_take_no_name(void **state)
{
    static float x[FRAMES];
    char path[FOLDER_BYTES];
    OWN(outcome) o;
    ENDS(0, PROCESS);
    run(&o, *state, "cp -r export before");
    outcome_done(&o);
    make_hits(x, 3100);
    /* Both are first by name. */
    folder_sound(folder_path(path, *state, "in/tape1.aiff"),
                 SF_FORMAT_AIFF | SF_FORMAT_PCM_16, RATE, 1, x, FRAMES);
    folder_sound(folder_path(path, *state, "in/Tape2.wav"),
                 SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 1, x, FRAMES);
    run(&o, *state, PROCESS " --dry_run");
    assert_true(text_has(o.out, "tape1.aiff -> tape1_2\n"));
    outcome_done(&o);
    SAYS(0, out, "5 sources: 2 done, 3 done before, 0 failed", PROCESS);
    expect_same(*state, "before/BATCH_01/tape1", "export/BATCH_01/tape1");
    expect_same(*state, "before/BATCH_01/tape2", "export/BATCH_01/tape2");
    run(&o, *state,
        "grep -c 'tape1_2,tape1.aiff,' export/BATCH_01/manifest.csv;"
        "grep -c 'Tape2_2,Tape2.wav,' export/BATCH_01/manifest.csv");
    assert_string_equal(o.out, "11\n11\n");
    outcome_done(&o);
    /* Afresh too, for the sake of what was decided; what is gone holds no name. */
    ENDS(0, "rm in/tape0.wav; cp in/tape1.aiff in/tape0.aiff; " PROCESS " --force");
    expect_same(*state, "before/BATCH_01/tape1", "export/BATCH_01/tape1");
    run(&o, *state, "grep -c 'tape0,tape0.aiff,' export/BATCH_01/manifest.csv");
    assert_string_equal(o.out, "11\n");
}

/* A recording that became another one is refused, and keeps nobody else from being mined.
 */
static void changed_recordings_are_refused(void **state)
{
    OWN(outcome) o;
    run(&o, *state,
        PROCESS "; cp -r export before; cp in/tape2.wav in/tape9.wav; "
                "cp in/tape2.wav in/tape0.wav");
    outcome_done(&o);
    run(&o, *state, PROCESS " --jobs 1");
    assert_int_equal(o.exit_status, 4);
    assert_true(text_has(o.err, "tape0.wav has changed since it was processed"));
    assert_true(text_has(o.err, "1 of 4 sources was mined from an earlier version"));
    assert_true(text_has(o.out, "4 sources: 1 done, 2 done before, 1 failed; 44 finds"));
    expect_same(*state, "before/BATCH_01/tape0", "export/BATCH_01/tape0");
    expect_same(*state, "before/BATCH_01/tape1", "export/BATCH_01/tape1");
}

/* What the user deleted is neither made again nor a find, until --force. */
static void deleted_samples_stay_deleted(void **state)
{
    static const char *const again[] = {PROCESS, TROWEL
                                        " --batch index --project export/BATCH_01"};
    OWN(outcome) o;
    run(&o, *state, PROCESS "; rm export/BATCH_01/tape1/drums/*_00[12]_*");
    assert_true(text_has(o.out, "; 33 finds ("));
    outcome_done(&o);
    for (size_t i = 0; i < 4; i++) {
        run(&o, *state, again[i % 2]);
        assert_int_equal(o.exit_status, 0);
        assert_true(text_has(o.out, "31 finds"));
        assert_true(text_has(o.out, "2 samples o"));
        assert_true(text_has(o.out, i % 2 ? "are left out" : "--force makes them again"));
        outcome_done(&o);
        run(&o, *state, "wc -l <export/BATCH_01/manifest.csv");
        assert_int_equal(atoi(o.out), 32);
        outcome_done(&o);
    }
    run(&o, *state, PROCESS " --force");
    assert_true(text_has(o.out, "; 33 finds ("));
    assert_false(text_has(o.out, "were removed"));
}

/* A copy, or a recording that was renamed, is mined as any other; that it is there twice
 * is told when it comes, not ever after. */
static void the_same_twice_is_told(void **state)
{
    static const struct {
        const char *before, *told;
    } runs[] = {
        {"true", NULL},
        {"cp in/tape0.wav in/tape00.wav",
         "tape00.wav is the same as tape0.wav: its finds are there twice\n"},
        {"true", NULL},
        {"mv in/tape1.wav in/again.wav",
         "2 recordings are the same as others, the first tape00.wav as tape0.wav: their"},
    };
    OWN(outcome) o;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        FREED const char *line = text_of("%s; " PROCESS, runs[i].before);
        run(&o, *state, line);
        assert_int_equal(o.exit_status, 0);
        assert_true(runs[i].told ? text_has(o.err, runs[i].told)
                                 : !text_has(o.err, "the same as"));
        outcome_done(&o);
    }
    run(&o, *state, PROCESS " --json");
    assert_true(text_has(o.out, "\"twins\":2,"));
}

/* No shell has read what stands in a config, or behind the = of --set. */
static void a_folder_at_home_is_no_tilde(void **state)
{
    ENDS(0, "mkdir home && cp -r in home/tapes && "
            "echo 'paths: {source_audio_dir: ~/tapes}' > home.yaml && "
            "HOME=$PWD/home " TROWEL
            " --batch process --config home.yaml --set 'paths.export_dir=~/out' "
            "--set paths.pad_sources_dir=~/pads --set paths.drums_dir=~/hits "
            "--stages drums --seed 1 --quiet");
    ENDS(0,
         "test -s home/out/BATCH_01/manifest.csv && test ! -e '~' && "
         "grep -q \"pad_sources_dir: .*$PWD/home/pads\" $(find home -name '*.yaml') && "
         "grep -q \"drums_dir: .*$PWD/home/hits\" $(find home -name '*.yaml') && "
         "rm -r home");
}

/* Decisions made on another machine go into the catalog, and stay. */
static void decisions_are_taken_in(void **state)
{
    static const char *const lines[] = {
        "4 decisions from d.txt added to the catalog",
        "0 decisions from d.txt added to the catalog; 4 already there"};
    struct outcome o;
    run(&o, *state,
        PROCESS "; cd export/BATCH_01/tape1/drums; { echo '# trowel decisions 1'; "
                "for f in *_001_* *_002_*; do echo accepted tape1/drum/$f; done; "
                "echo rejected *_003_*; echo nonsense; "
                "echo accepted gone/drum/gone.wav; } > ../../../../d.txt");
    outcome_done(&o);
    for (size_t i = 0; i < 2; i++) {
        run(&o, *state,
            TROWEL " --batch index --project export/BATCH_01 --decisions d.txt");
        assert_int_equal(o.exit_status, 0);
        assert_true(text_has(o.err, "d.txt:5: "));
        assert_true(text_has(o.err, "1 decision is about sounds that are not here: "
                                    "gone/drum/gone.wav"));
        assert_true(text_has(o.err, lines[i]));
        outcome_done(&o);
        run(&o, *state,
            PROCESS "; cut -d, -f30 export/BATCH_01/manifest.csv | sort | "
                    "uniq -c | tr -s ' \n' ' '");
        assert_true(text_has(o.out, " 2 accepted 1 decision 1 rejected "));
        outcome_done(&o);
    }
    SAYS(1, err, "the decisions in no cannot be read",
         TROWEL " --batch index --project export/BATCH_01 --decisions no");
    SAYS(0, err, "0 decisions from /dev/stdin added to the catalog; 4 already there",
         "cat d.txt | " TROWEL
         " --batch index --project export/BATCH_01 --decisions /dev/stdin");
}

/* libmpg123 has a lot to say about this one. */
static void libraries_do_not_print(void **state)
{
    static float x[FRAMES];
    char path[FOLDER_BYTES];
    make_hits(x, 900);
    folder_path(path, *state, "in/broken.mp3");
    if (!folder_sound(path, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, RATE, 1, x,
                      FRAMES))
        skip();
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    for (long at = 3000; at < 12000; at += 7) {
        fseek(f, at, SEEK_SET);
        putc((int)(at * 37 & 0xff), f);
    }
    fclose(f);
    OWN(outcome) o;
    run(&o, *state, PROCESS " --export_root out --quiet");
    assert_int_equal(o.exit_status == 0 || o.exit_status == 1, 1);
    for (char *line = strtok(o.err, "\n"); line; line = strtok(NULL, "\n"))
        if (strncmp(line, "trowel: ", 8) != 0)
            fail_msg("a stray line: %s", line);
}

/* Recordings that fail tell what came nearest, and their near-misses are listed. */
static void nothing_found_says_what_was_near(void **state)
{
    static float x[FRAMES];
    char path[FOLDER_BYTES];
    make_hits(x, 700);
    float top = 0;
    for (int i = 0; i < FRAMES; i++)
        top = fmaxf(top, fabsf(x[i]));
    for (int i = 0; i < FRAMES; i++)
        x[i] *= 0.9999F / top;
    folder_write(*state, "loud/notes.txt", "", 0);
    folder_sound(folder_path(path, *state, "loud/x.wav"),
                 SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 1, x, FRAMES);
    struct outcome o;
    for (int again = 0; again < 2; again++) {
        run(&o, *state,
            TROWEL " --batch process --input_dir loud --stages drums --seed 1 "
                   "--project_name LOUD --set drum_miner.max_peak_db=-0.6");
        assert_int_equal(o.exit_status, 1);
        assert_true(text_has(o.err, "loud/x.wav holds nothing usable; nearest is a drum: "
                                    "peak 0.6 dB above the gate"));
        assert_true(text_has(o.out, "0 silences) and 11 near-misses"));
        outcome_done(&o);
    }
    /* Peaking at full scale is no clipping. */
    SAYS(0, out, "11 drums",
         TROWEL " --batch process --input_dir loud --stages drums --seed 1 "
                "--project_name FULL");
}

/* A sound card without a DC blocker: the same hits, the offset on none of them; and
 * where there is nothing but DC, nothing. */
static void an_offset_is_no_sound(void **state)
{
    static float x[FRAMES], y[FRAMES];
    char path[FOLDER_BYTES];
    make_hits(x, 700);
    for (int i = 0; i < FRAMES; i++) {
        x[i] *= 0.7F;
        y[i] = x[i] + 0.2F;
    }
    static const int format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
    folder_write(*state, "flat/notes.txt", "", 0);
    folder_write(*state, "raised/notes.txt", "", 0);
    folder_sound(folder_path(path, *state, "flat/x.wav"), format, RATE, 1, x, FRAMES);
    folder_sound(folder_path(path, *state, "raised/x.wav"), format, RATE, 1, y, FRAMES);
    for (int i = 0; i < FRAMES; i++)
        y[i] = 0.2F;
    folder_sound(folder_path(path, *state, "raised/y.wav"), format, RATE, 1, y, FRAMES);
    OWN(outcome) o;
    run(&o, *state,
        "for i in flat raised; do " TROWEL " --batch process --input_dir $i "
        "--export_root . --project_name of_$i --stages drums,hiss --seed 1; done; "
        "ls of_flat of_flat/x/drums | sed s/flat/raised/ > flat.txt; "
        "ls of_raised of_raised/x/drums > raised.txt; cmp flat.txt raised.txt");
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.out, "1 done, 0 done before, 1 failed"));
    assert_true(text_has(o.err, "raised/y.wav holds one value from end to end"));
    outcome_done(&o);
    run(&o, *state, "cat of_raised/x/drums/x_drum_001*.wav > first.wav");
    folder_path(path, *state, "first.wav");
    OWN(audio) hit = sound_read(path);
    double sum = 0;
    for (size_t i = 0; i < hit.frames; i++)
        sum += (double)hit.data[i];
    assert_true(fabs(sum / (double)hit.frames) < 0.01);
}

/* Two strokes 40 ms apart, the second softer: one hit, and nothing that nearly was one.
 */
static void a_flam_is_one_hit(void **state)
{
    static float x[FRAMES];
    char path[FOLDER_BYTES];
    struct rng r = rng_derive(1, 0, "flam", 0);
    memset(x, 0, sizeof x);
    for (int at = RATE / 3; at + RATE / 2 < FRAMES; at += RATE * 6 / 10)
        for (int stroke = 0; stroke < 2; stroke++)
            for (int i = 0; i < RATE * 3 / 10; i++)
                x[at + stroke * RATE / 25 + i] +=
                    (float)((stroke ? 0.17 : 0.24) * exp(-i / (0.06 * RATE)) *
                            rng_range(&r, -1.7, 1.7));
    folder_write(*state, "rolls/notes.txt", "", 0);
    folder_sound(folder_path(path, *state, "rolls/x.wav"),
                 SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 1, x, FRAMES);
    OWN(outcome) o;
    run(&o, *state, TROWEL " --batch process --input_dir rolls --stages drums --seed 1");
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.out, "6 drums"));
    assert_true(text_has(o.out, "and 0 near-misses"));
}

static void one_line_says_what_to_do(void **state)
{
    static const struct {
        const char *line, *says;
        int exit_status;
    } cases[] = {
        {TROWEL " --batch process",
         "trowel: source_audio does not exist; --input_dir says where to look\n", 1},
        {TROWEL " --batch process --input_dir in/tape9.wav", "--input_dir", 1},
        {TROWEL " --batch drums --source in/tape9.wav",
         "trowel: in/tape9.wav does not exist; --source says where to look\n", 1},
        {TROWEL " --batch dust --pads_dir lost --hiss_dir in --output_dir dusty",
         "trowel: lost does not exist; --pads_dir says where to look\n", 1},
        {"ln -s lost.wav link.wav; " TROWEL " --batch analyze --source link.wav",
         "trowel: link.wav is a broken link\n", 1},
        {"ln -s loop.wav loop.wav; " TROWEL " --batch analyze --source loop.wav",
         "trowel: loop.wav is a link that leads back to itself\n", 1},
        {"echo 'global: {sample_rate: 4000}' > c.yaml; " TROWEL
         " --batch validate --config c.yaml",
         "trowel: c.yaml:1: global.sample_rate is 4000; expected", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        OWN(outcome) o;
        run(&o, *state, cases[i].line);
        assert_int_equal(o.exit_status, cases[i].exit_status);
        assert_int_equal(lines_of(o.err), 1);
        assert_true(text_has(o.err, cases[i].says));
    }
}

/* Also of the recordings of the demo, and of what hinders it. */
static void a_dry_run_writes_nothing(void **state)
{
    OWN(outcome) o;
    run(&o, *state,
        "for p in demo 'all --input_dir in' 'drums --source in/tape0.wav'; do " TROWEL
        " --batch $p --dry-run >/dev/null || exit; done; find .");
    assert_int_equal(o.exit_status, 0);
    assert_int_equal(lines_of(o.out), 6); /* ., in and the four files in it */
    outcome_done(&o);
    /* What is there already is counted as it would be, and stays as it is. */
    run(&o, *state,
        PROCESS "; find export -type f -exec sha256sum {} + >sums; for p in "
                "'index --project' 'curate --input_root' 'report --input_dir' "
                "'format --input_dir'; do " TROWEL
                " --batch $p export/BATCH_01 --dry-run || exit; done; "
                "find export -type f -exec sha256sum {} + | diff sums - || exit 9");
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.out, "BATCH_01: 3 sources, 33 finds, "));
    assert_true(
        text_has(o.out, " of 33 finds would be chosen for export/BATCH_01/best_of"));
    assert_true(text_has(o.out, "33 samples would be in "));
}

/* What would be refused is refused, what would be passed over is told. */
static void a_dry_run_meets_what_is_there(void **state)
{
    OWN(outcome) o;
    run(&o, *state, PROCESS "; cp in/tape0.wav in/tape9.wav");
    outcome_done(&o);
    run(&o, *state, PROCESS " --dry-run");
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.out, "tape2.wav -> tape2 (done before)\n"));
    assert_true(text_has(o.out, "tape9.wav -> tape9\n"));
    outcome_done(&o);
    run(&o, *state, PROCESS " --dry-run --json");
    assert_true(text_has(o.out, "\"source\":\"tape2.wav\",\"state\":\"skipped\""));
    assert_true(text_has(o.out, "\"sources\":4,\"done\":0,\"skipped\":3,"));
    outcome_done(&o);
    SAYS(4, err, "was made with drum_miner.delta 0.05, not 0.06; ",
         PROCESS " --dry-run --set drum_miner.delta=0.06");
    run(&o, *state, PROCESS " --dry-run --force --set drum_miner.delta=0.06");
    assert_int_equal(o.exit_status, 0);
    assert_false(text_has(o.out, "done before"));
    outcome_done(&o);
    run(&o, *state, "echo text >in/tape8.wav; " PROCESS " --dry-run");
    assert_int_equal(o.exit_status, 1); /* as a run would have it */
    assert_true(text_has(o.err, "in/tape8.wav cannot be read as audio"));
    assert_true(text_has(o.err, "1 of 5 sources would fail"));
    assert_true(text_has(o.out, "tape9.wav -> tape9\n"));
    assert_false(text_has(o.out, "tape8"));
    SAYS(4, err, "tape1.wav has changed since it was processed",
         "rm in/tape8.wav; cp in/tape2.wav in/tape1.wav; " PROCESS " --dry-run");
    ENDS(0, TROWEL " --batch curate --input_root export/BATCH_01 --top 2 && " TROWEL
                   " --batch format --input_dir export/BATCH_01 --output_dir kits && "
                   "date >page.html");
    static const char *const again[] = {
        "curate --input_root export/BATCH_01 --top 1",
        "format --input_dir export/BATCH_01 --output_dir kits",
        "report --input_dir export/BATCH_01 --output page.html"};
    for (size_t i = 0; i < sizeof again / sizeof *again; i++) {
        char line[512];
        snprintf(line, sizeof line, "%s --batch %s --dry-run", TROWEL, again[i]);
        SAYS(4, err, "--force replaces it", line);
        strcat(line, " --force");
        ENDS(0, line);
    }
}

/* Where no kit, set or page can be made nothing is mined for it. /proc refuses every new
 * folder; a dry run does not try. */
static void a_card_that_cannot_be_written_is_told_first(void **state)
{
    static const char *const places[][2] = {{"--output_dir /proc/kits", "/proc/kits/A?"},
                                            {"--output_root /proc/best?", "/proc/best?"},
                                            {"--output /proc/a?/page", "/proc/a?/page"}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char line[512];
        OWN(outcome) o;
        snprintf(line, sizeof line,
                 "%s --batch all --input_dir in --kit_name 'A?' %s; s=$?; ls; exit $s",
                 TROWEL_BIN, places[i][0]);
        run(&o, *state, line);
        FREED const char *says = text_of("trowel: %s cannot be made", places[i][1]);
        assert_int_equal(o.exit_status, 5);
        bool refused = text_has(o.err, "trowel: the folder /proc cannot be written");
        assert_true(text_has(o.err, says) || refused);
        assert_string_equal(o.out, "in\n");
        outcome_done(&o);
        snprintf(line, sizeof line,
                 "%s --batch all --input_dir in --kit_name 'A?' %s --dry_run", TROWEL_BIN,
                 places[i][0]);
        run(&o, *state, line);
        assert_int_equal(o.exit_status, refused ? 5 : 0);
    }
}

static void who_reads_json_reads_every_failure(void **state)
{
    static const char *const lines[] = {
        TROWEL " --batch nope --json", TROWEL " --batch process --jobs 0 --json",
        TROWEL " --batch --json", TROWEL " --batch process extra --json",
        TROWEL " --batch process --json --inputdir x"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        OWN(outcome) o;
        run(&o, *state, lines[i]);
        assert_int_equal(o.exit_status, 2);
        assert_int_equal(lines_of(o.out), 1);
        assert_true(text_has(o.out, "{\"event\":\"error\",\"message\":"));
    }
}

/* All digits of a seed, also those that a double does not hold. */
static void seeds_are_exact(void **state)
{
    OWN(outcome) o;
    run(&o, *state,
        TROWEL " --batch process --input_dir in --stages drums --json "
               "--seed 18446744073709551615 | grep -c '\"seed\":18446744073709551615}'");
    assert_string_equal(o.out, "1\n");
    outcome_done(&o);
    run(&o, *state, "cut -d, -f32 export/BATCH_01/manifest.csv | sort -u | head -1");
    assert_string_equal(o.out, "18446744073709551615\n");
    outcome_done(&o);
    run(&o, *state,
        "grep -c 'random_seed: 18446744073709551615' "
        "export/BATCH_01/config.effective.yaml");
    assert_string_equal(o.out, "1\n");
}

/* A folder whose name is no UTF-8 and holds a line break, without a seed of one's own:
 * the settings that the project wrote down name it, and the next run reads them. */
static void folders_of_old_disks_are_gone_on_with(void **state)
{
    static const char line[] =
        "old=$(printf 'caf\\351\\ntape'); [ -d in ] && mv in \"$old\"; " TROWEL
        " --batch process --stages drums --input_dir \"$old\"";
    for (int again = 0; again < 2; again++) {
        SAYS(0, out, again ? "0 done, 3 done before" : "3 done, 0 done", line);
    }
}

/* Help that goes to a full disk was not given. */
static void help_on_a_full_disk_fails(void **state)
{
    static const char *const words[] = {"--help", "--version", "--batch --help",
                                        "--batch all --help"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        FREED const char *line = text_of(TROWEL " %s >/dev/full", words[i]);
        SAYS(5, err, "standard output cannot be written: No space", line);
    }
}

/* What lies too deep to be named is not passed over without a word. */
static void unread_folders_are_told(void **state)
{
    OWN(outcome) o;
    run(&o, *state,
        "d=$(printf '%0250d' 0); mkdir in/more; cd in/more; i=0; while [ $i -lt 18 ]; do "
        "mkdir $d; cd -P ./$d; i=$((i+1)); done");
    outcome_done(&o);
    run(&o, *state, PROCESS " --recursive");
    bool told = text_has(o.err, "1 folder cannot be read: in/more/000");
    int ended = o.exit_status;
    outcome_done(&o);
    run(&o, *state, TROWEL " --batch format --input_dir in --dry_run");
    bool kit_told = o.exit_status == 1 &&
                    text_has(o.err, "warning: 1 folder cannot be read: in/more/000");
    outcome_done(&o);
    run(&o, *state, "rm -rf in/more"); /* folder_remove names paths, too */
    assert_true(told);
    assert_true(kit_told);
    assert_int_equal(ended, 0);
}

/* Nor were results, however long: what does not fit into the stream's buffer fails as it
 * is written. */
static void results_on_a_full_disk_fail(void **state)
{
    enum { TIMES = 12, BUFFER = 4096 };
    static float part[FRAMES], x[TIMES * FRAMES];
    static const char *const how[] = {"", "--json"};
    char path[FOLDER_BYTES], line[200];
    struct outcome o;
    make_hits(part, 900);
    for (size_t i = 0; i < TIMES; i++)
        memcpy(x + i * FRAMES, part, sizeof part);
    assert_true(folder_sound(folder_path(path, *state, "long.wav"),
                             SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 1, x,
                             TIMES * FRAMES));
    for (size_t i = 0; i < 2; i++) {
        snprintf(line, sizeof line, TROWEL " --batch analyze --source long.wav %s",
                 how[i]);
        run(&o, *state, line);
        assert_int_equal(o.exit_status, 0);
        assert_true(strlen(o.out) > BUFFER);
        outcome_done(&o);
        strcat(line, " >/dev/full");
        SAYS(5, err, "standard output cannot be written: No space", line);
    }
}

/* An overnight run goes on when its terminal goes. */
static void nohup_is_heeded(void **state)
{
    SAYS(0, out, "3 sources: 3 done",
         "trap '' HUP; " PROCESS " --export_root out & p=$!; "
         "while [ ! -e out/BATCH_01 ]; do sleep 0.01; done; kill -HUP $p; wait $p");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTILE(closed_streams_lose_nothing_but_the_words),
        HOSTILE(a_limit_on_file_sizes_is_a_full_disk),
        HOSTILE(two_runs_at_once_make_one_project),
        HOSTILE(what_was_written_is_no_recording),
        HOSTILE(newcomers_take_no_name),
        HOSTILE(changed_recordings_are_refused),
        HOSTILE(the_same_twice_is_told),
        HOSTILE(a_folder_at_home_is_no_tilde),
        HOSTILE(decisions_are_taken_in),
        HOSTILE(deleted_samples_stay_deleted),
        HOSTILE(libraries_do_not_print),
        HOSTILE(nothing_found_says_what_was_near),
        HOSTILE(an_offset_is_no_sound),
        HOSTILE(a_flam_is_one_hit),
        HOSTILE(one_line_says_what_to_do),
        HOSTILE(a_dry_run_writes_nothing),
        HOSTILE(a_dry_run_meets_what_is_there),
        HOSTILE(a_card_that_cannot_be_written_is_told_first),
        HOSTILE(who_reads_json_reads_every_failure),
        HOSTILE(seeds_are_exact),
        HOSTILE(folders_of_old_disks_are_gone_on_with),
        HOSTILE(help_on_a_full_disk_fails),
        HOSTILE(unread_folders_are_told),
        HOSTILE(results_on_a_full_disk_fail),
        HOSTILE(nohup_is_heeded),
    };
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
