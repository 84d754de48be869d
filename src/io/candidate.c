#include "io/candidate.h"

#include "core/rng.h"

#include <string.h>

static const struct {
    const char *folder, *singular;
} categories[CAT_COUNT] = {
#define CATEGORY(id, folder, singular) [CAT_##id] = {folder, singular},
#include "io/kinds.def"
#undef CATEGORY
};

static const struct {
    const char *type;
    enum category category;
    bool loops, cut;
} kinds[KIND_COUNT] = {
#define KIND(id, type, category, loops, cut)                                             \
    [KIND_##id] = {type, CAT_##category, loops, cut},
#include "io/kinds.def"
#undef KIND
};

static const char *const decisions[DECISION_COUNT] = {"", "accepted", "rejected"};

const char *category_folder(enum category c)
{
    return categories[c].folder;
}

const char *category_singular(enum category c)
{
    return categories[c].singular;
}

const char *category_counted(enum category c, size_t n)
{
    return n == 1 ? category_singular(c) : category_folder(c);
}

int category_find(const char *folder)
{
    for (int i = 0; i < CAT_COUNT; i++)
        if (strcmp(categories[i].folder, folder) == 0)
            return i;
    return -1;
}

enum kind category_kind(enum category c)
{
    int k = 0;
    while (kinds[k].category != c)
        k++;
    return (enum kind)k;
}

const char *kind_type(enum kind k)
{
    return kinds[k].type;
}

enum category kind_category(enum kind k)
{
    return kinds[k].category;
}

bool kind_loops(enum kind k)
{
    return kinds[k].loops;
}

bool kind_struck(enum kind k)
{
    return k == KIND_DRUM || k == KIND_FLICKER;
}

bool kind_cut(enum kind k)
{
    return kinds[k].cut;
}

int kind_find(const char *type)
{
    for (int i = 0; i < KIND_COUNT; i++)
        if (strcmp(kinds[i].type, type) == 0)
            return i;
    return -1;
}

const char *decision_name(enum decision d)
{
    return decisions[d];
}

int decision_find(const char *name)
{
    for (int i = 0; i < DECISION_COUNT; i++)
        if (strcmp(decisions[i], name) == 0)
            return i;
    return -1;
}

void candidate_clear(struct candidate *c)
{
    memset(c, 0, sizeof *c);
    measures_clear(&c->m);
}

void candidate_place(struct candidate *c, int64_t start, int64_t end)
{
    c->start_frame = start;
    c->end_frame = end;
    if (c->source_rate_hz <= 0)
        return;
    c->m.start_sec = (double)start / c->source_rate_hz;
    c->m.end_sec = (double)end / c->source_rate_hz;
}

uint64_t candidate_id(const struct candidate *c)
{
    uint64_t h = rng_hash(0, c->source, strlen(c->source) + 1);
    h = rng_hash(h, kinds[c->kind].type, strlen(kinds[c->kind].type) + 1);
    return rng_hash(h, c->filename, strlen(c->filename) + 1);
}
