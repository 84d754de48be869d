/* program: running trowel as a user would. */
#ifndef TROWEL_TESTS_PROGRAM_H
#define TROWEL_TESTS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct outcome {
    int exit_status; /* 128 + signal when killed */
    char *out, *err; /* NUL-terminated; free with outcome_done */
};

/* Run argv (NULL-terminated; argv[0] is a path) in `folder` (NULL: here) to its end. */
void program_run(struct outcome *o, const char *folder, char *const argv[]);
void outcome_done(struct outcome *o);

/* Start it with output to /dev/null; returns its pid. */
pid_t program_start(const char *folder, char *const argv[]);
/* With output, also of errors, to a descriptor. */
pid_t program_start_into(const char *folder, char *const argv[], int fd);
int program_wait(pid_t pid); /* exit status as above */

bool text_has(const char *text, const char *part);
int lines_of(const char *text); /* newlines in it */

#endif
