/* What the user said in a file of decisions, for `curate`. */
#include "core/curate_internal.h"

#include "core/journal.h"
#include "io/paths.h"

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

struct heeding {
    struct curate_find **by_name; /* the finds, by file name */
    size_t count, unknown, of_kit;
};

static int name_order(const void *a, const void *b)
{
    const struct curate_find *x = *(struct curate_find *const *)a,
                             *y = *(struct curate_find *const *)b;
    int order = strcmp(x->c.filename, y->c.filename);
    return order != 0 ? order : x < y ? -1 : x > y;
}

/* With this name and id; of two the last one, as the later word counts. id 0: a bare
 * name, which names none where two files have it. */
static struct curate_find *find(const struct heeding *h, const char *name, uint64_t id)
{
    struct curate_find *found = NULL;
    size_t low = 0, high = h->count, found_count = 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(h->by_name[middle]->c.filename, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < h->count && strcmp(h->by_name[low]->c.filename, name) == 0; low++)
        if (id == 0 || h->by_name[low]->id == id) {
            found = h->by_name[low];
            found_count++;
        }
    return id != 0 || found_count == 1 ? found : NULL;
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
    const char *name = c->candidate != 0 ? path_base(path) : path;
    struct curate_find *found = find(h, name, c->candidate);
    if (found != NULL)
        say(found, c);
    else
        h->unknown++;
    return ST_OK;
}

static enum status index_finds(struct heeding *h, struct curate_pool *pool, struct err *e)
{
    h->count = pool->count;
    h->by_name = malloc((pool->count + 1) * sizeof *h->by_name);
    if (h->by_name == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for %zu finds", pool->count);
    for (size_t i = 0; i < pool->count; i++)
        h->by_name[i] = &pool->item[i];
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
