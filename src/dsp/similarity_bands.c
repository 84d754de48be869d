#include "dsp/similarity_bands.h"

#include "dsp/line.h"
#include "dsp/vec.h"

#include <math.h>

enum {
    BANDS = SIMILARITY_BANDS,
    MEAN_COEFFS = SIMILARITY_COEFFS - 1, /* MFCC 1 … 12 */
    OTHER_COEFFS = 6,                    /* deviation and attack: MFCC 1 … 6 */
    GROUPS = 12,                         /* of mel bands */
    WIDE = 4,
    COEFFS_ROOM = 2 * VEC /* as whole vectors */
};

void similarity_bands_init(struct similarity_bands *b, const struct mfcc *mel)
{
    b->mel = mel;
    b->floor = pow(10.0, SIMILARITY_FLOOR_DB / 10.0);
    for (int i = 0; i < BANDS; i++)
        b->octave[i] = log2(mfcc_band_hz(mel, i) / 440.0);
}

static int eights_of(int frames)
{
    return (frames + FFT_BATCH - 1) / FFT_BATCH;
}

/* Σ bands of all frames, and of the first `attack`: whole frames are added, one after the
 * other. */
VEC_INLINE void add_bands(const struct similarity_eight *eights, int count, int attack,
                          double *all, double *start)
{
    v4d sum[BANDS / WIDE] = {{0}};
    for (int n = 0; n < eights_of(count); n++) {
        float row[FFT_BATCH * BANDS];
        for (int b = 0; b < BANDS; b += VEC) {
            v8f lanes[VEC];
            for (int i = 0; i < VEC; i++)
                lanes[i] = VEC_CONST_AT(eights[n].band + (b + i) * FFT_BATCH);
            vec_store_columns(lanes, row + b, BANDS);
        }
        for (int i = 0; i < FFT_BATCH; i++) {
            for (int b = 0; b < BANDS / WIDE; b++)
                sum[b] += V4D_FROM(row + i * BANDS + b * WIDE);
            if (n * FFT_BATCH + i + 1 == attack)
                memcpy(start, sum, sizeof sum);
        }
    }
    memcpy(all, sum, sizeof sum);
}

VEC_CLONES(run_add, add_bands,
           (const struct similarity_eight *eights, int count, int attack, double *all,
            double *start),
           (eights, count, attack, all, start))

static void to_mean(const double sum[BANDS], float band[BANDS])
{
    double total = 0.0;
    for (int b = 0; b < BANDS; b++)
        total += sum[b];
    for (int b = 0; b < BANDS; b++)
        band[b] = (float)(sum[b] / (total + 1e-30));
}

/* Centroid and spread in octaves above 440 Hz. */
static double centroid_of(const struct similarity_bands *by, const float *band,
                          double *spread)
{
    double sum = 1e-30, first = 0.0, second = 0.0;
    for (int b = 0; b < BANDS; b++) {
        double octave = by->octave[b], p = (double)band[b];
        sum += p;
        first += p * octave;
        second += p * octave * octave;
    }
    double mean = first / sum;
    *spread = sqrt(fmax(0.0, second / sum - mean * mean));
    return mean;
}

/* 0 … 1. */
static double flatness_of(const float *band)
{
    double sum = 1e-30, logs = 0.0;
    for (int b = 0; b < BANDS; b++) {
        sum += (double)band[b];
        logs += log((double)band[b] + 1e-4 / BANDS);
    }
    return exp(logs / BANDS) / (sum / BANDS + 1e-4 / BANDS);
}

static void spectrum_aspect(const struct similarity_bands *by, const float *all,
                            const float *start, float *out)
{
    for (int g = 0; g < GROUPS; g++) {
        int from = g * BANDS / GROUPS, to = (g + 1) * BANDS / GROUPS;
        double sum = 0.0;
        for (int b = from; b < to; b++)
            sum += (double)all[b];
        out[g] = (float)power_db(sum + by->floor);
    }
    double spread, unused;
    out[GROUPS] = (float)centroid_of(by, all, &spread);
    out[GROUPS + 1] = (float)spread;
    out[GROUPS + 2] = (float)sqrt(flatness_of(all));
    out[GROUPS + 3] = (float)centroid_of(by, start, &unused);
}

