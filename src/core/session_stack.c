#include "core/session_internal.h"

#include "core/array.h"
#include "core/curate.h"
#include "core/order.h"

#include <math.h>
#include <stdio.h>
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

/* --- best-of ----------------------------------------------------------------------- */

/* This proposal in the place of the one before, as one action. */
static enum status propose(struct session *s, const struct curate_entry *entries,
                           const struct curate_pick *picks, size_t count, int top,
                           struct err *e)
{
    char label[ACTION_LABEL_BYTES];
    size_t n = 0, applied = 0, before = 0;
    for (size_t i = 0; i < s->count; i++)
        before += s->find[i].picked;
    struct change *all = calloc(before + count + 1, sizeof *all);
    bool *stays = calloc(s->count + 1, sizeof *stays);
    enum status st = all != NULL && stays != NULL
                         ? ST_OK
                         : err_set(e, ST_NO_MEMORY, "no memory for the best-of");
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        uint64_t id = entries[picks[i].entry].id;
        long index = session_index_of(s, id);
        if (index < 0)
            continue; /* another process wrote it just now */
        stays[index] = true;
        all[n++] = (struct change){.field = FIELD_PICK, .candidate = id, .value = "1"};
    }
    for (size_t i = 0; i < s->count && st == ST_OK; i++)
        if (s->find[i].picked && !stays[i])
            all[n++] = (struct change){.field = FIELD_PICK, .candidate = s->find[i].id};
    snprintf(label, sizeof label, "proposed the best %d of each category, %zu finds", top,
             count);
    if (st == ST_OK)
        st = session_act(s, all, n, label, &applied, e);
    if (st == ST_OK)
        session_say(s, applied > 0 ? "%s · {undo} undoes" : "already %s", label);
    free(stays);
    free(all);
    return st;
}

enum status session_pick_best(struct session *s, int top, double diversity, struct err *e)
{
    struct catalog_find *finds;
    float *vectors;
    size_t count, picked = 0;
    enum status st = catalog_load(s->catalog, &finds, &vectors, &count, e);
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
    struct curate_options options = {.top = top, .diversity = diversity};
    if (st == ST_OK)
        st = curate_choose(entries, count, &options, &picks, &picked, e);
    if (st == ST_OK)
        st = propose(s, entries, picks, picked, top, e);
    free(picks);
    free(entries);
    free(vectors);
    free(finds);
    return st;
}
