/* orphans: samples that lie in a project and are on no record.
 * Thread: any, one per struct. */
#ifndef TROWEL_CORE_ORPHANS_H
#define TROWEL_CORE_ORPHANS_H

#include "core/project.h"
#include "dsp/similarity.h"
#include "dsp/trace.h"

/* What listens to them: {0} at first. */
struct orphan_ears {
    struct similarity *similarity;
    struct trace_maker *tracer;
    int rate_hz; /* of these two */
};
void orphan_ears_done(struct orphan_ears *ears);

/* Add the sample at `place` to `out`: what manifest.csv says of it in `row`, or, where
 * that is NULL, measured anew by `cfg`. One that cannot be read is told and left out.
 * ST_NO_MEMORY, ST_REFUSED. */
enum status orphan_add(struct orphan_ears *ears, const struct project *p,
                       const struct candidate *place, const struct candidate *row,
                       const struct config *cfg, const struct log *log,
                       struct find_list *out, struct err *e);

/* What manifest.csv lists of sources that are neither on record nor begun, and is there,
 * byte for byte: of parts that came without their records. Without a folder of such a
 * source the manifest is not read; one that cannot be read has none. ST_NO_MEMORY,
 * ST_CANCELLED, ST_DISK. */
enum status orphans_listed(const struct project *p, const struct job_context *ctx,
                           const struct log *log, struct find_list *out, struct err *e);

#endif
