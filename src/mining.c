#include "mining.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One request; freed when its last job has been delivered. */
struct batch_of_jobs {
    struct mining_place place;
    struct recipe recipe;
    struct source_list sources;
    struct app_reply reply;
    size_t waiting, done, failed, cancelled, finds;
    bool submitting;
};

struct task {
    struct batch_of_jobs *all;
    const struct source_file *file;
    bool clear; /* what an earlier recipe wrote goes first */
    struct find_list finds;
};

static void free_all(struct batch_of_jobs *b)
{
    source_list_done(&b->sources);
    free(b);
}

static void answer(struct batch_of_jobs *b, enum status st, const char *sentence)
{
    if (b->reply.done)
        b->reply.done(b->reply.to, st, sentence, NULL);
}

/* --- joining, when the last source is done --- */

static enum status join(void *arg, const struct job_context *ctx, struct err *e)
{
    struct batch_of_jobs *b = arg;
    (void)ctx;
    return project_assemble(b->place.project, NULL, NULL, e);
}

static void joined(void *arg, enum status st, const struct err *e)
{
    struct batch_of_jobs *b = arg;
    char sentence[160], failed[64] = "";
    session_poll(b->place.session);
    if (b->failed > 0)
        snprintf(failed, sizeof failed, "; %zu failed, w says why", b->failed);
    if (st != ST_OK)
        snprintf(sentence, sizeof sentence, "%.150s", e->msg);
    else
        snprintf(sentence, sizeof sentence, "mined %zu recording%s: %zu finds%s", b->done,
                 b->done == 1 ? "" : "s", b->finds, failed);
    answer(b, st, sentence);
    free_all(b);
}

static void finish(struct batch_of_jobs *b)
{
    struct job_spec spec = {.title = "manifest and catalog",
                            .work = join,
                            .done = joined,
                            .arg = b,
                            .again = "mine"};
    jobs_submit(b->place.jobs, &spec);
}

/* --- one source --- */

/* Some finds on their way to the owner's thread: so few that keys do not wait for them.
 */
struct parcel {
    struct session *session;
    struct catalog_source source;
    struct find_list finds;
};

enum { PARCEL_FINDS = 12 };

static void unpack(void *arg)
{
    struct parcel *p = arg;
    struct err unused;
    session_add(p->session, &p->source, p->finds.at, p->finds.count, p->finds.vectors,
                &unused);
    find_list_done(&p->finds);
    free(p);
}

/* Worker's thread. False: no memory, it was not sent. */
static bool send_parcel(const struct task *t, const struct catalog_source *source,
                        const struct find_list *finds)
{
    struct parcel *p = calloc(1, sizeof *p);
    if (!p)
        return false;
    p->session = t->all->place.session;
    p->source = *source;
    if (find_list_append(&p->finds, finds, NULL) == ST_OK &&
        jobs_post(t->all->place.jobs, unpack, p))
        return true;
    find_list_done(&p->finds);
    free(p);
    return false;
}

/* What a stage found. */
static void send_found(void *user, const struct catalog_source *source,
                       const struct find_list *finds, size_t first)
{
    const struct task *t = user;
    for (size_t at = first; at < finds->count; at += PARCEL_FINDS) {
        size_t rest = finds->count - at;
        struct find_list some = {.at = finds->at + at,
                                 .vectors = finds->vectors + at * SIMILARITY_DIM,
                                 .traces = finds->traces + at,
                                 .count = rest < PARCEL_FINDS ? rest : PARCEL_FINDS};
        if (!send_parcel(t, source, &some))
            return; /* no loss: they come again when the source is done */
    }
}

static enum status work(void *arg, const struct job_context *ctx, struct err *e)
{
    struct task *t = arg;
    const struct project *p = t->all->place.project;
    const struct process_watch watch = {send_found, t};
    enum status st =
        t->clear ? project_clear_source(p, t->file->stem, ctx->log, e) : ST_OK;
    if (st == ST_OK)
        st = process_source(p, &t->all->recipe, t->file, ctx, &watch, &t->finds, NULL, e);
    struct catalog_source source;
    if (t->finds.count > 0 && st != ST_CANCELLED &&
        project_record(p, t->file->stem, &source, NULL, NULL) == ST_OK)
        send_found(t, &source, &t->finds, 0); /* as they are on record */
    return st;
}

static void deliver(struct task *t, enum status st, const struct err *e)
{
    struct batch_of_jobs *b = t->all;
    struct catalog_source source;
    struct err unused;
    if (project_record(b->place.project, t->file->stem, &source, NULL, &unused) !=
        ST_OK) {
        source = (struct catalog_source){.failed = true};
        snprintf(source.stem, sizeof source.stem, "%s", t->file->stem);
        snprintf(source.path, sizeof source.path, "%s", t->file->relative);
        snprintf(source.note, sizeof source.note, "%.255s",
                 st == ST_OK ? "" : path_below(e->msg, b->place.input_dir));
    }
    session_keep_only(b->place.session, &source, t->finds.at, t->finds.count, &unused);
}

