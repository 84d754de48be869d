/* mpeg_probe: does a file begin with a row of MPEG audio frames that fit together?
 *
 * MPEG audio has no magic number, only an 11-bit sync word that any picture or UTF-16
 * text may hold. A frame header gives the length of its frame, though, so the next header
 * must stand right behind it, with the same version, layer and rate (ISO 11172-3, 2.4.1).
 * Thread: no shared state. */
#ifndef TROWEL_IO_MPEG_PROBE_H
#define TROWEL_IO_MPEG_PROBE_H

#include <stdbool.h>
#include <stddef.h>

/* Reads from the start of `fd` and puts its position back. An ID3v2 tag and zeros are
 * passed over; with `lenient` (the name says MP3) also other bytes, up to 64 KiB. */
enum mpeg_likeness {
    MPEG_NO,
    MPEG_SYNC_ONLY, /* begins with a sync word and no more: decoders would try it in vain
                     */
    MPEG_YES
};
enum mpeg_likeness mpeg_probe(int fd, bool lenient);

/* Length in bytes of the frame whose header is at `p`, 0 when it is none. */
size_t mpeg_frame_bytes(const unsigned char p[4]);
/* Do two headers belong to one stream (version, layer, rate)? */
bool mpeg_same_stream(const unsigned char *a, const unsigned char *b);
/* The length of the ID3v2 tag at `p`, 0 when there is none. */
size_t mpeg_id3_bytes(const unsigned char *p, size_t n);

#endif
