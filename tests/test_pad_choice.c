/* dsp/pad_choice over a track made by hand: which windows become pads, and in which
 * order. */
#include "checks.h"

#include "dsp/pad_choice.h"
#include "dsp/track_build.h"
#include "tone.h"

#include <math.h>
#include <stdint.h>

enum { HALF = TRACK_BANDS / 2, FAR = 1400, MINUTE = 1292 }; /* spectra */

/* A sound of even bands, the upper half `above_db` louder; of pitch class `pitch`, and by
 * `other` of the next one. */
struct sound {
    size_t spectra;
    double level_db, above_db;
    int pitch;
    double other;
};

static void add_sound(struct track *t, const struct sound *s)
{
    for (size_t i = 0; i < s->spectra; i++) {
        double square[TRACK_BANDS];
        for (int b = 0; b < TRACK_BANDS; b++)
            square[b] = pow(10, (s->level_db + (b < HALF ? 0 : s->above_db)) / 10);
        assert_true(track_add_spectrum(t, square, 1, 0));
        if (i % 2) /* a chroma lasts for two */
            continue;
        struct chroma_frame c = {0};
        c.fine[3 * s->pitch] = 1;
        c.fine[3 * (s->pitch + 1)] = (float)s->other;
        assert_true(track_add_chroma(t, &c));
    }
}

static struct track *track_of(const struct sound *sounds, size_t count)
{
    struct track *t = track_new(44100, 1);
    assert_non_null(t);
    for (size_t i = 0; i < count; i++)
        add_sound(t, &sounds[i]);
    return t;
}

/* Eleven pitches of so many spectra each. */
static struct track *sounds_of(size_t spectra)
{
    struct track *t = track_new(44100, 1);
    assert_non_null(t);
    for (int k = 0; k < 11; k++)
        add_sound(t, &(struct sound){spectra, -20, 0, k, 0});
    return t;
}

static struct track *many_sounds(void)
{
    return sounds_of(100);
}

static bool same(const struct pad_place *a, const struct pad_place *b)
{
    return a->from == b->from && a->to == b->to && a->duration == b->duration;
}

/* What is chosen of `places`, by their numbers in that order, as "2 0 1". */
static const char *chosen(const struct track *t, const struct pad_place *places,
                          size_t count, size_t most)
{
    static char said[64];
    struct pad_pool pool = {0};
    struct pad_place out[16];
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pad_pool_add(&pool, &places[i], NULL), ST_OK);
    size_t n = pad_pool_choose(&pool, t, out, most), length = 0;
    assert_true(n <= most);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < count; k++)
            if (same(&out[i], &places[k])) {
                said[length++] = (char)('0' + k);
                said[length++] = ' ';
                break;
            }
    said[length ? length - 1 : 0] = '\0';
    pad_pool_done(&pool);
    return said;
}

#define CHOSEN(t, most, ...)                                                             \
    chosen(t, (const struct pad_place[]){__VA_ARGS__},                                   \
           sizeof((const struct pad_place[]){__VA_ARGS__}) / sizeof(struct pad_place),   \
           most)

static void a_quarter_may_lie_in_both(void **state)
{
    OWN(track) *t = many_sounds();
    /* ten and eleven of the shorter one's forty */
    assert_string_equal(CHOSEN(t, 4, {0, 80, 0, .9, 0}, {70, 110, 1, .8, 0}), "0 1");
    assert_string_equal(CHOSEN(t, 4, {0, 80, 0, .9, 0}, {69, 109, 1, .8, 0}), "0");
    assert_string_equal(CHOSEN(t, 4, {70, 110, 0, .9, 0}, {0, 80, 1, .8, 0}), "0 1");
    assert_string_equal(CHOSEN(t, 4, {69, 109, 0, .9, 0}, {0, 80, 1, .8, 0}), "0");
}

static void a_length_again_is_worth_less(void **state)
{
    OWN(track) *t = sounds_of(FAR);
    /* 0.93 of 0.79 is 0.735, and twice that of 0.78 0.675 */
    assert_string_equal(CHOSEN(t, 4, {0, 90, 0, .80, 0}, {FAR, FAR + 90, 0, .79, 0},
                               {2 * FAR, 2 * FAR + 90, 1, .74, 0}),
                        "0 2 1");
    assert_string_equal(CHOSEN(t, 4, {0, 90, 0, .80, 0}, {FAR, FAR + 90, 0, .79, 0},
                               {2 * FAR, 2 * FAR + 90, 1, .73, 0}),
                        "0 1 2");
    assert_string_equal(CHOSEN(t, 4, {0, 90, 0, .80, 0}, {FAR, FAR + 90, 0, .79, 0},
                               {3 * FAR, 3 * FAR + 90, 0, .78, 0},
                               {2 * FAR, 2 * FAR + 90, 1, .68, 0}),
                        "0 1 3 2");
    assert_string_equal(CHOSEN(t, 4, {0, 90, 0, .80, 0}, {FAR, FAR + 90, 0, .79, 0},
                               {3 * FAR, 3 * FAR + 90, 0, .78, 0},
                               {2 * FAR, 2 * FAR + 90, 1, .67, 0}),
                        "0 1 2 3");
    /* what has no length of the list is worth the same again */
    assert_string_equal(CHOSEN(t, 4, {0, 90, -1, .80, 0}, {FAR, FAR + 90, -1, .79, 0},
                               {2 * FAR, 2 * FAR + 90, 64, .785, 0},
                               {3 * FAR, 3 * FAR + 90, 64, .78, 0}),
                        "0 1 2 3");
}

