/* dsp/waver and the hum of chroma: what is a tone, what is noise and what is the mains',
 * and in which order they come as pads. */
#include "checks.h"
#include "core/pi.h"
#include "dsp/biquad.h"
#include "dsp/fft_batch.h"
#include "dsp/pads.h"
#include "dsp/waver.h"
#include "tone.h"
#include "usual.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

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
    OWN(track) *t = tone_track(a);
    double sum = 0;
    size_t n = track_info(t)->spectra;
    for (size_t i = 8; i + 8 < n; i++)
        sum += track_waver(t, i);
    return sum / (double)(n - 16);
}

static void a_vibrato_is_no_noise(void **state)
{
    static const struct {
        double hz, cents, least;
    } solo[] = {{220, 60, 0.5}, {330, 60, 0.9},   {440, 45, 0.9}, {700, 80, 0.5},
                {880, 60, 0.6}, {1046, 100, 0.1}, {1200, 45, 0.6}};
    static const int rates[] = {22050, 44100, 96000};
    for (size_t k = 0; k < sizeof solo / sizeof *solo; k++)
        for (size_t r = 0; r < 3; r++) {
            OWN(audio) a = tone_blank(3, 1, rates[r]);
            add_soloist(&a, 0, 3, solo[k].hz, solo[k].cents);
            assert_in_range((int)(1000 * mean_waver(&a)), (int)(1000 * solo[k].least),
                            1000);
        }
}

/* White, dull, and no wider than a third of an octave. */
static void noise_is_no_vibrato(void **state)
{
    static const double centre[] = {0, 0, 300, 500, 900, 2500};
    for (uint64_t k = 0; k < 6; k++) {
        OWN(audio) a = tone_blank(8, 1, 44100);
        tone_white(&a, 0.1, k);
        struct biquad f = biquad_lowpass(4, 400, 44100);
        if (k >= 2)
            f = biquad_bandpass(2, 0.885 * centre[k], 1.115 * centre[k], 44100);
        if (k >= 1)
            biquad_run(&f, &a);
        assert_true(mean_waver(&a) < 0.02);
    }
}

/* A recording of the surf, and of a soloist. */
static void a_soloist_is_before_the_surf(void **state)
{
    struct audio a = tone_blank(24, 1, 44100), surf = tone_blank(12, 1, 44100);
    tone_white(&surf, 0.3, 5);
    struct biquad f = biquad_lowpass(2, 800, 44100);
    biquad_run(&f, &surf);
    memcpy(a.data, surf.data, surf.frames * sizeof *a.data);
    add_soloist(&a, 12.5, 5.5, 880, 60);
    add_soloist(&a, 18.5, 5.5, 740, 50);
    OWN(track) *t = tone_track(&a);
    struct pad_params p = usual_pads();
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
    audio_done(&surf);
    audio_done(&a);
}

/* Of a floor of 1 and a peak of so much power in each of eight hops, `moves` bins further
 * every other hop. */
static double share_with(int bins, double bin_hz, int bin, int moves,
                         const float peak[FFT_BATCH])
{
    static float power[1025 * FFT_BATCH];
    for (int i = 0; i < bins * FFT_BATCH; i++)
        power[i] = 1;
    for (int i = 0; i < FFT_BATCH; i++)
        power[(bin + i / 2 * moves) * FFT_BATCH + i] = peak[i];
    return (double)waver_share(power, bins, bin_hz);
}

/* What counts stands out by 60 and clearly by 240, for half a window without a change by
 * two or a move of two bins, between 215 Hz and 5 kHz. */
