#include "core/journal.h"

#include "core/array.h"
#include "dsp/drum_class.h"
#include "io/candidate.h"
#include "io/number.h"
#include "io/paths.h"
#include "io/targets.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *word;
    enum event_subject subject;
} events[FIELD_COUNT] = {
#define EVENT(id, word, subject, help) [FIELD_##id] = {word, SUBJECT_##subject},
#include "core/events.def"
#undef EVENT
};

const char *event_word(enum event_field f)
{
    return events[f].word;
}

enum event_subject event_subject(enum event_field f)
{
    return events[f].subject;
}

int event_find(const char *word)
{
    for (int i = 0; i < FIELD_COUNT; i++)
        if (strcmp(events[i].word, word) == 0)
            return i;
    return -1;
}

enum status change_list_add(struct change_list *l, const struct change *c, struct err *e)
{
    return array_add(&l->at, &l->count, &l->room, c, sizeof *c)
               ? ST_OK
               : err_set(e, ST_NO_MEMORY, "no memory for the decisions");
}

void candidate_path(const struct candidate *c, char path[CANDIDATE_PATH_BYTES])
{
    snprintf(path, CANDIDATE_PATH_BYTES, "%s/%s/%s", c->source, kind_type(c->kind),
             c->filename);
}

uint64_t candidate_path_id(const char *path)
{
    struct candidate c = {0};
    const char *type = strchr(path, '/'), *name = type ? strchr(type + 1, '/') : NULL;
    if (name == NULL || name[1] == '\0')
        return 0;
    char word[32];
    size_t source_bytes = (size_t)(type - path), type_bytes = (size_t)(name - type - 1);
    if (source_bytes >= sizeof c.source || type_bytes >= sizeof word ||
        strlen(name + 1) >= sizeof c.filename)
        return 0;
    memcpy(c.source, path, source_bytes);
    memcpy(word, type + 1, type_bytes);
    word[type_bytes] = '\0';
    strcpy(c.filename, name + 1);
    int kind = kind_find(word);
    if (kind < 0)
        return 0;
    c.kind = (enum kind)kind;
    return candidate_id(&c);
}

/* --- values ------------------------------------------------------------------------ */

static enum status bad_value(const struct change *c, struct err *e, const char *takes)
{
    return err_set(e, ST_USAGE, "%s takes %s, not \"%.60s\"", events[c->field].word,
                   takes, c->value);
}

static enum status check_number(struct change *c, double low, double high, int decimals,
                                const char *takes, struct err *e)
{
    double v;
    if (!parse_number(c->value, &v) || v < low || v > high)
        return bad_value(c, e, takes);
    double scale = pow(10, decimals); /* halves go up, as people expect of stars */
    format_short(c->value, sizeof c->value, round(v * scale) / scale, decimals);
    return ST_OK;
}

static enum status check_count(struct change *c, int high, const char *takes,
                               struct err *e)
{
    enum status st = check_number(c, 0, high, 0, takes, e);
    if (st == ST_OK && strcmp(c->value, "0") == 0)
        c->value[0] = '\0';
    return st;
}

bool change_frames(const char *value, int64_t *start, int64_t *end)
{
    const int64_t most = 1LL << 36; /* a day at 768 kHz, two weeks at 48 */
    char *rest;
    *start = *end = strtoll(value, &rest, 10);
    if (rest != value && *rest == ' ')
        *end = strtoll(rest, &rest, 10);
    return *rest == '\0' && *start >= 0 && *end > *start && *end <= most;
}

static enum status check_frames(struct change *c, struct err *e)
{
    int64_t start, end;
    if (!change_frames(c->value, &start, &end))
        return bad_value(c, e, "two frame numbers, the smaller first");
    snprintf(c->value, sizeof c->value, "%" PRId64 " %" PRId64, start, end);
    return ST_OK;
}

static enum status check_steps(const struct change *c, struct err *e)
{
    if (strlen(c->value) != 16 || strspn(c->value, "01") != 16)
        return bad_value(c, e, "sixteen times 0 or 1");
    return ST_OK;
}

static enum status bad_class(const struct change *c, struct err *e)
{
    struct text all = {0};
    for (int i = 0; i < DRUM_CLASS_COUNT; i++)
        text_addf(&all, "%s%s", i ? ", " : "one of ",
                  drum_class_name((enum drum_class)i));
    bad_value(c, e, all.failed ? "a drum class" : all.at);
    text_done(&all);
    return ST_USAGE;
}

