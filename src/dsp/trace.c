/* Taking traces. */
#include "dsp/trace.h"

#include "core/array.h"
#include "core/pi.h"
#include "dsp/fft.h"
#include "dsp/fft_batch.h"
#include "dsp/line.h"
#include "dsp/trace_internal.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    WINDOW_44K1 = 6144, /* frames; trace_bands has the sizes that go with it */
    FRAME_44K1 = 512,   /* in which noise is looked for */
    QUIETEST = 3,       /* frames are looked at */
    STRIDE = 64         /* in which the attack is looked for */
};

const struct trace_band trace_bands[BANDS] = {
    {25.0, 800.0, 0.5, 2756.25, 0.025, TRACE_LOW, 384, TRACE_LOW_BINS},
    {600.0, 3000.0, 0.5, 8613.28125, 0.015, TRACE_MID, 1200, TRACE_MID_BINS},
    {3000.0, 9500.0, 0.0, 22050.0, 0.010, TRACE_HIGH, 3072, TRACE_HIGH_BINS}};

/* Above the bands, where only the noise is wanted. */
static const struct trace_band top = {10000.0, 16000.0, 0.0, 0.0, 0.0, 0, 0, 0};

static const double attack_level = 0.15;
static const double fade_in_s = 0.002, ends_s = 0.005,
                    fades_s = 0.022; /* of a cut: no noise is heard there */
/* The noise under a sound that never pauses is at most so much over that of the quietest
 * band, and so far below all of the sound. */
static const double over_white = 4.0, below_all = 0.01;

/* A hit whose bands are not there yet. */
struct waiting {
    struct trace *out;
    double noise[BANDS];
};

struct trace_maker {
    int rate_hz, size, frame_size;
    size_t row; /* floats from one hit's to the next */
    struct fft_batch *fft, *frame_fft, *inverse[BANDS];
    float *rows;           /* of eight hits: the sound, later a band of it */
    float *frames, *power; /* eight frames of one hit; theirs, in lanes */
    float *gain[BANDS];
    float *weight[BANDS + 1]; /* gain², for a frame; the last is the top's */
    double share[BANDS + 1];  /* of white noise that is in the band */
    struct waiting at[FFT_BATCH];
    int count;
    float *line; /* of what is not one channel of numbers */
    size_t line_room;
};

static double band_gain(const struct trace_band *b, double hz)
{
    double low = pow(hz / b->from_hz, 6.0), high = pow(hz / b->to_hz, 12.0);
    return low / (1.0 + low) / (1.0 + high) * pow(hz / b->to_hz, b->tilt);
}

enum window { FADED, HANN };

static struct fft_batch *plan(int size, enum window shape)
{
    float *window = malloc((size_t)size * sizeof *window);
    int fade = size / 4;
    for (int i = 0; window && i < size; i++) {
        window[i] = 1.0F;
        if (shape == HANN)
            window[i] = (float)(0.5 - 0.5 * cos(2.0 * PI * (i + 0.5) / size));
        else if (shape == FADED && i >= size - fade)
            window[i] = (float)(0.5 + 0.5 * cos(PI * (i - size + fade) / fade));
    }
    struct fft_batch *f = window ? fft_batch_new(size, window) : NULL;
    free(window);
    return f;
}

static bool fill_gains(struct trace_maker *m)
{
    for (int b = 0; b <= BANDS; b++) {
        const struct trace_band *band = b < BANDS ? &trace_bands[b] : &top;
        int half = m->frame_size / 2;
        m->weight[b] = malloc(((size_t)half + 1) * sizeof(float));
        for (int k = 1; m->weight[b] && k <= half; k++) {
            double g = band_gain(band, (double)k * m->rate_hz / m->frame_size);
            m->weight[b][k] = (float)(g * g);
            m->share[b] += g * g / half;
        }
        if (!m->weight[b])
            return false;
    }
    for (int b = 0; b < BANDS; b++) {
        m->gain[b] = malloc(((size_t)m->size / 2 + 1) * sizeof(float));
        for (int k = 0; m->gain[b] && k <= m->size / 2; k++)
            m->gain[b][k] =
                (float)band_gain(&trace_bands[b], (double)k * m->rate_hz / m->size);
        m->inverse[b] = fft_batch_new(trace_bands[b].size, NULL);
        if (!m->gain[b] || !m->inverse[b])
            return false;
    }
    return true;
}

