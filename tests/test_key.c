/* dsp/key: names, and keys of chord progressions played by the small studio. */
#include "checks.h"
#include "core/rng.h"
#include "dsp/key.h"
#include "dsp/synth.h"
#include "tone.h"

#include <math.h>
#include <stdint.h>

enum { RATE = 22050 };

/* ---- Names ----------------------------------------------------------------------- */

static void names_are_read_in_many_forms(void **state)
{
    static const struct {
        const char *text, *name;
    } good[] = {
        {"C", "C"},     {"c maj", "C"},      {"A min", "Am"},    {"Am", "Am"},
        {"F#m", "F#m"}, {"Bb minor", "Bbm"}, {"g# major", "Ab"}, {"eb", "Eb"},
        {"Cb", "B"},    {"B# Major", "C"},   {" d  MIN ", "Dm"}, {"Amin", "Am"},
        {"b", "B"},     {"bb", "Bb"},        {"AM", "A"},        {"F-minor", "Fm"}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct key k;
        assert_true(key_parse(good[i].text, &k));
        assert_string_equal(k.name, good[i].name);
    }
    static const char *const bad[] = {"",     "H",          "C##", "Am7",
                                      "xmaj", "A minorish", "5",   "C x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct key k;
        assert_false(key_parse(bad[i], &k));
    }
    for (int tonic = -12; tonic < 24; tonic++)
        for (int minor = 0; minor < 2; minor++) {
            struct key k = key_make(tonic, minor), back;
            assert_true(key_parse(k.name, &back));
            assert_int_equal(back.tonic, k.tonic);
            assert_true(back.minor == k.minor);
        }
}

static void shifts_take_the_shortest_way(void **state)
{
    struct key c = key_make(0, false), a_minor = key_make(9, true),
               g = key_make(7, false);
    struct key f_sharp = key_make(6, false), none = key_none();
    assert_int_equal(key_shift(&c, &g), -5);
    assert_int_equal(key_shift(&g, &c), 5);
    assert_int_equal(key_shift(&c, &a_minor), 0);
    assert_int_equal(key_shift(&a_minor, &g), -5);
    assert_int_equal(key_shift(&c, &f_sharp), -6);
    assert_int_equal(key_shift(&none, &c), 0);
    assert_string_equal(none.name, "");
}

/* ---- Sound ----------------------------------------------------------------------- */

enum { PAD, PLUCK, STYLES };

static double pitch_hz(double midi)
{
    return 440 * exp2((midi - 69) / 12);
}

static void play(struct audio *a, int style, double at_s, double length_s, double midi,
                 struct rng *r)
{
    size_t frame = (size_t)(at_s * RATE), n = (size_t)(length_s * RATE);
    if (frame >= a->frames)
        return;
    n = frame + n < a->frames ? n : a->frames - frame;
    if (style == PAD) {
        struct synth_pad p = {pitch_hz(midi), 0.12, 2500, 6, 0.05, 0.1};
        synth_pad(&p, r, a->data + frame, n, RATE);
    } else {
        synth_pluck(pitch_hz(midi), 0.2, 0.8, a->data + frame, n, RATE);
    }
}

/* Eight bars of four chords on those degrees with a bass, `cents` off A = 440. */
static void play_bars(struct audio *a, int tonic, bool minor, const int root_of[4],
                      int style, double cents, struct rng *r)
{
    static const int scale[2][7] = {{0, 2, 4, 5, 7, 9, 11}, {0, 2, 3, 5, 7, 8, 10}};
    for (int bar = 0; bar < 8; bar++) {
        int root = root_of[bar % 4];
        for (int voice = 0; voice < 4; voice++) {
            int degree = voice == 3 ? root : root + 2 * voice;
            int step = scale[minor][degree % 7] + 12 * (degree / 7);
            if (minor && root == 4 && voice == 1)
                step++; /* the leading note of harmonic minor */
            double midi = (voice == 3 ? 36 : 60) + tonic % 12 + step + cents / 100;
            play(a, style, bar * 1.2 + 0.05, 1.15, midi, r);
        }
    }
}

