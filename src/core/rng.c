#include "core/rng.h"

#include "core/pi.h"

#include <math.h>
#include <string.h>

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t rng_hash(uint64_t state, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    uint64_t h = state ^ 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return h ^ 0xcbf29ce484222325u;
}

struct rng rng_derive(uint64_t seed, uint64_t source_hash, const char *purpose,
                      uint64_t item)
{
    uint64_t key = seed;
    uint64_t mixed = splitmix(&key);
    key = mixed ^ source_hash;
    mixed = splitmix(&key);
    key = mixed ^ rng_hash(0, purpose, strlen(purpose));
    mixed = splitmix(&key);
    key = mixed ^ item;
    struct rng r;
    for (int i = 0; i < 4; i++)
        r.s[i] = splitmix(&key);
    return r;
}

static inline uint64_t next(uint64_t s[4])
{
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t rng_u64(struct rng *r)
{
    return next(r->s);
}

void rng_fill(struct rng *r, uint64_t *out, size_t n)
{
    struct rng now = *r;
    for (size_t i = 0; i < n; i++)
        out[i] = next(now.s);
    *r = now;
}

double rng_uniform(struct rng *r)
{
    return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

double rng_range(struct rng *r, double low, double high)
{
    return low + (high - low) * rng_uniform(r);
}

uint32_t rng_below(struct rng *r, uint32_t n)
{
    /* Lemire 2019: multiply, and draw again only in the biased sliver. */
    uint64_t m = (rng_u64(r) >> 32) * n;
    if ((uint32_t)m < n) {
        uint32_t sliver = (uint32_t)(-n) % n;
        while ((uint32_t)m < sliver)
            m = (rng_u64(r) >> 32) * n;
    }
    return (uint32_t)(m >> 32);
}

double rng_gauss(struct rng *r)
{
    /* Box–Muller, one of the pair: a stream position then never hides state. */
    double u = 1.0 - rng_uniform(r);
    double v = rng_uniform(r);
    return sqrt(-2.0 * log(u)) * cos(2 * PI * v);
}
