#include "core/process.h"

#include "core/clock.h"
#include "core/project_list.h"
#include "io/content_hash.h"
#include "io/soundfile.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TICK_MS = 200 };

struct task {
    struct run *run;
    const struct source_file *file;
    const struct recipe *recipe;
    struct find_list finds;
    double audio_s, took_s;
    bool skipped;
    bool waits; /* tried before, and another run was at work on it */
};

struct run {
    const struct process_job *job;
    struct process_result *result;
    struct project project;
    struct recipe recipe[PROCESS_INPUTS_MAX]; /* one an input */
    struct source_list sources;               /* of all inputs */
    size_t first[PROCESS_INPUTS_MAX + 1];     /* input i: [first[i], first[i + 1]) */
    struct jobs *jobs;
    size_t total;      /* sources of this shard */
    double no_work;    /* so much was none: done before, or asked for again */
    size_t refused;    /* mined before from another version of the recording */
    enum status worst; /* what ends the run early, and its error */
    struct err error;
};

/* --- workers --- */

/* Finished by an earlier run, from the same bytes? */
static enum status is_done(const struct task *t, bool *done, struct err *e)
{
    struct catalog_source on_record;
    const struct run *r = t->run;
    bool known;
    *done = false;
    enum status st = project_source(&r->project, t->file->stem, &on_record, &known, e);
    if (st != ST_OK || !known || on_record.failed ||
        on_record.recipe_hash != t->recipe->hash)
        return st;
    uint64_t hash;
    st = content_hash_file(t->file->path, &hash, e);
    if (st != ST_OK)
        return st;
    if (hash != on_record.content_hash)
        return err_set(e, ST_EXISTS, "%s has changed since it was processed",
                       t->file->path);
    *done = true;
    return ST_OK;
}

/* A run that was killed just then left the list of announced names: it goes. */
static enum status already_done(const struct task *t, bool *done, struct err *e)
{
    enum status st = is_done(t, done, e);
    return st == ST_OK && *done
               ? project_forget(&t->run->project, t->file->stem, ".begun", e)
               : st;
}

static enum status try_once(struct task *t, const struct job_context *ctx, struct err *e)
{
    enum status st = already_done(t, &t->skipped, e);
    if (st != ST_OK || t->skipped)
        return st;
    struct source_job job = {&t->run->project, t->recipe, t->file, NULL, NULL};
    st = process_source(&job, ctx, &t->finds, &t->audio_s, e);
    if (st != ST_EXISTS)
        return st;
    struct err unused; /* completed by another run between the two looks */
    already_done(t, &t->skipped, &unused);
    return t->skipped ? ST_OK : st;
}

static enum status work(void *arg, const struct job_context *ctx, struct err *e)
{
    struct task *t = arg;
    double began = clock_s();
    enum status st = try_once(t, ctx, e);
    /* Another run is at work on it, and it is queued behind all others already: wait
     * until that run has finished it, or has ended without. */
    for (bool told = false; st == ST_BUSY && t->waits; told = true) {
        struct timespec nap = {.tv_nsec = 50000000};
        if (!told)
            log_write(ctx->log, LOG_INFO, "%s: waiting, another trowel is at work on it",
                      t->file->relative);
        nanosleep(&nap, NULL);
        st = job_go_on(ctx, e);
        if (st == ST_OK)
            st = try_once(t, ctx, e);
    }
    t->took_s = clock_s() - began;
    return st;
}

static size_t finished(const struct process_result *r)
{
    return r->done + r->skipped + r->failed;
}

static void stop(struct run *r, enum status st, const struct err *why)
{
    if (r->worst == ST_OK) {
        r->worst = st;
        r->error = *why;
    }
    jobs_cancel(r->jobs, 0);
}

static void queue(struct task *t);

