/* weave: what woven loops (clouds, hiss) share: even level and a calm join. Both work on
 * the circle: a seamless loop stays seamless. Thread: no shared state. */
#ifndef TROWEL_DSP_WEAVE_H
#define TROWEL_DSP_WEAVE_H

#include "core/status.h"
#include "dsp/audio.h"
#include "dsp/seam.h"

/* Bring the 50 ms level of a loop within ± tolerance_db of its mean by smooth gains
 * common to all channels, of at most 12 dB a round, as many rounds as it takes (16 at
 * most), but nothing is raised by more than 30 dB: a gap stays one. Silence stays
 * silence. */
enum status weave_even(struct audio *loop, double tolerance_db, struct err *e);

/* Turn the circle so that it begins where it is calmest, and nothing (not even a chance
 * coincidence of grains) marks the join: the calmest places are tried with seam_measure,
 * the first that is seamless with room is taken, else the best. What is heard in a loop
 * stays the same. Loops too short to judge are left as they are. `seam` is that of the
 * join that was chosen. */
enum status weave_calm_join(struct audio *loop, struct seam *seam, struct err *e);

#endif
