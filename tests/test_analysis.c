/* dsp/analysis and dsp/track: what the pass says of signals whose truth is known. */
#include "checks.h"
#include "core/pi.h"
#include "dsp/biquad.h"
#include "dsp/loudness.h"
#include "dsp/resample.h"
#include "dsp/synth.h"
#include "tone.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static void levels_are_exact_per_hop(void **state)
{
    OWN(audio) a = tone_blank(2.3, 2, 44100);
    struct rng r = rng_derive(1, 0, "test-levels", 0);
    for (size_t i = 0; i < a.frames; i++) { /* from 0 dB to below −120 dB, with DC */
        double level = pow(10, -6.2 * (double)i / (double)a.frames);
        a.data[2 * i] = (float)(level * rng_range(&r, -1, 1) + 0.01);
        a.data[2 * i + 1] = (float)(level * rng_range(&r, -1, 1) - 0.005);
    }
    OWN(track) *t = tone_track(&a);
    const struct track_info *info = track_info(t);
    assert_int_equal(info->hop_frames, 512);
    assert_int_equal(info->hops, (a.frames + 511) / 512);
    assert_int_equal(info->novelties, (a.frames + 255) / 256);
    double whole = 0, highest = 0, mean = 0;
    for (size_t h = 0; h < info->hops; h++) {
        double square = 0, sum = 0, side = 0, peak = 0;
        size_t from = 512 * h, to = from + 512 < a.frames ? from + 512 : a.frames;
        for (size_t i = from; i < to; i++) {
            double v = 0.5 * ((double)a.data[2 * i] + (double)a.data[2 * i + 1]);
            square += v * v;
            sum += v;
            side += 0.5 * ((double)a.data[2 * i] - (double)a.data[2 * i + 1]);
            peak = fmax(peak, fabs(v));
        }
        double n = (double)(to - from);
        struct track_hop hop;
        track_hop(t, h, &hop);
        assert_close(hop.rms_db, 10 * log10(square / n), 0.003);
        assert_close(hop.peak_db, 20 * log10(peak), 0.003);
        assert_close(hop.dc, sum / n, 2e-5);
        assert_close(track_side_dc(t, h), side / n, 2e-5);
        assert_close(sqrt(track_square(t, h)), sqrt(square / n), 4e-4 * sqrt(square / n));
        assert_close(track_square(t, h), pow(10, hop.rms_db / 10), 1e-15);
        whole += square;
        highest = fmax(highest, peak);
        mean += sum / (double)a.frames;
    }
    assert_close(info->rms_db, 10 * log10(whole / (double)a.frames), 0.003);
    struct track_range range;
    track_range(t, 0, info->frames, &range);
    assert_close(range.rms_db, info->rms_db, 0.01);
    double rms = sqrt(whole / (double)a.frames);
    assert_close(range.crest, highest / rms, 0.001 * range.crest);
    assert_close(info->dc, mean, 2e-5);
    assert_close(info->offset.middle, 0.0025, 1e-4);
    assert_close(info->offset.side, 0.0075, 1e-4);
}

static void quiet_levels_survive_the_packing(void **state)
{
    for (double db = -20; db >= -140; db -= 20) {
        OWN(audio) a = tone_blank(0.3, 1, 44100);
        tone_add(&a, -1, 44100.0 / 64, pow(10, db / 20) * sqrt(2), 0);
        OWN(track) *t = tone_track(&a);
        assert_close(track_rms_db(t, 5), db, 0.01);
    }
}

static void a_sine_is_where_it_is(void **state)
{
    static const int rates[] = {8000, 22050, 44100, 48000, 96000, 192000};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        OWN(audio) a = tone_blank(1.5, 1, rates[i]);
        tone_add(&a, -1, 1000, 0.5, 0);
        OWN(track) *t = tone_track(&a);
        const struct track_info *info = track_info(t);
        assert_close((double)info->hop_frames / rates[i], 512.0 / 44100,
                     0.02 * 512 / 44100);
        struct track_hop hop;
        track_hop(t, info->hops / 2, &hop);
        assert_close(hop.centroid_hz, 1000, 15);
        assert_close(hop.rolloff_hz, 1000, 25);
        assert_true(hop.spread_hz < 250);
        assert_true(hop.flatness < 1e-4);
        assert_close(hop.band_db[TRACK_MID], -9.03, 0.3);
        assert_true(hop.band_db[TRACK_HIGH] < -60 && hop.band_db[TRACK_LOW] < -60);
        float db[TRACK_BANDS];
        track_spectrum(t, info->spectra / 2, db);
        int loudest = 0;
        for (int b = 1; b < TRACK_BANDS; b++)
            loudest = db[b] > db[loudest] ? b : loudest;
        assert_true(track_band_low_hz(loudest) <= 1000 &&
                    track_band_low_hz(loudest + 1) > 1000);
        assert_true(track_tonality(t, info->chromas / 2) > 0.9);
    }
}

