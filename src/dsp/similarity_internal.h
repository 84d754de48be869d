/* similarity_internal: what similarity and stacks share, and the vector before it is
 * standardised, for the program that makes similarity_table.h. Not for anyone else. */
#ifndef TROWEL_DSP_SIMILARITY_INTERNAL_H
#define TROWEL_DSP_SIMILARITY_INTERNAL_H

#include "dsp/similarity.h"

enum {
    SPECTRUM_DIM = 16,
    TIMBRE_DIM = 24,
    PITCH_DIM = 14,
    ENVELOPE_DIM = 10,
    SPECTRUM_AT = 0,
    TIMBRE_AT = SPECTRUM_AT + SPECTRUM_DIM,
    PITCH_AT = TIMBRE_AT + TIMBRE_DIM,
    ENVELOPE_AT = PITCH_AT + PITCH_DIM,
    SIMILARITY_PIVOT = SPECTRUM_AT + 12 /* the centroid: least spread among copies */
};

/* The 64 features in their own units (dB, octaves, …). */
enum status similarity_raw(struct similarity *s, const struct audio *a,
                           float raw[SIMILARITY_DIM], struct err *e);

/* Mean and deviation by which a vector is standardised. */
void similarity_standards(double mean[SIMILARITY_DIM], double deviation[SIMILARITY_DIM]);

/* How copies are told (similarity_stack.c): differences of standardised vectors in units
 * of `copy`, the deviation among copies, squared up to `knee` and linear beyond, in the
 * mean at most `limit`. The library's own is the table's; the bench tries others. */
struct similarity_metric {
    float copy[SIMILARITY_DIM], knee, limit;
};

void similarity_metric_init(struct similarity_metric *m); /* from the table */
/* A standardised vector in deviations among copies. */
void similarity_scale(const struct similarity_metric *m, const float *v,
                      float scaled[SIMILARITY_DIM]);
enum status similarity_stacks_by(const struct similarity_metric *m,
                                 const struct similarity_set *of, int *stack,
                                 const atomic_bool *cancelled, struct err *e);

static inline int similarity_group(const struct similarity_set *of, size_t i)
{
    return of->group != NULL ? of->group[i] : 0;
}

/* A scaled vector in bytes, to see early that two are far apart (similarity_coarse.h). */
struct similarity_coarse {
    uint8_t at[SIMILARITY_DIM];
};

void similarity_coarsen(const float *v, struct similarity_coarse *c);
/* More steps than that between two, and the mean of their differences is above `most`. */
int similarity_steps_within(float knee, float most);

/* stack[i] > 0 are members of stacks under any numbers: those of two or more become 1 …
 * by the smallest id in each, those alone 0. False without memory. */
bool similarity_number_stacks(const uint64_t *ids, size_t n, int *stack);

#endif
