/* The model while others are at work on it: other processes that write, threads that read
 * ahead, finds that come in a few at a time, and a catalog that two threads read. */
#include "checks.h"
#include "session_rig.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_other_process_is_seen(void **state)
{
    struct place *p = *state;
    struct session *one = open_session(p), *two = open_session(p);
    deliver(one, "night", 10, true);
    assert_true(take_news(two));
    assert_int_equal(session_count(two), 10);
    struct view *v = open_view(two);
    size_t third = 3;
    session_decide(one, &third, 1, DECISION_ACCEPTED, NULL);
    assert_true(take_news(two));
    assert_false(take_news(two));
    assert_int_equal(session_find(two, 3)->decision, DECISION_ACCEPTED);
    deliver(one, "night", 5, true);
    take_news(two);
    assert_true(session_find(two, 7)->gone);
    assert_int_equal(view_count(v), 4);
    assert_tallies_true(two);
    view_free(v);
    session_close(one);
    session_close(two);
}

static void assert_as_on_disk(struct session *s, const struct place *p)
{
    OWN(session) *fresh = open_session(p);
    size_t here = 0;
    for (size_t i = 0; i < session_count(s); i++)
        here += !session_find(s, i)->gone;
    assert_int_equal(here, session_count(fresh));
    for (size_t i = 0; i < session_count(fresh); i++) {
        const struct find *f = session_find(fresh, i);
        long index = session_index_of(s, f->id);
        assert_true(index >= 0);
        const struct find *g = session_find(s, (size_t)index);
        assert_false(g->gone);
        assert_string_equal(g->name, f->name);
        assert_string_equal(g->folded, f->folded);
        assert_string_equal(session_source(s, g->source)->stem,
                            session_source(fresh, f->source)->stem);
        assert_int_equal(g->decision, f->decision);
        assert_int_equal(g->rating, f->rating);
        assert_int_equal(g->slot, f->slot);
        assert_int_equal(g->extra, f->extra);
        assert_int_equal(g->stack, f->stack);
        assert_string_equal(g->hit_class, f->hit_class);
        struct measures ours, theirs;
        session_measures(s, g, &ours);
        session_measures(fresh, f, &theirs);
        assert_memory_equal(&ours, &theirs, sizeof ours);
    }
    assert_memory_equal(session_tallies(s), session_tallies(fresh),
                        sizeof *session_tallies(s));
    assert_tallies_true(s);
}

static void *read_news(void *news)
{
    assert_int_equal(session_reread(news, NULL), ST_OK);
    return NULL;
}

