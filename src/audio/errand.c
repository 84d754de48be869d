#include "audio/errand.h"

#include <stdlib.h>

enum { SLICE_MS = 20 };

struct errand {
    pthread_mutex_t lock;
    pthread_cond_t over;
    void (*run)(void *);
    void (*late)(void *);
    void *arg;
    bool done, left_behind;
};

static void destroy(struct errand *w)
{
    pthread_cond_destroy(&w->over);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

static void *errand_thread(void *arg)
{
    struct errand *w = arg;
    w->run(w->arg);
    pthread_mutex_lock(&w->lock);
    w->done = true;
    bool left_behind = w->left_behind;
    pthread_cond_signal(&w->over);
    pthread_mutex_unlock(&w->lock);
    if (left_behind) {
        w->late(w->arg);
        destroy(w);
    }
    return NULL;
}

void wait_init(pthread_cond_t *c)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(c, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

struct timespec wait_until(int ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    return t;
}

static struct errand *prepare(void (*run)(void *), void (*late)(void *), void *arg)
{
    struct errand *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->run = run;
    w->late = late;
    w->arg = arg;
    pthread_mutex_init(&w->lock, NULL);
    wait_init(&w->over);
    return w;
}

/* In slices, to look at give_up in between. */
static bool await(struct errand *w, int limit_ms, const atomic_bool *give_up)
{
    struct timespec until = wait_until(limit_ms);
    pthread_mutex_lock(&w->lock);
    for (bool over = false; !w->done && !over;) {
        struct timespec slice = wait_until(SLICE_MS);
        over = slice.tv_sec > until.tv_sec ||
               (slice.tv_sec == until.tv_sec && slice.tv_nsec >= until.tv_nsec);
        pthread_cond_timedwait(&w->over, &w->lock, over ? &until : &slice);
        over = over || (give_up && atomic_load(give_up));
    }
    bool done = w->done;
    w->left_behind = !done;
    pthread_mutex_unlock(&w->lock);
    return done;
}

bool errand_run(void (*run)(void *arg), void (*late)(void *arg), void *arg, int limit_ms,
                const atomic_bool *give_up)
{
    struct errand *w = prepare(run, late, arg);
    pthread_t thread;
    if (!w || pthread_create(&thread, NULL, errand_thread, w) != 0) {
        if (w)
            destroy(w);
        late(arg);
        return false;
    }
    if (!await(w, limit_ms, give_up)) {
        pthread_detach(thread);
        return false;
    }
    pthread_join(thread, NULL);
    destroy(w);
    return true;
}
