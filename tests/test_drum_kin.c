/* dsp/drum_kin: a stroke of one drum that is told another sounds like those that are not.
 */
#include "dsp/drum_kin.h"

#include "core/recipe.h"
#include "dsp/similarity.h"
#include "dsp/synth.h"
#include "mined_rig.h"
#include "tone.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { EACH = 12, HITS = 2 * EACH + 2 };

struct bench {
    struct drum_verdict at[HITS];
    float vector[HITS * SIMILARITY_DIM];
    double kin[HITS];
};

/* Strokes of a drum lie round `middle`, each a little elsewhere. */
static void place(struct bench *b, int i, float middle, enum drum_class told)
{
    b->at[i] = (struct drum_verdict){.best = told, .confidence = 0.8, .drum = 1};
    for (int k = 0; k < SIMILARITY_DIM; k++)
        b->vector[i * SIMILARITY_DIM + k] =
            middle + 0.1F * (float)((i * 37 + k * (i + 11)) % 101) / 101;
}

/* Snares and hats in turns; of the snares one is told a hat. A clap is there once. */
static void fill(struct bench *b)
{
    memset(b, 0, sizeof *b);
    for (int i = 0; i < 2 * EACH; i++)
        place(b, i, i % 2 ? 1 : -1, i % 2 ? DRUM_HAT_CLOSED : DRUM_SNARE);
    place(b, 2 * EACH, -1, DRUM_HAT_CLOSED);
    place(b, 2 * EACH + 1, 4, DRUM_CLAP);
}

static void tell(struct bench *b)
{
    drum_kin(b->at, b->vector, HITS, b->kin);
}

static void a_snare_told_a_hat_is_among_snares(void **state)
{
    (void)state;
    struct bench b;
    fill(&b);
    tell(&b);
    for (int i = 0; i < HITS; i++) {
        bool wrong = i == 2 * EACH, snare = i < 2 * EACH && i % 2 == 0;
        if (wrong ? b.kin[i] > 0.1 : snare ? b.kin[i] < 0.7 : b.kin[i] < 1)
            fail_msg("hit %d: %g", i, b.kin[i]);
    }
}

/* Those that are not sure have less of a say, and what nothing is like has its own. */
static void a_say_goes_by_how_sure_it_is(void **state)
{
    (void)state;
    struct bench sure, unsure;
    fill(&sure);
    fill(&unsure);
    for (int i = 0; i < 2 * EACH; i += 2)
        unsure.at[i].confidence = 0.1;
    tell(&sure);
    tell(&unsure);
    assert_true(unsure.kin[2 * EACH] > 3 * sure.kin[2 * EACH]);
    for (int i = 0; i < HITS; i++)
        sure.at[i].confidence = 0;
    tell(&sure);
    for (int i = 0; i < HITS; i++)
        assert_true(sure.kin[i] == 1);
}

/* The same hits in another order, and beside some that were not heard. */
static void order_and_unheard_ones_change_nothing(void **state)
{
    (void)state;
    struct bench b, back;
    fill(&b);
    tell(&b);
    for (int i = 0; i < HITS; i++) {
        back.at[i] = b.at[HITS - 1 - i];
        memcpy(back.vector + i * SIMILARITY_DIM,
               b.vector + (HITS - 1 - i) * SIMILARITY_DIM,
               SIMILARITY_DIM * sizeof *b.vector);
    }
    tell(&back);
    for (int i = 0; i < HITS; i++)
        assert_true(fabs(back.kin[HITS - 1 - i] - b.kin[i]) < 1e-3);
    for (int i = 0; i < HITS - 2; i++)
        b.vector[i * SIMILARITY_DIM] = NAN;
    tell(&b);
    for (int i = 0; i < HITS; i++)
        assert_true(b.kin[i] == 1);
    drum_kin(b.at, b.vector, 0, b.kin);
}

/* What sounds 160 hits away is asked, what is farther is not: another kit, perhaps. */
static void only_hits_around_have_a_say(void **state)
{
    (void)state;
    enum { AROUND = 160, COUNT = AROUND + 2 };
    struct drum_verdict at[COUNT];
    float *vector = calloc(COUNT * SIMILARITY_DIM, sizeof *vector);
    double kin[COUNT];
    for (int last = 0; last < 2; last++) {
        for (int i = 0; i < COUNT; i++) {
            bool alike = i == 0 || i == AROUND + last;
            at[i] = (struct drum_verdict){
                .best = i ? DRUM_SNARE : DRUM_HAT_CLOSED, .confidence = 0.8, .drum = 1};
            for (int k = 0; k < SIMILARITY_DIM; k++)
                vector[i * SIMILARITY_DIM + k] = alike ? 0 : (float)(3 * i);
        }
        drum_kin(at, vector, COUNT, kin);
        assert_true(last ? kin[0] == 1 && kin[COUNT - 1] == 1
                         : kin[0] < 0.25 && kin[AROUND] < 0.25);
    }
    free(vector);
}

