#include "core/filter_internal.h"

#include "core/array.h"
#include "core/kit_names.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char filter_unfinished[] = "the expression is not finished";

enum { DEPTH_MAX = 64, TERM_BYTES = 256 };

struct parser {
    const char *at;
    struct filter *f;
    struct err *e;
    int depth;
    bool incomplete, wrong;
};

/* Nothing to add to the filter: a term that is not finished yet, or a failure. */
enum { NOTHING = -1 };

static int wrong(struct parser *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What was wrong first is told. */
static int wrong(struct parser *p, const char *format, ...)
{
    if (!p->wrong) {
        char sentence[sizeof p->e->msg];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(sentence, sizeof sentence, format, arguments);
        va_end(arguments);
        err_set(p->e, ST_USAGE, "%s", sentence);
    }
    p->wrong = true;
    return NOTHING;
}

static int unfinished(struct parser *p)
{
    p->incomplete = true;
    return NOTHING;
}

static int add_node(struct parser *p, const struct filter_node *node)
{
    struct filter *f = p->f;
    if (!array_grow(&f->node, &f->room, (size_t)f->count + 1, sizeof *f->node))
        return wrong(p, "memory is exhausted");
    f->node[f->count] = *node;
    return f->count++;
}

static int join(struct parser *p, enum filter_op op, int left, int right)
{
    if (left < 0)
        return right;
    if (right < 0)
        return left;
    struct filter_node n = {.op = op, .left = left, .right = right};
    return add_node(p, &n);
}

static int negate(struct parser *p, int node)
{
    if (node < 0)
        return node;
    struct filter_node n = {.op = OP_NOT, .left = node, .right = NOTHING};
    return add_node(p, &n);
}

static void skip_blanks(struct parser *p)
{
    while (*p->at == ' ' || *p->at == '\t')
        p->at++;
}

/* --- words ------------------------------------------------------------------------- */

struct word {
    char text[TERM_BYTES];
    bool quoted, open; /* open: the closing quote is still missing */
};

static bool ends_word(const struct parser *p, char c)
{
    return c == '\0' || c == ' ' || c == '\t' || c == '|' || (c == ')' && p->depth > 0);
}

static void take_word(struct parser *p, struct word *w)
{
    size_t n = 0;
    memset(w, 0, sizeof *w);
    if (*p->at == '"') {
        w->quoted = true;
        p->at++;
        while (*p->at != '\0' && *p->at != '"') {
            if (*p->at == '\\' && p->at[1] != '\0')
                p->at++;
            if (n + 1 < sizeof w->text)
                w->text[n++] = *p->at;
            p->at++;
        }
        w->open = *p->at == '\0';
        if (!w->open)
            p->at++;
    } else {
        for (; !ends_word(p, *p->at); p->at++)
            if (n + 1 < sizeof w->text)
                w->text[n++] = *p->at;
    }
}

static int text_node(struct parser *p, int field, const char *pattern, bool whole,
                     bool literal)
{
    char folded[TERM_BYTES];
    filter_fold(folded, sizeof folded, pattern);
    if (folded[0] == '\0')
        return NOTHING;
    bool wild = !literal && strpbrk(folded, "*?") != NULL;
    struct filter_node n = {.op = wild || whole ? OP_GLOB : OP_PART, .field = field};
    size_t bytes = strlen(folded) + 3;
    n.pattern = malloc(bytes);
    if (n.pattern == NULL)
        return wrong(p, "memory is exhausted");
    /* a pattern among words may stand anywhere in the name */
    bool loose = wild && field == FF_NAME && !whole;
    snprintf(n.pattern, bytes, "%s%s%s", loose ? "*" : "", folded, loose ? "*" : "");
    int node = add_node(p, &n);
    if (node < 0)
        free(n.pattern);
    return node;
}

/* --- values ------------------------------------------------------------------------ */

/* "Bb minor" becomes "a#m", as the catalog writes keys but for the case. */
static void key_name(char *key, size_t size, const char *typed)
{
    static const char *const others[][2] = {{"db", "c#"}, {"eb", "d#"}, {"gb", "f#"},
                                            {"ab", "g#"}, {"bb", "a#"}, {"cb", "b"},
                                            {"fb", "e"},  {"e#", "f"},  {"b#", "c"}};
    char folded[TERM_BYTES];
    filter_fold(folded, sizeof folded, typed);
    size_t letters = folded[0] == '\0' ? 0 : folded[1] == '#' ? 2 : 1;
    const char *tonic = folded;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strncmp(folded, others[i][0], 2) == 0) {
            tonic = others[i][1];
            letters = 2;
        }
    const char *rest = folded + letters + strspn(folded + letters, " ");
    if (strcmp(rest, "min") == 0 || strcmp(rest, "minor") == 0)
        rest = "m";
    else if (strcmp(rest, "maj") == 0 || strcmp(rest, "major") == 0)
        rest = "";
    snprintf(key, size, "%.*s%s", (int)letters, tonic, rest);
}

