#include "core/view_internal.h"

#include "core/array.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PATCH_MAX = 4096 };

/* --- which finds ------------------------------------------------------------------- */

static bool in_scope(const struct view *v, const struct find *f)
{
    if (f->gone)
        return false;
    switch (v->scope) {
    case SCOPE_ALL:
        return find_counts(f);
    case SCOPE_BEST_OF:
        return session_in_best_of(v->s, f);
    case SCOPE_NEAR_MISSES:
        return f->near_miss;
    default:
        return find_counts(f) && (int)f->category == (int)v->scope - SCOPE_CATEGORY;
    }
}

bool view_takes(const struct view *v, size_t find)
{
    struct filter_finds all = session_finds(v->s);
    unsigned char mark = in_scope(v, &v->s->find[find]);
    filter_sift(v->filter, &all, find, 1, &mark);
    return mark;
}

bool view_stack_closed(const struct view *v, int stack)
{
    for (size_t i = 0; i < v->opened_count; i++)
        if (v->opened[i] == stack)
            return false;
    return true;
}

/* --- keys -------------------------------------------------------------------------- */

/* Tonic and mode, C first; no key last. */
static double key_number(const char *key)
{
    static const int tone[] = {9, 11, 0, 2, 4, 5, 7}; /* A … G */
    if (key[0] < 'A' || key[0] > 'G')
        return (double)NAN;
    int step = key[1] == '#' ? 1 : key[1] == 'b' ? -1 : 0;
    int tonic = (tone[key[0] - 'A'] + step + 12) % 12;
    return 2 * tonic + (key[1 + (step != 0)] == 'm');
}

/* The first six letters; nothing last. */
static double class_number(const char *text)
{
    double number = 0.0;
    if (text[0] == '\0')
        return (double)NAN;
    for (int i = 0; i < 6; i++) {
        number = number * 256.0 + (unsigned char)*text;
        text += *text != '\0';
    }
    return number;
}

bool view_by_standing(const struct view *v)
{
    return v->order == ORDER_MEASURE + ME_score && v->scope < SCOPE_CATEGORY;
}

static double order_number(const struct view *v, const struct find *f, size_t index)
{
    switch (v->order) {
    case ORDER_FOUND:
        return (double)index;
    case ORDER_NAME:
        return index < v->s->names_ranked ? v->s->name_rank[index] : (double)index;
    case ORDER_SOURCE:
        return f->source;
    case ORDER_GRADE:
        return filter_grade_number(f->grade);
    case ORDER_RATING:
        return f->rating;
    case ORDER_DECISION:
        return f->decision == DECISION_ACCEPTED ? 0
               : f->decision == DECISION_NONE   ? 1
                                                : 2;
    case ORDER_KEY:
        return key_number(f->key);
    case ORDER_CLASS:
        return class_number(f->hit_class);
    case ORDER_DRUM:
        return (double)f->drum;
    case ORDER_STACK:
        return session_stack_size(v->s, f->stack);
    case ORDER_SIMILAR:
        return index < v->distance_count ? (double)v->distance[index] : (double)NAN;
    default:
        if (view_by_standing(v) && v->s->standing != NULL)
            return (double)v->s->standing[index];
        return v->s->measure[v->order - ORDER_MEASURE][index];
    }
}

static struct order_row make_row(const struct view *v, size_t index)
{
    double number = order_number(v, &v->s->find[index], index);
    uint64_t key = order_key(number, v->descending);
    return (struct order_row){.key = key, .find = (uint32_t)index};
}

static bool row_before(const struct order_row *a, const struct order_row *b)
{
    return a->key != b->key ? a->key < b->key : a->find < b->find;
}

/* Finds keep their names: only those that came are new. */
static void rank_names(struct session *s)
{
    if (array_resize(&s->name_rank, s->count + 1, sizeof *s->name_rank) &&
        order_names(s->find, s->name_rank, s->names_ranked, s->count))
        s->names_ranked = s->count;
}

/* The miners score each kind on a scale of its own. What compares is the share of its own
 * kind that a find is better than: 1 the best of very many, 0.5 the only one. */
