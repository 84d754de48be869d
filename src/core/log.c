#include "core/log.h"

#include "core/status.h"

#include <stdarg.h>
#include <stdio.h>

void log_write(const struct log *log, enum log_level level, const char *format, ...)
{
    if (!log || !log->sink || level < log->threshold)
        return;
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    err_tame(line);
    log->sink(log->user, level, line);
}

const char *log_level_name(enum log_level level)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    return level <= LOG_ERROR ? names[level] : "unknown";
}
