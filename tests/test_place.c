/* Whose folder is it? No pipeline overwrites the manifest of what something else wrote,
 * and no project mixes two recipes. */
#include "checks.h"
#include "core/rng.h"
#include "folder.h"
#include "io/manifest.h"
#include "io/soundfile.h"
#include "program.h"
#include "tone.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *top;

/* Eight bursts of noise, half a second apart. */
static void write_hits(const char *folder, const char *name, uint64_t seed)
{
    OWN(root) r;
    struct rng rng = rng_derive(seed, 0, "hits", 0);
    FREED const char *path = text_of("%s/%s", top, folder);
    OWN(audio) a = tone_frames(4 * 44100, 1, 44100);
    tone_noise(&a, 0.3, &rng);
    for (size_t i = 0; i < a.frames; i++) {
        double t = fmod((double)i / 44100, 0.5) - 0.1;
        a.data[i] *= (float)(t < 0 ? 0.0005 : exp(-t * 40));
    }
    assert_int_equal(root_open(&r, path, true, NULL), ST_OK);
    assert_int_equal(soundfile_write_wav(&r, name, &a, 16, NULL, NULL), ST_OK);
}

static int set_up(void **state)
{
    folder_setup(state);
    top = *state;
    write_hits("one", "first.wav", 1);
    write_hits("two", "second.wav", 2);
    return 0;
}

/* Run, and be told `says` (or anything) under this exit status. */
static void run(int status, const char *says, char *const argv[])
{
    OWN(outcome) o;
    program_run(&o, top, argv);
    if (o.exit_status != status)
        fprintf(stderr, "%s%s", o.out, o.err);
    assert_int_equal(o.exit_status, status);
    if (says)
        assert_true(text_has(o.err, says) || text_has(o.out, says));
}

#define RUN(status, says, ...)                                                           \
    run(status, says, (char *[]){TROWEL_BIN, "--batch", __VA_ARGS__, (char *)NULL})
#define PROCESS(in, name) "process", "--input_dir", in, "--project_name", name

/* The same, and nothing below `folder` changes. */
#define REFUSED(folder, says, ...)                                                       \
    do {                                                                                 \
        char *before_ = hash(folder), *after_;                                           \
        RUN(4, says, __VA_ARGS__);                                                       \
        after_ = hash(folder);                                                           \
        assert_string_equal(before_, after_);                                            \
        free(before_);                                                                   \
        free(after_);                                                                    \
    } while (0)

static char *hash(const char *folder)
{
    FREED const char *path = text_of("%s/%s", top, folder);
    return tree_hash(path, NULL);
}

static size_t rows_of(const char *folder)
{
    FREED struct candidate *rows;
    size_t count;
    FREED const char *path = text_of("%s/%s/manifest.csv", top, folder);
    assert_int_equal(manifest_read(path, &rows, &count, NULL), ST_OK);
    return count;
}

static void write_text(const char *folder, const char *name, const char *text)
{
    OWN(root) r;
    FREED const char *path = text_of("%s/%s", top, folder);
    assert_int_equal(root_open(&r, path, true, NULL), ST_OK);
    assert_int_equal(root_write_file(&r, name, text, strlen(text), NULL), ST_OK);
}

static void a_project_has_one_recipe(void **state)
{
    RUN(0, NULL, PROCESS("one", "ONE"), "--stages", "drums", "--seed", "1");
    size_t rows = rows_of("export/ONE");
    assert_int_equal(rows, 8);
    /* None of these touches the recording that is on record. */
    REFUSED("export",
            "ONE was made with reproducibility.random_seed 1, not 2; --force starts "
            "afresh, --project_name begins another",
            PROCESS("two", "ONE"), "--stages", "drums", "--seed", "2");
    REFUSED("export",
            "ONE was made with --stages drums; --force starts afresh, --project_name",
            PROCESS("two", "ONE"), "--stages", "drums,silences", "--seed", "1");
    REFUSED("export", "made with drum_miner.max_length_sec 0.8, not 0.2; --force",
            PROCESS("two", "ONE"), "--stages", "drums", "--set",
            "drum_miner.max_length_sec=0.2");
    REFUSED("export", "; drum_miner.fade_out_ms 20, not 3; and 1 more; --force",
            PROCESS("two", "ONE"), "--stages", "drums", "--set",
            "drum_miner.max_length_sec=0.2", "--set", "drum_miner.fade_out_ms=3",
            "--seed", "9", "--set", "audio.latency_ms=50");
    REFUSED("export", NULL, PROCESS("two", "ONE"), "--stages", "drums", "--seed", "2",
            "--dry-run");
    RUN(0, NULL, PROCESS("two", "ONE"), "--stages", "drums");
    assert_int_equal(rows_of("export/ONE"), 16);
    /* `textures` is made of parts, each with a recipe of its own. */
    RUN(0, NULL, "textures", "--make_hiss", "--set", "paths.drums_dir=one", "--seed",
        "1");
    RUN(0, NULL, "textures", "--make_clouds", "--set", "paths.pad_sources_dir=two");
    assert_true(rows_of("export/TEXTURES") >= 10);
}

