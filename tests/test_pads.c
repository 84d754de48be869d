/* dsp/pads, dsp/stable, dsp/pad_choice: what becomes a pad and what does not. */
#include "checks.h"
#include "core/pi.h"
#include "core/rng.h"
#include "dsp/analysis.h"
#include "dsp/cloud_ground.h"
#include "dsp/pads.h"
#include "dsp/synth.h"
#include "dsp/track_sums.h"
#include "tone.h"
#include "usual.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { RATE = 44100 };

static void add_chord(struct audio *a, double from_s, double length_s, double root_hz,
                      double level, uint64_t item)
{
    static const double ratio[] = {1.0, 1.25992105, 1.49830708};
    struct rng r = rng_derive(1, 1, "pads", item);
    size_t at = (size_t)(from_s * a->rate_hz), n = (size_t)(length_s * a->rate_hz);
    assert_true(at + n <= a->frames);
    for (int k = 0; k < 3; k++) {
        struct synth_pad p = {.freq_hz = root_hz * ratio[k],
                              .level = level / 3.0,
                              .cutoff_hz = 1800.0,
                              .detune_cents = 6.0,
                              .attack_s = fmin(0.3, length_s / 4.0),
                              .release_s = fmin(0.3, length_s / 4.0)};
        synth_pad(&p, &r, a->data + at, n, a->rate_hz);
    }
}

static void add_drums(struct audio *a, double from_s, double length_s, double bpm)
{
    struct rng r = rng_derive(1, 1, "drums", (uint64_t)bpm);
    double step = 30.0 / bpm;
    for (int k = 0; k * step + 0.6 < length_s; k++) {
        size_t at = (size_t)((from_s + k * step) * a->rate_hz);
        enum synth_drum d =
            k % 4 == 0 ? SYNTH_KICK : (k % 4 == 2 ? SYNTH_SNARE : SYNTH_HAT_CLOSED);
        synth_drum(d, 0.5, 1.0, &r, a->data + at, a->frames - at, a->rate_hz);
    }
}

static struct pad_list mine(const struct audio *a, const struct pad_params *p)
{
    OWN(track) *t = tone_track(a);
    struct pad_list l;
    assert_int_equal(pads_mine(t, p, &l, NULL), ST_OK);
    return l;
}

static bool apart(const struct pad_region *a, const struct pad_region *b)
{
    double over = fmin(a->end_sec, b->end_sec) - fmax(a->start_sec, b->start_sec);
    double shorter = fmin(a->end_sec - a->start_sec, b->end_sec - b->start_sec);
    return over <= 0.27 * shorter; /* a quarter, on a grid of 46 ms */
}

static void chords_between_drums_are_found_and_loop(void **state)
{
    OWN(audio) a = tone_blank(40.0, 1, RATE);
    static const double root[] = {110.0, 146.8, 98.0};
    for (int k = 0; k < 3; k++) {
        add_drums(&a, 13.0 * k, 5.0, 120.0);
        add_chord(&a, 13.0 * k + 5.5, 7.0, root[k], 0.3, (uint64_t)k);
    }
    struct pad_params p = usual_pads();
    OWN(track) *t = tone_track(&a);
    struct pad_list l;
    assert_int_equal(pads_mine(t, &p, &l, NULL), ST_OK);
    assert_true(l.found_count >= 5);
    int durations = 0, seamless = 0, made = 0;
    unsigned seen = 0;
    for (size_t i = 0; i < l.found_count; i++) {
        const struct pad_region *r = &l.found[i];
        double place = fmod(r->start_sec, 13.0), end = fmod(r->end_sec, 13.0);
        assert_true(place >= 5.2 && (end <= 12.8 || r->end_sec > 39.0));
        assert_string_equal(r->missed_by, "");
        assert_int_equal(r->parts.count, 5);
        for (int k = 0; k < 5; k++)
            assert_true(r->parts.part[k].value >= 0.0 && r->parts.part[k].value <= 1.0);
        for (size_t k = 0; k < i; k++)
            assert_true(apart(r, &l.found[k]));
        seen |= 1u << (unsigned)lround(r->end_sec - r->start_sec);
        if (i >= 6)
            continue;
        struct pad_ground g = {0};
        size_t stop;
        pad_read_range(r, &p, RATE, a.frames, &g.start, &stop);
        assert_int_equal(audio_slice(&g.audio, &a, g.start, stop - g.start, NULL), ST_OK);
        struct pad pad;
        assert_int_equal(pad_finish(&g, r, &p, &pad, NULL), ST_OK);
        const struct loop_option *o = &pad.loops.option[0];
        assert_int_equal(pad.loop.audio.frames, o->end - o->start);
        /* The manifest's start is found in the source at that place. */
        assert_memory_equal(pad.loop.audio.data, a.data + o->start, 4000 * sizeof(float));
        assert_int_equal(pad_rate(&pad, &p, t, NULL), ST_OK);
        assert_string_equal(pad.parts.part[5].name, "seam");
        assert_true(pad.score > 0.0 && pad.score < 1.0);
        seamless += pad.loop.seam.seamless;
        made++;
        pad_done(&pad);
        audio_done(&g.audio);
    }
    for (; seen; seen &= seen - 1)
        durations++;
    assert_true(durations >= 2);
    assert_int_equal(seamless, made);
    pad_list_done(&l);
}

static void drum_loops_give_no_pads(void **state)
{
    static const double bpm[] = {60.0, 95.0, 124.0, 170.0};
    for (size_t k = 0; k < 4; k++) {
        OWN(audio) a = tone_blank(12.0, 1, RATE);
        add_drums(&a, 0.0, 12.0, bpm[k]);
        struct pad_params p = usual_pads();
        OWN(pad_list) l = mine(&a, &p);
        assert_int_equal(l.found_count, 0);
    }
}

