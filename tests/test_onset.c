/* dsp/onset: novelty, picking, attacks, on signals whose onsets are known to the sample.
 */
#include "checks.h"

#include "core/pi.h"
#include "core/rng.h"
#include "dsp/fft.h"
#include "dsp/fft_batch.h"
#include "dsp/onset.h"
#include "dsp/synth.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct sound {
    float *mono;
    size_t n;
    int rate_hz;
};

static void sound_done(struct sound *s)
{
    free(s->mono);
}

static struct sound silence(double seconds, int rate_hz)
{
    struct sound s = {.n = (size_t)(seconds * rate_hz), .rate_hz = rate_hz};
    s.mono = calloc(s.n, sizeof *s.mono);
    assert_non_null(s.mono);
    return s;
}

/* A burst of noise with an instant attack; decays 60 dB in 0.15 s. */
static void burst(struct sound *s, double at_s, double level, struct rng *r)
{
    size_t start = (size_t)lround(at_s * s->rate_hz);
    for (size_t i = start; i < s->n; i++) {
        double t = (double)(i - start) / s->rate_hz;
        if (t > 0.15)
            break;
        s->mono[i] += (float)(level * pow(10, -t * 20) * rng_range(r, -1, 1));
    }
}

static void put_bit(unsigned char *bits, size_t i, bool set)
{
    unsigned char bit = (unsigned char)(1U << i % 8);
    bits[i / 8] = (unsigned char)(set ? bits[i / 8] | bit : bits[i / 8] & ~bit);
}

/* Novelty as the analysis makes it: centred frames, a hop of 256/44100 s. */
static float *novelty_of(const struct sound *s, double gain, size_t *count, double *hop_s,
                         unsigned char **ends_out, unsigned char **clicks_out)
{
    int size = onset_size_at(s->rate_hz);
    int hop = (int)lround(ONSET_HOP_S * s->rate_hz);
    struct rfft *fft = rfft_new(size);
    struct onset_filter *f = onset_filter_new(s->rate_hz, size, hop);
    assert_non_null(fft);
    assert_non_null(f);
    *count = s->n / (size_t)hop + 1;
    *hop_s = (double)hop / s->rate_hz;
    float *novelty = malloc(*count * sizeof *novelty);
    unsigned char *ends = *ends_out = calloc(*count / 8 + 1, 1);
    unsigned char *clicks = *clicks_out = calloc(*count / 8 + 1, 1);
    FREED float *frame = malloc((size_t)size * sizeof *frame);
    FREED float *window = malloc((size_t)size * sizeof *window);
    FREED float *spectrum = malloc(((size_t)size + 2) * sizeof *spectrum);
    FREED float *power = calloc(FFT_BATCH * ((size_t)size / 2 + 1), sizeof *power);
    assert_true(novelty && ends && clicks && frame && spectrum && power && window);
    for (int i = 0; i < size; i++)
        window[i] = (float)(0.5 - 0.5 * cos(2 * PI * i / size));
    for (size_t k = 0; k < *count; k++) {
        for (int i = 0; i < size; i++) {
            long at = (long)k * hop - size / 2 + i;
            bool inside = at >= 0 && at < (long)s->n;
            frame[i] = inside ? (float)gain * s->mono[at] * window[i] : 0;
        }
        rfft_forward(fft, frame, spectrum);
        for (int i = 0; i <= size / 2; i++)
            power[FFT_BATCH * i] = spectrum[2 * i] * spectrum[2 * i] +
                                   spectrum[2 * i + 1] * spectrum[2 * i + 1];
        struct onset_frame now;
        onset_filter_push(f, power, 1, &now);
        novelty[k] = now.novelty;
        for (int i = 0; i < now.ended && (size_t)i <= k; i++)
            put_bit(ends, k - (size_t)i, true);
        if (now.stroke >= 0)
            put_bit(ends, k - (size_t)now.stroke, false);
        if (now.click >= 0)
            put_bit(clicks, k - (size_t)now.click, true);
    }
    rfft_free(fft);
    onset_filter_free(f);
    return novelty;
}

static struct onset_list onsets_with(const struct sound *s, double gain,
                                     const struct onset_params *p)
{
    size_t n;
    double hop_s;
    unsigned char *ends, *clicks;
    FREED float *novelty = novelty_of(s, gain, &n, &hop_s, &ends, &clicks);
    struct onset_list l;
    const struct novelty v = {novelty, ends, clicks, n, hop_s, NULL, 0};
    assert_int_equal(onset_pick(&v, p, &l, NULL), ST_OK);
    free(ends);
    free(clicks);
    return l;
}

