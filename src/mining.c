#include "mining.h"

#include "core/project_list.h"
#include "io/content_hash.h"
#include "io/paths.h"
#include "io/text.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One request; freed when its last job has been delivered. */
struct batch_of_jobs {
    struct mining_place place;
    struct config cfg;
    char source[STEM_BYTES]; /* "" = all */
    char input_dir[PATH_BYTES];
    bool force, at_start, blank; /* blank: no source is known */
    struct recipe recipe;
    struct source_list sources;
    struct task *tasks;      /* one a source */
    bool join_due, going_on; /* some are being mined by an earlier request */
    bool not_begun;          /* some of those wait, and are this request's then */
    size_t changed;          /* are other recordings now than those on record */
    char changed_name[STEM_BYTES];
    size_t otherwise; /* were mined with other settings, or are, and stay as they are */
    size_t unusable;  /* failed before, and would again */
    int64_t may_read; /* bytes, to see that */
    struct app_reply reply;
    size_t waiting, done, failed, elsewhere, finds;
    /* The disk takes no more: why, and whether to begin another one is in vain. */
    struct err full;
    atomic_bool in_vain;
    struct stack_list stacks;
    struct project_totals totals; /* of all, when joined */
    bool submitting;
};

struct task {
    struct batch_of_jobs *all;
    const struct source_file *file;
    unsigned wish; /* CLEAR: what an earlier recipe wrote goes first */
    struct find_list finds;
};

enum { WANTED = 1, CLEAR = 2, UNDER_WAY = 4, READ_AT_START = 1 << 30 };

static void free_all(struct batch_of_jobs *b)
{
    source_list_done(&b->sources);
    free(b->tasks);
    free(b);
}

static void answer(struct batch_of_jobs *b, enum status st, const char *sentence)
{
    if (b->reply.done)
        b->reply.done(b->reply.to, st, sentence, NULL);
}

/* --- joining, when the last source is done ---
 *
 * The session has the finds already; what all of them together give are stacks and the
 * manifest. Only when another trowel worked on the project meanwhile the catalog is
 * written anew and read again. */

static void submit_join(struct batch_of_jobs *b,
                        enum status (*work)(void *, const struct job_context *,
                                            struct err *),
                        void (*done)(void *, enum status, const struct err *))
{
    struct job_spec spec = {.title = "manifest and stacks",
                            .work = work,
                            .done = done,
                            .arg = b,
                            .again = "mine"};
    jobs_submit(b->place.jobs, &spec);
}

/* What was under way went on with the settings that it began with. */
static void count_before(struct batch_of_jobs *b)
{
    struct catalog_source s;
    for (size_t i = 0; b->force && i < b->sources.count; i++)
        b->otherwise += (b->tasks[i].wish & UNDER_WAY) &&
                        project_record(b->place.project, b->sources.items[i].stem, &s,
                                       NULL, NULL) == ST_OK &&
                        s.recipe_hash != b->recipe.hash;
}

static enum status join(void *arg, const struct job_context *ctx, struct err *e)
{
    struct batch_of_jobs *b = arg;
    struct assemble_more more = {.ctx = ctx, .log = job_log(ctx), .stacks = &b->stacks};
    count_before(b);
    return project_assemble(b->place.project, &more, &b->totals, e);
}

static enum status publish(void *arg, const struct job_context *ctx, struct err *e)
{
    struct batch_of_jobs *b = arg;
    struct assemble_more more = {.ctx = ctx, .log = job_log(ctx)};
    return project_assemble(b->place.project, &more, NULL, e);
}

enum { ONLY_BYTES = STAGES_BYTES + 16 };

/* " for drums,silences only"; "" with all stages. */
static void tell_only(const struct batch_of_jobs *b, char to[ONLY_BYTES])
{
    char words[STAGES_BYTES];
    stages_tell(b->recipe.stages, words);
    if (b->recipe.stages == STAGES_ALL)
        to[0] = '\0';
    else
        snprintf(to, ONLY_BYTES, " for %s only", words);
}

