/* Kits: the budget, which sample goes where and under which name, and its sound. */
#define _XOPEN_SOURCE 700
#include "checks.h"
#include "core/budget.h"
#include "core/curate.h"
#include "core/kit_files.h"
#include "core/kit_plan.h"
#include "core/kit_sample.h"
#include "core/kit_slots.h"
#include "core/pi.h"
#include "core/rng.h"
#include "dsp/level.h"
#include "dsp/similarity.h"
#include "program.h"
#include "tone.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct target *tr8s(void)
{
    return target_find("tr8s");
}

static void sectors_are_rounded_per_sample(void **state)
{
    const struct target *t = tr8s();
    assert_int_equal(budget_sectors(t, 1, 1), 1);
    assert_int_equal(budget_sectors(t, 65536, 1), 1);
    assert_int_equal(budget_sectors(t, 65537, 1), 2);
    assert_int_equal(budget_sectors(t, 65536, 2), 2);
    struct budget b = {0};
    char why[96];
    for (int i = 0; i < 400; i++) {
        assert_true(budget_fits(&b, t, 1000, 1, why));
        budget_add(&b, t, 1000, 1);
    }
    assert_false(budget_fits(&b, t, 1000, 1, why));
    assert_string_equal(why, "401 of 400 files");
    struct budget c = {0};
    assert_false(budget_fits(&c, t, 181 * 44100, 1, why));
    assert_true(text_has(why, "one sample of 181.0 s"));
    assert_false(budget_fits(&c, t, 91 * 44100, 2, why));
    assert_false(budget_fits(&c, t, 180 * 44100 + 1, 1, why));
    assert_string_equal(why, "one sample of 180.1 s, at most 180 s");
    for (int i = 0; i < 4; i++)
        budget_add(&c, t, 150 * 44100, 1);
    assert_false(budget_fits(&c, t, 1, 1, why));
    assert_true(text_has(why, "600.1 of 600 s"));
    /* What fills the machine to the last fits; a short sample hides no long one. */
    struct budget full = {0}, longest = {0};
    for (int i = 0; i < 2; i++)
        budget_add(&full, t, 180 * 44100, 1);
    assert_true(budget_fits(&full, t, 180 * 44100, 1, why));
    full.sectors = 407;
    full.seconds = 540;
    assert_true(budget_fits(&full, t, 1, 1, why));
    full.sectors = 400 - 41;
    assert_true(budget_fits(&full, t, 60 * 44100, 1, why));
    budget_add(&longest, t, 181 * 44100, 1);
    budget_add(&longest, t, 44100, 1);
    assert_float_equal(longest.longest_s, 181, 1e-9);
    double sum = 0; /* what adds up to a tenth is told as that */
    for (int i = 1; i <= 1000; i++) {
        sum += 0.1;
        assert_float_equal(budget_told_s(sum), (i / 10.0), 1e-6);
    }
    /* A kit that is refused is told of every limit, not of one after the other. */
    char over[160];
    assert_false(budget_over(&b, t, over));
    for (int i = 0; i < 5; i++)
        budget_add(&b, t, 130 * 44100, 1);
    assert_true(budget_over(&b, t, over));
    assert_string_equal(over, "405 of 400 files, 659.1 of 600 s, 840 of 408 sectors");
}

/* A manifest may claim 10^12 seconds, twice: the count of sectors stays one. */
static void what_is_absurdly_long_is_just_too_long(void **state)
{
    const struct target *t = tr8s();
    const int64_t frames = INT64_C(1000000000000) * 44100;
    struct budget b = {0};
    char over[160];
    assert_int_equal(budget_sectors(t, frames, 2), INT_MAX);
    budget_add(&b, t, frames, 2);
    budget_add(&b, t, frames, 2);
    assert_int_equal(b.sectors, INT_MAX);
    assert_true(budget_over(&b, t, over));
    assert_true(text_has(over, "2147483647 of 408 sectors"));
}

static void slots_are_the_machines(void **state)
{
    static const char *const order[] = {"BD", "SD", "LT", "MT", "HT", "RS",
                                        "HC", "CH", "OH", "CC", "RC"};
    assert_int_equal(target_slots(tr8s()), 11);
    for (int i = 0; i < 11; i++)
        assert_string_equal(target_slot_name(tr8s(), i), order[i]);
    assert_null(target_find("tr9"));
}

static struct kit_item drum(const char *source, const char *hit_class, double score,
                            int n)
{
    struct kit_item i = {.wish = -1, .channels = 1, .frames = 20000, .vector = {NAN}};
    candidate_clear(&i.c);
    i.c.kind = KIND_DRUM;
    i.category = CAT_DRUMS;
    i.c.m.score = score;
    i.c.m.hit_confidence = 0.9;
    i.c.m.duration_sec = 20000 / 44100.0;
    snprintf(i.c.hit_class, sizeof i.c.hit_class, "%s", hit_class);
    snprintf(i.c.source, sizeof i.c.source, "%s", source);
    snprintf(i.c.filename, sizeof i.c.filename, "%s_drum_%03d_%s.wav", source, n,
             hit_class);
    i.id = (uint64_t)n;
    return i;
}

/* A stroke from a telephone beside its like: a little better isolated is not better. But
 * alone it is all there is, and as good for a slot as it would be at any rate. */
static void a_narrow_recording_counts_less(void **state)
{
    for (int alone = 0; alone < 2; alone++)
        for (int weak = 0; weak < 2; weak++) {
            struct kit_item item[] = {drum("phone", "snare", weak ? 0.23 : 0.95, 1),
                                      drum("desk", "snare", weak ? 0.18 : 0.9, 2)};
            for (int i = 0; i < 2; i++)
                item[i].c.m.hit_confidence = weak ? 0.4 : 0.9;
            item[0].c.source_rate_hz = 8000;
            item[1].c.source_rate_hz = 44100;
            struct kit_plan p;
            kit_plan_make(&p, tr8s(), item, alone ? 1 : 2, 400);
            long on = p.slot[target_slot(tr8s(), "SD")];
            assert_true(on >= 0);
            assert_int_equal(p.item[on].id, alone ? 1 : 2);
        }
}

/* An s in what somebody says is a fine hat to hear. It plays where nothing better does.
 */
