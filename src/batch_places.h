/* batch_places: where pipelines put what they make, and what is known to be in the way of
 * it before anything is mined. */
#ifndef TROWEL_BATCH_PLACES_H
#define TROWEL_BATCH_PLACES_H

#include "core/pipelines.h"
#include "io/config.h"
#include "io/paths.h"

struct places {
    char project[PATH_BYTES], best_of[PATH_BYTES], kits[PATH_BYTES], kit[PATH_BYTES],
        page[PATH_BYTES];
};

/* ST_REFUSED when that folder is, or lies behind, a symbolic link below `base`. */
enum status place_inside(const char *base, const char *relative, struct err *e);
/* The folder that was given, which is the user's choice, else that `below` the base,
 * inside of it. */
enum status place_given(char out[PATH_BYTES], const struct request *r, enum option dir,
                        const char *base, const char *below, struct err *e);
const char *place_kit(const struct request *r, const char *kits, char out[PATH_BYTES]);
/* Those of `all` and `demo`. */
enum status places_of(struct places *p, const struct request *r, const char *export_root,
                      struct err *e);

/* What would refuse the best-of set, the kit or the page whatever is found: mining takes
 * hours, and a wrong word is told before. ST_USAGE, ST_EXISTS, ST_NOT_FOUND, … */
enum status places_check(const struct places *p, const struct request *r,
                         const struct config *cfg, struct err *e);

#endif