static void say_twins(const struct batch_of_jobs *b, char *to, size_t n)
{
    char line[TWINS_BYTES];
    project_tell_twins(&b->totals, line, sizeof line);
    log_write(b->place.log, LOG_WARNING, "%s", line);
    snprintf(to, n, "; %zu the same as others, {jobs} says which", b->totals.twins);
}

static void all_done(void *arg, enum status st, const struct err *e)
{
    struct batch_of_jobs *b = arg;
    char sentence[440], failed[64] = "", elsewhere[64] = "", changed[64] = "";
    char otherwise[80] = "", twins[64] = "", only[ONLY_BYTES], finds[32];
    tell_only(b, only);
    if (b->totals.twins > 0)
        say_twins(b, twins, sizeof twins);
    if (b->otherwise > 0)
        snprintf(otherwise, sizeof otherwise,
                 "; %zu with other settings or version, :mine all", b->otherwise);
    if (b->changed > 0)
        snprintf(changed, sizeof changed, "; %zu changed, {jobs} says which", b->changed);
    if (b->failed + b->unusable > 0)
        snprintf(failed, sizeof failed, "; %zu failed, {jobs} says why",
                 b->failed + b->unusable);
    if (b->elsewhere > 0)
        snprintf(elsewhere, sizeof elsewhere, "; another trowel is at work on %zu",
                 b->elsewhere);
    if (b->full.code != ST_OK) {
        st = b->full.code;
        snprintf(sentence, sizeof sentence, "mining stopped: %.280s; {mine} continues it",
                 b->full.msg);
    } else if (st == ST_CANCELLED)
        snprintf(sentence, sizeof sentence, "mining cancelled; {mine} continues it");
    else if (st != ST_OK)
        snprintf(sentence, sizeof sentence, "%.150s", e->msg);
    else if (b->done + b->failed + b->elsewhere == 0)
        snprintf(sentence, sizeof sentence, "the manifest is up to date again%s",
                 changed);
    else if (b->done + b->failed == 0)
        snprintf(
            sentence, sizeof sentence,
            "another trowel is at work on %zu recording%s; the finds will appear here",
            b->elsewhere, b->elsewhere == 1 ? "" : "s");
    else
        snprintf(sentence, sizeof sentence,
                 "mined %zu recording%s%s: %s find%s%s%s%s%s%s", b->done,
                 b->done == 1 ? "" : "s", only, text_count(finds, sizeof finds, b->finds),
                 b->finds == 1 ? "" : "s", failed, elsewhere, changed, twins, otherwise);
    answer(b, st, sentence);
    free_all(b);
}

static void joined(void *arg, enum status st, const struct err *e)
{
    struct batch_of_jobs *b = arg;
    bool known = st != ST_OK || session_restack(b->place.session, b->stacks.ids,
                                                b->stacks.stack, b->stacks.count);
    stack_list_done(&b->stacks);
    if (known)
        all_done(b, st, e);
    else
        submit_join(b, publish, all_done); /* the screens follow what others write */
}

static void finish(struct batch_of_jobs *b)
{
    if (b->elsewhere > 0 && b->done + b->failed == 0)
        all_done(b, ST_OK, NULL); /* whoever is at work joins */
    else
        submit_join(b, join, joined);
}

/* --- one source --- */

