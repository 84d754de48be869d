/* dsp/hits: planning and cutting of drum hits whose place is known. */
#include "checks.h"
#include "core/pi.h"
#include "hits_rig.h"
#include "usual.h"

#include "core/rng.h"
#include "dsp/hits.h"
#include "tone.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static struct hit_plans plan_at(const double *at_s, size_t n, const struct audio *a,
                                const struct hits_params *p)
{
    struct onset at[16];
    for (size_t i = 0; i < n; i++)
        at[i] = (struct onset){.time_s = at_s[i], .strength = 5};
    struct onset_list l = {at, n};
    struct hit_plans plans;
    assert_int_equal(hits_plan(&l, a->rate_hz, (int64_t)a->frames, p, &plans, NULL),
                     ST_OK);
    return plans;
}

static struct hit cut_one(const struct audio *a, const struct hit_plan *plan,
                          const struct hits_params *p)
{
    OWN(audio) read;
    struct hit h;
    assert_true(plan->read_start <= plan->onset_frame);
    assert_true(plan->read_end <= (int64_t)a->frames);
    assert_int_equal(audio_slice(&read, a, (size_t)plan->read_start,
                                 (size_t)(plan->read_end - plan->read_start), NULL),
                     ST_OK);
    assert_int_equal(hits_cut(plan, &read, p, &h, NULL), ST_OK);
    return h;
}

static double seconds(int64_t frame)
{
    return (double)frame / RATE;
}

/* The first stroke is too short to be kept, the second does not stand out of it. */
static void a_flam_is_one_hit(void **state)
{
    static const double at_s[] = {0.5, 0.54};
    struct hits_params p = usual_hits();
    for (int louder = 0; louder < 2; louder++) {
        OWN(audio) a;
        make(&a, 2, 1);
        strike(&a, 0.5, louder ? 0.1 : 0.5, 60);
        strike(&a, 0.54, louder ? 0.8 : 0.2, 60);
        OWN(hit_plans) plans = plan_at(at_s, 2, &a, &p);
        struct hit first = cut_one(&a, &plans.at[0], &p);
        struct hit second = cut_one(&a, &plans.at[1], &p);
        assert_true(first.missed_by[0] && first.cut_short);
        assert_int_equal(second.sunken, !louder);
        assert_int_equal(second.missed_by[0] == 0, louder);
        assert_int_equal(hits_join(&plans.at[1], &second, &plans.at[0], &first), !louder);
        struct hit both = cut_one(&a, &plans.at[1], &p);
        assert_string_equal(both.missed_by, "");
        double from = louder ? 0.54 : 0.5;
        assert_true(fabs(seconds(both.attack_frame) - from) < 0.0005);
        assert_true(seconds(both.end_frame) > 0.9);
        /* what was before the first was before both */
        hit_plans_done(&plans);
        plans = plan_at(at_s, 2, &a, &p);
        plans.at[0].before.all_db = -20;
        hits_join(&plans.at[1], &second, &plans.at[0], &first);
        assert_true(louder || plans.at[1].before.all_db == -20);
    }
}

/* What one hit finds out of the next is what the next would, wherever it lies. */
static void an_attack_is_looked_for_once(void **state)
{
    static const double at_s[] = {0.01, 0.2, 0.27, 1.15, 1.6, 1.96};
    enum { HITS = sizeof at_s / sizeof *at_s };
    struct hits_params p = usual_hits();
    struct audio a;
    make(&a, 2, 2);
    floor_noise(&a, 0.001);
    for (size_t i = 0; i < HITS; i++)
        strike(&a, at_s[i] + 0.004 * (double)i, 0.5, 60);
    OWN(hit_plans) plans = plan_at(at_s, HITS, &a, &p);
    size_t known = 0;
    for (size_t i = 0; i + 1 < HITS; i++) {
        int64_t next = cut_one(&a, &plans.at[i], &p).next_attack;
        struct hit alone = cut_one(&a, &plans.at[i + 1], &p);
        if (next < 0)
            continue;
        known++;
        assert_int_equal(next, alone.attack_frame);
        plans.at[i + 1].attack_frame = next;
        struct hit told = cut_one(&a, &plans.at[i + 1], &p);
        assert_true(told.start_frame == alone.start_frame &&
                    told.end_frame == alone.end_frame && told.score == alone.score &&
                    told.attack_frame == alone.attack_frame);
    }
    assert_int_equal(known, 3); /* not after 0.88 s, and not where the end is near */
    audio_done(&a);
}

static void a_recording_shorter_than_a_hit_is_one(void **state)
{
    struct hits_params p = usual_hits();
    for (int rest = 0; rest < 2; rest++) { /* alone, and where a longer one breaks off */
        OWN(audio) a;
        double at_s = rest ? 0.972 : 0.002;
        make(&a, rest ? 1 : 0.03, 1);
        strike(&a, at_s, 0.5, 600);
        OWN(hit_plans) plans = plan_at(&at_s, 1, &a, &p);
        struct hit h = cut_one(&a, &plans.at[0], &p);
        assert_int_equal(h.missed_by[0] == 0, !rest);
        assert_false(h.cut_short);
    }
}

