/* The loop: poll, keys, timers. What moves by itself gets one frame in 16 ms at most,
 * keys are answered at once, and nothing is drawn when nothing moved. */
#include "ui/app.h"

#include "core/clock.h"

#include "ui/state.h"
#include "ui/term.h"
#include "ui/term_options.h"

#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

static const double frame_s = 0.016, moving_s = 0.04, progress_s = 0.25, tidy_s = 0.004,
                    deliver_s = 0.003, announce_s = 0.25, announce_most_s = 3, look_s = 1,
                    quiet_s = 5, farewell_s = 1, typing_s = 0.1;

/* --- what goes on behind the keys -------------------------------------------------- */

static void count(struct job_count *c, int active)
{
    if (active > c->active)
        c->total += active - c->active;
    c->active = active;
}

static void follow_jobs(struct app *app)
{
    struct batch_state *b = &app->batch;
    double asked = 0, done = 0;
    int active = 0, mining = 0;
    if (app->jobs) {
        active = jobs_active(app->jobs);
        mining = jobs_series(app->jobs);
        jobs_work(app->jobs, &asked, &done);
    }
    if (active > 0 && b->active == 0)
        *b = (struct batch_state){.since = app->now, .done_before = b->done_before};
    if (active != b->active || mining != b->mining.active)
        app->dirty = true;
    count(&b->mining, mining);
    count(&b->other, active - mining);
    b->active = active;
    if (active == 0) {
        b->done_before = done;
        return;
    }
    if (app->now - b->told >= progress_s) {
        b->told = app->now;
        app->moved = true;
    }
    b->fraction =
        asked > b->done_before ? (done - b->done_before) / (asked - b->done_before) : 0;
}

static void follow_sound(struct app *app)
{
    struct transport_status before = app->sound;
    if (!app->transport)
        return;
    transport_get_status(app->transport, &app->sound);
    const struct transport_status *s = &app->sound;
    bool told = s->sentence[0] && strcmp(before.sentence, s->sentence) != 0;
    if (told && s->device == DEVICE_READY) /* another was asked for */
        app_warn(app, "%s", s->sentence);
    if (before.position_s != s->position_s || before.kit_step != s->kit_step)
        app->moved = true;
    if (before.playing != s->playing || before.loading != s->loading ||
        before.device != s->device || before.underruns != s->underruns ||
        before.kit_running != s->kit_running ||
        strcmp(before.sentence, s->sentence) != 0 ||
        strcmp(before.problem, s->problem) != 0)
        app->dirty = true;
}

static enum status checkpoint_work(void *path, const struct job_context *ctx,
                                   struct err *e)
{
    (void)ctx;
    return catalog_checkpoint(path, e);
}

static void checkpoint_done(void *path, enum status st, const struct err *e)
{
    (void)st; /* nothing is lost: the log holds everything, and it is tried again */
    (void)e;
    free(path);
}

/* What may wait for the disk is not done on this thread. */
static void keep_log_short(struct app *app)
{
    char *path = catalog_wants_checkpoint(session_catalog(app->session))
                     ? strdup(session_catalog_path(app->session))
                     : NULL;
    struct job_spec spec = {.title = "catalog's log",
                            .work = checkpoint_work,
                            .done = checkpoint_done,
                            .arg = path};
    if (path)
        jobs_submit(app->quick, &spec);
}

static enum status opened_work(void *arg, const struct job_context *ctx, struct err *e)
{
    const struct app_ops *ops = arg;
    (void)ctx;
    (void)e;
    ops->opened(ops->user);
    return ST_OK;
}

/* Also for whoever quits before its turn came. */
static void opened_done(void *arg, enum status st, const struct err *e)
{
    const struct app_ops *ops = arg;
    (void)e;
    if (st == ST_CANCELLED)
        ops->opened(ops->user);
}

static enum status log_ahead_work(void *arg, const struct job_context *ctx, struct err *e)
{
    struct app *app = arg;
    (void)ctx;
    return catalog_log_ahead(&app->log_ahead, session_catalog_path(app->session), e);
}

