/* What the screens tell somebody who sees them for the first time: the keys that work
 * here, how to leave, what a recording holds, and nothing that was not measured. */
#include "ui_rig.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ui_rig rig;

static int set_up(void **state)
{
    (void)state;
    ui_rig_init(&rig, 2, 40, 24, 80, TIER_BRAILLE);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ui_rig_done(&rig);
    return 0;
}

static bool shown(const char *part)
{
    char *screen = ui_rig_screen(&rig);
    bool is = strstr(screen, part) != NULL;
    if (!is)
        fprintf(stderr, "no '%s' in\n%s\n", part, screen);
    free(screen);
    return is;
}

static bool hidden(const char *part)
{
    char *screen = ui_rig_screen(&rig);
    bool is = strstr(screen, part) == NULL;
    free(screen);
    return is;
}

static void resize(int rows, int cols)
{
    assert_int_equal(canvas_resize(&rig.app.canvas, rows, cols, NULL), ST_OK);
}

/* A near-miss is not measured in full: what is not known is not written down. */
static void nothing_unmeasured_is_shown(void **state)
{
    (void)state;
    struct err e;
    static struct candidate c;
    struct catalog_source src = {
        .stem = "room", .path = "room.flac", .rate_hz = 44100, .frames = 44100};
    candidate_clear(&c);
    c.kind = KIND_SILENCE;
    c.m.start_sec = 0.2;
    c.m.end_sec = 0.4;
    c.m.rms_db = -44.7;
    c.m.crest_factor = c.m.centroid_hz = c.m.peak_dbfs = c.m.lufs = (double)NAN;
    snprintf(c.missed_by, sizeof c.missed_by, "level 0.3 dB above the gate");
    snprintf(c.source, sizeof c.source, "room");
    snprintf(c.filename, sizeof c.filename, "room_silence_miss01.wav");
    assert_int_equal(session_add(rig.session, &src, &c, 1, NULL, &e), ST_OK);
    session_announce(rig.session);
    view_set_scope(rig.app.view, SCOPE_NEAR_MISSES);
    view_move_to_id(rig.app.view,
                    session_find(rig.session, session_count(rig.session) - 1)->id);
    static const int sizes[][2] = {{24, 80}, {30, 112}, {60, 200}};
    for (int i = 0; i < 3; i++) {
        resize(sizes[i][0], sizes[i][1]);
        assert_true(shown("loud   -44.7 dB\n") || shown("loud   -44.7 dB "));
        assert_true(hidden("nan"));
        assert_true(hidden("bright "));
        ui_rig_keys(&rig, "i");
        assert_true(hidden("nan"));
        ui_rig_keys(&rig, "i");
    }
}

/* On a wide screen names are read, not guessed. */
static void a_wide_list_shows_names_whole(void **state)
{
    (void)state;
    struct err e;
    static struct candidate c;
    struct catalog_source src = {
        .stem = "jam", .path = "jam.flac", .rate_hz = 44100, .frames = 44100};
    candidate_clear(&c);
    c.kind = KIND_DRONE;
    c.saved = true;
    c.m.score = 1;
    c.m.rms_db = -20;
    c.m.duration_sec = 2;
    snprintf(c.source, sizeof c.source, "jam");
    snprintf(c.filename, sizeof c.filename, "siege_of_laurelmor_pitch_+12_loop_airy.wav");
    assert_int_equal(session_add(rig.session, &src, &c, 1, NULL, &e), ST_OK);
    session_announce(rig.session);
    view_set_scope(rig.app.view, SCOPE_CATEGORY + CAT_PADS);
    ui_rig_keys(&rig, "gg j");
    resize(60, 200);
    assert_true(shown("siege_of_laurelmor_pitch_+12_loop_airy   "));
    resize(24, 80);
    assert_true(shown("siege_of…ch_+12_loop_airy"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_unmeasured_is_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wide_list_shows_names_whole, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("ui told", tests, NULL, NULL);
}
