/* makers: what the stages that make sounds share with the pipelines that make them from
 * folders (textures, dust, clouds).
 * Thread: pure, except where a struct dig is given. */
#ifndef TROWEL_CORE_MAKERS_H
#define TROWEL_CORE_MAKERS_H

#include "core/dig.h"
#include "dsp/grains.h"
#include "dsp/hiss.h"

/* Score and parts of something made: what it was made from ("source"), how even its level
 * is ("even": beside its rise and fall where it is no loop and lasts), and for loops how
 * well it joins ("seam", which a loop may be too short to judge). */
void maker_score(struct candidate *c, const struct audio *sound, double source_score,
                 bool loop, const struct seam *seam);

/* How long a made loop of `wanted` seconds is: on the grid the nearest of the bar
 * lengths, else so long. */
double maker_loop_s(const struct dig *d, double wanted);

/* The specs as the config wants them. */
struct grains_spec maker_cloud_spec(const struct config *cfg, double transpose_semitones);
struct hiss_spec maker_hiss_spec(const struct config *cfg);

#endif
