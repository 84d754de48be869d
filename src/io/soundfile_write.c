/* Plain PCM WAV: 44 bytes of header, then the samples. Written here and not by
 * libsndfile, so that the bytes depend on nothing but the audio. */
#include "io/soundfile.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_BYTES = 44, BLOCK_SAMPLES = 16384 };

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

/* To the nearest, halves to even, as rint has it: adding 1.5 · 2^(digits of a double or
 * float) leaves the whole number in the lowest bits. On the grid of 24 bits a float is
 * exact. */
static float in_range(float x, float scale)
{
    float v = fabsf(x) <= FLT_MAX ? x * scale : 0.0f;
    return v < -scale ? -scale : v > scale - 1 ? scale - 1 : v;
}

static uint32_t nearest24(float x)
{
    double sum = (double)in_range(x, 0x1p23f) + 0x1.8p52;
    uint64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    return (uint32_t)bits;
}

static uint32_t nearest16(float x)
{
    float sum = in_range(x, 0x1p15f) + 0x1.8p23f;
    uint32_t bits;
    memcpy(&bits, &sum, sizeof bits);
    return bits;
}

/* `to` has room for a byte more: the next sample, or nothing, overwrites it. */
static void quantise(unsigned char *to, const float *x, size_t n, int bits)
{
    if (bits == 24)
        for (size_t i = 0; i < n; i++)
            put32(to + 3 * i, nearest24(x[i]));
    else
        for (size_t i = 0; i < n; i++)
            put16(to + 2 * i, nearest16(x[i]));
}

/* Header and samples in blocks, the last one padded to even as RIFF wants it. */
static enum status write_blocks(struct atomic_file *f, const struct audio *a, int bits,
                                uint32_t bytes, struct err *e)
{
    unsigned char *block = malloc(HEADER_BYTES + BLOCK_SAMPLES * 3 + 1);
    if (!block)
        return err_set(e, ST_NO_MEMORY, "no memory to write a sound");
    size_t n = a->frames * (size_t)a->channels, width = (size_t)bits / 8;
    size_t at = 0, filled = HEADER_BYTES;
    enum status st;
    make_header(block, a, bits, bytes);
    do {
        size_t count = n - at < BLOCK_SAMPLES ? n - at : BLOCK_SAMPLES;
        quantise(block + filled, a->data + at, count, bits);
        at += count;
        filled += count * width;
        if (at == n && bytes & 1)
            block[filled++] = 0;
        st = atomic_write(f, block, filled, e);
        filled = 0;
    } while (!st && at < n);
    free(block);
    return st;
}

static enum status write_wav(const struct root *r, const char *relative,
                             const struct audio *a, int bits, struct atomic_file **f,
                             struct err *e)
{
    if ((bits != 16 && bits != 24) || a->channels < 1 ||
        a->channels > SOUNDFILE_MAX_CHANNELS || a->rate_hz < 1)
        return err_set(e, ST_USAGE, "%s: %d channels of %d bits cannot be written",
                       relative, a->channels, bits);
    uint64_t bytes = (uint64_t)a->frames * (unsigned)(a->channels * bits / 8);
    if (bytes > UINT32_MAX - HEADER_BYTES)
        return err_set(e, ST_USAGE, "%s would be larger than a WAV file can be",
                       relative);
    enum status st = atomic_begin(f, r, relative, e);
    if (st)
        return st;
    st = write_blocks(*f, a, bits, (uint32_t)bytes, e);
    if (st)
        atomic_abort(*f);
    return st;
}

enum status soundfile_write_wav(const struct root *r, const char *relative,
                                const struct audio *a, int bits,
                                char sha256[SHA256_HEX_BYTES], struct err *e)
{
    struct atomic_file *f;
    enum status st = write_wav(r, relative, a, bits, &f, e);
    return st ? st : atomic_commit(f, sha256, e);
}

enum status soundfile_begin_wav(const struct root *r, const char *relative,
                                const struct audio *a, int bits, struct atomic_file **out,
                                char sha256[SHA256_HEX_BYTES], struct err *e)
{
    *out = NULL;
    enum status st = write_wav(r, relative, a, bits, out, e);
    if (st == ST_OK)
        atomic_hash(*out, sha256);
    else
        *out = NULL;
    return st;
}
