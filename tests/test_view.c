/* Lists over the model: scope, filter, order, stacks and the cursor, kept up while
 * everything changes. */
#include "checks.h"
#include "session_rig.h"

#include "core/order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const filters[] = {"",           "is:undecided",      "rating>=2",
                                      "!is:tagged", "cat:pads|rating:0", "dur>.5"};

static bool takes(const struct session *s, const struct find *f, size_t filter)
{
    switch (filter) {
    case 1:
        return f->decision == DECISION_NONE;
    case 2:
        return f->rating >= 2;
    case 3:
        return !f->tagged;
    case 4:
        return f->category == CAT_PADS || f->rating == 0;
    case 5:
        return session_measure(s, f, ME_duration_sec) > .5;
    default:
        return true;
    }
}

/* The rows a view should have, worked out without any cleverness. */
static size_t expected_rows(struct session *s, enum view_scope scope, size_t filter,
                            uint32_t *rows)
{
    size_t n = 0;
    for (size_t i = 0; i < session_count(s); i++) {
        const struct find *d = session_find(s, i);
        bool missed = d->near_miss && d->decision != DECISION_ACCEPTED;
        bool in = scope == SCOPE_ALL ? !missed
                  : scope == SCOPE_BEST_OF
                      ? d->decision == DECISION_ACCEPTED ||
                            (d->picked && d->decision != DECISION_REJECTED)
                  : scope == SCOPE_NEAR_MISSES
                      ? d->near_miss
                      : !missed && (int)d->category + SCOPE_CATEGORY == (int)scope;
        if (in && !d->gone && takes(s, d, filter))
            rows[n++] = (uint32_t)i;
    }
    return n;
}

/* The share of its own kind that a find is better than. */
static double standing(const struct session *s, const struct find *f)
{
    size_t better = 0, all = 0;
    double score = session_measure(s, f, ME_score);
    for (size_t i = 0; i < session_count(s); i++) {
        const struct find *o = session_find(s, i);
        double other = session_measure(s, o, ME_score);
        if (o->kind != f->kind || o->gone || isnan(other))
            continue;
        all++;
        better += other > score;
    }
    double share = ((double)better + 0.5) / (double)all;
    return isnan(score) ? (double)NAN : (double)(float)(1 - share);
}

static double key_of(const struct session *s, const struct view *v, size_t i)
{
    const struct find *f = session_find(s, i);
    int order = view_order(v);
    if (view_by_standing(v))
        return standing(s, f);
    if (order == ORDER_DECISION)
        return f->decision == DECISION_ACCEPTED ? 0
               : f->decision == DECISION_NONE   ? 1
                                                : 2;
    if (order == ORDER_RATING)
        return f->rating;
    return session_measure(s, f, (enum measure_id)(order - ORDER_MEASURE));
}

/* While random actions change everything, the patched view is what a new one would be,
 * and the cursor stays on its find as long as that one is there. */
static void test_views_keep_up(void **state)
{
    OWN(session) *s = open_session(*state);
    struct rng r = rng_derive(5, 0, "views", 0);
    static const int orders[] = {ORDER_MEASURE + ME_score, ORDER_DECISION, ORDER_RATING,
                                 ORDER_MEASURE + ME_bpm};
    deliver(s, "night", 60, true);
    struct view *v = open_view(s);
    uint32_t rows[200];
    size_t filter = 0;
    for (int i = 0; i < 1500; i++) {
        if (i % 40 == 0) {
            view_set_scope(v, (enum view_scope)rng_below(&r, SCOPE_COUNT));
            filter = rng_below(&r, 6);
            view_set_filter(v, filters[filter], NULL);
            view_set_order(v, orders[rng_below(&r, 4)], rng_below(&r, 2));
            view_move_to(v, rng_below(&r, 20));
        }
        if (i == 700)
            deliver(s, "late", 50, true);
        long before = view_current(v);
        act_at_random(s, &r);
        size_t n = expected_rows(s, view_scope(v), filter, rows);
        assert_int_equal(view_count(v), n);
        long after = view_current(v);
        for (size_t k = 0; k < n; k++) {
            assert_true(view_position(v, session_find(s, rows[k])->id) >= 0);
            if ((long)rows[k] == before)
                assert_int_equal(after, before);
        }
        size_t last = 0; /* row in order: not one below its stack's best */
        for (size_t k = 1; k < n; k++) {
            const struct find *f = session_find(s, view_at(v, k));
            if (view_below_best(v, k)) {
                assert_int_equal(f->stack, session_find(s, view_at(v, last))->stack);
                continue;
            }
            double a = key_of(s, v, view_at(v, last)), b = key_of(s, v, view_at(v, k));
            assert_true(isnan(b) || (view_descending(v) ? a >= b : a <= b));
            assert_true(a != b || view_at(v, last) < view_at(v, k));
            assert_true(f->stack <= 0 ||
                        f->stack != session_find(s, view_at(v, last))->stack);
            last = k;
        }
    }
    view_free(v);
}

