/* ogg_probe: what libsndfile has to be told of an Ogg file.
 *
 * The last page of a Vorbis stream states the sound's end, not the end of its packets
 * (Vorbis I, A.2), so a place inside it cannot be worked out from its end, and libsndfile
 * 1.2 seeks to a wrong frame there. Seeks have to land before it. Of streams that follow
 * one another (a chain, as recorders of net radio write it) it reads the first.
 * Thread: no shared state. */
#ifndef TROWEL_IO_OGG_PROBE_H
#define TROWEL_IO_OGG_PROBE_H

#include <stdbool.h>
#include <stdint.h>

struct ogg_shape {
    int64_t last_page_start; /* its granule position (for Vorbis: frames), or 0 */
    bool ended;              /* the last page is marked as its stream's last */
    bool chained;            /* the last page belongs to another stream than the first */
};

/* All zero for another file, or when it cannot be read. fd's position stays. */
struct ogg_shape ogg_probe(int fd);

#endif
