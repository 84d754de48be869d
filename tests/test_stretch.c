/* dsp/stretch: the vocoder's bounds, loops that stay loops, smear, pitch. */
#include "checks.h"
#include "core/pi.h"
#include "dsp/colour.h"
#include "dsp/fft.h"
#include "dsp/level.h"
#include "dsp/seam.h"
#include "dsp/stretch.h"
#include "dsp/synth.h"
#include "dsp/weave.h"
#include "tone.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SPAN = 65536 };

/* The strongest line of the spectrum that is no multiple of hz, over the strongest, dB.
 */
static double sidebands_db(const struct audio *a, size_t start, double hz)
{
    static float x[SPAN], spectrum[SPAN + 2];
    for (size_t i = 0; i < SPAN; i++) {
        double t = 2 * PI * ((double)i + 0.5) / SPAN;
        double w =
            0.35875 - 0.48829 * cos(t) + 0.14128 * cos(2 * t) - 0.01168 * cos(3 * t);
        x[i] = (float)(w * (double)a->data[(start + i) * (size_t)a->channels]);
    }
    struct rfft *fft = rfft_new(SPAN);
    rfft_forward(fft, x, spectrum);
    rfft_free(fft);
    double top = 0, side = 0, bin = (double)a->rate_hz / SPAN;
    for (int k = 8; k <= SPAN / 2; k++) {
        double m = (double)hypotf(spectrum[2 * k], spectrum[2 * k + 1]);
        top = fmax(top, m);
        if (fabs(k * bin - hz * rint(k * bin / hz)) > 6 * bin)
            side = fmax(side, m);
    }
    return level_to_db(side / top);
}

static struct audio tone_220(size_t frames, int channels)
{
    struct audio a = tone_frames(frames, channels, 44100);
    tone_harmonic(&a, 220, 0.3, 8000);
    return a;
}

static void a_harmonic_tone_stays_one(void **state)
{
    static const double factors[] = {0.25, 0.5, 0.9, 1.2, 2, 3.7};
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
        size_t length = factors[i] < 0.5 ? 352800 : factors[i] < 1 ? 220500 : 110250;
        OWN(audio) a = tone_220(length, 1), b;
        size_t frames = (size_t)llround((double)a.frames * factors[i]);
        assert_int_equal(stretch_time(&b, &a, frames, NULL), ST_OK);
        assert_int_equal(b.frames, frames);
        size_t start = (frames - SPAN) / 2;
        for (int k = 1; k < 36; k += 1 + k / 2) {
            struct partial p = tone_partial(&b, 0, start, SPAN, 220.0 * k);
            assert_true(fabs(tone_cents(p.hz, 220.0 * k)) < 1);
            assert_true(fabs(level_to_db(p.amplitude / (0.3 / k))) < 0.5);
        }
        assert_true(sidebands_db(&b, start, 220) < -50);
        assert_true(tone_join_kink(&b) <= 1);
    }
}

/* A pad of detuned saws: rough, beating, stereo. */
static struct audio saw_pad(size_t frames)
{
    struct audio a = tone_frames(frames, 2, 44100);
    FREED float *line = calloc(frames, sizeof *line);
    static const double notes[] = {130.81, 196.0, 311.13};
    for (int c = 0; c < 2; c++) {
        struct rng r = rng_derive((uint64_t)c, 0, "test", 0);
        memset(line, 0, frames * sizeof *line);
        for (int i = 0; i < 3; i++) {
            struct synth_pad p = {notes[i], 0.12, 3000, 8, 0.01, 0.01};
            synth_pad(&p, &r, line, frames, 44100);
        }
        for (size_t i = 0; i < frames; i++)
            a.data[2 * i + (size_t)c] = line[i];
    }
    return a;
}

