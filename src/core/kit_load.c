#include "core/kit_load_internal.h"

#include "core/array.h"
#include "core/catalog.h"
#include "core/clock.h"
#include "core/curate.h"
#include "core/kit.h"
#include "core/project.h"
#include "core/recordings.h"
#include "io/manifest.h"
#include "io/number.h"
#include "io/soundfile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void kit_set_done(struct kit_set *set)
{
    free(set->item);
    *set = (struct kit_set){0};
}

struct kit_item *kit_load_add(struct kit_set *set)
{
    if (!array_grow(&set->item, &set->room, set->count + 1, sizeof *set->item))
        return NULL;
    set->item[set->count] = (struct kit_item){.wish = -1, .vector = {NAN}};
    return &set->item[set->count++];
}

static bool locate(const struct loading *l, struct kit_item *item)
{
    char path[PATH_BYTES];
    if (!recordings_sample(path, l->folder, &item->c) ||
        strlen(path) >= sizeof item->path)
        return false;
    strcpy(item->path, path);
    return true;
}

/* The user may have put another sound in a sample's place since it was listed, or made it
 * stereo: what the machine holds is counted by the sound that is there. */
static void look_at_file(struct candidate *c, const char *path)
{
    const double same_s = 1e-3;
    struct soundfile *sf;
    if (soundfile_open(&sf, path, NULL) != ST_OK)
        return; /* told when it is read */
    const struct soundfile_info *now = soundfile_info(sf);
    double seconds = (double)now->claimed_frames / now->rate_hz;
    if (seconds > 0 && !(fabs(seconds - c->m.duration_sec) <= same_s))
        c->m.duration_sec = seconds;
    c->m.channels = now->channels;
    soundfile_close(sf);
}

void kit_load_settle(const struct loading *l, struct kit_item *item)
{
    const struct candidate *c = &item->c;
    bool stereo =
        c->m.channels >= 2 && (l->stereo || kit_keeps_stereo(l->cfg, item->category));
    item->channels = stereo ? 2 : 1;
    item->frames = budget_frames(l->target, c->m.duration_sec);
    item->id = candidate_id(c);
}

/* Is the sound to be cut again, and can it be? Says in item->cut why not. */
static void plan_cut(const struct loading *l, struct kit_item *item)
{
    char recording[PATH_BYTES];
    const struct recut_site *s = &l->set->site;
    bool cut = kind_cut(item->c.kind), damaged = s->why.code != ST_OK;
    item->recut = cut && !damaged && s->recordings[0] &&
                  recordings_find(recording, s->recordings, item->c.source_path);
    if (!cut)
        snprintf(item->cut, sizeof item->cut, "edit not applied: it was made, not cut");
    else if (damaged)
        snprintf(item->cut, sizeof item->cut, "edit not applied: %.90s",
                 path_below(s->why.msg, s->project));
    else if (!item->recut)
        snprintf(item->cut, sizeof item->cut, "edit not applied: no recording %.80s",
                 item->c.source_path);
    if (!item->recut)
        recut_as_mined(&item->c, s, item->c.filename);
    if (item->cut[0])
        log_write(job_log(l->ctx), LOG_WARNING, "%s: %s", item->c.filename, item->cut);
}

static enum status take(struct loading *l, const struct candidate *c,
                        enum category category, const float *vector, bool cut,
                        struct err *e)
{
    struct kit_set *set = l->set;
    struct kit_item *item = kit_load_add(set);
    if (!item)
        return err_set(e, ST_NO_MEMORY, "no memory for the samples of %s", l->folder);
    item->c = *c;
    item->category = category;
    if (vector)
        memcpy(item->vector, vector, sizeof item->vector);
    if (cut)
        plan_cut(l, item);
    if (item->recut) /* the bytes will be others than those that were written */
        item->c.sha256[0] = '\0';
    if (!locate(l, item) && !item->recut) {
        set->count--;
        if (set->missing++ == 0)
            snprintf(set->missed, sizeof set->missed, "%s", c->filename);
        return ST_OK;
    }
    if (!item->recut)
        look_at_file(&item->c, item->path);
    kit_load_settle(l, item);
    return ST_OK;
}

