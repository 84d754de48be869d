/* csv: RFC 4180 in and out. UTF-8, numbers with '.' whatever the locale.
 *
 * Reading works on a text in memory, record by record, without copying it whole. CRLF
 * and LF both end a record; a byte order mark is passed over.
 * Thread: pure functions on the caller's structs. */
#ifndef TROWEL_IO_CSV_H
#define TROWEL_IO_CSV_H

#include "core/status.h"

#include <stddef.h>

/* --- numbers --- */
/* `value` with `decimals` (0 … 17) digits after the point, "-0.00" as "0.00". NAN gives
 * "", infinities "inf"/"-inf". Independent of the locale. Returns the length. */
int format_number(char *out, size_t size, double value, int decimals);
/* The shortest text that reads back as exactly `value`. */
int format_exact(char *out, size_t size, double value);
/* The whole text as a finite decimal number; 0 when it is none. Independent of the
 * locale; no hex, no inf, no nan. */
int parse_number(const char *text, double *value);

/* --- writing --- */
/* A growing text. Zero-initialise. After a failed append `failed` stays set. */
struct csv_writer {
    char *text;
    size_t length, capacity;
    int column; /* fields in the current record */
    int failed;
    int bytes; /* keep what is no UTF-8; else it becomes U+FFFD */
};
void csv_field(struct csv_writer *w, const char *field); /* quoted where needed */
void csv_end(struct csv_writer *w);                      /* ends the record, with CRLF */
void csv_writer_done(struct csv_writer *w);

/* --- reading --- */
struct csv_reader {
    const char *text;
    size_t n, at;
    int line; /* of the record that was read last, from 1 */
    int next_line;
    char **field; /* of the record that was read last; owned by the reader */
    int count;
    int capacity;
    char *bytes; /* the fields' memory */
    size_t bytes_capacity;
};
/* `text` must outlive the reader. */
void csv_reader_init(struct csv_reader *r, const char *text, size_t n);
/* *more = 0 at the end. ST_CORRUPT (NUL byte, quote that does not end, text after a
 * closing quote, more than 1024 fields or 1 MiB in a record) with the line in `e`;
 * ST_NO_MEMORY. Empty lines are passed over. */
enum status csv_read(struct csv_reader *r, int *more, struct err *e);
void csv_reader_done(struct csv_reader *r);

#endif
