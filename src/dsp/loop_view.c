#include "dsp/loop_view.h"
#include "core/pi.h"
#include "dsp/line.h"
#include "dsp/mixdown.h"

#include <math.h>
#include <stdlib.h>

#define COARSE_HZ 4000.0 /* rate of the coarse search: most of a pad lies below half */

static double *running_energy(const float *x, size_t n)
{
    double *sum = malloc((n + 1) * sizeof *sum);
    if (sum)
        line_running_energy(x, n, 1, sum);
    return sum;
}

/* Σ a·b in eight interleaved sums, which a compiler can keep in vectors. */
static float inner(const float *a, const float *b, size_t n)
{
    float sum[8] = {0.0f};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            sum[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        sum[0] += a[i] * b[i];
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) +
           ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

/* Every step-th frame of the low-passed sound: a Blackman-windowed sinc of 6 zero
 * crossings, its cut-off just below half the coarse rate. */
static enum status thin_out(struct loop_view *v)
{
    size_t half = 6 * v->step, taps = 2 * half + 1;
    v->coarse_n = v->n / v->step;
    v->coarse = malloc((v->coarse_n + 1) * sizeof *v->coarse);
    float *kernel = malloc(taps * sizeof *kernel);
    if (!v->coarse || !kernel) {
        free(kernel);
        return ST_NO_MEMORY;
    }
    for (size_t i = 0; i < taps; i++) {
        double t = ((double)i - (double)half) / (double)v->step * 0.85;
        double sinc = t == 0.0 ? 1.0 : sin(PI * t) / (PI * t);
        double u = (double)(i + 1) / (double)(taps + 1);
        double window = 0.42 - 0.5 * cos(2.0 * PI * u) + 0.08 * cos(4.0 * PI * u);
        kernel[i] = (float)(sinc * window * 0.85 / (double)v->step);
    }
    for (size_t k = 0; k < v->coarse_n; k++) {
        size_t at = k * v->step;
        size_t from = at > half ? at - half : 0;
        size_t to = at + half < v->n ? at + half + 1 : v->n;
        v->coarse[k] = inner(v->mono + from, kernel + (from + half - at), to - from);
    }
    free(kernel);
    return ST_OK;
}

void loop_view_done(struct loop_view *v)
{
    free(v->mono);
    free(v->energy);
    free(v->coarse);
    free(v->coarse_energy);
}

enum status loop_view_init(struct loop_view *v, const struct audio *sound, struct err *e)
{
    *v = (struct loop_view){.n = sound->frames, .rate_hz = sound->rate_hz};
    v->mono = malloc((v->n + 1) * sizeof *v->mono);
    if (v->mono) {
        mixdown(sound, v->mono);
        v->energy = running_energy(v->mono, v->n);
    }
    if (v->energy)
        return ST_OK;
    loop_view_done(v);
    return err_set(e, ST_NO_MEMORY, "no memory to search a loop");
}

enum status loop_view_add_coarse(struct loop_view *v, struct err *e)
{
    v->step = (size_t)fmax(1.0, floor(v->rate_hz / COARSE_HZ));
    for (;;) {
        if (thin_out(v) != ST_OK)
            return err_set(e, ST_NO_MEMORY, "no memory to search a loop");
        v->coarse_energy = running_energy(v->coarse, v->coarse_n);
        if (!v->coarse_energy)
            return err_set(e, ST_NO_MEMORY, "no memory to search a loop");
        /* A bright sound would lose what makes it: look at it less coarsely. */
        double kept = v->coarse_energy[v->coarse_n] * (double)v->step;
        if (v->step == 1 || kept > 0.25 * v->energy[v->n])
            return ST_OK;
        v->step = (v->step + 1) / 2;
        free(v->coarse);
        free(v->coarse_energy);
        v->coarse = NULL;
        v->coarse_energy = NULL;
    }
}
