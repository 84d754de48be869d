/* seam: does a finished loop join without being heard?
 *
 * A loop is a sound whose first frame follows its last. Four criteria are measured at the
 * join, each against what the loop itself does elsewhere, so that a rough sound may be
 * as rough at the join as it is inside, and a smooth one may not:
 *
 *   step      the step, and the step of the slope, over the 99.9 percentile of the same
 *             inside; the worst channel counts. Limit 1.
 *   level     the difference of the 50 ms before and after the join, in dB. Limit: 1 dB
 *             or the 95 percentile between neighbouring 50 ms blocks inside. And the
 *             *dip*: how far the level of a short span over the join lies from its two
 *             neighbours, for spans of 5, 20 and 80 ms; limit 3 dB or 1.1 × the 99
 *             percentile of the same inside. Fading each end on its own is caught here.
 *   spectrum  the distance of the log-magnitude spectra (40 bands, 93 ms) before and
 *             after the join, in dB. Limit: the 95 percentile of that distance between
 *             neighbouring frames inside (0.5 dB at least, for exactly periodic sounds).
 *   onset     the spectral flux over the join (SuperFlux-like: log magnitudes, maximum
 *             filter) over the limit an onset needs: its own surroundings in the
 *             loop and a floor. Limit 1.
 *
 * seam_error_db says how well the join continues the recording: the RMS, over the last
 * 5 ms, of (the loop's end − the sound that preceded its start in the recording), over
 * the RMS of the loop. −∞ is reported as −200. It is NAN where nothing is known of what
 * preceded.
 *
 * Rates from 1 to 768 kHz, any channels. Loops below SEAM_MIN_S are too short to judge.
 * Non-finite samples count as 0. Thread: pure. Cost: about 0.7 ms per second of loop. */
#ifndef TROWEL_DSP_SEAM_H
#define TROWEL_DSP_SEAM_H

#include "core/status.h"
#include "dsp/audio.h"

#include <stdbool.h>

#define SEAM_MIN_S 0.25

/* One of zeros was not judged. */
struct seam {
    bool judged;
    double step, slope;              /* ratios; ≤ 1 passes */
    double level_db, level_limit_db; /* ≥ 0 */
    double dip_db, dip_limit_db; /* ≥ 0; of the span nearest to its limit or beyond */
    double spectrum_db, spectrum_limit_db;
    double onset;         /* ratio; ≤ 1 passes */
    double seam_error_db; /* NAN when unknown */
    bool step_ok, level_ok, spectrum_ok, onset_ok;
    bool seamless; /* all four */
};

/* Measure `loop`, of which nothing is known that preceded it. ST_EMPTY below SEAM_MIN_S,
 * ST_NO_MEMORY. */
enum status seam_measure(const struct audio *loop, struct seam *out, struct err *e);

/* The same, where `before` are the `before_frames` frames (same channels, interleaved)
 * that precede the loop's first frame in its recording; but ST_NOTHING, with `out` half
 * filled, once it is certain that it is not seamless and not better (seam_better) than
 * `rival`, which may be NULL. */
enum status seam_measure_against(const struct audio *loop, const float *before,
                                 size_t before_frames, const struct seam *rival,
                                 struct seam *out, struct err *e);

/* 0 … 1 for score parts: 1 a seam with much room to every limit, 0.5 where the worst
 * criterion just meets its limit, towards 0 beyond. */
double seam_quality(const struct seam *s);

/* Seamless with room to every limit. The limits are percentiles of few frames, which come
 * out differently by a fifth when those frames begin elsewhere: of joins that just pass,
 * many would not pass then. Where there is a choice, these are taken. */
bool seam_roomy(const struct seam *s);

/* A seamless one before any other, else by quality. */
bool seam_better(const struct seam *a, const struct seam *b);

/* True when the join is plainly heard: a step, dip, jump or onset at twice its limit or
 * more. Such a loop is not worth keeping. */
bool seam_audible(const struct seam *s);

#endif
