/* glide: whether what sounds slides in pitch all along.
 *
 * Fine chroma that slides is its own earlier self, turned. Each is compared with the one
 * GLIDE_APART before, turned by every number of bins up to GLIDE_REACH either way; over a
 * stretch the mean of these correlations has its top where the pitches went. A slow sway
 * and a step from note to note leave it at none, a vibrato there or both ways alike, and
 * of noise it stays low everywhere. Up to 7 semitones a second are followed: what is
 * faster leaves no peaks in windows of 0.37 s.
 * Thread: pure functions. */
#ifndef TROWEL_DSP_GLIDE_H
#define TROWEL_DSP_GLIDE_H

#include "dsp/chroma.h"

enum {
    GLIDE_APART = 3, /* chromas: 0.28 s */
    GLIDE_REACH = 7, /* fine bins */
    GLIDE_TURNS = 2 * GLIDE_REACH + 1
};

/* Add the correlations of two fine chromas, the later one turned back by −GLIDE_REACH …
 * GLIDE_REACH bins. */
void glide_add(const double before[CHROMA_FINE], const double after[CHROMA_FINE],
               double turned[GLIDE_TURNS]);

/* How far the pitches of a stretch of that length are sliding, 0 … 1, from its mean
 * correlations: 0 up to 0.4 semitones from its start to its end, which a slow sway goes
 * too, 1 from a semitone on. */
double glide_of(const double turned[GLIDE_TURNS], double seconds, double apart_s);

#endif
