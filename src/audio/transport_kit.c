#include "audio/transport_state.h"

#include "dsp/level.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void kit_pattern_clear(struct kit_pattern *p)
{
    memset(p, 0, sizeof *p);
    p->chokes[KIT_SLOT_CH] = 1u << KIT_SLOT_OH;
}

/* As an export has it, if the wanted peak is known: brought to that peak plus the trim,
 * never above full scale. Else the trim alone. */
double transport_kit_db(const struct transport *t, double peak_dbfs, double trim_db)
{
    bool told = !isnan(t->kit_peak_dbfs) && isfinite(peak_dbfs);
    return told ? fmin(0, t->kit_peak_dbfs + trim_db) - peak_dbfs : trim_db;
}

static float slot_gain(const struct transport *t, const struct wanted_slot *s)
{
    return (float)level_from_db(transport_kit_db(t, s->peak_dbfs, s->trim_db));
}

static void post_slot(struct transport *t, int slot, struct sound *s)
{
    struct engine_command c = {.action = ENGINE_SLOT};
    if (s && !transport_kernel(t, s->audio.rate_hz, &c.u.kit.kernel)) {
        transport_no_kernel(t, s->audio.rate_hz);
        sound_unref(s);
        s = NULL; /* the slot is still, not what was on it before */
    }
    t->slot[slot].peak_dbfs = s ? s->true_peak_dbfs : (double)NAN;
    c.u.kit.slot = slot;
    c.u.kit.gain = slot_gain(t, &t->slot[slot]);
    c.u.kit.sound = s;
    if (s)
        transport_edges(&t->slot[slot].item, s, &c.u.kit.fade_in, &c.u.kit.fade_out);
    transport_post(t, &c);
}

void transport_fill_slots(struct transport *t)
{
    for (int i = 0; i < KIT_SLOTS; i++) {
        struct wanted_slot *slot = &t->slot[i];
        struct sound *s;
        struct err why;
        if (!slot->pending || !slot->item.path)
            continue;
        struct stretch what = wanted_stretch(&slot->item);
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
    struct wanted_slot *s = &t->slot[slot];
    s->trim_db = trim_db;
    t->problem[0] = '\0';
    if (item && wanted_set(&s->item, item)) {
        struct stretch what = wanted_stretch(&s->item);
        struct sound *unused = NULL;
        if (stream_find(t->stream, &what, &unused, NULL) == STREAM_FAILED)
            stream_forget(t->stream, item->path); /* it is tried again */
        sound_unref(unused);
        s->pending = true;
        transport_wish(t);
        transport_fill_slots(t);
    } else {
        wanted_clear(&s->item);
        s->pending = false;
        post_slot(t, slot, NULL);
    }
    transport_wake(t);
    pthread_mutex_unlock(&t->lock);
}

static void post_trim(struct transport *t, int slot)
{
    float gain = slot_gain(t, &t->slot[slot]);
    transport_post(t, &(struct engine_command){.action = ENGINE_TRIM,
                                               .u.kit = {.slot = slot, .gain = gain}});
}

void transport_kit_trim(struct transport *t, int slot, double trim_db)
{
    if (!slot_valid(slot))
        return;
    pthread_mutex_lock(&t->lock);
    if (t->slot[slot].trim_db != trim_db) {
        t->slot[slot].trim_db = trim_db;
        post_trim(t, slot);
    }
    pthread_mutex_unlock(&t->lock);
}

void transport_kit_peak(struct transport *t, double peak_dbfs)
{
    pthread_mutex_lock(&t->lock);
    if (isnan(t->kit_peak_dbfs) || t->kit_peak_dbfs != peak_dbfs) {
        t->kit_peak_dbfs = peak_dbfs;
        for (int s = 0; s < KIT_SLOTS; s++)
            if (t->slot[s].item.path)
                post_trim(t, s);
    }
    pthread_mutex_unlock(&t->lock);
}

void transport_kit_pattern(struct transport *t, const struct kit_pattern *p)
{
    pthread_mutex_lock(&t->lock);
    bool same = memcmp(t->pattern.steps, p->steps, sizeof p->steps) == 0 &&
                memcmp(t->pattern.chokes, p->chokes, sizeof p->chokes) == 0;
    t->pattern = *p;
    if (!same)
        transport_post(t, &(struct engine_command){.action = ENGINE_PATTERN,
                                                   .u.pattern = t->pattern});
    pthread_mutex_unlock(&t->lock);
}

void transport_kit_tempo(struct transport *t, double bpm)
{
    bpm = fmax(KIT_BPM_MIN, fmin(bpm, KIT_BPM_MAX));
    pthread_mutex_lock(&t->lock);
    if (t->bpm != bpm) {
        t->bpm = bpm;
        transport_post(t, &(struct engine_command){.action = ENGINE_TEMPO, .u.bpm = bpm});
    }
    pthread_mutex_unlock(&t->lock);
}

void transport_post_run(struct transport *t)
{
    transport_post(t, &(struct engine_command){.action = ENGINE_RUN, .u.on = t->running});
}

void transport_kit_run(struct transport *t, bool on)
{
    pthread_mutex_lock(&t->lock);
    if (t->running != on) {
        t->running = on;
        transport_post_run(t);
        transport_wake(t);
    }
    pthread_mutex_unlock(&t->lock);
}

void transport_kit_hit(struct transport *t, int slot)
{
    if (!slot_valid(slot))
        return;
    pthread_mutex_lock(&t->lock);
    transport_post(
        t, &(struct engine_command){.action = ENGINE_HIT, .u.kit = {.slot = slot}});
    transport_wake(t);
    pthread_mutex_unlock(&t->lock);
}

void transport_post_kit(struct transport *t)
{
    for (int s = 0; s < KIT_SLOTS; s++)
        t->slot[s].pending = t->slot[s].item.path != NULL;
    transport_fill_slots(t);
    if (t->running)
        transport_post_run(t);
}
