/* The inspector: one find in full. */
#include "ui/state.h"

#include "core/why.h"
#include "ui/paint.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The seam was measured of the loop that was written; one that the user made tells its
 * own when it was cut, another of the ranked ones what its search tells. */
static void forget_the_written_seam(struct app *app, struct catalog_find *d)
{
    struct candidate *c = &d->c;
    bool written = d->loop_at == 0 && (c->loop_count > 0 || !d->edited);
    int kept = 0;
    if (written)
        return;
    c->m.seam_error_db = d->loop_at > 0 ? c->loop[0].seam_error_db : app_cut_seam(app, d);
    for (int i = 0; i < c->parts.count; i++)
        if (strcmp(c->parts.part[i].name, "seam") != 0)
            c->parts.part[kept++] = c->parts.part[i];
    c->parts.count = kept;
}

void library_refresh_detail(struct app *app, long index)
{
    struct library_state *l = &app->library;
    struct session_version v = session_version(app->session);
    if (l->detail_index == index && l->detail_state == v.state &&
        l->detail_finds == v.finds)
        return;
    struct err e;
    if (index < 0 || session_detail(app->session, (size_t)index, &l->detail, &e) != ST_OK)
        index = -1;
    l->note[0] = '\0';
    if (index >= 0) {
        forget_the_written_seam(app, &l->detail);
        catalog_value(session_catalog(app->session), FIELD_NOTE, l->detail.id, "",
                      l->note, NULL);
    }
    l->detail_index = index;
    l->detail_state = v.state;
    l->detail_finds = v.finds;
}

/* Loop and playhead as fractions of the sound. */
static void find_marks(struct app *app, const struct find *f, double *from, double *to,
                       double *head)
{
    const struct candidate *c = &app->library.detail.c;
    struct measures m;
    session_measures(app->session, f, &m);
    *from = 0;
    *to = 1;
    *head = -1;
    double frames = c->source_rate_hz > 0 && c->end_frame > c->start_frame
                        ? (double)(c->end_frame - c->start_frame)
                        : (double)NAN;
    if (f->edited && c->loop_count > 0 && !isnan(frames)) {
        *from = (double)(c->loop[0].start_frame - c->start_frame) / frames;
        *to = (double)(c->loop[0].end_frame - c->start_frame) / frames;
    } else if (m.loop_end > m.loop_start && m.duration_sec > 0) {
        double all = m.duration_sec * app->config->global.sample_rate;
        *from = m.loop_start / all;
        *to = m.loop_end / all;
    }
    *from = fmin(fmax(*from, 0), 1); /* a manifest may say anything */
    *to = fmin(fmax(*to, 0), 1);
    const struct transport_status *s = &app->sound;
    if (s->id == f->id && s->playing && s->mode != PLAY_CONTEXT && s->length_s > 0)
        *head = s->position_s / s->length_s;
}

static void draw_wave(struct app *app, const struct area *a, const struct find *f,
                      const struct picture *p, bool loops)
{
    double from, to, head;
    find_marks(app, f, &from, &to, &head);
    struct area wave = *a;
    if (loops && a->rows > 2) { /* loop points on a line below */
        struct area marks = area_bottom(&wave, 1);
        int left = (int)lround(from * (a->cols - 1)),
            right = (int)lround(to * (a->cols - 1));
        area_glyph(&marks, 0, left, ROLE_LOOP, GLYPH_MARK);
        area_glyph(&marks, 0, right, ROLE_LOOP, GLYPH_MARK);
        for (int c = left + 1; c < right; c++)
            area_glyph(&marks, 0, c, ROLE_DIM, GLYPH_DOT);
    }
    paint_wave(&wave, p->wave, PICTURE_WAVE, (double)p->peak, loops ? from : 0,
               loops ? to : 1);
    for (int r = 0; r < wave.rows; r++)
        area_ground(&wave, r, (int)(head * wave.cols), 1, ROLE_PLAYHEAD);
}

/* While a playhead moves on, the disk and the catalog are not asked for every frame. */
static const struct pictured *pictured(struct app *app, const struct find *f,
                                       size_t index)
{
    struct pictured *p = &app->pictured;
    if (!app->only_moved || p->id != f->id) {
        p->id = f->id;
        p->there = app_drawn_item(app, index, &p->item, p->path);
    }
    return p;
}

static void draw_pictures(struct app *app, const struct area *a, const struct find *f,
                          size_t index)
{
    const struct pictured *what = pictured(app, f, index);
    bool failed = !what->there;
    const struct picture *p =
        what->there ? app_picture(app, f, &what->item, &failed) : NULL;
    if (!p) {
        area_text(a, a->rows / 2, 1, ROLE_DIM,
                  failed ? "no picture of it" : "drawing ...");
        return;
    }
    struct area part = *a;
    bool spectrum = a->rows >= 5;
    int high = spectrum ? (a->rows + 1) / 2 : a->rows;
    struct area wave = area_top(&part, high);
    draw_wave(app, &wave, f, p, kind_loops(f->kind));
    if (spectrum)
        paint_spectrogram(&part, p->spectrum, PICTURE_ROWS, PICTURE_COLS, app->ramp);
}

