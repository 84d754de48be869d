/* converter: many sounds from one rate to another, as resample_rate has it.
 *
 * Between two rates a : b in lowest terms libsamplerate's filter takes b shapes, again
 * and again. They are asked of it once, by impulses, and then applied eight taps at a
 * time: the same output within its rounding (1e−6), at 15 times the speed. Rates with too
 * many shapes go through libsamplerate itself. Quality: RESAMPLE_MEDIUM. Thread: constant
 * after converter_new. */
#ifndef TROWEL_DSP_CONVERTER_H
#define TROWEL_DSP_CONVERTER_H

#include "core/status.h"
#include "dsp/audio.h"

struct converter;

/* Cost: 2 ms for 48 → 44.1 kHz, a table of 60 kB. ST_NO_MEMORY. converter_free(NULL) is
 * safe. */
enum status converter_new(struct converter **out, int from_hz, int to_hz, struct err *e);
void converter_free(struct converter *c);

/* `from`, at from_hz (else ST_USAGE), at to_hz: as many frames as resample_rate gives.
 * `to` is initialised; ST_NO_MEMORY leaves it empty. */
enum status converter_run(const struct converter *c, struct audio *to,
                          const struct audio *from, struct err *e);

/* The same for a loop (the whole sound), as resample_loop has it: its last frame leads
 * into the first of `to`. Below the filter's corner within 2e−6 of libsamplerate, at 10
 * times the speed. */
enum status converter_loop(const struct converter *c, struct audio *to,
                           const struct audio *loop, struct err *e);

#endif
