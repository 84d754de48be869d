/* ring: a queue between exactly two threads that never blocks and never allocates.
 *
 * Items are copied, all of one size. One thread pushes, one pops (each may change over
 * time if something else orders the hand-over). Lock-free: one acquire and one release
 * each (Lamport 1983, with C11 atomics). */
#ifndef TROWEL_AUDIO_RING_H
#define TROWEL_AUDIO_RING_H

#include "core/status.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct ring {
    unsigned char *slots;
    size_t item_bytes;
    size_t capacity;                   /* a power of two */
    alignas(64) atomic_size_t written; /* the producer's; counts up for ever */
    alignas(64) atomic_size_t read;    /* the consumer's */
};

/* Room for at least `capacity` items. ST_NO_MEMORY. */
enum status ring_init(struct ring *r, size_t capacity, size_t item_bytes, struct err *e);
void ring_done(struct ring *r);

bool ring_push(struct ring *r, const void *item); /* false: full */
bool ring_pop(struct ring *r, void *item);        /* false: empty */

/* Items waiting; exact for the two threads, a lower or upper bound for others. */
size_t ring_count(const struct ring *r);

#endif
