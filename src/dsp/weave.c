#include "dsp/weave.h"

#include "dsp/line.h"

#include <math.h>
#include <stdlib.h>

/* The level of low notes moves within 10 ms. */
static const double block_s = 0.005;
enum { SPAN = 10, ROUNDS = 16 };                      /* blocks in 50 ms */
static const double gain_max = 4.0, total_max = 32.0; /* of a round, and of all */
static const double left_db = 0.05;                   /* beyond the tolerance is let be */
static const double of_others = 0.5;

static size_t before(size_t b, size_t blocks)
{
    return b > 0 ? b - 1 : blocks - 1;
}

static size_t after(size_t b, size_t blocks)
{
    return b + 1 < blocks ? b + 1 : 0;
}

/* The kth of the SPAN blocks around b; the first lies half of them before it. */
static size_t around(size_t b, size_t k, size_t blocks)
{
    size_t at = b + k + blocks - SPAN / 2;
    return at < blocks ? at : at < 2 * blocks ? at - blocks : at - 2 * blocks;
}

/* Mean square of each block that the gains have changed. */
static void block_powers(const struct audio *loop, size_t blocks, const double *gain,
                         double *power)
{
    size_t channels = (size_t)loop->channels;
    for (size_t b = 0; b < blocks; b++) {
        if (gain[before(b, blocks)] == 1 && gain[b] == 1 && gain[after(b, blocks)] == 1)
            continue;
        size_t from = b * loop->frames / blocks, to = (b + 1) * loop->frames / blocks;
        size_t n = (to - from) * channels;
        power[b] = line_square_sum(loop->data + from * channels, n) / (double)n;
    }
}

/* By how many dB the SPAN blocks around each lie beyond the tolerance; false when none
 * do. */
static bool find_excess(size_t blocks, double tolerance_db, const double *power,
                        double *excess)
{
    double mean = 0;
    for (size_t b = 0; b < blocks; b++)
        mean += power[b] / (double)blocks;
    bool any = false;
    for (size_t b = 0; b < blocks; b++) {
        double here = 0;
        for (size_t k = 0; k < SPAN; k++)
            here += power[around(b, k, blocks)] / SPAN;
        double off = mean > 0 && here > 0 ? 10 * log10(here / mean) : 0;
        excess[b] = off > tolerance_db    ? off - tolerance_db
                    : off < -tolerance_db ? off + tolerance_db
                                          : 0;
        any |= fabs(excess[b]) > left_db;
    }
    return any;
}

/* Gain for each block's middle: what the span around it takes, and a share of what all
 * the spans take that hold it. Two strokes may be too loud together, and only what lies
 * between them is in the middle of both. Gaps stay gaps: in a cloud of few grains they
 * hold what rings on in the filters. */
static void block_gains(size_t blocks, const double *excess, double *gain, double *total)
{
    for (size_t b = 0; b < blocks; b++) {
        double mean = 0;
        for (size_t k = 1; k <= SPAN; k++)
            mean += excess[around(b, k, blocks)] / SPAN;
        double over = excess[b] + of_others * mean;
        gain[b] = over == 0 ? 1 : pow(10, -over / 20);
        double most = fmin(gain_max, total_max / total[b]);
        gain[b] = fmin(most, fmax(1 / gain_max, gain[b]));
        total[b] *= gain[b];
    }
}

static double middle_of(size_t b, double length)
{
    return ((double)b + 0.5) * length - 0.5;
}

/* From block middle to block middle, smoothly; round the loop from the last to the first.
 * One ends where the next begins, however their middles are rounded. */
static void apply_gains(struct audio *loop, size_t blocks, const double *gain)
{
    size_t channels = (size_t)loop->channels, frames = loop->frames;
    double length = (double)frames / (double)blocks;
    for (size_t b = 0; b < blocks; b++) {
        double from = gain[b], to = gain[after(b, blocks)];
        if (from == 1 && to == 1)
            continue;
        double middle = middle_of(b, length);
        size_t first = (size_t)ceil(middle),
               end = (size_t)ceil(middle_of(after(b, blocks), length));
        end += b + 1 == blocks ? frames : 0;
        for (size_t i = first; i < end; i++) {
            double part = ((double)i - middle) / length;
            double g = from + part * part * (3 - 2 * part) * (to - from);
            float *x = loop->data + (i < frames ? i : i - frames) * channels;
            for (size_t c = 0; c < channels; c++)
                x[c] *= (float)g;
        }
    }
}

enum status weave_even(struct audio *loop, double tolerance_db, struct err *e)
{
    size_t blocks = (size_t)((double)loop->frames / (block_s * loop->rate_hz) + 0.5);
    if (blocks < 2 * SPAN || blocks > loop->frames)
        return ST_OK;
    double *power = malloc(blocks * sizeof *power), *gain = calloc(blocks, sizeof *gain);
    double *excess = malloc(blocks * sizeof *excess);
    double *total = malloc(blocks * sizeof *total);
    enum status st = ST_OK;
    if (!power || !gain || !excess || !total)
        st = err_set(e, ST_NO_MEMORY, "no memory to even the level of a loop");
    for (size_t b = 0; b < blocks && st == ST_OK; b++)
        total[b] = 1;
    for (int round = 0; round < ROUNDS && st == ST_OK; round++) {
        block_powers(loop, blocks, gain, power);
        if (!find_excess(blocks, tolerance_db, power, excess))
            break;
        block_gains(blocks, excess, gain, total);
        apply_gains(loop, blocks, gain);
    }
    free(power);
    free(gain);
    free(excess);
    free(total);
    return st;
}
