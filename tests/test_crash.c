/* kill -9 at every single call that writes: a decision, undo, mining, publishing, curate,
 * a kit, --force.
 * The calls are those of counted_calls.c, which counts them and dies in the n-th. */
#include "checks.h"
#include "counted_calls.h"

#include "core/curate.h"
#include "core/dig.h"
#include "core/kit.h"
#include "core/process.h"
#include "core/project_list.h"
#include "core/report.h"
#include "core/rng.h"
#include "core/session.h"
#include "dsp/synth.h"
#include "folder.h"
#include "io/manifest.h"
#include "io/paths.h"
#include "io/sha256.h"
#include "io/soundfile.h"
#include "own.h"
#include "program.h"
#include "tone.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sndfile.h>

/* --- the ground --- */

enum { FINDS = 6 };

struct place {
    char folder[256], project[300], db[320], best[300];
    struct candidate c[FINDS];
};

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    char path[900];
    folder_make(p->folder);
    snprintf(p->project, sizeof p->project, "%s/TAPES", p->folder);
    snprintf(p->db, sizeof p->db, "%s/catalog.db", p->project);
    snprintf(p->best, sizeof p->best, "%s/best", p->folder);
    mkdir(p->project, 0777);
    snprintf(path, sizeof path, "%s/tape", p->project);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/tape/pads", p->project);
    mkdir(path, 0777);
    for (int i = 0; i < FINDS; i++) {
        struct candidate *c = &p->c[i];
        candidate_clear(c);
        snprintf(c->source, sizeof c->source, "tape");
        snprintf(c->filename, sizeof c->filename, "tape_pad%d.wav", i);
        c->m.score = 0.9 - 0.1 * i;
        c->grade = 'A';
        c->saved = true;
        snprintf(path, sizeof path, "%s/tape/pads/%s", p->project, c->filename);
        FILE *f = fopen(path, "wb");
        for (int k = 0; k < 3000 * (i + 1); k++)
            fputc(k * (i + 3) >> 3 & 255, f);
        fclose(f);
        assert_int_equal(sha256_file(path, c->sha256, NULL), ST_OK);
    }
    *state = p;
    return 0;
}

static void publish(const struct place *p, int count)
{
    struct catalog_content content = {.candidates = p->c,
                                      .candidate_count = (size_t)count};
    struct err e = {0};
    if (catalog_publish(p->db, &content, &e) != ST_OK)
        fail_msg("%s", e.msg);
}

/* Runs `work` in a child that dies in its n-th writing call. True when it came through:
 * then everything was swept. */
static bool survives(long n, int (*work)(struct place *p), struct place *p)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        calls_left = n;
        int outcome = work(p);
        calls_left = -1;
        _exit(outcome);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGKILL);
        return false;
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    return true;
}

static struct session *open_session(const struct place *p)
{
    struct session *s;
    struct err e = {0};
    if (session_open(&s, p->project, &e) != ST_OK)
        fail_msg("%s", e.msg);
    return s;
}

/* --- a decision --- */

static int decide_and_undo(struct place *p)
{
    struct session *s;
    size_t one = 1, two = 2;
    if (session_open(&s, p->project, NULL) != ST_OK ||
        session_decide(s, &one, 1, DECISION_REJECTED, NULL) != ST_OK ||
        session_decide(s, &two, 1, DECISION_ACCEPTED, NULL) != ST_OK ||
        session_undo(s, NULL, NULL) != ST_OK ||
        session_rate(s, &two, 1, 3, NULL) != ST_OK)
        return 1;
    session_close(s);
    return 0;
}

