#include "dsp/stacks.h"

#include "dsp/similarity_internal.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    NEAREST = 12,            /* stacks whose traces a hit is held against */
    SAMPLES = 3,             /* members that stand for a stack */
    PIVOT = SPECTRUM_AT + 12 /* the centroid: least spread among copies */
};

/* Worked out on the tuning kits of docs/similarity.md: how unlike copies can be, in all
 * and in the pivot; what their traces match by; from where on nothing better is looked
 * for; and below which detail a match counts only between sounds that are much alike. */
static const float wide = 20.0F, pivot_reach = 14.0F, narrow = 10.0F;
static const double same = 0.94, sure = 0.96, least_detail = 1.5;

struct hit {
    const float *v; /* in deviations among copies */
    const struct trace *trace;
    float pivot;
    uint64_t id;
    uint32_t index;
    int group, stack; /* of `pile` */
};

struct pile {
    uint32_t sample[SAMPLES]; /* hits, the first to come first */
    uint32_t count, into;     /* members; the pile it was merged into, or itself */
    uint32_t pairs, alike;    /* of its samples and those of another pile */
};

struct piler {
    struct hit *hits;
    struct pile *piles;
    size_t count, pile_count;
    uint32_t first; /* the first pile near the one looked at */
    float knee;
    struct trace_matcher *matcher;
};

