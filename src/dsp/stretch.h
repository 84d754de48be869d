/* stretch: loops longer or shorter at the same pitch, and pitch at the same length.
 *
 * Factors ¼ … 4: phase vocoder with identity phase locking (Laroche & Dolson 1999):
 * Hann 8192 at 44.1 kHz (scaled with the rate), shorter in octaves where partials sway
 * (focus.h), 75 % overlap, one rotation a peak shared by its region and by all channels
 * (stereo image kept). At transients rotations are reset (Röbel 2003), and frames end or
 * begin. From 4 up: spectral smear, random phases over long windows for all but held
 * partials (partials.h). Lengths are exact to the sample; time is linear: output frame j
 * is the input around j × from->frames / frames. The whole sound is a loop and the result
 * is one, seamless as the input was: all frames lie on a circle, and every partial is
 * moved by at most half a cycle a loop so that it closes. Non-finite samples count as 0;
 * silence gives silence, very short sounds (under 16 frames) are resampled. *to is
 * filled, and empty after a failure: ST_NO_MEMORY. Thread: no shared state. */
#ifndef TROWEL_DSP_STRETCH_H
#define TROWEL_DSP_STRETCH_H

#include "core/rng.h"
#include "core/status.h"
#include "dsp/audio.h"

#include <stdbool.h>
#include <stddef.h>

/* To exactly `frames` frames. Factors beyond ¼ … 4 are done in steps; to hear it that
 * long, stretch_smear is better from 4 up. ST_USAGE for 0 frames. */
enum status stretch_time(struct audio *to, const struct audio *from, size_t frames,
                         struct err *e);

struct smear_spec {
    double window_s;  /* clamped to 0.1 … 0.5 s */
    bool no_partials; /* tones are dissolved, too */
    /* NULL, or as many frames and channels as the result has: what it will be mixed with
     * by equal power. */
    const struct audio *beside;
};

/* Spectral smear to any length of at least 1 frame (also shorter or the same). Loudness
 * kept, attacks dissolved; held partials stay as steady as they were, and a quarter turn
 * from those of `beside`, so that no mixture cancels or doubles them. The stream with
 * purpose "smear" decides every phase. */
enum status stretch_smear(struct audio *to, const struct audio *from, size_t frames,
                          const struct smear_spec *spec, struct rng *r, struct err *e);

/* stretch_time below a factor of 4, stretch_smear (0.25 s) from 4 up. */
enum status stretch_any(struct audio *to, const struct audio *from, size_t frames,
                        struct rng *r, struct err *e);

/* Transposed by `semitones` (−60 … 60, clamped; need not be whole) at the same
 * length: stretch by 2^(semitones/12), then libsamplerate MEDIUM by the inverse. 0 is a
 * copy. */
enum status stretch_pitch(struct audio *to, const struct audio *from, double semitones,
                          struct err *e);

#endif
