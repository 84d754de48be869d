/* mining: background excavation for the workstation: one job a recording, finds delivered
 * to the session as each is done, manifest and catalog joined at the end.
 * Thread: the owner's, but for the work itself. */
#ifndef TROWEL_MINING_H
#define TROWEL_MINING_H

#include "core/process.h"
#include "core/session.h"
#include "ui/app.h"

struct mining_place {
    struct project *project;
    struct session *session;
    struct jobs *jobs;
    const char *input_dir;
    const char *export_root; /* not to be taken for recordings */
    const struct log *log;   /* what was found and what failed; may be NULL */
};

/* Look for what is to be mined, and mine it, all in jobs. The reply comes when all of it
 * is done, or ST_NOTHING when there is nothing to do. */
enum status mining_start(const struct mining_place *place,
                         const struct mine_request *request, struct app_reply reply,
                         struct err *e);

#endif
