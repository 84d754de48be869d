#include "dsp/fft.h"

#include <kiss_fftr.h>

#include <stdlib.h>

enum { SIZE_MAX_FRAMES = 1 << 26 };

struct rfft {
    int n;
    kiss_fftr_cfg forward, inverse;
};

_Static_assert(sizeof(kiss_fft_cpx) == 2 * sizeof(float), "kissfft built for floats");

struct rfft *rfft_new(int n)
{
    if (n < 2 || n > SIZE_MAX_FRAMES || n % 2)
        return NULL;
    struct rfft *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->n = n;
    f->forward = kiss_fftr_alloc(n, 0, NULL, NULL);
    f->inverse = kiss_fftr_alloc(n, 1, NULL, NULL);
    if (!f->forward || !f->inverse) {
        rfft_free(f);
        return NULL;
    }
    return f;
}

void rfft_free(struct rfft *f)
{
    if (!f)
        return;
    kiss_fftr_free(f->forward);
    kiss_fftr_free(f->inverse);
    free(f);
}

void rfft_forward(struct rfft *f, const float *in, float *spectrum)
{
    kiss_fftr(f->forward, in, (kiss_fft_cpx *)spectrum);
}

void rfft_inverse(struct rfft *f, const float *spectrum, float *out)
{
    kiss_fftri(f->inverse, (const kiss_fft_cpx *)spectrum, out);
    const float scale = 1.0f / (float)f->n;
    for (int i = 0; i < f->n; i++)
        out[i] *= scale;
}

static int is_smooth(int n)
{
    static const int primes[] = {2, 3, 5};
    for (int i = 0; i < 3; i++)
        while (n % primes[i] == 0)
            n /= primes[i];
    return n == 1;
}

int fft_next_fast(int n)
{
    if (n <= 2)
        return 2;
    int quarter = (n + 3) / 4;
    while (!is_smooth(quarter))
        quarter++;
    return 4 * quarter;
}

int fft_size_at(int n_44k1, int rate_hz)
{
    double n = (double)n_44k1 * rate_hz / 44100.0;
    if (n < 16)
        return 16;
    if (n > SIZE_MAX_FRAMES)
        n = SIZE_MAX_FRAMES;
    int whole = (int)n;
    return fft_next_fast(whole + (whole < n));
}
