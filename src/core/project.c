/* realpath is not in plain POSIX mode. */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700
#endif
#include "core/project.h"

#include "core/project_list.h"
#include "io/csv.h"
#include "io/manifest.h"
#include "io/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HIDDEN ".trowel"
static const char CONFIG_NAME[] = "config.effective.yaml";
#define SAVED_NAME "config.saved.yaml"
static const char SAVED_MARK[] = "# saved in the workstation\n";
static const char STAGES_MARK[] = "# stages: ";
static const char WHOLE_PADS[] = " of recordings that are pads";
enum { RECORD_MAX_BYTES = 1 << 30, CONFIG_MAX_BYTES = 1 << 20 };

/* SQLite takes no longer paths: told before hours of mining that could not be joined. */
static enum status check_length(const char *export_root, const char *name, struct err *e)
{
    enum { MOST_BYTES = 480 };
    char full[PATH_BYTES];
    size_t n = realpath(export_root, full) ? strlen(full) + 1 + strlen(name) : 0;
    if (n <= MOST_BYTES)
        return ST_OK;
    return err_set(
        e, ST_USAGE,
        "the project's folder has a path of %zu bytes, of which its catalog can "
        "take %d; choose a shorter --export_root",
        n, MOST_BYTES);
}

/* Below the folder that one stands in, which is not chosen to write to: where else? */
static enum status tell_place(const char *export_root, struct err *e)
{
    struct err why = e ? *e : (struct err){0};
    return export_root[0] == '/'
               ? ST_DISK
               : err_set(e, ST_DISK,
                         "%s; start in another folder, or set paths.export_dir", why.msg);
}

enum status project_check_name(const char *name, struct err *e)
{
    enum status st = path_check_name(name, "project name", e);
    if (st == ST_OK && name[0] == '.')
        st = err_set(e, ST_REFUSED, "project name %s: it may not begin with a dot", name);
    if (st == ST_OK && stem_same(name, "kits"))
        st = err_set(e, ST_REFUSED,
                     "project name %s: the kits of all projects are in the folder of "
                     "this name; choose another",
                     name);
    return st;
}

enum status project_open(struct project *p, const char *export_root, const char *name,
                         struct err *e)
{
    struct root above;
    p->flat = false;
    enum status st = project_check_name(name, e);
    if (st != ST_OK)
        return st;
    st = root_open(&above, export_root, true, e);
    if (st == ST_OK) {
        st = check_length(export_root, name, e);
        if (st == ST_OK)
            st = root_sub(&p->root, &above, name, true, e);
        root_done(&above);
    }
    if (st == ST_DISK)
        return tell_place(export_root, e);
    if (st == ST_OK && (st = root_check_locks(&p->root, e)) != ST_OK)
        root_done(&p->root);
    return st;
}

enum status project_open_flat(struct project *p, const char *folder, struct err *e)
{
    p->flat = true;
    return root_open(&p->root, folder, true, e);
}

enum status project_open_folder(struct project *p, const char *folder, struct err *e)
{
    p->flat = false;
    enum status st = root_open(&p->root, folder, false, e);
    if (st != ST_OK)
        return st;
    if (root_exists(&p->root, HIDDEN) || root_exists(&p->root, "manifest.csv") ||
        root_exists(&p->root, "catalog.db"))
        return ST_OK;
    root_done(&p->root);
    return err_set(e, ST_NOT_FOUND, "%s is not a trowel project (no manifest.csv in it)",
                   folder);
}

void project_done(struct project *p)
{
    root_done(&p->root);
}

void project_find_path(const struct project *p, const struct candidate *c,
                       char out[PATH_BYTES])
{
    if (p->flat)
        snprintf(out, PATH_BYTES, "%s", c->filename);
    else
        snprintf(out, PATH_BYTES, "%s/%s/%s", c->source,
                 category_folder(kind_category(c->kind)), c->filename);
}

void project_hidden(char out[PATH_BYTES], const char *stem, const char *ending)
{
    snprintf(out, PATH_BYTES, HIDDEN "/%s%s", stem, ending);
}

enum status project_config(const struct project *p, struct config *cfg, struct err *e)
{
    char path[PATH_BYTES];
    enum status st = path_join(path, sizeof path, p->root.path, CONFIG_NAME, e);
    if (st == ST_OK)
        st = config_defaults(cfg, e);
    return st == ST_OK ? config_load(cfg, path, NULL, e) : st;
}