static void a_slice_runs_from_attack_to_next_attack(void **state)
{
    OWN(audio) a;
    make(&a, 3, 2);
    static const double at_s[] = {0.5, 0.8, 1.7};
    for (size_t i = 0; i < 3; i++)
        strike(&a, at_s[i], 0.5, 40); /* too slow to decay before the next */
    static const double told_s[] = {0.503, 0.797, 1.704}; /* as a picker would say */
    struct hits_params p = usual_hits();
    OWN(hit_plans) plans = plan_at(told_s, 3, &a, &p);
    assert_int_equal(plans.count, 3);
    struct hit first = cut_one(&a, &plans.at[0], &p);
    assert_string_equal(first.missed_by, "");
    assert_true(fabs(seconds(first.attack_frame) - 0.5) < 0.0005);
    assert_true(first.start_frame < first.attack_frame);
    assert_true(seconds(first.attack_frame - first.start_frame) <= 0.002);
    assert_true(fabs(seconds(first.end_frame) - (0.797 - 0.002)) < 0.0005);
    /* the second onset was told 4 ms late: its slice still starts on the attack, and the
     * one before ends 2 ms before it */
    struct hit second = cut_one(&a, &plans.at[1], &p);
    assert_true(fabs(seconds(second.attack_frame) - 0.8) < 0.001);
    /* the longest length is that of the whole, with what lies before the attack */
    assert_true(second.start_frame < second.attack_frame);
    assert_int_equal(second.end_frame - second.start_frame,
                     (int64_t)(p.max_length_s * RATE));
    struct hit third = cut_one(&a, &plans.at[2], &p);
    assert_true(fabs(seconds(third.attack_frame) - 1.7) < 0.001);
}

/* The click of a sample that breaks off ends the hit it belongs to, and begins none. */
static void a_click_ends_a_hit_and_begins_none(void **state)
{
    OWN(audio) a;
    make(&a, 3, 1);
    strike(&a, 0.5, 0.5, 40);
    strike(&a, 1.5, 0.5, 40);
    size_t click = (size_t)(0.7 * RATE);
    a.data[click] += 0.6f;
    struct onset at[] = {{.time_s = 0.5, .strength = 5},
                         {.time_s = 0.7, .strength = 5, .click = true},
                         {.time_s = 1.5, .strength = 5}};
    struct onset_list l = {at, 3};
    struct hits_params p = usual_hits();
    OWN(hit_plans) plans;
    assert_int_equal(hits_plan(&l, RATE, (int64_t)a.frames, &p, &plans, NULL), ST_OK);
    assert_int_equal(plans.count, 2);
    assert_true(plans.at[1].onset_s == 1.5);
    struct hit first = cut_one(&a, &plans.at[0], &p);
    assert_true(first.end_frame <= (int64_t)click);
    assert_true(seconds((int64_t)click - first.end_frame) < 0.01);
}

static void it_ends_where_it_has_decayed(void **state)
{
    struct hits_params p = usual_hits();
    static const double at_s[] = {0.5};
    OWN(audio) a;
    make(&a, 2, 1);
    strike(&a, 0.5, 0.5, 200); /* RMS 60 dB below the peak after 0.28 s */
    OWN(hit_plans) plans = plan_at(at_s, 1, &a, &p);
    struct hit h = cut_one(&a, &plans.at[0], &p);
    assert_true(fabs(seconds(h.end_frame - h.attack_frame) - 0.286) < 0.02);
    assert_true(h.isolation_db == -90);
    double quiet_end = seconds(h.end_frame);
    /* in a noise floor 36 dB below: sooner, at 3 dB above it */
    floor_noise(&a, 0.5 * pow(10, -36.0 / 20));
    h = cut_one(&a, &plans.at[0], &p);
    assert_true(seconds(h.end_frame) < quiet_end - 0.07);
    assert_true(fabs(seconds(h.end_frame - h.attack_frame) - 0.185) < 0.015);
    assert_true(fabs(h.isolation_db + 36 + 4.8) < 1.5); /* RMS of the floor to the peak */
}

