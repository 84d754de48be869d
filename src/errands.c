#include "errands.h"

#include "core/curate.h"
#include "core/demo.h"
#include "core/kit.h"
#include "core/kit_origin.h"
#include "core/recordings.h"
#include "core/report.h"
#include "known.h"
#include "mining.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>

/* A job with a reply, for what is one call. */
struct errand {
    struct workstation *w;
    struct app_reply reply;
    char kit_name[256], folder[PATH_BYTES]; /* a project's name, at most */
    bool stereo, dry_run, while_mining;
    int top;
    struct config cfg;
    struct text listing;
    char sentence[560];
};

static void errand_done(void *arg, enum status st, const struct err *e)
{
    struct errand *r = arg;
    log_write(&r->w->log, st == ST_OK ? LOG_INFO : LOG_ERROR, "%s",
              st == ST_OK ? r->sentence : e->msg);
    if (r->reply.done)
        r->reply.done(r->reply.to, st, st == ST_OK ? r->sentence : e->msg,
                      st == ST_OK || st == ST_NOTHING ? r->listing.at : NULL);
    text_done(&r->listing);
    free(r);
}

/* `r` may be NULL: there was no memory for it. */
static enum status send(struct errand *r, struct job_spec spec, struct err *e)
{
    if (!r)
        return err_set(e, ST_NO_MEMORY, "no memory for the job");
    spec.arg = r;
    jobs_submit(r->w->jobs, &spec);
    return ST_OK;
}

static struct errand *errand_new(struct workstation *w, struct app_reply reply)
{
    struct errand *r = calloc(1, sizeof *r);
    if (r) {
        r->w = w;
        r->reply = reply;
        r->cfg = w->cfg;
    }
    return r;
}

static bool find_recordings(void *user, const struct config *config)
{
    struct workstation *w = user;
    const char *written = config->paths.source_audio_dir;
    bool found = recordings_folder(w->input_dir, written, w->project.root.path);
    if (!found && path_is_folder(written)) { /* "." as it is typed just now */
        snprintf(w->input_dir, sizeof w->input_dir, "%s", written);
        found = true;
    }
    return found;
}

static enum status need_recordings(const struct workstation *w, struct err *e)
{
    return w->input_dir[0]
               ? ST_OK
               : err_set(e, ST_NOT_FOUND,
                         "no recordings at %.300s; :set paths.source_audio_dir=FOLDER",
                         w->cfg.paths.source_audio_dir);
}

static enum status mine(void *user, const struct mine_request *request,
                        struct app_reply reply, struct err *e)
{
    struct workstation *w = user;
    enum status st = request->join ? ST_OK : need_recordings(w, e);
    if (st != ST_OK)
        return st;
    struct mining_place place = {.project = &w->project,
                                 .session = w->session,
                                 .jobs = w->jobs,
                                 .input_dir = w->input_dir,
                                 .export_root = w->export_root,
                                 .log = &w->log};
    return mining_start(&place, request, reply, e);
}

/* The kit's page to listen to. The kit is whole without it. */
static void write_page(struct errand *r, const struct kit_job *kit)
{
    struct report_result page;
    struct err e = {0};
    char there[PATH_BYTES];
    struct report_job job = {.input_dir = there, .ctx = kit->ctx};
    enum status st = path_join(there, sizeof there, kit->output_dir, kit->kit_name, &e);
    if (st == ST_OK)
        st = report_run(&job, &page, &e);
    if (st == ST_OK)
        text_addf(&r->listing, "Listen to it in a browser: open %s\n", page.path);
    else if (st != ST_CANCELLED)
        log_write(job_log(kit->ctx), LOG_WARNING, "%s", e.msg);
}

/* What goes is said first: a listing is longer than a screen. */
static void say_replaced(struct errand *r, const struct kit_job *kit)
{
    char there[PATH_BYTES];
    if (path_join(there, sizeof there, kit->output_dir, kit->kit_name, NULL) == ST_OK &&
        path_has(there, "manifest.csv"))
        text_addf(&r->listing, "The kit already there%s is replaced.\n\n",
                  kit_is_from(there, kit->input_dir) ? "" : ", made from other finds,");
}

static enum status export_work(void *arg, const struct job_context *ctx, struct err *e)
{
    struct errand *r = arg;
    struct kit_result result;
    struct kit_job job = {.input_dir = r->w->project.root.path,
                          .output_dir = r->w->kits_dir,
                          .kit_name = r->kit_name,
                          .cfg = &r->cfg,
                          .force = true, /* the dry run said so */
                          .stereo = r->stereo,
                          .dry_run = r->dry_run,
                          .whole = r->while_mining,
                          .ctx = ctx};
    struct text plan = {0};
    enum status st = kit_run(&job, &result, &plan, e);
    if (st == ST_OK && job.dry_run)
        say_replaced(r, &job);
    if (st == ST_OK && !job.dry_run) { /* what to do now comes before what it holds */
        text_addf(&r->listing,
                  "Copy the folder ROLAND to the root of the card, then import it on the "
                  "machine:\nUTILITY > SAMPLE:Import > FOLDER. ASSIGN.txt says what goes "
                  "where.\n");
        write_page(r, &job);
        text_add(&r->listing, "\n");
    }
    if (plan.at)
        text_add(&r->listing, plan.at);
    text_done(&plan);
    if (st == ST_OK)
        snprintf(r->sentence, sizeof r->sentence, "%s %zu sample%s %s %.250s/%.255s",
                 job.dry_run ? "would write" : "wrote", result.exported,
                 result.exported == 1 ? "" : "s", job.dry_run ? "to" : "into",
                 job.output_dir, job.kit_name);
    return st;
}

