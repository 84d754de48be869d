/* Which finds suit which kit slot: the same judgement as an export's (core/kit_slots), on
 * what the session has in memory. */
#include "core/session_internal.h"

#include "core/kit_slots.h"
#include "dsp/drum_class.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- the best for each slot -------------------------------------------------------- */

/* As much of a find as its worth depends on. */
static double worth_of(const struct session *s, const struct find *f, struct candidate *c)
{
    c->kind = f->kind;
    c->decision = f->decision;
    c->rating = f->rating;
    c->grade = f->grade;
    c->source_rate_hz = f->source_rate_hz;
    memcpy(c->hit_class, f->hit_class, sizeof c->hit_class);
    c->m.score = session_measure(s, f, ME_score);
    c->m.hit_confidence = session_measure(s, f, ME_hit_confidence);
    c->m.duration_sec = session_measure(s, f, ME_duration_sec);
    c->parts.count = 0;
    for (int i = 0; i < KIT_PARTS; i++)
        if (!isnan(f->kit_part[i]))
            parts_add(&c->parts, kit_parts[i], (double)f->kit_part[i]);
    if (isnan(c->m.score)) /* then all measures count */
        session_measures(s, f, &c->m);
    return kit_worth(c, f->category);
}

static bool may_play(const struct find *f)
{
    bool there = (f->saved && !f->near_miss) || f->decision == DECISION_ACCEPTED;
    return !f->gone && there && f->category == CAT_DRUMS &&
           f->decision != DECISION_REJECTED;
}

/* Keep the best; one of each stack. */
static void insert(const struct session *s, struct slot_matches *m, uint32_t index,
                   double value)
{
    int stack = s->find[index].stack;
    size_t n = m->count, at;
    for (size_t i = 0; i < n && stack > 0; i++)
        if (s->find[m->find[i]].stack == stack) {
            if (m->value[i] >= value)
                return;
            memmove(m->find + i, m->find + i + 1, (n - i - 1) * sizeof *m->find);
            memmove(m->value + i, m->value + i + 1, (n - i - 1) * sizeof *m->value);
            m->count = --n;
            break;
        }
    for (at = n; at > 0 && m->value[at - 1] < value; at--)
        continue;
    if (at == SLOT_MATCHES)
        return;
    n += n < SLOT_MATCHES;
    memmove(m->find + at + 1, m->find + at, (n - at - 1) * sizeof *m->find);
    memmove(m->value + at + 1, m->value + at, (n - at - 1) * sizeof *m->value);
    m->find[at] = index;
    m->value[at] = value;
    m->count = n;
}

void session_slot_matches(const struct session *s, const struct target *t,
                          struct slot_matches out[KIT_SLOTS])
{
    double fit[KIT_SLOTS][DRUM_CLASS_COUNT];
    struct candidate c;
    memset(out, 0, KIT_SLOTS * sizeof *out);
    candidate_clear(&c);
    for (int slot = 0; slot < KIT_SLOTS; slot++)
        for (int k = 0; k < DRUM_CLASS_COUNT; k++)
            fit[slot][k] = target_fit(t, slot, drum_class_name((enum drum_class)k));
    for (size_t i = 0; i < s->count; i++) {
        const struct find *f = &s->find[i];
        int class = may_play(f) ? drum_class_find(f->hit_class) : -1;
        double worth = class >= 0 ? worth_of(s, f, &c) : 0;
        for (int slot = 0; slot < KIT_SLOTS && worth > 0; slot++) {
            struct slot_matches *m = &out[slot];
            double value = fit[slot][class] * worth;
            if (value > 0 &&
                (m->count < SLOT_MATCHES || value > m->value[SLOT_MATCHES - 1]))
                insert(s, m, (uint32_t)i, value);
        }
    }
}

/* --- all slots together ------------------------------------------------------------ */

/* The hits that slots may be filled from, each once. */
struct slot_hits {
    struct kit_hit *hit;
    struct candidate *c; /* that hit[i].c points to */
    uint32_t *find;      /* index of the find */
    size_t count;
};

static void add_hit(const struct session *s, struct slot_hits *all, uint32_t index,
                    int slot)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->find[i] == index)
            return;
    const struct find *f = &s->find[index];
    struct candidate *c = &all->c[all->count];
    candidate_clear(c);
    double worth = worth_of(s, f, c);
    c->cluster = f->stack;
    const float *vector =
        s->vector != NULL ? s->vector + (size_t)index * SIMILARITY_DIM : NULL;
    all->find[all->count] = index;
    all->hit[all->count++] = (struct kit_hit){c, vector, worth, slot};
}

