/* recipe: everything besides a recording that decides what is made of it.
 * Thread: a recipe is constant once made and may be read by all workers. */
#ifndef TROWEL_CORE_RECIPE_H
#define TROWEL_CORE_RECIPE_H

#include "core/status.h"
#include "io/config.h"

#include <stdint.h>

enum stage {
    STAGE_PADS,
    STAGE_DRONES, /* drones and swells */
    STAGE_CLOUDS,
    STAGE_HISS,
    STAGE_DRUMS,
    STAGE_SILENCES,
    STAGE_COUNT
};
enum { STAGES_ALL = (1 << STAGE_COUNT) - 1 };

const char *stage_name(enum stage s);
/* "pads,drums" → a set of 1 << stage; also takes "swells" for drones. ST_USAGE. */
enum status stages_parse(const char *text, unsigned *stages, struct err *e);

struct recipe {
    struct config cfg;
    uint64_t seed;
    unsigned stages;
    uint64_t hash; /* of all that changes samples: same hash, same bytes */
};

/* Work out the hash. The seed is the config's; without one it must have been drawn and
 * put into cfg.reproducibility.random_seed before. */
void recipe_init(struct recipe *r, const struct config *cfg, unsigned stages);

/* A seed from the system's entropy, for random_seed: null. Fits a config's seed. */
uint64_t recipe_draw_seed(void);

#endif
