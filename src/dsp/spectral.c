#include "dsp/spectral.h"

#include "core/pi.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdlib.h>

/* A range of bins; bin k reaches from k − ½ to k + ½, and of the first and last only a
 * share lies inside. */
struct bin_range {
    int first, last;
    float first_share, last_share;
};

struct spectral {
    int bins, flat_first;
    double bin_hz, scale; /* |X|² to mean square */
    struct bin_range band[TRACK_BAND_COUNT], fine[TRACK_BANDS];
    float *k_weight;
    v8f *mag;
};

/* Sums over bins, a lane each. */
struct lanes {
    v8f mag, first_moment, second_moment; /* the second about the centroid */
    v8f flat_power, log_power;            /* log₂, over the bins of flatness */
    v8f k_power, rolloff_bin;
    v8f centroid_bin;
    v8f band[TRACK_BAND_COUNT], fine[TRACK_BANDS];
};

double spectral_fine_edge_hz(int b)
{
    return 40.0 * exp2(0.27 * b);
}

/* |c0 + c1/z + c2/z²|² at z = e^(i·angle). */
static double quadratic_power(const double c[3], double angle)
{
    return c[0] * c[0] + c[1] * c[1] + c[2] * c[2] +
           2 * (c[0] * c[1] + c[1] * c[2]) * cos(angle) +
           2 * c[0] * c[2] * cos(2 * angle);
}

/* |H(f)|² of the K weighting of ITU-R BS.1770-4 (its 48 kHz filters; constant above
 * 23.9 kHz). */
static double k_weight(double hz)
{
    static const double shelf_b[] = {1.53512485958697, -2.69169618940638,
                                     1.19839281085285};
    static const double shelf_a[] = {1, -1.69065929318241, 0.73248077421585};
    static const double high_b[] = {1, -2, 1};
    static const double high_a[] = {1, -1.99004745483398, 0.99007225036621};
    double angle = 2 * PI * fmin(hz, 23900) / 48000;
    return quadratic_power(shelf_b, angle) / quadratic_power(shelf_a, angle) *
           quadratic_power(high_b, angle) / quadratic_power(high_a, angle);
}

static struct bin_range range_of(double low_hz, double high_hz, double bin_hz, int bins)
{
    double low = fmax(low_hz / bin_hz, 0), high = fmin(high_hz / bin_hz, bins - 1);
    if (high <= low)
        return (struct bin_range){0};
    struct bin_range r = {.first = (int)floor(low + 0.5), .last = (int)ceil(high - 0.5)};
    double first = fmin(high, r.first + 0.5) - low;
    r.first_share = (float)first;
    r.last_share = r.last > r.first ? (float)(high - (r.last - 0.5)) : 0.0f;
    return r;
}

struct spectral *spectral_new(int rate_hz, int n)
{
    struct spectral *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->bins = n / 2 + 1;
    s->bin_hz = (double)rate_hz / n;
    s->scale = 2.0 / ((double)n * (0.375 * n)); /* Σ hann² = 3n/8 */
    s->flat_first = (int)fmax(1, ceil(20 / s->bin_hz));
    size_t bins = (size_t)s->bins;
    s->k_weight = malloc(bins * sizeof *s->k_weight);
    s->mag = aligned_alloc(64, (bins + 1) / 2 * 2 * sizeof *s->mag);
    if (!s->k_weight || !s->mag) {
        spectral_free(s);
        return NULL;
    }
    for (int k = 0; k < s->bins; k++)
        s->k_weight[k] = (float)k_weight(k * s->bin_hz);
    static const double edges[TRACK_BAND_COUNT + 1] = {0, 60, 200, 2000, 8000, 1e9};
    for (int b = 0; b < TRACK_BAND_COUNT; b++)
        s->band[b] = range_of(edges[b], edges[b + 1], s->bin_hz, s->bins);
    for (int b = 0; b < TRACK_BANDS; b++)
        s->fine[b] = range_of(spectral_fine_edge_hz(b), spectral_fine_edge_hz(b + 1),
                              s->bin_hz, s->bins);
    return s;
}

void spectral_free(struct spectral *s)
{
    if (!s)
        return;
    free(s->k_weight);
    free(s->mag);
    free(s);
}

VEC_INLINE void add_range(const struct bin_range *r, const float *power, v8f *out)
{
    v8f sum = VEC_CONST_AT(power + VEC * r->first) * r->first_share;
    for (int k = r->first + 1; k < r->last; k++)
        sum += VEC_CONST_AT(power + VEC * k);
    *out = sum + VEC_CONST_AT(power + VEC * r->last) * r->last_share;
}