static enum status check_value(struct change *c, struct err *e)
{
    switch (c->field) {
    case FIELD_DECISION:
        if (strcmp(c->value, "undecided") == 0)
            c->value[0] = '\0';
        return decision_find(c->value) >= 0
                   ? ST_OK
                   : bad_value(c, e, "accepted, rejected or undecided");
    case FIELD_RATING:
        return check_count(c, 5, "0 to 5", e);
    case FIELD_TAG:
    case FIELD_PICK:
    case FIELD_LOCK:
    case FIELD_RING:
        return check_count(c, 1, "0 or 1", e);
    case FIELD_EXTRA:
        return check_count(c, 100000, "a place from 1, or 0", e);
    case FIELD_CATEGORY:
        return category_find(c->value) >= 0 ? ST_OK
                                            : bad_value(c, e, "the name of a category");
    case FIELD_CLASS:
        return drum_class_find(c->value) >= 0 ? ST_OK : bad_class(c, e);
    case FIELD_EDGES:
    case FIELD_LOOP:
        return check_frames(c, e);
    case FIELD_SLOT:
        return candidate_path_id(c->value) != 0
                   ? ST_OK
                   : bad_value(c, e, "a path source/type/file");
    case FIELD_TRIM:
        return check_number(c, -60, 24, 2, "dB from -60 to 24", e);
    case FIELD_STEPS:
        return check_steps(c, e);
    case FIELD_TEMPO:
        return check_number(c, 20, 400, 3, "20 to 400 beats per minute", e);
    case FIELD_NOTE:
    case FIELD_KIT:
    case FIELD_COUNT:
        break;
    }
    return ST_OK;
}

/* Letters and digits, as machines call their slots: a key is written as it is. */
static bool is_slot(const char *key)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789";
    return key[0] != '\0' && key[strspn(key, plain)] == '\0';
}

enum status change_check(struct change *c, struct err *e)
{
    if ((int)c->field < 0 || c->field >= FIELD_COUNT)
        return err_set(e, ST_USAGE, "there is no such event");
    bool slot = events[c->field].subject == SUBJECT_SLOT;
    if (slot ? !is_slot(c->key) : c->key[0] != '\0')
        return err_set(e, ST_USAGE, "%s %s", events[c->field].word,
                       slot ? "needs a kit slot" : "takes no kit slot");
    if (c->value[0] == '\0')
        return ST_OK;
    return check_value(c, e);
}

/* --- text -------------------------------------------------------------------------- */

/* Bytes of the character at p; 0 for what is none, or would break the line on a screen.
 */
static size_t printable_length(const char *p)
{
    unsigned c = 0;
    size_t n = utf8_sequence(p, &c);
    return utf8_is_control(c) ? 0 : n;
}

static void add_escaped(struct text *t, const char *text, bool quoted)
{
    for (const char *p = text; *p != '\0';) {
        size_t n = printable_length(p);
        bool edge_blank = !quoted && *p == ' ' && (p == text || p[1] == '\0');
        if (*p == '\n') {
            text_add(t, "\\n");
        } else if (n == 0 || edge_blank) {
            text_addf(t, "\\x%02x", (unsigned char)*p);
        } else {
            bool marked = *p == '\\' || (*p == '"' && (quoted || p == text));
            text_add(t, marked ? "\\" : "");
            text_bytes(t, p, n);
        }
        p += n > 0 ? n : 1;
    }
}

static void add_value(struct text *t, const char *value)
{
    bool plain = value[0] != '\0' && value[0] != '#';
    for (const unsigned char *p = (const unsigned char *)value; *p != '\0' && plain; p++)
        plain = *p > 0x20 && *p != '"' && *p != '\\' && *p < 0x7F;
    if (plain) {
        text_add(t, value);
        return;
    }
    text_add(t, "\"");
    add_escaped(t, value, true);
    text_add(t, "\"");
}

