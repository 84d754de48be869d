/* The source screen: one recording end to end, and thresholds moved live over it. */
#include "ui/state.h"

#include "core/survey.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { PLACES_PAGE = 20 };

/* --- the analysis and what thresholds find in it ----------------------------------- */

struct survey_job {
    struct app *app;
    long source;
    char path[PATH_BYTES];
    bool apart;
    struct track *track, *pads_track;
};

static enum status survey_work(void *arg, const struct job_context *ctx, struct err *e)
{
    struct survey_job *j = arg;
    return survey_analyse(j->path, j->apart, ctx, &j->track, &j->pads_track, e);
}

static void find_pads(struct app *app);

const struct track *source_pads_track(const struct source_state *s)
{
    return s->pads_track ? s->pads_track : s->track;
}

static void forget_tracks(struct source_state *s)
{
    track_free(s->track);
    track_free(s->pads_track);
    s->track = s->pads_track = NULL;
}

static void survey_done(void *arg, enum status st, const struct err *e)
{
    struct survey_job *j = arg;
    struct source_state *s = &j->app->source;
    if (st == ST_OK && j->source == s->source) {
        forget_tracks(s);
        s->track = j->track;
        s->pads_track = j->pads_track;
        s->track_source = j->source;
        j->track = j->pads_track = NULL;
        find_pads(j->app);
    } else if (st != ST_OK && st != ST_CANCELLED && e) {
        snprintf(s->failed, sizeof s->failed, "%.199s", e->msg);
    }
    track_free(j->track);
    track_free(j->pads_track);
    j->app->dirty = true;
    free(j);
}

static void analyse(struct app *app)
{
    struct source_state *s = &app->source;
    struct survey_job *j = calloc(1, sizeof *j);
    const struct catalog_source *src = session_source(app->session, (size_t)s->source);
    if (!j || !app_source_path(app, src->path, j->path)) {
        snprintf(s->failed, sizeof s->failed,
                 "the recording's place on disk is not known");
        free(j);
        return;
    }
    j->app = app;
    j->source = s->source;
    j->apart = app->config->separation.pads;
    struct job_spec spec = {.title = "look at a recording",
                            .work = survey_work,
                            .done = survey_done,
                            .arg = j};
    jobs_submit(app->quick, &spec);
}

struct find_job {
    struct app *app;
    const struct track *track;
    struct pad_params params;
    struct pad_list list;
};

static enum status find_work(void *arg, const struct job_context *ctx, struct err *e)
{
    (void)ctx;
    struct find_job *j = arg;
    return pads_mine(j->track, &j->params, &j->list, e);
}

static void find_done(void *arg, enum status st, const struct err *e)
{
    struct find_job *j = arg;
    struct source_state *s = &j->app->source;
    (void)e;
    s->finding = false;
    if (st == ST_OK) {
        pad_list_done(&s->live);
        s->live = j->list;
        int most = j->params.max_candidates_per_file, n = (int)s->live.found_count;
        s->found_now = n < most ? n : most;
        if (s->found_before < 0)
            s->found_before = s->found_now;
        s->places_source = -1;
    }
    struct app *app = j->app;
    app->dirty = true;
    free(j);
    if (s->find_again) {
        s->find_again = false;
        find_pads(app);
    }
}

static void find_pads(struct app *app)
{
    struct source_state *s = &app->source;
    if (!s->track || s->track_source != s->source || app->quit)
        return;
    if (s->finding) { /* the newest thresholds are looked for when this one is done */
        s->find_again = true;
        return;
    }
    struct find_job *j = calloc(1, sizeof *j);
    if (!j)
        return;
    /* what the config's thresholds find is counted, too */
    bool first = s->found_before < 0;
    *j = (struct find_job){.app = app,
                           .track = source_pads_track(s),
                           .params = first ? survey_pad_params(app->config) : s->params};
    double bpm = survey_bar_tempo(app->config, s->track);
    survey_use_bars(&j->params, app->config, bpm);
    s->find_again = first && s->moved;
    s->finding = true;
    struct job_spec spec = {
        .title = "find pads", .work = find_work, .done = find_done, .arg = j};
    jobs_submit(app->quick, &spec);
}

