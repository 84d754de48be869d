/* dsp/silence: room tone is found where it is, and nothing else is taken for it. */
#include "checks.h"
#include "core/pi.h"
#include "room_rig.h"
#include "usual.h"

#include "core/rng.h"
#include "dsp/biquad.h"
#include "dsp/level.h"
#include "dsp/loop.h"
#include "dsp/silence.h"
#include "dsp/silence_runs.h"
#include "dsp/synth.h"
#include "tone.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static struct silence_list mine(const struct audio *a, const struct silence_params *p)
{
    OWN(track) *t = tone_track(a);
    struct silence_list l;
    assert_int_equal(silence_mine(t, p, &l, NULL), ST_OK);
    return l;
}

static double inside(const struct silence_span *s, size_t n, const struct stretch *known,
                     size_t count)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < count; k++)
            sum += fmax(0.0, fmin(s[i].end_sec, known[k].end_s) -
                                 fmax(s[i].start_sec, known[k].start_s));
    return sum;
}

static double length(const struct silence_span *s, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += s[i].end_sec - s[i].start_sec;
    return sum;
}

static void known_room_tone_is_found_and_nothing_else(void **state)
{
    struct stretch known[6];
    size_t count;
    OWN(audio) a = recording(known, &count);
    struct silence_params p = usual_silences();
    p.max_extracted = 1000;
    OWN(silence_list) l = mine(&a, &p);
    double truth = 0.0, found = inside(l.runs, l.run_count, known, count);
    for (size_t k = 0; k < count; k++)
        truth += known[k].end_s - known[k].start_s;
    double returned = length(l.runs, l.run_count);
    assert_true(found >= 0.95 * truth);
    assert_true(returned - found <= 0.02 * returned);
    /* With room for all, the pieces tile the runs; each lies in its own. */
    assert_true(length(l.pieces, l.piece_count) > 0.98 * returned);
    for (size_t i = 0; i < l.piece_count; i++) {
        const struct silence_span *s = &l.pieces[i], *run = &l.runs[s->run];
        assert_true(s->start_sec >= run->start_sec - 1e-9);
        assert_true(s->end_sec <= run->end_sec + 1e-9);
        assert_true(s->end_sec - s->start_sec <= p.max_duration_sec + 1e-9);
        assert_true(s->end_sec - s->start_sec >= p.min_duration_sec - 0.012);
        assert_true(i == 0 || l.pieces[i - 1].score >= s->score);
        assert_int_equal(s->parts.count, 5);
    }
    assert_true(l.loop_count >= 4);
}

static void few_pieces_are_spread_over_the_recording(void **state)
{
    struct stretch known[6];
    size_t count;
    OWN(audio) a = recording(known, &count);
    struct silence_params p = usual_silences();
    p.max_extracted = 6;
    OWN(silence_list) l = mine(&a, &p);
    assert_int_equal(l.piece_count, 6);
    unsigned runs = 0;
    int different = 0;
    for (size_t i = 0; i < l.piece_count; i++)
        runs |= 1u << l.pieces[i].run;
    for (; runs; runs &= runs - 1)
        different++;
    assert_true(different >= 4);
}

static void digital_silence_and_stuck_samples_are_not_room_tone(void **state)
{
    OWN(audio) a = tone_blank(9.0, 1, RATE);
    add_drums(&a, 0.0, 3.0, 1);
    for (size_t i = 6 * RATE; i < a.frames; i++)
        a.data[i] = 0.003f; /* −50 dB, but nothing moves */
    struct silence_params p = usual_silences();
    OWN(silence_list) l = mine(&a, &p);
    assert_int_equal(l.run_count, 0);
}

static void dither_of_the_files_own_depth_is_not_room_tone(void **state)
{
    OWN(audio) a = tone_blank(4.0, 1, RATE);
    struct rng r = rng_derive(2, 2, "dither", 0);
    double lsb = ldexp(1.0, -10); /* an 11-bit file: dither at −66 dB */
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = (float)(lsb * floor(rng_uniform(&r) - rng_uniform(&r) + 0.5));
    struct silence_params p = usual_silences();
    p.source_bits = 11;
    OWN(silence_list) l = mine(&a, &p);
    assert_int_equal(l.run_count, 0);
    silence_list_done(&l);
    p.source_bits = 0;
    l = mine(&a, &p);
    assert_true(l.run_count >= 1);
}

