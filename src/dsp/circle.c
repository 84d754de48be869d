#include "dsp/circle.h"

#include "dsp/line.h"
#include "dsp/window.h"

#include <stdlib.h>

static size_t wrapped(ptrdiff_t at, size_t frames)
{
    ptrdiff_t length = (ptrdiff_t)frames;
    return (size_t)((at % length + length) % length);
}

/* As far as it goes before the end of the circle. */
static size_t run_from(size_t at, size_t frames, size_t left)
{
    return left < frames - at ? left : frames - at;
}

void circle_read(const struct audio *loop, size_t channel, ptrdiff_t at, size_t n,
                 float *to)
{
    size_t channels = (size_t)loop->channels, from = wrapped(at, loop->frames);
    for (size_t i = 0; i < n; from = 0) {
        const float *x = loop->data + from * channels + channel;
        for (size_t run = run_from(from, loop->frames, n - i); run > 0; run--, i++) {
            to[i] = finite_or_0(*x);
            x += channels;
        }
    }
}

bool circle_init(struct circle *c, size_t frames, int channels, int n)
{
    *c = (struct circle){.frames = frames, .channels = (size_t)channels, .n = (size_t)n};
    c->window = malloc(c->n * sizeof *c->window);
    c->sum = calloc(c->channels * frames, sizeof *c->sum);
    c->weight = calloc(frames, sizeof *c->weight);
    if (c->window)
        window_hann(c->window, n);
    return c->window && c->sum && c->weight;
}

void circle_done(struct circle *c)
{
    free(c->window);
    free(c->sum);
    free(c->weight);
}

/* Values first … end − 1, whose gain goes from `gain` on by `step` each. */
static void add_values(struct circle *c, size_t channel, ptrdiff_t at, const float *frame,
                       size_t first, size_t end, float gain, float step)
{
    float *sum = c->sum + channel * c->frames;
    size_t to = wrapped(at + (ptrdiff_t)first, c->frames);
    for (size_t i = first; i < end; to = 0) {
        size_t run = run_from(to, c->frames, end - i);
        for (size_t k = 0; k < run; k++) {
            float g = gain + step * (float)(i + k - first);
            sum[to + k] += g * frame[i + k] * c->window[i + k];
        }
        for (size_t k = 0; channel == 0 && k < run; k++) {
            float g = gain + step * (float)(i + k - first);
            c->weight[to + k] += g * c->window[i + k] * c->window[i + k];
        }
        i += run;
    }
}

void circle_add_part(struct circle *c, size_t channel, ptrdiff_t at, const float *frame,
                     struct circle_part p)
{
    if (p.first >= p.end)
        return;
    size_t most = (p.end - p.first) / 2;
    size_t in = p.first > 0 ? p.fade : 0, out = p.end < c->n ? p.fade : 0;
    in = in < most ? in : most;
    out = out < most ? out : most;
    size_t full = p.first + in, over = p.end - out;
    float up = 1 / (float)(in + 1), down = 1 / (float)(out + 1);
    add_values(c, channel, at, frame, p.first, full, up, up);
    add_values(c, channel, at, frame, full, over, 1, 0);
    add_values(c, channel, at, frame, over, p.end, 1 - down, -down);
}

void circle_add(struct circle *c, size_t channel, ptrdiff_t at, const float *frame)
{
    circle_add_part(c, channel, at, frame, (struct circle_part){.end = c->n});
}
