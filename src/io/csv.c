#include "io/csv.h"

#include "io/paths.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FIELDS = 1024, MAX_RECORD = 1 << 20 };

/* --- writing --- */

static void append(struct csv_writer *w, const char *bytes, size_t n)
{
    if (w->failed)
        return;
    if (w->length + n + 1 > w->capacity) {
        size_t capacity = (w->length + n + 1) * 2;
        char *larger = realloc(w->text, capacity);
        if (!larger) {
            w->failed = 1;
            return;
        }
        w->text = larger;
        w->capacity = capacity;
    }
    memcpy(w->text + w->length, bytes, n);
    w->length += n;
    w->text[w->length] = '\0';
}

/* What readers of UTF-8 take; a name from a file system may be any bytes. */
static void append_text(struct csv_writer *w, const char *text, size_t n)
{
    const char *end = text + n, *good = text;
    unsigned code;
    for (const char *p = text; !w->bytes && p < end;) {
        size_t length = utf8_sequence(p, &code);
        if (length == 0) {
            append(w, good, (size_t)(p - good));
            append(w, "\xef\xbf\xbd", 3);
            good = p + 1;
        }
        p += length ? length : 1;
    }
    append(w, good, (size_t)(end - good));
}

void csv_field(struct csv_writer *w, const char *field)
{
    if (w->column++ > 0)
        append(w, ",", 1);
    size_t n = strlen(field);
    bool quote = strpbrk(field, ",\"\r\n") != NULL ||
                 (n && (field[0] == ' ' || field[n - 1] == ' '));
    if (!quote) {
        append_text(w, field, n);
        return;
    }
    append(w, "\"", 1);
    for (const char *q; (q = strchr(field, '"')); field = q + 1) {
        append_text(w, field, (size_t)(q - field));
        append(w, "\"\"", 2);
    }
    append_text(w, field, strlen(field));
    append(w, "\"", 1);
}

void csv_end(struct csv_writer *w)
{
    append(w, "\r\n", 2);
    w->column = 0;
}

void csv_writer_done(struct csv_writer *w)
{
    free(w->text);
    memset(w, 0, sizeof *w);
}

/* --- reading --- */

void csv_reader_init(struct csv_reader *r, const char *text, size_t n)
{
    memset(r, 0, sizeof *r);
    r->text = text;
    r->n = n;
    r->next_line = 1;
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        r->at = 3;
}

void csv_reader_done(struct csv_reader *r)
{
    free(r->field);
    free(r->bytes);
    memset(r, 0, sizeof *r);
}

/* The end of the record at `at`: behind its last byte, before its line end. */
static enum status find_end(struct csv_reader *r, size_t *end, struct err *e)
{
    bool quoted = false;
    size_t i = r->at;
    for (; i < r->n; i++) {
        char c = r->text[i];
        if (c == '\0')
            return err_set(e, ST_CORRUPT, "line %d: a NUL byte", r->line);
        if (c == '"')
            quoted = !quoted;
        else if ((c == '\n' || c == '\r') && !quoted)
            break;
        if (c == '\n' || (c == '\r' && (i + 1 >= r->n || r->text[i + 1] != '\n')))
            r->next_line++;
        if (i - r->at >= MAX_RECORD)
            return err_set(e, ST_CORRUPT, "line %d: a record above %d bytes", r->line,
                           MAX_RECORD);
    }
    if (quoted)
        return err_set(e, ST_CORRUPT, "line %d: a quote that does not end", r->line);
    *end = i;
    return ST_OK;
}

static enum status reserve(struct csv_reader *r, size_t bytes, struct err *e)
{
    if (!r->field) {
        r->field = malloc(MAX_FIELDS * sizeof *r->field);
        r->capacity = MAX_FIELDS;
    }
    if (r->bytes_capacity < bytes) {
        free(r->bytes);
        r->bytes = malloc(bytes);
        r->bytes_capacity = r->bytes ? bytes : 0;
    }
    if (!r->field || !r->bytes)
        return err_set(e, ST_NO_MEMORY, "line %d: no memory to read it", r->line);
    return ST_OK;
}

/* One field from *p on, unquoted into *to; *p is left on ',' or at the end. */
static bool take_field(const char **p, const char *end, char **to)
{
    const char *s = *p;
    char *out = *to;
    if (s < end && *s == '"') {
        for (s++; s < end; s++) {
            if (*s == '"' && s + 1 < end && s[1] == '"')
                s++;
            else if (*s == '"')
                break;
            *out++ = *s;
        }
        s++;
        if (s < end && *s != ',')
            return false;
    } else {
        while (s < end && *s != ',')
            *out++ = *s++;
    }
    *out++ = '\0';
    *p = s;
    *to = out;
    return true;
}

static enum status split(struct csv_reader *r, size_t end, struct err *e)
{
    enum status st = reserve(r, 2 * (end - r->at) + 2, e);
    if (st)
        return st;
    const char *p = r->text + r->at, *stop = r->text + end;
    char *to = r->bytes;
    r->count = 0;
    for (;;) {
        if (r->count == r->capacity)
            return err_set(e, ST_CORRUPT, "line %d: more than %d fields", r->line,
                           MAX_FIELDS);
        r->field[r->count++] = to;
        if (!take_field(&p, stop, &to))
            return err_set(e, ST_CORRUPT, "line %d: text after a closing quote", r->line);
        if (p >= stop)
            return ST_OK;
        p++;
    }
}

enum status csv_read(struct csv_reader *r, int *more, struct err *e)
{
    *more = 0;
    while (r->at < r->n && (r->text[r->at] == '\n' || r->text[r->at] == '\r')) {
        bool pair =
            r->text[r->at] == '\r' && r->at + 1 < r->n && r->text[r->at + 1] == '\n';
        r->at += pair ? 2 : 1;
        r->next_line++;
    }
    if (r->at >= r->n)
        return ST_OK;
    r->line = r->next_line;
    size_t end = r->at;
    enum status st = find_end(r, &end, e);
    if (!st)
        st = split(r, end, e);
    if (st)
        return st;
    r->at = end;
    *more = 1;
    return ST_OK;
}
