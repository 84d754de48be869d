/* report_page: the HTML of a report, piece by piece, so that the page is never whole in
 * memory. Pure texts; everything that comes from outside is escaped. */
#ifndef TROWEL_CORE_REPORT_PAGE_H
#define TROWEL_CORE_REPORT_PAGE_H

#include "core/picture.h"
#include "io/candidate.h"
#include "io/text.h"

/* The first line of every report: how one is known as ours. */
extern const char report_mark[];

struct report_sample {
    struct candidate c;
    char heading[64]; /* group: "Instruments", "pads" … */
    char label[64];   /* slot, or "" */
    char name[256];
    char path[1024];
};

/* The sound in the page, to be played there. */
struct report_player {
    unsigned char *wav; /* the bytes of a file; NULL: none, and `why` not */
    size_t bytes;
    const char *why;
};

void page_head(struct text *t, const char *title, size_t samples);
void page_heading(struct text *t, const char *heading, bool first);
/* `picture` NULL: none. */
void page_sample(struct text *t, const struct report_sample *s, size_t number,
                 const struct picture *picture, const struct report_player *player);
void page_foot(struct text *t);

#endif
