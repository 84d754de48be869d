/* dsp/drum_alone: what was struck with a drum is told from the drum. */
#include "dsp/drum_alone.h"

#include "checks.h"
#include "core/recipe.h"
#include "dsp/drum_context.h"
#include "dsp/hits.h"
#include "dsp/synth.h"
#include "mined_rig.h"
#include "tone.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { RATE = MINED_RATE, STROKES = 24 };

/* A kick: from the lowest band up by so many dB a band less, and falling. */
static struct drum_verdict kick(double slope_db, int times)
{
    struct drum_verdict v = {.best = DRUM_KICK, .confidence = 0.9, .drum = 1};
    v.loudness.times = times;
    for (int t = 0; t < times; t++)
        for (int b = 0; b < DRUM_BANDS; b++)
            v.loudness.at[t][b] = (float)pow(10, 0.3 * (-slope_db * b - 6.0 * t) / 10);
    return v;
}

static void add_hat(struct drum_verdict *v)
{
    for (int t = 0; t < v->loudness.times; t++)
        for (int b = 5; b < DRUM_BANDS; b++)
            v->loudness.at[t][b] += (float)pow(10, 0.3 * (-8.0 - 6.0 * t) / 10);
}

static void a_hat_on_a_kick_is_heard(void **state)
{
    struct drum_verdict at[STROKES];
    double alone[STROKES];
    for (int i = 0; i < STROKES; i++) {
        at[i] = kick(9 + 0.4 * (i % 3), 2 + i % 3); /* some are cut shorter */
        if (i % 2)
            add_hat(&at[i]);
    }
    assert_int_equal(drum_alone(at, STROKES, alone, NULL), ST_OK);
    for (int i = 0; i < STROKES; i++)
        if (i % 2 ? alone[i] > 0.6 : alone[i] < 0.9)
            fail_msg("stroke %d: %g", i, alone[i]);
}

/* Nor does it matter which are more. */
static void where_most_have_a_hat_on_them_the_rest_are_alone(void **state)
{
    struct drum_verdict at[STROKES];
    double alone[STROKES];
    for (int i = 0; i < STROKES; i++) {
        at[i] = kick(9, 3);
        if (i % 8)
            add_hat(&at[i]);
    }
    assert_int_equal(drum_alone(at, STROKES, alone, NULL), ST_OK);
    for (int i = 0; i < STROKES; i++)
        assert_true(i % 8 ? alone[i] < 0.9 : alone[i] == 1);
}

/* A duller drum has more below in return; another class is not asked; and one stroke, or
 * one of which nothing was heard, has nothing beside it. */
static void others_tell_nothing(void **state)
{
    struct drum_verdict at[STROKES];
    double alone[STROKES];
    for (int i = 0; i < STROKES; i++) {
        at[i] = kick(9, 3);
        for (int b = 0; b < DRUM_BANDS; b++)
            at[i].loudness.at[0][b] = (b < 4) == (i % 2 == 0) ? 1 : 0.6F;
    }
    assert_int_equal(drum_alone(at, STROKES, alone, NULL), ST_OK);
    for (int i = 0; i < STROKES; i++)
        assert_true(alone[i] > 0.99);
    for (int i = 0; i < STROKES; i++) {
        at[i] = kick(9, 3);
        add_hat(&at[i]);
    }
    at[3] = kick(9, 3);
    at[3].best = DRUM_TOM_LOW;
    at[5].loudness.times = 0;
    for (int i = 0; i < STROKES; i++)
        alone[i] = -1;
    assert_int_equal(drum_alone(at, STROKES, alone, NULL), ST_OK);
    for (int i = 0; i < STROKES; i++)
        assert_true(alone[i] == 1);
    assert_int_equal(drum_alone(at, 1, alone, NULL), ST_OK);
    assert_true(alone[0] == 1);
    assert_int_equal(drum_alone(NULL, 0, NULL, NULL), ST_OK);
}

/* Only so many to either side are looked at. */
static void what_is_out_of_reach_tells_nothing(void **state)
{
    enum { MANY = 3 * DRUM_ALONE_REACH };
    static struct drum_verdict at[MANY];
    static double alone[MANY];
    for (int first = 0; first < 2; first++) { /* the half that has hats */
        for (int i = 0; i < MANY; i++) {
            at[i] = kick(9, 3);
            if ((i < MANY / 2) == (first == 0))
                add_hat(&at[i]);
        }
        assert_int_equal(drum_alone(at, MANY, alone, NULL), ST_OK);
        int near = first == 0 ? MANY / 2 - 1 : MANY / 2;
        int step = first == 0 ? -1 : 1;
        assert_true(alone[near] < 0.7);
        assert_true(alone[near + step * (DRUM_ALONE_REACH - 1)] < 1);
        assert_true(alone[near + step * DRUM_ALONE_REACH] == 1);
    }
}

static void the_score_says_so(void **state)
{
    struct score_parts parts = {0};
    assert_true(hits_among(0.8, &parts, 1) == 0.8);
    assert_int_equal(parts.count, 0);
    assert_true(fabs(hits_among(0.8, &parts, 0.5) - 0.8 * 0.7) < 1e-12);
    assert_true(parts_value(&parts, "alone") == 0.5);
}

static void strike(struct audio *a, enum synth_drum d, size_t at, float gain)
{
    struct rng r = rng_derive(11, (uint64_t)d, "test-drum-alone", 0);
    OWN(audio) hit = tone_blank(synth_drum_length_s(d), 1, RATE);
    synth_drum(d, 0.7, 1, &r, hit.data, hit.frames, RATE);
    for (size_t k = 0; k < hit.frames && at + k < a->frames; k++)
        a->data[at + k] += gain * hit.data[k];
}

