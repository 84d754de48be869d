/* The source screen as drawn. */
#include "ui/state.h"

#include "ui/paint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    COLUMNS_MAX = 1200,
    LOOKS_A_COLUMN = 24,
    WHY_AND_WAVE_ROWS = 27,
    NAME_LEAST = 12,
    NAME_GOOD = 30
};

static double length_s(const struct app *app)
{
    const struct catalog_source *src =
        session_source(app->session, (size_t)app->source.source);
    return src->rate_hz > 0 ? (double)src->frames / src->rate_hz : 0;
}

/* NULL: only the moved thresholds see one there. */
static const struct find *find_at(const struct app *app, const struct place *p)
{
    return p->index >= 0 ? session_find(app->session, (size_t)p->index) : NULL;
}

/* What the lower part shows: around the cursor, within the recording. */
static void in_window(const struct app *app, double *from_s, double *to_s)
{
    const struct source_state *s = &app->source;
    double all = length_s(app), span = s->zoom_s > 0 && s->zoom_s < all ? s->zoom_s : all;
    double centre = s->cursor >= 0 && s->cursor < s->place_count
                        ? (s->places[s->cursor].start_s + s->places[s->cursor].end_s) / 2
                        : 0;
    double from = fmax(0, fmin(centre - span / 2, all - span));
    *from_s = from;
    *to_s = from + span;
}

static void say_source(struct app *app, int cols, char *to, size_t n)
{
    struct source_state *s = &app->source;
    const struct catalog_source *src = session_source(app->session, (size_t)s->source);
    enum tier tier = app->canvas.tier;
    int accepted = 0, rejected = 0, open = 0, missed = 0;
    for (int i = 0; i < s->place_count; i++) {
        const struct find *f = find_at(app, &s->places[i]);
        missed += s->places[i].missed_by[0] || (f && f->near_miss);
        accepted += f && f->decision == DECISION_ACCEPTED;
        rejected += f && f->decision == DECISION_REJECTED;
        open += f && f->decision == DECISION_NONE && !f->near_miss;
    }
    char length[24], zoom[40] = "whole", sound[48], missed_too[48];
    words_time(length, sizeof length, length_s(app), 0);
    if (s->zoom_s >= 60)
        snprintf(zoom, sizeof zoom, "zoom %.0f min", s->zoom_s / 60);
    else if (s->zoom_s > 0)
        snprintf(zoom, sizeof zoom, "zoom %.1f s", s->zoom_s);
    const char *channels = src->channels == 1   ? "mono"
                           : src->channels == 2 ? "stereo"
                                                : "many channels";
    snprintf(sound, sizeof sound, "%.1f kHz %s   ", src->rate_hz / 1000.0, channels);
    char about[220], name[256];
    int room = frame_top_room(app, cols), whole = utf8_cells(path_base(src->path));
    /* what was decided stays longest */
    for (int left_out = 0; left_out < 5; left_out++) {
        snprintf(missed_too, sizeof missed_too, "   %s %d",
                 left_out < 2 ? "near misses" : glyph_text(GLYPH_NEAR_MISS, tier),
                 missed);
        snprintf(about, sizeof about, "   %s%s%s%s%s%s%s%s %d  %s %d  %s %d%s",
                 left_out < 3 ? length : "", left_out < 3 ? "   " : "",
                 left_out < 1 ? sound : "", left_out < 3 ? zoom : "",
                 left_out < 3 ? "   " : "",
                 s->only == CATEGORY_ANY ? "" : category_folder((enum category)s->only),
                 s->only == CATEGORY_ANY ? "" : " ", glyph_text(GLYPH_ACCEPTED, tier),
                 accepted, glyph_text(GLYPH_REJECTED, tier), rejected,
                 glyph_text(GLYPH_UNDECIDED, tier), open, left_out < 4 ? missed_too : "");
        int good = left_out < 3 ? NAME_GOOD : NAME_LEAST;
        if (utf8_cells(about) + (whole < good ? whole : good) <= room)
            break;
    }
    room -= utf8_cells(about);
    room = room > NAME_LEAST ? room : NAME_LEAST;
    utf8_fit(name, sizeof name, words_recording(src->path, room), room, CUT_MIDDLE,
             glyph_text(GLYPH_ELLIPSIS, tier));
    snprintf(to, n, "%s%s", name, about);
}