static void done(void *arg, enum status st, const struct err *e)
{
    struct task *t = arg;
    struct run *r = t->run;
    if (st == ST_BUSY && r->worst == ST_OK) {
        t->waits = true; /* all that no other run is at work on come first */
        r->no_work += process_work(t->recipe, t->file);
        queue(t);
        return;
    }
    if (st != ST_OK && r->worst != ST_OK)
        st = ST_CANCELLED; /* what has ended is told by one failure */
    struct news news = {.source = t->file->relative, .total = r->total};
    if (st == ST_OK) {
        news.kind = t->skipped ? NEWS_SKIPPED : NEWS_DONE;
        news_of_finds(&news, &t->finds);
        news.audio_s = t->audio_s;
        news.took_s = t->took_s;
        r->result->audio_s += t->audio_s;
        *(t->skipped ? &r->result->skipped : &r->result->done) += 1;
        r->no_work += t->skipped ? process_work(t->recipe, t->file) : 0;
        reporter_tell_finds(r->job->reporter, news.source, &t->finds);
    } else if (st != ST_CANCELLED) {
        news.kind = NEWS_FAILED;
        news.text = e->msg;
        r->result->failed++;
    }
    news.index = finished(r->result);
    /* What ends the run is told once, at its end. */
    bool ends = st == ST_DISK || (st != ST_OK && r->job->strict);
    if (st != ST_CANCELLED && !ends)
        reporter_tell(r->job->reporter, &news);
    r->refused += st == ST_EXISTS;
    if (ends)
        stop(r, st, e);
    find_list_done(&t->finds);
    free(t);
}

static void queue(struct task *t)
{
    struct job_spec spec = {
        .work = work, .done = done, .arg = t, .weight = process_work(t->recipe, t->file)};
    snprintf(spec.title, sizeof spec.title, "%.90s", t->file->stem);
    jobs_submit(t->run->jobs, &spec);
}

static const struct recipe *recipe_of(const struct run *r, size_t source)
{
    size_t i = 0;
    while (source >= r->first[i + 1])
        i++;
    return &r->recipe[i];
}

static enum status submit(struct run *r, size_t source, struct err *e)
{
    const struct source_file *file = &r->sources.items[source];
    struct task *t = calloc(1, sizeof *t);
    if (!t)
        return err_set(e, ST_NO_MEMORY, "no memory for %s", file->relative);
    t->run = r;
    t->file = file;
    t->recipe = recipe_of(r, source);
    queue(t);
    return ST_OK;
}

/* --- the owner's side --- */

static bool in_shard(const struct process_job *job, size_t index)
{
    return (int)(index % (size_t)job->shard_count) == job->shard_index - 1;
}

static bool interrupted(const struct process_job *job)
{
    return job->interrupted && atomic_load(job->interrupted);
}

static void tick(struct run *r)
{
    double asked, over, none = r->no_work;
    jobs_work(r->jobs, &asked, &over);
    reporter_tell(
        r->job->reporter,
        &(struct news){.kind = NEWS_TICK,
                       .index = finished(r->result),
                       .total = r->total,
                       .fraction = asked > none ? (over - none) / (asked - none) : 1});
}

/* Does anything run or wait? Delivering the last result may queue its source again (done:
 * ST_BUSY). */
static bool goes_on(struct run *r)
{
    while (jobs_active(r->jobs) == 0)
        if (jobs_deliver(r->jobs) == 0)
            return false;
    return true;
}

static void wait_for_all(struct run *r)
{
    struct pollfd fds[2] = {{.fd = jobs_fd(r->jobs), .events = POLLIN},
                            {.fd = r->job->wake_fd, .events = POLLIN}};
    bool told = false;
    while (goes_on(r)) {
        poll(fds, r->job->wake_fd >= 0 && !told ? 2 : 1, TICK_MS);
        jobs_deliver(r->jobs);
        if (interrupted(r->job) && !told) {
            struct err why;
            err_set(&why, ST_CANCELLED,
                    "interrupted; the same command continues from here");
            stop(r, ST_CANCELLED, &why);
            told = true;
        }
        if (r->worst == ST_OK) /* else what is given up would count as done */
            tick(r);
    }
}

static enum status other_recipe(const struct run *r, struct err *e)
{
    char other[RECIPE_OTHER_BYTES];
    process_tell_other(&r->project, &r->recipe[0], r->job->one_recipe, other);
    return err_set(e, ST_EXISTS, "%s was made with %s; --force starts afresh, %s",
                   r->project.root.path, other,
                   r->project.flat ? "another folder keeps it"
                                   : "--project_name begins another");
}

/* Whoever is at work has written down by what, before there is anything on record:
 * ST_BUSY where that is another recipe. */