static void white_noise_is_flat(void **state)
{
    OWN(audio) a = tone_blank(4, 1, 44100);
    tone_white(&a, 0.1, 1);
    OWN(track) *t = tone_track(&a);
    struct track_range r;
    track_range(t, 0, track_info(t)->frames, &r);
    /* exp(E ln P) of a periodogram is e^−γ of its mean; the Hann window correlates bins.
     */
    assert_close(r.flatness, 0.5615, 0.03);
    assert_close(r.centroid_hz, 11025, 150);
    assert_close(r.spread_hz, 22050 / sqrt(12), 150);
    assert_close(r.rolloff_hz, 0.85 * 22050, 200);
    assert_close(r.rms_db, -20, 0.2);
    assert_close(r.band_db[TRACK_AIR], -20 + 10 * log10(14050.0 / 22050), 0.4);
    assert_true(r.crest > 4 && r.crest < 6);
    assert_true(r.tonality < 0.05);
    assert_true(r.level_sd_db < 0.5);
}

/* Also where some of it is digital silence, which has nothing in any band. */
static void bands_add_up_to_the_level(void **state)
{
    OWN(audio) a = tone_blank(1, 1, 48000);
    for (size_t silent = 0; silent <= 19200; silent += 19200) {
        tone_white(&a, 0.05, 2);
        memset(a.data + 19200, 0, silent * sizeof *a.data);
        OWN(track) *t = tone_track(&a);
        struct track_range r;
        track_range(t, 9600, 38400, &r);
        double sum = 0;
        for (int b = 0; b < TRACK_BAND_COUNT; b++)
            sum += pow(10, r.band_db[b] / 10);
        assert_close(10 * log10(sum), r.rms_db, 0.2);
    }
}

static void steadiness_tells_held_from_changing(void **state)
{
    OWN(audio) held = tone_blank(3, 1, 44100), moving = tone_blank(3, 1, 44100);
    struct rng r = rng_derive(2, 0, "test-analysis", 0);
    struct synth_pad p = {220, 0.2, 2000, 0, 0.05, 0.05}; /* no beating */
    synth_pad(&p, &r, held.data, held.frames, 44100);
    for (size_t i = 0; i < moving.frames; i++) { /* another pitch every 200 ms */
        double hz = i / 8820 % 2 ? 300 : 2500;
        moving.data[i] = (float)(0.2 * sin(2 * PI * hz * (double)i / 44100));
    }
    struct track *a = tone_track(&held), *b = tone_track(&moving);
    struct track_range ra, rb;
    track_range(a, 8820, 120000, &ra);
    track_range(b, 8820, 120000, &rb);
    print_message("unsteadiness of a held tone %.3f, of a changing one %.3f\n",
                  ra.unsteadiness, rb.unsteadiness);
    assert_true(ra.unsteadiness < 0.05);
    assert_true(rb.unsteadiness > 0.4);
    assert_true(ra.onset_rate_hz < 0.5 && rb.onset_rate_hz > 3);
    track_free(a);
    track_free(b);
}

static void onsets_are_where_the_hits_are(void **state)
{
    OWN(audio) a = tone_blank(5, 1, 44100);
    struct rng r = rng_derive(3, 0, "test-analysis", 0);
    for (int i = 0; i < 9; i++)
        synth_drum(SYNTH_SNARE, 0.7, 1, &r, a.data + 10000 + i * 22050, 12000, 44100);
    OWN(track) *t = tone_track(&a);
    const struct onset_list *onsets = track_onsets(t);
    assert_int_equal(onsets->count, 9);
    for (size_t i = 0; i < onsets->count; i++)
        assert_close(onsets->at[i].time_s, (10000 + (double)i * 22050) / 44100, 0.012);
    assert_int_equal(track_onset_count(t, 9000, 9000 + 2 * 22050), 2);
    assert_int_equal(track_onset_count(t, 0, 5000), 0);
}

/* Snares after gaps of silence, of an offset and of noise at -70 dB, soft and loud: each
 * begins at its sample, though its spectrum is there half a window before. */
