/* What another process wrote to the catalog: read on another thread, then taken into the
 * model a few thousand finds at a time, so that keys are answered in between. */
#include "core/session_internal.h"

#include <stdlib.h>
#include <string.h>

enum { FINDS_AT_ONCE = 4000, LOOKS_MOST = 100 };

struct session_news {
    struct session part; /* all of the catalog, as it was read */
    long *source;        /* the session's source index, by that in `part` */
    size_t known;        /* finds of the session when reading began */
    size_t at;           /* finds of `part` taken in so far */
    unsigned char *seen; /* of the known ones: is in `part`, too */
};

/* --- on the owner's thread: the beginning ------------------------------------------ */

bool session_reread_pending(struct session *s)
{
    char path[PATH_BYTES];
    struct timespec set = session_set_written(s, path);
    s->reread_due |= catalog_changed_elsewhere(s->catalog) ||
                     set.tv_sec != s->set_written.tv_sec ||
                     set.tv_nsec != s->set_written.tv_nsec;
    return s->reread_due || s->touched != NULL;
}

struct session_news *session_reread_begin(struct session *s)
{
    if (s->touched != NULL || s->leaving.count > 0 || s->restacking.count > 0)
        return NULL; /* those come first */
    if (!session_reread_pending(s))
        return NULL;
    struct session_news *n = calloc(1, sizeof *n);
    if (n == NULL)
        return NULL;
    n->known = s->count;
    n->part.database = strdup(s->database);
    n->seen = calloc(s->count + 1, 1);
    s->touched = calloc(s->count + 1, 1);
    s->touched_count = s->count;
    if (n->part.database == NULL || n->seen == NULL || s->touched == NULL) {
        session_reread_drop(s, n);
        return NULL;
    }
    s->reread_due = false;
    return n;
}

void session_reread_drop(struct session *s, struct session_news *n)
{
    free(s->touched);
    s->touched = NULL;
    s->reread_due = true;
    session_forget_texts(&n->part);
    free(n->part.database);
    free(n->part.source);
    session_free_finds(&n->part);
    free(n->part.ids.slot);
    free(n->part.log.at);
    free(n->source);
    free(n->seen);
    free(n);
}

/* --- on any thread: all of it ------------------------------------------------------ */

enum status session_reread(struct session_news *n, struct err *e)
{
    enum status st = catalog_open(&n->part.catalog, n->part.database, CATALOG_READ, e);
    if (st == ST_OK)
        st = session_read_all(&n->part, e);
    catalog_close(n->part.catalog);
    return st;
}

/* --- on the owner's thread: portions, and the end ---------------------------------- */

static bool take_sources(struct session *s, struct session_news *n)
{
    n->source = malloc((n->part.source_count + 1) * sizeof *n->source);
    for (size_t i = 0; n->source != NULL && i < n->part.source_count; i++)
        if ((n->source[i] = session_take_source(s, &n->part.source[i].about)) < 0)
            return false;
    return n->source != NULL;
}

static bool take_portion(struct session *s, struct session_news *n)
{
    size_t end =
        n->part.count - n->at > FINDS_AT_ONCE ? n->at + FINDS_AT_ONCE : n->part.count;
    for (; n->at < end; n->at++) {
        const struct find *f = &n->part.find[n->at];
        long index = session_index_of(s, f->id);
        /* newer here; those that changed are read again at the end */
        bool newer = index >= 0 && ((size_t)index >= n->known || s->touched[index]);
        if (!newer)
            index = session_take_row(s, &n->part, n->at, n->source[f->source]);
        if (index < 0)
            return false;
        if ((size_t)index < n->known)
            n->seen[index] = 1;
    }
    return true;
}

/* Reads finds that changed here meanwhile one by one, as they stand in the catalog now.
 * False: there are too many, and all is to be read again. */
static bool look_again(struct session *s, const struct session_news *n)
{
    int looks = 0;
    struct catalog_find f;
    for (size_t i = 0; i < n->known && looks <= LOOKS_MOST; i++)
        if (s->touched[i] && !s->find[i].gone && ++looks <= LOOKS_MOST &&
            catalog_get(s->catalog, s->find[i].id, &f, NULL) == ST_OK)
            session_take_find(s, &f, (long)s->find[i].source);
    return looks <= LOOKS_MOST;
}

bool session_reread_step(struct session *s, struct session_news *n)
{
    bool well = n->source != NULL || take_sources(s, n);
    if (well && take_portion(s, n) && n->at < n->part.count)
        return true;
    if (!well || n->at < n->part.count) { /* no memory: another time */
        session_reread_drop(s, n);
        return false;
    }
    for (size_t i = 0; i < n->known; i++)
        if (!n->seen[i] && !s->touched[i] && !s->find[i].gone)
            session_take_gone(s, &s->find[i]);
    bool all = look_again(s, n);
    s->set_written = n->part.set_written;
    session_reread_drop(s, n);
    s->reread_due = !all;
    free(s->vector);
    s->vector = NULL;
    s->vectors_outdated = true;
    session_settle_load(s, NULL);
    return false;
}
