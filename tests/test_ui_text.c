/* ui/utf8, ui/canvas, ui/paint: names that would tear a screen, and pictures in cells. */
#include "checks.h"
#include "ui/canvas.h"
#include "ui/paint.h"
#include "ui/state.h"
#include "ui_rig.h"

#include <locale.h>
#include <math.h>
#include <string.h>

static struct canvas canvas;

static struct area fresh(int rows, int cols, enum tier tier)
{
    assert_int_equal(canvas_resize(&canvas, rows, cols, NULL), ST_OK);
    canvas.tier = tier;
    return canvas_area(&canvas);
}

static void check(const char *expected)
{
    FREED char *text = canvas_dump(&canvas);
    assert_string_equal(text, expected);
}

static void widths_are_known(void **state)
{
    assert_int_equal(utf8_cells("night-train"), 11);
    assert_int_equal(utf8_cells("h\xC3\xA9llo"), 5);
    assert_int_equal(utf8_cells("he\xCC\x81llo"), 5); /* combining acute */
    assert_int_equal(utf8_cells("\xE6\x97\xA5\xE6\x9C\xAC"), 4);
    assert_int_equal(utf8_cells("\xF0\x9F\xA5\x81"), 2); /* a drum */
    assert_int_equal(utf8_cells("a\xFF\xFE"
                                "b"),
                     4);                           /* broken bytes: one each */
    assert_int_equal(utf8_cells("a\x1b[31mb"), 7); /* escape becomes a dot */
    assert_int_equal(utf8_cells("a\xE2\x80\xAE"
                                "b"),
                     2);                          /* right-to-left override: gone */
    assert_int_equal(utf8_cells("\xCC\x81x"), 2); /* a mark with nothing below */
    assert_int_equal(utf8_cells("\xE2\x80"), 1);  /* cut short */
}

static void marks_beyond_two_are_dropped(void **state)
{
    const char *s = "z\xCC\x80\xCC\x81\xCC\x82\xCC\x83y";
    struct cluster c;
    assert_true(utf8_next(&s, &c));
    assert_int_equal(c.base, 'z');
    assert_int_equal(c.mark[0], 0x300);
    assert_int_equal(c.mark[1], 0x301);
    assert_true(utf8_next(&s, &c));
    assert_int_equal(c.base, 'y');
    assert_false(utf8_next(&s, &c));
}

