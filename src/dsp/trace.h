/* trace: the waveform of a hit's first moments, small enough to keep, by which two
 * recordings of one hit are told from two hits of one drum.
 *
 * Copies share their waveform under gain, noise, a tilt in tone, a shift in time and
 * another speed; the next velocity layer of the same drum does not. A trace holds 58 ms
 * from just before the attack, band-limited to 2 kHz, and 7 ms of 4–9 kHz for what has
 * nothing below (hats), both as companded bytes.
 *
 * Matching: the highest correlation over speeds of ±1.1 semitones and shifts of ±15 ms
 * (±3 ms in the upper band), either polarity. How well that tells copies:
 * docs/similarity.md.
 *
 * Cost: 0.1 ms to take; 0.1 ms to hold one, then 0.1 ms to match another with it.
 * Deterministic. Thread: makers and matchers belong to one thread each. */
#ifndef TROWEL_DSP_TRACE_H
#define TROWEL_DSP_TRACE_H

#include "core/status.h"
#include "dsp/audio.h"

#include <stdint.h>

enum { TRACE_LOW = 320, TRACE_HIGH = 160 };

struct trace {
    int8_t known;      /* 0: there is none (silence, not a hit) */
    int8_t balance_db; /* the lower band's share of the power, ≤ 0 */
    int8_t detail[2];  /* tenths; see below: of the lower and the upper band */
    int8_t low[TRACE_LOW], high[TRACE_HIGH];
};

struct trace_maker;
enum status trace_maker_new(struct trace_maker **out, int rate_hz, struct err *e);
void trace_maker_free(struct trace_maker *m); /* NULL is fine */
/* Of a finished hit at the maker's rate, any channel count. Non-finite samples count as
 * 0. */
void trace_take(struct trace_maker *m, const struct audio *a, struct trace *out);

struct trace_matcher;
enum status trace_matcher_new(struct trace_matcher **out, struct err *e);
void trace_matcher_free(struct trace_matcher *m); /* NULL is fine */
/* The one that others are then matched with; it is copied. */
void trace_hold(struct trace_matcher *m, const struct trace *one);
/* How well `other` is the one held, 0 … 1; 0 when one of them is not known. In the lower
 * band, or in the upper if one of them has next to nothing in the lower. */
double trace_match(struct trace_matcher *m, const struct trace *other);
/* How much a match of these two says: their duration times their bandwidth, the lesser
 * of the two. About 1 for a plain tone or a click, which match any other of their kind.
 */
double trace_detail(const struct trace *a, const struct trace *b);

#endif