VEC_INLINE void loudest_band(const struct similarity_eight *eights, int count, float *out)
{
    v8f most = {0};
    for (int n = 0; n < eights_of(count); n++)
        for (int b = 0; b < BANDS; b++) {
            v8f band = VEC_CONST_AT(eights[n].band + b * FFT_BATCH);
            vec_max(&most, &band);
        }
    *out = vec_top(&most);
}

VEC_CLONES(run_loudest, loudest_band,
           (const struct similarity_eight *eights, int count, float *out),
           (eights, count, out))

/* Of the coefficients of frames, each counted by its weight. */
struct moments {
    double mean[COEFFS_ROOM], square[COEFFS_ROOM];
};

VEC_INLINE void add_moments(const float *coeff, const double *weight, struct moments *m)
{
    float row[FFT_BATCH * COEFFS_ROOM];
    for (int c = 0; c < COEFFS_ROOM; c += VEC) {
        v8f lanes[VEC];
        for (int i = 0; i < VEC; i++)
            lanes[i] = VEC_CONST_AT(coeff + (c + i) * FFT_BATCH);
        vec_store_columns(lanes, row + c, COEFFS_ROOM);
    }
    for (int c = 0; c < COEFFS_ROOM; c += WIDE) {
        v4d mean = *(const v4d_any *)(m->mean + c);
        v4d square = *(const v4d_any *)(m->square + c);
        for (int i = 0; i < FFT_BATCH; i++) {
            v4d v = V4D_FROM(row + i * COEFFS_ROOM + c), part = weight[i] * v;
            mean += part;
            square += part * v;
        }
        *(v4d_any *)(m->mean + c) = mean;
        *(v4d_any *)(m->square + c) = square;
    }
}

VEC_CLONES(run_moments, add_moments,
           (const float *coeff, const double *weight, struct moments *m),
           (coeff, weight, m))

static void timbre_aspect(const struct similarity_bands *by,
                          const struct similarity_eight *eights, int count,
                          const float *start, float *out)
{
    float coeff[COEFFS_ROOM * FFT_BATCH] = {0}, floor = 0.0F;
    struct moments m = {0};
    double total = 1e-30;
    run_loudest(eights, count, &floor);
    floor = floor * (float)by->floor + 1e-30F; /* what lies far below is noise */
    for (int n = 0; n < eights_of(count); n++) {
        double weight[FFT_BATCH]; /* loud frames count more, not alone */
        for (int i = 0; i < FFT_BATCH; i++) {
            weight[i] = sqrt(eights[n].power[i]);
            total += weight[i];
        }
        mfcc_cepstrum_eight(by->mel, eights[n].band, floor, coeff);
        run_moments(coeff, weight, &m);
    }
    for (int c = 1; c <= MEAN_COEFFS; c++) {
        m.mean[c] /= total;
        out[c - 1] = (float)m.mean[c];
    }
    for (int c = 1; c <= OTHER_COEFFS; c++)
        out[MEAN_COEFFS + c - 1] =
            (float)sqrt(fmax(0.0, m.square[c] / total - m.mean[c] * m.mean[c]));
    mfcc_cepstrum(by->mel, start, (float)by->floor / BANDS, coeff);
    for (int c = 1; c <= OTHER_COEFFS; c++)
        out[MEAN_COEFFS + OTHER_COEFFS + c - 1] = coeff[c];
}

void similarity_bands_put(const struct similarity_bands *b,
                          const struct similarity_eight *eights, int count, int attack,
                          float *spectrum, float *timbre)
{
    double all[BANDS], first[BANDS];
    float mean[BANDS], start[BANDS];
    run_add(eights, count, attack, all, first);
    to_mean(all, mean);
    to_mean(first, start);
    spectrum_aspect(b, mean, start, spectrum);
    timbre_aspect(b, eights, count, start, timbre);
}
