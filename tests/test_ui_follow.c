/* Lists change under the cursor: ranges, cursors and thresholds stay with what they were
 * put on. */
#include "checks.h"
#include "ui_rig.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static size_t row(size_t position)
{
    return view_at(rig.app.view, position);
}

static enum decision decision_of(size_t index)
{
    return session_find(rig.session, index)->decision;
}

/* While it is mining, finds come in above what was chosen. */
static void a_range_stays_on_its_finds(void **state)
{
    app_command(&rig.app, "sort name");
    ui_rig_keys(&rig, "# 9 gg v j j");
    size_t was[5];
    for (size_t i = 0; i < 5; i++)
        was[i] = row(7 + i);
    struct session *s = rig.session;
    size_t before = session_count(s);
    ui_rig_fill(s, 7, 40); /* "attic" sorts before all there is */
    assert_true(session_count(s) > before);
    assert_true(view_position(rig.app.view, session_find(s, was[1])->id) > 8);
    ui_rig_keys(&rig, "x");
    assert_int_equal(session_tallies(s)->all.rejected, 3);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(decision_of(was[i]),
                         i == 0 || i == 4 ? DECISION_NONE : DECISION_REJECTED);
    assert_false(rig.app.library.range);
}

/* Who waits for the miners sees the best; who has begun stays where they are, be it with
 * half a key. */
static void an_untouched_list_begins_with_its_best(void **state)
{
    app_command(&rig.app, "sort name");
    size_t was = row(0);
    ui_rig_keys(&rig, "w q ? q F1 Esc K q , q ^L");
    ui_rig_fill(rig.session, 7, 40); /* "attic" sorts before all there is */
    assert_true(row(0) != was);
    assert_int_equal(view_current(rig.app.view), row(0));
    was = row(0);
    ui_rig_keys(&rig, "c");
    ui_rig_fill(rig.session, 15, 40); /* and "attic-14" before that */
    assert_true(row(0) != was);
    assert_int_equal(view_current(rig.app.view), was);
    ui_rig_keys(&rig, "k");
    assert_string_equal(session_find(rig.session, was)->hit_class, "kick");
}

/* Its beginning is not there any more: nothing is done to what nobody chose. */
static void a_range_without_its_beginning_is_over(void **state)
{
    ui_rig_keys(&rig, "] gg v j j");
    const struct find *first = session_find(rig.session, row(0));
    char filter[300];
    snprintf(filter, sizeof filter, "filter !\"%s\"", first->name);
    app_command(&rig.app, filter);
    ui_rig_keys(&rig, "x");
    assert_true(ui_rig_said(&rig, "has left this list"));
    assert_int_equal(session_tallies(rig.session)->all.rejected, 0);
    assert_false(rig.app.library.range);
    ui_rig_keys(&rig, "x");
    assert_int_equal(session_tallies(rig.session)->all.rejected, 1);
}

/* What is tagged, rated or undecided out of the list has made room for the next one. */
static void nothing_is_skipped_where_rows_leave(void **state)
{
    app_command(&rig.app, "filter !is:tagged");
    size_t was[4];
    for (size_t i = 0; i < 4; i++)
        was[i] = row(i);
    ui_rig_keys(&rig, "t t # 2 t");
    for (size_t i = 0; i < 4; i++)
        assert_true(session_find(rig.session, was[i])->tagged);
    assert_int_equal(session_tallies(rig.session)->tagged, 4);
    /* a count beyond the end tags the last one once */
    ui_rig_keys(&rig, "F G k # 9 t");
    size_t last = view_count(rig.app.view) - 1;
    assert_true(session_find(rig.session, row(last))->tagged);
    assert_true(session_find(rig.session, row(last - 1))->tagged);
    app_command(&rig.app, "untag");
    ui_rig_keys(&rig, "gg 3");
    app_command(&rig.app, "filter rating=3");
    assert_int_equal(view_count(rig.app.view), 1);
    ui_rig_keys(&rig, "1");
    assert_true(ui_rig_said(&rig, "F clears the filter"));
    ui_rig_keys(&rig, "F gg a");
    app_command(&rig.app, "filter is:accepted");
    ui_rig_keys(&rig, "gg U");
    assert_true(ui_rig_said(&rig, "F clears the filter"));
}

/* Edges that move past a neighbour's take the cursor along. */
static void edges_move_under_the_cursor(void **state)
{
    app_command(&rig.app, "filter type:drum");
    ui_rig_keys(&rig, "gg M");
    assert_int_equal(rig.app.screen, SCREEN_SOURCE);
    ui_rig_keys(&rig, "gg j j");
    long here = source_current(&rig.app);
    const struct find *f = session_find(rig.session, (size_t)here);
    assert_true(f->kind == KIND_DRUM || f->kind == KIND_PAD || f->kind == KIND_SILENCE);
    double start = session_measure(rig.session, f, ME_start_sec);
    ui_rig_keys(&rig, ")");
    assert_int_equal(source_current(&rig.app), here);
    ui_rig_keys(&rig, ") )");
    assert_int_equal(source_current(&rig.app), here);
    assert_true(session_measure(rig.session, f, ME_start_sec) > start + 0.02);
    ui_rig_keys(&rig, "# 2 0 0 0 (");
    assert_int_equal(source_current(&rig.app), here);
}

