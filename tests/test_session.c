/* The workstation's model: finds, actions, undo, views, the kit; all of it across
 * restarts and a kill -9. */
#include "core/rng.h"
#include "session_rig.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_finds_come_in_and_stay(void **state)
{
    struct place *p = *state;
    struct session *s = open_session(p);
    assert_string_equal(session_name(s), "TAPES");
    assert_int_equal(session_count(s), 0);
    deliver(s, "night", 20, true);
    deliver(s, "tape", 10, true);
    uint64_t finds = session_version(s).finds;
    assert_int_equal(session_count(s), 30);
    assert_int_equal(session_tallies(s)->near_misses, 6);
    assert_int_equal(session_tallies(s)->all.undecided, 24);
    assert_int_equal(session_source_count(s), 2);
    assert_string_equal(session_find(s, 3)->name, "night_drum003");
    size_t one = 3;
    assert_int_equal(session_decide(s, &one, 1, DECISION_ACCEPTED, NULL), ST_OK);
    /* mined again: the first five are no more, the decision stays */
    uint64_t id = session_find(s, 3)->id;
    deliver(s, "night", 12, true);
    assert_true(session_version(s).finds > finds);
    assert_int_equal(session_count(s), 30);
    assert_true(session_find(s, 15)->gone);
    assert_int_equal(session_index_of(s, id), 3);
    assert_int_equal(session_find(s, 3)->decision, DECISION_ACCEPTED);
    assert_tallies_true(s);
    char path[600], expected[600];
    assert_true(session_file(s, 3, path, sizeof path));
    snprintf(expected, sizeof expected, "%s/night/drums/night_drum003.wav", p->project);
    assert_string_equal(path, expected);
    session_close(s);
    s = open_session(p);
    assert_int_equal(session_count(s), 22);
    long index = session_index_of(s, id);
    assert_int_equal(session_find(s, (size_t)index)->decision, DECISION_ACCEPTED);
    assert_tallies_true(s);
    session_close(s);
}

static void test_actions_and_echo(void **state)
{
    struct session *s = open_session(*state);
    deliver(s, "night", 20, true);
    size_t one = 2, three[] = {0, 1, 2};
    session_decide(s, &one, 1, DECISION_REJECTED, NULL);
    assert_string_equal(session_echo(s), "rejected night_pad002 · {undo} undoes");
    session_decide(s, &one, 1, DECISION_REJECTED, NULL);
    assert_string_equal(session_echo(s), "already rejected night_pad002");
    assert_int_equal(catalog_undo_depth(session_catalog(s)), 1);
    session_decide(s, three, 3, DECISION_REJECTED, NULL);
    assert_string_equal(session_echo(s), "rejected 2 of 3 finds · {undo} undoes");
    session_rate(s, three, 3, 4, NULL);
    assert_string_equal(session_echo(s), "rated 4: 3 finds · {undo} undoes");
    size_t five = 5;
    assert_int_equal(session_repeat(s, &five, 1, NULL), ST_OK);
    assert_int_equal(session_find(s, 5)->rating, 4);
    session_set_category(s, &one, 1, CAT_SWELLS, NULL);
    session_set_class(s, &five, 1, "rim", NULL);
    session_set_edges(s, 5, 44100, 88200, NULL);
    size_t seven = 7; /* the class is repeated, not what belongs to one find */
    assert_int_equal(session_repeat(s, &seven, 1, NULL), ST_OK);
    assert_string_equal(session_find(s, 7)->hit_class, "rim");
    assert_false(session_find(s, 7)->edited);
    session_undo(s, NULL, NULL);
    assert_int_equal(session_find(s, 2)->category, CAT_SWELLS);
    assert_string_equal(session_find(s, 5)->hit_class, "rim");
    assert_true(session_find(s, 5)->edited &&
                session_measure(s, session_find(s, 5), ME_end_sec) == 2.0);
    assert_int_equal(session_tallies(s)->category[CAT_SWELLS].rejected, 1);
    long touched;
    session_undo(s, &touched, NULL);
    assert_int_equal(touched, 5);
    assert_false(session_find(s, 5)->edited);
    assert_string_equal(session_echo(s),
                        "undone: edges moved: night_drum005 · {redo} redoes");
    session_undo(s, NULL, NULL);
    session_undo(s, NULL, NULL);
    assert_string_equal(session_find(s, 5)->hit_class, "");
    assert_int_equal(session_find(s, 2)->category, CAT_PADS);
    session_redo(s, &touched, NULL);
    assert_int_equal(session_find(s, 2)->category, CAT_SWELLS);
    while (session_undo(s, NULL, NULL) == ST_OK)
        ;
    assert_string_equal(session_echo(s), "nothing to undo");
    assert_int_equal(session_tallies(s)->all.undecided, 16);
    assert_tallies_true(s);
    struct err e = {0};
    assert_int_equal(session_rate(s, &one, 1, 9, &e), ST_USAGE);
    assert_int_equal(session_find(s, 2)->rating, 0);
    session_close(s);
}

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
        bool in = scope == SCOPE_ALL ? !d->near_miss
                  : scope == SCOPE_BEST_OF
                      ? d->decision == DECISION_ACCEPTED ||
                            (d->picked && d->decision != DECISION_REJECTED)
                  : scope == SCOPE_NEAR_MISSES
                      ? d->near_miss
                      : !d->near_miss && (int)d->category + SCOPE_CATEGORY == (int)scope;
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

