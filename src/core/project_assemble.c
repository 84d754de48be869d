/* Joining the records of a project into its manifest and catalog. */
#include "core/project.h"

#include "core/array.h"
#include "core/jobs.h"
#include "core/order.h"
#include "core/orphans.h"
#include "core/project_list.h"
#include "dsp/stacks.h"
#include "io/manifest.h"
#include "io/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* What is remembered of every find; the rest is read again from its record. */
struct brief {
    uint32_t source, row; /* which one of the source's record; source_count: an orphan */
    int cluster, rating;
    enum kind kind;
    enum decision decision;
    bool miss;
};

struct joined {
    const struct project *project;
    const struct job_context *ctx;
    struct catalog_source *sources;
    size_t source_count;
    struct brief *finds;
    uint64_t *ids;
    float *vectors;                     /* until the stacks are known, */
    struct trace *traces;               /* likewise */
    size_t count, room, missing, there; /* there: saved, and on the disk */
    const struct find_list *orphans;    /* finds that are on no record */
    struct find_list listed;            /* such ones, that manifest.csv has */
    struct find_list *records;          /* by source, while they are few; then */
    size_t held;                        /* finds of all records */
    struct find_list loaded;            /* the record of one source at a time */
    size_t loaded_source;
};

/* How many finds of records may lie in memory (12 MB). The rest is read three times. */
enum { HELD_MAX = (12 << 20) / sizeof(struct candidate) };

static void joined_done(struct joined *j)
{
    for (size_t i = 0; j->records && i < j->source_count; i++)
        find_list_done(&j->records[i]);
    free(j->records);
    free(j->sources);
    free(j->finds);
    free(j->ids);
    free(j->vectors);
    free(j->traces);
    find_list_done(&j->loaded);
    find_list_done(&j->listed);
}

static enum status cancelled(const struct project *p, const struct job_context *ctx,
                             struct err *e)
{
    return job_cancelled(ctx)
               ? err_set(e, ST_CANCELLED, "joining %s: cancelled", p->root.path)
               : ST_OK;
}

static enum status go_on(const struct joined *j, struct err *e)
{
    return cancelled(j->project, j->ctx, e);
}

static enum status load(struct joined *j, size_t source, struct find_list **out,
                        struct err *e)
{
    struct catalog_source again;
    struct find_list *held = &j->records[source];
    bool is_held = held->count > 0;
    *out = is_held ? held : &j->loaded;
    if (is_held || source == j->loaded_source)
        return ST_OK;
    find_list_done(&j->loaded);
    j->loaded_source = SIZE_MAX;
    enum status st =
        project_record(j->project, j->sources[source].stem, &again, &j->loaded, e);
    if (st != ST_OK)
        return st;
    j->loaded_source = source;
    if (j->held + j->loaded.count <= HELD_MAX) {
        j->held += j->loaded.count;
        *held = j->loaded;
        j->loaded = (struct find_list){0};
        j->loaded_source = SIZE_MAX;
        *out = held;
    }
    return ST_OK;
}

static enum status note(struct joined *j, size_t source, size_t row,
                        const struct find_list *l, struct err *e)
{
    const struct candidate *c = &l->at[row];
    if (j->count == j->room) {
        size_t room = array_room(j->room, 1024);
        if (!array_resize(&j->finds, room, sizeof *j->finds) ||
            !array_resize(&j->ids, room, sizeof *j->ids) ||
            !array_resize(&j->vectors, room * SIMILARITY_DIM, sizeof *j->vectors) ||
            !array_resize(&j->traces, room, sizeof *j->traces))
            return err_set(e, ST_NO_MEMORY, "no memory for %zu finds", room);
        j->room = room;
    }
    memcpy(j->vectors + j->count * SIMILARITY_DIM, l->vectors + row * SIMILARITY_DIM,
           SIMILARITY_DIM * sizeof *l->vectors);
    j->traces[j->count] = l->traces[row];
    j->ids[j->count] = candidate_id(c);
    j->finds[j->count++] = (struct brief){.source = (uint32_t)source,
                                          .row = (uint32_t)row,
                                          .cluster = c->cluster,
                                          .rating = c->rating,
                                          .kind = c->kind,
                                          .decision = c->decision,
                                          .miss = c->missed_by[0] != '\0'};
    return ST_OK;
}

