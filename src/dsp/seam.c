#include "dsp/seam.h"
#include "dsp/fft.h"
#include "dsp/fft_batch.h"
#include "dsp/line.h"
#include "dsp/log_bands.h"
#include "dsp/mixdown.h"
#include "dsp/onset.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rounding alone may lift a ratio above 1 on material that repeats exactly. */
#define RATIO_LIMIT 1.0001
#define RATIO_TOP   1000.0
#define ROOM        0.75
/* The usual step and bend are exceeded by one of so many. */
enum { ONE_OF = 1000 };

/* ---- the largest of many ---- */

/* The `count` largest yet, falling; few come to it. */
struct top {
    float *at;
    size_t count, held;
};

static inline void top_add(struct top *t, float v)
{
    if (t->held == t->count && v <= t->at[t->held - 1])
        return;
    size_t i = t->held < t->count ? t->held++ : t->held - 1;
    for (; i > 0 && t->at[i - 1] < v; i--)
        t->at[i] = t->at[i - 1];
    t->at[i] = v;
}

static double top_last(const struct top *t)
{
    return (double)t->at[t->count - 1];
}

/* The value below which `part` of the n values lie, which are put in another order. */
static double percentile(double *values, size_t n, double part)
{
    if (n == 0)
        return 0.0;
    size_t low = 0, high = n - 1, rank = (size_t)floor(part * (double)(n - 1));
    while (low < high) {
        double pivot = values[low + (high - low) / 2];
        size_t i = low, j = high;
        for (;; i++, j--) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i >= j)
                break;
            double swapped = values[i];
            values[i] = values[j];
            values[j] = swapped;
        }
        if (rank <= j)
            high = j;
        else
            low = j + 1;
    }
    return values[rank];
}

/* ---- step and slope ---- */

static double ratio_to(double value, double limit)
{
    if (value <= limit)
        return limit > 0.0 ? value / limit : 0.0;
    return limit > value / RATIO_TOP ? value / limit : RATIO_TOP;
}

struct ground {
    size_t frames, channels;
    int rate_hz;
    const float *sound; /* interleaved, finite */
    float *scrubbed;    /* what it points to when the loop itself is not finite */
    float *mono;        /* one turn of the loop */
    float *scratch;     /* a frame that ends at the join: no longer than the loop */
    double *energy;     /* running sum of squares over all channels, frames + 1 */
    double *list;
    float *top; /* 2 · (frames / ONE_OF + 1) */
};

/* Frames a look apart, so that a long loop costs no more than a second of it. */
static size_t looks_apart(const struct ground *g)
{
    size_t apart = g->frames / (size_t)g->rate_hz;
    return apart < 1 ? 1 : apart;
}

static void measure_steps(const struct ground *g, struct seam *out)
{
    size_t n = g->frames, apart = looks_apart(g), next = g->channels, after = 2 * next;
    size_t step_looks = (n - 2) / apart + 1, bend_looks = (n - 3) / apart + 1;
    for (size_t c = 0; c < g->channels; c++) {
        const float *x = g->sound + c;
        struct top steps = {.at = g->top, .count = step_looks / ONE_OF + 1};
        struct top bends = {.at = g->top + steps.count, .count = bend_looks / ONE_OF + 1};
        for (size_t i = 0; i + 2 < n; i += apart) {
            const float *at = x + i * next;
            top_add(&steps, fabsf(at[next] - at[0]));
            top_add(&bends, fabsf(at[after] - 2.0f * at[next] + at[0]));
        }
        if (step_looks > bend_looks)
            top_add(&steps, fabsf(x[(n - 1) * next] - x[(n - 2) * next]));
        float first = x[0], second = x[next];
        float last = x[(n - 1) * next], before = x[(n - 2) * next];
        double step = (double)fabsf(first - last);
        double bend = fmax((double)fabsf(first - 2.0f * last + before),
                           (double)fabsf(second - 2.0f * first + last));
        out->step = fmax(out->step, ratio_to(step, top_last(&steps)));
        out->slope = fmax(out->slope, ratio_to(bend, top_last(&bends)));
    }
    out->step_ok = out->step <= RATIO_LIMIT && out->slope <= RATIO_LIMIT;
}

/* ---- level ---- */

/* Mean energy of `length` frames from `start`, which lies less than a turn before or
 * behind the loop. */
static double energy_at(const struct ground *g, ptrdiff_t start, size_t length)
{
    ptrdiff_t n = (ptrdiff_t)g->frames;
    size_t a = (size_t)(start < 0 ? start + n : start < n ? start : start - n);
    size_t b = a + length;
    double sum = b <= g->frames
                     ? g->energy[b] - g->energy[a]
                     : g->energy[g->frames] - g->energy[a] + g->energy[b - g->frames];
    return fmax(sum, 0.0) / (double)length + 1e-18;
}

