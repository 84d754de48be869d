/* The jobs screen: what runs, waits and ran, and the log. */
#include "ui/state.h"

#include "ui/paint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { JOBS_SHOWN = 200, BAR_CELLS = 10 };

static const char *state_word(enum job_state s)
{
    static const char *const words[] = {"waiting",   "running", "done",
                                        "elsewhere", "failed",  "cancelled"};
    return words[s];
}

static enum role state_role(enum job_state s)
{
    return s == JOB_FAILED                       ? ROLE_WARNING
           : s == JOB_RUNNING                    ? ROLE_STRONG
           : s == JOB_DONE || s == JOB_ELSEWHERE ? ROLE_TEXT
                                                 : ROLE_DIM;
}

/* Is there a reason to tell for what became of it? */
static bool has_reason(const struct job_info *j)
{
    return j->state == JOB_FAILED || j->state == JOB_ELSEWHERE;
}

static void draw_job(struct app *app, const struct area *a, int row,
                     const struct job_info *j, bool here)
{
    char text[64] = "", time[24];
    if (here)
        area_cursor(a, row, 0, a->cols);
    int name = a->cols - 56;
    area_text(a, row, 3, state_role(j->state), state_word(j->state));
    area_fit(a, row, 14, name, ROLE_TEXT, CUT_MIDDLE, j->title);
    int col = 14 + name + 2;
    if (has_reason(j)) {
        area_fit(a, row, col, a->cols - col - 1, state_role(j->state), CUT_END,
                 path_below(j->error.msg, app->setup.input_dir));
        return;
    }
    if (j->state == JOB_WAITING)
        return;
    paint_bar(a, row, col, BAR_CELLS, j->state == JOB_DONE ? 1 : j->fraction);
    words_time(time, sizeof time, j->elapsed_s, 0);
    if (j->state == JOB_RUNNING && j->fraction > 0.02 && j->elapsed_s > 1) {
        char left[24];
        words_time(left, sizeof left, j->elapsed_s * (1 - j->fraction) / j->fraction, 0);
        snprintf(text, sizeof text, "%s, %s left", time, left);
    } else {
        snprintf(text, sizeof text, "%s", time);
    }
    col = area_printf(a, row, col + BAR_CELLS + 1, ROLE_DIM, "%s", text);
    if (j->state == JOB_RUNNING)
        area_fit(a, row, col + 2, a->cols - col - 3, ROLE_DIM, CUT_END, j->stage);
}

static int read_jobs(struct app *app, struct job_info **out)
{
    *out = calloc(JOBS_SHOWN, sizeof **out);
    return *out && app->jobs ? jobs_list(app->jobs, *out, JOBS_SHOWN) : 0;
}

/* At what column a line's text begins, behind its time. */
enum { LOG_COL = 11 };

static int log_rows(const struct area *a, const struct logbook_line *l)
{
    int rows = utf8_rows(l->text, a->cols - LOG_COL - 1);
    return rows > 0 ? rows : 1;
}

/* The newest lines that fit, all of each, or older ones when log_top says so. */
static void lay_log(const struct area *a, const struct logbook_line *lines, size_t n,
                    int *log_top, size_t *first, size_t *end)
{
    size_t fit = 0;
    for (int rows = 0; fit < n && rows + log_rows(a, &lines[fit]) <= a->rows; fit++)
        rows += log_rows(a, &lines[fit]);
    int most = (int)(n - fit);
    if (*log_top > most)
        *log_top = most;
    *first = *end = n - (size_t)*log_top;
    for (int rows = 0;
         *first > 0 && (rows += log_rows(a, &lines[*first - 1])) <= a->rows;)
        --*first;
    if (*first == *end && *end > 0) /* higher than the log: its beginning */
        --*first;
}

static void draw_log(struct app *app, const struct area *a)
{
    struct logbook_line *lines = calloc(LOGBOOK_LINES, sizeof *lines);
    size_t n = lines && app->setup.logbook
                   ? logbook_read(app->setup.logbook, lines, LOGBOOK_LINES)
                   : 0;
    size_t first, end;
    lay_log(a, lines, n, &app->job_list.log_top, &first, &end);
    for (int r = 0; first < end && r < a->rows; first++) {
        const struct logbook_line *l = &lines[first];
        struct tm when;
        char clock[16] = "";
        if (localtime_r(&l->when, &when))
            strftime(clock, sizeof clock, "%H:%M:%S", &when);
        area_text(a, r, 1, ROLE_DIM, clock);
        int rows = area_wrap(a, r, LOG_COL, a->cols - LOG_COL - 1,
                             l->level >= LOG_WARNING ? ROLE_WARNING : ROLE_TEXT, l->text);
        r += rows > 0 ? rows : 1;
    }
    if (n == 0)
        area_text(a, 0, 1, ROLE_DIM, "the log is empty");
    free(lines);
}

static int row_of(const struct jobs_state *s, const struct job_info *jobs, int n)
{
    for (int i = 0; i < n; i++)
        if (jobs[i].id == s->id)
            return i;
    return -1;
}

static void put_cursor(struct jobs_state *s, const struct job_info *jobs, int n, int at)
{
    s->cursor = at < n ? at : n - 1;
    s->cursor = s->cursor > 0 ? s->cursor : 0;
    s->id = n > 0 ? jobs[s->cursor].id : 0;
    s->over = n > 0 && jobs[s->cursor].state > JOB_RUNNING;
}

/* The cursor stays on its job while others end before it; when its own ends, it stays
 * where it is. */
