#include "io/config.h"

#include "io/config_value.h"
#include "io/text.h"

#include <stdlib.h>
#include <string.h>

#define AT(path, key)                                                                    \
    offsetof(struct config, path.key), sizeof(((struct config *)0)->path.key)

static const struct config_key keys[] = {
#define KEY(path, key, def, unit, words, null_word, type, low, high, help)               \
    {#path "." #key, #key, help, unit, def,          words,                              \
     null_word,      type, low,  high, AT(path, key)},
#define KEY_BOOL(path, key, def, help)                                                   \
    KEY(path, key, #def, "", NULL, NULL, CONFIG_BOOL, 0, 1, help)
#define KEY_INT(path, key, def, low, high, unit, help)                                   \
    KEY(path, key, #def, unit, NULL, NULL, CONFIG_INT, low, high, help)
#define KEY_REAL(path, key, def, low, high, unit, help)                                  \
    KEY(path, key, #def, unit, NULL, NULL, CONFIG_REAL, low, high, help)
#define KEY_REAL_OR(path, key, word, low, high, unit, help)                              \
    KEY(path, key, #word, unit, NULL, #word, CONFIG_REAL, low, high, help)
#define KEY_CHOICE(path, key, def, words, help)                                          \
    KEY(path, key, #def, "", words, NULL, CONFIG_CHOICE, 0, 0, help)
#define KEY_TEXT(path, key, def, bytes, help)                                            \
    KEY(path, key, sizeof(def) > 1 ? def : "null", "", NULL,                             \
        sizeof(def) > 1 ? NULL : "null", CONFIG_TEXT, 0, (bytes)-1, help)
#define KEY_INTS(path, key, def, low, high, unit, help)                                  \
    KEY(path, key, def, unit, NULL, NULL, CONFIG_INTS, low, high, help)
#define KEY_REALS(path, key, def, low, high, unit, help)                                 \
    KEY(path, key, def, unit, NULL, NULL, CONFIG_REALS, low, high, help)
#define KEY_WORDS(path, key, def, words, help)                                           \
    KEY(path, key, def, "", words, NULL, CONFIG_WORDS, 0, 0, help)
#define KEY_SEED(path, key, help)                                                        \
    KEY(path, key, "null", "", NULL, "null", CONFIG_SEED, 0, 0x1p53, help)
#include "io/config_schema.def"
};

static const struct {
    const char *name, *help;
} sections[] = {
#define SECTION(name, help)        {#name, help},
#define GROUP(section, name, help) {#section "." #name, help},
#include "io/config_schema.def"
};

int config_key_count(void)
{
    return (int)(sizeof keys / sizeof *keys);
}

const struct config_key *config_key(int index)
{
    return &keys[index];
}

int config_find(const char *name)
{
    for (int i = 0; i < config_key_count(); i++)
        if (strcmp(keys[i].name, name) == 0)
            return i;
    return -1;
}

bool config_at_start(int index)
{
    static const size_t at_start[] = {
#define AT_START(section, key) offsetof(struct config, section.key),
#include "io/config_schema.def"
    };
    for (size_t i = 0; i < sizeof at_start / sizeof *at_start; i++)
        if (at_start[i] == keys[index].offset)
            return true;
    return false;
}

const char *config_section_help(const char *section)
{
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (strcmp(sections[i].name, section) == 0)
            return sections[i].help;
    return NULL;
}

/* --- the nearest name --- */

/* The right key in a wrong section is as near as one edit; what its own section's key
 * begins with is nearer. */
static int key_distance(const char *name, const struct config_key *k)
{
    const char *section_end = strchr(name, '.');
    if (section_end && section_end[1] && strncmp(name, k->name, strlen(name)) == 0)
        return 0;
    int whole = text_distance(name, k->name);
    const char *dot = strrchr(name, '.');
    int last = text_distance(dot ? dot + 1 : name, k->key) + 1;
    return last < whole ? last : whole;
}

int config_nearest(const char *name)
{
    int best = -1, least = 0;
    for (int i = 0; i < config_key_count(); i++) {
        int d = key_distance(name, &keys[i]);
        if (best < 0 || d < least) {
            best = i;
            least = d;
        }
    }
    const char *dot = strrchr(name, '.');
    size_t length = strlen(dot ? dot + 1 : name);
    return least <= 2 + (int)length / 4 ? best : -1;
}

const char *config_nearest_section(const char *name)
{
    const char *best = NULL;
    int least = 0;
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        int d = text_distance(name, sections[i].name);
        if (!strchr(sections[i].name, '.') && (!best || d < least)) {
            best = sections[i].name;
            least = d;
        }
    }
    return least <= 2 + (int)strlen(name) / 4 ? best : NULL;
}

/* --- notes --- */

void config_report_done(struct config_report *report)
{
    free(report->notes);
    memset(report, 0, sizeof *report);
}

/* --- "section.key=value" --- */

enum status config_set(struct config *cfg, const char *assignment, struct err *e)
{
    const char *equals = strchr(assignment, '=');
    char name[2 * CONFIG_KEY_BYTES];
    size_t n = equals ? (size_t)(equals - assignment) : 0;
    if (!equals || n == 0 || n >= sizeof name)
        return err_set(e, ST_CONFIG, "%.100s: a setting is written section.key=value",
                       assignment);
    while (n > 1 && assignment[n - 1] == ' ')
        n--;
    memcpy(name, assignment, n);
    name[n] = '\0';
    const char *value = equals + 1;
    return config_set_key(cfg, name, value + strspn(value, " "), e);
}

enum status config_defaults(struct config *cfg, struct err *e)
{
    enum status st = ST_OK;
    memset(cfg, 0, sizeof *cfg);
    for (int i = 0; i < config_key_count() && st == ST_OK; i++)
        st = config_set_key(cfg, keys[i].name, keys[i].default_text, e);
    return st;
}

bool config_is_default(const struct config *cfg, int index)
{
    char have[CONFIG_TEXT_BYTES + 64];
    return config_get(cfg, index, have, sizeof have) &&
           strcmp(have, keys[index].default_text) == 0;
}
