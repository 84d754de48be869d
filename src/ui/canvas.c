#include "ui/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status canvas_resize(struct canvas *c, int rows, int cols, struct err *e)
{
    rows = rows < 1 ? 1 : rows > CANVAS_MAX ? CANVAS_MAX : rows;
    cols = cols < 1 ? 1 : cols > CANVAS_MAX ? CANVAS_MAX : cols;
    struct cell *cell = calloc((size_t)rows * (size_t)cols, sizeof *cell);
    if (!cell)
        return err_set(e, ST_NO_MEMORY, "no memory for a screen of %d × %d", cols, rows);
    free(c->cell);
    c->cell = cell;
    c->rows = rows;
    c->cols = cols;
    canvas_clear(c);
    return ST_OK;
}

void canvas_done(struct canvas *c)
{
    free(c->cell);
    c->cell = NULL;
    c->rows = c->cols = 0;
}

void canvas_clear(struct canvas *c)
{
    for (int i = 0; i < c->rows * c->cols; i++)
        c->cell[i] = (struct cell){.ch = ' ', .ink = ROLE_TEXT, .ground = ROLE_TEXT};
}

struct area canvas_area(struct canvas *c)
{
    return (struct area){c, 0, 0, c->rows, c->cols};
}

static int clamp(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

struct area area_sub(const struct area *a, int row, int col, int rows, int cols)
{
    int top = clamp(row, 0, a->rows), left = clamp(col, 0, a->cols);
    int bottom = clamp(row + rows, top, a->rows),
        right = clamp(col + cols, left, a->cols);
    return (struct area){a->canvas, a->row + top, a->col + left, bottom - top,
                         right - left};
}

struct area area_top(struct area *a, int rows)
{
    rows = clamp(rows, 0, a->rows);
    struct area cut = area_sub(a, 0, 0, rows, a->cols);
    *a = area_sub(a, rows, 0, a->rows - rows, a->cols);
    return cut;
}

struct area area_bottom(struct area *a, int rows)
{
    rows = clamp(rows, 0, a->rows);
    struct area cut = area_sub(a, a->rows - rows, 0, rows, a->cols);
    *a = area_sub(a, 0, 0, a->rows - rows, a->cols);
    return cut;
}

struct area area_right(struct area *a, int cols)
{
    cols = clamp(cols, 0, a->cols);
    struct area cut = area_sub(a, 0, a->cols - cols, a->rows, cols);
    *a = area_sub(a, 0, 0, a->rows, a->cols - cols);
    return cut;
}

struct cell *area_cell(const struct area *a, int row, int col)
{
    if (row < 0 || col < 0 || row >= a->rows || col >= a->cols)
        return NULL;
    return &a->canvas->cell[(a->row + row) * a->canvas->cols + a->col + col];
}

/* Half of a wide character that loses its other half becomes blank. */
static void release(const struct area *a, int row, int col)
{
    const struct canvas *c = a->canvas;
    int x = a->col + col;
    struct cell *line = &c->cell[(a->row + row) * c->cols];
    if (line[x].ch == 0 && x > 0)
        line[x - 1].ch = ' ';
    if (x + 1 < c->cols && line[x + 1].ch == 0)
        line[x + 1].ch = ' ';
}

static void set(const struct area *a, int row, int col, enum role ink,
                const struct cluster *cl)
{
    struct cell *cell = area_cell(a, row, col);
    if (!cell)
        return;
    release(a, row, col);
    cell->ch = cl->base;
    memcpy(cell->mark, cl->mark, sizeof cell->mark);
    cell->ink = (uint8_t)ink;
    cell->ink_level = 0;
    if (cl->cells == 2) {
        struct cell *right = area_cell(a, row, col + 1);
        if (!right) {
            cell->ch = ' ';
            return;
        }
        release(a, row, col + 1);
        cell->ch = cl->base;
        *right = (struct cell){.ch = 0, .ink = (uint8_t)ink, .ground = cell->ground};
    }
}

/* What the ASCII tier shows of a character; common signs keep their sense. */
static void to_ascii(struct cluster *cl)
{
    static const struct {
        uint32_t from;
        char to;
    } known[] = {{0x2013, '-'}, {0x2014, '-'},  {0xB7, '.'},   {0x2026, '~'},
                 {0xD7, 'x'},   {0x2019, '\''}, {0x266F, '#'}, {0x2192, '>'},
                 {0x2190, '<'}, {0x2265, '>'},  {0x201C, '"'}, {0x201D, '"'}};
    if (cl->base < 0x7F) {
        cl->mark[0] = cl->mark[1] = 0;
        return;
    }
    char to = '?';
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].from == cl->base)
            to = known[i].to;
    *cl = (struct cluster){.base = (uint32_t)(unsigned char)to, .cells = 1};
}

