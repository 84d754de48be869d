#include "audio/transport.h"

#include "audio/control.h"
#include "audio/engine.h"
#include "audio/stream.h"
#include "dsp/level.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    CACHE_BYTES = 256 << 20,
    DEFAULT_RATE_HZ = 44100,
    DEFAULT_LATENCY_MS = 30,
    PREFETCH_MAX = 64,
    WISHES_MAX = PREFETCH_MAX + KIT_SLOTS + 1,
    KERNELS_MAX = 64,
    SETTLE_MS = 10000,
};

static const double SEAM_S = 1.0;
static const double SEAM_GAP_S = 0.25;
static const double VOLUME_MIN_DB = -60, VOLUME_MAX_DB = 12;
static const double SILENCE_DB = -120;

/* An item with a text of its own. */
struct wanted {
    uint64_t id;
    char *path; /* NULL: none */
    int64_t start_frame, end_frame, loop_start_frame, loop_end_frame;
    double around_s;
};

struct kit_slot {
    struct wanted item;
    bool pending; /* waits for the loader */
    double trim_db;
};

struct transport {
    pthread_mutex_t lock; /* everything below; held for microseconds */
    enum transport_backend backend;
    struct engine *engine;
    struct stream *stream;
    struct control *control; /* NULL offline */
    int notify[2];
    /* what is played */
    struct wanted item;
    enum play_mode mode;
    bool gap;
    bool waiting;      /* for the loader */
    bool playing;      /* until told to stop or it has ended */
    bool from_present; /* start where the present sound is (flip) */
    double cue_s;      /* where to start; of the sound */
    uint64_t serial;
    struct sound *sound; /* what was played last, for the status; a reference */
    bool loop, matched;
    double volume_db;
    char problem[192];
    /* the kit */
    struct kit_slot slot[KIT_SLOTS];
    struct kit_pattern pattern;
    double bpm;
    bool running;
    /* the cursor's neighbours */
    struct wanted ahead[PREFETCH_MAX];
    int ahead_count;
    /* rate conversion tables, never freed while the engine lives */
    struct kernel *kernel[KERNELS_MAX];
    int kernels;
};

/* ---- small things ----------------------------------------------------------------- */

static void notify(struct transport *t)
{
    ssize_t n = write(t->notify[1], "!", 1); /* full: it is readable anyway */
    (void)n;
}

static void wanted_clear(struct wanted *w)
{
    free(w->path);
    *w = (struct wanted){0};
}

static bool wanted_set(struct wanted *w, const struct play_item *item)
{
    char *path = strdup(item->path);
    free(w->path);
    *w = (struct wanted){
        .id = item->id,
        .path = path,
        .start_frame = item->start_frame > 0 ? item->start_frame : 0,
        .end_frame = item->end_frame,
        .loop_start_frame = item->loop_start_frame,
        .loop_end_frame = item->loop_end_frame,
    };
    return path != NULL;
}

static struct stretch stretch_of(const struct wanted *w)
{
    return (struct stretch){w->path, w->start_frame, w->end_frame, w->around_s};
}

static void post(struct transport *t, const struct engine_command *command)
{
    engine_collect(t->engine);
    if (!engine_post(t->engine, command)) {
        if (command->action == ENGINE_PLAY)
            sound_unref(command->u.play.sound);
        else if (command->action == ENGINE_SLOT)
            sound_unref(command->u.kit.sound);
    }
}

/* An answer to a key: the device runs from now on. */
static void wake(struct transport *t)
{
    if (t->control)
        control_wake(t->control);
}

/* ---- kernels ---------------------------------------------------------------------- */

static struct kernel *known_kernel(const struct transport *t, int from_hz, int to_hz)
{
    for (int i = 0; i < t->kernels; i++)
        if (t->kernel[i]->from_hz == from_hz && t->kernel[i]->to_hz == to_hz)
            return t->kernel[i];
    return NULL;
}

/* Called without the lock on the loader's and control's threads, so that the table is
 * there before the owner needs it. */
