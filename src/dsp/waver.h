/* waver: the share of tone in what trembles.
 *
 * A vibrato of 45 cents smears the partials of a soloist over the 0.37 s that chroma
 * looks at until none is left; in the 46 ms of the feature spectra each is a peak still.
 * Pure: any thread. */
#ifndef TROWEL_DSP_WAVER_H
#define TROWEL_DSP_WAVER_H

/* Of FFT_BATCH feature spectra as fft_batch gives them: the share (0 … 1) of the energy
 * between 215 Hz and 5 kHz that lies in peaks which were there two hops before. Soloists
 * have 0.4 (120 cents at 1046 Hz) to 1; noise, surf and whispers less than 0.001, noise
 * in a third of an octave 0.04, in a semitone and a half, which is heard as a pitch,
 * 0.45. */
float waver_share(const float *power, int bins, double bin_hz);

/* 0 … 1: what is more than a resonance makes of noise. */
float waver_tonality(float share);

#endif
