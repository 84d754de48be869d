#include "core/curate_internal.h"

#include "core/announce.h"
#include "core/array.h"
#include "core/project.h"
#include "io/manifest.h"
#include "io/paths.h"
#include "io/sha256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char manifest_name[] = "manifest.csv", turn_name[] = ".trowel-curating";

enum { RELATIVE_BYTES = 320 };

/* A file to be there in the end. */
struct planned {
    size_t find;
    char relative[RELATIVE_BYTES];
    bool cut;      /* from the recording, not copied */
    bool there;    /* with these bytes */
    char made[64]; /* the cut sound, below the root, until it has its name */
    struct candidate row;
};

struct plan {
    struct planned *item;
    size_t count;
    struct candidate *own;      /* what this tool wrote there before */
    size_t own_count, own_done; /* the first own_done are from the manifest */
    struct root root;
    struct curate_result *result;
};

/* A near-miss that nobody took is no candidate. */
static void drop_misses(struct curate_pool *pool)
{
    size_t kept = 0;
    for (size_t i = 0; i < pool->count; i++) {
        struct curate_find *f = &pool->item[i];
        if (f->file == NULL && f->c.decision != DECISION_ACCEPTED)
            continue;
        pool->item[kept++] = *f;
    }
    pool->count = kept;
}

/* --- the plan ---------------------------------------------------------------------- */

/* Does another than this one have the name? */
static bool name_taken(const struct plan *p, const char *relative,
                       const struct planned *but)
{
    for (size_t i = 0; i < p->count; i++)
        if (&p->item[i] != but && stem_same(p->item[i].relative, relative))
            return true;
    return false;
}

static const char edit_mark[] = "_edit";

bool curate_mined_name(char *filename)
{
    char *edit = NULL;
    for (char *at = filename; (at = strstr(at, edit_mark)) != NULL; at++)
        edit = at;
    if (edit == NULL)
        return false;
    const char *ending = filename + path_stem(filename);
    memmove(edit, ending, strlen(ending) + 1);
    return true;
}

/* <category>/<file name>, numbered when another project has the same; what is cut anew
 * says so in its name. */
static enum status name_planned(struct plan *p, const struct curate_find *f,
                                struct planned *out, struct err *e)
{
    const char *folder = category_folder(f->category), *name = f->c.filename;
    int stem = (int)path_stem(name);
    const char *edit = out->cut ? edit_mark : "";
    enum status st = path_check_name(name, "name of a find's file", e);
    if (st != ST_OK)
        return st;
    snprintf(out->relative, sizeof out->relative, "%s/%.*s%s%s", folder, stem, name, edit,
             name + stem);
    for (int n = 2; name_taken(p, out->relative, out); n++)
        snprintf(out->relative, sizeof out->relative, "%s/%.*s%s_%d%s", folder, stem,
                 name, edit, n, name + stem);
    out->row = f->c;
    out->row.saved = true;
    const char *base = path_base(out->relative);
    if (strlen(base) >= sizeof out->row.filename)
        return err_set(e, ST_REFUSED, "the name %.80s is too long", base);
    strcpy(out->row.filename, base);
    if (out->cut) { /* known when it is cut */
        out->row.sha256[0] = '\0';
        return ST_OK;
    }
    return sha256_file(f->file, out->row.sha256, e);
}

static bool find_file(void *of, size_t entry, char path[PATH_BYTES])
{
    const struct curate_pool *pool = of;
    const char *file = pool->item[entry].file;
    return file != NULL && snprintf(path, PATH_BYTES, "%s", file) < PATH_BYTES;
}

static void tell_unread(void *of, const struct err *why)
{
    struct curate_pool *pool = of;
    log_write(job_log(pool->job->ctx), LOG_WARNING,
              "%s; it was not compared with the other hits", why->msg);
    pool->unreadable++;
}