/* How surely a hit is a drum stands among its parts: lists know it at once and after a
 * restart, filter and sort by it; what was not told stands last. */
static void test_drums_are_found(void **state)
{
    struct session *s = open_session(*state);
    struct catalog_source source = {.stem = "beat", .rate_hz = 44100, .channels = 2};
    struct candidate *c = calloc(5, sizeof *c);
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
    free(c);
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
    session_close(s);
}

/* While random actions change everything, the patched view is what a new one would be,
 * and the cursor stays on its find as long as that one is there. */
static void test_views_keep_up(void **state)
{
    struct session *s = open_session(*state);
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
    session_close(s);
}

static void test_deciding_moves_on(void **state)
{
    struct session *s = open_session(*state);
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
                        "no find matches is:undecided; F clears the filter");
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
    session_close(s);
}

static void test_stacks(void **state)
{
    struct session *s = open_session(*state);
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
    assert_int_equal(session_keep_best(s, 3, NULL), ST_OK);
    assert_string_equal(session_echo(s),
                        "kept night_drum001, rejected 2 like it · {undo} undoes");
    assert_int_equal(session_find(s, 1)->decision, DECISION_ACCEPTED);
    assert_int_equal(session_find(s, 5)->decision, DECISION_REJECTED);
    session_undo(s, NULL, NULL);
    assert_int_equal(session_find(s, 5)->decision, DECISION_NONE);
    size_t count;
    const uint32_t *member = session_stack(s, session_find(s, 3)->stack, &count);
    assert_int_equal(count, 3);
    assert_int_equal(member[0], 1);
    view_free(v);
    session_close(s);
}

/* Up the scale, minor behind major; what has no key comes last. */
static void test_order_by_key(void **state)
{
    static const char *const keys[] = {"B", "", "C#", "Am", "C", "F#m", "A", "Cm", "F#"};
    static const char *const sorted[] = {"C", "Cm", "C#", "F#", "F#m",
                                         "A", "Am", "B",  ""};
    enum { N = sizeof keys / sizeof *keys };
    struct session *s = open_session(*state);
    struct catalog_source source;
    float *vectors;
    struct candidate *c = make_finds("night", N, &source, &vectors);
    for (int i = 0; i < N; i++) {
        c[i].missed_by[0] = '\0';
        c[i].cluster = 0;
        snprintf(c[i].key, sizeof c[i].key, "%s", keys[i]);
    }
    assert_int_equal(session_add(s, &source, c, N, vectors, NULL), ST_OK);
    free(c);
    free(vectors);
    struct view *v = open_view(s);
    view_set_order(v, ORDER_KEY, false);
    assert_int_equal(view_count(v), N);
    for (size_t i = 0; i < N; i++)
        assert_string_equal(session_find(s, view_at(v, i))->key, sorted[i]);
    view_free(v);
    session_close(s);
}

/* A catalog that was changed by hand: such a number is no stack and no place in a list.
 */
static void test_a_stack_that_cannot_be(void **state)
{
    struct session *s = open_session(*state);
    struct catalog_source source;
    float *vectors;
    struct candidate *c = make_finds("night", 24, &source, &vectors);
    c[5].cluster = 2147483647; /* was the third of 1, 3, 5 */
    c[7].cluster = -3;
    assert_int_equal(session_add(s, &source, c, 24, vectors, NULL), ST_OK);
    free(c);
    free(vectors);
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
    session_close(s);
}