/* Rounding of what is soft is not white. */
static void less_than_a_step_and_a_half_is_no_room_tone(void **state)
{
    static const double steps[] = {1.0, 3.0};
    struct silence_params p = usual_silences();
    p.source_bits = 11;
    for (int i = 0; i < 2; i++) {
        OWN(audio) a = tone_blank(4.0, 1, RATE);
        add_tone(&a, 0.0, 4.0, 20.0 * log10(steps[i] * ldexp(1.0, -10)), 700.0, 8);
        OWN(silence_list) l = mine(&a, &p);
        assert_int_equal(l.run_count > 0, i);
    }
}

/* Five voices a note, each trembling at its own pace: little of it holds still. */
static void a_quiet_choir_is_no_room(void **state)
{
    struct silence_params p = usual_silences();
    OWN(audio) a = tone_blank(8.0, 1, RATE);
    add_tone(&a, 0.0, 8.0, -75.0, 8000.0, 9);
    for (int v = 0; v < 15; v++) {
        double hz = 220 *
                    (v / 5 == 0   ? 1
                     : v / 5 == 1 ? 1.26
                                  : 1.5) *
                    (1 + 0.002 * (v % 5)),
               pace = 2 * PI * (4.2 + 0.31 * v), phase = 2.1 * v;
        for (size_t i = 0; i < a.frames; i++) {
            double t = (double)i / RATE, turn = 2 * PI * hz;
            double at = turn * (t - 0.02 / pace * cos(pace * t + phase)) + phase;
            for (int k = 1; k <= 8; k++)
                a.data[i] += (float)(0.0006 / k * sin(k * at));
        }
    }
    OWN(silence_list) l = mine(&a, &p);
    assert_true(length(l.runs, l.run_count) < 0.8);
}

/* Mains hum belongs to a room. */
static void a_room_that_hums_is_one(void **state)
{
    struct silence_params p = usual_silences();
    OWN(audio) a = tone_blank(5.0, 1, RATE);
    add_tone(&a, 0.0, 5.0, -62.0, 4000.0, 9);
    for (size_t i = 0; i < a.frames; i++)
        for (int h = 2; h <= 4; h++)
            a.data[i] += (float)(0.002 * sin(2 * PI * 50.0 * h * (double)i / RATE));
    OWN(silence_list) l = mine(&a, &p);
    assert_true(length(l.runs, l.run_count) > 4.0);
}

/* Hum under hiss: not much of it deep, but all that is held is hum. As much of a note is
 * still a note, also beside hum, and so is a chord that happens to lie on its partials.
 */
static void hum_under_hiss_is_no_note(void **state)
{
    static const struct {
        double hiss_db, root, hum, note; /* amplitudes of the first partials */
        bool upwards, room;              /* the hum's grow, as those of a chord */
    } all[] = {{-62, 50, 8e-4, 0, false, true},
               {-62, 60, 8e-4, 0, false, true},
               {-62, 60, 0, 8e-4, false, false},
               {-62, 60, 4e-4, 8e-4, false, false},
               {-90, 50, 8e-4, 0, true, false}};
    struct silence_params p = usual_silences();
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        OWN(audio) a = tone_blank(6.0, 1, RATE);
        add_tone(&a, 0.0, 6.0, all[k].hiss_db, 8000.0, 9);
        for (int h = 1; h <= 6; h++) {
            double part = all[k].upwards ? h * h / 36.0 : 1.0 / h;
            tone_add(&a, 0, all[k].root * h, all[k].hum * part, h);
            tone_add(&a, 0, 220.0 * h, all[k].note / h, h);
        }
        OWN(silence_list) l = mine(&a, &p);
        double found = length(l.runs, l.run_count);
        assert_true(all[k].room ? found > 5.0 : found < 1.0);
        for (size_t i = 0; i < l.piece_count; i++) /* nor does rumble lie over it */
            assert_false(parts_value(&l.pieces[i].parts, "rumble") > 0.0);
    }
}