static void rank_scores(struct view *v)
{
    struct session *s = v->s;
    size_t n = 0, of[KIND_COUNT] = {0}, seen[KIND_COUNT] = {0}, better[KIND_COUNT] = {0};
    uint64_t last[KIND_COUNT] = {0};
    if (s->standing != NULL)
        return;
    float *standing = malloc((s->count + 1) * sizeof *standing);
    if (standing == NULL)
        return;
    for (size_t i = 0; i < s->count; i++) {
        const struct find *f = &s->find[i];
        standing[i] = NAN;
        double score = s->measure[ME_score][i];
        if (f->gone || isnan(score))
            continue;
        v->fresh[n++] =
            (struct order_row){order_key(score, true), (uint32_t)i, (int)f->kind};
        of[f->kind]++;
    }
    const struct order_row *sorted = order_sort(v->fresh, v->row, n);
    for (size_t i = 0; i < n; i++) {
        int k = sorted[i].group;
        if (seen[k] == 0 || sorted[i].key != last[k]) /* equal scores stand equal */
            better[k] = seen[k];
        last[k] = sorted[i].key;
        seen[k]++;
        double share = ((double)better[k] + 0.5) / (double)of[k];
        standing[sorted[i].find] = (float)(1 - share);
    }
    s->standing = standing;
}

/* --- all rows anew ----------------------------------------------------------------- */

static bool make_room(struct view *v)
{
    size_t need = v->s->count + 1;
    if (need <= v->room)
        return true;
    need += need / 2;
    bool well = array_resize(&v->row, need, sizeof *v->row) &&
                array_resize(&v->old, need, sizeof *v->old) &&
                array_resize(&v->fresh, need, sizeof *v->fresh) &&
                array_resize(&v->mark, need, sizeof *v->mark);
    if (well)
        v->room = need;
    return well;
}

static bool closed_in(const struct view *v, const struct find *f)
{
    return f->stack > 0 && f->stack <= v->s->stacks.stacks &&
           view_stack_closed(v, f->stack);
}

/* mark = 1 for every find that belongs to the view, stacks aside; a few at a time, which
 * are still at hand when the filter asks. */
static void mark_taken(struct view *v)
{
    enum { AT_ONCE = 256 };
    struct filter_finds all = session_finds(v->s);
    for (size_t from = 0, n; from < v->s->count; from += n) {
        n = v->s->count - from < AT_ONCE ? v->s->count - from : AT_ONCE;
        for (size_t i = from; i < from + n; i++)
            v->mark[i] = in_scope(v, &v->s->find[i]);
        filter_sift(v->filter, &all, from, n, v->mark + from);
    }
}

/* Of two members of a stack: does `a` stand for it rather than `b`? What was accepted
 * before the rest, then the best. */
static bool stands_before(const struct view *v, uint32_t a, uint32_t b)
{
    const struct session *s = v->s;
    bool kept = s->find[a].decision == DECISION_ACCEPTED;
    if (kept != (s->find[b].decision == DECISION_ACCEPTED))
        return kept;
    return s->stacks.rank[a] < s->stacks.rank[b];
}

/* Of each closed stack only the one that stands for it stays marked. */
static void close_stacks(struct view *v)
{
    const struct stack_index *all = &v->s->stacks;
    for (int stack = 1; stack <= all->stacks; stack++) {
        if (!view_stack_closed(v, stack))
            continue;
        long stands = -1;
        for (uint32_t k = all->start[stack]; k < all->start[stack + 1]; k++) {
            uint32_t find = all->member[k];
            if (!v->mark[find])
                continue;
            bool instead = stands < 0 || stands_before(v, find, (uint32_t)stands);
            if (instead && stands >= 0)
                v->mark[stands] = 0;
            v->mark[find] = instead;
            stands = instead ? (long)find : stands;
        }
    }
}

static void refresh(struct view *v)
{
    const struct session *s = v->s;
    size_t n = 0;
    if (v->order == ORDER_NAME)
        rank_names(v->s);
    if (view_by_standing(v))
        rank_scores(v);
    mark_taken(v);
    close_stacks(v);
    for (size_t i = 0; i < s->count; i++)
        if (v->mark[i])
            v->fresh[n++] = make_row(v, i);
    struct order_row *sorted = order_sort(v->fresh, v->row, n);
    if (sorted == v->fresh) {
        v->fresh = v->row;
        v->row = sorted;
    }
    v->count = n;
}

