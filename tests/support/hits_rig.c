#include "hits_rig.h"
#include "checks.h"

#include "core/rng.h"

#include <math.h>
#include <stdint.h>

void strike(struct audio *a, double at_s, double level, double fall_db_per_s)
{
    struct rng r = rng_derive(5, 0, "hits-test", (uint64_t)(at_s * 1000));
    for (size_t i = (size_t)lround(at_s * a->rate_hz); i < a->frames; i++) {
        double t = (double)i / a->rate_hz - at_s;
        double v = level * pow(10, -t * fall_db_per_s / 20) * rng_range(&r, -1, 1);
        for (int c = 0; c < a->channels; c++)
            a->data[i * (size_t)a->channels + (size_t)c] += (float)v;
    }
}

void floor_noise(struct audio *a, double level)
{
    struct rng r = rng_derive(5, 0, "hits-test-floor", 0);
    for (size_t i = 0; i < a->frames * (size_t)a->channels; i++)
        a->data[i] += (float)(level * rng_range(&r, -1, 1));
}

void make(struct audio *a, double seconds, int channels)
{
    assert_int_equal(audio_init(a, (size_t)(seconds * RATE), channels, RATE, NULL),
                     ST_OK);
}