static void a_pad_keeps_colour_level_and_image(void **state)
{
    static const double factors[] = {0.5, 1.2, 2, 3};
    struct audio a = saw_pad(150000), b;
    for (size_t i = 0; i < 4; i++) {
        size_t frames = (size_t)llround((double)a.frames * factors[i]);
        assert_int_equal(stretch_time(&b, &a, frames, NULL), ST_OK);
        assert_true(fabs(tone_centroid(&b) / tone_centroid(&a) - 1) < 0.03);
        assert_true(fabs(level_to_db(level_rms(&b) / level_rms(&a))) < 0.5);
        assert_true(fabs(tone_correlation(&b) - tone_correlation(&a)) < 0.05);
        audio_done(&b);
    }
    audio_done(&a);
}

/* The two channels are turned alike: equal stays equal, opposite stays opposite. */
static void the_image_is_exact(void **state)
{
    OWN(audio) a = saw_pad(60000), b;
    for (size_t i = 0; i < a.frames; i++)
        a.data[2 * i + 1] = -0.5f * a.data[2 * i];
    assert_int_equal(stretch_time(&b, &a, 100001, NULL), ST_OK);
    for (size_t i = 0; i < b.frames; i++)
        assert_true(fabsf(b.data[2 * i + 1] + 0.5f * b.data[2 * i]) < 1e-5f);
    audio_done(&b);
    struct rng r = rng_derive(1, 0, "smear", 0);
    struct smear_spec spec = {.window_s = 0.2};
    assert_int_equal(stretch_smear(&b, &a, 400000, &spec, &r, NULL), ST_OK);
    for (size_t i = 0; i < b.frames; i++)
        assert_true(fabsf(b.data[2 * i + 1] + 0.5f * b.data[2 * i]) < 1e-5f);
}

/* Loops made exactly periodic, stretched, pitched and smeared: no seam is found, and the
 * partials have moved by less than half a cycle a loop. */
static void loops_stay_seamless(void **state)
{
    struct audio b;
    size_t n = 100003;
    struct audio a = tone_frames(n, 2, 44100);
    static const double notes[] = {110, 138.6, 164.8, 246.9};
    for (int i = 0; i < 4; i++)
        for (int k = 1; k < 12; k++)
            for (int c = 0; c < 2; c++) {
                double cycles = rint(notes[i] * k * (double)n / 44100);
                tone_add(&a, c, cycles * 44100 / (double)n, 0.06 / k, i + k * k + c * k);
            }
    static const double factors[] = {0.6, 1.2, 1.5, 2, 6};
    for (int i = 0; i < 10; i++) {
        struct rng r = rng_derive(1, 0, "smear", 0);
        size_t frames = (size_t)llround((double)n * factors[i % 5]);
        static const double semitones[] = {-5, 5, 7, 12, -12};
        enum status st = i < 5 ? stretch_any(&b, &a, frames, &r, NULL)
                               : stretch_pitch(&b, &a, semitones[i - 5], NULL);
        assert_int_equal(st, ST_OK);
        assert_int_equal(b.frames, i < 5 ? frames : n);
        assert_true(tone_join_kink(&b) <= 1.01);
        /* the join is a place like any other: level and spectrum move there as they do
         * elsewhere, so only what a break would cause is judged here */
        struct seam seam;
        assert_int_equal(seam_measure(&b, &seam, NULL), ST_OK);
        assert_true(seam.step_ok && seam.onset_ok && seam.dip_db <= seam.dip_limit_db);
        assert_int_equal(weave_calm_join(&b, &seam, NULL), ST_OK);
        assert_int_equal(seam_measure(&b, &seam, NULL), ST_OK);
        assert_true(seam.seamless);
        if (i == 2 || i == 3) {
            struct partial p = tone_partial(&b, 0, 20000, SPAN, 246.9);
            double was = rint(246.9 * (double)n / 44100) * 44100 / (double)n;
            assert_true(fabs(p.hz - was) < 0.55 * 44100 / (double)b.frames);
        }
        audio_done(&b);
    }
    audio_done(&a);
}

