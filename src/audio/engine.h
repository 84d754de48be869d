/* engine: what is heard, computed. The audio thread's half of the sound machinery.
 *
 * engine_render() drains commands from a lock-free queue, mixes voices and the pattern
 * player into the given buffer and returns: it never allocates, frees, locks, waits, logs
 * or touches a file, and its cost is bounded by the number of voices. All state lives in
 * one struct. It is tested by calling it; no device is needed.
 *
 * Threads: one *owner* at a time posts and collects; one *audio thread* renders; anyone
 * takes snapshots. engine_reset needs both to be quiet.
 * Ownership: a posted sound brings one reference with it. References come back through a
 * second queue and are dropped in engine_collect, on the owner's thread. */
#ifndef TROWEL_AUDIO_ENGINE_H
#define TROWEL_AUDIO_ENGINE_H

#include "audio/kernel.h"
#include "audio/program.h"
#include "audio/sound.h"
#include "audio/transport.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;

enum engine_action {
    ENGINE_PLAY,    /* play: replaces what plays; 12 ms crossfade */
    ENGINE_STOP,    /* fade out what plays (12 ms) */
    ENGINE_SEEK,    /* frame: crossfade to there */
    ENGINE_PLAN,    /* plan: other loop points or loop switch for what plays */
    ENGINE_GAIN,    /* gain: of what plays, ramped over 20 ms */
    ENGINE_VOLUME,  /* gain: of everything, ramped over 20 ms; at once in silence */
    ENGINE_SLOT,    /* slot, sound (NULL: empty), kernel, gain, fades */
    ENGINE_TRIM,    /* slot, gain */
    ENGINE_PATTERN, /* pattern */
    ENGINE_TEMPO,   /* bpm */
    ENGINE_RUN,     /* on */
    ENGINE_HIT,     /* slot */
    ENGINE_CUT,     /* hits that ring fade out (a few ms) */
};

/* engine_play.at: continue where the present sound is, in seconds */
enum { ENGINE_SAME_PLACE = -1 };

struct engine_play {
    struct sound *sound;         /* one reference is handed over */
    const struct kernel *kernel; /* NULL when the rates are equal; outlives the engine */
    uint64_t serial;             /* echoed in the snapshot */
    struct plan plan;            /* cleaned */
    int64_t at;                  /* frame to start from, or ENGINE_SAME_PLACE */
    float gain;
};

struct engine_command {
    enum engine_action action;
    union {
        struct engine_play play;
        int64_t frame;
        struct {
            uint64_t serial; /* ignored unless this is what plays */
            struct plan plan;
        } change;
        float gain;
        double bpm;
        bool on;
        struct kit_pattern pattern;
        struct {
            struct sound *sound;
            const struct kernel *kernel;
            int slot;
            float gain;
            bool fade_in, fade_out; /* where a hit begins or ends inside a sound */
        } kit;
    } u;
};

/* rate_hz 1000 … 768000, channels >= 1 (the sound goes to the first two; mono sounds to
 * both; a mono device hears the mean). ST_NO_MEMORY. */
enum status engine_new(struct engine **out, int rate_hz, int channels, struct err *e);
void engine_free(struct engine *g); /* drops every reference it holds */

/* Another device: everything stops (no fade: nobody hears it), slots become empty,
 * pattern, tempo and volume stay. Neither thread may be inside the engine. */
void engine_reset(struct engine *g, int rate_hz, int channels);
int engine_rate_hz(const struct engine *g);
int engine_channels(const struct engine *g);

/* Owner. False when the queue is full: it is dropped, and so is the reference to a sound
 * in it. */
bool engine_post(struct engine *g, const struct engine_command *command);
/* Owner: drop the references that came back. Call now and then. */
void engine_collect(struct engine *g);

/* Audio thread: `frames` × channels floats within ±1, interleaved, all of them written.
 */
void engine_render(struct engine *g, float *out, size_t frames);

struct engine_snapshot {
    uint64_t serial; /* of the last ENGINE_PLAY that was begun */
    bool playing;    /* it still sounds (not when fading out) */
    bool silent;     /* nothing at all sounds, not even a fade or a ringing hit */
    int64_t frame;   /* of the sound, at its rate */
    bool running;
    int step; /* heard last, -1 before the first */
};

/* Any thread, consistent, wait-free for the audio thread. */
void engine_snapshot(const struct engine *g, struct engine_snapshot *s);

#endif