/* The gaps of a rhythm are no room tone, however quiet. */
static void short_gaps_between_sounds_are_left_out(void **state)
{
    struct silence_params p = usual_silences();
    OWN(audio) a = tone_blank(5.0, 1, RATE);
    add_tone(&a, 0.0, 5.0, -55.0, 8000.0, 10);
    for (double at = 0.0; at < 4.9; at += 0.3)
        add_tone(&a, at, at + 0.08, -20.0, 8000.0, 11);
    struct silence_list l = mine(&a, &p);
    assert_int_equal(l.run_count, 0);
    size_t gaps = 0; /* and that is what is said of them, not that their level swings */
    for (size_t i = 0; i < l.missed_count; i++) {
        double gap = 0.0;
        if (sscanf(l.missed[i].missed_by, "a gap of %lf s", &gap) != 1)
            continue;
        const struct silence_span *s = &l.missed[i];
        assert_true(gap >= 0.1 && gap < 0.23);
        assert_true(fabs(s->end_sec - s->start_sec - gap) < 0.006);
        gaps++;
    }
    assert_true(gaps >= 8);
    silence_list_done(&l);

    p.min_duration_sec = 6.0;
    OWN(audio) whole = tone_blank(5.0, 1, RATE);
    add_tone(&whole, 0.0, 5.0, -55.0, 8000.0, 10);
    l = mine(&whole, &p);
    double lacks = 0.0;
    assert_int_equal(l.run_count, 0);
    assert_true(l.missed_count >= 1);
    assert_int_equal(sscanf(l.missed[0].missed_by, "%lf ms shorter than allowed", &lacks),
                     1);
    assert_true(lacks >= 980.0 && lacks < 1200.0);
    silence_list_done(&l);
}

static void quiet_music_speech_and_fades_are_not_room_tone(void **state)
{
    struct silence_params p = usual_silences();
    struct rng r = rng_derive(2, 2, "music", 0);
    OWN(audio) a = tone_blank(8.0, 1, RATE);
    synth_pad(&(struct synth_pad){220.0, 0.004, 2000.0, 5.0, 0.3, 0.3}, &r, a.data,
              a.frames, RATE);
    OWN(silence_list) l = mine(&a, &p);
    assert_true(length(l.runs, l.run_count) < 0.4);
    silence_list_done(&l);

    memset(a.data, 0, a.frames * sizeof(float));
    synth_speech(0.004, &r, a.data, a.frames, RATE);
    l = mine(&a, &p);
    assert_true(length(l.runs, l.run_count) < 0.8);
    silence_list_done(&l);

    memset(a.data, 0, a.frames * sizeof(float));
    add_tone(&a, 0.0, 8.0, -30.0, 8000.0, 5);
    for (size_t i = 0; i < a.frames; i++) /* noise fading by 8 dB a second */
        a.data[i] *= (float)pow(10.0, -8.0 * (double)i / RATE / 20.0);
    l = mine(&a, &p);
    assert_true(length(l.runs, l.run_count) < 0.8);
}

/* A room with a chord's last reverb in it, 8 dB below: it is found, behind one without.
 * And a lone tone that slides all the time, of which tonality has little, is none. */
static void a_chord_that_hangs_in_a_room_costs_it_rank(void **state)
{
    struct silence_params p = usual_silences();
    OWN(audio) a = tone_blank(6.0, 1, RATE);
    add_tone(&a, 0.0, 6.0, -55.0, 8000.0, 6);
    OWN(silence_list) room = mine(&a, &p);
    static const double chord[] = {261.6, 329.6, 392.0};
    for (size_t i = 0; i < a.frames; i++)
        for (int k = 0; k < 3; k++)
            a.data[i] += 0.00055f * (float)sin(2 * PI * chord[k] * (double)i / RATE);
    OWN(silence_list) hung = mine(&a, &p);
    assert_true(length(room.runs, room.run_count) > 5.5);
    assert_true(length(hung.runs, hung.run_count) > 5.5);
    assert_true(hung.pieces[0].score < room.pieces[room.piece_count - 1].score - 0.1);
    assert_true(hung.pieces[0].tonality > 0.1 && hung.pieces[0].tonality < 0.3);

    double phase = 0.0;
    for (size_t i = 0; i < a.frames; i++) {
        double cents = 80.0 * sin(2 * PI * 1.3 * (double)i / RATE);
        phase += 2 * PI * 1170.0 * pow(2.0, cents / 1200.0) / RATE;
        a.data[i] = 0.2f * a.data[i] + 0.004f * (float)sin(phase);
    }
    OWN(silence_list) slides = mine(&a, &p);
    assert_true(length(slides.runs, slides.run_count) < 0.6);
    assert_true(slides.missed_count > 0); /* told for what it is: it has no tonality */
    for (size_t i = 0; i < slides.missed_count; i++)
        if (slides.missed[i].end_sec - slides.missed[i].start_sec > 1.0)
            assert_string_equal(slides.missed[i].missed_by,
                                "a tone in it slides or trembles");
}

