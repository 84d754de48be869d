/* own_stderr: trowel's messages on descriptor 2 without those of libraries.
 *
 * libmpg123 prints about damaged MP3s, libsndfile's other codecs now and then: none of it
 * names a file. What they print through stdio's stderr is dropped from here on; what a
 * sanitizer or the C library itself writes to the descriptor still arrives.
 * Thread: once, at the start, before any other thread. */
#ifndef TROWEL_OWN_STDERR_H
#define TROWEL_OWN_STDERR_H

#include <stdio.h>

/* The stream for our own messages. Where the C library does not let stderr be replaced,
 * it is stderr and nothing is dropped. */
FILE *own_stderr(void);

#endif
