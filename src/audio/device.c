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
}

void gate_pass(struct device_gate *g, float *out, size_t frames, int channels)
{
    int expected = GATE_FREE;
    if (atomic_compare_exchange_strong(&g->state, &expected, GATE_INSIDE)) {
        g->source.render(g->source.user, out, frames);
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
