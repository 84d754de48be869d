/* The similarity vectors of finds: read from the catalog at the first use, or ahead of it
 * on another thread. */
#include "core/session_internal.h"

#include "core/array.h"
#include "core/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Room for so many, none of which is known. */
static float *vectors_new(size_t count)
{
    float *v = malloc((count + 1) * SIMILARITY_DIM * sizeof *v);
    for (size_t i = 0; v != NULL && i < count; i++)
        v[i * SIMILARITY_DIM] = NAN;
    return v;
}

static void put_vector(float *vectors, ptrdiff_t at, const float *vector)
{
    if (at >= 0)
        memcpy(vectors + at * SIMILARITY_DIM, vector, SIMILARITY_DIM * sizeof *vector);
}

static void take_vector(void *user, uint64_t id, const float *vector)
{
    struct session *s = user;
    put_vector(s->vector, session_index_of(s, id), vector);
}

enum status session_load_vectors(struct session *s, struct err *e)
{
    if (s->vector != NULL)
        return ST_OK;
    s->vector = vectors_new(s->room);
    if (s->vector == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for the vectors");
    enum status st = catalog_each_vector(s->catalog, take_vector, s, e);
    if (st != ST_OK) {
        free(s->vector);
        s->vector = NULL;
    }
    return st;
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

struct session_vectors {
    char *database;
    uint64_t *ids; /* of all finds, in their order */
    size_t count;
    struct order_table place;
    float *vector; /* count × SIMILARITY_DIM; NULL until all are read */
};

static void vectors_free(struct session_vectors *ahead)
{
    if (ahead == NULL)
        return;
    free(ahead->database);
    free(ahead->ids);
    order_table_done(&ahead->place);
    free(ahead->vector);
    free(ahead);
}

struct session_vectors *session_vectors_begin(struct session *s)
{
    if (s->vector != NULL || s->count == 0 || s->vectors_loading)
        return NULL;
    struct session_vectors *ahead = calloc(1, sizeof *ahead);
    if (ahead == NULL)
        return NULL;
    ahead->count = s->count;
    ahead->database = strdup(s->database);
    ahead->ids = malloc(s->count * sizeof *ahead->ids);
    if (ahead->database == NULL || ahead->ids == NULL) {
        vectors_free(ahead);
        return NULL;
    }
    for (size_t i = 0; i < s->count; i++)
        ahead->ids[i] = s->find[i].id;
    s->vectors_loading = true;
    s->vectors_outdated = false;
    s->vector_changed.count = 0;
    return ahead;
}

static void read_ahead(void *user, uint64_t id, const float *vector)
{
    struct session_vectors *ahead = user;
    put_vector(ahead->vector, order_table_find(&ahead->place, id), vector);
}

enum status session_vectors_read(struct session_vectors *ahead, struct err *e)
{
    struct catalog *c;
    enum status st = catalog_open(&c, ahead->database, CATALOG_READ, e);
    if (st != ST_OK)
        return st;
    ahead->vector = vectors_new(ahead->count);
    st =
        ahead->vector != NULL && order_table_init(&ahead->place, ahead->ids, ahead->count)
            ? catalog_each_vector(c, read_ahead, ahead, e)
            : err_set(e, ST_NO_MEMORY, "no memory for the vectors");
    catalog_close(c);
    if (st != ST_OK) {
        free(ahead->vector);
        ahead->vector = NULL;
    }
    return st;
}

/* Makes room for all finds, and reads those that came or changed meanwhile one by one. */
static void take_vectors(struct session *s, struct session_vectors *ahead)
{
    if (!array_resize(&ahead->vector, (s->room + 1) * SIMILARITY_DIM,
                      sizeof *ahead->vector))
        return;
    float *v = ahead->vector;
    ahead->vector = NULL;
    for (size_t i = ahead->count; i < s->count; i++)
        v[i * SIMILARITY_DIM] = NAN;
    for (size_t i = 0; i < s->vector_changed.count; i++)
        catalog_vector(s->catalog, s->find[s->vector_changed.at[i]].id,
                       v + (size_t)s->vector_changed.at[i] * SIMILARITY_DIM, NULL);
    s->vector = v;
}

void session_vectors_end(struct session *s, struct session_vectors *ahead)
{
    s->vectors_loading = false;
    if (ahead->vector != NULL && s->vector == NULL && !s->vectors_outdated)
        take_vectors(s, ahead);
    s->vector_changed.count = 0;
    vectors_free(ahead);
}

void session_vector_changed(struct session *s, size_t index)
{
    if (!s->vectors_loading || s->vector != NULL)
        return;
    if (!index_list_add(&s->vector_changed, index))
        s->vectors_outdated = true;
}
