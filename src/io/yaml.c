#include "io/yaml.h"

#include "io/number.h"
#include "io/paths.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

enum { MAX_BYTES = 4 << 20, MAX_DEPTH = 32, MAX_NODES = 100000, BLOCK_BYTES = 1 << 16 };

/* Nodes and texts live in a chain of blocks that is freed as a whole. */
struct block {
    struct block *next;
    size_t used, size;
    max_align_t bytes[];
};

struct yaml {
    struct block *blocks;
    struct yaml_node *root;
};

struct reading {
    struct yaml *y;
    yaml_parser_t parser;
    const char *name;
    int nodes;
    struct err *e;
};

static void *take(struct yaml *y, size_t n)
{
    n = (n + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (!y->blocks || y->blocks->size - y->blocks->used < n) {
        size_t size = n > BLOCK_BYTES ? n : BLOCK_BYTES;
        struct block *b = malloc(sizeof *b + size);
        if (!b)
            return NULL;
        *b = (struct block){.next = y->blocks, .size = size};
        y->blocks = b;
    }
    void *p = (char *)y->blocks->bytes + y->blocks->used;
    y->blocks->used += n;
    memset(p, 0, n);
    return p;
}

void yaml_tree_free(struct yaml *y)
{
    if (!y)
        return;
    while (y->blocks) {
        struct block *next = y->blocks->next;
        free(y->blocks);
        y->blocks = next;
    }
    free(y);
}

const struct yaml_node *yaml_root(const struct yaml *y)
{
    return y->root;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    if (!map || map->kind != YAML_MAP)
        return NULL;
    for (const struct yaml_node *n = map->child; n; n = n->next)
        if (strcmp(n->key, key) == 0)
            return n;
    return NULL;
}

const char *yaml_shown(const struct yaml_node *n)
{
    return n->kind == YAML_LIST  ? "a list"
           : n->kind == YAML_MAP ? "a mapping"
           : *n->text            ? n->text
                                 : "nothing";
}

/* --- building the tree from the parser's events --- */

static enum status fail(struct reading *r, int line, const char *what)
{
    return err_set(r->e, ST_CORRUPT, "%s:%d: %s", r->name, line, what);
}

static enum status next_event(struct reading *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event))
        return ST_OK;
    if (r->parser.error == YAML_MEMORY_ERROR)
        return err_set(r->e, ST_NO_MEMORY, "%s: no memory to read it", r->name);
    int line = (int)(r->parser.error == YAML_READER_ERROR ? r->parser.mark.line
                                                          : r->parser.problem_mark.line);
    const char *what = r->parser.problem ? r->parser.problem : "it cannot be understood";
    if (strstr(what, "cannot start any token"))
        what = "a tab, @, % or ` begins a value here; indent with spaces, and quote such "
               "text";
    return err_set(r->e, ST_CORRUPT, "%s:%d: not valid YAML: %s", r->name, line + 1,
                   what);
}

/* Names of files may hold bytes that are no UTF-8, which YAML cannot: they are written as
 * characters of a private range, 0xe9 as U+EFE9. */
enum { BYTES = 0xef00, BYTES_FIRST = 0xef80, BYTES_LAST = 0xefff };

static bool stands_for_byte(unsigned code)
{
    return code >= BYTES_FIRST && code <= BYTES_LAST;
}

static void take_bytes_back(char *text)
{
    char *to = text;
    unsigned code;
    while (*text) {
        size_t n = utf8_sequence(text, &code);
        if (stands_for_byte(code))
            *to++ = (char)(code - BYTES);
        else
            for (size_t i = 0; i < n; i++)
                *to++ = text[i];
        text += n > 0 ? n : 1;
    }
    *to = '\0';
}

static enum status copy_text(struct reading *r, const yaml_event_t *event, int line,
                             const char **text)
{
    size_t n = event->data.scalar.length;
    if (memchr(event->data.scalar.value, 0, n))
        return fail(r, line, "a value holds a NUL character");
    char *copy = take(r->y, n + 1);
    if (!copy)
        return err_set(r->e, ST_NO_MEMORY, "%s: no memory to read it", r->name);
    memcpy(copy, event->data.scalar.value, n);
    if (event->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE)
        take_bytes_back(copy);
    *text = copy;
    return ST_OK;
}

static enum status build(struct reading *r, yaml_event_t *event, int depth,
                         struct yaml_node **out);

