/* What surrounds every screen: the top line, the lines at the bottom, pages, which-key.
 */
#include "ui/state.h"

#include "io/text.h"
#include "ui/paint.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool frame_mining(const struct app *app)
{
    return app->batch.mining.active > 0;
}

/* What the screen is about counts more than a long bar where the width is short. */
static int progress_cells(const struct app *app, int cols, char *text, size_t n, int *bar)
{
    const struct batch_state *b = &app->batch;
    if (b->active == 0)
        return 0;
    const struct job_count *c = frame_mining(app) ? &b->mining : &b->other;
    snprintf(text, n, "%s %d/%d", frame_mining(app) ? "mining" : "working",
             c->total - c->active, c->total);
    *bar = cols >= 100 ? 12 : 6;
    return utf8_cells(text) + 1 + *bar + 11;
}

/* "mining 3/12 ▕████▌     ▏ 4:10 left", right-aligned. */
static void draw_progress(struct app *app, const struct area *row)
{
    char text[64], left[32];
    int bar, cells = progress_cells(app, row->cols, text, sizeof text, &bar);
    int col = row->cols - cells - 1;
    if (cells == 0 || col < 0)
        return;
    col = area_text(row, 0, col, ROLE_TEXT, text) + 1;
    paint_bar(row, 0, col, bar, app->batch.fraction);
    double f = app->batch.fraction, gone = app->now - app->batch.since;
    if (f > 0.02 && gone > 2) {
        words_time(left, sizeof left, gone * (1 - f) / f, 0);
        area_printf(row, 0, col + bar + 1, ROLE_DIM, "%s left", left);
    }
}

int frame_top_room(struct app *app, int cols)
{
    char text[64];
    int bar, progress = progress_cells(app, cols, text, sizeof text, &bar);
    return cols - 1 - utf8_cells("trowel . ") - progress - 2;
}

static void draw_top(struct app *app, const struct area *row, const char *left)
{
    enum tier tier = row->canvas->tier;
    int col = area_text(row, 0, 1, ROLE_TITLE, "trowel");
    col = area_printf(row, 0, col, ROLE_DIM, " %s ", glyph_text(GLYPH_DOT, tier));
    area_fit(row, 0, col, frame_top_room(app, row->cols), ROLE_STRONG, CUT_END, left);
    draw_progress(app, row);
}

int frame_hint(const struct app *app, const struct area *a, int row, int col,
               const char *said)
{
    while (*said) {
        char part[96], named[96];
        bool key = *said == '{';
        size_t n = key ? strcspn(said, "}") : strcspn(said, "{");
        n += key && said[n];
        snprintf(part, sizeof part, "%.*s", (int)n, said);
        app_name_keys(app, part, named, sizeof named);
        col = area_text(a, row, col, key ? ROLE_KEY : ROLE_HINT, named);
        said += n;
    }
    return col;
}

/* --- echo or prompt ---------------------------------------------------------------- */

static void draw_echo(struct app *app, const struct area *row)
{
    if (app->asking == ASK_NOTHING) {
        /* how to undo it, or the reason, stands at the end */
        area_fit(row, 0, 1, row->cols - 2, app->echo_role, CUT_MIDDLE, app->echo);
        return;
    }
    int col = area_printf(row, 0, 1, ROLE_PROMPT, "%s", app_prompt_label(app));
    if (app->asking == ASK_CONFIRM)
        return;
    int before;
    const char *text = app_prompt_in_sight(app, row->cols, &before);
    int end = area_text(row, 0, col, ROLE_INPUT, text);
    const char *problem = app_prompt_problem(app);
    if (*problem)
        area_fit(row, 0, end + 3, row->cols - end - 4, ROLE_WARNING, CUT_END, problem);
    else if (app->asking == ASK_FILTER && *app->prompt.text && end + 12 < row->cols) {
        char count[24];
        size_t n = view_count(app->view);
        text_count(count, sizeof count, n);
        area_printf(row, 0, end + 3, ROLE_DIM, "%s match%s", count, n == 1 ? "es" : "");
    }
}

/* --- list state and budget --------------------------------------------------------- */

