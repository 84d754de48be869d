#include "io/wav_length.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { UNKNOWN_LENGTH = 0x7ffff000 };

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

/* The beginning of a WAV file in `head`, `n` bytes of it; where its data chunk starts, or
 * 0. *block receives the bytes of a frame of plain samples, or 0. */
static int64_t find_data(const unsigned char *head, ssize_t n, unsigned *block)
{
    *block = 0;
    if (n < 44 || memcmp(head, "RIFF", 4) != 0 || memcmp(head + 8, "WAVE", 4) != 0)
        return 0;
    int64_t at = 12;
    while (at + 8 <= n && memcmp(head + at, "data", 4) != 0) {
        const unsigned char *chunk = head + at;
        unsigned tag = at + 22 <= n ? chunk[8] | (unsigned)chunk[9] << 8 : 0;
        if (memcmp(chunk, "fmt ", 4) == 0 && (tag == 1 || tag == 3 || tag == 0xfffe))
            *block = chunk[20] | (unsigned)chunk[21] << 8;
        at += 8 + (int64_t)load32(chunk + 4) + (load32(chunk + 4) & 1);
    }
    return at + 8 <= n ? at : 0;
}

int64_t wav_length_missing(int fd)
{
    struct stat status;
    unsigned char head[SPLICE_HEAD_BYTES];
    unsigned block;
    ssize_t n = pread(fd, head, sizeof head, 0);
    int64_t at = find_data(head, n, &block);
    if (at == 0 || block == 0 || fstat(fd, &status) != 0)
        return 0;
    int64_t claimed = load32(head + at + 4), there = (int64_t)status.st_size - at - 8;
    return claimed < UNKNOWN_LENGTH && there < claimed ? (claimed - there) / block : 0;
}

bool wav_length_splice(struct splice *s, int fd)
{
    struct stat status;
    unsigned block;
    ssize_t n = pread(fd, s->head, SPLICE_HEAD_BYTES, 0);
    int64_t at = find_data(s->head, n, &block), body = at + 8;
    if (at == 0 || fstat(fd, &status) != 0)
        return false;
    int64_t size = (int64_t)status.st_size;
    if (load32(s->head + at + 4) != 0 || size - body < 8 ||
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
