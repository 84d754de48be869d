/* biquad: Butterworth filters as second-order sections, four ways to run them.
 *
 * Design: analogue Butterworth prototype, bilinear transform with the corner prewarped
 * (Oppenheim & Schafer). Double accumulators, direct form II transposed. A corner at or
 * above Nyquist makes a low-pass pass everything and a high-pass nothing audible: corners
 * are clamped to 0.1 Hz … 0.499 × rate. Non-finite samples count as 0.
 * Thread: no shared state. */
#ifndef TROWEL_DSP_BIQUAD_H
#define TROWEL_DSP_BIQUAD_H

#include "core/status.h"
#include "dsp/audio.h"

enum { BIQUAD_ORDER_MAX = 8 };

struct biquad {
    int count; /* sections */
    struct biquad_section {
        double b0, b1, b2, a1, a2;
    } section[BIQUAD_ORDER_MAX];
};

/* order 1 … BIQUAD_ORDER_MAX (clamped). −3.01 dB at the corner, 6 dB per octave and
 * order. A band-pass of order n has n poles on each side. */
struct biquad biquad_lowpass(int order, double corner_hz, int rate_hz);
struct biquad biquad_highpass(int order, double corner_hz, int rate_hz);
struct biquad biquad_bandpass(int order, double low_hz, double high_hz, int rate_hz);

/* Forward from rest, in place. */
void biquad_run(const struct biquad *f, struct audio *a);

/* Forward and backward: no phase shift, the gain squared (−6.02 dB at the corner). The
 * ends are continued by point reflection (Gustafsson's alternative, as in filtfilt). */
enum status biquad_zero_phase(const struct biquad *f, struct audio *a, struct err *e);

/* In the steady state of the endlessly repeated loop: exact, from the closed form of the
 * state, no pre-roll. The result loops as seamlessly as the input did. */
void biquad_circular(const struct biquad *f, struct audio *a);
void biquad_circular_zero_phase(const struct biquad *f, struct audio *a);

#endif
