/* One source: from recording to files and record. */
#include "core/process.h"

#include "core/dig.h"
#include "core/project_list.h"
#include "core/why.h"
#include "io/content_hash.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool owned_by_source(enum status st)
{
    return st == ST_UNREADABLE || st == ST_EMPTY || st == ST_NOT_FOUND ||
           st == ST_CORRUPT || st == ST_UNSUPPORTED;
}

/* Noise that was made without the recording does not make the recording usable. */
static bool has_own_find(const struct find_list *finds)
{
    for (size_t i = 0; i < finds->count; i++)
        if (!finds->at[i].missed_by[0] && !isnan(finds->at[i].m.start_sec))
            return true;
    return false;
}

static void fill(struct catalog_source *s, const struct source_job *job,
                 const struct dig *d)
{
    *s = (struct catalog_source){.recipe_hash = job->recipe->hash};
    snprintf(s->stem, sizeof s->stem, "%s", job->file->stem);
    snprintf(s->path, sizeof s->path, "%s", job->file->relative);
    if (!d->track)
        return;
    s->content_hash = d->content_hash;
    s->rate_hz = d->info.rate_hz;
    s->channels = d->info.channels;
    s->frames = track_info(d->track)->frames;
}

/* Of a recording that gave nothing the near-misses alone; the best of them, or NULL. */
static const struct candidate *only_misses(struct find_list *finds)
{
    const struct candidate *best = NULL;
    size_t kept = 0;
    for (size_t i = 0; i < finds->count; i++)
        if (finds->at[i].missed_by[0])
            find_list_move(finds, kept++, i);
    finds->count = kept;
    for (size_t i = 0; i < kept; i++)
        if (!best || finds->at[i].m.score > best->m.score)
            best = &finds->at[i];
    return best;
}

/* "pads, drums": what was looked for. */
static const char *wanted(const struct dig *d, char *to, size_t size)
{
    size_t n = 0;
    to[0] = '\0';
    for (int s = 0; s < STAGE_COUNT; s++)
        if (dig_wants(d, (enum stage)s) && n < size &&
            (s != STAGE_DRUMS || d->recipe->cfg.drum_miner.enabled))
            n += (size_t)snprintf(to + n, size - n, "%s%s", n > 0 ? ", " : "",
                                  stage_name((enum stage)s));
    return to;
}

static enum status nothing_usable(const struct source_file *file, struct dig *d,
                                  struct err *e)
{
    const struct candidate *near = only_misses(&d->finds);
    char text[WHY_MISSED_BYTES];
    bool asked = wanted(d, text, sizeof text)[0] != '\0';
    if (!near && !asked)
        return err_set(e, ST_EMPTY, "%s holds nothing usable: drum_miner.enabled is off",
                       file->path);
    if (!near)
        return err_set(e, ST_EMPTY, "%s holds nothing usable: nothing comes close to %s",
                       file->path, text);
    return err_set(e, ST_EMPTY, "%s holds nothing usable; nearest is a %s: %s",
                   file->path, kind_type(near->kind),
                   why_missed(near, text, sizeof text));
}

static enum status record_failure(const struct project *p, struct catalog_source *source,
                                  const struct find_list *misses, const struct err *why,
                                  struct err *e)
{
    struct begun b;
    source->failed = true;
    snprintf(source->note, sizeof source->note, "%.*s", (int)sizeof source->note - 1,
             why->msg);
    enum status st = project_begin(p, source->stem, &b, e);
    return st == ST_OK ? project_complete(&b, source, misses, e) : st;
}

/* A source under way. */
struct excavation {
    const struct source_job *job;
    struct begun begun;
    struct catalog_source source;
};

static void tell_found(void *user, const struct dig *d, size_t first)
{
    struct excavation *x = user;
    fill(&x->source, x->job, d);
    x->job->found(x->job->user, &x->source, &d->finds, first);
}

/* Bounced anew, or still being recorded: what was found may be of neither sound. */
static bool has_changed(const char *path, const struct stat *before)
{
    struct stat now;
    return stat(path, &now) == 0 && (now.st_size != before->st_size ||
                                     now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
                                     now.st_mtim.tv_nsec != before->st_mtim.tv_nsec);
}

