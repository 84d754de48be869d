/* The library as drawn: categories, list, inspector, folded by width and height. */
#include "ui/state.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- categories -------------------------------------------------------------------- */

/* Where the counts end: all, accepted, rejected, undecided; a narrow one has the first,
 * at its edge. */
static const int side_end[] = {20, 26, 32, 39};

static bool side_is_wide(const struct area *a)
{
    return a->cols > side_end[3];
}

static void side_line(struct app *app, const struct area *a, int row,
                      enum view_scope scope, size_t count, const struct session_tally *t)
{
    bool here = view_scope(app->view) == scope;
    int end = side_is_wide(a) ? side_end[0] : a->cols - 1;
    char text[32];
    snprintf(text, sizeof text, "%zu", count);
    if (here)
        area_glyph(a, row, 1, ROLE_STRONG, GLYPH_CURSOR);
    area_fit(a, row, 3, end - 4 - utf8_cells(text), here ? ROLE_STRONG : ROLE_TEXT,
             CUT_END, view_scope_name(scope));
    area_right_text(a, row, end, here ? ROLE_STRONG : ROLE_DIM, text);
    if (t && side_is_wide(a)) {
        char part[3][16];
        snprintf(part[0], sizeof part[0], "%zu", t->undecided);
        snprintf(part[1], sizeof part[1], "%zu", t->accepted);
        snprintf(part[2], sizeof part[2], "%zu", t->rejected);
        area_right_text(a, row, side_end[1], ROLE_ACCEPTED, part[1]);
        area_right_text(a, row, side_end[2], ROLE_REJECTED, part[2]);
        area_right_text(a, row, side_end[3], ROLE_UNDECIDED, part[0]);
    }
    if (here && app->library.side)
        area_ground(a, row, 0, a->cols, ROLE_CURSOR);
}

int library_side_cells(const struct app *app, int cols)
{
    enum { WIDE_FROM = 160, WIDE = 41, DIGITS_LEAST = 3 };
    char text[32];
    const char *longest = view_scope_name(SCOPE_NEAR_MISSES);
    int digits =
        snprintf(text, sizeof text, "%zu", session_tallies(app->session)->near_misses);
    digits = digits > DIGITS_LEAST ? digits : DIGITS_LEAST;
    return cols >= WIDE_FROM ? WIDE : 3 + utf8_cells(longest) + 1 + digits + 1;
}

static size_t sum(const struct session_tally *t)
{
    return t->undecided + t->accepted + t->rejected;
}

void library_draw_side(struct app *app, const struct area *a)
{
    const struct session_tallies *t = session_tallies(app->session);
    int row = 0;
    if (side_is_wide(a) && a->rows > CAT_COUNT + 4) {
        area_right_text(a, row, side_end[0], ROLE_DIM, "all");
        area_glyph(a, row, side_end[1] - 1, ROLE_ACCEPTED, GLYPH_ACCEPTED);
        area_glyph(a, row, side_end[2] - 1, ROLE_REJECTED, GLYPH_REJECTED);
        area_glyph(a, row++, side_end[3] - 1, ROLE_UNDECIDED, GLYPH_UNDECIDED);
    }
    side_line(app, a, row++, SCOPE_ALL, sum(&t->all), &t->all);
    for (int c = 0; c < CAT_COUNT; c++)
        side_line(app, a, row++, (enum view_scope)(SCOPE_CATEGORY + c),
                  sum(&t->category[c]), &t->category[c]);
    struct area rule = area_sub(a, row, 1, 1, a->cols - 2);
    area_hline(&rule, 0);
    side_line(app, a, ++row, SCOPE_BEST_OF, t->best_of, NULL);
    side_line(app, a, ++row, SCOPE_NEAR_MISSES, t->near_misses, NULL);
}

/* --- the list ---------------------------------------------------------------------- */

/* In the order of the screen. Where the width is short the columns that say least go
 * first; for drums the class says more than the key. What is sorted by stays longest. */
enum column {
    COL_LEN,
    COL_LEVEL,
    COL_GRADE,
    COL_SCORE,
    COL_KEY,
    COL_BPM,
    COL_KIND,
    COL_DRUM,
    COL_STACK,
    COLUMNS
};
static const struct {
    const char *title;
    int cells, order; /* the order that sorts by it */
} columns[COLUMNS] = {[COL_LEN] = {"len", 6, ORDER_MEASURE + ME_duration_sec},
                      [COL_LEVEL] = {"level", 6, ORDER_MEASURE + ME_rms_db},
                      [COL_GRADE] = {"gr", 3, ORDER_GRADE},
                      [COL_SCORE] = {"score", 6, ORDER_MEASURE + ME_score},
                      [COL_KEY] = {"key", 4, ORDER_KEY},
                      [COL_BPM] = {"bpm", 4, ORDER_MEASURE + ME_bpm},
                      [COL_KIND] = {"kind", 12, ORDER_CLASS},
                      [COL_DRUM] = {"drum", 5, ORDER_DRUM},
                      [COL_STACK] = {"", 5, ORDER_STACK}};

