/* dsp/rises: what gets loud out of quiet, to the sample and to the last bit of how loud.
 */
#include "checks.h"

#include "dsp/rises.h"

enum { RATE = 44100, HOP = 500 }; /* blocks of 31 and 32 samples */

/* Of `n` samples, in hops: how many rises, and the sample of the first. */
static size_t rises_in(const float *x, int n, long *first)
{
    struct rises r = {0};
    for (int at = 0; at < n; at += HOP)
        assert_true(rises_push(&r, x + at, n - at < HOP ? n - at : HOP, HOP, RATE));
    size_t count = r.count;
    *first = count ? (long)(r.at_s[0] * RATE + 0.5) : -1;
    rises_done(&r);
    return count;
}

/* Anywhere in a hop, on either side, round any middle: more than eight times as far out
 * as what was there is a rise, less is none. */
static void eight_times_as_far_out_is_a_rise(void **state)
{
    static const float middles[] = {0, 0.1F, -0.3F};
    float x[3 * HOP];
    for (int at = 2 * HOP; at < 3 * HOP; at++)
        for (int k = 0; k < 12; k++) {
            float middle = middles[k / 4], side = k & 1 ? 1 : -1;
            float reach = 0.01F * (k & 2 ? 8.02F : 7.98F);
            long first;
            for (int i = 0; i < 3 * HOP; i++)
                x[i] = middle + (i % 2 ? 0.01F : -0.01F);
            x[0] = middle; /* the first sample of all is out of nothing */
            x[at] = middle + side * reach;
            struct rises r = {0};
            rises_push(&r, x, HOP, HOP, RATE);
            size_t before = r.count;
            rises_done(&r);
            size_t count = rises_in(x, 3 * HOP, &first);
            assert_int_equal(count - before, k & 2 ? 1 : 0);
        }
}

/* To the sample, in a last hop of any length; what lies behind that is not looked at. */
static void a_rise_is_told_to_the_sample(void **state)
{
    float x[2 * HOP] = {0};
    for (int at = 0; at < 2 * HOP; at++) {
        long first;
        x[at] = at % 2 ? 0.5F : -0.5F;
        assert_int_equal(rises_in(x, at, &first), 0);
        assert_int_equal(rises_in(x, at + 1, &first), 1);
        assert_int_equal(first, at);
        assert_int_equal(rises_in(x, 2 * HOP, &first), 1);
        assert_int_equal(first, at);
        x[at] = 0;
    }
}

/* Converters make noise of their own. */
static void what_is_below_80_db_rises_from_nothing(void **state)
{
    float x[2 * HOP];
    long first;
    for (int i = 0; i < 2 * HOP; i++)
        x[i] = i % 2 ? 1e-6F : -1e-6F;
    x[HOP + 300] = 0.99e-4F;
    assert_int_equal(rises_in(x, 2 * HOP, &first), 0);
    x[HOP + 300] = -1.01e-4F;
    assert_int_equal(rises_in(x, 2 * HOP, &first), 1);
}

/* What sounded within a hop is no quiet. */
static void a_hop_is_remembered(void **state)
{
    float x[4 * HOP] = {0};
    const int block = HOP / RISES_BLOCKS + 1;
    for (int loud = HOP; loud < 2 * HOP; loud += 2 * block)
        for (int later = 1; later < 2 * HOP && loud + later < 4 * HOP; later++) {
            long first;
            x[loud] = 0.5F;
            x[loud + later] = 0.4F;
            size_t count = rises_in(x, 4 * HOP, &first);
            assert_int_equal(first, loud);
            /* blocks are forgotten as a whole */
            if (later < HOP - block || later > HOP + block)
                assert_int_equal(count, later < HOP ? 1 : 2);
            x[loud] = x[loud + later] = 0;
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_times_as_far_out_is_a_rise),
        cmocka_unit_test(a_rise_is_told_to_the_sample),
        cmocka_unit_test(what_is_below_80_db_rises_from_nothing),
        cmocka_unit_test(a_hop_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
