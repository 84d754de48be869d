/* The parts of a score read back in plain units are what was measured. */
#include "checks.h"

#include "core/why.h"
#include "io/config.h"
#include "io/paths.h"
#include "io/text.h"

#include "dsp/part_units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *said(enum kind kind, const char *part, double value, double seam_db)
{
    static char text[64];
    struct candidate c;
    candidate_clear(&c);
    c.kind = kind;
    c.m.seam_error_db = seam_db;
    parts_add(&c.parts, part, value);
    why_part(&c, 0, text, sizeof text);
    return text;
}

static double falling(double x, double half)
{
    return 1 / (1 + pow(x / half, 2));
}

static void measured_values_come_back(void **state)
{
    assert_string_equal(said(KIND_PAD, "steady", falling(1.4, PAD_STEADY_HALF_DB), 0),
                        "level moves 1.4 dB");
    assert_string_equal(
        said(KIND_SILENCE, "steady", falling(1.4, SILENCE_STEADY_HALF_DB), 0),
        "level moves 1.4 dB");
    assert_string_equal(said(KIND_PAD, "spectrum", falling(0.07, PAD_SPECTRUM_HALF), 0),
                        "timbre or notes move 7 %");
    assert_string_equal(
        said(KIND_SILENCE, "spectrum", falling(0.07, SILENCE_SPECTRUM_HALF), 0),
        "timbre moves 7 %");
    assert_string_equal(said(KIND_SWELL, "even", 1 / (1 + 3.3 / MADE_EVEN_HALF_DB), 0),
                        "level moves 3.3 dB");
    assert_string_equal(said(KIND_DRUM, "isolation",
                             (24 - DRUM_ISOLATION_NONE_DB) / DRUM_ISOLATION_SPAN_DB, 0),
                        "24 dB quieter before");
    assert_string_equal(said(KIND_DRUM, "decay", 1, 0), "falls 43+ dB to its end");
    assert_string_equal(said(KIND_PAD, "rich", (5 - PAD_RICH_NONE) / PAD_RICH_SPAN, 0),
                        "5 bands sound");
    assert_string_equal(said(KIND_CLOUD, "seam", 0.4, -36.2), "loop joins at -36 dB");
    assert_string_equal(said(KIND_PAD, "seam", 0.4, (double)NAN), "");
    assert_string_equal(said(KIND_DRUM, "band", 0.4, 0), "how far up its recording goes");
    assert_string_equal(said(KIND_PAD, "calm", 1, 0), "no onset inside");
    assert_string_equal(said(KIND_PAD, "calm", 0.6, 0), "onsets inside");
    assert_string_equal(said(KIND_PAD, "attack", 0.6, 0), ""); /* of drums only */
}

/* What is told is true of the find, not of a good one. */
static void a_low_part_is_told_as_such(void **state)
{
    static const char *const told[][3] = {
        {"drum", "a drum, not a note", "rather a note than a drum"},
        {"alone", "nothing struck with it", "something struck with it"},
        {"low", "no kick or bass in it", "kick or bass in it"},
        {"clean", "one hit, not clipped", "rises again, or is clipped"},
        {"bass", "taken out below 300 Hz", "taken out below 300 Hz"},
    };
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        assert_string_equal(said(KIND_DRUM, told[i][0], 0.5, 0), told[i][1]);
        assert_string_equal(said(KIND_DRUM, told[i][0], 0.49, 0), told[i][2]);
    }
    assert_string_equal(said(KIND_SILENCE, "noise", 0.1, 0), "noise against tone");
}

