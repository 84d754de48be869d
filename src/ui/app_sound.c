/* Hearing: what a find is in files, auditions after the rest, what is loaded ahead; and
 * the pictures, which are wanted at the same moments. */
#include "ui/state.h"

#include "core/kit.h"
#include "core/project.h"
#include "core/recordings.h"
#include "core/recut.h"
#include "core/rng.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AHEAD = 6, BEHIND = 3 };

void app_sound_begin(struct app *app)
{
    transport_set_loop(app->transport, app->config->interface.loop_audition);
    transport_set_matched(app->transport, app->config->audio.match_levels);
    transport_set_volume(app->transport, app->config->audio.volume_db);
}

bool app_source_path(struct app *app, const char *source_path, char path[PATH_BYTES])
{
    const char *folder = app->setup.input_dir ? app->setup.input_dir : "";
    return recordings_path(path, folder, source_path);
}

/* In the recording: a near-miss, a find that was not written or is just being mined
 * again, or one whose edges or loop the user moved, until it is cut anew. */
static bool item_in_recording(struct app *app, size_t index, struct play_item *item,
                              char path[PATH_BYTES])
{
    library_refresh_detail(app, (long)index);
    const struct candidate *c = &app->library.detail.c;
    if (app->library.detail_index < 0 || !app_source_path(app, c->source_path, path))
        return false;
    item->start_frame = c->start_frame;
    item->end_frame = c->end_frame;
    if (c->loop_count > 0 && c->loop[0].end_frame > c->loop[0].start_frame) {
        int64_t from = c->loop[0].start_frame, to = c->loop[0].end_frame;
        item->start_frame = from < item->start_frame ? from : item->start_frame;
        item->end_frame = to > item->end_frame ? to : item->end_frame;
        item->loop_start_frame = from - item->start_frame;
        item->loop_end_frame = to - item->start_frame;
    }
    return item->end_frame > item->start_frame;
}

/* What has no file that sounds as an export would: it is cut from its recording. */
static bool is_cut_anew(const struct find *f)
{
    return (f->edited || f->near_miss || !f->saved) && kind_cut(f->kind);
}

static bool item_of(struct app *app, size_t index, bool order, struct play_item *item,
                    char path[PATH_BYTES])
{
    const struct find *f = session_find(app->session, index);
    const struct play_item fresh = {
        .id = f->id, .path = path, .once = !kind_loops(f->kind)};
    bool anew = is_cut_anew(f);
    *item = fresh;
    if (anew && app_cut(app, index, order, item, path) == CUT_READY)
        return true;
    *item = fresh;
    bool written = !anew && f->saved && !f->near_miss;
    if (written && session_file(app->session, index, path) &&
        (access(path, R_OK) == 0 || !kind_cut(f->kind))) {
        double from = session_measure(app->session, f, ME_loop_start);
        double to = session_measure(app->session, f, ME_loop_end);
        if (to > from) {
            item->loop_start_frame = (int64_t)from;
            item->loop_end_frame = (int64_t)to;
        }
        return true;
    }
    bool there = item_in_recording(app, index, item, path);
    if (!written || (there && access(path, R_OK) == 0))
        return there;
    *item = fresh; /* neither is there: it is the file that is missed */
    return session_file(app->session, index, path);
}

/* To be heard. */
static bool heard_item(struct app *app, size_t index, struct play_item *item,
                       char path[PATH_BYTES])
{
    return item_of(app, index, true, item, path);
}

/* Who runs along near-misses does not have each of them cut. */
bool app_drawn_item(struct app *app, size_t index, struct play_item *item,
                    char path[PATH_BYTES])
{
    return item_of(app, index, session_find(app->session, index)->edited, item, path);
}

bool app_kit_item(struct app *app, size_t index, struct play_item *item,
                  char path[PATH_BYTES])
{
    const struct find *f = session_find(app->session, index);
    if (!heard_item(app, index, item, path))
        return false;
    item->shape = (struct sample_shape){.channels = kit_channels(app, f),
                                        .rate_hz = kit_target(app->config)->rate_hz,
                                        .struck = kind_struck(f->kind)};
    return true;
}

/* --- auditions --------------------------------------------------------------------- */