static enum status make_plan(struct plan *p, struct curate_pool *pool, struct err *e)
{
    size_t picked = 0;
    struct curate_pick *picks = NULL;
    struct curate_files files = {find_file, tell_unread, pool};
    struct curate_options options = pool->job->options;
    options.files = &files;
    struct curate_entry *entries = malloc((pool->count + 1) * sizeof *entries);
    enum status st =
        entries != NULL ? ST_OK : err_set(e, ST_NO_MEMORY, "no memory for the choice");
    for (size_t i = 0; i < pool->count && st == ST_OK; i++) {
        const struct curate_find *f = &pool->item[i];
        entries[i] = (struct curate_entry){f->id, f->category, &f->c,
                                           f->heard ? f->vector : NULL, f->stack};
    }
    if (st == ST_OK)
        st = curate_choose(entries, pool->count, &options, &picks, &picked, e);
    if (st == ST_OK && (p->item = calloc(picked + 1, sizeof *p->item)) == NULL)
        st = err_set(e, ST_NO_MEMORY, "no memory for the choice");
    for (size_t i = 0; i < picked && st == ST_OK; i++) {
        const struct curate_find *f = &pool->item[picks[i].entry];
        struct planned *item = &p->item[p->count];
        item->find = picks[i].entry;
        item->cut = f->file == NULL || f->edited;
        st = name_planned(p, f, item, e);
        p->count += st == ST_OK;
        log_write(job_log(pool->job->ctx), LOG_DEBUG, "%s: %s", item->relative,
                  picks[i].reason);
    }
    p->result->chosen = p->count;
    free(entries);
    free(picks);
    return st;
}

/* --- cutting ----------------------------------------------------------------------- */

/* What cannot be cut is copied as it was mined; a near-miss has nothing to copy. */
static enum status as_mined(struct plan *p, const struct curate_pool *pool, size_t i,
                            const char *why, struct err *e)
{
    struct planned *item = &p->item[i];
    const struct curate_find *f = &pool->item[item->find];
    log_write(job_log(pool->job->ctx), LOG_WARNING, "%s; %s", why,
              f->file != NULL ? "copied as it was mined" : "left out");
    item->cut = false;
    item->relative[0] = '\0'; /* left out, if it stays so */
    if (f->file != NULL) {
        enum status st = name_planned(p, f, item, e);
        recut_as_mined(&item->row, pool->sites[f->site], f->c.filename);
        return st;
    }
    p->result->missing++;
    return ST_OK;
}

static enum status cut_one(struct plan *p, const struct curate_pool *pool, size_t i,
                           struct err *e)
{
    struct planned *item = &p->item[i];
    const struct curate_find *f = &pool->item[item->find];
    const struct recut_site *site = pool->sites[f->site];
    struct err why;
    struct recut r;
    enum status st = recut_find(&r, site, &f->c, site->cfg.global.sample_rate, &why);
    if (st == ST_NO_MEMORY)
        return err_set(e, st, "%s", why.msg);
    if (st != ST_OK)
        return as_mined(p, pool, i, why.msg, e);
    /* Named like a temporary file: what a killed run leaves is cleaned by the next. */
    snprintf(item->made, sizeof item->made, ".trowel-%ld-%zu.tmp", (long)getpid(),
             1000000 + i);
    st = recut_write(&r, &p->root, item->made, &site->cfg, e);
    if (st == ST_OK) {
        memcpy(r.c.filename, item->row.filename, sizeof r.c.filename);
        item->row = r.c;
    }
    recut_done(&r);
    return st;
}

static enum status cut_all(struct plan *p, const struct curate_pool *pool, struct err *e)
{
    enum status st = ST_OK;
    for (size_t i = 0; i < p->count && st == ST_OK; i++) {
        if (!p->item[i].cut)
            continue;
        st = job_go_on(pool->job->ctx, e);
        if (st == ST_OK)
            st = cut_one(p, pool, i, e);
    }
    size_t kept = 0;
    for (size_t i = 0; i < p->count; i++)
        if (p->item[i].relative[0] != '\0')
            p->item[kept++] = p->item[i];
    p->count = p->result->chosen = kept;
    return st;
}

static void remove_made(struct plan *p)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->item[i].made[0] != '\0')
            root_remove(&p->root, p->item[i].made, NULL);
}

/* --- what is there already --------------------------------------------------------- */

static enum status read_own(struct plan *p, const char *name, struct err *e)
{
    char path[PATH_BYTES];
    struct candidate *rows = NULL;
    size_t count = 0;
    enum status st = path_join(path, sizeof path, p->root.path, name, e);
    if (st == ST_OK)
        st = manifest_read(path, &rows, &count, e);
    if (st == ST_NOT_FOUND)
        return ST_OK;
    if (st == ST_CORRUPT)
        return err_set(e, ST_EXISTS, "%s does not belong to a best-of set; move it away",
                       path);
    if (st != ST_OK)
        return st;
    if (array_resize(&p->own, p->own_count + count + 1, sizeof *p->own)) {
        memcpy(p->own + p->own_count, rows, count * sizeof *rows);
        p->own_count += count;
    } else {
        st = err_set(e, ST_NO_MEMORY, "no memory for the manifest");
    }
    free(rows);
    return st;
}