static void hits_in_bad_company_come_last(void **state)
{
    enum { TALK, ALONE, MUSIC, ACCEPTED, RATED, WAYS };
    for (int way = 0; way < WAYS; way++) {
        struct kit_item item[] = {drum("talk", "hat_open", 0.9, 1),
                                  drum("band", "hat_open", 0.6, 2)};
        struct candidate *c = &item[0].c;
        double all = kit_worth(c, CAT_DRUMS);
        if (way != MUSIC)
            parts_add(&c->parts, "company", 0.5);
        if (way < ACCEPTED) /* halved or not: what docs/choice.md promises */
            assert_true(fabs(kit_worth(c, CAT_DRUMS) - all * (way == MUSIC ? 1 : 0.5)) <
                        1e-9);
        c->decision = way == ACCEPTED ? DECISION_ACCEPTED : DECISION_NONE;
        c->rating = way == RATED ? 5 : 0;
        struct kit_plan p;
        kit_plan_make(&p, tr8s(), item, way == ALONE ? 1 : 2, 400);
        long on = p.slot[target_slot(tr8s(), "OH")];
        assert_true(on >= 0);
        assert_int_equal(p.item[on].id, way == TALK ? 2 : 1);
    }
    /* what would be enough without the doubt is enough with it */
    struct kit_item weak = drum("talk", "hat_open", 0.2, 1);
    weak.c.m.hit_confidence = 0.5;
    parts_add(&weak.c.parts, "company", 0.5);
    assert_true(kit_worth(&weak.c, CAT_DRUMS) < 0.16);
    struct kit_plan p;
    kit_plan_make(&p, tr8s(), &weak, 1, 400);
    assert_int_equal(p.slot[target_slot(tr8s(), "OH")], 0);
}

/* What docs/choice.md promises of the worth on an instrument, and of the least. */
static void worth_is_what_is_promised(void **state)
{
    static const double sure[][2] = {{0.1, 0.15}, {0.4, 0.6}, {0.6, 0.9}, {0.8, 1}},
                        decays[][2] = {{0, 0.75}, {0.25, 0.875}, {0.5, 1}, {1, 1}},
                        alone[][2] = {{0, 0.7}, {0.25, 0.775}, {0.5, 0.85}, {1, 1}},
                        ranges[] = {0, 0.25, 0.5, 1};
    for (int i = 0; i < 4; i++) {
        struct kit_item item = drum("a", "snare", 0.8, 1);
        double all = kit_worth(&item.c, CAT_DRUMS);
        parts_add(&item.c.parts, "decay", decays[i][0]);
        assert_true(fabs(kit_worth(&item.c, CAT_DRUMS) - all * decays[i][1]) < 1e-9);
        struct kit_item dull = drum("a", "snare", 0.8, 1);
        parts_add(&dull.c.parts, "range", ranges[i]);
        assert_true(fabs(kit_worth(&dull.c, CAT_DRUMS) - all * ranges[i]) < 1e-9);
        struct kit_item buried = drum("a", "snare", 0.8, 1);
        parts_add(&buried.c.parts, "isolation", alone[i][0]);
        assert_true(fabs(kit_worth(&buried.c, CAT_DRUMS) - all * alone[i][1]) < 1e-9);
        static const char *const classes[] = {"snare", "tom_low", "tom_mid", "tom_high"};
        for (int k = 0; k < 4; k++) {
            struct kit_item note = drum("a", classes[k], 0.8, 1);
            note.c.m.hit_confidence = sure[i][0];
            assert_true(fabs(kit_worth(&note.c, CAT_DRUMS) - sqrt(0.8) * sure[i][k > 0]) <
                        1e-9);
        }
        struct kit_item named = drum("a", "snare", 0.8, 1);
        named.c.m.hit_confidence = (double)NAN;
        assert_true(fabs(kit_worth(&named.c, CAT_DRUMS) - sqrt(0.8)) < 1e-9);
        named.c.source_rate_hz = 8000;
        double narrow = 0.75 * sqrt(0.8);
        assert_true(fabs(kit_worth(&named.c, CAT_DRUMS) - narrow) < 1e-9);
        named.c.rating = 5;
        assert_true(fabs(kit_worth(&named.c, CAT_DRUMS) - (narrow + 1) / 2) < 1e-9);
        item.c.decision = DECISION_REJECTED;
        assert_true(kit_worth(&item.c, CAT_DRUMS) == 0);
    }
    int filled = 0;
    for (int i = 0; i <= 40; i++) {
        struct kit_item item = drum("a", "snare", i / 40.0, 1);
        item.c.m.hit_confidence = 0.33;
        struct kit_plan p;
        kit_plan_make(&p, tr8s(), &item, 1, 400);
        bool enough = kit_worth(&item.c, CAT_DRUMS) > 0.16;
        assert_int_equal(p.slot[target_slot(tr8s(), "SD")], enough ? 0 : -1);
        filled += enough;
    }
    assert_in_range(filled, 20, 39); /* both were seen */
}

/* What is struck but nobody can name is an extra, however good. */
static void what_has_no_class_plays_no_instrument(void **state)
{
    struct kit_item item = drum("a", "", 0.95, 2);
    struct kit_plan p;
    kit_plan_make(&p, tr8s(), &item, 1, 400);
    assert_int_equal(kit_plan_filled(&p), 0);
    assert_string_equal(item.name, "PRC01_a_002");
}

/* The number of a hit tells it from others of its recording; a one-shot has none, and
 * more of its name is read instead. */
static void one_shots_have_no_number(void **state)
{
    struct kit_item item[] = {
        drum("heavy-kick-in-b", "kick", 0.9, 1), drum("tape", "snare", 0.9, 1),
        drum("tape", "hat_closed", 0.9, 2), drum("jam", "clap", 0.9, 2)};
    static const char *const names[] = {"BD_heavy-kick-in", "SD_tape_001", "HC_jam_002",
                                        "CH_tape_002"};
    struct kit_plan p;
    kit_plan_make(&p, tr8s(), item, 4, 400);
    for (int i = 0; i < 4; i++)
        assert_string_equal(p.item[i].name, names[i]);
}

static struct kit_item texture(enum kind kind, int n)
{
    struct kit_item i = drum("tape", "", 0.5, n);
    i.c.kind = kind;
    i.category = kind_category(kind);
    strcpy(i.c.brightness, "dark");
    return i;
}

