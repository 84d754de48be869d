/* The screens as text: what they look like is a fact that is kept in tests/golden.
 * TROWEL_REGENERATE=1 writes them anew; look at them before committing. */
#include "checks.h"
#include "folder.h"
#include "io/text.h"
#include "nap.h"
#include "ui_rig.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void open_rig(int rows, int cols, enum tier tier)
{
    ui_rig_init(&rig, 4, 40, rows, cols, tier);
}

static void library_at_three_sizes(void **state)
{
    static const struct {
        int rows, cols;
        enum tier tier;
        const char *name;
    } sizes[] = {{24, 80, TIER_BRAILLE, "library-80x24"},
                 {30, 112, TIER_BRAILLE, "library-112x30"},
                 {100, 300, TIER_BRAILLE, "library-300x100"},
                 {24, 80, TIER_ASCII, "library-80x24-ascii"},
                 {30, 112, TIER_BLOCKS, "library-112x30-blocks"}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        open_rig(sizes[i].rows, sizes[i].cols, sizes[i].tier);
        ui_rig_keys(&rig, "] j a x j t 4 k");
        ui_rig_golden(&rig, sizes[i].name);
        ui_rig_done(&rig);
    }
}

static void library_in_its_states(void **state)
{
    open_rig(30, 112, TIER_BRAILLE);
    ui_rig_keys(&rig, "] ] ] ] ]");
    ui_rig_golden(&rig, "library-drums");
    ui_rig_keys(&rig, "f");
    ui_rig_type(&rig, "class:kick dur>0.3 grade>=");
    ui_rig_golden(&rig, "library-filtering");
    ui_rig_keys(&rig, "Esc [ [ [ [ i Enter");
    ui_rig_golden(&rig, "library-why");
    ui_rig_keys(&rig, "Esc c");
    ui_rig_golden(&rig, "library-which-key");
    ui_rig_keys(&rig, "Esc f");
    ui_rig_type(&rig, "nosuchthing");
    ui_rig_keys(&rig, "Enter");
    ui_rig_golden(&rig, "library-nothing-matches");
}

static void a_near_miss_names_its_setting(void **state)
{
    open_rig(30, 112, TIER_BRAILLE);
    ui_rig_keys(&rig, "] ] ] ] ] ] ] ]");
    FREED char *screen = ui_rig_screen(&rig);
    assert_non_null(strstr(screen, "missed level 1.2 dB below the\n"));
    assert_non_null(strstr(screen, "       gate\n"));
    assert_non_null(strstr(screen, "gate   pad_miner.min_rms_db"));
}

static enum status no_mining(void *user, const struct mine_request *r,
                             struct app_reply reply, struct err *e)
{
    (void)user, (void)r, (void)reply;
    return err_set(e, ST_NOTHING, "there are no recordings in the folder");
}

/* Finds that came and went when their recordings failed: why is said where they were. */
static void what_failed_is_no_verdict_on_the_sound(void **state)
{
    ui_rig_init(&rig, 2, 40, 24, 80, TIER_BRAILLE);
    for (int i = 0; i < 2; i++) {
        struct catalog_source s = *session_source(rig.session, (size_t)i);
        s.failed = true;
        snprintf(s.note, sizeof s.note, "export/P/%d.wav cannot be written: No space", i);
        assert_int_equal(session_keep_only(rig.session, &s, NULL, 0, NULL), ST_OK);
    }
    session_announce(rig.session);
    assert_true(session_count(rig.session) > 0);
    assert_true(ui_rig_shows(&rig, "No recording could be mined."));
    assert_true(ui_rig_shows(&rig, "export/P/0.wav cannot be written: No space (and 1"));
    assert_true(ui_rig_shows(&rig, "says what became of each recording"));
    struct catalog_source mined = *session_source(rig.session, 1);
    mined.failed = false;
    assert_int_equal(session_keep_only(rig.session, &mined, NULL, 0, NULL), ST_OK);
    session_announce(rig.session);
    assert_true(ui_rig_shows(&rig, "The recordings gave nothing to keep."));
    assert_true(ui_rig_shows(&rig, "export/P/0.wav cannot be written: No space\n"));
}

