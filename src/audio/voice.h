/* voice: one sound being played: program, rate conversion, gain, fade. Real-time safe.
 *
 * At the device's own rate, gain 1 and no fade, what it adds to the output is the sound's
 * samples bit for bit. All state is in the struct; nothing here allocates or blocks.
 * Thread: the engine's. */
#ifndef TROWEL_AUDIO_VOICE_H
#define TROWEL_AUDIO_VOICE_H

#include "audio/kernel.h"
#include "audio/program.h"
#include "audio/sound.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    VOICE_BLOCK = 256, /* most frames a voice renders at once */
    VOICE_AHEAD = 128, /* frames of the sound read at once when rates differ */
    VOICE_INPUT = KERNEL_TAPS_MAX + VOICE_AHEAD,
};

struct voice {
    struct sound *sound;         /* NULL = free; the engine holds the reference */
    const struct kernel *kernel; /* NULL: the rates are equal */
    struct program program;
    int span;                /* index of the span being read; = count at the end */
    int64_t offset;          /* frames read of that span */
    int64_t heard;           /* sound frame at the output now */
    int rising, rise_length; /* fade-in: frames done, frames in all (0: none) */
    int64_t edge_frames;     /* length of span fades, at the sound's rate */
    bool rendered;           /* something of it was output */
    bool ended;              /* the program is over */
    float gain, gain_goal, gain_step;
    bool fading; /* out; the voice is free when it is over */
    int fade_done, fade_length;
    /* rate conversion: frames waiting, planar, and the place between them as a fraction
     * with the device's rate as denominator: exact for ever */
    float input[2][VOICE_INPUT];
    int first, waiting;
    int64_t place;
    int tail; /* zeros still to feed after the end */
};

/* Of fade-ins and of the fades of spans: no click, and nothing of an attack is lost. */
static const double VOICE_EDGE_S = 0.012;

/* Begin: takes over one reference to `sound` in its own field. `kernel` must fit the
 * rates. */
void voice_start(struct voice *v, struct sound *sound, const struct kernel *kernel,
                 const struct program *program, float gain);

/* Go on with another program from what is read next; no fade. */
void voice_follow(struct voice *v, const struct program *program);

/* Ramp to `gain` over `frames` output frames, at least one. */
void voice_gain(struct voice *v, float gain, int frames);

/* Fade out with a raised cosine over `frames` output frames; then it has ended. */
void voice_fade(struct voice *v, int frames);

/* Add up to VOICE_BLOCK frames into left and right (a mono sound into both). */
void voice_mix(struct voice *v, float *left, float *right, int frames);

/* The frame that will be read next, for planning a seek or a new program. */
int64_t voice_reading(const struct voice *v);

#endif
