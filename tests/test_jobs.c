/* core/jobs: the pool, its cancel, its delivery on the owner's thread. */
#define _XOPEN_SOURCE 700 /* getpriority */
#include "checks.h"
#include "core/jobs.h"
#include "nap.h"

#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

struct probe {
    atomic_int *ran;
    pthread_t owner;
    int delivered;
    enum status want, got;
    bool foreign_thread;
    atomic_bool started;
};

static enum status work(void *arg, const struct job_context *ctx, struct err *e)
{
    struct probe *p = arg;
    job_progress(ctx, 0.5, "half");
    atomic_fetch_add(p->ran, 1);
    return p->want == ST_OK ? ST_OK : err_set(e, p->want, "as asked");
}

static enum status until_cancelled(void *arg, const struct job_context *ctx,
                                   struct err *e)
{
    struct probe *p = arg;
    atomic_store(&p->started, true);
    while (!job_cancelled(ctx))
        nap_ms(1);
    return err_set(e, ST_CANCELLED, "stopped");
}

static void done(void *arg, enum status st, const struct err *e)
{
    struct probe *p = arg;
    p->delivered++;
    p->got = st;
    p->foreign_thread = !pthread_equal(pthread_self(), p->owner);
    if (st != ST_OK)
        assert_true(e->msg[0] != '\0');
}

static void every_job_runs_once_and_is_delivered_here(void **state)
{
    for (int threads = 0; threads <= 4; threads += 2) {
        struct jobs *j;
        assert_int_equal(jobs_new(&j, threads, NULL, NULL), ST_OK);
        enum { N = 500 };
        static struct probe p[N];
        atomic_int ran = 0;
        for (int i = 0; i < N; i++) {
            p[i] = (struct probe){
                .ran = &ran, .owner = pthread_self(), .want = i % 7 ? ST_OK : ST_EMPTY};
            struct job_spec spec = {.work = work, .done = done, .arg = &p[i]};
            snprintf(spec.title, sizeof spec.title, "job %d", i);
            assert_true(jobs_submit(j, &spec) > 0);
        }
        jobs_wait(j);
        assert_int_equal(jobs_active(j), 0);
        assert_int_equal(ran, N);
        for (int i = 0; i < N; i++) {
            assert_int_equal(p[i].delivered, 1);
            assert_int_equal(p[i].got, p[i].want);
            assert_false(p[i].foreign_thread);
        }
        struct job_info info[10];
        assert_int_equal(jobs_list(j, info, 10), 10);
        jobs_free(j);
    }
}

static void count_slowly(void *arg)
{
    nap_ms(2);
    ++*(int *)arg;
}

/* Who delivers with a limit comes back soon, and is woken for the rest. */
static void delivery_can_be_cut_short(void **state)
{
    struct jobs *j;
    assert_int_equal(jobs_new(&j, 1, NULL, NULL), ST_OK);
    jobs_stand_back(j);
    int count = 0, rounds = 0;
    for (int i = 0; i < 40; i++)
        assert_true(jobs_post(j, count_slowly, &count));
    for (struct pollfd p = {jobs_fd(j), POLLIN, 0}; poll(&p, 1, 0) > 0; rounds++)
        assert_in_range(jobs_deliver_for(j, 0.003), 0, 2);
    assert_int_equal(count, 40);
    assert_true(rounds >= 20);
    jobs_free(j);
}

#ifdef __linux__ /* where a nice value belongs to a thread */
static enum status note_nice(void *arg, const struct job_context *ctx, struct err *e)
{
    (void)ctx;
    (void)e;
    *(int *)arg = getpriority(PRIO_PROCESS, 0);
    return ST_OK;
}

static void not_heard(void *arg, enum status st, const struct err *e)
{
    (void)arg;
    (void)st;
    (void)e;
}

/* The screen's thread comes before the miners, which are as nice as can be told. */
static void workers_stand_back_when_asked(void **state)
{
    struct jobs *j;
    int own = getpriority(PRIO_PROCESS, 0), first = 0, then = 0;
    struct job_spec spec = {
        .title = "nice", .work = note_nice, .done = not_heard, .arg = &first};
    assert_int_equal(jobs_new(&j, 1, NULL, NULL), ST_OK);
    jobs_submit(j, &spec);
    jobs_wait(j);
    assert_int_equal(first, own);
    jobs_stand_back(j);
    spec.arg = &then;
    jobs_submit(j, &spec);
    jobs_wait(j);
    assert_int_equal(then, own + 10 < 19 ? own + 10 : 19);
    assert_int_equal(getpriority(PRIO_PROCESS, 0), own);
    jobs_free(j);
}
#endif

