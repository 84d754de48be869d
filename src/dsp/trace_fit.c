/* The loops of matching traces. */
#include "dsp/line.h"
#include "dsp/trace_match.h"
#include "dsp/vec.h"

/* What two shifted traces have in common must hold so much of the power of each. */
static const float least_common = 0.4F;
/* Looks at a fit's surroundings, all in all and from near to nearer; and how much of what
 * is needed must be there after the first, else it is given up: without that the stacks
 * of ten sets are the same (docs/similarity.md). */
enum { FINER = 2, TRIES = 12 };
static const double there = 0.8;

/* Eight values of `from`, and of what comes after them: each and its next by one load. */
VEC_INLINE void gather(const float *from, const v8i *at, v8f *x, v8f *next)
{
    static const int order[VEC] = {0, 1, 4, 5, 2, 3, 6, 7}; /* so that lanes stay */
    float pair[VEC][2];
    for (int i = 0; i < VEC; i++)
        memcpy(pair[i], from + (*at)[order[i]], sizeof pair[i]);
    v8f a = VEC_CONST_AT(pair[0]), b = VEC_CONST_AT(pair[4]);
    *x = VEC_SHUFFLE(a, b, 0, 2, 8, 10, 4, 6, 12, 14);
    *next = VEC_SHUFFLE(a, b, 1, 3, 9, 11, 5, 7, 13, 15);
}

/* Between the samples. */
VEC_INLINE void read_eight(const float *dense, const v8f *at, v8f *out)
{
    v8i k = __builtin_convertvector(*at, v8i);
    v8f x, next, part = *at - __builtin_convertvector(k, v8f);
    gather(dense, &k, &x, &next);
    *out = x + part * (next - x);
}

static float read_one(const float *dense, float at)
{
    int k = (int)at;
    return dense[k] + (at - (float)k) * (dense[k + 1] - dense[k]);
}

VEC_INLINE void read_all(const float *dense, float first, float step, int from, int until,
                         float *out)
{
    const v8f lane = {0, 1, 2, 3, 4, 5, 6, 7};
    int i = from;
    for (; i + VEC <= until; i += VEC) {
        v8f at = first + step * ((float)i + lane), x;
        read_eight(dense, &at, &x);
        VEC_AT(out + i) = x;
    }
    for (; i < until; i++)
        out[i] = read_one(dense, first + step * (float)i);
}

VEC_CLONES_PUBLIC(trace_read, read_all,
                  (const float *dense, float first, float step, int from, int until,
                   float *out),
                  (dense, first, step, from, until, out))

/* As read_all from 0 on, with a step near 1: what eight places need lies side by side. */
VEC_INLINE void stretch_all(const float *row, float step, int count, float *out)
{
    const v8f lane = {0, 1, 2, 3, 4, 5, 6, 7};
    const v8f one = {1, 1, 1, 1, 1, 1, 1, 1};
    int behind = step < 1.0F;
    for (int i = 0; i < count; i += VEC) {
        int first = (int)(step * (float)i) - behind;
        const float *from = row + first;
        v8f at = step * ((float)i + lane) - (float)first - lane,
            next = VEC_CONST_AT(from + 1), x = VEC_CONST_AT(from),
            last = VEC_CONST_AT(from + 2);
        v8i beyond = at >= 1.0F;
        vec_pick(&x, &beyond, &next, &x);
        vec_pick(&next, &beyond, &last, &next);
        VEC_AT(out + i) = x + (at - (v8f)(beyond & (v8i)one)) * (next - x);
    }
}

VEC_CLONES_PUBLIC(trace_stretch, stretch_all,
                  (const float *row, float step, int count, float *out),
                  (row, step, count, out))

VEC_INLINE void turn_back(const float *x, const float *y, int count, float *out)
{
    for (int k = 0; k < count; k++) {
        float a = x[2 * k], b = x[2 * k + 1], c = y[2 * k], d = -y[2 * k + 1];
        out[2 * k] = a * c - b * d;
        out[2 * k + 1] = b * c + a * d;
    }
}

