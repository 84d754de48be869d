/* Traces tell copies of a hit from other hits of the same drum; stacks are made by them.
 * All sounds are synthesised here. */
#include "checks.h"

#include "core/rng.h"
#include "dsp/stacks.h"
#include "dsp/trace_match.h"
#include "tone.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 44100, FRAMES = RATE / 3 };

/* One hit of a drum: the same tone every time, a noise and slight detunings of its own.
 */
struct strike {
    uint64_t hit;
    double tone_hz, low_hz, high_hz, noise; /* of the drum */
    double cents, gain, snr_db, late_ms;    /* of the recording */
    uint64_t take;
};

static void play(const struct strike *s, int rate_hz, struct audio *a)
{
    struct rng own = rng_derive(1, s->hit, "hit", 0),
               room = rng_derive(2, s->take, "room", 0);
    double ratio = exp2(s->cents / 1200.0), phase[6], level[6];
    double power = 0.0, late = s->late_ms * 1e-3;
    size_t frames = (size_t)((double)FRAMES / RATE * rate_hz);
    for (int k = 0; k < 6; k++) {
        phase[k] = 6.2832 * rng_uniform(&own);
        level[k] = s->noise * (0.3 + rng_uniform(&own));
    }
    assert_int_equal(audio_init(a, frames, 1, rate_hz, NULL), ST_OK);
    for (size_t i = 0; i < frames; i++) {
        double t = ((double)i / rate_hz - 0.005 - late) * ratio, v = 0.0;
        if (t >= 0.0) {
            v = sin(6.2832 * s->tone_hz * t) * exp(-t / 0.09);
            for (int k = 0; k < 6; k++) {
                double hz = s->low_hz + (s->high_hz - s->low_hz) * (k + 0.5) / 6.0;
                v += level[k] *
                     sin(6.2832 * hz * t * (1.0 + 0.3 * sin(90.0 * t + phase[k])) +
                         phase[k]) *
                     exp(-t / 0.05);
            }
        }
        a->data[i] = (float)v;
        power += v * v;
    }
    double floor = sqrt(power / (double)frames) * pow(10.0, -s->snr_db / 20.0);
    for (size_t i = 0; i < frames; i++)
        a->data[i] = (float)(s->gain * ((double)a->data[i] + floor * rng_gauss(&room)));
}

static const struct strike snare = {1, 190, 300, 1900, 0.4, 0, 0.5, 60, 0, 1};
static const struct strike hat = {7, 0, 4500, 8500, 0.5, 0, 0.5, 60, 0, 1};

static double unlike_of(const struct strike *a, const struct strike *b, int rate_hz)
{
    struct trace_maker *maker;
    struct trace_matcher *m;
    struct trace x, y;
    OWN(audio) sound;
    assert_int_equal(trace_maker_new(&maker, rate_hz, NULL), ST_OK);
    assert_int_equal(trace_matcher_new(&m, NULL), ST_OK);
    play(a, rate_hz, &sound);
    assert_int_equal(trace_take(maker, &sound, &x, NULL), ST_OK);
    audio_done(&sound);
    play(b, rate_hz, &sound);
    assert_int_equal(trace_take(maker, &sound, &y, NULL), ST_OK);
    const struct trace *const both[] = {&x, &y};
    struct trace_sketch sketch[2];
    trace_sketch(m, both, 2, sketch);
    trace_hold(m, &x, &sketch[0]);
    double found = trace_unlike(m, &y, &sketch[1], 1.0);
    trace_hold(m, &y, &sketch[1]);
    double back = trace_unlike(m, &x, &sketch[0], 1.0),
           less = trace_unlike(m, &x, &sketch[0], 0.06);
    assert_true(fabs(back - found) < 0.05);
    assert_true((less < 0.06) == (back < 0.06)); /* what is given up early is no copy */
    assert_true(trace_unlike(m, &x, &sketch[0], 0.06) == less);
    trace_maker_free(maker);
    trace_matcher_free(m);
    return found;
}

