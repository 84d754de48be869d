#include "dsp/stacks.h"

#include "core/rng.h"
#include "dsp/similarity_internal.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/similarity_coarse.h"

enum {
    NEAREST = 12, /* stacks whose traces a hit is held against */
    SAMPLES = 4,  /* members that stand for a stack */
    CELL_DIMS = 5,
    CELLS_AROUND = 243,  /* that touch one, and itself: 3^CELL_DIMS */
    SEEN_BITS = 1 << 20, /* at most: small enough to stay in the cache */
    VISITED = 256,       /* stacks that are looked at, at most, … */
    VISITED_IN_CELL = 32 /* … those with the nearest centroids first */
};

/* Worked out on the tuning kits of docs/similarity.md. Distances of vectors, in
 * deviations among copies: beyond `wide` two hits are no copies; within `narrow` they are
 * much alike. Unlikeness of traces: below `same` two hits are one; below `sure` no better
 * match is looked for. A trace with less than least_detail counts only between hits much
 * alike. */
static const float wide = 30.0F, narrow = 8.0F;
static const double same = 0.06, sure = 0.02, least_detail = 1.5;

/* Copies lie in one cell or in two that touch, in the dimensions that tell most sounds
 * apart; cells are as wide as 99.9 % of copies are apart. */
static const int cell_dim[CELL_DIMS] = {TIMBRE_AT + 22, TIMBRE_AT + 3, SPECTRUM_AT + 15,
                                        TIMBRE_AT + 21, SPECTRUM_AT + 9};
static const float cell_width[CELL_DIMS] = {6.0F, 10.0F, 14.0F, 6.0F, 9.0F};

struct hit {
    const float *v; /* in deviations among copies */
    const struct trace *trace;
    float pivot;
    uint64_t id, key; /* key: of its cell */
    uint32_t index;   /* in the set */
    int group, stack; /* stack: its pile */
};

/* A stack while it is built. */
struct pile {
    const float *v;           /* vector of its first hit */
    uint32_t sample[SAMPLES]; /* hits: the first, and others drawn by id */
    uint32_t count, into;     /* members; the pile it was merged into, or itself */
};

/* A box in CELL_DIMS dimensions of the vectors. Its piles are rows[from …] of the piler,
 * the newest last. */
struct cell {
    uint64_t key;
    uint32_t from, room, piles; /* room for all hits of the cell; 0: there is no cell */
};

struct piler {
    struct hit *hits;
    float *scaled;                 /* their vectors */
    struct trace_sketch *sketches; /* of the hits */
    struct pile *piles;
    struct cell *cells;               /* open addressing; a power of two of them */
    uint32_t *rows;                   /* piles, cell by cell; … */
    struct similarity_coarse *coarse; /* … beside them the vectors of their first hits */
    uint8_t *seen;                    /* bits by key: clear where no pile can be */
    size_t count, pile_count, cell_count, seen_bits; /* count: hits */
    float knee;                                      /* of struct similarity_metric */
    struct trace_matcher *matcher;
    const atomic_bool *cancelled;
};

static bool stopped(const struct piler *p)
{
    return p->cancelled != NULL &&
           atomic_load_explicit(p->cancelled, memory_order_relaxed);
}

struct near {
    float far; /* distance from the hit asked about */
    uint32_t pile;
};

