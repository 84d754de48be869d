#include "core/jobs.h"

#include "core/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { HISTORY_MAX = 200, THREADS_MAX = 256, STAND_BACK_NICE = 10 };

struct job {
    struct job *next;
    struct jobs *owner;
    struct job_spec spec;
    uint64_t id;
    atomic_bool cancelled;
    enum job_state state;
    enum status result;
    double fraction;
    char stage[48];
    double started_s, ended_s;
    struct err error;
    /* of jobs_post: nothing but this and spec.arg is set; NULL for a submitted job */
    void (*note)(void *arg);
};

struct list {
    struct job *first, *last;
    int count;
};

struct jobs {
    pthread_mutex_t lock; /* lists, jobs, and what follows, but for pipe and log */
    pthread_cond_t wake, ended;
    struct list waiting, running, finished, history; /* finished: to be delivered */
    pthread_t thread[THREADS_MAX], waiter; /* `waiter` takes jobs that are at_once only */
    int threads;
    bool has_waiter;
    bool stopping;
    atomic_bool low_priority;
    int pipe_fd[2];
    uint64_t last_id;
    int active, series;      /* waiting or running, without errands */
    double asked, completed; /* weights, also without errands */
    const struct log *log;
};

static void list_push(struct list *l, struct job *job)
{
    job->next = NULL;
    if (l->last)
        l->last->next = job;
    else
        l->first = job;
    l->last = job;
    l->count++;
}

static void list_unshift(struct list *l, struct job *job)
{
    job->next = l->first;
    l->first = job;
    if (!l->last)
        l->last = job;
    l->count++;
}

static struct job *list_remove(struct list *l, struct job *job)
{
    struct job *before = NULL;
    for (struct job *j = l->first; j; before = j, j = j->next) {
        if (j != job)
            continue;
        if (before)
            before->next = j->next;
        else
            l->first = j->next;
        if (l->last == j)
            l->last = before;
        l->count--;
        j->next = NULL;
        return j;
    }
    return NULL;
}

/* The first one; or the first that somebody waits for. */
static struct job *list_take(struct list *l, bool at_once)
{
    struct job *job = l->first;
    while (job && at_once && !job->spec.at_once)
        job = job->next;
    return job ? list_remove(l, job) : NULL;
}

static struct job *list_shift(struct list *l)
{
    return l->first ? list_remove(l, l->first) : NULL;
}

/* A job comes into or leaves the counts, with the lock held. */
static void enters(struct jobs *j, const struct job *job)
{
    if (job->spec.errand)
        return;
    j->active++;
    j->series += job->spec.series;
    j->asked += job->spec.weight;
}

static void leaves(struct jobs *j, const struct job *job)
{
    if (job->spec.errand)
        return;
    j->active--;
    j->series -= job->spec.series;
    j->completed += job->spec.weight;
}

static void note_progress(void *user, double fraction, const char *stage)
{
    struct job *job = user;
    struct jobs *j = job->owner;
    pthread_mutex_lock(&j->lock);
    job->fraction = fraction < 0 ? 0 : fraction > 1 ? 1 : fraction;
    if (stage) {
        strncpy(job->stage, stage, sizeof job->stage - 1);
        job->stage[sizeof job->stage - 1] = '\0';
    }
    pthread_mutex_unlock(&j->lock);
}

/* One byte is enough to wake the owner: a full pipe means it is awake already. */
static void wake_owner(struct jobs *j)
{
    char byte = 1;
    ssize_t n = write(j->pipe_fd[1], &byte, 1);
    (void)n;
}

static void run(struct job *job)
{
    struct job_context ctx = {.cancelled = &job->cancelled,
                              .progress = note_progress,
                              .progress_user = job,
                              .log = job->owner->log};
    if (atomic_load(&job->cancelled))
        job->result =
            err_set(&job->error, ST_CANCELLED, "%s: cancelled", job->spec.title);
    else
        job->result = job->spec.work(job->spec.arg, &ctx, &job->error);
}

static enum job_state state_of(enum status result)
{
    return result == ST_OK          ? JOB_DONE
           : result == ST_BUSY      ? JOB_ELSEWHERE
           : result == ST_CANCELLED ? JOB_CANCELLED
                                    : JOB_FAILED;
}

