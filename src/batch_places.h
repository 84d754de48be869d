/* batch_places: where `all` (and `demo`) put what they make, and what is known to be in
 * the way of it before anything is mined. */
#ifndef TROWEL_BATCH_PLACES_H
#define TROWEL_BATCH_PLACES_H

#include "core/pipelines.h"
#include "io/config.h"
#include "io/paths.h"

struct places {
    char project[PATH_BYTES], best_of[PATH_BYTES], kits[PATH_BYTES], kit[PATH_BYTES],
        page[PATH_BYTES];
};

/* The folder that was given, else `below` the export root. */
const char *place_given(const struct request *r, enum option dir, const char *export_root,
                        const char *below, char out[PATH_BYTES]);
const char *place_kit(const struct request *r, const char *kits, char out[PATH_BYTES]);
void places_of(struct places *p, const struct request *r, const char *export_root);

/* What would refuse the best-of set, the kit or the page whatever is found: mining takes
 * hours, and a wrong word is told before. ST_USAGE, ST_EXISTS, ST_NOT_FOUND, … */
enum status places_check(const struct places *p, const struct request *r,
                         const struct config *cfg, struct err *e);

#endif
