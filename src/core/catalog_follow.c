/* Recordings that are mined again with other settings give other names: hits are numbered
 * as they come. What the user said of a sound goes with the sound then.
 *
 * Before rows are replaced, the places of those that something was said of are put down
 * (catalog_remember); when the new rows are known, each of them is looked for at its
 * place (catalog_follow). A sound that is not found while another has its name keeps what
 * was said under its name and place, until it is found again. */
#include "core/catalog_internal.h"

#include "core/array.h"
#include "core/rng.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double SAME_START_S = 0.02, SAME_PART = 0.5;

struct ids {
    uint64_t *at;
    size_t count, room;
};

static bool add_id(struct ids *l, uint64_t id)
{
    return array_add(&l->at, &l->count, &l->room, &id, sizeof id);
}

static bool note_spoken_of(void *user, const struct change *now)
{
    uint64_t id =
        now->field == FIELD_SLOT ? candidate_path_id(now->value) : now->candidate;
    return id == 0 || now->value[0] == '\0' || add_id(user, id);
}

static enum status make_table(struct catalog *c, struct err *e)
{
    return catalog_script(c,
                          "CREATE TABLE IF NOT EXISTS place(id INTEGER PRIMARY KEY, path "
                          "TEXT NOT NULL, start_frame INTEGER NOT NULL, end_frame "
                          "INTEGER NOT NULL, rate_hz INTEGER NOT NULL)",
                          e);
}

/* `spoken`: it is known that something was said of it. */
static enum status put_place(struct catalog *c, uint64_t id, bool spoken, struct err *e)
{
    struct query *q = catalog_query_of(c, Q_PLACE_KEEP, (int64_t)id, e);
    query_int(q, 2, spoken);
    return catalog_run(c, q, e);
}

enum status catalog_put_places(struct catalog *c, struct err *e)
{
    struct ids spoken = {0};
    enum status st = catalog_each_current(c, note_spoken_of, &spoken, e);
    if (st == ST_OK && spoken.count > 0)
        st = make_table(c, e);
    for (size_t i = 0; st == ST_OK && i < spoken.count; i++)
        st = put_place(c, spoken.at[i], true, e);
    free(spoken.at);
    return st;
}

enum status catalog_remember(struct catalog *c, const uint64_t *ids, const bool *spoken,
                             size_t count, struct err *e)
{
    int64_t said = 0;
    enum status st = catalog_begin_unsynced(c, e);
    if (st != ST_OK)
        return st;
    st = catalog_simple_number(c, Q_EVENT_ANY, &said, e);
    if (st == ST_OK && said != 0)
        st = make_table(c, e);
    for (size_t i = 0; st == ST_OK && said != 0 && i < count; i++)
        st = put_place(c, ids[i], spoken[i], e);
    return catalog_end_unsynced(c, st, e);
}

/* --- which sound is which ---------------------------------------------------------- */

struct place {
    uint64_t id, group; /* group: of one recording and kind */
    int64_t start, end;
    int rate_hz;
    char path[CANDIDATE_PATH_BYTES];
};

/* A find cut from a recording, as it lies now. */
struct now {
    uint64_t id, group;
    int64_t start, end;
};
struct now_list {
    struct now *at;
    size_t count, room;
};

static enum status add_now(struct now_list *l, const struct now *now, struct err *e)
{
    return array_add(&l->at, &l->count, &l->room, now, sizeof *now)
               ? ST_OK
               : err_set(e, ST_NO_MEMORY, "no memory for the decisions");
}

static uint64_t group_of(const char *path)
{
    const char *type = strchr(path, '/'), *name = type ? strchr(type + 1, '/') : NULL;
    return name ? rng_hash(0, path, (size_t)(name - path)) : 0;
}

/* How far two stretches are the same, 0 … 1; hits that begin together are one however
 * long they were cut. */
static double likeness(const struct place *a, const struct now *b)
{
    int64_t first = a->start > b->start ? a->start : b->start,
            last = a->end < b->end ? a->end : b->end;
    int64_t from = a->start + b->start - first, to = a->end + b->end - last;
    double part = last > first ? (double)(last - first) / (double)(to - from) : 0;
    bool together = a->rate_hz > 0 &&
                    fabs((double)(a->start - b->start)) <= SAME_START_S * a->rate_hz;
    return part >= SAME_PART || (together && last > first) ? part : 0;
}

static int by_group(const void *a, const void *b)
{
    const struct now *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return x->start < y->start ? -1 : x->start > y->start;
}

struct move {
    struct place from;
    uint64_t to;
    bool lost; /* `to` is a name of its own, until the sound is found again */
};

struct moves {
    struct move *at;
    size_t count, room;
    struct ids settled; /* places that need not be known any more */
    size_t told;        /* of how many moves something was said */
};

enum whereabouts {
    AT_HOME, /* its own name, its own place */
    GONE,    /* neither: it may come back under its name */
    MOVED
};