static void names_are_cut_where_it_helps(void **state)
{
    char to[64];
    utf8_fit(to, sizeof to, "rehearsal-3_pad02_dark", 10, CUT_END, "~");
    assert_string_equal(to, "rehearsal~");
    /* between words; numbers, which tell names apart, stay whole */
    static const struct {
        const char *whole;
        int cells;
        const char *cut;
    } middle[] = {{"rehearsal-3_pad02_dark", 11, "reh~02_dark"},
                  {"rehearsal-3_pad02_dark", 20, "rehears~3_pad02_dark"},
                  {"frantic-old_drum_1145_snare", 20, "frantic-~_1145_snare"},
                  {"organ-drone_pitch_+12_loop_dark", 20, "organ-~+12_loop_dark"},
                  {"knolls_stretch_2x_swell01", 20, "knolls_s~_2x_swell01"},
                  {"night-train_pad21_bright", 17, "night-t~21_bright"},
                  {"unbroken0123456789", 10, "unb~456789"},
                  {"unbrokenthroughout", 10, "unb~ughout"},
                  {"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E_drum_012_kick", 14,
                   "\xE6\x97\xA5\xE6\x9C\xAC~012_kick"}};
    for (size_t i = 0; i < sizeof middle / sizeof *middle; i++) {
        utf8_fit(to, sizeof to, middle[i].whole, middle[i].cells, CUT_MIDDLE, "~");
        assert_string_equal(to, middle[i].cut);
        assert_true(utf8_cells(to) <= middle[i].cells);
    }
    utf8_fit(to, sizeof to, "short", 5, CUT_MIDDLE, "~");
    assert_string_equal(to, "short");
    utf8_fit(to, sizeof to, "anything", 0, CUT_END, "~");
    assert_string_equal(to, "");
    utf8_fit(to, sizeof to, "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", 4, CUT_END, "~");
    assert_string_equal(to, "\xE6\x97\xA5~"); /* no half character */
    char five[] = "......"; /* room for four and the end, and what is not ours */
    utf8_fit(five, 5, "abcde", 9, CUT_END, "~");
    assert_memory_equal(five, "abcd\0.", 6);
    char tiny[6];
    utf8_fit(tiny, sizeof tiny, "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 9, CUT_END, "~");
    assert_string_equal(tiny, "\xC3\xA9\xC3\xA9");
}

static void nothing_leaves_its_area(void **state)
{
    struct area all = fresh(3, 10, TIER_BRAILLE);
    for (int r = 0; r < all.rows; r++)
        area_text(&all, r, 0, ROLE_TEXT, "..........");
    struct area in = area_sub(&all, 1, 2, 1, 4);
    area_text(&in, 0, -2, ROLE_TEXT, "abcdefghijkl");
    area_text(&in, 1, 0, ROLE_TEXT, "below");
    area_text(&in, -1, 0, ROLE_TEXT, "above");
    check("..........\n..cdef....\n..........\n");
    struct area none = area_sub(&all, 2, 50, 7, 7);
    assert_int_equal(none.cols, 0);
    area_text(&none, 0, 0, ROLE_TEXT, "x");
}

static void wide_characters_are_whole_or_not_there(void **state)
{
    struct area a = fresh(1, 6, TIER_BRAILLE);
    area_text(&a, 0, 0, ROLE_TEXT, "\xE6\x97\xA5\xE6\x9C\xAC!");
    area_text(&a, 0, 1, ROLE_TEXT, "x"); /* on the right half of the first */
    check(" x\xE6\x9C\xAC!\n");
    area_text(&a, 0, 2, ROLE_TEXT, "y"); /* on the left half of the second */
    check(" xy !\n");
    a = fresh(1, 3, TIER_BRAILLE);
    area_text(&a, 0, 0, ROLE_TEXT, "ab\xE6\x97\xA5"); /* no room for its second half */
    check("ab\n");
}

static void ascii_screens_hold_ascii_only(void **state)
{
    struct area a = fresh(2, 30, TIER_ASCII);
    area_text(&a, 0, 0, ROLE_TEXT, "caf\xC3\xA9 \xE6\x97\xA5 \xE2\x80\x93 \xC2\xB7");
    area_glyph(&a, 1, 0, ROLE_TEXT, GLYPH_ACCEPTED);
    area_glyph(&a, 1, 1, ROLE_TEXT, GLYPH_REJECTED);
    area_glyph(&a, 1, 2, ROLE_TEXT, GLYPH_STAR);
    FREED char *text = canvas_dump(&canvas);
    for (const char *c = text; *c; c++)
        assert_true((unsigned char)*c < 0x80);
    assert_string_equal(text, "caf? ? - .\n+x*\n");
}

/* The C locale knows no character beyond ASCII, but our sentences keep their sense. */
static void sentences_are_readable_in_the_c_locale(void **state)
{
    setlocale(LC_CTYPE, "C");
    struct area a = fresh(1, 30, TIER_ASCII);
    area_text(&a, 0, 0, ROLE_TEXT, "rejected a \xC2\xB7 u undoes \xE2\x80\xA6");
    setlocale(LC_CTYPE, "C.UTF-8");
    check("rejected a . u undoes ~\n");
}

static void glyphs_fall_back(void **state)
{
    for (int g = 0; g < GLYPH_COUNT; g++) {
        assert_true(glyph_code((enum glyph)g, TIER_ASCII) < 0x7F);
        for (int t = 0; t < TIER_COUNT; t++) {
            const char *s = glyph_text((enum glyph)g, (enum tier)t);
            assert_int_equal(utf8_cells(s), 1);
            uint32_t code;
            utf8_decode(s, strlen(s), &code);
            assert_int_equal(code, glyph_code((enum glyph)g, (enum tier)t));
        }
    }
    assert_int_equal(tier_for("xterm-256color", 1), TIER_BRAILLE);
    assert_int_equal(tier_for("linux", 1), TIER_BLOCKS);
    assert_int_equal(tier_for("vt100", 1), TIER_ASCII);
    assert_int_equal(tier_for("xterm-256color", 0), TIER_ASCII);
}

static void bars_fill_by_eighths(void **state)
{
    struct area a = fresh(4, 12, TIER_BRAILLE);
    paint_bar(&a, 0, 0, 12, 0.45);
    paint_bar(&a, 1, 0, 12, 1);
    paint_bar(&a, 2, 0, 12, (double)NAN);
    paint_bar(&a, 3, 0, 12, -3);
    check("▕████▌     ▏\n▕██████████▏\n▕          ▏\n▕          ▏\n");
    a = fresh(1, 12, TIER_ASCII);
    paint_bar(&a, 0, 0, 12, 0.45);
    check("[#####     ]\n");
}

static void waves_fill_three_tiers(void **state)
{
    struct overview_column w[8];
    for (int i = 0; i < 8; i++)
        w[i] = (struct overview_column){-(float)i / 8, (float)i / 8, 0};
    struct area a = fresh(2, 4, TIER_BRAILLE);
    paint_wave(&a, w, 8, 1, 0, 1);
    check("⣀⣠⣴⣾\n⠈⠙⠻⢿\n");
    a = fresh(2, 4, TIER_BLOCKS);
    paint_wave(&a, w, 8, 1, 0, 1);
    check("  ▂▆\n▂▆██\n");
    a = fresh(2, 4, TIER_ASCII);
    paint_wave(&a, w, 8, 1, 0, 1);
    check("  :*\n:*##\n");
}

static void curves_show_their_threshold(void **state)
{
    float v[4] = {0, 0.5F, 1, (float)NAN};
    struct area a = fresh(2, 4, TIER_BLOCKS);
    paint_curve(&a, v, 4, 0, 1, 0.6);
    check("────\n▁██\n"); /* least is seen, unknown is not */
    assert_int_equal(canvas.cell[0].ink, ROLE_THRESHOLD);
    paint_curve(&a, v, 0, 0, 1, 0.6);
    paint_curve(&a, v, 4, 1, 1, 0.6);
}

/* Rounded as a whole: no 60th second, no tenth lost. */
static void times_round_to_the_next_minute(void **state)
{
    static const struct {
        double seconds;
        int decimals;
        const char *text;
    } said[] = {{59.96, 1, "1:00.0"},       {3.96, 1, "0:04.0"},
                {3599.7, 0, "1:00:00"},     {0.4, 0, "0:00"},
                {3723.25, 2, "1:02:03.25"}, {(double)NAN, 0, "0:00"}};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        char text[24];
        words_time(text, sizeof text, said[i].seconds, said[i].decimals);
        assert_string_equal(text, said[i].text);
    }
}

