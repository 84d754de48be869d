/* The best-of set: who is in, why, and what happens on disk, also when it is
 * interrupted. */
#include "checks.h"
#include "core/curate.h"
#include "core/kit_load.h"
#include "core/pi.h"
#include "core/project.h"
#include "folder.h"
#include "io/manifest.h"
#include "io/sha256.h"
#include "nap.h"
#include "tone.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 40 };

struct bench {
    char folder[256], project[300], best[300], path[700];
    struct candidate c[MANY];
    float v[MANY * SIMILARITY_DIM];
    struct curate_entry entry[MANY];
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    folder_make(b->folder);
    snprintf(b->project, sizeof b->project, "%s/TAPES", b->folder);
    snprintf(b->best, sizeof b->best, "%s/best_of", b->folder);
    *state = b;
    return 0;
}

/* Pads with scores from .9 down, each sounding like nothing else. */
static void fill(struct bench *b, int n)
{
    for (int i = 0; i < n; i++) {
        struct candidate *c = &b->c[i];
        candidate_clear(c);
        snprintf(c->source, sizeof c->source, "tape");
        snprintf(c->filename, sizeof c->filename, "tape_pad%02d.wav", i);
        c->m.score = 0.9 - 0.01 * i;
        c->grade = 'A';
        c->saved = true;
        for (int d = 0; d < SIMILARITY_DIM; d++)
            b->v[i * SIMILARITY_DIM + d] = d % MANY == i ? 6.0F : 0.0F;
        b->entry[i] = (struct curate_entry){candidate_id(c), CAT_PADS, c,
                                            b->v + i * SIMILARITY_DIM, 0};
    }
}

static struct curate_pick *choose(const struct bench *b, int n, int top, double diversity,
                                  size_t *picked)
{
    struct curate_pick *picks;
    struct curate_options options = {.top = top, .diversity = diversity};
    assert_int_equal(curate_choose(b->entry, (size_t)n, &options, &picks, picked, NULL),
                     ST_OK);
    return picks;
}

static bool chosen(const struct curate_pick *p, size_t n, size_t entry)
{
    for (size_t i = 0; i < n; i++)
        if (p[i].entry == entry)
            return true;
    return false;
}

static void test_score_has_reasons(void **state)
{
    struct candidate c;
    struct score_parts parts;
    candidate_clear(&c);
    c.kind = KIND_PAD;
    c.m.score = 0.8;
    c.grade = 'A';
    c.m.seam_error_db = -40;
    double good = curate_score(&c, CAT_PADS, &parts);
    assert_int_equal(parts.count, 3);
    assert_string_equal(parts.part[0].name, "mined");
    assert_true(fabs(good - (0.6 * 0.8 + 0.15 + 0.15) / 0.9) < 1e-12);
    c.m.seam_error_db = -6;
    assert_true(curate_score(&c, CAT_PADS, NULL) < good - 0.1);
    c.m.seam_error_db = -40;
    c.rating = 5; /* the stars weigh as much as all the rest */
    assert_true(fabs(curate_score(&c, CAT_PADS, NULL) - (good + 1) / 2) < 1e-12);
    c.rating = 1;
    assert_true(fabs(curate_score(&c, CAT_PADS, NULL) - (good + 0.2) / 2) < 1e-12);
    candidate_clear(&c); /* nothing known at all */
    double plain = curate_score(&c, CAT_SILENCES, &parts);
    c.source_rate_hz = 48000; /* it could be bright: nothing is missing, or told */
    int told = parts.count;
    assert_true(curate_score(&c, CAT_SILENCES, &parts) == plain && parts.count == told);
    c.source_rate_hz = 8000;
    assert_true(fabs(curate_score(&c, CAT_SILENCES, &parts) - 0.75 * plain) < 1e-12);
    assert_true(parts_value(&parts, "band") == 0);
    c.source_rate_hz = 16000;
    assert_true(fabs(curate_score(&c, CAT_SILENCES, &parts) - 0.875 * plain) < 1e-12);
    assert_true(plain >= 0.0 && plain <= 1.0);
}

/* What docs/choice.md promises of each part. */
static void test_parts_weigh_what_is_promised(void **state)
{
    struct candidate c;
    struct score_parts parts;
    candidate_clear(&c); /* a pad nobody mined */
    c.m.rms_db = -42;
    c.m.crest_factor = 13;
    c.m.flatness = 0.275;
    c.grade = 'B';
    c.m.seam_error_db = -23;
    double measures = (0.5 + 0.75 + 0.5) / 3;
    double pad = (0.6 * measures + 0.15 * 0.6 + 0.15 * 0.5) / 0.9;
    assert_true(fabs(curate_score(&c, CAT_PADS, &parts) - pad) < 1e-9);
    assert_true(fabs(parts_value(&parts, "measures") - measures) < 1e-9);
    c.kind = KIND_SWELL; /* no loop, and it need not be tonal */
    c.m.flatness = 0;
    double swell = (0.6 * (0.5 + 0.75 + 0.5) / 3 + 0.15 * 0.6) / 0.75;
    assert_true(fabs(curate_score(&c, CAT_SWELLS, NULL) - swell) < 1e-9);
    c.kind = KIND_DRUM;
    c.m.peak_dbfs = -30;
    c.m.crest_factor = 2.6;
    c.m.hit_confidence = 0.7;
    c.m.duration_sec = 0.09; /* half between a fifth of 0.15 s and all of it */
    measures = 0.5;
    for (int mined = 0; mined < 2; mined++) {
        double drum = 0.4 * measures + 0.1 * 0.6 + 0.35 * 0.7 + 0.15 * 0.5;
        assert_true(fabs(curate_score(&c, CAT_DRUMS, NULL) - drum) < 1e-9);
        c.m.score = measures = 0.3;
    }
    c.grade = 'F';
    double bad = 0.4 * 0.3 + 0.35 * 0.7 + 0.15 * 0.5;
    assert_true(fabs(curate_score(&c, CAT_DRUMS, NULL) - bad) < 1e-9);
}

