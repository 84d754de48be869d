/* io/soundfile: every format read exactly, every bad file refused in one sentence. */
#include "core/rng.h"
#include "io/content_hash.h"
#include "io/sha256.h"
#include "io/soundfile.h"

#include "folder.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sndfile.h>

enum { RATE = 44100, FRAMES = 150000 };

/* Tones that glide, noise, clicks and a silent stretch: coders have to work. */
static float *material(int channels, size_t frames, int rate)
{
    float *x = malloc(frames * (size_t)channels * sizeof *x);
    struct rng r = rng_derive(1, 0, "material", (uint64_t)channels);
    for (size_t i = 0; i < frames; i++)
        for (int c = 0; c < channels; c++) {
            double t = (double)i / rate;
            double v = 0.3 * sin(6.2831853 * (200 + 31 * c) * t + 30 * sin(2 * t)) +
                       0.1 * rng_gauss(&r) * (i % 9000 < 300) + 0.02 * rng_gauss(&r);
            x[i * (size_t)channels + (size_t)c] =
                (float)(i % 60000 > 50000 ? 0 : fmin(fmax(v, -0.99), 0.99));
        }
    return x;
}

static const char *sound_in(char path[FOLDER_BYTES], const char *folder, const char *name,
                            int format, int rate, int channels, size_t frames)
{
    float *x = material(channels, frames, rate);
    folder_path(path, folder, name);
    int written = folder_sound(path, format, rate, channels, x, frames);
    free(x);
    return written ? path : NULL;
}

/* 16 bits are read as such, and are what libsndfile makes of them. */
static void sixteen_bits_as_libsndfile_reads_them(void **state)
{
    static const int formats[] = {SF_FORMAT_WAV, SF_FORMAT_AIFF, SF_FORMAT_FLAC};
    enum { CHANNELS = 3, N = 20000 };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        char path[FOLDER_BYTES];
        struct audio got;
        SF_INFO info = {0};
        float *expected = malloc(N * CHANNELS * sizeof *expected);
        assert_non_null(sound_in(path, *state, "sixteen", formats[i] | SF_FORMAT_PCM_16,
                                 RATE, CHANNELS, N));
        SNDFILE *sf = sf_open(path, SFM_READ, &info);
        assert_int_equal(sf_readf_float(sf, expected, N), N);
        sf_close(sf);
        assert_int_equal(soundfile_load(path, 0, &got, NULL), ST_OK);
        assert_int_equal(got.frames, N);
        assert_memory_equal(got.data, expected, N * CHANNELS * sizeof *expected);
        audio_done(&got);
        free(expected);
        unlink(path);
    }
}

/* The file's hash is the same whether its bytes are heard in reading or read for it:
 * with what lies behind the sound, a wrong header, after leaps and before the end. */
static void the_hash_is_that_of_the_file(void **state)
{
    static const int formats[] = {SF_FORMAT_WAV | SF_FORMAT_PCM_16,
                                  SF_FORMAT_WAV | SF_FORMAT_FLOAT,
                                  SF_FORMAT_FLAC | SF_FORMAT_PCM_16};
    enum { N = 30000, WAYS = 4 };
    for (int i = 0; i < 3 * 2 * WAYS; i++) {
        int format = formats[i % 3], way = i / 6;
        bool wrong = i / 3 % 2;
        char path[FOLDER_BYTES];
        uint64_t expected, hash;
        struct soundfile *sf;
        struct audio part;
        size_t got;
        assert_non_null(sound_in(path, *state, "hashed", format, RATE, 2, N));
        FILE *f = fopen(path, "r+b");
        if (wrong && i % 3 < 2) {
            fseek(f, 40 + 16 * (i % 3), SEEK_SET); /* float: behind its fact chunk */
            fwrite("\0\0\0\0", 1, 4, f);
        }
        fseek(f, 0, SEEK_END);
        fwrite("LIST\5\0\0\0about\0 and more", 1, 24, f);
        fclose(f);
        assert_int_equal(content_hash_file(path, &expected, NULL), ST_OK);
        assert_int_equal(soundfile_open(&sf, path, NULL), ST_OK);
        soundfile_begin_hash(sf);
        float *x = malloc(N * 2 * sizeof *x);
        if (way == 1 || way == 2)
            soundfile_read(sf, x, way == 1 ? N : 7001, &got, NULL);
        for (int64_t at = 20000; way == 3 && at >= 0; at -= 9000) {
            assert_int_equal(soundfile_read_region(sf, at, 12000, &part, NULL), ST_OK);
            audio_done(&part);
        }
        assert_int_equal(soundfile_hash(sf, &hash, NULL), ST_OK);
        assert_true(hash == expected);
        free(x);
        soundfile_close(sf);
        unlink(path);
    }
}

/* --- regions --- */

static double worst_difference(const char *path, int count)
{
    struct audio all, part, expected;
    struct soundfile *sf;
    struct err e;
    assert_int_equal(soundfile_load(path, 0, &all, &e), ST_OK);
    assert_int_equal(soundfile_open(&sf, path, &e), ST_OK);
    struct rng r = rng_derive(2, 0, "regions", 0);
    double worst = 0;
    for (int i = 0; i < count; i++) {
        size_t frames = 1 + rng_below(&r, 9000);
        int64_t start = rng_below(&r, (uint32_t)all.frames);
        if (i % 5 == 0)
            start = rng_below(&r, 3000);
        if (i % 5 == 1)
            start = (int64_t)all.frames - rng_below(&r, 20000);
        if (i % 5 == 2) /* ascending */
            start = (int64_t)all.frames * i / count;
        assert_int_equal(soundfile_read_region(sf, start, frames, &part, &e), ST_OK);
        assert_int_equal(part.frames, frames);
        assert_int_equal(audio_slice(&expected, &all, (size_t)start, frames, NULL),
                         ST_OK);
        for (size_t k = 0; k < frames * (size_t)part.channels; k++)
            worst = fmax(worst, fabs((double)part.data[k] - (double)expected.data[k]));
        audio_done(&part);
        audio_done(&expected);
    }
    soundfile_close(sf);
    audio_done(&all);
    return worst;
}