static void a_held_note_gives_a_few_lengths_of_itself(void **state)
{
    OWN(audio) a = tone_blank(60.0, 1, RATE);
    add_chord(&a, 0.0, 60.0, 130.8, 0.3, 7);
    struct pad_params p = usual_pads();
    OWN(pad_list) l = mine(&a, &p);
    assert_in_range(l.found_count, 1, 4);
    for (size_t i = 0; i < l.found_count; i++)
        for (size_t k = 0; k < i; k++) {
            double x = l.found[i].end_sec - l.found[i].start_sec;
            double y = l.found[k].end_sec - l.found[k].start_sec;
            assert_true(fmax(x, y) > 1.5 * fmin(x, y));
        }
}

/* One colour on other notes is another pad. */
static void a_chord_moved_by_a_semitone_is_not_the_same(void **state)
{
    OWN(audio) a = tone_blank(16.0, 1, RATE);
    struct pad_params p = usual_pads();
    bool early = false, late = false;
    p.target_durations_sec[0] = 4.5;
    p.target_duration_count = 1;
    add_chord(&a, 0.0, 7.5, 65.4, 0.3, 7);
    add_chord(&a, 8.0, 7.5, 69.3, 0.3, 7);
    OWN(pad_list) l = mine(&a, &p);
    for (size_t i = 0; i < l.found_count; i++)
        *(l.found[i].start_sec < 7.0 ? &early : &late) = true;
    assert_true(early && late);
}

/* The last of many lengths is looked for like the first. */
static void the_last_length_counts(void **state)
{
    OWN(audio) a = tone_blank(12.0, 1, RATE);
    struct pad_params p = usual_pads();
    bool last = false;
    for (int i = 0; i < PAD_DURATIONS_MAX; i++)
        p.target_durations_sec[i] = i + 1 < PAD_DURATIONS_MAX ? 30 : 5;
    p.target_duration_count = PAD_DURATIONS_MAX;
    add_chord(&a, 0.0, 12, 65.4, 0.3, 7);
    OWN(pad_list) l = mine(&a, &p);
    for (size_t i = 0; i < l.found_count; i++)
        last |= fabs(l.found[i].end_sec - l.found[i].start_sec - 5) < 0.1;
    assert_true(last);
}

/* A second length of the best sound is ranked behind two others that are nearly as good:
 * with a little noise in them. */
static void other_sounds_come_before_other_lengths(void **state)
{
    OWN(audio) a = tone_blank(36.0, 1, RATE);
    struct pad_params p = usual_pads();
    bool third[3] = {false};
    p.max_candidates_per_file = 3;
    tone_white(&a, 0.002, 1);
    for (size_t i = 0; i < (size_t)12 * RATE; i++)
        a.data[i] = 0;
    add_chord(&a, 0.0, 11.5, 130.8, 0.3, 7);
    add_chord(&a, 12.0, 11.5, 98.0, 0.1, 7);
    add_chord(&a, 24.0, 11.5, 164.8, 0.1, 7);
    OWN(pad_list) l = mine(&a, &p);
    assert_true(l.found_count > 3);
    for (size_t i = 0; i < 3; i++)
        third[(int)(l.found[i].start_sec / 12)] = true;
    assert_true(third[0] && third[1] && third[2]);
}

static void near_misses_say_by_how_much(void **state)
{
    OWN(audio) a = tone_blank(8.0, 1, RATE);
    add_chord(&a, 0.0, 8.0, 130.8, 0.3, 7);
    struct pad_params p = usual_pads();
    OWN(pad_list) l = mine(&a, &p);
    assert_true(l.found_count > 0);
    double level = l.found[0].rms_db;
    pad_list_done(&l);

    p.min_rms_db = level + 2.5; /* everything is too quiet now, by about 2.5 dB */
    l = mine(&a, &p);
    assert_int_equal(l.found_count, 0);
    assert_in_range(l.missed_count, 1, PAD_MISSED_MAX);
    double by = 0.0;
    assert_int_equal(sscanf(l.missed[0].missed_by, "level %lf dB below the gate", &by),
                     1);
    assert_true(by > 0.5 && by < 4.5);
    for (size_t i = 1; i < l.missed_count; i++)
        assert_true(apart(&l.missed[i], &l.missed[i - 1]));
}

/* A chord whose level swings, two that take turns: no pads, and it says why. */
static void what_moves_is_no_pad(void **state)
{
    static const double swing_db[] = {5, 9};
    struct pad_params p = usual_pads();
    for (int k = 0; k < 2; k++) {
        OWN(audio) a = tone_blank(12.0, 1, RATE);
        add_chord(&a, 0.0, 12.0, 110.0, 0.25, 1);
        for (size_t i = 0; i < a.frames; i++)
            a.data[i] *= (float)pow(10.0, swing_db[k] / 20.0 *
                                              sin(2 * PI * 0.7 * (double)i / RATE));
        OWN(pad_list) l = mine(&a, &p);
        assert_int_equal(l.found_count > 0, k == 0); /* deviates by 3.5 and 6.4 dB */
        assert_true(k == 0 || strstr(l.missed[0].missed_by, "level swings"));
    }
    OWN(audio) low = tone_blank(12.0, 1, RATE), high = tone_blank(12.0, 1, RATE);
    add_chord(&low, 0.0, 12.0, 82.0, 0.25, 1);
    add_chord(&high, 0.0, 12.0, 622.0, 0.25, 2);
    for (size_t i = 0; i < low.frames; i++) {
        double turn = 0.785398 * (1.0 + sin(2 * PI * 2.0 * (double)i / RATE));
        low.data[i] =
            (float)((double)low.data[i] * cos(turn) + (double)high.data[i] * sin(turn));
    }
    OWN(pad_list) l = mine(&low, &p);
    assert_int_equal(l.found_count, 0);
    assert_true(l.missed_count == 0 || strstr(l.missed[0].missed_by, "spectrum changes"));
}