/* Parts come back from manifests, which may say anything. */
static void test_reasons_fit_their_room(void **state)
{
    struct bench *b = *state;
    size_t n;
    fill(b, 3);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < PARTS_MAX; k++)
            parts_add(&b->c[i].parts, "incredible", k % 2 ? -1e300 : 1e300);
    FREED struct curate_pick *p = choose(b, 3, 3, 0.3, &n);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_true(strlen(p[i].reason) < sizeof p[i].reason);
        assert_non_null(strstr(p[i].reason, "incredible 9.00 incredible -9.00"));
        assert_non_null(strchr(p[i].reason, ')'));
    }
}

static void test_user_comes_first(void **state)
{
    struct bench *b = *state;
    size_t n;
    fill(b, 20);
    b->c[0].decision = DECISION_REJECTED;
    b->c[1].grade = 'F';
    b->c[17].decision = DECISION_ACCEPTED;
    b->c[18].decision = DECISION_ACCEPTED;
    b->c[18].grade = 'F'; /* the user's word counts more */
    snprintf(b->c[2].missed_by, sizeof b->c[2].missed_by, "level");
    FREED struct curate_pick *p = choose(b, 20, 5, 0.3, &n);
    assert_int_equal(n, 5);
    assert_true(chosen(p, n, 17) && chosen(p, n, 18) && chosen(p, n, 3));
    assert_false(chosen(p, n, 0) || chosen(p, n, 1) || chosen(p, n, 2));
    for (size_t i = 1; i < n; i++)
        assert_true(p[i - 1].score >= p[i].score);
    for (size_t i = 0; i < n; i++)
        assert_true((strncmp(p[i].reason, "accepted by you", 15) == 0) ==
                    (p[i].entry >= 17));
    free(p);
    p = choose(b, 20, 1, 0.3, &n); /* accepted ones may exceed the number */
    assert_int_equal(n, 2);
    free(p);
    p = choose(b, 20, 0, 0.3, &n);
    assert_int_equal(n, 2);
}

static void test_no_two_alike(void **state)
{
    struct bench *b = *state;
    size_t n;
    fill(b, 20);
    b->entry[0].stack = b->entry[1].stack = b->entry[2].stack = 7;
    memcpy(b->v + 4 * SIMILARITY_DIM, b->v + 3 * SIMILARITY_DIM, SIMILARITY_DIM * 4);
    FREED struct curate_pick *p = choose(b, 20, 20, 0.3, &n);
    assert_int_equal(n, 17); /* of the stack one, of the copies one */
    assert_true(chosen(p, n, 0) && !chosen(p, n, 1) && !chosen(p, n, 2));
    assert_true(chosen(p, n, 3) && !chosen(p, n, 4));
    free(p);
    b->c[1].decision = DECISION_ACCEPTED; /* the accepted one of a stack is its one */
    p = choose(b, 20, 20, 0.3, &n);
    assert_true(chosen(p, n, 1) && !chosen(p, n, 0) && !chosen(p, n, 2));
    free(p);
    for (size_t i = 0; i < 5; i++) /* whoever accepted both wants both */
        b->c[i].decision = i < 2 || i > 2 ? DECISION_ACCEPTED : DECISION_NONE;
    p = choose(b, 20, 1, 0.3, &n);
    assert_int_equal(n, 4);
    assert_false(chosen(p, n, 2));
}

/* A find for what crowds it: the first is in, and then the second or the third. */
struct crowd {
    const char *what;
    double less; /* so much worse the third may be */
    struct {
        enum kind kind;
        const char *hit_class, *source;
        double start_s;
        bool in;
    } find[5];
};

