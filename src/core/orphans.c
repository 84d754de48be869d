#include "core/orphans.h"

#include "core/dig.h"
#include "core/project_list.h"
#include "io/manifest.h"
#include "io/sha256.h"
#include "io/soundfile.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void orphan_ears_done(struct orphan_ears *ears)
{
    similarity_free(ears->similarity);
    trace_maker_free(ears->tracer);
    *ears = (struct orphan_ears){0};
}

static enum status new_ears(struct orphan_ears *ears, int rate_hz, struct err *e)
{
    orphan_ears_done(ears);
    enum status st = similarity_new(&ears->similarity, rate_hz, e);
    if (st == ST_OK)
        st = trace_maker_new(&ears->tracer, rate_hz, e);
    if (st == ST_OK)
        ears->rate_hz = rate_hz;
    return st;
}

static enum status measure(struct orphan_ears *ears, struct candidate *c,
                           const struct audio *a, float vector[SIMILARITY_DIM],
                           const struct config *fresh, struct err *e)
{
    enum status st = ST_OK;
    if (fresh)
        st = dig_measure(c, a, false, fresh, e);
    if (st == ST_OK && ears->rate_hz != a->rate_hz)
        st = new_ears(ears, a->rate_hz, e);
    return st == ST_OK ? similarity_vector(ears->similarity, a, vector, e) : st;
}

enum status orphan_add(struct orphan_ears *ears, const struct project *p,
                       const struct candidate *place, const struct candidate *row,
                       const struct config *cfg, const struct log *log,
                       struct find_list *out, struct err *e)
{
    struct candidate c = row ? *row : *place;
    char relative[PATH_BYTES], path[PATH_BYTES];
    struct audio sound;
    struct err why;
    project_find_path(p, place, relative);
    enum status st = path_join(path, sizeof path, p->root.path, relative, e);
    if (st != ST_OK)
        return st;
    st = soundfile_load(path, 0, &sound, &why);
    if (st == ST_NO_MEMORY)
        return err_set(e, st, "%s", why.msg);
    if (st != ST_OK) {
        log_write(log, LOG_WARNING, "%s; left out", why.msg);
        return ST_OK;
    }
    float vector[SIMILARITY_DIM];
    struct trace trace = {0};
    c.saved = true;
    st = measure(ears, &c, &sound, vector, row ? NULL : cfg, e);
    if (st == ST_OK && c.kind == KIND_DRUM)
        st = trace_take(ears->tracer, &sound, &trace, e);
    audio_done(&sound);
    if (st == ST_OK && !row)
        st = sha256_file(path, c.sha256, e);
    if (st == ST_OK && !find_list_add(out, &c, vector, &trace))
        st = err_set(e, ST_NO_MEMORY, "no memory for the finds of %s", path);
    return st;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool has_stem(const struct stem_list *l, const char *stem)
{
    return l->count > 0 && bsearch(stem, l->at, l->count, sizeof *l->at, by_bytes);
}

/* Is there a folder of a source that is not on record, nor begun? */
static bool any_folder(const struct project *p, const struct stem_list *stems)
{
    DIR *dir = opendir(p->root.path);
    bool found = false;
    for (struct dirent *d; dir && !found && (d = readdir(dir));) {
        struct stat s;
        found = d->d_name[0] != '.' && strcmp(d->d_name, "best_of") != 0 &&
                !has_stem(stems, d->d_name) &&
                fstatat(p->root.fd, d->d_name, &s, AT_SYMLINK_NOFOLLOW) == 0 &&
                S_ISDIR(s.st_mode);
    }
    if (dir)
        closedir(dir);
    return found;
}

static enum status add_listed(const struct project *p, const struct candidate *row,
                              struct orphan_ears *ears, const struct log *log,
                              struct find_list *out, struct err *e)
{
    char relative[PATH_BYTES];
    bool same;
    project_find_path(p, row, relative);
    if (sha256_matches(&p->root, relative, row->sha256, &same, NULL) != ST_OK || !same)
        return ST_OK;
    return orphan_add(ears, p, row, row, NULL, log, out, e);
}

enum status orphans_listed(const struct project *p, const struct job_context *ctx,
                           const struct log *log, struct find_list *out, struct err *e)
{
    struct candidate *rows = NULL;
    struct stem_list stems;
    struct orphan_ears ears = {0};
    size_t n = 0;
    enum status st = project_stems(p, &stems, e);
    if (st == ST_OK && any_folder(p, &stems) &&
        manifest_read_in(p->root.path, "manifest.csv", &rows, &n, NULL) != ST_OK)
        n = 0;
    for (size_t i = 0; i < n && st == ST_OK; i++) {
        if (!rows[i].saved || has_stem(&stems, rows[i].source))
            continue;
        st = job_cancelled(ctx) ? err_set(e, ST_CANCELLED, "%s: cancelled", p->root.path)
                                : add_listed(p, &rows[i], &ears, log, out, e);
    }
    orphan_ears_done(&ears);
    stem_list_done(&stems);
    free(rows);
    return st;
}
