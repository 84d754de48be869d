#include "dsp/drum_pitch.h"

#include "dsp/fft.h"

#include <math.h>
#include <stdlib.h>

static const double TWO_PI = 6.283185307179586;
static const double LOW_HZ = 35, HIGH_HZ = 1200, SEMITONES = 2;

/* Parabola through the log power of three bins, in bins −½ … ½. */
static double between(const float *power, int k)
{
    double a = log((double)power[k - 1] + 1e-30), b = log((double)power[k] + 1e-30),
           c = log((double)power[k + 1] + 1e-30);
    double curve = a - 2 * b + c;
    return curve < 0 ? fmax(-0.5, fmin(0.5, 0.5 * (a - c) / curve)) : 0;
}

static void read_peak(const float *power, int bins, double bin_hz, struct drum_pitch *out)
{
    int first = (int)ceil(LOW_HZ / bin_hz), last = (int)floor(HIGH_HZ / bin_hz), best;
    first = first < 1 ? 1 : first;
    last = last > bins - 2 ? bins - 2 : last;
    *out = (struct drum_pitch){.hz = LOW_HZ};
    if (last < first)
        return;
    best = first;
    double sum = 0, total = 0, near = 0;
    for (int k = first; k <= last; k++) {
        sum += (double)power[k];
        if (power[k] > power[best])
            best = k;
    }
    if (!(power[best] > 0))
        return;
    out->hz = fmax(LOW_HZ, (best + between(power, best)) * bin_hz);
    out->prominence_db = 10 * log10((double)power[best] * (last - first + 1) / sum);
    double ratio = exp2(SEMITONES / 12);
    double low = fmin(out->hz / ratio, out->hz - bin_hz), high = out->hz * ratio;
    high = fmax(high, out->hz + bin_hz);
    for (int k = 1; k < bins; k++) {
        double hz = k * bin_hz;
        total += (double)power[k];
        if (hz >= low && hz <= high)
            near += (double)power[k];
    }
    out->share = total > 0 ? near / total : 0;
}

enum status drum_pitch(const float *mono, size_t n, int rate_hz, struct drum_pitch *out,
                       struct err *e)
{
    int size = fft_size_at(4096, rate_hz); /* 93 ms: the rest is zeros */
    if (n > (size_t)size)
        n = (size_t)size;
    struct rfft *fft = rfft_new(size);
    float *x = calloc((size_t)size, sizeof *x);
    float *spectrum = malloc(((size_t)size + 2) * sizeof *spectrum);
    enum status st = ST_OK;
    if (fft && x && spectrum) {
        for (size_t i = 0; i < n; i++) {
            double w = 0.5 - 0.5 * cos(TWO_PI * ((double)i + 0.5) / (double)n);
            x[i] = mono[i] * (float)w;
        }
        rfft_forward(fft, x, spectrum);
        int bins = size / 2 + 1;
        for (int k = 0; k < bins; k++)
            spectrum[k] = spectrum[2 * k] * spectrum[2 * k] +
                          spectrum[2 * k + 1] * spectrum[2 * k + 1];
        read_peak(spectrum, bins, (double)rate_hz / size, out);
    } else {
        st = err_set(e, ST_NO_MEMORY, "no memory for the pitch of a drum hit");
    }
    rfft_free(fft);
    free(x);
    free(spectrum);
    return st;
}
