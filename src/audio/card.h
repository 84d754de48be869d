/* card: what is done to a sound card, each with a time limit (see errand.h).
 *
 * When a call does not come back in time it is left behind with the device: should it
 * ever return, the device is closed there. The caller must then forget the device (after
 * gate_close). Thread: one at a time. */
#ifndef TROWEL_AUDIO_CARD_H
#define TROWEL_AUDIO_CARD_H

#include "audio/device_portaudio.h"

struct card_answer {
    struct device *device; /* NULL unless st is ST_OK */
    struct device_list list;
    enum status st;
    struct err err;
};

/* device_portaudio_open. False: it hangs (or *give_up became true), nothing is known. */
bool card_open(const struct device_wish *wish, int limit_ms, const atomic_bool *give_up,
               struct card_answer *answer);

/* The functions of struct device_kind, and device_portaudio_end (`d` NULL). False: it
 * hangs. e->code (`e` may be NULL) tells how starting went. Without memory nothing is
 * done. */
enum card_task { CARD_OPEN, CARD_START, CARD_STOP, CARD_CLOSE, CARD_END };
bool card_do(enum card_task task, struct device *d, int limit_ms, struct err *e);

#endif
