/* csv: RFC 4180 in and out.
 *
 * Reading works on a text in memory, record by record, without copying it whole. CRLF
 * and LF both end a record; a byte order mark is passed over.
 * Thread: pure functions on the caller's structs. */
#ifndef TROWEL_IO_CSV_H
#define TROWEL_IO_CSV_H

#include "core/status.h"
#include "io/text.h"

#include <stdbool.h>
#include <stddef.h>

/* --- writing --- */
/* Another field of the record, quoted where needed. What is no UTF-8 becomes U+FFFD. */
void csv_field(struct text *t, const char *field);
/* The same with every byte kept. */
void csv_bytes(struct text *t, const char *field);
void csv_end(struct text *t); /* ends the record, with CRLF */

/* --- reading --- */
struct csv_reader {
    const char *text;
    size_t n, at;
    int line; /* of the record that was read last, from 1 */
    int next_line;
    /* The record that was read last, and the one that named the columns. */
    struct csv_record {
        char **field;
        int count;
        char *bytes; /* the fields' memory */
        size_t room; /* there */
    } row, names;
};
/* `text` must outlive the reader. */
void csv_reader_init(struct csv_reader *r, const char *text, size_t n);
/* *more = false at the end. ST_CORRUPT (NUL byte, quote that does not end, text after a
 * closing quote, more than 1024 fields or 1 MiB in a record) with the line in `e`;
 * ST_NO_MEMORY. Empty lines are passed over. */
enum status csv_read(struct csv_reader *r, bool *more, struct err *e);
/* The first record: the names of the columns. */
enum status csv_read_names(struct csv_reader *r, bool *more, struct err *e);
int csv_column(const struct csv_reader *r, const char *name); /* or -1 */
/* What stands in that column of the record that was read last; "" without either. */
const char *csv_value(const struct csv_reader *r, const char *name);
void csv_reader_done(struct csv_reader *r);

#endif
