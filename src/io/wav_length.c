#include "io/wav_length.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint32_t load32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

static void store32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> 8 * i & 0xff);
}

/* A chunk's name is four printable characters, and it must fit into the file. */
static bool is_chunk(const unsigned char *p, int64_t at, int64_t size)
{
    for (int i = 0; i < 4; i++)
        if (p[i] < 0x20 || p[i] > 0x7e)
            return false;
    return at + 8 + (int64_t)load32(p + 4) <= size + 1;
}

bool wav_length_splice(struct splice *s, int fd)
{
    struct stat status;
    ssize_t n = pread(fd, s->head, SPLICE_HEAD_BYTES, 0);
    if (n < 44 || fstat(fd, &status) != 0 || memcmp(s->head, "RIFF", 4) != 0 ||
        memcmp(s->head + 8, "WAVE", 4) != 0)
        return false;
    int64_t size = (int64_t)status.st_size, at = 12;
    while (at + 8 <= n && memcmp(s->head + at, "data", 4) != 0)
        at += 8 + (int64_t)load32(s->head + at + 4) + (load32(s->head + at + 4) & 1);
    int64_t body = at + 8;
    if (body > n || load32(s->head + at + 4) != 0 || size - body < 8 ||
        (body + 8 <= n && is_chunk(s->head + body, body, size)))
        return false;
    uint32_t length = size - body < 0xfffffff0 ? (uint32_t)(size - body) : 0xfffffff0u;
    store32(s->head + 4, length < 0xffffff00u ? length + (uint32_t)body - 8 : length);
    store32(s->head + at + 4, length);
    s->fd = fd;
    s->head_bytes = (size_t)body;
    s->first = body;
    s->end = body + (int64_t)length;
    s->at = 0;
    return true;
}
