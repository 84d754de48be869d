/* program: running trowel as a user would, and looking at what it left on the disk. */
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

/* A fresh folder below $TMPDIR; removed with all in it by tree_remove. */
void tree_make(char path[256]);
void tree_remove(const char *path);

/* "path sha256\n" of every regular file below, sorted; names that hold `without` (may be
 * NULL) are left out. The caller frees. */
char *tree_hash(const char *path, const char *without);
int tree_count(const char *path, const char *ending); /* files with that ending */

bool text_has(const char *text, const char *part);

#endif
