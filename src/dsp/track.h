/* track: what one analysis pass leaves of a recording. The audio is not in it.
 *
 * Everything is kept packed (about 14 MB for an hour at any rate and channel count, 2 MB
 * more with the overview) and read through functions that return units. Positions are
 * *frames* of the recording (int64_t, at its own rate). The grids:
 *
 *   hop      11.6 ms (512 frames at 44.1 kHz). Hop i is the frames [i·hop_frames,
 *            (i+1)·hop_frames), the last one may be partial. Level, peak, DC and flags
 *            are of exactly these frames, so they add up over any range; the spectral
 *            values come from a Hann window of 2048 frames (at 44.1 kHz) centred on them.
 *   spectrum 46 ms (4 hops): the mean power spectrum in TRACK_BANDS logarithmic bands.
 *   chroma   93 ms (8 hops): pitch classes and tonality, from windows of 0.37 s.
 *   novelty  5.8 ms (hop_frames / 2): onset novelty; value i is centred on frame
 *            i·novelty_hop_frames.
 *
 * Analysed is the mean of the channels; only the clipping, zero and stuck flags, the
 * loudness and the overview look at every channel. Sound before the start and after the
 * end counts as silence. Non-finite samples count as 0.
 *
 * Accuracy of the packing: levels 0.003 dB from −180 to +140 dBFS; frequencies 0.01 %;
 * flatness 0.02 % down to 2^−32; DC 3·10^−5 up to ±1; bands 0.25 dB from −120 to +7 dBFS;
 * chroma 1/510 of its maximum; the rest as said below.
 *
 * Levels are dB relative to full scale (RMS of a full-scale square = 0 dB); a level of
 * nothing is −INFINITY. Frequencies of a silent hop (below −120 dB) are NAN, its
 * flatness too.
 *
 * Ownership: from analysis_finish; track_free frees. Thread: immutable, so any number of
 * threads may read one. Cost: reading is O(1), ranges are O(hops in them). */
#ifndef TROWEL_DSP_TRACK_H
#define TROWEL_DSP_TRACK_H

#include "dsp/key.h"
#include "dsp/offset.h"
#include "dsp/onset.h"
#include "dsp/overview.h"
#include "dsp/tempo.h"

#include <stddef.h>
#include <stdint.h>

struct track;

void track_free(struct track *t); /* NULL is safe */

/* The recording as a whole. */
struct track_info {
    int rate_hz, channels;
    int64_t frames;
    int hop_frames, novelty_hop_frames;
    size_t hops, spectra, chromas, novelties;
    double rms_db, peak_db; /* of the mono mean; −INFINITY when silent */
    bool headroom;          /* what lies beyond full scale is whole */
    /* Integrated loudness, ITU-R BS.1770-4 with its gates, the K weighting applied to the
     * power spectra: within 0.5 LU of libebur128. −INFINITY when nothing passes the gate
     * or the recording is shorter than 400 ms. */
    double loudness_lufs;
    double band_hz;        /* band_edge.h; 0: nothing is cut off */
    double dc;             /* mean sample value */
    struct offsets offset; /* the constant under it all, for want of a DC blocker */
    /* Counts over all channels: runs of ≥ 3 successive samples at full scale and the
     * samples in them; samples that were not finite. */
    int64_t clipped_runs, clipped_samples, nonfinite_samples;
    int64_t zero_frames; /* frames in runs of ≥ 32 in which every channel is exactly 0 */
    double tuning_cents; /* of A = 440 Hz, −50 … 50; 0 when there is nothing tonal */
    struct tempo tempo;  /* of the whole recording */
    struct key key;      /* of the whole recording */
};

const struct track_info *track_info(const struct track *t);

/* ---- Per hop -------------------------------------------------------------------- */

enum track_band { /* Hz: below 60, 60–200, 200–2k, 2k–8k, above 8k */
                  TRACK_SUB,
                  TRACK_LOW,
                  TRACK_MID,
                  TRACK_HIGH,
                  TRACK_AIR,
                  TRACK_BAND_COUNT
};

enum track_flag {
    TRACK_CLIPPED = 1,   /* a run of ≥ 3 samples at full scale is or goes on here */
    TRACK_ZERO = 2,      /* every sample of every channel is exactly 0 */
    TRACK_STUCK = 4,     /* no sample differs from the one before (set with ZERO too) */
    TRACK_HAS_ZERO = 8,  /* holds a run of ≥ 32 frames that are exactly 0 */
    TRACK_NONFINITE = 16 /* a sample was NaN or infinite */
};

