#include "dsp/separate.h"

#include "core/array.h"
#include "dsp/fft.h"
#include "dsp/fft_batch.h"
#include "dsp/vec.h"
#include "dsp/window.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "dsp/medians.h"

enum {
    FRAME_44K1 = 4096,
    OVERLAP = 4,
    REACH = FFT_BATCH, /* of the medians, to either side: a batch, so that one more is
                        * enough to know them */
    ROWS = 3 * FFT_BATCH
};
_Static_assert((int)FFT_BATCH == (int)VEC && 2 * REACH + 1 == (int)MEDIAN_WIDTH,
               "frames in lanes, medians of eight of them");

/* In power. Where the second is larger, less is left of drums among what sustains, and
 * less of what sustains under drums: worked out in docs/dsp.md. */
static const float above_median = 1.5F * 1.5F, struck_weight = 3.0F;
static const float least_power = 1e-12F;

/* What is struck loses nothing above treble_hz, and ever more of what sustains from there
 * down to below_hz. Few notes reach so high; what rings there are cymbals. */
static const float below_hz = 4000, treble_hz = 6000;

struct separator {
    int channels, n, hop;
    int bins, wide; /* n / 2 + 1; and up to the next multiple of VEC */
    bool struck;
    struct fft_batch *fft;
    float *window; /* of the way back, with what makes its squares add up to 1 */
    float *line;   /* by channel: what the next eight frames see */
    /* Of eight frames, and of the eight after them, the frames in lanes: */
    float *spectra; /* by channel; as fft_batch_spectra */
    float *across;  /* powers, with margins that mirror the ends */
    float *powers;  /* ROWS of them, a frame a row */
    float *gain;    /* of eight frames, in lanes */
    float *taken;   /* by bin: the share that struck sounds lose of it */
    float *rows;    /* eight frames on the way back */
    float *sums;    /* by channel: where those are added up */
    int filled;     /* frames that are new in `line` */
    int64_t batches, pushed, ready_at; /* the place of the next that becomes ready */
    int64_t ends; /* windows there are in all, INT64_MAX while that is not known */
    float *ready;
    size_t ready_count, ready_room; /* frames; samples */
};

static int up_to_vec(int n)
{
    return (n + VEC - 1) / VEC * VEC;
}

static size_t line_length(const struct separator *s)
{
    return (size_t)s->n + (size_t)(FFT_BATCH - 1) * (size_t)s->hop;
}

static size_t batch_length(const struct separator *s)
{
    return (size_t)(2 * FFT_BATCH) * (size_t)s->bins;
}

/* The spectra of a channel's batch. */
static float *spectra_of(const struct separator *s, int64_t batch, int channel)
{
    return s->spectra + (size_t)(2 * channel + (int)(batch % 2)) * batch_length(s);
}

static size_t across_length(const struct separator *s)
{
    return (size_t)FFT_BATCH * (size_t)(REACH + s->wide + REACH);
}

/* The powers of a batch, of all channels, from bin 0 on. */
static float *across_of(const struct separator *s, int64_t batch)
{
    return s->across + (size_t)(batch % 2) * across_length(s) + REACH * FFT_BATCH;
}

static float *power_row(const struct separator *s, int64_t frame)
{
    return s->powers + (size_t)(frame % ROWS) * (size_t)s->wide;
}

static void fill_taken(struct separator *s, int rate_hz)
{
    for (int k = 0; k < s->wide; k++) {
        float hz = (float)k * (float)rate_hz / (float)s->n;
        float share = (treble_hz - hz) / (treble_hz - below_hz);
        s->taken[k] = share > 0 ? share < 1 ? share : 1 : 0;
    }
}

