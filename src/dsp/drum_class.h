/* drum_class: what kind of drum a hit is.
 *
 * A small model over features that do not depend on level (drum_features.h); its
 * parameters are a generated table (tools/train_drums.py, docs/drum-classifier.md).
 * Thread: pure functions. Cost: about 0.2 ms per hit. */
#ifndef TROWEL_DSP_DRUM_CLASS_H
#define TROWEL_DSP_DRUM_CLASS_H

#include "dsp/audio.h"
#include "dsp/drum_frames.h"

#include <stdbool.h>

enum drum_class {
    DRUM_KICK,
    DRUM_SNARE,
    DRUM_CLAP,
    DRUM_RIM,
    DRUM_TOM_LOW,
    DRUM_TOM_MID,
    DRUM_TOM_HIGH,
    DRUM_HAT_CLOSED,
    DRUM_HAT_OPEN,
    DRUM_CRASH,
    DRUM_RIDE,
    DRUM_PERC,
    DRUM_CLASS_COUNT
};

/* "kick", "snare", "clap", "rim", "tom_low", "tom_mid", "tom_high", "hat_closed",
 * "hat_open", "crash", "ride", "perc". Static storage. */
const char *drum_class_name(enum drum_class c);
int drum_class_find(const char *name);     /* or -1 */
bool drum_class_treble(enum drum_class c); /* is it a hat or a cymbal */

/* The likeliest of so many probabilities; hats and cymbals as pairs first. */
enum drum_class drum_class_choose(const double *probability);

/* How loud a hit is at the times and in the bands of drum_frames.h, beside where it is
 * loudest: power to 0.3, without what sounded before, at so many times as there is enough
 * of it; 0 when there was nothing to hear. */
struct drum_loudness {
    float at[DRUM_TIMES][DRUM_BANDS];
    int times;
};

struct drum_verdict {
    enum drum_class best; /* as drum_class_choose has it */
    double confidence; /* the probability of `best`, 0 … 1: that of a drum at all, times
                        * that of `best` among the drums */
    double drum;       /* the probability that it is a drum, not a note or a voice */
    double probability[DRUM_CLASS_COUNT]; /* if it is a drum; sums to 1 */
    struct drum_loudness loudness;
};

/* The same once somebody who should know has said what it is: one of `classes` (bits
 * 1 << enum drum_class, some but not all of them). That is right 19 times of 20, and then
 * the sound tells which of them it is; a sound that is surely another keeps its class. */
void drum_class_told(struct drum_verdict *v, unsigned classes);

/* Classify one hit, starting at its attack; any rate, channels (mixed to mono) and level.
 * Silence, non-finite samples and hits of one sample give DRUM_PERC with confidence 0.
 * ST_NO_MEMORY is the only failure. */
enum status drum_classify(const struct audio *hit, struct drum_verdict *out,
                          struct err *e);

/* The same for a hit inside a recording: the first `lead_frames` frames of `hit` are what
 * sounded before its attack, at best DRUM_LEAD_S of it. They are taken off the hit, which
 * tells a hat on the tail of a kick from a kick. */
#define DRUM_LEAD_S 0.030
enum status drum_classify_in(const struct audio *hit, size_t lead_frames,
                             struct drum_verdict *out, struct err *e);

/* The same by an ear made for the hit's rate (drum_features.h): cheaper for many. */
struct drum_ear;
enum status drum_classify_by(struct drum_ear *ear, const struct audio *hit,
                             size_t lead_frames, struct drum_verdict *out, struct err *e);

#endif
