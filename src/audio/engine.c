#include "audio/engine.h"

#include "audio/limit.h"
#include "audio/ring.h"
#include "audio/sequencer.h"
#include "audio/voice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    VOICES = 64,
    COMMANDS = 1024,
    RETURNS = 2048,
    RETURNS_SPARE = 8, /* most references one command can hand back */
    MAIN = -1,         /* voice owner: not a kit slot */
};

static const double CHOKE_S = 0.005;
static const double RAMP_S = 0.02;

struct slot {
    struct sound *sound;
    const struct kernel *kernel;
    float gain;
    bool fade_in, fade_out; /* of each hit */
};

/* What engine_snapshot reads: a sequence lock made of atomics only, all of them
 * sequentially consistent. A reader that sees the same even turn before and after the
 * values has a consistent set. */
struct published {
    atomic_uint turn; /* odd while being written */
    atomic_uint_fast64_t serial;
    atomic_int_fast64_t frame;
    atomic_bool playing, silent, running;
    atomic_int step;
};

struct engine {
    int rate_hz, channels;
    struct ring commands, returns;
    struct voice voice[VOICES];
    int owner[VOICES];  /* MAIN or a slot */
    int main;           /* voice of what plays (not of the kit), or -1 */
    struct plan plan;   /* of what plays */
    uint64_t serial;    /* likewise, as engine_play gave it */
    int64_t last_frame; /* where it was when it ended */
    bool pending;       /* `next` waits for a free voice; its sound is the engine's */
    struct engine_play next;
    struct slot slot[KIT_SLOTS];
    struct kit_pattern pattern;
    struct sequencer sequencer;
    double bpm;
    int step;
    float volume, volume_goal, volume_step;
    struct limit limit;
    struct published published;
};

static int frames_of(const struct engine *g, double seconds)
{
    return (int)(seconds * g->rate_hz + 0.5);
}

/* ---- owner's side ---- */

enum status engine_new(struct engine **out, int rate_hz, int channels, struct err *e)
{
    struct engine *g = calloc(1, sizeof *g);
    if (!g)
        return err_set(e, ST_NO_MEMORY, "no memory for the audio engine");
    g->rate_hz = rate_hz;
    g->channels = channels;
    g->main = -1;
    g->step = -1;
    g->volume = g->volume_goal = g->limit.gain = 1;
    g->bpm = 120;
    g->sequencer.step_frames = sequencer_step_frames(g->bpm, rate_hz);
    kit_pattern_clear(&g->pattern);
    atomic_init(&g->published.silent, true);
    atomic_init(&g->published.step, -1);
    enum status st = ring_init(&g->commands, COMMANDS, sizeof(struct engine_command), e);
    if (st == ST_OK)
        st = ring_init(&g->returns, RETURNS, sizeof(struct sound *), e);
    if (st != ST_OK) {
        engine_free(g);
        return st;
    }
    *out = g;
    return ST_OK;
}

static void drop(const struct engine_command *c)
{
    if (c->action == ENGINE_PLAY)
        sound_unref(c->u.play.sound);
    else if (c->action == ENGINE_SLOT)
        sound_unref(c->u.kit.sound);
}

static void drop_all(struct engine *g)
{
    for (int i = 0; i < VOICES; i++) {
        sound_unref(g->voice[i].sound);
        g->voice[i].sound = NULL;
    }
    for (int s = 0; s < KIT_SLOTS; s++) {
        sound_unref(g->slot[s].sound);
        g->slot[s].sound = NULL;
    }
    if (g->pending)
        sound_unref(g->next.sound);
    g->pending = false;
    g->main = -1;
    engine_collect(g);
}

void engine_free(struct engine *g)
{
    if (!g)
        return;
    struct engine_command c;
    while (g->commands.slots && ring_pop(&g->commands, &c))
        drop(&c);
    if (g->returns.slots)
        drop_all(g);
    ring_done(&g->commands);
    ring_done(&g->returns);
    free(g);
}

