/* The catalog: what goes in comes out, decisions survive everything, the same content
 * gives the same bytes. */
#include "catalog_rig.h"
#include "checks.h"

#include "core/catalog_internal.h"
#include "core/rng.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static float *make_vectors(int count)
{
    float *v = calloc((size_t)count * SIMILARITY_DIM, sizeof *v);
    for (int i = 0; i < count * SIMILARITY_DIM; i++)
        v[i] = (float)(i % 97) / 7.0F;
    v[2 * SIMILARITY_DIM] = NAN; /* the third has none */
    return v;
}

static void assert_same_find(const struct candidate *a, const struct candidate *b)
{
    assert_string_equal(a->filename, b->filename);
    assert_string_equal(a->source, b->source);
    assert_string_equal(a->source_path, b->source_path);
    assert_int_equal(a->kind, b->kind);
    for (int m = 0; m < ME_COUNT; m++) {
        double x = measures_get(&a->m, (enum measure_id)m),
               y = measures_get(&b->m, (enum measure_id)m);
        assert_true(isnan(x) ? isnan(y) : x == y);
    }
    assert_int_equal(a->start_frame, b->start_frame);
    assert_int_equal(a->end_frame, b->end_frame);
    assert_int_equal(a->source_rate_hz, b->source_rate_hz);
    assert_string_equal(a->key, b->key);
    assert_string_equal(a->brightness, b->brightness);
    assert_string_equal(a->hit_class, b->hit_class);
    assert_int_equal(a->cluster, b->cluster);
    assert_int_equal(a->grade, b->grade);
    assert_int_equal(a->saved, b->saved);
    assert_true(a->seed == b->seed);
    assert_string_equal(a->algorithm_version, b->algorithm_version);
    assert_string_equal(a->sha256, b->sha256);
    assert_string_equal(a->missed_by, b->missed_by);
    assert_memory_equal(&a->parts, &b->parts, sizeof a->parts);
    assert_int_equal(a->loop_count, b->loop_count);
    assert_memory_equal(a->loop, b->loop, sizeof a->loop);
}

static void test_round_trip(void **state)
{
    struct bench *b = *state;
    enum { N = 60 };
    FREED struct candidate *in = make_finds(N);
    FREED float *vectors = make_vectors(N), *back;
    publish(b, in, N, vectors);
    OWN(catalog) *c = open_db(b, CATALOG_READ);
    FREED struct catalog_find *out;
    size_t count;
    assert_int_equal(catalog_load(c, &out, &back, &count, NULL), ST_OK);
    assert_int_equal(count, N);
    for (int i = 0; i < N; i++) {
        assert_true(out[i].id == candidate_id(&in[i]));
        assert_same_find(&out[i].c, &in[i]);
        if (i == 2)
            assert_true(isnan(back[i * SIMILARITY_DIM]));
        else
            assert_memory_equal(back + i * SIMILARITY_DIM, vectors + i * SIMILARITY_DIM,
                                SIMILARITY_DIM * sizeof(float));
    }
    FREED struct catalog_source *sources;
    assert_int_equal(catalog_sources(c, &sources, &count, NULL), ST_OK);
    assert_int_equal(count, 2);
    assert_string_equal(sources[0].stem, "night-train");
    assert_true(sources[0].content_hash == 0x8000000000000001u);
    assert_true(sources[0].frames == 1234567890123);
    assert_string_equal(sources[1].path, "in/tape4.flac");
    struct catalog_find f;
    assert_int_equal(catalog_get(c, 12345, &f, NULL), ST_NOT_FOUND);
}

/* A later version may know types that this one does not: all others keep their sound. */
static void test_unknown_types(void **state)
{
    struct bench *b = *state;
    enum { N = 60, UNKNOWN = 5 };
    FREED struct candidate *in = make_finds(N);
    FREED float *vectors = make_vectors(N), *back;
    publish(b, in, N, vectors);
    OWN(catalog) *c = open_db(b, CATALOG_WRITE);
    FREED struct catalog_find *out;
    size_t count;
    assert_int_equal(
        catalog_script(c, "UPDATE candidate SET type='bell' WHERE position=6", NULL),
        ST_OK);
    assert_int_equal(catalog_load(c, &out, &back, &count, NULL), ST_OK);
    assert_int_equal(count, N - 1);
    for (size_t i = 3; i < count; i++) {
        size_t its = i < UNKNOWN ? i : i + 1;
        assert_true(out[i].id == candidate_id(&in[its]));
        assert_memory_equal(back + i * SIMILARITY_DIM, vectors + its * SIMILARITY_DIM,
                            SIMILARITY_DIM * sizeof *back);
    }
}

