/* mpeg_stream: an MP3 file as a stream that states its true length.
 *
 * libsndfile reads as many frames as a file's Xing header claims, or, without one, as the
 * bit rate of the first frame suggests: of files with a varying bit rate the end is lost.
 * Here the frames are counted; where the count is not what the file says, the stream
 * shows a Xing header with the true one in front of the first frame. */
#ifndef TROWEL_IO_MPEG_STREAM_H
#define TROWEL_IO_MPEG_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MPEG_HEAD_BYTES = 1500 };

struct mpeg_stream {
    int fd;             /* borrowed */
    int64_t first, end; /* of the file's bytes that are shown */
    int64_t at;         /* position in the shown stream */
    size_t head_bytes;
    unsigned char head[MPEG_HEAD_BYTES];
};

/* Count the frames of `fd` (layer III); true when the stream is needed because the file
 * states too few. Cost: one pass over the file's bytes. */
bool mpeg_stream_init(struct mpeg_stream *s, int fd);

int64_t mpeg_stream_length(const struct mpeg_stream *s);
int64_t mpeg_stream_read(struct mpeg_stream *s, void *to, int64_t n);

#endif
