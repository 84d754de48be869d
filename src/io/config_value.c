#include "io/config_value.h"

#include "io/number.h"
#include "io/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- storing --- */

/* Index of `text` in "a|b|c", or -1. */
static int word_index(const char *words, const char *text)
{
    char word[CONFIG_TEXT_BYTES];
    for (int i = 0; text_part(word, sizeof word, words, '|', i); i++)
        if (strcmp(word, text) == 0)
            return i;
    return -1;
}

static bool in_range(const struct config_key *k, double v)
{
    return v >= k->low && v <= k->high;
}

static bool store_item(const struct config_key *k, const struct yaml_node *n, int *whole,
                       double *real)
{
    long long w;
    if (n->kind != YAML_SCALAR)
        return false;
    switch (k->type) {
    case CONFIG_WORDS:
        *whole = word_index(k->words, n->text);
        return *whole >= 0;
    case CONFIG_INTS:
        if (!yaml_whole(n, &w) || !in_range(k, (double)w))
            return false;
        *whole = (int)w;
        return true;
    default:
        return yaml_number(n, real) && in_range(k, *real);
    }
}

/* A list, or one value for a list of one. */
static bool store_list(void *at, const struct config_key *k, const struct yaml_node *n)
{
    struct config_ints ints = {0};
    struct config_reals reals = {0};
    bool single = n->kind == YAML_SCALAR && !yaml_is_null(n);
    if (n->kind == YAML_MAP || n->count > CONFIG_LIST_MAX)
        return false;
    for (const struct yaml_node *m = single ? n : n->child; m;
         m = single ? NULL : m->next)
        if (!store_item(k, m, &ints.v[ints.count++], &reals.v[reals.count++]))
            return false;
    if (k->type == CONFIG_REALS)
        memcpy(at, &reals, sizeof reals);
    else
        memcpy(at, &ints, sizeof ints);
    return true;
}

