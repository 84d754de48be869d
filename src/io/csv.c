#include "io/csv.h"

#include "core/array.h"
#include "io/paths.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FIELDS = 1024, MAX_RECORD = 1 << 20 };

/* --- writing --- */

/* What readers of UTF-8 take; a name from a file system may be any bytes. */
static void add_text(struct text *t, const char *bytes, size_t n)
{
    const char *end = bytes + n, *good = bytes;
    unsigned code;
    for (const char *p = bytes; p < end;) {
        size_t length = utf8_sequence(p, &code);
        if (length == 0) {
            text_bytes(t, good, (size_t)(p - good));
            text_add(t, "\xef\xbf\xbd");
            good = p + 1;
        }
        p += length ? length : 1;
    }
    text_bytes(t, good, (size_t)(end - good));
}

static void add_field(struct text *t, const char *field,
                      void (*add)(struct text *, const char *, size_t))
{
    if (t->comma)
        text_add(t, ",");
    t->comma = true;
    size_t n = strlen(field);
    bool quote = strpbrk(field, ",\"\r\n") != NULL ||
                 (n && (field[0] == ' ' || field[n - 1] == ' '));
    text_add(t, quote ? "\"" : "");
    for (const char *q; (q = strchr(field, '"')); field = q + 1) {
        add(t, field, (size_t)(q - field));
        text_add(t, "\"\"");
    }
    add(t, field, strlen(field));
    text_add(t, quote ? "\"" : "");
}

void csv_field(struct text *t, const char *field)
{
    add_field(t, field, add_text);
}

void csv_bytes(struct text *t, const char *field)
{
    add_field(t, field, text_bytes);
}

void csv_end(struct text *t)
{
    text_add(t, "\r\n");
    t->comma = false;
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
    free(r->row.field);
    free(r->row.bytes);
    free(r->names.field);
    free(r->names.bytes);
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
    struct csv_record *row = &r->row;
    if (!row->field)
        row->field = malloc(MAX_FIELDS * sizeof *row->field);
    if (!row->field || !array_grow(&row->bytes, &row->room, bytes, 1))
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
    enum status st = reserve(r, end - r->at + 1, e);
    if (st)
        return st;
    const char *p = r->text + r->at, *stop = r->text + end;
    char *to = r->row.bytes;
    r->row.count = 0;
    for (;;) {
        if (r->row.count == MAX_FIELDS)
            return err_set(e, ST_CORRUPT, "line %d: more than %d fields", r->line,
                           MAX_FIELDS);
        r->row.field[r->row.count++] = to;
        if (!take_field(&p, stop, &to))
            return err_set(e, ST_CORRUPT, "line %d: text after a closing quote", r->line);
        if (p >= stop)
            return ST_OK;
        p++;
    }
}

enum status csv_read(struct csv_reader *r, bool *more, struct err *e)
{
    *more = false;
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
    *more = true;
    return ST_OK;
}

enum status csv_read_names(struct csv_reader *r, bool *more, struct err *e)
{
    enum status st = csv_read(r, more, e);
    if (st == ST_OK && *more) {
        r->names = r->row;
        r->row = (struct csv_record){0};
    }
    return st;
}

int csv_column(const struct csv_reader *r, const char *name)
{
    for (int i = 0; i < r->names.count; i++)
        if (strcmp(r->names.field[i], name) == 0)
            return i;
    return -1;
}

const char *csv_value(const struct csv_reader *r, const char *name)
{
    int column = csv_column(r, name);
    return column >= 0 && column < r->row.count ? r->row.field[column] : "";
}