static enum status check_at_work(const struct run *r, struct err *e)
{
    struct recipe theirs = {0};
    struct config cfg;
    char other[RECIPE_OTHER_BYTES];
    if (!r->job->one_recipe || project_config(&r->project, &cfg, NULL) != ST_OK ||
        project_stages(&r->project, &theirs, NULL) != ST_OK || theirs.stages == 0 ||
        recipe_init(&theirs, &cfg, NULL) != ST_OK || theirs.hash == r->recipe[0].hash ||
        project_check_idle(&r->project, NULL) != ST_BUSY)
        return ST_OK;
    process_tell_other(&r->project, &r->recipe[0], r->job->one_recipe, other);
    return err_set(e, ST_BUSY,
                   "another trowel is at work in %s with %s; let it end, or "
                   "--project_name begins another",
                   r->project.root.path, other);
}

/* ST_EXISTS when a source of this run was mined by another recipe before. */
static enum status check_sources(const struct run *r, struct err *e)
{
    enum status st = ST_OK;
    for (size_t i = 0; i < r->sources.count && st == ST_OK; i++) {
        struct catalog_source on_record;
        bool known;
        st = project_source(&r->project, r->sources.items[i].stem, &on_record, &known, e);
        if (st == ST_OK && known && !on_record.failed &&
            on_record.recipe_hash != recipe_of(r, i)->hash)
            return other_recipe(r, e);
    }
    return st;
}

/* As check_sources; where one recipe makes the whole project, for all that is on record,
 * also of recordings that are not in the folder any more. */
static enum status check_recipes(const struct run *r, struct err *e)
{
    bool only;
    if (!r->job->one_recipe)
        return check_sources(r, e);
    enum status st = project_is_of(&r->project, r->recipe[0].hash, &only, e);
    if (st == ST_OK && !only)
        return other_recipe(r, e);
    return st == ST_OK ? check_at_work(r, e) : st;
}

static enum status run_sources(struct run *r, struct err *e)
{
    enum status st = jobs_new(&r->jobs, r->job->jobs, r->job->log, e);
    if (st != ST_OK)
        return st;
    for (size_t i = 0; i < r->sources.count && st == ST_OK; i++)
        if (in_shard(r->job, i))
            st = submit(r, i, e);
    if (st != ST_OK)
        jobs_cancel(r->jobs, 0);
    wait_for_all(r);
    jobs_free(r->jobs);
    if (st == ST_OK && r->worst != ST_OK)
        return err_set(e, r->worst, "%s", r->error.msg);
    return st;
}

/* A flat folder may hold what was made of other sources, a project what other shards made
 * by this recipe: those stay. */
static enum status clear(const struct run *r, struct err *e)
{
    bool others = r->project.flat;
    enum status st = ST_OK;
    if (!others && r->job->shard_count > 1)
        st = project_is_of(&r->project, r->recipe[0].hash, &others, e);
    if (st == ST_OK && !others)
        return project_clear(&r->project, r->job->log, e);
    if (st == ST_OK)
        st = check_at_work(r, e);
    for (size_t i = 0; i < r->sources.count && st == ST_OK; i++)
        if (in_shard(r->job, i))
            st = project_clear_source(&r->project, r->sources.items[i].stem, r->job->log,
                                      e);
    return st;
}

static enum status make_recipes(struct run *r, const struct config *cfg, struct err *e)
{
    enum status st = ST_OK;
    for (size_t i = 0; i < r->job->input_count && st == ST_OK; i++) {
        r->recipe[i].stages = r->job->inputs[i].stages;
        r->recipe[i].whole_pads = r->job->inputs[i].whole_pads;
        r->recipe[i].hiss = r->job->hiss;
        r->recipe[i].mix_db = r->job->mix_db;
        st = recipe_init(&r->recipe[i], cfg, e);
    }
    r->result->seed = cfg->reproducibility.random_seed.value;
    return st;
}