static void make_kernel(struct transport *t, int from_hz, int to_hz)
{
    pthread_mutex_lock(&t->lock);
    bool have =
        from_hz == to_hz || t->kernels == KERNELS_MAX || known_kernel(t, from_hz, to_hz);
    pthread_mutex_unlock(&t->lock);
    if (have)
        return;
    struct kernel *k = kernel_new(from_hz, to_hz);
    pthread_mutex_lock(&t->lock);
    if (k && t->kernels < KERNELS_MAX && !known_kernel(t, from_hz, to_hz))
        t->kernel[t->kernels++] = k;
    else
        kernel_free(k);
    pthread_mutex_unlock(&t->lock);
}

/* False: there is no table for these rates (memory, or too many different ones). */
static bool kernel_for(struct transport *t, int rate_hz, const struct kernel **out)
{
    int to_hz = engine_rate_hz(t->engine);
    *out = NULL;
    if (rate_hz == to_hz)
        return true;
    struct kernel *k = known_kernel(t, rate_hz, to_hz);
    if (!k && t->kernels < KERNELS_MAX) {
        k = kernel_new(rate_hz, to_hz);
        if (k)
            t->kernel[t->kernels++] = k;
    }
    *out = k;
    return k != NULL;
}

/* ---- wishes ----------------------------------------------------------------------- */

static void send_wishes(struct transport *t)
{
    struct stretch list[WISHES_MAX];
    int n = 0;
    if (t->item.path)
        list[n++] = stretch_of(&t->item);
    for (int s = 0; s < KIT_SLOTS; s++)
        if (t->slot[s].item.path)
            list[n++] = stretch_of(&t->slot[s].item);
    for (int i = 0; i < t->ahead_count; i++)
        list[n++] = stretch_of(&t->ahead[i]);
    stream_wish(t->stream, list, n);
}

/* ---- starting -----------------------------------------------------------------------
 */

static struct plan plan_for(const struct transport *t, const struct sound *s)
{
    double rate = s->audio.rate_hz;
    bool context = t->mode == PLAY_CONTEXT;
    struct plan p = {
        .frames = (int64_t)s->audio.frames,
        .cut_start = s->cut_start,
        .cut_end = s->cut_end,
        .loop = t->loop && !context,
        .loop_start = context ? 0 : t->item.loop_start_frame,
        .loop_end = context ? 0 : t->item.loop_end_frame,
        .seam = t->mode == PLAY_SEAM,
        .seam_frames = (int64_t)(SEAM_S * rate),
        .gap_frames = t->gap ? (int64_t)(SEAM_GAP_S * rate) : 0,
    };
    plan_clean(&p);
    return p;
}

static float match_gain(const struct transport *t, const struct sound *s)
{
    bool match = t->matched && s->match_gain_db != 0;
    return match ? (float)level_from_db(s->match_gain_db) : 1;
}

/* The sound is here: hand it to the engine. Takes over the reference. */
static void begin(struct transport *t, struct sound *s)
{
    struct engine_command c = {.action = ENGINE_PLAY};
    t->waiting = false;
    if (!kernel_for(t, s->audio.rate_hz, &c.u.play.kernel)) {
        snprintf(t->problem, sizeof t->problem, "no memory to play %d Hz on this device",
                 s->audio.rate_hz);
        t->playing = false;
        sound_unref(s);
        return;
    }
    c.u.play.sound = s;
    c.u.play.plan = plan_for(t, s);
    c.u.play.at = t->from_present ? ENGINE_SAME_PLACE
                                  : (int64_t)llround(t->cue_s * s->audio.rate_hz);
    c.u.play.gain = match_gain(t, s);
    c.u.play.serial = ++t->serial;
    t->from_present = false;
    sound_unref(t->sound);
    t->sound = sound_ref(s);
    post(t, &c);
    if (t->control)
        control_prefer_rate(t->control, s->audio.rate_hz);
    wake(t);
}

static void begin_when_loaded(struct transport *t)
{
    struct stretch what = stretch_of(&t->item);
    struct sound *s;
    struct err why;
    switch (stream_find(t->stream, &what, &s, &why)) {
    case STREAM_READY:
        begin(t, s);
        break;
    case STREAM_FAILED:
        t->waiting = t->playing = false;
        snprintf(t->problem, sizeof t->problem, "%.*s", (int)sizeof t->problem - 1,
                 why.msg);
        break;
    case STREAM_UNKNOWN:
    case STREAM_WAITING:
        break;
    }
}

static void stop(struct transport *t)
{
    t->playing = t->waiting = t->from_present = false;
    t->cue_s = 0;
    post(t, &(struct engine_command){.action = ENGINE_STOP});
}