static void test_same_content_same_bytes(void **state)
{
    struct bench *b = *state;
    FREED struct candidate *in = make_finds(500);
    size_t one_bytes, two_bytes, bytes;
    publish(b, in, 500, NULL);
    FREED char *one = file_read(b->db, &one_bytes);
    /* over an older one with other content, opened and closed by a session meanwhile */
    publish(b, in, 100, NULL);
    catalog_close(open_db(b, CATALOG_WRITE));
    publish(b, in, 500, NULL);
    FREED char *two = file_read(b->db, &two_bytes);
    assert_int_equal(one_bytes, two_bytes);
    assert_memory_equal(one, two, one_bytes);
    free(two);
    /* readers change nothing */
    struct catalog *c = open_db(b, CATALOG_READ);
    FREED struct catalog_find *out;
    assert_int_equal(catalog_load(c, &out, NULL, &bytes, NULL), ST_OK);
    assert_int_not_equal(decide(c, candidate_id(&in[0]), "accepted"), ST_OK);
    catalog_close(c);
    two = file_read(b->db, &two_bytes);
    assert_memory_equal(one, two, one_bytes);
    /* nothing is left lying beside */
    char part[PATH_BYTES + 64];
    snprintf(part, sizeof part, "%s.part", b->db);
    assert_int_not_equal(access(part, F_OK), 0);
    snprintf(part, sizeof part, "%s-wal", b->db);
    assert_int_not_equal(access(part, F_OK), 0);
}

static void test_decisions_outlive_rebuilding(void **state)
{
    struct bench *b = *state;
    FREED struct candidate *in = make_finds(30);
    uint64_t first = candidate_id(&in[0]), last = candidate_id(&in[29]);
    publish(b, in, 30, NULL);
    OWN(catalog) *c = open_db(b, CATALOG_WRITE);
    assert_int_equal(decide(c, first, "accepted"), ST_OK);
    assert_int_equal(decide(c, last, "rejected"), ST_OK);
    catalog_close(c);
    publish(b, in, 10, NULL); /* the last one is not found any more */
    c = open_db(b, CATALOG_WRITE);
    struct catalog_find f;
    assert_int_equal(decision_of(c, first), DECISION_ACCEPTED);
    assert_int_equal(catalog_get(c, last, &f, NULL), ST_NOT_FOUND);
    catalog_close(c);
    in[5].decision = DECISION_ACCEPTED; /* as a manifest would carry it */
    in[0].decision = DECISION_REJECTED; /* an old manifest: the event knows better */
    publish(b, in, 30, NULL);
    c = open_db(b, CATALOG_WRITE);
    assert_int_equal(decision_of(c, first), DECISION_ACCEPTED);
    assert_int_equal(decision_of(c, last), DECISION_REJECTED);
    assert_int_equal(decision_of(c, candidate_id(&in[5])), DECISION_ACCEPTED);
}

/* Of a pad: what lies where it was moved to, and which of its loops that is. */
static void test_moved_pads(void **state)
{
    struct catalog_find f = {0};
    make_find(&f.c, "night-train", KIND_PAD, 0);
    f.c.m.duration_sec = 2;
    f.c.m.loop_start = 0;
    f.c.m.loop_end = 96000; /* written at 48 kHz, from 44.1 */
    const struct catalog_find mined = f;
    catalog_overlay(&f, FIELD_EDGES, "44100 88200");
    assert_true(f.edited && f.c.start_frame == 44100 && f.c.end_frame == 88200);
    assert_true(f.c.m.start_sec == 1 && f.c.m.end_sec == 2 && f.c.m.duration_sec == 1);
    assert_true(f.c.m.loop_end == 48000); /* the sample is as long as its loop */
    assert_int_equal(f.c.loop_count, 3);
    assert_int_equal(f.loop_at, -1); /* none of the ranked */
    assert_true(f.c.loop[0].start_frame == 44100 && f.c.loop[0].end_frame == 88200);
    assert_memory_equal(&f.c.loop[1], mined.c.loop, 2 * sizeof *f.c.loop);
    catalog_overlay(&f, FIELD_LOOP, "150 91000");
    assert_int_equal(f.loop_at, 1);
    assert_memory_equal(&f.c.loop[0], &mined.c.loop[1], sizeof *f.c.loop);
    assert_true(f.c.start_frame == 150 && f.c.end_frame == 91000);
    /* one after the other, and round */
    f = mined;
    catalog_overlay(&f, FIELD_EDGES, "150 91000");
    assert_int_equal(f.loop_at, 1);
    catalog_overlay(&f, FIELD_LOOP, "100 90000");
    assert_int_equal(f.loop_at, 0);
    assert_int_equal(f.c.loop_count, 2);
    /* damage is no place */
    f = mined;
    catalog_overlay(&f, FIELD_EDGES, "-5 88200");
    catalog_overlay(&f, FIELD_LOOP, "88200 44100");
    catalog_overlay(&f, FIELD_LOOP, "1 2 3");
    assert_memory_equal(&f, &mined, sizeof f);
}