static void pitch_is_exact(void **state)
{
    static const double semitones[] = {7, -5, 12, 0.5, -24, 24, 36, 0};
    struct audio a = tone_220(121275, 1), b;
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(stretch_pitch(&b, &a, semitones[i], NULL), ST_OK);
        assert_int_equal(b.frames, a.frames);
        double hz = 220 * exp2(semitones[i] / 12);
        struct partial p = tone_partial(&b, 0, 27000, SPAN, hz);
        double bound = fmax(2, tone_cents(hz + 0.5 * 44100 / 121275, hz));
        assert_true(fabs(tone_cents(p.hz, hz)) < bound);
        assert_true(fabs(level_to_db(p.amplitude / 0.3)) < 0.5);
        audio_done(&b);
    }
    audio_done(&a);
}

/* A click in quiet noise: it is still one click, at its place, as high as it was. */
static void attacks_stay_sharp(void **state)
{
    OWN(audio) b;
    OWN(audio) a = tone_frames(88200, 1, 44100);
    struct rng r = rng_derive(1, 0, "test", 0);
    FREED float *snare = calloc(12000, sizeof *snare);
    synth_drum(SYNTH_SNARE, 0.9, 1, &r, snare, 12000, 44100);
    for (size_t i = 0; i < 12000; i++)
        a.data[40000 + i] = snare[i];
    tone_noise(&a, 0.0005, &r);
    assert_int_equal(stretch_time(&b, &a, 132300, NULL), ST_OK);
    double peak = level_peak(&b), first = 0, before = 0, attack = 0;
    for (size_t i = 0; i < 60600; i++)
        *(i < 59400 ? &before : &attack) += (double)b.data[i] * (double)b.data[i];
    assert_true(10 * log10(before / attack) < -14); /* −12 with its phases as they fall */
    for (size_t i = 0; i < b.frames && first == 0; i++)
        if (fabs((double)b.data[i]) > 0.35 * peak)
            first = (double)i;
    assert_true(fabs(first - 60000) < 0.02 * 44100);
    assert_true(level_to_db(peak / level_peak(&a)) > -4);
}

static void smear_keeps_level_and_colour(void **state)
{
    OWN(audio) a = saw_pad(66150), b, c;
    struct rng r = rng_derive(1, 0, "smear", 0), same = r;
    assert_int_equal(stretch_any(&b, &a, 5 * a.frames, &r, NULL), ST_OK);
    assert_int_equal(b.frames, 5 * a.frames);
    assert_true(fabs(level_to_db(level_rms(&b) / level_rms(&a))) < 1);
    assert_true(fabs(tone_centroid(&b) / tone_centroid(&a) - 1) < 0.05);
    assert_int_equal(stretch_any(&c, &a, 5 * a.frames, &same, NULL), ST_OK);
    assert_memory_equal(b.data, c.data, 2 * b.frames * sizeof *b.data);
}

/* A tone, a saw and a detuned stack, steady as they are, stay so when they are smeared,
 * and their partials are lines still; with a phase for every bin of every frame they were
 * within −19 … +6 dB, and what was beside a line as strong as it was. */
static void steady_sounds_stay_steady(void **state)
{
    for (int kind = 0; kind < 3; kind++)
        for (int k = 0; k < 4; k++) {
            OWN(audio) b;
            OWN(audio) a = tone_frames(132300, 1, 44100);
            for (int i = 1; i <= (kind ? 30 : 1); i++)
                for (int voice = -1; voice <= 1; voice++)
                    if (voice == 0 || kind == 2)
                        tone_add(&a, -1, (220 + voice / 3.0) * i, 0.1 / i, i + voice);
            static const double factors[] = {4, 5.5, 8, 20};
            size_t frames = (size_t)((double)a.frames * factors[k]);
            struct rng r = rng_derive((uint64_t)k, 0, "smear", 0);
            assert_int_equal(stretch_any(&b, &a, frames, &r, NULL), ST_OK);
            assert_int_equal(b.frames, frames);
            double least, most, off = level_to_db(level_rms(&b) / level_rms(&a));
            tone_wavering(&b, 22050, &least, &most);
            assert_true(least > -1.7 && most < 0.6 && fabs(off) < 0.5);
            if (kind < 2)
                assert_true(sidebands_db(&b, (frames - SPAN) / 2, 220) < -60);
            assert_true(tone_join_kink(&b) <= 1.01);
        }
}