static void test_deciding_moves_on(void **state)
{
    OWN(session) *s = open_session(*state);
    deliver(s, "night", 20, true);
    struct view *v = open_view(s);
    view_set_order(v, ORDER_FOUND, false);
    view_set_filter(v, "is:undecided", NULL);
    assert_int_equal(view_count(v), 16);
    view_move_to(v, 5);
    size_t here = (size_t)view_current(v), below = view_at(v, 6), above = view_at(v, 4);
    session_decide(s, &here, 1, DECISION_REJECTED, NULL);
    assert_int_equal(view_current(v), below); /* came from above: goes on downwards */
    view_move_by(v, -1);
    assert_int_equal(view_current(v), above);
    here = above;
    above = view_at(v, view_cursor(v) - 1);
    session_decide(s, &here, 1, DECISION_REJECTED, NULL);
    assert_int_equal(view_current(v), above); /* and upwards when it was going there */
    /* to the end: the message says why and how out */
    while (view_count(v) > 0) {
        here = (size_t)view_current(v);
        session_decide(s, &here, 1, DECISION_ACCEPTED, NULL);
    }
    assert_int_equal(view_current(v), -1);
    assert_string_equal(view_empty_reason(v),
                        "no find matches is:undecided; {clear-filter} clears the filter");
    view_set_filter(v, "", NULL);
    assert_int_equal(view_count(v), 16);
    assert_string_equal(view_empty_reason(v), "");
    assert_false(view_next_undecided(v, 1));
    session_undo(s, NULL, NULL);
    assert_int_equal(view_current(v), here);
    view_move_by(v, -3);
    assert_true(view_next_undecided(v, 0)); /* none further up: the other way */
    assert_int_equal(view_current(v), here);
    view_set_scope(v, SCOPE_BEST_OF);
    assert_int_equal(view_count(v), 13);
    view_set_scope(v, SCOPE_CATEGORY + CAT_HISS);
    assert_string_equal(view_empty_reason(v), "no hiss was found");
    /* back where one was */
    view_set_scope(v, SCOPE_ALL);
    assert_int_equal(view_current(v), here);
    view_free(v);
}

static enum decision said(struct session *s, size_t index)
{
    return session_find(s, index)->decision;
}

/* Of a stack the one stays that the user chose, whatever the machine thinks of it; of
 * several stacks one each, at once. */