static void peaks_that_stay_are_counted(void **state)
{
    enum { BINS = 1025, FIRST = 10, END = 232 };
    const double bin_hz = 44100 / 2048.0;
    static const struct {
        float peak, clear;
    } heights[] = {{60, 0}, {150, 0.5F}, {240, 1}, {10000, 1}};
    for (size_t k = 0; k < 4; k++) {
        float p = heights[k].peak, even[FFT_BATCH] = {p, p, p, p, p, p, p, p};
        double all = (double)p + END - FIRST - 1, lobe = (double)p + 4;
        double share = share_with(BINS, bin_hz, 100, 0, even);
        assert_true(fabs(share - (double)heights[k].clear * lobe / all) < 1e-5);
    }
    static const struct {
        int bin, moves;
        float step; /* from one half window to the next */
        bool back, counts;
    } ways[] = {{FIRST - 1, 0, 1, false, false}, {FIRST, 0, 1, false, true},
                {END - 1, 0, 1, false, true},    {END, 0, 1, false, false},
                {100, 1, 1, false, true},        {100, -1, 1, false, true},
                {100, 2, 1, false, false},       {100, -2, 1, false, false},
                {100, 0, 1.9F, true, true},      {100, 0, 2.1F, true, false},
                {100, 0, 2.1F, false, false},    {100, 0, 1 / 2.1F, false, false}};
    for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
        float peak[FFT_BATCH], step = ways[k].step;
        for (int i = 0; i < FFT_BATCH; i++)
            peak[i] = i < 2                        ? 1e5F
                      : ways[k].back && i / 2 == 2 ? 1e5F
                                                   : peak[i - 2] * step;
        double share = share_with(BINS, bin_hz, ways[k].bin, ways[k].moves, peak);
        if (ways[k].counts ? share < 0.99 : share > 0.01)
            fail_msg("bin %d by %d, %g: %g", ways[k].bin, ways[k].moves, (double)step,
                     share);
    }
    static const float high[] = {1e5F, 1e5F, 1e5F, 1e5F, 1e5F, 1e5F, 1e5F, 1e5F};
    static const float none[] = {INFINITY, INFINITY, INFINITY, INFINITY,
                                 INFINITY, INFINITY, INFINITY, INFINITY};
    assert_true(share_with(BINS, bin_hz, 100, 0, none) == 0);
    assert_true(share_with(64, 100, 6, 0, high) < 0.01); /* without bins around it */
    assert_true(share_with(64, 100, 8, 0, high) > 0.99);
    assert_true(share_with(BINS, 4.9, 500, 0, high) < 0.01); /* of no such spectra */
    assert_true(share_with(10, 100, 5, 0, high) == 0);
    assert_true(waver_tonality(0.3F) == 0 && waver_tonality(0) == 0);
    assert_true(fabsf(waver_tonality(0.65F) - 0.5F) < 1e-6F && waver_tonality(1) == 1);
}

/* One of a choir: four notes, each sung by four who never agree. */
static void add_singer(struct audio *a, int number)
{
    static const double chord[] = {220, 277.2, 329.6, 440};
    double hz = chord[number % 4] * exp2((number * 7 % 16 - 8) / 1200.0), phase = number;
    double rate = 4.5 + 0.13 * number, cents = 35 + 2 * number;
    for (size_t i = 0; i < a->frames; i++) {
        double t = (double)i / a->rate_hz;
        phase += 2 * PI * hz * exp2(cents / 1200 * sin(2 * PI * rate * t + number)) /
                 a->rate_hz;
        for (int h = 1; h <= 8; h++)
            a->data[i] += (float)(0.02 / h * sin(h * phase));
    }
}

/* Of twelve seconds the best pad's score, and how tonal it is. */
static double best_pad(const struct audio *a, double *tonal)
{
    OWN(track) *t = tone_track(a);
    struct pad_params p = usual_pads();
    OWN(pad_list) l;
    assert_int_equal(pads_mine(t, &p, &l, NULL), ST_OK);
    assert_true(l.found_count > 0);
    double score = l.found[0].score;
    *tonal = parts_value(&l.found[0].parts, "tonal");
    return score;
}

/* Through a sharp resonance noise has a strong peak now and then; a choir, all of whose
 * singers tremble, has weak ones all along. */
static void a_resonance_is_no_choir(void **state)
{
    static const double width[] = {1 / 5.0, 1 / 8.0, 1 / 12.0, 1 / 16.0};
    double noise = 0, most = 0, tonal;
    for (uint64_t k = 0; k < 12; k++) {
        OWN(audio) a = tone_blank(12, 1, 44100);
        tone_white(&a, 0.5, k);
        double half = width[k % 4] / 2;
        struct biquad f = biquad_bandpass(1, 400 * (1 - half), 400 * (1 + half), 44100);
        biquad_run(&f, &a);
        double score = best_pad(&a, &tonal);
        noise = fmax(noise, score);
        most = fmax(most, tonal);
    }
    OWN(audio) choir = tone_blank(12, 1, 44100);
    for (int k = 0; k < 16; k++)
        add_singer(&choir, k);
    double score = best_pad(&choir, &tonal);
    assert_true(most < 0.2);
    assert_true(score > noise + 0.1 && tonal > 0.4);
}