static void an_empty_project_says_what_to_do(void **state)
{
    ui_rig_init(&rig, 0, 0, 24, 80, TIER_BRAILLE);
    rig.app.setup.ops.mine = no_mining;
    rig.app.setup.input_dir = "/disk/ada/tapes";
    ui_rig_golden(&rig, "library-empty");
    ui_rig_keys(&rig, "m");
    assert_string_equal(rig.app.echo, "there are no recordings in the folder");
}

static void too_small_says_so(void **state)
{
    open_rig(5, 20, TIER_BRAILLE);
    ui_rig_keys(&rig, "] j");
    ui_rig_golden(&rig, "library-20x5");
    ui_rig_done(&rig);
    static const int sizes[][2] = {{1, 1},   {2, 1},   {1, 80},  {3, 7},
                                   {23, 79}, {24, 79}, {2000, 2}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        open_rig(sizes[i][0], sizes[i][1], TIER_BRAILLE);
        ui_rig_keys(&rig, "j a ? q K q : Esc ? / l o o p Enter n N q");
        free(ui_rig_screen(&rig));
        ui_rig_done(&rig);
    }
}

static void kit_as_drawn(void **state)
{
    open_rig(24, 112, TIER_BRAILLE);
    ui_rig_keys(&rig, "] \" e K F P d L");
    ui_rig_golden(&rig, "kit-112x24");
    ui_rig_done(&rig);
    open_rig(24, 80, TIER_ASCII);
    ui_rig_keys(&rig, "K F P");
    ui_rig_golden(&rig, "kit-80x24-ascii");
}

static void other_screens(void **state)
{
    open_rig(30, 112, TIER_BRAILLE);
    ui_rig_keys(&rig, "] a M");
    ui_rig_golden(&rig, "source-without-recording");
    ui_rig_keys(&rig, "q w");
    ui_rig_golden(&rig, "jobs-idle");
    ui_rig_keys(&rig, "q , j j");
    ui_rig_golden(&rig, "settings");
    ui_rig_keys(&rig, "q ?");
    ui_rig_golden(&rig, "help-library");
}

/* Every screen at every size from the smallest on: no crash, and state is kept. */
static void all_sizes_hold(void **state)
{
    static const char *const screens[] = {"", "K", "M", "w", ",", "?", "f", "c", "Enter"};
    open_rig(24, 80, TIER_BRAILLE);
    for (size_t s = 0; s < sizeof screens / sizeof *screens; s++) {
        ui_rig_keys(&rig, screens[s]);
        for (int size = 1; size < 60; size++) {
            int row, col;
            assert_int_equal(canvas_resize(&rig.app.canvas, size, size * 4, NULL), ST_OK);
            rig.app.canvas.tier = (enum tier)(size % TIER_COUNT);
            app_draw(&rig.app, &row, &col);
            assert_true(row < size && col < size * 4);
        }
        ui_rig_keys(&rig, "Esc");
        if (rig.app.screen != SCREEN_LIBRARY)
            ui_rig_keys(&rig, "q");
        assert_int_equal(rig.app.screen, SCREEN_LIBRARY);
        rig.app.library.wide = false;
    }
}

/* Where there is room for a list it does not come and go with what the find under the
 * cursor has to say: of its measures come as many as fit. */
