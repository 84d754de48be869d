/* kernel: tables for playing a sound at another rate than the device's.
 *
 * A whole sound is never converted: voices interpolate while they play, in frames of the
 * file, so that a loop stays exactly as long as it is at every device rate (a converted
 * loop would have to be rounded to a whole number of device frames).
 * Method: polyphase windowed sinc (Smith & Gossett 1984), Kaiser window of 90 dB, 32 zero
 * crossings to a side of the lower rate. Rates whose ratio is a fraction of small
 * numbers, as all usual ones, have a phase of their own for every place that occurs; for
 * others two of 512 phases are blended. Measured (test_engine): images, aliases and
 * distortion below -85 dB; flat within 0.1 dB to 0.4 of the lower rate. Thread: constant
 * after kernel_new, shared freely. */
#ifndef TROWEL_AUDIO_KERNEL_H
#define TROWEL_AUDIO_KERNEL_H

#include <stdint.h>

enum { KERNEL_PHASES = 512, KERNEL_PHASES_MAX = 1024, KERNEL_TAPS_MAX = 512 };

struct kernel {
    int from_hz, to_hz;
    int taps;     /* a multiple of 4, <= KERNEL_TAPS_MAX */
    int phases;   /* phase p is for the place p / phases after input frame taps / 2 - 1 */
    int unit;     /* to_hz / phases when every place has its phase, 0 = blend */
    float *table; /* (phases + 1) x taps */
};

/* For reading from_hz at to_hz; beyond eight times the aliases of the topmost octave come
 * back. NULL without memory. About 2 ms. */
struct kernel *kernel_new(int from_hz, int to_hz);
void kernel_free(struct kernel *k);

/* The values place / to_hz (0 <= place < to_hz; a sum of from_hz, modulo to_hz) of the
 * way from in[taps / 2 - 1] to in[taps / 2], of one or two channels. */
void kernel_values(const struct kernel *k, int64_t place, const float *left,
                   const float *right, float out[2]);

#endif
