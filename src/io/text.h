/* text: a growing string, and JSON in it (CSV in it: io/csv.h). Numbers are written with
 * '.' in any locale.
 * Thread: a text belongs to its owner. A failed append (no memory) is remembered in
 * `failed`; everything after it is dropped. */
#ifndef TROWEL_IO_TEXT_H
#define TROWEL_IO_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *at; /* NUL-terminated, or NULL while empty */
    size_t length, room;
    bool failed;
    bool comma; /* JSON, CSV: what comes next needs one before it */
};

void text_done(struct text *t);
void text_clear(struct text *t); /* empty, memory kept */
void text_add(struct text *t, const char *more);
void text_bytes(struct text *t, const char *bytes, size_t n);
void text_addf(struct text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void text_vaddf(struct text *t, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* A place in a recording: "1:05.76". `seconds` is finite and at least 0. */
void text_place(struct text *t, double seconds);

/* `from` with with[i] for every byte that is the i-th of `what`: quoting. */
void text_replaced(struct text *t, const char *from, const char *what,
                   const char *const *with);

/* One line for a reader's eyes: control characters, as a file's name may hold, become
 * '?'. Cut at `size`; returns `out`. */
const char *text_plain(char *out, size_t size, const char *from);

/* 1,204: with a comma before every three digits. Returns `out`. */
const char *text_count(char *out, size_t size, size_t count);

/* A path as one word of a shell's command: in quotes where it needs them. Cut at `size`,
 * which is at least 8; returns `out`. */
const char *text_word(char *out, size_t size, const char *path);

/* The i-th part of a list a:b:c (may be NULL) with ':' in between; false behind its end.
 */
bool text_part(char *out, size_t size, const char *list, char between, int i);

/* A letter of a name without case, `-` as `_`. */
int text_letter(char c);
/* One of the ten digits, or of them and the 26 letters: the locale may know more. */
bool text_digit(char c);
bool text_alnum(char c);
/* How many edits (insert, delete, replace, swap of neighbours) lie between two names by
 * such letters; all that there are when one has more than 64. */
int text_distance(const char *a, const char *b);
/* The word that was meant, by edit distance; NULL when none is near. */
const char *text_nearest(const char *word, const char *const *words, size_t count);

/* JSON. Keys NULL inside arrays. Strings are escaped; bytes that are no UTF-8 become
 * U+FFFD. A number that is not finite becomes null. */
void json_open(struct text *t, const char *key, char bracket); /* '{' or '[' */
void json_close(struct text *t, char bracket);                 /* '}' or ']' */
void json_string(struct text *t, const char *key, const char *value);
void json_number(struct text *t, const char *key, double value, int decimals);
void json_whole(struct text *t, const char *key, uint64_t value); /* every digit */
void json_bool(struct text *t, const char *key, bool value);
void json_plain(struct text *t, const char *key, const char *value); /* JSON already */

#endif
