/* offset: DC offset, the constant that a recording's samples lie on, for want of a DC
 * blocker.
 *
 * The mean of a recording, or of a hit, is no such thing: a kick's first half-wave leaves
 * a mean of its own. So blocks of about 10 ms are taken together, quiet ones counting
 * most (weights 1/mean square), and what does not exceed the uncertainty of that mean is
 * no offset. Thread: no shared state. */
#ifndef TROWEL_DSP_OFFSET_H
#define TROWEL_DSP_OFFSET_H

#include "dsp/audio.h"

#include <stdbool.h>
#include <stddef.h>

/* Linear. Of two channels the left lies on middle + side, the right on middle − side; of
 * any other number each is taken to lie on the middle. 0 (or the base) unless 0.001 and
 * six times its standard error off that, by the weight of more than 36 blocks (of 4 in a
 * whole sound of up to 3.3 s). */
struct offsets {
    double middle, side;
};

/* Running sums over blocks; starts zeroed, but for what is known of them beforehand:
 * `base` is what comes out unless the blocks plainly say otherwise; `whole`: they are all
 * of a sound, with the rest that it comes from and dies away to. OFFSET_ROUNDS times all
 * blocks, offset_again before each: levels are taken about what the round before found.
 */
struct offset {
    struct offsets base;
    bool whole;
    double about, blocks, weight, weight2;
    double mean, mean2, side, side2;
};

enum { OFFSET_ROUNDS = 3 };

/* A block: the mean of its samples and of their squares, of the mean of the channels; and
 * the mean of half of left minus right. */
void offset_add(struct offset *o, double mean, double side, double mean_square);

void offset_again(struct offset *o);

struct offsets offset_values(const struct offset *o);

struct offsets offset_of(const struct audio *a, bool whole);

/* Take it off `frames` interleaved frames. */
void offset_remove(float *samples, size_t frames, int channels, struct offsets offset);

#endif
