/* recipe: everything besides a recording that decides what is made of it.
 * Thread: a recipe is constant once made and may be read by all workers. */
#ifndef TROWEL_CORE_RECIPE_H
#define TROWEL_CORE_RECIPE_H

#include "core/status.h"
#include "io/config.h"
#include "io/discover.h"

#include <stdint.h>

enum stage {
    STAGE_PADS,
    STAGE_DRONES, /* drones and swells */
    STAGE_CLOUDS,
    STAGE_HISS,
    STAGE_DRUMS,
    STAGE_SILENCES,
    STAGE_DUST, /* only of the pipeline `dust`: the source is a pad */
    STAGE_COUNT
};
enum { STAGES_ALL = (1 << STAGE_DUST) - 1 };

const char *stage_name(enum stage s);
/* "pads,drums" → a set of 1 << stage; also takes "swells" for drones. ST_USAGE. */
enum status stages_parse(const char *text, unsigned *stages, struct err *e);
/* The way back: "pads,drums". */
enum { STAGES_BYTES = 64 };
void stages_tell(unsigned stages, char to[STAGES_BYTES]);

struct recipe {
    struct config cfg;
    uint64_t seed;
    unsigned stages;
    bool whole_pads; /* every source is a pad already: nothing is mined */
    /* for STAGE_DUST: the hiss to choose from, borrowed, and its level */
    const struct source_list *hiss;
    double mix_db;
    uint64_t hash; /* of all that changes samples: same hash, same bytes */
};

/* Fill cfg and seed and work out the hash; stages, whole_pads, hiss and mix_db are the
 * caller's, set before. The seed is the config's: a null one must have been drawn and put
 * into cfg.reproducibility.random_seed. Fails only when a hiss file cannot be read. */
enum status recipe_init(struct recipe *r, const struct config *cfg, struct err *e);

/* In words, with which settings samples were made that are others now: the first that
 * differ ("drum_miner.max_length_sec 1.2, not 0.4"). False when none does. */
enum { RECIPE_OTHER_BYTES = 320 };
bool recipe_other(char out[RECIPE_OTHER_BYTES], const struct config *then,
                  const struct config *now);

/* The same of all settings that a project keeps. */
bool recipe_saved_other(char out[RECIPE_OTHER_BYTES], const struct config *saved,
                        const struct config *now);

/* A seed from the system's entropy, for random_seed: null. Fits a config's seed. */
uint64_t recipe_draw_seed(void);

#endif