static void keeps_what_was_chosen(struct session *s)
{
    struct err e;
    size_t one = 1, three = 3, five = 5, many[] = {5, 0, 7, 1, 3};
    session_decide(s, &one, 1, DECISION_REJECTED, NULL);
    assert_int_equal(session_keep_best(s, &five, 1, NULL), ST_OK);
    assert_string_equal(session_echo(s),
                        "kept night_drum003, rejected 2 like it · {undo} undoes");
    assert_true(said(s, 3) == DECISION_ACCEPTED && said(s, 1) == DECISION_REJECTED);
    session_undo(s, NULL, NULL);
    session_rate(s, &five, 1, 2, NULL);
    session_keep_best(s, &one, 1, NULL);
    assert_true(said(s, 5) == DECISION_ACCEPTED && said(s, 3) == DECISION_REJECTED);
    session_undo(s, NULL, NULL);
    session_decide(s, &three, 1, DECISION_ACCEPTED, NULL); /* a word more than stars */
    session_keep_best(s, &one, 1, NULL);
    assert_true(said(s, 3) == DECISION_ACCEPTED && said(s, 5) == DECISION_REJECTED);
    for (int i = 0; i < 4; i++)
        session_undo(s, NULL, NULL);
    assert_true(said(s, 1) == DECISION_NONE && session_find(s, 5)->rating == 0);

    assert_int_equal(session_keep_best(s, many, 5, NULL), ST_OK);
    assert_string_equal(session_echo(s),
                        "kept the best of 2 stacks, rejected 3 · {undo} undoes");
    assert_true(said(s, 1) == DECISION_ACCEPTED && said(s, 5) == DECISION_REJECTED);
    assert_true(said(s, 0) == DECISION_NONE);
    assert_int_equal(said(s, 9), DECISION_NONE); /* no find: it just failed */
    assert_int_equal(
        (said(s, 7) == DECISION_ACCEPTED) + (said(s, 11) == DECISION_ACCEPTED), 1);
    session_undo(s, NULL, NULL);
    assert_true(said(s, 1) == DECISION_NONE && said(s, 7) == DECISION_NONE);
    assert_int_equal(session_keep_best(s, many + 1, 1, &e), ST_NOTHING);
    assert_non_null(strstr(e.msg, " stands alone: nothing here is nearly the same"));
    many[0] = 0;
    assert_int_equal(session_keep_best(s, many, 2, &e), ST_NOTHING);
    assert_non_null(strstr(e.msg, "each of them stands alone"));
    size_t seven = 7, nine = 9; /* nor is that kept, whatever its stars */
    session_rate(s, &nine, 1, 5, NULL);
    assert_int_equal(session_keep_best(s, &seven, 1, NULL), ST_OK);
    assert_int_equal(said(s, 9), DECISION_NONE);
    assert_int_equal(
        (said(s, 7) == DECISION_ACCEPTED) + (said(s, 11) == DECISION_ACCEPTED), 1);
    session_undo(s, NULL, NULL);
    session_undo(s, NULL, NULL);
}

/* A closed stack shows the one that was kept, not the better one that was rejected; open
 * it stays in its order. */
static void stands_for_what_was_kept(struct session *s, struct view *v)
{
    size_t one = 1, three = 3, five = 5;
    session_decide(s, &one, 1, DECISION_REJECTED, NULL);
    assert_true(view_position(v, session_find(s, 1)->id) == 0); /* nothing is kept yet */
    assert_int_equal(session_keep_best(s, &five, 1, NULL), ST_OK);
    assert_true(said(s, 3) == DECISION_ACCEPTED && said(s, 1) == DECISION_REJECTED);
    for (int anew = 0; anew < 2; anew++) { /* after few changes, and of all finds */
        assert_int_equal(view_count(v), 4);
        assert_int_equal(view_at(v, 0), 3);
        assert_int_equal(view_hidden(v, 0), 2);
        assert_true(view_position(v, session_find(s, 1)->id) < 0);
        view_set_filter(v, "", NULL);
    }
    session_decide(s, &five, 1, DECISION_ACCEPTED, NULL); /* of two the better one */
    assert_int_equal(view_at(v, 0), 3);
    view_toggle_stack(v, 0);
    assert_true(view_at(v, 0) == 1 && view_at(v, 1) == 3 && view_at(v, 2) == 5);
    view_toggle_stack(v, 0);
    view_set_filter(v, "is:rejected", NULL);
    assert_int_equal(view_at(v, 0), 1);
    view_set_filter(v, "", NULL);
    session_decide(s, &three, 1, DECISION_NONE, NULL);
    assert_int_equal(view_at(v, 0), 5);
    for (int i = 0; i < 4; i++)
        session_undo(s, NULL, NULL);
    assert_int_equal(view_at(v, 0), 1);
}

