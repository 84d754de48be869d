/* sound: a decoded stretch of a file, immutable and shared by counting references.
 *
 * Filled by the loader, then never changed: any thread may read it while it holds a
 * reference. The engine never drops the last reference itself (freeing is not for the
 * audio thread): it hands sounds back to their owner. */
#ifndef TROWEL_AUDIO_SOUND_H
#define TROWEL_AUDIO_SOUND_H

#include "dsp/audio.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct sound {
    atomic_int references;
    struct audio audio;  /* one or two channels, at the file's rate, at least 1 frame */
    int64_t first_frame; /* where in the file audio's frame 0 lies */
    int64_t file_frames; /* length of the whole file as far as known */
    bool cut_start, cut_end;   /* the file goes on beyond: these edges need a fade */
    bool loud_start, loud_end; /* it does not begin or end in silence: a loop's file */
    double loudness_lufs;      /* NAN: silence */
    double true_peak_dbfs;
};

/* Takes over `audio` (emptied) and starts with one reference. NULL without memory:
 * audio is then untouched. */
struct sound *sound_new(struct audio *audio);
struct sound *sound_ref(struct sound *s);
void sound_unref(struct sound *s); /* NULL allowed */

/* Fill in loudness, true peak and how it begins and ends: integrated loudness (EBU R 128)
 * from three seconds on, below that the loudest 400 ms, padded with silence if need be;
 * what R 128 gates away counts by its RMS. */
void sound_measure(struct sound *s);

/* The gain that brings it to target_lufs, within ±MATCH_RANGE_DB, and never lets the true
 * peak exceed MATCH_PEAK_DBFS. 0 for silence. */
enum { MATCH_PEAK_DBFS = -1, MATCH_RANGE_DB = 36 };
double sound_match_db(const struct sound *s, double target_lufs);

#endif