static void draw_wave(struct app *app, const struct area *a, double from, double to,
                      double mark_from, double mark_to)
{
    struct overview_column wave[COLUMNS_MAX];
    const struct track *t = app->source.track;
    int rate = track_info(t)->rate_hz, n = paint_wave_columns(a);
    n = n > COLUMNS_MAX ? COLUMNS_MAX : n;
    const struct overview *o = track_overview(t);
    if (!o || n < 1)
        return;
    overview_columns(o, (int64_t)(from * rate), (int64_t)(to * rate), (size_t)n, wave);
    double span = to - from;
    paint_wave(a, wave, (size_t)n, fmax((double)overview_peak(o), 1e-6),
               (mark_from - from) / span, (mark_to - from) / span);
    const struct transport_status *s = &app->sound;
    if (s->playing && s->mode == PLAY_CONTEXT) {
        int col = (int)((s->position_s - from) / span * a->cols);
        for (int r = 0; r < a->rows; r++)
            area_ground(a, r, col, 1, ROLE_PLAYHEAD);
    }
}

static int column_of(const struct area *a, double at, double from, double to)
{
    return to > from ? (int)((at - from) / (to - from) * a->cols) : -1;
}

/* Finds at their places; what matters more is drawn last, the cursor over all. */
static void draw_places(struct app *app, const struct area *a, double from, double to)
{
    struct source_state *s = &app->source;
    for (int pass = 0; pass < 3; pass++)
        for (int i = 0; i < s->place_count; i++) {
            const struct place *p = &s->places[i];
            const struct find *f = find_at(app, p);
            bool miss = p->missed_by[0] || (f && f->near_miss);
            int rank = f && f->decision == DECISION_ACCEPTED ? 2 : miss ? 0 : 1;
            int col = column_of(a, p->start_s, from, to);
            if (rank != pass || col < 0 || col >= a->cols)
                continue;
            if (f)
                area_glyph(a, 0, col, words_mark_role(f), words_mark(f));
            else if (miss)
                area_glyph(a, 0, col, ROLE_NEAR_MISS, GLYPH_NEAR_MISS);
            else
                area_glyph(a, 0, col, ROLE_STRONG, GLYPH_STAR);
        }
    if (s->cursor >= 0 && s->cursor < s->place_count) {
        const struct place *p = &s->places[s->cursor];
        int first = column_of(a, p->start_s, from, to),
            last = column_of(a, p->end_s, from, to);
        area_ground(a, 0, first, last - first > 0 ? last - first : 1, ROLE_CURSOR);
    }
}

static float curve_value(const struct track *t, enum curve c, size_t hop)
{
    const struct track_info *info = track_info(t);
    switch (c) {
    case CURVE_LEVEL:
        return (float)fmax(track_rms_db(t, hop), -120);
    case CURVE_FLATNESS:
        return isnan(track_flatness(t, hop)) ? 0 : (float)track_flatness(t, hop);
    case CURVE_STEADY: {
        size_t at = hop / TRACK_HOPS_PER_SPECTRUM;
        size_t far = at + 5 < info->spectra ? at + 5 : at;
        return at < info->spectra ? (float)(1 - track_spectrum_distance(t, at, far)) : 0;
    }
    default: {
        int64_t start = track_hop_start(t, hop), second = info->rate_hz;
        return (float)track_onset_count(t, start - second, start + second) / 2;
    }
    }
}

/* The curve, its threshold, and what pads both give (less those whose loop turns out not
 * to join, which only mining tells); once moved, what mines with it. */
