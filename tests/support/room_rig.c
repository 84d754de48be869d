#include "room_rig.h"
#include "checks.h"

#include "core/rng.h"
#include "dsp/synth.h"
#include "tone.h"

#include <math.h>
#include <stdint.h>

void add_tone(struct audio *a, double from_s, double to_s, double rms_db, double top_hz,
              uint64_t item)
{
    struct rng r = rng_derive(2, 2, "tone", item);
    size_t at = (size_t)(from_s * a->rate_hz), end = (size_t)(to_s * a->rate_hz);
    synth_noise(pow(10.0, rms_db / 20.0), 20.0, top_hz, &r, a->data + at, end - at,
                a->rate_hz);
}

void add_drums(struct audio *a, double from_s, double to_s, uint64_t item)
{
    struct rng r = rng_derive(2, 2, "drums", item);
    for (double at = from_s; at < to_s - 0.02; at += 0.27) {
        enum synth_drum d = (enum synth_drum)rng_below(&r, 3);
        size_t start = (size_t)(at * a->rate_hz), end = (size_t)(to_s * a->rate_hz);
        synth_drum(d, 0.5, 1.0, &r, a->data + start, end - start, a->rate_hz);
    }
}

struct audio recording(struct stretch *known, size_t *count)
{
    static const double level[] = {-50.0, -62.0, -70.0, -57.0, -66.0, -53.0};
    static const double top[] = {18000.0, 1500.0, 5000.0, 400.0, 9000.0, 700.0};
    struct audio a = tone_blank(36.0, 1, RATE);
    double at = 0.0;
    struct rng r = rng_derive(2, 2, "parts", 0);
    for (size_t k = 0; k < 6; k++) {
        size_t start = (size_t)(at * RATE), n = 5 * RATE / 2;
        if (k % 3 == 0)
            add_drums(&a, at, at + 2.5, k);
        else if (k % 3 == 1)
            synth_speech(0.1, &r, a.data + start, n, RATE);
        else
            synth_pad(&(struct synth_pad){220.0, 0.2, 2000.0, 5.0, 0.1, 0.1}, &r,
                      a.data + start, n, RATE);
        at += 2.5;
        double end = at + 2.0 + 0.6 * (double)k;
        add_tone(&a, at, end, level[k], top[k], k);
        known[k] = (struct stretch){at, end};
        at = end;
    }
    assert_true(at <= 36.0);
    a.frames = (size_t)(at * RATE);
    *count = 6;
    return a;
}