/* The greater by the lesser: what has no logarithm yet. */
static double apart_by(double a, double b)
{
    return a > b ? a / b : b / a;
}

static double level_step(const struct ground *g, size_t at, size_t block)
{
    double before = energy_at(g, (ptrdiff_t)at - (ptrdiff_t)block, block);
    return apart_by(before, energy_at(g, (ptrdiff_t)at, block));
}

static double dip_at(const struct ground *g, size_t at, size_t span)
{
    ptrdiff_t centre = (ptrdiff_t)at - (ptrdiff_t)(span / 2);
    double sides = energy_at(g, centre - (ptrdiff_t)span, span) +
                   energy_at(g, centre + (ptrdiff_t)span, span);
    return apart_by(0.5 * sides, energy_at(g, centre, span));
}

static double decibels(double ratio)
{
    return 10.0 * log10(ratio);
}

static size_t frames_of(const struct ground *g, double seconds)
{
    double frames = round(seconds * g->rate_hz);
    return frames < 2.0 ? 2 : (size_t)frames;
}

static void measure_level(const struct ground *g, struct seam *out)
{
    size_t block = frames_of(g, 0.05), n = 0;
    for (size_t at = block; at + block <= g->frames; at += block / 2)
        g->list[n++] = level_step(g, at, block);
    out->level_db = decibels(level_step(g, 0, block));
    out->level_limit_db = fmax(1.0, decibels(percentile(g->list, n, 0.95)));

    static const double spans_s[] = {0.005, 0.02, 0.08};
    out->dip_limit_db = 3.0;
    for (size_t k = 0; k < 3; k++) {
        size_t span = frames_of(g, spans_s[k]), count = 0;
        if (4 * span > g->frames)
            break;
        for (size_t at = 2 * span; at + 2 * span <= g->frames; at += span / 4)
            g->list[count++] = dip_at(g, at, span);
        double dip = decibels(dip_at(g, 0, span));
        double limit = fmax(3.0, 1.1 * decibels(percentile(g->list, count, 0.99)));
        if (dip / limit >= out->dip_db / out->dip_limit_db) {
            out->dip_db = dip;
            out->dip_limit_db = limit;
        }
    }
    out->level_ok =
        out->level_db <= out->level_limit_db && out->dip_db <= out->dip_limit_db;
}

/* ---- spectrum ---- */

static void copy_round(const struct ground *g, ptrdiff_t start, size_t length, float *to)
{
    ptrdiff_t n = (ptrdiff_t)g->frames;
    line_copy_round(g->mono, g->frames, (size_t)(start % n + n), length, to);
}

/* By the bands of `count` frames, those `apart` from each other side by side, and of the
 * last before the join. */
static void judge_spectrum(const struct ground *g, float (*db)[LOG_BANDS], size_t count,
                           size_t apart, struct seam *out)
{
    double top = -200.0;
    for (size_t i = 0; i < count; i++)
        top = fmax(top, log_bands_top(db[i]));
    double floor_db = top - 60.0;
    size_t pairs = 0;
    for (size_t i = 0; i + apart < count; i++)
        g->list[pairs++] = log_bands_distance(db[i], db[i + apart], floor_db);
    out->spectrum_db = log_bands_distance(db[count], db[0], floor_db);
    out->spectrum_limit_db = fmax(0.5, percentile(g->list, pairs, 0.95));
    out->spectrum_ok = out->spectrum_db <= out->spectrum_limit_db;
}

static enum status measure_spectrum(const struct ground *g, struct seam *out,
                                    struct err *e)
{
    int frame = fft_size_at(4096, g->rate_hz);
    while ((size_t)frame * 4 > g->frames && frame > 2 * LOG_BANDS_FRAME_MIN)
        frame = fft_next_fast(frame / 2);
    frame = frame < LOG_BANDS_FRAME_MIN ? LOG_BANDS_FRAME_MIN : frame;
    /* Long loops have frames enough without overlapping them. */
    size_t length = (size_t)frame, apart = g->frames > 24 * length ? 1 : 2;
    size_t hop = length / apart;
    size_t count = (g->frames - length) / hop + 1;
    struct log_bands *bands = log_bands_new(frame, g->rate_hz);
    const float **at = malloc((count + 1) * sizeof *at);
    float(*db)[LOG_BANDS] = malloc((count + 1) * sizeof *db);
    enum status st = ST_OK;
    if (bands && at && db) {
        for (size_t i = 0; i < count; i++)
            at[i] = g->mono + i * hop;
        copy_round(g, -(ptrdiff_t)length, length, g->scratch);
        at[count] = g->scratch;
        log_bands_measure(bands, at, count + 1, db);
        judge_spectrum(g, db, count, apart, out);
    } else {
        st = err_set(e, ST_NO_MEMORY, "no memory to measure a loop's join");
    }
    log_bands_free(bands);
    free(at);
    free(db);
    return st;
}

