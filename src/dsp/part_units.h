/* part_units: what one half, none and all of a score's part mean in plain units. The
 * miners make the parts with these, core/why reads the units back from them. And what a
 * gate is missed by in plain units. */
#ifndef TROWEL_DSP_PART_UNITS_H
#define TROWEL_DSP_PART_UNITS_H

#include <math.h>

/* 0 up to `none`, 1 from `all` on, in proportion between; `all` may be the lesser. */
static inline double part_between(double x, double none, double all)
{
    return fmin(1.0, fmax(0.0, (x - none) / (all - none)));
}

/* 1 at nothing, one half at `half`, falling on. */
static inline double part_falling(double x, double half)
{
    double u = isfinite(x) ? x / half : 100.0;
    return 1.0 / (1.0 + u * u);
}

/* one half at HALF */
#define PAD_STEADY_HALF_DB     2.5  /* deviation of the level */
#define PAD_SPECTRUM_HALF      0.12 /* cosine distance of neighbouring spectra */
#define SILENCE_STEADY_HALF_DB 2.0
#define SILENCE_SPECTRUM_HALF  0.25
#define MADE_EVEN_HALF_DB      6.0 /* 1 / (1 + x / half) */

/* none at NONE, all at NONE + SPAN */
#define PAD_RICH_NONE          1.5 /* bands that sound */
#define PAD_RICH_SPAN          6.0
#define DRUM_ISOLATION_NONE_DB 6.0 /* the 20 ms before, below the peak */
#define DRUM_ISOLATION_SPAN_DB 36.0
#define DRUM_DECAY_NONE_DB     3.0 /* the end, below the peak */
#define DRUM_DECAY_SPAN_DB     40.0

/* Of a score: noise, however steady, beside what holds a tone (1). */
static inline double part_toned(double tone)
{
    return 0.7 + 0.3 * tone;
}

/* What a gate was missed by, as it is told: never as the nothing that it rounds to. */
static inline double told_excess(double excess, double least)
{
    return fmax(excess, least);
}

#endif
