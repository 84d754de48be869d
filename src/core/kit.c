#include "core/kit.h"

#include "core/announce.h"
#include "core/array.h"
#include "core/clock.h"
#include "core/kit_files.h"
#include "core/kit_load.h"
#include "core/kit_sample.h"
#include "core/project.h"
#include "core/recipe.h"
#include "io/csv.h"
#include "io/discover.h"
#include "io/sha256.h"
#include "io/soundfile.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char LIST[] = ".trowel/kit.begun", SHEET[] = "ASSIGN.txt";
enum { MANIFEST_MAX_BYTES = 1 << 28 };

struct making {
    const struct kit_job *job;
    const struct target *target;
    struct kit_set set;
    struct kit_plan plan;
    struct kit_written *written;
    uint64_t seed;
    struct root root; /* <output_dir>/<kit_name> */
    struct announced names;
};

/* --- what an earlier export of this kit wrote --- */

struct earlier {
    char (*path)[PATH_BYTES]; /* below the kit's folder, bytes as they were written */
    size_t count, room;
    bool there; /* a kit's manifest is */
};

static enum status add_earlier(struct earlier *kit, const char *path, struct err *e)
{
    if (!array_grow(&kit->path, &kit->room, kit->count + 1, sizeof *kit->path))
        return err_set(e, ST_NO_MEMORY, "no memory for the earlier kit");
    snprintf(kit->path[kit->count++], PATH_BYTES, "%s", path);
    return ST_OK;
}

static enum status read_earlier(struct earlier *kit, const struct root *root,
                                struct err *e)
{
    char *text;
    size_t n;
    struct csv_reader r;
    bool more;
    *kit = (struct earlier){0};
    enum status st =
        root_read_file(root, "manifest.csv", MANIFEST_MAX_BYTES, &text, &n, e);
    if (st == ST_NOT_FOUND)
        return ST_OK;
    if (st != ST_OK)
        return st;
    csv_reader_init(&r, text, n);
    st = csv_read_names(&r, &more, e);
    kit->there = csv_column(&r, "path") >= 0 && csv_column(&r, "sha256") >= 0;
    if (st == ST_OK && !kit->there)
        st =
            err_set(e, ST_EXISTS,
                    "%s/manifest.csv does not belong to a kit; move it away", root->path);
    while (st == ST_OK && more) {
        bool same = false;
        st = csv_read(&r, &more, e);
        if (st == ST_OK && more)
            st = sha256_matches(root, csv_value(&r, "path"), csv_value(&r, "sha256"),
                                &same, e);
        if (st == ST_OK && same)
            st = add_earlier(kit, csv_value(&r, "path"), e);
    }
    csv_reader_done(&r);
    free(text);
    return st;
}

/* What an export that was stopped has left here: the next one takes it away. */
static enum status add_begun(struct earlier *kit, const struct root *root, struct err *e)
{
    char *text, *rest;
    size_t n;
    enum status st = root_read_file(root, LIST, MANIFEST_MAX_BYTES, &text, &n, e);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    for (char *line = strtok_r(text, "\n", &rest); line && st == ST_OK;
         line = strtok_r(NULL, "\n", &rest))
        st = add_earlier(kit, line, e);
    free(text);
    return st;
}

static bool is_earlier(const struct earlier *kit, const char *path)
{
    for (size_t i = 0; i < kit->count; i++)
        if (strcmp(kit->path[i], path) == 0)
            return true;
    return false;
}

/* --- writing --- */

static void sample_path(const struct making *m, size_t i, char path[PATH_BYTES])
{
    char folder[64];
    kit_folder(folder, m->job->kit_name, m->plan.item[i].folder);
    snprintf(path, PATH_BYTES, "%s/%s/%s.WAV", m->target->folder, folder,
             m->plan.item[i].name);
}