void app_audition_soon(struct app *app)
{
    int delay = app->config->interface.audition_delay_ms;
    long at = library_current(app);
    if (!app->transport || delay < 0 || at < 0 || !app_shows_finds(app->screen))
        return;
    if (session_find(app->session, (size_t)at)->id == app->auditioned)
        return;
    app->audition_at = app->now + delay / 1000.0;
    if (app->audition_at <= 0)
        app->audition_at = 1e-9;
}

/* Changes when the find was mined anew under its old name. */
static uint64_t content_of(const struct app *app, const struct find *f)
{
    struct measures m;
    session_measures(app->session, f, &m);
    return rng_hash(0, &m, sizeof m);
}

uint64_t app_item_key(const struct app *app, const struct find *f,
                      const struct play_item *item)
{
    int64_t range[2] = {item->start_frame, item->end_frame};
    uint64_t key = rng_hash(content_of(app, f), item->path, strlen(item->path));
    int shape[3] = {item->shape.channels, item->shape.rate_hz, item->shape.struck};
    key = rng_hash(key, shape, sizeof shape);
    return rng_hash(key, range, sizeof range) | 1;
}

/* A file that was written again since it was last wanted must be read again. */
static void notice(struct app *app, const struct find *f, const char *path)
{
    struct heard now = {rng_hash(0, path, strlen(path)), content_of(app, f)};
    struct heard *slot = &app->heard[now.path % HEARD_MAX];
    if (slot->path == now.path && slot->content != now.content)
        transport_forget(app->transport, path);
    *slot = now;
}

/* The rows around the cursor, those ahead of it first. */
static void load_ahead(struct app *app)
{
    struct play_item items[AHEAD + BEHIND];
    static_assert(AHEAD + BEHIND < 16, "few enough for the stack");
    char(*paths)[PATH_BYTES] = malloc(sizeof *paths * (AHEAD + BEHIND));
    int n = 0;
    long cursor = (long)view_cursor(app->view), count = (long)view_count(app->view);
    for (int step = 1; paths && step <= AHEAD; step++)
        for (int sign = 1; sign >= -1; sign -= 2) {
            long position = cursor + sign * step;
            if (position < 0 || position >= count || (sign < 0 && step > BEHIND))
                continue;
            size_t index = view_at(app->view, (size_t)position);
            const struct find *f = session_find(app->session, index);
            if (!f->saved || f->edited || !heard_item(app, index, &items[n], paths[n]))
                continue;
            notice(app, f, paths[n++]);
        }
    if (n > 0)
        transport_prefetch(app->transport, items, n);
    free(paths);
}

/* Its recording is mined again, or was until somebody stopped it: the sample has gone,
 * and comes again. */
static bool tell_cut_off(struct app *app, const struct find *f, const char *path)
{
    char begun[PATH_BYTES];
    const char *stem = session_source(app->session, f->source)->stem;
    project_hidden(begun, stem, ".begun");
    if (path_is_file(path) || !path_has(session_folder(app->session), begun))
        return false;
    if (app->batch.mining.active > 0)
        app_warn(app, "%.80s is being mined again; this is heard when that is done",
                 stem);
    else
        app_warn(app,
                 "%.80s was not mined to its end; {mine} continues, and this is "
                 "heard again",
                 stem);
    return true;
}

/* The find's sound, or its seam alone. */
static void play_as(struct app *app, long index, bool seam)
{
    char path[PATH_BYTES];
    struct play_item item;
    app->audition_at = 0;
    app->cuts.wanted = 0;
    if (!app->transport || index < 0)
        return;
    if (is_cut_anew(session_find(app->session, (size_t)index)) &&
        app_cut(app, (size_t)index, true, &item, path) == CUT_MAKING) {
        app->cuts.wanted = app->cuts.latest; /* it is played when it is there */
        app->cuts.seam = seam;
        app->auditioned = session_find(app->session, (size_t)index)->id;
        return;
    }
    bool extra = app->screen == SCREEN_KIT; /* heard as the machine will play it */
    if (!(extra ? app_kit_item : heard_item)(app, (size_t)index, &item, path)) {
        app_warn(app, "its recording is not known, so it cannot be heard");
        return;
    }
    if (tell_cut_off(app, session_find(app->session, (size_t)index), path))
        return;
    notice(app, session_find(app->session, (size_t)index), path);
    app->auditioned = item.id;
    app->library.flipped = false;
    item.once |= extra;
    if (seam)
        transport_seam(app->transport, &item);
    else
        transport_play(app->transport, &item);
    load_ahead(app);
}