static int key_node(struct parser *p, const char *typed, bool last)
{
    char key[TERM_BYTES];
    key_name(key, sizeof key, typed);
    size_t tonic = key[0] == '\0' ? 0 : key[1] == '#' ? 2 : 1, n = strlen(key + tonic);
    bool known = tonic == 0 || (key[0] >= 'a' && key[0] <= 'g');
    bool begun =
        strncmp("minor", key + tonic, n) == 0 || strncmp("major", key + tonic, n) == 0;
    if (known && last && n > 1 && begun)
        return unfinished(p);
    if (strpbrk(key, "*?") == NULL &&
        (!known || (n > 0 && strcmp(key + tonic, "m") != 0)))
        return wrong(p, "there is no key \"%.60s\" (A Bb B C C# …, Am for minor)", typed);
    return text_node(p, FF_KEY, key, true, false);
}

static int set_bits(int field, const char *typed, uint64_t *bits)
{
    int found = 0, bit, exact = -1;
    const char *value;
    uint64_t some = 0;
    for (int n = 0; (value = filter_set_value(field, n, &bit)) != NULL; n++) {
        if (strncmp(value, typed, strlen(typed)) != 0)
            continue;
        if (value[strlen(typed)] == '\0')
            exact = bit;
        if ((some >> bit & 1) == 0)
            found++;
        some |= UINT64_C(1) << bit;
    }
    if (exact < 0 && field == FF_HAS)
        exact = filter_measure(typed);
    if (exact >= 0) {
        *bits |= UINT64_C(1) << exact;
        return 1;
    }
    if (found == 1)
        *bits |= some;
    return found;
}

static int bad_set_value(struct parser *p, int field, const char *value, int found)
{
    enum { LIST_BYTES = 60 };
    char list[LIST_BYTES + 8] = "";
    int bit, last = -1;
    const char *one;
    if (found > 1)
        return wrong(p, "\"%.60s\" could mean several things", value);
    for (int n = 0; (one = filter_set_value(field, n, &bit)) != NULL; last = bit, n++) {
        if (bit == last) /* another word for the same */
            continue;
        size_t used = strlen(list);
        bool room = used + strlen(one) < LIST_BYTES;
        snprintf(list + used, sizeof list - used, "%s%s", used ? " " : "",
                 room ? one : "…");
        if (!room)
            break;
    }
    return wrong(p, "there is no %s \"%.60s\" (%s)",
                 field == FF_CATEGORY ? "category"
                 : field == FF_TYPE   ? "type"
                 : field == FF_CLASS  ? "class"
                 : field == FF_IS     ? "state"
                                      : "measure",
                 value, list);
}

