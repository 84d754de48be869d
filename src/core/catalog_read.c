#include "core/catalog_internal.h"

#include "core/array.h"
#include "core/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- reading ----------------------------------------------------------------------- */

struct known_source {
    uint64_t id;
    struct catalog_source source;
};

/* What the user said, by candidate; texts in one block. */
struct said {
    int64_t candidate;
    enum event_field field;
    size_t text;
};

struct reader {
    struct known_source *sources; /* by id */
    size_t source_count;
    struct said *said;
    char *texts;
    size_t said_count, said_room, text_bytes, text_room;
    const struct known_source *last; /* that was asked for */
};

static void read_source(struct query *q, struct catalog_source *s)
{
    row_text(q, 1, s->stem, sizeof s->stem);
    row_text(q, 2, s->path, sizeof s->path);
    s->content_hash = (uint64_t)row_int(q, 3);
    s->recipe_hash = (uint64_t)row_int(q, 4);
    s->rate_hz = (int)row_int(q, 5);
    s->channels = (int)row_int(q, 6);
    s->frames = row_int(q, 7);
    s->failed = row_int(q, 8) != 0;
    row_text(q, 9, s->note, sizeof s->note);
}

static enum status read_sources(struct catalog *c, struct known_source **out,
                                size_t *count, struct err *e)
{
    size_t room = 0;
    *out = NULL;
    *count = 0;
    enum status st = ST_OK;
    struct query *q = catalog_query(c, Q_SOURCES, e);
    while (query_next(c, q, &st, e)) {
        if (!array_grow(out, &room, *count + 1, sizeof **out)) {
            st = err_set(e, ST_NO_MEMORY, "no memory for the sources");
            continue;
        }
        struct known_source *s = &(*out)[(*count)++];
        s->id = (uint64_t)row_int(q, 0);
        read_source(q, &s->source);
    }
    return st;
}

enum status catalog_sources(struct catalog *c, struct catalog_source **out, size_t *count,
                            struct err *e)
{
    struct known_source *known;
    *out = NULL;
    enum status st = read_sources(c, &known, count, e);
    if (st == ST_OK) {
        *out = malloc((*count + 1) * sizeof **out);
        if (*out == NULL)
            st = err_set(e, ST_NO_MEMORY, "no memory for the sources");
    }
    for (size_t i = 0; i < *count && st == ST_OK; i++)
        (*out)[i] = known[i].source;
    free(known);
    return st;
}

static bool reader_say(struct reader *r, int64_t candidate, enum event_field field,
                       const char *value)
{
    size_t bytes = strlen(value) + 1;
    if (!array_grow(&r->said, &r->said_room, r->said_count + 1, sizeof *r->said) ||
        !array_grow(&r->texts, &r->text_room, r->text_bytes + bytes, 1))
        return false;
    r->said[r->said_count++] = (struct said){candidate, field, r->text_bytes};
    memcpy(r->texts + r->text_bytes, value, bytes);
    r->text_bytes += bytes;
    return true;
}

static enum status reader_listen(struct catalog *c, struct reader *r, struct query *q,
                                 struct err *e)
{
    enum status st = ST_OK;
    struct change now;
    while (query_next(c, q, &st, e))
        if (row_change(q, &now) && now.candidate != 0 && now.value[0] != '\0' &&
            !reader_say(r, (int64_t)now.candidate, now.field, now.value))
            st = err_set(e, ST_NO_MEMORY, "no memory for the decisions");
    return st;
}

static void reader_done(struct reader *r)
{
    free(r->sources);
    free(r->said);
    free(r->texts);
}

static enum status reader_init(struct catalog *c, struct reader *r, struct err *e)
{
    memset(r, 0, sizeof *r);
    enum status st = read_sources(c, &r->sources, &r->source_count, e);
    if (st == ST_OK && r->source_count > 0)
        qsort(r->sources, r->source_count, sizeof *r->sources, order_ids);
    return st;
}

