#include "core/session_internal.h"

#include "core/kit.h"
#include "io/number.h"
#include "io/targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The kit on the screen is that of the first machine, slot by slot. */
static const struct target *machine(void)
{
    return target_get((enum target_id)0);
}

const char *kit_slot_name(int slot)
{
    return slot >= 0 && slot < KIT_SLOTS ? target_slot_name(machine(), slot) : "";
}

const struct kit_state *session_kit(const struct session *s)
{
    return &s->kit;
}

/* --- into the model ---------------------------------------------------------------- */

static uint16_t steps_of(const char *text)
{
    unsigned steps = 0;
    for (unsigned i = 0; i < KIT_STEPS && text[i] != '\0'; i++)
        if (text[i] == '1')
            steps |= 1u << i;
    return (uint16_t)steps;
}

static long take_extra(struct session *s, const struct change *c)
{
    long index = session_index_of(s, c->candidate);
    if (index < 0)
        return -1;
    s->find[index].extra = (int)strtol(c->value, NULL, 10);
    s->extras_changed = true;
    session_changed(s, (size_t)index);
    return index;
}

long session_take_kit(struct session *s, const struct change *c)
{
    struct kit_state *kit = &s->kit;
    int slot = target_slot(machine(), c->key);
    double number = 0.0;
    if (c->field == FIELD_EXTRA)
        return take_extra(s, c);
    if (event_subject(c->field) == SUBJECT_SLOT && slot < 0)
        return -1;
    switch (c->field) {
    case FIELD_SLOT:
        kit->slot[slot].id = candidate_path_id(c->value);
        return session_index_of(s, kit->slot[slot].id);
    case FIELD_LOCK:
        kit->slot[slot].locked = c->value[0] != '\0';
        break;
    case FIELD_TRIM:
        parse_number(c->value, &number);
        kit->slot[slot].trim_db = number;
        break;
    case FIELD_STEPS:
        kit->slot[slot].steps = steps_of(c->value);
        break;
    case FIELD_TEMPO:
        parse_number(c->value, &number);
        kit->tempo_bpm = number;
        break;
    case FIELD_RING:
        kit->rings = c->value[0] != '\0';
        break;
    case FIELD_KIT:
        snprintf(kit->name, sizeof kit->name, "%.127s", c->value);
        break;
    default:
        break;
    }
    return -1;
}

struct placed {
    int place;
    uint32_t index;
};

