/* Several sounds in one conversion: libsamplerate works a coefficient out once for all
 * channels of a frame, and with four of them its loop runs fastest. */
#include "dsp/resample.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { LANES = 4, UNIT_MAX = 4096 };

static int common_divisor(int a, int b)
{
    while (b) {
        int rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The sounds side by side as channels of one, with silence up to a whole number of units:
 * then the ratio of the lengths is exactly that of the rates. */
static enum status lay_out(struct audio *all, const struct audio *from, size_t count,
                           size_t unit, struct err *e)
{
    size_t longest = 1, channels = (size_t)from[0].channels, width = count * channels;
    for (size_t i = 0; i < count; i++)
        longest = from[i].frames > longest ? from[i].frames : longest;
    size_t frames = (longest + unit - 1) / unit * unit;
    enum status st = audio_init(all, frames, (int)width, from[0].rate_hz, e);
    for (size_t i = 0; i < count && st == ST_OK; i++)
        for (size_t k = 0; k < from[i].frames; k++)
            memcpy(all->data + k * width + i * channels, from[i].data + k * channels,
                   channels * sizeof *all->data);
    return st;
}

static enum status take_out(struct audio *to, const struct audio *from, size_t count,
                            const struct audio *all, int rate_hz, struct err *e)
{
    size_t channels = (size_t)from[0].channels, width = count * channels;
    for (size_t i = 0; i < count; i++) {
        double exact = (double)from[i].frames * rate_hz / from[i].rate_hz;
        size_t frames = exact < 1 && from[i].frames ? 1 : (size_t)llround(exact);
        enum status st = audio_init(&to[i], frames, (int)channels, rate_hz, e);
        if (st != ST_OK)
            return st;
        for (size_t k = 0; k < frames && k < all->frames; k++)
            memcpy(to[i].data + k * channels, all->data + k * width + i * channels,
                   channels * sizeof *all->data);
    }
    return ST_OK;
}

static enum status convert_group(struct audio *to, const struct audio *from, size_t count,
                                 int rate_hz, enum resample_quality quality,
                                 struct err *e)
{
    int divisor = common_divisor(rate_hz, from[0].rate_hz);
    size_t unit = (size_t)(from[0].rate_hz / divisor);
    struct audio all = {0}, done = {0};
    enum status st = lay_out(&all, from, count, unit, e);
    if (st == ST_OK)
        st = resample_length(&done, &all, all.frames / unit * (size_t)(rate_hz / divisor),
                             quality, e);
    if (st == ST_OK)
        st = take_out(to, from, count, &done, rate_hz, e);
    audio_done(&all);
    audio_done(&done);
    return st;
}

static bool alike(const struct audio *a, const struct audio *b)
{
    return a->rate_hz == b->rate_hz && a->channels == b->channels;
}

enum status resample_together(struct audio *to, struct audio *from, size_t count,
                              int rate_hz, enum resample_quality quality, struct err *e)
{
    enum status st = ST_OK;
    for (size_t i = 0; i < count; i++)
        to[i] = (struct audio){0};
    for (size_t i = 0; i < count && st == ST_OK;) {
        int own = from[i].rate_hz, channels = from[i].channels;
        bool exact = own > 0 && rate_hz > 0 && channels > 0 && own != rate_hz &&
                     own / common_divisor(rate_hz, own) <= UNIT_MAX;
        size_t n = 1;
        while (exact && i + n < count && n * (size_t)channels < LANES &&
               alike(&from[i], &from[i + n]))
            n++;
        st = exact ? convert_group(to + i, from + i, n, rate_hz, quality, e)
                   : resample_rate(&to[i], &from[i], rate_hz, quality, e);
        i += n;
    }
    for (size_t i = 0; i < count; i++) {
        audio_done(&from[i]);
        if (st != ST_OK)
            audio_done(&to[i]);
    }
    return st;
}