static void regions_equal_the_sequential_decode(void **state)
{
    static const struct {
        const char *name, *shown;
        int format, rate, channels, bits;
        double tolerance;
    } formats[] = {
        {"a.wav", "WAV 16-bit", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 2, 16, 0},
        {"b.wav", "WAV 24-bit", SF_FORMAT_WAV | SF_FORMAT_PCM_24, 96000, 1, 24, 0},
        {"c.wav", "WAV float", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 48000, 2, 0, 0},
        {"d.wav", "WAV 8-bit", SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 8000, 8, 8, 0},
        {"e.wav", "WAV compressed", SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM, RATE, 2, 0, 0},
        {"f.wav", "WAV compressed", SF_FORMAT_WAV | SF_FORMAT_MS_ADPCM, RATE, 1, 0, 0},
        {"g.wav", "WAV compressed", SF_FORMAT_WAV | SF_FORMAT_GSM610, 8000, 1, 0, 0},
        {"a.aiff", "AIFF 24-bit", SF_FORMAT_AIFF | SF_FORMAT_PCM_24, RATE, 2, 24, 0},
        {"a.au", "AU 16-bit", SF_FORMAT_AU | SF_FORMAT_PCM_16, 22050, 2, 16, 0},
        {"b.au", "AU µ-law", SF_FORMAT_AU | SF_FORMAT_ULAW, 8000, 1, 13, 0},
        {"h.wav", "WAV A-law", SF_FORMAT_WAV | SF_FORMAT_ALAW, 8000, 1, 12, 0},
        {"a.caf", "CAF 24-bit", SF_FORMAT_CAF | SF_FORMAT_PCM_24, 192000, 2, 24, 0},
        {"b.caf", "CAF 16-bit", SF_FORMAT_CAF | SF_FORMAT_ALAC_16, RATE, 2, 16, 0},
        {"a.w64", "W64 16-bit", SF_FORMAT_W64 | SF_FORMAT_PCM_16, RATE, 2, 16, 0},
        {"a.rf64", "RF64 16-bit", SF_FORMAT_RF64 | SF_FORMAT_PCM_16, RATE, 6, 16, 0},
        {"a.flac", "FLAC 16-bit", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, RATE, 2, 16, 0},
        {"b.flac", "FLAC 24-bit", SF_FORMAT_FLAC | SF_FORMAT_PCM_24, 48000, 1, 24, 0},
        {"a.ogg", "Ogg Vorbis", SF_FORMAT_OGG | SF_FORMAT_VORBIS, RATE, 2, 0, 0},
        {"b.ogg", "Ogg Vorbis", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 22050, 1, 0, 0},
        {"a.opus", "Ogg Opus", SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000, 2, 0, 0},
        {"a.mp3", "MPEG layer III", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, RATE, 2, 0,
         0},
        {"b.mp3", "MPEG layer III", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, RATE, 1, 0,
         6e-8},
        {"c.mp3", "MPEG layer III", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 16000, 2,
         0, 6e-8},
    };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        char path[FOLDER_BYTES];
        if (!sound_in(path, *state, formats[i].name, formats[i].format, formats[i].rate,
                      formats[i].channels, FRAMES))
            fail_msg("%s cannot be written by this libsndfile", formats[i].name);
        struct soundfile *sf;
        assert_int_equal(soundfile_open(&sf, path, NULL), ST_OK);
        const struct soundfile_info *info = soundfile_info(sf);
        assert_string_equal(info->format, formats[i].shown);
        assert_int_equal(info->rate_hz, formats[i].rate);
        assert_int_equal(info->channels, formats[i].channels);
        assert_int_equal(info->bit_depth, formats[i].bits);
        assert_int_equal(info->headroom,
                         strstr(info->format, "float") || strstr(info->format, "double"));
        soundfile_close(sf);
        double worst = worst_difference(path, 30);
        if (!(worst <= formats[i].tolerance))
            fail_msg("%s: regions differ by %g", formats[i].name, worst);
    }
}

static void a_region_does_not_depend_on_what_was_read_before(void **state)
{
    char path[FOLDER_BYTES];
    assert_non_null(sound_in(path, *state, "m.mp3",
                             SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 32000, 1,
                             FRAMES));
    struct soundfile *a, *b;
    struct audio x, y, ignored;
    assert_int_equal(soundfile_open(&a, path, NULL), ST_OK);
    assert_int_equal(soundfile_open(&b, path, NULL), ST_OK);
    static const int64_t before[] = {0, 99000, 100000 - 1152, 140000, 50001};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        soundfile_read_region(a, before[i], 1000, &ignored, NULL);
        audio_done(&ignored);
        soundfile_read_region(a, 100000, 5000, &x, NULL);
        soundfile_read_region(b, 100000, 5000, &y, NULL);
        assert_memory_equal(x.data, y.data, 5000 * sizeof *x.data);
        audio_done(&x);
        audio_done(&y);
    }
    assert_int_equal(soundfile_read_region(a, -1, 10, &x, NULL), ST_USAGE);
    assert_int_equal(soundfile_read_region(a, FRAMES * 2, 10, &x, NULL), ST_OK);
    assert_true(x.data[0] == 0.0f);
    audio_done(&x);
    soundfile_close(a);
    soundfile_close(b);
}

/* --- headers that lie --- */