static void log_ahead_done(void *arg, enum status st, const struct err *e)
{
    struct app *app = arg;
    (void)e; /* what does not work says so when something is written */
    if (st != ST_CANCELLED)
        catalog_sync_later(session_catalog(app->session), app->log_ahead);
}

/* What waits for the disk and the first screen did not need. */
static void settle_in(struct app *app)
{
    struct job_spec opened = {.title = "what was opened",
                              .work = opened_work,
                              .done = opened_done,
                              .arg = &app->setup.ops};
    if (app->setup.ops.opened)
        jobs_submit(app->quick, &opened);
    struct job_spec begin = {.title = "catalog's log",
                             .work = log_ahead_work,
                             .done = log_ahead_done,
                             .arg = app};
    jobs_submit(app->disk, &begin);
}

static enum status flush_work(void *arg, const struct job_context *ctx, struct err *e)
{
    struct app *app = arg;
    (void)ctx;
    return catalog_flush(session_catalog_path(app->session), e);
}

static void flush_done(void *arg, enum status st, const struct err *e)
{
    app_check(arg, st, e);
}

/* A decision is committed when its key is done; no key waits until it is on the disk. */
static void flush_decisions(struct app *app)
{
    struct job_spec spec = {
        .title = "decisions", .work = flush_work, .done = flush_done, .arg = app};
    if (jobs_active(app->disk) == 0 && catalog_wants_flush(session_catalog(app->session)))
        jobs_submit(app->disk, &spec);
}

static enum status vectors_work(void *arg, const struct job_context *ctx, struct err *e)
{
    struct app *app = arg;
    (void)ctx;
    return session_vectors_read(app->vectors_ahead, e);
}

static void vectors_done(void *arg, enum status st, const struct err *e)
{
    struct app *app = arg;
    (void)st; /* then whoever asks first waits for it */
    (void)e;
    session_vectors_end(app->session, app->vectors_ahead);
}

/* The similarity vectors, before the key `s` asks for them. */
static void load_vectors_ahead(struct app *app)
{
    struct session_vectors *vectors = session_vectors_begin(app->session);
    if (!vectors)
        return;
    app->vectors_ahead = vectors;
    struct job_spec spec = {.title = "how finds sound",
                            .work = vectors_work,
                            .done = vectors_done,
                            .arg = app,
                            .errand = true};
    jobs_submit(app->quick, &spec);
}

static enum status reread_work(void *arg, const struct job_context *ctx, struct err *e)
{
    struct app *app = arg;
    (void)ctx;
    return session_reread(app->rereading, e);
}

static void reread_done(void *arg, enum status st, const struct err *e)
{
    struct app *app = arg;
    (void)e;
    if (st == ST_OK)
        app->news = app->rereading;
    else
        session_reread_drop(app->session, app->rereading);
}

static void reread(struct app *app)
{
    if (app->now < app->reread_at)
        return;
    struct session_news *news = session_reread_begin(app->session);
    if (!news)
        return;
    app->rereading = news;
    app->reread_since = app->now;
    struct job_spec spec = {.title = "what others wrote",
                            .work = reread_work,
                            .done = reread_done,
                            .arg = app,
                            .errand = true};
    jobs_submit(app->quick, &spec);
}

/* The line offers to undo what is no longer the last thing that was done. */
static void drop_outdated_echo(struct app *app)
{
    char did[ECHO_BYTES];
    app_name_keys(app, session_echo(app->session), did, sizeof did);
    if (*did && strstr(app->echo, did) && !session_echo_holds(app->session))
        app->echo[0] = '\0';
}

/* True: there is more to take in. Where somebody else mines for hours, nobody here reads
 * all the time: the longer it takes, the more seldom. */
static bool take_news(struct app *app)
{
    if (app->news && !session_reread_step(app->session, app->news)) {
        app->news = NULL;
        app->reread_at = app->now + 10 * (app->now - app->reread_since);
        kit_follow_sound(app);
        drop_outdated_echo(app);
        app->dirty = true;
    }
    return app->news != NULL;
}

/* Nobody asked, and if it does not work now it does when something is mined next. */
static void joined_again(void *to, enum status st, const char *sentence,
                         const char *report)
{
    (void)to, (void)st, (void)sentence, (void)report;
}

