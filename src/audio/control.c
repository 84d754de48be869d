#include "audio/control.h"

#include "audio/card.h"
#include "audio/device_null.h"
#include "audio/errand.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    TICK_MS = 50,
    OPEN_LIMIT_MS = 4000,
    START_LIMIT_MS = 2000,
    STOP_LIMIT_MS = 700,
    CLOSE_LIMIT_MS = 700,
    REST_LIMIT_MS = 1000,
    QUIT_LIMIT_MS = 150, /* each of stop and close when the program ends */
    DRAIN_LIMIT_MS = 300,
    BEAT_LIMIT_MS = 500,
    SETTLE_MS = 1000, /* underruns just after the start do not count */
    IDLE_MS = 4000,
    UNDERRUNS_TOLERATED = 2,
    SWITCH_MS = 10000, /* between two changes of the rate */
    RATE_LEAST_HZ = 44100,
    RATES_REFUSED = 8,
};

static const double LATENCY_MAX_S = 0.2;

struct control {
    struct engine *engine;
    struct control_hooks hooks;
    bool silent;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake, rested;
    atomic_bool quit;
    /* asked for and answered; under the lock */
    bool poked, reopen, fresh, rest;
    struct device_wish wish;
    /* the wish that was granted last, which one that cannot be gives way to */
    bool granted;
    char granted_name[DEVICE_LABEL_BYTES];
    int preferred_hz;
    int64_t active_ms; /* when sound was last wanted */
    struct control_status status;
    struct device_list list;
    /* control's thread only */
    struct device *device; /* sound card or silent clock, or NULL */
    bool card, running;
    uint64_t beats;
    int64_t beat_ms, start_ms, tick_ms, switch_ms;
    int64_t sound_ms;   /* when something sounded, when last looked at */
    unsigned underruns; /* of the device, when last looked at */
    int strikes;
    int refused_hz[RATES_REFUSED], refused;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void sleep_ms(int ms)
{
    nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

static void render(void *user, float *out, size_t frames)
{
    struct control *c = user;
    engine_render(c->engine, out, frames);
}

static struct device_source engine_source(struct control *c)
{
    return (struct device_source){render, c};
}

static void say(struct control *c, enum device_state state, const char *sentence)
{
    pthread_mutex_lock(&c->lock);
    c->status.state = state;
    snprintf(c->status.sentence, sizeof c->status.sentence, "%.*s",
             (int)sizeof c->status.sentence - 1, sentence);
    pthread_mutex_unlock(&c->lock);
    c->hooks.tick(c->hooks.user, true);
}

/* ---- the device ---- */

static void forget_device(struct control *c)
{
    device_unref(c->device);
    c->device = NULL;
    c->card = c->running = false;
}

static void drop_device(struct control *c, int limit_ms)
{
    if (!c->device)
        return;
    gate_close(&c->device->gate);
    if (!c->card)
        c->device->kind->close(c->device);
    else
        card_do(CARD_CLOSE, c->device, limit_ms, NULL);
    forget_device(c);
}

/* It hangs or is gone: shut the gate, clean up on a thread that may never come back. */
static void lose_device(struct control *c, bool ours)
{
    char sentence[192];
    snprintf(sentence, sizeof sentence, "the sound device (%s) is gone or hangs",
             c->device->name);
    gate_close(&c->device->gate);
    atomic_store(&c->device->gate.abandoned, true);
    if (ours)
        card_do(CARD_CLOSE, c->device, CLOSE_LIMIT_MS, NULL);
    forget_device(c);
    c->hooks.lost(c->hooks.user);
    say(c, DEVICE_LOST, sentence);
}

static void fit_engine(struct control *c)
{
    if (c->device->rate_hz != engine_rate_hz(c->engine) ||
        c->device->channels != engine_channels(c->engine))
        c->hooks.reshape(c->hooks.user, c->device->rate_hz, c->device->channels);
}

static bool refuses(const struct control *c, int rate_hz)
{
    for (int i = 0; i < c->refused; i++)
        if (c->refused_hz[i] == rate_hz)
            return true;
    return false;
}

static void adopt(struct control *c, struct device *d, const struct device_wish *wish,
                  const char *sentence)
{
    c->device = d;
    c->card = true;
    c->underruns = 0;
    c->strikes = 0;
    if (d->rate_hz != wish->rate_hz && c->refused < RATES_REFUSED)
        c->refused_hz[c->refused++] = wish->rate_hz;
    fit_engine(c);
    pthread_mutex_lock(&c->lock);
    c->status.rate_hz = c->device->rate_hz;
    c->status.channels = c->device->channels;
    c->status.latency_s = c->device->latency_s;
    c->status.underruns = 0;
    snprintf(c->status.name, sizeof c->status.name, "%s", c->device->name);
    memcpy(c->granted_name, wish->name, sizeof c->granted_name);
    c->granted = true;
    pthread_mutex_unlock(&c->lock);
    say(c, DEVICE_READY, sentence);
}

/* False when the card no longer asks for sound. */
static bool alive(struct control *c, int64_t now)
{
    uint64_t beats = atomic_load(&c->device->gate.beats);
    /* this process itself was stopped: nothing is known yet */
    bool slept = now - c->tick_ms > 5 * TICK_MS;
    if (beats != c->beats || slept) {
        c->beats = beats;
        c->beat_ms = now;
    }
    return now - c->beat_ms < BEAT_LIMIT_MS;
}

/* How long the device's buffer lasts, at the most. */
static int buffer_ms(const struct control *c)
{
    int ms = 20 + (int)(2000 * c->device->latency_s);
    return ms < DRAIN_LIMIT_MS ? ms : DRAIN_LIMIT_MS;
}

/* What sounds fades before its device goes, and goes on from there on the next; what has
 * just ended, and is in the device's buffer yet, is heard. */
static void fade_device(struct control *c)
{
    struct engine_snapshot s;
    int64_t now = now_ms();
    engine_snapshot(c->engine, &s);
    if (!c->running || !c->card || !alive(c, now) ||
        (s.silent && now - c->sound_ms > TICK_MS + buffer_ms(c)))
        return;
    gate_mute(&c->device->gate);
    sleep_ms(buffer_ms(c));
}

/* What is wished cannot be had: the wish before it counts again, if there is another and
 * nothing was asked for meanwhile. */
static bool go_back(struct control *c, struct device_wish *wish)
{
    pthread_mutex_lock(&c->lock);
    bool back = c->granted && !c->reopen && strcmp(wish->name, c->granted_name) != 0;
    if (back) {
        memcpy(c->wish.name, c->granted_name, sizeof c->wish.name);
        memcpy(wish->name, c->granted_name, sizeof wish->name);
    }
    pthread_mutex_unlock(&c->lock);
    wish->fresh = false;
    return back;
}

static void open_card(struct control *c, bool fresh)
{
    if (c->silent)
        return;
    say(c, DEVICE_OPENING, "");
    fade_device(c);
    drop_device(c, CLOSE_LIMIT_MS);
    pthread_mutex_lock(&c->lock);
    struct device_wish wish = c->wish;
    pthread_mutex_unlock(&c->lock);
    wish.fresh = fresh;
    wish.source = engine_source(c);
    if (fresh)
        c->refused = 0;
    struct card_answer answer;
    char sentence[192] = ""; /* why the first that was tried cannot be opened */
    do {
        if (!card_open(&wish, OPEN_LIMIT_MS, &c->quit, &answer)) {
            go_back(c, &wish);
            say(c, DEVICE_NONE, "the sound system does not respond: restart it");
            return;
        }
        pthread_mutex_lock(&c->lock);
        c->list = answer.list;
        pthread_mutex_unlock(&c->lock);
        if (answer.st != ST_OK && !sentence[0])
            snprintf(sentence, sizeof sentence, "%.191s", answer.err.msg);
    } while (answer.st != ST_OK && go_back(c, &wish));
    if (answer.st == ST_OK)
        adopt(c, answer.device, &wish, sentence);
    else
        say(c, DEVICE_NONE, sentence);
}

/* Time goes on without a sound card. */
static void open_clock(struct control *c)
{
    struct device *d;
    if (device_null_open(&d, engine_rate_hz(c->engine), engine_channels(c->engine),
                         engine_source(c), NULL) == ST_OK) {
        c->device = d;
        c->card = false;
    }
}

static void start_device(struct control *c)
{
    struct err e = {.code = ST_OK};
    struct engine_snapshot s;
    engine_snapshot(c->engine, &s);
    if (!s.silent)
        gate_rise(&c->device->gate);
    if (!c->card) {
        c->device->kind->start(c->device, NULL);
    } else if (!card_do(CARD_START, c->device, START_LIMIT_MS, &e)) {
        lose_device(c, false);
        return;
    } else if (e.code != ST_OK) {
        drop_device(c, CLOSE_LIMIT_MS);
        say(c, DEVICE_NONE, e.msg);
        return;
    }
    c->running = true;
    c->beats = atomic_load(&c->device->gate.beats);
    c->underruns = atomic_load(&c->device->gate.underruns);
    c->beat_ms = c->start_ms = now_ms();
}

static void stop_device(struct control *c)
{
    c->running = false;
    if (!c->card)
        c->device->kind->stop(c->device);
    else if (!card_do(CARD_STOP, c->device, STOP_LIMIT_MS, NULL))
        lose_device(c, false);
}

/* ---- watching ---- */

/* Gaps again and again: open with twice the latency. */
static void heed_underruns(struct control *c, int64_t now)
{
    unsigned n = atomic_load(&c->device->gate.underruns);
    unsigned more = n - c->underruns;
    c->underruns = n;
    if (more == 0 || now - c->start_ms < SETTLE_MS)
        return;
    c->strikes += (int)more;
    pthread_mutex_lock(&c->lock);
    c->status.underruns += more;
    bool adapt = c->strikes > UNDERRUNS_TOLERATED && c->wish.latency_s < LATENCY_MAX_S;
    if (adapt) {
        c->wish.latency_s *= 2;
        if (c->wish.latency_s > LATENCY_MAX_S)
            c->wish.latency_s = LATENCY_MAX_S;
    }
    pthread_mutex_unlock(&c->lock);
    if (adapt)
        open_card(c, false);
}

/* The device's rate follows what is played, in silence and not all the time. */
static void follow_rate(struct control *c, bool silent, int64_t now)
{
    pthread_mutex_lock(&c->lock);
    int hz = c->preferred_hz;
    bool change = c->card && silent && hz && hz != c->device->rate_hz &&
                  !refuses(c, hz) && (!c->switch_ms || now - c->switch_ms > SWITCH_MS);
    if (change)
        c->wish.rate_hz = hz;
    pthread_mutex_unlock(&c->lock);
    if (change) {
        c->switch_ms = now;
        open_card(c, false);
    }
}

static void tick(struct control *c)
{
    int64_t now = now_ms();
    struct engine_snapshot s;
    engine_snapshot(c->engine, &s);
    if (!s.silent)
        c->sound_ms = now;
    pthread_mutex_lock(&c->lock);
    bool active = !s.silent || s.running || now - c->active_ms < IDLE_MS;
    pthread_mutex_unlock(&c->lock);
    if (c->running && c->card && !alive(c, now))
        lose_device(c, true);
    else if (c->running && c->card)
        heed_underruns(c, now);
    c->tick_ms = now;
    follow_rate(c, s.silent && !s.running, now);
    if (active && !c->device)
        open_clock(c);
    if (active && c->device && !c->running)
        start_device(c);
    else if (!active && c->running)
        stop_device(c);
    c->hooks.tick(c->hooks.user, false);
}

/* ---- the thread ---- */

static void pause_thread(struct control *c)
{
    struct timespec until = wait_until(TICK_MS);
    if (c->poked || c->reopen || atomic_load(&c->quit))
        return;
    if (c->running)
        pthread_cond_timedwait(&c->wake, &c->lock, &until);
    else
        pthread_cond_wait(&c->wake, &c->lock);
}

/* What sounds has been told to fade: let it, and let the device's buffer run out. */
static void drain(struct control *c)
{
    struct engine_snapshot s;
    if (!c->running || !c->card || !alive(c, now_ms()))
        return;
    engine_snapshot(c->engine, &s);
    for (int i = 0; i < 8 && !s.silent; i++) {
        sleep_ms(10);
        engine_snapshot(c->engine, &s);
    }
    sleep_ms(buffer_ms(c));
}

static void leave(struct control *c)
{
    drain(c);
    drop_device(c, QUIT_LIMIT_MS);
    if (!c->silent)
        card_do(CARD_END, NULL, QUIT_LIMIT_MS, NULL);
}

static void rest(struct control *c)
{
    drain(c);
    if (c->running)
        stop_device(c);
    pthread_mutex_lock(&c->lock);
    c->rest = false;
    pthread_cond_signal(&c->rested);
    pthread_mutex_unlock(&c->lock);
}

static void *control_thread(void *arg)
{
    struct control *c = arg;
    pthread_mutex_lock(&c->lock);
    while (!atomic_load(&c->quit)) {
        bool reopen = c->reopen, fresh = c->fresh, still = c->rest;
        c->poked = c->reopen = c->fresh = false;
        if (still)
            c->active_ms = now_ms() - IDLE_MS;
        pthread_mutex_unlock(&c->lock);
        if (reopen)
            open_card(c, fresh);
        if (still)
            rest(c);
        tick(c);
        pthread_mutex_lock(&c->lock);
        pause_thread(c);
    }
    pthread_mutex_unlock(&c->lock);
    leave(c);
    return NULL;
}

static void destroy(struct control *c)
{
    pthread_cond_destroy(&c->wake);
    pthread_cond_destroy(&c->rested);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

enum status control_new(struct control **out, struct engine *engine,
                        const struct device_wish *wish, bool silent,
                        const struct control_hooks *hooks, struct err *e)
{
    struct control *c = calloc(1, sizeof *c);
    if (!c)
        return err_set(e, ST_NO_MEMORY, "no memory for the device control");
    c->engine = engine;
    c->hooks = *hooks;
    c->silent = silent;
    c->wish = *wish;
    c->reopen = c->fresh = !silent;
    c->active_ms = now_ms() - IDLE_MS;
    c->status.state = silent ? DEVICE_SILENT : DEVICE_OPENING;
    c->status.rate_hz = engine_rate_hz(engine);
    c->status.channels = engine_channels(engine);
    pthread_mutex_init(&c->lock, NULL);
    wait_init(&c->wake);
    wait_init(&c->rested);
    if (pthread_create(&c->thread, NULL, control_thread, c) != 0) {
        destroy(c);
        return err_set(e, ST_NO_MEMORY, "the device control's thread cannot be started");
    }
    *out = c;
    return ST_OK;
}

void control_free(struct control *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    atomic_store(&c->quit, true);
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    destroy(c);
}

/* ---- any thread ---- */

static void poke(struct control *c)
{
    c->poked = true;
    pthread_cond_signal(&c->wake);
}

void control_wake(struct control *c)
{
    pthread_mutex_lock(&c->lock);
    c->active_ms = now_ms();
    poke(c);
    pthread_mutex_unlock(&c->lock);
}

void control_rest(struct control *c)
{
    struct timespec until = wait_until(REST_LIMIT_MS);
    pthread_mutex_lock(&c->lock);
    c->rest = true;
    poke(c);
    while (c->rest && pthread_cond_timedwait(&c->rested, &c->lock, &until) == 0)
        continue;
    c->rest = false; /* a device that does not answer is not asked again later */
    pthread_mutex_unlock(&c->lock);
}

void control_reopen(struct control *c, const char *name)
{
    pthread_mutex_lock(&c->lock);
    if (name)
        snprintf(c->wish.name, sizeof c->wish.name, "%s", name);
    c->reopen = c->fresh = true;
    c->status.sentence[0] = '\0'; /* what is told from now on is about this */
    poke(c);
    pthread_mutex_unlock(&c->lock);
}

void control_prefer_rate(struct control *c, int rate_hz)
{
    /* the next sound would lose its treble: it comes before the rate can change back */
    if (rate_hz < RATE_LEAST_HZ)
        return;
    pthread_mutex_lock(&c->lock);
    bool news = c->preferred_hz != rate_hz;
    c->preferred_hz = rate_hz;
    if (news)
        poke(c);
    pthread_mutex_unlock(&c->lock);
}

void control_get_status(struct control *c, struct control_status *status)
{
    pthread_mutex_lock(&c->lock);
    *status = c->status;
    pthread_mutex_unlock(&c->lock);
}

int control_devices(struct control *c, char (*names)[DEVICE_NAME_BYTES], int max)
{
    pthread_mutex_lock(&c->lock);
    int n = c->list.count < max ? c->list.count : max;
    for (int i = 0; i < n; i++)
        snprintf(names[i], DEVICE_NAME_BYTES, "%s", c->list.name[i]);
    pthread_mutex_unlock(&c->lock);
    return n;
}
