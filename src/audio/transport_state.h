/* transport_state: the transport's inside, shared by transport*.c only.
 *
 * transport.c: life, devices, status. transport_play.c: items. transport_kit.c: the kit.
 * transport_feed.c: wishes, kernels, and how loaded sounds get to the engine.
 * Everything in the struct is under `lock`, which is held for microseconds; functions
 * here are called with it held unless they say otherwise. */
#ifndef TROWEL_AUDIO_TRANSPORT_STATE_H
#define TROWEL_AUDIO_TRANSPORT_STATE_H

#include "audio/control.h"
#include "audio/engine.h"
#include "audio/stream.h"
#include "audio/transport.h"

#include <pthread.h>

enum { TRANSPORT_AHEAD_MAX = 64, TRANSPORT_KERNELS_MAX = 64 };

/* An item with a text of its own. */
struct wanted {
    uint64_t id;
    char *path; /* NULL: none */
    int64_t start_frame, end_frame, loop_start_frame, loop_end_frame;
    bool once;
    double around_s;
    struct sample_shape shape;
};

struct wanted_slot {
    struct wanted item;
    bool pending; /* waits for the loader */
    double trim_db;
    double peak_dbfs; /* true peak of the sound that is in it; NAN: none */
};

struct transport {
    pthread_mutex_t lock; /* everything below; held for microseconds */
    enum transport_backend backend;
    struct engine *engine;
    struct stream *stream;
    struct control *control; /* NULL offline */
    int notify[2];
    /* what is played */
    struct wanted item;
    enum play_mode mode;
    bool waiting;      /* for the loader */
    bool playing;      /* until told to stop or it has ended */
    bool from_present; /* start where the present sound is (flip) */
    double cue_s;      /* where to start; of the sound */
    uint64_t serial;
    /* Of the item, as it was played last; while a flip waits, of the one that is still
     * heard; NULL: not known. A reference. */
    struct sound *sound;
    bool loop, matched;
    double volume_db, match_lufs;
    char problem[192];
    bool rate_known; /* something was loaded: the device can be opened with its rate */
    /* the kit */
    struct wanted_slot slot[KIT_SLOTS];
    double kit_peak_dbfs; /* that their sounds are brought to; NAN: as the files are */
    struct kit_pattern pattern;
    double bpm;
    bool running;
    /* the cursor's neighbours */
    struct wanted ahead[TRANSPORT_AHEAD_MAX];
    int ahead_count;
    /* rate conversion tables, never freed while the engine lives */
    struct kernel *kernel[TRANSPORT_KERNELS_MAX];
    int kernels;
};

/* transport_feed.c */

void wanted_clear(struct wanted *w);
/* False: no memory, and it is what it was. */
bool wanted_set(struct wanted *w, const struct play_item *item);
struct stretch wanted_stretch(const struct wanted *w);

/* Give the engine a command; a sound in it is handed over in any case. */
void transport_post(struct transport *t, const struct engine_command *command);
/* An answer to a key: the device runs from now on; but not before anything can be heard,
 * so that it is opened with the right rate at once. */
void transport_wake(struct transport *t);
/* Make the owner's descriptor readable; lock not needed. */
void transport_notify(struct transport *t);
void transport_wish(struct transport *t); /* tell the loader what is wanted now */

/* False: there is no table for these rates (memory, or too many different ones). */
bool transport_kernel(struct transport *t, int rate_hz, const struct kernel **out);
void transport_no_kernel(struct transport *t, int rate_hz); /* say so */
/* Called without the lock, on the loader's and control's threads, so that the table is
 * there before the owner needs it. */
void transport_make_kernel(struct transport *t, int from_hz, int to_hz);

/* transport_play.c */

void transport_begin(struct transport *t, struct sound *s); /* takes the reference */
void transport_begin_loaded(struct transport *t);           /* if the item is there now */
void transport_halt(struct transport *t);
void transport_forget_sound(struct transport *t); /* the one that is not heard any more */
double transport_present_s(struct transport *t);  /* the playhead, of the sound */
double transport_offset_s(const struct transport *t); /* from sound to status */
/* Where playing it begins or ends in the middle of a sound. */
void transport_edges(const struct wanted *item, const struct sound *s, bool *fade_in,
                     bool *fade_out);

/* transport_kit.c */

void transport_fill_slots(struct transport *t); /* those whose sounds have come in */
/* What an export adds to a sample with this peak. */
double transport_kit_db(const struct transport *t, double peak_dbfs, double trim_db);
/* What an engine that was reset has lost. */
void transport_post_kit(struct transport *t);
void transport_post_run(struct transport *t);

#endif