/* --- from a project's catalog --- */

/* What the user put into the kit: a sample on a slot, or an extra. */
struct wishes {
    const struct target *target;
    uint64_t *extra;
    size_t extras, room;
    bool rings, no_memory;
    struct {
        uint64_t id;
        int slot;
        double trim_db;
    } at[TARGET_SLOTS_MAX];
};

/* What was taken back is not told. */
static bool take_wish(void *user, const struct change *now)
{
    struct wishes *w = user;
    if (now->field == FIELD_EXTRA) {
        w->no_memory = !array_add(&w->extra, &w->extras, &w->room, &now->candidate,
                                  sizeof now->candidate);
        return !w->no_memory;
    }
    if (now->field == FIELD_RING)
        w->rings = true;
    int slot = target_slot(w->target, now->key);
    if (slot < 0)
        return true;
    if (now->field == FIELD_SLOT)
        w->at[slot].id = candidate_path_id(now->value);
    else if (now->field == FIELD_TRIM)
        parse_number(now->value, &w->at[slot].trim_db);
    return true;
}

static bool is_in(const struct kit_set *set, uint64_t id)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->item[i].id == id)
            return true;
    return false;
}

/* The item once more, for another slot: with a name and a trim of its own it is another
 * sample. */
static enum status copy_item(struct kit_set *set, size_t at, struct err *e)
{
    struct kit_item *again = kit_load_add(set);
    if (!again)
        return err_set(e, ST_NO_MEMORY, "no memory for the kit's samples");
    *again = set->item[at];
    return ST_OK;
}

static enum status apply_wishes(struct kit_set *set, const struct wishes *w,
                                struct err *e)
{
    enum status st = ST_OK;
    set->rings = w->rings;
    for (int s = 0; s < target_slots(w->target) && st == ST_OK; s++) {
        size_t at = 0;
        while (w->at[s].id && at < set->count && set->item[at].id != w->at[s].id)
            at++;
        if (!w->at[s].id || at == set->count)
            continue;
        if (set->item[at].wish >= 0) { /* it plays another slot, too */
            st = copy_item(set, at, e);
            at = set->count - 1;
        }
        if (st == ST_OK) {
            set->item[at].wish = s;
            set->item[at].trim_db = w->at[s].trim_db;
        }
    }
    return st;
}

static bool assigned(const struct wishes *w, uint64_t id)
{
    for (int s = 0; s < TARGET_SLOTS_MAX; s++)
        if (w->at[s].id == id)
            return true;
    for (size_t i = 0; i < w->extras; i++)
        if (w->extra[i] == id)
            return true;
    return false;
}

enum finds_wanted { FINDS_ALL, FINDS_ACCEPTED, FINDS_ASSIGNED };

static enum status from_finds(struct loading *l, struct catalog *catalog,
                              enum finds_wanted which, const struct wishes *w,
                              size_t *accepted, struct err *e)
{
    struct catalog_find *finds;
    float *vectors;
    size_t count;
    enum status st = catalog_load(catalog, &finds, &vectors, &count, e);
    if (st != ST_OK)
        return st;
    *accepted = 0;
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        const struct catalog_find *f = &finds[i];
        bool wanted =
            (f->c.decision == DECISION_ACCEPTED && which != FINDS_ASSIGNED) ||
            (assigned(w, f->id) && !(which == FINDS_ASSIGNED && is_in(l->set, f->id)));
        *accepted += wanted;
        bool miss = !f->c.saved || f->c.missed_by[0];
        if (f->c.decision == DECISION_REJECTED ||
            ((which != FINDS_ALL || miss) && !wanted) || (miss && !kind_cut(f->c.kind)))
            continue;
        st = take(l, &f->c, f->category, vectors ? vectors + i * SIMILARITY_DIM : NULL,
                  miss || f->edited, e);
    }
    free(finds);
    free(vectors);
    return st;
}

