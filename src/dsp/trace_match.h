/* What the matcher of traces holds, and the loops it spends its time in. Internal. */
#ifndef TROWEL_DSP_TRACE_MATCH_H
#define TROWEL_DSP_TRACE_MATCH_H

#include "dsp/fft_batch.h"
#include "dsp/oversample.h"
#include "dsp/trace_internal.h"

#include <stdbool.h>

enum {
    CENTS = 112,         /* faster or slower, at most */
    SPEEDS = 29,         /* that are tried first, at most */
    DENSER = OVERSAMPLE, /* samples between two of a trace, to read it at another speed */
    LARGEST = 2 * WIDEST,
    KEPT = 256 /* others: a hit is held against the firsts of a few stacks, again and
                  again */
};

/* Between the speeds tried first: the higher the band, the sooner it runs apart. */
static const double trace_step_cents[BANDS] = {16.0, 16.0, 8.0};
/* Below this bound of the correlation it is no match worth having, whatever the shift. */
static const float trace_least_bound = 0.86F;

/* Of a spectrum's bins, as a sketch has them, and what makes Σ (size·by)² 1. */
struct sizes {
    float at[WIDEST], by;
};

enum { AROUND = 32 }; /* room for what is read behind the end */

struct held {
    float dense[(LONGEST + 1) * DENSER];
    float spectrum[SPEEDS][LARGEST]; /* at each speed, of power 1 */
    float power;                     /* of a whole trace, as dense has it */
    bool ready, known[SPEEDS];
    float plain[1 + WIDEST + 2 * AROUND]; /* sizes at its own speed, behind a 0 */
    struct sizes sizes[SPEEDS + 3]; /* at each, so that every second make eights; by is 0
                                       where they are not known */
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
    float fade[BANDS][LONGEST];
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

/* What an other can be at most, at each speed: no shift can correlate better than when
 * all phases agree. */
struct bounds {
    struct sizes other;
    float at[SPEEDS], most;
    bool between; /* the speeds between have been looked at, too */
};

static inline int trace_speeds(int b)
{
    return 1 + 2 * (int)(CENTS / trace_step_cents[b]);
}

static inline double trace_cents(int b, int speed)
{
    return (speed - trace_speeds(b) / 2) * trace_step_cents[b];
}

/* Of a band's power, by the correlation (squared) and what of it is no noise. */
static inline double trace_unexplained(double alike, double share)
{
    return alike < share ? 1.0 - alike / share : 0.0;
}

/* The correlation, squared, below which a band leaves more than `room` of its weight. */
static inline double trace_needed(double room, double share, double weight)
{
    return share * (1.0 - room / weight);
}

/* Knows the spectra of the held one at these speeds, at most FFT_BATCH. */
void trace_know(struct trace_matcher *m, int b, const int *speeds, int count);
/* Whether all bands leave no more than `most` unexplained, by their bounds: the lowest
 * tells most and costs least, and is always asked. */
bool trace_promises(struct trace_matcher *m, const struct trace_sketch *sketch,
                    const double share[BANDS], const double weight[BANDS], double most,
                    struct bounds x[BANDS]);
/* The bounds at the speeds that were left out, where they promise something. */
void trace_complete(struct trace_matcher *m, int b, struct bounds *x);

/* out[i] = dense at first + step·i, between the samples, for i = from … until − 1. */
void trace_read(const float *dense, float first, float step, int from, int until,
                float *out);
/* out[i] = row at step·i, i < count, with a step within 1/8 of 1: reads one value before
 * the row, and up to AROUND behind. `count` is a multiple of 8. */
void trace_stretch(const float *row, float step, int count, float *out);
/* x·conj(y), bin by bin. */
void trace_turn_back(const float *x, const float *y, int count, float *out);
/* The roots of the sizes of a spectrum's bins, in bytes; Σ size² is the power of the
 * signal. And sizes from them. */
void trace_draw(const float *spectrum, int count, uint8_t *drawn);
void trace_sizes(const uint8_t *drawn, int count, float *size);
/* The first TRACE_DEEP bins in bytes; returns what a step is. And back. */
float trace_flatten(const float *spectrum, int8_t *deep);
void trace_deepen(const int8_t *deep, float unit, float *spectrum);
/* conj(held)·other of eight, bin by bin, as fft_batch_lanes wants it; `bins` is a
 * multiple of 4. And the largest magnitude of each at most `shift` from the first of
 * `count` values that come round. */
void trace_multiply_lanes(const float *const held[FFT_BATCH], const float *other,
                          int bins, float *lanes);
void trace_top_of_lanes(const float *lanes, int count, int shift, float top[FFT_BATCH]);
/* Σ x·y; `count` is a multiple of 32. */
float trace_product(const float *x, const float *y, int count);
/* The same of eight rows, `stride` floats apart, with y; `count` a multiple of 8. */
void trace_products(const float *rows, size_t stride, const float *y, int count,
                    float sum[FFT_BATCH]);
/* The correlation, squared, of what the two have in common at a speed and a shift; −1
 * when that is too little to tell. Of every stride-th sample. */
double trace_alike_at(const struct trace_matcher *m, int b, double cents, double shift,
                      int stride);
/* Uphill from a fit found on the coarse, in steps of so many cents at first; given up
 * where what is needed will not be reached. */
struct fit trace_climb(const struct trace_matcher *m, int b, struct fit fit, double cents,
                       double needed);

#endif
