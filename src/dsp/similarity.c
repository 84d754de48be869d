#include "dsp/similarity.h"

#include "core/array.h"
#include "dsp/fft.h"
#include "dsp/fft_batch.h"
#include "dsp/line.h"
#include "dsp/mfcc.h"
#include "dsp/similarity_bands.h"
#include "dsp/similarity_internal.h"
#include "dsp/similarity_pitch.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dsp/similarity_table.h"

enum { FRAMES_MAX = 128, LONG_FRAMES_MAX = 6, SHAPE_POINTS = 6, ENVELOPE_MAX = 20000 };
enum { CLOSE_FRAMES = 2 * FFT_BATCH }; /* at the beginning, a quarter of one apart */

static const double floor_db = SIMILARITY_FLOOR_DB, trim_db = -28.0;
static const double attack_s = 0.03;

/* A sound whose spectra may still wait for the transform of eight. */
struct waiting {
    struct similarity_pitch pitch;
    size_t eights;      /* of its frames, from this of all on */
    int frames, attack; /* those before attack_s */
    float raw[SIMILARITY_DIM];
    bool silent;
    float *vector; /* where the result goes */
};

struct similarity {
    int rate_hz, size, long_size;
    double trim;
    struct fft_batch *batch, *long_batch;
    struct mfcc *mel;
    struct similarity_bands bands;
    float *mixed, *line;         /* one channel; and what of it counts */
    double *levels;              /* its envelope */
    float *eight, *eight_powers; /* frames one after the other, and lanes of powers */
    float *long_eight, *long_powers;
    size_t frame_of[FFT_BATCH]; /* the place of each frame in `eights`, lane by lane */
    size_t long_of[FFT_BATCH];  /* the sound of each long frame, an index of `sounds` */
    int frame_count, long_count;
    struct similarity_eight *eights;
    struct waiting *sounds;
    size_t eight_count, eights_room, count, room, mixed_room, line_room, levels_room;
};

const struct similarity_weights similarity_even = {{1.0, 1.0, 1.0, 1.0}};

enum status similarity_new(struct similarity **out, int rate_hz, struct err *e)
{
    *out = NULL;
    if (rate_hz < 1000 || rate_hz > 1000000)
        return err_set(e, ST_UNSUPPORTED, "no similarity at %d Hz", rate_hz);
    struct similarity *s = calloc(1, sizeof *s);
    if (s == NULL)
        return err_set(e, ST_NO_MEMORY, "no memory for similarity");
    s->rate_hz = rate_hz;
    s->size = fft_size_at(1024, rate_hz);
    s->long_size = fft_size_at(8192, rate_hz);
    size_t n = (size_t)s->size, m = (size_t)s->long_size;
    s->batch = fft_batch_hann(s->size);
    s->long_batch = fft_batch_hann(s->long_size);
    s->eight = malloc(FFT_BATCH * n * sizeof(float));
    s->eight_powers = malloc(FFT_BATCH * (n / 2 + 1) * sizeof(float));
    s->long_eight = calloc(FFT_BATCH * m, sizeof(float));
    s->long_powers = malloc(FFT_BATCH * (m / 2 + 1) * sizeof(float));
    if (!s->batch || !s->long_batch || !s->eight || !s->eight_powers || !s->long_eight ||
        !s->long_powers) {
        similarity_free(s);
        return err_set(e, ST_NO_MEMORY, "no memory for similarity");
    }
    enum status st =
        mfcc_new(&s->mel, rate_hz, s->size, SIMILARITY_BANDS, SIMILARITY_COEFFS, e);
    if (st != ST_OK) {
        similarity_free(s);
        return st;
    }
    s->trim = pow(10.0, trim_db / 10.0);
    similarity_bands_init(&s->bands, s->mel);
    *out = s;
    return ST_OK;
}

enum status similarity_for(struct similarity **s, int rate_hz, struct err *e)
{
    if (*s != NULL && (*s)->rate_hz == rate_hz)
        return ST_OK;
    similarity_free(*s);
    return similarity_new(s, rate_hz, e);
}

