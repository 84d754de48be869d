/* audio/hush: nothing reaches descriptor 2, nobody blocks, and a printing thread ends. */
#include "audio/hush.h"
#include "checks.h"
#include "nap.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void await_total(struct hush *h, unsigned long long bytes)
{
    for (int i = 0; i < 1000 && hush_total(h) < bytes; i++)
        nap_ms(2);
}

/* Descriptor 2 as a file, to see what comes through; returns what 2 was. */
static int screen_as_file(char path[64])
{
    strcpy(path, "/tmp/trowel-hush-XXXXXX");
    int f = mkstemp(path), before = dup(STDERR_FILENO);
    assert_true(f >= 0 && before >= 0);
    dup2(f, STDERR_FILENO);
    close(f);
    return before;
}

static int count_open(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void nothing_reaches_the_screen(void **state)
{
    char path[64];
    int before = screen_as_file(path);
    struct hush *h;
    struct stat s;
    int open_ones = count_open();
    assert_non_null(h = hush_begin());
    fprintf(stderr, "from stdio\n");
    assert_int_equal(write(STDERR_FILENO, "from write\n", 11), 11);
    await_total(h, 22);
    assert_int_equal(hush_total(h), 22);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_size, 0);
    hush_end(h);
    fprintf(stderr, "again");
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_size, 5);
    assert_int_equal(count_open(), open_ones);
    dup2(before, STDERR_FILENO);
    close(before);
    unlink(path);
}

static void floods_are_kept_short_and_block_nobody(void **state)
{
    struct hush *h;
    assert_non_null(h = hush_begin());
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int i = 0; i < 200000; i++) /* 20 MB */
        fprintf(stderr, "%099d\n", i);
    clock_gettime(CLOCK_MONOTONIC, &b);
    assert_true(b.tv_sec - a.tv_sec < 10);
    for (int i = 0; i < 100; i++)
        nap_ms(2);
    unsigned long long flood = hush_total(h);
    assert_true(flood >= 64 << 10 && flood <= 200000ull * 100); /* a pipe holds 64 KB */
    fputs("the end\n", stderr);
    await_total(h, flood + 8);
    assert_int_equal(hush_total(h), flood + 8);
    hush_end(h);
}

struct printer {
    atomic_bool unwanted, cleaned;
    atomic_int lines;
};

static void clean(void *arg)
{
    struct printer *p = arg;
    fprintf(stderr, "retry no more\n"); /* ends no thread that is ending */
    atomic_store(&p->cleaned, true);
}

static void *print_for_ever(void *arg)
{
    struct printer *p = arg;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    hush_guard_thread(&p->unwanted, "retry");
    pthread_cleanup_push(clean, p);
    for (;;) {
        fprintf(stderr, "locked\n");
        fprintf(stderr, "retry %d\n", atomic_fetch_add(&p->lines, 1));
        nap_ms(2);
    }
    pthread_cleanup_pop(0);
    return NULL;
}

static void a_thread_that_never_ends_is_ended(void **state)
{
    struct hush *h;
    struct printer p = {0};
    pthread_t thread;
    assert_non_null(h = hush_begin());
    assert_int_equal(pthread_create(&thread, NULL, print_for_ever, &p), 0);
    while (atomic_load(&p.lines) < 5)
        nap_ms(2);
    assert_false(atomic_load(&p.cleaned));
    atomic_store(&p.unwanted, true);
    pthread_join(thread, NULL); /* comes back at all */
    assert_true(atomic_load(&p.cleaned));
    fprintf(stderr, "the stream is not locked\n");
    hush_end(h);
}

static void closed_descriptors_are_no_obstacle(void **state)
{
    struct hush *h;
    int before = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    assert_non_null(h = hush_begin());
    fprintf(stderr, "into the void\n");
    await_total(h, 14);
    assert_true(hush_total(h) >= 14);
    hush_end(h);
    assert_int_equal(fcntl(STDERR_FILENO, F_GETFD), -1);
    dup2(before, STDERR_FILENO);
    close(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_reaches_the_screen),
        cmocka_unit_test(floods_are_kept_short_and_block_nobody),
        cmocka_unit_test(a_thread_that_never_ends_is_ended),
        cmocka_unit_test(closed_descriptors_are_no_obstacle),
    };
    return cmocka_run_group_tests_name("hush", tests, NULL, NULL);
}