int area_text(const struct area *a, int row, int col, enum role ink, const char *s)
{
    struct cluster cl;
    while (col < a->cols && utf8_next(&s, &cl)) {
        if (a->canvas->tier == TIER_ASCII)
            to_ascii(&cl);
        set(a, row, col, ink, &cl);
        col += cl.cells;
    }
    return col;
}

int area_fit(const struct area *a, int row, int col, int cells, enum role ink,
             enum utf8_cut cut, const char *s)
{
    char buffer[1024];
    utf8_fit(buffer, sizeof buffer, s, cells, cut,
             glyph_text(GLYPH_ELLIPSIS, a->canvas->tier));
    area_text(a, row, col, ink, buffer);
    return col + cells;
}

int area_wrap(const struct area *a, int row, int col, int cells, enum role ink,
              const char *s)
{
    int rows = 0;
    for (; *s && cells > 0; rows++) {
        char line[1024];
        size_t n = utf8_wrap(s, cells);
        if (n == 0) /* a wide character in a single cell */
            break;
        snprintf(line, sizeof line, "%.*s", (int)(n < 1023 ? n : 1023), s);
        area_text(a, row + rows, col, ink, line);
        s += n;
        s += strspn(s, " ");
    }
    return rows;
}

void area_right_text(const struct area *a, int row, int end, enum role ink, const char *s)
{
    int cells = utf8_cells(s);
    int col = end - cells;
    if (col < 0)
        area_fit(a, row, 0, end, ink, CUT_END, s);
    else
        area_text(a, row, col, ink, s);
}

int area_printf(const struct area *a, int row, int col, enum role ink, const char *format,
                ...)
{
    char buffer[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(buffer, sizeof buffer, format, args);
    va_end(args);
    return area_text(a, row, col, ink, buffer);
}

void area_put(const struct area *a, int row, int col, enum role ink, uint32_t ch)
{
    struct cluster cl = {.base = ch, .cells = 1};
    set(a, row, col, ink, &cl);
}

void area_glyph(const struct area *a, int row, int col, enum role ink, enum glyph g)
{
    area_put(a, row, col, ink, glyph_code(g, a->canvas->tier));
}

static void blank(const struct area *a)
{
    for (int r = 0; r < a->rows; r++)
        for (int c = 0; c < a->cols; c++) {
            area_put(a, r, c, ROLE_TEXT, ' ');
            struct cell *cell = area_cell(a, r, c);
            cell->ground = ROLE_TEXT;
            cell->ground_level = 0;
        }
}

void area_ground(const struct area *a, int row, int col, int cols, enum role ground)
{
    for (int c = col; c < col + cols; c++) {
        struct cell *cell = area_cell(a, row, c);
        if (cell)
            cell->ground = (uint8_t)ground;
    }
}

void area_cursor(const struct area *a, int row, int col, int cols)
{
    area_ground(a, row, col, cols, ROLE_CURSOR);
    area_glyph(a, row, 1, ROLE_STRONG, GLYPH_CURSOR);
}

int area_scroll(const struct area *a, int top, int cursor)
{
    if (cursor >= top + a->rows)
        return cursor - a->rows + 1;
    return cursor < top ? cursor : top;
}

void area_hline(const struct area *a, int row)
{
    for (int c = 0; c < a->cols; c++)
        area_glyph(a, row, c, ROLE_BORDER, GLYPH_HLINE);
}

void area_vline(const struct area *a, int col)
{
    for (int r = 0; r < a->rows; r++)
        area_glyph(a, r, col, ROLE_BORDER, GLYPH_VLINE);
}

struct area area_box(const struct area *a, const char *title)
{
    blank(a);
    int bottom = a->rows - 1, right = a->cols - 1;
    area_hline(a, 0);
    area_hline(a, bottom);
    area_vline(a, 0);
    area_vline(a, right);
    area_glyph(a, 0, 0, ROLE_BORDER, GLYPH_CORNER_TL);
    area_glyph(a, 0, right, ROLE_BORDER, GLYPH_CORNER_TR);
    area_glyph(a, bottom, 0, ROLE_BORDER, GLYPH_CORNER_BL);
    area_glyph(a, bottom, right, ROLE_BORDER, GLYPH_CORNER_BR);
    if (title && *title && a->cols > 6) {
        char cut[256];
        utf8_fit(cut, sizeof cut, title, a->cols - 6, CUT_END,
                 glyph_text(GLYPH_ELLIPSIS, a->canvas->tier));
        int end = area_printf(a, 0, 2, ROLE_TITLE, " %s", cut);
        area_put(a, 0, end, ROLE_TITLE, ' ');
    }
    return area_sub(a, 1, 2, a->rows - 2, a->cols - 4);
}
