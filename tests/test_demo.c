/* The demo, from recordings to a kit, as a new user runs it first: all of the program in
 * one command. */
#include "batch_rig.h"
#include "checks.h"

#include <string.h>

static void run_in(const char *folder, char *jobs)
{
    OWN(outcome) o;
    char *words[] = {TROWEL_BIN, "--batch", "demo", "--jobs", jobs, NULL};
    program_run(&o, folder, words);
    assert_int_equal(o.exit_status, 0);
    assert_true(text_has(o.out, "to look around:   ./run.sh demo/export/DEMO"));
}

static size_t times_said(const char *text, const char *word)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, word)); at++)
        n++;
    return n;
}

/* Every kind of sound is found, and every instrument of the machine gets its sample, all
 * but one a drum of its own class. */
static void check_what_came_out(const char *folder)
{
    static const char *const kinds[] = {",pad,",   ",drone,",     ",swell,",
                                        ",cloud,", ",hiss_loop,", ",hiss_flicker,",
                                        ",drum,",  ",silence,"};
    static const char *const instruments[] = {"BD_", "SD_", "LT_", "MT_", "HT_", "RS_",
                                              "HC_", "CH_", "OH_", "CC_", "RC_"};
    char path[FOLDER_BYTES];
    FREED char *found =
        file_read(folder_path(path, folder, "demo/export/DEMO/manifest.csv"), NULL);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        assert_true(times_said(found, kinds[i]) >= 2);
    FREED char *sheet =
        file_read(folder_path(path, folder, "demo/kits/DEMO/ASSIGN.txt"), NULL);
    for (size_t i = 0; i < sizeof instruments / sizeof *instruments; i++)
        assert_int_equal(times_said(sheet, instruments[i]), 1);
    assert_true(times_said(sheet, "stand-in") <= 1);
    assert_true(folder_has(folder, "demo/kits/DEMO/report.html"));
}

/* The same bytes, however many threads there are and however often it is done. */
static void it_goes_from_recordings_to_a_kit(void **state)
{
    char one[FOLDER_BYTES], two[FOLDER_BYTES];
    folder_path(one, *state, "one");
    folder_path(two, *state, "two");
    folder_write(one, "here", "", 0);
    folder_write(two, "here", "", 0);
    run_in(one, "1");
    check_what_came_out(one);
    FREED char *first = tree_hash(one, "catalog.db");
    run_in(two, "2");
    FREED char *second = tree_hash(two, "catalog.db");
    assert_string_equal(first, second);
    run_in(one, "2");
    FREED char *again = tree_hash(one, "catalog.db");
    assert_string_equal(first, again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_FOLDER(it_goes_from_recordings_to_a_kit)};
    return cmocka_run_group_tests_name("demo", tests, NULL, NULL);
}
