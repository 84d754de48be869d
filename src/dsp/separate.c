#include "dsp/separate.h"

#include "core/array.h"
#include "dsp/fft.h"
#include "dsp/fft_batch.h"
#include "dsp/vec.h"
#include "dsp/window.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    FRAME_44K1 = 4096,
    OVERLAP = 4,
    REACH = FFT_BATCH, /* of the medians, to either side: a batch, so that one more is
                        * enough to know them */
    WIDTH = 2 * REACH + 1,
    ROWS = 3 * FFT_BATCH
};

/* In power. Where the second is larger, less is left of drums among what sustains, and
 * less of what sustains under drums: worked out in docs/dsp.md. */
static const float above_median = 1.5F * 1.5F, struck_weight = 3.0F;
static const float least_power = 1e-12F;

struct separator {
    int channels, n, hop;
    int bins, wide; /* n / 2 + 1; and up to the next multiple of VEC */
    bool struck;
    struct fft_batch *fft;
    float *window;  /* of the way back, with what makes its squares add up to 1 */
    float *line;    /* by channel: what the next eight frames see */
    float *spectra; /* by channel: of eight frames, and of the eight after them */
    float *powers;  /* ROWS of them, with margins that mirror their ends */
    float *gain;    /* of a frame */
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
    return (size_t)FFT_BATCH * 2 * (size_t)s->wide;
}

static size_t row_length(const struct separator *s)
{
    return (size_t)(REACH + s->wide + REACH + VEC);
}

/* The spectra of a channel's batch. */
static float *spectra_of(const struct separator *s, int64_t batch, int channel)
{
    return s->spectra + (size_t)(2 * channel + (int)(batch % 2)) * batch_length(s);
}

