#include "dsp/hiss_material.h"
#include "dsp/biquad.h"
#include "dsp/fft.h"
#include "dsp/hiss.h"
#include "dsp/level.h"
#include "dsp/mixdown.h"
#include "dsp/resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SOUNDS_MAX = 24 };
static const double seconds_each = 1.5, seconds_all = 8;
static const double attack_s = 0.006, envelope_s = 0.006, least_s = 0.025, edge_s = 0.004;
static const double floor_db = -46; /* below the sound's own peak envelope */
static const double least_level = 1e-4;
static const double level_out = 0.1;
/* What stands out of the spectrum around it by more than line_db, over this width and not
 * fewer bins, is a line. A sound of which all but least_db was lines is no hiss, and one
 * that has no more than that of its noise in the band. */
static const double line_hz = 40, line_db = 4, around_octaves = 1.0 / 3, least_db = -25;
static const double line_rings_s = 0.05;
enum { LINE_BINS_LEAST = 5 };

/* Mono, at the right rate, only what lies in the band. A long sound: a part by chance. */
static enum status bring(struct audio *to, const struct audio *from, int rate_hz,
                         double low_hz, struct rng *r, struct err *e)
{
    size_t most = (size_t)(seconds_each * from->rate_hz);
    size_t frames = from->frames < most ? from->frames : most;
    size_t start = 0;
    if (from->frames > most)
        start = (size_t)(rng_uniform(r) * (double)(from->frames - most));
    struct audio part = {0}, mono = {0};
    enum status st = audio_slice(&part, from, start, frames, e);
    if (st == ST_OK)
        st = audio_init(&mono, frames, 1, from->rate_hz, e);
    if (st == ST_OK) {
        mixdown(&part, mono.data);
        st = resample_rate(to, &mono, rate_hz, RESAMPLE_FAST, e);
    }
    if (st == ST_OK) {
        struct biquad high = biquad_highpass(3, 0.7 * low_hz, rate_hz);
        st = biquad_zero_phase(&high, to, e);
    }
    audio_done(&part);
    audio_done(&mono);
    return st;
}

/* Centred moving RMS over 2 × half + 1 frames. */
static void envelope_of(const struct audio *a, size_t half, float *envelope)
{
    double sum = 0;
    size_t n = a->frames;
    for (size_t i = 0; i < n + half; i++) {
        if (i < n)
            sum += (double)a->data[i] * (double)a->data[i];
        if (i > 2 * half)
            sum -= (double)a->data[i - 2 * half - 1] * (double)a->data[i - 2 * half - 1];
        if (i >= half)
            envelope[i - half] = (float)sqrt(fmax(0, sum) / (double)(2 * half + 1));
    }
}

/* Mean of x over [k − half, k + half], from the sums before each. */
static double mean_around(const double *sum, size_t count, size_t k, size_t half)
{
    size_t low = k > half ? k - half : 0, high = k + half + 1;
    high = high < count ? high : count;
    return (sum[high] - sum[low]) / (double)(high - low);
}

/* Brings each line of a spectrum of `count` bins down to line_db above what lies around.
 * `sum`, `smooth`: scratch of count + 1. */
static void flatten_lines(float *spectrum, size_t count, double bin_hz, double *sum,
                          double *smooth)
{
    size_t half = (size_t)fmax(LINE_BINS_LEAST / 2, 0.5 * line_hz / bin_hz);
    double reach = exp2(0.5 * around_octaves) - 1, limit = pow(10, 0.1 * line_db);
    sum[0] = 0;
    for (size_t k = 0; k < count; k++) {
        double re = (double)spectrum[2 * k], im = (double)spectrum[2 * k + 1];
        sum[k + 1] = sum[k] + re * re + im * im;
    }
    for (size_t k = 0; k < count; k++)
        smooth[k] = log(mean_around(sum, count, k, half) + 1e-30);
    for (size_t k = 0; k < count; k++)
        sum[k + 1] = sum[k] + smooth[k];
    for (size_t k = 0; k < count; k++) {
        size_t wide = (size_t)fmax(4.0 * (double)half, reach * (double)k);
        double over = exp(smooth[k] - mean_around(sum, count, k, wide)) / limit;
        float gain = over > 1 ? (float)(1 / sqrt(over)) : 1.0F;
        spectrum[2 * k] *= gain;
        spectrum[2 * k + 1] *= gain;
    }
}

/* Energy of the bins of a spectrum from `first` on. */
static double energy_from(const float *spectrum, size_t count, size_t first)
{
    double sum = 0;
    for (size_t k = 2 * first; k < 2 * count; k++)
        sum += (double)spectrum[k] * (double)spectrum[k];
    return sum;
}

/* Takes the tones out of a sound; one that was hardly anything else gets no frames, nor
 * does one with hardly anything in the band. */
