#include "io/ogg_probe.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE_BYTES = 65307, LOOK_BYTES = 3 * PAGE_BYTES, HEADER_BYTES = 27 };

static int64_t granule(const unsigned char *header)
{
    uint64_t v = 0;
    for (int i = 13; i >= 6; i--)
        v = v << 8 | header[i];
    return (int64_t)v;
}

static uint32_t serial(const unsigned char *header)
{
    return header[14] | (uint32_t)header[15] << 8 | (uint32_t)header[16] << 16 |
           (uint32_t)header[17] << 24;
}

struct ogg_shape ogg_probe(int fd)
{
    struct ogg_shape shape = {0};
    struct stat s;
    unsigned char first[HEADER_BYTES];
    if (pread(fd, first, sizeof first, 0) < (ssize_t)sizeof first ||
        memcmp(first, "OggS", 4) != 0 || fstat(fd, &s) != 0)
        return shape;
    unsigned char *p = malloc(LOOK_BYTES);
    if (!p)
        return shape;
    off_t from = s.st_size > LOOK_BYTES ? s.st_size - LOOK_BYTES : 0;
    ssize_t n = pread(fd, p, LOOK_BYTES, from);
    int64_t last = 0;
    for (ssize_t i = 0; i + HEADER_BYTES <= n; i++) {
        if (memcmp(p + i, "OggS\0", 5) != 0 || granule(p + i) < 0)
            continue;
        shape.last_page_start = last;
        last = granule(p + i);
        shape.ended = p[i + 5] & 4;
        shape.chained = serial(p + i) != serial(first);
    }
    free(p);
    return shape;
}