/* --- a few rows -------------------------------------------------------------------- */

/* mark = 1 for finds whose rows are to be decided anew: the changed ones and the other
 * members of their stacks. */
static void mark_touched(struct view *v, const uint32_t *changed, size_t n)
{
    const struct session *s = v->s;
    memset(v->mark, 0, s->count);
    for (size_t i = 0; i < n; i++) {
        const struct find *f = &s->find[changed[i]];
        v->mark[changed[i]] = 1;
        if (f->stack <= 0 || f->stack > s->stacks.stacks)
            continue;
        for (uint32_t k = s->stacks.start[f->stack]; k < s->stacks.start[f->stack + 1];
             k++)
            v->mark[s->stacks.member[k]] = 1;
    }
    for (size_t i = 0; i < v->opened_count; i++) { /* these are not in order */
        int stack = v->opened[i];
        if (stack > s->stacks.stacks)
            continue;
        for (uint32_t k = s->stacks.start[stack]; k < s->stacks.start[stack + 1]; k++)
            if (s->stacks.member[k] < v->seen_count)
                v->mark[s->stacks.member[k]] = 1;
    }
}

static bool shown(const struct view *v, uint32_t find)
{
    const struct session *s = v->s;
    const struct find *f = &s->find[find];
    if (!view_takes(v, find))
        return false;
    if (!closed_in(v, f))
        return true;
    for (uint32_t k = s->stacks.start[f->stack]; k < s->stacks.start[f->stack + 1]; k++)
        if (stands_before(v, s->stacks.member[k], find) &&
            view_takes(v, s->stacks.member[k]))
            return false;
    return true;
}

static int by_row(const void *a, const void *b)
{
    const struct order_row *x = a, *y = b;
    return row_before(x, y) ? -1 : row_before(y, x);
}

static void patch(struct view *v, const uint32_t *changed, size_t n)
{
    size_t kept = 0, added = 0;
    mark_touched(v, changed, n);
    struct order_row *add = v->fresh;
    for (size_t i = 0; i < v->s->count; i++)
        if (v->mark[i] && shown(v, (uint32_t)i))
            add[added++] = make_row(v, i);
    qsort(add, added, sizeof *add, by_row);
    for (size_t i = 0; i < v->count; i++)
        if (!v->mark[v->row[i].find])
            v->row[kept++] = v->row[i];
    /* merge from the back, in place */
    v->count = kept + added;
    for (size_t at = v->count; added > 0;) {
        if (kept > 0 && row_before(&add[added - 1], &v->row[kept - 1]))
            v->row[--at] = v->row[--kept];
        else
            v->row[--at] = add[--added];
    }
}

/* --- open stacks ------------------------------------------------------------------- */

static bool opened_in(const struct view *v, const struct find *f)
{
    return v->opened_count > 0 && f->stack > 0 && f->stack <= v->s->stacks.stacks &&
           !view_stack_closed(v, f->stack);
}

void view_mark_rows(struct view *v)
{
    memset(v->mark, 0, v->s->count);
    for (size_t i = 0; i < v->count; i++)
        v->mark[v->row[i].find] = 1;
}

/* Best first, whatever was said of them: rows do not move while they are judged. */
static uint32_t leader(const struct view *v, int stack)
{
    const struct stack_index *all = &v->s->stacks;
    uint32_t k = all->start[stack];
    while (k + 1 < all->start[stack + 1] && !v->mark[all->member[k]])
        k++;
    return all->member[k];
}

