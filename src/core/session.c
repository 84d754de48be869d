#include "core/session_internal.h"

#include "core/array.h"
#include "io/paths.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BLOCK_BYTES = 1 << 16 };

/* --- memory ------------------------------------------------------------------------ */

static const char *keep_text(struct session *s, const char *text, size_t bytes)
{
    struct text_block *b = s->texts;
    if (b == NULL || b->size - b->used < bytes + 1) {
        size_t size = bytes + 1 > TEXT_BLOCK_BYTES ? bytes + 1 : TEXT_BLOCK_BYTES;
        b = malloc(sizeof *b + size);
        if (b == NULL)
            return NULL;
        *b = (struct text_block){s->texts, 0, size};
        s->texts = b;
    }
    char *kept = b->bytes + b->used;
    memcpy(kept, text, bytes);
    kept[bytes] = '\0';
    b->used += bytes + 1;
    return kept;
}

void session_forget_texts(struct session *s)
{
    while (s->texts != NULL) {
        struct text_block *next = s->texts->next;
        free(s->texts);
        s->texts = next;
    }
}

static size_t id_place(const struct id_table *t, const struct find *finds, uint64_t id)
{
    /* ids are hashes already */
    size_t at = (size_t)(id ^ id >> 32) & (t->size - 1);
    while (t->slot[at] != 0 && finds[t->slot[at] - 1].id != id)
        at = (at + 1) & (t->size - 1);
    return at;
}

bool session_grow_ids(struct session *s)
{
    if (s->ids.slot != NULL && s->count * 2 < s->ids.size)
        return true;
    struct id_table t = {.size = s->ids.size != 0 ? s->ids.size * 4 : 1024};
    while (s->count * 2 >= t.size)
        t.size *= 4;
    t.slot = calloc(t.size, sizeof *t.slot);
    if (t.slot == NULL)
        return false;
    for (size_t i = 0; i < s->count; i++)
        t.slot[id_place(&t, s->find, s->find[i].id)] = (uint32_t)i + 1;
    free(s->ids.slot);
    s->ids = t;
    return true;
}

static void put_id(struct session *s, size_t index)
{
    size_t at = id_place(&s->ids, s->find, s->find[index].id);
    s->ids.slot[at] = (uint32_t)index + 1;
}

bool session_make_room(struct session *s, size_t room)
{
    bool well = array_resize(&s->find, room, sizeof *s->find);
    for (int m = 0; m < ME_COUNT && well; m++)
        well = array_resize(&s->measure[m], room, sizeof *s->measure[m]);
    if (s->vector != NULL && well)
        well = array_resize(&s->vector, room * SIMILARITY_DIM, sizeof *s->vector);
    if (well)
        s->room = room;
    return well;
}

void session_free_finds(struct session *s)
{
    free(s->find);
    for (int m = 0; m < ME_COUNT; m++)
        free(s->measure[m]);
}

static bool grow_finds(struct session *s)
{
    return s->count < s->room || session_make_room(s, array_room(s->room, 1024));
}

long session_index_of(const struct session *s, uint64_t id)
{
    if (s->ids.size == 0)
        return -1;
    return (long)s->ids.slot[id_place(&s->ids, s->find, id)] - 1;
}

/* --- versions, counts, the echo ---------------------------------------------------- */

bool index_list_add(struct index_list *l, size_t index)
{
    uint32_t item = (uint32_t)index;
    return array_add(&l->at, &l->count, &l->room, &item, sizeof item);
}

/* Whoever reads the log looks at everything. */
void session_forget_changes(struct session *s)
{
    s->log_start += s->log.count + 1;
    s->log.count = 0;
}

void session_changed(struct session *s, size_t index)
{
    s->version.state++;
    session_touch(s, index);
    if (s->log.count == SESSION_LOG_MAX) {
        size_t half = SESSION_LOG_MAX / 2;
        memmove(s->log.at, s->log.at + half, half * sizeof *s->log.at);
        s->log.count -= half;
        s->log_start += half;
    }
    if (!index_list_add(&s->log, index))
        session_forget_changes(s);
}

bool session_changed_since(const struct session *s, uint64_t *seen,
                           const uint32_t **index, size_t *count)
{
    uint64_t end = s->log_start + s->log.count;
    bool known = *seen >= s->log_start && *seen <= end;
    *index = known && *seen < end ? s->log.at + (*seen - s->log_start) : NULL;
    *count = known ? (size_t)(end - *seen) : 0;
    *seen = end;
    return known;
}

