/* term: the terminal. The only user of curses.
 *
 * term_check and term_open refuse a terminal that cannot be drawn on with one sentence
 * (ST_NO_TERMINAL): no tty, unknown TERM, no cursor addressing. Input never blocks: poll
 * term_input_fd and term_signal_fd, then ask. After term_close, a stop (term_suspend) or
 * a crash the terminal is as it was before. One terminal at a time in a process; thread:
 * the one that opened it. Signal handlers need one static record of it; they write to a
 * pipe and do nothing else, except on crashes, where they restore the terminal and die of
 * the same signal. */
#ifndef TROWEL_UI_TERM_H
#define TROWEL_UI_TERM_H

#include "core/status.h"
#include "io/theme.h"
#include "ui/canvas.h"

#include <stdbool.h>
#include <stdint.h>

struct terminal;

enum { TERM_AUTO = -1 };

struct term_options {
    int depth; /* enum theme_depth or TERM_AUTO: as many colours as it has; NO_COLOR: none
                */
    int tier;  /* enum tier or TERM_AUTO: by locale and TERM */
    const struct theme *theme; /* copied */
};

enum status term_check(struct err *e);
enum status term_open(struct terminal **out, const struct term_options *options,
                      struct err *e);
void term_close(struct terminal *t); /* NULL is fine */

enum theme_depth term_depth(const struct terminal *t);
enum tier term_tier(const struct terminal *t);
void term_set_theme(struct terminal *t, const struct theme *theme);
void term_size(const struct terminal *t, int *rows, int *cols);

int term_input_fd(const struct terminal *t);
/* The next key typed (keys.h), false when none is waiting. */
bool term_next_key(struct terminal *t, uint32_t *key);

int term_signal_fd(const struct terminal *t);
enum {
    TERM_RESIZED = 1, /* ask term_size and draw anew */
    TERM_STOP = 2,    /* call term_suspend */
    TERM_CONTINUED = 4,
    TERM_QUIT = 8 /* hang-up, terminate, interrupt: leave */
};
/* Which of these came since the last call; takes the new size in. */
unsigned term_take_signals(struct terminal *t);
/* Give the terminal back, stop the process group, return when it is continued. */
void term_suspend(struct terminal *t);

/* Show a canvas: only what differs from the last one is sent. */
void term_present(struct terminal *t, const struct canvas *c);
/* A slow terminal: −1, or what to poll for writing while it has not taken the last frame;
 * then call term_send, which says whether it has now. Until then draw nothing. */
int term_output_fd(const struct terminal *t);
bool term_send(struct terminal *t);
/* Seconds until it should get a frame again that no key asked for. */
double term_rest(const struct terminal *t);
/* Where the terminal's own cursor stands, for typing; row −1 hides it. */
void term_cursor(struct terminal *t, int row, int col);
/* The next term_present sends everything (^L). */
void term_redraw(struct terminal *t);

#endif