static void test_decisions(void **state)
{
    struct place *p = *state;
    long n = 0, deaths[6] = {0};
    for (bool through = false; !through; n++) {
        unlink(p->db);
        publish(p, FINDS);
        struct session *s = open_session(p);
        size_t zero = 0;
        assert_int_equal(session_decide(s, &zero, 1, DECISION_ACCEPTED, NULL), ST_OK);
        session_close(s);
        through = survives(n, decide_and_undo, p);
        s = open_session(p);
        /* what was decided before stands, and of the rest a beginning, in order */
        assert_int_equal(session_count(s), FINDS);
        assert_int_equal(session_find(s, 0)->decision, DECISION_ACCEPTED);
        bool first = session_find(s, 1)->decision == DECISION_REJECTED,
             second = session_find(s, 2)->decision == DECISION_ACCEPTED,
             rated = session_find(s, 2)->rating == 3;
        assert_true(first || (!second && !rated));
        assert_false(second && rated);
        size_t events = catalog_event_count(session_catalog(s));
        assert_int_equal(events, 1 + first + (second ? 1 : events > 2 ? 2 : 0) + rated);
        deaths[events < 6 ? events : 5]++;
        assert_int_equal(session_undo(s, NULL, NULL), ST_OK);
        session_close(s);
        if (through)
            assert_true(rated);
    }
    print_message(
        "died in %ld calls; events there after: 1:%ld 2:%ld 3:%ld 4:%ld 5:%ld\n", n - 1,
        deaths[1], deaths[2], deaths[3], deaths[4], deaths[5]);
    assert_true(n > 10);
    for (int i = 1; i < 6; i++)
        assert_true(deaths[i] > 0);
}

/* --- the machine's half --- */

static int publish_all(struct place *p)
{
    struct catalog_content content = {.candidates = p->c, .candidate_count = FINDS};
    return catalog_publish(p->db, &content, NULL) != ST_OK;
}

static void sweep_publish(struct place *p, bool decided)
{
    long n = 0;
    for (bool through = false; !through; n++) {
        unlink(p->db);
        publish(p, 3);
        if (decided) {
            OWN(session) *s = open_session(p);
            size_t zero = 0;
            session_decide(s, &zero, 1, DECISION_ACCEPTED, NULL);
        }
        through = survives(n, publish_all, p);
        OWN(session) *s = open_session(p);
        size_t count = session_count(s);
        assert_true(count == FINDS || (count == 3 && !through));
        assert_int_equal(session_find(s, 0)->decision,
                         decided ? DECISION_ACCEPTED : DECISION_NONE);
    }
    assert_true(n > 5);
}

static void test_publish(void **state)
{
    sweep_publish(*state, false);
    sweep_publish(*state, true);
}

static int deliver_all(struct place *p)
{
    struct session *s;
    struct catalog_source source = {.stem = "tape"};
    if (session_open(&s, p->project, NULL) != ST_OK ||
        session_add(s, &source, p->c, FINDS, NULL, NULL) != ST_OK)
        return 1;
    session_close(s);
    return 0;
}

static void test_mining(void **state)
{
    struct place *p = *state;
    long n = 0;
    for (bool through = false; !through; n++) {
        unlink(p->db);
        through = survives(n, deliver_all, p);
        OWN(session) *s = open_session(p);
        size_t count = session_count(s);
        assert_true(count == FINDS || (count == 0 && !through));
    }
    assert_true(n > 5);
}

/* --- clearing --- */

enum { HITS = 4 };

static void put_tape(const char *folder)
{
    enum { RATE = 44100 };
    struct rng rng = rng_derive(1, 0, "crash", 0);
    OWN(audio) a = tone_frames((size_t)RATE * HITS / 2 + RATE, 1, RATE);
    for (int i = 0; i < HITS; i++)
        synth_drum(SYNTH_SNARE, 0.7, 1, &rng, a.data + RATE / 4 + i * RATE / 2,
                   RATE * 2 / 5, RATE);
    folder_wav(folder, "tape.wav", &a, 16);
}