static enum status export_kit(void *user, const struct export_request *request,
                              struct app_reply reply, struct err *e)
{
    struct workstation *w = user;
    struct errand *r = errand_new(w, reply);
    if (r) {
        r->stereo = request->stereo;
        r->dry_run = request->dry_run;
        r->while_mining = jobs_active(w->jobs) > 0;
        snprintf(r->kit_name, sizeof r->kit_name, "%.255s",
                 request->kit_name && request->kit_name[0] ? request->kit_name
                                                           : session_name(w->session));
        process_settle_seed(&r->cfg, &w->project, false);
    }
    /* it is waited for, and does not wait until hours of tape are mined */
    struct job_spec spec = {
        .again = "export", .work = export_work, .done = errand_done, .at_once = true};
    snprintf(spec.title, sizeof spec.title, "%s",
             request->dry_run ? "kit, dry run" : "export the kit");
    return send(r, spec, e);
}

static enum status curate_work(void *arg, const struct job_context *ctx, struct err *e)
{
    struct errand *r = arg;
    char set[PATH_BYTES];
    struct curate_result result;
    struct curate_job job = {
        .input_root = r->w->project.root.path,
        .output_root = set,
        .options = {.top = r->top, .diversity = r->cfg.curation.diversity},
        .force = true, /* it was asked for */
        .ctx = ctx};
    enum status st = path_join(set, sizeof set, job.input_root, "best_of", e);
    if (st == ST_OK)
        st = curate_run(&job, &result, e);
    if (st != ST_OK)
        return st;
    int n = snprintf(r->sentence, sizeof r->sentence,
                     "%zu sample%s in %.250s/best_of, %zu of them new", result.chosen,
                     result.chosen == 1 ? " is" : "s are", job.input_root, result.copied);
    if (result.missing > 0)
        snprintf(r->sentence + n, sizeof r->sentence - (size_t)n,
                 "; %zu file%s of the manifest %s missing", result.missing,
                 result.missing == 1 ? "" : "s", result.missing == 1 ? "is" : "are");
    return st;
}

static enum status curate(void *user, int top, struct app_reply reply, struct err *e)
{
    struct errand *r = errand_new(user, reply);
    struct job_spec spec = {.title = "the best-of set",
                            .work = curate_work,
                            .done = errand_done,
                            .at_once = true};
    snprintf(spec.again, sizeof spec.again, "curate %d", top);
    if (r)
        r->top = top;
    return send(r, spec, e);
}

static enum status report_work(void *arg, const struct job_context *ctx, struct err *e)
{
    struct errand *r = arg;
    struct report_result result;
    struct report_job job = {.input_dir = r->w->project.root.path, .ctx = ctx};
    enum status st = report_run(&job, &result, e);
    if (st == ST_OK)
        snprintf(r->sentence, sizeof r->sentence,
                 "a browser shows %zu sample%s: open %.300s", result.samples,
                 result.samples == 1 ? "" : "s", result.path);
    return st;
}

static enum status report(void *user, struct app_reply reply, struct err *e)
{
    struct job_spec spec = {
        .title = "report", .again = "report", .work = report_work, .done = errand_done};
    return send(errand_new(user, reply), spec, e);
}

static enum status demo_work(void *arg, const struct job_context *ctx, struct err *e)
{
    const struct errand *r = arg;
    return demo_write_all(r->folder, ctx, e);
}

/* The recordings are there: mine them, and let that answer. */
static void demo_done(void *arg, enum status st, const struct err *e)
{
    struct errand *r = arg;
    struct err why = {0};
    struct mine_request request = {.config = &r->w->cfg};
    if (st == ST_OK)
        st = mine(r->w, &request, r->reply, &why);
    else
        why = *e;
    if (st != ST_OK && r->reply.done)
        r->reply.done(r->reply.to, st == ST_NOTHING ? ST_OK : st, why.msg, NULL);
    free(r);
}

static enum status demo(void *user, struct app_reply reply, struct err *e)
{
    struct workstation *w = user;
    enum status st = need_recordings(w, e);
    if (st != ST_OK)
        return st;
    struct errand *r = errand_new(w, reply);
    if (r) /* where it was asked for, though other recordings be set before its turn */
        snprintf(r->folder, sizeof r->folder, "%s", w->input_dir);
    struct job_spec spec = {.title = "demo recordings",
                            .again = "demo",
                            .work = demo_work,
                            .done = demo_done};
    return send(r, spec, e);
}

static enum status save_config(void *user, const struct config *config, struct err *e)
{
    struct workstation *w = user;
    enum status st = settings_save_own(w->user_dir, config, &w->usual, e);
    if (st == ST_OK)
        st = project_save_config(&w->project, config, e);
    w->settings_stay |= st == ST_OK;
    return st;
}

static void remember(void *user)
{
    const struct workstation *w = user;
    known_remember(w->user_dir, w->project.root.path);
}

struct app_ops errands_of(struct workstation *w)
{
    return (struct app_ops){.user = w,
                            .mine = mine,
                            .export_kit = export_kit,
                            .curate = curate,
                            .report = report,
                            .demo = demo,
                            .find_recordings = find_recordings,
                            .save_config = save_config,
                            .opened = remember};
}
