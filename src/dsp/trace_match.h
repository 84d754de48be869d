/* What the matcher of traces holds, and the loops it spends its time in. Internal. */
#ifndef TROWEL_DSP_TRACE_MATCH_H
#define TROWEL_DSP_TRACE_MATCH_H

#include "dsp/fft_batch.h"
#include "dsp/oversample.h"
#include "dsp/trace_internal.h"

#include <stdbool.h>

enum {
    SPEEDS = 29,         /* that are tried first, at most */
    DENSER = OVERSAMPLE, /* samples between two of a trace, to read it at another speed */
    LARGEST = 2 * LONGEST,
    KEPT = 256 /* others: a hit is held against the firsts of a few stacks, again and
                  again */
};

/* Of a spectrum's bins, as a sketch has them, and what makes Σ (size·by)² 1. */
struct sizes {
    float at[LONGEST], by;
};

struct held {
    float dense[(LONGEST + 1) * DENSER];
    float spectrum[SPEEDS][LARGEST]; /* at each speed, of power 1 */
    float power;                     /* of a whole trace, as dense has it */
    bool ready, known[SPEEDS];
    float plain[LONGEST + 2];   /* sizes at its own speed */
    struct sizes sizes[SPEEDS]; /* at each; by is 0 where they are not known */
    bool sized;
};

/* What the held one is matched with, in one band. */
struct other {
    const struct trace_sketch *of; /* whose, when it is kept */
    int band;
    float plain[LONGEST], spectrum[LARGEST];
    float power;
    int begins;
};

struct trace_matcher {
    struct fft_batch *eight[BANDS];
    float half[BANDS][LARGEST]; /* by which half a sample turns each bin */
    const struct trace *trace;
    const struct trace_sketch *sketch;
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
/* x·conj(y), bin by bin. */
void trace_turn_back(const float *x, const float *y, int count, float *out);
/* The roots of the sizes of a spectrum's bins, in bytes; Σ size² is the power of the
 * signal. And sizes from them. */
void trace_draw(const float *spectrum, int count, uint8_t *drawn);
void trace_sizes(const uint8_t *drawn, int count, float *size);
/* Σ x·y; `count` is a multiple of 32. */
float trace_product(const float *x, const float *y, int count);
/* The correlation, squared, of what the two have in common at a speed and a shift; −1
 * when that is too little to tell. Of every stride-th sample. */
double trace_alike_at(const struct trace_matcher *m, int b, double cents, double shift,
                      int stride);
/* Uphill from a fit found on the coarse, in steps of so many cents at first; given up
 * where what is needed will not be reached. */
struct fit trace_climb(const struct trace_matcher *m, int b, struct fit fit, double cents,
                       double needed);

#endif