/* What a run makes of it, unless an earlier one has completed it. */
static void process_tape(const struct place *p)
{
    OWN(project) dug;
    struct config cfg;
    struct recipe recipe = {.stages = 1u << STAGE_DRUMS};
    char path[300];
    struct source_file tape = {.path = path, .relative = "tape.wav", .stem = "tape"};
    struct catalog_source source;
    OWN(find_list) finds = {0};
    struct err e = {0};
    snprintf(path, sizeof path, "%s/tape.wav", p->folder);
    config_defaults(&cfg, NULL);
    assert_int_equal(recipe_init(&recipe, &cfg, NULL), ST_OK);
    assert_int_equal(project_open(&dug, p->folder, "DUG", NULL), ST_OK);
    if (project_check_place(&dug, &e) != ST_OK)
        fail_msg("%s", e.msg);
    struct source_job one = {.project = &dug, .recipe = &recipe, .file = &tape};
    if (project_record(&dug, "tape", &source, NULL, NULL) == ST_OK)
        project_forget(&dug, "tape", ".begun", NULL);
    else if (process_source(&one, NULL, &finds, NULL, &e) != ST_OK)
        fail_msg("%s", e.msg);
    if (project_assemble(&dug, NULL, NULL, &e) != ST_OK)
        fail_msg("%s", e.msg);
}

/* What --force does before it mines. */
static int clear_tape(struct place *p)
{
    struct project dug;
    if (project_open(&dug, p->folder, "DUG", NULL) != ST_OK)
        return 1;
    enum status st = project_clear(&dug, NULL, NULL);
    project_done(&dug);
    return st != ST_OK;
}

/* What was begun to be cleared is never taken for complete: whenever it was stopped, the
 * next run, with --force or without, has every find. */
static void test_clearing(void **state)
{
    struct place *p = *state;
    long n = 0;
    FREED const char *dug = text_of("%s/DUG", p->folder);
    put_tape(p->folder);
    process_tape(p);
    FREED char *wanted = tree_hash(dug, "catalog.db");
    for (bool through = false; !through; n++) {
        through = survives(n, clear_tape, p);
        if (n % 2) /* with --force again */
            assert_int_equal(clear_tape(p), 0);
        process_tape(p);
        FREED char *now = tree_hash(dug, "catalog.db");
        assert_string_equal(now, wanted);
    }
    print_message("died in %ld calls\n", n - 1);
    assert_true(n > 2 * HITS);
}

/* --- curate --- */

static int curate_all(struct place *p)
{
    struct curate_job job = {.input_root = p->project,
                             .output_root = p->best,
                             .options = {.top = FINDS, .diversity = 0.3}};
    struct curate_result result;
    return curate_run(&job, &result, NULL) != ST_OK;
}

static size_t whole_files(const struct place *p)
{
    size_t files = 0;
    for (int i = 0; i < FINDS; i++) {
        char hash[65];
        FREED const char *path = text_of("%s/pads/%s", p->best, p->c[i].filename);
        if (access(path, F_OK) != 0)
            continue;
        assert_int_equal(sha256_file(path, hash, NULL), ST_OK);
        assert_string_equal(hash, p->c[i].sha256);
        files++;
    }
    return files;
}

static void test_curate(void **state)
{
    struct place *p = *state;
    long n = 0;
    publish(p, FINDS);
    for (bool through = false; !through; n++) {
        char manifest[350];
        FREED struct candidate *rows = NULL;
        size_t count = 0;
        folder_remove(p->best);
        snprintf(manifest, sizeof manifest, "%s/manifest.csv", p->best);
        through = survives(n, curate_all, p);
        size_t files = whole_files(p);
        if (manifest_read(manifest, &rows, &count, NULL) == ST_OK)
            assert_true(count == FINDS && files == FINDS);
        else
            assert_false(through);
        free(rows);
        /* the same command again ends with everything */
        assert_int_equal(curate_all(p), 0);
        assert_int_equal(whole_files(p), FINDS);
        assert_int_equal(manifest_read(manifest, &rows, &count, NULL), ST_OK);
        assert_int_equal(count, FINDS);
    }
    print_message("died in %ld calls\n", n - 1);
    assert_true(n > 3 * FINDS);
}

