/* loop: where a sound can be looped, and the loop made.
 *
 * Search: over all starts and ends within `reach` × the target length of where they were
 * asked for, the places are found where the `crossfade` frames before the end are most
 * like the `crossfade` frames before the start: normalised cross-correlation by FFT, at a
 * reduced rate from anchors where the level is steady, then ±10 ms at the full rate, then
 * to the sample. Level and spectrum of the two places count too, and so do attacks: what
 * is struck once in a loop is struck again every time round.
 *
 * Crossfade: the last L frames before the loop end fade out into the L frames before the
 * loop *start* fading in, so the frame after the end is the start, continuous by
 * construction (crossfade.h).
 *
 * The loop as audio starts at the loop start and ends at the loop end: nothing before,
 * nothing after. Any rate, any channels; non-finite samples count as 0.
 * Thread: pure. Cost: search 2–4 ms for targets of 0.9–3 s at 48 kHz. */
#ifndef TROWEL_DSP_LOOP_H
#define TROWEL_DSP_LOOP_H

#include "core/status.h"
#include "dsp/audio.h"
#include "dsp/onset.h"
#include "dsp/seam.h"

#include <stddef.h>

enum { LOOP_OPTIONS_MAX = 5 };

/* One way to loop a sound. Positions are frames of the audio that was searched. */
struct loop_option {
    size_t start, end;       /* end is the frame after the loop */
    size_t crossfade_frames; /* L; start ≥ L, and L ≤ half the loop */
    double correlation;      /* −1 … 1, of the L frames before end and before start */
    double level_db;         /* level before the end minus level before the start */
    double spectrum_db;      /* distance of their spectra, ≥ 0 */
    double merit;            /* what the options are ranked by, highest first */
};

struct loop_list {
    int count; /* 0 … LOOP_OPTIONS_MAX */
    struct loop_option option[LOOP_OPTIONS_MAX];
};

struct loop_params {
    double crossfade_ms; /* 120; shortened where the material is too short, and to
                          * CROSSFADE_FRAMES_MAX */
    double reach;        /* 0.25: ± this part of the target length for start and end */
    /* Where something is struck, on a clock that shows `clock_s` at the first frame of
     * the sound; each one in a loop costs merit. NULL: not known. */
    const struct onset_list *attacks;
    double clock_s;
};

struct loop_params loop_params_default(void);

/* The best distinct loops (start or end at least 40 ms apart) of the target [start, end)
 * in `sound`, ranked. The sound should hold `reach` × the length plus the crossfade
 * before `start` and `reach` × the length after `end`; with less, the search has less to
 * choose from. ST_EMPTY when no loop of at least half the length fits, or the sound is
 * silent; ST_NO_MEMORY. */
enum status loop_search(const struct audio *sound, size_t start, size_t end,
                        const struct loop_params *p, struct loop_list *out,
                        struct err *e);

/* The same for loops of exactly `frames` anywhere in `sound` (bars, drones of a given
 * length): only the start is searched. */
enum status loop_search_exact(const struct audio *sound, size_t frames,
                              const struct loop_params *p, struct loop_list *out,
                              struct err *e);

/* The option for given places, for a loop point nudged by hand: crossfade shortened to
 * what fits, correlation, level and spectrum measured. ST_EMPTY when nothing is left. */
enum status loop_at(const struct audio *sound, size_t start, size_t end,
                    const struct loop_params *p, struct loop_option *out, struct err *e);

/* The loop as audio, end − start frames long. ST_EMPTY when it does not lie inside. */
enum status loop_cut(const struct audio *sound, const struct loop_option *option,
                     struct audio *loop, struct err *e);

/* A loop that was cut, and how it joins. */
struct looped {
    struct audio audio;
    struct seam seam;
};

/* Make the options in the order of their rank until one is seamless with room to spare
 * (seam_roomy), else take the one that joins best; when none is seamless, the same with
 * crossfades twice as long, where there is room. What was made is moved to the front of
 * the list. ST_EMPTY for an empty list or loops below SEAM_MIN_S; on failure there is
 * nothing to free. */
enum status loop_make_best(const struct audio *sound, struct loop_list *list,
                           struct looped *out, struct err *e);

/* For finished sounds (stretched, filtered, synthetic) that nothing precedes: make
 * `sound` itself a seamless loop by giving up its first frames as the material that leads
 * into the start: as long as possible, at least 3/4 of what there is. `sound` is
 * replaced; on failure it is untouched. `made` and `seam` may be NULL. Of the ranked
 * options the first that is seamless with room is taken, else the best. ST_EMPTY when too
 * short. */
enum status loop_close(struct audio *sound, struct loop_option *made, struct seam *seam,
                       struct err *e);

#endif
