/* The varispeed of resample.h. */
#include "core/pi.h"
#include "dsp/resample.h"

#include "dsp/line.h"
#include "dsp/vec.h"
#include "dsp/window.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* A table a semitone of speed, 32 taps at speed 1 (more as the corner falls), Kaiser
 * window, coefficients of 128 phases with linear interpolation between them. */
enum { PHASES = 128, TAPS = 32, WINDOW_POINTS = 4096 };
static const double kaiser_beta = 9.0;
/* Of the rate, at speed 1; the stop band begins at 0.545. */
static const double corner = 0.455;

struct bank {
    int taps;
    float *tap; /* (PHASES + 1) × taps */
};

struct varispeed {
    double slowest, fastest;
    int first, count; /* semitones above speed 1; at least one bank */
    struct bank *bank;
};

/* The window from its middle (0) to its end, straight between the points. */
static double window_at(const double *window, double u)
{
    double place = fabs(u) * WINDOW_POINTS;
    int i = (int)place;
    return i < WINDOW_POINTS ? window[i] + (place - i) * (window[i + 1] - window[i]) : 0;
}

static bool bank_init(struct bank *b, const double *window, double speed)
{
    int half = (int)ceil(TAPS / 2 * speed);
    half = (half + VEC / 2 - 1) / (VEC / 2) * (VEC / 2); /* taps in whole vectors */
    b->taps = 2 * half;
    b->tap = malloc((size_t)(PHASES + 1) * (size_t)b->taps * sizeof *b->tap);
    double *raw = malloc((size_t)b->taps * sizeof *raw);
    if (!b->tap || !raw) {
        free(raw);
        return false;
    }
    double cut = 2 * corner / speed;
    double step_cos = cos(PI * cut), step_sin = sin(PI * cut);
    for (int p = 0; p <= PHASES; p++) {
        float *tap = b->tap + p * b->taps;
        double sum = 0, first = PI * cut * (-(half - 1) - (double)p / PHASES);
        double s = sin(first), c = cos(first); /* of the argument, turned tap by tap */
        for (int k = 0; k < b->taps; k++) {
            double x = k - (half - 1) - (double)p / PHASES, y = PI * cut * x;
            raw[k] = (fabs(y) < 1e-6 ? 1 : s / y) * window_at(window, x / half);
            sum += raw[k];
            double next = s * step_cos + c * step_sin;
            c = c * step_cos - s * step_sin;
            s = next;
        }
        for (int k = 0; k < b->taps; k++)
            tap[k] = (float)(raw[k] / sum);
    }
    free(raw);
    return true;
}

/* The bank for a speed, in semitones above 1, rounded up: nothing may fold back. */
static int semitone_of(double speed)
{
    return speed > 1 ? (int)ceil(12 * log2(speed) - 1e-9) : 0;
}

struct varispeed *varispeed_new(double slowest, double fastest)
{
    struct varispeed *v = calloc(1, sizeof *v);
    double *window = malloc((WINDOW_POINTS + 1) * sizeof *window);
    bool ready = v && window;
    if (ready) {
        v->slowest = fmin(fmax(slowest, SPEED_MIN), SPEED_MAX);
        v->fastest = fmin(fmax(fastest, v->slowest), SPEED_MAX);
        v->first = semitone_of(v->slowest);
        v->count = semitone_of(v->fastest) - v->first + 1;
        v->bank = calloc((size_t)v->count, sizeof *v->bank);
        ready = v->bank != NULL;
        for (int i = 0; i <= WINDOW_POINTS; i++)
            window[i] = window_kaiser(kaiser_beta, (double)i / WINDOW_POINTS) /
                        window_kaiser(kaiser_beta, 0);
    }
    for (int i = 0; ready && i < v->count; i++)
        ready = bank_init(&v->bank[i], window, exp2((v->first + i) / 12.0));
    free(window);
    if (ready)
        return v;
    varispeed_free(v);
    return NULL;
}

void varispeed_free(struct varispeed *v)
{
    for (int i = 0; v && v->bank && i < v->count; i++)
        free(v->bank[i].tap);
    if (v)
        free(v->bank);
    free(v);
}

/* Two dot products at once, so that coefficients may be interpolated. */
VEC_INLINE float interpolate(const struct bank *b, const float *x, double fraction)
{
    double place = fraction * PHASES;
    int phase = (int)place;
    float mix = (float)(place - phase);
    const float *low = b->tap + phase * b->taps, *high = low + b->taps;
    v8f sum_low = {0}, sum_high = {0};
    for (int k = 0; k < b->taps; k += VEC) {
        v8f in = VEC_CONST_AT(x + k);
        sum_low += in * VEC_CONST_AT(low + k);
        sum_high += in * VEC_CONST_AT(high + k);
    }
    v8f s = sum_low + mix * (sum_high - sum_low);
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* out[i] = in(at + i × speed), all of it inside. */
VEC_INLINE void read_inside(const struct bank *b, const float *in, double at,
                            double speed, float *out, size_t count)
{
    ptrdiff_t before = b->taps / 2 - 1;
    for (size_t i = 0; i < count; i++) {
        double here = at + (double)i * speed;
        ptrdiff_t whole = (ptrdiff_t)here;
        out[i] = finite_or_0(interpolate(b, in + whole - before, here - (double)whole));
    }
}

VEC_CLONES(run_inside, read_inside,
           (const struct bank *b, const float *in, double at, double speed, float *out,
            size_t count),
           (b, in, at, speed, out, count))

/* What a kernel sees at an end of the sound: silence beyond it. */
static float at_the_end(const struct bank *b, const float *in, ptrdiff_t frames,
                        double at)
{
    double whole = floor(at);
    ptrdiff_t first = (ptrdiff_t)whole - (b->taps / 2 - 1);
    float mix = (float)((at - whole) * PHASES);
    int phase = (int)mix;
    mix -= (float)phase;
    /* A hair before a frame rounds to the frame itself, which is the last row. */
    const float *low = b->tap + phase * b->taps;
    const float *high = phase < PHASES ? low + b->taps : low;
    float sum = 0.0f;
    for (ptrdiff_t k = 0; k < b->taps; k++)
        if (first + k >= 0 && first + k < frames)
            sum += finite_or_0(in[first + k]) * (low[k] + mix * (high[k] - low[k]));
    return sum;
}

void varispeed_read(const struct varispeed *v, const float *in, size_t frames,
                    double start, double speed, float *out, size_t count)
{
    speed = speed > v->fastest ? v->fastest : speed >= v->slowest ? speed : v->slowest;
    const struct bank *b = &v->bank[semitone_of(speed) - v->first];
    ptrdiff_t before = b->taps / 2 - 1, n = (ptrdiff_t)frames;
    /* The frames whose kernels lie inside the sound, by a frame to spare. */
    double first = ceil(((double)before + 1 - start) / speed);
    double past = floor(((double)(n - b->taps + before) - 1 - start) / speed) + 1;
    size_t from = (size_t)fmin(fmax(first, 0), (double)count);
    size_t to = (size_t)fmin(fmax(past, (double)from), (double)count);
    for (size_t i = 0; i < from; i++)
        out[i] = at_the_end(b, in, n, start + (double)i * speed);
    run_inside(b, in, start + (double)from * speed, speed, out + from, to - from);
    for (size_t i = to; i < count; i++)
        out[i] = at_the_end(b, in, n, start + (double)i * speed);
}
