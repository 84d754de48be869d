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

int64_t ogg_last_page_start(int fd)
{
    struct stat s;
    unsigned char *p = malloc(LOOK_BYTES);
    if (!p || fstat(fd, &s) != 0) {
        free(p);
        return 0;
    }
    off_t from = s.st_size > LOOK_BYTES ? s.st_size - LOOK_BYTES : 0;
    ssize_t n = pread(fd, p, LOOK_BYTES, from);
    int64_t last = 0, before = 0;
    for (ssize_t i = 0; i + HEADER_BYTES <= n; i++) {
        if (memcmp(p + i, "OggS\0", 5) != 0 || granule(p + i) < 0)
            continue;
        before = last;
        last = granule(p + i);
    }
    free(p);
    return before;
}
