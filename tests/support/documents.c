#include "documents.h"

#include "core/pipelines.h"
#include "dsp/measures.h"
#include "io/config.h"
#include "manual.h"
#include "ui/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A cell of a markdown table: bars would end it. */
static void add_cell(struct text *t, const char *s)
{
    text_replaced(t, s, "|", (const char *const[]){"\\|"});
}

/* --- README.md --- */

static char *pipeline_table(void)
{
    struct text t = {0};
    text_add(&t, "| Pipeline | Does | Options of its own |\n| --- | --- | --- |\n");
    for (int p = 0; p < PIPE_COUNT; p++) {
        struct option_info o;
        text_addf(&t, "| `%s` | ", pipeline_name((enum pipeline)p));
        add_cell(&t, pipeline_help((enum pipeline)p));
        text_add(&t, " |");
        for (int i = 0; pipeline_option((enum pipeline)p, i, &o); i++) {
            if (o.common)
                continue;
            text_addf(&t, " `--%s%s%s`", o.name, o.flag ? "" : " ", o.metavar);
            if (o.initial[0])
                text_addf(&t, " (%s)", o.initial);
        }
        text_add(&t, " |\n");
    }
    return finish(&t);
}

/* The first word of a dotted name, when it differs from that of the key before. */
static const char *new_section(int key, char out[CONFIG_KEY_BYTES])
{
    const char *name = config_key(key)->name;
    size_t n = strcspn(name, ".");
    bool same = key > 0 && strncmp(config_key(key - 1)->name, name, n + 1) == 0;
    snprintf(out, CONFIG_KEY_BYTES, "%.*s", (int)n, name);
    return same ? NULL : out;
}

static char *section_table(void)
{
    struct text t = {0};
    char section[CONFIG_KEY_BYTES];
    text_add(&t, "| Section | About |\n| --- | --- |\n");
    for (int i = 0; i < config_key_count(); i++)
        if (new_section(i, section))
            text_addf(&t, "| `%s` | %s |\n", section, config_section_help(section));
    return finish(&t);
}

static void add_keys(struct text *t, const char *keys)
{
    struct keyseq seq;
    for (const char *gap = ""; keyseq_next(&keys, &seq, NULL); gap = " ") {
        char name[40];
        keyseq_name(name, sizeof name, &seq);
        text_addf(t, strchr(name, '`') ? "%s`` " : "%s`", gap);
        add_cell(t, name);
        text_add(t, strchr(name, '`') ? " ``" : "`");
    }
}

static void add_group(struct text *t, enum action_group group)
{
    const char *gap = "";
    for (int a = 1; a < ACT_COUNT_OF; a++) {
        const struct action_info *i = action_info((enum action)a);
        const char *keys = i->keys[0] ? i->keys : i->kit_keys;
        if (i->group != group || !keys[0])
            continue;
        text_add(t, gap);
        add_keys(t, keys);
        text_addf(t, " %s", i->name);
        gap = ", ";
    }
}

static char *key_table(void)
{
    struct text t = {0};
    text_add(&t, "| Group | Keys |\n| --- | --- |\n");
    for (int g = 0; g < GROUP_COUNT_OF; g++) {
        text_addf(&t, "| %s | ", action_group_title((enum action_group)g));
        add_group(&t, (enum action_group)g);
        text_add(&t, " |\n");
    }
    return finish(&t);
}

/* --- docs --- */

static char *command_table(void)
{
    const char *name, *takes, *help;
    struct text t = {0};
    text_add(&t, "| Command | Does |\n| --- | --- |\n");
    for (int i = 0; (help = app_command_help(i, &name, &takes)); i++) {
        text_addf(&t, "| `:%s%s", name, takes[0] ? " " : "");
        add_cell(&t, takes);
        text_add(&t, "` | ");
        add_cell(&t, help);
        text_add(&t, " |\n");
    }
    return finish(&t);
}

static char *config_document(void)
{
    struct text t = {0};
    char section[CONFIG_KEY_BYTES], expected[300];
    text_add(&t, "# Settings\n\nGenerated from `src/io/config_schema.def`, as is "
                 "[config.yaml](../config.yaml). Every key may be left out.\n"
                 "`--set section.key=value` sets one for a run, `:set` in the "
                 "workstation, and `:save` keeps it in the project.\n");
    for (int i = 0; i < config_key_count(); i++) {
        const struct config_key *k = config_key(i);
        if (new_section(i, section))
            text_addf(&t,
                      "\n## %s\n\n%s\n\n| Key | Default | Is | Takes |\n"
                      "| --- | --- | --- | --- |\n",
                      section, config_section_help(section));
        config_expected(expected, sizeof expected, k);
        text_addf(&t, "| `%s` | `%s` | ", k->name + strlen(section) + 1, k->default_text);
        add_cell(&t, k->help);
        text_add(&t, " | ");
        add_cell(&t, expected);
        text_add(&t,
                 config_at_start(i) ? "; takes effect at the next start |\n" : " |\n");
    }
    return finish(&t);
}

/* What `line` of the defaults says, for the section, group or key `k` it opens. */
static void add_comment(struct text *t, const char *line, const struct config_key *k)
{
    int indent = (int)strspn(line, " ");
    char name[CONFIG_KEY_BYTES], expected[256];
    if (line[strlen(line) - 1] == ':') {
        size_t n =
            indent ? (size_t)(strrchr(k->name, '.') - k->name) : strcspn(k->name, ".");
        snprintf(name, sizeof name, "%.*s", (int)n, k->name);
        text_addf(t, "%s%*s# %s\n", indent ? "" : "\n", indent, "",
                  config_section_help(name));
        return;
    }
    config_expected(expected, sizeof expected, k);
    text_addf(t, "%*s# %s", indent, "", k->help);
    text_addf(t, k->type == CONFIG_TEXT ? "\n" : " (%s)\n", expected);
}

