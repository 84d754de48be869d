/* picture: what a sound looks like, small enough to keep many: a waveform and a
 * spectrogram. Made by a worker, drawn by the screens.
 *
 * The waveform is of the mean of the channels. The spectrogram has PICTURE_ROWS
 * logarithmic bands from 40 Hz to 16 kHz (or half the rate), lowest first, each the
 * mean power of its bins in a 2048-frame Hann window (scaled with the rate; half of it
 * below a second, a quarter below a third of one), 0 … 1 over the 66 dB below the
 * picture's loudest, to the power of 1.5. Thread: picture_make may run anywhere; a
 * finished picture is a plain value. */
#ifndef TROWEL_CORE_PICTURE_H
#define TROWEL_CORE_PICTURE_H

#include "core/status.h"
#include "dsp/overview.h"

#include <stdatomic.h>
#include <stdint.h>

enum { PICTURE_WAVE = 512, PICTURE_ROWS = 40, PICTURE_COLS = 160 };

struct picture {
    int rate_hz;
    int64_t frames; /* of the stretch shown */
    float peak;
    struct overview_column wave[PICTURE_WAVE];
    float spectrum[PICTURE_ROWS * PICTURE_COLS]; /* [row · PICTURE_COLS + column] */
};

/* Frames [start_frame, end_frame) of a file; end 0 = to its end. At most the first two
 * minutes of it. Errors as in soundfile_open; ST_EMPTY, ST_CANCELLED. About 15 ms for 5
 * s. */
enum status picture_make(struct picture *out, const char *path, int64_t start_frame,
                         int64_t end_frame, const atomic_bool *cancelled, struct err *e);

#endif
