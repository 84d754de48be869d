/* What an excavation may take: memory that grows by little an hour, and an end soon after
 * it was asked for. */
#define _DEFAULT_SOURCE /* wait4 */
#include "checks.h"
#include "core/demo.h"
#include "core/dig.h"
#include "folder.h"
#include "nap.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

enum { RATE = 8000 };

static void put_le(unsigned char *to, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (unsigned char)(value >> (8 * i));
}

/* Minutes of 16-bit mono: a hit every `step_ms`, holes in the file between them. */
static void write_long(const char *path, int minutes, int step_ms)
{
    uint32_t bytes = (uint32_t)minutes * 60 * RATE * 2;
    unsigned char h[44] = "RIFF....WAVEfmt ";
    put_le(h + 4, 36 + bytes, 4);
    put_le(h + 16, 16, 4);
    put_le(h + 20, 1, 2);
    put_le(h + 22, 1, 2);
    put_le(h + 24, RATE, 4);
    put_le(h + 28, RATE * 2, 4);
    put_le(h + 32, 2, 2);
    put_le(h + 34, 16, 2);
    memcpy(h + 36, "data", 4);
    put_le(h + 40, bytes, 4);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)bytes + 44), 0);
    assert_int_equal(pwrite(fd, h, sizeof h, 0), sizeof h);
    enum { HIT = RATE / 8, KINDS = 7 };
    unsigned char hit[KINDS][HIT * 2];
    for (int k = 0; k < KINDS; k++)
        for (int i = 0; i < HIT; i++) {
            double x = exp(-i / 150.0) * sin(0.05 * (1 + k) * i);
            put_le(hit[k] + 2 * i, (uint32_t)(int32_t)lrint(20000 * x), 2);
        }
    int64_t step = (int64_t)RATE * step_ms / 1000, frames = (int64_t)minutes * 60 * RATE;
    for (int64_t at = RATE, n = 0; at + HIT < frames; at += step, n++)
        assert_int_equal(pwrite(fd, hit[n % KINDS], sizeof hit[0], 44 + (off_t)(at * 2)),
                         HIT * 2);
    close(fd);
}

static enum status dig_whole(const char *path, unsigned stages,
                             const struct job_context *ctx, struct recipe *recipe,
                             size_t *finds)
{
    struct config cfg;
    config_defaults(&cfg, NULL);
    cfg.reproducibility.random_seed.value = 1;
    *recipe = (struct recipe){.stages = stages};
    enum status st = recipe_init(recipe, &cfg, NULL);
    struct dig_site site = {
        .open_path = path, .source_path = path, .stem = "long", .folder = ""};
    struct dig d;
    if (st == ST_OK)
        st = dig_open(&d, recipe, &site, ctx, NULL);
    if (st != ST_OK)
        return st;
    st = dig_run(&d, NULL);
    *finds = d.finds.count;
    dig_done(&d);
    return st;
}

/* Peak memory in KB of a process of its own that digs through the file. */
static long peak_kb(const char *path)
{
    static struct recipe recipe;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        size_t finds = 0;
        unsigned stages = 1u << STAGE_PADS | 1u << STAGE_DRUMS | 1u << STAGE_SILENCES;
        enum status st = dig_whole(path, stages, NULL, &recipe, &finds);
        _exit(st == ST_OK && finds > 5 ? 0 : 1);
    }
    int status;
    struct rusage used;
    assert_int_equal(wait4(pid, &status, 0, &used), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return used.ru_maxrss;
}

static void an_hour_takes_little_memory(void **state)
{
    const char *folder = *state;
    FREED const char *path = text_of("%s/long.wav", folder);
    write_long(path, 2, 5000);
    long small = peak_kb(path);
    write_long(path, SANITIZED ? 10 : 60, 5000);
    long large = peak_kb(path);
    print_message("2 minutes: %ld KB, the long one: %ld KB\n", small, large);
    if (!SANITIZED) {
        assert_true(large < (64 + 20) * 1024);
        /* and any number of hours, by what this one added */
        assert_true(large - small < 18 * 1024);
    }
}

/* What grows with the number of hits: between two lengths that both have more of them
 * than are kept, it grows by what an hour may take. */
