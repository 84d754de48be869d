#include "core/filter_internal.h"

#include "dsp/drum_class.h"
#include "io/paths.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the tables ------------------------------------------------------------------------
 */

const struct filter_field_info filter_fields[FF_COUNT] = {
#define FIELD(id, word, other, how, add, help) {word, other, HOW_##how, add, help},
#include "core/filter.def"
#undef FIELD
};

const struct filter_alias filter_aliases[] = {
#define ALIAS(word, field) {word, ME_##field},
#include "core/filter.def"
#undef ALIAS
};
const int filter_alias_count = (int)(sizeof filter_aliases / sizeof *filter_aliases);

static const struct {
    const char *word, *other;
} states[IS_COUNT] = {
#define STATE(id, word, other, test) {word, other},
#include "core/filter.def"
#undef STATE
};

int filter_measure(const char *word)
{
    for (int i = 0; i < filter_alias_count; i++)
        if (strcmp(filter_aliases[i].word, word) == 0)
            return (int)filter_aliases[i].measure;
    return measures_find(word);
}

int filter_field_find(const char *word)
{
    for (int i = 0; i < FF_COUNT; i++)
        if (strcmp(filter_fields[i].word, word) == 0 ||
            strcmp(filter_fields[i].other, word) == 0)
            return i;
    int measure = filter_measure(word);
    return measure >= 0 ? FF_MEASURE + measure : -1;
}

const char *filter_measure_word(enum measure_id measure)
{
    for (int i = 0; i < filter_alias_count; i++)
        if (filter_aliases[i].measure == measure)
            return filter_aliases[i].word;
    return measure_table[measure].column;
}

/* Values come in pairs of two words for one thing, but for the types. */
const char *filter_set_value(int field, int n, int *bit)
{
    *bit = n;
    switch (field) {
    case FF_CATEGORY: /* plural and singular */
        *bit = n / 2;
        return n >= 2 * CAT_COUNT ? NULL
               : n % 2            ? category_singular((enum category)(n / 2))
                                  : category_folder((enum category)(n / 2));
    case FF_TYPE:
        return n < KIND_COUNT ? kind_type((enum kind)n) : NULL;
    case FF_IS:
        *bit = n / 2;
        return n >= 2 * IS_COUNT ? NULL
               : n % 2           ? states[n / 2].other
                                 : states[n / 2].word;
    case FF_HAS: /* the measures, then key and class */
        *bit = n / 2;
        return n < 2 * ME_COUNT        ? (n % 2 ? measure_table[n / 2].column
                                                : filter_measure_word((enum measure_id)(n / 2)))
               : n / 2 == ME_COUNT     ? "key"
               : n / 2 == ME_COUNT + 1 ? "class"
                                       : NULL;
    default:
        return NULL;
    }
}

/* --- folding ---------------------------------------------------------------------------
 */

void filter_fold(char *out, size_t size, const char *text)
{
    static const unsigned lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    const char *p = text;
    size_t n = 0;
    while (*p != '\0' && n + 1 < size) {
        unsigned code;
        size_t bytes = (unsigned char)*p < 0x80 ? 1 : utf8_sequence(p, &code);
        if (bytes <= 1) {
            out[n++] = *p >= 'A' && *p <= 'Z' ? (char)(*p + ('a' - 'A')) : *p;
            p++;
            continue;
        }
        if (n + bytes >= size)
            break;
        code = utf8_lower(code); /* as many bytes as the capital */
        for (size_t i = bytes; i-- > 1; code >>= 6)
            out[n + i] = (char)(0x80 | (code & 0x3F));
        out[n] = (char)(lead[bytes] | code);
        n += bytes;
        p += bytes;
    }
    out[n] = '\0';
}

/* --- matching --------------------------------------------------------------------------
 */

/* One letter, however many bytes it has. */
static const char *next_letter(const char *p)
{
    do
        p++;
    while (((unsigned char)*p & 0xC0) == 0x80);
    return p;
}

