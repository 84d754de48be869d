#include "core/view_internal.h"

#include "core/array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- names ------------------------------------------------------------------------- */

const char *view_scope_name(enum view_scope scope)
{
    switch (scope) {
    case SCOPE_ALL:
        return "all";
    case SCOPE_BEST_OF:
        return "best of";
    case SCOPE_NEAR_MISSES:
        return "near misses";
    default:
        return scope < SCOPE_COUNT
                   ? category_folder((enum category)((int)scope - SCOPE_CATEGORY))
                   : "";
    }
}

static const struct {
    const char *name;
    bool descends;
} orders[ORDER_MEASURE] = {
    [ORDER_FOUND] = {"found", false},     [ORDER_NAME] = {"name", false},
    [ORDER_SOURCE] = {"source", false},   [ORDER_GRADE] = {"grade", true},
    [ORDER_RATING] = {"rating", true},    [ORDER_DECISION] = {"decision", false},
    [ORDER_KEY] = {"key", false},         [ORDER_CLASS] = {"class", false},
    [ORDER_DRUM] = {"drum", true},        [ORDER_STACK] = {"stack", true},
    [ORDER_SIMILAR] = {"similar", false},
};

const char *view_order_name(int order)
{
    if (order < 0 || order >= ORDER_MEASURE + ME_COUNT)
        return "";
    if (order < ORDER_MEASURE)
        return orders[order].name;
    return measure_table[order - ORDER_MEASURE].column;
}

int view_order_find(const char *name)
{
    for (int i = 0; i < ORDER_MEASURE; i++)
        if (strcmp(orders[i].name, name) == 0)
            return i;
    int measure = filter_measure(name);
    return measure >= 0 ? ORDER_MEASURE + measure : -1;
}

bool view_order_descends(int order)
{
    if (order < ORDER_MEASURE)
        return order >= 0 && orders[order].descends;
    switch (order - ORDER_MEASURE) {
    case ME_score:
    case ME_duration_sec:
    case ME_rms_db:
    case ME_lufs:
    case ME_peak_dbfs:
    case ME_key_confidence:
    case ME_bpm_confidence:
    case ME_hit_confidence:
        return true;
    default:
        return false;
    }
}

/* --- life -------------------------------------------------------------------------- */

enum status view_new(struct view **out, struct session *s, struct err *e)
{
    struct view *v = calloc(1, sizeof *v);
    *out = v;
    if (v == NULL || (v->filter_text = strdup("")) == NULL) {
        free(v);
        *out = NULL;
        return err_set(e, ST_NO_MEMORY, "no memory for a list");
    }
    v->s = s;
    v->order = ORDER_MEASURE + ME_score;
    v->descending = true;
    v->stale = true;
    v->travel = 1;
    v->weights = similarity_even;
    return ST_OK;
}

void view_free(struct view *v)
{
    if (v == NULL)
        return;
    filter_free(v->filter);
    free(v->filter_text);
    free(v->distance);
    free(v->opened);
    free(v->row);
    free(v->old);
    free(v->fresh);
    free(v->mark);
    free(v);
}

/* --- settings ---------------------------------------------------------------------- */

/* Before a setting changes, the cursor finds its place under the old ones; a list that
 * nobody has looked at yet has none. */
static void keep_cursor(struct view *v)
{
    if (v->room > 0)
        view_sync(v);
}

void view_set_scope(struct view *v, enum view_scope scope)
{
    if (scope == v->scope || (int)scope < 0 || scope >= SCOPE_COUNT)
        return;
    keep_cursor(v);
    v->scope_cursor[v->scope] = v->cursor_id;
    v->scope = scope;
    v->cursor_id = v->scope_cursor[scope];
    v->cursor = 0;
    v->count = 0; /* another list: nothing of the old one to fall back on */
    v->stale = true;
}

enum view_scope view_scope(const struct view *v)
{
    return v->scope;
}

enum filter_result view_set_filter(struct view *v, const char *text, struct err *e)
{
    struct filter *f;
    enum filter_result result = filter_parse(&f, text, e);
    if (result == FILTER_WRONG)
        return result;
    char *kept = strdup(text);
    if (kept == NULL) {
        filter_free(f);
        err_set(e, ST_NO_MEMORY, "memory is exhausted");
        return FILTER_WRONG;
    }
    keep_cursor(v);
    filter_free(v->filter);
    free(v->filter_text);
    v->filter = f;
    v->filter_text = kept;
    v->stale = true;
    return result;
}

