/* blend: a sound that turns into another, and wavers no more than they do.
 *
 * Two sounds of the same partials meet in phases that drift: their sum beats, by 10 dB
 * and more where a partial is alone in its band (a flute, a violin with vibrato), however
 * steady each of them is. So the mixture is brought to the level the two would have if
 * they added in power and the second were even: in bands of a third of an octave, each
 * frame of 46 ms has the mean power of the second around, and of what the first does
 * around its own such mean the share that the first has in the mixture.
 * Thread: no shared state. */
#ifndef TROWEL_DSP_BLEND_H
#define TROWEL_DSP_BLEND_H

#include "core/status.h"
#include "dsp/audio.h"

/* `to` goes over into `other` (as many frames and channels) by equal power: from nothing
 * of it to sin(end × a quarter turn). Gains are the same for all channels, between 0.5
 * and 4; within half a dB of what is wanted nothing is changed. Samples that are not
 * finite count as 0. */
enum status blend(struct audio *to, const struct audio *other, double end, struct err *e);

#endif
