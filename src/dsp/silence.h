/* silence: the silence miner: room tone, dust and quiet texture that is not digital
 * silence.
 *
 * First *runs*: maximal stretches that are quiet (RMS of 46 ms between min_rms_db and
 * max_rms_db), really moving (no digital zero, no stuck sample, no dither alone: above
 * 1.5 LSB RMS of the file's own depth, or coloured), without onsets, steady in level
 * (close to its surroundings', no fade), crest below max_crest and without speech or
 * music in it. All of a run is room tone.
 * Then *pieces* of min … max_duration_sec cut from inside the runs, at most
 * max_extracted, spread over the recording and over dark and bright, steadiest first.
 * With max_extracted large enough, the pieces tile the runs (less a rest shorter than
 * min_duration_sec at the end of each). And *loops*: the inside of runs of 2 s or more,
 * one each, to be made seamless.
 *
 * Where next to nothing is that quiet, rumble may lie over it: levels are then those of
 * what is heard (struct quiet_map), and finishing takes the rumble away.
 *
 * Score parts, 0 … 1: "steady" level, "spectrum" (the same colour all along), "still" (no
 * onset near), "noise" (no pitch in it), "length" of the run it comes from. And, where
 * they were found under rumble, "rumble": 1. A chord's tail costs up to 0.4 of it all.
 *
 * Times are seconds from the start of the recording. Thread: pure. */
#ifndef TROWEL_DSP_SILENCE_H
#define TROWEL_DSP_SILENCE_H

#include "core/status.h"
#include "dsp/audio.h"
#include "dsp/measures.h"
#include "dsp/track.h"

#include <stdbool.h>
#include <stddef.h>

enum { SILENCE_MISSED_MAX = 20 };

/* Names, units and defaults as in the config section `silence_miner`. */
struct silence_params {
    double min_rms_db, max_rms_db;
    double min_duration_sec, max_duration_sec;
    double max_crest;
    int max_extracted;
    double target_peak_dbfs;
    int source_bits; /* depth of the file: 8, 16, 24 …; 0 = float or compressed */
    bool cut_rumble; /* finishing does; for spans with the part "rumble" */
};

struct silence_span {
    double start_sec, end_sec;
    size_t run; /* index of the run it lies in (its own for runs, unset for missed) */
    double rms_db, centroid_hz, tonality;
    double score;
    struct score_parts parts;
    char missed_by[MISSED_BY_BYTES]; /* "" when found */
};

struct silence_list {
    struct silence_span *runs;   /* ascending in time, disjoint */
    struct silence_span *pieces; /* ranked, disjoint */
    struct silence_span *loops;  /* ranked by score; at most 6 s long each */
    struct silence_span *missed; /* nearest first, at most SILENCE_MISSED_MAX */
    size_t run_count, piece_count, loop_count, missed_count;
};

/* ST_NO_MEMORY leaves *out empty. Nothing found is ST_OK with empty lists. */
enum status silence_mine(const struct track *t, const struct silence_params *p,
                         struct silence_list *out, struct err *e);
void silence_list_done(struct silence_list *l);

/* Finish a piece in place: `piece` holds exactly its frames. What is below 80 Hz
 * removed where it is 6 dB above all the rest (with cut_rumble), DC removed, ends
 * faded over 5 ms (a tenth of the piece at most) to below −60 dBFS, peak at
 * target_peak_dbfs.
 * ST_EMPTY when there is nothing in it. */
enum status silence_finish(struct audio *piece, const struct silence_params *p,
                           struct err *e);

/* A loop is made in three steps, so that it is known where in the recording it lies:
 * what it is cut from is prepared (rumble removed, with cut_rumble and as above, judged
 * in frames [from, to); it should reach SILENCE_MARGIN_S further on either side), then
 * closed (loop_close, loop_at), then finished (DC removed, peak at target). */
#define SILENCE_MARGIN_S 0.25 /* how long the high-pass rings */
enum status silence_prepare_loop(struct audio *around, size_t from, size_t to,
                                 const struct silence_params *p, struct err *e);
enum status silence_finish_loop(struct audio *loop, const struct silence_params *p,
                                struct err *e);

#endif
