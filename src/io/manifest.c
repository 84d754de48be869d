#include "io/manifest.h"

#include "core/array.h"
#include "io/csv.h"
#include "io/number.h"
#include "io/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 1 << 30, FIELD_BYTES = 1024 };

enum what {
    W_NAME, /* a text that must be usable as file name */
    W_TEXT,
    W_KIND,
    W_MEASURE,
    W_INT,   /* empty when 0 */
    W_FRAME, /* int64 */
    W_GRADE,
    W_SAVED,
    W_DECISION,
    W_SEED,
    W_HASH,
    W_PARTS,
    W_LOOPS
};

static const struct column {
    const char *name;
    enum what what;
    enum measure_id measure;
    size_t offset, size;
} columns[] = {
#define FIELD(what, field)                                                               \
    {                                                                                    \
#field, what, 0, offsetof(struct candidate, field),                              \
            sizeof(((struct candidate *)0)->field)                                       \
    }
#define NUMBER(field)                                                                    \
    {                                                                                    \
#field, W_MEASURE, ME_##field, 0, 0                                              \
    }
    FIELD(W_NAME, filename),
    FIELD(W_NAME, source),
    FIELD(W_TEXT, source_path),
    {"type", W_KIND, 0, 0, 0},
    NUMBER(start_sec),
    NUMBER(end_sec),
    NUMBER(duration_sec),
    NUMBER(channels),
    NUMBER(rms_db),
    NUMBER(lufs),
    NUMBER(peak_dbfs),
    NUMBER(crest_factor),
    NUMBER(centroid_hz),
    NUMBER(flatness),
    NUMBER(est_freq_hz),
    FIELD(W_TEXT, key),
    NUMBER(key_confidence),
    NUMBER(bpm),
    NUMBER(bpm_confidence),
    NUMBER(loop_start),
    NUMBER(loop_end),
    NUMBER(seam_error_db),
    FIELD(W_TEXT, brightness),
    FIELD(W_TEXT, hit_class),
    NUMBER(hit_confidence),
    FIELD(W_INT, cluster),
    NUMBER(score),
    FIELD(W_GRADE, grade),
    FIELD(W_SAVED, saved),
    FIELD(W_DECISION, decision),
    FIELD(W_INT, rating),
    FIELD(W_SEED, seed),
    FIELD(W_TEXT, algorithm_version),
    FIELD(W_HASH, sha256),
    /* of the record form only */
    FIELD(W_TEXT, missed_by),
    {"parts", W_PARTS, 0, 0, 0},
    {"loops", W_LOOPS, 0, 0, 0},
    FIELD(W_FRAME, start_frame),
    FIELD(W_FRAME, end_frame),
    FIELD(W_INT, source_rate_hz),
};
enum { ALL_COLUMNS = sizeof columns / sizeof *columns, RECORD_ONLY = 6 };

int manifest_column_count(enum manifest_form form)
{
    return form == MANIFEST_RECORD ? ALL_COLUMNS : ALL_COLUMNS - RECORD_ONLY;
}

const char *manifest_column(int i)
{
    return columns[i].name;
}

/* --- a field as text --- */

static void parts_text(char out[FIELD_BYTES], const struct score_parts *p)
{
    size_t n = 0;
    for (int i = 0; i < p->count && n < FIELD_BYTES; i++) {
        char value[64];
        format_exact(value, sizeof value, p->part[i].value);
        n += (size_t)snprintf(out + n, FIELD_BYTES - n, "%s%s=%s", i ? " " : "",
                              p->part[i].name, value);
    }
}

static void loops_text(char out[FIELD_BYTES], const struct candidate *c)
{
    size_t n = 0;
    for (int i = 0; i < c->loop_count && n < FIELD_BYTES; i++) {
        const struct loop_choice *l = &c->loop[i];
        char correlation[64], seam[64];
        format_exact(correlation, sizeof correlation, l->correlation);
        format_exact(seam, sizeof seam, l->seam_error_db);
        n += (size_t)snprintf(out + n, FIELD_BYTES - n, "%s%lld:%lld:%s:%s", i ? " " : "",
                              (long long)l->start_frame, (long long)l->end_frame,
                              correlation, seam);
    }
}

