/* hit_pool: the hits worth keeping while a recording is being cut: the best so many, and
 * the best of those that are none. What it holds does not grow with the recording. Where
 * not all fit, each register has the same room and the rest of what another leaves free:
 * kicks are louder and stand more alone than hats, and would leave none.
 * Thread: a pool belongs to one. */
#ifndef TROWEL_DSP_HIT_POOL_H
#define TROWEL_DSP_HIT_POOL_H

#include "dsp/hits.h"

enum { HITS_MISSED_MAX = 20 };

struct pooled_hit {
    struct hit hit;
    size_t number; /* how many were offered before it */
};

struct hit_heap {
    struct pooled_hit *at; /* the worst first */
    size_t count, room;
};

struct hit_pool {
    struct hit_heap of[HIT_REGISTER_COUNT]; /* until it is settled */
    struct pooled_hit *best;                /* from then on: those without `missed_by` */
    size_t count, most, offered;
    struct pooled_hit missed[HITS_MISSED_MAX]; /* best score first */
    size_t missed_count;
};

void hit_pool_init(struct hit_pool *pool, const struct hits_params *p);
void hit_pool_done(struct hit_pool *pool);

/* Takes a copy. A hit that is not, or no longer, among the best `max_saved` counts as
 * missed, and says so. Equal scores: the earlier one is better. Those without any length
 * are forgotten. ST_NO_MEMORY. */
enum status hit_pool_offer(struct hit_pool *pool, const struct hit *h, struct err *e);

/* All were offered: puts them into `best`, in the order in which they were.
 * ST_NO_MEMORY. */
enum status hit_pool_settle(struct hit_pool *pool, struct err *e);

#endif
