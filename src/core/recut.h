/* recut: the sound of a find whose edges or loop the user moved, or of a near-miss that
 * was taken anyway: cut from the recording again and finished as the miner would have.
 *
 *   pads      the loop at the candidate's loop points, with the miner's crossfade (twice
 *             as long where only that is seamless); without loop points (near-misses) the
 *             best loop near the edges
 *   drums     the slice between the edges, fades as hits_finish makes them
 *   silences  the piece between the edges, its ends closed; a room-tone loop is closed
 *             anew to a loop
 *
 * What was made (drones, swells, clouds, hiss, dusted pads) lies nowhere in a recording:
 * its edges cannot be moved, recut_make refuses it with a sentence and what was written
 * stays as it is. With unchanged positions the result is the mined file, but for dither;
 * a pad's, where something slower than any sound was taken off, but for a trace of that
 * (below -80 dB: the miner read another piece around it).
 *
 * Ownership: recut_done. Thread: one worker per struct recut. */
#ifndef TROWEL_CORE_RECUT_H
#define TROWEL_CORE_RECUT_H

#include "core/catalog.h"
#include "dsp/audio.h"
#include "io/config.h"
#include "io/paths.h"

/* With what, and from where: a project, its own settings and the folder of its recordings
 * ("" = it is not there any more). Where its settings are damaged, `why` says how, and
 * nothing is cut: by others than were written down it would be another sound. */
struct recut_site {
    struct config cfg;
    struct err why; /* ST_OK: they are not */
    char project[PATH_BYTES];
    char recordings[PATH_BYTES];
};

/* `otherwise` are the settings of a project that wrote none down (NULL: the defaults). */
void recut_site_init(struct recut_site *s, const char *project,
                     const struct config *otherwise);

struct recut {
    struct audio sound; /* finished, not dithered */
    struct candidate c; /* positions, measures, key, brightness, seam and grade of this
                           sound; saved, no near-miss any more; sha256 "" */
};

/* Cut `find` (with overrides) from the file `recording`, at rate_hz (0: the recording's
 * own). ST_REFUSED (made, or longer than RECUT_MAX_S), ST_EMPTY (silent, or beyond the
 * end), ST_UNSUPPORTED (another recording than the one it was found in), as
 * soundfile_open. */
enum { RECUT_MAX_S = 600 };
enum status recut_make(struct recut *out, const char *recording,
                       const struct candidate *find, const struct config *cfg,
                       int rate_hz, struct err *e);
/* The same for a find of the project `s` was made for. ST_NOT_FOUND: no recording; what
 * s->why says. */
enum status recut_find(struct recut *out, const struct recut_site *s,
                       const struct candidate *c, int rate_hz, struct err *e);
void recut_done(struct recut *r);

/* What could not be cut: the row of `c` tells where the sample `filename` lies as it was
 * mined, and its measures. The catalog tells the place of the user's edges; the project's
 * record still knows. Unchanged where that is gone. */
void recut_as_mined(struct candidate *c, const struct recut_site *s,
                    const char *filename);

/* Dither and write as a sample of the project (global.output_bit_depth); r->c.sha256 is
 * filled. Same candidate and settings: same bytes. */
enum status recut_write(struct recut *r, const struct root *root, const char *relative,
                        const struct config *cfg, struct err *e);

#endif