/* In one of the comments that come first. */
static enum status read_stages(const char *text, struct recipe *r, struct err *e)
{
    char words[STAGES_BYTES];
    size_t mark = strlen(STAGES_MARK);
    while (*text == '#' && strncmp(text, STAGES_MARK, mark) != 0)
        text += strcspn(text, "\n") + (strchr(text, '\n') != NULL);
    if (*text != '#')
        return ST_OK;
    text += mark;
    snprintf(words, sizeof words, "%.*s", (int)strcspn(text, " \n"), text);
    r->whole_pads = strncmp(text + strlen(words), WHOLE_PADS, strlen(WHOLE_PADS)) == 0;
    return stages_parse(words, &r->stages, e);
}

enum status project_stages(const struct project *p, struct recipe *r, struct err *e)
{
    char *text;
    size_t n;
    r->stages = 0;
    r->whole_pads = false;
    enum status st =
        root_read_file(&p->root, CONFIG_NAME, CONFIG_MAX_BYTES, &text, &n, e);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    st = read_stages(text, r, e);
    free(text);
    return st;
}

/* In a flat folder stages of several runs may lie side by side. */
static void add_stages(struct text *t, const struct project *p, const struct recipe *r)
{
    char words[STAGES_BYTES];
    if (p->flat || r->stages == 0)
        return;
    stages_tell(r->stages, words);
    text_addf(t, "%s%s%s\n", STAGES_MARK, words, r->whole_pads ? WHOLE_PADS : "");
}

static enum status put_config(const struct project *p, const struct recipe *r,
                              const char *mark, struct err *e)
{
    char *yaml;
    struct text text = {0};
    enum status st = config_yaml(&r->cfg, &yaml, e);
    if (st != ST_OK)
        return st;
    text_add(&text, mark);
    add_stages(&text, p, r);
    text_add(&text, yaml);
    free(yaml);
    st = text.failed ? err_set(e, ST_NO_MEMORY, "no memory for the settings")
                     : root_write_file(&p->root, CONFIG_NAME, text.at, text.length, e);
    text_done(&text);
    return st;
}

enum status project_save_config(const struct project *p, const struct config *cfg,
                                struct err *e)
{
    struct recipe r = {.cfg = *cfg};
    struct config before;
    struct config_seed *seed = &r.cfg.reproducibility.random_seed;
    enum status st = project_stages(p, &r, e);
    if (st == ST_OK && !seed->set && project_config(p, &before, NULL) == ST_OK)
        *seed = before.reproducibility.random_seed;
    return st == ST_OK ? put_config(p, &r, SAVED_MARK, e) : st;
}

enum status project_write_config(const struct project *p, const struct recipe *r,
                                 const struct log *log, struct err *e)
{
    char other[RECIPE_OTHER_BYTES] = "not readable any more", *text;
    struct config then;
    size_t n;
    enum status st = ST_OK;
    if (root_read_file(&p->root, CONFIG_NAME, CONFIG_MAX_BYTES, &text, &n, NULL) != ST_OK)
        return put_config(p, r, "", e);
    bool saved = strncmp(text, SAVED_MARK, strlen(SAVED_MARK)) == 0;
    bool stays = saved && project_config(p, &then, NULL) == ST_OK &&
                 !recipe_saved_other(other, &then, &r->cfg);
    if (saved && !stays) {
        st = root_write_file(&p->root, SAVED_NAME, text, n, e);
        if (st == ST_OK)
            log_write(log, LOG_WARNING,
                      "%s had settings saved with :save (%s); this run's replace them, "
                      "and its " SAVED_NAME " keeps them",
                      p->root.path, other);
    }
    free(text);
    return st == ST_OK ? put_config(p, r, stays ? SAVED_MARK : "", e) : st;
}

/* --- the .source file: one CSV record --- */

static void source_text(struct text *t, const struct catalog_source *s)
{
    text_add(t, "stem,path,content_hash,recipe_hash,rate_hz,channels,frames,failed,note");
    csv_end(t);
    csv_bytes(t, s->stem);
    csv_bytes(t, s->path);
    text_addf(t, ",%016" PRIx64 ",%016" PRIx64 ",%d,%d,%" PRId64 ",%d", s->content_hash,
              s->recipe_hash, s->rate_hz, s->channels, s->frames, s->failed);
    csv_bytes(t, s->note);
    csv_end(t);
}

