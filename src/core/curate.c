#include "core/curate.h"

#include "core/curate_ear.h"
#include "core/kit_slots.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Distance at which two sounds of one category have nothing in common any more. */
static const double unlike = 2.8;

/* What of its score is left to what was recorded with 4 kHz of band or less. */
static const double narrow_worth = 0.75;

/* The part "decay" of a hit that has rung out: it ends 23 dB below its peak or more. */
static const double rung_out = 0.5;

/* --- score ------------------------------------------------------------------------- */

static double ramp(double v, double none, double full)
{
    double t = (v - none) / (full - none);
    return t < 0.0 ? 0.0 : t > 1.0 ? 1.0 : t;
}

struct sum {
    double value, weight;
    struct score_parts *parts;
};

static void count_part(struct sum *s, const char *name, double value, double weight)
{
    if (isnan(value))
        return;
    value = ramp(value, 0.0, 1.0);
    s->value += weight * value;
    s->weight += weight;
    if (s->parts != NULL && s->parts->count < PARTS_MAX)
        parts_add(s->parts, name, value);
}

/* What can be told of a sample nobody scored: is it loud enough, whole, of one piece? */
static double plain_worth(const struct candidate *c, enum category category)
{
    const struct measures *m = &c->m;
    bool drum = category == CAT_DRUMS; /* of one drum's strokes the hard ones */
    double loud_db = drum ? m->peak_dbfs : m->rms_db;
    double level = isnan(loud_db) ? 0.5 : ramp(loud_db, -60.0, drum ? 0.0 : -24.0);
    double crest = isnan(m->crest_factor) ? 0.5
                   : drum                 ? ramp(m->crest_factor, 1.2, 4.0)
                                          : 1.0 - 0.5 * ramp(m->crest_factor, 6.0, 20.0);
    double tone = category != CAT_PADS || isnan(m->flatness)
                      ? 0.5
                      : 1.0 - ramp(m->flatness, 0.05, 0.5);
    return (level + crest + tone) / 3.0;
}

/* How long a hit of a class must be to be a whole one; less is cut off, more adds
 * nothing. A crash of a tenth of a second is no crash. */
static const struct {
    const char *hit_class;
    double whole_s;
} lengths[] = {
    {"kick", 0.20},     {"snare", 0.20},   {"clap", 0.15},     {"rim", 0.08},
    {"tom_low", 0.25},  {"tom_mid", 0.25}, {"tom_high", 0.20}, {"hat_closed", 0.06},
    {"hat_open", 0.25}, {"crash", 0.80},   {"ride", 0.50},
};

static double wholeness(const struct candidate *c)
{
    double whole_s = 0.15;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        if (strcmp(lengths[i].hit_class, c->hit_class) == 0)
            whole_s = lengths[i].whole_s;
    return ramp(c->m.duration_sec, 0.2 * whole_s, whole_s);
}

static double grade_worth(char grade)
{
    return grade == 'A' ? 1.0 : grade == 'B' ? 0.6 : grade == 'F' ? 0.0 : (double)NAN;
}

/* How much of what is heard a recording of that rate can hold: half of its rate up to
 * 16 kHz, by octaves from 4. One from a telephone is duller than its like, but what is
 * dark in a recording that could be bright is so by nature. */
static double band(int rate_hz)
{
    return rate_hz > 0 ? ramp(log2(rate_hz / 32000.0), -2.0, 0.0) : 1.0;
}

double curate_band_worth(const struct candidate *c)
{
    return narrow_worth + (1.0 - narrow_worth) * band(c->source_rate_hz);
}

/* What a recording's band leaves of the machine's opinion, and the user's stars, which
 * weigh as much as all of the machine's reasons. */
static double with_stars(const struct candidate *c, double opinion)
{
    opinion *= curate_band_worth(c);
    return c->rating > 0 ? (opinion + c->rating / 5.0) / 2.0 : opinion;
}

static double sound_worth(const struct candidate *c, enum category category)
{
    return isnan(c->m.score) ? plain_worth(c, category) : ramp(c->m.score, 0.0, 1.0);
}

