/* transport: the one face of the sound machinery that the screens see.
 *
 * Behind it run a loader thread (decodes files ahead), a control thread (watches and
 * opens devices, with time limits) and the device's own callback, which plays what
 * audio/engine renders. No call here ever waits for a file, a device or another program:
 * each returns within about a millisecond, on a machine with a dead sound card too.
 *
 * Thread: create, use and free it on one thread (the owner's, the UI's). Nothing here
 * calls back; instead transport_fd() becomes readable when something changed that the
 * owner has not asked for (loaded, ended, device lost or found, a load that failed).
 * Ownership: texts passed in are copied.
 *
 * Failure is data, not a return value: a device that is missing, busy or gone, or a file
 * that cannot be read, is a state and a sentence in struct transport_status; everything
 * else goes on working. Without a device a silent clock moves the playhead and the
 * pattern instead, so that every screen works the same. */
#ifndef TROWEL_AUDIO_TRANSPORT_H
#define TROWEL_AUDIO_TRANSPORT_H

#include "core/status.h"
#include "dsp/kit_shape.h"
#include "dsp/sample_shape.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct transport;

enum transport_backend {
    TRANSPORT_PORTAUDIO, /* the sound card */
    TRANSPORT_NULL,      /* a paced clock without sound: --no-audio, SSH */
    TRANSPORT_OFFLINE,   /* no clock: transport_render() pulls; for tests and benches */
};

struct transport_options {
    enum transport_backend backend;
    const char *device; /* part of a device's name, case ignored; NULL or "": default */
    size_t cache_bytes; /* decoded sound kept; 0 = 256 MB */
    int latency_ms;     /* wished device latency; 0 = 30; grows by itself on underruns */
    double match_lufs;  /* what level matching aims at; 0 = -18 */
    int rate_hz;        /* null and offline: 0 = 44100 */
    int channels;       /* null and offline: 0 = 2 */
};

/* Starts the threads and begins to open the device in the background: returns at once, on
 * a machine without sound too. `options` may be NULL: all defaults. Errors: ST_NO_MEMORY
 * (memory, threads or descriptors). */
enum status transport_new(struct transport **out, const struct transport_options *options,
                          struct err *e);

/* Fades out, lets the device play what it holds, closes it and frees everything: about a
 * tenth of a second, 0.7 s at the most (a device that does not answer is left behind).
 * NULL allowed. */
void transport_free(struct transport *t);

/* Readable when something changed; transport_get_status() empties it. */
int transport_fd(const struct transport *t);

/* ---- what to play ---- */

/* A stretch of a sound file. Frames count at the file's own rate. */
struct play_item {
    uint64_t id; /* the caller's name for it (candidate_id()), echoed in the status */
    const char *path; /* any file io/soundfile reads */
    /* the part of the file that is the item; end_frame 0 = to the end of the file */
    int64_t start_frame, end_frame;
    /* loop [loop_start, loop_end), counted from start_frame; loop_end 0 = all of it */
    int64_t loop_start_frame, loop_end_frame;
    /* plays to its end also while the loop is on, and its file's edges are never faded: a
     * hit is no loop */
    bool once;
    /* in what shape a machine is to have it, for samples of the kit: these are as loud as
     * an export has them, matched or not. rate_hz 0: as it is */
    struct sample_shape shape;
};

/* What playing means now; the loop switch is separate. */
enum play_mode {
    PLAY_PLAIN,   /* start to end; or into the loop when that is on */
    PLAY_SEAM,    /* the last second before loop_end into loop_start, again and again */
    PLAY_CONTEXT, /* a find inside its recording, with some seconds on either side */
};

/* Play from the beginning, at once if it is loaded, else as soon as it is. Replaces what
 * plays, with a crossfade of 12 ms. The start of a file is faded only where it is no hit
 * and does not begin in silence. */
void transport_play(struct transport *t, const struct play_item *item);

/* Hear the loop point of `item` again and again. */
void transport_seam(struct transport *t, const struct play_item *item);

/* `item` is the find's place in its *recording* (path, start_frame, end_frame): plays
 * from `around_s` (10) before it to `around_s` after it. Positions in the status are then
 * seconds of the recording. Memory stays bounded however long the recording is. */
void transport_context(struct transport *t, const struct play_item *item,
                       double around_s);

/* Compare: switch to `item` at the playhead where the present one is (same mode and
 * loop); crossfaded. From the start when nothing plays. */
void transport_flip(struct transport *t, const struct play_item *item);

void transport_stop(struct transport *t);
/* Space: stop if something plays, else play the latest item again, from where seek put
 * the playhead while stopped, or from its beginning. */
void transport_toggle(struct transport *t);
/* Relative, in seconds; clamped to the item. Faded. */
void transport_seek(struct transport *t, double seconds);

/* The loop switch, kept over items. Heard immediately. */
void transport_set_loop(struct transport *t, bool on);

