#include "dsp/window.h"

#include "core/pi.h"

#include <math.h>

void window_hann(float *w, int n)
{
    for (int i = 0; i < n; i++)
        w[i] = 2 * i > n ? w[n - i] : (float)(0.5 - 0.5 * cos(2 * PI * i / n));
}

/* Modified Bessel function of the first kind, order 0, by its series. */
static double bessel_i0(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; term > 1e-12 * sum; k++) {
        term *= x * x / (4.0 * k * k);
        sum += term;
    }
    return sum;
}

double window_kaiser(double beta, double place)
{
    return bessel_i0(beta * sqrt(1 - place * place));
}
