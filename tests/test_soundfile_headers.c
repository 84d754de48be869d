/* io/soundfile: headers that lie about the sound, and sound that ends early, is streamed,
 * chained or has holes. */
#include "checks.h"
#include "sound_rig.h"

#include "core/rng.h"
#include "io/splice.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sndfile.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void lengths_in_headers_are_not_believed(void **state)
{
    char path[FOLDER_BYTES];
    size_t n;
    bool damaged;
    sound_in(path, *state, "whole.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 2,
             FRAMES);
    FREED char *wav = file_read(path, &n);
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
    FREED char *wav = file_read(path, &n);
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
    FREED char *wav = file_read(path, &n);
    for (size_t i = 0; i < sizeof stated / sizeof *stated; i++) {
        struct soundfile *sf;
        OWN(audio) end, want;
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
    }
}

/* Largest difference between the beginning of one file and another from `later` on. */
static double difference_from(const char *path, const char *other, size_t later)
{
    enum { COMPARED = 30000 };
    double worst = 0;
    OWN(audio) a = sound_read(path);
    OWN(audio) b = sound_read(other);
    assert_true(a.frames >= COMPARED && b.frames >= later + COMPARED);
    size_t skip = later * (size_t)a.channels, n = COMPARED * (size_t)a.channels;
    for (size_t i = 0; i < n; i++)
        worst = fmax(worst, fabs((double)a.data[i] - (double)b.data[skip + i]));
    return worst;
}

/* Drop the Xing frame that lame wrote, or say it twice. */
static void the_end_of_vbr_mp3s_is_not_lost(void **state)
{
    char path[FOLDER_BYTES], vbr[FOLDER_BYTES];
    size_t n;
    /* quiet first, loud and noisy then: the first frames mislead about the bit rate */
    enum { LONG = 600000 };
    FREED float *x = material(2, LONG, RATE);
    struct rng r = rng_derive(3, 0, "vbr", 0);
    for (size_t i = 0; i < LONG; i++)
        x[i] = i < LONG / 2 ? (float)(0.25 * rng_gauss(&r)) : 0.0f;
    folder_path(vbr, *state, "vbr.mp3");
    folder_path(path, *state, "vbr.mp3");
    assert_true(
        folder_sound(path, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, RATE, 2, x, LONG));
    assert_int_equal(frames_of(path, NULL), LONG);
    FREED char *mp3 = file_read(path, &n);
    size_t at = 1;
    while (at + 4 < n && !((unsigned char)mp3[at] == 0xff &&
                           ((unsigned char)mp3[at + 1] & 0xfe) == 0xfa))
        at++;
    assert_true(at > 100 && at < 1500);
    folder_write(*state, "bare.mp3", mp3 + at, n - at);
    folder_path(path, *state, "bare.mp3");
    size_t bare = frames_of(path, NULL);
    assert_in_range(bare, LONG, LONG + 3 * 1152);
    assert_true(worst_difference(path, 10) <= MP3_ROUNDING);
    /* nobody says how much silence encoder (576) and decoder (529) put before: it stays
     */
    assert_int_equal(bare % 1152, 0);
    assert_true(difference_from(vbr, path, 576 + 529) <= MP3_ROUNDING);
    FREED char *twice = malloc(2 * n);
    memcpy(twice, mp3, n);
    memcpy(twice + n, mp3, n);
    folder_write(*state, "joined.mp3", twice, 2 * n);
    size_t joined = frames_of(folder_path(path, *state, "joined.mp3"), NULL);
    assert_in_range(joined, 2 * LONG, 2 * LONG + 8 * 1152);
    assert_true(difference_from(vbr, path, 0) <= MP3_ROUNDING);
    /* bytes before the first frame: what a recorder or a broken-off tag left there */
    memset(twice, 0, 1713);
    memcpy(twice + 1713, mp3, n);
    folder_write(*state, "late.mp3", twice, n + 1713);
    assert_int_equal(frames_of(folder_path(path, *state, "late.mp3"), NULL), LONG);
    assert_true(worst_difference(path, 10) <= MP3_ROUNDING);
}

