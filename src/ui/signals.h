/* signals: the process's signals as bytes in a pipe, and the terminal put back on a
 * crash. Belongs to term.c; see there. One at a time in a process: a signal handler can
 * reach nothing but static data. */
#ifndef TROWEL_UI_SIGNALS_H
#define TROWEL_UI_SIGNALS_H

struct termios;

/* `undo` is what to write to the terminal before dying of a crash (copied, at most 255
 * bytes), `before` the modes to put back. */
void signals_install(const char *undo, const struct termios *before);
void signals_remove(void);
int signals_fd(void);
unsigned signals_take(void); /* TERM_… bits */
/* Stop the process group as SIGTSTP would have; returns after SIGCONT. */
void signals_stop(void);

#endif
