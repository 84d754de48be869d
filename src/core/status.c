#include "core/status.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int exit_code;
    const char *text;
} table[ST_COUNT] = {
#define STATUS(name, exit_code, text) [ST_##name] = {exit_code, text},
#include "core/status.def"
#undef STATUS
};

void err_tame(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

/* A message cut in the middle of a UTF-8 sequence would garble the terminal. */
static void drop_partial_character(char *text, size_t size)
{
    size_t n = strlen(text);
    if (n + 1 < size)
        return;
    while (n > 0 && ((unsigned char)text[n - 1] & 0xc0) == 0x80)
        n--;
    if (n > 0 && (unsigned char)text[n - 1] >= 0xc0)
        n--;
    text[n] = '\0';
}

__attribute__((format(printf, 3, 0))) static void fill(struct err *e, enum status code,
                                                       const char *format, va_list args)
{
    e->code = code;
    vsnprintf(e->msg, sizeof e->msg, format, args);
    drop_partial_character(e->msg, sizeof e->msg);
    err_tame(e->msg);
}

enum status err_set(struct err *e, enum status code, const char *format, ...)
{
    if (e) {
        va_list args;
        va_start(args, format);
        fill(e, code, format, args);
        va_end(args);
    }
    return code;
}

enum status err_errno(struct err *e, enum status code, int errno_value,
                      const char *format, ...)
{
    if (e) {
        va_list args;
        va_start(args, format);
        fill(e, code, format, args);
        va_end(args);
        char reason[128];
        if (strerror_r(errno_value, reason, sizeof reason) != 0)
            snprintf(reason, sizeof reason, "error %d", errno_value);
        size_t n = strlen(e->msg);
        snprintf(e->msg + n, sizeof e->msg - n, ": %s", reason);
        drop_partial_character(e->msg, sizeof e->msg);
    }
    return code;
}

const char *status_text(enum status code)
{
    return (unsigned)code < ST_COUNT ? table[code].text : "unknown status";
}

int status_exit_code(enum status code)
{
    return (unsigned)code < ST_COUNT ? table[code].exit_code : 1;
}