/* The one the library lists, where its finds have a place in a recording. */
static int listed_category(const struct app *app)
{
    int c = (int)view_scope(app->view) - SCOPE_CATEGORY;
    return c == CAT_PADS || c == CAT_DRUMS || c == CAT_SILENCES ? c : CATEGORY_ANY;
}

void source_open(struct app *app, long source)
{
    struct source_state *s = &app->source;
    if (source < 0 || (size_t)source >= session_source_count(app->session))
        return;
    long at = app->screen == SCREEN_LIBRARY ? view_current(app->view) : -1;
    if (app->screen != SCREEN_SOURCE) /* from one recording to the next it stays */
        source_show_only(app, app->screen == SCREEN_LIBRARY ? listed_category(app)
                                                            : CATEGORY_ANY);
    if (source != s->source) {
        /* a track in use is freed only when nothing reads it */
        jobs_cancel(app->quick, 0);
        jobs_wait(app->quick);
        forget_tracks(s); /* of this recording perhaps: another is on its way */
        pad_list_done(&s->live);
        s->live = (struct pad_list){0};
        s->source = source;
        s->failed[0] = '\0';
        s->found_before = s->found_now = -1;
        s->moved = false;
        s->params = survey_pad_params(app->config);
        analyse(app);
    }
    source_refresh(app);
    if (at >= 0)
        source_go_to(app, at);
}

void source_follow_settings(struct app *app)
{
    struct source_state *s = &app->source;
    s->params = survey_pad_params(app->config);
    s->found_before = -1;
    s->moved = false;
    s->places_source = -1;
    find_pads(app);
}

void source_listen_again(struct app *app)
{
    long shown = app->source.source;
    app->source.track_source = app->source.source = -1;
    source_open(app, shown);
}

void source_done(struct app *app)
{
    struct source_state *s = &app->source;
    forget_tracks(s);
    pad_list_done(&s->live);
    free(s->places);
}

/* --- thresholds -------------------------------------------------------------------- */

const char *source_curve_name(enum curve c)
{
    static const char *const names[CURVE_COUNT] = {"level", "flatness", "onsets",
                                                   "steadiness"};
    return names[c];
}

const char *source_curve_unit(enum curve c)
{
    return c == CURVE_LEVEL ? " dBFS" : c == CURVE_ONSETS ? " / s" : "";
}

double *source_threshold(struct app *app, double *low, double *high, double *step)
{
    struct pad_params *p = &app->source.params;
    switch (app->source.curve) {
    case CURVE_LEVEL:
        *low = -80;
        *high = 0;
        *step = 1;
        return &p->min_rms_db;
    case CURVE_FLATNESS:
        *low = 0;
        *high = 1;
        *step = 0.02;
        return &p->spectral_flatness_threshold;
    case CURVE_ONSETS:
        *low = 0;
        *high = 10;
        *step = 0.25;
        return &p->max_onset_rate_per_second;
    default:
        *low = 0;
        *high = 1;
        return NULL;
    }
}

static void show_all(struct app *app)
{
    source_show_only(app, CATEGORY_ANY);
    source_refresh(app);
}

static void move_threshold(struct app *app, int steps)
{
    double low, high, step, *v = source_threshold(app, &low, &high, &step);
    if (!v) {
        app_say(app, "this curve has no threshold; {pane} goes to the next one");
        return;
    }
    double to = round((*v + steps * step) * 1e6) / 1e6; /* as it would be written */
    *v = fmin(fmax(to, low), high);
    app->source.moved = true;
    if (app->source.only != CAT_PADS) /* what it finds are pads, and they are shown */
        show_all(app);
    find_pads(app);
    if (!app->source.track)
        app_say(app,
                "%s threshold %.4g; it takes effect once the recording has been analysed",
                source_curve_name(app->source.curve), *v);
}

