/* What the matcher of traces holds, and the loops it spends its time in. Internal. */
#ifndef TROWEL_DSP_TRACE_MATCH_H
#define TROWEL_DSP_TRACE_MATCH_H

#include "dsp/fft_batch.h"
#include "dsp/trace_internal.h"

#include <stdbool.h>

enum {
    TRACE_GROUPS = 32, /* of bins */
    SPEEDS = 29,       /* that are tried first, at most */
    DENSER = 4,        /* samples between two of a trace, to read it at another speed */
    LARGEST = 2 * LONGEST,
    KEPT = 256 /* others: a hit is held against the firsts of a few stacks, again and
                  again */
};

struct held {
    float dense[LARGEST * DENSER];
    float spectrum[SPEEDS][LARGEST];   /* at each speed, of power 1 */
    float size[SPEEDS][LONGEST];       /* of its bins; Σ size² ≤ 1 */
    float level[SPEEDS][TRACE_GROUPS]; /* of its bins, a group together */
    float power;                       /* of a whole trace, as dense has it */
    bool ready, known[SPEEDS];
};

/* What the held one is matched with, in one band. */
struct other {
    const struct trace_sketch *of; /* whose, when it is kept */
    int band;
    float plain[LONGEST], spectrum[LARGEST + 2], size[LONGEST], level[TRACE_GROUPS];
    float power;
    int begins;
};

struct trace_matcher {
    struct rfft *one[BANDS];
    struct fft_batch *eight[BANDS];
    float turn[BANDS][DENSER][LARGEST]; /* by so many parts of a sample, of each bin */
    struct trace trace;
    struct held held[BANDS];
    float row[FFT_BATCH][LARGEST + 2];
    struct other *other, passing, kept[KEPT];
};

/* Where the held one fits the other best. */
struct fit {
    double cents, shift; /* in samples of the band */
    double alike;        /* the correlation, squared */
};

/* out[i] = dense at first + step·i, between the samples, for i = from … until − 1. */
void trace_read(const float *dense, float first, float step, int from, int until,
                float *out);
/* x·y and x·conj(y), bin by bin. */
void trace_turn(const float *x, const float *y, int count, float *out);
void trace_turn_back(const float *x, const float *y, int count, float *out);
/* Of each bin, such that the squares of all sum to the power of the signal; and of the
 * TRACE_GROUPS groups of as many bins each. */
void trace_sizes(const float *spectrum, int count, float *size, float *level);
/* As a sketch has them: roots in bytes, rounded up; and back. */
void trace_draw(const float *size, int count, uint8_t *drawn);
void trace_sizes_drawn(const uint8_t *drawn, int count, float *size, float *level);
/* No shift can correlate better than when all phases agree, bin by bin or, looser, group
 * by group; `count` is a multiple of 8. */
float trace_bound(const float *x, const float *y, int count);
/* The correlation, squared, of what the two have in common at a speed and a shift; −1
 * when that is too little to tell. Of every stride-th sample. */
double trace_alike_at(const struct trace_matcher *m, int b, double cents, double shift,
                      int stride);
/* Uphill from a fit found on the coarse, in steps of so many cents at first; given up
 * where what is needed will not be reached. */
struct fit trace_climb(const struct trace_matcher *m, int b, struct fit fit, double cents,
                       double needed);

#endif