/* Instruments in the machine's order, then the extras by what they are, the better first;
 * what has no room comes behind them, and has no name. */
static void a_kit_has_an_order(void **state)
{
    static const char *const names[] = {"BD_a_004",   "SD_a_002",    "PAD01_dark",
                                        "PAD02_dark", "DRN01_dark",  "SWL01_dark",
                                        "CLD01_dark", "HIS01_dark",  "FLK01_dark",
                                        "TEX01_dark", "KCK01_b_003", ""};
    static const int ids[] = {4, 2, 11, 12, 10, 9, 8, 7, 6, 5, 3, 1};
    struct kit_item item[] = {
        texture(KIND_PAD, 1),       drum("a", "snare", 0.9, 2), drum("b", "kick", 0.1, 3),
        drum("a", "kick", 0.9, 4),  texture(KIND_SILENCE, 5),   texture(KIND_FLICKER, 6),
        texture(KIND_HISS_LOOP, 7), texture(KIND_CLOUD, 8),     texture(KIND_SWELL, 9),
        texture(KIND_DRONE, 10),    texture(KIND_PAD, 11),      texture(KIND_PAD, 12)};
    enum { N = sizeof item / sizeof *item };
    item[0].frames = 181 * 44100;
    item[2].c.m.hit_confidence = 0;
    item[11].c.m.score = 0.4;
    struct kit_plan p;
    kit_plan_make(&p, tr8s(), item, N, 400);
    for (int i = 0; i < N; i++) {
        assert_string_equal(p.item[i].name, names[i]);
        assert_int_equal(p.item[i].id, ids[i]);
    }
}

/* Extras that are full take no hit off an instrument. */
static void extras_are_counted_without_instruments(void **state)
{
    struct kit_item item[] = {texture(KIND_PAD, 1), texture(KIND_PAD, 2),
                              drum("a", "kick", 0.9, 3)};
    item[0].c.decision = item[1].c.decision = DECISION_ACCEPTED;
    struct kit_plan p;
    kit_plan_make(&p, tr8s(), item, 3, 1);
    assert_int_equal(p.left_out, 1);
    assert_int_equal(p.item[0].id, 3);
    assert_true(p.item[0].in && p.item[1].in && !p.item[2].in);
}

static void each_slot_gets_its_best(void **state)
{
    struct kit_item item[] = {
        drum("a", "kick", 0.5, 1),     drum("a", "kick", 0.9, 2),
        drum("a", "snare", 0.8, 3),    drum("a", "hat_closed", 0.7, 4),
        drum("a", "hat_open", 0.7, 5), drum("a", "tom_low", 0.7, 6),
        drum("a", "crash", 0.7, 7),    drum("a", "clap", 0.7, 8),
        drum("a", "ride", 0.6, 9),     drum("a", "rim", 0.6, 10),
    };
    item[0].wish = target_slot(tr8s(), "HT"); /* the user's word counts */
    struct kit_plan p;
    kit_plan_make(&p, tr8s(), item, 10, 400);
    static const struct {
        const char *slot;
        uint64_t id;
    } want[] = {{"BD", 2}, {"SD", 3}, {"CH", 4}, {"OH", 5},  {"LT", 6},
                {"CC", 7}, {"HC", 8}, {"RC", 9}, {"RS", 10}, {"HT", 1}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        long on = p.slot[target_slot(tr8s(), want[i].slot)];
        assert_true(on >= 0);
        assert_int_equal(p.item[on].id, want[i].id);
        assert_int_equal(strncmp(p.item[on].name, want[i].slot, 2), 0);
    }
    assert_int_equal(p.left_out, 0);
}

static void alike_sounds_do_not_share_a_kit(void **state)
{
    struct kit_item item[] = {drum("a", "tom_mid", 0.95, 1),
                              drum("a", "tom_mid", 0.94, 2),
                              drum("a", "tom_low", 0.5, 3)};
    item[0].c.cluster = item[1].c.cluster = 4;
    struct kit_plan p;
    kit_plan_make(&p, tr8s(), item, 3, 400);
    int on_slots = 0;
    for (size_t i = 0; i < 3; i++)
        on_slots += p.item[i].slot >= 0 && p.item[i].c.cluster == 4;
    assert_true(p.slot[target_slot(tr8s(), "LT")] >= 0);
    assert_int_equal(p.item[p.slot[target_slot(tr8s(), "LT")]].id, 3);
    assert_true(on_slots >= 1);
}

/* Of a copy of what plays a quarter is left, whatever either is taken for; of what is
 * half as far from it as from a stranger five eighths, if it is of the same class. */
static void likeness_costs_what_it_costs(void **state)
{
    static const struct {
        const char *hit_class;
        int cluster;
        double apart, worth, other; /* of the hit, and of what is like nothing */
        bool first;
    } all[] = {
        {"tom_low", 4, 9, 0.9, 0.22, true},   {"tom_low", 4, 9, 0.9, 0.23, false},
        {"tom_low", 0, 0, 0.9, 0.22, true},   {"tom_low", 0, 0, 0.9, 0.23, false},
        {"tom_mid", 0, 1.4, 0.8, 0.49, true}, {"tom_mid", 0, 1.4, 0.8, 0.51, false},
        {"tom_mid", 0, 2.8, 0.8, 0.79, true}, {"tom_mid", 0, 5, 0.8, 0.81, false},
        {"tom_low", 0, 1.4, 0.8, 0.79, true}, {"tom_low", 5, 2.8, 0.8, 0.79, true},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct kit_item item[] = {drum("a", "tom_mid", 0.95, 1),
                                  drum("a", all[i].hit_class, 0.9, 2),
                                  drum("a", all[i].hit_class, 0.9, 3)};
        float vector[2][SIMILARITY_DIM] = {{0}, {0}};
        vector[1][20] = 1;
        vector[1][20] = (float)(all[i].apart / similarity_distance(vector[0], vector[1]));
        assert_int_equal(similarity_duplicate(vector[0], vector[1]), all[i].apart == 0);
        item[0].c.cluster = 4;
        item[1].c.cluster = all[i].cluster;
        struct kit_hit hit[] = {{&item[0].c, vector[0], 0.95, -1},
                                {&item[1].c, vector[1], all[i].worth, -1},
                                {&item[2].c, NULL, all[i].other, -1}};
        kit_slots_fill(tr8s(), hit, 3);
        assert_int_equal(hit[0].slot, target_slot(tr8s(), "MT"));
        assert_int_equal(hit[all[i].first ? 1 : 2].slot, target_slot(tr8s(), "LT"));
    }
}