void journal_add(struct text *t, const struct change *c, const char *path)
{
    text_addf(t, "%s ", events[c->field].word);
    if (events[c->field].subject == SUBJECT_SLOT)
        text_addf(t, "%s ", c->key);
    if (c->field == FIELD_SLOT && c->value[0] != '\0')
        add_escaped(t, c->value, false);
    else if (c->field == FIELD_DECISION && c->value[0] == '\0')
        text_add(t, "undecided");
    else
        add_value(t, c->value);
    if (events[c->field].subject == SUBJECT_CANDIDATE) {
        text_add(t, " ");
        add_escaped(t, path, false);
    }
    text_add(t, "\n");
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Reads one possibly escaped byte; returns the rest, NULL on a broken escape. */
static const char *take_byte(const char *p, char *byte)
{
    if (*p != '\\') {
        *byte = *p;
        return p + 1;
    }
    p++;
    if (*p == 'n') {
        *byte = '\n';
        return p + 1;
    }
    if (*p == 'x' && hex_digit(p[1]) >= 0 && hex_digit(p[2]) >= 0) {
        int value = hex_digit(p[1]) * 16 + hex_digit(p[2]);
        *byte = (char)value;
        return value != 0 ? p + 3 : NULL;
    }
    if (*p == '\\' || *p == '"') {
        *byte = *p;
        return p + 1;
    }
    return NULL;
}

static const char *skip_blanks(const char *p)
{
    while (*p == ' ' || *p == '\t')
        p++;
    return p;
}

/* A word up to a blank, or a quoted text. Returns the rest after blanks, or NULL. */
static const char *take_value(const char *p, char *out, size_t size)
{
    bool quoted = *p == '"';
    size_t n = 0;
    if (quoted)
        p++;
    while (quoted ? *p != '"' : (*p != '\0' && *p != ' ' && *p != '\t')) {
        if (*p == '\0' || n + 1 >= size)
            return NULL;
        p = take_byte(p, &out[n++]);
        if (p == NULL)
            return NULL;
    }
    out[n] = '\0';
    return skip_blanks(quoted ? p + 1 : p);
}

/* The rest of the line. */
static bool take_rest(const char *p, char *out, size_t size)
{
    size_t n = 0, keep = 0;
    if (strcmp(p, "\"\"") == 0) {
        out[0] = '\0';
        return true;
    }
    while (*p != '\0') {
        bool blank = *p == ' ' || *p == '\t' || *p == '\r';
        if (n + 1 >= size)
            return false;
        p = take_byte(p, &out[n++]);
        if (p == NULL)
            return false;
        if (!blank)
            keep = n;
    }
    out[keep] = '\0';
    return true;
}

static enum status unreadable(struct err *e, const char *what, const char *rest)
{
    return err_set(e, ST_USAGE, "%s cannot be read: \"%.80s\"", what, rest);
}

/* As the machine writes it: one that no machine has would keep a sound that is never
 * heard. */
static enum status settle_slot(struct change *c, struct err *e)
{
    struct text known = {0};
    for (int id = 0; id < TARGET_COUNT; id++) {
        const struct target *t = target_get((enum target_id)id);
        int slot = target_slot(t, c->key);
        if (slot >= 0) {
            snprintf(c->key, sizeof c->key, "%s", target_slot_name(t, slot));
            text_done(&known);
            return ST_OK;
        }
        for (int i = 0; i < target_slots(t); i++)
            text_addf(&known, " %s", target_slot_name(t, i));
    }
    err_set(e, ST_USAGE, "\"%s\" is not a slot of a kit; those are%s", c->key,
            known.failed ? " BD and SD" : known.at);
    text_done(&known);
    return ST_USAGE;
}

static enum status no_event(const char *word, struct err *e)
{
    static const char *const words[] = {
#define EVENT(id, word, subject, help) word,
#include "core/events.def"
#undef EVENT
        "accepted", "rejected", "undecided"};
    const char *near = text_nearest(word, words, sizeof words / sizeof *words);
    if (near)
        return err_set(e, ST_USAGE, "\"%s\" is not a decision; did you mean %s?", word,
                       near);
    return err_set(e, ST_USAGE,
                   "\"%s\" is not a decision (accepted, rejected, rating, class, slot …)",
                   word);
}

/* Parse one line. ST_NOTHING for blank and comment lines, ST_USAGE with a sentence for a
 * wrong one. c->candidate is worked out from a whole path and is 0 for a bare file name;
 * one on a slot is left as it is. */
static enum status parse_line(const char *line, struct change *c,
                              char path[CANDIDATE_PATH_BYTES], struct err *e)
{
    memset(c, 0, sizeof *c);
    path[0] = '\0';
    const char *p = skip_blanks(line);
    if (*p == '\0' || *p == '#' || *p == '\r' || *p == '\n')
        return ST_NOTHING;
    char word[32];
    const char *rest = take_value(p, word, sizeof word);
    if (rest == NULL)
        return unreadable(e, "the first word", p);
    int field = event_find(word);
    if (field < 0 && (strcmp(word, "accepted") == 0 || strcmp(word, "rejected") == 0 ||
                      strcmp(word, "undecided") == 0)) {
        field = FIELD_DECISION;
        rest = p;
    }
    if (field < 0)
        return no_event(word, e);
    c->field = (enum event_field)field;
    if (events[field].subject == SUBJECT_SLOT) {
        rest = take_value(p = rest, c->key, sizeof c->key);
        if (rest == NULL)
            return unreadable(e, "the kit slot", p);
        enum status st = settle_slot(c, e);
        if (st != ST_OK)
            return st;
    }
    p = rest;
    if (field == FIELD_SLOT) {
        if (!take_rest(rest, c->value, sizeof c->value))
            return unreadable(e, "the path", p);
        bool bare = c->value[0] != '\0' && strchr(c->value, '/') == NULL;
        return bare && is_slot(c->key) ? ST_OK : change_check(c, e);
    }
    if (*rest == '\0' || *rest == '\r' ||
        (rest = take_value(rest, c->value, sizeof c->value)) == NULL)
        return unreadable(e, "the value", p);
    if (events[field].subject == SUBJECT_CANDIDATE) {
        if (!take_rest(rest, path, CANDIDATE_PATH_BYTES) || path[0] == '\0')
            return unreadable(e, "the path", rest);
        c->candidate = candidate_path_id(path);
    } else if (rest[0] != '\0' && strcmp(rest, "\r") != 0) {
        return unreadable(e, "the end of the line", rest);
    }
    return change_check(c, e);
}

static void note_bad(struct journal_report *r, const char *file, size_t line,
                     const struct err *why)
{
    if (r->bad++ == 0)
        err_set(&r->first_bad, ST_USAGE, "%s:%zu: %s", file, line, why->msg);
}

/* No event is nearly as long; what is, is no text, and may have no end. */
enum { LINE_BYTES = 1 << 16 };

/* One line without carriage return and newline; *more is false at the end. */
static enum status next_line(FILE *f, char line[LINE_BYTES], bool *more, struct err *e)
{
    size_t n = 0;
    int c = getc(f);
    *more = c != EOF;
    for (; c != EOF && c != '\n'; c = getc(f)) {
        if (n + 1 == LINE_BYTES)
            return err_set(e, ST_UNREADABLE,
                           "a line of more than %d bytes: this is not a decision file",
                           LINE_BYTES - 1);
        line[n++] = (char)c;
    }
    while (n > 0 && line[n - 1] == '\r')
        n--;
    line[n] = '\0';
    return ST_OK;
}

/* *again: it can be read more than once. */
static enum status look_at(const char *file, bool *again, struct err *e)
{
    struct stat s;
    if (stat(file, &s) != 0 || access(file, R_OK) != 0)
        return err_errno(e, errno == ENOENT ? ST_NOT_FOUND : ST_UNREADABLE, errno,
                         "the decisions in %s cannot be read", file);
    *again = S_ISREG(s.st_mode);
    if (*again || S_ISFIFO(s.st_mode))
        return ST_OK;
    return err_set(e, ST_UNREADABLE, "%s is a folder or a device, not a file", file);
}

static enum status open_decisions(FILE **f, const char *file, struct err *e)
{
    bool again;
    enum status st = look_at(file, &again, e);
    if (st != ST_OK)
        return st;
    *f = fopen(file, "rb");
    return *f ? ST_OK
              : err_errno(e, ST_UNREADABLE, errno, "the decisions in %s cannot be read",
                          file);
}

enum status journal_read(const char *file,
                         enum status (*fn)(void *user, const struct change *c,
                                           const char *path, struct err *e),
                         void *user, struct journal_report *report, struct err *e)
{
    struct journal_report r = {0};
    size_t lines = 0, read = 0;
    FILE *f;
    enum status st = open_decisions(&f, file, e);
    if (st != ST_OK)
        return st;
    char *line = malloc(LINE_BYTES), path[CANDIDATE_PATH_BYTES];
    bool more = true;
    struct change c;
    if (line == NULL)
        st = err_set(e, ST_NO_MEMORY, "no memory for %s", file);
    while (st == ST_OK) {
        struct err why = {0};
        st = next_line(f, line, &more, &why);
        if (st != ST_OK)
            st = err_set(e, st, "%s:%zu: %s", file, lines + 1, why.msg);
        if (st != ST_OK || !more)
            break;
        const char *text = line;
        if (++lines == 1 && strncmp(text, "\xEF\xBB\xBF", 3) == 0)
            text += 3;
        enum status parsed = parse_line(text, &c, path, &why);
        if (parsed == ST_NOTHING)
            continue;
        if (parsed != ST_OK) {
            note_bad(&r, file, lines, &why);
            continue;
        }
        read++;
        st = fn(user, &c, path, e);
    }
    if (st == ST_OK && ferror(f))
        st = err_set(e, ST_UNREADABLE, "%s: reading stopped at line %zu", file, lines);
    if (st == ST_OK && read == 0 && r.bad > 0)
        st = err_set(e, ST_UNREADABLE, "%s; no line of this file is a decision",
                     r.first_bad.msg);
    size_t told = strlen(r.first_bad.msg);
    if (r.bad > 1)
        snprintf(r.first_bad.msg + told, sizeof r.first_bad.msg - told,
                 "; this line and %zu more are skipped", r.bad - 1);
    free(line);
    fclose(f);
    if (report != NULL)
        *report = r;
    return st;
}

static enum status pass_over(void *user, const struct change *c, const char *path,
                             struct err *e)
{
    (void)user, (void)c, (void)path, (void)e;
    return ST_OK;
}

enum status journal_check(const char *file, struct err *e)
{
    bool again;
    enum status st = look_at(file, &again, e);
    return st == ST_OK && again ? journal_read(file, pass_over, NULL, NULL, e) : st;
}
