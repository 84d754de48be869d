#include "dsp/mixdown.h"

#include "dsp/line.h"

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
