/* similarity: how alike two samples sound; nearest neighbours; stacks of near-identical
 * ones.
 *
 * A sample becomes a vector of SIMILARITY_DIM float32, standardised by fixed constants
 * (deviation about 1 over one-shots and pads), so vectors of different projects compare.
 * It does not change with gain. Four aspects lie one after the other in it:
 *   spectrum: brightness, flatness, energy by band     (what an equaliser changes)
 *   timbre:   MFCC means and deviations                (what it is made of)
 *   pitch:    chroma, pitch height, salience           (what note)
 *   envelope: attack, decay, length, level over time   (how it moves)
 * Distance: Euclidean over the weighted aspects, each scaled by 1/√(its dimension).
 * Cost: 0.1 ms for a hit, 0.04 ms among many, 0.5 ms for ten seconds (at most 128 frames
 * are looked at).
 * Thread: a struct similarity belongs to one thread; the rest is pure. */
#ifndef TROWEL_DSP_SIMILARITY_H
#define TROWEL_DSP_SIMILARITY_H

#include "core/status.h"
#include "dsp/audio.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum similarity_aspect {
    ASPECT_SPECTRUM,
    ASPECT_TIMBRE,
    ASPECT_PITCH,
    ASPECT_ENVELOPE,
    ASPECT_COUNT
};

enum { SIMILARITY_DIM = 64 };

struct similarity_weights {
    double aspect[ASPECT_COUNT]; /* ≥ 0; 1 = normal */
};
extern const struct similarity_weights similarity_even; /* all 1 */

struct similarity;
/* ST_UNSUPPORTED below 1 kHz and above 1 MHz, ST_NO_MEMORY. */
enum status similarity_new(struct similarity **out, int rate_hz, struct err *e);
void similarity_free(struct similarity *s);
/* *s (NULL at first) is for that rate from now on: it stays where it is so already. After
 * an error it is NULL. */
enum status similarity_for(struct similarity **s, int rate_hz, struct err *e);

/* The vector of a finished sample (any channel count, at the rate given to _new).
 * Silence and empty sounds give a defined vector; non-finite samples count as 0. */
enum status similarity_vector(struct similarity *s, const struct audio *a,
                              float vector[SIMILARITY_DIM], struct err *e);
/* The same for many at less cost: the vectors are there after similarity_finish, until
 * when they have to stay where they are. Not to be mixed with similarity_vector. */
enum status similarity_add(struct similarity *s, const struct audio *a,
                           float vector[SIMILARITY_DIM], struct err *e);
void similarity_finish(struct similarity *s);

/* With even weights. */
double similarity_distance(const float *a, const float *b);

/* The distances of all n vectors to one, INFINITY for those that start with NAN. weights
 * NULL = even. */
void similarity_distances(const float *vectors, size_t n, const float *query,
                          const struct similarity_weights *weights, float *distance);

/* Would a listener take one for a copy of the other (gain, noise, small pitch change)? */
bool similarity_duplicate(const float *a, const float *b);

/* The n sounds that are to be stacked; all arrays are the caller's. */
struct similarity_set {
    const float
        *vectors; /* n × SIMILARITY_DIM, standardised; a first value of NAN: none */
    const uint64_t *ids; /* unlike each other: they break ties and number the stacks */
    const int *group;    /* only sounds of one group share a stack; NULL: all are one */
    size_t n;
};

/* Group near-identical samples: stack[i] = 1 … for members of a stack of two or more,
 * 0 = alone (or vector NAN). Stacks are stars: every member is a near-duplicate of the
 * stack's centre, so unlike sounds never chain together. The result depends on the set,
 * not on its order: ties go to the smaller id. Stack numbers follow the smallest id in
 * each. Memory O(n). Cost: 5,000 sounds 0.01 to 0.1 s; 30,000 0.2 to 1 s, 10 s where
 * nearly all are nearly alike (which of many alike is the centre is told by a sample of
 * them then, drawn by id). ST_CANCELLED soon after *cancelled is set (NULL: never). */
enum status similarity_stacks(const struct similarity_set *of, int *stack,
                              const atomic_bool *cancelled, struct err *e);

#endif
