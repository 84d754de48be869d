/* window: the cosine window of the analysis and synthesis, and that of the filters.
 *
 * Hann: periodic form (as in a DFT), w[i] for i = 0 … n − 1: hann(i) = ½ − ½ cos(2πi/n).
 * With a hop of n/4 the squares of Hann windows add up to 1.5 everywhere, with n/2 the
 * Hann windows themselves to 1. Values are rounded from double.
 * Thread: pure. */
#ifndef TROWEL_DSP_WINDOW_H
#define TROWEL_DSP_WINDOW_H

void window_hann(float *w, int n);

/* Kaiser's, at −1 … 1 of its half width; not normalised: I0(beta) in the middle. */
double window_kaiser(double beta, double place);

#endif
