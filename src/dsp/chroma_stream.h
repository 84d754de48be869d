/* chroma_stream: from a stream of mono sound to its chroma frames.
 *
 * Brings the rate down to 11 – 22 kHz, takes windows of 0.37 s around the middle of every
 * eight hops, and hands them to chroma. Thread: belongs to one thread at a time. */
#ifndef TROWEL_DSP_CHROMA_STREAM_H
#define TROWEL_DSP_CHROMA_STREAM_H

#include "dsp/chroma.h"

enum { CHROMA_BATCH = 8 };

struct chroma_stream;

/* `hop`: frames of a track's hop (even); at most this many are pushed at a time. NULL
 * when memory runs out. */
struct chroma_stream *chroma_stream_new(int rate_hz, int hop);
void chroma_stream_free(struct chroma_stream *s);

/* Returns how many frames came out, 0 or CHROMA_BATCH. */
int chroma_stream_push(struct chroma_stream *s, const float *mono, int frames,
                       struct chroma_frame out[CHROMA_BATCH]);

/* At the end push so many frames of silence; then flush, eight chroma frames at a time,
 * as often as some are still missing. */
int chroma_stream_lag(const struct chroma_stream *s);
void chroma_stream_flush(struct chroma_stream *s, struct chroma_frame out[CHROMA_BATCH]);

double chroma_stream_tuning_cents(const struct chroma_stream *s);

#endif
