/* process: the whole excavation of a folder into a project.
 *
 * Every recording is one job of a worker pool; process_run belongs to one thread, which
 * waits for the workers and calls the reporter. A source that is on record with the same
 * recipe (config, seed, stages, version) and content is skipped; with another recipe the
 * run is refused unless `force`. Failing sources are reported and the rest goes on. */
#ifndef TROWEL_CORE_PROCESS_H
#define TROWEL_CORE_PROCESS_H

#include "core/project.h"
#include "core/recipe.h"
#include "core/reporter.h"
#include "io/discover.h"

#include <stdatomic.h>

/* A folder of recordings (or one file) and what to do with them. */
struct process_input {
    const char *dir;
    const char *named_by; /* the option or setting, for messages */
    unsigned stages;
    bool whole_pads; /* the files are pads already */
    bool optional;   /* may be missing */
};

enum { PROCESS_INPUTS_MAX = 3 };

struct process_job {
    const struct config *cfg; /* checked */
    const struct process_input *inputs;
    size_t input_count; /* 1 … PROCESS_INPUTS_MAX */
    const char *export_root, *project_name;
    const char *flat_dir;           /* instead of the two: straight into this folder */
    const struct source_list *hiss; /* for STAGE_DUST */
    double mix_db;
    bool recursive, force, strict, dry_run;
    /* Whatever is on record has to be of this recipe, not only what is run now. */
    bool one_recipe;
    int jobs; /* workers, ≥ 1 */
    int shard_index, shard_count;
    const struct reporter *reporter;
    const struct log *log;
    const atomic_bool *interrupted; /* set from a signal handler; may be NULL */
    int wake_fd;                    /* readable when it is set; −1: polled */
};

struct process_result {
    size_t sources, done, skipped, failed;
    double audio_s; /* sound mined now */
    double wall_s;  /* time it took */
    uint64_t seed;
    struct project_totals totals;
};

/* Where the job writes. */
void process_place(char out[PATH_BYTES], const struct process_job *job);
/* ST_OK, ST_SOURCES_FAILED, ST_EXISTS, ST_DISK, ST_CANCELLED, ST_NOT_FOUND (no
 * recordings), … The manifest and catalog are written whenever a project was opened. */
enum status process_run(const struct process_job *job, struct process_result *result,
                        struct err *e);

/* One source to be mined into a project. All of it is the caller's, and must stay until
 * process_source returns. */
struct source_job {
    const struct project *project;
    const struct recipe *recipe;
    const struct source_file *file;
    /* Called after each stage with all finds so far, those from `first` on new, on the
     * thread that calls process_source; they are its own. NULL: not called. */
    void (*found)(void *user, const struct catalog_source *source,
                  const struct find_list *finds, size_t first);
    void *user;
};

/* One source from recording to record, on any thread: what a job of process does, and of
 * the workstation. `finds` is filled (find_list_done). *audio_s may be NULL. A failure of
 * the source itself (ST_UNREADABLE, ST_EMPTY …) is put on record too. */
enum status process_source(const struct source_job *job, const struct job_context *ctx,
                           struct find_list *finds, double *audio_s, struct err *e);

/* About how much work a recording is beside others, by its size and format. */
double process_work(const struct recipe *recipe, const struct source_file *file);

/* The seed to use: the config's, else the one the project was begun with (not if
 * `afresh`), else a drawn one; put into cfg->reproducibility.random_seed. `p` may be
 * NULL. */
void process_settle_seed(struct config *cfg, const struct project *p, bool afresh);

/* Settling on the settings of a project, which whoever begins to mine it does, one after
 * the other: those that start together have one seed. */
struct settling {
    const struct project *project;
    const atomic_bool *cancelled; /* may be NULL */
    const struct log *log;        /* told for whom this waits; may be NULL */
    struct announced turn;
};

/* Takes the turn, and settles cfg's seed. Its end is due after ST_OK alone. ST_BUSY:
 * another one does not come to an end. ST_CANCELLED, ST_DISK. */
enum status process_begin_settling(struct settling *s, struct config *cfg, bool afresh,
                                   struct err *e);
/* Writes the recipe down, if `st` is ST_OK, and gives the turn to the next; returns `st`,
 * or why they could not be written. */
enum status process_end_settling(struct settling *s, const struct recipe *r,
                                 enum status st, struct err *e);

/* In words, what was written down that the recipe of now has otherwise; the stages only
 * where `one` recipe makes the whole project. */
void process_tell_other(const struct project *p, const struct recipe *now, bool one,
                        char to[RECIPE_OTHER_BYTES]);

#endif
