/* scan: what the samples of one hop tell without a transform.
 *
 * Feed hops in order; runs (clipping, zeros) go on from hop to hop. See track.h for what
 * the flags mean. Thread: belongs to one thread at a time. */
#ifndef TROWEL_DSP_SCAN_H
#define TROWEL_DSP_SCAN_H

#include <stdint.h>

struct scan;

struct scan_hop {
    const float *clean; /* the hop with non-finite samples as 0; valid until the next */
    double mean_square, sum, peak; /* of the mono mean */
    double side;    /* of two channels: Σ half of left minus right; else 0 */
    double energy;  /* mean squares of the channels, added */
    unsigned flags; /* enum track_flag */
};

struct scan_totals {
    int64_t clipped_runs, clipped_samples, nonfinite_samples, zero_frames;
};

/* Hops of at most `hop` frames. NULL when memory runs out. */
struct scan *scan_new(int channels, int hop);
void scan_free(struct scan *s);

/* Samples beyond full scale are whole: of those only what stays at one value is clipped.
 */
void scan_headroom(struct scan *s);

/* `x`: frames ≥ 1 interleaved frames; `mono` gets their mean. */
void scan_next(struct scan *s, const float *x, int frames, float *mono,
               struct scan_hop *out);
const struct scan_totals *scan_totals(const struct scan *s);

#endif
