/* The filter language: each form against finds that must and must not match. */
#include "checks.h"

#include "core/filter.h"
#include "core/rng.h"
#include "dsp/drum_class.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct measures pad_measures, hit_measures;
static double *columns[ME_COUNT]; /* of both, the pad first */
static double values[ME_COUNT][2];

/* A pad, accepted and tagged; and a snare, undecided, in a stack of three. */
static const struct find finds[2] = {{
                                         .folded = "rehearsal-3_pad01_dark",
                                         .key = "A#m",
                                         .brightness = "dark",
                                         .kind = KIND_PAD,
                                         .category = CAT_PADS,
                                         .decision = DECISION_ACCEPTED,
                                         .rating = 4,
                                         .grade = 'A',
                                         .slot = -1,
                                         .tagged = true,
                                         .saved = true,
                                         .drum = NAN,
                                     },
                                     {
                                         .folded = "tape 4 \xC3\xBC"
                                                   "bung_drum_112_snare",
                                         .hit_class = "snare",
                                         .kind = KIND_DRUM,
                                         .category = CAT_DRUMS,
                                         .grade = 'B',
                                         .slot = -1,
                                         .near_miss = true,
                                         .drum = 0.75F,
                                         .source = 1,
                                         .stack = 1,
                                     }};

static const char *source_of(void *user, uint32_t source)
{
    (void)user;
    return source == 0 ? "rehearsal-3"
                       : "tape 4 \xC3\xBC"
                         "bung";
}

static int size_of(void *user, int stack)
{
    (void)user;
    return stack == 1 ? 3 : 1;
}

/* Bit 0: it takes the pad, bit 1: the hit. */
static int takes(const struct filter *f)
{
    struct filter_finds of = {finds, columns, NULL, source_of, size_of};
    unsigned char mark[2] = {1, 1}, alone = 1;
    for (int m = 0; m < ME_COUNT; m++) {
        columns[m] = values[m];
        values[m][0] = measures_get(&pad_measures, (enum measure_id)m);
        values[m][1] = measures_get(&hit_measures, (enum measure_id)m);
    }
    filter_sift(f, &of, 0, 2, mark);
    filter_sift(f, &of, 1, 1, &alone);
    assert_int_equal(alone, mark[1]);
    return mark[0] | mark[1] << 1;
}

static int setup(void **state)
{
    measures_clear(&pad_measures);
    measures_clear(&hit_measures);
    pad_measures.duration_sec = 2.51;
    pad_measures.rms_db = -18.24;
    pad_measures.bpm = 120.4;
    pad_measures.score = 0.913;
    pad_measures.start_sec = 724.31;
    pad_measures.centroid_hz = 812.0;
    pad_measures.key_confidence = 0.72;
    hit_measures.duration_sec = 0.28;
    hit_measures.rms_db = -9.0;
    hit_measures.score = 0.5;
    hit_measures.centroid_hz = 3400.0;
    return 0;
}

static int matches(const char *text)
{
    struct filter *f;
    struct err e;
    if (filter_parse(&f, text, &e) == FILTER_WRONG)
        fail_msg("%s: %s", text, e.msg);
    int bits = takes(f);
    filter_free(f);
    return bits;
}

enum { NONE, PAD, HIT, BOTH };

struct form {
    const char *text;
    int takes;
};

static void check(const struct form *forms, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (matches(forms[i].text) != forms[i].takes)
            fail_msg("%s: takes %d instead of %d", forms[i].text, matches(forms[i].text),
                     forms[i].takes);
}
#define CHECK(forms) check(forms, sizeof forms / sizeof *forms)

static void test_words(void **state)
{
    static const struct form forms[] = {
        {"", BOTH},
        {"   ", BOTH},
        {"pad01", PAD},
        {"PAD01", PAD},
        {"reh dark", PAD},
        {"reh snare", NONE},
        {"\"tape 4\"", HIT},
        {"\xC3\x9C"
         "BUNG",
         HIT},
        {"re*dark", PAD},
        {"p?d01", PAD},
        {"s*e", HIT},
        {"\"s*e\"", NONE},
        {"name:pad", PAD},
        {"-3_", PAD},
        {"src:tape*", HIT},
        {"src:tape", HIT},
        {"source:*bung", HIT},
        {"src:bung*", NONE},
        {"src:\"tape 4\"", HIT},
        {"src:reh,tape", BOTH},
    };
    CHECK(forms);
}

