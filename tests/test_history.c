/* Undo and redo: a random walk through every action there is, with restarts, returns to
 * each earlier state; memory that runs out in an action is no harm.
 * Seeds: TROWEL_HISTORY_SEEDS (3). */
#include "checks.h"
#include "session_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ACTIONS = 1000 };

static uint64_t add(uint64_t h, double number)
{
    number += 0.0; /* −0 is 0 */
    return rng_hash(h, &number, sizeof number);
}

static uint64_t hash_measures(uint64_t h, const struct measures *m)
{
    for (int i = 0; i < ME_COUNT; i++) {
        double value = measures_get(m, (enum measure_id)i);
        h = add(h, value == value ? value : -1e300);
    }
    return h;
}

static uint64_t hash_find(uint64_t h, const struct session *s, const struct find *f)
{
    struct measures m;
    int words[] = {(int)f->category, (int)f->decision, f->rating, f->stack, f->extra,
                   f->slot,          f->tagged,        f->edited, f->picked};
    h = rng_hash(h, words, sizeof words);
    h = rng_hash(h, f->hit_class, strlen(f->hit_class));
    session_measures(s, f, &m);
    return hash_measures(h, &m);
}

struct reading {
    struct session *s;
    uint64_t hash;
};

/* The same, and what only the catalog has: positions and loops. */
static bool hash_whole(void *user, const struct catalog_find *f)
{
    struct reading *r = user;
    const struct candidate *c = &f->c;
    long index = session_index_of(r->s, f->id);
    assert_true(index >= 0);
    const struct find *mine = session_find(r->s, (size_t)index);
    /* the model is what the catalog says */
    assert_int_equal(mine->category, f->category);
    assert_int_equal(mine->decision, c->decision);
    assert_int_equal(mine->rating, c->rating);
    assert_int_equal(mine->tagged, f->tagged);
    assert_int_equal(mine->picked, f->picked);
    assert_int_equal(mine->edited, f->edited);
    assert_string_equal(mine->hit_class, c->hit_class);
    struct measures m;
    session_measures(r->s, mine, &m);
    assert_true(hash_measures(0, &m) == hash_measures(0, &c->m));
    uint64_t h = hash_find(r->hash, r->s, mine);
    h = add(add(h, (double)c->start_frame), (double)c->end_frame);
    for (int i = 0; i < c->loop_count; i++)
        h = add(add(h, (double)c->loop[i].start_frame), (double)c->loop[i].end_frame);
    r->hash = h;
    return true;
}

static uint64_t hash_kit(uint64_t h, const struct session *s)
{
    const struct kit_state *k = session_kit(s);
    for (int i = 0; i < KIT_SLOTS; i++) {
        const struct kit_slot *slot = &k->slot[i];
        h = rng_hash(h, &slot->id, sizeof slot->id);
        h = add(add(add(h, (double)slot->index), slot->locked), slot->steps);
        h = add(h, slot->trim_db);
    }
    h = rng_hash(h, k->extra, k->extra_count * sizeof *k->extra);
    h = rng_hash(h, k->name, strlen(k->name));
    return add(add(h, k->tempo_bpm), k->rings);
}

/* All that the user can change, as one number. */
static uint64_t state_of(struct session *s)
{
    struct reading r = {s, 1};
    char note[EVENT_VALUE_BYTES];
    struct catalog *c = session_catalog(s);
    assert_int_equal(catalog_each(c, hash_whole, &r, NULL), ST_OK);
    for (size_t i = 0; i < session_count(s); i++) {
        uint64_t id = session_find(s, i)->id;
        assert_int_equal(catalog_value(c, FIELD_NOTE, id, "", note, NULL), ST_OK);
        r.hash = rng_hash(r.hash, note, strlen(note));
    }
    return hash_kit(r.hash, s);
}

static void restart(struct session **s, const struct place *p, struct rng *r)
{
    session_close(*s);
    *s = open_session(p);
    if (rng_below(r, 8)) /* as the workstation does; the disk is slow */
        catalog_sync_later(session_catalog(*s), NULL);
}