static struct onset_list onsets_of(const struct sound *s, double gain)
{
    struct onset_params p = onset_params_default();
    return onsets_with(s, gain, &p);
}

enum { HITS = 24 };

/* Noise as of a quiet room. */
static void hush(struct sound *s, struct rng *r)
{
    for (size_t i = 0; i < s->n; i++)
        s->mono[i] = (float)(1e-4 * rng_range(r, -1, 1));
}

/* Hits at uneven times, of uneven level. */
static struct sound hits(int rate_hz, double *at_s)
{
    struct sound s = silence(6, rate_hz);
    struct rng r = rng_derive(3, 0, "onset-test", (uint64_t)rate_hz);
    double t = 0.3;
    for (int i = 0; i < HITS; i++) {
        at_s[i] = round(t * rate_hz) / rate_hz;
        burst(&s, t, i % 3 == 2 ? 0.1 : 0.7, &r);
        t += 0.11 + 0.02 * (i * 7 % 11);
    }
    return s;
}

/* Every true onset found within `within_s`, nothing else; returns the median offset. The
 * first may be 3 ms earlier: out of silence, with the gain up, the first window that
 * touches it has most of its novelty already. */
static double assert_found(const struct onset_list *l, const double *at_s,
                           double within_s)
{
    double offset[HITS];
    assert_int_equal(l->count, HITS);
    for (int i = 0; i < HITS; i++) {
        offset[i] = l->at[i].time_s - at_s[i];
        assert_true(offset[i] <= within_s);
        assert_true(offset[i] >= (i == 0 ? -within_s - 0.003 : -within_s));
        assert_true(l->at[i].strength >= 1);
    }
    for (int i = 1; i < HITS; i++) /* insertion sort */
        for (int k = i; k > 0 && offset[k] < offset[k - 1]; k--) {
            double swap = offset[k];
            offset[k] = offset[k - 1];
            offset[k - 1] = swap;
        }
    return offset[HITS / 2];
}

static void hits_are_found_at_any_rate(void **state)
{
    static const int rates[] = {8000, 11025, 22050, 44100, 48000, 96000, 192000};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        double at_s[HITS];
        OWN(sound) s = hits(rates[i], at_s);
        OWN(onset_list) l = onsets_of(&s, 1);
        double median = assert_found(&l, at_s, 0.006);
        /* out of silence the first window that touches the burst already sees it */
        assert_true(fabs(median) <= 0.0035);
    }
}

/* Snares over noise whose wires come 14 ms after the stick. Timed by
 * the stick, which is softer. */
static void what_rises_twice_is_not_late(void **state)
{
    OWN(sound) s = silence(8, 44100);
    struct rng r = rng_derive(5, 0, "onset-test-slow", 0);
    double sum_ms = 0;
    for (size_t i = 0; i < s.n; i++)
        s.mono[i] = (float)(0.06 * rng_range(&r, -1, 1));
    for (int hit = 0; hit < 20; hit++) {
        size_t start = (size_t)(44100 * (0.3 + 0.37 * hit));
        for (size_t k = 0; k < 8820; k++) {
            double t = (double)k / 44100, rise = t < 0.014 ? 0.35 : 1;
            s.mono[start + k] +=
                (float)(0.3 * rise * exp(-t * 20) * rng_range(&r, -1, 1));
        }
    }
    OWN(onset_list) l = onsets_of(&s, 1);
    for (int hit = 0; hit < 20; hit++) {
        double at_s = 0.3 + 0.37 * hit;
        size_t found = onset_list_find(&l, at_s - 0.02);
        assert_true(found < l.count);
        sum_ms += 1e3 * (l.at[found].time_s - at_s);
    }
    assert_true(fabs(sum_ms / 20) < 6); /* 4.0; 14.1 when the peak was the time */
}

/* Hats in noise that take 6 ms to rise: those that barely show in it come on
 * average little later than those that stand out. */
static void soft_strokes_are_not_late(void **state)
{
    enum { STROKES = 40 };
    static const int rates[] = {22050, 44100, 96000};
    double late_ms[2] = {0};
    for (size_t k = 0; k < 6; k++) {
        int rate = rates[k / 2];
        OWN(sound) s = silence(16, rate);
        struct rng r = rng_derive(9, 0, "onset-test-soft", k);
        for (size_t i = 0; i < s.n; i++)
            s.mono[i] = (float)(0.06 * rng_range(&r, -1, 1));
        for (int hit = 0; hit < STROKES; hit++) {
            size_t start = (size_t)((0.3 + 0.37 * hit) * rate);
            for (size_t i = 0; i < (size_t)(0.15 * rate); i++) {
                double t = (double)i / rate,
                       level = (k % 2 ? 0.6 : 0.1) * fmin(1, t / 0.006);
                s.mono[start + i] += (float)(level * exp(-t * 30) * rng_range(&r, -1, 1));
            }
        }
        OWN(onset_list) l = onsets_of(&s, 1);
        for (int hit = 0; hit < STROKES; hit++) {
            double at_s = 0.3 + 0.37 * hit;
            size_t found = onset_list_find(&l, at_s - 0.015);
            assert_true(found < l.count && l.at[found].time_s < at_s + 0.015);
            late_ms[k % 2] += 1e3 / (3 * STROKES) * (l.at[found].time_s - at_s);
        }
    }
    /* 0.8; 1.7 when every edge had the same lead */
    assert_true(fabs(late_ms[0] - late_ms[1]) < 1.2);
    assert_true(fabs(late_ms[1]) < 4);
}