/* Some finds on their way to the owner's thread: so few that no key waits for them. */
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
    if (find_list_append(&p->finds, finds) && jobs_post(t->all->place.jobs, unpack, p))
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
    struct catalog_source source;
    const struct project *p = t->all->place.project;
    const struct source_job one = {p, &t->all->recipe, t->file, send_found, t};
    if (atomic_load(&t->all->in_vain))
        return err_set(e, ST_CANCELLED, "%s: not begun", t->file->relative);
    enum status st =
        t->wish & CLEAR ? project_clear_source(p, t->file->stem, ctx->log, e) : ST_OK;
    if (st == ST_OK)
        st = process_source(&one, ctx, &t->finds, NULL, e);
    if (st == ST_EXISTS) /* another trowel completed it meanwhile */
        st = project_record(p, t->file->stem, &source, &t->finds, e);
    if (st == ST_DISK)
        atomic_store(&t->all->in_vain, true);
    if (st == ST_BUSY)
        st = err_set(e, st,
                     "another trowel is at work on %s; its finds come up here by "
                     "themselves",
                     t->file->relative);
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
    size_t of[CAT_COUNT] = {0}, missed = t->finds.count - find_list_real(&t->finds);
    char text[200] = "";
    size_t n = 0;
    for (size_t i = 0; i < t->finds.count; i++) {
        const struct candidate *c = &t->finds.at[i];
        of[kind_category(c->kind)] += !c->missed_by[0];
    }
    for (int c = 0; c < CAT_COUNT && n < sizeof text; c++)
        if (of[c] > 0)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%zu %s", n ? ", " : "",
                                  of[c], category_counted((enum category)c, of[c]));
    log_write(t->all->place.log, LOG_INFO, "%s: %s; %zu near-miss%s", t->file->relative,
              n ? text : "nothing found", missed, missed == 1 ? "" : "es");
}

static void log_end(const struct task *t, enum status st, const struct err *e)
{
    const struct log *log = t->all->place.log;
    if (st == ST_OK)
        log_found(t);
    else if (st == ST_CANCELLED && t->all->full.code == ST_OK)
        log_write(log, LOG_WARNING, "%s: cancelled", t->file->relative);
    else if (st == ST_CANCELLED)
        return; /* all of them for the reason that is told */
    else if (st == ST_BUSY)
        log_write(log, LOG_INFO, "%s", e->msg);
    else
        log_write(log, LOG_ERROR, "%s", path_below(e->msg, t->all->place.input_dir));
}

static void done(void *arg, enum status st, const struct err *e)
{
    struct task *t = arg;
    struct batch_of_jobs *b = t->all;
    log_end(t, st, e);
    if (st == ST_DISK && b->full.code == ST_OK)
        b->full = *e;
    if (st == ST_BUSY) /* whose finds come up when they are in the catalog */
        b->elsewhere++;
    else if (st != ST_CANCELLED)
        deliver(t, st, e);
    b->done += st == ST_OK;
    b->failed += st != ST_OK && st != ST_CANCELLED && st != ST_BUSY;
    b->finds += find_list_real(&t->finds);
    find_list_done(&t->finds);
    if (--b->waiting == 0 && !b->submitting)
        finish(b);
}

/* --- what is to be mined --- */

static void job_name(char *to, size_t n, const char *stem)
{
    snprintf(to, n, "mine %.96s", stem);
}

/* Another recording of the name, whose finds are not in it? It is read only when it was
 * written or put there since. */
static void note_change(struct batch_of_jobs *b, const struct source_file *file,
                        const struct catalog_source *on_record)
{
    uint64_t hash;
    if (!project_outdated(b->place.project, file->stem, file->path) ||
        file->bytes > b->may_read)
        return;
    b->may_read -= file->bytes;
    if (content_hash_file(file->path, &hash, NULL) != ST_OK ||
        hash == on_record->content_hash)
        return;
    if (b->changed++ == 0)
        snprintf(b->changed_name, sizeof b->changed_name, "%s", file->stem);
    log_write(b->place.log, LOG_WARNING,
              "%s has changed since it was mined; :mine %s mines it again",
              file->relative, file->stem);
}

static void note_failed(struct batch_of_jobs *b, const struct catalog_source *on_record)
{
    b->unusable++;
    log_write(b->place.log, LOG_WARNING, "%s",
              path_below(on_record->note, b->place.input_dir));
}