static void deliver_without_stacks(struct session *s, const char *stem, int n)
{
    deliver(s, stem, n, true);
    size_t count = session_count(s);
    uint64_t *ids = calloc(count, sizeof *ids);
    int *none = calloc(count, sizeof *none);
    for (size_t i = 0; i < count; i++)
        ids[i] = session_find(s, i)->id;
    assert_true(session_restack(s, ids, none, count));
    while (session_tidy(s))
        continue;
    free(ids);
    free(none);
}

static void test_similar_search_range(void **state)
{
    struct session *s = open_session(*state);
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
    assert_non_null(strstr(e.msg, "no number"));
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
    session_close(s);
}

/* As many as the machine takes beside the slots, and not one more. */
static void test_extras_end_somewhere(void **state)
{
    enum { MANY = KIT_EXTRAS_MAX + 11 };
    struct session *s = open_session(*state);
    deliver(s, "night", MANY, true);
    size_t all[MANY], last = MANY - 1, first = 0;
    for (size_t i = 0; i < MANY; i++)
        all[i] = i;
    assert_int_equal(session_kit_extra(s, all, MANY, true, NULL), ST_OK);
    assert_int_equal(session_kit(s)->extra_count, KIT_EXTRAS_MAX);
    size_t in = 0;
    for (size_t i = 0; i < MANY; i++)
        in += session_find(s, i)->extra > 0;
    assert_int_equal(in, KIT_EXTRAS_MAX);
    session_kit_extra(s, &last, 1, true, NULL);
    assert_int_equal(session_find(s, last)->extra, 0);
    session_kit_extra(s, &first, 1, false, NULL);
    session_kit_extra(s, &last, 1, true, NULL);
    assert_int_equal(session_kit(s)->extra_count, KIT_EXTRAS_MAX);
    assert_int_equal(session_kit(s)->extra[KIT_EXTRAS_MAX - 1], last);
    session_close(s);
}

static bool suits_a_slot(const struct session *s, uint32_t find)
{
    struct slot_matches *m = calloc(KIT_SLOTS, sizeof *m);
    bool found = false;
    assert_non_null(m);
    session_slot_matches(s, target_find("tr8s"), m);
    for (int slot = 0; slot < KIT_SLOTS; slot++)
        for (size_t i = 0; i < m[slot].count; i++)
            found = found || m[slot].find[i] == find;
    free(m);
    return found;
}

/* A near-miss that you accept can go into a kit as it is; what you reject cannot. */
static void test_accepted_near_misses_suit_slots(void **state)
{
    struct session *s = open_session(*state);
    deliver(s, "night", 20, true);
    size_t near = 0, kick = 0;
    for (size_t i = 0; i < session_count(s); i++) {
        const struct find *f = session_find(s, i);
        if (f->kind == KIND_DRUM && f->grade == 'A')
            *(f->near_miss ? &near : &kick) = i;
    }
    session_set_class(s, (size_t[]){near, kick}, 2, "kick", NULL);
    assert_false(suits_a_slot(s, (uint32_t)near));
    assert_true(suits_a_slot(s, (uint32_t)kick));
    session_decide(s, &near, 1, DECISION_ACCEPTED, NULL);
    session_decide(s, &kick, 1, DECISION_REJECTED, NULL);
    assert_true(suits_a_slot(s, (uint32_t)near));
    assert_false(suits_a_slot(s, (uint32_t)kick));
    session_close(s);
}