/* Also on the first slot; of two on one the first stays. */
static void what_is_on_a_slot_stays(void **state)
{
    struct kit_item item[] = {drum("a", "crash", 0.3, 1), drum("a", "snare", 0.9, 2),
                              drum("a", "kick", 0.9, 3)};
    struct kit_hit hit[] = {{&item[0].c, NULL, 0.3, 0},
                            {&item[1].c, NULL, 0.9, 0},
                            {&item[2].c, NULL, 0.9, -1}};
    kit_slots_fill(tr8s(), hit, 3);
    assert_int_equal(hit[0].slot, target_slot(tr8s(), "BD"));
    assert_int_equal(hit[1].slot, target_slot(tr8s(), "SD"));
    assert_int_equal(hit[2].slot, target_slot(tr8s(), "LT"));
}

static long on_slot(const struct kit_plan *p, const char *slot)
{
    return p->slot[target_slot(tr8s(), slot)];
}

/* Relatives stand in where nothing fits better, and say so; nothing is forced. */
static void relatives_stand_in(void **state)
{
    struct kit_item item[] = {
        drum("a", "kick", 0.9, 1),  drum("a", "kick", 0.8, 2),
        drum("a", "snare", 0.9, 3), drum("a", "hat_closed", 0.9, 4),
        drum("a", "ride", 0.01, 5),
    };
    item[4].c.m.hit_confidence = 0.1;
    item[4].c.m.duration_sec = 0.05; /* a tick of what might be a ride */
    struct kit_plan p;
    kit_plan_make(&p, tr8s(), item, 5, 400);
    assert_int_equal(p.item[on_slot(&p, "BD")].id, 1);
    assert_false(p.item[on_slot(&p, "BD")].stands_in);
    assert_int_equal(p.item[on_slot(&p, "LT")].id, 2);
    assert_true(p.item[on_slot(&p, "LT")].stands_in);
    assert_int_equal(on_slot(&p, "RC"), -1);
    assert_int_equal(on_slot(&p, "CC"), -1);
    assert_int_equal(kit_plan_filled(&p), 4);
}

/* A clean short crash is no crash; sure beats loud. */
static void whole_and_sure_hits_come_first(void **state)
{
    struct kit_item item[] = {drum("a", "crash", 0.8, 1), drum("a", "crash", 0.7, 2),
                              drum("a", "hat_closed", 0.8, 3),
                              drum("a", "hat_closed", 0.6, 4)};
    item[0].c.m.duration_sec = 0.1;
    item[1].c.m.duration_sec = 1.2;
    item[2].c.m.hit_confidence = 0.35;
    struct kit_plan p;
    kit_plan_make(&p, tr8s(), item, 4, 400);
    assert_int_equal(p.item[on_slot(&p, "CC")].id, 2);
    assert_int_equal(p.item[on_slot(&p, "CH")].id, 4);
}

/* What is a fifth as long as its class needs, or less, is a tick; unless it was cut so.
 */
static void a_tick_of_a_crash_plays_nothing(void **state)
{
    static const double seconds[] = {0.1, 0.16, 0.3, 0.1, 0.1};
    for (int i = 0; i < 5; i++) {
        struct kit_item item = drum("a", "crash", 0.8, 1);
        item.c.m.duration_sec = seconds[i];
        item.c.m.score = i == 3 ? (double)NAN : 0.8;
        item.c.decision = i == 4 ? DECISION_ACCEPTED : DECISION_NONE;
        struct kit_plan p;
        kit_plan_make(&p, tr8s(), &item, 1, 400);
        assert_int_equal(on_slot(&p, "CC"), i < 2 ? -1 : 0);
        assert_int_equal(on_slot(&p, "RC"), -1);
        assert_int_equal(p.budget.files, 1);
    }
}

/* Rather the machine's own sound than a bass note; unless somebody said so. */
static void notes_are_no_drums(void **state)
{
    struct kit_item item[] = {drum("a", "kick", 0.5, 1), drum("a", "crash", 0.5, 2),
                              drum("a", "snare", 0.6, 3)};
    item[0].c.m.hit_confidence = item[1].c.m.hit_confidence = 0.05;
    item[1].c.decision = DECISION_ACCEPTED;
    struct kit_plan p;
    kit_plan_make(&p, tr8s(), item, 3, 400);
    assert_int_equal(on_slot(&p, "BD"), -1);
    assert_int_equal(p.item[on_slot(&p, "CC")].id, 2);
    assert_int_equal(p.item[on_slot(&p, "SD")].id, 3);
}

/* What is told a drum, but rather is another sound, plays where it is a fine one. */
static void the_less_sure_must_be_the_better(void **state)
{
    static const struct {
        double confidence, score;
        bool plays;
    } all[] = {{0.2, 0.25, false},
               {0.2, 0.9, true},
               {0.45, 0.2, true},
               {0.1, 0.9, false},
               {(double)NAN, 0.2, true}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct kit_item item = drum("a", "tom_mid", all[i].score, 1);
        item.c.m.hit_confidence = all[i].confidence;
        struct kit_plan p;
        kit_plan_make(&p, tr8s(), &item, 1, 400);
        if ((on_slot(&p, "MT") == 0) != all[i].plays)
            fail_msg("%zu", i);
    }
}

/* A hat without treble is none to the ear, however sure the classifier is; one that is
 * half as bright as hats are comes behind one that is, and plays where there is none. */
static void an_instrument_sounds_where_it_should(void **state)
{
    for (int way = 0; way < 4; way++) {
        struct kit_item item[] = {drum("a", "hat_closed", 0.6, 1),
                                  drum("b", "hat_closed", 0.5, 2)};
        parts_add(&item[0].c.parts, "range", way < 2 ? 0 : 0.5);
        item[0].c.decision = way == 1 ? DECISION_ACCEPTED : DECISION_NONE;
        struct kit_plan p;
        kit_plan_make(&p, tr8s(), item, way == 3 ? 2 : 1, 400);
        if (way == 0)
            assert_int_equal(on_slot(&p, "CH"), -1);
        else
            assert_int_equal(p.item[on_slot(&p, "CH")].id, way == 3 ? 2 : 1);
    }
}