/* Play t->item in t->mode from t->cue_s. A file that failed before is tried again. */
static void launch(struct transport *t)
{
    struct stretch what = stretch_of(&t->item);
    struct sound *s = NULL;
    t->problem[0] = '\0';
    t->playing = t->waiting = true;
    enum stream_answer answer = stream_find(t->stream, &what, &s, NULL);
    if (answer == STREAM_FAILED)
        stream_forget(t->stream, t->item.path);
    if (answer == STREAM_READY) {
        begin(t, s);
    } else if (!t->from_present) {
        /* what is not loaded yet must not be mistaken for what still plays */
        post(t, &(struct engine_command){.action = ENGINE_STOP});
    }
    send_wishes(t);
    wake(t);
}

static void start(struct transport *t, const struct play_item *item, enum play_mode mode,
                  double around_s)
{
    if (!wanted_set(&t->item, item))
        return;
    t->item.around_s = around_s;
    t->mode = mode;
    t->cue_s = 0;
    t->from_present = false;
    launch(t);
}

void transport_play(struct transport *t, const struct play_item *item)
{
    pthread_mutex_lock(&t->lock);
    start(t, item, PLAY_PLAIN, 0);
    pthread_mutex_unlock(&t->lock);
}

void transport_seam(struct transport *t, const struct play_item *item, bool gap)
{
    pthread_mutex_lock(&t->lock);
    t->gap = gap;
    start(t, item, PLAY_SEAM, 0);
    pthread_mutex_unlock(&t->lock);
}

void transport_context(struct transport *t, const struct play_item *item, double around_s)
{
    pthread_mutex_lock(&t->lock);
    start(t, item, PLAY_CONTEXT, around_s > 0 ? around_s : 0);
    pthread_mutex_unlock(&t->lock);
}

void transport_flip(struct transport *t, const struct play_item *item)
{
    pthread_mutex_lock(&t->lock);
    bool follow = t->playing && t->mode != PLAY_CONTEXT;
    if (wanted_set(&t->item, item)) {
        if (t->mode == PLAY_CONTEXT)
            t->mode = PLAY_PLAIN;
        t->cue_s = follow && t->waiting ? t->cue_s : 0;
        t->from_present = follow && !t->waiting;
        launch(t);
    }
    pthread_mutex_unlock(&t->lock);
}

/* ---- while it plays --------------------------------------------------------------- */

/* Seconds of the sound (not of the recording). */
static double present_s(struct transport *t)
{
    struct engine_snapshot snap;
    engine_snapshot(t->engine, &snap);
    if (!t->sound || !t->playing || t->waiting || snap.serial != t->serial)
        return t->cue_s;
    return (double)snap.frame / t->sound->audio.rate_hz;
}

static double offset_s(const struct transport *t)
{
    if (t->mode != PLAY_CONTEXT || !t->sound)
        return 0;
    return (double)t->sound->first_frame / t->sound->audio.rate_hz;
}

static void go_to(struct transport *t, double seconds)
{
    double most =
        t->sound ? ((double)t->sound->audio.frames - 1) / t->sound->audio.rate_hz : 0;
    t->cue_s = fmax(0, fmin(seconds, most));
    if (t->playing && !t->waiting && t->sound && t->mode != PLAY_SEAM) {
        struct engine_command c = {.action = ENGINE_SEEK};
        c.u.frame = llround(t->cue_s * t->sound->audio.rate_hz);
        post(t, &c);
    }
    wake(t);
}

void transport_stop(struct transport *t)
{
    pthread_mutex_lock(&t->lock);
    stop(t);
    pthread_mutex_unlock(&t->lock);
}

void transport_toggle(struct transport *t)
{
    pthread_mutex_lock(&t->lock);
    if (t->playing)
        stop(t);
    else if (t->item.path)
        launch(t);
    pthread_mutex_unlock(&t->lock);
}

void transport_seek(struct transport *t, double seconds)
{
    pthread_mutex_lock(&t->lock);
    go_to(t, present_s(t) + seconds);
    pthread_mutex_unlock(&t->lock);
}

void transport_seek_to(struct transport *t, double position_s)
{
    pthread_mutex_lock(&t->lock);
    go_to(t, position_s - offset_s(t));
    pthread_mutex_unlock(&t->lock);
}

