#include "core/catalog_internal.h"

#include "core/array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct replaying {
    struct catalog *c;
    struct catalog_action action;
    struct replay_report *report;
};

/* A bare file name names a candidate if just one has it. */
static enum status find_by_name(struct catalog *c, const char *name, uint64_t *id,
                                struct err *e)
{
    enum status st = ST_OK;
    struct query *q = catalog_query(c, Q_BY_FILENAME, e);
    query_text(q, 1, name);
    *id = query_next(c, q, &st, e) ? (uint64_t)row_int(q, 0) : 0;
    if (*id != 0 && query_next(c, q, &st, e))
        *id = 0;
    query_reset(q);
    return st;
}

/* candidate 0: nobody can tell which one is meant. *known: it is in the catalog. */
static enum status replay_subject(struct catalog *c, struct change *change,
                                  const char *path, bool *known, struct err *e)
{
    int64_t row = 0;
    if (change->candidate == 0) {
        enum status st = find_by_name(c, path, &change->candidate, e);
        *known = change->candidate != 0;
        return st;
    }
    enum status st = catalog_number(
        c, catalog_query_of(c, Q_FIND_ROW, (int64_t)change->candidate, e), &row, e);
    *known = row != 0;
    return st;
}

/* The whole path of the bare name on a slot; *known: just one sound is called so. */
static enum status replay_slot(struct catalog *c, struct change *change, bool *known,
                               struct err *e)
{
    uint64_t id;
    struct catalog_find f;
    enum status st = find_by_name(c, change->value, &id, e);
    *known = st == ST_OK && id != 0;
    if (*known)
        st = catalog_get(c, id, &f, e);
    if (*known && st == ST_OK)
        candidate_path(&f.c, change->value);
    return st;
}

static enum status replay_one(void *user, const struct change *change, const char *path,
                              struct err *e)
{
    struct replaying *r = user;
    struct change c = *change;
    bool known = true, bare = c.candidate == 0;
    bool sound = event_subject(c.field) == SUBJECT_CANDIDATE;
    enum status st = ST_OK;
    if (sound)
        st = replay_subject(r->c, &c, path, &known, e);
    else if (c.field == FIELD_SLOT && c.value[0] != '\0' && !strchr(c.value, '/'))
        st = replay_slot(r->c, &c, &known, e);
    if (st == ST_OK && !known && r->report->unknown++ == 0)
        snprintf(r->report->first_unknown, CANDIDATE_PATH_BYTES, "%s",
                 sound ? path : c.value);
    if (st != ST_OK || (sound ? c.candidate == 0 : !known))
        return st;
    size_t before = r->action.applied;
    st = catalog_action_change(r->c, &r->action, &c, bare ? NULL : path, e);
    r->report->so_already += st == ST_OK && r->action.applied == before;
    return st;
}

enum status catalog_replay(struct catalog *c, const char *file,
                           struct replay_report *report, struct err *e)
{
    struct replaying r = {.c = c, .report = report};
    char label[ACTION_LABEL_BYTES];
    *report = (struct replay_report){0};
    snprintf(label, sizeof label, "replayed %.180s", file);
    enum status st = catalog_begin(c, e);
    if (st != ST_OK)
        return st;
    st = catalog_action_begin(c, &r.action, ACTION_DO, catalog_now_ms(), e);
    if (st == ST_OK)
        st = journal_read(file, replay_one, &r, &report->journal, e);
    if (st == ST_OK)
        st = catalog_action_finish(c, &r.action, label, e);
    st = catalog_end(c, st, e);
    if (st != ST_OK)
        return st;
    catalog_action_note(c, &r.action);
    report->applied = r.action.applied;
    return ST_OK;
}

/* --- what a damaged catalog can still tell ----------------------------------------- */

/* Reading stops at the damage, so the newest events are read from the other end too and
 * the two halves are joined by their numbers. */
struct told {
    int64_t seq, action;
    uint64_t candidate;
    char word[32], key[EVENT_KEY_BYTES], value[EVENT_VALUE_BYTES],
        path[CANDIDATE_PATH_BYTES];
};

struct told_list {
    struct told *item;
    size_t count, room;
};

static bool told_add(struct told_list *l, struct query *q)
{
    if (!array_grow(&l->item, &l->room, l->count + 1, sizeof *l->item))
        return false;
    struct told *t = &l->item[l->count++];
    t->seq = row_int(q, 0);
    t->action = row_int(q, 1);
    row_text(q, 2, t->word, sizeof t->word);
    t->candidate = (uint64_t)row_int(q, 3);
    row_text(q, 4, t->key, sizeof t->key);
    row_text(q, 5, t->value, sizeof t->value);
    row_text(q, 6, t->path, sizeof t->path);
    return true;
}

static int by_seq(const void *a, const void *b)
{
    const struct told *x = a, *y = b;
    if (x->seq != y->seq)
        return x->seq < y->seq ? -1 : 1;
    return (x->path[0] == '\0') - (y->path[0] == '\0'); /* the one with its path first */
}

/* True when the end was reached. */
static bool collect(struct catalog *from, enum catalog_query which, struct told_list *l)
{
    enum status st = ST_OK;
    struct query *q = catalog_query(from, which, NULL);
    while (query_next(from, q, &st, NULL))
        if (!told_add(l, q))
            st = ST_NO_MEMORY;
    return st == ST_OK;
}

static void collect_events(struct catalog *from, struct told_list *l)
{
    /* the paths may be what is damaged: then without them, from both ends */
    if (collect(from, Q_SALVAGE, l))
        return;
    collect(from, Q_SALVAGE_BACK, l);
    collect(from, Q_SALVAGE_BARE, l);
    collect(from, Q_SALVAGE_BARE_BACK, l);
}

enum status catalog_salvage(struct catalog *to, struct catalog *from, struct err *e)
{
    struct told_list l = {0};
    struct catalog_action a = {0};
    enum status st = ST_OK;
    int64_t action = -1, last_seq = -1;
    collect_events(from, &l);
    if (l.count > 0)
        qsort(l.item, l.count, sizeof *l.item, by_seq);
    for (size_t i = 0; i < l.count && st == ST_OK; i++) {
        struct told *t = &l.item[i];
        int field = event_find(t->word);
        if (t->seq == last_seq || field < 0)
            continue;
        last_seq = t->seq;
        if (t->action != action) {
            if (action >= 0)
                st = catalog_action_finish(to, &a, "carried over", e);
            if (st == ST_OK)
                st = catalog_action_begin(to, &a, ACTION_DO, 0, e);
            action = t->action;
        }
        struct change c = {.field = (enum event_field)field, .candidate = t->candidate};
        memcpy(c.key, t->key, sizeof c.key);
        memcpy(c.value, t->value, sizeof c.value);
        bool named = candidate_path_id(t->path) == t->candidate;
        struct err why = {0};
        enum status one =
            st != ST_OK ? st
                        : catalog_action_change(to, &a, &c, named ? t->path : NULL, &why);
        if (one != ST_OK && one != ST_USAGE && one != ST_NOT_FOUND)
            st = err_set(e, one, "%s", why.msg);
    }
    if (st == ST_OK && action >= 0)
        st = catalog_action_finish(to, &a, "carried over", e);
    free(l.item);
    return st;
}