static enum status add_member(struct reading *r, struct yaml_node *parent,
                              struct yaml_node ***tail, yaml_event_t *event, int depth)
{
    const char *key = NULL;
    int key_line = (int)event->start_mark.line + 1;
    enum status st = ST_OK;
    if (parent->kind == YAML_MAP) {
        if (event->type != YAML_SCALAR_EVENT)
            return fail(r, key_line, "a key must be a plain word");
        st = copy_text(r, event, key_line, &key);
        if (st)
            return st;
        if (parent->count >= 1000)
            return fail(r, key_line, "too many keys in one mapping");
        if (yaml_get(parent, key))
            return err_set(r->e, ST_CORRUPT, "%s:%d: %s is given twice", r->name,
                           key_line, key);
        yaml_event_t value;
        if ((st = next_event(r, &value)))
            return st;
        st = build(r, &value, depth + 1, *tail);
        yaml_event_delete(&value);
    } else {
        st = build(r, event, depth + 1, *tail);
    }
    if (st)
        return st;
    (**tail)->key = key;
    (**tail)->key_line = key_line;
    *tail = &(**tail)->next;
    parent->count++;
    return ST_OK;
}

static enum status build_members(struct reading *r, struct yaml_node *parent, int depth)
{
    struct yaml_node **tail = &parent->child;
    yaml_event_type_t end =
        parent->kind == YAML_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    for (;;) {
        yaml_event_t event;
        enum status st = next_event(r, &event);
        if (st)
            return st;
        bool ends = event.type == end;
        if (!ends)
            st = add_member(r, parent, &tail, &event, depth);
        yaml_event_delete(&event);
        if (st || ends)
            return st;
    }
}

static enum status build(struct reading *r, yaml_event_t *event, int depth,
                         struct yaml_node **out)
{
    int line = (int)event->start_mark.line + 1;
    if (event->type == YAML_ALIAS_EVENT)
        return fail(r, line, "aliases (*name) are not used here; write the value out");
    if (depth > MAX_DEPTH)
        return fail(r, line, "nested too deeply");
    if (++r->nodes > MAX_NODES)
        return fail(r, line, "too many values");
    struct yaml_node *n = take(r->y, sizeof *n);
    if (!n)
        return err_set(r->e, ST_NO_MEMORY, "%s: no memory to read it", r->name);
    n->line = line;
    *out = n;
    if (event->type == YAML_SCALAR_EVENT) {
        n->kind = YAML_SCALAR;
        n->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        return copy_text(r, event, line, &n->text);
    }
    n->kind = event->type == YAML_MAPPING_START_EVENT ? YAML_MAP : YAML_LIST;
    return build_members(r, n, depth);
}

static enum status read_document(struct reading *r)
{
    bool seen = false;
    for (;;) {
        yaml_event_t event;
        enum status st = next_event(r, &event);
        if (st)
            return st;
        yaml_event_type_t type = event.type;
        if (type == YAML_DOCUMENT_START_EVENT && seen)
            st = fail(r, (int)event.start_mark.line + 1, "a second document begins");
        else if (type == YAML_DOCUMENT_START_EVENT)
            seen = true;
        else if (type == YAML_SCALAR_EVENT || type == YAML_MAPPING_START_EVENT ||
                 type == YAML_SEQUENCE_START_EVENT || type == YAML_ALIAS_EVENT)
            st = build(r, &event, 0, &r->y->root);
        yaml_event_delete(&event);
        if (st || type == YAML_STREAM_END_EVENT)
            return st;
    }
}

enum status yaml_read(struct yaml **out, const char *text, size_t n, const char *name,
                      struct err *e)
{
    *out = NULL;
    if (n > MAX_BYTES)
        return err_set(e, ST_CORRUPT, "%s: larger than %d bytes", name, MAX_BYTES);
    struct reading r = {.name = name, .e = e, .y = calloc(1, sizeof *r.y)};
    if (!r.y || !yaml_parser_initialize(&r.parser)) {
        free(r.y);
        return err_set(e, ST_NO_MEMORY, "%s: no memory to read it", name);
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, n);
    enum status st = read_document(&r);
    yaml_parser_delete(&r.parser);
    bool nothing = !st && (!r.y->root || yaml_is_null(r.y->root));
    if (nothing) {
        r.y->root = take(r.y, sizeof *r.y->root);
        if (!r.y->root)
            st = err_set(e, ST_NO_MEMORY, "%s: no memory to read it", name);
        else
            *r.y->root = (struct yaml_node){.kind = YAML_MAP, .line = 1};
    }
    if (st) {
        yaml_tree_free(r.y);
        return st;
    }
    *out = r.y;
    return ST_OK;
}

