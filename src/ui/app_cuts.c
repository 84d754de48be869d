/* The sound of near-misses, of finds that were not written and of those whose edges or
 * loop were moved: cut by a job into a folder of this session, so that what is heard and
 * drawn is what an export will hold, crossfades and all: by the project's own settings.
 */
#include "ui/state.h"

#include "core/recut.h"
#include "core/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct cut_job {
    struct app *app;
    uint64_t key, id;
    bool edited;
    double seam_db;
    char name[32], recording[PATH_BYTES], project[PATH_BYTES];
    struct root root; /* lent */
    struct config cfg;
    struct candidate find;
};

/* Mined anew by other settings, it sounds otherwise. */
static uint64_t key_of(const struct app *app, const struct catalog_find *f)
{
    long at = session_index_of(app->session, f->id);
    size_t source = at >= 0 ? session_find(app->session, (size_t)at)->source : SIZE_MAX;
    int64_t where[2] = {f->c.start_frame, f->c.end_frame};
    uint64_t key = rng_hash(rng_hash(0, &f->id, sizeof f->id), where, sizeof where);
    if (source < session_source_count(app->session)) {
        uint64_t recipe = session_source(app->session, source)->recipe_hash;
        key = rng_hash(key, &recipe, sizeof recipe);
    }
    return key | 1;
}

static void name_of(char out[32], uint64_t key)
{
    snprintf(out, 32, "%016llx.wav", (unsigned long long)key);
}

static struct cut_slot *slot_of(struct app *app, uint64_t key)
{
    for (int i = 0; i < CUTS_MAX; i++)
        if (app->cuts.slot[i].key == key)
            return &app->cuts.slot[i];
    return NULL;
}

static bool open_folder(struct app *app)
{
    struct cut_shelf *s = &app->cuts;
    const char *tmp = getenv("TMPDIR");
    if (s->open)
        return true;
    snprintf(s->folder, sizeof s->folder, "%.200s/trowel-cuts-XXXXXX",
             tmp && tmp[0] ? tmp : "/tmp");
    s->open = mkdtemp(s->folder) && root_open(&s->root, s->folder, false, NULL) == ST_OK;
    return s->open;
}

static enum status work(void *arg, const struct job_context *ctx, struct err *e)
{
    struct cut_job *j = arg;
    struct recut_site site;
    struct recut r;
    (void)ctx;
    recut_site_init(&site, j->project, &j->cfg);
    if (site.why.code != ST_OK)
        return err_set(e, site.why.code, "%s", site.why.msg);
    enum status st =
        recut_make(&r, j->recording, &j->find, &site.cfg, site.cfg.global.sample_rate, e);
    if (st != ST_OK)
        return st;
    j->seam_db = r.c.m.seam_error_db;
    st = recut_write(&r, &j->root, j->name, &site.cfg, e);
    recut_done(&r);
    return st;
}

static void heard_in_kit(struct app *app, uint64_t id)
{
    const struct kit_state *kit = session_kit(app->session);
    bool any = false;
    for (int s = 0; s < KIT_SLOTS; s++)
        any = any || (kit->slot[s].id == id && app->kit.loaded[s]);
    if (any)
        kit_sync_sound(app);
}

static void done(void *arg, enum status st, const struct err *e)
{
    struct cut_job *j = arg;
    struct app *app = j->app;
    struct cut_slot *s = slot_of(app, j->key);
    long at = library_current(app);
    bool here = at >= 0 && session_find(app->session, (size_t)at)->id == j->id;
    /* it is heard as it lies in its recording then, or the transport says why not */
    bool falls_back = !j->edited && app->cuts.wanted == j->key;
    if (s && st == ST_CANCELLED) /* whoever wants it orders it again */
        *s = (struct cut_slot){0};
    else if (s) {
        s->state = st == ST_OK ? CUT_READY : CUT_FAILED;
        s->seam_db = j->seam_db;
        app->library.detail_index = -1;
    }
    if (st != ST_OK && st != ST_CANCELLED && !falls_back)
        app_warn(app, "%s", e->msg);
    if (app->cuts.wanted == j->key && here)
        app_play_cut(app, at);
    heard_in_kit(app, j->id);
    app->dirty = true;
    free(j);
}

/* The slot used longest ago, its file gone; one being made is left alone. */
static struct cut_slot *free_slot(struct app *app)
{
    struct cut_slot *best = NULL;
    char name[32];
    for (int i = 0; i < CUTS_MAX; i++) {
        struct cut_slot *s = &app->cuts.slot[i];
        if (s->state != CUT_MAKING && (!best || s->used < best->used))
            best = s;
    }
    if (best && best->state == CUT_READY) {
        name_of(name, best->key);
        root_remove(&app->cuts.root, name, NULL);
    }
    return best;
}

static void order(struct app *app, const struct catalog_find *f, uint64_t key)
{
    struct cut_slot *s = !app->quit && open_folder(app) ? free_slot(app) : NULL;
    struct cut_job *j = s ? calloc(1, sizeof *j) : NULL;
    if (!j)
        return;
    *s = (struct cut_slot){.key = key, .state = CUT_MAKING, .used = ++app->cuts.clock};
    j->app = app;
    j->key = key;
    j->id = f->id;
    j->edited = f->edited;
    j->root = app->cuts.root;
    j->cfg = *app->config;
    j->find = f->c;
    name_of(j->name, key);
    app_source_path(app, f->c.source_path, j->recording);
    snprintf(j->project, sizeof j->project, "%s", session_folder(app->session));
    struct job_spec spec = {.title = "cut anew", .work = work, .done = done, .arg = j};
    jobs_submit(app->quick, &spec);
}

enum cut_state app_cut(struct app *app, size_t index, bool wanted, struct play_item *item,
                       char path[PATH_BYTES])
{
    char name[32];
    library_refresh_detail(app, (long)index);
    const struct catalog_find *f = &app->library.detail;
    if (app->library.detail_index < 0)
        return CUT_FAILED;
    uint64_t key = key_of(app, f);
    struct cut_slot *s = slot_of(app, key);
    if (!s && wanted) {
        order(app, f, key);
        s = slot_of(app, key); /* done at once when the pool works inline */
    }
    app->cuts.latest = key;
    if (!s || s->state != CUT_READY)
        return s ? s->state : CUT_FAILED;
    s->used = ++app->cuts.clock;
    name_of(name, key);
    *item = (struct play_item){.id = f->id, .path = path, .once = !kind_loops(f->c.kind)};
    if (path_join(path, PATH_BYTES, app->cuts.folder, name, NULL) != ST_OK)
        return CUT_FAILED;
    return CUT_READY;
}

double app_cut_seam(struct app *app, const struct catalog_find *f)
{
    const struct cut_slot *s = slot_of(app, key_of(app, f));
    return s && s->state == CUT_READY ? s->seam_db : (double)NAN;
}

void app_cuts_done(struct app *app)
{
    char name[32];
    if (!app->cuts.open)
        return;
    for (int i = 0; i < CUTS_MAX; i++)
        if (app->cuts.slot[i].state == CUT_READY) {
            name_of(name, app->cuts.slot[i].key);
            root_remove(&app->cuts.root, name, NULL);
        }
    root_done(&app->cuts.root);
    rmdir(app->cuts.folder);
}
