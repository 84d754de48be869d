/* process: the whole excavation of a folder into a project.
 *
 * Every recording is one job of a worker pool. A source that is on record with the same
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
    double audio_s, wall_s; /* of what was done now */
    uint64_t seed;
    struct project_totals totals;
};

/* Where the job writes. */
void process_place(char out[PATH_BYTES], const struct process_job *job);
/* ST_OK, ST_SOURCES_FAILED, ST_EXISTS, ST_DISK, ST_CANCELLED, ST_NOT_FOUND (no
 * recordings), … The manifest and catalog are written whenever a project was opened. */
enum status process_run(const struct process_job *job, struct process_result *result,
                        struct err *e);

struct process_one {
    const struct project *project;
    const struct recipe *recipe;
    const struct source_file *file;
    /* NULL, or who wants the finds stage by stage, on the worker's thread. */
    void (*found)(void *user, const struct catalog_source *source,
                  const struct find_list *finds, size_t first);
    void *user;
};

/* One source from recording to record, on any thread: what a job of process does, and of
 * the workstation. `finds` is filled (find_list_done). *audio_s may be NULL. A failure of
 * the source itself (ST_UNREADABLE, ST_EMPTY …) is put on record too. */
enum status process_source(const struct process_one *one, const struct job_context *ctx,
                           struct find_list *finds, double *audio_s, struct err *e);

/* The seed to use: the config's, else the one the project was begun with, else a drawn
 * one (true); put into cfg->reproducibility.random_seed. `p` may be NULL. */
bool process_settle_seed(struct config *cfg, const struct project *p, bool afresh);

#endif
