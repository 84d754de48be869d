/* partials: how fast the partials of a spectrum go on, and the phases of held ones.
 *
 * For what puts the windows of a sound down elsewhere than it took them (stretch.h).
 * Spectra as rfft_forward has them, of windows of n frames under window_hann.
 * Thread: a struct partials belongs to one thread at a time. */
#ifndef TROWEL_DSP_PARTIALS_H
#define TROWEL_DSP_PARTIALS_H

#include <stddef.h>
#include <stdint.h>

/* A step's spectra and those of the step before: of each channel `apart` floats behind
 * those of the channel before it. */
struct partials_step {
    const float *now, *before;
    size_t now_apart, before_apart, channels;
    int n;
    double hop_in, hop_out; /* frames from the step before, in the input and the output */
    /* Spectra of what the output will be mixed with, apart as `now`; NULL: nothing. */
    const float *mate;
    /* Of a loop that is to close: steps left to where the first comes again (0: that is
     * not to be heeded), and frames. */
    size_t left;
    double left_in, left_out;
};

/* Radians a frame by which the peak at a bin advances, from the energy-weighted mean of
 * the channels' phase advances. */
double partials_frequency(const struct partials_step *s, int peak);

double partials_wrap(double angle); /* into ±π */

enum { PARTIALS_CIRCLE = 4096 }; /* of this is a phase drawn by chance */

struct partials;
struct partials *partials_new(int n); /* NULL when memory runs out */
void partials_free(struct partials *p);

/* The held partials of the next step: peaks that stand 17 dB out of the bins around, or
 * 10 dB and were held before; next to none of noise, nor of an attack. Their slopes are
 * theirs too. `angle` has n/2 + 1 values: the radians by which the phase of the partial
 * that a bin is of has to be turned so that it goes on in the output, NAN for bins of
 * none. One that is new begins where `chance` of its bin (0 … PARTIALS_CIRCLE − 1) says.
 * With a mate each makes for a quarter turn before or behind that one, where their powers
 * add, by half a turn in eight steps at most. */
void partials_follow(struct partials *p, const struct partials_step *s,
                     const uint16_t *chance, double *angle);

#endif
