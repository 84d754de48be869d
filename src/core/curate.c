#include "core/curate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Distance at which two sounds of one category have nothing in common any more. */
static const double unlike = 2.8;

/* --- score
 * ------------------------------------------------------------------------------- */

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
    double level = isnan(m->rms_db) ? 0.5 : ramp(m->rms_db, -60.0, -24.0);
    double crest = isnan(m->crest_factor)  ? 0.5
                   : category == CAT_DRUMS ? ramp(m->crest_factor, 1.2, 4.0)
                                           : 1.0 - 0.5 * ramp(m->crest_factor, 6.0, 20.0);
    double tone = category != CAT_PADS || isnan(m->flatness)
                      ? 0.5
                      : 1.0 - ramp(m->flatness, 0.05, 0.5);
    return (level + crest + tone) / 3.0;
}

double curate_score(const struct candidate *c, enum category category,
                    struct score_parts *parts)
{
    struct sum s = {.parts = parts};
    if (parts != NULL)
        parts->count = 0;
    double mined = isnan(c->m.score) ? plain_worth(c, category) : c->m.score;
    count_part(&s, isnan(c->m.score) ? "measures" : "mined", mined, 0.6);
    count_part(&s, "grade",
               c->grade == 'A'   ? 1.0
               : c->grade == 'B' ? 0.6
               : c->grade == 'F' ? 0.0
                                 : (double)NAN,
               0.15);
    if (kind_loops(c->kind) && !isnan(c->m.seam_error_db))
        count_part(&s, "seam", ramp(c->m.seam_error_db, -6.0, -40.0), 0.15);
    if (category == CAT_DRUMS)
        count_part(&s, "class", c->m.hit_confidence, 0.1);
    double score = s.weight > 0.0 ? s.value / s.weight : 0.0;
    if (c->rating > 0) {
        /* the user's stars weigh as much as all the machine's reasons */
        double stars = c->rating / 5.0;
        if (parts != NULL && parts->count < PARTS_MAX)
            parts_add(parts, "stars", stars);
        score = (score + stars) / 2.0;
    }
    return score;
}

/* --- choice
 * ------------------------------------------------------------------------------ */

struct choice {
    size_t entry;
    double score, likeness; /* to the nearest that was chosen */
    double relevance;
    double crowd;       /* how many of its drum class are in already, weighed */
    bool accepted, out; /* out: chosen already, or not to be chosen any more */
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

/* Accepted ones first, then by score; ties to the smaller id. */
static bool better(const struct curate_entry *entries, const struct choice *a,
                   const struct choice *b)
{
    if (a->accepted != b->accepted)
        return a->accepted;
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
        if (!all[i].accepted && e->c->cluster > 0 && e->c->cluster == was->c->cluster)
            all[i].out = true;
        if (!has_vector(e) || !has_vector(was))
            continue;
        if (!all[i].accepted && similarity_duplicate(e->vector, was->vector))
            all[i].out = true;
        double distance = similarity_distance(e->vector, was->vector, NULL);
        all[i].likeness = fmax(all[i].likeness, 1.0 - ramp(distance, 0.0, unlike));
    }
}

static void explain(const struct curate_entry *e, struct curate_pick *p, double likeness,
                    bool first)
{
    struct score_parts own;
    curate_score(e->c, e->category, &own);
    const struct score_parts *parts = e->c->parts.count > 0 ? &e->c->parts : &own;
    size_t n = 0, room = sizeof p->reason;
    if (e->c->decision == DECISION_ACCEPTED)
        n = (size_t)snprintf(p->reason, room, "accepted by you · ");
    n += (size_t)snprintf(p->reason + n, room - n, "score %.2f", p->score);
    for (int i = 0; i < parts->count && i < PARTS_MAX && n + 40 < room; i++)
        n += (size_t)snprintf(p->reason + n, room - n, "%s %.11s %.2f", i == 0 ? ":" : "",
                              parts->part[i].name, parts->part[i].value);
    if (!first && n + 40 < room && has_vector(e))
        snprintf(p->reason + n, room - n, " · %.0f%% like the nearest chosen",
                 100.0 * likeness);
}

/* A kit wants one good hat more than a fifth fine snare: each hit chosen of a class makes
 * the next of that class a little less wanted. */
static const double crowding = 0.12;

static void crowd_class(const struct curate_entry *entries, struct choice *all, size_t n,
                        const struct choice *chosen)
{
    const char *hit_class = entries[chosen->entry].c->hit_class;
    for (size_t i = 0; hit_class[0] && i < n; i++)
        if (strcmp(entries[all[i].entry].c->hit_class, hit_class) == 0)
            all[i].crowd += crowding;
}

/* One category: picks appended to `out`. */
static size_t choose_category(const struct curate_entry *entries, struct choice *all,
                              size_t n, const struct curate_options *options,
                              struct curate_pick *out)
{
    size_t picked = 0;
    double diversity = ramp(options->diversity, 0.0, 1.0);
    for (;;) {
        struct choice *best = NULL;
        for (size_t i = 0; i < n; i++) {
            if (all[i].out)
                continue;
            all[i].relevance = (1.0 - diversity) * all[i].score -
                               diversity * all[i].likeness - all[i].crowd;
            if (best == NULL || better(entries, &all[i], best))
                best = &all[i];
        }
        if (best == NULL || (!best->accepted && picked >= (size_t)options->top))
            return picked;
        struct curate_pick *p = &out[picked++];
        *p = (struct curate_pick){best->entry, best->score, best->relevance, ""};
        explain(&entries[best->entry], p, best->likeness, picked == 1);
        best->out = true;
        exclude_like(entries, all, n, best);
        crowd_class(entries, all, n, best);
    }
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
    struct curate_options wanted = *options;
    if (wanted.top < 0)
        wanted.top = 0;
    *picked = 0;
    *out = malloc((count + 1) * sizeof **out);
    struct choice *all = malloc((count + 1) * sizeof *all);
    if (*out == NULL || all == NULL) {
        free(*out);
        free(all);
        *out = NULL;
        return err_set(e, ST_NO_MEMORY, "no memory to choose from %zu", count);
    }
    for (int category = 0; category < CAT_COUNT; category++) {
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
            if ((int)entries[i].category == category && eligible(&entries[i]))
                all[n++] = (struct choice){
                    .entry = i,
                    .score = curate_score(entries[i].c, entries[i].category, NULL),
                    .accepted = entries[i].c->decision == DECISION_ACCEPTED};
        size_t some = choose_category(entries, all, n, &wanted, *out + *picked);
        qsort(*out + *picked, some, sizeof **out, by_score);
        *picked += some;
    }
    free(all);
    return ST_OK;
}
