/* onset: where sounds begin.
 *
 * Three steps, each usable alone:
 *   onset_filter  power spectra to one novelty value per frame (streaming, in the pass)
 *   onset_pick    novelty to onset times (bounded look-ahead and look-back, so that a
 *                 recording of any length, level and dynamics is judged by its
 *                 neighbourhood)
 *   onset_attack  audio around one onset to the sample where its attack starts (cutting)
 *
 * Novelty after SuperFlux (S. Böck, G. Widmer, "Maximum filter vibrato suppression for
 * onset detection", DAFx 2013): logarithmic magnitude in 24 bands per octave, difference
 * to an earlier frame after a maximum filter over neighbouring bands, half-wave rectified
 * sum.
 * Thread: an onset_filter belongs to one thread; the other functions are pure. */
#ifndef TROWEL_DSP_ONSET_H
#define TROWEL_DSP_ONSET_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

/* The analysis frame onsets are made for: 1024 samples at 44.1 kHz, the nearest fast size
 * at other rates (64 at least), every 256. */
int onset_size_at(int rate_hz);
#define ONSET_HOP_S (256.0 / 44100.0)

struct onset_filter;

/* For spectra of Hann-windowed frames of `fft_size` samples, a `hop` of ONSET_HOP_S
 * apart, at 1–768 kHz. NULL when out of memory or the shape makes no sense (a smaller
 * frame, hop < 1, …). */
struct onset_filter *onset_filter_new(int rate_hz, int fft_size, int hop);
void onset_filter_free(struct onset_filter *f);

struct onset_frame {
    float novelty; /* ≥ 0, level-independent within reason and comparable between rates; 0
                      for the first frames. Never NaN, whatever comes in */
    int ended;     /* how many of the last novelties, this one first, come from the end of
                      a sound and not from a beginning: a fade, a choke, a gated tail.
                      0 … 4; struct novelty has them as bits */
    int stroke;    /* how many novelties ago one that was said to come from an end does
                      not: what rose there stays; -1: none did */
    int click;     /* how many novelties ago a click peaked, of which nothing is left: a
                      crackle, a sample that breaks off; -1: none did */
};

/* The next `count` frames, eight at most: `power` as fft_batch_power leaves it (samples
 * ±1, window not normalised). Cost: about 1 µs a frame. */
void onset_filter_push(struct onset_filter *f, const float *power, int count,
                       struct onset_frame *out);

struct onset {
    double time_s;
    float strength; /* novelty above its surroundings, in units of the threshold: > 1 */
    bool click;     /* over within milliseconds: it disturbs what it lies in, and ends a
                       hit, but nothing begins with it */
};

struct onset_list {
    struct onset *at; /* ascending times */
    size_t count;
};

void onset_list_done(struct onset_list *l);

/* First onset at or after `time_s` (l->count when there is none). O(log n). */
size_t onset_list_find(const struct onset_list *l, double time_s);

/* Peak picking. The defaults are the measured best; the drum miner maps the user's keys
 * onto them (onset_params_user). */
struct onset_params {
    double threshold; /* novelty above half the local mean; 1 = the measured best */
    double pre_max_s, post_max_s, pre_avg_s, post_avg_s;
    double min_gap_s; /* events closer than this are one */
    /* Restlessness: chorus, bows and breath keep the novelty of held chords flickering.
     * `restless_weight` times the mean over ± `restless_s` of the novelty, each value cut
     * at `restless_cap`, is added to the threshold. */
    double restless_s, restless_weight, restless_cap;
};

struct onset_params onset_params_default(void);

/* The keys of `drum_miner` as the earlier scripts had them. delta and wait are taken
 * relative to their defaults, which give exactly onset_params_default():
 *   delta 0.05   the threshold scales by delta / 0.05
 *   wait 30      min_gap_s scales by wait / 30, so it counts milliseconds
 *   pre_max, post_max, pre_avg, post_avg   < 0 = keep the default, else the window in
 *                frames of 512/44100 s. */
struct onset_params onset_params_user(double delta, double wait, double pre_max,
                                      double post_max, double pre_avg, double post_avg);

/* `n` novelty values, of frames whose windows have their centres at 0, hop_s, 2 hop_s …
 * Those that are not finite count as 0. Of each a bit, bit i % 8 of byte i / 8 (NULL:
 * none is set): in `ends` where it comes from the end of a sound: never an onset, but as
 * restless as it is large; in `clicks` where a click peaks. */
struct novelty {
    const float *at;
    const unsigned char *ends, *clicks;
    size_t n;
    double hop_s;
    const double *rise_s; /* ascending: where it gets loud out of quiet (rises.h) */
    size_t rises;
};

/* Ownership: *out is filled, free it with onset_list_done. ST_NO_MEMORY leaves it empty.
 */
enum status onset_pick(const struct novelty *v, const struct onset_params *p,
                       struct onset_list *out, struct err *e);

/* The sample where the attack near `near` starts, in `n` mono samples at `rate_hz`,
 * before which there is silence: where what sounds stops going on as before and gets
 * louder, but not before the first sample above 5 % of the attack's peak; walked back to
 * the local minimum before it. From 15 ms before `near` to 10 ms after; looks 30 ms
 * before it and 50 ms behind the start. Returns `near` (clamped) when nothing rises
 * there. */
size_t onset_attack(const float *mono, size_t n, int rate_hz, size_t near);

#endif