/* Within a minute of what is chosen another is worth less, at no distance 0.9 of it. */
static void what_lies_near_is_worth_less(void **state)
{
    OWN(track) *t = sounds_of(MINUTE / 2);
    static const struct {
        size_t beside; /* half minutes from the first */
        double most;   /* of 0.8 */
    } all[] = {{1, 0.9747}, {2, 1}, {3, 1}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (int better = 0; better < 2; better++) {
            uint32_t at = (uint32_t)(all[i].beside * MINUTE / 2), far = 5 * MINUTE;
            double score = 0.8 * all[i].most + (better ? 0.001 : -0.001);
            assert_string_equal(CHOSEN(t, 4, {0, 90, -1, .9, 0}, {at, at + 90, -1, .8, 0},
                                       {far, far + 90, -1, score, 0}),
                                better ? "0 2 1" : "0 1 2");
        }
    track_free(t);
    /* so a minute of fine ones leaves room for others: 0.88 beside two is 0.81 or less */
    t = many_sounds();
    for (int i = 0; i < 20; i++)
        add_sound(t, &(struct sound){100, -20, 20, i % 11, 0});
    assert_string_equal(CHOSEN(t, 3, {0, 90, -1, .88, 0}, {100, 190, -1, .88, 0},
                               {200, 290, -1, .88, 0}, {300, 390, -1, .88, 0},
                               {400, 490, -1, .88, 0}, {2900, 2990, -1, .82, 0}),
                        "0 4 5");
}

static void equal_ones_come_by_length_and_time(void **state)
{
    OWN(track) *t = many_sounds();
    assert_string_equal(
        CHOSEN(t, 4, {300, 390, 1, .8, 0}, {200, 290, 0, .8, 0}, {100, 190, 1, .8, 0}),
        "1 2 0");
}

static void what_sounds_alike_is_taken_once(void **state)
{
    static const struct {
        struct sound other;
        bool alike;
    } pairs[] = {
        {{100, -50, 0, 4, 0}, true},    /* at any level */
        {{100, -20, 5.5, 4, 0}, true},  /* bands 2.75 dB off in the mean square */
        {{100, -20, 6.5, 4, 0}, false}, /* 3.25 dB */
        {{100, -20, -6.5, 4, 0}, false}, {{100, -20, 0, 4, 0.3}, true}, /* cosine 0.96 */
        {{100, -20, 0, 4, 0.45}, false},                                /* 0.91 */
        {{100, -20, 0, 5, 0}, false},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct sound sounds[] = {{100, -20, 0, 4, 0}, pairs[i].other};
        OWN(track) *t = track_of(sounds, 2);
        assert_string_equal(CHOSEN(t, 4, {0, 90, 0, .9, 0}, {100, 190, 1, .8, 0}),
                            pairs[i].alike ? "0" : "0 1");
    }
    /* 50 and 70 dB below the loudest bands are both nothing */
    struct sound deep[] = {{100, -20, -50, 4, 0}, {100, -20, -70, 4, 0}};
    OWN(track) *t = track_of(deep, 2);
    assert_string_equal(CHOSEN(t, 4, {0, 90, 0, .9, 0}, {100, 190, 1, .8, 0}), "0");
}

/* What is dropped because it sounds like another stands in nobody's way. */
static void a_copy_takes_no_place(void **state)
{
    struct sound sounds[] = {{140, -20, 0, 4, 0}, {60, -20, 20, 6, 0}};
    OWN(track) *t = track_of(sounds, 2);
    assert_string_equal(
        CHOSEN(t, 4, {0, 50, 0, .9, 0}, {90, 140, 0, .8, 0}, {125, 175, 0, .7, 0}),
        "0 2");
}

static void a_note_may_have_other_lengths(void **state)
{
    struct sound sounds[] = {{3 * FAR, -20, 0, 4, 0}, {100, -20, 0, 6, 0}};
    OWN(track) *t = track_of(sounds, 2);
    assert_string_equal(CHOSEN(t, 4, {0, 50, 0, .9, 0}, {FAR, FAR + 80, 1, .8, 0}), "0");
    assert_string_equal(CHOSEN(t, 4, {0, 50, 0, .9, 0}, {FAR, FAR + 81, 1, .8, 0}),
                        "0 1");
    assert_string_equal(CHOSEN(t, 4, {0, 50, 0, .8, 0}, {FAR, FAR + 81, 1, .9, 0}),
                        "1 0");
    /* and comes behind another sound: 0.85 of 0.85 is 0.7225 */
    assert_string_equal(CHOSEN(t, 4, {0, 50, 0, .9, 0}, {FAR, FAR + 90, 1, .85, 0},
                               {3 * FAR, 3 * FAR + 50, 2, .73, 0}),
                        "0 2 1");
    assert_string_equal(CHOSEN(t, 4, {0, 50, 0, .9, 0}, {FAR, FAR + 90, 1, .85, 0},
                               {3 * FAR, 3 * FAR + 50, 2, .72, 0}),
                        "0 1 2");
    /* the last of two, too, is told from twice as many */
    assert_string_equal(CHOSEN(t, 2, {0, 50, 0, .9, 0}, {FAR, FAR + 90, 1, .85, 0},
                               {3 * FAR, 3 * FAR + 50, 2, .73, 0}),
                        "0 2");
}

/* The places of four lengths of a note and one of another sound. */
static void many_lengths_leave_room_for_another_sound(void **state)
{
    struct sound sounds[] = {
        {400, -20, 0, 4, 0}, {200, -20, 0, 6, 0}, {100, -20, 0, 8, 0}};
    OWN(track) *t = track_of(sounds, 3);
    /* 0.93 of 0.88, twice of 0.86, three times of 0.84: 0.68 */
    assert_string_equal(CHOSEN(t, 2, {0, 20, 0, .9, 0}, {50, 100, 0, .88, 0},
                               {120, 210, 0, .86, 0}, {220, 380, 0, .84, 0},
                               {410, 460, 1, .7, 0}),
                        "0 4");
    /* each is weighed by what sounds like itself: 0.85, of 0.85 and of 0.7 */
    assert_string_equal(CHOSEN(t, 5, {0, 50, 0, .9, 0}, {100, 190, 1, .85, 0},
                               {400, 450, 2, .73, 0}, {500, 590, 3, .7, 0},
                               {600, 650, 4, .55, 0}),
                        "0 2 1 3 4");
}

static void nothing_is_chosen_of_what_misses(void **state)
{
    OWN(track) *t = many_sounds();
    assert_string_equal(CHOSEN(t, 4, {0, 90, 0, .9, .1}, {100, 190, 1, .5, 0}), "1");
    assert_string_equal(CHOSEN(t, 0, {100, 190, 1, .5, 0}), "");
}

static void the_nearest_misses_are_told(void **state)
{
    static const struct pad_place places[] = {
        {0, 40, 0, .9, 0},     /* passes */
        {20, 60, 0, .9, .1},   /* lies over one that was chosen */
        {200, 240, 1, .9, .5}, /* as near as the next, a later length */
        {300, 340, 0, .9, .5}, /* */
        {400, 440, 0, .1, .2}, /* the nearest, whatever it scores */
        {411, 451, 0, .9, .3}, /* lies over that one */
        {30, 70, 0, .9, .9},   /* a quarter over the chosen one */
        {100, 140, 0, .9, 1.2}, {500, 540, 0, .9, 0}, /* passes, and was not chosen */
    };
    struct pad_pool pool = {0};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        assert_int_equal(pad_pool_add(&pool, &places[i], NULL), ST_OK);
    struct pad_place near[8];
    static const size_t nearest[] = {4, 3, 2, 6, 7};
    assert_int_equal(pad_pool_near(&pool, places, 1, near, 8), 5);
    for (size_t i = 0; i < 5; i++)
        assert_true(same(&near[i], &places[nearest[i]]));
    assert_int_equal(pad_pool_near(&pool, places, 1, near, 2), 2);
    pad_pool_done(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quarter_may_lie_in_both),
        cmocka_unit_test(a_length_again_is_worth_less),
        cmocka_unit_test(what_lies_near_is_worth_less),
        cmocka_unit_test(equal_ones_come_by_length_and_time),
        cmocka_unit_test(what_sounds_alike_is_taken_once),
        cmocka_unit_test(a_copy_takes_no_place),
        cmocka_unit_test(a_note_may_have_other_lengths),
        cmocka_unit_test(many_lengths_leave_room_for_another_sound),
        cmocka_unit_test(nothing_is_chosen_of_what_misses),
        cmocka_unit_test(the_nearest_misses_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
