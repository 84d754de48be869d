/* The table as text: YAML and man page. */
#include "io/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
    char *bytes;
    size_t length, capacity;
    bool failed;
};

static void add(struct text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *format, ...)
{
    if (t->failed)
        return;
    for (;;) {
        va_list arguments;
        va_start(arguments, format);
        size_t room = t->capacity - t->length;
        int n =
            vsnprintf(t->bytes ? t->bytes + t->length : NULL, room, format, arguments);
        va_end(arguments);
        if (n >= 0 && (size_t)n < room) {
            t->length += (size_t)n;
            return;
        }
        char *larger =
            n < 0 ? NULL : realloc(t->bytes, t->capacity * 2 + (size_t)n + 256);
        if (!larger) {
            t->failed = true;
            return;
        }
        t->bytes = larger;
        t->capacity = t->capacity * 2 + (size_t)n + 256;
    }
}

static enum status hand_over(struct text *t, char **out, struct err *e)
{
    if (t->failed) {
        free(t->bytes);
        return err_set(e, ST_NO_MEMORY, "no memory to write the config");
    }
    *out = t->bytes;
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
            add(t, "\n# %s\n", config_section_help(name));
        add(t, "%s:\n", name);
    }
    if (dot && strcmp(before, now) != 0) {
        if (commented)
            add(t, "  # %s\n", config_section_help(now));
        add(t, "  %s:\n", dot + 1);
    }
}

static void add_comment(struct text *t, const struct config_key *k, int indent)
{
    char expected[256];
    config_expected(expected, sizeof expected, k);
    if (k->type == CONFIG_TEXT)
        add(t, "%*s# %s\n", indent, "", k->help);
    else
        add(t, "%*s# %s (%s)\n", indent, "", k->help, expected);
}

enum status config_yaml(const struct config *cfg, enum config_style style, char **out,
                        struct err *e)
{
    struct text t = {0};
    char before[CONFIG_KEY_BYTES] = "";
    if (style == CONFIG_COMMENTED)
        add(&t,
            "# Settings of trowel. Every key may be left out; what stands here are the "
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
        add(&t, "%*s%s: %s\n", indent, "", k->key, value);
    }
    return hand_over(&t, out, e);
}

/* troff: a backslash, a leading dot and a hyphen need care. */
static void add_troff(struct text *t, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (*p == '\\')
            add(t, "\\e");
        else if (*p == '-')
            add(t, "\\-");
        else if ((*p == '.' || *p == '\'') && p == text)
            add(t, "\\&%c", *p);
        else
            add(t, "%c", *p);
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
            add(&t, ".SS %s\n", section);
            add_troff(&t, config_section_help(section));
            add(&t, "\n");
            strcpy(before, section);
        }
        config_expected(expected, sizeof expected, k);
        add(&t, ".TP\n.B %s\n", k->name);
        add_troff(&t, k->help);
        add(&t, ": ");
        add_troff(&t, expected);
        add(&t, " [");
        add_troff(&t, k->default_text);
        add(&t, "]\n");
    }
    return hand_over(&t, out, e);
}