static void gates_say_by_how_much(void **state)
{
    struct hits_params p = usual_hits();
    OWN(audio) a;
    make(&a, 4, 1);
    strike(&a, 0.5, 0.02, 150); /* about −34 dBFS */
    strike(&a, 1.5, 1.0, 150);  /* above −0.5 dBFS */
    strike(&a, 2.5, 0.3, 60);
    strike(&a, 2.53, 0.5, 60);
    static const double at_s[] = {0.5, 1.5, 2.5, 2.53, 2.8};
    OWN(hit_plans) plans = plan_at(at_s, 5, &a, &p);
    p.clipped_share = 0.01;
    struct hit full = cut_one(&a, &plans.at[1], &p);
    assert_string_equal(full.missed_by, ""); /* no run of three at full scale */
    for (size_t i = 66200; i < 67200; i++)
        a.data[i] = a.data[i] > 0 ? 1 : -1;
    struct hit flat = cut_one(&a, &plans.at[1], &p);
    double share;
    assert_int_equal(sscanf(flat.missed_by, "%lf %% of it clipped", &share), 1);
    double slice = (double)(flat.end_frame - flat.start_frame);
    assert_true(fabs(share - 100 * 1000 / slice) < 0.1);
    p.clipped_share = 0;
    struct hit quiet = cut_one(&a, &plans.at[0], &p),
               loud = cut_one(&a, &plans.at[1], &p),
               brief = cut_one(&a, &plans.at[2], &p),
               none = cut_one(&a, &plans.at[4], &p);
    double below;
    assert_int_equal(sscanf(quiet.missed_by, "peak %lf dB below the gate", &below), 1);
    assert_true(fabs(below - (-30 - quiet.peak_db)) < 0.06);
    assert_non_null(strstr(loud.missed_by, "above the gate"));
    assert_non_null(strstr(brief.missed_by, "shorter than allowed"));
    assert_non_null(strstr(none.missed_by, "stands out by"));
    /* What was missed by less than a tenth is not said to be missed by nothing. */
    p.min_peak_db = quiet.peak_db + 0.02;
    struct hit just = cut_one(&a, &plans.at[0], &p);
    assert_string_equal(just.missed_by, "peak 0.1 dB below the gate");
    p.max_peak_db = loud.peak_db - 0.02;
    just = cut_one(&a, &plans.at[1], &p);
    assert_string_equal(just.missed_by, "peak 0.1 dB above the gate");
}

static double part(const struct hit *h, const char *name)
{
    for (int i = 0; i < h->parts.count; i++)
        if (strcmp(h->parts.part[i].name, name) == 0)
            return h->parts.part[i].value;
    fail_msg("no part %s", name);
    return -1;
}

static struct hit cut_at(const struct audio *a, double at_s, const struct hits_params *p)
{
    OWN(hit_plans) plans = plan_at(&at_s, 1, a, p);
    struct hit h = cut_one(a, &plans.at[0], p);
    return h;
}

/* 3 dB over what sounds before it, or 9 in the treble. */
static void a_hit_stands_out(void **state)
{
    static const double rise_db[] = {2, 4.5, 5.5, 12};
    struct hits_params p = usual_hits();
    for (int k = 0; k < 4; k++) {
        OWN(audio) a;
        make(&a, 2, 1);
        double level = k < 2 ? 0.1 : 0.01;
        floor_noise(&a, level);
        if (k >= 2) /* over a loud low note, which hides the rise but in the treble */
            for (size_t i = 0; i < a.frames; i++)
                a.data[i] += (float)(0.5 * sin(2 * PI * 100 * (double)i / RATE));
        strike(&a, 0.5, level * sqrt(pow(10, rise_db[k] / 10) - 1), 10);
        struct hit h = cut_at(&a, 0.5, &p);
        assert_int_equal(h.sunken, k % 2 == 0);
        assert_int_equal(h.missed_by[0] != 0, k % 2 == 0);
    }
}

/* Half a period of a deep kick is no end, and neither is a gap as short; in a floor so
 * loud that 3 dB above it are reached at once, it takes 12 dB of decay. */
static void an_end_is_no_gap(void **state)
{
    struct hits_params p = usual_hits();
    OWN(audio) a;
    make(&a, 2, 1);
    strike(&a, 0.5, 0.5, 100);
    memset(a.data + lround(0.6 * RATE), 0, (size_t)(0.014 * RATE) * sizeof *a.data);
    struct hit h = cut_at(&a, 0.5, &p);
    assert_true(seconds(h.end_frame - h.attack_frame) > 0.4);
    audio_done(&a);
    make(&a, 2, 1);
    strike(&a, 0.5, 0.5, 200);
    floor_noise(&a, 0.17); /* RMS 14 dB below the peak */
    h = cut_at(&a, 0.5, &p);
    double length_s = seconds(h.end_frame - h.attack_frame);
    assert_true(length_s >= p.min_length_s && length_s < 0.12);
}

/* A cymbal falls so slowly that it looks settled for 60 ms: what it has come down to by
 * max_length_s is its own tail, not the floor. A floor that holds still ends a hit. */
static void a_ringing_cymbal_is_kept_whole(void **state)
{
    static const double fall_db_per_s[] = {4, 6, 10, 15};
    struct hits_params p = usual_hits();
    for (int k = 0; k < 4; k++) {
        OWN(audio) a;
        make(&a, 2, 1);
        strike(&a, 0.5, 0.5, fall_db_per_s[k]);
        struct hit h = cut_at(&a, 0.5, &p);
        double length_s = seconds(h.end_frame - h.attack_frame);
        /* the last of it may still pass for a floor: 0.8 dB in 80 ms */
        assert_true(length_s > 0.7 && length_s < p.max_length_s + 0.001);
    }
    OWN(audio) crash; /* the stroke is soon gone, the bronze far below it is not */
    make(&crash, 2, 1);
    strike(&crash, 0.5, 0.5, 300);
    strike(&crash, 0.5, 0.05, 7);
    struct hit rung = cut_at(&crash, 0.5, &p);
    assert_true(seconds(rung.end_frame - rung.attack_frame) > p.max_length_s - 0.1);
    OWN(audio) a;
    make(&a, 2, 1);
    strike(&a, 0.5, 0.5, 100);
    for (size_t i = (size_t)(0.5 * RATE); i < a.frames; i++) /* only after it */
        a.data[i] += (float)(0.01 * sin(0.9 * (double)i));
    struct hit h = cut_at(&a, 0.5, &p);
    double length_s = seconds(h.end_frame - h.attack_frame);
    assert_true(length_s > 0.28 && length_s < 0.45);
}

