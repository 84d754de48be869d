/* content_hash: a fast 64-bit hash of bytes, the identity of a file's content.
 * Algorithm: XXH64 as specified (Collet, xxHash fast digest algorithm 0.1.1), seed 0.
 * Not for security. Block sizes do not influence the result. Thread: no shared state. */
#ifndef TROWEL_IO_CONTENT_HASH_H
#define TROWEL_IO_CONTENT_HASH_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

struct content_hash {
    uint64_t lane[4];
    uint64_t total;
    unsigned char rest[32];
};

void content_hash_init(struct content_hash *h);
void content_hash_add(struct content_hash *h, const void *bytes, size_t n);
uint64_t content_hash_result(const struct content_hash *h);

/* Of a regular file's bytes. ST_NOT_FOUND, ST_UNREADABLE. */
enum status content_hash_file(const char *path, uint64_t *hash, struct err *e);

#endif
