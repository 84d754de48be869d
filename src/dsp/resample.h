/* resample: band-limited change of rate and speed.
 *
 * Whole sounds go through libsamplerate (this file is its only user): exact length,
 * aligned in time (output frame j is the input at j / ratio, no delay; the ratio is that
 * of the rates, or of the lengths where one is asked for), any ratio (beyond
 * libsamplerate's 1/256 … 256 in several steps). Costs, stereo 48 → 44.1 kHz per
 * core: BEST about 18 × realtime, MEDIUM 54 ×, FAST 117 ×; exports use MEDIUM or BEST.
 * Grains go through `struct varispeed`, polyphase windowed sinc (Smith & Gossett 1984)
 * with one table a semitone of speed, so that nothing folds back.
 * Non-finite input samples count as 0. Thread: no shared state; a varispeed is constant
 * after varispeed_new and may be read by several threads. */
#ifndef TROWEL_DSP_RESAMPLE_H
#define TROWEL_DSP_RESAMPLE_H

#include "core/status.h"
#include "dsp/audio.h"

#include <stddef.h>

/* The greatest that divides both: what brings their ratio to lowest terms. */
int common_rate(int a_hz, int b_hz);

enum resample_quality { RESAMPLE_FAST, RESAMPLE_MEDIUM, RESAMPLE_BEST };

/* `from` at another rate: llround(frames × rate_hz / from rate) frames (at least 1 if
 * there was 1). Same rate: a copy, bit for bit. `to` is initialised. ST_USAGE for a rate
 * below 1 Hz, ST_NO_MEMORY. */
enum status resample_rate(struct audio *to, const struct audio *from, int rate_hz,
                          enum resample_quality quality, struct err *e);

/* `from` squeezed or stretched (with its pitch) to exactly `frames` frames, rate_hz kept:
 * speed = from->frames / frames. Outside the sound there is silence. MEDIUM. */
enum status resample_length(struct audio *to, const struct audio *from, size_t frames,
                            struct err *e);

/* The same for a loop (the whole sound): reads around the join, so a seamless loop stays
 * seamless. */
enum status resample_loop(struct audio *to, const struct audio *from, size_t frames,
                          struct err *e);

/* A loop at another rate: frames and errors as of resample_rate. */
enum status resample_loop_rate(struct audio *to, const struct audio *from, int rate_hz,
                               struct err *e);

/* Tables for speeds from `slowest` to `fastest`, within SPEED_MIN … SPEED_MAX; those up
 * to 1 share one. About 0.1 ms a semitone above it; NULL without memory. */
#define SPEED_MIN 0.01
#define SPEED_MAX 64.0
struct varispeed *varispeed_new(double slowest, double fastest);
void varispeed_free(struct varispeed *v);

/* out[i] = in(start + i × speed), i < count: in is one channel of `frames` samples,
 * silent outside; start in frames, may be fractional or outside. speed is clamped to
 * what the tables are for. Images and aliases below −80 dB; a tone up to 0.36 × rate /
 * max(1, speed) within 0.1 dB. */
void varispeed_read(const struct varispeed *v, const float *in, size_t frames,
                    double start, double speed, float *out, size_t count);

#endif
