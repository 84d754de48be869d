/* one_sound: which onsets begin a sound, and which are only the ring of one?
 *
 * What rings on and beats, an open hat above all, has onsets that are none. Where the
 * first of a short recording is where it is loudest and no band of the spectrum rises
 * with a later one, they are the ring of one stroke. A second stroke raises some band by
 * 7 dB or more: of 730 one-shots and loops of up to ten seconds the ringing ones have at
 * most 4.5.
 *
 * In longer ones music goes on, in which soft strokes raise nothing either. But where
 * only weak ones that raise no band by 4 dB follow a stroke, for as long as a hit lasts,
 * they are its ring: in music some stroke nearby does.
 *
 * Thread: pure. Cost: 30 hops per onset. */
#ifndef TROWEL_DSP_ONE_SOUND_H
#define TROWEL_DSP_ONE_SOUND_H

#include "dsp/track.h"

/* The track's onsets with which sounds begin, and its clicks. Ownership: *out is filled,
 * free it with onset_list_done. ST_NO_MEMORY leaves it empty. */
enum status one_sound_begins(const struct track *t, struct onset_list *out,
                             struct err *e);

#endif
