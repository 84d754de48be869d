/* refusal: why a file is not read, in words that help whoever recorded it.
 * Thread: pure. */
#ifndef TROWEL_IO_REFUSAL_H
#define TROWEL_IO_REFUSAL_H

enum { REFUSAL_HEAD_BYTES = 16 };

/* A fragment that follows "cannot be read as audio: ", static or `said` itself. `head` is
 * how the file begins (zeros beyond its end), `said` what libsndfile gave as its reason.
 */
const char *refusal(const unsigned char head[REFUSAL_HEAD_BYTES], const char *said);

#endif