static void broken_off_data_is_told(void **state)
{
    char path[FOLDER_BYTES];
    size_t n;
    bool damaged;
    sound_in(path, *state, "a.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, RATE, 2, FRAMES);
    assert_int_equal(frames_of(path, &damaged), FRAMES);
    assert_false(damaged);
    FREED char *flac = file_read(path, &n);
    folder_write(*state, "half.flac", flac, n / 2);
    sound_in(path, *state, "half.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, RATE, 2, FRAMES);
    assert_int_equal(truncate(path, 44 + 4 * (FRAMES / 2)), 0);
    assert_int_equal(frames_of(path, &damaged), FRAMES / 2);
    assert_true(damaged);
    size_t got = frames_of(folder_path(path, *state, "half.flac"), &damaged);
    assert_in_range(got, FRAMES / 4, FRAMES * 3 / 4);
    assert_true(damaged);
    sound_in(path, *state, "a.mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, RATE, 2,
             FRAMES);
    FREED char *mp3 = file_read(path, &n);
    folder_write(*state, "half.mp3", mp3, n / 3);
    assert_true(frames_of(folder_path(path, *state, "half.mp3"), &damaged) < FRAMES / 2);
    assert_true(damaged);
    sound_in(path, *state, "a.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, RATE, 2, FRAMES);
    FREED char *ogg = file_read(path, &n);
    folder_write(*state, "half.ogg", ogg, n / 2);
    assert_in_range(frames_of(folder_path(path, *state, "half.ogg"), &damaged),
                    FRAMES / 4, FRAMES * 3 / 4);
    assert_true(damaged);
    assert_int_equal(frames_of(folder_path(path, *state, "a.ogg"), &damaged), FRAMES);
    assert_false(damaged);
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
    char path[FOLDER_BYTES];
    FREED const char *said = text_of(" s of %.1f s", (double)FRAMES / RATE);
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
        FREED float *heard = malloc(2 * FRAMES * sizeof *heard);
        assert_int_equal(soundfile_read(sf, heard, FRAMES, &got, NULL), ST_OK);
        size_t off = files[i].frame_bytes ? 1 : whole / 50; /* blocks are not parted */
        assert_in_range(soundfile_info(sf)->claimed_frames, whole - off, whole + off);
        if (files[i].frame_bytes)
            assert_non_null(strstr(soundfile_damage(sf), said));
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
        FREED char *bytes = file_read(path, &n);
        while (memcmp(bytes + at, files[i].chunk, 4) != 0)
            at++;
        memset(bytes + at + files[i].at, files[i].value, (size_t)files[i].bytes);
        folder_write(*state, files[i].name, bytes, n);
        assert_int_equal(frames_of(path, &damaged), FRAMES);
        assert_false(damaged);
    }
}

/* Lengths of 64 bits that are less than nothing. */
static void impossible_lengths_hide_no_sound(void **state)
{
    static const struct {
        const char *name, *chunk;
        int format;
        unsigned char high;
    } files[] = {
        {"a.w64", "data", SF_FORMAT_W64 | SF_FORMAT_PCM_16, 0x80},
        {"a.rf64", "ds64", SF_FORMAT_RF64 | SF_FORMAT_PCM_16, 0x80},
        {"b.rf64", "ds64", SF_FORMAT_RF64 | SF_FORMAT_PCM_16, 0xff},
    };
    char path[FOLDER_BYTES];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t n, at = 0;
        bool damaged;
        struct soundfile *sf;
        sound_in(path, *state, files[i].name, files[i].format, RATE, 2, FRAMES);
        FREED char *bytes = file_read(path, &n);
        while (memcmp(bytes + at, files[i].chunk, 4) != 0)
            at++;
        memset(bytes + at + 16, 0, 7);
        bytes[at + 23] = (char)files[i].high;
        folder_write(*state, files[i].name, bytes, n);
        assert_int_equal(soundfile_open(&sf, path, NULL), ST_OK);
        assert_int_equal(soundfile_info(sf)->claimed_frames, FRAMES);
        soundfile_close(sf);
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
    FREED char *a = file_read(path, &first);
    sound_in(path, *state, "b.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, RATE, 2, FRAMES);
    FREED char *b = file_read(path, &second);
    assert_memory_not_equal(a + 14, b + 14, 4); /* serial numbers */
    FREED char *both = malloc(first + second);
    memcpy(both, a, first);
    memcpy(both + first, b, second);
    folder_write(*state, "chain.ogg", both, first + second);
    struct soundfile *sf;
    FREED float *heard = malloc(4 * FRAMES * sizeof *heard);
    size_t got;
    assert_int_equal(soundfile_open(&sf, folder_path(path, *state, "chain.ogg"), NULL),
                     ST_OK);
    assert_int_equal(soundfile_read(sf, heard, 2 * FRAMES, &got, NULL), ST_OK);
    assert_in_range(got, FRAMES - 64, FRAMES);
    assert_non_null(soundfile_damage(sf));
    assert_non_null(strstr(soundfile_damage(sf), "another stream begins after"));
    soundfile_close(sf);
}

static void lost_ogg_pages_do_not_shift_regions(void **state)
{
    char path[FOLDER_BYTES];
    size_t n, got;
    enum { LONG = 900000 };
    sound_in(path, *state, "a.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, RATE, 1, LONG);
    char *ogg = file_read(path, &n);
    memset(ogg + n / 2, 0x55, 100); /* the page's check sum no longer fits */
    folder_write(*state, "hole.ogg", ogg, n);
    free(ogg);
    struct soundfile *sf;
    struct audio part;
    assert_int_equal(soundfile_open(&sf, folder_path(path, *state, "hole.ogg"), NULL),
                     ST_OK);
    FREED float *all = malloc(LONG * sizeof *all);
    assert_int_equal(soundfile_read(sf, all, LONG, &got, NULL), ST_OK);
    assert_in_range(got, LONG / 2, LONG - 2000);
    static const size_t starts[] = {LONG / 4, LONG * 3 / 4, LONG / 2, 100};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        assert_int_equal(soundfile_read_region(sf, (int64_t)starts[i], 5000, &part, NULL),
                         ST_OK);
        assert_memory_equal(part.data, all + starts[i], 5000 * sizeof *all);
        audio_done(&part);
    }
    soundfile_close(sf);
}

/* A decoder asks for the places that a damaged header tells. */
static void a_seek_too_far_is_refused(void **state)
{
    struct splice s = {.fd = -1, .end = 1000};
    assert_true(splice_seek(900, SEEK_SET, &s) == 900);
    assert_true(splice_seek(INT64_MAX, SEEK_CUR, &s) == -1);
    assert_true(splice_seek(INT64_MAX, SEEK_END, &s) == -1);
    assert_true(splice_seek(-901, SEEK_CUR, &s) == -1);
    assert_true(splice_tell(&s) == 900);
    assert_true(splice_seek(INT64_MAX, SEEK_SET, &s) == -1);
}

/* Three bytes instead of the first five, and nothing of the last two. */
static void a_splice_is_read_as_one(void **state)
{
    enum { N = 100, HEAD = 3, FIRST = 5, END = N - 2, LENGTH = HEAD + END - FIRST };
    char path[FOLDER_BYTES], bytes[N], wanted[LENGTH], got[N] = {0};
    uint64_t expected, hash;
    for (int i = 0; i < N; i++)
        bytes[i] = (char)i;
    folder_write(*state, "whole.wav", bytes, N);
    struct splice s;
    splice_whole(&s, open(folder_path(path, *state, "whole.wav"), O_RDONLY));
    assert_true(splice_length(&s) == N && s.problem == 0);
    s.first = FIRST;
    s.end = END;
    s.head_bytes = HEAD;
    memcpy(s.head, "abc", HEAD);
    memcpy(wanted, "abc", HEAD);
    memcpy(wanted + HEAD, bytes + FIRST, END - FIRST);
    assert_true(splice_length(&s) == LENGTH);
    splice_begin_hash(&s);
    assert_true(splice_read(got, N, &s) == LENGTH); /* over the join, up to the end */
    assert_memory_equal(got, wanted, LENGTH);
    for (int from = 1; from < 4; from++) { /* from behind, over the join or not */
        assert_true(splice_seek(from - LENGTH, SEEK_END, &s) == from);
        assert_true(splice_read(got, 4, &s) == 4 && splice_tell(&s) == from + 4);
        assert_memory_equal(got, wanted + from, 4);
    }
    assert_true(splice_hash(&s, &hash)); /* of the file, not of what is seen */
    assert_int_equal(content_hash_file(path, &expected, NULL), ST_OK);
    assert_true(hash == expected);
    assert_false(splice_hash(&s, &hash)); /* not begun */
    close(s.fd);
    s.fd = -1; /* the disk is gone */
    splice_begin_hash(&s);
    assert_true(splice_seek(LENGTH / 2, SEEK_SET, &s) == LENGTH / 2 && s.problem == 0);
    assert_true(splice_read(got, 4, &s) == 0 && s.problem == EBADF);
    assert_false(splice_hash(&s, &hash));
    splice_whole(&s, -1);
    assert_true(splice_length(&s) == 0 && s.problem == EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(lengths_in_headers_are_not_believed),
        IN_FOLDER(what_follows_a_stale_length_is_read),
        IN_FOLDER(a_wav_beyond_four_gib_is_read_whole),
        IN_FOLDER(the_end_of_vbr_mp3s_is_not_lost),
        IN_FOLDER(broken_off_data_is_told),
        IN_FOLDER(cut_off_headers_are_seen_through),
        IN_FOLDER(streamed_headers_do_not_hide_the_sound),
        IN_FOLDER(impossible_lengths_hide_no_sound),
        IN_FOLDER(a_chained_ogg_says_what_is_not_read),
        IN_FOLDER(lost_ogg_pages_do_not_shift_regions),
        IN_FOLDER(a_splice_is_read_as_one),
        cmocka_unit_test(a_seek_too_far_is_refused),
    };
    return cmocka_run_group_tests_name("soundfile headers", tests, NULL, NULL);
}
