/* drone: pads in several shades, and long swells from them.
 *
 * Pitch and length: stretch_pitch and stretch_any. Here are the tones, the reversal and
 * the swells. Thread: no shared state. Stream: "swell". */
#ifndef TROWEL_DSP_DRONE_H
#define TROWEL_DSP_DRONE_H

#include "core/rng.h"
#include "core/status.h"
#include "dsp/audio.h"

#include <stdbool.h>

enum drone_tone { DRONE_PLAIN, DRONE_WARM, DRONE_AIRY, DRONE_DARK, DRONE_TONES };

const char *drone_tone_name(enum drone_tone t); /* "plain", "warm", "airy", "dark" */

struct drone_tones {
    double warm_lowpass_hz, airy_highpass_hz, dark_high_cut_hz;
};

/* What a loop that is pitched down holds below hearing takes the room of what is heard:
 * a high-pass round its join, zero phase, −6 dB at 27 Hz, −1 at 35, −14 at 23. Nor is a
 * mean left.
 */
void drone_unrumble(struct audio *a);

/* Colour a loop in place, round its join. WARM: low-pass (zero phase, −6 dB at the
 * corner, 12 dB an octave) with 2 dB more body below 250 Hz. DARK: low-pass, 24 dB an
 * octave. AIRY: first-order high-pass, a tilt of 6 dB an octave up to the corner, so that
 * a pad without any air keeps its tone. A shade may bring out what the pad hid, strokes
 * in the treble most of all: the 50 ms level is brought within 6 dB of its
 * mean. The RMS is kept where the true peak allows it (−1 dBFS); silence stays silence.
 * PLAIN does nothing. */
enum status drone_colour(struct audio *a, enum drone_tone tone,
                         const struct drone_tones *t, struct err *e);

void drone_reverse(struct audio *a); /* in place */

struct swell_spec {
    double duration_s;            /* drones.swell_duration_sec, exact */
    double fade_in_s, fade_out_s; /* at least 10 ms; both shrunk in proportion when they
                                     do not fit */
    bool reversed;
};

/* A swell of llround(duration_s × rate) frames: the pad, a loop, goes round at its own
 * pace and dissolves into its own spectral smear as it goes, so that no repetition stands
 * out, wavering no more than the pad does (blend.h); then a sin² rise, a slow swelling to
 * the middle, a cosine fall. First and last frame are 0. The level is the pad's; ST_EMPTY
 * when the pad is silent, ST_USAGE for a duration out of range. */
enum status drone_swell(struct audio *to, const struct audio *pad,
                        const struct swell_spec *s, struct rng *r, struct err *e);

#endif
