/* silence_runs: which hops of a track are room tone. Use silence.h.
 * Thread: pure. */
#ifndef TROWEL_DSP_SILENCE_RUNS_H
#define TROWEL_DSP_SILENCE_RUNS_H

#include "dsp/silence.h"
#include "dsp/track.h"

#include <stdbool.h>
#include <stdint.h>

/* Why a hop is not room tone; QUIET is room tone. Near-misses come from those marked. */
enum quiet_reason {
    QUIET,
    QUIET_DEAD,     /* digital zero, stuck, silent */
    QUIET_FAR,      /* nowhere near the gates */
    QUIET_LOUD,     /* near: a little above max_rms_db */
    QUIET_FAINT,    /* near: a little below min_rms_db */
    QUIET_DITHER,   /* near: no more than the file's own dither */
    QUIET_CREST,    /* near: a click or crackle */
    QUIET_ONSET,    /* near: something begins */
    QUIET_UNSTEADY, /* near: not at the level of its surroundings */
    QUIET_FADE,     /* near: rises or falls all along */
    QUIET_PITCHED,  /* near: music or voice */
    QUIET_WAVERING, /* near: the same, by a tone that does not hold still */
    QUIET_MOVING,   /* near: its bands rise and fall as no noise does by chance */
    QUIET_SHORT,    /* near: between two sounds, too short to be told from their ends */
};

#define QUIET_LEAST_S 0.25 /* what is shorter is a gap between sounds */

struct quiet_map {
    size_t hops;
    double hop_s;
    float *level_db; /* per hop, DC taken out, over 46 ms */
    uint8_t *reason; /* enum quiet_reason */
};

/* Mark every hop. With `rumbles` the levels are those of what is heard (about
 * A-weighted), under no more than 20 dB of rumble on top of max_rms_db, and runs last a
 * second. Free with quiet_map_done. */
enum status quiet_map_init(struct quiet_map *m, const struct track *t,
                           const struct silence_params *p, bool rumbles, struct err *e);
void quiet_map_done(struct quiet_map *m);

size_t quiet_hops(const struct quiet_map *m, double seconds); /* to the nearest; ≥ 1 */
/* How far the level of hops from … to − 1 deviates, dB. */
double quiet_sd_db(const struct quiet_map *m, size_t from, size_t to);

#endif