static const struct catalog_source *reader_source(struct reader *r, uint64_t id)
{
    if ((r->last == NULL || r->last->id != id) && r->source_count > 0)
        r->last =
            bsearch(&id, r->sources, r->source_count, sizeof *r->sources, order_ids);
    return r->last != NULL ? &r->last->source : NULL;
}

static void reader_overlay(const struct reader *r, struct catalog_find *f)
{
    int64_t id = (int64_t)f->id;
    size_t low = 0, high = r->said_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->said[middle].candidate < id)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < r->said_count && r->said[low].candidate == id; low++)
        catalog_overlay(f, r->said[low].field, r->texts + r->said[low].text);
}

static void read_parts(struct query *q, int at, struct candidate *c)
{
    size_t bytes;
    const unsigned char *blob = row_blob(q, at, &bytes);
    struct score_parts *p = &c->parts;
    for (p->count = 0; bytes >= PART_BYTES && p->count < PARTS_MAX; bytes -= PART_BYTES) {
        struct score_part *part = &p->part[p->count++];
        memcpy(part->name, blob, PART_NAME_BYTES);
        part->name[PART_NAME_BYTES - 1] = '\0';
        memcpy(&part->value, blob + PART_NAME_BYTES, sizeof part->value);
        blob += PART_BYTES;
    }
}

_Static_assert(sizeof(struct loop_choice) == 32, "loops are stored without gaps");

static void read_loops(struct query *q, int at, struct candidate *c)
{
    size_t bytes;
    const void *blob = row_blob(q, at, &bytes);
    size_t n = bytes / sizeof *c->loop;
    c->loop_count = n < LOOP_CHOICES_MAX ? (int)n : LOOP_CHOICES_MAX;
    if (n > 0)
        memcpy(c->loop, blob, (size_t)c->loop_count * sizeof *c->loop);
}

/* One of another version is as if there were none. */
static void read_vector(struct query *q, int at, float *v)
{
    size_t bytes;
    const void *blob = row_blob(q, at, &bytes);
    if (bytes == VECTOR_BYTES)
        memcpy(v, blob, VECTOR_BYTES);
    else
        for (int i = 0; i < SIMILARITY_DIM; i++)
            v[i] = NAN;
}

static void read_detail(struct query *q, struct catalog_find *f)
{
    struct candidate *c = &f->c;
    int at = 14 + ME_COUNT;
    row_text(q, at, c->source_path, sizeof c->source_path);
    c->seed = (uint64_t)row_int(q, at + 1);
    row_text(q, at + 2, c->algorithm_version, sizeof c->algorithm_version);
    row_text(q, at + 3, c->sha256, sizeof c->sha256);
    read_parts(q, at + 4, c);
    read_loops(q, at + 5, c);
}

/* False for a row this version cannot place (an unknown type). */
static bool read_find(struct query *q, struct reader *r, bool whole,
                      struct catalog_find *f)
{
    struct candidate *c = &f->c;
    char word[32], grade[4];
    row_text(q, 3, word, sizeof word);
    int kind = kind_find(word);
    const struct catalog_source *source = reader_source(r, (uint64_t)row_int(q, 1));
    if (kind < 0 || source == NULL)
        return false;
    f->id = (uint64_t)row_int(q, 0);
    f->category = kind_category((enum kind)kind);
    f->tagged = f->picked = f->edited = false;
    f->loop_at = 0;
    c->kind = (enum kind)kind;
    c->decision = DECISION_NONE;
    c->rating = 0;
    c->loop_count = 0;
    memcpy(c->source, source->stem, sizeof c->source);
    row_text(q, 2, c->filename, sizeof c->filename);
    row_text(q, 4, c->key, sizeof c->key);
    row_text(q, 5, c->brightness, sizeof c->brightness);
    row_text(q, 6, c->hit_class, sizeof c->hit_class);
    c->cluster = (int)row_int(q, 7);
    row_text(q, 8, grade, sizeof grade);
    c->grade = grade[0];
    c->saved = row_int(q, 9) != 0;
    row_text(q, 10, c->missed_by, sizeof c->missed_by);
    c->start_frame = row_int(q, 11);
    c->end_frame = row_int(q, 12);
    c->source_rate_hz = (int)row_int(q, 13);
    for (int m = 0; m < ME_COUNT; m++)
        measures_set(&c->m, (enum measure_id)m, row_real(q, 14 + m));
    if (whole)
        read_detail(q, f);
    else
        read_parts(q, 14 + ME_COUNT, c);
    reader_overlay(r, f);
    return true;
}