static void slot_hits_done(struct slot_hits *all)
{
    free(all->hit);
    free(all->c);
    free(all->find);
}

/* What is on the slots now, and the first `most` matches of each slot. */
static enum status gather_hits(struct session *s,
                               const struct slot_matches matches[KIT_SLOTS], size_t most,
                               const long index[KIT_SLOTS], struct slot_hits *all,
                               struct err *e)
{
    size_t room = KIT_SLOTS * (most + 1);
    enum status st = session_load_vectors(s, e);
    *all =
        (struct slot_hits){malloc(room * sizeof *all->hit), malloc(room * sizeof *all->c),
                           malloc(room * sizeof *all->find), 0};
    if (st == ST_OK && (all->hit == NULL || all->c == NULL || all->find == NULL))
        st = err_set(e, ST_NO_MEMORY, "no memory to fill the kit");
    if (st != ST_OK)
        return st;
    for (int slot = 0; slot < KIT_SLOTS; slot++)
        if (index[slot] >= 0)
            add_hit(s, all, (uint32_t)index[slot], slot);
    for (int slot = 0; slot < KIT_SLOTS; slot++)
        for (size_t i = 0; i < matches[slot].count && i < most; i++)
            add_hit(s, all, matches[slot].find[i], -1);
    return ST_OK;
}

enum status session_fill_slots(struct session *s, const struct target *t,
                               const struct slot_matches matches[KIT_SLOTS],
                               long index[KIT_SLOTS], struct err *e)
{
    struct slot_hits all;
    enum status st = gather_hits(s, matches, SLOT_MATCHES, index, &all, e);
    if (st == ST_OK)
        kit_slots_fill(t, all.hit, all.count);
    for (size_t i = 0; st == ST_OK && i < all.count; i++)
        if (all.hit[i].slot >= 0 && all.hit[i].slot < KIT_SLOTS)
            index[all.hit[i].slot] = (long)all.find[i];
    slot_hits_done(&all);
    return st;
}

/* --- others in their places -------------------------------------------------------- */

static const struct kit_hit *hit_of(const struct slot_hits *all, long find)
{
    for (size_t i = 0; i < all->count; i++)
        if ((long)all->find[i] == find)
            return &all->hit[i];
    return NULL;
}

static bool is_on_a_slot(const struct kit_hit *const *on, const struct kit_hit *h)
{
    for (int slot = 0; slot < KIT_SLOTS; slot++)
        if (on[slot] == h)
            return true;
    return false;
}

/* Puts the slot's next match, after the one it has, that suits beside the others; without
 * one it keeps what it has. */
static void next_match(const struct slot_hits *all, const struct target *t,
                       const struct slot_matches *m, int slot, const struct kit_hit **on)
{
    size_t most = m->count < SLOT_NEXT ? m->count : SLOT_NEXT, first = 0;
    const struct kit_hit *was = on[slot];
    on[slot] = NULL;
    for (size_t i = 0; i < most; i++)
        if (was != NULL && hit_of(all, (long)m->find[i]) == was)
            first = i + 1 + (size_t)slot % 3;
    for (size_t i = 0; i < most && on[slot] == NULL; i++) {
        const struct kit_hit *h = hit_of(all, (long)m->find[(first + i) % most]);
        if (!is_on_a_slot(on, h) && kit_slot_suits(t, slot, h, on))
            on[slot] = h;
    }
    if (on[slot] == NULL)
        on[slot] = was;
}

enum status session_shuffle_slots(struct session *s, const struct target *t,
                                  const struct slot_matches matches[KIT_SLOTS],
                                  long index[KIT_SLOTS], struct err *e)
{
    struct slot_hits all;
    const struct kit_hit *on[TARGET_SLOTS_MAX] = {0};
    static_assert((int)KIT_SLOTS <= (int)TARGET_SLOTS_MAX, "a place for each slot");
    enum status st = gather_hits(s, matches, SLOT_NEXT, index, &all, e);
    for (int slot = 0; st == ST_OK && slot < KIT_SLOTS; slot++)
        on[slot] = hit_of(&all, index[slot]);
    for (int slot = 0; st == ST_OK && slot < KIT_SLOTS; slot++) {
        if (!s->kit.slot[slot].locked)
            next_match(&all, t, &matches[slot], slot, on);
        if (on[slot] != NULL)
            index[slot] = (long)all.find[on[slot] - all.hit];
    }
    slot_hits_done(&all);
    return st;
}