static void noise_and_clipping_are_gated(void **state)
{
    OWN(audio) a = tone_blank(10.0, 1, RATE);
    struct rng r = rng_derive(1, 1, "white", 0);
    synth_noise(0.1, 0.0, 20000.0, &r, a.data, a.frames, RATE);
    struct pad_params p = usual_pads();
    OWN(pad_list) l = mine(&a, &p);
    assert_int_equal(l.found_count, 0);
    pad_list_done(&l);
    audio_done(&a);

    a = tone_blank(10.0, 1, RATE);
    add_chord(&a, 0.0, 10.0, 130.8, 0.3, 7);
    for (size_t i = 0; i < a.frames; i += RATE) /* a burst at full scale every second */
        for (size_t k = 0; k < 6 && i + k < a.frames; k++)
            a.data[i + k] = 1.0f;
    l = mine(&a, &p);
    assert_int_equal(l.found_count, 0);
}

/* The sea, as steady as can be, then a chord that breathes by some 10 dB with as loud a
 * sea over it: all that is found of the chord is before the sea. */
static void a_chord_is_before_the_sea(void **state)
{
    OWN(audio) a = tone_blank(30.0, 1, RATE);
    struct rng r = rng_derive(1, 1, "sea", 0);
    size_t half = a.frames / 2;
    add_chord(&a, 15.0, 15.0, 130.8, 0.3, 7);
    for (size_t i = half; i < a.frames; i++) {
        double breath = 1.0 + 0.55 * sin(2.0 * PI * 1.3 * (double)i / RATE);
        a.data[i] *= (float)breath;
    }
    synth_noise(0.06, 0.0, 800.0, &r, a.data, half, RATE);
    synth_noise(0.06, 0.0, 800.0, &r, a.data + half, a.frames - half, RATE);
    struct pad_params p = usual_pads();
    OWN(pad_list) l = mine(&a, &p);
    double sea = 0.0, chord = 1.0;
    size_t seas = 0, chords = 0;
    for (size_t i = 0; i < l.found_count; i++) {
        const struct pad_region *f = &l.found[i];
        double tonal = parts_value(&f->parts, "tonal");
        if (f->end_sec < 15.0) {
            assert_true(tonal < 0.05);
            sea = fmax(sea, f->score);
            seas++;
        } else if (f->start_sec > 15.0) {
            assert_true(tonal > 0.3);
            chord = fmin(chord, f->score);
            chords++;
        }
    }
    assert_true(seas > 0 && chords > 0);
    assert_true(sea < 0.7 && chord > sea + 0.05);
}

/* A chord, then 70 dB below it next to nothing. A constant under both, or one that drifts
 * under the quiet part, changes no pad and makes none of what cannot be heard. */
static void a_constant_is_no_level(void **state)
{
    struct pad_params p = usual_pads();
    OWN(pad_list) plain = {0};
    for (int k = 0; k < 3; k++) {
        OWN(audio) a = tone_blank(30.0, 1, RATE);
        add_chord(&a, 0.0, 12.0, 130.8, 0.3, 7);
        add_chord(&a, 13.0, 17.0, 98.0, 0.0001, 8);
        for (size_t i = 0; i < a.frames; i++) {
            double t = (double)i / RATE;
            double drift = t > 13.0 ? 0.012 * sin((t - 13.0) * 0.18) : 0.0;
            a.data[i] += k == 1 ? 0.04f : k == 2 ? (float)drift : 0.0f;
        }
        struct pad_list l = mine(&a, &p);
        assert_true(l.found_count > 0);
        for (size_t i = 0; i < l.found_count; i++)
            assert_true(l.found[i].end_sec < 13.0);
        if (k == 0) {
            plain = l;
        } else {
            assert_int_equal(l.found_count, plain.found_count);
            for (size_t i = 0; i < l.found_count; i++)
                assert_true(fabs(l.found[i].start_sec - plain.found[i].start_sec) < 0.01);
            pad_list_done(&l);
        }
    }
}

/* Notes that lie beside zero as long as they sound, as those of many a sampled pad, give
 * the pads that they give on zero. An offset that comes and goes once a second thumps, to
 * whichever side. */
static void a_note_may_bring_its_offset(void **state)
{
    struct pad_params p = usual_pads();
    for (size_t k = 0, on_zero = 0; k < 4; k++) {
        OWN(audio) a = tone_blank(13.0, 1, RATE);
        add_chord(&a, 0.5, 12.0, 130.8, 0.5, 7);
        for (size_t i = RATE / 2; k > 0 && i < 25 * RATE / 2; i++)
            a.data[i] += k > 1 && i / RATE % 2 ? 0.0f : k < 3 ? 0.15f : -0.15f;
        OWN(pad_list) l = mine(&a, &p);
        on_zero = k == 0 ? l.found_count : on_zero;
        assert_true(on_zero > 1);
        assert_int_equal(l.found_count, k < 2 ? on_zero : 0);
    }
}

/* Room tone at -56 dBFS under a constant that steps every few seconds, as of a converter
 * or a plug; the same with the wind in it, some twenty Hertz at -20 dBFS. There is
 * nothing to hear there but the room. */
static void steps_and_wind_are_no_level(void **state)
{
    struct pad_params p = usual_pads();
    for (int rate = 22050; rate <= 48000; rate += 25950)
        for (int k = 0; k < 2; k++) {
            OWN(audio) a = tone_blank(30.0, 1, rate);
            struct rng rng = rng_derive(9, 1, "room", (uint64_t)k);
            double step = 0.0, wind = 0.0, lean = 0.0, w = 2 * PI * 14.0 / rate;
            for (size_t i = 0; i < a.frames; i++) {
                double noise = rng_gauss(&rng);
                if (k == 0 && i % (size_t)(3.1 * rate) == 0)
                    step = rng_range(&rng, -0.05, 0.05);
                lean += w * (noise - lean);
                wind += w * (lean - wind);
                a.data[i] = (float)(0.0016 * rng_gauss(&rng) + step);
                a.data[i] += k == 1 ? (float)(4.5 * wind) : 0.0f;
            }
            OWN(pad_list) l = mine(&a, &p);
            assert_int_equal(l.found_count, 0);
        }
}