/* A Mac spells an accent as a mark behind the letter, a keyboard in one. */
static void test_accents(void **state)
{
    static const struct form forms[] = {{"u\u0308bung", HIT},
                                        {"U\u0308BUNG", HIT},
                                        {"src:*u\u0308b*", HIT},
                                        {"u\u0301bung", NONE},
                                        {"ubung", NONE}};
    CHECK(forms);
    static const char *const names[][2] = {
        {"Cafe\u0301 NAI\u0308VE", "caf\u00e9 na\u00efve"},
        {"q\u0301 \xc3 \xff\u0308", "q\u0301 \xc3 \xff\u0308"},
        {"\u591c \U0001F39B", "\u591c \U0001F39B"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char folded[40];
        snprintf(folded, sizeof folded, "%s", names[i][0]);
        filter_fold(folded, sizeof folded, folded);
        assert_string_equal(folded, names[i][1]);
        filter_fold(folded, 5, names[i][0]); /* no half character */
        assert_true(strlen(folded) < 5);
        assert_memory_equal(folded, names[i][1], strlen(folded));
    }
}

static void test_fields(void **state)
{
    static const struct form forms[] = {
        {"cat:pads", PAD},         {"cat:pad", PAD},
        {"cat:PADS", PAD},         {"cat:pads,drums", BOTH},
        {"category=dr", HIT},      {"type:drum", HIT},
        {"class:snare", HIT},      {"class:sn", HIT},
        {"class:SD", HIT},         {"class:snares", HIT},
        {"class:bd,hihat", NONE},  {"class!=hihat", BOTH},
        {"class:\"sd\"", HIT},     {"class:s*", HIT},
        {"key:A#m", PAD},          {"key:bbm", PAD},
        {"key:\"Bb minor\"", PAD}, {"key:Bb", NONE},
        {"key:A", NONE},           {"key:A*", PAD},
        {"key:?#m", PAD},          {"key:C,Bbm", PAD},
        {"key:B", NONE},           {"bright:dark", PAD},
        {"is:accepted", PAD},      {"is:undecided", HIT},
        {"is:acc", PAD},           {"is:rejected", NONE},
        {"is:tagged", PAD},        {"is:near-miss", HIT},
        {"is:stacked", HIT},       {"is:alone", PAD},
        {"is:loop", PAD},          {"has:key", PAD},
        {"has:bpm", PAD},          {"has:lufs", NONE},
        {"has:class", HIT},        {"!has:bpm", HIT},
        {"has:centroid_hz", BOTH}, {"is:accepted,undecided", BOTH},
        {"cat!=pads", HIT},        {"key!=A#m", HIT},
    };
    CHECK(forms);
}

/* One key has several names: which of the seven notes is written, and with what sign. */
static void test_names_of_keys(void **state)
{
    static const char *const same[][2] = {{"Db", "C#"}, {"Eb", "D#"}, {"Fb", "E"},
                                          {"Gb", "F#"}, {"Ab", "G#"}, {"Bb", "A#"},
                                          {"Cb", "B"},  {"E#", "F"},  {"B#", "C"}};
    struct find one = finds[0];
    struct filter_finds of = {&one, columns, NULL, source_of, size_of};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        for (int minor = 0; minor < 2; minor++) {
            unsigned char mark = 1;
            struct filter *f;
            FREED const char *text = text_of("key:%s%s", same[i][0], minor ? "m" : "");
            snprintf(one.key, sizeof one.key, "%s%s", same[i][1], minor ? "m" : "");
            assert_int_equal(filter_parse(&f, text, NULL), FILTER_OK);
            filter_sift(f, &of, 0, 1, &mark);
            assert_true(mark);
            filter_free(f);
        }
}

/* What musicians call the classes: each word takes the classes it means, and no others.
 */
static void test_words_for_classes(void **state)
{
    static const struct {
        const char *typed, *takes[4];
    } words[] = {
        {"hihat", {"hat_closed", "hat_open"}},
        {"hh", {"hat_closed", "hat_open"}},
        {"CH", {"hat_closed"}},
        {"OH", {"hat_open"}},
        {"bd", {"kick"}},
        {"rs", {"rim"}},
        {"cymbal", {"crash", "ride"}},
        {"lt", {"tom_low"}},
        {"\"floor tom\"", {"tom_low"}},
        {"cowbell", {"perc"}},
        {"hat", {"hat_closed", "hat_open"}},
        {"tom", {"tom_low", "tom_mid", "tom_high"}},
    };
    struct find one = finds[1];
    struct filter_finds of = {&one, columns, NULL, source_of, size_of};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (int c = 0; c < DRUM_CLASS_COUNT; c++) {
            unsigned char mark = 1;
            struct filter *f;
            bool meant = false;
            for (int k = 0; k < 4 && words[i].takes[k]; k++)
                meant |= c == drum_class_find(words[i].takes[k]);
            FREED const char *text = text_of("class:%s", words[i].typed);
            snprintf(one.hit_class, sizeof one.hit_class, "%s",
                     drum_class_name((enum drum_class)c));
            assert_int_equal(filter_parse(&f, text, NULL), FILTER_OK);
            filter_sift(f, &of, 0, 1, &mark);
            if (mark != meant)
                fail_msg("%s takes %s: %d", text, one.hit_class, mark);
            filter_free(f);
        }
}

static void test_numbers(void **state)
{
    static const struct form forms[] = {
        {"dur>2", PAD},        {"dur<2", HIT},           {"dur>2.51", NONE},
        {"dur>=2.51", PAD},    {"dur<=280ms", HIT},      {"duration_sec>2s", PAD},
        {"dur > 2", PAD},      {"dur >2", PAD},          {"len>1m", NONE},
        {"rms<-10", PAD},      {"rms<-10dB", PAD},       {"level>-10 dB", HIT},
        {"bpm:118..124", PAD}, {"bpm:124..118", PAD},    {"bpm:..119", NONE},
        {"bpm:119..", PAD},    {"bpm:120", PAD},         {"bpm:120.4", PAD},
        {"bpm:120.5", NONE},   {"bpm:121", NONE},        {"score>=.9", PAD},
        {"score:.91", PAD},    {"score>90%", PAD},       {"grade>=B", BOTH},
        {"grade>B", PAD},      {"grade:b", HIT},         {"grade<A", HIT},
        {"grade:F..B", HIT},   {"rating>=3", PAD},       {"rating:0", HIT},
        {"rating:3..5", PAD},  {"stack>2", HIT},         {"stack:1", PAD},
        {"start>12:04", PAD},  {"start>12:05", NONE},    {"start<0:12:05", PAD},
        {"centroid>1k", HIT},  {"centroid<1.5kHz", PAD}, {"centroid>=3400hz", HIT},
        {"bpm!=120", HIT},     {"bpm>0", PAD},           {"!bpm>0", HIT},
        {"dur==2.51", PAD},    {"drum>.5", HIT},         {"drum>75%", NONE},
        {"drum<.5", NONE},     {"drum>=75%", HIT},       {"!drum>.5", PAD},
    };
    CHECK(forms);
}

/* A unit may stand apart from its number, and of a range it may stand once; the word
 * behind a number is a name's part all the same where it is no unit of that measure. */
static void test_units(void **state)
{
    static const struct form forms[] = {
        {"dur>2 s", PAD},
        {"dur < 500 ms", HIT},
        {"dur>.04 min", PAD},
        {"rms<-10 dB", PAD},
        {"rms<-10 dB dark", PAD},
        {"bpm=120 bpm", PAD},
        {"bpm=120 bpm >119", PAD},
        {"bpm:118..124 bpm", PAD},
        {"centroid > 1 kHz", HIT},
        {"centroid>3300 Hz|dur>2 s", BOTH},
        {"(dur>2 s)", PAD},
        {"score>90 %", PAD},
        {"drum<74 %", NONE},
        {"dur>2 dark", PAD},
        {"dur<2 snare", HIT},
        {"dur>2 \"s\"", PAD}, /* a name with an s in it: "rehearsal" */
        {"dur<2 \"s\"", HIT},
        {"dur>2 \"ms\"", NONE},
        {"dur>\"2\" ms", NONE},
        {"dur>2. ms", BOTH},
        {"rating>=3 s", PAD}, /* no unit of stars */
        {"len:200..500ms", HIT},
        {"len:200..500 ms", HIT},
        {"len:.2s..500ms", HIT},
        {"len:0.2..3 s", BOTH},
        {"len:2..1m", PAD}, /* two seconds to a minute */
        {"centroid:1..4k", HIT},
        {"centroid:500..4k", BOTH},
        {"start:12..13m", PAD},
    };
    CHECK(forms);
}

static void test_logic(void **state)
{
    static const struct form forms[] = {
        {"cat:pads | class:snare", BOTH},
        {"!cat:pads", HIT},
        {"!!cat:pads", PAD},
        {"! cat:pads", HIT},
        {"pad|snare dark", PAD},
        {"(pad|snare) dark", PAD},
        {"(pad | snare) !dark", HIT},
        {"!(pad | snare)", NONE},
        {"((pad))", PAD},
        {"pad|", PAD},
        {"()", BOTH},
        {"!(cat:pads)dark", NONE},
        {"grade>=B dur>1", PAD},
    };
    CHECK(forms);
}

static void test_every_measure_has_a_word(void **state)
{
    for (int m = 0; m < ME_COUNT; m++) {
        struct filter *f;
        measures_clear(&pad_measures);
        measures_set(&pad_measures, (enum measure_id)m, 5.0);
        FREED const char *text =
            text_of("%s>4.5 %s<5.5", measure_table[m].column, measure_table[m].column);
        assert_int_equal(filter_parse(&f, text, NULL), FILTER_OK);
        assert_true(takes(f) & 1);
        assert_int_equal(filter_measure(measure_table[m].column), m);
        filter_free(f);
    }
    assert_int_equal(filter_measure("dur"), ME_duration_sec);
    assert_int_equal(filter_measure("nonsense"), -1);
}

/* Typed letter by letter, no right filter ever shows an error on the way. */
static void test_typing_shows_no_errors(void **state)
{
    static const char *const texts[] = {
        "cat:pads grade>=B dur>2.5s",
        "(is:accepted | rating>=3) !src:\"tape 4\"",
        "bpm:118..124 rms<-20dB",
        "is:undecided key:Bbm class:snare",
        "key:C,Bbminor",
        "key:F#major",
        "centroid>2.5kHz start>12:04.5",
        "len<500ms score>.8 has:lufs type:hiss_loop",
        "dur>2.5 s len:200..500 ms bpm=120 bpm",
        "class:hihat key:B#m class:bd,cymbals",
    };
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
        for (size_t n = 0; n <= strlen(texts[t]); n++) {
            char typed[100];
            struct filter *f;
            struct err e;
            memcpy(typed, texts[t], n);
            typed[n] = '\0';
            if (filter_parse(&f, typed, &e) == FILTER_WRONG)
                fail_msg("%s: %s", typed, e.msg);
            filter_free(f);
        }
    static const struct form unfinished[] = {
        {"pad grade>=", PAD},  {"snare cat:", HIT}, {"snare dur>-", HIT},
        {"snare !", HIT},      {"snare (", HIT},    {"pad is:", PAD},
        {"pad cat:s", PAD},    {"\"tape 4", HIT},   {"(pad", PAD},
        {"snare src:\"", HIT}, {"pad | ", PAD},
    };
    for (size_t i = 0; i < sizeof unfinished / sizeof *unfinished; i++) {
        struct filter *f;
        assert_int_equal(filter_parse(&f, unfinished[i].text, NULL), FILTER_INCOMPLETE);
        filter_free(f);
    }
    CHECK(unfinished);
}

static void test_errors_say_where_and_what(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } wrongs[] = {
        {"pad grdae:B", "\"grdae\""},
        {"grad>=B", "is it \"grade\""},
        {"grede>=B", "is it \"grade\""},
        {"dur>x", "\"x\" is not a number in s"},
        {"bpm:120-130", "\"120-130\" is not a number in bpm; a range is 1..2"},
        {"cat:zebras", "no category \"zebras\" (pads swells clouds hiss drums silences)"},
        {"type:zebra", "no type \"zebra\" (pad drone dust swell cloud hiss_loop "},
        {"has:stripes", "no measure \"stripes\" (start end len ch level loud peak "},
        {"class:banjo", "no class \"banjo\" (kick snare clap rim tom_low tom_mid "},
        {"class:hih pad", "no class \"hih\""},
        {"key:H", "no key \"H\" (A Bb B"},
        {"key:Am7", "no key"},
        {"key:A,X pad", "no key \"X\""},
        {"key:Ami pad", "no key"},
        {"a cat:s b", "several"},
        {"is:happy", "no state \"happy\" (accepted rejected undecided decided tagged "},
        {"grade>=Z", "A, B or F"},
        {"pad )", "closes nothing"},
        {"cat>pads", "only with :"},
        {"rms<-20Hz", "in dBFS"},
        {"dur> | pad", "needs a value"},
        {"bpm:1..x", "not a number"},
    };
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        struct filter *f;
        struct err e;
        if (filter_parse(&f, wrongs[i].text, &e) != FILTER_WRONG)
            fail_msg("%s: taken", wrongs[i].text);
        assert_null(f);
        if (!strstr(e.msg, wrongs[i].says))
            fail_msg("%s: %s", wrongs[i].text, e.msg);
    }
}

