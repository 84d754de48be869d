/* What the user said in a file of decisions, for `curate`. */
#include "core/curate_internal.h"

#include "core/journal.h"

#include <stdlib.h>
#include <string.h>

static void say(struct curate_find *f, const struct change *c)
{
    struct catalog_find said = {.c = f->c, .category = f->category, .edited = f->edited};
    if (c->field == FIELD_DECISION && c->value[0] == '\0')
        said.c.decision = DECISION_NONE;
    else if (c->field == FIELD_RATING && c->value[0] == '\0')
        said.c.rating = 0;
    else if (c->field == FIELD_CATEGORY && c->value[0] == '\0')
        said.category = kind_category(f->c.kind);
    else
        catalog_overlay(&said, c->field, c->value);
    f->c = said.c;
    f->category = said.category;
    f->edited = said.edited;
}

/* The finds by id, and by file name. */
struct heeding {
    struct curate_find **by_id, **by_name;
    size_t count, unknown, of_kit;
};

static int id_order(const void *a, const void *b)
{
    const struct curate_find *x = *(struct curate_find *const *)a,
                             *y = *(struct curate_find *const *)b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return x < y ? -1 : x > y; /* of two the last is meant */
}

static int name_order(const void *a, const void *b)
{
    const struct curate_find *x = *(struct curate_find *const *)a,
                             *y = *(struct curate_find *const *)b;
    return strcmp(x->c.filename, y->c.filename);
}

/* With this id; of two the last one, as the later word counts. */
static struct curate_find *find_id(const struct heeding *h, uint64_t id)
{
    size_t low = 0, high = h->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (h->by_id[middle]->id <= id)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && h->by_id[low - 1]->id == id ? h->by_id[low - 1] : NULL;
}

/* A bare name that two files have names none of them. */
static struct curate_find *find_name(const struct heeding *h, const char *name)
{
    size_t low = 0, high = h->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(h->by_name[middle]->c.filename, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool there = low < h->count && strcmp(h->by_name[low]->c.filename, name) == 0;
    bool twice = low + 1 < h->count && strcmp(h->by_name[low + 1]->c.filename, name) == 0;
    return there && !twice ? h->by_name[low] : NULL;
}

static enum status heed_one(void *user, const struct change *c, const char *path,
                            struct err *e)
{
    struct heeding *h = user;
    (void)e;
    if (event_subject(c->field) != SUBJECT_CANDIDATE) {
        h->of_kit++;
        return ST_OK;
    }
    struct curate_find *found =
        c->candidate != 0 ? find_id(h, c->candidate) : find_name(h, path);
    if (found != NULL)
        say(found, c);
    else
        h->unknown++;
    return ST_OK;
}

static enum status index_finds(struct heeding *h, struct curate_pool *pool, struct err *e)
{
    h->count = pool->count;
    h->by_id = malloc((pool->count + 1) * sizeof *h->by_id);
    h->by_name = malloc((pool->count + 1) * sizeof *h->by_name);
    if (h->by_id == NULL || h->by_name == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for %zu finds", pool->count);
    for (size_t i = 0; i < pool->count; i++)
        h->by_id[i] = h->by_name[i] = &pool->item[i];
    qsort(h->by_id, h->count, sizeof *h->by_id, id_order);
    qsort(h->by_name, h->count, sizeof *h->by_name, name_order);
    return ST_OK;
}

enum status curate_heed(struct curate_pool *pool, struct err *e)
{
    struct heeding h = {0};
    struct journal_report report = {0};
    const struct log *log = job_log(pool->job->ctx);
    if (pool->job->decisions == NULL)
        return ST_OK;
    enum status st = index_finds(&h, pool, e);
    if (st == ST_OK)
        st = journal_read(pool->job->decisions, heed_one, &h, &report, e);
    free(h.by_id);
    free(h.by_name);
    if (st != ST_OK)
        return st;
    if (report.bad > 0)
        log_write(log, LOG_WARNING, "%s", report.first_bad.msg);
    if (h.unknown > 0)
        log_write(log, LOG_WARNING, "%zu decision%s about sounds that are not here",
                  h.unknown, h.unknown == 1 ? " is" : "s are");
    if (h.of_kit > 0)
        log_write(log, LOG_WARNING,
                  h.of_kit == 1
                      ? "%zu line of %s is about the kit and is not used here; index "
                        "--decisions adds it to the project, where format uses it"
                      : "%zu lines of %s are about the kit and are not used here; index "
                        "--decisions adds them to the project, where format uses them",
                  h.of_kit, pool->job->decisions);
    return ST_OK;
}
