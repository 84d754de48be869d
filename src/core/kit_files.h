/* kit_files: the paper that goes with a kit: manifest and assignment sheet. Pure texts.
 */
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

/* "<KIT>", "<KIT>_2" …: the folder on the card: without accents, safe characters only.
 */
void kit_folder(char out[64], const char *kit_name, int folder);

void kit_manifest(struct text *t, const struct kit_plan *p,
                  const struct kit_written *written, uint64_t seed);
void kit_assign_sheet(struct text *t, const struct kit_plan *p, const char *kit_name,
                      const struct kit_written *written);

#endif
