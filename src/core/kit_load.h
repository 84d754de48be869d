/* kit_load: the samples a kit can be made of, from whatever folder they lie in.
 * Ownership: a kit_set owns its items. */
#ifndef TROWEL_CORE_KIT_LOAD_H
#define TROWEL_CORE_KIT_LOAD_H

#include "core/jobs.h"
#include "core/kit_plan.h"
#include "core/recut.h"

struct kit_set {
    struct kit_item *item;
    size_t count, room;
    size_t missing;         /* in a manifest but not on the disk */
    char missed[256];       /* the first of them */
    size_t failed;          /* sound files, and folders, that cannot be used, told each */
    struct err failure;     /* the first of them */
    struct recut_site site; /* of a project: where items marked `recut` are cut from */
    bool rings;             /* the user lets CH and OH ring together */
    bool beside_set;        /* of a project with a best-of set, which was not taken */
};

/* `folder` is
 *   a project with decisions: its accepted finds, those on the kit's slots and among
 *     its extras; else its best_of folder if it has one;
 *     else every saved find that is not rejected;
 *   a folder with manifest.csv: its rows, and what the user put into a best-of folder;
 *     of a project's best-of folder also what the user put into the project's kit;
 *   any other folder: the sound files in it and below, measured and classified.
 * Finds of a project whose edges or loop the user moved are marked `recut` (their
 * measures are of the sound that kit_run will cut), and near-misses that were accepted or
 * assigned are samples too. Where the recording is gone the mined file stands in, and
 * `cut` says so; a near-miss is missing then. One sample once, by its bytes.
 * ST_NOT_FOUND, ST_NO_MEMORY, … ; an empty set is ST_OK.
 */
enum status kit_load(struct kit_set *set, const char *folder, const struct target *t,
                     const struct config *cfg, bool stereo, const struct job_context *ctx,
                     struct err *e);
void kit_set_done(struct kit_set *set);

#endif
