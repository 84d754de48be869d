/* drum_nets: the networks of dsp/drum_class, whose numbers are a generated table
 * (tools/train_drums.py).
 *
 * A committee (an ensemble, whose members are averaged) names the drum: perceptrons with
 * one hidden layer, and convolutional networks (`sight` in the table), before whose
 * hidden layer a kernel of some bands and all moments goes along the bands of the picture
 * of the hit, with max pooling over each two places, so that a drum tuned otherwise looks
 * alike. One more perceptron tells drums from notes.
 * Thread: pure functions. Cost: 0.04 to 0.05 ms a hit. Internal. */
#ifndef TROWEL_DSP_DRUM_NETS_H
#define TROWEL_DSP_DRUM_NETS_H

#include "dsp/drum_class.h"
#include "dsp/drum_features.h"

#include <stdbool.h>

struct drum_opinion {
    double probability[DRUM_CLASS_COUNT]; /* the committee's mean */
    double drum;                          /* that it is a drum, not a note */
};

/* Brings the features of a hit to the networks' scale. */
void drum_nets_standardise(float x[DRUM_FEATURES]);

/* Of standardised features. */
void drum_nets_ask(const float x[DRUM_FEATURES], struct drum_opinion *out);

/* By how common the classes are in music; in training each counts about alike. */
double drum_nets_prior(enum drum_class c);

/* Whether the table's checksum holds. */
bool drum_nets_are_whole(void);

/* What training computed for hits whose standardised feature i is 2·sin(i·(trial + 1)):
 * NULL from the last on. */
const float *drum_nets_trial(int trial); /* the probabilities, then `drum` */

#endif
