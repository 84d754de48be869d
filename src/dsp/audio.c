#include "dsp/audio.h"

#include "dsp/line.h"
#include "dsp/vec.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static enum status make(struct audio *a, size_t frames, int channels, int rate_hz,
                        bool zeroed, struct err *e)
{
    *a = (struct audio){.channels = channels, .rate_hz = rate_hz};
    if (channels < 1 || frames > SIZE_MAX / sizeof(float) / (size_t)channels)
        return err_set(e, ST_NO_MEMORY, "a sound of %zu frames is too large", frames);
    size_t samples = frames * (size_t)channels, size = sizeof *a->data;
    samples = samples ? samples : 1;
    a->data = zeroed ? calloc(samples, size) : malloc(samples * size);
    if (!a->data)
        return err_set(e, ST_NO_MEMORY, "no memory for a sound of %zu frames", frames);
    a->frames = frames;
    return ST_OK;
}

enum status audio_init(struct audio *a, size_t frames, int channels, int rate_hz,
                       struct err *e)
{
    return make(a, frames, channels, rate_hz, true, e);
}

enum status audio_room(struct audio *a, size_t frames, int channels, int rate_hz,
                       struct err *e)
{
    return make(a, frames, channels, rate_hz, false, e);
}

void audio_done(struct audio *a)
{
    free(a->data);
    *a = (struct audio){0};
}

enum status audio_slice(struct audio *to, const struct audio *from, size_t start,
                        size_t frames, struct err *e)
{
    enum status st = audio_room(to, frames, from->channels, from->rate_hz, e);
    if (st != ST_OK)
        return st;
    size_t channels = (size_t)from->channels,
           have = start < from->frames ? from->frames - start : 0;
    size_t n = have < frames ? have : frames;
    if (n > 0)
        memcpy(to->data, from->data + start * channels, n * channels * sizeof *to->data);
    memset(to->data + n * channels, 0, (frames - n) * channels * sizeof *to->data);
    return ST_OK;
}

enum status audio_round(struct audio *to, const struct audio *loop, size_t start,
                        size_t frames, struct err *e)
{
    size_t width = (size_t)loop->channels;
    enum status st = audio_room(to, frames, loop->channels, loop->rate_hz, e);
    if (st == ST_OK)
        line_copy_round(loop->data, loop->frames * width, start * width, frames * width,
                        to->data);
    return st;
}

VEC_INLINE void middle_of(const float *stereo, size_t frames, float *mono)
{
    size_t i = 0;
    for (; i + VEC <= frames; i += VEC) {
        v8f a = VEC_CONST_AT(stereo + 2 * i), b = VEC_CONST_AT(stereo + 2 * i + VEC);
        v8f left = VEC_SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
        v8f right = VEC_SHUFFLE(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
        VEC_AT(mono + i) = (left + right) * 0.5f;
    }
    for (; i < frames; i++)
        mono[i] = (stereo[2 * i] + stereo[2 * i + 1]) * 0.5F;
}

VEC_CLONES(run_middle, middle_of,
           (const float *stereo, size_t frames, float *restrict mono),
           (stereo, frames, mono))

void audio_fold(const float *interleaved, size_t frames, int channels, float *mono)
{
    float scale = 1.0f / (float)channels;
    if (channels == 1) {
        memcpy(mono, interleaved, frames * sizeof *mono);
        return;
    }
    if (channels == 2) {
        run_middle(interleaved, frames, mono);
        return;
    }
    for (size_t i = 0; i < frames; i++, interleaved += channels) {
        float sum = 0.0f;
        for (int c = 0; c < channels; c++)
            sum += interleaved[c];
        mono[i] = sum * scale;
    }
}

void audio_mono(const struct audio *a, float *mono)
{
    audio_fold(a->data, a->frames, a->channels, mono);
}

static void fold_to_stereo(struct audio *to, const struct audio *from)
{
    size_t channels = (size_t)from->channels;
    float left_scale = 1.0f / (float)((from->channels + 1) / 2);
    float right_scale = 1.0f / (float)(from->channels / 2);
    for (size_t i = 0; i < from->frames; i++) {
        const float *in = from->data + i * channels;
        float side[2] = {0.0f, 0.0f};
        for (size_t c = 0; c < channels; c++)
            side[c & 1] += in[c];
        to->data[2 * i] = side[0] * left_scale;
        to->data[2 * i + 1] = side[1] * right_scale;
    }
}

enum status audio_convert_channels(struct audio *to, const struct audio *from,
                                   int channels, struct err *e)
{
    enum status st = audio_room(to, from->frames, channels, from->rate_hz, e);
    if (st != ST_OK)
        return st;
    if (channels == from->channels)
        memcpy(to->data, from->data, from->frames * (size_t)channels * sizeof *to->data);
    else if (channels == 1)
        audio_mono(from, to->data);
    else if (from->channels == 1)
        for (size_t i = 0; i < from->frames; i++)
            to->data[2 * i] = to->data[2 * i + 1] = from->data[i];
    else
        fold_to_stereo(to, from);
    return ST_OK;
}

enum status audio_to_channels(struct audio *a, int channels, struct err *e)
{
    if (a->channels == channels)
        return ST_OK;
    struct audio from = *a;
    enum status st = audio_convert_channels(a, &from, channels, e);
    audio_done(&from);
    return st;
}