static void test_copies_match(void **state)
{
    static const struct strike *const drums[] = {&snare, &hat};
    for (int d = 0; d < 2; d++)
        for (int cents = -90; cents <= 90; cents += 30) {
            struct strike copy = *drums[d];
            copy.cents = cents;
            copy.gain = cents < 0 ? -0.1 : 0.9; /* the other way round, too */
            copy.snr_db = 25;
            copy.late_ms = 2.3;
            copy.take = 5;
            double found = unlike_of(drums[d], &copy, d == 0 ? 48000 : RATE);
            if (found >= 0.05)
                print_message("drum %d, %d cents: %.3f\n", d, cents, found);
            assert_true(found < 0.05);
        }
}

static void test_other_hits_do_not(void **state)
{
    for (uint64_t hit = 2; hit < 7; hit++) {
        struct strike other = snare, other_hat = hat;
        other.hit = hit; /* tone and band as before, the noise its own */
        other_hat.hit = hit;
        assert_true(unlike_of(&snare, &other, RATE) > 0.15);
        assert_true(unlike_of(&hat, &other_hat, RATE) > 0.15);
    }
}

static void test_detail(void **state)
{
    struct trace_maker *maker;
    struct trace_matcher *m;
    struct trace tone, noisy, nothing;
    const struct trace *const all[] = {&tone, &noisy, &nothing};
    struct trace_sketch sketch[3];
    struct strike plain = snare, rough = snare;
    OWN(audio) sound;
    plain.noise = 0.0;
    rough.noise = 2.0;
    assert_int_equal(trace_maker_new(&maker, RATE, NULL), ST_OK);
    play(&plain, RATE, &sound);
    assert_int_equal(trace_take(maker, &sound, &tone, NULL), ST_OK);
    audio_done(&sound);
    play(&rough, RATE, &sound);
    assert_int_equal(trace_take(maker, &sound, &noisy, NULL), ST_OK);
    memset(sound.data, 0, sound.frames * sizeof *sound.data);
    assert_int_equal(trace_take(maker, &sound, &nothing, NULL), ST_OK);
    assert_int_equal(nothing.known, 0);
    assert_int_equal(trace_matcher_new(&m, NULL), ST_OK);
    trace_sketch(m, all, 3, sketch);
    trace_hold(m, &noisy, &sketch[1]);
    double beside_tone = trace_detail(m, &tone, &sketch[0]);
    assert_true(trace_detail(m, &noisy, &sketch[1]) > 2.0);
    trace_hold(m, &tone, &sketch[0]);
    assert_true(trace_detail(m, &tone, &sketch[0]) < 1.5);
    assert_true(trace_detail(m, &tone, &sketch[0]) == beside_tone);
    struct trace dull = noisy; /* no band says anything, the lowest drowns */
    const struct trace *const one = &dull;
    memset(dull.detail, 0, sizeof dull.detail);
    dull.snr_db[0] = -20;
    trace_sketch(m, &one, 1, &sketch[2]);
    trace_hold(m, &dull, &sketch[2]);
    assert_true(trace_detail(m, &dull, &sketch[2]) == 0.0);
    assert_true(trace_unlike(m, &dull, &sketch[2], 0.06) < 0.01);
    trace_matcher_free(m);
    trace_maker_free(maker);
    assert_int_equal(trace_maker_new(&maker, 10, NULL), ST_UNSUPPORTED);
}

/* Hits that share transforms have the traces they have alone, and these their sketches.
 */
