#include "audio/device.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { GATE_FREE, GATE_INSIDE, GATE_CLOSED };

void gate_init(struct device_gate *g, struct device_source source)
{
    atomic_init(&g->state, GATE_FREE);
    g->source = source;
    atomic_init(&g->beats, 0);
    atomic_init(&g->underruns, 0);
    atomic_init(&g->abandoned, false);
    atomic_init(&g->muted, false);
    atomic_init(&g->level, GATE_FADE_FRAMES);
}

void gate_mute(struct device_gate *g)
{
    atomic_store(&g->muted, true);
}

void gate_rise(struct device_gate *g)
{
    atomic_store(&g->level, 0);
}

static void render_faded(struct device_gate *g, float *out, size_t frames, int channels)
{
    bool muted = atomic_load(&g->muted);
    int level = atomic_load(&g->level), aim = muted ? 0 : GATE_FADE_FRAMES;
    if (muted && level == 0) {
        memset(out, 0, frames * (size_t)channels * sizeof *out);
        return;
    }
    g->source.render(g->source.user, out, frames);
    if (level == aim)
        return;
    for (size_t i = 0; i < frames; i++) {
        level += (level < aim) - (level > aim);
        for (int c = 0; c < channels; c++)
            *out++ *= (float)level / GATE_FADE_FRAMES;
    }
    atomic_store(&g->level, level);
}

void gate_pass(struct device_gate *g, float *out, size_t frames, int channels)
{
    int expected = GATE_FREE;
    if (atomic_compare_exchange_strong(&g->state, &expected, GATE_INSIDE)) {
        render_faded(g, out, frames, channels);
        atomic_store(&g->state, GATE_FREE);
    } else {
        memset(out, 0, frames * (size_t)channels * sizeof *out);
    }
}

void gate_close(struct device_gate *g)
{
    int expected = GATE_FREE;
    while (!atomic_compare_exchange_strong(&g->state, &expected, GATE_CLOSED)) {
        if (expected == GATE_CLOSED)
            break;
        expected = GATE_FREE;
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    }
}

struct device *device_ref(struct device *d)
{
    atomic_fetch_add(&d->references, 1);
    return d;
}

void device_unref(struct device *d)
{
    if (d && atomic_fetch_sub(&d->references, 1) == 1)
        free(d);
}