/* --- a kit --- */

static const char kit_folder[] = "KIT/ROLAND/TR-8S/SAMPLE/KIT";

static void put_hit(const struct place *p, const char *name, enum synth_drum drum)
{
    OWN(audio) a;
    struct rng rng = rng_derive(3, (uint64_t)drum, "a kit", 0);
    assert_int_equal(audio_init(&a, 8000, 1, 44100, NULL), ST_OK);
    synth_drum(drum, 0.5, 1, &rng, a.data, a.frames, a.rate_hz);
    folder_wav(p->folder, name, &a, 16);
}

static int kit_of(struct place *p, bool dry_run)
{
    char in[300];
    struct config cfg;
    struct kit_result r;
    config_defaults(&cfg, NULL);
    cfg.reproducibility.random_seed = (struct config_seed){.set = true, .value = 5};
    snprintf(in, sizeof in, "%s/in", p->folder);
    struct kit_job job = {.input_dir = in,
                          .output_dir = p->folder,
                          .kit_name = "KIT",
                          .cfg = &cfg,
                          .force = true,
                          .dry_run = dry_run};
    return kit_run(&job, &r, NULL, NULL) != ST_OK;
}

static int make_kit(struct place *p)
{
    return kit_of(p, false);
}

/* A kit in the place of another one, of which one sample stays, one goes and one comes.
 * Whenever it was stopped, the next one is as if nothing had been. */
static void test_kit(void **state)
{
    struct place *p = *state;
    char snare[400];
    long n = 0;
    FREED const char *kit = text_of("%s/KIT", p->folder);
    snprintf(snare, sizeof snare, "%s/in/snare.wav", p->folder);
    put_hit(p, "in/kick.wav", SYNTH_KICK);
    put_hit(p, "in/clap.wav", SYNTH_CLAP);
    assert_int_equal(make_kit(p), 0);
    FREED char *wanted = tree_hash(kit, NULL);
    for (bool through = false; !through; n++) {
        unlink(snare);
        put_hit(p, "in/clap.wav", SYNTH_CLAP);
        put_hit(p, "in/snare.wav", SYNTH_SNARE);
        assert_int_equal(make_kit(p), 0);
        unlink(snare);
        through = survives(n, make_kit, p);
        assert_int_equal(make_kit(p), 0);
        FREED char *now = tree_hash(kit, NULL);
        assert_string_equal(now, wanted);
    }
    assert_true(n > 10);
}

/* A complete kit of which only the list stayed: a sample that the user changed since is
 * the user's, as in any other kit. */
static void test_the_list_of_a_complete_kit_takes_nothing_along(void **state)
{
    struct place *p = *state;
    char list[64] = "KIT/.trowel/kit.begun", line[400];
    FREED const char *name = text_of("%s/BD_kick.WAV", kit_folder);
    put_hit(p, "in/kick.wav", SYNTH_KICK);
    assert_int_equal(make_kit(p), 0);
    put_hit(p, name, SYNTH_CLAP); /* the user's */
    int n = snprintf(line, sizeof line, "%s\nASSIGN.txt\n", name + strlen("KIT/"));
    folder_write(p->folder, list, line, (size_t)n);
    FREED char *before = tree_hash(p->folder, ".trowel");
    assert_int_equal(kit_of(p, true), 1); /* it stands in the way */
    assert_int_equal(make_kit(p), 1);
    FREED char *after = tree_hash(p->folder, ".trowel");
    assert_string_equal(after, before);
}

static enum status hear_all(const char *path, struct audio *out, struct err *e)
{
    return soundfile_load(path, 0, out, e);
}

/* A piece, after one that lies behind it. */
static enum status hear_piece(const char *path, struct audio *out, struct err *e)
{
    struct soundfile *sf;
    OWN(audio) later = {0};
    enum status st = soundfile_open(&sf, path, e);
    if (st != ST_OK)
        return st;
    st = soundfile_read_region(sf, 7000, 500, &later, e);
    if (st == ST_OK)
        st = soundfile_read_region(sf, 1000, 5000, out, e);
    soundfile_close(sf);
    return st;
}

