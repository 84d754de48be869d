/* The table as YAML. */
#include "io/config.h"

#include "io/text.h"

#include <stdio.h>
#include <string.h>

/* "clouds" or "clouds.pitch_shift_range" of a key's name. */
static void parent_of(char out[CONFIG_KEY_BYTES], const char *name)
{
    snprintf(out, CONFIG_KEY_BYTES, "%.*s", (int)(strrchr(name, '.') - name), name);
}

/* Open the sections and groups that lead from `before` to `now`. */
static void open_parents(struct text *t, const char *before, const char *now)
{
    const char *dot = strchr(now, '.');
    size_t section = strcspn(now, ".");
    if (strncmp(before, now, section) != 0 || (before[section] && before[section] != '.'))
        text_addf(t, "%.*s:\n", (int)section, now);
    if (dot && strcmp(before, now) != 0)
        text_addf(t, "  %s:\n", dot + 1);
}

enum status config_yaml(const struct config *cfg, char **out, struct err *e)
{
    struct text t = {0};
    char before[CONFIG_KEY_BYTES] = "";
    for (int i = 0; i < config_key_count(); i++) {
        const struct config_key *k = config_key(i);
        char parent[CONFIG_KEY_BYTES], value[CONFIG_VALUE_BYTES];
        parent_of(parent, k->name);
        open_parents(&t, before, parent);
        strcpy(before, parent);
        config_get(cfg, i, value, sizeof value);
        text_addf(&t, "%s%s: %s\n", strchr(parent, '.') ? "    " : "  ", k->key, value);
    }
    if (t.failed) {
        text_done(&t);
        return err_set(e, ST_NO_MEMORY, "no memory to write the config");
    }
    *out = t.at;
    return ST_OK;
}
