/* Plain PCM WAV: 44 bytes of header, then the samples. Written here and not by
 * libsndfile, so that the bytes depend on nothing but the audio. */
#include "io/soundfile.h"

#include "dsp/vec.h"
#include "io/sha256.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_BYTES = 44, BLOCK_SAMPLES = 16384, PAST = 2 };

static void put16(unsigned char *p, unsigned v)
{
    p[0] = (unsigned char)(v & 0xff);
    p[1] = (unsigned char)(v >> 8 & 0xff);
}

static void put32(unsigned char *p, uint32_t v)
{
    put16(p, v & 0xffff);
    put16(p + 2, v >> 16);
}

static void put64(unsigned char *p, uint64_t v)
{
    put32(p, (uint32_t)v);
    put32(p + 4, (uint32_t)(v >> 32));
}

static void make_header(unsigned char h[HEADER_BYTES], const struct audio *a, int bits,
                        uint32_t data_bytes)
{
    unsigned frame_bytes = (unsigned)(a->channels * bits / 8);
    memcpy(h, "RIFF....WAVEfmt ", 16);
    put32(h + 4, HEADER_BYTES - 8 + data_bytes + (data_bytes & 1));
    put32(h + 16, 16);
    put16(h + 20, 1); /* PCM */
    put16(h + 22, (unsigned)a->channels);
    put32(h + 24, (uint32_t)a->rate_hz);
    put32(h + 28, (uint32_t)a->rate_hz * frame_bytes);
    put16(h + 32, frame_bytes);
    put16(h + 34, (unsigned)bits);
    memcpy(h + 36, "data", 4);
    put32(h + 40, data_bytes);
}

/* To the nearest, halves to even, as rint has it: adding 1.5 · 2^23 leaves the whole
 * number in the lowest bits. */
static uint32_t nearest16(float x)
{
    const float full = 0x1p15f;
    float v = fabsf(x) <= FLT_MAX ? x * full : 0.0f;
    float sum = (v < -full ? -full : v > full - 1 ? full - 1 : v) + 0x1.8p23f;
    uint32_t bits;
    memcpy(&bits, &sum, sizeof bits);
    return bits;
}

static void quantise16(unsigned char *to, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put16(to + 2 * i, nearest16(x[i]));
}

/* The same for eight samples of 24 bits: 2^23 with the sample's sign leaves no room for
 * a fraction. */
VEC_INLINE void nearest24(const float *x, v8i *to)
{
    v8f v = VEC_CONST_AT(x), size = v, most, least, none = {0};
    vec_abs(&size);
    v8i finite = size <= FLT_MAX;
    vec_pick(&v, &finite, &v, &none);
    v *= 0x1p23f;
    vec_set(&least, -0x1p23f);
    vec_set(&most, 0x1p23f - 1);
    vec_max(&v, &least);
    vec_min(&v, &most);
    v8f no_fraction = (v8f)(((v8i)v & INT32_MIN) | 0x4b000000);
    *to = __builtin_convertvector(v + no_fraction - no_fraction, v8i);
}

/* Two samples to the lower six bytes of each eight. */
VEC_INLINE void pack24(unsigned char *to, const float *x)
{
    v8i nearest;
    nearest24(x, &nearest);
    v4l pairs = (v4l)nearest;
    pairs = (pairs & 0xffffff) | ((pairs >> 8) & 0xffffff000000);
    for (int i = 0; i < VEC / 2; i++)
        put64(to + 6 * i, (uint64_t)pairs[i]);
}

/* `to` has room for PAST bytes more: the next samples, or nothing, overwrite them. */
VEC_INLINE void pack_all(unsigned char *to, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + VEC <= n; i += VEC)
        pack24(to + 3 * i, x + i);
    if (i == n)
        return;
    float rest[VEC] = {0};
    unsigned char packed[3 * VEC + PAST];
    memcpy(rest, x + i, (n - i) * sizeof *x);
    pack24(packed, rest);
    memcpy(to + 3 * i, packed, 3 * (n - i));
}

VEC_CLONES(quantise24, pack_all, (unsigned char *to, const float *x, size_t n),
           (to, x, n))

/* Header and samples in blocks, the last one padded to even as RIFF wants it. */
static enum status write_blocks(struct atomic_file *f, const struct audio *a, int bits,
                                uint32_t bytes, struct sha256 *hash, struct err *e)
{
    unsigned char *block = malloc(HEADER_BYTES + BLOCK_SAMPLES * 3 + PAST);
    if (!block)
        return err_set(e, ST_NO_MEMORY, "no memory to write a sound");
    size_t n = a->frames * (size_t)a->channels, width = (size_t)bits / 8;
    size_t at = 0, filled = HEADER_BYTES;
    enum status st;
    make_header(block, a, bits, bytes);
    do {
        size_t count = n - at < BLOCK_SAMPLES ? n - at : BLOCK_SAMPLES;
        (bits == 24 ? quantise24 : quantise16)(block + filled, a->data + at, count);
        at += count;
        filled += count * width;
        if (at == n && bytes & 1)
            block[filled++] = 0;
        if (hash)
            sha256_add(hash, block, filled);
        st = atomic_write(f, block, filled, e);
        filled = 0;
    } while (!st && at < n);
    free(block);
    return st;
}

/* `sha256`, unless it is NULL, receives the hash of all bytes. */
static enum status write_hashed(struct atomic_file *f, const struct audio *a, int bits,
                                uint32_t bytes, char *sha256, struct err *e)
{
    struct sha256 *hash = sha256 ? sha256_new() : NULL;
    if (sha256 && !hash)
        return err_set(e, ST_NO_MEMORY, "no memory to write a sound");
    enum status st = write_blocks(f, a, bits, bytes, hash, e);
    if (hash && !st)
        sha256_hex(hash, sha256);
    sha256_free(hash);
    return st;
}

size_t soundfile_wav16_bytes(const struct audio *a)
{
    return HEADER_BYTES + 2 * a->frames * (size_t)a->channels;
}

void soundfile_wav16(unsigned char *to, const struct audio *a)
{
    size_t n = a->frames * (size_t)a->channels;
    make_header(to, a, 16, (uint32_t)(2 * n));
    quantise16(to + HEADER_BYTES, a->data, n);
}

enum status soundfile_begin_wav(const struct root *r, const char *relative,
                                const struct audio *a, int bits, struct atomic_file **out,
                                char sha256[SHA256_HEX_BYTES], struct err *e)
{
    *out = NULL;
    if ((bits != 16 && bits != 24) || a->channels < 1 ||
        a->channels > SOUNDFILE_MAX_CHANNELS || a->rate_hz < 1)
        return err_set(e, ST_USAGE, "%s: %d channels of %d bits cannot be written",
                       relative, a->channels, bits);
    uint64_t bytes = (uint64_t)a->frames * (unsigned)(a->channels * bits / 8);
    if (bytes > UINT32_MAX - HEADER_BYTES)
        return err_set(e, ST_USAGE, "%s would be larger than a WAV file can be",
                       relative);
    enum status st = atomic_begin(out, r, relative, e);
    if (st)
        return st;
    st = write_hashed(*out, a, bits, (uint32_t)bytes, sha256, e);
    if (st) {
        atomic_abort(*out);
        *out = NULL;
    }
    return st;
}

enum status soundfile_write_wav(const struct root *r, const char *relative,
                                const struct audio *a, int bits,
                                char sha256[SHA256_HEX_BYTES], struct err *e)
{
    struct atomic_file *f;
    enum status st = soundfile_begin_wav(r, relative, a, bits, &f, sha256, e);
    return st ? st : atomic_commit(f, e);
}
