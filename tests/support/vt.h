/* vt: what stands on a VT100's screen after the bytes that were sent to it. Only what
 * curses sends to such a terminal; 7-bit. */
#ifndef TROWEL_TESTS_VT_H
#define TROWEL_TESTS_VT_H

#include <stdbool.h>
#include <stddef.h>

enum { VT_ROWS = 24, VT_COLS = 80 };

struct vt {
    char cell[VT_ROWS][VT_COLS + 1]; /* each row NUL-terminated */
    int row, col;
    bool wraps; /* the next character goes to the next line */
    int state, count, number[8];
};

void vt_clear(struct vt *v);
void vt_feed(struct vt *v, const char *bytes, size_t n);

#endif
