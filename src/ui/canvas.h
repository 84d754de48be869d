/* canvas: a grid of cells that views draw on and a terminal (or a test) reads.
 *
 * A cell holds one character (with its combining marks), the role of its ink and of its
 * ground, and two ramp levels for pictures. A character of two cells owns the cell to its
 * right, which then has ch = 0; overwriting either half blanks the other, so no drawing
 * order can leave half a character.
 * Views draw through an *area*: a clipped rectangle with its own origin. Nothing drawn
 * through an area can leave it. Rows and columns count from 0.
 * Thread: none of its own. */
#ifndef TROWEL_UI_CANVAS_H
#define TROWEL_UI_CANVAS_H

#include "core/status.h"
#include "io/theme.h"
#include "ui/glyphs.h"
#include "ui/utf8.h"

enum { CANVAS_MAX = 2000 }; /* rows and columns */

struct cell {
    uint32_t ch; /* 0: the right half of a wide character */
    uint32_t mark[CLUSTER_MARKS];
    uint8_t ink;          /* enum role: the look of the character */
    uint8_t ground;       /* enum role: what it stands on; ROLE_TEXT = the plain ground */
    uint8_t ink_level;    /* > 0: the ink is the spectrum ramp at this level */
    uint8_t ground_level; /* > 0: the ground is the ramp at this level */
};

struct canvas {
    int rows, cols;
    enum tier tier; /* what the terminal can show; drawing falls back by itself */
    struct cell *cell;
};

/* A view's window on the canvas. */
struct area {
    struct canvas *canvas;
    int row, col, rows, cols;
};

/* Blank canvas; also resizes one that is in use (its content is lost). On no memory the
 * canvas is as before. */
enum status canvas_resize(struct canvas *c, int rows, int cols, struct err *e);
void canvas_done(struct canvas *c);
void canvas_clear(struct canvas *c);

struct area canvas_area(struct canvas *c);
/* A part of an area, clipped to it; negative rows or cols become 0. */
struct area area_sub(const struct area *a, int row, int col, int rows, int cols);
/* Cut `rows` or `cols` from that side of *a and return them. */
struct area area_top(struct area *a, int rows);
struct area area_bottom(struct area *a, int rows);
struct area area_right(struct area *a, int cols);

/* The cell, or NULL outside the area. */
struct cell *area_cell(const struct area *a, int row, int col);

/* Text from (row, col), clipped; returns the column after it. */
int area_text(const struct area *a, int row, int col, enum role ink, const char *s);
/* The same, cut with an ellipsis to at most `cells`; returns col + cells. */
int area_fit(const struct area *a, int row, int col, int cells, enum role ink,
             enum utf8_cut cut, const char *s);
/* Over as many rows as it needs, broken at blanks; returns how many. */
int area_wrap(const struct area *a, int row, int col, int cells, enum role ink,
              const char *s);
/* Right-aligned so that it ends before column `end`; cut from the right if too long. */
void area_right_text(const struct area *a, int row, int end, enum role ink,
                     const char *s);
int area_printf(const struct area *a, int row, int col, enum role ink, const char *format,
                ...) __attribute__((format(printf, 5, 6)));
/* One code point (already a glyph of the canvas's tier), one cell. */
void area_put(const struct area *a, int row, int col, enum role ink, uint32_t ch);
void area_glyph(const struct area *a, int row, int col, enum role ink, enum glyph g);

/* Lay a ground under some cells; their characters stay. */
void area_ground(const struct area *a, int row, int col, int cols, enum role ground);
/* The cursor of a list: a bar with its sign in column 1. */
void area_cursor(const struct area *a, int row, int col, int cols);
/* The row that a list, so far from `top` on, begins with to have `cursor` in sight. */
int area_scroll(const struct area *a, int top, int cursor);
/* Borders right across the area. */
void area_hline(const struct area *a, int row);
void area_vline(const struct area *a, int col);
/* A frame around the whole area with a title in its top edge; blanks the inside. */
struct area area_box(const struct area *a, const char *title);

#endif
