/* grains: granular clouds that loop without a seam.
 *
 * Grains are drawn from stable regions, gated by quality, played at their own pitch by
 * band-limited varispeed, panned with equal power and overlap-added on a circle (Roads,
 * Microsound 2001); the level is evened by the root of the summed squared windows.
 * Thread: no shared state. Everything random comes from the given stream ("cloud"). */
#ifndef TROWEL_DSP_GRAINS_H
#define TROWEL_DSP_GRAINS_H

#include "core/rng.h"
#include "core/status.h"
#include "dsp/audio.h"
#include "dsp/seam.h"

#include <stddef.h>

struct grain_region {
    size_t start, end; /* frames of the material */
};

/* What grains are drawn from. */
struct grain_material {
    const struct audio *sound;
    /* The only places they come from: sorted or not, may overlap; clipped to the sound;
     * those shorter than a grain are used as far as they reach. With count 0 the calmest
     * fifth of the sound is found. */
    const struct grain_region *regions;
    size_t count;
};

struct grains_spec {
    double length_min_ms, length_max_ms; /* clouds.grain_length_*_ms; at least 5 ms */
    int grain_count;   /* at least so many; more when the overlap asks for them */
    double duration_s; /* of the cloud */
    double pitch_min_semitones, pitch_max_semitones; /* each grain, uniform */
    double transpose_semitones;                      /* all grains: target key */
    double overlap_ratio;     /* 0 … 1 open: hop = mean length × (1 − overlap) */
    double lowpass_hz;        /* 3rd order, circular; 0 = off */
    double peak_dbfs;         /* true peak of the cloud */
    double quality_threshold; /* pre_analysis.grain_quality_threshold */
    int channels;             /* of the cloud: 1 or 2 */
    int rate_hz;              /* of the cloud; 0: the material's */
};

struct grains_report {
    double mean_quality; /* of the grains */
    struct seam seam;    /* judged where the cloud is long enough */
};

/* A cloud of llround(duration × rate) frames at its rate. `report` may be NULL.
 * The 50 ms RMS is within ±4 dB of the mean (material without a constant, which is gone
 * afterwards). The channels of a stereo cloud correlate by about 0.64, as the pans of its
 * grains make it, and from 16 grains on within 0.1 … 0.9. ST_EMPTY when the material is
 * silent or shorter than 10 ms, ST_USAGE for a spec out of range, ST_NO_MEMORY. */
enum status grains_cloud(struct audio *to, const struct grain_material *from,
                         const struct grains_spec *s, struct rng *r,
                         struct grains_report *report, struct err *e);

#endif
