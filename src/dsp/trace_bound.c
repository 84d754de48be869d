/* What two traces can have in common at most: most of those that are none are told so. */
#include "dsp/trace_match.h"

#include <math.h>
#include <string.h>

/* The speeds between are looked at where the bound is so close to a match worth having.
 */
static const float close_bound = 0.1F;
/* The bounds are those of a whole band. Where a hit begins later or was cut, what it has
 * in common with its copy may correlate so much better than the whole. */
static const double of_bound[BANDS] = {0.95, 0.8, 0.8};
static const double of_envelope = 0.93; /* docs/similarity.md has what others lose */

static const uint8_t *drawn(const struct trace_sketch *s, int b)
{
    return b == LOW ? s->low : b == MID ? s->mid : s->high;
}

/* ---- by the magnitudes of the spectra ---- */

/* Of the held one at a speed: its spectrum is as much wider. */
static const struct sizes *sizes_at(struct trace_matcher *m, int b, int speed)
{
    struct held *h = &m->held[b];
    struct sizes *s = &h->sizes[speed];
    int count = trace_bands[b].bins;
    if (!h->sized) {
        trace_sizes(drawn(m->sketch, b), count, h->plain + 1);
        memset(h->plain + 1 + count, 0, 2 * AROUND * sizeof *h->plain);
        h->sized = true;
    }
    if (s->by == 0.0F) {
        double step = exp2(-trace_cents(b, speed) / 1200.0);
        trace_stretch(h->plain + 1, (float)step, count, s->at);
        s->by = 1.0F / sqrtf(trace_product(s->at, s->at, count) + 1e-30F);
    }
    return s;
}

static void bound_at(struct trace_matcher *m, int b, int speed, struct bounds *x)
{
    const struct sizes *held = sizes_at(m, b, speed);
    x->at[speed] = trace_product(held->at, x->other.at, trace_bands[b].bins) *
                   (held->by * x->other.by);
    x->most = fmaxf(x->most, x->at[speed]);
}

/* At every second speed. */
static void begin_bounds(struct trace_matcher *m, int b,
                         const struct trace_sketch *sketch, struct bounds *x)
{
    const struct held *h = &m->held[b];
    int count = trace_bands[b].bins, speeds = trace_speeds(b);
    trace_sizes(drawn(sketch, b), count, x->other.at);
    x->other.by = sketch->by[b];
    x->most = 0.0F;
    x->between = false;
    for (int i = 0; i < speeds; i += 2)
        sizes_at(m, b, i);
    for (int i = 0; i < speeds; i += 2 * FFT_BATCH) {
        float product[FFT_BATCH];
        trace_products(h->sizes[i].at, 2 * sizeof h->sizes[0] / sizeof(float),
                       x->other.at, count, product);
        for (int k = 0; k < FFT_BATCH && i + 2 * k < speeds; k++) {
            float *at = &x->at[i + 2 * k];
            *at = product[k] * (h->sizes[i + 2 * k].by * x->other.by);
            x->most = *at > x->most ? *at : x->most;
        }
    }
}

/* And between them, where they promise something. */
void trace_complete(struct trace_matcher *m, int b, struct bounds *x)
{
    float near = trace_least_bound - close_bound;
    for (int i = 1; i < trace_speeds(b) && !x->between; i += 2)
        if (fmaxf(x->at[i - 1], x->at[i + 1]) >= near)
            bound_at(m, b, i, x);
        else
            x->at[i] = 0.0F;
    x->between = true;
}

/* ---- by the envelope of the correlation, in the lowest band ---- */

/* The highest the correlation reaches at up to eight speeds, whatever the phase; above
 * the bins that are kept it is bounded by magnitudes. */
static float envelope_at(struct trace_matcher *m, const float *other, const int *speeds,
                         int count, const struct bounds *x)
{
    const float *held[FFT_BATCH];
    float top[FFT_BATCH], most = 0.0F;
    int bins = TRACE_DEEP, all = trace_bands[LOW].bins,
        shift = (int)(trace_bands[LOW].shift_s * trace_bands[LOW].rate_hz / 2.0) + 1;
    trace_know(m, LOW, speeds, count);
    for (int i = 0; i < FFT_BATCH; i++)
        held[i] = m->held[LOW].spectrum[speeds[i < count ? i : 0]];
    float *lanes = fft_batch_lanes(m->eight[LOW]);
    trace_multiply_lanes(held, other, bins, lanes);
    memset(lanes + 2 * FFT_BATCH * bins, 0,
           2 * FFT_BATCH * (size_t)(all - bins) * sizeof *lanes);
    trace_top_of_lanes(fft_batch_turn(m->eight[LOW]), all, shift, top);
    for (int i = 0; i < count; i++) {
        const struct sizes *s = sizes_at(m, LOW, speeds[i]);
        float rest = trace_product(s->at + bins, x->other.at + bins, all - bins) *
                     (s->by * x->other.by);
        most = fmaxf(most, top[i] / (float)all + rest);
    }
    return most;
}

/* Whether the lowest band leaves no more than `room` unexplained, by its envelope at the
 * speeds that their bounds let pass. */
static bool envelope_promises(struct trace_matcher *m, const struct trace_sketch *sketch,
                              double share, double weight, double room, struct bounds *x)
{
    float other[2 * TRACE_DEEP],
        most = 0.0F,
        needed =
            (float)(of_envelope * sqrt(fmax(0.0, trace_needed(room, share, weight))));
    int speeds[SPEEDS], count = 0;
    trace_complete(m, LOW, x);
    for (int i = 0; i < trace_speeds(LOW); i++)
        if (x->at[i] >= needed)
            speeds[count++] = i;
    trace_deepen(sketch->deep, sketch->unit, other);
    for (int i = 0; i < count && most < needed; i += FFT_BATCH)
        most = fmaxf(most, envelope_at(m, other, speeds + i,
                                       count - i < FFT_BATCH ? count - i : FFT_BATCH, x));
    return most >= needed;
}

/* ---- together ---- */

/* What a band leaves unexplained at least. */
static double least_of(double bound, double of, double share, double weight)
{
    return weight * trace_unexplained(bound / of * bound / of, share);
}

bool trace_promises(struct trace_matcher *m, const struct trace_sketch *sketch,
                    const double share[BANDS], const double weight[BANDS], double most,
                    struct bounds x[BANDS])
{
    double unlike = 0.0, low = 0.0;
    for (int b = 0; b < BANDS && unlike <= most; b++) {
        if (b == HIGH && weight[LOW] > 0.0 &&
            !envelope_promises(m, sketch, share[LOW], weight[LOW], most - (unlike - low),
                               &x[LOW]))
            return false;
        if (weight[b] <= 0.0 && b != LOW)
            continue;
        begin_bounds(m, b, sketch, &x[b]);
        double least = least_of((double)x[b].most, of_bound[b], share[b], weight[b]);
        if (unlike + least > most) {
            trace_complete(m, b, &x[b]);
            least = least_of((double)x[b].most, of_bound[b], share[b], weight[b]);
        }
        unlike += least;
        low = b == LOW ? least : low;
    }
    return unlike <= most;
}