/* Sixteenths at 176 bpm: a loud hat, then a kick that is nothing but a low thump. The hat
 * just before must count for little in the thump's surroundings. */
static void fast_neighbours_do_not_hide_each_other(void **state)
{
    static const double sixteenth_s = 60.0 / 176 / 4;
    OWN(sound) s = silence(6, 44100);
    struct rng r = rng_derive(3, 0, "onset-test-fast", 0);
    for (size_t i = 0; i < s.n; i++)
        s.mono[i] = (float)(0.01 * rng_range(&r, -1, 1));
    for (int i = 0; i < 60; i += 2) {
        burst(&s, 0.3 + i * sixteenth_s, 0.7, &r);
        size_t start = (size_t)lround((0.3 + (i + 1) * sixteenth_s) * 44100);
        for (size_t k = start; k < s.n && k < start + 4410; k++) {
            double t = (double)(k - start) / 44100, rise = fmin(1, t / 0.004);
            s.mono[k] += (float)(0.07 * rise * exp(-t * 40) * sin(2 * PI * 70 * t));
        }
    }
    OWN(onset_list) l = onsets_of(&s, 1);
    assert_in_range(l.count, 58, 61); /* measured: 60 */
}

static void level_does_not_matter(void **state)
{
    double at_s[HITS];
    OWN(sound) s = hits(44100, at_s);
    for (double gain = 0.03; gain < 2; gain *= 3) {
        OWN(onset_list) l = onsets_of(&s, gain);
        assert_found(&l, at_s, 0.006);
    }
}

/* How many onsets 20 s of a chord have: three detuned voices with vibrato per note. */
static size_t onsets_of_a_chord(int rate_hz, double detune_cents, uint64_t seed)
{
    static const double notes[] = {110, 164.8, 220, 261.6};
    OWN(sound) s = silence(20, rate_hz);
    struct rng r = rng_derive(seed, 0, "onset-test", 1);
    for (size_t i = 0; i < 4; i++) {
        struct synth_pad pad = {.freq_hz = notes[i],
                                .level = 0.12,
                                .cutoff_hz = 3000,
                                .detune_cents = detune_cents,
                                .attack_s = 0.8,
                                .release_s = 1};
        synth_pad(&pad, &r, s.mono, s.n, s.rate_hz);
    }
    OWN(onset_list) l = onsets_of(&s, 1);
    return l.count;
}

/* Beats are no onsets. */
static void a_held_chord_is_calm(void **state)
{
    assert_true(onsets_of_a_chord(44100, 9, 1) <= 1); /* 0.05 a second */
}

/* What flickers in the few bands of a low rate counts for little more than it does among
 * all those of a high one. */
static void a_held_chord_is_calm_at_low_rates(void **state)
{
    static const int rates[] = {2000, 2500, 3000, 4000, 8000};
    size_t count = 0;
    for (size_t k = 0; k < sizeof rates / sizeof *rates; k++)
        count += onsets_of_a_chord(rates[k], 14, 2);
    assert_true(count <= 30); /* in 100 s; 484 before they counted for less */
}

static void drums_over_a_chord_are_heard(void **state)
{
    OWN(sound) s = silence(8, 44100);
    struct rng r = rng_derive(1, 0, "onset-test", 2);
    struct synth_pad pad = {.freq_hz = 131,
                            .level = 0.1,
                            .cutoff_hz = 2000,
                            .detune_cents = 6,
                            .attack_s = 0.5,
                            .release_s = 0.5};
    synth_pad(&pad, &r, s.mono, s.n, s.rate_hz);
    size_t found = 0, count = 0;
    for (double t = 1; t < 7; t += 0.43, count++) {
        size_t at = (size_t)(t * s.rate_hz);
        enum synth_drum d = (enum synth_drum)(count % 4);
        synth_drum(d, 0.6, 1, &r, s.mono + at, s.n - at, s.rate_hz);
    }
    OWN(onset_list) l = onsets_of(&s, 1);
    for (double t = 1; t < 7; t += 0.43) {
        size_t i = onset_list_find(&l, t - 0.025);
        found += i < l.count && l.at[i].time_s < t + 0.025;
    }
    assert_int_equal(found, count);
    assert_true(l.count <= count + 2);
}

