#include "audio/card.h"

#include "audio/errand.h"

#include <stdlib.h>

struct mission {
    enum card_task task;
    struct device_wish wish;
    struct card_answer answer; /* its device is what the task is about */
};

static void run(void *arg)
{
    struct mission *m = arg;
    struct card_answer *a = &m->answer;
    switch (m->task) {
    case CARD_OPEN:
        a->st = device_portaudio_open(&a->device, &m->wish, &a->list, &a->err);
        break;
    case CARD_START:
        a->st = a->device->kind->start(a->device, &a->err);
        break;
    case CARD_STOP:
        a->device->kind->stop(a->device);
        break;
    case CARD_CLOSE:
        a->device->kind->close(a->device);
        break;
    case CARD_END:
        device_portaudio_end();
        break;
    }
}

/* Nobody waits for it any more: whatever it has hold of is closed. */
static void late(void *arg)
{
    struct mission *m = arg;
    struct device *d = m->answer.device;
    if (d && m->task != CARD_CLOSE)
        d->kind->close(d);
    device_unref(d);
    free(m);
}

bool card_do(enum card_task task, struct device *d, int limit_ms, struct err *e)
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
    m->task = CARD_OPEN;
    m->wish = *wish;
    if (!errand_run(run, late, m, limit_ms, give_up))
        return false;
    *answer = m->answer;
    free(m);
    return true;
}