/* --- the facts --------------------------------------------------------------------- */

static void fact(const struct area *a, int *row, const char *name, const char *text)
{
    area_text(a, *row, 0, ROLE_DIM, name);
    area_fit(a, *row, 7, a->cols - 7, ROLE_TEXT, CUT_END, text);
    (*row)++;
}

/* Where the first row of a fact in `cols` columns ends; 0 when one row takes it all. */
static size_t first_row(const char *text, int cols)
{
    int room = cols - 7;
    size_t at = 0;
    if (room < 8 || utf8_cells(text) <= room)
        return 0;
    for (size_t i = 1; i <= (size_t)room && text[i]; i++)
        if (text[i] == ' ')
            at = i;
    return at;
}

/* The seam as measured; "" where it is not known. */
static void say_seam(const struct candidate *c, enum tier tier, char *to, size_t n)
{
    double seam = c->m.seam_error_db;
    bool good = seam < -30;
    for (int i = 0; i < c->parts.count; i++)
        if (strcmp(c->parts.part[i].name, "seam") == 0) /* half: as good as inside */
            good = c->parts.part[i].value >= 0.5;
    to[0] = '\0';
    if (!isnan(seam))
        snprintf(to, n, "seam %s %.0f dB",
                 glyph_text(good ? GLYPH_CHECK : GLYPH_WARN, tier), seam);
}

/* "2.1 s · seam ✓ -43 dB (1/5)"; where that is too long, without the signs between. One
 * of the user's own is moved by milliseconds. */
static void say_loop(const struct area *a, const struct catalog_find *d, int cells,
                     char *to, size_t n)
{
    const struct candidate *c = &d->c;
    enum tier tier = a->canvas->tier;
    char seam[32], which[32] = "";
    double length =
        c->loop_count > 0 && c->source_rate_hz > 0
            ? (double)(c->loop[0].end_frame - c->loop[0].start_frame) / c->source_rate_hz
            : c->m.duration_sec;
    say_seam(c, tier, seam, sizeof seam);
    if (d->loop_at < 0)
        snprintf(which, sizeof which, "own");
    else if (c->loop_count > 1)
        snprintf(which, sizeof which, "%d/%d", d->loop_at + 1, c->loop_count);
    int decimals = d->loop_at >= 0 ? 1 : length < 9.9995 ? 3 : 2;
    snprintf(to, n, "%.*f s%s%s%s%s%s%s%s", decimals, length, seam[0] ? " " : "",
             seam[0] ? glyph_text(GLYPH_DOT, tier) : "", seam[0] ? " " : "", seam,
             which[0] ? " (" : "", which, which[0] ? ")" : "");
    if (utf8_cells(to) > cells)
        snprintf(to, n, "%.*f s %s %s", decimals, length, seam, which);
}

/* As many beside each other as fit; the rows they take. `a` NULL: only that. */
static int lay_parts(const struct score_parts *parts, const struct area *a, int row,
                     int cols)
{
    int col = 7, first = row;
    for (int i = 0; i < parts->count; i++) {
        char text[40], value[16];
        words_score(value, sizeof value, parts->part[i].value);
        snprintf(text, sizeof text, "%s %s", parts->part[i].name, value);
        if (col > 7 && col + utf8_cells(text) > cols) {
            col = 7;
            row++;
        }
        if (a)
            area_text(a, row, col, ROLE_TEXT, text);
        col += utf8_cells(text) + 2;
    }
    return parts->count > 0 ? row + 1 - first : 0;
}

static void draw_parts(struct app *app, const struct area *a, int row)
{
    if (lay_parts(&app->library.detail.c.parts, a, row, a->cols) > 0)
        area_text(a, row, 0, ROLE_DIM, "why");
}

/* Where it comes from, how it loops, what it missed, what the user wrote. */
static int draw_origin(struct app *app, const struct area *a, const struct find *f)
{
    const struct candidate *c = &app->library.detail.c;
    char text[256], time[24];
    int row = 0;
    words_time(time, sizeof time, c->m.start_sec, 2);
    snprintf(text, sizeof text, "%s %.200s", time,
             words_recording(c->source_path, a->cols - 8 - utf8_cells(time)));
    fact(a, &row, "from", text);
    if (kind_loops(f->kind)) {
        say_loop(a, &app->library.detail, a->cols - 7, text, sizeof text);
        fact(a, &row, "loop", text);
    }
    if (c->missed_by[0]) {
        size_t cut = first_row(c->missed_by, a->cols);
        snprintf(text, sizeof text, "%.*s", cut ? (int)cut : 63, c->missed_by);
        fact(a, &row, "missed", text);
        if (cut)
            fact(a, &row, "", c->missed_by + cut + 1);
    }
    const char *gate = why_setting(c), *dot = strchr(gate, '.');
    if (dot) /* the section goes first where room is short */
        fact(a, &row, "gate", strlen(gate) + 7 > (size_t)a->cols ? dot + 1 : gate);
    if (app->library.note[0])
        fact(a, &row, "note", app->library.note);
    return row;
}

