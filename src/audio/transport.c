#include "audio/transport_state.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    CACHE_BYTES = 256 << 20,
    DEFAULT_RATE_HZ = 44100,
    DEFAULT_LATENCY_MS = 30,
    DEFAULT_MATCH_LUFS = -18,
    SETTLE_MS = 10000,
};

/* ---- what other threads report ---- */

static void loaded(void *user, int rate_hz)
{
    struct transport *t = user;
    if (rate_hz > 0) {
        pthread_mutex_lock(&t->lock);
        int to_hz = engine_rate_hz(t->engine);
        bool first = !t->rate_known;
        t->rate_known = true;
        pthread_mutex_unlock(&t->lock);
        transport_make_kernel(t, rate_hz, to_hz);
        if (first && t->control) {
            control_prefer_rate(t->control, rate_hz);
            control_wake(t->control);
        }
    }
    pthread_mutex_lock(&t->lock);
    if (t->waiting)
        transport_begin_loaded(t);
    transport_fill_slots(t);
    pthread_mutex_unlock(&t->lock);
    transport_notify(t);
}

/* The engine begins anew for another kind of device: it needs its sounds again. */
static void reshape(void *user, int rate_hz, int channels)
{
    struct transport *t = user;
    pthread_mutex_lock(&t->lock);
    double at = transport_present_s(t);
    engine_reset(t->engine, rate_hz, channels);
    transport_post_kit(t);
    t->cue_s = at;
    t->from_present = false; /* what it follows is gone */
    if (t->waiting)
        transport_forget_sound(t);
    else if (t->playing)
        transport_begin(t, sound_ref(t->sound));
    pthread_mutex_unlock(&t->lock);
}

static void stop_all(struct transport *t)
{
    pthread_mutex_lock(&t->lock);
    transport_halt(t);
    t->running = false;
    transport_post_run(t);
    transport_post(t, &(struct engine_command){.action = ENGINE_CUT});
    pthread_mutex_unlock(&t->lock);
}

static void lost(void *user)
{
    stop_all(user);
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
        transport_notify(t);
}

/* ---- life ---- */

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
    t->match_lufs = o->match_lufs < 0 ? o->match_lufs : DEFAULT_MATCH_LUFS;
    t->bpm = 120;
    t->kit_peak_dbfs = (double)NAN;
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
    stop_all(t);
    stream_stop(t->stream); /* then nobody but control's own thread uses control */
    control_free(t->control);
    destroy(t);
}

void transport_rest(struct transport *t)
{
    stop_all(t);
    if (t->control)
        control_rest(t->control);
}

int transport_fd(const struct transport *t)
{
    return t->notify[0];
}

/* ---- devices and status ---- */

void transport_reconnect(struct transport *t, const char *device)
{
    if (t->control)
        control_reopen(t->control, device);
}

int transport_devices(struct transport *t, char (*names)[DEVICE_NAME_BYTES], int max)
{
    return t->control ? control_devices(t->control, names, max) : 0;
}

static void describe_item(struct transport *t, struct transport_status *s)
{
    s->id = t->item.id;
    s->playing = t->playing;
    s->loading = t->waiting;
    s->mode = t->mode;
    s->loop = t->loop;
    s->once = t->item.once;
    snprintf(s->problem, sizeof s->problem, "%s", t->problem);
    if (!t->sound || t->waiting)
        return;
    const struct sound *sound = t->sound;
    int64_t frames = (int64_t)sound->audio.frames;
    if (t->mode == PLAY_CONTEXT)
        frames = sound->file_frames;
    s->position_s = transport_offset_s(t) + transport_present_s(t);
    s->length_s = (double)frames / sound->audio.rate_hz;
}

static void describe_kit(struct transport *t, struct transport_status *s)
{
    struct engine_snapshot snap;
    engine_snapshot(t->engine, &snap);
    s->kit_running = t->running;
    s->kit_step = t->running ? snap.step : -1;
    s->kit_bpm = t->bpm;
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
    describe_kit(t, status);
    describe_device(t, status);
    status->matched = t->matched;
    status->volume_db = t->volume_db;
    pthread_mutex_unlock(&t->lock);
}

/* ---- tests ---- */

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
