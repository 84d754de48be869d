/* colour: give one loop the long-term spectrum of another (a matching equaliser).
 *
 * What overlaps incoherently in a vocoder (noise, beating partials) loses up to 3 dB
 * while steady partials lose nothing: highs go dull. Third-octave bands of both sounds
 * are compared and the difference is made up by a linear-phase filter of 23 ms, round
 * their joins. Bands more than 80 dB below the whole are left alone, gains stay within −3
 * … +6 dB, differences below 0.02 dB are no reason to filter. Thread: no shared state. */
#ifndef TROWEL_DSP_COLOUR_H
#define TROWEL_DSP_COLOUR_H

#include "core/status.h"
#include "dsp/audio.h"

/* Same channels and rate; lengths may differ. Too short to measure (under two frames of
 * 93 ms): left alone. */
enum status colour_match(struct audio *a, const struct audio *model, struct err *e);

#endif