/* The chords of a common progression. */
static void render(struct audio *a, int tonic, bool minor, int style, double cents,
                   struct rng *r)
{
    static const int roots[2][3][4] = {{{0, 3, 4, 0}, {0, 5, 3, 4}, {0, 4, 5, 3}},
                                       {{0, 3, 4, 0}, {0, 5, 6, 0}, {0, 5, 3, 4}}};
    play_bars(a, tonic, minor, roots[minor][rng_below(r, 3)], style, cents, r);
}

/* The weights of MIREX' key task. */
static double mirex(const struct key *found, int tonic, bool minor)
{
    if (found->tonic < 0)
        return 0;
    int apart = (found->tonic - tonic + 12) % 12;
    if (found->minor == minor)
        return apart == 0 ? 1 : apart == 7 || apart == 5 ? 0.5 : 0;
    if (apart == (minor ? 3 : 9))
        return 0.3;
    return apart == 0 ? 0.2 : 0;
}

static void progressions_in_all_keys(void **state)
{
    double score = 0, worst_tuning = 0, sound_score = 0;
    int count = 0;
    for (int k = 0; k < 24; k++, count++) {
        int tonic = k % 12, style = k % 5 % STYLES;
        bool minor = k >= 12;
        struct rng r = rng_derive(1, 0, "test-key", (uint64_t)k);
        double cents = (k * 7 % 9 - 4) * 10;
        struct key sound;
        OWN(audio) a = tone_frames((size_t)(9.7 * RATE), 1, RATE);
        render(&a, tonic, minor, style, cents, &r);
        OWN(track) *t = tone_track(&a);
        score += mirex(&track_info(t)->key, tonic, minor);
        worst_tuning = fmax(worst_tuning, fabs(track_info(t)->tuning_cents - cents));
        assert_int_equal(key_of_sound(a.data, a.frames, 1, RATE, &sound, NULL), ST_OK);
        sound_score += mirex(&sound, tonic, minor);
    }
    print_message("weighted MIREX score %.3f (of made sounds %.3f), tuning within %.1f "
                  "cents\n",
                  score / count, sound_score / count, worst_tuning);
    assert_true(score / count >= 0.80);
    assert_true(sound_score / count >= 0.80);
    assert_true(worst_tuning < 5);
}

/* I V vi IV and i VI III VII are the same four chords; either goes home at the end. */
static void relatives_are_told_by_beginning_and_end(void **state)
{
    static const int roots[2][4] = {{0, 4, 5, 3}, {0, 5, 2, 6}};
    int right = 0;
    for (int k = 0; k < 24; k++) {
        struct rng r = rng_derive(1, 0, "test-key-relatives", (uint64_t)k);
        bool minor = k >= 12;
        OWN(audio) a = tone_frames((size_t)(6.1 * RATE), 1, RATE);
        play_bars(&a, k % 12, minor, roots[minor], k % 5 % STYLES, 0.0, &r);
        struct key sound;
        OWN(track) *t = tone_track(&a);
        const struct key *key = &track_info(t)->key;
        assert_int_equal(key_of_sound(a.data, a.frames, 1, RATE, &sound, NULL), ST_OK);
        right += key->tonic == k % 12 && key->minor == minor;
        right += sound.tonic == k % 12 && sound.minor == minor;
    }
    assert_true(right >= 40);
}

static void a_short_chord_has_its_key(void **state)
{
    int right = 0;
    for (int k = 0; k < 24; k++) {
        struct rng r = rng_derive(2, 0, "test-key", (uint64_t)k);
        OWN(audio) a = tone_frames(RATE + RATE / 2, 1, RATE);
        for (int voice = 0; voice < 4; voice++) {
            static const int major[] = {-12, 0, 4, 7}, minor[] = {-12, 0, 3, 7};
            play(&a, PAD, 0, 1.5, 57 + k % 12 + (k < 12 ? major : minor)[voice], &r);
        }
        struct key key;
        assert_int_equal(key_of_sound(a.data, a.frames, 1, RATE, &key, NULL), ST_OK);
        right += key.tonic == (9 + k) % 12 && key.minor == (k >= 12);
    }
    assert_int_equal(right, 24);
}

/* A quarter tone off, on one side of two, with a sample that is no number: what is told
 * is how much better it fits than the next. */
