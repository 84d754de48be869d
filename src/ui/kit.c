/* The kit screen: slots, matches, the pattern that plays while they are swapped. */
#include "ui/state.h"

#include "core/kit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KIT_PAGE = 4 };

/* A few patterns to hear a kit with; bit 0 is the first step. */
static const struct {
    const char *name;
    uint16_t steps[KIT_SLOTS];
} patterns[] = {
    {"A", {0x1111, 0x1010, 0, 0, 0, 0, 0, 0x5555, 0x8000, 0, 0}},
    {"B", {0x0521, 0x1010, 0x4000, 0x2000, 0, 0x0448, 0, 0xDDDD, 0x2222, 0, 0}},
    {"C", {0x1111, 0, 0, 0, 0, 0x9248, 0x1010, 0xBBBB, 0x4444, 0, 0x5555}},
    {"D", {0x4449, 0x1010, 0x0800, 0x0200, 0x0080, 0, 0, 0xFFFF, 0, 0x0001, 0}}};
enum { PATTERNS = sizeof patterns / sizeof *patterns };

int kit_slot_of_key(const struct app *app, uint32_t key)
{
    struct keyseq one = {1, {key}};
    for (int i = 0; i < app->map.count; i++) {
        const struct binding *b = &app->map.binding[i];
        if (b->kit && b->action >= ACT_SLOT_1 && b->action <= ACT_SLOT_11 &&
            keyseq_same(&b->seq, &one))
            return (int)(b->action - ACT_SLOT_1);
    }
    return -1;
}

/* The config's until the user says otherwise; a decision file may say anything. */
double kit_tempo(const struct app *app)
{
    double bpm = session_kit(app->session)->tempo_bpm;
    return bpm > 0 ? fmax(KIT_BPM_MIN, fmin(bpm, KIT_BPM_MAX))
                   : app->config->kit.pattern_bpm;
}

static int pattern_now(const struct app *app)
{
    const struct kit_state *kit = session_kit(app->session);
    for (int p = 0; p < PATTERNS; p++) {
        bool same = true;
        for (int s = 0; s < KIT_SLOTS; s++)
            same = same && kit->slot[s].steps == patterns[p].steps[s];
        if (same)
            return p;
    }
    return -1;
}

const char *kit_pattern_name(const struct app *app)
{
    int p = pattern_now(app);
    return p >= 0 ? patterns[p].name : "";
}

/* --- sound ------------------------------------------------------------------------- */

static void send_pattern(struct app *app)
{
    const struct kit_state *k = session_kit(app->session);
    struct kit_pattern p;
    kit_pattern_clear(&p);
    for (int s = 0; s < KIT_SLOTS; s++)
        p.steps[s] = k->slot[s].steps;
    p.chokes[KIT_SLOT_CH] = k->rings ? 0 : 1u << KIT_SLOT_OH;
    transport_kit_pattern(app->transport, &p);
    transport_kit_tempo(app->transport, kit_tempo(app));
}

void kit_sync_sound(struct app *app)
{
    const struct kit_state *k = session_kit(app->session);
    if (!app->transport)
        return;
    transport_kit_peak(app->transport, app->config->kit.target_peak_dbfs);
    for (int s = 0; s < KIT_SLOTS; s++) {
        const struct kit_slot *slot = &k->slot[s];
        char path[PATH_BYTES];
        struct play_item item;
        bool there =
            slot->index >= 0 && app_kit_item(app, (size_t)slot->index, &item, path);
        uint64_t wanted =
            there ? app_item_key(app, session_find(app->session, (size_t)slot->index),
                                 &item)
                  : 0;
        if (app->kit.loaded[s] != wanted) {
            transport_kit_slot(app->transport, s, there ? &item : NULL, slot->trim_db);
            app->kit.loaded[s] = wanted;
        }
        transport_kit_trim(app->transport, s, slot->trim_db);
    }
    send_pattern(app);
}

/* After mining, a slot's sound may have another place or sound different. */
void kit_follow_sound(struct app *app)
{
    for (int s = 0; s < KIT_SLOTS; s++)
        if (app->kit.loaded[s] != 0) {
            kit_sync_sound(app);
            return;
        }
}

/* --- matches ----------------------------------------------------------------------- */

