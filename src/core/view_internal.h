/* view_internal: shared by view.c (settings, cursor) and view_rows.c (which rows, in what
 * order). Not for anyone else. */
#ifndef TROWEL_CORE_VIEW_INTERNAL_H
#define TROWEL_CORE_VIEW_INTERNAL_H

#include "core/order.h"
#include "core/session_internal.h"
#include "core/view.h"

struct view {
    struct session *s;
    enum view_scope scope;
    char *filter_text;
    struct filter *filter;
    int order;
    bool descending;
    int order_before; /* of ORDER_SIMILAR */
    bool descending_before;
    uint64_t cursor_before;
    uint64_t similar; /* id */
    struct similarity_weights weights;
    float *distance;
    size_t distance_count;
    int *opened; /* stacks that are open */
    size_t opened_count, opened_room;

    /* sorted by key, then find; but for what open stacks hold */
    struct order_row *row, *old, *fresh;
    unsigned char *mark; /* by find */
    size_t count, old_count, room;
    bool stale;
    uint64_t seen_finds, seen_log;
    size_t seen_count;

    uint64_t cursor_id;
    size_t cursor;
    int travel; /* +1 or −1 */
    bool afloat;
    uint64_t scope_cursor[SCOPE_COUNT];
    char reason[240];
};

/* Bring rows and cursor up to date. Without memory the rows stay as they were. */
void view_sync(struct view *v);
/* Does this find belong to the view, stacks aside? */
bool view_takes(const struct view *v, size_t find);
/* mark = 1 for every find that has a row now. */
void view_mark_rows(struct view *v);
bool view_stack_closed(const struct view *v, int stack);

#endif
