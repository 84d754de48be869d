/* similarity_bands: the aspects spectrum and timbre of similarity: what the mel bands of
 * a sound's frames tell.
 * Thread: read-only after similarity_bands_init. */
#ifndef TROWEL_DSP_SIMILARITY_BANDS_H
#define TROWEL_DSP_SIMILARITY_BANDS_H

#include "dsp/fft_batch.h"
#include "dsp/mfcc.h"

enum {
    SIMILARITY_BANDS = 40,
    SIMILARITY_COEFFS = 13 /* of the level and 12 of the mean */
};

/* Everything below the loudest by this is taken for the noise it was recorded with. */
#define SIMILARITY_FLOOR_DB (-36.0)

/* Eight frames side by side; those there are not hold zeros. */
struct similarity_eight {
    float band[SIMILARITY_BANDS * FFT_BATCH]; /* as mfcc_mel_eight has them */
    double power[FFT_BATCH];
};

struct similarity_bands {
    const struct mfcc *mel;          /* of SIMILARITY_BANDS and SIMILARITY_COEFFS */
    double octave[SIMILARITY_BANDS]; /* above 440 Hz */
    double floor;                    /* SIMILARITY_FLOOR_DB as power */
};

void similarity_bands_init(struct similarity_bands *b, const struct mfcc *mel);

/* The SPECTRUM_DIM and TIMBRE_DIM features of a sound of `count` ≥ 1 frames, eights of
 * them; the first `attack` ≥ 1 are its beginning. */
void similarity_bands_put(const struct similarity_bands *b,
                          const struct similarity_eight *eights, int count, int attack,
                          float *spectrum, float *timbre);

#endif
