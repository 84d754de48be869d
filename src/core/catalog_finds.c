#include "core/catalog_internal.h"

#include "core/order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- writing ----------------------------------------------------------------------- */

static enum status put_source(struct catalog *c, const struct catalog_source *s,
                              struct err *e)
{
    struct query *q = catalog_query(c, Q_SOURCE_PUT, e);
    query_text(q, 1, s->stem);
    query_text(q, 2, s->path);
    query_int(q, 3, (int64_t)s->content_hash);
    query_int(q, 4, (int64_t)s->recipe_hash);
    query_int(q, 5, s->rate_hz);
    query_int(q, 6, s->channels);
    query_int(q, 7, s->frames);
    query_int(q, 8, s->failed);
    query_text(q, 9, s->note);
    return catalog_run(c, q, e);
}

/* The row of a stem; a source nobody described gets one from the candidate. */
struct source_row {
    char stem[SOURCE_BYTES];
    int64_t id;
};

static enum status find_source(struct catalog *c, const struct candidate *found,
                               struct source_row *row, struct err *e)
{
    if (row->id > 0 && strcmp(row->stem, found->source) == 0)
        return ST_OK;
    struct catalog_source fresh = {0};
    strcpy(fresh.stem, found->source);
    strcpy(fresh.path, found->source_path);
    fresh.rate_hz = found->source_rate_hz;
    strcpy(row->stem, found->source);
    for (int attempt = 0; attempt < 2; attempt++) {
        struct query *q = catalog_query(c, Q_SOURCE_ID, e);
        query_text(q, 1, row->stem);
        enum status st = catalog_number(c, q, &row->id, e);
        if (st == ST_OK && row->id == 0 && attempt == 0)
            st = put_source(c, &fresh, e);
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

/* A find where it goes; vector NULL: none. */
struct entry {
    int64_t position;
    uint64_t id;
    const struct candidate *find;
    const float *vector;
};

static enum status put_find(struct catalog *c, const struct entry *n, int64_t source,
                            struct err *e)
{
    const struct candidate *f = n->find;
    char grade[2] = {f->grade, '\0'};
    struct query *q = catalog_query_of(c, Q_FIND_PUT, n->position, e);
    query_int(q, 2, (int64_t)n->id);
    query_int(q, 3, source);
    query_text(q, 4, f->filename);
    query_text(q, 5, kind_type(f->kind));
    query_text(q, 6, f->key);
    query_text(q, 7, f->brightness);
    query_text(q, 8, f->hit_class);
    query_int(q, 9, f->cluster);
    query_text(q, 10, grade);
    query_int(q, 11, f->saved);
    query_text(q, 12, f->missed_by);
    query_int(q, 13, f->start_frame);
    query_int(q, 14, f->end_frame);
    query_int(q, 15, f->source_rate_hz);
    for (int m = 0; m < ME_COUNT; m++)
        query_real(q, 16 + m, measures_get(&f->m, (enum measure_id)m));
    return catalog_run(c, q, e);
}

static int within(int count, int most)
{
    return count < 0 ? 0 : count > most ? most : count;
}

/* Nothing of what lies behind the end of a name comes along. */
static size_t pack_parts(unsigned char *to, const struct score_parts *p)
{
    int n = within(p->count, PARTS_MAX);
    memset(to, 0, (size_t)n * PART_BYTES);
    for (int i = 0; i < n; i++, to += PART_BYTES) {
        memcpy(to, p->part[i].name, strnlen(p->part[i].name, PART_NAME_BYTES - 1));
        memcpy(to + PART_NAME_BYTES, &p->part[i].value, sizeof p->part[i].value);
    }
    return (size_t)n * PART_BYTES;
}

static enum status put_detail(struct catalog *c, const struct entry *n, struct err *e)
{
    const struct candidate *f = n->find;
    unsigned char parts[PARTS_MAX * PART_BYTES];
    size_t loops = (size_t)within(f->loop_count, LOOP_CHOICES_MAX);
    struct query *q = catalog_query_of(c, Q_DETAIL_PUT, n->position, e);
    query_text(q, 2, f->source_path);
    query_int(q, 3, (int64_t)f->seed);
    query_text(q, 4, f->algorithm_version);
    query_text(q, 5, f->sha256);
    query_blob(q, 6, parts, pack_parts(parts, &f->parts));
    query_blob(q, 7, f->loop, loops * sizeof *f->loop);
    return catalog_run(c, q, e);
}

static enum status put_vector(struct catalog *c, int64_t position, const float *v,
                              struct err *e)
{
    if (v == NULL || isnan(v[0]))
        return ST_OK;
    struct query *q = catalog_query_of(c, Q_VECTOR_PUT, position, e);
    query_blob(q, 2, v, VECTOR_BYTES);
    return catalog_run(c, q, e);
}

static enum status put_all(struct catalog *c, const struct entry *n,
                           struct source_row *row, struct err *e)
{
    enum status st = find_source(c, n->find, row, e);
    if (st == ST_OK)
        st = put_find(c, n, row->id, e);
    if (st == ST_OK)
        st = put_detail(c, n, e);
    if (st == ST_OK)
        st = put_vector(c, n->position, n->vector, e);
    return st;
}

static const float *vector_of(const float *embeddings, size_t i)
{
    return embeddings != NULL ? embeddings + i * SIMILARITY_DIM : NULL;
}

/* ids[i], 0 for one that is the same file as an earlier one. NULL without memory. */
static uint64_t *distinct_ids(const struct catalog_content *content)
{
    size_t count = content->candidate_count;
    uint64_t *ids = malloc((count + 1) * sizeof *ids);
    struct order_table sorted = {0};
    for (size_t i = 0; ids != NULL && i < count; i++)
        ids[i] = content->ids != NULL ? content->ids[i]
                                      : candidate_id(&content->candidates[i]);
    if (ids != NULL && order_table_init(&sorted, ids, count)) {
        for (size_t i = 1; i < count; i++)
            if (sorted.entry[i].id == sorted.entry[i - 1].id)
                ids[sorted.entry[i].at] = 0;
    } else {
        free(ids);
        ids = NULL;
    }
    order_table_done(&sorted);
    return ids;
}

static enum status carry(struct change_list *l, const struct candidate *c, uint64_t id,
                         struct err *e)
{
    struct change said = {.field = FIELD_DECISION, .candidate = id};
    enum status st = ST_OK;
    snprintf(said.value, sizeof said.value, "%s", decision_name(c->decision));
    if (c->decision != DECISION_NONE)
        st = change_list_add(l, &said, e);
    said.field = FIELD_RATING;
    snprintf(said.value, sizeof said.value, "%d", c->rating);
    return st == ST_OK && c->rating > 0 ? change_list_add(l, &said, e) : st;
}

static const struct candidate *content_at(const struct catalog_content *content, size_t i,
                                          const float **vector, struct err *e)
{
    *vector = NULL;
    if (content->read != NULL)
        return content->read(content->user, i, vector, e);
    *vector = vector_of(content->embeddings, i);
    return &content->candidates[i];
}

enum status catalog_write_content(struct catalog *c,
                                  const struct catalog_content *content,
                                  struct change_list *carried, struct err *e)
{
    uint64_t *ids = distinct_ids(content);
    if (ids == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for %zu finds",
                       content->candidate_count);
    enum status st = catalog_script(c,
                                    "DELETE FROM candidate; DELETE FROM detail; "
                                    "DELETE FROM embedding; DELETE FROM source;",
                                    e);
    for (size_t i = 0; i < content->source_count && st == ST_OK; i++)
        st = put_source(c, &content->sources[i], e);
    struct source_row row = {0};
    int64_t position = 0;
    for (size_t i = 0; i < content->candidate_count && st == ST_OK; i++) {
        const float *vector;
        const struct candidate *f = content_at(content, i, &vector, e);
        st = f != NULL ? ST_OK : e != NULL && e->code != ST_OK ? e->code : ST_CORRUPT;
        if (st == ST_OK && ids[i] != 0)
            st = put_all(c, &(struct entry){++position, ids[i], f, vector}, &row, e);
        if (st == ST_OK)
            st = carry(carried, f, ids[i] != 0 ? ids[i] : candidate_id(f), e);
    }
    free(ids);
    return st;
}

/* --- mining while the catalog is open ---------------------------------------------- */

/* The position of a candidate, 0 = it is none. */
static enum status row_of(struct catalog *c, uint64_t id, int64_t *position,
                          struct err *e)
{
    return catalog_number(c, catalog_query_of(c, Q_FIND_ROW, (int64_t)id, e), position,
                          e);
}

static enum status drop_row(struct catalog *c, int64_t position, struct err *e)
{
    static const enum catalog_query drops[] = {Q_FIND_DROP, Q_DETAIL_DROP, Q_VECTOR_DROP};
    enum status st = ST_OK;
    for (int i = 0; i < 3 && st == ST_OK; i++)
        st = catalog_run(c, catalog_query_of(c, drops[i], position, e), e);
    return st;
}

static enum status add_all(struct catalog *c, const struct candidate *found, size_t count,
                           const float *embeddings, struct err *e)
{
    int64_t last = 0;
    struct source_row row = {0};
    enum status st = catalog_simple_number(c, Q_LAST_ROW, &last, e);
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        struct entry n = {0, candidate_id(&found[i]), &found[i],
                          vector_of(embeddings, i)};
        st = row_of(c, n.id, &n.position, e);
        if (st == ST_OK && n.position == 0)
            n.position = ++last;
        if (st == ST_OK)
            st = put_all(c, &n, &row, e);
    }
    return st;
}

enum status catalog_add(struct catalog *c, const struct catalog_source *source,
                        const struct candidate *candidates, size_t count,
                        const float *embeddings, struct err *e)
{
    enum status st = catalog_begin_unsynced(c, e);
    if (st != ST_OK)
        return st;
    st = put_source(c, source, e);
    if (st == ST_OK)
        st = add_all(c, candidates, count, embeddings, e);
    return catalog_end_unsynced(c, st, e);
}

/* Begin to change rows as they were when somebody looked last. */
static enum status begin_as_seen(struct catalog *c, struct err *e)
{
    enum status st = catalog_begin_unsynced(c, e);
    if (st != ST_OK || !catalog_look_elsewhere(c))
        return st;
    st = err_set(e, ST_BUSY, "another trowel has written to the catalog %s", c->path);
    return catalog_end_unsynced(c, st, e);
}

enum status catalog_drop(struct catalog *c, const uint64_t *ids, size_t count,
                         struct err *e)
{
    enum status st = begin_as_seen(c, e);
    if (st != ST_OK)
        return st;
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        int64_t position = 0;
        st = row_of(c, ids[i], &position, e);
        if (st == ST_OK && position != 0)
            st = drop_row(c, position, e);
    }
    return catalog_end_unsynced(c, st, e);
}

enum status catalog_restack(struct catalog *c, const uint64_t *ids, const int *stacks,
                            size_t count, struct err *e)
{
    enum status st = begin_as_seen(c, e);
    if (st != ST_OK)
        return st;
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        struct query *q = catalog_query_of(c, Q_FIND_STACK, (int64_t)ids[i], e);
        query_int(q, 2, stacks[i]);
        st = catalog_run(c, q, e);
    }
    return catalog_end_unsynced(c, st, e);
}