void similarity_free(struct similarity *s)
{
    if (s == NULL)
        return;
    fft_batch_free(s->batch);
    fft_batch_free(s->long_batch);
    mfcc_free(s->mel);
    free(s->eight);
    free(s->eight_powers);
    free(s->long_eight);
    free(s->long_powers);
    free(s->eights);
    free(s->sounds);
    free(s->mixed);
    free(s->line);
    free(s->levels);
    free(s);
}

/* ---- the sound, trimmed and at full level ---- */

struct sound {
    const float *x; /* with a frame of silence before and behind it */
    size_t frames;
    int rate_hz;
};

static enum status mix(struct similarity *s, const struct audio *a, struct err *e)
{
    if (!array_grow(&s->mixed, &s->mixed_room, a->frames + 1, sizeof *s->mixed))
        return err_set(e, ST_NO_MEMORY, "no memory for %zu frames", a->frames);
    for (size_t i = 0; i < a->frames; i++) {
        double sum = 0.0;
        for (int c = 0; c < a->channels; c++)
            sum += (double)finite_or_0(a->data[i * (size_t)a->channels + (size_t)c]);
        s->mixed[i] = (float)(sum / a->channels);
    }
    return ST_OK;
}

/* Level per block of about 2 ms (fewer, longer ones for long sounds), as power. */
struct envelope {
    double *power;
    size_t count, hop;
    double loudest, sum; /* the latter is a number if all samples are */
};

static enum status envelope_of(struct similarity *s, const float *x, size_t frames,
                               struct envelope *v, struct err *e)
{
    memset(v, 0, sizeof *v);
    v->hop = (size_t)fmax(1.0, 0.002 * s->rate_hz);
    if (frames / v->hop > ENVELOPE_MAX)
        v->hop = frames / ENVELOPE_MAX;
    if (!array_grow(&s->levels, &s->levels_room, frames / v->hop + 1, sizeof *s->levels))
        return err_set(e, ST_NO_MEMORY, "no memory for an envelope");
    v->power = s->levels;
    for (size_t from = 0; from < frames; from += v->hop) {
        size_t n = frames - from < v->hop ? frames - from : v->hop;
        double power = line_square_sum(x + from, n) / (double)v->hop;
        v->power[v->count++] = power;
        v->loudest = fmax(v->loudest, power);
        v->sum += power;
    }
    return ST_OK;
}

/* One channel of numbers, the sound's own where it is that, and its envelope. */
static enum status hear_line(struct similarity *s, const struct audio *a,
                             const float **mono, struct envelope *v, struct err *e)
{
    enum status st = ST_OK;
    *mono = a->data;
    v->sum = (double)NAN;
    if (a->channels == 1)
        st = envelope_of(s, a->data, a->frames, v, e);
    if (st != ST_OK || isfinite(v->sum))
        return st;
    st = mix(s, a, e);
    *mono = s->mixed;
    return st == ST_OK ? envelope_of(s, s->mixed, a->frames, v, e) : st;
}

VEC_INLINE void scale(const float *x, size_t n, float gain, float *to)
{
    size_t i = 0;
    for (; i + VEC <= n; i += VEC)
        VEC_AT(to + i) = VEC_CONST_AT(x + i) * gain;
    for (; i < n; i++)
        to[i] = x[i] * gain;
}

VEC_CLONES(run_scale, scale, (const float *x, size_t n, float gain, float *to),
           (x, n, gain, to))

/* From the first block that is not far below the loudest to the last, at full level, so
 * that every floor is relative; and the envelope of that part, which lies in `v`. */
