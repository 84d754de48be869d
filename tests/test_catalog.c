/* The catalog: what goes in comes out, decisions survive everything, the same content
 * gives the same bytes. */
#include "core/catalog.h"
#include "core/rng.h"
#include "folder.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_BYTES = 512 };

struct bench {
    char folder[PATH_BYTES], db[PATH_BYTES + 32], text[PATH_BYTES + 32];
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    folder_make(b->folder);
    snprintf(b->db, sizeof b->db, "%s/catalog.db", b->folder);
    snprintf(b->text, sizeof b->text, "%s/decisions.txt", b->folder);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    folder_remove(b->folder);
    free(b);
    return 0;
}

static void make_find(struct candidate *c, const char *source, enum kind kind, int n)
{
    struct rng r = rng_derive(1, 2, "find", (uint64_t)n);
    candidate_clear(c);
    snprintf(c->source, sizeof c->source, "%s", source);
    snprintf(c->source_path, sizeof c->source_path, "in/%s.flac", source);
    snprintf(c->filename, sizeof c->filename, "%s_%s%04d.wav", source, kind_type(kind),
             n);
    c->kind = kind;
    for (int m = 0; m < ME_COUNT; m++)
        if (rng_below(&r, 4) > 0)
            measures_set(&c->m, (enum measure_id)m, rng_range(&r, -60, 10000));
    c->start_frame = 1000 + n;
    c->end_frame = 200000 + n;
    c->source_rate_hz = 44100;
    snprintf(c->key, sizeof c->key, "F#m");
    snprintf(c->brightness, sizeof c->brightness, "dark");
    snprintf(c->hit_class, sizeof c->hit_class, "%s", kind == KIND_DRUM ? "kick" : "");
    c->cluster = n % 7;
    c->grade = "ABF"[n % 3];
    c->saved = n % 2;
    c->seed = 0xFEDCBA9876543210u;
    snprintf(c->algorithm_version, sizeof c->algorithm_version, "0.1.0");
    memset(c->sha256, 'a', 64);
    parts_add(&c->parts, "steady", 0.1 + n);
    parts_add(&c->parts, "tonal", 1.0 / 3.0);
    if (n % 5 == 4)
        snprintf(c->missed_by, sizeof c->missed_by, "level 1.2 dB below the gate");
    c->loop_count = 2;
    c->loop[0] = (struct loop_choice){100, 90000, 0.97, -41.5};
    c->loop[1] = (struct loop_choice){150, 91000, 0.91, -33.0};
}

static struct candidate *make_finds(int count)
{
    struct candidate *c = calloc((size_t)count, sizeof *c);
    assert_non_null(c);
    for (int i = 0; i < count; i++)
        make_find(&c[i], i < count / 2 ? "night-train" : "tape4",
                  i % 3 ? KIND_DRUM : KIND_PAD, i);
    return c;
}

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

static void publish(const struct bench *b, const struct candidate *c, int count,
                    const float *vectors)
{
    struct catalog_source s = {.stem = "night-train",
                               .path = "in/night-train.flac",
                               .content_hash = 0x8000000000000001u,
                               .recipe_hash = 7,
                               .rate_hz = 48000,
                               .channels = 2,
                               .frames = 1234567890123};
    struct catalog_content content = {.sources = &s,
                                      .source_count = 1,
                                      .candidates = c,
                                      .candidate_count = (size_t)count,
                                      .embeddings = vectors};
    struct err e = {0};
    if (catalog_publish(b->db, &content, &e) != ST_OK)
        fail_msg("%s", e.msg);
}

static struct catalog *open_db(const struct bench *b, enum catalog_mode mode)
{
    struct catalog *c;
    struct err e = {0};
    if (catalog_open(&c, b->db, mode, &e) != ST_OK)
        fail_msg("%s", e.msg);
    return c;
}