static int readings_that_fail(const char *path,
                              enum status (*read)(const char *path, struct audio *out,
                                                  struct err *e))
{
    struct audio whole, now;
    bool through = false;
    int failed = 0;
    assert_int_equal(read(path, &whole, NULL), ST_OK);
    for (long n = 0; !through; n++) {
        struct err e = {0};
        reads_left = n;
        enum status st = read(path, &now, &e);
        through = reads_left >= 0;
        reads_left = -1;
        failed += st != ST_OK;
        if (st != ST_OK)
            continue;
        assert_int_equal(now.frames, whole.frames);
        assert_memory_equal(now.data, whole.data, whole.frames * sizeof *whole.data);
        audio_done(&now);
    }
    audio_done(&whole);
    return failed;
}

/* A disk that fails once while a sound is read: it is whole or it is none, and nothing
 * that half of its header would make of it, or the beginning of its data. */
static void test_no_other_sound_is_read(void **state)
{
    static const int formats[] = {
        SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_AIFF | SF_FORMAT_PCM_24,
        SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_OGG | SF_FORMAT_VORBIS,
        SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III};
    enum { FRAMES = 8000, RATE = 44100 };
    float x[FRAMES];
    struct place *p = *state;
    struct rng rng = rng_derive(3, 0, "a disk", 0);
    for (int i = 0; i < FRAMES; i++)
        x[i] = (float)rng_range(&rng, -0.5, 0.5);
    FREED const char *path = text_of("%s/hit.mp3", p->folder);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        assert_true(folder_sound(path, formats[i], RATE, 1, x, FRAMES));
        int all = readings_that_fail(path, hear_all);
        int piece = readings_that_fail(path, hear_piece);
        print_message("%d and %d reads failed\n", all, piece);
        assert_true(all > 2 && piece > 2);
    }
}

/* The same while a page of a kit is made: a sample without a player is one that failed.
 */
static void test_a_sample_without_a_player_failed(void **state)
{
    static const char kit[] = "name,path,type,sha256,origin_sha256\r\n"
                              "BD_one,BD_one.WAV,drum,1,2\r\n";
    enum { FRAMES = 8000 };
    float x[FRAMES];
    struct place *p = *state;
    char path[320];
    bool through = false;
    int mute = 0;
    for (int i = 0; i < FRAMES; i++)
        x[i] = (float)(i % 50) / 100;
    mkdir(p->best, 0777);
    folder_write(p->best, "manifest.csv", kit, sizeof kit - 1);
    snprintf(path, sizeof path, "%s/BD_one.WAV", p->best);
    assert_true(
        folder_sound(path, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 1, x, FRAMES));
    for (long n = 0; !through; n++) {
        struct report_result r;
        struct report_job job = {.input_dir = p->best};
        reads_left = n;
        enum status st = report_run(&job, &r, NULL);
        through = reads_left >= 0;
        reads_left = -1;
        if (st != ST_OK)
            continue;
        mute += r.left_out > 0;
        assert_int_equal(r.left_out > 0 && r.failed == 0, 0);
    }
    assert_true(mute > 2);
}

/* One round of reads, of which the n-th fails. True when all came through. */
static bool read_once(struct place *p, long n, bool rebuild)
{
    struct catalog_content content = {.candidates = p->c, .candidate_count = FINDS};
    struct err e = {0};
    struct catalog *c = NULL;
    FREED struct catalog_find *finds = NULL;
    size_t count = 0;
    reads_left = n;
    enum status st = rebuild ? catalog_rebuild(p->db, &content, &e)
                             : catalog_open(&c, p->db, CATALOG_READ, &e);
    if (st == ST_OK && !rebuild)
        st = catalog_load(c, &finds, NULL, &count, &e);
    bool through = reads_left >= 0;
    reads_left = -1;
    catalog_close(c);
    if (st != ST_OK && (st != ST_DISK || !text_has(e.msg, "disk I/O error")))
        fail_msg("read %ld: %s", n, e.msg);
    if (st == ST_OK && !rebuild)
        assert_int_equal(count, FINDS);
    return through;
}

