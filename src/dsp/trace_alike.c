#include "dsp/trace_internal.h"

#include <math.h>

/* Both begin with the attack, which the sounds beside it move by no more than this. */
static const double beside_s = 0.003;
/* The end fades out over so much of it: what rings on beside matters least there. */
static const double fade_share = 1 / 6.0;

/* The samples of a band, of power 1; false when there are none. */
static bool read_band(const struct trace *t, int b, double *x)
{
    const int8_t *from = trace_samples(t, b);
    int count = trace_bands[b].count, fade = (int)(fade_share * count);
    double power = 0;
    for (int i = 0; i < count; i++) {
        double v = from[i] / 127.0, left = (double)(count - 1 - i) / fade;
        x[i] = v * fabs(v) * fmin(1, left);
        power += x[i] * x[i];
    }
    for (int i = 0; i < count; i++)
        x[i] /= sqrt(power + 1e-30);
    return power > 0;
}

double trace_alike(const struct trace *one, const struct trace *other, bool high)
{
    int b = high ? HIGH : LOW, count = trace_bands[b].count;
    int most = (int)(beside_s * trace_bands[b].rate_hz);
    double x[LONGEST], y[LONGEST], alike = 0;
    if (!one->known || !other->known || !read_band(one, b, x) || !read_band(other, b, y))
        return 0;
    for (int shift = -most; shift <= most; shift++) {
        double sum = 0;
        for (int i = shift < 0 ? -shift : 0; i < count && i + shift < count; i++)
            sum += x[i] * y[i + shift];
        alike = fmax(alike, fabs(sum));
    }
    return alike;
}
