/* kit_files: the texts of a kit: its manifest, its assignment sheet, and what is told of
 * its plan. Pure. */
#ifndef TROWEL_CORE_KIT_FILES_H
#define TROWEL_CORE_KIT_FILES_H

#include "core/kit_load.h"
#include "core/kit_plan.h"
#include "io/text.h"

/* What writing found out about each item of the plan, by index. */
struct kit_written {
    char path[PATH_BYTES]; /* below the kit's folder */
    char sha256[SHA256_HEX_BYTES];
    double seconds, gain_db;
};

/* The folder on the card, "<KIT>", "<KIT>_2" …: no accents, safe characters only. */
void kit_folder(char out[64], const char *kit_name, int folder);

void kit_manifest(struct text *t, const struct kit_plan *p,
                  const struct kit_written *written, uint64_t seed);
void kit_assign_sheet(struct text *t, const struct kit_plan *p, const char *kit_name,
                      const struct kit_written *written);

/* What the kit costs, what plays each instrument, and what is not there or left out: of
 * that the first ten, unless `all`, which also lists the extras. */
void kit_summary(struct text *t, const struct kit_plan *p, const struct kit_set *set,
                 const char *kit_name, bool all);

#endif
