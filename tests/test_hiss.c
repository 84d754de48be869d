/* dsp/hiss: loops from hits, tremolo, flickers, synthetic noise, dust. */
#include "checks.h"
#include "core/pi.h"
#include "dsp/hiss.h"
#include "dsp/level.h"
#include "dsp/measure.h"
#include "dsp/seam.h"
#include "dsp/synth.h"
#include "tone.h"
#include "usual.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

enum { HITS = 5 };

static void make_hits(struct audio hits[HITS])
{
    static const enum synth_drum voice[HITS] = {SYNTH_HAT_CLOSED, SYNTH_SNARE,
                                                SYNTH_HAT_OPEN, SYNTH_KICK, SYNTH_CRASH};
    for (size_t i = 0; i < HITS; i++) {
        struct rng r = rng_derive(i, 0, "test", 0);
        audio_init(&hits[i], 16000, 1, i == 2 ? 48000 : 44100, NULL);
        synth_drum(voice[i], 0.8, 1, &r, hits[i].data, hits[i].frames, hits[i].rate_hz);
    }
}

static void free_hits(struct audio hits[HITS])
{
    for (size_t i = 0; i < HITS; i++)
        audio_done(&hits[i]);
}

static double band_level(const struct audio *a, double low_hz, double high_hz)
{
    double power = 0;
    size_t n = 16384;
    for (double hz = low_hz; hz < high_hz; hz += (high_hz - low_hz) / 40) {
        struct partial p = {0};
        double re = 0, im = 0;
        for (size_t i = 0; i < n; i++) {
            double x = (double)a->data[i * (size_t)a->channels];
            double w = 0.5 - 0.5 * cos(2 * PI * (double)i / (double)n);
            re += w * x * cos(2 * PI * hz * (double)i / a->rate_hz);
            im += w * x * sin(2 * PI * hz * (double)i / a->rate_hz);
        }
        p.amplitude = re * re + im * im;
        power += p.amplitude;
    }
    return 10 * log10(power / 40 + 1e-30);
}

/* Largest correlation of the loop with itself moved by 20 ms … half its length: a hit
 * that comes again and again would stand out. */
static double repetition(const struct audio *a)
{
    size_t n = a->frames, channels = (size_t)a->channels;
    double worst = 0;
    for (size_t lag = (size_t)a->rate_hz / 50; lag < n / 2; lag += 7) {
        double dot = 0, power = 0;
        for (size_t i = 0; i < n; i += 3) {
            double x = (double)a->data[i * channels];
            dot += x * (double)a->data[(i + lag) % n * channels];
            power += x * x;
        }
        worst = fmax(worst, fabs(dot / power));
    }
    return worst;
}

static enum status loop_of(struct audio *to, const struct audio *hits, size_t count,
                           const struct hiss_spec *s, struct rng *r, bool *synthetic)
{
    struct hiss_material m;
    struct hiss_report report = {0};
    assert_int_equal(hiss_material_init(&m, hits, count, s, r, NULL), ST_OK);
    enum status st = hiss_loop(to, &m, s, r, &report, NULL);
    *synthetic = st == ST_OK && report.synthetic;
    hiss_material_done(&m);
    return st;
}

static enum status flicker_of(struct audio *to, const struct audio *hits, size_t count,
                              const struct hiss_spec *s, struct rng *r, bool *synthetic)
{
    struct hiss_material m;
    struct hiss_report report = {0};
    assert_int_equal(hiss_material_init(&m, hits, count, s, r, NULL), ST_OK);
    enum status st = hiss_flicker(to, &m, s, r, &report, NULL);
    *synthetic = st == ST_OK && report.synthetic;
    hiss_material_done(&m);
    return st;
}

