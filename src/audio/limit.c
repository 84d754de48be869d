#include "audio/limit.h"

#include <math.h>

static const double BACK_S = 0.1;

static float larger(const float *left, const float *right, int i)
{
    return fmaxf(fabsf(left[i]), fabsf(right[i]));
}

void limit_apply(struct limit *l, int rate_hz, float *left, float *right, int n)
{
    float most = 1, back = (float)(1 / (BACK_S * rate_hz)), from = l->gain;
    int at = 0;
    for (int i = 0; i < n; i++)
        if (larger(left, right, i) > most) {
            most = larger(left, right, i);
            at = i;
        }
    float goal = 1 / most;
    if (goal >= 1 && from >= 1)
        return;
    for (int i = 0; i < n; i++) {
        if (goal < from) /* down, to be there at the peak */
            l->gain =
                i < at ? from + (goal - from) * (float)(i + 1) / (float)(at + 1) : goal;
        else
            l->gain = fminf(l->gain + back, goal);
        float x = larger(left, right, i);
        float g = x > 1 ? fminf(l->gain, 1 / x) : l->gain;
        left[i] = fminf(fmaxf(left[i] * g, -1), 1); /* rounded */
        right[i] = fminf(fmaxf(right[i] * g, -1), 1);
    }
}
