/* lags: cross-correlation by FFT: how well short stretches of sound, the probes, fit into
 * longer ones, the blocks, at every lag.
 *
 * Up to `group` probes are held against their blocks at once, eight transforms at a time.
 * Where they are so long that this would take much memory (from 2^16 frames on), group is
 * 1, and kissfft does it. Thread: a struct lags belongs to one thread. */
#ifndef TROWEL_DSP_LAGS_H
#define TROWEL_DSP_LAGS_H

#include <stdbool.h>
#include <stddef.h>

struct lags {
    int group;
    size_t size, row; /* of a transform; floats of a row */
    struct fft_batch *eight;
    struct rfft *one;
    float *rows, *spare;
};

/* For blocks of up to `longest` frames and up to `most` probes at once: 15 against one
 * block, 8 against a block each. False without memory; lags_done is safe then, and for a
 * struct of zeros. */
bool lags_init(struct lags *l, size_t longest, int most);
void lags_done(struct lags *l);

/* Probe i, and the block it is held against: its own, or that of all (i = 0). */
void lags_probe(struct lags *l, int i, const float *x, size_t count);
void lags_block(struct lags *l, int i, const float *x, size_t count);

/* For `count` probes against as many blocks or, when `shared`, against block 0. What was
 * set is used up. */
void lags_run(struct lags *l, int count, bool shared);

/* Then: Σ probe[k]·block[k + lag], for the lags at which the probe lies in the block. */
const float *lags_of(const struct lags *l, int i);

#endif
