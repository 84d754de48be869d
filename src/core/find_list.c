#include "core/find_list.h"

#include "core/array.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool grow_finds(struct find_list *l, size_t wanted)
{
    if (wanted <= l->room)
        return true;
    size_t room = array_room(l->room, wanted);
    if (!array_resize(&l->at, room, sizeof *l->at) ||
        !array_resize(&l->vectors, room * SIMILARITY_DIM, sizeof *l->vectors) ||
        !array_resize(&l->traces, room, sizeof *l->traces))
        return false;
    l->room = room;
    return true;
}

static void clear_sound(struct find_list *l, size_t i)
{
    l->vectors[i * SIMILARITY_DIM] = NAN;
    memset(l->vectors + i * SIMILARITY_DIM + 1, 0,
           (SIMILARITY_DIM - 1) * sizeof *l->vectors);
    memset(&l->traces[i], 0, sizeof *l->traces);
}

bool find_list_add(struct find_list *l, const struct candidate *find, const float *vector,
                   const struct trace *trace)
{
    size_t i = l->count;
    if (!grow_finds(l, i + 1))
        return false;
    l->at[i] = *find;
    clear_sound(l, i);
    if (vector)
        memcpy(l->vectors + i * SIMILARITY_DIM, vector, SIMILARITY_DIM * sizeof *vector);
    if (trace)
        l->traces[i] = *trace;
    l->count++;
    return true;
}

enum status find_list_take(struct find_list *l, struct candidate *rows, size_t count,
                           struct err *e)
{
    *l = (struct find_list){.at = rows, .count = count, .room = count};
    if (count == 0)
        return ST_OK;
    l->vectors = malloc(count * SIMILARITY_DIM * sizeof *l->vectors);
    l->traces = malloc(count * sizeof *l->traces);
    if (!l->vectors || !l->traces) {
        find_list_done(l);
        return err_set(e, ST_NO_MEMORY, "no memory for %zu finds", count);
    }
    for (size_t i = 0; i < count; i++)
        clear_sound(l, i);
    return ST_OK;
}

bool find_list_append(struct find_list *to, const struct find_list *from)
{
    if (from->count == 0)
        return true;
    if (!grow_finds(to, to->count + from->count))
        return false;
    memcpy(to->at + to->count, from->at, from->count * sizeof *to->at);
    memcpy(to->vectors + to->count * SIMILARITY_DIM, from->vectors,
           from->count * SIMILARITY_DIM * sizeof *to->vectors);
    memcpy(to->traces + to->count, from->traces, from->count * sizeof *to->traces);
    to->count += from->count;
    return true;
}

void find_list_move(struct find_list *l, size_t to, size_t from)
{
    l->at[to] = l->at[from];
    memmove(l->vectors + to * SIMILARITY_DIM, l->vectors + from * SIMILARITY_DIM,
            SIMILARITY_DIM * sizeof *l->vectors);
    l->traces[to] = l->traces[from];
}

size_t find_list_real(const struct find_list *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->count; i++)
        n += !l->at[i].missed_by[0];
    return n;
}

void find_list_done(struct find_list *l)
{
    free(l->at);
    free(l->vectors);
    free(l->traces);
    *l = (struct find_list){0};
}