/* Nothing of anybody else's, also no sample that the user changed, may be in the way. */
static enum status check_way(const struct making *m, const struct earlier *kit,
                             struct err *e)
{
    char path[PATH_BYTES];
    if (!kit->there && root_exists(&m->root, SHEET) && !is_earlier(kit, SHEET))
        return err_set(e, ST_EXISTS, "%s/%s does not belong to a kit; move it away",
                       m->root.path, SHEET);
    for (size_t i = 0; i < m->plan.count; i++) {
        sample_path(m, i, path);
        if (m->plan.item[i].in && root_exists(&m->root, path) && !is_earlier(kit, path))
            return err_set(e, ST_EXISTS,
                           "%s/%s is in the way: trowel did not write it, or it was "
                           "changed since; move it away",
                           m->root.path, path);
    }
    return ST_OK;
}

/* The sound of an item: its file, or what the user's edges make of its recording. An edit
 * that cannot be cut leaves the mined file in its place. */
static enum status sound_of(struct making *m, struct kit_item *item, struct audio *sound,
                            struct err *e)
{
    struct recut r;
    struct err why;
    if (!item->recut)
        return soundfile_load(item->path, 0, sound, e);
    const struct recut_site *site = &m->set.site;
    enum status st = recut_find(&r, site, &item->c, site->cfg.global.sample_rate, &why);
    if (st == ST_OK) {
        *sound = r.sound;
        item->c = r.c;
        return ST_OK;
    }
    if (!item->path[0])
        return err_set(e, st, "%s", why.msg);
    log_write(job_log(m->job->ctx), LOG_WARNING, "%s; the mined file is used", why.msg);
    snprintf(item->cut, sizeof item->cut, "edit not applied: %.90s", why.msg);
    item->recut = false;
    recut_as_mined(&item->c, site, item->c.filename);
    return soundfile_load(item->path, 0, sound, e);
}

static enum status write_one(struct making *m, size_t i, struct err *e)
{
    struct kit_item *item = &m->plan.item[i];
    struct kit_written *k = &m->written[i];
    struct audio sound;
    enum status st = sound_of(m, item, &sound, e);
    if (st != ST_OK)
        return st;
    st = kit_sample_prepare(&sound, item, m->target, m->job->cfg->kit.target_peak_dbfs,
                            m->seed, &k->gain_db, e);
    sample_path(m, i, k->path);
    if (st == ST_OK && !announce_name(&m->names, k->path))
        st = err_errno(e, ST_DISK, errno, "%s/%s cannot be written", m->root.path, LIST);
    if (st == ST_OK)
        st =
            soundfile_write_wav(&m->root, k->path, &sound, m->target->bits, k->sha256, e);
    k->seconds = (double)sound.frames / sound.rate_hz;
    audio_done(&sound);
    return st;
}

/* A sample that cannot be used is left out, and the rest goes on. */
static enum status write_samples(struct making *m, struct err *e)
{
    for (size_t i = 0; i < m->plan.count; i++) {
        struct kit_item *item = &m->plan.item[i];
        struct err why;
        if (!item->in)
            continue;
        enum status st = job_go_on(m->job->ctx, e);
        if (st != ST_OK)
            return st;
        job_progress(m->job->ctx, (double)i / (double)m->plan.count, "writing the kit");
        st = write_one(m, i, &why);
        if (st == ST_DISK || st == ST_EXISTS || st == ST_REFUSED || st == ST_NO_MEMORY ||
            (st != ST_OK && m->job->strict))
            return err_set(e, st, "%s", why.msg);
        if (st != ST_OK) {
            log_write(job_log(m->job->ctx), LOG_WARNING, "%s: %s; left out",
                      item->c.filename, why.msg);
            snprintf(item->why_out, sizeof item->why_out, "%.111s", why.msg);
            if (item->slot >= 0)
                m->plan.slot[item->slot] = -1;
            item->slot = -1;
            item->in = false;
            m->plan.left_out++;
        }
    }
    return ST_OK;
}

/* The budget as written: trimming made some shorter, failing took some out. */
static void recount(struct making *m)
{
    m->plan.budget = (struct budget){0};
    for (size_t i = 0; i < m->plan.count; i++)
        if (m->plan.item[i].in)
            budget_add(&m->plan.budget, m->target,
                       llround(m->written[i].seconds * m->target->rate_hz),
                       m->plan.item[i].channels);
}

