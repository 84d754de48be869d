/* How long a key takes in a large project. Only where nothing is instrumented: elsewhere
 * it would be the checks' time that is measured. */
#include "checks.h"
#include "ui_rig.h"

#include <stdlib.h>
#include <time.h>

/* Of this thread's work: what else the machine has to do does not count. */
static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Key to canvas, 100,000 finds: less than a millisecond on a machine of its own. */
static void keys_are_quick_in_a_large_project(void **state)
{
    enum { KEYS = 300 };
    static double took[KEYS];
    static const char *const keys[] = {"j", "j", "j", "^D", "k",
                                       "]", "j", "G", "gg", "J"};
    struct ui_rig big;
    ui_rig_init(&big, 50, 2000, 50, 160, TIER_BRAILLE);
    int row, col;
    app_draw(&big.app, &row, &col);
    for (int i = 0; i < KEYS; i++) {
        double from = seconds();
        ui_rig_keys(&big, keys[i % 10]);
        app_draw(&big.app, &row, &col);
        took[i] = seconds() - from;
    }
    qsort(took, KEYS, sizeof *took, by_size);
    print_message("100,000 finds: median %.2f ms, p99 %.2f ms\n", took[KEYS / 2] * 1e3,
                  took[KEYS * 99 / 100] * 1e3);
    assert_true(took[KEYS / 2] < 0.004);
    /* the counts of so many stand apart */
    assert_true(ui_rig_shows_at(&big, 50, 160, " all         95000     0     0  95000 "));
    assert_true(ui_rig_shows_at(&big, 50, 160, " near misses  5000 "));
    assert_true(ui_rig_shows_at(&big, 24, 80, " near misses 5000 "));
    ui_rig_done(&big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_quick_in_a_large_project),
    };
    return cmocka_run_group_tests_name("ui speed", tests, NULL, NULL);
}