/* The band is swept over noise by three octaves in nine seconds, as steady and as quiet
 * as a room from one moment to the next. Where it stands still it is one. */
static void noise_that_is_swept_is_no_room(void **state)
{
    struct silence_params p = usual_silences();
    for (int swept = 0; swept < 2; swept++) {
        OWN(audio) a = tone_blank(9.0, 1, RATE);
        struct rng r = rng_derive(9, 1, "swept", 0);
        double low[2] = {0}, band[2] = {0}; /* two state-variable filters of Q 1 */
        tone_noise(&a, 0.01, &r);
        for (size_t i = 0; i < a.frames; i++) {
            double hz = 600.0 * pow(2.0, swept ? (double)i / RATE / 3.0 : 1.5);
            double f = 2.0 * sin(2 * PI / 2.0 * hz / RATE);
            for (int k = 0; k < 2; k++) {
                double in = k ? band[0] : (double)a.data[i];
                low[k] += f * band[k];
                band[k] += f * (in - low[k] - band[k]);
            }
            a.data[i] = (float)(band[1] * sqrt(600.0 / hz));
        }
        OWN(silence_list) l = mine(&a, &p);
        double found = length(l.runs, l.run_count);
        if (swept ? found > 0.0 : !(found > 8.0))
            fail_msg("%s: %g s", swept ? "swept" : "still", found);
    }
}

/* Three syllables a second behind a wall, as loud as the room (-52 dB) they are in, from
 * 6 to 12 s; from there on the room alone sways by 3 dB either way, as traffic does. */
static void a_murmur_is_no_room_but_one_may_sway(void **state)
{
    struct silence_params p = usual_silences();
    OWN(audio) a = tone_blank(24.0, 1, RATE), voice = tone_blank(24.0, 1, RATE);
    struct rng r = rng_derive(9, 1, "murmur", 0), v = rng_derive(9, 1, "murmur", 1);
    double low[2] = {0}, band[2] = {0};
    tone_noise(&a, 0.0025, &r);
    tone_noise(&voice, 0.025, &v);
    for (size_t i = 0; i < a.frames; i++) {
        double s = (double)i / RATE, f = 2.0 * sin(2 * PI / 2.0 * 500.0 / RATE);
        for (int k = 0; k < 2; k++) {
            double in = k ? band[0] : (double)voice.data[i];
            low[k] += f * band[k];
            band[k] += f * (in - low[k] - band[k]);
        }
        if (s > 6.0 && s < 12.0)
            a.data[i] += (float)(0.8 * band[1] * pow(sin(PI * 1.6 * s), 2.0));
        else if (s > 12.0)
            a.data[i] *= (float)pow(10.0, 3.0 * sin(2 * PI * 0.3 * s) / 20.0);
    }
    OWN(silence_list) l = mine(&a, &p);
    double still = 0.0, moving = 0.0;
    for (size_t i = 0; i < l.run_count; i++) {
        double from = l.runs[i].start_sec, to = l.runs[i].end_sec;
        double wrong = fmax(0.0, fmin(to, 12.0) - fmax(from, 6.0));
        moving += wrong;
        still += to - from - wrong;
    }
    assert_true(still > 17.5 && moving < 0.6);
}

static void clicks_cut_a_run_and_do_not_lie_in_it(void **state)
{
    OWN(audio) a = tone_blank(6.0, 1, RATE);
    add_tone(&a, 0.0, 6.0, -60.0, 8000.0, 3);
    for (int k = 1; k < 6; k++)
        a.data[k * RATE] += 0.05f;
    struct silence_params p = usual_silences();
    OWN(silence_list) l = mine(&a, &p);
    assert_in_range(l.run_count, 5, 6);
    assert_true(length(l.runs, l.run_count) > 5.3);
    for (size_t i = 0; i < l.run_count; i++)
        for (int k = 1; k < 6; k++)
            assert_false(l.runs[i].start_sec <= k && l.runs[i].end_sec >= k);
}