static void test_kit(void **state)
{
    struct place *p = *state;
    struct session *s = open_session(p);
    deliver(s, "night", 20, true);
    assert_int_equal(kit_slot_find("oh"), 8);
    assert_int_equal(session_kit_assign(s, 0, 1, NULL), ST_OK);
    assert_string_equal(session_echo(s), "BD plays night_drum001 · {undo} undoes");
    session_kit_assign(s, 1, 3, NULL);
    session_kit_lock(s, 1, true, NULL);
    session_kit_trim(s, 1, -3.5, NULL);
    session_kit_steps(s, 1, 0x1010, NULL);
    session_kit_tempo(s, 124.5, NULL);
    session_kit_name(s, "NIGHTBUS", NULL);
    size_t extras[] = {2, 0};
    session_kit_extra(s, extras, 2, true, NULL);
    long all[KIT_SLOTS];
    for (int i = 0; i < KIT_SLOTS; i++)
        all[i] = i < 3 ? 5 + 2 * i : -2;
    session_kit_assign_all(s, all, "shuffled", NULL);
    session_close(s);
    s = open_session(p);
    const struct kit_state *k = session_kit(s);
    assert_int_equal(k->slot[0].index, 5);
    assert_int_equal(k->slot[1].index, 3); /* locked */
    assert_int_equal(k->slot[2].index, 9);
    assert_int_equal(k->slot[3].index, -1);
    assert_true(k->slot[1].locked && k->slot[1].steps == 0x1010);
    assert_true(k->slot[1].trim_db == -3.5 && k->tempo_bpm == 124.5);
    assert_string_equal(k->name, "NIGHTBUS");
    assert_int_equal(k->extra_count, 2);
    assert_true(k->extra[0] == 2 && k->extra[1] == 0);
    assert_true(session_find(s, 5)->slot == 0 && session_find(s, 1)->slot == -1);
    session_undo(s, NULL, NULL);
    assert_int_equal(session_kit(s)->slot[0].index, 1);
    session_undo(s, NULL, NULL);
    assert_int_equal(session_kit(s)->extra_count, 0);
    assert_int_equal(session_kit_assign(s, 11, 1, NULL), ST_USAGE);
    /* what a kit plays may be mined away and come back */
    deliver(s, "night", 1, true);
    assert_int_equal(session_kit(s)->slot[0].index, -1);
    deliver(s, "night", 20, true);
    assert_int_equal(session_kit(s)->slot[0].index, 1);
    session_close(s);
}

/* Mined again, a recording may have fewer finds: what is gone is in no kit. */
static void test_extras_that_are_gone(void **state)
{
    struct session *s = open_session(*state);
    deliver(s, "night", 12, true);
    size_t extras[] = {10, 2};
    session_kit_extra(s, extras, 2, true, NULL);
    assert_int_equal(session_kit(s)->extra_count, 2);
    deliver(s, "night", 6, true);
    assert_true(session_find(s, 10)->gone);
    session_kit_name(s, "AGAIN", NULL);
    assert_int_equal(session_kit(s)->extra_count, 1);
    assert_int_equal(session_kit(s)->extra[0], 2);
    /* and what comes back is in it again, the last one too */
    deliver(s, "night", 2, true);
    session_kit_name(s, "NONE", NULL);
    assert_int_equal(session_kit(s)->extra_count, 0);
    deliver(s, "night", 12, true);
    session_kit_name(s, "BOTH", NULL);
    assert_int_equal(session_kit(s)->extra_count, 2);
    assert_true(session_kit(s)->extra[0] == 10 && session_kit(s)->extra[1] == 2);
    session_close(s);
}

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
    struct session *fresh = open_session(p);
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
    session_close(fresh);
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

static void test_kill_in_a_session(void **state)
{
    struct place *p = *state;
    struct session *s = open_session(p);
    deliver(s, "night", 50, true);
    session_close(s);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (session_open(&s, p->project, NULL) != ST_OK)
            _exit(1);
        for (size_t i = 0; i < 50; i++) {
            unsigned char told = (unsigned char)i;
            if (session_decide(s, &i, 1, DECISION_REJECTED, NULL) != ST_OK ||
                write(ends[1], &told, 1) != 1)
                _exit(1);
        }
        pause();
    }
    close(ends[1]);
    unsigned char told = 0;
    for (int heard = 0; heard < 17 && read(ends[0], &told, 1) == 1; heard++)
        ;
    kill(child, SIGKILL);
    while (read(ends[0], &told, 1) == 1)
        ;
    close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(told >= 16);
    s = open_session(p);
    assert_true(session_tallies(s)->all.rejected + 10 >= told + 1u);
    for (size_t i = 0; i <= told; i++)
        assert_int_equal(session_find(s, i)->decision, DECISION_REJECTED);
    assert_int_equal(session_undo(s, NULL, NULL), ST_OK);
    session_close(s);
}

/* Finds that come a few at a time: lists see them when they are announced, never half,
 * and a decision in between sees all. */
static void test_finds_trickle_in(void **state)
{
    const struct place *p = *state;
    struct session *s = open_session(p);
    struct catalog_source source;
    float *vectors;
    struct candidate *c = make_finds("tape", 90, &source, &vectors);
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
    session_close(s);
    free(c);
    free(vectors);
}

