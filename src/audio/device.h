/* device: something that asks for sound again and again. Two kinds: device_portaudio and
 * device_null.
 *
 * Opening, starting, stopping and closing may take arbitrarily long or never return (see
 * device_portaudio.h); they are called on threads that can be left behind, one call at a
 * time for a device. The gate and the references are immediate on any thread. */
#ifndef TROWEL_AUDIO_DEVICE_H
#define TROWEL_AUDIO_DEVICE_H

#include "core/status.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a device gets its sound. Called on the device's own thread. */
struct device_source {
    void (*render)(void *user, float *out, size_t frames);
    void *user;
};

/* The door between a device's thread and the engine: once it is closed, nobody comes
 * through any more, even from a thread that cannot be stopped. */
struct device_gate {
    /* GATE_…: taken and left by each render, and taken for good by who closes it, who
     * then sees all that the renders before did */
    atomic_int state;
    struct device_source source;
    /* counters, by which nothing else is handed over */
    atomic_uint_fast64_t beats; /* times the device asked */
    atomic_uint underruns;
    atomic_bool abandoned; /* the device is given up; for hush_guard_thread */
    atomic_bool muted;
    atomic_int level; /* 0 … GATE_FADE_FRAMES; follows `muted` */
};

enum { GATE_FADE_FRAMES = 256 };

void gate_init(struct device_gate *g, struct device_source source);
/* Device's thread: render, or silence when the gate is closed or fully muted. */
void gate_pass(struct device_gate *g, float *out, size_t frames, int channels);
/* From now on what is rendered fades out; then nothing is rendered any more, so that it
 * goes on from there at another gate. */
void gate_mute(struct device_gate *g);
/* Before the device starts: what is rendered first fades in. */
void gate_rise(struct device_gate *g);
/* Returns when nobody is inside any more: as long as one render takes, at most. */
void gate_close(struct device_gate *g);

enum { DEVICE_LABEL_BYTES = 96 };

struct device {
    const struct device_kind *kind;
    /* of the struct, which stays after close until the last is gone */
    atomic_int references;
    struct device_gate gate;
    char name[DEVICE_LABEL_BYTES];
    int rate_hz, channels;
    double latency_s; /* from rendering to hearing */
};

struct device_kind {
    enum status (*start)(struct device *d, struct err *e);
    void (*stop)(struct device *d);
    /* Stops if need be, and gives back everything but the struct. Once. */
    void (*close)(struct device *d);
};

/* A device begins with one reference. unref: NULL allowed. */
struct device *device_ref(struct device *d);
void device_unref(struct device *d);

#endif
