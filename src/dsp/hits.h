/* hits: single drum hits out of a recording.
 *
 * Planning is pure over what the analysis pass left: every onset becomes a plan with the
 * region to read back. Cutting looks at that audio: the exact start, the end where the
 * hit has decayed or the next begins, the gates, the score. Finishing fades and
 * normalises at the rate it will be written at.
 *
 *   hits_plan(…)                 once per recording
 *   for each plan: read [read_start, read_end) of the recording
 *     hits_cut(…)                measures, score, missed_by; rest in `hit`
 *     hit_pool_offer(…)          the best `max_saved` of them stay
 *   for each chosen (at once, where no more are planned): slice [hit.start_frame,
 *   hit.end_frame), convert channels and rate,
 *     hits_finish(…)             fades, peak
 *
 * Thread: pure functions. Cost: a few µs per hit to plan, about 0.1 ms to cut. */
#ifndef TROWEL_DSP_HITS_H
#define TROWEL_DSP_HITS_H

#include "core/status.h"
#include "dsp/audio.h"
#include "dsp/drum_range.h"
#include "dsp/measures.h"
#include "dsp/onset.h"
#include "dsp/track.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hits_params {
    bool fixed_length; /* slice_mode: fixed_length instead of onset_to_onset */
    bool backtrack;    /* start on the attack's own sample, not on the onset time */
    double fixed_length_s;
    double max_length_s, min_length_s;
    double fade_in_ms, fade_out_ms;
    double min_peak_db, max_peak_db; /* gates on the mono mean as recorded, dBFS */
    /* Above max_peak_db a hit is passed over from this share of clipped samples (runs of
     * three or more at full scale, 0 … 1) on; 0: whether it clips or not. */
    double clipped_share;
    bool headroom;    /* a float recording: beyond full scale only equal samples clip */
    size_t max_saved; /* per recording */
};

/* Levels of the samples, and of the first difference: of the treble. */
struct hit_levels {
    double all_db, treble_db;
};

/* One onset and the region of the recording its hit lies in, in frames at its own rate.
 */
struct hit_plan {
    double onset_s, next_s;   /* next_s: INFINITY after the last */
    struct hit_levels before; /* at least so loud it was, as far as is known (−200) */
    float strength;
    int64_t onset_frame;
    int64_t attack_frame;         /* where the attack starts, if known; else below 0 */
    int64_t read_start, read_end; /* what hits_cut needs, clamped to the recording */
};

struct hit_plans {
    struct hit_plan *at;
    size_t count;
};

/* A plan for every onset but clicks, which end hits and begin none. Only the list and the
 * length are looked at; level gates wait for the audio. Ownership: free with
 * hit_plans_done. */
enum status hits_plan(const struct onset_list *onsets, int rate_hz, int64_t frames,
                      const struct hits_params *p, struct hit_plans *out, struct err *e);
void hit_plans_done(struct hit_plans *p);

/* Of the plans of a whole recording: where it begins with one, it may as well begin in
 * the middle of a sound, as tapes do. What was before is taken to be what its first ten
 * seconds come down to; a shorter one is taken to begin in silence. */
void hits_begin(struct hit_plans *p, const struct track *t);

/* The lowest part of the spectrum that a hit adds to (below 200 Hz, to 2 kHz, above):
 * roughly kicks and toms, snares and notes, hats and cymbals. */
enum hit_register { HIT_DEEP, HIT_MIDDLE, HIT_TREBLE, HIT_REGISTER_COUNT };

/* A hit as found: where, how loud, how clean. */
struct hit {
    int64_t start_frame, end_frame; /* in the recording */
    int64_t attack_frame;           /* where the attack starts, ≥ start_frame */
    int64_t next_attack;    /* where that of the next onset starts; below 0: not known */
    double peak_db, rms_db; /* as recorded, mono mean */
    double isolation_db; /* level of the 20 ms before, relative to the peak: −90 … 0 */
    double attack_ms;    /* from the attack's start to its peak */
    double score;        /* 0 … 1 from the parts */
    /* isolation, attack, decay, clean, level, body; from hits_heard on also drum */
    struct score_parts parts;
    char missed_by[MISSED_BY_BYTES]; /* "" or why it is only a near-miss */
    bool cut_short;                  /* missed because the next onset came too soon */
    bool sunken; /* missed because it does not stand out of what sounds before */
    enum hit_register reg;
};

