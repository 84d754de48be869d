/* dsp/drum_context: hits name their like, and leave others alone. */
#include "checks.h"

#include "dsp/drum_context.h"

#include <math.h>
#include <string.h>

enum { MANY = 200, FAR = DRUM_CONTEXT_REACH + 100 };

/* One is `p` of a class, `q` of another, and what is left of all the rest. */
static struct drum_verdict told(enum drum_class a, double p, enum drum_class b, double q)
{
    struct drum_verdict v = {.drum = 0.8};
    for (int c = 0; c < DRUM_CLASS_COUNT; c++)
        v.probability[c] = (1 - p - q) / (DRUM_CLASS_COUNT - 2);
    v.probability[a] = p;
    v.probability[b] = q;
    v.best = drum_class_choose(v.probability);
    v.confidence = v.drum * v.probability[v.best];
    return v;
}

static void weigh(struct drum_verdict *at, size_t count)
{
    assert_int_equal(drum_context(at, count, NULL), ST_OK);
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (int c = 0; c < DRUM_CLASS_COUNT; c++) {
            assert_true(at[i].probability[c] >= 0);
            sum += at[i].probability[c];
        }
        assert_true(fabs(sum - 1) < 1e-5);
        assert_int_equal(at[i].best, drum_class_choose(at[i].probability));
        assert_true(at[i].confidence == at[i].drum * at[i].probability[at[i].best]);
        assert_true(at[i].drum == 0.8);
    }
}

static double change(const struct drum_verdict *a, const struct drum_verdict *b)
{
    double most = 0;
    for (int c = 0; c < DRUM_CLASS_COUNT; c++)
        most = fmax(most, fabs(a->probability[c] - b->probability[c]));
    return most;
}

static void a_hit_in_doubt_is_named_by_its_like(void **state)
{
    struct drum_verdict at[21];
    for (int i = 0; i < 21; i++)
        at[i] = told(DRUM_SNARE, 0.85, DRUM_HAT_CLOSED, 0.05);
    at[7] = told(DRUM_SNARE, 0.40, DRUM_HAT_CLOSED, 0.42);
    assert_int_equal(at[7].best, DRUM_HAT_CLOSED);
    weigh(at, 21);
    assert_int_equal(at[7].best, DRUM_SNARE);
    assert_true(at[7].probability[DRUM_SNARE] > 0.7);
    assert_int_equal(at[0].best, DRUM_SNARE);
    assert_true(at[0].probability[DRUM_SNARE] > 0.83);
}

/* One neighbour in doubt does not turn a sure hit. */
static void a_sure_hit_keeps_its_mind(void **state)
{
    struct drum_verdict at[] = {told(DRUM_SNARE, 0.60, DRUM_RIM, 0.30),
                                told(DRUM_SNARE, 0.35, DRUM_RIM, 0.50)};
    weigh(at, 2);
    assert_int_equal(at[0].best, DRUM_SNARE);
}

static void what_has_no_like_stays(void **state)
{
    struct drum_verdict at[MANY], crash = told(DRUM_CRASH, 0.7, DRUM_RIDE, 0.2);
    for (int i = 0; i < MANY; i++)
        at[i] = told(DRUM_HAT_CLOSED, 0.93, DRUM_HAT_OPEN, 0.06);
    at[100] = crash;
    weigh(at, MANY);
    assert_int_equal(at[100].best, DRUM_CRASH);
    assert_true(change(&at[100], &crash) < 1e-6);
    struct drum_verdict alone = crash;
    weigh(&alone, 1);
    assert_true(change(&alone, &crash) < 1e-6);
    assert_int_equal(drum_context(NULL, 0, NULL), ST_OK);
}

static void silence_has_no_say_and_no_like(void **state)
{
    struct drum_verdict at[9], silent, doubt = told(DRUM_TOM_LOW, 0.15, DRUM_KICK, 0.16);
    memset(&silent, 0, sizeof silent);
    silent.best = DRUM_PERC;
    for (int c = 0; c < DRUM_CLASS_COUNT; c++)
        silent.probability[c] = 1.0 / DRUM_CLASS_COUNT;
    for (int i = 0; i < 9; i++)
        at[i] = i == 4 ? doubt : silent;
    assert_int_equal(drum_context(at, 9, NULL), ST_OK);
    assert_true(change(&at[4], &doubt) < 1e-6);
    for (int i = 0; i < 9; i++)
        if (i != 4)
            assert_memory_equal(&at[i], &silent, sizeof silent);
}

/* Nor does it matter what comes first. */
static void only_what_is_within_reach_is_heard(void **state)
{
    static struct drum_verdict at[FAR + MANY], back[MANY];
    struct drum_verdict doubt = told(DRUM_SNARE, 0.40, DRUM_HAT_CLOSED, 0.42);
    for (int i = 0; i < FAR + MANY; i++)
        at[i] = i < FAR ? told(DRUM_KICK, 0.95, DRUM_TOM_LOW, 0.04)
                        : told(DRUM_SNARE, 0.85, DRUM_HAT_CLOSED, 0.05);
    at[0] = at[FAR] = doubt;
    for (int i = 0; i < MANY; i++)
        back[i] = at[FAR + MANY - 1 - i];
    weigh(at, FAR + MANY);
    assert_true(change(&at[0], &doubt) < 1e-6);
    assert_int_equal(at[FAR].best, DRUM_SNARE);
    weigh(back, MANY);
    for (int i = 0; i < MANY; i++)
        assert_true(change(&back[i], &at[FAR + MANY - 1 - i]) < 1e-5);
}

/* Half at a share of sure drums of a half, all from 0.7 on; one more is taken for
 * granted. What is played in time is in good company. */
static void company_goes_with_the_share_of_drums(void **state)
{
    static const struct {
        int sure, unsure;
        double worth;
    } all[] = {{0, 0, 1},    {1, 0, 1}, {0, 1, 0.5},  {4, 5, 0.5},
               {5, 4, 0.75}, {6, 3, 1}, {9, 90, 0.5}, {23, 15, 0.7884615385}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct drum_verdict at[MANY];
        size_t count = 0;
        for (int n = 0; n < all[i].sure + all[i].unsure; n++)
            at[count++].confidence = n < all[i].sure ? 0.25 : 0.24;
        assert_true(fabs(drum_company(at, count, false) - all[i].worth) < 1e-9);
        assert_true(drum_company(at, count, true) == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hit_in_doubt_is_named_by_its_like),
        cmocka_unit_test(a_sure_hit_keeps_its_mind),
        cmocka_unit_test(what_has_no_like_stays),
        cmocka_unit_test(silence_has_no_say_and_no_like),
        cmocka_unit_test(only_what_is_within_reach_is_heard),
        cmocka_unit_test(company_goes_with_the_share_of_drums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