static enum status write_paper(struct making *m, struct err *e)
{
    struct text sheet = {0}, rows = {0};
    kit_assign_sheet(&sheet, &m->plan, m->job->kit_name, m->written);
    kit_manifest(&rows, &m->plan, m->written, m->seed);
    enum status st = sheet.failed || rows.failed
                         ? err_set(e, ST_NO_MEMORY, "no memory for the manifest")
                         : ST_OK;
    if (st == ST_OK)
        st = announce_name(&m->names, SHEET)
                 ? root_write_file(&m->root, SHEET, sheet.at, sheet.length, e)
                 : err_errno(e, ST_DISK, errno, "%s/%s cannot be written", m->root.path,
                             LIST);
    /* Last of all: a kit with a manifest is complete. */
    if (st == ST_OK)
        st = root_write_file(&m->root, "manifest.csv", rows.at, rows.length, e);
    text_done(&sheet);
    text_done(&rows);
    return st;
}

static enum status open_folder(struct making *m, bool make, struct err *e)
{
    struct root above;
    enum status st = root_open(&above, m->job->output_dir, make, e);
    if (st != ST_OK)
        return st;
    st = root_sub(&m->root, &above, m->job->kit_name, make, e);
    root_done(&above);
    return st;
}

/* Written to since the kit was complete, which its manifest, the last file, dates. */
static bool sheet_edited(const struct root *root)
{
    struct stat sheet, manifest;
    return fstatat(root->fd, SHEET, &sheet, 0) == 0 &&
           fstatat(root->fd, "manifest.csv", &manifest, 0) == 0 &&
           time_after(sheet.st_mtim, manifest.st_mtim);
}

/* The sheet of the earlier kit goes; with the user's notes on it, it is kept beside. */
static enum status clear_sheet(struct making *m, struct err *e)
{
    char kept[32] = "ASSIGN.edited.txt";
    if (!root_exists(&m->root, SHEET))
        return ST_OK;
    if (!sheet_edited(&m->root))
        return root_remove(&m->root, SHEET, e);
    for (int n = 2; root_exists(&m->root, kept); n++)
        snprintf(kept, sizeof kept, "ASSIGN.edited_%d.txt", n);
    enum status st = root_rename(&m->root, SHEET, kept, e);
    if (st == ST_OK)
        log_write(job_log(m->job->ctx), LOG_WARNING, "%s/%s was edited: it is now %s",
                  m->root.path, SHEET, kept);
    return st;
}

static enum status check_earlier(struct earlier *kit, const struct making *m,
                                 struct err *e)
{
    enum status st = read_earlier(kit, &m->root, e);
    if (st == ST_OK && !kit->there && project_is_source_folder(&m->root))
        st =
            err_set(e, ST_EXISTS,
                    "%s holds what trowel mined; name another --kit_name or --output_dir",
                    m->root.path);
    if (st == ST_OK && kit->there && !m->job->force)
        st = err_set(e, ST_EXISTS,
                     "%s holds a kit; --force replaces it, another --kit_name keeps it",
                     m->root.path);
    return st;
}

/* A dry run: would what is there refuse this kit? */
static enum status check_there(struct making *m, struct err *e)
{
    struct earlier kit;
    enum status st = open_folder(m, false, e);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? ST_OK : st;
    st = check_earlier(&kit, m, e);
    if (st == ST_OK && !kit.there)
        st = add_begun(&kit, &m->root, e);
    if (st == ST_OK)
        st = check_way(m, &kit, e);
    free(kit.path);
    root_done(&m->root);
    return st;
}

/* A kit that is complete has its list only because the run was killed that would have
 * taken it away: its manifest knows more, and the user may have changed a sample. */
static enum status begin_list(struct making *m, bool complete, struct err *e)
{
    enum status st = announce_claim(&m->names, &m->root, LIST, e);
    if (st != ST_OK)
        return st;
    return complete ? announce_empty(&m->names, e) : announce_restart(&m->names, e);
}

/* The earlier kit goes, but only when this one can come. Without its manifest it is no
 * kit any more. */