/* What is saved on record but gone from the disk is no candidate any more. */
static bool is_missing(const struct project *p, const struct candidate *c)
{
    char path[PATH_BYTES];
    struct stat s;
    project_find_path(p, c, path);
    return c->saved && fstatat(p->root.fd, path, &s, AT_SYMLINK_NOFOLLOW) != 0 &&
           (errno == ENOENT || errno == ENOTDIR);
}

static enum status note_list(struct joined *j, size_t source, const struct find_list *l,
                             struct err *e)
{
    enum status st = ST_OK;
    for (size_t i = 0; st == ST_OK && i < l->count; i++)
        if (is_missing(j->project, &l->at[i])) {
            j->missing++;
        } else {
            j->there += l->at[i].saved;
            st = note(j, source, i, l, e);
        }
    return st;
}

static enum status read_all(struct joined *j, const struct assemble_more *more,
                            struct err *e)
{
    /* What another run has begun that still goes on, or was killed, is not there yet. */
    enum status st = project_sources(j->project, &j->sources, &j->source_count, e);
    if (st == ST_OK && !(j->records = calloc(j->source_count + 1, sizeof *j->records)))
        st = err_set(e, ST_NO_MEMORY, "no memory for %zu sources", j->source_count);
    for (size_t i = 0; st == ST_OK && i < j->source_count; i++) {
        struct find_list *l;
        st = go_on(j, e);
        if (st == ST_OK)
            st = load(j, i, &l, e);
        if (st == ST_OK)
            st = note_list(j, i, l, e);
        if (st == ST_OK) {
            free(l->traces);
            l->traces = NULL;
        }
    }
    j->orphans = more->orphans ? more->orphans : &j->listed;
    if (st == ST_OK && !more->orphans && !j->project->flat)
        st = orphans_listed(j->project, j->ctx, more->log, &j->listed, e);
    if (st == ST_OK)
        st = note_list(j, j->source_count, j->orphans, e);
    /* Nobody deletes every single sample and keeps the project: a disk is not there. */
    if (st == ST_OK && !j->project->flat && j->missing > 0 && j->there == 0)
        st = err_set(e, ST_NOT_FOUND,
                     "%s: none of its %zu samples on record is there; is a disk missing? "
                     "The catalog was not changed; process --force makes them again",
                     j->project->root.path, j->missing);
    return st;
}

/* All of one find, as its record and the catalog have it. */
static const struct candidate *whole(struct joined *j, size_t i, const float **vector,
                                     struct err *e)
{
    const struct brief *b = &j->finds[i];
    static const char changed[] = "%s changed while its finds were joined; run it again";
    struct find_list *loaded;
    const struct find_list *l = j->orphans;
    if (b->source < j->source_count) {
        if (load(j, b->source, &loaded, e) != ST_OK)
            return NULL;
        l = loaded;
    }
    if (b->row >= l->count || candidate_id(&l->at[b->row]) != j->ids[i]) {
        err_set(e, ST_CORRUPT, changed, j->project->root.path);
        return NULL;
    }
    struct candidate *c = &l->at[b->row];
    c->cluster = b->cluster;
    c->decision = b->decision;
    c->rating = b->rating;
    *vector = l->vectors + (size_t)b->row * SIMILARITY_DIM;
    return c;
}

static enum status stack(struct joined *j, struct err *e)
{
    size_t n = j->count;
    int *group = malloc((n + 1) * sizeof *group),
        *stacks = malloc((n + 1) * sizeof *stacks);
    enum status st =
        group && stacks ? ST_OK : err_set(e, ST_NO_MEMORY, "no memory for %zu finds", n);
    /* What was made on purpose in several shades is no accident to be stacked. */
    for (size_t i = 0; st == ST_OK && i < n; i++)
        group[i] = (int)j->finds[i].kind;
    if (st == ST_OK)
        st = go_on(j, e);
    if (st == ST_OK)
        st = stacks_find(&(struct similarity_set){j->vectors, j->ids, group, n},
                         j->traces, stacks, j->ctx != NULL ? j->ctx->cancelled : NULL, e);
    for (size_t i = 0; st == ST_OK && i < n; i++)
        j->finds[i].cluster = stacks[i];
    free(group);
    free(stacks);
    free(j->vectors);
    free(j->traces);
    j->vectors = NULL;
    j->traces = NULL;
    return st;
}

