/* drum_features: what a hit sounds like, in numbers that do not depend on its level.
 *
 * The hit is taken from its attack on, at most 1 s of it. Spectra are those of
 * drum_frames.h. In this order:
 *   12 + 12  mel cepstra (without the level) of the attack, 0–30 ms, and body, 30–120 ms
 *   8 × 4    level of the bands at the times of drum_frames.h, as the picture below
 *   2 × 5    of attack and body: log centroid, log spread, log roll-off 85 %, flatness,
 *            zero crossings
 *   3        flatness of the body in 200–2k, 2k–8k and above 8k Hz
 *   7        log attack time, log times to −10, −20 and −40 dB, log length, crest, time
 *            centroid
 *   2        bursts within the first 60 ms (claps), share of energy in the first 10 ms
 *   6        pitch of 0–50 ms and 40–100 ms: log frequency, prominence, fall, energy
 *            share
 *   10 × 32  the picture: level of the mel bands at the moments of drum_frames.h,
 *            in 20 dB below the loudest; what comes after the end goes on falling
 *
 * Thread: drum_features is pure, a drum_ear belongs to one thread. Cost: about 0.2 ms for
 * a hit of half a second, and 0.5 ms to make the ear. */
#ifndef TROWEL_DSP_DRUM_FEATURES_H
#define TROWEL_DSP_DRUM_FEATURES_H

#include "core/status.h"
#include "dsp/audio.h"
#include "dsp/drum_frames.h"

enum {
    DRUM_CEPSTRA = 12,
    DRUM_FALLS_AT = 2 * DRUM_CEPSTRA, /* the 8 × 4, time by time in each band */
    DRUM_FEATURES = 2 * DRUM_CEPSTRA + (int)DRUM_BANDS * (int)DRUM_TIMES + 2 * 5 + 3 + 7 +
                    2 + 6 + (int)DRUM_MOMENTS * (int)DRUM_MEL
};

/* What is needed to look at hits of one rate, made once for many of them. ST_EMPTY below
 * 1 kHz, ST_NO_MEMORY. drum_ear_free(NULL) is safe. */
struct drum_ear;
enum status drum_ear_new(struct drum_ear **out, int rate_hz, struct err *e);
void drum_ear_free(struct drum_ear *ear);
/* Of a hit at the ear's rate. `lead_frames` frames at its beginning are not the hit but
 * what sounded before it: where there are 25 ms or more, their spectrum and level are
 * taken off the hit, so that a hat on the tail of a kick still looks like a hat. 0 when
 * nothing is known.
 * All finite. ST_EMPTY for silence and for less than 2 ms of sound, ST_NO_MEMORY. */
enum status drum_ear_features(struct drum_ear *ear, const struct audio *hit,
                              size_t lead_frames, float out[DRUM_FEATURES],
                              struct err *e);

#endif
