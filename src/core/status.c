#include "core/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
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

/* Bytes of the UTF-8 letter at `s`; a byte that begins none stands for itself. */
static size_t letter_bytes(const unsigned char *s)
{
    size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 ? 2 : 1;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 1;
    return n;
}

/* Does a terminal obey it rather than show it? U+0080 to U+009F are escape sequences in
 * one letter, and in one byte where a terminal knows no UTF-8; U+2028 to U+202E and
 * U+2066 to U+2069 end lines and turn the direction of what follows. */
static bool is_order(const unsigned char *s, size_t n)
{
    if (n == 1)
        return s[0] < 0x20 || (s[0] >= 0x7f && s[0] < 0xa0);
    if (n == 2)
        return s[0] == 0xc2 && s[1] < 0xa0;
    bool turns = (s[1] == 0x80 && s[2] >= 0xa8 && s[2] <= 0xae) ||
                 (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9);
    return n == 3 && s[0] == 0xe2 && turns;
}

void err_tame(char *text)
{
    const unsigned char *from = (const unsigned char *)text;
    for (size_t n; *from; from += n) {
        n = letter_bytes(from);
        if (is_order(from, n)) {
            *text++ = '?';
            continue;
        }
        memmove(text, from, n);
        text += n;
    }
    *text = '\0';
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

static const char *remedy(enum status code, int errno_value, const char *message)
{
    if (errno_value == EMFILE)
        return " (raise ulimit -n, or work with fewer jobs)";
    if (errno_value == EINVAL && code == ST_DISK && strpbrk(message, UNPORTABLE))
        return " (this disk takes no name with one of : ? * \" < > | \\; use another)";
    return "";
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
        const char *what_to_do = remedy(code, errno_value, e->msg);
        size_t n = strlen(e->msg);
        snprintf(e->msg + n, sizeof e->msg - n, ": %s%s", reason, what_to_do);
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
