#include "core/index.h"

#include "core/array.h"
#include "core/order.h"
#include "core/orphans.h"
#include "core/project_list.h"
#include "core/rng.h"
#include "io/manifest.h"
#include "io/soundfile.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Looking for samples no record knows. */
struct search {
    const struct project *project;
    const struct config *cfg;
    const struct job_context *ctx;
    uint64_t *known; /* places of all records, sorted */
    size_t known_count, known_room;
    size_t records;
    struct candidate *rows; /* of manifest.csv, read when one is wanted */
    size_t row_count;
    bool rows_read;
    struct find_list orphans;
    struct orphan_ears ears;
};

static int by_place(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    int order = strcmp(x->source, y->source);
    if (order == 0)
        order = (int)kind_category(x->kind) - (int)kind_category(y->kind);
    return order ? order : strcmp(x->filename, y->filename);
}

static const struct candidate *find_in(const struct candidate *rows, size_t count,
                                       const struct candidate *place)
{
    return count ? bsearch(place, rows, count, sizeof *rows, by_place) : NULL;
}

/* What tells a find's file from any other, in 64 bits: a hundred thousand of them are
 * mistaken for one another once in four billion projects. */
static uint64_t place_of(const struct candidate *c)
{
    const char *folder = category_folder(kind_category(c->kind));
    uint64_t h = rng_hash(0, c->source, strlen(c->source) + 1);
    h = rng_hash(h, folder, strlen(folder) + 1);
    return rng_hash(h, c->filename, strlen(c->filename) + 1);
}

static bool is_known(const struct search *s, const struct candidate *place)
{
    uint64_t wanted = place_of(place);
    return s->known_count &&
           bsearch(&wanted, s->known, s->known_count, sizeof *s->known, order_ids);
}

static enum status add_known(struct search *s, const struct find_list *finds,
                             struct err *e)
{
    size_t count = s->known_count + finds->count;
    if (!array_grow(&s->known, &s->known_room, count, sizeof *s->known))
        return err_set(e, ST_NO_MEMORY, "no memory for %zu finds", count);
    for (size_t i = 0; i < finds->count; i++)
        s->known[s->known_count++] = place_of(&finds->at[i]);
    return ST_OK;
}

static enum status load_known(struct search *s, struct err *e)
{
    struct stem_list stems;
    enum status st = project_stems(s->project, &stems, e);
    for (size_t i = 0; st == ST_OK && i < stems.count; i++) {
        struct catalog_source source;
        struct find_list finds = {0};
        bool known;
        st = project_source(s->project, stems.at[i], &source, &known, e);
        if (st != ST_OK || !known || source.failed)
            continue;
        st = project_record(s->project, stems.at[i], &source, &finds, e);
        if (st == ST_OK)
            st = add_known(s, &finds, e);
        find_list_done(&finds);
    }
    s->records = stems.count;
    stem_list_done(&stems);
    if (s->known_count > 1)
        qsort(s->known, s->known_count, sizeof *s->known, order_ids);
    return st;
}

static enum status load_manifest(struct search *s, struct err *e)
{
    struct err why;
    if (s->rows_read)
        return ST_OK;
    enum status st = manifest_read_in(s->project->root.path, "manifest.csv", &s->rows,
                                      &s->row_count, &why);
    if (st == ST_CORRUPT)
        log_write(job_log(s->ctx), LOG_WARNING, "%s; measuring the samples instead",
                  why.msg);
    if (st != ST_OK) {
        s->rows = NULL;
        s->row_count = 0;
    }
    if (st != ST_OK && st != ST_NOT_FOUND && st != ST_CORRUPT)
        return err_set(e, st, "%s", why.msg);
    s->rows_read = true;
    if (s->row_count > 1)
        qsort(s->rows, s->row_count, sizeof *s->rows, by_place);
    return ST_OK;
}

static enum status add_orphan(struct search *s, const struct candidate *place,
                              struct err *e)
{
    enum status st = load_manifest(s, e);
    if (st != ST_OK)
        return st;
    const struct candidate *row = find_in(s->rows, s->row_count, place);
    return orphan_add(&s->ears, s->project, place, row, s->cfg, job_log(s->ctx),
                      &s->orphans, e);
}

/* Names in a folder below the project, sorted; NULL when there is none. */
static struct dirent **list(const struct search *s, const char *relative, int *n)
{
    struct dirent **names = NULL;
    char path[PATH_BYTES];
    *n = -1;
    if (path_join(path, sizeof path, s->project->root.path, relative, NULL) == ST_OK)
        *n = scandir(path, &names, NULL, alphasort);
    return *n < 0 ? NULL : names;
}

