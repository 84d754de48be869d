/* view: a list over a session: scope, filter, order, stacks open or closed, and a cursor
 * that stays on its find whatever else changes.
 *
 * A view catches up with its session by itself in every call that reads it; one decision
 * costs well under a millisecond at 100,000 finds, a new filter or order some 5 ms.
 * Ownership: view_new/view_free; the session must outlive the view.
 * Thread: the session's owner. */
#ifndef TROWEL_CORE_VIEW_H
#define TROWEL_CORE_VIEW_H

#include "core/session.h"

struct view;

/* SCOPE_CATEGORY + c is category c. Near-misses appear only in their own scope. */
enum view_scope {
    SCOPE_ALL,
    SCOPE_BEST_OF, /* session_in_best_of */
    SCOPE_NEAR_MISSES,
    SCOPE_CATEGORY,
    SCOPE_COUNT = SCOPE_CATEGORY + CAT_COUNT
};
const char *view_scope_name(enum view_scope scope); /* "all", "best of", "pads" … */

/* Any measure of measures.def (ORDER_MEASURE + enum measure_id), or one of these. */
enum view_order {
    ORDER_FOUND, /* as mined: by source, then place */
    ORDER_NAME,
    ORDER_SOURCE,
    ORDER_GRADE,
    ORDER_RATING,
    ORDER_DECISION,
    ORDER_KEY,
    ORDER_CLASS,
    ORDER_DRUM,  /* surest drum first */
    ORDER_STACK, /* largest stack first */
    ORDER_SIMILAR,
    ORDER_MEASURE
};
const char *view_order_name(int order); /* "found", "name", "score", "rms" … */
int view_order_find(const char *name);  /* or −1; also filter aliases ("dur") */
bool view_order_descends(int order);    /* its natural direction */

/* All finds, by score from the best, no filter, stacks closed, cursor at the top. */
enum status view_new(struct view **out, struct session *s, struct err *e);
void view_free(struct view *v);

void view_set_scope(struct view *v, enum view_scope scope);
enum view_scope view_scope(const struct view *v);

/* A filter as typed. While it is incomplete the part before counts; a wrong one leaves
 * the last good one in place (and says so in *e). */
enum filter_result view_set_filter(struct view *v, const char *text, struct err *e);
const char *view_filter(const struct view *v); /* the text in force, "" = none */

void view_set_order(struct view *v, int order, bool descending);
int view_order(const struct view *v);
bool view_descending(const struct view *v);
/* Where categories stand side by side, the order `score` is by how a find's score stands
 * among those of its own kind: the scores themselves do not compare. */
bool view_by_standing(const struct view *v);

/* Order by likeness to a find (nearest first); index −1 goes back to the order and the
 * place in it before. */
enum status view_set_similar(struct view *v, long index,
                             const struct similarity_weights *weights, struct err *e);
long view_similar(const struct view *v); /* the find, or −1 */

/* A stack shows one row, its best visible member (of accepted ones, if there are any),
 * until it is opened: then the others stand below the best, whatever the order. */
void view_toggle_stack(struct view *v, size_t position); /* open or closed */
/* Members of this row's stack that the row stands for beside itself ("+2"); 0 when it
 * stands alone or is open. */
size_t view_hidden(struct view *v, size_t position);

/* One of the others of an open stack? */
bool view_below_best(struct view *v, size_t position);

/* Rows. */
size_t view_count(struct view *v);
size_t view_at(struct view *v, size_t position); /* find index; SIZE_MAX outside */
long view_position(struct view *v, uint64_t id); /* or −1 */

/* The cursor: a position, 0 when the view is empty. It follows its find; when that one
 * leaves the view it goes to the next row in the direction of the last movement. */
size_t view_cursor(struct view *v);
long view_current(struct view *v); /* find index under it, or −1 when empty */
void view_move_to(struct view *v, size_t position); /* clamped */
void view_move_by(struct view *v, long rows);       /* clamped */
bool view_move_to_id(struct view *v, uint64_t id);
/* A list that nobody has touched: whatever comes in, its cursor stays at the top instead,
 * until it is moved or held. */
void view_float(struct view *v);
void view_hold(struct view *v);
/* To the next undecided row in a direction (+1, −1); false and unmoved if there is none.
 * Direction 0: that of the last movement, then the other one. */
bool view_next_undecided(struct view *v, int direction);

/* To the next row whose name holds `text` (folded), wrapping round; false if none. */
bool view_search(struct view *v, const char *text, int direction);

/* Find indices of rows first … last (either order); caller frees *out. */
enum status view_range(struct view *v, size_t first, size_t last, size_t **out,
                       size_t *count, struct err *e);
/* Find indices of all rows an expression matches (`T`); ST_USAGE when it is wrong. */
enum status view_matching(struct view *v, const char *expression, size_t **out,
                          size_t *count, struct err *e);

/* Why there is nothing to see and which way out: "no pad matches grade>=A;
 * {clear-filter} clears the filter", an action in braces for its key. "" when there are
 * rows. Valid until the next call. */
const char *view_empty_reason(struct view *v);

#endif