/* --- acting ------------------------------------------------------------------------ */

static void hear(struct app *app)
{
    struct source_state *s = &app->source;
    if (s->cursor < 0 || !app->transport)
        return;
    const struct place *p = &s->places[s->cursor];
    if (p->index >= 0) {
        app_play(app, p->index);
        return;
    }
    char path[PATH_BYTES];
    const struct catalog_source *src = session_source(app->session, (size_t)s->source);
    if (!app_source_path(app, src->path, path))
        return;
    struct play_item item = {.id = (uint64_t)(p->start_s * 1000) | (1ull << 63),
                             .path = path,
                             .start_frame = (int64_t)(p->start_s * src->rate_hz),
                             .end_frame = (int64_t)(p->end_s * src->rate_hz)};
    transport_play(app->transport, &item);
}

static void go_to_place(struct app *app, long to)
{
    struct source_state *s = &app->source;
    if (s->place_count == 0)
        return;
    s->back = to < s->cursor;
    s->cursor = to;
    app_audition_soon(app);
}

/* False: nothing is undecided there. */
static bool next_undecided(struct app *app, int step)
{
    const struct source_state *s = &app->source;
    for (long at = s->cursor + step; at >= 0 && at < s->place_count; at += step) {
        long index = s->places[at].index;
        if (index >= 0 &&
            session_find(app->session, (size_t)index)->decision != DECISION_NONE)
            continue;
        go_to_place(app, at);
        return true;
    }
    return false;
}

static void to_undecided(struct app *app, int step, int n)
{
    for (int i = 0; i < n; i++)
        if (!next_undecided(app, step)) {
            app_say(app, "nothing undecided %s in this recording",
                    step > 0 ? "later" : "earlier");
            return;
        }
}

void source_decided(struct app *app)
{
    enum config_advance how = (enum config_advance)app->config->interface.advance;
    struct source_state *s = &app->source;
    source_refresh(app);
    if (how == ADVANCE_NEXT)
        go_to_place(app, s->cursor + 1 < s->place_count ? s->cursor + 1 : s->cursor);
    else if (how == ADVANCE_UNDECIDED && !next_undecided(app, s->back ? -1 : 1))
        next_undecided(app, s->back ? 1 : -1);
}

/* What is said of a find: there is none where only the moved thresholds see one. */
static bool lacks_find(struct app *app, const struct key_action *a)
{
    switch (a->action) {
    case ACT_ACCEPT:
    case ACT_REJECT:
    case ACT_UNDECIDE:
    case ACT_RATE_0:
    case ACT_RATE_1:
    case ACT_RATE_2:
    case ACT_RATE_3:
    case ACT_RATE_4:
    case ACT_RATE_5:
    case ACT_REPEAT:
    case ACT_LOOP_END_LESS:
    case ACT_LOOP_END_MORE:
    case ACT_EDGE_OUT:
    case ACT_EDGE_IN:
    case ACT_NEXT_LOOP:
    case ACT_CLASSIFY:
    case ACT_ASSIGN:
    case ACT_WHY:
        if (source_current(app) >= 0)
            return false;
        app_say(app,
                app->source.cursor >= 0
                    ? "only the moved thresholds find this one; {mine} mines it with them"
                    : "there is no find here");
        return true;
    default:
        return false;
    }
}

/* What does not go with the other settings would be saved, and the project not open. */
static bool thresholds_agree(struct app *app)
{
    const struct pad_params *p = &app->source.params;
    struct config next = *app->config;
    struct err e;
    next.pad_miner.min_rms_db = p->min_rms_db;
    next.pad_miner.spectral_flatness_threshold = p->spectral_flatness_threshold;
    next.pad_miner.max_onset_rate_per_second = p->max_onset_rate_per_second;
    return app_check(app, config_check(&next, &e), &e);
}

