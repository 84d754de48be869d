/* kernel: tables for playing a sound at another rate than the device's.
 *
 * A whole sound is never converted: voices interpolate while they play, in frames of the
 * file, so that a loop stays exactly as long as it is at every device rate (a converted
 * loop would have to be rounded to a whole number of device frames).
 * Method: polyphase windowed sinc (Smith & Gossett 1984), Kaiser window of 90 dB, 32 zero
 * crossings to a side of the lower rate, linear interpolation between 512 phases.
 * Measured (test_kernel): images, aliases and distortion below -85 dB; flat within 0.1 dB
 * to 0.4 of the lower rate. Thread: constant after kernel_new, shared freely. */
#ifndef TROWEL_AUDIO_KERNEL_H
#define TROWEL_AUDIO_KERNEL_H

enum { KERNEL_PHASES = 512, KERNEL_TAPS_MAX = 512 };

struct kernel {
    int from_hz, to_hz;
    int taps; /* even, <= KERNEL_TAPS_MAX */
    /* (KERNEL_PHASES + 1) × taps; phase p is for the place p / KERNEL_PHASES after the
     * input frame number taps / 2 - 1 */
    float *table;
};

/* For reading from_hz at to_hz; beyond eight times the aliases of the topmost octave come
 * back. NULL without memory. About 2 ms. */
struct kernel *kernel_new(int from_hz, int to_hz);
void kernel_free(struct kernel *k);

/* The value `fraction` (0 … 1) of the way from in[taps / 2 - 1] to in[taps / 2]. */
float kernel_value(const struct kernel *k, const float *in, double fraction);

#endif
