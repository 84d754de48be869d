#include "io/splice.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void splice_whole(struct splice *s, int fd)
{
    struct stat status;
    *s = (struct splice){.fd = fd};
    if (fstat(fd, &status) == 0)
        s->end = (int64_t)status.st_size;
    else
        s->problem = errno;
}

int64_t splice_length(void *splice)
{
    const struct splice *s = splice;
    return (int64_t)s->head_bytes + s->end - s->first;
}

/* All bytes before `end` that are not hashed yet. */
static bool catch_up(struct splice *s, int64_t end)
{
    unsigned char block[1 << 14];
    for (int64_t at; (at = (int64_t)s->hash.total) < end;) {
        int64_t wanted =
            (int64_t)sizeof block < end - at ? (int64_t)sizeof block : end - at;
        ssize_t got = pread(s->fd, block, (size_t)wanted, (off_t)at);
        if (got <= 0)
            return got == 0;
        content_hash_add(&s->hash, block, (size_t)got);
    }
    return true;
}

/* What was skipped is read; what was read before is not hashed again. */
static void hear(struct splice *s, const unsigned char *bytes, int64_t from, int64_t n)
{
    s->hashing = catch_up(s, from);
    int64_t known = (int64_t)s->hash.total - from;
    if (s->hashing && known >= 0 && known < n)
        content_hash_add(&s->hash, bytes + known, (size_t)(n - known));
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
    int64_t got = n > 0 ? pread(s->fd, to, (size_t)n, (off_t)from) : 0;
    if (got < 0)
        s->problem = errno;
    if (s->hashing && got > 0)
        hear(s, to, from, got);
    return got;
}

int64_t splice_read(void *to, int64_t n, void *splice)
{
    struct splice *s = splice;
    int64_t done = 0, got;
    while (done < n && (got = read_once(s, (unsigned char *)to + done, n - done)) > 0) {
        s->at += got;
        done += got;
    }
    return done;
}

int64_t splice_seek(int64_t offset, int whence, void *splice)
{
    struct splice *s = splice;
    int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? s->at : splice_length(s);
    /* A header may say anything; what is let through is added to a place in the file. */
    if (offset < -from || offset > INT64_MAX / 2 - from)
        return -1;
    return s->at = from + offset;
}

int64_t splice_tell(void *splice)
{
    return ((struct splice *)splice)->at;
}

void splice_begin_hash(struct splice *s)
{
    s->hashing = true;
    content_hash_init(&s->hash);
}

bool splice_hash(struct splice *s, uint64_t *hash)
{
    bool whole = s->hashing && catch_up(s, INT64_MAX);
    s->hashing = false;
    *hash = content_hash_result(&s->hash);
    return whole;
}
