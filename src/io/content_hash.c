#include "io/content_hash.h"

#include "io/paths.h"

#include <string.h>

/* The constants of the specification. */
static const uint64_t P1 = 0x9E3779B185EBCA87u, P2 = 0xC2B2AE3D27D4EB4Fu,
                      P3 = 0x165667B19E3779F9u, P4 = 0x85EBCA77C2B2AE63u,
                      P5 = 0x27D4EB2F165667C5u;

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

/* Little-endian loads; compilers turn them into one instruction. */
static uint64_t load64(const unsigned char *p)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

static uint64_t load32(const unsigned char *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 |
           (uint64_t)p[3] << 24;
}

static uint64_t round64(uint64_t lane, uint64_t word)
{
    return rotl(lane + word * P2, 31) * P1;
}

static void stripes(uint64_t lane[4], const unsigned char *p, size_t count)
{
    uint64_t a = lane[0], b = lane[1], c = lane[2], d = lane[3];
    for (; count; count--, p += 32) {
        a = round64(a, load64(p));
        b = round64(b, load64(p + 8));
        c = round64(c, load64(p + 16));
        d = round64(d, load64(p + 24));
    }
    lane[0] = a;
    lane[1] = b;
    lane[2] = c;
    lane[3] = d;
}

void content_hash_init(struct content_hash *h)
{
    memset(h, 0, sizeof *h);
    h->lane[0] = P1 + P2;
    h->lane[1] = P2;
    h->lane[3] = 0 - P1;
}

void content_hash_add(struct content_hash *h, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    size_t held = (size_t)(h->total & 31);
    h->total += n;
    if (held) {
        size_t take = n < 32 - held ? n : 32 - held;
        memcpy(h->rest + held, p, take);
        p += take;
        n -= take;
        if (held + take < 32)
            return;
        stripes(h->lane, h->rest, 1);
    }
    stripes(h->lane, p, n / 32);
    if (n % 32)
        memcpy(h->rest, p + n / 32 * 32, n % 32);
}

uint64_t content_hash_result(const struct content_hash *h)
{
    const uint64_t *lane = h->lane;
    uint64_t x = P5;
    if (h->total >= 32) {
        x = rotl(lane[0], 1) + rotl(lane[1], 7) + rotl(lane[2], 12) + rotl(lane[3], 18);
        for (int i = 0; i < 4; i++)
            x = (x ^ round64(0, lane[i])) * P1 + P4;
    }
    x += h->total;
    const unsigned char *p = h->rest, *end = p + (h->total & 31);
    for (; end - p >= 8; p += 8)
        x = rotl(x ^ round64(0, load64(p)), 27) * P1 + P4;
    for (; end - p >= 4; p += 4)
        x = rotl(x ^ load32(p) * P1, 23) * P2 + P3;
    for (; p < end; p++)
        x = rotl(x ^ *p * P5, 11) * P1;
    x = (x ^ x >> 33) * P2;
    x = (x ^ x >> 29) * P3;
    return x ^ x >> 32;
}

static enum status add_block(void *hash, const void *bytes, size_t n, struct err *e)
{
    (void)e;
    content_hash_add(hash, bytes, n);
    return ST_OK;
}

enum status content_hash_file(const char *path, uint64_t *hash, struct err *e)
{
    struct content_hash h;
    content_hash_init(&h);
    enum status st = path_read_blocks(path, add_block, &h, e);
    if (st == ST_OK)
        *hash = content_hash_result(&h);
    return st;
}
