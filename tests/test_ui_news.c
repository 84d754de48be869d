/* What other processes write while the workstation is open: it comes up without a key,
 * not all the time, and rows left as they are are joined again. */
#include "checks.h"
#include "ui_rig.h"

#include <math.h>
#include <string.h>

/* As the loop does, while nobody types. */
static void idle_for(double seconds)
{
    for (double end = rig.app.now + seconds; rig.app.now < end;) {
        double wait = app_tick(&rig.app);
        assert_true(wait >= 0 && wait <= 1);
        jobs_wait(rig.app.quick); /* and delivered */
        rig.app.now += rig.app.news ? 0.001 : fmax(wait, 0.001);
    }
}

static void what_others_write_comes_up_without_a_key(void **state)
{
    OWN(session) *other = NULL;
    struct err e;
    size_t above = 0, count;
    app_command(&rig.app, "sort name");
    ui_rig_keys(&rig, "j j j");
    idle_for(2.1);
    long here = library_current(&rig.app);
    assert_int_equal(session_open(&other, rig.folder, &e), ST_OK);
    count = session_count(other);
    above = (size_t)view_at(rig.app.view, 1);
    uint64_t id = session_find(rig.session, above)->id;
    size_t theirs = (size_t)session_index_of(other, id);
    assert_int_equal(session_decide(other, &theirs, 1, DECISION_REJECTED, &e), ST_OK);
    rig.app.dirty = false;
    idle_for(1.1);
    assert_int_equal(session_find(rig.session, above)->decision, DECISION_REJECTED);
    assert_true(rig.app.dirty); /* and it is drawn */
    assert_int_equal(library_current(&rig.app), here);
    /* more finds, sorted in before the cursor's */
    ui_rig_fill(other, 5, 60);
    assert_true(session_count(other) > count);
    size_t row = view_cursor(rig.app.view);
    idle_for(1.1);
    assert_int_equal(session_count(rig.session), session_count(other));
    assert_true(view_count(rig.app.view) > count);
    assert_int_equal(library_current(&rig.app), here);
    assert_true(view_cursor(rig.app.view) > row);
}

/* What the line says u does is what u does. */
static void a_line_about_what_others_have_undone_goes(void **state)
{
    OWN(session) *other = NULL;
    struct err e;
    idle_for(2.1);
    ui_rig_keys(&rig, "a");
    assert_string_equal(rig.app.echo + strlen(rig.app.echo) - strlen("u undoes"),
                        "u undoes");
    assert_int_equal(session_open(&other, rig.folder, &e), ST_OK);
    ui_rig_fill(other, 6, 60); /* who mines does not touch it */
    idle_for(1.1);
    assert_int_equal(session_count(rig.session), session_count(other));
    assert_non_null(strstr(rig.app.echo, "u undoes"));
    assert_int_equal(session_undo(other, NULL, &e), ST_OK);
    idle_for(2.1);
    assert_string_equal(rig.app.echo, "");
    ui_rig_keys(&rig, "^R"); /* shared, too, and said by who did it last */
    assert_memory_equal(rig.app.echo, "redone: accepted", strlen("redone: accepted"));
    idle_for(2.1);
    assert_memory_equal(rig.app.echo, "redone: accepted", strlen("redone: accepted"));
    size_t one = 3; /* on top of it: u would take back that */
    assert_int_equal(session_decide(other, &one, 1, DECISION_REJECTED, &e), ST_OK);
    idle_for(4.1);
    assert_string_equal(rig.app.echo, "");
}

/* Who mines for hours elsewhere is followed, but not all the time. */
static void the_longer_news_take_the_seldomer_they_are_read(void **state)
{
    OWN(session) *other = NULL;
    struct err e;
    size_t one = 0;
    idle_for(2.1);
    assert_int_equal(session_open(&other, rig.folder, &e), ST_OK);
    session_decide(other, &one, 1, DECISION_ACCEPTED, &e);
    rig.app.now += 1;
    app_tick(&rig.app); /* begun */
    jobs_wait(rig.app.quick);
    rig.app.now += 0.4; /* it took that long */
    while (app_tick(&rig.app) < 0.2)
        rig.app.now += 0.001;
    assert_int_equal(session_find(rig.session, 0)->decision, DECISION_ACCEPTED);
    session_decide(other, &one, 1, DECISION_REJECTED, &e);
    idle_for(2.5);
    assert_int_equal(session_find(rig.session, 0)->decision, DECISION_ACCEPTED);
    idle_for(3);
    assert_int_equal(session_find(rig.session, 0)->decision, DECISION_REJECTED);
}

static int joins;

static enum status mine_joins(void *user, const struct mine_request *r,
                              struct app_reply reply, struct err *e)
{
    (void)user;
    (void)e;
    assert_true(r->join);
    joins++;
    reply.done(reply.to, ST_OK, "the manifest is up to date again", NULL);
    return ST_OK;
}

/* Rows that were left as they are because another process wrote: the project is joined
 * again, once that has been quiet for a while, and nothing is said. */
static void rows_left_as_they_are_are_joined_again(void **state)
{
    OWN(session) *other = NULL;
    struct err e;
    struct catalog_source src = *session_source(rig.session, 0);
    rig.app.setup.ops.mine = mine_joins;
    joins = 0;
    idle_for(2.1);
    assert_int_equal(session_open(&other, rig.folder, &e), ST_OK);
    size_t count = session_count(other), one = 50;
    assert_int_equal(session_keep_only(rig.session, &src, NULL, 0, &e), ST_OK);
    ui_rig_fill(other, 1, 40);
    assert_int_equal(session_count(other), count);
    idle_for(2);
    for (int i = 0; i < 5; i++) { /* it goes on writing */
        session_rate(other, &one, 1, i % 2, &e);
        idle_for(2);
    }
    assert_int_equal(joins, 0);
    assert_int_equal(session_find(rig.session, 3)->gone, false);
    app_say(&rig.app, "as it was");
    idle_for(5);
    assert_int_equal(joins, 1);
    idle_for(10);
    assert_int_equal(joins, 1);
    assert_string_equal(rig.app.echo, "as it was");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_RIG(what_others_write_comes_up_without_a_key, two_tapes),
        IN_RIG(a_line_about_what_others_have_undone_goes, two_tapes),
        IN_RIG(the_longer_news_take_the_seldomer_they_are_read, two_tapes),
        IN_RIG(rows_left_as_they_are_are_joined_again, two_tapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