static void test_overrides(void **state)
{
    struct bench *b = *state;
    FREED struct candidate *in = make_finds(3);
    uint64_t id = candidate_id(&in[1]);
    publish(b, in, 3, NULL);
    OWN(catalog) *c = open_db(b, CATALOG_WRITE);
    struct change all[] = {
        {.field = FIELD_CATEGORY, .candidate = id, .value = "swells"},
        {.field = FIELD_CLASS, .candidate = id, .value = "snare"},
        {.field = FIELD_EDGES, .candidate = id, .value = "44100 88200"},
        {.field = FIELD_LOOP, .candidate = id, .value = "150 91000"},
        {.field = FIELD_TAG, .candidate = id, .value = "1"},
        {.field = FIELD_RATING, .candidate = id, .value = "4"},
        {.field = FIELD_TRIM, .key = "BD", .value = "-3.50"},
    };
    size_t applied;
    assert_int_equal(catalog_record(c, all, 7, "edited", &applied, NULL), ST_OK);
    assert_int_equal(applied, 7);
    assert_int_equal(catalog_record(c, all, 7, "edited", &applied, NULL), ST_OK);
    assert_int_equal(applied, 0);
    assert_int_equal(catalog_event_count(c), 7);
    struct catalog_find f;
    assert_int_equal(catalog_get(c, id, &f, NULL), ST_OK);
    assert_int_equal(f.category, CAT_SWELLS);
    assert_true(f.tagged && f.edited && f.id == id);
    assert_string_equal(f.c.hit_class, "snare");
    assert_true(f.c.m.hit_confidence == 1); /* the user's word is no guess */
    assert_int_equal(f.c.rating, 4);
    assert_int_equal(f.c.start_frame, 44100);
    assert_true(f.c.m.end_sec == 2.0);
    /* the chosen alternative comes first with its measures, the other stays */
    assert_int_equal(f.c.loop_count, 2);
    assert_int_equal(f.loop_at, 1);
    assert_memory_equal(&f.c.loop[0], &in[1].loop[1], sizeof f.c.loop[0]);
    assert_memory_equal(&f.c.loop[1], &in[1].loop[0], sizeof f.c.loop[0]);
    char value[EVENT_VALUE_BYTES];
    assert_int_equal(catalog_value(c, FIELD_TRIM, 0, "BD", value, NULL), ST_OK);
    assert_string_equal(value, "-3.5");
    struct change wrong[] = {
        {.field = FIELD_RATING, .candidate = id, .value = "1"},
        {.field = FIELD_RATING, .candidate = id, .value = "6"},
    };
    struct err e = {0};
    assert_int_equal(catalog_record(c, wrong, 2, "", NULL, &e), ST_USAGE);
    assert_non_null(strstr(e.msg, "0 to 5"));
    assert_int_equal(catalog_get(c, id, &f, NULL), ST_OK);
    assert_int_equal(f.c.rating, 4); /* all or none */
}

static void test_undo_across_restarts(void **state)
{
    struct bench *b = *state;
    enum { N = 8, ACTIONS = 200 };
    FREED struct candidate *in = make_finds(N);
    publish(b, in, N, NULL);
    struct rng r = rng_derive(9, 0, "undo", 0);
    enum decision expected[ACTIONS + 1][N] = {{DECISION_NONE}};
    struct catalog *c = open_db(b, CATALOG_WRITE);
    int done = 0;
    for (int i = 0; i < ACTIONS; i++) {
        size_t applied, which = rng_below(&r, N);
        struct change change = {.field = FIELD_DECISION,
                                .candidate = candidate_id(&in[which])};
        enum decision d = (enum decision)rng_below(&r, 3);
        snprintf(change.value, sizeof change.value, "%s", decision_name(d));
        assert_int_equal(catalog_record(c, &change, 1, "x", &applied, NULL), ST_OK);
        if (applied == 0)
            continue;
        memcpy(expected[done + 1], expected[done], sizeof expected[0]);
        expected[++done][which] = d;
    }
    int at = done;
    char label[ACTION_LABEL_BYTES];
    for (int i = 0; i < 4 * ACTIONS; i++) {
        struct change_list changes;
        bool back = i < done + 3 || rng_below(&r, 2); /* all the way, then to and fro */
        enum status st = back ? catalog_undo(c, &changes, label, NULL)
                              : catalog_redo(c, &changes, label, NULL);
        bool possible = back ? at > 0 : at < done;
        assert_int_equal(st, possible ? ST_OK : ST_NOTHING);
        if (possible)
            at += back ? -1 : 1;
        free(changes.at);
        if (i % 50 == 7) {
            catalog_close(c);
            c = open_db(b, CATALOG_WRITE);
        }
        for (int k = 0; k < N && i % 10 == 0; k++)
            assert_int_equal(decision_of(c, candidate_id(&in[k])), expected[at][k]);
    }
    /* a new action drops what could have been redone */
    assert_int_equal(
        decide(c, candidate_id(&in[0]),
               expected[at][0] == DECISION_ACCEPTED ? "rejected" : "accepted"),
        ST_OK);
    struct change_list changes;
    assert_int_equal(catalog_redo(c, &changes, label, NULL), ST_NOTHING);
    for (at += 1; catalog_undo(c, &changes, label, NULL) == ST_OK; at--)
        free(changes.at);
    assert_int_equal(at, 0);
    catalog_close(c);
}

