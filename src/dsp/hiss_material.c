#include "dsp/hiss_material.h"
#include "dsp/biquad.h"
#include "dsp/level.h"
#include "dsp/mixdown.h"
#include "dsp/resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SOUNDS_MAX = 24 };
static const double seconds_each = 1.5, seconds_all = 8;
static const double attack_s = 0.006, envelope_s = 0.006, least_s = 0.025, edge_s = 0.004;
static const double floor_db = -46; /* below the sound's own peak envelope */
static const double least_level = 1e-4;
static const double level_out = 0.1;

/* Mono, at the right rate, only what lies in the band. A long sound: a part by chance. */
static enum status bring(struct audio *to, const struct audio *from, int rate_hz,
                         double low_hz, struct rng *r, struct err *e)
{
    size_t most = (size_t)(seconds_each * from->rate_hz);
    size_t frames = from->frames < most ? from->frames : most;
    size_t start = 0;
    if (from->frames > most)
        start = (size_t)(rng_uniform(r) * (double)(from->frames - most));
    struct audio part = {0}, mono = {0};
    enum status st = audio_slice(&part, from, start, frames, e);
    if (st == ST_OK)
        st = audio_init(&mono, frames, 1, from->rate_hz, e);
    if (st == ST_OK) {
        mixdown(&part, mono.data);
        st = resample_rate(to, &mono, rate_hz, RESAMPLE_FAST, e);
    }
    if (st == ST_OK) {
        struct biquad high = biquad_highpass(3, 0.7 * low_hz, rate_hz);
        st = biquad_zero_phase(&high, to, e);
    }
    audio_done(&part);
    audio_done(&mono);
    return st;
}

/* Centred moving RMS over 2 × half + 1 frames. */
static void envelope_of(const struct audio *a, size_t half, float *envelope)
{
    double sum = 0;
    size_t n = a->frames;
    for (size_t i = 0; i < n + half; i++) {
        if (i < n)
            sum += (double)a->data[i] * (double)a->data[i];
        if (i > 2 * half)
            sum -= (double)a->data[i - 2 * half - 1] * (double)a->data[i - 2 * half - 1];
        if (i >= half)
            envelope[i - half] = (float)sqrt(fmax(0, sum) / (double)(2 * half + 1));
    }
}

/* The longest stretch after the loudest place that stays above the floor, levelled. */
static enum status level_decay(struct audio *a, struct err *e)
{
    size_t half = (size_t)(0.5 * envelope_s * a->rate_hz) + 1, top = 0, n = a->frames;
    float *envelope = malloc((n + 1) * sizeof *envelope);
    if (!envelope)
        return err_set(e, ST_NO_MEMORY, "no memory to look for hiss");
    envelope_of(a, half, envelope);
    for (size_t i = 0; i < n; i++)
        if (envelope[i] > envelope[top])
            top = i;
    double peak = n ? (double)envelope[top] : 0;
    double limit = fmax(0.3 * least_level, peak * level_from_db(floor_db));
    size_t start = top + (size_t)(attack_s * a->rate_hz), end = start;
    while (end < n && (double)envelope[end] > limit)
        end++;
    bool usable =
        peak > least_level && start < n && (double)(end - start) > least_s * a->rate_hz;
    size_t count = usable ? end - start : 0;
    for (size_t i = 0; i < count; i++) {
        double g = level_out / (double)envelope[start + i];
        a->data[i] = (float)(g * (double)a->data[start + i]);
    }
    a->frames = count;
    size_t edge = (size_t)(edge_s * a->rate_hz);
    level_fade_in(a, edge);
    level_fade_out(a, edge);
    free(envelope);
    return ST_OK;
}

static enum status append(struct hiss_material *m, const struct audio *part, size_t room)
{
    size_t at = m->sound.frames;
    if (at + part->frames > room || !part->frames)
        return ST_OK;
    memcpy(m->sound.data + at, part->data, part->frames * sizeof *part->data);
    m->sound.frames += part->frames;
    m->region[m->regions++] = (struct grain_region){at, at + part->frames};
    return ST_OK;
}

enum status hiss_material_init(struct hiss_material *m, const struct audio *material,
                               size_t count, int rate_hz, double low_hz, struct rng *r,
                               struct err *e)
{
    *m = (struct hiss_material){0};
    size_t room = (size_t)(seconds_all * rate_hz);
    enum status st = audio_init(&m->sound, room, 1, rate_hz, e);
    m->region = calloc(SOUNDS_MAX, sizeof *m->region);
    if (st == ST_OK && !m->region)
        st = err_set(e, ST_NO_MEMORY, "no memory to look for hiss");
    m->sound.frames = 0;
    size_t wanted = count < SOUNDS_MAX ? count : SOUNDS_MAX;
    /* one of each of `wanted` equal shares of the list, so that all of it is heard from
     */
    for (size_t i = 0; i < wanted && st == ST_OK; i++) {
        size_t low = i * count / wanted, high = (i + 1) * count / wanted;
        size_t pick = low + rng_below(r, (uint32_t)(high - low));
        struct audio part = {0};
        if (material[pick].frames < 16 || material[pick].rate_hz < 1000)
            continue;
        st = bring(&part, &material[pick], rate_hz, low_hz, r, e);
        if (st == ST_OK)
            st = level_decay(&part, e);
        if (st == ST_OK)
            st = append(m, &part, room);
        audio_done(&part);
    }
    return st;
}

void hiss_material_done(struct hiss_material *m)
{
    audio_done(&m->sound);
    free(m->region);
    *m = (struct hiss_material){0};
}