/* What docs/choice.md promises, to a hundredth of a score. */
static void test_crowds_cost_what_is_promised(void **state)
{
    struct bench *b = *state;
    static const struct crowd all[] = {
        {"kind",
         0.15,
         {{KIND_PAD, "", "a", 0, 1},
          {KIND_PAD, "", "b", 0, 0},
          {KIND_DRONE, "", "c", 0, 0}}},
        {"recording",
         0.1,
         {{KIND_PAD, "", "a", 0, 1},
          {KIND_PAD, "", "a", 9, 0},
          {KIND_PAD, "", "c", 0, 0}}},
        {"place",
         0.3,
         {{KIND_PAD, "", "a", 0, 1},
          {KIND_PAD, "", "a", 3.9, 0},
          {KIND_PAD, "", "c", 0, 0}}},
        {"class",
         0.8,
         {{KIND_DRUM, "kick", "a", 0, 1},
          {KIND_DRUM, "kick", "a", 0, 0},
          {KIND_DRUM, "snare", "c", 0, 0}}},
        {"no class",
         0,
         {{KIND_DRUM, "", "a", 0, 1},
          {KIND_DRUM, "", "a", 0, 0},
          {KIND_DRUM, "snare", "c", 0, 0}}},
        {"further",
         0.3,
         {{KIND_DRUM, "kick", "a", 0, 1},
          {KIND_DRUM, "kick", "a", 0, 0},
          {KIND_DRUM, "snare", "c", 0, 0},
          {KIND_DRUM, "kick", "a", 0, 1},
          {KIND_DRUM, "snare", "a", 0, 1}}},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (int side = -1; side < 2; side += 2) {
            int count = 0, in = 0;
            size_t n;
            fill(b, 5);
            for (; count < 5 && all[i].find[count].source; count++) {
                struct candidate *c = &b->c[count];
                c->kind = all[i].find[count].kind;
                snprintf(c->hit_class, sizeof c->hit_class, "%s",
                         all[i].find[count].hit_class);
                snprintf(c->source, sizeof c->source, "%s", all[i].find[count].source);
                c->m.start_sec = all[i].find[count].start_s;
                c->m.end_sec = c->m.start_sec + 4;
                c->m.score = count == 2 ? 0.9 - all[i].less + 0.01 * side : 0.9;
                c->grade = '\0';
                c->decision = all[i].find[count].in ? DECISION_ACCEPTED : DECISION_NONE;
                in += all[i].find[count].in;
                b->entry[count].category = kind_category(c->kind);
            }
            FREED struct curate_pick *p = choose(b, count, in + 1, 0.5, &n);
            assert_int_equal(n, in + 1);
            if (chosen(p, n, 2) != (side > 0))
                fail_msg("%s: not %.2f", all[i].what, all[i].less);
        }
}

static void test_diversity(void **state)
{
    struct bench *b = *state;
    size_t n;
    fill(b, 12);
    /* the six best sound related (not copies), the others each on their own */
    for (int i = 0; i < 6; i++)
        for (int d = 0; d < SIMILARITY_DIM; d++)
            b->v[i * SIMILARITY_DIM + d] = d % 6 == i ? 0.9F : 0.0F;
    FREED struct curate_pick *p = choose(b, 12, 4, 0.0, &n);
    for (size_t i = 0; i < 4; i++)
        assert_true(chosen(p, n, i)); /* score alone */
    free(p);
    p = choose(b, 12, 4, 0.5, &n);
    assert_true(chosen(p, n, 0));
    size_t related = 0;
    for (size_t i = 0; i < 6; i++)
        related += chosen(p, n, i);
    assert_true(related <= 2);
    /* the first is like nothing; of the others it is told */
    for (size_t i = 0; i < n; i++)
        assert_true((p[i].entry != 0) ==
                    (strstr(p[i].reason, "% like the nearest chosen") != NULL));
    free(p);
    /* independent of the order the entries come in */
    struct curate_entry turned[12];
    for (int i = 0; i < 12; i++)
        turned[i] = b->entry[11 - i];
    FREED struct curate_pick *q;
    size_t m;
    struct curate_options options = {.top = 4, .diversity = 0.5};
    p = choose(b, 12, 4, 0.5, &n);
    assert_int_equal(curate_choose(turned, 12, &options, &q, &m, NULL), ST_OK);
    assert_int_equal(n, m);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(p[i].entry, 11 - q[i].entry);
}

/* Kicks that all beat everything else: one suffices where a kit follows. */
static void test_a_kit_follows(void **state)
{
    struct bench *b = *state;
    static const char *const classes[] = {"snare",   "clap",       "rim",      "tom_low",
                                          "tom_mid", "tom_high",   "hat_open", "crash",
                                          "ride",    "hat_closed", "perc"};
    enum { KICKS = 12, ALL = KICKS + 11 };
    FREED struct curate_pick *p;
    size_t n;
    fill(b, ALL);
    for (int i = 0; i < ALL; i++) {
        struct candidate *c = &b->c[i];
        c->kind = KIND_DRUM;
        c->m.hit_confidence = 0.8;
        c->m.duration_sec = 1;
        c->m.score = i < KICKS ? 0.95 : 0.5;
        snprintf(c->hit_class, sizeof c->hit_class, "%s",
                 i < KICKS ? "kick" : classes[i - KICKS]);
        b->entry[i].category = CAT_DRUMS;
    }
    struct curate_options options = {
        .top = 3, .diversity = 0, .kit = target_find("tr8s")};
    assert_int_equal(curate_choose(b->entry, ALL, &options, &p, &n, NULL), ST_OK);
    assert_int_equal(n, 11); /* one for each instrument, though three were asked for */
    size_t kicks = 0;
    for (size_t i = 0; i < n; i++)
        kicks += p[i].entry < KICKS;
    assert_int_equal(kicks, 1);
    free(p);
    options.top = 15; /* more than there are instruments */
    assert_int_equal(curate_choose(b->entry, ALL, &options, &p, &n, NULL), ST_OK);
    assert_int_equal(n, 15);
    free(p);
    options.top = 3;
    options.kit = NULL;
    assert_int_equal(curate_choose(b->entry, ALL, &options, &p, &n, NULL), ST_OK);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) /* without diversity the score alone counts */
        assert_true(p[i].entry < KICKS);
    free(p);
    options.diversity = 0.3;
    assert_int_equal(curate_choose(b->entry, ALL, &options, &p, &n, NULL), ST_OK);
    kicks = 0;
    for (size_t i = 0; i < n; i++)
        kicks += p[i].entry < KICKS;
    assert_int_equal(kicks, 1);
    free(p);
    options = (struct curate_options){.top = 3, .kit = target_find("tr8s")};
    for (int i = 0; i < KICKS; i++) { /* what somebody says, with a fine hat in it */
        parts_add(&b->c[i].parts, "company", 0.5);
        b->c[i].m.hit_confidence = i > 1 ? 0.05 : 0.95; /* and a kick */
    }
    snprintf(b->c[0].hit_class, sizeof b->c[0].hit_class, "hat_open");
    assert_int_equal(curate_choose(b->entry, ALL, &options, &p, &n, NULL), ST_OK);
    for (size_t i = 0; i < n; i++)
        assert_true(p[i].entry != 0);
}

/* The instruments' hits are the kit's own choice: long notes that are hardly drums have
 * higher scores, but a kit would play none of them, and the surer ride would be missing.
 */
static void test_the_kits_own_choice(void **state)
{
    struct bench *b = *state;
    enum { NOTES = 12 };
    struct curate_options options = {.diversity = 0, .kit = target_find("tr8s")};
    FREED struct curate_pick *p;
    size_t n, rides = 0;
    fill(b, NOTES + 1);
    for (int i = 0; i <= NOTES; i++) {
        struct candidate *c = &b->c[i];
        c->kind = KIND_DRUM;
        c->m.duration_sec = i < NOTES ? 1 : 0.2;
        c->m.score = i < NOTES ? 0.99 : 0.4;
        c->m.hit_confidence = i < NOTES ? 0.04 : 0.5;
        snprintf(c->hit_class, sizeof c->hit_class, "ride");
        b->entry[i].category = CAT_DRUMS;
    }
    assert_true(curate_score(&b->c[0], CAT_DRUMS, NULL) >
                curate_score(&b->c[NOTES], CAT_DRUMS, NULL) + 0.1);
    assert_int_equal(curate_choose(b->entry, NOTES + 1, &options, &p, &n, NULL), ST_OK);
    assert_int_equal(n, 11);
    for (size_t i = 0; i < n; i++)
        rides += p[i].entry == NOTES;
    assert_int_equal(rides, 1);
}

