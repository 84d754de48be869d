#include "dsp/chroma_stream.h"

#include "dsp/decimate.h"
#include "dsp/fft.h"
#include "dsp/fft_batch.h"
#include "dsp/spectral.h"
#include "dsp/stft.h"
#include "dsp/track.h"

#include <stdlib.h>

_Static_assert((int)CHROMA_BATCH == (int)FFT_BATCH, "a batch is a batch");

struct chroma_stream {
    struct decimator *decimator;
    struct stft *stft;
    struct chroma *chroma;
    float *low;     /* a hop at the lower rate */
    float *spectra; /* a batch, one after the other */
    int bins;
};

/* The strongest halving that leaves everything the chroma looks at. */
static int decimation(int rate_hz)
{
    int factor = 1;
    while (factor < 2 * TRACK_HOPS_PER_CHROMA && rate_hz / (2 * factor) >= 11000)
        factor *= 2;
    return factor;
}

struct chroma_stream *chroma_stream_new(int rate_hz, int hop)
{
    struct chroma_stream *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    int factor = decimation(rate_hz), low_hop = hop / factor + 2;
    double low_rate = (double)rate_hz / factor;
    int n = fft_size_at(4096, (int)(4 * low_rate));
    int chroma_hop = hop * TRACK_HOPS_PER_CHROMA / factor;
    s->low = malloc((size_t)low_hop * sizeof *s->low);
    s->bins = n / 2 + 1;
    s->spectra = malloc(FFT_BATCH * (size_t)s->bins * sizeof *s->spectra);
    s->decimator = decimator_new(rate_hz, factor, CHROMA_HIGH_HZ, hop);
    s->stft = stft_new(n, chroma_hop, chroma_hop / 2, low_hop);
    s->chroma = chroma_new(low_rate, n);
    if (!s->low || !s->spectra || !s->decimator || !s->stft || !s->chroma) {
        chroma_stream_free(s);
        return NULL;
    }
    return s;
}

void chroma_stream_free(struct chroma_stream *s)
{
    if (!s)
        return;
    decimator_free(s->decimator);
    stft_free(s->stft);
    chroma_free(s->chroma);
    free(s->low);
    free(s->spectra);
    free(s);
}

static void take(struct chroma_stream *s, const float *power,
                 struct chroma_frame out[CHROMA_BATCH])
{
    spectral_powers(power, s->bins, s->spectra);
    for (int i = 0; i < CHROMA_BATCH; i++)
        chroma_next(s->chroma, s->spectra + (size_t)i * (size_t)s->bins, &out[i]);
}

int chroma_stream_push(struct chroma_stream *s, const float *mono, int frames,
                       struct chroma_frame out[CHROMA_BATCH])
{
    stft_push(s->stft, s->low, decimator_push(s->decimator, mono, frames, s->low));
    const float *power = stft_next(s->stft);
    if (power)
        take(s, power, out);
    return power ? CHROMA_BATCH : 0;
}

int chroma_stream_lag(const struct chroma_stream *s)
{
    return decimator_lag(s->decimator);
}

void chroma_stream_flush(struct chroma_stream *s, struct chroma_frame out[CHROMA_BATCH])
{
    take(s, stft_flush(s->stft), out);
}

double chroma_stream_tuning_cents(const struct chroma_stream *s)
{
    return chroma_tuning_cents(s->chroma);
}