enum status separator_new(struct separator **out, int rate_hz, int channels,
                          enum separate_part part, struct err *e)
{
    *out = NULL;
    if (rate_hz < 1000 || rate_hz > 1000000 || channels < 1)
        return err_set(e, ST_UNSUPPORTED, "nothing is separated at %d Hz", rate_hz);
    struct separator *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, ST_NO_MEMORY, "no memory to separate sounds");
    s->channels = channels;
    s->n = fft_size_at(FRAME_44K1, rate_hz);
    s->hop = s->n / OVERLAP;
    s->bins = s->n / 2 + 1;
    s->wide = up_to_vec(s->bins);
    s->struck = part == SEPARATE_STRUCK;
    size_t n = (size_t)s->n, c = (size_t)channels;
    s->fft = fft_batch_hann(s->n);
    s->window = malloc(n * sizeof *s->window);
    s->line = malloc(c * line_length(s) * sizeof *s->line);
    s->spectra = calloc(2 * c * batch_length(s), sizeof *s->spectra);
    s->across = calloc(2 * across_length(s), sizeof *s->across);
    s->powers = calloc(ROWS * (size_t)s->wide, sizeof *s->powers);
    s->gain = malloc(FFT_BATCH * (size_t)s->wide * sizeof *s->gain);
    s->taken = malloc((size_t)s->wide * sizeof *s->taken);
    s->rows = malloc(FFT_BATCH * n * sizeof *s->rows);
    s->sums = malloc(c * line_length(s) * sizeof *s->sums);
    if (!s->fft || !s->window || !s->line || !s->spectra || !s->across || !s->powers ||
        !s->gain || !s->taken || !s->rows || !s->sums) {
        separator_free(s);
        return err_set(e, ST_NO_MEMORY, "no memory to separate sounds");
    }
    fill_taken(s, rate_hz);
    window_hann(s->window, s->n);
    for (int i = 0; i < s->n; i++)
        s->window[i] *= 2.0F / 3.0F;
    separator_restart(s);
    *out = s;
    return ST_OK;
}

void separator_free(struct separator *s)
{
    if (!s)
        return;
    fft_batch_free(s->fft);
    free(s->window);
    free(s->line);
    free(s->spectra);
    free(s->across);
    free(s->powers);
    free(s->gain);
    free(s->taken);
    free(s->rows);
    free(s->sums);
    free(s->ready);
    free(s);
}

void separator_restart(struct separator *s)
{
    size_t samples = (size_t)s->channels * line_length(s);
    memset(s->line, 0, samples * sizeof *s->line);
    memset(s->sums, 0, samples * sizeof *s->sums);
    s->filled = 0;
    s->batches = s->pushed = 0;
    s->ready_at = s->hop - s->n;
    s->ends = INT64_MAX;
    s->ready_count = 0;
}

/* ---- the masks ---- */

/* Spectra in lanes, kept, and their powers added up. */
VEC_INLINE void keep_spectra(const float *from, int bins, bool first, float *spectra,
                             float *power)
{
    for (int k = 0; k < bins; k++) {
        v8f re = VEC_CONST_AT(from + 2 * VEC * k),
            im = VEC_CONST_AT(from + 2 * VEC * k + VEC);
        v8f sum = re * re + im * im;
        if (!first)
            sum += VEC_CONST_AT(power + VEC * k);
        VEC_AT(power + VEC * k) = sum;
        VEC_AT(spectra + 2 * VEC * k) = re;
        VEC_AT(spectra + 2 * VEC * k + VEC) = im;
    }
}

VEC_CLONES(run_keep, keep_spectra,
           (const float *from, int bins, bool first, float *spectra, float *power),
           (from, bins, first, spectra, power))

/* Beyond its ends a spectrum, of 49 bins at least, is its own mirror image. */
static void fill_margins(const struct separator *s, float *power)
{
    for (int k = 0; k < REACH; k++) {
        memcpy(power - VEC * (k + 1), power + VEC * k, VEC * sizeof *power);
        memcpy(power + VEC * (s->bins + k), power + VEC * (s->bins - 1 - k),
               VEC * sizeof *power);
    }
}

VEC_CLONES(run_turn, vec_to_rows,
           (const float *power, int wide, float *rows, size_t stride),
           (power, wide, rows, stride))

/* What passes of each bin of eight frames, of their powers in lanes and of rows from
 * REACH frames before the first to REACH behind the last. `taken`: of what is struck. */