/* Was the file with these bytes written by an earlier run? */
static bool is_own(const struct plan *p, const char *base, const char *hash)
{
    for (size_t i = 0; i < p->own_count; i++)
        if (strcmp(p->own[i].filename, base) == 0 && strcmp(p->own[i].sha256, hash) == 0)
            return true;
    return false;
}

/* What is still to be cut (in a dry run) has no bytes to compare. */
static bool planned_already(const struct plan *p, const struct candidate *row)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct planned *item = &p->item[i];
        if (strcmp(item->row.filename, row->filename) == 0 &&
            ((item->cut && !item->made[0]) || strcmp(item->row.sha256, row->sha256) == 0))
            return true;
    }
    return false;
}

/* A finished set that is not a part of this one is somebody's: --force replaces it. What
 * was mined or is a kit has a manifest.csv, too, and that is no best-of set's. */
static enum status check_other_set(const struct plan *p, bool force, struct err *e)
{
    enum status st = project_check_none(&p->root, e);
    if (st != ST_OK)
        return st;
    if (p->own_done > 0 && root_exists(&p->root, "ASSIGN.txt"))
        return err_set(e, ST_EXISTS, "%s is a kit; name another folder", p->root.path);
    for (size_t i = 0; i < p->own_done && !force; i++)
        if (!planned_already(p, &p->own[i]))
            return err_set(e, ST_EXISTS,
                           "%s holds another best-of set (%s); --force replaces it",
                           p->root.path, p->own[i].filename);
    return ST_OK;
}

/* --- writing ----------------------------------------------------------------------- */

static enum status copy_block(void *to, const void *bytes, size_t n, struct err *e)
{
    return atomic_write(to, bytes, n, e);
}

static enum status copy_file(const struct root *root, const char *from, const char *to,
                             struct err *e)
{
    struct atomic_file *f;
    enum status st = atomic_begin(&f, root, to, e);
    if (st != ST_OK)
        return st;
    st = path_read_blocks(from, copy_block, f, e);
    if (st == ST_OK)
        return atomic_commit(f, e);
    atomic_abort(f);
    return st;
}

/* Nothing of anybody else's, also no sample that the user changed, may be in the way:
 * looked for in all of the set before any of it is written. */
static enum status check_way(struct plan *p, struct err *e)
{
    char hash[SHA256_HEX_BYTES], path[PATH_BYTES];
    enum status st = ST_OK;
    for (size_t i = 0; i < p->count && st == ST_OK; i++) {
        struct planned *item = &p->item[i];
        if (!root_exists(&p->root, item->relative) ||
            (item->cut && !item->made[0])) /* a dry run: not known yet */
            continue;
        st = path_join(path, sizeof path, p->root.path, item->relative, e);
        if (st == ST_OK)
            st = sha256_file(path, hash, e);
        if (st != ST_OK)
            return st;
        item->there = strcmp(hash, item->row.sha256) == 0;
        if (!item->there && !is_own(p, item->row.filename, hash))
            return err_set(e, ST_EXISTS,
                           "%s is in the way: trowel did not write it, or it was changed "
                           "since; move it away, or rename it to keep it in the set",
                           path);
    }
    return st;
}

/* Would what is in the folder refuse this set? */
static enum status check_there(struct plan *p, bool force, struct err *e)
{
    enum status st = read_own(p, manifest_name, e);
    p->own_done = p->own_count;
    if (st == ST_OK)
        st = read_own(p, CURATE_BEGUN, e);
    if (st == ST_OK)
        st = check_other_set(p, force, e);
    return st == ST_OK ? check_way(p, e) : st;
}

static enum status put_one(struct plan *p, const struct curate_find *f,
                           const struct planned *item, struct err *e)
{
    if (item->there) {
        p->result->kept++;
        return ST_OK;
    }
    enum status st = root_mkdirs(&p->root, category_folder(f->category), e);
    if (st == ST_OK)
        st = item->made[0] != '\0' ? root_rename(&p->root, item->made, item->relative, e)
                                   : copy_file(&p->root, f->file, item->relative, e);
    p->result->copied += st == ST_OK;
    return st;
}

static enum status remove_one(struct plan *p, const struct candidate *own,
                              enum category category, struct err *e)
{
    char relative[RELATIVE_BYTES];
    bool same = false;
    snprintf(relative, sizeof relative, "%s/%s", category_folder(category),
             own->filename);
    enum status st = ST_OK;
    if (!name_taken(p, relative, NULL))
        st = sha256_matches(&p->root, relative, own->sha256, &same, e);
    return st == ST_OK && same ? root_remove(&p->root, relative, e) : st;
}