static void spectrograms_use_the_ramp_or_density(void **state)
{
    float v[4] = {0, 1, 1, 0}; /* two rows, two columns; row 0 is low */
    struct area a = fresh(2, 2, TIER_ASCII);
    paint_spectrogram(&a, v, 2, 2, false);
    check("#\n #\n");
    a = fresh(1, 2, TIER_BRAILLE);
    paint_spectrogram(&a, v, 2, 2, true);
    assert_int_equal(canvas.cell[0].ink_level, 255);
    assert_int_equal(canvas.cell[0].ground_level, 1);
    assert_int_equal(canvas.cell[1].ink_level, 1);
    assert_int_equal(canvas.cell[1].ground_level, 255);
}

static int tear_down(void **state)
{
    canvas_done(&canvas);
    return 0;
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths_are_known),
        cmocka_unit_test(marks_beyond_two_are_dropped),
        cmocka_unit_test(names_are_cut_where_it_helps),
        cmocka_unit_test(nothing_leaves_its_area),
        cmocka_unit_test(wide_characters_are_whole_or_not_there),
        cmocka_unit_test(ascii_screens_hold_ascii_only),
        cmocka_unit_test(sentences_are_readable_in_the_c_locale),
        cmocka_unit_test(glyphs_fall_back),
        cmocka_unit_test(bars_fill_by_eighths),
        cmocka_unit_test(waves_fill_three_tiers),
        cmocka_unit_test(curves_show_their_threshold),
        cmocka_unit_test(times_round_to_the_next_minute),
        cmocka_unit_test(spectrograms_use_the_ramp_or_density),
    };
    return cmocka_run_group_tests_name("ui text", tests, NULL, tear_down);
}