/* Another process writes; it is read beside, while both go on. */
static void test_news_are_taken_in_beside(void **state)
{
    const struct place *p = *state;
    struct session *s = open_session(p), *other = open_session(p);
    size_t one = 3, two = 4, kick = 9;
    pthread_t thread;
    session_reread_begin(s); /* what opening wrote */
    deliver(s, "night", 30, true);
    session_decide(s, &two, 1, DECISION_ACCEPTED, NULL);
    assert_true(take_news(other));
    assert_null(session_reread_begin(s));
    deliver(other, "attic", 9000, true); /* more than one step takes */
    session_decide(other, &one, 1, DECISION_REJECTED, NULL);
    session_kit_assign(other, 2, 5, NULL);
    deliver(other, "night", 20, true); /* some of it went */
    while (session_tidy(other))
        continue;
    struct session_news *news = session_reread_begin(s);
    assert_non_null(news);
    assert_null(session_reread_begin(s)); /* one at a time */
    assert_int_equal(pthread_create(&thread, NULL, read_news, news), 0);
    session_rate(s, &kick, 1, 4, NULL);
    deliver(s, "cellar", 40, true); /* found here meanwhile */
    pthread_join(thread, NULL);
    session_decide(s, &two, 1, DECISION_REJECTED, NULL);
    session_decide(other, &kick, 1, DECISION_ACCEPTED, NULL); /* after it was read */
    session_kit_trim(s, 2, -3, NULL);
    int steps = 1;
    while (session_reread_step(s, news)) {
        steps++;
        session_tag(s, &one, 1, steps % 2, NULL);
    }
    assert_true(steps >= 3);
    news = session_reread_begin(s); /* and again for what came late */
    assert_non_null(news);
    assert_int_equal(session_reread(news, NULL), ST_OK);
    while (session_reread_step(s, news))
        continue;
    assert_int_equal(session_find(s, one)->decision, DECISION_REJECTED);
    assert_int_equal(session_find(s, two)->decision, DECISION_REJECTED);
    assert_int_equal(session_find(s, kick)->rating, 4);
    assert_int_equal(session_kit(s)->slot[2].index, 5);
    assert_true(session_kit(s)->slot[2].trim_db == -3);
    assert_as_on_disk(s, p);
    /* one that fails is begun again */
    session_decide(other, &one, 1, DECISION_ACCEPTED, NULL);
    session_reread_drop(s, session_reread_begin(s));
    news = session_reread_begin(s);
    assert_non_null(news);
    assert_int_equal(session_reread(news, NULL), ST_OK);
    while (session_reread_step(s, news))
        continue;
    assert_int_equal(session_find(s, one)->decision, DECISION_ACCEPTED);
    session_close(other);
    assert_as_on_disk(s, p);
    session_close(s);
}

/* Finds that come a few at a time: lists see them when they are announced, never half,
 * and a decision in between sees all. */
static void test_finds_trickle_in(void **state)
{
    const struct place *p = *state;
    OWN(session) *s = open_session(p);
    struct catalog_source source;
    FREED float *vectors;
    FREED struct candidate *c = make_finds("tape", 90, &source, &vectors);
    deliver(s, "tape", 60, false);
    struct view *v = open_view(s);
    size_t before = view_count(v);
    for (size_t i = 0; i < 90; i += 9)
        assert_int_equal(
            session_add(s, &source, c + i, 9, vectors + i * SIMILARITY_DIM, NULL), ST_OK);
    assert_int_equal(session_count(s), 90);
    size_t any = view_at(v, 0);
    assert_int_equal(session_decide(s, &any, 1, DECISION_REJECTED, NULL), ST_OK);
    assert_int_equal(view_count(v), before);
    assert_int_equal(view_at(v, 0), any);
    assert_tallies_true(s);
    assert_true(session_announce(s));
    assert_false(session_announce(s));
    assert_true(view_count(v) > before);
    assert_int_equal(session_keep_only(s, &source, c, 30, NULL), ST_OK);
    size_t first = view_at(v, 0);
    assert_int_equal(session_decide(s, &first, 1, DECISION_ACCEPTED, NULL), ST_OK);
    assert_true(session_announce(s));
    size_t live = 0;
    for (size_t i = 0; i < session_count(s); i++)
        live += !session_find(s, i)->gone;
    assert_int_equal(live, 30);
    for (size_t i = 0; i < view_count(v); i++)
        assert_false(session_find(s, view_at(v, i))->gone);
    assert_tallies_true(s);
    /* their rows go later; one that was found again stays */
    struct session *other = open_session(p);
    assert_int_equal(session_count(other), 90);
    assert_int_equal(
        session_add(s, &source, c + 50, 1, vectors + 50 * SIMILARITY_DIM, NULL), ST_OK);
    assert_false(session_tidy(s));
    assert_true(take_news(other));
    live = 0;
    for (size_t i = 0; i < session_count(other); i++)
        live += !session_find(other, i)->gone;
    assert_int_equal(live, 31);
    session_close(other);
    view_free(v);
    session_close(s);
    s = open_session(p); /* and the catalog says the same */
    assert_int_equal(session_count(s), 31);
}