/* What sounds before the attack is faded in as long as that may take, were it 40 dB
 * below the peak; and each share of clipped samples costs twenty times as much of clean.
 */
static void starts_are_faded_and_clipping_costs(void **state)
{
    struct hits_params p = usual_hits();
    OWN(audio) a;
    make(&a, 2, 1);
    strike(&a, 0.5, 0.5, 150);
    for (size_t i = 0; i < RATE / 2; i++) /* one that nowhere comes near zero */
        a.data[i] = 0.005F;
    struct hit h = cut_at(&a, 0.5, &p);
    assert_true(fabs(1e3 * seconds(h.attack_frame - h.start_frame) - p.fade_in_ms) < 0.1);
    for (size_t i = 22100; i < 22300; i++)
        a.data[i] = 1;
    p.max_peak_db = 1;
    h = cut_at(&a, 0.5, &p);
    double share = 200 / (double)(h.end_frame - h.start_frame);
    assert_true(share > 0.005 && share < 0.03);
    assert_true(fabs(part(&h, "clean") - (1 - 20 * share)) < 0.01);
}

/* The attack is what leads to the highest of the first 100 ms: a stroke that swells stays
 * one, and what comes later in the slice, however loud, is no part of the attack. */
static void the_attack_is_in_the_first_100_ms(void **state)
{
    struct hits_params p = usual_hits();
    static const double at_s[] = {0.5}, top_s[] = {0.085, 0.15};
    for (int late = 0; late < 2; late++) {
        OWN(audio) a;
        make(&a, 2, 1);
        strike(&a, 0.5, 0.2, 20);
        a.data[lround((0.5 + top_s[late]) * RATE)] = 0.6F;
        OWN(hit_plans) plans = plan_at(at_s, 1, &a, &p);
        struct hit h = cut_one(&a, &plans.at[0], &p);
        assert_string_equal(h.missed_by, "");
        assert_true(fabs(h.peak_db - 20 * log10(0.6)) < 0.01);
        assert_true(late ? h.attack_ms < 50 : fabs(h.attack_ms - 85) < 1);
    }
}

/* Three in a row at full scale are clipped, two are not; of all channels together. */
static void clipping_is_counted_in_runs(void **state)
{
    static const double at_s[] = {0.5};
    struct hits_params p = usual_hits();
    for (int channels = 1; channels <= 2; channels++) {
        OWN(audio) a;
        make(&a, 2, channels);
        strike(&a, 0.5, 0.99, 60);
        static const size_t first[] = {500, 600, 700, 800}, run[] = {2, 3, 2, 5};
        for (size_t k = 0; k < 4; k++)
            for (size_t i = first[k]; i < first[k] + run[k]; i++)
                for (size_t c = 0; c < (size_t)(k == 3 ? 1 : channels); c++)
                    a.data[(RATE / 2 + i) * (size_t)channels + c] = k % 2 ? -1 : 1;
        OWN(hit_plans) plans = plan_at(at_s, 1, &a, &p);
        p.clipped_share = 0;
        struct hit h = cut_one(&a, &plans.at[0], &p);
        double samples = (double)((h.end_frame - h.start_frame) * channels);
        double clipped = channels == 1 ? 8 : 11;
        p.clipped_share = (clipped + 0.5) / samples;
        h = cut_one(&a, &plans.at[0], &p);
        assert_string_equal(h.missed_by, "");
        p.clipped_share = (clipped - 0.5) / samples;
        h = cut_one(&a, &plans.at[0], &p);
        assert_non_null(strstr(h.missed_by, "clipped"));
    }
}

/* What a float recording holds beyond full scale is a hit, unless it is flat there. */
static void beyond_full_scale_is_a_hit(void **state)
{
    static const double at_s[] = {0.5};
    struct hits_params p = usual_hits();
    OWN(audio) a;
    p.clipped_share = 0.002;
    make(&a, 2, 1);
    strike(&a, 0.5, 8.0, 60);
    OWN(hit_plans) plans = plan_at(at_s, 1, &a, &p);
    assert_non_null(strstr(cut_one(&a, &plans.at[0], &p).missed_by, "clipped"));
    p.headroom = true;
    assert_string_equal(cut_one(&a, &plans.at[0], &p).missed_by, "");
    for (size_t i = 0; i < a.frames; i++)
        a.data[i] = fmaxf(-1.05f, fminf(a.data[i], 1.05f));
    assert_non_null(strstr(cut_one(&a, &plans.at[0], &p).missed_by, "clipped"));
}