static char *slurp(const char *path, size_t *n)
{
    char *bytes;
    assert_int_equal(path_read_file(path, 1 << 28, &bytes, n, NULL), ST_OK);
    return bytes;
}

static size_t frames_of(const char *path, bool *damaged)
{
    struct soundfile *sf;
    struct err e;
    enum status st = soundfile_open(&sf, path, &e);
    if (st)
        fail_msg("%s", e.msg);
    float block[128 * SOUNDFILE_MAX_CHANNELS];
    size_t total = 0, got;
    do {
        assert_int_equal(soundfile_read(sf, block, 128, &got, NULL), ST_OK);
        total += got;
        assert_int_equal(soundfile_position(sf), total);
    } while (got > 0);
    if (damaged)
        *damaged = soundfile_damage(sf) != NULL;
    soundfile_close(sf);
    return total;
}

static void lengths_in_headers_are_not_believed(void **state)
{
    char path[FOLDER_BYTES];
    size_t n;
    bool damaged;
    sound_in(path, *state, "whole.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 2,
             FRAMES);
    char *wav = slurp(path, &n);
    assert_memory_equal(wav + 36, "data", 4);
    memset(wav + 40, 0, 4); /* the recorder's battery died */
    memset(wav + 4, 0, 4);
    folder_write(*state, "died.wav", wav, n);
    assert_int_equal(frames_of(folder_path(path, *state, "died.wav"), &damaged), FRAMES);
    assert_false(damaged);
    assert_true(worst_difference(path, 10) == 0);
    /* a recorder that did not know how long it would be: nothing is missing */
    static const unsigned char unknown[][4] = {{0xff, 0xff, 0xff, 0xff},
                                               {0, 0xf0, 0xff, 0x7f}};
    for (int i = 0; i < 2; i++) {
        memcpy(wav + 40, unknown[i], 4);
        folder_write(*state, "endless.wav", wav, n);
        assert_int_equal(frames_of(folder_path(path, *state, "endless.wav"), &damaged),
                         FRAMES);
        assert_false(damaged);
    }
    folder_write(*state, "cut.wav", wav, 44 + 4 * 1000 + 1);
    assert_int_equal(frames_of(folder_path(path, *state, "cut.wav"), NULL), 1000);
    free(wav);
}

/* What is put behind the data of whole.wav, which is said to have `stated` bytes. */
static size_t frames_with(const char *folder, const char *wav, size_t n, uint32_t stated,
                          const char *behind, size_t more)
{
    char path[FOLDER_BYTES], *bytes = calloc(n + more, 1);
    memcpy(bytes, wav, n);
    memcpy(bytes + n, behind, strlen(behind));
    for (int i = 0; i < 4; i++)
        bytes[40 + i] = (char)(stated >> 8 * i & 0xff);
    folder_write(folder, "stated.wav", bytes, n + more);
    free(bytes);
    return frames_of(folder_path(path, folder, "stated.wav"), NULL);
}

/* A recorder that states the length now and then was killed: what came since is sound,
 * but not what others put behind it. */
static void what_follows_a_stale_length_is_read(void **state)
{
    enum { STALE = 4 * (FRAMES / 3), WHOLE = 4 * FRAMES, PICTURE = 1 << 17 };
    char path[FOLDER_BYTES];
    bool told;
    size_t n;
    sound_in(path, *state, "whole.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 2,
             FRAMES);
    char *wav = slurp(path, &n);
    assert_int_equal(n, 44 + WHOLE);
    assert_int_equal(frames_with(*state, wav, n, STALE, "", 0), FRAMES);
    assert_true(worst_difference(folder_path(path, *state, "stated.wav"), 10) == 0);
    frames_of(path, &told);
    assert_true(told); /* it may be no sound after all */
    assert_int_equal(frames_with(*state, wav, n, WHOLE, "ID3\3", PICTURE), FRAMES);
    frames_of(path, &told);
    assert_false(told);
    assert_int_equal(frames_with(*state, wav, n, WHOLE, "APETAGEX", PICTURE), FRAMES);
    assert_int_equal(frames_with(*state, wav, n, WHOLE, "", 4000), FRAMES);
    char chunk[] = "LIST\1\1\1"; /* 0x10101 bytes */
    assert_int_equal(frames_with(*state, wav, n, WHOLE, chunk, 0x10109), FRAMES);
    free(wav);
}

/* 32 bits hold no length beyond 4 GiB: they keep what is left of it, or stand for
 * unknown. The file has a hole between its ends. */
