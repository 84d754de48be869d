/* room_rig: recordings with room tone whose place is known. */
#ifndef TROWEL_TESTS_ROOM_RIG_H
#define TROWEL_TESTS_ROOM_RIG_H

#include "dsp/audio.h"

#include <stddef.h>
#include <stdint.h>

enum { RATE = 44100 };

struct stretch {
    double start_s, end_s;
};

/* Noise of that RMS from 20 Hz to `top_hz`, and drums one after the other, in a mono
 * recording; the same for the same `item`. */
void add_tone(struct audio *a, double from_s, double to_s, double rms_db, double top_hz,
              uint64_t item);
void add_drums(struct audio *a, double from_s, double to_s, uint64_t item);

/* Drums, a chord, speech; between them room tone of several colours and levels, in the
 * six stretches of `known`. */
struct audio recording(struct stretch *known, size_t *count);

#endif
