/* cloud_ground: what of the stable ground of a recording clouds take their grains from.
 *
 * Stable is also what is merely steady: the hiss between two takes, rain, a riser, a
 * talk. How far a tone is held is looked at in parts of some 1.5 s. Pure over the track;
 * an hour some milliseconds. Thread: pure. */
#ifndef TROWEL_DSP_CLOUD_GROUND_H
#define TROWEL_DSP_CLOUD_GROUND_H

#include "dsp/stable.h"

/* Leaves of the ground the parts that hold a tone nearly as well as the best of them, and
 * of the others, the best first, what is missing in `least_s` seconds. Where nothing
 * holds one all of it stays. ST_NO_MEMORY leaves it as it was. */
enum status cloud_ground_choose(struct stable_list *ground, const struct track *t,
                                double least_s, struct err *e);

/* How far a tone is held in these stretches, of at most `longest_s` and in the order of
 * time: 0 for noise, hum and what is struck, 1 for a chord. ST_NO_MEMORY. */
enum status cloud_ground_tone(const struct stable_region *at, size_t count,
                              double longest_s, const struct track *t, double *tone,
                              struct err *e);

#endif
