/* drone: pads in several shades, and long swells from them.
 *
 * Pitch and length of loops: stretch_pitch and stretch_any with loop = true. Here are the
 * tones, the reversal and the swells. Thread: no shared state. Stream: "swell". */
#ifndef TROWEL_DSP_DRONE_H
#define TROWEL_DSP_DRONE_H

#include "core/rng.h"
#include "core/status.h"
#include "dsp/audio.h"

#include <stdbool.h>

enum drone_tone { DRONE_PLAIN, DRONE_WARM, DRONE_AIRY, DRONE_DARK, DRONE_TONES };

const char *drone_tone_name(enum drone_tone t); /* "plain", "warm", "airy", "dark" */
int drone_tone_find(const char *name);          /* or -1 */

struct drone_tones {
    double warm_lowpass_hz, airy_highpass_hz, dark_high_cut_hz;
};

void drone_tones_defaults(struct drone_tones *t); /* 3500, 5500, 1200 */

/* Colour a sound in place, zero-phase, circular for a loop. WARM: 2nd-order low-pass with
 * a little more body (+2 dB below 250 Hz). AIRY: everything above the corner raised by
 * 9 dB, the low end thinned by 6 dB below 200 Hz, so that a pad without any air keeps its
 * tone. DARK: 4th-order low-pass. The RMS is kept where the true peak allows it (−1
 * dBFS); silence stays silence. */
enum status drone_colour(struct audio *a, enum drone_tone tone,
                         const struct drone_tones *t, bool loop, struct err *e);

void drone_reverse(struct audio *a); /* in place */

struct swell_spec {
    double duration_s;            /* drones.swell_duration_sec, exact */
    double fade_in_s, fade_out_s; /* both shrunk in proportion when they do not fit */
    bool reversed;
};

/* A swell of llround(duration_s × rate) frames from a pad loop: played round (and shifted
 * slowly apart by the smear) up to 1.5 × its length, stretched below 4 ×, smeared from 4
 * × up; then a rise along sin² in loudness, a breath in the middle, and a cosine fall.
 * Starts and ends at zero. ST_EMPTY when the pad is silent. */
enum status drone_swell(struct audio *to, const struct audio *pad,
                        const struct swell_spec *s, struct rng *r, struct err *e);

#endif
