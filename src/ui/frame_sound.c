/* The line of what sounds: where it is, how it is played, and the device. */
#include "ui/state.h"

#include "ui/paint.h"

#include <math.h>
#include <stdio.h>

/* Files are named as they lie in the project or among the recordings; the reason at the
 * end matters as much. */
static void draw_problem(struct app *app, const struct area *row, int col, int end)
{
    const struct transport_status *s = &app->sound;
    const char *text = s->problem[0] ? s->problem : s->sentence;
    text = path_below(text, session_folder(app->session));
    if (app->setup.input_dir && app->setup.input_dir[0])
        text = path_below(text, app->setup.input_dir);
    area_fit(row, 0, col, end - col, ROLE_WARNING, CUT_MIDDLE, text);
}

/* Where what sounds lies, in seconds: of a find in its recording that is what is played
 * around it. */
struct extent {
    double from, to, find_from, find_to; /* the find's: none when they are the same */
};

static struct extent sounding(const struct app *app)
{
    const struct transport_status *s = &app->sound;
    struct extent x = {.to = s->length_s};
    long at = s->mode == PLAY_CONTEXT ? session_index_of(app->session, s->id) : -1;
    if (at < 0)
        return x;
    const struct find *f = session_find(app->session, (size_t)at);
    double around = app->config->interface.context_sec;
    double from = session_measure(app->session, f, ME_start_sec),
           to = session_measure(app->session, f, ME_end_sec);
    if (!(to > from))
        return x;
    x.find_from = from;
    x.find_to = to;
    x.from = fmax(0, x.find_from - around);
    x.to = fmin(s->length_s, x.find_to + around);
    return x;
}

/* How far it is; a line where the find is still to come. */
static void draw_way(const struct area *row, int col, int cells, const struct extent *x,
                     double position)
{
    double span = x->to - x->from;
    if (!(span > 0)) {
        paint_bar(row, 0, col, cells, 0);
        return;
    }
    double done = (position - x->from) / span;
    int inside = cells - 2, first = (int)((x->find_from - x->from) / span * inside),
        behind = (int)ceil((x->find_to - x->from) / span * inside);
    paint_bar(row, 0, col, cells, done);
    for (int c = first; x->find_to > x->find_from && c < behind && c < inside; c++)
        if (c >= done * inside)
            area_glyph(row, 0, col + 1 + c, ROLE_DIM, GLYPH_HLINE);
}

/* Both return the column behind. */
static int draw_played(struct app *app, const struct area *row)
{
    const struct transport_status *s = &app->sound;
    char from[24], to[24];
    words_time(from, sizeof from, s->position_s, 1);
    struct extent x = sounding(app);
    words_time(to, sizeof to, x.to, 1);
    area_glyph(row, 0, 1, s->playing ? ROLE_STRONG : ROLE_DIM,
               s->playing ? GLYPH_PLAY : GLYPH_STOP);
    int col = area_printf(row, 0, 3, s->playing ? ROLE_TEXT : ROLE_DIM, "%s ", from);
    draw_way(row, col, 18, &x, s->position_s);
    col = area_printf(row, 0, col + 19, ROLE_DIM, "%s", to);
    const char *mode = s->mode == PLAY_SEAM      ? "seam"
                       : s->mode == PLAY_CONTEXT ? "in context"
                       : s->loop && s->once      ? "once"
                       : s->loop                 ? "loop on"
                                                 : "loop off";
    col = area_printf(row, 0, col + 2, ROLE_STATUS, "%s", s->loading ? "loading" : mode);
    return area_printf(row, 0, col + 3, ROLE_STATUS, "%+.0f dB %s", s->volume_db,
                       s->matched ? "matched" : "true level");
}

/* Slots are at the level of the export, whatever the library's are matched to. */
static int draw_pattern(struct app *app, const struct area *row)
{
    const struct transport_status *s = &app->sound;
    const char *name = kit_pattern_name(app);
    area_glyph(row, 0, 1, ROLE_STRONG, GLYPH_PLAY);
    int col = area_printf(row, 0, 3, ROLE_TEXT, "pattern%s%s ", *name ? " " : "", name);
    paint_bar(row, 0, col, KIT_STEPS + 2, (double)(s->kit_step + 1) / KIT_STEPS);
    col = area_printf(row, 0, col + KIT_STEPS + 3, ROLE_STATUS, "%s=%.0f",
                      glyph_text(GLYPH_TEMPO, row->canvas->tier), s->kit_bpm);
    return area_printf(row, 0, col + 3, ROLE_STATUS, "%+.0f dB", s->volume_db);
}

void frame_sound(struct app *app, const struct area *row)
{
    const struct transport_status *s = &app->sound;
    if (!app->transport) {
        area_text(row, 0, 1, ROLE_DIM, "no sound in this session");
        return;
    }
    if (s->problem[0] || (s->sentence[0] && s->device != DEVICE_READY)) {
        int col = area_printf(row, 0, 1, ROLE_WARNING, "%s ",
                              glyph_text(GLYPH_WARN, row->canvas->tier));
        bool gone =
            !s->problem[0] && (s->device == DEVICE_NONE || s->device == DEVICE_LOST);
        const char *again = " {device} tries again";
        char named[64];
        app_name_keys(app, again, named, sizeof named);
        int end = row->cols - 1 - (gone ? utf8_cells(named) + 2 : 0);
        draw_problem(app, row, col, end);
        if (gone)
            frame_hint(app, row, 0, end, again);
        return;
    }
    bool pattern = s->kit_running && !s->playing;
    int col = pattern ? draw_pattern(app, row) : draw_played(app, row);
    char gaps[32] = "";
    if (s->underruns > 0)
        snprintf(gaps, sizeof gaps, "%u gap%s", s->underruns,
                 s->underruns == 1 ? "" : "s");
    if (row->cols < 90) { /* only what is not as it should be */
        area_fit(row, 0, col + 3, row->cols - col - 4, ROLE_STATUS, CUT_END,
                 s->device == DEVICE_SILENT ? "silent" : gaps);
        return;
    }
    col = area_printf(row, 0, col + 3, ROLE_STATUS, "%s%sdevice ", gaps,
                      *gaps ? " · " : "");
    area_fit(row, 0, col, row->cols - col - 1, ROLE_STATUS, CUT_END,
             s->device == DEVICE_SILENT    ? "none (silent)"
             : s->device == DEVICE_OPENING ? "opening"
             : s->device_name[0]           ? s->device_name
                                           : "default");
}