/* In a recording: of every two kicks one has a hat on it. */
static void kicks_alone_come_first(void **state)
{
    struct mined *m = *state, other = *m;
    OWN(audio) a = tone_blank(STROKES * 0.5 + 1, 1, RATE);
    struct rng r = rng_derive(7, 1, "test-drum-alone", 0);
    tone_noise(&a, 0.0005, &r);
    for (int i = 0; i < STROKES; i++) {
        size_t at = (size_t)(i * RATE / 2 + 4000);
        strike(&a, SYNTH_KICK, at, 0.8F);
        if (i % 2)
            strike(&a, SYNTH_HAT_CLOSED, at, 0.7F);
    }
    FREED const char *folder = text_of("%s/kicks", m->top);
    assert_int_equal(mkdir(folder, 0777), 0);
    folder_wav(folder, "kicks.wav", &a, 24);
    mined_rig_process(&other, folder, "kicks", 1u << STAGE_DRUMS);
    snprintf(other.project, sizeof other.project, "%s/kicks", m->export_root);
    size_t n, clean = 0, with = 0;
    double worst = 1, best = 0;
    FREED struct catalog_find *all = mined_finds(&other, &n);
    for (size_t i = 0; i < n; i++) {
        const struct candidate *c = &all[i].c;
        if (c->missed_by[0] || strcmp(c->hit_class, "kick") != 0)
            continue;
        bool hat = (long)floor(c->m.start_sec / 0.5) % 2 != 0;
        double alone = parts_value(&c->parts, "alone");
        clean += !hat && (isnan(alone) || alone > 0.9);
        with += hat && alone < 0.85;
        if (hat)
            best = fmax(best, c->m.score);
        else
            worst = fmin(worst, c->m.score);
    }
    if (clean < STROKES / 2 - 1 || with < STROKES / 2 - 1 || !(worst > best))
        fail_msg("%zu alone, %zu not; %.3f against %.3f", clean, with, worst, best);
}

static void pluck(struct audio *a, size_t at, double hz)
{
    for (size_t k = 0; k < RATE / 4 && at + k < a->frames; k++) {
        double t = (double)k / RATE, fade = exp(-9 * t) * fmin(1, t / 0.01);
        a->data[at + k] += (float)(0.4 * fade * sin(6.2831853 * hz * t));
    }
}

/* Of notes plucked now and then and a kick or two each knows what company it keeps, as it
 * is told in drum_context.h; kicks in time have no part that says so. */
static void mined_hits_know_their_company(void **state)
{
    struct mined *m = *state, other = *m;
    struct rng r = rng_derive(5, 1, "test-drum-alone", 0);
    struct audio notes = tone_blank(40, 1, RATE), beat = tone_blank(20, 1, RATE);
    tone_noise(&notes, 0.0005, &r);
    tone_noise(&beat, 0.0005, &r);
    for (size_t at = RATE / 2; at < notes.frames - RATE;
         at += (size_t)(RATE * (0.4 + 1.3 * rng_uniform(&r))))
        pluck(&notes, at, 200 + 500 * rng_uniform(&r));
    strike(&notes, SYNTH_KICK, 38 * RATE, 0.8F);
    for (size_t i = 0; i < 38; i++)
        strike(&beat, SYNTH_KICK, i * RATE / 2 + 4000, 0.8F);
    FREED const char *folder = text_of("%s/both", m->top);
    assert_int_equal(mkdir(folder, 0777), 0);
    folder_wav(folder, "notes.wav", &notes, 24);
    folder_wav(folder, "beat.wav", &beat, 24);
    audio_done(&notes);
    audio_done(&beat);
    mined_rig_process(&other, folder, "both", 1u << STAGE_DRUMS);
    snprintf(other.project, sizeof other.project, "%s/both", m->export_root);
    size_t n, hits = 0, beats = 0;
    double part = 1;
    FREED struct catalog_find *all = mined_finds(&other, &n);
    FREED struct drum_verdict *at = calloc(n, sizeof *at);
    for (size_t i = 0; i < n; i++) {
        const struct candidate *c = &all[i].c;
        bool in_time = strcmp(c->source, "beat") == 0;
        double company = parts_value(&c->parts, "company");
        assert_true(in_time == (c->m.bpm > 0));
        if (c->missed_by[0])
            continue;
        assert_true(in_time == isnan(company));
        beats += in_time;
        if (in_time)
            continue;
        assert_true(hits == 0 || company == part);
        part = company;
        at[hits++].confidence = c->m.hit_confidence;
    }
    assert_in_range(beats, 30, 38);
    assert_in_range(hits, 10, 60);
    assert_true(part >= 0.5 && part < 1);
    assert_true(fabs(part - drum_company(at, hits, false)) < 1e-6);
}

static int setup(void **state)
{
    return mined_rig_setup(state, 1u << STAGE_PADS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hat_on_a_kick_is_heard),
        cmocka_unit_test(where_most_have_a_hat_on_them_the_rest_are_alone),
        cmocka_unit_test(others_tell_nothing),
        cmocka_unit_test(what_is_out_of_reach_tells_nothing),
        cmocka_unit_test(the_score_says_so),
        cmocka_unit_test(kicks_alone_come_first),
        cmocka_unit_test(mined_hits_know_their_company),
    };
    return cmocka_run_group_tests(tests, setup, mined_rig_teardown);
}
