/* drum_frames: the spectra of a drum hit, as drum_features looks at them.
 *
 * Hann windows of 23 ms, at any rate: every 5.8 ms in the first 46 ms, then every 12, 23
 * and from 0.4 s on every 46 ms, to 1 s. Thread: an instance belongs to one thread.
 * Cost: about 0.1 ms for a hit of half a second. */
#ifndef TROWEL_DSP_DRUM_FRAMES_H
#define TROWEL_DSP_DRUM_FRAMES_H

#include "dsp/mfcc.h"

#include <stddef.h>

enum {
    DRUM_SEGMENTS = 2, /* attack, 0–30 ms, and body, 30–120 ms */
    DRUM_MOMENTS = 10, /* edges 0 6 12 24 48 90 160 260 400 620 1000 ms */
    DRUM_MEL = 32,     /* bands of mfcc.h */
    DRUM_TIMES = 4,    /* edges 0 20 60 150 400 ms */
    DRUM_BANDS = 8     /* edges 30, 80, 160, 400, 1k, 2.5k, 5k, 9k, 20k Hz */
};
extern const double drum_segment_s[DRUM_SEGMENTS + 1], drum_time_s[DRUM_TIMES + 1];

/* What a hit looks like; `shape` is memory of the drum_frames, until its next look. */
struct drum_view {
    int bins; /* up to 20 kHz, or what there is */
    double bin_hz;
    const double *shape[DRUM_SEGMENTS];                 /* mean power in each bin */
    double picture[DRUM_MOMENTS][DRUM_MEL];             /* mean power in each band */
    double band[DRUM_TIMES][DRUM_BANDS];                /* power in each band */
    int frames_at[DRUM_MOMENTS], frames_in[DRUM_TIMES]; /* 0: the hit ended before */
    double background_level; /* mean square of what sounded before */
};

/* A plan for one rate. `mel` has DRUM_MEL bands at drum_frames_size(rate_hz) and must
 * outlive it. NULL without memory. drum_frames_free(NULL) is safe. */
struct drum_frames;
struct drum_frames *drum_frames_new(int rate_hz, const struct mfcc *mel);
void drum_frames_free(struct drum_frames *d);
int drum_frames_size(int rate_hz);

/* The n ≥ 1 frames at x, of which the spectrum of the last frames at `lead` is taken off
 * where there are enough of them (25 ms): of any power at least 3 % stays. */
void drum_frames_look(struct drum_frames *d, const float *x, size_t n, const float *lead,
                      size_t lead_frames, struct drum_view *view);

/* What is left when the background is taken off. */
#define DRUM_KEPT_SHARE 0.03

#endif
