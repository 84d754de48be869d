#include "audio/transport_state.h"

#include "dsp/level.h"

#include <math.h>
#include <stdio.h>

static const double SEAM_S = 1.0;
static const double VOLUME_MIN_DB = -60, VOLUME_MAX_DB = 12;

/* ---- starting ---- */

/* A loop's file begins where it ends, in the middle of the sound. A hit is heard as it
 * is, its attack above all. */
void transport_edges(const struct wanted *item, const struct sound *s, bool *fade_in,
                     bool *fade_out)
{
    *fade_in = s->cut_start || (s->loud_start && !item->once);
    *fade_out = s->cut_end || (s->loud_end && !item->once);
}

static struct plan plan_for(const struct transport *t, const struct sound *s)
{
    double rate = s->audio.rate_hz;
    struct plan p = {
        .frames = (int64_t)s->audio.frames,
        .loop = t->loop && t->mode != PLAY_CONTEXT && !t->item.once,
        .loop_start = t->item.loop_start_frame,
        .loop_end = t->item.loop_end_frame,
        .seam = t->mode == PLAY_SEAM,
        .seam_frames = (int64_t)(SEAM_S * rate),
    };
    transport_edges(&t->item, s, &p.cut_start, &p.cut_end);
    plan_clean(&p);
    return p;
}

static float match_gain(const struct transport *t, const struct sound *s)
{
    double db = t->matched ? sound_match_db(s, t->match_lufs) : 0;
    if (t->item.shape.rate_hz > 0) /* a sample of a kit is as loud as an export has it */
        db = transport_kit_db(t, s->true_peak_dbfs, 0);
    return (float)level_from_db(db); /* exactly 1 for 0 dB */
}

/* The sound is here: hand it to the engine. Takes over the reference. */
void transport_begin(struct transport *t, struct sound *s)
{
    struct engine_command c = {.action = ENGINE_PLAY};
    if (!transport_kernel(t, s->audio.rate_hz, &c.u.play.kernel)) {
        transport_no_kernel(t, s->audio.rate_hz);
        transport_halt(t);
        sound_unref(s);
        return;
    }
    t->waiting = false;
    c.u.play.sound = s;
    c.u.play.plan = plan_for(t, s);
    c.u.play.at = t->from_present ? ENGINE_SAME_PLACE
                                  : (int64_t)llround(t->cue_s * s->audio.rate_hz);
    c.u.play.gain = match_gain(t, s);
    c.u.play.serial = ++t->serial;
    t->from_present = false;
    sound_unref(t->sound);
    t->sound = sound_ref(s);
    transport_post(t, &c);
    if (t->control)
        control_prefer_rate(t->control, s->audio.rate_hz);
    transport_wake(t);
}

void transport_begin_loaded(struct transport *t)
{
    struct stretch what = wanted_stretch(&t->item);
    struct sound *s;
    struct err why;
    switch (stream_find(t->stream, &what, &s, &why)) {
    case STREAM_READY:
        transport_begin(t, s);
        break;
    case STREAM_FAILED:
        transport_halt(t); /* also what a flip left playing */
        snprintf(t->problem, sizeof t->problem, "%.*s", (int)sizeof t->problem - 1,
                 why.msg);
        break;
    case STREAM_UNKNOWN:
    case STREAM_WAITING:
        break;
    }
}

/* What is known of the sound before is nothing about the item. */
void transport_forget_sound(struct transport *t)
{
    sound_unref(t->sound);
    t->sound = NULL;
}

void transport_halt(struct transport *t)
{
    if (t->waiting)
        transport_forget_sound(t);
    t->playing = t->waiting = t->from_present = false;
    t->cue_s = 0;
    transport_post(t, &(struct engine_command){.action = ENGINE_STOP});
}

