/* app: the workstation: the loop that joins terminal, session, sound and jobs.
 *
 * main.c builds the pieces and hands them over in a struct app_setup; app_run owns the
 * terminal until it returns. Everything in here runs on the calling thread, the owner of
 * session and jobs. What takes long is asked of `ops`, which submit jobs to the same pool
 * and return at once.
 *
 *     struct app_setup s = {…};
 *     st = app_run(&s, &e);         (ST_NO_TERMINAL, ST_NO_MEMORY, else ST_OK)
 *
 * After app_run the terminal is as it was, also when a signal ended it (SIGHUP, SIGTERM,
 * SIGINT: ST_CANCELLED). */
#ifndef TROWEL_UI_APP_H
#define TROWEL_UI_APP_H

#include "audio/transport.h"
#include "core/jobs.h"
#include "core/session.h"
#include "io/config.h"
#include "ui/logbook.h"

/* How an operation answers, later, on the owner's thread: `sentence` for the echo line,
 * `report` (may be NULL) many lines for a page of their own (a dry run's listing). Called
 * exactly once per operation that returned ST_OK. */
struct app_reply {
    void (*done)(void *to, enum status st, const char *sentence, const char *report);
    void *to;
};

/* Mine again: one source or all. */
struct mine_request {
    const char *source; /* stem, or NULL: every source that is not up to date */
    bool force;         /* also those that are up to date */
    bool at_start; /* nobody asked: what failed is not tried again unless it changed */
    bool join;     /* nothing at all; what is on record makes stacks and manifest anew */
    const struct config *config; /* with what; copied by the operation */
};

struct export_request {
    const char *kit_name; /* "" = the project's name */
    bool dry_run;         /* only say what would be written */
    bool stereo;
};

/* What only the composition root can do. All but `opened` are called on the owner's
 * thread, submit jobs and return at once; any may be NULL (the key then says that it is
 * not available). Finds reach the session through the jobs' `done`. */
struct app_ops {
    void *user;
    enum status (*mine)(void *user, const struct mine_request *r, struct app_reply reply,
                        struct err *e);
    enum status (*export_kit)(void *user, const struct export_request *r,
                              struct app_reply reply, struct err *e);
    /* write the project's best-of set: what is accepted, and the best of each category up
     * to `top`; the set that is there is replaced */
    enum status (*curate)(void *user, int top, struct app_reply reply, struct err *e);
    /* write the HTML report of the project */
    enum status (*report)(void *user, struct app_reply reply, struct err *e);
    /* write the demo recordings into the input folder and mine them */
    enum status (*demo)(void *user, struct app_reply reply, struct err *e);
    /* where the recordings are by the config; setup.input_dir says it from then on */
    bool (*find_recordings)(void *user, const struct config *config);
    /* save the config of the project */
    enum status (*save_config)(void *user, const struct config *config, struct err *e);
    /* once, when the first screen stands, on any thread: write down what was opened */
    void (*opened)(void *user);
};

struct app_setup {
    struct session *session;     /* open; stays the caller's */
    struct jobs *jobs;           /* stays the caller's; delivered from app_run */
    struct transport *transport; /* may be NULL: no sound */
    struct logbook *logbook;     /* may be NULL */
    struct config *config;       /* the effective one; the settings screen changes it */
    const char *input_dir;       /* the recordings' folder, "" = unknown */
    const char *theme_dirs;      /* colon-separated folders of themes */
    const char *user_dir;        /* ~/.config/trowel: keys.yaml, history; "" = none */
    bool mine_at_start;          /* begin mining what is not up to date */
    struct app_ops ops;
};

enum status app_run(const struct app_setup *setup, struct err *e);

#endif
