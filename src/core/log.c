#include "core/log.h"

#include "core/status.h"

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 4, 0))) static void put(const struct log *log,
                                                      enum log_level level,
                                                      const char *source,
                                                      const char *format, va_list args)
{
    char line[1024];
    if (!log || !log->sink || level < log->threshold)
        return;
    vsnprintf(line, sizeof line, format, args);
    err_tame(line);
    log->sink(log->user, level, source, line);
}

void log_write(const struct log *log, enum log_level level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put(log, level, NULL, format, args);
    va_end(args);
}

void log_about(const struct log *log, const char *source, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put(log, LOG_WARNING, source, format, args);
    va_end(args);
}

const char *log_level_name(enum log_level level)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    return level <= LOG_ERROR ? names[level] : "unknown";
}