/* On Linux a nice value belongs to a thread; elsewhere it would slow all of them. */
static void lower_priority(void)
{
#ifdef __linux__
    int nice_now = getpriority(PRIO_PROCESS, 0);
    setpriority(PRIO_PROCESS, 0, nice_now + STAND_BACK_NICE);
#endif
}

/* With the lock held; it is given up during the work. */
static void run_listed(struct jobs *j, struct job *job)
{
    job->state = JOB_RUNNING;
    job->started_s = clock_s();
    list_push(&j->running, job);
    pthread_mutex_unlock(&j->lock);
    run(job);
    pthread_mutex_lock(&j->lock);
    list_remove(&j->running, job);
    leaves(j, job);
    job->ended_s = clock_s();
    job->state = state_of(job->result);
}

static void serve(struct jobs *j, bool at_once)
{
    bool lowered = false;
    pthread_mutex_lock(&j->lock);
    for (;;) {
        struct job *job;
        while (!(job = list_take(&j->waiting, at_once)) && !j->stopping)
            pthread_cond_wait(&j->wake, &j->lock);
        if (!job)
            break;
        if (!lowered && atomic_load(&j->low_priority)) {
            lower_priority();
            lowered = true;
        }
        run_listed(j, job);
        list_push(&j->finished, job);
        pthread_cond_broadcast(&j->ended);
        wake_owner(j);
    }
    pthread_mutex_unlock(&j->lock);
}

static void *worker(void *arg)
{
    serve(arg, false);
    return NULL;
}

static void *waiter(void *arg)
{
    serve(arg, true);
    return NULL;
}

static enum status open_pipe(struct jobs *j, struct err *e)
{
    if (pipe(j->pipe_fd) != 0)
        return err_errno(e, ST_NO_MEMORY, errno, "no pipe for the workers");
    for (int i = 0; i < 2; i++) {
        fcntl(j->pipe_fd[i], F_SETFL, O_NONBLOCK);
        fcntl(j->pipe_fd[i], F_SETFD, FD_CLOEXEC);
    }
    return ST_OK;
}

enum status jobs_new(struct jobs **out, int threads, const struct log *log, struct err *e)
{
    *out = NULL;
    struct jobs *j = calloc(1, sizeof *j);
    if (!j)
        return err_set(e, ST_NO_MEMORY, "no memory for the workers");
    enum status st = open_pipe(j, e);
    if (st != ST_OK) {
        free(j);
        return st;
    }
    j->log = log;
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->wake, NULL);
    pthread_cond_init(&j->ended, NULL);
    if (threads < 0)
        threads = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (threads > THREADS_MAX)
        threads = THREADS_MAX;
    /* Fewer threads than asked for still do the work; none at all means inline. */
    while (j->threads < threads &&
           pthread_create(&j->thread[j->threads], NULL, worker, j) == 0)
        j->threads++;
    *out = j;
    return ST_OK;
}

void jobs_stand_back(struct jobs *j)
{
    atomic_store(&j->low_priority, true);
}

static void retire(struct jobs *j, struct job *job)
{
    pthread_mutex_lock(&j->lock);
    list_push(&j->history, job);
    struct job *old = j->history.count > HISTORY_MAX ? list_shift(&j->history) : NULL;
    pthread_mutex_unlock(&j->lock);
    free(old);
}

static void deliver(struct jobs *j, struct job *job)
{
    if (job->note) {
        job->note(job->spec.arg);
        free(job);
        return;
    }
    if (job->spec.done)
        job->spec.done(job->spec.arg, job->result, &job->error);
    job->spec.arg = NULL;
    retire(j, job);
}

static uint64_t submit_inline(struct jobs *j, struct job *job)
{
    uint64_t id = job->id;
    pthread_mutex_lock(&j->lock);
    run_listed(j, job);
    pthread_mutex_unlock(&j->lock);
    deliver(j, job);
    return id;
}

uint64_t jobs_submit(struct jobs *j, const struct job_spec *spec)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job) {
        struct err e;
        err_set(&e, ST_NO_MEMORY, "%s: no memory for the job", spec->title);
        if (spec->done)
            spec->done(spec->arg, ST_NO_MEMORY, &e);
        return 0;
    }
    job->owner = j;
    job->spec = *spec;
    if (!(job->spec.weight > 0))
        job->spec.weight = 1;
    pthread_mutex_lock(&j->lock);
    bool stopping = j->stopping; /* no worker takes it any more */
    atomic_init(&job->cancelled, stopping);
    uint64_t id = job->id = ++j->last_id;
    enters(j, job);
    if (j->threads > 0 && !stopping) {
        if (spec->errand || spec->at_once)
            list_unshift(&j->waiting, job);
        else
            list_push(&j->waiting, job);
        if (spec->at_once && !j->has_waiter) /* if it cannot start, a worker takes it */
            j->has_waiter = pthread_create(&j->waiter, NULL, waiter, j) == 0;
        pthread_cond_broadcast(&j->wake);
    }
    pthread_mutex_unlock(&j->lock);
    return j->threads > 0 && !stopping ? id : submit_inline(j, job);
}