static int by_place(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static void list_extras(struct session *s)
{
    struct placed list[KIT_EXTRAS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < s->count && n < KIT_EXTRAS_MAX; i++)
        if (s->find[i].extra > 0 && !s->find[i].gone)
            list[n++] = (struct placed){s->find[i].extra, (uint32_t)i};
    qsort(list, n, sizeof *list, by_place);
    s->kit.extra_count = n;
    for (size_t i = 0; i < n; i++)
        s->kit.extra[i] = list[i].index;
    s->extras_changed = false;
}

static void set_slot_of(struct session *s, long index, int slot)
{
    if (index < 0 || s->find[index].slot == slot)
        return;
    s->find[index].slot = (int8_t)slot;
    session_changed(s, (size_t)index);
}

void session_relink_kit(struct session *s)
{
    struct kit_slot *slots = s->kit.slot;
    long now[KIT_SLOTS];
    for (int i = 0; i < KIT_SLOTS; i++) {
        now[i] = slots[i].id != 0 ? session_index_of(s, slots[i].id) : -1;
        if (now[i] >= 0 && s->find[now[i]].gone)
            now[i] = -1;
    }
    for (int i = 0; i < KIT_SLOTS; i++) { /* those that play no slot any more */
        bool still = false;
        for (int k = 0; k < KIT_SLOTS; k++)
            still = still || now[k] == slots[i].index;
        if (!still)
            set_slot_of(s, slots[i].index, -1);
        else if (slots[i].index >= 0 && slots[i].index != now[i])
            session_changed(s, (size_t)slots[i].index); /* it plays fewer */
    }
    for (int i = KIT_SLOTS; i-- > 0;) { /* one that plays several shows the first */
        slots[i].index = now[i];
        set_slot_of(s, now[i], i);
    }
    if (s->extras_changed)
        list_extras(s);
}

/* --- actions ----------------------------------------------------------------------- */

static enum status act_and_say(struct session *s, const struct change *changes, size_t n,
                               const char *label, struct err *e)
{
    size_t applied = 0;
    enum status st = session_act(s, changes, n, label, &applied, e);
    if (st == ST_OK)
        session_say(s, applied > 0 ? "%s · {undo} undoes" : "already so: %s", label);
    return st;
}

static enum status slot_change(struct session *s, int slot, long index, struct change *c,
                               struct err *e)
{
    *c = (struct change){.field = FIELD_SLOT};
    snprintf(c->key, sizeof c->key, "%s", kit_slot_name(slot));
    if (index < 0)
        return ST_OK;
    struct catalog_find f;
    enum status st = session_detail(s, (size_t)index, &f, e);
    if (st == ST_OK)
        candidate_path(&f.c, c->value);
    return st;
}

static enum status bad_slot(struct err *e)
{
    return err_set(e, ST_USAGE, "there is no such kit slot");
}

enum status session_kit_assign(struct session *s, int slot, long index, struct err *e)
{
    struct change c;
    char label[ACTION_LABEL_BYTES];
    if (slot < 0 || slot >= KIT_SLOTS)
        return bad_slot(e);
    enum status st = slot_change(s, slot, index, &c, e);
    if (st != ST_OK)
        return st;
    if (index < 0)
        snprintf(label, sizeof label, "emptied %s", kit_slot_name(slot));
    else
        snprintf(label, sizeof label, "%s plays %.150s", kit_slot_name(slot),
                 s->find[index].name);
    return act_and_say(s, &c, 1, label, e);
}

enum status session_kit_assign_all(struct session *s, const long index[KIT_SLOTS],
                                   const char *label, struct err *e)
{
    struct change all[KIT_SLOTS];
    size_t n = 0;
    for (int i = 0; i < KIT_SLOTS; i++) {
        if (s->kit.slot[i].locked || index[i] < -1)
            continue;
        enum status st = slot_change(s, i, index[i], &all[n++], e);
        if (st != ST_OK)
            return st;
    }
    return act_and_say(s, all, n, label, e);
}

static enum status change_slot(struct session *s, int slot, enum event_field field,
                               const char *value, const char *did, struct err *e)
{
    char label[ACTION_LABEL_BYTES];
    struct change c = {.field = field};
    if (slot < 0 || slot >= KIT_SLOTS)
        return bad_slot(e);
    snprintf(c.key, sizeof c.key, "%s", kit_slot_name(slot));
    snprintf(c.value, sizeof c.value, "%s", value);
    snprintf(label, sizeof label, "%s %s", kit_slot_name(slot), did);
    return act_and_say(s, &c, 1, label, e);
}

enum status session_kit_lock(struct session *s, int slot, bool on, struct err *e)
{
    return change_slot(s, slot, FIELD_LOCK, on ? "1" : "", on ? "locked" : "unlocked", e);
}

enum status session_kit_trim(struct session *s, int slot, double db, struct err *e)
{
    char value[32], did[64];
    format_short(value, sizeof value, db, 2);
    snprintf(did, sizeof did, "trimmed to %s dB", value);
    return change_slot(s, slot, FIELD_TRIM, value, did, e);
}

/* No steps are the empty value. */
static void write_steps(char value[KIT_STEPS + 1], uint16_t steps)
{
    for (int i = 0; i < KIT_STEPS; i++)
        value[i] = steps >> i & 1 ? '1' : '0';
    value[steps != 0 ? KIT_STEPS : 0] = '\0';
}

enum status session_kit_steps(struct session *s, int slot, uint16_t steps, struct err *e)
{
    char value[KIT_STEPS + 1];
    write_steps(value, steps);
    return change_slot(s, slot, FIELD_STEPS, value, "pattern changed", e);
}

enum status session_kit_pattern(struct session *s, const uint16_t steps[KIT_SLOTS],
                                const char *label, struct err *e)
{
    struct change all[KIT_SLOTS];
    for (int i = 0; i < KIT_SLOTS; i++) {
        all[i] = (struct change){.field = FIELD_STEPS};
        snprintf(all[i].key, sizeof all[i].key, "%s", kit_slot_name(i));
        write_steps(all[i].value, steps[i]);
    }
    return act_and_say(s, all, KIT_SLOTS, label, e);
}

enum status session_kit_tempo(struct session *s, double bpm, struct err *e)
{
    char label[ACTION_LABEL_BYTES];
    struct change c = {.field = FIELD_TEMPO};
    format_short(c.value, sizeof c.value, bpm, 2);
    snprintf(label, sizeof label, "kit tempo %.20s", c.value);
    return act_and_say(s, &c, 1, label, e);
}

enum status session_kit_ring(struct session *s, bool on, struct err *e)
{
    struct change c = {.field = FIELD_RING};
    snprintf(c.value, sizeof c.value, "%s", on ? "1" : "");
    return act_and_say(s, &c, 1, on ? "CH and OH ring together" : "CH cuts OH", e);
}

enum status session_kit_name(struct session *s, const char *name, struct err *e)
{
    char label[ACTION_LABEL_BYTES];
    struct change c = {.field = FIELD_KIT};
    enum status st = kit_check_name(name, e);
    if (st == ST_OK && strlen(name) >= sizeof s->kit.name)
        st = err_set(e, ST_REFUSED, "the kit name is longer than %zu bytes",
                     sizeof s->kit.name - 1);
    if (st != ST_OK)
        return st;
    snprintf(c.value, sizeof c.value, "%s", name);
    snprintf(label, sizeof label, "kit named %s", name);
    return act_and_say(s, &c, 1, label, e);
}

enum status session_kit_extra(struct session *s, const size_t *index, size_t count,
                              bool on, struct err *e)
{
    size_t n = 0;
    int place = 0;
    char label[ACTION_LABEL_BYTES];
    struct change *all = calloc(count + 1, sizeof *all);
    if (all == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for %zu changes", count);
    if (s->kit.extra_count > 0)
        place = s->find[s->kit.extra[s->kit.extra_count - 1]].extra;
    for (size_t i = 0; i < count; i++) {
        const struct find *f = session_find(s, index[i]);
        if (f == NULL ||
            (on && (f->extra > 0 || s->kit.extra_count + n >= KIT_EXTRAS_MAX)))
            continue;
        all[n] = (struct change){.field = FIELD_EXTRA, .candidate = f->id};
        if (on)
            snprintf(all[n].value, EVENT_VALUE_BYTES, "%d", ++place);
        n++;
    }
    const char *did = on ? "into the kit" : "out of the kit";
    if (n == 1)
        snprintf(label, sizeof label, "%s: %.150s", did,
                 session_find(s, (size_t)session_index_of(s, all[0].candidate))->name);
    else
        snprintf(label, sizeof label, "%s: %zu finds", did, n);
    enum status st = act_and_say(s, all, n, label, e);
    free(all);
    return st;
}