VEC_CLONES_PUBLIC(trace_turn_back, turn_back,
                  (const float *x, const float *y, int count, float *restrict out),
                  (x, y, count, out))

VEC_INLINE void draw_all(const float *spectrum, int count, uint8_t *drawn)
{
    v8f by;
    vec_set(&by, 1.0F / (float)count);
    for (int k = 0; k < count; k += VEC) {
        v8f a = VEC_CONST_AT(spectrum + 2 * k), b = VEC_CONST_AT(spectrum + 2 * k + VEC);
        v8f re = VEC_SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14),
            im = VEC_SHUFFLE(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
        v8f root = by * (re * re + im * im), full = {0.0F};
        vec_sqrt(&root);
        vec_sqrt(&root);
        root = 255.0F * root + 0.5F;
        vec_set(&full, 255.0F);
        vec_min(&root, &full);
        v8i whole = __builtin_convertvector(root, v8i);
        vec_store_bytes(&whole, drawn + k);
    }
}

VEC_CLONES_PUBLIC(trace_draw, draw_all,
                  (const float *spectrum, int count, uint8_t *drawn),
                  (spectrum, count, drawn))

VEC_INLINE void sizes_all(const uint8_t *drawn, int count, float *size)
{
    for (int k = 0; k < count; k++) {
        float root = (float)drawn[k] * (1.0F / 255.0F);
        size[k] = root * root;
    }
}

VEC_CLONES_PUBLIC(trace_sizes, sizes_all,
                  (const uint8_t *drawn, int count, float *restrict size),
                  (drawn, count, size))

VEC_INLINE void flatten_all(const float *spectrum, float by, int8_t *deep)
{
    for (int k = 0; k < 2 * TRACE_DEEP; k += VEC) {
        v8f x = VEC_CONST_AT(spectrum + k) * by;
        vec_round(&x);
        v8i whole = __builtin_convertvector(x, v8i);
        vec_store_bytes(&whole, deep + k);
    }
}

VEC_CLONES(run_flatten, flatten_all, (const float *spectrum, float by, int8_t *deep),
           (spectrum, by, deep))

float trace_flatten(const float *spectrum, int8_t *deep)
{
    float unit = (line_peak(spectrum, 2 * (size_t)TRACE_DEEP) + 1e-20F) / 127.0F;
    run_flatten(spectrum, 1.0F / unit, deep);
    return unit;
}

VEC_INLINE void deepen_all(const int8_t *deep, float unit, float *spectrum)
{
    for (int k = 0; k < 2 * TRACE_DEEP; k++)
        spectrum[k] = unit * (float)deep[k];
}

VEC_CLONES_PUBLIC(trace_deepen, deepen_all,
                  (const int8_t *deep, float unit, float *restrict spectrum),
                  (deep, unit, spectrum))

VEC_INLINE void multiply_lanes(const float *const held[VEC], const float *other, int bins,
                               float *lanes)
{
    for (int k = 0; k < bins; k += VEC / 2) {
        float *to = lanes + 2 * VEC * k;
        v8f row[VEC];
        for (int lane = 0; lane < VEC; lane++)
            row[lane] = VEC_CONST_AT(held[lane] + 2 * k);
        vec_store_columns(row, to, VEC);
        for (int i = k; i < k + VEC / 2; i++, to += 2 * VEC) {
            v8f re = VEC_AT(to), im = VEC_AT(to + VEC);
            VEC_AT(to) = re * other[2 * i] + im * other[2 * i + 1];
            VEC_AT(to + VEC) = re * other[2 * i + 1] - im * other[2 * i];
        }
    }
}

VEC_CLONES_PUBLIC(trace_multiply_lanes, multiply_lanes,
                  (const float *const held[VEC], const float *other, int bins,
                   float *lanes),
                  (held, other, bins, lanes))

VEC_INLINE void top_all(const float *lanes, int count, int shift, float *top)
{
    v8f most = {0.0F};
    for (int i = -shift; i <= shift; i++) {
        const float *at = lanes + 2 * VEC * (i < 0 ? i + count : i);
        v8f re = VEC_CONST_AT(at), im = VEC_CONST_AT(at + VEC), power = re * re + im * im;
        vec_max(&most, &power);
    }
    vec_sqrt(&most);
    VEC_AT(top) = most;
}