static enum role meter(double part)
{
    return part > 1 ? ROLE_METER_HIGH : part > 0.9 ? ROLE_METER_MID : ROLE_STATUS;
}

static int draw_budget(struct app *app, const struct area *row)
{
    struct budget b;
    const struct target *t = kit_budget(app, &b);
    char text[3][32];
    snprintf(text[0], sizeof text[0], "kit %d/%d", b.files, t->files);
    snprintf(text[1], sizeof text[1], "%.0f s/%.0f", ceil(b.seconds), t->seconds);
    snprintf(text[2], sizeof text[2], "%d/%d", b.sectors, t->sectors);
    double part[3] = {(double)b.files / t->files, b.seconds / t->seconds,
                      (double)b.sectors / t->sectors};
    int cells = 4;
    for (int i = 0; i < 3; i++)
        cells += utf8_cells(text[i]);
    int col = row->cols - cells - 1;
    for (int i = 0; i < 3 && col > 0; i++)
        col = area_text(row, 0, col, meter(part[i]), text[i]) + 2;
    return row->cols - cells - 2;
}

/* " · by score reversed", " · most like tape_drum_012_kick first, S back" */
static void say_order(struct app *app, int cols, const char *dot, char *to, size_t n)
{
    struct view *v = app->view;
    int order = view_order(v);
    bool turned = view_descending(v) != view_order_descends(order);
    long like = view_similar(v);
    if (like >= 0) {
        char back[32], what[100] = "like ";
        app_name_keys(app, "{similar-back} back", back, sizeof back);
        utf8_fit(what + 5, 95, session_find(app->session, (size_t)like)->name, cols / 4,
                 CUT_MIDDLE, glyph_text(GLYPH_ELLIPSIS, app->canvas.tier));
        snprintf(to, n, " %s most %s first, %s", dot, cols < 100 ? "alike" : what, back);
        return;
    }
    snprintf(to, n, " %s by %s%s%s", dot, words_order(order),
             view_by_standing(v) ? " in its kind" : "", turned ? " reversed" : "");
}

/* Where the width is short the way of advancing goes first, then the filter is cut. */
static void draw_state(struct app *app, const struct area *row)
{
    static const char *const advances[] = {"advance to undecided", "advance to next",
                                           "stay after deciding"};
    const char *dot = glyph_text(GLYPH_DOT, row->canvas->tier);
    int end = draw_budget(app, row);
    struct area part = area_sub(row, 0, 0, 1, end);
    struct view *v = app->view;
    if (app->screen != SCREEN_LIBRARY)
        return;
    char order[160], marks[64] = "", advance[64], count[24];
    size_t tagged = session_tallies(app->session)->tagged, n = 0;
    say_order(app, row->cols, dot, order, sizeof order);
    if (tagged > 0)
        n = (size_t)snprintf(marks, sizeof marks, " %s %s tagged", dot,
                             text_count(count, sizeof count, tagged));
    if (app->library.range || app->library.on_tagged)
        snprintf(marks + n, sizeof marks - n, " %s %s", dot,
                 app->library.on_tagged ? "next to all tagged" : "range");
    snprintf(advance, sizeof advance, " %s %s", dot,
             advances[app->config->interface.advance % 3]);
    const char *filter = view_filter(v);
    int col = area_text(&part, 0, 1, ROLE_STATUS, view_scope_name(view_scope(v)));
    int room = part.cols - col - utf8_cells(order) - utf8_cells(marks);
    if (*filter && room > 12) {
        int label = area_printf(&part, 0, col, ROLE_STATUS, " %s filter ", dot) - col;
        int cells = utf8_cells(filter);
        cells = cells < room - label ? cells : room - label;
        col = area_fit(&part, 0, col + label, cells, ROLE_STATUS, CUT_END, filter);
    }
    col = area_text(&part, 0, col, ROLE_STATUS, order);
    col = area_text(&part, 0, col, ROLE_SELECTION, marks);
    if (col + utf8_cells(advance) <= part.cols)
        area_text(&part, 0, col, ROLE_STATUS, advance);
}

/* --- hints ------------------------------------------------------------------------- */