struct track_hop {
    double rms_db, peak_db;
    double dc;          /* mean sample value */
    double centroid_hz; /* Σf|X| / Σ|X| */
    double spread_hz;   /* standard deviation of f with the weights |X| */
    double rolloff_hz;  /* below it lies 85 % of Σ|X|² */
    double flatness;    /* exp(mean ln P) / mean P, P = |X|² + 1e−10, from 20 Hz */
    /* Mean square in the band; they add up to RMS². −HUGE_VAL in silence. */
    double band_db[TRACK_BAND_COUNT];
    unsigned flags;
};

void track_hop(const struct track *t, size_t i, struct track_hop *out);

/* The same one at a time, for loops that need only this. i < hops. */
double track_rms_db(const struct track *t, size_t i);
double track_square(const struct track *t, size_t i); /* mean square of that level */
double track_peak_db(const struct track *t, size_t i);
double track_dc(const struct track *t, size_t i);
double track_side_dc(const struct track *t, size_t i); /* struct offsets */
double track_flatness(const struct track *t, size_t i);
double track_centroid_hz(const struct track *t, size_t i);
double track_heard(const struct track *t, size_t i);    /* mean square above 60 Hz */
double track_k_square(const struct track *t, size_t i); /* K-weighted, all channels */
unsigned track_flags(const struct track *t, size_t i);

/* Hop that holds a frame (clamped to the track; 0 for an empty one). */
size_t track_hop_of(const struct track *t, int64_t frame);
int64_t track_hop_start(const struct track *t, size_t i);

/* ---- Per spectrum (4 hops) ------------------------------------------------------- */

enum { TRACK_BANDS = 32, TRACK_HOPS_PER_SPECTRUM = 4 };

/* Mean square per band in dBFS (−120 = nothing or less). Bands are 40 Hz · 2^(0.27 b),
 * up to 16 kHz; bands above half the rate are −120. i < spectra. */
void track_spectrum(const struct track *t, size_t i, float db[TRACK_BANDS]);
double track_band_low_hz(int band); /* lower edge; band TRACK_BANDS is the upper end */

/* How far it is a tone that may tremble too much for track_tonality, 0 … 1: near 1 for a
 * soloist, whatever the vibrato, 0 for noise. Chords hide their tones from it. */
double track_waver(const struct track *t, size_t i);

/* 1 − cosine similarity of two spectra's band magnitudes: 0 the same colour (at any
 * level), towards 1 nothing in common. Two silent ones: 0; one silent: 1. */
double track_spectrum_distance(const struct track *t, size_t a, size_t b);

/* ---- Per chroma (8 hops) --------------------------------------------------------- */

enum { TRACK_HOPS_PER_CHROMA = 8 };

/* Strength per pitch class C, C#, … B with the recording's tuning taken out, from
 * spectral peaks between 55 Hz and 5 kHz: sums of the square roots of their magnitudes,
 * comparable between chromas of one recording. i < chromas. */
void track_chroma(const struct track *t, size_t i, float chroma[12]);

/* Share (0 … 1, steps of 1/255) of the energy between 55 Hz and 5 kHz that lies in narrow
 * spectral peaks that stay where they are from one chroma to the next: near 1 for held
 * notes, below about 0.2 for noise and drums. */
double track_tonality(const struct track *t, size_t i);

/* Share of the same energy in held peaks at multiples of 50 or of 60 Hz: near 1 for the
 * hum of mains, 0 for notes. */
double track_mains(const struct track *t, size_t i);

/* ---- Onsets ---------------------------------------------------------------------- */

/* `novelties` values, with their ends and clicks; the track's memory. */
struct novelty track_novelty(const struct track *t);
/* Picked with onset_params_default(), ascending. */
const struct onset_list *track_onsets(const struct track *t);
/* Onsets in [start, end). */
size_t track_onset_count(const struct track *t, int64_t start, int64_t end);

/* ---- Ranges ---------------------------------------------------------------------- */

/* All over the hops that overlap [start, end). Spectral values are means weighted with
 * each hop's magnitude (RMS). An empty or silent range has levels −INFINITY, the rest
 * NAN or 0. */
struct track_range {
    double rms_db, peak_db;
    double crest;       /* peak over RMS, linear */
    double level_sd_db; /* standard deviation of 46 ms RMS levels, dB */
    double centroid_hz, spread_hz, rolloff_hz, flatness;
    double band_db[TRACK_BAND_COUNT];
    double unsteadiness;  /* mean spectrum distance of pairs 250 ms apart (0 … 1) */
    double tonality;      /* mean weighted with the level */
    double onset_rate_hz; /* onsets per second */
};

void track_range(const struct track *t, int64_t start, int64_t end,
                 struct track_range *out);

/* The constant under [start, end), some seconds: the recording's, or another where that
 * stretch plainly lies on another (tapes that were joined, a converter that warms up). */
struct offsets track_offset(const struct track *t, int64_t start, int64_t end);

/* min/max/RMS for drawing. */
const struct overview *track_overview(const struct track *t);

/* Bytes the track holds. */
size_t track_bytes(const struct track *t);

#endif
