#include "core/reporter.h"

#include "core/why.h"

#include <string.h>

void reporter_tell(const struct reporter *r, const struct news *news)
{
    if (r && r->tell)
        r->tell(r->user, news);
}

void reporter_tell_finds(const struct reporter *r, const char *source,
                         const struct find_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        reporter_tell(
            r, &(struct news){.kind = l->at[i].missed_by[0] ? NEWS_MISS : NEWS_FIND,
                              .source = source,
                              .find = &l->at[i]});
}

/* The nearest miss of a source without a pad, or NULL: they are kept nearest first. */
static const struct candidate *near_pad(const struct find_list *l)
{
    const struct candidate *nearest = NULL;
    for (size_t i = 0; i < l->count; i++) {
        if (l->at[i].kind != KIND_PAD)
            continue;
        if (!l->at[i].missed_by[0])
            return NULL;
        nearest = nearest ? nearest : &l->at[i];
    }
    return nearest;
}

/* A hit that is left out because others are better, or NULL. */
static const struct candidate *spare_hit(const struct find_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->at[i].kind == KIND_DRUM &&
            strcmp(why_setting(&l->at[i]), "drum_miner.max_saved_per_file") == 0)
            return &l->at[i];
    return NULL;
}

void news_of_finds(struct news *n, const struct find_list *l)
{
    n->finds = find_list_real(l);
    n->near_pad = near_pad(l);
    n->spare_hit = spare_hit(l);
}
