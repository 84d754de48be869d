#include "dsp/similarity.h"

#include "core/rng.h"
#include "dsp/similarity_internal.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/similarity_coarse.h"
#include "dsp/similarity_table.h"

enum { BLOCK = 8, VOTERS = 4096 };

/* Two sounds are copies when the mean of their squared differences, in deviations among
 * copies, is below `limit`. Beyond `knee` deviations a difference counts in proportion
 * only (Huber 1964): one slip, such as a longer tail under noise, does not decide, many
 * or great ones do. */
void similarity_metric_init(struct similarity_metric *m)
{
    memcpy(m->copy, table_copy, sizeof m->copy);
    m->knee = table_knee;
    m->limit = table_limit;
}

/* ---- distances ---- */

static void weigh(const struct similarity_weights *weights, float by[SIMILARITY_DIM])
{
    static const int dims[ASPECT_COUNT] = {SPECTRUM_DIM, TIMBRE_DIM, PITCH_DIM,
                                           ENVELOPE_DIM};
    int at = 0;
    if (weights == NULL)
        weights = &similarity_even;
    for (int a = 0; a < ASPECT_COUNT; a++)
        for (int i = 0; i < dims[a]; i++)
            by[at++] = (float)(weights->aspect[a] * weights->aspect[a] / dims[a]);
}