enum status trace_maker_new(struct trace_maker **out, int rate_hz, struct err *e)
{
    *out = NULL;
    if (rate_hz < 1000 || rate_hz > 1000000)
        return err_set(e, ST_UNSUPPORTED, "no traces at %d Hz", rate_hz);
    struct trace_maker *m = calloc(1, sizeof *m);
    if (m == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for traces");
    m->rate_hz = rate_hz;
    m->size = fft_size_at(WINDOW_44K1, rate_hz);
    m->frame_size = fft_size_at(FRAME_44K1, rate_hz);
    size_t frame = (size_t)m->frame_size, kept = LONGEST;
    m->row = (size_t)m->size > kept ? (size_t)m->size : kept;
    m->fft = plan(m->size, FADED);
    m->frame_fft = plan(m->frame_size, HANN);
    m->rows = calloc(FFT_BATCH * m->row, sizeof *m->rows);
    m->frames = calloc(FFT_BATCH * frame, sizeof *m->frames);
    m->power = malloc(FFT_BATCH * (frame / 2 + 1) * sizeof *m->power);
    if (!m->fft || !m->frame_fft || !m->rows || !m->frames || !m->power ||
        !fill_gains(m)) {
        trace_maker_free(m);
        return err_set(e, ST_NO_MEMORY, "no memory for traces");
    }
    *out = m;
    return ST_OK;
}

void trace_maker_free(struct trace_maker *m)
{
    if (m == NULL)
        return;
    for (int b = 0; b < BANDS; b++) {
        free(m->gain[b]);
        fft_batch_free(m->inverse[b]);
    }
    for (int b = 0; b <= BANDS; b++)
        free(m->weight[b]);
    fft_batch_free(m->fft);
    fft_batch_free(m->frame_fft);
    free(m->rows);
    free(m->frames);
    free(m->power);
    free(m->line);
    free(m);
}

/* A sound as one channel of numbers. */
struct line {
    const float *x;
    size_t n;
};

/* The sound's own where it is that; false without memory. */
static bool hear_line(struct trace_maker *m, const struct audio *a, struct line *l)
{
    *l = (struct line){a->data, a->frames};
    if (a->channels == 1 && line_is_finite(a->data, a->frames))
        return true;
    if (!array_grow(&m->line, &m->line_room, a->frames + 1, sizeof *m->line))
        return false;
    audio_mono(a, m->line);
    line_scrub(m->line, a->frames);
    l->x = m->line;
    return true;
}

/* The first frame that is not far below the loudest; -1 for silence. */
static long attack_of(const struct line *l)
{
    float peak = line_peak(l->x, l->n), level = (float)attack_level * peak;
    size_t at = 0;
    if (!(peak > 1e-7F))
        return -1;
    while (at + STRIDE <= l->n && line_peak(l->x + at, STRIDE) < level)
        at += STRIDE;
    while (fabsf(l->x[at]) < level)
        at++;
    return (long)at;
}

/* ---- the noise ---- */

/* Of powers in lanes, bin by bin, what each band weighs of them. */
VEC_INLINE void weigh_bands(const float *power, const float *const weight[BANDS + 1],
                            int bins, double sum[BANDS + 1])
{
    v8f of[BANDS + 1] = {{0.0F}};
    for (int k = 1; k <= bins; k++) {
        v8f now = VEC_CONST_AT(power + VEC * k);
        for (int b = 0; b <= BANDS; b++)
            of[b] += now * weight[b][k];
    }
    for (int b = 0; b <= BANDS; b++)
        sum[b] = vec_sum(&of[b]);
}

VEC_CLONES(run_weigh, weigh_bands,
           (const float *power, const float *const weight[BANDS + 1], int bins,
            double sum[BANDS + 1]),
           (power, weight, bins, sum))

/* The mean power a sample of each band, windowed, of the frames that begin there. */
static void frame_powers(struct trace_maker *m, const struct line *l, const size_t *from,
                         int count, double power[BANDS + 1])
{
    int n = m->frame_size;
    double by = 2.0 / ((double)n * n * 0.375) / count;
    for (int i = 0; i < QUIETEST; i++)
        line_part(l->x, l->n, (ptrdiff_t)(i < count ? from[i] : l->n), (size_t)n,
                  m->frames + i * n);
    fft_batch_power(m->frame_fft, m->frames, n, m->power);
    run_weigh(m->power, (const float *const *)m->weight, n / 2, power);
    for (int b = 0; b <= BANDS; b++)
        power[b] *= by;
}

/* Where the frames of least power begin, and the mean power of the whole. */
static int find_quiet(const struct trace_maker *m, const struct line *l,
                      size_t quiet[QUIETEST], double *all)
{
    double least[QUIETEST];
    size_t size = (size_t)m->frame_size, from = (size_t)(ends_s * m->rate_hz),
           fades = (size_t)(fades_s * m->rate_hz);
    int found = 0;
    from = from < l->n ? from : l->n;
    *all = line_square_sum(l->x, from);
    for (; from + size + fades < l->n; from += size) {
        double power = line_square_sum(l->x + from, size);
        *all += power;
        if (found == QUIETEST && power >= least[found - 1])
            continue;
        int at = found < QUIETEST ? found++ : found - 1;
        for (; at > 0 && least[at - 1] > power; at--) {
            least[at] = least[at - 1];
            quiet[at] = quiet[at - 1];
        }
        least[at] = power;
        quiet[at] = from;
    }
    *all = (*all + line_square_sum(l->x + from, l->n - from)) / (double)l->n;
    return found;
}

/* An upper bound of the noise in each band, as the mean power of a sample. */
static void hear_noise(struct trace_maker *m, const struct line *l, double noise[BANDS])
{
    double power[BANDS + 1] = {0.0}, all, white = (double)INFINITY;
    size_t quiet[QUIETEST];
    int count = find_quiet(m, l, quiet, &all);
    if (count > 0)
        frame_powers(m, l, quiet, count, power);
    for (int b = 0; b <= BANDS && count > 0; b++)
        if (m->share[b] > 1e-3)
            white = fmin(white, power[b] / m->share[b]);
    for (int b = 0; b < BANDS; b++) {
        noise[b] = m->share[b] * fmin(below_all * all, over_white * white);
        if (count > 0)
            noise[b] = fmin(noise[b], power[b]);
    }
}

/* ---- the bands ---- */

/* How many of `n` powers there are, so to say: n for equal ones, 1 for one alone. */
static double spread(double sum, double squares)
{
    return sum * sum / (squares + 1e-60);
}

static int8_t to_byte(double v)
{
    return (int8_t)lrint(fmax(-127.0, fmin(127.0, v)));
}

/* Bytes that keep the small beside the largest; `count` is a multiple of VEC. */
VEC_INLINE void compand_all(const float *x, int count, float most, int8_t *bytes)
{
    for (int i = 0; i < count; i += VEC) {
        v8f from = VEC_CONST_AT(x + i), size = from;
        vec_abs(&size);
        size /= most;
        vec_sqrt(&size);
        size *= 127.0F;
        vec_round(&size);
        v8i byte = __builtin_convertvector(size, v8i), below = (v8i)(from < 0.0F);
        byte = (byte ^ below) - below;
        vec_store_bytes(&byte, bytes + i);
    }
}

VEC_CLONES(compand, compand_all, (const float *x, int count, float most, int8_t *bytes),
           (x, count, most, bytes))

struct moments {
    double sum, squares; /* of powers */
};

VEC_INLINE void add_power(const v4d *power, v4d *sum, v4d *squares)
{
    *sum += *power;
    *squares += *power * *power;
}

VEC_INLINE struct moments moments_of(const v4d *sum, const v4d *squares)
{
    const v4d a = *sum, b = *squares;
    return (struct moments){(a[0] + a[1]) + (a[2] + a[3]), (b[0] + b[1]) + (b[2] + b[3])};
}

/* Of `count` samples. */
VEC_INLINE void sample_powers(const float *x, int count, struct moments *m)
{
    v4d sum = {0}, squares = {0};
    int i = 0;
    for (; i + 4 <= count; i += 4) {
        v4d v = V4D_FROM(x + i), power = v * v;
        add_power(&power, &sum, &squares);
    }
    *m = moments_of(&sum, &squares);
    for (; i < count; i++) {
        double power = (double)x[i] * (double)x[i];
        m->sum += power;
        m->squares += power * power;
    }
}

VEC_CLONES(run_samples, sample_powers, (const float *x, int count, struct moments *m),
           (x, count, m))

/* Of eight spectra in lanes, each bin times its gain; and of their powers the sums. */
VEC_INLINE void filter_bins(const float *spectra, const float *gain, int count,
                            float *part, struct moments of[VEC])
{
    v4d sum[2] = {{0}}, squares[2] = {{0}};
    for (int k = 0; k < count; k++) {
        v8f re = VEC_CONST_AT(spectra + 2 * VEC * k) * gain[k],
            im = VEC_CONST_AT(spectra + 2 * VEC * k + VEC) * gain[k],
            p = re * re + im * im;
        VEC_AT(part + 2 * VEC * k) = re;
        VEC_AT(part + 2 * VEC * k + VEC) = im;
        v4d low = __builtin_convertvector(VEC_SHUFFLE(p, p, 0, 1, 2, 3), v4d),
            high = __builtin_convertvector(VEC_SHUFFLE(p, p, 4, 5, 6, 7), v4d);
        add_power(&low, &sum[0], &squares[0]);
        add_power(&high, &sum[1], &squares[1]);
    }
    for (int i = 0; i < VEC; i++)
        of[i] = (struct moments){sum[i / 4][i % 4], squares[i / 4][i % 4]};
}

VEC_CLONES(run_filter, filter_bins,
           (const float *spectra, const float *gain, int count, float *part,
            struct moments of[VEC]),
           (spectra, gain, count, part, of))

/* What the band has of eight spectra; over how much of it that is spread. */
static void filter(const struct trace_maker *m, int b, const float *spectra,
                   double spectral[FFT_BATCH])
{
    int half = trace_bands[b].size / 2, bins = m->size / 2 + 1;
    float *part = fft_batch_lanes(m->inverse[b]);
    struct moments of[FFT_BATCH];
    bins = bins < half ? bins : half;
    run_filter(spectra, m->gain[b], bins, part, of);
    memset(part + 2 * VEC * bins, 0, 2 * VEC * (size_t)(half + 1 - bins) * sizeof *part);
    for (int i = 0; i < FFT_BATCH; i++)
        spectral[i] = spread(of[i].sum, of[i].squares);
}

static void keep_band(const struct trace_maker *m, int b, const float *x, double spectral,
                      double noise, struct trace *out)
{
    const struct trace_band *band = &trace_bands[b];
    int begins = trace_begins(out, b);
    struct moments of;
    run_samples(x + begins, band->count - begins, &of);
    compand(x, band->count, fmaxf(1e-20F, line_peak(x, (size_t)band->count)),
            b == LOW   ? out->low
            : b == MID ? out->mid
                       : out->high);
    double level = (double)band->size / m->size,
           mean = of.sum * level * level / (band->count - begins);
    double detail =
        spread(of.sum, of.squares) / band->rate_hz * spectral * m->rate_hz / m->size;
    out->snr_db[b] =
        to_byte(fmax(-20.0, 10.0 * log10(fmax(1e-3, mean / (noise + 1e-14) - 1.0))));
    out->detail[b] = to_byte(10.0 * detail);
}

void trace_finish(struct trace_maker *m)
{
    size_t count = (size_t)m->count;
    if (count == 0)
        return;
    const float *spectra = fft_batch_spectra(m->fft, m->rows, m->row);
    for (int b = 0; b < BANDS; b++) {
        double spectral[FFT_BATCH];
        filter(m, b, spectra, spectral);
        fft_batch_back(m->inverse[b], trace_bands[b].count, m->rows, m->row);
        for (size_t i = 0; i < count; i++)
            keep_band(m, b, m->rows + i * m->row, spectral[i], m->at[i].noise[b],
                      m->at[i].out);
    }
    m->count = 0;
}

enum status trace_add(struct trace_maker *m, const struct audio *a, struct trace *out,
                      struct err *e)
{
    struct line l;
    memset(out, 0, sizeof *out);
    if (!hear_line(m, a, &l))
        return err_set(e, ST_NO_MEMORY, "no memory for traces");
    long attack = attack_of(&l);
    if (attack < 0)
        return ST_OK;
    double begins_s = trace_lead_s + fade_in_s - (double)attack / m->rate_hz;
    out->known = 1;
    out->begins =
        (uint8_t)to_byte(fmin(trace_lead_s, fmax(0.0, begins_s)) / trace_tick_s);
    struct waiting *w = &m->at[m->count];
    w->out = out;
    hear_noise(m, &l, w->noise);
    line_part(l.x, l.n, attack - lrint(trace_lead_s * m->rate_hz), (size_t)m->size,
              m->rows + (size_t)m->count * m->row);
    if (++m->count == FFT_BATCH)
        trace_finish(m);
    return ST_OK;
}

enum status trace_take(struct trace_maker *m, const struct audio *a, struct trace *out,
                       struct err *e)
{
    enum status st = trace_add(m, a, out, e);
    trace_finish(m);
    return st;
}
