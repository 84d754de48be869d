/* Laying a YAML document over a config, with every problem told. */
#include "io/config.h"

#include "core/array.h"
#include "io/config_value.h"
#include "io/paths.h"
#include "io/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CONFIG_BYTES = 4 << 20, MAX_NOTES = 200 };

struct loading {
    struct config *cfg; /* a copy: the caller's config changes only on success */
    const char *name;
    struct config_report *report;
    struct err *first;
    int errors;
    int *line; /* by key: where it was given, 0 = not */
};

static void keep_note(struct config_report *r, bool is_error, const char *text)
{
    if (r->count >= MAX_NOTES ||
        !array_grow(&r->notes, &r->room, (size_t)r->count + 1, sizeof *r->notes))
        return;
    struct config_note *n = &r->notes[r->count++];
    n->is_error = is_error;
    snprintf(n->text, sizeof n->text, "%.319s", text);
}

static void note(struct loading *l, bool is_error, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void note(struct loading *l, bool is_error, int line, const char *format, ...)
{
    char what[320];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    struct err clean; /* err_set takes out control characters */
    err_set(&clean, ST_CONFIG, "%s:%d: %s", l->name, line, what);
    if (is_error && l->errors++ == 0 && l->first)
        *l->first = clean;
    if (l->report) {
        l->report->errors += is_error;
        keep_note(l->report, is_error, clean.msg);
    }
}

/* For a list: the member that is wrong, so that the message can name it. */
static const struct yaml_node *culprit(const struct config_key *k,
                                       const struct yaml_node *n)
{
    bool list =
        k->type == CONFIG_INTS || k->type == CONFIG_REALS || k->type == CONFIG_WORDS;
    if (!list || n->kind != YAML_LIST || n->count > CONFIG_LIST_MAX)
        return n;
    for (const struct yaml_node *m = n->child; m; m = m->next) {
        struct config scratch;
        if (!config_store(&scratch, k, m))
            return m;
    }
    return n;
}

static void store(struct loading *l, int index, const struct yaml_node *n)
{
    const struct config_key *k = config_key(index);
    if (config_store(l->cfg, k, n)) {
        l->line[index] = n->line;
        return;
    }
    char expected[256];
    config_expected(expected, sizeof expected, k);
    const struct yaml_node *wrong = culprit(k, n);
    const char *mark = wrong->kind == YAML_SCALAR && wrong->quoted ? "\"" : "";
    note(l, true, wrong->line, "%s is %s%.60s%s; expected %s", k->name, mark,
         yaml_shown(wrong), mark, expected);
}

static void unknown_key(struct loading *l, const char *name, int line)
{
    int near = config_nearest(name);
    if (near >= 0)
        note(l, false, line, "unknown key %.80s is ignored; did you mean %s?", name,
             config_key(near)->name);
    else
        note(l, false, line, "unknown key %.80s is ignored", name);
}

/* pitch_shift_range may be {min, max}, [min, max], or by its old name one number. */
static void store_range(struct loading *l, const char *group, const struct yaml_node *low,
                        const struct yaml_node *high)
{
    char name[2 * CONFIG_KEY_BYTES];
    snprintf(name, sizeof name, "%.100s.min", group);
    store(l, config_find(name), low);
    snprintf(name, sizeof name, "%.100s.max", group);
    store(l, config_find(name), high);
}

static void store_plus_minus(struct loading *l, const struct config_old *old,
                             const struct yaml_node *n)
{
    double v;
    char minus[64], plus[64];
    if (!yaml_number(n, &v)) {
        note(l, true, n->line, "%s.%s is %.60s; expected a number", old->section,
             old->name, yaml_shown(n));
        return;
    }
    snprintf(minus, sizeof minus, "-%.32s", n->text + strspn(n->text, "+-"));
    snprintf(plus, sizeof plus, "%.32s", n->text + strspn(n->text, "+-"));
    struct yaml_node low = *n, high = *n;
    low.text = minus;
    high.text = plus;
    store_range(l, old->now, &low, &high);
}

static void store_old(struct loading *l, const struct config_old *old,
                      const struct yaml_node *section, const struct yaml_node *n)
{
    const char *now = strrchr(old->now, '.') + 1;
    if (yaml_get(section, now)) {
        note(l, false, n->key_line, "%s.%s is ignored: %s is given too", old->section,
             old->name, old->now);
        return;
    }
    if (old->plus_minus)
        store_plus_minus(l, old, n);
    else
        store(l, config_find(old->now), n);
}

/* What stands in a section, or in a group of one. */
static void load_members(struct loading *l, const char *of, const struct yaml_node *n)
{
    char name[4 * CONFIG_KEY_BYTES];
    if (yaml_is_null(n))
        return;
    snprintf(name, sizeof name, "%.100s.min", of);
    if (n->kind == YAML_LIST && n->count == 2 && config_find(name) >= 0) {
        store_range(l, of, n->child, n->child->next);
        return;
    }
    if (n->kind != YAML_MAP) {
        note(l, true, n->line, "%s is %.60s; expected %s", of, yaml_shown(n),
             strchr(of, '.') ? "a mapping" : "a section with keys");
        return;
    }
    for (const struct yaml_node *m = n->child; m; m = m->next) {
        snprintf(name, sizeof name, "%.100s.%.100s", of, m->key);
        int index = config_find(name);
        const struct config_old *old = config_old_find(of, m->key);
        if (index >= 0)
            store(l, index, m);
        else if (old)
            store_old(l, old, n, m);
        else if (config_section_help(name))
            load_members(l, name, m);
        else
            unknown_key(l, name, m->key_line);
    }
}

static void unknown_section(struct loading *l, const struct yaml_node *n)
{
    const char *near = config_nearest_section(n->key);
    if (near)
        note(l, false, n->key_line, "unknown section %.80s is ignored; did you mean %s?",
             n->key, near);
    else
        note(l, false, n->key_line, "unknown section %.80s is ignored", n->key);
}

static void load_root(struct loading *l, const struct yaml_node *root)
{
    if (root->kind != YAML_MAP) {
        note(l, true, root->line, "expected sections with keys, such as \"global:\"");
        return;
    }
    for (const struct yaml_node *n = root->child; n; n = n->next) {
        if (config_section_help(n->key) && !strchr(n->key, '.'))
            load_members(l, n->key, n);
        else
            unknown_section(l, n);
    }
}

/* The line to blame for a broken relation: that of the later of the given keys. */
static void check_relations(struct loading *l)
{
    struct err e;
    if (config_check(l->cfg, &e) == ST_OK)
        return;
    int line = 0;
    for (int i = 0; i < config_key_count(); i++) {
        const char *at = strstr(e.msg, config_key(i)->name);
        if (at && l->line[i] > line)
            line = l->line[i];
    }
    note(l, true, line ? line : 1, "%s", e.msg);
}

enum status config_parse(struct config *cfg, const char *text, size_t n, const char *name,
                         struct config_report *report, struct err *e)
{
    struct yaml *y;
    struct err broken;
    enum status st = yaml_read(&y, text, n, name, &broken);
    if (st) {
        if (report && st == ST_CORRUPT) {
            report->errors++;
            keep_note(report, true, broken.msg);
        }
        return err_set(e, st == ST_CORRUPT ? ST_CONFIG : st, "%s", broken.msg);
    }
    struct config copy = *cfg;
    struct loading l = {.cfg = &copy, .name = name, .report = report, .first = e};
    l.line = calloc((size_t)config_key_count(), sizeof *l.line);
    if (!l.line) {
        yaml_tree_free(y);
        return err_set(e, ST_NO_MEMORY, "%s: no memory to read it", name);
    }
    load_root(&l, yaml_root(y));
    if (l.errors == 0)
        check_relations(&l);
    if (l.errors == 0)
        *cfg = copy;
    free(l.line);
    yaml_tree_free(y);
    return l.errors ? ST_CONFIG : ST_OK;
}

enum status config_load(struct config *cfg, const char *path,
                        struct config_report *report, struct err *e)
{
    char *text;
    size_t n;
    enum status st = path_read_file(path, MAX_CONFIG_BYTES, &text, &n, e);
    if (st)
        return st;
    st = config_parse(cfg, text, n, path, report, e);
    free(text);
    return st;
}

/* --- one key --- */

static enum status set_old(struct config *cfg, const char *name, const char *value,
                           bool *was_old, struct err *e)
{
    char section[2 * CONFIG_KEY_BYTES];
    const char *dot = strchr(name, '.');
    *was_old = false;
    if (!dot || (size_t)(dot - name) >= sizeof section)
        return ST_OK;
    snprintf(section, sizeof section, "%.*s", (int)(dot - name), name);
    const struct config_old *old = config_old_find(section, dot + 1);
    if (!old)
        return ST_OK;
    *was_old = true;
    if (!old->plus_minus)
        return config_set_key(cfg, old->now, value, e);
    char range[2 * CONFIG_KEY_BYTES];
    const char *number = value + strspn(value, "+- ");
    snprintf(range, sizeof range, "[-%.32s, %.32s]", number, number);
    return config_set_key(cfg, old->now, range, e);
}

static enum status unknown_name(const char *name, struct err *e)
{
    int near = config_nearest(name);
    if (near >= 0)
        return err_set(e, ST_CONFIG, "there is no setting %.80s; did you mean %s?", name,
                       config_key(near)->name);
    return err_set(e, ST_CONFIG, "there is no setting %.80s", name);
}

/* A group at once, "{min: -5, max: 5}" or "[-5, 5]", as it may stand in a file. */
static enum status set_group(struct config *cfg, const char *name, const char *value,
                             struct err *e)
{
    struct yaml *y;
    enum status st = yaml_read(&y, value, strlen(value), name, e);
    if (st == ST_NO_MEMORY)
        return st;
    if (st != ST_OK)
        return err_set(e, ST_CONFIG, "%s is %.60s; expected a mapping", name, value);
    const struct yaml_node *group = yaml_root(y);
    bool range = group->kind == YAML_LIST && group->count == 2;
    if ((!range && group->kind != YAML_MAP) || group->count == 0)
        st = err_set(e, ST_CONFIG, "%s is %.60s; expected a mapping", name,
                     *value ? value : "nothing");
    struct config copy = *cfg;
    for (const struct yaml_node *n = group->child; n && !st; n = n->next) {
        char key[4 * CONFIG_KEY_BYTES];
        const char *last = !range ? n->key : n == group->child ? "min" : "max";
        snprintf(key, sizeof key, "%.100s.%.100s", name, last);
        st = config_set_key(&copy, key, yaml_shown(n), e);
    }
    yaml_tree_free(y);
    if (!st)
        *cfg = copy;
    return st;
}

enum status config_set_key(struct config *cfg, const char *name, const char *value,
                           struct err *e)
{
    int index = config_find(name);
    if (index < 0 && strchr(name, '.') && config_section_help(name))
        return set_group(cfg, name, value, e);
    if (index < 0) {
        bool was_old;
        enum status st = set_old(cfg, name, value, &was_old, e);
        return was_old ? st : unknown_name(name, e);
    }
    const struct config_key *k = config_key(index);
    struct yaml_node raw = {.kind = YAML_SCALAR, .text = value, .quoted = true};
    struct yaml *y = NULL;
    const struct yaml_node *node = &raw;
    /* Paths and names are taken as they are typed, unless quoted. */
    bool verbatim = k->type == CONFIG_TEXT && value[0] != '"' && value[0] != '\'' &&
                    strcmp(value, "null") != 0 && value[0] != '\0';
    if (!verbatim) {
        enum status st = yaml_read(&y, value, strlen(value), k->name, e);
        if (st == ST_NO_MEMORY)
            return st;
        if (st == ST_OK)
            node = yaml_root(y);
        raw.quoted = false;
        bool empty = node->kind == YAML_MAP && node->count == 0;
        if (empty)
            node = &raw;
        if (empty && *value == '\0')
            raw.text = "null";
    }
    bool stored = config_store(cfg, k, node);
    yaml_tree_free(y);
    if (stored)
        return ST_OK;
    char expected[256];
    config_expected(expected, sizeof expected, k);
    return err_set(e, ST_CONFIG, "%s is %.60s; expected %s", name,
                   *value ? value : "nothing", expected);
}
