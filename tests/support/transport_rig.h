/* transport_rig: a transport, and noise in files for it to play. */
#ifndef TROWEL_TESTS_TRANSPORT_RIG_H
#define TROWEL_TESTS_TRANSPORT_RIG_H

#include "audio/transport.h"
#include "dsp/audio.h"

enum { RATE = 44100 };

struct stage {
    char folder[256], path[8][512];
    struct audio sound[8]; /* what was added, as it is in the file */
    struct transport *t;
    struct transport_status s; /* as of the last status() */
};

void open_stage(struct stage *g, enum transport_backend backend);
void close_stage(struct stage *g);
/* Noise in "<n>.wav", and what plays it. */
struct play_item add(struct stage *g, int n, size_t frames, int channels, double level);
void status(struct stage *g);
/* What the n-th file has on the left. */
float sample(const struct stage *g, int n, size_t frame);

#endif
