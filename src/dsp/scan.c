#include "dsp/scan.h"

#include "dsp/audio.h"
#include "dsp/track.h"
#include "dsp/vec.h"

#include <stdbool.h>
#include <stdlib.h>

enum { CLIP_RUN = 3, ZERO_RUN = 32 };

/* The largest positive 16-bit value counts as full scale. */
static const float FULL_SCALE = 0.99996f;

struct scan {
    int channels;
    int *clip_run; /* per channel: samples at full scale up to now */
    int64_t zero_run;
    float *last;  /* the frame before this hop */
    float *clean; /* a hop without its non-finite samples */
    bool started, headroom;
    struct scan_totals totals;
};

/* What one look at all samples of a hop finds; each decides about a slower second look.
 */
struct first_look {
    int nonfinite, loud, zeros, moved;
    double square;
    double side; /* Σ ±x, + where the index is even */
};

struct scan *scan_new(int channels, int hop)
{
    struct scan *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    size_t width = (size_t)channels;
    s->channels = channels;
    s->clip_run = calloc(width, sizeof *s->clip_run);
    s->last = calloc(width, sizeof *s->last);
    s->clean = malloc(width * (size_t)hop * sizeof *s->clean);
    if (!s->clip_run || !s->last || !s->clean) {
        scan_free(s);
        return NULL;
    }
    return s;
}

void scan_free(struct scan *s)
{
    if (!s)
        return;
    free(s->clip_run);
    free(s->last);
    free(s->clean);
    free(s);
}

void scan_headroom(struct scan *s)
{
    s->headroom = true;
}

const struct scan_totals *scan_totals(const struct scan *s)
{
    return &s->totals;
}

VEC_INLINE void look(const float *x, int n, int channels, struct first_look *found)
{
    const int exponent = 0x7f800000, magnitude = 0x7fffffff;
    v8i nonfinite = {0}, loud = {0}, moved = {0}, zeros = {0}, most_zeros = {0};
    v8f square = {0}, sum = {0};
    int i = 0;
    for (; i + VEC <= n; i += VEC) {
        v8f v = VEC_CONST_AT(x + i);
        v8i bits = (v8i)v & magnitude;
        nonfinite |= (bits & exponent) == exponent;
        loud |= (v8f)bits >= FULL_SCALE;
        zeros = (zeros - 1) & (bits == 0);
        v8i more = zeros < most_zeros;
        most_zeros = (zeros & more) | (most_zeros & ~more);
        if (i >= channels)
            moved |= v != VEC_CONST_AT(x + i - channels);
        square += v * v;
        sum += v;
    }
    sum *= (v8f){1, -1, 1, -1, 1, -1, 1, -1};
    v8i many = most_zeros <= -(ZERO_RUN / VEC - 1);
    *found = (struct first_look){.nonfinite = vec_any(&nonfinite),
                                 .loud = vec_any(&loud),
                                 .zeros = vec_any(&many),
                                 .moved = vec_any(&moved),
                                 .square = vec_sum(&square),
                                 .side = vec_sum(&sum)};
    for (; i < n; i++) {
        found->nonfinite |= !isfinite(x[i]);
        found->loud |= fabsf(x[i]) >= FULL_SCALE;
        found->square += (double)x[i] * (double)x[i];
        found->side += i % 2 ? -(double)x[i] : (double)x[i];
    }
}

VEC_CLONES(look_at, look, (const float *x, int n, int channels, struct first_look *found),
           (x, n, channels, found))

VEC_INLINE void sum_up(const float *mono, int frames, struct scan_hop *out)
{
    v8f square = {0}, sum = {0}, peak = {0};
    int i = 0;
    for (; i + VEC <= frames; i += VEC) {
        v8f v = VEC_CONST_AT(mono + i);
        square += v * v;
        sum += v;
        v8f size = v;
        vec_abs(&size);
        vec_max(&peak, &size);
    }
    out->mean_square = vec_sum(&square);
    out->sum = vec_sum(&sum);
    out->peak = (double)vec_top(&peak);
    for (; i < frames; i++) {
        double v = (double)mono[i];
        out->mean_square += v * v;
        out->sum += v;
        out->peak = fmax(out->peak, fabs(v));
    }
    out->mean_square /= frames;
}

