#include "dsp/mfcc.h"

#include "core/pi.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdlib.h>

enum { BANDS_MIN = 4, BANDS_MAX = 128 };
static const double low_hz = 30.0, high_hz = 16000.0;

struct mfcc {
    int bands, coeffs;
    int *first, *count; /* spectrum bins of each band */
    float *weight;      /* all bands one after the other */
    float *dct;         /* coeffs × bands */
    double *centre_hz;
};

static double mel_of_hz(double hz)
{
    return 2595.0 * log10(1.0 + hz / 700.0);
}

static double hz_of_mel(double mel)
{
    return 700.0 * (pow(10.0, mel / 2595.0) - 1.0);
}

static double edge_hz(int edge, int bands)
{
    double low = mel_of_hz(low_hz), high = mel_of_hz(high_hz);
    return hz_of_mel(low + (high - low) * edge / (bands + 1));
}

static double triangle(double hz, double left, double centre, double right)
{
    if (hz <= left || hz >= right)
        return 0.0;
    return hz <= centre ? (hz - left) / (centre - left) : (right - hz) / (right - centre);
}

/* Bins a band reaches, at least the one nearest its centre: at small sizes the lowest
 * triangles fall between two bins. */
static void band_reach(int band, int bands, double bin_hz, int bins, int *first,
                       int *count)
{
    double left = edge_hz(band, bands), right = edge_hz(band + 2, bands);
    int a = (int)floor(left / bin_hz) + 1, b = (int)ceil(right / bin_hz) - 1;
    if (b < a)
        a = b = (int)lround(edge_hz(band + 1, bands) / bin_hz);
    if (b > bins - 1)
        b = bins - 1;
    if (a > b)
        a = b;
    *first = a;
    *count = b - a + 1;
}

static void fill_band(const struct mfcc *m, int band, double bin_hz, float *weight)
{
    double left = edge_hz(band, m->bands), centre = edge_hz(band + 1, m->bands);
    double right = edge_hz(band + 2, m->bands), sum = 0.0;
    for (int i = 0; i < m->count[band]; i++)
        sum += triangle((m->first[band] + i) * bin_hz, left, centre, right);
    for (int i = 0; i < m->count[band]; i++) {
        double w = triangle((m->first[band] + i) * bin_hz, left, centre, right);
        weight[i] = sum > 1e-9 ? (float)(w / sum) : 1.0F / (float)m->count[band];
    }
}

static void fill_dct(struct mfcc *m)
{
    for (int c = 0; c < m->coeffs; c++) {
        double scale = sqrt((c == 0 ? 1.0 : 2.0) / m->bands);
        for (int b = 0; b < m->bands; b++)
            m->dct[c * m->bands + b] =
                (float)(scale * cos(PI * c * (b + 0.5) / m->bands));
    }
}