static void test_stacks(void **state)
{
    OWN(session) *s = open_session(*state);
    deliver(s, "night", 24, true); /* drums 1,3,5 | 7,9,11 | …; 9, 19 near-misses */
    struct view *v = open_view(s);
    view_set_scope(v, SCOPE_CATEGORY + CAT_DRUMS);
    view_set_order(v, ORDER_FOUND, false);
    assert_int_equal(view_count(v), 10);
    view_free(v);
    assert_int_equal(view_new(&v, s, NULL), ST_OK); /* closed */
    view_set_scope(v, SCOPE_CATEGORY + CAT_DRUMS);
    view_set_order(v, ORDER_FOUND, false);
    assert_int_equal(view_count(v), 4);
    assert_int_equal(view_at(v, 0), 1); /* the best score of each */
    assert_int_equal(view_hidden(v, 0), 2);
    assert_int_equal(view_hidden(v, 1), 1); /* the near-miss does not count */
    view_toggle_stack(v, 0);
    assert_int_equal(view_count(v), 6);
    assert_int_equal(view_hidden(v, 0), 0);
    /* the others stand below it, by whatever the list is ordered */
    for (int descending = 0; descending < 2; descending++) {
        view_set_order(v, ORDER_MEASURE + ME_rms_db, descending);
        size_t best = (size_t)view_position(v, session_find(s, 1)->id);
        assert_int_equal(view_at(v, best + 1), 3);
        assert_int_equal(view_at(v, best + 2), 5);
        assert_false(view_below_best(v, best));
        assert_true(view_below_best(v, best + 1) && view_below_best(v, best + 2));
        assert_true(best + 3 == 6 || !view_below_best(v, best + 3));
        /* also when one of them changes, which makes few rows anew */
        size_t third = 5;
        session_rate(s, &third, 1, 2 + descending, NULL);
        assert_int_equal(view_at(v, best + 2), 5);
    }
    view_set_order(v, ORDER_FOUND, false);
    view_set_filter(v, "!night_drum001", NULL);
    assert_int_equal(view_at(v, 0), 3);
    assert_true(view_below_best(v, 1));
    view_set_filter(v, "", NULL);
    view_toggle_stack(v, 0);
    assert_int_equal(view_count(v), 4);
    /* with a filter the best that is left stands for the stack */
    view_set_filter(v, "!night_drum001", NULL);
    assert_int_equal(view_at(v, 0), 3);
    view_set_filter(v, "is:undecided", NULL);
    size_t first = 1;
    session_decide(s, &first, 1, DECISION_REJECTED, NULL);
    assert_int_equal(view_at(v, 0), 3);
    session_undo(s, NULL, NULL);
    assert_int_equal(view_at(v, 0), 1);
    view_set_filter(v, "", NULL);
    view_move_to(v, 0);
    assert_int_equal(session_rate(s, (size_t[]){5}, 1, 0, NULL), ST_OK);
    assert_int_equal(session_keep_best(s, (size_t[]){3}, 1, NULL), ST_OK);
    assert_string_equal(session_echo(s),
                        "kept night_drum001, rejected 2 like it · {undo} undoes");
    assert_int_equal(session_find(s, 1)->decision, DECISION_ACCEPTED);
    assert_int_equal(session_find(s, 5)->decision, DECISION_REJECTED);
    session_undo(s, NULL, NULL);
    assert_int_equal(session_find(s, 5)->decision, DECISION_NONE);
    keeps_what_was_chosen(s);
    stands_for_what_was_kept(s, v);
    size_t count;
    const uint32_t *member = session_stack(s, session_find(s, 3)->stack, &count);
    assert_int_equal(count, 3);
    assert_int_equal(member[0], 1);
    view_free(v);
}

/* A catalog that was changed by hand: such a number is no stack and no place in a list.
 */
static void test_a_stack_that_cannot_be(void **state)
{
    OWN(session) *s = open_session(*state);
    struct catalog_source source;
    FREED float *vectors;
    FREED struct candidate *c = make_finds("night", 24, &source, &vectors);
    c[5].cluster = 2147483647; /* was the third of 1, 3, 5 */
    c[7].cluster = -3;
    assert_int_equal(session_add(s, &source, c, 24, vectors, NULL), ST_OK);
    struct view *v = open_view(s);
    view_set_scope(v, SCOPE_CATEGORY + CAT_DRUMS);
    view_set_order(v, ORDER_STACK, true);
    assert_int_equal(view_count(v), 10);
    assert_int_equal(session_stack_size(s, session_find(s, 5)->stack), 1);
    assert_true(view_at(v, 0) != 5 && view_at(v, 9) != 1);
    view_free(v);
    assert_int_equal(view_new(&v, s, NULL), ST_OK);
    view_set_scope(v, SCOPE_CATEGORY + CAT_DRUMS);
    view_set_order(v, ORDER_STACK, true);
    assert_int_equal(view_count(v), 6); /* 1 3 | 5 | 7 | 11 | 13 15 17 | 21 23 */
    size_t odd = 5;
    session_decide(s, &odd, 1, DECISION_ACCEPTED, NULL);
    assert_int_equal(view_count(v), 6);
    for (size_t i = 0; i < view_count(v); i++) {
        size_t find = view_at(v, i), others = find == 13 ? 2 : find == 1 || find == 21;
        assert_int_equal(view_hidden(v, i), others);
        view_toggle_stack(v, i);
        view_toggle_stack(v, i);
    }
    assert_int_equal(view_count(v), 6);
    view_free(v);
}

