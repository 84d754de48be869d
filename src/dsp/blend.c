#include "dsp/blend.h"
#include "core/pi.h"
#include "dsp/fft.h"
#include "dsp/fft_batch.h"
#include "dsp/line.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    FRAME_44K1 = 2048,
    BANDS_MAX = 64,
    BAND_BINS = 3,    /* of a band at least: 65 Hz */
    REACH = 3,        /* bands that leak into one, to either side */
    FRAMES_LEAST = 8, /* to tell a mean from */
    GAIN_BLOCK = 64   /* frames over which a slow gain is a straight line */
};
static const double band_ratio = 1.25, reach_s = 0.5;
static const double gain_least = 0.5, gain_most = 4, near_enough = 1.06;
static const double floor_ratio = 1e-7, leakage = 1e-3;
static const double never_below = 0.1; /* of the mean: the gain is for what wavers */

struct blender {
    struct audio *to;
    int n, hop, bands;
    int edge[BANDS_MAX + 1]; /* bins */
    size_t steps;            /* windows around 0, hop, 2 hop … */
    size_t first, last;      /* those that lie within the sound */
    struct fft_batch *look, *turn;
    float *window; /* half a sine: its square adds up to 1 */
    float *line;   /* one channel with half a window of silence before it */
    float *sum;    /* the same, evened */
    float *power;  /* of FFT_BATCH windows, or their spectra */
    float *own;    /* band powers of each step: of what was there first */
    float *both;   /* of the mixture; then gains */
    double *run;   /* running sums of a band, of both */
};

static void lay_bands(struct blender *b)
{
    int bins = b->n / 2 + 1;
    while (b->edge[b->bands] < bins && b->bands < BANDS_MAX) {
        int from = b->edge[b->bands], to = (int)(from * band_ratio);
        to = to < from + BAND_BINS ? from + BAND_BINS : to;
        b->edge[++b->bands] = to + BAND_BINS > bins ? bins : to;
    }
    b->edge[b->bands] = bins;
}

static size_t line_length(const struct blender *b)
{
    return (b->steps + FFT_BATCH) * (size_t)b->hop + (size_t)b->n;
}

static enum status blender_init(struct blender *b, struct audio *to, struct err *e)
{
    *b = (struct blender){.to = to, .n = fft_size_at(FRAME_44K1, to->rate_hz)};
    b->hop = b->n / 2;
    b->steps = to->frames / (size_t)b->hop + 2;
    b->first = 1;
    b->last = to->frames / (size_t)b->hop;
    lay_bands(b);
    size_t n = (size_t)b->n, values = b->steps * (size_t)b->bands;
    b->window = malloc(n * sizeof *b->window);
    b->line = malloc(line_length(b) * sizeof *b->line);
    b->sum = malloc(line_length(b) * sizeof *b->sum);
    b->power = malloc(FFT_BATCH * (n + 2) * sizeof *b->power);
    b->own = calloc(values, sizeof *b->own);
    b->both = calloc(values, sizeof *b->both);
    b->run = malloc(2 * (b->steps + 1) * sizeof *b->run);
    b->look = fft_batch_hann(b->n);
    if (b->window) {
        for (int i = 0; i < b->n; i++)
            b->window[i] = (float)sin(PI * (i + 0.5) / b->n);
        b->turn = fft_batch_new(b->n, b->window);
    }
    bool ready = b->turn && b->look && b->line && b->sum && b->power && b->own &&
                 b->both && b->run;
    return ready ? ST_OK : err_set(e, ST_NO_MEMORY, "no memory to blend two sounds");
}

static void blender_done(struct blender *b)
{
    fft_batch_free(b->look);
    fft_batch_free(b->turn);
    free(b->window);
    free(b->line);
    free(b->sum);
    free(b->power);
    free(b->own);
    free(b->both);
    free(b->run);
}

static void read_channel(struct blender *b, size_t channel)
{
    size_t channels = (size_t)b->to->channels, before = (size_t)b->hop;
    memset(b->line, 0, line_length(b) * sizeof *b->line);
    for (size_t i = 0; i < b->to->frames; i++)
        b->line[before + i] = finite_or_0(b->to->data[i * channels + channel]);
}

VEC_INLINE void band_sums(const float *power, const int *edge, int bands, size_t count,
                          float *out)
{
    for (int i = 0; i < bands; i++) {
        v8f sum;
        vec_set(&sum, 0);
        for (int k = edge[i]; k < edge[i + 1]; k++)
            sum += VEC_CONST_AT(power + (ptrdiff_t)VEC * k);
        for (size_t lane = 0; lane < count; lane++)
            out[lane * (size_t)bands + (size_t)i] += sum[lane];
    }
}

VEC_CLONES(run_band_sums, band_sums,
           (const float *power, const int *edge, int bands, size_t count, float *out),
           (power, edge, bands, count, out))

static size_t at_once(const struct blender *b, size_t step)
{
    return b->steps - step < FFT_BATCH ? b->steps - step : FFT_BATCH;
}

static void measure(struct blender *b, float *bands)
{
    for (size_t c = 0; c < (size_t)b->to->channels; c++) {
        read_channel(b, c);
        for (size_t step = 0; step < b->steps; step += FFT_BATCH) {
            fft_batch_power(b->look, b->line + step * (size_t)b->hop, b->hop, b->power);
            run_band_sums(b->power, b->edge, b->bands, at_once(b, step),
                          bands + step * (size_t)b->bands);
        }
    }
}

/* Gains of a band, in the place of its powers. Steps that reach over the ends have those
 * of the ones beside them. */