static char *commented_config(void)
{
    struct config cfg;
    struct text t = {0};
    char *yaml;
    int key = 0;
    config_defaults(&cfg, NULL);
    if (config_yaml(&cfg, &yaml, NULL) != ST_OK)
        return NULL;
    text_add(&t, "# Settings of trowel. Every key may be left out; these are the values "
                 "in use.\n");
    for (char *line = strtok(yaml, "\n"); line; line = strtok(NULL, "\n")) {
        add_comment(&t, line, config_key(key));
        text_addf(&t, "%s\n", line);
        key += line[strlen(line) - 1] != ':';
    }
    free(yaml);
    return finish(&t);
}

struct word {
    const char *word, *other, *help;
};

static void add_words(struct text *t, const struct word *words, size_t n,
                      const char *before)
{
    for (size_t i = 0; i < n; i++) {
        text_addf(t, "| `%s%s` | `%s%s` | ", before, words[i].word, before,
                  words[i].other);
        add_cell(t, words[i].help);
        text_add(t, " |\n");
    }
}

static char *filter_fields(void)
{
    static const struct word fields[] = {
#define FIELD(id, word, other, how, completion, help) {word, other, help},
#include "core/filter.def"
#undef FIELD
    };
    static const struct word states[] = {
#define STATE(id, word, other, test) {word, other, "a state"},
#include "core/filter.def"
#undef STATE
    };
    struct text t = {0};
    text_add(&t, "| Word | Or | Means |\n| --- | --- | --- |\n");
    add_words(&t, fields, sizeof fields / sizeof *fields, "");
    add_words(&t, states, sizeof states / sizeof *states, "is:");
    return finish(&t);
}

static char *filter_measures(void)
{
    struct text t = {0};
    text_add(&t, "| Measure | Or | Unit | Means |\n| --- | --- | --- | --- |\n");
    for (int m = 0; m < ME_COUNT; m++) {
        text_addf(&t, "| `%s` |", measure_table[m].column);
#define ALIAS(word, field)                                                               \
    if (m == ME_##field)                                                                 \
        text_addf(&t, " `%s`", word);
#include "core/filter.def"
#undef ALIAS
        text_addf(&t, " | %s | ", measure_table[m].unit);
        add_cell(&t, measure_table[m].help);
        text_add(&t, " |\n");
    }
    return finish(&t);
}

/* --- docs/keys.md --- */

static char *keys_document(void)
{
    struct text t = {0};
    text_add(
        &t, "# Keys\n\nGenerated from `src/ui/actions.def`; `?` in the workstation shows "
            "those of the current screen.\n"
            "Rebind them in `~/.config/trowel/keys.yaml`: lines `action: keys`, and "
            "`kit.action: keys` for the kit screen,\nwhere the home row plays the "
            "slots. `^X` is Control; a sequence is written together (`gg`).\n"
            "`#` followed by a blank begins a comment; the key `#` must come last in its "
            "line.\n");
    for (int g = 0; g < GROUP_COUNT_OF; g++) {
        text_addf(&t,
                  "\n## %s\n\n| Keys | On the kit screen | Action | Does |\n"
                  "| --- | --- | --- | --- |\n",
                  action_group_title((enum action_group)g));
        for (int a = 1; a < ACT_COUNT_OF; a++) {
            const struct action_info *i = action_info((enum action)a);
            if (i->group != (enum action_group)g)
                continue;
            text_add(&t, "| ");
            add_keys(&t, i->keys);
            text_add(&t, " | ");
            add_keys(&t, i->kit_keys);
            text_addf(&t, " | %s | %s |\n", i->name, i->help);
        }
    }
    return finish(&t);
}

/* --- the list --- */

static const struct document table[] = {
    {"README.md", "pipelines", pipeline_table},
    {"README.md", "sections", section_table},
    {"README.md", "keys", key_table},
    {"docs/keys.md", NULL, keys_document},
    {"docs/commands.md", "commands", command_table},
    {"docs/config.md", NULL, config_document},
    {"docs/filter.md", "fields", filter_fields},
    {"docs/filter.md", "measures", filter_measures},
    {"config.yaml", NULL, commented_config},
    {"packaging/trowel.1", NULL, manual_page},
    {"packaging/completions/trowel.bash", NULL, completions_bash},
    {"packaging/completions/_trowel", NULL, completions_zsh},
    {"packaging/completions/trowel.fish", NULL, completions_fish},
};

int document_count(void)
{
    return (int)(sizeof table / sizeof *table);
}

const struct document *document_at(int index)
{
    return &table[index];
}

char *document_read(const char *top, const char *path)
{
    char name[4096];
    snprintf(name, sizeof name, "%s/%s", top, path);
    FILE *f = fopen(name, "rb");
    if (!f)
        return NULL;
    struct text t = {0};
    char block[4096];
    for (size_t n; (n = fread(block, 1, sizeof block - 1, f)) > 0;) {
        block[n] = '\0';
        text_add(&t, block);
    }
    fclose(f);
    return finish(&t);
}

const char *document_part(const struct document *d, const char *text, size_t *length)
{
    *length = strlen(text);
    if (!d->mark)
        return text;
    char opening[80];
    snprintf(opening, sizeof opening, "\n<!-- %s -->\n", d->mark);
    const char *at = strstr(text, opening);
    if (!at)
        return NULL;
    at += strlen(opening);
    const char *end = strstr(at, "<!-- end -->");
    *length = end ? (size_t)(end - at) : 0;
    return end ? at : NULL;
}