static void a_wav_beyond_four_gib_is_read_whole(void **state)
{
    enum { FRAME = 16, BEHIND = 1000 };
    const int64_t frames = ((int64_t)1 << 32) / FRAME + 1000000, data = frames * FRAME;
    const uint32_t stated[] = {(uint32_t)data, 0, UINT32_MAX, 0x7ffff000};
    char path[FOLDER_BYTES];
    size_t n;
    sound_in(path, *state, "big.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 8, BEHIND);
    char *wav = slurp(path, &n);
    for (size_t i = 0; i < sizeof stated / sizeof *stated; i++) {
        struct soundfile *sf;
        struct audio end, want;
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        for (int k = 0; k < 4; k++)
            wav[40 + k] = (char)(stated[i] >> 8 * k & 0xff);
        assert_int_equal(fwrite(wav, 1, 44, f), 44);
        fseeko(f, (off_t)(44 + data - BEHIND * FRAME), SEEK_SET);
        assert_int_equal(fwrite(wav + 44, FRAME, BEHIND, f), BEHIND);
        fclose(f);
        assert_int_equal(soundfile_open(&sf, path, NULL), ST_OK);
        assert_int_equal(soundfile_info(sf)->claimed_frames, frames);
        assert_int_equal(soundfile_read_region(sf, frames - BEHIND, BEHIND, &end, NULL),
                         ST_OK);
        soundfile_close(sf);
        char other[FOLDER_BYTES];
        wav[40] = wav[41] = wav[42] = wav[43] = '\0';
        folder_write(*state, "want.wav", wav, n);
        assert_int_equal(
            soundfile_load(folder_path(other, *state, "want.wav"), 0, &want, NULL),
            ST_OK);
        assert_int_equal(end.frames, want.frames);
        assert_memory_equal(end.data, want.data, BEHIND * 8 * sizeof *end.data);
        audio_done(&end);
        audio_done(&want);
    }
    free(wav);
}

/* Largest difference between the beginning of one file and another from `later` on. */
static double difference_from(const char *path, const char *other, size_t later)
{
    enum { COMPARED = 30000 };
    struct audio a, b;
    double worst = 0;
    assert_int_equal(soundfile_load(path, 0, &a, NULL), ST_OK);
    assert_int_equal(soundfile_load(other, 0, &b, NULL), ST_OK);
    assert_true(a.frames >= COMPARED && b.frames >= later + COMPARED);
    size_t skip = later * (size_t)a.channels, n = COMPARED * (size_t)a.channels;
    for (size_t i = 0; i < n; i++)
        worst = fmax(worst, fabs((double)a.data[i] - (double)b.data[skip + i]));
    audio_done(&a);
    audio_done(&b);
    return worst;
}

/* Drop the Xing frame that lame wrote, or say it twice. */
static void the_end_of_vbr_mp3s_is_not_lost(void **state)
{
    char path[FOLDER_BYTES], vbr[FOLDER_BYTES];
    size_t n;
    /* quiet first, loud and noisy then: the first frames mislead about the bit rate */
    enum { LONG = 600000 };
    float *x = material(2, LONG, RATE);
    struct rng r = rng_derive(3, 0, "vbr", 0);
    for (size_t i = 0; i < LONG; i++)
        x[i] = i < LONG / 2 ? (float)(0.25 * rng_gauss(&r)) : 0.0f;
    folder_path(vbr, *state, "vbr.mp3");
    folder_path(path, *state, "vbr.mp3");
    assert_true(
        folder_sound(path, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, RATE, 2, x, LONG));
    free(x);
    assert_int_equal(frames_of(path, NULL), LONG);
    char *mp3 = slurp(path, &n);
    size_t at = 1;
    while (at + 4 < n && !((unsigned char)mp3[at] == 0xff &&
                           ((unsigned char)mp3[at + 1] & 0xfe) == 0xfa))
        at++;
    assert_true(at > 100 && at < 1500);
    folder_write(*state, "bare.mp3", mp3 + at, n - at);
    folder_path(path, *state, "bare.mp3");
    size_t bare = frames_of(path, NULL);
    assert_in_range(bare, LONG, LONG + 3 * 1152);
    assert_true(worst_difference(path, 10) == 0);
    /* nobody says how much silence encoder (576) and decoder (529) put before: it stays
     */
    assert_int_equal(bare % 1152, 0);
    assert_true(difference_from(vbr, path, 576 + 529) == 0);
    char *twice = malloc(2 * n);
    memcpy(twice, mp3, n);
    memcpy(twice + n, mp3, n);
    folder_write(*state, "joined.mp3", twice, 2 * n);
    size_t joined = frames_of(folder_path(path, *state, "joined.mp3"), NULL);
    assert_in_range(joined, 2 * LONG, 2 * LONG + 8 * 1152);
    assert_true(difference_from(vbr, path, 0) == 0);
    /* bytes before the first frame: what a recorder or a broken-off tag left there */
    memset(twice, 0, 1713);
    memcpy(twice + 1713, mp3, n);
    folder_write(*state, "late.mp3", twice, n + 1713);
    assert_int_equal(frames_of(folder_path(path, *state, "late.mp3"), NULL), LONG);
    assert_true(worst_difference(path, 10) == 0);
    free(twice);
    free(mp3);
}

static void broken_off_data_is_told(void **state)
{
    char path[FOLDER_BYTES];
    size_t n;
    bool damaged;
    sound_in(path, *state, "a.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, RATE, 2, FRAMES);
    assert_int_equal(frames_of(path, &damaged), FRAMES);
    assert_false(damaged);
    char *flac = slurp(path, &n);
    folder_write(*state, "half.flac", flac, n / 2);
    sound_in(path, *state, "half.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 2, FRAMES);
    assert_int_equal(truncate(path, 44 + 4 * (FRAMES / 2)), 0);
    assert_int_equal(frames_of(path, &damaged), FRAMES / 2);
    assert_true(damaged);
    size_t got = frames_of(folder_path(path, *state, "half.flac"), &damaged);
    assert_in_range(got, FRAMES / 4, FRAMES * 3 / 4);
    assert_true(damaged);
    free(flac);
    sound_in(path, *state, "a.mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, RATE, 2,
             FRAMES);
    char *mp3 = slurp(path, &n);
    folder_write(*state, "half.mp3", mp3, n / 3);
    assert_true(frames_of(folder_path(path, *state, "half.mp3"), &damaged) < FRAMES / 2);
    assert_true(damaged);
    free(mp3);
    sound_in(path, *state, "a.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, RATE, 2, FRAMES);
    char *ogg = slurp(path, &n);
    folder_write(*state, "half.ogg", ogg, n / 2);
    assert_in_range(frames_of(folder_path(path, *state, "half.ogg"), &damaged),
                    FRAMES / 4, FRAMES * 3 / 4);
    assert_true(damaged);
    assert_int_equal(frames_of(folder_path(path, *state, "a.ogg"), &damaged), FRAMES);
    assert_false(damaged);
    free(ogg);
}

/* Headers that promise more than is there: what is there is read, and that it is not all
 * is told. */
static void cut_off_headers_are_seen_through(void **state)
{
    static const struct {
        const char *name;
        int format, frame_bytes, channels; /* 0: two of them */
    } files[] = {
        {"a.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_24, 6, 0},
        {"b.wav", SF_FORMAT_WAVEX | SF_FORMAT_FLOAT, 8, 0},
        {"a.rf64", SF_FORMAT_RF64 | SF_FORMAT_PCM_24, 6, 0},
        {"a.w64", SF_FORMAT_W64 | SF_FORMAT_PCM_16, 4, 0},
        {"a.aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_24, 6, 0},
        {"b.aiff", SF_FORMAT_AIFF | SF_FORMAT_DOUBLE, 16, 0},
        {"a.caf", SF_FORMAT_CAF | SF_FORMAT_PCM_24, 6, 0},
        {"a.au", SF_FORMAT_AU | SF_FORMAT_PCM_32, 8, 0},
        {"b.au", SF_FORMAT_AU | SF_ENDIAN_LITTLE | SF_FORMAT_PCM_16, 4, 0},
        {"c.wav", SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM, 0, 0},
        {"a.voc", SF_FORMAT_VOC | SF_FORMAT_PCM_U8, 2, 0},
        {"b.voc", SF_FORMAT_VOC | SF_FORMAT_PCM_16, 4, 0},
        {"a.8svx", SF_FORMAT_SVX | SF_FORMAT_PCM_S8, 1, 1},
    };
    char path[FOLDER_BYTES], said[64];
    snprintf(said, sizeof said, " s of %.1f s", (double)FRAMES / RATE);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct stat s;
        struct soundfile *sf;
        bool damaged;
        sound_in(path, *state, files[i].name, files[i].format, RATE,
                 files[i].channels ? files[i].channels : 2, FRAMES);
        size_t whole = frames_of(path, &damaged);
        if (damaged || whole < FRAMES)
            fail_msg("%s is taken for damaged", files[i].name);
        assert_int_equal(stat(path, &s), 0);
        assert_int_equal(truncate(path, s.st_size - s.st_size / 3), 0);
        size_t got = frames_of(path, &damaged), short_of = whole - got;
        if (!damaged)
            fail_msg("%s is not told to be cut off", files[i].name);
        if (files[i].frame_bytes)
            assert_in_range(short_of * (size_t)files[i].frame_bytes, s.st_size / 3 - 200,
                            s.st_size / 3 + 200);
        assert_int_equal(soundfile_open(&sf, path, NULL), ST_OK);
        float *heard = malloc(2 * FRAMES * sizeof *heard);
        assert_int_equal(soundfile_read(sf, heard, FRAMES, &got, NULL), ST_OK);
        size_t off = files[i].frame_bytes ? 1 : whole / 50; /* blocks are not parted */
        assert_in_range(soundfile_info(sf)->claimed_frames, whole - off, whole + off);
        if (files[i].frame_bytes)
            assert_non_null(strstr(soundfile_damage(sf), said));
        free(heard);
        soundfile_close(sf);
    }
}

/* Written into a pipe, where no length can be put in at the end. */
static void streamed_headers_do_not_hide_the_sound(void **state)
{
    static const struct {
        const char *name, *chunk;
        int format, at, bytes;
        char value;
    } files[] = {
        {"a.caf", "data", SF_FORMAT_CAF | SF_FORMAT_PCM_16, 4, 8, '\xff'},
        {"a.rf64", "ds64", SF_FORMAT_RF64 | SF_FORMAT_PCM_16, 8, 24, '\0'},
        {"a.wav", "data", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 4, 4, '\0'},
    };
    char path[FOLDER_BYTES];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t n, at = 0;
        bool damaged;
        sound_in(path, *state, files[i].name, files[i].format, RATE, 2, FRAMES);
        char *bytes = slurp(path, &n);
        while (memcmp(bytes + at, files[i].chunk, 4) != 0)
            at++;
        memset(bytes + at + files[i].at, files[i].value, (size_t)files[i].bytes);
        folder_write(*state, files[i].name, bytes, n);
        free(bytes);
        assert_int_equal(frames_of(path, &damaged), FRAMES);
        assert_false(damaged);
    }
}

/* One file after the other, as recorders of net radio write them. */
static void a_chained_ogg_says_what_is_not_read(void **state)
{
    char path[FOLDER_BYTES];
    size_t first, second;
    sound_in(path, *state, "a.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, RATE, 2, FRAMES);
    char *a = slurp(path, &first);
    sound_in(path, *state, "b.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, RATE, 2, FRAMES);
    char *b = slurp(path, &second);
    assert_memory_not_equal(a + 14, b + 14, 4); /* serial numbers */
    char *both = malloc(first + second);
    memcpy(both, a, first);
    memcpy(both + first, b, second);
    folder_write(*state, "chain.ogg", both, first + second);
    struct soundfile *sf;
    float *heard = malloc(4 * FRAMES * sizeof *heard);
    size_t got;
    assert_int_equal(soundfile_open(&sf, folder_path(path, *state, "chain.ogg"), NULL),
                     ST_OK);
    assert_int_equal(soundfile_read(sf, heard, 2 * FRAMES, &got, NULL), ST_OK);
    assert_in_range(got, FRAMES - 64, FRAMES);
    assert_non_null(soundfile_damage(sf));
    assert_non_null(strstr(soundfile_damage(sf), "another stream begins after"));
    soundfile_close(sf);
    free(heard);
    free(a);
    free(b);
    free(both);
}

static void lost_ogg_pages_do_not_shift_regions(void **state)
{
    char path[FOLDER_BYTES];
    size_t n, got;
    enum { LONG = 900000 };
    sound_in(path, *state, "a.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, RATE, 1, LONG);
    char *ogg = slurp(path, &n);
    memset(ogg + n / 2, 0x55, 100); /* the page's check sum no longer fits */
    folder_write(*state, "hole.ogg", ogg, n);
    free(ogg);
    struct soundfile *sf;
    struct audio part;
    assert_int_equal(soundfile_open(&sf, folder_path(path, *state, "hole.ogg"), NULL),
                     ST_OK);
    float *all = malloc(LONG * sizeof *all);
    assert_int_equal(soundfile_read(sf, all, LONG, &got, NULL), ST_OK);
    assert_in_range(got, LONG / 2, LONG - 2000);
    static const size_t starts[] = {LONG / 4, LONG * 3 / 4, LONG / 2, 100};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        assert_int_equal(soundfile_read_region(sf, (int64_t)starts[i], 5000, &part, NULL),
                         ST_OK);
        assert_memory_equal(part.data, all + starts[i], 5000 * sizeof *all);
        audio_done(&part);
    }
    free(all);
    soundfile_close(sf);
}

/* --- values --- */

static void hostile_values_are_scrubbed(void **state)
{
    char path[FOLDER_BYTES];
    float x[2000];
    for (int i = 0; i < 2000; i++)
        x[i] = 0.25f;
    x[0] = NAN;
    x[1] = INFINITY;
    x[500] = -INFINITY;
    x[501] = 1e30f;
    x[502] = -1e30f;
    x[503] = 1.5f; /* float files may well exceed full scale */
    folder_path(path, *state, "hostile.wav");
    assert_true(folder_sound(path, SF_FORMAT_WAV | SF_FORMAT_FLOAT, RATE, 2, x, 1000));
    struct soundfile *sf;
    float got[2000];
    size_t n;
    assert_int_equal(soundfile_open(&sf, path, NULL), ST_OK);
    assert_int_equal(soundfile_read(sf, got, 1000, &n, NULL), ST_OK);
    assert_int_equal(n, 1000);
    assert_int_equal(soundfile_scrubbed(sf), 3);
    assert_true(got[0] == 0 && got[1] == 0 && got[500] == 0);
    assert_true(got[501] == 1000 && got[502] == -1000 && got[503] == 1.5f);
    soundfile_close(sf);
}

/* --- what is no audio, or no audio for us --- */

static void refuse(const char *path, enum status expected, const char *said)
{
    struct soundfile *sf = NULL;
    struct err e = {.msg = "no message"};
    assert_int_equal(soundfile_open(&sf, path, &e), expected);
    assert_null(sf);
    if (!strstr(e.msg, said) || strchr(e.msg, '\n'))
        fail_msg("\"%s\" does not say \"%s\"", e.msg, said);
    if (expected != ST_NOT_FOUND)
        assert_non_null(strstr(e.msg, path_base(path)));
}

static void bad_files_are_refused_in_one_sentence(void **state)
{
    char path[FOLDER_BYTES], bytes[70000];
    struct rng r = rng_derive(4, 0, "noise", 0);
    folder_write(*state, "empty.wav", "", 0);
    refuse(folder_path(path, *state, "empty.wav"), ST_EMPTY, "is empty");
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)rng_u64(&r);
    folder_write(*state, "random.mp3", bytes, sizeof bytes);
    refuse(folder_path(path, *state, "random.mp3"), ST_UNREADABLE, "cannot be read");
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = "All work and no play\n"[i % 21];
    folder_write(*state, "text.wav", bytes, sizeof bytes);
    refuse(folder_path(path, *state, "text.wav"), ST_UNREADABLE, "cannot be read");
    refuse(folder_path(path, *state, "missing.wav"), ST_NOT_FOUND, "missing.wav");
    refuse(*state, ST_UNREADABLE, "is a folder");
    mkfifo(folder_path(path, *state, "fifo.wav"), 0600);
    refuse(path, ST_UNREADABLE, "pipe, device or socket");
    refuse("/dev/zero", ST_UNREADABLE, "pipe, device or socket");
    sound_in(path, *state, "none.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 2, 0);
    refuse(path, ST_EMPTY, "holds no sound");
    sound_in(path, *state, "many.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 65, 100);
    refuse(path, ST_UNSUPPORTED, "65 channels");
    sound_in(path, *state, "slow.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 500, 1, 100);
    refuse(path, ST_UNSUPPORTED, "500 Hz");
    sound_in(path, *state, "fast.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 1000000, 1, 100);
    refuse(path, ST_UNSUPPORTED, "1000000 Hz");
    assert_non_null(sound_in(path, *state, "wide.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16,
                             8000, 64, 100));
    assert_int_equal(frames_of(path, NULL), 100);
}

/* What people have lying about, and headers that cannot be. */
static void refusals_say_what_it_is(void **state)
{
    static const struct {
        const char *name, *head, *said;
        size_t n;
    } files[] = {{"memo.m4a",
                  "\0\0\0\x20"
                  "ftypM4A \0\0\0\0M4A mp42",
                  "it is M4A or MP4; convert it to WAV or FLAC", 24},
                 {"a.wma", "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c",
                  "it is Windows Media", 16},
                 {"a.aac", "\xff\xf1\x50\x80\x2e\x7f\xfc\x21\0\x49\x90\2\x19\0\x23\x80",
                  "it is AAC", 16},
                 {"a.wv", "wvpk\x20\0\0\0\x10\4\0\0\0\0\0\0", "it is WavPack", 16},
                 {"song.wav", "MThd\0\0\0\6\0\1\0\2\0\x60MT", "MIDI", 16}};
    char path[FOLDER_BYTES];
    size_t n;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        folder_write(*state, files[i].name, files[i].head, files[i].n);
        refuse(folder_path(path, *state, files[i].name), ST_UNREADABLE, files[i].said);
    }
    sound_in(path, *state, "good.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 2, FRAMES);
    char *wav = slurp(path, &n);
    memset(wav + 24, 0, 4);
    folder_write(*state, "none.wav", wav, n);
    refuse(folder_path(path, *state, "none.wav"), ST_UNREADABLE,
           "impossible sample rate");
    memset(wav + 24, 0xee, 4); /* 4 GHz */
    folder_write(*state, "fast.wav", wav, n);
    refuse(folder_path(path, *state, "fast.wav"), ST_UNREADABLE,
           "impossible sample rate");
    folder_write(*state, "head.flac", "fLaC and what is no header", 26);
    refuse(folder_path(path, *state, "head.flac"), ST_UNREADABLE,
           "its header is damaged or cut off");
    folder_write(*state, "cut.wav", wav, 38);
    refuse(folder_path(path, *state, "cut.wav"), ST_UNREADABLE,
           "it ends before its sound begins");
    free(wav);
}

static void content_counts_not_the_name(void **state)
{
    char path[FOLDER_BYTES];
    sound_in(path, *state, "really_wav.mp3", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 2,
             FRAMES);
    assert_int_equal(frames_of(path, NULL), FRAMES);
    sound_in(path, *state, "notes.txt", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, RATE,
             2, FRAMES);
    assert_true(soundfile_is_audio(path));
    assert_false(soundfile_has_audio_ending(path));
    assert_true(soundfile_has_audio_ending("a/b.FLAC"));
    assert_false(soundfile_has_audio_ending("a.wav/b"));
    assert_false(soundfile_has_audio_ending(".wav"));

    /* What looks like MPEG at first: UTF-16 text, a picture's sync words, one header. */
    char text[40000] = "\xff\xfe";
    for (size_t i = 2; i < sizeof text; i++)
        text[i] = i % 2 ? '\0' : "The quick brown fox"[i / 2 % 19];
    folder_write(*state, "utf16", text, sizeof text);
    assert_false(soundfile_is_audio(folder_path(path, *state, "utf16")));
    struct rng r = rng_derive(5, 0, "picture", 0);
    for (size_t i = 0; i + 4 < sizeof text; i += 4)
        memcpy(text + i, rng_below(&r, 3) ? "\xff\xfb\x90\x64" : "abcd", 4);
    folder_write(*state, "sync", text, sizeof text);
    assert_false(soundfile_is_audio(folder_path(path, *state, "sync")));
    folder_write(*state, "header", "\xff\xfb\x90\x64", 4);
    assert_false(soundfile_is_audio(folder_path(path, *state, "header")));
}

/* --- writing --- */

/* Samples that look like a row of MPEG frames by chance. */
static void a_wav_is_a_wav_whatever_its_samples(void **state)
{
    enum { FRAME = 417, ROWS = 6 };
    static unsigned char file[44 + FRAME * ROWS + 1];
    static const unsigned char head[44] =
        "RIFF\xeb\x09\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x44\xac\0\0\x88\x58\1\0\2\0\x10\0"
        "data\xc6\x09\0";
    char path[FOLDER_BYTES];
    memcpy(file, head, sizeof head);
    for (int i = 0; i < ROWS; i++)
        memcpy(file + 44 + i * FRAME, "\xff\xfb\x90\0", 4);
    folder_write(*state, "chance.wav", file, 44 + FRAME * ROWS);
    struct soundfile *sf;
    assert_int_equal(soundfile_open(&sf, folder_path(path, *state, "chance.wav"), NULL),
                     ST_OK);
    assert_string_equal(soundfile_info(sf)->format, "WAV 16-bit");
    assert_int_equal(soundfile_info(sf)->claimed_frames, FRAME * ROWS / 2);
    soundfile_close(sf);
}

static void wav_bytes_are_exact(void **state)
{
    char path[FOLDER_BYTES], sha[SHA256_HEX_BYTES], expected[SHA256_HEX_BYTES];
    struct root r;
    struct audio a;
    assert_int_equal(root_open(&r, *state, false, NULL), ST_OK);
    assert_int_equal(audio_init(&a, 3, 1, 44100, NULL), ST_OK);
    a.data[0] = -0.5f;
    a.data[1] = 2.0f;
    a.data[2] = NAN;
    assert_int_equal(soundfile_write_wav(&r, "x/y.wav", &a, 24, sha, NULL), ST_OK);
    static const unsigned char bytes[] = {
        'R',  'I',  'F', 'F', 46,   0,    0,    0,    'W', 'A', 'V',  'E',  'f', 'm',
        't',  ' ',  16,  0,   0,    0,    1,    0,    1,   0,   0x44, 0xac, 0,   0,
        0xcc, 0x04, 2,   0,   3,    0,    24,   0,    'd', 'a', 't',  'a',  9,   0,
        0,    0,    0,   0,   0xc0, 0xff, 0xff, 0x7f, 0,   0,   0,    0};
    size_t n;
    char *got = slurp(folder_path(path, *state, "x/y.wav"), &n);
    assert_int_equal(n, sizeof bytes);
    assert_memory_equal(got, bytes, n);
    sha256_of(got, n, expected);
    assert_string_equal(sha, expected);
    assert_int_equal(sha256_file(path, expected, NULL), ST_OK);
    assert_string_equal(sha, expected);
    free(got);
    assert_int_equal(soundfile_write_wav(&r, "z.wav", &a, 20, NULL, NULL), ST_USAGE);
    assert_int_equal(soundfile_write_wav(&r, "../z.wav", &a, 16, NULL, NULL), ST_REFUSED);
    audio_done(&a);
    root_done(&r);
}

static void written_samples_come_back(void **state)
{
    struct root r;
    struct audio a, back;
    char path[FOLDER_BYTES];
    assert_int_equal(root_open(&r, *state, false, NULL), ST_OK);
    for (int bits = 16; bits <= 24; bits += 8) {
        assert_int_equal(audio_init(&a, 50001, 2, 48000, NULL), ST_OK);
        struct rng g = rng_derive(6, 0, "write", 0);
        double scale = (double)(1 << (bits - 1));
        for (size_t i = 0; i < 2 * a.frames; i++)
            a.data[i] = (float)(((double)rng_below(&g, 1u << bits) - scale) / scale);
        assert_int_equal(soundfile_write_wav(&r, "back.wav", &a, bits, NULL, NULL),
                         ST_OK);
        folder_path(path, *state, "back.wav");
        assert_int_equal(soundfile_load(path, 0, &back, NULL), ST_OK);
        assert_int_equal(back.frames, a.frames);
        assert_memory_equal(back.data, a.data, 2 * a.frames * sizeof *a.data);
        audio_done(&back);
        assert_int_equal(soundfile_load(path, 50000, &back, NULL), ST_UNSUPPORTED);
        audio_done(&a);
    }
    root_done(&r);
}

/* As rint has it, halves to even; within the range; what is no number is 0. */
static void samples_off_the_grid_go_to_the_nearest(void **state)
{
    enum { ODD = 1021 };
    struct root r;
    struct audio a, back;
    char path[FOLDER_BYTES];
    assert_int_equal(root_open(&r, *state, false, NULL), ST_OK);
    assert_int_equal(audio_init(&a, ODD, 1, 44100, NULL), ST_OK);
    for (int bits = 16; bits <= 24; bits += 8) {
        struct rng g = rng_derive(8, 0, "write", 0);
        double scale = (double)(1 << (bits - 1));
        for (size_t i = 0; i < ODD; i++)
            a.data[i] = (float)rng_range(&g, i % 2 ? -1.1 : -1e-4, i % 2 ? 1.1 : 1e-4);
        for (int i = 0; i < 40; i++)
            a.data[100 + i] = (float)((i - 20.5) / scale);
        a.data[10] = NAN;
        a.data[11] = -INFINITY;
        a.data[12] = FLT_MAX;
        folder_path(path, *state, "off.wav");
        assert_int_equal(soundfile_write_wav(&r, "off.wav", &a, bits, NULL, NULL), ST_OK);
        assert_int_equal(soundfile_load(path, 0, &back, NULL), ST_OK);
        for (size_t i = 0; i < ODD; i++) {
            double x = fabsf(a.data[i]) <= FLT_MAX ? (double)a.data[i] : 0;
            double nearest = fmax(-scale, fmin(scale - 1, rint(x * scale)));
            assert_true((double)back.data[i] * scale == nearest);
        }
        audio_done(&back);
    }
    audio_done(&a);
    root_done(&r);
}

/* What takes its place may have more channels than the buffers, or other numbers. */
static void a_file_that_was_replaced_is_not_read_on(void **state)
{
    static const struct {
        int format, channels;
    } others[] = {{SF_FORMAT_WAV | SF_FORMAT_PCM_16, 6},
                  {SF_FORMAT_WAV | SF_FORMAT_FLOAT, 1},
                  {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 1}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char path[FOLDER_BYTES];
        struct soundfile *sf;
        struct audio a;
        struct err e = {0};
        sound_in(path, *state, "own.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 1,
                 FRAMES);
        assert_int_equal(soundfile_open(&sf, path, NULL), ST_OK);
        assert_int_equal(soundfile_read_region(sf, 100, 5000, &a, NULL), ST_OK);
        audio_done(&a);
        sound_in(path, *state, "own.wav", others[i].format, RATE, others[i].channels,
                 FRAMES);
        for (int again = 0; again < 2; again++) { /* going back opens it anew */
            assert_int_equal(soundfile_read_region(sf, 0, 5000, &a, &e), ST_CORRUPT);
            assert_non_null(strstr(e.msg, "changed while it was being read"));
            assert_null(a.data);
        }
        soundfile_close(sf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(sixteen_bits_as_libsndfile_reads_them),
        IN_FOLDER(the_hash_is_that_of_the_file),
        IN_FOLDER(regions_equal_the_sequential_decode),
        IN_FOLDER(a_region_does_not_depend_on_what_was_read_before),
        IN_FOLDER(a_file_that_was_replaced_is_not_read_on),
        IN_FOLDER(lengths_in_headers_are_not_believed),
        IN_FOLDER(what_follows_a_stale_length_is_read),
        IN_FOLDER(a_wav_beyond_four_gib_is_read_whole),
        IN_FOLDER(the_end_of_vbr_mp3s_is_not_lost),
        IN_FOLDER(broken_off_data_is_told),
        IN_FOLDER(cut_off_headers_are_seen_through),
        IN_FOLDER(streamed_headers_do_not_hide_the_sound),
        IN_FOLDER(a_chained_ogg_says_what_is_not_read),
        IN_FOLDER(lost_ogg_pages_do_not_shift_regions),
        IN_FOLDER(hostile_values_are_scrubbed),
        IN_FOLDER(bad_files_are_refused_in_one_sentence),
        IN_FOLDER(refusals_say_what_it_is),
        IN_FOLDER(content_counts_not_the_name),
        IN_FOLDER(a_wav_is_a_wav_whatever_its_samples),
        IN_FOLDER(wav_bytes_are_exact),
        IN_FOLDER(written_samples_come_back),
        IN_FOLDER(samples_off_the_grid_go_to_the_nearest),
    };
    return cmocka_run_group_tests_name("soundfile", tests, NULL, NULL);
}