const char *view_filter(const struct view *v)
{
    return v->filter_text;
}

void view_set_order(struct view *v, int order, bool descending)
{
    if (order < 0 || order >= ORDER_MEASURE + ME_COUNT || order == ORDER_SIMILAR)
        return;
    keep_cursor(v);
    v->order = order;
    v->descending = descending;
    v->stale = true;
}

int view_order(const struct view *v)
{
    return v->order;
}

bool view_descending(const struct view *v)
{
    return v->descending;
}

enum status view_set_similar(struct view *v, long index,
                             const struct similarity_weights *weights, struct err *e)
{
    keep_cursor(v);
    if (index < 0) {
        int travel = v->travel;
        if (v->order == ORDER_SIMILAR) {
            view_set_order(v, v->order_before, v->descending_before);
            view_move_to_id(v, v->cursor_before);
            v->travel = travel;
        }
        return ST_OK;
    }
    size_t count = session_count(v->s);
    if (!array_resize(&v->distance, count + 1, sizeof *v->distance))
        return err_set(e, ST_NO_MEMORY, "no memory for distances");
    enum status st = session_distances(v->s, (size_t)index, weights, v->distance, e);
    if (st != ST_OK)
        return st;
    if (v->order != ORDER_SIMILAR) {
        v->order_before = v->order;
        v->cursor_before = v->cursor_id;
        v->descending_before = v->descending;
    }
    v->distance_count = count;
    v->weights = weights != NULL ? *weights : similarity_even;
    v->similar = session_find(v->s, (size_t)index)->id;
    v->order = ORDER_SIMILAR;
    v->descending = false;
    v->stale = true;
    return ST_OK;
}

long view_similar(const struct view *v)
{
    return v->order == ORDER_SIMILAR ? session_index_of(v->s, v->similar) : -1;
}

static const struct find *row_find(struct view *v, size_t position)
{
    view_sync(v);
    return position < v->count ? &v->s->find[v->row[position].find] : NULL;
}

void view_toggle_stack(struct view *v, size_t position)
{
    const struct find *f = row_find(v, position);
    if (f == NULL || f->stack <= 0)
        return;
    v->stale = true;
    for (size_t i = 0; i < v->opened_count; i++)
        if (v->opened[i] == f->stack) {
            v->opened[i] = v->opened[--v->opened_count];
            return;
        }
    array_add(&v->opened, &v->opened_count, &v->opened_room, &f->stack, sizeof f->stack);
}

size_t view_hidden(struct view *v, size_t position)
{
    const struct find *f = row_find(v, position);
    size_t count, hidden = 0;
    if (f == NULL || f->stack <= 0 || !view_stack_closed(v, f->stack))
        return 0;
    const uint32_t *member = session_stack(v->s, f->stack, &count);
    for (size_t i = 0; i < count; i++)
        hidden += &v->s->find[member[i]] != f && view_takes(v, member[i]);
    return hidden;
}

/* --- rows and cursor --------------------------------------------------------------- */

size_t view_count(struct view *v)
{
    view_sync(v);
    return v->count;
}

size_t view_at(struct view *v, size_t position)
{
    view_sync(v);
    return position < v->count ? v->row[position].find : SIZE_MAX;
}

long view_position(struct view *v, uint64_t id)
{
    view_sync(v);
    long index = session_index_of(v->s, id);
    for (size_t i = 0; i < v->count && index >= 0; i++)
        if (v->row[i].find == (uint32_t)index)
            return (long)i;
    return -1;
}

size_t view_cursor(struct view *v)
{
    view_sync(v);
    return v->cursor;
}

long view_current(struct view *v)
{
    view_sync(v);
    return v->count > 0 ? (long)v->row[v->cursor].find : -1;
}

static void put_cursor(struct view *v, size_t position)
{
    if (position != v->cursor)
        v->travel = position > v->cursor ? 1 : -1;
    v->cursor = position;
    v->cursor_id = v->s->find[v->row[position].find].id;
    v->afloat = false;
}

void view_float(struct view *v)
{
    v->afloat = true;
}

void view_hold(struct view *v)
{
    v->afloat = false;
}

void view_move_to(struct view *v, size_t position)
{
    view_sync(v);
    if (v->count > 0)
        put_cursor(v, position < v->count ? position : v->count - 1);
}

