#include "core/array.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t array_room(size_t room, size_t need)
{
    size_t more = room + room / 2 + 16;
    return more > need ? more : need;
}

bool array_resize(void *array, size_t room, size_t size)
{
    void *at;
    memcpy(&at, array, sizeof at);
    at = room <= SIZE_MAX / size ? realloc(at, room * size) : NULL;
    if (at)
        memcpy(array, &at, sizeof at);
    return at != NULL;
}

bool array_grow(void *array, size_t *room, size_t need, size_t size)
{
    if (need <= *room)
        return true;
    size_t more = array_room(*room, need);
    if (!array_resize(array, more, size))
        return false;
    *room = more;
    return true;
}

bool array_add(void *array, size_t *count, size_t *room, const void *item, size_t size)
{
    char *at;
    if (!array_grow(array, room, *count + 1, size))
        return false;
    memcpy(&at, array, sizeof at);
    memcpy(at + (*count)++ * size, item, size);
    return true;
}