/* Chords that are faded out fast or choked, a snare that a gate ends with a thump far
 * below it: one beginning each, and none where they end. */
static void ends_are_no_beginnings(void **state)
{
    static const double chords[][3] = {{220, 277.2, 329.6}, {55, 82.4, 110}};
    static const double fades_ms[] = {3, 5, 10, 30};
    for (size_t c = 0; c < 2; c++)
        for (size_t k = 0; k < sizeof fades_ms / sizeof *fades_ms; k++) {
            OWN(sound) s = silence(3, 44100);
            double fade = fades_ms[k] * 44.1;
            for (size_t i = 0; i < s.n; i++) {
                double left = (2 * 44100 - (double)i) / fade, t = (double)i / 44100;
                double gain = fmin(1, fmax(0, left)) * fmin(1, t * 2) / 6;
                for (int v = 0; v < 3; v++)
                    s.mono[i] += (float)(gain * sin(2 * PI * chords[c][v] * t));
            }
            OWN(onset_list) l = onsets_of(&s, 1);
            assert_int_equal(onset_list_find(&l, 1), l.count);
        }
    OWN(sound) s = silence(2, 44100);
    struct rng r = rng_derive(7, 0, "onset-test", 0);
    for (int i = 0; i < 6600; i++) {
        double left = fmin(1, (6600 - i) / 441.0), bump = i > 5800 ? 0.02 : 0;
        double body = 0.3 * left * exp(-i / 4000.0) * rng_range(&r, -1, 1);
        double thump = left * bump * sin(2 * PI * 180 * i / 44100);
        s.mono[22050 + i] = (float)(body + thump);
    }
    OWN(onset_list) l = onsets_of(&s, 1);
    assert_int_equal(l.count, 1);
}

/* Samples that break off with a step while they still sound, as in some drum kits: the
 * step is told as a click. The driest of drums, 60 dB down in 20 ms, is none. */
static void clicks_are_no_beginnings(void **state)
{
    static const int rates[] = {22050, 44100, 48000, 96000};
    static const double at_s[] = {0.5, 0.575, 1, 1.075, 1.5, 1.575, 2};
    for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) {
        int rate = rates[k];
        OWN(sound) s = silence(3, rate);
        struct rng r = rng_derive(11, 0, "onset-test", (uint64_t)rate);
        hush(&s, &r);
        for (int hit = 0; hit < 4; hit++)
            for (int i = 0; i < rate / 10; i++) {
                double t = (double)i / rate, down = hit == 3 ? 150 : 38;
                double x = 0.5 * pow(10, -t * down) * rng_range(&r, -1, 1);
                if (hit < 3) /* what is left of it at the end is a step */
                    x = t < 0.075 ? x + 0.2 * exp(-t * 30) : 0;
                s.mono[(hit + 1) * rate / 2 + i] += (float)x;
            }
        OWN(onset_list) l = onsets_of(&s, 1);
        assert_int_equal(l.count, sizeof at_s / sizeof *at_s);
        for (size_t i = 0; i < l.count; i++) {
            assert_true(fabs(l.at[i].time_s - at_s[i]) < 0.01);
            assert_int_equal(l.at[i].click, i % 2 == 1);
        }
    }
}

/* A dry kick, struck again while it still booms: next to nothing is left of its click in
 * any band, but the boom is as loud as it was. */
static void a_drum_struck_again_is_no_click(void **state)
{
    enum { STROKES = 40 };
    static const int rates[] = {22050, 44100, 48000, 96000};
    for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) {
        int rate = rates[k], apart = rate / 16;
        OWN(sound) s = silence(4, rate);
        struct rng r = rng_derive(11, 0, "onset-test-again", (uint64_t)rate);
        hush(&s, &r);
        for (int i = 0; i < STROKES * apart; i++) {
            double t = (double)(i % apart) / rate;
            double click = 0.4 * exp(-t * 1500) * rng_range(&r, -1, 1);
            double boom = 0.4 * exp(-t * (k % 2 ? 30 : 14)) * sin(2 * PI * 60 * t);
            s.mono[rate / 2 + i] += (float)(click + boom);
        }
        OWN(onset_list) l = onsets_of(&s, 1);
        int told = 0;
        for (size_t i = 0; i < l.count; i++)
            told += !l.at[i].click;
        assert_int_equal(told,
                         STROKES); /* 19 to 22 when each band was asked for itself */
    }
}