static void fixed_length_is_fixed(void **state)
{
    struct hits_params p = usual_hits();
    p.fixed_length = true;
    p.fixed_length_s = 0.25;
    OWN(audio) a;
    make(&a, 2, 1);
    strike(&a, 0.5, 0.5, 300);
    strike(&a, 0.6, 0.5, 300);
    strike(&a, 1.9, 0.5, 300);
    static const double at_s[] = {0.5, 0.6, 1.9};
    OWN(hit_plans) plans = plan_at(at_s, 3, &a, &p);
    struct hit h = cut_one(&a, &plans.at[0], &p), last = cut_one(&a, &plans.at[2], &p);
    assert_true(h.start_frame < h.attack_frame);
    assert_int_equal(h.end_frame - h.start_frame, (int64_t)(0.25 * RATE));
    assert_int_equal(last.end_frame, (int64_t)a.frames);
}

/* The least length counts from the attack, the longest with what lies before it: where
 * both are the same, or the length is set, none was long enough. */
static void what_is_as_long_as_may_be_is_long_enough(void **state)
{
    static const double at_s[] = {0.5};
    OWN(audio) a;
    make(&a, 2, 1);
    strike(&a, 0.5, 0.5, 30);
    for (int way = 0; way < 3; way++) {
        struct hits_params p = usual_hits();
        p.fixed_length = way > 0;
        p.fixed_length_s = way == 1 ? p.min_length_s : 0.03;
        p.max_length_s = p.min_length_s;
        OWN(hit_plans) plans = plan_at(at_s, 1, &a, &p);
        struct hit h = cut_one(&a, &plans.at[0], &p);
        double length_s = way == 2 ? 0.03 : p.min_length_s;
        assert_int_equal(h.end_frame - h.start_frame, llround(length_s * RATE));
        assert_true(h.start_frame < h.attack_frame);
        assert_string_equal(h.missed_by, "");
    }
}

static void a_clean_lone_hit_scores_best(void **state)
{
    struct hits_params p = usual_hits();
    static const double at_s[] = {0.5};
    OWN(audio) a;
    make(&a, 2, 1);
    strike(&a, 0.5, 0.5, 150);
    OWN(hit_plans) plans = plan_at(at_s, 1, &a, &p);
    struct hit lone = cut_one(&a, &plans.at[0], &p);
    assert_true(lone.score > 0.9 && lone.score <= 1);
    floor_noise(&a, 0.1);
    struct hit noisy = cut_one(&a, &plans.at[0], &p);
    assert_true(noisy.score < lone.score - 0.15);
    struct hit note = lone;
    hits_heard(&note, 0);
    hits_heard(&lone, 1);
    assert_true(note.score < 0.2 && lone.score > 0.9);
    assert_true(part(&note, "drum") == 0 && part(&lone, "drum") == 1);
    assert_true(part(&noisy, "isolation") < part(&lone, "isolation"));
    for (size_t i = 22100; i < 22130; i++)
        a.data[i] = 1;
    p.max_peak_db = 1;
    struct hit clipped = cut_one(&a, &plans.at[0], &p);
    assert_true(part(&clipped, "clean") < part(&noisy, "clean"));
}

/* One that swells for 60 ms has less of an attack than one that is there at once, and one
 * with another inside is not clean. */
static void a_slow_or_a_double_hit_is_worth_less(void **state)
{
    struct hits_params p = usual_hits();
    static const double at_s[] = {0.5};
    struct hit h[3];
    p.backtrack = false;
    for (int k = 0; k < 3; k++) {
        OWN(audio) a;
        make(&a, 2, 1);
        strike(&a, 0.5, 0.5, 100);
        if (k == 2)
            strike(&a, 0.75, 0.5, 100);
        for (size_t i = 0; k == 1 && i < 6 * RATE / 100; i++)
            a.data[RATE / 2 + i] *=
                (float)(pow(10, 5.0 * (double)i / RATE) * (double)i / (0.06 * RATE));
        OWN(hit_plans) plans = plan_at(at_s, 1, &a, &p);
        h[k] = cut_one(&a, &plans.at[0], &p);
    }
    assert_true(h[1].attack_ms > 40 && h[1].attack_ms <= 60);
    assert_true(part(&h[0], "attack") > 0.9 && part(&h[1], "attack") < 0.5);
    assert_true(part(&h[0], "clean") > 0.9 && part(&h[2], "clean") < 0.1);
}

/* Alone in near silence, sudden and gone at once, a crackle scored 0.9 and more. What has
 * a body keeps it: a stroke of 2 ms, and a ping that rings on far below its peak. */
