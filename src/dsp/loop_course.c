#include "dsp/loop_course.h"

#include <math.h>
#include <stdlib.h>

#define HOP_S    0.01 /* of levels over two hops */
#define BEAT_S   1.0  /* the slowest */
#define SEEN_S   0.4  /* the least that is compared */
#define DEPTH_DB 40.0 /* below the loudest, all is as quiet */
#define SWAY_DB  1.0  /* voices beside each other come and go by as much */

/* Levels less their mean over a beat; returns how many. */
static size_t levels(const struct loop_view *v, size_t hop, float *db, double *sum)
{
    size_t n = v->n / hop > 1 ? v->n / hop - 1 : 0, half = (size_t)(0.5 * BEAT_S / HOP_S);
    double top = 0.0;
    for (size_t i = 0; i < n; i++)
        top = fmax(top, v->energy[(i + 2) * hop] - v->energy[i * hop]);
    double floor_energy = fmax(1e-12, top * pow(10.0, -DEPTH_DB / 10.0));
    sum[0] = 0.0;
    for (size_t i = 0; i < n; i++) {
        double energy = v->energy[(i + 2) * hop] - v->energy[i * hop];
        db[i] = (float)(10.0 * log10(fmax(energy, floor_energy)));
        sum[i + 1] = sum[i] + (double)db[i];
    }
    for (size_t i = 0; i < n; i++) {
        size_t from = i > half ? i - half : 0, to = i + half < n ? i + half : n;
        db[i] -= (float)((sum[to] - sum[from]) / (double)(to - from));
    }
    return n;
}

static float apart(const float *db, size_t n, size_t later)
{
    size_t seen = n > later ? n - later : 0;
    double all = 0.0;
    for (size_t i = 0; i < seen; i++)
        all += (double)fabsf(db[i] - db[i + later]);
    if ((double)seen * HOP_S < SEEN_S)
        return 0.0F;
    return (float)fmax(0.0, all / (double)seen - SWAY_DB);
}

float *loop_course(const struct loop_view *v, size_t low, size_t high)
{
    size_t hop = (size_t)(HOP_S * v->rate_hz) + 1, most = v->n / hop + 1, known = 0;
    float *out = malloc((high - low + 1) * sizeof *out);
    float *db = malloc(most * sizeof *db), value = 0.0F;
    double *sum = malloc((most + 1) * sizeof *sum);
    if (out && db && sum) {
        size_t n = levels(v, hop, db, sum);
        for (size_t i = low; i <= high; i++) {
            size_t later = (i * v->step + hop / 2) / hop;
            if (i == low || later != known)
                value = apart(db, n, known = later);
            out[i - low] = value;
        }
    } else {
        free(out);
        out = NULL;
    }
    free(db);
    free(sum);
    return out;
}