/* Samples that break off beside a low note that is held: what goes on is nothing that
 * began. */
static void clicks_beside_a_note_are_told(void **state)
{
    static const int rates[] = {22050, 44100, 48000, 96000};
    for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) {
        int rate = rates[k];
        OWN(sound) s = silence(4, rate);
        struct rng r = rng_derive(11, 0, "onset-test-note", (uint64_t)rate);
        for (size_t i = 0; i < s.n; i++)
            s.mono[i] = (float)(1e-4 * rng_range(&r, -1, 1) +
                                0.03 * sin(2 * PI * 110 * (double)i / rate));
        for (int i = 0; i < 6 * rate / 2; i++) {
            double t = (double)(i % (rate / 2)) / rate;
            double x = 0.5 * pow(10, -t * 38) * rng_range(&r, -1, 1);
            s.mono[rate / 2 + i] += (float)(t < 0.075 ? x + 0.2 * exp(-t * 30) : 0);
        }
        OWN(onset_list) l = onsets_of(&s, 1);
        assert_int_equal(l.count, 13); /* the first is the note's */
        for (size_t i = 0; i < l.count; i++)
            assert_int_equal(l.at[i].click, i > 0 && i % 2 == 0);
    }
}

/* Samples that break off, and 19 ms later something soft swells up: it does not make the
 * step a beginning. */
static void what_swells_up_after_a_click_does_not_hide_it(void **state)
{
    static const int rates[] = {22050, 44100, 48000, 96000};
    for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) {
        int rate = rates[k];
        OWN(sound) s = silence(4, rate);
        struct rng r = rng_derive(11, 0, "onset-test-swell", (uint64_t)rate);
        hush(&s, &r);
        for (int i = 0; i < 6 * rate / 2; i++) {
            double t = (double)(i % (rate / 2)) / rate, u = t - 0.094;
            double x = 0.5 * pow(10, -t * 38) * rng_range(&r, -1, 1);
            x = t < 0.075 ? x + 0.05 * exp(-t * 10) : 0;
            if (u > 0)
                x += 0.008 * fmin(1, u / 0.01) * exp(-u * 30) * sin(2 * PI * 200 * u);
            s.mono[rate / 2 + i] += (float)x;
        }
        OWN(onset_list) l = onsets_of(&s, 1);
        assert_int_equal(l.count, 12);
        for (size_t i = 0; i < 12; i++)
            assert_int_equal(l.at[i].click, i % 2 == 1); /* of 6 clicks none was told */
    }
}

static void what_comes_later_changes_nothing(void **state)
{
    double at_s[HITS];
    OWN(sound) s = hits(44100, at_s);
    OWN(onset_list) before = onsets_of(&s, 0.05);
    struct rng r = rng_derive(1, 0, "onset-test", 3);
    burst(&s, 5.8, 20, &r); /* 52 dB louder than the rest */
    OWN(onset_list) after = onsets_of(&s, 0.05);
    for (size_t i = 0; i < before.count && before.at[i].time_s < 5; i++)
        assert_true(before.at[i].time_s == after.at[i].time_s);
}

static void nonsense_gives_no_onsets(void **state)
{
    OWN(sound) s = silence(2, 44100);
    struct onset_list l = onsets_of(&s, 1);
    assert_int_equal(l.count, 0);
    onset_list_done(&l);
    struct onset_filter *f = onset_filter_new(44100, 1024, 256);
    float bad[513 * FFT_BATCH];
    for (int k = 0; k < 513 * FFT_BATCH; k++)
        bad[k] = k % 3 == 0 ? NAN : k % 3 == 1 ? INFINITY : -1e30F;
    for (int k = 0; k < 30; k++) {
        struct onset_frame now[FFT_BATCH];
        onset_filter_push(f, bad, FFT_BATCH, now);
        for (int i = 0; i < FFT_BATCH; i++)
            assert_true(isfinite(now[i].novelty) && now[i].novelty >= 0);
    }
    onset_filter_free(f);
    float novelty[] = {NAN, INFINITY, -INFINITY, -5, 0, NAN};
    struct onset_params p = onset_params_default();
    const struct novelty none = {.hop_s = ONSET_HOP_S},
                         v = {.at = novelty, .n = 6, .hop_s = ONSET_HOP_S};
    assert_int_equal(onset_pick(&v, &p, &l, NULL), ST_OK);
    assert_int_equal(l.count, 0);
    assert_int_equal(onset_pick(&none, &p, &l, NULL), ST_OK);
    assert_int_equal(l.count, 0);
    assert_null(onset_filter_new(44100, 16, 8));
    assert_null(onset_filter_new(0, 1024, 256));
    assert_null(onset_filter_new(44100, 1024, 0));
}