static void spew(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static enum status decide(struct catalog *c, uint64_t id, const char *decision)
{
    struct change change = {.field = FIELD_DECISION, .candidate = id};
    snprintf(change.value, sizeof change.value, "%s", decision);
    return catalog_record(c, &change, 1, decision, NULL, NULL);
}

static enum decision decision_of(struct catalog *c, uint64_t id)
{
    struct catalog_find f;
    assert_int_equal(catalog_get(c, id, &f, NULL), ST_OK);
    return f.c.decision;
}

static void test_round_trip(void **state)
{
    struct bench *b = *state;
    enum { N = 60 };
    struct candidate *in = make_finds(N);
    float *vectors = make_vectors(N), *back;
    publish(b, in, N, vectors);
    struct catalog *c = open_db(b, CATALOG_READ);
    struct catalog_find *out;
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
    free(out);
    free(back);
    struct catalog_source *sources;
    assert_int_equal(catalog_sources(c, &sources, &count, NULL), ST_OK);
    assert_int_equal(count, 2);
    assert_string_equal(sources[0].stem, "night-train");
    assert_true(sources[0].content_hash == 0x8000000000000001u);
    assert_true(sources[0].frames == 1234567890123);
    assert_string_equal(sources[1].path, "in/tape4.flac");
    free(sources);
    struct catalog_find f;
    assert_int_equal(catalog_get(c, 12345, &f, NULL), ST_NOT_FOUND);
    catalog_close(c);
    free(in);
    free(vectors);
}

static void test_same_content_same_bytes(void **state)
{
    struct bench *b = *state;
    struct candidate *in = make_finds(500);
    size_t one_bytes, two_bytes, bytes;
    publish(b, in, 500, NULL);
    char *one = file_read(b->db, &one_bytes);
    /* over an older one with other content, opened and closed by a session meanwhile */
    publish(b, in, 100, NULL);
    catalog_close(open_db(b, CATALOG_WRITE));
    publish(b, in, 500, NULL);
    char *two = file_read(b->db, &two_bytes);
    assert_int_equal(one_bytes, two_bytes);
    assert_memory_equal(one, two, one_bytes);
    free(two);
    /* readers change nothing */
    struct catalog *c = open_db(b, CATALOG_READ);
    struct catalog_find *out;
    assert_int_equal(catalog_load(c, &out, NULL, &bytes, NULL), ST_OK);
    free(out);
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
    free(one);
    free(two);
    free(in);
}

static void test_decisions_outlive_rebuilding(void **state)
{
    struct bench *b = *state;
    struct candidate *in = make_finds(30);
    uint64_t first = candidate_id(&in[0]), last = candidate_id(&in[29]);
    publish(b, in, 30, NULL);
    struct catalog *c = open_db(b, CATALOG_WRITE);
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
    catalog_close(c);
    free(in);
}

/* Of a pad: what lies where it was moved to, and which of its loops that is. */
static void test_moved_pads(void **state)
{
    (void)state;
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
    struct candidate *in = make_finds(3);
    uint64_t id = candidate_id(&in[1]);
    publish(b, in, 3, NULL);
    struct catalog *c = open_db(b, CATALOG_WRITE);
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
    assert_int_equal(catalog_undo_depth(c), 1);
    struct catalog_find f;
    assert_int_equal(catalog_get(c, id, &f, NULL), ST_OK);
    assert_int_equal(f.category, CAT_SWELLS);
    assert_true(f.tagged && f.edited && f.id == id);
    assert_string_equal(f.c.hit_class, "snare");
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
    catalog_close(c);
    free(in);
}

static void test_undo_across_restarts(void **state)
{
    struct bench *b = *state;
    enum { N = 8, ACTIONS = 200 };
    struct candidate *in = make_finds(N);
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
        struct change *changes;
        size_t count;
        bool back = i < done + 3 || rng_below(&r, 2); /* all the way, then to and fro */
        enum status st = back ? catalog_undo(c, &changes, &count, label, NULL)
                              : catalog_redo(c, &changes, &count, label, NULL);
        bool possible = back ? at > 0 : at < done;
        assert_int_equal(st, possible ? ST_OK : ST_NOTHING);
        if (possible)
            at += back ? -1 : 1;
        free(changes);
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
    assert_int_equal(catalog_redo_depth(c), 0);
    assert_int_equal(catalog_undo_depth(c), at + 1);
    catalog_close(c);
    free(in);
}

/* A child decides one after the other and tells each when the call has returned; it is
 * killed somewhere in between. Whatever it told must be there. */
static void test_kill_loses_nothing(void **state)
{
    struct bench *b = *state;
    enum { N = 200 };
    struct candidate *in = make_finds(N);
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
        struct catalog *c = open_db(b, CATALOG_WRITE);
        for (int i = round * 50; i <= told; i++)
            assert_int_equal(decision_of(c, candidate_id(&in[i])), DECISION_ACCEPTED);
        catalog_close(c);
    }
    free(in);
}

