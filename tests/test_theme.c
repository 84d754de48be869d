/* io/theme: the shipped themes, what files may say, and how colours fall back. */
#include "io/theme.h"

#include "checks.h"
#include "folder.h"
#include "ui/themes.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static const char *const role_names[ROLE_COUNT] = {
#define ROLE(id, name, attributes, help) name,
#include "io/theme_roles.def"
#undef ROLE
};

static const char *const shipped[] = {"dusk",  "day",      "contrast", "clear",
                                      "amber", "terminal", "kiln"};

/* Relative luminance and contrast of WCAG 2, section 1.4.3. */
static double luminance(int colour)
{
    int rgb[3];
    double sum = 0;
    static const double weight[3] = {0.2126, 0.7152, 0.0722};
    theme_rgb(colour, &rgb[0], &rgb[1], &rgb[2]);
    for (int i = 0; i < 3; i++) {
        double v = rgb[i] / 255.0;
        sum += weight[i] * (v <= 0.03928 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
    }
    return sum;
}

static double contrast(int a, int b)
{
    double x = luminance(a) + 0.05, y = luminance(b) + 0.05;
    return x > y ? x / y : y / x;
}

static bool is_faint(int role)
{
    return role == ROLE_BORDER || role == ROLE_STEP_OFF || role == ROLE_WAVEFORM_DIM;
}

static void shipped_themes_are_complete_and_legible(void **state)
{
    for (size_t i = 0; i < sizeof shipped / sizeof *shipped; i++) {
        struct theme t;
        struct err e;
        FREED const char *path = text_of(SOURCE_DIR "/themes/%s.yaml", shipped[i]);
        if (theme_load(&t, path, NULL, &e))
            fail_msg("%s", e.msg);
        assert_string_equal(t.name, shipped[i]);
        assert_in_range(t.spectrum_count, 5, THEME_SPECTRUM_MAX);
        /* Only that one leaves the ground to the terminal: light ink of another would be
         * gone on a light one. */
        bool own = strcmp(shipped[i], "terminal") == 0;
        for (int r = 0; r < ROLE_COUNT && !own; r++) {
            struct look l = t.look[THEME_256][r];
            int bg = l.bg, fg = l.fg;
            assert_true(bg >= 0 && fg >= 0 && t.look[THEME_16][r].bg >= 0);
            double least = is_faint(r) ? 1.5 : 3.0;
            if (contrast(fg, bg) < least)
                fail_msg("%s: %s has a contrast of %.2f", shipped[i], role_names[r],
                         contrast(fg, bg));
            struct look few = t.look[THEME_16][r];
            assert_true(few.fg < 16 && few.bg < 16);
            if (few.fg >= 0 && few.fg == few.bg)
                fail_msg("%s: %s is invisible with 16 colours", shipped[i],
                         role_names[r]);
        }
        for (int r = 0; r < ROLE_COUNT; r++) {
            /* blue on a console's black has a contrast of 1.6, on xterm's of 2.2 */
            struct look few = t.look[THEME_16][r];
            if (few.fg == 4 && few.bg <= 0 && !is_faint(r))
                fail_msg("%s: %s is hardly seen in 16 colours", shipped[i],
                         role_names[r]);
            /* how much a terminal takes off, from a third to all but a third, is its own
             */
            assert_false(t.look[THEME_256][r].attributes & ATTR_DIM);
            assert_int_equal(t.look[THEME_MONO][r].fg, -1);
            assert_int_equal(t.look[THEME_MONO][r].bg, -1);
        }
    }
}

static void high_contrast_is_high(void **state)
{
    struct theme t;
    assert_int_equal(theme_load(&t, SOURCE_DIR "/themes/contrast.yaml", NULL, NULL),
                     ST_OK);
    for (int r = 0; r < ROLE_COUNT; r++) {
        struct look l = t.look[THEME_256][r];
        if (contrast(l.fg, l.bg) < 7.0 && r != ROLE_ERROR && r != ROLE_METER_HIGH)
            fail_msg("%s: %.1f", role_names[r], contrast(l.fg, l.bg));
        assert_true(contrast(l.fg, l.bg) >= 4.5);
    }
}

/* Nothing vanishes in the row under the cursor, nor a step at the moment it sounds. */
static void ink_is_seen_on_every_ground(void **state)
{
    static const enum role on_cursor[] = {ROLE_TEXT,     ROLE_DIM,      ROLE_STRONG,
                                          ROLE_ACCEPTED, ROLE_REJECTED, ROLE_KEY,
                                          ROLE_STEP_ON,  ROLE_STEP_OFF};
    for (size_t i = 0; i < sizeof shipped / sizeof *shipped; i++) {
        struct theme t;
        FREED const char *path = text_of(SOURCE_DIR "/themes/%s.yaml", shipped[i]);
        assert_int_equal(theme_load(&t, path, NULL, NULL), ST_OK);
        for (int depth = THEME_256; depth <= THEME_16; depth++) {
            for (size_t k = 0; k < sizeof on_cursor / sizeof *on_cursor; k++) {
                struct look l =
                    theme_over(&t, (enum theme_depth)depth, on_cursor[k], ROLE_CURSOR);
                if (l.fg == l.bg && l.fg >= 0)
                    fail_msg("%s: %s is unseen under the cursor", shipped[i],
                             role_names[on_cursor[k]]);
            }
            struct look on =
                theme_over(&t, (enum theme_depth)depth, ROLE_STEP_ON, ROLE_STEP_NOW);
            if (on.bg >= 0 && contrast(on.fg < 0 ? 252 : on.fg, on.bg) < 3)
                fail_msg("%s: a step is unseen while it sounds", shipped[i]);
        }
    }
}

static void states_differ_without_colour(void **state)
{
    struct theme t;
    theme_builtin(&t);
    assert_true(t.look[THEME_MONO][ROLE_CURSOR].attributes & ATTR_REVERSE);
    assert_true(t.look[THEME_MONO][ROLE_ACCEPTED].attributes !=
                t.look[THEME_MONO][ROLE_REJECTED].attributes);
    assert_true(t.look[THEME_MONO][ROLE_ACCEPTED].attributes !=
                t.look[THEME_MONO][ROLE_UNDECIDED].attributes);
}

static void colours_fall_to_the_nearest(void **state)
{
    assert_int_equal(theme_nearest_256(255, 255, 255), 231);
    assert_int_equal(theme_nearest_256(0, 0, 0), 16);
    assert_int_equal(theme_nearest_256(0xd7, 0x87, 0x5f), 173);
    assert_int_equal(theme_nearest_256(0x80, 0x80, 0x80), 244);
    assert_int_equal(theme_nearest_16(5), 5);
    assert_int_equal(theme_nearest_16(16), 0);
    assert_int_equal(theme_nearest_16(231), 15);
    assert_int_equal(theme_nearest_16(196), 9);
    for (int c = 16; c < 256; c++) {
        int r, g, b, r2, g2, b2, same;
        theme_rgb(c, &r, &g, &b);
        same = theme_nearest_256(r, g, b);
        theme_rgb(same, &r2, &g2, &b2);
        assert_true(r == r2 && g == g2 && b == b2);
    }
}

static void the_spectrum_may_stand_among_the_roles(void **state)
{
    struct theme t;
    struct err e;
    static const char text[] = "name: mine\n"
                               "roles:\n"
                               "  text: {fg: 252}\n"
                               "  spectrum: [236, 238, 95, 131]   # ramp, low to high\n";
    if (theme_parse(&t, text, sizeof text - 1, "t.yaml", &e))
        fail_msg("%s", e.msg);
    assert_int_equal(t.spectrum_count, 4);
}

static void files_say_what_they_mean(void **state)
{
    struct theme t;
    struct err e;
    static const char text[] = "name: mine\n"
                               "roles:\n"
                               "  text: {fg: 252, bg: 235}\n"
                               "  cursor: {fg: '#ffffff', bg: bright blue, bold: true}\n"
                               "  warning: {fg: 214, fg16: bright yellow}\n"
                               "  dim: {reverse: true}\n"
                               "spectrum: [red, 226, '#00ff00']\n";
    if (theme_parse(&t, text, sizeof text - 1, "t.yaml", &e))
        fail_msg("%s", e.msg);
    assert_int_equal(t.look[THEME_256][ROLE_CURSOR].fg, 231);
    assert_int_equal(t.look[THEME_256][ROLE_CURSOR].bg, 12);
    assert_int_equal(t.look[THEME_256][ROLE_CURSOR].attributes, ATTR_BOLD);
    assert_int_equal(t.look[THEME_16][ROLE_WARNING].fg, 11);
    assert_int_equal(t.look[THEME_256][ROLE_WARNING].bg, 235);
    assert_int_equal(t.look[THEME_256][ROLE_DIM].fg, 252);
    assert_int_equal(t.look[THEME_256][ROLE_HINT].fg, 252); /* not given: like text */
    assert_int_equal(t.look[THEME_256][ROLE_HINT].attributes, ATTR_DIM);
    assert_int_equal(t.spectrum_count, 3);
    assert_int_equal(t.spectrum[1], 226);
}

static void mistakes_are_told_with_their_lines(void **state)
{
    static const char *const bad[][2] = {
        {"roles:\n  txet: {fg: 1}\n", "t.yaml:2: there is no role txet"},
        {"roles:\n  text: {fg: 256}\n", "t.yaml:2: fg is 256; expected a colour"},
        {"roles:\n  text: {fg: pink}\n", "t.yaml:2: fg is pink; expected a colour"},
        {"roles:\n  text: {fg: '#12345'}\n", "t.yaml:2: fg is #12345"},
        {"roles:\n  text: {fg16: 99}\n",
         "t.yaml:2: fg16 is 99; expected one of the first"},
        {"roles:\n  text:\n    bold: 3\n", "t.yaml:3: bold is 3; expected true or false"},
        {"roles:\n  text: {colour: 3}\n", "t.yaml:2: unknown key colour"},
        {"roles:\n  text: 7\n", "t.yaml:2: text is 7; expected a mapping"},
        {"roles: []\n", "t.yaml:1: roles is a list"},
        {"spectrum: [1]\n", "t.yaml:1: spectrum is a list; expected a list of 2"},
        {"spectrum: [1, x]\n", "t.yaml:1: a colour of spectrum is x"},
        {"name: a/b\n", "t.yaml:1: name is a/b"},
        {"colors: {}\n", "t.yaml:1: unknown key colors"},
        {"[1]\n", "t.yaml:1: the theme is a list"},
        {"extends: dusk\n", "t.yaml:1: extends needs a theme in a file"},
        {"a: [", "t.yaml:"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct theme t;
        struct err e;
        assert_int_equal(theme_parse(&t, bad[i][0], strlen(bad[i][0]), "t.yaml", &e),
                         ST_CONFIG);
        if (strncmp(e.msg, bad[i][1], strlen(bad[i][1])) != 0)
            fail_msg("%s\nis not\n%s", e.msg, bad[i][1]);
    }
}

static void themes_extend_one_another(void **state)
{
    const char *folder = *state;
    char path[FOLDER_BYTES];
    struct theme t;
    struct err e;
    static const char mine[] = "extends: dusk\nroles: {text: {fg: 1}}\n";
    folder_write(folder, "mine.yaml", mine, sizeof mine - 1);
    folder_path(path, folder, "mine.yaml");
    assert_int_equal(theme_load(&t, path, NULL, &e), ST_CONFIG);
    assert_non_null(strstr(e.msg, "there is no theme dusk"));
    assert_int_equal(theme_load(&t, path, SOURCE_DIR "/themes", &e), ST_OK);
    assert_int_equal(t.look[THEME_256][ROLE_TEXT].fg, 1);
    assert_int_equal(t.look[THEME_256][ROLE_CURSOR].bg, 180);
    /* as the workstation looks for them: one's own folder first, the shipped ones after
     */
    FREED const char *list = text_of("%s:/nonexistent:" SOURCE_DIR "/themes", folder);
    assert_int_equal(themes_load(&t, list, "mine", &e), ST_OK);
    assert_string_equal(t.name, "mine"); /* its file's; no other was given */
    assert_int_equal(t.look[THEME_256][ROLE_TEXT].fg, 1);
    assert_int_equal(t.look[THEME_256][ROLE_CURSOR].bg, 180);
    assert_int_equal(themes_load(&t, list, path, &e), ST_OK);
    folder_write(folder, "dusk.yaml", mine, sizeof mine - 1); /* over the one it names */
    assert_int_equal(themes_load(&t, list, "dusk", &e), ST_OK);
    assert_int_equal(t.look[THEME_256][ROLE_TEXT].fg, 1);
    assert_int_equal(t.look[THEME_256][ROLE_CURSOR].bg, 180);
    unlink(folder_path(path, folder, "dusk.yaml"));
    folder_write(folder, "a.yaml", "extends: b\n", 11);
    folder_write(folder, "b.yaml", "extends: a\n", 11);
    assert_int_equal(theme_load(&t, folder_path(path, folder, "a.yaml"), NULL, &e),
                     ST_CONFIG);
    assert_non_null(strstr(e.msg, "in a circle"));
    folder_write(folder, "c.yaml", "extends: ../x\n", 14);
    assert_int_equal(theme_load(&t, folder_path(path, folder, "c.yaml"), NULL, &e),
                     ST_CONFIG);
    assert_int_equal(strncmp(e.msg, "c.yaml:1: ", 10), 0); /* on one line of a screen */
    folder_write(folder, "d.yaml", "a: [", 4);
    assert_int_equal(theme_load(&t, folder_path(path, folder, "d.yaml"), NULL, &e),
                     ST_CONFIG);
    assert_int_equal(strncmp(e.msg, "d.yaml:", 7), 0);
    assert_int_equal(theme_load(&t, folder_path(path, folder, "none.yaml"), NULL, &e),
                     ST_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_themes_are_complete_and_legible),
        cmocka_unit_test(high_contrast_is_high),
        cmocka_unit_test(ink_is_seen_on_every_ground),
        cmocka_unit_test(states_differ_without_colour),
        cmocka_unit_test(colours_fall_to_the_nearest),
        cmocka_unit_test(the_spectrum_may_stand_among_the_roles),
        cmocka_unit_test(files_say_what_they_mean),
        cmocka_unit_test(mistakes_are_told_with_their_lines),
        IN_FOLDER(themes_extend_one_another),
    };
    return cmocka_run_group_tests_name("theme", tests, NULL, NULL);
}