static void loops_are_air_without_seams_or_repetition(void **state)
{
    struct audio hits[HITS], loop;
    make_hits(hits);
    struct hiss_spec s;
    s = usual_hiss();
    s.tremolo_depth = 0;
    s.noise_level_db = (double)NAN;
    for (uint64_t seed = 0; seed < 3; seed++) {
        struct rng r = rng_derive(seed, 0, "hiss", 0);
        bool synthetic = true;
        assert_int_equal(loop_of(&loop, hits, HITS, &s, &r, &synthetic), ST_OK);
        assert_false(synthetic);
        assert_int_equal(loop.frames, 88200);
        assert_int_equal(loop.channels, 2);
        assert_true(fabs(level_to_db(level_true_peak(&loop, true)) + 6) < 0.01);
        struct seam seam;
        assert_int_equal(seam_measure(&loop, &seam, NULL), ST_OK);
        assert_true(seam.seamless);
        double inside = band_level(&loop, 5000, 12000);
        assert_true(band_level(&loop, 500, 2000) < inside - 40);
        assert_true(band_level(&loop, 18500, 21000) < inside - 8);
        assert_true(level_peak(&loop) / level_rms(&loop) < 7); /* no hits in it */
        assert_true(fabs(tone_correlation(&loop)) < 0.9);
        if (seed == 0)
            assert_true(repetition(&loop) < 0.12);
        audio_done(&loop);
    }
    free_hits(hits);
}

/* Sounds that end below the band, as over a telephone, hold no hiss for it; in a band
 * that they reach they do. */
static void what_lies_below_the_band_is_no_hiss(void **state)
{
    for (int reached = 0; reached < 2; reached++) {
        struct audio hits[HITS], loop;
        for (size_t i = 0; i < HITS; i++) {
            struct rng r = rng_derive(i, 0, "test", 0);
            audio_init(&hits[i], 3000, 1, 7000, NULL);
            synth_drum(SYNTH_SNARE, 0.8, 1, &r, hits[i].data, hits[i].frames, 7000);
        }
        struct hiss_spec s = usual_hiss();
        s.bandpass_low_hz = reached ? 2000 : s.bandpass_low_hz;
        struct rng r = rng_derive(1, 0, "hiss", 0);
        bool synthetic = reached;
        assert_int_equal(loop_of(&loop, hits, HITS, &s, &r, &synthetic), ST_OK);
        assert_int_equal(synthetic, !reached);
        audio_done(&loop);
        free_hits(hits);
    }
}

static void hiss_keeps_to_its_band(void **state)
{
    static const double bands[][2] = {
        {6000, 8000}, {10000, 12500}, {3000, 4000}, {13000}};
    struct audio hits[HITS], loop;
    make_hits(hits);
    for (size_t b = 0; b < sizeof bands / sizeof *bands; b++) {
        struct hiss_spec s;
        struct rng r = rng_derive(b, 0, "band", 0);
        bool synthetic, banded = bands[b][1] > 0;
        double low = bands[b][0], high = banded ? bands[b][1] : 18000;
        s = usual_hiss();
        s.use_bandpass = banded;
        s.bandpass_low_hz = s.highpass_hz = low;
        s.bandpass_high_hz = high;
        assert_int_equal(loop_of(&loop, hits, HITS, &s, &r, &synthetic), ST_OK);
        double inside = band_level(&loop, low, high);
        assert_true(band_level(&loop, 0.6 * low, 0.7 * low) < inside - 15);
        if (banded)
            assert_true(band_level(&loop, 1.45 * high, 1.55 * high) < inside - 15);
        audio_done(&loop);
    }
    free_hits(hits);
}

static void tremolo_has_whole_cycles(void **state)
{
    struct hiss_spec s;
    s = usual_hiss();
    s.loop_duration_s = 1.5; /* 2.5 Hz: 3.75 cycles, so 4 */
    s.channels = 1;
    OWN(audio) loop;
    struct rng r = rng_derive(1, 0, "hiss", 0);
    bool synthetic = false;
    assert_int_equal(loop_of(&loop, NULL, 0, &s, &r, &synthetic), ST_OK);
    assert_true(synthetic);
    double re[8] = {0}, im[8] = {0}; /* the power's Fourier series over the loop */
    for (size_t i = 0; i < loop.frames; i++)
        for (int k = 0; k < 8; k++) {
            double p = (double)loop.data[i] * (double)loop.data[i];
            double turn = 2 * PI * k * (double)i / (double)loop.frames;
            re[k] += p * cos(turn);
            im[k] += p * sin(turn);
        }
    for (int k = 1; k < 8; k++) {
        double depth = hypot(re[k], im[k]) / re[0];
        /* (¾ + ¼ sin)²: the first harmonic is 0.632 / 2 of the mean, the second 0.053 / 2
         */
        if (k == 4)
            assert_true(fabs(depth - 0.316) < 0.05);
        else
            assert_true(depth < 0.06);
    }
}