/* Settings that were tidied away are those that it was made with: the seed that was drawn
 * is on record, and the same command writes them down again. */
static void settings_that_are_gone_come_back(void **state)
{
    char *before, *after;
    size_t n;
    FREED const char *path = text_of("%s/export/DRAWN/config.effective.yaml", top);
    RUN(0, NULL, PROCESS("one", "DRAWN"), "--stages", "drums");
    assert_int_equal(path_read_file(path, 1 << 20, &before, &n, NULL), ST_OK);
    assert_int_equal(remove(path), 0);
    REFUSED("export", "DRAWN was made with settings that cannot be read any more (",
            PROCESS("one", "DRAWN"), "--stages", "drums", "--seed", "5");
    RUN(0, "1/1 first.wav: done before", PROCESS("one", "DRAWN"), "--stages", "drums");
    assert_int_equal(path_read_file(path, 1 << 20, &after, &n, NULL), ST_OK);
    assert_string_equal(before, after);
    free(before);
    free(after);
    write_text("export/DRAWN", "config.effective.yaml", "pad_miner: loud\n");
    REFUSED("export", "any more (config.effective.yaml:1: pad_miner is loud",
            PROCESS("one", "DRAWN"), "--stages", "drums", "--seed", "5");
}

static void a_project_and_a_flat_folder_are_two_things(void **state)
{
    RUN(0, NULL, PROCESS("one", "TREE"), "--stages", "drums", "--seed", "1");
    RUN(0, NULL, "drums", "--source", "one/first.wav", "--export", "export/FLAT",
        "--seed", "1");
    assert_int_equal(rows_of("export/FLAT"), 8);
    /* With the same recipe, and with --force. */
    REFUSED("export", "is a project; name another folder", "drums", "--source",
            "one/first.wav", "--export", "export/TREE", "--seed", "1");
    REFUSED("export", "is a project; name another folder", "silences", "--source",
            "two/second.wav", "--export", "export/TREE", "--force");
    REFUSED("export", "is a project; name another folder", "clouds", "--input_dir", "two",
            "--output_dir", "export/TREE", "--dry-run");
    REFUSED("export", "clouds or dust, not a project", PROCESS("one", "FLAT"), "--stages",
            "drums", "--seed", "1");
    REFUSED("export", "clouds or dust, not a project", PROCESS("two", "FLAT"), "--force");
    /* The catalog can be built anew, so it need not be there to tell. */
    FREED const char *path = text_of("%s/export/TREE/catalog.db", top);
    assert_int_equal(remove(path), 0);
    REFUSED("export", "is a project; name another folder", "drums", "--source",
            "two/second.wav", "--export", "export/TREE", "--seed", "1");
    RUN(0, NULL, PROCESS("one", "TREE"), "--stages", "drums", "--seed", "1");
    assert_int_equal(rows_of("export/TREE"), 8);
    /* Two sources share a flat folder. */
    RUN(0, NULL, "drums", "--source", "two/second.wav", "--export", "export/FLAT",
        "--seed", "1");
    assert_int_equal(rows_of("export/FLAT"), 16);
    /* What is made of one anew leaves what was made of the other. */
    RUN(0, NULL, "drums", "--source", "two/second.wav", "--export", "export/FLAT",
        "--seed", "2", "--force");
    assert_int_equal(rows_of("export/FLAT"), 16);
}