static void why_leaves_the_list_in_sight(void **state)
{
    open_rig(30, 112, TIER_BRAILLE);
    ui_rig_keys(&rig, "i");
    bool cut = false;
    for (int category = 0; category < 7; category++, ui_rig_keys(&rig, "]"))
        for (int row = 0; row < 10; row++, ui_rig_keys(&rig, "j")) {
            assert_true(ui_rig_shows_at(&rig, 30, 112, "│      name  "));
            assert_true(ui_rig_shows_at(&rig, 30, 112, "│ score "));
            cut |= ui_rig_shows_at(&rig, 30, 112, "│ Enter shows all of it");
        }
    assert_true(cut);
    ui_rig_keys(&rig, "] ] ] Enter");
    assert_false(ui_rig_shows_at(&rig, 30, 112, "│      name  ") ||
                 ui_rig_shows_at(&rig, 30, 112, "shows all of it"));
    assert_true(ui_rig_shows_at(&rig, 30, 112, "loop_end"));
    ui_rig_keys(&rig, "Enter"); /* where there is none it takes its place */
    assert_false(ui_rig_shows_at(&rig, 24, 80, "│      name  ") ||
                 ui_rig_shows_at(&rig, 24, 80, "shows all of it"));
}

/* What is wrong with a recording stands in the log with its last word, on 80 columns too;
 * from the newest line to the oldest. */
static void the_log_is_read_to_its_end(void **state)
{
    char text[200];
    open_rig(24, 80, TIER_BRAILLE);
    struct log log = logbook_log(rig.logbook);
    for (int i = 0; i < 12; i++) {
        snprintf(text, sizeof text,
                 "take %d of a long night.wav has changed since it was mined; :mine "
                 "'take %d of a long night' mines it again, the end %c",
                 i, i, 'a' + i);
        log_write(&log, i % 2 ? LOG_WARNING : LOG_INFO, "%s", text);
    }
    ui_rig_keys(&rig, "w");
    assert_true(
        ui_rig_shows_at(&rig, 24, 80, "take 11 of a long night.wav has changed since"));
    assert_true(ui_rig_shows_at(&rig, 24, 80, "the end l\n"));
    ui_rig_keys(&rig, "Tab gg");
    assert_true(
        ui_rig_shows_at(&rig, 24, 80, "take 0 of a long night.wav has changed since"));
    assert_true(ui_rig_shows_at(&rig, 24, 80, "the end a\n"));
    assert_false(ui_rig_shows_at(&rig, 24, 80, "the end l\n"));
}

/* Where only the list fits, keys of another screen would seem to do nothing. */
static void too_small_names_the_screen(void **state)
{
    static const struct {
        const char *key, *name;
    } screens[] = {{"K", "kit\nq back\n"},
                   {"M", "source\nq back\n"},
                   {"w", "jobs\nq back\n"},
                   {",", "settings\nq back\n"},
                   {"?", "help\nq back\n"}};
    open_rig(12, 40, TIER_BRAILLE);
    for (size_t i = 0; i < sizeof screens / sizeof *screens; i++) {
        assert_true(ui_rig_shows_at(&rig, 12, 40, "▸"));
        ui_rig_keys(&rig, screens[i].key);
        assert_true(ui_rig_shows_at(&rig, 12, 40, screens[i].name));
        assert_true(ui_rig_shows_at(&rig, 12, 40, "40x12: needs 80x24"));
        assert_false(ui_rig_shows_at(&rig, 12, 40, "▸"));
        ui_rig_keys(&rig, "q");
    }
}

static int dry_runs, exports;

static enum status export_as_asked(void *user, const struct export_request *r,
                                   struct app_reply reply, struct err *e)
{
    (void)user, (void)e;
    *(r->dry_run ? &dry_runs : &exports) += 1;
    reply.done(reply.to, ST_OK, r->dry_run ? "would write 2 samples" : "wrote 2 samples",
               r->dry_run ? "a dry run of many words\nBD kick\nSD snare\n" : NULL);
    return ST_OK;
}

/* Blanks between the mark of the next row of the list and its name. */
static size_t name_after(const char **screen, const char *mark)
{
    const char *at = strstr(*screen, mark);
    assert_non_null(at);
    *screen = at + strlen(mark);
    return strspn(*screen, " ");
}