/* The settings and the thresholds of the source screen are the same numbers. */
static void thresholds_follow_the_settings(void **state)
{
    struct pad_params *p = &rig.app.source.params;
    ui_rig_keys(&rig, "M } }");
    assert_true(rig.app.source.moved);
    assert_true(p->min_rms_db == rig.config.pad_miner.min_rms_db + 2);
    ui_rig_keys(&rig, "Tab } X"); /* all of them, whichever is shown */
    assert_true(p->min_rms_db == rig.config.pad_miner.min_rms_db);
    assert_true(p->spectral_flatness_threshold ==
                rig.config.pad_miner.spectral_flatness_threshold);
    assert_false(rig.app.source.moved);
    ui_rig_keys(&rig, "Tab Tab Tab } q");
    app_command(&rig.app, "set pad_miner.min_rms_db=-61");
    ui_rig_keys(&rig, "M");
    assert_true(p->min_rms_db == -61);
    assert_false(rig.app.source.moved);
    ui_rig_keys(&rig, "m"); /* with these: none is set back */
    assert_true(rig.config.pad_miner.min_rms_db == -61);
    ui_rig_keys(&rig, "M } Tab } m");
    assert_true(rig.config.pad_miner.min_rms_db == -60);
    assert_true(p->min_rms_db == -60);
    ui_rig_keys(&rig, "q , u u"); /* both were moved, both are taken back */
    assert_true(rig.config.pad_miner.min_rms_db == -61);
    assert_true(p->min_rms_db == -61);
}

static bool found(void *user, const struct config *config)
{
    (void)user, (void)config;
    return true;
}

/* As the screen itself says when it cannot read the recording. */
static void recordings_are_named_where_they_are_missed(void **state)
{
    rig.app.setup.ops.find_recordings = found;
    ui_rig_keys(&rig, "M");
    long source = rig.app.source.source;
    assert_true(source >= 0);
    app_command(&rig.app, "set paths.source_audio_dir=/tmp");
    assert_int_equal(rig.app.source.source, source);
    ui_rig_keys(&rig, "j");
    assert_true(source_current(&rig.app) >= 0);
}

enum { JOBS = 4 };
static int gate[2]; /* a byte lets one job end */

static enum status wait_at_gate(void *arg, const struct job_context *ctx, struct err *e)
{
    char byte;
    (void)arg, (void)ctx, (void)e;
    return read(gate[0], &byte, 1) == 1 ? ST_OK : ST_DISK;
}

static void note_end(void *arg, enum status st, const struct err *e)
{
    (void)e;
    *(enum status *)arg = st;
}

static void let_one_end(struct jobs *j, const enum status *became)
{
    assert_int_equal(write(gate[1], "x", 1), 1);
    while (*became == ST_NOTHING) {
        struct pollfd fd = {jobs_fd(j), POLLIN, 0};
        assert_true(poll(&fd, 1, 10000) > 0);
        jobs_deliver(j);
    }
    assert_int_equal(*became, ST_OK);
}

/* Jobs end above the one that was chosen: it is that one that is cancelled. */
static void the_chosen_job_is_cancelled(void **state)
{
    struct err e;
    struct jobs *slow;
    enum status became[JOBS];
    assert_int_equal(pipe(gate), 0);
    assert_int_equal(jobs_new(&slow, 1, NULL, &e), ST_OK);
    rig.app.jobs = slow;
    for (int i = 0; i < JOBS; i++) {
        became[i] = ST_NOTHING;
        struct job_spec spec = {
            .work = wait_at_gate, .done = note_end, .arg = &became[i]};
        snprintf(spec.title, sizeof spec.title, "job %c", 'A' + i);
        assert_true(jobs_submit(slow, &spec) > 0);
    }
    struct job_info first = {.state = JOB_WAITING};
    while (first.state == JOB_WAITING) /* until a worker has it */
        assert_int_equal(jobs_list(slow, &first, 1), 1);
    ui_rig_keys(&rig, "w");
    free(ui_rig_screen(&rig));
    assert_int_equal(rig.app.job_list.cursor, 0);
    ui_rig_keys(&rig, "j j"); /* on C */
    free(ui_rig_screen(&rig));
    let_one_end(slow, &became[0]);
    free(ui_rig_screen(&rig));
    assert_int_equal(rig.app.job_list.cursor, 1); /* still on C */
    let_one_end(slow, &became[1]);
    ui_rig_keys(&rig, "X"); /* before it is drawn again */
    assert_true(ui_rig_said(&rig, "cancelled job C"));
    assert_int_equal(write(gate[1], "xx", 2), 2);
    jobs_wait(slow);
    assert_true(became[2] == ST_CANCELLED || became[2] == ST_OK); /* it had begun */
    assert_int_equal(became[3], ST_OK);
    ui_rig_keys(&rig, "X");
    assert_true(ui_rig_said(&rig, "already ended"));
    jobs_free(slow);
    rig.app.jobs = rig.jobs;
    close(gate[0]);
    close(gate[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_RIG(a_range_stays_on_its_finds, two_tapes),
        IN_RIG(an_untouched_list_begins_with_its_best, two_tapes),
        IN_RIG(a_range_without_its_beginning_is_over, two_tapes),
        IN_RIG(nothing_is_skipped_where_rows_leave, two_tapes),
        IN_RIG(edges_move_under_the_cursor, two_tapes),
        IN_RIG(thresholds_follow_the_settings, two_tapes),
        IN_RIG(recordings_are_named_where_they_are_missed, two_tapes),
        IN_RIG(the_chosen_job_is_cancelled, two_tapes),
    };
    return cmocka_run_group_tests_name("ui follow", tests, NULL, NULL);
}
