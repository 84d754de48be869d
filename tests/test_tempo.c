/* dsp/tempo on novelty curves and on rendered drums. */
#include "checks.h"
#include "core/pi.h"
#include "core/rng.h"
#include "dsp/synth.h"
#include "dsp/tempo.h"
#include "tone.h"

#include <math.h>
#include <stdint.h>

static const double HOP_S = 256.0 / 44100;

static bool within_octave(double found, double bpm)
{
    for (int i = -1; i <= 1; i++)
        if (fabs(found / (bpm * exp2(i)) - 1) < 0.04)
            return true;
    return false;
}

static void pulses_give_their_tempo(void **state)
{
    enum { N = 5000 };
    static float novelty[N];
    for (int bpm = 75; bpm <= 147; bpm += 4) {
        for (int i = 0; i < N; i++) {
            double beat = i * HOP_S * bpm / 60, phase = beat - floor(beat + 0.5);
            novelty[i] = (float)exp(-phase * phase * 2000);
        }
        struct tempo t;
        assert_int_equal(tempo_of_novelty(novelty, N, HOP_S, &t, NULL), ST_OK);
        assert_true(fabs(t.bpm / bpm - 1) < 2e-4);
        assert_true(t.confidence > 0.8 && t.confidence <= 1);
        /* less than four seconds tell nothing, a little more do */
        for (int more = 0; more < 2; more++) {
            size_t n = (size_t)((more ? 4.1 : 3.9) / HOP_S);
            assert_int_equal(tempo_of_novelty(novelty, n, HOP_S, &t, NULL), ST_OK);
            assert_int_equal(t.bpm > 0, more);
        }
        novelty[300] = NAN; /* one value that is none changes nothing */
        novelty[301] = INFINITY;
        assert_int_equal(tempo_of_novelty(novelty, N, HOP_S, &t, NULL), ST_OK);
        assert_true(fabs(t.bpm / bpm - 1) < 1e-3);
    }
}

static void nothing_regular_has_none(void **state)
{
    enum { N = 5000 };
    static float novelty[N];
    int found = 0;
    for (uint64_t item = 0; item < 40; item++) {
        struct rng r = rng_derive(1, 0, "test-tempo", item);
        for (int i = 0; i < N; i++) {
            novelty[i] = (float)(0.1 * rng_uniform(&r));
            if (item % 2 && rng_uniform(&r) < 0.004) /* now and then an event */
                novelty[i] = 1;
        }
        struct tempo t;
        assert_int_equal(tempo_of_novelty(novelty, N, HOP_S, &t, NULL), ST_OK);
        found += t.bpm > 0;
    }
    assert_true(found <= 2); /* 5 % */
}

/* Voices that beat and waves that samplers loop flicker as evenly as a drummer: what
 * never comes near an onset (novelty 1) is no pulse, however regular. What does is. */
static void flicker_is_no_pulse(void **state)
{
    enum { N = 5000 };
    static float novelty[N];
    for (int bpm = 80; bpm <= 140; bpm += 10)
        for (int loud = 0; loud < 2; loud++) {
            for (int i = 0; i < N; i++) {
                double beat = i * HOP_S * bpm / 60, phase = beat - floor(beat + 0.5);
                novelty[i] = (float)((loud ? 1.2 : 0.3) * exp(-phase * phase * 2000));
            }
            struct tempo t;
            assert_int_equal(tempo_of_novelty(novelty, N, HOP_S, &t, NULL), ST_OK);
            assert_true(loud ? fabs(t.bpm / bpm - 1) < 0.003 : t.bpm == 0);
        }
}

static void odd_input_is_survived(void **state)
{
    struct tempo t = {1, 1};
    assert_int_equal(tempo_of_novelty(NULL, 0, HOP_S, &t, NULL), ST_OK);
    assert_true(t.bpm == 0 && t.confidence == 0);
    static float novelty[3000];
    assert_int_equal(tempo_of_novelty(novelty, 3000, HOP_S, &t, NULL), ST_OK);
    assert_true(t.bpm == 0);
    assert_int_equal(tempo_of_novelty(novelty, 3000, 0, &t, NULL), ST_OK);
    assert_true(t.bpm == 0);
    for (int i = 0; i < 3000; i++)
        novelty[i] = i % 3 ? NAN : (i % 86 == 0 ? 1.0f : INFINITY);
    assert_int_equal(tempo_of_novelty(novelty, 3000, HOP_S, &t, NULL), ST_OK);
    assert_true(isfinite(t.bpm) && isfinite(t.confidence));
}

