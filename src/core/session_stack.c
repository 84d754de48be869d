#include "core/session_internal.h"

#include "core/array.h"
#include "core/order.h"

#include <stdlib.h>
#include <string.h>

/* --- stacks ------------------------------------------------------------------------ */

static bool index_room(struct session *s, int stacks, size_t members)
{
    struct stack_index *k = &s->stacks;
    return array_resize(&k->start, (size_t)stacks + 2, sizeof *k->start) &&
           array_resize(&k->member, members + 1, sizeof *k->member) &&
           array_resize(&k->rank, s->count + 1, sizeof *k->rank);
}

/* Finds come best first, and so they go into their stacks. */
static void put_members(struct session *s, int stacks, const struct order_row *best,
                        size_t n)
{
    struct stack_index *k = &s->stacks;
    memset(k->start, 0, ((size_t)stacks + 2) * sizeof *k->start);
    for (size_t i = 0; i < n; i++)
        k->start[best[i].group + 1]++;
    for (int stack = 1; stack <= stacks + 1; stack++)
        k->start[stack] += k->start[stack - 1];
    for (size_t i = 0; i < n; i++) {
        uint32_t at = k->start[best[i].group]++;
        k->member[at] = best[i].find;
        k->rank[best[i].find] = at;
    }
    memmove(k->start + 1, k->start, ((size_t)stacks + 1) * sizeof *k->start);
    k->stacks = stacks;
    k->fresh = true;
}

bool session_index_stacks(struct session *s)
{
    struct stack_index *k = &s->stacks;
    if (k->fresh)
        return true;
    size_t n = 0;
    int stacks = 0;
    struct order_row *list = malloc((s->count + 1) * sizeof *list);
    struct order_row *spare = malloc((s->count + 1) * sizeof *spare);
    bool well = list != NULL && spare != NULL;
    for (size_t i = 0; i < s->count && well; i++) {
        const struct find *f = &s->find[i];
        /* numbers beyond the count are damage, not stacks */
        if (f->stack <= 0 || f->gone || (size_t)f->stack > s->count)
            continue;
        uint64_t key = order_key(s->measure[ME_score][i], true);
        list[n++] = (struct order_row){key, (uint32_t)i, f->stack};
        stacks = f->stack > stacks ? f->stack : stacks;
    }
    well = well && index_room(s, stacks, n);
    if (well)
        put_members(s, stacks, order_sort(list, spare, n), n);
    free(list);
    free(spare);
    return well;
}

const uint32_t *session_stack(struct session *s, int stack, size_t *count)
{
    *count = 0;
    if (stack <= 0 || !session_index_stacks(s) || stack > s->stacks.stacks)
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
