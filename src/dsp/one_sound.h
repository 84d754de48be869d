/* one_sound: is a short recording a single sound?
 *
 * What rings on and beats, an open hat above all, has onsets that are none. Where the
 * first is where it is loudest and no band of the spectrum rises with a later one, they
 * are the ring of one stroke. A second stroke raises some band by 7 dB or more: of 730
 * one-shots and loops of up to ten seconds the ringing ones have at most 4.5.
 *
 * Thread: pure. Cost: 14 hops per onset. */
#ifndef TROWEL_DSP_ONE_SOUND_H
#define TROWEL_DSP_ONE_SOUND_H

#include "dsp/track.h"

#include <stdbool.h>

bool one_sound(const struct track *t);

#endif