static enum status write_source(const struct project *p, const struct catalog_source *s,
                                struct err *e)
{
    struct text t = {0};
    char path[PATH_BYTES];
    source_text(&t, s);
    project_hidden(path, s->stem, ".source");
    enum status st = t.failed ? err_set(e, ST_NO_MEMORY, "no memory for %s", path)
                              : root_write_file(&p->root, path, t.at, t.length, e);
    text_done(&t);
    return st;
}

static bool fill_source(struct catalog_source *s, const struct csv_reader *r)
{
    char *const *field = r->row.field;
    if (r->row.count < 9)
        return false;
    memset(s, 0, sizeof *s);
    snprintf(s->stem, sizeof s->stem, "%s", field[0]);
    snprintf(s->path, sizeof s->path, "%s", field[1]);
    s->content_hash = strtoull(field[2], NULL, 16);
    s->recipe_hash = strtoull(field[3], NULL, 16);
    s->rate_hz = atoi(field[4]);
    s->channels = atoi(field[5]);
    s->frames = strtoll(field[6], NULL, 10);
    s->failed = field[7][0] == '1';
    snprintf(s->note, sizeof s->note, "%s", field[8]);
    return true;
}

static enum status read_source(const struct project *p, const char *stem,
                               struct catalog_source *s, struct err *e)
{
    char path[PATH_BYTES], *text;
    size_t n;
    project_hidden(path, stem, ".source");
    enum status st = root_read_file(&p->root, path, 1 << 20, &text, &n, e);
    if (st != ST_OK)
        return st;
    struct csv_reader r;
    struct err why;
    bool more;
    csv_reader_init(&r, text, n);
    st = csv_read(&r, &more, &why);
    if (st == ST_OK && more)
        st = csv_read(&r, &more, &why);
    if (st != ST_OK)
        err_set(e, st, "%s: %s", path, why.msg);
    else if (!more || !fill_source(s, &r))
        st =
            err_set(e, ST_CORRUPT, "%s is damaged; --force mines the source again", path);
    csv_reader_done(&r);
    free(text);
    return st;
}

/* All vectors, then all traces, in the order of the record's rows; without the file, or
 * with one that does not fit, there are none. */
static enum status read_finds(const struct project *p, const char *stem,
                              struct find_list *finds, struct err *e)
{
    char relative[PATH_BYTES], *text;
    struct candidate *rows;
    size_t count, bytes;
    project_hidden(relative, stem, ".record");
    enum status st = manifest_read_in(p->root.path, relative, &rows, &count, e);
    if (st == ST_OK)
        st = find_list_take(finds, rows, count, e);
    if (st != ST_OK || count == 0)
        return st;
    project_hidden(relative, stem, ".vectors");
    size_t vectors = count * SIMILARITY_DIM * sizeof(float),
           traces = count * sizeof(struct trace);
    st = root_read_file(&p->root, relative, RECORD_MAX_BYTES, &text, &bytes, e);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    if (bytes == vectors + traces) {
        memcpy(finds->vectors, text, vectors);
        memcpy(finds->traces, text + vectors, traces);
    }
    free(text);
    return ST_OK;
}

enum status project_record(const struct project *p, const char *stem,
                           struct catalog_source *source, struct find_list *finds,
                           struct err *e)
{
    enum status st = read_source(p, stem, source, e);
    if (st != ST_OK || !finds)
        return st;
    *finds = (struct find_list){0};
    st = read_finds(p, stem, finds, e);
    if (st != ST_OK)
        find_list_done(finds);
    return st;
}

/* The row on record: the lists are nearly in one order, so the next is looked at first.
 */
static const struct candidate *find_row(const struct find_list *l, const char *filename,
                                        size_t *next)
{
    for (size_t k = 0; k < l->count; k++) {
        size_t i = (*next + k) % l->count;
        if (strcmp(l->at[i].filename, filename) != 0)
            continue;
        *next = i + 1;
        return &l->at[i];
    }
    return NULL;
}

static void add_what_is_known(struct candidate *row, const struct find_list *l,
                              size_t *next)
{
    const struct candidate *known = find_row(l, row->filename, next);
    if (known) {
        row->parts = known->parts;
        row->source_rate_hz = known->source_rate_hz;
    }
}

/* Also where it is damaged. What is there and cannot be read now is not nothing: a kit
 * would be another one. */
static bool there_is_none(enum status st)
{
    return st == ST_NOT_FOUND || st == ST_CORRUPT;
}