/* Does a stack of the catalog's rows lie within one of these two? */
static void assert_stacks_within(const struct place *p, const int *old, const int *new,
                                 int n)
{
    OWN(session) *s = open_session(p);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++) {
            const struct find *a = session_find(s, (size_t)i),
                              *b = session_find(s, (size_t)k);
            if (a->stack > 0 && a->stack == b->stack && old[i] != old[k] &&
                (new[i] == 0 || new[i] != new[k]))
                fail_msg("%d and %d share a stack that never was", i, k);
        }
}

/* Joining gives new stacks: lists have them at once, the catalog row by row, and whenever
 * that ends no stack holds what never belonged together. */
static void test_new_stacks(void **state)
{
    enum { N = 400 };
    const struct place *p = *state;
    OWN(session) *s = open_session(p);
    deliver(s, "night", N, true);
    uint64_t ids[N], stranger = 4711;
    int old[N], new[N], one = 0;
    for (int i = 0; i < N; i++) {
        ids[i] = session_find(s, (size_t)i)->id;
        old[i] = session_find(s, (size_t)i)->stack;
        /* others together than before, but the last hundred as they were */
        new[i] = i >= 300 ? (old[i] > 0 ? 1000 - 600 - old[i] : 0)
                 : i % 7  ? i % 50 + 1
                          : 0;
    }
    assert_false(session_restack(s, &stranger, &one, 1));
    assert_false(session_has_news(s));
    assert_true(session_restack(s, ids, new, N));
    assert_true(session_announce(s));
    for (int i = 0; i < N; i++)
        for (int k = 0; k < i; k++) {
            const struct find *a = session_find(s, (size_t)i),
                              *b = session_find(s, (size_t)k);
            assert_int_equal(a->stack > 0 && a->stack == b->stack,
                             new[i] > 0 && new[i] == new[k]);
        }
    for (int i = 320; i < N; i++) /* numbers stay where they can */
        assert_int_equal(session_find(s, (size_t)i)->stack, old[i]);
    int steps = 0;
    do {
        assert_stacks_within(p, old, new, N);
        steps++;
        size_t any = (size_t)steps;
        assert_int_equal(session_decide(s, &any, 1, DECISION_REJECTED, NULL), ST_OK);
    } while (session_tidy(s));
    assert_true(steps >= 5); /* some 150 rows cleared, 250 written, a hundred at a time */
    int now[N];
    for (int i = 0; i < N; i++)
        now[i] = session_find(s, (size_t)i)->stack;
    session_close(s);
    s = open_session(p);
    for (int i = 0; i < N; i++)
        assert_int_equal(session_find(s, (size_t)i)->stack, now[i]);
    /* again the same: nothing to do. What is on record no more goes. */
    assert_true(session_restack(s, ids, new, N));
    assert_false(session_has_news(s));
    assert_false(session_tidy(s));
    assert_true(session_restack(s, ids, new, N - 10));
    assert_true(session_announce(s));
    assert_true(session_find(s, N - 1)->gone);
    assert_tallies_true(s);
    session_close(s);
    s = open_session(p);
    assert_int_equal(session_count(s), N - 10);
}

static size_t living(const struct session *s)
{
    size_t n = 0;
    for (size_t i = 0; i < session_count(s); i++)
        n += !session_find(s, i)->gone;
    return n;
}

/* Rows were to go, or to be numbered anew, and another process has put them there again
 * meanwhile: they stay, and the project is joined again. */