static void test_add_and_drop(void **state)
{
    struct bench *b = *state;
    struct candidate *in = make_finds(40);
    struct catalog_source s = {.stem = "night-train", .path = "x"};
    struct catalog *c = open_db(b, CATALOG_WRITE);
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
    catalog_close(c);
    free(in);
}

static void test_journal_round_trip(void **state)
{
    struct bench *b = *state;
    static const char *const names[] = {"plain.wav",
                                        " blanks at its ends ",
                                        "quote\"s and \\back\\slashes",
                                        "tab\tnewline\nhi",
                                        "emoji \xF0\x9F\xA5\x81.wav",
                                        "broken \xFF utf\xC3",
                                        "#hash",
                                        "\"\"",
                                        "-",
                                        "..",
                                        "\xE2\x80\xA8line separator",
                                        "\x1b[31mred"};
    enum { N = sizeof names / sizeof *names };
    struct candidate in[N];
    for (int i = 0; i < N; i++) {
        make_find(&in[i], "tape 4", KIND_PAD, i);
        snprintf(in[i].filename, sizeof in[i].filename, "%s", names[i]);
    }
    publish(b, in, N, NULL);
    struct catalog *c = open_db(b, CATALOG_WRITE);
    for (int i = 0; i < N; i++) {
        struct change all[] = {
            {.field = FIELD_DECISION, .candidate = candidate_id(&in[i])},
            {.field = FIELD_NOTE, .candidate = candidate_id(&in[i])},
            {.field = FIELD_SLOT, .key = "BD"},
        };
        snprintf(all[0].value, EVENT_VALUE_BYTES, "%s", i % 2 ? "accepted" : "rejected");
        snprintf(all[1].value, EVENT_VALUE_BYTES, "note: %s", names[i]);
        candidate_path(&in[i], all[2].value);
        assert_int_equal(catalog_record(c, all, 3, "x", NULL, NULL), ST_OK);
    }
    assert_int_equal(decide(c, candidate_id(&in[3]), ""), ST_OK);
    assert_int_equal(catalog_export(c, b->text, NULL), ST_OK);
    assert_int_equal(catalog_export(c, b->text, NULL), ST_OK); /* anew */
    /* what is no such file stays: a recording, a short one, a list of one's own */
    static const char *const theirs[] = {"RIFFxxxxWAVEfmt and sound for a while", "RI",
                                         "",
                                         "accepted night/pad/a.wav\naccepted b.wav\n"};
    size_t bytes;
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++) {
        char mine[600];
        struct err e = {0};
        snprintf(mine, sizeof mine, "%s.mine", b->text);
        FILE *f = fopen(mine, "wb");
        assert_non_null(f);
        fputs(theirs[i], f);
        fclose(f);
        assert_int_equal(catalog_export(c, mine, &e), ST_EXISTS);
        assert_non_null(strstr(e.msg, "is there already"));
        char *kept = file_read(mine, &bytes);
        assert_int_equal(bytes, strlen(theirs[i]));
        assert_memory_equal(kept, theirs[i], bytes);
        free(kept);
        assert_int_equal(unlink(mine), 0);
    }
    catalog_close(c);
    char *text = file_read(b->text, &bytes);
    for (size_t i = 0; i < bytes; i++) /* plain to read: no control bytes, no bad UTF-8 */
        assert_true(text[i] == '\n' ||
                    ((unsigned char)text[i] >= 0x20 && (unsigned char)text[i] != 0xFF));
    free(text);

    unlink(b->db);
    publish(b, in, N - 1, NULL); /* one is not there yet */
    c = open_db(b, CATALOG_WRITE);
    struct replay_report report;
    assert_int_equal(catalog_replay(c, b->text, &report, NULL), ST_OK);
    assert_int_equal(report.journal.bad, 0);
    assert_int_equal(report.journal.events, 3 * N + 1);
    assert_int_equal(report.unknown, 2);
    assert_non_null(strstr(report.first_unknown, "red"));
    catalog_close(c);
    publish(b, in, N, NULL);
    c = open_db(b, CATALOG_WRITE);
    for (int i = 0; i < N; i++) {
        char value[EVENT_VALUE_BYTES], expected[EVENT_VALUE_BYTES];
        uint64_t id = candidate_id(&in[i]);
        assert_int_equal(decision_of(c, id), i == 3  ? DECISION_NONE
                                             : i % 2 ? DECISION_ACCEPTED
                                                     : DECISION_REJECTED);
        snprintf(expected, sizeof expected, "note: %s", names[i]);
        assert_int_equal(catalog_value(c, FIELD_NOTE, id, "", value, NULL), ST_OK);
        assert_string_equal(value, expected);
    }
    catalog_close(c);
}