/* --- the user's word, from the catalog --- */

struct deciding {
    struct joined *joined;
    struct order_table ids;
    size_t waiting; /* accepted, and not among the finds */
};

static bool apply(void *user, const struct change *now)
{
    struct deciding *d = user;
    ptrdiff_t at = order_table_find(&d->ids, now->candidate);
    if (at < 0) {
        d->waiting += now->field == FIELD_DECISION &&
                      decision_find(now->value) == (int)DECISION_ACCEPTED;
        return true;
    }
    struct brief *find = &d->joined->finds[at];
    if (now->field == FIELD_DECISION) {
        int decision = decision_find(now->value);
        if (decision >= 0)
            find->decision = (enum decision)decision;
    } else if (now->field == FIELD_RATING) {
        find->rating = atoi(now->value);
    }
    return true;
}

static enum status deciding_init(struct deciding *d, struct joined *j, struct err *e)
{
    d->joined = j;
    return order_table_init(&d->ids, j->ids, j->count)
               ? ST_OK
               : err_set(e, ST_NO_MEMORY, "no memory for %zu finds", j->count);
}

static enum status apply_decisions(const char *catalog_path, struct joined *j,
                                   const struct log *log, struct err *e)
{
    struct catalog *c;
    struct deciding d = {0};
    enum status st = catalog_open(&c, catalog_path, CATALOG_READ, e);
    if (st == ST_NOT_FOUND)
        return ST_OK;
    if (st != ST_OK)
        return st;
    st = deciding_init(&d, j, e);
    if (st == ST_OK)
        st = catalog_each_current(c, apply, &d, e);
    if (st == ST_OK && d.waiting > 0)
        log_write(log, LOG_INFO,
                  d.waiting == 1 ? "%zu accepted sound is not among the finds; what was "
                                   "said of it is kept"
                                 : "%zu accepted sounds are not among the finds; what "
                                   "was said of them is kept",
                  d.waiting);
    order_table_done(&d.ids);
    catalog_close(c);
    return st;
}

/* What the row says was said of the same bytes: a name may be another sound's by now. */
static enum status remember(struct deciding *d, const struct candidate *row, size_t *kept,
                            struct err *e)
{
    ptrdiff_t at = order_table_find(&d->ids, candidate_id(row));
    const float *vector;
    if (at < 0 || (!row->decision && !row->rating))
        return ST_OK;
    const struct candidate *now = whole(d->joined, (size_t)at, &vector, e);
    if (!now)
        return ST_CORRUPT;
    if (strcmp(now->sha256, row->sha256) != 0)
        return ST_OK;
    d->joined->finds[at].decision = row->decision;
    d->joined->finds[at].rating = row->rating;
    ++*kept;
    return ST_OK;
}

/* Where the catalog is gone or cannot be read, the manifest that is about to be made anew
 * is the last that knows what was accepted, rejected and rated: publish() takes it from
 * the finds, for those of which no event is left. */
static enum status remember_decisions(const char *catalog_path, const struct project *p,
                                      struct joined *j, const struct log *log,
                                      struct err *e)
{
    struct catalog *c;
    struct candidate *rows;
    struct deciding d;
    size_t count, kept = 0;
    if (catalog_open(&c, catalog_path, CATALOG_READ, NULL) == ST_OK) {
        catalog_close(c);
        return ST_OK;
    }
    if (manifest_read_in(p->root.path, "manifest.csv", &rows, &count, NULL) != ST_OK)
        return ST_OK;
    enum status st = deciding_init(&d, j, e);
    for (size_t i = 0; i < count && st == ST_OK; i++)
        st = remember(&d, &rows[i], &kept, e);
    if (kept > 0 && st == ST_OK)
        log_write(log, LOG_WARNING,
                  "%s cannot be read; the decisions that manifest.csv has on %zu find%s "
                  "are kept",
                  catalog_path, kept, kept == 1 ? "" : "s");
    order_table_done(&d.ids);
    free(rows);
    return st;
}

