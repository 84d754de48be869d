/* drum_range: does a hit sound where a drum of its class does?
 *
 * In a full mix everything struck at once is one hit, and whatever has an attack is told
 * some class. But nobody hears a hat in what has no treble, nor a kick in what is not
 * deep. Thread: pure, a plan belongs to one thread. Cost: 0.03 ms a hit. */
#ifndef TROWEL_DSP_DRUM_RANGE_H
#define TROWEL_DSP_DRUM_RANGE_H

#include "core/status.h"
#include "dsp/audio.h"
#include "dsp/drum_class.h"

/* Shares of the energy of the first 0.2 s. */
struct drum_range {
    double low;    /* below 100 Hz */
    double over;   /* above 250 Hz */
    double upper;  /* above 1 kHz */
    double treble; /* above 5 kHz */
};

/* For sounds of that rate, which go up to band_hz at most (0: as far as the rate does).
 * In a narrow band the upper and the treble begin lower: at a third of it at most.
 * ST_NO_MEMORY. drum_range_settle and drum_ranger_free take NULL. */
struct drum_ranger;
enum status drum_ranger_new(struct drum_ranger **out, int rate_hz, double band_hz,
                            struct err *e);
void drum_ranger_free(struct drum_ranger *r);

/* Of a hit from its start on, at most eight channels of it. Of silence, and of what is
 * not finite, as of a hit that is all where it belongs. Several hits are transformed at
 * once: `out`, which must stay and be another for each, is filled by drum_range_settle at
 * the latest. */
void drum_range_measure(struct drum_ranger *r, const struct audio *own,
                        struct drum_range *out);
void drum_range_settle(struct drum_ranger *r);

/* 0 … 1: of a kick how little lies above 250 Hz, of a clap how much of it is above 1 kHz,
 * of hats and cymbals how much treble there is; 1 of all others. */
double drum_range_own(const struct drum_range *range, enum drum_class class);

/* 0 … 1: hats, cymbals, claps, rims and snares have no bass of their own, so what lies
 * below 100 Hz was struck or held beside them: from 0.1 of it on, 0 from 0.6. 1 of all
 * others. */
double drum_range_clear(const struct drum_range *range, enum drum_class class);

#endif