/* What was read, hashed, and written again. */
struct echo {
    FILE *out;
    uint64_t hash;
    size_t events;
};

static enum status echo_event(void *user, size_t line, const struct change *c,
                              const char *path, struct err *e)
{
    struct echo *echo = user;
    (void)line;
    (void)e;
    assert_true(c->field < FIELD_COUNT);
    assert_true(strlen(c->value) < sizeof c->value && strlen(c->key) < sizeof c->key);
    assert_true(strlen(path) < CANDIDATE_PATH_BYTES);
    echo->hash = rng_hash(echo->hash, &c->field, sizeof c->field);
    echo->hash = rng_hash(echo->hash, c->key, strlen(c->key) + 1);
    echo->hash = rng_hash(echo->hash, c->value, strlen(c->value) + 1);
    echo->hash = rng_hash(echo->hash, path, strlen(path) + 1);
    echo->events++;
    if (echo->out) {
        struct text text = {0};
        journal_add(&text, c, path);
        assert_int_equal(strcspn(text.at, "\r\n"), text.length - 1);
        fputs(text.at, echo->out);
        text_done(&text);
    }
    return ST_OK;
}

/* Edited by hand or damaged: a line is an event that is written as it was read, or it is
 * counted as bad. */
static void test_journals_of_any_bytes(void **state)
{
    struct bench *b = *state;
    static const char seed[] =
        "# trowel decisions 1\n"
        "accepted night-train/pad/night-train_pad01_mid.wav\n"
        "note \"two\\n lines \\\"and\\\" \\x41 caf\xC3\xA9\" a b/drum/c \\x20d.wav\n"
        "slot BD tape4/drum/tape4_drum_007_kick.wav\r\nslot OH \"\"\n"
        "edges \"44100 88200\" tape/pad/x.wav\nloop \"1 2\" tape/pad/x.wav\n"
        "steps SD 0000100000001000\ntrim SD -3.50\nkit \"NIGHT BUS\"\ntempo 124.5\n"
        "class snare tape4/drum/tape4_drum_044_perc.wav\nrating 4 x.wav\n";
    static const char odd[] = "\"\\ \n\r\t#\0x\x7f\xc3\xe2\x80\xa8/-9";
    char again[PATH_BYTES + 64];
    struct rng r = rng_derive(9, 0, "journals", 0);
    size_t events = 0, bad = 0;
    snprintf(again, sizeof again, "%s.again", b->text);
    for (int round = 0; round < 1500; round++) {
        char bytes[sizeof seed];
        size_t n = sizeof seed - 1;
        memcpy(bytes, seed, sizeof seed);
        for (uint32_t edits = rng_below(&r, 9); edits > 0; edits--) {
            size_t at = rng_below(&r, (uint32_t)n);
            if (rng_below(&r, 3) > 0) {
                bytes[at] = odd[rng_below(&r, sizeof odd - 1)];
            } else {
                memmove(bytes + at, bytes + at + 1, n - at - 1);
                n--;
            }
        }
        spew(b->text, bytes, n);
        struct journal_report report;
        struct echo first = {.out = fopen(again, "wb")}, second = {0};
        assert_non_null(first.out);
        assert_int_equal(journal_read(b->text, echo_event, &first, &report, NULL), ST_OK);
        assert_int_equal(fclose(first.out), 0);
        assert_int_equal(report.events, first.events);
        events += report.events;
        bad += report.bad;
        assert_int_equal(journal_read(again, echo_event, &second, &report, NULL), ST_OK);
        assert_int_equal(report.bad, 0);
        assert_int_equal(second.events, first.events);
        assert_true(second.hash == first.hash);
    }
    assert_true(events > 10000 && bad > 1000);
}

