/* sequencer: when the steps of a pattern fall, to the frame.
 *
 * Step n falls on the frame nearest to origin + n × step length; nothing accumulates, so
 * an hour of pattern is as exact as its first bar. Thread: the engine's. */
#ifndef TROWEL_AUDIO_SEQUENCER_H
#define TROWEL_AUDIO_SEQUENCER_H

#include <stdbool.h>
#include <stdint.h>

struct sequencer {
    bool running;
    double step_frames; /* a sixteenth note */
    double origin;      /* where step 0 falls or would have fallen */
    int64_t clock;      /* frames since the start */
    int64_t next;       /* number of the next step */
};

double sequencer_step_frames(double bpm, int rate_hz);

/* Step 0 falls on the next frame. */
void sequencer_start(struct sequencer *s);
/* The place between two steps stays what it is. */
void sequencer_tempo(struct sequencer *s, double step_frames);
/* Frames until the next step, 0 = now; at most `limit`. `limit` when not running. */
int sequencer_until(const struct sequencer *s, int limit);
/* Take the step that is due; its number. */
int64_t sequencer_take(struct sequencer *s);
void sequencer_advance(struct sequencer *s, int frames);

#endif
