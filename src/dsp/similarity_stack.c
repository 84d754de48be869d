#include "dsp/similarity.h"

#include "core/rng.h"
#include "dsp/similarity_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* x² up to the knee b, then b·(2x − b), without a branch. */
static float huber(float a, float b, float bend)
{
    float x = fabsf(a - b);
    float low = x < bend ? x : bend;
    return low * (2.0F * x - low);
}

/* Of scaled vectors. Stops early once above the limit; false for NAN. */
static bool copies(const struct similarity_metric *m, const float *a, const float *b)
{
    const float knee = m->knee, most = m->limit * SIMILARITY_DIM;
    float sum = 0.0F;
    for (int i = 0; i < SIMILARITY_DIM && sum <= most; i += 2 * BLOCK) {
        float lane[BLOCK];
        for (int k = 0; k < BLOCK; k++)
            lane[k] = huber(a[i + k], b[i + k], knee) +
                      huber(a[i + k + BLOCK], b[i + k + BLOCK], knee);
        sum += ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
               ((lane[4] + lane[5]) + (lane[6] + lane[7]));
    }
    return sum <= most;
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
    return copies(&m, x, y);
}

/* ---- stacks ---- */

struct item {
    const float *v;
    float pivot;
    uint64_t id;
    uint32_t index, degree;
    int group, stack;
};

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

static void count_all(const struct similarity_metric *m, struct item *items, size_t n,
                      float reach)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n && items[k].group == items[i].group &&
                               items[k].pivot - items[i].pivot <= reach;
             k++)
            if (copies(m, items[i].v, items[k].v)) {
                items[i].degree++;
                items[k].degree++;
            }
}

/* How many copies each has; of very many items only every stride-th, drawn by its id,
 * is asked, so that the cost stays in bounds and the order does not matter. */
static void count_degrees(const struct similarity_metric *m, struct item *items, size_t n,
                          float reach)
{
    size_t stride = n / VOTERS + 1, voters = 0;
    if (stride == 1) {
        count_all(m, items, n, reach);
        return;
    }
    struct item **voter = malloc((n + 1) * sizeof *voter);
    for (size_t i = 0; i < n && voter != NULL; i++)
        if (rng_hash(0, &items[i].id, sizeof items[i].id) % stride == 0)
            voter[voters++] = &items[i];
    for (size_t i = 0, from = 0; i < n; i++) {
        while (from < voters && (voter[from]->group < items[i].group ||
                                 (voter[from]->group == items[i].group &&
                                  items[i].pivot - voter[from]->pivot > reach)))
            from++;
        for (size_t k = from; k < voters && voter[k]->group == items[i].group &&
                              voter[k]->pivot - items[i].pivot <= reach;
             k++)
            items[i].degree += copies(m, items[i].v, voter[k]->v);
    }
    free(voter);
}

/* Everything free around a centre joins it; true when something did. */
static bool gather(const struct similarity_metric *m, struct item *items, size_t n,
                   struct item *centre, float reach, int stack)
{
    bool any = false;
    for (int way = -1; way <= 1; way += 2)
        for (size_t k = (size_t)(centre - items) + (size_t)way;
             k < n && items[k].group == centre->group &&
             fabsf(items[k].pivot - centre->pivot) <= reach;
             k += (size_t)way)
            if (items[k].stack == 0 && copies(m, centre->v, items[k].v)) {
                items[k].stack = stack;
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

enum status similarity_stacks_by(const struct similarity_metric *m,
                                 const struct similarity_set *of, int *stack,
                                 struct err *e)
{
    size_t n = of->n;
    struct item *items = malloc((n + 1) * sizeof *items);
    struct item **order = malloc((n + 1) * sizeof *order);
    float *scaled = malloc((n + 1) * SIMILARITY_DIM * sizeof *scaled);
    bool done = items != NULL && order != NULL && scaled != NULL;
    size_t kept = 0;
    int stacks = 0;
    /* how far apart in the pivot alone copies can be at most */
    float reach = (m->limit * SIMILARITY_DIM + m->knee * m->knee) / (2.0F * m->knee);
    memset(stack, 0, n * sizeof *stack);
    for (size_t i = 0; i < n && done; i++) {
        float *v = scaled + kept * SIMILARITY_DIM;
        if (isnan(of->vectors[i * SIMILARITY_DIM]))
            continue;
        similarity_scale(m, of->vectors + i * SIMILARITY_DIM, v);
        items[kept++] = (struct item){.v = v,
                                      .pivot = v[SIMILARITY_PIVOT],
                                      .id = of->ids[i],
                                      .index = (uint32_t)i,
                                      .group = similarity_group(of, i)};
    }
    if (done) {
        qsort(items, kept, sizeof *items, by_pivot);
        count_degrees(m, items, kept, reach);
        for (size_t i = 0; i < kept; i++)
            order[i] = &items[i];
        qsort(order, kept, sizeof *order, by_degree);
        for (size_t i = 0; i < kept && (kept >= VOTERS || order[i]->degree > 0); i++)
            if (order[i]->stack == 0 &&
                gather(m, items, kept, order[i], reach, stacks + 1))
                stacks++;
        for (size_t i = 0; i < kept; i++)
            stack[items[i].index] = items[i].stack;
        done = similarity_number_stacks(of->ids, n, stack);
    }
    free(items);
    free(order);
    free(scaled);
    return done ? ST_OK : err_set(e, ST_NO_MEMORY, "no memory for %zu stacks", n);
}

enum status similarity_stacks(const struct similarity_set *of, int *stack, struct err *e)
{
    struct similarity_metric m;
    similarity_metric_init(&m);
    return similarity_stacks_by(&m, of, stack, e);
}
