#include "dsp/biquad.h"

#include "core/pi.h"
#include "dsp/line.h"

#include <complex.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

struct state {
    double z1, z2;
};

/* CMPLX is missing with clang and glibc. */
static double complex complex_of(double re, double im)
{
    return re + im * (double complex)_Complex_I;
}

static double clamp_corner(double hz, int rate_hz)
{
    double high = 0.499 * rate_hz;
    return !(hz > 0.1) ? 0.1 : hz > high ? high : hz;
}

static int clamp_order(int order)
{
    return order < 1 ? 1 : order > BIQUAD_ORDER_MAX ? BIQUAD_ORDER_MAX : order;
}

/* A section from one pole pair (or one real pole when `single`) of the z plane. `zero1`,
 * `zero2` lie at ±1; the gain is 1 at the point `z` of the unit circle. */
static struct biquad_section section_from(double complex pole, bool single, double zero1,
                                          double zero2, double complex z)
{
    struct biquad_section s = {.b0 = 1};
    if (single) {
        s.b1 = -zero1;
        s.a1 = -creal(pole);
    } else {
        s.b1 = -(zero1 + zero2);
        s.b2 = zero1 * zero2;
        s.a1 = -2 * creal(pole);
        s.a2 = creal(pole) * creal(pole) + cimag(pole) * cimag(pole);
    }
    double complex w = 1 / z;
    double gain = cabs((1 + s.a1 * w + s.a2 * w * w) / (s.b0 + s.b1 * w + s.b2 * w * w));
    s.b0 *= gain;
    s.b1 *= gain;
    s.b2 *= gain;
    return s;
}

/* Pole k of the unit Butterworth prototype of that order, upper half plane first. */
static double complex prototype_pole(int order, int k)
{
    double angle = PI * (2 * k + 1) / (2.0 * order) + PI / 2;
    return complex_of(cos(angle), sin(angle));
}

static double complex bilinear(double complex s)
{
    return (1 + s) / (1 - s);
}

static struct biquad one_sided(int order, double corner_hz, int rate_hz, bool high)
{
    struct biquad f = {0};
    order = clamp_order(order);
    double warped = tan(PI * clamp_corner(corner_hz, rate_hz) / rate_hz);
    double zero = high ? 1 : -1;
    for (int k = 0; k < (order + 1) / 2; k++) {
        bool single = order % 2 && k == order / 2;
        double complex p = single ? -1 : prototype_pole(order, k);
        double complex pole = bilinear(high ? warped / p : warped * p);
        f.section[f.count++] = section_from(pole, single, zero, zero, -zero);
    }
    return f;
}

struct biquad biquad_lowpass(int order, double corner_hz, int rate_hz)
{
    return one_sided(order, corner_hz, rate_hz, false);
}

struct biquad biquad_highpass(int order, double corner_hz, int rate_hz)
{
    return one_sided(order, corner_hz, rate_hz, true);
}

struct biquad biquad_bandpass(int order, double low_hz, double high_hz, int rate_hz)
{
    struct biquad f = {0};
    order = clamp_order(order);
    double low = tan(PI * clamp_corner(low_hz, rate_hz) / rate_hz);
    double high = tan(PI * clamp_corner(high_hz, rate_hz) / rate_hz);
    if (high < low * 1.0001)
        high = low * 1.0001;
    double width = high - low, centre2 = low * high;
    double complex middle = bilinear(complex_of(0, sqrt(centre2)));
    for (int k = 0; k < (order + 1) / 2; k++) {
        bool single = order % 2 && k == order / 2;
        double complex p = (single ? -1 : prototype_pole(order, k)) * width / 2;
        double complex root = csqrt(p * p - centre2);
        double complex up = bilinear(p + root), down = bilinear(p - root);
        if (single && fabs(cimag(up)) < 1e-14) { /* a wide band: two real poles */
            struct biquad_section s = section_from(up, true, 1, 0, middle);
            struct biquad_section t = section_from(down, true, -1, 0, middle);
            f.section[f.count++] = (struct biquad_section){
                .b0 = s.b0 * t.b0,
                .b1 = s.b0 * t.b1 + s.b1 * t.b0,
                .b2 = s.b1 * t.b1,
                .a1 = s.a1 + t.a1,
                .a2 = s.a1 * t.a1,
            };
            continue;
        }
        f.section[f.count++] = section_from(up, false, 1, -1, middle);
        if (!single)
            f.section[f.count++] = section_from(down, false, 1, -1, middle);
    }
    return f;
}

static inline float next(const struct biquad_section *s, struct state *z, float x)
{
    double in = (double)x, out = s->b0 * in + z->z1;
    z->z1 = s->b1 * in - s->a1 * out + z->z2;
    z->z2 = s->b2 * in - s->a2 * out;
    return (float)out;
}

/* One section over one channel in place; `step` is the distance of the samples, negative
 * to go backward from the last. */
static void run_section(const struct biquad_section *s, struct state z, float *x,
                        size_t frames, ptrdiff_t step)
{
    for (size_t i = 0; i < frames; i++, x += step)
        *x = next(s, &z, *x);
}

static struct state end_state(const struct biquad_section *s, const float *x,
                              size_t frames, ptrdiff_t step)
{
    struct state z = {0};
    for (size_t i = 0; i < frames; i++, x += step)
        next(s, &z, *x);
    return z;
}