/* A child decides one after the other and tells each when the call has returned; it is
 * killed somewhere in between. Whatever it told must be there. */
static void test_kill_loses_nothing(void **state)
{
    struct bench *b = *state;
    enum { N = 200 };
    FREED struct candidate *in = make_finds(N);
    publish(b, in, N, NULL);
    for (int round = 0; round < 4; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct catalog *c;
            if (catalog_open(&c, b->db, CATALOG_WRITE, NULL) != ST_OK)
                _exit(1);
            for (int i = round * 50; i < N; i++) {
                unsigned char told = (unsigned char)i;
                if (decide(c, candidate_id(&in[i]), "accepted") != ST_OK ||
                    write(ends[1], &told, 1) != 1)
                    _exit(1);
            }
            pause();
        }
        close(ends[1]);
        unsigned char told = 0;
        int heard = 0;
        while (heard < 10 + 7 * round && read(ends[0], &told, 1) == 1)
            heard++;
        kill(child, SIGKILL);
        while (read(ends[0], &told, 1) == 1)
            heard++;
        assert_int_equal(waitpid(child, NULL, 0), child);
        close(ends[0]);
        assert_true(heard >= 10);
        OWN(catalog) *c = open_db(b, CATALOG_WRITE);
        for (int i = round * 50; i <= told; i++)
            assert_int_equal(decision_of(c, candidate_id(&in[i])), DECISION_ACCEPTED);
    }
}

static void test_add_and_drop(void **state)
{
    struct bench *b = *state;
    FREED struct candidate *in = make_finds(40);
    struct catalog_source s = {.stem = "night-train", .path = "x"};
    OWN(catalog) *c = open_db(b, CATALOG_WRITE);
    assert_int_equal(catalog_add(c, &s, in, 20, NULL, NULL), ST_OK);
    assert_int_equal(decide(c, candidate_id(&in[7]), "accepted"), ST_OK);
    in[7].m.rms_db = -12.25;
    assert_int_equal(catalog_add(c, &s, in + 5, 10, NULL, NULL), ST_OK);
    uint64_t others[11] = {1}; /* one that nobody has */
    for (int i = 0; i < 10; i++)
        others[i + 1] = candidate_id(&in[i < 5 ? i : i + 10]);
    assert_int_equal(catalog_drop(c, others, 11, NULL), ST_OK);
    struct catalog_find *out, f;
    size_t count;
    assert_int_equal(catalog_load(c, &out, NULL, &count, NULL), ST_OK);
    assert_int_equal(count, 10);
    free(out);
    assert_int_equal(catalog_get(c, candidate_id(&in[7]), &f, NULL), ST_OK);
    assert_int_equal(f.c.decision, DECISION_ACCEPTED);
    assert_true(f.c.m.rms_db == -12.25);
    struct catalog_source failed = {.stem = "broken", .failed = true, .note = "no audio"};
    assert_int_equal(catalog_add(c, &failed, NULL, 0, NULL, NULL), ST_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_CATALOG(test_round_trip),
        IN_CATALOG(test_unknown_types),
        IN_CATALOG(test_same_content_same_bytes),
        IN_CATALOG(test_decisions_outlive_rebuilding),
        IN_CATALOG(test_overrides),
        IN_CATALOG(test_moved_pads),
        IN_CATALOG(test_undo_across_restarts),
        IN_CATALOG(test_kill_loses_nothing),
        IN_CATALOG(test_add_and_drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