/* Which finds are read, and what is called with each until it returns false. */
struct visit {
    bool whole;          /* all of each find, else what lists show; … */
    int64_t first, last; /* … then of the rows at these positions only */
    bool (*fn)(void *user, const struct catalog_find *f);
    void *user;
};

static enum status read_finds(struct catalog *c, struct reader *r, const struct visit *v,
                              struct err *e)
{
    struct catalog_find f = {0};
    enum status st = ST_OK;
    struct query *q = catalog_query(c, v->whole ? Q_WHOLE : Q_LIST, e);
    if (!v->whole) {
        query_int(q, 1, v->first);
        query_int(q, 2, v->last);
    }
    while (query_next(c, q, &st, e))
        if (read_find(q, r, v->whole, &f) && !v->fn(v->user, &f)) {
            query_reset(q);
            break;
        }
    return st;
}

/* In a transaction of the caller. */
static enum status visit_finds(struct catalog *c, const struct visit *v, struct err *e)
{
    struct reader r;
    enum status st = reader_init(c, &r, e);
    if (st == ST_OK)
        st = reader_listen(c, &r, catalog_query(c, Q_CURRENT, e), e);
    if (st == ST_OK) {
        catalog_passes_once(c, true);
        st = read_finds(c, &r, v, e);
        catalog_passes_once(c, false);
    }
    reader_done(&r);
    return st;
}

static enum status each(struct catalog *c, const struct visit *v, struct err *e)
{
    enum status st = catalog_simple(c, Q_BEGIN_READ, e);
    if (st != ST_OK)
        return st;
    st = visit_finds(c, v, e);
    catalog_simple(c, Q_ROLLBACK, NULL);
    return st;
}

enum status catalog_each(struct catalog *c,
                         bool (*fn)(void *user, const struct catalog_find *f), void *user,
                         struct err *e)
{
    struct visit v = {.whole = true, .fn = fn, .user = user};
    return each(c, &v, e);
}

enum status catalog_each_between(struct catalog *c, int64_t first, int64_t last,
                                 bool (*fn)(void *user, const struct catalog_find *f),
                                 void *user, struct err *e)
{
    struct visit v = {.first = first, .last = last, .fn = fn, .user = user};
    return each(c, &v, e);
}

enum status catalog_span(struct catalog *c, int64_t *first, int64_t *last, struct err *e)
{
    enum status st = catalog_simple_number(c, Q_FIRST_ROW, first, e);
    if (st == ST_OK)
        st = catalog_simple_number(c, Q_LAST_ROW, last, e);
    if (st == ST_OK && *last == 0) /* positions count from 1 */
        *first = 1;
    return st;
}

enum status catalog_get(struct catalog *c, uint64_t id, struct catalog_find *out,
                        struct err *e)
{
    struct reader r;
    memset(out, 0, sizeof *out);
    enum status st = reader_init(c, &r, e);
    if (st == ST_OK) {
        struct query *q = catalog_query_of(c, Q_CURRENT_OF, (int64_t)id, e);
        st = reader_listen(c, &r, q, e);
    }
    if (st == ST_OK) {
        struct query *q = catalog_query_of(c, Q_WHOLE_ONE, (int64_t)id, e);
        bool there = query_next(c, q, &st, e) && read_find(q, &r, true, out);
        if (st == ST_OK && !there)
            st = err_set(e, ST_NOT_FOUND, "the catalog does not have this find");
        query_reset(q);
    }
    reader_done(&r);
    return st;
}