/* What is cut to a scrap of its class brings no variety: a second kick comes before 60 ms
 * of a crash, and a whole crash before the second kick. So does one as short that no
 * miner cut. */
static void test_a_scrap_is_no_variety(void **state)
{
    struct bench *b = *state;
    for (int way = 0; way < 3; way++) {
        bool whole = way == 1, mined = way < 2;
        FREED struct curate_pick *p;
        size_t n;
        fill(b, 3);
        for (int i = 0; i < 3; i++) {
            struct candidate *c = &b->c[i];
            c->kind = KIND_DRUM;
            c->m.hit_confidence = 0.8;
            c->m.duration_sec = i < 2 || whole ? 1 : 0.06;
            c->m.score = !mined ? (double)NAN : i < 2 ? 0.9 : 0.8;
            snprintf(c->hit_class, sizeof c->hit_class, "%s", i < 2 ? "kick" : "crash");
            b->entry[i].category = CAT_DRUMS;
        }
        p = choose(b, 3, 2, 0.3, &n);
        assert_int_equal(n, 2);
        assert_int_equal(chosen(p, n, 2), whole || !mined);
    }
}

/* Shades of one bar of music make room for other places and other recordings. */
static void test_places_differ(void **state)
{
    struct bench *b = *state;
    size_t n;
    fill(b, 8);
    for (int i = 0; i < 8; i++) {
        b->c[i].m.start_sec = i < 6 ? 10 : 100;
        b->c[i].m.end_sec = b->c[i].m.start_sec + 2;
    }
    snprintf(b->c[7].source, sizeof b->c[7].source, "other");
    FREED struct curate_pick *p = choose(b, 8, 3, 0.3, &n);
    assert_true(chosen(p, n, 0) && chosen(p, n, 6) && chosen(p, n, 7));
}

/* --- on disk --- */

/* A struck tone of so many frames. */
static void strike(const char *folder, const char *name, double hz, size_t frames)
{
    OWN(audio) a = tone_frames(frames, 1, 44100);
    for (size_t i = 0; i < frames; i++) {
        double t = (double)i;
        a.data[i] = (float)(0.37 * sin(2 * PI * hz * t / 44100) * exp(-t / 9000));
    }
    folder_wav(folder, name, &a, 16);
}

static const char *in(struct bench *b, const char *folder, const char *rest)
{
    snprintf(b->path, sizeof b->path, "%s/%s", folder, rest);
    return b->path;
}

static bool there(struct bench *b, const char *rest)
{
    return access(in(b, b->best, rest), F_OK) == 0;
}

/* A project as `process` leaves it: files, manifest and catalog. */
static void make_project(struct bench *b, int n, bool with_catalog)
{
    char name[300];
    fill(b, n);
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "tape/pads/%s", b->c[i].filename);
        strike(b->project, name, 100 + 40 * i, 4000 + 500 * (size_t)i);
        assert_int_equal(sha256_file(in(b, b->project, name), b->c[i].sha256, NULL),
                         ST_OK);
    }
    struct root r;
    assert_int_equal(root_open(&r, b->project, false, NULL), ST_OK);
    assert_int_equal(
        manifest_write(&r, "manifest.csv", b->c, (size_t)n, MANIFEST_PLAIN, NULL), ST_OK);
    root_done(&r);
    struct catalog_content content = {
        .candidates = b->c, .candidate_count = (size_t)n, .embeddings = b->v};
    if (with_catalog)
        assert_int_equal(catalog_publish(in(b, b->project, "catalog.db"), &content, NULL),
                         ST_OK);
}

static enum status curate(const struct bench *b, const char *input, int top, bool force,
                          const char *decisions, struct curate_result *result,
                          struct err *e)
{
    struct curate_job job = {.input_root = input,
                             .output_root = b->best,
                             .decisions = decisions,
                             .options = {.top = top, .diversity = 0.3},
                             .force = force,
                             .fail_on_empty = true};
    return curate_run(&job, result, e);
}

static size_t manifest_rows(struct bench *b)
{
    FREED struct candidate *rows;
    size_t n;
    struct err e = {0};
    if (manifest_read(in(b, b->best, "manifest.csv"), &rows, &n, &e) != ST_OK)
        fail_msg("%s", e.msg);
    for (size_t i = 0; i < n; i++) {
        char hash[65];
        FREED const char *rest = text_of(
            "%s/%s", category_folder(kind_category(rows[i].kind)), rows[i].filename);
        assert_int_equal(sha256_file(in(b, b->best, rest), hash, NULL), ST_OK);
        assert_string_equal(hash, rows[i].sha256);
    }
    return n;
}

/* Of nothing accepted, --top 0 is what leaves the set empty, not the sounds. */
static void test_none_asked_for_is_told(void **state)
{
    struct bench *b = *state;
    struct curate_result r;
    struct err e = {0};
    make_project(b, 3, true);
    assert_int_equal(curate(b, b->project, 0, false, NULL, &r, &e), ST_NOTHING);
    assert_non_null(strstr(e.msg, " is accepted, and --top 0 takes nothing else"));
}

static void note_warning(void *user, enum log_level level, const char *source,
                         const char *line)
{
    (void)source;
    if (level == LOG_WARNING)
        snprintf(user, 512, "%s", line);
}

/* Somebody else's folder among plain samples: the others are chosen from, and it is told.
 */