/* The lowest A of a piano, a sine and nothing else, is a pad as loud as it is. */
static void the_lowest_note_is_heard(void **state)
{
    OWN(audio) a = tone_blank(12.0, 1, RATE);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = (float)(0.2 * sin(2 * PI * 27.5 * (double)i / RATE));
    struct pad_params p = usual_pads();
    OWN(pad_list) l = mine(&a, &p);
    assert_true(l.found_count > 0);
    for (size_t i = 0; i < l.found_count; i++)
        assert_true(fabs(l.found[i].rms_db - -17.0) < 2.5);
}

static void every_rate_and_any_rubbish(void **state)
{
    static const int rates[] = {8000, 22050, 96000};
    for (size_t k = 0; k < 3; k++) {
        OWN(audio) a = tone_blank(6.0, 1, rates[k]);
        add_chord(&a, 0.0, 6.0, 130.8, 0.3, 7);
        struct pad_params p = usual_pads();
        OWN(pad_list) l = mine(&a, &p);
        assert_true(l.found_count >= 1);
    }
    static const double seconds[] = {0.0, 0.001, 0.3, 1.5, 3.0};
    for (size_t k = 0; k < 5; k++) {
        OWN(audio) a = tone_blank(seconds[k], 1, RATE);
        for (size_t i = 0; i < a.frames; i++)
            a.data[i] = k % 2 ? NAN : 0.0f;
        struct pad_params p = usual_pads();
        p.max_candidates_per_file = k % 2 ? 6 : 0;
        OWN(pad_list) l = mine(&a, &p);
        assert_int_equal(l.found_count, 0);
    }
}

/* A sample that is exactly one target long is a pad too. */
static void a_short_recording_can_be_a_pad(void **state)
{
    OWN(audio) a = tone_blank(10.0, 1, RATE);
    add_chord(&a, 0.0, 10.0, 110.0, 0.3, 3);
    OWN(audio) cut;
    assert_int_equal(audio_slice(&cut, &a, 4 * RATE, RATE * 3 / 2, NULL), ST_OK);
    struct pad_params p = usual_pads();
    OWN(pad_list) l = mine(&cut, &p);
    assert_int_equal(l.found_count, 1);
    size_t start, stop;
    pad_read_range(&l.found[0], &p, RATE, cut.frames, &start, &stop);
    assert_int_equal(start, 0);
    assert_int_equal(stop, cut.frames);
    struct pad_ground g = {.audio = cut};
    struct pad pad;
    assert_int_equal(pad_finish(&g, &l.found[0], &p, &pad, NULL), ST_OK);
    assert_true(pad.loop.audio.frames > RATE / 2);
    pad_done(&pad);
}

/* Exactly as long as its region, to the frame, from the place it tells. */
static void a_pad_of_bars_is_as_long_as_they_are(void **state)
{
    enum { FROM = RATE / 2 };
    OWN(audio) a = tone_blank(9.0, 1, RATE);
    add_chord(&a, 0.0, 9.0, 110.0, 0.3, 3);
    struct pad_ground g = {.start = FROM};
    struct pad_region region = {.start_sec = 3.0, .end_sec = 3.0 + 4 * 60 / 117.0};
    struct pad_params p = usual_pads();
    struct pad pad;
    assert_int_equal(audio_slice(&g.audio, &a, FROM, a.frames - FROM, NULL), ST_OK);
    assert_int_equal(pad_finish_bars(&g, &region, &p, &pad, NULL), ST_OK);
    assert_int_equal(pad.loop.audio.frames, lround(4 * 60 / 117.0 * RATE));
    for (int i = 0; i < pad.loops.count; i++)
        assert_int_equal(pad.loops.option[i].end - pad.loops.option[i].start,
                         pad.loop.audio.frames);
    assert_memory_equal(pad.loop.audio.data, a.data + pad.loops.option[0].start,
                        4000 * sizeof(float));
    pad_done(&pad);
    audio_done(&g.audio);
}

static void a_loop_that_jumps_is_refused(void **state)
{
    OWN(audio) a = tone_blank(4.0, 1, RATE);
    struct rng r = rng_derive(1, 1, "jump", 0);
    for (int k = 0; k < 40; k++) /* nothing but hits: no place joins any other */
        synth_drum(SYNTH_SNARE, k % 2 ? 0.5 : 0.05, 1.0, &r, a.data + k * 4410, 4410,
                   RATE);
    struct pad_region region = {.start_sec = 1.0, .end_sec = 2.5, .score = 0.5};
    struct pad_params p = usual_pads();
    struct pad_ground g = {.audio = a};
    struct pad pad;
    struct err e = {0};
    enum status st = pad_finish(&g, &region, &p, &pad, &e);
    if (st == ST_OK) {
        assert_true(pad.loop.seam.seamless || seam_quality(&pad.loop.seam) < 0.5);
        pad_done(&pad);
    } else {
        assert_int_equal(st, ST_NOTHING);
        assert_in_range(strlen(e.msg), 8, MISSED_BY_BYTES - 1);
    }
}

/* The gate holds for the loop that was made, not only for the place it was looked for. */
static void a_loop_keeps_to_the_gate_of_onsets(void **state)
{
    enum { EVERY = 50 };
    OWN(audio) a = tone_blank(6.0, 1, RATE);
    add_chord(&a, 0.0, 6.0, 110.0, 0.3, 3);
    struct onset at[EVERY];
    for (int i = 0; i < EVERY; i++)
        at[i] = (struct onset){.time_s = 0.25 * i};
    struct pad_region region = {.start_sec = 2.0, .end_sec = 3.5, .score = 0.5};
    struct pad_params p = usual_pads();
    for (int calm = 0; calm < 2; calm++) { /* four a second, and one in two seconds */
        struct onset_list onsets = {at, calm ? 5 : EVERY};
        struct pad_ground g = {.audio = a, .onsets = &onsets};
        struct pad pad;
        struct err e = {0};
        at[4].time_s = calm ? 2.6 : 1.0;
        enum status st = pad_finish(&g, &region, &p, &pad, &e);
        assert_int_equal(st, calm ? ST_OK : ST_NOTHING);
        if (calm)
            pad_done(&pad);
        else
            assert_non_null(strstr(e.msg, "onsets a second above the gate"));
    }
}