static void test_journal_by_hand(void **state)
{
    struct bench *b = *state;
    static const char text[] =
        "\xEF\xBB\xBF# mine\r\n\r\naccepted night-train_pad0000.wav\r\n"
        "  rejected   night-train/drum/night-train_drum0001.wav  \r\n"
        "rating 7 night-train_pad0000.wav\n"
        "ratink 3 night-train_pad0000.wav\n"
        "rating 3\n"
        "note \"open night-train_pad0000.wav\n"
        "rating 3 night-train_pad0000.wav\n"
        "accepted nowhere.wav\n"
        "steps SD 0000100000001000\nlock SD 1\ntempo 124.50";
    struct candidate *in = make_finds(6);
    publish(b, in, 6, NULL);
    spew(b->text, text, sizeof text - 1);
    struct catalog *c = open_db(b, CATALOG_WRITE);
    struct replay_report r;
    assert_int_equal(catalog_replay(c, b->text, &r, NULL), ST_OK);
    assert_int_equal(r.journal.bad, 4);
    assert_non_null(
        strstr(r.journal.first_bad.msg, "decisions.txt:5: rating takes 0 to 5"));
    assert_int_equal(r.applied, 6);
    assert_int_equal(r.unknown, 1);
    assert_string_equal(r.first_unknown, "nowhere.wav");
    assert_int_equal(decision_of(c, candidate_id(&in[0])), DECISION_ACCEPTED);
    assert_int_equal(decision_of(c, candidate_id(&in[1])), DECISION_REJECTED);
    struct err e = {0};
    assert_int_equal(catalog_replay(c, "/nonexistent/file", &r, &e), ST_NOT_FOUND);
    /* one action: one undo takes it all back */
    struct change *changes;
    size_t count;
    char label[ACTION_LABEL_BYTES];
    assert_int_equal(catalog_undo(c, &changes, &count, label, NULL), ST_OK);
    assert_int_equal(count, 6);
    free(changes);
    assert_int_equal(decision_of(c, candidate_id(&in[0])), DECISION_NONE);
    catalog_close(c);
    free(in);
}

static void assert_refused(const struct bench *b, enum status expected, const char *says)
{
    struct catalog *c;
    struct err e = {0};
    size_t before, after;
    char *one = file_read(b->db, &before);
    assert_int_equal(catalog_open(&c, b->db, CATALOG_WRITE, &e), expected);
    assert_null(c);
    assert_non_null(strstr(e.msg, says));
    struct catalog_content nothing = {0};
    assert_int_equal(catalog_publish(b->db, &nothing, &e), expected);
    char *two = file_read(b->db, &after);
    assert_int_equal(before, after);
    assert_memory_equal(one, two, before);
    free(one);
    free(two);
}

static void test_foreign_newer_garbage(void **state)
{
    struct bench *b = *state;
    struct candidate *in = make_finds(5);
    publish(b, in, 5, NULL);
    size_t bytes;
    char *whole = file_read(b->db, &bytes);
    unsigned char *db = (unsigned char *)whole;
    db[63] = 2; /* user_version, big endian, bytes 60–63 */
    spew(b->db, db, bytes);
    assert_refused(b, ST_UNSUPPORTED, "newer trowel");
    db[63] = 1;
    db[68] = 'x'; /* application id, bytes 68–71 */
    spew(b->db, db, bytes);
    assert_refused(b, ST_UNSUPPORTED, "not a trowel catalog");
    spew(b->db,
         "certainly no database, but a text that is long enough to look at it twice "
         "and three times, and then once more for good measure, till 100 bytes",
         140);
    assert_refused(b, ST_CORRUPT, "damaged");
    struct catalog *c;
    struct err e = {0};
    assert_int_equal(catalog_open(&c, b->folder, CATALOG_WRITE, &e), ST_UNSUPPORTED);
    unlink(b->db);
    assert_int_equal(catalog_open(&c, b->db, CATALOG_READ, &e), ST_NOT_FOUND);
    assert_int_not_equal(access(b->db, F_OK), 0);
    free(whole);
    free(in);
}

/* Pages are overwritten one after the other. Whatever happens: no crash; a rebuild gives
 * a working catalog; when the events are untouched, all of them come along. */
