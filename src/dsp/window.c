#include "dsp/window.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

void window_hann(float *w, int n)
{
    for (int i = 0; i < n; i++)
        w[i] = 2 * i > n ? w[n - i] : (float)(0.5 - 0.5 * cos(2 * PI * i / n));
}