static float square_distance(const float *a, const float *b, const float *by)
{
    float lane[BLOCK] = {0.0F};
    for (int i = 0; i < SIMILARITY_DIM; i += BLOCK)
        for (int k = 0; k < BLOCK; k++) {
            float d = a[i + k] - b[i + k];
            lane[k] += by[i + k] * d * d;
        }
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

double similarity_distance(const float *a, const float *b)
{
    float by[SIMILARITY_DIM];
    weigh(NULL, by);
    return sqrt((double)square_distance(a, b, by));
}

void similarity_distances(const float *vectors, size_t n, const float *query,
                          const struct similarity_weights *weights, float *distance)
{
    float by[SIMILARITY_DIM];
    weigh(weights, by);
    for (size_t i = 0; i < n; i++) {
        const float *v = vectors + i * SIMILARITY_DIM;
        distance[i] = isnan(v[0]) ? INFINITY : sqrtf(square_distance(v, query, by));
    }
}

/* ---- copies ---- */

void similarity_scale(const struct similarity_metric *m, const float *v,
                      float scaled[SIMILARITY_DIM])
{
    for (int i = 0; i < SIMILARITY_DIM; i++)
        scaled[i] = v[i] / m->copy[i];
}

bool similarity_duplicate(const float *a, const float *b)
{
    struct similarity_metric m;
    float x[SIMILARITY_DIM], y[SIMILARITY_DIM];
    if (isnan(a[0]) || isnan(b[0]))
        return false;
    similarity_metric_init(&m);
    similarity_scale(&m, a, x);
    similarity_scale(&m, b, y);
    float far;
    similarity_far(x, y, m.knee, m.limit, &far);
    return far <= m.limit;
}

void similarity_coarsen(const float *v, struct similarity_coarse *c)
{
    for (int i = 0; i < SIMILARITY_DIM; i++) {
        float steps = fmaxf(-COARSE_MOST, fminf(COARSE_MOST, v[i] * COARSE_STEPS));
        c->at[i] = (uint8_t)(COARSE_ZERO + (int)lrintf(steps));
    }
}

/* A difference of x counts knee·(2x − knee) or more, and rounding adds a step to it at
 * most. */
int similarity_steps_within(float knee, float most)
{
    float sum = (most + knee * knee) * SIMILARITY_DIM / (2.0F * knee);
    return (int)(1.001F * sum * COARSE_STEPS) + SIMILARITY_DIM;
}

/* ---- stacks ---- */

struct item {
    const float *v;
    float pivot;
    uint64_t id;
    uint32_t index, degree;
    uint32_t from, end; /* items in reach: copies of it are among them */
    int group, stack;
};

/* The sounds, by pivot. */
struct stacker {
    struct item *items;
    struct similarity_coarse *coarse; /* of the items */
    size_t count;
    float knee, limit;
    int steps; /* that copies are apart at most */
    const atomic_bool *cancelled;
};

static bool stopped(const struct stacker *s)
{
    return s->cancelled != NULL &&
           atomic_load_explicit(s->cancelled, memory_order_relaxed);
}

static int by_pivot(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    if (x->pivot != y->pivot)
        return x->pivot < y->pivot ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static int by_degree(const void *a, const void *b)
{
    const struct item *x = *(const struct item *const *)a,
                      *y = *(const struct item *const *)b;
    if (x->degree != y->degree)
        return x->degree > y->degree ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* How far apart in the pivot alone copies can be at most. */
static float reach_of(const struct stacker *s)
{
    return (s->limit * SIMILARITY_DIM + s->knee * s->knee) / (2.0F * s->knee);
}

static void find_reach(struct stacker *s)
{
    const float reach = reach_of(s);
    struct item *items = s->items;
    size_t from = 0, end = 0;
    for (size_t i = 0; i < s->count; i++) {
        while (items[from].group < items[i].group ||
               items[i].pivot - items[from].pivot > reach)
            from++;
        end = end < i ? i : end;
        while (end < s->count && items[end].group == items[i].group &&
               items[end].pivot - items[i].pivot <= reach)
            end++;
        items[i].from = (uint32_t)from;
        items[i].end = (uint32_t)end;
    }
}

/* *at becomes the first item from there on that is a copy of item `one`, or its end. */
VEC_INLINE void next_copy(const struct stacker *s, const struct item *one, uint32_t *at)
{
    const struct similarity_coarse *coarse = &s->coarse[one - s->items];
    for (; *at < one->end; ++*at) {
        float far;
        int steps;
        similarity_steps_between(coarse, &s->coarse[*at], &steps);
        if (steps > s->steps)
            continue;
        similarity_far(one->v, s->items[*at].v, s->knee, s->limit, &far);
        if (far <= s->limit)
            return;
    }
}

VEC_CLONES(run_next_copy, next_copy,
           (const struct stacker *s, const struct item *one, uint32_t *at), (s, one, at))

/* How many copies each has, itself among them; of very many items only every stride-th,
 * drawn by its id, is asked, so that the cost stays in bounds and the order does not
 * matter. */
static void count_degrees(struct stacker *s, size_t stride)
{
    for (size_t i = 0; i < s->count && !stopped(s); i++) {
        const struct item *voter = &s->items[i];
        if (stride > 1 && rng_hash(0, &voter->id, sizeof voter->id) % stride != 0)
            continue;
        uint32_t at = voter->from;
        for (run_next_copy(s, voter, &at); at < voter->end; run_next_copy(s, voter, &at))
            s->items[at++].degree++;
    }
}

/* Everything free around a centre joins it; true when something did. */
static bool gather(struct stacker *s, struct item *centre, int stack)
{
    bool any = false;
    uint32_t at = centre->from;
    for (run_next_copy(s, centre, &at); at < centre->end; run_next_copy(s, centre, &at)) {
        struct item *one = &s->items[at++];
        if (one == centre || one->stack != 0)
            continue;
        one->stack = stack;
        any = true;
    }
    if (any)
        centre->stack = stack;
    return any;
}

struct numbered {
    uint64_t smallest;
    size_t members;
    int stack;
};

static int by_smallest(const void *a, const void *b)
{
    const struct numbered *x = a, *y = b;
    return x->smallest < y->smallest ? -1 : x->smallest > y->smallest;
}

bool similarity_number_stacks(const uint64_t *ids, size_t n, int *stack)
{
    int most = 0, number = 0;
    for (size_t i = 0; i < n; i++)
        most = stack[i] > most ? stack[i] : most;
    struct numbered *order = malloc(((size_t)most + 1) * sizeof *order);
    int *name = calloc((size_t)most + 1, sizeof *name);
    bool done = order != NULL && name != NULL;
    for (int s = 0; done && s <= most; s++)
        order[s] = (struct numbered){UINT64_MAX, 0, s};
    for (size_t i = 0; done && i < n; i++) {
        struct numbered *o = &order[stack[i]];
        o->members++;
        o->smallest = ids[i] < o->smallest ? ids[i] : o->smallest;
    }
    if (done)
        qsort(order + 1, (size_t)most, sizeof *order, by_smallest);
    for (int s = 1; done && s <= most; s++)
        name[order[s].stack] = order[s].members > 1 ? ++number : 0;
    for (size_t i = 0; done && i < n; i++)
        stack[i] = stack[i] ? name[stack[i]] : 0;
    free(order);
    free(name);
    return done;
}

/* `order` has room for all items. */
static void stack_all(struct stacker *s, struct item **order)
{
    size_t stride = s->count / VOTERS + 1;
    int stacks = 0;
    qsort(s->items, s->count, sizeof *s->items, by_pivot);
    for (size_t i = 0; i < s->count; i++)
        similarity_coarsen(s->items[i].v, &s->coarse[i]);
    find_reach(s);
    count_degrees(s, stride);
    for (size_t i = 0; i < s->count; i++)
        order[i] = &s->items[i];
    qsort(order, s->count, sizeof *order, by_degree);
    for (size_t i = 0; i < s->count && !stopped(s); i++)
        if (order[i]->stack == 0 && (stride > 1 || order[i]->degree > 1) &&
            gather(s, order[i], stacks + 1))
            stacks++;
}

enum status similarity_stacks_by(const struct similarity_metric *m,
                                 const struct similarity_set *of, int *stack,
                                 const atomic_bool *cancelled, struct err *e)
{
    size_t n = of->n;
    struct stacker s = {.items = malloc((n + 1) * sizeof *s.items),
                        .coarse = malloc((n + 1) * sizeof *s.coarse),
                        .knee = m->knee,
                        .limit = m->limit,
                        .steps = similarity_steps_within(m->knee, m->limit),
                        .cancelled = cancelled};
    struct item **order = malloc((n + 1) * sizeof *order);
    float *scaled = malloc((n + 1) * SIMILARITY_DIM * sizeof *scaled);
    bool done = s.items && s.coarse && order && scaled;
    memset(stack, 0, n * sizeof *stack);
    for (size_t i = 0; i < n && done; i++) {
        float *v = scaled + s.count * SIMILARITY_DIM;
        if (isnan(of->vectors[i * SIMILARITY_DIM]))
            continue;
        similarity_scale(m, of->vectors + i * SIMILARITY_DIM, v);
        s.items[s.count++] = (struct item){.v = v,
                                           .pivot = v[SIMILARITY_PIVOT],
                                           .id = of->ids[i],
                                           .index = (uint32_t)i,
                                           .group = similarity_group(of, i)};
    }
    if (done) {
        stack_all(&s, order);
        for (size_t i = 0; i < s.count; i++)
            stack[s.items[i].index] = s.items[i].stack;
        done = similarity_number_stacks(of->ids, n, stack);
    }
    free(s.items);
    free(s.coarse);
    free(order);
    free(scaled);
    if (!done)
        return err_set(e, ST_NO_MEMORY, "no memory for %zu stacks", n);
    return stopped(&s) ? err_set(e, ST_CANCELLED, "interrupted") : ST_OK;
}

enum status similarity_stacks(const struct similarity_set *of, int *stack,
                              const atomic_bool *cancelled, struct err *e)
{
    struct similarity_metric m;
    similarity_metric_init(&m);
    return similarity_stacks_by(&m, of, stack, cancelled, e);
}
