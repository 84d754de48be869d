/* audio: a stretch of sound in memory.
 *
 * Shape: `frames` × `channels` float32, interleaved (frame 0 left, frame 0 right, frame 1
 * …), full scale ±1. A *frame* is one instant over all channels; a *sample* is one number
 * of it. Ownership: a struct audio owns `data`; audio_done frees it. Thread: belongs to
 * one thread. */
#ifndef TROWEL_DSP_AUDIO_H
#define TROWEL_DSP_AUDIO_H

#include "core/status.h"

#include <stddef.h>

struct audio {
    float *data;
    size_t frames;
    int channels;
    int rate_hz;
};

/* Zeroed sound of that shape. ST_NO_MEMORY (also on size overflow) leaves *a empty. */
enum status audio_init(struct audio *a, size_t frames, int channels, int rate_hz,
                       struct err *e);
/* The same, but what it holds is anything: for who writes all of it at once. */
enum status audio_room(struct audio *a, size_t frames, int channels, int rate_hz,
                       struct err *e);
void audio_done(struct audio *a); /* safe on a zeroed or already done audio */

/* Copy frames [start, start + frames) of `from`; beyond its end there is silence. */
enum status audio_slice(struct audio *to, const struct audio *from, size_t start,
                        size_t frames, struct err *e);

/* `frames` frames of a loop (not empty), from frame `start` of it on round and round. */
enum status audio_round(struct audio *to, const struct audio *loop, size_t start,
                        size_t frames, struct err *e);

/* The mean of the channels, `frames` values into `mono` (caller's). */
void audio_mono(const struct audio *a, float *mono);
void audio_fold(const float *interleaved, size_t frames, int channels, float *mono);

/* Fold to mono (mean) or widen mono to stereo (copies); N > 2 channels to stereo: even
 * channels left, odd right, each side averaged. channels is 1 or 2. `to` is initialised.
 */
enum status audio_convert_channels(struct audio *to, const struct audio *from,
                                   int channels, struct err *e);
/* The same in place; on failure nothing is left of it. */
enum status audio_to_channels(struct audio *a, int channels, struct err *e);

#endif