/* The best loop may lie on too many attacks where another does not: that one is taken. */
static void a_calm_loop_is_taken_instead(void **state)
{
    struct pad_region region = {.start_sec = 2.0, .end_sec = 3.5, .score = 0.5};
    struct pad_params p = usual_pads();
    int made = 0;
    for (uint64_t seed = 0; seed < 24; seed++) {
        OWN(audio) a = tone_blank(6.0, 1, RATE);
        struct rng r = rng_derive(seed, 1, "attacks", 0);
        struct onset at[5];
        add_chord(&a, 0.0, 6.0, 110.0, 0.3, seed);
        double time_s = 1.6;
        for (int i = 0; i < 5; i++)
            at[i] = (struct onset){.time_s = time_s += rng_range(&r, 0.2, 0.6)};
        struct onset_list onsets = {at, 5};
        struct pad_ground g = {.audio = a, .onsets = &onsets};
        struct pad pad;
        if (pad_finish(&g, &region, &p, &pad, NULL) == ST_OK) {
            double start_s = (double)pad.loops.option[0].start / RATE;
            double end_s = (double)pad.loops.option[0].end / RATE;
            int inside = 0;
            for (int i = 0; i < 5; i++)
                inside += at[i].time_s >= start_s && at[i].time_s < end_s;
            assert_true(inside <= p.max_onset_rate_per_second * (end_s - start_s) + 1e-9);
            assert_int_equal(pad.loop.audio.frames,
                             pad.loops.option[0].end - pad.loops.option[0].start);
            pad_done(&pad);
            made++;
        }
    }
    assert_true(made >= 20); /* the best loop alone gives 14 */
}

/* A float recording, 13 dB beyond full scale, has the pads of one that was turned down;
 * and one that was turned down those of any other. */
static void a_hot_float_recording_has_pads(void **state)
{
    struct pad_params p = usual_pads();
    for (int k = 0; k < 4; k++) {
        int hot = k & 1, down = k >= 2;
        OWN(audio) a = tone_blank(8.0, 1, RATE);
        struct analysis *an;
        OWN(track) *t = NULL;
        OWN(pad_list) l;
        if (down) /* of two tones, which peak but 6 dB above their level */
            for (int i = 2; i <= 3; i++)
                tone_add(&a, -1, 110.0 * i, 0.02, i);
        else
            add_chord(&a, 0.0, 8.0, 130.8, 9, 7);
        assert_int_equal(analysis_new(&an, RATE, 1, NULL), ST_OK);
        if (hot)
            analysis_headroom(an);
        assert_int_equal(analysis_push(an, a.data, a.frames, NULL), ST_OK);
        assert_int_equal(analysis_finish(an, &t, NULL), ST_OK);
        assert_int_equal(pads_mine(t, &p, &l, NULL), ST_OK);
        assert_int_equal(l.found_count > 0, hot || down); /* else it would be clipped */
        analysis_free(an);
    }
}

/* A chord that is even for 12 s, then dies away. */
static struct audio dying_chord(void)
{
    struct audio a = tone_blank(20.0, 1, RATE);
    for (int k = 4; k <= 6; k++)
        tone_harmonic(&a, 55.0 * k, 0.1, 3000.0);
    for (size_t i = 12 * (size_t)RATE; i < a.frames; i++)
        a.data[i] *= (float)pow(10.0, -5.0 / 20.0 * ((double)i / RATE - 12.0));
    return a;
}

/* The search for the loop may have moved it to where the level falls. */
static void a_pad_is_as_steady_as_its_loop(void **state)
{
    OWN(audio) a = dying_chord();
    OWN(track) *t = tone_track(&a);
    const struct pad_params p = usual_pads();
    double score[2], steady[2];
    for (size_t k = 0; k < 2; k++) {
        struct pad pad = {.loops = {.count = 1}};
        pad.loops.option[0].start = (9 + 4 * k) * RATE;
        pad.loops.option[0].end = (11 + 4 * k) * RATE;
        assert_int_equal(pad_rate(&pad, &p, t, NULL), ST_OK);
        score[k] = pad.score;
        steady[k] = parts_value(&pad.parts, "steady");
        assert_close(parts_value(&pad.parts, "spectrum"), 1.0, 1e-3);
    }
    assert_true(steady[0] > 0.97);
    /* 10 dB in two seconds lie 5 dB to either side, and jump back at the join */
    assert_close(steady[1], 1.0 / (1.0 + 5.0 * 5.0 / 6.25), 0.03);
    assert_true(score[1] < score[0] - 0.27);
}

/* C major, and from 5 s on the chord on its sixth, which shares two notes with it. */
static struct audio chord_then_its_sixth(void)
{
    struct audio a = tone_blank(10.0, 1, RATE), later = tone_blank(10.0, 1, RATE);
    static const double hz[] = {261.6, 329.6, 392.0}, sixth[] = {261.6, 329.6, 440.0};
    for (int k = 0; k < 3; k++) {
        tone_harmonic(&a, hz[k], 0.1, 3000.0);
        tone_harmonic(&later, sixth[k], 0.1, 3000.0);
    }
    for (size_t i = 0; i < a.frames; i++) {
        double share = fmin(1.0, fmax(0.0, ((double)i / RATE - 4.9) / 0.2));
        a.data[i] =
            (float)((1.0 - share) * (double)a.data[i] + share * (double)later.data[i]);
    }
    audio_done(&later);
    return a;
}

/* Wherever it lies in the loop, and however few of the notes it moves. */
static void another_chord_in_a_loop_counts(void **state)
{
    OWN(audio) a = chord_then_its_sixth();
    OWN(track) *t = tone_track(&a);
    const struct pad_params p = usual_pads();
    static const double from[] = {1.0, 6.0, 2.5, 3.5, 4.2};
    for (size_t k = 0; k < sizeof from / sizeof *from; k++) {
        struct pad pad = {.loops = {.count = 1}};
        pad.loops.option[0].start = (size_t)(from[k] * RATE);
        pad.loops.option[0].end = (size_t)((from[k] + 3.5) * RATE);
        assert_int_equal(pad_rate(&pad, &p, t, NULL), ST_OK);
        double spectrum = parts_value(&pad.parts, "spectrum");
        if (k < 2)
            assert_true(spectrum > 0.97);
        else
            assert_true(spectrum < 0.8);
    }
}