/* Of two that are surely kicks the instrument has the one that sounds better. */
static void an_instrument_sounds_well(void **state)
{
    struct kit_item two[] = {drum("a", "kick", 0.5, 1), drum("b", "kick", 0.7, 2)};
    two[0].c.m.hit_confidence = 0.95;
    two[1].c.m.hit_confidence = 0.85;
    struct kit_plan p;
    kit_plan_make(&p, tr8s(), two, 2, 400);
    assert_int_equal(p.item[on_slot(&p, "BD")].id, 2);
}

/* Of two that are nearly as good the instrument has the one with less under it, and none
 * that is hardly more than what sounds before it. What was accepted is not asked. */
static void an_instrument_stands_out(void **state)
{
    for (int accepted = 0; accepted < 2; accepted++) {
        struct kit_item two[] = {drum("a", "kick", 0.66, 1), drum("b", "kick", 0.6, 2)};
        struct kit_item weak = drum("a", "snare", 0.3, 3);
        weak.c.m.hit_confidence = 0.35;
        parts_add(&two[0].c.parts, "isolation", 0.2);
        parts_add(&two[1].c.parts, "isolation", 0.8);
        struct kit_plan p;
        kit_plan_make(&p, tr8s(), &weak, 1, 400);
        assert_int_equal(on_slot(&p, "SD"), 0);
        parts_add(&weak.c.parts, "isolation", 0.1);
        if (accepted)
            two[0].c.decision = two[1].c.decision = weak.c.decision = DECISION_ACCEPTED;
        kit_plan_make(&p, tr8s(), two, 2, 400);
        assert_int_equal(p.item[on_slot(&p, "BD")].id, accepted ? 1 : 2);
        kit_plan_make(&p, tr8s(), &weak, 1, 400);
        assert_int_equal(on_slot(&p, "SD"), accepted ? 0 : -1);
    }
}

/* Of two that are nearly as good the instrument has the one that rings out;
 * but one that is cut off is better than none, and what somebody
 * accepted is not asked how it ends. */
static void an_instrument_rings_out(void **state)
{
    struct kit_item two[] = {drum("a", "ride", 0.66, 1), drum("b", "ride", 0.6, 2)};
    parts_add(&two[0].c.parts, "decay", 0.1);
    parts_add(&two[1].c.parts, "decay", 0.45);
    struct kit_plan p;
    kit_plan_make(&p, tr8s(), two, 2, 400);
    assert_int_equal(p.item[on_slot(&p, "RC")].id, 2);
    struct kit_item one[] = {drum("a", "hat_open", 0.15, 1)};
    one[0].c.m.hit_confidence = 0.5;
    one[0].c.m.duration_sec = 0.06;
    parts_add(&one[0].c.parts, "decay", 0);
    kit_plan_make(&p, tr8s(), one, 1, 400);
    assert_true(kit_worth(&one[0].c, CAT_DRUMS) < 0.16);
    assert_int_equal(on_slot(&p, "OH"), 0);
    struct kit_item said[] = {drum("a", "ride", 0.66, 1), drum("b", "ride", 0.6, 2)};
    said[0].c.decision = said[1].c.decision = DECISION_ACCEPTED;
    parts_add(&said[0].c.parts, "decay", 0.1);
    parts_add(&said[1].c.parts, "decay", 0.45);
    kit_plan_make(&p, tr8s(), said, 2, 400);
    assert_int_equal(p.item[on_slot(&p, "RC")].id, 1);
}

/* What was accepted comes before what is a little better, and weak ones count half. */
static void the_users_word_weighs(void **state)
{
    struct kit_item two[] = {drum("a", "kick", 0.6, 1), drum("a", "kick", 0.55, 2)};
    struct kit_plan p;
    kit_plan_make(&p, tr8s(), two, 2, 400);
    assert_int_equal(p.item[on_slot(&p, "BD")].id, 1);
    struct kit_item again[] = {drum("a", "kick", 0.6, 1), drum("a", "kick", 0.55, 2)};
    again[1].c.decision = DECISION_ACCEPTED;
    kit_plan_make(&p, tr8s(), again, 2, 400);
    assert_int_equal(p.item[on_slot(&p, "BD")].id, 2);
    struct kit_item weak = drum("a", "kick", 0, 3);
    weak.c.grade = 'F';
    weak.c.m.hit_confidence = 0;
    weak.c.m.duration_sec = 0.01;
    assert_true(kit_worth(&weak.c, CAT_DRUMS) == 0);
    weak.c.decision = DECISION_ACCEPTED;
    assert_true(fabs(kit_worth(&weak.c, CAT_DRUMS) - 0.5 * 1.15) < 1e-12);
    weak.c.decision = DECISION_REJECTED;
    assert_true(kit_worth(&weak.c, CAT_DRUMS) == 0);
}

/* A slot takes what is among the drums, whatever it was made as. */
static void the_users_category_counts(void **state)
{
    struct kit_item two[] = {drum("a", "kick", 0.9, 1), drum("a", "kick", 0.6, 2)};
    two[0].category = CAT_CLOUDS; /* moved away */
    two[1].c.kind = KIND_SWELL;   /* moved here */
    struct kit_plan p;
    kit_plan_make(&p, tr8s(), two, 2, 400);
    assert_int_equal(p.item[on_slot(&p, "BD")].id, 2);
}