static void test_completion(void **state)
{
    char out[64][FILTER_WORD_BYTES];
    size_t from;
    assert_int_equal(filter_complete("pad gr", out, 64, &from), 1);
    assert_string_equal(out[0], "grade>=");
    assert_int_equal(from, 4);
    assert_int_equal(filter_complete("!cat:s", out, 64, &from), 2);
    assert_int_equal(from, 1);
    assert_string_equal(out[0], "cat:swells");
    assert_string_equal(out[1], "cat:silences");
    assert_int_equal(filter_complete("(is:und", out, 64, &from), 1);
    assert_string_equal(out[0], "is:undecided");
    assert_int_equal(filter_complete("bright:", out, 64, &from), 3);
    assert_int_equal(filter_complete("cat:pads,dr", out, 64, &from), 1);
    assert_string_equal(out[0], "cat:pads,drums");
    int all = filter_complete("", out, 64, &from);
    assert_true(all > 20 && all < 64);
    for (int i = 0; i < all; i++) { /* whatever is offered can be typed */
        struct filter *f;
        assert_int_not_equal(filter_parse(&f, out[i], NULL), FILTER_WRONG);
        filter_free(f);
    }
    assert_int_equal(filter_complete("", out, 2, &from), 2);
}

/* Random texts from the language's own letters: no crash, no hang, and
 * what is refused is refused with a sentence. */