/* --- scalars --- */

static bool is_one_of(const char *text, const char *const words[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static bool text_is_null(const char *text)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    return is_one_of(text, words, sizeof words / sizeof *words);
}

static bool text_bool(const char *text, bool *value)
{
    static const char *const yes[] = {"true", "True", "TRUE", "yes", "Yes",
                                      "YES",  "on",   "On",   "ON"};
    static const char *const no[] = {"false", "False", "FALSE", "no", "No",
                                     "NO",    "off",   "Off",   "OFF"};
    bool is_yes = is_one_of(text, yes, sizeof yes / sizeof *yes);
    if (!is_yes && !is_one_of(text, no, sizeof no / sizeof *no))
        return false;
    *value = is_yes;
    return true;
}

bool yaml_is_null(const struct yaml_node *n)
{
    return n->kind == YAML_SCALAR && !n->quoted && text_is_null(n->text);
}

bool yaml_bool(const struct yaml_node *n, bool *value)
{
    return n->kind == YAML_SCALAR && !n->quoted && text_bool(n->text, value);
}

bool yaml_number(const struct yaml_node *n, double *value)
{
    return n->kind == YAML_SCALAR && !n->quoted && parse_number(n->text, value);
}

bool yaml_whole(const struct yaml_node *n, long long *value)
{
    double number;
    if (!yaml_number(n, &number) || number != floor(number) || fabs(number) > 0x1p53)
        return false;
    *value = (long long)number;
    return true;
}

static bool is_plain_safe(const char *text)
{
    static const char leading[] = "-?:,[]{}#&*!|>'\"%@` ";
    bool flag;
    double number;
    if (text_is_null(text) || text_bool(text, &flag) || parse_number(text, &number) ||
        strchr(leading, text[0]))
        return false;
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c >= 0x7f || strchr(",[]{}\"\\", c) ||
            (c == ':' && (text[i + 1] == ' ' || text[i + 1] == '\0')) ||
            (c == '#' && text[i - 1] == ' '))
            return false;
    }
    /* Digits first may mean a date or a sexagesimal number to YAML 1.1. */
    return text[n - 1] != ' ' && !strchr("0123456789+.", text[0]);
}

struct quoting {
    char *out;
    size_t size, length;
};

static void put(struct quoting *q, const char *bytes)
{
    for (; *bytes; bytes++, q->length++)
        if (q->length + 1 < q->size)
            q->out[q->length] = *bytes;
}

/* Does it stand in a quoted text as it is? Not controls, line breaks of YAML's, marks. */
static bool is_shown(unsigned code)
{
    return code >= 0x20 && (code < 0x7f || code >= 0xa0) && code != 0x2028 &&
           code != 0x2029 && code != 0xfeff && code != 0xfffe && code != 0xffff;
}

/* The next character, escaped where it must be; returns what follows it. */
static const char *put_character(struct quoting *q, const char *text)
{
    unsigned code;
    char escaped[8], plain[5] = "";
    size_t n = utf8_sequence(text, &code);
    if (n == 0 || stands_for_byte(code)) {
        n = 1;
        code = BYTES + (unsigned)(unsigned char)*text;
        snprintf(escaped, sizeof escaped, "\\u%04x", code);
    } else if (code == '"' || code == '\\') {
        snprintf(escaped, sizeof escaped, "\\%c", *text);
    } else if (!is_shown(code)) {
        snprintf(escaped, sizeof escaped, "\\u%04x", code & 0xffff);
    } else {
        memcpy(plain, text, n);
    }
    put(q, *plain ? plain : escaped);
    return text + n;
}

size_t yaml_quote(char *out, size_t size, const char *text)
{
    struct quoting q = {out, size, 0};
    if (is_plain_safe(text)) {
        put(&q, text);
    } else {
        put(&q, "\"");
        while (*text)
            text = put_character(&q, text);
        put(&q, "\"");
    }
    if (size)
        out[q.length < size ? q.length : size - 1] = '\0';
    return q.length;
}
