/* separate: what sustains in a recording without what is struck, or the other way round.
 *
 * Harmonic/percussive separation by median filters (Fitzgerald 2010): along time a
 * spectrogram shows what sustains as lines, across frequency what is struck. H is the
 * median of a bin's power over 17 frames (0.4 s), P that over 17 bins (180 Hz). What
 * sustains passes by the share H / (H + 3 P), and, as a drum's tail is as narrow as a
 * note, nowhere much louder than its median: by (1.5² H / power), at most 1. What is
 * struck is the rest, so that both add up to the recording, and all above 6 kHz (from
 * 4 kHz on ever more): there it is cymbals that ring. The power is that of all channels,
 * whose image stays. Hann 4096, hop 1024 at 44.1 kHz. How well: docs/dsp.md.
 *
 * A stretch can be had alone: begin reading at separator_from.
 * Ownership: separator_free. Thread: one. Cost: some 1/1000 of real time in stereo;
 * memory 0.6 MB a channel. */
#ifndef TROWEL_DSP_SEPARATE_H
#define TROWEL_DSP_SEPARATE_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

enum separate_part { SEPARATE_SUSTAINED, SEPARATE_STRUCK };

struct separator;

/* ST_UNSUPPORTED below 1 kHz or without a channel; ST_NO_MEMORY. */
enum status separator_new(struct separator **out, int rate_hz, int channels,
                          enum separate_part part, struct err *e);
void separator_free(struct separator *s); /* NULL safe */

/* Forget what was pushed: another stretch, or the beginning, comes next. */
void separator_restart(struct separator *s);

/* The next frames, interleaved, finite. ST_NO_MEMORY. */
enum status separator_push(struct separator *s, const float *x, size_t frames,
                           struct err *e);
/* Nothing comes behind: what is left becomes ready. */
enum status separator_finish(struct separator *s, struct err *e);
/* What became ready since the last call, in order, interleaved: after separator_finish as
 * many frames all in all as were pushed. The separator's memory, until its next call. */
const float *separator_take(struct separator *s, size_t *frames);

/* Where in a recording to begin reading so that what comes out from frame `start` on has
 * the same bits as if all of it had been read: a whole number of hops before it. */
int64_t separator_from(const struct separator *s, int64_t start);

#endif