/* Three that are struck and die away by 6 dB a second, whose colour stays, and a pad
 * whose colour moves. */
static void what_dies_away_is_behind_what_moves(void **state)
{
    OWN(audio) a = tone_blank(22.0, 1, RATE), bright = tone_blank(22.0, 1, RATE);
    tone_harmonic(&a, 146.8, 0.2, 600.0);
    tone_harmonic(&bright, 880.0, 0.2, 4000.0);
    for (size_t i = 0; i < a.frames; i++) {
        double s = (double)i / RATE, turn = 2 * PI * (1.0 + sin(2 * PI * 0.8 * s)) / 8.0;
        if (s < 12.0)
            a.data[i] *= (float)pow(10.0, -6.0 / 20.0 * fmod(s, 4.0));
        else
            a.data[i] = (float)cos(turn) * a.data[i] + (float)sin(turn) * bright.data[i];
    }
    struct pad_params p = usual_pads();
    OWN(pad_list) l = mine(&a, &p);
    double struck = 0.0, moves = 0.0;
    for (size_t i = 0; i < l.found_count; i++) {
        const struct pad_region *r = &l.found[i];
        if (r->end_sec < 12.0)
            struck = fmax(struck, r->score);
        if (r->start_sec > 12.0)
            moves = fmax(moves, r->score);
    }
    assert_true(struck > 0.0 && moves > struck);
}

static double spectrum_part(const struct pad_list *l, double from_s, double to_s,
                            double *score)
{
    double part = 1.0;
    for (size_t i = 0; i < l->found_count; i++)
        if (l->found[i].start_sec >= from_s && l->found[i].end_sec <= to_s) {
            *score = fmax(*score, l->found[i].score);
            part = fmin(part, parts_value(&l->found[i].parts, "spectrum"));
        }
    return part;
}

/* Wherever the sums begin, they remember the chroma of each window asked for. */
static void sums_know_the_chroma_of_their_windows(void **state)
{
    OWN(audio) a = tone_blank(6.0, 1, RATE);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = (float)(0.2 * sin(2 * PI * 220.0 * exp2((double)i / RATE) * 1e-3 *
                                      (double)i / 44.1));
    OWN(track) *t = tone_track(&a);
    struct track_sums sums;
    assert_int_equal(track_sums_init(&sums, t, 1.0, NULL), ST_OK);
    size_t length = track_sums_cell(&sums, 1.0);
    for (size_t begin = 40; begin < 42; begin++) {
        track_sums_rewind(&sums, begin);
        for (size_t from = begin; from + length <= sums.cells; from += 3) {
            struct track_window w;
            track_sums_window(&sums, from, from + length, &w);
            for (size_t i = from / 2; 2 * i < from + length; i++) {
                float chroma[12];
                track_chroma(t, i, chroma);
                assert_memory_equal(track_sums_chroma(&sums, i), chroma, sizeof chroma);
            }
        }
    }
    track_sums_done(&sums);
}

/* Five semitones down and up again, half a second each, as even and as bright as
 * the note held before: within a band or two all the time, but no pad. */
static void a_melody_is_behind_a_held_note(void **state)
{
    OWN(audio) a = tone_blank(24.0, 1, RATE);
    double phase = 0.0;
    for (size_t i = 0; i < a.frames; i++) {
        int step = i < a.frames / 2 ? 0 : (int)(i / (RATE / 2)) % 8;
        double hz = 440.0 * pow(2.0, -(step < 5 ? step : 8 - step) / 12.0);
        phase += 2 * PI * hz / RATE;
        for (int k = 1; k <= 6; k++)
            a.data[i] += (float)(0.1 / k * sin(k * phase));
    }
    struct pad_params p = usual_pads();
    OWN(pad_list) l = mine(&a, &p);
    double held = 0.0, melody = 0.0;
    assert_true(spectrum_part(&l, 0.0, 12.0, &held) > 0.9);
    assert_true(spectrum_part(&l, 12.0, 24.0, &melody) < 0.4);
    assert_true(melody > 0.0 && melody < held - 0.15);
    pad_list_done(&l);

    /* Neighbours in one band in turns: only pitch classes tell. Two of them come to 0.71
     * of their length, which is 1.5 (0.29 - 0.05) from one: nine tenths of the part. */
    phase = 0.0;
    for (size_t i = 0; i < a.frames; i++) {
        phase += 2 * PI * (i / (RATE / 2) % 2 ? 466.2 : 440.0) / RATE;
        a.data[i] = 0.0f;
        for (int k = 1; k <= 6; k++)
            a.data[i] += (float)(0.1 / k * sin(k * phase));
    }
    l = mine(&a, &p);
    double trill = spectrum_part(&l, 0.0, 24.0, &melody);
    assert_true(trill > 0.095 && trill < 0.14);
    pad_list_done(&l);

    phase = 0.0; /* a vibrato is no melody, though nothing of it holds still */
    for (size_t i = 0; i < a.frames; i++) {
        double cents = 60.0 * sin(2 * PI * 5.6 * (double)i / RATE);
        phase += 2 * PI * 1244.5 * pow(2.0, cents / 1200.0) / RATE;
        a.data[i] = 0.0f;
        for (int k = 1; k <= 6; k++)
            a.data[i] += (float)(0.1 / k * sin(k * phase));
    }
    l = mine(&a, &p);
    assert_true(l.found_count > 0 && spectrum_part(&l, 0.0, 24.0, &held) > 0.8);
}

/* Six partials on each of three notes (one: on the first alone), `glide` semitones a
 * second further, swaying `sway` cents at `sway_hz`; the best pad of twelve seconds. */