static void find_gains(struct blender *b, int band, double quiet, double angle_a_step)
{
    size_t bands = (size_t)b->bands, reach = (size_t)(reach_s * b->to->rate_hz / b->hop);
    float *both = b->both + band, *own = b->own + band;
    double *sum = b->run, *own_sum = b->run + b->steps + 1;
    sum[b->first] = own_sum[b->first] = 0;
    for (size_t i = b->first; i < b->last; i++) {
        sum[i + 1] = sum[i] + (double)both[i * bands];
        own_sum[i + 1] = own_sum[i] + (double)own[i * bands];
    }
    for (size_t i = b->first; i < b->last; i++) {
        size_t from = i > b->first + reach ? i - reach : b->first;
        size_t to = i + reach + 1 < b->last ? i + reach + 1 : b->last;
        double mean = (sum[to] - sum[from]) / (double)(to - from);
        double own_mean = (own_sum[to] - own_sum[from]) / (double)(to - from);
        double share = cos(angle_a_step * (double)i);
        double want = mean + share * share * ((double)own[i * bands] - own_mean);
        want = fmax(want, never_below * mean) + quiet;
        double gain = sqrt(want / ((double)both[i * bands] + quiet));
        gain = gain > near_enough       ? gain / near_enough
               : gain * near_enough < 1 ? gain * near_enough
                                        : 1;
        both[i * bands] = (float)fmin(gain_most, fmax(gain_least, gain));
    }
    for (size_t i = 0; i < b->first; i++)
        both[i * bands] = both[b->first * bands];
    for (size_t i = b->last; i < b->steps; i++)
        both[i * bands] = both[(b->last - 1) * bands];
}

/* Straight from the middle of a band to that of the next. */
static void turn_up(const struct blender *b, const float *gain, float *spectrum)
{
    int bins = b->n / 2 + 1;
    for (int i = -1, k = 0; i < b->bands; i++) {
        int low = i < 0 ? 0 : (b->edge[i] + b->edge[i + 1]) / 2;
        int end = i + 1 < b->bands ? (b->edge[i + 1] + b->edge[i + 2]) / 2 : bins;
        float from = gain[i < 0 ? 0 : i], to = gain[i + 1 < b->bands ? i + 1 : i];
        float slope = (to - from) / (float)(end - low);
        for (; k < end; k++) {
            float g = from + slope * (float)(k - low);
            spectrum[2 * k] *= g;
            spectrum[2 * k + 1] *= g;
        }
    }
}

static void apply(struct blender *b, size_t channel)
{
    size_t n = (size_t)b->n, hop = (size_t)b->hop, row = n + 2;
    size_t channels = (size_t)b->to->channels;
    read_channel(b, channel);
    memset(b->sum, 0, line_length(b) * sizeof *b->sum);
    for (size_t step = 0; step < b->steps; step += FFT_BATCH) {
        fft_batch_forward(b->turn, b->line + step * hop, hop, b->power, row);
        for (size_t k = 0; k < at_once(b, step); k++)
            turn_up(b, b->both + (step + k) * (size_t)b->bands, b->power + k * row);
        fft_batch_inverse(b->turn, b->power, row, b->power, row);
        for (size_t k = 0; k < at_once(b, step); k++) {
            float *sum = b->sum + (step + k) * hop;
            for (size_t i = 0; i < n; i++)
                sum[i] += b->power[k * row + i] * b->window[i];
        }
    }
    for (size_t i = 0; i < b->to->frames; i++)
        b->to->data[i * channels + channel] = b->sum[hop + i];
}

/* Beside a strong band stands what leaks out of it, which says nothing of its own. */
static void even(struct blender *b, double angle_a_step)
{
    double mean[BANDS_MAX] = {0}, all = 0;
    for (size_t i = 0; i < b->steps; i++)
        for (int band = 0; band < b->bands; band++)
            mean[band] += (double)b->both[i * (size_t)b->bands + (size_t)band];
    for (int band = 0; band < b->bands; band++) {
        mean[band] /= (double)b->steps;
        all += mean[band];
    }
    for (int band = 0; band < b->bands; band++) {
        double quiet = floor_ratio * all + 1e-30;
        for (int i = band - REACH; i <= band + REACH; i++)
            if (i >= 0 && i < b->bands && i != band)
                quiet += leakage * mean[i];
        find_gains(b, band, quiet, angle_a_step);
    }
    for (size_t c = 0; c < (size_t)b->to->channels; c++)
        apply(b, c);
}

static void mix(struct audio *to, const struct audio *other, double angle_a_frame)
{
    size_t channels = (size_t)to->channels;
    for (size_t from = 0; from < to->frames; from += GAIN_BLOCK) {
        size_t end = from + GAIN_BLOCK < to->frames ? from + GAIN_BLOCK : to->frames;
        double middle = angle_a_frame * 0.5 * (double)(from + end);
        double clear = cos(middle), hazy = sin(middle);
        for (size_t i = from; i < end; i++) {
            double off = angle_a_frame * ((double)i - 0.5 * (double)(from + end));
            float x = (float)(clear - off * hazy), y = (float)(hazy + off * clear);
            for (size_t c = i * channels; c < (i + 1) * channels; c++)
                to->data[c] =
                    x * finite_or_0(to->data[c]) + y * finite_or_0(other->data[c]);
        }
    }
}

enum status blend(struct audio *to, const struct audio *other, double end, struct err *e)
{
    struct blender b;
    double angle = PI / 2 * end / fmax(1, (double)to->frames);
    enum status st = blender_init(&b, to, e);
    bool long_enough = b.last >= b.first + FRAMES_LEAST;
    if (st == ST_OK && long_enough)
        measure(&b, b.own);
    if (st == ST_OK)
        mix(to, other, angle);
    if (st == ST_OK && long_enough) {
        measure(&b, b.both);
        even(&b, angle * b.hop);
    }
    blender_done(&b);
    return st;
}