static void replan(struct transport *t)
{
    if (!t->playing || t->waiting || !t->sound)
        return;
    struct engine_command c = {.action = ENGINE_PLAN};
    c.u.change.serial = t->serial;
    c.u.change.plan = plan_for(t, t->sound);
    post(t, &c);
}

void transport_set_loop(struct transport *t, bool on)
{
    pthread_mutex_lock(&t->lock);
    if (t->loop != on) {
        t->loop = on;
        if (t->mode == PLAY_PLAIN)
            replan(t);
    }
    pthread_mutex_unlock(&t->lock);
}

void transport_set_loop_points(struct transport *t, uint64_t id, int64_t start_frame,
                               int64_t end_frame)
{
    pthread_mutex_lock(&t->lock);
    if (t->item.path && t->item.id == id && t->mode != PLAY_CONTEXT) {
        t->item.loop_start_frame = start_frame;
        t->item.loop_end_frame = end_frame;
        if (t->loop || t->mode == PLAY_SEAM)
            replan(t);
    }
    pthread_mutex_unlock(&t->lock);
}

void transport_set_matched(struct transport *t, bool on)
{
    pthread_mutex_lock(&t->lock);
    if (t->matched != on) {
        t->matched = on;
        if (t->sound) {
            struct engine_command c = {.action = ENGINE_GAIN};
            c.u.gain = match_gain(t, t->sound);
            post(t, &c);
        }
    }
    pthread_mutex_unlock(&t->lock);
}

static void post_volume(struct transport *t)
{
    struct engine_command c = {.action = ENGINE_VOLUME};
    c.u.gain = t->volume_db <= VOLUME_MIN_DB ? 0
               : t->volume_db == 0           ? 1
                                             : (float)level_from_db(t->volume_db);
    post(t, &c);
}

void transport_set_volume(struct transport *t, double db)
{
    pthread_mutex_lock(&t->lock);
    t->volume_db = fmax(VOLUME_MIN_DB, fmin(VOLUME_MAX_DB, db));
    post_volume(t);
    wake(t);
    pthread_mutex_unlock(&t->lock);
}

void transport_prefetch(struct transport *t, const struct play_item *items, int count)
{
    pthread_mutex_lock(&t->lock);
    for (int i = 0; i < t->ahead_count; i++)
        wanted_clear(&t->ahead[i]);
    t->ahead_count = 0;
    for (int i = 0; i < count && i < PREFETCH_MAX; i++)
        if (wanted_set(&t->ahead[t->ahead_count], &items[i]))
            t->ahead_count++;
    send_wishes(t);
    wake(t);
    pthread_mutex_unlock(&t->lock);
}

void transport_forget(struct transport *t, const char *path)
{
    pthread_mutex_lock(&t->lock);
    stream_forget(t->stream, path);
    send_wishes(t);
    pthread_mutex_unlock(&t->lock);
}

/* ---- the kit ------------------------------------------------------------------------
 */

static void post_slot(struct transport *t, int slot, struct sound *s)
{
    struct engine_command c = {.action = ENGINE_SLOT};
    c.u.kit.slot = slot;
    c.u.kit.gain =
        t->slot[slot].trim_db == 0 ? 1 : (float)level_from_db(t->slot[slot].trim_db);
    if (s && !kernel_for(t, s->audio.rate_hz, &c.u.kit.kernel)) {
        sound_unref(s);
        return;
    }
    c.u.kit.sound = s;
    post(t, &c);
}

/* Slots whose sounds have come in. */
static void fill_slots(struct transport *t)
{
    for (int i = 0; i < KIT_SLOTS; i++) {
        struct kit_slot *slot = &t->slot[i];
        struct sound *s;
        struct err why;
        if (!slot->pending || !slot->item.path)
            continue;
        struct stretch what = stretch_of(&slot->item);
        enum stream_answer answer = stream_find(t->stream, &what, &s, &why);
        slot->pending = answer == STREAM_WAITING || answer == STREAM_UNKNOWN;
        if (answer == STREAM_READY) {
            post_slot(t, i, s);
        } else if (answer == STREAM_FAILED) {
            snprintf(t->problem, sizeof t->problem, "%.*s", (int)sizeof t->problem - 1,
                     why.msg);
            post_slot(t, i, NULL);
        }
    }
}