struct near {
    float far;
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

/* As similarity_duplicate measures, or something above `most`. */
static float distance(const float *a, const float *b, float knee, float most)
{
    float sum = 0.0F;
    most *= SIMILARITY_DIM;
    for (int i = 0; i < SIMILARITY_DIM && sum <= most; i += 16) {
        float lane[8] = {0};
        for (int k = 0; k < 16; k++) {
            float x = fabsf(a[i + k] - b[i + k]), low = x < knee ? x : knee;
            lane[k % 8] += low * (2.0F * x - low);
        }
        sum += ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
               ((lane[4] + lane[5]) + (lane[6] + lane[7]));
    }
    return sum / SIMILARITY_DIM;
}

/* The piles begun at most `pivot_reach` below, nearest first. */
static size_t nearest(const struct piler *p, const struct hit *one,
                      struct near out[NEAREST])
{
    size_t n = 0;
    float most = wide;
    for (size_t k = p->pile_count; k-- > 0;) {
        const struct hit *first = &p->hits[p->piles[k].sample[0]];
        if (first->group != one->group || one->pivot - first->pivot > pivot_reach)
            break;
        float far = distance(one->v, first->v, p->knee, most);
        if (far > most || (n == NEAREST && far >= out[n - 1].far))
            continue;
        size_t at = n < NEAREST ? n++ : n - 1;
        for (; at > 0 && out[at - 1].far > far; at--)
            out[at] = out[at - 1];
        out[at] = (struct near){far, (uint32_t)k};
        if (n == NEAREST)
            most = out[n - 1].far;
    }
    return n;
}

/* How well the traces match, `a` being held; 0 when that says little and the two are not
 * much alike either. */
static double match(struct piler *p, const struct hit *a, const struct hit *b, float far)
{
    if (far > narrow && trace_detail(a->trace, b->trace) < least_detail)
        return 0.0;
    return trace_match(p->matcher, b->trace);
}

static void begin(struct piler *p, uint32_t hit)
{
    p->hits[hit].stack = (int)p->pile_count;
    p->piles[p->pile_count] =
        (struct pile){.sample = {hit}, .count = 1, .into = (uint32_t)p->pile_count};
    p->pile_count++;
}

static void join(struct piler *p, uint32_t hit, uint32_t pile)
{
    struct pile *to = &p->piles[pile];
    p->hits[hit].stack = (int)pile;
    if (to->count < SAMPLES)
        to->sample[to->count] = hit;
    to->count++;
}

static void place(struct piler *p, uint32_t hit)
{
    struct near near[NEAREST];
    size_t n = nearest(p, &p->hits[hit], near);
    double best = 0.0;
    uint32_t pile = 0;
    trace_hold(p->matcher, p->hits[hit].trace);
    for (size_t i = 0; i < n && best < sure; i++) {
        const struct hit *first = &p->hits[p->piles[near[i].pile].sample[0]];
        double now = match(p, &p->hits[hit], first, near[i].far);
        if (now > best) {
            best = now;
            pile = near[i].pile;
        }
    }
    if (best >= same)
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

/* One sample of a pile against those of all piles before it that are near. */
static void compare(struct piler *p, uint32_t pile, uint32_t hit)
{
    const struct hit *one = &p->hits[hit];
    trace_hold(p->matcher, one->trace);
    for (uint32_t k = p->first; k < pile; k++) {
        struct pile *other = &p->piles[k];
        if (other->count == 1 && p->piles[pile].count == 1)
            continue;
        for (uint32_t i = 0; i < samples_of(other); i++) {
            const struct hit *two = &p->hits[other->sample[i]];
            float far = distance(one->v, two->v, p->knee, wide);
            other->pairs++;
            other->alike += far <= wide && match(p, one, two, far) >= same;
        }
    }
}

/* A hit that did not match a pile's first may match others of it: piles are one when half
 * of the pairs of their samples match. */
static void merge(struct piler *p)
{
    for (uint32_t i = 1; i < p->pile_count; i++) {
        const struct hit *mine = &p->hits[p->piles[i].sample[0]];
        for (p->first = i; p->first > 0; p->first--) {
            const struct hit *other = &p->hits[p->piles[p->first - 1].sample[0]];
            if (other->group != mine->group || mine->pivot - other->pivot > pivot_reach)
                break;
            p->piles[p->first - 1].pairs = p->piles[p->first - 1].alike = 0;
        }
        for (uint32_t s = 0; s < samples_of(&p->piles[i]); s++)
            compare(p, i, p->piles[i].sample[s]);
        for (uint32_t k = i; k-- > p->first;)
            if (p->piles[k].alike > 0 && 2 * p->piles[k].alike >= p->piles[k].pairs &&
                root_of(p, i) != root_of(p, k))
                p->piles[root_of(p, i)].into = root_of(p, k);
    }
}

/* --- the rest, and numbers
 * ---------------------------------------------------------------------- */

/* What has a vector but no trace is stacked by likeness; its stacks count on from `most`.
 */
static enum status stack_untraced(const float *vectors, const struct trace *traces,
                                  const uint64_t *ids, const int *group, size_t n,
                                  int most, int *stack, struct err *e)
{
    size_t kept = 0;
    float *v = malloc((n + 1) * SIMILARITY_DIM * sizeof *v);
    uint64_t *id = malloc((n + 1) * sizeof *id);
    int *of = malloc((n + 1) * sizeof *of), *in = malloc((n + 1) * sizeof *in),
        *out = malloc((n + 1) * sizeof *out);
    enum status st = v && id && of && in && out
                         ? ST_OK
                         : err_set(e, ST_NO_MEMORY, "no memory for %zu stacks", n);
    for (size_t i = 0; st == ST_OK && i < n; i++) {
        if (traces[i].known || isnan(vectors[i * SIMILARITY_DIM]))
            continue;
        memcpy(v + kept * SIMILARITY_DIM, vectors + i * SIMILARITY_DIM,
               SIMILARITY_DIM * sizeof *v);
        id[kept] = ids[i];
        in[kept] = group[i];
        of[kept++] = (int)i;
    }
    if (st == ST_OK)
        st = similarity_stacks(v, id, in, kept, out, e);
    for (size_t i = 0; st == ST_OK && i < kept; i++)
        stack[of[i]] = out[i] ? most + out[i] : 0;
    free(v);
    free(id);
    free(of);
    free(in);
    free(out);
    return st;
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

/* Stacks of two or more get their numbers by the smallest id in each. */
static bool renumber(const uint64_t *ids, size_t n, int *stack)
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

static void take(struct piler *p, const float *vectors, const struct trace *traces,
                 const uint64_t *ids, const int *group, size_t n, float *scaled)
{
    struct similarity_metric metric;
    similarity_metric_init(&metric);
    p->knee = metric.knee;
    for (size_t i = 0; i < n; i++) {
        const float *from = vectors + i * SIMILARITY_DIM;
        float *v = scaled + p->count * SIMILARITY_DIM;
        if (isnan(from[0]) || !traces[i].known)
            continue;
        for (int d = 0; d < SIMILARITY_DIM; d++)
            v[d] = from[d] / metric.copy[d];
        p->hits[p->count++] =
            (struct hit){v, &traces[i], v[PIVOT], ids[i], (uint32_t)i, group[i], 0};
    }
    qsort(p->hits, p->count, sizeof *p->hits, by_pivot);
}

enum status stacks_find(const float *vectors, const struct trace *traces,
                        const uint64_t *ids, const int *group, size_t n, int *stack,
                        struct err *e)
{
    struct piler p = {.hits = malloc((n + 1) * sizeof *p.hits),
                      .piles = malloc((n + 1) * sizeof *p.piles)};
    float *scaled = malloc((n + 1) * SIMILARITY_DIM * sizeof *scaled);
    enum status st = scaled && p.hits && p.piles
                         ? trace_matcher_new(&p.matcher, e)
                         : err_set(e, ST_NO_MEMORY, "no memory for %zu stacks", n);
    memset(stack, 0, n * sizeof *stack);
    if (st == ST_OK) {
        take(&p, vectors, traces, ids, group, n, scaled);
        for (uint32_t i = 0; i < p.count; i++)
            place(&p, i);
        merge(&p);
        for (size_t i = 0; i < p.count; i++)
            stack[p.hits[i].index] = 1 + (int)root_of(&p, (uint32_t)p.hits[i].stack);
    }
    int piles = (int)p.pile_count;
    trace_matcher_free(p.matcher);
    free(scaled);
    free(p.hits);
    free(p.piles);
    if (st == ST_OK)
        st = stack_untraced(vectors, traces, ids, group, n, piles, stack, e);
    if (st == ST_OK && !renumber(ids, n, stack))
        st = err_set(e, ST_NO_MEMORY, "no memory for %zu stacks", n);
    return st;
}
