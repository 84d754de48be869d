/* measure: the numbers of a finished sample, as the manifest tells them, and its grade.
 * Thread: no shared state. Cost: about 2,000 × realtime. */
#ifndef TROWEL_DSP_MEASURE_H
#define TROWEL_DSP_MEASURE_H

#include "core/status.h"
#include "dsp/audio.h"
#include "dsp/measures.h"

/* Fill duration_sec, channels, rms_db, peak_dbfs, crest_factor, centroid_hz, flatness,
 * lufs and est_freq_hz of *m; the other fields stay as they are. Silence has rms and peak
 * −200 dB and NAN for what has no meaning. Centroid = Σf|X|/Σ|X| and flatness = exp(mean
 * ln P)/mean P over bins above 20 Hz, both averaged over Hann frames of 2048 (at 44.1
 * kHz) weighted by their energy. Loops are no different. ST_NO_MEMORY. */
enum status measure_sample(const struct audio *a, struct measures *m, struct err *e);

/* The same for many sounds of one rate (in Hz; those of another give ST_UNSUPPORTED), at
 * less cost: centroid_hz, flatness and est_freq_hz are there after measurer_finish, until
 * when every sound and its *m have to stay where they are. A measurer belongs to one
 * thread. ST_NO_MEMORY; measurer_free(NULL) is safe. */
struct measurer;
enum status measurer_new(struct measurer **out, int rate_hz, struct err *e);
void measurer_free(struct measurer *m);
enum status measurer_add(struct measurer *by, const struct audio *a, struct measures *m,
                         struct err *e);
void measurer_finish(struct measurer *by);

struct grade_limits {
    double min_rms_db;         /* curation.thresholds */
    double clipping_tolerance; /* linear */
    double max_crest_factor;   /* linear */
};

/* 'A', 'B' or 'F' from rms_db, peak_dbfs, crest_factor and seam_error_db (NAN: no seam).
 * F: RMS below the floor, peak ≥ 1 − tolerance, or crest above the ceiling (or no level
 * at all). A: RMS more than 15 dB above the floor, crest below 0.6 of the ceiling and the
 * seam better than −30 dB. B otherwise. */
char measure_grade(const struct measures *m, const struct grade_limits *limits);

#endif
