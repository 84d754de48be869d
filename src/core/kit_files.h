/* kit_files: what goes with a kit's samples: manifest and assignment sheet. Pure. */
#ifndef TROWEL_CORE_KIT_FILES_H
#define TROWEL_CORE_KIT_FILES_H

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

#endif
