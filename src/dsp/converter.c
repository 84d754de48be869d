#include "dsp/converter.h"

#include "dsp/line.h"
#include "dsp/resample.h"
#include "dsp/vec.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Half of libsamplerate's medium kernel, periods of the lower rate, rounded up. */
static const double HALF_KERNEL = 47;
enum { SHAPES_MAX = 1024, LINES = 16, PLACES = 6, CACHE_LINE = 64 };
enum { SHAPES_BETWEEN = 128 }; /* so many lie near enough to be interpolated */

struct converter {
    int from_hz, to_hz;
    int step, shapes; /* the rates in lowest terms */
    int before, taps; /* of a shape: frames up to the output's place, and all, padded */
    float *shape;     /* NULL: libsamplerate does it. Shape r is for a place r / shapes
                         behind a frame, r = −1 … shapes */
    float *memory;    /* of all shapes */
};

/* Impulses, one for each place against the grid of outputs: number i, on line i % LINES,
 * stands at frame (i / LINES + 1) · gap + i % LINES, and these differ modulo `step` over
 * all i. Far enough apart for their answers not to touch. */
struct impulses {
    int gap, rows;
};

static int64_t impulse_place(const struct impulses *p, int i)
{
    return (int64_t)(i / LINES + 1) * p->gap + i % LINES;
}

static struct impulses impulses_for(const struct converter *c)
{
    int rows = (c->step + LINES - 1) / LINES;
    int gap = (c->taps + c->step - 1) / c->step * c->step + LINES;
    return (struct impulses){gap, rows};
}

static enum status ask(const struct converter *c, const struct impulses *p,
                       struct audio *answer, struct err *e)
{
    struct audio in = {0};
    size_t units = (size_t)((p->rows + 2) * p->gap) / (size_t)c->step + 1;
    enum status st = audio_init(&in, units * (size_t)c->step, LINES, c->from_hz, e);
    for (int i = 0; i < p->rows * LINES && st == ST_OK; i++)
        in.data[impulse_place(p, i) * LINES + i % LINES] = 1;
    if (st == ST_OK)
        st = resample_length(answer, &in, units * (size_t)c->shapes, e);
    audio_done(&in);
    return st;
}

/* Output j looks at the input around j · step / shapes: what it got of an impulse is a
 * tap of the shape for that place. */
static void fill(struct converter *c, const struct impulses *p,
                 const struct audio *answer)
{
    for (int i = 0; i < p->rows * LINES; i++) {
        int64_t place = impulse_place(p, i);
        int64_t first = (place - c->before) * c->shapes / c->step;
        int64_t last = (place + c->before + 1) * c->shapes / c->step;
        for (int64_t j = first; j <= last; j++) {
            int64_t tap = place - j * c->step / c->shapes + c->before;
            if (tap >= 0 && tap < c->taps)
                c->shape[j * c->step % c->shapes * c->taps + tap] =
                    answer->data[j * LINES + i % LINES];
        }
    }
}

