/* stft: power spectra of a stream, eight Hann windows at a time.
 *
 * Window i has its centre at frame first_centre + i·hop; before frame 0 there is silence.
 * Push the stream, take batches while there are any, and at the end the last ones with
 * silence behind the stream.
 * Thread: belongs to one thread at a time. */
#ifndef TROWEL_DSP_STFT_H
#define TROWEL_DSP_STFT_H

struct stft;

/* `n` as for fft_batch, n/8 ≤ hop ≤ n, 0 ≤ first_centre ≤ n/2. At most `push_max` frames
 * are pushed between two stft_next. NULL when memory runs out. */
struct stft *stft_new(int n, int hop, int first_centre, int push_max);
void stft_free(struct stft *s);

void stft_push(struct stft *s, const float *x, int frames);

/* The next eight windows: power[8·k + window] for k = 0 … n/2, valid until the next call;
 * NULL when more frames are needed. At most one batch becomes ready per hop·8 frames. */
const float *stft_next(struct stft *s);

/* After the last push: eight more windows, with silence where the stream has ended. */
const float *stft_flush(struct stft *s);

#endif
