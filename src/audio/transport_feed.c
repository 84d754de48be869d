#include "audio/transport_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WISHES_MAX = TRANSPORT_AHEAD_MAX + KIT_SLOTS + 1 };

/* ---- small things ---- */

void transport_notify(struct transport *t)
{
    ssize_t n = write(t->notify[1], "!", 1); /* full: it is readable anyway */
    (void)n;
}

void wanted_clear(struct wanted *w)
{
    free(w->path);
    *w = (struct wanted){0};
}

bool wanted_set(struct wanted *w, const struct play_item *item)
{
    char *path = strdup(item->path);
    if (!path)
        return false;
    free(w->path);
    *w = (struct wanted){
        .id = item->id,
        .path = path,
        .start_frame = item->start_frame > 0 ? item->start_frame : 0,
        .end_frame = item->end_frame,
        .loop_start_frame = item->loop_start_frame,
        .loop_end_frame = item->loop_end_frame,
        .once = item->once,
        .shape = item->shape,
    };
    return true;
}

struct stretch wanted_stretch(const struct wanted *w)
{
    return (struct stretch){w->path, w->start_frame, w->end_frame, w->around_s, w->shape};
}

void transport_post(struct transport *t, const struct engine_command *command)
{
    engine_collect(t->engine);
    engine_post(t->engine, command);
}

void transport_wake(struct transport *t)
{
    if (t->control && (t->rate_known || t->running))
        control_wake(t->control);
}

/* ---- kernels ---- */

static struct kernel *known_kernel(const struct transport *t, int from_hz, int to_hz)
{
    for (int i = 0; i < t->kernels; i++)
        if (t->kernel[i]->from_hz == from_hz && t->kernel[i]->to_hz == to_hz)
            return t->kernel[i];
    return NULL;
}

void transport_make_kernel(struct transport *t, int from_hz, int to_hz)
{
    pthread_mutex_lock(&t->lock);
    bool have = from_hz == to_hz || t->kernels == TRANSPORT_KERNELS_MAX ||
                known_kernel(t, from_hz, to_hz);
    pthread_mutex_unlock(&t->lock);
    if (have)
        return;
    struct kernel *k = kernel_new(from_hz, to_hz);
    pthread_mutex_lock(&t->lock);
    if (k && t->kernels < TRANSPORT_KERNELS_MAX && !known_kernel(t, from_hz, to_hz))
        t->kernel[t->kernels++] = k;
    else
        kernel_free(k);
    pthread_mutex_unlock(&t->lock);
}

bool transport_kernel(struct transport *t, int rate_hz, const struct kernel **out)
{
    int to_hz = engine_rate_hz(t->engine);
    *out = NULL;
    if (rate_hz == to_hz)
        return true;
    struct kernel *k = known_kernel(t, rate_hz, to_hz);
    if (!k && t->kernels < TRANSPORT_KERNELS_MAX) {
        k = kernel_new(rate_hz, to_hz);
        if (k)
            t->kernel[t->kernels++] = k;
    }
    *out = k;
    return k != NULL;
}

void transport_no_kernel(struct transport *t, int rate_hz)
{
    snprintf(t->problem, sizeof t->problem, "%d Hz cannot be played on this device: %s",
             rate_hz,
             t->kernels == TRANSPORT_KERNELS_MAX ? "too many different rates"
                                                 : "no memory");
}

/* ---- wishes ---- */

void transport_wish(struct transport *t)
{
    struct stretch list[WISHES_MAX];
    int n = 0;
    if (t->item.path)
        list[n++] = wanted_stretch(&t->item);
    for (int s = 0; s < KIT_SLOTS; s++)
        if (t->slot[s].item.path)
            list[n++] = wanted_stretch(&t->slot[s].item);
    for (int i = 0; i < t->ahead_count; i++)
        list[n++] = wanted_stretch(&t->ahead[i]);
    stream_wish(t->stream, list, n);
}
