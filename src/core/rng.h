/* rng: random streams that depend on what they are for, never on order, time or thread.
 *
 * Generator: xoshiro256** 1.0 (Blackman & Vigna 2018), seeded through SplitMix64.
 * A stream is derived from (seed, source hash, purpose, item), so that the same item gets
 * the same numbers whatever ran before it. Not for cryptography.
 * Thread: a struct rng belongs to one thread at a time. */
#ifndef TROWEL_CORE_RNG_H
#define TROWEL_CORE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* Numbers are hashed, and noise is taken for the dither, as they lie in memory: with the
 * bytes the other way round the same recording would give other samples. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the lowest byte comes first");

struct rng {
    uint64_t s[4];
};

/* The stream for one item. `purpose` is a short constant such as "cloud" or "dither". */
struct rng rng_derive(uint64_t seed, uint64_t source_hash, const char *purpose,
                      uint64_t item);

uint64_t rng_u64(struct rng *r);
void rng_fill(struct rng *r, uint64_t *out, size_t n);    /* n times rng_u64 */
double rng_uniform(struct rng *r);                        /* [0, 1), 53 bits */
double rng_range(struct rng *r, double low, double high); /* [low, high) */
uint32_t rng_below(struct rng *r, uint32_t n); /* 0 … n−1, unbiased; n > 0 */
double rng_gauss(struct rng *r);               /* mean 0, variance 1 */

/* 64-bit FNV-1a; for content and name hashes. `state` starts at 0
 * and chains, so that a file may be hashed block by block with the same result. */
uint64_t rng_hash(uint64_t state, const void *bytes, size_t n);

#endif
