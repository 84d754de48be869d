/* reporter: what an operation tells while it runs; the front end decides how it looks.
 * Thread: told on the thread that called the operation. */
#ifndef TROWEL_CORE_REPORTER_H
#define TROWEL_CORE_REPORTER_H

#include "core/find_list.h"

#include <stdbool.h>
#include <stddef.h>

enum news_kind {
    NEWS_PLAN,    /* total sources; text = where to. Of one source, in a dry run */
    NEWS_TICK,    /* from time to time: fraction of all, done sources */
    NEWS_FIND,    /* a find of a finished source, */
    NEWS_MISS,    /* or a near-miss */
    NEWS_DONE,    /* a source is finished: finds, audio_s, took_s */
    NEWS_SKIPPED, /* a source was finished by an earlier run */
    NEWS_FAILED   /* a source failed: text says why */
};

struct news {
    enum news_kind kind;
    const char *source; /* its path, or NULL */
    const char *text;
    size_t index, total; /* sources finished so far, and of how many */
    double fraction;     /* 0 … 1 of the whole */
    double audio_s, took_s;
    const struct candidate *find;
    size_t finds;
    bool done_before; /* NEWS_PLAN of a source: it would be passed over */
    /* NEWS_DONE: without a pad what all but was one; with more hits than are kept one
     * that is not. Else NULL. */
    const struct candidate *near_pad, *spare_hit;
};

struct reporter {
    void (*tell)(void *user, const struct news *news); /* may be NULL */
    void *user;
};

void reporter_tell(const struct reporter *r, const struct news *news); /* NULL safe */
/* NEWS_FIND and NEWS_MISS of a source. */
void reporter_tell_finds(const struct reporter *r, const char *source,
                         const struct find_list *l);
/* finds, near_pad and spare_hit of NEWS_DONE. */
void news_of_finds(struct news *n, const struct find_list *l);

#endif