static enum status make_room(struct making *m, struct err *e)
{
    struct earlier kit;
    enum status st = check_earlier(&kit, m, e);
    if (st == ST_OK)
        st = begin_list(m, kit.there, e);
    if (st == ST_OK)
        st = check_way(m, &kit, e);
    for (size_t i = 0; i < kit.count && st == ST_OK; i++)
        st = root_remove(&m->root, kit.path[i], e);
    if (st == ST_OK && kit.there)
        st = clear_sheet(m, e);
    if (st == ST_OK && kit.there)
        st = root_remove(&m->root, "manifest.csv", e);
    free(kit.path);
    return st;
}

static const char NO_KIT[] = "none of the samples can be used: there is no kit";

/* Of the samples one at least can be read: none are no kit to replace another. */
static enum status check_samples(const struct making *m, struct err *e)
{
    for (size_t i = 0; i < m->plan.count; i++) {
        const struct kit_item *item = &m->plan.item[i];
        struct audio sound;
        if (!item->in)
            continue;
        if (item->recut)
            return ST_OK; /* it has a recording besides */
        enum status st = soundfile_load(item->path, 0, &sound, e);
        audio_done(&sound);
        if (st == ST_OK || st == ST_NO_MEMORY)
            return st;
    }
    return err_set(e, ST_NOTHING, NO_KIT);
}

static enum status write_kit(struct making *m, struct err *e)
{
    bool room = false;
    enum status st = check_samples(m, e);
    if (st == ST_OK)
        st = open_folder(m, true, e);
    if (st == ST_OK)
        root_clean(&m->root);
    if (st == ST_OK)
        st = make_room(m, e);
    room = st == ST_OK;
    if (st == ST_OK)
        st = write_samples(m, e);
    recount(m);
    if (st == ST_OK && m->plan.budget.files == 0)
        st = err_set(e, ST_NOTHING, NO_KIT);
    if (st == ST_OK)
        st = write_paper(m, e);
    announce_leave(&m->names);
    /* What is complete, or was never begun, needs no list. */
    if (m->names.root && (st == ST_OK || !room)) {
        struct err why;
        enum status ended = announce_end(&m->names, &why);
        if (st == ST_OK && ended != ST_OK)
            st = err_set(e, ended, "%s", why.msg);
        root_remove(&m->root, ".trowel", NULL);
    }
    root_done(&m->root);
    return st;
}

/* --- planning --- */

static uint64_t settle_seed(const struct making *m)
{
    const struct config_seed *wish = &m->job->cfg->reproducibility.random_seed;
    if (wish->set)
        return wish->value;
    for (size_t i = 0; i < m->set.count; i++)
        if (m->set.item[i].c.algorithm_version[0]) /* mined, so its seed is known */
            return m->set.item[i].c.seed;
    return recipe_draw_seed();
}

static enum status summarise(const struct making *m, struct text *summary, struct err *e)
{
    if (summary)
        kit_summary(summary, &m->plan, &m->set, m->job->kit_name, m->job->dry_run);
    return summary && summary->failed ? err_set(e, ST_NO_MEMORY, "no memory for the kit")
                                      : ST_OK;
}

