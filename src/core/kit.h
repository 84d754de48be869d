/* kit: the export for the drum machine: slots filled, names, budget, files, assignment
 * sheet. See io/targets.h for the machines. Thread: any. */
#ifndef TROWEL_CORE_KIT_H
#define TROWEL_CORE_KIT_H

#include "core/jobs.h"
#include "core/log.h"
#include "io/candidate.h"
#include "io/config.h"
#include "io/targets.h"
#include "io/text.h"

#include <stdbool.h>

struct kit_job {
    const char *input_dir;  /* a project, a best-of folder, or a folder of samples */
    const char *output_dir; /* <output_dir>/<kit_name>/ is written */
    const char *kit_name;
    const char *target; /* "tr8s"; NULL: what the config says */
    /* Its random_seed is for the dither. Where it names none, that of the project the
     * samples come from counts, else one is drawn; the kit's manifest tells which. */
    const struct config *cfg;
    bool force, no_fit, stereo, dry_run;
    bool strict; /* the first sample that cannot be used ends it */
    bool whole;  /* refuse while a sample is not there: it is being made again perhaps */
    const struct job_context *ctx; /* may be NULL */
};

struct kit_result {
    size_t considered, exported, left_out;
    size_t failed; /* samples that cannot be used: unreadable, silent, … */
    int sectors;
    int slots, filled; /* instruments of the machine, and how many have a sample */
    bool beside_set;   /* the project's best-of set was not taken: the user chose */
};

/* The machine that the config names. */
const struct target *kit_target(const struct config *cfg);
/* Do stereo samples of this category stay stereo in a kit? */
bool kit_keeps_stereo(const struct config *cfg, enum category category);

/* May a kit be called that? ST_REFUSED. */
enum status kit_check_name(const char *name, struct err *e);
/* What refuses this kit whatever its samples are: its name, its machine, what lies in its
 * place (input_dir is not looked at). ST_USAGE, ST_REFUSED, ST_EXISTS, ST_DISK. */
enum status kit_check(const struct kit_job *job, struct err *e);

/* Plan, print the budget into `summary` (plain lines, appended; may be NULL), write.
 * ST_EXISTS, ST_OVER_BUDGET (no_fit), ST_NOTHING (no samples, or none that fits),
 * ST_NOT_FOUND, ST_REFUSED, ST_DISK … */
enum status kit_run(const struct kit_job *job, struct kit_result *result,
                    struct text *summary, struct err *e);

#endif