/* Part of a class's name ("snare", "tom"), or what musicians call it ("hihat", "bd"). */
static int class_node(struct parser *p, const char *typed, bool literal, bool last)
{
    char folded[TERM_BYTES];
    const char *name;
    int bit, any = NOTHING;
    filter_fold(folded, sizeof folded, typed);
    bool known = !literal && strpbrk(folded, "*?") != NULL;
    for (int n = 0; !known && (name = filter_set_value(FF_CLASS, n, &bit)) != NULL; n++)
        known = strstr(name, folded) != NULL;
    if (known)
        return text_node(p, FF_CLASS, folded, false, literal);
    unsigned classes = kit_classes_in_name(folded);
    for (int n = 0; (name = filter_set_value(FF_CLASS, n, &bit)) != NULL; n++)
        if ((classes >> bit & 1) != 0)
            any = join(p, OP_OR, any, text_node(p, FF_CLASS, name, true, true));
    if (classes != 0)
        return any;
    return last && kit_word_begins(folded) ? unfinished(p)
                                           : bad_set_value(p, FF_CLASS, typed, 0);
}

static int values_node(struct parser *p, int field, enum filter_how how,
                       const struct word *w)
{
    struct filter_node set = {.op = OP_SET, .field = field};
    char rest[TERM_BYTES];
    int any = NOTHING;
    memcpy(rest, w->text, sizeof rest);
    for (char *value = rest, *next; value != NULL; value = next) {
        next = w->quoted ? NULL : strchr(value, ',');
        if (next != NULL)
            *next++ = '\0';
        bool last = *p->at == '\0' && next == NULL;
        if (field == FF_CLASS) {
            any = join(p, OP_OR, any, class_node(p, value, w->quoted, last));
        } else if (how == HOW_TEXT) {
            any = join(p, OP_OR, any, text_node(p, field, value, false, w->quoted));
        } else if (how == HOW_EXACT) {
            any = join(p, OP_OR, any, key_node(p, value, last));
        } else {
            char folded[TERM_BYTES];
            filter_fold(folded, sizeof folded, value);
            if (folded[0] == '\0')
                continue;
            int found = set_bits(field, folded, &set.bits);
            if (found > 1 && last)
                return unfinished(p);
            if (found != 1)
                return bad_set_value(p, field, value, found);
        }
    }
    return how == HOW_SET && set.bits != 0 ? add_node(p, &set) : any;
}

/* --- numbers ----------------------------------------------------------------------- */

static size_t operator_at(const char *at, char op[3])
{
    static const char *const all[] = {">=", "<=", "!=", "==", ">", "<", ":", "="};
    for (int i = 0; i < 8; i++) {
        size_t n = strlen(all[i]);
        if (strncmp(at, all[i], n) == 0) {
            memcpy(op, all[i], n + 1);
            return n;
        }
    }
    return 0;
}

/* "2 s" is "2s": a unit may stand apart from its number, but a word with a comparison
 * behind it is another term. */
static void take_unit(struct parser *p, int field, struct word *w)
{
    char op[3];
    double factor;
    size_t n = strlen(w->text), bytes = 0;
    const char *unit = filter_unit_of(field), *at = p->at, *behind;
    if (n == 0 || w->quoted || strchr("0123456789.", w->text[n - 1]) == NULL)
        return;
    at += strspn(at, " \t");
    while (!ends_word(p, at[bytes]))
        bytes++;
    behind = at + bytes + strspn(at + bytes, " \t");
    if (bytes == 0 || n + bytes >= sizeof w->text || operator_at(behind, op) > 0 ||
        filter_unit(at, bytes, unit, &factor) != QUANTITY_OK)
        return;
    memcpy(w->text + n, at, bytes);
    w->text[n + bytes] = '\0';
    p->at = at + bytes;
}

static int bad_number(struct parser *p, const struct word *w, int field)
{
    if (field == FF_GRADE)
        return wrong(p, "\"%.60s\" is not a grade: A, B or F", w->text);
    const char *unit = field >= FF_MEASURE ? measure_table[field - FF_MEASURE].unit : "";
    return wrong(p, "\"%.60s\" is not a number%s%s%s%s", w->text, unit[0] ? " in " : "",
                 unit, strcmp(unit, "s") == 0 ? ", ms or m:ss" : "",
                 strchr(w->text, '-') ? "; a range is 1..2" : "");
}