static enum status settle(struct run *r, struct config *cfg, struct err *e)
{
    const struct process_job *job = r->job;
    struct settling turn = {
        .project = &r->project, .cancelled = job->interrupted, .log = job->log};
    /* A shard takes the seed on record even with --force: all need the same one. */
    bool afresh = job->force && job->shard_count <= 1;
    enum status st = process_begin_settling(&turn, cfg, afresh, e);
    if (st != ST_OK)
        return st;
    root_clean(&r->project.root);
    st = make_recipes(r, cfg, e);
    if (st == ST_OK)
        st = job->force ? clear(r, e) : check_recipes(r, e);
    /* The effective config names the recordings' folder: the workstation reads it. */
    struct recipe *first = &r->recipe[0];
    snprintf(first->cfg.paths.source_audio_dir, sizeof first->cfg.paths.source_audio_dir,
             "%s", job->inputs[0].dir);
    return process_end_settling(&turn, first, st, e);
}

static enum status prepare(struct run *r, struct config *cfg, struct err *e)
{
    const struct process_job *job = r->job;
    enum status st =
        job->flat_dir ? project_open_flat(&r->project, job->flat_dir, e)
                      : project_open(&r->project, job->export_root, job->project_name, e);
    if (st == ST_OK)
        st = project_check_place(&r->project, e);
    return st == ST_OK ? settle(r, cfg, e) : st;
}

static enum status verdict(const struct run *r, struct err *e)
{
    if (r->refused > 0)
        return err_set(e, ST_EXISTS,
                       "%zu of %zu sources %s mined from an earlier version of the "
                       "recording; :mine NAME in the workstation mines one again, "
                       "--force all",
                       r->refused, r->total, r->refused == 1 ? "was" : "were");
    if (r->result->failed > 0)
        return err_set(e, ST_SOURCES_FAILED, "%zu of %zu sources %s", r->result->failed,
                       r->total, r->job->dry_run ? "would fail" : "failed");
    return ST_OK;
}

static enum status excavate(struct run *r, struct err *e)
{
    struct config cfg = *r->job->cfg;
    enum status st = prepare(r, &cfg, e);
    if (st == ST_OK) {
        st = run_sources(r, e);
        struct err assembling;
        const struct assemble_more more = {.log = r->job->log};
        enum status joined =
            project_assemble(&r->project, &more, &r->result->totals, &assembling);
        if (joined != ST_OK && (st == ST_OK || st == ST_CANCELLED))
            st = err_set(e, joined, "%s", assembling.msg);
    }
    project_done(&r->project);
    return st == ST_OK ? verdict(r, e) : st;
}

/* Is there an option to look into the folders below as well? */
static bool could_recurse(const struct process_job *job, const struct process_input *from)
{
    return !job->recursive && !job->flat_dir && from->named_by &&
           strcmp(from->named_by, "--input_dir") == 0;
}

static enum status find_input(struct run *r, const struct process_input *input,
                              struct err *e)
{
    const struct process_job *job = r->job;
    struct source_list found;
    char kits[PATH_BYTES];
    snprintf(kits, sizeof kits, "%s/kits", job->flat_dir ? "" : job->export_root);
    struct discover_options options = {
        .recursive = job->recursive,
        .skip_projects = true,
        .skip = {job->flat_dir ? job->flat_dir : job->export_root,
                 job->flat_dir ? NULL : kits},
        .cancelled = job->interrupted};
    enum status st = discover(&found, input->dir, &options, e);
    if (st == ST_NOT_FOUND && input->optional) {
        log_write(job->log, LOG_WARNING, "%s (%s) does not exist; skipped", input->dir,
                  input->named_by);
        return ST_OK;
    }
    if (st == ST_NOT_FOUND)
        return err_set(e, st, "%s does not exist; %s says where to look", input->dir,
                       input->named_by);
    if (st != ST_OK)
        return st;
    char missed[2 * PATH_BYTES];
    if (source_list_missed(&found, input->dir, missed, sizeof missed))
        log_write(job->log, LOG_WARNING, "%s", missed);
    if (found.folders_below && found.count && could_recurse(job, input))
        log_write(job->log, LOG_INFO,
                  "%zu folder%s in %s %s not searched; --recursive searches subfolders",
                  found.folders_below, found.folders_below == 1 ? "" : "s", input->dir,
                  found.folders_below == 1 ? "is" : "are");
    st = source_list_join(&r->sources, &found, e);
    source_list_done(&found);
    return st;
}

void process_place(char out[PATH_BYTES], const struct process_job *job)
{
    if (job->flat_dir)
        snprintf(out, PATH_BYTES, "%s", job->flat_dir);
    else
        snprintf(out, PATH_BYTES, "%s/%s", job->export_root, job->project_name);
}

