#include "io/sha256.h"

#include "io/paths.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <nettle/sha2.h>

struct sha256 {
    struct sha256_ctx context;
};

struct sha256 *sha256_new(void)
{
    struct sha256 *s = malloc(sizeof *s);
    if (s)
        sha256_init(&s->context);
    return s;
}

void sha256_free(struct sha256 *s)
{
    free(s);
}

void sha256_add(struct sha256 *s, const void *bytes, size_t n)
{
    sha256_update(&s->context, n, bytes);
}

void sha256_hex(struct sha256 *s, char hex[65])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(&s->context, sizeof digest, digest);
    for (int i = 0; i < SHA256_DIGEST_SIZE; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[64] = '\0';
}

void sha256_of(const void *bytes, size_t n, char hex[65])
{
    struct sha256 s;
    sha256_init(&s.context);
    sha256_add(&s, bytes, n);
    sha256_hex(&s, hex);
}

enum status sha256_file(const char *path, char hex[65], struct err *e)
{
    int fd;
    enum status st = path_open_file(path, &fd, e);
    if (st)
        return st;
    struct sha256 s;
    sha256_init(&s.context);
    static const size_t block = 1 << 16;
    unsigned char *bytes = malloc(block);
    if (!bytes) {
        close(fd);
        return err_set(e, ST_NO_MEMORY, "%s: no memory to hash it", path);
    }
    ssize_t got;
    while ((got = read(fd, bytes, block)) > 0 || (got < 0 && errno == EINTR))
        if (got > 0)
            sha256_add(&s, bytes, (size_t)got);
    int problem = errno;
    free(bytes);
    close(fd);
    if (got < 0)
        return err_errno(e, ST_UNREADABLE, problem, "%s cannot be read", path);
    sha256_hex(&s, hex);
    return ST_OK;
}