static bool slot_valid(int slot)
{
    return slot >= 0 && slot < KIT_SLOTS;
}

void transport_kit_slot(struct transport *t, int slot, const struct play_item *item,
                        double trim_db)
{
    if (!slot_valid(slot))
        return;
    pthread_mutex_lock(&t->lock);
    struct kit_slot *s = &t->slot[slot];
    s->trim_db = trim_db;
    if (item && wanted_set(&s->item, item)) {
        s->pending = true;
        send_wishes(t);
        fill_slots(t);
    } else {
        wanted_clear(&s->item);
        s->pending = false;
        post_slot(t, slot, NULL);
    }
    wake(t);
    pthread_mutex_unlock(&t->lock);
}

void transport_kit_trim(struct transport *t, int slot, double trim_db)
{
    if (!slot_valid(slot))
        return;
    pthread_mutex_lock(&t->lock);
    t->slot[slot].trim_db = trim_db;
    struct engine_command c = {.action = ENGINE_TRIM};
    c.u.kit.slot = slot;
    c.u.kit.gain = trim_db == 0 ? 1 : (float)level_from_db(trim_db);
    post(t, &c);
    pthread_mutex_unlock(&t->lock);
}

static void post_pattern(struct transport *t)
{
    struct engine_command c = {.action = ENGINE_PATTERN};
    c.u.pattern = t->pattern;
    post(t, &c);
}

void transport_kit_pattern(struct transport *t, const struct kit_pattern *p)
{
    pthread_mutex_lock(&t->lock);
    t->pattern = *p;
    for (int s = 0; s < KIT_SLOTS; s++)
        for (int i = 0; i < KIT_STEPS; i++)
            if (t->pattern.velocity[s][i] > 127)
                t->pattern.velocity[s][i] = 127;
    post_pattern(t);
    pthread_mutex_unlock(&t->lock);
}

static void post_tempo(struct transport *t)
{
    struct engine_command c = {.action = ENGINE_TEMPO};
    c.u.bpm = t->bpm;
    post(t, &c);
}

void transport_kit_tempo(struct transport *t, double bpm)
{
    pthread_mutex_lock(&t->lock);
    t->bpm = bpm >= 20 ? fmin(bpm, 300) : 20;
    post_tempo(t);
    pthread_mutex_unlock(&t->lock);
}

static void post_run(struct transport *t)
{
    struct engine_command c = {.action = ENGINE_RUN};
    c.u.on = t->running;
    post(t, &c);
}

void transport_kit_run(struct transport *t, bool on)
{
    pthread_mutex_lock(&t->lock);
    if (t->running != on) {
        t->running = on;
        post_run(t);
        wake(t);
    }
    pthread_mutex_unlock(&t->lock);
}

void transport_kit_hit(struct transport *t, int slot, int velocity)
{
    if (!slot_valid(slot) || velocity < 1)
        return;
    pthread_mutex_lock(&t->lock);
    struct engine_command c = {.action = ENGINE_HIT};
    c.u.kit.slot = slot;
    c.u.kit.velocity = velocity < 127 ? velocity : 127;
    post(t, &c);
    wake(t);
    pthread_mutex_unlock(&t->lock);
}

/* ---- what other threads report --------------------------------------------------------
 */

static void loaded(void *user, int rate_hz)
{
    struct transport *t = user;
    if (rate_hz > 0) {
        pthread_mutex_lock(&t->lock);
        int to_hz = engine_rate_hz(t->engine);
        bool first = t->serial == 0;
        pthread_mutex_unlock(&t->lock);
        make_kernel(t, rate_hz, to_hz);
        if (first && t->control)
            control_prefer_rate(t->control, rate_hz);
    }
    pthread_mutex_lock(&t->lock);
    if (t->waiting)
        begin_when_loaded(t);
    fill_slots(t);
    pthread_mutex_unlock(&t->lock);
    notify(t);
}

