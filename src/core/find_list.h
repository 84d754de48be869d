/* find_list: the finds of a recording, with how they sound.
 * Ownership: find_list_done. Thread: none of its own. */
#ifndef TROWEL_CORE_FIND_LIST_H
#define TROWEL_CORE_FIND_LIST_H

#include "dsp/similarity.h"
#include "dsp/trace.h"
#include "io/candidate.h"

/* Candidates, their similarity vectors and (of hits) their traces, side by side. */
struct find_list {
    struct candidate *at;
    float *vectors; /* count × SIMILARITY_DIM; a row that starts with NAN has none */
    struct trace *traces;
    size_t count, room;
};

/* Copies; NULL: not known. False without memory. */
bool find_list_add(struct find_list *l, const struct candidate *find, const float *vector,
                   const struct trace *trace);
/* A list of `rows` (from malloc), which it owns from now on, also on failure. */
enum status find_list_take(struct find_list *l, struct candidate *rows, size_t count,
                           struct err *e);
bool find_list_append(struct find_list *to, const struct find_list *from); /* likewise */
/* Over the find at `to` ≤ `from`, to close up a list. */
void find_list_move(struct find_list *l, size_t to, size_t from);
size_t find_list_real(const struct find_list *l); /* how many are no near-misses */
void find_list_done(struct find_list *l);

#endif