static void cancel_reaches_running_and_waiting(void **state)
{
    struct jobs *j;
    assert_int_equal(jobs_new(&j, 1, NULL, NULL), ST_OK);
    atomic_int ran = 0;
    struct probe running = {.owner = pthread_self()};
    struct probe waiting = {.ran = &ran, .owner = pthread_self()};
    struct job_spec a = {
        .title = "a", .work = until_cancelled, .done = done, .arg = &running};
    struct job_spec b = {.title = "b", .work = work, .done = done, .arg = &waiting};
    uint64_t first = jobs_submit(j, &a);
    while (!atomic_load(&running.started))
        nap_ms(1);
    uint64_t second = jobs_submit(j, &b);
    jobs_cancel(j, second);
    struct pollfd fd = {.fd = jobs_fd(j), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 1000), 1);
    assert_int_equal(jobs_deliver(j), 1);
    assert_int_equal(waiting.got, ST_CANCELLED);
    assert_int_equal(ran, 0);
    jobs_cancel(j, first);
    jobs_wait(j);
    assert_int_equal(running.got, ST_CANCELLED);
    assert_int_equal(poll(&fd, 1, 0), 0);
    jobs_free(j);
}

static void free_cancels_and_delivers_all(void **state)
{
    struct jobs *j;
    assert_int_equal(jobs_new(&j, 2, NULL, NULL), ST_OK);
    static struct probe p[20];
    for (int i = 0; i < 20; i++) {
        p[i] = (struct probe){.owner = pthread_self()};
        struct job_spec spec = {
            .title = "x", .work = until_cancelled, .done = done, .arg = &p[i]};
        jobs_submit(j, &spec);
    }
    jobs_free(j);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(p[i].delivered, 1);
        assert_int_equal(p[i].got, ST_CANCELLED);
    }
}

struct mail {
    struct jobs *jobs;
    pthread_t owner;
    int order[8], count;
    bool foreign;
};

static void read_note(void *arg)
{
    struct mail *m = arg;
    m->order[m->count++] = 1;
    m->foreign |= !pthread_equal(pthread_self(), m->owner);
}

static enum status post_twice(void *arg, const struct job_context *ctx, struct err *e)
{
    struct mail *m = arg;
    (void)ctx;
    (void)e;
    assert_true(jobs_post(m->jobs, read_note, m));
    assert_true(jobs_post(m->jobs, read_note, m));
    return ST_OK;
}

static void mail_done(void *arg, enum status st, const struct err *e)
{
    struct mail *m = arg;
    (void)st;
    (void)e;
    m->order[m->count++] = 2;
}

static void notes_come_here_before_their_job_is_done(void **state)
{
    for (int threads = 0; threads <= 2; threads += 2) {
        struct mail m = {.owner = pthread_self()};
        assert_int_equal(jobs_new(&m.jobs, threads, NULL, NULL), ST_OK);
        struct job_spec spec = {
            .title = "post", .work = post_twice, .done = mail_done, .arg = &m};
        jobs_submit(m.jobs, &spec);
        jobs_wait(m.jobs);
        assert_int_equal(m.count, 3);
        assert_int_equal(m.order[0], 1);
        assert_int_equal(m.order[1], 1);
        assert_int_equal(m.order[2], 2);
        assert_false(m.foreign);
        struct job_info info[4];
        assert_int_equal(jobs_list(m.jobs, info, 4), 1);
        jobs_free(m.jobs);
    }
}

struct follower {
    struct jobs *jobs;
    struct probe first, second;
    bool patient; /* the second one heeds no cancel */
    bool at_once; /* somebody waits for the second one */
};

static enum status short_work(void *arg, const struct job_context *ctx, struct err *e)
{
    struct follower *f = arg;
    if (!f->patient)
        return until_cancelled(&f->second, ctx, e);
    nap_ms(50);
    return ST_OK;
}

static void second_done(void *arg, enum status st, const struct err *e)
{
    struct follower *f = arg;
    done(&f->second, st, e);
}

static void submit_second(void *arg, enum status st, const struct err *e)
{
    struct follower *f = arg;
    struct job_spec spec = {
        .work = short_work, .done = second_done, .arg = f, .at_once = f->at_once};
    done(&f->first, st, e);
    jobs_submit(f->jobs, &spec);
}

static enum status first_work(void *arg, const struct job_context *ctx, struct err *e)
{
    struct follower *f = arg;
    return until_cancelled(&f->first, ctx, e);
}

