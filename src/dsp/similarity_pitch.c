#include "dsp/similarity_pitch.h"

#include "dsp/fft_batch.h"

#include <math.h>

struct similarity_pitch similarity_pitch_none(void)
{
    return (struct similarity_pitch){.loudest_hz = 440.0};
}

/* The power of bin k, |X|² in one lane of eight. */
static inline double lane_power(const float *power, int k)
{
    return (double)power[k * FFT_BATCH];
}

void similarity_pitch_add(struct similarity_pitch *p, const float *power, int size,
                          int rate_hz)
{
    double bin_hz = (double)rate_hz / size;
    int low = (int)(40.0 / bin_hz) + 1, high = (int)(5000.0 / bin_hz);
    if (high > size / 2 - 2)
        high = size / 2 - 2;
    double left = lane_power(power, low - 1), here = lane_power(power, low), right;
    for (int k = low; k <= high; k++, left = here, here = right) {
        right = lane_power(power, k + 1);
        p->total += here;
        if (here <= left || here < right || here <= 0.0)
            continue;
        /* the top of the parabola through three logarithms */
        double a = log(left + 1e-30), b = log(here + 1e-30), c = log(right + 1e-30);
        double bend = a - 2.0 * b + c;
        double hz = (k + (bend < -1e-12 ? 0.5 * (a - c) / bend : 0.0)) * bin_hz;
        double note = 12.0 * log2(hz / 440.0) + 120.0;
        double weight = sqrt(here);
        int class = (int)floor(note);
        double part = note - class;
        p->chroma[class % 12] += weight * (1.0 - part);
        p->chroma[(class + 1) % 12] += weight * part;
        p->peaks += left + here + right;
        if (here > p->loudest) {
            p->loudest = here;
            p->loudest_hz = hz;
        }
    }
}

void similarity_pitch_put(const struct similarity_pitch *p, float *out)
{
    double square = 1e-30;
    for (int c = 0; c < SIMILARITY_CHROMA; c++)
        square += p->chroma[c] * p->chroma[c];
    double salience = p->total > 0.0 ? fmin(1.0, p->peaks / p->total) : 0.0;
    for (int c = 0; c < SIMILARITY_CHROMA; c++)
        out[c] = (float)(salience * p->chroma[c] / sqrt(square));
    out[SIMILARITY_CHROMA] = (float)log2(p->loudest_hz / 440.0);
    out[SIMILARITY_CHROMA + 1] = (float)salience;
}
