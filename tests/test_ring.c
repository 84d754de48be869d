/* audio/ring: order, fullness, and two threads at once (run it under TSan). */
#include "checks.h"

#include "audio/ring.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>

struct item {
    uint64_t number, square;
    char padding[40];
};

static void it_is_a_queue_with_an_end(void **state)
{
    struct ring r;
    struct item x = {0};
    assert_int_equal(ring_init(&r, 5, sizeof x, NULL), ST_OK);
    assert_int_equal(r.capacity, 8);
    for (int round = 0; round < 100; round++) {
        for (uint64_t i = 0; i < 8; i++) {
            x.number = i;
            assert_true(ring_push(&r, &x));
        }
        assert_false(ring_push(&r, &x));
        assert_int_equal(ring_count(&r), 8);
        for (uint64_t i = 0; i < 8; i++) {
            assert_true(ring_pop(&r, &x));
            assert_int_equal(x.number, i);
        }
        assert_false(ring_pop(&r, &x));
        ring_push(&r, &x); /* so that the ends meet at every place */
        assert_true(ring_pop(&r, &x));
    }
    ring_done(&r);
}

enum { MANY = 300000 };

static void *produce(void *arg)
{
    struct ring *r = arg;
    for (uint64_t i = 0; i < MANY; i++) {
        struct item x = {.number = i, .square = i * i};
        while (!ring_push(r, &x))
            sched_yield();
    }
    return NULL;
}

static void two_threads_lose_and_tear_nothing(void **state)
{
    struct ring r;
    struct item x;
    pthread_t thread;
    assert_int_equal(ring_init(&r, 64, sizeof x, NULL), ST_OK);
    assert_int_equal(pthread_create(&thread, NULL, produce, &r), 0);
    for (uint64_t i = 0; i < MANY; i++) {
        while (!ring_pop(&r, &x))
            sched_yield();
        assert_true(x.number == i && x.square == i * i);
    }
    pthread_join(thread, NULL);
    assert_int_equal(ring_count(&r), 0);
    ring_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_a_queue_with_an_end),
        cmocka_unit_test(two_threads_lose_and_tear_nothing),
    };
    return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