static void count_in(struct session_tally *t, enum decision d, size_t by)
{
    size_t *which = d == DECISION_ACCEPTED   ? &t->accepted
                    : d == DECISION_REJECTED ? &t->rejected
                                             : &t->undecided;
    *which += by;
}

static bool in_best_of(const struct find *f, bool proposed)
{
    return f->decision == DECISION_ACCEPTED ||
           (proposed && f->decision != DECISION_REJECTED);
}

bool session_in_best_of(const struct session *s, const struct find *f)
{
    return in_best_of(f, s->tallies.picked > 0 ? f->picked : f->in_set);
}

void session_tally(struct session *s, const struct find *f, int sign)
{
    size_t by = (size_t)sign; /* −1 wraps as it should */
    if (f->gone)
        return;
    if (f->near_miss)
        s->tallies.near_misses += by;
    if (find_counts(f)) {
        count_in(&s->tallies.category[f->category], f->decision, by);
        count_in(&s->tallies.all, f->decision, by);
    }
    if (f->tagged)
        s->tallies.tagged += by;
    s->tallies.picked += f->picked ? by : 0;
    s->tallies.in_set += f->in_set ? by : 0;
    s->with_picks += in_best_of(f, f->picked) ? by : 0;
    s->with_set += in_best_of(f, f->in_set) ? by : 0;
    s->tallies.best_of = s->tallies.picked > 0 ? s->with_picks : s->with_set;
}

void session_say(struct session *s, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(s->echo, sizeof s->echo, format, arguments);
    va_end(arguments);
    s->echo_action = catalog_last_action(s->catalog);
}

bool session_echo_holds(const struct session *s)
{
    return catalog_last_action(s->catalog) == s->echo_action;
}

const char *session_echo(const struct session *s)
{
    return s->echo;
}

struct session_version session_version(const struct session *s)
{
    return s->version;
}

const struct session_tallies *session_tallies(const struct session *s)
{
    return &s->tallies;
}

/* --- sources ----------------------------------------------------------------------- */

long session_source_find(const struct session *s, const char *stem)
{
    for (size_t i = s->source_count; i-- > 0;)
        if (strcmp(s->source[i].about.stem, stem) == 0)
            return (long)i;
    return -1;
}

long session_take_source(struct session *s, const struct catalog_source *about)
{
    long known = session_source_find(s, about->stem);
    if (known >= 0) {
        s->source[known].about = *about;
        s->source[known].mining = false;
        return known;
    }
    if (!array_grow(&s->source, &s->source_room, s->source_count + 1, sizeof *s->source))
        return -1;
    char folded[sizeof about->stem];
    filter_fold(folded, sizeof folded, about->stem);
    const char *kept = keep_text(s, folded, strlen(folded));
    if (kept == NULL)
        return -1;
    s->source[s->source_count] = (struct session_source){*about, kept, false};
    return (long)s->source_count++;
}

size_t session_source_count(const struct session *s)
{
    return s->source_count;
}

const struct catalog_source *session_source(const struct session *s, size_t source)
{
    return source < s->source_count ? &s->source[source].about : NULL;
}

/* --- finds ------------------------------------------------------------------------- */

static bool name_find(struct session *s, struct find *f, const char *filename)
{
    char folded[256];
    f->name = keep_text(s, filename, path_stem(filename));
    if (f->name == NULL)
        return false;
    filter_fold(folded, sizeof folded, f->name);
    f->folded =
        strcmp(folded, f->name) == 0 ? f->name : keep_text(s, folded, strlen(folded));
    return f->folded != NULL;
}

double session_measure(const struct session *s, const struct find *f,
                       enum measure_id measure)
{
    return s->measure[measure][f - s->find];
}

void session_measures(const struct session *s, const struct find *f, struct measures *out)
{
    for (int m = 0; m < ME_COUNT; m++)
        measures_set(out, (enum measure_id)m, s->measure[m][f - s->find]);
}

void session_put_measures(struct session *s, size_t index, const struct measures *from)
{
    for (int m = 0; m < ME_COUNT; m++)
        s->measure[m][index] = measures_get(from, (enum measure_id)m);
}