enum status mfcc_new(struct mfcc **out, int rate_hz, int fft_size, int bands, int coeffs,
                     struct err *e)
{
    *out = NULL;
    if (rate_hz <= 0 || fft_size < 16 || fft_size % 2 != 0 || bands < BANDS_MIN ||
        bands > BANDS_MAX || coeffs < 1 || coeffs > bands)
        return err_set(e, ST_UNSUPPORTED,
                       "no mel bands for %d Hz, size %d, %d bands, %d coefficients",
                       rate_hz, fft_size, bands, coeffs);
    struct mfcc *m = calloc(1, sizeof *m);
    if (m == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for mel bands");
    m->bands = bands;
    m->coeffs = coeffs;
    m->first = calloc((size_t)bands, sizeof *m->first);
    m->count = calloc((size_t)bands, sizeof *m->count);
    m->centre_hz = calloc((size_t)bands, sizeof *m->centre_hz);
    m->dct = calloc((size_t)bands * (size_t)coeffs, sizeof *m->dct);
    if (!m->first || !m->count || !m->centre_hz || !m->dct)
        goto no_memory;
    double bin_hz = (double)rate_hz / fft_size;
    size_t total = 0;
    for (int b = 0; b < bands; b++) {
        band_reach(b, bands, bin_hz, fft_size / 2 + 1, &m->first[b], &m->count[b]);
        m->centre_hz[b] = edge_hz(b + 1, bands);
        total += (size_t)m->count[b];
    }
    m->weight = calloc(total, sizeof *m->weight);
    if (m->weight == NULL)
        goto no_memory;
    float *weight = m->weight;
    for (int b = 0; b < bands; b++) {
        fill_band(m, b, bin_hz, weight);
        weight += m->count[b];
    }
    fill_dct(m);
    *out = m;
    return ST_OK;
no_memory:
    mfcc_free(m);
    return err_set(e, ST_NO_MEMORY, "no memory for mel bands");
}

void mfcc_free(struct mfcc *m)
{
    if (m == NULL)
        return;
    free(m->first);
    free(m->count);
    free(m->centre_hz);
    free(m->dct);
    free(m->weight);
    free(m);
}

double mfcc_band_hz(const struct mfcc *m, int band)
{
    return m->centre_hz[band];
}

void mfcc_mel(const struct mfcc *m, const float *power, float *band)
{
    const float *weight = m->weight;
    for (int b = 0; b < m->bands; b++) {
        const float *p = power + m->first[b];
        double sum = 0.0;
        for (int i = 0; i < m->count[b]; i++)
            sum += (double)weight[i] * (double)p[i];
        band[b] = (float)sum;
        weight += m->count[b];
    }
}

VEC_INLINE void mel_eight(const struct mfcc *m, const float *power, float *band)
{
    const float *weight = m->weight;
    for (int b = 0; b < m->bands; b++) {
        const float *p = power + VEC * m->first[b];
        v8f sum = {0};
        for (int i = 0; i < m->count[b]; i++)
            sum += VEC_CONST_AT(p + VEC * i) * weight[i];
        VEC_AT(band + VEC * b) = sum;
        weight += m->count[b];
    }
}

VEC_CLONES_PUBLIC(mfcc_mel_eight, mel_eight,
                  (const struct mfcc *m, const float *power, float *band),
                  (m, power, band))

void mfcc_cepstrum(const struct mfcc *m, const float *band, float floor, float *coeff)
{
    double level_db[BANDS_MAX];
    for (int b = 0; b < m->bands; b++)
        level_db[b] = 10.0 * log10((double)band[b] + (double)floor + 1e-30);
    for (int c = 0; c < m->coeffs; c++) {
        const float *row = m->dct + (size_t)c * (size_t)m->bands;
        double sum = 0.0;
        for (int b = 0; b < m->bands; b++)
            sum += (double)row[b] * level_db[b];
        coeff[c] = (float)sum;
    }
}

/* Four coefficients from c on, whose sums do not wait for each other. */
VEC_INLINE void four_coeffs(const struct mfcc *m, const v8f *level_db, int c,
                            float *coeff)
{
    const float *row = m->dct + c * m->bands;
    const float *first = row, *second = row + m->bands, *third = second + m->bands;
    const float *fourth = third + m->bands;
    v8f p = {0}, q = {0}, r = {0}, t = {0};
    for (int b = 0; b < m->bands; b++) {
        p += level_db[b] * first[b];
        q += level_db[b] * second[b];
        r += level_db[b] * third[b];
        t += level_db[b] * fourth[b];
    }
    VEC_AT(coeff + VEC * c) = p;
    VEC_AT(coeff + VEC * (c + 1)) = q;
    VEC_AT(coeff + VEC * (c + 2)) = r;
    VEC_AT(coeff + VEC * (c + 3)) = t;
}

VEC_INLINE void cepstrum_eight(const struct mfcc *m, const float *band, float floor,
                               float *coeff)
{
    v8f level_db[BANDS_MAX];
    for (int b = 0; b < m->bands; b++) {
        v8f level = VEC_CONST_AT(band + VEC * b) + (floor + 1e-30F);
        vec_log2(&level);
        level_db[b] = level * 3.01029996F;
    }
    int c = 0;
    for (; c + 4 <= m->coeffs; c += 4)
        four_coeffs(m, level_db, c, coeff);
    for (; c < m->coeffs; c++) {
        const float *row = m->dct + c * m->bands;
        v8f sum = {0};
        for (int b = 0; b < m->bands; b++)
            sum += level_db[b] * row[b];
        VEC_AT(coeff + VEC * c) = sum;
    }
}

VEC_CLONES_PUBLIC(mfcc_cepstrum_eight, cepstrum_eight,
                  (const struct mfcc *m, const float *band, float floor, float *coeff),
                  (m, band, floor, coeff))
