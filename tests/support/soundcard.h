/* soundcard: a captured sound card (tests/capdev) for tests of the audio layer, and what
 * was heard through it. */
#ifndef TROWEL_TESTS_SOUNDCARD_H
#define TROWEL_TESTS_SOUNDCARD_H

#include "dsp/audio.h"

#include <stddef.h>
#include <stdint.h>

/* Noise on the grid of `bits`, the same for the same seed, at most `level`. */
void noise_make(struct audio *a, size_t frames, int channels, int rate_hz, int bits,
                double level, uint64_t seed);

/* Point ALSA at capdev.so (`library`), capturing into folder/heard; sets the environment.
 * NULL: a configuration without any device. "": one that is empty altogether. */
void card_plug(const char *folder, const char *library);
/* What happens from now on: 'n', 'b', 'h', 'u', 's', 'x' (see capdev.c). */
void card_state(const char *folder, char state);

/* What was heard so far, as float; frames in *frames. The caller frees. */
float *card_heard(const char *folder, int channels, size_t *frames);
/* When the frame `at` was heard, seconds of CLOCK_MONOTONIC. */
double card_time_s(const char *folder, size_t at, int rate_hz);

/* First frame of `heard` (from `from` on) where all of the `n` frames of `want` begin;
 * -1 if nowhere. Both interleaved. */
int64_t find_exact(const float *heard, size_t frames, size_t from, const float *want,
                   size_t n, int channels);

#endif
