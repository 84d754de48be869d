/* track_sums: running sums over a track, so that the measures of any window cost the
 * same whatever its length. The grid is the track's spectra (46 ms).
 * Memory: about 5 MB for an hour. Thread: pure after track_sums_init. */
#ifndef TROWEL_DSP_TRACK_SUMS_H
#define TROWEL_DSP_TRACK_SUMS_H

#include "core/status.h"
#include "dsp/track.h"

struct track_sums {
    const struct track *track;
    size_t cells;      /* grid cells; the arrays hold cells + 1 running sums */
    double cell_s;     /* length of one */
    double *energy;    /* Σ rms² */
    double *dc;        /* Σ mean */
    double *weight;    /* Σ rms, the weight of the next three */
    double *flatness;  /* Σ rms · flatness */
    double *centroid;  /* Σ rms · centroid */
    double *tonality;  /* Σ rms · tonality */
    double *level;     /* Σ level, dB, floored at −100 */
    double *level_sq;  /* Σ level² */
    double *change;    /* Σ distance of the spectra 250 ms apart, at the later one */
    unsigned *clipped; /* Σ cells with a clipping run */
    float *peak;       /* per cell, linear */
};

enum status track_sums_init(struct track_sums *s, const struct track *t, struct err *e);
void track_sums_done(struct track_sums *s);

size_t track_sums_cell(const struct track_sums *s, double sec); /* clamped to 0 … cells */

/* Cells [from, to), from < to ≤ cells. NAN where there is no sound to measure. */
struct track_window {
    double rms_db, crest, dc, flatness, centroid_hz, tonality;
    double level_sd_db; /* deviation of the cells' levels */
    double change;      /* mean spectral distance 250 ms apart, 0 … 1 */
    double onset_rate_hz;
    unsigned clipped; /* cells with a clipping run */
};
void track_sums_window(const struct track_sums *s, size_t from, size_t to,
                       struct track_window *out);

#endif