static void test_many_at_once(void **state)
{
    enum { MANY = 19 };
    struct trace_maker *maker;
    struct trace alone[MANY], together[MANY];
    struct audio sound[MANY];
    assert_int_equal(trace_maker_new(&maker, RATE, NULL), ST_OK);
    for (int i = 0; i < MANY; i++) {
        struct strike s = i % 2 ? snare : hat;
        s.hit = (uint64_t)i;
        play(&s, RATE, &sound[i]);
        assert_int_equal(trace_take(maker, &sound[i], &alone[i], NULL), ST_OK);
    }
    for (int i = 0; i < MANY; i++)
        assert_int_equal(trace_add(maker, &sound[i], &together[i], NULL), ST_OK);
    trace_finish(maker);
    assert_memory_equal(alone, together, sizeof alone);
    assert_true(memcmp(&alone[1], &alone[3], sizeof alone[1]) != 0);
    struct trace_matcher *m;
    struct trace_sketch one[TRACE_SKETCHES], all[TRACE_SKETCHES];
    const struct trace *of[TRACE_SKETCHES];
    assert_int_equal(trace_matcher_new(&m, NULL), ST_OK);
    for (int i = 0; i < TRACE_SKETCHES; i++) {
        of[i] = &alone[i];
        trace_sketch(m, &of[i], 1, &one[i]);
    }
    trace_sketch(m, of, TRACE_SKETCHES, all);
    assert_memory_equal(one, all, sizeof all);
    trace_matcher_free(m);
    for (int i = 0; i < MANY; i++)
        audio_done(&sound[i]);
    trace_maker_free(maker);
}

static void turn_round(int8_t *x, int count)
{
    for (int i = 0; i < count / 2; i++) {
        int8_t swap = x[i];
        x[i] = x[count - 1 - i];
        x[count - 1 - i] = swap;
    }
}

static bool promises(struct trace_matcher *m, const struct trace_sketch *sketch)
{
    static const double share[TRACE_BANDS] = {1, 1, 1}, only_low[TRACE_BANDS] = {1, 0, 0};
    struct bounds x[TRACE_BANDS];
    return trace_promises(m, sketch, share, only_low, 0.06, x);
}

/* What lies backwards has the same magnitudes at every frequency: only the envelope of
 * the correlation tells that it is no copy, and it lets copies pass that come later and
 * faster. */
static void test_envelopes_tell_what_magnitudes_do_not(void **state)
{
    static struct trace_matcher *m;
    struct trace_maker *maker;
    struct trace one, copy, back;
    const struct trace *const all[] = {&one, &copy, &back};
    struct trace_sketch sketch[3];
    struct strike again = snare;
    struct audio sound;
    int told = 0;
    assert_int_equal(trace_matcher_new(&m, NULL), ST_OK);
    assert_int_equal(trace_maker_new(&maker, RATE, NULL), ST_OK);
    for (uint64_t hit = 1; hit <= 20; hit++) {
        struct strike now = snare;
        now.hit = again.hit = hit;
        now.noise = again.noise = 1.0;
        again.cents = hit % 2 ? 70 : -70;
        again.late_ms = 2.5;
        again.take = 9;
        play(&now, RATE, &sound);
        assert_int_equal(trace_take(maker, &sound, &one, NULL), ST_OK);
        audio_done(&sound);
        play(&again, RATE, &sound);
        assert_int_equal(trace_take(maker, &sound, &copy, NULL), ST_OK);
        audio_done(&sound);
        one.begins = 0;
        back = one;
        turn_round(back.low, TRACE_LOW);
        trace_sketch(m, all, 3, sketch);
        trace_hold(m, &one, &sketch[0]);
        assert_true(promises(m, &sketch[0]));
        assert_true(promises(m, &sketch[1]));
        /* with its own spectrum in place of that of the lowest bins, it would pass */
        struct trace_sketch blind = sketch[2];
        memcpy(blind.deep, sketch[0].deep, sizeof blind.deep);
        blind.unit = sketch[0].unit;
        told += !promises(m, &sketch[2]) && promises(m, &blind);
    }
    print_message("told by the envelope: %d of 20\n", told);
    assert_true(told >= 18);
    trace_maker_free(maker);
    trace_matcher_free(m);
}