VEC_CLONES_PUBLIC(trace_top_of_lanes, top_all,
                  (const float *lanes, int count, int shift, float top[FFT_BATCH]),
                  (lanes, count, shift, top))

/* Four sums at once: one would wait for itself. */
VEC_INLINE void multiply_all(const float *x, const float *y, int count, float *sum)
{
    v8f part[4] = {{0.0F}};
    for (int k = 0; k < count; k += 4 * VEC)
        for (int i = 0; i < 4; i++)
            part[i] += VEC_CONST_AT(x + k + i * VEC) * VEC_CONST_AT(y + k + i * VEC);
    v8f lane = (part[0] + part[1]) + (part[2] + part[3]);
    *sum = ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

VEC_CLONES(run_product, multiply_all,
           (const float *x, const float *y, int count, float *sum), (x, y, count, sum))

float trace_product(const float *x, const float *y, int count)
{
    float sum;
    run_product(x, y, count, &sum);
    return sum;
}

/* Of eight rows at once. */
VEC_INLINE void multiply_rows(const float *rows, size_t stride, const float *y, int count,
                              float *sum)
{
    v8f part[VEC] = {{0.0F}};
    float turned[VEC * VEC];
    for (int k = 0; k < count; k += VEC) {
        v8f with = VEC_CONST_AT(y + k);
        for (size_t i = 0; i < VEC; i++)
            part[i] += VEC_CONST_AT(rows + i * stride + k) * with;
    }
    vec_store_columns(part, turned, VEC);
    v8f all = {0.0F};
    for (int i = 0; i < VEC; i++)
        all += VEC_AT(turned + VEC * i);
    VEC_AT(sum) = all;
}

VEC_CLONES_PUBLIC(trace_products, multiply_rows,
                  (const float *rows, size_t stride, const float *y, int count,
                   float sum[FFT_BATCH]),
                  (rows, stride, y, count, sum))

struct stretch {
    const float *dense, *plain;
    float first, step;       /* plain[i] stands beside dense at first + step·i */
    int from, until, stride; /* 1 or 2 */
};

struct sums {
    float xx, yy, xy;
};

VEC_INLINE void correlate_all(const struct stretch *s, struct sums *sums)
{
    const v8f lane = {0, 1, 2, 3, 4, 5, 6, 7};
    v8f xx = {0.0F}, yy = {0.0F}, xy = {0.0F};
    int i = s->from, stride = s->stride;
    for (; i + VEC * stride <= s->until; i += VEC * stride) {
        v8f at = s->first + s->step * ((float)i + (float)stride * lane), x, y;
        const float *p = s->plain + i;
        read_eight(s->dense, &at, &x);
        y = VEC_CONST_AT(p);
        if (stride == 2)
            y = VEC_SHUFFLE(y, VEC_CONST_AT(p + VEC), 0, 2, 4, 6, 8, 10, 12, 14);
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    *sums = (struct sums){(float)vec_sum(&xx), (float)vec_sum(&yy), (float)vec_sum(&xy)};
    for (; i < s->until; i += stride) {
        float x = read_one(s->dense, s->first + s->step * (float)i), y = s->plain[i];
        sums->xx += x * x;
        sums->yy += y * y;
        sums->xy += x * y;
    }
}

VEC_CLONES(correlate, correlate_all, (const struct stretch *s, struct sums *sums),
           (s, sums))

double trace_alike_at(const struct trace_matcher *m, int b, double cents, double shift,
                      int stride)
{
    const struct trace_band *band = &trace_bands[b];
    const struct held *h = &m->held[b];
    double attack = trace_lead_s * band->rate_hz, step = exp2(cents / 1200.0) * DENSER,
           first = (shift - attack) * step + attack * DENSER,
           skip = trace_begins(m->trace, b) * DENSER;
    int last = band->count * DENSER - 1,
        from = (int)ceil(fmax(m->other->begins, (skip - first) / step)),
        until = (int)fmin(band->count, (last - first) / step);
    struct stretch s = {h->dense, m->other->plain, (float)first, (float)step,
                        from,     until,           stride};
    struct sums sums;
    correlate(&s, &sums);
    float least = least_common / (float)stride;
    if (sums.xx < least * h->power || sums.yy < least * m->other->power)
        return -1.0;
    return (double)(sums.xy * sums.xy / (sums.xx * sums.yy + 1e-30F));
}

/* Around a fit, in steps of so many cents and samples. */
struct slope {
    double cents, shift, alike[2][2]; /* of one step less and one more; by cents, shift */
    double corner;                    /* and of one in both, the ways it goes up */
};

static double alike_beside(const struct trace_matcher *m, int b, const struct fit *fit,
                           double cents, double shift)
{
    return trace_alike_at(m, b, fit->cents + cents, fit->shift + shift, 1);
}

static double upward(const double alike[2])
{
    return alike[1] < alike[0] ? -1.0 : 1.0;
}

static void look_around(const struct trace_matcher *m, int b, const struct fit *fit,
                        struct slope *s)
{
    for (int way = 0; way < 2; way++) {
        s->alike[0][way] = alike_beside(m, b, fit, (2 * way - 1) * s->cents, 0.0);
        s->alike[1][way] = alike_beside(m, b, fit, 0.0, (2 * way - 1) * s->shift);
    }
    s->corner = alike_beside(m, b, fit, upward(s->alike[0]) * s->cents,
                             upward(s->alike[1]) * s->shift);
}

/* The top of the paraboloid through them, in steps; false where there is none nearby. */
static bool top_of(const struct slope *s, double here, double *cents, double *shift)
{
    const double near = 1.5;
    double up[2], bend[2], cross = s->corner + here;
    for (int i = 0; i < 2; i++) {
        const double *a = s->alike[i];
        if (a[0] < 0.0 || a[1] < 0.0)
            return false;
        up[i] = 0.5 * (a[1] - a[0]);
        bend[i] = a[0] + a[1] - 2.0 * here;
        cross -= fmax(a[0], a[1]);
    }
    cross *= upward(s->alike[0]) * upward(s->alike[1]);
    double whole = bend[0] * bend[1] - cross * cross;
    if (s->corner < 0.0 || bend[0] >= 0.0 || bend[1] >= 0.0 || whole <= 0.0)
        return false;
    *cents = (cross * up[1] - bend[1] * up[0]) / whole;
    *shift = (cross * up[0] - bend[0] * up[1]) / whole;
    return fabs(*cents) <= near && fabs(*shift) <= near;
}

static void take_better(struct fit *best, const struct fit *from, double cents,
                        double shift, double alike)
{
    if (alike > best->alike)
        *best = (struct fit){from->cents + cents, from->shift + shift, alike};
}

struct fit trace_climb(const struct trace_matcher *m, int b, struct fit fit, double cents,
                       double needed)
{
    struct slope s = {.cents = cents, .shift = 0.25};
    fit.alike = alike_beside(m, b, &fit, 0.0, 0.0);
    for (int finer = 0, tries = 0; finer < FINER && tries < TRIES; tries++) {
        double c = 0.0, h = 0.0;
        look_around(m, b, &fit, &s);
        bool found = top_of(&s, fit.alike, &c, &h);
        double up = upward(s.alike[0]) * s.cents, over = upward(s.alike[1]) * s.shift;
        struct fit best = fit;
        take_better(&best, &fit, up, 0.0, fmax(s.alike[0][0], s.alike[0][1]));
        take_better(&best, &fit, 0.0, over, fmax(s.alike[1][0], s.alike[1][1]));
        take_better(&best, &fit, up, over, s.corner);
        if (found)
            take_better(&best, &fit, c * s.cents, h * s.shift,
                        alike_beside(m, b, &fit, c * s.cents, h * s.shift));
        bool moves = !found && best.alike > fit.alike;
        fit = best;
        if (moves)
            continue;
        s.cents /= 4.0;
        s.shift /= 4.0;
        if (finer++ == 0 && fit.alike < there * needed)
            break;
    }
    return fit;
}