static enum status make_shapes(struct converter *c, struct err *e)
{
    double lower = fmin(1, (double)c->to_hz / c->from_hz);
    c->before = (int)ceil(HALF_KERNEL / lower);
    c->taps = (2 * c->before + VEC) / VEC * VEC;
    size_t bytes = (size_t)(c->shapes + 2) * (size_t)c->taps * sizeof *c->shape;
    bytes = (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    c->memory = aligned_alloc(CACHE_LINE, bytes); /* eight taps never lie in two lines */
    if (!c->memory)
        return err_set(e, ST_NO_MEMORY, "no memory to convert rates");
    memset(c->memory, 0, bytes);
    c->shape = c->memory + c->taps;
    struct impulses p = impulses_for(c);
    struct audio answer = {0};
    enum status st = ask(c, &p, &answer, e);
    if (st == ST_OK) {
        size_t moved = (size_t)c->taps - 1; /* a frame on, the others come round */
        fill(c, &p, &answer);
        memcpy(c->shape - c->taps, c->shape + (c->shapes - 1) * c->taps + 1,
               moved * sizeof *c->shape);
        memcpy(c->shape + c->shapes * c->taps + 1, c->shape, moved * sizeof *c->shape);
    }
    audio_done(&answer);
    return st;
}

enum status converter_new(struct converter **out, int from_hz, int to_hz, struct err *e)
{
    *out = NULL;
    if (from_hz < 1 || to_hz < 1)
        return err_set(e, ST_USAGE, "cannot convert from %d Hz to %d Hz", from_hz, to_hz);
    struct converter *c = calloc(1, sizeof *c);
    if (!c)
        return err_set(e, ST_NO_MEMORY, "no memory to convert rates");
    int divisor = common_rate(from_hz, to_hz);
    *c = (struct converter){.from_hz = from_hz,
                            .to_hz = to_hz,
                            .step = from_hz / divisor,
                            .shapes = to_hz / divisor};
    bool few = c->shapes <= SHAPES_MAX && c->step <= SHAPES_MAX;
    enum status st = few && from_hz != to_hz ? make_shapes(c, e) : ST_OK;
    if (st != ST_OK) {
        converter_free(c);
        return st;
    }
    *out = c;
    return ST_OK;
}

void converter_free(struct converter *c)
{
    if (!c)
        return;
    free(c->memory);
    free(c);
}

VEC_INLINE float sum_of(const v8f *v)
{
    v4f low = VEC_SHUFFLE(*v, *v, 0, 1, 2, 3);
    low += VEC_SHUFFLE(*v, *v, 4, 5, 6, 7);
    low += VEC_SHUFFLE(low, low, 2, 3, 0, 1);
    return low[0] + low[1];
}

/* Places of the same shape, one output of each: x[i · step]. */
VEC_INLINE void run_places(const struct converter *c, const float *shape, const float *x,
                           int count, float *out, size_t stride)
{
    v8f even[PLACES] = {{0}}, odd[PLACES] = {{0}};
    int k = 0;
    for (; k + 2 * VEC <= c->taps; k += 2 * VEC) {
        v8f a = VEC_CONST_AT(shape + k), b = VEC_CONST_AT(shape + k + VEC);
        for (int i = 0; i < count; i++) {
            even[i] += a * VEC_CONST_AT(x + i * c->step + k);
            odd[i] += b * VEC_CONST_AT(x + i * c->step + k + VEC);
        }
    }
    for (int i = 0; i < count; i++) {
        if (k < c->taps)
            even[i] += VEC_CONST_AT(shape + k) * VEC_CONST_AT(x + i * c->step + k);
        even[i] += odd[i];
        out[(size_t)(i * c->shapes) * stride] = sum_of(&even[i]);
    }
}

/* One channel: `line` begins c->before frames before the sound, with room behind it. A
 * shape serves several outputs before it leaves the cache. */
VEC_INLINE void run_line(const struct converter *c, const float *line, float *out,
                         size_t stride, size_t count)
{
    size_t round = (size_t)c->shapes;
    for (size_t first = 0; first < count; first += PLACES * round) {
        size_t end = first + round < count ? first + round : count, at = 0;
        const float *x = line + first / round * (size_t)c->step;
        int place = 0;
        for (size_t j = first; j < end; j++) {
            const float *shape = c->shape + (ptrdiff_t)place * c->taps;
            float *to = out + j * stride;
            if (j + (PLACES - 1) * round < count)
                run_places(c, shape, x + at, PLACES, to, stride);
            else
                for (size_t i = 0; j + i * round < count; i++)
                    run_places(c, shape, x + at + i * (size_t)c->step, 1,
                               to + i * round * stride, stride);
            place += c->step;
            at += (size_t)(place / c->shapes);
            place %= c->shapes;
        }
    }
}

VEC_CLONES(convert_line, run_line,
           (const struct converter *c, const float *line, float *out, size_t stride,
            size_t count),
           (c, line, out, stride, count))

enum status converter_run(const struct converter *c, struct audio *to,
                          const struct audio *from, struct err *e)
{
    *to = (struct audio){0};
    if (from->rate_hz != c->from_hz)
        return err_set(e, ST_USAGE, "a sound of %d Hz among those of %d Hz",
                       from->rate_hz, c->from_hz);
    if (!c->shape)
        return resample_rate(to, from, c->to_hz, RESAMPLE_MEDIUM, e);
    double exact = (double)from->frames * c->to_hz / c->from_hz;
    size_t frames = exact < 1 && from->frames ? 1 : (size_t)llround(exact);
    enum status st = audio_room(to, frames, from->channels, c->to_hz, e);
    float *line =
        st ? NULL : calloc(from->frames + (size_t)(c->before + c->taps), sizeof *line);
    if (!line) {
        audio_done(to);
        return st ? st : err_set(e, ST_NO_MEMORY, "no memory to convert rates");
    }
    size_t channels = (size_t)from->channels;
    for (size_t channel = 0; channel < channels; channel++) {
        for (size_t i = 0; i < from->frames; i++) {
            line[(size_t)c->before + i] = finite_or_0(from->data[i * channels + channel]);
        }
        convert_line(c, line, to->data + channel, channels, frames);
    }
    free(line);
    return ST_OK;
}

/* ---- loops: any ratio, so that the last frame leads into the first ---------------- */

/* A line as of run_line, read at i · speed: by the three nearest shapes. */
VEC_INLINE void run_turn(const struct converter *c, const float *line, double speed,
                         float *out, size_t stride, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double place = (double)i * speed;
        size_t frame = (size_t)place;
        double steps = (place - (double)frame) * c->shapes;
        int near = (int)(steps + 0.5);
        float off = (float)(steps - near);
        if (near == c->shapes) {
            near = 0;
            frame++;
        }
        float before = 0.5F * off * (off - 1), after = 0.5F * off * (off + 1);
        const float *middle = c->shape + (ptrdiff_t)near * c->taps, *x = line + frame;
        v8f sum = {0};
        for (int k = 0; k < c->taps; k += VEC)
            sum += VEC_CONST_AT(x + k) * (VEC_CONST_AT(middle + k - c->taps) * before +
                                          VEC_CONST_AT(middle + k) * (1 - off * off) +
                                          VEC_CONST_AT(middle + k + c->taps) * after);
        out[i * stride] = sum_of(&sum);
    }
}