static void a_crackle_has_no_body(void **state)
{
    struct hits_params p = usual_hits();
    static const double at_s[] = {0.5};
    for (int samples = 1; samples <= 3; samples++)
        for (int ringing = 0; ringing < 2; ringing++) {
            OWN(audio) a;
            make(&a, 2, 1);
            if (ringing)
                strike(&a, 0.5, 0.05, 60);
            floor_noise(&a, 0.00003);
            for (int i = 0; i < samples; i++)
                a.data[(size_t)(0.5 * RATE) + (size_t)i] += i & 1 ? -0.5F : 0.5F;
            OWN(hit_plans) plans = plan_at(at_s, 1, &a, &p);
            struct hit h = cut_one(&a, &plans.at[0], &p);
            assert_string_equal(h.missed_by, "");
            assert_true(ringing ? h.score > 0.8 : h.score < 0.2);
            assert_true(part(&h, "body") == ringing);
        }
    for (int hiss = 0; hiss < 3; hiss++) { /* that of what it lies in is not its own */
        OWN(audio) a;
        make(&a, 2, 1);
        floor_noise(&a, 0.03 + 0.006 * hiss);
        a.data[RATE / 2] = 0.5F;
        OWN(hit_plans) plans = plan_at(at_s, 1, &a, &p);
        struct hit h = cut_one(&a, &plans.at[0], &p);
        assert_string_equal(h.missed_by, "");
        assert_true(part(&h, "body") < 0.01);
    }
    for (int rising = 0; rising < 2; rising++) { /* what swells to its end has one, too */
        OWN(audio) a;
        make(&a, 2, 1);
        strike(&a, 0.5, rising ? 0.01 : 0.5, rising ? -60 : 2000);
        OWN(hit_plans) plans = plan_at(at_s, 1, &a, &p);
        struct hit h = cut_one(&a, &plans.at[0], &p);
        assert_true(part(&h, "body") == 1);
    }
}

static void nonsense_is_a_near_miss(void **state)
{
    struct hits_params p = usual_hits();
    OWN(audio) a;
    make(&a, 1, 2);
    static const double at_s[] = {0, 0.2, 0.5, 0.99999, 5};
    OWN(hit_plans) plans = plan_at(at_s, 5, &a, &p);
    assert_int_equal(plans.count, 4); /* the one after the end is none */
    for (size_t i = 0; i < plans.count; i++) {
        struct hit h = cut_one(&a, &plans.at[i], &p);
        assert_true(h.missed_by[0] != 0);
    }
    for (size_t i = 0; i < a.frames * 2; i++)
        a.data[i] = i % 7 ? NAN : INFINITY;
    for (size_t i = 0; i < plans.count; i++) {
        struct hit h = cut_one(&a, &plans.at[i], &p);
        assert_true(h.missed_by[0] != 0 && isfinite(h.score) && isfinite(h.peak_db));
    }
    struct audio none = {.channels = 2, .rate_hz = RATE};
    struct hit h;
    assert_int_equal(hits_cut(&plans.at[0], &none, &p, &h, NULL), ST_OK);
    assert_true(h.missed_by[0] != 0);
}

/* A hit at the very first and the very last frames of a recording. */
static void the_edges_of_a_recording_are_no_trap(void **state)
{
    struct hits_params p = usual_hits();
    OWN(audio) a;
    make(&a, 1, 1);
    strike(&a, 0, 0.5, 100);
    strike(&a, 0.93, 0.5, 30);
    static const double at_s[] = {0, 0.93};
    OWN(hit_plans) plans = plan_at(at_s, 2, &a, &p);
    struct hit first = cut_one(&a, &plans.at[0], &p),
               last = cut_one(&a, &plans.at[1], &p);
    assert_string_equal(first.missed_by, "");
    assert_string_equal(last.missed_by, "");
    assert_true(first.start_frame >= 0 && first.attack_frame <= 8);
    assert_int_equal(last.end_frame, (int64_t)a.frames);
}

/* A plug that is pulled: an offset that steps behind the high-pass of a converter. It is
 * no kick, but told as a near-miss; a kick as deep as they come, 36 Hz and on, is one. */
static void a_thump_below_hearing_is_no_hit(void **state)
{
    static const double corners_hz[] = {2, 5, 10};
    struct hits_params p = usual_hits();
    const double at_s = 0.5;
    for (size_t k = 0; k < 5; k++) {
        OWN(audio) a;
        make(&a, 2, 1);
        floor_noise(&a, 0.0005);
        for (size_t i = RATE / 2; i < RATE * 3 / 2; i++) {
            double t = (double)(i - RATE / 2) / RATE;
            double turns = (k < 4 ? 36 : 28) * t - exp(-t * 60);
            a.data[i] += k < 3 ? (float)(0.6 * exp(-6.2832 * corners_hz[k] * t))
                               : (float)(0.6 * exp(-t * 4) * sin(6.2832 * turns));
        }
        OWN(hit_plans) plans = plan_at(&at_s, 1, &a, &p);
        struct hit h = cut_one(&a, &plans.at[0], &p);
        if (k < 3)
            assert_int_equal(strncmp(h.missed_by, "rumble below hearing is", 23), 0);
        else
            assert_string_equal(h.missed_by, "");
    }
}