static void a_best_of_set_replaces_only_its_own(void **state)
{
    RUN(0, NULL, PROCESS("one", "MINED"), "--stages", "drums", "--seed", "1");
    RUN(0, NULL, PROCESS("two", "OTHER"), "--stages", "drums", "--seed", "1");
    RUN(0, NULL, "format", "--input_dir", "export/MINED", "--kit_name", "KIT");
    REFUSED("export", "name another folder", "curate", "--input_root", "export/MINED",
            "--output_root", "export/OTHER", "--force");
    REFUSED("export", "first holds what trowel mined; name another folder", "curate",
            "--input_root", "export/MINED", "--output_root", "export/MINED/first",
            "--force");
    REFUSED("export", "first/ holds what trowel mined", "curate", "--input_root",
            "export/MINED", "--output_root", "export/MINED/first/", "--force");
    REFUSED("export", "is a kit", "curate", "--input_root", "export/MINED",
            "--output_root", "export/kits/KIT", "--force");
    REFUSED("export", "is a kit", "curate", "--input_root", "export/MINED",
            "--output_root", "export/kits/KIT", "--force", "--dry-run");
    REFUSED("export", "first holds what trowel mined; name another --kit_name", "format",
            "--input_dir", "export/MINED", "--output_dir", "export/MINED", "--kit_name",
            "first", "--force");
    REFUSED("export", "does not belong to this run; move it away", PROCESS("two", "KIT"),
            "--export_root", "export/kits");
    RUN(0, NULL, "curate", "--input_root", "export/MINED", "--top", "3");
    REFUSED("export", "does not belong to this run; move it away", "clouds",
            "--input_dir", "two", "--output_dir", "export/MINED/best_of");
}

/* Its rows name finds whose files lie elsewhere: "missing", all of them. */
static void nothing_is_made_of_a_kit(void **state)
{
    RUN(2, "export/kits/KIT is a kit; make one from a project", "format", "--input_dir",
        "export/kits/KIT", "--kit_name", "AGAIN");
    RUN(2, "export/kits/KIT is a kit; --input_root names the project", "curate",
        "--input_root", "export/kits/KIT", "--output_root", "of_kit");
    /* but of its sounds */
    RUN(0, NULL, "format", "--input_dir", "export/kits/KIT/ROLAND", "--kit_name",
        "AGAIN");
}

static void a_foreign_manifest_stays(void **state)
{
    static const char list[] = "my,own,list\n1,2,3\n";
    write_text("export/NOTES", "manifest.csv", list);
    write_text("notes", "manifest.csv", list);
    RUN(0, NULL, PROCESS("one", "SOME"), "--stages", "drums", "--seed", "1");
    REFUSED("export/NOTES", "manifest.csv does not belong to this run; move it away",
            PROCESS("one", "NOTES"), "--seed", "1");
    REFUSED("export/NOTES", "manifest.csv does not belong to this run; move it away",
            PROCESS("one", "NOTES"), "--seed", "1", "--force");
    REFUSED("notes", "manifest.csv does not belong to this run; move it away", "drums",
            "--source", "one/first.wav", "--export", "notes", "--force");
    REFUSED("notes", "manifest.csv does not belong to a best-of set; move it away",
            "curate", "--input_root", "export/SOME", "--output_root", "notes", "--force");
}

static void link_to_out(const char *name)
{
    char out[512];
    FREED const char *path = text_of("%s/%s", top, name);
    snprintf(out, sizeof out, "%s/out", top);
    assert_int_equal(symlink(out, path), 0);
}

/* The folders that nobody named lie below the export root, and links do not lead out. */
static void default_folders_are_contained(void **state)
{
    static const char says[] = "is a symbolic link; nothing is written through it";
    char out[512];
    snprintf(out, sizeof out, "%s/out", top);
    write_text("out", "here", "");
    RUN(0, NULL, PROCESS("one", "IN"), "--stages", "drums", "--seed", "1",
        "--export_root", "ex");
    RUN(0, NULL, "drums", "--source", "two/second.wav", "--export", "hiss", "--seed",
        "1");
#define LINKED(...)                                                                      \
    do {                                                                                 \
        RUN(2, says, __VA_ARGS__, "--export_root", "ex");                                \
        assert_int_equal(tree_count(out, ""), 1);                                        \
    } while (0)
    link_to_out("ex/IN/best_of");
    LINKED("curate", "--input_root", "ex/IN");
    LINKED("all", "--input_dir", "one", "--project_name", "IN", "--stages", "drums");
    link_to_out("ex/kits");
    LINKED("format", "--input_dir", "hiss");
    LINKED("format", "--input_dir", "hiss", "--dry-run");
    link_to_out("ex/clouds");
    LINKED("clouds", "--input_dir", "one");
    link_to_out("ex/dust");
    LINKED("dust", "--pads_dir", "one", "--hiss_dir", "hiss");
    link_to_out("ex/first");
    LINKED("drums", "--source", "one/first.wav");
    LINKED("silences", "--source", "one/first.wav");
#undef LINKED
    /* What was asked for is the user's choice. */
    RUN(0, NULL, "format", "--input_dir", "hiss", "--output_dir", "ex/kits");
}

