#include "audio/device_null.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PERIOD_NS = 10000000, NS_PER_S = 1000000000, CAUGHT_UP_NS = 50000000 };

struct null_device {
    struct device device;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool running, quit;
    size_t frames;
    float *buffer;
};

static void add_period(struct timespec *t)
{
    t->tv_nsec += PERIOD_NS;
    if (t->tv_nsec >= NS_PER_S) {
        t->tv_nsec -= NS_PER_S;
        t->tv_sec++;
    }
}

static bool behind(const struct timespec *due)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double late_ns = (double)NS_PER_S * (double)(now.tv_sec - due->tv_sec) +
                     (double)(now.tv_nsec - due->tv_nsec);
    return late_ns > CAUGHT_UP_NS;
}

static void *run(void *arg)
{
    struct null_device *n = arg;
    struct timespec due;
    bool fresh = true;
    pthread_mutex_lock(&n->lock);
    while (!n->quit) {
        if (!n->running) {
            pthread_cond_wait(&n->wake, &n->lock);
            fresh = true;
            continue;
        }
        pthread_mutex_unlock(&n->lock);
        if (fresh || behind(&due)) /* after a pause nothing is made up for */
            clock_gettime(CLOCK_MONOTONIC, &due);
        fresh = false;
        gate_pass(&n->device.gate, n->buffer, n->frames, n->device.channels);
        atomic_fetch_add(&n->device.gate.beats, 1);
        add_period(&due);
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        pthread_mutex_lock(&n->lock);
    }
    pthread_mutex_unlock(&n->lock);
    return NULL;
}

static void set_running(struct device *d, bool on)
{
    struct null_device *n = (struct null_device *)d;
    pthread_mutex_lock(&n->lock);
    n->running = on;
    pthread_cond_signal(&n->wake);
    pthread_mutex_unlock(&n->lock);
}

static enum status start(struct device *d, struct err *e)
{
    (void)e;
    set_running(d, true);
    return ST_OK;
}

static void stop(struct device *d)
{
    set_running(d, false);
}

static void close_null(struct device *d)
{
    struct null_device *n = (struct null_device *)d;
    pthread_mutex_lock(&n->lock);
    n->quit = true;
    pthread_cond_signal(&n->wake);
    pthread_mutex_unlock(&n->lock);
    pthread_join(n->thread, NULL);
    pthread_cond_destroy(&n->wake);
    pthread_mutex_destroy(&n->lock);
    free(n->buffer);
}

static const struct device_kind null_kind = {start, stop, close_null};

enum status device_null_open(struct device **out, int rate_hz, int channels,
                             struct device_source source, struct err *e)
{
    struct null_device *n = calloc(1, sizeof *n);
    if (n) {
        n->frames = (size_t)rate_hz / (NS_PER_S / PERIOD_NS);
        n->buffer = calloc(n->frames * (size_t)channels, sizeof *n->buffer);
    }
    if (!n || !n->buffer) {
        free(n);
        return err_set(e, ST_NO_MEMORY, "no memory for the silent clock");
    }
    n->device.kind = &null_kind;
    atomic_init(&n->device.references, 1);
    n->device.rate_hz = rate_hz;
    n->device.channels = channels;
    snprintf(n->device.name, sizeof n->device.name, "silent clock");
    gate_init(&n->device.gate, source);
    pthread_mutex_init(&n->lock, NULL);
    pthread_cond_init(&n->wake, NULL);
    if (pthread_create(&n->thread, NULL, run, n) != 0) {
        pthread_cond_destroy(&n->wake);
        pthread_mutex_destroy(&n->lock);
        free(n->buffer);
        free(n);
        return err_set(e, ST_NO_MEMORY, "the silent clock's thread cannot be started");
    }
    *out = &n->device;
    return ST_OK;
}