int engine_rate_hz(const struct engine *g)
{
    return g->rate_hz;
}

int engine_channels(const struct engine *g)
{
    return g->channels;
}

bool engine_post(struct engine *g, const struct engine_command *command)
{
    bool taken = ring_push(&g->commands, command);
    if (!taken)
        drop(command);
    return taken;
}

void engine_collect(struct engine *g)
{
    struct sound *s;
    while (ring_pop(&g->returns, &s))
        sound_unref(s);
}

/* ---- voices ---- */

static void hand_back(struct engine *g, struct sound *s)
{
    if (s)
        ring_push(&g->returns, &s);
}

/* Free the voices that are over, as far as their sounds can be handed back. */
static void retire(struct engine *g)
{
    for (int i = 0; i < VOICES; i++) {
        struct voice *v = &g->voice[i];
        if (!v->sound || !v->ended)
            continue;
        if (g->main == i) {
            g->last_frame = v->heard;
            g->main = -1;
        }
        if (ring_push(&g->returns, &v->sound))
            v->sound = NULL;
    }
}

static int free_voice(const struct engine *g)
{
    for (int i = 0; i < VOICES; i++)
        if (!g->voice[i].sound)
            return i;
    return -1;
}

/* Fade a voice out, or drop it at once when nothing of it was heard yet. */
static void release(struct engine *g, int i, double seconds)
{
    if (g->voice[i].rendered)
        voice_fade(&g->voice[i], frames_of(g, seconds));
    else
        g->voice[i].ended = true;
}

static void release_main(struct engine *g)
{
    if (g->main < 0)
        return;
    release(g, g->main, VOICE_EDGE_S);
    g->main = -1;
}

static void set_main(struct engine *g, int i, struct sound *sound,
                     const struct kernel *kernel, const struct program *p, float gain)
{
    voice_start(&g->voice[i], sound, kernel, p, gain);
    g->owner[i] = MAIN;
    g->main = i;
}

static int64_t same_place(const struct engine *g, const struct sound *to)
{
    if (g->main < 0)
        return 0;
    const struct voice *v = &g->voice[g->main];
    double seconds = (double)v->heard / v->sound->audio.rate_hz;
    int64_t at = llround(seconds * to->audio.rate_hz);
    return at < (int64_t)to->audio.frames ? at : 0;
}

static void begin(struct engine *g, const struct engine_play *p)
{
    int64_t at = p->at == ENGINE_SAME_PLACE ? same_place(g, p->sound) : p->at;
    release_main(g);
    retire(g);
    int i = free_voice(g);
    if (i < 0) {
        if (g->pending)
            hand_back(g, g->next.sound);
        g->next = *p;
        g->next.at = at;
        g->pending = true;
        return;
    }
    struct program program = plan_program(&p->plan, at);
    set_main(g, i, p->sound, p->kernel, &program, p->gain);
    g->plan = p->plan;
    g->serial = p->serial;
}

/* A second voice on the same sound, so that old and new place cross over. */
static void jump(struct engine *g, const struct program *program)
{
    int i = free_voice(g);
    if (g->main < 0 || i < 0)
        return;
    struct voice *v = &g->voice[g->main];
    struct program p = *program;
    p.fade_in = v->rendered || p.fade_in;
    struct sound *sound = sound_ref(v->sound);
    const struct kernel *kernel = v->kernel;
    float gain = v->gain_goal;
    release_main(g);
    set_main(g, i, sound, kernel, &p, gain);
}

static void change_plan(struct engine *g, const struct plan *plan)
{
    struct voice *v = &g->voice[g->main];
    int64_t at = voice_reading(v);
    bool outside = plan->loop && at >= plan->loop_end;
    g->plan = *plan;
    struct program p = plan_program(plan, at);
    if (outside)
        jump(g, &p);
    else if (v->span < v->program.count)
        voice_follow(v, &p);
}

/* ---- kit ---- */