static void test_damage_is_survived(void **state)
{
    struct bench *b = *state;
    enum { N = 300 };
    struct candidate *in = make_finds(N);
    publish(b, in, N, NULL);
    struct catalog *c = open_db(b, CATALOG_WRITE);
    for (int i = 0; i < 60; i++)
        assert_int_equal(decide(c, candidate_id(&in[i]), "accepted"), ST_OK);
    catalog_close(c);
    size_t bytes, all_kept = 0, pages = 0;
    char *whole = file_read(b->db, &bytes);
    struct catalog_content content = {.candidates = in, .candidate_count = N};
    for (size_t at = 0; at + 4096 <= bytes; at += 4096 * 2, pages++) {
        char *broken = malloc(bytes);
        memcpy(broken, whole, bytes);
        memset(broken + at, 0xA5, 4096);
        spew(b->db, broken, bytes);
        free(broken);
        struct err e = {0};
        if (catalog_rebuild(b->db, &content, &e) != ST_OK)
            fail_msg("page %zu: %s", at / 4096, e.msg);
        c = open_db(b, CATALOG_WRITE);
        size_t kept = 0;
        for (int i = 0; i < N; i++)
            kept += decision_of(c, candidate_id(&in[i])) == DECISION_ACCEPTED;
        all_kept += kept == 60;
        catalog_close(c);
    }
    print_message("%zu pages of %zu damaged, everything kept in %zu\n", pages,
                  bytes / 4096, all_kept);
    assert_true(pages > 10);
    assert_true(all_kept + 3 >= pages); /* all but the pages of events and the header */
    char aside[PATH_BYTES + 64];
    snprintf(aside, sizeof aside, "%s.damaged-1", b->db);
    assert_int_equal(access(aside, F_OK), 0);
    free(whole);
    free(in);
}

static void test_two_processes(void **state)
{
    struct bench *b = *state;
    struct candidate *in = make_finds(12);
    publish(b, in, 6, NULL);
    struct catalog *one = open_db(b, CATALOG_WRITE), *two = open_db(b, CATALOG_WRITE);
    assert_false(catalog_changed_elsewhere(one));
    assert_int_equal(decide(two, candidate_id(&in[1]), "accepted"), ST_OK);
    assert_true(catalog_changed_elsewhere(one));
    assert_false(catalog_changed_elsewhere(one));
    assert_int_equal(decision_of(one, candidate_id(&in[1])), DECISION_ACCEPTED);
    assert_int_equal(catalog_undo_depth(one), 1);
    /* a batch run publishes while both are open: kept in place, seen by both, also by who
     * decides before he looks */
    publish(b, in, 12, NULL);
    assert_int_equal(decide(one, candidate_id(&in[3]), "rejected"), ST_OK);
    assert_true(catalog_changed_elsewhere(one));
    assert_false(catalog_changed_elsewhere(one));
    assert_int_equal(decision_of(one, candidate_id(&in[11])), DECISION_NONE);
    assert_int_equal(decision_of(two, candidate_id(&in[1])), DECISION_ACCEPTED);
    catalog_close(one);
    assert_int_equal(decide(two, candidate_id(&in[2]), "rejected"), ST_OK);
    catalog_close(two);
    one = open_db(b, CATALOG_READ);
    assert_int_equal(decision_of(one, candidate_id(&in[2])), DECISION_REJECTED);
    catalog_close(one);
    free(in);
}

static bool has_log(const struct bench *b)
{
    char log[PATH_BYTES + 64];
    snprintf(log, sizeof log, "%s-wal", b->db);
    return access(log, F_OK) == 0;
}

/* Whoever only looks writes nothing and waits for no disk. */
static void test_looking_writes_nothing(void **state)
{
    struct bench *b = *state;
    struct candidate *in = make_finds(6);
    size_t before, after;
    publish(b, in, 6, NULL);
    char *was = file_read(b->db, &before);
    struct catalog *c = open_db(b, CATALOG_WRITE);
    assert_int_equal(decision_of(c, candidate_id(&in[1])), DECISION_NONE);
    assert_false(has_log(b));
    catalog_close(c);
    char *is = file_read(b->db, &after);
    assert_int_equal(after, before);
    assert_memory_equal(is, was, before);
    c = open_db(b, CATALOG_WRITE);
    catalog_sync_later(c, NULL);
    assert_true(has_log(b));
    assert_false(catalog_changed_elsewhere(c)); /* it was us */
    assert_int_equal(decide(c, candidate_id(&in[1]), "accepted"), ST_OK);
    assert_false(catalog_changed_elsewhere(c));
    catalog_close(c);
    assert_false(has_log(b));
    free(was);
    free(is);
    free(in);
}

