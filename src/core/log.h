/* log: where sentences for the user go. A log is a small value handed down, never a
 * global: the batch front end writes lines to stderr, the workstation keeps them for its
 * jobs screen.
 *
 * Thread: log_write may be called from any thread; the sink must allow that. */
#ifndef TROWEL_CORE_LOG_H
#define TROWEL_CORE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

struct log {
    /* One whole line, without newline, control characters made '?' (err_tame); the
     * recording that it is about, as the manifest tells it, or NULL. May be NULL:
     * silence. */
    void (*sink)(void *user, enum log_level level, const char *source, const char *line);
    void *user;
    enum log_level threshold; /* lines below are not formatted at all */
};

/* `log` may be NULL. Lines are cut at 1023 bytes. */
void log_write(const struct log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A warning about one recording. */
void log_about(const struct log *log, const char *source, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "debug", "info", "warning", "error"; static storage. */
const char *log_level_name(enum log_level level);

#endif