static int range_node(struct parser *p, int field, const char *op, const struct word *w)
{
    struct filter_node n = {.op = OP_RANGE,
                            .field = field,
                            .low = -(double)INFINITY,
                            .high = (double)INFINITY};
    double value = 0.0, step = 1.0;
    enum quantity q = QUANTITY_OK;
    const char *dots = strstr(w->text, "..");
    bool equal = strcmp(op, ":") == 0 || strcmp(op, "=") == 0 || strcmp(op, "==") == 0 ||
                 strcmp(op, "!=") == 0;
    if (dots != NULL && equal) {
        size_t bytes = (size_t)(dots - w->text);
        char low[2 * TERM_BYTES];
        snprintf(low, sizeof low, "%.*s%s", (int)bytes, w->text,
                 filter_shared_unit(w->text, bytes, dots + 2, field));
        if (bytes > 0 &&
            (q = filter_quantity(low, strlen(low), field, &value, &step)) == QUANTITY_OK)
            n.low = value;
        if (q == QUANTITY_OK && dots[2] != '\0' &&
            (q = filter_quantity(dots + 2, strlen(dots + 2), field, &value, &step)) ==
                QUANTITY_OK)
            n.high = value;
        if (n.low > n.high) {
            double swap = n.low;
            n.low = n.high;
            n.high = swap;
        }
    } else {
        q = filter_quantity(w->text, strlen(w->text), field, &value, &step);
        bool exact = field < FF_MEASURE;
        if (equal) {
            n.low = exact ? value : value - step / 2;
            n.high = exact ? value : value + step / 2;
            n.below = !exact;
        } else if (op[0] == '>') {
            n.low = value;
            n.above = op[1] == '\0';
        } else {
            n.high = value;
            n.below = op[1] == '\0';
        }
    }
    bool typing = *p->at == '\0';
    if (q == QUANTITY_PARTIAL && typing)
        return unfinished(p);
    if (q != QUANTITY_OK)
        return bad_number(p, w, field);
    int node = add_node(p, &n);
    return strcmp(op, "!=") == 0 ? negate(p, node) : node;
}

/* --- terms ------------------------------------------------------------------------- */

/* Is `word` on its way to becoming `whole`, or one letter away from it? */
static bool resembles(const char *word, const char *whole)
{
    size_t a = strlen(word), b = strlen(whole), same = 0;
    while (same < a && same < b && word[same] == whole[same])
        same++;
    if (same == a || same + 1 >= (a > b ? a : b))
        return a > 1;
    /* one letter too many, too few, or wrong, somewhere in the middle */
    return strcmp(word + same + (a >= b), whole + same + (b >= a)) == 0;
}

static int unknown_field(struct parser *p, const char *name)
{
    const char *near = NULL;
    for (int i = 0; i < FF_COUNT && near == NULL; i++)
        if (resembles(name, filter_fields[i].word) ||
            resembles(name, filter_fields[i].other))
            near = filter_fields[i].word;
    for (int i = 0; i < filter_alias_count && near == NULL; i++)
        if (resembles(name, filter_aliases[i].word))
            near = filter_aliases[i].word;
    return wrong(p, "there is no \"%.40s\" to filter by%s%s%s", name,
                 near ? "; is it \"" : "", near ? near : "", near ? "\"?" : "");
}