void kit_matches(struct app *app)
{
    struct kit_screen_state *k = &app->kit;
    uint64_t version = session_version(app->session).finds;
    if (k->matched && k->match_version == version)
        return;
    session_slot_matches(app->session, kit_target(app->config), k->match);
    k->match_version = version;
    k->matched = true;
}

static bool used_elsewhere(const struct kit_state *k, int slot, size_t index)
{
    for (int s = 0; s < KIT_SLOTS; s++)
        if (s != slot && k->slot[s].index == (long)index)
            return true;
    return false;
}

bool kit_unlocked(struct app *app, int slot)
{
    bool locked = session_kit(app->session)->slot[slot].locked;
    if (locked)
        app_warn(app, "%s is locked; {lock} in the kit unlocks it", kit_slot_name(slot));
    return !locked;
}

long kit_current(struct app *app)
{
    struct kit_screen_state *k = &app->kit;
    if (!k->extras)
        return session_kit(app->session)->slot[k->slot].index;
    size_t count = kit_extra_count(app);
    if (count == 0)
        return -1;
    if (k->extra >= count) /* they are fewer than when they were drawn */
        k->extra = count - 1;
    return (long)kit_extra_at(app, k->extra);
}

static void swap_match(struct app *app, int step)
{
    struct kit_screen_state *k = &app->kit;
    const struct kit_state *kit = session_kit(app->session);
    struct err e;
    kit_matches(app);
    if (!kit_unlocked(app, k->slot))
        return;
    const struct slot_matches *m = &k->match[k->slot];
    long n = (long)m->count, at = step > 0 ? -1 : n;
    for (long i = 0; i < n; i++)
        if ((long)m->find[i] == kit->slot[k->slot].index)
            at = i;
    for (long tried = 0; tried < n; tried++) {
        at = (at + step + n) % n;
        if (used_elsewhere(kit, k->slot, m->find[at]))
            continue;
        if (!app_check(app,
                       session_kit_assign(app->session, k->slot, (long)m->find[at], &e),
                       &e))
            return;
        app_say(app, "%ld of %ld for %s: %s", at + 1, n, kit_slot_name(k->slot),
                session_find(app->session, m->find[at])->name);
        kit_sync_sound(app);
        if (app->transport && !app->sound.kit_running)
            transport_kit_hit(app->transport, k->slot);
        return;
    }
    app_warn(
        app,
        "no drum fits %s; assign one in the library with {library.assign} and its key",
        kit_slot_name(k->slot));
}

/* The empty slots as an export would fill them, or all others shuffled. −2: as it is. */
static bool propose(struct app *app, bool shuffle, long index[KIT_SLOTS])
{
    const struct kit_state *kit = session_kit(app->session);
    const struct target *t = kit_target(app->config);
    struct err e;
    for (int s = 0; s < KIT_SLOTS; s++)
        index[s] = kit->slot[s].index;
    enum status st =
        shuffle ? session_shuffle_slots(app->session, t, app->kit.match, index, &e)
                : session_fill_slots(app->session, t, app->kit.match, index, &e);
    for (int s = 0; s < KIT_SLOTS; s++)
        if (kit->slot[s].locked || index[s] == kit->slot[s].index)
            index[s] = -2;
    return app_check(app, st, &e);
}

/* After filling: the slots that no drum fits, and that better ones may come. */
static void say_left_empty(struct app *app)
{
    const struct kit_state *kit = session_kit(app->session);
    const char *dot = glyph_text(GLYPH_DOT, app->canvas.tier);
    char names[8 * KIT_SLOTS] = "";
    for (int s = 0; s < KIT_SLOTS; s++)
        if (kit->slot[s].index < 0 && !kit->slot[s].locked)
            snprintf(names + strlen(names), sizeof names - strlen(names), " %s",
                     kit_slot_name(s));
    if (frame_mining(app))
        app_say(app,
                "filled%s%s from what is mined so far %s {undo} {fill} later fills anew",
                names[0] ? " all but" : "", names, dot);
    else if (names[0])
        app_say(app, "filled the kit, but no drum here fits%s %s {undo} undoes", names,
                dot);
}

