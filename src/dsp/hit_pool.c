#include "dsp/hit_pool.h"

#include "core/array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hit_pool_init(struct hit_pool *pool, const struct hits_params *p)
{
    *pool = (struct hit_pool){.most = p->max_saved};
}

void hit_pool_done(struct hit_pool *pool)
{
    free(pool->best);
    for (int r = 0; r < HIT_REGISTER_COUNT; r++)
        free(pool->of[r].at);
    *pool = (struct hit_pool){0};
}

static bool better(const struct pooled_hit *a, const struct pooled_hit *b)
{
    if (a->hit.score != b->hit.score)
        return a->hit.score > b->hit.score;
    if (a->hit.start_frame != b->hit.start_frame)
        return a->hit.start_frame < b->hit.start_frame;
    return a->number < b->number;
}

static void miss(struct hit_pool *pool, const struct pooled_hit *h)
{
    if (h->hit.end_frame <= h->hit.start_frame)
        return;
    size_t at = pool->missed_count;
    while (at > 0 && better(h, &pool->missed[at - 1]))
        at--;
    if (at == HITS_MISSED_MAX)
        return;
    if (pool->missed_count < HITS_MISSED_MAX)
        pool->missed_count++;
    memmove(&pool->missed[at + 1], &pool->missed[at],
            (pool->missed_count - at - 1) * sizeof *pool->missed);
    pool->missed[at] = *h;
}

static void pass_over(struct hit_pool *pool, struct pooled_hit *h)
{
    snprintf(h->hit.missed_by, sizeof h->hit.missed_by, "not among the best %zu",
             pool->most);
    miss(pool, h);
}

/* --- the best as heaps with the worst of them on top --- */

static void swap(struct pooled_hit *a, struct pooled_hit *b)
{
    struct pooled_hit c = *a;
    *a = *b;
    *b = c;
}

static void rise(struct pooled_hit *heap, size_t i)
{
    for (; i > 0 && better(&heap[(i - 1) / 2], &heap[i]); i = (i - 1) / 2)
        swap(&heap[(i - 1) / 2], &heap[i]);
}

static void sink(struct pooled_hit *heap, size_t count)
{
    for (size_t i = 0, next; (next = 2 * i + 1) < count; i = next) {
        if (next + 1 < count && better(&heap[next], &heap[next + 1]))
            next++;
        if (!better(&heap[i], &heap[next]))
            return;
        swap(&heap[i], &heap[next]);
    }
}

static enum status add(struct hit_heap *heap, const struct pooled_hit *h, struct err *e)
{
    if (!array_grow(&heap->at, &heap->room, heap->count + 1, sizeof *heap->at))
        return err_set(e, ST_NO_MEMORY, "no memory for %zu hits", heap->count + 1);
    heap->at[heap->count] = *h;
    rise(heap->at, heap->count++);
    return ST_OK;
}

/* Of the fullest heaps the one with the worst hit. */
static struct hit_heap *fullest(struct hit_pool *pool)
{
    struct hit_heap *most = &pool->of[0];
    for (int r = 1; r < HIT_REGISTER_COUNT; r++) {
        struct hit_heap *heap = &pool->of[r];
        if (heap->count > most->count ||
            (heap->count && heap->count == most->count && better(most->at, heap->at)))
            most = heap;
    }
    return most;
}

enum status hit_pool_offer(struct hit_pool *pool, const struct hit *h, struct err *e)
{
    struct pooled_hit offer = {*h, pool->offered++};
    if (h->missed_by[0]) {
        miss(pool, &offer);
        return ST_OK;
    }
    enum status st = add(&pool->of[h->reg], &offer, e);
    if (st != ST_OK || ++pool->count <= pool->most)
        return st;
    struct hit_heap *heap = fullest(pool);
    pool->count--;
    swap(&heap->at[0], &heap->at[--heap->count]);
    sink(heap->at, heap->count);
    pass_over(pool, &heap->at[heap->count]);
    return ST_OK;
}

static int by_number(const void *a, const void *b)
{
    const struct pooled_hit *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

enum status hit_pool_settle(struct hit_pool *pool, struct err *e)
{
    size_t count = 0;
    pool->best = calloc(pool->count + 1, sizeof *pool->best);
    if (!pool->best)
        return err_set(e, ST_NO_MEMORY, "no memory for %zu hits", pool->count);
    for (int r = 0; r < HIT_REGISTER_COUNT; r++)
        for (size_t i = 0; i < pool->of[r].count; i++)
            pool->best[count++] = pool->of[r].at[i];
    qsort(pool->best, count, sizeof *pool->best, by_number);
    return ST_OK;
}
