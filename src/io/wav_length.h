/* wav_length: recordings whose recorder stopped before it could write the length.
 *
 * A WAV file is begun with a data chunk of 0 bytes, and the length is filled in at the
 * end. When the power fails before, the sound is there, but every reader sees none. */
#ifndef TROWEL_IO_WAV_LENGTH_H
#define TROWEL_IO_WAV_LENGTH_H

#include "io/splice.h"

#include <stdbool.h>

/* True, with the splice filled, when `fd` is a WAV file whose data chunk claims to be
 * empty but is followed by what is no chunk. */
bool wav_length_splice(struct splice *s, int fd);

/* Frames of plain samples that the data chunk of a WAV file claims beyond the end of the
 * file: it was cut short. 0 for what is no WAV file, and for the lengths that stand for
 * "unknown" (2 GB and more). */
int64_t wav_length_missing(int fd);

#endif