static void fill_find(struct session *s, struct find *f, const struct catalog_find *from)
{
    const struct candidate *c = &from->c;
    f->kind = c->kind;
    f->category = from->category;
    f->decision = c->decision;
    f->rating = (int8_t)c->rating;
    if (f->row_stack != c->cluster) { /* else ours may be on its way there */
        f->row_stack = c->cluster;
        f->stack = c->cluster > 0 ? c->cluster : 0;
    }
    f->grade = c->grade;
    f->source_rate_hz = c->source_rate_hz;
    memcpy(f->key, c->key, sizeof f->key);
    memcpy(f->brightness, c->brightness, sizeof f->brightness);
    memcpy(f->hit_class, c->hit_class, sizeof f->hit_class);
    f->tagged = from->tagged;
    f->picked = from->picked;
    f->saved = c->saved;
    f->near_miss = c->missed_by[0] != '\0';
    f->edited = from->edited;
    f->gone = false;
    f->drum = (float)parts_value(&c->parts, "drum");
    for (int i = 0; i < KIT_PARTS; i++)
        f->kit_part[i] = (float)parts_value(&c->parts, kit_parts[i]);
    session_put_measures(s, (size_t)(f - s->find), &c->m);
}

/* What changes about a member changes its stack. */
static void stack_moves(struct session *s, const struct find *f)
{
    if (f->stack > 0)
        s->stacks.fresh = false;
}

/* Lists look at all that comes and goes; the kit only at what the user has to do with. */
static void note_if_judged(struct session *s, const struct find *f)
{
    s->extras_changed |= f->extra > 0;
    if (f->decision != DECISION_NONE || f->slot >= 0 || f->extra > 0)
        session_changed(s, (size_t)(f - s->find));
}

long session_take_find(struct session *s, const struct catalog_find *from, long source)
{
    long index = session_index_of(s, from->id);
    if (index >= 0) {
        struct find *known = &s->find[index];
        session_touch(s, (size_t)index);
        session_tally(s, known, -1);
        stack_moves(s, known);
        fill_find(s, known, from);
        stack_moves(s, known);
        session_tally(s, known, +1);
        note_if_judged(s, known);
        return index;
    }
    if (!session_grow_ids(s))
        return -1;
    index = session_append_find(s, from, source);
    if (index >= 0)
        put_id(s, (size_t)index);
    return index;
}

long session_append_find(struct session *s, const struct catalog_find *from, long source)
{
    if (!grow_finds(s))
        return -1;
    struct find *f = &s->find[s->count];
    memset(f, 0, sizeof *f);
    f->id = from->id;
    f->source = (uint32_t)source;
    f->slot = -1;
    if (!name_find(s, f, from->c.filename))
        return -1;
    fill_find(s, f, from);
    stack_moves(s, f);
    note_if_judged(s, f);
    session_tally(s, f, +1);
    for (int i = 0; s->vector != NULL && i < SIMILARITY_DIM; i++)
        s->vector[s->count * SIMILARITY_DIM + (size_t)i] = NAN;
    return (long)s->count++;
}

/* What the catalog says of it, in place of what it said. */
static void refill(struct find *f, const struct find *from)
{
    struct find was = *f;
    *f = *from;
    f->name = was.name;
    f->folded = was.folded;
    f->source = was.source;
    f->slot = was.slot;
    f->extra = was.extra;
    if (was.row_stack == from->row_stack) /* ours may be on its way there */
        f->stack = was.stack;
}

long session_take_row(struct session *s, const struct session *other, size_t row,
                      long source)
{
    const struct find *from = &other->find[row];
    long index = session_index_of(s, from->id);
    if (index < 0) {
        if (!session_grow_ids(s) || !grow_finds(s))
            return -1;
        struct find *f = &s->find[s->count];
        *f = *from;
        f->source = (uint32_t)source;
        f->name = keep_text(s, from->name, strlen(from->name));
        f->folded = from->folded == from->name
                        ? f->name
                        : keep_text(s, from->folded, strlen(from->folded));
        if (f->name == NULL || f->folded == NULL)
            return -1;
        index = (long)s->count;
        put_id(s, s->count++);
        for (int i = 0; s->vector != NULL && i < SIMILARITY_DIM; i++)
            s->vector[(size_t)index * SIMILARITY_DIM + (size_t)i] = NAN;
    } else {
        session_tally(s, &s->find[index], -1);
        stack_moves(s, &s->find[index]);
        refill(&s->find[index], from);
    }
    for (int m = 0; m < ME_COUNT; m++)
        s->measure[m][index] = other->measure[m][row];
    stack_moves(s, &s->find[index]);
    session_tally(s, &s->find[index], +1);
    return index;
}

