/* tone: signals whose truth is known, and how to measure them exactly. */
#ifndef TROWEL_TESTS_TONE_H
#define TROWEL_TESTS_TONE_H

#include "checks.h"

#include "core/rng.h"
#include "dsp/audio.h"
#include "dsp/track.h"

/* Silence of that length, to add to. */
struct audio tone_blank(double seconds, int channels, int rate_hz);
struct audio tone_frames(size_t frames, int channels, int rate_hz);

/* Add amplitude × sin(2π hz t + phase) to a channel (−1: all). */
void tone_add(struct audio *a, int channel, double hz, double amplitude, double phase);

/* Add partials hz, 2 hz … below limit_hz, amplitude / number each. */
void tone_harmonic(struct audio *a, double hz, double amplitude, double limit_hz);

/* Add white Gaussian noise of that RMS, independent in each channel. */
void tone_noise(struct audio *a, double rms, struct rng *r);
/* The same for the same number. */
void tone_white(struct audio *a, double rms, uint64_t which);

/* What the analysis says of it; the caller frees. */
struct track *tone_track(const struct audio *a);
static inline void track_done(struct track **t) /* OWN(track) *t = tone_track(&a); */
{
    track_free(*t);
}

/* Fails, and says both, unless they are that close. */
void assert_close(double found, double expected, double within);

struct partial {
    double hz, amplitude, phase; /* phase of the sine at frame `start` */
};

/* The partial nearest to `hz` in frames [start, start + count) of a channel, by a
 * Blackman–Harris window and the phase advance between its halves. */
struct partial tone_partial(const struct audio *a, int channel, size_t start,
                            size_t count, double hz);

double tone_cents(double hz, double reference_hz);

/* Where the middle of its spectrum lies, in Hz. */
double tone_centroid(const struct audio *a);

/* Largest second difference at the join of the loop, over the largest inside it. */
double tone_join_kink(const struct audio *loop);

/* Least and greatest level of 50 ms over that of the second around, in dB, leaving `ends`
 * frames at both ends (of at most 20 s). */
void tone_wavering(const struct audio *a, size_t ends, double *least, double *most);

/* Normalised correlation of the first two channels. */
double tone_correlation(const struct audio *a);

#endif