static void the_users_keys_adjust_the_default(void **state)
{
    struct onset_params p = onset_params_default();
    struct onset_params same = onset_params_user(0.05, 30, -1, -1, -1, -1);
    assert_memory_equal(&p, &same, sizeof p);
    double at_s[HITS];
    OWN(sound) s = hits(44100, at_s);
    struct onset_params rare = onset_params_user(0.05, 600, -1, -1, -1, -1); /* 0.6 s */
    struct onset_params deaf = onset_params_user(1.5, 30, -1, -1, -1, -1);
    OWN(onset_list) few = onsets_with(&s, 1, &rare), loud = onsets_with(&s, 1, &deaf);
    assert_in_range(few.count, 4, 10);
    for (size_t i = 1; i < few.count; i++)
        assert_true(few.at[i].time_s - few.at[i - 1].time_s > 0.6);
    assert_true(loud.count < HITS);
}

static void attacks_are_exact(void **state)
{
    static const int rates[] = {8000, 44100, 192000};
    for (size_t k = 0; k < 3; k++) {
        OWN(sound) s = silence(0.5, rates[k]);
        struct rng r = rng_derive(9, 0, "onset-test", k);
        burst(&s, 0.2, 0.5, &r);
        size_t true_start = (size_t)lround(0.2 * rates[k]);
        for (int shift_ms = -9; shift_ms <= 6; shift_ms += 3) {
            size_t near = true_start + (size_t)(shift_ms * rates[k] / 1000);
            size_t at = onset_attack(s.mono, s.n, rates[k], near);
            double error_ms = 1e3 * ((double)at - (double)true_start) / rates[k];
            assert_true(fabs(error_ms) < 0.3);
        }
    }
}

/* What rises slowly starts where it leaves 0, not where it is first heard. */
static void a_slow_attack_starts_at_its_zero(void **state)
{
    OWN(sound) s = silence(0.5, 44100);
    for (size_t i = 8820; i < s.n; i++)
        s.mono[i] = (float)(0.5 * sin(2 * PI * 60 * (double)(i - 8820) / 44100));
    size_t at = onset_attack(s.mono, s.n, 44100, 8820 + 250);
    assert_true(at >= 8820 && at <= 8821);
}

static void attacks_stand_out_of_a_tail(void **state)
{
    OWN(sound) s = silence(0.6, 44100);
    struct rng r = rng_derive(9, 0, "onset-test", 7);
    for (size_t i = 0; i < s.n; i++) /* a bass note under it */
        s.mono[i] = (float)(0.3 * sin(2 * PI * 60 * (double)i / 44100));
    burst(&s, 0.3, 0.6, &r);
    size_t at = onset_attack(s.mono, s.n, 44100, 13230 + 180);
    assert_true(labs((long)at - 13230) < 50);
}

/* Drums hit at once, 6 dB over the noise they lie in, told up to 4 ms early or late. */
static void attacks_stand_out_of_noise(void **state)
{
    static const double tones_hz[] = {60, 180, 480, 1700};
    static const int rates[] = {22050, 44100, 96000};
    enum { DRUMS = 120 };
    for (size_t k = 0; k < 3; k++) {
        int within_one_ms = 0, rate = rates[k];
        for (size_t i = 0; i < DRUMS; i++) {
            OWN(sound) s = silence(0.4, rate);
            struct rng r = rng_derive(9, i, "onset-test", 12);
            size_t start = (size_t)(0.2 * rate) + i;
            for (size_t n = 0; n < s.n; n++)
                s.mono[n] = (float)rng_range(&r, -0.07, 0.07);
            for (size_t n = start; n < s.n; n++) {
                double t = (double)(n - start) / rate;
                s.mono[n] +=
                    (float)(0.12 * exp(-t / 0.08) * cos(2 * PI * tones_hz[i % 4] * t));
            }
            size_t near = (size_t)((double)start + rng_range(&r, -0.004, 0.004) * rate);
            size_t at = onset_attack(s.mono, s.n, rate, near);
            within_one_ms += fabs((double)at - (double)start) < 0.001 * rate;
        }
        assert_true(within_one_ms >= 0.97 * DRUMS);
    }
}