/* The engine begins anew for another kind of device: tell it everything again. */
static void reshape(void *user, int rate_hz, int channels)
{
    struct transport *t = user;
    pthread_mutex_lock(&t->lock);
    double at = present_s(t);
    engine_reset(t->engine, rate_hz, channels);
    post_pattern(t);
    post_tempo(t);
    post_volume(t);
    for (int s = 0; s < KIT_SLOTS; s++)
        t->slot[s].pending = t->slot[s].item.path != NULL;
    fill_slots(t);
    if (t->running)
        post_run(t);
    if (t->playing && !t->waiting && t->sound) {
        t->cue_s = at;
        t->from_present = false;
        begin(t, sound_ref(t->sound));
    }
    pthread_mutex_unlock(&t->lock);
}

static void lost(void *user)
{
    struct transport *t = user;
    pthread_mutex_lock(&t->lock);
    stop(t);
    t->running = false;
    post_run(t);
    pthread_mutex_unlock(&t->lock);
}

/* Has what was played come to its end? */
static bool note_end(struct transport *t)
{
    struct engine_snapshot snap;
    engine_snapshot(t->engine, &snap);
    bool ended = t->playing && !t->waiting && snap.serial == t->serial && !snap.playing;
    if (ended) {
        t->playing = false;
        t->cue_s = 0;
    }
    return ended;
}

static void tick(void *user, bool changed)
{
    struct transport *t = user;
    pthread_mutex_lock(&t->lock);
    engine_collect(t->engine);
    bool ended = note_end(t);
    pthread_mutex_unlock(&t->lock);
    if (changed || ended)
        notify(t);
}

/* ---- life
 * ------------------------------------------------------------------------------ */