/* at[0 … top] are the states, now is one of them. */
static void walk(const struct place *p, struct session *s, struct rng *r)
{
    FREED uint64_t *at = calloc(ACTIONS + 1, sizeof *at);
    size_t now = 0, top = 0, acted = 0, stepped = 0;
    at[0] = state_of(s);
    while (acted < ACTIONS) {
        struct catalog *c = session_catalog(s);
        unsigned choice = rng_below(r, 10);
        if (choice < 7) {
            acted++;
            size_t events = catalog_event_count(c);
            act_at_random(s, r);
            if (catalog_event_count(c) > events)
                at[top = ++now] = state_of(s);
        } else if (choice < 9 ? now > 0 : now < top) {
            stepped++;
            now = choice < 9 ? now - 1 : now + 1;
            assert_int_equal(choice < 9 ? session_undo(s, NULL, NULL)
                                        : session_redo(s, NULL, NULL),
                             ST_OK);
        }
        if (rng_below(r, 100) == 0)
            restart(&s, p, r);
        if (state_of(s) != at[now])
            fail_msg("after %zu actions and %zu steps: not state %zu", acted, stepped,
                     now);
    }
    assert_true(stepped > ACTIONS / 5);
    assert_tallies_true(s);
    /* all the way back, all the way forth */
    while (session_undo(s, NULL, NULL) == ST_OK) {
        if (state_of(s) != at[--now])
            fail_msg("undone to state %zu of %zu", now, top);
        if (rng_below(r, 100) == 0)
            restart(&s, p, r);
    }
    assert_int_equal(now, 0);
    while (session_redo(s, NULL, NULL) == ST_OK) {
        if (state_of(s) != at[++now])
            fail_msg("done again to state %zu of %zu", now, top);
        if (rng_below(r, 100) == 0)
            restart(&s, p, r);
    }
    assert_int_equal(now, top);
    assert_tallies_true(s);
    session_close(s);
}

static void every_action_can_be_taken_back(void **state)
{
    const char *wish = getenv("TROWEL_HISTORY_SEEDS");
    int seeds = wish ? atoi(wish) : 3;
    for (int seed = 1; seed <= seeds; seed++) {
        struct place *p = *state;
        struct rng r = rng_derive((uint64_t)seed, 0, "history", 0);
        snprintf(p->project, sizeof p->project, "%s/export/SEED%d", p->folder, seed);
        struct session *s = open_session(p);
        deliver(s, "night", 30, true);
        deliver(s, "tape", 30, true);
        catalog_sync_later(session_catalog(s), NULL);
        walk(p, s, &r);
    }
}

/* --- memory that runs out --- */

static long reallocs_left = -1; /* so many come through, the next one fails; −1: none */
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n)
{
    return reallocs_left >= 0 && reallocs_left-- == 0 ? NULL : __real_realloc(p, n);
}

/* What is said is in the catalog then; what could not be read of it just now comes with
 * what others write, and it can be undone and done again. */
static void without_memory_nothing_is_out_of_step(void **state)
{
    const size_t some[] = {0, 3, 7};
    OWN(session) *s = open_session(*state);
    deliver(s, "night", 30, true);
    uint64_t before = state_of(s);
    int late = 0;
    bool through = false;
    for (long n = 0; !through; n++) {
        reallocs_left = n;
        assert_int_equal(session_set_category(s, some, 3, CAT_SWELLS, NULL), ST_OK);
        through = reallocs_left >= 0;
        reallocs_left = -1;
        late += take_news(s);
        uint64_t now = state_of(s);
        assert_int_equal(session_undo(s, NULL, NULL), ST_OK);
        assert_true(now != before && state_of(s) == before);
        reallocs_left = n;
        enum status st = session_redo(s, NULL, NULL);
        reallocs_left = -1;
        late += take_news(s);
        assert_true(state_of(s) == (st == ST_OK ? now : before));
        if (st == ST_OK)
            assert_int_equal(session_undo(s, NULL, NULL), ST_OK);
        assert_true(state_of(s) == before);
        assert_tallies_true(s);
    }
    assert_true(late > 3);
}

static bool count_one(void *user, const struct catalog_find *f)
{
    (void)f;
    ++*(size_t *)user;
    return true;
}

/* Mined finds that memory does not take in: they are in the catalog, or come again when
 * it is written anew, which is what a restack that refuses makes of it. */
static void finds_that_came_halfway_are_read_again(void **state)
{
    enum { FINDS = 300, KEPT = 20 };
    OWN(session) *s = open_session(*state);
    int failed = 0;
    bool through = false;
    for (long n = 0; !through; n++) {
        struct catalog_source source;
        FREED float *vectors;
        FREED const char *stem = text_of("tape%ld", n);
        FREED struct candidate *found = make_finds(stem, FINDS, &source, &vectors);
        reallocs_left = n;
        enum status st = session_add(s, &source, found, FINDS, vectors, NULL);
        if (st == ST_OK)
            st = session_keep_only(s, &source, found, KEPT, NULL);
        through = reallocs_left >= 0;
        reallocs_left = -1;
        failed += st != ST_OK;
        assert_int_equal(session_restack(s, NULL, NULL, 0), st == ST_OK);
        while (session_tidy(s)) {
        }
        assert_int_equal(take_news(s), st != ST_OK);
        size_t rows = 0, there = 0;
        for (size_t i = 0; i < session_count(s); i++)
            there += !session_find(s, i)->gone;
        assert_int_equal(catalog_each(session_catalog(s), count_one, &rows, NULL), ST_OK);
        assert_int_equal(there, rows);
        assert_tallies_true(s);
    }
    assert_true(failed > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SESSION(without_memory_nothing_is_out_of_step),
        IN_SESSION(finds_that_came_halfway_are_read_again),
        IN_SESSION(every_action_can_be_taken_back),
    };
    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