static void what_begins_in_silence_is_not_early(void **state)
{
    static const int rates[] = {8000, 22050, 44100, 48000, 96000};
    static const double gaps_s[] = {0.4, 1.3, 5, 0.7}, levels[] = {0.7, 0.05, 0.3, 0.7};
    for (size_t k = 0; k < 3 * (sizeof rates / sizeof *rates); k++) {
        int rate = rates[k / 3];
        OWN(audio) a = tone_blank(9.5, 1, rate);
        struct rng r = rng_derive(4, 0, "test-analysis-silence", k);
        for (size_t i = 0; i < a.frames && k % 3 > 0; i++)
            a.data[i] = k % 3 == 1 ? 0.02F : (float)rng_range(&r, -5e-4, 5e-4);
        size_t start[4], at = 0;
        for (int i = 0; i < 4; i++) {
            start[i] = at += (size_t)(gaps_s[i] * rate);
            at += (size_t)(0.4 * rate);
            synth_drum(SYNTH_SNARE, levels[i], 1, &r, a.data + start[i], at - start[i],
                       rate);
        }
        OWN(track) *t = tone_track(&a);
        const struct onset_list *onsets = track_onsets(t);
        for (int i = 0; i < 4; i++) {
            double true_s = (double)start[i] / rate;
            size_t next = onset_list_find(onsets, true_s - 0.015);
            assert_true(next < onsets->count);
            assert_close(onsets->at[next].time_s, true_s, 0.0012);
        }
    }
}

/* A recording that breaks off while it sounds begins nothing there; a hit just before the
 * end is one. */
static void a_cut_is_no_beginning(void **state)
{
    static const int rates[] = {11025, 22050, 44100, 48000, 96000};
    for (size_t k = 0; k < sizeof rates / sizeof *rates; k++)
        for (int i = 0; i < 4; i++) {
            OWN(audio) a = tone_blank(3, 1, rates[k]);
            double hz = 130 + 97 * i, end_s = 3 - 0.011 * i;
            a.frames = (size_t)(end_s * rates[k]);
            for (size_t n = 0; n < a.frames; n++)
                for (int partial = 1; partial < 5; partial++)
                    a.data[n] +=
                        (float)(0.15 / partial *
                                sin(2 * PI * hz * partial * (double)n / a.rate_hz));
            OWN(track) *t = tone_track(&a);
            const struct onset_list *onsets = track_onsets(t);
            for (size_t n = 0; n < onsets->count; n++)
                assert_true(onsets->at[n].time_s < 0.1);
            track_free(t);
            struct rng r = rng_derive(3, 0, "test-analysis", 1);
            size_t at = a.frames - (size_t)(0.04 * rates[k]);
            synth_drum(SYNTH_SNARE, 0.7, 1, &r, a.data + at, a.frames - at, rates[k]);
            t = tone_track(&a);
            onsets = track_onsets(t);
            assert_true(onsets->count > 0);
            assert_close(onsets->at[onsets->count - 1].time_s, (double)at / rates[k],
                         0.012);
        }
}

static void loudness_is_that_of_the_standard(void **state)
{
    for (int kind = 0; kind < 5; kind++) {
        OWN(audio) a = tone_blank(8, 2, kind == 3 ? 48000 : 44100);
        if (kind == 0) {
            tone_add(&a, -1, 997, 0.1, 0);
        } else {
            tone_white(&a, 0.05, 10 + (uint64_t)kind);
            float quiet = kind == 2 ? 0.003f : 0.2f; /* for one gate or the other */
            for (size_t i = 0; kind % 2 == 0 && i < a.frames; i++) {
                a.data[2 * i] *= i > a.frames / 2 ? quiet : 1.0f;
                a.data[2 * i + 1] = a.data[2 * i];
            }
        }
        struct loudness standard;
        assert_int_equal(loudness_measure(&a, &standard, NULL), ST_OK);
        OWN(track) *t = tone_track(&a);
        assert_close(track_info(t)->loudness_lufs, standard.integrated_lufs, 0.5);
    }
}

/* Kicks that a gate ends after a fifth of a second, and, every other time, a soft hat
 * that comes about when it closes: the hat is told, some 30 dB below, and the gate is
 * not. */