static void free_names(struct dirent **names, int n)
{
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

static enum status search_category(struct search *s, const char *source,
                                   enum category category, struct err *e)
{
    char folder[PATH_BYTES];
    int n;
    snprintf(folder, sizeof folder, "%s/%s", source, category_folder(category));
    struct dirent **names = list(s, folder, &n);
    enum status st = ST_OK;
    for (int i = 0; i < n && st == ST_OK; i++) {
        struct candidate place;
        const char *name = names[i]->d_name;
        candidate_clear(&place);
        if (name[0] == '.' || strlen(name) >= sizeof place.filename ||
            !soundfile_has_audio_ending(name))
            continue;
        place.kind = category_kind(category);
        snprintf(place.source, sizeof place.source, "%s", source);
        snprintf(place.filename, sizeof place.filename, "%s", name);
        if (!is_known(s, &place))
            st = add_orphan(s, &place, e);
        if (st == ST_OK)
            st = job_go_on(s->ctx, e);
    }
    free_names(names, n);
    return st;
}

static enum status search_all(struct search *s, struct err *e)
{
    int n;
    struct dirent **names = list(s, "", &n);
    enum status st = ST_OK;
    for (int i = 0; i < n && st == ST_OK; i++) {
        const char *name = names[i]->d_name;
        if (name[0] == '.' || strcmp(name, "best_of") == 0 || strlen(name) >= STEM_BYTES)
            continue;
        for (int c = 0; c < CAT_COUNT && st == ST_OK; c++)
            st = search_category(s, name, (enum category)c, e);
    }
    free_names(names, n);
    return st;
}

/* The manifest is about to be made anew: flat folders, best-of sets and kits have one,
 * too, and so may anybody's folder. */
static enum status check_folder(const char *folder, struct err *e)
{
    static const char *const others[] = {[FOLDER_FLAT] =
                                             "samples of drums, silences, clouds or dust",
                                         [FOLDER_BEST_OF] = "a best-of set",
                                         [FOLDER_KIT] = "a kit"};
    enum folder_kind kind = project_folder_kind(folder);
    if (kind == FOLDER_OTHER && path_has(folder, "manifest.csv"))
        return err_set(e, ST_EXISTS,
                       "%s/manifest.csv was not written by trowel; move it away", folder);
    if (kind == FOLDER_OTHER || kind == FOLDER_PROJECT)
        return ST_OK;
    return err_set(e, ST_EXISTS,
                   "%s holds %s, not a project: there is no catalog to rebuild", folder,
                   others[kind]);
}

/* No record, no sample, but a list of them: a disk is not there. */
static enum status check_samples(struct search *s, struct err *e)
{
    if (s->records > 0 || s->orphans.count > 0)
        return ST_OK;
    enum status st = load_manifest(s, e);
    if (st == ST_OK && s->row_count > 0)
        st = err_set(e, ST_NOT_FOUND,
                     "%s: none of the %zu samples in its manifest.csv is there; is a "
                     "disk missing? Nothing was changed",
                     s->project->root.path, s->row_count);
    return st;
}

enum status index_run(const struct index_job *job, struct project_totals *totals,
                      struct err *e)
{
    struct project project;
    *totals = (struct project_totals){0};
    enum status st = job->decisions ? journal_check(job->decisions, e) : ST_OK;
    if (st == ST_OK)
        st = check_folder(job->folder, e);
    if (st == ST_OK)
        st = project_open_folder(&project, job->folder, e);
    if (st != ST_OK)
        return st;
    struct search s = {.project = &project, .cfg = job->cfg, .ctx = job->ctx};
    if (!job->dry_run)
        root_clean(&project.root);
    st = load_known(&s, e);
    if (st == ST_OK)
        st = search_all(&s, e);
    if (st == ST_OK)
        st = check_samples(&s, e);
    struct assemble_more more = {.ctx = job->ctx,
                                 .orphans = &s.orphans,
                                 .rebuild = true,
                                 .dry_run = job->dry_run,
                                 .decisions = job->decisions,
                                 .log = job_log(job->ctx)};
    if (st == ST_OK)
        st = project_assemble(&project, &more, totals, e);
    free(s.known);
    free(s.rows);
    find_list_done(&s.orphans);
    orphan_ears_done(&s.ears);
    project_done(&project);
    return st;
}