/* What an earlier run mined keeps its name. */
static enum status keep_stems(struct run *r, struct err *e)
{
    char place[PATH_BYTES];
    struct project there;
    process_place(place, r->job);
    if (project_open_folder(&there, place, NULL) != ST_OK)
        return ST_OK;
    enum status st =
        project_keep_stems(&there, &r->sources, r->job->force && !r->job->flat_dir, e);
    project_done(&there);
    return st;
}

static enum status find_sources(struct run *r, struct err *e)
{
    const struct process_job *job = r->job;
    enum status st = ST_OK;
    for (size_t i = 0; i < job->input_count && st == ST_OK; i++) {
        st = find_input(r, &job->inputs[i], e);
        r->first[i + 1] = r->sources.count;
    }
    if (st == ST_OK)
        st = keep_stems(r, e);
    if (st != ST_OK)
        return st;
    for (size_t i = 0; i < r->sources.count; i++)
        r->total += in_shard(job, i);
    r->result->sources = r->total;
    if (r->sources.count > 0)
        return ST_OK;
    const struct process_input *first = &job->inputs[0];
    if (job->input_count > 1)
        return err_set(e, ST_SOURCES_FAILED,
                       "none of the folders that the config names (paths) holds "
                       "recordings");
    return err_set(e, ST_SOURCES_FAILED, "%s holds no recordings%s", first->dir,
                   could_recurse(job, first) ? " (--recursive looks below it too)" : "");
}

static void tell_plan(const struct run *r)
{
    char where[PATH_BYTES];
    process_place(where, r->job);
    reporter_tell(r->job->reporter,
                  &(struct news){.kind = NEWS_PLAN, .total = r->total, .text = where});
}

/* Reports what mining one source would do; `there`: the project exists. */
static void rehearse_source(struct run *r, size_t i, bool there)
{
    struct err why;
    struct soundfile *sound = NULL;
    struct task t = {.run = r, .file = &r->sources.items[i], .recipe = recipe_of(r, i)};
    enum status st = there ? is_done(&t, &t.skipped, &why) : ST_OK;
    if (st == ST_OK && !t.skipped)
        st = soundfile_open(&sound, t.file->path, &why);
    soundfile_close(sound);
    struct news news = {.kind = st == ST_OK ? NEWS_PLAN : NEWS_FAILED,
                        .source = t.file->relative,
                        .text = st == ST_OK ? t.file->stem : why.msg,
                        .done_before = t.skipped};
    r->result->skipped += t.skipped;
    r->result->failed += st != ST_OK;
    r->refused += st == ST_EXISTS;
    reporter_tell(r->job->reporter, &news);
}

/* --dry_run: writes nothing, and refuses or skips what a run would. */
static enum status rehearse(struct run *r, struct err *e)
{
    struct config cfg = *r->job->cfg;
    char place[PATH_BYTES];
    enum status st = ST_OK;
    process_place(place, r->job);
    bool there = project_open_folder(&r->project, place, NULL) == ST_OK;
    bool goes_on = there && !r->job->force;
    if (there) {
        r->project.flat = r->job->flat_dir != NULL;
        st = project_check_place(&r->project, e);
    }
    if (goes_on && st == ST_OK) {
        process_settle_seed(&cfg, &r->project, false);
        st = make_recipes(r, &cfg, e);
        if (st == ST_OK)
            st = check_recipes(r, e);
    }
    for (size_t i = 0; i < r->sources.count && st == ST_OK; i++)
        if (in_shard(r->job, i))
            rehearse_source(r, i, goes_on);
    if (there)
        project_done(&r->project);
    return st == ST_OK ? verdict(r, e) : st;
}

enum status process_run(const struct process_job *job, struct process_result *result,
                        struct err *e)
{
    *result = (struct process_result){0};
    double began = clock_s();
    struct run r = {.job = job, .result = result};
    enum status st = job->flat_dir ? ST_OK : project_check_name(job->project_name, e);
    if (st == ST_OK)
        st = find_sources(&r, e);
    if (st == ST_OK) {
        tell_plan(&r);
        st = job->dry_run ? rehearse(&r, e) : excavate(&r, e);
    }
    source_list_done(&r.sources);
    result->wall_s = clock_s() - began;
    return st;
}