/* Beside what it will be mixed with, a smear lies a quarter turn from it: their powers
 * add at once and throughout, where chance would double or cancel them. */
static void what_is_beside_adds_in_power(void **state)
{
    enum { FRAMES = 617400, PIECE = 2205 };
    for (uint64_t seed = 0; seed < 4; seed++) {
        OWN(audio) b;
        OWN(audio) a = tone_frames(132300, 1, 44100);
        OWN(audio) beside = tone_frames(FRAMES, 1, 44100);
        tone_add(&a, -1, 330, 0.2, 0);
        tone_add(&beside, -1, 330, 0.2, (double)seed);
        struct smear_spec spec = {.window_s = 0.25, .beside = &beside};
        struct rng r = rng_derive(seed, 0, "smear", 0);
        assert_int_equal(stretch_smear(&b, &a, FRAMES, &spec, &r, NULL), ST_OK);
        for (size_t i = 0; i < FRAMES; i++)
            b.data[i] += beside.data[i];
        for (size_t at = 22050; at + 22050 < FRAMES; at += PIECE) {
            double both = level_rms_range(&b, at, at + PIECE);
            assert_close(level_to_db(both / (double)0.2f), 0, 0.3);
        }
    }
}

/* As steady as they are where one channel is all but silent, whichever it is. */
static void either_channel_is_heeded(void **state)
{
    for (int on = 0; on < 2; on++) {
        OWN(audio) b;
        double least, most;
        OWN(audio) a = tone_frames(132300, 2, 44100);
        tone_add(&a, on, 330, 0.2, 0);
        struct rng r = rng_derive(1, 0, "smear", 0);
        assert_int_equal(stretch_any(&b, &a, 600000, &r, NULL), ST_OK);
        tone_wavering(&b, 22050, &least, &most);
        assert_true(least > -0.2 && most < 0.2);
    }
}

/* A loop's partials come round to where they began, though no whole number of their
 * waves is in it: around the join, too, it is as steady. And tones that beat are as loud
 * as they were. */
static void a_loop_closes_in_phase(void **state)
{
    for (int beating = 0; beating < 2; beating++)
        for (size_t k = 0; k < 4; k++) {
            OWN(audio) b;
            double least, most;
            size_t frames = 590000 + 50 * k; /* 2943.3 … waves of it */
            OWN(audio) a = tone_frames(132300, 1, 44100);
            tone_add(&a, -1, 220, 0.2, 0);
            if (beating)
                tone_add(&a, -1, 223, 0.2, 1);
            struct rng r = rng_derive(k, 0, "smear", 0);
            assert_int_equal(stretch_any(&b, &a, frames, &r, NULL), ST_OK);
            double off = level_to_db(level_rms(&b) / level_rms(&a));
            assert_close(off, 0, 0.01);
            for (size_t i = 0; i < frames / 2; i++) {
                float was = b.data[i];
                b.data[i] = b.data[i + frames / 2];
                b.data[i + frames / 2] = was;
            }
            tone_wavering(&b, frames / 2 - 66150, &least, &most);
            if (!beating)
                assert_true(least > -0.5 && most < 0.5);
        }
}

/* Partials that sway together, 18 times in 3 s and `cents` to both sides; they come round
 * to where they began. */
static void add_swaying(struct audio *a, double hz, int first, int last, double cents)
{
    size_t n = a->frames;
    for (int k = first; k <= last; k++) {
        double cycles = rint(hz * k * (double)n / 44100), index = cents / 1731.2;
        for (size_t i = 0; i < n; i++) {
            double turn = 2 * PI * (double)i / (double)n;
            double sway = cycles * index / 18 * sin(18 * turn);
            a->data[i] += (float)(0.1 / k * sin(cycles * turn + sway + k * k));
        }
    }
}