bool jobs_post(struct jobs *j, void (*note)(void *arg), void *arg)
{
    if (j->threads == 0) {
        note(arg);
        return true;
    }
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return false;
    job->note = note;
    job->spec.arg = arg;
    pthread_mutex_lock(&j->lock);
    list_push(&j->finished, job);
    pthread_cond_broadcast(&j->ended);
    wake_owner(j);
    pthread_mutex_unlock(&j->lock);
    return true;
}

void jobs_cancel(struct jobs *j, uint64_t id)
{
    pthread_mutex_lock(&j->lock);
    struct job *next;
    for (struct job *job = j->waiting.first; job; job = next) {
        next = job->next;
        if (id != 0 && job->id != id)
            continue;
        list_remove(&j->waiting, job);
        leaves(j, job);
        job->state = JOB_CANCELLED;
        job->result =
            err_set(&job->error, ST_CANCELLED, "%s: cancelled", job->spec.title);
        list_push(&j->finished, job);
        wake_owner(j);
    }
    for (struct job *job = j->running.first; job; job = job->next)
        if (id == 0 || job->id == id)
            atomic_store(&job->cancelled, true);
    pthread_cond_broadcast(&j->ended);
    pthread_mutex_unlock(&j->lock);
}

int jobs_fd(const struct jobs *j)
{
    return j->pipe_fd[0];
}

static struct job *take_finished(struct jobs *j)
{
    pthread_mutex_lock(&j->lock);
    struct job *job = list_shift(&j->finished);
    pthread_mutex_unlock(&j->lock);
    return job;
}

static int deliver_until(struct jobs *j, double end_s)
{
    char drain[64];
    while (read(j->pipe_fd[0], drain, sizeof drain) > 0)
        ;
    int n = 0;
    for (struct job *job; (job = take_finished(j));) {
        deliver(j, job);
        n++;
        if (end_s > 0 && clock_s() >= end_s) {
            wake_owner(j);
            break;
        }
    }
    return n;
}

int jobs_deliver(struct jobs *j)
{
    return deliver_until(j, 0);
}

int jobs_deliver_for(struct jobs *j, double seconds)
{
    return deliver_until(j, clock_s() + seconds);
}

/* Deliver until nothing waits or runs. False: time `end` came first (NULL: never). */
static bool wait_until(struct jobs *j, const struct timespec *end)
{
    for (;;) {
        jobs_deliver(j);
        int late = 0;
        pthread_mutex_lock(&j->lock);
        while (!late && !j->finished.first && (j->waiting.first || j->running.first))
            late = end ? pthread_cond_timedwait(&j->ended, &j->lock, end)
                       : pthread_cond_wait(&j->ended, &j->lock);
        bool idle = !j->finished.first;
        pthread_mutex_unlock(&j->lock);
        if (idle)
            return !late;
    }
}

void jobs_wait(struct jobs *j)
{
    wait_until(j, NULL);
}

void jobs_end(struct jobs *j, double grace_s)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    double whole = floor(grace_s);
    end.tv_sec += (time_t)whole;
    end.tv_nsec += (long)((grace_s - whole) * 1e9);
    if (end.tv_nsec >= 1000000000) {
        end.tv_nsec -= 1000000000;
        end.tv_sec++;
    }
    jobs_cancel(j, 0);
    while (!wait_until(j, &end)) {
        jobs_cancel(j, 0);
        pthread_mutex_lock(&j->lock); /* work may be slow to see that it is cancelled */
        while (!j->finished.first && j->running.first)
            pthread_cond_wait(&j->ended, &j->lock);
        pthread_mutex_unlock(&j->lock);
    }
}