/* Installed below any prefix, the config that came along is found: after ./config.yaml
 * and the user's. */
static void the_installed_config_is_beside_the_program(void **state)
{
    char program[512], home[512];
    struct outcome o;
    snprintf(program, sizeof program, "%s/usr/bin/trowel", top);
    snprintf(home, sizeof home, "%s/home", top);
    write_text("usr/share/trowel", "config.yaml",
               "drum_miner: {max_saved_per_file: 7}\n");
    write_text("usr/bin", "empty", "");
    program_run(&o, NULL, (char *[]){"/bin/cp", TROWEL_BIN, program, NULL});
    assert_int_equal(o.exit_status, 0);
    outcome_done(&o);
    setenv("XDG_CONFIG_HOME", home, 1);
    for (int kept = 7; kept >= 5; kept--) {
        FREED const char *line = text_of("max_saved_per_file: %d\n", kept);
        program_run(&o, top, (char *[]){program, "--batch", "validate", NULL});
        assert_int_equal(o.exit_status, 0);
        assert_true(text_has(o.out, line));
        outcome_done(&o);
        if (kept == 7)
            write_text("home/trowel", "config.yaml",
                       "drum_miner: {max_saved_per_file: 6}\n");
        else if (kept == 6)
            write_text(".", "config.yaml", "drum_miner: {max_saved_per_file: 5}\n");
    }
    unsetenv("XDG_CONFIG_HOME");
    snprintf(program, sizeof program, "%s/config.yaml", top);
    assert_int_equal(remove(program), 0);
}

/* The catalog and the manifest of a project alone are made anew. */
static void index_leaves_what_is_no_project(void **state)
{
    static char *const others[][2] = {
        {"idx/IN/best_of", "holds a best-of set, not a project"},
        {"idx/kits/KIT", "holds a kit, not a project"},
        {"idx/hits", "holds samples of drums, silences, clouds or dust, not a project"},
        {"idx/mine", "manifest.csv was not written by trowel; move it away"}};
    RUN(0, NULL, "all", "--input_dir", "one", "--stages", "drums", "--seed", "1",
        "--export_root", "idx", "--project_name", "IN", "--kit_name", "KIT");
    RUN(0, NULL, "drums", "--source", "two/second.wav", "--export", "idx/hits", "--seed",
        "1");
    write_text("idx/mine", "manifest.csv", "my,own,list\n1,2,3\n");
    FREED char *before = hash("idx"), *after;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        RUN(4, others[i][1], "index", "--project", others[i][0]);
        RUN(4, others[i][1], "index", "--project", others[i][0], "--dry-run");
    }
    RUN(1, "is not a trowel project", "index", "--project", "idx/IN/first");
    after = hash("idx");
    assert_string_equal(before, after);
    /* An empty catalog, left by a version that opened such sets, is in nobody's way. */
    write_text("idx/IN/best_of", "catalog.db", "");
    RUN(0, NULL, "all", "--input_dir", "one", "--stages", "drums", "--seed", "1",
        "--export_root", "idx", "--project_name", "IN", "--kit_name", "KIT");
    /* A project without its records is known by its manifest or its catalog. */
    char path[512];
    size_t rows = rows_of("idx/IN");
    snprintf(path, sizeof path, "%s/idx/IN/.trowel", top);
    folder_remove(path);
    snprintf(path, sizeof path, "%s/idx/IN/catalog.db", top);
    assert_int_equal(remove(path), 0);
    RUN(0, "idx/IN: 1 source, ", "index", "--project", "idx/IN");
    assert_int_equal(rows_of("idx/IN"), rows);
    write_text("idx/IN", "manifest.csv", "torn");
    RUN(0, "measuring the samples instead", "index", "--project", "idx/IN");
    assert_int_equal(rows_of("idx/IN"), rows);
    /* All of its samples are elsewhere: its list stays. */
    snprintf(path, sizeof path, "%s/idx/IN/first", top);
    folder_remove(path);
    RUN(1, "is a disk missing?", "index", "--project", "idx/IN");
    assert_int_equal(rows_of("idx/IN"), rows);
}

