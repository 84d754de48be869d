#include "dsp/window.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

void window_hann(float *w, int n)
{
    for (int i = 0; i < n; i++)
        w[i] = (float)(0.5 - 0.5 * cos(2 * PI * i / n));
}

void window_tukey(float *w, int n, double taper)
{
    double flank = fmin(fmax(taper, 0), 1) * n / 2;
    for (int i = 0; i < n; i++) {
        double edge = fmin(i, n - 1 - i) + 0.5;
        w[i] = edge < flank ? (float)(0.5 - 0.5 * cos(PI * edge / flank)) : 1.0f;
    }
}
