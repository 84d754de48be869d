/* checks: cmocka, and the headers that it wants before it; what is freed by itself. */
#ifndef TROWEL_TESTS_CHECKS_H
#define TROWEL_TESTS_CHECKS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A struct that its <type>_done empties when the block ends, and a pointer that is freed
 * then: OWN(audio) a = tone_blank(1, 1, RATE); FREED char *text = file_read(path, NULL);
 * the block is not to be left before they have a value. */
#define OWN(type) __attribute__((cleanup(type##_done))) struct type
#define FREED     __attribute__((cleanup(free_owned)))

static inline void free_owned(void *owned)
{
    void *pointer;
    memcpy(&pointer, owned, sizeof pointer);
    free(pointer);
}

/* As printf says it: FREED const char *path = text_of("%s/in", top); */
__attribute__((format(printf, 1, 2))) static inline char *text_of(const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t bytes = (size_t)vsnprintf(NULL, 0, format, args) + 1;
    char *text = malloc(bytes);
    if (!text)
        abort();
    vsnprintf(text, bytes, format, again);
    va_end(again);
    va_end(args);
    return text;
}

#endif
