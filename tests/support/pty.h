/* pty: run a function on a terminal of its own and talk to it as a user would. */
#ifndef TROWEL_TESTS_PTY_H
#define TROWEL_TESTS_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { PTY_BYTES = 1 << 20 };

struct pty {
    int fd;
    pid_t pid;
    size_t used;          /* everything it wrote since the last pty_forget */
    char text[PTY_BYTES]; /* NUL-terminated; the oldest half is dropped when full */
};

/* Fork; the child has the terminal as descriptors 0 to 2, TERM and the locale set, and
 * exits with what `run` returns. */
void pty_start(struct pty *p, const char *term, const char *locale, int rows, int cols,
               int (*run)(void *arg), void *arg);
void pty_send(struct pty *p, const char *keys);
/* Read until `text` was written, or `seconds` went by: false. */
bool pty_wait_for(struct pty *p, const char *text, double seconds);
/* Read until it has been quiet for `quiet` seconds, at most ten times as long. */
void pty_settle(struct pty *p, double quiet);
void pty_forget(struct pty *p);
void pty_resize(struct pty *p, int rows, int cols);
/* Exit status, or 128 + signal; kills it after `seconds` and returns −1. */
int pty_end(struct pty *p, double seconds);
/* How often its threads have gone to wait so far. */
long pty_waits(const struct pty *p);

#endif