VEC_INLINE void mask_all(const float *power, const float *const time[MEDIAN_ROWS],
                         int wide, const float *taken, float *gain, median_order *order)
{
    const float *beside[MEDIAN_ROWS];
    v8f least, limit, weight, one;
    vec_set(&least, least_power);
    vec_set(&limit, above_median);
    vec_set(&weight, struck_weight);
    vec_set(&one, 1.0F);
    for (int i = 0; i < MEDIAN_ROWS; i++)
        beside[i] = power + VEC * (i - REACH);
    for (int k = 0; k < wide; k += VEC) {
        v8f line[VEC], struck_by[VEC];
        float lines[VEC * VEC];
        medians(time, k, line, order);
        vec_store_columns(line, lines, VEC);
        medians(beside, VEC * k, struck_by, order);
        for (int i = 0; i < VEC; i++) {
            v8f h = VEC_CONST_AT(lines + VEC * i), p = struck_by[i];
            v8f usual = limit * h / (VEC_CONST_AT(power + VEC * (k + i)) + least);
            v8f above = one;
            order(&usual, &above);
            v8f pass = h / (h + weight * p + least) * usual;
            VEC_AT(gain + VEC * (k + i)) = taken ? one - pass * taken[k + i] : pass;
        }
    }
}

VEC_AVX2 static void run_mask_avx2(const float *power,
                                   const float *const time[MEDIAN_ROWS], int wide,
                                   const float *taken, float *gain)
{
    mask_all(power, time, wide, taken, gain, median_order_avx2);
}

static void run_mask_base(const float *power, const float *const time[MEDIAN_ROWS],
                          int wide, const float *taken, float *gain)
{
    mask_all(power, time, wide, taken, gain, median_order_base);
}

VEC_INLINE void scale_bins(const float *spectra, const float *gain, int bins, float *to)
{
    for (int k = 0; k < bins; k++) {
        v8f g = VEC_CONST_AT(gain + VEC * k);
        VEC_AT(to + 2 * VEC * k) = VEC_CONST_AT(spectra + 2 * VEC * k) * g;
        VEC_AT(to + 2 * VEC * k + VEC) = VEC_CONST_AT(spectra + 2 * VEC * k + VEC) * g;
    }
}

VEC_CLONES(run_scale, scale_bins,
           (const float *spectra, const float *gain, int bins, float *to),
           (spectra, gain, bins, to))

/* Before the first window and behind the last they are mirrored. */
static int64_t there(const struct separator *s, int64_t frame)
{
    while (frame < 0 || frame >= s->ends)
        frame = frame < 0 ? -1 - frame : 2 * s->ends - 1 - frame;
    return frame;
}

/* The gains of a batch. What those behind the last window come to is not heard. */
static void mask(struct separator *s, int64_t batch)
{
    const float *time[MEDIAN_ROWS], *taken = s->struck ? s->taken : NULL;
    for (int t = 0; t < MEDIAN_ROWS; t++)
        time[t] = power_row(s, there(s, batch * FFT_BATCH + t - REACH));
    if (VEC_HAS_AVX2())
        run_mask_avx2(across_of(s, batch), time, s->wide, taken, s->gain);
    else
        run_mask_base(across_of(s, batch), time, s->wide, taken, s->gain);
}

/* ---- there and back ---- */

static void look(struct separator *s)
{
    size_t length = line_length(s), kept = (size_t)(s->n - s->hop);
    float *power = across_of(s, s->batches);
    for (int c = 0; c < s->channels; c++) {
        float *line = s->line + (size_t)c * length;
        run_keep(fft_batch_spectra(s->fft, line, (size_t)s->hop), s->bins, c == 0,
                 spectra_of(s, s->batches, c), power);
        memmove(line, line + length - kept, kept * sizeof *line);
    }
    fill_margins(s, power);
    run_turn(power, s->wide, power_row(s, s->batches * FFT_BATCH), (size_t)s->wide);
    s->filled = 0;
    s->batches++;
}

VEC_INLINE void add_windowed(const float *x, const float *window, int n, float *sum)
{
    for (int i = 0; i < n; i += 4)
        *(v4f_any *)(sum + i) +=
            *(const v4f_any *)(x + i) * *(const v4f_any *)(window + i);
}

VEC_CLONES(run_add, add_windowed,
           (const float *x, const float *window, int n, float *sum), (x, window, n, sum))

