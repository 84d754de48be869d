/* core/status, core/log, core/rng, core/array: the ground floor. */
#include "checks.h"

#include "core/array.h"
#include "core/rng.h"
#include "core/status.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static void messages_are_one_clean_line(void **state)
{
    struct err e;
    assert_int_equal(err_set(&e, ST_UNREADABLE, "%s: bad", "a\nb\x1b[31m"),
                     ST_UNREADABLE);
    assert_string_equal(e.msg, "a?b?[31m: bad");
    /* a control sequence in one letter, alone in one byte, and what turns the line; what
     * only holds such bytes stays */
    err_set(&e, ST_UNREADABLE,
            "a\xc2\x9b"
            "31m \x9b"
            "1m \xe2\x80\xae\xe2\x81\xa6 %s",
            "\xc5\x9b\xe2\x80\x93\xf0\x9f\x8e\xb9\xc2\xa0\xff");
    assert_string_equal(e.msg,
                        "a?31m ?1m ?? \xc5\x9b\xe2\x80\x93\xf0\x9f\x8e\xb9\xc2\xa0\xff");
    assert_int_equal(err_set(NULL, ST_DISK, "x"), ST_DISK);
    err_errno(&e, ST_DISK, ENOSPC, "%s", "out.wav");
    assert_string_equal(e.msg, "out.wav: No space left on device");
}

static void a_cut_message_stays_utf8(void **state)
{
    char name[1200] = "";
    for (int i = 0; i < 300; i++)
        strcat(name, "é");
    struct err e;
    err_set(&e, ST_UNREADABLE, "x%s", name);
    size_t n = strlen(e.msg);
    assert_true(n < sizeof e.msg);
    assert_int_equal((n - 1) % 2, 0);
}

static void exit_codes_are_the_contract(void **state)
{
    assert_int_equal(status_exit_code(ST_OK), 0);
    assert_int_equal(status_exit_code(ST_SOURCES_FAILED), 1);
    assert_int_equal(status_exit_code(ST_USAGE), 2);
    assert_int_equal(status_exit_code(ST_CONFIG), 2);
    assert_int_equal(status_exit_code(ST_NOTHING), 3);
    assert_int_equal(status_exit_code(ST_EXISTS), 4);
    assert_int_equal(status_exit_code(ST_DISK), 5);
    assert_int_equal(status_exit_code(ST_CANCELLED), 130);
}

static void streams_depend_on_their_name_only(void **state)
{
    struct rng a = rng_derive(1, 2, "cloud", 3), b = rng_derive(1, 2, "cloud", 3);
    for (int i = 0; i < 100; i++)
        assert_true(rng_u64(&a) == rng_u64(&b));
    struct rng others[] = {rng_derive(2, 2, "cloud", 3), rng_derive(1, 3, "cloud", 3),
                           rng_derive(1, 2, "hiss", 3), rng_derive(1, 2, "cloud", 4)};
    struct rng base = rng_derive(1, 2, "cloud", 3);
    uint64_t first = rng_u64(&base);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_true(rng_u64(&others[i]) != first);
}

static void moments_are_right(void **state)
{
    struct rng r = rng_derive(7, 0, "test", 0);
    enum { N = 200000 };
    double mean = 0, square = 0, low = 1, high = 0;
    for (int i = 0; i < N; i++) {
        double g = rng_gauss(&r), u = rng_uniform(&r);
        mean += g / N;
        square += g * g / N;
        low = fmin(low, u);
        high = fmax(high, u);
        assert_true(rng_below(&r, 10) < 10);
    }
    assert_true(fabs(mean) < 0.01);
    assert_true(fabs(square - 1) < 0.02);
    assert_true(low >= 0 && low < 1e-4 && high < 1 && high > 0.9999);
}

static void hashes_chain(void **state)
{
    uint64_t whole = rng_hash(0, "archaeology", 11);
    uint64_t chained = rng_hash(rng_hash(0, "archae", 6), "ology", 5);
    assert_true(whole == chained);
    assert_true(whole != rng_hash(0, "archaeologz", 11));
}

static void arrays_keep_what_they_hold(void **state)
{
    FREED int *at = NULL;
    size_t room = 0;
    for (int i = 0; i < 1000; i++) {
        size_t before = room;
        assert_true(array_grow(&at, &room, (size_t)i + 1, sizeof *at));
        assert_true(room == before || before == (size_t)i);
        at[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(at[i], i);
    assert_true(array_grow(&at, &room, 100000, sizeof *at));
    assert_true(room >= 100000 && at[999] == 999);
    int *was = at;
    size_t had = room;
    assert_false(array_grow(&at, &room, SIZE_MAX / 2, sizeof *at));
    assert_true(at == was && room == had);
    size_t count = room;
    assert_true(array_add(&at, &count, &room, &(int){7}, sizeof *at));
    assert_true(count == had + 1 && room >= count && at[had] == 7 && at[999] == 999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_one_clean_line),
        cmocka_unit_test(a_cut_message_stays_utf8),
        cmocka_unit_test(exit_codes_are_the_contract),
        cmocka_unit_test(streams_depend_on_their_name_only),
        cmocka_unit_test(moments_are_right),
        cmocka_unit_test(hashes_chain),
        cmocka_unit_test(arrays_keep_what_they_hold),
    };
    return cmocka_run_group_tests_name("ground", tests, NULL, NULL);
}
