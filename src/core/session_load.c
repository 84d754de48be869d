/* Reading the catalog into the model. A large one is read by two threads:
 * the upper half goes into a session of its own, which is joined to the first. */
#include "core/session_internal.h"

#include "core/curate.h"
#include "io/manifest.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { WORTH_A_THREAD = 20000, ROOM_MOST = 1 << 21 };

struct loading {
    struct session *s;
    char stem[SOURCE_BYTES];
    long source;
    bool no_memory;
};

static bool load_find(void *user, const struct catalog_find *f)
{
    struct loading *l = user;
    if (l->source < 0 || strcmp(l->stem, f->c.source) != 0) {
        l->source = session_source_find(l->s, f->c.source);
        memcpy(l->stem, f->c.source, sizeof l->stem);
    }
    if (l->source < 0) /* written since the sources were read: taken in next time */
        return true;
    long index = session_append_find(l->s, f, l->source);
    l->no_memory = index < 0;
    return index >= 0;
}

/* Those at the positions first … last. */
static enum status load_finds(struct loading *l, int64_t first, int64_t last,
                              struct err *e)
{
    enum status st = catalog_each_between(l->s->catalog, first, last, load_find, l, e);
    if (st == ST_OK && l->no_memory)
        st = err_set(e, ST_NO_MEMORY, "no memory for the finds");
    return st;
}

/* --- the other half ---------------------------------------------------------------- */

struct half {
    struct session part; /* sources and memory for the finds are lent */
    int64_t first, last;
    enum status st;
    struct err e;
};

static void *load_half(void *arg)
{
    struct half *h = arg;
    struct loading l = {.s = &h->part, .source = -1};
    h->st = catalog_open(&h->part.catalog, h->part.database, CATALOG_READ, &h->e);
    if (h->st == ST_OK)
        h->st = load_finds(&l, h->first, h->last, &h->e);
    catalog_close(h->part.catalog);
    return NULL;
}

static void add_tallies(struct session_tallies *to, const struct session_tallies *more)
{
    size_t *sum = (size_t *)to; /* nothing but counts */
    const size_t *add = (const size_t *)more;
    for (size_t i = 0; i < sizeof *to / sizeof *sum; i++)
        sum[i] += add[i];
}

/* The upper half's finds were read straight into the session's arrays, from where the
 * lower half ends if no position is unused: closes that gap. */
static void join(struct session *s, struct session *part)
{
    if (part->find != s->find + s->count) {
        memmove(s->find + s->count, part->find, part->count * sizeof *part->find);
        for (int m = 0; m < ME_COUNT; m++)
            memmove(s->measure[m] + s->count, part->measure[m],
                    part->count * sizeof *part->measure[m]);
    }
    s->count += part->count;
    if (s->count + 1024 < s->room)
        session_make_room(s, s->count + 1024);
    add_tallies(&s->tallies, &part->tallies);
    s->with_picks += part->with_picks;
    s->with_set += part->with_set;
    struct text_block **end = &s->texts;
    while (*end != NULL)
        end = &(*end)->next;
    *end = part->texts;
    part->texts = NULL;
}

static void half_done(struct half *h)
{
    session_forget_texts(&h->part);
    free(h->part.log.at);
    free(h);
}

