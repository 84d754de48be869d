/* splice: a file seen with other bytes at its beginning, so that a decoder that believes
 * a wrong header is shown a right one. */
#ifndef TROWEL_IO_SPLICE_H
#define TROWEL_IO_SPLICE_H

#include <stddef.h>
#include <stdint.h>

enum { SPLICE_HEAD_BYTES = 4096 };

struct splice {
    int fd;             /* borrowed */
    int64_t first, end; /* the part of the file that follows the head */
    int64_t at;         /* where the next read begins, in the spliced stream */
    size_t head_bytes;
    unsigned char head[SPLICE_HEAD_BYTES];
};

int64_t splice_length(const struct splice *s);
/* Up to `n` bytes; fewer only at the end. */
int64_t splice_read(struct splice *s, void *to, int64_t n);
/* whence as for lseek. The new position, or -1 before the beginning. */
int64_t splice_seek(struct splice *s, int64_t offset, int whence);

#endif
