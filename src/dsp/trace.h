/* trace: a fingerprint of a hit, the waveform of its first moments, small enough to keep,
 * by which two recordings of one hit are told from two hits of one drum.
 *
 * Copies share their waveform under gain, noise, a tilt in tone, a shift in time and
 * another speed; the next velocity layer of the same drum does not, least of all in what
 * is fine. A trace holds three bands as companded bytes from just before the attack, the
 * higher the shorter: 93 ms of 25–800 Hz, 37 ms of 0.6–3 kHz, 23 ms of 3–9.5 kHz.
 *
 * Matching: in each band the highest correlation over speeds (±1.1 semitones) and shifts,
 * either polarity. What of the power correlation and noise leave unexplained is how
 * unlike the two are; a band that drowns in noise does not count. How well that tells
 * copies: docs/similarity.md.
 *
 * Cost: 0.1 ms to take, 0.02 ms among many; 0.2 ms to match a copy, 2 µs when it is
 * none. Deterministic. Thread: makers and matchers belong to one thread each. */
#ifndef TROWEL_DSP_TRACE_H
#define TROWEL_DSP_TRACE_H

#include "core/status.h"
#include "dsp/audio.h"

#include <stdbool.h>
#include <stdint.h>

enum { TRACE_BANDS = 3, TRACE_LOW = 256, TRACE_MID = 320, TRACE_HIGH = 512 };

struct trace {
    int8_t known;               /* 0: there is none (silence, not a hit) */
    uint8_t begins;             /* faded in, in 1/20 ms; the cut has nothing before */
    int8_t snr_db[TRACE_BANDS]; /* of what is held over the recording's noise */
    int8_t detail[TRACE_BANDS]; /* duration times bandwidth, in tenths */
    int8_t low[TRACE_LOW], mid[TRACE_MID], high[TRACE_HIGH];
};

struct trace_maker;
/* ST_UNSUPPORTED below 1 kHz and above 1 MHz, ST_NO_MEMORY. */
enum status trace_maker_new(struct trace_maker **out, int rate_hz, struct err *e);
void trace_maker_free(struct trace_maker *m); /* NULL is fine */
/* Of a finished hit at the maker's rate, any channel count. Non-finite samples count as
 * 0. ST_NO_MEMORY. */
enum status trace_take(struct trace_maker *m, const struct audio *a, struct trace *out,
                       struct err *e);
/* The same for many, whose transforms are shared: *out is whole after trace_finish. */
enum status trace_add(struct trace_maker *m, const struct audio *a, struct trace *out,
                      struct err *e);
void trace_finish(struct trace_maker *m);

/* How alike two hits of one recording are in the lowest or in the highest band alone, at
 * one speed, as the highest correlation, 0 … 1. A drum keeps its own band whatever sounds
 * beside it, which trace_unlike counts as a difference. 0 when one of them is not known.
 * Cost: 0.1 ms. */
double trace_alike(const struct trace *one, const struct trace *other, bool high);

struct trace_matcher;
enum status trace_matcher_new(struct trace_matcher **out, struct err *e);
void trace_matcher_free(struct trace_matcher *m); /* NULL is fine */
/* What tells most others from a trace: where the power of each band lies, bin by bin, as
 * roots in bytes, and the share of it that is no noise; and the spectrum of the lowest
 * band up to 690 Hz, in steps of `unit`. Sizes times `by` are of power 1. */
enum {
    TRACE_LOW_BINS = 192,
    TRACE_MID_BINS = 256,
    TRACE_HIGH_BINS = 384,
    TRACE_DEEP = 96
};
struct trace_sketch {
    double share[TRACE_BANDS];
    float by[TRACE_BANDS], unit;
    int8_t deep[2 * TRACE_DEEP];
    uint8_t low[TRACE_LOW_BINS], mid[TRACE_MID_BINS], high[TRACE_HIGH_BINS];
};

enum { TRACE_SKETCHES = 8 };
/* Of up to TRACE_SKETCHES traces, which share transforms: the same as one by one. */
void trace_sketch(struct trace_matcher *m, const struct trace *const of[], int count,
                  struct trace_sketch *out);
/* The one that others are then matched with. Both are needed until the next. */
void trace_hold(struct trace_matcher *m, const struct trace *one,
                const struct trace_sketch *sketch);
/* How unlike `other` is the one held, 0 … 1: the share of the power that is neither
 * common to both nor noise. 1 when one of them is not known, and from `most` on anything
 * above it. The sketch is that of `other`, and of no other trace while the matcher lives.
 */
double trace_unlike(struct trace_matcher *m, const struct trace *other,
                    const struct trace_sketch *sketch, double most);
/* How much the likeness to the one held says: duration times bandwidth, the lesser of the
 * two, in the band that says most. About 1 for a plain tone or a click, which match any
 * other of their kind. */
double trace_detail(const struct trace_matcher *m, const struct trace *other,
                    const struct trace_sketch *sketch);

#endif