static void what_does_not_fit_is_left_out_in_order(void **state)
{
    enum { N = 420 };
    FREED struct kit_item *item = calloc(N, sizeof *item);
    for (int i = 0; i < N; i++) {
        item[i] = drum("tape", "perc", i / (double)N, i + 1);
        item[i].c.decision = i < 30 ? DECISION_ACCEPTED : DECISION_NONE;
    }
    struct kit_plan p;
    kit_plan_make(&p, tr8s(), item, N, 400);
    assert_int_equal(p.budget.files, 400);
    assert_int_equal(p.left_out, 20);
    for (int i = 0; i < N; i++) {
        /* the accepted are in although their scores are the lowest */
        bool low = p.item[i].c.m.score < 50 / (double)N && p.item[i].id > 30;
        assert_int_equal(p.item[i].in, !low);
        if (!p.item[i].in)
            assert_true(text_has(p.item[i].why_out, "401 of 400 files"));
    }
    assert_int_equal(p.item[127].folder, 0);
    assert_int_equal(p.item[128].folder, 1);
    assert_int_equal(p.item[399].folder, 3);
    /* each folder is imported for itself */
    OWN(text) sheet = {0};
    FREED struct kit_written *written = calloc(N, sizeof *written);
    kit_assign_sheet(&sheet, &p, "BUS", written);
    assert_true(text_has(sheet.at, "FOLDER, choose BUS,\n"));
    for (int i = 2; i <= 5; i++) {
        FREED const char *line = text_of("Then the same with BUS_%d.\n", i);
        assert_int_equal(text_has(sheet.at, line), i <= 4);
    }
}

/* However much was accepted: an instrument that somebody chose a sample for has it. */
static void instruments_come_before_extras(void **state)
{
    enum { N = 410 };
    FREED struct kit_item *item = calloc(N, sizeof *item);
    for (int i = 0; i < N; i++) {
        item[i] = drum("tape", "perc", 0.5, i + 1);
        item[i].c.decision = i > 0 ? DECISION_ACCEPTED : DECISION_NONE;
    }
    item[0].wish = target_slot(tr8s(), "MT");
    item[0].c.m.score = 0.01;
    struct kit_plan p;
    kit_plan_make(&p, tr8s(), item, N, 400);
    assert_int_equal(p.left_out, 10);
    long at = on_slot(&p, "MT");
    assert_true(at >= 0);
    assert_int_equal(p.item[at].id, 1);
}

/* No more extras than are asked for; what the machine has no room for plays no
 * instrument; and what the user put on one stands in for nothing. */
static void what_stays_out_is_on_no_instrument(void **state)
{
    struct kit_item item[7];
    struct kit_plan p;
    int bd = target_slot(tr8s(), "BD"), rs = target_slot(tr8s(), "RS");
    for (int i = 0; i < 7; i++) {
        item[i] = drum("tape", "clap", 0.9 - 0.1 * i, i + 1);
        item[i].c.kind = i < 2 ? KIND_DRUM : KIND_PAD;
        item[i].category = i < 2 ? CAT_DRUMS : CAT_PADS;
    }
    item[0].wish = bd;
    item[0].frames = 181 * 44100;
    item[1].wish = rs;
    kit_plan_make(&p, tr8s(), item, 7, 2);
    assert_int_equal(p.budget.files, 3);
    assert_int_equal(p.left_out, 4);
    assert_int_equal(p.slot[bd], -1);
    assert_int_equal(p.item[p.slot[rs]].id, 2);
    assert_false(p.item[p.slot[rs]].stands_in);
    for (size_t i = 3; i < 7; i++) {
        assert_int_equal(p.item[i].slot, -1);
        if (p.item[i].id != 1)
            assert_string_equal(p.item[i].why_out, "more than 2 extras");
    }
}

static void names_are_safe_and_unique(void **state)
{
    FREED char *long_name = calloc(1, 301);
    memset(long_name, 'x', 90);
    const char *const hostile[] = {"\xf0\x9f\xa5\x81 drums",
                                   "..",
                                   "\"quoted\"",
                                   "a/b\\c",
                                   long_name,
                                   "SAME",
                                   "same",
                                   "",
                                   "-dash",
                                   "caf\xc3\xa9"};
    enum { EACH = 20, SOURCES = sizeof hostile / sizeof *hostile, N = EACH * SOURCES };
    FREED struct kit_item *item = calloc(N, sizeof *item);
    static const char *const classes[] = {"kick", "snare", "hat_closed", "perc"};
    for (int i = 0; i < N; i++)
        item[i] = drum(hostile[i % SOURCES], classes[i % 4], 0.5, i / SOURCES + 1);
    struct kit_plan p;
    kit_plan_make(&p, tr8s(), item, N, 400);
    for (int i = 0; i < N; i++) {
        size_t n = strlen(p.item[i].name);
        assert_true(n >= 2 && n <= 16);
        for (size_t k = 0; k < n; k++)
            assert_true(isalnum((unsigned char)p.item[i].name[k]) ||
                        strchr("_-", p.item[i].name[k]));
        for (int k = 0; k < i; k++)
            assert_int_not_equal(strcasecmp(p.item[i].name, p.item[k].name), 0);
    }
}

static void one_shots_keep_their_names(void **state)
{
    static const char *const want[][2] = {
        {"BD_01", "BD_01"},
        {"bd haus", "BD_haus"},
        {"Kick 3", "BD_Kick_3"},
        {"PearlKick-Hardest_7", "BD_PearlKick-H_7"},
        {"BDX", "BD_BDX"},
        {"BD", "BD_BD"},
        {"shot 042 of a long night", "BD_shot_042_of_a"},
        {"a long night's shot 042", "BD_a_long_ni_042"}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        struct kit_item item = drum(want[i][0], "kick", 0.5, 1);
        struct kit_plan p;
        snprintf(item.c.filename, sizeof item.c.filename, "%s.wav", want[i][0]);
        kit_plan_make(&p, tr8s(), &item, 1, 400);
        assert_string_equal(item.name, want[i][1]);
    }
}

/* A recording found below other folders is called after those first; a kit has room for
 * the recording only. */
static void finds_are_called_after_their_recording(void **state)
{
    static const struct {
        const char *path, *source, *name;
    } told[] = {{"tapes/1994/EE_Kick.flac", "tapes_1994_EE_Kick", "BD_EE_Kick_007"},
                {"/far/away/x.y.wav", "x.y", "BD_x_y_007"},
                {"Probe 12.wav", "Probe 12", "BD_Probe_12_007"},
                {"nightbus-live.wav", "nightbus-live", "BD_nightbus_007"}};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        struct kit_item item = drum("a", "kick", 0.5, 1);
        struct kit_plan p;
        snprintf(item.c.source_path, sizeof item.c.source_path, "%s", told[i].path);
        snprintf(item.c.source, sizeof item.c.source, "%s", told[i].source);
        snprintf(item.c.filename, sizeof item.c.filename, "%s_drum_007_kick.wav",
                 told[i].source);
        kit_plan_make(&p, tr8s(), &item, 1, 400);
        assert_string_equal(item.name, told[i].name);
    }
}

