/* signals: the process's signals as bytes in a pipe, and the terminal put back on a
 * crash. Belongs to term.c; see there. One at a time in a process: a signal handler can
 * reach nothing but static data. */
#ifndef TROWEL_UI_SIGNALS_H
#define TROWEL_UI_SIGNALS_H

struct termios;

/* `before` are the terminal's modes, to be put back on a crash. Installed before curses
 * begins, which then sets no handlers of its own: those would be left behind, and use a
 * screen that is no more. */
void signals_install(const struct termios *before);
/* What to write to the terminal before dying of a crash (copied, at most 255 bytes). */
void signals_set_undo(const char *undo);
void signals_remove(void);
int signals_fd(void);
unsigned signals_take(void); /* TERM_… bits */
/* Stop the process group as SIGTSTP would have; returns after SIGCONT. */
void signals_stop(void);

#endif