/* There is room for the finds at all positions. */
static enum status load_in_halves(struct session *s, int64_t first, int64_t last,
                                  struct err *e)
{
    struct loading l = {.s = s, .source = -1};
    struct half *h = calloc(1, sizeof *h);
    pthread_t thread;
    if (h == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for the finds");
    int64_t lower = (last - first) / 2;
    h->part.database = s->database;
    h->part.source = s->source;
    h->part.source_count = s->source_count;
    h->part.find = s->find + lower;
    for (int m = 0; m < ME_COUNT; m++)
        h->part.measure[m] = s->measure[m] + lower;
    h->part.room = s->room - (size_t)lower;
    h->first = first + lower;
    h->last = last;
    if (pthread_create(&thread, NULL, load_half, h) != 0) {
        half_done(h);
        return load_finds(&l, first, last, e);
    }
    enum status st = load_finds(&l, first, h->first - 1, e);
    pthread_join(thread, NULL);
    if (st == ST_OK && (st = h->st) != ST_OK)
        st = err_set(e, st, "%s", h->e.msg);
    if (st == ST_OK)
        join(s, &h->part);
    half_done(h);
    return st;
}

/* --- all --------------------------------------------------------------------------- */

static bool load_kit_change(void *user, const struct change *now)
{
    if (event_subject(now->field) != SUBJECT_CANDIDATE || now->field == FIELD_EXTRA)
        session_take_kit(user, now);
    return true;
}

static void clear_kit(struct session *s)
{
    memset(&s->kit, 0, sizeof s->kit);
    for (int i = 0; i < KIT_SLOTS; i++)
        s->kit.slot[i].index = -1;
    for (size_t i = 0; i < s->count; i++) {
        s->find[i].slot = -1;
        s->find[i].extra = 0;
    }
}

static enum status load_sources(struct session *s, struct err *e)
{
    struct catalog_source *sources = NULL;
    size_t count = 0;
    enum status st = catalog_sources(s->catalog, &sources, &count, e);
    for (size_t i = 0; i < count && st == ST_OK; i++)
        if (session_take_source(s, &sources[i]) < 0)
            st = err_set(e, ST_NO_MEMORY, "no memory for the sources");
    free(sources);
    return st;
}

static enum status read_finds(struct session *s, struct err *e)
{
    int64_t first, last;
    struct loading l = {.s = s, .source = -1};
    enum status st = catalog_span(s->catalog, &first, &last, e);
    if (st != ST_OK || last < first)
        return st;
    size_t room = (size_t)(last - first) + 1;
    if (room < WORTH_A_THREAD || room > ROOM_MOST) {
        st = load_finds(&l, first, last, e);
    } else {
        st = session_make_room(s, room)
                 ? load_in_halves(s, first, last, e)
                 : err_set(e, ST_NO_MEMORY, "no memory for the finds");
    }
    free(s->ids.slot);
    s->ids = (struct id_table){0};
    if (st == ST_OK && !session_grow_ids(s))
        st = err_set(e, ST_NO_MEMORY, "no memory for the finds");
    return st;
}

struct timespec session_set_written(const struct session *s, char path[PATH_BYTES])
{
    struct stat about;
    int above = (int)(path_base(s->database) - s->database);
    snprintf(path, PATH_BYTES, "%.*sbest_of/manifest.csv", above, s->database);
    return stat(path, &about) == 0 ? about.st_mtim : (struct timespec){0};
}

/* Which of the finds lie in the best_of folder beside the catalog. A set that cannot be
 * read is told by who writes the kit. */
static void read_set(struct session *s)
{
    char path[PATH_BYTES];
    struct candidate *rows = NULL;
    size_t count = 0;
    s->set_written = session_set_written(s, path);
    if (manifest_read(path, &rows, &count, NULL) != ST_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        long index = session_index_of(s, candidate_id(&rows[i]));
        if (index < 0 && curate_mined_name(rows[i].filename))
            index = session_index_of(s, candidate_id(&rows[i]));
        if (index < 0)
            continue;
        session_tally(s, &s->find[index], -1);
        s->find[index].in_set = true;
        session_tally(s, &s->find[index], +1);
    }
    free(rows);
}

enum status session_read_all(struct session *s, struct err *e)
{
    enum status st = load_sources(s, e);
    if (st == ST_OK)
        st = read_finds(s, e);
    if (st == ST_OK)
        read_set(s);
    return st;
}

enum status session_settle_load(struct session *s, struct err *e)
{
    clear_kit(s);
    session_forget_changes(s);
    enum status st = catalog_each_current(s->catalog, load_kit_change, s, e);
    s->version.state++;
    session_finds_changed(s);
    return st;
}
