#include "io/splice.h"

#include <string.h>
#include <unistd.h>

int64_t splice_length(const struct splice *s)
{
    return (int64_t)s->head_bytes + s->end - s->first;
}

static int64_t read_once(struct splice *s, unsigned char *to, int64_t n)
{
    int64_t head = (int64_t)s->head_bytes;
    if (s->at < head) {
        int64_t take = head - s->at < n ? head - s->at : n;
        memcpy(to, s->head + s->at, (size_t)take);
        return take;
    }
    int64_t from = s->first + s->at - head;
    if (n > s->end - from)
        n = s->end - from;
    return n > 0 ? pread(s->fd, to, (size_t)n, (off_t)from) : 0;
}

int64_t splice_read(struct splice *s, void *to, int64_t n)
{
    int64_t done = 0, got;
    while (done < n && (got = read_once(s, (unsigned char *)to + done, n - done)) > 0) {
        s->at += got;
        done += got;
    }
    return done;
}

int64_t splice_seek(struct splice *s, int64_t offset, int whence)
{
    int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? s->at : splice_length(s);
    if (offset < -from)
        return -1;
    return s->at = from + offset;
}