/* Coders put an echo before a stroke, as noise 35 dB below it. */
static void the_echo_of_a_coder_is_no_attack(void **state)
{
    for (size_t i = 0; i < 40; i++) {
        OWN(sound) s = silence(0.4, 44100);
        struct rng r = rng_derive(9, i, "onset-test", 13);
        for (size_t n = 8820 - 440; n < 8820; n++)
            s.mono[n] = (float)rng_range(&r, -0.01, 0.01);
        burst(&s, 0.2, 0.6, &r);
        size_t at = onset_attack(s.mono, s.n, 44100, 8820 - 100);
        assert_true(labs((long)at - 8820) < 30);
    }
}

static void attacks_survive_anything(void **state)
{
    float x[64] = {0};
    assert_int_equal(onset_attack(x, 0, 44100, 5), 0);
    assert_int_equal(onset_attack(x, 1, 44100, 5), 0);
    assert_int_equal(onset_attack(x, 64, 44100, 30), 30);
    for (int i = 0; i < 64; i++)
        x[i] = i % 2 ? NAN : INFINITY;
    assert_true(onset_attack(x, 64, 44100, 63) < 64);
}

enum { PICKED = 600 };

/* Picked from `novelty` as it comes every 256 frames at 44.1 kHz. */
static struct onset_list picked(const float *novelty, const unsigned char *ends,
                                const unsigned char *clicks)
{
    struct onset_params p = onset_params_default();
    struct onset_list l;
    const struct novelty v = {novelty, ends, clicks, PICKED, ONSET_HOP_S, NULL, 0};
    assert_int_equal(onset_pick(&v, &p, &l, NULL), ST_OK);
    return l;
}

/* How far from what a peak of 20 tells alone it is told when the sound rises out of quiet
 * `at_s` after that, and once more `then_s` after. */
static double told_with_rises(double at_s, double then_s)
{
    float novelty[PICKED] = {0};
    const size_t peak = 100;
    novelty[peak - 1] = 10;
    novelty[peak] = 20;
    struct onset_params p = onset_params_default();
    double expected = (double)(peak - 1) * ONSET_HOP_S + 0.0036 - 0.006 / 20;
    double rise[] = {0.1, expected + at_s, expected + then_s, 2};
    OWN(onset_list) l;
    const struct novelty v = {novelty, NULL, NULL, PICKED, ONSET_HOP_S, rise, 4};
    assert_int_equal(onset_pick(&v, &p, &l, NULL), ST_OK);
    assert_int_equal(l.count, 1);
    return l.at[0].time_s - expected;
}

/* From 5 ms before what the novelty tells to 12 ms after, the last that rises is meant.
 */
static void the_last_rise_near_is_the_onset(void **state)
{
    static const double at_ms[] = {-4.9, -3, 0, 7, 11.9},
                        far_ms[] = {-30, -5.1, 12.1, 30};
    for (size_t i = 0; i < sizeof at_ms / sizeof *at_ms; i++) {
        double at_s = at_ms[i] / 1e3;
        assert_true(fabs(told_with_rises(at_s, 0.05) - at_s) < 1e-6);
        assert_true(fabs(told_with_rises(-0.0049, at_s) - at_s) < 1e-6);
    }
    for (size_t i = 0; i < sizeof far_ms / sizeof *far_ms; i++)
        assert_true(fabs(told_with_rises(far_ms[i] / 1e3, 0.05)) < 1e-6);
}

/* However low a peak the threshold lets pass, it is told no earlier than its edge. */
static void no_lead_is_negative(void **state)
{
    float novelty[PICKED] = {0};
    novelty[99] = 0.1F;
    novelty[100] = 0.2F;
    struct onset_params p = onset_params_default();
    p.threshold = 0.05;
    OWN(onset_list) l;
    const struct novelty v = {novelty, NULL, NULL, PICKED, ONSET_HOP_S, NULL, 0};
    assert_int_equal(onset_pick(&v, &p, &l, NULL), ST_OK);
    assert_int_equal(l.count, 1);
    assert_true(fabs(l.at[0].time_s - 99 * ONSET_HOP_S) < 1e-6);
}

/* The novelty of strokes 145 ms apart and of soft ones half way between them. */
static void soft_strokes_between_loud_ones_are_heard(void **state)
{
    static const float strokes[25] = {4, 16, 10, 2, [13] = 1.6F, 2.8F, 1.7F};
    float novelty[PICKED];
    for (int i = 0; i < PICKED; i++)
        novelty[i] = fmaxf(0.3F, strokes[i % 25]);
    OWN(onset_list) l = picked(novelty, NULL, NULL);
    assert_int_equal(l.count, 48); /* 24 when the mean around counted in full */
}

