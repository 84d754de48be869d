#include "audio/sound.h"

#include "dsp/level.h"
#include "dsp/loudness.h"

#include <math.h>
#include <stdlib.h>

enum { LONG_S = 3 };

struct sound *sound_new(struct audio *audio)
{
    struct sound *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    atomic_init(&s->references, 1);
    s->audio = *audio;
    *audio = (struct audio){0};
    s->loudness_lufs = (double)NAN;
    return s;
}

struct sound *sound_ref(struct sound *s)
{
    atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
    return s;
}

void sound_unref(struct sound *s)
{
    if (s && atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) == 1) {
        audio_done(&s->audio);
        free(s);
    }
}

static double loudness_of(const struct audio *a)
{
    struct loudness l = {.momentary_max_lufs = (double)NAN};
    size_t window = (size_t)((double)a->rate_hz * 0.4) + 1;
    if (a->frames < window) {
        struct audio padded = {0};
        if (audio_slice(&padded, a, 0, window, NULL) == ST_OK)
            loudness_measure(&padded, &l, NULL);
        audio_done(&padded);
    } else {
        loudness_measure(a, &l, NULL);
    }
    double lufs = l.momentary_max_lufs;
    if (a->frames >= (size_t)a->rate_hz * LONG_S && isfinite(l.integrated_lufs))
        lufs = l.integrated_lufs;
    if (!isfinite(lufs))
        lufs = level_to_db(level_rms(a));
    return isfinite(lufs) ? lufs : (double)NAN;
}

void sound_measure(struct sound *s)
{
    s->loud_start = level_frame_is_loud(&s->audio, 0);
    s->loud_end = level_frame_is_loud(&s->audio, s->audio.frames - 1);
    s->loudness_lufs = loudness_of(&s->audio);
    s->true_peak_dbfs = level_to_db(level_true_peak(&s->audio, false));
}

double sound_match_db(const struct sound *s, double target_lufs)
{
    if (isnan(s->loudness_lufs))
        return 0;
    double gain = target_lufs - s->loudness_lufs;
    gain = fmax(-MATCH_RANGE_DB, fmin(MATCH_RANGE_DB, gain));
    return fmin(gain, MATCH_PEAK_DBFS - s->true_peak_dbfs);
}