/* What Tab goes round, the chosen one in sight. */
static void draw_completions(const struct prompt *p, const struct area *row)
{
    int first = 0, col = 1;
    for (int i = 0, used = 0; i <= p->chosen; i++) {
        used += utf8_cells(p->completion[i]) + 2;
        if (used > row->cols - 4) {
            first = i;
            used = utf8_cells(p->completion[i]) + 2;
        }
    }
    for (int i = first; i < p->completions && col < row->cols - 1; i++) {
        int end = area_text(row, 0, col, i == p->chosen ? ROLE_KEY : ROLE_HINT,
                            p->completion[i]);
        if (i == p->chosen)
            area_ground(row, 0, col, end - col, ROLE_CURSOR);
        col = end + 2;
    }
}

static const char *prompt_hint(const struct app *app)
{
    switch (app->asking) {
    case ASK_COMMAND:
    case ASK_FILTER:
    case ASK_TAG:
        return app->asking == ASK_COMMAND || *app->prompt.text
                   ? "Enter takes it   Esc leaves   Tab completes   Up earlier ones"
                   : "such as score>.8  drum>.5  class:snare  is:undecided   Tab "
                     "completes";
    case ASK_SEARCH:
        return "Enter looks for it   Esc leaves   Up earlier ones";
    case ASK_VALUE:
        return app_value_completes(config_key(app->settings.cursor)->name)
                   ? "Enter takes it   Esc leaves   Tab completes"
                   : "Enter takes it   Esc leaves";
    case ASK_CONFIRM:
        return app->declined ? "y Enter yes   n no   Esc neither" : "y Enter yes   n no";
    default:
        return "";
    }
}

static void draw_prompt_hints(struct app *app, const struct area *row)
{
    const char *help, *arguments;
    if (app->prompt.completions > 0) {
        draw_completions(&app->prompt, row);
    } else if (app->asking == ASK_COMMAND &&
               (help = app_command_about(app->prompt.text, &arguments))) {
        int col = area_printf(row, 0, 1, ROLE_KEY, "%s", arguments);
        area_printf(row, 0, *arguments ? col + 2 : 1, ROLE_HINT, "%s", help);
    } else {
        area_text(row, 0, 1, ROLE_HINT, prompt_hint(app));
    }
}

enum { HINT_KEYS_BYTES = 72, HINT_GAP = 2 };

/* What the hint line keeps room for, however narrow: how to leave, and where all is told.
 */
static bool is_way_out(enum action a)
{
    return a == ACT_CLOSE || a == ACT_HELP;
}

/* The first key of an action; "" when it has none. */
static void hint_keys(const struct app *app, enum action a, char to[HINT_KEYS_BYTES])
{
    keymap_keys(&app->map, app->screen, a, to, HINT_KEYS_BYTES);
    to[strcspn(to, " ")] = '\0';
    if (*to && a == ACT_DOWN) { /* its other half stands beside it */
        char up[HINT_KEYS_BYTES], down[HINT_KEYS_BYTES];
        snprintf(down, sizeof down, "%s", to);
        keymap_keys(&app->map, app->screen, ACT_UP, up, sizeof up);
        up[strcspn(up, " ")] = '\0';
        snprintf(to, HINT_KEYS_BYTES, "%.30s %.30s", down, up);
    }
}

static int hint_cells(const struct app *app, enum action a)
{
    char keys[HINT_KEYS_BYTES];
    hint_keys(app, a, keys);
    return *keys ? utf8_cells(keys) + 1 + utf8_cells(action_info(a)->hint) + HINT_GAP : 0;
}