/* --- the sound --- */

/* A hit after `quiet_ms` of something at `tail` of its level, rising in `rise_ms`. */
static void make_hit(struct audio *a, double quiet_ms, double tail, double rise_ms,
                     double level, struct rng *r)
{
    size_t quiet = (size_t)(quiet_ms * 44.1), n = quiet + 8000;
    double step = 2 * PI * (60 + 400 * rng_uniform(r)) / 44100;
    assert_int_equal(audio_init(a, n, 1, 44100, NULL), ST_OK);
    for (size_t i = 0; i < n; i++) {
        double t = i < quiet ? 0 : (double)(i - quiet) / 44.1;
        double gain = i < quiet ? tail : fmin(1, t / rise_ms) * exp(-t / 200);
        a->data[i] = (float)(level * gain * cos(step * (double)i));
    }
}

static void every_hit_starts_at_its_attack(void **state)
{
    struct rng r = rng_derive(7, 0, "kit attack", 0);
    for (int i = 0; i < 400; i++) {
        struct kit_item item = drum("a", "kick", 0.5, i + 1);
        OWN(audio) a;
        double gain, level = pow(10, -2.5 * rng_uniform(&r));
        make_hit(&a, 30 * rng_uniform(&r), i % 2 ? 0.06 : 0.105,
                 0.05 + 20 * rng_uniform(&r), level, &r);
        assert_int_equal(kit_sample_prepare(&a, &item, tr8s(), -1, 3, &gain, NULL),
                         ST_OK);
        size_t first = 0;
        while (fabs((double)a.data[first]) < 0.1 * level_peak(&a))
            first++;
        assert_true(first <= 44);
        /* no step at either end beside the loudest sample */
        assert_true(fabs((double)a.data[0]) < 0.01);
        assert_true(fabs((double)a.data[a.frames - 1]) < 2.5 / 32768);
        assert_true(fabs(level_to_db(level_true_peak(&a, false)) + 1) < 0.05);
        assert_true(fabs(level_from_db(gain) * level * 0.9 - 0.89) < 0.2);
    }
}

/* Nor is what a sample lies on: a converter's zero. */
static void an_offset_is_no_sound(void **state)
{
    struct rng r = rng_derive(7, 0, "kit offset", 0);
    for (int i = 0; i < 40; i++) {
        struct kit_item item = drum("a", "kick", 0.5, i + 1);
        OWN(audio) a;
        double gain, offset = rng_range(&r, 0.03, 0.15);
        make_hit(&a, 40, 0, 0.5, 0.3, &r);
        for (size_t k = 0; k < a.frames; k++)
            a.data[k] = a.data[k] * expf(-3e-3F * (float)k) + (float)offset;
        assert_int_equal(kit_sample_prepare(&a, &item, tr8s(), -1, 3, &gain, NULL),
                         ST_OK);
        size_t first = 0, last = a.frames - 1000;
        while (fabs((double)a.data[first]) < 0.1 * level_peak(&a))
            first++;
        assert_true(first <= 44);
        assert_true(fabs(level_mean(&a, 0, last - 3000, last)) < 0.02);
    }
    struct kit_item item = drum("a", "kick", 0.5, 1);
    double gain;
    OWN(audio) still = tone_frames(4410, 1, 44100);
    for (size_t k = 0; k < still.frames; k++)
        still.data[k] = 0.5F;
    assert_int_equal(kit_sample_prepare(&still, &item, tr8s(), -1, 3, &gain, NULL),
                     ST_EMPTY);
}

/* What is no number is silence, and no attack. */
static void the_attack_is_no_damage(void **state)
{
    for (int k = 0; k < 3; k++) {
        static const float broken[] = {(float)NAN, (float)INFINITY, -(float)INFINITY};
        struct kit_item item = drum("a", "kick", 0.5, 1);
        struct rng r = rng_derive(9, 0, "kit damage", 0);
        OWN(audio) a;
        double gain;
        make_hit(&a, 20, 0, 1, 0.3, &r);
        a.data[200] = broken[k];
        assert_int_equal(kit_sample_prepare(&a, &item, tr8s(), -1, 3, &gain, NULL),
                         ST_OK);
        size_t first = 0;
        while (fabs((double)a.data[first]) < 0.1)
            first++;
        assert_true(first <= 44);
        assert_true(fabs(level_to_db(level_true_peak(&a, false)) + 1) < 0.05);
    }
}

/* What the kit screen shows as a slot's trim, up to full scale. */
static void a_trim_is_heard_on_the_machine(void **state)
{
    static const double trims[][2] = {
        {0, -1}, {-6, -7}, {-20.5, -21.5}, {0.5, -0.5}, {6, 0}};
    for (size_t i = 0; i < sizeof trims / sizeof *trims; i++) {
        struct kit_item item = drum("a", "kick", 0.5, 1);
        struct rng r = rng_derive(8, 0, "kit trim", 0);
        OWN(audio) a;
        double gain;
        make_hit(&a, 10, 0.06, 5, 0.3, &r);
        item.trim_db = trims[i][0];
        double before = level_peak(&a);
        assert_int_equal(kit_sample_prepare(&a, &item, tr8s(), -1, 3, &gain, NULL),
                         ST_OK);
        double peak_db = level_to_db(level_true_peak(&a, false));
        assert_true(fabs(peak_db - trims[i][1]) < 0.05);
        assert_true(fabs(level_to_db(level_peak(&a) / before) - gain) < 0.05);
    }
}

/* The machine plays a loop once, from its first sample to its last. */
static void loops_do_not_click(void **state)
{
    struct kit_item item = {.wish = -1, .slot = -1, .channels = 1, .vector = {NAN}};
    double gain;
    enum { FRAMES = 44100, PERIOD = 100 };
    candidate_clear(&item.c);
    item.c.kind = KIND_PAD;
    item.c.m.loop_start = 0;
    item.c.m.loop_end = FRAMES;
    OWN(audio) a = tone_frames(FRAMES, 1, 44100);
    for (int i = 0; i < FRAMES; i++)
        a.data[i] = (float)(0.5 * cos(2 * PI * i / PERIOD));
    assert_int_equal(kit_sample_prepare(&a, &item, tr8s(), -1, 3, &gain, NULL), ST_OK);
    assert_int_equal(a.frames, FRAMES);
    assert_true(fabs((double)a.data[0]) < 2.5 / 32768);
    assert_true(fabs((double)a.data[FRAMES - 1]) < 2.5 / 32768);
    for (int i = 100; i < FRAMES - 500; i++) /* and nothing else is touched */
        assert_true(fabs((double)a.data[i] - 0.8913 * cos(2 * PI * i / PERIOD)) < 2e-3);
}