static enum status take_decisions(const char *catalog_path, const char *file,
                                  const struct log *log, struct err *e)
{
    struct catalog *c;
    struct replay_report report;
    enum status st = catalog_open(&c, catalog_path, CATALOG_WRITE, e);
    if (st != ST_OK)
        return st;
    st = catalog_replay(c, file, &report, e);
    catalog_close(c);
    if (st != ST_OK)
        return st;
    if (report.journal.bad > 0)
        log_write(log, LOG_WARNING, "%s", report.journal.first_bad.msg);
    if (report.unknown > 0)
        log_write(log, LOG_WARNING, "%zu decision%s about sounds that are not here%s %s",
                  report.unknown, report.unknown == 1 ? " is" : "s are",
                  report.unknown == 1 ? ":" : ", the first about", report.first_unknown);
    char already[64] = "";
    if (report.so_already > 0)
        snprintf(already, sizeof already, "; %zu already there", report.so_already);
    log_write(log, LOG_INFO, "%zu decision%s from %s added to the catalog%s",
              report.applied, report.applied == 1 ? "" : "s", file, already);
    return ST_OK;
}

/* --- what the two files get --- */

struct rows {
    struct joined *joined;
    size_t at;
};

/* Near-misses are no samples: they are in the catalog and the records only. */
static enum status next_row(void *user, const struct candidate **row, struct err *e)
{
    struct rows *r = user;
    const float *vector;
    while (r->at < r->joined->count && r->joined->finds[r->at].miss)
        r->at++;
    *row = NULL;
    if (r->at == r->joined->count)
        return ST_OK;
    enum status st = go_on(r->joined, e);
    if (st != ST_OK)
        return st;
    *row = whole(r->joined, r->at++, &vector, e);
    return *row ? ST_OK : ST_CORRUPT;
}

static enum status write_manifest(const struct project *p, struct joined *j,
                                  struct err *e)
{
    struct rows rows = {j, 0};
    return manifest_write_each(&p->root, "manifest.csv", next_row, &rows, MANIFEST_PLAIN,
                               e);
}

/* A copy, a link, or a recording that was renamed since: its finds are there twice. */
static void count_twins(struct project_totals *t, const struct joined *j)
{
    uint64_t *hash = calloc(j->source_count + 1, sizeof *hash);
    struct order_table all = {0};
    size_t first = j->source_count, of = 0, run = 0;
    for (size_t i = 0; hash && i < j->source_count; i++)
        hash[i] = j->sources[i].failed ? 0 : j->sources[i].content_hash;
    if (hash)
        order_table_init(&all, hash, j->source_count);
    for (size_t i = 1; i < all.count; i++) {
        const struct order_id *one = &all.entry[i];
        if (one->id == 0 || one->id != all.entry[run].id) {
            run = i;
            continue;
        }
        t->twins++;
        if (one->at < first) {
            first = one->at;
            of = all.entry[run].at;
        }
    }
    order_table_done(&all);
    free(hash);
    if (t->twins > 0) {
        snprintf(t->twin, sizeof t->twin, "%s", j->sources[first].path);
        snprintf(t->twin_of, sizeof t->twin_of, "%s", j->sources[of].path);
    }
}

void project_tell_twins(const struct project_totals *t, char *to, size_t n)
{
    char twin[SOURCE_PATH_BYTES], of[SOURCE_PATH_BYTES];
    text_plain(twin, sizeof twin, t->twin);
    text_plain(of, sizeof of, t->twin_of);
    to[0] = '\0';
    if (t->twins == 1)
        snprintf(to, n, "%s is the same as %s: its finds are there twice", twin, of);
    else if (t->twins > 1)
        snprintf(to, n,
                 "%zu recordings are the same as others, the first %s as %s: their finds "
                 "are there more than once",
                 t->twins, twin, of);
}

/* Sources of samples that are on no record; those of one lie together. */
static size_t sources_of_orphans(const struct joined *j)
{
    const struct candidate *c = j->orphans->at;
    size_t n = 0;
    for (size_t i = 0; i < j->orphans->count; i++) {
        bool fresh = i == 0 || strcmp(c[i].source, c[i - 1].source) != 0;
        for (size_t k = 0; k < j->source_count && fresh; k++)
            fresh = strcmp(c[i].source, j->sources[k].stem) != 0;
        n += fresh;
    }
    return n;
}

static void count(struct project_totals *t, const struct joined *j)
{
    *t = (struct project_totals){.sources = j->source_count + sources_of_orphans(j),
                                 .missing = j->missing};
    count_twins(t, j);
    for (size_t i = 0; i < j->count; i++) {
        const struct brief *b = &j->finds[i];
        if (b->miss) {
            t->misses++;
            continue;
        }
        t->finds++;
        t->per_category[kind_category(b->kind)]++;
    }
}

