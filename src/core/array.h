/* array: arrays that grow, with the number of items they have room for beside them.
 * Thread: pure. */
#ifndef TROWEL_CORE_ARRAY_H
#define TROWEL_CORE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

/* `array` is the address of a pointer from malloc or NULL, `size` that of an item:
 * array_grow(&l->at, &l->room, l->count + 1, sizeof *l->at). */

/* Room for `need` items, and then for some more at once. False without memory: the array
 * is what it was. */
bool array_grow(void *array, size_t *room, size_t need, size_t size);

/* *count + 1 of them: with a copy of `item`, which is none of the array's, at the end. */
bool array_add(void *array, size_t *count, size_t *room, const void *item, size_t size);

/* The two steps of array_grow, for arrays of one length that grow together. */
size_t array_room(size_t room, size_t need); /* ≥ need: what to make of `room` */
bool array_resize(void *array, size_t room, size_t size);

#endif