/* Mining takes hours: what would refuse the set, the kit or the page is told before. */
static void all_tells_what_is_in_the_way_before_it_mines(void **state)
{
    FREED const char *project = text_of("%s/late/AHEAD", top);
#define AHEAD(status, says, ...)                                                         \
    do {                                                                                 \
        RUN(status, says, "all", "--input_dir", "one", "--stages", "drums",              \
            "--export_root", "late", "--project_name", "AHEAD", __VA_ARGS__);            \
        assert_int_not_equal(access(project, F_OK), 0);                                  \
    } while (0)
    AHEAD(2, "the kit name a/b holds a separator", "--kit_name", "a/b");
    AHEAD(2, "the kit name a/b holds a separator", "--kit_name", "a/b", "--dry-run");
    AHEAD(2, "unknown target tr9", "--target", "tr9");
    AHEAD(1, "the decisions in nowhere.txt cannot be read", "--decisions", "nowhere.txt");
    AHEAD(1, "two is a folder or a device, not a file", "--decisions", "two");
    AHEAD(1, "/dev/null is a folder or a device", "--decisions", "/dev/null");
    AHEAD(5, "one/first.wav cannot be opened", "--output_dir", "one/first.wav");
    AHEAD(5, "one/first.wav cannot be opened", "--output_root", "one/first.wav");
    AHEAD(2, "two is a folder", "--output", "two");
    AHEAD(2, "new/ is a folder", "--output", "new/");
    /* A recording is no report's place, and nothing replaces it. */
    char *before = hash("one"), *after;
    AHEAD(4, "one/first.wav is not a report", "--output", "one/first.wav");
    AHEAD(4, "one/first.wav is not a report", "--output", "one/first.wav", "--force");
    write_text("late", "theirs.html", "<p>mine</p>");
    AHEAD(4, "late/theirs.html is not a report", "--output", "late/theirs.html",
          "--force");
    write_text("late/kits/OTHER", "manifest.csv", "my,list\n1,2\n");
    AHEAD(4, "does not belong to a kit; move it away", "--kit_name", "OTHER", "--force");
    RUN(0, NULL, PROCESS("two", "MADE"), "--stages", "drums", "--seed", "1");
    RUN(0, NULL, "format", "--input_dir", "export/MADE", "--output_dir", "late/kits");
    AHEAD(4, "holds a kit; --force replaces it, another --kit_name keeps it", "--seed",
          "1");
#undef AHEAD
    after = hash("one");
    assert_string_equal(before, after);
    free(before);
    free(after);
}

/* The kit of a project that was removed is made anew with it; and of a kit that was not
 * written nobody is told how it comes onto the machine. */
static void all_knows_its_own_kit(void **state)
{
    OWN(outcome) o;
    static char *const all[] = {TROWEL_BIN, "--batch",       "all",   "--input_dir",
                                "one",      "--stages",      "drums", "--seed",
                                "1",        "--export_root", "own",   NULL};
    program_run(&o, top, all);
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.err, "ASSIGN.txt says how"));
    outcome_done(&o);
    program_run(&o, top,
                (char *[]){TROWEL_BIN, "--batch", "format", "--input_dir", "own/BATCH_01",
                           "--export_root", "own", "--kit_name", "TOLD", "--json", NULL});
    assert_true(text_has(o.out, "\"output\":\"own/kits/TOLD\""));
    outcome_done(&o);
    FREED const char *project = text_of("%s/own/BATCH_01", top);
    folder_remove(project);
    run(0, "ASSIGN.txt says how", all);
    folder_remove(project);
    RUN(0, "ASSIGN.txt says how", "all", "--input_dir", "one/first.wav", "--stages",
        "drums", "--seed", "1", "--export_root", "own");
    folder_remove(project);
    RUN(4, "holds a kit", "all", "--input_dir", "two/second.wav", "--stages", "drums",
        "--seed", "1", "--export_root", "own");
    run(0, NULL, all);
    program_run(&o, top,
                (char *[]){TROWEL_BIN, "--batch", "all", "--input_dir", "one", "--stages",
                           "drums", "--seed", "2", "--export_root", "own", NULL});
    assert_int_equal(o.exit_status, 4);
    assert_false(text_has(o.err, "next:"));
}