/* However late a hit is in its file, its attack is found to the frame. */
static void test_attacks_at_any_place(void **state)
{
    struct trace_maker *maker;
    struct trace first, now;
    struct audio sound, late;
    assert_int_equal(trace_maker_new(&maker, RATE, NULL), ST_OK);
    play(&snare, RATE, &sound);
    memset(sound.data, 0, RATE / 200 * sizeof *sound.data);
    assert_int_equal(trace_take(maker, &sound, &first, NULL), ST_OK);
    for (size_t by = 1; by <= 140; by++) {
        assert_int_equal(audio_init(&late, sound.frames + by, 1, RATE, NULL), ST_OK);
        memset(late.data, 0, by * sizeof *late.data);
        memcpy(late.data + by, sound.data, sound.frames * sizeof *late.data);
        assert_int_equal(trace_take(maker, &late, &now, NULL), ST_OK);
        assert_memory_equal(now.low, first.low, sizeof now.low);
        assert_memory_equal(now.mid, first.mid, sizeof now.mid);
        assert_memory_equal(now.high, first.high, sizeof now.high);
        audio_done(&late);
    }
    audio_done(&sound);
    trace_maker_free(maker);
}

enum { DRUMS = 10, TIMES = 12, N = DRUMS * TIMES };

struct set {
    float vectors[N * SIMILARITY_DIM];
    struct trace traces[N];
    uint64_t ids[N];
    int group[N], truth[N];
};

/* The stacks of its first n. */
static enum status find(const struct set *s, size_t n, int *stack,
                        const atomic_bool *cancelled)
{
    struct similarity_set of = {s->vectors, s->ids, s->group, n};
    return stacks_find(&of, s->traces, stack, cancelled, NULL);
}

/* Six hits of one snare, four hats; each recorded again and again. */
static struct set *record(void)
{
    struct set *s = calloc(1, sizeof *s);
    struct similarity *ear;
    struct trace_maker *maker;
    struct rng r = rng_derive(4, 0, "set", 0);
    assert_non_null(s);
    assert_int_equal(similarity_new(&ear, RATE, NULL), ST_OK);
    assert_int_equal(trace_maker_new(&maker, RATE, NULL), ST_OK);
    for (int i = 0; i < N; i++) {
        struct strike now = i % DRUMS < 6 ? snare : hat;
        OWN(audio) sound;
        now.hit = (uint64_t)(i % DRUMS) + 20;
        now.cents = rng_range(&r, -50, 50);
        now.gain = rng_range(&r, 0.05, 0.9);
        now.snr_db = rng_range(&r, 25, 50);
        now.late_ms = rng_range(&r, 0, 3);
        now.take = (uint64_t)i;
        play(&now, RATE, &sound);
        assert_int_equal(
            similarity_vector(ear, &sound, s->vectors + i * SIMILARITY_DIM, NULL), ST_OK);
        assert_int_equal(trace_take(maker, &sound, &s->traces[i], NULL), ST_OK);
        s->ids[i] = rng_u64(&r);
        s->truth[i] = i % DRUMS;
    }
    similarity_free(ear);
    trace_maker_free(maker);
    return s;
}

static void test_stacks_are_the_hits(void **state)
{
    FREED struct set *s = record();
    int stack[N];
    double hit = 0, put = 0, real = 0;
    assert_int_equal(find(s, N, stack, NULL), ST_OK);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < i; k++) {
            bool together = stack[i] && stack[i] == stack[k];
            hit += together && s->truth[i] == s->truth[k];
            put += together;
            real += s->truth[i] == s->truth[k];
        }
    print_message("precision %.3f recall %.3f\n", hit / put, hit / real);
    assert_true(hit >= 0.99 * put);
    assert_true(hit >= 0.97 * real);
    /* numbers follow the smallest id, and nobody is a stack alone */
    uint64_t smallest[N + 1];
    int members[N + 1] = {0}, most = 0;
    for (int i = 0; i <= N; i++)
        smallest[i] = UINT64_MAX;
    for (int i = 0; i < N; i++) {
        smallest[stack[i]] =
            s->ids[i] < smallest[stack[i]] ? s->ids[i] : smallest[stack[i]];
        members[stack[i]]++;
        most = stack[i] > most ? stack[i] : most;
    }
    for (int i = 1; i <= most; i++)
        assert_true(members[i] > 1 && (i == 1 || smallest[i - 1] < smallest[i]));
}