static double best_sliding(int notes, double root_hz, double glide, double sway,
                           double sway_hz, double *tonal)
{
    static const double ratio[] = {1.0, 1.25992105, 1.49830708};
    OWN(audio) a = tone_blank(12.0, 1, RATE);
    double phase = 0.0, best = 0.0;
    for (size_t i = 0; i < a.frames; i++) {
        double s = (double)i / RATE, turn = 2 * PI * sway_hz * s;
        double semitones = glide * fmod(s, 6.0) + sway / 100.0 * sin(turn);
        phase += 2 * PI * root_hz * pow(2.0, semitones / 12.0) / RATE;
        for (int n = 0; n < notes; n++)
            for (int k = 1; k <= 6; k++)
                a.data[i] += (float)(0.06 / k * sin(k * ratio[n] * phase + n));
    }
    struct pad_params p = usual_pads();
    OWN(pad_list) l = mine(&a, &p);
    *tonal = 0.0;
    for (size_t i = 0; i < l.found_count; i++)
        if (l.found[i].score > best) {
            best = l.found[i].score;
            *tonal = parts_value(&l.found[i].parts, "tonal");
        }
    return best;
}

/* A loop of what slides jumps back at every join; what sways about its place does not. */
static void what_slides_is_no_pad(void **state)
{
    static const double glides[] = {0.8, -1.0, 2.0, -3.0, 4.0};
    static const double sways[][2] = {{0, 1}, {20, 0.25}, {30, 5.5}, {50, 5.5}};
    for (int notes = 1; notes <= 3; notes += 2) {
        double least = 1.0, most = 0.0, tonal;
        for (size_t i = 0; i < sizeof sways / sizeof *sways; i++) {
            least = fmin(
                least, best_sliding(notes, 220.0, 0.0, sways[i][0], sways[i][1], &tonal));
            assert_true(tonal > 0.4);
        }
        for (size_t i = 0; i < sizeof glides / sizeof *glides; i++) {
            double root_hz = glides[i] < 0.0 ? 440.0 : 110.0;
            double score = best_sliding(notes, root_hz, glides[i], 0.0, 1.0, &tonal);
            most = fmax(most, score);
            assert_true(tonal < 0.15);
        }
        assert_true(most < 0.6 && least > 0.85);
    }
}

/* Far too soft, and far too loud: what is told is the level, which makes the ground
 * unstable, too, and it is told however far off it is; of silence nothing is. */
static void far_off_levels_are_told(void **state)
{
    static const double gain[] = {1e-3, 1e-2, 0.95, 0.0};
    static const char *const told[] = {"below the gate", "below the gate",
                                       "above the gate", NULL};
    struct pad_params p = usual_pads();
    p.max_rms_db = -20.0;
    p.pre_analysis.max_rms_db = -22.0;
    for (int k = 0; k < 4; k++) {
        OWN(audio) a = tone_blank(8.0, 1, RATE);
        for (int h = 3; h <= 5; h++)
            tone_add(&a, -1, 60.0 * h, 0.25 * gain[k], h);
        OWN(pad_list) l = mine(&a, &p);
        assert_int_equal(l.found_count, 0);
        assert_int_equal(l.missed_count > 0, told[k] != NULL);
        if (told[k]) {
            assert_ptr_equal(strstr(l.missed[0].missed_by, "level "),
                             l.missed[0].missed_by);
            assert_non_null(strstr(l.missed[0].missed_by, told[k]));
        }
    }
}

/* What makes the ground unstable is told, not that it is: a level that only stable ground
 * is gated by, and two clipped places. And chords that clip all along are nearer to a pad
 * than the hiss after them, so they say why there is none. */
static void unstable_ground_says_why(void **state)
{
    static const struct {
        double low_db, high_db, tones, clip_every_s;
        const char *told;
    } all[] = {
        {-45, -30, 0.15, 100, "dB above stable"},
        {-5, 0, 0.15, 100, "dB below stable"},
        {-45, 0, 0.15, 0.7, "clipped in 2 "},
        {-45, 0, 0.5, 100, "clipped in "}, /* by itself */
    };
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        struct audio a = tone_blank(12.0, 1, RATE);
        for (int h = 3; h <= 5; h++)
            tone_add(&a, -1, 60.0 * h, all[k].tones, 0.0);
        for (size_t i = (size_t)(8.0 * RATE); i < a.frames; i++)
            a.data[i] *= 2e-4f;
        size_t each = (size_t)(all[k].clip_every_s * RATE);
        for (size_t i = each; i + 6 < (size_t)(8.0 * RATE); i += each)
            for (size_t j = 0; j < 6; j++)
                a.data[i + j] = 1.0f;
        for (size_t i = 0; i < a.frames; i++)
            a.data[i] = fminf(1.0f, fmaxf(-1.0f, a.data[i]));
        struct pad_params p = usual_pads();
        p.max_rms_db = 0.0;
        p.max_onset_rate_per_second = 100; /* no matter what clicks there are */
        p.pre_analysis.skip_transient_regions = false;
        p.pre_analysis.min_rms_db = all[k].low_db;
        p.pre_analysis.max_rms_db = all[k].high_db;
        struct pad_list l = mine(&a, &p);
        assert_int_equal(l.found_count, 0);
        assert_true(l.missed_count > 0);
        assert_non_null(strstr(l.missed[0].missed_by, all[k].told));
        assert_true(l.missed[0].end_sec < 8.5);
        pad_list_done(&l);
        audio_done(&a);
    }
}

/* A chord held somewhat louder than stable ground may be: places all along are
 * near-misses for their level, by either gate, not one of them alone. */
static void too_loud_misses_by_how_much(void **state)
{
    static const double tones[] = {0.28, 0.33};
    static const char *const told[] = {"dB above stable", "dB above the gate"};
    for (int k = 0; k < 2; k++) {
        OWN(audio) a = tone_blank(30.0, 1, RATE);
        for (int h = 3; h <= 5; h++)
            tone_add(&a, -1, 60.0 * h, tones[k], h);
        struct pad_params p = usual_pads();
        OWN(pad_list) l = mine(&a, &p);
        assert_int_equal(l.found_count, 0);
        assert_true(l.missed_count >= 5);
        for (size_t i = 0; i < l.missed_count; i++)
            assert_non_null(strstr(l.missed[i].missed_by, told[k]));
    }
}

