#include "core/filter_internal.h"

#include "dsp/drum_class.h"
#include "io/paths.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the tables -------------------------------------------------------------------- */

const struct filter_field_info filter_fields[FF_COUNT] = {
#define FIELD(id, word, other, how, add, help) {word, other, HOW_##how, add},
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
    case FF_CLASS:
        return n < DRUM_CLASS_COUNT ? drum_class_name((enum drum_class)n) : NULL;
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

/* --- folding ----------------------------------------------------------------------- */

/* ASCII, and no mark follows: nearly all there is. */
static bool is_simple(const char *p)
{
    return (unsigned char)p[0] < 0x80 && (unsigned char)p[1] < 0x80;
}

void filter_fold(char *out, size_t size, const char *text)
{
    size_t n = 0;
    while (*text != '\0' && n + 1 < size) {
        if (is_simple(text)) {
            out[n++] = *text >= 'A' && *text <= 'Z' ? (char)(*text + ('a' - 'A')) : *text;
            text++;
            continue;
        }
        unsigned code = utf8_folded(&text);
        char one[5] = {(char)code};
        size_t bytes = code < NO_UTF8 ? (size_t)utf8_encode(one, code) : 1;
        if (n + bytes >= size)
            break;
        memcpy(out + n, one, bytes);
        n += bytes;
    }
    out[n] = '\0';
}

/* --- matching ---------------------------------------------------------------------- */

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

static bool text_matches(const struct filter_node *n, const char *text)
{
    return n->op == OP_PART ? strstr(text, n->pattern) != NULL
                            : glob_matches(n->pattern, text);
}

/* Finds of one source stand together. */
static void sift_sources(const struct filter_node *n, const struct filter_finds *of,
                         size_t first, size_t count, unsigned char *mark)
{
    uint32_t asked = UINT32_MAX;
    bool is = false;
    for (size_t i = 0; i < count; i++) {
        uint32_t source = of->find[first + i].source;
        if (mark[i] && source != asked) {
            is = text_matches(n, of->source(of->user, source));
            asked = source;
        }
        mark[i] = mark[i] && is;
    }
}

/* Keys, classes and the like are few words again and again. */
static void sift_words(const struct filter_node *n, const struct filter_finds *of,
                       size_t first, size_t count, unsigned char *mark)
{
    struct {
        const char *word;
        bool is;
    } asked[64] = {{0}};
    for (size_t i = 0; i < count; i++) {
        if (!mark[i])
            continue;
        const struct find *f = &of->find[first + i];
        const char *word = n->field == FF_KEY     ? f->key
                           : n->field == FF_CLASS ? f->hit_class
                                                  : f->brightness;
        size_t length = strlen(word);
        size_t at =
            length > 0
                ? ((size_t)word[0] + 3 * (size_t)word[length - 1] + 5 * length) & 63
                : 0;
        if (asked[at].word == NULL || strcmp(asked[at].word, word) != 0) {
            char folded[32];
            filter_fold(folded, sizeof folded, word);
            asked[at].word = word;
            asked[at].is = text_matches(n, folded);
        }
        mark[i] = asked[at].is;
    }
}

static bool state_holds(int state, const struct filter_finds *of, size_t find)
{
    const struct find *f = &of->find[find];
    int size =
        state == IS_STACKED || state == IS_ALONE ? of->stack_size(of->user, f->stack) : 0;
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

static bool set_holds(int field, int bit, const struct filter_finds *of, size_t find)
{
    const struct find *f = &of->find[find];
    switch (field) {
    case FF_CATEGORY:
        return (int)f->category == bit;
    case FF_TYPE:
        return (int)f->kind == bit;
    case FF_IS:
        return state_holds(bit, of, find);
    default:
        break;
    }
    if (bit == ME_COUNT)
        return f->key[0] != '\0';
    if (bit == ME_COUNT + 1)
        return f->hit_class[0] != '\0';
    return !isnan(of->measure[bit][find]);
}

static bool set_matches(const struct filter_node *n, const struct filter_finds *of,
                        size_t find)
{
    for (int bit = 0; bit < 64 && n->bits >> bit != 0; bit++)
        if ((n->bits >> bit & 1) != 0 && set_holds(n->field, bit, of, find))
            return true;
    return false;
}

double filter_grade_number(char grade)
{
    return grade == 'A' ? 3 : grade == 'B' ? 2 : grade == 'F' ? 1 : (double)NAN;
}

static double number_of(int field, const struct filter_finds *of, size_t find)
{
    const struct find *f = &of->find[find];
    switch (field) {
    case FF_RATING:
        return f->rating;
    case FF_STACK:
        return of->stack_size(of->user, f->stack);
    case FF_DRUM:
        return (double)f->drum;
    case FF_GRADE:
        return filter_grade_number(f->grade);
    default:
        return of->measure[field - FF_MEASURE][find];
    }
}

static bool range_holds(const struct filter_node *n, double v)
{
    return (n->above ? v > n->low : v >= n->low) &&
           (n->below ? v < n->high : v <= n->high);
}

static void sift_one(const struct filter_node *n, const struct filter_finds *of,
                     size_t first, size_t count, unsigned char *mark)
{
    bool text = n->op == OP_PART || n->op == OP_GLOB;
    if (text && n->field == FF_SOURCE)
        sift_sources(n, of, first, count, mark);
    else if (text && n->field != FF_NAME)
        sift_words(n, of, first, count, mark);
    else if (text)
        for (size_t i = 0; i < count; i++)
            mark[i] = mark[i] && text_matches(n, of->find[first + i].folded);
    else if (n->op == OP_SET)
        for (size_t i = 0; i < count; i++)
            mark[i] = mark[i] && set_matches(n, of, first + i);
    else
        for (size_t i = 0; i < count; i++)
            mark[i] = mark[i] && range_holds(n, number_of(n->field, of, first + i));
}

/* So many at a time: what is looked at stays in the processor's cache, and the marks that
 * a branch works on are small. */
enum { SIFT_AT_ONCE = 256 };

static void sift(const struct filter *f, int at, const struct filter_finds *of,
                 size_t first, size_t count, unsigned char *mark)
{
    if (at < 0)
        return;
    const struct filter_node *n = &f->node[at];
    if (n->op == OP_AND) {
        sift(f, n->left, of, first, count, mark);
        sift(f, n->right, of, first, count, mark);
    } else if (n->op == OP_OR || n->op == OP_NOT) {
        unsigned char part[SIFT_AT_ONCE];
        memcpy(part, mark, count);
        sift(f, n->left, of, first, count, part);
        for (size_t i = 0; i < count; i++) /* those that are not in the left part */
            mark[i] = mark[i] && !part[i];
        if (n->op == OP_NOT)
            return;
        sift(f, n->right, of, first, count, mark);
        for (size_t i = 0; i < count; i++)
            mark[i] = mark[i] || part[i];
    } else {
        sift_one(n, of, first, count, mark);
    }
}

void filter_sift(const struct filter *f, const struct filter_finds *of, size_t first,
                 size_t count, unsigned char *mark)
{
    for (size_t i = 0; i < count && !filter_is_empty(f); i += SIFT_AT_ONCE) {
        size_t n = count - i < SIFT_AT_ONCE ? count - i : SIFT_AT_ONCE;
        sift(f, f->root, of, first + i, n, mark + i);
    }
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

/* --- completion -------------------------------------------------------------------- */

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
    bool paired = field != FF_TYPE && field != FF_CLASS; /* two words for one thing */
    for (int n = 0; (value = filter_set_value(field, n, &bit)) != NULL; n++) {
        /* the second word of a pair only when the first cannot be meant */
        const char *first = paired && n % 2 ? filter_set_value(field, n - 1, &bit) : NULL;
        if (strncmp(value, typed, length) == 0 &&
            (first == NULL || strncmp(first, typed, length) != 0))
            offer(o, head, value);
    }
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