static void test_rows_of_others_stay(void **state)
{
    enum { N = 60 };
    const struct place *p = *state;
    struct catalog_source source;
    float *vectors;
    uint64_t ids[N];
    int stacks[N] = {0};
    FREED struct candidate *c = make_finds("night", N, &source, &vectors);
    struct session *s = open_session(p), *other;
    deliver(s, "night", N, true);
    other = open_session(p);
    for (int i = 0; i < N; i++)
        ids[i] = candidate_id(&c[i]);
    take_news(s);
    assert_false(session_wants_join(s));
    assert_int_equal(session_keep_only(s, &source, c, 20, NULL), ST_OK);
    assert_int_equal(session_add(other, &source, c, N, vectors, NULL), ST_OK);
    assert_null(session_reread_begin(s)); /* first what is to be done here */
    assert_false(session_tidy(s));
    assert_false(session_wants_join(s)); /* first what the other wrote */
    assert_true(take_news(s));
    assert_int_equal(living(s), N);
    assert_true(session_wants_join(s));
    assert_false(session_wants_join(s));
    assert_as_on_disk(s, p);
    /* also when it was noticed before the rows were to go */
    assert_int_equal(session_add(other, &source, c, N, vectors, NULL), ST_OK);
    assert_false(session_restack(s, ids, stacks, N));
    assert_int_equal(session_keep_only(s, &source, c, 20, NULL), ST_OK);
    assert_false(session_tidy(s));
    assert_true(take_news(s));
    assert_int_equal(living(s), N);
    assert_true(session_wants_join(s));
    assert_as_on_disk(s, p);
    /* stacks: their rows keep the numbers that the other gave */
    assert_true(session_restack(s, ids, stacks, N));
    assert_int_equal(session_add(other, &source, c, N, vectors, NULL), ST_OK);
    assert_null(session_reread_begin(s));
    while (session_tidy(s))
        continue;
    struct session *fresh = open_session(p);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(session_find(fresh, i)->stack, c[i].cluster);
    session_close(fresh);
    assert_true(take_news(s));
    assert_true(session_wants_join(s));
    assert_true(session_restack(s, ids, stacks, N)); /* joined again: now they follow */
    while (session_tidy(s))
        continue;
    assert_false(session_wants_join(s));
    assert_as_on_disk(s, p);
    /* and what the other numbers anew is taken in */
    take_news(other);
    for (int i = 0; i < N; i++)
        stacks[i] = i % 3 + 1;
    assert_true(session_restack(other, ids, stacks, N));
    while (session_tidy(other))
        continue;
    assert_true(take_news(s));
    assert_as_on_disk(s, p);
    /* what is gone here and on record: the catalog is to be written anew */
    assert_int_equal(session_keep_only(s, &source, c, 20, NULL), ST_OK);
    assert_false(session_restack(s, ids, stacks, N));
    assert_true(session_restack(s, ids, stacks, 20));
    session_close(other);
    session_close(s);
    free(vectors);
}

static void assert_heard(struct session *s, const struct place *p)
{
    size_t n = session_count(s);
    FREED float *mine = calloc(n, sizeof *mine), *theirs = calloc(n, sizeof *theirs);
    OWN(session) *other = open_session(p); /* reads at the first use */
    assert_int_equal(session_count(other), n);
    assert_int_equal(session_distances(s, 7, NULL, mine, NULL), ST_OK);
    assert_int_equal(session_distances(other, 7, NULL, theirs, NULL), ST_OK);
    assert_memory_equal(mine, theirs, n * sizeof *mine);
}

/* Vectors read ahead, while finds come in. */
static void test_vectors_ahead(void **state)
{
    const struct place *p = *state;
    OWN(session) *s = open_session(p);
    assert_null(session_vectors_begin(s)); /* nothing there */
    deliver(s, "night", 20, true);
    struct session_vectors *ahead = session_vectors_begin(s);
    assert_non_null(ahead);
    assert_null(session_vectors_begin(s)); /* one at a time */
    assert_int_equal(session_vectors_read(ahead, NULL), ST_OK);
    deliver(s, "night", 20, true); /* again, */
    deliver(s, "tape", 30, true);  /* and more */
    session_vectors_end(s, ahead);
    assert_null(session_vectors_begin(s)); /* it is known now */
    assert_heard(s, p);
    session_close(s);
    /* somebody else wrote: what was read is not taken */
    s = open_session(p);
    OWN(session) *other = open_session(p);
    ahead = session_vectors_begin(s);
    assert_int_equal(session_vectors_read(ahead, NULL), ST_OK);
    deliver(other, "attic", 10, true);
    assert_true(take_news(s));
    session_vectors_end(s, ahead);
    ahead = session_vectors_begin(s);
    assert_non_null(ahead);
    session_vectors_end(s, ahead); /* not even read */
    assert_heard(s, p);
}