/* What the catalog has to say of a best-of set; `later`: it was written to since. */
struct sayings {
    struct catalog *catalog;
    bool later;
};

static enum status from_rows(struct loading *l, const struct sayings *said,
                             struct err *e);

static enum status read_wishes(struct wishes *w, struct catalog *catalog, struct err *e)
{
    enum status st = catalog_each_current(catalog, take_wish, w, e);
    return st == ST_OK && w->no_memory
               ? err_set(e, ST_NO_MEMORY, "no memory for the kit's extras")
               : st;
}

/* Was the file written to after the other? */
static bool is_newer(const char *file, const char *other)
{
    struct stat a, b;
    return stat(file, &a) == 0 && stat(other, &b) == 0 &&
           time_after(a.st_mtim, b.st_mtim);
}

/* The project knows how the samples sound that its best-of manifest lists, what their
 * scores are made of, and what was said of them since. */
static enum status from_best_of(struct loading *l, struct catalog *catalog,
                                const char *path, const char *folder,
                                const char *manifest, struct err *e)
{
    struct loading below = *l;
    struct sayings said = {catalog, is_newer(path, manifest)};
    below.folder = folder;
    enum status st = from_rows(&below, &said, e);
    for (size_t k = 0; st == ST_OK && k < l->set->count; k++) {
        struct kit_item *item = &l->set->item[k];
        struct catalog_find known;
        st = catalog_get(catalog, item->id, &known, e);
        if (st == ST_OK)
            item->c.parts = known.c.parts;
        if (st == ST_OK)
            st = catalog_vector(catalog, item->id, item->vector, e);
        st = st == ST_NOT_FOUND ? ST_OK : st;
    }
    return st;
}

static enum status from_catalog(struct loading *l, const char *path, const char *best,
                                struct err *e)
{
    struct catalog *catalog;
    struct wishes w = {.target = l->target};
    size_t accepted = 0;
    enum status st = catalog_open(&catalog, path, CATALOG_READ, e);
    if (st != ST_OK)
        return st;
    st = read_wishes(&w, catalog, e);
    if (st == ST_OK)
        st = from_finds(l, catalog, FINDS_ACCEPTED, &w, &accepted, e);
    bool has_best = access(best, F_OK) == 0;
    l->set->beside_set = has_best && accepted > 0;
    if (st == ST_OK && accepted == 0 && !has_best)
        st = from_finds(l, catalog, FINDS_ALL, &w, &accepted, e);
    if (st == ST_OK && accepted == 0 && has_best) {
        char folder[PATH_BYTES];
        st = path_join(folder, sizeof folder, l->folder, "best_of", e);
        if (st == ST_OK)
            st = from_best_of(l, catalog, path, folder, best, e);
        /* a set of nothing is none */
        if (st == ST_OK && l->set->count == 0 && l->set->missing == 0)
            st = from_finds(l, catalog, FINDS_ALL, &w, &accepted, e);
    }
    catalog_close(catalog);
    if (st == ST_OK)
        st = apply_wishes(l->set, &w, e);
    free(w.extra);
    return st;
}

/* What the user put into the kit is in it, also when the set is without it. */
static enum status add_assigned(const struct loading *l, struct catalog *catalog,
                                const char *project, const struct wishes *w,
                                struct err *e)
{
    struct loading above = *l;
    size_t added;
    above.folder = project;
    recut_site_init(&l->set->site, project, l->cfg);
    return from_finds(&above, catalog, FINDS_ASSIGNED, w, &added, e);
}

/* The folder that `folder` lies in, by the name it is told with: export/P rather than
 * export/P/best_of/.., unless a link is on the way. */