enum status catalog_apply_words(struct catalog *c, struct catalog_find *f, struct err *e)
{
    enum status st = ST_OK;
    struct change now;
    struct query *q = catalog_query_of(c, Q_CURRENT_OF, (int64_t)f->id, e);
    while (query_next(c, q, &st, e))
        if (row_change(q, &now))
            catalog_overlay(f, now.field, now.value);
    return st;
}

/* --- arrays of them ---------------------------------------------------------------- */

struct loading {
    struct catalog_find *finds;
    size_t count, room;
    bool no_memory;
};

static bool load_one(void *user, const struct catalog_find *f)
{
    struct loading *l = user;
    l->no_memory = !array_add(&l->finds, &l->count, &l->room, f, sizeof *f);
    return !l->no_memory;
}

/* Vectors in the order of the finds; rows come in that order too, but some may be of
 * finds that this version cannot place. */
static enum status load_vectors(struct catalog *c, const struct loading *l, float **out,
                                struct err *e)
{
    float *v = malloc((l->count + 1) * VECTOR_BYTES);
    if (v == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for %zu vectors", l->count);
    for (size_t i = 0; i < l->count * SIMILARITY_DIM; i++)
        v[i] = NAN;
    size_t at = 0;
    enum status st = ST_OK;
    struct query *q = catalog_query(c, Q_VECTORS, e);
    while (query_next(c, q, &st, e)) {
        size_t its = at;
        while (its < l->count && l->finds[its].id != (uint64_t)row_int(q, 0))
            its++;
        if (its == l->count)
            continue;
        at = its;
        read_vector(q, 1, v + at * SIMILARITY_DIM);
    }
    if (st != ST_OK)
        free(v);
    else
        *out = v;
    return st;
}

enum status catalog_load(struct catalog *c, struct catalog_find **out, float **embeddings,
                         size_t *count, struct err *e)
{
    struct loading l = {0};
    struct visit v = {.whole = true, .fn = load_one, .user = &l};
    *out = NULL;
    *count = 0;
    if (embeddings != NULL)
        *embeddings = NULL;
    enum status st = catalog_simple(c, Q_BEGIN_READ, e);
    if (st != ST_OK)
        return st;
    st = visit_finds(c, &v, e);
    if (st == ST_OK && l.no_memory)
        st = err_set(e, ST_NO_MEMORY, "no memory for the finds");
    if (st == ST_OK && embeddings != NULL)
        st = load_vectors(c, &l, embeddings, e);
    catalog_simple(c, Q_ROLLBACK, NULL);
    if (st != ST_OK) {
        free(l.finds);
        return st;
    }
    *out = l.finds;
    *count = l.count;
    return ST_OK;
}

enum status catalog_vector(struct catalog *c, uint64_t id, float vector[SIMILARITY_DIM],
                           struct err *e)
{
    enum status st = ST_OK;
    struct query *q = catalog_query_of(c, Q_VECTOR_ONE, (int64_t)id, e);
    if (query_next(c, q, &st, e))
        read_vector(q, 0, vector);
    else if (st == ST_OK)
        st = err_set(e, ST_NOT_FOUND, "nothing is known of it");
    query_reset(q);
    return st;
}

enum status catalog_each_vector(struct catalog *c,
                                void (*fn)(void *user, uint64_t id, const float *vector),
                                void *user, struct err *e)
{
    float vector[SIMILARITY_DIM];
    enum status st = ST_OK;
    struct query *q = catalog_query(c, Q_VECTORS, e);
    while (query_next(c, q, &st, e)) {
        read_vector(q, 1, vector);
        fn(user, (uint64_t)row_int(q, 0), vector);
    }
    return st;
}