/* When others have not written for a while: two of them would never come to an end. */
static void join_again(struct app *app)
{
    struct err e;
    const struct app_ops *ops = &app->setup.ops;
    struct mine_request r = {.join = true, .config = app->config};
    if (ops->mine && app->batch.active == 0 && app->now - app->reread_since > quiet_s &&
        session_wants_join(app->session))
        ops->mine(ops->user, &r, (struct app_reply){joined_again, app}, &e);
}

/* Once a second, also when nobody types (0.2 ms of CPU): what others wrote, what was
 * mined, what must go to disk. */
static void follow_project(struct app *app)
{
    reread(app);
    join_again(app);
    keep_log_short(app);
    load_vectors_ahead(app);
}

/* Lists take new finds in: the longer that takes, the more seldom, so that one key in a
 * hundred meets it. */
static void announce(struct app *app)
{
    double begin = clock_s();
    session_announce(app->session);
    app_say_hello(app);
    view_count(app->view);
    kit_follow_sound(app);
    app->news_every = fmin(fmax(announce_s, 100 * (clock_s() - begin)), announce_most_s);
    app->last_news = app->now;
    app->dirty = true;
}

double app_tick(struct app *app)
{
    if (app->jobs && jobs_deliver_for(app->jobs, deliver_s) > 0)
        app->dirty = true;
    jobs_deliver(app->quick);
    jobs_deliver(app->disk);
    flush_decisions(app);
    follow_jobs(app);
    follow_sound(app);
    if (app->now - app->last_look >= look_s) {
        app->last_look = app->now;
        follow_project(app);
    }
    bool news = session_has_news(app->session);
    if (news && app->now - app->last_news >= app->news_every) {
        announce(app);
        news = false;
    }
    bool more = take_news(app);
    double wait = fmax(app->last_look + look_s - app->now, 0);
    if (session_tidy(app->session) || more)
        wait = fmin(wait, tidy_s);
    if (app->audition_at > app->now) {
        wait = fmin(wait, app->audition_at - app->now);
    } else if (app->audition_at > 0) {
        app_play(app, library_current(app));
        follow_sound(app);
    }
    if (news)
        wait = fmin(wait, app->news_every);
    if (app->sound.playing || app->sound.kit_running)
        wait = fmin(wait, moving_s);
    if (app->batch.active > 0 || jobs_active(app->quick) > 0)
        wait = fmin(wait, progress_s);
    return wait;
}

/* --- with a terminal --------------------------------------------------------------- */

struct loop {
    struct app app;
    struct terminal *term;
    double drawn;
    bool hung_up;
    bool typing; /* there are more keys */
};

static void show(struct loop *l)
{
    struct app *app = &l->app;
    int rows, cols, row, col;
    term_size(l->term, &rows, &cols);
    if ((rows != app->canvas.rows || cols != app->canvas.cols) &&
        canvas_resize(&app->canvas, rows, cols, NULL) != ST_OK)
        return;
    if (app->theme_changed)
        term_set_theme(l->term, &app->theme);
    if (app->redraw)
        term_redraw(l->term);
    app->only_moved = !app->dirty;
    app->theme_changed = app->redraw = app->dirty = app->moved = false;
    app_draw(app, &row, &col);
    term_cursor(l->term, row, col);
    term_present(l->term, &app->canvas);
    l->drawn = clock_s();
}

static void take_signals(struct loop *l)
{
    unsigned seen = term_take_signals(l->term);
    if (seen & (TERM_RESIZED | TERM_CONTINUED))
        l->app.dirty = true;
    if (seen & TERM_STOP)
        l->app.suspend = true;
    if (seen & TERM_QUIT) {
        l->app.quit = true;
        l->hung_up = true;
    }
}

static void suspend(struct loop *l)
{
    l->app.suspend = false;
    if (l->app.transport)
        transport_rest(l->app.transport);
    term_suspend(l->term);
    l->app.dirty = l->app.redraw = true;
}

/* All that was typed, at once: a burst of keys costs one frame, and that one does not
 * wait for its turn. Where keys do not end (a text thrown at the terminal), screen, jobs
 * and signals come between them. */