/* A run that finds no decisions puts a new file in the place of the old one; whoever only
 * looked until then goes on in the new one. */
static void test_replaced_while_looking(void **state)
{
    struct bench *b = *state;
    struct candidate *in = make_finds(12);
    publish(b, in, 6, NULL);
    struct catalog *c = open_db(b, CATALOG_WRITE);
    assert_int_equal(decision_of(c, candidate_id(&in[1])), DECISION_NONE);
    publish(b, in, 12, NULL);
    assert_int_equal(decide(c, candidate_id(&in[11]), "accepted"), ST_OK);
    assert_true(catalog_changed_elsewhere(c));
    assert_false(catalog_changed_elsewhere(c));
    assert_int_equal(decision_of(c, candidate_id(&in[11])), DECISION_ACCEPTED);
    publish(b, in, 12, NULL); /* in place now */
    assert_true(catalog_changed_elsewhere(c));
    assert_int_equal(decide(c, candidate_id(&in[10]), "rejected"), ST_OK);
    catalog_close(c);
    c = open_db(b, CATALOG_READ);
    assert_int_equal(decision_of(c, candidate_id(&in[11])), DECISION_ACCEPTED);
    assert_int_equal(decision_of(c, candidate_id(&in[10])), DECISION_REJECTED);
    catalog_close(c);
    free(in);
}

/* Into a file that is gone nothing is said as if it were kept. */
static void test_removed_while_open(void **state)
{
    struct bench *b = *state;
    struct candidate *in = make_finds(6);
    struct err e;
    publish(b, in, 6, NULL);
    struct catalog *c = open_db(b, CATALOG_WRITE);
    assert_int_equal(decide(c, candidate_id(&in[1]), "accepted"), ST_OK);
    assert_int_equal(unlink(b->db), 0);
    struct change change = {.field = FIELD_DECISION, .candidate = candidate_id(&in[2])};
    snprintf(change.value, sizeof change.value, "rejected");
    assert_int_equal(catalog_record(c, &change, 1, "rejected it", NULL, &e), ST_DISK);
    assert_non_null(strstr(e.msg, "was removed or replaced"));
    publish(b, in, 6, NULL); /* another in its place */
    assert_int_equal(decide(c, candidate_id(&in[3]), "accepted"), ST_DISK);
    catalog_close(c);
    c = open_db(b, CATALOG_WRITE);
    assert_int_equal(decision_of(c, candidate_id(&in[3])), DECISION_NONE);
    assert_int_equal(decide(c, candidate_id(&in[3]), "accepted"), ST_OK);
    catalog_close(c);
    free(in);
}

/* Every word of the decision file is in its description. */
static void test_words_are_documented(void **state)
{
    size_t bytes;
    char *text = file_read(SOURCE_DIR "/docs/decision-file.md", &bytes), row[64];
    (void)state;
    for (int f = 0; f < FIELD_COUNT; f++) {
        snprintf(row, sizeof row, "\n| `%s` |", event_word((enum event_field)f));
        if (strstr(text, row) == NULL)
            fail_msg("%s", event_word((enum event_field)f));
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        CASE(test_round_trip),
        CASE(test_same_content_same_bytes),
        CASE(test_decisions_outlive_rebuilding),
        CASE(test_overrides),
        CASE(test_moved_pads),
        CASE(test_undo_across_restarts),
        CASE(test_kill_loses_nothing),
        CASE(test_add_and_drop),
        CASE(test_journal_round_trip),
        CASE(test_journals_of_any_bytes),
        CASE(test_journal_by_hand),
        CASE(test_foreign_newer_garbage),
        CASE(test_damage_is_survived),
        CASE(test_two_processes),
        CASE(test_looking_writes_nothing),
        CASE(test_replaced_while_looking),
        CASE(test_removed_while_open),
        CASE(test_words_are_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