double curate_sound(const struct candidate *c)
{
    return with_stars(c, sqrt(sound_worth(c, CAT_DRUMS)));
}

double curate_score(const struct candidate *c, enum category category,
                    struct score_parts *parts)
{
    struct sum s = {.parts = parts};
    bool drum = category == CAT_DRUMS;
    if (parts != NULL)
        parts->count = 0;
    count_part(&s, isnan(c->m.score) ? "measures" : "mined", sound_worth(c, category),
               drum ? 0.40 : 0.6);
    count_part(&s, "grade", grade_worth(c->grade), drum ? 0.1 : 0.15);
    if (kind_loops(c->kind))
        count_part(&s, "seam", ramp(c->m.seam_error_db, -6.0, -40.0), 0.15);
    if (drum) {
        count_part(&s, "class", c->m.hit_confidence, 0.35);
        count_part(&s, "whole", wholeness(c), 0.15);
    }
    if (parts != NULL && band(c->source_rate_hz) < 1.0)
        parts_add(parts, "band", band(c->source_rate_hz));
    if (parts != NULL && c->rating > 0 && parts->count < PARTS_MAX)
        parts_add(parts, "stars", c->rating / 5.0);
    return with_stars(c, s.weight > 0.0 ? s.value / s.weight : 0.0);
}

/* --- choice ------------------------------------------------------------------------ */

struct choice {
    size_t entry;
    double score, likeness; /* to the nearest that was chosen */
    double relevance;
    double crowd; /* how much of its sort is in already, weighed */
    int peers;    /* chosen ones of its sort */
    bool accepted;
    int seat; /* 1 …: the one for an instrument of the kit that follows, stand-ins last */
    bool out; /* chosen already, or not to be chosen any more */
};

static bool has_vector(const struct curate_entry *e)
{
    return e->vector != NULL && !isnan(e->vector[0]);
}

static bool eligible(const struct curate_entry *e)
{
    const struct candidate *c = e->c;
    if (c->decision != DECISION_NONE)
        return c->decision == DECISION_ACCEPTED;
    return c->grade != 'F' && c->missed_by[0] == '\0';
}

/* Accepted ones first, then the kit's by their seats (a snare on SD comes before the same
 * one on HC), then by relevance; ties to the smaller id. */
static bool better(const struct curate_entry *entries, const struct choice *a,
                   const struct choice *b)
{
    if (a->accepted != b->accepted)
        return a->accepted;
    if (a->seat != b->seat)
        return a->seat > 0 && (b->seat == 0 || a->seat < b->seat);
    if (a->relevance != b->relevance)
        return a->relevance > b->relevance;
    return entries[a->entry].id < entries[b->entry].id;
}

/* After `chosen`: what is of its stack is out, the others know how like it they are. */
static void exclude_like(const struct curate_entry *entries, struct choice *all, size_t n,
                         const struct choice *chosen)
{
    const struct curate_entry *was = &entries[chosen->entry];
    for (size_t i = 0; i < n; i++) {
        const struct curate_entry *e = &entries[all[i].entry];
        if (all[i].out)
            continue;
        if (!all[i].accepted && e->stack > 0 && e->stack == was->stack)
            all[i].out = true;
        if (!has_vector(e) || !has_vector(was))
            continue;
        if (!all[i].accepted && similarity_duplicate(e->vector, was->vector))
            all[i].out = true;
        double distance = similarity_distance(e->vector, was->vector);
        all[i].likeness = fmax(all[i].likeness, 1.0 - ramp(distance, 0.0, unlike));
    }
}

/* The parts of a score, appended at n: "mined .90 grade 1.00 …". They are 0 … 1, but a
 * manifest may say anything, and a number has no more than five letters here. */
