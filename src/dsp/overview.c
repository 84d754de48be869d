#include "dsp/overview.h"

#include "core/array.h"
#include "dsp/line.h"
#include "dsp/vec.h"

#include <stdlib.h>

enum { CHUNK = 1 << 10, GROUP = 8, LEVELS_MAX = 20, CODE_MAX = 127 };

/* Codes ±1 … ±127 stand for magnitudes from −84 dB to 0 dB in equal ratios, 0 for 0. An
 * RMS has 255 codes for −100 dB to 0 dB. */
static const double SAMPLE_FLOOR_DB = -84, RMS_FLOOR_DB = -100;

struct bin {
    int8_t min, max;
    uint8_t rms;
};

/* One level of the pyramid, in chunks so that growing never copies. */
struct level {
    struct bin **chunk;
    size_t chunks, count;
};

struct overview {
    int bin_frames, channels;
    int64_t frames;
    float *partial; /* an unfinished finest bin, interleaved */
    int held;
    struct level level[LEVELS_MAX];
    double sample_value[CODE_MAX + 1], rms_value[256];
};

struct overview *overview_new(int bin_frames)
{
    if (bin_frames < 1)
        return NULL;
    struct overview *o = calloc(1, sizeof *o);
    if (!o)
        return NULL;
    o->bin_frames = bin_frames;
    for (int i = 1; i <= CODE_MAX; i++)
        o->sample_value[i] =
            pow(10, SAMPLE_FLOOR_DB / 20 * (CODE_MAX - i) / (CODE_MAX - 1));
    for (int i = 1; i < 256; i++)
        o->rms_value[i] = pow(10, RMS_FLOOR_DB / 20 * (255 - i) / 254);
    return o;
}

void overview_free(struct overview *o)
{
    if (!o)
        return;
    for (int l = 0; l < LEVELS_MAX; l++) {
        for (size_t i = 0; i < o->level[l].chunks; i++)
            free(o->level[l].chunk[i]);
        free(o->level[l].chunk);
    }
    free(o->partial);
    free(o);
}

static struct bin *bin_at(const struct level *l, size_t i)
{
    return &l->chunk[i / CHUNK][i % CHUNK];
}

static int add_chunk(struct level *l)
{
    if (!array_resize(&l->chunk, l->chunks + 1, sizeof *l->chunk))
        return 0;
    l->chunk[l->chunks] = malloc(CHUNK * sizeof **l->chunk);
    return l->chunk[l->chunks++] != NULL;
}

static int sample_code(double magnitude)
{
    if (magnitude <= 0.5 * 6.31e-5)
        return 0;
    double code =
        CODE_MAX - 20 * log10(fmin(magnitude, 1)) / SAMPLE_FLOOR_DB * (CODE_MAX - 1);
    return (int)fmax(1, fmin(floor(code + 0.5), CODE_MAX));
}

static int rms_code(double rms)
{
    if (rms <= 0.5e-5)
        return 0;
    double code = 255 - 20 * log10(fmin(rms, 1)) / RMS_FLOOR_DB * 254;
    return (int)fmax(1, fmin(floor(code + 0.5), 255));
}

struct extent {
    float min, max;
    double square;
    int nonfinite;
};

VEC_INLINE void measure(const float *x, int n, struct extent *e)
{
    const int exponent = 0x7f800000;
    v8f square = {0}, low, high;
    v8i nonfinite = {0};
    int i = 0;
    vec_set(&low, x[0]);
    high = low;
    for (; i + VEC <= n; i += VEC) {
        v8f v = VEC_CONST_AT(x + i);
        nonfinite |= ((v8i)v & exponent) == exponent;
        vec_min(&low, &v);
        vec_max(&high, &v);
        square += v * v;
    }
    *e = (struct extent){.min = x[0],
                         .max = x[0],
                         .square = vec_sum(&square),
                         .nonfinite = vec_any(&nonfinite)};
    for (int k = 0; k < VEC; k++) {
        e->min = low[k] < e->min ? low[k] : e->min;
        e->max = high[k] > e->max ? high[k] : e->max;
    }
    for (; i < n; i++) {
        e->nonfinite |= !isfinite(x[i]);
        e->min = x[i] < e->min ? x[i] : e->min;
        e->max = x[i] > e->max ? x[i] : e->max;
        e->square += (double)x[i] * (double)x[i];
    }
}

VEC_CLONES(measure_bin, measure, (const float *x, int n, struct extent *e), (x, n, e))

static enum status append(struct overview *o, int l, const struct bin *bin, struct err *e)
{
    struct level *level = &o->level[l];
    if (level->count == level->chunks * CHUNK && !add_chunk(level))
        return err_set(e, ST_NO_MEMORY, "no memory for the overview of a recording");
    *bin_at(level, level->count++) = *bin;
    if (level->count % GROUP || l + 1 == LEVELS_MAX)
        return ST_OK;
    struct bin group = {.min = INT8_MAX, .max = INT8_MIN};
    double square = 0;
    for (size_t i = level->count - GROUP; i < level->count; i++) {
        const struct bin *b = bin_at(level, i);
        group.min = b->min < group.min ? b->min : group.min;
        group.max = b->max > group.max ? b->max : group.max;
        square += o->rms_value[b->rms] * o->rms_value[b->rms];
    }
    group.rms = (uint8_t)rms_code(sqrt(square / GROUP));
    return append(o, l + 1, &group, e);
}

