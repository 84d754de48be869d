/* The pattern player inside the engine: time to the sample, choke, swap, trim. */
#include "checks.h"

#include "audio/engine.h"
#include "audio/sequencer.h"
#include "core/rng.h"
#include "tone.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { RATE = 44100 };

static struct engine *fresh(void)
{
    struct engine *g;
    assert_int_equal(engine_new(&g, RATE, 2, NULL), ST_OK);
    return g;
}

static void post(struct engine *g, struct engine_command c)
{
    assert_true(engine_post(g, &c));
}

/* `frames` of `level`; the first frame is `first`. */
static struct sound *step_sound(size_t frames, float first, float level)
{
    struct audio a = tone_frames(frames, 1, RATE);
    for (size_t i = 0; i < frames; i++)
        a.data[i] = i ? level : first;
    return sound_new(&a);
}

static void slot(struct engine *g, int n, struct sound *s, float gain)
{
    struct engine_command c = {.action = ENGINE_SLOT};
    c.u.kit.slot = n;
    c.u.kit.sound = s ? sound_ref(s) : NULL;
    c.u.kit.gain = gain;
    post(g, c);
}

static void hit(struct engine *g, int n)
{
    struct engine_command c = {.action = ENGINE_HIT};
    c.u.kit.slot = n;
    post(g, c);
}

static void steps_fall_on_their_frame(void **state)
{
    static const double tempos[] = {120, 133.7, 20, 300, 97.13};
    enum { OUT = RATE * 12 };
    FREED float *out = malloc(OUT * 2 * sizeof *out);
    struct sound *click = step_sound(1, 1, 0);
    struct rng r = rng_derive(1, 0, "blocks", 0);
    for (size_t k = 0; k < sizeof tempos / sizeof *tempos; k++) {
        struct engine *g = fresh();
        struct engine_command c = {.action = ENGINE_PATTERN};
        kit_pattern_clear(&c.u.pattern);
        c.u.pattern.steps[0] = UINT16_MAX;
        slot(g, 0, click, 1);
        post(g, c);
        post(g, (struct engine_command){.action = ENGINE_TEMPO, .u.bpm = tempos[k]});
        post(g, (struct engine_command){.action = ENGINE_RUN, .u.on = true});
        for (size_t done = 0; done < OUT;) {
            size_t part = 1 + rng_below(&r, 900);
            part = part < OUT - done ? part : OUT - done;
            engine_render(g, out + 2 * done, part);
            engine_collect(g);
            done += part;
        }
        double step = RATE * 15.0 / tempos[k];
        int64_t n = 0;
        for (int64_t i = 0; i < OUT; i++) {
            bool due = i == llround((double)n * step);
            assert_true(out[2 * i] == (due ? 1.0f : 0.0f));
            n += due;
        }
        assert_true(n >= (int64_t)(OUT / step));
        engine_free(g);
    }
    assert_int_equal(atomic_load(&click->references), 1);
    sound_unref(click);
}

static void a_change_of_tempo_keeps_the_place_in_the_bar(void **state)
{
    struct sequencer s = {.step_frames = 1000};
    sequencer_start(&s);
    assert_int_equal(sequencer_until(&s, 500), 0);
    assert_int_equal(sequencer_take(&s), 0);
    sequencer_advance(&s, 400); /* four tenths of a step */
    sequencer_tempo(&s, 2000);
    assert_int_equal(sequencer_until(&s, 5000), 1200); /* six tenths are left */
    sequencer_advance(&s, 1200);
    assert_int_equal(sequencer_until(&s, 5000), 0);
    assert_int_equal(sequencer_take(&s), 1);
    sequencer_tempo(&s, 500);
    assert_int_equal(sequencer_until(&s, 5000), 500);
    sequencer_start(&s); /* at once, whatever the tempo was before */
    assert_int_equal(sequencer_until(&s, 5000), 0);
    assert_int_equal(sequencer_take(&s), 0);
    assert_int_equal(sequencer_until(&s, 5000), 500);
}

static void slots_are_monophonic_and_closed_hats_cut_open_ones(void **state)
{
    float out[8000];
    struct engine *g = fresh();
    struct sound *open = step_sound(RATE, 0.5f, 0.5f), *closed = step_sound(10, 0, 0);
    slot(g, KIT_SLOT_OH, open, 1);
    slot(g, KIT_SLOT_CH, closed, 1);
    slot(g, 0, open, 1);
    hit(g, KIT_SLOT_OH);
    engine_render(g, out, 1000);
    assert_true(out[0] == 0.5f && out[2 * 999] == 0.5f);
    hit(g, KIT_SLOT_CH);
    engine_render(g, out, 1000);
    assert_true(out[2 * 300] == 0); /* 5 ms later */
    assert_true(fabsf(out[2 * 110] - 0.25f) < 0.01f);
    for (int i = 1; i < 300; i++)
        assert_true(out[2 * i] <= out[2 * i - 2]);
    /* again and again: one voice remains, whatever is hit in one block */
    for (int i = 0; i < 20; i++) {
        hit(g, 0);
        hit(g, 0);
        engine_render(g, out, 700);
        assert_true(out[2 * 400] == 0.5f);
    }
    slot(g, 0, NULL, 1); /* emptied: what rings fades */
    engine_render(g, out, 110);
    slot(g, 0, NULL, 1); /* emptied again: it goes on fading */
    engine_render(g, out + 2 * 110, 1000);
    for (int i = 1; i < 1000; i++)
        assert_true(out[2 * i] <= out[2 * i - 2]);
    assert_true(out[2 * 219] < 0.001f && out[2 * 500] == 0);
    engine_collect(g);
    assert_int_equal(atomic_load(&open->references), 2); /* the OH slot's and mine */
    engine_free(g);
    sound_unref(open);
    sound_unref(closed);
}