static void an_end_leaves_a_moment_for_what_follows(void **state)
{
    for (int patient = 0; patient < 2; patient++) {
        struct follower f = {.patient = patient, .first = {.owner = pthread_self()}};
        f.second.owner = f.first.owner;
        assert_int_equal(jobs_new(&f.jobs, 1, NULL, NULL), ST_OK);
        struct job_spec spec = {.work = first_work, .done = submit_second, .arg = &f};
        jobs_submit(f.jobs, &spec);
        while (!atomic_load(&f.first.started))
            nap_ms(1);
        jobs_end(f.jobs, 0.4);
        assert_int_equal(f.first.got, ST_CANCELLED);
        assert_int_equal(f.second.delivered, 1);
        assert_int_equal(f.second.got, patient ? ST_OK : ST_CANCELLED);
        jobs_free(f.jobs);
    }
}

/* The same when the pool is freed: nobody begins with what follows, be it waited for, and
 * whoever asked for it is told. */
static void what_follows_the_end_is_answered(void **state)
{
    for (int at_once = 0; at_once < 2; at_once++) {
        struct follower f = {.at_once = at_once, .first = {.owner = pthread_self()}};
        f.second.owner = f.first.owner;
        assert_int_equal(jobs_new(&f.jobs, 1, NULL, NULL), ST_OK);
        struct job_spec spec = {.work = first_work, .done = submit_second, .arg = &f};
        jobs_submit(f.jobs, &spec);
        jobs_free(f.jobs);
        assert_int_equal(f.second.delivered, 1);
        assert_int_equal(f.second.got, ST_CANCELLED);
        assert_false(atomic_load(&f.second.started));
    }
}

static enum status deaf_work(void *arg, const struct job_context *ctx, struct err *e)
{
    (void)ctx, (void)e;
    atomic_store(&((struct probe *)arg)->started, true);
    nap_ms(400);
    return ST_OK;
}

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A disk that does not answer, say: whoever waits for it after the moment is over sleeps.
 */
static void an_end_sleeps_while_it_waits(void **state)
{
    struct jobs *j;
    struct probe p = {.owner = pthread_self()};
    struct job_spec spec = {.work = deaf_work, .done = done, .arg = &p};
    assert_int_equal(jobs_new(&j, 1, NULL, NULL), ST_OK);
    jobs_submit(j, &spec);
    while (!atomic_load(&p.started))
        nap_ms(1);
    double before = cpu_s();
    jobs_end(j, 0.01);
    assert_true(cpu_s() - before < 0.1);
    assert_int_equal(p.delivered, 1);
    jobs_free(j);
}

static void remember(void *arg, enum status st, const struct err *e)
{
    struct probe *p = arg;
    done(arg, st, e);
    p->want = (enum status)atomic_fetch_add(p->ran, 1); /* the order of delivery */
}

static enum status nothing(void *arg, const struct job_context *ctx, struct err *e)
{
    (void)arg, (void)ctx, (void)e;
    return ST_OK;
}

static void errands_go_first_and_do_not_count(void **state)
{
    struct jobs *j;
    atomic_int order = 0;
    struct probe blocker = {.owner = pthread_self()}, probe[3];
    assert_int_equal(jobs_new(&j, 1, NULL, NULL), ST_OK);
    struct job_spec spec = {.work = until_cancelled, .done = done, .arg = &blocker};
    uint64_t id = jobs_submit(j, &spec);
    while (!atomic_load(&blocker.started))
        nap_ms(1);
    for (int i = 0; i < 3; i++) {
        probe[i] = (struct probe){.ran = &order, .owner = pthread_self()};
        struct job_spec one = {
            .work = nothing, .done = remember, .arg = &probe[i], .errand = i == 2};
        snprintf(one.again, sizeof one.again, "number %d", i);
        jobs_submit(j, &one);
    }
    assert_int_equal(jobs_active(j), 3);
    assert_true(jobs_pending(j, "number 2"));
    assert_false(jobs_pending(j, "number"));
    jobs_cancel(j, id);
    jobs_wait(j);
    assert_false(jobs_pending(j, "number 2"));
    assert_int_equal(probe[2].want, 0);
    assert_int_equal(probe[0].want, 1);
    assert_int_equal(probe[1].want, 2);
    jobs_free(j);
}

static enum status half_then_wait(void *arg, const struct job_context *ctx, struct err *e)
{
    job_progress(ctx, 0.5, "half");
    return until_cancelled(arg, ctx, e);
}