static void every_part_of_the_miners_is_explained(void **state)
{
    static const struct {
        enum kind kind;
        const char *parts[9];
    } all[] = {
        {KIND_PAD, {"steady", "spectrum", "tonal", "calm", "rich", "seam"}},
        {KIND_DRUM,
         {"isolation", "attack", "decay", "clean", "level", "body", "low", "drum"}},
        {KIND_DRUM, {"alone", "bass", "range", "company"}},
        {KIND_SILENCE, {"steady", "spectrum", "still", "noise", "length", "rumble"}},
        {KIND_DRONE, {"source", "even", "seam"}},
        {KIND_FLICKER, {"source", "even"}},
        {KIND_CLOUD, {"source", "even", "seam", "tonal"}},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (int p = 0; all[i].parts[p]; p++)
            assert_true(said(all[i].kind, all[i].parts[p], 0.5, -30)[0] != '\0');
}

/* The settings are there, and the words are those of the miners. */
static void a_near_miss_names_its_setting(void **state)
{
    static const struct {
        enum kind kind;
        const char *missed_by, *setting, *also;
    } all[] = {
        {KIND_PAD, "level 1.2 dB below the gate", "pad_miner.min_rms_db", NULL},
        {KIND_PAD, "0.03 onsets a second above the gate",
         "pad_miner.max_onset_rate_per_second", ", or separation.pads"},
        {KIND_PAD, "its loop has 1.4 onsets a second above the gate",
         "pad_miner.max_onset_rate_per_second", ", or separation.pads"},
        {KIND_PAD, "level 1.2 dB above stable ground's", "pre_analysis.max_rms_db", NULL},
        {KIND_PAD, "level 1.2 dB below stable ground's", "pre_analysis.min_rms_db", NULL},
        {KIND_PAD, "12 % more stable ground needed", "pre_analysis.enabled", NULL},
        {KIND_PAD, "clipped in 2 places", "pre_analysis.skip_clipped_regions", NULL},
        {KIND_PAD, "level swings 3.0 dB too much", "", NULL},
        {KIND_DRUM, "peak 1.0 dB below the gate", "drum_miner.min_peak_db", NULL},
        {KIND_DRUM, "2.0 % of it clipped, not under 1 %", "drum_miner.max_peak_db", NULL},
        {KIND_DRUM, "11 ms shorter than allowed", "drum_miner.min_length_sec", NULL},
        {KIND_DRUM, "not among the best 2000", "drum_miner.max_saved_per_file", NULL},
        {KIND_SILENCE, "level 1.2 dB above the gate", "silence_miner.max_rms_db", NULL},
        {KIND_SILENCE, "clicks: crest above 5.0", "silence_miner.max_crest", NULL},
        {KIND_SILENCE, "900 ms shorter than allowed", "silence_miner.min_duration_sec",
         NULL},
        {KIND_SILENCE, "a gap of 0.19 s: room tone needs at least 0.25 s", "", NULL},
        {KIND_SILENCE, "something begins in it", "", NULL},
    };
    char text[WHY_MISSED_BYTES], expected[WHY_MISSED_BYTES];
    struct candidate c;
    candidate_clear(&c);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        c.kind = all[i].kind;
        snprintf(c.missed_by, sizeof c.missed_by, "%s", all[i].missed_by);
        assert_string_equal(why_setting(&c), all[i].setting);
        assert_true(*all[i].setting == '\0' || config_find(all[i].setting) >= 0);
        snprintf(expected, sizeof expected, *all[i].setting ? "%s (%s%s)" : "%s",
                 all[i].missed_by, all[i].setting, all[i].also ? all[i].also : "");
        assert_string_equal(why_missed(&c, text, sizeof text), expected);
    }
    c.missed_by[0] = '\0';
    assert_string_equal(why_setting(&c), "");
}

static void a_reason_is_told_without_the_folder(void **state)
{
    assert_string_equal(path_below("/a/tapes/x.wav is empty", "/a/tapes"),
                        "x.wav is empty");
    assert_string_equal(path_below("/a/tapes2/x.wav", "/a/tapes"), "/a/tapes2/x.wav");
    assert_string_equal(path_below("x.wav", ""), "x.wav");
    assert_string_equal(path_below("x.wav", NULL), "x.wav");
}

/* A shell reads back what a command is told with. */
static void a_path_is_one_word_of_a_command(void **state)
{
    static const char *const paths[] = {
        "export/X",   "it's mine",         "''",          "a \"b\" $HOME `id` \\n",
        "#x;y&z|(0)", "~/tapes *?[1]{2}!", "caf\xc3\xa9", "two\nlines"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char word[128], read_back[128];
        FREED const char *command =
            text_of("printf %%s %s", text_word(word, sizeof word, paths[i]));
        FILE *f = popen(command, "r");
        assert_non_null(f);
        read_back[fread(read_back, 1, sizeof read_back - 1, f)] = '\0';
        assert_int_equal(pclose(f), 0);
        assert_string_equal(read_back, paths[i]);
    }
    char word[12];
    text_word(word, sizeof word, "");
    assert_true(strlen(word) < sizeof word);
}

static void a_place_is_minutes_and_seconds(void **state)
{
    static const struct {
        double seconds;
        const char *text;
    } places[] = {{0, "0:00.00"},          {5.764, "0:05.76"},     {9.996, "0:10.00"},
                  {59.994, "0:59.99"},     {59.996, "1:00.00"},    {60, "1:00.00"},
                  {3599.9999, "60:00.00"}, {1e6 / 3, "5555:33.33"}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        OWN(text) t = {0};
        text_place(&t, places[i].seconds);
        assert_string_equal(t.at, places[i].text);
    }
    OWN(text) t = {0};
    text_place(&t, 1e300); /* a manifest may say so */
    assert_true(t.length > 290);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measured_values_come_back),
        cmocka_unit_test(a_low_part_is_told_as_such),
        cmocka_unit_test(every_part_of_the_miners_is_explained),
        cmocka_unit_test(a_near_miss_names_its_setting),
        cmocka_unit_test(a_path_is_one_word_of_a_command),
        cmocka_unit_test(a_reason_is_told_without_the_folder),
        cmocka_unit_test(a_place_is_minutes_and_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