static enum status folder_above(char out[PATH_BYTES], const char *folder, struct err *e)
{
    char up[PATH_BYTES];
    struct stat named, real;
    enum status st = path_join(up, sizeof up, folder, "..", e);
    if (st != ST_OK)
        return st;
    snprintf(out, PATH_BYTES, "%s", folder);
    for (size_t n = strlen(out); n > 1 && out[n - 1] == '/'; n--)
        out[n - 1] = '\0';
    path_up(out);
    if (stat(out, &named) != 0 || stat(up, &real) != 0 || named.st_dev != real.st_dev ||
        named.st_ino != real.st_ino)
        strcpy(out, up);
    return ST_OK;
}

/* A folder with a manifest. Inside a project it is that project's best-of set, and what
 * the user put on the slots holds for it too. */
static enum status from_manifest(struct loading *l, const char *manifest, struct err *e)
{
    char path[PATH_BYTES], project[PATH_BYTES];
    struct catalog *catalog;
    struct wishes w = {.target = l->target};
    enum status st = folder_above(project, l->folder, e);
    if (st == ST_OK)
        st = path_join(path, sizeof path, project, "catalog.db", e);
    if (st != ST_OK)
        return st;
    if (access(path, F_OK) != 0 || project_folder_kind(project) != FOLDER_PROJECT) {
        st = from_rows(l, NULL, e);
        return st == ST_OK ? kit_load_hear(l, e) : st;
    }
    st = catalog_open(&catalog, path, CATALOG_READ, e);
    if (st != ST_OK)
        return st;
    st = read_wishes(&w, catalog, e);
    if (st == ST_OK)
        st = from_best_of(l, catalog, path, l->folder, manifest, e);
    if (st == ST_OK)
        st = add_assigned(l, catalog, project, &w, e);
    catalog_close(catalog);
    if (st == ST_OK)
        st = apply_wishes(l->set, &w, e);
    free(w.extra);
    return st;
}

/* --- from a manifest --- */

/* What the project calls the find: a set has what was cut anew under another name. */
static uint64_t id_in_project(struct catalog *catalog, const struct candidate *row)
{
    struct catalog_find known;
    struct candidate own = *row;
    uint64_t id = candidate_id(row);
    if (!curate_mined_name(own.filename) ||
        catalog_get(catalog, id, &known, NULL) == ST_OK)
        return id;
    return candidate_id(&own);
}

/* A set knows what was said when it was made; the catalog what has been said since. Does
 * the sample still belong to it? What the set has as accepted and the catalog as rejected
 * was accepted by a file of decisions (curate --decisions), unless it was said later. */
static enum status hear(const struct sayings *said, struct candidate *row,
                        enum category *category, bool *wanted, struct err *e)
{
    struct catalog_find f = {
        .id = id_in_project(said->catalog, row), .category = *category, .c = *row};
    enum status st = catalog_apply_words(said->catalog, &f, e);
    bool accepted = row->decision == DECISION_ACCEPTED && !said->later;
    *wanted = accepted || f.c.decision != DECISION_REJECTED;
    if (said->later) {
        row->decision = f.c.decision;
        memcpy(row->hit_class, f.c.hit_class, sizeof row->hit_class);
        row->m.hit_confidence = f.c.m.hit_confidence;
        *category = f.category;
    }
    return st;
}

/* What the user put into a best-of set. While a set is made, what comes is on a list of
 * its own. */
static enum status from_loose(struct loading *l, const struct candidate *rows,
                              size_t count, struct err *e)
{
    char path[PATH_BYTES];
    struct candidate *coming = NULL;
    size_t n = 0;
    if (project_folder_kind(l->folder) != FOLDER_BEST_OF)
        return ST_OK;
    enum status st = path_join(path, sizeof path, l->folder, CURATE_BEGUN, e);
    if (st == ST_OK && path_is_file(path))
        st = manifest_read(path, &coming, &n, e);
    const struct kit_listed listed[] = {{rows, count}, {coming, n}, {NULL, 0}};
    if (st == ST_OK)
        st = kit_load_files(l, listed, e);
    free(coming);
    return st;
}

