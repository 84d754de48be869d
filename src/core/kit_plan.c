#include "core/kit_plan.h"

#include "core/curate.h"
#include "core/kit_slots.h"
#include "io/paths.h"
#include "io/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without memory only what the user assigned is on its slot. */
static void fill_slots(struct kit_plan *p)
{
    struct kit_hit *hit = malloc((p->count + 1) * sizeof *hit);
    for (size_t i = 0; i < p->count; i++) {
        struct kit_item *item = &p->item[i];
        if (hit)
            hit[i] = (struct kit_hit){.c = &item->c,
                                      .vector = item->vector,
                                      .worth = kit_worth(&item->c, item->category),
                                      .slot = item->wish};
        item->slot = item->wish;
    }
    if (hit) {
        kit_slots_fill(p->target, hit, p->count);
    }
    for (size_t i = 0; i < p->count; i++) {
        struct kit_item *item = &p->item[i];
        if (hit)
            item->slot = hit[i].slot;
        item->stands_in = item->slot >= 0 && item->wish < 0 &&
                          kit_stands_in(p->target, item->slot, &item->c);
    }
    free(hit);
}

/* --- what fits --- */

/* Accepted, or put on an instrument: the user has spoken for it. */
static bool wanted(const struct kit_item *i)
{
    return i->c.decision == DECISION_ACCEPTED || i->wish >= 0;
}

/* Most wanted first. */
static int by_worth(const void *a, const void *b)
{
    const struct kit_item *x = a, *y = b;
    int xa = wanted(x), ya = wanted(y);
    if (xa != ya)
        return ya - xa;
    if ((x->slot >= 0) != (y->slot >= 0))
        return x->slot >= 0 ? -1 : 1;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    int order = strcmp(x->c.filename, y->c.filename);
    if (order != 0)
        return order;
    return x->id != y->id ? (x->id < y->id ? -1 : 1) : x->wish - y->wish;
}

static void fit(struct kit_plan *p, int extras)
{
    int taken = 0;
    qsort(p->item, p->count, sizeof *p->item, by_worth);
    for (size_t i = 0; i < p->count; i++) {
        struct kit_item *item = &p->item[i];
        char why[96];
        budget_add(&p->wanted, p->target, item->frames, item->channels);
        if (item->slot < 0 && taken >= extras)
            snprintf(item->why_out, sizeof item->why_out, "more than %d extras", extras);
        else if (!budget_fits(&p->budget, p->target, item->frames, item->channels, why))
            snprintf(item->why_out, sizeof item->why_out, "it would make %s", why);
        else
            item->in = true;
        if (!item->in) {
            item->slot = -1;
            p->left_out++;
            continue;
        }
        budget_add(&p->budget, p->target, item->frames, item->channels);
        taken += item->slot < 0;
    }
}

/* --- roles, order, names --- */

/* What an extra is called, in the order in which extras follow the slots. */
static const struct {
    const char *role;
    enum kind kind;
    const char *drum_class;
} roles[] = {
    {"PAD", KIND_PAD, ""},          {"DRN", KIND_DRONE, ""},
    {"DST", KIND_DUST, ""},         {"SWL", KIND_SWELL, ""},
    {"CLD", KIND_CLOUD, ""},        {"HIS", KIND_HISS_LOOP, ""},
    {"FLK", KIND_FLICKER, ""},      {"TEX", KIND_SILENCE, ""},
    {"KCK", KIND_DRUM, "kick"},     {"SNR", KIND_DRUM, "snare"},
    {"CLP", KIND_DRUM, "clap"},     {"RIM", KIND_DRUM, "rim"},
    {"TML", KIND_DRUM, "tom_low"},  {"TMM", KIND_DRUM, "tom_mid"},
    {"TMH", KIND_DRUM, "tom_high"}, {"HHC", KIND_DRUM, "hat_closed"},
    {"HHO", KIND_DRUM, "hat_open"}, {"CRS", KIND_DRUM, "crash"},
    {"RDE", KIND_DRUM, "ride"},     {"PRC", KIND_DRUM, ""},
};
enum { ROLES = sizeof roles / sizeof *roles };

