/* jobs: a pool of worker threads with a queue, progress, cancel, and results that are
 * delivered on the owner's thread.
 *
 * Thread: the owner (one thread) submits, polls and frees; workers run `work`. With 0
 * threads a job runs inline inside jobs_submit. `done` is always called on the owner's
 * thread, from jobs_deliver (or jobs_submit when inline), so a model has a single writer.
 * jobs_fd() becomes readable when there is something to deliver. */
#ifndef TROWEL_CORE_JOBS_H
#define TROWEL_CORE_JOBS_H

#include "core/log.h"
#include "core/status.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct jobs;

/* What running work may touch. */
struct job_context {
    const atomic_bool *cancelled; /* check often: work should end within 100 ms */
    /* 0 … 1, cheap, any rate; NULL allowed through job_progress */
    void (*progress)(void *user, double fraction, const char *stage);
    void *progress_user;
    const struct log *log;
};

bool job_cancelled(const struct job_context *ctx); /* ctx may be NULL: never */
enum status job_go_on(const struct job_context *ctx, struct err *e); /* ST_CANCELLED */
const struct log *job_log(const struct job_context *ctx);
void job_progress(const struct job_context *ctx, double fraction, const char *stage);

/* ELSEWHERE: another process is at work on it (ST_BUSY). */
enum job_state {
    JOB_WAITING,
    JOB_RUNNING,
    JOB_DONE,
    JOB_ELSEWHERE,
    JOB_FAILED,
    JOB_CANCELLED
};

enum { JOB_AGAIN_BYTES = 112 };

struct job_spec {
    char title[96];
    enum status (*work)(void *arg, const struct job_context *ctx, struct err *e);
    /* owner's thread; frees arg; `st` is what work returned (ST_CANCELLED if it never
     * ran) */
    void (*done)(void *arg, enum status st, const struct err *e);
    void *arg;
    /* for whoever shows the job: the command that asks for it anew, "" = none */
    char again[JOB_AGAIN_BYTES];
    /* how much work it is beside the others of its pool, in any unit; 0 = 1 */
    double weight;
    bool series;  /* one of many alike, which jobs_series counts: a recording's mining */
    bool errand;  /* short: goes before all that wait; jobs_active does not count it */
    bool at_once; /* the user waits for it: a thread of its own takes it, however long the
                   * workers are busy (none if the pool runs inline) */
};

struct job_info {
    uint64_t id;
    char title[96], again[JOB_AGAIN_BYTES];
    char stage[48];
    enum job_state state;
    double fraction;  /* 0 … 1 */
    double elapsed_s; /* running or run time */
    struct err error;
};

/* threads < 0: as many as there are cores. */
enum status jobs_new(struct jobs **out, int threads, const struct log *log,
                     struct err *e);
/* From their next job on, the workers give way to everything else that wants to run:
 * keys, screen and sound do not wait for them however many they are. */
void jobs_stand_back(struct jobs *j);
/* Cancels everything, waits for the workers, delivers what is left; what is submitted in
 * the course of that is cancelled, too. */
void jobs_free(struct jobs *j);

/* Returns the job's id (> 0), or 0 without memory (done is then called at once). */
uint64_t jobs_submit(struct jobs *j, const struct job_spec *spec);
/* From running work, on any thread: have `note` called with `arg` on the owner's thread,
 * in the order of posting and before the `done` of the work that posts. Without memory it
 * is called nowhere and false is returned: `arg` is still the caller's. Inline pools call
 * it at once. */
bool jobs_post(struct jobs *j, void (*note)(void *arg), void *arg);
void jobs_cancel(struct jobs *j, uint64_t id); /* 0: all */
int jobs_fd(const struct jobs *j);
int jobs_deliver(struct jobs *j); /* calls `done` of finished jobs, returns how many */
/* The same, but begins no further one after `seconds`: jobs_fd() then stays readable. */
int jobs_deliver_for(struct jobs *j, double seconds);
void jobs_wait(struct jobs *j); /* delivers until nothing waits or runs */
/* The same, but cancelled: what goes on now at once, what is submitted in the course of
 * that when `grace_s` seconds are over. */
void jobs_end(struct jobs *j, double grace_s);

/* Snapshot of the newest `max` jobs, waiting and running first; returns how many. */
int jobs_list(struct jobs *j, struct job_info *out, int max);
int jobs_active(struct jobs *j); /* waiting + running, without errands */
int jobs_series(struct jobs *j); /* those of them that are of a series */
/* The weight of all that was ever submitted, and how much of it is done, what runs by its
 * progress; without errands. */
void jobs_work(struct jobs *j, double *asked, double *done);
/* Does a job that is asked for by this command wait or run? Any thread. */
bool jobs_pending(struct jobs *j, const char *again);
bool jobs_waiting(struct jobs *j, const char *again); /* and has not begun */
/* Takes back a job that is asked for by this command and waits yet, as if it had never
 * been submitted: its `arg` is the caller's again, NULL when there is none. */
void *jobs_withdraw(struct jobs *j, const char *again);

#endif
