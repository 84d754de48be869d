/* sample_shape: a sound as a drum machine is to have it, but for its level and its bits.
 * An export and whoever lets it be heard before share it. Thread: pure. */
#ifndef TROWEL_DSP_SAMPLE_SHAPE_H
#define TROWEL_DSP_SAMPLE_SHAPE_H

#include "dsp/audio.h"

#include <stdbool.h>

struct sample_shape {
    int channels, rate_hz;
    bool struck; /* played by a key: it must answer at once */
};

/* In place: to this rate and so many channels (for one, channels in opposite phase are
 * brought into phase, so that they do not cancel); what is struck is trimmed to within
 * 1 ms of its attack (loops and slow sounds are not); ends that click are closed, those
 * of loops too. ST_NO_MEMORY, ST_USAGE for a rate below 1 Hz. */
enum status sample_shape_apply(struct audio *a, const struct sample_shape *shape,
                               struct err *e);

#endif