/* The partials of a vibrato are as steady in their level as before: taken apart into the
 * dozen lines they are in a window of 186 ms, 50 ms of them lay within −2.0 … +1.4 dB. */
static void a_vibrato_does_not_flutter(void **state)
{
    (void)state;
    static const double factors[] = {0.75, 1.5, 2};
    for (int i = 0; i < 3; i++) {
        OWN(audio) b;
        double least, most;
        OWN(audio) a = tone_frames(132300, 1, 44100);
        add_swaying(&a, 440, 3, 9, 40);
        size_t frames = (size_t)llround((double)a.frames * factors[i]);
        assert_int_equal(stretch_time(&b, &a, frames, NULL), ST_OK);
        tone_wavering(&b, 4410, &least, &most);
        assert_true(least > -0.5 && most < 0.5);
    }
}

/* How far the 50 ms before a stroke lie below the 50 ms from it on (6 ms of leeway),
 * after a stretch. */
static double before_a_stroke_db(size_t at, double factor)
{
    OWN(audio) b;
    OWN(audio) a = tone_frames(88200, 1, 44100);
    struct rng r = rng_derive(at, 0, "test", 0);
    tone_noise(&a, 0.0005, &r);
    for (size_t i = 0; i < 8820; i++)
        a.data[at + i] += (float)(rng_range(&r, -0.15, 0.15) * exp(-(double)i / 1323));
    size_t frames = (size_t)((double)a.frames * factor);
    assert_int_equal(stretch_time(&b, &a, frames, NULL), ST_OK);
    size_t stroke = (size_t)((double)at * factor) + frames;
    double sum[2] = {0};
    for (size_t i = 0; i < 4410; i++) {
        double x = (double)b.data[(stroke - 2205 - 265 + i) % frames];
        sum[i >= 2205] += x * x;
    }
    return 10 * log10(sum[0] / sum[1]);
}

/* No copies of it come before it, wherever in the round it lies: they lay 19 to 33 dB
 * below when frames on its other side had their part in it. */
static void strokes_begin_where_they_began(void **state)
{
    (void)state;
    static const size_t places[] = {500, 2300, 30000, 43210, 79000};
    static const double factors[] = {0.7, 1.5, 2};
    for (int p = 0; p < 5; p++)
        for (int f = 0; f < 3; f++)
            assert_true(before_a_stroke_db(places[p], factors[f]) < -29);
}

/* Where a partial first has half of what it has at most, between two places. */
static size_t begin_of(const struct audio *a, size_t from, size_t end, double hz)
{
    double most = 0;
    size_t begin = end;
    for (size_t at = from; at < end; at += 11)
        most = fmax(most, tone_partial(a, 0, at, 220, hz).amplitude);
    for (size_t at = end - 11; at > from; at -= 11)
        if (tone_partial(a, 0, at, 220, hz).amplitude > 0.5 * most)
            begin = at + 110;
    return begin;
}

/* What is struck sounds in all octaves at once, however long their windows are, and when
 * it is due: here long ones hold what is low, for a chord lies there. It lay up to 15 ms
 * apart. */
static void a_stroke_comes_as_one(void **state)
{
    (void)state;
    static const double factors[] = {0.7, 1.5, 2, 3};
    for (size_t place = 40000; place < 48000; place += 1300)
        for (int f = 0; f < 4; f++) {
            OWN(audio) b;
            OWN(audio) a = tone_frames(88200, 1, 44100);
            for (int k = 0; k < 4; k++)
                tone_add(&a, -1, 510 + 130 * k, 0.02, k);
            for (size_t i = 0; i < 8820; i++) {
                double t = (double)i / 44100, fall = exp(-t / 0.03);
                a.data[place + i] += (float)(0.3 * fall * sin(2 * PI * 1000 * t));
                a.data[place + i] += (float)(0.3 * fall * sin(2 * PI * 7000 * t));
            }
            size_t frames = (size_t)((double)a.frames * factors[f]);
            assert_int_equal(stretch_time(&b, &a, frames, NULL), ST_OK);
            size_t due = (size_t)((double)place * factors[f]);
            double low = (double)begin_of(&b, due - 2205, due + 2205, 1000);
            double high = (double)begin_of(&b, due - 2205, due + 2205, 7000);
            double leeway = 132 + 132 * fabs(factors[f] - 1);
            assert_true(fabs(low - high) < 132 && fabs(high - (double)due) < leeway);
        }
}

