/* manifest: candidates as CSV rows. The columns are one table in manifest.c, in the order
 * of the batch contract.
 *
 * Two forms: the project's `manifest.csv` has exactly the contract's columns; the record
 * of one source (used by resume and index) has these and then `missed_by, parts, loops,
 * start_frame, end_frame, source_rate_hz`, so that nothing of a candidate is lost.
 * Numbers use '.' in any locale; an empty field is a NAN or "none".
 * Thread: pure functions. */
#ifndef TROWEL_IO_MANIFEST_H
#define TROWEL_IO_MANIFEST_H

#include "core/status.h"
#include "io/candidate.h"
#include "io/paths.h"

#include <stddef.h>

enum manifest_form { MANIFEST_PLAIN, MANIFEST_RECORD };

int manifest_column_count(enum manifest_form form);
const char *manifest_column(int i); /* in order; plain columns come first */

/* Write rows (in the given order), atomically. */
enum status manifest_write(const struct root *r, const char *relative,
                           const struct candidate *rows, size_t count,
                           enum manifest_form form, struct err *e);

/* The same for rows that come one at a time: *row is lent until the next call, NULL at
 * the end. Memory does not grow with their number. */
typedef enum status (*manifest_next)(void *user, const struct candidate **row,
                                     struct err *e);
enum status manifest_write_each(const struct root *r, const char *relative,
                                manifest_next next, void *user, enum manifest_form form,
                                struct err *e);

/* Read either form. Columns may come in any order, unknown ones are passed over, missing
 * ones leave their field unset; `filename`, `source` and `type` must be there. A row that
 * cannot be understood (unknown type, a number that is none, a name that is no file name)
 * fails with ST_CORRUPT and file:line. `*rows` is the caller's to free, and no NULL when
 * there are none: it can be sorted, searched and copied. After a failure it is NULL and
 * *count 0. ST_NOT_FOUND: no such file. */
enum status manifest_read(const char *path, struct candidate **rows, size_t *count,
                          struct err *e);
/* The one of that name in a folder. ST_REFUSED: their path is too long. */
enum status manifest_read_in(const char *folder, const char *name,
                             struct candidate **rows, size_t *count, struct err *e);
/* From memory; `name` is for messages. A failure leaves *rows and *count as they were. */
enum status manifest_parse(const char *text, size_t n, const char *name,
                           struct candidate **rows, size_t *count, struct err *e);

#endif