static void cut_slot(struct engine *g, int slot)
{
    for (int i = 0; i < VOICES; i++)
        if (g->voice[i].sound && g->owner[i] == slot)
            release(g, i, CHOKE_S);
}

static void hit(struct engine *g, int slot)
{
    for (int other = 0; other < KIT_SLOTS; other++)
        if (other == slot || (g->pattern.chokes[slot] >> other & 1))
            cut_slot(g, other);
    struct slot *s = &g->slot[slot];
    if (!s->sound)
        return;
    retire(g);
    int i = free_voice(g);
    if (i < 0)
        return;
    struct plan plan = {.frames = (int64_t)s->sound->audio.frames,
                        .cut_start = s->fade_in,
                        .cut_end = s->fade_out};
    struct program p = plan_program(&plan, 0);
    voice_start(&g->voice[i], sound_ref(s->sound), s->kernel, &p, s->gain);
    g->owner[i] = slot;
}

static void play_step(struct engine *g, int step)
{
    g->step = step;
    for (int slot = 0; slot < KIT_SLOTS; slot++)
        if (g->pattern.steps[slot] >> step & 1)
            hit(g, slot);
}

static void set_slot(struct engine *g, const struct engine_command *c)
{
    struct slot *s = &g->slot[c->u.kit.slot];
    hand_back(g, s->sound);
    *s = (struct slot){c->u.kit.sound, c->u.kit.kernel, c->u.kit.gain, c->u.kit.fade_in,
                       c->u.kit.fade_out};
    if (!s->sound)
        cut_slot(g, c->u.kit.slot);
}

static void set_running(struct engine *g, bool on)
{
    if (on)
        sequencer_start(&g->sequencer);
    g->sequencer.running = on;
    g->step = -1;
}

/* ---- audio thread ---- */

static bool nothing_sounds(const struct engine *g)
{
    for (int i = 0; i < VOICES; i++)
        if (g->voice[i].sound)
            return false;
    return true;
}

/* In silence there is nothing to ramp, and the next attack would be heard at the old
 * volume. */
static void set_volume(struct engine *g, float gain)
{
    g->volume_goal = gain;
    if (nothing_sounds(g))
        g->volume = gain;
    g->volume_step = (gain - g->volume) / (float)frames_of(g, RAMP_S);
}

static void obey(struct engine *g, const struct engine_command *c)
{
    switch (c->action) {
    case ENGINE_PLAY:
        begin(g, &c->u.play);
        break;
    case ENGINE_STOP:
        release_main(g);
        if (g->pending)
            hand_back(g, g->next.sound);
        g->pending = false;
        break;
    case ENGINE_SEEK:
        if (g->main >= 0) {
            struct program p = plan_program(&g->plan, c->u.frame);
            jump(g, &p);
        }
        break;
    case ENGINE_PLAN:
        if (g->main >= 0 && g->serial == c->u.change.serial)
            change_plan(g, &c->u.change.plan);
        break;
    case ENGINE_GAIN:
        if (g->main >= 0)
            voice_gain(&g->voice[g->main], c->u.gain, frames_of(g, RAMP_S));
        break;
    case ENGINE_VOLUME:
        set_volume(g, c->u.gain);
        break;
    case ENGINE_SLOT:
        set_slot(g, c);
        break;
    case ENGINE_TRIM:
        g->slot[c->u.kit.slot].gain = c->u.kit.gain;
        break;
    case ENGINE_PATTERN:
        g->pattern = c->u.pattern;
        break;
    case ENGINE_TEMPO:
        g->bpm = c->u.bpm;
        sequencer_tempo(&g->sequencer, sequencer_step_frames(g->bpm, g->rate_hz));
        break;
    case ENGINE_RUN:
        set_running(g, c->u.on);
        break;
    case ENGINE_HIT:
        hit(g, c->u.kit.slot);
        break;
    case ENGINE_CUT:
        for (int slot = 0; slot < KIT_SLOTS; slot++)
            cut_slot(g, slot);
        break;
    }
}