/* A term `field op value`; false when the text at hand is no such thing. */
static bool field_term(struct parser *p, int *node)
{
    char name[TERM_BYTES], op[3];
    const char *at = p->at;
    size_t n = 0;
    while ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
           (n > 0 && (*at == '_' || (*at >= '0' && *at <= '9'))))
        if (n + 1 < sizeof name)
            name[n++] = *at++;
        else
            return false;
    name[n] = '\0';
    filter_fold(name, sizeof name, name);
    int field = n > 0 ? filter_field_find(name) : -1;
    const char *spaced = at;
    while (field >= 0 && *spaced == ' ')
        spaced++;
    size_t op_bytes = operator_at(at, op);
    if (op_bytes == 0 && spaced > at && *spaced != ':' && *spaced != '!')
        op_bytes = operator_at(at = spaced, op);
    if (n == 0 || op_bytes == 0)
        return false;
    if (field < 0) {
        *node = unknown_field(p, name);
        return true;
    }
    p->at = at + op_bytes;
    skip_blanks(p);
    struct word w;
    take_word(p, &w);
    enum filter_how how = field >= FF_MEASURE ? HOW_NUMBER : filter_fields[field].how;
    if (how == HOW_NUMBER)
        take_unit(p, field, &w);
    bool equal = op[0] == ':' || op[0] == '=' || op[0] == '!';
    if (w.text[0] == '\0') {
        *node = *p->at == '\0' || w.open ? unfinished(p)
                                         : wrong(p, "\"%.40s\" needs a value", name);
    } else if (how == HOW_NUMBER || how == HOW_GRADE) {
        *node = range_node(p, field, op, &w);
    } else if (!equal) {
        *node = wrong(p, "\"%.40s\" cannot be compared with < or >, only with :", name);
    } else {
        *node = values_node(p, field, how, &w);
        if (w.open)
            p->incomplete = true;
        if (op[0] == '!')
            *node = negate(p, *node);
    }
    return true;
}

static int parse_or(struct parser *p);

static int parse_group(struct parser *p)
{
    p->at++;
    if (p->depth >= DEPTH_MAX)
        return wrong(p, "too many parentheses");
    p->depth++;
    int node = parse_or(p);
    p->depth--;
    if (*p->at == ')')
        p->at++;
    else if (!p->wrong)
        p->incomplete = true;
    return node;
}

static int parse_term(struct parser *p)
{
    bool negated = false;
    int node = NOTHING;
    for (skip_blanks(p); *p->at == '!'; skip_blanks(p)) {
        negated = !negated;
        p->at++;
    }
    if (*p->at == '\0' || *p->at == '|' || (*p->at == ')' && p->depth > 0))
        return unfinished(p);
    if (*p->at == '(') {
        node = parse_group(p);
    } else if (*p->at == ')') {
        return wrong(p, "this ) closes nothing");
    } else if (!field_term(p, &node)) {
        struct word w;
        take_word(p, &w);
        if (w.open)
            p->incomplete = true;
        node = text_node(p, FF_NAME, w.text, false, w.quoted);
    }
    return negated ? negate(p, node) : node;
}

static int parse_and(struct parser *p)
{
    int node = NOTHING;
    for (;;) {
        skip_blanks(p);
        if (p->wrong || *p->at == '\0' || *p->at == '|' ||
            (*p->at == ')' && p->depth > 0))
            return node;
        node = join(p, OP_AND, node, parse_term(p));
    }
}

static int parse_or(struct parser *p)
{
    int node = parse_and(p);
    while (*p->at == '|' && !p->wrong) {
        p->at++;
        skip_blanks(p);
        if (*p->at == '\0')
            p->incomplete = true;
        node = join(p, OP_OR, node, parse_and(p));
    }
    return node;
}

enum filter_result filter_parse(struct filter **out, const char *text, struct err *e)
{
    struct parser p = {.at = text, .e = e};
    *out = NULL;
    p.f = calloc(1, sizeof *p.f);
    if (p.f == NULL) {
        wrong(&p, "memory is exhausted");
        return FILTER_WRONG;
    }
    p.f->root = parse_or(&p);
    if (p.wrong) {
        filter_free(p.f);
        return FILTER_WRONG;
    }
    *out = p.f;
    return p.incomplete ? FILTER_INCOMPLETE : FILTER_OK;
}