/* A recording of an hour and a hit of a second are not half of the work each. */
static void work_is_told_by_weight(void **state)
{
    struct jobs *j;
    struct err e;
    atomic_int ran = 0;
    double asked, over;
    assert_int_equal(jobs_new(&j, 1, NULL, &e), ST_OK);
    struct probe large = {.ran = &ran, .owner = pthread_self()}, small = large,
                 light = large, errand = large;
    struct job_spec spec = {.work = half_then_wait, .done = done, .arg = &large};
    spec.weight = 90;
    jobs_submit(j, &spec);
    spec = (struct job_spec){.work = work, .done = done, .arg = &small, .weight = 8};
    jobs_submit(j, &spec);
    spec = (struct job_spec){.work = work, .done = done, .arg = &light};
    jobs_submit(j, &spec); /* says none: 1 */
    spec.arg = &errand;
    spec.errand = true;
    spec.weight = 1000;
    jobs_submit(j, &spec);
    while (!atomic_load(&large.started))
        nap_ms(1);
    assert_int_equal(jobs_active(j), 3);
    jobs_work(j, &asked, &over);
    assert_float_equal(asked, 99, 1e-9);
    assert_float_equal(over, 45, 1e-9);
    jobs_cancel(j, 0);
    jobs_wait(j);
    assert_int_equal(jobs_active(j), 0);
    jobs_work(j, &asked, &over); /* nothing is left of what was cancelled */
    assert_float_equal(over, asked, 1e-9);
    jobs_free(j);
}

/* However many workers are busy for however long. */
static void what_is_waited_for_does_not_wait(void **state)
{
    struct jobs *j;
    atomic_int ran = 0;
    enum { BUSY = 2, AT_ONCE = 3 };
    struct probe busy[BUSY], other = {.ran = &ran, .owner = pthread_self()}, now[AT_ONCE];
    assert_int_equal(jobs_new(&j, BUSY, NULL, NULL), ST_OK);
    jobs_stand_back(j);
    for (int i = 0; i < BUSY; i++) {
        busy[i] = (struct probe){.owner = pthread_self()};
        struct job_spec spec = {.work = until_cancelled, .done = done, .arg = &busy[i]};
        jobs_submit(j, &spec);
    }
    struct job_spec spec = {.work = work, .done = done, .arg = &other};
    jobs_submit(j, &spec);
    for (int i = 0; i < AT_ONCE; i++) {
        now[i] = (struct probe){.ran = &ran, .owner = pthread_self()};
        spec = (struct job_spec){
            .work = work, .done = done, .arg = &now[i], .at_once = true};
        jobs_submit(j, &spec);
        while (!now[i].delivered) {
            nap_ms(1);
            jobs_deliver(j);
        }
        assert_int_equal(now[i].got, ST_OK);
        assert_int_equal(atomic_load(&ran), i + 1);
    }
    assert_int_equal(other.delivered, 0);
    assert_int_equal(jobs_active(j), BUSY + 1);
    jobs_free(j);
    assert_int_equal(other.delivered, 1);
    assert_int_equal(other.got, ST_CANCELLED);
}

/* Who takes what is waited for leaves the rest to the workers, and takes no wake-up from
 * them: with all of them idle each job is done. */
static void the_rest_is_not_left_lying(void **state)
{
    struct jobs *j;
    atomic_int ran = 0;
    struct probe p = {.ran = &ran, .owner = pthread_self()};
    assert_int_equal(jobs_new(&j, 1, NULL, NULL), ST_OK);
    for (int i = 0; i < 100; i++) {
        struct job_spec spec = {.work = work, .done = done, .arg = &p, .at_once = i == 0};
        jobs_submit(j, &spec);
        for (int ms = 0; p.delivered <= i; ms++) {
            assert_true(ms < 5000);
            nap_ms(1);
            jobs_deliver(j);
        }
    }
    assert_int_equal(atomic_load(&ran), 100);
    jobs_free(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_runs_once_and_is_delivered_here),
#ifdef __linux__
        cmocka_unit_test(workers_stand_back_when_asked),
#endif
        cmocka_unit_test(delivery_can_be_cut_short),
        cmocka_unit_test(cancel_reaches_running_and_waiting),
        cmocka_unit_test(free_cancels_and_delivers_all),
        cmocka_unit_test(notes_come_here_before_their_job_is_done),
        cmocka_unit_test(an_end_leaves_a_moment_for_what_follows),
        cmocka_unit_test(what_follows_the_end_is_answered),
        cmocka_unit_test(an_end_sleeps_while_it_waits),
        cmocka_unit_test(errands_go_first_and_do_not_count),
        cmocka_unit_test(what_is_waited_for_does_not_wait),
        cmocka_unit_test(the_rest_is_not_left_lying),
        cmocka_unit_test(work_is_told_by_weight),
    };
    return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