static void test_an_unreadable_folder_is_told(void **state)
{
    struct bench *b = *state;
    char folder[512], shut[600];
    snprintf(folder, sizeof folder, "%s/plain", b->folder);
    snprintf(shut, sizeof shut, "%s/shut", folder);
    assert_int_equal(path_mkdirs(shut, NULL), ST_OK);
    assert_int_equal(chmod(b->folder, 0755) | chmod(shut, 0), 0);
    pid_t child = fork();
    if (child == 0) {
        char warned[512] = "";
        struct log log = {.sink = note_warning, .user = warned, .threshold = LOG_INFO};
        struct curate_result r;
        struct curate_job job = {.input_root = folder,
                                 .output_root = b->best,
                                 .options = {.top = 1, .diversity = 0.3},
                                 .dry_run = true,
                                 .ctx = &(struct job_context){.log = &log}};
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(2);
        bool well = curate_run(&job, &r, NULL) == ST_OK && r.unreadable == 1;
        _exit(well && strstr(warned, "plain/shut cannot be read: ") ? 0 : 1);
    }
    int how;
    assert_true(waitpid(child, &how, 0) == child && how == 0);
    assert_int_equal(chmod(shut, 0755), 0);
}

static void test_run_from_project(void **state)
{
    struct bench *b = *state;
    struct curate_result r;
    make_project(b, 12, true);
    struct catalog *c;
    assert_int_equal(
        catalog_open(&c, in(b, b->project, "catalog.db"), CATALOG_WRITE, NULL), ST_OK);
    struct change words[] = {{.field = FIELD_DECISION,
                              .candidate = candidate_id(&b->c[11]),
                              .value = "accepted"},
                             {.field = FIELD_DECISION,
                              .candidate = candidate_id(&b->c[0]),
                              .value = "rejected"}};
    assert_int_equal(catalog_record(c, words, 2, "x", NULL, NULL), ST_OK);
    catalog_close(c);
    assert_int_equal(curate(b, b->project, 4, false, NULL, &r, NULL), ST_OK);
    assert_int_equal(r.considered, 12);
    assert_true(r.chosen == 4 && r.copied == 4);
    assert_true(there(b, "pads/tape_pad11.wav") && !there(b, "pads/tape_pad00.wav"));
    assert_int_equal(manifest_rows(b), 4);
    assert_false(there(b, ".trowel-curating.csv"));
    /* again: nothing to do */
    assert_int_equal(curate(b, b->project, 4, false, NULL, &r, NULL), ST_OK);
    assert_true(r.copied == 0 && r.kept == 4);
    /* another set needs force, which removes only what is the tool's own */
    struct err e = {0};
    assert_int_equal(curate(b, b->project, 2, false, NULL, &r, &e), ST_EXISTS);
    assert_non_null(strstr(e.msg, "--force"));
    strike(b->best, "pads/mine.wav", 50, 100);
    char edited[64];
    int i = 2; /* 11 and 1 are chosen again */
    do
        snprintf(edited, sizeof edited, "pads/tape_pad%02d.wav", i++);
    while (!there(b, edited));
    strike(b->best, edited, 60, 100);
    assert_int_equal(curate(b, b->project, 2, true, NULL, &r, NULL), ST_OK);
    assert_int_equal(manifest_rows(b), 2);
    assert_true(there(b, "pads/mine.wav") && there(b, "pads/tape_pad11.wav"));
    size_t left = 0;
    for (i = 0; i < 12; i++) {
        FREED const char *rest = text_of("pads/tape_pad%02d.wav", i);
        left += there(b, rest);
    }
    assert_int_equal(left, 3);
    assert_true(there(b, edited)); /* the tool wrote it, but not these bytes */
}

/* A file name alone will do where it is the only one. */
static void test_a_name_of_two_names_none(void **state)
{
    struct bench *b = *state;
    struct curate_result r;
    struct root root;
    make_project(b, 7, false);
    b->c[6].m.score = 0.1;
    snprintf(b->c[6].source, sizeof b->c[6].source, "tape2");
    snprintf(b->c[6].filename, sizeof b->c[6].filename, "%s", b->c[5].filename);
    strike(b->project, "tape2/pads/tape_pad05.wav", 900, 5000);
    assert_int_equal(
        sha256_file(in(b, b->project, "tape2/pads/tape_pad05.wav"), b->c[6].sha256, NULL),
        ST_OK);
    assert_int_equal(root_open(&root, b->project, false, NULL), ST_OK);
    assert_int_equal(manifest_write(&root, "manifest.csv", b->c, 7, MANIFEST_PLAIN, NULL),
                     ST_OK);
    assert_int_equal(
        root_write_file(&root, "bare.txt", "accepted tape_pad05.wav\n", 24, NULL), ST_OK);
    assert_int_equal(root_write_file(&root, "whole.txt",
                                     "accepted tape2/pad/tape_pad05.wav\n", 34, NULL),
                     ST_OK);
    root_done(&root);
    char journal[400];
    snprintf(journal, sizeof journal, "%s/bare.txt", b->project);
    assert_int_equal(curate(b, b->project, 2, false, journal, &r, NULL), ST_OK);
    assert_false(there(b, "pads/tape_pad05.wav"));
    snprintf(journal, sizeof journal, "%s/whole.txt", b->project);
    assert_int_equal(curate(b, b->project, 2, true, journal, &r, NULL), ST_OK);
    assert_true(there(b, "pads/tape_pad05.wav"));
    char hash[65];
    assert_int_equal(sha256_file(in(b, b->best, "pads/tape_pad05.wav"), hash, NULL),
                     ST_OK);
    assert_string_equal(hash, b->c[6].sha256);
}