void view_move_by(struct view *v, long rows)
{
    view_sync(v);
    if (v->count == 0 || rows == 0)
        return;
    size_t last = v->count - 1, far = rows > 0 ? (size_t)rows : 0 - (size_t)rows;
    if (rows > 0)
        put_cursor(v, far < last - v->cursor ? v->cursor + far : last);
    else
        put_cursor(v, far < v->cursor ? v->cursor - far : 0);
    v->travel = rows > 0 ? 1 : -1; /* also when it could not move any further */
}

bool view_move_to_id(struct view *v, uint64_t id)
{
    long position = view_position(v, id);
    if (position < 0)
        return false;
    put_cursor(v, (size_t)position);
    return true;
}

static bool next_undecided(struct view *v, int direction)
{
    for (size_t i = v->cursor + (size_t)direction; i < v->count; i += (size_t)direction)
        if (v->s->find[v->row[i].find].decision == DECISION_NONE) {
            put_cursor(v, i);
            return true;
        }
    return false;
}

bool view_next_undecided(struct view *v, int direction)
{
    view_sync(v);
    if (v->count == 0)
        return false;
    if (direction != 0)
        return next_undecided(v, direction > 0 ? 1 : -1);
    return next_undecided(v, v->travel) || next_undecided(v, -v->travel);
}

bool view_search(struct view *v, const char *text, int direction)
{
    char folded[256];
    view_sync(v);
    filter_fold(folded, sizeof folded, text);
    size_t step = direction < 0 ? v->count - 1 : 1;
    for (size_t n = 1, at = v->cursor; n <= v->count; n++) {
        at = (at + step) % v->count;
        if (strstr(v->s->find[v->row[at].find].folded, folded) != NULL) {
            put_cursor(v, at);
            return true;
        }
    }
    return false;
}

enum status view_range(struct view *v, size_t first, size_t last, size_t **out,
                       size_t *count, struct err *e)
{
    view_sync(v);
    *count = 0;
    if (first > last) {
        size_t swap = first;
        first = last;
        last = swap;
    }
    if (last >= v->count)
        last = v->count > 0 ? v->count - 1 : 0;
    *out = malloc((last - (first < last ? first : last) + 2) * sizeof **out);
    if (*out == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for a range");
    for (size_t i = first; i <= last && i < v->count; i++)
        (*out)[(*count)++] = v->row[i].find;
    return ST_OK;
}

enum status view_matching(struct view *v, const char *expression, size_t **out,
                          size_t *count, struct err *e)
{
    struct filter *f;
    *out = NULL;
    *count = 0;
    enum filter_result result = filter_parse(&f, expression, e);
    if (result == FILTER_WRONG)
        return ST_USAGE;
    if (result == FILTER_INCOMPLETE) {
        filter_free(f);
        return err_set(e, ST_USAGE, "%s", filter_unfinished);
    }
    view_sync(v);
    *out = malloc((v->count + 1) * sizeof **out);
    if (*out == NULL) {
        filter_free(f);
        return err_set(e, ST_NO_MEMORY, "no memory for a selection");
    }
    struct filter_finds all = session_finds(v->s);
    view_mark_rows(v);
    filter_sift(f, &all, 0, v->s->count, v->mark);
    for (size_t i = 0; i < v->count; i++)
        if (v->mark[v->row[i].find])
            (*out)[(*count)++] = v->row[i].find;
    filter_free(f);
    return ST_OK;
}

/* --- why there is nothing ---------------------------------------------------------- */

const char *view_empty_reason(struct view *v)
{
    const char *one =
        v->scope >= SCOPE_CATEGORY
            ? category_singular((enum category)((int)v->scope - SCOPE_CATEGORY))
            : "find";
    v->reason[0] = '\0';
    if (view_count(v) > 0)
        return v->reason;
    if (!filter_is_empty(v->filter))
        snprintf(v->reason, sizeof v->reason,
                 "no %s matches %.120s; {clear-filter} clears the filter",
                 v->scope == SCOPE_NEAR_MISSES ? "near miss" : one, v->filter_text);
    else if (session_count(v->s) == 0)
        snprintf(v->reason, sizeof v->reason, "nothing mined yet; {mine} starts mining");
    else if (v->scope == SCOPE_BEST_OF)
        snprintf(v->reason, sizeof v->reason,
                 "nothing accepted yet; {accept} accepts, :best proposes");
    else if (v->scope == SCOPE_NEAR_MISSES)
        snprintf(v->reason, sizeof v->reason, "there are no near-misses");
    else if (v->scope == SCOPE_ALL)
        snprintf(v->reason, sizeof v->reason, "nothing was found");
    else
        snprintf(v->reason, sizeof v->reason, "no %s was found", one);
    return v->reason;
}
