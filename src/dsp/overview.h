/* overview: what a recording looks like, at every zoom.
 *
 * A pyramid of bins, each with the smallest and largest sample over all channels and the
 * RMS: the finest bins hold `bin_frames` frames, each level above groups 8. Values are
 * kept in 8 bits on a signed logarithmic scale: within 4 % of the value down to −84 dB
 * (RMS: 4 %, down to −100 dB), smaller ones round to 0; 3.4 bytes per finest bin.
 * Thread: pushing belongs to one thread; once finished it may be read by any number. */
#ifndef TROWEL_DSP_OVERVIEW_H
#define TROWEL_DSP_OVERVIEW_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

struct overview;

struct overview_column {
    float min, max; /* full scale ±1, clamped to it */
    float rms;
};

/* NULL when memory runs out. bin_frames ≥ 1 (256 is usual). */
struct overview *overview_new(int bin_frames);
void overview_free(struct overview *o);

/* Append frames (interleaved, any number at a time; the result does not depend on how
 * they are divided). Non-finite samples count as 0. ST_NO_MEMORY. */
enum status overview_push(struct overview *o, const float *interleaved, size_t frames,
                          int channels, struct err *e);

/* No more frames: completes the last bins. Needed before reading. */
enum status overview_finish(struct overview *o, struct err *e);

/* Columns of a picture of the frames [start, end): column c covers
 * [start + c·(end − start)/n, start + (c + 1)·(end − start)/n), widened to whole finest
 * bins. Parts outside the recording are 0. Cost: O(n · 16). */
void overview_columns(const struct overview *o, int64_t start, int64_t end, size_t n,
                      struct overview_column *columns);

/* Largest |sample| of the whole recording as kept (within 4 %), 0 when silent. */
float overview_peak(const struct overview *o);

size_t overview_bytes(const struct overview *o);

#endif