/* What a stack holds is found where it was opened. */
static void an_open_stack_is_seen_as_one(void **state)
{
    open_rig(30, 200, TIER_BRAILLE);
    struct view *v = rig.app.view;
    ui_rig_keys(&rig, "] ] ] ] ]");
    size_t at = 0;
    while (at < view_count(v) && view_hidden(v, at) == 0)
        at++;
    size_t more = view_hidden(v, at);
    assert_true(more > 0);
    view_move_to(v, at);
    ui_rig_keys(&rig, "z");
    assert_int_equal(view_cursor(v), at);
    FREED char *screen = ui_rig_screen(&rig);
    const char *rest = screen;
    size_t best = name_after(&rest, "│▸·");
    for (size_t i = 0; i < more; i++)
        assert_int_equal(name_after(&rest, "│ ·"), best + 2);
    assert_int_equal(name_after(&rest, "│ ·"), best);
}

/* Nobody writes what nobody saw. */
static void a_dry_run_is_seen_before_it_is_written(void **state)
{
    open_rig(3, 20, TIER_BRAILLE);
    rig.app.setup.ops.export_kit = export_as_asked;
    ui_rig_keys(&rig, "E");
    assert_false(ui_rig_shows_at(&rig, 3, 20, "BD kick"));
    ui_rig_keys(&rig, "Enter");
    assert_int_equal(dry_runs, 1);
    assert_int_equal(exports, 0);
    assert_string_equal(rig.app.echo, "the preview has not been shown yet");
    assert_true(ui_rig_shows_at(&rig, 12, 40, "BD kick"));
    assert_true(ui_rig_shows_at(&rig, 12, 40, "Enter writes it"));
    assert_true(
        ui_rig_shows_at(&rig, 8, 36, "Enter writes it")); /* rather than how far */
    ui_rig_keys(&rig, "Enter");
    assert_int_equal(exports, 1);
    assert_true(ui_rig_shows_at(&rig, 12, 40, "wrote 2 samples"));
}

static struct app_reply answers_later;

static enum status export_takes_a_while(void *user, const struct export_request *r,
                                        struct app_reply reply, struct err *e)
{
    (void)user, (void)r, (void)e;
    answers_later = reply;
    return ST_OK;
}

/* While the preview is being made its Enter does not set a step of the pattern. */
static void enter_waits_for_the_dry_run(void **state)
{
    (void)state;
    open_rig(24, 100, TIER_BRAILLE);
    rig.app.setup.ops.export_kit = export_takes_a_while;
    ui_rig_keys(&rig, "K");
    uint16_t steps = session_kit(rig.session)->slot[0].steps;
    ui_rig_keys(&rig, "E Enter");
    assert_int_equal(session_kit(rig.session)->slot[0].steps, steps);
    assert_string_equal(rig.app.echo, "the preview has not been shown yet");
    answers_later.done(answers_later.to, ST_OK, "would write 2 samples", "BD kick\n");
    assert_true(ui_rig_shows_at(&rig, 24, 100, "Enter writes it"));
    ui_rig_keys(&rig, "q E");
    answers_later.done(answers_later.to, ST_NOTHING, "nothing to write", NULL);
    ui_rig_keys(&rig, "Enter");
    assert_int_not_equal(session_kit(rig.session)->slot[0].steps, steps);
    /* what was shown meanwhile was another one */
    ui_rig_keys(&rig, "E E");
    answers_later.done(answers_later.to, ST_OK, "would write 2 samples", "BD kick\n");
    assert_true(ui_rig_shows_at(&rig, 24, 100, "Enter writes it"));
    answers_later.done(answers_later.to, ST_OK, "would write 3 samples", "BD kick\n");
    ui_rig_keys(&rig, "Enter");
    assert_string_equal(rig.app.echo, "the preview has not been shown yet");
    /* who looks for a key meanwhile is back where it is taken */
    ui_rig_keys(&rig, "q E ?");
    answers_later.done(answers_later.to, ST_OK, "would write 2 samples", "BD kick\n");
    assert_true(ui_rig_shows_at(&rig, 24, 100, "Enter writes it"));
    ui_rig_keys(&rig, "Enter");
    assert_string_equal(rig.app.echo, "writing the kit");
}

