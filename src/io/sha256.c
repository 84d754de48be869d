#include "io/sha256.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

static enum status add_block(void *hash, const void *bytes, size_t n, struct err *e)
{
    (void)e;
    sha256_add(hash, bytes, n);
    return ST_OK;
}

enum status sha256_file(const char *path, char hex[65], struct err *e)
{
    struct sha256 s;
    sha256_init(&s.context);
    enum status st = path_read_blocks(path, add_block, &s, e);
    if (st == ST_OK)
        sha256_hex(&s, hex);
    return st;
}

enum status sha256_matches(const struct root *r, const char *relative, const char *hex,
                           bool *same, struct err *e)
{
    char path[PATH_BYTES], now[SHA256_HEX_BYTES];
    *same = false;
    if (!root_exists(r, relative))
        return ST_OK;
    enum status st = path_join(path, sizeof path, r->path, relative, e);
    if (st == ST_OK)
        st = sha256_file(path, now, e);
    *same = st == ST_OK && strcmp(now, hex) == 0;
    return st == ST_NOT_FOUND ? ST_OK : st;
}