VEC_CLONES(turn_line, run_turn,
           (const struct converter *c, const float *line, double speed, float *out,
            size_t stride, size_t count),
           (c, line, speed, out, stride, count))

enum status converter_loop(const struct converter *c, struct audio *to,
                           const struct audio *loop, struct err *e)
{
    *to = (struct audio){0};
    if (loop->rate_hz != c->from_hz)
        return err_set(e, ST_USAGE, "a sound of %d Hz among those of %d Hz",
                       loop->rate_hz, c->from_hz);
    size_t channels = (size_t)loop->channels, n = loop->frames,
           before = (size_t)c->before;
    if (!c->shape || c->shapes < SHAPES_BETWEEN || n < before)
        return resample_loop_rate(to, loop, c->to_hz, e);
    size_t frames = (size_t)llround((double)n * c->to_hz / c->from_hz);
    enum status st = audio_room(to, frames, loop->channels, c->to_hz, e);
    size_t length = n + 1 + (size_t)c->taps;
    float *line = st ? NULL : malloc(length * sizeof *line);
    if (!line) {
        audio_done(to);
        return st ? st : err_set(e, ST_NO_MEMORY, "no memory to convert rates");
    }
    double speed = (double)n / (double)frames;
    for (size_t channel = 0; channel < channels; channel++) {
        size_t from = n - before;
        for (size_t i = 0; i < length; i++, from = from + 1 < n ? from + 1 : 0)
            line[i] = loop->data[from * channels + channel];
        line_scrub(line, length);
        turn_line(c, line, speed, to->data + channel, channels, frames);
    }
    free(line);
    return ST_OK;
}
