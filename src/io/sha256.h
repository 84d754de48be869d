/* sha256: hashes of written files. The only user of nettle. Thread: no shared state. */
#ifndef TROWEL_IO_SHA256_H
#define TROWEL_IO_SHA256_H

#include "io/paths.h"

#include <stddef.h>

struct sha256;

struct sha256 *sha256_new(void); /* NULL: no memory */
void sha256_free(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *bytes, size_t n);
/* 64 lower-case hex digits and a NUL; `s` must not be used further, only freed. */
void sha256_hex(struct sha256 *s, char hex[65]);

/* Of a regular file. ST_NOT_FOUND, ST_UNREADABLE, ST_NO_MEMORY. */
enum status sha256_file(const char *path, char hex[65], struct err *e);
/* Is there a file of that name below the root, with these bytes? As sha256_file where
 * that cannot be told. */
enum status sha256_matches(const struct root *r, const char *relative, const char *hex,
                           bool *same, struct err *e);

#endif