/* Nor does the hop before it, in which it may have begun. */
static void what_begins_takes_the_hop_before_it(void **state)
{
    OWN(audio) a = tone_blank(8.0, 1, RATE);
    struct rng r = rng_derive(2, 3, "knocks", 0);
    add_tone(&a, 0.0, 8.0, -60.0, 8000.0, 4);
    for (int k = 1; k < 8; k++)
        synth_drum(SYNTH_RIM, 0.01, 1.0, &r, a.data + k * RATE + 100 * k, RATE / 2, RATE);
    struct silence_params p = usual_silences();
    OWN(track) *t = tone_track(&a);
    struct quiet_map m;
    assert_int_equal(quiet_map_init(&m, t, &p, false, NULL), ST_OK);
    const struct onset_list *onsets = track_onsets(t);
    assert_in_range(onsets->count, 7, 9);
    for (size_t i = 0; i < onsets->count; i++) {
        double hop_s = (double)track_info(t)->hop_frames / RATE;
        size_t at = (size_t)(onsets->at[i].time_s / hop_s);
        assert_int_not_equal(m.reason[at], QUIET);
        assert_true(at == 0 || m.reason[at - 1] != QUIET);
    }
    quiet_map_done(&m);
}

static void an_offset_does_not_hide_room_tone(void **state)
{
    OWN(audio) a = tone_blank(6.0, 1, RATE);
    add_drums(&a, 0.0, 2.0, 4);
    add_tone(&a, 2.0, 6.0, -60.0, 8000.0, 3);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] += 0.02f; /* −34 dB of DC */
    struct silence_params p = usual_silences();
    OWN(silence_list) l = mine(&a, &p);
    assert_true(length(l.runs, l.run_count) > 3.7);
    assert_true(fabs(l.runs[0].rms_db + 60.0) < 1.0);
}

static void near_misses_say_by_how_much(void **state)
{
    OWN(audio) a = tone_blank(4.0, 1, RATE);
    add_tone(&a, 0.0, 4.0, -42.0, 8000.0, 8);
    struct silence_params p = usual_silences();
    OWN(silence_list) l = mine(&a, &p);
    double by = 0.0;
    assert_int_equal(l.run_count, 0);
    assert_true(l.missed_count >= 1);
    assert_int_equal(sscanf(l.missed[0].missed_by, "level %lf dB above the gate", &by),
                     1);
    assert_true(fabs(by - 3.0) < 0.7);
}

static double rms_db(const struct audio *a, size_t from, size_t to)
{
    double sum = 0.0;
    for (size_t i = from; i < to; i++)
        sum += (double)a->data[i] * (double)a->data[i];
    return 10.0 * log10(sum / (double)(to - from) + 1e-20);
}

static struct audio rumble(double seconds, double level_db)
{
    struct audio a = tone_blank(seconds, 1, RATE);
    struct rng r = rng_derive(2, 2, "rumble", 0);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = (float)rng_gauss(&r);
    struct biquad low = biquad_lowpass(2, 55.0, RATE),
                  high = biquad_highpass(2, 20.0, RATE);
    biquad_run(&low, &a);
    biquad_run(&high, &a);
    double gain = pow(10.0, (level_db - rms_db(&a, 0, a.frames)) / 20.0);
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] *= (float)gain;
    return a;
}

/* A room at −62 dB between takes, rumble over all of it: found as without, and written
 * without. */