void app_play(struct app *app, long index)
{
    play_as(app, index, false);
}

void app_play_cut(struct app *app, long index)
{
    play_as(app, index, app->cuts.seam);
}

uint64_t app_heard_as(const struct app *app, long index)
{
    return index >= 0 ? content_of(app, session_find(app->session, (size_t)index)) : 0;
}

void app_play_edited(struct app *app, long index)
{
    app->library.detail_index = -1;
    if (!app->transport || app->config->interface.audition_delay_ms < 0)
        return;
    transport_get_status(app->transport, &app->sound);
    bool seam = app->sound.playing && app->sound.mode == PLAY_SEAM &&
                app->sound.id == session_find(app->session, (size_t)index)->id;
    play_as(app, index, seam);
}

static void play_seam(struct app *app, long index)
{
    const struct find *f = session_find(app->session, (size_t)index);
    if (kind_loops(f->kind))
        play_as(app, index, true);
    else
        app_warn(app, "%s does not loop: it has no seam", f->name);
}

/* Something else is heard for the find under the cursor: what was about to be does not
 * come over it. */
static void heard_otherwise(struct app *app, long index)
{
    app->audition_at = 0;
    app->cuts.wanted = 0;
    app->auditioned = session_find(app->session, (size_t)index)->id;
}

static void play_context(struct app *app, long index)
{
    char path[PATH_BYTES];
    library_refresh_detail(app, index);
    const struct candidate *c = &app->library.detail.c;
    if (app->library.detail_index < 0 || !app_source_path(app, c->source_path, path)) {
        app_warn(app, "its recording is not known");
        return;
    }
    if (app_recordings_gone(app)) {
        app_warn(app, "%s is not where it was; :set paths.source_audio_dir=FOLDER",
                 path_base(c->source_path));
        return;
    }
    struct play_item item = {.id = app->library.detail.id,
                             .path = path,
                             .start_frame = c->start_frame,
                             .end_frame = c->end_frame};
    heard_otherwise(app, index);
    transport_context(app->transport, &item, app->config->interface.context_sec);
}

static void flip(struct app *app, long index)
{
    char path[PATH_BYTES];
    struct play_item item;
    struct library_state *l = &app->library;
    long pinned = session_index_of(app->session, l->pinned);
    if (pinned < 0) {
        app_warn(app, "nothing is pinned; {pin} pins this one");
        return;
    }
    l->flipped = !l->flipped;
    long to = l->flipped ? pinned : index;
    if (!heard_item(app, (size_t)to, &item, path))
        return;
    heard_otherwise(app, index);
    transport_flip(app->transport, &item);
    app_say(app, "%s: %s", l->flipped ? "pinned" : "current",
            session_find(app->session, (size_t)to)->name);
}

static void play_or_stop(struct app *app, long index)
{
    const struct transport_status *s = &app->sound;
    uint64_t id = index >= 0 ? session_find(app->session, (size_t)index)->id : 0;
    app->audition_at = 0;
    if (s->playing || (s->id == id && id))
        transport_toggle(app->transport);
    else
        app_play(app, index);
}

void app_open_device(struct app *app, const char *name)
{
    if (app->sound.device == DEVICE_SILENT) {
        app_warn(app, "started with --no-audio: start again without it to hear");
        return;
    }
    transport_reconnect(app->transport, name);
    app->sound.sentence[0] = '\0';
    app_say(app, "opening %s", name ? name : "the audio device again");
}