static float *power_row(const struct separator *s, int64_t frame)
{
    return s->powers + (size_t)(frame % ROWS) * row_length(s) + REACH;
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
    s->powers = calloc(ROWS * row_length(s), sizeof *s->powers);
    s->gain = malloc((size_t)s->wide * sizeof *s->gain);
    s->rows = malloc(FFT_BATCH * n * sizeof *s->rows);
    s->sums = malloc(c * line_length(s) * sizeof *s->sums);
    if (!s->fft || !s->window || !s->line || !s->spectra || !s->powers || !s->gain ||
        !s->rows || !s->sums) {
        separator_free(s);
        return err_set(e, ST_NO_MEMORY, "no memory to separate sounds");
    }
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
    free(s->powers);
    free(s->gain);
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

/* --- the masks
 * ----------------------------------------------------------------------------------- */

VEC_INLINE void add_powers(const float *spectrum, int wide, bool first, float *power)
{
    for (int k = 0; k < wide; k += VEC) {
        v8f a = VEC_CONST_AT(spectrum + 2 * k), b = VEC_CONST_AT(spectrum + 2 * k + VEC);
        v8f re = VEC_SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14),
            im = VEC_SHUFFLE(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
        v8f sum = re * re + im * im;
        if (!first)
            sum += VEC_CONST_AT(power + k);
        VEC_AT(power + k) = sum;
    }
}

VEC_CLONES(run_powers, add_powers,
           (const float *spectrum, int wide, bool first, float *power),
           (spectrum, wide, first, power))

/* Beyond its ends a spectrum, of 49 bins at least, is its own mirror image. */
static void fill_margins(const struct separator *s, float *power)
{
    for (int k = 0; k < REACH; k++) {
        power[-1 - k] = power[k];
        power[s->bins + k] = power[s->bins - 1 - k];
    }
}

VEC_INLINE void order(v8f *low, v8f *high)
{
    v8f was = *low;
    vec_min(low, high);
    vec_max(high, &was);
}

/* The least and the greatest of x[0 … count) to its ends. */
VEC_INLINE void to_ends(v8f *x, int count)
{
    for (int i = 0, k = count - 1; i < k; i++, k--)
        order(&x[i], &x[k]);
    for (int i = 1; i < (count + 1) / 2; i++)
        order(&x[0], &x[i]);
    for (int i = count / 2; i < count - 1; i++)
        order(&x[i], &x[count - 1]);
}

/* The median of what lies at from[…] + k, in each lane. Among one more than half of all
 * values neither the least nor the greatest can be it: they go, and the next one comes.
 */
VEC_INLINE void median(const float *const from[WIDTH], int k, v8f *out)
{
    enum { FIRST = WIDTH / 2 + 2 };
    v8f held[FIRST];
    for (int i = 0; i < FIRST; i++)
        held[i] = VEC_CONST_AT(from[i] + k);
#define NEXT(count)                                                                      \
    to_ends(held, count);                                                                \
    held[0] = VEC_CONST_AT(from[WIDTH + 3 - (count)] + k);
    NEXT(10)
    NEXT(9)
    NEXT(8)
    NEXT(7)
    NEXT(6)
    NEXT(5)
    NEXT(4)
#undef NEXT
    to_ends(held, 3);
    *out = held[1];
}
_Static_assert(WIDTH == 17, "the counts above");

/* What of each bin of the middle of these rows passes. */
VEC_INLINE void mask_all(const float *const time[WIDTH], int wide, bool struck,
                         float *gain)
{
    const float *own = time[REACH], *beside[WIDTH];
    v8f least, limit, weight, one;
    vec_set(&least, least_power);
    vec_set(&limit, above_median);
    vec_set(&weight, struck_weight);
    vec_set(&one, 1.0F);
    for (int i = 0; i < WIDTH; i++)
        beside[i] = own + i - REACH;
    for (int k = 0; k < wide; k += VEC) {
        v8f h, p, power = VEC_CONST_AT(own + k);
        median(time, k, &h);
        median(beside, k, &p);
        v8f usual = limit * h / (power + least);
        vec_min(&usual, &one);
        v8f pass = h / (h + weight * p + least) * usual;
        VEC_AT(gain + k) = struck ? one - pass : pass;
    }
}

VEC_CLONES(run_mask, mask_all,
           (const float *const time[WIDTH], int wide, bool struck, float *gain),
           (time, wide, struck, gain))

VEC_INLINE void scale_bins(float *spectrum, const float *gain, int wide)
{
    for (int k = 0; k < wide; k += 4) {
        v4f g = *(const v4f_any *)(gain + k);
        VEC_AT(spectrum + 2 * k) *= VEC_SHUFFLE(g, g, 0, 0, 1, 1, 2, 2, 3, 3);
    }
}

VEC_CLONES(run_scale, scale_bins, (float *spectrum, const float *gain, int wide),
           (spectrum, gain, wide))

/* Before the first window and behind the last they are mirrored. */
static int64_t there(const struct separator *s, int64_t frame)
{
    while (frame < 0 || frame >= s->ends)
        frame = frame < 0 ? -1 - frame : 2 * s->ends - 1 - frame;
    return frame;
}

static void mask(struct separator *s, int64_t batch)
{
    for (int i = 0; i < FFT_BATCH; i++) {
        int64_t frame = batch * FFT_BATCH + i;
        const float *time[WIDTH];
        if (frame >= s->ends)
            break;
        for (int t = 0; t < WIDTH; t++)
            time[t] = power_row(s, there(s, frame + t - REACH));
        run_mask(time, s->wide, s->struck, s->gain);
        for (int c = 0; c < s->channels; c++)
            run_scale(spectra_of(s, batch, c) + (size_t)i * 2 * (size_t)s->wide, s->gain,
                      s->wide);
    }
}

/* --- there and back
 * ------------------------------------------------------------------------------ */

static void look(struct separator *s)
{
    size_t stride = 2 * (size_t)s->wide, length = line_length(s);
    size_t kept = (size_t)(s->n - s->hop);
    for (int c = 0; c < s->channels; c++) {
        float *line = s->line + (size_t)c * length, *to = spectra_of(s, s->batches, c);
        fft_batch_forward(s->fft, line, (size_t)s->hop, to, stride);
        for (int i = 0; i < FFT_BATCH; i++)
            run_powers(to + (size_t)i * stride, s->wide, c == 0,
                       power_row(s, s->batches * FFT_BATCH + i));
        memmove(line, line + length - kept, kept * sizeof *line);
    }
    for (int i = 0; i < FFT_BATCH; i++)
        fill_margins(s, power_row(s, s->batches * FFT_BATCH + i));
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
    size_t stride = 2 * (size_t)s->wide, length = line_length(s);
    size_t done = (size_t)FFT_BATCH * (size_t)s->hop, n = (size_t)s->n;
    mask(s, batch);
    for (int c = 0; c < s->channels; c++) {
        float *sum = s->sums + (size_t)c * length;
        fft_batch_inverse(s->fft, spectra_of(s, batch, c), stride, s->rows, n);
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
