/* project: a project's folder: <export root>/<project>/.
 *
 *   <source>/{pads,swells,clouds,hiss,drums,silences}/…wav
 *   manifest.csv  catalog.db  config.effective.yaml
 *   .trowel/<source>.record   all that is known of the source's finds: a manifest with
 *                             more columns
 *   .trowel/<source>.vectors  how they sound
 *   .trowel/<source>.source   the recording itself; written last: a source with it is
 *                             complete
 *   .trowel/<source>.begun    names announced by a run that has not completed
 *
 * A source is complete or it is not there: what a killed run left is removed, by its
 * .begun list and its .record, when the source is begun again.
 * Several runs of trowel may work on one project: a source belongs to the one that has
 * begun it, and joining to one at a time.
 * Thread: different sources may be begun and completed by different threads at once;
 * project_assemble, project_clear and opening by one. */
#ifndef TROWEL_CORE_PROJECT_H
#define TROWEL_CORE_PROJECT_H

#include "core/announce.h"
#include "core/catalog.h"
#include "core/find_list.h"
#include "core/jobs.h"
#include "core/recipe.h"
#include "io/config.h"

struct project {
    struct root root;
    /* All samples straight in the folder, no catalog: what `drums`, `clouds`, … write. */
    bool flat;
};

/* ST_REFUSED unless a project below an export root may have that name: one folder's name,
 * without a dot in front, and not that of the folder for all kits. */
enum status project_check_name(const char *name, struct err *e);
/* That name is checked. The folder and those above it are made. */
enum status project_open(struct project *p, const char *export_root, const char *name,
                         struct err *e);
/* Any folder, flat; made when missing. */
enum status project_open_flat(struct project *p, const char *folder, struct err *e);
/* An existing project's folder; ST_NOT_FOUND when it holds nothing of trowel's. */
enum status project_open_folder(struct project *p, const char *folder, struct err *e);
void project_done(struct project *p);

/* May a run write its project here? ST_EXISTS where a manifest.csv would be overwritten
 * that is of something else: samples laid out the other way (a flat folder, a project),
 * or a manifest without any record beside it. */
enum status project_check_place(const struct project *p, struct err *e);
/* What a folder is to trowel; nothing in it is changed. */
enum folder_kind {
    FOLDER_OTHER, /* recordings, or anything else */
    FOLDER_PROJECT,
    FOLDER_FLAT, /* samples of drums, silences, clouds or dust */
    FOLDER_BEST_OF,
    FOLDER_KIT
};
enum folder_kind project_folder_kind(const char *folder);
/* Is all that is on record, failures aside, of this recipe? */
enum status project_is_of(const struct project *p, uint64_t recipe_hash, bool *is,
                          struct err *e);
/* Is it the folder of one of a project's recordings? */
bool project_is_source_folder(const struct root *root);
/* May a best-of set? ST_EXISTS where a project or a flat folder is. */
enum status project_check_none(const struct root *root, struct err *e);

/* The settings an earlier run wrote down. ST_NOT_FOUND when there is none. */
enum status project_config(const struct project *p, struct config *cfg, struct err *e);
/* The stages that it was begun with, written down beside them, into stages and
 * whole_pads; 0 where none are known. */
enum status project_stages(const struct project *p, struct recipe *r, struct err *e);
/* Writes down what a run goes by: settings, seed and stages. What the user saved there
 * before, if it is otherwise, is kept as config.saved.yaml, and that is said. */
enum status project_write_config(const struct project *p, const struct recipe *r,
                                 const struct log *log, struct err *e);
/* What the user saved. The stages stay, and a seed where the settings have none. */
enum status project_save_config(const struct project *p, const struct config *cfg,
                                struct err *e);

/* What is on record of one source; ST_NOT_FOUND unless it is complete. `finds` may be
 * NULL; else it is filled (done with find_list_done). */
enum status project_record(const struct project *p, const char *stem,
                           struct catalog_source *source, struct find_list *finds,
                           struct err *e);

/* The rows of the manifest.csv in a folder, as manifest_read has them, with what is on
 * record besides, in a project or in a best-of set: of what parts their scores are made,
 * and the recording's rate. A kit's instruments are filled by these. */