static enum status plan(struct making *m, struct text *summary, struct err *e)
{
    const struct kit_job *job = m->job;
    if (discover_is_kit(job->input_dir))
        return err_set(
            e, ST_USAGE,
            "%s is a kit; make one from a project, a best-of set or a folder of sounds",
            job->input_dir);
    enum status st =
        kit_load(&m->set, job->input_dir, m->target, job->cfg, job->stereo, job->ctx, e);
    if (st != ST_OK)
        return st;
    if (m->set.failed > 0 && job->strict)
        return err_set(e, m->set.failure.code, "%s", m->set.failure.msg);
    if (m->set.missing > 0 && job->whole)
        return err_set(e, ST_NOT_FOUND,
                       "%zu sample%s of the kit %s missing while mining is running; "
                       "export when it is done",
                       m->set.missing, m->set.missing == 1 ? "" : "s",
                       m->set.missing == 1 ? "is" : "are");
    if (m->set.missing > 0)
        log_write(job_log(job->ctx), LOG_WARNING,
                  m->set.missing == 1
                      ? "%zu sample of %s is missing, or its recording"
                      : "%zu samples of %s are missing, or their recordings",
                  m->set.missing, job->input_dir);
    if (m->set.count == 0)
        return err_set(e, ST_NOTHING, "%s holds no samples for a kit", job->input_dir);
    m->seed = settle_seed(m);
    kit_plan_make(&m->plan, m->target, m->set.item, m->set.count, job->cfg->kit.extras);
    m->plan.rings = m->set.rings;
    char why[160];
    if (job->no_fit && budget_over(&m->plan.wanted, m->target, why))
        return err_set(e, ST_OVER_BUDGET,
                       "the kit does not fit the %s: %s; without --no-fit what does not "
                       "fit is left out",
                       m->target->title, why);
    st = summarise(m, summary, e);
    if (st != ST_OK)
        return st;
    if (m->plan.left_out == m->plan.count) /* no kit replaces another */
        return err_set(
            e, ST_NOTHING,
            "no sample of this kit fits the machine: there is nothing to write");
    m->written = calloc(m->plan.count, sizeof *m->written);
    return m->written ? ST_OK : err_set(e, ST_NO_MEMORY, "no memory for the kit");
}

const struct target *kit_target(const struct config *cfg)
{
    char word[32];
    config_get(cfg, config_find("kit.target"), word, sizeof word);
    return target_find(word);
}

bool kit_keeps_stereo(const struct config *cfg, enum category category)
{
    switch (category) {
    case CAT_PADS:
        return cfg->export.pads_stereo;
    case CAT_SWELLS:
        return cfg->export.swells_stereo;
    case CAT_DRUMS:
        return cfg->export.drums_stereo;
    case CAT_SILENCES:
        return cfg->export.silences_stereo;
    default:
        return false; /* clouds and hiss are stereo as made, but twice the memory there */
    }
}

enum status kit_check_name(const char *name, struct err *e)
{
    enum status st = path_check_name(name, "kit name", e);
    if (st == ST_OK && name[0] == '.')
        st = err_set(e, ST_REFUSED, "kit name %s: it may not begin with a dot", name);
    return st;
}

static enum status check(struct making *m, struct err *e)
{
    m->target = m->job->target ? target_find(m->job->target) : kit_target(m->job->cfg);
    if (!m->target)
        return err_set(e, ST_USAGE, "unknown target %s (known: %s)", m->job->target,
                       target_get((enum target_id)0)->name);
    return kit_check_name(m->job->kit_name, e);
}

enum status kit_check(const struct kit_job *job, struct err *e)
{
    struct making m = {.job = job, .root = {.fd = -1}, .names = {.fd = -1}};
    enum status st = check(&m, e);
    return st == ST_OK ? check_there(&m, e) : st;
}

static void sum_up(const struct making *m, struct kit_result *r)
{
    r->considered = m->plan.count;
    r->beside_set = m->set.beside_set;
    r->exported = (size_t)m->plan.budget.files;
    r->left_out = m->plan.left_out;
    r->slots = target_slots(m->target);
    r->filled = kit_plan_filled(&m->plan);
    r->sectors = m->plan.budget.sectors;
}

enum status kit_run(const struct kit_job *job, struct kit_result *result,
                    struct text *summary, struct err *e)
{
    struct making m = {.job = job, .root = {.fd = -1}, .names = {.fd = -1}};
    *result = (struct kit_result){0};
    size_t before = summary ? summary->length : 0;
    enum status st = check(&m, e);
    if (st == ST_OK)
        st = plan(&m, summary, e);
    size_t planned = m.plan.left_out;
    if (st == ST_OK) {
        st = job->dry_run ? check_there(&m, e) : write_kit(&m, e);
        bool other = st == ST_NOTHING || m.plan.left_out > planned;
        if (other && summary) { /* not all that was planned could be used */
            summary->length = before;
            summary->at[before] = '\0';
            st = st == ST_OK ? summarise(&m, summary, e) : st;
        }
    }
    if (st == ST_OK)
        sum_up(&m, result);
    result->failed = m.set.failed + m.plan.left_out - planned;
    free(m.written);
    kit_set_done(&m.set);
    return st;
}