/* Play t->item in t->mode from t->cue_s. A file that failed before is tried again. */
static void launch(struct transport *t)
{
    struct stretch what = wanted_stretch(&t->item);
    struct sound *s = NULL;
    t->problem[0] = '\0';
    t->playing = t->waiting = true;
    enum stream_answer answer = stream_find(t->stream, &what, &s, NULL);
    if (answer == STREAM_FAILED)
        stream_forget(t->stream, t->item.path);
    if (answer == STREAM_READY) {
        transport_begin(t, s);
    } else if (!t->from_present) {
        /* what is not loaded yet must not be mistaken for what still plays */
        transport_forget_sound(t);
        transport_post(t, &(struct engine_command){.action = ENGINE_STOP});
    }
    transport_wish(t);
    transport_wake(t);
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

void transport_seam(struct transport *t, const struct play_item *item)
{
    pthread_mutex_lock(&t->lock);
    start(t, item, PLAY_SEAM, 0);
    pthread_mutex_unlock(&t->lock);
}

void transport_context(struct transport *t, const struct play_item *item, double around_s)
{
    pthread_mutex_lock(&t->lock);
    start(t, item, PLAY_CONTEXT, around_s > 0 ? around_s : 0);
    pthread_mutex_unlock(&t->lock);
}

/* The sound that is known still plays: the item's, or what a flip follows until that is
 * loaded. */
static bool is_heard(const struct transport *t)
{
    return !t->waiting || t->from_present;
}

void transport_flip(struct transport *t, const struct play_item *item)
{
    pthread_mutex_lock(&t->lock);
    bool follow = t->playing && t->mode != PLAY_CONTEXT;
    if (wanted_set(&t->item, item)) {
        if (t->mode == PLAY_CONTEXT)
            t->mode = PLAY_PLAIN;
        bool heard = follow && is_heard(t);
        t->cue_s = follow && !heard ? t->cue_s : 0;
        t->from_present = heard;
        launch(t);
    }
    pthread_mutex_unlock(&t->lock);
}

/* ---- while it plays ---- */

/* Seconds of the sound (not of the recording). */
double transport_present_s(struct transport *t)
{
    struct engine_snapshot snap;
    engine_snapshot(t->engine, &snap);
    if (!t->sound || !t->playing || !is_heard(t) || snap.serial != t->serial)
        return t->cue_s;
    return (double)snap.frame / t->sound->audio.rate_hz;
}

double transport_offset_s(const struct transport *t)
{
    if (t->mode != PLAY_CONTEXT || !t->sound)
        return 0;
    return (double)t->sound->first_frame / t->sound->audio.rate_hz;
}

static void go_to(struct transport *t, double seconds)
{
    if (t->sound) /* else how long it is shows when it is there */
        seconds =
            fmin(seconds, ((double)t->sound->audio.frames - 1) / t->sound->audio.rate_hz);
    t->cue_s = fmax(0, seconds);
    if (t->playing && is_heard(t) && t->sound && t->mode != PLAY_SEAM) {
        int64_t frame = llround(t->cue_s * t->sound->audio.rate_hz);
        transport_post(t,
                       &(struct engine_command){.action = ENGINE_SEEK, .u.frame = frame});
    }
    transport_wake(t);
}

void transport_stop(struct transport *t)
{
    pthread_mutex_lock(&t->lock);
    transport_halt(t);
    pthread_mutex_unlock(&t->lock);
}

void transport_toggle(struct transport *t)
{
    pthread_mutex_lock(&t->lock);
    if (t->playing)
        transport_halt(t);
    else if (t->item.path)
        launch(t);
    pthread_mutex_unlock(&t->lock);
}

void transport_seek(struct transport *t, double seconds)
{
    pthread_mutex_lock(&t->lock);
    go_to(t, transport_present_s(t) + seconds);
    pthread_mutex_unlock(&t->lock);
}

static void replan(struct transport *t)
{
    if (!t->playing || t->waiting || !t->sound)
        return;
    transport_post(t,
                   &(struct engine_command){
                       .action = ENGINE_PLAN,
                       .u.change = {.serial = t->serial, .plan = plan_for(t, t->sound)}});
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

void transport_set_matched(struct transport *t, bool on)
{
    pthread_mutex_lock(&t->lock);
    if (t->matched != on) {
        t->matched = on;
        if (t->sound)
            transport_post(t,
                           &(struct engine_command){.action = ENGINE_GAIN,
                                                    .u.gain = match_gain(t, t->sound)});
    }
    pthread_mutex_unlock(&t->lock);
}

void transport_set_volume(struct transport *t, double db)
{
    pthread_mutex_lock(&t->lock);
    t->volume_db = fmax(VOLUME_MIN_DB, fmin(VOLUME_MAX_DB, db));
    float gain = t->volume_db > VOLUME_MIN_DB ? (float)level_from_db(t->volume_db) : 0;
    transport_post(t, &(struct engine_command){.action = ENGINE_VOLUME, .u.gain = gain});
    transport_wake(t);
    pthread_mutex_unlock(&t->lock);
}

void transport_prefetch(struct transport *t, const struct play_item *items, int count)
{
    pthread_mutex_lock(&t->lock);
    for (int i = 0; i < t->ahead_count; i++)
        wanted_clear(&t->ahead[i]);
    t->ahead_count = 0;
    for (int i = 0; i < count && i < TRANSPORT_AHEAD_MAX; i++)
        if (wanted_set(&t->ahead[t->ahead_count], &items[i]))
            t->ahead_count++;
    transport_wish(t);
    transport_wake(t);
    pthread_mutex_unlock(&t->lock);
}

void transport_forget(struct transport *t, const char *path)
{
    pthread_mutex_lock(&t->lock);
    stream_forget(t->stream, path);
    transport_wish(t);
    pthread_mutex_unlock(&t->lock);
}
