/* filter: the filter language.
 *
 *     words           match names (and only names); all terms must hold
 *     "two words"     quotes keep blanks; \" inside
 *     tape* ?nare     * and ? stand for anything and any one letter
 *     cat:pads class:snare src:tape* key:Am bright:dark type:drone … see filter.def
 *     grade>=B rating>=3 dur>2 rms<-20 bpm:118..124 score>=.8 len<500ms centroid>2k
 *     is:accepted is:rejected is:undecided is:tagged is:near-miss is:stacked is:saved …
 *     has:key has:bpm has:lufs …    the measure is there
 *     !term, a | b, ( … )
 *
 * Letters match without case. A comparison with a measure that a candidate lacks is
 * false (and its negation true). Every measure of measures.def can be used by its column
 * name or a short alias.
 * Thread: a parsed filter is read-only; everything here is pure. */
#ifndef TROWEL_CORE_FILTER_H
#define TROWEL_CORE_FILTER_H

#include "core/find.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

struct filter;

/* What a filter looks at: finds, columns of their measures, and what stands elsewhere. */
struct filter_finds {
    const struct find *find;
    double *const *measure; /* by measure, then find */
    void *user;
    /* Folded (filter_fold), as a find's `folded` is. */
    const char *(*source)(void *user, uint32_t source);
    int (*stack_size)(void *user, int stack); /* 1: alone */
};

enum filter_result {
    FILTER_OK,
    FILTER_INCOMPLETE, /* a last term still being typed (`grade>=`, `cat:`, `"tap`, `(a`);
                          the filter holds everything before it */
    FILTER_WRONG       /* no filter; the error says what is wrong */
};

/* Parse. *out (free with filter_free) is set unless FILTER_WRONG; empty text gives a
 * filter that takes everything. */
enum filter_result filter_parse(struct filter **out, const char *text, struct err *e);
extern const char filter_unfinished[]; /* the sentence for FILTER_INCOMPLETE */
void filter_free(struct filter *f);

/* Of the finds from `first` on: takes the mark from each that does not match. Finds
 * without a mark are passed over. f NULL takes everything. */
void filter_sift(const struct filter *f, const struct filter_finds *of, size_t first,
                 size_t count, unsigned char *mark);
bool filter_is_empty(const struct filter *f);

/* Grades compare as F 1, B 2, A 3; none is NAN. */
double filter_grade_number(char grade);

/* For matching: small Latin, Greek and Cyrillic letters, each accent spelled one way.
 * Writes at most size − 1 bytes and the terminator, never more than `text` has; `out` may
 * be `text`. */
void filter_fold(char *out, size_t size, const char *text);

/* What could stand at the end of `text`: field words, then values. Writes whole terms for
 * the last word ("grade>=", "cat:pads"); *from = where in text the replaced word starts.
 * Returns how many (at most max). */
enum { FILTER_WORD_BYTES = 48 };
int filter_complete(const char *text, char (*out)[FILTER_WORD_BYTES], int max,
                    size_t *from);

/* The measure a filter or sort word names ("dur", "rms", "duration_sec"), or -1. */
int filter_measure(const char *word);
/* The shortest word for a measure: "dur", "rms", "flat". */
const char *filter_measure_word(enum measure_id measure);

#endif