/* What an open stack holds stands below its best, wherever the order would put it. */
static void gather_stacks(struct view *v)
{
    const struct stack_index *all = &v->s->stacks;
    size_t n = 0;
    view_mark_rows(v);
    for (size_t i = 0; i < v->count; i++) {
        uint32_t find = v->row[i].find;
        int stack = v->s->find[find].stack;
        if (!opened_in(v, &v->s->find[find]))
            v->fresh[n++] = v->row[i];
        else if (find == leader(v, stack))
            for (uint32_t k = all->start[stack]; k < all->start[stack + 1]; k++)
                if (v->mark[all->member[k]])
                    v->fresh[n++] = make_row(v, all->member[k]);
    }
    if (n != v->count) /* a stack that is none: as they were */
        return;
    struct order_row *gathered = v->fresh;
    v->fresh = v->row;
    v->row = gathered;
}

bool view_below_best(struct view *v, size_t position)
{
    view_sync(v);
    if (position == 0 || position >= v->count)
        return false;
    const struct find *f = &v->s->find[v->row[position].find];
    return opened_in(v, f) && v->s->find[v->row[position - 1].find].stack == f->stack;
}

/* --- the cursor -------------------------------------------------------------------- */

/* The find the cursor should be on: its own, the one that stands for its stack, or the
 * nearest old row that is still there, in the direction of travel first. */
static long cursor_heir(struct view *v)
{
    const struct session *s = v->s;
    long own = session_index_of(s, v->cursor_id);
    if (own >= 0 && v->mark[own])
        return own;
    if (own >= 0 && view_takes(v, (size_t)own) && closed_in(v, &s->find[own])) {
        int stack = s->find[own].stack;
        for (uint32_t k = s->stacks.start[stack]; k < s->stacks.start[stack + 1]; k++)
            if (v->mark[s->stacks.member[k]])
                return (long)s->stacks.member[k];
    }
    for (int turn = 0; turn < 2; turn++) {
        int step = turn == 0 ? v->travel : -v->travel;
        for (size_t i = v->cursor; i < v->old_count; i += (size_t)step)
            if (v->mark[v->old[i].find])
                return (long)v->old[i].find;
    }
    return -1;
}

static void settle_cursor(struct view *v)
{
    if (v->count == 0) {
        v->cursor = 0;
        return;
    }
    view_mark_rows(v);
    long heir = v->afloat ? (long)v->row[0].find : cursor_heir(v);
    size_t at = 0;
    while (heir >= 0 && at < v->count && v->row[at].find != (uint32_t)heir)
        at++;
    if (heir < 0 || at == v->count)
        at = v->old_count > 0 && v->cursor < v->count ? v->cursor : 0;
    v->cursor = at;
    v->cursor_id = v->s->find[v->row[at].find].id;
}

static void update_distances(struct view *v)
{
    if (v->order != ORDER_SIMILAR || v->distance_count == v->s->count)
        return;
    long index = session_index_of(v->s, v->similar);
    if (index >= 0 && array_resize(&v->distance, v->s->count + 1, sizeof *v->distance) &&
        session_distances(v->s, (size_t)index, &v->weights, v->distance, NULL) == ST_OK)
        v->distance_count = v->s->count;
}

void view_sync(struct view *v)
{
    const struct session *s = v->s;
    uint64_t log_end = s->log_start + s->log.count;
    bool all = v->stale || v->seen_finds != s->version.finds ||
               v->seen_log < s->log_start || log_end - v->seen_log > PATCH_MAX;
    if (!all && v->seen_log == log_end)
        return;
    size_t changes = all ? 0 : (size_t)(log_end - v->seen_log);
    const uint32_t *changed =
        changes > 0 ? s->log.at + (v->seen_log - s->log_start) : NULL;
    for (size_t i = 0; i < changes; i++) /* one that was not announced yet */
        all = all || changed[i] >= v->seen_count;
    if (!session_index_stacks(v->s) || !make_room(v))
        return;
    if (all && s->standing_count != s->count)
        session_forget_standing(v->s);
    if (all)
        update_distances(v);
    v->old_count = v->count;
    if (v->count > 0)
        memcpy(v->old, v->row, v->count * sizeof *v->row);
    if (all)
        refresh(v);
    else
        patch(v, changed, changes);
    if (v->opened_count > 0)
        gather_stacks(v);
    v->stale = false;
    v->seen_finds = s->version.finds;
    if (all)
        v->seen_count = s->count;
    v->seen_log = log_end;
    settle_cursor(v);
}