static int by_pivot(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    if (x->pivot != y->pivot)
        return x->pivot < y->pivot ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

VEC_CLONES(run_distance, similarity_far,
           (const float *a, const float *b, float knee, float most, float *distance),
           (a, b, knee, most, distance))

static float distance(const float *a, const float *b, float knee, float most)
{
    float far;
    run_distance(a, b, knee, most, &far);
    return far;
}

VEC_CLONES(run_steps, similarity_steps_between,
           (const struct similarity_coarse *a, const struct similarity_coarse *b,
            int *sum),
           (a, b, sum))

/* ---- cells ---- */

static void place_of(const struct hit *h, int place[CELL_DIMS])
{
    for (int i = 0; i < CELL_DIMS; i++)
        place[i] = (int)floorf(h->v[cell_dim[i]] / cell_width[i]);
}

/* What a place in a dimension, or a group, adds to the key of a cell. */
static uint64_t key_part(int dim, int place)
{
    struct rng r = rng_derive((uint64_t)dim, (uint64_t)(int64_t)place, "cell", 0);
    return rng_u64(&r);
}

static uint64_t key_of(int group, const int place[CELL_DIMS])
{
    uint64_t key = key_part(CELL_DIMS, group);
    for (int i = 0; i < CELL_DIMS; i++)
        key += key_part(i, place[i]);
    return key;
}

static uint64_t seen_bit(const struct piler *p, uint64_t key)
{
    return (key >> 20) & (p->seen_bits - 1);
}

/* Where the cell is, or would be. */
static struct cell *cell_at(const struct piler *p, uint64_t key)
{
    size_t at = (size_t)key & (p->cell_count - 1);
    while (p->cells[at].room != 0 && p->cells[at].key != key)
        at = (at + 1) & (p->cell_count - 1);
    return &p->cells[at];
}

/* Room for the piles that all hits could begin. */
static void make_cells(struct piler *p)
{
    uint32_t from = 0;
    for (size_t i = 0; i < p->count; i++) {
        struct hit *h = &p->hits[i];
        int place[CELL_DIMS];
        place_of(h, place);
        h->key = key_of(h->group, place);
        struct cell *cell = cell_at(p, h->key);
        cell->key = h->key;
        cell->room++;
    }
    for (size_t i = 0; i < p->cell_count; i++) {
        p->cells[i].from = from;
        from += p->cells[i].room;
    }
}

static void insert(struct near near[NEAREST], size_t *n, struct near now)
{
    size_t at = *n < NEAREST ? (*n)++ : *n - 1;
    for (; at > 0 && near[at - 1].far > now.far; at--)
        near[at] = near[at - 1];
    near[at] = now;
}

struct query {
    const struct hit *one;
    struct similarity_coarse coarse; /* of `one` */
    uint32_t except;                 /* its own pile; UINT32_MAX: it has none yet */
    struct near near[NEAREST];       /* nearest first */
    size_t count;
    int visited; /* piles compared so far */
};

static void look_in(const struct piler *p, const struct cell *cell, struct query *q)
{
    uint32_t row = cell->from + cell->piles;
    for (int i = 0; row-- > cell->from && i < VISITED_IN_CELL && q->visited < VISITED;
         i++) {
        struct near now = {.pile = p->rows[row]};
        float most = q->count == NEAREST ? q->near[NEAREST - 1].far : wide;
        int steps;
        if (now.pile == q->except)
            continue;
        q->visited++;
        run_steps(&q->coarse, &p->coarse[row], &steps);
        if (steps > similarity_steps_within(p->knee, most))
            continue;
        now.far = distance(q->one->v, p->piles[now.pile].v, p->knee, most);
        if (now.far <= most && (q->count < NEAREST || now.far < most))
            insert(q->near, &q->count, now);
    }
}

/* The cells with piles that touch that of a hit. */
static int cells_around(const struct piler *p, const struct hit *one,
                        const struct cell *found[CELLS_AROUND])
{
    static const int way[3] = {0, -1, 1};
    int middle[CELL_DIMS], keys = 1, seen = 0, count = 0;
    uint64_t key[CELLS_AROUND] = {key_part(CELL_DIMS, one->group)};
    place_of(one, middle);
    for (int i = 0; i < CELL_DIMS; i++, keys *= 3)
        for (int w = 2; w >= 0; w--) {
            uint64_t part = key_part(i, middle[i] + way[w]);
            for (int k = 0; k < keys; k++)
                key[w * keys + k] = key[k] + part;
        }
    for (int k = 0; k < keys; k++) {
        uint64_t bit = seen_bit(p, key[k]);
        key[seen] = key[k];
        seen += p->seen[bit / 8] >> bit % 8 & 1;
    }
    for (int k = 0; k < seen; k++) {
        const struct cell *cell = cell_at(p, key[k]);
        if (cell->piles == 0)
            continue;
        __builtin_prefetch(&p->coarse[cell->from + cell->piles - 1]);
        found[count++] = cell;
    }
    return count;
}

/* The piles that sound most like one, the nearest first. */
static void nearest(const struct piler *p, const struct hit *one, uint32_t except,
                    struct query *q)
{
    const struct cell *cells[CELLS_AROUND];
    *q = (struct query){.one = one, .except = except};
    similarity_coarsen(one->v, &q->coarse);
    for (int i = 0, count = cells_around(p, one, cells); i < count; i++)
        look_in(p, cells[i], q);
}

/* ---- piles ---- */

static void hold(struct piler *p, const struct hit *one)
{
    trace_hold(p->matcher, one->trace, &p->sketches[one - p->hits]);
}

/* How unlike the trace of the one held is, if below `most`; 1 when that says little and
 * the two are not much alike either. */
static double unlike(struct piler *p, const struct hit *two, float far, double most)
{
    const struct trace_sketch *sketch = &p->sketches[two - p->hits];
    if (far > narrow && trace_detail(p->matcher, two->trace, sketch) < least_detail)
        return 1.0;
    return trace_unlike(p->matcher, two->trace, sketch, most);
}

static void begin(struct piler *p, uint32_t hit)
{
    uint32_t pile = (uint32_t)p->pile_count++;
    struct hit *one = &p->hits[hit];
    struct cell *cell = cell_at(p, one->key);
    uint32_t row = cell->from + cell->piles++;
    uint64_t bit = seen_bit(p, one->key);
    one->stack = (int)pile;
    p->piles[pile] =
        (struct pile){.v = one->v, .sample = {hit}, .count = 1, .into = pile};
    p->rows[row] = pile;
    similarity_coarsen(one->v, &p->coarse[row]);
    p->seen[bit / 8] |= (uint8_t)(1U << bit % 8);
}

static void join(struct piler *p, uint32_t hit, uint32_t pile)
{
    struct pile *to = &p->piles[pile];
    p->hits[hit].stack = (int)pile;
    if (to->count < SAMPLES) {
        to->sample[to->count] = hit;
    } else {
        uint64_t drawn = rng_hash(0, &p->hits[hit].id, sizeof p->hits[hit].id);
        if (drawn % (to->count + 1) < SAMPLES - 1)
            to->sample[1 + drawn % (to->count + 1)] = hit;
    }
    to->count++;
}

static void place(struct piler *p, uint32_t hit)
{
    struct query q;
    const struct hit *one = &p->hits[hit];
    double best = same;
    uint32_t pile = UINT32_MAX;
    nearest(p, one, UINT32_MAX, &q);
    hold(p, one);
    for (size_t i = 0; i < q.count && best > sure; i++) {
        const struct hit *first = &p->hits[p->piles[q.near[i].pile].sample[0]];
        double now = unlike(p, first, q.near[i].far, best);
        if (now < best) {
            best = now;
            pile = q.near[i].pile;
        }
    }
    if (pile != UINT32_MAX)
        join(p, hit, pile);
    else
        begin(p, hit);
}

static uint32_t root_of(const struct piler *p, uint32_t pile)
{
    while (p->piles[pile].into != pile)
        pile = p->piles[pile].into;
    return pile;
}

static uint32_t samples_of(const struct pile *p)
{
    return p->count < SAMPLES ? p->count : SAMPLES;
}

/* How many pairs of the samples of two piles have matched so far, of those compared. */
struct tally {
    uint32_t matches, compared, pairs;
};

/* Piles are one when a third of the pairs of their samples match. */
static bool is_match(const struct tally *t)
{
    return t->matches > 0 && 3 * t->matches >= t->pairs;
}

static bool is_decided(const struct tally *t)
{
    return is_match(t) || 3 * (t->matches + t->pairs - t->compared) < t->pairs;
}

/* Compares the hit held with the samples of a pile, until it is told. */
static void compare(struct piler *p, const struct hit *one, const struct pile *pile,
                    struct tally *t)
{
    for (uint32_t i = 0; i < samples_of(pile) && !is_decided(t); i++) {
        const struct hit *two = &p->hits[pile->sample[i]];
        float far = distance(one->v, two->v, p->knee, wide);
        t->matches += far <= wide && unlike(p, two, far, same) < same;
        t->compared++;
    }
}

/* A hit that did not match a pile's first may match others of it. */
static void merge(struct piler *p)
{
    for (uint32_t i = 0; i < p->pile_count && !stopped(p); i++) {
        const struct pile *mine = &p->piles[i];
        struct query q;
        struct tally tally[NEAREST];
        if (mine->count == 1)
            continue;
        nearest(p, &p->hits[mine->sample[0]], i, &q);
        for (size_t k = 0; k < q.count; k++) {
            uint32_t pile = q.near[k].pile;
            /* each pair once: by the later pile, as a single hit gets no turn of its own
             */
            bool compares = pile < i || p->piles[pile].count == 1;
            uint32_t pairs = samples_of(mine) * samples_of(&p->piles[pile]);
            tally[k] = (struct tally){0, compares ? 0 : pairs, pairs};
        }
        for (uint32_t s = 0; s < samples_of(mine); s++) {
            const struct hit *one = &p->hits[mine->sample[s]];
            hold(p, one);
            for (size_t k = 0; k < q.count; k++)
                compare(p, one, &p->piles[q.near[k].pile], &tally[k]);
        }
        for (size_t k = 0; k < q.count; k++) {
            uint32_t pile = q.near[k].pile;
            if (is_match(&tally[k]) && root_of(p, i) != root_of(p, pile))
                p->piles[root_of(p, i)].into = root_of(p, pile);
        }
    }
}

/* ---- the rest, and numbers ---- */

/* What has a vector but no trace is stacked by likeness; its stacks count on from `most`.
 */
static enum status stack_untraced(const struct similarity_set *of,
                                  const struct trace *traces, int most, int *stack,
                                  const atomic_bool *cancelled, struct err *e)
{
    size_t n = of->n;
    float *v = malloc((n + 1) * SIMILARITY_DIM * sizeof *v);
    int *own = malloc((n + 1) * sizeof *own);
    enum status st =
        v && own ? ST_OK : err_set(e, ST_NO_MEMORY, "no memory for %zu stacks", n);
    if (st == ST_OK) {
        for (size_t i = 0; i < n; i++) {
            float *to = v + i * SIMILARITY_DIM;
            memcpy(to, of->vectors + i * SIMILARITY_DIM, SIMILARITY_DIM * sizeof *to);
            if (traces[i].known)
                to[0] = NAN;
        }
        st = similarity_stacks(&(struct similarity_set){v, of->ids, of->group, n}, own,
                               cancelled, e);
    }
    for (size_t i = 0; st == ST_OK && i < n; i++)
        if (own[i])
            stack[i] = most + own[i];
    free(v);
    free(own);
    return st;
}

static enum status piler_init(struct piler *p, size_t n, struct err *e)
{
    *p = (struct piler){.hits = malloc((n + 1) * sizeof *p->hits),
                        .scaled = malloc((n + 1) * SIMILARITY_DIM * sizeof *p->scaled),
                        .sketches = malloc((n + 1) * sizeof *p->sketches),
                        .piles = malloc((n + 1) * sizeof *p->piles),
                        .rows = malloc((n + 1) * sizeof *p->rows),
                        .coarse = malloc((n + 1) * sizeof *p->coarse),
                        .cell_count = 64};
    while (p->cell_count < 2 * n)
        p->cell_count *= 2;
    p->cells = calloc(p->cell_count, sizeof *p->cells);
    p->seen_bits = 16 * p->cell_count < SEEN_BITS ? 16 * p->cell_count : SEEN_BITS;
    p->seen = calloc(p->seen_bits / 8, sizeof *p->seen);
    if (!p->hits || !p->scaled || !p->sketches || !p->piles || !p->rows || !p->coarse ||
        !p->cells || !p->seen)
        return err_set(e, ST_NO_MEMORY, "no memory for %zu stacks", n);
    return trace_matcher_new(&p->matcher, e);
}

static void piler_done(struct piler *p)
{
    trace_matcher_free(p->matcher);
    free(p->hits);
    free(p->scaled);
    free(p->sketches);
    free(p->piles);
    free(p->rows);
    free(p->coarse);
    free(p->cells);
    free(p->seen);
}

static void take(struct piler *p, const struct similarity_set *of,
                 const struct trace *traces)
{
    struct similarity_metric metric;
    similarity_metric_init(&metric);
    p->knee = metric.knee;
    for (size_t i = 0; i < of->n; i++) {
        const float *from = of->vectors + i * SIMILARITY_DIM;
        float *v = p->scaled + p->count * SIMILARITY_DIM;
        if (isnan(from[0]) || !traces[i].known)
            continue;
        similarity_scale(&metric, from, v);
        p->hits[p->count++] = (struct hit){.v = v,
                                           .trace = &traces[i],
                                           .pivot = v[SIMILARITY_PIVOT],
                                           .id = of->ids[i],
                                           .index = (uint32_t)i,
                                           .group = similarity_group(of, i)};
    }
    qsort(p->hits, p->count, sizeof *p->hits, by_pivot);
    make_cells(p);
    for (size_t i = 0; i < p->count && !stopped(p); i += TRACE_SKETCHES) {
        const struct trace *now[TRACE_SKETCHES];
        int count = 0;
        for (; count < TRACE_SKETCHES && i + (size_t)count < p->count; count++)
            now[count] = p->hits[i + (size_t)count].trace;
        trace_sketch(p->matcher, now, count, &p->sketches[i]);
    }
}

enum status stacks_find(const struct similarity_set *of, const struct trace *traces,
                        int *stack, const atomic_bool *cancelled, struct err *e)
{
    struct piler p;
    enum status st = piler_init(&p, of->n, e);
    p.cancelled = cancelled;
    memset(stack, 0, of->n * sizeof *stack);
    if (st == ST_OK) {
        take(&p, of, traces);
        for (uint32_t i = 0; i < p.count && !stopped(&p); i++)
            place(&p, i);
        merge(&p);
        if (stopped(&p))
            st = err_set(e, ST_CANCELLED, "interrupted");
        for (size_t i = 0; i < p.count && st == ST_OK; i++)
            stack[p.hits[i].index] = 1 + (int)root_of(&p, (uint32_t)p.hits[i].stack);
    }
    int piles = (int)p.pile_count;
    piler_done(&p);
    if (st == ST_OK)
        st = stack_untraced(of, traces, piles, stack, cancelled, e);
    if (st == ST_OK && !similarity_number_stacks(of->ids, of->n, stack))
        st = err_set(e, ST_NO_MEMORY, "no memory for %zu stacks", of->n);
    return st;
}