/* By what rises within 35 ms of the attack. */
enum hit_register hits_register(const struct track *t, int64_t attack_frame);

/* Where the attack is in `read`, which is all that sounds there, for a plan that is then
 * judged on what is struck of it: that begins a little early, as windows do (separate.h).
 * ST_NO_MEMORY. */
enum status hits_attack(struct hit_plan *plan, const struct audio *read, struct err *e);

/* Judge one planned hit on `read`, the recording's frames [plan->read_start,
 * plan->read_end) (any channels; a short read counts as the end of the recording).
 * Start: at the attack, or before it by just what a fade-in from zero needs (at most
 * fade_in_ms). End: the earliest of 2 ms before the next onset (its attack, if that is
 * earlier), max_length_s after the start, and where the 10 ms RMS has come down to 60 dB
 * below the peak or to 3 dB above the noise floor: the level that holds for 60 ms before
 * the attack or at the end, unless it goes on falling from there. fixed_length:
 * fixed_length_s, whatever follows. min_length_s does not count for a recording that has
 * no room for two of that length: it is a sample. Digital silence or a region that is too
 * short gives a near-miss, never a failure. */
enum status hits_cut(const struct hit_plan *plan, const struct audio *read,
                     const struct hits_params *p, struct hit *out, struct err *e);

/* The score of a hit once it is told how surely it is a drum (0 … 1, drum_class.h) and
 * not a note, a chord or a voice: those are worth little among drums. Adds the part
 * "drum". */
void hits_heard(struct hit *h, double drum);

/* Hats and cymbals hold next to nothing below 300 Hz. Does what there is of it in `a`,
 * which begins `before` frames before the attack, sound under the hit, as it does not
 * rise by 3 dB with it? False of less than a thousandth. ST_NO_MEMORY. */
enum status hits_bass_under(const struct audio *a, size_t before, bool *under,
                            struct err *e);
/* Takes it out, without a shift of phase, of a hit from HIT_BASS_LEAD_S before its start.
 * ST_NO_MEMORY. */
#define HIT_BASS_LEAD_S 0.030
enum status hits_cut_bass(struct audio *a, struct err *e);

/* What a hit is worth as a drum of that class by where it sounds (drum_range.h): bass in
 * what has none costs half of it, and so does a hat without treble, a kick that is not
 * deep. The new worth of `score`; adds the parts "low" and "range", where they are less
 * than 1. */
double hits_in_range(double score, struct score_parts *parts,
                     const struct drum_range *range, enum drum_class class);

/* How far it is alone among the strokes of its drum (drum_alone.h): what was struck with
 * others as well is worth down to two fifths. The new worth of `score`; adds the part
 * "alone", where that is less than 1. */
double hits_among(double score, struct score_parts *parts, double alone);

/* Two strokes close together, as in a flam: where `before` was cut short by an onset
 * whose own hit is `sunken`, that onset ended nothing. Turns the plan of the latter into
 * that of both as one; what it reads reaches back far enough. False when that is not so.
 */
bool hits_join(struct hit_plan *plan, const struct hit *sunken,
               const struct hit_plan *plan_before, const struct hit *before);

/* Fades and peak for writing: `a` is the slice of the hit, at any rate and channel count.
 * Fade-in from zero only over the frames before `attack_frame` (of `a`; at least one
 * frame and at most fade_in_ms), cosine fade-out over the last fade_out_ms where the hit
 * has come down by 24 dB, up to eight times as long where it is cut off louder, but never
 * over more than 20 % of the slice; true peak to `target_peak_db`. First and last frame
 * are 0. A slice that peaks below 1e−8 is left alone and gives ST_EMPTY. */
enum status hits_finish(struct audio *a, size_t attack_frame, const struct hits_params *p,
                        double target_peak_db, struct err *e);

#endif