#define PROJECT_SET_RECORD ".trowel-best-of.csv"
enum status project_rows(const char *folder, struct candidate **rows, size_t *count,
                         struct err *e);

/* Begin a source: what an incomplete run left is removed, a failure's record too. ST_BUSY
 * while another process has begun it, ST_EXISTS when it is complete. */
struct begun {
    const struct project *project;
    char stem[STEM_BYTES];
    struct announced names;
};
enum status project_begin(const struct project *p, const char *stem, struct begun *b,
                          struct err *e);
/* Its two steps: only hold it, whatever is there; call it incomplete, and remove what its
 * record lists (if it is as written; `log` is told of the others) and what it announced.
 */
enum status project_claim(const struct project *p, const char *stem, struct begun *b,
                          struct err *e);
enum status project_restart(struct begun *b, const struct log *log, struct err *e);
/* For struct dig_site: announces names on disk before they are written. */
bool project_announce(void *begun, const char *const *names, size_t count);
/* All written: make the record. The source is complete when this returns ST_OK. */
enum status project_complete(struct begun *b, const struct catalog_source *source,
                             const struct find_list *finds, struct err *e);
/* Not complete: what was written stays listed and goes when the source is begun again. */
void project_abandon(struct begun *b);

/* --force: remove what records and manifest say trowel wrote, as long as the bytes are
 * still the written ones; folders left empty go too. Decisions stay in the catalog. Of a
 * source that is being cleared the .source goes first: it is never taken for complete.
 * ST_BUSY, with nothing removed, while another process is at work on a source. */
enum status project_clear(const struct project *p, const struct log *log, struct err *e);
/* ST_BUSY while another process, or job, is at work on a source. */
enum status project_check_idle(const struct project *p, struct err *e);
/* The same for one source. */
enum status project_clear_source(const struct project *p, const char *stem,
                                 const struct log *log, struct err *e);

/* Which stack every find on record is in, by candidate_id. */
struct stack_list {
    uint64_t *ids;
    int *stack;
    size_t count;
};
void stack_list_done(struct stack_list *l);

/* What else joining may do; any may be NULL or false. */
struct assemble_more {
    /* Cancels it: ST_CANCELLED, and each file is the old or the new one, whole. */
    const struct job_context *ctx;
    const struct find_list *orphans; /* finds that no record knows; else orphans_listed */
    /* A damaged catalog is replaced: kept beside, its events carried over. */
    bool rebuild;
    bool dry_run;          /* count only */
    const char *decisions; /* a journal whose events go into the catalog, */
    const struct log *log; /* where words that are about no find here are told */
    /* Of a session that has finds and catalog already (mining in the workstation): filled
     * for its session_restack; the catalog is left to it. */
    struct stack_list *stacks;
};
struct project_totals {
    size_t sources, finds, misses, missing;
    size_t per_category[CAT_COUNT];
    size_t twins; /* sources whose file is the same as another's, byte for byte */
    /* the first of them by path, and the other */
    char twin[SOURCE_PATH_BYTES], twin_of[SOURCE_PATH_BYTES];
};
/* What twins do to the lists, as a sentence; "" without any. */
enum { TWINS_BYTES = 2 * SOURCE_PATH_BYTES + 120 };
void project_tell_twins(const struct project_totals *t, char *to, size_t n);
/* Join all records: stacks, decisions from the catalog, manifest.csv, catalog.db. Finds
 * whose sample somebody removed are left out, and counted as missing. ST_NOT_FOUND, and
 * nothing is written, when not one sample of a project is there. */
enum status project_assemble(const struct project *p, const struct assemble_more *more,
                             struct project_totals *totals, struct err *e);
/* Is a source complete that manifest.csv cannot know of yet, because whoever mined it was
 * ended before it joined? By the files' times. `blank`: the catalog knows of none, and
 * any complete source will do. */
bool project_join_due(const struct project *p, bool blank);
/* Was the file at `path` written, or put there, after the source was put on record? */
bool project_outdated(const struct project *p, const char *stem, const char *path);

/* ".trowel/<stem><ending>". */
void project_hidden(char out[PATH_BYTES], const char *stem, const char *ending);
/* "<source>/<category>/<file>", or the file name alone in a flat folder. */
void project_find_path(const struct project *p, const struct candidate *c,
                       char out[PATH_BYTES]);

#endif
