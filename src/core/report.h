/* report: one self-contained HTML page of a kit or project: pictures, players, measures,
 * origins. Works from disk, without network. Thread: any. */
#ifndef TROWEL_CORE_REPORT_H
#define TROWEL_CORE_REPORT_H

#include "core/jobs.h"

#include <stdbool.h>
#include <stddef.h>

struct report_job {
    const char
        *input_dir;     /* a kit, a project, a best-of folder, or a folder of samples */
    const char *output; /* the .html file; NULL: report.html in input_dir */
    bool force;         /* replace a page that is not trowel's */
    bool dry_run;
    const struct job_context *ctx; /* may be NULL */
};

struct report_result {
    size_t samples, left_out; /* without a player */
    size_t failed;            /* cannot be read, on the page or not */
    size_t bytes;
    char path[4096];
};

/* Is the place that `output` (not NULL) names one for a report? One that trowel wrote
 * before is replaced, and with `force` any .html; another file there is ST_EXISTS, a
 * folder ST_USAGE. */
enum status report_check(const struct report_job *job, struct err *e);
/* Writes it, unless report_check refuses its place. ST_NOTHING without samples,
 * ST_NOT_FOUND without input_dir, ST_DISK, ST_CANCELLED. */
enum status report_run(const struct report_job *job, struct report_result *result,
                       struct err *e);

#endif