static double mean_mains(const struct audio *a)
{
    OWN(track) *t = tone_track(a);
    double sum = 0;
    size_t n = track_info(t)->chromas;
    for (size_t i = 4; i + 4 < n; i++)
        sum += track_mains(t, i);
    return sum / (double)(n - 8);
}

/* Mains are never off by more than 0.2 Hz, and no note of the scale is as near to their
 * low partials. */
static void hum_is_told_from_notes(void **state)
{
    static const double mains[] = {49.9, 50, 50.1, 59.9, 60, 60.1};
    static const int rates[] = {8000, 44100, 96000};
    for (size_t i = 0; i < 6; i++) {
        OWN(audio) a = tone_blank(3, 1, rates[i % 3]);
        add_hum(&a, mains[i]);
        assert_true(mean_mains(&a) > 0.9);
    }
    for (int note = 28; note < 76; note++) {
        OWN(audio) a = tone_blank(2, 1, 44100);
        for (int k = 0; k < 3; k++)
            tone_harmonic(&a, 440 * exp2((note + 4 * k - 69) / 12.0), 0.1, 4000);
        assert_true(mean_mains(&a) < 0.02);
    }
}

/* A note a hertz beside mains, two tones of theirs alone, three far above, and the
 * partials of a note on one of them. */
static void what_resembles_hum_is_none(void **state)
{
    static const double all[][4] = {
        {50.6, 101.2, 151.8, 202.4},
        {59.4, 118.8, 178.2, 237.6},
        {100, 200},
        {180, 240},
        {650, 700, 750},
        {780, 840, 900},
        {150, 300, 450, 600},
        {240, 480, 720, 960},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        OWN(audio) a = tone_blank(3, 1, 44100);
        for (int k = 0; k < 4 && all[i][k] > 0; k++)
            tone_add(&a, 0, all[i][k], 0.1, k);
        if (mean_mains(&a) > 0.02)
            fail_msg("%g Hz and so on", all[i][0]);
    }
}

/* The score of the best pad between two times; 0: there is none. */
static double best_between(const struct pad_list *l, double from_s, double to_s)
{
    double best = 0;
    for (size_t i = 0; i < l->found_count; i++)
        if (l->found[i].start_sec >= from_s && l->found[i].end_sec <= to_s)
            best = fmax(best, l->found[i].score);
    return best;
}

/* A breathing chord, then an amplifier that hums until somebody plays again. */
static void hum_is_behind_what_is_played(void **state)
{
    static const double mains[] = {50, 60};
    for (size_t k = 0; k < 2; k++) {
        OWN(audio) a = tone_blank(24, 1, 44100);
        static const double chord[] = {110, 138.59, 164.81};
        for (int i = 0; i < 3; i++)
            tone_harmonic(&a, chord[i], 0.1, 2500);
        for (size_t i = 0; i < a.frames; i++) {
            double t = (double)i / 44100;
            a.data[i] *= t < 12 ? (float)(1 + 0.5 * sin(2 * PI * 0.9 * t)) : 0;
        }
        add_hum(&a, mains[k]);
        OWN(track) *t = tone_track(&a);
        struct pad_params p = usual_pads();
        OWN(pad_list) l;
        assert_int_equal(pads_mine(t, &p, &l, NULL), ST_OK);
        double played = 1, hum = best_between(&l, 12, 24);
        for (size_t i = 0; i < l.found_count; i++)
            if (l.found[i].end_sec <= 12)
                played = fmin(played, l.found[i].score);
        assert_true(played < 1 && played > hum + 0.05);
        assert_true(l.found[0].end_sec <= 12);
    }
}

/* A telephone: what lies below 250 Hz is missing, and noise is louder than what is left
 * of the hum, so that now and then none of it stands out. */