static void draw_curve_title(struct app *app, const struct area *row)
{
    struct source_state *s = &app->source;
    enum tier tier = row->canvas->tier;
    double low, high, step = 1, *v = source_threshold(app, &low, &high, &step);
    int col = area_printf(row, 0, 1, ROLE_CURVE, "%s", source_curve_name(s->curve));
    if (v)
        col = area_printf(row, 0, col + 2, ROLE_THRESHOLD, "%s%s threshold %.*f%s",
                          glyph_text(GLYPH_HLINE, tier), glyph_text(GLYPH_HLINE, tier),
                          step < 1 ? 2 : 0, *v, source_curve_unit(s->curve));
    if (s->found_now >= 0 && s->moved)
        col = area_printf(row, 0, col + 3, ROLE_STRONG, "up to %d %s %d pad%s",
                          s->found_before, glyph_text(GLYPH_RIGHT, tier), s->found_now,
                          s->found_now == 1 ? "" : "s");
    else if (s->found_now >= 0)
        col = area_printf(row, 0, col + 3, ROLE_TEXT, "up to %d pad%s", s->found_now,
                          s->found_now == 1 ? "" : "s");
    bool crowded = s->moved && row->cols < 100;
    if (v && !crowded)
        col = frame_hint(app, row, 0, col, "   {threshold-down} {threshold-up} move it");
    if (s->moved)
        col = frame_hint(app, row, 0, col,
                         "   {mine} mines with it   {thresholds-back} back");
    if (!crowded)
        frame_hint(app, row, 0, col, "   {pane} next curve");
}

static void draw_curve(struct app *app, const struct area *a, double from, double to)
{
    struct source_state *s = &app->source;
    const struct track *t = source_pads_track(s);
    int rate = track_info(t)->rate_hz, n = a->cols < COLUMNS_MAX ? a->cols : COLUMNS_MAX;
    float value[COLUMNS_MAX];
    for (int c = 0; c < n; c++) {
        size_t first = track_hop_of(t, (int64_t)((from + (to - from) * c / n) * rate));
        size_t last =
            track_hop_of(t, (int64_t)((from + (to - from) * (c + 1) / n) * rate));
        size_t stride = (last - first) / LOOKS_A_COLUMN + 1;
        double sum = 0;
        int looks = 0;
        for (size_t h = first; h < last || h == first; h += stride, looks++)
            sum += h < track_info(t)->hops ? (double)curve_value(t, s->curve, h) : 0;
        value[c] = (float)(sum / looks);
    }
    double low, high, step, *v = source_threshold(app, &low, &high, &step);
    paint_curve(a, value, (size_t)n, low, high, v ? *v : (double)NAN);
}

static void draw_no_place(struct app *app, const struct area *a)
{
    char said[96];
    int only = app->source.only;
    if (only == CATEGORY_ANY)
        snprintf(said, sizeof said,
                 "nothing was found in this recording yet; {mine} mines it");
    else
        snprintf(said, sizeof said,
                 "no %s in this recording; {clear-filter} shows everything",
                 category_folder((enum category)only));
    frame_hint(app, a, 0, 1, said);
}