static void stable_regions_leave_out_the_drums(void **state)
{
    OWN(audio) a = tone_blank(24.0, 1, RATE);
    add_drums(&a, 8.0, 8.0, 150.0);
    add_chord(&a, 0.0, 7.8, 110.0, 0.3, 1);
    add_chord(&a, 16.2, 7.8, 98.0, 0.3, 2);
    OWN(track) *t = tone_track(&a);
    struct pre_analysis_params p = usual_pads().pre_analysis;
    p.max_onset_rate_hz = 3.0;
    OWN(stable_list) l;
    assert_int_equal(stable_find(t, &p, &l, NULL), ST_OK);
    assert_true(stable_share(&l, 0.5, 7.0) > 0.95);
    assert_true(stable_share(&l, 17.0, 23.5) > 0.95);
    assert_true(stable_share(&l, 9.0, 15.0) < 0.2);
    for (size_t i = 0; i < l.count; i++) {
        assert_true(l.at[i].end_sec > l.at[i].start_sec);
        assert_true(i == 0 || l.at[i].start_sec >= l.at[i - 1].end_sec);
    }
    stable_list_done(&l);
    p.enabled = false;
    assert_int_equal(stable_find(t, &p, &l, NULL), ST_OK);
    assert_int_equal(l.count, 1);
    assert_true(stable_share(&l, 0.0, 24.0) > 0.999);
}

/* Clouds come from what holds a tone; of noise all is as good, and of nothing nothing. */
static void clouds_take_what_holds_a_tone(void **state)
{
    struct pre_analysis_params p = usual_pads().pre_analysis;
    p.enabled = false;
    for (int chord = 0; chord < 2; chord++) {
        struct rng r = rng_derive(1, 1, "ground", 0);
        OWN(audio) a = tone_blank(12.0, 1, RATE);
        synth_noise(0.1, 0.0, 20000.0, &r, a.data, a.frames, RATE);
        if (chord) {
            memset(a.data + 3 * RATE, 0, 6 * RATE * sizeof *a.data);
            add_chord(&a, 3.0, 6.0, 110.0, 0.3, 1);
        }
        OWN(track) *t = tone_track(&a);
        OWN(stable_list) l;
        assert_int_equal(stable_find(t, &p, &l, NULL), ST_OK);
        assert_int_equal(cloud_ground_choose(&l, t, 5.0, NULL), ST_OK);
        assert_int_equal(l.count, 1);
        assert_true(fabs(l.at[0].start_sec - (chord ? 3 : 0)) <= (chord ? 1.5 : 1e-9));
        assert_true(fabs(l.at[0].end_sec - (chord ? 9 : 12)) <= (chord ? 1.5 : 1e-9));
        struct stable_list none = {0};
        assert_int_equal(cloud_ground_choose(&none, t, 5.0, NULL), ST_OK);
        assert_int_equal(none.count, 0);
    }
}

/* Less than a cell, of which no window is made, is one region. */
static void tiny_recordings_are_one_region(void **state)
{
    static const size_t frames[] = {1, 2, 20, 400};
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        OWN(audio) a = tone_blank((double)frames[i] / RATE, 1, RATE);
        OWN(track) *t = tone_track(&a);
        struct pre_analysis_params p = usual_pads().pre_analysis;
        OWN(stable_list) l;
        assert_int_equal(stable_find(t, &p, &l, NULL), ST_OK);
        assert_int_equal(l.count, 1);
        assert_true(l.at[0].start_sec == 0);
        assert_true(fabs(l.at[0].end_sec - (double)frames[i] / RATE) < 1e-9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chords_between_drums_are_found_and_loop),
        cmocka_unit_test(drum_loops_give_no_pads),
        cmocka_unit_test(a_held_note_gives_a_few_lengths_of_itself),
        cmocka_unit_test(a_chord_moved_by_a_semitone_is_not_the_same),
        cmocka_unit_test(the_last_length_counts),
        cmocka_unit_test(other_sounds_come_before_other_lengths),
        cmocka_unit_test(near_misses_say_by_how_much),
        cmocka_unit_test(what_moves_is_no_pad),
        cmocka_unit_test(noise_and_clipping_are_gated),
        cmocka_unit_test(a_chord_is_before_the_sea),
        cmocka_unit_test(a_constant_is_no_level),
        cmocka_unit_test(a_note_may_bring_its_offset),
        cmocka_unit_test(steps_and_wind_are_no_level),
        cmocka_unit_test(the_lowest_note_is_heard),
        cmocka_unit_test(every_rate_and_any_rubbish),
        cmocka_unit_test(a_short_recording_can_be_a_pad),
        cmocka_unit_test(a_pad_of_bars_is_as_long_as_they_are),
        cmocka_unit_test(a_loop_that_jumps_is_refused),
        cmocka_unit_test(a_loop_keeps_to_the_gate_of_onsets),
        cmocka_unit_test(a_calm_loop_is_taken_instead),
        cmocka_unit_test(a_hot_float_recording_has_pads),
        cmocka_unit_test(a_pad_is_as_steady_as_its_loop),
        cmocka_unit_test(another_chord_in_a_loop_counts),
        cmocka_unit_test(what_dies_away_is_behind_what_moves),
        cmocka_unit_test(sums_know_the_chroma_of_their_windows),
        cmocka_unit_test(a_melody_is_behind_a_held_note),
        cmocka_unit_test(what_slides_is_no_pad),
        cmocka_unit_test(far_off_levels_are_told),
        cmocka_unit_test(unstable_ground_says_why),
        cmocka_unit_test(too_loud_misses_by_how_much),
        cmocka_unit_test(stable_regions_leave_out_the_drums),
        cmocka_unit_test(clouds_take_what_holds_a_tone),
        cmocka_unit_test(tiny_recordings_are_one_region),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
