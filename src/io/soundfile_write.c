/* Plain PCM WAV: 44 bytes of header, then the samples. Written here and not by
 * libsndfile, so that the bytes depend on nothing but the audio. */
#include "io/soundfile.h"

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

static void quantise(unsigned char *to, const float *x, size_t n, int bits)
{
    const double scale = (double)(1 << (bits - 1));
    for (size_t i = 0; i < n; i++) {
        double v = isfinite(x[i]) ? rint((double)x[i] * scale) : 0.0;
        int32_t q = (int32_t)fmin(fmax(v, -scale), scale - 1);
        put16(to, (uint32_t)q & 0xffff);
        if (bits == 24)
            to[2] = (unsigned char)((uint32_t)q >> 16 & 0xff);
        to += bits / 8;
    }
}

static enum status write_samples(struct atomic_file *f, const struct audio *a, int bits,
                                 struct err *e)
{
    unsigned char *block = malloc(BLOCK_SAMPLES * 3);
    if (!block)
        return err_set(e, ST_NO_MEMORY, "no memory to write a sound");
    size_t n = a->frames * (size_t)a->channels, width = (size_t)bits / 8;
    enum status st = ST_OK;
    for (size_t at = 0; !st && at < n; at += BLOCK_SAMPLES) {
        size_t count = n - at < BLOCK_SAMPLES ? n - at : BLOCK_SAMPLES;
        quantise(block, a->data + at, count, bits);
        st = atomic_write(f, block, count * width, e);
    }
    free(block);
    if (!st && (n * width & 1))
        st = atomic_write(f, "", 1, e); /* RIFF chunks are padded to even */
    return st;
}

enum status soundfile_write_wav(const struct root *r, const char *relative,
                                const struct audio *a, int bits,
                                char sha256[SHA256_HEX_BYTES], struct err *e)
{
    if ((bits != 16 && bits != 24) || a->channels < 1 ||
        a->channels > SOUNDFILE_MAX_CHANNELS || a->rate_hz < 1)
        return err_set(e, ST_USAGE, "%s: %d channels of %d bits cannot be written",
                       relative, a->channels, bits);
    uint64_t bytes = (uint64_t)a->frames * (unsigned)(a->channels * bits / 8);
    if (bytes > UINT32_MAX - HEADER_BYTES)
        return err_set(e, ST_USAGE, "%s would be larger than a WAV file can be",
                       relative);
    struct atomic_file *f;
    enum status st = atomic_begin(&f, r, relative, e);
    if (st)
        return st;
    unsigned char header[HEADER_BYTES];
    make_header(header, a, bits, (uint32_t)bytes);
    st = atomic_write(f, header, sizeof header, e);
    if (!st)
        st = write_samples(f, a, bits, e);
    if (!st)
        return atomic_commit(f, sha256, e);
    atomic_abort(f);
    return st;
}
