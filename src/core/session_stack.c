#include "core/session_internal.h"

#include "core/curate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- stacks
 * ------------------------------------------------------------------------------ */

struct ranked {
    uint32_t index;
    int stack;
    double score;
};

/* Stack by stack, the best first. */
static int by_stack(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->stack != y->stack)
        return x->stack < y->stack ? -1 : 1;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static bool index_room(struct session *s, int stacks, size_t members)
{
    struct stack_index *k = &s->stacks;
    uint32_t *start = realloc(k->start, ((size_t)stacks + 2) * sizeof *start);
    if (start != NULL)
        k->start = start;
    uint32_t *member = realloc(k->member, (members + 1) * sizeof *member);
    if (member != NULL)
        k->member = member;
    uint32_t *rank = realloc(k->rank, (s->count + 1) * sizeof *rank);
    if (rank != NULL)
        k->rank = rank;
    return start != NULL && member != NULL && rank != NULL;
}

enum status session_index_stacks(struct session *s, struct err *e)
{
    struct stack_index *k = &s->stacks;
    if (k->fresh)
        return ST_OK;
    size_t n = 0;
    int stacks = 0;
    struct ranked *list = malloc((s->count + 1) * sizeof *list);
    if (list == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for the stacks");
    for (size_t i = 0; i < s->count; i++) {
        const struct find *f = &s->find[i];
        /* numbers beyond the count are damage, not stacks */
        if (f->stack <= 0 || f->gone || (size_t)f->stack > s->count)
            continue;
        double score = isnan(s->measure[ME_score][i]) ? -1.0 : s->measure[ME_score][i];
        list[n++] = (struct ranked){(uint32_t)i, f->stack, score};
        stacks = f->stack > stacks ? f->stack : stacks;
    }
    if (!index_room(s, stacks, n)) {
        free(list);
        return err_set(e, ST_NO_MEMORY, "no memory for the stacks");
    }
    qsort(list, n, sizeof *list, by_stack);
    k->stacks = stacks;
    size_t at = 0;
    for (int stack = 0; stack <= stacks + 1; stack++) {
        while (at < n && list[at].stack < stack)
            at++;
        k->start[stack] = (uint32_t)at;
    }
    for (size_t i = 0; i < n; i++) {
        k->member[i] = list[i].index;
        k->rank[list[i].index] = (uint32_t)i;
    }
    free(list);
    k->fresh = true;
    return ST_OK;
}

const uint32_t *session_stack(struct session *s, int stack, size_t *count)
{
    *count = 0;
    if (stack <= 0 || session_index_stacks(s, NULL) != ST_OK || stack > s->stacks.stacks)
        return NULL;
    *count = s->stacks.start[stack + 1] - s->stacks.start[stack];
    return s->stacks.member + s->stacks.start[stack];
}

int session_stack_size(struct session *s, int stack)
{
    size_t count;
    session_stack(s, stack, &count);
    return count > 1 ? (int)count : 1;
}

/* --- best-of
 * --------------------------------------------------------------------------------- */

static void set_picked(struct session *s, uint64_t id, bool picked)
{
    long index = session_index_of(s, id);
    if (index < 0 || s->find[index].picked == picked)
        return;
    session_tally(s, &s->find[index], -1);
    s->find[index].picked = picked;
    session_tally(s, &s->find[index], +1);
    session_changed(s, (size_t)index);
}

enum status session_pick_best(struct session *s, int top, struct err *e)
{
    struct catalog_find *finds;
    float *vectors;
    size_t count, picked = 0;
    enum status st = catalog_load(s->catalog, NULL, false, &finds, &vectors, &count, e);
    if (st != ST_OK)
        return st;
    struct curate_entry *entries = malloc((count + 1) * sizeof *entries);
    struct curate_pick *picks = NULL;
    if (entries == NULL)
        st = err_set(e, ST_NO_MEMORY, "no memory for the best-of");
    for (size_t i = 0; i < count && st == ST_OK; i++)
        entries[i] =
            (struct curate_entry){finds[i].id, finds[i].category, &finds[i].c,
                                  vectors + i * SIMILARITY_DIM, finds[i].c.cluster};
    struct curate_options options = {.top = top, .diversity = 0.3};
    if (st == ST_OK)
        st = curate_choose(entries, count, &options, &picks, &picked, e);
    if (st == ST_OK) {
        for (size_t i = 0; i < s->count; i++)
            if (s->find[i].picked)
                set_picked(s, s->find[i].id, false);
        for (size_t i = 0; i < picked; i++)
            set_picked(s, entries[picks[i].entry].id, true);
        session_say(s, "%zu finds proposed for the best-of", picked);
    }
    free(picks);
    free(entries);
    free(vectors);
    free(finds);
    return st;
}