static double pole_radius(const struct biquad_section *s)
{
    double disc = s->a1 * s->a1 / 4 - s->a2;
    return disc < 0 ? sqrt(s->a2) : fabs(s->a1) / 2 + sqrt(disc);
}

struct matrix {
    double a, b, c, d;
};

/* Frames until a pole of that radius has fallen to `rest`, at most so many. */
static size_t falls_in(double radius, double rest, double most)
{
    double frames = radius < 1 ? log(rest) / log(fmax(radius, 1e-3)) : most;
    return (size_t)fmin(frames, most);
}

static struct matrix multiply(struct matrix x, struct matrix y)
{
    return (struct matrix){x.a * y.a + x.b * y.c, x.a * y.b + x.b * y.d,
                           x.c * y.a + x.d * y.c, x.c * y.b + x.d * y.d};
}

/* The state at the start of a period in the steady state: z = A^n z + zn, with A the free
 * response of the section and zn the state one period leaves from rest. */
static struct state steady_state(const struct biquad_section *s, struct state zn,
                                 size_t n)
{
    struct matrix power = {1, 0, 0, 1}, square = {-s->a1, 1, -s->a2, 0};
    for (; n; n >>= 1, square = multiply(square, square))
        if (n & 1)
            power = multiply(power, square);
    struct matrix m = {1 - power.a, -power.b, -power.c, 1 - power.d};
    double det = m.a * m.d - m.b * m.c;
    if (!(fabs(det) > 1e-30))
        return zn;
    return (struct state){(m.d * zn.z1 - m.b * zn.z2) / det,
                          (m.a * zn.z2 - m.c * zn.z1) / det};
}

static void scrub(struct audio *a)
{
    line_scrub(a->data, a->frames * (size_t)a->channels);
}

static void run_circle(const struct biquad *f, struct audio *a, bool backward)
{
    ptrdiff_t step = backward ? -a->channels : a->channels;
    for (int c = 0; c < a->channels && a->frames; c++) {
        size_t last = (a->frames - 1) * (size_t)a->channels;
        float *x = a->data + c + (backward ? last : 0);
        for (int i = 0; i < f->count; i++) {
            const struct biquad_section *s = &f->section[i];
            size_t tail = falls_in(pole_radius(s), 1e-13, 1e9) + 2; /* nothing is left */
            tail = tail < a->frames ? tail : a->frames;
            const float *last_part = x + (ptrdiff_t)(a->frames - tail) * step;
            struct state zn = end_state(s, last_part, tail, step);
            run_section(s, steady_state(s, zn, a->frames), x, a->frames, step);
        }
    }
}

void biquad_run(const struct biquad *f, struct audio *a)
{
    scrub(a);
    for (int c = 0; c < a->channels; c++)
        for (int i = 0; i < f->count; i++)
            run_section(&f->section[i], (struct state){0}, a->data + c, a->frames,
                        a->channels);
}

void biquad_circular(const struct biquad *f, struct audio *a)
{
    scrub(a);
    run_circle(f, a, false);
}

void biquad_circular_zero_phase(const struct biquad *f, struct audio *a)
{
    scrub(a);
    run_circle(f, a, false);
    run_circle(f, a, true);
}

/* Frames until the slowest pole has fallen to 1e-5. */
static size_t memory_frames(const struct biquad *f)
{
    double slowest = 0;
    for (int i = 0; i < f->count; i++)
        slowest = fmax(slowest, pole_radius(&f->section[i]));
    return falls_in(slowest, 1e-5, 1e6) + 1;
}

/* Steady state of a section for the constant input x, so that runs begin without a step.
 */
static struct state rest_at(const struct biquad_section *s, double x)
{
    double y = x * (s->b0 + s->b1 + s->b2) / (1 + s->a1 + s->a2);
    double z2 = s->b2 * x - s->a2 * y;
    return (struct state){s->b1 * x - s->a1 * y + z2, z2};
}

static void run_from_rest(const struct biquad *f, float *x, size_t n, ptrdiff_t step)
{
    for (int i = 0; i < f->count; i++)
        run_section(&f->section[i], rest_at(&f->section[i], (double)x[0]), x, n, step);
}

enum status biquad_zero_phase(const struct biquad *f, struct audio *a, struct err *e)
{
    scrub(a);
    size_t frames = a->frames, pad = memory_frames(f);
    if (frames < 2)
        return ST_OK;
    if (pad > frames - 1)
        pad = frames - 1;
    float *line = malloc((frames + 2 * pad) * sizeof *line);
    if (!line)
        return err_set(e, ST_NO_MEMORY, "no memory to filter %zu frames", frames);
    size_t channels = (size_t)a->channels, total = frames + 2 * pad;
    for (size_t c = 0; c < channels; c++) {
        const float *in = a->data + c;
        float first = in[0], last = in[(frames - 1) * channels];
        for (size_t i = 0; i < frames; i++)
            line[pad + i] = in[i * channels];
        for (size_t i = 1; i <= pad; i++) {
            line[pad - i] = 2 * first - line[pad + i];
            line[pad + frames - 1 + i] = 2 * last - line[pad + frames - 1 - i];
        }
        run_from_rest(f, line, total, 1);
        run_from_rest(f, line + total - 1, total, -1);
        for (size_t i = 0; i < frames; i++)
            a->data[i * channels + c] = line[pad + i];
    }
    free(line);
    return ST_OK;
}