/* A disk that fails once while the catalog is read, or its log. It is not damaged: nobody
 * is told to rebuild it, and it is not put aside. */
static void test_a_disk_error_is_no_damage(void **state)
{
    struct place *p = *state;
    long n[3] = {0};
    size_t zero = 0;
    publish(p, FINDS);
    while (!read_once(p, n[0], false))
        n[0]++;
    while (!read_once(p, n[1], true))
        n[1]++;
    struct session *s = open_session(p); /* it keeps a log while it is open */
    assert_int_equal(session_decide(s, &zero, 1, DECISION_ACCEPTED, NULL), ST_OK);
    while (!read_once(p, n[2], false))
        n[2]++;
    session_close(s);
    print_message("failed in %ld, %ld and %ld reads\n", n[0], n[1], n[2]);
    assert_true(n[0] > 3 && n[1] > 3 && n[2] > 3);
    FREED const char *aside = text_of("%s.damaged-1", p->db);
    assert_int_not_equal(access(aside, F_OK), 0);
}

/* Under an open workstation the disk becomes read-only, or the quota is used up: that is
 * told, and once it is mended the decision is taken. */
static void test_what_the_disk_refuses_is_told(void **state)
{
    struct place *p = *state;
    size_t zero = 0;
    struct err e = {0};
    publish(p, FINDS);
    OWN(session) *s = open_session(p);
    assert_int_equal(session_decide(s, &zero, 1, DECISION_ACCEPTED, NULL), ST_OK);
    writes_fail = EROFS;
    assert_int_equal(session_decide(s, &zero, 1, DECISION_REJECTED, &e), ST_DISK);
    assert_true(text_has(e.msg, "is read-only"));
    writes_fail = EDQUOT;
    assert_int_equal(session_decide(s, &zero, 1, DECISION_REJECTED, &e), ST_DISK);
    assert_true(text_has(e.msg, "the disk is full"));
    writes_fail = 0;
    assert_int_equal(session_find(s, 0)->decision, DECISION_ACCEPTED);
    assert_int_equal(session_decide(s, &zero, 1, DECISION_REJECTED, &e), ST_OK);
}

/* Killing finds what is in the wrong order, not what is still in the machine's memory:
 * without a flush a file that has its name may be empty after power has failed. */
static void watch(int (*work)(struct place *p), struct place *p)
{
    renames = named_too_early = unflushed_count = 0;
    watching = true;
    int outcome = work(p);
    watching = false;
    assert_int_equal(outcome, 0);
    assert_true(renames > 0);
    assert_int_equal(named_too_early, 0);
    assert_int_equal(unflushed_count, 0);
}

static int write_one(struct place *p)
{
    struct root r;
    if (root_open(&r, p->folder, false, NULL) != ST_OK)
        return 1;
    root_remove(&r, "one", NULL);
    enum status st = root_write_file(&r, "one", "whole", 5, NULL);
    root_done(&r);
    return st != ST_OK;
}

enum { TOGETHER = 6 };

static int write_together(struct place *p)
{
    struct atomic_file *file[TOGETHER];
    OWN(root) r;
    enum status st = root_open(&r, p->folder, false, NULL);
    for (int i = 0; i < TOGETHER && st == ST_OK; i++) {
        FREED const char *name = text_of("together-%d", i);
        root_remove(&r, name, NULL);
        st = atomic_begin(&file[i], &r, name, NULL);
        if (st == ST_OK)
            st = atomic_write(file[i], "whole", 5, NULL);
    }
    if (st == ST_OK)
        st = atomic_place_all(file, TOGETHER, NULL);
    if (st == ST_OK)
        st = root_flush(&r, "", NULL);
    return st != ST_OK;
}