static void read_again(struct session *s)
{
    struct session_news *news = session_reread_begin(s);
    assert_non_null(news);
    assert_int_equal(session_reread(news, NULL), ST_OK);
    while (session_reread_step(s, news))
        continue;
}

/* A kit of nobody's choice says whose it is. */
static void a_dry_run_says_who_chose(void **state)
{
    char row[200];
    open_rig(24, 100, TIER_BRAILLE);
    rig.app.setup.ops.export_kit = export_as_asked;
    ui_rig_keys(&rig, "E");
    assert_true(ui_rig_shows(&rig, "this takes the best of everything."));
    ui_rig_keys(&rig, "q");
    const struct find *f = session_find(rig.session, 0);
    int n = snprintf(row, sizeof row, "filename,source,type\r\n%.60s.wav,%.60s,%s\r\n",
                     f->name, session_source(rig.session, f->source)->stem,
                     kind_type(f->kind));
    folder_write(session_folder(rig.session), "best_of/manifest.csv", row, (size_t)n);
    read_again(rig.session);
    ui_rig_keys(&rig, "E");
    assert_true(ui_rig_shows(&rig, "this takes what curate picked."));
    ui_rig_keys(&rig, "q a E");
    assert_true(
        ui_rig_shows(&rig, "Only what you accepted or put into the kit; what curate"));
}

static int demos;

static enum status demo_as_asked(void *user, struct app_reply reply, struct err *e)
{
    (void)user, (void)reply, (void)e;
    demos++;
    return ST_OK;
}

/* Recordings for the demo come among own ones only when that is wanted. */
static void the_demo_asks_where_recordings_are(void **state)
{
    open_rig(24, 80, TIER_BRAILLE);
    rig.app.setup.ops.demo = demo_as_asked;
    ui_rig_keys(&rig, ": d e m o Enter");
    assert_true(ui_rig_shows_at(&rig, 24, 80, "add 8 demo recordings to yours?"));
    ui_rig_keys(&rig, "n");
    assert_int_equal(demos, 0);
    ui_rig_keys(&rig, ": d e m o Enter y");
    assert_int_equal(demos, 1);
    ui_rig_done(&rig);
    ui_rig_init(&rig, 0, 0, 24, 80, TIER_BRAILLE);
    rig.app.setup.ops.demo = demo_as_asked;
    ui_rig_keys(&rig, ": d e m o Enter");
    assert_int_equal(demos, 2);
}

/* What is being typed stays while the terminal is somebody else's. */
static void lines_are_left_for_the_shell(void **state)
{
    open_rig(24, 80, TIER_BRAILLE);
    ui_rig_keys(&rig, "f d r ^Z");
    assert_true(rig.app.suspend);
    rig.app.suspend = false;
    ui_rig_keys(&rig, "^L u m");
    assert_true(rig.app.redraw);
    assert_true(ui_rig_shows_at(&rig, 24, 80, "filter drum"));
    ui_rig_keys(&rig, "Esc");
    app_confirm(&rig.app, "Really?", NULL, NULL);
    ui_rig_keys(&rig, "^Z");
    assert_true(rig.app.suspend);
    assert_int_equal(rig.app.asking, ASK_CONFIRM);
}

static enum status waits(void *arg, const struct job_context *ctx, struct err *e)
{
    job_progress(ctx, 0.5, "drums");
    atomic_store((atomic_bool *)arg, true);
    while (!job_cancelled(ctx))
        nap_ms(1);
    return err_set(e, ST_CANCELLED, "cancelled");
}