static void number_text(char out[FIELD_BYTES], const struct candidate *c,
                        enum measure_id measure, enum manifest_form form)
{
    double value = measures_get(&c->m, measure);
    /* The record keeps every bit, so that a resumed run decides as the first did. */
    if (form == MANIFEST_RECORD && isfinite(value))
        format_exact(out, FIELD_BYTES, value);
    else if (isfinite(value))
        format_number(out, FIELD_BYTES, value, measure_table[measure].decimals);
}

/* What is no text yet is put into `room`. */
static const char *field_text(char room[FIELD_BYTES], const struct candidate *c,
                              const struct column *k, enum manifest_form form)
{
    const char *at = (const char *)c + k->offset;
    *room = '\0';
    switch (k->what) {
    case W_NAME:
    case W_TEXT:
    case W_HASH:
        return at;
    case W_KIND:
        return kind_type(c->kind);
    case W_SAVED:
        return c->saved ? "true" : "false";
    case W_DECISION:
        return decision_name(c->decision);
    case W_MEASURE:
        number_text(room, c, k->measure, form);
        break;
    case W_INT:
        if (*(const int *)at != 0)
            snprintf(room, FIELD_BYTES, "%d", *(const int *)at);
        break;
    case W_FRAME:
        snprintf(room, FIELD_BYTES, "%lld", (long long)*(const int64_t *)at);
        break;
    case W_GRADE:
        snprintf(room, FIELD_BYTES, "%.1s", at);
        break;
    case W_SEED:
        snprintf(room, FIELD_BYTES, "%llu", (unsigned long long)c->seed);
        break;
    case W_PARTS:
        parts_text(room, &c->parts);
        break;
    case W_LOOPS:
        loops_text(room, c);
        break;
    }
    return room;
}

/* --- writing --- */

enum { FLUSH_BYTES = 1 << 16 };

static void write_row(struct text *t, const struct candidate *c, enum manifest_form form)
{
    for (int i = 0; i < manifest_column_count(form); i++) {
        char room[FIELD_BYTES];
        const char *field = field_text(room, c, &columns[i], form);
        (form == MANIFEST_RECORD ? csv_bytes : csv_field)(t, field);
    }
    csv_end(t);
}

static enum status flush(struct text *t, struct atomic_file *f, const char *relative,
                         struct err *e)
{
    enum status st = t->failed
                         ? err_set(e, ST_NO_MEMORY, "no memory to write %s", relative)
                         : atomic_write(f, t->at, t->length, e);
    text_clear(t);
    return st;
}

enum status manifest_write_each(const struct root *r, const char *relative,
                                manifest_next next, void *user, enum manifest_form form,
                                struct err *e)
{
    struct text t = {0};
    struct atomic_file *f;
    const struct candidate *row;
    enum status st = atomic_begin(&f, r, relative, e);
    if (st != ST_OK)
        return st;
    for (int i = 0; i < manifest_column_count(form); i++)
        csv_field(&t, columns[i].name);
    csv_end(&t);
    while ((st = next(user, &row, e)) == ST_OK && row) {
        write_row(&t, row, form);
        if (t.length >= FLUSH_BYTES && (st = flush(&t, f, relative, e)) != ST_OK)
            break;
    }
    if (st == ST_OK)
        st = flush(&t, f, relative, e);
    text_done(&t);
    if (st == ST_OK)
        return atomic_commit(f, e);
    atomic_abort(f);
    return st;
}

struct row_array {
    const struct candidate *rows;
    size_t at, count;
};

static enum status next_of_array(void *user, const struct candidate **row, struct err *e)
{
    struct row_array *a = user;
    (void)e;
    *row = a->at < a->count ? &a->rows[a->at++] : NULL;
    return ST_OK;
}

enum status manifest_write(const struct root *r, const char *relative,
                           const struct candidate *rows, size_t count,
                           enum manifest_form form, struct err *e)
{
    struct row_array a = {.rows = rows, .count = count};
    return manifest_write_each(r, relative, next_of_array, &a, form, e);
}

/* --- a field from text --- */

