/* The screens as text: what they look like is a fact that is kept in tests/golden.
 * TROWEL_REGENERATE=1 writes them anew; look at them before committing. */
#include "ui_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ui_rig rig;

static void open_rig(int rows, int cols, enum tier tier)
{
    ui_rig_init(&rig, 4, 40, rows, cols, tier);
}

static void library_at_three_sizes(void **state)
{
    (void)state;
    static const struct {
        int rows, cols;
        enum tier tier;
        const char *name;
    } sizes[] = {{24, 80, TIER_BRAILLE, "library-80x24"},
                 {30, 112, TIER_BRAILLE, "library-112x30"},
                 {100, 300, TIER_BRAILLE, "library-300x100"},
                 {24, 80, TIER_ASCII, "library-80x24-ascii"},
                 {30, 112, TIER_BLOCKS, "library-112x30-blocks"}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        open_rig(sizes[i].rows, sizes[i].cols, sizes[i].tier);
        ui_rig_keys(&rig, "] j a x j t 4 k");
        ui_rig_golden(&rig, sizes[i].name);
        ui_rig_done(&rig);
    }
}

static void library_in_its_states(void **state)
{
    (void)state;
    open_rig(30, 112, TIER_BRAILLE);
    ui_rig_keys(&rig, "] ] ] ] ]");
    ui_rig_golden(&rig, "library-drums");
    ui_rig_keys(&rig, "f");
    ui_rig_type(&rig, "class:kick dur>0.3 grade>=");
    ui_rig_golden(&rig, "library-filtering");
    ui_rig_keys(&rig, "Esc [ [ [ [ i Enter");
    ui_rig_golden(&rig, "library-why");
    ui_rig_keys(&rig, "Esc c");
    ui_rig_golden(&rig, "library-which-key");
    ui_rig_keys(&rig, "Esc f");
    ui_rig_type(&rig, "nosuchthing");
    ui_rig_keys(&rig, "Enter");
    ui_rig_golden(&rig, "library-nothing-matches");
    ui_rig_done(&rig);
}

static void a_near_miss_names_its_setting(void **state)
{
    (void)state;
    open_rig(30, 112, TIER_BRAILLE);
    ui_rig_keys(&rig, "] ] ] ] ] ] ] ]");
    char *screen = ui_rig_screen(&rig);
    assert_non_null(strstr(screen, "missed level 1.2 dB below the\n"));
    assert_non_null(strstr(screen, "       gate\n"));
    assert_non_null(strstr(screen, "gate   pad_miner.min_rms_db"));
    free(screen);
    ui_rig_done(&rig);
}

static enum status no_mining(void *user, const struct mine_request *r,
                             struct app_reply reply, struct err *e)
{
    (void)user, (void)r, (void)reply;
    return err_set(e, ST_NOTHING, "there are no recordings in the folder");
}

static void an_empty_project_says_what_to_do(void **state)
{
    (void)state;
    ui_rig_init(&rig, 0, 0, 24, 80, TIER_BRAILLE);
    rig.app.setup.ops.mine = no_mining;
    rig.app.setup.input_dir = "/disk/ada/tapes";
    ui_rig_golden(&rig, "library-empty");
    ui_rig_keys(&rig, "m");
    assert_string_equal(rig.app.echo, "there are no recordings in the folder");
    ui_rig_done(&rig);
}

static void too_small_says_so(void **state)
{
    (void)state;
    open_rig(5, 20, TIER_BRAILLE);
    ui_rig_keys(&rig, "] j");
    ui_rig_golden(&rig, "library-20x5");
    ui_rig_done(&rig);
    static const int sizes[][2] = {{1, 1},   {2, 1},   {1, 80},  {3, 7},
                                   {23, 79}, {24, 79}, {2000, 2}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        open_rig(sizes[i][0], sizes[i][1], TIER_BRAILLE);
        ui_rig_keys(&rig, "j a ? q K q : Esc ? / l o o p Enter n N q");
        free(ui_rig_screen(&rig));
        ui_rig_done(&rig);
    }
}

static void kit_as_drawn(void **state)
{
    (void)state;
    open_rig(24, 112, TIER_BRAILLE);
    ui_rig_keys(&rig, "] \" e K F P d L");
    ui_rig_golden(&rig, "kit-112x24");
    ui_rig_done(&rig);
    open_rig(24, 80, TIER_ASCII);
    ui_rig_keys(&rig, "K F P");
    ui_rig_golden(&rig, "kit-80x24-ascii");
    ui_rig_done(&rig);
}

static void other_screens(void **state)
{
    (void)state;
    open_rig(30, 112, TIER_BRAILLE);
    ui_rig_keys(&rig, "] a M");
    ui_rig_golden(&rig, "source-without-recording");
    ui_rig_keys(&rig, "q w");
    ui_rig_golden(&rig, "jobs-idle");
    ui_rig_keys(&rig, "q , j j");
    ui_rig_golden(&rig, "settings");
    ui_rig_keys(&rig, "q ?");
    ui_rig_golden(&rig, "help-library");
    ui_rig_done(&rig);
}

/* Every screen at every size from the smallest on: no crash, and state is kept. */
static void all_sizes_hold(void **state)
{
    (void)state;
    static const char *const screens[] = {"", "K", "M", "w", ",", "?", "f", "c", "Enter"};
    open_rig(24, 80, TIER_BRAILLE);
    for (size_t s = 0; s < sizeof screens / sizeof *screens; s++) {
        ui_rig_keys(&rig, screens[s]);
        for (int size = 1; size < 60; size++) {
            int row, col;
            assert_int_equal(canvas_resize(&rig.app.canvas, size, size * 4, NULL), ST_OK);
            rig.app.canvas.tier = (enum tier)(size % TIER_COUNT);
            app_draw(&rig.app, &row, &col);
            assert_true(row < size && col < size * 4);
        }
        ui_rig_keys(&rig, "Esc");
        if (rig.app.screen != SCREEN_LIBRARY)
            ui_rig_keys(&rig, "q");
        assert_int_equal(rig.app.screen, SCREEN_LIBRARY);
        rig.app.library.wide = false;
    }
    ui_rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(library_at_three_sizes),
        cmocka_unit_test(library_in_its_states),
        cmocka_unit_test(a_near_miss_names_its_setting),
        cmocka_unit_test(an_empty_project_says_what_to_do),
        cmocka_unit_test(too_small_says_so),
        cmocka_unit_test(kit_as_drawn),
        cmocka_unit_test(other_screens),
        cmocka_unit_test(all_sizes_hold),
    };
    return cmocka_run_group_tests_name("ui screens", tests, NULL, NULL);
}
