#include "dsp/stft.h"

#include "dsp/fft_batch.h"

#include <stdlib.h>
#include <string.h>

struct stft {
    struct fft_batch *fft;
    int hop;
    int held, needed; /* frames in `x`, and for a batch */
    float *x, *power;
};

struct stft *stft_new(int n, int hop, int first_centre, int push_max)
{
    struct stft *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->fft = fft_batch_hann(n);
    s->hop = hop;
    s->needed = (FFT_BATCH - 1) * hop + n;
    s->held = n / 2 - first_centre;
    s->x = calloc((size_t)(s->needed + push_max), sizeof *s->x);
    s->power = malloc((size_t)FFT_BATCH * (size_t)(n / 2 + 1) * sizeof *s->power);
    if (!s->fft || !s->x || !s->power) {
        stft_free(s);
        return NULL;
    }
    return s;
}

void stft_free(struct stft *s)
{
    if (!s)
        return;
    fft_batch_free(s->fft);
    free(s->x);
    free(s->power);
    free(s);
}

void stft_push(struct stft *s, const float *x, int frames)
{
    memcpy(s->x + s->held, x, (size_t)frames * sizeof *x);
    s->held += frames;
}

static const float *take(struct stft *s)
{
    fft_batch_power(s->fft, s->x, s->hop, s->power);
    s->held -= FFT_BATCH * s->hop;
    memmove(s->x, s->x + FFT_BATCH * s->hop, (size_t)s->held * sizeof *s->x);
    return s->power;
}

const float *stft_next(struct stft *s)
{
    return s->held >= s->needed ? take(s) : NULL;
}

const float *stft_flush(struct stft *s)
{
    if (s->held < s->needed) {
        memset(s->x + s->held, 0, (size_t)(s->needed - s->held) * sizeof *s->x);
        s->held = s->needed;
    }
    return take(s);
}
