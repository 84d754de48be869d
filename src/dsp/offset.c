#include "dsp/offset.h"

#include <math.h>
#include <stdbool.h>

static const double LEAST = 0.001, BLOCK_S = 0.0116, NOTHING = 1e-10;
/* Levels come rounded to 0.01 dB. */
static const double ROUNDING = 0.002;
static const double STANDARD_ERRORS = 6;
/* Up to 3.3 s a whole sound is one that dies away: its end, few blocks, tells. */
static const double ENOUGH_BLOCKS = 36, OF_A_SHORT_ONE = 4, SHORT_BLOCKS = 288;

void offset_add(struct offset *o, double mean, double side, double mean_square)
{
    double square = mean_square - 2 * o->about * mean + o->about * o->about;
    double w = 1 / (fmax(ROUNDING * mean_square, square) + NOTHING);
    o->blocks++;
    o->weight += w;
    o->weight2 += w * w;
    o->mean += w * mean;
    o->mean2 += w * mean * mean;
    o->side += w * side;
    o->side2 += w * side * side;
}

void offset_again(struct offset *o)
{
    *o = (struct offset){.base = o->base,
                         .whole = o->whole,
                         .about = o->weight > 0 ? o->mean / o->weight : o->base.middle};
}

/* What the weighted sum of means and of their squares tells. */
static double value(const struct offset *o, double sum, double sum2, double base)
{
    if (!(o->weight > 0))
        return base;
    double mean = sum / o->weight;
    double variance = fmax(0, sum2 / o->weight - mean * mean);
    double blocks = o->weight * o->weight / o->weight2;
    double error = sqrt(variance / fmax(1, blocks - 1));
    /* A few blocks tell nothing, however equal they are. */
    bool brief = o->whole && o->blocks < SHORT_BLOCKS;
    bool known = blocks > (brief ? OF_A_SHORT_ONE : ENOUGH_BLOCKS);
    return known && fabs(mean - base) > fmax(LEAST, STANDARD_ERRORS * error) ? mean
                                                                             : base;
}

struct offsets offset_values(const struct offset *o)
{
    return (struct offsets){.middle = value(o, o->mean, o->mean2, o->base.middle),
                            .side = value(o, o->side, o->side2, o->base.side)};
}

static void add_blocks(struct offset *o, const struct audio *a)
{
    size_t block = (size_t)(BLOCK_S * a->rate_hz) + 1, channels = (size_t)a->channels;
    for (size_t at = 0; at + block <= a->frames; at += block) {
        double sum = 0, side = 0, square = 0;
        for (size_t i = at; i < at + block; i++) {
            const float *frame = a->data + i * channels;
            double x = 0;
            for (size_t c = 0; c < channels; c++)
                x += (double)frame[c];
            x /= a->channels;
            sum += x;
            square += x * x;
            side += channels == 2 ? 0.5 * ((double)frame[0] - (double)frame[1]) : 0;
        }
        double n = (double)block;
        offset_add(o, sum / n, side / n, square / n);
    }
}

struct offsets offset_of(const struct audio *a, bool whole)
{
    struct offset o = {.whole = whole};
    for (int i = 0; i < OFFSET_ROUNDS; i++) {
        offset_again(&o);
        add_blocks(&o, a);
    }
    return offset_values(&o);
}

void offset_remove(float *samples, size_t frames, int channels, struct offsets offset)
{
    double side = channels == 2 ? offset.side : 0;
    if (offset.middle == 0 && side == 0)
        return;
    float first = (float)(offset.middle + side), other = (float)(offset.middle - side);
    size_t n = frames * (size_t)channels, i = 0;
    for (; i + 2 <= n; i += 2) { /* but for stereo all are alike */
        samples[i] -= first;
        samples[i + 1] -= other;
    }
    if (i < n)
        samples[i] -= first;
}