static const enum column by_worth[2][COLUMNS] = {
    {COL_LEN, COL_SCORE, COL_KEY, COL_GRADE, COL_LEVEL, COL_KIND, COL_STACK, COL_BPM,
     COL_DRUM},
    {COL_LEN, COL_KIND, COL_SCORE, COL_GRADE, COL_LEVEL, COL_DRUM, COL_STACK, COL_BPM,
     COL_KEY}};

/* What a column leaves the name, by its worth: only a wide list shows them all. Half of
 * all names fit into 28; grade and level, which the inspector tells, come after that. */
static const int name_left[COLUMNS] = {20, 20, 20, 28, 28, 40, 40, 40, 48};

enum { NAME_LEAST = 20, STARS_MAX = 5 };

struct layout {
    bool on[COLUMNS];
    int stars, name, mark;
};

static void take_column(struct layout *l, enum column c, int name_least)
{
    if (l->on[c] || l->name - columns[c].cells < name_least)
        return;
    l->on[c] = true;
    l->name -= columns[c].cells;
}

static struct layout lay_out(int cols, bool drums, int order)
{
    struct layout l = {.mark = 3, .stars = cols >= 76 ? STARS_MAX + 1 : 3};
    l.name = cols - l.mark - l.stars - 1;
    for (int c = 0; c < COLUMNS; c++)
        if (columns[c].order == order)
            take_column(&l, (enum column)c, NAME_LEAST);
    for (int i = 0; i < COLUMNS; i++)
        take_column(&l, by_worth[drums][i], name_left[i]);
    return l;
}

static void cell_text(const struct app *app, const struct find *f, enum column c,
                      size_t hidden, char *to, size_t n)
{
    double length = session_measure(app->session, f, ME_duration_sec);
    double level = session_measure(app->session, f, ME_rms_db);
    double bpm = session_measure(app->session, f, ME_bpm);
    to[0] = '\0';
    switch (c) {
    case COL_LEN:
        if (!isnan(length))
            snprintf(to, n, length < 99.995 ? "%.2fs" : "%.0fs", length);
        break;
    case COL_LEVEL:
        if (!isnan(level))
            snprintf(to, n, "%.1f", level);
        break;
    case COL_GRADE:
        if (f->grade)
            snprintf(to, n, "%c", f->grade);
        break;
    case COL_SCORE:
        words_score(to, n, session_measure(app->session, f, ME_score));
        break;
    case COL_KEY:
        snprintf(to, n, "%s", f->key[0] ? f->key : "-");
        break;
    case COL_BPM:
        if (!isnan(bpm))
            snprintf(to, n, "%.0f", bpm);
        break;
    case COL_KIND:
        if (f->hit_class[0])
            snprintf(to, n, "%s", f->hit_class);
        else
            snprintf(to, n, "%s", kind_type(f->kind));
        break;
    case COL_DRUM:
        if (!isnan(f->drum))
            words_score(to, n, (double)f->drum);
        break;
    case COL_STACK:
        if (hidden > 0)
            snprintf(to, n, "+%zu", hidden);
        break;
    default:
        break;
    }
}

static enum role cell_role(const struct find *f, enum column c)
{
    if (f->decision == DECISION_REJECTED)
        return ROLE_REJECTED;
    if (c == COL_GRADE)
        return f->grade == 'A'   ? ROLE_GRADE_A
               : f->grade == 'B' ? ROLE_GRADE_B
                                 : ROLE_GRADE_F;
    return c == COL_LEN || c == COL_SCORE || c == COL_LEVEL ? ROLE_TEXT : ROLE_DIM;
}

static void draw_stars(const struct area *a, int row, int col, int cells, int rating)
{
    if (rating == 0)
        return;
    if (cells > STARS_MAX) {
        for (int i = 0; i < rating; i++)
            area_glyph(a, row, col + i, ROLE_RATING, GLYPH_STAR);
        return;
    }
    area_printf(a, row, col, ROLE_RATING, "%d", rating);
    area_glyph(a, row, col + 1, ROLE_RATING, GLYPH_STAR);
}

