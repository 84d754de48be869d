/* key: the musical key of a stretch of sound, and keys by name.
 *
 * The square roots of a chroma (strength per pitch class, tuning taken out) are compared
 * with the 24 rotations of a major and a minor profile (J. Albrecht & D. Shanahan, 2013)
 * by Pearson correlation, and so are those of the first and the last second, which
 * count for a fifth; the best wins and its lead over the second best is the confidence:
 * 0.05 is a guess between relatives, 0.2 is sure. Thread: pure functions. */
#ifndef TROWEL_DSP_KEY_H
#define TROWEL_DSP_KEY_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

struct track;

struct key {
    char name[4];      /* "C", "Bb", "F#m" …; "" when there is no key */
    signed char tonic; /* 0 = C … 11 = B; −1 when there is none */
    bool minor;
    float confidence; /* 0 … 1: best over second best */
};

struct key key_none(void);
struct key key_make(int tonic, bool minor); /* confidence 1; tonic is taken modulo 12 */

/* From a summed chroma and that of its first and last second, C first. `tonality` 0 … 1
 * (1 when unknown) is how much of the sound is held tones; below 0.15, or when no profile
 * fits (correlation 0.3), there is no key. */
struct key key_of_chroma(const double chroma[12], const double edges[12],
                         double tonality);

/* Of an analysed recording. */
struct key key_of_track(const struct track *t);

/* Of sound in memory (interleaved), such as a finished sample: analyses the chroma alone,
 * with its own tuning. From about 0.2 s. ST_NO_MEMORY. */
enum status key_of_sound(const float *interleaved, size_t frames, int channels,
                         int rate_hz, struct key *out, struct err *e);

/* "C", "c maj", "A min", "Am", "F#m", "Bb minor", "g# major" …: case of the note does not
 * matter, blanks may be missing. False when it is no key. */
bool key_parse(const char *text, struct key *out);

/* Semitones (−6 … +5) that bring `from` to `to` by the shortest way. When one is minor
 * and the other major, to its relative key (the same seven notes). 0 when either is none.
 */
int key_shift(const struct key *from, const struct key *to);

#endif
