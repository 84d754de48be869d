/* config_value: one value between YAML and struct config. Not for files but config*.c. */
#ifndef TROWEL_IO_CONFIG_VALUE_H
#define TROWEL_IO_CONFIG_VALUE_H

#include "io/config.h"
#include "io/yaml.h"

/* Store a node's value; false leaves the config as it was. */
bool config_store(struct config *cfg, const struct config_key *key,
                  const struct yaml_node *node);

/* An earlier name: the key it stands for today. */
struct config_old {
    const char *section, *name, *now;
    bool plus_minus; /* x means the range from -x to x */
};
const struct config_old *config_old_find(const char *section, const char *name);

/* The section nearest to `name` by edit distance, or NULL. */
const char *config_nearest_section(const char *name);

#endif
