/* io/soundfile: every format read exactly, every bad file refused in one sentence,
 * WAV files written to the byte. */
#include "checks.h"
#include "sound_rig.h"

#include "core/rng.h"
#include "io/content_hash.h"
#include "io/sha256.h"
#include "tone.h"

#include <float.h>
#include <math.h>
#include <sndfile.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 16 bits are read as such, and are what libsndfile makes of them. */
static void sixteen_bits_as_libsndfile_reads_them(void **state)
{
    static const int formats[] = {SF_FORMAT_WAV, SF_FORMAT_AIFF, SF_FORMAT_FLAC};
    enum { CHANNELS = 3, N = 20000 };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        char path[FOLDER_BYTES];
        SF_INFO info = {0};
        FREED float *expected = malloc(N * CHANNELS * sizeof *expected);
        assert_non_null(sound_in(path, *state, "sixteen", formats[i] | SF_FORMAT_PCM_16,
                                 RATE, CHANNELS, N));
        SNDFILE *sf = sf_open(path, SFM_READ, &info);
        assert_int_equal(sf_readf_float(sf, expected, N), N);
        sf_close(sf);
        OWN(audio) got = sound_read(path);
        assert_int_equal(got.frames, N);
        assert_memory_equal(got.data, expected, N * CHANNELS * sizeof *expected);
        unlink(path);
    }
}

/* The file's hash is the same whether its bytes are heard in reading or read for it:
 * with what lies behind the sound, a wrong header, after leaps, where it is read twice,
 * and before the end. */
static void the_hash_is_that_of_the_file(void **state)
{
    static const int formats[] = {SF_FORMAT_WAV | SF_FORMAT_PCM_16,
                                  SF_FORMAT_WAV | SF_FORMAT_FLOAT,
                                  SF_FORMAT_FLAC | SF_FORMAT_PCM_16};
    enum { N = 30000, WAYS = 5 };
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
        FREED float *x = malloc(N * 2 * sizeof *x);
        if (way == 1 || way == 2)
            soundfile_read(sf, x, way == 1 ? N : 7001, &got, NULL);
        for (int64_t at = way == 3 ? 20000 : 1000; way > 2 && at >= 0 && at < N;
             at += way == 3 ? -9000 : 9000) {
            assert_int_equal(soundfile_read_region(sf, at, 12000, &part, NULL), ST_OK);
            audio_done(&part);
        }
        assert_int_equal(soundfile_hash(sf, &hash, NULL), ST_OK);
        assert_true(hash == expected);
        soundfile_close(sf);
        unlink(path);
    }
}

/* --- regions --- */

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
         MP3_ROUNDING},
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
    FREED char *wav = file_read(path, &n);
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
    OWN(root) r;
    assert_int_equal(root_open(&r, *state, false, NULL), ST_OK);
    OWN(audio) a = tone_frames(3, 1, 44100);
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
    FREED char *got = file_read(folder_path(path, *state, "x/y.wav"), &n);
    assert_int_equal(n, sizeof bytes);
    assert_memory_equal(got, bytes, n);
    assert_int_equal(sha256_file(path, expected, NULL), ST_OK);
    assert_string_equal(sha, expected);
    assert_int_equal(soundfile_write_wav(&r, "z.wav", &a, 20, NULL, NULL), ST_USAGE);
    assert_int_equal(soundfile_write_wav(&r, "../z.wav", &a, 16, NULL, NULL), ST_REFUSED);
}

static void written_samples_come_back(void **state)
{
    OWN(root) r;
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
}

/* As rint has it, halves to even; within the range; what is no number is 0. */
static void samples_off_the_grid_go_to_the_nearest(void **state)
{
    enum { ODD = 1021 };
    OWN(root) r;
    struct audio back;
    char path[FOLDER_BYTES];
    assert_int_equal(root_open(&r, *state, false, NULL), ST_OK);
    struct audio a = tone_frames(ODD, 1, 44100);
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

/* Two hours in a folder of samples: as much of them is read as a sample may have, and the
 * rest of the memory is left to others. */
static void what_is_read_whole_has_a_bound(void **state)
{
    enum { CHANNELS = 64, MORE = 1000, MOST = SOUNDFILE_LOAD_MAX / CHANNELS };
    char path[FOLDER_BYTES];
    struct err e;
    struct audio a;
    struct stat s;
    for (int over = 0; over < 2; over++) {
        sound_in(path, *state, "long.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 8000,
                 CHANNELS, 1);
        assert_int_equal(stat(path, &s), 0);
        long long data = (long long)CHANNELS * (over ? MOST + MORE : MOST / 64);
        unsigned char sizes[2][4];
        for (int i = 0; i < 4; i++) {
            sizes[0][i] = (unsigned char)((data + 36) >> 8 * i);
            sizes[1][i] = (unsigned char)(data >> 8 * i);
        }
        FILE *f = fopen(path, "r+b");
        fseek(f, 4, SEEK_SET);
        fwrite(sizes[0], 1, 4, f);
        fseek(f, (long)s.st_size - CHANNELS - 4, SEEK_SET);
        fwrite(sizes[1], 1, 4, f);
        fclose(f);
        assert_int_equal(truncate(path, s.st_size - CHANNELS + data), 0);
        assert_int_equal(soundfile_load(path, 0, &a, &e), over ? ST_UNSUPPORTED : ST_OK);
        assert_int_equal(a.frames, over ? 0 : MOST / 64);
        audio_done(&a);
    }
    assert_non_null(strstr(e.msg, "long.wav is longer than 262.1 s"));
    unlink(path);
}

/* Bytes this process has read so far; 0 where nobody counts them. */
static long long bytes_read(void)
{
    long long bytes = 0;
    FILE *f = fopen("/proc/self/io", "r");
    if (f && fscanf(f, "rchar: %lld", &bytes) != 1)
        bytes = 0;
    if (f)
        fclose(f);
    return bytes;
}

/* Of four megabytes that may not be read whole hardly anything is; but it is not the
 * header that decides: what claims more than is there is read as far as it goes. */
static void what_is_too_long_is_not_read_first(void **state)
{
    static const int formats[] = {SF_FORMAT_WAV, SF_FORMAT_FLAC, SF_FORMAT_AIFF};
    enum { N = 2000000, MOST = 1000000, LEFT = 20000, HARDLY = 500000 };
    for (int i = 0; i < 3; i++) {
        char path[FOLDER_BYTES];
        struct audio a;
        struct stat s;
        sound_in(path, *state, "long", formats[i] | SF_FORMAT_PCM_16, 8000, 1, N);
        assert_int_equal(stat(path, &s), 0);
        long long before = bytes_read();
        assert_int_equal(soundfile_load(path, MOST, &a, NULL), ST_UNSUPPORTED);
        assert_true(bytes_read() - before < HARDLY);
        if (formats[i] == SF_FORMAT_FLAC)
            continue;
        assert_int_equal(truncate(path, s.st_size - 2 * (N - LEFT)), 0);
        assert_int_equal(soundfile_load(path, MOST, &a, NULL), ST_OK);
        assert_in_range(a.frames, LEFT - 64, LEFT);
        audio_done(&a);
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
        IN_FOLDER(what_is_read_whole_has_a_bound),
        IN_FOLDER(what_is_too_long_is_not_read_first),
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