static void fill_slots(struct app *app, bool shuffle)
{
    const struct kit_state *kit = session_kit(app->session);
    long index[KIT_SLOTS];
    int changed = 0, empty = 0;
    struct err e;
    kit_matches(app);
    if (!propose(app, shuffle, index))
        return;
    for (int s = 0; s < KIT_SLOTS; s++) {
        changed += index[s] != -2;
        empty += kit->slot[s].index < 0 && !kit->slot[s].locked;
    }
    if (changed == 0) {
        app_say(app, shuffle ? "there is nothing else to shuffle in"
                     : empty == 0
                         ? "every slot is full"
                         : "no drum here fits an empty slot; {library.assign} in the "
                           "library puts any find there");
        return;
    }
    bool did = app_did(
        app,
        session_kit_assign_all(app->session, index,
                               shuffle ? "shuffled the kit" : "filled the kit", &e),
        &e);
    if (did && !shuffle)
        say_left_empty(app);
    kit_sync_sound(app);
}

/* --- editing ----------------------------------------------------------------------- */

static void toggle_step(struct app *app)
{
    struct kit_screen_state *k = &app->kit;
    uint16_t steps = session_kit(app->session)->slot[k->slot].steps;
    struct err e;
    steps ^= (uint16_t)(1u << k->step);
    app_check(app, session_kit_steps(app->session, k->slot, steps, &e), &e);
}

static void next_pattern(struct app *app)
{
    struct err e;
    char label[32];
    int next = (pattern_now(app) + 1) % PATTERNS;
    snprintf(label, sizeof label, "pattern %s", patterns[next].name);
    if (!app_check(
            app, session_kit_pattern(app->session, patterns[next].steps, label, &e), &e))
        return;
    app_say(app, "%s; {detail} sets and clears steps", session_echo(app->session));
}

static void change_tempo(struct app *app, int by)
{
    struct err e;
    double bpm = fmax(KIT_BPM_MIN, fmin(kit_tempo(app) + by, KIT_BPM_MAX));
    app_did(app, session_kit_tempo(app->session, bpm, &e), &e);
}

/* An export brings the peak to a level and ends at full scale. */
static double trim_most(const struct app *app)
{
    return fmin(12, -app->config->kit.target_peak_dbfs);
}

double kit_trim(const struct app *app, int slot)
{
    return fmin(session_kit(app->session)->slot[slot].trim_db, trim_most(app));
}

static void trim(struct app *app, int steps)
{
    struct err e;
    int slot = app->kit.slot;
    double now = kit_trim(app, slot), db = fmax(-24, now + 0.5 * steps),
           most = trim_most(app);
    if (db > most && now >= most) {
        app_say(app, "%s is as loud as a sample can be; {trim-down} makes others softer",
                kit_slot_name(slot));
        return;
    }
    db = fmin(db, most);
    app_did(app, session_kit_trim(app->session, slot, db, &e), &e);
}

static void run_pattern(struct app *app)
{
    if (!app->transport) {
        app_warn(app, "no sound in this session");
        return;
    }
    const struct kit_state *kit = session_kit(app->session);
    uint16_t any = 0;
    for (int s = 0; s < KIT_SLOTS; s++)
        any |= kit->slot[s].steps;
    if (!any)
        next_pattern(app);
    transport_get_status(app->transport, &app->sound); /* its device may be gone */
    bool run = !app->sound.kit_running;
    if (run)
        transport_stop(app->transport);
    kit_sync_sound(app);
    transport_kit_run(app->transport, run);
}

static void clear_slot(struct app *app)
{
    struct err e;
    struct kit_screen_state *k = &app->kit;
    const struct kit_state *kit = session_kit(app->session);
    enum status st;
    long at = kit_current(app);
    if (k->extras && at < 0) {
        app_say(app, "there are no extras to take out");
        return;
    }
    if (k->extras) { /* one that goes along because it is accepted is undecided again */
        size_t index = (size_t)at;
        st = k->extra < kit->extra_count
                 ? session_kit_extra(app->session, &index, 1, false, &e)
                 : session_decide(app->session, &index, 1, DECISION_NONE, &e);
    } else if (!kit_unlocked(app, k->slot)) {
        return;
    } else if (kit->slot[k->slot].id == 0) {
        app_say(app, "%s is empty already", kit_slot_name(k->slot));
        return;
    } else {
        st = session_kit_assign(app->session, k->slot, -1, &e);
    }
    app_did(app, st, &e);
}