/* A sample whose channels are each other upside down is heard in mono, too: not what
 * rounding left of the sum. A wide one is the mean of its channels as ever. */
static void opposite_channels_do_not_cancel(void **state)
{
    static const double right[] = {-1, -1, -0.7}, both[] = {0, 0.012, 0};
    for (int k = 0; k < 3; k++) {
        bool wide = k == 2;
        struct kit_item item = {.wish = -1, .slot = -1, .channels = 1, .vector = {NAN}};
        double gain, like = 0, all = 0, whole = 0;
        candidate_clear(&item.c);
        item.c.kind = KIND_PAD;
        OWN(audio) a = tone_frames(44100, 2, 44100);
        for (int i = 0; i < 44100; i++) {
            double x = 0.4 * sin(0.06 * i), y = wide * 0.2 * sin(0.1 * i);
            double alike = both[k] * sin(0.3 * i);
            a.data[2 * i] = (float)(rint(32768 * x) / 32768 + alike);
            a.data[2 * i + 1] =
                (float)((rint(32768 * right[k] * x) + i % 2) / 32768 + y + alike);
        }
        assert_int_equal(kit_sample_prepare(&a, &item, tr8s(), -1, 3, &gain, NULL),
                         ST_OK);
        assert_int_equal(a.channels, 1);
        for (int i = 1000; i < 43000; i++) {
            double x = 0.4 * sin(0.06 * i), y = wide * 0.2 * sin(0.1 * i);
            double want = wide ? (1 + right[k]) * x + y : x;
            like += want * (double)a.data[i];
            all += (double)a.data[i] * (double)a.data[i];
            whole += want * want;
        }
        assert_true(like / sqrt(all * whole) > 0.9999);
    }
}

static void names_lose_their_accents_only(void **state)
{
    static const struct {
        const char *rest, *name;
    } told[] = {{"K\xc3\xbc"
                 "che_003",
                 "BD_Kuche_003"}, /* ü in one */
                {"Ku\xcc\x88"
                 "che_003",
                 "BD_Kuche_003"},                          /* and in two */
                {"\xc3\x85ngstr\xc3\xb6m", "BD_Angstrom"}, /* a capital */
                {"stra\xc3\x9f"
                 "e",
                 "BD_strasse"}, /* two letters */
                {"\xc5\x81\xc3\xb3"
                 "d\xc5\xba",
                 "BD_Lodz"},
                {"\xd0\xb1\xd0\xb0\xd1\x81_4", "BD_4"}, /* none in ASCII */
                {"\xd0\xbc\xd0\xbe\xd0\xb9_5", "BD_5"}, /* a mark on none in ASCII */
                {"\xff\xc3 9", "BD_9"},                 /* broken */
                {"take-", "BD_take"},
                {"\xf0\x9f\xa5\x81"
                 "C#m",
                 "BD_Csm"}};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        char name[20];
        kit_name(name, 16, "BD", told[i].rest);
        assert_string_equal(name, told[i].name);
    }
    char folder[64];
    kit_folder(folder,
               "Nachtb\xc3\xbcs, Stra\xc3\x9f"
               "e \xe5\xa4\x9c 2",
               1);
    assert_string_equal(folder, "Nachtbus_Strasse_2_2");
    kit_folder(folder, "\xe5\xa4\x9c\xff", 0);
    assert_string_equal(folder, "KIT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_lose_their_accents_only),
        cmocka_unit_test(sectors_are_rounded_per_sample),
        cmocka_unit_test(what_is_absurdly_long_is_just_too_long),
        cmocka_unit_test(slots_are_the_machines),
        cmocka_unit_test(a_narrow_recording_counts_less),
        cmocka_unit_test(hits_in_bad_company_come_last),
        cmocka_unit_test(worth_is_what_is_promised),
        cmocka_unit_test(what_has_no_class_plays_no_instrument),
        cmocka_unit_test(one_shots_have_no_number),
        cmocka_unit_test(a_kit_has_an_order),
        cmocka_unit_test(extras_are_counted_without_instruments),
        cmocka_unit_test(each_slot_gets_its_best),
        cmocka_unit_test(alike_sounds_do_not_share_a_kit),
        cmocka_unit_test(likeness_costs_what_it_costs),
        cmocka_unit_test(what_is_on_a_slot_stays),
        cmocka_unit_test(relatives_stand_in),
        cmocka_unit_test(whole_and_sure_hits_come_first),
        cmocka_unit_test(a_tick_of_a_crash_plays_nothing),
        cmocka_unit_test(notes_are_no_drums),
        cmocka_unit_test(the_less_sure_must_be_the_better),
        cmocka_unit_test(an_instrument_sounds_where_it_should),
        cmocka_unit_test(an_instrument_sounds_well),
        cmocka_unit_test(an_instrument_stands_out),
        cmocka_unit_test(an_instrument_rings_out),
        cmocka_unit_test(the_users_word_weighs),
        cmocka_unit_test(the_users_category_counts),
        cmocka_unit_test(what_does_not_fit_is_left_out_in_order),
        cmocka_unit_test(instruments_come_before_extras),
        cmocka_unit_test(what_stays_out_is_on_no_instrument),
        cmocka_unit_test(names_are_safe_and_unique),
        cmocka_unit_test(one_shots_keep_their_names),
        cmocka_unit_test(finds_are_called_after_their_recording),
        cmocka_unit_test(every_hit_starts_at_its_attack),
        cmocka_unit_test(an_offset_is_no_sound),
        cmocka_unit_test(the_attack_is_no_damage),
        cmocka_unit_test(a_trim_is_heard_on_the_machine),
        cmocka_unit_test(loops_do_not_click),
        cmocka_unit_test(opposite_channels_do_not_cancel),
    };
    return cmocka_run_group_tests_name("kit", tests, NULL, NULL);
}
