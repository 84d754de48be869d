/* synth: a small studio that plays demo and test recordings whose truth is known exactly.
 *
 * All voices add to a mono buffer of `n` frames, starting at its first frame, and draw
 * what varies from the given stream: the same arguments give the same samples. Levels are
 * linear, 1 = full scale. A hit's first audible frame is frame 0. No memory is kept
 * between calls, no call can fail; thread: pure. */
#ifndef TROWEL_DSP_SYNTH_H
#define TROWEL_DSP_SYNTH_H

#include "core/rng.h"
#include "dsp/audio.h"

enum synth_drum {
    SYNTH_KICK,
    SYNTH_SNARE,
    SYNTH_CLAP,
    SYNTH_HAT_CLOSED,
    SYNTH_HAT_OPEN,
    SYNTH_TOM,
    SYNTH_CRASH,
    SYNTH_RIM,
    SYNTH_RIDE,
    SYNTH_DRUM_COUNT
};

/* One hit of up to synth_drum_length_s. `tune` 0.5 … 2 scales its pitches (1 = nominal).
 */
void synth_drum(enum synth_drum d, double velocity, double tune, struct rng *r,
                float *mono, size_t n, int rate_hz);
double synth_drum_length_s(enum synth_drum d);

/* A sustained tone of three detuned band-limited saws (PolyBLEP, Välimäki & Huovilainen
 * 2007) through a low-pass; `attack_s` and `release_s` lie inside the n frames. */
struct synth_pad {
    double freq_hz, level, cutoff_hz, detune_cents, attack_s, release_s;
};
void synth_pad(const struct synth_pad *p, struct rng *r, float *mono, size_t n,
               int rate_hz);

/* A plucked tone: decaying harmonics, sharp attack. */
void synth_pluck(double freq_hz, double level, double decay_s, float *mono, size_t n,
                 int rate_hz);

/* Steady coloured noise: white, then one-pole high- and low-passes. `level` is its RMS.
 */
void synth_noise(double level, double low_hz, double high_hz, struct rng *r, float *mono,
                 size_t n, int rate_hz);

/* Syllables of formant-filtered pulses and breath with pauses, about 4 a second. */
void synth_speech(double level, struct rng *r, float *mono, size_t n, int rate_hz);

/* Stereo reverb of an eight-line feedback delay network (Jot & Chaigne 1991): adds
 * wet × reverb of the mean of the channels to `a` (stereo) in place. */
enum status synth_reverb(struct audio *a, double t60_s, double wet, struct err *e);

#endif
