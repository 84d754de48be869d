/* index: rebuild a project's catalog and manifest from what lies on disk.
 * Thread: any; a folder is one run's at a time. */
#ifndef TROWEL_CORE_INDEX_H
#define TROWEL_CORE_INDEX_H

#include "core/project.h"

/* Records of the sources are joined (also those of other shards). Samples that no record
 * knows, in the project's folders, come from manifest.csv where it has them, and are
 * measured anew where it has not. Decisions stay. A damaged catalog is kept beside.
 * ST_NOT_FOUND when `folder` is no project or `decisions` no file, and when there are
 * samples on record but not one on the disk: then nothing is changed. ST_EXISTS where a
 * set, a kit or somebody else's manifest.csv is. */
struct index_job {
    const char *folder;
    const struct config *cfg; /* what samples that no record knows are judged by */
    const char *decisions;    /* a journal to take into the catalog, or NULL */
    bool dry_run;
    const struct job_context *ctx;
};
enum status index_run(const struct index_job *job, struct project_totals *totals,
                      struct err *e);

#endif