/* What an earlier set had and this one has not; only bytes the manifest knows. What
 * stayed would be taken for the user's, and be in every kit of the set. */
static enum status remove_stale(struct plan *p, struct err *e)
{
    enum status st = ST_OK;
    for (size_t i = 0; i < p->own_count; i++)
        for (int k = 0; k < CAT_COUNT && st == ST_OK; k++)
            if (path_check_name(p->own[i].filename, "a file", NULL) == ST_OK)
                st = remove_one(p, &p->own[i], (enum category)k, e);
    for (int k = 0; k < CAT_COUNT; k++) /* folders that are empty now */
        root_remove(&p->root, category_folder((enum category)k), NULL);
    return st;
}

static enum status write_rows(const struct plan *p, const char *name,
                              enum manifest_form form, struct err *e)
{
    struct candidate *rows = malloc((p->count + 1) * sizeof *rows);
    if (rows == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for the manifest");
    for (size_t i = 0; i < p->count; i++)
        rows[i] = p->item[i].row;
    enum status st = manifest_write(&p->root, name, rows, p->count, form, e);
    free(rows);
    return st;
}

/* What is in the folder is what this run saw: nobody else writes there meanwhile. */
static enum status write_in_turn(struct plan *p, const struct curate_pool *pool,
                                 struct err *e)
{
    const struct curate_job *job = pool->job;
    root_clean(&p->root);
    enum status st = cut_all(p, pool, e);
    if (st == ST_OK)
        st = check_there(p, job->force, e);
    if (st == ST_OK)
        st = write_rows(p, CURATE_BEGUN, MANIFEST_PLAIN, e);
    for (size_t i = 0; i < p->count && st == ST_OK; i++) {
        job_progress(job->ctx, (double)i / (double)p->count, "copying");
        st = job_go_on(job->ctx, e);
        if (st == ST_OK)
            st = put_one(p, &pool->item[p->item[i].find], &p->item[i], e);
    }
    if (st == ST_OK)
        st = remove_stale(p, e);
    if (st == ST_OK)
        st = write_rows(p, PROJECT_SET_RECORD, MANIFEST_RECORD, e);
    if (st == ST_OK)
        st = write_rows(p, manifest_name, MANIFEST_PLAIN, e);
    if (st == ST_OK)
        root_remove(&p->root, CURATE_BEGUN, NULL);
    remove_made(p);
    return st;
}

static enum status write_all(struct plan *p, const struct curate_pool *pool,
                             struct err *e)
{
    struct announced turn;
    enum status st = root_open(&p->root, pool->job->output_root, true, e);
    if (st != ST_OK)
        return st;
    st = announce_claim(&turn, &p->root, turn_name, e);
    if (st == ST_OK) {
        st = write_in_turn(p, pool, e);
        announce_end(&turn, NULL);
    }
    root_done(&p->root);
    return st;
}

/* The same without writing, of a folder that need not be there yet. */
static enum status check_folder(struct plan *p, const char *folder, bool force,
                                struct err *e)
{
    enum status st = root_open(&p->root, folder, false, e);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    st = check_there(p, force, e);
    root_done(&p->root);
    return st;
}

enum status curate_run(const struct curate_job *job, struct curate_result *result,
                       struct err *e)
{
    struct curate_pool pool = {.job = job};
    struct plan p = {.result = result};
    *result = (struct curate_result){0};
    enum status st = curate_gather(&pool, e);
    if (st == ST_OK)
        st = curate_heed(&pool, e);
    drop_misses(&pool);
    result->considered = pool.count;
    result->missing = pool.missing;
    if (st == ST_OK)
        st = make_plan(&p, &pool, e);
    result->unreadable = pool.unreadable;
    if (st == ST_OK && p.count == 0 && job->fail_on_empty)
        st = err_set(e, ST_NOTHING, "nothing below %s is %s", job->input_root,
                     job->options.top > 0 ? "worth keeping"
                                          : "accepted, and --top 0 takes nothing else");
    if (st == ST_OK)
        st = job->dry_run ? check_folder(&p, job->output_root, job->force, e)
                          : write_all(&p, &pool, e);
    free(p.item);
    free(p.own);
    curate_pool_done(&pool);
    return st;
}

enum status curate_check(const struct curate_job *job, struct err *e)
{
    struct plan p = {0};
    enum status st = job->decisions ? journal_check(job->decisions, e) : ST_OK;
    if (st == ST_OK)
        st = check_folder(&p, job->output_root, true, e);
    free(p.own);
    return st;
}