static enum status from_rows(struct loading *l, const struct sayings *said, struct err *e)
{
    struct candidate *rows;
    size_t count;
    enum status st = project_rows(l->folder, &rows, &count, e);
    if (st != ST_OK)
        return st;
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        size_t had = l->set->count;
        enum category category = kind_category(rows[i].kind);
        bool wanted = rows[i].decision != DECISION_REJECTED && !rows[i].missed_by[0];
        if (wanted && said)
            st = hear(said, &rows[i], &category, &wanted, e);
        if (wanted && st == ST_OK)
            st = take(l, &rows[i], category, NULL, false, e);
        if (said && l->set->count > had)
            l->set->item[had].id = id_in_project(said->catalog, &rows[i]);
    }
    if (st == ST_OK)
        st = from_loose(l, rows, count, e);
    free(rows);
    return st;
}

/* --- all --- */

static int by_hash(const void *a, const void *b)
{
    const struct kit_item *x = *(struct kit_item *const *)a,
                          *y = *(struct kit_item *const *)b;
    int order = strcmp(x->c.sha256, y->c.sha256);
    if (order == 0)
        order = (x->wish < 0) - (y->wish < 0);
    return order ? order : strcmp(x->path, y->path);
}

/* Of several files with the same bytes one stays: those on slots, else the first by its
 * path. */
static enum status drop_doubles(struct kit_set *set, struct err *e)
{
    struct kit_item **sorted = malloc((set->count + 1) * sizeof *sorted);
    bool *drop = calloc(set->count + 1, sizeof *drop);
    if (!sorted || !drop) {
        free(sorted);
        free(drop);
        return err_set(e, ST_NO_MEMORY, "no memory for %zu samples", set->count);
    }
    for (size_t i = 0; i < set->count; i++)
        sorted[i] = &set->item[i];
    qsort(sorted, set->count, sizeof *sorted, by_hash);
    for (size_t i = 1; i < set->count; i++)
        if (sorted[i]->c.sha256[0] &&
            strcmp(sorted[i]->c.sha256, sorted[i - 1]->c.sha256) == 0 &&
            sorted[i]->wish < 0)
            drop[sorted[i] - set->item] = true;
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++)
        if (!drop[i])
            set->item[kept++] = set->item[i];
    set->count = kept;
    free(sorted);
    free(drop);
    return ST_OK;
}

enum status kit_load(struct kit_set *set, const char *folder, const struct target *t,
                     const struct config *cfg, bool stereo, const struct job_context *ctx,
                     struct err *e)
{
    *set = (struct kit_set){0};
    struct loading l = {set, folder, t, cfg, stereo, ctx};
    char catalog[PATH_BYTES], manifest[PATH_BYTES], best[PATH_BYTES];
    enum status st = path_join(catalog, sizeof catalog, folder, "catalog.db", e);
    if (st == ST_OK)
        st = path_join(manifest, sizeof manifest, folder, "manifest.csv", e);
    if (st == ST_OK)
        st = path_join(best, sizeof best, folder, "best_of/manifest.csv", e);
    if (st != ST_OK)
        return st;
    recut_site_init(&set->site, folder, cfg);
    if (access(catalog, F_OK) == 0 && project_folder_kind(folder) == FOLDER_PROJECT)
        st = from_catalog(&l, catalog, best, e);
    else if (access(manifest, F_OK) == 0)
        st = from_manifest(&l, manifest, e);
    else
        st = kit_load_files(&l, NULL, e);
    if (st == ST_OK)
        st = drop_doubles(set, e);
    if (st != ST_OK)
        kit_set_done(set);
    return st;
}