/* Does a stack of the catalog's rows lie within one of these two? */
static void assert_stacks_within(const struct place *p, const int *old, const int *new,
                                 int n)
{
    struct session *s = open_session(p);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++) {
            const struct find *a = session_find(s, (size_t)i),
                              *b = session_find(s, (size_t)k);
            if (a->stack > 0 && a->stack == b->stack && old[i] != old[k] &&
                (new[i] == 0 || new[i] != new[k]))
                fail_msg("%d and %d share a stack that never was", i, k);
        }
    session_close(s);
}

/* Joining gives new stacks: lists have them at once, the catalog row by row, and whenever
 * that ends no stack holds what never belonged together. */
static void test_new_stacks(void **state)
{
    enum { N = 400 };
    const struct place *p = *state;
    struct session *s = open_session(p);
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
    session_close(s);
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
    struct candidate *c = make_finds("night", N, &source, &vectors);
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
    /* what is gone here and on record: the catalog is to be written anew */
    assert_int_equal(session_keep_only(s, &source, c, 20, NULL), ST_OK);
    assert_false(session_restack(s, ids, stacks, N));
    assert_true(session_restack(s, ids, stacks, 20));
    session_close(other);
    session_close(s);
    free(c);
    free(vectors);
}

static size_t proposed(const struct session *s)
{
    size_t n = 0;
    for (size_t i = 0; i < session_count(s); i++)
        n += session_find(s, i)->picked;
    return n;
}

/* A proposal of the best is taken back and done again like a decision, also after a
 * restart; the next one takes its place. */
static void test_a_proposal_is_undone(void **state)
{
    const struct place *p = *state;
    struct session *s = open_session(p);
    deliver(s, "night", 60, true); /* pads and drums */
    size_t one = 3;
    session_rate(s, &one, 1, 5, NULL);
    assert_int_equal(session_pick_best(s, 2, NULL), ST_OK);
    assert_string_equal(session_echo(s),
                        "proposed the best 2 of each category, 4 finds · {undo} undoes");
    assert_int_equal(proposed(s), 4);
    assert_int_equal(session_tallies(s)->best_of, 4);
    assert_int_equal(session_pick_best(s, 2, NULL), ST_OK);
    assert_string_equal(session_echo(s),
                        "already proposed the best 2 of each category, 4 finds");
    assert_int_equal(session_pick_best(s, 1, NULL), ST_OK);
    assert_int_equal(proposed(s), 2);
    session_close(s);
    s = open_session(p); /* it holds, and so does the way back */
    assert_int_equal(proposed(s), 2);
    assert_int_equal(session_undo(s, NULL, NULL), ST_OK);
    assert_int_equal(proposed(s), 4);
    assert_int_equal(session_undo(s, NULL, NULL), ST_OK);
    assert_int_equal(proposed(s), 0);
    assert_int_equal(session_tallies(s)->best_of, 0);
    assert_string_equal(
        session_echo(s),
        "undone: proposed the best 2 of each category, 4 finds · {redo} redoes");
    assert_int_equal(session_find(s, one)->rating, 5);
    assert_int_equal(session_redo(s, NULL, NULL), ST_OK);
    assert_int_equal(session_redo(s, NULL, NULL), ST_OK);
    assert_int_equal(proposed(s), 2);
    assert_tallies_true(s);
    session_close(s);
}

static void assert_heard(struct session *s, const struct place *p)
{
    size_t n = session_count(s);
    float *mine = calloc(n, sizeof *mine), *theirs = calloc(n, sizeof *theirs);
    struct session *other = open_session(p); /* reads at the first use */
    assert_int_equal(session_count(other), n);
    assert_int_equal(session_distances(s, 7, NULL, mine, NULL), ST_OK);
    assert_int_equal(session_distances(other, 7, NULL, theirs, NULL), ST_OK);
    assert_memory_equal(mine, theirs, n * sizeof *mine);
    session_close(other);
    free(mine);
    free(theirs);
}

/* Vectors read ahead, while finds come in. */
static void test_listening_ahead(void **state)
{
    const struct place *p = *state;
    struct session *s = open_session(p);
    assert_null(session_listen_begin(s)); /* nothing there */
    deliver(s, "night", 20, true);
    struct session_ear *ear = session_listen_begin(s);
    assert_non_null(ear);
    assert_null(session_listen_begin(s)); /* one at a time */
    assert_int_equal(session_listen(ear, NULL), ST_OK);
    deliver(s, "night", 20, true); /* again, */
    deliver(s, "tape", 30, true);  /* and more */
    session_listen_end(s, ear);
    assert_null(session_listen_begin(s)); /* it is known now */
    assert_heard(s, p);
    session_close(s);
    /* somebody else wrote: what was read is not taken */
    s = open_session(p);
    struct session *other = open_session(p);
    ear = session_listen_begin(s);
    assert_int_equal(session_listen(ear, NULL), ST_OK);
    deliver(other, "attic", 10, true);
    assert_true(take_news(s));
    session_listen_end(s, ear);
    ear = session_listen_begin(s);
    assert_non_null(ear);
    session_listen_end(s, ear); /* not even read */
    assert_heard(s, p);
    session_close(other);
    session_close(s);
}

