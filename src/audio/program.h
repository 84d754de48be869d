/* program: which frames of a sound are played in which order. Pure values.
 *
 * A program is one or two spans played one after the other without any gap, then from
 * `repeat` on again (or the end). That one shape is playing to the end, looping sample by
 * sample, and hearing a seam again and again. */
#ifndef TROWEL_AUDIO_PROGRAM_H
#define TROWEL_AUDIO_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

enum { PROGRAM_SPANS = 2, PROGRAM_END = -1 };

struct span {
    int64_t from, to;       /* frames [from, to) of the sound; to > from */
    bool fade_in, fade_out; /* over the first and last few ms of the span */
};

struct program {
    int count;
    int repeat;   /* index to go on with, or PROGRAM_END */
    bool fade_in; /* the whole: it does not start where the file does */
    struct span span[PROGRAM_SPANS];
};

/* What decides a program; lengths and points in frames of the sound. */
struct plan {
    int64_t frames; /* of the sound, > 0 */
    bool cut_start, cut_end;
    bool loop;
    int64_t loop_start, loop_end; /* cleaned by plan_clean */
    bool seam;
    int64_t seam_frames; /* how much is heard on either side */
};

/* Loop points into the sound, at least one frame apart; senseless ones (end not after
 * start, outside) become the whole sound. */
void plan_clean(struct plan *p);

/* The program that starts at frame `at`. In seam audition `at` is ignored. When the loop
 * is on and `at` lies at or beyond its end, it is folded into the loop. */
struct program plan_program(const struct plan *p, int64_t at);

#endif
