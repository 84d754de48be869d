/* Joining the records of a project into its manifest and catalog. */
#include "core/project.h"

#include "core/project_list.h"
#include "io/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct joined {
    struct catalog_source *sources;
    size_t source_count;
    struct find_list finds;
};

static void joined_done(struct joined *j)
{
    free(j->sources);
    find_list_done(&j->finds);
}

static int by_path(const void *a, const void *b)
{
    const struct catalog_source *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : strcmp(x->stem, y->stem);
}

static enum status read_sources(const struct project *p, struct joined *j, struct err *e)
{
    struct stem_list stems;
    enum status st = project_stems(p, &stems, e);
    if (st == ST_OK) {
        j->sources = calloc(stems.count + 1, sizeof *j->sources);
        if (!j->sources)
            st = err_set(e, ST_NO_MEMORY, "no memory for %zu sources", stems.count);
    }
    for (size_t i = 0; st == ST_OK && i < stems.count; i++) {
        /* Begun by another run that is still going on, or was killed: not there yet. */
        if (project_record(p, stems.at[i], &j->sources[j->source_count], NULL, NULL) ==
            ST_OK)
            j->source_count++;
    }
    stem_list_done(&stems);
    if (st == ST_OK)
        qsort(j->sources, j->source_count, sizeof *j->sources, by_path);
    return st;
}

static enum status read_all(const struct project *p, struct joined *j, struct err *e)
{
    enum status st = read_sources(p, j, e);
    for (size_t i = 0; st == ST_OK && i < j->source_count; i++) {
        struct find_list finds;
        struct catalog_source again;
        if (j->sources[i].failed)
            continue;
        st = project_record(p, j->sources[i].stem, &again, &finds, e);
        if (st != ST_OK)
            break;
        st = find_list_append(&j->finds, &finds, e);
        find_list_done(&finds);
    }
    return st;
}

static enum status stack(struct joined *j, struct err *e)
{
    size_t n = j->finds.count;
    uint64_t *ids = malloc((n + 1) * sizeof *ids);
    int *group = malloc((n + 1) * sizeof *group),
        *stacks = malloc((n + 1) * sizeof *stacks);
    enum status st = ids && group && stacks
                         ? ST_OK
                         : err_set(e, ST_NO_MEMORY, "no memory for %zu finds", n);
    for (size_t i = 0; st == ST_OK && i < n; i++) {
        ids[i] = candidate_id(&j->finds.at[i]);
        /* What was made on purpose in several shades is no accident to be stacked. */
        group[i] = (int)j->finds.at[i].kind;
    }
    if (st == ST_OK)
        st = similarity_stacks(j->finds.vectors, ids, group, n, stacks, e);
    for (size_t i = 0; st == ST_OK && i < n; i++)
        j->finds.at[i].cluster = stacks[i];
    free(ids);
    free(group);
    free(stacks);
    return st;
}

/* --- the user's word, from the catalog --- */

struct by_id {
    uint64_t id;
    struct candidate *c;
};
struct decided {
    struct by_id *at;
    size_t count;
};