static int role_of(const struct kit_item *item)
{
    for (int i = 0; i < ROLES; i++)
        if (roles[i].kind == item->c.kind &&
            (!roles[i].drum_class[0] ||
             strcmp(roles[i].drum_class, item->c.hit_class) == 0))
            return i;
    return ROLES - 1;
}

static int by_place(const void *a, const void *b)
{
    const struct kit_item *x = a, *y = b;
    if (x->in != y->in)
        return x->in ? -1 : 1;
    if ((x->slot >= 0) != (y->slot >= 0))
        return x->slot >= 0 ? -1 : 1;
    if (x->slot >= 0 && x->slot != y->slot)
        return x->slot - y->slot;
    if (role_of(x) != role_of(y))
        return role_of(x) - role_of(y);
    return by_worth(a, b);
}

static bool safe(char c)
{
    return text_alnum(c) || c == '_' || c == '-';
}

/* A name as it is filled. */
struct naming {
    char *out;
    int n, max;
    bool gap; /* an underscore is due before the next letter */
};

static void put(struct naming *k, char c)
{
    if (k->n < k->max)
        k->out[k->n++] = c;
}

static void add_letter(struct naming *k, char c)
{
    c = (char)(c == '#' ? 's' : c);
    if (c < 0x20 || c == 0x7f)
        return;
    if (!safe(c) || c == '_') {
        k->gap = true;
        return;
    }
    if (k->gap)
        put(k, '_');
    k->gap = false;
    put(k, c);
}

void kit_name(char out[20], int max, const char *prefix, const char *rest)
{
    struct naming k = {.out = out, .max = max, .gap = true};
    for (; *prefix; prefix++)
        put(&k, *prefix);
    char plain[3];
    while (*rest) {
        rest += utf8_plain(rest, plain);
        for (const char *p = plain; *p; p++)
            add_letter(&k, *p);
    }
    while (k.n > 0 && (out[k.n - 1] == '_' || out[k.n - 1] == '-'))
        k.n--;
    out[k.n] = '\0';
}

/* The number trowel gave a find: the last run of digits of its file name. */
static const char *find_number(const char *filename, size_t stem, char out[12])
{
    const char *end = filename + stem;
    out[0] = '\0';
    while (end > filename && !text_digit(end[-1]))
        end--;
    const char *start = end;
    while (start > filename && text_digit(start[-1]))
        start--;
    if (end > start && end - start < 12)
        snprintf(out, 12, "%.*s", (int)(end - start), start);
    return out;
}

/* A one-shot has only its own name, no recording's: "BD_01" on BD stays "BD_01". */
static void describe_bare(const struct candidate *c, size_t stem, const char *prefix,
                          int room, char rest[64])
{
    char number[12], head[16];
    const char *name = c->filename;
    size_t same = strlen(prefix);
    snprintf(head, sizeof head, "%.*s", (int)same, name);
    if (stem > same && stem_same(head, prefix) && !text_alnum(name[same])) {
        name += same;
        stem -= same;
    }
    const char *at = strstr(name, find_number(name, stem, number));
    if ((int)stem < room || (number[0] && at - name + (int)strlen(number) < room)) {
        snprintf(rest, 64, "%.*s", (int)stem, name); /* cut where the room ends */
        return;
    }
    int keep = room - 2 - (int)strlen(number);
    snprintf(rest, 64, "%.*s_%s", keep > 0 ? keep : 0, name, number);
}

/* The name of the recording. A source's own begins with the folders it lies in, which the
 * few letters of a kit's names have no room for. */
static void recording_of(const struct candidate *c, char out[sizeof c->source])
{
    if (strchr(c->source_path, '/'))
        stem_of_file(out, c->source_path);
    else
        snprintf(out, sizeof c->source, "%s", c->source);
}

