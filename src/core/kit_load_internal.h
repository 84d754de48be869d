/* kit_load_internal: what the parts of kit_load share: by catalog and manifest, and by
 * the sound files themselves. Thread: one. */
#ifndef TROWEL_CORE_KIT_LOAD_INTERNAL_H
#define TROWEL_CORE_KIT_LOAD_INTERNAL_H

#include "core/kit_load.h"

struct loading {
    struct kit_set *set;
    const char *folder;
    const struct target *target;
    const struct config *cfg;
    bool stereo;
    const struct job_context *ctx;
};

/* Rows of a manifest: the files they name are known. */
struct kit_listed {
    const struct candidate *rows;
    size_t count;
};

struct kit_item *kit_load_add(struct kit_set *set); /* an empty one; NULL: no memory */
/* What it costs, by its measures. */
void kit_load_settle(const struct loading *l, struct kit_item *item);
/* The sound files in the folder and below, but for those that are listed; the lists end
 * at one without rows, NULL is none. ST_NOT_FOUND, ST_NO_MEMORY … */
enum status kit_load_files(struct loading *l, const struct kit_listed *listed,
                           struct err *e);
/* How the drums sound that nobody has heard: by their files. */
enum status kit_load_hear(struct loading *l, struct err *e);

#endif