static int id_order(const void *a, const void *b)
{
    const struct by_id *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static bool apply(void *user, const struct change *now)
{
    struct decided *d = user;
    struct by_id wanted = {.id = now->candidate};
    struct by_id *found = bsearch(&wanted, d->at, d->count, sizeof *d->at, id_order);
    if (!found)
        return true;
    if (now->field == FIELD_DECISION) {
        int decision = decision_find(now->value);
        if (decision >= 0)
            found->c->decision = (enum decision)decision;
    } else if (now->field == FIELD_RATING) {
        found->c->rating = atoi(now->value);
    }
    return true;
}

static enum status apply_decisions(const char *catalog_path, struct joined *j,
                                   struct err *e)
{
    struct catalog *c;
    enum status st = catalog_open(&c, catalog_path, CATALOG_READ, e);
    if (st == ST_NOT_FOUND)
        return ST_OK;
    if (st != ST_OK)
        return st;
    struct decided d = {.at = malloc((j->finds.count + 1) * sizeof *d.at)};
    if (d.at) {
        for (; d.count < j->finds.count; d.count++)
            d.at[d.count] = (struct by_id){candidate_id(&j->finds.at[d.count]),
                                           &j->finds.at[d.count]};
        qsort(d.at, d.count, sizeof *d.at, id_order);
        st = catalog_each_current(c, apply, &d, e);
    } else {
        st = err_set(e, ST_NO_MEMORY, "no memory for %zu finds", j->finds.count);
    }
    free(d.at);
    catalog_close(c);
    return st;
}

/* --- what the two files get --- */

static enum status write_manifest(const struct project *p, const struct joined *j,
                                  struct err *e)
{
    /* Near-misses are no samples: they are in the catalog and the records only. */
    struct candidate *rows = malloc((j->finds.count + 1) * sizeof *rows);
    if (!rows)
        return err_set(e, ST_NO_MEMORY, "no memory for the manifest");
    size_t n = 0;
    for (size_t i = 0; i < j->finds.count; i++)
        if (!j->finds.at[i].missed_by[0])
            rows[n++] = j->finds.at[i];
    enum status st = manifest_write(&p->root, "manifest.csv", rows, n, MANIFEST_PLAIN, e);
    free(rows);
    return st;
}

static void count(struct project_totals *t, const struct joined *j)
{
    *t = (struct project_totals){.sources = j->source_count};
    for (size_t i = 0; i < j->source_count; i++)
        t->failed += j->sources[i].failed;
    for (size_t i = 0; i < j->finds.count; i++) {
        const struct candidate *c = &j->finds.at[i];
        if (c->missed_by[0]) {
            t->misses++;
            continue;
        }
        t->finds++;
        t->saved += c->saved;
        t->per_category[kind_category(c->kind)]++;
    }
}

/* What is saved on record but gone from the disk is no candidate any more. */
static void drop_missing(const struct project *p, struct joined *j)
{
    size_t kept = 0;
    for (size_t i = 0; i < j->finds.count; i++) {
        char path[PATH_BYTES];
        project_find_path(p, &j->finds.at[i], path);
        if (j->finds.at[i].saved && !root_exists(&p->root, path))
            continue;
        if (kept != i) {
            j->finds.at[kept] = j->finds.at[i];
            memcpy(j->finds.vectors + kept * SIMILARITY_DIM,
                   j->finds.vectors + i * SIMILARITY_DIM, SIMILARITY_DIM * sizeof(float));
        }
        kept++;
    }
    j->finds.count = kept;
}

static enum status publish(const char *path, const struct joined *j, bool rebuild,
                           struct err *e)
{
    struct catalog_content content = {.sources = j->sources,
                                      .source_count = j->source_count,
                                      .candidates = j->finds.at,
                                      .candidate_count = j->finds.count,
                                      .embeddings = j->finds.vectors};
    return rebuild ? catalog_rebuild(path, &content, NULL, e)
                   : catalog_publish(path, &content, e);
}

/* One at a time: shards of a project end when they like. */
static enum status wait_turn(const struct project *p, struct announced *turn,
                             struct err *e)
{
    enum { TRIES = 2400 };
    enum status st = ST_BUSY;
    for (int i = 0; i < TRIES && st == ST_BUSY; i++) {
        struct timespec nap = {.tv_nsec = i ? 50000000 : 0};
        nanosleep(&nap, NULL);
        st = announce_claim(turn, &p->root, ".trowel/joining", e);
    }
    return st;
}

static enum status assemble(const struct project *p, const struct assemble_more *more,
                            struct project_totals *totals, struct err *e)
{
    static const struct assemble_more nothing = {0};
    struct joined j = {0};
    char path[PATH_BYTES];
    more = more ? more : &nothing;
    enum status st = path_join(path, sizeof path, p->root.path, "catalog.db", e);
    if (st == ST_OK)
        st = read_all(p, &j, e);
    if (st == ST_OK && more->only_existing)
        drop_missing(p, &j);
    if (st == ST_OK && more->orphans)
        st = find_list_append(&j.finds, more->orphans, e);
    if (st == ST_OK)
        st = stack(&j, e);
    if (st == ST_OK && !p->flat && !more->rebuild)
        st = apply_decisions(path, &j, e);
    if (st == ST_OK && !p->flat)
        st = publish(path, &j, more->rebuild, e);
    /* After a rebuild the decisions are readable again. */
    if (st == ST_OK && !p->flat && more->rebuild)
        st = apply_decisions(path, &j, e);
    if (st == ST_OK)
        st = write_manifest(p, &j, e);
    if (st == ST_OK && totals)
        count(totals, &j);
    joined_done(&j);
    return st;
}

enum status project_assemble(const struct project *p, const struct assemble_more *more,
                             struct project_totals *totals, struct err *e)
{
    struct announced turn;
    enum status st = wait_turn(p, &turn, e);
    if (st != ST_OK)
        return st;
    st = assemble(p, more, totals, e);
    announce_end(&turn, NULL);
    return st;
}