/* Up the scale, minor behind major; what has no key comes last. */
static void test_order_by_key(void **state)
{
    static const char *const keys[] = {"B", "", "C#", "Am", "C", "F#m", "A", "Cm", "F#"};
    static const char *const sorted[] = {"C", "Cm", "C#", "F#", "F#m",
                                         "A", "Am", "B",  ""};
    enum { N = sizeof keys / sizeof *keys };
    OWN(session) *s = open_session(*state);
    struct catalog_source source;
    FREED float *vectors;
    FREED struct candidate *c = make_finds("night", N, &source, &vectors);
    for (int i = 0; i < N; i++) {
        c[i].missed_by[0] = '\0';
        c[i].cluster = 0;
        snprintf(c[i].key, sizeof c[i].key, "%s", keys[i]);
    }
    assert_int_equal(session_add(s, &source, c, N, vectors, NULL), ST_OK);
    struct view *v = open_view(s);
    view_set_order(v, ORDER_KEY, false);
    assert_int_equal(view_count(v), N);
    for (size_t i = 0; i < N; i++)
        assert_string_equal(session_find(s, view_at(v, i))->key, sorted[i]);
    view_free(v);
}

/* Equal names stand in the order of finds, whether they come together or later. */
static void test_order_of_names(void **state)
{
    static const char *const names[] = {"b", "a", "b", "a", "c", "a", "b", "d", "A"};
    static const uint32_t places[] = {4, 1, 5, 2, 7, 3, 6, 8, 0};
    enum { N = sizeof names / sizeof *names };
    struct find finds[N] = {0};
    for (int i = 0; i < N; i++)
        finds[i].folded = names[i];
    for (size_t known = 0; known <= N; known++) {
        uint32_t rank[N];
        assert_true(order_names(finds, rank, 0, known));
        assert_true(order_names(finds, rank, known, N));
        assert_memory_equal(rank, places, sizeof rank);
    }
}

static void deliver_without_stacks(struct session *s, const char *stem, int n)
{
    deliver(s, stem, n, true);
    size_t count = session_count(s);
    FREED uint64_t *ids = calloc(count, sizeof *ids);
    FREED int *none = calloc(count, sizeof *none);
    for (size_t i = 0; i < count; i++)
        ids[i] = session_find(s, i)->id;
    assert_true(session_restack(s, ids, none, count));
    while (session_tidy(s))
        continue;
}

