/* ogg_probe: where the last page of an Ogg file begins.
 *
 * The last page of a Vorbis stream states the sound's end, not the end of its packets
 * (Vorbis I, A.2), so a place inside it cannot be worked out from its end, and libsndfile
 * 1.2 seeks to a wrong frame there. Seeks have to land before it. */
#ifndef TROWEL_IO_OGG_PROBE_H
#define TROWEL_IO_OGG_PROBE_H

#include <stdint.h>

/* The granule position at which the last page begins (for Vorbis: frames), 0 when it
 * cannot be told. Leaves the position of `fd` alone. */
int64_t ogg_last_page_start(int fd);

#endif
