/* dsp/waver and the hum of chroma: what is a tone, what is noise and what is the mains',
 * and in which order they come as pads. */
#include "dsp/analysis.h"
#include "dsp/biquad.h"
#include "dsp/pads.h"
#include "tone.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const double PI = 3.14159265358979323846;

/* A voice of six partials with a vibrato of 5.8 Hz. */
static void add_soloist(struct audio *a, double from_s, double length_s, double hz,
                        double cents)
{
    size_t from = (size_t)(from_s * a->rate_hz), n = (size_t)(length_s * a->rate_hz);
    double phase = 0;
    for (size_t i = 0; i < n; i++) {
        double t = (double)i / a->rate_hz, end = (double)(n - i) / a->rate_hz;
        double level = 0.15 * fmin(1, fmin(t, end) / 0.15);
        phase += 2 * PI * hz * exp2(cents / 1200 * sin(2 * PI * 5.8 * t)) / a->rate_hz;
        for (int h = 1; h <= 6 && hz * h < 0.45 * a->rate_hz; h++)
            a->data[from + i] += (float)(level / h * sin(h * phase));
    }
}

static void add_hum(struct audio *a, double mains_hz)
{
    static const double level[] = {0.02, 0.012, 0.016, 0.006, 0.01, 0.003, 0.004};
    for (size_t h = 0; h < sizeof level / sizeof *level; h++)
        tone_add(a, -1, mains_hz * (double)(h + 1), level[h], (double)h);
}

static double mean_waver(const struct audio *a)
{
    struct track *t = tone_track(a);
    double sum = 0;
    size_t n = track_info(t)->spectra;
    for (size_t i = 8; i + 8 < n; i++)
        sum += track_waver(t, i);
    track_free(t);
    return sum / (double)(n - 16);
}

static void a_vibrato_is_no_noise(void **state)
{
    (void)state;
    static const struct {
        double hz, cents, least;
    } solo[] = {{220, 60, 0.5}, {330, 60, 0.9},   {440, 45, 0.9}, {700, 80, 0.5},
                {880, 60, 0.6}, {1046, 100, 0.1}, {1200, 45, 0.6}};
    static const int rates[] = {22050, 44100, 96000};
    for (size_t k = 0; k < sizeof solo / sizeof *solo; k++)
        for (size_t r = 0; r < 3; r++) {
            struct audio a = tone_blank(3, 1, rates[r]);
            add_soloist(&a, 0, 3, solo[k].hz, solo[k].cents);
            assert_in_range((int)(1000 * mean_waver(&a)), (int)(1000 * solo[k].least),
                            1000);
            audio_done(&a);
        }
}

/* White, dull, and no wider than a third of an octave. */
static void noise_is_no_vibrato(void **state)
{
    (void)state;
    static const double centre[] = {0, 0, 300, 500, 900, 2500};
    for (uint64_t k = 0; k < 6; k++) {
        struct audio a = tone_blank(8, 1, 44100);
        tone_white(&a, 0.1, k);
        struct biquad f = biquad_lowpass(4, 400, 44100);
        if (k >= 2)
            f = biquad_bandpass(2, 0.885 * centre[k], 1.115 * centre[k], 44100);
        if (k >= 1)
            biquad_run(&f, &a);
        assert_true(mean_waver(&a) < 0.02);
        audio_done(&a);
    }
}

/* A recording of the surf, and of a soloist. */
static void a_soloist_is_before_the_surf(void **state)
{
    (void)state;
    struct audio a = tone_blank(24, 1, 44100), surf = tone_blank(12, 1, 44100);
    tone_white(&surf, 0.3, 5);
    struct biquad f = biquad_lowpass(2, 800, 44100);
    biquad_run(&f, &surf);
    memcpy(a.data, surf.data, surf.frames * sizeof *a.data);
    add_soloist(&a, 12.5, 5.5, 880, 60);
    add_soloist(&a, 18.5, 5.5, 740, 50);
    struct track *t = tone_track(&a);
    struct pad_params p = pad_params_default();
    struct pad_list l;
    assert_int_equal(pads_mine(t, &p, &l, NULL), ST_OK);
    double noise = 0, solo = 1;
    size_t solos = 0;
    for (size_t i = 0; i < l.found_count; i++) {
        if (l.found[i].end_sec < 12)
            noise = fmax(noise, l.found[i].score);
        if (l.found[i].start_sec < 12.4)
            continue;
        assert_true(parts_value(&l.found[i].parts, "tonal") > 0.6);
        solo = fmin(solo, l.found[i].score);
        solos++;
    }
    assert_true(solos >= 2 && noise < 0.7 && solo > noise + 0.05);
    pad_list_done(&l);
    track_free(t);
    audio_done(&surf);
    audio_done(&a);
}