static void hum_without_its_low_partials_is_hum(void **state)
{
    static const double mains[] = {49.9, 50, 60, 60.1}, hiss[] = {0.003, 0.006};
    for (size_t k = 0; k < 8; k++) {
        OWN(audio) a = tone_blank(24, 1, 8000);
        tone_harmonic(&a, 329.63, 0.1, 2500);
        tone_harmonic(&a, 493.88, 0.1, 2500);
        for (size_t i = a.frames / 2; i < a.frames; i++)
            a.data[i] = 0;
        add_hum(&a, mains[k % 4]);
        tone_white(&a, hiss[k / 4], k);
        struct biquad phone = biquad_highpass(4, 250, 8000);
        biquad_run(&phone, &a);
        OWN(track) *t = tone_track(&a);
        struct pad_params p = usual_pads();
        OWN(pad_list) l;
        assert_int_equal(pads_mine(t, &p, &l, NULL), ST_OK);
        double played = best_between(&l, 0, 12), hum = best_between(&l, 12.2, 24);
        if (!(played > 0.9 && hum > 0 && hum < 0.6))
            fail_msg("%g Hz, %g: %g beside %g", mains[k % 4], hiss[k / 4], hum, played);
    }
}

/* From 6 dB below the recording on hum is doubted, from 12 on it is no tone; and where it
 * is not most of what sounds, it only lies under it. */
static void hum_is_doubted_by_its_level(void **state)
{
    static const struct {
        double below_db, tone, least, most;
    } all[] = {{3, 0, 0.9, 1}, {9, 0, 0.4, 0.6}, {15, 0, 0, 0.1}, {15, 0.02, 0.85, 1}};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        OWN(audio) a = tone_blank(16, 1, 44100);
        add_hum(&a, 50);
        tone_add(&a, 0, 333, all[k].tone, 0);
        double square = 0, below = pow(10, all[k].below_db / 10);
        for (size_t i = a.frames / 2; i < a.frames; i++)
            square += (double)a.data[i] * (double)a.data[i];
        square /= (double)a.frames / 2;
        double played = sqrt(2 * (2 * below - 1) * square); /* the mean of both halves */
        for (size_t i = 0; i < a.frames / 2; i++)
            a.data[i] = (float)(played * sin(2 * PI * 330 * (double)i / 44100));
        OWN(track) *t = tone_track(&a);
        struct pad_params p = usual_pads();
        struct pad_list l;
        size_t hums = 0;
        assert_int_equal(pads_mine(t, &p, &l, NULL), ST_OK);
        for (size_t i = 0; i < l.found_count; i++) {
            double tonal = parts_value(&l.found[i].parts, "tonal");
            if (l.found[i].start_sec < 8.2)
                continue;
            if (tonal < all[k].least || tonal > all[k].most)
                fail_msg("%g dB below: %g", all[k].below_db, tonal);
            hums++;
        }
        assert_true(hums > 0);
        pad_list_done(&l);
    }
}

/* A pure triad on 200 Hz has the partials of hum, and so has a saw on 100 Hz: who plays
 * them plays them as loud as all else. */
static void what_is_played_is_no_hum(void **state)
{
    static const double played[2][3] = {{200, 250, 300}, {100, 100, 100}};
    for (size_t k = 0; k < 2; k++) {
        OWN(audio) a = tone_blank(12, 1, 44100);
        for (int i = 0; i < 3; i++)
            tone_harmonic(&a, played[k][i], 0.06, 2500);
        assert_true(mean_mains(&a) > 0.9);
        OWN(track) *t = tone_track(&a);
        struct pad_params p = usual_pads();
        OWN(pad_list) l;
        assert_int_equal(pads_mine(t, &p, &l, NULL), ST_OK);
        assert_true(l.found_count > 0);
        double tonal = parts_value(&l.found[0].parts, "tonal");
        assert_true(tonal > 0.9 && tonal <= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vibrato_is_no_noise),
        cmocka_unit_test(noise_is_no_vibrato),
        cmocka_unit_test(a_soloist_is_before_the_surf),
        cmocka_unit_test(peaks_that_stay_are_counted),
        cmocka_unit_test(a_resonance_is_no_choir),
        cmocka_unit_test(hum_is_told_from_notes),
        cmocka_unit_test(what_resembles_hum_is_none),
        cmocka_unit_test(hum_is_behind_what_is_played),
        cmocka_unit_test(hum_without_its_low_partials_is_hum),
        cmocka_unit_test(hum_is_doubted_by_its_level),
        cmocka_unit_test(what_is_played_is_no_hum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