/* Nor do copies of its attack follow it: of a click, what comes 10 to 60 ms
 * behind lay 8 to 32 dB below it. */
static void no_copy_follows_a_stroke(void **state)
{
    (void)state;
    static const double factors[] = {0.7, 1.5, 2, 3};
    for (size_t at = 30000; at < 40000; at += 1700)
        for (int f = 0; f < 4; f++) {
            OWN(audio) b;
            OWN(audio) a = tone_frames(88200, 1, 44100);
            struct rng r = rng_derive(at, 0, "test", 0);
            tone_noise(&a, 0.0005, &r);
            for (size_t i = 0; i < 22; i++)
                a.data[at + i] += (float)rng_range(&r, -0.3, 0.3);
            size_t frames = (size_t)((double)a.frames * factors[f]);
            assert_int_equal(stretch_time(&b, &a, frames, NULL), ST_OK);
            size_t due = (size_t)((double)at * factors[f]);
            double click = level_rms_range(&b, due - 441, due + 441);
            double behind = level_rms_range(&b, due + 441, due + 2646);
            assert_true(level_to_db(behind / click) < -33);
        }
}

/* A tone that sways a little, just where two octaves meet that want different windows, is
 * seen to by one of them: by both it would beat with itself, here by 31 dB. */
static void no_partial_lies_on_an_edge(void **state)
{
    (void)state;
    OWN(audio) b;
    OWN(audio) a = tone_frames(132300, 1, 44100);
    add_swaying(&a, 1000, 1, 1, 12);
    tone_add(&a, -1, 750, 0.4, 1);
    add_swaying(&a, 440, 3, 4, 60);
    assert_int_equal(stretch_time(&b, &a, 198450, NULL), ST_OK);
    double most = 0, least = 1;
    for (size_t at = 4410; at + 8820 + 4410 < b.frames; at += 2205) {
        struct partial p = tone_partial(&b, 0, at, 8820, 1000);
        most = fmax(most, p.amplitude);
        least = fmin(least, p.amplitude);
    }
    assert_true(level_to_db(most / least) < 1);
}

/* A tone that glides up and down an octave or more, over the edges of octaves. */
static struct audio glide(double seconds, double low_hz, double octaves)
{
    struct audio a = tone_frames((size_t)(seconds * 44100), 1, 44100);
    double n = (double)a.frames, cycles = 0, turn = 0;
    for (int round = 0; round < 2; round++) /* the first counts the cycles */
        for (size_t i = 0; i < a.frames; i++) {
            double up = 1 - fabs(2 * (double)i / n - 1);
            double fit = round ? rint(cycles) / cycles : 1;
            turn += fit * low_hz * exp2(octaves * up) / 44100;
            if (round)
                a.data[i] = (float)(0.3 * cos(2 * PI * (turn - cycles)));
            else
                cycles = turn;
        }
    return a;
}

/* Where it crosses from one window to the next it does not fade for long: rendered by
 * both over 80 Hz, the level of 23 ms deviated by 0.79 dB on average. */
static void a_glide_goes_on_from_window_to_window(void **state)
{
    (void)state;
    double sum = 0;
    int count = 0;
    for (double seconds = 1.5; seconds < 4; seconds += 0.7)
        for (double low_hz = 140; low_hz < 240; low_hz += 30) {
            OWN(audio) a = glide(seconds, low_hz, 1.3), b;
            assert_int_equal(stretch_time(&b, &a, a.frames * 3 / 2, NULL), ST_OK);
            double mean = 0, square = 0, blocks = 0;
            for (size_t at = 0; at + 1024 <= b.frames; at += 1024, blocks++) {
                double db = level_to_db(level_rms_range(&b, at, at + 1024));
                mean += db;
                square += db * db;
            }
            mean /= blocks;
            sum += sqrt(square / blocks - mean * mean);
            count++;
        }
    assert_true(sum / count < 0.55);
}