static void take_keys(struct loop *l)
{
    uint32_t key;
    bool any = false;
    double end = clock_s() + typing_s;
    l->typing = false;
    while (!l->app.quit && !l->app.suspend && !l->typing &&
           term_next_key(l->term, &key)) {
        l->app.now = clock_s();
        app_key(&l->app, key);
        any = true;
        l->typing = l->app.now > end;
    }
    if (any && l->app.dirty && !l->app.quit && !l->app.suspend && term_send(l->term))
        show(l);
}

/* Wait for something to happen, at most `wait` seconds. */
static void wait_for(struct loop *l, double wait)
{
    struct pollfd fd[7] = {
        {term_input_fd(l->term), POLLIN, 0},
        {term_signal_fd(l->term), POLLIN, 0},
        {jobs_fd(l->app.quick), POLLIN, 0},
        {jobs_fd(l->app.disk), POLLIN, 0},
        {l->app.jobs ? jobs_fd(l->app.jobs) : -1, POLLIN, 0},
        {l->app.transport ? transport_fd(l->app.transport) : -1, POLLIN, 0},
        {term_output_fd(l->term), POLLOUT, 0}};
    if (poll(fd, sizeof fd / sizeof *fd, (int)ceil(wait * 1000)) > 0 &&
        fd[0].revents & (POLLHUP | POLLERR | POLLNVAL)) {
        l->app.quit = true;
        l->hung_up = true;
    }
}

static void run(struct loop *l)
{
    struct app *app = &l->app;
    show(l);
    settle_in(app);
    if (app->setup.mine_at_start)
        app_mine_at_start(app);
    while (!app->quit) {
        app->now = clock_s();
        double wait = app_tick(app);
        bool sent = term_send(l->term); /* also what an earlier frame left over */
        if ((app->dirty || app->moved) && sent) {
            double rest = l->drawn + frame_s - clock_s();
            if (!app->dirty)
                rest = fmax(rest, term_rest(l->term));
            if (rest <= 0) {
                show(l);
                continue;
            }
            wait = fmin(wait, rest);
        }
        wait_for(l, l->typing ? 0 : wait);
        take_signals(l);
        if (app->suspend)
            suspend(l);
        if (!app->quit)
            take_keys(l);
        if (app->suspend)
            suspend(l);
    }
}

/* What the log warned of before there was a screen: the newest, without its folder. */
static void say_what_was_warned(struct app *app)
{
    struct logbook_line line[16];
    if (app->echo_role == ROLE_WARNING || !app->setup.logbook)
        return;
    size_t n = logbook_read(app->setup.logbook, line, sizeof line / sizeof *line);
    while (n > 0 && line[n - 1].level < LOG_WARNING)
        n--;
    if (n == 0)
        return;
    const char *text = line[n - 1].text;
    size_t from = strcspn(text, ":");
    while (from > 0 && text[from - 1] != '/')
        from--;
    app_warn(app, "%s", text + from);
}

enum status app_run(const struct app_setup *setup, struct err *e)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l)
        return err_set(e, ST_NO_MEMORY, "no memory for the workstation");
    struct theme plain;
    theme_builtin(&plain);
    struct term_options options = term_options_of(setup->config, &plain);
    enum status st = term_open(&l->term, &options, e);
    if (st != ST_OK) {
        free(l);
        return st;
    }
    st = app_init(&l->app, setup, e);
    if (st == ST_OK) {
        struct err wrong;
        l->app.now = clock_s();
        l->app.theme = plain;
        app_check(&l->app,
                  app_load_theme(&l->app, setup->config->interface.theme, &wrong),
                  &wrong);
        say_what_was_warned(&l->app);
        l->app.canvas.tier = term_tier(l->term);
        l->app.ramp = term_depth(l->term) == THEME_256;
        run(l);
        if (l->app.transport)
            transport_stop(l->app.transport);
    }
    term_close(l->term); /* before the jobs: the shell is not kept waiting */
    if (st == ST_OK) {
        if (setup->jobs) /* they may still reply to this app */
            jobs_end(setup->jobs, farewell_s);
        app_done(&l->app);
    }
    if (st == ST_OK && l->hung_up)
        st = err_set(e, ST_CANCELLED, "ended by a signal; every decision is on disk");
    free(l);
    return st;
}