/* While a recording of an hour is mined nothing else may happen for minutes. */
static void progress_is_shown_while_nothing_else_happens(void **state)
{
    open_rig(24, 112, TIER_BRAILLE);
    atomic_bool runs = false;
    struct jobs *none = rig.app.jobs;
    struct job_spec spec = {
        .title = "mine tape", .work = waits, .arg = &runs, .weight = 60, .series = true};
    assert_int_equal(jobs_new(&rig.app.jobs, 1, NULL, NULL), ST_OK);
    jobs_submit(rig.app.jobs, &spec);
    spec.weight = 40;
    jobs_submit(rig.app.jobs, &spec); /* and one that waits */
    while (!atomic_load(&runs))
        sched_yield();
    app_tick(&rig.app);
    for (int i = 0; i < 8; i++) {
        assert_true(ui_rig_shows_at(&rig, 24, 112, "mining 0/2"));
        rig.app.moved = rig.app.dirty = false;
        rig.app.now += 0.3;
        assert_true(app_tick(&rig.app) <= 0.25); /* it looks again soon, */
        assert_true(rig.app.moved);              /* and there is something to draw */
        rig.app.moved = false;
        app_tick(&rig.app);
        assert_false(rig.app.moved); /* but no more often than that */
    }
    assert_float_equal(rig.app.batch.fraction, 0.3, 1e-9);
    assert_true(ui_rig_shows_at(&rig, 24, 112, "left"));
    jobs_free(rig.app.jobs);
    rig.app.jobs = none;
}

static enum status waits_for(void *arg, const struct job_context *ctx, struct err *e)
{
    (void)ctx;
    (void)e;
    while (!atomic_load((atomic_bool *)arg))
        nap_ms(1);
    return ST_OK;
}

/* One worker mines, and a job for at once has another: until each has its own, whichever
 * is free first takes what comes next. */
static void wait_for_running(struct jobs *jobs, int count)
{
    int running = 0;
    while (running < count) {
        struct job_info info[4];
        int n = jobs_list(jobs, info, 4);
        running = 0;
        for (int i = 0; i < n; i++)
            running += info[i].state == JOB_RUNNING;
        nap_ms(1);
    }
}

/* Recordings are what is counted while they are mined: a kit that is written meanwhile is
 * none of them, nor is what comes behind the last one. */
static void only_recordings_are_counted(void **state)
{
    open_rig(24, 112, TIER_BRAILLE);
    atomic_bool mined = false, written = false;
    struct jobs *none = rig.app.jobs;
    struct job_spec mine = {
        .title = "mine tape", .work = waits_for, .arg = &mined, .series = true};
    struct job_spec kit = {
        .title = "kit", .work = waits_for, .arg = &written, .at_once = true};
    assert_int_equal(jobs_new(&rig.app.jobs, 1, NULL, NULL), ST_OK);
    jobs_submit(rig.app.jobs, &mine);
    jobs_submit(rig.app.jobs, &mine);
    wait_for_running(rig.app.jobs, 1);
    app_tick(&rig.app);
    jobs_submit(rig.app.jobs, &kit);
    wait_for_running(rig.app.jobs, 2);
    app_tick(&rig.app);
    assert_int_equal(rig.app.batch.active, 3);
    assert_true(ui_rig_shows_at(&rig, 24, 112, "mining 0/2"));
    jobs_submit(rig.app.jobs, &mine);
    app_tick(&rig.app);
    assert_true(ui_rig_shows_at(&rig, 24, 112, "mining 0/3"));
    atomic_store(&mined, true);
    while (jobs_series(rig.app.jobs) > 0) {
        jobs_deliver(rig.app.jobs);
        nap_ms(1);
    }
    app_tick(&rig.app);
    assert_true(ui_rig_shows_at(&rig, 24, 112, "working 0/1"));
    atomic_store(&written, true);
    jobs_wait(rig.app.jobs);
    app_tick(&rig.app);
    assert_false(ui_rig_shows_at(&rig, 24, 112, "working"));
    atomic_store(&mined, false); /* what comes later is counted from one */
    jobs_submit(rig.app.jobs, &mine);
    app_tick(&rig.app);
    assert_true(ui_rig_shows_at(&rig, 24, 112, "mining 0/1"));
    wait_for_running(rig.app.jobs, 1);
    ui_rig_keys(&rig, "w"); /* however long ago one was looked at: what runs is seen */
    assert_true(ui_rig_shows(&rig, "▸ running    mine tape"));
    atomic_store(&mined, true);
    jobs_free(rig.app.jobs);
    rig.app.jobs = none;
}