static void test_similar_search_range(void **state)
{
    OWN(session) *s = open_session(*state);
    deliver_without_stacks(s, "night", 20);
    struct view *v = open_view(s);
    assert_int_equal(view_set_similar(v, 10, NULL, NULL), ST_OK);
    assert_int_equal(view_at(v, 0), 10);
    assert_true(view_at(v, 1) == 11 && view_at(v, 2) == 8); /* 9 is a near-miss */
    assert_int_equal(view_order(v), ORDER_SIMILAR);
    deliver_without_stacks(s, "tape", 20);
    assert_int_equal(view_at(v, 1), 30); /* sounds exactly like it */
    view_set_similar(v, -1, NULL, NULL);
    assert_int_equal(view_order(v), ORDER_MEASURE + ME_score);
    /* back is back at the place, however far the look around led, and onwards from there
     */
    view_move_to(v, 7);
    long left = view_current(v);
    assert_int_equal(view_set_similar(v, left, NULL, NULL), ST_OK);
    view_move_to(v, 15);
    assert_int_equal(view_set_similar(v, view_current(v), NULL, NULL), ST_OK);
    view_move_to(v, 20);
    view_set_similar(v, -1, NULL, NULL);
    assert_int_equal(view_current(v), left);
    assert_int_equal(view_cursor(v), 7);
    assert_true(view_next_undecided(v, 0) && view_cursor(v) == 8);
    view_move_to(v, 0);
    size_t n;
    assert_true(view_search(v, "DRUM013", 1));
    assert_string_equal(session_find(s, (size_t)view_current(v))->name, "night_drum013");
    assert_true(view_search(v, "drum013", 1));
    assert_string_equal(session_find(s, (size_t)view_current(v))->name, "tape_drum013");
    assert_true(view_search(v, "drum013", -1));
    assert_string_equal(session_find(s, (size_t)view_current(v))->name, "night_drum013");
    assert_false(view_search(v, "xyzzy", 1));
    size_t *some;
    assert_int_equal(view_range(v, 4, 2, &some, &n, NULL), ST_OK);
    assert_int_equal(n, 3);
    assert_int_equal(some[0], view_at(v, 2));
    session_tag(s, some, n, true, NULL);
    free(some);
    assert_int_equal(session_tagged(s, &some, &n, NULL), ST_OK);
    assert_int_equal(n, 3);
    free(some);
    assert_int_equal(view_matching(v, "tape drum", &some, &n, NULL), ST_OK);
    assert_int_equal(n, 8);
    free(some);
    struct err e = {0};
    assert_int_equal(view_matching(v, "dur>x", &some, &n, &e), ST_USAGE);
    assert_non_null(strstr(e.msg, "not a number"));
    assert_int_equal(view_matching(v, "(tape", &some, &n, &e), ST_USAGE); /* nor kept */
    assert_non_null(strstr(e.msg, "not finished"));
    /* a wrong filter leaves the good one */
    view_set_filter(v, "tape", NULL);
    assert_int_equal(view_set_filter(v, "tape grade>=Z", NULL), FILTER_WRONG);
    assert_string_equal(view_filter(v), "tape");
    view_set_order(v, ORDER_NAME, false);
    assert_int_equal(view_count(v), 16);
    for (size_t i = 1; i < view_count(v); i++)
        assert_true(strcmp(session_find(s, view_at(v, i - 1))->folded,
                           session_find(s, view_at(v, i))->folded) <= 0);
    for (int o = 0; o < ORDER_MEASURE + ME_COUNT; o++)
        assert_int_equal(view_order_find(view_order_name(o)), o);
    view_free(v);
}

/* How surely a hit is a drum stands among its parts: lists know it at once and after a
 * restart, filter and sort by it; what was not told stands last. */
static void test_drums_are_found(void **state)
{
    OWN(session) *s = open_session(*state);
    struct catalog_source source = {.stem = "beat", .rate_hz = 44100, .channels = 2};
    FREED struct candidate *c = calloc(5, sizeof *c);
    for (int i = 0; i < 5; i++) {
        candidate_clear(&c[i]);
        c[i].kind = i < 4 ? KIND_DRUM : KIND_PAD;
        snprintf(c[i].source, sizeof c[i].source, "beat");
        snprintf(c[i].filename, sizeof c[i].filename, "beat_%d.wav", i);
        parts_add(&c[i].parts, "attack", 1);
        if (i < 3)
            parts_add(&c[i].parts, "drum", 0.3 + 0.2 * i);
    }
    assert_int_equal(session_add(s, &source, c, 5, NULL, NULL), ST_OK);
    session_announce(s);
    for (int round = 0; round < 2; round++) {
        struct view *v = open_view(s);
        view_set_filter(v, "drum>.4", NULL);
        assert_int_equal(view_count(v), 2);
        view_set_filter(v, "", NULL);
        int order = view_order_find("drum");
        assert_int_equal(order, ORDER_DRUM);
        view_set_order(v, order, view_order_descends(order));
        for (size_t i = 0; i < 3; i++)
            assert_true(fabsf(session_find(s, view_at(v, i))->drum -
                              (0.7F - 0.2F * (float)i)) < 1e-6F);
        for (size_t i = 3; i < 5; i++)
            assert_true(isnan(session_find(s, view_at(v, i))->drum));
        view_free(v);
        session_close(s);
        s = open_session(*state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SESSION(test_views_keep_up),
        IN_SESSION(test_deciding_moves_on),
        IN_SESSION(test_stacks),
        IN_SESSION(test_a_stack_that_cannot_be),
        cmocka_unit_test(test_order_of_names),
        IN_SESSION(test_order_by_key),
        IN_SESSION(test_similar_search_range),
        IN_SESSION(test_drums_are_found),
    };
    return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