/* Without a vector there is no likeness, not one to everything. */
static void test_what_was_not_heard_is_like_nothing(void **state)
{
    enum { N = 10 };
    const struct place *p = *state;
    char db[FOLDER_BYTES + 64];
    struct catalog_source source;
    float *vectors, distance[N];
    struct candidate *c = make_finds("unheard", N, &source, &vectors);
    struct err e;
    session_close(open_session(p));
    snprintf(db, sizeof db, "%s/catalog.db", p->project);
    struct catalog_content content = {
        .sources = &source, .source_count = 1, .candidates = c, .candidate_count = N};
    assert_int_equal(catalog_publish(db, &content, NULL), ST_OK);
    struct session *s = open_session(p);
    assert_int_equal(session_distances(s, 3, NULL, distance, &e), ST_NOT_FOUND);
    assert_string_equal(e.msg, "nothing is known of how this find sounds");
    session_close(s);
    free(c);
    free(vectors);
}

/* So many that two threads read them: nothing is lost or turned round where they meet. */
static void test_a_large_catalog(void **state)
{
    enum { N = 21000 };
    const struct place *p = *state;
    char db[FOLDER_BYTES + 64];
    struct catalog_source source;
    float *vectors;
    struct candidate *c = make_finds("night", N, &source, &vectors);
    session_close(open_session(p));
    snprintf(db, sizeof db, "%s/catalog.db", p->project);
    struct catalog_content content = {.sources = &source,
                                      .source_count = 1,
                                      .candidates = c,
                                      .candidate_count = N,
                                      .embeddings = vectors};
    assert_int_equal(catalog_publish(db, &content, NULL), ST_OK);
    struct session *s = open_session(p);
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
    session_close(s);
    free(c);
    free(vectors);
}

/* The log is kept short from outside, while the session goes on. */
static void test_checkpoints_go_on_beside(void **state)
{
    const struct place *p = *state;
    struct session *s = open_session(p);
    deliver(s, "tape", 400, true);
    for (int round = 0; round < 1000 && !catalog_wants_checkpoint(session_catalog(s));
         round++)
        deliver(s, "tape", 900, false);
    assert_true(catalog_wants_checkpoint(session_catalog(s)));
    assert_int_equal(catalog_checkpoint(session_catalog_path(s), NULL), ST_OK);
    size_t first = 0;
    assert_int_equal(session_decide(s, &first, 1, DECISION_ACCEPTED, NULL), ST_OK);
    assert_false(catalog_wants_checkpoint(session_catalog(s))); /* the log begins anew */
    assert_false(take_news(s));                                 /* nobody else wrote */
    session_close(s);
    s = open_session(p);
    assert_int_equal(session_find(s, 0)->decision, DECISION_ACCEPTED);
    session_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(f)                                                                          \
    cmocka_unit_test_setup_teardown(f, session_rig_setup, session_rig_teardown)
        CASE(test_finds_come_in_and_stay),
        CASE(test_actions_and_echo),
        CASE(test_drums_are_found),
        CASE(test_views_keep_up),
        CASE(test_deciding_moves_on),
        CASE(test_stacks),
        CASE(test_a_stack_that_cannot_be),
        CASE(test_order_by_key),
        CASE(test_similar_search_range),
        CASE(test_kit),
        CASE(test_accepted_near_misses_suit_slots),
        CASE(test_extras_end_somewhere),
        CASE(test_extras_that_are_gone),
        CASE(test_other_process_is_seen),
        CASE(test_news_are_taken_in_beside),
        CASE(test_kill_in_a_session),
        CASE(test_finds_trickle_in),
        CASE(test_a_proposal_is_undone),
        CASE(test_new_stacks),
        CASE(test_rows_of_others_stay),
        CASE(test_listening_ahead),
        CASE(test_what_was_not_heard_is_like_nothing),
        CASE(test_a_large_catalog),
        CASE(test_checkpoints_go_on_beside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