/* Does this one need mining, and must something go first? Worker's thread. */
static unsigned wanted(struct batch_of_jobs *b, const struct source_file *file)
{
    struct catalog_source on_record;
    char name[JOB_AGAIN_BYTES];
    const struct project *p = b->place.project;
    if (b->source[0] && strcmp(b->source, file->stem) != 0)
        return 0;
    job_name(name, sizeof name, file->stem);
    enum status known = project_record(p, file->stem, &on_record, NULL, NULL);
    if (jobs_pending(b->place.jobs, name)) {
        b->going_on = true;
        b->not_begun |= b->force && jobs_waiting(b->place.jobs, name);
        return known == ST_OK ? UNDER_WAY | CLEAR : UNDER_WAY;
    }
    if (known != ST_OK)
        return WANTED;
    bool current = !on_record.failed && on_record.recipe_hash == b->recipe.hash;
    /* one that failed fails again, unless it was asked for or is another file now */
    bool try_again =
        on_record.failed && (!b->at_start || project_outdated(p, file->stem, file->path));
    bool again = b->force || (b->source[0] ? !current : try_again);
    if (!again && on_record.failed)
        note_failed(b, &on_record);
    else if (!again)
        note_change(b, file, &on_record);
    b->otherwise += !again && !on_record.failed && !current;
    return again ? WANTED | CLEAR : 0;
}

/* By the settings of now, and the stages that the project was begun with. */
static enum status make_recipe(struct batch_of_jobs *b, struct err *e)
{
    enum status st = project_stages(b->place.project, &b->recipe, e);
    if (b->recipe.stages == 0)
        b->recipe.stages = STAGES_ALL;
    return st == ST_OK ? recipe_init(&b->recipe, &b->cfg, e) : st;
}

/* Another run may have settled on seed and stages since the look began. */
static enum status settle(struct batch_of_jobs *b, struct config_seed asked,
                          const struct job_context *ctx, struct err *e)
{
    struct settling turn = {
        .project = b->place.project, .cancelled = ctx->cancelled, .log = b->place.log};
    b->cfg.reproducibility.random_seed = asked;
    enum status st = process_begin_settling(&turn, &b->cfg, false, e);
    if (st != ST_OK)
        return st;
    st = make_recipe(b, e);
    return process_end_settling(&turn, &b->recipe, st, e);
}

static enum status look(void *arg, const struct job_context *ctx, struct err *e)
{
    struct batch_of_jobs *b = arg;
    struct discover_options options = {.recursive = true,
                                       .skip_projects = true,
                                       .skip = {b->place.export_root},
                                       .cancelled = ctx->cancelled};
    char missed[2 * PATH_BYTES];
    const struct config_seed asked = b->cfg.reproducibility.random_seed;
    process_settle_seed(&b->cfg, b->place.project, false);
    enum status st = make_recipe(b, e);
    if (st == ST_OK)
        st = discover(&b->sources, b->place.input_dir, &options, e);
    if (source_list_missed(&b->sources, b->place.input_dir, missed, sizeof missed))
        log_write(b->place.log, LOG_WARNING, "%s", missed);
    if (st == ST_OK)
        st = project_keep_stems(b->place.project, &b->sources, false, e);
    if (st == ST_OK && !(b->tasks = calloc(b->sources.count + 1, sizeof *b->tasks)))
        st = err_set(e, ST_NO_MEMORY, "no memory to mine");
    size_t any = 0;
    for (size_t i = 0; st == ST_OK && i < b->sources.count; i++) {
        struct task *t = &b->tasks[i];
        *t = (struct task){.all = b, .file = &b->sources.items[i]};
        t->wish = wanted(b, t->file);
        any += (t->wish & WANTED) != 0;
        if (job_cancelled(ctx))
            st = err_set(e, ST_CANCELLED, "mining cancelled");
    }
    if (st == ST_OK && (any > 0 || b->not_begun))
        st = settle(b, asked, ctx, e);
    b->join_due = st == ST_OK && any == 0 && project_join_due(b->place.project, b->blank);
    return st;
}

/* What was asked for with other settings and has not begun is this request's now. */
static void take_over(struct task *t)
{
    char name[JOB_AGAIN_BYTES];
    job_name(name, sizeof name, t->file->stem);
    const struct task *withdrawn = jobs_withdraw(t->all->place.jobs, name);
    if (!withdrawn)
        return;
    struct batch_of_jobs *of = withdrawn->all;
    t->wish = WANTED | (t->wish & CLEAR);
    if (--of->waiting > 0)
        return;
    if (of->done + of->failed + of->elsewhere > 0) {
        finish(of);
        return;
    }
    answer(of, ST_OK, "mining continues with the current settings");
    free_all(of);
}

