/* level: peaks, normalisation, DC, fades, dither: the last steps before a file.
 *
 * The order for an export: level_remove_dc, fades, level_normalise, level_dither.
 * Non-finite samples count as 0 everywhere (level_scrub makes them so).
 * Thread: no shared state. */
#ifndef TROWEL_DSP_LEVEL_H
#define TROWEL_DSP_LEVEL_H

#include "core/rng.h"
#include "core/status.h"
#include "dsp/audio.h"

#include <stdbool.h>
#include <stddef.h>

double level_from_db(double db);   /* 10^(db/20) */
double level_to_db(double linear); /* 20 log10, −HUGE_VAL for 0 */

/* Replace non-finite samples by 0; returns how many. */
size_t level_scrub(struct audio *a);

double level_peak(const struct audio *a); /* largest |sample| */
double level_rms(const struct audio *a);  /* root mean square over all channels */
double level_rms_range(const struct audio *a, size_t start, size_t end); /* frames */
/* Mean sample of a channel over [start, end), which lies in the sound and is not empty;
 * finite if the samples are. */
double level_mean(const struct audio *a, size_t channel, size_t start, size_t end);

/* Largest absolute value of the band-limited signal, 4 × oversampled (ITU-R BS.1770-4
 * Annex 2 with a longer filter), never below level_peak. `loop`: the sound is repeated,
 * else silence surrounds it. Skips whatever cannot hold the maximum: close to the cost of
 * level_peak. */
double level_true_peak(const struct audio *a, bool loop);

/* Scale so that the true peak is target_dbfs. A true peak below 1e−8 is silence:
 * ST_EMPTY, the sound untouched. */
enum status level_normalise(struct audio *a, double target_dbfs, bool loop,
                            struct err *e);

void level_gain(struct audio *a, double gain); /* linear */

/* Remove what lies below 5 Hz from each channel where it exceeds 0.001 of the sound's
 * peak (of full scale, when the peak is above that: what is normalised later must not
 * lift it over 0.001): a zero-phase high-pass (circular for a loop), below one second of
 * sound the mean alone. Channels under the limit stay bit for bit as they were. */
enum status level_remove_dc(struct audio *a, bool loop, struct err *e);

/* The same, for what does not loop, and where what a channel moves below 18 Hz is more
 * than 2 % of the sound's energy that too: wind and hands, which nobody hears and which
 * take the room of what is heard. Half of it is left at 18 Hz, 0.9 at 32. */
enum status level_remove_rumble(struct audio *a, struct err *e);

/* Raised-cosine fades: the first of `in_frames` gains is 0, the last of the fade-out is
 * 0. Lengths beyond the sound are cut to it. */
void level_fade_in(struct audio *a, size_t in_frames);
void level_fade_out(struct audio *a, size_t out_frames);

/* Is a channel of it at or above −60 dBFS, where a step to or from silence is heard? */
bool level_frame_is_loud(const struct audio *a, size_t frame);

/* Click-free ends for anything that is not a loop: fade in over at most `in_ms` and out
 * over at most `out_ms`, each only if its end is above −60 dBFS, and never more than a
 * quarter (in) and a half (out) of the sound. First and last sample are then below
 * −60 dBFS. */
void level_close_ends(struct audio *a, double in_ms, double out_ms);

/* TPDF dither of ±1 LSB, then rounding onto the grid of 16 or 24 bits (Lipshitz,
 * Wannamaker & Vanderkooy 1992): every sample becomes k / 2^(bits−1), exact in float32,
 * with −2^(bits−1) ≤ k ≤ 2^(bits−1) − 1. Material that is on the grid already is left
 * untouched. The stream should be derived with purpose "dither". Returns whether it
 * dithered. */
bool level_dither(struct audio *a, int bits, struct rng *r);
bool level_on_grid(const struct audio *a, int bits);

#endif