VEC_CLONES(mono_stats, sum_up, (const float *mono, int frames, struct scan_hop *out),
           (mono, frames, out))

static void count_clipping(struct scan *s, const float *x, int frames, unsigned *flags)
{
    for (int i = 0; i < frames; i++)
        for (int c = 0; c < s->channels; c++) {
            int *run = &s->clip_run[c];
            float v = x[i * s->channels + c];
            float last = i > 0 ? x[(i - 1) * s->channels + c] : s->last[c];
            bool whole = s->headroom && fabsf(v) > 1 && v != last;
            if (whole || !(fabsf(v) >= FULL_SCALE)) {
                *run = 0;
                continue;
            }
            /* Saturates one above the limit: only "just reached" and "goes on" matter. */
            *run += *run <= CLIP_RUN;
            if (*run < CLIP_RUN)
                continue;
            *flags |= TRACK_CLIPPED;
            s->totals.clipped_runs += *run == CLIP_RUN;
            s->totals.clipped_samples += *run == CLIP_RUN ? CLIP_RUN : 1;
        }
}

static bool frame_is_zero(const float *frame, int channels)
{
    for (int c = 0; c < channels; c++)
        if (frame[c] != 0)
            return false;
    return true;
}

static void count_zeros(struct scan *s, const float *x, int frames, unsigned *flags)
{
    int zeros = 0;
    for (int i = 0; i < frames; i++) {
        if (!frame_is_zero(x + i * s->channels, s->channels)) {
            s->zero_run = 0;
            continue;
        }
        zeros++;
        s->zero_run++;
        if (s->zero_run < ZERO_RUN)
            continue;
        *flags |= TRACK_HAS_ZERO;
        s->totals.zero_frames += s->zero_run == ZERO_RUN ? ZERO_RUN : 1;
    }
    if (zeros == frames)
        *flags |= TRACK_ZERO;
}

/* The vectors compare only within the hop and leave a rest. */
static bool moved_at_the_edges(const struct scan *s, const float *x, int n)
{
    int width = s->channels;
    for (int c = 0; c < width && s->started; c++)
        if (x[c] != s->last[c])
            return true;
    for (int i = n - n % VEC > width ? n - n % VEC : width; i < n; i++)
        if (x[i] != x[i - width])
            return true;
    /* Vectors that begin inside the first frame were passed over. */
    for (int i = width; i < n && i < width + VEC; i++)
        if (x[i] != x[i - width])
            return true;
    return false;
}

static const float *scrub(struct scan *s, const float *x, int n, unsigned *flags)
{
    *flags |= TRACK_NONFINITE;
    for (int i = 0; i < n; i++) {
        bool ok = isfinite(x[i]);
        s->clean[i] = ok ? x[i] : 0.0f;
        s->totals.nonfinite_samples += !ok;
    }
    return s->clean;
}

void scan_next(struct scan *s, const float *x, int frames, float *mono,
               struct scan_hop *out)
{
    int n = frames * s->channels;
    struct first_look found;
    *out = (struct scan_hop){0};
    look_at(x, n, s->channels, &found);
    if (found.nonfinite) {
        x = scrub(s, x, n, &out->flags);
        look_at(x, n, s->channels, &found);
    }
    out->clean = x;
    out->energy = found.square / frames;
    out->side = s->channels == 2 ? 0.5 * found.side : 0;
    if (found.loud)
        count_clipping(s, x, frames, &out->flags);
    else
        memset(s->clip_run, 0, (size_t)s->channels * sizeof *s->clip_run);
    const float *last = x + (size_t)(n - s->channels);
    if (found.zeros || s->zero_run || frame_is_zero(last, s->channels))
        count_zeros(s, x, frames, &out->flags);
    if (!found.moved && !moved_at_the_edges(s, x, n))
        out->flags |= TRACK_STUCK;
    memcpy(s->last, last, (size_t)s->channels * sizeof *last);
    s->started = true;
    audio_fold(x, (size_t)frames, s->channels, mono);
    mono_stats(mono, frames, out);
}
