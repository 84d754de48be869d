#include "core/order.h"

#include "core/find.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

uint64_t order_key(double d, bool descending)
{
    uint64_t bits;
    if (isnan(d))
        return UINT64_MAX;
    d += 0.0; /* −0 sorts with 0 */
    memcpy(&bits, &d, sizeof bits);
    bits = bits >> 63 != 0 ? ~bits : bits | UINT64_C(1) << 63;
    return descending ? ~bits : bits;
}

/* Radix sort, stable, skipping digits that all keys share. */
struct order_row *order_sort(struct order_row *a, struct order_row *b, size_t n)
{
    enum { BITS = 11, DIGITS = 6, VALUES = 1 << BITS };
    uint32_t places[DIGITS][VALUES] = {{0}};
    for (size_t i = 0; i < n; i++)
        for (int d = 0; d < DIGITS; d++)
            places[d][a[i].key >> BITS * d & (VALUES - 1)]++;
    for (int d = 0; d < DIGITS && n > 0; d++) {
        uint32_t *place = places[d], sum = 0;
        if (place[a[0].key >> BITS * d & (VALUES - 1)] == n)
            continue;
        for (int value = 0; value < VALUES; value++) {
            uint32_t here = place[value];
            place[value] = sum;
            sum += here;
        }
        for (size_t i = 0; i < n; i++)
            b[place[a[i].key >> BITS * d & (VALUES - 1)]++] = a[i];
        struct order_row *swap = a;
        a = b;
        b = swap;
    }
    return a;
}

int order_ids(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int by_id_and_place(const void *a, const void *b)
{
    const struct order_id *x = a, *y = b;
    return x->id != y->id ? order_ids(a, b) : (x->at > y->at) - (x->at < y->at);
}

bool order_table_init(struct order_table *t, const uint64_t *ids, size_t n)
{
    *t = (struct order_table){.entry = malloc((n + 1) * sizeof *t->entry)};
    if (!t->entry)
        return false;
    for (; t->count < n; t->count++)
        t->entry[t->count] = (struct order_id){ids[t->count], t->count};
    qsort(t->entry, n, sizeof *t->entry, by_id_and_place);
    return true;
}

void order_table_done(struct order_table *t)
{
    free(t->entry);
    *t = (struct order_table){0};
}

ptrdiff_t order_table_find(const struct order_table *t, uint64_t id)
{
    const struct order_id *found =
        t->count ? bsearch(&id, t->entry, t->count, sizeof *t->entry, order_ids) : NULL;
    return found ? (ptrdiff_t)found->at : -1;
}

/* --- names ------------------------------------------------------------------------- */

/* Natural runs are merged, stably: miners deliver names nearly in order. */
struct named {
    const char *folded;
    uint32_t find;
};

static bool name_before(const struct named *a, const struct named *b)
{
    return strcmp(a->folded, b->folded) < 0;
}

static size_t run_end(const struct named *a, size_t from, size_t n)
{
    size_t i = from + 1;
    while (i < n && !name_before(&a[i], &a[i - 1]))
        i++;
    return i < n ? i : n;
}

static void merge_names(struct named *to, const struct named *a, size_t na, size_t nb)
{
    size_t i = 0, k = na, n = na + nb;
    for (size_t at = 0; at < n; at++)
        to[at] = i < na && (k >= n || !name_before(&a[k], &a[i])) ? a[i++] : a[k++];
}

static struct named *sort_names(struct named *a, struct named *b, size_t n)
{
    for (bool sorted = n < 2; !sorted;) {
        size_t from = 0;
        sorted = true;
        while (from < n) {
            size_t middle = run_end(a, from, n);
            size_t end = middle < n ? run_end(a, middle, n) : n;
            sorted = sorted && from == 0 && end == n;
            merge_names(b + from, a + from, middle - from, end - middle);
            from = end;
        }
        struct named *swap = a;
        a = b;
        b = swap;
    }
    return a;
}

bool order_names(const struct find *finds, uint32_t *rank, size_t known, size_t n)
{
    struct named *a = malloc((n + 1) * sizeof *a), *b = malloc((n + 1) * sizeof *b);
    bool well = a != NULL && b != NULL;
    for (size_t i = 0; well && i < n; i++)
        a[i < known ? rank[i] : i] = (struct named){finds[i].folded, (uint32_t)i};
    if (well && n > known) {
        const struct named *fresh = sort_names(a + known, b + known, n - known);
        if (fresh != a + known)
            memcpy(a + known, fresh, (n - known) * sizeof *a);
        merge_names(b, a, known, n - known);
        for (size_t i = 0; i < n; i++)
            rank[b[i].find] = (uint32_t)i;
    }
    free(a);
    free(b);
    return well;
}
