/* find: one find as the workstation's lists show it: a small struct, so that looking at
 * a hundred thousand of them is quick. Its measures stand apart, a column each:
 * session_measure. */
#ifndef TROWEL_CORE_FIND_H
#define TROWEL_CORE_FIND_H

#include "core/kit_slots.h"
#include "io/candidate.h"

struct find {
    uint64_t id;
    const char *name;   /* file name without its ending */
    const char *folded; /* name, folded for search */
    uint32_t source;    /* index for session_source */
    int stack;          /* stack number, 0 = alone */
    int row_stack;      /* the same, as it stands in the catalog so far */
    float drum; /* how surely a hit is a drum and no note, 0 … 1; NAN: not told */
    float kit_part[KIT_PARTS]; /* what kit_worth asks of a hit's score; NAN: not told */
    int source_rate_hz;        /* of its recording; 0: not known */
    int extra;                 /* place among the kit's extras from 1, 0 = none */
    int8_t slot;               /* kit slot it plays, −1 = none */
    char grade;
    enum kind kind : 8;
    enum category category : 8; /* with override */
    enum decision decision : 8;
    int8_t rating; /* 0–5 */
    char key[12], brightness[12], hit_class[16];
    bool tagged, saved, near_miss, edited;
    bool picked; /* in the machine's latest best-of proposal */
    bool in_set; /* in the project's best_of folder: what curate picked */
    bool gone;   /* no longer found; in no view */
};

/* Is it one of the finds? What just failed is none, unless the user takes it anyway. */
static inline bool find_counts(const struct find *f)
{
    return !f->near_miss || f->decision == DECISION_ACCEPTED;
}

#endif
