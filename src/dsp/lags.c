#include "dsp/lags.h"

#include "dsp/fft.h"
#include "dsp/fft_batch.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 2 * FFT_BATCH, LONG = 1 << 16 };

bool lags_init(struct lags *l, size_t longest, int most)
{
    *l = (struct lags){.size = (size_t)fft_next_fast(longest < 16 ? 16 : (int)longest)};
    bool single = l->size >= LONG;
    l->group = single ? 1 : most;
    l->row = l->size + 2;
    l->rows = calloc((single ? 2 : ROWS) * l->row, sizeof *l->rows);
    l->spare = single ? malloc(l->row * sizeof *l->spare) : NULL;
    l->one = single ? rfft_new((int)l->size) : NULL;
    l->eight = single ? NULL : fft_batch_new((int)l->size, NULL);
    return l->rows && (single ? l->one && l->spare : l->eight != NULL);
}

void lags_done(struct lags *l)
{
    fft_batch_free(l->eight);
    rfft_free(l->one);
    free(l->rows);
    free(l->spare);
}

static float *row(const struct lags *l, int i)
{
    return l->rows + (size_t)i * l->row;
}

static void set(struct lags *l, int i, const float *x, size_t count)
{
    memcpy(row(l, i), x, count * sizeof *x);
    memset(row(l, i) + count, 0, (l->row - count) * sizeof *x);
}

void lags_probe(struct lags *l, int i, const float *x, size_t count)
{
    set(l, i, x, count);
}

void lags_block(struct lags *l, int i, const float *x, size_t count)
{
    set(l, l->group + i, x, count);
}

const float *lags_of(const struct lags *l, int i)
{
    return row(l, i);
}

static void turn(struct lags *l, int rows, bool back)
{
    for (int i = 0; l->one && i < rows; i++) {
        memcpy(l->spare, row(l, i), l->row * sizeof *l->spare);
        (back ? rfft_inverse : rfft_forward)(l->one, l->spare, row(l, i));
    }
    for (int i = 0; l->eight && i < rows; i += FFT_BATCH)
        (back ? fft_batch_inverse : fft_batch_forward)(l->eight, row(l, i), l->row,
                                                       row(l, i), l->row);
}

/* conj(probe) · block, in place of the probe. */
static void multiply(float *restrict probe, const float *restrict block, size_t bins)
{
    for (size_t i = 0; i < bins; i++) {
        float pr = probe[2 * i], pi = probe[2 * i + 1];
        float br = block[2 * i], bi = block[2 * i + 1];
        probe[2 * i] = pr * br + pi * bi;
        probe[2 * i + 1] = pr * bi - pi * br;
    }
}

void lags_run(struct lags *l, int count, bool shared)
{
    turn(l, l->group + (shared ? 1 : count), false);
    for (int i = 0; i < count; i++)
        multiply(row(l, i), row(l, l->group + (shared ? 0 : i)), l->size / 2 + 1);
    turn(l, count, true);
}
