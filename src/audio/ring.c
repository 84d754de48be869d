#include "audio/ring.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum status ring_init(struct ring *r, size_t capacity, size_t item_bytes, struct err *e)
{
    *r = (struct ring){.item_bytes = item_bytes, .capacity = 1};
    while (r->capacity < capacity && r->capacity <= SIZE_MAX / 4)
        r->capacity *= 2;
    r->slots = calloc(r->capacity, item_bytes);
    atomic_init(&r->written, 0);
    atomic_init(&r->read, 0);
    return r->slots ? ST_OK : err_set(e, ST_NO_MEMORY, "no memory for a queue");
}

void ring_done(struct ring *r)
{
    free(r->slots);
    r->slots = NULL;
}

static unsigned char *slot(struct ring *r, size_t index)
{
    return r->slots + (index & (r->capacity - 1)) * r->item_bytes;
}

bool ring_push(struct ring *r, const void *item)
{
    size_t w = atomic_load_explicit(&r->written, memory_order_relaxed);
    if (w - atomic_load_explicit(&r->read, memory_order_acquire) == r->capacity)
        return false;
    memcpy(slot(r, w), item, r->item_bytes);
    atomic_store_explicit(&r->written, w + 1, memory_order_release);
    return true;
}

bool ring_pop(struct ring *r, void *item)
{
    size_t n = atomic_load_explicit(&r->read, memory_order_relaxed);
    if (atomic_load_explicit(&r->written, memory_order_acquire) == n)
        return false;
    memcpy(item, slot(r, n), r->item_bytes);
    atomic_store_explicit(&r->read, n + 1, memory_order_release);
    return true;
}

size_t ring_count(const struct ring *r)
{
    size_t n = atomic_load_explicit(&r->read, memory_order_acquire);
    return atomic_load_explicit(&r->written, memory_order_acquire) - n;
}