static void draw_hints(struct app *app, const struct area *row)
{
    if (app->asking != ASK_NOTHING) {
        draw_prompt_hints(app, row);
        return;
    }
    if (key_state_pending(&app->keys)) {
        char typed[64] = "";
        keyseq_name(typed, sizeof typed, &app->keys.typed);
        if (app->keys.wants_key != ACT_NONE)
            snprintf(typed, sizeof typed, "%s", action_info(app->keys.wants_key)->name);
        int col = 1;
        if (app->keys.count > 0)
            col = area_printf(row, 0, col, ROLE_KEY, "%d ", app->keys.count);
        col = area_printf(row, 0, col, ROLE_KEY, "%s ", typed);
        bool count = app->keys.counting && !typed[0];
        area_text(row, 0, col + 1, ROLE_HINT,
                  !count                 ? "Esc leaves"
                  : app->keys.count == 0 ? "a number, then the key it is for   Esc leaves"
                                         : "times: then the key it is for   Esc leaves");
        return;
    }
    enum action hints[24];
    int n = action_hints(app->screen, hints, 24), col = 1, ways_out = 0;
    for (int i = 0; i < n; i++)
        if (is_way_out(hints[i]))
            ways_out += hint_cells(app, hints[i]);
    for (int i = 0; i < n; i++) {
        char keys[HINT_KEYS_BYTES];
        hint_keys(app, hints[i], keys);
        int need = hint_cells(app, hints[i]), kept = ways_out;
        if (is_way_out(hints[i])) {
            ways_out -= need;
            kept = ways_out;
        }
        if (!*keys || col + need - HINT_GAP > row->cols - kept)
            continue;
        col = area_printf(row, 0, col, ROLE_KEY, "%s", keys);
        col = area_printf(row, 0, col, ROLE_HINT, " %s", action_info(hints[i])->hint) +
              HINT_GAP;
    }
}

struct area frame(struct app *app, const struct area *a, const char *left)
{
    struct area rest = *a;
    struct area top = area_top(&rest, 1);
    draw_top(app, &top, left);
    struct area hints = area_bottom(&rest, 1);
    draw_hints(app, &hints);
    struct area state = area_bottom(&rest, 1);
    draw_state(app, &state);
    struct area echo = area_bottom(&rest, 1);
    draw_echo(app, &echo);
    struct area sound = area_bottom(&rest, 1);
    frame_sound(app, &sound);
    return rest;
}

struct area frame_ruled(struct app *app, const struct area *a, const char *left)
{
    struct area rest = frame(app, a, left);
    struct area rule = area_top(&rest, 1);
    area_hline(&rule, 0);
    return rest;
}

/* --- boxes over the screen --------------------------------------------------------- */

void frame_which_key(struct app *app, const struct area *a)
{
    struct key_next next[40];
    int n = keymap_next(&app->map, app->screen, &app->keys, next, 40);
    if (n == 0)
        return;
    int wide = 1;
    for (int i = 0; i < n; i++) {
        int cells = utf8_cells(next[i].key) + utf8_cells(next[i].what) + 4;
        wide = cells > wide ? cells : wide;
    }
    int across = (a->cols - 4) / wide > 4 ? 4 : (a->cols - 4) / wide;
    if (across < 1)
        across = 1;
    int rows = (n + across - 1) / across + 2;
    struct area box = area_sub(a, a->rows - rows - 1, 1, rows, a->cols - 2);
    enum action waits = app->keys.wants_key;
    struct area in = area_box(&box, waits ? action_info(waits)->help : "what follows");
    for (int i = 0; i < n; i++) {
        int row = i % (rows - 2), col = i / (rows - 2) * (in.cols / across);
        int at = area_text(&in, row, col, ROLE_KEY, next[i].key) + 1;
        area_fit(&in, row, at, in.cols / across - (at - col) - 1, ROLE_TEXT, CUT_END,
                 next[i].what);
    }
}

enum { PAGE_INDENT = 4 }; /* of what goes on in the next row */

/* Where a line of a page goes on in the next row: what stands behind a gap of two blanks,
 * the last column of a table, stays together where it can. */
static size_t page_wrap(const char *line, int cells)
{
    size_t n = utf8_wrap(line, cells), gap = n;
    while (gap > 2 && !(line[gap - 1] == ' ' && line[gap - 2] == ' '))
        gap--;
    bool column = gap > 2 && strspn(line, " ") < gap;
    return line[n] && column && utf8_cells(line + gap) <= cells - PAGE_INDENT ? gap : n;
}