static void mine_here(struct app *app)
{
    struct source_state *s = &app->source;
    if (s->source < 0 || !thresholds_agree(app))
        return;
    struct config next = *app->config;
    const struct pad_params wanted = s->params; /* these follow the settings */
    next.pad_miner.min_rms_db = wanted.min_rms_db;
    settings_commit(app, &next, "pad_miner.min_rms_db");
    next.pad_miner.spectral_flatness_threshold = wanted.spectral_flatness_threshold;
    settings_commit(app, &next, "pad_miner.spectral_flatness_threshold");
    next.pad_miner.max_onset_rate_per_second = wanted.max_onset_rate_per_second;
    settings_commit(app, &next, "pad_miner.max_onset_rate_per_second");
    app_mine(app, session_source(app->session, (size_t)s->source)->stem, true);
}

static void other_source(struct app *app, int by)
{
    int n = (int)session_source_count(app->session);
    if (n > 0)
        source_open(app, come_round((int)app->source.source, by, n));
}

static void zoom(struct app *app, double factor)
{
    struct source_state *s = &app->source;
    const struct catalog_source *src = session_source(app->session, (size_t)s->source);
    double all = src->rate_hz > 0 ? (double)src->frames / src->rate_hz : 0;
    double now = s->zoom_s > 0 ? s->zoom_s : all;
    s->zoom_s = now * factor >= all ? 0 : fmax(now * factor, 0.5);
}

static bool move(struct app *app, const struct key_action *a)
{
    struct source_state *s = &app->source;
    int n = times_asked(a);
    long to = moved_row(a, s->cursor, s->place_count, PLACES_PAGE);
    if (to >= 0) {
        go_to_place(app, to);
        return true;
    }
    switch (a->action) {
    case ACT_NEXT_UNDECIDED:
        to_undecided(app, 1, n);
        return true;
    case ACT_PREV_UNDECIDED:
        to_undecided(app, -1, n);
        return true;
    case ACT_NEXT_CATEGORY:
        other_source(app, n);
        return true;
    case ACT_PREV_CATEGORY:
        other_source(app, -n);
        return true;
    default:
        return false;
    }
}

static bool act(struct app *app, const struct key_action *a)
{
    int n = times_asked(a);
    if (app->source.source < 0)
        return false;
    source_refresh(app);
    if (lacks_find(app, a))
        return true;
    switch (a->action) {
    case ACT_PANE:
        app->source.curve = (app->source.curve + 1) % CURVE_COUNT;
        return true;
    case ACT_PLAY: /* of a find as everywhere */
        if (source_current(app) >= 0 || app->sound.playing)
            return false;
        hear(app);
        return true;
    case ACT_DETAIL:
        hear(app);
        return true;
    case ACT_THRESHOLD_UP:
        move_threshold(app, n);
        return true;
    case ACT_THRESHOLD_DOWN:
        move_threshold(app, -n);
        return true;
    case ACT_THRESHOLD_BACK:
        source_follow_settings(app);
        app_say(app, "the thresholds are those of the settings");
        return true;
    case ACT_ZOOM_IN:
        zoom(app, pow(0.5, n));
        return true;
    case ACT_ZOOM_OUT:
        zoom(app, pow(2, n));
        return true;
    case ACT_MINE:
        mine_here(app);
        return true;
    case ACT_CLEAR_FILTER:
        show_all(app);
        return true;
    case ACT_WHY:
        app->library.why = !app->library.why;
        return true;
    case ACT_CLOSE:
        if (!app->library.why)
            return false;
        app->library.why = false;
        return true;
    default:
        break;
    }
    return move(app, a) || library_decide_action(app, a) || library_edit_action(app, a);
}

static void enter(struct app *app)
{
    source_refresh(app);
}

const struct screen_ops source_screen = {source_draw, act, enter};