static void follow_job(struct jobs_state *s, const struct job_info *jobs, int n)
{
    int at = row_of(s, jobs, n);
    bool ended = at >= 0 && jobs[at].state > JOB_RUNNING && !s->over;
    put_cursor(s, jobs, n, at >= 0 && !ended ? at : s->cursor);
}

/* The jobs, and the row of the one that the screen shows under the cursor; −1: none. */
static int under_cursor(struct app *app, struct job_info **jobs)
{
    int n = read_jobs(app, jobs);
    if (app->job_list.id == 0)
        follow_job(&app->job_list, *jobs, n);
    return row_of(&app->job_list, *jobs, n);
}

/* Under the list: the whole reason of the one under the cursor. */
static void draw_reason(const struct app *app, const struct area *a,
                        const struct job_info *j)
{
    if (!has_reason(j))
        return;
    int rows = area_wrap(a, 0, 3, a->cols - 4, state_role(j->state), j->error.msg);
    if (rows >= a->rows)
        return;
    frame_hint(app, a, rows, 3,
               j->again[0] ? "{detail} tries it again"
                           : "{detail} cannot try this again");
}

static void draw_list(struct app *app, const struct area *whole)
{
    struct area list = *whole, *a = &list;
    struct job_info *jobs;
    struct jobs_state *s = &app->job_list;
    int n = read_jobs(app, &jobs);
    if (n == 0) {
        area_text(a, 1, 3, ROLE_STRONG, "Nothing is running or waiting.");
        frame_hint(app, a, 3, 3, "{mine}  mines the project's recordings");
    }
    follow_job(s, jobs, n);
    if (n > 0 && has_reason(&jobs[s->cursor]) && a->rows > 7) {
        struct area reason = area_bottom(a, 4);
        draw_reason(app, &reason, &jobs[s->cursor]);
    }
    s->top = area_scroll(a, s->top, s->cursor);
    for (int r = 0; r < a->rows && s->top + r < n; r++)
        draw_job(app, a, r, &jobs[s->top + r], s->top + r == s->cursor && !s->log);
    free(jobs);
}

static void draw(struct app *app, const struct area *a)
{
    char left[64], keys[128];
    snprintf(left, sizeof left, "jobs   %d running or waiting", app->batch.active);
    struct area rest = frame_ruled(app, a, left);
    struct area log = area_bottom(&rest, rest.rows / 2);
    struct area rule = area_top(&log, 1);
    area_hline(&rule, 0);
    area_text(&rule, 0, 3, app->job_list.log ? ROLE_STRONG : ROLE_DIM, " log ");
    app_name_keys(app, " {cancel} cancels   {detail} tries again   {pane} to the log ",
                  keys, sizeof keys);
    area_right_text(&rule, 0, rule.cols - 2, ROLE_HINT, keys);
    draw_list(app, &rest);
    draw_log(app, &log);
}

static void cancel(struct app *app)
{
    struct job_info *jobs;
    int at = under_cursor(app, &jobs);
    if (at >= 0 && jobs[at].state <= JOB_RUNNING) {
        jobs_cancel(app->jobs, jobs[at].id);
        app_say(app, "cancelled %s; what it has written so far is complete",
                jobs[at].title);
    } else {
        app_say(app, "that job has already ended");
    }
    free(jobs);
}

static void retry(struct app *app)
{
    struct job_info *jobs;
    int at = under_cursor(app, &jobs);
    bool over = at >= 0 && (has_reason(&jobs[at]) || jobs[at].state == JOB_CANCELLED);
    char again[JOB_AGAIN_BYTES] = "";
    if (over)
        snprintf(again, sizeof again, "%s", jobs[at].again);
    free(jobs);
    if (again[0])
        app_command(app, again);
    else
        app_say(app, "only what failed or was cancelled can be tried again");
}

/* The recording that the job under the cursor mines. */
static void show_source(struct app *app)
{
    struct job_info *jobs;
    int at = under_cursor(app, &jobs);
    const char *again = at >= 0 ? jobs[at].again : "";
    char command[JOB_AGAIN_BYTES + 8] = "source";
    if (strncmp(again, "mine ", 5) == 0)
        snprintf(command, sizeof command, "source %s", again + 5);
    free(jobs);
    app_command(app, command);
}

static bool move(struct app *app, const struct key_action *a)
{
    struct jobs_state *s = &app->job_list;
    struct job_info *jobs;
    int page = app->canvas.rows / 2 - 4;
    /* the log shows its end, and is moved back from there */
    long from = s->log ? LOGBOOK_LINES - 1 - s->log_top : s->cursor;
    long to = moved_row(a, from, s->log ? LOGBOOK_LINES : JOBS_SHOWN, page);
    if (to >= 0 && s->log) {
        s->log_top = (int)(LOGBOOK_LINES - 1 - to);
    } else if (to >= 0) {
        int n = read_jobs(app, &jobs);
        put_cursor(s, jobs, n, (int)to);
        free(jobs);
    }
    return to >= 0;
}

static bool act(struct app *app, const struct key_action *a)
{
    struct jobs_state *s = &app->job_list;
    if (move(app, a))
        return true;
    switch (a->action) {
    case ACT_PANE:
        s->log = !s->log;
        return true;
    case ACT_CANCEL:
        cancel(app);
        return true;
    case ACT_DETAIL:
        retry(app);
        return true;
    case ACT_SOURCE:
        show_source(app);
        return true;
    default:
        return false;
    }
}

/* What runs is at the top. */
static void enter(struct app *app)
{
    app->job_list.id = 0;
    app->job_list.cursor = 0;
}

const struct screen_ops jobs_screen = {draw, act, enter};