static double mean_mains(const struct audio *a)
{
    struct track *t = tone_track(a);
    double sum = 0;
    size_t n = track_info(t)->chromas;
    for (size_t i = 4; i + 4 < n; i++)
        sum += track_mains(t, i);
    track_free(t);
    return sum / (double)(n - 8);
}

/* Mains are never off by more than 0.2 Hz, and no note of the scale is as near to their
 * low partials. */
static void hum_is_told_from_notes(void **state)
{
    (void)state;
    static const double mains[] = {49.9, 50, 50.1, 59.9, 60, 60.1};
    static const int rates[] = {8000, 44100, 96000};
    for (size_t i = 0; i < 6; i++) {
        struct audio a = tone_blank(3, 1, rates[i % 3]);
        add_hum(&a, mains[i]);
        assert_true(mean_mains(&a) > 0.9);
        audio_done(&a);
    }
    for (int note = 28; note < 76; note++) {
        struct audio a = tone_blank(2, 1, 44100);
        for (int k = 0; k < 3; k++)
            tone_harmonic(&a, 440 * exp2((note + 4 * k - 69) / 12.0), 0.1, 4000);
        assert_true(mean_mains(&a) < 0.02);
        audio_done(&a);
    }
}

/* A breathing chord, then an amplifier that hums until somebody plays again. */
static void hum_is_behind_what_is_played(void **state)
{
    (void)state;
    static const double mains[] = {50, 60};
    for (size_t k = 0; k < 2; k++) {
        struct audio a = tone_blank(24, 1, 44100);
        static const double chord[] = {110, 138.59, 164.81};
        for (int i = 0; i < 3; i++)
            tone_harmonic(&a, chord[i], 0.1, 2500);
        for (size_t i = 0; i < a.frames; i++) {
            double t = (double)i / 44100;
            a.data[i] *= t < 12 ? (float)(1 + 0.5 * sin(2 * PI * 0.9 * t)) : 0;
        }
        add_hum(&a, mains[k]);
        struct track *t = tone_track(&a);
        struct pad_params p = pad_params_default();
        struct pad_list l;
        assert_int_equal(pads_mine(t, &p, &l, NULL), ST_OK);
        double played = 1, hum = 0;
        for (size_t i = 0; i < l.found_count; i++) {
            const struct pad_region *r = &l.found[i];
            if (r->end_sec <= 12)
                played = fmin(played, r->score);
            if (r->start_sec >= 12)
                hum = fmax(hum, r->score);
        }
        assert_true(played < 1 && played > hum + 0.05);
        assert_true(l.found[0].end_sec <= 12);
        pad_list_done(&l);
        track_free(t);
        audio_done(&a);
    }
}

/* A pure triad on 200 Hz has the partials of hum, and so has a saw on 100 Hz: who plays
 * them plays them as loud as all else. */
static void what_is_played_is_no_hum(void **state)
{
    (void)state;
    static const double played[2][3] = {{200, 250, 300}, {100, 100, 100}};
    for (size_t k = 0; k < 2; k++) {
        struct audio a = tone_blank(12, 1, 44100);
        for (int i = 0; i < 3; i++)
            tone_harmonic(&a, played[k][i], 0.06, 2500);
        assert_true(mean_mains(&a) > 0.9);
        struct track *t = tone_track(&a);
        struct pad_params p = pad_params_default();
        struct pad_list l;
        assert_int_equal(pads_mine(t, &p, &l, NULL), ST_OK);
        assert_true(l.found_count > 0);
        assert_true(parts_value(&l.found[0].parts, "tonal") > 0.9);
        pad_list_done(&l);
        track_free(t);
        audio_done(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vibrato_is_no_noise),
        cmocka_unit_test(noise_is_no_vibrato),
        cmocka_unit_test(a_soloist_is_before_the_surf),
        cmocka_unit_test(hum_is_told_from_notes),
        cmocka_unit_test(hum_is_behind_what_is_played),
        cmocka_unit_test(what_is_played_is_no_hum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
