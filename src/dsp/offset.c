#include "dsp/offset.h"

#include <math.h>
#include <stdbool.h>

static const double LEAST = 0.001, BLOCK_S = 0.0116, NOTHING = 1e-10;
/* Levels come rounded to 0.01 dB. */
static const double ROUNDING = 0.002;
static const double STANDARD_ERRORS = 6;

void offset_add(struct offset *o, double mean, double mean_square)
{
    double square = mean_square - 2 * o->about * mean + o->about * o->about;
    double w = 1 / (fmax(ROUNDING * mean_square, square) + NOTHING);
    o->weight += w;
    o->weight2 += w * w;
    o->mean += w * mean;
    o->mean2 += w * mean * mean;
}

void offset_again(struct offset *o)
{
    *o = (struct offset){.about = o->weight > 0 ? o->mean / o->weight : 0};
}

double offset_value(const struct offset *o)
{
    if (!(o->weight > 0))
        return 0;
    double mean = o->mean / o->weight;
    double variance = fmax(0, o->mean2 / o->weight - mean * mean);
    double blocks = o->weight * o->weight / o->weight2;
    double error = sqrt(variance / fmax(1, blocks - 1));
    /* A few blocks tell nothing, however equal they are. */
    bool known = blocks > STANDARD_ERRORS * STANDARD_ERRORS;
    return known && fabs(mean) > fmax(LEAST, STANDARD_ERRORS * error) ? mean : 0;
}

static void add_blocks(struct offset *o, const struct audio *a)
{
    size_t block = (size_t)(BLOCK_S * a->rate_hz) + 1, channels = (size_t)a->channels;
    for (size_t at = 0; at + block <= a->frames; at += block) {
        double sum = 0, square = 0;
        for (size_t i = at; i < at + block; i++) {
            double x = 0;
            for (size_t c = 0; c < channels; c++)
                x += (double)a->data[i * channels + c];
            x /= a->channels;
            sum += x;
            square += x * x;
        }
        offset_add(o, sum / (double)block, square / (double)block);
    }
}

double offset_of(const struct audio *a)
{
    struct offset o = {0};
    for (int i = 0; i < OFFSET_ROUNDS; i++) {
        offset_again(&o);
        add_blocks(&o, a);
    }
    return offset_value(&o);
}

void offset_remove(float *samples, size_t count, double offset)
{
    for (size_t i = 0; offset != 0 && i < count; i++)
        samples[i] -= (float)offset;
}