static void test_random_texts(void **state)
{
    static const char *const bits[] = {
        "cat:", "dur", ">", "<=",   "..",   "1",     "-", ".5",   "(",  ")",   "|",
        "!",    "\"",  " ", "pad",  "is:",  "*",     "?", "=",    ",",  "key", "Bb",
        "\\",   ":",   "k", "\xC3", "\xFF", "grade", "A", "has:", "\t", "rms", "dB"};
    struct rng r = rng_derive(4, 0, "filter", 0);
    for (int i = 0; i < 20000; i++) {
        char text[256] = "";
        int n = 1 + (int)rng_below(&r, 14);
        for (int k = 0; k < n; k++)
            strcat(text, bits[rng_below(&r, sizeof bits / sizeof *bits)]);
        struct filter *f;
        struct err e = {0};
        char out[8][FILTER_WORD_BYTES];
        size_t from;
        if (filter_parse(&f, text, &e) == FILTER_WRONG) {
            assert_true(e.msg[0] != '\0');
        } else {
            takes(f);
        }
        filter_free(f);
        filter_complete(text, out, 8, &from);
        assert_true(from <= strlen(text));
    }
    char deep[5000];
    memset(deep, '(', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    struct filter *f;
    assert_int_equal(filter_parse(&f, deep, NULL), FILTER_WRONG);
    memset(deep, '!', sizeof deep - 1);
    assert_int_equal(filter_parse(&f, deep, NULL), FILTER_INCOMPLETE);
    filter_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_words, setup),
        cmocka_unit_test_setup(test_accents, setup),
        cmocka_unit_test_setup(test_fields, setup),
        cmocka_unit_test_setup(test_names_of_keys, setup),
        cmocka_unit_test_setup(test_words_for_classes, setup),
        cmocka_unit_test_setup(test_numbers, setup),
        cmocka_unit_test_setup(test_units, setup),
        cmocka_unit_test_setup(test_logic, setup),
        cmocka_unit_test_setup(test_every_measure_has_a_word, setup),
        cmocka_unit_test_setup(test_typing_shows_no_errors, setup),
        cmocka_unit_test_setup(test_errors_say_where_and_what, setup),
        cmocka_unit_test_setup(test_completion, setup),
        cmocka_unit_test_setup(test_random_texts, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
