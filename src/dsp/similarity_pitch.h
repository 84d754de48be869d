/* similarity_pitch: the pitch aspect of similarity: what stands out of long spectra.
 * Thread: pure functions. */
#ifndef TROWEL_DSP_SIMILARITY_PITCH_H
#define TROWEL_DSP_SIMILARITY_PITCH_H

enum { SIMILARITY_CHROMA = 12 };

/* Peaks of the spectra in a chroma of soft classes, and the strongest of them. */
struct similarity_pitch {
    double chroma[SIMILARITY_CHROMA], loudest, loudest_hz, peaks, total;
};

struct similarity_pitch similarity_pitch_none(void);

/* So many bins of such spectra are looked at. */
int similarity_pitch_bins(int size, int rate_hz);

/* A spectrum more of each of `count` ≤ 8, which may be the same: the lanes of what
 * fft_batch_power leaves of frames of `size`. */
void similarity_pitch_add(struct similarity_pitch *const *of, int count,
                          const float *power, int size, int rate_hz);

/* The PITCH_DIM features: chroma by how much of the power lies in peaks, the height of
 * the strongest in octaves above 440 Hz, and that share. */
void similarity_pitch_put(const struct similarity_pitch *p, float *out);

#endif
