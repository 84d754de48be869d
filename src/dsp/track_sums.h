/* track_sums: running sums over a track, so that the measures of any window cost the
 * same whatever its length. The grid is the track's spectra (46 ms).
 *
 * The sums walk along the track and remember only as far back as the longest window
 * reaches: windows are asked for in the order of their starts. Memory: 6 KB a second of
 * that window, whatever the length of the recording. Thread: belongs to one. */
#ifndef TROWEL_DSP_TRACK_SUMS_H
#define TROWEL_DSP_TRACK_SUMS_H

#include "core/status.h"
#include "dsp/track.h"

#include <math.h>

struct track_sum; /* all that is summed, up to one cell */
struct change_memory;

struct track_sums {
    const struct track *track;
    size_t cells;  /* grid cells */
    double cell_s; /* length of one */
    struct track_sum *ring;
    size_t room, reached; /* sums of the cells before `reached` are known */
    struct change_memory *change;
};

/* For windows of at most `longest_s`. Done with track_sums_done, also after a failure. */
enum status track_sums_init(struct track_sums *s, const struct track *t, double longest_s,
                            struct err *e);
void track_sums_done(struct track_sums *s);

/* To a cell, from which on windows are asked for in order once more. */
void track_sums_rewind(struct track_sums *s, size_t cell);

/* 10^(db / 20), of a band of track_spectrum. */
static inline float band_magnitude(float db)
{
    return exp2f(db * 0.16609640f);
}

/* So much of a cell's tonality says that something has a pitch there; more says how much
 * of it has. */
#define TRACK_PITCHED_MOST 0.05

size_t track_sums_cell(const struct track_sums *s, double sec); /* clamped to 0 … cells */

/* Cells [from, to), from < to ≤ cells, from no smaller than the last one and the window
 * no longer than was said. NAN where there is no sound to measure. Levels are those of
 * what is heard, from some 25 Hz up. `dc` is how far the mean lies from zero, but no more
 * than it moves: what is steady, of a note too, is taken off what is read. */
struct track_window {
    double rms_db, crest, dc, flatness, centroid_hz;
    double tonality; /* that of the chroma, or of what trembles */
    double pitched;  /* the same, no cell counting above TRACK_PITCHED_MOST */
    double mains;    /* share of the mains' hum */
    double beyond_db; /* how far the peak of a float recording is above full scale, ≥ 0 */
    double rumble;    /* share of the moving energy below some 25 Hz, 0 … 1 */
    double level_sd_db; /* deviation of the cells' levels */
    double drift_db;    /* how much louder it has become from start to end */
    double change;      /* mean spectral distance 250 ms apart, 0 … 1 */
    double glides;      /* how far its pitches slide all along it, 0 … 1: glide.h */
    double onset_rate_hz;
    unsigned clipped; /* cells with a clipping run */
};
void track_sums_window(struct track_sums *s, size_t from, size_t to,
                       struct track_window *out);

/* track_chroma of a chroma that begins in the last window, or just before it. */
const float *track_sums_chroma(const struct track_sums *s, size_t i);

#endif
