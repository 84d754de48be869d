/* mixdown: one channel to judge a sound by, that no phase trick can empty.
 * Thread: pure. */
#ifndef TROWEL_DSP_MIXDOWN_H
#define TROWEL_DSP_MIXDOWN_H

#include "dsp/audio.h"

/* The mean of the channels, each turned so that it correlates positively with the first:
 * the plain mean for ordinary stereo, the difference for sound in opposite phase. `mono`
 * gets a->frames values; non-finite samples count as 0. */
void mixdown(const struct audio *a, float *mono);

/* `a` in one channel to be heard: the plain mean, or where that all but cancels, what
 * mixdown makes of it. ST_NO_MEMORY. */
enum status mixdown_fold(struct audio *a, struct err *e);

#endif