/* Four-on-the-floor, rock and breakbeat patterns, with human timing. */
static void render(struct audio *a, double bpm, int style, struct rng *r)
{
    static const char *const pattern[3][3] = {
        {"x...x...x...x...", "....x.......x...", "..x...x...x...x."},
        {"x.......x.x.....", "....x.......x...", "x.x.x.x.x.x.x.x."},
        {"x.x.......xx....", "....x..x.x..x...", "x.x.x.xxx.x.x.x."}};
    static const enum synth_drum voice[3] = {SYNTH_KICK, SYNTH_SNARE, SYNTH_HAT_CLOSED};
    double sixteenth = 60 / bpm / 4;
    for (int step = 0; step * sixteenth < 19; step++)
        for (int v = 0; v < 3; v++) {
            if (pattern[style][v][step % 16] != 'x')
                continue;
            double at = step * sixteenth + 0.2 + 0.004 * rng_gauss(r);
            size_t frame = (size_t)(fmax(at, 0) * a->rate_hz);
            size_t n = (size_t)(synth_drum_length_s(voice[v]) * a->rate_hz);
            n = frame + n < a->frames ? n : a->frames - frame;
            synth_drum(voice[v], 0.3 + 0.3 * rng_uniform(r), 1, r, a->data + frame, n,
                       a->rate_hz);
        }
}

static void drums_give_their_tempo(void **state)
{
    int right = 0, octave = 0, all = 0;
    for (int style = 0; style < 3; style++)
        for (double bpm = 78.3; bpm < 170; bpm += 11.7, all++) {
            struct rng r = rng_derive(2, 0, "test-tempo", (uint64_t)all);
            OWN(audio) a = tone_frames(20 * 22050, 1, 22050);
            render(&a, bpm, style, &r);
            OWN(track) *t = tone_track(&a);
            double found = track_info(t)->tempo.bpm;
            right += fabs(found / bpm - 1) < 0.04;
            octave += within_octave(found, bpm);
        }
    print_message("tempo of %d patterns: %d right, %d right or an octave off\n", all,
                  right, octave);
    assert_true(right >= 0.8 * all);
    assert_true(octave >= 0.95 * all);
}

static void pads_have_none(void **state)
{
    int found = 0;
    for (uint64_t item = 0; item < 10; item++) {
        struct rng r = rng_derive(3, 0, "test-tempo", item);
        OWN(audio) a = tone_frames(20 * 22050, 1, 22050);
        for (double at = 0.1; at < 15;) {
            double length = rng_range(&r, 2, 5), root = rng_range(&r, 80, 200);
            size_t frame = (size_t)(at * 22050), n = (size_t)(length * 22050);
            for (int k = 0; k < 3; k++) {
                struct synth_pad p = {root * (1 + 0.25 * k), 0.1, 1500, 8, 0.3, 0.4};
                synth_pad(&p, &r, a.data + frame, n, 22050);
            }
            at += length;
        }
        OWN(track) *t = tone_track(&a);
        found += track_info(t)->tempo.bpm > 0;
    }
    assert_int_equal(found, 0);
}

/* Two voices a few cents apart beat as evenly as a drummer, and a tremolo is as even: a
 * sound that nothing strikes has no tempo, whatever its level does. A few strokes over
 * minutes are none either, a stroke a beat is. */
static void what_nothing_strikes_has_none(void **state)
{
    for (int item = 0; item < 12; item++) {
        bool struck = item % 3 == 2;
        struct rng r = rng_derive(5, 0, "test-tempo", (uint64_t)item);
        OWN(audio) a = tone_frames(20 * 22050, 1, 22050);
        double beat_hz = rng_range(&r, 1.4, 2.8), root = rng_range(&r, 110, 300);
        for (size_t i = 0; i < a.frames; i++) {
            double at = (double)i / 22050, sum = 0;
            for (int h = 1; h <= 12; h++)
                sum += (sin(2 * PI * root * h * at) +
                        (item % 2 ? 0.5 * sin(2 * PI * (root + beat_hz) * h * at) : 0)) /
                       h;
            double swell = item % 2 ? 1 : 1 + 0.4 * sin(2 * PI * beat_hz * at);
            a.data[i] = (float)(0.1 * swell * sum);
        }
        for (double at = 0.5; struck && at < 19; at += 1 / beat_hz)
            synth_drum(SYNTH_KICK, 0.8, 1, &r, a.data + (size_t)(at * 22050), 4000,
                       22050);
        OWN(track) *t = tone_track(&a);
        double bpm = track_info(t)->tempo.bpm;
        print_message("%s: %.1f, %.1f bpm\n", struck ? "struck" : "held", beat_hz * 60,
                      bpm);
        assert_true(struck ? within_octave(bpm, beat_hz * 60) : bpm == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pulses_give_their_tempo),
        cmocka_unit_test(nothing_regular_has_none),
        cmocka_unit_test(flicker_is_no_pulse),
        cmocka_unit_test(odd_input_is_survived),
        cmocka_unit_test(drums_give_their_tempo),
        cmocka_unit_test(pads_have_none),
        cmocka_unit_test(what_nothing_strikes_has_none),
    };
    return cmocka_run_group_tests_name("tempo", tests, NULL, NULL);
}