static void submit_one(struct task *t)
{
    struct job_spec spec = {.work = work,
                            .done = done,
                            .arg = t,
                            .weight = process_work(&t->all->recipe, t->file),
                            .series = true};
    snprintf(spec.title, sizeof spec.title, "mine %.80s", t->file->stem);
    job_name(spec.again, sizeof spec.again, t->file->stem);
    t->all->waiting++;
    jobs_submit(t->all->place.jobs, &spec);
}

static void nothing_to_mine(struct batch_of_jobs *b)
{
    char sentence[400], *name = b->changed_name;
    enum status st = b->changed + b->unusable > 0 ? ST_EXISTS : ST_NOTHING;
    if (b->changed == 1)
        snprintf(sentence, sizeof sentence,
                 "%.80s has changed since it was mined; :mine %.80s mines it again", name,
                 name);
    else if (b->changed > 1)
        snprintf(sentence, sizeof sentence,
                 "%zu recordings have changed since they were mined, {jobs} says which; "
                 ":mine %.80s mines one again",
                 b->changed, name);
    else if (b->unusable > 0)
        snprintf(sentence, sizeof sentence,
                 "%zu recording%s failed when mined, {jobs} says why; {mine} tries again",
                 b->unusable, b->unusable == 1 ? "" : "s");
    else if (b->sources.count == 0)
        snprintf(sentence, sizeof sentence, "there are no recordings in %.300s",
                 b->input_dir);
    else if (b->going_on && b->force)
        snprintf(sentence, sizeof sentence,
                 "already being mined with the earlier settings; ask again when it is "
                 "done");
    else if (b->going_on)
        snprintf(sentence, sizeof sentence,
                 "it is already being mined; {jobs} shows the progress");
    else if (b->source[0])
        snprintf(sentence, sizeof sentence, "there is no recording %.80s in %.250s",
                 b->source, b->input_dir);
    else if (b->otherwise > 0)
        snprintf(
            sentence, sizeof sentence,
            "all are mined, %zu with other settings or version; :mine all mines again",
            b->otherwise);
    else
        snprintf(sentence, sizeof sentence, "every recording is mined already");
    answer(b, st, sentence);
    free_all(b);
}

static void log_begin(const struct batch_of_jobs *b)
{
    char only[ONLY_BYTES];
    tell_only(b, only);
    log_write(b->place.log, LOG_INFO, "mining %zu recording%s from %s%s%s", b->waiting,
              b->waiting == 1 ? "" : "s", b->place.input_dir, only,
              only[0] ? ", with which the project was begun" : "");
}

static void looked(void *arg, enum status st, const struct err *e)
{
    struct batch_of_jobs *b = arg;
    if (st != ST_OK) {
        answer(b, st, e->msg);
        free_all(b);
        return;
    }
    b->submitting = true;
    for (size_t i = 0; i < b->sources.count; i++) {
        struct task *t = &b->tasks[i];
        if (b->force && (t->wish & UNDER_WAY))
            take_over(t);
        if (t->wish & WANTED)
            submit_one(t);
    }
    b->submitting = false;
    if (b->waiting > 0)
        log_begin(b);
    else if (b->done + b->failed + b->elsewhere > 0 || b->join_due)
        finish(b);
    else
        nothing_to_mine(b);
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
    b->cfg = *request->config;
    b->force = request->force;
    b->at_start = request->at_start;
    b->may_read = b->at_start ? READ_AT_START : INT64_MAX;
    b->blank = session_source_count(place->session) == 0;
    snprintf(b->source, sizeof b->source, "%s", request->source ? request->source : "");
    snprintf(b->input_dir, sizeof b->input_dir, "%s", place->input_dir);
    b->place.input_dir = b->input_dir;
    if (request->join) {
        submit_join(b, join, joined);
        return ST_OK;
    }
    struct job_spec spec = {.title = "look for recordings",
                            .work = look,
                            .done = looked,
                            .arg = b,
                            .again = "mine",
                            .errand = true,
                            .at_once = true};
    jobs_submit(place->jobs, &spec);
    return ST_OK;
}