/* The same behind a high-pass of 20 to 40 Hz, of one pole or two: one push, heard as a
 * thump, that does not ring. A short kick on 45 Hz does, and a hat on a push is a hat. */
static void a_push_that_does_not_ring_is_no_hit(void **state)
{
    struct hits_params p = usual_hits();
    const double at_s = 0.5;
    for (int k = 0; k < 8; k++) {
        OWN(audio) a;
        make(&a, 2, 1);
        floor_noise(&a, 0.0005);
        double corner = 6.2832 * (k < 6 ? 20 + 10 * (k / 2) : 25);
        struct rng r = rng_derive(7, 0, "hits-test-push", 0);
        for (size_t i = RATE / 2; i < RATE * 3 / 2; i++) {
            double t = (double)(i - RATE / 2) / RATE, w = corner * t / sqrt(2);
            double push = k % 2 ? exp(-corner * t) : exp(-w) * (cos(w) - sin(w));
            double kick = exp(-t * 25) * sin(6.2832 * 45 * t - 4 * exp(-t * 60) + 4);
            double hat = push + exp(-t * 60) * rng_range(&r, -1, 1);
            a.data[i] += (float)(0.3 * (k < 6 ? push : k == 6 ? kick : hat));
        }
        OWN(hit_plans) plans = plan_at(&at_s, 1, &a, &p);
        struct hit h = cut_one(&a, &plans.at[0], &p);
        if (k < 6)
            assert_int_equal(strncmp(h.missed_by, "a single push, not a hit", 24), 0);
        else
            assert_string_equal(h.missed_by, "");
    }
}

/* A push, what is left of it behind high-passes of one pole each; x: corners passed. */
static double push_of(int poles, double x)
{
    double y = 0, term = 1;
    for (int i = 0; i < poles; i++) { /* Laguerre's polynomials */
        y += term;
        term *= -x * (poles - 1 - i) / ((i + 1) * (i + 1));
    }
    return y * exp(-x);
}

/* Kicks that are deep and short are kept, and pushes that cannot be told from what they
 * stand on or from what cuts them off. With five half waves more a push is still one. */
static void what_may_be_a_stroke_is_kept(void **state)
{
    enum { KICK_45, KICK_100, ON_A_TONE, CUT_OFF, MANY_POLES, CASES };
    struct hits_params p = usual_hits();
    static const double at_s[] = {0.5, 0.57};
    for (int k = 0; k < CASES; k++) {
        OWN(audio) a;
        make(&a, 2, 1);
        floor_noise(&a, 0.0005);
        if (k == ON_A_TONE) /* 20 dB below */
            tone_add(&a, 0, 440, 0.045, 0);
        for (size_t i = RATE / 2; i < a.frames; i++) {
            double t = (double)(i - RATE / 2) / RATE;
            double x = k == KICK_45    ? exp(-t * 20) * sin(6.2832 * 45 * t)
                       : k == KICK_100 ? exp(-t * 150) * sin(6.2832 * 100 * t)
                       : k == CUT_OFF  ? push_of(1, 125 * t) * (t < 0.06)
                                       : push_of(k == MANY_POLES ? 6 : 1, 110 * t);
            a.data[i] += (float)(0.3 * x);
        }
        if (k == CUT_OFF)
            strike(&a, at_s[1], 0.3, 60);
        OWN(hit_plans) plans = plan_at(at_s, k == CUT_OFF ? 2 : 1, &a, &p);
        struct hit h = cut_one(&a, &plans.at[0], &p);
        if (k == MANY_POLES)
            assert_non_null(strstr(h.missed_by, "not a hit: 85 % in two half waves"));
        else
            assert_string_equal(h.missed_by, "");
    }
}

/* A hat, with a tone of 80 Hz: all along, or a low click that dies away with it. */
static struct audio hat_with(double under, double click, size_t *before)
{
    struct audio a = tone_blank(0.23, 1, RATE);
    struct rng r = rng_derive(3, 1, "test-hats", 0);
    double last = 0;
    *before = (size_t)(0.03 * RATE);
    for (size_t i = 0; i < a.frames; i++) {
        double t = ((double)i - (double)*before) / RATE;
        double noise = rng_range(&r, -1, 1), fall = t >= 0 ? exp(-25 * t) : 0;
        double tone = (under + click * fall) * sin(2 * PI * 80 * t);
        a.data[i] = (float)(0.3 * fall * (noise - last) + tone);
        last = noise;
    }
    return a;
}

/* Bass under a hat is told from what is in it, and only that is taken out. */
static void bass_under_a_hat_is_told(void **state)
{
    static const struct {
        double under, click;
        bool told;
    } all[] = {{0, 0, false}, {0.2, 0, true}, {0, 0.3, false}, {0.05, 0.4, false}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        size_t before, later;
        bool under;
        OWN(audio) a = hat_with(all[i].under, all[i].click, &before);
        assert_int_equal(hits_bass_under(&a, before, &under, NULL), ST_OK);
        assert_int_equal(under, all[i].told);
        if (under) {
            OWN(audio) hat = hat_with(0, 0, &later);
            double rest = 0, was = 0;
            assert_int_equal(hits_cut_bass(&a, NULL), ST_OK);
            for (size_t k = before; k + before < a.frames; k++) {
                double d = (double)a.data[k] - (double)hat.data[k];
                rest += d * d;
                was += 0.5 * all[i].under * all[i].under;
            }
            if (!(rest < 0.02 * was))
                fail_msg("%g of %g left", rest, was);
        }
    }
}
/* It does not rise by 3 dB, in the 60 ms from the attack on; and is a thousandth of what
 * sounds there. */