static void test_run_without_catalog(void **state)
{
    struct bench *b = *state;
    struct curate_result r;
    make_project(b, 6, false);
    FREED const char *journal = text_of("%s/decisions.txt", b->folder);
    static const char said[] =
        "accepted tape_pad05.wav\nrejected tape/pad/tape_pad00.wav\n"
        "rejected tape/pad/nowhere.wav\n";
    folder_write(b->folder, "decisions.txt", said, sizeof said - 1);
    assert_int_equal(curate(b, b->folder, 2, false, journal, &r, NULL), ST_OK);
    assert_int_equal(r.chosen, 2);
    assert_true(there(b, "pads/tape_pad05.wav") && !there(b, "pads/tape_pad00.wav"));
    /* output below the input is not taken for input */
    assert_int_equal(curate(b, b->folder, 2, false, journal, &r, NULL), ST_OK);
    assert_int_equal(r.considered, 6);
    struct err e = {0};
    char nowhere[300];
    snprintf(nowhere, sizeof nowhere, "%s/nowhere", b->folder);
    assert_int_equal(curate(b, nowhere, 2, false, NULL, &r, &e), ST_NOT_FOUND);
    assert_non_null(strstr(e.msg, nowhere));
}

static void keep_lines(void *user, enum log_level level, const char *source,
                       const char *line)
{
    (void)source;
    char *all = user;
    if (level == LOG_WARNING && strlen(all) + strlen(line) < 2000)
        strcat(strcat(all, line), "\n");
}

/* A catalog that cannot be read: the manifest is used, where there is one. */
static void test_a_damaged_catalog_is_told(void **state)
{
    struct bench *b = *state;
    struct curate_result r;
    struct err e = {0};
    char told[2100] = "";
    struct log log = {.sink = keep_lines, .user = told, .threshold = LOG_WARNING};
    struct curate_job job = {.input_root = b->project,
                             .output_root = b->best,
                             .options = {.top = 2},
                             .dry_run = true,
                             .ctx = &(struct job_context){.log = &log}};
    make_project(b, 3, false);
    folder_write(b->project, "catalog.db", "no catalog at all", 17);
    assert_int_equal(curate_run(&job, &r, &e), ST_OK);
    assert_int_equal(r.chosen, 2);
    assert_non_null(strstr(told, "; its manifest is used"));
    *told = '\0';
    assert_int_equal(unlink(in(b, b->project, "manifest.csv")), 0);
    assert_int_equal(curate_run(&job, &r, &e), ST_CORRUPT);
    assert_non_null(strstr(e.msg, "catalog.db is damaged"));
    assert_string_equal(told, "");
}

/* The last word counts, also where it takes back the one before; what is of no use here
 * is told. */
static void test_every_word_of_a_decision_file_counts(void **state)
{
    struct bench *b = *state;
    struct curate_result r;
    char journal[300], told[2100] = "";
    static const char said[] =
        "accepted tape_pad07.wav\nundecided tape_pad07.wav\n"
        "rating 5 tape_pad06.wav\nrating \"\" tape_pad06.wav\n"
        "rating 5 tape_pad05.wav\n"
        "category clouds tape_pad00.wav\n"
        "category clouds tape_pad01.wav\ncategory \"\" tape_pad01.wav\n"
        "accepted nowhere.wav\naccept\nlock BD 1\nlock SD 1\n";
    make_project(b, 8, false);
    snprintf(journal, sizeof journal, "%s/decisions.txt", b->folder);
    folder_write(b->folder, "decisions.txt", said, sizeof said - 1);
    struct log log = {.sink = keep_lines, .user = told, .threshold = LOG_WARNING};
    struct curate_job job = {.input_root = b->project,
                             .output_root = b->best,
                             .decisions = journal,
                             .options = {.top = 2},
                             .dry_run = true,
                             .ctx = &(struct job_context){.log = &log}};
    assert_int_equal(curate_run(&job, &r, NULL), ST_OK); /* also where nothing is yet */
    assert_int_equal(r.chosen, 3);
    assert_false(there(b, ""));
    assert_non_null(strstr(told, "1 decision is about sounds that are not here"));
    assert_non_null(strstr(told, "2 lines of "));
    assert_non_null(strstr(told, "decisions.txt:10: "));
    job.dry_run = false;
    assert_int_equal(curate_run(&job, &r, NULL), ST_OK);
    assert_int_equal(r.chosen, 3);
    assert_true(there(b, "clouds/tape_pad00.wav") && there(b, "pads/tape_pad01.wav"));
    assert_true(there(b, "pads/tape_pad05.wav"));
    snprintf(journal, sizeof journal, "%s/nothing.txt", b->folder);
    assert_int_equal(curate_check(&job, NULL), ST_NOT_FOUND);
}

/* A sample of the set that somebody changed is nobody's to replace, not even by force;
 * one that was only mined anew is. */
static void test_a_changed_sample_stays_a_new_one_comes(void **state)
{
    struct bench *b = *state;
    struct curate_result r;
    struct root root;
    struct err e = {0};
    char hash[65];
    static const char name[] = "pads/tape_pad01.wav";
    make_project(b, 3, false);
    assert_int_equal(curate(b, b->project, 3, false, NULL, &r, NULL), ST_OK);
    strike(b->best, name, 999, 777);
    assert_int_equal(curate(b, b->project, 3, true, NULL, &r, &e), ST_EXISTS);
    assert_non_null(strstr(e.msg, name));
    assert_int_equal(unlink(in(b, b->best, name)), 0);
    assert_int_equal(curate(b, b->project, 3, false, NULL, &r, NULL), ST_OK);
    assert_true(r.copied == 1 && r.kept == 2);
    strike(b->project, "tape/pads/tape_pad01.wav", 555, 5000);
    assert_int_equal(
        sha256_file(in(b, b->project, "tape/pads/tape_pad01.wav"), b->c[1].sha256, NULL),
        ST_OK);
    assert_int_equal(root_open(&root, b->project, false, NULL), ST_OK);
    assert_int_equal(manifest_write(&root, "manifest.csv", b->c, 3, MANIFEST_PLAIN, NULL),
                     ST_OK);
    root_done(&root);
    assert_int_equal(curate(b, b->project, 3, false, NULL, &r, &e), ST_EXISTS);
    assert_non_null(strstr(e.msg, "another best-of set (tape_pad01.wav)"));
    assert_int_equal(curate(b, b->project, 3, true, NULL, &r, NULL), ST_OK);
    assert_int_equal(sha256_file(in(b, b->best, name), hash, NULL), ST_OK);
    assert_string_equal(hash, b->c[1].sha256);
    folder_write(b->best, "ASSIGN.txt", "", 0);
    assert_int_equal(curate(b, b->project, 3, true, NULL, &r, &e), ST_EXISTS);
    assert_non_null(strstr(e.msg, "is a kit"));
}