static int origin_rows(struct app *app, const struct find *f, int cols)
{
    const struct catalog_find *d = &app->library.detail;
    return 1 + kind_loops(f->kind) + (d->c.missed_by[0] != 0) +
           (first_row(d->c.missed_by, cols) > 0) + (*why_setting(&d->c) != '\0') +
           (app->library.note[0] != 0);
}

/* What was measured; of a near-miss that is not everything. */
static void say_loudness(const struct measures *m, int cells, char *to, size_t n)
{
    bool lufs = !isnan(m->lufs);
    char crest[24] = "", peak[24] = "";
    if (!isnan(m->crest_factor))
        snprintf(crest, sizeof crest, "  crest %.1f", m->crest_factor);
    if (!isnan(m->peak_dbfs) && cells >= 29) /* else it is what is missed least */
        snprintf(peak, sizeof peak, "  peak %.1f", m->peak_dbfs);
    snprintf(to, n, "%.1f %s%s%s", lufs ? m->lufs : m->rms_db, lufs ? "LUFS" : "dB",
             crest, peak);
}

/* Where it is narrow the key goes without its word. False: neither is known. */
static bool say_brightness(const struct candidate *c, int cells, char *to, size_t n)
{
    char bright[48] = "", key[32] = "", sure[16];
    if (!isnan(c->m.centroid_hz))
        snprintf(bright, sizeof bright, "%.0f Hz %s", c->m.centroid_hz, c->brightness);
    if (c->key[0] && !isnan(c->m.key_confidence)) {
        words_score(sure, sizeof sure, c->m.key_confidence);
        snprintf(key, sizeof key, "%s %s", c->key, sure);
    }
    static const char word[] = "   key ";
    size_t all = strlen(bright) + strlen(word) + strlen(key);
    const char *before = !key[0]            ? ""
                         : !bright[0]       ? "key "
                         : (int)all > cells ? "  "
                                            : word;
    snprintf(to, n, "%s%s%s", bright, before, key);
    return to[0] != '\0';
}

static void draw_facts(struct app *app, const struct area *a, const struct find *f)
{
    const struct candidate *c = &app->library.detail.c;
    char text[256];
    int row = draw_origin(app, a, f);
    if (app->library.why) {
        struct area rest = area_sub(a, row, 0, a->rows - row, a->cols);
        why_draw(app, &rest);
        return;
    }
    say_loudness(&c->m, a->cols - 7, text, sizeof text);
    fact(a, &row, "loud", text);
    if (say_brightness(c, a->cols - 7, text, sizeof text))
        fact(a, &row, "bright", text);
    if (c->hit_class[0]) {
        char sure[16];
        words_score(sure, sizeof sure, c->m.hit_confidence);
        snprintf(text, sizeof text, "%s %s", c->hit_class, sure);
        fact(a, &row, "class", text);
    }
    draw_parts(app, a, row);
}

static int facts_rows(struct app *app, const struct find *f, int cols)
{
    const struct candidate *c = &app->library.detail.c;
    if (app->library.why)
        return origin_rows(app, f, cols) + why_rows(app, cols);
    char text[96];
    return origin_rows(app, f, cols) + 1 +
           say_brightness(c, cols - 7, text, sizeof text) + (c->hit_class[0] != 0) +
           lay_parts(&c->parts, NULL, 0, cols);
}

bool inspector_holds_why(struct app *app, const struct area *a, long index)
{
    library_refresh_detail(app, index);
    if (app->library.detail_index < 0)
        return true;
    const struct find *f = session_find(app->session, (size_t)index);
    return a->rows >=
           2 + origin_rows(app, f, a->cols - 2) + why_parts_rows(app, a->cols - 2);
}

void inspector_draw(struct app *app, const struct area *a, long index)
{
    library_refresh_detail(app, index);
    if (app->library.detail_index < 0 || a->rows < 2 || a->cols < 10)
        return;
    const struct find *f = session_find(app->session, (size_t)index);
    struct area in = area_sub(a, 0, 1, a->rows, a->cols - 2);
    struct area title = area_top(&in, 1);
    area_glyph(&title, 0, 0, words_mark_role(f), words_mark(f));
    area_fit(&title, 0, 2, title.cols - 2, ROLE_STRONG, CUT_MIDDLE,
             words_name(app, f, title.cols - 2));
    if (in.cols >= 54 && in.rows < 16 && !app->library.why) { /* side by side */
        struct area facts = area_right(&in, in.cols >= 80 ? 44 : 34);
        area_right(&in, 2);
        draw_facts(app, &facts, f);
        draw_pictures(app, &in, f, (size_t)index);
        return;
    }
    int facts = facts_rows(app, f, in.cols) + 1, pictures = in.rows - facts;
    if (pictures > in.cols / 2)
        pictures = in.cols / 2 > 8 ? in.cols / 2 : 8;
    if (pictures < 4)
        pictures = in.rows < 8 || app->library.why ? 0 : 4;
    struct area top = area_top(&in, pictures);
    if (pictures > 0)
        draw_pictures(app, &top, f, (size_t)index);
    area_top(&in, pictures > 0);
    draw_facts(app, &in, f);
}