static bool read_text(char *at, size_t size, const char *text, bool controls)
{
    for (const char *p = text; !controls && *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return false;
    if (strlen(text) >= size)
        return false;
    memcpy(at, text, strlen(text) + 1);
    return true;
}

/* No measure comes near the largest that goes: what is counted in frames of it must fit
 * whole numbers. */
static bool read_real(const char *text, double *value)
{
    return parse_number(text, value) && fabs(*value) <= 1e12;
}

static bool read_whole(const char *text, double low, double high, double *value)
{
    *value = 0;
    return *text == '\0' || (parse_number(text, value) && *value == floor(*value) &&
                             *value >= low && *value <= high);
}

static bool read_hash(char *at, const char *text)
{
    size_t n = strspn(text, "0123456789abcdefABCDEF");
    if (text[n] != '\0' || (n != 0 && n != 64))
        return false;
    for (size_t i = 0; i <= n; i++)
        at[i] = (char)text_letter(text[i]);
    return true;
}

/* Take the next word of `*text` (up to a blank) into `word`; false at the end. */
static bool next_word(const char **text, char *word, size_t size, bool *fits)
{
    *text += strspn(*text, " ");
    size_t n = strcspn(*text, " ");
    *fits = n < size;
    if (n == 0 || !*fits)
        return false;
    memcpy(word, *text, n);
    word[n] = '\0';
    *text += n;
    return true;
}

static bool read_parts(struct score_parts *p, const char *text)
{
    char word[128];
    bool fits;
    while (next_word(&text, word, sizeof word, &fits)) {
        char *equals = strchr(word, '=');
        double value = (double)NAN;
        if (!equals || equals == word || equals - word >= PART_NAME_BYTES ||
            p->count >= PARTS_MAX || (equals[1] && !read_real(equals + 1, &value)))
            return false;
        *equals = '\0';
        strcpy(p->part[p->count].name, word);
        p->part[p->count++].value = value;
    }
    return fits;
}

static bool read_loop(struct loop_choice *l, char *word)
{
    char *part[4] = {word};
    double value[4] = {0, 0, (double)NAN, (double)NAN};
    for (int i = 1; i < 4; i++) {
        part[i] = strchr(part[i - 1], ':');
        if (!part[i])
            return false;
        *part[i]++ = '\0';
    }
    for (int i = 0; i < 4; i++)
        if (!(i > 1 && part[i][0] == '\0') && !parse_number(part[i], &value[i]))
            return false;
    if (fabs(value[0]) > 0x1p53 || fabs(value[1]) > 0x1p53)
        return false;
    *l = (struct loop_choice){(int64_t)value[0], (int64_t)value[1], value[2], value[3]};
    return true;
}

static bool read_loops(struct candidate *c, const char *text)
{
    char word[256];
    bool fits;
    while (next_word(&text, word, sizeof word, &fits)) {
        if (c->loop_count >= LOOP_CHOICES_MAX ||
            !read_loop(&c->loop[c->loop_count], word))
            return false;
        c->loop_count++;
    }
    return fits;
}

static bool read_saved(bool *saved, const char *text)
{
    *saved = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    return *saved || strcmp(text, "false") == 0 || strcmp(text, "0") == 0 || !*text;
}

static bool read_field(struct candidate *c, const struct column *k, const char *text)
{
    char *at = (char *)c + k->offset;
    double number = (double)NAN;
    int found;
    switch (k->what) {
    case W_NAME:
        return path_check_name(text, k->name, NULL) == ST_OK &&
               read_text(at, k->size, text, false);
    case W_TEXT:
        return read_text(at, k->size, text, at == c->source_path);
    case W_KIND:
        found = kind_find(text);
        c->kind = found < 0 ? 0 : (enum kind)found;
        return found >= 0;
    case W_MEASURE:
        if (*text && !read_real(text, &number))
            return false;
        measures_set(&c->m, k->measure, number);
        return true;
    case W_INT:
        if (!read_whole(text, 0, 1e9, &number))
            return false;
        *(int *)at = (int)number;
        return at != (char *)&c->rating || c->rating <= 5;
    case W_FRAME:
        if (!read_whole(text, -0x1p53, 0x1p53, &number))
            return false;
        *(int64_t *)at = (int64_t)number;
        return true;
    case W_GRADE:
        *at = *text;
        return *text == '\0' || (strchr("ABF", *text) && text[1] == '\0');
    case W_SAVED:
        return read_saved(&c->saved, text);
    case W_DECISION:
        found = decision_find(text);
        c->decision = found < 0 ? DECISION_NONE : (enum decision)found;
        return found >= 0;
    case W_SEED:
        c->seed = 0;
        return !*text || parse_whole(text, &c->seed);
    case W_HASH:
        return read_hash(at, text);
    case W_PARTS:
        return read_parts(&c->parts, text);
    default:
        return read_loops(c, text);
    }
}

/* --- reading --- */

struct reading {
    struct csv_reader csv;
    const char *name;
    int field_of[ALL_COLUMNS]; /* index of the column's field in a record, or -1 */
    struct candidate *rows;
    size_t count, room;
};

static enum status read_header(struct reading *r, struct err *e)
{
    static const char *const needed[] = {"filename", "source", "type"};
    /* saved where the decimal point is a comma */
    bool spreadsheet =
        r->csv.names.count == 1 && strpbrk(r->csv.names.field[0], ";\t") != NULL;
    for (int i = 0; i < ALL_COLUMNS; i++)
        r->field_of[i] = csv_column(&r->csv, columns[i].name);
    for (size_t n = 0; n < sizeof needed / sizeof *needed; n++)
        if (csv_column(&r->csv, needed[n]) < 0)
            return err_set(e, ST_CORRUPT,
                           "%s:%d: this is not a manifest: there is no column %s%s",
                           r->name, r->csv.line, needed[n],
                           spreadsheet ? " (columns are separated by commas)" : "");
    return ST_OK;
}

static enum status read_row(struct reading *r, struct err *e)
{
    if (!array_grow(&r->rows, &r->room, r->count + 1, sizeof *r->rows))
        return err_set(e, ST_NO_MEMORY, "%s: no memory to read it", r->name);
    struct candidate *c = &r->rows[r->count];
    candidate_clear(c);
    for (int i = 0; i < ALL_COLUMNS; i++) {
        int f = r->field_of[i];
        if (f < 0)
            continue;
        const char *text = f < r->csv.row.count ? r->csv.row.field[f] : NULL;
        if (!text)
            return err_set(e, ST_CORRUPT, "%s:%d: the row ends before its column %s",
                           r->name, r->csv.line, columns[i].name);
        if (!read_field(c, &columns[i], text))
            return err_set(e, ST_CORRUPT, "%s:%d: %.60s is not a valid %s", r->name,
                           r->csv.line, *text ? text : "an empty field", columns[i].name);
    }
    r->count++;
    return ST_OK;
}

enum status manifest_parse(const char *text, size_t n, const char *name,
                           struct candidate **rows, size_t *count, struct err *e)
{
    struct reading r = {.name = name};
    struct err inner;
    csv_reader_init(&r.csv, text, n);
    bool more;
    enum status st = csv_read_names(&r.csv, &more, &inner);
    if (!st && !more)
        st = err_set(&inner, ST_CORRUPT, "it is empty");
    if (st)
        err_set(e, st, "%s: %s", name, inner.msg);
    else
        st = read_header(&r, e);
    while (!st) {
        st = csv_read(&r.csv, &more, &inner);
        if (st)
            err_set(e, st, "%s: %s", name, inner.msg);
        else if (!more)
            break;
        else
            st = read_row(&r, e);
    }
    csv_reader_done(&r.csv);
    if (!st && !r.rows && !(r.rows = malloc(sizeof *r.rows)))
        st = err_set(e, ST_NO_MEMORY, "%s: no memory for its rows", name);
    if (st) {
        free(r.rows);
        return st;
    }
    *rows = r.rows;
    *count = r.count;
    return ST_OK;
}

enum status manifest_read(const char *path, struct candidate **rows, size_t *count,
                          struct err *e)
{
    char *text;
    size_t n;
    *rows = NULL;
    *count = 0;
    enum status st = path_read_file(path, MAX_BYTES, &text, &n, e);
    if (st)
        return st;
    st = manifest_parse(text, n, path, rows, count, e);
    free(text);
    return st;
}

enum status manifest_read_in(const char *folder, const char *name,
                             struct candidate **rows, size_t *count, struct err *e)
{
    char path[PATH_BYTES];
    *rows = NULL;
    *count = 0;
    enum status st = path_join(path, sizeof path, folder, name, e);
    return st == ST_OK ? manifest_read(path, rows, count, e) : st;
}
