#include "core/session_internal.h"

#include <stdlib.h>
#include <string.h>

/* --- what miners bring ------------------------------------------------------------- */

static enum status take_found(struct session *s, const struct candidate *found,
                              size_t count, const float *embeddings, long source,
                              struct err *e)
{
    enum status st = ST_OK;
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        struct catalog_find f = {.c = found[i],
                                 .id = candidate_id(&found[i]),
                                 .category = kind_category(found[i].kind)};
        f.c.decision = DECISION_NONE;
        f.c.rating = 0;
        st = catalog_apply_words(s->catalog, &f, e);
        long index = st == ST_OK ? session_take_find(s, &f, source) : -1;
        if (st == ST_OK && index < 0)
            st = err_set(e, ST_NO_MEMORY, "no memory for the finds");
        if (index >= 0)
            session_vector_changed(s, (size_t)index);
        if (index >= 0 && s->vector != NULL && embeddings != NULL)
            memcpy(s->vector + (size_t)index * SIMILARITY_DIM,
                   embeddings + i * SIMILARITY_DIM, SIMILARITY_DIM * sizeof *embeddings);
    }
    return st;
}

/* Before the first finds of a recording that was mined before replace its old ones: where
 * those lie that something was said of, for `follow`. */
static enum status remember(struct session *s, const struct catalog_source *source,
                            struct err *e)
{
    long known = session_source_find(s, source->stem);
    if (known < 0 || s->source[known].mining)
        return ST_OK;
    uint64_t *ids = malloc((s->count + 1) * sizeof *ids);
    bool *in_kit = malloc((s->count + 1) * sizeof *in_kit);
    size_t n = 0;
    for (size_t i = 0; ids != NULL && in_kit != NULL && i < s->count; i++) {
        const struct find *f = &s->find[i];
        if (f->source != (uint32_t)known || f->gone)
            continue;
        ids[n] = f->id;
        in_kit[n++] = f->slot >= 0;
    }
    enum status st = ids != NULL && in_kit != NULL
                         ? catalog_remember(s->catalog, ids, in_kit, n, e)
                         : err_set(e, ST_NO_MEMORY, "no memory for the finds");
    free(ids);
    free(in_kit);
    return st;
}

/* What was said of an old find goes to the new one at its place, under its new name. */
static enum status follow(struct session *s, const struct catalog_source *source,
                          const struct candidate *found, size_t count, struct err *e)
{
    struct change_list said;
    enum status st = catalog_follow(s->catalog, source->stem, found, count, &said, e);
    if (said.count > 0)
        session_take_changes(s, said.at, said.count);
    free(said.at);
    return st;
}

static enum status add(struct session *s, const struct catalog_source *source,
                       const struct candidate *found, size_t count,
                       const float *embeddings, struct err *e)
{
    enum status st = remember(s, source, e);
    if (st == ST_OK)
        st = catalog_add(s->catalog, source, found, count, embeddings, e);
    if (st != ST_OK)
        return st;
    long at = session_take_source(s, source);
    if (at < 0)
        return err_set(e, ST_NO_MEMORY, "no memory for the sources");
    s->source[at].mining = true;
    s->unannounced = true;
    return take_found(s, found, count, embeddings, at, e);
}

enum status session_add(struct session *s, const struct catalog_source *source,
                        const struct candidate *found, size_t count,
                        const float *embeddings, struct err *e)
{
    enum status st = add(s, source, found, count, embeddings, e);
    s->reread_due |= st != ST_OK;
    return st;
}

enum status session_let_go(struct session *s, size_t index, struct err *e)
{
    session_take_gone(s, &s->find[index]);
    return index_list_add(&s->leaving, index)
               ? ST_OK
               : err_set(e, ST_NO_MEMORY, "no memory for the finds");
}

static enum status let_others_go(struct session *s, long source,
                                 const struct candidate *found, size_t count,
                                 struct err *e)
{
    bool *stays = calloc(s->count + 1, sizeof *stays);
    enum status st = source >= 0 && stays != NULL
                         ? ST_OK
                         : err_set(e, ST_NO_MEMORY, "no memory for the finds");
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        long index = session_index_of(s, candidate_id(&found[i]));
        if (index >= 0)
            stays[index] = true;
    }
    for (size_t i = 0; i < s->count && st == ST_OK; i++)
        if (s->find[i].source == (uint32_t)source && !s->find[i].gone && !stays[i])
            st = session_let_go(s, i, e);
    free(stays);
    return st;
}

enum status session_keep_only(struct session *s, const struct catalog_source *source,
                              const struct candidate *found, size_t count, struct err *e)
{
    enum status st = remember(s, source, e);
    if (st == ST_OK)
        st = catalog_add(s->catalog, source, NULL, 0, NULL, e);
    if (st == ST_OK)
        st = let_others_go(s, session_take_source(s, source), found, count, e);
    if (st == ST_OK)
        st = follow(s, source, found, count, e);
    s->unannounced = true;
    s->reread_due |= st != ST_OK;
    return st;
}

bool session_has_news(const struct session *s)
{
    return s->unannounced;
}

bool session_announce(struct session *s)
{
    bool news = s->unannounced;
    if (news) {
        s->version.state++;
        session_finds_changed(s);
    }
    return news;
}