/* What of [ready_at, ready_at + FFT_BATCH hops) lies in the sound, interleaved. */
static enum status give(struct separator *s, struct err *e)
{
    int64_t total = s->ends == INT64_MAX ? INT64_MAX : s->pushed;
    int64_t from = s->ready_at, until = from + (int64_t)FFT_BATCH * s->hop;
    int64_t first = from < 0 ? 0 : from, last = until < total ? until : total;
    s->ready_at = until;
    if (last <= first)
        return ST_OK;
    size_t count = (size_t)(last - first), channels = (size_t)s->channels;
    if (!array_grow(&s->ready, &s->ready_room, (s->ready_count + count) * channels,
                    sizeof *s->ready))
        return err_set(e, ST_NO_MEMORY, "no memory to separate sounds");
    float *to = s->ready + s->ready_count * channels;
    for (size_t c = 0; c < channels; c++) {
        const float *sum = s->sums + c * line_length(s) + (first - from);
        for (size_t i = 0; i < count; i++)
            to[i * channels + c] = sum[i];
    }
    s->ready_count += count;
    return ST_OK;
}

static enum status come_back(struct separator *s, int64_t batch, struct err *e)
{
    size_t length = line_length(s);
    size_t done = (size_t)FFT_BATCH * (size_t)s->hop, n = (size_t)s->n;
    mask(s, batch);
    for (int c = 0; c < s->channels; c++) {
        float *sum = s->sums + (size_t)c * length;
        run_scale(spectra_of(s, batch, c), s->gain, s->bins, fft_batch_lanes(s->fft));
        fft_batch_back(s->fft, s->n, s->rows, n);
        for (size_t i = 0; i < FFT_BATCH; i++)
            run_add(s->rows + i * n, s->window, s->n, sum + i * (size_t)s->hop);
    }
    enum status st = give(s, e);
    for (int c = 0; c < s->channels; c++) {
        float *sum = s->sums + (size_t)c * length;
        memmove(sum, sum + done, (length - done) * sizeof *sum);
        memset(sum + length - done, 0, done * sizeof *sum);
    }
    return st;
}

/* Eight hops are there: their spectra, and the sound of the eight windows before. */
static enum status step(struct separator *s, struct err *e)
{
    look(s);
    return s->batches > 1 ? come_back(s, s->batches - 2, e) : ST_OK;
}

enum status separator_push(struct separator *s, const float *x, size_t frames,
                           struct err *e)
{
    size_t whole = (size_t)FFT_BATCH * (size_t)s->hop, channels = (size_t)s->channels;
    enum status st = ST_OK;
    while (frames > 0 && st == ST_OK) {
        size_t some = whole - (size_t)s->filled;
        some = some < frames ? some : frames;
        for (size_t c = 0; c < channels; c++) {
            float *to =
                s->line + c * line_length(s) + (size_t)(s->n - s->hop + s->filled);
            for (size_t i = 0; i < some; i++)
                to[i] = x[i * channels + c];
        }
        x += some * channels;
        frames -= some;
        s->filled += (int)some;
        s->pushed += (int64_t)some;
        if ((size_t)s->filled == whole)
            st = step(s, e);
    }
    return st;
}

enum status separator_finish(struct separator *s, struct err *e)
{
    size_t whole = (size_t)FFT_BATCH * (size_t)s->hop;
    enum status st = ST_OK;
    if (s->pushed == 0)
        return ST_OK;
    s->ends = (s->pushed - 1) / s->hop + OVERLAP;
    while (s->batches * FFT_BATCH < s->ends && st == ST_OK) {
        for (int c = 0; c < s->channels; c++)
            memset(s->line + (size_t)c * line_length(s) + (size_t)(s->n - s->hop) +
                       (size_t)s->filled,
                   0, (whole - (size_t)s->filled) * sizeof *s->line);
        st = step(s, e);
    }
    return st == ST_OK ? come_back(s, s->batches - 1, e) : st;
}

const float *separator_take(struct separator *s, size_t *frames)
{
    *frames = s->ready_count;
    s->ready_count = 0;
    return s->ready;
}

/* Of the first windows of a stretch the sound before it is missing, and in the next
 * medians they are. */
int64_t separator_from(const struct separator *s, int64_t start)
{
    int64_t hops = start / s->hop - (OVERLAP - 1) - REACH;
    return hops > 0 ? hops * s->hop : 0;
}