static void a_detuned_side_has_its_key(void **state)
{
    for (int k = 0; k < 12; k++) {
        struct rng r = rng_derive(4, 0, "test-key", (uint64_t)k);
        struct key key, sides;
        OWN(audio) a = tone_frames(RATE * 2, 1, RATE);
        for (int voice = 0; voice < 4; voice++) {
            static const int major[] = {-12, 0, 4, 7};
            play(&a, PAD, 0, 2, 57.35 + k + major[voice], &r);
        }
        assert_int_equal(key_of_sound(a.data, a.frames, 1, RATE, &key, NULL), ST_OK);
        assert_int_equal(key.tonic, (9 + k) % 12);
        OWN(audio) two = tone_frames(a.frames, 2, RATE);
        for (size_t i = 0; i < a.frames; i++)
            two.data[2 * i + 1] = i == 5000 ? NAN : a.data[i];
        assert_int_equal(key_of_sound(two.data, a.frames, 2, RATE, &sides, NULL), ST_OK);
        assert_int_equal(sides.tonic, key.tonic);
        assert_true(fabsf(sides.confidence - key.confidence) < 0.02f);
    }
}

static void noise_drums_and_silence_have_none(void **state)
{
    for (int kind = 0; kind < 4; kind++) {
        struct rng r = rng_derive(3, 0, "test-key", (uint64_t)kind);
        struct key key;
        OWN(audio) a = tone_frames(8 * RATE, 1, RATE);
        if (kind == 1)
            synth_noise(0.1, 20, 9000, &r, a.data, a.frames, RATE);
        for (size_t i = 0; kind >= 2 && i + RATE < a.frames; i += RATE / 4) {
            static const enum synth_drum voice[] = {SYNTH_KICK, SYNTH_HAT_CLOSED,
                                                    SYNTH_SNARE, SYNTH_HAT_OPEN};
            enum synth_drum v = kind == 2 ? voice[i / (RATE / 4) % 4] : SYNTH_SNARE;
            synth_drum(v, 0.6, 1, &r, a.data + i, RATE, RATE);
        }
        assert_int_equal(key_of_sound(a.data, a.frames, 1, RATE, &key, NULL), ST_OK);
        assert_string_equal(key.name, "");
        assert_int_equal(key.tonic, -1);
        assert_true(key.confidence == 0);
    }
}

/* Of what is hardly held tones no key is told, however well it fits. */
static void a_chroma_of_noise_has_no_key(void **state)
{
    static const double c_major[12] = {1, 0, .5, 0, .6, .4, 0, .9, 0, .4, 0, .3};
    assert_int_equal(key_of_chroma(c_major, c_major, 0.1).tonic, -1);
    struct key key = key_of_chroma(c_major, c_major, 0.2);
    assert_string_equal(key.name, "C");
    assert_true(fabsf(key.confidence - 0.264f) < 0.01f); /* better than Am */
}

static void odd_sounds_are_survived(void **state)
{
    struct key key;
    assert_int_equal(key_of_sound(NULL, 0, 1, RATE, &key, NULL), ST_OK);
    assert_string_equal(key.name, "");
    float one = 0.5f, bad[64];
    assert_int_equal(key_of_sound(&one, 1, 1, 8000, &key, NULL), ST_OK);
    assert_string_equal(key.name, "");
    for (int i = 0; i < 64; i++)
        bad[i] = i % 2 ? NAN : INFINITY;
    assert_int_equal(key_of_sound(bad, 32, 2, 192000, &key, NULL), ST_OK);
    assert_string_equal(key.name, "");
    double flat[12] = {0};
    struct key none = key_of_chroma(flat, flat, 1);
    assert_string_equal(none.name, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_read_in_many_forms),
        cmocka_unit_test(shifts_take_the_shortest_way),
        cmocka_unit_test(progressions_in_all_keys),
        cmocka_unit_test(relatives_are_told_by_beginning_and_end),
        cmocka_unit_test(a_short_chord_has_its_key),
        cmocka_unit_test(a_detuned_side_has_its_key),
        cmocka_unit_test(noise_drums_and_silence_have_none),
        cmocka_unit_test(a_chroma_of_noise_has_no_key),
        cmocka_unit_test(odd_sounds_are_survived),
    };
    return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
