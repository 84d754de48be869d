/* sound_length: what a file's header says of the length of its sound, against what is
 * there.
 *
 * A recorder begins a file with a length of nothing, or of all that is to come, and puts
 * the true one in at the end. When the power fails before, or a copy breaks off, the
 * sound is there as far as it goes, but the header says otherwise.
 * Thread: no shared state. */
#ifndef TROWEL_IO_SOUND_LENGTH_H
#define TROWEL_IO_SOUND_LENGTH_H

#include "io/splice.h"

#include <stdbool.h>

/* True, with the splice filled, when libsndfile would not read what is there: a WAV file
 * (or RF64) whose data chunk claims less than is there and is followed by neither a chunk
 * nor a tag (also one of more than 4 GiB, for whose length the header has no room), a
 * CAF file whose data chunk ends behind the file or with it (its length is -1), or a VOC
 * file of eight bits without an end mark. */
bool sound_length_splice(struct splice *s, int fd);

/* Bytes of sound that `fd` holds and should hold beyond them: it was cut short. Known of
 * WAV, RF64, W64, AIFF, 8SVX, CAF, VOC and AU; false for all others, when nothing is
 * missing, and for lengths that stand for "unknown". */
bool sound_length_missing(int fd, int64_t *there, int64_t *missing);

#endif
