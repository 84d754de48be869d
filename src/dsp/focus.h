/* focus: how long the windows have to be in which an octave of a loop is sharpest.
 *
 * Partials that hold still, however close together, are told apart best by long windows;
 * those that sway (vibrato, a choir's voices) by short ones: in 186 ms a vibrato at 2 kHz
 * is a dozen lines, which a vocoder takes for as many partials. Sharp is a spectrogram in
 * which few values hold the energy: Σ|X|² over (Σ|X|)², four times as much for a steady
 * tone in windows four times as long, and the same for noise.
 * Thread: no shared state. */
#ifndef TROWEL_DSP_FOCUS_H
#define TROWEL_DSP_FOCUS_H

#include "core/status.h"
#include "dsp/audio.h"

#include <stdbool.h>

enum { FOCUS_WINDOWS = 3, FOCUS_BANDS = 7 };

struct focus {
    int rate_hz;
    int n[FOCUS_WINDOWS];            /* Hann 8192, 4096, 2048 at 44.1 kHz */
    double edge_hz[FOCUS_BANDS - 1]; /* about 250, 500, 1000 … Hz: where least sounds */
    int window[FOCUS_BANDS];         /* of each band; of the first the longest */
};

/* All channels together, the loop all round. */
enum status focus_find(struct focus *f, const struct audio *loop, struct err *e);

/* Which of its n/2 + 1 bins a window is to see to: 1, or 0 for those that others see to.
 * Nothing lies between: a glide that both render for a while cancels. False when there
 * are none. */
bool focus_share(const struct focus *f, int window, float *share);

#endif
