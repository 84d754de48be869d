/* Kits: the budget, which sample goes where, names, and the bytes on the disk. */
#define _XOPEN_SOURCE 700
#include "core/budget.h"
#include "core/kit.h"
#include "core/kit_files.h"
#include "core/kit_plan.h"
#include "core/kit_sample.h"
#include "core/kit_slots.h"
#include "core/rng.h"
#include "dsp/level.h"
#include "dsp/synth.h"
#include "folder.h"
#include "io/csv.h"
#include "io/soundfile.h"
#include "nap.h"
#include "program.h"

#include <ctype.h>
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct target *tr8s(void)
{
    return target_find("tr8s");
}

static void sectors_are_rounded_per_sample(void **state)
{
    (void)state;
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
    /* A kit that is refused is told of every limit, not of one after the other. */
    char over[160];
    assert_false(budget_over(&b, t, over));
    for (int i = 0; i < 5; i++)
        budget_add(&b, t, 130 * 44100, 1);
    assert_true(budget_over(&b, t, over));
    assert_string_equal(over, "405 of 400 files, 659.1 of 600 s, 840 of 408 sectors");
}

static void slots_are_the_machines(void **state)
{
    (void)state;
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
    struct kit_item i = {.wish = -1, .channels = 1, .frames = 20000};
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

static void each_slot_gets_its_best(void **state)
{
    (void)state;
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
    (void)state;
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

static long on_slot(const struct kit_plan *p, const char *slot)
{
    return p->slot[target_slot(tr8s(), slot)];
}

/* Relatives stand in where nothing fits better, and say so; nothing is forced. */
static void relatives_stand_in(void **state)
{
    (void)state;
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
    (void)state;
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
    (void)state;
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
    (void)state;
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

/* What was accepted comes before what is a little better, and weak ones count half. */
static void the_users_word_weighs(void **state)
{
    (void)state;
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
    assert_true(kit_worth(&weak.c) == 0);
    weak.c.decision = DECISION_ACCEPTED;
    assert_true(fabs(kit_worth(&weak.c) - 0.5 * 1.15) < 1e-12);
    weak.c.decision = DECISION_REJECTED;
    assert_true(kit_worth(&weak.c) == 0);
}

static void what_does_not_fit_is_left_out_in_order(void **state)
{
    (void)state;
    enum { N = 420 };
    struct kit_item *item = calloc(N, sizeof *item);
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
    free(item);
}

static void names_are_safe_and_unique(void **state)
{
    (void)state;
    char *long_name = calloc(1, 301);
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
    struct kit_item *item = calloc(N, sizeof *item);
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
    free(item);
    free(long_name);
}

static void one_shots_keep_their_names(void **state)
{
    (void)state;
    static const char *const want[][2] = {
        {"BD_01", "BD_01"},      {"bd haus", "BD_haus"},
        {"Kick 3", "BD_Kick_3"}, {"PearlKick-Hardest_7", "BD_PearlKick-H_7"},
        {"BDX", "BD_BDX"},       {"BD", "BD_BD"}};
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
    (void)state;
    static const struct {
        const char *path, *source, *name;
    } told[] = {{"tapes/1994/EE_Kick.flac", "tapes_1994_EE_Kick", "BD_EE_Kick_007"},
                {"/far/away/x.y.wav", "x.y", "BD_x_y_007"},
                {"Probe 12.wav", "Probe 12", "BD_Probe_12_007"}};
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
    double step = 6.2831853 * (60 + 400 * rng_uniform(r)) / 44100;
    assert_int_equal(audio_init(a, n, 1, 44100, NULL), ST_OK);
    for (size_t i = 0; i < n; i++) {
        double t = i < quiet ? 0 : (double)(i - quiet) / 44.1;
        double gain = i < quiet ? tail : fmin(1, t / rise_ms) * exp(-t / 200);
        a->data[i] = (float)(level * gain * cos(step * (double)i));
    }
}

static void every_hit_starts_at_its_attack(void **state)
{
    (void)state;
    struct rng r = rng_derive(7, 0, "kit attack", 0);
    for (int i = 0; i < 400; i++) {
        struct kit_item item = drum("a", "kick", 0.5, i + 1);
        struct audio a;
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
        audio_done(&a);
    }
}

/* What is no number is silence, and no attack. */
static void the_attack_is_no_damage(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        static const float broken[] = {(float)NAN, (float)INFINITY, -(float)INFINITY};
        struct kit_item item = drum("a", "kick", 0.5, 1);
        struct rng r = rng_derive(9, 0, "kit damage", 0);
        struct audio a;
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
        audio_done(&a);
    }
}

/* What the kit screen shows as a slot's trim, up to full scale. */
static void a_trim_is_heard_on_the_machine(void **state)
{
    (void)state;
    static const double trims[][2] = {
        {0, -1}, {-6, -7}, {-20.5, -21.5}, {0.5, -0.5}, {6, 0}};
    for (size_t i = 0; i < sizeof trims / sizeof *trims; i++) {
        struct kit_item item = drum("a", "kick", 0.5, 1);
        struct rng r = rng_derive(8, 0, "kit trim", 0);
        struct audio a;
        double gain;
        make_hit(&a, 10, 0.06, 5, 0.3, &r);
        item.trim_db = trims[i][0];
        double before = level_peak(&a);
        assert_int_equal(kit_sample_prepare(&a, &item, tr8s(), -1, 3, &gain, NULL),
                         ST_OK);
        double peak_db = level_to_db(level_true_peak(&a, false));
        assert_true(fabs(peak_db - trims[i][1]) < 0.05);
        assert_true(fabs(level_to_db(level_peak(&a) / before) - gain) < 0.05);
        audio_done(&a);
    }
}

/* The machine plays a loop once, from its first sample to its last. */
static void loops_do_not_click(void **state)
{
    (void)state;
    struct kit_item item = {.wish = -1, .slot = -1, .channels = 1};
    struct audio a;
    double gain;
    enum { FRAMES = 44100, PERIOD = 100 };
    candidate_clear(&item.c);
    item.c.kind = KIND_PAD;
    item.c.m.loop_start = 0;
    item.c.m.loop_end = FRAMES;
    assert_int_equal(audio_init(&a, FRAMES, 1, 44100, NULL), ST_OK);
    for (int i = 0; i < FRAMES; i++)
        a.data[i] = (float)(0.5 * cos(6.2831853 * i / PERIOD));
    assert_int_equal(kit_sample_prepare(&a, &item, tr8s(), -1, 3, &gain, NULL), ST_OK);
    assert_int_equal(a.frames, FRAMES);
    assert_true(fabs((double)a.data[0]) < 2.5 / 32768);
    assert_true(fabs((double)a.data[FRAMES - 1]) < 2.5 / 32768);
    for (int i = 100; i < FRAMES - 500; i++) /* and nothing else is touched */
        assert_true(fabs((double)a.data[i] - 0.8913 * cos(6.2831853 * i / PERIOD)) <
                    2e-3);
    audio_done(&a);
}

/* --- bytes on the disk --- */

static void write_sample(const char *folder, const char *name, enum synth_drum d,
                         double silence_s, int rate, int channels)
{
    struct audio a;
    struct rng rng = rng_derive(3, (uint64_t)d, "kit test", 0);
    size_t quiet = (size_t)(silence_s * rate);
    size_t n = quiet + (size_t)(synth_drum_length_s(d) * rate);
    assert_int_equal(audio_init(&a, n, 1, rate, NULL), ST_OK);
    synth_drum(d, 0.5, 1, &rng, a.data + quiet, n - quiet, rate);
    struct audio out;
    assert_int_equal(audio_convert_channels(&out, &a, channels, NULL), ST_OK);
    folder_wav(folder, name, &out, 24);
    audio_done(&a);
    audio_done(&out);
}

static enum status run_kit(const char *in, const char *out, const char *name, bool force,
                           struct text *summary, struct err *e)
{
    struct config cfg;
    struct kit_result r;
    config_defaults(&cfg);
    cfg.reproducibility.random_seed = (struct config_seed){.set = true, .value = 5};
    struct kit_job job = {.input_dir = in,
                          .output_dir = out,
                          .kit_name = name,
                          .target = "tr8s",
                          .cfg = &cfg,
                          .force = force};
    return kit_run(&job, &r, summary, e);
}

static unsigned le(const unsigned char *p, int bytes)
{
    unsigned v = 0;
    for (int i = bytes - 1; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

static void check_wav(const char *path)
{
    unsigned char head[44];
    struct stat s;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(head, 1, 44, f), 44);
    fclose(f);
    assert_int_equal(stat(path, &s), 0);
    assert_memory_equal(head, "RIFF", 4);
    assert_int_equal(le(head + 4, 4), s.st_size - 8);
    assert_memory_equal(head + 8, "WAVEfmt ", 8);
    assert_int_equal(le(head + 16, 4), 16);
    assert_int_equal(le(head + 20, 2), 1);
    assert_int_equal(le(head + 24, 4), 44100);
    assert_int_equal(le(head + 34, 2), 16);
    assert_memory_equal(head + 36, "data", 4);
    assert_int_equal(le(head + 40, 4), s.st_size - 44);
    struct audio a;
    assert_int_equal(soundfile_load(path, 0, &a, NULL), ST_OK);
    double peak = level_peak(&a);
    /* between samples it peaks at -1 dBFS */
    assert_true(fabs(level_to_db(level_true_peak(&a, false)) + 1) < 0.05);
    size_t first = 0;
    while (first < a.frames &&
           fabs((double)a.data[first * (size_t)a.channels]) < 0.05 * peak)
        first++;
    assert_true(first <= 44); /* within 1 ms */
    assert_true(fabs((double)a.data[a.frames * (size_t)a.channels - 1]) < 0.001);
    audio_done(&a);
}

static int check_folder(const char *path)
{
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort), wavs = 0;
    assert_true(n >= 2);
    for (int i = 0; i < n; i++) {
        if (strstr(names[i]->d_name, ".WAV")) {
            char full[1024];
            snprintf(full, sizeof full, "%.500s/%.400s", path, names[i]->d_name);
            check_wav(full);
            wavs++;
        }
        free(names[i]);
    }
    free(names);
    return wavs;
}

static void put(const char *folder, const char *name, const char *text)
{
    folder_write(folder, name, text, strlen(text));
}

static void a_kit_from_bare_files(void **state)
{
    (void)state;
    char top[256], in[300], out[300], card[400];
    struct err e = {0};
    struct text summary = {0};
    folder_make(top);
    snprintf(in, sizeof in, "%s/in", top);
    snprintf(out, sizeof out, "%s/out", top);
    snprintf(card, sizeof card, "%s/NIGHT BUS/ROLAND/TR-8S/SAMPLE/NIGHT_BUS", out);
    static const char *const words[SYNTH_DRUM_COUNT] = {
        "kick",    "snare", "clap", "hat_closed", "hat_open",
        "tom_mid", "crash", "rim",  "ride"};
    for (int d = 0; d < SYNTH_DRUM_COUNT; d++) {
        char name[64];
        snprintf(name, sizeof name, "%s \xf0\x9f\xa5\x81 'x', %d.wav", words[d], d);
        write_sample(in, name, (enum synth_drum)d, 0.02 * d, d % 2 ? 48000 : 44100,
                     1 + d % 2);
    }
    write_sample(in, "copy.wav", SYNTH_KICK, 0, 44100, 1);
    if (run_kit(in, out, "NIGHT BUS", false, &summary, &e) != ST_OK)
        fail_msg("%s", e.msg);
    assert_true(text_has(summary.at, "9 of 400 files"));
    assert_int_equal(check_folder(card), SYNTH_DRUM_COUNT);

    char path[600], *text;
    size_t n;
    snprintf(path, sizeof path, "%s/NIGHT BUS/ASSIGN.txt", out);
    assert_int_equal(path_read_file(path, 1 << 20, &text, &n, NULL), ST_OK);
    assert_true(text_has(text, "SAMPLE:Import"));
    assert_true(text_has(text, "choose NIGHT_BUS"));
    assert_true(text_has(text, "Let CH mute OH in the kit's mute groups"));
    free(text);

    /* again: refused, then the same bytes with force, and a stranger's file stays */
    char *before = tree_hash(out, NULL);
    assert_int_equal(run_kit(in, out, "NIGHT BUS", false, NULL, &e), ST_EXISTS);
    put(card, "mine.WAV", "precious");
    snprintf(path, sizeof path, "%s/mine.WAV", card);
    assert_int_equal(run_kit(in, out, "NIGHT BUS", true, NULL, &e), ST_OK);
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
    char *after = tree_hash(out, NULL);
    assert_string_equal(before, after);
    free(before);
    free(after);
    text_done(&summary);
    folder_remove(top);
}

/* The field of the row whose column `key` is `value`; the caller frees. */
static char *field_of(const char *path, const char *key, const char *value,
                      const char *column)
{
    char *text, *found = NULL;
    size_t n;
    bool more;
    struct csv_reader r;
    assert_int_equal(path_read_file(path, 1 << 20, &text, &n, NULL), ST_OK);
    csv_reader_init(&r, text, n);
    assert_int_equal(csv_read_names(&r, &more, NULL), ST_OK);
    assert_true(csv_column(&r, key) >= 0 && csv_column(&r, column) >= 0);
    while (!found && csv_read(&r, &more, NULL) == ST_OK && more)
        if (strcmp(csv_value(&r, key), value) == 0)
            found = strdup(csv_value(&r, column));
    csv_reader_done(&r);
    free(text);
    return found;
}

/* Of what is left out the first are told, and how many more there are. */
static void a_long_list_is_told_in_short(void **state)
{
    (void)state;
    char top[256], in[300];
    struct text summary = {0};
    struct audio a;
    folder_make(top);
    snprintf(in, sizeof in, "%s/in", top);
    for (int k = 0; k < 413; k++) { /* more than the machine takes */
        char name[32];
        snprintf(name, sizeof name, "hit_%03d.wav", k);
        assert_int_equal(audio_init(&a, 500, 1, 44100, NULL), ST_OK);
        for (size_t i = 0; i < a.frames; i++)
            a.data[i] = 0.5f * sinf((float)i * (0.1f + 0.002f * (float)k));
        folder_wav(in, name, &a, 16);
        audio_done(&a);
    }
    assert_int_equal(run_kit(in, top, "K", false, &summary, NULL), ST_OK);
    assert_true(text_has(summary.at, "400 of 400 files"));
    int told = 0;
    for (const char *at = summary.at; (at = strstr(at, "left out: ")) != NULL; at++)
        told++;
    assert_int_equal(told, 10);
    assert_true(text_has(summary.at, "and 3 more left out; manifest.csv says why"));
    text_done(&summary);
    folder_remove(top);
}

/* A folder with a manifest: what it says of the samples goes with them. */
static void a_kit_from_a_manifest(void **state)
{
    (void)state;
    char top[256], in[300], path[600], *text;
    size_t n;
    struct text summary = {0};
    folder_make(top);
    snprintf(in, sizeof in, "%s/in", top);
    write_sample(in, "good.wav", SYNTH_KICK, 0, 44100, 1);
    write_sample(in, "later.wav", SYNTH_SNARE, 0, 44100, 1);
    write_sample(in, "bad.wav", SYNTH_HAT_CLOSED, 0, 44100, 1);
    put(in, "manifest.csv",
        "filename,source,source_path,type,hit_class,start_sec,decision\r\n"
        "good.wav,tape,tapes/tape.flac,drum,kick,65.25,\r\n"
        "later.wav,tape,tapes/tape.flac,drum,snare,3721.5,accepted\r\n"
        "lost.wav,tape,tapes/tape.flac,drum,rim,2,accepted\r\n"
        "bad.wav,tape,tapes/tape.flac,drum,hat_closed,1,rejected\r\n");
    assert_int_equal(run_kit(in, top, "K", false, &summary, NULL), ST_OK);
    assert_true(text_has(summary.at, "2 of 400 files"));
    assert_true(text_has(summary.at, "  1 not there: the sample is missing"));
    text_done(&summary);
    snprintf(path, sizeof path, "%s/K/ASSIGN.txt", top);
    assert_int_equal(path_read_file(path, 1 << 20, &text, &n, NULL), ST_OK);
    assert_true(text_has(text, "tapes/tape.flac at 1:05.25"));
    assert_true(text_has(text, "tapes/tape.flac at 62:01.50"));
    assert_false(text_has(text, "bad"));
    free(text);
    /* how much louder the sample on the card is than the one it was made of */
    struct audio before, after;
    snprintf(path, sizeof path, "%s/good.wav", in);
    assert_int_equal(soundfile_load(path, 0, &before, NULL), ST_OK);
    snprintf(path, sizeof path, "%s/K/manifest.csv", top);
    char *file = field_of(path, "filename", "good.wav", "path");
    char *gain = field_of(path, "filename", "good.wav", "gain_db");
    assert_true(file && gain);
    snprintf(path, sizeof path, "%s/K/%.200s", top, file);
    assert_int_equal(soundfile_load(path, 0, &after, NULL), ST_OK);
    double rise_db = level_to_db(level_peak(&after) / level_peak(&before));
    assert_true(fabs(rise_db) > 0.1 && fabs(strtod(gain, NULL) - rise_db) < 0.02);
    audio_done(&before);
    audio_done(&after);
    free(file);
    free(gain);
    folder_remove(top);
}

/* Notes on the assignment sheet outlast the kit they were made on. */
static void an_edited_sheet_is_kept(void **state)
{
    (void)state;
    char top[256], in[300], kit[300], path[400], *text;
    size_t n;
    folder_make(top);
    snprintf(in, sizeof in, "%s/in", top);
    snprintf(kit, sizeof kit, "%s/K", top);
    write_sample(in, "kick.wav", SYNTH_KICK, 0, 44100, 1);
    assert_int_equal(run_kit(in, top, "K", false, NULL, NULL), ST_OK);
    for (int i = 0; i < 2; i++) { /* as written: nothing to keep */
        assert_int_equal(run_kit(in, top, "K", true, NULL, NULL), ST_OK);
        assert_int_equal(tree_count(kit, ".txt"), 1);
    }
    static const char *const kept[] = {"ASSIGN.edited.txt", "ASSIGN.edited_2.txt"};
    for (int i = 0; i < 2; i++) {
        nap_ms(20); /* a file system's clock may be that coarse */
        put(kit, "ASSIGN.txt", "BD: tune -3");
        assert_int_equal(run_kit(in, top, "K", true, NULL, NULL), ST_OK);
        assert_int_equal(tree_count(kit, ".txt"), i + 2);
        snprintf(path, sizeof path, "%s/%s", kit, kept[i]);
        assert_int_equal(path_read_file(path, 1 << 20, &text, &n, NULL), ST_OK);
        assert_string_equal(text, "BD: tune -3");
        free(text);
    }
    snprintf(path, sizeof path, "%s/ASSIGN.txt", kit);
    assert_int_equal(path_read_file(path, 1 << 20, &text, &n, NULL), ST_OK);
    assert_true(text_has(text, "BD_kick"));
    free(text);
    folder_remove(top);
}

/* What the user changed or put there is noticed before anything goes. */
static void nothing_goes_before_all_can_come(void **state)
{
    (void)state;
    char top[256], in[300], kit[300], card[400];
    struct err e = {0};
    folder_make(top);
    snprintf(in, sizeof in, "%s/in", top);
    snprintf(kit, sizeof kit, "%s/K", top);
    snprintf(card, sizeof card, "%s/ROLAND/TR-8S/SAMPLE/K", kit);
    write_sample(in, "kick.wav", SYNTH_KICK, 0, 44100, 1);
    write_sample(in, "snare\n2.wav", SYNTH_SNARE, 0, 44100, 1);
    assert_int_equal(run_kit(in, top, "K", false, NULL, NULL), ST_OK);
    put(card, "BD_kick.WAV", "mine now");
    char *before = tree_hash(kit, NULL);
    assert_int_equal(run_kit(in, top, "K", true, NULL, &e), ST_EXISTS);
    assert_true(text_has(e.msg, "BD_kick.WAV is not as trowel wrote it"));
    char *after = tree_hash(kit, NULL);
    assert_string_equal(before, after);
    free(before);
    free(after);

    /* a folder of somebody's own, with files named like ours */
    static const char *const theirs[] = {"ASSIGN.txt", "manifest.csv"};
    for (size_t i = 0; i < 2; i++) {
        char name[8], folder[300];
        snprintf(name, sizeof name, "T%zu", i);
        snprintf(folder, sizeof folder, "%s/%s", top, name);
        assert_int_equal(mkdir(folder, 0777), 0);
        put(folder, theirs[i], "a,b\r\n1,2\r\n");
        before = tree_hash(folder, NULL);
        assert_int_equal(run_kit(in, top, name, true, NULL, &e), ST_EXISTS);
        after = tree_hash(folder, NULL);
        assert_string_equal(before, after);
        free(before);
        free(after);
    }
    folder_remove(top);
}

static void bad_names_are_refused(void **state)
{
    (void)state;
    char top[256];
    struct err e;
    folder_make(top);
    write_sample(top, "kick.wav", SYNTH_KICK, 0, 44100, 1);
    static const char *const bad[] = {"..", "a/b", "", ".hidden", "a\\b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(run_kit(top, top, bad[i], false, NULL, &e), ST_REFUSED);
    folder_remove(top);
}

/* A limit on file size stands for a full disk. */
static void a_full_disk_is_named(void **state)
{
    (void)state;
    char top[256], in[300];
    struct err e = {0};
    folder_make(top);
    snprintf(in, sizeof in, "%s/in", top);
    write_sample(in, "kick.wav", SYNTH_KICK, 0, 44100, 1);
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit limit = {0, 0};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        enum status st = run_kit(in, top, "K", false, NULL, &e);
        _exit(st == ST_DISK && text_has(e.msg, "kit.begun cannot be written: File too")
                  ? 0
                  : 1);
    }
    assert_int_equal(program_wait(pid), 0);
    folder_remove(top);
}

/* Killed at any moment and run again: the same kit as without. */
static void killed_exports_leave_whole_files(void **state)
{
    (void)state;
    char top[256], in[300], once[300], killed[300];
    folder_make(top);
    snprintf(in, sizeof in, "%s/in", top);
    snprintf(once, sizeof once, "%s/once", top);
    snprintf(killed, sizeof killed, "%s/killed", top);
    for (int i = 0; i < 40; i++) {
        char name[64];
        snprintf(name, sizeof name, "hit%02d.wav", i);
        write_sample(in, name, (enum synth_drum)(i % SYNTH_DRUM_COUNT), i * 0.001, 44100,
                     1);
    }
    assert_int_equal(run_kit(in, once, "K", false, NULL, NULL), ST_OK);
    int kills = 0;
    for (double ms = 0.5; ms < 400; ms *= 1.5) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(run_kit(in, killed, "K", true, NULL, NULL) != ST_OK);
        nap_ms(ms);
        kill(pid, SIGKILL);
        kills += program_wait(pid) == 128 + SIGKILL;
        /* every sample under its final name is whole */
        char card[400];
        snprintf(card, sizeof card, "%s/K/ROLAND/TR-8S/SAMPLE/K", killed);
        if (access(card, F_OK) == 0)
            check_folder(card);
    }
    assert_true(kills >= 3); /* of the 17, on the quickest machine */
    assert_int_equal(run_kit(in, killed, "K", true, NULL, NULL), ST_OK);
    char *a = tree_hash(once, NULL), *b = tree_hash(killed, NULL);
    assert_string_equal(a, b);
    free(a);
    free(b);
    folder_remove(top);
}

static void names_lose_their_accents_only(void **state)
{
    (void)state;
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
                {"\xff\xc3 9", "BD_9"},                 /* broken */
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
        cmocka_unit_test(slots_are_the_machines),
        cmocka_unit_test(each_slot_gets_its_best),
        cmocka_unit_test(alike_sounds_do_not_share_a_kit),
        cmocka_unit_test(relatives_stand_in),
        cmocka_unit_test(whole_and_sure_hits_come_first),
        cmocka_unit_test(a_tick_of_a_crash_plays_nothing),
        cmocka_unit_test(notes_are_no_drums),
        cmocka_unit_test(the_users_word_weighs),
        cmocka_unit_test(what_does_not_fit_is_left_out_in_order),
        cmocka_unit_test(names_are_safe_and_unique),
        cmocka_unit_test(one_shots_keep_their_names),
        cmocka_unit_test(finds_are_called_after_their_recording),
        cmocka_unit_test(every_hit_starts_at_its_attack),
        cmocka_unit_test(the_attack_is_no_damage),
        cmocka_unit_test(a_trim_is_heard_on_the_machine),
        cmocka_unit_test(loops_do_not_click),
        cmocka_unit_test(a_kit_from_bare_files),
        cmocka_unit_test(a_long_list_is_told_in_short),
        cmocka_unit_test(a_kit_from_a_manifest),
        cmocka_unit_test(an_edited_sheet_is_kept),
        cmocka_unit_test(nothing_goes_before_all_can_come),
        cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(a_full_disk_is_named),
        cmocka_unit_test(killed_exports_leave_whole_files),
    };
    return cmocka_run_group_tests_name("kit", tests, NULL, NULL);
}
