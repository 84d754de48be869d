/* kit_load: the samples a kit can be made of, from whatever folder they lie in.
 * Ownership: a kit_set owns its items and what their vectors point into. */
#ifndef TROWEL_CORE_KIT_LOAD_H
#define TROWEL_CORE_KIT_LOAD_H

#include "core/jobs.h"
#include "core/kit_plan.h"
#include "io/config.h"

struct kit_set {
    struct kit_item *item;
    size_t count, capacity;
    float *vectors; /* count × SIMILARITY_DIM */
    size_t missing; /* in a manifest but not on the disk */
};

/* `folder` is
 *   a project with decisions: its accepted finds; else its best_of folder if it has one;
 *     else every saved find that is not rejected;
 *   a folder with manifest.csv: its rows;
 *   any other folder: the sound files in it and below, measured and classified.
 * One sample once, by its bytes. ST_NOT_FOUND, ST_NO_MEMORY, … ; an empty set is ST_OK.
 */
enum status kit_load(struct kit_set *set, const char *folder, const struct target *t,
                     const struct config *cfg, bool stereo, const struct job_context *ctx,
                     struct err *e);
void kit_set_done(struct kit_set *set);

#endif