bool app_sound_action(struct app *app, const struct key_action *a)
{
    int n = times_asked(a);
    struct transport *t = app->transport;
    bool needs_find =
        a->action == ACT_SEAM || a->action == ACT_CONTEXT || a->action == ACT_FLIP;
    long index = needs_find ? library_wanted(app) : library_current(app);
    if (needs_find && index < 0)
        return true;
    transport_get_status(t, &app->sound);
    double step = app->sound.length_s > 0 && app->sound.mode != PLAY_CONTEXT
                      ? app->sound.length_s / 10
                      : 1;
    switch (a->action) {
    case ACT_PLAY:
        play_or_stop(app, index);
        break;
    case ACT_SEEK_FORWARD:
        transport_seek(t, n * step);
        break;
    case ACT_SEEK_BACK:
        transport_seek(t, -n * step);
        break;
    case ACT_LOOP:
        transport_set_loop(t, !app->sound.loop);
        app_say(app, app->sound.loop ? "loop off" : "loop on");
        break;
    case ACT_SEAM:
        play_seam(app, index);
        break;
    case ACT_CONTEXT:
        play_context(app, index);
        break;
    case ACT_FLIP:
        flip(app, index);
        break;
    case ACT_LOUDER:
        transport_set_volume(t, app->sound.volume_db + n);
        break;
    case ACT_SOFTER:
        transport_set_volume(t, app->sound.volume_db - n);
        break;
    case ACT_MATCH:
        transport_set_matched(t, !app->sound.matched);
        app_say(app, app->sound.matched ? "true level" : "levels matched");
        break;
    case ACT_DEVICE:
        app_open_device(app, NULL);
        break;
    default:
        return false;
    }
    transport_get_status(t, &app->sound);
    return true;
}

/* --- pictures ---------------------------------------------------------------------- */

struct picture_job {
    struct app *app;
    uint64_t key;
    char path[PATH_BYTES];
    int64_t start, end;
    struct picture *picture;
};

static enum status picture_work(void *arg, const struct job_context *ctx, struct err *e)
{
    struct picture_job *j = arg;
    return picture_make(j->picture, j->path, j->start, j->end, ctx->cancelled, e);
}

static struct picture_slot *slot_of(struct app *app, uint64_t key)
{
    for (int i = 0; i < PICTURES_MAX; i++)
        if (app->picture[i].key == key)
            return &app->picture[i];
    return NULL;
}

static void picture_done(void *arg, enum status st, const struct err *e)
{
    (void)e;
    struct picture_job *j = arg;
    struct picture_slot *s = slot_of(j->app, j->key);
    if (s && st == ST_OK) {
        s->picture = j->picture;
    } else {
        free(j->picture);
        if (s && st == ST_CANCELLED)
            *s = (struct picture_slot){0};
        else if (s)
            s->failed = true;
    }
    j->app->dirty = true;
    free(j);
}

/* The slot used longest ago; one being made is left alone. */
static struct picture_slot *oldest(struct app *app)
{
    struct picture_slot *best = NULL;
    for (int i = 0; i < PICTURES_MAX; i++) {
        struct picture_slot *s = &app->picture[i];
        bool making = s->key && !s->picture && !s->failed;
        if (!making && (!best || s->used < best->used))
            best = s;
    }
    return best;
}

static void order_picture(struct app *app, uint64_t key, const char *path, int64_t start,
                          int64_t end)
{
    struct picture_slot *s = oldest(app);
    struct picture_job *j = calloc(1, sizeof *j);
    struct picture *p = malloc(sizeof *p);
    if (!s || !j || !p || jobs_active(app->quick) > 4) {
        free(j);
        free(p);
        return;
    }
    free(s->picture);
    *s = (struct picture_slot){.key = key, .used = ++app->picture_clock};
    *j = (struct picture_job){
        .app = app, .key = key, .start = start, .end = end, .picture = p};
    snprintf(j->path, sizeof j->path, "%s", path);
    struct job_spec spec = {
        .title = "picture", .work = picture_work, .done = picture_done, .arg = j};
    jobs_submit(app->quick, &spec);
}

const struct picture *app_picture(struct app *app, const struct find *f,
                                  const struct play_item *item, bool *failed)
{
    const char *path = item->path;
    int64_t start = item->start_frame, end = item->end_frame;
    uint64_t key = app_item_key(app, f, item);
    struct picture_slot *s = slot_of(app, key);
    *failed = s && s->failed;
    if (!s) {
        order_picture(app, key, path, start, end);
        s = slot_of(app, key); /* there at once when the pool works inline */
    }
    if (!s || !s->picture)
        return NULL;
    s->used = ++app->picture_clock;
    return s->picture;
}

void app_pictures_done(struct app *app)
{
    for (int i = 0; i < PICTURES_MAX; i++)
        free(app->picture[i].picture);
}