static void destroy(struct transport *t)
{
    stream_free(t->stream);
    engine_free(t->engine);
    for (int i = 0; i < t->kernels; i++)
        kernel_free(t->kernel[i]);
    for (int i = 0; i < t->ahead_count; i++)
        wanted_clear(&t->ahead[i]);
    for (int s = 0; s < KIT_SLOTS; s++)
        wanted_clear(&t->slot[s].item);
    wanted_clear(&t->item);
    sound_unref(t->sound);
    for (int i = 0; i < 2; i++)
        if (t->notify[i] >= 0)
            close(t->notify[i]);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static enum status open_notify(struct transport *t, struct err *e)
{
    if (pipe(t->notify) != 0) {
        t->notify[0] = t->notify[1] = -1;
        return err_set(e, ST_NO_MEMORY, "no file descriptors left for the sound");
    }
    for (int i = 0; i < 2; i++) {
        fcntl(t->notify[i], F_SETFD, FD_CLOEXEC);
        fcntl(t->notify[i], F_SETFL, O_NONBLOCK);
    }
    return ST_OK;
}

static enum status open_control(struct transport *t, const struct transport_options *o,
                                struct err *e)
{
    struct device_wish wish = {.rate_hz = DEFAULT_RATE_HZ};
    struct control_hooks hooks = {reshape, lost, tick, t};
    int latency_ms = o->latency_ms > 0 ? o->latency_ms : DEFAULT_LATENCY_MS;
    wish.latency_s = latency_ms / 1000.0;
    snprintf(wish.name, sizeof wish.name, "%s", o->device ? o->device : "");
    return control_new(&t->control, t->engine, &wish, t->backend == TRANSPORT_NULL,
                       &hooks, e);
}

enum status transport_new(struct transport **out, const struct transport_options *options,
                          struct err *e)
{
    static const struct transport_options defaults = {.backend = TRANSPORT_PORTAUDIO};
    const struct transport_options *o = options ? options : &defaults;
    struct transport *t = calloc(1, sizeof *t);
    if (!t)
        return err_set(e, ST_NO_MEMORY, "no memory for the sound");
    bool card = o->backend == TRANSPORT_PORTAUDIO;
    pthread_mutex_init(&t->lock, NULL);
    t->backend = o->backend;
    t->matched = true;
    t->bpm = 120;
    kit_pattern_clear(&t->pattern);
    enum status st = open_notify(t, e);
    if (st == ST_OK)
        st =
            engine_new(&t->engine, o->rate_hz > 0 && !card ? o->rate_hz : DEFAULT_RATE_HZ,
                       o->channels > 0 && !card ? o->channels : 2, e);
    if (st == ST_OK && o->backend != TRANSPORT_OFFLINE)
        st = open_control(t, o, e);
    if (st == ST_OK)
        st = stream_new(&t->stream, o->cache_bytes ? o->cache_bytes : CACHE_BYTES, loaded,
                        t, e);
    if (st != ST_OK) {
        control_free(t->control);
        destroy(t);
        return st;
    }
    *out = t;
    return ST_OK;
}

void transport_free(struct transport *t)
{
    if (!t)
        return;
    transport_stop(t);
    transport_kit_run(t, false);
    stream_stop(t->stream); /* then nobody but control's own thread uses control */
    control_free(t->control);
    destroy(t);
}

int transport_fd(const struct transport *t)
{
    return t->notify[0];
}

/* ---- devices and status
 * ----------------------------------------------------------------- */

void transport_reconnect(struct transport *t, const char *device)
{
    if (t->control)
        control_reopen(t->control, device);
}

int transport_devices(struct transport *t, char (*names)[DEVICE_NAME_BYTES], int max)
{
    return t->control ? control_devices(t->control, names, max) : 0;
}

static double decibels(float linear)
{
    double db = level_to_db((double)linear);
    return db > SILENCE_DB ? db : SILENCE_DB;
}

static void describe_item(struct transport *t, struct transport_status *s)
{
    s->id = t->item.id;
    s->playing = t->playing;
    s->loading = t->waiting;
    s->mode = t->mode;
    s->loop = t->loop;
    s->loudness_lufs = (double)NAN;
    snprintf(s->problem, sizeof s->problem, "%s", t->problem);
    if (!t->sound || t->waiting)
        return;
    const struct sound *sound = t->sound;
    double rate = sound->audio.rate_hz, offset = offset_s(t);
    s->position_s = offset + present_s(t);
    s->from_s = offset;
    s->to_s = offset + (double)sound->audio.frames / rate;
    s->length_s = t->mode == PLAY_CONTEXT ? (double)sound->file_frames / rate : s->to_s;
    s->loudness_lufs = sound->loudness_lufs;
    s->match_gain_db = t->matched ? sound->match_gain_db : 0;
}

static void describe_output(struct transport *t, struct transport_status *s)
{
    struct engine_snapshot snap;
    engine_snapshot(t->engine, &snap);
    for (int c = 0; c < 2; c++) {
        s->peak_db[c] = decibels(snap.peak[c]);
        s->rms_db[c] = decibels(snap.rms[c]);
    }
    s->clipped = snap.clipped;
    s->kit_step = t->running ? snap.step : -1;
}

static void describe_device(struct transport *t, struct transport_status *s)
{
    s->device = DEVICE_SILENT;
    s->rate_hz = engine_rate_hz(t->engine);
    s->channels = engine_channels(t->engine);
    if (!t->control)
        return;
    struct control_status c;
    control_get_status(t->control, &c);
    s->device = c.state;
    s->rate_hz = c.rate_hz;
    s->channels = c.channels;
    s->latency_ms = c.latency_s * 1000;
    s->underruns = c.underruns;
    snprintf(s->device_name, sizeof s->device_name, "%s", c.name);
    snprintf(s->sentence, sizeof s->sentence, "%s", c.sentence);
}

void transport_get_status(struct transport *t, struct transport_status *status)
{
    char bytes[64];
    while (read(t->notify[0], bytes, sizeof bytes) > 0)
        continue;
    memset(status, 0, sizeof *status);
    pthread_mutex_lock(&t->lock);
    engine_collect(t->engine);
    note_end(t);
    describe_item(t, status);
    describe_output(t, status);
    describe_device(t, status);
    status->matched = t->matched;
    status->volume_db = t->volume_db;
    status->kit_running = t->running;
    status->kit_bpm = t->bpm;
    pthread_mutex_unlock(&t->lock);
}

/* ---- tests
 * ---------------------------------------------------------------------------------- */

void transport_render(struct transport *t, float *out, size_t frames)
{
    if (t->backend != TRANSPORT_OFFLINE) {
        memset(out, 0, frames * (size_t)engine_channels(t->engine) * sizeof *out);
        return;
    }
    engine_render(t->engine, out, frames);
    tick(t, false);
}

void transport_settle(struct transport *t)
{
    for (int i = 0; i < SETTLE_MS; i++) {
        pthread_mutex_lock(&t->lock);
        bool pending = t->waiting;
        for (int s = 0; s < KIT_SLOTS; s++)
            pending = pending || t->slot[s].pending;
        pthread_mutex_unlock(&t->lock);
        if (!pending && stream_idle(t->stream))
            return;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}
