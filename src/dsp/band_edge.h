/* band_edge: where a recording's band ends as if cut off, far below what its rate could
 * hold: it was converted up, or came over a telephone, or from an MP3 of a low rate.
 * Thread: belongs to one thread at a time. Cost: 1/1000 of the analysis. */
#ifndef TROWEL_DSP_BAND_EDGE_H
#define TROWEL_DSP_BAND_EDGE_H

struct band_edge;

/* Of power spectra of `fft_size` frames each. NULL: no memory. */
struct band_edge *band_edge_new(int rate_hz, int fft_size);
void band_edge_free(struct band_edge *b); /* NULL is safe */

/* Eight spectra side by side as stft.h has them; the first counts. */
void band_edge_push(struct band_edge *b, const float *power);

/* Hz; 0 where nothing is cut off, or where too little was heard to tell (4 s). */
double band_edge_hz(const struct band_edge *b);

/* What a band up to there is worth, 0 (4 kHz and less) to 1 (16 kHz and more), by
 * octaves. */
double band_edge_worth(double hz);

#endif
