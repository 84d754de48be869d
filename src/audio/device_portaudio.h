/* device_portaudio: the sound card. The only user of PortAudio.
 *
 * What PortAudio 19.6 does, and what is done here about it:
 * - Pa_Initialize aborts the process when ALSA's configuration names no default device
 *   (an assertion in BuildDeviceList): the configuration is asked first.
 * - Every call may block for ever when a device or a sound server hangs: the caller runs
 *   them on threads it can leave behind, and watches the gate's beats.
 * - It does not resample: a rate is chosen that the device takes, the wished one first.
 * - Its float to 16-bit conversion scales by 32767 and so changes every sample: the
 *   stream is opened with 32-bit integers, filled exactly (k / 2^31), which PortAudio
 *   only shifts. 16- and 24-bit material arrives bit for bit.
 * - When a device vanishes its thread may retry for ever, deaf to cancelling: see
 *   hush_guard_thread().
 *
 * PortAudio's state belongs to the process, not to a thread or a transport; so does the
 * lock in here that keeps its calls apart. A call that hangs keeps the lock: those after
 * it give up with ST_DEVICE. Only stopping a stream needs no lock, and a stream that
 * cannot be stopped keeps PortAudio from being shut down or looking for new devices. */
#ifndef TROWEL_AUDIO_DEVICE_PORTAUDIO_H
#define TROWEL_AUDIO_DEVICE_PORTAUDIO_H

#include "audio/device.h"

enum { DEVICE_LIST_MAX = 64 };

struct device_wish {
    char name[DEVICE_LABEL_BYTES]; /* part of a name, case ignored; "" = default */
    int rate_hz;                   /* preferred */
    double latency_s;
    /* said by who opens it: look also for what was plugged in since the last time */
    bool fresh;
    struct device_source source;
};

struct device_list {
    int count;
    char name[DEVICE_LIST_MAX][DEVICE_LABEL_BYTES];
};

/* Look for the devices and open one, not started. The list is filled in either way.
 * ST_DEVICE with a sentence that says what is missing and what to do. May block. */
enum status device_portaudio_open(struct device **out, const struct device_wish *wish,
                                  struct device_list *list, struct err *e);

/* End PortAudio, unless a stream is open or stuck. May block. */
void device_portaudio_end(void);

#endif
