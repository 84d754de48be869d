/* status: the one vocabulary of outcomes, and the message that travels with one.
 *
 * Functions that can fail return `enum status` and take a `struct err *` as their last
 * parameter. The err may be NULL when the caller does not want the message. On success
 * the err is left untouched. Nothing below main.c prints or exits.
 * Thread: every function here is pure; an err belongs to its caller. */
#ifndef TROWEL_CORE_STATUS_H
#define TROWEL_CORE_STATUS_H

enum status {
#define STATUS(name, exit_code, text) ST_##name,
#include "core/status.def"
#undef STATUS
    ST_COUNT
};

/* Disks that Windows reads (FAT, exFAT, NTFS) take none of these in a name. */
#define UNPORTABLE ":?*\"<>|\\"

/* A failure and its sentence: what happened, to which file, what to do.
 * `msg` is UTF-8, one line, without a trailing full stop or newline. */
struct err {
    enum status code;
    char msg[512];
};

/* Fill `e` (may be NULL) and return `code`, so that `return err_set(e, ST_X, …)` reads
 * well. Control characters in the formatted text become '?', so no file name can break
 * the line. */
enum status err_set(struct err *e, enum status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with ": " and strerror(errno_value) appended; ST_DISK for writing problems. */
enum status err_errno(struct err *e, enum status code, int errno_value,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Control characters, as a file's name may hold, become '?', those of eight bits, too,
 * and those that turn the direction of writing: none breaks a line or tells a terminal
 * what to do. */
void err_tame(char *text);

/* One general sentence for a status, static storage. */
const char *status_text(enum status code);

/* The process exit status for a status (0–5, 130). */
int status_exit_code(enum status code);

#endif