/* Hits on a line, so far from the first as `away` says: what is said of that. */
static double kin_of_first(const double *away, const char *told, const double *sure)
{
    struct drum_verdict at[8] = {{0}};
    float vector[8 * SIMILARITY_DIM] = {0};
    double kin[8], unit;
    size_t count = strlen(told);
    for (int k = 0; k < SIMILARITY_DIM; k++)
        vector[SIMILARITY_DIM + k] = 1;
    unit = similarity_distance(vector, vector + SIMILARITY_DIM);
    for (size_t i = 0; i < count; i++) {
        at[i].best = told[i] == 'S' ? DRUM_SNARE : DRUM_HAT_CLOSED;
        at[i].confidence = sure[i];
        for (int k = 0; k < SIMILARITY_DIM; k++)
            vector[i * SIMILARITY_DIM + (size_t)k] = (float)(away[i] / unit);
    }
    drum_kin(at, vector, count, kin);
    return kin[0];
}

/* Of the five nearest within 1 each says what it was told, as far as it is near and sure
 * of it; of equals the first; and a quarter is its own. */
static void the_five_nearest_have_a_say(void **state)
{
    (void)state;
    static const double sure[] = {0.8, 0.6, 1, 0.7, 0.9, 0.5, 0.4};
    static const double away[] = {0, 0.9, 0.2, 0.6, 0.95, 0.4, 0.8};
    double near = 1 * 0.8 + 0.5 * 0.6 + 0.7 * 0.4 + 0.4 * 0.2 + 0.6 * 0.1;
    double own = 0.25 * 0.8, same = own + 1 * 0.8 + 0.7 * 0.4;
    assert_true(fabs(kin_of_first(away, "SHSSSHH", sure) - same / (own + near)) < 1e-5);
    static const double far[] = {0, 0.95, 1.05};
    assert_true(fabs(kin_of_first(far, "SHH", sure) - own / (own + 0.6 * 0.05)) < 1e-5);
    static const double alike[] = {0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
    static const double even[] = {0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8};
    assert_true(kin_of_first(alike, "SHHHHHS", even) < 0.1);
    static const double last[] = {0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.1};
    assert_true(kin_of_first(last, "SSHHHHH", even) >
                0.15 + kin_of_first(last, "SHHHHSH", even));
}

/* A beat of all drums, so that some are told others. */
static void record(const char *folder)
{
    struct audio a = tone_blank(62, 1, MINED_RATE);
    struct rng r = rng_derive(7, 1, "test-drum-kin", 0);
    tone_noise(&a, 0.0005, &r);
    for (int i = 0; i < 240; i++) {
        enum synth_drum d = (enum synth_drum)(i * 7 % SYNTH_DRUM_COUNT);
        struct audio hit = tone_blank(synth_drum_length_s(d), 1, MINED_RATE);
        synth_drum(d, 0.4 + 0.02 * (i % 31), 1, &r, hit.data, hit.frames, MINED_RATE);
        size_t at = (size_t)i * MINED_RATE / 4 + 4000;
        for (size_t k = 0; k < hit.frames && at + k < a.frames; k++)
            a.data[at + k] += 0.5F * hit.data[k];
        audio_done(&hit);
    }
    assert_int_equal(mkdir(folder, 0777), 0);
    folder_wav(folder, "beat.wav", &a, 24);
    audio_done(&a);
}

/* The part of every mined hit is what its recording's hits, as they are told at last and
 * in the order they were struck, say of it; it is left out at 1. */
static void hits_are_mined_with_it(void **state)
{
    struct mined *m = *state, other = *m;
    char folder[300];
    snprintf(folder, sizeof folder, "%s/beats", m->top);
    record(folder);
    mined_rig_process(&other, folder, "beats", 1u << STAGE_DRUMS);
    snprintf(other.project, sizeof other.project, "%s/beats", m->export_root);
    struct catalog *catalog = mined_catalog(&other, CATALOG_READ);
    struct catalog_find *find;
    float *vector;
    size_t count, hits = 0, odd = 0;
    assert_int_equal(catalog_load(catalog, &find, &vector, &count, NULL), ST_OK);
    catalog_close(catalog);
    struct drum_verdict *at = calloc(count, sizeof *at);
    double *kin = calloc(count, sizeof *kin);
    for (size_t i = 0; i < count; i++) {
        const struct candidate *c = &find[i].c;
        if (c->missed_by[0])
            continue;
        at[hits].best = (enum drum_class)drum_class_find(c->hit_class);
        at[hits].confidence = c->m.hit_confidence;
        find[hits] = find[i];
        memmove(vector + hits++ * SIMILARITY_DIM, vector + i * SIMILARITY_DIM,
                SIMILARITY_DIM * sizeof *vector);
    }
    assert_in_range(hits, 150, 240);
    drum_kin(at, vector, hits, kin);
    for (size_t i = 0; i < hits; i++) {
        double part = parts_value(&find[i].c.parts, "kin");
        if (fabs((isnan(part) ? 1 : part) - kin[i]) > 1e-6)
            fail_msg("%s: %g, %g", find[i].c.filename, part, kin[i]);
        odd += part < 0.5;
    }
    assert_in_range(odd, 1, hits / 2);
    free(at);
    free(kin);
    free(find);
    free(vector);
}

static int setup(void **state)
{
    return mined_rig_setup(state, 1u << STAGE_PADS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snare_told_a_hat_is_among_snares),
        cmocka_unit_test(a_say_goes_by_how_sure_it_is),
        cmocka_unit_test(order_and_unheard_ones_change_nothing),
        cmocka_unit_test(only_hits_around_have_a_say),
        cmocka_unit_test(the_five_nearest_have_a_say),
        cmocka_unit_test(hits_are_mined_with_it),
    };
    return cmocka_run_group_tests(tests, setup, mined_rig_teardown);
}