static enum status excavate(struct excavation *x, const struct job_context *ctx,
                            struct find_list *finds, struct err *e)
{
    const struct project *p = x->job->project;
    const struct recipe *recipe = x->job->recipe;
    const struct source_file *file = x->job->file;
    struct dig d;
    struct dig_site site = {.open_path = file->path,
                            .source_path = file->relative,
                            .stem = file->stem,
                            .root = &p->root,
                            .folder = p->flat ? "" : file->stem,
                            .category_folders = !p->flat,
                            .announce = project_announce,
                            .user = &x->begun,
                            .found = x->job->found ? tell_found : NULL,
                            .found_user = x};
    struct stat before;
    bool known = stat(file->path, &before) == 0;
    enum status st = dig_open(&d, recipe, &site, ctx, e);
    fill(&x->source, x->job, &d);
    if (st != ST_OK)
        return st;
    st = dig_run(&d, e);
    if (known && (st == ST_OK || owned_by_source(st)) && has_changed(file->path, &before))
        st = err_set(e, ST_CORRUPT,
                     "%s changed while it was being mined; run it again when it is "
                     "complete",
                     file->path);
    /* Noise that was made is not found; but who asks for hiss alone gets it. */
    bool hiss_alone = recipe->stages == 1u << STAGE_HISS && d.finds.count > 0;
    if (st == ST_OK && !hiss_alone && !has_own_find(&d.finds))
        st = nothing_usable(file, &d, e);
    if (st == ST_EMPTY)
        only_misses(&d.finds);
    if (st == ST_OK || st == ST_EMPTY) {
        *finds = d.finds;
        d.finds = (struct find_list){0};
    }
    dig_done(&d);
    return st;
}

/* Its own folder, or one in it, takes no file: nothing is said of the disk, nor of other
 * sources. */
static bool is_shut(const struct project *p, const char *stem)
{
    bool shut = false;
    for (int c = -1; c < CAT_COUNT && !shut && !p->flat; c++) {
        char folder[PATH_BYTES];
        struct root there;
        snprintf(folder, sizeof folder, "%s%s%s", stem, c < 0 ? "" : "/",
                 c < 0 ? "" : category_folder((enum category)c));
        enum status st = root_sub(&there, &p->root, folder, false, NULL);
        shut = st == ST_DISK ||
               (st == ST_OK && faccessat(there.fd, ".", W_OK | X_OK, 0) != 0 &&
                errno == EACCES);
        root_done(&there);
    }
    return shut;
}

enum status process_source(const struct source_job *job, const struct job_context *ctx,
                           struct find_list *finds, double *audio_s, struct err *e)
{
    struct excavation x = {.job = job};
    struct catalog_source *source = &x.source;
    const char *path = job->file->path;
    struct err why = {0};
    *finds = (struct find_list){0};
    enum status st = project_begin(job->project, job->file->stem, &x.begun, e);
    if (st != ST_OK)
        return st;
    st = excavate(&x, ctx, finds, &why);
    if (audio_s)
        *audio_s = source->rate_hz > 0 ? (double)source->frames / source->rate_hz : 0;
    if (st == ST_OK)
        return project_complete(&x.begun, source, finds, e);
    project_abandon(&x.begun);
    if (st == ST_DISK && is_shut(job->project, job->file->stem))
        st = ST_REFUSED;
    if (owned_by_source(st)) {
        enum status written = record_failure(job->project, source, finds, &why, e);
        find_list_done(finds);
        if (written != ST_OK)
            return written;
    }
    bool named = st != ST_NO_MEMORY || strstr(why.msg, path);
    return named ? err_set(e, st, "%s", why.msg)
                 : err_set(e, st, "%s: %s", path, why.msg);
}

double process_work(const struct recipe *recipe, const struct source_file *file)
{
    /* so many bytes take as long to read as a second of the usual */
    static const struct {
        const char *ending;
        double bytes;
    } packed[] = {
        {"flac", 76e3}, {"mp3", 8e3}, {"ogg", 8e3}, {"oga", 8e3}, {"opus", 8e3}};
    double bytes = 280e3;
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
        if (stem_same(path_ending(file->relative), packed[i].ending))
            bytes = packed[i].bytes;
    return dig_cost(recipe, (double)file->bytes / bytes);
}