static void draw_place(struct app *app, const struct area *a)
{
    struct source_state *s = &app->source;
    enum tier tier = a->canvas->tier;
    if (s->cursor < 0 || s->cursor >= s->place_count) {
        draw_no_place(app, a);
        return;
    }
    const struct place *p = &s->places[s->cursor];
    const struct find *f = find_at(app, p);
    char at[24], missed[80] = "";
    words_time(at, sizeof at, p->start_s, 1);
    const char *name = f ? f->name : "found by these thresholds only";
    if (f && f->near_miss) {
        library_refresh_detail(app, p->index);
        snprintf(missed, sizeof missed, "%s", app->library.detail.c.missed_by);
    } else {
        snprintf(missed, sizeof missed, "%s", p->missed_by);
    }
    enum glyph mark = f ? words_mark(f) : missed[0] ? GLYPH_NEAR_MISS : GLYPH_STAR;
    enum role ink = missed[0] ? ROLE_NEAR_MISS : ROLE_TEXT;
    int col = area_printf(a, 0, 1, ROLE_STRONG, "%s %s  ", glyph_text(mark, tier), at);
    if (missed[0])
        col = area_text(a, 0, col, ink, "missed: ");
    else
        col = area_printf(a, 0, col, ink, "%.1f s  ", p->end_s - p->start_s);
    const char *text = missed[0] ? missed : name;
    char hint[80], named[160];
    int room = 0, cells = utf8_cells(text);
    /* that Enter hears it is said where there is room */
    for (int hears = 1; hears >= 0 && room < cells; hears--) {
        snprintf(hint, sizeof hint, "%s%s%s", hears ? "{detail} hears it, " : "",
                 f ? "{accept} takes it" : "{mine} mines it", missed[0] ? " anyway" : "");
        app_name_keys(app, hint, named, sizeof named);
        room = a->cols - col - utf8_cells(named) - 4;
    }
    cells = cells < room ? cells : room;
    col = area_fit(a, 0, col, cells, ink, CUT_MIDDLE, text);
    frame_hint(app, a, 0, col + 3, hint);
}

static void draw_waiting(struct app *app, const struct area *a)
{
    struct source_state *s = &app->source;
    if (s->failed[0]) {
        int row = a->rows / 2;
        row += area_wrap(a, row, 3, a->cols - 4, ROLE_WARNING, s->failed);
        area_wrap(
            a, row, 3, a->cols - 4, ROLE_DIM,
            "If the recordings are elsewhere now: :set paths.source_audio_dir=FOLDER");
        return;
    }
    struct job_info job[4];
    double fraction = 0;
    for (int i = jobs_list(app->quick, job, 4) - 1; i >= 0; i--)
        if (job[i].state == JOB_RUNNING && job[i].fraction > fraction)
            fraction = job[i].fraction;
    area_text(a, a->rows / 2, 3, ROLE_DIM, "listening to the recording");
    paint_bar(a, a->rows / 2, 31, 22, fraction);
}

void source_draw(struct app *app, const struct area *a)
{
    struct source_state *s = &app->source;
    if (s->source < 0) {
        frame(app, a, "no recording");
        return;
    }
    char left[500];
    source_refresh(app);
    say_source(app, a->cols, left, sizeof left);
    struct area rest = frame_ruled(app, a, left);
    struct area place = area_bottom(&rest, 1);
    draw_place(app, &place);
    long explained = app->library.why ? library_current(app) : -1;
    bool heard = s->track && s->track_source == s->source;
    if (explained >= 0 && (rest.rows < WHY_AND_WAVE_ROWS || !heard)) {
        inspector_draw(app, &rest, explained);
        return;
    }
    if (!heard) {
        struct area marks = area_bottom(&rest, 1);
        draw_places(app, &marks, 0, length_s(app));
        draw_waiting(app, &rest);
        return;
    }
    double from, to;
    in_window(app, &from, &to);
    bool zoomed = s->zoom_s > 0 && explained < 0;
    int high = explained >= 0 ? 6 : (rest.rows - (zoomed ? 4 : 3)) / (zoomed ? 3 : 2);
    struct area wave = area_top(&rest, high), marks = area_top(&rest, 1);
    draw_wave(app, &wave, 0, length_s(app), from, to);
    draw_places(app, &marks, 0, length_s(app));
    if (explained >= 0) {
        inspector_draw(app, &rest, explained);
        return;
    }
    if (zoomed) {
        wave = area_top(&rest, high);
        marks = area_top(&rest, 1);
        draw_wave(app, &wave, from, to, from, to);
        draw_places(app, &marks, from, to);
    }
    struct area title = area_bottom(&rest, 1);
    draw_curve_title(app, &title);
    draw_curve(app, &rest, from, to);
}
