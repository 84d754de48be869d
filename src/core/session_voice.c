/* How finds sound: vectors, read when somebody asks, or ahead of that by a thread that
 * has the time. */
#include "core/session_internal.h"

#include "core/array.h"
#include "core/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum status session_load_vectors(struct session *s, struct err *e)
{
    if (s->vectors_loaded)
        return ST_OK;
    uint64_t *ids;
    float *read, *v = malloc((s->room + 1) * SIMILARITY_DIM * sizeof *v);
    size_t count;
    if (v == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for the embeddings");
    enum status st = catalog_embeddings(s->catalog, &ids, &read, &count, e);
    if (st != ST_OK) {
        free(v);
        return st;
    }
    for (size_t i = 0; i < s->count * SIMILARITY_DIM; i++)
        v[i] = NAN;
    for (size_t i = 0; i < count; i++) {
        long index = session_index_of(s, ids[i]);
        if (index >= 0)
            memcpy(v + (size_t)index * SIMILARITY_DIM, read + i * SIMILARITY_DIM,
                   SIMILARITY_DIM * sizeof *v);
    }
    free(ids);
    free(read);
    s->vector = v;
    s->vectors_loaded = true;
    return ST_OK;
}

enum status session_distances(struct session *s, size_t index,
                              const struct similarity_weights *weights, float *distance,
                              struct err *e)
{
    enum status st = session_load_vectors(s, e);
    if (st != ST_OK)
        return st;
    if (index >= s->count || isnan(s->vector[index * SIMILARITY_DIM]))
        return err_set(e, ST_NOT_FOUND, "it is not known how this find sounds");
    similarity_distances(s->vector, s->count, s->vector + index * SIMILARITY_DIM, weights,
                         distance);
    return ST_OK;
}

/* --- ahead of time ----------------------------------------------------------------- */

struct session_ear {
    char *database;
    uint64_t *ids; /* of all finds, in their order */
    size_t count;
    float *vector; /* count × SIMILARITY_DIM */
};

static void ear_free(struct session_ear *ear)
{
    if (ear == NULL)
        return;
    free(ear->database);
    free(ear->ids);
    free(ear->vector);
    free(ear);
}

struct session_ear *session_listen_begin(struct session *s)
{
    if (s->vectors_loaded || s->count == 0 || s->listening)
        return NULL;
    struct session_ear *ear = calloc(1, sizeof *ear);
    if (ear == NULL)
        return NULL;
    ear->count = s->count;
    ear->database = strdup(s->database);
    ear->ids = malloc(s->count * sizeof *ear->ids);
    if (ear->database == NULL || ear->ids == NULL) {
        ear_free(ear);
        return NULL;
    }
    for (size_t i = 0; i < s->count; i++)
        ear->ids[i] = s->find[i].id;
    s->listening = true;
    s->misheard = false;
    s->unheard_count = 0;
    return ear;
}

static enum status place(struct session_ear *ear, const uint64_t *ids, const float *read,
                         size_t count, struct err *e)
{
    struct order_table finds;
    bool room = order_table_init(&finds, ear->ids, ear->count);
    ear->vector = malloc(ear->count * SIMILARITY_DIM * sizeof *ear->vector);
    if (!room || ear->vector == NULL) {
        order_table_done(&finds);
        return err_set(e, ST_NO_MEMORY, "no memory for the embeddings");
    }
    for (size_t i = 0; i < ear->count; i++)
        ear->vector[i * SIMILARITY_DIM] = NAN;
    for (size_t i = 0; i < count; i++) {
        ptrdiff_t at = order_table_find(&finds, ids[i]);
        if (at >= 0)
            memcpy(ear->vector + at * SIMILARITY_DIM, read + i * SIMILARITY_DIM,
                   SIMILARITY_DIM * sizeof *read);
    }
    order_table_done(&finds);
    return ST_OK;
}

enum status session_listen(struct session_ear *ear, struct err *e)
{
    struct catalog *c;
    uint64_t *ids = NULL;
    float *read = NULL;
    size_t count = 0;
    enum status st = catalog_open(&c, ear->database, CATALOG_READ, e);
    if (st != ST_OK)
        return st;
    st = catalog_embeddings(c, &ids, &read, &count, e);
    catalog_close(c);
    if (st == ST_OK)
        st = place(ear, ids, read, count, e);
    free(ids);
    free(read);
    return st;
}

/* Room for all finds, and those that came or changed meanwhile one by one. */
static void take_vectors(struct session *s, struct session_ear *ear)
{
    if (!array_resize(&ear->vector, (s->room + 1) * SIMILARITY_DIM, sizeof *ear->vector))
        return;
    float *v = ear->vector;
    ear->vector = NULL;
    for (size_t i = ear->count; i < s->count; i++)
        v[i * SIMILARITY_DIM] = NAN;
    for (size_t i = 0; i < s->unheard_count; i++)
        catalog_vector(s->catalog, s->find[s->unheard[i]].id,
                       v + (size_t)s->unheard[i] * SIMILARITY_DIM, NULL);
    s->vector = v;
    s->vectors_loaded = true;
}

void session_listen_end(struct session *s, struct session_ear *ear)
{
    s->listening = false;
    if (ear->vector != NULL && !s->vectors_loaded && !s->misheard)
        take_vectors(s, ear);
    s->unheard_count = 0;
    ear_free(ear);
}

void session_not_heard(struct session *s, size_t index)
{
    if (!s->listening || s->vectors_loaded)
        return;
    if (array_grow(&s->unheard, &s->unheard_room, s->unheard_count + 1,
                   sizeof *s->unheard))
        s->unheard[s->unheard_count++] = (uint32_t)index;
    else
        s->misheard = true;
}
