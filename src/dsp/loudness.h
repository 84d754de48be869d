/* loudness: EBU R 128 / ITU-R BS.1770 of a finished sound (libebur128's only user).
 * Non-finite samples count as 0. Thread: no shared state. */
#ifndef TROWEL_DSP_LOUDNESS_H
#define TROWEL_DSP_LOUDNESS_H

#include "core/status.h"
#include "dsp/audio.h"

struct loudness {
    double integrated_lufs; /* gated; NAN below 400 ms or when all of it is gated away */
    double momentary_max_lufs; /* loudest 400 ms; NAN below 400 ms or on silence */
};

/* The integrated loudness alone (LUFS, NAN as above), at three quarters of the cost. */
enum status loudness_integrated(const struct audio *a, double *lufs, struct err *e);

/* More than two channels count as plain speakers (left, right, …: libebur128's default
 * map). A sound of at least 400 ms but under the gate gives NAN, never −infinity.
 * ST_NO_MEMORY, ST_USAGE for a rate or channel count libebur128 cannot take (rates 16 Hz
 * … 2.8 MHz, 64 channels). */
enum status loudness_measure(const struct audio *a, struct loudness *out, struct err *e);

#endif
