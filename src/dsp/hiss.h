/* hiss: loops and bursts of air from percussive material, synthetic noise, and dust.
 *
 * A loop is woven from the decays of the hits: their noise above the band's lower edge,
 * without the attacks, brought to one level; many short grains of it on a circle over a
 * bed of the same spectrum with random phases, so neither hits nor any repetition can be
 * heard. Then circular zero-phase filters (4th order, −6 dB at the corners), tremolo with
 * whole cycles, peak target: seamless by construction. Thread: no shared state. Streams:
 * "hiss", "flicker", "noise", "dust". */
#ifndef TROWEL_DSP_HISS_H
#define TROWEL_DSP_HISS_H

#include "core/rng.h"
#include "core/status.h"
#include "dsp/audio.h"
#include "dsp/hiss_material.h"
#include "dsp/seam.h"

#include <stdbool.h>

struct hiss_spec {
    double loop_duration_s;
    double highpass_hz;                       /* used unless use_bandpass */
    double bandpass_low_hz, bandpass_high_hz; /* kept in order, below Nyquist */
    bool use_bandpass;
    double tremolo_rate_hz; /* snapped to whole cycles a loop, at least 1; 0 = none */
    double tremolo_depth;   /* 0 … 1 */
    double flicker_min_ms, flicker_max_ms;
    double noise_level_db;    /* synthetic noise, dB RMS; NAN = none */
    double loop_peak_dbfs;    /* −6 */
    double flicker_peak_dbfs; /* −3 */
    int channels;             /* 1 or 2 */
    int rate_hz;              /* of what is made; the material may have another */
};

/* The lower edge of the band, for hiss_material_init. */
double hiss_low_hz(const struct hiss_spec *s);

/* What is told of what was made. */
struct hiss_report {
    bool synthetic;   /* noise alone */
    struct seam seam; /* judged of a loop that is long enough */
};

/* A seamless loop of llround(loop_duration_s × rate_hz) frames. `material`: prepared at
 * the same rate from hits or percussive stretches; one serves for many loops and bursts.
 * Without usable material (NULL, or no region in it) synthetic noise alone, and with NAN
 * as its level ST_EMPTY; ST_USAGE for a spec out of range. With material and a noise
 * level, noise lies under it: that many dB (at most −6) from the material's RMS. `report`
 * may be NULL. */
enum status hiss_loop(struct audio *to, const struct hiss_material *material,
                      const struct hiss_spec *s, struct rng *r,
                      struct hiss_report *report, struct err *e);

/* A burst of a random length between the limits: 10 ms in, 50 ms out (shorter in bursts
 * below 90 ms), no tremolo. Same material rules. */
enum status hiss_flicker(struct audio *to, const struct hiss_material *material,
                         const struct hiss_spec *s, struct rng *r,
                         struct hiss_report *report, struct err *e);

/* White Gaussian noise instead of what is there, independent channels, RMS exactly
 * level_db (dBFS). Not clipped. */
void hiss_noise(struct audio *a, double level_db, struct rng *r);

struct dust_spec {
    bool pad_loops;   /* the pad is a loop */
    double mix_db;    /* of the hiss, from the pad's RMS */
    double peak_dbfs; /* true peak of the whole */
};

/* Dust: a copy of `pad` with the hiss loop tiled end to end over it from a random place
 * of the loop. The hiss is brought to the pad's rate and channels. Where the pad is a
 * loop so is the result: hiss of nearly (3 %) a whole number of repeats is resampled to
 * fit, else its ends meet in an equal-power crossfade of up to 250 ms. The pad begins
 * where it began, the hiss where it marks the join least. ST_EMPTY for a silent pad or
 * hiss. */
enum status hiss_dust(struct audio *to, const struct audio *pad, const struct audio *hiss,
                      const struct dust_spec *s, struct rng *r, struct err *e);

#endif