static enum status trim(struct similarity *s, const float *mono, size_t frames,
                        const struct envelope *v, struct envelope *part, struct sound *w,
                        struct err *e)
{
    double gate = v->loudest * s->trim;
    size_t first = 0, last = v->count, silence = (size_t)s->size;
    while (first < v->count && v->power[first] < gate)
        first++;
    while (last > first && v->power[last - 1] < gate)
        last--;
    *part = *v;
    part->power += first;
    part->count = last - first;
    size_t from = first * v->hop, n = (last - first) * v->hop;
    if (from + n > frames)
        n = frames - from;
    if (!array_grow(&s->line, &s->line_room, n + 2 * silence, sizeof *s->line))
        return err_set(e, ST_NO_MEMORY, "no memory for %zu frames", frames);
    memset(s->line, 0, silence * sizeof *s->line);
    run_scale(mono + from, n, (float)(1.0 / sqrt(v->loudest)), s->line + silence);
    memset(s->line + silence + n, 0, silence * sizeof *s->line);
    *w = (struct sound){s->line + silence, n, s->rate_hz};
    return ST_OK;
}

/* ---- spectra over time ---- */

/* The total of eight spectra. */
VEC_INLINE void add_powers(const float *power, int bins, double *total)
{
    v4d low = {0}, high = {0};
    for (int k = 1; k < bins; k++) {
        low += V4D_FROM(power + VEC * k);
        high += V4D_FROM(power + VEC * k + VEC / 2);
    }
    memcpy(total, &low, sizeof low);
    memcpy(total + VEC / 2, &high, sizeof high);
}

VEC_CLONES(run_add_powers, add_powers, (const float *power, int bins, double *total),
           (power, bins, total))

/* Of the eight frames that begin at x and so far apart. */
static void hear_eight(struct similarity *s, const float *x, int apart,
                       struct similarity_eight *to)
{
    fft_batch_power(s->batch, x, apart, s->eight_powers);
    mfcc_mel_eight(s->mel, s->eight_powers, to->band);
    run_add_powers(s->eight_powers, s->size / 2 + 1, to->power);
}

/* The frames that wait, to the eights they are of. */
static void hear_frames(struct similarity *s)
{
    if (s->frame_count == 0)
        return;
    struct similarity_eight heard;
    hear_eight(s, s->eight, s->size, &heard);
    for (int i = 0; i < s->frame_count; i++) {
        struct similarity_eight *to = &s->eights[s->frame_of[i] / FFT_BATCH];
        size_t lane = s->frame_of[i] % FFT_BATCH;
        for (size_t b = 0; b < SIMILARITY_BANDS; b++)
            to->band[b * FFT_BATCH + lane] = heard.band[b * FFT_BATCH + (size_t)i];
        to->power[lane] = heard.power[i];
    }
    s->frame_count = 0;
}

/* The first frames lie close, the later ones half of one apart or as far as it takes: the
 * attack counts as much as a long tail. Those that are no eight side by side wait for
 * others. */
static enum status spectra(struct similarity *s, struct waiting *now,
                           const struct sound *w, struct err *e)
{
    double close = s->size / 4.0, hop = s->size / 2.0, total = (double)w->frames;
    double stretch = fmax(0.0, total / hop - FRAMES_MAX) /
                     ((double)FRAMES_MAX * (FRAMES_MAX - 1) / 2.0);
    double at[FRAMES_MAX], next = -s->size / 2.0 + close;
    int count = 0;
    for (; count < FRAMES_MAX && next < total; count++) {
        at[count] = next;
        if (count == 0 || (next + s->size / 2.0) / w->rate_hz < attack_s)
            now->attack = count + 1;
        next += count + 1 < CLOSE_FRAMES ? close : hop * (1.0 + stretch * count);
    }
    size_t first = s->eight_count, eights = ((size_t)count + FFT_BATCH - 1) / FFT_BATCH;
    if (!array_grow(&s->eights, &s->eights_room, first + eights, sizeof *s->eights))
        return err_set(e, ST_NO_MEMORY, "no memory for spectra");
    memset(s->eights + first, 0, eights * sizeof *s->eights);
    s->eight_count += eights;
    now->eights = first;
    now->frames = count;
    int i = 0;
    for (; stretch <= 0.0 && i + FFT_BATCH <= count; i += FFT_BATCH)
        hear_eight(s, w->x + (long)at[i], i < CLOSE_FRAMES ? s->size / 4 : s->size / 2,
                   &s->eights[first + (size_t)i / FFT_BATCH]);
    for (; i < count; i++) {
        line_part(w->x, w->frames, (ptrdiff_t)at[i], (size_t)s->size,
                  s->eight + s->frame_count * s->size);
        s->frame_of[s->frame_count++] = first * FFT_BATCH + (size_t)i;
        if (s->frame_count == FFT_BATCH)
            hear_frames(s);
    }
    return ST_OK;
}