static int8_t signed_code(float x)
{
    int code = sample_code(fabs((double)x));
    return (int8_t)(x < 0 ? -code : code);
}

/* NaN and infinity are measured as 0, on a copy. */
static enum status add_bin(struct overview *o, const float *x, int samples, struct err *e)
{
    struct extent extent;
    measure_bin(x, samples, &extent);
    if (extent.nonfinite) {
        for (int i = 0; i < samples; i++)
            o->partial[i] = finite_or_0(x[i]);
        measure_bin(o->partial, samples, &extent);
    }
    struct bin bin = {.min = signed_code(extent.min),
                      .max = signed_code(extent.max),
                      .rms = (uint8_t)rms_code(sqrt(extent.square / samples))};
    return append(o, 0, &bin, e);
}

enum status overview_push(struct overview *o, const float *interleaved, size_t frames,
                          int channels, struct err *e)
{
    size_t width = (size_t)channels, size = (size_t)o->bin_frames;
    if (!o->partial) {
        o->partial = malloc(size * width * sizeof *o->partial);
        o->channels = channels;
    }
    if (!o->partial || channels != o->channels)
        return err_set(e, ST_NO_MEMORY, "no memory for the overview of a recording");
    o->frames += (int64_t)frames;
    while (frames > 0) {
        enum status st = ST_OK;
        size_t held = (size_t)o->held, n = size - held < frames ? size - held : frames;
        if (n == size) {
            st = add_bin(o, interleaved, (int)(size * width), e);
        } else {
            memcpy(o->partial + held * width, interleaved, n * width * sizeof(float));
            o->held += (int)n;
            if (o->held == o->bin_frames) {
                o->held = 0;
                st = add_bin(o, o->partial, (int)(size * width), e);
            }
        }
        if (st != ST_OK)
            return st;
        interleaved += n * width;
        frames -= n;
    }
    return ST_OK;
}

enum status overview_finish(struct overview *o, struct err *e)
{
    if (!o->held)
        return ST_OK;
    int samples = o->held * o->channels;
    o->held = 0;
    return add_bin(o, o->partial, samples, e);
}

/* Finest bins [first, last), taken from the coarsest levels that fit. */
static struct overview_column column_of(const struct overview *o, size_t first,
                                        size_t last)
{
    int min = INT8_MAX, max = INT8_MIN;
    double square = 0;
    for (size_t at = first; at < last;) {
        int l = 0;
        size_t span = 1;
        while (l + 1 < LEVELS_MAX && at % (span * GROUP) == 0 &&
               at + span * GROUP <= last) {
            l++;
            span *= GROUP;
        }
        const struct bin *b = bin_at(&o->level[l], at / span);
        min = b->min < min ? b->min : min;
        max = b->max > max ? b->max : max;
        square += o->rms_value[b->rms] * o->rms_value[b->rms] * (double)span;
        at += span;
    }
    double low = o->sample_value[abs(min)], high = o->sample_value[abs(max)];
    return (struct overview_column){
        .min = (float)(min < 0 ? -low : low),
        .max = (float)(max < 0 ? -high : high),
        .rms = (float)sqrt(square / (double)(last - first)),
    };
}

void overview_columns(const struct overview *o, int64_t start, int64_t end, size_t n,
                      struct overview_column *columns)
{
    int64_t span = end - start, size = o->bin_frames;
    for (size_t c = 0; c < n; c++) {
        columns[c] = (struct overview_column){0};
        int64_t from = start + (int64_t)((double)span * (double)c / (double)n);
        int64_t to = start + (int64_t)((double)span * (double)(c + 1) / (double)n);
        if (to <= from)
            to = from + 1;
        if (from < 0)
            from = 0;
        if (to > o->frames)
            to = o->frames;
        if (span > 0 && from < to)
            columns[c] =
                column_of(o, (size_t)(from / size), (size_t)((to + size - 1) / size));
    }
}

float overview_peak(const struct overview *o)
{
    if (o->level[0].count == 0)
        return 0;
    struct overview_column all = column_of(o, 0, o->level[0].count);
    return fmaxf(fabsf(all.min), fabsf(all.max));
}

size_t overview_bytes(const struct overview *o)
{
    size_t bytes =
        sizeof *o + (size_t)o->bin_frames * (size_t)o->channels * sizeof(float);
    for (int l = 0; l < LEVELS_MAX; l++)
        bytes += o->level[l].chunks * (CHUNK * sizeof(struct bin) + sizeof(struct bin *));
    return bytes;
}
