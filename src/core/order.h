/* order: many finds in the order of a number, a name or their ids, quickly.
 * Thread: pure functions. */
#ifndef TROWEL_CORE_ORDER_H
#define TROWEL_CORE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct order_row {
    uint64_t key;
    uint32_t find;
    int group; /* whatever the caller wants beside it */
};

/* A number that sorts as `d` does; NAN after everything. */
uint64_t order_key(double d, bool descending);

/* Stable, by key. `b` is room for as many; returns the one of the two that is sorted. */
struct order_row *order_sort(struct order_row *a, struct order_row *b, size_t n);

/* For qsort and bsearch of items that begin with a uint64_t: by that, ascending. */
int order_ids(const void *a, const void *b);

/* Ids in their order, equal ones by their place, to be found again. */
struct order_table {
    struct order_id {
        uint64_t id;
        size_t at;
    } * entry;
    size_t count;
};

/* Of `ids`; order_table_done, also after false: no memory. */
bool order_table_init(struct order_table *t, const uint64_t *ids, size_t n);
void order_table_done(struct order_table *t);
/* Its place among the `ids`, −1 when it is none of them. */
ptrdiff_t order_table_find(const struct order_table *t, uint64_t id);

/* Place of each of `n` names, of finds 0 …, among all of them; the first `known` are in
 * rank[] already, without the others. Equal names in the order of finds. Without memory
 * false, and rank is what it was. */
struct find;
bool order_names(const struct find *finds, uint32_t *rank, size_t known, size_t n);

#endif
