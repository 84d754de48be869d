/* control: keeps a device running when sound is wanted, and notices when it dies.
 *
 * A thread of its own opens, starts, stops, watches and closes devices. Whatever may hang
 * in a sound library runs on errands: threads with a time limit that are left behind when
 * they do not come back. While there is no device a silent clock takes its place.
 * Thread: every function may be called from any thread and returns at once, except
 * control_free and control_rest. The hooks are called on control's thread, without its
 * lock. */
#ifndef TROWEL_AUDIO_CONTROL_H
#define TROWEL_AUDIO_CONTROL_H

#include "audio/device_portaudio.h"
#include "audio/engine.h"
#include "audio/transport.h"

struct control;

struct control_hooks {
    /* The engine needs another shape; neither device is inside the engine now. */
    void (*reshape)(void *user, int rate_hz, int channels);
    /* The device that was playing is gone. */
    void (*lost)(void *user);
    /* About every 50 ms while a device runs, and after every change of the status. */
    void (*tick)(void *user, bool changed);
    void *user;
};

struct control_status {
    enum device_state state;
    char name[DEVICE_LABEL_BYTES];
    char sentence[192];
    int rate_hz, channels;
    double latency_s;
    unsigned underruns;
};

/* Begins to open the device named in `wish` (silent: never one). The engine must outlive
 * it. ST_NO_MEMORY. */
enum status control_new(struct control **out, struct engine *engine,
                        const struct device_wish *wish, bool silent,
                        const struct control_hooks *hooks, struct err *e);

/* Lets what sounds fade and drain (the engine should have been told to stop), closes the
 * device and ends the thread: 0.7 s at the most. */
void control_free(struct control *c);

/* Sound will be wanted: the device runs from now on until a few seconds of silence. */
void control_wake(struct control *c);

/* Lets what sounds fade and drain (the engine should have been told to stop) and stops
 * the device; waits for that, a second at the most. It runs again when woken. */
void control_rest(struct control *c);

/* Open again. name NULL: the same one. One that cannot be opened gives way to the one
 * before: the status is then ready, with a sentence. */
void control_reopen(struct control *c, const char *name);

/* What is to be played has this rate: the device is opened with it at the next silence,
 * if it can. Rates below 44.1 kHz change nothing: such sounds are converted. */
void control_prefer_rate(struct control *c, int rate_hz);

void control_get_status(struct control *c, struct control_status *status);
int control_devices(struct control *c, char (*names)[DEVICE_NAME_BYTES], int max);

#endif