static void look_under_rumble(double rumble_db)
{
    struct silence_params p = usual_silences();
    p.max_extracted = 1000;
    OWN(audio) a = rumble(30.0, rumble_db);
    struct stretch known[5];
    add_tone(&a, 0.0, 30.0, -62.0, 1500.0, 1);
    for (size_t k = 0; k < 5; k++) {
        double at = 6.0 * (double)k;
        add_drums(&a, at, at + 2.5, k);
        known[k] = (struct stretch){at + 2.5, at + 6.0};
    }
    OWN(silence_list) l = mine(&a, &p);
    double found = inside(l.runs, l.run_count, known, 5);
    p.cut_rumble = true;
    assert_true(found >= 0.95 * 5 * 3.5);
    assert_true(length(l.runs, l.run_count) - found <= 0.02 * found);
    OWN(audio) clean;
    assert_int_equal(audio_slice(&clean, &a, 0, a.frames, NULL), ST_OK);
    struct biquad f = biquad_highpass(4, 80.0, RATE);
    assert_int_equal(biquad_zero_phase(&f, &clean, NULL), ST_OK);
    for (size_t i = 0; i < l.piece_count; i += 8) {
        size_t from = (size_t)llround(l.pieces[i].start_sec * RATE);
        size_t to = (size_t)llround(l.pieces[i].end_sec * RATE);
        OWN(audio) piece, want;
        assert_true(parts_value(&l.pieces[i].parts, "rumble") == 1.0);
        assert_int_equal(audio_slice(&piece, &a, from, to - from, NULL), ST_OK);
        assert_int_equal(audio_slice(&want, &clean, from, to - from, NULL), ST_OK);
        assert_int_equal(silence_finish(&piece, &p, NULL), ST_OK);
        double level = rms_db(&want, 0, want.frames), product = 0.0, square = 0.0;
        for (size_t k = 0; k < want.frames; k++) {
            product += (double)want.data[k] * (double)piece.data[k];
            square += (double)piece.data[k] * (double)piece.data[k];
        }
        for (size_t k = 0; k < want.frames; k++)
            want.data[k] -= (float)(product / square) * piece.data[k];
        size_t fade = RATE / 160, edge = RATE / 40;
        assert_true(rms_db(&want, fade, edge) < level - 9.0); /* no thump at its start */
        assert_true(rms_db(&want, 4 * edge, want.frames - 4 * edge) < level - 30.0);
    }
}

/* Far above the gate, and where here and there it leaves a moment below it. */
static void rumble_does_not_hide_a_room(void **state)
{
    look_under_rumble(-40.0);
    look_under_rumble(-44.5);
}

/* Nor is all that lies low rumble: a bass line is neither room nor cut. */
static void a_bass_is_no_rumble(void **state)
{
    struct silence_params p = usual_silences();
    OWN(audio) a = tone_blank(12.0, 1, RATE);
    for (int k = 0; k < 10; k++)
        synth_pluck(41.2 * pow(2.0, (k % 5) / 12.0), 0.02, 1.0,
                    a.data + (size_t)(1.2 * k * RATE), (size_t)(1.1 * RATE), RATE);
    add_tone(&a, 0.0, 12.0, -75.0, 8000.0, 3);
    OWN(silence_list) l = mine(&a, &p);
    assert_true(length(l.runs, l.run_count) < 0.5);
    OWN(audio) note = tone_blank(0.5, 1, RATE), was;
    synth_pluck(98.0, 0.1, 2.0, note.data, note.frames, RATE);
    assert_int_equal(audio_slice(&was, &note, 0, note.frames, NULL), ST_OK);
    p.cut_rumble = true;
    assert_int_equal(silence_finish(&note, &p, NULL), ST_OK);
    double gain = (double)note.data[RATE / 100] / (double)was.data[RATE / 100];
    for (size_t i = RATE / 100; i < note.frames - RATE / 100; i++)
        assert_true(fabs((double)note.data[i] - gain * (double)was.data[i]) < 1e-3);
}

static void pieces_are_finished_clean(void **state)
{
    struct silence_params p = usual_silences();
    static const double seconds[] = {0.1, 0.35, 0.6};
    for (size_t k = 0; k < 3; k++) {
        OWN(audio) a = tone_blank(seconds[k], 1, RATE);
        add_tone(&a, 0.0, seconds[k], -60.0, 600.0, k);
        for (size_t i = 0; i < a.frames; i++)
            a.data[i] += 0.01f;
        assert_int_equal(silence_finish(&a, &p, NULL), ST_OK);
        double mean = 0.0;
        for (size_t i = 0; i < a.frames; i++)
            mean += (double)a.data[i] / (double)a.frames;
        assert_true(fabs(mean) < 1e-6);
        assert_true(fabsf(a.data[0]) < 1e-3f && fabsf(a.data[a.frames - 1]) < 1e-3f);
        assert_true(fabs(level_to_db(level_true_peak(&a, false)) + 12.0) < 0.01);
    }
    OWN(audio) nothing = tone_blank(0.5, 1, RATE);
    assert_int_equal(silence_finish(&nothing, &p, NULL), ST_EMPTY);
}