static enum status is_elsewhere(void *arg, const struct job_context *ctx, struct err *e)
{
    (void)arg, (void)ctx;
    return err_set(e, ST_BUSY, "another trowel is at work on tape.wav");
}

/* Nothing failed: the jobs say what is the case. */
static void what_another_does_has_not_failed(void **state)
{
    open_rig(24, 112, TIER_BRAILLE);
    struct job_spec spec = {
        .title = "mine tape", .work = is_elsewhere, .again = "mine tape"};
    jobs_submit(rig.app.jobs, &spec);
    jobs_wait(rig.app.jobs);
    ui_rig_keys(&rig, "w");
    assert_true(ui_rig_shows(&rig, "elsewhere  mine tape"));
    assert_true(ui_rig_shows(&rig, "\n   another trowel is at work on tape.wav"));
    FREED char *screen = ui_rig_screen(&rig);
    assert_null(strstr(screen, "failed"));
}

/* A number that is cut is another number: what has no room goes as a whole. */
static void numbers_of_the_title_are_whole(void **state)
{
    ui_rig_init(&rig, 4, 600, 24, 80, TIER_BRAILLE);
    ui_rig_keys(&rig, "] a j x");
    assert_true(ui_rig_shows_at(&rig, 24, 80, "4 sources   2,"));
    rig.app.batch = (struct batch_state){.active = 1, .mining = {1, 1}};
    char undecided[24];
    text_count(undecided, sizeof undecided, session_tallies(rig.session)->all.undecided);
    FREED const char *whole = text_of("● 1  ✗ 1  · %s ", undecided);
    for (int cols = 80; cols < 130; cols++)
        assert_true(ui_rig_shows_at(&rig, 24, cols, whole));
    assert_true(ui_rig_shows_at(&rig, 24, 80, "mining 0/1"));
    ui_rig_keys(&rig, "K P"); /* nor is the pattern's name cut */
    rig.app.batch = (struct batch_state){.active = 1, .mining = {1, 1}};
    for (int cols = 80; cols < 130; cols++)
        assert_true(ui_rig_shows_at(&rig, 24, cols, "■ pattern A "));
    ui_rig_keys(&rig, "q");
    ui_rig_keys(&rig, "[");
    ui_rig_enter(&rig, "T", "dur>0"); /* they read the same wherever they stand */
    assert_true(ui_rig_said(&rig, "tagged 2,055 finds"));
    ui_rig_keys(&rig, ";");
    assert_true(ui_rig_said(&rig, "the next command goes to the 2,055 tagged"));
    assert_true(ui_rig_shows_at(&rig, 24, 120, " 2,055 tagged "));
}

/* How to undo stands at the end of what is said, and a reason does, too. */
static void what_is_said_keeps_its_end(void **state)
{
    open_rig(24, 80, TIER_BRAILLE);
    app_say(&rig.app, "accepted %0100d · u undoes", 7);
    assert_true(ui_rig_shows_at(&rig, 24, 80, "· u undoes\n"));
    assert_true(ui_rig_shows_at(&rig, 24, 80, " accepted 000"));
    assert_true(ui_rig_shows_at(&rig, 12, 40, "· u undoes"));
}

static void words_go_round_by_any_count(void **state)
{
    char value[64];
    int key = config_find("drum_miner.slice_mode");
    open_rig(24, 80, TIER_BRAILLE);
    ui_rig_keys(&rig, ",");
    rig.app.settings.cursor = key;
    static const struct {
        const char *keys, *value;
    } turns[] = {{"{", "fixed_length"},
                 {"# 7 {", "onset_to_onset"},
                 {"# 8 {", "onset_to_onset"},
                 {"9 {", "fixed_length"},
                 {"# 1 0 1 }", "onset_to_onset"}};
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
        ui_rig_keys(&rig, turns[i].keys);
        config_get(rig.app.config, key, value, sizeof value);
        assert_string_equal(value, turns[i].value);
    }
}

