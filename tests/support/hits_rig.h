/* hits_rig: recordings of made drum hits whose place is known. */
#ifndef TROWEL_TESTS_HITS_RIG_H
#define TROWEL_TESTS_HITS_RIG_H

#include "dsp/audio.h"

enum { RATE = 44100 };

/* Silence to add to; ends the test when there is no memory. */
void make(struct audio *a, double seconds, int channels);
/* Noise that starts at once and falls by `fall_db_per_s`. */
void strike(struct audio *a, double at_s, double level, double fall_db_per_s);
/* Noise all through. */
void floor_noise(struct audio *a, double level);

#endif