/* ---- onset ---- */

#define ONSET_BEFORE_S 0.5
#define ONSET_AFTER_S  0.25
#define ONSET_NEAR_S   0.03
/* Picked down to this part of the threshold, so that a seam's distance to an onset shows.
 */
#define ONSET_PART 0.25

/* What flux_round_join needs, for frames of `size`. */
struct flux {
    struct onset_filter *filter;
    struct fft_batch *fft;
    float *rows, *powers; /* of eight frames */
    float *novelty;
    int size, hop;
};

static bool flux_init(struct flux *f, int size, int hop, int rate_hz, size_t most)
{
    size_t n = (size_t)size, bins = FFT_BATCH * (n / 2 + 1);
    *f = (struct flux){.size = size, .hop = hop};
    f->filter = onset_filter_new(rate_hz, size, hop);
    f->fft = fft_batch_hann(size);
    f->rows = calloc(FFT_BATCH * n, sizeof *f->rows);
    f->powers = malloc(bins * sizeof *f->powers);
    f->novelty = malloc(most * sizeof *f->novelty);
    return f->filter && f->fft && f->rows && f->powers && f->novelty;
}

static void flux_done(struct flux *f)
{
    onset_filter_free(f->filter);
    fft_batch_free(f->fft);
    free(f->rows);
    free(f->powers);
    free(f->novelty);
}

static size_t flux_round_join(const struct ground *g, struct flux *f)
{
    size_t size = (size_t)f->size, count = 0;
    int filled;
    ptrdiff_t at = -(ptrdiff_t)frames_of(g, ONSET_BEFORE_S) - f->size / 2;
    ptrdiff_t end = (ptrdiff_t)frames_of(g, ONSET_AFTER_S) - f->size / 2;
    while (at < end) {
        for (filled = 0; filled < FFT_BATCH && at < end; filled++, at += f->hop)
            copy_round(g, at, size, f->rows + (size_t)filled * size);
        fft_batch_power(f->fft, f->rows, f->size, f->powers);
        struct onset_frame frames[FFT_BATCH];
        onset_filter_push(f->filter, f->powers, filled, frames);
        for (int i = 0; i < filled; i++)
            f->novelty[count++] = frames[i].novelty;
    }
    return count;
}

static enum status measure_onset(const struct ground *g, struct seam *out, struct err *e)
{
    int size = onset_size_at(g->rate_hz);
    int hop = (int)lround(ONSET_HOP_S * g->rate_hz);
    hop = hop < 1 ? 1 : hop;
    size_t most =
        (frames_of(g, ONSET_BEFORE_S + ONSET_AFTER_S) + (size_t)size) / (size_t)hop + 2;
    struct flux flux;
    struct onset_list found = {0};
    enum status st = ST_NO_MEMORY;
    if (flux_init(&flux, size, hop, g->rate_hz, most)) {
        size_t n = flux_round_join(g, &flux);
        struct novelty novelty = {
            .at = flux.novelty, .n = n, .hop_s = (double)hop / g->rate_hz};
        struct onset_params p = onset_params_default();
        p.threshold *= ONSET_PART;
        st = onset_pick(&novelty, &p, &found, e);
    } else {
        err_set(e, st, "no memory to measure a loop's join");
    }
    for (size_t i = 0; i < found.count; i++)
        if (fabs(found.at[i].time_s - ONSET_BEFORE_S) <= ONSET_NEAR_S)
            out->onset = fmax(out->onset, (double)found.at[i].strength * ONSET_PART);
    out->onset_ok = out->onset <= 1.0;
    onset_list_done(&found);
    flux_done(&flux);
    return st;
}

/* ---- error against the recording ---- */

#define TAIL_S 0.005

static double measure_error_db(const struct ground *g, const float *before,
                               size_t before_frames)
{
    size_t tail = frames_of(g, TAIL_S);
    tail = tail < before_frames ? tail : before_frames;
    if (!before || tail == 0)
        return (double)NAN;
    const float *ours = g->sound + (g->frames - tail) * g->channels;
    const float *theirs = before + (before_frames - tail) * g->channels;
    double sum = 0.0;
    for (size_t i = 0; i < tail * g->channels; i++) {
        double d = (double)ours[i] - (double)finite_or_0(theirs[i]);
        sum += d * d;
    }
    double loop = g->energy[g->frames] / (double)g->frames;
    if (sum <= 0.0)
        return -200.0;
    return fmax(-200.0, 10.0 * log10(sum / (double)tail / fmax(loop, DBL_MIN)));
}