/* As many categories, recordings and sections further as the count says. */
static void a_count_goes_that_many_groups_on(void **state)
{
    open_rig(24, 80, TIER_BRAILLE);
    ui_rig_keys(&rig, "# 3 ]");
    assert_int_equal(view_scope(rig.app.view), SCOPE_CATEGORY + CAT_CLOUDS);
    ui_rig_keys(&rig, "# 2 [");
    assert_int_equal(view_scope(rig.app.view), SCOPE_CATEGORY + CAT_PADS);
    long recordings = (long)session_source_count(rig.session);
    assert_true(recordings > 2);
    ui_rig_keys(&rig, "M");
    long source = rig.app.source.source;
    ui_rig_keys(&rig, "# 2 ]");
    assert_int_equal(rig.app.source.source, (source + 2) % recordings);
    ui_rig_keys(&rig, "# 2 [");
    assert_int_equal(rig.app.source.source, source);
    ui_rig_keys(&rig, "q , gg");
    int at[4];
    for (int i = 0; i < 4; i++) {
        at[i] = rig.app.settings.cursor;
        ui_rig_keys(&rig, "]");
    }
    ui_rig_keys(&rig, "gg # 3 ]");
    assert_int_equal(rig.app.settings.cursor, at[3]);
    ui_rig_keys(&rig, "# 2 [");
    assert_int_equal(rig.app.settings.cursor, at[1]);
}

/* However many there are, the name beside the count is whole. */
static void the_count_of_near_misses_has_room(void **state)
{
    struct ui_rig r;
    char line[40];
    (void)state;
    ui_rig_init(&r, 500, 40, 30, 112, TIER_BRAILLE);
    size_t count = session_tallies(r.session)->near_misses;
    assert_in_range(count, 1000, 9999);
    snprintf(line, sizeof line, "near misses %zu", count);
    assert_true(ui_rig_shows(&r, line));
    snprintf(line, sizeof line, "near misses  %zu", count);
    assert_true(ui_rig_shows_at(&r, 40, 200, line));
    ui_rig_done(&r);
}

#define ON_SCREEN(test) cmocka_unit_test_teardown(test, ui_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(library_at_three_sizes),
        ON_SCREEN(library_in_its_states),
        ON_SCREEN(a_near_miss_names_its_setting),
        cmocka_unit_test(the_count_of_near_misses_has_room),
        ON_SCREEN(an_empty_project_says_what_to_do),
        ON_SCREEN(what_failed_is_no_verdict_on_the_sound),
        cmocka_unit_test(too_small_says_so),
        ON_SCREEN(kit_as_drawn),
        ON_SCREEN(other_screens),
        ON_SCREEN(all_sizes_hold),
        ON_SCREEN(why_leaves_the_list_in_sight),
        ON_SCREEN(the_log_is_read_to_its_end),
        ON_SCREEN(too_small_names_the_screen),
        ON_SCREEN(an_open_stack_is_seen_as_one),
        ON_SCREEN(a_dry_run_is_seen_before_it_is_written),
        ON_SCREEN(enter_waits_for_the_dry_run),
        ON_SCREEN(a_dry_run_says_who_chose),
        ON_SCREEN(the_demo_asks_where_recordings_are),
        ON_SCREEN(lines_are_left_for_the_shell),
        ON_SCREEN(progress_is_shown_while_nothing_else_happens),
        ON_SCREEN(only_recordings_are_counted),
        ON_SCREEN(what_another_does_has_not_failed),
        ON_SCREEN(numbers_of_the_title_are_whole),
        ON_SCREEN(what_is_said_keeps_its_end),
        ON_SCREEN(words_go_round_by_any_count),
        ON_SCREEN(a_count_goes_that_many_groups_on),
    };
    return cmocka_run_group_tests_name("ui screens", tests, NULL, NULL);
}