static void load_kit(const char *folder, struct kit_set *set)
{
    struct config cfg;
    assert_int_equal(config_defaults(&cfg, NULL), ST_OK);
    assert_int_equal(kit_load(set, folder, target_find("tr8s"), &cfg, false, NULL, NULL),
                     ST_OK);
}

/* Three kicks on record, and no catalog. */
static void make_flat(struct bench *b)
{
    OWN(project) p;
    struct begun begun;
    OWN(find_list) finds = {0};
    struct catalog_source source = {.stem = "tape", .path = "tape.wav", .rate_hz = 8000};
    fill(b, 3);
    assert_int_equal(project_open_flat(&p, b->project, NULL), ST_OK);
    for (int i = 0; i < 3; i++) {
        struct candidate *c = &b->c[i];
        snprintf(c->filename, sizeof c->filename, "tape_drum_%03d_kick.wav", 3 - i);
        snprintf(c->hit_class, sizeof c->hit_class, "kick");
        c->kind = KIND_DRUM;
        c->source_rate_hz = 8000;
        parts_add(&c->parts, "range", 0.25 + 0.25 * i);
        strike(b->project, c->filename, 60 * pow(3, i), 9000);
        assert_int_equal(sha256_file(in(b, b->project, c->filename), c->sha256, NULL),
                         ST_OK);
        assert_true(find_list_add(&finds, c, NULL, NULL));
    }
    assert_int_equal(
        manifest_write(&p.root, "manifest.csv", b->c, 3, MANIFEST_PLAIN, NULL), ST_OK);
    assert_int_equal(project_begin(&p, "tape", &begun, NULL), ST_OK);
    assert_int_equal(project_complete(&begun, &source, &finds, NULL), ST_OK);
}

/* A kit's instruments are filled by more than the score: also from hits without a
 * catalog, and from a set that lies elsewhere than its project. */
static void test_a_set_knows_why_its_hits_suit(void **state)
{
    struct bench *b = *state;
    struct curate_result r;
    make_flat(b);
    assert_int_equal(curate(b, b->project, 10, false, NULL, &r, NULL), ST_OK);
    assert_int_equal(r.chosen, 3);
    const char *folders[] = {b->project, b->best};
    for (int f = 0; f < 2; f++) {
        OWN(kit_set) set;
        load_kit(folders[f], &set);
        assert_int_equal(set.count, 3);
        for (size_t i = 0; i < set.count; i++) {
            const struct kit_item *item = &set.item[i];
            int was = '3' - item->c.filename[12];
            assert_true(fabs(parts_value(&item->c.parts, "range") - 0.25 - 0.25 * was) <
                        1e-9);
            assert_true(item->c.source_rate_hz == 8000);
            assert_true(item->vector[0] == item->vector[0]); /* no NAN */
        }
    }
}

static void test_run_from_plain_files(void **state)
{
    struct bench *b = *state;
    struct curate_result r;
    mkdir(b->project, 0777);
    struct err e = {0};
    assert_int_equal(curate(b, b->project, 5, false, NULL, &r, &e), ST_NOTHING);
    for (int i = 0; i < 4; i++) {
        char name[64];
        /* what cannot be a name in the set is written under one that can */
        snprintf(name, sizeof name, "drums/hit%s%d.wav", i == 3 ? "\n" : "", i);
        strike(b->project, name, 60 * pow(2.2, i), 9000);
    }
    strike(b->project, "drums/copy.wav", 60, 9000); /* of the first */
    strike(b->project, "more/hit1.wav", 3000, 20000);
    FILE *f = fopen(in(b, b->project, "drums/broken.wav"), "w");
    fputs("RIFF, or so they say", f);
    fclose(f);
    assert_int_equal(curate(b, b->project, 10, false, NULL, &r, NULL), ST_OK);
    assert_int_equal(r.considered, 6);
    assert_int_equal(r.chosen, 5);
    assert_int_equal(manifest_rows(b), 5);
    assert_int_not_equal(there(b, "drums/hit0.wav"), there(b, "drums/copy.wav"));
    assert_true(there(b, "drums/hit_3.wav"));
}

/* In a folder that says nothing: short and struck is a hit, all else is held; silence is
 * nothing. */
static void test_plain_files_are_told_by_their_sound(void **state)
{
    struct bench *b = *state;
    struct curate_result r;
    strike(b->project, "mix/hit.wav", 90, 40000);
    strike(b->project, "mix/long.wav", 700, 90000);
    struct audio steady = tone_frames(22050, 1, 44100);
    struct audio silence = tone_frames(22050, 1, 44100);
    for (size_t i = 0; i < steady.frames; i++)
        steady.data[i] = 0.3F * sinf(0.2F * (float)i);
    folder_wav(b->project, "mix/steady.wav", &steady, 16);
    folder_wav(b->project, "mix/silence.wav", &silence, 16);
    audio_done(&steady);
    audio_done(&silence);
    folder_write(b->project, "mix/notes.txt", "take 3", 6);
    assert_int_equal(curate(b, b->project, 10, false, NULL, &r, NULL), ST_OK);
    assert_int_equal(r.considered, 4);
    assert_int_equal(r.chosen, 3);
    assert_true(there(b, "drums/hit.wav"));
    assert_true(there(b, "pads/long.wav") && there(b, "pads/steady.wav"));
}