/* "sad: 12 pads, 5 swells, 3 near-misses" */
static void log_found(const struct task *t)
{
    size_t of[CAT_COUNT] = {0}, missed = 0;
    char text[200] = "";
    size_t n = 0;
    for (size_t i = 0; i < t->finds.count; i++) {
        const struct candidate *c = &t->finds.at[i];
        of[kind_category(c->kind)] += !c->missed_by[0];
        missed += c->missed_by[0] != 0;
    }
    for (int c = 0; c < CAT_COUNT && n < sizeof text; c++)
        if (of[c] > 0)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%zu %s", n ? ", " : "",
                                  of[c], category_folder((enum category)c));
    log_write(t->all->place.log, LOG_INFO, "%s: %s; %zu near-misses", t->file->relative,
              n ? text : "nothing found", missed);
}

static void log_end(const struct task *t, enum status st, const struct err *e)
{
    const struct log *log = t->all->place.log;
    if (st == ST_OK)
        log_found(t);
    else if (st == ST_CANCELLED)
        log_write(log, LOG_WARNING, "%s: cancelled", t->file->relative);
    else
        log_write(log, LOG_ERROR, "%s", path_below(e->msg, t->all->place.input_dir));
}

static void done(void *arg, enum status st, const struct err *e)
{
    struct task *t = arg;
    struct batch_of_jobs *b = t->all;
    log_end(t, st, e);
    if (st == ST_CANCELLED)
        b->cancelled++;
    else
        deliver(t, st, e);
    b->done += st == ST_OK;
    b->failed += st != ST_OK && st != ST_CANCELLED;
    for (size_t i = 0; i < t->finds.count; i++)
        b->finds += !t->finds.at[i].missed_by[0];
    find_list_done(&t->finds);
    free(t);
    if (--b->waiting == 0 && !b->submitting)
        finish(b);
}

/* Does this one need mining, and must something go first? */
static bool wanted(const struct batch_of_jobs *b, const struct source_file *file,
                   const struct mine_request *r, bool *clear)
{
    struct catalog_source on_record;
    *clear = false;
    if (r->source && strcmp(r->source, file->stem) != 0)
        return false;
    if (project_record(b->place.project, file->stem, &on_record, NULL, NULL) != ST_OK)
        return true;
    bool current = !on_record.failed && on_record.recipe_hash == b->recipe.hash;
    *clear = true;
    return r->force || (r->source ? !current : on_record.failed);
}

static enum status submit_all(struct batch_of_jobs *b, const struct mine_request *r,
                              struct err *e)
{
    b->submitting = true;
    for (size_t i = 0; i < b->sources.count; i++) {
        bool clear;
        if (!wanted(b, &b->sources.items[i], r, &clear))
            continue;
        struct task *t = calloc(1, sizeof *t);
        if (!t)
            break;
        *t = (struct task){.all = b, .file = &b->sources.items[i], .clear = clear};
        struct job_spec spec = {.work = work, .done = done, .arg = t};
        snprintf(spec.title, sizeof spec.title, "mine %.80s", t->file->stem);
        snprintf(spec.again, sizeof spec.again, "mine %.96s", t->file->stem);
        b->waiting++;
        jobs_submit(b->place.jobs, &spec);
    }
    b->submitting = false;
    if (b->waiting > 0) {
        log_write(b->place.log, LOG_INFO, "mining %zu recording%s from %s", b->waiting,
                  b->waiting == 1 ? "" : "s", b->place.input_dir);
        return ST_OK;
    }
    if (b->done + b->failed > 0) {
        finish(b);
        return ST_OK;
    }
    return b->sources.count == 0
               ? err_set(e, ST_NOTHING, "there are no recordings in %s",
                         b->place.input_dir)
               : err_set(e, ST_NOTHING, "every recording is mined already");
}

enum status mining_start(const struct mining_place *place,
                         const struct mine_request *request, struct app_reply reply,
                         struct err *e)
{
    struct batch_of_jobs *b = calloc(1, sizeof *b);
    if (!b)
        return err_set(e, ST_NO_MEMORY, "no memory to mine");
    b->place = *place;
    b->reply = reply;
    struct config cfg = *request->config;
    struct discover_options options = {
        .recursive = true, .skip_projects = true, .skip = {place->export_root}};
    process_settle_seed(&cfg, place->project, false);
    b->recipe.stages = STAGES_ALL;
    enum status st = recipe_init(&b->recipe, &cfg, e);
    if (st == ST_OK)
        st = discover(&b->sources, place->input_dir, &options, e);
    if (st == ST_OK)
        st = project_write_config(place->project, &cfg, e);
    if (st == ST_OK)
        st = submit_all(b, request, e);
    if (st != ST_OK)
        free_all(b);
    return st;
}