static size_t list_parts(char *out, size_t n, size_t room,
                         const struct score_parts *parts)
{
    for (int i = 0; i < parts->count && i < PARTS_MAX && n + 20 < room; i++) {
        double v = parts->part[i].value;
        v = v > 9 ? 9 : v < -9 ? -9 : v;
        n += (size_t)snprintf(out + n, room - n, "%s%.11s %.2f", i == 0 ? "" : " ",
                              parts->part[i].name, v);
    }
    return n;
}

static void explain(const struct curate_entry *e, struct curate_pick *p, double likeness,
                    bool first)
{
    struct score_parts own;
    size_t n = 0, room = sizeof p->reason;
    curate_score(e->c, e->category, &own);
    if (e->c->decision == DECISION_ACCEPTED)
        n = (size_t)snprintf(p->reason, room, "accepted by you · ");
    n += (size_t)snprintf(p->reason + n, room - n, "score %.2f: ", p->score);
    n = list_parts(p->reason, n, room, &own);
    if (e->c->parts.count > 0 && n + 40 < room) {
        n += (size_t)snprintf(p->reason + n, room - n, " (mined: ");
        n = list_parts(p->reason, n, room - 1, &e->c->parts);
        n += (size_t)snprintf(p->reason + n, room - n, ")");
    }
    if (!first && n + 40 < room && has_vector(e))
        snprintf(p->reason + n, room - n, " · %.0f%% like the nearest chosen",
                 100.0 * likeness);
}

/* A set wants variety that no spectrum shows: one good hat rather than a second fine
 * snare, pads as well as drones, and not ten shades of one bar of music. So what is
 * chosen makes others of its sort a little less wanted: the second of a drum class by
 * much, each further one and other kinds by little, and textures from the same recording
 * or, more, from the same place in it. */
static const double second_of_class = 0.8, further_of_class = 0.3, same_kind = 0.15,
                    same_recording = 0.1, same_place = 0.3;

double curate_rings_out(const struct candidate *c)
{
    double decay = parts_value(&c->parts, "decay");
    return wholeness(c) * (isnan(decay) ? 1.0 : ramp(decay, 0.0, rung_out));
}

bool curate_is_scrap(const struct candidate *c)
{
    return !isnan(c->m.score) && wholeness(c) <= 0.0;
}

static struct choice choice_of(const struct curate_entry *entries, size_t i)
{
    const struct curate_entry *e = &entries[i];
    bool scrap = e->category == CAT_DRUMS &&
                 curate_is_scrap(e->c); /* brings no variety: as a second one */
    return (struct choice){.entry = i,
                           .score = curate_score(e->c, e->category, NULL),
                           .crowd = scrap ? second_of_class : 0.0,
                           .peers = scrap,
                           .accepted = e->c->decision == DECISION_ACCEPTED};
}

static bool same_sort(const struct candidate *a, const struct candidate *b)
{
    return a->kind == b->kind && strcmp(a->hit_class, b->hit_class) == 0;
}

static bool share_place(const struct candidate *a, const struct candidate *b)
{
    return a->m.start_sec < b->m.end_sec && b->m.start_sec < a->m.end_sec;
}

static void crowd_like(const struct curate_entry *entries, struct choice *all, size_t n,
                       const struct choice *chosen)
{
    const struct curate_entry *was = &entries[chosen->entry];
    bool drums = was->category == CAT_DRUMS;
    for (size_t i = 0; i < n; i++) {
        const struct candidate *c = entries[all[i].entry].c;
        if (all[i].out)
            continue;
        if (same_sort(c, was->c))
            all[i].crowd += !drums                  ? same_kind
                            : !was->c->hit_class[0] ? 0.0
                            : all[i].peers++ == 0   ? second_of_class
                                                    : further_of_class;
        if (!drums && strcmp(c->source, was->c->source) == 0)
            all[i].crowd += share_place(c, was->c) ? same_place : same_recording;
    }
}

static struct choice *best_of(const struct curate_entry *entries, struct choice *all,
                              size_t n, double diversity)
{
    struct choice *best = NULL;
    for (size_t i = 0; i < n; i++) {
        if (all[i].out)
            continue;
        all[i].relevance = (1.0 - diversity) * all[i].score -
                           diversity * (all[i].likeness + all[i].crowd);
        if (best == NULL || better(entries, &all[i], best))
            best = &all[i];
    }
    return best;
}