static enum whereabouts find_move(const struct place *p, const struct now_list *l,
                                  struct move *m)
{
    const struct now *now = l->at;
    bool taken = false;
    double best = 0;
    size_t low = 0, high = l->count;
    *m = (struct move){.from = *p};
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (now[middle].group < p->group)
            low = middle + 1;
        else
            high = middle;
    }
    int64_t length = p->end - p->start, slack = (int64_t)(SAME_START_S * p->rate_hz);
    for (size_t i = low; i < l->count && now[i].group == p->group; i++) {
        /* half of both the same: it begins no earlier than that */
        bool near = now[i].start >= p->start - length - slack && now[i].start < p->end;
        double like = near ? likeness(p, &now[i]) : 0;
        taken |= now[i].id == p->id;
        if (now[i].id == p->id && like > 0)
            return AT_HOME;
        if (like > best) {
            best = like;
            m->to = now[i].id;
        }
    }
    m->lost = m->to == 0;
    return m->to != 0 || taken ? MOVED : GONE;
}

/* --- moving ------------------------------------------------------------------------ */

/* What was said of `from`; a slot says it by its path. */
static enum status words_of(struct catalog *c, uint64_t from, struct change_list *to,
                            struct err *e)
{
    enum status st = ST_OK;
    const uint64_t whose[] = {from, 0};
    for (int i = 0; i < 2 && st == ST_OK; i++) {
        struct change word;
        struct query *q = catalog_query_of(c, Q_CURRENT_OF, (int64_t)whose[i], e);
        while (query_next(c, q, &st, e))
            if (row_change(q, &word) && word.value[0] != '\0' &&
                (whose[i] != 0 ||
                 (word.field == FIELD_SLOT && candidate_path_id(word.value) == from)))
                st = change_list_add(to, &word, e);
    }
    return st;
}

static enum status path_of(struct catalog *c, const struct move *m,
                           char path[CANDIDATE_PATH_BYTES], struct err *e)
{
    if (m->lost) {
        int n = snprintf(path, CANDIDATE_PATH_BYTES, "%.360s at %" PRId64, m->from.path,
                         m->from.start);
        return n > 0 ? ST_OK : ST_CORRUPT;
    }
    enum status st = ST_OK;
    struct query *q = catalog_query_of(c, Q_FIND_PATH, (int64_t)m->to, e);
    if (query_next(c, q, &st, e))
        row_text(q, 0, path, CANDIDATE_PATH_BYTES);
    else if (st == ST_OK)
        st = err_set(e, ST_NOT_FOUND, "the catalog %s does not have this find", c->path);
    query_reset(q);
    return st;
}

static enum status drop_place(struct catalog *c, uint64_t id, struct err *e)
{
    return catalog_run(c, catalog_query_of(c, Q_PLACE_DROP, (int64_t)id, e), e);
}

/* Its place is known under its new name, or no longer needed. */
static enum status move_place(struct catalog *c, const struct move *m, const char *path,
                              struct err *e)
{
    enum status st = drop_place(c, m->from.id, e);
    if (st != ST_OK || !m->lost)
        return st;
    struct query *q = catalog_query_of(c, Q_PLACE_PUT, (int64_t)m->to, e);
    query_text(q, 2, path);
    query_int(q, 3, m->from.start);
    query_int(q, 4, m->from.end);
    query_int(q, 5, m->from.rate_hz);
    return catalog_run(c, q, e);
}

/* Said of the new place unless something was said there already. */
static enum status say_there(struct catalog *c, struct catalog_action *a,
                             const struct change *said, const char *path,
                             struct change_list *done, struct err *e)
{
    char own[EVENT_VALUE_BYTES] = "";
    enum status st = ST_OK;
    if (said->field != FIELD_SLOT)
        st = catalog_value(c, said->field, said->candidate, said->key, own, e);
    if (st != ST_OK || own[0] != '\0')
        return st;
    st = catalog_action_change(c, a, said, path, e);
    return st == ST_OK ? change_list_add(done, said, e) : st;
}