/* What is struck is dissolved as before: a snare in a loop of 2 s is a rush of noise
 * over all of eight times that, and no 5 ms of it jump. With tones to be dissolved, too,
 * nothing else is. */
static void strokes_are_dissolved(void **state)
{
    for (uint64_t seed = 0; seed < 4; seed++) {
        OWN(audio) b, c;
        OWN(audio) a = tone_frames(88200, 1, 44100);
        struct rng r = rng_derive(seed, 0, "test", 0);
        synth_drum(SYNTH_SNARE, 0.9, 1, &r, a.data + 40000, 12000, 44100);
        struct smear_spec spec = {.window_s = 0.25};
        struct rng one = rng_derive(seed, 0, "smear", 0), same = one;
        assert_int_equal(stretch_smear(&b, &a, 705600, &spec, &one, NULL), ST_OK);
        spec.no_partials = true;
        assert_int_equal(stretch_smear(&c, &a, 705600, &spec, &same, NULL), ST_OK);
        double crest = level_to_db(level_peak(&b) / level_rms(&b));
        double before = level_to_db(level_peak(&c) / level_rms(&c));
        assert_true(crest < before + 1);
    }
}

static void odd_sounds_are_survived(void **state)
{
    static const size_t lengths[] = {1, 2, 15, 16, 17, 100, 1000, 5000};
    static const size_t wanted[] = {1, 15, 16, 333, 4096, 60000};
    for (size_t i = 0; i < 8; i++)
        for (size_t k = 0; k < 6; k++) {
            OWN(audio) b;
            OWN(audio) a = tone_frames(lengths[i], 3, i & 1 ? 8000 : 44100);
            for (size_t n = 0; n < 3 * a.frames; n++)
                a.data[n] = n % 7 ? 0.1f * (float)(n % 5) : NAN;
            assert_int_equal(stretch_time(&b, &a, wanted[k], NULL), ST_OK);
            assert_int_equal(b.frames, wanted[k]);
            for (size_t n = 0; n < 3 * b.frames; n++)
                assert_true(isfinite(b.data[n]));
            audio_done(&b);
            struct smear_spec spec = {.window_s = 0.2};
            struct rng r = rng_derive(1, 0, "smear", 0);
            assert_int_equal(stretch_smear(&b, &a, wanted[k], &spec, &r, NULL), ST_OK);
            for (size_t n = 0; n < 3 * b.frames; n++)
                assert_true(isfinite(b.data[n]));
        }
    OWN(audio) b;
    OWN(audio) silence = tone_frames(30000, 1, 44100);
    assert_int_equal(stretch_time(&b, &silence, 45000, NULL), ST_OK);
    assert_true(level_peak(&b) == 0);
    audio_done(&b);
    assert_int_equal(stretch_time(&b, &silence, 0, NULL), ST_USAGE);
    silence.frames = 0;
    assert_int_equal(stretch_pitch(&b, &silence, 3, NULL), ST_OK);
    assert_int_equal(b.frames, 0);
    audio_done(&b);
    assert_int_equal(stretch_time(&b, &silence, 100, NULL), ST_OK);
    assert_true(b.frames == 100 && level_peak(&b) == 0);
    struct audio silent, still; /* is no louder than it was */
    audio_init(&silent, 44100, 1, 44100, NULL);
    struct rng r = rng_derive(1, 0, "smear", 0);
    assert_int_equal(stretch_any(&still, &silent, 220500, &r, NULL), ST_OK);
    for (size_t i = 0; i < still.frames; i++)
        assert_true(still.data[i] == 0);
    audio_done(&still);
    audio_done(&silent);
}

