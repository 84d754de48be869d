/* mpeg_length: how long an MP3 file really is.
 *
 * libsndfile reads as many frames as a file's Xing header claims, or, without one, as the
 * bit rate of the first frame suggests: of files with a varying bit rate the end is lost.
 * Here the frames are counted; where the count is not what the file says, a Xing header
 * with the true one is put in front of the first frame, such that every sample stays
 * where a decoder has it that reads the file as it is. Nor does libsndfile know a file
 * whose first frame stands behind bytes that are no tag: those are left out.
 * Thread: no shared state. */
#ifndef TROWEL_IO_MPEG_LENGTH_H
#define TROWEL_IO_MPEG_LENGTH_H

#include "io/splice.h"

#include <stdbool.h>

/* Count the frames of `fd` (layer III); true, with the splice filled, when the file
 * states too few or begins with something else. Cost: one pass over the file's bytes. */
bool mpeg_length_splice(struct splice *s, int fd);

#endif