static void bass_under_a_hat_hardly_rises(void **state)
{
    static const struct {
        double under, first, then; /* amplitudes: before, for 20 ms, and behind */
        bool told;
    } all[] = {{0.2, 0.25, 0.25, true},       /* +1.9 dB */
               {0.2, 0.31, 0.31, false},      /* +3.8 dB */
               {0.2, 0.36, 0.2, true},        /* +5.1 dB for a third of the time */
               {0.2, 0.46, 0.2, false},       /* +7.2 dB */
               {0.02, 0.02, 0.02, true},      /* 0.003 of the whole */
               {0.007, 0.007, 0.007, false}}; /* 0.0004 */
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        OWN(audio) a = tone_blank(0.3, 1, RATE);
        size_t before = (size_t)(0.03 * RATE);
        bool under;
        for (size_t k = 0; k < a.frames; k++) {
            double t = ((double)k - (double)before) / RATE;
            double bass = t < 0 ? all[i].under : t < 0.02 ? all[i].first : all[i].then;
            double hat = t < 0 ? 0 : 0.25 * sin(2 * PI * 5000 * t);
            a.data[k] = (float)(hat + bass * sin(2 * PI * 100 * t));
        }
        assert_int_equal(hits_bass_under(&a, before, &under, NULL), ST_OK);
        assert_int_equal(under, all[i].told);
    }
}

/* A second of one tone through it: 12 dB at 300 Hz, and nothing is late. */
static void bass_is_cut_below_300_hz(void **state)
{
    static const struct {
        double hz, least_db, most_db;
    } all[] = {
        {150, -30, -20}, {300, -6.2, -5.8}, {600, -0.7, -0.4}, {2400, -0.01, 0.01}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        OWN(audio) a = tone_blank(1, 1, RATE);
        double with = 0, square = 0;
        tone_add(&a, 0, all[i].hz, 0.5, 0);
        assert_int_equal(hits_cut_bass(&a, NULL), ST_OK);
        for (size_t k = RATE / 4; k < RATE * 3 / 4; k++) {
            double now = (double)a.data[k];
            with += now * 2 * sin(2 * PI * all[i].hz * (double)k / RATE);
            square += now * now;
        }
        with /= RATE / 2; /* the amplitude of what kept its phase */
        double db = 20 * log10(with / 0.5);
        if (!(db > all[i].least_db && db < all[i].most_db))
            fail_msg("%g Hz: %g dB", all[i].hz, db);
        assert_true(square / (RATE / 2) < 1.001 * with * with / 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flam_is_one_hit),
        cmocka_unit_test(an_attack_is_looked_for_once),
        cmocka_unit_test(a_recording_shorter_than_a_hit_is_one),
        cmocka_unit_test(a_slice_runs_from_attack_to_next_attack),
        cmocka_unit_test(a_click_ends_a_hit_and_begins_none),
        cmocka_unit_test(it_ends_where_it_has_decayed),
        cmocka_unit_test(gates_say_by_how_much),
        cmocka_unit_test(a_hit_stands_out),
        cmocka_unit_test(an_end_is_no_gap),
        cmocka_unit_test(a_ringing_cymbal_is_kept_whole),
        cmocka_unit_test(starts_are_faded_and_clipping_costs),
        cmocka_unit_test(the_attack_is_in_the_first_100_ms),
        cmocka_unit_test(clipping_is_counted_in_runs),
        cmocka_unit_test(beyond_full_scale_is_a_hit),
        cmocka_unit_test(fixed_length_is_fixed),
        cmocka_unit_test(what_is_as_long_as_may_be_is_long_enough),
        cmocka_unit_test(a_clean_lone_hit_scores_best),
        cmocka_unit_test(a_slow_or_a_double_hit_is_worth_less),
        cmocka_unit_test(a_crackle_has_no_body),
        cmocka_unit_test(nonsense_is_a_near_miss),
        cmocka_unit_test(the_edges_of_a_recording_are_no_trap),
        cmocka_unit_test(a_thump_below_hearing_is_no_hit),
        cmocka_unit_test(a_push_that_does_not_ring_is_no_hit),
        cmocka_unit_test(what_may_be_a_stroke_is_kept),
        cmocka_unit_test(bass_under_a_hat_is_told),
        cmocka_unit_test(bass_under_a_hat_hardly_rises),
        cmocka_unit_test(bass_is_cut_below_300_hz),
    };
    return cmocka_run_group_tests_name("hits", tests, NULL, NULL);
}
