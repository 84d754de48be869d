/* device_null: keeps time without making a sound. Renders 10 ms every 10 ms on a thread
 * of its own and throws it away, so that playheads and patterns move. Start, stop and
 * close return within about 10 ms. Stopped it costs nothing. */
#ifndef TROWEL_AUDIO_DEVICE_NULL_H
#define TROWEL_AUDIO_DEVICE_NULL_H

#include "audio/device.h"

/* Not started. ST_NO_MEMORY. */
enum status device_null_open(struct device **out, int rate_hz, int channels,
                             struct device_source source, struct err *e);

#endif