/* A click, a low tone, and a high one of `level`, louder in the last quarter. */
static struct audio bright_at_last(double level, double last, size_t click_at)
{
    struct audio a = tone_blank(16500 / 44100.0, 1, 44100), high;
    tone_add(&a, 0, 500, 0.2, 0);
    high = tone_blank(16500 / 44100.0, 1, 44100);
    tone_add(&high, 0, 5000, level, 0);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] += high.data[i] * (i < a.frames * 3 / 4 ? 1 : (float)last);
    a.data[click_at] += 0.5F;
    audio_done(&high);
    return a;
}

/* All frames count alike, the last ones, too; and what is filtered stays where it was. */
static void colour_is_the_mean_and_keeps_time(void **state)
{
    OWN(audio) a = bright_at_last(0.1, 1, 8000);
    OWN(audio) model = bright_at_last(0.08, 1.75, 4000);
    assert_int_equal(colour_match(&a, &model, NULL), ST_OK);
    size_t peak = 0;
    for (size_t i = 0; i < a.frames; i++)
        peak = fabsf(a.data[i]) > fabsf(a.data[peak]) ? i : peak;
    assert_int_equal(peak, 8000);
    double high = tone_partial(&a, 0, 2000, 5000, 5000).amplitude;
    assert_close(level_to_db(high / 0.1), 0.1, 0.2);
}

/* What sounds before a stroke ends where it begins, and the stroke's own frame goes on
 * with a phase of its own: a hard cut there was a click in front of it. */
static void no_click_comes_before_a_stroke(void **state)
{
    double most = 0;
    for (uint64_t k = 0; k < 12; k++) {
        double at_s = 0.9 + 0.0173 * (double)k;
        OWN(audio) a = tone_blank(2, 1, 44100);
        tone_add(&a, 0, 220, 0.3, 0);
        tone_add(&a, 0, 331, 0.2, 1);
        struct rng r = rng_derive(1, k, "stroke", 0);
        for (size_t i = 0; i < 4410; i++)
            a.data[(size_t)(at_s * 44100) + i] +=
                (float)(0.2 * exp(-(double)i / 1300) * rng_range(&r, -1, 1));
        OWN(audio) out;
        assert_int_equal(stretch_time(&out, &a, 3 * 44100, NULL), ST_OK);
        size_t due = (size_t)(1.5 * at_s * 44100);
        for (size_t i = due - 600; i < due - 110; i++)
            most =
                fmax(most,
                     fabs((double)(out.data[i - 1] - 2 * out.data[i] + out.data[i + 1])));
    }
    if (most > 0.006)
        fail_msg("%g", most);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_harmonic_tone_stays_one),
        cmocka_unit_test(a_pad_keeps_colour_level_and_image),
        cmocka_unit_test(the_image_is_exact),
        cmocka_unit_test(loops_stay_seamless),
        cmocka_unit_test(pitch_is_exact),
        cmocka_unit_test(attacks_stay_sharp),
        cmocka_unit_test(smear_keeps_level_and_colour),
        cmocka_unit_test(colour_is_the_mean_and_keeps_time),
        cmocka_unit_test(steady_sounds_stay_steady),
        cmocka_unit_test(what_is_beside_adds_in_power),
        cmocka_unit_test(either_channel_is_heeded),
        cmocka_unit_test(a_loop_closes_in_phase),
        cmocka_unit_test(a_vibrato_does_not_flutter),
        cmocka_unit_test(no_partial_lies_on_an_edge),
        cmocka_unit_test(strokes_begin_where_they_began),
        cmocka_unit_test(a_stroke_comes_as_one),
        cmocka_unit_test(no_copy_follows_a_stroke),
        cmocka_unit_test(a_glide_goes_on_from_window_to_window),
        cmocka_unit_test(strokes_are_dissolved),
        cmocka_unit_test(odd_sounds_are_survived),
        cmocka_unit_test(no_click_comes_before_a_stroke),
    };
    return cmocka_run_group_tests_name("stretch", tests, NULL, NULL);
}