static enum status tame_lines(struct audio *a, double low_hz, struct err *e)
{
    size_t room = a->frames + (size_t)(line_rings_s * a->rate_hz);
    int n = fft_next_fast((int)room);
    size_t count = (size_t)n / 2 + 1;
    struct rfft *fft = rfft_new(n);
    float *sound = calloc((size_t)n, sizeof *sound);
    float *spectrum = malloc(2 * count * sizeof *spectrum);
    double *scratch = malloc(2 * (count + 1) * sizeof *scratch);
    enum status st = ST_OK;
    if (fft && sound && spectrum && scratch) {
        size_t low = (size_t)ceil(low_hz * n / a->rate_hz);
        double least = pow(10, 0.1 * least_db);
        memcpy(sound, a->data, a->frames * sizeof *sound);
        rfft_forward(fft, sound, spectrum);
        double was = energy_from(spectrum, count, 0);
        flatten_lines(spectrum, count, (double)a->rate_hz / n, scratch,
                      scratch + count + 1);
        double hiss = energy_from(spectrum, count, 0);
        double heard = energy_from(spectrum, count, low);
        rfft_inverse(fft, spectrum, sound);
        memcpy(a->data, sound, a->frames * sizeof *sound);
        if (!(hiss > was * least && heard > hiss * least))
            a->frames = 0;
    } else {
        st = err_set(e, ST_NO_MEMORY, "no memory to take the tones out of hiss");
    }
    rfft_free(fft);
    free(sound);
    free(spectrum);
    free(scratch);
    return st;
}

/* Keeps the longest stretch after the loudest place that stays above the floor. */
static void cut_decay(struct audio *a, float *envelope)
{
    size_t half = (size_t)(0.5 * envelope_s * a->rate_hz) + 1, top = 0, n = a->frames;
    envelope_of(a, half, envelope);
    for (size_t i = 0; i < n; i++)
        if (envelope[i] > envelope[top])
            top = i;
    double peak = n ? (double)envelope[top] : 0;
    double limit = fmax(0.3 * least_level, peak * level_from_db(floor_db));
    size_t start = top + (size_t)(attack_s * a->rate_hz), end = start;
    while (end < n && (double)envelope[end] > limit)
        end++;
    bool usable =
        peak > least_level && start < n && (double)(end - start) > least_s * a->rate_hz;
    a->frames = usable ? end - start : 0;
    memmove(a->data, a->data + start, a->frames * sizeof *a->data);
    size_t edge = (size_t)(edge_s * a->rate_hz);
    level_fade_in(a, edge);
    level_fade_out(a, edge);
}

/* One level all along, but for the edges. */
static void level_out_all(struct audio *a, float *envelope)
{
    size_t half = (size_t)(0.5 * envelope_s * a->rate_hz) + 1, n = a->frames;
    float top = 0;
    envelope_of(a, half, envelope);
    for (size_t i = 0; i < n; i++)
        top = envelope[i] > top ? envelope[i] : top;
    double least = (double)top * level_from_db(floor_db);
    for (size_t i = 0; i < n && top > 0; i++) {
        double g = level_out / fmax(least, (double)envelope[i]);
        a->data[i] = (float)(g * (double)a->data[i]);
    }
    size_t edge = (size_t)(edge_s * a->rate_hz);
    level_fade_in(a, edge);
    level_fade_out(a, edge);
}

/* The decay alone, without its tones, levelled. */
static enum status prepare(struct audio *a, double low_hz, struct err *e)
{
    float *envelope = malloc((a->frames + 1) * sizeof *envelope);
    if (!envelope)
        return err_set(e, ST_NO_MEMORY, "no memory to look for hiss");
    cut_decay(a, envelope);
    enum status st = a->frames ? tame_lines(a, low_hz, e) : ST_OK;
    if (st == ST_OK && a->frames)
        level_out_all(a, envelope);
    free(envelope);
    return st;
}

/* Where there is room for all of it. */
static void append(struct hiss_material *m, const struct audio *part, size_t room)
{
    size_t at = m->sound.frames;
    if (at + part->frames > room || !part->frames)
        return;
    memcpy(m->sound.data + at, part->data, part->frames * sizeof *part->data);
    m->sound.frames += part->frames;
    m->region[m->regions++] = (struct grain_region){at, at + part->frames};
}

enum status hiss_material_init(struct hiss_material *m, const struct audio *material,
                               size_t count, const struct hiss_spec *spec, struct rng *r,
                               struct err *e)
{
    *m = (struct hiss_material){0};
    int rate_hz = spec->rate_hz;
    double low_hz = hiss_low_hz(spec);
    size_t room = (size_t)(seconds_all * rate_hz);
    enum status st = audio_init(&m->sound, room, 1, rate_hz, e);
    m->region = calloc(SOUNDS_MAX, sizeof *m->region);
    if (st == ST_OK && !m->region)
        st = err_set(e, ST_NO_MEMORY, "no memory to look for hiss");
    m->sound.frames = 0;
    size_t wanted = count < SOUNDS_MAX ? count : SOUNDS_MAX;
    /* one of each of `wanted` equal shares of the list, so that all of it is heard from
     */
    for (size_t i = 0; i < wanted && st == ST_OK; i++) {
        size_t low = i * count / wanted, high = (i + 1) * count / wanted;
        size_t pick = low + rng_below(r, (uint32_t)(high - low));
        struct audio part = {0};
        if (material[pick].frames < 16 || material[pick].rate_hz < 1000)
            continue;
        st = bring(&part, &material[pick], rate_hz, low_hz, r, e);
        if (st == ST_OK)
            st = prepare(&part, low_hz, e);
        if (st == ST_OK)
            append(m, &part, room);
        audio_done(&part);
    }
    return st;
}

void hiss_material_done(struct hiss_material *m)
{
    audio_done(&m->sound);
    free(m->region);
    *m = (struct hiss_material){0};
}