/* A roll at 240 bpm, every fourth stroke loud: none lies in the mean around the next. */
static void strokes_of_a_roll_do_not_hide_each_other(void **state)
{
    static const float strokes[44] = {4,           16,   12,          3,    [11] = 1.4F,
                                      2.1F,        1.4F, [22] = 1.4F, 2.1F, 1.4F,
                                      [33] = 1.4F, 2.1F, 1.4F};
    float novelty[PICKED];
    for (int i = 0; i < PICKED; i++)
        novelty[i] = fmaxf(0.2F, strokes[i % 44]);
    OWN(onset_list) l = picked(novelty, NULL, NULL);
    assert_int_equal(l.count, 55); /* 28 with the mean over 0.15 s around */
}

/* What rises into the end of a sound is the end's own flank; a stroke just after an end
 * is a stroke. */
static void the_flank_of_an_end_is_no_beginning(void **state)
{
    float novelty[PICKED] = {[100] = 5, [101] = 6, [301] = 6, [303] = 5};
    unsigned char ends[PICKED / 8] = {[101 / 8] = 1U << 101 % 8,
                                      [301 / 8] = 1U << 301 % 8};
    OWN(onset_list) l = picked(novelty, ends, NULL);
    assert_int_equal(l.count, 1);
    assert_true(fabs(l.at[0].time_s - 303 * ONSET_HOP_S) < 0.006);
}

/* What begins within 30 ms of a click is told instead of it; a click so close behind a
 * stroke is part of the stroke. */
static void a_click_hides_no_stroke(void **state)
{
    float novelty[PICKED] = {[100] = 5, [105] = 9, [300] = 9, [305] = 5};
    unsigned char clicks[PICKED / 8] = {[100 / 8] = 1U << 100 % 8,
                                        [305 / 8] = 1U << 305 % 8};
    OWN(onset_list) l = picked(novelty, NULL, clicks);
    assert_int_equal(l.count, 2);
    assert_false(l.at[0].click || l.at[1].click);
    assert_true(fabs(l.at[0].time_s - 105 * ONSET_HOP_S) < 0.006);
    assert_true(fabs(l.at[1].time_s - 300 * ONSET_HOP_S) < 0.006);
}

/* Events within 30 ms are one, those further apart are two. */
static void close_events_are_one(void **state)
{
    static const double hop_s = 256.0 / 44100; /* 5.8 ms */
    for (size_t apart = 5; apart <= 6; apart++) {
        float novelty[200] = {0};
        novelty[100] = 9;
        novelty[100 + apart] = 8;
        struct onset_params p = onset_params_default();
        p.pre_max_s = p.post_max_s = 0; /* each is the highest around */
        OWN(onset_list) l;
        const struct novelty v = {.at = novelty, .n = 200, .hop_s = hop_s};
        assert_int_equal(onset_pick(&v, &p, &l, NULL), ST_OK);
        assert_int_equal(l.count, apart - 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hits_are_found_at_any_rate),
        cmocka_unit_test(what_rises_twice_is_not_late),
        cmocka_unit_test(soft_strokes_are_not_late),
        cmocka_unit_test(the_last_rise_near_is_the_onset),
        cmocka_unit_test(no_lead_is_negative),
        cmocka_unit_test(fast_neighbours_do_not_hide_each_other),
        cmocka_unit_test(level_does_not_matter),
        cmocka_unit_test(a_held_chord_is_calm),
        cmocka_unit_test(a_held_chord_is_calm_at_low_rates),
        cmocka_unit_test(drums_over_a_chord_are_heard),
        cmocka_unit_test(ends_are_no_beginnings),
        cmocka_unit_test(clicks_are_no_beginnings),
        cmocka_unit_test(a_drum_struck_again_is_no_click),
        cmocka_unit_test(clicks_beside_a_note_are_told),
        cmocka_unit_test(what_swells_up_after_a_click_does_not_hide_it),
        cmocka_unit_test(what_comes_later_changes_nothing),
        cmocka_unit_test(nonsense_gives_no_onsets),
        cmocka_unit_test(the_users_keys_adjust_the_default),
        cmocka_unit_test(attacks_are_exact),
        cmocka_unit_test(a_slow_attack_starts_at_its_zero),
        cmocka_unit_test(attacks_stand_out_of_a_tail),
        cmocka_unit_test(attacks_stand_out_of_noise),
        cmocka_unit_test(the_echo_of_a_coder_is_no_attack),
        cmocka_unit_test(attacks_survive_anything),
        cmocka_unit_test(soft_strokes_between_loud_ones_are_heard),
        cmocka_unit_test(strokes_of_a_roll_do_not_hide_each_other),
        cmocka_unit_test(the_flank_of_an_end_is_no_beginning),
        cmocka_unit_test(a_click_hides_no_stroke),
        cmocka_unit_test(close_events_are_one),
    };
    return cmocka_run_group_tests_name("onset", tests, NULL, NULL);
}