static bool edit(struct app *app, const struct key_action *a)
{
    struct err e;
    int n = times_asked(a), slot = app->kit.slot;
    switch (a->action) {
    case ACT_DETAIL:
        toggle_step(app);
        break;
    case ACT_LOCK:
        app_did(app,
                session_kit_lock(app->session, slot,
                                 !session_kit(app->session)->slot[slot].locked, &e),
                &e);
        break;
    case ACT_ASSIGN:
        library_edit_action(app, a);
        break;
    case ACT_CLEAR_SLOT:
        clear_slot(app);
        break;
    case ACT_TRIM_UP:
        trim(app, n);
        break;
    case ACT_TRIM_DOWN:
        trim(app, -n);
        break;
    case ACT_CHOKE:
        app_did(app,
                session_kit_ring(app->session, !session_kit(app->session)->rings, &e),
                &e);
        break;
    case ACT_PATTERN:
        next_pattern(app);
        break;
    case ACT_FASTER:
        change_tempo(app, n);
        break;
    case ACT_SLOWER:
        change_tempo(app, -n);
        break;
    case ACT_FILL:
        fill_slots(app, false);
        break;
    case ACT_SHUFFLE:
        fill_slots(app, true);
        break;
    default:
        return false;
    }
    kit_sync_sound(app);
    return true;
}

static bool move(struct app *app, const struct key_action *a)
{
    struct kit_screen_state *k = &app->kit;
    int n = times_asked(a);
    long count = k->extras ? (long)kit_extra_count(app) : KIT_SLOTS;
    long to = moved_row(a, k->extras ? (long)k->extra : k->slot, count, KIT_PAGE);
    if (to >= 0 && !k->extras) {
        k->slot = (int)to;
        return true;
    }
    if (to >= 0) {
        k->extra = (size_t)to;
        if (count > 0)
            app_play(app, (long)kit_extra_at(app, k->extra));
        return true;
    }
    switch (a->action) {
    case ACT_STEP_RIGHT:
        k->step = come_round(k->step, n, KIT_STEPS);
        return true;
    case ACT_STEP_LEFT:
        k->step = come_round(k->step, -n, KIT_STEPS);
        return true;
    case ACT_PANE:
        k->extras = !k->extras;
        return true;
    default:
        return false;
    }
}

/* With the cursor among the extras no slot is changed that nobody looks at. */
static bool extras_act(struct app *app, const struct key_action *a)
{
    switch (a->action) {
    case ACT_DETAIL:
        app_play(app, kit_current(app));
        return true;
    case ACT_NEXT_BEST:
    case ACT_PREV_BEST:
    case ACT_LOCK:
    case ACT_TRIM_UP:
    case ACT_TRIM_DOWN:
    case ACT_STEP_RIGHT:
    case ACT_STEP_LEFT:
        app_say(app, "%s is for slots; {pane} goes back to them",
                action_info(a->action)->name);
        return true;
    default:
        return false;
    }
}

static bool act(struct app *app, const struct key_action *a)
{
    if (app->kit.extras && extras_act(app, a))
        return true;
    if (a->action >= ACT_SLOT_1 && a->action <= ACT_SLOT_11) {
        app->kit.slot = (int)(a->action - ACT_SLOT_1);
        app->kit.extras = false;
        if (app->transport)
            transport_kit_hit(app->transport, app->kit.slot);
        return true;
    }
    if (a->action == ACT_NEXT_BEST || a->action == ACT_PREV_BEST) {
        for (int i = 0; i < turns(a); i++)
            swap_match(app, a->action == ACT_NEXT_BEST ? 1 : -1);
        return true;
    }
    if (a->action == ACT_PLAY) {
        run_pattern(app);
        return true;
    }
    return move(app, a) || edit(app, a);
}

/* Slots are judged alone: a loop of the library would go on below them. */
static void enter(struct app *app)
{
    if (app->transport)
        transport_stop(app->transport);
    app->kit.matched = false; /* decisions count, but do not turn the list over in use */
    kit_sync_sound(app);
}

const struct screen_ops kit_screen = {kit_draw, act, enter};
