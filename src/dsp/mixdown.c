#include "dsp/mixdown.h"

#include "dsp/level.h"
#include "dsp/line.h"

/* A tenth of what there is: of two channels in opposite phase the mean leaves scraps,
 * which would be brought up to full level. */
static const double CANCELS = 0.1;

static double product(const struct audio *a, size_t channel)
{
    size_t channels = (size_t)a->channels;
    double sum = 0.0;
    for (size_t i = 0; i < a->frames; i++) {
        const float *in = a->data + i * channels;
        sum += (double)finite_or_0(in[0]) * (double)finite_or_0(in[channel]);
    }
    return sum;
}

void mixdown(const struct audio *a, float *mono)
{
    size_t channels = (size_t)a->channels;
    float scale = 1.0f / (float)a->channels;
    for (size_t i = 0; i < a->frames; i++)
        mono[i] = finite_or_0(a->data[i * channels]) * scale;
    for (size_t c = 1; c < channels; c++) {
        float gain = product(a, c) < 0.0 ? -scale : scale;
        for (size_t i = 0; i < a->frames; i++)
            mono[i] += finite_or_0(a->data[i * channels + c]) * gain;
    }
}

enum status mixdown_fold(struct audio *a, struct err *e)
{
    struct audio turned;
    if (a->channels == 1)
        return ST_OK;
    enum status st = audio_init(&turned, a->frames, 1, a->rate_hz, e);
    if (st != ST_OK)
        return st;
    mixdown(a, turned.data);
    st = audio_to_channels(a, 1, e);
    if (st == ST_OK && level_rms(a) < CANCELS * level_rms(&turned)) {
        struct audio scraps = *a;
        *a = turned;
        turned = scraps;
    }
    audio_done(&turned);
    return st;
}
