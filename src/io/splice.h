/* splice: a file as a decoder reads it. Where its header is wrong, other bytes are seen
 * at its beginning. The hash of the file as it is can be taken on the way.
 * Thread: a splice belongs to one; the position of its fd is left alone. */
#ifndef TROWEL_IO_SPLICE_H
#define TROWEL_IO_SPLICE_H

#include "io/content_hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most headers end at 4096 at the latest; a put right one may be longer. */
enum { SPLICE_HEAD_BYTES = 4096 + 64 };

struct splice {
    int fd;             /* borrowed */
    int64_t first, end; /* the part of the file that follows the head */
    int64_t at;         /* where the next read begins, in the spliced stream */
    bool stale; /* the header that is not seen tells of less sound than is there */
    size_t head_bytes;
    unsigned char head[SPLICE_HEAD_BYTES];
    int problem; /* errno of a read that failed, which a decoder takes for the end */
    bool hashing;
    struct content_hash hash; /* of the bytes before `hash.total` */
};

/* The file seen as it is. */
void splice_whole(struct splice *s, int fd);

/* Each takes a struct splice, as decoders call them. */
int64_t splice_length(void *splice);
/* Up to `n` bytes; fewer only at the end. */
int64_t splice_read(void *to, int64_t n, void *splice);
/* whence as for lseek. The new position, or -1 where there is none: before the beginning,
 * or too far for a number. */
int64_t splice_seek(int64_t offset, int whence, void *splice);
int64_t splice_tell(void *splice);

/* Hash what is read from now on, in the order of the file. */
void splice_begin_hash(struct splice *s);
/* The hash of the whole file, of which the rest is read now. False: it was not begun, or
 * the file cannot be read. */
bool splice_hash(struct splice *s, uint64_t *hash);

#endif