/* The first hit, and the only one in the kit, of its recording: one-shots all are. */
static bool needs_no_number(const struct kit_plan *p, const struct candidate *c,
                            const char *number)
{
    if (strtol(number, NULL, 10) > 1)
        return false;
    for (size_t i = 0; i < p->count && p->item[i].in; i++)
        if (&p->item[i].c != c && p->item[i].c.kind == KIND_DRUM &&
            strcmp(p->item[i].c.source, c->source) == 0)
            return false;
    return true;
}

/* What tells an item apart, in the room the prefix leaves: the number stays whole, the
 * recording's name is cut. */
static void describe(const struct kit_plan *p, const struct candidate *c,
                     const char *prefix, char rest[64])
{
    int room = p->target->name_chars - (int)strlen(prefix);
    char number[12], source[sizeof c->source];
    size_t stem = path_stem(c->filename);
    recording_of(c, source);
    if (strlen(c->source) == stem && strncmp(c->source, c->filename, stem) == 0) {
        describe_bare(c, stem, prefix, room, rest);
    } else if (c->kind == KIND_DRUM) {
        find_number(c->filename, stem, number);
        if (needs_no_number(p, c, number)) {
            snprintf(rest, 64, "%.63s", source);
            return;
        }
        int keep = room - 2 - (int)strlen(number);
        while (keep > 0 && keep <= (int)strlen(source) && !text_alnum(source[keep - 1]))
            keep--;
        snprintf(rest, 64, "%.*s_%s", keep > 0 ? keep : 0, source, number);
    } else if (c->key[0] || c->brightness[0]) {
        snprintf(rest, 64, "%s_%s", c->key, c->brightness);
    } else {
        snprintf(rest, 64, "%.16s", source);
    }
}

/* Every prefix is there once: a slot's name, or a role's with its number. So no two names
 * are the same, on a card that does not know capitals from small letters either. */
static void name_all(struct kit_plan *p)
{
    int number[ROLES] = {0}, in_folder = 0, folder = 0;
    for (size_t i = 0; i < p->count && p->item[i].in; i++) {
        struct kit_item *item = &p->item[i];
        char prefix[16], rest[64];
        if (item->slot >= 0)
            snprintf(prefix, sizeof prefix, "%s",
                     target_slot_name(p->target, item->slot));
        else
            snprintf(prefix, sizeof prefix, "%s%02d", roles[role_of(item)].role,
                     ++number[role_of(item)]);
        describe(p, &item->c, prefix, rest);
        kit_name(item->name, p->target->name_chars, prefix, rest);
        if (in_folder == p->target->files_per_folder) {
            folder++;
            in_folder = 0;
        }
        item->folder = folder;
        in_folder++;
    }
}

void kit_plan_make(struct kit_plan *p, const struct target *t, struct kit_item *item,
                   size_t count, int extras)
{
    *p = (struct kit_plan){.target = t, .item = item, .count = count};
    for (int s = 0; s < TARGET_SLOTS_MAX; s++)
        p->slot[s] = -1;
    for (size_t i = 0; i < count; i++) {
        double own = item[i].c.m.score;
        item[i].score =
            isnan(own) ? curate_score(&item[i].c, item[i].category, NULL) : own;
        item[i].in = false;
        item[i].why_out[0] = item[i].name[0] = '\0';
        item[i].folder = 0;
    }
    fill_slots(p);
    fit(p, extras);
    qsort(item, count, sizeof *item, by_place);
    name_all(p);
    for (int s = 0; s < TARGET_SLOTS_MAX; s++)
        p->slot[s] = -1;
    for (size_t i = 0; i < count; i++)
        if (item[i].slot >= 0)
            p->slot[item[i].slot] = (long)i;
}

int kit_plan_filled(const struct kit_plan *p)
{
    int filled = 0;
    for (int s = 0; s < target_slots(p->target); s++)
        filled += p->slot[s] >= 0;
    return filled;
}
