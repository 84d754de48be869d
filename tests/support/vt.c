#include "vt.h"

#include <string.h>

enum { PLAIN, ESCAPE, SEQUENCE, CHARSET };

static void wipe(struct vt *v, int row, int from, int to)
{
    if (to > from)
        memset(v->cell[row] + from, ' ', (size_t)(to - from));
}

void vt_clear(struct vt *v)
{
    memset(v, 0, sizeof *v);
    for (int r = 0; r < VT_ROWS; r++)
        wipe(v, r, 0, VT_COLS);
}

static void line_feed(struct vt *v)
{
    if (v->row < VT_ROWS - 1) {
        v->row++;
        return;
    }
    memmove(v->cell[0], v->cell[1], (VT_ROWS - 1) * sizeof v->cell[0]);
    wipe(v, VT_ROWS - 1, 0, VT_COLS);
}

static void put(struct vt *v, char c)
{
    if (v->wraps) {
        v->col = 0;
        line_feed(v);
    }
    v->cell[v->row][v->col] = c;
    v->wraps = v->col == VT_COLS - 1;
    v->col += !v->wraps;
}

static int clamp(int value, int most)
{
    return value < 0 ? 0 : value > most ? most : value;
}

static void move(struct vt *v, int row, int col)
{
    v->row = clamp(row, VT_ROWS - 1);
    v->col = clamp(col, VT_COLS - 1);
    v->wraps = false;
}

static void erase_screen(struct vt *v, int how)
{
    for (int r = 0; r < VT_ROWS; r++)
        if (how == 2 || (how == 0 && r > v->row) || (how == 1 && r < v->row))
            wipe(v, r, 0, VT_COLS);
    if (how < 2)
        wipe(v, v->row, how == 0 ? v->col : 0, how == 0 ? VT_COLS : v->col + 1);
}

static void sequence(struct vt *v, char final)
{
    int first = v->number[0], step = first > 0 ? first : 1;
    switch (final) {
    case 'A':
        move(v, v->row - step, v->col);
        break;
    case 'B':
        move(v, v->row + step, v->col);
        break;
    case 'C':
        move(v, v->row, v->col + step);
        break;
    case 'D':
        move(v, v->row, v->col - step);
        break;
    case 'H':
    case 'f':
        move(v, step - 1, (v->number[1] > 0 ? v->number[1] : 1) - 1);
        break;
    case 'J':
        erase_screen(v, first);
        break;
    case 'K':
        wipe(v, v->row, first == 0 ? v->col : 0, first == 1 ? v->col + 1 : VT_COLS);
        break;
    default: /* colours and modes leave no letters */
        break;
    }
}

static void control(struct vt *v, char c)
{
    switch (c) {
    case '\b':
        move(v, v->row, v->col - 1);
        break;
    case '\t':
        move(v, v->row, (v->col / 8 + 1) * 8);
        break;
    case '\n':
        line_feed(v);
        break;
    case '\r':
        move(v, v->row, 0);
        break;
    case '\033':
        v->state = ESCAPE;
        break;
    default:
        break;
    }
}

static void escape(struct vt *v, char c)
{
    v->state = PLAIN;
    if (c == '[') {
        memset(v->number, 0, sizeof v->number);
        v->count = 0;
        v->state = SEQUENCE;
    } else if (c == '(' || c == ')') {
        v->state = CHARSET;
    } else if (c == 'M') {
        move(v, v->row - 1, v->col);
    } else if (c == 'D') {
        line_feed(v);
    }
}

static void in_sequence(struct vt *v, char c)
{
    if (c >= '0' && c <= '9') {
        v->number[v->count] = v->number[v->count] * 10 + (c - '0');
    } else if (c == ';') {
        v->count = clamp(v->count + 1, 7);
    } else if (c >= '@' && c <= '~') {
        sequence(v, c);
        v->state = PLAIN;
    }
}

void vt_feed(struct vt *v, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = bytes[i];
        if (v->state == ESCAPE)
            escape(v, c);
        else if (v->state == SEQUENCE)
            in_sequence(v, c);
        else if (v->state == CHARSET)
            v->state = PLAIN;
        else if (c > 0 && c < ' ')
            control(v, c);
        else if (c != 0x7F)
            put(v, c);
    }
}
