/* pads: the pad miner: sustained, calm stretches of a recording that make loops.
 *
 * Two steps. pads_mine is pure over the track of the analysis pass: it looks at windows
 * of every target duration, gates them, scores them in parts and chooses, without any
 * audio. pad_finish gets the audio read back around one chosen region and makes the loop.
 *
 * Gates (each a reason for a near-miss, in plain units): level between min and max RMS,
 * onset rate, flatness, crest, DC, clipping, level swing, and stable ground underneath
 * (section `pre_analysis`: enough windows of analysis_window_sec that pass its gates).
 * Score parts, 0 … 1: "steady" level (of 50 ms RMS in dB), "spectrum" (mean distance of
 * spectra 250 ms apart), "tonal" (flatness and pitch salience, none for noise, hum and
 * glides), "calm" (onset rate), "rich" (spread: not a lone sine); "seam" once the loop is
 * made.
 * Choice: best first; what overlaps a chosen region by more than a quarter of the shorter
 * one is dropped, so is what sounds like it (near-duplicate distance); a duration already
 * chosen weighs a little less each time, so that a file gives pads of several lengths.
 *
 * Times are seconds from the start of the recording. Any rate and channel count.
 * Thread: pure. Cost: an hour of recording well under a second; pad_finish 10–20 ms. */
#ifndef TROWEL_DSP_PADS_H
#define TROWEL_DSP_PADS_H

#include "core/status.h"
#include "dsp/audio.h"
#include "dsp/loop.h"
#include "dsp/measures.h"
#include "dsp/stable.h"

#include <stddef.h>

struct track;
struct track_sums;
struct track_window;

enum { PAD_DURATIONS_MAX = 32, PAD_MISSED_MAX = 20 };
/* How a rate above the gate is told: never as "0.0". */
#define PAD_ONSETS_ABOVE        "%.*f onsets a second above the gate"
#define PAD_ONSETS_DIGITS(rate) ((rate) < 0.1 ? 2 : 1)
/* Share of the shorter of two pads that may lie in both. */
#define PAD_OVERLAP_MAX 0.25

/* Names and units as in the config section `pad_miner`. */
struct pad_params {
    double target_durations_sec[PAD_DURATIONS_MAX];
    int target_duration_count;
    double min_rms_db, max_rms_db;
    double max_onset_rate_per_second;
    double spectral_flatness_threshold;
    int max_candidates_per_file;
    double loop_crossfade_ms;
    double window_hop_sec;
    struct pre_analysis_params pre_analysis;
};

struct pad_region {
    double start_sec, end_sec; /* the target: the loop is searched around it */
    double rms_db, crest_factor, centroid_hz, flatness;
    double score; /* without the seam */
    struct score_parts parts;
    char missed_by[MISSED_BY_BYTES]; /* "" when found: "level 1.2 dB below the gate" */
};

/* `found` is ranked; the first max_candidates_per_file are the choice, what follows are
 * spares (as many again at most) for those whose loop turns out audible. `missed` holds
 * at most PAD_MISSED_MAX near-misses, nearest first; of what is no pad by far the nearest
 * window alone, so that there is a reason to tell. */
struct pad_list {
    struct pad_region *found, *missed;
    size_t found_count, missed_count;
};

/* ST_NO_MEMORY leaves *out empty. No pads is ST_OK with empty lists. */
enum status pads_mine(const struct track *t, const struct pad_params *p,
                      struct pad_list *out, struct err *e);
void pad_list_done(struct pad_list *l);

/* So far round its region, in shares of the region's length, a pad's loop is searched
 * for; and so far from the region's ends its own may lie (look_again in pad_finish). */
#define PAD_REACH     0.25
#define PAD_REACH_MAX (PAD_REACH + 0.1)

/* Which frames of the recording pad_finish wants to be given for `region`:
 * [*start, *end), clamped to 0 … frames. */
void pad_read_range(const struct pad_region *region, const struct pad_params *p,
                    int rate_hz, size_t frames, size_t *start, size_t *end);

struct pad {
    struct looped loop;
    struct loop_list loops; /* positions are frames of the *recording*; [0] was made */
    double score;           /* of its loop, with the seam: pad_rate */
    struct score_parts parts;
};

/* What the pad of a region is made from. */
struct pad_ground {
    struct audio audio; /* the recording's frames from `start` on, see pad_read_range */
    size_t start;
    const struct onset_list *onsets; /* of the recording; NULL: not known */
};

/* Make the pad of `region`. The loops are tried in the order of their rank until one is
 * seamless with room (loop_make_best); that one is moved to the front. The loop, too,
 * keeps to the gate of the onset rate, and where the best does not the ones that do are
 * tried. *out is filled, free it with pad_done. ST_NOTHING when every loop is plainly
 * audible or has too many onsets (the message says what it is: use it as missed_by),
 * ST_EMPTY when there is too little material, ST_NO_MEMORY. What it is worth pad_rate
 * says. */
enum status pad_finish(const struct pad_ground *g, const struct pad_region *region,
                       const struct pad_params *p, struct pad *out, struct err *e);
/* The same of whole bars: the loop has exactly the region's length. */
enum status pad_finish_bars(const struct pad_ground *g, const struct pad_region *region,
                            const struct pad_params *p, struct pad *out, struct err *e);
void pad_done(struct pad *pad);

/* What a pad is worth whose loop was made from t: its parts are those of the loop, which
 * may lie a third of its length away from the region, and "seam" that of its join.
 * ST_NO_MEMORY. */
enum status pad_rate(struct pad *pad, const struct pad_params *p, const struct track *t,
                     struct err *e);

/* Of a window of t: 0 for noise, hum and what slides in pitch, 1 where something has a
 * pitch and keeps it. */
double pad_tone(const struct track *t, const struct track_window *w);

/* The parts of a window of a track without the seam, given pad_tone of it. */
struct score_parts pad_parts(const struct track_sums *s, const struct pad_params *p,
                             size_t from, size_t to, const struct track_window *w,
                             double tone);

/* Of the parts without the seam. What swells or dies away comes round and round: it
 * counts in the whole, too. */
double pad_parts_score(const struct score_parts *parts, double tone);

#endif