void frame_page(struct app *app, const struct area *a)
{
    struct page_state *p = &app->page;
    p->unseen = false;
    struct area in = area_box(a, p->title);
    int lines = 0;
    const char *line = p->text;
    while (*line) { /* long ones go on in the next row */
        size_t length = strcspn(line, "\n");
        char whole[512], part[512];
        snprintf(whole, sizeof whole, "%.*s", (int)(length < 511 ? length : 511), line);
        const char *rest = whole;
        do {
            int indent = rest == whole ? 0 : PAGE_INDENT;
            size_t n = page_wrap(rest, in.cols - indent);
            snprintf(part, sizeof part, "%.*s", (int)n, rest);
            if (lines >= p->top)
                area_text(&in, lines - p->top, indent, ROLE_TEXT, part);
            lines++;
            rest += n > 0 ? n : strlen(rest);
            rest += strspn(rest, " ");
        } while (*rest);
        line += length + (line[length] == '\n');
    }
    int most = lines - in.rows > 0 ? lines - in.rows : 0;
    if (p->top > most)
        p->top = most;
    char foot[96], place[40];
    app_name_keys(app,
                  p->confirms_export ? " {detail} writes it   {back} leaves "
                                     : " {back} closes ",
                  foot, sizeof foot);
    struct area edge = area_sub(a, a->rows - 1, 0, 1, a->cols - 2);
    area_right_text(&edge, 0, edge.cols, ROLE_HINT, foot);
    snprintf(place, sizeof place, " %d-%d of %d ", p->top + 1, p->top + in.rows, lines);
    if (lines > in.rows && 2 + utf8_cells(place) + utf8_cells(foot) <= edge.cols)
        area_text(&edge, 0, 2, ROLE_HINT, place);
}

/* --- terminals that are too small -------------------------------------------------- */

/* Rows of the list around its cursor. */
static void draw_small_list(struct app *app, const struct area *rows)
{
    if (library_current(app) < 0)
        return;
    size_t cursor = view_cursor(app->view), count = view_count(app->view);
    size_t first = cursor > (size_t)rows->rows / 2 ? cursor - (size_t)rows->rows / 2 : 0;
    for (int r = 0; r < rows->rows && first + (size_t)r < count; r++) {
        size_t position = first + (size_t)r;
        const struct find *f = session_find(app->session, view_at(app->view, position));
        if (position == cursor) {
            area_ground(rows, r, 0, rows->cols, ROLE_CURSOR);
            area_glyph(rows, r, 0, ROLE_STRONG, GLYPH_CURSOR);
        }
        area_glyph(rows, r, 1, words_mark_role(f), words_mark(f));
        area_fit(rows, r, 3, rows->cols - 3, ROLE_TEXT, CUT_MIDDLE, f->name);
    }
}

/* Keys mean what they mean on the screen that is open, so it is named. */
static void draw_small_screen(struct app *app, const struct area *rows)
{
    area_printf(rows, 0, 0, ROLE_TITLE, "%s", screen_name(app->screen));
    if (rows->rows > 1)
        frame_hint(app, rows, 1, 0, "{back} back");
}

void frame_small(struct app *app, const struct area *a)
{
    int row = a->rows - 1;
    if (a->rows > 2) {
        struct area line = area_sub(a, row--, 0, 1, a->cols);
        bool typing = app->asking != ASK_NOTHING && app->asking != ASK_CONFIRM;
        int before, col = 1;
        if (typing) {
            const char *text = app_prompt_in_sight(app, a->cols, &before);
            col = area_text(&line, 0, col, ROLE_PROMPT, app_prompt_label(app));
            area_text(&line, 0, col, ROLE_INPUT, text);
        } else {
            area_fit(&line, 0, 0, a->cols, ROLE_TEXT, CUT_MIDDLE,
                     app->asking == ASK_CONFIRM ? app->question : app->echo);
        }
    }
    if (a->rows > 1)
        area_printf(a, row--, 0, ROLE_WARNING, "%dx%d: needs %dx%d", a->cols, a->rows,
                    MIN_COLS, MIN_ROWS);
    struct area rows = area_sub(a, 0, 0, row + 1, a->cols);
    enum { PAGE_ROWS = 3, PAGE_COLS = 24 }; /* a line of it, and what Enter does */
    if (rows.rows < 1)
        return;
    if (app->page.open && rows.rows >= PAGE_ROWS && rows.cols >= PAGE_COLS)
        frame_page(app, &rows);
    else if (app->screen == SCREEN_LIBRARY)
        draw_small_list(app, &rows);
    else
        draw_small_screen(app, &rows);
}
