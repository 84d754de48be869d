/* curate_internal: what `curate` works on: finds with their files, from wherever they
 * came. Not for anyone else. */
#ifndef TROWEL_CORE_CURATE_INTERNAL_H
#define TROWEL_CORE_CURATE_INTERNAL_H

#include "core/curate.h"
#include "core/recut.h"

struct curate_find {
    struct candidate c;
    uint64_t id;
    enum category category;
    int stack;  /* unlike c.cluster, unique over all projects below the input */
    char *file; /* NULL: a near-miss, which has none */
    bool edited;
    int site;   /* of pool->sites, of what is edited or has no file; else −1 perhaps */
    bool heard; /* the vector is worked out */
    float vector[SIMILARITY_DIM];
};

struct curate_pool {
    struct curate_find *item;
    size_t count, room;
    int stacks;                /* highest stack number so far */
    size_t missing;            /* on record, but without their file */
    size_t unreadable;         /* files, and folders, told each */
    struct recut_site **sites; /* of the projects below the input */
    int site_count;
    const struct curate_job *job;
    struct similarity *ear;
};

/* All finds below the input, in a fixed order. */
enum status curate_gather(struct curate_pool *pool, struct err *e);
void curate_pool_done(struct curate_pool *pool);
/* What the job's file of decisions says of them; nothing without one. */
enum status curate_heed(struct curate_pool *pool, struct err *e);

#endif