/* One category: its picks into `out`. */
static enum status choose_category(const struct curate_entry *entries, struct choice *all,
                                   size_t n, int top,
                                   const struct curate_options *options,
                                   struct curate_pick *out, size_t *picked, struct err *e)
{
    double diversity = ramp(options->diversity, 0.0, 1.0);
    struct curate_ear *ear = NULL; /* of drums only */
    enum status st = ST_OK;
    *picked = 0;
    if (n > 0 && entries[all[0].entry].category == CAT_DRUMS)
        st = curate_ear_new(&ear, entries, options->files, e);
    while (st == ST_OK) {
        struct choice *best = best_of(entries, all, n, diversity);
        if (best == NULL || (!best->accepted && *picked >= (size_t)top))
            break;
        bool knows = false;
        if (!best->accepted)
            st = curate_ear_knows(ear, best->entry, &knows, e);
        best->out = true;
        if (st == ST_OK && !knows)
            st = curate_ear_keep(ear, best->entry, e);
        if (st != ST_OK || knows)
            continue;
        struct curate_pick *p = &out[(*picked)++];
        *p = (struct curate_pick){best->entry, best->score, ""};
        explain(&entries[best->entry], p, best->likeness, *picked == 1);
        exclude_like(entries, all, n, best);
        crowd_like(entries, all, n, best);
    }
    curate_ear_free(ear);
    return st;
}

/* Mark what a kit would have on its instruments. */
static enum status seat(const struct curate_entry *entries, struct choice *all, size_t n,
                        const struct target *kit, struct err *e)
{
    struct kit_hit *hit = malloc((n + 1) * sizeof *hit);
    if (hit == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for a kit of %zu hits", n);
    for (size_t i = 0; i < n; i++) {
        const struct curate_entry *entry = &entries[all[i].entry];
        hit[i] = (struct kit_hit){.c = entry->c,
                                  .vector = entry->vector,
                                  .worth = kit_worth(entry->c, CAT_DRUMS),
                                  .slot = -1};
    }
    kit_slots_fill(kit, hit, n);
    for (size_t i = 0; i < n; i++)
        if (hit[i].slot >= 0)
            all[i].seat =
                1 + hit[i].slot +
                (kit_stands_in(kit, hit[i].slot, hit[i].c) ? TARGET_SLOTS_MAX : 0);
    free(hit);
    return ST_OK;
}

static int by_score(const void *a, const void *b)
{
    const struct curate_pick *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

enum status curate_choose(const struct curate_entry *entries, size_t count,
                          const struct curate_options *options, struct curate_pick **out,
                          size_t *picked, struct err *e)
{
    enum status st = ST_OK;
    *picked = 0;
    *out = malloc((count + 1) * sizeof **out);
    struct choice *all = malloc((count + 1) * sizeof *all);
    if (*out == NULL || all == NULL)
        st = err_set(e, ST_NO_MEMORY, "no memory to choose from %zu", count);
    for (int category = 0; category < CAT_COUNT && st == ST_OK; category++) {
        size_t n = 0;
        int top = options->top > 0 ? options->top : 0;
        for (size_t i = 0; i < count; i++)
            if ((int)entries[i].category == category && eligible(&entries[i]))
                all[n++] = choice_of(entries, i);
        if (category == CAT_DRUMS && options->kit != NULL) {
            int slots = target_slots(options->kit);
            st = seat(entries, all, n, options->kit, e);
            top = top > slots ? top : slots;
        }
        size_t some = 0;
        if (st == ST_OK)
            st = choose_category(entries, all, n, top, options, *out + *picked, &some, e);
        if (st != ST_OK)
            break;
        qsort(*out + *picked, some, sizeof **out, by_score);
        *picked += some;
    }
    free(all);
    if (st != ST_OK) {
        free(*out);
        *out = NULL;
    }
    return st;
}
