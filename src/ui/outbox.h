/* outbox: what is on its way to a terminal that may be slow.
 *
 * A terminal behind a slow line takes a screen in seconds, and whoever writes to it
 * waits. Curses therefore writes into a nameless file, in no time; the outbox brings that
 * to the terminal through a descriptor of its own that never blocks (the flag of the one
 * we were started with is the shell's, too). While something waits nothing new should be
 * drawn: keys are heeded all the same, and the next frame shows what they came to.
 *
 * The line itself holds some 16 kB that nobody can take back: frames that come by
 * themselves (a playhead) would fill it, and a key's frame would stand behind them. They
 * get a quarter of what the line takes: as much as a real line's speed says, else what
 * goes through once it was full twice.
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
    /* the pace of the line; times are monotonic seconds */
    double declared, rate;  /* bytes a second; 0: none to heed */
    double opened, free_at; /* … when it has taken everything, by that rate */
    double stuck_at;        /* when it took no more, 0 = never */
    size_t total, since_stuck, frame;
};

/* From now on what is written to descriptor `slot`, so far the terminal, comes here.
 * False: everything goes on as it was, and the other functions do nothing. `baud` is the
 * speed of a real line, 0 where none is known. */
bool outbox_open(struct outbox *o, int slot, int baud);

/* Send what was written, and then `more` (may be NULL), as far as the terminal takes it.
 */
void outbox_send(struct outbox *o, const char *more);
bool outbox_waits(const struct outbox *o);
/* To poll for writing; −1 when nothing waits. */
int outbox_fd(const struct outbox *o);
/* Seconds until the next frame that nobody asked for may go. */
double outbox_rest(const struct outbox *o);
/* Perhaps it is another line now. */
void outbox_forget_pace(struct outbox *o);
/* Send, and wait for the terminal for up to a second; then what is left is dropped, also
 * what the line holds, so that what is written next arrives. False: so it was. */
bool outbox_flush(struct outbox *o);
/* Free; `slot` leads nowhere any more, and what was not flushed nowhere either. */
void outbox_close(struct outbox *o);

#endif