/* Every find has the seed that it was mined with. */
static bool seed_on_record(const struct project *p, uint64_t *seed)
{
    struct stem_list stems;
    bool known = false;
    if (project_stems(p, &stems, NULL) != ST_OK)
        return false;
    for (size_t i = 0; i < stems.count && !known; i++) {
        struct catalog_source source;
        struct find_list finds = {0};
        if (project_record(p, stems.at[i], &source, &finds, NULL) == ST_OK &&
            finds.count > 0) {
            known = true;
            *seed = finds.at[0].seed;
        }
        find_list_done(&finds);
    }
    stem_list_done(&stems);
    return known;
}

void process_settle_seed(struct config *cfg, const struct project *p, bool afresh)
{
    struct config earlier;
    struct config_seed *seed = &cfg->reproducibility.random_seed;
    if (seed->set)
        return;
    bool goes_on = p && !afresh;
    if (goes_on && project_config(p, &earlier, NULL) == ST_OK)
        *seed = earlier.reproducibility.random_seed;
    if (goes_on && !seed->set) /* whoever tidied up took the settings along */
        seed->set = seed_on_record(p, &seed->value);
    if (!seed->set)
        *seed = (struct config_seed){.set = true, .value = recipe_draw_seed()};
}

static void tell_waiting(const struct settling *s)
{
    log_write(s->log, LOG_INFO,
              "%s: waiting, another trowel settles on its settings and holds "
              ".trowel/.settings",
              s->project->root.path);
}

enum status process_begin_settling(struct settling *s, struct config *cfg, bool afresh,
                                   struct err *e)
{
    enum { WAIT_S = 60, TOLD_S = 1, TRIES_A_SECOND = 50 };
    const struct timespec pause = {.tv_nsec = 1000000000 / TRIES_A_SECOND};
    const struct root *root = &s->project->root;
    enum status st = announce_claim(&s->turn, root, ".trowel/.settings", e);
    for (int i = 0; st == ST_BUSY && i < WAIT_S * TRIES_A_SECOND; i++) {
        if (s->cancelled && atomic_load(s->cancelled))
            return err_set(e, ST_CANCELLED, "interrupted");
        if (i == TOLD_S * TRIES_A_SECOND)
            tell_waiting(s);
        nanosleep(&pause, NULL);
        st = announce_claim(&s->turn, root, ".trowel/.settings", e);
    }
    if (st == ST_OK)
        process_settle_seed(cfg, s->project, afresh);
    return st;
}

enum status process_end_settling(struct settling *s, const struct recipe *r,
                                 enum status st, struct err *e)
{
    if (st == ST_OK)
        st = project_write_config(s->project, r, s->log, e);
    announce_end(&s->turn, NULL);
    return st;
}

/* "--stages drums"; false where the stages are the same or not known. */
static bool other_stages(char to[RECIPE_OTHER_BYTES], const struct recipe *then,
                         const struct recipe *now)
{
    char words[STAGES_BYTES];
    if (then->stages == 0 || then->whole_pads || then->stages == now->stages)
        return false;
    stages_tell(then->stages, words);
    bool all = then->stages == STAGES_ALL;
    snprintf(to, RECIPE_OTHER_BYTES, "%s%s", all ? "all stages" : "--stages ",
             all ? "" : words);
    return true;
}

void process_tell_other(const struct project *p, const struct recipe *now, bool one,
                        char to[RECIPE_OTHER_BYTES])
{
    struct recipe then = {0};
    struct err why;
    enum status st = project_config(p, &then.cfg, &why);
    if (st == ST_OK)
        st = project_stages(p, &then, &why);
    if (st != ST_OK)
        snprintf(to, RECIPE_OTHER_BYTES, "settings that cannot be read any more (%.200s)",
                 path_below(why.msg, p->root.path));
    else if (!(one && other_stages(to, &then, now)) &&
             !recipe_other(to, &then.cfg, &now->cfg))
        snprintf(to, RECIPE_OTHER_BYTES, "%s or another version of trowel",
                 now->hiss ? "other hiss, another level" : "another set of stages");
}
