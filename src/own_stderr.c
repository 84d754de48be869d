#if defined(__linux__)
#define _GNU_SOURCE /* fopencookie */
#endif
#include "own_stderr.h"

#if defined(__GLIBC__)
static ssize_t drop(void *cookie, const char *text, size_t bytes)
{
    (void)cookie;
    (void)text;
    return (ssize_t)bytes;
}

FILE *own_stderr(void)
{
    FILE *own = stderr;
    FILE *nowhere = fopencookie(NULL, "w", (cookie_io_functions_t){.write = drop});
    if (nowhere)
        stderr = nowhere;
    return own;
}
#else
FILE *own_stderr(void)
{
    return stderr;
}
#endif