static void noise_is_white_gaussian_at_its_level(void **state)
{
    struct rng r = rng_derive(1, 0, "noise", 0);
    OWN(audio) a = tone_frames(100000, 2, 44100);
    hiss_noise(&a, -12, &r);
    assert_true(fabs(level_to_db(level_rms(&a)) + 12) < 1e-4);
    assert_true(fabs(tone_correlation(&a)) < 0.02);
    struct measures m;
    measures_clear(&m);
    assert_int_equal(measure_sample(&a, &m, NULL), ST_OK);
    assert_true(fabs(m.centroid_hz - 11025) < 200 && m.crest_factor > 3.8);
}

static void flickers_are_short_and_closed(void **state)
{
    struct audio hits[HITS], f;
    make_hits(hits);
    struct hiss_spec s;
    s = usual_hiss();
    double shortest = 1e9, longest = 0;
    for (uint64_t i = 0; i < 12; i++) {
        struct rng r = rng_derive(3, 0, "flicker", i);
        bool synthetic = true;
        assert_int_equal(flicker_of(&f, hits, HITS, &s, &r, &synthetic), ST_OK);
        assert_false(synthetic);
        double ms = 1e3 * (double)f.frames / f.rate_hz;
        assert_true(ms >= 29.9 && ms <= 500.1);
        shortest = fmin(shortest, ms);
        longest = fmax(longest, ms);
        for (size_t c = 0; c < 2; c++) {
            assert_true(fabsf(f.data[c]) < 1e-3f);
            assert_true(fabsf(f.data[2 * f.frames - 2 + c]) < 1e-3f);
        }
        assert_true(fabs(level_to_db(level_true_peak(&f, false)) + 3) < 0.01);
        audio_done(&f);
    }
    assert_true(longest > 2 * shortest);
    free_hits(hits);
}

static void poor_material_gives_noise_or_a_refusal(void **state)
{
    struct audio bad[5], out;
    audio_init(&bad[0], 0, 1, 44100, NULL);
    audio_init(&bad[1], 44100, 2, 44100, NULL); /* silence */
    audio_init(&bad[2], 44100, 1, 44100, NULL);
    tone_add(&bad[2], 0, 60, 0.5, 0); /* nothing in the band */
    level_fade_in(&bad[2], 2000);
    level_fade_out(&bad[2], 2000);
    audio_init(&bad[3], 50, 1, 44100, NULL);
    audio_init(&bad[4], 4410, 1, 44100, NULL);
    for (size_t i = 0; i < 4410; i++)
        bad[4].data[i] = NAN;
    struct hiss_spec s;
    s = usual_hiss();
    for (int on = 0; on < 2; on++) {
        struct rng r = rng_derive(1, 0, "hiss", 0);
        bool synthetic = false;
        s.noise_level_db = on ? -12 : (double)NAN;
        enum status want = on ? ST_OK : ST_EMPTY;
        assert_int_equal(loop_of(&out, bad, 5, &s, &r, &synthetic), want);
        assert_true(synthetic == (on == 1));
        audio_done(&out);
        assert_int_equal(flicker_of(&out, bad, 5, &s, &r, &synthetic), want);
        audio_done(&out);
    }
    static const int rates[] = {1000, 8000, 192000};
    for (size_t i = 0; i < 3; i++)
        for (int band = 0; band < 2; band++) {
            struct rng r = rng_derive(1, 0, "hiss", 0);
            s.rate_hz = rates[i];
            s.use_bandpass = band;
            s.loop_duration_s = 0.5;
            assert_int_equal(hiss_loop(&out, NULL, &s, &r, NULL, NULL), ST_OK);
            for (size_t k = 0; k < 2 * out.frames; k++)
                assert_true(isfinite(out.data[k]));
            audio_done(&out);
        }
    s.tremolo_depth = 2;
    struct rng r = rng_derive(1, 0, "hiss", 0);
    assert_int_equal(hiss_loop(&out, NULL, &s, &r, NULL, NULL), ST_USAGE);
    for (size_t i = 0; i < 5; i++)
        audio_done(&bad[i]);
}