static const struct candidate *read_find(void *user, size_t i, const float **vector,
                                         struct err *e)
{
    return go_on(user, e) == ST_OK ? whole(user, i, vector, e) : NULL;
}

void stack_list_done(struct stack_list *l)
{
    free(l->ids);
    free(l->stack);
    *l = (struct stack_list){0};
}

static enum status tell_stacks(const struct joined *j, struct stack_list *out,
                               struct err *e)
{
    *out = (struct stack_list){malloc((j->count + 1) * sizeof *out->ids),
                               malloc((j->count + 1) * sizeof *out->stack), j->count};
    if (!out->ids || !out->stack) {
        stack_list_done(out);
        return err_set(e, ST_NO_MEMORY, "no memory for %zu finds", j->count);
    }
    for (size_t i = 0; i < j->count; i++) {
        out->ids[i] = j->ids[i];
        out->stack[i] = j->finds[i].cluster;
    }
    return ST_OK;
}

static enum status publish(const char *path, struct joined *j, bool rebuild,
                           struct err *e)
{
    struct catalog_content content = {.sources = j->sources,
                                      .source_count = j->source_count,
                                      .candidate_count = j->count,
                                      .read = read_find,
                                      .user = j,
                                      .ids = j->ids};
    return rebuild ? catalog_rebuild(path, &content, e)
                   : catalog_publish(path, &content, e);
}

/* One at a time: shards of a project end when they like. */
static enum status wait_turn(const struct project *p, const struct job_context *ctx,
                             struct announced *turn, struct err *e)
{
    enum { TRIES = 2400 };
    enum status st = ST_BUSY;
    for (int i = 0; i < TRIES && st == ST_BUSY; i++) {
        struct timespec nap = {.tv_nsec = i ? 50000000 : 0};
        nanosleep(&nap, NULL);
        st = cancelled(p, ctx, e);
        if (st == ST_OK)
            st = announce_claim(turn, &p->root, ".trowel/joining", e);
    }
    return st;
}

/* Stacks and decisions, then the two files. */
static enum status write_joined(const struct project *p, struct joined *j,
                                const char *catalog, const struct assemble_more *more,
                                struct err *e)
{
    enum status st = stack(j, e);
    if (st == ST_OK && !p->flat && !more->stacks)
        st = remember_decisions(catalog, p, j, more->log, e);
    if (st == ST_OK && more->stacks)
        st = tell_stacks(j, more->stacks, e);
    else if (st == ST_OK && !p->flat)
        st = publish(catalog, j, more->rebuild, e);
    if (st == ST_OK && !p->flat && more->decisions)
        st = take_decisions(catalog, more->decisions, more->log, e);
    /* They are readable again after a rebuild, and went where their sounds are now. */
    if (st == ST_OK && !p->flat)
        st = apply_decisions(catalog, j, more->log, e);
    if (st == ST_OK)
        st = write_manifest(p, j, e);
    if (st != ST_OK && more->stacks)
        stack_list_done(more->stacks);
    return st;
}

static enum status assemble(const struct project *p, const struct assemble_more *more,
                            struct project_totals *totals, struct err *e)
{
    char path[PATH_BYTES];
    struct joined j = {.project = p, .ctx = more->ctx, .loaded_source = SIZE_MAX};
    enum status st = path_join(path, sizeof path, p->root.path, "catalog.db", e);
    if (st == ST_OK)
        st = read_all(&j, more, e);
    if (st == ST_OK && !more->dry_run)
        st = write_joined(p, &j, path, more, e);
    if (st == ST_OK && totals)
        count(totals, &j);
    joined_done(&j);
    return st;
}

enum status project_assemble(const struct project *p, const struct assemble_more *more,
                             struct project_totals *totals, struct err *e)
{
    static const struct assemble_more nothing = {0};
    struct announced turn;
    more = more ? more : &nothing;
    if (more->dry_run)
        return assemble(p, more, totals, e);
    enum status st = wait_turn(p, more->ctx, &turn, e);
    if (st != ST_OK)
        return st;
    st = assemble(p, more, totals, e);
    announce_end(&turn, NULL);
    return st;
}
