#include "audio/voice.h"

#include "core/pi.h"

#include <math.h>
#include <string.h>

void voice_start(struct voice *v, struct sound *sound, const struct kernel *kernel,
                 const struct program *program, float gain)
{
    v->sound = sound;
    v->kernel = kernel;
    v->program = *program;
    v->span = 0;
    v->offset = 0;
    v->heard = program->span[0].from;
    v->edge_frames = (int64_t)(VOICE_EDGE_S * sound->audio.rate_hz);
    int device_hz = kernel ? kernel->to_hz : sound->audio.rate_hz;
    v->rising = 0;
    v->rise_length = program->fade_in ? (int)(VOICE_EDGE_S * device_hz) : 0;
    v->rendered = v->ended = v->fading = false;
    v->gain = v->gain_goal = gain;
    v->gain_step = 0;
    v->place = 0;
    v->first = v->waiting = 0;
    v->tail = 0;
    if (kernel) {
        v->waiting = kernel->taps / 2 - 1;
        v->tail = kernel->taps / 2;
        for (int c = 0; c < 2; c++)
            memset(v->input[c], 0, (size_t)v->waiting * sizeof(float));
    }
}

void voice_follow(struct voice *v, const struct program *program)
{
    v->program = *program;
    v->span = 0;
    v->offset = 0;
}

void voice_gain(struct voice *v, float gain, int frames)
{
    v->gain_goal = gain;
    v->gain_step = (gain - v->gain) / (float)frames;
}

void voice_fade(struct voice *v, int frames)
{
    if (v->fading)
        return;
    v->fading = true;
    v->fade_done = 0;
    v->fade_length = frames;
}

int64_t voice_reading(const struct voice *v)
{
    if (v->span >= v->program.count)
        return v->heard;
    return v->program.span[v->span].from + v->offset;
}

static float raised_cosine(double progress)
{
    return (float)(0.5 - 0.5 * cos(PI * progress));
}

/* The fades at a span's ends, over n frames read from `offset` on. */
static void shape_span(const struct voice *v, const struct span *s, float *left,
                       float *right, int n)
{
    int64_t length = s->to - s->from;
    int64_t edge = v->edge_frames; /* in a shorter span the two fades multiply */
    bool in = s->fade_in && v->offset < edge;
    bool out = s->fade_out && v->offset + n > length - edge;
    if (!in && !out)
        return;
    for (int i = 0; i < n; i++) {
        int64_t at = v->offset + i;
        float g = 1;
        if (in && at < edge)
            g = raised_cosine((double)at / (double)edge);
        if (out && length - 1 - at < edge)
            g *= raised_cosine((double)(length - 1 - at) / (double)edge);
        left[i] *= g;
        right[i] *= g;
    }
}

static void copy_frames(const struct audio *a, int64_t from, float *left, float *right,
                        int n)
{
    const float *in = a->data + from * a->channels;
    int second = a->channels > 1 ? 1 : 0;
    for (int i = 0; i < n; i++, in += a->channels) {
        left[i] = in[0];
        right[i] = in[second];
    }
}

/* The next n frames of the program at the sound's rate; fewer only at its end. */
static int read_program(struct voice *v, float *left, float *right, int n)
{
    int got = 0;
    while (got < n && v->span < v->program.count) {
        const struct span *s = &v->program.span[v->span];
        int64_t left_over = s->to - s->from - v->offset;
        int part = left_over < n - got ? (int)left_over : n - got;
        copy_frames(&v->sound->audio, s->from + v->offset, left + got, right + got, part);
        shape_span(v, s, left + got, right + got, part);
        got += part;
        v->offset += part;
        if (v->offset == s->to - s->from) {
            v->offset = 0;
            v->span++;
            if (v->span == v->program.count && v->program.repeat != PROGRAM_END)
                v->span = v->program.repeat;
        }
    }
    return got;
}

/* At least `taps` input frames waiting at v->first; false when the sound has rung out. */
static bool feed(struct voice *v)
{
    int taps = v->kernel->taps;
    if (v->waiting >= taps)
        return true;
    for (int c = 0; c < 2; c++)
        memmove(v->input[c], v->input[c] + v->first, (size_t)v->waiting * sizeof(float));
    v->first = 0;
    int want = taps - v->waiting + VOICE_AHEAD;
    v->waiting +=
        read_program(v, v->input[0] + v->waiting, v->input[1] + v->waiting, want);
    for (; v->waiting < taps && v->tail > 0; v->tail--, v->waiting++)
        v->input[0][v->waiting] = v->input[1][v->waiting] = 0;
    return v->waiting >= taps;
}

/* n frames at the device's rate; fewer only at the end. */
static int convert(struct voice *v, float *left, float *right, int n)
{
    const struct kernel *k = v->kernel;
    bool mono = v->sound->audio.channels == 1;
    for (int i = 0; i < n; i++) {
        if (!feed(v))
            return i;
        float value[2];
        kernel_values(k, v->place, v->input[0] + v->first, v->input[!mono] + v->first,
                      value);
        left[i] = value[0];
        right[i] = value[1];
        v->place += k->from_hz;
        int step = (int)(v->place / k->to_hz);
        step = step < v->waiting ? step : v->waiting;
        v->place %= k->to_hz;
        v->first += step;
        v->waiting -= step;
    }
    return n;
}

static float ramped_gain(struct voice *v)
{
    if (v->gain != v->gain_goal) {
        v->gain += v->gain_step;
        bool there = v->gain_step > 0 ? v->gain >= v->gain_goal : v->gain <= v->gain_goal;
        if (there)
            v->gain = v->gain_goal;
    }
    return v->gain;
}

static float envelope(struct voice *v)
{
    float g = 1;
    if (v->rising < v->rise_length)
        g = raised_cosine((double)++v->rising / (v->rise_length + 1));
    if (v->fading) {
        v->ended = v->ended || v->fade_done >= v->fade_length;
        v->fade_done++;
        double left = 1 - (double)v->fade_done / (v->fade_length + 1);
        g = v->ended ? 0 : g * raised_cosine(left);
    }
    return g;
}

static void apply_gain(struct voice *v, float *left, float *right, int n)
{
    bool moves = v->fading || v->rising < v->rise_length || v->gain != v->gain_goal;
    if (!moves && v->gain == 1)
        return;
    for (int i = 0; i < n; i++) {
        float g = ramped_gain(v);
        if (moves)
            g *= envelope(v);
        left[i] *= g;
        right[i] *= g;
    }
}

/* What is read is up to a window ahead of what is heard, within the span. */
static void note_heard(struct voice *v)
{
    if (v->span >= v->program.count) {
        v->heard = (int64_t)v->sound->audio.frames;
        return;
    }
    int64_t ahead = v->kernel ? v->waiting - v->kernel->taps / 2 : 0;
    ahead = ahead < 0 ? 0 : ahead;
    v->heard = v->program.span[v->span].from;
    v->heard += v->offset > ahead ? v->offset - ahead : 0;
}

void voice_mix(struct voice *v, float *left, float *right, int frames)
{
    float l[VOICE_BLOCK], r[VOICE_BLOCK];
    if (v->ended)
        return;
    int got = v->kernel ? convert(v, l, r, frames) : read_program(v, l, r, frames);
    apply_gain(v, l, r, got);
    for (int i = 0; i < got; i++) {
        left[i] += l[i];
        right[i] += r[i];
    }
    v->rendered = true;
    v->ended = v->ended || got < frames;
    note_heard(v);
}
