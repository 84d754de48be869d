/* outbox: what is on its way to a terminal that may be slow.
 *
 * A terminal behind a slow line takes a screen in seconds, and whoever writes to it
 * waits. Curses therefore writes into a nameless file, in no time; the outbox brings that
 * to the terminal through a descriptor of its own that never blocks (the flag of the one
 * we were started with is the shell's, too). While something waits nothing new should be
 * drawn: keys are heeded all the same, and the next frame shows what they came to.
 * Thread: the terminal's. */
#ifndef TROWEL_UI_OUTBOX_H
#define TROWEL_UI_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

struct outbox {
    int slot;     /* the descriptor curses writes to; −1: not in use */
    int terminal; /* never blocks */
    char *text;
    size_t used, sent, room;
};

/* From now on what is written to descriptor `slot`, so far the terminal, comes here.
 * False: everything goes on as it was, and the other functions do nothing. */
bool outbox_open(struct outbox *o, int slot);

/* Send what was written, and then `more` (may be NULL), as far as the terminal takes it.
 */
void outbox_send(struct outbox *o, const char *more);
bool outbox_waits(const struct outbox *o);
/* To poll for writing; −1 when nothing waits. */
int outbox_fd(const struct outbox *o);
/* Send, and wait for the terminal for up to `seconds`; then what is left is dropped. */
void outbox_flush(struct outbox *o, double seconds);
/* Flush for at most a second and free; `slot` leads nowhere any more. */
void outbox_close(struct outbox *o);

#endif