/* All is taken back first: a name that one sound leaves another may get. */
static enum status move_words(struct catalog *c, struct moves *moves,
                              struct catalog_action *a, struct change_list *done,
                              struct err *e)
{
    enum status st = ST_OK;
    size_t *end = malloc((moves->count + 1) * sizeof *end);
    struct change_list words = {0};
    if (end == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for the decisions");
    for (size_t i = 0; i < moves->count && st == ST_OK; i++) {
        size_t before = words.count;
        st = words_of(c, moves->at[i].from.id, &words, e);
        end[i] = words.count;
        moves->told += end[i] > before;
    }
    for (size_t k = 0; k < words.count && st == ST_OK; k++) {
        struct change none = words.at[k];
        none.value[0] = '\0';
        st = catalog_action_change(c, a, &none, NULL, e);
        if (st == ST_OK)
            st = change_list_add(done, &none, e);
    }
    for (size_t i = 0, k = 0; i < moves->count && st == ST_OK; i++) {
        char path[CANDIDATE_PATH_BYTES];
        struct move *m = &moves->at[i];
        st = path_of(c, m, path, e);
        if (st == ST_OK && m->lost)
            m->to = candidate_path_id(path);
        for (; k < end[i] && st == ST_OK; k++) {
            struct change said = words.at[k];
            if (said.field == FIELD_SLOT)
                snprintf(said.value, sizeof said.value, "%s", path);
            else
                said.candidate = m->to;
            st = say_there(c, a, &said, path, done, e);
        }
        if (st == ST_OK)
            st = move_place(c, m, path, e);
    }
    free(words.at);
    free(end);
    return st;
}

static enum status look_at_places(struct catalog *c, const char *stem,
                                  const struct now_list *now, struct moves *out,
                                  struct err *e)
{
    struct query *q = catalog_query(c, Q_PLACES, e);
    enum status st = ST_OK;
    size_t length = stem != NULL ? strlen(stem) : 0;
    while (query_next(c, q, &st, e)) {
        struct move m;
        struct place p = {.id = (uint64_t)row_int(q, 0),
                          .start = row_int(q, 2),
                          .end = row_int(q, 3),
                          .rate_hz = (int)row_int(q, 4)};
        row_text(q, 1, p.path, sizeof p.path);
        p.group = group_of(p.path);
        if (stem != NULL && (strncmp(p.path, stem, length) != 0 || p.path[length] != '/'))
            continue;
        enum whereabouts w = find_move(&p, now, &m);
        if ((w == MOVED && !array_add(&out->at, &out->count, &out->room, &m, sizeof m)) ||
            (w == AT_HOME && !add_id(&out->settled, p.id)))
            st = err_set(e, ST_NO_MEMORY, "no memory for the decisions");
    }
    return st;
}

/* What was said goes with a sound to where it lies now (`now` is sorted here). */
static enum status follow_words(struct catalog *c, const char *stem, struct now_list *now,
                                struct catalog_action *a, struct change_list *done,
                                struct err *e)
{
    int64_t there = 0;
    struct moves moves = {0};
    char label[ACTION_LABEL_BYTES];
    *a = (struct catalog_action){0};
    enum status st = catalog_simple_number(c, Q_PLACE_THERE, &there, e);
    if (st != ST_OK || there == 0)
        return st;
    if (now->count > 0)
        qsort(now->at, now->count, sizeof *now->at, by_group);
    st = look_at_places(c, stem, now, &moves, e);
    for (size_t i = 0; i < moves.settled.count && st == ST_OK; i++)
        st = drop_place(c, moves.settled.at[i], e);
    if (st == ST_OK)
        st = catalog_action_begin(c, a, ACTION_FOLLOW, catalog_now_ms(), e);
    if (st == ST_OK)
        st = move_words(c, &moves, a, done, e);
    snprintf(label, sizeof label, "decisions about %zu find%s moved with the sound%s",
             moves.told, moves.told == 1 ? "" : "s", moves.told == 1 ? "" : "s");
    if (st == ST_OK)
        st = catalog_action_finish(c, a, label, e);
    free(moves.at);
    free(moves.settled.at);
    return st;
}

/* Of what stands in the catalog now. */
enum status catalog_follow_all(struct catalog *c, struct err *e)
{
    struct catalog_action a;
    struct change_list done = {0};
    struct now_list now = {0};
    int64_t there = 0;
    enum status st = catalog_simple_number(c, Q_PLACE_THERE, &there, e);
    if (st != ST_OK || there == 0) /* nothing was ever said */
        return st;
    struct query *q = catalog_query(c, Q_CUT, e);
    while (query_next(c, q, &st, e)) {
        char path[CANDIDATE_PATH_BYTES];
        row_text(q, 1, path, sizeof path);
        st = add_now(&now,
                     &(struct now){(uint64_t)row_int(q, 0), group_of(path), row_int(q, 2),
                                   row_int(q, 3)},
                     e);
    }
    if (st == ST_OK)
        st = follow_words(c, NULL, &now, &a, &done, e);
    free(done.at);
    free(now.at);
    return st;
}

enum status catalog_follow(struct catalog *c, const char *stem,
                           const struct candidate *found, size_t count,
                           struct change_list *said, struct err *e)
{
    struct catalog_action a;
    struct now_list now = {0};
    enum status st = ST_OK;
    *said = (struct change_list){0};
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        char path[CANDIDATE_PATH_BYTES];
        if (!kind_cut(found[i].kind) || found[i].end_frame <= found[i].start_frame)
            continue;
        candidate_path(&found[i], path);
        st = add_now(&now,
                     &(struct now){candidate_id(&found[i]), group_of(path),
                                   found[i].start_frame, found[i].end_frame},
                     e);
    }
    if (st == ST_OK)
        st = catalog_begin(c, e);
    if (st == ST_OK)
        st = catalog_end(c, follow_words(c, stem, &now, &a, said, e), e);
    free(now.at);
    if (st == ST_OK) {
        catalog_action_note(c, &a);
    } else {
        free(said->at);
        *said = (struct change_list){0};
    }
    return st;
}