static void dense_hits_take_no_more(void **state)
{
    const char *folder = *state;
    enum { SHORT_MIN = 6, LONG_MIN = SANITIZED ? 8 : 20 };
    FREED const char *path = text_of("%s/dense.wav", folder);
    write_long(path, SHORT_MIN, 150);
    long small = peak_kb(path);
    write_long(path, LONG_MIN, 150);
    long large = peak_kb(path);
    double per_hour = (double)(large - small) / 1024 * 60 / (LONG_MIN - SHORT_MIN);
    print_message("%d minutes: %ld KB, %d minutes: %ld KB, %.1f MB an hour\n", SHORT_MIN,
                  small, LONG_MIN, large, per_hour);
    if (!SANITIZED) {
        assert_true(large < (64 + 20) * 1024);
        assert_true(per_hour < 20);
    }
}

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct stop {
    atomic_bool asked, hurry;
    double after_s, asked_at;
};

/* Asks to end once the work has used so much CPU time: the same place on a busy machine.
 */
static void *ask_to_end(void *arg)
{
    struct stop *s = arg;
    double start = cpu_s();
    while (!atomic_load(&s->hurry) && cpu_s() - start < s->after_s)
        nap_ms(2);
    s->asked_at = cpu_s();
    atomic_store(&s->asked, true);
    return NULL;
}

static void ends_within_200_ms(void **state)
{
    const char *folder = *state;
    static struct recipe recipe;
    struct root r;
    assert_int_equal(root_open(&r, folder, true, NULL), ST_OK);
    assert_int_equal(demo_write(&r, demo_count() - 1, NULL), ST_OK);
    root_done(&r);
    FREED const char *path = text_of("%s/%s", folder, demo_name(demo_count() - 1));
    int cancelled = 0;
    for (double after_s = 0.02; after_s < 1; after_s *= 1.6) {
        struct stop stop = {.after_s = after_s};
        struct job_context ctx = {.cancelled = &stop.asked};
        pthread_t thread;
        size_t finds = 0;
        assert_int_equal(pthread_create(&thread, NULL, ask_to_end, &stop), 0);
        enum status st = dig_whole(path, STAGES_ALL, &ctx, &recipe, &finds);
        double ended = cpu_s();
        bool asked = atomic_load(&stop.asked);
        atomic_store(&stop.hurry, true);
        pthread_join(thread, NULL);
        /* asked just after the last look at the flag, it may still have ended well */
        assert_true(st == ST_OK || (st == ST_CANCELLED && asked));
        if (st == ST_CANCELLED) {
            cancelled++;
            assert_true(ended - stop.asked_at < (SANITIZED ? 2.0 : 0.2));
        }
    }
    assert_true(cancelled >= 4);
}

/* Somebody's own recording of the same name is worth more than the demo. */
static void the_demo_replaces_nothing(void **state)
{
    const char *folder = *state;
    OWN(root) r;
    struct err e = {0};
    int last = demo_count() - 1;
    const char *name = demo_name(last);
    assert_int_equal(root_open(&r, folder, true, NULL), ST_OK);
    assert_int_equal(root_write_file(&r, name, "mine", 4, NULL), ST_OK);
    FREED char *before = tree_hash(folder, NULL);
    assert_int_equal(demo_write_all(r.path, NULL, &e), ST_EXISTS);
    assert_non_null(strstr(e.msg, name));
    assert_non_null(strstr(e.msg, "is not from the demo"));
    FREED char *after = tree_hash(folder, NULL);
    assert_string_equal(before, after); /* nor is anything put beside it */
    free(after);
    free(before);
    assert_int_equal(root_remove(&r, name, NULL), ST_OK);
    assert_int_equal(demo_write(&r, last, NULL), ST_OK);
    before = tree_hash(folder, NULL);
    assert_int_equal(demo_write(&r, last, NULL), ST_OK); /* its own is no hindrance */
    after = tree_hash(folder, NULL);
    assert_string_equal(before, after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(an_hour_takes_little_memory),
        IN_FOLDER(dense_hits_take_no_more),
        IN_FOLDER(ends_within_200_ms),
        IN_FOLDER(the_demo_replaces_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
