/* Changes of the model that the catalog's rows still have to follow (new stack numbers,
 * finds that are gone): a few rows at a time. */
#include "core/session_internal.h"

#include <stdlib.h>

enum { ROWS_AT_ONCE = 100 };

/* --- new stacks -------------------------------------------------------------------- */

/* Entry i of the arrays that session_restack was given. */
struct renumbering {
    const int *stack; /* the number worked out for entry i */
    long *find;       /* the find's index, by i */
    int *number;      /* the session's number of a stack, by the number worked out */
    bool *taken;      /* by the session's number: a stack has it */
    size_t count;
};

/* Numbers only tell stacks apart, and a stack that keeps its old one costs no row. None
 * exceeds the number of finds. */
static void choose_numbers(const struct session *s, struct renumbering *r)
{
    for (size_t i = 0; i < r->count; i++) {
        int old = s->find[r->find[i]].stack, k = r->stack[i];
        if (k <= 0 || r->number[k] != 0 || old <= 0 || (size_t)old > r->count ||
            r->taken[old])
            continue;
        r->number[k] = old;
        r->taken[old] = true;
    }
    int next = 1;
    for (size_t i = 0; i < r->count; i++) {
        int k = r->stack[i];
        if (k <= 0 || r->number[k] != 0)
            continue;
        while (r->taken[next])
            next++;
        r->taken[next] = true;
        r->number[k] = next;
    }
}

static void take_numbers(struct session *s, const struct renumbering *r)
{
    struct restacking *waiting = &s->restacking;
    waiting->count = waiting->at = 0;
    waiting->cleared = false;
    for (size_t i = 0; i < r->count; i++) {
        struct find *f = &s->find[r->find[i]];
        int now = r->stack[i] > 0 ? r->number[r->stack[i]] : 0;
        if (f->stack != now) {
            f->stack = now;
            s->stacks.fresh = false;
            s->unannounced = true;
        }
        if (f->row_stack != now)
            waiting->find[waiting->count++] = (uint32_t)r->find[i];
    }
}

/* Finds that the record of their source no longer has: a session was killed before it had
 * taken them out of the catalog. */
static void let_unlisted_go(struct session *s, const struct renumbering *r)
{
    bool *listed = calloc(s->count + s->source_count + 1, sizeof *listed);
    bool *on_record = listed != NULL ? listed + s->count : NULL;
    for (size_t i = 0; listed != NULL && i < r->count; i++) {
        listed[r->find[i]] = true;
        on_record[s->find[r->find[i]].source] = true;
    }
    for (size_t i = 0; listed != NULL && i < s->count; i++) {
        const struct find *f = &s->find[i];
        if (listed[i] || f->gone || !on_record[f->source] || s->source[f->source].mining)
            continue;
        session_let_go(s, i, NULL);
        s->unannounced = true;
    }
    free(listed);
}

static bool look_up(const struct session *s, const uint64_t *ids, struct renumbering *r)
{
    for (size_t i = 0; i < r->count; i++) {
        r->find[i] = session_index_of(s, ids[i]);
        if (r->find[i] < 0 || s->find[r->find[i]].gone || r->stack[i] < 0 ||
            (size_t)r->stack[i] > r->count)
            return false;
    }
    return true;
}

bool session_restack(struct session *s, const uint64_t *ids, const int *stack,
                     size_t count)
{
    struct renumbering r = {stack, malloc((count + 1) * sizeof *r.find),
                            calloc(count + 2, sizeof *r.number),
                            calloc(count + 2, sizeof *r.taken), count};
    uint32_t *waiting = malloc((count + 1) * sizeof *waiting);
    bool known = r.find != NULL && r.number != NULL && r.taken != NULL &&
                 waiting != NULL && !session_reread_pending(s) && look_up(s, ids, &r);
    if (known) {
        free(s->restacking.find);
        s->restacking.find = waiting;
        waiting = NULL;
        choose_numbers(s, &r);
        take_numbers(s, &r);
        let_unlisted_go(s, &r);
    }
    free(waiting);
    free(r.find);
    free(r.number);
    free(r.taken);
    return known;
}

/* --- rows -------------------------------------------------------------------------- */

/* Leaves all rows as they are. ST_BUSY: another process has just written; joining the
 * project again brings them up to date. */
static void give_up(struct session *s, enum status why)
{
    s->leaving.count = s->restacking.count = s->restacking.at = 0;
    s->join_due |= why == ST_BUSY;
}

/* Two passes: all old numbers become 0 before any row gets its new one. So no two rows
 * ever share a number without being of one stack. */
static bool tidy_stacks(struct session *s)
{
    struct restacking *waiting = &s->restacking;
    uint64_t ids[ROWS_AT_ONCE];
    int stacks[ROWS_AT_ONCE];
    size_t n = 0;
    for (; waiting->at < waiting->count && n < ROWS_AT_ONCE; waiting->at++) {
        struct find *f = &s->find[waiting->find[waiting->at]];
        int wanted = waiting->cleared ? f->stack : 0;
        if (f->gone || f->row_stack == wanted || f->row_stack == f->stack)
            continue;
        session_touch(s, waiting->find[waiting->at]);
        ids[n] = f->id;
        stacks[n++] = f->row_stack = wanted;
    }
    enum status st = n > 0 ? catalog_restack(s->catalog, ids, stacks, n, NULL) : ST_OK;
    if (st != ST_OK)
        give_up(s, st);
    if (waiting->at < waiting->count)
        return true;
    if (waiting->cleared || waiting->count == 0) {
        waiting->count = waiting->at = 0;
        return false;
    }
    waiting->cleared = true;
    waiting->at = 0;
    return true;
}

static bool tidy_leaving(struct session *s)
{
    uint64_t ids[ROWS_AT_ONCE];
    size_t count = 0;
    while (s->leaving.count > 0 && count < ROWS_AT_ONCE) {
        const struct find *f = &s->find[s->leaving.at[--s->leaving.count]];
        if (f->gone) /* still: it may have been found again */
            ids[count++] = f->id;
    }
    enum status st = count > 0 ? catalog_drop(s->catalog, ids, count, NULL) : ST_OK;
    if (st != ST_OK)
        give_up(s, st);
    return s->leaving.count > 0;
}

bool session_tidy(struct session *s)
{
    bool rows = s->leaving.count > 0 || s->restacking.count > 0;
    if (rows && s->reread_due)
        give_up(s, ST_BUSY);
    if (s->leaving.count > 0)
        return tidy_leaving(s) || s->restacking.count > 0;
    return tidy_stacks(s);
}

bool session_wants_join(struct session *s)
{
    bool wants = s->join_due && !session_reread_pending(s);
    if (wants)
        s->join_due = false;
    return wants;
}