static enum status add_of_set(struct candidate *rows, size_t count, const char *folder,
                              struct err *e)
{
    struct find_list finds = {0};
    size_t next = 0;
    enum status st =
        manifest_read_in(folder, PROJECT_SET_RECORD, &finds.at, &finds.count, e);
    for (size_t i = 0; i < count; i++)
        add_what_is_known(&rows[i], &finds, &next);
    find_list_done(&finds);
    return there_is_none(st) ? ST_OK : st;
}

static enum status add_of_project(struct candidate *rows, size_t count,
                                  const struct project *p, struct err *e)
{
    struct catalog_source source;
    struct find_list finds = {0};
    enum status st = ST_OK;
    size_t next = 0;
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        if (i == 0 || strcmp(rows[i].source, rows[i - 1].source) != 0) {
            find_list_done(&finds);
            st = project_record(p, rows[i].source, &source, &finds, e);
            if (st != ST_OK)
                finds = (struct find_list){0};
            if (there_is_none(st))
                st = ST_OK;
        }
        add_what_is_known(&rows[i], &finds, &next);
    }
    find_list_done(&finds);
    return st;
}

enum status project_rows(const char *folder, struct candidate **rows, size_t *count,
                         struct err *e)
{
    struct project p;
    enum status st = manifest_read_in(folder, "manifest.csv", rows, count, e);
    if (st != ST_OK)
        return st;
    st = project_open_folder(&p, folder, e);
    if (st == ST_OK) {
        st = add_of_project(*rows, *count, &p, e);
        project_done(&p);
    }
    if (st == ST_OK || there_is_none(st))
        st = add_of_set(*rows, *count, folder, e);
    if (st == ST_OK)
        return ST_OK;
    free(*rows);
    *rows = NULL;
    *count = 0;
    return st;
}

/* --- begun, announced, complete --- */

enum status project_forget(const struct project *p, const char *stem, const char *ending,
                           struct err *e)
{
    char path[PATH_BYTES];
    project_hidden(path, stem, ending);
    enum status st = root_remove(&p->root, path, e);
    return st == ST_NOT_FOUND ? ST_OK : st;
}

enum status project_claim(const struct project *p, const char *stem, struct begun *b,
                          struct err *e)
{
    char list[PATH_BYTES];
    *b = (struct begun){.project = p, .names = {.fd = -1}};
    snprintf(b->stem, sizeof b->stem, "%s", stem);
    project_hidden(list, stem, ".begun");
    return announce_claim(&b->names, &p->root, list, e);
}

enum status project_begin(const struct project *p, const char *stem, struct begun *b,
                          struct err *e)
{
    struct catalog_source meanwhile;
    enum status st = project_claim(p, stem, b, e);
    if (st != ST_OK)
        return st;
    if (read_source(p, stem, &meanwhile, NULL) == ST_OK && !meanwhile.failed) {
        announce_end(&b->names, NULL);
        return err_set(e, ST_EXISTS,
                       "%s is in %s already, from another run; --force starts afresh",
                       stem, p->root.path);
    }
    return project_restart(b, NULL, e);
}

bool project_announce(void *begun, const char *const *names, size_t count)
{
    struct begun *b = begun;
    return announce_names(&b->names, names, count);
}

void project_abandon(struct begun *b)
{
    announce_leave(&b->names);
}

static enum status write_vectors(const struct project *p, const char *stem,
                                 const struct find_list *finds, struct err *e)
{
    char path[PATH_BYTES];
    size_t vectors = finds->count * SIMILARITY_DIM * sizeof *finds->vectors,
           traces = finds->count * sizeof *finds->traces;
    char *both = malloc(vectors + traces + 1);
    if (!both)
        return err_set(e, ST_NO_MEMORY, "no memory for %zu vectors", finds->count);
    if (finds->count > 0) {
        memcpy(both, finds->vectors, vectors);
        memcpy(both + vectors, finds->traces, traces);
    }
    project_hidden(path, stem, ".vectors");
    enum status st = root_write_file(&p->root, path, both, vectors + traces, e);
    free(both);
    return st;
}

enum status project_complete(struct begun *b, const struct catalog_source *source,
                             const struct find_list *finds, struct err *e)
{
    const struct project *p = b->project;
    char path[PATH_BYTES];
    project_hidden(path, b->stem, ".record");
    enum status st =
        manifest_write(&p->root, path, finds->at, finds->count, MANIFEST_RECORD, e);
    if (st == ST_OK)
        st = write_vectors(p, b->stem, finds, e);
    if (st == ST_OK)
        st = write_source(p, source, e);
    if (st == ST_OK)
        return announce_end(&b->names, e);
    project_abandon(b);
    return st;
}
