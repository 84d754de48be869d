#include "catalog_rig.h"
#include "checks.h"

#include "core/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int catalog_rig_setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    folder_make(b->folder);
    snprintf(b->db, sizeof b->db, "%s/catalog.db", b->folder);
    snprintf(b->text, sizeof b->text, "%s/decisions.txt", b->folder);
    *state = b;
    return 0;
}

void make_find(struct candidate *c, const char *source, enum kind kind, int n)
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

void publish(const struct bench *b, const struct candidate *c, int count,
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

struct catalog *open_db(const struct bench *b, enum catalog_mode mode)
{
    struct catalog *c;
    struct err e = {0};
    if (catalog_open(&c, b->db, mode, &e) != ST_OK)
        fail_msg("%s", e.msg);
    return c;
}

void spew(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

enum status decide(struct catalog *c, uint64_t id, const char *decision)
{
    struct change change = {.field = FIELD_DECISION, .candidate = id};
    snprintf(change.value, sizeof change.value, "%s", decision);
    return catalog_record(c, &change, 1, decision, NULL, NULL);
}

enum decision decision_of(struct catalog *c, uint64_t id)
{
    struct catalog_find f;
    assert_int_equal(catalog_get(c, id, &f, NULL), ST_OK);
    return f.c.decision;
}
