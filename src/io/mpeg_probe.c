#include "io/mpeg_probe.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { LOOK_BYTES = 128 * 1024, LENIENT_BYTES = 64 * 1024, ROW = 4 };

size_t mpeg_frame_bytes(const unsigned char p[4])
{
    static const short kbit[5][15] = {
        {0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448}, /* 1 I */
        {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},    /* 1 II */
        {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},  /* 1 III */
        {0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256}, /* 2 I */
        {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}}; /* 2 II, III */
    static const int rates[3] = {44100, 48000, 32000};
    if (p[0] != 0xff || (p[1] & 0xe0) != 0xe0)
        return 0;
    int version = p[1] >> 3 & 3, layer = 4 - (p[1] >> 1 & 3);
    int bitrate = p[2] >> 4, rate = p[2] >> 2 & 3, padding = p[2] >> 1 & 1;
    if (version == 1 || layer == 4 || bitrate == 0 || bitrate == 15 || rate == 3 ||
        (p[3] & 3) == 2)
        return 0;
    bool first = version == 3;
    int hz = rates[rate] >> (first ? 0 : version == 2 ? 1 : 2);
    int bits = kbit[first ? layer - 1 : layer == 1 ? 3 : 4][bitrate] * 1000;
    if (layer == 1)
        return (size_t)(12 * bits / hz + padding) * 4;
    int slots = layer == 3 && !first ? 72 : 144;
    return (size_t)(slots * bits / hz + padding);
}

bool mpeg_same_stream(const unsigned char *a, const unsigned char *b)
{
    return a[1] >> 1 == b[1] >> 1 && (a[2] & 0x0c) == (b[2] & 0x0c);
}

/* A row of frames from `at`; near the end of the file one frame fewer per missing one
 * will do, but never a single header alone. */
static bool row_at(const unsigned char *p, size_t n, size_t at, bool whole_file)
{
    int found = 0;
    size_t first = at;
    while (at + 4 <= n) {
        size_t length = mpeg_frame_bytes(p + at);
        if (length == 0 || !mpeg_same_stream(p + first, p + at))
            break;
        if (++found >= ROW)
            return true;
        at += length;
    }
    /* A short file: the last frame may be cut, tags may follow. */
    bool at_end = at + 4 > n || memcmp(p + at, "TAG", 3) == 0;
    return whole_file && at_end && found >= 2;
}

size_t mpeg_id3_bytes(const unsigned char *p, size_t n)
{
    if (n < 10 || memcmp(p, "ID3", 3) != 0 || ((p[6] | p[7] | p[8] | p[9]) & 0x80))
        return 0;
    size_t length = (size_t)p[6] << 21 | (size_t)p[7] << 14 | (size_t)p[8] << 7 | p[9];
    return length + 10 + (p[5] & 0x10 ? 10 : 0);
}

/* Files that say what they are: their samples may look like a row of frames by chance,
 * one hit in a few thousand does. A WAV may hold MPEG audio, if it says so. */
static bool says_otherwise(const unsigned char *p, size_t n)
{
    static const char *const marks[] = {"FORM", "fLaC", "OggS", "caff", ".snd", "riff"};
    for (size_t i = 0; n >= 4 && i < sizeof marks / sizeof *marks; i++)
        if (memcmp(p, marks[i], 4) == 0)
            return true;
    bool wave = n >= 22 && memcmp(p + 8, "WAVE", 4) == 0 &&
                (memcmp(p, "RIFF", 4) == 0 || memcmp(p, "RF64", 4) == 0);
    bool mpeg_inside = wave && memcmp(p + 12, "fmt ", 4) == 0 && p[21] == 0 &&
                       (p[20] == 0x50 || p[20] == 0x55);
    return wave && !mpeg_inside;
}

enum mpeg_likeness mpeg_probe(int fd, bool lenient)
{
    unsigned char *p = malloc(LOOK_BYTES);
    if (!p)
        return MPEG_NO;
    ssize_t got = pread(fd, p, LOOK_BYTES, 0);
    off_t tags = 0;
    /* Several tags may follow one another. */
    for (int i = 0; i < 8 && got > 0; i++) {
        size_t tag = mpeg_id3_bytes(p, (size_t)got);
        if (tag == 0)
            break;
        tags += (off_t)tag;
        got = pread(fd, p, LOOK_BYTES, tags);
    }
    size_t n = got > 0 ? (size_t)got : 0, at = 0;
    if (says_otherwise(p, n)) {
        free(p);
        return MPEG_NO;
    }
    bool found = false, whole_file = n < LOOK_BYTES;
    for (; !found && at + 4 <= n && at < LENIENT_BYTES; at++) {
        found = row_at(p, n, at, whole_file);
        if (!lenient && p[at] != 0)
            break;
    }
    bool sync = n >= 2 && p[0] == 0xff && (p[1] & 0xe0) == 0xe0;
    free(p);
    return found ? MPEG_YES : sync ? MPEG_SYNC_ONLY : MPEG_NO;
}