/* A recording with a few hits, dug up: what a run then calls complete. */
static int dig_hits(struct place *p)
{
    struct root r;
    struct dig d;
    struct config cfg;
    struct recipe recipe = {.stages = 1u << STAGE_DRUMS};
    watching = false;
    put_tape(p->folder);
    watching = true;
    FREED const char *path = text_of("%s/tape.wav", p->folder);
    config_defaults(&cfg, NULL);
    struct dig_site site = {.open_path = path,
                            .source_path = path,
                            .stem = "tape",
                            .root = &r,
                            .folder = "tape",
                            .category_folders = true};
    enum status st = recipe_init(&recipe, &cfg, NULL);
    if (st == ST_OK)
        st = root_open(&r, p->project, false, NULL);
    if (st == ST_OK)
        st = dig_open(&d, &recipe, &site, NULL, NULL);
    if (st != ST_OK)
        return 1;
    st = dig_run(&d, NULL);
    bool well = st == ST_OK && d.finds.count >= HITS;
    dig_done(&d);
    root_done(&r);
    return !well;
}

static const char other_disk[] = "/dev/shm";

/* So many that one flush of a disk is worth it, but they lie on two. */
static int write_on_two_disks(struct place *p)
{
    struct atomic_file *file[TOGETHER] = {NULL};
    struct root r[2];
    enum status st = root_open(&r[0], p->folder, false, NULL);
    if (st == ST_OK)
        st = root_open(&r[1], other_disk, false, NULL);
    for (int i = 0; i < TOGETHER && st == ST_OK; i++) {
        FREED const char *name = text_of("trowel-test-%d-%d", (int)getpid(), i);
        st = atomic_begin(&file[i], &r[i % 2], name, NULL);
        if (st == ST_OK)
            st = atomic_write(file[i], "whole", 5, NULL);
    }
    if (st == ST_OK)
        st = atomic_place_all(file, TOGETHER, NULL);
    for (int i = 0; i < 2 && st == ST_OK; i++)
        st = root_flush(&r[i], "", NULL);
    for (int i = 0; i < TOGETHER && st == ST_OK; i++) {
        FREED const char *name = text_of("trowel-test-%d-%d", (int)getpid(), i);
        st = root_remove(&r[i % 2], name, NULL);
    }
    root_done(&r[0]);
    root_done(&r[1]);
    return st != ST_OK;
}

static void test_one_flush_is_of_one_disk(void **state)
{
    struct place *p = *state;
    struct stat here, there;
    if (stat(p->folder, &here) != 0 || stat(other_disk, &there) != 0 ||
        here.st_dev == there.st_dev)
        skip(); /* there are no two */
    watch(write_on_two_disks, p);
}

static void test_names_are_given_to_what_is_on_the_disk(void **state)
{
    struct place *p = *state;
    watch(write_one, p);
    watch(write_together, p);
    watch(publish_all, p);
    watch(curate_all, p);
    watch(dig_hits, p);
    links_refused = true;
    watch(write_one, p);
    watch(write_together, p);
    links_refused = false;
}

/* A file that is written without a name gets it in any case: where the system links none,
 * and where somebody else took the name meanwhile. */
static int write_against_odds(struct place *p)
{
    struct root r;
    struct atomic_file *file[2];
    if (root_open(&r, p->folder, false, NULL) != ST_OK)
        return 1;
    enum status st = ST_OK;
    for (int i = 0; i < 2 && st == ST_OK; i++) {
        st = atomic_begin(&file[i], &r, i ? "taken" : "alone", NULL);
        for (int k = 0; k < 3000 && st == ST_OK; k++)
            st = atomic_write(file[i], "0123456789", 10, NULL);
    }
    if (st == ST_OK)
        st = root_write_file(&r, "taken", "meanwhile", 9, NULL);
    if (st == ST_OK)
        st = atomic_place_all(file, 2, NULL);
    root_done(&r);
    return st != ST_OK;
}