static void draw_columns(struct app *app, const struct area *a, const struct layout *l,
                         int row, const struct find *f, size_t position)
{
    int col = l->mark + l->stars + l->name;
    for (int c = 0; c < COLUMNS; c++) {
        if (!l->on[c])
            continue;
        char text[32];
        if (f)
            cell_text(app, f, (enum column)c,
                      c == COL_STACK ? view_hidden(app->view, position) : 0, text,
                      sizeof text);
        else
            snprintf(text, sizeof text, "%s", columns[c].title);
        enum role role = f ? cell_role(f, (enum column)c)
                         : columns[c].order == view_order(app->view) ? ROLE_STRONG
                                                                     : ROLE_DIM;
        if (c == COL_KIND) /* all columns begin with a gap: its end may lie in the next */
            area_fit(a, row, col + 1, columns[c].cells, role, CUT_END, text);
        else
            area_right_text(a, row, col + columns[c].cells, role, text);
        col += columns[c].cells;
    }
}

/* Where there is no room for all of it, the class at its end goes first, which stands in
 * its own column. */
static void name_shown(const struct app *app, const struct layout *l,
                       const struct find *f, int cells, char *to, size_t n)
{
    const char *name = words_name(app, f, cells);
    size_t whole = strlen(name), class = strlen(f->hit_class);
    bool told = l->on[COL_KIND] && class > 0 && whole > class + 1 &&
                strcmp(name + whole - class, f->hit_class) == 0 &&
                name[whole - class - 1] == '_' && utf8_cells(name) > cells;
    snprintf(to, n, "%.*s", (int)(told ? whole - class - 1 : whole), name);
}

static void draw_row(struct app *app, const struct area *a, const struct layout *l,
                     int row, size_t position, bool selected)
{
    size_t index = view_at(app->view, position);
    const struct find *f = session_find(app->session, index);
    bool cursor = position == view_cursor(app->view);
    if (f->tagged || selected)
        area_ground(a, row, 0, a->cols, ROLE_SELECTION);
    if (cursor)
        area_ground(a, row, 0, a->cols,
                    app->library.side ? ROLE_CURSOR_IDLE : ROLE_CURSOR);
    if (cursor)
        area_glyph(a, row, 0, ROLE_STRONG, GLYPH_CURSOR);
    else if (f->tagged)
        area_glyph(a, row, 0, ROLE_SELECTION, GLYPH_TAG);
    else if (f->id == app->library.pinned)
        area_glyph(a, row, 0, ROLE_STRONG, GLYPH_PIN);
    else if (selected)
        area_glyph(a, row, 0, ROLE_SELECTION, GLYPH_VLINE);
    area_glyph(a, row, 1, words_mark_role(f), words_mark(f));
    draw_stars(a, row, l->mark, l->stars, f->rating);
    enum role role = f->decision == DECISION_REJECTED ? ROLE_REJECTED
                     : f->slot >= 0                   ? ROLE_STRONG
                                                      : ROLE_TEXT;
    int name = l->mark + l->stars, end = name + l->name - 1;
    if (view_below_best(app->view, position))
        name += 2;
    size_t hidden = l->on[COL_STACK] ? 0 : view_hidden(app->view, position);
    if (hidden > 0) { /* no column for it: behind the name */
        char text[24];
        snprintf(text, sizeof text, "+%zu", hidden);
        area_right_text(a, row, end, ROLE_DIM, text);
        end -= utf8_cells(text) + 1;
    }
    char shown[256];
    name_shown(app, l, f, end - name, shown, sizeof shown);
    area_fit(a, row, name, end - name, role, CUT_MIDDLE, shown);
    draw_columns(app, a, l, row, f, position);
}

static int offer(const struct app *app, const struct area *a, int row, const char *key,
                 const char *does)
{
    char named[32];
    app_name_keys(app, key, named, sizeof named);
    area_text(a, row, 3, ROLE_KEY, named);
    return row + area_wrap(a, row, 10, a->cols - 11, ROLE_TEXT, does);
}

/* How many recordings failed, and the first of them. */
static size_t count_failed(const struct app *app, const struct catalog_source **first)
{
    size_t failed = 0;
    for (size_t i = 0; i < session_source_count(app->session); i++) {
        const struct catalog_source *s = session_source(app->session, i);
        if (s->failed && failed++ == 0)
            *first = s;
    }
    return failed;
}

/* Why the first of those that failed did. */
static int draw_failed(const struct area *a, int row, size_t failed,
                       const struct catalog_source *first)
{
    char text[400], more[40] = "";
    if (failed == 0)
        return row;
    if (failed > 1)
        snprintf(more, sizeof more, " (and %zu more)", failed - 1);
    snprintf(text, sizeof text, "%.300s%s", first->note, more);
    return row + area_wrap(a, row, 3, a->cols - 4, ROLE_WARNING, text);
}