static double clamp(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

/* ---- aspects ---- */

static void hear_waiting(struct similarity *s)
{
    if (s->long_count == 0)
        return;
    fft_batch_low_power(s->long_batch, s->long_eight, s->long_size,
                        similarity_pitch_bins(s->long_size, s->rate_hz), s->long_powers);
    struct similarity_pitch *of[FFT_BATCH];
    for (int i = 0; i < s->long_count; i++)
        of[i] = &s->sounds[s->long_of[i]].pitch;
    similarity_pitch_add(of, s->long_count, s->long_powers, s->long_size, s->rate_hz);
    s->long_count = 0;
}

/* Up to LONG_FRAMES_MAX long frames, spread over the sound; a short one lies in the
 * middle of its only one. */
static void queue_pitch(struct similarity *s, size_t sound, const struct sound *w)
{
    long span = (long)w->frames - s->long_size, step = s->long_size / 2;
    if (span / step >= LONG_FRAMES_MAX)
        step = span / (LONG_FRAMES_MAX - 1);
    for (int i = 0; i < LONG_FRAMES_MAX && (i == 0 || i * step <= span); i++) {
        line_part(w->x, w->frames, span < 0 ? span / 2 : i * step, (size_t)s->long_size,
                  s->long_eight + (size_t)s->long_count * (size_t)s->long_size);
        s->long_of[s->long_count++] = sound;
        if (s->long_count == FFT_BATCH)
            hear_waiting(s);
    }
}

/* Level in dB under the loudest, over the `span` blocks from `at`. */
static double level_db(const struct envelope *v, size_t at, size_t span)
{
    double sum = 0.0;
    size_t n = 0;
    for (size_t i = at; i < at + span && i < v->count; i++, n++)
        sum += v->power[i];
    return n == 0 ? floor_db
                  : clamp(power_db(sum / (double)span / v->loudest), floor_db, 0.0);
}

static void envelope_aspect(const struct sound *w, const struct envelope *v, float *out)
{
    static const double shape_ms[SHAPE_POINTS] = {15, 40, 90, 180, 360, 720};
    size_t top = 0, end;
    double block_ms = 1e3 * (double)v->hop / w->rate_hz, sum = 1e-30, moment = 0.0;
    for (size_t i = 0; i < v->count; i++) {
        if (v->power[i] > 0.5 * v->loudest && v->power[top] <= 0.5 * v->loudest)
            top = i;
        sum += v->power[i];
        moment += v->power[i] * (double)i;
    }
    for (end = v->count; end > top + 1 && v->power[end - 1] < 0.01 * v->loudest; end--)
        ;
    out[0] = (float)log2(1.0 + (double)top * block_ms / 4.0);
    out[1] = (float)log2(1.0 + (double)(end - top) * block_ms / 10.0);
    out[2] = (float)log2(1.0 + (double)v->count * block_ms / 20.0);
    out[3] = (float)log2(1.0 + moment / sum * block_ms / 4.0);
    for (int i = 0; i < SHAPE_POINTS; i++) {
        size_t at = (size_t)(shape_ms[i] / block_ms);
        size_t span = (size_t)fmax(1.0, 0.5 * shape_ms[i] / block_ms);
        out[4 + i] = (float)level_db(v, at, span);
    }
}

/* ---- the whole ---- */

static struct waiting *open_sound(struct similarity *s)
{
    if (!array_grow(&s->sounds, &s->room, s->count + 1, sizeof *s->sounds))
        return NULL;
    struct waiting *now = &s->sounds[s->count++];
    memset(now, 0, sizeof *now);
    now->pitch = similarity_pitch_none();
    now->silent = true;
    return now;
}

/* All that needs the sound itself; its raw numbers are complete after finish_all. */
static enum status look_at(struct similarity *s, struct waiting *now, const float *mono,
                           size_t frames, const struct envelope *v, struct err *e)
{
    struct envelope part;
    struct sound w;
    if (!(v->loudest > 1e-14))
        return ST_OK;
    enum status st = trim(s, mono, frames, v, &part, &w, e);
    if (st == ST_OK)
        st = spectra(s, now, &w, e);
    if (st != ST_OK)
        return st;
    queue_pitch(s, (size_t)(now - s->sounds), &w);
    envelope_aspect(&w, &part, now->raw + ENVELOPE_AT);
    now->silent = false;
    return ST_OK;
}

static enum status add_sound(struct similarity *s, const struct audio *a, float *vector,
                             struct err *e)
{
    struct envelope v;
    const float *mono;
    struct waiting *now = open_sound(s);
    if (!now)
        return err_set(e, ST_NO_MEMORY, "no memory for similarity");
    now->vector = vector;
    enum status st = hear_line(s, a, &mono, &v, e);
    return st == ST_OK ? look_at(s, now, mono, a->frames, &v, e) : st;
}

static void finish_all(struct similarity *s)
{
    hear_frames(s);
    hear_waiting(s);
    for (size_t i = 0; i < s->count; i++) {
        struct waiting *now = &s->sounds[i];
        if (now->silent)
            continue;
        similarity_bands_put(&s->bands, s->eights + now->eights, now->frames, now->attack,
                             now->raw + SPECTRUM_AT, now->raw + TIMBRE_AT);
        similarity_pitch_put(&now->pitch, now->raw + PITCH_AT);
    }
}

static void forget_all(struct similarity *s)
{
    s->count = s->eight_count = 0;
}

enum status similarity_raw(struct similarity *s, const struct audio *a,
                           float raw[SIMILARITY_DIM], struct err *e)
{
    memset(raw, 0, SIMILARITY_DIM * sizeof *raw);
    enum status st = add_sound(s, a, NULL, e);
    finish_all(s);
    if (st == ST_OK)
        memcpy(raw, s->sounds[0].raw, SIMILARITY_DIM * sizeof *raw);
    forget_all(s);
    return st;
}

void similarity_standards(double mean[SIMILARITY_DIM], double deviation[SIMILARITY_DIM])
{
    for (int i = 0; i < SIMILARITY_DIM; i++) {
        mean[i] = (double)table_mean[i];
        deviation[i] = (double)table_deviation[i];
    }
}

static void standardise(const float raw[SIMILARITY_DIM], float vector[SIMILARITY_DIM])
{
    for (int i = 0; i < SIMILARITY_DIM; i++) {
        float v = (raw[i] - table_mean[i]) / table_deviation[i];
        vector[i] = isfinite(v) ? (float)clamp((double)v, -8.0, 8.0) : 0.0F;
    }
}

enum status similarity_add(struct similarity *s, const struct audio *a,
                           float vector[SIMILARITY_DIM], struct err *e)
{
    return add_sound(s, a, vector, e);
}

void similarity_finish(struct similarity *s)
{
    finish_all(s);
    for (size_t i = 0; i < s->count; i++)
        standardise(s->sounds[i].raw, s->sounds[i].vector);
    forget_all(s);
}

enum status similarity_vector(struct similarity *s, const struct audio *a,
                              float vector[SIMILARITY_DIM], struct err *e)
{
    enum status st = similarity_add(s, a, vector, e);
    similarity_finish(s);
    return st;
}