/* The first stack of one project is not the first of another. What was never written is
 * not missing; what was is. */
static void test_projects_have_stacks_of_their_own(void **state)
{
    struct bench *b = *state;
    struct curate_result r;
    struct root root;
    char name[300];
    for (int project = 0; project < 2; project++) {
        snprintf(b->project, sizeof b->project, "%s/in/P%d", b->folder, project);
        fill(b, 4);
        for (int i = 0; i < 4; i++)
            b->c[i].cluster = i < 2;
        b->c[2].saved = false;
        if (project > 0) /* the same name where capitals do not count */
            b->c[0].filename[0] = 'T';
        for (int i = 0; i < 2; i++) {
            snprintf(name, sizeof name, "tape/pads/%s", b->c[i].filename);
            strike(b->project, name, (project ? 2400 : 130) + 40 * i, 9000);
        }
        assert_int_equal(root_open(&root, b->project, false, NULL), ST_OK);
        assert_int_equal(
            manifest_write(&root, "manifest.csv", b->c, 4, MANIFEST_PLAIN, NULL), ST_OK);
        root_done(&root);
    }
    assert_int_equal(curate(b, in(b, b->folder, "in"), 10, false, NULL, &r, NULL), ST_OK);
    assert_int_equal(r.considered, 4);
    assert_int_equal(r.chosen, 2);
    assert_int_equal(r.missing, 2);
    assert_true(there(b, "pads/tape_pad00.wav") && there(b, "pads/Tape_pad00_2.wav"));
}

static void test_foreign_file_is_never_touched(void **state)
{
    struct bench *b = *state;
    struct curate_result r;
    make_project(b, 3, true);
    strike(b->best, "pads/tape_pad00.wav", 999, 777);
    char before[65], after[65];
    assert_int_equal(sha256_file(in(b, b->best, "pads/tape_pad00.wav"), before, NULL),
                     ST_OK);
    struct err e = {0};
    assert_int_equal(curate(b, b->project, 3, true, NULL, &r, &e), ST_EXISTS);
    assert_non_null(strstr(e.msg, "tape_pad00.wav"));
    /* nor is anything else begun */
    assert_int_equal(tree_count(b->best, ""), 1);
    assert_int_equal(sha256_file(in(b, b->best, "pads/tape_pad00.wav"), after, NULL),
                     ST_OK);
    assert_string_equal(before, after);
}

/* While a set is written another one is asked for there. */
static void curate_meanwhile(void *user, double fraction, const char *stage)
{
    struct bench *b = user;
    struct curate_result r;
    struct err e = {0};
    (void)fraction, (void)stage;
    assert_int_equal(curate(b, b->project, 1, true, NULL, &r, &e), ST_BUSY);
    assert_non_null(strstr(e.msg, "at work in"));
}

static void test_one_set_at_a_time(void **state)
{
    struct bench *b = *state;
    struct curate_result r;
    make_project(b, 6, true);
    struct curate_job job = {
        .input_root = b->project,
        .output_root = b->best,
        .options = {.top = 6},
        .ctx = &(struct job_context){.progress = curate_meanwhile, .progress_user = b}};
    assert_int_equal(curate_run(&job, &r, NULL), ST_OK);
    assert_int_equal(r.copied, 6);
    assert_int_equal(manifest_rows(b), 6);
    assert_int_equal(curate(b, b->project, 1, true, NULL, &r, NULL), ST_OK);
    assert_int_equal(tree_count(b->best, ""), 3); /* the manifest, the record and one */
}

/* Killed at ever later moments: what has a final name is whole, and the next run ends
 * with the full set. */
static void test_kill_and_go_on(void **state)
{
    struct bench *b = *state;
    struct curate_result r;
    make_project(b, 20, true);
    for (long wait_us = 0; wait_us < 30000; wait_us += 1500) {
        folder_remove(b->best);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(curate(b, b->project, 20, false, NULL, &r, NULL) != ST_OK);
        nap_ms((double)wait_us / 1000);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        for (int i = 0; i < 20; i++) {
            char hash[65];
            FREED const char *rest = text_of("pads/tape_pad%02d.wav", i);
            if (there(b, rest)) {
                assert_int_equal(sha256_file(b->path, hash, NULL), ST_OK);
                assert_string_equal(hash, b->c[i].sha256);
            }
        }
        if (there(b, "manifest.csv"))
            assert_int_equal(manifest_rows(b), 20);
        assert_int_equal(curate(b, b->project, 20, false, NULL, &r, NULL), ST_OK);
        assert_int_equal(r.copied + r.kept, 20);
        assert_int_equal(manifest_rows(b), 20);
        assert_false(there(b, ".trowel-curating.csv"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, folder_teardown)
        CASE(test_score_has_reasons),
        CASE(test_parts_weigh_what_is_promised),
        CASE(test_reasons_fit_their_room),
        CASE(test_user_comes_first),
        CASE(test_a_kit_follows),
        CASE(test_the_kits_own_choice),
        CASE(test_a_scrap_is_no_variety),
        CASE(test_places_differ),
        CASE(test_no_two_alike),
        CASE(test_crowds_cost_what_is_promised),
        CASE(test_diversity),
        CASE(test_none_asked_for_is_told),
        CASE(test_an_unreadable_folder_is_told),
        CASE(test_a_damaged_catalog_is_told),
        CASE(test_run_from_project),
        CASE(test_run_without_catalog),
        CASE(test_a_name_of_two_names_none),
        CASE(test_every_word_of_a_decision_file_counts),
        CASE(test_a_changed_sample_stays_a_new_one_comes),
        CASE(test_a_set_knows_why_its_hits_suit),
        CASE(test_run_from_plain_files),
        CASE(test_plain_files_are_told_by_their_sound),
        CASE(test_projects_have_stacks_of_their_own),
        CASE(test_foreign_file_is_never_touched),
        CASE(test_one_set_at_a_time),
        CASE(test_kill_and_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
