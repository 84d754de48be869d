/* loop_view: a sound as the loop search sees it: one channel, its running energy, and a
 * low-passed, thinned-out copy. Use loop.h. Thread: pure. */
#ifndef TROWEL_DSP_LOOP_VIEW_H
#define TROWEL_DSP_LOOP_VIEW_H

#include "dsp/audio.h"

/* The sound as the search sees it. */
struct loop_view {
    size_t n;
    int rate_hz;
    float *mono;
    double *energy;  /* running sum of squares, n + 1 */
    size_t step;     /* frames per coarse sample */
    size_t coarse_n; /* coarse samples */
    float *coarse;   /* low-passed, every step-th frame */
    double *coarse_energy;
};

/* Without the coarse copy. ST_NO_MEMORY leaves nothing to free. */
enum status loop_view_init(struct loop_view *v, const struct audio *sound, struct err *e);
/* Add it: at 4 kHz, or as much faster as a bright sound needs. ST_NO_MEMORY. */
enum status loop_view_add_coarse(struct loop_view *v, struct err *e);
void loop_view_done(struct loop_view *v);

#endif