/* Where a hit lies inside a sound its ends are faded within 12 ms. */
static void cut_hits_have_soft_ends(void **state)
{
    float out[4000];
    struct sound *s = step_sound(1500, 0.5f, 0.5f);
    for (int soft = 0; soft < 4; soft++) {
        struct engine *g = fresh();
        struct engine_command c = {.action = ENGINE_SLOT};
        c.u.kit.slot = 2;
        c.u.kit.sound = sound_ref(s);
        c.u.kit.gain = 1;
        c.u.kit.fade_in = soft & 1;
        c.u.kit.fade_out = soft & 2;
        post(g, c);
        hit(g, 2);
        engine_render(g, out, 2000);
        assert_true(fabsf(out[2 * 264] - (soft & 1 ? 0.25f : 0.5f)) < 0.002f);
        assert_true(out[2 * 750] == 0.5f);
        assert_true(fabsf(out[2 * 1235] - (soft & 2 ? 0.25f : 0.5f)) < 0.002f);
        engine_free(g);
    }
    sound_unref(s);
}

static void swapping_a_slot_is_heard_from_its_next_hit(void **state)
{
    float out[4000];
    struct engine *g = fresh();
    struct sound *a = step_sound(1500, 0.25f, 0.25f), *b = step_sound(1500, 1, 1);
    slot(g, 3, a, 1);
    hit(g, 3);
    engine_render(g, out, 500);
    slot(g, 3, b, 0.5f);
    engine_render(g, out, 500);
    assert_true(out[0] == 0.25f && out[2 * 499] == 0.25f);
    hit(g, 3);
    engine_render(g, out, 500);
    assert_true(out[2 * 400] == 0.5f);
    struct engine_command trim = {.action = ENGINE_TRIM};
    trim.u.kit.slot = 3;
    trim.u.kit.gain = 0.25f;
    post(g, trim);
    hit(g, 3);
    engine_render(g, out, 500);
    assert_true(out[2 * 400] == 0.25f);
    engine_free(g);
    assert_int_equal(atomic_load(&a->references), 1);
    assert_int_equal(atomic_load(&b->references), 1);
    sound_unref(a);
    sound_unref(b);
}

static void stopping_lets_it_ring_and_starting_begins_at_one(void **state)
{
    enum { STEP = RATE / 8 };
    float out[STEP * 2 * 3];
    struct engine_snapshot snap;
    struct engine *g = fresh();
    struct sound *s = step_sound(RATE, 0.5f, 0.5f);
    struct engine_command c = {.action = ENGINE_PATTERN};
    kit_pattern_clear(&c.u.pattern);
    c.u.pattern.steps[2] = 1;
    slot(g, 2, s, 1);
    post(g, c);
    post(g, (struct engine_command){.action = ENGINE_RUN, .u.on = true});
    engine_render(g, out, STEP * 3);
    engine_snapshot(g, &snap);
    assert_true(snap.running && snap.step == 2 && !snap.silent && !snap.playing);
    post(g, (struct engine_command){.action = ENGINE_RUN, .u.on = false});
    engine_render(g, out, 1000);
    engine_snapshot(g, &snap);
    assert_true(!snap.running && snap.step == -1);
    assert_true(out[0] == 0.5f && out[2 * 999] == 0.5f);
    post(g, (struct engine_command){.action = ENGINE_RUN, .u.on = true});
    engine_render(g, out, 1);
    engine_snapshot(g, &snap);
    assert_int_equal(snap.step, 0);
    engine_free(g);
    sound_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_fall_on_their_frame),
        cmocka_unit_test(a_change_of_tempo_keeps_the_place_in_the_bar),
        cmocka_unit_test(slots_are_monophonic_and_closed_hats_cut_open_ones),
        cmocka_unit_test(cut_hits_have_soft_ends),
        cmocka_unit_test(swapping_a_slot_is_heard_from_its_next_hit),
        cmocka_unit_test(stopping_lets_it_ring_and_starting_begins_at_one),
    };
    return cmocka_run_group_tests_name("kit player", tests, NULL, NULL);
}
