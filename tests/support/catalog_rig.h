/* catalog_rig: a catalog and a decision file in a folder of their own, and finds to put
 * into it. Whatever cannot be done ends the test. */
#ifndef TROWEL_TESTS_CATALOG_RIG_H
#define TROWEL_TESTS_CATALOG_RIG_H

#include "core/catalog.h"
#include "folder.h"
#include "own.h"

#include <stdlib.h>

struct bench {
    char folder[512], db[544], text[544];
};

int catalog_rig_setup(void **state); /* *state = struct bench */
#define IN_CATALOG(test)                                                                 \
    cmocka_unit_test_setup_teardown(test, catalog_rig_setup, folder_teardown)

/* The n-th find: the same for the same n, with most of its fields set. */
void make_find(struct candidate *c, const char *source, enum kind kind, int n);
/* The first `count` of them, of two recordings, every third a pad; the caller frees.
 * Inline, for session_rig has one of that name, too. */
static inline struct candidate *make_finds(int count)
{
    struct candidate *c = calloc((size_t)count, sizeof *c);
    if (!c)
        abort();
    for (int i = 0; i < count; i++)
        make_find(&c[i], i < count / 2 ? "night-train" : "tape4",
                  i % 3 ? KIND_DRUM : KIND_PAD, i);
    return c;
}

/* As a batch run does; `vectors` may be NULL. */
void publish(const struct bench *b, const struct candidate *c, int count,
             const float *vectors);
struct catalog *open_db(const struct bench *b, enum catalog_mode mode);
enum status decide(struct catalog *c, uint64_t id, const char *decision);
enum decision decision_of(struct catalog *c, uint64_t id);
/* These bytes are all there is in the file. */
void spew(const char *path, const void *bytes, size_t n);

#endif