/* The ends are faded over 5 ms, no more: what is behind is as it was. */
static void fades_are_short(void **state)
{
    struct silence_params p = usual_silences();
    OWN(audio) a = tone_blank(0.35, 1, RATE), was;
    add_tone(&a, 0.0, 0.35, -60.0, 12000.0, 1);
    assert_int_equal(audio_slice(&was, &a, 0, a.frames, NULL), ST_OK);
    assert_int_equal(silence_finish(&a, &p, NULL), ST_OK);
    double gain = 0.0, energy = 0.0, left = 0.0, before = 0.0;
    size_t n = a.frames, edge = (size_t)(0.0052 * RATE);
    for (size_t i = edge; i < n - edge; i++) {
        gain += (double)a.data[i] * (double)was.data[i];
        energy += (double)was.data[i] * (double)was.data[i];
    }
    gain /= energy;
    for (size_t i = 0; i < 2 * edge; i++) {
        double x = gain * (double)was.data[i], d = (double)a.data[i] - x;
        if (i < edge / 2)
            before += d * d / (x * x + 1e-12) / (double)(edge / 2);
        if (i >= edge)
            left = fmax(left, fabs(d));
    }
    assert_true(before > 0.3);       /* faded there … */
    assert_true(left < 0.02 * 0.25); /* … and no further */
}

/* Of a short one a tenth at either end. */
static void fades_of_short_pieces_are_a_tenth(void **state)
{
    struct silence_params p = usual_silences();
    OWN(audio) a = tone_blank(0.02, 1, RATE);
    tone_add(&a, 0, 3000.0, 0.01, PI / 2); /* 60 periods */
    assert_int_equal(silence_finish(&a, &p, NULL), ST_OK);
    double most = 0.0;
    size_t n = a.frames, fade = n / 10 + 1;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs((double)a.data[i]));
    for (size_t i = 0; i < n; i++) {
        size_t edge = i < n - 1 - i ? i : n - 1 - i;
        double gain =
            edge < fade ? 0.5 - 0.5 * cos(PI * (double)edge / (double)fade) : 1.0;
        assert_close((double)a.data[i],
                     gain * most * cos(2.0 * PI * 3000.0 * (double)i / RATE),
                     0.02 * most);
    }
}

/* In whichever channel: rumble that one microphone of two had is taken out, and each
 * loses an offset of its own. */
static void channels_are_finished_each(void **state)
{
    struct silence_params p = usual_silences();
    p.cut_rumble = true;
    for (int with = 0; with < 2; with++) {
        OWN(audio) a = tone_blank(1.0, 2, RATE);
        tone_white(&a, 0.001, 5);
        tone_add(&a, with, 40.0, 0.02, 0.0);
        assert_int_equal(silence_finish(&a, &p, NULL), ST_OK);
        double low = tone_partial(&a, with, RATE / 4, RATE / 2, 40.0).amplitude;
        assert_true(low < 0.1 * level_true_peak(&a, false));
        audio_done(&a);
        a = tone_blank(1.0, 2, RATE);
        tone_white(&a, 0.001, 6);
        for (size_t i = 0; i < a.frames; i++) {
            a.data[2 * i] += 0.003f;
            a.data[2 * i + 1] -= 0.001f;
        }
        p.cut_rumble = false;
        a.data[RATE] = (float)NAN;
        if (with == 0) {
            assert_int_equal(silence_finish(&a, &p, NULL), ST_OK);
        } else {
            assert_int_equal(silence_prepare_loop(&a, 0, a.frames, &p, NULL), ST_OK);
            assert_int_equal(silence_finish_loop(&a, &p, NULL), ST_OK);
        }
        assert_true(isfinite(a.data[RATE]));
        for (size_t c = 0; c < 2; c++)
            assert_true(fabs(level_mean(&a, c, 0, a.frames)) < 1e-6);
        p.cut_rumble = true;
    }
}

/* From 2 s on a run is offered as a loop, of its inside, of 6 s at most. */
static void loops_are_of_2_to_6_seconds(void **state)
{
    static const double room_s[] = {1.7, 3.0, 10.0};
    struct silence_params p = usual_silences();
    for (size_t k = 0; k < 3; k++) {
        OWN(audio) a = tone_blank(room_s[k] + 4.0, 1, RATE);
        add_drums(&a, 0.0, 2.0, k);
        add_tone(&a, 2.0, 2.0 + room_s[k], -60.0, 8000.0, k);
        add_drums(&a, 2.0 + room_s[k], 4.0 + room_s[k], k);
        OWN(silence_list) l = mine(&a, &p);
        assert_int_equal(l.loop_count, k > 0);
        for (size_t i = 0; i < l.loop_count; i++) {
            const struct silence_span *s = &l.loops[i], *run = &l.runs[s->run];
            double seconds = s->end_sec - s->start_sec;
            assert_true(seconds <= 6.02 && seconds > fmin(6.0, room_s[k]) - 0.5);
            assert_true(s->start_sec - run->start_sec > 0.03);
            assert_true(run->end_sec - s->end_sec > 0.03);
        }
    }
}