/* Level matching (on at the start): every item at the same loudness (match_lufs, short
 * sounds by their loudest 400 ms), true peak never above -1 dBFS. Off: the file's own
 * samples, bit for bit while the volume is 0 dB. Ramped. */
void transport_set_matched(struct transport *t, bool on);
/* Clamped to -60 … +12; -60 is silence. Ramped. */
void transport_set_volume(struct transport *t, double db);

/* What may be wanted next, most likely first (the cursor's neighbours): replaces the wish
 * list. Loaded in this order in the background, kept within cache_bytes. Also wakes a
 * device that sleeps for being idle. */
void transport_prefetch(struct transport *t, const struct play_item *items, int count);

/* A file was written again (re-mined, nudged): forget what is decoded of it. */
void transport_forget(struct transport *t, const char *path);

/* ---- the kit: eleven monophonic slots and sixteen steps ---- */

/* in the machine's order, BD SD LT MT HT RS HC CH OH CC RC */
enum { KIT_SLOT_CH = 7, KIT_SLOT_OH = 8 };

struct kit_pattern {
    uint16_t steps[KIT_SLOTS];  /* bit i set: a hit in step i */
    uint16_t chokes[KIT_SLOTS]; /* bit s set: a hit here cuts slot s */
};

/* An empty pattern with CH choking OH: what a transport starts with. */
void kit_pattern_clear(struct kit_pattern *p);

/* Put a sound into a slot while the pattern plays: heard from the slot's next hit once it
 * is loaded; until then the old one plays on. item NULL empties the slot (a ringing hit
 * fades). trim_db is on top of the sound's level; level matching does not apply. */
void transport_kit_slot(struct transport *t, int slot, const struct play_item *item,
                        double trim_db);
void transport_kit_trim(struct transport *t, int slot, double trim_db);
/* The level of all slots before their trim: the true peak of each is brought to this, and
 * with the trim not above full scale. Until it is told they are as their files are. */
void transport_kit_peak(struct transport *t, double peak_dbfs);
void transport_kit_pattern(struct transport *t, const struct kit_pattern *p);
/* KIT_BPM_MIN … KIT_BPM_MAX; sixteen steps are four beats. Changes keep the place in the
 * bar. */
void transport_kit_tempo(struct transport *t, double bpm);
/* Starts at step 0. Stopping lets the last hits ring. */
void transport_kit_run(struct transport *t, bool on);
/* Play a slot by hand. */
void transport_kit_hit(struct transport *t, int slot);

/* ---- before this process is stopped ---- */

/* Item and pattern stop, fade and are heard out, and the device rests until something is
 * played: a stopped process would leave it in the middle of a sound, and count a gap.
 * Takes about a tenth of a second, one at the most. */
void transport_rest(struct transport *t);

/* ---- devices ---- */

enum device_state {
    DEVICE_OPENING, /* being looked for */
    DEVICE_READY,   /* open (perhaps asleep, until something is played) */
    DEVICE_NONE,    /* none there, or it cannot be opened: see the sentence */
    DEVICE_LOST,    /* went away or hung: see the sentence */
    DEVICE_SILENT,  /* TRANSPORT_NULL or TRANSPORT_OFFLINE: silence is meant */
};

enum { DEVICE_NAME_BYTES = 96 };

/* Open the device again, or another one (part of its name; NULL = the one chosen so far,
 * "" = the default). In the background; the status tells how it went. */
void transport_reconnect(struct transport *t, const char *device);

/* The names of the output devices as of the last time they were looked for, at most
 * `max`; returns how many. */
int transport_devices(struct transport *t, char (*names)[DEVICE_NAME_BYTES], int max);

/* ---- what is going on ---- */

struct transport_status {
    /* item */
    uint64_t id;  /* the item asked for last, 0 = none yet */
    bool playing; /* sounding, or about to when it is loaded */
    bool loading; /* waits for the disk */
    enum play_mode mode;
    double position_s, length_s; /* of the item; PLAY_CONTEXT: of the recording */
    bool loop, once;             /* the loop's switch; this item does not heed it */
    char problem[192];           /* why the item cannot be heard, or "" */
    /* level */
    bool matched;
    double volume_db;
    /* device */
    enum device_state device;
    char device_name[DEVICE_NAME_BYTES];
    char sentence[192]; /* for the status line: what is wrong and which way out, or "" */
    int rate_hz, channels;
    double latency_ms;  /* of the device as opened */
    unsigned underruns; /* since it was opened */
    /* kit */
    bool kit_running;
    int kit_step; /* 0 … 15, the step heard last; -1 = stopped */
    double kit_bpm;
};

/* A snapshot; cheap enough for every frame drawn. */
void transport_get_status(struct transport *t, struct transport_status *status);

/* TRANSPORT_OFFLINE only: the next `frames` × channels floats, interleaved. */
void transport_render(struct transport *t, float *out, size_t frames);
/* Tests and benches: returns when all asked-for loading is done (at most 10 s). */
void transport_settle(struct transport *t);

#endif
