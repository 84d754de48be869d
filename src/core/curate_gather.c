#include "core/curate_internal.h"

#include "core/array.h"
#include "core/project.h"
#include "core/recordings.h"
#include "dsp/measure.h"
#include "io/discover.h"
#include "io/paths.h"
#include "io/soundfile.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 12, HEAR_SECONDS_MAX = 120 };

static const struct grade_limits plain_limits = {-60.0, 0.01, 25.0};

void curate_pool_done(struct curate_pool *pool)
{
    for (size_t i = 0; i < pool->count; i++)
        free(pool->item[i].file);
    for (int i = 0; i < pool->site_count; i++)
        free(pool->sites[i]);
    free(pool->sites);
    free(pool->item);
    similarity_free(pool->ear);
}

static struct curate_find *add(struct curate_pool *pool, struct err *e)
{
    if (!array_grow(&pool->item, &pool->room, pool->count + 1, sizeof *pool->item)) {
        err_set(e, ST_NO_MEMORY, "no memory for %zu finds", pool->count + 1);
        return NULL;
    }
    struct curate_find *f = &pool->item[pool->count];
    memset(f, 0, sizeof *f);
    f->site = -1;
    return f;
}

/* The settings and recordings of a project; *number is its own. */
static enum status add_site(struct curate_pool *pool, const char *project, int *number,
                            struct err *e)
{
    struct recut_site *site = malloc(sizeof *site);
    if (site == NULL ||
        !array_resize(&pool->sites, (size_t)pool->site_count + 1, sizeof *pool->sites)) {
        free(site);
        return err_set(e, ST_NO_MEMORY, "no memory for the project %s", project);
    }
    recut_site_init(site, project, NULL);
    pool->sites[pool->site_count] = site;
    *number = pool->site_count++;
    return site->why.code == ST_NO_MEMORY ? err_set(e, ST_NO_MEMORY, "%s", site->why.msg)
                                          : ST_OK;
}

/* The vector of a finished file; without one it is only judged by its score.
 * ST_NO_MEMORY. */
static enum status hear(struct curate_pool *pool, struct curate_find *f,
                        const struct audio *a, struct err *e)
{
    enum status st = similarity_for(&pool->ear, a->rate_hz, e);
    if (st == ST_OK)
        st = similarity_vector(pool->ear, a, f->vector, e);
    f->heard = st == ST_OK;
    return st == ST_NO_MEMORY ? st : ST_OK;
}

static enum status hear_file(struct curate_pool *pool, struct curate_find *f,
                             struct err *e)
{
    struct audio a;
    enum status st = soundfile_load(f->file, 0, &a, e);
    if (st == ST_OK && a.frames / (size_t)a.rate_hz < HEAR_SECONDS_MAX)
        st = hear(pool, f, &a, e);
    audio_done(&a);
    return st == ST_NO_MEMORY ? st : ST_OK;
}

/* --- a project, by its catalog or its manifest -------------------------------------- */

/* Of one project, into the pool. */
struct gathering {
    struct curate_pool *pool;
    const char *folder;
    struct catalog *catalog;
    int stack_base, site; /* its stacks follow those; what it is cut from */
    enum status st;
    struct err *e;
};

static enum status add_known(struct gathering *g, const struct candidate *c,
                             enum category category, const float *vector)
{
    struct curate_pool *pool = g->pool;
    struct curate_find *f = add(pool, g->e);
    if (f == NULL)
        return ST_NO_MEMORY;
    f->c = *c;
    f->id = candidate_id(c);
    f->category = category;
    f->stack = c->cluster > 0 ? c->cluster + g->stack_base : 0;
    if (f->stack > pool->stacks)
        pool->stacks = f->stack;
    f->site = g->site;
    char file[PATH_BYTES];
    if (recordings_sample(file, g->folder, c) && (f->file = strdup(file)) == NULL)
        return err_set(g->e, ST_NO_MEMORY, "no memory for a path");
    if (f->file == NULL && c->missed_by[0] && kind_cut(c->kind)) {
        pool->count++; /* taken anyway, perhaps */
        return ST_OK;
    }
    if (f->file == NULL) {
        /* never written (grade F, a near-miss): nothing is missing then */
        pool->missing += c->saved && c->missed_by[0] == '\0';
        return ST_OK;
    }
    f->heard = vector != NULL && !isnan(vector[0]);
    if (f->heard)
        memcpy(f->vector, vector, sizeof f->vector);
    pool->count++;
    return f->heard ? ST_OK : hear_file(pool, f, g->e);
}