/* ---- all of it ---- */

static void ground_done(struct ground *g)
{
    free(g->scrubbed);
    free(g->mono);
    free(g->scratch);
    free(g->energy);
    free(g->list);
    free(g->top);
}

static bool scrub(struct ground *g, const struct audio *loop)
{
    size_t samples = g->frames * g->channels;
    g->sound = loop->data;
    if (line_is_finite(loop->data, samples))
        return true;
    g->sound = g->scrubbed = malloc(samples * sizeof(float));
    if (!g->scrubbed)
        return false;
    memcpy(g->scrubbed, loop->data, samples * sizeof(float));
    line_scrub(g->scrubbed, samples);
    return true;
}

static enum status ground_init(struct ground *g, const struct audio *loop, struct err *e)
{
    size_t n = loop->frames, channels = (size_t)loop->channels;
    *g = (struct ground){.frames = n, .channels = channels, .rate_hz = loop->rate_hz};
    g->mono = malloc(n * sizeof(float));
    g->scratch = malloc(n * sizeof(float));
    g->energy = malloc((n + 1) * sizeof(double));
    g->list = malloc((n + 1) * sizeof(double));
    g->top = malloc(2 * (n / ONE_OF + 1) * sizeof *g->top);
    if (!scrub(g, loop) || !g->mono || !g->scratch || !g->energy || !g->list || !g->top) {
        ground_done(g);
        return err_set(e, ST_NO_MEMORY, "no memory to measure a loop's join");
    }
    line_running_energy(g->sound, n, channels, g->energy);
    mixdown(loop, g->mono);
    return ST_OK;
}

static double worst(const struct seam *s)
{
    double w = fmax(fmax(s->step, s->slope), s->onset);
    w = fmax(w, s->level_db / s->level_limit_db);
    w = fmax(w, s->dip_db / s->dip_limit_db);
    return fmax(w, s->spectrum_db / s->spectrum_limit_db);
}

/* By the criteria measured so far, which `ok` tells of. */
static bool beaten(const struct seam *s, bool ok, const struct seam *rival)
{
    return !ok && rival && (rival->seamless || worst(s) >= worst(rival));
}

/* Criterion by criterion, the dear ones last. */
static enum status measure_all(const struct ground *g, const struct seam *rival,
                               struct seam *out, struct err *e)
{
    measure_steps(g, out);
    if (beaten(out, out->step_ok, rival))
        return ST_NOTHING;
    measure_level(g, out);
    bool ok = out->step_ok && out->level_ok;
    if (beaten(out, ok, rival))
        return ST_NOTHING;
    enum status st = measure_spectrum(g, out, e);
    ok = ok && out->spectrum_ok;
    if (st == ST_OK && beaten(out, ok, rival))
        return ST_NOTHING;
    if (st == ST_OK)
        st = measure_onset(g, out, e);
    out->seamless = ok && out->onset_ok;
    return st;
}

enum status seam_measure_against(const struct audio *loop, const float *before,
                                 size_t before_frames, const struct seam *rival,
                                 struct seam *out, struct err *e)
{
    *out = (struct seam){.level_limit_db = 1.0,
                         .dip_limit_db = 1.0,
                         .spectrum_limit_db = 1.0,
                         .seam_error_db = (double)NAN};
    if (loop->channels < 1 || (double)loop->frames < SEAM_MIN_S * loop->rate_hz)
        return err_set(e, ST_EMPTY, "the loop is too short to judge its join");
    struct ground g;
    enum status st = ground_init(&g, loop, e);
    if (st != ST_OK)
        return st;
    st = measure_all(&g, rival, out, e);
    if (st == ST_OK)
        out->seam_error_db = measure_error_db(&g, before, before_frames);
    out->judged = st == ST_OK;
    ground_done(&g);
    return st;
}

enum status seam_measure(const struct audio *loop, struct seam *out, struct err *e)
{
    return seam_measure_against(loop, NULL, 0, NULL, out, e);
}

double seam_quality(const struct seam *s)
{
    double w = worst(s);
    return 1.0 / (1.0 + w * w);
}

bool seam_roomy(const struct seam *s)
{
    return s->seamless && worst(s) <= ROOM;
}

bool seam_better(const struct seam *a, const struct seam *b)
{
    if (a->seamless != b->seamless)
        return a->seamless;
    return worst(a) < worst(b);
}

bool seam_audible(const struct seam *s)
{
    return !s->seamless && worst(s) >= 2.0;
}
