/* analysis: the one pass over a recording.
 *
 * Blocks of any size go in as they are decoded; what comes out is a struct track (see
 * there for what it holds). Memory while running: the growing track plus less than 2 MB.
 * The result depends on the samples alone: not on block sizes, machine or thread.
 * Any rate from 8 to 192 kHz gives all features (others are accepted, with grids scaled
 * the same way, from 1 kHz to 1 MHz). Samples that are not finite count as 0.
 * Thread: an analysis belongs to one thread at a time.
 * Cost: one hour of 44.1 kHz stereo in about 5 s. */
#ifndef TROWEL_DSP_ANALYSIS_H
#define TROWEL_DSP_ANALYSIS_H

#include "core/status.h"
#include "dsp/audio.h"
#include "dsp/track.h"

#include <stddef.h>

struct analysis;

/* ST_USAGE for a rate or channel count (1 – 1024) it cannot do; ST_NO_MEMORY. */
enum status analysis_new(struct analysis **out, int rate_hz, int channels, struct err *e);
void analysis_free(struct analysis *a); /* NULL is safe; also before finish */

/* Before the first push: the track will have no overview (2 MB an hour less). */
void analysis_no_overview(struct analysis *a);

/* Before the first push: the recording is float, samples beyond full scale are not
 * clipped. */
void analysis_headroom(struct analysis *a);

/* The next `frames` frames, interleaved. ST_NO_MEMORY: free it. */
enum status analysis_push(struct analysis *a, const float *interleaved, size_t frames,
                          struct err *e);

/* No more frames: picks the onsets, finds tuning, tempo and key, and hands over the track
 * (free with track_free). An analysis without frames gives an empty track. Afterwards
 * only analysis_free is allowed. */
enum status analysis_finish(struct analysis *a, struct track **out, struct err *e);

#endif