static void long_runs_become_seamless_loops(void **state)
{
    struct silence_params p = usual_silences();
    int seamless = 0;
    for (uint64_t k = 0; k < 6; k++) {
        OWN(audio) a = tone_blank(3.0, 1, RATE);
        add_tone(&a, 0.0, 3.0, -60.0, 500.0 * (double)(k + 1), k);
        struct seam s;
        assert_int_equal(silence_prepare_loop(&a, 0, a.frames, &p, NULL), ST_OK);
        assert_int_equal(loop_close(&a, NULL, &s, NULL), ST_OK);
        assert_int_equal(silence_finish_loop(&a, &p, NULL), ST_OK);
        assert_true(a.frames >= 2 * RATE);
        assert_true(fabs(level_to_db(level_true_peak(&a, true)) + 12.0) < 0.01);
        seamless += s.seamless;
    }
    assert_int_equal(seamless, 6);
}

static void every_rate_and_any_rubbish(void **state)
{
    static const int rates[] = {8000, 48000, 96000};
    struct silence_params p = usual_silences();
    for (size_t k = 0; k < 3; k++) {
        OWN(audio) a = tone_blank(5.0, 1, rates[k]);
        add_drums(&a, 0.0, 2.0, k);
        add_tone(&a, 2.0, 5.0, -60.0, 2000.0, k);
        OWN(silence_list) l = mine(&a, &p);
        struct stretch known = {2.0, 5.0};
        assert_true(inside(l.runs, l.run_count, &known, 1) > 0.95 * 3.0);
    }
    static const double seconds[] = {0.0, 0.001, 0.2, 2.0};
    for (size_t k = 0; k < 4; k++) {
        OWN(audio) a = tone_blank(seconds[k], 1, RATE);
        for (size_t i = 0; i < a.frames; i++)
            a.data[i] = NAN;
        OWN(silence_list) l = mine(&a, &p);
        assert_int_equal(l.run_count + l.piece_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_room_tone_is_found_and_nothing_else),
        cmocka_unit_test(few_pieces_are_spread_over_the_recording),
        cmocka_unit_test(digital_silence_and_stuck_samples_are_not_room_tone),
        cmocka_unit_test(dither_of_the_files_own_depth_is_not_room_tone),
        cmocka_unit_test(less_than_a_step_and_a_half_is_no_room_tone),
        cmocka_unit_test(a_quiet_choir_is_no_room),
        cmocka_unit_test(a_room_that_hums_is_one),
        cmocka_unit_test(hum_under_hiss_is_no_note),
        cmocka_unit_test(short_gaps_between_sounds_are_left_out),
        cmocka_unit_test(quiet_music_speech_and_fades_are_not_room_tone),
        cmocka_unit_test(a_chord_that_hangs_in_a_room_costs_it_rank),
        cmocka_unit_test(noise_that_is_swept_is_no_room),
        cmocka_unit_test(a_murmur_is_no_room_but_one_may_sway),
        cmocka_unit_test(clicks_cut_a_run_and_do_not_lie_in_it),
        cmocka_unit_test(what_begins_takes_the_hop_before_it),
        cmocka_unit_test(an_offset_does_not_hide_room_tone),
        cmocka_unit_test(near_misses_say_by_how_much),
        cmocka_unit_test(rumble_does_not_hide_a_room),
        cmocka_unit_test(a_bass_is_no_rumble),
        cmocka_unit_test(pieces_are_finished_clean),
        cmocka_unit_test(fades_are_short),
        cmocka_unit_test(fades_of_short_pieces_are_a_tenth),
        cmocka_unit_test(channels_are_finished_each),
        cmocka_unit_test(loops_are_of_2_to_6_seconds),
        cmocka_unit_test(long_runs_become_seamless_loops),
        cmocka_unit_test(every_rate_and_any_rubbish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