static bool gather_find(void *user, const struct catalog_find *f)
{
    struct gathering *g = user;
    float vector[SIMILARITY_DIM] = {NAN};
    size_t before = g->pool->count;
    g->st = job_go_on(g->pool->job->ctx, g->e);
    if (g->st == ST_OK)
        g->st = catalog_vector(g->catalog, f->id, vector, g->e);
    if (g->st == ST_OK || g->st == ST_NOT_FOUND)
        g->st = add_known(g, &f->c, f->category, vector);
    if (g->pool->count > before)
        g->pool->item[before].edited = f->edited;
    return g->st == ST_OK;
}

/* All of it or, when it cannot be read to its end, nothing. */
static enum status gather_catalog(struct curate_pool *pool, const char *folder,
                                  const char *db, struct err *e)
{
    struct gathering g = {
        .pool = pool, .folder = folder, .stack_base = pool->stacks, .e = e};
    size_t before = pool->count, missing = pool->missing;
    enum status st = catalog_open(&g.catalog, db, CATALOG_READ, e);
    if (st != ST_OK)
        return st;
    st = add_site(pool, folder, &g.site, e);
    if (st == ST_OK)
        st = catalog_each(g.catalog, gather_find, &g, e);
    if (st == ST_OK)
        st = g.st;
    catalog_close(g.catalog);
    if (st == ST_OK)
        return ST_OK;
    while (pool->count > before)
        free(pool->item[--pool->count].file);
    pool->missing = missing;
    return st;
}

static enum status gather_manifest(struct curate_pool *pool, const char *folder,
                                   struct err *e)
{
    struct candidate *rows = NULL;
    size_t count = 0;
    struct gathering g = {
        .pool = pool, .folder = folder, .stack_base = pool->stacks, .e = e};
    enum status st = project_rows(folder, &rows, &count, e);
    if (st == ST_OK)
        st = add_site(pool, folder, &g.site, e);
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        st = job_go_on(pool->job->ctx, e);
        if (st == ST_OK)
            st = add_known(&g, &rows[i], kind_category(rows[i].kind), NULL);
    }
    free(rows);
    return st;
}

/* --- sound files nobody knows ------------------------------------------------------ */

static enum kind guess_kind(const char *folder, const struct measures *m)
{
    int category = category_find(path_base(folder));
    if (category >= 0)
        return category_kind((enum category)category);
    return m->duration_sec < 1.2 && m->crest_factor > 3.5 ? KIND_DRUM : KIND_PAD;
}

/* A copy gets a name that can be written: that of a recording may hold a line break. */
static void name_file(struct candidate *c, const char *name)
{
    char stem[STEM_BYTES];
    snprintf(c->filename, sizeof c->filename, "%s", name);
    if (path_check_name(name, "file", NULL) == ST_OK)
        return;
    stem_of_file(stem, name);
    snprintf(c->filename, sizeof c->filename, "%s.%.8s", stem, path_ending(name));
}

static enum status add_file(struct curate_pool *pool, const char *folder,
                            const char *file, struct err *e)
{
    struct audio a;
    struct err why = {0};
    struct curate_find *f = add(pool, e);
    if (f == NULL)
        return ST_NO_MEMORY;
    if (strlen(path_base(file)) >= sizeof f->c.filename)
        return ST_OK;
    enum status st = soundfile_load(file, 0, &a, &why);
    if (st == ST_NO_MEMORY)
        return err_set(e, st, "%s", why.msg);
    if (st != ST_OK) {
        log_write(job_log(pool->job->ctx), LOG_WARNING, "%s; left out", why.msg);
        pool->unreadable++;
        return ST_OK;
    }
    struct candidate *c = &f->c;
    candidate_clear(c);
    st = measure_sample(&a, &c->m, e);
    if (st == ST_OK) {
        char stem[STEM_BYTES];
        c->kind = guess_kind(folder, &c->m);
        c->grade = measure_grade(&c->m, &plain_limits);
        c->saved = true;
        stem_of_file(stem, path_base(folder));
        snprintf(c->source, sizeof c->source, "%s", stem);
        snprintf(c->source_path, sizeof c->source_path, "%s", path_base(file));
        name_file(c, path_base(file));
        c->source_rate_hz = a.rate_hz;
        c->end_frame = (int64_t)a.frames;
        f->id = candidate_id(c);
        f->category = kind_category(c->kind);
        f->file = strdup(file);
        if (f->file == NULL)
            st = err_set(e, ST_NO_MEMORY, "no memory for a path");
        else
            st = hear(pool, f, &a, e);
        pool->count++; /* with its name, whatever was heard */
    }
    audio_done(&a);
    return st;
}

