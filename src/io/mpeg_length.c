#include "io/mpeg_length.h"

#include "io/mpeg_probe.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WINDOW_BYTES = 1 << 16, LOOK_BYTES = 256 };
enum { DELAY_AT = 21 }; /* in what LAME writes behind the Xing fields */

/* A window that slides over the file. */
struct view {
    int fd;
    int64_t start, size;
    int64_t count;
    unsigned char bytes[WINDOW_BYTES];
};

/* `n` (at most LOOK_BYTES) bytes at `at`, or NULL beyond the end. */
static const unsigned char *look(struct view *v, int64_t at, int64_t n)
{
    if (at < 0 || at + n > v->size)
        return NULL;
    if (at < v->start || at + n > v->start + v->count) {
        ssize_t got = pread(v->fd, v->bytes, WINDOW_BYTES, (off_t)at);
        v->start = at;
        v->count = got > 0 ? got : 0;
    }
    return n <= v->count - (at - v->start) ? v->bytes + (at - v->start) : NULL;
}

/* The first place from `at` on where two frames of the stream follow one another; any
 * stream when `like` is NULL. -1 when there is none. */
static int64_t find_frame(struct view *v, int64_t at, const unsigned char *like)
{
    const unsigned char *p;
    for (; (p = look(v, at, 4)); at++) {
        unsigned char header[4];
        size_t length = p[0] == 0xff ? mpeg_frame_bytes(p) : 0;
        if (length == 0 || (like && !mpeg_same_stream(p, like)))
            continue;
        memcpy(header, p, 4);
        const unsigned char *next = look(v, at + (int64_t)length, 4);
        bool last = at + (int64_t)length == v->size;
        if (last || (next && mpeg_frame_bytes(next) && mpeg_same_stream(header, next)))
            return at;
    }
    return -1;
}

static bool is_layer_3(const unsigned char *header)
{
    return (header[1] >> 1 & 3) == 1;
}

static size_t side_bytes(const unsigned char *header)
{
    bool first = (header[1] >> 3 & 3) == 3, mono = header[3] >> 6 == 3;
    return first ? (mono ? 17 : 32) : (mono ? 9 : 17);
}

/* Is the frame at `at` a Xing, Info or VBRI header? *frames receives the count that it
 * states, *delay the encoder's delay, each -1 where there is none. */
static bool is_info(struct view *v, int64_t at, int64_t *frames, int *delay)
{
    const unsigned char *p = look(v, at, LOOK_BYTES);
    *frames = *delay = -1;
    if (!p)
        return false;
    const unsigned char *tag = p + 4 + side_bytes(p);
    bool xing = memcmp(tag, "Xing", 4) == 0 || memcmp(tag, "Info", 4) == 0;
    if (xing && (tag[7] & 1))
        *frames = (int64_t)tag[8] << 24 | tag[9] << 16 | tag[10] << 8 | tag[11];
    if (xing) { /* count, bytes, table and quality may stand before it */
        const unsigned char *lame = tag + 8 + (tag[7] & 1 ? 4 : 0) +
                                    (tag[7] & 2 ? 4 : 0) + (tag[7] & 4 ? 100 : 0) +
                                    (tag[7] & 8 ? 4 : 0);
        if (*lame)
            *delay = lame[DELAY_AT] << 4 | lame[DELAY_AT + 1] >> 4;
    }
    return xing || memcmp(p + 36, "VBRI", 4) == 0;
}

static int64_t count_frames(struct view *v, int64_t at, const unsigned char like[4],
                            int64_t *end)
{
    int64_t count = 0;
    while (at >= 0) {
        const unsigned char *p = look(v, at, 4);
        size_t length = p && mpeg_same_stream(p, like) ? mpeg_frame_bytes(p) : 0;
        if (length == 0) {
            at = p ? find_frame(v, at + 1, like) : -1;
            continue;
        }
        at += (int64_t)length;
        if (at > v->size)
            break; /* cut short */
        count++;
        *end = at;
    }
    return count;
}

/* The stream's own header at another bit rate, without check sum and padding. */
static void make_header(unsigned char *frame, const unsigned char like[4], int bit_rate)
{
    memcpy(frame, like, 4);
    frame[1] |= 1;
    frame[2] = (unsigned char)(bit_rate << 4 | (like[2] & 0x0c));
}

/* A frame that holds nothing but the count and the encoder's delay, in samples. Where the
 * file states none, a decoder would drop its own delay of 529 samples all the same, once
 * it knows a count, and every place would lie 12 ms early: then a silent frame follows,
 * and all of that is dropped and nothing else. */
static size_t make_head(unsigned char *head, const unsigned char like[4], int64_t count,
                        int delay)
{
    enum { DECODER_DELAY = 529, SMALLEST = 1, ROOMY = 9 }; /* 32 or 8, 128 or 80 kbit/s */
    bool silent = delay < 0;
    uint32_t frames = (uint32_t)count + silent;
    memset(head, 0, SPLICE_HEAD_BYTES);
    make_header(head, like, ROOMY);
    if (silent)
        delay = ((like[1] >> 3 & 3) == 3 ? 1152 : 576) - DECODER_DELAY;
    unsigned char *tag = head + 4 + side_bytes(like);
    memcpy(tag, "Xing\0\0\0\1", 8);
    for (int i = 0; i < 4; i++)
        tag[8 + i] = (unsigned char)(frames >> (24 - 8 * i) & 0xff);
    memcpy(tag + 12, "trowel", 6);
    tag[12 + DELAY_AT] = (unsigned char)(delay >> 4);
    tag[12 + DELAY_AT + 1] = (unsigned char)(delay << 4 & 0xf0);
    size_t bytes = mpeg_frame_bytes(head);
    if (bytes == 0 || !silent)
        return bytes;
    make_header(head + bytes, like, SMALLEST);
    size_t more = mpeg_frame_bytes(head + bytes);
    return more ? bytes + more : 0;
}

static int64_t skip_tags(struct view *v)
{
    int64_t at = 0;
    const unsigned char *p;
    for (int i = 0; i < 8 && (p = look(v, at, 10)); i++) {
        size_t tag = mpeg_id3_bytes(p, 10);
        if (tag == 0)
            break;
        at += (int64_t)tag;
    }
    return at;
}

bool mpeg_length_splice(struct splice *s, int fd)
{
    struct stat status;
    struct view v = {.fd = fd};
    if (fstat(fd, &status) != 0)
        return false;
    v.size = (int64_t)status.st_size;
    int64_t tags = skip_tags(&v), first = find_frame(&v, tags, NULL), at = first;
    const unsigned char *p = at < 0 ? NULL : look(&v, at, 4);
    if (!p || !is_layer_3(p))
        return false;
    unsigned char like[4];
    memcpy(like, p, 4);
    int64_t stated;
    int delay;
    bool info = is_info(&v, at, &stated, &delay);
    if (info)
        at += (int64_t)mpeg_frame_bytes(like);
    int64_t end = at, count = count_frames(&v, at, like, &end);
    /* Encoders count their own header frame or not: one more is no news. */
    if (count == 0 || count >= UINT32_MAX)
        return false;
    if (info && stated >= count - 1) {
        *s = (struct splice){.fd = fd, .first = first, .end = v.size};
        return first > tags;
    }
    *s = (struct splice){.fd = fd, .first = at, .end = end};
    s->head_bytes = make_head(s->head, like, count, delay);
    return s->head_bytes > 0 && s->head_bytes <= sizeof s->head;
}