/* Σ log₂(P + 1e−10) of VEC_LOGS bins at most. */
VEC_INLINE void add_logs(const float *power, int from, int to, v8f *sum)
{
    v8i exponents = {0};
    v8f product;
    vec_set(&product, 1.0f);
    for (int k = from; k < to; k++) {
        v8f p = VEC_CONST_AT(power + VEC * k) + 1e-10f;
        vec_add_log(&p, &exponents, &product);
    }
    for (int i = 0; i < VEC; i++)
        (*sum)[i] += (float)exponents[i] + log2f(product[i]);
}

VEC_INLINE void first_pass(const struct spectral *s, const float *power, struct lanes *l)
{
    v8f mag = {0}, moment = {0}, k_power = {0}, flat = {0}, bin = {0};
    for (int k = 0; k < s->bins; k++) {
        v8f p = VEC_CONST_AT(power + VEC * k), m = p;
        vec_sqrt(&m);
        s->mag[k] = m;
        mag += m;
        moment += m * bin;
        k_power += p * s->k_weight[k];
        bin += 1.0f;
    }
    for (int k = s->flat_first; k < s->bins; k++)
        flat += VEC_CONST_AT(power + VEC * k);
    l->mag = mag;
    l->first_moment = moment;
    l->k_power = k_power;
    l->flat_power = flat;
    l->log_power = (v8f){0};
    for (int k = s->flat_first; k < s->bins; k += VEC_LOGS)
        add_logs(power, k, k + VEC_LOGS < s->bins ? k + VEC_LOGS : s->bins,
                 &l->log_power);
}

VEC_INLINE void second_pass(const struct spectral *s, const float *power, struct lanes *l)
{
    v8f total = {0}, below = {0}, moment = {0}, off = -l->centroid_bin;
    v8i passed = {0};
    for (int k = 0; k < s->bins; k++)
        total += VEC_CONST_AT(power + VEC * k);
    total *= 0.85f;
    for (int k = 0; k < s->bins; k++) {
        below += VEC_CONST_AT(power + VEC * k);
        passed -= below < total;
        moment += s->mag[k] * off * off;
        off += 1.0f;
    }
    l->second_moment = moment;
    l->rolloff_bin = __builtin_convertvector(passed, v8f);
}

VEC_INLINE void all_lanes(const struct spectral *s, const float *power, struct lanes *l)
{
    first_pass(s, power, l);
    l->centroid_bin = l->first_moment / (l->mag + 1e-30f);
    second_pass(s, power, l);
    for (int b = 0; b < TRACK_BAND_COUNT; b++)
        add_range(&s->band[b], power, &l->band[b]);
    for (int b = 0; b < TRACK_BANDS; b++)
        add_range(&s->fine[b], power, &l->fine[b]);
}

VEC_CLONES(sum_lanes, all_lanes,
           (const struct spectral *s, const float *power, struct lanes *l), (s, power, l))

static void unpack(const struct spectral *s, const struct lanes *l, int i,
                   struct spectral_hop *out)
{
    double bin_hz = s->bin_hz, scale = s->scale;
    double mag = (double)l->mag[i] + 1e-30;
    double flat_bins = s->bins - s->flat_first;
    double mean_log = flat_bins > 0 ? (double)l->log_power[i] / flat_bins : 0;
    double mean = flat_bins > 0 ? (double)l->flat_power[i] / flat_bins + 1e-10 : 1;
    out->centroid_hz = (float)((double)l->centroid_bin[i] * bin_hz);
    out->spread_hz = (float)(sqrt((double)l->second_moment[i] / mag) * bin_hz);
    out->rolloff_hz = (float)((double)l->rolloff_bin[i] * bin_hz);
    out->flatness = (float)fmin(exp2(mean_log) / mean, 1);
    out->square = 0;
    for (int b = 0; b < TRACK_BAND_COUNT; b++) {
        out->band_square[b] = (float)((double)l->band[b][i] * scale);
        out->square += out->band_square[b];
    }
    for (int b = 0; b < TRACK_BANDS; b++)
        out->fine_square[b] = (float)((double)l->fine[b][i] * scale);
    out->k_square = (float)((double)l->k_power[i] * scale);
}

void spectral_batch(struct spectral *s, const float *power,
                    struct spectral_hop out[FFT_BATCH])
{
    struct lanes lanes;
    sum_lanes(s, power, &lanes);
    for (int i = 0; i < FFT_BATCH; i++)
        unpack(s, &lanes, i, &out[i]);
}

VEC_CLONES(separate_frames, vec_to_rows,
           (const float *power, int bins, float *frames, size_t stride),
           (power, bins, frames, stride))

void spectral_powers(const float *power, int bins, float *frames)
{
    separate_frames(power, bins, frames, (size_t)bins);
}