static void drain(struct engine *g)
{
    struct engine_command c;
    while (RETURNS - ring_count(&g->returns) > RETURNS_SPARE + VOICES &&
           ring_pop(&g->commands, &c))
        obey(g, &c);
    if (g->pending && free_voice(g) >= 0) {
        g->pending = false;
        struct engine_play next = g->next;
        begin(g, &next);
    }
}

static void apply_volume(struct engine *g, float *left, float *right, int n)
{
    if (g->volume == 1 && g->volume_goal == 1)
        return;
    for (int i = 0; i < n; i++) {
        if (g->volume != g->volume_goal) {
            g->volume += g->volume_step;
            if (g->volume_step > 0 ? g->volume >= g->volume_goal
                                   : g->volume <= g->volume_goal)
                g->volume = g->volume_goal;
        }
        left[i] *= g->volume;
        right[i] *= g->volume;
    }
}

static void interleave(const struct engine *g, const float *left, const float *right,
                       float *out, int n)
{
    if (g->channels == 1) {
        for (int i = 0; i < n; i++)
            out[i] = (left[i] + right[i]) * 0.5f;
        return;
    }
    for (int i = 0; i < n; i++, out += g->channels) {
        out[0] = left[i];
        out[1] = right[i];
        for (int c = 2; c < g->channels; c++)
            out[c] = 0;
    }
}

static void render_block(struct engine *g, float *out, int n)
{
    float left[VOICE_BLOCK] = {0}, right[VOICE_BLOCK] = {0};
    int done = 0;
    while (done < n) {
        int part = sequencer_until(&g->sequencer, n - done);
        if (part == 0) {
            play_step(g, (int)(sequencer_take(&g->sequencer) % KIT_STEPS));
            continue;
        }
        for (int i = 0; i < VOICES; i++)
            if (g->voice[i].sound)
                voice_mix(&g->voice[i], left + done, right + done, part);
        sequencer_advance(&g->sequencer, part);
        done += part;
    }
    apply_volume(g, left, right, n);
    limit_apply(&g->limit, g->rate_hz, left, right, n);
    interleave(g, left, right, out, n);
}

static void publish(struct engine *g)
{
    struct published *p = &g->published;
    unsigned turn = atomic_load(&p->turn);
    atomic_store(&p->turn, turn + 1);
    atomic_store(&p->serial, g->serial);
    atomic_store(&p->frame, g->main >= 0 ? g->voice[g->main].heard : g->last_frame);
    atomic_store(&p->playing, g->main >= 0 || g->pending);
    atomic_store(&p->silent, nothing_sounds(g) && !g->pending);
    atomic_store(&p->running, g->sequencer.running);
    atomic_store(&p->step, g->step);
    atomic_store(&p->turn, turn + 2);
}

void engine_render(struct engine *g, float *out, size_t frames)
{
    drain(g);
    for (size_t done = 0; done < frames;) {
        size_t part = frames - done < VOICE_BLOCK ? frames - done : VOICE_BLOCK;
        render_block(g, out + done * (size_t)g->channels, (int)part);
        retire(g);
        done += part;
    }
    publish(g);
}

void engine_reset(struct engine *g, int rate_hz, int channels)
{
    drain(g);
    drop_all(g);
    g->rate_hz = rate_hz;
    g->channels = channels;
    g->sequencer.running = false;
    g->sequencer.step_frames = sequencer_step_frames(g->bpm, rate_hz);
    g->step = -1;
    g->volume = g->volume_goal;
    publish(g);
}

void engine_snapshot(const struct engine *g, struct engine_snapshot *s)
{
    const struct published *p = &g->published;
    unsigned before, after;
    do {
        before = atomic_load(&p->turn);
        s->serial = atomic_load(&p->serial);
        s->frame = atomic_load(&p->frame);
        s->playing = atomic_load(&p->playing);
        s->silent = atomic_load(&p->silent);
        s->running = atomic_load(&p->running);
        s->step = atomic_load(&p->step);
        after = atomic_load(&p->turn);
    } while (before != after || before % 2);
}