/* So many that two threads read them: nothing is lost or turned round where they meet. */
static void test_a_large_catalog(void **state)
{
    enum { N = 21000 };
    const struct place *p = *state;
    char db[FOLDER_BYTES + 64];
    struct catalog_source source;
    FREED float *vectors;
    FREED struct candidate *c = make_finds("night", N, &source, &vectors);
    session_close(open_session(p));
    snprintf(db, sizeof db, "%s/catalog.db", p->project);
    struct catalog_content content = {.sources = &source,
                                      .source_count = 1,
                                      .candidates = c,
                                      .candidate_count = N,
                                      .embeddings = vectors};
    assert_int_equal(catalog_publish(db, &content, NULL), ST_OK);
    OWN(session) *s = open_session(p);
    size_t some[] = {5, N / 2 - 1, N / 2, N - 3};
    session_decide(s, some, 4, DECISION_ACCEPTED, NULL);
    session_kit_extra(s, some, 4, true, NULL);
    session_kit_assign(s, 2, N - 2, NULL);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(session_count(s), N);
        for (size_t i = 0; i < N; i++) {
            const struct find *f = session_find(s, i);
            assert_true(f->id == candidate_id(&c[i]));
            assert_int_equal(session_index_of(s, f->id), i);
            assert_int_equal(f->source, 0);
            assert_int_equal(strncmp(f->name, c[i].filename, strlen(f->name)), 0);
        }
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(session_find(s, some[i])->decision, DECISION_ACCEPTED);
        assert_int_equal(session_kit(s)->extra_count, 4);
        assert_int_equal(session_kit(s)->extra[3], N - 3);
        assert_int_equal(session_kit(s)->slot[2].index, N - 2);
        assert_tallies_true(s);
        if (round == 0) {
            session_close(s);
            s = open_session(p);
        }
    }
    deliver(s, "tape", 10, true); /* and it goes on as any other */
    assert_int_equal(session_count(s), N + 10);
    assert_tallies_true(s);
    /* positions without a find: one half has fewer than the other */
    enum { FIRST = 100, GONE = 2000, LEFT = N + 10 - GONE };
    uint64_t ids[GONE];
    for (size_t i = 0; i < GONE; i++)
        ids[i] = candidate_id(&c[FIRST + i]);
    assert_int_equal(catalog_drop(session_catalog(s), ids, GONE, NULL), ST_OK);
    session_close(s);
    s = open_session(p);
    assert_int_equal(session_count(s), LEFT);
    for (size_t i = 0; i < LEFT - 10; i++) {
        const struct find *f = session_find(s, i);
        assert_true(f->id == candidate_id(&c[i < FIRST ? i : i + GONE]));
        assert_int_equal(session_index_of(s, f->id), i);
    }
    assert_int_equal(session_find(s, LEFT - 1)->source, 1);
    assert_int_equal(session_index_of(s, ids[0]), -1);
    assert_tallies_true(s);
    deliver(s, "attic", 2000, true);
    assert_int_equal(session_count(s), LEFT + 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SESSION(test_other_process_is_seen), IN_SESSION(test_news_are_taken_in_beside),
        IN_SESSION(test_finds_trickle_in),      IN_SESSION(test_new_stacks),
        IN_SESSION(test_rows_of_others_stay),   IN_SESSION(test_vectors_ahead),
        IN_SESSION(test_a_large_catalog),
    };
    return cmocka_run_group_tests_name("session beside", tests, NULL, NULL);
}