/* Strokes that ring at one pitch: the noise is kept, the tone is not. `noise`: amplitude
 * beside that of the tone. */
static void make_ringing(struct audio hits[HITS], double noise)
{
    for (size_t i = 0; i < HITS; i++) {
        struct rng r = rng_derive(i, 0, "ringing", 0);
        audio_init(&hits[i], 16000, 1, 44100, NULL);
        for (size_t k = 0; k < hits[i].frames; k++) {
            double t = (double)k / 44100;
            double x = sin(2 * PI * 7000 * t) + noise * rng_gauss(&r);
            hits[i].data[k] = (float)(0.3 * exp(-6 * t) * x);
        }
    }
}

static void tones_do_not_come_through(void **state)
{
    static const double noise[] = {0.1, 1, 0};
    for (int k = 0; k < 3; k++) {
        struct audio hits[HITS], loop;
        struct hiss_material m;
        struct hiss_spec s;
        struct rng r = rng_derive(3, 0, "hiss", 0);
        s = usual_hiss();
        s.channels = 1;
        s.noise_level_db = (double)NAN;
        make_ringing(hits, noise[k]);
        assert_int_equal(hiss_material_init(&m, hits, HITS, &s, &r, NULL), ST_OK);
        assert_int_equal(m.regions, k < 2 ? HITS : 0); /* a tone alone is no hiss */
        if (k < 2) {
            assert_int_equal(hiss_loop(&loop, &m, &s, &r, NULL, NULL), ST_OK);
            double over = band_level(&loop, 6970, 7030) - band_level(&loop, 8000, 10000);
            assert_true(over < 4); /* 39.7 and 17.8 in the material */
            audio_done(&loop);
        }
        hiss_material_done(&m);
        free_hits(hits);
    }
}

/* Hiss that flickers is turned until nothing marks the join: as it comes, 5 of the 20
 * loops join with room to every limit. */
/* Not the tape that goes on hissing for a second behind a snare, 60 dB below it. */
static void what_is_left_of_a_hit_is_its_decay(void **state)
{
    OWN(audio) hit = tone_blank(1.4, 1, 44100);
    struct rng r = rng_derive(1, 0, "test", 0);
    synth_drum(SYNTH_SNARE, 0.8, 1, &r, hit.data, 16000, 44100);
    tone_noise(&hit, 3e-4, &r);
    struct hiss_spec s = usual_hiss();
    struct hiss_material m;
    assert_int_equal(hiss_material_init(&m, &hit, 1, &s, &r, NULL), ST_OK);
    assert_int_equal(m.regions, 1);
    assert_true((double)m.sound.frames > 0.1 * s.rate_hz);
    assert_true((double)m.sound.frames < 0.5 * s.rate_hz);
    hiss_material_done(&m);
}

static void dust_is_turned_until_it_joins_calmly(void **state)
{
    int roomy = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        OWN(audio) pad = tone_blank(1.5, 1, 44100), hiss = tone_blank(1.5, 1, 44100), out;
        struct seam seam;
        struct rng r = rng_derive(seed, 0, "dust", 0);
        tone_add(&pad, -1, 220, 0.3, 0);
        tone_white(&hiss, 0.1, seed);
        for (size_t i = 0; i < hiss.frames; i++)
            hiss.data[i] *= i / 2205 % 3 ? 0.1F : 1;
        assert_int_equal(
            hiss_dust(&out, &pad, &hiss, &(struct dust_spec){true, -12, -1}, &r, NULL),
            ST_OK);
        assert_int_equal(seam_measure(&out, &seam, NULL), ST_OK);
        roomy += seam_roomy(&seam);
    }
    assert_int_equal(roomy, 20);
}