static void test_order_and_groups(void **state)
{
    FREED struct set *s = record(), *turned = calloc(1, sizeof *turned);
    int stack[N], again[N];
    assert_non_null(turned);
    /* some have no trace, and are stacked by likeness among themselves */
    for (int i = 0; i < 2 * DRUMS; i += DRUMS)
        s->traces[i].known = 0;
    memcpy(s->vectors + DRUMS * SIMILARITY_DIM, s->vectors,
           SIMILARITY_DIM * sizeof(float));
    for (int i = 0; i < N; i++)
        s->group[i] = i % DRUMS == 3 ? i / DRUMS % 2 : 0;
    for (int i = 0; i < N; i++) {
        int from = N - 1 - i;
        memcpy(turned->vectors + i * SIMILARITY_DIM, s->vectors + from * SIMILARITY_DIM,
               SIMILARITY_DIM * sizeof(float));
        turned->traces[i] = s->traces[from];
        turned->ids[i] = s->ids[from];
        turned->group[i] = s->group[from];
    }
    assert_int_equal(find(s, N, stack, NULL), ST_OK);
    assert_int_equal(find(turned, N, again, NULL), ST_OK);
    for (int i = 0; i < N; i++)
        assert_int_equal(stack[i], again[N - 1 - i]);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < i; k++)
            assert_true(!stack[i] || stack[i] != stack[k] || s->group[i] == s->group[k]);
    assert_int_equal(stack[0], stack[DRUMS]);
    assert_true(stack[0] > 0 && stack[2 * DRUMS] > 0 && stack[0] != stack[2 * DRUMS]);
    /* nothing, and one that is not known at all */
    s->vectors[0] = NAN;
    assert_int_equal(find(s, 0, stack, NULL), ST_OK);
    assert_int_equal(find(s, 1, stack, NULL), ST_OK);
    assert_int_equal(stack[0], 0);
    atomic_bool cancelled = true;
    assert_int_equal(find(s, N, stack, &cancelled), ST_CANCELLED);
}

static void test_hostile_sounds(void **state)
{
    static const int rates[] = {8000, 22050, 96000, 192000};
    for (int r = 0; r < 4; r++) {
        struct trace_maker *maker;
        struct trace_matcher *m;
        assert_int_equal(trace_maker_new(&maker, rates[r], NULL), ST_OK);
        assert_int_equal(trace_matcher_new(&m, NULL), ST_OK);
        for (size_t frames = 0; frames < 3000; frames = frames * 3 + 1) {
            struct trace t;
            OWN(audio) a = tone_frames(frames, 3, rates[r]);
            for (size_t i = 0; i < frames * 3; i++)
                a.data[i] = i % 5 == 0 ? NAN : i % 7 == 0 ? INFINITY : i % 2 ? 1 : -1;
            assert_int_equal(trace_take(maker, &a, &t, NULL), ST_OK);
            const struct trace *const one = &t;
            struct trace_sketch sketch;
            trace_sketch(m, &one, 1, &sketch);
            trace_hold(m, &t, &sketch);
            double unlike = trace_unlike(m, &t, &sketch, 1.0);
            assert_true(unlike >= 0.0 && unlike <= 1.0);
        }
        trace_maker_free(maker);
        trace_matcher_free(m);
    }
    trace_maker_free(NULL);
    trace_matcher_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies_match),
        cmocka_unit_test(test_other_hits_do_not),
        cmocka_unit_test(test_detail),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_attacks_at_any_place),
        cmocka_unit_test(test_envelopes_tell_what_magnitudes_do_not),
        cmocka_unit_test(test_stacks_are_the_hits),
        cmocka_unit_test(test_order_and_groups),
        cmocka_unit_test(test_hostile_sounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
