/* config: every setting, from one table (config_schema.def): this struct, the defaults,
 * ranges, help, the commented YAML and the settings screen.
 *
 *     struct config cfg;
 *     config_defaults(&cfg, &e);
 *     config_load(&cfg, "config.yaml", &report, &e);   (again for each layer)
 *     config_set(&cfg, "pad_miner.min_rms_db=-50", &e);
 *     cfg.pad_miner.min_rms_db …
 *
 * A struct config is a plain value: copying is assignment. NAN stands for a real key's
 * null ("detect" for musicality.reference_bpm), "" for a null text.
 * Thread: pure functions; the tables are constant. */
#ifndef TROWEL_IO_CONFIG_H
#define TROWEL_IO_CONFIG_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CONFIG_LIST_MAX = 32,
    CONFIG_KEY_BYTES = 64,
    CONFIG_TEXT_BYTES = 1024,
    CONFIG_VALUE_BYTES = 6 * CONFIG_TEXT_BYTES + 8 /* any value as YAML */
};

struct config_ints {
    int count;
    int v[CONFIG_LIST_MAX];
};
struct config_reals {
    int count;
    double v[CONFIG_LIST_MAX];
};
struct config_seed {
    bool set; /* false: null, a seed is to be drawn */
    uint64_t value;
};

/* Indices of the word keys, in the order of their words in the table. */
enum config_slice_mode { SLICE_ONSET_TO_ONSET, SLICE_FIXED_LENGTH };
enum config_variant { VARIANT_WARM, VARIANT_AIRY, VARIANT_DARK };
enum config_colours { COLOURS_AUTO, COLOURS_256, COLOURS_16, COLOURS_MONO };
enum config_glyphs { GLYPHS_AUTO, GLYPHS_BRAILLE, GLYPHS_BLOCKS, GLYPHS_ASCII };
enum config_advance { ADVANCE_UNDECIDED, ADVANCE_NEXT, ADVANCE_STAY };

struct config {
#define SECTION(name, help)        struct {
#define GROUP(section, name, help) struct {
#define END(name)                                                                        \
    }                                                                                    \
    name;
#define KEY_BOOL(path, key, def, help)                      bool key;
#define KEY_INT(path, key, def, low, high, unit, help)      int key;
#define KEY_REAL(path, key, def, low, high, unit, help)     double key;
#define KEY_REAL_OR(path, key, word, low, high, unit, help) double key;
#define KEY_CHOICE(path, key, def, words, help)             int key;
#define KEY_TEXT(path, key, def, bytes, help)               char key[bytes];
#define KEY_INTS(path, key, def, low, high, unit, help)     struct config_ints key;
#define KEY_REALS(path, key, def, low, high, unit, help)    struct config_reals key;
#define KEY_WORDS(path, key, def, words, help)              struct config_ints key;
#define KEY_SEED(path, key, help)                           struct config_seed key;
#include "io/config_schema.def"
};

enum config_type {
    CONFIG_BOOL,
    CONFIG_INT,
    CONFIG_REAL,
    CONFIG_CHOICE,
    CONFIG_TEXT,
    CONFIG_INTS,
    CONFIG_REALS,
    CONFIG_WORDS,
    CONFIG_SEED
};

/* What the table says of one key. Static storage. */
struct config_key {
    const char *name;         /* "clouds.pitch_shift_range.min" */
    const char *key;          /* the last part */
    const char *help;         /* one line */
    const char *unit;         /* "" when there is none */
    const char *default_text; /* as YAML, as in config.yaml */
    const char *words;        /* "warm|airy|dark" for choices and words, else NULL */
    const char *null_word;    /* "null" or "detect" when the key may be that, else NULL */
    enum config_type type;
    double low, high;    /* numbers: the range, both ends allowed */
    size_t offset, size; /* in struct config */
};

int config_key_count(void);
const struct config_key *config_key(int index); /* in the order of the table */
int config_find(const char *name);              /* index or -1 */
/* The known key nearest to `name` by edit distance, or -1 when nothing is near. */
int config_nearest(const char *name);
bool config_at_start(int index); /* does a change count only from the next start? */
const char *config_section_help(const char *section); /* NULL for an unknown section */
/* "a number from -120 to 0 dBFS", "true or false", "a list of …"; cut to size. */
void config_expected(char *out, size_t size, const struct config_key *key);

enum status config_defaults(struct config *cfg, struct err *e); /* ST_NO_MEMORY */

/* What loading found: warnings and errors, each a line "config.yaml:12: …". */
struct config_report {
    struct config_note {
        bool is_error;
        char text[320];
    } * notes;
    size_t room;
    int count, errors;
};
void config_report_done(struct config_report *report); /* safe on a zeroed one */

/* Lay a file over `cfg`. Keys that are not in it stay. All problems are reported, not
 * only the first; with any error the result is ST_CONFIG, `e` carries the first one and
 * `cfg` is unchanged. `report` may be NULL. An empty file is fine.
 * ST_NOT_FOUND, ST_UNREADABLE. */
enum status config_load(struct config *cfg, const char *path,
                        struct config_report *report, struct err *e);
enum status config_parse(struct config *cfg, const char *text, size_t n, const char *name,
                         struct config_report *report, struct err *e);

/* "section.key=value" with the value as YAML ("[1, 2]", "true", "null"); ST_CONFIG with
 * what was expected, and the nearest key for an unknown one. Earlier names work, and a
 * group at once ("clouds.pitch_shift_range={min: -5, max: 5}"). Does not
 * check relations between keys (so that several can be set): see config_check. */
enum status config_set(struct config *cfg, const char *assignment, struct err *e);
enum status config_set_key(struct config *cfg, const char *name, const char *value,
                           struct err *e);
/* Relations between keys: each min below its max, and the like. First problem in `e`. */
enum status config_check(const struct config *cfg, struct err *e);
/* What is allowed and yet hardly meant: false when there is nothing to say, else in one
 * sentence in `out`. */
bool config_doubt(const struct config *cfg, char *out, size_t size);

/* The value as YAML, cut to `size`; false when `size` was too small. */
bool config_get(const struct config *cfg, int index, char *out, size_t size);
bool config_is_default(const struct config *cfg, int index);

/* The whole config as YAML; the caller frees. ST_NO_MEMORY. Loading it gives an equal
 * config. */
enum status config_yaml(const struct config *cfg, char **out, struct err *e);

#endif