/* A project without a single find: what is the case, and what to do about it. */
static void draw_nothing_yet(struct app *app, const struct area *a, int row)
{
    const char *folder = app->setup.input_dir ? app->setup.input_dir : "";
    size_t sources = session_source_count(app->session);
    const struct catalog_source *first = NULL;
    size_t failed = count_failed(app, &first);
    if (app->batch.active > 0 || app->looking) {
        area_text(a, row, 3, ROLE_STRONG,
                  app->batch.active > 0 ? "Digging. Finds appear here as they are made."
                                        : "Looking for recordings.");
        frame_hint(app, a, row + 2, 3, "{jobs} shows the jobs, {help} the keys.");
        return;
    }
    area_text(a, row++, 3, ROLE_STRONG,
              sources > failed ? "The recordings gave nothing to keep."
              : failed > 0     ? "No recording could be mined."
              : *folder        ? "There are no recordings here yet."
                               : "Nothing has been dug up here yet.");
    if (*folder)
        area_fit(a, row++, 3, a->cols - 4, ROLE_DIM, CUT_MIDDLE, folder);
    row = draw_failed(a, row, failed, first) + 1;
    if (sources > 0)
        row = offer(app, a, row, "{jobs}", "says what became of each recording");
    if (app->setup.ops.mine)
        row = offer(app, a, row, "{mine}",
                    sources > 0 ? "mines what is new or failed"
                    : *folder   ? "mines what you put there: WAV, FLAC, MP3, ..."
                                : "mines the recordings in the project's folder");
    if (app->setup.ops.demo)
        row = offer(app, a, row, ":demo", "makes demo recordings and mines them");
    row = offer(app, a, row, "{help}", "shows the keys");
    offer(app, a, row, "{back}", "leaves; then `trowel FOLDER` opens another");
}

static void draw_reason(struct app *app, const struct area *a, int row)
{
    char named[ECHO_BYTES];
    app_name_keys(app, view_empty_reason(app->view), named, sizeof named);
    bool mining = frame_mining(app) && view_scope(app->view) != SCOPE_BEST_OF;
    if (mining && !view_filter(app->view)[0]) /* no verdict while it is looked for */
        row += area_wrap(a, row, 3, a->cols - 4, ROLE_TEXT, "Nothing here yet.") + 1;
    else
        row += area_wrap(a, row, 3, a->cols - 4, ROLE_TEXT, named) + 1;
    if (mining)
        area_wrap(a, row, 3, a->cols - 4, ROLE_TEXT,
                  "Mining is running: finds will appear here.");
}

static void draw_empty(struct app *app, const struct area *a)
{
    int row = a->rows > 8 ? 3 : 1;
    const struct session_tallies *t = session_tallies(app->session);
    size_t finds = t->all.undecided + t->all.accepted + t->all.rejected + t->near_misses;
    if (finds == 0) /* also where all that came has gone again */
        draw_nothing_yet(app, a, row);
    else
        draw_reason(app, a, row);
}

static void scroll(struct app *app, int rows)
{
    size_t count = view_count(app->view), cursor = view_cursor(app->view);
    size_t *top = &app->library.top;
    size_t margin = rows > 8 ? 2 : 0, high = (size_t)rows;
    if (cursor < *top + margin)
        *top = cursor > margin ? cursor - margin : 0;
    if (cursor + margin >= *top + high)
        *top = cursor + margin + 1 - high;
    if (*top + high > count)
        *top = count > high ? count - high : 0;
    app->library.rows = rows;
}

static void draw_scroll_bar(struct app *app, const struct area *a)
{
    size_t count = view_count(app->view), rows = (size_t)a->rows;
    if (count <= rows || rows < 3)
        return;
    size_t size = rows * rows / count > 0 ? rows * rows / count : 1;
    size_t at = app->library.top * (rows - size) / (count - rows);
    for (size_t r = at; r < at + size && r < rows; r++)
        area_glyph(a, (int)r, a->cols - 1, ROLE_BORDER, GLYPH_SCROLL);
}

void library_draw_list(struct app *app, const struct area *a)
{
    struct area list = *a;
    enum view_scope scope = view_scope(app->view);
    bool drums = scope == SCOPE_ALL || scope == SCOPE_CATEGORY + CAT_DRUMS;
    struct layout l = lay_out(a->cols - 1, drums, view_order(app->view));
    struct area titles = area_top(&list, 1);
    area_text(&titles, 0, l.mark + l.stars,
              view_order(app->view) == ORDER_NAME ? ROLE_STRONG : ROLE_DIM, "name");
    draw_columns(app, &titles, &l, 0, NULL, 0);
    if (view_count(app->view) == 0) {
        draw_empty(app, &list);
        return;
    }
    scroll(app, list.rows);
    struct area rows = area_sub(&list, 0, 0, list.rows, list.cols - 1);
    size_t first, last;
    bool range = library_range(app, &first, &last);
    for (int r = 0; r < list.rows; r++) {
        size_t position = app->library.top + (size_t)r;
        if (position < view_count(app->view))
            draw_row(app, &rows, &l, r, position,
                     range && position >= first && position <= last);
    }
    draw_scroll_bar(app, &list);
}
