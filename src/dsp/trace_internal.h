/* The bands of a trace, for its maker and its matcher. */
#ifndef TROWEL_DSP_TRACE_INTERNAL_H
#define TROWEL_DSP_TRACE_INTERNAL_H

#include "dsp/trace.h"

enum {
    LOW,
    MID,
    HIGH,
    BANDS = TRACE_BANDS,
    LONGEST = TRACE_HIGH,
    WIDEST = TRACE_HIGH_BINS
};

struct trace_band {
    double from_hz, to_hz, tilt; /* power of the frequency: what is fine counts, too */
    double rate_hz;              /* as kept; near enough at every rate of the hit */
    double shift_s;              /* at most, one way */
    int count, size;             /* samples kept, of a window of so many */
    int bins;                    /* of the spectra that are matched: with so much silence
                                    that no shift comes round */
};
extern const struct trace_band trace_bands[BANDS];

/* Before the attack, in every band. */
static const double trace_lead_s = 0.004;
static const double trace_tick_s = 0.00005; /* of trace.begins */

static inline const int8_t *trace_samples(const struct trace *t, int band)
{
    return band == LOW ? t->low : band == MID ? t->mid : t->high;
}

/* The first sample of a band that is not faded in. */
static inline int trace_begins(const struct trace *t, int band)
{
    return (int)(t->begins * trace_tick_s * trace_bands[band].rate_hz + 0.999);
}

#endif