static void dust_lies_at_its_level_and_loops(void **state)
{
    static const size_t lengths[] = {30000, 88200, 89000, 123457, 200001};
    for (size_t i = 0; i < 5; i++)
        for (int channels = 1; channels <= 2; channels++) {
            OWN(audio) hiss, out;
            OWN(audio) pad = tone_frames(lengths[i], channels, 44100);
            double cycles = rint(220.0 * (double)lengths[i] / 44100);
            tone_add(&pad, -1, cycles * 44100 / (double)lengths[i], 0.3, 0);
            struct hiss_spec s;
            s = usual_hiss();
            s.rate_hz = 48000;
            struct rng r = rng_derive(i, 0, "dust", 0);
            assert_int_equal(hiss_loop(&hiss, NULL, &s, &r, NULL, NULL), ST_OK);
            assert_int_equal(hiss_dust(&out, &pad, &hiss,
                                       &(struct dust_spec){true, -12, -1}, &r, NULL),
                             ST_OK);
            assert_int_equal(out.frames, lengths[i]);
            assert_int_equal(out.channels, channels);
            assert_true(fabs(level_to_db(level_true_peak(&out, true)) + 1) < 0.01);
            /* what is left beside the pad's one tone is the hiss */
            double total = 0, both = 0, hz = cycles * 44100 / (double)lengths[i];
            struct partial p = tone_partial(&out, 0, 0, out.frames, hz);
            double tone = 0.5 * p.amplitude * p.amplitude * channels;
            for (size_t k = 0; k < out.frames * (size_t)channels; k++)
                total += (double)out.data[k] * (double)out.data[k] / (double)out.frames;
            double over = 10 * log10((total - tone) / tone);
            assert_true(fabs(over + 12) < 0.3);
            /* and the pad begins where it began: the two run in step */
            for (size_t k = 0; k < out.frames * (size_t)channels; k++)
                both += (double)out.data[k] * (double)pad.data[k] / (double)out.frames;
            double alike = both / sqrt(total * 0.5 * 0.3 * 0.3 * channels);
            assert_true(fabs(alike - 1 / sqrt(1 + pow(10, -1.2))) < 0.01);
            struct seam seam;
            assert_int_equal(seam_measure(&out, &seam, NULL), ST_OK);
            assert_true(seam.seamless);
            audio_done(&out);
            assert_int_equal(hiss_dust(&out, &pad, &hiss,
                                       &(struct dust_spec){false, -20, -1}, &r, NULL),
                             ST_OK);
        }
    struct audio out;
    /* a loop as long as the pad lies under it as it is: laid over itself, it would swell
     */
    OWN(audio) pad = tone_blank(2, 1, 44100), hiss = tone_blank(2, 1, 44100);
    tone_add(&pad, 0, 220, 0.3, 0);
    tone_white(&hiss, 0.1, 1);
    struct rng drawn = rng_derive(1, 0, "dust", 0);
    assert_int_equal(
        hiss_dust(&out, &pad, &hiss, &(struct dust_spec){true, 30, -1}, &drawn, NULL),
        ST_OK);
    for (size_t at = 0; at + 4410 <= out.frames; at += 4410)
        assert_true(fabs(level_to_db(level_rms_range(&out, at, at + 4410) /
                                     level_rms(&out))) < 0.8);
    audio_done(&out);
    struct audio silent = tone_frames(1000, 1, 44100);
    struct audio tone = tone_frames(1000, 1, 44100);
    tone_add(&tone, 0, 441, 0.5, 0);
    struct rng r = rng_derive(1, 0, "dust", 0);
    assert_int_equal(
        hiss_dust(&out, &silent, &tone, &(struct dust_spec){true, -12, -1}, &r, NULL),
        ST_EMPTY);
    assert_int_equal(
        hiss_dust(&out, &tone, &silent, &(struct dust_spec){true, -12, -1}, &r, NULL),
        ST_EMPTY);
    audio_done(&silent);
    audio_done(&tone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_are_air_without_seams_or_repetition),
        cmocka_unit_test(hiss_keeps_to_its_band),
        cmocka_unit_test(what_lies_below_the_band_is_no_hiss),
        cmocka_unit_test(tremolo_has_whole_cycles),
        cmocka_unit_test(noise_is_white_gaussian_at_its_level),
        cmocka_unit_test(flickers_are_short_and_closed),
        cmocka_unit_test(poor_material_gives_noise_or_a_refusal),
        cmocka_unit_test(tones_do_not_come_through),
        cmocka_unit_test(what_is_left_of_a_hit_is_its_decay),
        cmocka_unit_test(dust_lies_at_its_level_and_loops),
        cmocka_unit_test(dust_is_turned_until_it_joins_calmly),
    };
    return cmocka_run_group_tests_name("hiss", tests, NULL, NULL);
}