/* --- the tree ---------------------------------------------------------------------- */

static bool same_folder(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

static int visible(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum status gather_folder(struct curate_pool *pool, const char *folder, int depth,
                                 struct err *e);

static enum status gather_entry(struct curate_pool *pool, const char *folder,
                                const char *name, int depth, struct err *e)
{
    struct stat info;
    char path[PATH_BYTES];
    enum status st = path_join(path, sizeof path, folder, name, e);
    if (st == ST_OK)
        st = job_go_on(pool->job->ctx, e);
    if (st != ST_OK || lstat(path, &info) != 0)
        return st;
    if (S_ISDIR(info.st_mode))
        return gather_folder(pool, path, depth + 1, e);
    if (path_is_file(path) && soundfile_has_audio_ending(path))
        return add_file(pool, folder, path, e);
    return ST_OK;
}

static enum status gather_plain(struct curate_pool *pool, const char *folder, int depth,
                                struct err *e)
{
    struct dirent **list;
    struct err why;
    enum status st = ST_OK;
    int n = scandir(folder, &list, visible, by_name);
    if (n < 0 && depth > 0) {
        err_errno(&why, ST_UNREADABLE, errno, "the folder %s cannot be read", folder);
        log_write(job_log(pool->job->ctx), LOG_WARNING, "%s; it is left out", why.msg);
        pool->unreadable++;
        return ST_OK;
    }
    if (n < 0 && errno == ENOENT)
        return err_set(e, ST_NOT_FOUND,
                       "the folder %s does not exist; --input_root names the project",
                       folder);
    if (n < 0)
        return err_errno(e, ST_UNREADABLE, errno, "the folder %s cannot be read", folder);
    for (int i = 0; i < n; i++) {
        if (st == ST_OK)
            st = gather_entry(pool, folder, list[i]->d_name, depth, e);
        free(list[i]);
    }
    free(list);
    return st;
}

static enum status gather_folder(struct curate_pool *pool, const char *folder, int depth,
                                 struct err *e)
{
    if (depth > DEPTH_MAX || (depth > 0 && same_folder(folder, pool->job->output_root)))
        return ST_OK;
    char db[PATH_BYTES], manifest[PATH_BYTES];
    struct err why;
    enum status st = path_join(db, sizeof db, folder, "catalog.db", e);
    if (st == ST_OK)
        st = path_join(manifest, sizeof manifest, folder, "manifest.csv", e);
    if (st != ST_OK)
        return st;
    bool listed = path_is_file(manifest);
    recordings_tell_left(folder, job_log(pool->job->ctx));
    if (path_is_file(db)) {
        st = gather_catalog(pool, folder, db, &why);
        if (st == ST_OK)
            return ST_OK;
        if (!listed || st == ST_CANCELLED || st == ST_NO_MEMORY)
            return err_set(e, st, "%s", why.msg);
        log_write(job_log(pool->job->ctx), LOG_WARNING, "%s; its manifest is used",
                  why.msg);
    }
    return listed ? gather_manifest(pool, folder, e)
                  : gather_plain(pool, folder, depth, e);
}

enum status curate_gather(struct curate_pool *pool, struct err *e)
{
    if (discover_is_kit(pool->job->input_root))
        return err_set(
            e, ST_USAGE,
            "%s is a kit; --input_root names the project that it was made from",
            pool->job->input_root);
    return gather_folder(pool, pool->job->input_root, 0, e);
}