static void a_stroke_where_a_louder_sound_ends_is_told(void **state)
{
    enum { KICKS = 12, STEP = 30000, GATE = 8820, CLOSES = 350 };
    OWN(audio) a = tone_blank((KICKS + 1) * STEP / 44100.0, 1, 44100);
    struct rng r = rng_derive(3, 0, "test-analysis", 2);
    for (size_t k = 0; k < KICKS; k++) {
        float *at = a.data + STEP / 2 + k * STEP;
        for (int i = 0; i < GATE + CLOSES; i++) {
            double t = i / 44100.0, open = fmin(1, (GATE + CLOSES - i) / (double)CLOSES);
            at[i] += (float)(0.6 * open * exp(-4 * t) *
                             sin(2 * PI * (50 * t + 2.4 * (1 - exp(-50 * t)))));
        }
        float *hat = at + GATE + (k - 6) * 60;
        for (int i = 0; k % 2 == 1 && i < 6000; i++)
            hat[i] += (float)(0.012 * exp(-i / 1200.0) * rng_range(&r, -1, 1));
    }
    OWN(track) *t = tone_track(&a);
    const struct onset_list *onsets = track_onsets(t);
    assert_int_equal(onsets->count, KICKS + KICKS / 2);
    for (size_t k = 0, n = 0; k < KICKS; k++) {
        double kick = (STEP / 2.0 + (double)k * STEP) / 44100;
        double hat = kick + (GATE + ((double)k - 6) * 60) / 44100;
        assert_close(onsets->at[n++].time_s, kick, 0.012);
        if (k % 2 == 1)
            assert_close(onsets->at[n++].time_s, hat, 0.012);
    }
}

/* Noise at a low rate, brought up to `a`'s and a little dither. */
static struct audio upsampled(int low_hz, int rate_hz)
{
    struct audio low = tone_blank(6, 1, low_hz), a;
    struct rng r = rng_derive(3, 0, "test-analysis-up", (uint64_t)low_hz);
    tone_white(&low, 0.1, 4);
    assert_int_equal(resample_rate(&a, &low, rate_hz, RESAMPLE_MEDIUM, NULL), ST_OK);
    tone_noise(&a, 0.00003, &r);
    audio_done(&low);
    return a;
}

static double band_of(struct audio *a)
{
    OWN(track) *t = tone_track(a);
    double hz = track_info(t)->band_hz;
    audio_done(a);
    return hz;
}

/* Noise of 22.05 kHz brought up, over noise so far below it. */
static double band_over(double below_db)
{
    struct audio a = upsampled(22050, 44100);
    struct rng r = rng_derive(5, 0, "test-analysis-over", 0);
    tone_noise(&a, 0.1 * pow(10, -below_db / 20) * sqrt(2), &r);
    return band_of(&a);
}

/* What was converted up ends where its old rate did. What is dark by itself, however
 * steep its filter, one note, and what is too short to tell end nowhere. */
static void a_band_that_is_cut_off_is_told(void **state)
{
    static const int lows[] = {8000, 11025, 16000, 22050}, rates[] = {44100, 48000};
    for (size_t i = 0; i < 8; i++) {
        struct audio a = upsampled(lows[i / 2], rates[i % 2]);
        assert_close(band_of(&a), 0.47 * lows[i / 2], 0.04 * lows[i / 2]);
    }
    for (int order = 1; order <= 5; order++) {
        struct biquad dark = biquad_lowpass(order, 800 * order, 44100);
        struct audio a = tone_blank(6, 1, 44100);
        tone_white(&a, 0.1, 5);
        if (order < 5)
            biquad_run(&dark, &a);
        assert_true(band_of(&a) == 0);
    }
    /* what is played falls by 13 dB at most, the least that was converted by 26 */
    assert_true(band_over(17) == 0);
    assert_close(band_over(27), 0.47 * 22050, 0.04 * 22050);
    struct audio note = tone_blank(6, 1, 44100), low = tone_blank(6, 1, 8000),
                 brief = upsampled(8000, 44100);
    for (int k = 1; k < 9; k++)
        tone_add(&note, -1, 440 * k, 0.1 / k, 0);
    assert_true(band_of(&note) == 0);
    tone_white(&low, 0.1, 6); /* all that its own rate could hold */
    assert_true(band_of(&low) == 0);
    brief.frames = 3 * 44100;
    assert_true(band_of(&brief) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_are_exact_per_hop),
        cmocka_unit_test(quiet_levels_survive_the_packing),
        cmocka_unit_test(a_sine_is_where_it_is),
        cmocka_unit_test(white_noise_is_flat),
        cmocka_unit_test(bands_add_up_to_the_level),
        cmocka_unit_test(steadiness_tells_held_from_changing),
        cmocka_unit_test(onsets_are_where_the_hits_are),
        cmocka_unit_test(what_begins_in_silence_is_not_early),
        cmocka_unit_test(a_stroke_where_a_louder_sound_ends_is_told),
        cmocka_unit_test(a_cut_is_no_beginning),
        cmocka_unit_test(loudness_is_that_of_the_standard),
        cmocka_unit_test(a_band_that_is_cut_off_is_told),
    };
    return cmocka_run_group_tests_name("analysis", tests, NULL, NULL);
}