void session_take_gone(struct session *s, struct find *f)
{
    session_touch(s, (size_t)(f - s->find));
    session_tally(s, f, -1);
    stack_moves(s, f);
    f->gone = true;
    note_if_judged(s, f);
}

void session_forget_standing(struct session *s)
{
    free(s->standing);
    s->standing = NULL;
    s->standing_count = s->count;
}

void session_finds_changed(struct session *s)
{
    s->version.finds++;
    s->unannounced = false;
    session_forget_standing(s);
    session_relink_kit(s);
}

size_t session_count(const struct session *s)
{
    return s->count;
}

const struct find *session_find(const struct session *s, size_t index)
{
    return index < s->count ? &s->find[index] : NULL;
}

/* --- opening ----------------------------------------------------------------------- */

enum status session_open(struct session **out, const char *folder, struct err *e)
{
    *out = NULL;
    size_t bytes = strlen(folder);
    while (bytes > 1 && folder[bytes - 1] == '/')
        bytes--;
    struct session *s = calloc(1, sizeof *s);
    if (s != NULL) {
        s->folder = strndup(folder, bytes);
        s->database = malloc(bytes + 16);
    }
    if (s == NULL || s->database == NULL || s->folder == NULL) {
        session_close(s);
        return err_set(e, ST_NO_MEMORY, "no memory to open %s", folder);
    }
    const char *slash = strrchr(s->folder, '/');
    s->name = slash != NULL && slash[1] != '\0' ? slash + 1 : s->folder;
    s->last.field = FIELD_COUNT;
    snprintf(s->database, bytes + 16, "%s/catalog.db", s->folder);
    enum status st = path_mkdirs(s->folder, e);
    if (st == ST_OK)
        st = catalog_open(&s->catalog, s->database, CATALOG_WRITE, e);
    if (st == ST_OK)
        st = session_read_all(s, e);
    if (st == ST_OK)
        st = session_settle_load(s, e);
    if (st != ST_OK) {
        session_close(s);
        return st;
    }
    *out = s;
    return ST_OK;
}

void session_close(struct session *s)
{
    if (s == NULL)
        return;
    while (s->catalog != NULL && session_tidy(s))
        continue;
    catalog_close(s->catalog);
    session_forget_texts(s);
    free(s->folder);
    free(s->database);
    session_free_finds(s);
    free(s->source);
    free(s->ids.slot);
    free(s->stacks.start);
    free(s->stacks.member);
    free(s->stacks.rank);
    free(s->vector);
    free(s->name_rank);
    free(s->standing);
    free(s->log.at);
    free(s->leaving.at);
    free(s->vector_changed.at);
    free(s->restacking.find);
    free(s->touched);
    free(s);
}

const char *session_catalog_path(const struct session *s)
{
    return s->database;
}

const char *session_folder(const struct session *s)
{
    return s->folder;
}

const char *session_name(const struct session *s)
{
    return s->name;
}

struct catalog *session_catalog(struct session *s)
{
    return s->catalog;
}

static const char *folded_source(void *user, uint32_t source)
{
    const struct session *s = user;
    return s->source[source].folded;
}

static int size_of_stack(void *user, int stack)
{
    return session_stack_size(user, stack);
}

struct filter_finds session_finds(struct session *s)
{
    return (struct filter_finds){s->find, s->measure, s, folded_source, size_of_stack};
}

/* --- one find ---------------------------------------------------------------------- */

enum status session_detail(struct session *s, size_t index, struct catalog_find *out,
                           struct err *e)
{
    if (index >= s->count)
        return err_set(e, ST_NOT_FOUND, "there is no such find");
    return catalog_get(s->catalog, s->find[index].id, out, e);
}

bool session_file(struct session *s, size_t index, char path[PATH_BYTES])
{
    struct catalog_find f;
    if (session_detail(s, index, &f, NULL) != ST_OK)
        return false;
    int n = snprintf(path, PATH_BYTES, "%s/%s/%s/%s", s->folder, f.c.source,
                     category_folder(kind_category(f.c.kind)), f.c.filename);
    return n > 0 && n < PATH_BYTES;
}