void jobs_free(struct jobs *j)
{
    if (!j)
        return;
    jobs_cancel(j, 0);
    pthread_mutex_lock(&j->lock);
    j->stopping = true;
    pthread_cond_broadcast(&j->wake);
    pthread_mutex_unlock(&j->lock);
    for (int i = 0; i < j->threads; i++)
        pthread_join(j->thread[i], NULL);
    if (j->has_waiter)
        pthread_join(j->waiter, NULL);
    jobs_deliver(j);
    for (struct job *job; (job = list_shift(&j->history));)
        free(job);
    close(j->pipe_fd[0]);
    close(j->pipe_fd[1]);
    pthread_cond_destroy(&j->ended);
    pthread_cond_destroy(&j->wake);
    pthread_mutex_destroy(&j->lock);
    free(j);
}

static void describe(struct job_info *info, const struct job *job)
{
    memset(info, 0, sizeof *info);
    info->id = job->id;
    memcpy(info->title, job->spec.title, sizeof info->title);
    memcpy(info->again, job->spec.again, sizeof info->again);
    memcpy(info->stage, job->stage, sizeof info->stage);
    info->state = job->state;
    info->fraction = job->state == JOB_DONE ? 1 : job->fraction;
    if (job->state == JOB_RUNNING)
        info->elapsed_s = clock_s() - job->started_s;
    else if (job->state != JOB_WAITING)
        info->elapsed_s = job->ended_s - job->started_s;
    if (job->state != JOB_RUNNING) /* until it has ended, the error is its thread's */
        info->error = job->error;
}

int jobs_list(struct jobs *j, struct job_info *out, int max)
{
    int n = 0;
    pthread_mutex_lock(&j->lock);
    const struct list *active[] = {&j->running, &j->waiting, &j->finished};
    for (size_t i = 0; i < sizeof active / sizeof *active; i++)
        for (struct job *job = active[i]->first; job && n < max; job = job->next)
            if (!job->note)
                describe(&out[n++], job);
    /* The history is oldest first: show its newest end, newest first. */
    int skip = j->history.count - (max - n), first = n;
    for (struct job *job = j->history.first; job; job = job->next)
        if (skip-- <= 0 && n < max)
            describe(&out[n++], job);
    pthread_mutex_unlock(&j->lock);
    for (int a = first, b = n - 1; a < b; a++, b--) {
        struct job_info swap = out[a];
        out[a] = out[b];
        out[b] = swap;
    }
    return n;
}

static int read_locked(struct jobs *j, const int *count)
{
    pthread_mutex_lock(&j->lock);
    int n = *count;
    pthread_mutex_unlock(&j->lock);
    return n;
}

int jobs_active(struct jobs *j)
{
    return read_locked(j, &j->active);
}

int jobs_series(struct jobs *j)
{
    return read_locked(j, &j->series);
}

/* With the lock held. */
static struct job *list_find(const struct list *l, const char *again)
{
    struct job *job = l->first;
    while (job && strcmp(job->spec.again, again) != 0)
        job = job->next;
    return job;
}

bool jobs_pending(struct jobs *j, const char *again)
{
    pthread_mutex_lock(&j->lock);
    bool found = list_find(&j->running, again) || list_find(&j->waiting, again);
    pthread_mutex_unlock(&j->lock);
    return found;
}

bool jobs_waiting(struct jobs *j, const char *again)
{
    pthread_mutex_lock(&j->lock);
    bool found = list_find(&j->waiting, again) != NULL;
    pthread_mutex_unlock(&j->lock);
    return found;
}

void *jobs_withdraw(struct jobs *j, const char *again)
{
    pthread_mutex_lock(&j->lock);
    struct job *job = list_find(&j->waiting, again);
    if (job) {
        list_remove(&j->waiting, job);
        leaves(j, job);
        if (!job->spec.errand) { /* `leaves` counted it as done: take it out again */
            j->asked -= job->spec.weight;
            j->completed -= job->spec.weight;
        }
    }
    pthread_cond_broadcast(&j->ended);
    pthread_mutex_unlock(&j->lock);
    void *arg = job ? job->spec.arg : NULL;
    free(job);
    return arg;
}

void jobs_work(struct jobs *j, double *asked, double *done)
{
    pthread_mutex_lock(&j->lock);
    *asked = j->asked;
    *done = j->completed;
    for (const struct job *job = j->running.first; job; job = job->next)
        *done += job->spec.errand ? 0 : job->spec.weight * job->fraction;
    pthread_mutex_unlock(&j->lock);
}