static bool glob_matches(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
        } else if (*pattern == '?') {
            pattern++;
            text = next_letter(text);
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static const char *text_of(int field, const struct filter_item *i)
{
    switch (field) {
    case FF_SOURCE:
        return i->source;
    case FF_KEY:
        return i->find->key;
    case FF_CLASS:
        return i->find->hit_class;
    case FF_BRIGHTNESS:
        return i->find->brightness;
    default:
        return i->find->folded;
    }
}

static bool text_matches(const struct filter_node *n, const struct filter_item *i)
{
    char folded[32];
    const char *text = text_of(n->field, i);
    if (n->field != FF_NAME && n->field != FF_SOURCE) {
        filter_fold(folded, sizeof folded, text);
        text = folded;
    }
    return n->op == OP_PART ? strstr(text, n->pattern) != NULL
                            : glob_matches(n->pattern, text);
}

static bool state_holds(int state, const struct find *f, int stack_size)
{
    switch (state) {
#define STATE(id, word, other, test)                                                     \
    case IS_##id:                                                                        \
        return test;
#include "core/filter.def"
#undef STATE
    default:
        return false;
    }
}

static double measure_of(const struct filter_item *i, int measure)
{
    return i->measure[measure][i->at];
}

static bool set_holds(int field, int bit, const struct filter_item *i)
{
    switch (field) {
    case FF_CATEGORY:
        return (int)i->find->category == bit;
    case FF_TYPE:
        return (int)i->find->kind == bit;
    case FF_IS:
        return state_holds(bit, i->find, i->stack_size);
    default:
        break;
    }
    if (bit == ME_COUNT)
        return i->find->key[0] != '\0';
    if (bit == ME_COUNT + 1)
        return i->find->hit_class[0] != '\0';
    return !isnan(measure_of(i, bit));
}

static bool set_matches(const struct filter_node *n, const struct filter_item *i)
{
    for (int bit = 0; bit < 64 && n->bits >> bit != 0; bit++)
        if ((n->bits >> bit & 1) != 0 && set_holds(n->field, bit, i))
            return true;
    return false;
}

double filter_grade_number(char grade)
{
    return grade == 'A' ? 3 : grade == 'B' ? 2 : grade == 'F' ? 1 : (double)NAN;
}

static double number_of(int field, const struct filter_item *i)
{
    switch (field) {
    case FF_RATING:
        return i->find->rating;
    case FF_STACK:
        return i->stack_size > 1 ? i->stack_size : 1;
    case FF_DRUM:
        return (double)i->find->drum;
    case FF_GRADE:
        return filter_grade_number(i->find->grade);
    default:
        return measure_of(i, field - FF_MEASURE);
    }
}

static bool range_matches(const struct filter_node *n, const struct filter_item *i)
{
    double v = number_of(n->field, i);
    return (n->above ? v > n->low : v >= n->low) &&
           (n->below ? v < n->high : v <= n->high);
}

static bool node_matches(const struct filter *f, int at, const struct filter_item *i)
{
    if (at < 0)
        return true;
    const struct filter_node *n = &f->node[at];
    switch (n->op) {
    case OP_AND:
        return node_matches(f, n->left, i) && node_matches(f, n->right, i);
    case OP_OR:
        return node_matches(f, n->left, i) || node_matches(f, n->right, i);
    case OP_NOT:
        return !node_matches(f, n->left, i);
    case OP_PART:
    case OP_GLOB:
        return text_matches(n, i);
    case OP_SET:
        return set_matches(n, i);
    case OP_RANGE:
        return range_matches(n, i);
    }
    return false;
}

bool filter_match(const struct filter *f, const struct filter_item *item)
{
    return f == NULL || node_matches(f, f->root, item);
}

bool filter_is_empty(const struct filter *f)
{
    return f == NULL || f->root < 0;
}

void filter_free(struct filter *f)
{
    if (f == NULL)
        return;
    for (int i = 0; i < f->count; i++)
        free(f->node[i].pattern);
    free(f->node);
    free(f);
}

/* --- completion ------------------------------------------------------------------------
 */

struct offers {
    char (*out)[FILTER_WORD_BYTES];
    int count, max;
};

static void offer(struct offers *o, const char *a, const char *b)
{
    char word[FILTER_WORD_BYTES];
    snprintf(word, sizeof word, "%s%s", a, b);
    for (int i = 0; i < o->count; i++)
        if (strcmp(o->out[i], word) == 0)
            return;
    if (o->count < o->max)
        memcpy(o->out[o->count++], word, sizeof word);
}

static void offer_values(struct offers *o, const char *head, int field, const char *typed)
{
    static const char *const grades[] = {"A", "B", "F"};
    static const char *const tones[] = {"dark", "mid", "bright"};
    const char *value;
    size_t length = strlen(typed);
    int bit;
    for (int n = 0; (value = filter_set_value(field, n, &bit)) != NULL; n++) {
        /* the second word of a pair only when the first cannot be meant */
        const char *first =
            field != FF_TYPE && n % 2 ? filter_set_value(field, n - 1, &bit) : NULL;
        if (strncmp(value, typed, length) == 0 &&
            (first == NULL || strncmp(first, typed, length) != 0))
            offer(o, head, value);
    }
    for (int n = 0; field == FF_CLASS && n < DRUM_CLASS_COUNT; n++)
        if (strncmp(drum_class_name((enum drum_class)n), typed, length) == 0)
            offer(o, head, drum_class_name((enum drum_class)n));
    for (int n = 0; n < 3; n++) {
        if (field == FF_GRADE && typed[0] == '\0')
            offer(o, head, grades[n]);
        if (field == FF_BRIGHTNESS && strncmp(tones[n], typed, length) == 0)
            offer(o, head, tones[n]);
    }
}

static void offer_fields(struct offers *o, const char *typed)
{
    size_t n = strlen(typed);
    for (int i = 0; i < FF_COUNT; i++)
        if (strncmp(filter_fields[i].word, typed, n) == 0)
            offer(o, filter_fields[i].word, filter_fields[i].add);
    for (int m = 0; m < ME_COUNT; m++)
        if (strncmp(filter_measure_word((enum measure_id)m), typed, n) == 0)
            offer(o, filter_measure_word((enum measure_id)m), ">");
    for (int i = 0; n > 0 && i < filter_alias_count; i++)
        if (strncmp(filter_aliases[i].word, typed, n) == 0)
            offer(o, filter_aliases[i].word, ">");
}

int filter_complete(const char *text, char (*out)[FILTER_WORD_BYTES], int max,
                    size_t *from)
{
    struct offers o = {out, 0, max};
    size_t start = strlen(text);
    while (start > 0 && strchr(" |(!\"", text[start - 1]) == NULL)
        start--;
    *from = start;
    char word[FILTER_WORD_BYTES], name[FILTER_WORD_BYTES];
    filter_fold(word, sizeof word, text + start);
    size_t bytes = strcspn(word, ":=<>!");
    if (word[bytes] == '\0') {
        offer_fields(&o, word);
        return o.count;
    }
    memcpy(name, word, bytes);
    name[bytes] = '\0';
    size_t value = bytes + strspn(word + bytes, ":=<>!");
    char *comma = strrchr(word + value, ',');
    if (comma != NULL)
        value = (size_t)(comma + 1 - word);
    char typed[FILTER_WORD_BYTES];
    memcpy(typed, word + value, strlen(word + value) + 1);
    word[value] = '\0';
    int field = filter_field_find(name);
    if (field >= 0)
        offer_values(&o, word, field, typed);
    return o.count;
}
