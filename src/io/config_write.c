/* The table as text: YAML and man page. */
#include "io/config.h"

#include "io/text.h"

#include <stdio.h>
#include <string.h>

static enum status hand_over(struct text *t, char **out, struct err *e)
{
    if (t->failed) {
        text_done(t);
        return err_set(e, ST_NO_MEMORY, "no memory to write the config");
    }
    *out = t->at;
    return ST_OK;
}

/* "clouds" or "clouds.pitch_shift_range" of a key's name. */
static void parent_of(char out[CONFIG_KEY_BYTES], const char *name)
{
    snprintf(out, CONFIG_KEY_BYTES, "%.*s", (int)(strrchr(name, '.') - name), name);
}

/* Open the sections and groups that lead from `before` to `now`. */
static void open_parents(struct text *t, const char *before, const char *now,
                         enum config_style style)
{
    bool commented = style == CONFIG_COMMENTED;
    const char *dot = strchr(now, '.');
    size_t section = strcspn(now, ".");
    if (strncmp(before, now, section) != 0 ||
        (before[section] && before[section] != '.')) {
        char name[CONFIG_KEY_BYTES];
        snprintf(name, sizeof name, "%.*s", (int)section, now);
        if (commented)
            text_addf(t, "\n# %s\n", config_section_help(name));
        text_addf(t, "%s:\n", name);
    }
    if (dot && strcmp(before, now) != 0) {
        if (commented)
            text_addf(t, "  # %s\n", config_section_help(now));
        text_addf(t, "  %s:\n", dot + 1);
    }
}

static void add_comment(struct text *t, const struct config_key *k, int indent)
{
    char expected[256];
    config_expected(expected, sizeof expected, k);
    if (k->type == CONFIG_TEXT)
        text_addf(t, "%*s# %s\n", indent, "", k->help);
    else
        text_addf(t, "%*s# %s (%s)\n", indent, "", k->help, expected);
}

enum status config_yaml(const struct config *cfg, enum config_style style, char **out,
                        struct err *e)
{
    struct text t = {0};
    char before[CONFIG_KEY_BYTES] = "";
    if (style == CONFIG_COMMENTED)
        text_addf(&t, "# Settings of trowel. Every key may be left out; these are the "
                      "values in use.\n");
    for (int i = 0; i < config_key_count(); i++) {
        const struct config_key *k = config_key(i);
        char parent[CONFIG_KEY_BYTES], value[CONFIG_VALUE_BYTES];
        parent_of(parent, k->name);
        open_parents(&t, before, parent, style);
        strcpy(before, parent);
        int indent = strchr(parent, '.') ? 4 : 2;
        if (style == CONFIG_COMMENTED)
            add_comment(&t, k, indent);
        config_get(cfg, i, value, sizeof value);
        text_addf(&t, "%*s%s: %s\n", indent, "", k->key, value);
    }
    return hand_over(&t, out, e);
}

/* troff: a backslash, a leading dot and a hyphen need care. */
static void add_troff(struct text *t, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (*p == '\\')
            text_addf(t, "\\e");
        else if (*p == '-')
            text_addf(t, "\\-");
        else if ((*p == '.' || *p == '\'') && p == text)
            text_addf(t, "\\&%c", *p);
        else
            text_addf(t, "%c", *p);
    }
}

enum status config_man(char **out, struct err *e)
{
    struct text t = {0};
    char before[CONFIG_KEY_BYTES] = "";
    for (int i = 0; i < config_key_count(); i++) {
        const struct config_key *k = config_key(i);
        char section[CONFIG_KEY_BYTES], expected[256];
        snprintf(section, sizeof section, "%.*s", (int)strcspn(k->name, "."), k->name);
        if (strcmp(section, before) != 0) {
            text_addf(&t, ".SS %s\n", section);
            add_troff(&t, config_section_help(section));
            text_addf(&t, "\n");
            strcpy(before, section);
        }
        config_expected(expected, sizeof expected, k);
        text_addf(&t, ".TP\n.B %s\n", k->name);
        add_troff(&t, k->help);
        text_addf(&t, ": ");
        add_troff(&t, expected);
        text_addf(&t, " [");
        add_troff(&t, k->default_text);
        text_addf(&t, "]\n");
    }
    return hand_over(&t, out, e);
}