static void test_what_cannot_be_linked_is_copied(void **state)
{
    struct place *p = *state;
    struct root r;
    assert_int_equal(root_open(&r, p->folder, false, NULL), ST_OK);
    /* not in each of the 6,000 writes before: names are given at the end */
    for (int refused = 0; refused < 2; refused++)
        for (long n = 5990, through = 0; !through; n++) {
            char *text;
            size_t size;
            root_remove(&r, "alone", NULL);
            root_remove(&r, "taken", NULL);
            links_refused = refused;
            through = survives(n, write_against_odds, p);
            links_refused = false;
            root_clean(&r);
            for (int i = 0; i < 2; i++) {
                if (root_read_file(&r, i ? "taken" : "alone", 1 << 20, &text, &size,
                                   NULL) != ST_OK) {
                    assert_false(through);
                    continue;
                }
                assert_true(size == 30000 || (i && size == 9 && !through));
                assert_memory_equal(text, size == 9 ? "meanwhile" : "01234567", 8);
                free(text);
            }
        }
    /* the kill left nothing but what the test put there */
    FREED const char *left = text_of("ls -A '%s' | grep -c tmp$ | grep -qx 0", p->folder);
    assert_int_equal(system(left), 0);
    root_done(&r);
}

/* On the disk when the call returns, or, once the log was begun ahead, after
 * catalog_flush: then no call waits for the disk. Seen by others at once in either case.
 */
static void test_decisions_can_wait_for_the_disk(void **state)
{
    struct place *p = *state;
    publish(p, FINDS);
    struct session *s = open_session(p), *other;
    struct catalog *ahead;
    size_t one = 1, two = 2;
    syncs = 0;
    assert_int_equal(session_decide(s, &one, 1, DECISION_ACCEPTED, NULL), ST_OK);
    assert_true(syncs > 0);
    session_close(s);
    s = open_session(p);
    syncs = 0;
    assert_int_equal(catalog_log_ahead(&ahead, session_catalog_path(s), NULL), ST_OK);
    assert_true(syncs > 0);
    syncs = 0;
    catalog_sync_later(session_catalog(s), ahead);
    assert_int_equal(syncs, 0);
    assert_null(session_reread_begin(s)); /* it was us */
    assert_false(catalog_wants_flush(session_catalog(s)));
    syncs = 0;
    assert_int_equal(session_decide(s, &two, 1, DECISION_REJECTED, NULL), ST_OK);
    assert_int_equal(session_undo(s, NULL, NULL), ST_OK);
    assert_int_equal(session_redo(s, NULL, NULL), ST_OK);
    assert_int_equal(syncs, 0);
    other = open_session(p);
    assert_int_equal(session_find(other, 2)->decision, DECISION_REJECTED);
    session_close(other);
    syncs = 0;
    assert_true(catalog_wants_flush(session_catalog(s)));
    assert_false(catalog_wants_flush(session_catalog(s)));
    assert_int_equal(catalog_flush(session_catalog_path(s), NULL), ST_OK);
    assert_int_equal(syncs, 1);
    session_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, folder_teardown)
        CASE(test_decisions),
        CASE(test_decisions_can_wait_for_the_disk),
        CASE(test_publish),
        CASE(test_mining),
        CASE(test_clearing),
        CASE(test_curate),
        CASE(test_kit),
        CASE(test_no_other_sound_is_read),
        CASE(test_a_sample_without_a_player_failed),
        CASE(test_the_list_of_a_complete_kit_takes_nothing_along),
        CASE(test_a_disk_error_is_no_damage),
        CASE(test_what_the_disk_refuses_is_told),
        CASE(test_names_are_given_to_what_is_on_the_disk),
        CASE(test_one_flush_is_of_one_disk),
        CASE(test_what_cannot_be_linked_is_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
