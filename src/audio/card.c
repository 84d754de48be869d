#include "audio/card.h"

#include "audio/errand.h"

#include <stdlib.h>

enum task { TASK_OPEN, TASK_START, TASK_STOP, TASK_CLOSE, TASK_END };

struct mission {
    enum task task;
    struct device_wish wish;
    struct card_answer answer; /* its device is what the task is about */
};

static void run(void *arg)
{
    struct mission *m = arg;
    struct card_answer *a = &m->answer;
    switch (m->task) {
    case TASK_OPEN:
        a->st = device_portaudio_open(&a->device, &m->wish, &a->list, &a->err);
        break;
    case TASK_START:
        a->st = a->device->kind->start(a->device, &a->err);
        break;
    case TASK_STOP:
        a->device->kind->stop(a->device);
        break;
    case TASK_CLOSE:
        a->device->kind->close(a->device);
        break;
    case TASK_END:
        device_portaudio_end();
        break;
    }
}

/* Nobody waits for it any more: whatever it has hold of is closed. */
static void late(void *arg)
{
    struct mission *m = arg;
    struct device *d = m->answer.device;
    if (d && m->task != TASK_CLOSE)
        d->kind->close(d);
    device_unref(d);
    free(m);
}

/* A task for a device; false: it hangs. Without memory nothing is done. */
static bool order(enum task task, struct device *d, int limit_ms, struct err *e)
{
    struct mission *m = calloc(1, sizeof *m);
    if (!m)
        return true;
    m->task = task;
    m->answer.device = d ? device_ref(d) : NULL;
    if (!errand_run(run, late, m, limit_ms, NULL))
        return false;
    if (e) {
        *e = m->answer.err;
        e->code = m->answer.st;
    }
    device_unref(d);
    free(m);
    return true;
}

bool card_open(const struct device_wish *wish, int limit_ms, const atomic_bool *give_up,
               struct card_answer *answer)
{
    struct mission *m = calloc(1, sizeof *m);
    if (!m)
        return false;
    m->task = TASK_OPEN;
    m->wish = *wish;
    if (!errand_run(run, late, m, limit_ms, give_up))
        return false;
    *answer = m->answer;
    free(m);
    return true;
}

bool card_start(struct device *d, int limit_ms, struct err *e)
{
    return order(TASK_START, d, limit_ms, e);
}

bool card_stop(struct device *d, int limit_ms)
{
    return order(TASK_STOP, d, limit_ms, NULL);
}

bool card_close(struct device *d, int limit_ms)
{
    return order(TASK_CLOSE, d, limit_ms, NULL);
}

bool card_end(int limit_ms)
{
    return order(TASK_END, NULL, limit_ms, NULL);
}