static bool store_text(char *at, const struct config_key *k, const struct yaml_node *n)
{
    if (n->kind != YAML_SCALAR)
        return false;
    bool null = yaml_is_null(n);
    if (null && !k->null_word)
        return false;
    const char *text = null ? "" : n->text;
    if (strlen(text) >= k->size || (!null && !k->null_word && !*text))
        return false;
    /* A folder may be called anything, and is written down as it was given. */
    bool folder = strncmp(k->name, "paths.", 6) == 0;
    for (const char *p = text; *p && !folder; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return false;
    memset(at, 0, k->size);
    memcpy(at, text, strlen(text));
    return true;
}

/* Seeds are whole numbers of up to 64 bits, so that every drawn one can be written. */
static bool store_seed(struct config_seed *at, const struct yaml_node *n)
{
    if (yaml_is_null(n)) {
        *at = (struct config_seed){0};
        return true;
    }
    uint64_t value;
    if (n->kind != YAML_SCALAR || n->quoted || !parse_whole(n->text, &value))
        return false;
    *at = (struct config_seed){true, value};
    return true;
}

static bool store_real(double *at, const struct config_key *k, const struct yaml_node *n)
{
    double v;
    bool word = n->kind == YAML_SCALAR && k->null_word &&
                (yaml_is_null(n) || strcmp(n->text, k->null_word) == 0);
    if (word) {
        *at = (double)NAN;
        return true;
    }
    if (!yaml_number(n, &v) || !in_range(k, v))
        return false;
    *at = v;
    return true;
}

bool config_store(struct config *cfg, const struct config_key *k,
                  const struct yaml_node *n)
{
    void *at = (char *)cfg + k->offset;
    long long w;
    int index;
    switch (k->type) {
    case CONFIG_BOOL:
        return yaml_bool(n, at);
    case CONFIG_INT:
        if (!yaml_whole(n, &w) || !in_range(k, (double)w))
            return false;
        *(int *)at = (int)w;
        return true;
    case CONFIG_REAL:
        return store_real(at, k, n);
    case CONFIG_CHOICE:
        index = n->kind == YAML_SCALAR ? word_index(k->words, n->text) : -1;
        if (index >= 0)
            *(int *)at = index;
        return index >= 0;
    case CONFIG_TEXT:
        return store_text(at, k, n);
    case CONFIG_SEED:
        return store_seed(at, n);
    default:
        return store_list(at, k, n);
    }
}

/* --- as text --- */

static void list_text(char *out, size_t size, const void *at, const struct config_key *k)
{
    const struct config_ints *ints = at;
    const struct config_reals *reals = at;
    int count = k->type == CONFIG_REALS ? reals->count : ints->count;
    size_t n = (size_t)snprintf(out, size, "[");
    for (int i = 0; i < count && n < size; i++) {
        char item[64];
        if (k->type == CONFIG_REALS)
            format_exact(item, sizeof item, reals->v[i]);
        else if (k->type == CONFIG_INTS)
            snprintf(item, sizeof item, "%d", ints->v[i]);
        else
            text_part(item, sizeof item, k->words, '|', ints->v[i]);
        n += (size_t)snprintf(out + n, size - n, "%s%s", i ? ", " : "", item);
    }
    if (n < size)
        snprintf(out + n, size - n, "]");
}

bool config_get(const struct config *cfg, int index, char *out, size_t size)
{
    const struct config_key *k = config_key(index);
    const void *at = (const char *)cfg + k->offset;
    char text[CONFIG_VALUE_BYTES] = "";
    const struct config_seed *seed = at;
    switch (k->type) {
    case CONFIG_BOOL:
        strcpy(text, *(const bool *)at ? "true" : "false");
        break;
    case CONFIG_INT:
        snprintf(text, sizeof text, "%d", *(const int *)at);
        break;
    case CONFIG_REAL:
        if (isnan(*(const double *)at))
            snprintf(text, sizeof text, "%s", k->null_word ? k->null_word : "null");
        else
            format_exact(text, sizeof text, *(const double *)at);
        break;
    case CONFIG_CHOICE:
        text_part(text, sizeof text, k->words, '|', *(const int *)at);
        break;
    case CONFIG_TEXT:
        if (k->null_word && *(const char *)at == '\0')
            strcpy(text, "null");
        else
            yaml_quote(text, sizeof text, at);
        break;
    case CONFIG_SEED:
        if (seed->set)
            snprintf(text, sizeof text, "%llu", (unsigned long long)seed->value);
        else
            strcpy(text, "null");
        break;
    default:
        list_text(text, sizeof text, at, k);
    }
    int n = snprintf(out, size, "%s", text);
    return n >= 0 && (size_t)n < size;
}

/* --- what was expected --- */

static void range_text(char *out, size_t size, const struct config_key *k)
{
    char low[32], high[32];
    format_exact(low, sizeof low, k->low);
    format_number(high, sizeof high, k->high, k->high == floor(k->high) ? 0 : 3);
    snprintf(out, size, "from %s to %s%s%s", low, high, *k->unit ? " " : "", k->unit);
}

static void words_text(char *out, size_t size, const char *words)
{
    size_t n = 0;
    for (; *words && n + 6 < size; words++) {
        if (*words == '|')
            n += (size_t)snprintf(out + n, size - n, ", ");
        else
            out[n++] = *words;
    }
    out[n] = '\0';
}

void config_expected(char *out, size_t size, const struct config_key *k)
{
    char detail[160], or_word[40] = "";
    if (k->words)
        words_text(detail, sizeof detail, k->words);
    else
        range_text(detail, sizeof detail, k);
    if (k->null_word)
        snprintf(or_word, sizeof or_word, ", or %s", k->null_word);
    switch (k->type) {
    case CONFIG_BOOL:
        snprintf(out, size, "true or false");
        break;
    case CONFIG_INT:
        snprintf(out, size, "a whole number %s%s", detail, or_word);
        break;
    case CONFIG_REAL:
        snprintf(out, size, "a number %s%s", detail, or_word);
        break;
    case CONFIG_CHOICE:
        snprintf(out, size, strchr(k->words, '|') ? "one of %s" : "%s", detail);
        break;
    case CONFIG_TEXT:
        snprintf(out, size, "a text of up to %d bytes%s", (int)k->high, or_word);
        break;
    case CONFIG_SEED:
        snprintf(out, size, "a whole number from 0 to 18446744073709551615, or null");
        break;
    case CONFIG_INTS:
        snprintf(out, size, "a list of up to %d whole numbers %s", CONFIG_LIST_MAX,
                 detail);
        break;
    case CONFIG_REALS:
        snprintf(out, size, "a list of up to %d numbers %s", CONFIG_LIST_MAX, detail);
        break;
    case CONFIG_WORDS:
        snprintf(out, size, "a list of %s", detail);
        break;
    }
}

/* --- earlier names --- */

enum { SAME, PLUS_MINUS };

static const struct config_old olds[] = {
#define OLD(section, old, new_key, how)                                                  \
    {#section, #old, #section "." #new_key, how == PLUS_MINUS},
#include "io/config_schema.def"
};

const struct config_old *config_old_find(const char *section, const char *name)
{
    for (size_t i = 0; i < sizeof olds / sizeof *olds; i++)
        if (strcmp(olds[i].section, section) == 0 && strcmp(olds[i].name, name) == 0)
            return &olds[i];
    return NULL;
}