/* Recorders number what they record: the kit of another 1.wav is another's. */
static void kits_of_one_name_are_told_apart(void **state)
{
    char path[512];
    OWN(audio) later;
    struct root r;
    enum { EARLIER = 2500 };
    write_hits("rec1", "1.wav", 3);
    write_hits("rec2", "1.wav", 4);
    snprintf(path, sizeof path, "%s/rec2/1.wav", top);
    OWN(audio) a = sound_read(path);
    assert_int_equal(audio_slice(&later, &a, EARLIER, a.frames - EARLIER, NULL), ST_OK);
    snprintf(path, sizeof path, "%s/rec2", top);
    assert_int_equal(root_open(&r, path, true, NULL), ST_OK);
    assert_int_equal(soundfile_write_wav(&r, "1.wav", &later, 16, NULL, NULL), ST_OK);
    root_done(&r);
#define ALL(status, says, n)                                                             \
    RUN(status, says, "all", "--input_dir", "rec" n, "--stages", "drums", "--seed", "1", \
        "--export_root", "numbered", "--project_name", "P" n)
    ALL(0, NULL, "1");
    FREED char *before = hash("numbered/kits"), *after;
    ALL(4, "holds a kit", "2");
    after = hash("numbered/kits");
    assert_string_equal(before, after);
    ALL(0, NULL, "1");
#undef ALL
}

static void textures_without_any_folder_says_so(void **state)
{
    RUN(1, "none of the folders that the config names (paths) holds recordings",
        "textures");
    RUN(1, "drums (paths.drums_dir) does not exist; skipped", "textures");
    RUN(1, "drums does not exist; paths.drums_dir says", "textures", "--make_hiss");
}

/* A kit among the recordings' folders would be taken for one of them. */
static void no_project_lies_where_the_kits_do(void **state)
{
    RUN(2, "project name kits: the kits of all projects", PROCESS("one", "kits"));
    RUN(2, "project name Kits: ", PROCESS("one", "Kits"), "--dry-run");
    RUN(0, "", PROCESS("one", "kits_2"), "--dry-run");
}

/* What a dry run does not know it does not tell. */
static void a_dry_run_draws_no_seed(void **state)
{
    OWN(outcome) o;
    program_run(&o, top,
                (char *[]){TROWEL_BIN, "--batch", PROCESS("one", "DRY"), "--dry-run",
                           "--json", NULL});
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.out, "{\"event\":\"plan\",\"source\":\"first.wav\","
                                "\"output\":\"first\"}\n"));
    assert_true(text_has(o.out, "\"event\":\"summary\""));
    assert_false(text_has(o.out, "\"seed\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_project_has_one_recipe),
        cmocka_unit_test(settings_that_are_gone_come_back),
        cmocka_unit_test(a_project_and_a_flat_folder_are_two_things),
        cmocka_unit_test(a_best_of_set_replaces_only_its_own),
        cmocka_unit_test(nothing_is_made_of_a_kit),
        cmocka_unit_test(a_foreign_manifest_stays),
        cmocka_unit_test(default_folders_are_contained),
        cmocka_unit_test(the_installed_config_is_beside_the_program),
        cmocka_unit_test(index_leaves_what_is_no_project),
        cmocka_unit_test(all_tells_what_is_in_the_way_before_it_mines),
        cmocka_unit_test(all_knows_its_own_kit),
        cmocka_unit_test(kits_of_one_name_are_told_apart),
        cmocka_unit_test(textures_without_any_folder_says_so),
        cmocka_unit_test(no_project_lies_where_the_kits_do),
        cmocka_unit_test(a_dry_run_draws_no_seed),
    };
    return cmocka_run_group_tests(tests, set_up, folder_teardown);
}
