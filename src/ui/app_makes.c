/* Commands that make something of the project, each as a job: the proposed best-of, its
 * set, the report, the demo, the file of decisions. */
#include "ui/state.h"

#include "core/demo.h"
#include "core/kit.h"
#include "io/paths.h"

#include <stdio.h>
#include <stdlib.h>

struct choosing {
    struct app *app;
    struct session_best *best;
    long cursor;     /* the find it was on before */
    unsigned number; /* of those asked for: the last one counts, whichever ends last */
};

static enum status choose_work(void *arg, const struct job_context *ctx, struct err *e)
{
    struct choosing *c = arg;
    (void)ctx;
    return session_choose_best(c->best, e);
}

/* The proposal is shown from its beginning, unless somebody has gone elsewhere meanwhile.
 */
static void choose_done(void *arg, enum status st, const struct err *why)
{
    struct choosing *c = arg;
    struct app *app = c->app;
    struct err e = *why;
    bool waits =
        view_scope(app->view) == SCOPE_BEST_OF && view_current(app->view) == c->cursor;
    bool last = c->number == app->best_asked;
    st = session_best_end(app->session, c->best, last ? st : ST_CANCELLED, &e);
    if (last && app_check(app, st, &e)) {
        app_say(app, "%s; {library.accept} keeps one", session_echo(app->session));
        if (waits)
            view_move_to(app->view, 0);
        app_audition_soon(app);
    }
    free(c);
}

/* Asked for so many, as many are proposed; else the kit's instruments come first. */
void app_propose(struct app *app, const char *text)
{
    double n = 10;
    if (*text && !app_number(app, text, &n))
        return;
    if (n < 1 || n > 1000) {
        app_warn(app, "best takes 1 to 1000 finds of each category, not %s", text);
        return;
    }
    if (session_count(app->session) == 0) {
        app_warn(app, "there is nothing to choose from yet: {mine} mines recordings");
        return;
    }
    const struct target *kit = *text ? NULL : kit_target(app->config);
    struct choosing *c = malloc(sizeof *c);
    struct session_best *best =
        c ? session_best_begin(app->session, (int)n, kit, app->config->curation.diversity)
          : NULL;
    if (!best) {
        free(c);
        app_warn(app, "no memory for the best-of");
        return;
    }
    struct job_spec spec = {.title = "the best-of",
                            .work = choose_work,
                            .done = choose_done,
                            .arg = c,
                            .errand = true};
    view_set_scope(app->view, SCOPE_BEST_OF);
    *c = (struct choosing){app, best, view_current(app->view), ++app->best_asked};
    app_say(app, "choosing the best");
    jobs_submit(app->quick, &spec);
}

static void write_set(struct app *app)
{
    struct err e;
    const struct app_ops *ops = &app->setup.ops;
    if (app_check(app, ops->curate(ops->user, app->set_top, app_reply_to(app), &e), &e))
        app_say(app, "writing the best-of set");
}

void app_curate(struct app *app, const char *text)
{
    double n = 0;
    const struct session_tallies *t = session_tallies(app->session);
    char question[120];
    if (*text && !app_number(app, text, &n))
        return;
    app->set_top = n >= 0 && n <= 1000 ? (int)n : -1;
    snprintf(question, sizeof question, "replace the best-of set of %zu sample%s?",
             t->in_set, t->in_set == 1 ? "" : "s");
    if (!app->setup.ops.curate)
        app_warn(app, "the best-of set cannot be written here");
    else if (app->set_top < 0)
        app_warn(app, "curate takes 0 to 1000 finds of each category, not %s", text);
    else if (app->set_top == 0 && t->all.accepted == 0)
        app_warn(app, "nothing is accepted: {library.accept} accepts, :curate 10 takes "
                      "the best ten of each category");
    else if (t->in_set > 0)
        app_confirm(app, question, write_set, NULL);
    else
        write_set(app);
}

void app_report(struct app *app, const char *nothing)
{
    (void)nothing;
    struct err e;
    bool waits = jobs_active(app->jobs) > 0;
    const struct app_ops *ops = &app->setup.ops;
    if (!ops->report)
        app_warn(app, "the report is not available here");
    else if (app_check(app, ops->report(ops->user, app_reply_to(app), &e), &e))
        app_say(app, waits ? "the report is written when the running job is done"
                           : "writing the report");
}

static void make_demo(struct app *app)
{
    struct err e;
    const struct app_ops *ops = &app->setup.ops;
    if (app_check(app, ops->demo(ops->user, app_reply_to(app), &e), &e))
        app_say(app, "making recordings for the demo");
}

/* Nobody wants them among an own collection by a slip. */
void app_demo(struct app *app, const char *nothing)
{
    (void)nothing;
    char question[120];
    snprintf(question, sizeof question, "add %d demo recordings to yours?", demo_count());
    if (!app->setup.ops.demo)
        app_warn(app, "the demo is not available here");
    else if (session_source_count(app->session) > 0 || app->batch.active > 0)
        app_confirm(app, question, make_demo, NULL);
    else
        make_demo(app);
}

struct writing {
    struct app *app;
    char path[PATH_BYTES];
};

static enum status write_decisions(void *arg, const struct job_context *ctx,
                                   struct err *e)
{
    struct writing *w = arg;
    struct catalog *c;
    (void)ctx;
    enum status st =
        catalog_open(&c, session_catalog_path(w->app->session), CATALOG_READ, e);
    if (st != ST_OK)
        return st;
    st = catalog_export(c, w->path, e);
    catalog_close(c);
    return st;
}

/* Also for whoever quits before its turn came. */
static void decisions_written(void *arg, enum status st, const struct err *why)
{
    struct writing *w = arg;
    struct err e = *why;
    if (st == ST_CANCELLED)
        st = write_decisions(w, NULL, &e);
    if (app_check(w->app, st, &e))
        app_say(w->app, "every decision is in %s", w->path);
    free(w);
}

void app_write_decisions(struct app *app, const char *file)
{
    struct writing *w = malloc(sizeof *w);
    if (!w) {
        app_warn(app, "no memory for the decisions");
        return;
    }
    struct job_spec spec = {.title = "decisions",
                            .work = write_decisions,
                            .done = decisions_written,
                            .arg = w,
                            .errand = true};
    w->app = app;
    path_from_home(w->path, sizeof w->path, file);
    app_say(app, "writing the decisions");
    jobs_submit(app->quick, &spec);
}
